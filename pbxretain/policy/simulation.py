"""What would a policy have deleted, and when? Plays its rules over counts; touches no record."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

ONE_DAY = timedelta(days=1)

Edges = Callable[[date], "tuple[date, date | None] | None"]
"""For the day of a run: the first day whose records stay, and the first day that no maximum is
past yet where a minimum keeps longer; None where nothing is ever due."""


@dataclass(frozen=True, slots=True)
class Day:
    """What one day's run would have deleted, what was there afterwards, and how many of these a
    minimum alone kept."""

    day: date
    deleted: int
    there: int
    minimum: int


@dataclass(frozen=True, slots=True)
class Span:
    """Several days in a row. ``there`` and ``minimum`` are those of the last."""

    first: date
    last: date
    deleted: int
    there: int
    minimum: int


def play(
    counts: Mapping[date, int],
    edges: Edges,
    *,
    first: date,
    last: date,
    without: date | None = None,
) -> list[Day]:
    """A run on each day from ``first`` to ``last``, over records counted by the day they began.

    A record that began after a day isn't there yet on it; what was due before ``first`` is deleted
    by the first run. Records that began before ``without`` are nobody's business here.
    """
    began = sorted(counts)
    sums = [0, *accumulate(counts[day] for day in began)]

    def before(day: date) -> int:
        return sums[bisect_left(began, day)]

    found: list[Day] = []
    gone = before(without) if without else 0
    for offset in range((last - first).days + 1):
        day = first + offset * ONE_DAY
        arrived = before(day + ONE_DAY)
        edge = edges(day)
        due = min(before(edge[0]), arrived) if edge else 0
        past = min(before(edge[1]), arrived) if edge and edge[1] else due
        found.append(Day(day, max(0, due - gone), arrived - max(gone, due), max(0, past - due)))
        gone = max(gone, due)
    return found


def spans(days: Sequence[Day]) -> list[Span]:
    """The days in pieces that a person can look over: single days, else weeks, months, years."""
    if not days:
        return []
    length = (days[-1].day - days[0].day).days
    keys: tuple[tuple[int, Callable[[date], object]], ...] = (
        (31, lambda day: day),
        (120, lambda day: day.isocalendar()[:2]),
        (1100, lambda day: (day.year, day.month)),
    )
    key = next((by for most, by in keys if length <= most), lambda day: day.year)
    return [_span(group) for group in _groups(days, key)]


def _groups(days: Sequence[Day], key: Callable[[date], object]) -> Iterator[list[Day]]:
    group: list[Day] = []
    for day in days:
        if group and key(group[-1].day) != key(day.day):
            yield group
            group = []
        group.append(day)
    yield group


def _span(days: Sequence[Day]) -> Span:
    last = days[-1]
    deleted = sum(day.deleted for day in days)
    return Span(days[0].day, last.day, deleted, last.there, last.minimum)
