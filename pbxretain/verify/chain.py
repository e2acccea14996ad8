"""Is every statement of a source there, once, in its place, and does the ledger say the same?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from pbxretain.evidence.fields import moment
from pbxretain.evidence.statements import made_at
from pbxretain.ledger import Entry, entry_of
from pbxretain.verify.findings import Find, Report, found
from pbxretain.verify.reading import Folder
from pbxretain.verify.signers import Source

Chains = Mapping[Source, Sequence[Report]]
"""The statements of each source's ledger, by number."""

LACKING = frozenset(("GAP", "PREV", "FORK", "TRUNCATED", "MISSING_LEDGER", "MISSING_REPORT"))
"""Findings by which something of a ledger is missing or stands twice."""


def chains(reports: Iterable[Report]) -> dict[Source, list[Report]]:
    """What stands in a ledger, by source, in order."""
    result: dict[Source, list[Report]] = defaultdict(list)
    for report in reports:
        predicate = report.statement.predicate
        source = getattr(predicate, "source", None)
        if report.place is not None and isinstance(source, str):
            result[predicate.installation, source].append(report)
    for chain in result.values():
        chain.sort(key=number)
    return result


def number(report: Report) -> int:
    """The number of a statement that stands in a ledger."""
    return report.place.seq if report.place else -1


def forks(known: Chains, find: Find) -> None:
    """One number, two statements: also when they come from different folders."""
    for chain in known.values():
        first: dict[int, str] = {}
        for report in chain:
            if first.setdefault(number(report), report.digest) != report.digest:
                find(found("FORK", file=report.path.name, seq=number(report)))


def links(known: Chains, find: Find, *, whole: bool) -> None:
    """Each statement names the one before it; in a whole folder none is missing."""
    for chain in known.values():
        if whole and number(chain[0]) > 0:
            find(found("GAP", first=0, last=number(chain[0]) - 1))
        for before, after in pairwise(chain):
            _link(before, after, find, whole=whole)


def _link(before: Report, after: Report, find: Find, *, whole: bool) -> None:
    step = number(after) - number(before)
    prev = after.place.prev if after.place else None
    if step > 1 and whole:
        find(found("GAP", first=number(before) + 1, last=number(after) - 1))
    elif step == 1 and prev != before.digest:
        find(found("PREV", file=after.path.name, seq=number(after)))
    if moment(made_at(after.statement.predicate)) < moment(made_at(before.statement.predicate)):
        find(found("CLOCK_BACK", file=after.path.name, seq=number(after)))


def ledger(folder: Folder, find: Find) -> None:
    """Whether the ledger's lines and the statements of the folder are the same."""
    placed = [report for report in folder.reports if report.place is not None]
    if folder.entries is None:
        if placed and "ledger.jsonl" not in folder.names:
            find(found("MISSING_LEDGER"))
        return
    by_name = {report.path.name: report for report in folder.reports}
    for entry in folder.entries:
        if entry.file not in folder.names:
            find(found("MISSING_REPORT", file=entry.file, seq=entry.seq))
        elif entry.file in by_name:
            _entry(entry, by_name[entry.file], find)
    known = {entry.file for entry in folder.entries}
    for report in placed:
        if report.path.name not in known:
            find(found("EXTRA_REPORT", file=report.path.name))


def is_whole(folder: Folder, placed: Sequence[Report]) -> bool:
    """Whether all that the folder's ledger names is there, from number 0 on."""
    named = {entry.seq for entry in folder.entries or ()}
    there = {number(report) for report in placed}
    return named == there == set(range(len(there)))


def _entry(entry: Entry, report: Report, find: Find) -> None:
    wanted = entry_of(report.statement, digest=report.digest, sha256=entry.sha256)
    if entry != wanted:
        find(found("LEDGER_MISMATCH", file=entry.file, seq=entry.seq))
    elif report.sha256 != entry.sha256:
        find(found("CHANGED_FILE", file=entry.file, seq=entry.seq))
