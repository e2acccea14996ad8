"""How do people's private keys lie in one file, so that one passphrase opens them?

The container ``pbxretain-key/v1`` holds them encrypted, one for each role: Ed25519 signs, X25519
seals, never one key for both. Whatever stands in a hostile file, what leaves this module is one
sentence, and nothing of a private key or passphrase is in it.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NoReturn

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from pbxretain import posix
from pbxretain.errors import EvidenceError, RefusedError, UnavailableError
from pbxretain.evidence.attestations import ROLES, Role
from pbxretain.secret import Secret
from pbxretain.signing import PrivateKey, canonical, key_id, parse_canonical

AnyPrivate = Ed25519PrivateKey | X25519PrivateKey


FORMAT = "pbxretain-key/v1"


SHORTEST_PASSPHRASE = 12


LARGEST = 64 * 1024


_KEY_ID = re.compile(r"[0-9a-f]{64}")


_RAW = 32
"""Bytes of a raw private key of either algorithm."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What it costs to try one passphrase: Argon2id's memory (KiB), passes and lanes."""

    memory: int = 64 * 1024
    passes: int = 3
    lanes: int = 4

    def bearable(self) -> bool:
        """Whether a file may ask this of us: no hostile one eats the memory or the hour."""
        return (
            8 * 1024 <= self.memory <= 256 * 1024
            and 1 <= self.passes <= 10
            and 1 <= self.lanes <= 16
        )


DEFAULT_COST = Cost()


@dataclass(frozen=True, slots=True)
class Listed:
    """One key as the open part of a container names it."""

    role: Role
    algorithm: Literal["ed25519", "x25519"]
    id: str


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """The private keys of an opened container."""

    created: str
    _keys: Mapping[Role, AnyPrivate]

    @property
    def roles(self) -> tuple[Role, ...]:
        return tuple(self._keys)

    def key(self, role: Role) -> AnyPrivate:
        """The private key of a role; RefusedError when the container has none."""
        if role not in self._keys:
            raise RefusedError(
                f"The key file holds no key for the role {role}.",
                hint=f"it holds: {', '.join(self.roles)}",
                code="ROLE_MISSING",
                params={"roles": ", ".join(self.roles)},
            )
        return self._keys[role]

    def signer(self, role: Role) -> PrivateKey:
        """The Ed25519 key of a role; RefusedError when there is none."""
        key = self.key(role)
        if not isinstance(key, Ed25519PrivateKey):
            _no_key()
        return key

    def opener(self) -> X25519PrivateKey:
        """The escrow key, which opens what runs have sealed; RefusedError when there is none."""
        key = self.key("escrow")
        if not isinstance(key, X25519PrivateKey):
            _no_key()
        return key

    def __repr__(self) -> str:
        return f"<keyring {', '.join(self.roles)}>"


def generate(role: Role) -> AnyPrivate:
    """A fresh key of the algorithm that belongs to the role."""
    return X25519PrivateKey.generate() if role == "escrow" else Ed25519PrivateKey.generate()


def write_container(
    path: Path,
    keys: Mapping[Role, AnyPrivate],
    passphrase: Secret,
    *,
    created: datetime,
    cost: Cost = DEFAULT_COST,
) -> None:
    """Writes private keys, encrypted under one passphrase: a synced file, 0400.

    Never overwrites (RefusedError KEY_EXISTS); RefusedError PASSPHRASE_SHORT for less than 12
    characters. Roles, key ids, time and cost stand open in the file and can't be changed unseen.
    """
    if len(passphrase.reveal()) < SHORTEST_PASSPHRASE:
        raise RefusedError(
            f"A passphrase needs at least {SHORTEST_PASSPHRASE} characters.",
            code="PASSPHRASE_SHORT",
            params={"n": SHORTEST_PASSPHRASE},
        )
    if not keys or any(_algorithm(key) != _wanted(role) for role, key in keys.items()):
        raise RefusedError("A key is not of the kind that its role needs.", code="KEY_KIND")
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    listed = [Listed(role, _wanted(role), key_id(key.public_key())) for role, key in keys.items()]
    outer: dict[str, Any] = {
        "format": FORMAT,
        "created": created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "kdf": {"name": "argon2id", "salt": _encoded(salt), **asdict(cost)},
        "cipher": {"name": "chacha20-poly1305", "nonce": _encoded(nonce)},
        "keys": [asdict(each) for each in listed],
    }
    plain = b"".join(key.private_bytes_raw() for key in keys.values())
    cipher = _cipher(passphrase, salt, cost)
    outer["ciphertext"] = _encoded(cipher.encrypt(nonce, plain, canonical(outer)))
    write_private(path, canonical(outer) + b"\n")


def open_container(path: Path, passphrase: Secret) -> Keyring:
    """The keys of a container.

    RefusedError: PASSPHRASE when the passphrase is wrong or anything in the file was changed,
    KEY_KIND when it is no container of this version, KEY_MISSING when it can't be read.
    """
    return open_bytes(_read(path), passphrase)


def open_bytes(data: bytes, passphrase: Secret) -> Keyring:
    """The keys of a container out of its bytes; errors as in ``open_container``."""
    outer, listed, cost = _container(data)
    try:
        salt, nonce = _decoded(outer["kdf"]["salt"], 16), _decoded(outer["cipher"]["nonce"], 12)
        sealed = _decoded(outer.pop("ciphertext"), _RAW * len(listed) + 16)
        plain = _cipher(passphrase, salt, cost).decrypt(nonce, sealed, canonical(outer))
    except InvalidTag:
        raise RefusedError(
            "The passphrase is wrong, or the key file was changed.", code="PASSPHRASE"
        ) from None
    keys: dict[Role, AnyPrivate] = {}
    for number, each in enumerate(listed):
        raw = plain[number * _RAW : (number + 1) * _RAW]
        kind = X25519PrivateKey if each.algorithm == "x25519" else Ed25519PrivateKey
        keys[each.role] = kind.from_private_bytes(raw)
        if key_id(keys[each.role].public_key()) != each.id:
            _no_key()
    return Keyring(outer["created"], keys)


def listed(path: Path) -> tuple[Listed, ...]:
    """What a container says it holds. Nobody vouches for that before it is opened."""
    return _container(_read(path))[1]


def is_container(path: Path) -> bool:
    """Whether a file looks like a container, as opposed to PEM; RefusedError when unreadable."""
    return _read(path).lstrip().startswith(b"{")


def _container(data: bytes) -> tuple[dict[str, Any], tuple[Listed, ...], Cost]:
    """The open part of a container, strictly: nothing is missing, more, or of another type."""
    try:
        outer = parse_canonical(data.removesuffix(b"\n"))
        kdf, cipher, entries = outer["kdf"], outer["cipher"], outer["keys"]
        cost = Cost(kdf["memory"], kdf["passes"], kdf["lanes"])
        listed = tuple(Listed(**entry) for entry in entries)
        sound = (
            outer.keys() == {"format", "created", "kdf", "cipher", "keys", "ciphertext"}
            and outer["format"] == FORMAT
            and isinstance(outer["created"], str)
            and kdf.keys() == {"name", "salt", "memory", "passes", "lanes"}
            and kdf["name"] == "argon2id"
            and cipher.keys() == {"name", "nonce"}
            and cipher["name"] == "chacha20-poly1305"
            and all(type(number) is int for number in asdict(cost).values())
            and cost.bearable()
            and all(e.role in ROLES and e.algorithm == _wanted(e.role) for e in listed)
            and all(_KEY_ID.fullmatch(each.id) for each in listed)
            and 0 < len({each.role for each in listed}) == len(listed)
        )
    except (EvidenceError, KeyError, TypeError, AttributeError):
        sound = False
    if not sound:
        _no_key()
    return outer, listed, cost


def _cipher(passphrase: Secret, salt: bytes, cost: Cost) -> ChaCha20Poly1305:
    # The same characters may be typed as other bytes on another system.
    typed = unicodedata.normalize("NFC", passphrase.reveal()).encode("utf-8", "surrogatepass")
    derive = Argon2id(
        salt=salt, length=32, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory
    )
    return ChaCha20Poly1305(derive.derive(typed))


def _wanted(role: Role) -> Literal["ed25519", "x25519"]:
    return "x25519" if role == "escrow" else "ed25519"


def _algorithm(key: AnyPrivate) -> Literal["ed25519", "x25519"]:
    return "x25519" if isinstance(key, X25519PrivateKey) else "ed25519"


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(text: object, length: int) -> bytes:
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except ValueError:
        data = b""
    if len(data) != length or _encoded(data) != text:
        _no_key()
    return data


def _no_key() -> NoReturn:
    raise RefusedError(
        "The file holds no keys that this version can use.", code="KEY_KIND"
    ) from None


def import_key(path: Path, passphrase: Secret | None = None) -> AnyPrivate:
    """A private key out of a PKCS#8 PEM file, such as OpenSSL makes, encrypted or not.

    RefusedError: PASSPHRASE when it is wrong, PASSPHRASE_MISSING and NOT_ENCRYPTED when one is
    wanted or is too many, KEY_KIND for any but Ed25519 and X25519.
    """
    password = passphrase.reveal().encode() if passphrase else None
    try:
        key = serialization.load_pem_private_key(_read(path), password)
    except TypeError:  # encrypted without a passphrase, or the other way round
        if passphrase:
            raise RefusedError("The key file is not encrypted.", code="NOT_ENCRYPTED") from None
        raise RefusedError(
            "The key file needs its passphrase.", code="PASSPHRASE_MISSING"
        ) from None
    except ValueError:
        raise RefusedError(
            "The passphrase is wrong, or the file is no private key.",
            code="PASSPHRASE" if passphrase else "KEY_KIND",
        ) from None
    except UnsupportedAlgorithm:
        _no_key()
    if not isinstance(key, Ed25519PrivateKey | X25519PrivateKey):
        _no_key()
    return key


def write_private(path: Path, data: bytes) -> None:
    """Writes what only the owner may read (0400, synced); never over another file."""
    try:
        posix.write_synced(path, data, 0o400, replace=False)
    except FileExistsError:
        raise RefusedError(
            "There is a key already, and a key is never overwritten.", code="KEY_EXISTS"
        ) from None
    except OSError:
        raise UnavailableError("The key could not be written.", code="KEY_WRITE") from None


def _read(path: Path) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        try:
            data = os.read(fd, LARGEST + 1)
        finally:
            os.close(fd)
    except (OSError, ValueError):
        raise RefusedError("The key file is missing or unreadable.", code="KEY_MISSING") from None
    if not data or len(data) > LARGEST:
        _no_key()
    return data
