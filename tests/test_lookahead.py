"""PostgreSQL at full speed: the next batch is taken while the one in hand becomes evidence.

Whatever comes in between, it is put back or takes its turn: no transaction stays open, no thread
runs on, and each record is there, or gone and covered once.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from support import aftermath, ahead, tables
from support.ahead import DISTINCT, DUE, HELD, SMALL, STAY, Bench
from support.crash import Outcome, When, Zygote, campaign
from support.planning import make_plan
from support.servers import MariaDB, PostgreSQL

from pbxretain import planfile
from pbxretain.batches import FULL_SPEED, GENTLE, Work
from pbxretain.errors import Exit, LockedError, StoreError, UnavailableError
from pbxretain.evidence.sealing import recipient
from pbxretain.holds import Folder
from pbxretain.lookahead import LookAhead
from pbxretain.manifest import TableDataset
from pbxretain.planfile import PlanFile
from pbxretain.records import Batch, Redaction, Selection
from pbxretain.stores import database
from pbxretain.stores.database import Session, connect
from pbxretain.stores.table import TableStore, open_table
from pbxretain.watching import Watch

THREAD = "pbxretain-ahead"


@pytest.fixture
def bench(postgresql: PostgreSQL, tmp_path: Path) -> Iterator[Bench]:
    yield from ahead.benched(postgresql, tmp_path)
    assert not _threads()


def _threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith(THREAD)]


@contextmanager
def _before(owner: type, name: str, act: Callable[..., object], *, turn: int = 1) -> Iterator[None]:
    """Within the block, ``act`` is called once, with the arguments of the n-th call of a method
    and before it; each batch is handed out once the next one is taken."""
    original: Any = getattr(owner, name)
    calls = count(1)
    done = []

    def called(self: Any, *args: Any, **how: Any) -> Any:
        if next(calls) == turn:
            done.append(name)
            act(self, *args, **how)
        return original(self, *args, **how)

    with pytest.MonkeyPatch.context() as patch:
        ahead.waits(patch)
        patch.setattr(owner, name, called)
        yield
    assert done, f"{name} was never called {turn} times"


def _clean(bench: Bench, *, left: int = STAY) -> None:
    """Nothing of the run is open or connected, and so many rows are there."""
    deadline = time.monotonic() + 5
    while bench.ours() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert bench.ours() == []
    assert not _threads()
    assert bench.left().total() == left


def _heals(bench: Bench, *, due: int = DUE) -> None:
    """The next run ends well, and all reports together cover each due record once."""
    done = bench.log.run()
    assert (done.exit_code, [str(error) for error in done.errors]) == (Exit.OK, [])
    _clean(bench)
    assert aftermath.deleted(bench.log.site()) == Counter(calls=due)
    aftermath.assert_genuine(bench.log.site(), datetime.now(UTC))


# --- what it does ---


def test_one_batch_is_sealed_and_the_next_one_is_no_more_than_an_open_transaction(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead.waits(monkeypatch)
    seal: Any = Work._seal
    named: list[tuple[int, int]] = []
    identities: list[set[bytes]] = []

    def sealing(self: Work, number: int, batch: Batch) -> None:
        assert self.journal.dead_intent() is None, "the batch before has no mark"
        assert batch.session is not None
        found = int(batch.session.values["pid"]), int(batch.session.values["xid"])
        named.append(found)
        own = bench.admin.execute(
            "SELECT backend_xid::text::bigint FROM pg_stat_activity WHERE pid = %s", found[:1]
        ).fetchone()
        assert own == found[1:], "the intent names the session that took it"
        identities.append({taken.identity for taken in batch.taken})
        assert len(bench.open()) == (1 if sum(map(len, identities)) == DISTINCT else 2)
        seal(self, number, batch)

    monkeypatch.setattr(Work, "_seal", sealing)
    assert bench.log.run().exit_code == Exit.OK
    pids = [pid for pid, _ in named]
    assert len(pids) > 4
    assert len(set(pids)) == 2
    assert all(one != other for one, other in pairwise(pids)), "in turn"
    assert sum(map(len, identities)) == len(set().union(*identities)) == DISTINCT, "no twins parted"
    _clean(bench)
    assert bench.left() == Counter(straddler=2, young=2, undated=1)
    assert aftermath.deleted(bench.log.site()) == Counter(calls=DUE)
    aftermath.assert_genuine(bench.log.site(), datetime.now(UTC))


@pytest.mark.parametrize("indexed", [True, False])
def test_the_same_goes_as_with_one_connection(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, indexed: bool
) -> None:
    """With an index windows of time lead, without one the table's blocks."""
    if not indexed:
        bench.admin.execute("DROP INDEX cdr_start")
    second: Any = TableStore.second
    offered = []

    def told(self: TableStore, selection: Selection) -> TableStore | None:
        offered.append(second(self, selection))
        return offered[-1]  # type: ignore[no-any-return]

    monkeypatch.setattr(TableStore, "second", told)
    assert bench.log.run(pace=FULL_SPEED).exit_code == Exit.OK
    assert all(offered)
    assert offered
    _clean(bench)
    assert bench.left() == Counter(straddler=2, young=2, undated=1)


def test_both_connections_have_the_same_settings(bench: Bench) -> None:
    store = _store(bench)
    second = store.second(_selection())
    assert second is not None
    try:
        names = [text.split()[1] for text in database._SETTINGS["postgresql"]]
        assert "lock_timeout" in names
        one, other = store._session(), second._session()
        assert one is not other
        assert [one.value(f"SHOW {name}") for name in names] == [
            other.value(f"SHOW {name}") for name in names
        ]
    finally:
        second.close()
        store.close()


# --- where nothing changes ---


@pytest.mark.parametrize("kind", ["gentle", "by plan file", "sealed"])
def test_a_run_of_another_kind_takes_nothing_ahead(bench: Bench, tmp_path: Path, kind: str) -> None:
    how: dict[str, Any] = {"pace": GENTLE if kind == "gentle" else SMALL}
    if kind == "by plan file":
        how["planned"] = _planned(bench, tmp_path / "plan")
    if kind == "sealed":
        how["recipients"] = [recipient(X25519PrivateKey.generate().public_key())]

    def look(*args: object) -> None:
        del args
        assert len(bench.open()) == 1
        assert not _threads()

    with _before(Work, "_seal", look):
        assert bench.log.run(**how).exit_code == Exit.OK
    _clean(bench)


def _planned(bench: Bench, path: Path) -> PlanFile:
    site = bench.log.site()
    make_plan(bench.log.terms(), site, path, now=datetime.now(UTC))
    return planfile.read(path, site.key)


LINKED: dict[str, Any] = {
    "link": {"column": "userfield", "dataset": "recordings", "on_part_gone": "leave"}
}


@pytest.mark.parametrize(
    ("fields", "statement"),
    [
        (LINKED, ""),
        ({"shadows": [{"table": "copy"}]}, "CREATE TABLE copy (LIKE cdr)"),
        (
            {"children": [{"table": "child", "column": "of", "parent_column": "sequence"}]},
            "CREATE TABLE child (of integer)",
        ),
        (
            {
                "shared": [
                    {"table": "party", "key": "id",
                     "named_by": [{"table": "cdr", "column": "duration"}]}
                ]
            },
            "CREATE TABLE party (id integer PRIMARY KEY)",
        ),
    ],
    ids=["linked", "shadow", "child", "shared"],
)  # fmt: skip
def test_where_a_batch_is_more_than_its_rows_there_is_no_second_connection(
    bench: Bench, fields: dict[str, Any], statement: str
) -> None:
    if statement:
        bench.admin.execute(statement)
        bench.admin.execute("GRANT SELECT, DELETE ON ALL TABLES IN SCHEMA public TO ahead")
    store = _store(bench, tables.table(**fields))
    try:
        assert store.second(_selection()) is None
    finally:
        store.close()


def test_redaction_singled_out_records_and_other_servers_have_no_second_connection(
    bench: Bench, mariadb: MariaDB, tmp_path: Path
) -> None:
    store = _store(bench)
    assert store.second(_selection(redact=Redaction("blank"))) is None
    assert store.second(_selection(chosen=frozenset([b"x"]))) is None
    store.close()
    name = mariadb.create_database("ahead")
    with mariadb.admin(name) as admin, admin.cursor() as cursor:
        cursor.execute(TABLE)
    mariadb.create_user("ahead", password="x", database=name, grants={"*": "ALL"})
    path = tmp_path / "cdr.sqlite"
    path.touch()
    for engine in (connect(mariadb.url(name, "ahead"), "x"), connect(f"sqlite:///{path}")):
        with database.session(engine) as opened:
            if engine.dialect.name == "sqlite":
                opened.run(TABLE)
        other = open_table(name="calls", dataset=tables.table(), engine=engine, zone=ahead.ZONE)
        assert other.second(_selection()) is None
        other.close()


TABLE = "CREATE TABLE cdr (start datetime, src varchar(80), uniqueid varchar(80), sequence integer)"


def _store(bench: Bench, dataset: TableDataset | None = None) -> TableStore:
    engine = connect(bench.log.url, ahead.PASSWORD)
    given = dataset or tables.table()
    return open_table(name="calls", dataset=given, engine=engine, zone=ahead.ZONE)


def _selection(**more: Any) -> Selection:
    now = datetime.now(UTC)
    return Selection(cutoff=now, now=now, start="call-start", **more)


def test_where_no_more_connections_are_to_be_had_one_does_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock has one, the deletes another."""
    second: Any = TableStore.second
    offered = []

    def told(self: TableStore, selection: Selection) -> TableStore | None:
        bench.admin.execute("ALTER ROLE ahead CONNECTION LIMIT 2")
        offered.append(second(self, selection))
        return offered[-1]  # type: ignore[no-any-return]

    monkeypatch.setattr(TableStore, "second", told)
    with _before(LookAhead, "__exit__", lambda *_: _unlimited(bench)):
        assert bench.log.run().exit_code == Exit.OK
    assert offered == [None]
    _clean(bench)


def _unlimited(bench: Bench) -> None:
    bench.admin.execute("ALTER ROLE ahead CONNECTION LIMIT -1")


def test_where_no_thread_is_to_be_had_one_does_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(ThreadPoolExecutor, "submit", none)
    assert bench.log.run().exit_code == Exit.OK
    _clean(bench)


# --- what comes in between ---


def test_a_hold_that_comes_in_between_keeps_what_was_taken_ahead(bench: Bench) -> None:
    """Whoever waits for a lock on holds, or resolves them, has nothing open."""
    open_then: list[list[int]] = []

    def look(*args: object, **how: object) -> None:
        del args, how
        open_then.append(bench.open())

    with (
        _before(Watch, "gone", lambda *_: bench.log.hold()),
        _before(Folder, "wait", look),
        _before(Watch, "_resolve", look, turn=2),
    ):
        assert bench.log.run().exit_code == Exit.OK
    assert open_then == [[], []]
    _clean(bench, left=STAY + 2)
    assert bench.left()[HELD] == 2
    assert aftermath.deleted(bench.log.site()) == Counter(calls=DUE - 2)
    aftermath.assert_genuine(bench.log.site(), datetime.now(UTC))


def test_a_signal_puts_back_what_was_taken_ahead(bench: Bench) -> None:
    asked: list[int] = []
    with _before(Watch, "gone", lambda *_: asked.append(15)):
        done = bench.log.run(stop=lambda: 15 if asked else 0)
    assert done.outcome == "interrupted"
    _clean(bench, left=DUE + STAY - 3)
    _heals(bench)


def test_a_row_that_somebody_locked_is_tried_again_in_smaller_batches(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch in hand goes its way while the next one waits in vain."""
    short = [s.replace("'5s'", "'100ms'") for s in database._SETTINGS["postgresql"]]
    monkeypatch.setitem(database._SETTINGS, "postgresql", short)
    found: list[int] = []
    smaller: Any = Work._smaller
    with bench.server.admin("ahead") as caller:
        caller.autocommit = False
        caller.execute("SELECT 1 FROM cdr WHERE sequence = 4 FOR UPDATE")

        def told(self: Work, error: StoreError, failures: int) -> None:
            assert error.code == "BUSY"
            found.append(DUE + STAY - bench.left().total())
            if len(found) == 2:
                caller.rollback()
            smaller(self, error, failures)

        monkeypatch.setattr(Work, "_smaller", told)
        assert bench.log.run().exit_code == Exit.OK
    assert found == [3, 4], "what went until then"
    _clean(bench)
    assert aftermath.deleted(bench.log.site()) == Counter(calls=DUE)


@pytest.mark.parametrize("turn", [1, 2, 3, 5])
@pytest.mark.parametrize("step", ["_delete", "commit"])
def test_a_batch_that_fails_is_tried_again_smaller(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, step: str, turn: int
) -> None:
    """In whichever thread it fails, and with whatever is taken ahead behind it."""
    owner: type = TableStore if step == "_delete" else Session
    original: Any = getattr(owner, step)
    calls = count(1)

    def fails(self: Any, *args: Any, **how: Any) -> Any:
        if next(calls) == turn:
            if step == "_delete":
                original(self, *args, **how)
            self.rollback() if step == "commit" else args[0].rollback()
            raise StoreError("The database refused a statement.", code="REFUSED")
        return original(self, *args, **how)

    monkeypatch.setattr(owner, step, fails)
    assert bench.log.run().exit_code == Exit.OK
    assert next(calls) > turn
    _clean(bench)
    assert aftermath.deleted(bench.log.site()) == Counter(calls=DUE)
    aftermath.assert_genuine(bench.log.site(), datetime.now(UTC))


def test_what_exceeds_the_confirmed_count_is_put_back(bench: Bench) -> None:
    """Late arrivals push the set beyond it."""

    def late(*args: object) -> None:
        del args
        for _ in range(3):
            bench.late(13)

    with _before(Work, "_seal", late):
        done = bench.log.run(confirm_count=DUE)
    assert [error.code for error in done.errors] == ["CONFIRMED_COUNT"]
    _clean(bench, left=DUE + 3 + STAY - aftermath.deleted(bench.log.site())["calls"])
    _heals(bench, due=DUE + 3)


def test_a_commit_whose_answer_is_lost_is_settled_with_nothing_taken_ahead(bench: Bench) -> None:
    open_then: list[list[int]] = []

    def look(*args: object) -> None:
        del args
        open_then.append(bench.open())

    def cut(work: Work, number: int, batch: Batch) -> None:
        del work, number
        assert batch.session is not None
        bench.end(int(batch.session.values["pid"]))

    with _before(TableStore, "settle", look), _before(Work, "_final", cut):
        assert bench.log.run().exit_code == Exit.OK
    assert open_then == [[]]
    _clean(bench)
    assert aftermath.deleted(bench.log.site()) == Counter(calls=DUE)
    aftermath.assert_genuine(bench.log.site(), datetime.now(UTC))


def test_a_lost_lock_on_the_source_puts_both_back(bench: Bench) -> None:
    def cut(*args: object) -> None:
        del args
        holder = bench.admin.execute(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
        ).fetchone()
        assert len(bench.open()) == 2
        bench.end(int(holder[0]))

    with _before(Work, "_final", cut, turn=2):
        try:
            done = bench.log.run()
            codes = [error.code for error in done.errors]
        except LockedError as error:
            codes = [error.code]
    assert codes == ["LOCK_LOST"]
    _clean(bench, left=DUE + STAY - 3)
    _heals(bench)


def test_a_second_connection_that_dies_costs_no_record(bench: Bench) -> None:
    """What it had taken is there again; the pass after this one takes it."""

    def cut(work: Work, number: int, batch: Batch) -> None:
        del work, number
        assert batch.session is not None
        (other,) = {*bench.open()} - {int(batch.session.values["pid"])}
        bench.end(other)

    with _before(Work, "_seal", cut):
        assert bench.log.run().exit_code == Exit.OK
    _clean(bench)
    assert aftermath.deleted(bench.log.site()) == Counter(calls=DUE)
    aftermath.assert_genuine(bench.log.site(), datetime.now(UTC))


def test_a_take_that_finds_no_server_ends_the_dataset_as_ever(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    take: Any = TableStore.take
    calls = count(1)

    def cut(self: TableStore, *args: Any, **how: Any) -> Any:
        if next(calls) == 3:
            bench.end(self._session()._driver.info.backend_pid)
        return take(self, *args, **how)

    monkeypatch.setattr(TableStore, "take", cut)
    done = bench.log.run()
    assert done.exit_code == Exit.INCOMPLETE
    assert [type(error) for error in done.errors] == [UnavailableError]
    _clean(bench, left=DUE + STAY - 6)
    _heals(bench)


# --- what the module itself promises ---


def test_a_batch_that_isnt_asked_for_is_put_back(bench: Bench) -> None:
    """Another selection, skip list or place than was foreseen; and the end of the block."""
    store = _store(bench)
    selection = tables.selecting(store, datetime.now(UTC), datetime.now(UTC))
    how: dict[str, Any] = {"limit": 3, "name": tables.NAME}
    none: frozenset[bytes] = frozenset()
    with LookAhead(store, store.second(selection)) as taker:
        first = taker.take(selection, after=None, skip=none, **how)
        skip = frozenset([first.taken[0].identity])
        first.rollback()
        again = taker.take(selection, after=None, skip=skip, **how)
        assert len(again.taken) == 2
        assert taker._ahead is not None
        wait([taker._ahead[1]])
        assert len(bench.open()) == 2
        again.rollback()
        taker.drop()
        assert bench.open() == []
        third = taker.take(selection, after=again.cursor, skip=skip, **how)
        third.rollback()
    assert bench.open() == []
    assert _threads() == []
    store.close()
    _clean(bench, left=DUE + STAY)


# --- dying ---

STRIDE = int(os.environ.get("PBXRETAIN_CRASH_STRIDE", "20"))


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote("support.ahead", "pbxretain.stores.table", "pbxretain.stores.counting") as zygote:
        yield zygote


@pytest.mark.parametrize("ready", [True, False])
def test_death_at_any_step_leaves_each_record_there_or_gone_with_evidence(
    bench: Bench, tmp_path: Path, zygote: Zygote, ready: bool
) -> None:
    """``ready``: the next batch is taken by then; else the two threads race."""
    numbers = count()

    def run_child(at: int | None, when: When) -> Outcome:
        bench.log = ahead.fill(tmp_path / str(next(numbers)), bench.log.url, bench.admin)
        told = [ahead.describe(bench.log, ready=ready)]
        return zygote.run("support.ahead:run_child", told, at=at, when=when)

    def inspect(outcome: Outcome) -> None:
        assert outcome.killed or outcome.code == Exit.OK, outcome.output
        _heals(bench)

    assert campaign(run_child, inspect, modes=("after",), choose=_telling) > 10


def _telling(events: Sequence[str]) -> list[int]:
    """Some changes to rows, some to the state folder; ``PBXRETAIN_CRASH_STRIDE=1`` for all."""
    numbers = range(1, len(events) + 1)
    rows = [n for n in numbers if events[n - 1].startswith("sql")]
    others = [n for n in numbers if n not in rows]
    return sorted({*rows[:: max(1, STRIDE // 5)], *others[::STRIDE]})
