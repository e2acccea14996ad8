"""Was every run made that should have been, and does each begin where the last one ended?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
    """Runs of their own: a dead run's report is written by the next, and what a data subject
    demanded keeps no schedule."""
    run = report.deletion
    return run is not None and run.run.recovers is None and not run.is_erasure


def _started(report: Report) -> datetime:
    run = report.deletion
    assert run is not None  # noqa: S101  (chosen by _is_run)
    return moment(run.run.started_at)


@dataclass(frozen=True, slots=True)
class _Share:
    """What one report says of one dataset of the manifest, under all its rules together: a record
    may pass from one rule to another between two runs."""

    parts: Sequence[Dataset]
    erasure: bool

    @property
    def clock(self) -> object | None:
        """The event by which all rules date a record; None where they differ."""
        events = {(part.rule.start_event, part.rule.fallback) for part in self.parts}
        return events.pop() if len(events) == 1 else None

    @property
    def looked(self) -> bool:
        """Whether somebody could count; what a rule keeps for ever nobody counts."""
        ended = all(part.outcome not in ("not-reached", "failed") for part in self.parts)
        return ended and any(map(_counted, self.parts))

    @property
    def rules(self) -> Mapping[str, object]:
        unlike = {"cutoff", "deletion_class"}
        return {part.dataset: part.rule.model_dump(exclude=unlike) for part in self.parts}

    def whole(self, name: str) -> Sequence[int]:
        """How many records the dataset held, as each rule's part was told; empty where that is
        not known exactly."""
        totals = [getattr(part, name) for part in self.parts]
        if not all(total.exact for total in totals):
            return ()
        return [total.count for total in totals if total.count is not None]

    def old(self, until: str, count: str) -> Mapping[object, tuple[str, int]]:
        """By start event: before which instant, and how many records of the dataset lay there."""
        return {
            part.rule.start_event: (getattr(part.settled, until), getattr(part.settled, count))
            for part in self.parts
            if part.settled is not None and getattr(part.settled, until) is not None
        }


@dataclass(slots=True)
class _Known:
    """What the reports so far say of one dataset of the manifest."""

    left: _Share | None = None
    """As the last one that looked left it."""
    ruled: _Share | None = None
    """The same of a run: what a data subject demanded has no rule of its own."""
    old: Mapping[object, tuple[str, int]] = field(default_factory=dict)
    """What lay out of late writers' reach, as last counted."""


def continuity(chain: Sequence[Report], find: Find) -> None:
    """What one run left and the next one found. Rows that went without a report, or came back, and
    rows older than all that was left: that happened outside this tool, or the report before was
    not true. And a rule that is another one now: rightly so or not, somebody should have decided
    it."""
    known: dict[str, _Known] = defaultdict(_Known)
    for report in chain:
        for name, share in _shares(report.deletion).items() if report.deletion else ():
            for code, count in _breaks(known[name], share):
                params: dict[str, str | int] = {"seq": number(report)}
                if count:
                    params["count"] = count
                find(found(code, file=report.path.name, dataset=name, **params))
            _learn(known[name], share)


def _shares(run: DeletionReport) -> Mapping[str, _Share]:
    parts: dict[str, list[Dataset]] = defaultdict(list)
    for dataset in run.datasets:
        parts[dataset.of or dataset.dataset].append(dataset)
    return {name: _Share(own, run.is_erasure) for name, own in parts.items()}


def _learn(known: _Known, share: _Share) -> None:
    if share.looked:
        known.left = share
        known.ruled = known.ruled if share.erasure else share
    count, went = share.old("until", "count"), any(part.merkle.size for part in share.parts)
    if count or went:  # what went uncounted can't be told from what others took
        known.old = count


def _counted(part: Dataset) -> bool:
    return part.total_after.count is not None or part.range.oldest_remaining is not None


def _breaks(known: _Known, share: _Share) -> Iterator[tuple[str, int]]:
    lost, more = 0, 0
    left = known.left.whole("total_after") if known.left else ()
    if left and (there := share.whole("total_before")):
        lost = min(left) - max(there)
    for start, (until, again) in share.old("last", "again").items():
        if (before := known.old.get(start)) and before[0] == until:
            lost, more = max(lost, before[1] - again), max(more, again - before[1])
    if lost > 0:
        yield "UNEXPLAINED_ROWS", lost
    if more > 0:
        yield "RETURNED", more
    if known.ruled and not share.erasure and known.ruled.rules != share.rules:
        yield "POLICY_CHANGED", 0
    if known.ruled and _older(known.ruled, share):
        yield "WATERMARK", 0


def _older(before: _Share, after: _Share) -> bool:
    """Whether something was deleted that is older than all that was left."""
    if not before.clock or before.clock != after.clock:
        return False
    # What failed lies somewhere, perhaps set aside.
    told = any(part.balances.failed for part in before.parts)
    marks = [part.range.oldest_remaining for part in before.parts]
    deleted = [d for part in after.parts if (d := part.range.oldest_deleted)]
    oldest = [mark for mark in marks if mark]
    # Where somebody looked and saw no date, the rule has nothing there.
    seen = all(
        mark or part.total_after.count is not None
        for mark, part in zip(marks, before.parts, strict=True)
    )
    return bool(not told and seen and oldest and deleted) and min(deleted) < min(oldest)
