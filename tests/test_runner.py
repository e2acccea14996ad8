"""The unattended key comes from where settings say, and from nowhere that others can read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pbxretain import keys, secret
from pbxretain.documents import parse
from pbxretain.errors import DocumentError, RefusedError
from pbxretain.runner import RunnerKey
from pbxretain.settings import SigningKey
from pbxretain.signing import key_id

NOW = datetime(2026, 11, 29, 6, 0, tzinfo=UTC)
PHRASE = "3a" * 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir(mode=0o700)
    return tmp_path


def _named(text: str) -> SigningKey:
    return parse(text.encode(), "settings", SigningKey).value


def _private(path: Path, text: str | bytes, mode: int = 0o400) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path


def _same(one: Ed25519PrivateKey, other: Ed25519PrivateKey) -> bool:
    return one.private_bytes_raw() == other.private_bytes_raw()


def test_the_key_of_the_state_folder_is_plain_and_only_its_owners(folder: Path) -> None:
    runner = RunnerKey(folder / "keys")
    made = runner.new(now=NOW)
    assert _same(made, runner.load())
    assert runner.path.name == "runner.pem"
    assert stat.S_IMODE(runner.path.stat().st_mode) == 0o400
    assert list(keys.load_public(runner.public)) == [key_id(made.public_key())]


def test_a_passphrase_in_settings_encrypts_the_key_at_rest(folder: Path) -> None:
    phrase = _private(folder / "phrase", f"{PHRASE}\n")
    runner = RunnerKey(folder / "keys", _named(f"passphrase: {{file: {phrase}}}"))
    made = runner.new(now=NOW)
    assert runner.path.name == "runner.key"
    assert made.private_bytes_raw() not in runner.path.read_bytes()
    assert runner.path.read_bytes().startswith(b"{")
    assert _same(made, runner.load())
    assert runner.ours
    with pytest.raises(RefusedError) as caught:
        RunnerKey(folder / "keys").load()
    assert caught.value.code == "PASSPHRASE_MISSING"
    phrase.chmod(0o600)
    _private(phrase, "another passphrase")
    with pytest.raises(RefusedError) as caught:
        runner.load()
    assert caught.value.code == "PASSPHRASE"


def test_a_plain_key_stays_usable_when_a_passphrase_is_set_later(folder: Path) -> None:
    made = RunnerKey(folder / "keys").new(now=NOW)
    phrase = _private(folder / "phrase", PHRASE)
    assert _same(made, RunnerKey(folder / "keys", _named(f"passphrase: {{file: {phrase}}}")).load())


def test_a_credential_of_systemd_is_a_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = Ed25519PrivateKey.generate()
    credentials = folder / "credentials"
    credentials.mkdir()
    # systemd gives the unit's user read access by an ACL, which shows as the group's bits.
    _private(credentials / "signing", keys.private_pem(key), 0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    runner = RunnerKey(folder / "keys", _named("credential: signing"))
    assert _same(key, runner.load())
    assert not runner.ours
    assert list(keys.load_public(runner.public)) == [key_id(key.public_key())]
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    with pytest.raises(DocumentError):
        runner.load()


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o660])
def test_a_key_or_passphrase_file_that_others_read_is_refused(folder: Path, mode: int) -> None:
    key = _private(folder / "k", keys.private_pem(Ed25519PrivateKey.generate()), mode)
    with pytest.raises(RefusedError) as caught:
        RunnerKey(folder / "keys", _named(f"file: {key}")).load()
    assert caught.value.code == "KEY_EXPOSED"
    phrase = _private(folder / "phrase", PHRASE, mode)
    with pytest.raises(RefusedError) as caught:
        RunnerKey(folder / "keys", _named(f"passphrase: {{file: {phrase}}}")).new(now=NOW)
    assert caught.value.code == "SECRET_READABLE"
    assert not list((folder / "keys").iterdir())


def test_a_public_half_that_a_crash_left_out_is_written_by_the_next_use(folder: Path) -> None:
    runner = RunnerKey(folder / "keys")
    key = runner.new(now=NOW)
    runner.public.unlink()
    runner.load()
    assert list(keys.load_public(runner.public)) == [key_id(key.public_key())]


@pytest.fixture
def descriptor() -> Iterator[list[int]]:
    opened: list[int] = []
    secret.secret_from_descriptor.cache_clear()
    yield opened
    secret.secret_from_descriptor.cache_clear()
    for number in opened:
        try:
            os.close(number)
        except OSError:
            continue


def test_a_key_from_a_descriptor_serves_all_sources(folder: Path, descriptor: list[int]) -> None:
    key = Ed25519PrivateKey.generate()
    file = _private(folder / "k", keys.private_pem(key))
    descriptor.append(os.open(file, os.O_RDONLY))
    runner = RunnerKey(folder / "keys", _named(f"descriptor: {descriptor[0]}"))
    assert _same(key, runner.load())
    assert _same(key, runner.load())


def test_a_passphrase_from_a_descriptor(folder: Path, descriptor: list[int]) -> None:
    descriptor.append(os.open(_private(folder / "phrase", PHRASE), os.O_RDONLY))
    runner = RunnerKey(folder / "keys", _named(f"passphrase: {{descriptor: {descriptor[0]}}}"))
    assert _same(runner.new(now=NOW), runner.load())


def test_a_closed_descriptor_is_one_sentence(folder: Path, descriptor: list[int]) -> None:
    runner = RunnerKey(folder / "keys", _named("descriptor: 987"))
    with pytest.raises(DocumentError):
        runner.load()


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "credential: a\nfile: /a",
        "env: KEY",
        "descriptor: 0",
        "passphrase: {env: PHRASE}",
        "passphrase: {credential: a, file: /b}",
        "file: relative",
    ],
)
def test_settings_name_one_place_and_never_the_environment(text: str) -> None:
    with pytest.raises(DocumentError):
        _named(text)


def test_a_key_from_outside_is_not_made_in_the_state_folder(folder: Path) -> None:
    runner = RunnerKey(folder / "keys", _named("credential: signing"))
    with pytest.raises(RefusedError) as caught:
        runner.new(now=NOW)
    assert caught.value.code == "KEY_OUTSIDE"
    assert not list((folder / "keys").iterdir())


def test_a_second_installation_key_keeps_the_first_ones_public_half(folder: Path) -> None:
    runner = RunnerKey(folder / "keys")
    first = runner.new(now=NOW)
    with pytest.raises(RefusedError) as caught:
        runner.new(now=NOW)
    assert caught.value.code == "KEY_EXISTS"
    runner.path.unlink()
    second = runner.new(now=NOW)
    assert list(keys.load_public(runner.public)) == [
        key_id(second.public_key()),
        key_id(first.public_key()),
    ]
