"""For any records, policy and clock: nothing due remains, nothing else changed, the report is true.

Real runs of the engine over a real SQLite call log, recordings and a voicemail spool. What is due
is worked out here from what was generated, never by asking pbxretain.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.site import make_site, make_terms

from pbxretain import connector, execute, signing
from pbxretain.connector import Connector
from pbxretain.errors import Exit
from pbxretain.evidence.statements import DeletionReport, parse_statement
from pbxretain.execute import RunResult, Site

# Each with a cut-off on, before or after a night in which the clock changes.
SCENES = (
    ("Europe/Berlin", date(2026, 10, 25)),
    ("Europe/Berlin", date(2026, 10, 26)),
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 3, 30)),
    ("Europe/Vienna", date(2026, 8, 17)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Asia/Kolkata", date(2027, 1, 1)),
    ("UTC", date(2026, 2, 28)),
)
KEEPS = ("30 days", "90 days", "forever")
NEAR = st.one_of(
    st.integers(-200, 200).map(lambda n: n * 60),
    st.sampled_from([-1, 0, 1, -3600, 3600, -86400, 86400]),
    st.integers(-80, 29).map(lambda n: n * 86400),
)
"""Seconds from the cut-off of 30 days."""


@dataclass(frozen=True)
class Leg:
    """One generated row: when, whose call, how its time stands there, which file it names."""

    offset: int
    call: int
    kind: str
    file: int


LEGS = st.lists(
    st.builds(
        Leg,
        offset=NEAR,
        call=st.integers(0, 5),
        kind=st.sampled_from(["epoch"] * 6 + ["assigned", "alone", "null", "zero", "twin"]),
        file=st.sampled_from([0, 0, 1, 2, 3]),
    ),
    max_size=14,
)


@dataclass(frozen=True)
class Case:
    """All that a run depends on."""

    scene: tuple[str, date]
    hour: int
    legs: Sequence[Leg]
    files: Mapping[int, int]
    """Number to offset; a number above 3 is named by no row."""

    messages: Sequence[int]
    keeps: tuple[str, str, str]
    alone: bool
    """Whether the manifest says that recordings stand alone."""


CASES = st.builds(
    Case,
    scene=st.sampled_from(SCENES),
    hour=st.sampled_from([0, 3, 12, 23]),
    legs=LEGS,
    files=st.dictionaries(st.integers(1, 5), NEAR, max_size=4),
    messages=st.lists(NEAR, max_size=4),
    keeps=st.tuples(*(st.sampled_from(KEEPS) for _ in range(3))),
    alone=st.booleans(),
)


def _manifest(*, alone: bool) -> Connector:
    known = connector.find("asterisk")
    text = known.text if alone else known.text.replace(b"    stands_alone: true\n", b"")
    return connector.parse(text, "asterisk", "test")


PRODUCTS = {alone: _manifest(alone=alone) for alone in (True, False)}


@dataclass
class Row:
    """A row as inserted; ``when`` by the promise, None for undated."""

    values: tuple[Any, ...]
    when: datetime | None
    call: str
    link: str


@dataclass
class World:
    """The PBX of one case, and what must become of it."""

    case: Case
    folder: Path
    rows: list[Row] = field(default_factory=list)
    files: dict[str, datetime] = field(default_factory=dict)
    messages: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.zone = ZoneInfo(self.case.scene[0])
        day = self.case.scene[1]
        self.cut = datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)
        today = day + timedelta(days=30)
        at = datetime(today.year, today.month, today.day, self.case.hour, 30, tzinfo=self.zone)
        self.now = at.astimezone(UTC)
        early = day - timedelta(days=60)
        older = datetime(early.year, early.month, early.day, tzinfo=self.zone).astimezone(UTC)
        cuts = {"30 days": self.cut, "90 days": older, "forever": None}
        self.calls_cut, self.files_cut, self.mail_cut = (cuts[k] for k in self.case.keeps)
        self._write_files()
        self._write_rows()
        self._write_messages()

    # --- building ---

    def _at(self, offset: int) -> datetime:
        return self.cut + timedelta(seconds=offset)

    def _write_files(self) -> None:
        (self.folder / "recordings").mkdir()
        (self.folder / "recordings" / "README").write_bytes(b"not a recording")
        self.names: dict[int, str] = {}
        for number, offset in self.case.files.items():
            when = self._at(offset)
            local = when.astimezone(self.zone)
            stem = f"out-030-411-{local:%Y%m%d-%H%M%S}-{int(when.timestamp())}.{number}"
            folder = self.folder / "recordings" / f"{local:%Y/%m/%d}"
            folder.mkdir(parents=True, exist_ok=True)
            for extension in ("wav", "mp3")[: 1 + number % 2]:
                path = folder / f"{stem}.{extension}"
                path.write_bytes(b"voice %d" % number)
                os.utime(path, (when.timestamp(), when.timestamp()))
            self.names[number] = f"{stem}.wav"
            self.files[f"{local:%Y/%m/%d}/{stem}"] = when

    def _write_rows(self) -> None:
        columns = "calldate, src, dst, dstchannel, uniqueid, linkedid, sequence, recordingfile"
        for number, leg in enumerate(self.case.legs):
            self.rows += [self._row(number, leg)] * (2 if leg.kind == "twin" else 1)
        with closing(sqlite3.connect(self.database)) as database:
            database.execute(f"CREATE TABLE cdr (AcctId INTEGER PRIMARY KEY, {columns})")
            for row in self.rows:
                database.execute(
                    f"INSERT INTO cdr ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row.values
                )
            database.commit()

    def _row(self, number: int, leg: Leg) -> Row:
        when = self._at(leg.offset)
        stamp: str | None = f"{when.astimezone(self.zone):%Y-%m-%d %H:%M:%S}"
        unique = f"{int(when.timestamp())}.{number}"
        linked = "" if leg.kind == "alone" else f"call-{leg.call}"
        dated: datetime | None = when
        if leg.kind == "assigned":
            unique = "assigned"
            naive = datetime.fromisoformat(str(stamp))
            both = (naive.replace(tzinfo=self.zone, fold=f).astimezone(UTC) for f in (0, 1))
            dated = max(both)
        elif leg.kind in ("null", "zero"):
            stamp = None if leg.kind == "null" else "0000-00-00 00:00:00"
            dated = None
        # A name that no file bears is a missing file.
        link = self.names.get(leg.file, f"missing-{leg.file}.wav") if leg.file else ""
        sequence = "0" if leg.kind == "assigned" else str(number)
        values = (stamp, "030", "411", "c", unique, linked, sequence, link)
        return Row(values, dated, linked or unique, link)

    def _write_messages(self) -> None:
        place = self.folder / "voicemail" / "default" / "411" / "INBOX"
        place.mkdir(parents=True)
        (place.parent / "unavail.wav").write_bytes(b"greeting")
        for number, offset in enumerate(self.case.messages):
            epoch = int(self._at(offset).timestamp())
            stem = f"msg{number:04}"
            (place / f"{stem}.txt").write_text(
                f"[message]\norigmailbox=411\norigtime={epoch}\nmsg_id={epoch}-0000000{number}\n"
            )
            (place / f"{stem}.wav").write_bytes(b"%d" % number)
            for path in place.glob(f"{stem}.*"):
                os.utime(path, (epoch, epoch))
            self.messages[stem] = self._at(offset)

    # --- what must become of it ---

    def gone_files(self) -> set[str]:
        """Files that go: by their own date and the newest leg that names them, whichever is later
        (a bare name says no folder), also where their rows went in this run."""
        gone = self._dated_gone()
        for path, own in self.files.items():
            if self.files_cut and own < self.files_cut and self._all_gone(path):
                gone.add(path)
        return gone

    def _dated_gone(self) -> set[str]:
        newest: dict[str, datetime] = {}
        for row in self.rows:
            if row.when:
                newest[row.call] = max(row.when, newest.get(row.call, row.when))
        naming: defaultdict[str, list[datetime]] = defaultdict(list)
        for row in self.rows:
            if row.link and row.call in newest:
                naming[row.link].append(newest[row.call])
        due = set()
        for path, own in self.files.items():
            named = naming.get(f"{Path(path).name}.wav", [])
            if self.files_cut and max([*named, own]) < self.files_cut:
                due.add(path)
        return due

    def _all_gone(self, path: str) -> bool:
        link = f"{Path(path).name}.wav"
        going = self.going()
        return all(row in going for row in self.rows if row.link == link)

    def straddling(self) -> set[str]:
        sides: defaultdict[str, set[bool]] = defaultdict(set)
        for row in self.rows:
            if row.when and self.calls_cut:
                sides[row.call].add(row.when < self.calls_cut)
        return {call for call, both in sides.items() if len(both) == 2}

    def before(self) -> list[Row]:
        cut = self.calls_cut
        return [row for row in self.rows if cut and row.when and row.when < cut]

    def waits(self, row: Row) -> bool:
        """The file of another class stays longer and can't stand alone."""
        if self.case.alone or not row.link:
            return False
        if row.link in {f"{Path(path).name}.wav" for path in self._dated_gone()}:
            return False  # the file goes first, and its link with it
        return self.files_cut is None or (
            self.calls_cut is not None and self.files_cut < self.calls_cut
        )

    def going(self) -> list[Row]:
        return [r for r in self.before() if r.call not in self.straddling() and not self.waits(r)]

    def expected_rows(self) -> Counter[tuple[Any, ...]]:
        gone = self._spellings_gone()
        going = Counter(id(row) for row in self.going())
        left: Counter[tuple[Any, ...]] = Counter()
        for row in self.rows:
            if going[id(row)]:
                continue
            link = "" if row.link in gone else row.link
            left[(*row.values[:-1], link)] += 1
        return left

    def _spellings_gone(self) -> set[str]:
        return {f"{Path(path).name}.wav" for path in self.gone_files()}

    def expected_disk(self, before: Mapping[str, bytes]) -> dict[str, bytes]:
        files, mail = self.gone_files(), set()
        if self.mail_cut:
            mail = {stem for stem, when in self.messages.items() if when < self.mail_cut}
        return {
            name: data
            for name, data in before.items()
            if name.removeprefix("recordings/").rpartition(".")[0] not in files
            and Path(name).stem not in mail
        }

    # --- running and looking ---

    @property
    def database(self) -> Path:
        return self.folder / "cdr.db"

    def run(self) -> RunResult:
        """At the world's own time, or when the run before had ended: no clock goes back."""
        last = execute.ledger_of(self.site).last()
        now = max(self.now, last.ended) if last else self.now
        return execute.run(self.terms(), self.site, now=now)

    @property
    def site(self) -> Site:
        return make_site(self.folder / "state")

    def terms(self) -> Any:
        product = PRODUCTS[self.case.alone]
        keep = dict.fromkeys(product.manifest.offered(), "forever")
        calls, files, mail = self.case.keeps
        keep |= {
            "call-detail-records": calls,
            "call-recordings": files,
            "voicemail-messages": mail,
        }
        return make_terms(
            product,
            url=f"sqlite:///{self.database}",
            roots={n: self.folder / n for n in ("recordings", "voicemail")},
            timezone=self.case.scene[0],
            keep=keep,
            extra='asterisk: {version: "22.10.1"}',
        )

    def rows_left(self) -> Counter[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database)) as database:
            found = database.execute("SELECT * FROM cdr").fetchall()
        return Counter(row[1:] for row in found)

    def disk(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for root in ("recordings", "voicemail")
            for path in (self.folder / root).rglob("*")
            if path.is_file() and path.name != ".pbxretain.lock"
        }

    def report(self, done: RunResult) -> DeletionReport:
        assert done.entry
        data = (self.site.reports / done.entry.file).read_bytes()
        predicate = parse_statement(signing.open_envelope(data).payload).predicate
        assert isinstance(predicate, DeletionReport)
        return predicate


def _records(disk: Mapping[str, bytes], root: str) -> int:
    """Records, not files: all files of one stem are one."""
    stems = {name.rpartition(".")[0] for name in disk if name.startswith(f"{root}/")}
    return len({stem for stem in stems if Path(stem).name.startswith(("out-", "msg"))})


def _whole(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(case, Path(folder))
        disk, rows = world.disk(), world.rows_left()
        done = world.run()
        assert [str(error) for error in done.errors] == []
        assert done.exit_code == Exit.OK
        assert world.rows_left() == world.expected_rows()
        assert world.disk() == world.expected_disk(disk)

        figures = {d.dataset: d.balances for d in world.report(done).datasets}
        assert figures["calls"].deleted == rows.total() - world.rows_left().total()
        for dataset, root in (("recordings", "recordings"), ("voicemail", "voicemail")):
            gone = _records(disk, root) - _records(world.disk(), root)
            assert figures[dataset].deleted == gone
        for balance in figures.values():
            assert balance.residue == balance.failed == balance.already_absent == 0
        assert figures["calls"].arrived == 0
        assert figures["calls"].due == len(world.before())
        assert figures["calls"].straddling + figures["calls"].kept_for_part == (
            len(world.before()) - len(world.going())
        )

        again = world.run()
        assert (again.outcome, again.exit_code) == ("nothing-due", Exit.OK)
        assert sum(result.deleted for result in again.results) == 0
        assert world.rows_left() == world.expected_rows()
        assert world.disk() == world.expected_disk(disk)


@settings(
    max_examples=int(os.environ.get("PBXRETAIN_EXAMPLES", "80")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(case=CASES)
def test_nothing_due_remains_nothing_else_changed_and_the_report_says_so(case: Case) -> None:
    _whole(case)


def _case(
    *legs: Leg,
    keeps: tuple[str, str, str] = ("30 days", "30 days", "30 days"),
    files: Mapping[int, int] | None = None,
    scene: int = 0,
    alone: bool = True,
) -> Case:
    return Case(SCENES[scene], 12, legs, files or {}, (), keeps, alone)


HOUR = 3600
KNOWN = {
    "a row waits no longer than for its file": _case(
        Leg(-61 * 86400, 0, "epoch", 1),
        keeps=("30 days", "90 days", "30 days"),
        files={1: -61 * 86400},
        alone=False,
    ),
    "a key that repeats behind the cut-off keeps the younger row": _case(
        Leg(-HOUR, 0, "assigned", 0), Leg(HOUR, 1, "assigned", 0), scene=4
    ),
    "twins go in one batch": _case(Leg(-HOUR, 0, "twin", 0), Leg(-HOUR, 0, "twin", 0)),
    "a call on either side stays whole": _case(
        Leg(-1, 0, "epoch", 0), Leg(0, 0, "epoch", 0), Leg(-1, 1, "epoch", 0)
    ),
    "a file named by an old call and a young one stays": _case(
        Leg(-HOUR, 0, "epoch", 1), Leg(HOUR, 1, "epoch", 1), files={1: -HOUR}
    ),
    "row first: the recording stays, and goes by its own date": _case(
        Leg(-86400, 0, "epoch", 1), keeps=("30 days", "90 days", "forever"), files={1: -86400}
    ),
    "part first: the link is blanked, the row stays": _case(
        Leg(-86400, 0, "epoch", 1), keeps=("90 days", "30 days", "forever"), files={1: -86400}
    ),
    "a row whose file can't stand alone waits for it": _case(
        Leg(-86400, 0, "epoch", 1),
        keeps=("30 days", "forever", "forever"),
        files={1: -86400},
        alone=False,
    ),
    "a file whose rows went before it goes in the same run": _case(
        Leg(-HOUR, 0, "epoch", 1),
        keeps=("30 days", "90 days", "forever"),
        files={1: -70 * 86400},
    ),
    "rows far off their place in the ids go too": _case(
        *(Leg(0, 0, "epoch", 0) for _ in range(4)),
        Leg(-61 * 86400, 1, "epoch", 0),
        keeps=("90 days", "30 days", "30 days"),
    ),
    "both nights, every hour": _case(
        *(Leg(n * HOUR, n % 3, kind, 0) for n in range(-5, 6) for kind in ("epoch", "assigned")),
        scene=1,
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_case_that_once_was_hard(name: str) -> None:
    _whole(KNOWN[name])


def test_the_generator_reaches_every_outcome() -> None:
    """An oracle that calls nothing due would pass everything."""
    seen: Counter[str] = Counter()
    for case in KNOWN.values():
        with tempfile.TemporaryDirectory() as folder:
            world = World(case, Path(folder))
            seen["gone"] += len(world.going())
            seen["straddling"] += len(world.straddling())
            seen["files"] += len(world.gone_files())
            seen["waits"] += sum(map(world.waits, world.rows))
            seen["stay"] += world.expected_rows().total()
    assert all(seen.values()), seen
