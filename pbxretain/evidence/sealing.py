"""Who can open a run's evidence later, and how does the run key reach them and nobody else?

The run key is sealed by HPKE (RFC 9180, base mode, DHKEM(X25519, HKDF-SHA256) / HKDF-SHA256 /
ChaCha20-Poly1305) to X25519 keys that are kept off the machine. The context names installation,
source and run, so that a sealed key opens only where it belongs. X25519 keys seal, Ed25519 keys
sign, never one for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from pbxretain import keys
from pbxretain.errors import DocumentError, EvidenceError, RefusedError
from pbxretain.evidence.commitments import RunKey
from pbxretain.records import pack
from pbxretain.signing import key_id

SEALED_SIZE = 80
"""Bytes of a sealed run key: 32 of the encapsulated key, 32 of the run key, 16 of the tag."""

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody to whom run keys are sealed; ``id`` is the SHA-256 of the key's SPKI, hex."""

    id: str
    key: X25519PublicKey

    def __repr__(self) -> str:
        return f"<recipient {self.id[:8]}>"


def recipient(key: X25519PublicKey) -> Recipient:
    """The recipient who holds the private half of ``key``."""
    return Recipient(key_id(key), key)


def load_recipients(files: Iterable[Path]) -> tuple[Recipient, ...]:
    """The recipients of several PEM files, one key each, by id and each once.

    UnavailableError when a file can't be read, DocumentError when it holds anything but an X25519
    public key.
    """
    found = {who.id: who for who in map(_recipient, files)}
    return tuple(found[keyid] for keyid in sorted(found))


def _recipient(path: Path) -> Recipient:
    try:
        key: object = keys.load_any_public(path)
    except DocumentError:
        key = None
    if not isinstance(key, X25519PublicKey):
        raise DocumentError(
            f"{path} holds no X25519 public key in PEM form",
            hint="escrow keys seal evidence; a key that signs is none",
            code="ESCROW_KIND",
        )
    return recipient(key)


def load_escrow(path: Path) -> X25519PrivateKey:
    """Reads the private key of a recipient (PKCS#8 PEM without passphrase).

    RefusedError when it is missing, exposed to others, or not an X25519 key.
    """
    data = keys.read_private(path, what="escrow key")
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, X25519PrivateKey):
        raise RefusedError(
            "the escrow key is not an X25519 private key", hint=str(path), code="ESCROW_KIND"
        )
    return key


def context(*, installation: str, source: str, run: str) -> bytes:
    """HPKE's info: where a sealed run key belongs."""
    return pack(b"pbxretain/runkey/2", installation.encode(), source.encode(), run.encode())


def seal_key(key: RunKey, recipients: Iterable[Recipient], *, info: bytes) -> Mapping[str, bytes]:
    """The run key sealed to each recipient, by the recipient's id."""

    def to(who: Recipient) -> bytes:
        return key.sealed(lambda plain: _SUITE.encrypt(plain, who.key, info))

    return {who.id: to(who) for who in recipients}


def open_key(sealed: bytes, private: X25519PrivateKey, *, info: bytes) -> RunKey:
    """Opens a sealed run key; EvidenceError when it was sealed to another key, belongs to another
    run, or was changed."""
    try:
        return RunKey(_SUITE.decrypt(sealed, private, info))
    except (InvalidTag, ValueError, TypeError):
        raise EvidenceError(
            "The sealed run key doesn't open with this escrow key.", code="ESCROW_OPEN"
        ) from None
