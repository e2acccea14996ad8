"""Was every run made that should have been, and does each begin where the last one ended?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from pbxretain.evidence.attestations import GapNote, RosterSource
from pbxretain.evidence.fields import moment
from pbxretain.evidence.statements import Dataset, DeletionReport
from pbxretain.spans import Schedule, covers, missed
from pbxretain.verify.chain import number
from pbxretain.verify.findings import Find, Report, found


def schedule(chain: Sequence[Report], expected: RosterSource, find: Find, *, now: datetime) -> None:
    """Runs that are missing between two reports, and since the last. A gap-note explains a gap;
    it stays on the page."""
    agreed = Schedule(expected.interval_h, expected.grace_h, binding=True)
    notes = [r.statement.predicate for r in chain if isinstance(r.statement.predicate, GapNote)]
    runs = [report for report in chain if _is_run(report)]
    for before, after in pairwise(runs):
        lost = list(missed(_started(before), _started(after), agreed))
        explained = all(any(covers(note, at) for note in notes) for at in lost)
        if lost:
            code = "GAP_EXPLAINED" if explained else "MISSED_RUNS"
            find(found(code, first=number(before), last=number(after), count=len(lost)))
    if runs and any(missed(_started(runs[-1]), now, agreed)):
        hours = round((now - _started(runs[-1])).total_seconds() / 3600)
        find(found("OVERDUE", seq=number(runs[-1]), hours=hours))


def _is_run(report: Report) -> bool:
    """Runs of their own: a dead run's report is written by the next."""
    run = report.deletion
    return run is not None and run.run.recovers is None


def _started(report: Report) -> datetime:
    run = report.deletion
    assert run is not None  # noqa: S101  (chosen by _is_run)
    return moment(run.run.started_at)


def continuity(chain: Sequence[Report], find: Find) -> None:
    """What one run left and the next one found. Rows that went without a report, and rows older
    than all that was left: both happened outside this tool, or the report before was not true.
    And a rule that is another one now: rightly so or not, somebody should have decided it."""
    known: dict[str, Dataset] = {}
    for report in chain:
        run = report.deletion
        for dataset in run.datasets if run else ():
            before = known.get(dataset.dataset)
            if before is not None:
                for code, count in _breaks(before, dataset):
                    params: dict[str, str | int] = {"seq": number(report)}
                    if count:
                        params["count"] = count
                    name = dataset.dataset
                    find(found(code, file=report.path.name, dataset=name, **params))
            if _looked(run, dataset):
                known[dataset.dataset] = dataset


def _looked(run: DeletionReport | None, dataset: Dataset) -> bool:
    counted = dataset.total_after.count is not None or dataset.range.oldest_remaining is not None
    return run is not None and dataset.outcome not in ("not-reached", "failed") and counted


def _breaks(before: Dataset, after: Dataset) -> Iterator[tuple[str, int]]:
    left, there = before.total_after, after.total_before
    exact = left.exact and there.exact and left.count is not None and there.count is not None
    if exact and (there.count or 0) < (left.count or 0):
        yield "UNEXPLAINED_ROWS", (left.count or 0) - (there.count or 0)
    mark, deleted = before.range.oldest_remaining, after.range.oldest_deleted
    comparable = before.rule.start_event == after.rule.start_event
    rules = [(d.rule.keep, d.rule.start_event, d.rule.basis) for d in (before, after)]
    if rules[0] != rules[1]:
        yield "POLICY_CHANGED", 0
    told = before.balances.failed > 0  # what failed lies somewhere, perhaps set aside
    if comparable and not told and mark and deleted and deleted < mark:
        yield "WATERMARK", 0
