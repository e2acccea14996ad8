"""Settings: sources with addresses but no secrets, places that never include the current folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pbxretain import places
from pbxretain import settings as module
from pbxretain.documents import parse
from pbxretain.errors import DocumentError, Exit, RefusedError
from pbxretain.places import (
    connectors_folder,
    default_config,
    find_config,
    policies_folder,
    state_folder,
)
from pbxretain.secret import Secret, resolve_secret
from pbxretain.settings import (
    SecretRef,
    Settings,
    load_settings,
)

TEXT = """\
language: de
evidence: auto
sources:
  head-office:
    connector: freepbx
    url: mysql://pbxretain@localhost/asteriskcdrdb?unix_socket=/run/mysqld/mysqld.sock
    password: {credential: head-office-db}
    timezone: Europe/Berlin
    region: DE
    roots: {recordings: /var/spool/asterisk/monitor}
    policy: acme-calls
    tables: {calls: cdr}
    asterisk: {version: 22, config: /etc/asterisk}
    ami: {user: pbxretain, secret: {file: /etc/pbxretain/ami}}
    processing_activity: VVT 12
"""


def settings(text: str = TEXT) -> Settings:
    return parse(text.encode(), "config.yaml", Settings).value


def told(text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        settings(text)
    assert caught.value.exit_code is Exit.USAGE
    return str(caught.value).splitlines()


@pytest.fixture
def plain_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No root, no system folders, an own home: only this test's folder is there."""
    monkeypatch.setattr(places, "SYSTEM_CONFIG", tmp_path / "etc")
    monkeypatch.setattr(places, "SYSTEM_STATE", tmp_path / "var")
    monkeypatch.setattr(places, "_is_root", lambda: False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdgstate"))
    return tmp_path


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TEXT, "utf-8")
    return path


def test_settings_name_each_source_with_its_zone() -> None:
    source = settings().sources["head-office"]
    assert source.zone.key == "Europe/Berlin"
    assert source.asterisk is not None
    assert source.asterisk.version == "22"
    assert source.ami is not None
    assert (source.ami.host, source.ami.port) == ("127.0.0.1", 5038)
    assert source.processing_activity == "VVT 12"


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("language: de", "language: fr", "1: language: must be de or en"),
        ("evidence: auto", "evidence: none", "2: evidence: must be auto, counts or sealed"),
        ("head-office:", "Head_Office:", "4: sources.Head_Office: has characters"),
        ("Europe/Berlin", "Europe/Bonn", "8: sources.head-office.timezone: is not a known"),
        ("Europe/Berlin", "localtime", "8: sources.head-office.timezone: must be a time zone"),
        ("Europe/Berlin", "../etc", "8: sources.head-office.timezone: must be a time zone"),
        ("region: DE", "region: Germany", "9: sources.head-office.region: has characters"),
        ("/var/spool", "spool", "10: sources.head-office.roots.recordings: must be an absolute"),
        ("/var/spool", "/x/..", "10: sources.head-office.roots.recordings: must be an absolute"),
        ("mysql://", "mysql+pymysql://", "6: sources.head-office.url: must begin with one of"),
        ("mysql://", "oracle://", "6: sources.head-office.url: must begin with one of"),
        ("pbxretain@", "", "6: sources.head-office.url: must name the user"),
        ("/asteriskcdrdb", "", "6: sources.head-office.url: must name the database"),
        ("?unix", "?local_infile=1&unix", "6: sources.head-office.url: may only carry these"),
        (
            "?unix_socket",
            "?sslmode",
            "6: sources.head-office.url: may only carry these options: unix",
        ),
        ("localhost/", "localhost:port/", "6: sources.head-office.url: is not a database address"),
        ("localhost/", "[local/", "6: sources.head-office.url: is not a database address"),
        ("{credential: head-office-db}", "{}", "7: sources.head-office.password: name exactly one"),
        (
            "{credential: head-office-db}",
            "{env: A, file: /b}",
            "7: sources.head-office.password: name exactly one",
        ),
        ("head-office-db", "../x", "7: sources.head-office.password.credential: has characters"),
        ("{credential: head-office-db}", "geheim", "7: sources.head-office.password: must hold"),
        ("    policy: acme-calls\n", "", "4: sources.head-office.policy: is missing"),
        ("calls: cdr", "calls: cdr;drop", "12: sources.head-office.tables.calls: has characters"),
        ("user: pbxretain, ", "port: 0, user: a, ", "14: sources.head-office.ami.port: must be"),
        ("    policy", "    keep: 90 days\n    policy", "11: sources.head-office.keep: is not"),
    ],
)
def test_a_mistake_is_told_with_its_line(old: str, new: str, mistake: str) -> None:
    assert old in TEXT
    assert told(TEXT.replace(old, new, 1))[0].startswith(f"config.yaml:{mistake}")


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:geheim@localhost/db",
        "mysql://u:@localhost/db",
        "postgresql://u@localhost/db?password=geheim",
        "postgresql://u@localhost/db?passfile=/geheim",
        "mysql://u@localhost/db?passwd=geheim",
    ],
)
def test_a_password_in_an_address_is_refused_and_not_repeated(url: str) -> None:
    lines = told(re.sub("url: .*", f"url: {url}", TEXT))
    assert len(lines) == 1
    assert "must not hold a password" in lines[0]
    assert "geheim" not in "".join(lines)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u@localhost/db",
        "mariadb://u@db.example:3307/db",
        "postgresql://u@/db?host=/var/run/postgresql",
        "postgresql://u@db/db?sslmode=verify-full",
        "mysql://u@/db?unix_socket=/run/mysqld/mysqld.sock",
        "sqlite:////var/log/asterisk/master.db",
    ],
)
def test_usual_addresses_are_taken(url: str) -> None:
    text = f"sources: {{a: {{connector: x, url: '{url}', timezone: UTC, policy: p}}}}"
    assert settings(text).sources["a"].url == url


@pytest.mark.parametrize("url", ["sqlite:///relative.db", "sqlite://", "sqlite:////"])
def test_sqlite_needs_an_absolute_path(url: str) -> None:
    text = f"sources: {{a: {{connector: x, url: '{url}', timezone: UTC, policy: p}}}}"
    assert "must name an absolute path" in told(text)[0]


def test_settings_without_a_source_are_refused() -> None:
    assert told("sources: {}") == ["config.yaml:1: sources: has too few entries"]


# --- places -----------------------------------------------------------------------------------


def test_the_settings_are_searched_in_a_fixed_order(plain_user: Path) -> None:
    xdg = touch(plain_user / "xdg" / "pbxretain" / "config.yaml")
    assert find_config(environ={}) == xdg
    system = touch(plain_user / "etc" / "config.yaml")
    assert find_config(environ={}) == system
    unit = touch(plain_user / "unit" / "config.yaml")
    environ = {"CONFIGURATION_DIRECTORY": f"{plain_user}/none:{plain_user}/unit"}
    assert find_config(environ=environ) == unit
    environ["PBXRETAIN_CONFIG"] = str(plain_user / "named.yaml")
    assert find_config(environ=environ) == plain_user / "named.yaml"
    assert find_config(Path("my.yaml"), environ=environ) == Path("my.yaml")


def test_the_current_folder_is_never_searched(
    plain_user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = plain_user / "here"
    touch(here / "config.yaml")
    monkeypatch.chdir(here)
    with pytest.raises(DocumentError, match="pbxretain init"):
        find_config(environ={})
    for name in ("PBXRETAIN_CONFIG", "CONFIGURATION_DIRECTORY"):
        with pytest.raises(DocumentError, match="absolute"):
            find_config(environ={name: "here"})
    with pytest.raises(DocumentError, match="absolute"):
        state_folder(environ={"STATE_DIRECTORY": "here"})


def test_root_never_reads_the_settings_of_a_user(
    plain_user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(plain_user / "xdg" / "pbxretain" / "config.yaml")
    monkeypatch.setattr(places, "_is_root", lambda: True)
    with pytest.raises(DocumentError, match="no settings"):
        find_config(environ={})
    assert default_config(environ={}) == plain_user / "etc" / "config.yaml"
    assert state_folder(environ={}) == plain_user / "var"


def test_state_is_kept_where_settings_systemd_or_the_user_say(plain_user: Path) -> None:
    assert state_folder(environ={}) == plain_user / "xdgstate" / "pbxretain"
    assert state_folder(environ={"STATE_DIRECTORY": "/run/a:/run/b"}) == Path("/run/a")
    own = settings("state: /srv/state\n" + TEXT)
    assert state_folder(own, environ={"STATE_DIRECTORY": "/run/a"}) == Path("/srv/state")
    assert default_config(environ={}) == plain_user / "xdg" / "pbxretain" / "config.yaml"


def test_policies_and_connectors_stand_beside_the_settings(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    assert policies_folder(settings(), config) == tmp_path / "policies.d"
    assert connectors_folder(settings(), config) == tmp_path / "connectors"
    (tmp_path / "policies").mkdir()
    assert policies_folder(settings(), config) == tmp_path / "policies"
    own = settings("policies: /srv/p\nconnectors: /srv/c\n" + TEXT)
    assert (policies_folder(own, config), connectors_folder(own, config)) == (
        Path("/srv/p"),
        Path("/srv/c"),
    )


def test_settings_that_everybody_may_write_are_refused(tmp_path: Path) -> None:
    config = touch(tmp_path / "config.yaml")
    config.chmod(0o664)
    assert load_settings(config).value == settings()
    config.chmod(0o666)
    with pytest.raises(RefusedError, match="chmod o-w") as caught:
        load_settings(config)
    assert caught.value.exit_code is Exit.REFUSED


def test_missing_settings_are_a_document_error(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="does not exist"):
        load_settings(tmp_path / "config.yaml")


# --- secrets ----------------------------------------------------------------------------------


def test_a_secret_prints_as_stars() -> None:
    secret = resolve_secret(SecretRef(env="DB"), environ={"DB": "kanarie"})
    assert secret.reveal() == "kanarie"
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret:>20}", repr([secret])):
        assert "kanarie" not in shown
        assert "****" in shown


@pytest.mark.parametrize(
    ("written", "secret"),
    [("s", "s"), ("s\n", "s"), ("s\r\n", "s"), ("s\n\n", "s\n"), (" s ", " s "), ("ü\n", "ü")],
)
def test_one_newline_at_the_end_is_dropped(tmp_path: Path, written: str, secret: str) -> None:
    file = tmp_path / "db"
    file.write_bytes(written.encode())
    file.chmod(0o640)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert resolve_secret(SecretRef(file=str(file)), environ={}) == Secret(secret)
    assert resolve_secret(SecretRef(credential="db"), environ=environ) == Secret(secret)


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602])
def test_a_secret_that_everybody_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "db"
    file.write_text("kanarie")
    file.chmod(mode)
    with pytest.raises(RefusedError) as caught:
        resolve_secret(SecretRef(file=str(file)), environ={})
    assert "kanarie" not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_a_secret_that_is_not_there_is_a_document_error(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "db"
    if content is not None:
        file.write_bytes(content)
        file.chmod(0o600)
    with pytest.raises(DocumentError):
        resolve_secret(SecretRef(file=str(file)), environ={})


def test_a_credential_outside_systemd_says_what_to_do() -> None:
    with pytest.raises(DocumentError, match="LoadCredential=db:"):
        resolve_secret(SecretRef(credential="db"), environ={})
    with pytest.raises(DocumentError, match="NOT_SET"):
        resolve_secret(SecretRef(env="NOT_SET"), environ={})


def test_no_secret_stands_in_the_repr_of_settings() -> None:
    os.environ["PBXRETAIN_TEST_DB"] = "kanarie"
    try:
        text = TEXT.replace("{credential: head-office-db}", "{env: PBXRETAIN_TEST_DB}")
        assert "kanarie" not in repr(settings(text))
    finally:
        del os.environ["PBXRETAIN_TEST_DB"]


@given(st.text(max_size=60))
@example("mysql://[")
@example("mysql://u@h:99999999/d")
@example("mysql://u@h/d?%zz=%00")
@example("postgresql://u@ⓗ℀/d")
def test_any_address_is_taken_or_a_document_error(url: str) -> None:
    for text in (url, "mysql://" + url, "sqlite:///" + url, "postgresql://u@h/d?" + url):
        try:
            module.Source.model_validate(
                {"connector": "x", "url": text, "timezone": "UTC", "policy": "p"}
            )
        except ValueError as error:
            assert "url" in str(error)  # noqa: PT017  (either outcome is fine)


@given(st.binary(max_size=80))
def test_any_bytes_are_settings_or_a_document_error(data: bytes) -> None:
    for text in (data, TEXT.encode() + data, TEXT.encode().replace(b"Europe/Berlin", data)):
        try:
            parse(text, "config.yaml", Settings)
        except DocumentError:
            continue
