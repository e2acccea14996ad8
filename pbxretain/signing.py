"""Who says so, and are these the bytes that were said?

Ed25519 keys on disk and DSSE envelopes around in-toto statements. The algorithm belongs to the
key, never to the envelope: a key that isn't Ed25519 is no key. Whatever stands in a hostile
envelope, the only errors that leave this module while reading it are EvidenceError and its kin.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import rfc8785
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pbxretain import posix
from pbxretain.errors import (
    DocumentError,
    EvidenceError,
    RefusedError,
    TrustError,
    UnavailableError,
)

PrivateKey = Ed25519PrivateKey
PublicKey = Ed25519PublicKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
MAX_ENVELOPE = 8 * 1024 * 1024
MAX_SIGNATURES = 16
_FIELDS = ("payload", "payloadType", "signatures")
_KEY_HINT = re.compile(r"[A-Za-z0-9._-]*")
_MAX_KEY_FILE = 64 * 1024
_MAX_INTEGER = 2**53 - 1
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)


# --- keys ---------------------------------------------------------------------------------


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


def key_id(public: PublicKey) -> str:
    """SHA-256 over the DER SubjectPublicKeyInfo, 64 hex digits; ``openssl`` computes the same."""
    der = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(der).hexdigest()


def fingerprint(keyid: str) -> str:
    """The first 128 bits of a key id as 8 groups of 4, to be read out on the phone."""
    return " ".join(keyid[i : i + 4] for i in range(0, 32, 4))


# --- canonical JSON -----------------------------------------------------------------------


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes; EvidenceError for floats and anything else outside our profile."""
    _refuse_floats(value)
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, RecursionError, ValueError, TypeError):
        raise EvidenceError("A statement holds a value that can't be signed.") from None


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise EvidenceError("A statement holds a number that is not whole.")
    if isinstance(value, Mapping):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for item in value:
        _refuse_floats(item)


def parse_canonical(data: bytes) -> dict[str, Any]:
    """Parses one JSON object that must be its own RFC 8785 form, byte for byte.

    Refuses (EvidenceError) duplicate keys, keys beyond ASCII, NaN, floats, integers of 2^53 and
    more, lone surrogates, trailing bytes and every other spelling of the same content.
    """
    value = _parse(data, pairs=_unique_ascii)
    # With ASCII keys and whole numbers only, this is RFC 8785's form, and much faster made.
    try:
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        raise EvidenceError("The content is nested too deeply.", code="MALFORMED") from None
    if text.encode("utf-8", "surrogatepass") != data:
        raise EvidenceError("The content is not in canonical form.", code="NOT_CANONICAL")
    return value


Pairs = Sequence[tuple[str, Any]]


def _parse(data: bytes, *, pairs: Callable[[Pairs], dict[str, Any]]) -> dict[str, Any]:
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=pairs,
            parse_float=_no_number,
            parse_constant=_no_number,
            parse_int=_integer,
        )
    except (ValueError, RecursionError):
        raise EvidenceError("The content is not well-formed JSON.", code="MALFORMED") from None
    if not isinstance(value, dict):
        raise EvidenceError("The content is not a JSON object.", code="MALFORMED")
    return value


def _unique(pairs: Pairs) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("duplicate key")
    return result


def _unique_ascii(pairs: Pairs) -> dict[str, Any]:
    if not all(key.isascii() for key, _ in pairs):
        raise ValueError("key beyond ASCII")
    return _unique(pairs)


def _no_number(_: str) -> NoReturn:
    raise ValueError("not a whole number")


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > _MAX_INTEGER:
        raise ValueError("integer out of range")
    return int(text)


# --- DSSE ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature; ``keyid`` is a hint that nobody vouches for."""

    keyid: str
    sig: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Envelope:
    """An opened DSSE envelope; nothing in it is trusted yet."""

    payload: bytes
    signatures: tuple[Signature, ...]

    @property
    def digest(self) -> str:
        """The statement digest: SHA-256 of the PAE, hex. Further signatures don't change it."""
        return hashlib.sha256(pae(PAYLOAD_TYPE, self.payload)).hexdigest()

    def __repr__(self) -> str:
        return f"<envelope {self.digest[:8]}>"


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what is signed; lengths are bytes."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def statement_digest(statement: Mapping[str, Any]) -> str:
    """Identity of a statement before it is sealed: SHA-256 of its PAE, hex."""
    return hashlib.sha256(pae(PAYLOAD_TYPE, canonical(statement))).hexdigest()


def seal(statement: Mapping[str, Any], key: PrivateKey) -> bytes:
    """Signs a statement: canonical payload, DSSE envelope on one line, ending with a newline."""
    payload = canonical(statement)
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [
            {
                "keyid": key_id(key.public_key()),
                "sig": base64.b64encode(key.sign(pae(PAYLOAD_TYPE, payload))).decode(),
            }
        ],
    }
    return canonical(envelope) + b"\n"


def open_envelope(data: bytes) -> Envelope:
    """Reads an envelope strictly without trusting it; EvidenceError for anything malformed.

    Exactly the fields of DSSE in their order, no escapes, each key id once, either base64
    alphabet: what ``verify.sh`` can read with sed alone, so that both say the same of any file.
    Nothing that no signature covers has room. Several people may sign.
    """
    if len(data) > MAX_ENVELOPE:
        raise EvidenceError("The file is too large for a report.", code="MALFORMED")
    outer = _parse(data, pairs=_unique)
    if tuple(outer) != _FIELDS or b"\\" in data:
        raise EvidenceError("The file has other fields than an envelope.", code="MALFORMED")
    if outer["payloadType"] != PAYLOAD_TYPE:
        raise EvidenceError("The file holds no in-toto statement.", code="MALFORMED")
    signatures = outer["signatures"]
    if not isinstance(signatures, list) or not 1 <= len(signatures) <= MAX_SIGNATURES:
        raise EvidenceError("The file carries no signature.", code="MALFORMED")
    read = tuple(map(_signature, signatures))
    if len({signature.keyid for signature in read}) != len(read):
        raise EvidenceError("Two signatures in the file name the same key.", code="MALFORMED")
    return Envelope(_base64(outer["payload"]), read)


def _signature(value: object) -> Signature:
    if not isinstance(value, dict) or tuple(value) != ("keyid", "sig"):
        raise EvidenceError("A signature in the file is malformed.", code="MALFORMED")
    keyid = value["keyid"]
    if not isinstance(keyid, str) or not _KEY_HINT.fullmatch(keyid):
        raise EvidenceError("A signature in the file is malformed.", code="MALFORMED")
    return Signature(keyid, _base64(value["sig"]))


def _base64(value: object) -> bytes:
    if not isinstance(value, str) or not value.isascii():
        raise EvidenceError("A field of the file is not base64.", code="MALFORMED")
    if re.search(r"[-_]", value):
        value = re.sub(r"[+/]", "!", value).replace("-", "+").replace("_", "/")
    try:
        decoded = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if base64.b64encode(decoded).decode() != value:
        raise EvidenceError("A field of the file is not base64.", code="MALFORMED")
    return decoded


def signed_by(envelope: Envelope, keys: Mapping[str, PublicKey]) -> str | None:
    """The id of the first of these keys that signed the envelope, None when none did.

    The hint in the envelope only decides nothing: each key is tried on each signature.
    """
    message = pae(PAYLOAD_TYPE, envelope.payload)
    for signature in envelope.signatures:
        for keyid, key in keys.items():
            if _verifies(key, signature.sig, message):
                return keyid
    return None


def _verifies(key: PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def verify_envelope(envelope: Envelope, trusted: Mapping[str, PublicKey]) -> str:
    """The id of the trusted key that signed; nothing of the payload may be used before this.

    Raises EvidenceError when a signature names a trusted key and isn't its work, TrustError when
    every signature names a key that isn't trusted.
    """
    signer = signed_by(envelope, trusted)
    if signer is not None:
        return signer
    if any(signature.keyid in trusted for signature in envelope.signatures):
        raise EvidenceError("The signature is not genuine.", code="BAD_SIGNATURE")
    raise TrustError("The report is signed by a key that is not trusted here.")


def merge_keys(files: Iterable[Path]) -> dict[str, PublicKey]:
    """All public keys of several PEM files, by key id; errors as in ``load_public``."""
    return {keyid: key for path in files for keyid, key in load_public(path).items()}
