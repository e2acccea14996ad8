"""Keys lie where only their owner reads them, and no file talks its way into being one."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from pbxretain import keys, signing
from pbxretain.errors import DocumentError, RefusedError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def test_a_new_key_is_read_back_and_only_its_owner_may_read_it(folder: Path) -> None:
    made = keys.new_key(folder / "runner.pem")
    read = keys.load_key(folder / "runner.pem")
    assert made.private_bytes_raw() == read.private_bytes_raw()
    assert stat.S_IMODE((folder / "runner.pem").stat().st_mode) == 0o400
    keyid = signing.key_id(made.public_key())
    assert list(keys.load_public(folder / "runner.pem.pub")) == [keyid]


def test_a_key_is_never_overwritten(folder: Path) -> None:
    keys.new_key(folder / "k")
    before = (folder / "k").read_bytes(), (folder / "k.pub").read_bytes()
    with pytest.raises(RefusedError) as caught:
        keys.new_key(folder / "k")
    assert caught.value.code == "KEY_EXISTS"
    assert before == ((folder / "k").read_bytes(), (folder / "k.pub").read_bytes())


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o1777])
def test_a_key_is_not_made_where_others_may_write(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    with pytest.raises(RefusedError):
        keys.new_key(folder / "k")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o420, 0o402, 0o601])
def test_an_exposed_key_is_refused(folder: Path, mode: int) -> None:
    keys.new_key(folder / "k")
    (folder / "k").chmod(mode)
    with pytest.raises(RefusedError) as caught:
        keys.load_key(folder / "k")
    assert caught.value.code == "KEY_EXPOSED"


def test_another_kind_of_key_is_refused(folder: Path) -> None:
    other = generate_private_key(SECP256R1())
    pem = other.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "k").write_bytes(pem)
    (folder / "k").chmod(0o400)
    public = other.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with pytest.raises(RefusedError):
        keys.load_key(folder / "k")
    with pytest.raises(DocumentError):
        keys.public_keys(public)


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n", b"\0" * 99])
def test_a_broken_key_file_is_one_sentence(folder: Path, content: bytes) -> None:
    (folder / "k").write_bytes(content)
    (folder / "k").chmod(0o400)
    for path in (folder / "k", folder / "none", folder):
        with pytest.raises(RefusedError):
            keys.load_key(path)


def test_a_private_key_is_not_taken_for_a_public_one(folder: Path) -> None:
    keys.new_key(folder / "k")
    with pytest.raises(DocumentError):
        keys.load_public(folder / "k")
