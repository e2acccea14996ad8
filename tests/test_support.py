"""What the other tests stand on does what it says."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pymysql
import pytest
from support import calls, canary, crash, freepbx, samples
from support.servers import MariaDB, PostgreSQL


def test_a_killed_mariadb_comes_back_with_what_was_committed(mariadb: MariaDB) -> None:
    name = mariadb.create_database("support")
    with mariadb.admin(name) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a int) ENGINE=InnoDB")
        cursor.execute("INSERT INTO t VALUES (1)")
    mariadb.kill()
    with pytest.raises(pymysql.err.OperationalError):
        mariadb.admin(name)
    mariadb.restart()
    with mariadb.admin(name) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT a FROM t")
        assert cursor.fetchall() == ((1,),)


def test_a_mariadb_login_has_only_its_grants(mariadb: MariaDB) -> None:
    name = mariadb.create_database("support")
    with mariadb.admin(name) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a int)")
    mariadb.create_user("u", password="p", database=name, grants={"t": "SELECT"})
    with (
        pymysql.connect(
            host=mariadb.host, port=mariadb.port, user="u", password="p", database=name
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT a FROM t")
        with pytest.raises(pymysql.err.OperationalError):
            cursor.execute("DELETE FROM t")


def test_a_killed_postgresql_comes_back_with_what_was_committed(postgresql: PostgreSQL) -> None:
    name = postgresql.create_database("support")
    with postgresql.admin(name) as connection:
        connection.execute("CREATE TABLE t (a int)")
        connection.execute("INSERT INTO t VALUES (1)")
    postgresql.kill()
    with pytest.raises(psycopg.OperationalError):
        postgresql.admin(name)
    postgresql.restart()
    with postgresql.admin(name) as connection:
        assert connection.execute("SELECT a FROM t").fetchall() == [(1,)]


def test_a_postgresql_login_needs_its_password_and_has_only_its_grants(
    postgresql: PostgreSQL,
) -> None:
    name = postgresql.create_database("support")
    with postgresql.admin(name) as connection:
        connection.execute("CREATE TABLE t (a int)")
    postgresql.create_user("u", password="p", database=name, grants={"t": "SELECT"})
    address = f"host={postgresql.host} port={postgresql.port} dbname={name} user=u"
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(f"{address} password=wrong")
    with psycopg.connect(f"{address} password=p") as connection:
        connection.execute("SELECT a FROM t")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM t")


def test_the_sample_says_the_same_in_every_store(
    mariadb: MariaDB, postgresql: PostgreSQL, tmp_path: Path
) -> None:
    lite = sqlite3.connect(samples.restore_sqlite(tmp_path / "cdr.sqlite"))
    maria = mariadb.admin(samples.restore_mariadb(mariadb))
    postgres = postgresql.admin(samples.restore_postgresql(postgresql))
    logs = samples.restore_tree("logs", tmp_path)
    monitor = samples.restore_tree("recordings", tmp_path)
    with closing(lite), closing(maria), closing(postgres):
        by_store = [samples.calls(connection) for connection in (lite, maria, postgres)]
        events = [samples.events(connection) for connection in (lite, maria, postgres)]
        named = [samples.recordings(monitor, connection) for connection in (None, lite, maria)]
    assert by_store[0] == by_store[1] == by_store[2]
    assert [len(e.due) for e in events] == [2157] * 3
    assert named[0] == named[1] == named[2]
    by_file = {name: len(e.due) for name, e in samples.csv_calls(logs).items()}
    assert by_file.pop("cdr-csv/Master.csv") == sum(by_file.values()) == len(by_store[0].due) == 140


def test_the_sample_counts_as_its_readme_says(tmp_path: Path) -> None:
    ninety_days = samples.NOW - timedelta(days=90)
    spool = samples.restore_tree("voicemail", tmp_path)
    with closing(sqlite3.connect(samples.restore_sqlite(tmp_path / "cdr.sqlite"))) as lite:
        assert len(samples.calls(lite, ninety_days).due) == 14 + 29 + 73 + 38
        assert len(samples.events(lite, ninety_days).due) == 233 + 453 + 1164 + 540
    assert len(samples.voicemail(spool, ninety_days).due) == 3 * (4 + 8 + 22 + 11)
    monitor = samples.restore_tree("recordings", tmp_path)
    assert len(samples.recordings(monitor, cutoff=ninety_days).due) == 5 + 10 + 26 + 12
    logs = samples.restore_tree("logs", tmp_path)
    assert len(samples.queue_log(logs, ninety_days).due) == 4 + 5 + 16 + 13


def test_a_filled_freepbx_has_what_makes_deleting_hard(mariadb: MariaDB, tmp_path: Path) -> None:
    name = mariadb.create_database("filled")
    with closing(mariadb.admin(name)) as connection:
        freepbx.fill(connection, calls=2000, recordings_root=tmp_path, recorded=0.05)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) - count(DISTINCT uniqueid), sum(calldate = 0), sum(linkedid = ''),"
                " sum(src IN ('', 'anonymous')), sum(uniqueid = 'click2dial'),"
                " sum(recordingfile <> '') - count(DISTINCT NULLIF(recordingfile, '')) FROM cdr"
            )
            assert all(count > 0 for count in cursor.fetchone() or ())
    cutoff = calls.first_due_date(calls.default_now(), 90, freepbx.ZONE)
    before = freepbx.expect(mariadb, name, "cdr", cutoff=cutoff)
    whole = freepbx.dump(mariadb, name, "cdr")
    assert whole.count == before.due + before.stay.count
    assert before.stay.difference(whole) == (0, before.due)
    assert before.straddling >= 1
    assert before.undated >= 1
    assert any(twins > 1 for twins in whole.rows.values())
    shadow = freepbx.dump(mariadb, name, "transient_cdr")
    assert min(whole.difference(shadow)) > 0
    due, stay = freepbx.expect_recordings(mariadb, name, tmp_path, cutoff=cutoff)
    assert due
    assert stay


def test_a_child_dies_at_each_event_and_leaves_what_it_had_done(tmp_path: Path) -> None:
    seen: set[tuple[bool, int]] = set()

    def look(outcome: crash.Outcome) -> None:
        assert outcome.code in (3, -9), outcome.output
        rows = 0
        if (folder / "db").stat().st_size if (folder / "db").exists() else 0:
            with closing(sqlite3.connect(folder / "db")) as connection:
                if connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                    (rows,) = connection.execute("SELECT count(*) FROM t").fetchone()
        assert outcome.killed or rows == 1
        assert not (folder / "new").exists() or (folder / "new").read_bytes() == b"12345678"
        seen.add(((folder / "new").exists(), rows))

    with crash.Zygote("support.victim") as zygote:
        folder = tmp_path

        def attempt(at: int | None, when: crash.When) -> crash.Outcome:
            nonlocal folder
            folder = tmp_path / f"{at}-{when}"
            folder.mkdir()
            return zygote.run("support.victim:main", [str(folder)], at=at, when=when)

        died = crash.campaign(attempt, look, modes=("before", "torn", "after"))
    assert died > 20
    assert seen == {(False, 0), (True, 0), (True, 1), (False, 1)}


FORMS = ("plain", "upper", "base64 0", "base64 1", "base64 2", "hex", "sha256", "raw", "name")


@pytest.mark.parametrize("form", FORMS)
def test_a_canary_is_found_in_any_form(tmp_path: Path, form: str) -> None:
    pbx = canary.build(tmp_path / "pbx", now=calls.default_now(), broken=True)
    value = next(v for v in sorted(pbx.values) if v.startswith("+"))
    forms = {
        "plain": f"xx{value}xx".encode(),
        "upper": b"x canary-name-1",
        **{
            f"base64 {n}": base64.b64encode(f"{'x' * n}{value} and more".encode()) for n in range(3)
        },
        "hex": value.encode().hex().upper().encode(),
        "sha256": hashlib.sha256(value.encode()).hexdigest().encode(),
        "raw": hashlib.sha256(value.encode()).digest(),
        "name": b"",
    }
    out = tmp_path / "out"
    out.mkdir()
    (out / (value if form == "name" else "file")).write_bytes(b"some" + forms[form])
    assert pbx.scan(out)


def test_where_no_canary_is_none_is_found(tmp_path: Path) -> None:
    pbx = canary.build(tmp_path / "pbx", now=calls.default_now())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.json").write_bytes(base64.b64encode(bytes(range(256)) * 400))
    assert pbx.scan(tmp_path / "out", "5 records deleted, 2026-08-25", b"77 077 077") == []
    assert len(pbx.scan(pbx.folder)) > 50
