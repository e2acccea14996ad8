"""Keys lie where only their owner reads them, and no file talks its way into being one."""

from __future__ import annotations

import json
import stat
import subprocess
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from pbxretain import keyring, keys, signing
from pbxretain.errors import DocumentError, RefusedError
from pbxretain.evidence.attestations import Role
from pbxretain.keyring import Cost
from pbxretain.secret import Secret

NOW = datetime(2026, 11, 29, 6, 0, tzinfo=UTC)
CHEAP = Cost(memory=8 * 1024, passes=1, lanes=1)
PHRASE = Secret("Quittenmus auf Zwieback")
RING: dict[Role, keyring.AnyPrivate] = {
    role: keyring.generate(role) for role in ("authority", "dpo", "escrow")
}


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


@pytest.mark.parametrize("kind", ["rsa", "ec", "two", "private", "torn", "none"])
def test_only_one_key_of_a_known_kind_is_a_public_key(folder: Path, kind: str) -> None:
    good = keys.public_pem(keyring.generate("escrow").public_key())
    spki = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    content = {
        "rsa": generate_rsa(65537, 2048).public_key().public_bytes(*spki),
        "ec": generate_private_key(SECP256R1()).public_key().public_bytes(*spki),
        "two": good + good,
        "private": keys.private_pem(keyring.generate("escrow")),
        "torn": good[:60] + good[70:],
        "none": b"",
    }[kind]
    path = folder / "k"
    path.write_bytes(content)
    with pytest.raises(DocumentError) as caught:
        keys.load_any_public(path)
    assert caught.value.code == "KEY_KIND"
    path.write_bytes(good)
    keys.load_any_public(path)


def test_a_key_is_written_onto_a_disk_that_knows_no_modes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("os.fchmod", refused)
    path = _container(folder)
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    keyring.open_container(path, PHRASE)


# --- containers -------------------------------------------------------------------------------


def _container(folder: Path, **change: Any) -> Path:
    path = folder / "dpo.key"
    values: dict[str, Any] = {"created": NOW, "cost": CHEAP} | change
    keyring.write_container(path, RING, PHRASE, **values)
    return path


def _raw(key: keyring.AnyPrivate) -> bytes:
    return key.private_bytes_raw()


def test_a_container_gives_back_its_keys_by_role(folder: Path) -> None:
    path = folder / "dpo.key"
    keyring.write_container(path, RING, PHRASE, created=NOW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    ring = keyring.open_container(path, PHRASE)
    assert {role: _raw(ring.key(role)) for role in ring.roles} == {
        role: _raw(key) for role, key in RING.items()
    }
    assert ring.created == "2026-11-29T06:00:00Z"
    assert isinstance(ring.opener(), X25519PrivateKey)
    signing.seal({"a": 1}, ring.signer("authority"))
    assert json.loads(path.read_bytes())["kdf"] | {"salt": ""} == {
        "name": "argon2id", "memory": 65536, "passes": 3, "lanes": 4, "salt": "",
    }  # fmt: skip
    assert {each.role: each.id for each in keyring.listed(path)} == {
        role: signing.key_id(key.public_key()) for role, key in RING.items()
    }


def test_a_role_that_is_not_there_is_one_sentence(folder: Path) -> None:
    ring = keyring.open_container(_container(folder), PHRASE)
    with pytest.raises(RefusedError) as caught:
        ring.signer("observer")
    assert caught.value.code == "ROLE_MISSING"
    with pytest.raises(RefusedError):
        ring.signer("escrow")


def test_a_container_is_never_overwritten_and_never_half_written(folder: Path) -> None:
    before = _container(folder).read_bytes()
    with pytest.raises(RefusedError) as caught:
        _container(folder)
    assert caught.value.code == "KEY_EXISTS"
    assert [path.read_bytes() for path in folder.iterdir()] == [before]


@pytest.mark.parametrize(
    "wrong", ["Quittenmus auf Zwiebac", "quittenmus auf zwieback", "", "x" * 99]
)
def test_a_wrong_passphrase_is_one_sentence(folder: Path, wrong: str) -> None:
    with pytest.raises(RefusedError) as caught:
        keyring.open_container(_container(folder), Secret(wrong))
    assert caught.value.code == "PASSPHRASE"
    assert not wrong or wrong not in str(caught.value)


def test_a_short_passphrase_makes_no_file(folder: Path) -> None:
    with pytest.raises(RefusedError) as caught:
        keyring.write_container(folder / "k", RING, Secret("elf zeichen"), created=NOW)
    assert caught.value.code == "PASSPHRASE_SHORT"
    assert list(folder.iterdir()) == []


def test_a_passphrase_opens_however_its_umlauts_were_typed(folder: Path) -> None:
    phrase = "Gr\u00fcne So\u00dfe f\u00fcr alle"
    keyring.write_container(folder / "k", RING, Secret(phrase), created=NOW, cost=CHEAP)
    keyring.open_container(folder / "k", Secret(unicodedata.normalize("NFD", phrase)))


def test_two_containers_of_one_passphrase_have_nothing_in_common(folder: Path) -> None:
    first = json.loads(_container(folder).read_bytes())
    (folder / "dpo.key").unlink()
    second = json.loads(_container(folder).read_bytes())
    for part in (("kdf", "salt"), ("cipher", "nonce")):
        assert first[part[0]][part[1]] != second[part[0]][part[1]]
    assert first["ciphertext"][:40] != second["ciphertext"][:40]


def test_no_flipped_byte_of_a_container_opens_it(folder: Path) -> None:
    path = _container(folder)
    good = path.read_bytes()
    path.chmod(0o600)
    for at in range(len(good)):
        data = bytearray(good)
        data[at] ^= 1 << at % 8
        path.write_bytes(data)
        with pytest.raises(RefusedError) as caught:
            keyring.open_container(path, PHRASE)
        assert caught.value.code in ("PASSPHRASE", "KEY_KIND"), at


def _roles_swapped(outer: dict[str, Any]) -> None:
    outer["keys"][0]["role"], outer["keys"][1]["role"] = "dpo", "authority"


@pytest.mark.parametrize(
    "change",
    [
        _roles_swapped,
        lambda outer: outer.update(created="2020-01-01T00:00:00Z"),
        lambda outer: outer["keys"].pop(),
        lambda outer: outer["keys"].reverse(),
        lambda outer: outer["keys"].append(outer["keys"][0]),
        lambda outer: outer["keys"].clear(),
        lambda outer: outer["kdf"].update(memory=64 * 1024 * 1024),
        lambda outer: outer["kdf"].update(memory=8),
        lambda outer: outer["kdf"].update(memory=True),
        lambda outer: outer["kdf"].update(memory="65536"),
        lambda outer: outer["kdf"].update(passes=2**40),
        lambda outer: outer["kdf"].update(passes=2),
        lambda outer: outer["kdf"].update(lanes=0),
        lambda outer: outer["kdf"].update(name="scrypt"),
        lambda outer: outer["kdf"].update(salt=""),
        lambda outer: outer["cipher"].update(nonce=[]),
        lambda outer: outer["cipher"].update(name="none"),
        lambda outer: outer.update(format="pbxretain-key/v2"),
        lambda outer: outer.update(kdf=[]),
        lambda outer: outer.update(cipher="x"),
        lambda outer: outer.update(keys=[[]]),
        lambda outer: outer.update(keys=[{"role": [], "algorithm": "ed25519", "id": "a"}]),
        lambda outer: outer["keys"][0].update(id=7),
        lambda outer: outer["keys"][2].update(algorithm="ed25519"),
        lambda outer: outer.update(more=1),
        lambda outer: outer.pop("ciphertext"),
        lambda outer: outer.update(ciphertext=outer["ciphertext"] + "AAAA"),
        lambda outer: outer.update(ciphertext=None),
    ],
)
def test_a_container_that_was_changed_on_purpose_is_refused(
    folder: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    path = _container(folder)
    outer = json.loads(path.read_bytes())
    change(outer)
    path.chmod(0o600)
    path.write_bytes(signing.canonical(outer) + b"\n")
    with pytest.raises(RefusedError):
        keyring.open_container(path, PHRASE)


@given(st.binary(max_size=300))
def test_rubbish_is_no_container(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "rubbish"
    path.write_bytes(data)
    for attempt in (
        lambda: keyring.open_container(path, PHRASE),
        lambda: keyring.listed(path),
        lambda: keyring.import_key(path),
        lambda: keyring.import_key(path, PHRASE),
    ):
        with pytest.raises(RefusedError):
            attempt()


def test_no_container_is_read_from_folder_pipe_or_giant(folder: Path) -> None:
    (folder / "big").write_bytes(b" " * 70_000)
    (folder / "empty").touch()
    for name in ("", "none", "big", "empty"):
        with pytest.raises(RefusedError):
            keyring.open_container(folder / name, PHRASE)
    with pytest.raises(RefusedError):
        keyring.open_container(Path("/dev/null"), PHRASE)


def test_a_key_of_the_wrong_kind_gets_no_role(folder: Path) -> None:
    for role in ("escrow", "dpo"):
        other = keyring.generate("dpo" if role == "escrow" else "escrow")
        with pytest.raises(RefusedError):
            keyring.write_container(folder / "k", {role: other}, PHRASE, created=NOW)


def test_no_key_or_passphrase_shows_in_repr(folder: Path) -> None:
    ring = keyring.open_container(_container(folder), PHRASE)
    shown = f"{ring!r} {ring} {PHRASE!r} {PHRASE}"
    assert PHRASE.reveal() not in shown
    assert shown.startswith("<keyring authority, dpo, escrow>")
    for key in RING.values():
        assert _raw(key).hex() not in shown
        assert repr(_raw(key)) not in shown


@pytest.mark.parametrize(
    "how",
    [
        "pkcs8 -topk8 -v2 aes-256-cbc -iter 1000000 -passout file:phrase",
        "pkcs8 -topk8 -scrypt -passout file:phrase",
        "pkcs8 -topk8 -nocrypt",
    ],
)
@pytest.mark.parametrize("algorithm", ["ed25519", "x25519"])
def test_openssls_own_keys_are_imported(folder: Path, how: str, algorithm: str) -> None:
    (folder / "phrase").write_text(PHRASE.reveal())
    command = f"openssl genpkey -algorithm {algorithm} -out plain && openssl {how} -in plain -out k"
    subprocess.run(["sh", "-c", command], cwd=folder, check=True)
    phrase = None if "nocrypt" in how else PHRASE
    key = keyring.import_key(folder / "k", phrase)
    assert keys.private_pem(key) == (folder / "plain").read_bytes()
    with pytest.raises(RefusedError) as caught:
        keyring.import_key(folder / "k", None if phrase else PHRASE)
    assert caught.value.code == ("PASSPHRASE_MISSING" if phrase else "NOT_ENCRYPTED")
    if phrase:
        with pytest.raises(RefusedError):
            keyring.import_key(folder / "k", Secret("another passphrase"))
