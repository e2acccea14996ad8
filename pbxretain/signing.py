"""Who says so, and are these the bytes that were said?

Canonical JSON and DSSE envelopes around in-toto statements; keys on disk are in ``keys``. The
algorithm belongs to the key, never to the envelope: a key that isn't Ed25519 signs nothing.
Whatever stands in a hostile envelope, the only errors that leave this module while reading it are
EvidenceError and its kin.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from pbxretain.errors import EvidenceError, TrustError

PrivateKey = Ed25519PrivateKey
PublicKey = Ed25519PublicKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
MAX_ENVELOPE = 8 * 1024 * 1024
MAX_SIGNATURES = 16
_FIELDS = ("payload", "payloadType", "signatures")
_KEY_HINT = re.compile(r"[A-Za-z0-9._-]*")
_MAX_INTEGER = 2**53 - 1


# --- what a key is called ------------------------------------------------------------------


def spki(public: PublicKey | X25519PublicKey) -> bytes:
    """The DER SubjectPublicKeyInfo of a key."""
    return public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def key_id(public: PublicKey | X25519PublicKey) -> str:
    """SHA-256 over the DER SubjectPublicKeyInfo, 64 hex digits; ``openssl`` computes the same."""
    return hashlib.sha256(spki(public)).hexdigest()


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


def seal(statement: Mapping[str, Any], key: PrivateKey, *others: PrivateKey) -> bytes:
    """Signs a statement: canonical payload, DSSE envelope on one line, ending with a newline.

    Each key signs once, in the order given."""
    payload = canonical(statement)
    return _enclose(payload, [_sign(payload, each) for each in (key, *others)])


def countersign(envelope: Envelope, key: PrivateKey) -> bytes:
    """The same envelope with one signature more, last; one that only claims to be by this key
    makes room for it."""
    own = _sign(envelope.payload, key)
    others = [each for each in envelope.signatures if each.keyid != own.keyid]
    return _enclose(envelope.payload, [*others, own])


def _sign(payload: bytes, key: PrivateKey) -> Signature:
    return Signature(key_id(key.public_key()), key.sign(pae(PAYLOAD_TYPE, payload)))


def _enclose(payload: bytes, signatures: Sequence[Signature]) -> bytes:
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [
            {"keyid": each.keyid, "sig": base64.b64encode(each.sig).decode()} for each in signatures
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
