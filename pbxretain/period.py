"""From which instant on may a record stay, and what is due?

Periods are calendar periods and are never converted to days: months and years keep the day of
the month, clamped to the month's end (sections 187, 188 of the German civil code). The only zone
that counts is the source's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

Unit = Literal["day", "week", "month", "year"]

_FORM: Final = re.compile(r"(0|[1-9][0-9]*) (day|week|month|year)s?")
_MOST: Final[dict[Unit, int]] = {"day": 36_524, "week": 5_217, "month": 1_200, "year": 100}
_ONE_DAY: Final = timedelta(days=1)
# Four years in a row hold every order of long and short months there is within a century.
_SAMPLE_START: Final = date(2023, 1, 1)
_SAMPLE_DAYS: Final = 4 * 365 + 1


@dataclass(frozen=True, slots=True)
class Period:
    """A retention period as a person says it: a count and a unit, at most 100 years."""

    count: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.unit not in get_args(Unit):
            raise ValueError("the unit must be days, weeks, months or years")
        if self.count < 1:
            raise ValueError("a period of zero would delete everything; say at least 1 day")
        if self.count > _MOST[self.unit]:
            raise ValueError("a period of more than 100 years is not allowed; say forever")

    @classmethod
    def parse(cls, text: str) -> Period:
        """Reads ``90 days``, ``2 weeks``, ``6 months``, ``1 year``.

        Raises ValueError with a sentence for a person: not that form, zero, over 100 years.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError("must be a period such as 90 days, 2 weeks, 6 months or 5 years")
        # More than six digits are over every bound; int() of thousands of digits would be slow.
        count = int(match[1][:6])
        return cls(count, _unit(match[2]))

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"

    def iso(self) -> str:
        """ISO 8601: ``P90D``, ``P2W``, ``P6M``, ``P5Y``."""
        return f"P{self.count}{self.unit[0].upper()}"

    def after(self, day: date) -> date:
        """The last day on which something that began on ``day`` may still be kept."""
        return day + self._delta()

    def exceeds(self, other: Period) -> bool:
        """Whether this period can end later than ``other`` for something begun on the same day.

        Units don't convert: 3 months exceeds 90 days, because it does in summer.
        """
        if self.unit == other.unit:
            return self.count > other.count
        days = (_SAMPLE_START + timedelta(days=n) for n in range(_SAMPLE_DAYS))
        return any(self.after(day) > other.after(day) for day in days)

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


def cutoff(period: Period, *, now: datetime, zone: ZoneInfo) -> datetime:
    """The instant (aware UTC) before which records are due, and from which on they stay.

    It is the first instant, in the source's zone, of the first local date ``s`` for which
    ``s`` + period is today or later. ``now`` must be aware; ValueError otherwise.
    """
    if now.tzinfo is None:
        raise ValueError("the clock must carry its zone")
    today = now.astimezone(zone).date()
    return first_instant(first_kept(period, today=today), zone)


def first_kept(period: Period, *, today: date) -> date:
    """The first date ``s`` for which ``s`` + period is ``today`` or later."""
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


def _unit(word: str) -> Unit:
    for unit in get_args(Unit):
        if unit == word:
            return unit  # type: ignore[no-any-return]
    raise ValueError("the unit must be days, weeks, months or years")
