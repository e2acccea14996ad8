"""How did a dataset's work end, and the whole run?

Only the residue decides: what still lies before the cut-off after a fresh look and no rule keeps.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from pbxretain.errors import Exit, RefusedError, RetainError, UnavailableError
from pbxretain.evidence.merkle import Tree
from pbxretain.journal import Mark
from pbxretain.records import Census

LATE_AT_MOST = 50
"""More than this behind the last pass is no late writer but a dataset that didn't shrink."""

_UNFINISHED = ("FOREIGN_LEFTOVER", "NAMELESS_LEFTOVER", "SHARED_LEFT")


@dataclass(slots=True)
class DatasetResult:
    """What became of one dataset in one run."""

    dataset: str
    outcome: str = "not-reached"
    marks: list[Mark] = field(default_factory=list)
    before: Census | None = None
    after: Census | None = None
    failed: int = 0
    late: int = 0
    absent: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    swept: Counter[str] = field(default_factory=Counter)
    """Shared rows that went after the batches, by table."""

    noted: Counter[str] = field(default_factory=Counter)
    """What the run did beside deleting, by code, for the report's findings."""

    tree: Tree = field(default_factory=Tree)
    lookup: Tree = field(default_factory=Tree)
    """Over the entries by which a record can be found; empty at level counts."""

    @property
    def deleted(self) -> int:
        return sum(mark.deleted for mark in self.marks)


def still_due(census: Census) -> int:
    """Records before the cut-off that no rule keeps: those a run may take, and those that it
    left alone this time (still written, folder locked)."""
    kept = census.held + census.minimum + census.straddling + census.kept_for_part
    return census.before - kept


def remaining(result: DatasetResult) -> int:
    """How many due records the last census still shows, beside those that failed."""
    return max(0, still_due(result.after) - result.failed) if result.after else 0


def _arrived(result: DatasetResult) -> int:
    """How many records before the cut-off came in since the first census. What was there then and
    is there still is no late writer's."""
    if result.before is None or result.after is None:
        return 0
    became = result.after.before + result.deleted + result.absent
    return max(0, became - result.before.before)


def judge(result: DatasetResult) -> None:
    """Only the residue decides; what arrived behind the last pass is late, not left."""
    if result.outcome in ("refused", "kept"):
        return
    if result.outcome == "complete":
        left = remaining(result)
        if result.deleted and left <= LATE_AT_MOST and not result.skipped:
            result.late = min(left, _arrived(result))
        if result.after is None or left > result.late or result.failed:
            result.outcome = "incomplete"
        elif not result.deleted and not left:
            result.outcome = "nothing-due"
    elif result.outcome in ("not-reached", "nothing-due"):
        nothing = result.after is not None and not still_due(result.after)
        result.outcome = "nothing-due" if nothing else "not-reached"
    if result.outcome in ("complete", "nothing-due") and _unfinished(result):
        result.outcome = "incomplete"


def _unfinished(result: DatasetResult) -> bool:
    """What no balance shows. Files that an installation set aside whose journal isn't here (its
    state folder was lost), or whose name is lost: nobody can tell whether they are covered, so a
    person has to look. And shared rows that a sweep should have removed."""
    findings = result.after.findings if result.after else {}
    return any(findings.get(code) for code in _UNFINISHED)


def verdict(
    results: list[DatasetResult], errors: list[RetainError], *, signal: int
) -> tuple[str, Exit]:
    """The run's outcome and exit code, by the order of ``errors.SEVERITY``: a refused dataset
    outweighs an incomplete one, that one a dataset that couldn't be read."""
    if signal:
        return "interrupted", Exit(128 + signal)
    outcomes = {result.outcome for result in results}
    if outcomes <= {"nothing-due", "kept"} and not errors:
        return "nothing-due", Exit.OK
    if "refused" in outcomes:
        return "incomplete", Exit.REFUSED
    if outcomes <= {"complete", "nothing-due", "kept"} and not errors:
        return "complete", Exit.OK
    out_of_reach = all(isinstance(error, UnavailableError) for error in errors)
    if outcomes - {"complete", "nothing-due", "kept"} == {"failed"} and out_of_reach:
        return "incomplete", Exit.UNAVAILABLE
    refused = any(isinstance(error, RefusedError) for error in errors)
    return "incomplete", Exit.REFUSED if refused else Exit.INCOMPLETE
