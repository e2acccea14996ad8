"""Does ``connector test --server`` find what doesn't fit on the vendor's own tables, and leave all
of them as they were?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support import vendor
from support.servers import MariaDB, PostgreSQL, Server
from support.vendor import OLD, PASSWORD, YOUNG, Scene, local

from pbxretain.cli import main
from pbxretain.stores.batches import TableBatch

CDR = ["calldate", "src", "dst", "uniqueid", "linkedid", "recordingfile"]


@pytest.fixture(params=["freepbx", "wazo"])
def pbx(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    """A vendor's own tables with a few calls, the login with its least rights."""
    fixture = {"freepbx": "mariadb", "wazo": "postgresql"}[request.param]
    server: Server = request.getfixturevalue(fixture)
    made = vendor.scene(request.param, server, tmp_path)
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "password").chmod(0o600)
    (tmp_path / "connector.yaml").write_bytes(made.connector.text)
    return made


@pytest.fixture
def freepbx(mariadb: MariaDB, tmp_path: Path) -> Scene:
    made = vendor.scene("freepbx", mariadb, tmp_path)
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "password").chmod(0o600)
    (tmp_path / "connector.yaml").write_bytes(made.connector.text)
    rows: list[tuple[Any, ...]] = []
    for number in range(40):
        at = OLD if number % 2 else YOUNG
        call = f"{int(at.timestamp())}.{number}"
        rows.append((local(at), f"030123{number}", "100", call, call, ""))
    made.load("cdr", CDR, rows)
    made.grant()
    return made


def tried(scene: Scene, zone: str = "Europe/Berlin") -> Result:
    folder = scene.folder
    args = ["--lang", "en", "connector", "test", str(folder / "connector.yaml")]
    args += ["--server", scene.url, "--timezone", zone]
    return CliRunner().invoke(main, [*args, "--password-file", str(folder / "password")])


def test_a_vendors_empty_tables_fit(pbx: Scene) -> None:
    pbx.grant()
    told = tried(pbx)
    assert told.exit_code == 0, told.output
    assert "All promises are kept" in told.stdout


def test_a_copy_is_looked_at_and_nothing_in_it_changes(freepbx: Scene) -> None:
    before = {table: freepbx.rows(table) for table in freepbx.tables()}
    told = tried(freepbx)
    assert told.exit_code == 0, told.output
    assert {table: freepbx.rows(table) for table in freepbx.tables()} == before


def test_a_batch_that_stays_deleted_is_told(
    freepbx: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TableBatch, "rollback", lambda self: self.database.commit())
    told = tried(freepbx)
    assert told.exit_code == 1
    assert "promise put-back" in " ".join(told.stdout.split())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("column: calldate", "column: duration", "duration isn't of the declared type"),
        ("key: [uniqueid", "key: [nothing, uniqueid", "cdr has no column nothing"),
    ],
)
def test_a_manifest_that_does_not_fit_is_told(
    freepbx: Scene, old: str, new: str, said: str
) -> None:
    path = freepbx.folder / "connector.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    told = tried(freepbx)
    assert told.exit_code in (1, 5)
    assert said in " ".join((told.stdout + told.stderr).split())


def test_a_login_with_too_few_rights_is_told_with_the_grant(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    made = vendor.scene("wazo", postgresql, tmp_path)
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "password").chmod(0o600)
    (tmp_path / "connector.yaml").write_bytes(made.connector.text)
    made.server.create_user(  # type: ignore[union-attr]
        "pbxretain", password=PASSWORD, database=made.database, grants={"*": "SELECT"}
    )
    told = tried(made)
    assert told.exit_code == 1
    assert 'GRANT DELETE ON "' in " ".join(told.stdout.split())


def test_a_zone_that_is_none_is_one_sentence(freepbx: Scene) -> None:
    told = tried(freepbx, zone="Moon/Base")
    assert told.exit_code == 2
    assert "there is no time zone 'Moon/Base'" in told.stderr
