"""A sealed run key opens for its recipient, in its place, and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from pbxretain.errors import DocumentError, EvidenceError, RefusedError, UnavailableError
from pbxretain.evidence import sealing
from pbxretain.evidence.commitments import RunKey

PLACE = {"installation": "i", "source": "s", "run": "r"}


def _key(run_key: RunKey) -> bytes:
    return run_key.tree_key(source="s", dataset="d")


def test_a_run_key_opens_for_each_recipient_with_his_own_key() -> None:
    privates = [X25519PrivateKey.generate() for _ in range(2)]
    recipients = [sealing.recipient(private.public_key()) for private in privates]
    run_key, info = RunKey(), sealing.context(**PLACE)
    sealed = sealing.seal_key(run_key, recipients, info=info)
    assert {len(each) for each in sealed.values()} == {sealing.SEALED_SIZE}
    for private, who in zip(privates, recipients, strict=True):
        assert _key(sealing.open_key(sealed[who.id], private, info=info)) == _key(run_key)
    with pytest.raises(EvidenceError):
        sealing.open_key(sealed[recipients[0].id], privates[1], info=info)


@pytest.mark.parametrize("name", PLACE)
def test_a_sealed_key_does_not_open_in_another_place(name: str) -> None:
    private = X25519PrivateKey.generate()
    who = sealing.recipient(private.public_key())
    sealed = sealing.seal_key(RunKey(), [who], info=sealing.context(**PLACE))[who.id]
    with pytest.raises(EvidenceError):
        sealing.open_key(sealed, private, info=sealing.context(**(PLACE | {name: "x"})))


def test_a_sealed_key_that_was_changed_or_cut_is_told_without_a_traceback() -> None:
    private = X25519PrivateKey.generate()
    who = sealing.recipient(private.public_key())
    info = sealing.context(**PLACE)
    sealed = sealing.seal_key(RunKey(), [who], info=info)[who.id]
    bad = [sealed[:n] for n in range(0, 80, 9)] + [sealed + b"x", bytes(80), b"\xff" * 80]
    bad += [sealed[:n] + bytes([sealed[n] ^ 1]) + sealed[n + 1 :] for n in range(0, 80, 7)]
    for each in bad:
        with pytest.raises(EvidenceError) as error:
            sealing.open_key(each, private, info=info)
        assert error.value.code == "ESCROW_OPEN"


def test_a_forgotten_run_key_is_sealed_to_nobody() -> None:
    run_key = RunKey()
    run_key.forget()
    who = sealing.recipient(X25519PrivateKey.generate().public_key())
    with pytest.raises(EvidenceError):
        sealing.seal_key(run_key, [who], info=b"")


def test_only_x25519_public_keys_are_recipients(tmp_path: Path) -> None:
    private = X25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    good = tmp_path / "escrow-2026.pub.pem"
    good.write_bytes(public)
    twice = tmp_path / "escrow-again.pub.pem"
    twice.write_bytes(public)
    assert [who.key for who in sealing.load_recipients([good, twice])] == [private.public_key()]
    signing = Ed25519PrivateKey.generate().public_key()
    wrong = (
        signing.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        b"",
        b"no key",
    )
    for data in wrong:
        good.write_bytes(data)
        with pytest.raises(DocumentError) as error:
            sealing.load_recipients([good])
        assert error.value.code == "ESCROW_KIND"
    with pytest.raises(UnavailableError):
        sealing.load_recipients([tmp_path / "missing"])


def test_an_escrow_key_that_others_may_read_or_that_signs_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "escrow.pem"
    private = X25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem)
    path.chmod(0o644)
    codes = [_refused(path)]
    path.unlink()
    codes.append(_refused(path))
    os.mkfifo(path, 0o600)
    codes.append(_refused(path))
    path.unlink()
    signing = Ed25519PrivateKey.generate()
    for data in (
        b"no key",
        signing.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ):
        path.write_bytes(data)
        path.chmod(0o600)
        codes.append(_refused(path))
    assert codes == ["KEY_EXPOSED", "KEY_MISSING", "KEY_KIND", "ESCROW_KIND", "ESCROW_KIND"]
    path.write_bytes(pem)
    assert sealing.load_escrow(path).public_key() == private.public_key()


def _refused(path: Path) -> str:
    with pytest.raises(RefusedError) as error:
        sealing.load_escrow(path)
    return error.value.code
