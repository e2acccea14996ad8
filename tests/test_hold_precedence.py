"""What counts first: hold, minimum, call on both sides of the cut-off, or the period itself?

Every combination over one row of a table, with what becomes of it: how it is counted, and whether
a run takes it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from support.tables import drain, table

from pbxretain.records import Selection
from pbxretain.stores.database import connect
from pbxretain.stores.table import TableStore, open_table

NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
CUTOFF, MAXIMUM = NOW - timedelta(days=300), NOW - timedelta(days=90)
"""A minimum keeps longer than the period: from the one to the other nothing may go."""

AGES = {"old": 400, "under-minimum": 200, "young": 10, "undated": None}
HELD = ("nobody", "call", "key")
COUNTS = ("due", "held", "straddling", "minimum", "undated")


def expected(age: str, held: str, straddling: bool) -> str | None:
    """How the one row is counted; None where it is simply kept."""
    if age == "undated":
        return "undated"
    if age == "young":
        return None
    if held != "nobody":
        return "held"
    if age == "under-minimum":
        return "minimum"
    return "straddling" if straddling else "due"


@pytest.fixture(scope="module", params=AGES)
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, TableStore]]:
    path = tmp_path_factory.mktemp("precedence") / "cdr.db"
    days = AGES[request.param]
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE cdr (start, src, uniqueid, sequence, linkedid)")
        database.execute("CREATE INDEX by_start ON cdr (start)")
        stamp = f"{NOW - timedelta(days=days):%Y-%m-%d %H:%M:%S}" if days else "0000-00-00 00:00:00"
        database.execute("INSERT INTO cdr VALUES (?, '030', 'u', '1', 'call')", (stamp,))
        database.commit()
    opened = open_table(
        name="calls", dataset=table(), engine=connect(f"sqlite:///{path}"), zone=ZoneInfo("UTC")
    )
    yield request.param, opened
    opened.close()


@pytest.mark.parametrize(("held", "straddling"), list(product(HELD, (False, True))))
def test_each_row_is_counted_once_by_what_comes_first(
    store: tuple[str, TableStore], held: str, straddling: bool
) -> None:
    age, opened = store
    bare = Selection(cutoff=CUTOFF, maximum=MAXIMUM, now=NOW, start="call-start")
    selection = Selection(
        cutoff=CUTOFF,
        maximum=MAXIMUM,
        now=NOW,
        start="call-start",
        excluded_calls=frozenset([b"call"] if straddling else []),
        held_calls=frozenset([b"call"] if held == "call" else []),
        excluded_keys=frozenset(_identity(opened, bare) if held == "key" else []),
    )
    census = opened.census(selection)
    counted = {name for name in COUNTS if getattr(census, name)}
    wanted = expected(age, held, straddling)
    assert counted == ({wanted} if wanted else set())
    assert sum(getattr(census, name) for name in COUNTS) == len(counted)
    if wanted != "due":
        assert drain(opened, selection) == []
        assert opened.census(bare).total == 1


def _identity(opened: TableStore, bare: Selection) -> list[bytes]:
    far = Selection(cutoff=NOW, now=NOW, start=bare.start)
    return [item.taken.identity for item in opened.itemise(far, everything=True)]
