"""Where do keys lie, and who may read them?

Two kinds of private key: the unattended runner key in plain PKCS#8 (0400), and people's keys in a
container that one passphrase opens (``pbxretain-key/v1``). Public keys are PEM. Ed25519 signs,
X25519 seals, never one key for both. Whatever stands in a hostile file, what leaves this module
is one sentence, and nothing of a private key or passphrase is in it.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import stat
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from pbxretain import posix
from pbxretain.errors import DocumentError, EvidenceError, RefusedError, UnavailableError
from pbxretain.evidence.attestations import ROLES, Role
from pbxretain.signing import PrivateKey, PublicKey, canonical, key_id, parse_canonical

if TYPE_CHECKING:
    from pbxretain.settings import Secret

AnyPrivate = Ed25519PrivateKey | X25519PrivateKey
AnyPublic = Ed25519PublicKey | X25519PublicKey

FORMAT = "pbxretain-key/v1"
SHORTEST_PASSPHRASE = 12
_MAX_KEY_FILE = 64 * 1024
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
_KEY_ID = re.compile(r"[0-9a-f]{64}")
_RAW = 32
"""Bytes of a raw private key of either algorithm."""


# --- people's keys ------------------------------------------------------------------------------


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
    return _opened(_read(path), passphrase)


def _opened(data: bytes, passphrase: Secret) -> Keyring:
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


def private_pem(key: AnyPrivate) -> bytes:
    """The private key as plain PKCS#8: whoever reads it can use it."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


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
            data = os.read(fd, _MAX_KEY_FILE + 1)
        finally:
            os.close(fd)
    except (OSError, ValueError):
        raise RefusedError("The key file is missing or unreadable.", code="KEY_MISSING") from None
    if not data or len(data) > _MAX_KEY_FILE:
        _no_key()
    return data


# --- the runner key and public keys -------------------------------------------------------------


def new_key(path: Path) -> PrivateKey:
    """Makes a runner key: PKCS#8 PEM at ``path`` (0400) and the public half at ``path`` + .pub.

    Refuses (RefusedError) to overwrite, and a folder that others than its owner may write to.
    """
    key = Ed25519PrivateKey.generate()
    store_key(path, key)
    write_public(path, key.public_key())
    return key


def store_key(
    path: Path,
    key: PrivateKey,
    passphrase: Secret | None = None,
    *,
    created: datetime | None = None,
) -> None:
    """Writes a runner key: PKCS#8 PEM, or with a passphrase a container; errors as ``new_key``."""
    _check_key_folder(path)
    if passphrase is None:
        write_private(path, private_pem(key))
    else:
        made = created or datetime.now(UTC)
        write_container(path, {"runner": key}, passphrase, created=made)


def write_public(path: Path, public: PublicKey) -> Path:
    """Writes the public half beside a private key (``path`` + .pub); repeatable."""
    beside = path.with_name(path.name + ".pub")
    try:
        posix.write_synced(beside, public_pem(public), 0o644)
    except OSError:
        raise UnavailableError("The key could not be written.", code="KEY_WRITE") from None
    return beside


def remember_public(path: Path, public: PublicKey) -> None:
    """Puts a public key first in a PEM file that keeps those before it; nothing where it is."""
    try:
        before = path.read_bytes() if path.exists() else b""
        if key_id(public) not in (public_keys(before) if before else {}):
            posix.write_synced(path, public_pem(public) + before, 0o644)
    except OSError:
        raise UnavailableError("The key could not be written.", code="KEY_WRITE") from None


def _check_key_folder(path: Path) -> None:
    try:
        status = path.parent.stat()
    except OSError:
        raise RefusedError(
            "The folder for the key does not exist.", hint=f"mkdir -m 700 {path.parent}"
        ) from None
    if not stat.S_ISDIR(status.st_mode):
        raise RefusedError("The folder for the key is not a folder.", code="KEY_FOLDER")
    if os.name == "posix" and (status.st_mode & 0o022 or status.st_uid not in _own_ids()):
        raise RefusedError(
            "Others may write to the folder for the key.",
            hint=f"chmod go-w {path.parent}",
            code="KEY_FOLDER",
        )


def _own_ids() -> tuple[int, ...]:
    return (0, os.geteuid())


def load_key(path: Path, passphrase: Secret | None = None) -> PrivateKey:
    """Reads a runner key; RefusedError when it is missing, exposed to others, or not Ed25519.

    PKCS#8 in PEM, or a container with a key of the role *runner*: that needs its passphrase."""
    return parse_key(read_private(path, what="signing key"), passphrase)


def read_private(path: Path, *, what: str) -> bytes:
    """The bytes of a private key's file; RefusedError when it is missing, no regular file, or
    exposed to others."""
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError):
        raise RefusedError(f"The {what} is missing or unreadable.", code="KEY_MISSING") from None
    try:
        _check_key_file(os.fstat(fd), path, what=what)
        return os.read(fd, _MAX_KEY_FILE)
    finally:
        os.close(fd)


def parse_key(data: bytes, passphrase: Secret | None = None) -> PrivateKey:
    """A runner key out of the content of its file; errors as in ``load_key``."""
    if data.startswith(b"{"):
        if passphrase is None:
            raise RefusedError(
                "The signing key needs its passphrase.",
                hint="signing_key: {passphrase: ...} in settings",
                code="PASSPHRASE_MISSING",
            )
        return _opened(data, passphrase).signer("runner")
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise RefusedError("The signing key can't be read as a key.", code="KEY_KIND") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise RefusedError("The signing key is not an Ed25519 key.", code="KEY_KIND")
    return key


def _check_key_file(status: os.stat_result, path: Path, *, what: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise RefusedError(f"The {what} is not a regular file.", code="KEY_KIND")
    if os.name != "posix":
        return
    if status.st_mode & 0o077:
        raise RefusedError(
            f"Others than its owner may read or write the {what}.",
            hint=f"chmod 400 {path}",
            code="KEY_EXPOSED",
        )
    if status.st_uid not in _own_ids():
        raise RefusedError(f"The {what} belongs to somebody else.", code="KEY_EXPOSED")


def public_pem(public: AnyPublic) -> bytes:
    """The public key as SubjectPublicKeyInfo in PEM."""
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def load_public(path: Path) -> dict[str, PublicKey]:
    """All public keys of one PEM file, by key id.

    Raises UnavailableError when it can't be read, DocumentError when anything in it is not an
    Ed25519 public key: a private key handed out by mistake is refused, not used.
    """
    return public_keys(_read_public(path))


def load_any_public(path: Path) -> AnyPublic:
    """The one public key of a PEM file, be it for signing or for sealing; errors as in
    ``load_public``."""
    blocks = list(_PEM.finditer(_read_public(path)))
    if len(blocks) != 1 or blocks[0][1] != b"PUBLIC KEY":
        raise DocumentError("The file is not one public key in PEM form.", code="KEY_KIND")
    key = _parse_public(blocks[0][0])
    if not isinstance(key, Ed25519PublicKey | X25519PublicKey):
        raise DocumentError("A public key is of a kind that isn't used here.", code="KEY_KIND")
    return key


def _read_public(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_KEY_FILE)
    except (OSError, ValueError):
        raise UnavailableError("A key file can't be read.", code="KEY_MISSING") from None


def public_keys(data: bytes) -> dict[str, PublicKey]:
    """The public keys of a PEM text, by key id; DocumentError as in ``load_public``."""
    blocks = list(_PEM.finditer(data))
    if not blocks or any(block[1] != b"PUBLIC KEY" for block in blocks):
        raise DocumentError("A key file holds no public key in PEM form.", code="KEY_KIND")
    keys = [_public_key(block[0]) for block in blocks]
    return {key_id(key): key for key in keys}


def _parse_public(pem: bytes) -> object:
    try:
        return serialization.load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise DocumentError("A key file can't be read as a public key.", code="KEY_KIND") from None


def _public_key(pem: bytes) -> PublicKey:
    key = _parse_public(pem)
    if not isinstance(key, Ed25519PublicKey):
        raise DocumentError("A public key is not an Ed25519 key.", code="KEY_KIND")
    return key


def merge_keys(files: Iterable[Path]) -> dict[str, PublicKey]:
    """All public keys of several PEM files, by key id; errors as in ``load_public``."""
    return {keyid: key for path in files for keyid, key in load_public(path).items()}
