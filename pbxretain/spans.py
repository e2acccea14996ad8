"""Which days does a period hold, and how many of the runs that were due in it took place?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Literal

from dateutil.relativedelta import relativedelta

from pbxretain.errors import DocumentError
from pbxretain.evidence.attestations import GapNote
from pbxretain.evidence.fields import moment

Kind = Literal["month", "quarter", "year"]
_FORMS: Mapping[Kind, re.Pattern[str]] = {
    "month": re.compile(r"(2[0-9]{3})-(0[1-9]|1[0-2])"),
    "quarter": re.compile(r"(2[0-9]{3})-Q([1-4])"),
    "year": re.compile(r"(2[0-9]{3})"),
}
_EXAMPLES: Mapping[Kind, str] = {"month": "2026-10", "quarter": "2026-Q4", "year": "2026"}
_LENGTHS: Mapping[Kind, int] = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Span:
    """A calendar period of whole local days, from ``first`` up to but not including ``after``."""

    kind: Kind | Literal["day"]
    first: date
    after: date

    @classmethod
    def parse(cls, kind: Kind, text: str) -> Span:
        """Reads ``2026-10``, ``2026-Q4`` or ``2026``; DocumentError for anything else."""
        match = _FORMS[kind].fullmatch(text)
        if match is None:
            raise DocumentError(f"a {kind} is written such as {_EXAMPLES[kind]}")
        number = int(match[2]) if kind != "year" else 1
        month = number * 3 - 2 if kind == "quarter" else number
        return cls(kind, *_months(date(int(match[1]), month, 1), _LENGTHS[kind]))

    @property
    def last(self) -> date:
        """The last day that belongs to it."""
        return self.after - timedelta(days=1)

    def parts(self, *, days: int = 1) -> Iterator[Span]:
        """Stretches of so many days of a month, the last maybe shorter; months of anything else."""
        step = relativedelta(days=days) if self.kind == "month" else relativedelta(months=1)
        start = self.first
        while start < self.after:
            end = min(start + step, self.after)
            yield Span("day" if self.kind == "month" else "month", start, end)
            start = end

    def holds(self, day: date) -> bool:
        return self.first <= day < self.after


def _months(first: date, count: int) -> tuple[date, date]:
    return first, first + relativedelta(months=count)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Every how many hours a run is due, and how late it may come without counting as missed.
    ``binding``: the roster says so; else somebody who asked for the report did."""

    interval: int
    grace: int
    binding: bool = False

    @classmethod
    def every(cls, hours: int) -> Schedule:
        """With a quarter of the interval as grace."""
        return cls(hours, max(1, hours // 4))


@dataclass(frozen=True, slots=True)
class Kept:
    """How many of the runs that were due took place, and the longest time between two."""

    taken: int
    due: int | None
    """None: no schedule is known, or nothing says from when it counted."""
    explained: int
    """Of those that are missing: how many a gap-note accounts for."""
    longest: timedelta | None
    since: datetime | None
    """When the longest time without a run began."""


# --- schedule ---------------------------------------------------------------------------------


def punctuality(
    all_ends: Sequence[datetime],
    schedule: Schedule | None,
    notes: Sequence[GapNote],
    *,
    start: datetime,
    end: datetime,
) -> Kept:
    """Whether the runs kept their schedule from ``start`` up to ``end``. ``all_ends`` are the ends
    of all runs in order, also before and after: the first one says from when a schedule counts."""
    ends = [at for at in all_ends if at < end]
    edges = [*ends, end] if end not in ends else ends
    gaps = [(b - max(a, start), max(a, start)) for a, b in pairwise(edges) if b >= start]
    longest, since = max(gaps, default=(None, None), key=lambda gap: gap[0])
    if schedule is None or (all_ends and not ends):  # it began after the period
        return Kept(sum(at >= start for at in ends), None, 0, longest, since)
    inside = _spaced([at for at in ends if at >= start], schedule)
    if not ends:
        due = int((end - start) / timedelta(hours=schedule.interval))
        return Kept(0, due, 0, end - start, start)
    nxt = next((at for at in all_ends if at >= end), end)
    gone = [at for a, b in pairwise([*ends, nxt]) for at in missed(a, b, schedule)]
    lost = [at for at in gone if start <= at < end]
    explained = sum(any(covers(note, at) for note in notes) for at in lost)
    return Kept(inside, inside + len(lost), explained, longest, since)


def covers(note: GapNote, at: datetime) -> bool:
    """Whether a note accounts for the run that was due at an instant."""
    return moment(note.since) <= at <= moment(note.until)


def _spaced(ends: Sequence[datetime], schedule: Schedule) -> int:
    """Runs at least half an interval apart: those in between were started by hand."""
    count, last = 0, None
    for at in ends:
        if last is None or at - last >= timedelta(hours=schedule.interval) / 2:
            count, last = count + 1, at
    return count


def missed(last: datetime, following: datetime, schedule: Schedule) -> Iterator[datetime]:
    """When runs were due between two that took place; none while the second came in time."""
    interval, grace = timedelta(hours=schedule.interval), timedelta(hours=schedule.grace)
    count = -(-(following - last - grace) // interval) - 1
    for number in range(1, count + 1):
        yield last + number * interval
