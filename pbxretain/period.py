"""From which instant on may a record stay, and what is due?

Periods are calendar periods and are never converted to days: months and years keep the day of
the month, clamped to the month's end (sections 187, 188 of the German civil code). The only zone
that counts is the source's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

Unit = Literal["day", "week", "month", "year"]

_FORM: Final = re.compile(r"(0|[1-9][0-9]*) (day|week|month|year)s?")
_YEAR_END: Final = "until end of year + "
_MOST: Final[dict[Unit, int]] = {"day": 36_524, "week": 5_217, "month": 1_200, "year": 100}
_ONE_DAY: Final = timedelta(days=1)
# Four years in a row hold every order of long and short months there is within a century.
_SAMPLE_START: Final = date(2023, 1, 1)
_SAMPLE_DAYS: Final = 4 * 365 + 1


@dataclass(frozen=True, slots=True)
class Period:
    """A retention period as a person says it: a count and a unit, at most 100 years.

    With ``year_end`` the years begin where the calendar year of the start event ends, as many laws
    say: 31 December, 24:00.
    """

    count: int
    unit: Unit
    year_end: bool = False

    def __post_init__(self) -> None:
        if self.unit not in get_args(Unit):
            raise ValueError("the unit must be days, weeks, months or years")
        if self.count < 1:
            raise ValueError("a period of zero would delete everything; say at least 1 day")
        if self.count > _MOST[self.unit]:
            raise ValueError("a period of more than 100 years is not allowed; say forever")
        if self.year_end and self.unit != "year":
            raise ValueError("a period after the end of a year is counted in years")

    @classmethod
    def parse(cls, text: str) -> Period:
        """Reads ``90 days``, ``2 weeks``, ``6 months``, ``1 year``, and
        ``until end of year + 8 years``.

        Raises ValueError with a sentence for a person: not that form, zero, over 100 years.
        """
        year_end = text.startswith(_YEAR_END)
        match = _FORM.fullmatch(text.removeprefix(_YEAR_END))
        if match is None:
            raise ValueError(
                "must be a period such as 90 days, 2 weeks, 6 months, 5 years, "
                "or until end of year + 8 years"
            )
        # More than six digits are over every bound; int() of thousands of digits would be slow.
        count = int(match[1][:6])
        return cls(count, _unit(match[2]), year_end)

    def __str__(self) -> str:
        plain = f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"
        return _YEAR_END + plain if self.year_end else plain

    def iso(self) -> str:
        """ISO 8601: ``P90D``, ``P2W``, ``P6M``, ``P5Y``; of a year's end ``end-of-year+P8Y``."""
        plain = f"P{self.count}{self.unit[0].upper()}"
        return f"end-of-year+{plain}" if self.year_end else plain

    def after(self, day: date) -> date:
        """The last day on which something that began on ``day`` may still be kept."""
        return (date(day.year, 12, 31) if self.year_end else day) + self._delta()

    def exceeds(self, other: Period) -> bool:
        """Whether this period can end later than ``other`` for something begun on the same day.

        Units don't convert: 3 months exceeds 90 days, because it does in summer.
        """
        if (self.unit, self.year_end) == (other.unit, other.year_end):
            return self.count > other.count
        return any(self.after(day) > other.after(day) for day in _sample())

    def always_exceeds(self, other: Period) -> bool:
        """Whether this period ends later than ``other``, whenever both began on the same day."""
        return not any(self.after(day) <= other.after(day) for day in _sample())

    def _delta(self) -> relativedelta:
        match self.unit:
            case "day":
                return relativedelta(days=self.count)
            case "week":
                return relativedelta(weeks=self.count)
            case "month":
                return relativedelta(months=self.count)
            case "year":
                return relativedelta(years=self.count)


@dataclass(frozen=True, slots=True)
class Due:
    """What is due today under one rule: records that began before ``cutoff`` (aware UTC).

    ``maximum`` is the cut-off of the longest allowed period where a minimum keeps longer, else
    None: what began from ``cutoff`` to before it is past its maximum and refused all the same.
    """

    cutoff: datetime
    maximum: datetime | None = None


def due(
    keep: Period,
    *,
    now: datetime,
    zone: ZoneInfo,
    slack: Period | None = None,
    minimum: Period | None = None,
) -> Due:
    """The cut-off of a rule that keeps at most ``keep``, less ``slack``, and at least ``minimum``.

    The minimum wins over both. ``now`` must be aware; ValueError otherwise.
    """
    plain = cutoff(keep, now=now, zone=zone)
    early = cutoff(keep, now=now, zone=zone, slack=slack)
    if minimum is None:
        return Due(early)
    least = cutoff(minimum, now=now, zone=zone)
    return Due(min(early, least), plain if least < plain else None)


def cutoff(
    period: Period, *, now: datetime, zone: ZoneInfo, slack: Period | None = None
) -> datetime:
    """The instant (aware UTC) before which records are due, and from which on they stay.

    It is the first instant, in the source's zone, of the first local date ``s`` for which
    ``s`` + period is today or later; with ``slack``, today + slack or later. ``now`` must be
    aware; ValueError otherwise.
    """
    if now.tzinfo is None:
        raise ValueError("the clock must carry its zone")
    today = now.astimezone(zone).date()
    return first_instant(first_kept(period, today=slack.after(today) if slack else today), zone)


def first_kept(period: Period, *, today: date) -> date:
    """The first date ``s`` for which ``s`` + period is ``today`` or later."""
    if period.year_end:
        return date(today.year - period.count, 1, 1)
    # Subtracting clamps too, so the inverse is off by a few days at most: walk to the exact one.
    day = today - period._delta()
    while period.after(day) >= today:
        day -= _ONE_DAY
    while period.after(day) < today:
        day += _ONE_DAY
    return day


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """When a local date begins, in UTC; where it never does, when the next one begins.

    Of a midnight that comes twice the first counts; of one that is skipped, the jump over it.
    """
    midnight = datetime.combine(day, time.min)
    guess = midnight.replace(tzinfo=zone).astimezone(UTC)
    if guess.astimezone(zone).replace(tzinfo=None) == midnight:
        return guess
    return _jump(day, zone, low=guess - 2 * _ONE_DAY, high=guess + _ONE_DAY)


def _jump(day: date, zone: ZoneInfo, *, low: datetime, high: datetime) -> datetime:
    """The first whole second between two instants at which the local date is ``day`` or later."""
    before, after = int(low.timestamp()), int(high.timestamp())
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, zone).date() < day:
            before = middle
        else:
            after = middle
    return datetime.fromtimestamp(after, UTC)


def _sample() -> Iterator[date]:
    return (_SAMPLE_START + timedelta(days=n) for n in range(_SAMPLE_DAYS))


def _unit(word: str) -> Unit:
    for unit in get_args(Unit):
        if unit == word:
            return unit  # type: ignore[no-any-return]
    raise ValueError("the unit must be days, weeks, months or years")
