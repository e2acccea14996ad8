"""What does a period report say of one source, in figures?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from pbxretain.evidence.attestations import GapNote
from pbxretain.evidence.fields import moment
from pbxretain.evidence.statements import Dataset, DeletionReport
from pbxretain.period import first_instant
from pbxretain.spans import Kept, Schedule, Span
from pbxretain.verify import Finding, Report

STOCK = ("held", "minimum", "straddling", "kept_for_part", "failed", "residue")
"""Balances that say what is there after a run; ``undated`` and ``future`` lie outside them."""


EXEMPTIONS = ("HELD", "MIN_RETENTION", "STRADDLING", "KEPT_FOR_PART")
"""Codes of records that stay for a reason: no finding."""


@dataclass(frozen=True, slots=True)
class ClassTotal:
    """One data class: what went in the period, and what was there at its end.

    ``left`` holds the stock balances as each dataset's last counted run saw them; ``seen`` is the
    day of the oldest of those looks.
    """

    data_class: str
    deleted: int
    redacted: int
    left: Mapping[str, int]
    oldest: date | None
    seen: date | None


@dataclass(frozen=True, slots=True)
class Age:
    """How long before the cut-off the oldest remaining record lay after a run, in days."""

    days: int
    dataset: str
    data_class: str
    on: date
    seq: int


@dataclass(frozen=True, slots=True)
class Seen:
    """One finding of the runs: where, first and last day, and whether it is still there."""

    code: str
    where: str
    first: date
    last: date
    count: int | None
    open: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """Runs in a row that didn't end as they should, for one reason."""

    outcome: str
    reason: str | None
    datasets: tuple[str, ...]
    first: date
    last: date
    count: int
    made_good: bool
    """Whether a later run of the period was complete."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A document or program with the days of its first and last run in the period."""

    report: DeletionReport
    first: date
    last: date
    runs: int


@dataclass(frozen=True, slots=True)
class Change:
    """What was otherwise than in the report before."""

    on: date
    seq: int
    what: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the period: its runs and what they deleted."""

    span: Span
    runs: int
    deleted: int


@dataclass(frozen=True, slots=True)
class Ageing:
    """Of one data class: how many days old the oldest record was that a run left, the largest
    figure of each stretch that had a run, and how old records may become (None: for ever)."""

    data_class: str
    limit: int | None
    days: tuple[tuple[Span, int], ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """All that the period report says."""

    source: str
    span: Span
    zone: ZoneInfo
    now: datetime
    runs: tuple[Report, ...]
    before: Report | None
    kept: Kept
    classes: tuple[ClassTotal, ...]
    overdue: Age | None
    excepted: Age | None
    """Records that stay for a reason (hold, minimum): no overdue ones."""
    unexplained: Age | None
    """Older than the cut-off, though the report names neither residue nor exception."""
    findings: tuple[Seen, ...]
    troubles: tuple[Trouble, ...]
    policies: tuple[InForce, ...]
    programs: tuple[InForce, ...]
    changes: tuple[Change, ...]
    course: tuple[Part, ...]
    ageing: tuple[Ageing, ...]
    schedule: Schedule | None
    gaps: tuple[GapNote, ...]
    """Gap-notes, signed by a key that counts, that touch the period."""
    reviewed: tuple[int, ...]
    """Numbers of the period's reports that the officer has reviewed and not rejected."""
    level: str | None
    """How much may be built on the files, as ``verify`` has it."""
    evidence: tuple[Finding, ...]
    """What ``verify`` found about the files and the chain, as far as it touches the period."""
    earlier: int
    """How many findings of the chain lie wholly before the period."""

    @property
    def over(self) -> bool:
        """Whether the period is at an end."""
        return self.now >= first_instant(self.span.after, self.zone)

    @property
    def begins(self) -> date | None:
        """The day of the very first report of the source, where it lies in the period."""
        return day_of(self.runs[0], self.zone) if self.runs and self.before is None else None

    @property
    def last(self) -> DeletionReport | None:
        """The newest report of the period; without one the newest before it."""
        found = self.runs[-1] if self.runs else self.before
        return found.deletion if found else None

    @property
    def told(self) -> list[tuple[Report, DeletionReport]]:
        """The reports of the period, each with what it tells."""
        return [(report, deletion(report)) for report in self.runs]

    @property
    def deleted(self) -> int:
        return sum(item.deleted for item in self.classes)

    @property
    def redacted(self) -> int:
        return sum(item.redacted for item in self.classes)

    @property
    def erasures(self) -> int:
        """How many of the reports tell what data subjects demanded."""
        return sum(deletion(report).is_erasure for report in self.runs)

    def dataset(self, name: str) -> Dataset | None:
        """A dataset as the newest report of the period tells it."""
        told = [d for report in self.runs for d in deletion(report).datasets if d.dataset == name]
        return told[-1] if told else None

    def left(self, name: str) -> int:
        """One stock balance over all data classes, at the period's end."""
        return sum(item.left[name] for item in self.classes)


def deletion(report: Report) -> DeletionReport:
    """What a report tells of its run."""
    run = report.deletion
    assert run is not None  # noqa: S101  (chain() lets nothing else through)
    return run


def ended(report: Report) -> datetime:
    """When its run ended, aware UTC."""
    return moment(deletion(report).run.ended_at)


def day_of(report: Report, zone: ZoneInfo) -> date:
    """The day, in the source's zone, on which its run ended."""
    return ended(report).astimezone(zone).date()
