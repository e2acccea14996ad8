"""Table store on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import samples
from support.table_promises import *  # noqa: F403
from support.table_promises import Bench
from support.tables import contents, drain, numbered, selecting, shipped

from pbxretain.stores.database import connect
from pbxretain.stores.table import TableStore, open_table


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    path = tmp_path / "cdr.sqlite"
    plain = sqlite3.connect(path, isolation_level=None)
    plain.execute("PRAGMA journal_mode = WAL")

    def run(statement: str, values: tuple[Any, ...] = ()) -> None:
        plain.execute(statement.replace("%s", "?"), values)

    def ask(statement: str) -> list[tuple[Any, ...]]:
        return plain.execute(statement).fetchall()

    made = Bench("sqlite", connect(f"sqlite:///{path}"), run, ask)
    yield made
    for store in made.opened:
        store.close()
    plain.close()


def _open(path: Path, dataset: str = "calls") -> TableStore:
    return open_table(
        name=dataset,
        dataset=shipped("asterisk", dataset),
        engine=connect(f"sqlite:///{path}"),
        zone=samples.ZONE,
    )


def test_takes_exactly_the_calls_that_their_uniqueids_call_due(tmp_path: Path) -> None:
    path = samples.restore_sqlite(tmp_path / "cdr.sqlite")
    plain = sqlite3.connect(path)
    expected = samples.calls(plain)
    before = contents(plain, "cdr", "cel")
    store = _open(path)
    selection = selecting(store, samples.CUTOFF, samples.NOW)
    census = store.census(selection)
    assert census.due == len(expected.due)
    assert census.straddling == expected.straddling
    taken = drain(store, selection)
    assert sorted(numbered(taken)) == sorted(expected.due)
    after = contents(plain, "cdr", "cel")
    assert after["cel"] == before["cel"]
    assert after["cdr"] <= before["cdr"]
    assert samples.calls(plain).stay == expected.stay
    left = store.census(selection)
    assert (left.due, left.before) == (0, expected.straddling)


def test_takes_exactly_the_due_events(tmp_path: Path) -> None:
    path = samples.restore_sqlite(tmp_path / "cdr.sqlite")
    plain = sqlite3.connect(path)
    expected = samples.events(plain)
    store = _open(path, "events-sqlite")
    selection = selecting(store, samples.CUTOFF, samples.NOW)
    assert store.census(selection).due == len(expected.due)
    assert len(drain(store, selection, limit=500)) == len(expected.due)
    left = {key for (key,) in plain.execute("SELECT AcctId FROM cel")}
    assert left == expected.stay
