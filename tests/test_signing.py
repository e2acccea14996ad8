"""Signatures hold for the bytes that were signed and for nothing else."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope as OtherEnvelope
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]

from pbxretain import keys, signing
from pbxretain.errors import EvidenceError, TrustError

SEED = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = SEED.public_key()
TRUST = {signing.key_id(PUBLIC): PUBLIC}
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def test_key_id_is_the_published_one_and_openssls(tmp_path: Path) -> None:
    keyid = signing.key_id(PUBLIC)
    assert keyid == "a050837d85070582ccf7394b0988847cc312cb88259b894899f6f239cf1791a5"
    (tmp_path / "k").write_bytes(keys.public_pem(PUBLIC))
    command = "openssl pkey -pubin -outform DER < k | openssl dgst -sha256 -r"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout.split()[0].decode() == keyid
    assert signing.fingerprint(keyid) == "a050 837d 8507 0582 ccf7 394b 0988 847c"


def test_pae_is_dsses_own_example() -> None:
    assert (
        signing.pae("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert signing.pae("é", b"") == b"DSSEv1 2 \xc3\xa9 0 "


def test_what_is_sealed_opens_and_verifies() -> None:
    statement = {"b": [1, None, True, "ä"], "a": {"z": -1, "y": ""}}
    sealed = signing.seal(statement, SEED)
    assert sealed.endswith(b"\n")
    assert sealed.count(b"\n") == 1
    envelope = signing.open_envelope(sealed)
    assert signing.verify_envelope(envelope, TRUST) == signing.key_id(PUBLIC)
    assert signing.parse_canonical(envelope.payload) == statement
    assert envelope.digest == signing.statement_digest(statement)


def test_a_second_independent_verifier_agrees() -> None:
    sealed = signing.seal({"a": "ü"}, SEED)
    other = OtherEnvelope.from_dict(json.loads(sealed))
    raw = PUBLIC.public_bytes_raw().hex()
    key = SSlibKey(signing.key_id(PUBLIC), "ed25519", "ed25519", {"public": raw})
    assert list(other.verify([key], 1)) == [signing.key_id(PUBLIC)]


def test_an_envelope_of_a_second_implementation_is_read() -> None:
    payload = signing.canonical({"a": 1})
    other = OtherEnvelope(payload, signing.PAYLOAD_TYPE, {})
    data = other.to_dict()
    data["signatures"] = [
        {"keyid": "", "sig": base64.b64encode(SEED.sign(other.pae())).decode()},
    ]
    envelope = signing.open_envelope(json.dumps(data).encode())
    assert signing.verify_envelope(envelope, TRUST) == signing.key_id(PUBLIC)


def test_both_base64_alphabets_are_read_but_not_a_mixture() -> None:
    outer = json.loads(signing.seal({"a": "\u00ff\u00fe?>~~~ÿÿ"}, SEED))
    for field in ("payload", "sig"):
        holder = outer if field == "payload" else outer["signatures"][0]
        holder[field] = holder[field].replace("+", "-").replace("/", "_")
    envelope = signing.open_envelope(json.dumps(outer).encode())
    assert signing.verify_envelope(envelope, TRUST)
    mixed = outer | {"payload": "ab-/"}
    with pytest.raises(EvidenceError):
        signing.open_envelope(json.dumps(mixed).encode())


def test_a_stranger_is_untrusted_and_a_liar_is_forged() -> None:
    envelope = signing.open_envelope(signing.seal({"a": 1}, STRANGER))
    with pytest.raises(TrustError):
        signing.verify_envelope(envelope, TRUST)
    lie = signing.Envelope(
        envelope.payload, (signing.Signature(signing.key_id(PUBLIC), envelope.signatures[0].sig),)
    )
    with pytest.raises(EvidenceError) as caught:
        signing.verify_envelope(lie, TRUST)
    assert caught.value.code == "BAD_SIGNATURE"
    assert not isinstance(caught.value, TrustError)


def test_another_payload_type_is_no_statement() -> None:
    outer = json.loads(signing.seal({"a": 1}, SEED))
    for kind in ("application/json", "application/vnd.in-toto+JSON", None, 1):
        with pytest.raises(EvidenceError):
            signing.open_envelope(json.dumps(outer | {"payloadType": kind}).encode())


GOOD = signing.seal({"a": 1, "b": "text"}, SEED)


@given(st.integers(0, len(GOOD) - 2), st.integers(1, 255))
def test_no_changed_byte_of_an_envelope_passes_unless_it_means_the_same(at: int, flip: int) -> None:
    data = bytearray(GOOD)
    data[at] ^= flip
    try:
        envelope = signing.open_envelope(bytes(data))
        signing.verify_envelope(envelope, TRUST)
    except EvidenceError:
        return
    assert envelope.payload == signing.open_envelope(GOOD).payload


@given(st.binary(max_size=200))
def test_rubbish_raises_nothing_but_evidence_errors(data: bytes) -> None:
    for read in (signing.open_envelope, signing.parse_canonical):
        try:
            read(data)
        except EvidenceError:
            continue


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), json_values))
def test_an_envelope_of_any_shape_raises_nothing_but_evidence_errors(value: Any) -> None:
    frame = {"payloadType": signing.PAYLOAD_TYPE, "payload": "e30=", "signatures": [{"sig": ""}]}
    for outer in (value, frame | value, frame | {"signatures": [value]}):
        try:
            signing.verify_envelope(signing.open_envelope(json.dumps(outer).encode()), TRUST)
        except EvidenceError:
            continue


whole_values = st.recursive(
    st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="ascii")), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(st.characters(codec="ascii")), whole_values))
def test_the_canonical_form_is_rfc8785s_and_read_back_as_it_was(value: dict[str, Any]) -> None:
    data = signing.canonical(value)
    assert data == rfc8785.dumps(value)
    assert signing.parse_canonical(data) == value


@given(st.dictionaries(st.text(), json_values))
def test_what_is_read_as_canonical_is_rfc8785s_form(value: dict[str, Any]) -> None:
    data = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    try:
        read = signing.parse_canonical(data.encode("utf-8", "surrogatepass"))
    except EvidenceError:
        return
    assert rfc8785.dumps(read) == data.encode()


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"a":NaN}',
        '{"a":Infinity}',
        '{"a":1.0}',
        '{"a":1e3}',
        '{"a":9007199254740992}',
        '{"a":-9007199254740992}',
        '{"a":' + "9" * 5000 + "}",
        '{"a":-0}',
        '{"a":1} ',
        '{"a":1}\n',
        '{"a":1}{}',
        '{"a": 1}',
        '{"a":1}\r\n',
        '{"b":1,"a":1}',
        '{"a":"\\ud800"}',
        '{"ä":1}',
        '{"a":"\\u0041"}',
        "[1]",
        '"a"',
        "",
        '{"a":' * 5000,
        '{"a":' * 5000 + "1" + "}" * 5000,
    ],
)
def test_every_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(EvidenceError):
        signing.parse_canonical(text.encode())
    with pytest.raises(EvidenceError):
        signing.parse_canonical(b"\xef\xbb\xbf" + text.encode())


def test_the_largest_integer_passes() -> None:
    data = b'{"a":9007199254740991}'
    assert signing.canonical(signing.parse_canonical(data)) == data


@pytest.mark.parametrize("value", [1.0, {"a": [0.5]}, {"a": 2**53}, {"a": b"x"}, {1: 2}])
def test_what_is_not_in_the_profile_is_never_signed(value: Any) -> None:
    with pytest.raises(EvidenceError):
        signing.seal({"v": value}, SEED)


def test_an_oversized_file_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(EvidenceError):
        signing.open_envelope(b" " * (signing.MAX_ENVELOPE + 1))


def test_no_secret_shows_in_repr() -> None:
    envelope = signing.open_envelope(GOOD)
    assert "text" not in repr(envelope)
    assert os.fsencode(repr(SEED)).find(SEED.private_bytes_raw()) < 0
