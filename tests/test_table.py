"""Table store on SQLite."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support import samples
from support.day_promises import *  # noqa: F403
from support.facet_promises import *  # noqa: F403
from support.redaction_promises import *  # noqa: F403
from support.table_promises import *  # noqa: F403
from support.table_promises import CUTOFF, NOW, Bench
from support.tables import NAME, Sealed, contents, drain, numbered, selecting, shipped, table

from pbxretain.errors import DriftError, StoreError, UnavailableError
from pbxretain.manifest import Start
from pbxretain.records import Redaction, pack
from pbxretain.stores import counting
from pbxretain.stores.database import Session, connect
from pbxretain.stores.dialects import dialect_named, form_pattern
from pbxretain.stores.rows import unpack
from pbxretain.stores.table import TableStore, open_table
from pbxretain.stores.times import time_column


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


# --- nothing due remains, nothing else changed ---

CUT = datetime(2026, 10, 25, 1, tzinfo=UTC)
TIMES = st.one_of(
    st.none(),
    st.just("0000-00-00 00:00:00"),
    st.integers(-300, 300)
    .map(lambda n: CUT + timedelta(minutes=n))
    .map(lambda t: f"{t.astimezone(samples.ZONE):%Y-%m-%d %H:%M:%S}"),
    st.just("2026-01-01 10:00:00.25"),
)
CALLS = st.sampled_from(["", None, "a.1", "A.1", "b.1", "c.1 "])
IDS = st.one_of(
    st.sampled_from(["x", ""]),
    st.integers(-330, 330).map(lambda n: f"{int(CUT.timestamp()) + 60 * n}.7"),
)
ROWS = st.lists(st.tuples(TIMES, IDS, st.integers(0, 2), CALLS), max_size=25)
DUE = {"call-start": {"column": "start", "type": "text", "referee": "uniqueid"}}


def _readings(stamp: str) -> list[datetime]:
    """Every instant that a local or UTC wall clock value may stand for, the latest local first."""
    naive = datetime.fromisoformat(stamp)
    local = {naive.replace(tzinfo=samples.ZONE, fold=f).astimezone(UTC) for f in (0, 1)}
    return [*sorted(local, reverse=True), naive.replace(tzinfo=UTC)]


def _instant(row: tuple[Any, ...]) -> datetime | None:
    """By the promise: the epoch in the uniqueid decides, else the later local reading."""
    stamp, uniqueid = row[0], row[1]
    if stamp is None or stamp.startswith("0000"):
        return None
    readings = _readings(stamp)
    if not uniqueid.endswith(".7"):
        return readings[0]
    epoch = datetime.fromtimestamp(int(uniqueid[:-2]), UTC)
    near = [r for r in readings if abs(r - epoch) <= timedelta(minutes=5)]
    since = timedelta(minutes=-5)
    possible = [r for r in readings if since <= r - epoch <= timedelta(days=2)]
    return (near or possible or readings)[0]


def _survives(rows: list[tuple[Any, ...]]) -> Counter[tuple[Any, ...]]:
    sides: dict[str, set[bool]] = {}
    for row in rows:
        when = _instant(row)
        if when is not None and (row[3] or row[1]):
            sides.setdefault(row[3] or row[1], set()).add(when < CUT)
    return Counter(
        row
        for row in rows
        if (when := _instant(row)) is None
        or when >= CUT
        or len(sides.get(row[3] or row[1], ())) == 2
    )


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS, limit=st.integers(1, 9), index=st.booleans())
def test_nothing_due_remains_and_nothing_else_changes(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[Any, ...]],
    limit: int,
    index: bool,
) -> None:
    path = tmp_path_factory.mktemp("property") / "cdr.sqlite"
    plain = sqlite3.connect(path, isolation_level=None)
    plain.execute("CREATE TABLE cdr (start, uniqueid, sequence, linkedid)")
    if index:
        plain.execute("CREATE INDEX cdr_start ON cdr (start)")
    plain.executemany("INSERT INTO cdr VALUES (?, ?, ?, ?)", rows)
    store = open_table(
        name="calls",
        dataset=table(starts=DUE, subjects={}),
        engine=connect(f"sqlite:///{path}"),
        zone=samples.ZONE,
    )
    expected = _survives(rows)
    selection = selecting(store, CUT, samples.NOW)
    census = store.census(selection)
    assert census.due == len(rows) - expected.total()
    taken = drain(store, selection, limit=limit)
    if store.census(selection).due:
        taken += drain(store, selection, limit=limit)
    assert contents(plain, "cdr")["cdr"] == expected
    assert len(taken) == census.due
    store.close()
    plain.close()


@given(st.lists(st.none() | st.binary(max_size=6), max_size=6))
def test_unpack_is_the_inverse_of_pack(fields: list[bytes | None]) -> None:
    assert list(unpack(pack(*fields))) == fields


# --- SQLite's own ways ---


def test_typeless_columns_keep_text_and_number_apart(bench: Bench) -> None:
    bench.run("CREATE TABLE cdr (start, uniqueid, sequence, linkedid, src)")
    bench.run("INSERT INTO cdr VALUES ('2026-08-01 10:00:00', '12', 1, '', 1)")
    bench.run("INSERT INTO cdr VALUES ('2026-08-01 10:00:00', 12, 1, '', 1)")
    store = bench.open()
    taken = drain(store, selecting(store, samples.CUTOFF, samples.NOW))
    assert len({record.identity for record in taken}) == 2
    assert {record.subjects for record in taken} == {(b"1",)}


def test_numbers_that_were_deleted_leave_the_file(tmp_path: Path) -> None:
    path = samples.restore_sqlite(tmp_path / "cdr.sqlite")
    plain = sqlite3.connect(path)
    (clid,) = plain.execute("SELECT clid FROM cdr WHERE clid <> '' LIMIT 1").fetchone()
    others = plain.execute("SELECT COUNT(*) FROM cel").fetchone()
    plain.execute("DELETE FROM cel")
    plain.execute("UPDATE cdr SET clid = 'Canary 4711-0815' WHERE AcctId = 1")
    plain.commit()
    plain.close()
    assert others[0] > 0
    assert clid
    assert b"Canary 4711-0815" in path.read_bytes()
    store = _open(path)
    drain(store, selecting(store, samples.CUTOFF, samples.NOW))
    store.close()
    assert b"Canary 4711-0815" not in path.read_bytes()


def test_a_busy_file_is_waited_for_and_then_named(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.calls([("2026-08-01 10:00:00", "a.1", 1)])
    store = bench.open()
    selection = selecting(store, samples.CUTOFF, samples.NOW)
    writer = sqlite3.connect(
        bench.ask("PRAGMA database_list")[0][2], isolation_level=None, check_same_thread=False
    )
    writer.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.4, lambda: writer.execute("ROLLBACK"))
    release.start()
    begun = time.monotonic()
    with store.take(selection, limit=9, after=None, skip=frozenset(), name=NAME) as batch:
        assert len(batch.taken) == 1
    assert time.monotonic() - begun > 0.3
    release.join()
    monkeypatch.setattr("pbxretain.stores.database.BUSY_SECONDS", 0.1)
    writer.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        store.take(selection, limit=9, after=None, skip=frozenset(), name=NAME)
    writer.execute("ROLLBACK")
    writer.close()
    assert len(drain(store, selection)) == 1


def test_a_reader_does_not_stop_a_commit_of_a_file_without_wal(tmp_path: Path) -> None:
    path = tmp_path / "cdr.sqlite"
    plain = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    plain.execute("CREATE TABLE cdr (start, uniqueid, sequence, linkedid, src)")
    for n in range(9):
        plain.execute("INSERT INTO cdr VALUES ('2026-08-01 10:00:00', ?, 1, '', '')", (f"{n}.1",))
    store = open_table(
        name="calls", dataset=table(), engine=connect(f"sqlite:///{path}"), zone=samples.ZONE
    )
    selection = selecting(store, samples.CUTOFF, samples.NOW)
    with store.take(selection, limit=9, after=None, skip=frozenset(), name=NAME) as batch:
        plain.execute("BEGIN")
        plain.execute("SELECT * FROM cdr").fetchone()
        release = threading.Timer(0.5, lambda: plain.execute("COMMIT"))
        release.start()
        batch.commit()
        release.join()
    assert plain.execute("SELECT COUNT(*) FROM cdr").fetchone() == (0,)


def test_a_killed_process_leaves_every_row_there(bench: Bench, tmp_path: Path) -> None:
    bench.calls([("2026-08-01 10:00:00", f"{n}.1", n) for n in range(9)])
    store = bench.open()
    selection = selecting(store, samples.CUTOFF, samples.NOW)
    batch = store.take(selection, limit=9, after=None, skip=frozenset(), name=NAME)
    sealed = Sealed(batch.taken, batch.bounds, batch.session)
    copy = tmp_path / "crashed.sqlite"
    original = tmp_path / "cdr.sqlite"
    for suffix in ("", "-wal", "-shm"):
        if original.with_name(original.name + suffix).exists():
            data = original.with_name(original.name + suffix).read_bytes()
            copy.with_name(copy.name + suffix).write_bytes(data)
    batch.rollback()
    crashed = open_table(
        name="calls", dataset=table(), engine=connect(f"sqlite:///{copy}"), zone=samples.ZONE
    )
    assert crashed.settle(sealed) == [False] * 9


def test_a_file_that_is_not_there_is_never_made(tmp_path: Path) -> None:
    path = tmp_path / "none" / "cdr.sqlite"
    with pytest.raises(UnavailableError):
        Session(connect(f"sqlite:///{path}"))
    assert not path.exists()
    (tmp_path / "empty.sqlite").touch()
    with pytest.raises(DriftError):
        _open(tmp_path / "empty.sqlite")


def test_an_address_that_cannot_be_used_is_one_sentence() -> None:
    for address in ("oracle://user@host/db", "not an address", "mysql:/x"):
        with pytest.raises(UnavailableError):
            Session(connect(address, "secret"))


def test_an_undeclared_trigger_refuses(bench: Bench) -> None:
    bench.calls([])
    bench.run("CREATE TABLE copies (uniqueid)")
    bench.run(
        "CREATE TRIGGER keep_all AFTER DELETE ON cdr BEGIN"
        " INSERT INTO copies VALUES (OLD.uniqueid); END"
    )
    with pytest.raises(DriftError, match="trigger keep_all"):
        bench.open()
    bench.open(triggers=[{"table": "cdr", "name": "keep_all", "event": "delete"}])


@given(st.integers(1, 9999), st.integers(0, 13), st.integers(0, 32))
@example(2000, 2, 29)
@example(1900, 2, 29)
@example(2024, 2, 29)
@example(2026, 2, 29)
@example(2026, 9, 31)
def test_a_day_fits_its_form_just_when_it_exists(year: int, month: int, day: int) -> None:
    text = f"{year:04}-{month:02}-{day:02} 00:00:00"
    try:
        exists = bool(date(year, month, day))
    except ValueError:
        exists = False
    assert bool(re.match(form_pattern("YYYY-MM-DD HH:MM:SS"), text)) == exists


def test_in_a_large_table_legs_are_looked_for_near_the_cut_off(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    legs = {
        "near": ("2026-08-14 12:00:00", "2026-08-19 12:00:00"),
        "far": ("2026-07-01 00:00:00", "2026-09-30 00:00:00"),
    }
    bench.calls(
        [(when, f"{call}.1", n, call) for call in legs for n, when in enumerate(legs[call])]
    )
    store = bench.open()
    selection = selecting(store, CUTOFF, NOW)
    assert selection.excluded_calls == {b"near", b"far"}
    monkeypatch.setattr(counting, "SMALL", 3)
    selection = selecting(store, CUTOFF, NOW)
    assert selection.excluded_calls == {b"near"}
    assert len(drain(store, selection)) == 1
    assert bench.left() == ["far.1", "near.1", "near.1"]


def test_a_number_beside_zero_dates_is_a_second_form() -> None:
    """Else every row with a date would count as undated, and stay without a word."""
    start = Start.model_validate({"column": "calldate"})
    with pytest.raises(DriftError, match="more than one form"):
        time_column(
            dialect=dialect_named("sqlite"),
            column="calldate",
            declared=None,
            start=start,
            zone=samples.ZONE,
            dataset="calls",
            sample=[123456, b"0000-00-00 00:00:00"],
        )


@pytest.mark.parametrize("redact", [False, True])
def test_an_address_that_two_rows_share_never_takes_the_younger_one_along(
    tmp_path: Path, redact: bool
) -> None:
    path, due = tmp_path / "calls.db", "2025-01-01 00:00:00"
    young = ("1", "young", 1, None, "2026-10-30 12:00:00", "030222")
    with sqlite3.connect(path) as made:
        made.execute(
            "CREATE TABLE cdr (rowid text, uniqueid text, sequence int, linkedid text, start text,"
            " src text)"
        )
        made.execute("CREATE INDEX cdr_start ON cdr (start)")
        made.execute("CREATE TABLE leg (cdr text, num text)")
        rows = [("1", "a", 1, None, due, "030111"), young, ("2", "c", 1, None, due, "redacted")]
        made.executemany("INSERT INTO cdr VALUES (?, ?, ?, ?, ?, ?)", rows)
        made.executemany("INSERT INTO leg VALUES (?, '030333')", [("a",), ("c",)])
    leg = {
        "table": "leg",
        "column": "cdr",
        "parent_column": "uniqueid",
        "redact": {"num": "number"},
    }
    store = open_table(
        name="calls",
        dataset=table(
            personal=["src"],
            redact={"src": "number"},
            children=[{**leg, "redact": {"num": "number"}}],
        ),
        engine=connect(f"sqlite:///{path}"),
        zone=samples.ZONE,
    )
    more: dict[str, Any] = {"redact": Redaction("constant")} if redact else {}
    selection = selecting(store, samples.CUTOFF, samples.NOW, **more)
    assert {taken.key[0] for taken in drain(store, selection)} == {b"a", b"c"}
    with sqlite3.connect(path) as left:
        rows = left.execute("SELECT * FROM cdr").fetchall()
    assert young in rows
    assert [row for row in rows if row[5] not in ("030222", "redacted")] == []


@pytest.mark.parametrize(
    ("kind", "value", "exact"),
    [
        ("bigint", b"7", True),
        ("bigint", b"-7", True),
        ("bigint", b"007", False),
        ("uuid", b"0f8fad5b-d9cb-469f-a165-70867728950e", True),
        ("uuid", b"0F8FAD5B-D9CB-469F-A165-70867728950E", False),
        ("", b"7", False),
    ],
)
def test_a_cast_stands_alone_only_for_what_the_server_itself_would_write(
    kind: str, value: bytes, exact: bool
) -> None:
    assert dialect_named("postgresql").is_exact(kind, [value]) is exact
    assert not dialect_named("mysql").is_exact(kind, [value])
