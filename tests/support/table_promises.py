"""What does the table store promise on every database?

Each promise is a test over a ``bench``: an empty database of one kind. The test modules bring the
bench and import these tests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.engine import Engine

from pbxretain.errors import DriftError, LockedError, StoreError
from pbxretain.manifest import TableDataset
from pbxretain.records import Selection, Taken
from pbxretain.stores.database import DatabaseLock
from pbxretain.stores.table import TableStore, open_table
from support.tables import NAME, Sealed, drain, selecting, table

ZONE = ZoneInfo("Europe/Vienna")
NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
CUTOFF = datetime(2026, 8, 17, tzinfo=ZONE).astimezone(UTC)
Call = tuple[Any, ...]


@dataclass
class Bench:
    """An empty database; ``run`` changes it behind the store's back."""

    kind: str
    engine: Engine
    run: Callable[..., None]
    ask: Callable[[str], list[tuple[Any, ...]]]
    returning: bool | None = None
    opened: list[TableStore] = field(default_factory=list)

    @property
    def time(self) -> str:
        return {"mysql": "datetime(6)", "postgresql": "timestamp", "sqlite": "text"}[self.kind]

    def calls(self, rows: Sequence[Call], *, time: str = "", index: bool = True) -> None:
        """Makes ``cdr``: start, uniqueid, sequence, linkedid, src, recordingfile."""
        self.run(
            f"CREATE TABLE cdr (start {time or self.time}, uniqueid varchar(80), sequence integer,"
            " linkedid varchar(80), src varchar(80), recordingfile varchar(255))"
        )
        if index:
            self.run("CREATE INDEX cdr_start ON cdr (start)")
        self.insert(rows)

    def insert(self, rows: Sequence[Call]) -> None:
        for row in rows:
            full = (*row, *(None,) * (6 - len(row)))
            self.run("INSERT INTO cdr VALUES (%s, %s, %s, %s, %s, %s)", full)

    def open(self, dataset: TableDataset | None = None, **fields: Any) -> TableStore:
        store = open_table(
            name="calls",
            dataset=dataset or table(**fields),
            engine=self.engine,
            zone=ZONE,
            returning=self.returning,
        )
        self.opened.append(store)
        return store

    def rows(self, name: str = "cdr") -> Counter[tuple[Any, ...]]:
        return Counter(self.ask(f"SELECT * FROM {name}"))

    def left(self) -> list[str]:
        return sorted(row[0] for row in self.ask("SELECT uniqueid FROM cdr"))


def _select(store: TableStore, **more: Any) -> Selection:
    return selecting(store, CUTOFF, NOW, **more)


def _ids(taken: Sequence[Taken]) -> list[str]:
    return sorted((t.key[0] or b"").decode() for t in taken)


REFEREE = {
    "call-start": {"column": "start", "type": "detect", "zone": "source", "referee": "uniqueid"}
}
OLD, YOUNG = "2026-08-16 23:59:59", "2026-08-17 00:00:00"


def test_the_cut_off_itself_stays(bench: Bench) -> None:
    bench.calls([(OLD, "a.1", 1, "a.1", "+4312345"), (YOUNG, "b.1", 2, "b.1", "+4312345")])
    store = bench.open()
    assert _ids(drain(store, _select(store))) == ["a.1"]
    assert bench.left() == ["b.1"]


def test_a_key_that_repeats_after_the_cut_off_never_takes_the_younger_row(bench: Bench) -> None:
    bench.calls([(OLD, "a.1", 1, "", "old"), (YOUNG, "a.1", 1, "", "young")])
    store = bench.open(call_id=[])
    assert len(drain(store, _select(store))) == 1
    assert [row[4] for row in bench.rows()] == ["young"]


def test_the_one_record_that_the_server_refuses_is_named_and_the_others_can_go(
    bench: Bench,
) -> None:
    bench.calls([(OLD, f"{name}.1", 1, "", "+431") for name in "abc"], index=False)
    store = bench.open(call_id=[])
    if bench.kind == "sqlite":
        bench.run(
            "CREATE TRIGGER kept BEFORE DELETE ON cdr WHEN OLD.uniqueid = 'b.1'"
            " BEGIN SELECT RAISE(ABORT, 'kept'); END"
        )
    else:
        bench.run("CREATE UNIQUE INDEX u ON cdr (uniqueid)")
        bench.run("CREATE TABLE later (call_id varchar(80) REFERENCES cdr (uniqueid))")
        if bench.kind == "mysql":
            bench.run("ALTER TABLE later ADD FOREIGN KEY (call_id) REFERENCES cdr (uniqueid)")
        bench.run("INSERT INTO later VALUES ('b.1')")
    selection = _select(store)
    with pytest.raises(StoreError) as many:
        drain(store, selection)
    assert many.value.identity is None, "only the smallest batch tells one record from others"
    with pytest.raises(StoreError) as one:
        drain(store, selection, limit=1)
    assert one.value.code == "REFUSED"
    assert one.value.identity is not None
    drain(store, selection, skip=[one.value.identity])
    assert bench.left() == ["b.1"]


def test_identical_rows_go_in_one_batch_and_each_counts(bench: Bench) -> None:
    bench.calls([(OLD, "a.1", 1, "a.1", "+431")] * 5 + [(OLD, "b.1", 1, "b.1", "+431")])
    store = bench.open()
    assert _ids(drain(store, _select(store), limit=1)) == ["a.1"] * 5 + ["b.1"]


def test_legs_of_a_call_on_both_sides_stay(bench: Bench) -> None:
    bench.calls(
        [(OLD, "a.1", 1, "a.1"), (YOUNG, "a.2", 2, "a.1"), (OLD, "b.1", 3, "b.1"),
         (OLD, "b.2", 4, "b.1"), (YOUNG, "c.1", 5, "c.1")]
    )  # fmt: skip
    store = bench.open()
    selection = _select(store)
    census = store.census(selection)
    assert (census.before, census.due, census.straddling) == (3, 2, 1)
    assert _ids(drain(store, selection)) == ["b.1", "b.2"]
    assert bench.left() == ["a.1", "a.2", "c.1"]


def test_an_empty_call_id_ties_no_rows_together(bench: Bench) -> None:
    bench.calls(
        [(OLD, "a.1", 1, ""), (OLD, "a.2", 2, None), (OLD, "", 3, ""), (OLD, "", 4, None),
         (YOUNG, "", 5, ""), (YOUNG, "c.1", 6, "")]
    )  # fmt: skip
    store = bench.open()
    selection = _select(store, excluded_calls=frozenset({b""}))
    assert len(drain(store, selection)) == 4
    assert bench.left() == ["", "c.1"]


def test_a_word_in_place_of_a_call_id_ties_no_rows_together(bench: Bench) -> None:
    """Asterisk's queue log has NONE for what agents do apart from calls."""
    bench.calls(
        [(OLD, "a.1", 1, "NONE"), (OLD, "a.2", 2, "MANAGER"), (YOUNG, "b.1", 3, "NONE"),
         (YOUNG, "b.2", 4, "MANAGER"), (OLD, "c.1", 5, "7.1"), (YOUNG, "c.2", 6, "7.1")]
    )  # fmt: skip
    store = bench.open()
    selection = _select(store)
    census = store.census(selection)
    assert (census.before, census.due, census.straddling) == (3, 2, 1)
    assert _ids(drain(store, selection)) == ["a.1", "a.2"]
    assert bench.left() == ["b.1", "b.2", "c.1", "c.2"]


def test_call_ids_are_compared_byte_by_byte(bench: Bench) -> None:
    bench.calls(
        [(OLD, "pbx-1.1", 1, "pbx-1.1"), (OLD, "PBX-1.1", 2, "PBX-1.1"),
         (OLD, "pbx-1.1 ", 3, "pbx-1.1 "), (OLD, "zoë", 4, "zoë"), (OLD, "zoe", 5, "zoe")]
    )  # fmt: skip
    store = bench.open()
    spared = frozenset({b"pbx-1.1", "zoë".encode()})
    drain(store, _select(store, excluded_calls=spared))
    assert bench.left() == ["pbx-1.1", "zoë"]


def test_held_and_failed_keys_stay(bench: Bench) -> None:
    bench.calls([(OLD, f"{n}.1", n, None if n % 2 else f"{n}.1") for n in range(12)])
    store = bench.open()
    with store.take(_select(store), limit=50, after=None, skip=frozenset(), name=NAME) as batch:
        names = {t.key[0]: t.identity for t in batch.taken}
    held = frozenset({names[b"1.1"], names[b"2.1"]})
    selection = _select(store, excluded_keys=held)
    census = store.census(selection)
    assert (census.before, census.due, census.held) == (12, 10, 2)
    taken = drain(store, selection, limit=3, skip={names[b"3.1"]})
    assert len(taken) == 9
    assert bench.left() == ["1.1", "2.1", "3.1"]


def test_records_without_a_time_or_from_the_future_stay_and_are_counted(bench: Bench) -> None:
    zero = {
        "mysql": ["0000-00-00 00:00:00", "2026-00-10 10:00:00"],
        "postgresql": ["-infinity"],
        "sqlite": [
            "0000-00-00 00:00:00",
            "never",
            "",
            "2026-08-01 25:99:99",
            "2026-02-30 10:00:00",
        ],
    }[bench.kind]
    rows: list[Call] = [(value, f"z{n}.1", n) for n, value in enumerate(zero)]
    rows += [(None, "n.1", 90), ("1970-01-01 00:00:00", "e.1", 91)]
    rows += [("2037-01-01 00:00:00", "f.1", 92), (OLD, "a.1", 93)]
    bench.calls(rows)
    store = bench.open()
    selection = _select(store)
    census = store.census(selection)
    assert census.future == 1
    assert _ids(drain(store, selection)) == ["a.1"]
    assert (census.before, census.due, census.undated) == (1, 1, len(zero) + 2)
    assert len(bench.left()) == len(rows) - 1


def test_more_rows_at_one_instant_than_a_batch_holds_are_one_batch(bench: Bench) -> None:
    bench.calls([(OLD, f"{n}.1", n) for n in range(40)] + [("2026-08-01 00:00:00", "z.1", 99)])
    store = bench.open()
    sizes, cursor = [], None
    for _ in range(9):
        with store.take(_select(store), limit=7, after=cursor, skip=frozenset(), name=NAME) as b:
            sizes.append(len(b.taken))
            b.commit()
            cursor = b.cursor
            if b.exhausted:
                break
    assert sum(sizes) == 41
    assert max(sizes) >= 40


def test_a_batch_that_is_left_puts_everything_back(bench: Bench) -> None:
    bench.calls([(OLD, f"{n}.1", n) for n in range(9)])
    before = bench.rows()
    store = bench.open()
    with store.take(_select(store), limit=50, after=None, skip=frozenset(), name=NAME) as batch:
        assert len(batch.taken) == 9
    assert bench.rows() == before
    with (
        pytest.raises(ZeroDivisionError),
        store.take(_select(store), limit=50, after=None, skip=frozenset(), name=NAME),
    ):
        raise ZeroDivisionError
    assert bench.rows() == before


def test_a_lost_lock_stops_the_commit(bench: Bench) -> None:
    bench.calls([(OLD, "a.1", 1)])
    store = bench.open()

    def lost() -> None:
        raise LockedError("lost")

    store.guard = lost
    with (
        pytest.raises(LockedError),
        store.take(_select(store), limit=50, after=None, skip=frozenset(), name=NAME) as batch,
    ):
        batch.commit()
    assert bench.left() == ["a.1"]


def test_settle_tells_a_committed_batch_from_one_undone(bench: Bench) -> None:
    bench.calls([(OLD, f"{n % 3}.1", 1) for n in range(6)] + [(OLD, "s.1", 1), (YOUNG, "s.1", 1)])
    store = bench.open()
    with store.take(_select(store), limit=50, after=None, skip=frozenset(), name=NAME) as batch:
        sealed = Sealed(batch.taken, batch.bounds, batch.session)
    assert store.settle(sealed) == [False] * 6
    with store.take(_select(store), limit=50, after=None, skip=frozenset(), name=NAME) as batch:
        sealed = Sealed(batch.taken, batch.bounds, batch.session)
        batch.commit()
    assert store.settle(sealed) == [True] * 6
    if bench.kind != "postgresql":  # there the transaction's own fate is the answer
        bench.insert([(OLD, "1.1", 1)])
        again = replace(sealed, session=None)
        bits = store.settle(again)
        assert sum(bits) == (6 if store.layout("call-start").keep_locator else 5)


def test_a_call_is_dated_by_its_uniqueid_in_both_nights_of_the_clock_change(bench: Bench) -> None:
    cutoff = datetime(2026, 10, 25, 1, tzinfo=UTC)  # 02:00 for the second time

    def leg(minute: int, *, winter: bool) -> Call:
        true = datetime(2026, 10, 25, 1 if winter else 0, minute, tzinfo=UTC)
        return (f"2026-10-25 02:{minute:02}:00", f"{int(true.timestamp())}.{minute}", minute)

    summer = [leg(minute, winter=False) for minute in range(0, 60, 10)]
    winter = [leg(minute, winter=True) for minute in range(5, 60, 10)]
    spring = [("2026-03-29 01:59:00", "1774746000.1", 1), ("2026-03-29 03:00:00", "x", 2)]
    bench.calls([*summer, *winter, *spring])
    store = bench.open(starts=REFEREE)
    before_change = datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert len(drain(store, selecting(store, before_change, NOW))) == 1
    selection = selecting(store, cutoff, NOW)
    assert store.census(selection).due == 7
    assert len(drain(store, selection, limit=2)) == 7
    assert bench.left() == sorted(row[1] for row in winter)


def test_without_a_referee_the_doubled_hour_is_the_later_one(bench: Bench) -> None:
    bench.calls([("2026-10-25 01:59:00", "a.1", 1), ("2026-10-25 02:30:00", "b.1", 2)])
    store = bench.open()
    cutoff = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)  # 02:45 for the first time
    assert _ids(drain(store, selecting(store, cutoff, NOW))) == ["a.1"]
    cutoff += timedelta(hours=1)
    assert _ids(drain(store, selecting(store, cutoff, NOW))) == ["b.1"]


def test_a_table_that_went_from_utc_to_local_time_is_read_by_its_uniqueids(bench: Bench) -> None:
    hours = [CUTOFF + timedelta(minutes=7 + 30 * n) for n in range(-12, 12)]
    rows: list[Call] = []
    for n, true in enumerate(hours):
        zone = UTC if n % 2 else ZONE
        rows.append((f"{true.astimezone(zone):%Y-%m-%d %H:%M:%S}", f"{true.timestamp():.0f}.9", n))
    bench.calls(rows)
    store = bench.open(starts=REFEREE)
    drain(store, _select(store), limit=4)
    assert bench.left() == [row[1] for row, true in zip(rows, hours, strict=True) if true >= CUTOFF]


@pytest.mark.parametrize("index", [True, False])
def test_epochs_are_understood(bench: Bench, index: bool) -> None:
    cut = int(CUTOFF.timestamp())
    rows = [(cut - 1, "a.1", 1), (cut, "b.1", 2), (0, "z.1", 3), (None, "n.1", 4)]
    bench.calls(rows, time="bigint", index=index)
    store = bench.open()
    selection = _select(store)
    assert store.census(selection).undated == 2
    assert _ids(drain(store, selection)) == ["a.1"]
    assert len(bench.left()) == 3


def test_epochs_in_text_are_understood(bench: Bench) -> None:
    cut = int(CUTOFF.timestamp())
    rows: list[Call] = [(f"{cut - 1}.999999", "a.1", 1), (f"{cut}.000000", "b.1", 2)]
    rows += [("999999999", "c.1", 3)]
    bench.calls(rows, time="varchar(32)")
    store = bench.open()
    bench.insert([("rubbish", "r.1", 4), ("", "e.1", 5), ("1.2.3", "d.1", 6)])
    selection = _select(store)
    assert store.census(selection).undated == 3
    assert _ids(drain(store, selection, limit=1)) == ["a.1", "c.1"]


@pytest.mark.parametrize(
    ("form", "old", "young"),
    [
        ("YYYY-MM-DD HH:MM:SS", "2026-08-16 23:59:59.999999", "2026-08-17 00:00:00"),
        ("YYYY-MM-DDTHH:MM:SS", "2026-08-16T23:59:59", "2026-08-17T00:00:00.000001"),
        ("YYYYMMDDHHMMSS", "20260816235959.25", "20260817000000"),
    ],
)
def test_times_in_text_are_understood(bench: Bench, form: str, old: str, young: str) -> None:
    bench.calls([(old, "a.1", 1), (young, "b.1", 2)], time="varchar(40)")
    start = {"column": "start", "type": "text", "forms": [form], "zone": "source"}
    store = bench.open(starts={"call-start": start})
    bench.insert([("20x6-08-16 23:59:59", "r.1", 3), (f"{old}+02:00", "o.1", 4)])
    for n, (seen, made) in enumerate([("0816", "0230"), ("0816", "0229"), ("0816", "0631")]):
        dash = "-" if "-" in old else ""
        impossible = old.replace(f"{seen[:2]}{dash}{seen[2:]}", f"{made[:2]}{dash}{made[2:]}")
        bench.insert([(impossible, f"i.{n}", 5 + n)])
    selection = _select(store)
    assert store.census(selection).undated == 5
    assert _ids(drain(store, selection)) == ["a.1"]


def test_times_of_two_forms_in_one_text_column_refuse(bench: Bench) -> None:
    bench.calls([("2026-08-01 10:00:00", "a.1", 1), ("1780000000", "b.1", 2)], time="varchar(40)")
    with pytest.raises(DriftError, match="column start"):
        bench.open()


@pytest.mark.parametrize("walk", ["id", None])
def test_a_table_without_a_time_index_is_emptied_to_the_end(bench: Bench, walk: str | None) -> None:
    key = {"mysql": "integer AUTO_INCREMENT PRIMARY KEY", "sqlite": "integer PRIMARY KEY",
           "postgresql": "serial PRIMARY KEY"}[bench.kind]  # fmt: skip
    column = f"id {key}," if walk else ""
    bench.run(f"CREATE TABLE cdr ({column} start {bench.time}, uniqueid varchar(80),"
              " sequence integer, src varchar(80))")  # fmt: skip
    first = datetime(2026, 8, 1)  # noqa: DTZ001
    times = [first + timedelta(hours=n) for n in range(500)]
    times[480:] = [first] * 20  # a late batch of old rows behind the boundary
    times[3] = datetime(2026, 11, 1)  # noqa: DTZ001
    for n, time in enumerate(times):
        moment = None if n % 50 == 7 else f"{time:%Y-%m-%d %H:%M:%S}"
        bench.run("INSERT INTO cdr (start, uniqueid, sequence) VALUES (%s, %s, %s)",
                  (moment, f"{n // 2}.1", 1))  # fmt: skip
    store = bench.open(walk=walk, settle_in=3600)
    selection = _select(store)
    due = sum(t < datetime(2026, 8, 17) and n % 50 != 7 for n, t in enumerate(times))  # noqa: DTZ001
    straddling = store.census(selection).straddling
    taken = drain(store, selection, limit=20)
    if store.census(selection).due:
        taken += drain(store, selection, limit=20)
    assert len(taken) == due - straddling
    assert store.census(selection).due == 0


def test_the_newest_rows_stay_where_declared(bench: Bench) -> None:
    bench.calls([(f"2026-08-0{n} 10:00:00", f"{n}.1", n) for n in range(1, 7)])
    store = bench.open(keep_newest=2)
    selection = _select(store)
    assert store.census(selection).due == 4
    drain(store, selection, limit=2)
    assert bench.left() == ["5.1", "6.1"]


LINK = {"column": "recordingfile", "dataset": "recordings", "on_part_gone": "blank"}


def test_rows_that_name_a_file_wait_for_it_when_asked(bench: Bench) -> None:
    bench.calls(
        [(OLD, "a.1", 1, "", "", "x.wav"), (OLD, "b.1", 2, "", "", ""), (OLD, "c.1", 3),
         (YOUNG, "d.1", 4, "", "", "y.wav"), (OLD, "e.1", 5, "", "", "deleted")]
    )  # fmt: skip
    plain = {"call-start": {"column": "start"}}
    for starts in (plain, REFEREE):
        store = bench.open(link=LINK, starts=starts)
        selection = _select(store, wait_for_part=True)
        census = store.census(selection)
        assert (census.before, census.due, census.kept_for_part) == (4, 3, 1)
    assert _ids(drain(store, selection)) == ["b.1", "c.1", "e.1"]


def test_a_file_is_dated_by_the_newest_leg_of_its_call(bench: Bench) -> None:
    bench.calls(
        [(OLD, "a.1", 1, "a.1", "", "x.wav"), (YOUNG, "a.2", 2, "a.1", "", ""),
         (OLD, "b.1", 3, "", "", "/spool/y.wav"), (None, "c.1", 4, "", "", "z.wav"),
         (YOUNG, "d.1", 5, "A.1", "", "X.wav")]
    )  # fmt: skip
    naming = bench.open(link=LINK).naming()
    newest = naming.newest_leg([b"x.wav", b"/spool/y.wav", b"z.wav", b"unknown.wav"])
    assert newest == {b"x.wav": CUTOFF, b"/spool/y.wav": CUTOFF - timedelta(seconds=1)}


@pytest.mark.parametrize(("gone", "value"), [("blank", ""), ("deleted", "deleted"), ("null", None)])
def test_the_link_of_a_file_that_went_is_blanked(bench: Bench, gone: str, value: object) -> None:
    bench.calls(
        [(OLD, "a.1", 1, "", "", "x.wav"), (YOUNG, "b.1", 2, "", "", "x.wav"),
         (OLD, "c.1", 3, "", "", "X.wav")]
    )  # fmt: skip
    naming = bench.open(link=LINK | {"on_part_gone": gone}).naming()
    assert naming.blank([b"x.wav", b"y.wav"]) == 2
    assert Counter(row[5] for row in bench.rows().elements()) == {value: 2, "X.wav": 1}
    assert list(naming.named()) == [b"X.wav"]


def test_a_date_that_updates_renew_stays_when_a_link_is_blanked(bench: Bench) -> None:
    renewed = "timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"
    bench.calls([(OLD, "a.1", 1, "", "", "x.wav")], time=renewed if bench.kind == "mysql" else "")
    before = [row[0] for row in bench.rows()]
    naming = bench.open(link=LINK).naming()
    assert naming.blank([b"x.wav"]) == 1
    assert [row[0] for row in bench.rows()] == before
    assert not naming.check()


def test_children_go_before_their_parent_and_are_counted(bench: Bench) -> None:
    bench.run(f"CREATE TABLE cdr (id integer PRIMARY KEY, start {bench.time}, uniqueid varchar(9))")
    bench.run("CREATE TABLE leg (id integer PRIMARY KEY, cdr_id integer REFERENCES cdr (id),"
              " FOREIGN KEY (cdr_id) REFERENCES cdr (id))")  # fmt: skip
    bench.run("CREATE TABLE tag (leg_id integer, FOREIGN KEY (leg_id) REFERENCES leg (id))")
    for n, time in enumerate([OLD, OLD, YOUNG]):
        bench.run("INSERT INTO cdr VALUES (%s, %s, %s)", (n, time, f"{n}.1"))
        bench.run("INSERT INTO leg VALUES (%s, %s)", (n * 10, n))
        bench.run("INSERT INTO tag VALUES (%s)", (n * 10,))
        bench.run("INSERT INTO tag VALUES (%s)", (n * 10,))
    grandchild = {"table": "tag", "column": "leg_id", "parent_column": "id"}
    child = {"table": "leg", "column": "cdr_id", "parent_column": "id", "children": [grandchild]}
    store = bench.open(key=["id"], call_id=[], subjects={}, children=[child])
    with store.take(_select(store), limit=9, after=None, skip=frozenset(), name=NAME) as batch:
        assert len(batch.taken) == 2
        batch.commit()
        assert batch.finish().also == {"leg": 2, "tag": 4}
    assert len(bench.ask("SELECT * FROM tag")) == 2
    assert len(bench.ask("SELECT * FROM leg")) == 1


def test_an_undeclared_foreign_key_refuses(bench: Bench) -> None:
    bench.run(f"CREATE TABLE cdr (id integer PRIMARY KEY, start {bench.time}, uniqueid varchar(9))")
    bench.run("CREATE TABLE leg (cdr_id integer,"
              " FOREIGN KEY (cdr_id) REFERENCES cdr (id) ON DELETE CASCADE)")  # fmt: skip
    with pytest.raises(DriftError, match="foreign key of leg"):
        bench.open(key=["id"], call_id=[], subjects={})
    bench.open(key=["id"], call_id=[], subjects={}, cascades=["leg"])


def test_a_missing_column_table_or_a_view_refuses(bench: Bench) -> None:
    with pytest.raises(DriftError, match="no table cdr"):
        bench.open()
    bench.calls([])
    with pytest.raises(DriftError, match="no column tenant"):
        bench.open(key=["uniqueid", "tenant"])
    bench.open(key=["uniqueid", "tenant"], may_lack=["tenant"])
    bench.run("CREATE VIEW calls AS SELECT * FROM cdr")
    with pytest.raises(DriftError, match="is a view"):
        bench.open(table="calls")


def test_nothing_shows_personal_data_in_its_repr(bench: Bench) -> None:
    bench.calls([(OLD, "1783342981.1", 1, "", "+493012345")])
    store = bench.open()
    with store.take(_select(store), limit=9, after=None, skip=frozenset(), name=NAME) as batch:
        shown = repr([store, batch, batch.taken, batch.cursor, store.layout("call-start")])
        shown += repr(_select(store, excluded_calls=frozenset({b"1783342981.1"})))
        shown += repr(batch.bounds) + repr(list(store.scan(_select(store))))
    assert "1783342981" not in shown
    assert "+493012345" not in shown
    assert "23:59" not in shown


def test_an_error_quotes_nothing_of_the_driver(bench: Bench) -> None:
    bench.calls([(OLD, "1783342981.1", 1, "", "+493012345")])
    store = bench.open()
    bench.run("DROP TABLE cdr")
    with pytest.raises(StoreError) as caught:
        store.census(Selection(cutoff=CUTOFF, now=NOW, start="call-start"))
    assert "cdr" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_listing_is_in_order_and_changes_nothing(bench: Bench) -> None:
    bench.calls([("2026-08-02 10:00:00", "b.1", 1), ("2026-08-01 10:00:00", "a.1", 2, "", "+431"),
                 (YOUNG, "c.1", 3)])  # fmt: skip
    before = bench.rows()
    store = bench.open()
    listed = list(store.scan(_select(store)))
    assert [record.call for record in listed] == [b"a.1", b"b.1"]
    assert listed[0].label == "+431"
    assert bench.rows() == before


def test_only_one_run_at_a_time_holds_the_lock(bench: Bench) -> None:
    with DatabaseLock(bench.engine) as held:
        held.verify()
        with pytest.raises(LockedError), DatabaseLock(bench.engine):
            pass
    with DatabaseLock(bench.engine):
        pass


def test_thousands_of_excluded_calls_and_keys_are_all_spared(bench: Bench) -> None:
    bench.calls([(OLD, f"{n}.1", n) for n in range(12)])
    store = bench.open()
    with store.take(_select(store), limit=50, after=None, skip=frozenset(), name=NAME) as batch:
        names = {t.key[0]: t.identity for t in batch.taken}
    elsewhere = {f"{n}.9".encode() for n in range(6000)}
    keys = {names[b"3.1"], *(names[b"4.1"].replace(b"4.1", b"%03d" % n) for n in range(300))}
    selection = _select(
        store,
        excluded_calls=frozenset({b"1.1", b"2.1"} | elsewhere),
        excluded_keys=frozenset(keys),
    )
    census = store.census(selection)
    assert (census.before, census.due, census.straddling, census.held) == (12, 9, 2, 1)
    assert len(drain(store, selection, limit=4)) == 9
    assert bench.left() == ["1.1", "2.1", "3.1"]


@pytest.mark.parametrize("index", [True, False])
def test_what_is_itemised_is_what_is_taken(
    bench: Bench, index: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pbxretain.stores.table.ITEMISED", 3)
    twins = [(OLD, "twin", 1), (OLD, "twin", 1)]
    calls = [(f"2026-0{1 + n % 7}-02 10:00:00", f"{n}.1", n) for n in range(20)]
    young = [(YOUNG, f"{n}.9", n) for n in range(5)]
    bench.calls([*calls[:7], *young, *calls[7:], *twins], index=index)
    bench.insert([("2026-08-01 10:00:00", "held.1", 1), ("2026-08-01 10:00:00", "out.1", 1)])
    store = bench.open()
    chosen = _select(store, held_calls=frozenset({b"held.1"}), excluded_calls=frozenset({b"out.1"}))
    listed = [record.taken.identity for record in store.itemise(chosen)]
    every = [record.taken.key[0] for record in store.itemise(chosen, everything=True)]
    before = bench.rows()
    assert len(every) == len(listed) + 2
    assert {b"held.1", b"out.1"} <= set(every)
    assert bench.rows() == before
    taken = [record.identity for _ in range(2) for record in drain(store, chosen, limit=4)]
    assert Counter(listed) == Counter(taken)
    assert len(listed) == 22
