"""Does the conformance kit notice when a store or the engine breaks a promise? Each fault is
planted in the real code, and the promise that it breaks must be named."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pbxretain import connector, report
from pbxretain.errors import StoreError
from pbxretain.journal import Journal
from pbxretain.posix import write_synced
from pbxretain.records import Batch, Census, Finish, Selection, Taken
from pbxretain.stores import (
    files,
    line_reading,
    lines,
    lines_copy,
    reading,
    schema,
    table,
    tree,
    tree_hold,
    walks,
)
from pbxretain.stores.batches import Deleter, TableBatch
from pbxretain.stores.dialects import Sql
from pbxretain.stores.line_selection import Filter
from pbxretain.stores.lines import LinesStore
from pbxretain.stores.naming import LinkNaming
from pbxretain.stores.spool import SpoolStore
from pbxretain.stores.spool_batch import SpoolBatch
from pbxretain.stores.table import TableStore
from pbxretain.stores.tree import TreeStore
from pbxretain.stores.tree_batch import TreeBatch
from pbxretain.stores.tree_view import Viewer
from pbxretain.testing import suite
from pbxretain.testing.suite import Case

MANIFEST = b"""\
connector: faulty
title: a small PBX with everything
databases: [sqlite]
roots:
  recordings: {usual: /srv/recordings}
  voicemail: {usual: /srv/voicemail}
  logs: {usual: /srv/logs}
datasets:
  recordings:
    title: recordings
    data: call-recordings
    kind: tree
    root: recordings
    extensions: [wav]
    dated_by: [{name: "{date}-{time}-{any}"}]
    named_by: {dataset: calls}
    stands_alone: true
  voicemail: {title: voicemail, data: voicemail-messages, kind: spool, root: voicemail}
  calls:
    title: calls
    data: call-detail-records
    kind: table
    table: calls
    key: [number]
    call_id: [call]
    starts: {call-start: {column: began, type: datetime, zone: source}}
    ready: {state: [done]}
    personal: [caller, called, recording]
    subjects: {caller: caller}
    shadows: [{table: calls_copy, optional: false}]
    children: [{table: notes, column: call_number, parent_column: number}]
    link: {column: recording, dataset: recordings, on_part_gone: blank}
  log:
    title: call log
    data: queue-logs
    kind: lines
    root: logs
    files: [calls.log]
    format: bar
    starts: {call-start: {field: 0, type: epoch}}
    call_id: [1]
"""
PRODUCT = connector.parse(MANIFEST, "faulty/connector.yaml", "test")

Patch = pytest.MonkeyPatch
Fault = Callable[[Patch], None]
FAULTS: list[tuple[str, str, Fault]] = []


def caught_by(promise: str, *, of: str) -> Callable[[Fault], Fault]:
    """The promise that must be named, and the dataset whose store is at fault."""

    def registered(fault: Fault) -> Fault:
        FAULTS.append((promise, of, fault))
        return fault

    return registered


def later(selection: Selection, by: timedelta) -> Selection:
    return replace(selection, cutoff=selection.cutoff + by)


# --- what is due ------------------------------------------------------------------------------


def _takes(store: type[Any], change: Callable[[Selection], Selection]) -> Fault:
    def fault(patch: Patch) -> None:
        take = store.take
        patch.setattr(store, "take", lambda self, s, **more: take(self, change(s), **more))

    return fault


@caught_by("rest-stays", of="calls")
def the_instant_of_the_cutoff_goes_too(patch: Patch) -> None:
    _takes(TableStore, lambda s: later(s, timedelta(microseconds=1)))(patch)


@caught_by("rest-stays", of="recordings")
def the_instant_of_the_cutoff_goes_too_from_folders(patch: Patch) -> None:
    _takes(TreeStore, lambda s: later(s, timedelta(microseconds=1)))(patch)


@caught_by("rest-stays", of="log")
def the_instant_of_the_cutoff_goes_too_from_logs(patch: Patch) -> None:
    _takes(LinesStore, lambda s: later(s, timedelta(microseconds=1)))(patch)


@caught_by("rest-stays", of="calls")
def all_that_is_there_goes(patch: Patch) -> None:
    _takes(TableStore, lambda s: replace(s, cutoff=s.now, excluded_calls=frozenset()))(patch)


@caught_by("rest-stays", of="voicemail")
def all_voicemail_goes(patch: Patch) -> None:
    _takes(SpoolStore, lambda s: replace(s, cutoff=s.now))(patch)


@caught_by("due-goes", of="calls")
def the_last_hours_before_the_cutoff_stay(patch: Patch) -> None:
    _takes(TableStore, lambda s: later(s, timedelta(hours=-3)))(patch)


@caught_by("census-true", of="calls")
def local_time_is_read_as_utc(patch: Patch) -> None:
    read = reading.read_start

    def utc(*args: Any, **more: Any) -> Any:
        return read(*args, **more | {"zone": ZoneInfo("UTC")})

    patch.setattr(table, "read_start", utc)


@caught_by("rest-stays", of="log")
def what_has_no_date_is_old(patch: Patch) -> None:
    due = Filter.due

    def undated_too(self: Filter, line: Any, base: bytes) -> Taken | None:
        found = due(self, line, base)
        if found is None and line.fields and self._reader.read(line, base).when is None:
            read = self._reader.read(line, base).taken
            return read._replace(when=self.selection.cutoff - timedelta(days=1))
        return found

    patch.setattr(Filter, "due", undated_too)


@caught_by("rest-stays", of="recordings")
def a_file_without_a_date_is_old(patch: Patch) -> None:
    date = Viewer._date

    def old(self: Viewer, entries: Sequence[Any]) -> None:
        date(self, entries)
        for entry in entries:
            entry.when = entry.when or datetime.fromisoformat("2001-01-01T00:00:00Z")

    patch.setattr(Viewer, "_date", old)


@caught_by("rest-stays", of="calls")
def a_call_with_a_young_leg_goes(patch: Patch) -> None:
    patch.setattr(TableStore, "straddlers", lambda self, selection: frozenset())


@caught_by("rest-stays", of="calls")
def a_call_that_goes_on_goes(patch: Patch) -> None:
    patch.setattr("pbxretain.stores.table.spared", lambda *args: Sql("1=1"))
    patch.setattr(TableStore, "straddlers", lambda self, selection: frozenset())


@caught_by("spares", of="calls")
def what_a_hold_names_goes(patch: Patch) -> None:
    _takes(TableStore, lambda s: replace(s, excluded_keys=frozenset()))(patch)


# --- what goes along --------------------------------------------------------------------------


@caught_by("due-goes", of="calls")
def nothing_is_ever_committed(patch: Patch) -> None:
    patch.setattr(TableBatch, "commit", lambda self: None)


@caught_by("no-dangling", of="calls")
@caught_by("due-goes", of="calls")
def rows_below_are_forgotten(patch: Patch) -> None:
    patch.setattr(Deleter, "_remove_children", lambda self, children, rows: None)


@caught_by("rest-stays", of="calls")
def rows_below_a_key_that_repeats_go(patch: Patch) -> None:
    patch.setattr(Deleter, "_unheld", lambda self, column, going: iter(sorted(going)))


@caught_by("due-goes", of="calls-calls-copy")
def copies_are_forgotten(patch: Patch) -> None:
    patch.setattr(TableStore, "_sweep", lambda self, start, gone: {})
    _empty(patch, TableStore, only="calls-calls-copy")


@caught_by("due-goes", of="recordings")
def files_are_forgotten(patch: Patch) -> None:
    _empty(patch, TreeStore)


def _empty(patch: Patch, store: type[Any], *, only: str = "") -> None:
    """Nothing is due there, whoever asks."""
    census, take = store.census, store.take

    def none(self: Any, selection: Selection) -> Selection:
        mine = not only or self.dataset == only
        long_ago = datetime.fromisoformat("1990-01-01T00:00:00Z")
        return replace(selection, cutoff=long_ago) if mine else selection

    patch.setattr(store, "census", lambda self, s: census(self, none(self, s)))
    patch.setattr(store, "take", lambda self, s, **more: take(self, none(self, s), **more))


@caught_by("rest-stays", of="calls")
def links_to_files_that_are_gone_stay(patch: Patch) -> None:
    patch.setattr(LinkNaming, "blank", lambda self, spellings: 0)


@caught_by("due-goes", of="voicemail")
def of_a_message_only_the_text_goes(patch: Patch) -> None:
    drop = files.drop

    def text_only(folder: Any, name: bytes) -> None:
        if name.endswith(b".txt"):
            drop(folder, name)

    patch.setattr("pbxretain.stores.spool_batch.files.drop", text_only)


@caught_by("rest-stays", of="log")
def the_last_line_of_a_log_is_lost(patch: Patch) -> None:
    read = line_reading.records

    def all_but_one(*args: Any) -> Iterator[Any]:
        found = list(read(*args))
        yield from found[:-1]

    patch.setattr(lines, "records", all_but_one)
    patch.setattr(lines_copy, "records", all_but_one)


@caught_by("run-ends", of="recordings")
def a_name_without_a_file_stops_the_run(patch: Patch) -> None:
    def fails(self: LinkNaming) -> Iterator[bytes]:
        raise StoreError("A recording is missing.")

    patch.setattr(LinkNaming, "named", fails)


# --- what is said -----------------------------------------------------------------------------


@caught_by("census-true", of="calls")
def whoever_looks_finds_nothing(patch: Patch) -> None:
    patch.setattr(TableStore, "census", lambda self, selection: Census(before=0, due=0))


@caught_by("census-true", of="recordings")
def undated_files_are_not_counted(patch: Patch) -> None:
    census = TreeStore.census
    patch.setattr(TreeStore, "census", lambda self, s: replace(census(self, s), undated=0))


@caught_by("report-true", of="calls")
def the_report_counts_one_too_many(patch: Patch) -> None:
    balances = report.balances

    def wrong(before: Any, result: Any) -> dict[str, int]:
        told = balances(before, result)
        return told | {"deleted": told["deleted"] + 1, "arrived": told["arrived"] + 1}

    patch.setattr(report, "balances", wrong)


@caught_by("in-order", of="calls")
def a_listing_has_no_order(patch: Patch) -> None:
    scan = TableStore.scan

    def shuffled(self: TableStore, selection: Selection) -> Iterator[Any]:
        found = list(scan(self, selection))
        random.Random(7).shuffle(found)
        yield from found

    patch.setattr(TableStore, "scan", shuffled)


@caught_by("silent", of="calls")
def repr_shows_a_record(patch: Patch) -> None:
    patch.setattr(Taken, "__repr__", lambda self: f"<taken {self.key} {self.subjects}>")


@caught_by("killed-sealed", of="calls")
def the_journal_holds_keys(patch: Patch) -> None:
    seal = Journal.seal

    def telling(self: Journal, number: int, name: str, batch: Batch, **more: Any) -> Any:
        write_synced(self.folder / f"debug-{number}", repr([t.key for t in batch.taken]).encode())
        return seal(self, number, name, batch, **more)

    patch.setattr(Journal, "seal", telling)


@caught_by("drift-refuses", of="calls")
def another_table_is_taken_for_the_declared_one(patch: Patch) -> None:
    patch.setattr(table, "refuse_drift", lambda *args, **more: None)
    patch.setattr(schema, "refuse_keys", lambda *args, **more: None)


# --- crashes ----------------------------------------------------------------------------------


@caught_by("put-back", of="recordings")
def a_batch_that_is_given_up_leaves_files_renamed(patch: Patch) -> None:
    patch.setattr(TreeBatch, "rollback", lambda self: None)


@caught_by("newer-stays", of="recordings")
def a_file_is_put_back_over_a_newer_one(patch: Patch) -> None:
    def over(folder: Any, name: bytes, original: bytes) -> bytes:
        os.replace(folder.at(name), folder.at(original))  # noqa: PTH105
        return original

    patch.setattr(tree_hold, "put_back", over)


@caught_by("put-back", of="calls")
def a_batch_that_is_given_up_is_committed(patch: Patch) -> None:
    patch.setattr(TableBatch, "rollback", lambda self: self.database.commit())


@caught_by("killed-finished", of="calls")
def a_dead_run_is_said_to_have_deleted_nothing(patch: Patch) -> None:
    patch.setattr(TableStore, "settle", lambda self, intent: [False] * intent.count)


@caught_by("killed-sealed", of="calls")
def a_dead_run_is_said_to_have_deleted_all(patch: Patch) -> None:
    patch.setattr(TableStore, "settle", lambda self, intent: [True] * intent.count)


@caught_by("killed-final", of="recordings")
def a_dead_run_leaves_files_renamed(patch: Patch) -> None:
    def says_only(self: TreeStore, intent: Any) -> Sequence[bool]:
        return [intent.committed] * intent.count

    patch.setattr(TreeStore, "settle", says_only)
    patch.setattr(tree, "_tidy", lambda *args: 0)


@caught_by("killed-final", of="voicemail")
def a_dead_run_puts_back_messages_that_were_final(patch: Patch) -> None:
    def puts_back(self: SpoolStore, intent: Any) -> Sequence[bool]:
        self.tidy(self.__class__.__name__)
        return [False] * intent.count

    patch.setattr(SpoolStore, "settle", puts_back)


@caught_by("twins-together", of="calls")
def twins_are_parted_without_a_mark(patch: Patch) -> None:
    walk = walks.IdWalk

    def unmarked(*args: Any) -> Any:
        made = walk(*args)
        made.locator = None
        return made

    patch.setattr(reading, "IdWalk", unmarked)


@caught_by("second-run", of="recordings")
def finishing_is_only_said(patch: Patch) -> None:
    patch.setattr(TreeBatch, "finish", lambda self: Finish())
    patch.setattr(SpoolBatch, "finish", lambda self: Finish())


# --- the campaign -----------------------------------------------------------------------------


def _cases() -> list[Case]:
    return [case for case in suite(PRODUCT) if isinstance(case, Case)]


@pytest.mark.parametrize(
    ("promise", "dataset", "fault"),
    FAULTS,
    ids=[f"{fault.__name__}-{promise}" for promise, _, fault in FAULTS],
)
def test_a_planted_fault_breaks_the_promise_that_names_it(
    promise: str, dataset: str, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(monkeypatch)
    cases = [c for c in _cases() if (c.promise.name, c.dataset) == (promise, dataset)]
    assert cases, "there is no such case"
    assert any(case.findings() for case in cases)


def test_without_a_fault_every_promise_is_kept() -> None:
    assert [case.sentence(found) for case in suite(PRODUCT) if (found := case.findings())] == []


def test_every_promise_is_broken_by_some_fault() -> None:
    """But the one that only a manifest can break: tests/test_kit.py has it."""
    broken = {promise for promise, _, _ in FAULTS} | {"dates-reached"}
    assert {case.promise.name for case in _cases()} <= broken
