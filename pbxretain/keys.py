"""Where do keys lie, and who may read them?

The unattended runner key lies in plain PKCS#8 (0400), or in a container like people's keys
(``keyring``). Public keys are PEM. Whatever stands in a hostile file, what leaves this module is
one sentence, and nothing of a private key or passphrase is in it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from pbxretain import keyring, posix
from pbxretain.errors import DocumentError, RefusedError, UnavailableError
from pbxretain.keyring import LARGEST, AnyPrivate, open_bytes, write_private
from pbxretain.secret import Secret
from pbxretain.signing import PrivateKey, PublicKey, key_id

AnyPublic = Ed25519PublicKey | X25519PublicKey

_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)


def private_pem(key: AnyPrivate) -> bytes:
    """The private key as plain PKCS#8: whoever reads it can use it."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


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
        keyring.write_container(path, {"runner": key}, passphrase, created=made)


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
        return os.read(fd, LARGEST)
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
        return open_bytes(data, passphrase).signer("runner")
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
            return file.read(LARGEST)
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
