"""Table store on MariaDB and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support import samples
from support.servers import MariaDB, PostgreSQL, Server
from support.table_promises import *  # noqa: F403
from support.table_promises import Bench
from support.tables import contents, drain, numbered, selecting, shipped

from pbxretain.stores.database import connect
from pbxretain.stores.table import TableStore, open_table

PASSWORD = "a password of the tests"
FREEPBX = {
    "cdr": "SELECT, DELETE, UPDATE (recordingfile), TRIGGER",
    "cel": "SELECT, DELETE, TRIGGER",
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


KINDS = [("mariadb", None), ("mariadb", False), ("postgresql", None)]


@pytest.fixture(params=KINDS, ids=["mariadb", "mysql-8-path", "postgresql"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    kind, returning = request.param
    server: MariaDB | PostgreSQL = request.getfixturevalue(kind)
    database = server.create_database("bench")
    mysql = kind == "mariadb"
    if isinstance(server, PostgreSQL):
        server.create_user("owner", password=PASSWORD, database=database, grants={})
        with server.admin(database) as admin:
            admin.execute("ALTER SCHEMA public OWNER TO owner")
    else:
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
