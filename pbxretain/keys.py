"""Where do keys lie, and who may read them?

Key files on disk: the unattended runner key in plain PKCS#8 (0400), public keys in PEM.
Whatever stands in a hostile file, what leaves this module is one sentence, and nothing of a
private key is in it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pbxretain import posix
from pbxretain.errors import DocumentError, RefusedError, UnavailableError
from pbxretain.signing import PrivateKey, PublicKey, key_id

_MAX_KEY_FILE = 64 * 1024
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)


def new_key(path: Path) -> PrivateKey:
    """Makes a runner key: PKCS#8 PEM at ``path`` (0400) and the public half at ``path`` + .pub.

    Refuses (RefusedError) to overwrite, and a folder that others than its owner may write to.
    """
    _check_key_folder(path)
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        posix.write_synced(path, pem, 0o400, replace=False)
        write_public(path, key.public_key())
    except FileExistsError:
        raise RefusedError(
            "There is a key already, and a key is never overwritten.", code="KEY_EXISTS"
        ) from None
    except OSError:
        raise UnavailableError("The key could not be written.", code="KEY_WRITE") from None
    return key


def write_public(path: Path, public: PublicKey) -> Path:
    """Writes the public half beside a private key (``path`` + .pub); repeatable."""
    beside = path.with_name(path.name + ".pub")
    posix.write_synced(beside, public_pem(public), 0o644)
    return beside


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


def load_key(path: Path) -> PrivateKey:
    """Reads a runner key; RefusedError when it is missing, exposed to others, or not Ed25519."""
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        raise RefusedError(
            "The signing key is missing or unreadable.", code="KEY_MISSING"
        ) from None
    try:
        _check_key_file(os.fstat(fd), path)
        data = os.read(fd, _MAX_KEY_FILE)
    finally:
        os.close(fd)
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise RefusedError("The signing key can't be read as a key.", code="KEY_KIND") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise RefusedError("The signing key is not an Ed25519 key.", code="KEY_KIND")
    return key


def _check_key_file(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise RefusedError("The signing key is not a regular file.", code="KEY_KIND")
    if os.name != "posix":
        return
    if status.st_mode & 0o077:
        raise RefusedError(
            "Others than its owner may read or write the signing key.",
            hint=f"chmod 400 {path}",
            code="KEY_EXPOSED",
        )
    if status.st_uid not in _own_ids():
        raise RefusedError("The signing key belongs to somebody else.", code="KEY_EXPOSED")


def public_pem(public: PublicKey) -> bytes:
    """The public key as SubjectPublicKeyInfo in PEM."""
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def load_public(path: Path) -> dict[str, PublicKey]:
    """All public keys of one PEM file, by key id.

    Raises UnavailableError when it can't be read, DocumentError when anything in it is not an
    Ed25519 public key: a private key handed out by mistake is refused, not used.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_KEY_FILE)
    except (OSError, ValueError):
        raise UnavailableError("A key file can't be read.", code="KEY_MISSING") from None
    return public_keys(data)


def public_keys(data: bytes) -> dict[str, PublicKey]:
    """The public keys of a PEM text, by key id; DocumentError as in ``load_public``."""
    blocks = list(_PEM.finditer(data))
    if not blocks or any(block[1] != b"PUBLIC KEY" for block in blocks):
        raise DocumentError("A key file holds no public key in PEM form.", code="KEY_KIND")
    keys = [_public_key(block[0]) for block in blocks]
    return {key_id(key): key for key in keys}


def _public_key(pem: bytes) -> PublicKey:
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise DocumentError("A key file can't be read as a public key.", code="KEY_KIND") from None
    if not isinstance(key, Ed25519PublicKey):
        raise DocumentError("A public key is not an Ed25519 key.", code="KEY_KIND")
    return key


def merge_keys(files: Iterable[Path]) -> dict[str, PublicKey]:
    """All public keys of several PEM files, by key id; errors as in ``load_public``."""
    return {keyid: key for path in files for keyid, key in load_public(path).items()}
