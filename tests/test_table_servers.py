"""Table store on MariaDB and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pymysql
import pytest
from support import samples
from support.day_promises import *  # noqa: F403
from support.facet_promises import *  # noqa: F403
from support.redaction_promises import *  # noqa: F403
from support.servers import MariaDB, PostgreSQL, Server
from support.table_promises import *  # noqa: F403
from support.table_promises import LINK, REFEREE, Bench
from support.tables import NAME, Sealed, contents, drain, numbered, selecting, shipped

from pbxretain.errors import (
    DriftError,
    LockedError,
    OutcomeUnknown,
    RefusedError,
    StoreError,
    UnavailableError,
)
from pbxretain.records import Session as SessionId
from pbxretain.stores.batches import MANY_IDENTITIES, Deleter
from pbxretain.stores.database import DatabaseLock, Session, connect, database_clock
from pbxretain.stores.dialects import Sql
from pbxretain.stores.table import TableStore, open_table

PASSWORD = "a password of the tests"
FREEPBX = {
    "cdr": "SELECT, DELETE, UPDATE (recordingfile), TRIGGER",
    "cel": "SELECT, DELETE, TRIGGER",
    "*": "REFERENCES",
}
ASTERISK = {"cdr": "SELECT, DELETE", "cel": "SELECT, DELETE"}


def _open(server: Server, database: str, *, kind: str, dataset: str, **how: Any) -> TableStore:
    return open_table(
        name=dataset,
        dataset=shipped(kind, dataset),
        engine=connect(server.url(database, "pbxretain"), PASSWORD),
        zone=samples.ZONE,
        **how,
    )


def _rows_go(store: TableStore, plain: Any, cutoff: Any = samples.CUTOFF) -> None:
    expected = samples.calls(plain, cutoff)
    before = contents(plain, "cdr", "cel")
    selection = selecting(store, cutoff, samples.NOW)
    census = store.census(selection)
    assert (census.due, census.straddling) == (len(expected.due), expected.straddling)
    assert sorted(numbered(drain(store, selection))) == sorted(expected.due)
    after = contents(plain, "cdr", "cel")
    assert after["cel"] == before["cel"]
    assert after["cdr"] <= before["cdr"]
    assert samples.calls(plain, cutoff).stay == expected.stay
    assert store.census(selection).due == 0


def _events_go(store: TableStore, plain: Any) -> None:
    expected = samples.events(plain)
    selection = selecting(store, samples.CUTOFF, samples.NOW)
    assert store.census(selection).due == len(expected.due)
    assert len(drain(store, selection, limit=500)) == len(expected.due)
    cursor = plain.cursor()
    cursor.execute("SELECT id FROM cel")
    assert {key for (key,) in cursor.fetchall()} == expected.stay


def _emptied(server: PostgreSQL) -> str:
    """A new database costs PostgreSQL much more than a new schema."""
    with server.admin() as admin:
        found = admin.execute("SELECT 1 FROM pg_database WHERE datname = 'bench'").fetchone()
    if not found:
        server.create_database("bench")
        server.create_user("owner", password=PASSWORD, database="bench", grants={})
    with server.admin("bench") as admin:
        admin.execute("DROP SCHEMA public CASCADE")
        admin.execute("CREATE SCHEMA public AUTHORIZATION owner")
    return "bench"


KINDS = {
    "mariadb": ("mariadb", None),
    "postgresql": ("postgresql", None),
    "mysql-8-path": ("mariadb", False),
}
LOOKING = ("refuse", "lock", "clock", "file", "link", "repr", "error", "listing", "text", "epoch")
"""Words in the names of tests that delete nothing in a way of their own."""
ONLY_POSTGRESQL = ("transaction_is_forgotten", "partitions", "unlocked")
"""Words in the names of tests of what MySQL doesn't have: it forgets the fate of transactions, its
partitions look like one table, and it locks the rows that are chosen one by one."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The path of MySQL 8 differs from MariaDB's only where rows are taken."""
    if "bench" in metafunc.fixturenames:
        looks = any(word in metafunc.definition.name for word in LOOKING)
        names = [name for name in KINDS if not (looks and name == "mysql-8-path")]
        if any(word in metafunc.definition.name for word in ONLY_POSTGRESQL):
            names = ["postgresql"]
        kinds = [KINDS[name] for name in names]
        metafunc.parametrize("bench", kinds, ids=names, indirect=True, scope="function")


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    kind, returning = request.param
    server: MariaDB | PostgreSQL = request.getfixturevalue(kind)
    mysql = kind == "mariadb"
    if isinstance(server, PostgreSQL):
        database = _emptied(server)
    else:
        database = server.create_database("bench")
        server.create_user("owner", password=PASSWORD, database=database, grants={"*": "ALL"})
    engine = connect(server.url(database, "owner"), PASSWORD)
    holder = engine.raw_connection()
    plain: Any = holder.driver_connection
    plain.autocommit(True) if mysql else setattr(plain, "autocommit", True)
    if mysql:
        plain.query("SET sql_mode = ''")

    def run(statement: str, values: tuple[Any, ...] = ()) -> None:
        with plain.cursor() as cursor:
            cursor.execute(statement, values or None)

    def ask(statement: str) -> list[tuple[Any, ...]]:
        with plain.cursor() as cursor:
            cursor.execute(statement)
            return [tuple(row) for row in cursor.fetchall()]

    made = Bench("mysql" if mysql else kind, engine, run, ask, returning)
    yield made
    for store in made.opened:
        store.close()
    holder.close()


@pytest.fixture
def freepbx(mariadb: MariaDB) -> str:
    database = samples.restore_mariadb(mariadb)
    mariadb.create_user("pbxretain", password=PASSWORD, database=database, grants=FREEPBX)
    return database


@pytest.fixture
def asterisk(postgresql: PostgreSQL) -> str:
    database = samples.restore_postgresql(postgresql)
    postgresql.create_user("pbxretain", password=PASSWORD, database=database, grants=ASTERISK)
    return database


def test_runs_on_two_databases_of_one_server_hinder_each_other_in_nothing(
    mariadb: MariaDB,
) -> None:
    engines = []
    for name in ("one", "two"):
        mariadb.create_database(name)
        mariadb.create_user(f"of_{name}", password=PASSWORD, database=name, grants={"*": "ALL"})
        engines.append(connect(mariadb.url(name, f"of_{name}"), PASSWORD))
    with DatabaseLock(engines[0]) as one, DatabaseLock(engines[1]) as other:
        one.verify()
        other.verify()


@pytest.mark.parametrize("returning", [True, False])
def test_mariadb_calls_go_exactly(mariadb: MariaDB, freepbx: str, returning: bool) -> None:
    store = _open(mariadb, freepbx, kind="freepbx", dataset="calls", returning=returning)
    with mariadb.admin(freepbx) as plain:
        _rows_go(store, plain)


def test_mariadb_events_go_exactly(mariadb: MariaDB, freepbx: str) -> None:
    with mariadb.admin(freepbx) as plain:
        _events_go(_open(mariadb, freepbx, kind="freepbx", dataset="events"), plain)


def test_postgresql_calls_go_exactly(postgresql: PostgreSQL, asterisk: str) -> None:
    store = _open(postgresql, asterisk, kind="asterisk", dataset="calls")
    with postgresql.admin(asterisk) as plain:
        _rows_go(store, plain)


def test_postgresql_events_go_exactly(postgresql: PostgreSQL, asterisk: str) -> None:
    with postgresql.admin(asterisk) as plain:
        _events_go(_open(postgresql, asterisk, kind="asterisk", dataset="events"), plain)


# --- engines without transactions, shadow copies (FreePBX's own default) ---


def _shadowed(mariadb: MariaDB, database: str) -> None:
    with mariadb.admin(database) as plain, plain.cursor() as cursor:
        cursor.execute("CREATE TABLE transient_cdr LIKE cdr")
        cursor.execute("ALTER TABLE transient_cdr ENGINE=MyISAM")
        cursor.execute("INSERT INTO transient_cdr SELECT * FROM cdr")
        cursor.execute(
            "CREATE TRIGGER cdrTrigger AFTER INSERT ON cdr FOR EACH ROW"
            " INSERT INTO transient_cdr (calldate, uniqueid) VALUES (NEW.calldate, NEW.uniqueid)"
        )
    grants = FREEPBX | {"transient_cdr": FREEPBX["cdr"]}
    mariadb.create_user("pbxretain", password=PASSWORD, database=database, grants=grants)


def _count(plain: Any, statement: str) -> int:
    with plain.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])


def test_shadow_copies_go_with_their_rows_and_only_after_the_commit(
    mariadb: MariaDB, freepbx: str
) -> None:
    _shadowed(mariadb, freepbx)
    store = _open(mariadb, freepbx, kind="freepbx", dataset="calls")
    selection = selecting(store, samples.CUTOFF, samples.NOW)
    with mariadb.admin(freepbx) as plain:
        with store.take(selection, limit=20, after=None, skip=frozenset(), name=NAME) as batch:
            assert _count(plain, "SELECT COUNT(*) FROM transient_cdr") == 310
        with store.take(selection, limit=20, after=None, skip=frozenset(), name=NAME) as batch:
            batch.commit()
            assert batch.finish().also == {"transient_cdr": len(batch.taken)}
            assert batch.finish().also == {"transient_cdr": 0}
        drain(store, selection)
        assert contents(plain, "cdr")["cdr"] == contents(plain, "transient_cdr")["transient_cdr"]
        (shadow,) = store.shadow_stores()
        assert shadow.census(selection).before == 0


def test_a_shadow_copy_without_its_row_is_a_record_of_its_own(
    mariadb: MariaDB, freepbx: str
) -> None:
    _shadowed(mariadb, freepbx)
    with mariadb.admin(freepbx) as plain:
        expected = samples.calls(plain)
        with plain.cursor() as cursor:
            cursor.execute("DELETE FROM cdr ORDER BY calldate LIMIT 30")
        store = _open(mariadb, freepbx, kind="freepbx", dataset="calls")
        (shadow,) = store.shadow_stores()
        assert shadow.dataset == "calls-transient-cdr"
        selection = selecting(shadow, samples.CUTOFF, samples.NOW)
        assert shadow.census(selection).due == 30
        assert len(drain(shadow, selection, limit=7)) == 30
        assert shadow.census(selection).due == 0
        drain(store, selection)
        with plain.cursor() as cursor:
            cursor.execute("SELECT uniqueid, sequence FROM transient_cdr")
            assert {(u, s) for u, s in cursor.fetchall()} == expected.stay


@pytest.mark.parametrize("collation", ["latin1_german1_ci", "utf8mb4_czech_ci"])
def test_a_shadow_copy_in_another_collation_still_knows_its_row(
    mariadb: MariaDB, freepbx: str, collation: str
) -> None:
    _shadowed(mariadb, freepbx)
    with mariadb.admin(freepbx) as plain:
        with plain.cursor() as cursor:
            for column in ("uniqueid", "linkedid"):
                cursor.execute(
                    f"ALTER TABLE transient_cdr MODIFY {column} varchar(32) CHARACTER SET"
                    f" {collation.partition('_')[0]} COLLATE {collation} NOT NULL DEFAULT ''"
                )
        store = _open(mariadb, freepbx, kind="freepbx", dataset="calls")
        (shadow,) = store.shadow_stores()
        selection = selecting(shadow, samples.CUTOFF, samples.NOW)
        assert shadow.census(selection).before == 0
        drain(store, selecting(store, samples.CUTOFF, samples.NOW))
        rows = (_count(plain, f"SELECT COUNT(*) FROM {t}") for t in ("cdr", "transient_cdr"))
        assert len(set(rows)) == 1


def test_settle_removes_the_shadow_copies_of_what_went(mariadb: MariaDB, freepbx: str) -> None:
    _shadowed(mariadb, freepbx)
    store = _open(mariadb, freepbx, kind="freepbx", dataset="calls")
    selection = selecting(store, samples.CUTOFF, samples.NOW)
    with mariadb.admin(freepbx) as plain:
        with store.take(selection, limit=20, after=None, skip=frozenset(), name=NAME) as batch:
            sealed = Sealed(batch.taken, batch.bounds, batch.session)
        assert not any(store.settle(sealed))
        assert _count(plain, "SELECT COUNT(*) FROM transient_cdr") == 310
        with store.take(selection, limit=20, after=None, skip=frozenset(), name=NAME) as batch:
            sealed = Sealed(batch.taken, batch.bounds, batch.session)
            batch.commit()
        assert all(store.settle(sealed))
        assert _count(plain, "SELECT COUNT(*) FROM transient_cdr") == 310 - sealed.count


def test_rows_of_an_engine_without_transactions_go_only_with_the_commit(
    mariadb: MariaDB, freepbx: str
) -> None:
    with mariadb.admin(freepbx) as plain:
        expected = samples.calls(plain)
        with plain.cursor() as cursor:
            cursor.execute("ALTER TABLE cdr ENGINE=MyISAM")
        store = _open(mariadb, freepbx, kind="freepbx", dataset="calls")
        assert not store.shape.transactional
        selection = selecting(store, samples.CUTOFF, samples.NOW)
        with store.take(selection, limit=20, after=None, skip=frozenset(), name=NAME) as batch:
            sealed = Sealed(batch.taken, batch.bounds, batch.session)
            assert _count(plain, "SELECT COUNT(*) FROM cdr") == 310
        assert not any(store.settle(sealed))
        assert sorted(numbered(drain(store, selection))) == sorted(expected.due)
        assert samples.calls(plain).stay == expected.stay


def test_without_transactions_a_twin_that_waits_for_its_file_stays(bench: Bench) -> None:
    when = "2026-08-01 10:00:00"
    bench.calls([(when, "a.1", 1, "", "", "x.wav"), (when, "a.1", 1, "", "", "")])
    if bench.kind == "mysql":
        bench.run("ALTER TABLE cdr ENGINE=MyISAM")
    store = bench.open(link=LINK)
    selection = selecting(store, samples.CUTOFF, samples.NOW, wait_for_part=True)
    assert len(drain(store, selection)) == 1
    assert [row[5] for row in bench.rows()] == ["x.wav"]


# --- lost answers, ended sessions, servers that go away ---


def test_a_commit_whose_answer_is_lost_is_unknown_until_settled(bench: Bench) -> None:
    bench.calls([("2026-08-01 10:00:00", f"{n}.1", n) for n in range(5)])
    store = bench.open()
    selection = selecting(store, samples.CUTOFF, samples.NOW)
    with store.take(selection, limit=9, after=None, skip=frozenset(), name=NAME) as batch:
        sealed = Sealed(batch.taken, batch.bounds, batch.session)
        assert sealed.session is not None
        if bench.kind == "mysql":
            _kill(bench, sealed.session)
        else:
            bench.ask(f"SELECT pg_terminate_backend({sealed.session.values['pid']}, 5000)")
        with pytest.raises(OutcomeUnknown) as caught:
            batch.commit()
    assert caught.value.__cause__ is None
    assert store.settle(sealed) == [False] * 5
    assert len(drain(store, selection)) == 5


def test_an_unlocked_row_that_changes_between_reading_and_deleting_undoes_the_batch(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.calls([("2026-08-01 10:00:00", f"{n}.1", n) for n in range(3)])
    store = bench.open()
    selection = selecting(store, samples.CUTOFF, samples.NOW)
    others = frozenset(bytes([n]) for n in range(MANY_IDENTITIES + 1))
    plain = Deleter._remove_children

    def meanwhile(self: Deleter, *given: Any) -> None:
        bench.run("UPDATE cdr SET src = '+493012345' WHERE uniqueid = '1.1'")
        plain(self, *given)

    with monkeypatch.context() as patch:
        patch.setattr(Deleter, "_remove_children", meanwhile)
        with pytest.raises(StoreError) as caught:
            store.take(selection, limit=9, after=None, skip=others, name=NAME)
    assert caught.value.code == "MOVED"
    assert sum(bench.rows().values()) == 3
    assert len(drain(store, selection, skip=others)) == 3


def _kill(bench: Bench, session: SessionId) -> None:
    [(number,)] = bench.ask(f"SELECT IS_USED_LOCK('{session.values['lock']}')")
    bench.run(f"KILL {number}")


def test_a_session_that_died_between_batches_is_replaced(bench: Bench) -> None:
    bench.calls([("2026-08-01 10:00:00", f"{n}.1", n) for n in range(5)])
    store = bench.open()
    selection = selecting(store, samples.CUTOFF, samples.NOW)
    with store.take(selection, limit=9, after=None, skip=frozenset(), name=NAME) as batch:
        session = batch.session
    assert session is not None
    if bench.kind == "mysql":
        _kill(bench, session)
    else:
        bench.ask(f"SELECT pg_terminate_backend({session.values['pid']}, 5000)")
    with pytest.raises(UnavailableError):
        store.take(selection, limit=9, after=None, skip=frozenset(), name=NAME)
    assert len(drain(store, selection)) == 5


def test_settle_ends_a_session_that_still_lives(bench: Bench) -> None:
    bench.calls([("2026-08-01 10:00:00", f"{n}.1", n) for n in range(3)])
    dead = bench.open()
    selection = selecting(dead, samples.CUTOFF, samples.NOW)
    batch = dead.take(selection, limit=50, after=None, skip=frozenset(), name=NAME)
    store = bench.open()
    assert store.settle(Sealed(batch.taken, batch.bounds, batch.session)) == [False] * 3
    assert len(bench.left()) == 3
    with pytest.raises(StoreError):
        batch.commit()
    assert len(bench.left()) == 3


def test_settle_looks_when_the_transaction_is_forgotten(bench: Bench) -> None:
    bench.calls([("2026-08-01 10:00:00", f"{n}.1", n) for n in range(5)])
    store = bench.open()
    selection = selecting(store, samples.CUTOFF, samples.NOW)
    with store.take(selection, limit=9, after=None, skip=frozenset(), name=NAME) as batch:
        sealed = Sealed(batch.taken, batch.bounds, None)
        batch.commit()
    bench.insert([("2026-08-01 10:00:00", "0.1", 0), ("2026-08-01 10:00:00", "9.1", 9)])
    assert store.settle(replace(sealed)) == [False, True, True, True, True]


def test_a_lock_whose_connection_died_is_lost(bench: Bench) -> None:
    with DatabaseLock(bench.engine) as lock:
        lock.verify()
        if bench.kind == "mysql":
            ids = bench.ask("SELECT ID FROM information_schema.PROCESSLIST")
            own = bench.ask("SELECT CONNECTION_ID()")[0]
            for row in ids:
                if row != own:
                    bench.run(f"KILL {row[0]}")
        else:
            bench.ask(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE usename = current_user AND pid <> pg_backend_pid()"
            )
        with pytest.raises(LockedError, match="lost"):
            lock.verify()


def test_the_clock_of_the_server_is_told(bench: Bench) -> None:
    clock = database_clock(bench.engine)
    assert clock is not None
    assert abs(clock - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_wrong_password_is_one_sentence(mariadb: MariaDB, postgresql: PostgreSQL) -> None:
    for server, database in ((mariadb, "mysql"), (postgresql, "postgres")):
        with pytest.raises(UnavailableError) as caught:
            Session(connect(server.url(database, "nobody-there"), "wrong"))
        assert "nobody-there" not in str(caught.value)
        assert caught.value.__suppress_context__


# --- rights, triggers, zones ---


def test_a_right_that_is_missing_is_named_with_the_command(
    mariadb: MariaDB, postgresql: PostgreSQL, freepbx: str, asterisk: str
) -> None:
    only = {"cdr": "SELECT"}
    mariadb.create_user("pbxretain", password=PASSWORD, database=freepbx, grants=only)
    store = _open(mariadb, freepbx, kind="freepbx", dataset="calls")
    commands = [advice.command for advice in store.check() if advice.severity == "error"]
    place = "`asteriskcdrdb`.`cdr`"
    assert commands == [
        f"GRANT DELETE ON {place} TO 'pbxretain'@'127.0.0.1';",
        f"GRANT UPDATE (recordingfile) ON {place} TO 'pbxretain'@'127.0.0.1';",
        f"GRANT TRIGGER ON {place} TO 'pbxretain'@'127.0.0.1';",
        "GRANT REFERENCES ON `asteriskcdrdb`.* TO 'pbxretain'@'127.0.0.1';",
    ]
    assert "TRIGGERS_HIDDEN" in [advice.code for advice in store.check()]
    with pytest.raises(StoreError) as caught:
        drain(store, selecting(store, samples.CUTOFF, samples.NOW))
    assert caught.value.code == "RIGHTS"
    postgresql.create_user("pbxretain", password=PASSWORD, database=asterisk, grants=only)
    store = _open(postgresql, asterisk, kind="asterisk", dataset="calls")
    commands = [advice.command for advice in store.check() if advice.severity == "error"]
    assert commands == ['GRANT DELETE ON "cdr" TO "pbxretain";']


def test_with_the_documented_rights_nothing_is_missing(
    mariadb: MariaDB, postgresql: PostgreSQL, freepbx: str, asterisk: str
) -> None:
    for server, database, kind in (
        (mariadb, freepbx, "freepbx"),
        (postgresql, asterisk, "asterisk"),
    ):
        found = _open(server, database, kind=kind, dataset="calls").check()
        assert not [advice for advice in found if advice.severity == "error"]
        assert "TRIGGERS_HIDDEN" not in [advice.code for advice in found]
    assert [a.command for a in found] == [
        'CREATE INDEX CONCURRENTLY cdr_start ON "cdr" ("start");',
    ]


def test_an_undeclared_trigger_refuses(bench: Bench) -> None:
    bench.calls([])
    bench.run("CREATE TABLE copies (uniqueid varchar(80))")
    if bench.kind == "mysql":
        bench.run(
            "CREATE TRIGGER keep_all AFTER DELETE ON cdr FOR EACH ROW"
            " INSERT INTO copies VALUES (OLD.uniqueid)"
        )
    else:
        bench.run(
            "CREATE FUNCTION keep_all() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN INSERT INTO copies VALUES (OLD.uniqueid); RETURN OLD; END'"
        )
        bench.run(
            "CREATE TRIGGER keep_all AFTER DELETE ON cdr FOR EACH ROW EXECUTE FUNCTION keep_all()"
        )
    with pytest.raises(DriftError, match=r"trigger keep_all \(delete\)"):
        bench.open()
    bench.open(triggers=[{"table": "cdr", "name": "keep_all", "event": "delete"}])


def test_a_large_table_without_any_index_refuses_with_the_command(
    mariadb: MariaDB, freepbx: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mariadb.admin(freepbx) as plain, plain.cursor() as cursor:
        cursor.execute("DROP INDEX calldate ON cdr")
        cursor.execute("ANALYZE TABLE cdr")
    monkeypatch.setattr("pbxretain.stores.reading.SMALL", 100)
    store = _open(mariadb, freepbx, kind="freepbx", dataset="calls")
    errors = [advice for advice in store.check() if advice.severity == "error"]
    assert [advice.code for advice in errors] == ["NO_INDEX"]
    selection = selecting(store, samples.CUTOFF, samples.NOW)
    with pytest.raises(StoreError, match="CREATE INDEX"):
        store.take(selection, limit=9, after=None, skip=frozenset(), name=NAME)
    with mariadb.admin(freepbx) as plain, plain.cursor() as cursor:
        cursor.execute(errors[0].command)
    assert drain(_open(mariadb, freepbx, kind="freepbx", dataset="calls"), selection)


def test_the_session_is_fixed_so_that_bytes_stay_the_same(mariadb: MariaDB, freepbx: str) -> None:
    store = _open(mariadb, freepbx, kind="freepbx", dataset="calls")
    opened = Session(store.engine)
    assert opened.value("SELECT @@tx_isolation") == b"READ-COMMITTED"
    assert opened.value("SELECT @@character_set_results") is None
    assert opened.value("SELECT @@time_zone") == b"+00:00"
    opened.close()


def test_the_rows_of_partitions_go_too(bench: Bench) -> None:
    bench.run(
        "CREATE TABLE cdr (start timestamp, uniqueid varchar(80), sequence integer,"
        " linkedid varchar(80), src char(9), recordingfile text) PARTITION BY RANGE (start)"
    )
    for month in (7, 8):
        bench.run(
            f"CREATE TABLE cdr_{month} PARTITION OF cdr"
            f" FOR VALUES FROM ('2026-0{month}-01') TO ('2026-0{month + 1}-01')"
        )
    times = [f"2026-0{7 + n % 2}-{1 + n:02} 10:00:00" for n in range(28)]
    bench.insert([(time, f"{n // 4}.1", 1, "", "+431") for n, time in enumerate(times)])
    store = bench.open(starts=REFEREE, call_id=[])
    selection = selecting(store, samples.CUTOFF, samples.NOW)
    assert len(drain(store, selection, limit=5)) == sum(t < "2026-08-17" for t in times)
    assert min(row[0] for row in bench.ask("SELECT start FROM cdr")) > samples.CUTOFF.replace(
        tzinfo=None
    )


def test_columns_that_are_instants_are_read_as_such(bench: Bench) -> None:
    kind = {"mysql": "timestamp NULL", "postgresql": "timestamp with time zone"}[bench.kind]
    bench.run("SET time_zone = '+00:00'" if bench.kind == "mysql" else "SET TimeZone = 'UTC'")
    bench.calls(
        [("2026-08-16 21:59:59", "a.1", 1), ("2026-08-16 22:00:00", "b.1", 2), (None, "c.1", 3)],
        time=kind,
    )
    store = bench.open()
    selection = selecting(store, samples.CUTOFF, samples.NOW)
    assert store.census(selection).undated == 1
    drain(store, selection)
    assert bench.left() == ["b.1", "c.1"]


ODD = [b"plain.wav", "\u00fc.wav".encode(), "\U0001f600.wav".encode(), b"\xfc.wav", b"\xff\xfe.wav"]
"""File names: not all of them fit into a column, and two are no text at all."""


@pytest.mark.parametrize("charset", ["latin1", "utf8mb3", "utf8mb4"])
def test_file_names_of_any_bytes_can_be_asked_for_and_blanked(
    mariadb: MariaDB, freepbx: str, charset: str
) -> None:
    column = f"recordingfile varchar(255) CHARACTER SET {charset} NOT NULL DEFAULT ''"
    with mariadb.admin(freepbx) as plain, plain.cursor() as cursor:
        cursor.execute(f"ALTER TABLE cdr MODIFY {column}")
        cursor.execute("SELECT DISTINCT uniqueid FROM cdr LIMIT 5")
        for (call,), name in zip(cursor.fetchall(), ODD, strict=True):
            with suppress(pymysql.err.Error):  # not every name fits
                raw = f"UPDATE cdr SET recordingfile = CONVERT(_binary %s USING {charset})"
                cursor.execute(f"{raw} WHERE uniqueid = %s", (name, call))
        cursor.execute("SELECT DISTINCT CAST(recordingfile AS BINARY) FROM cdr")
        there = {value for (value,) in cursor.fetchall()} & set(ODD)
        assert b"plain.wav" in there
        naming = _open(mariadb, freepbx, kind="freepbx", dataset="calls").naming()
        assert set(naming.newest_leg(ODD)) == there
        assert naming.blank(ODD) >= len(there)
        cursor.execute("SELECT DISTINCT CAST(recordingfile AS BINARY) FROM cdr")
        assert not {value for (value,) in cursor.fetchall()} & set(ODD)


def test_file_names_that_are_no_text_can_be_asked_of_postgresql(
    postgresql: PostgreSQL, asterisk: str
) -> None:
    with postgresql.admin(asterisk) as plain:
        plain.execute("ALTER TABLE cdr ADD recordingfile varchar(255) DEFAULT ''")
        plain.execute("UPDATE cdr SET recordingfile = %s", (ODD[2].decode(),))
        plain.execute("GRANT UPDATE (recordingfile) ON cdr TO pbxretain")
    naming = _open(postgresql, asterisk, kind="asterisk", dataset="calls").naming()
    assert set(naming.newest_leg(ODD)) == {ODD[2]}
    assert naming.blank(ODD)
    assert naming.newest_leg(ODD) == {}


@pytest.mark.parametrize(
    ("table", "right"),
    [
        ("cdr", "UPDATE (recordingfile)"),
        ("cdr", "TRIGGER"),
        ("transient_cdr", "UPDATE (recordingfile)"),
        ("transient_cdr", "DELETE"),
    ],
)
def test_rights_that_copies_and_links_need_are_missed_before_anything_goes(
    mariadb: MariaDB, freepbx: str, table: str, right: str
) -> None:
    grants = {**FREEPBX, "transient_cdr": FREEPBX["cdr"]}
    grants[table] = ", ".join(g for g in FREEPBX["cdr"].split(", ") if g != right)
    with mariadb.admin(freepbx) as plain, plain.cursor() as cursor:
        cursor.execute("CREATE TABLE transient_cdr LIKE cdr")
        mariadb.create_user("pbxretain", password=PASSWORD, database=freepbx, grants=grants)
    store = _open(mariadb, freepbx, kind="freepbx", dataset="calls")
    errors = [advice.command for advice in store.check() if advice.severity == "error"]
    assert len(errors) == 1
    assert f"GRANT {right} ON " in errors[0]
    assert f"`{table}`" in errors[0]
    linked = [advice.command for advice in store.naming().check()]
    assert linked == (errors if right.startswith("UPDATE") else [])


def test_a_table_that_may_be_deleted_from_but_not_read_is_refused_with_the_command(
    mariadb: MariaDB, freepbx: str
) -> None:
    grants = {**FREEPBX, "cdr": "DELETE, TRIGGER"}
    mariadb.create_user("pbxretain", password=PASSWORD, database=freepbx, grants=grants)
    with pytest.raises(RefusedError) as refused:
        _open(mariadb, freepbx, kind="freepbx", dataset="calls")
    assert "GRANT SELECT ON" in refused.value.hint


def test_copies_of_one_second_are_not_compared_pair_by_pair(mariadb: MariaDB, freepbx: str) -> None:
    """An import leaves thousands of rows in one second, and statistics that know none of them."""
    with mariadb.admin(freepbx) as plain, plain.cursor() as cursor:
        for table in ("transient_cdr", "cdr"):
            if table == "transient_cdr":
                cursor.execute("CREATE TABLE transient_cdr LIKE cdr")
            cursor.execute(f"ALTER TABLE {table} STATS_AUTO_RECALC = 0")
            cursor.execute(f"TRUNCATE {table}")
            cursor.execute(f"ANALYZE TABLE {table}")
            cursor.execute(
                f"INSERT INTO {table} (calldate, uniqueid, linkedid, dst, sequence)"
                " SELECT '2026-01-05 10:00:00', CONCAT('1767603600.', seq), '', '411', 0"
                " FROM seq_1_to_8000"
            )
        grants = {**FREEPBX, "transient_cdr": FREEPBX["cdr"]}
        mariadb.create_user("pbxretain", password=PASSWORD, database=freepbx, grants=grants)
        copies = _open(mariadb, freepbx, kind="freepbx", dataset="calls").shadow_stores()[0]
        census = copies.census(selecting(copies, samples.CUTOFF, samples.NOW))
        assert census.due == 0
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Handler_read_next'")
        before = int(cursor.fetchone()[1])
        copies.census(selecting(copies, samples.CUTOFF, samples.NOW))
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Handler_read_next'")
        assert int(cursor.fetchone()[1]) - before < 500_000


def test_the_oldest_and_the_newest_date_come_out_of_the_index(
    postgresql: PostgreSQL, asterisk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def rows(session: Session, sql: Sql | str) -> list[Any]:
        asked.append(sql)
        return real(session, sql)

    real = Session.rows
    with postgresql.admin(asterisk) as plain:
        plain.execute('CREATE INDEX cdr_start ON cdr ("start")')
        plain.execute("SET enable_seqscan = off")
        store = _open(postgresql, asterisk, kind="asterisk", dataset="calls")
        monkeypatch.setattr(Session, "rows", rows)
        census = store.census(selecting(store, samples.CUTOFF, samples.NOW))
        ends = [sql for sql in asked if isinstance(sql, Sql) and sql.text.endswith(" LIMIT 1")]
        ends = [sql for sql in ends if " ORDER BY " in sql.text]
        assert len(ends) == 2
        for sql in ends:
            found = plain.execute(f"EXPLAIN {sql.text}", sql.args).fetchall()
            assert "Sort" not in str(found)
            assert "cdr_start" in str(found)
    assert census.oldest
    assert census.newest
    assert census.oldest < census.newest
