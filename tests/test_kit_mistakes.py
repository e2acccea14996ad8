"""Does the conformance kit see it when a manifest doesn't fit its PBX?

The engine is told one thing, and the PBX is another: a named promise must tell of it. The smaller
faults of stores follow, each kind of store with its own; the grave ones: tests/test_kit_faults.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pbxretain import connector
from pbxretain.connector import Connector
from pbxretain.errors import RetainError, StoreError
from pbxretain.journal import Journal
from pbxretain.plan import Terms
from pbxretain.records import Batch, Census, Finish, Selection, Taken
from pbxretain.stores import counting, files, lines, numbering, sparing, told, tree_batch
from pbxretain.stores.batches import TableBatch
from pbxretain.stores.database import Session
from pbxretain.stores.dating import Dater
from pbxretain.stores.dialects import Sql, untyped
from pbxretain.stores.line_selection import Filter
from pbxretain.stores.lines import LinesStore
from pbxretain.stores.lines_batch import Copy
from pbxretain.stores.lines_copy import Copying
from pbxretain.stores.moments import Moments
from pbxretain.stores.naming import LinkNaming
from pbxretain.stores.shared import SharedRows
from pbxretain.stores.spool import SpoolStore
from pbxretain.stores.table import TableStore
from pbxretain.stores.tree import TreeStore
from pbxretain.stores.tree_parts import Shape
from pbxretain.stores.walks import Position
from pbxretain.testing import suite
from pbxretain.testing.fake import Fake, Found
from pbxretain.testing.promises import PROMISES
from pbxretain.testing.setting import FULL, terms_of, variants
from pbxretain.testing.suite import Case
from pbxretain.testing.trial import Trial

CALLS = """\
connector: trial-pbx
title: Trial PBX
databases: [mysql]
roots:
  recordings: {usual: /var/recordings}
  logs: {usual: /var/log/pbx}
datasets:
  recordings:
    data: call-recordings
    title: recordings
    kind: tree
    root: recordings
    extensions: [wav, txt]
    paths: ["{year}/{month}/{any}"]
    dated_by: [{name: "{any}-{date}-{time}"}, {path: "{year}/{month}"}]
    named_by: {dataset: calls}
  calls:
    data: call-detail-records
    title: calls
    kind: table
    table: calls
    key: [number]
    call_id: [call]
    starts: {call-start: {column: began, type: datetime}}
    personal: [caller]
    subjects: {from: caller}
    facets: {extension: {column: caller}}
    ready: {state: [done]}
    link: {column: file, dataset: recordings, on_part_gone: blank}
    shadows: [{table: calls_copy}]
    children:
      - {table: legs, column: call_number, parent_column: number}
  log:
    data: queue-logs
    title: queue log
    kind: lines
    root: logs
    files: [queue_log]
    format: bar
    starts: {logged: {field: 0, type: epoch}}
    call_id: [1]
    facets: {queue: {field: 1}}
"""
PARTIES = """\
connector: trial-pbx
title: Trial PBX
databases: [mysql]
roots:
  spool: {usual: /var/spool/asterisk/voicemail}
datasets:
  quality:
    data: call-quality
    title: quality
    kind: table
    table: quality
    key: [sample]
    starts: {measured: {column: at, type: epoch}}
  calls:
    data: call-detail-records
    title: calls
    kind: table
    table: calls
    key: [number]
    starts: {call-start: {column: began, type: datetime}}
    end: ended
    personal: [note]
    parts: [{dataset: quality, column: call_number, parent_column: number}]
    shared:
      - {table: parties, key: id, named_by: [{table: calls, column: party}]}
  log-ins:
    data: audit-logs
    title: log-ins
    kind: table
    table: log_ins
    key: [device]
    starts: {logged: {column: at, type: datetime, zone: utc}}
    keep_newest: 3
  voicemail:
    data: voicemail-messages
    title: voicemail
    kind: spool
    root: spool
"""
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
Plant = Callable[[pytest.MonkeyPatch], None]


def product(text: str) -> Connector:
    """A manifest as the kit tries it."""
    return next(iter(variants(connector.parse(text.encode(), "trial-pbx", "site"))))


@dataclass
class Mistaken(Trial):
    """A PBX as ``product`` says, under an engine that was told something else."""

    told: Connector = field(kw_only=True)

    def terms(self, fake: Fake) -> Terms:
        return terms_of(self.told, self.scene, url=fake.url, roots=fake.roots)


def findings(trial: Trial, case: str) -> list[Found]:
    """What the named case says: promise/dataset."""
    name, dataset = case.split("/")
    promise = next(promise for promise in PROMISES if promise.name == name)
    return Case(promise, dataset, trial).findings()


@pytest.mark.parametrize("text", [CALLS, PARTIES], ids=["calls", "parties"])
def test_without_a_fault_every_case_is_silent(text: str) -> None:
    cases = suite(connector.parse(text.encode(), "trial-pbx", "site"))
    assert [case.sentence(found) for case in cases if (found := case.findings())] == []


# --- faults of stores and of the engine -------------------------------------------------------


def altered(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, change: Any) -> None:
    """Puts ``change(original, *args)`` where a function or method was."""
    original = getattr(owner, name)

    def planted(*args: Any, **more: Any) -> Any:
        return change(original, *args, **more)

    monkeypatch.setattr(owner, name, planted)


def around(owner: object, name: str, change: Any) -> Plant:
    """The plant that alters one function."""
    return lambda monkeypatch: altered(monkeypatch, owner, name, change)


def instead(owner: object, name: str, result: object = None) -> Plant:
    """The plant that has one function do nothing but answer."""
    return around(owner, name, lambda _original, *_args, **_more: result)


def select_late(by: timedelta, owner: type) -> Plant:
    """Takes what is younger than the cut-off by so much."""

    def late(take: Any, self: object, selection: Selection, **more: Any) -> Batch:
        found: Batch = take(self, replace(selection, cutoff=selection.cutoff + by), **more)
        return found

    return around(owner, "take", late)


def counted(**wrong: Any) -> Plant:
    """A census whose figures are computed wrongly out of the true ones."""

    def count(count_table: Any, *args: Any) -> Census:
        true: Census = count_table(*args)
        return replace(true, **{name: change(true) for name, change in wrong.items()})

    return around(counting, "count_table", count)


def both(*plants: Plant) -> Plant:
    """Several changes that make one fault."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        for each in plants:
            each(monkeypatch)

    return plant


def by_key_alone(commit: Any, self: TableBatch) -> object:
    """Rows of the same key go along, whenever they happened."""
    for taken in self.taken:
        if taken.call == () and taken.subjects == ():
            key = untyped(taken.key[0])
            self.database.run(Sql("DELETE FROM log_ins WHERE CAST(device AS BLOB) = %s", (key,)))
    return commit(self)


def committed_at_once(take: Any, self: TableStore, *args: Any, **more: Any) -> Batch:
    batch: TableBatch = take(self, *args, **more)
    if batch.database.in_transaction:
        batch.database.commit()
    return batch


def undated_too(commit: Any, self: TableBatch) -> object:
    self.database.run(Sql("DELETE FROM calls WHERE began IS NULL"))
    return commit(self)


def first_reading(_settle: Any, self: Moments, stamp: datetime, _epoch: object) -> datetime:
    """Of an hour that the clock showed twice the earlier one."""
    return stamp.replace(tzinfo=self.zone, fold=0).astimezone(UTC)


def moved_over(_move: Any, folder: files.Folder, move: Any) -> None:
    os.replace(folder.at(move[1]), folder.at(move[2]))  # noqa: PTH105


def by_old_name(drop: Any, folder: files.Folder, name: bytes) -> None:
    drop(folder, name)
    for found in files.hidden_in(folder, [name]):
        drop(folder, found.original or name)


def beginning(own_date: Any, self: Dater, *args: Any, **more: Any) -> datetime | None:
    """A folder of a month is dated by its first day."""
    found: datetime | None = own_date(self, *args, **more)
    return found - timedelta(days=27) if found and found.microsecond else found


def an_hour_off(own_date: Any, self: Dater, *args: Any, **more: Any) -> datetime | None:
    found: datetime | None = own_date(self, *args, **more)
    return found - HOUR if found else None


def number_in_error(run: Any, self: Session, statement: Any, *args: Any, **more: Any) -> Any:
    try:
        return run(self, statement, *args, **more)
    except StoreError as error:
        raise StoreError(f"not deleted: pbxkit {statement}") from error


def file_in_error(look: Any, self: TreeStore, **more: Any) -> Any:
    try:
        return look(self, **more)
    except RetainError:
        raise StoreError("030123.wav can't be read") from None


def doubled(write: Any, self: Copying, folder: Any, file: Any, *args: Any) -> bool:
    empty: bool = write(self, folder, file, *args)
    with open(folder.at(args[-1]), "r+b") as copy:  # noqa: PTH123
        copy.write(copy.read())
    return empty


def said_of_all(gone: bool) -> Any:
    def settle(_settle: Any, _self: object, intent: Any) -> Sequence[bool]:
        return [gone] * intent.count

    return settle


def without_holds(take: Any, self: object, selection: Selection, **more: Any) -> Batch:
    found: Batch = take(self, replace(selection, excluded_keys=frozenset()), **more)
    return found


def without_skips(take: Any, self: object, selection: Selection, **more: Any) -> Batch:
    found: Batch = take(self, selection, **{**more, "skip": frozenset()})
    return found


def one_not_told(finish: Any, self: TableBatch) -> Finish:
    found: Finish = finish(self)
    return replace(found, kept=[0]) if self.taken else found


SHOWN: Mapping[str, Plant] = {
    "a record shows its parties": around(Taken, "__repr__", lambda _, t: str(t.subjects)),
    "a cursor shows a number": around(Position, "__repr__", lambda *_: "030123"),
}
FAULTS: Sequence[tuple[str, str, str, Plant]] = [
    ("a message at the cut-off goes", "rest-stays/voicemail", PARTIES,
     select_late(SECOND, SpoolStore)),
    ("all is committed at once", "put-back/calls", CALLS,
     around(TableStore, "take", committed_at_once)),
    ("committed before it is sealed", "killed-sealed/calls", CALLS,
     around(TableStore, "take", committed_at_once)),
    *((name, "silent/calls", CALLS, plant) for name, plant in SHOWN.items()),
    ("undated counts as due", "census-true/calls", CALLS,
     counted(due=lambda c: c.due + c.undated, before=lambda c: c.before + c.undated)),
    ("undated rows go", "rest-stays/calls", CALLS, around(TableBatch, "commit", undated_too)),
    # Counting
    ("the future isn't told", "census-true/calls", CALLS, counted(future=lambda _: 0)),
    ("straddlers count as due", "census-true/calls", CALLS,
     counted(due=lambda c: c.due + c.straddling)),
    ("the oldest is the newest", "census-true/calls", CALLS, counted(oldest=lambda c: c.newest)),
    ("the doubled hour is read early", "census-true/calls", CALLS,
     around(Moments, "_settle", first_reading)),
    ("the report says too little", "report-true/calls", CALLS,
     around(TableBatch, "finish", one_not_told)),
    # Rows that must stay
    ("the younger row of a key goes", "rest-stays/log-ins", PARTIES,
     around(TableBatch, "commit", by_key_alone)),
    ("calls go before they are done", "rest-stays/calls", CALLS,
     both(instead(sparing, "not_ready"), instead(counting, "unready"))),
    ("calls go while they go on", "rest-stays/calls", PARTIES, instead(sparing, "unready")),
    ("rows go before what hangs on them", "rest-stays/calls", PARTIES,
     instead(sparing, "kept_for_part")),
    ("the newest go", "newest-stays/log-ins", PARTIES, instead(sparing, "newest_stay")),
    ("a file of a hold goes", "spares/recordings", CALLS,
     around(TreeStore, "take", without_holds)),
    ("a line of a hold goes", "spares/log", CALLS, around(LinesStore, "take", without_holds)),
    ("a message of a hold goes", "spares/voicemail", PARTIES,
     around(SpoolStore, "take", without_holds)),
    ("what failed is tried again", "spares/calls", CALLS,
     around(TableStore, "take", without_skips)),
    # Rules that share a dataset
    ("a rule takes every row", "rules-share/calls", CALLS, instead(sparing, "claimed")),
    ("a rule lists every line", "rules-share/log", CALLS, instead(told, "fits", True)),
    # What belongs to rows
    ("copies of what stays count", "census-true/calls-calls-copy", CALLS,
     instead(counting, "own_rows")),
    ("a shared row goes while it is named", "rest-stays/calls", PARTIES,
     instead(SharedRows, "_unnamed", Sql("1=1"))),
    ("shared rows are left", "due-goes/calls", PARTIES, instead(TableStore, "sweep", {})),
    ("the newest leg doesn't date its file", "rest-stays/recordings", CALLS,
     instead(LinkNaming, "newest_leg", {})),
    # Files
    ("half of a recording is left", "due-goes/recordings", CALLS,
     around(Shape, "names", lambda names, self, stem: list(names(self, stem))[:1])),
    ("greetings go", "rest-stays/recordings", CALLS,
     both(instead(Shape, "covers", True),
          around(Dater, "own_date", lambda date, *a, **m: date(*a, **m)
                 or datetime(2025, 1, 1, tzinfo=UTC)))),
    ("a month is dated by its first day", "rest-stays/recordings", CALLS,
     around(Dater, "own_date", beginning)),
    ("files are dated an hour off", "census-true/recordings", CALLS,
     around(Dater, "own_date", an_hour_off)),
    ("something newer is removed", "newer-stays/recordings", CALLS,
     around(tree_batch, "drop", by_old_name)),
    ("a message is put back over a newer one", "newer-stays/voicemail", PARTIES,
     both(instead(numbering, "_fits", True), around(numbering, "_move", moved_over))),
    # Lines
    ("lines are doubled", "rest-stays/log", CALLS, around(Copying, "_write", doubled)),
    ("a line written meanwhile is lost", "newer-stays/log", CALLS,
     instead(Copy, "unchanged", True)),
    ("lines that are due stay", "due-goes/log", CALLS, instead(Filter, "takes", False)),
    # A kill
    *((f"{kind} settled as gone", f"killed-sealed/{dataset}", text,
       around(store, "settle", said_of_all(gone=True)))
      for kind, dataset, text, store in (
          ("files", "recordings", CALLS, TreeStore),
          ("lines", "log", CALLS, LinesStore), ("messages", "voicemail", PARTIES, SpoolStore))),
    *((f"{kind} settled as still there", f"killed-finished/{dataset}", text,
       around(store, "settle", said_of_all(gone=False)))
      for kind, dataset, text, store in (
          ("files", "recordings", CALLS, TreeStore),
          ("lines", "log", CALLS, LinesStore), ("messages", "voicemail", PARTIES, SpoolStore))),
    ("a dead run isn't settled", "killed-finished/calls", CALLS,
     instead(Journal, "dead_intent")),
    # Personal data
    ("an error repeats a statement's values", "silent/calls", CALLS,
     around(Session, "run", number_in_error)),
    ("an error names a file", "silent/recordings", CALLS,
     around(TreeStore, "_look", file_in_error)),
    ("the system's own error comes out", "silent/log", CALLS,
     instead(lines, "without_paths", nullcontext())),
]  # fmt: skip


@pytest.mark.parametrize(("case", "text", "plant"), [fault[1:] for fault in FAULTS],
                         ids=[fault[0].replace(" ", "-") for fault in FAULTS])  # fmt: skip
def test_a_planted_fault_is_told_by_name(
    case: str, text: str, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    assert findings(Trial(product(text), FULL), case)


# --- manifests that don't fit the PBX ---------------------------------------------------------

MISTAKES: Sequence[tuple[str, str, str, str, str]] = [
    (
        "local time as UTC",
        "census-true/calls",
        CALLS,
        "type: datetime}",
        "type: datetime, zone: utc}",
    ),
    (
        "UTC as local time",
        "census-true/log-ins",
        PARTIES,
        "type: datetime, zone: utc}",
        "type: datetime}",
    ),
    (
        "a child left out",
        "due-goes/calls",
        CALLS,
        "    children:\n      - {table: legs, column: call_number, parent_column: number}\n",
        "",
    ),
    (
        "a child under another column",
        "no-dangling/calls",
        CALLS,
        "column: call_number, parent_column: number",
        "column: call_number, parent_column: caller",
    ),
    ("a copy left out", "due-goes/calls", CALLS, "    shadows: [{table: calls_copy}]\n", ""),
    ("legs without a call id", "rest-stays/calls", CALLS, "    call_id: [call]\n", ""),
    (
        "another word for done",
        "due-goes/calls",
        CALLS,
        "ready: {state: [done]}",
        "ready: {state: [over]}",
    ),
    ("not told when done", "rest-stays/calls", CALLS, "    ready: {state: [done]}\n", ""),
    (
        "a link left as it is",
        "rest-stays/calls",
        CALLS,
        "on_part_gone: blank",
        "on_part_gone: leave",
    ),
    ("files of one sort only", "due-goes/recordings", CALLS, "[wav, txt]", "[wav]"),
    (
        "any file at all",
        "census-true/recordings",
        CALLS,
        'paths: ["{year}/{month}/{any}"]',
        'paths: ["{any}"]',
    ),
    (
        "files dated by their last change",
        "census-true/recordings",
        CALLS,
        '[{name: "{any}-{date}-{time}"}, {path: "{year}/{month}"}]',
        "[{mtime: true}]",
    ),
    (
        "files that nobody names",
        "rest-stays/recordings",
        CALLS,
        "    named_by: {dataset: calls}\n",
        "",
    ),
    (
        "a log's time in another field",
        "due-goes/log",
        CALLS,
        "{field: 0, type: epoch}",
        "{field: 2, type: epoch}",
    ),
    (
        "shared rows left out",
        "due-goes/calls",
        PARTIES,
        PARTIES[PARTIES.index("    shared:") : PARTIES.index("  log-ins:")],
        "",
    ),
    ("no end told", "rest-stays/calls", PARTIES, "    end: ended\n", ""),
    (
        "no row hangs on it",
        "rest-stays/calls",
        PARTIES,
        "    parts: [{dataset: quality, column: call_number, parent_column: number}]\n",
        "",
    ),
    ("a column that isn't there", "due-goes/calls", CALLS, "key: [number]", "key: [numbr]"),
]


@pytest.mark.parametrize(("case", "text", "true", "wrong"), [one[1:] for one in MISTAKES],
                         ids=[one[0].replace(" ", "-") for one in MISTAKES])  # fmt: skip
def test_a_manifest_that_does_not_fit_the_pbx_is_told_by_name(
    case: str, text: str, true: str, wrong: str
) -> None:
    assert true in text
    told = product(text.replace(true, wrong))
    assert findings(Mistaken(product(text), FULL, told=told), case)
