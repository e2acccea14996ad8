"""Playing a policy over counts: against one record after the other, looked at by its own dates."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

from dateutil.relativedelta import relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st

from pbxretain.period import Period, first_kept
from pbxretain.policy.simulation import Day, play, spans

DAYS = st.dates(date(2023, 11, 1), date(2025, 4, 1))
FIRST = date(2024, 1, 1)


def one_by_one(
    records: list[date], keep: int, least: int | None, first: date, last: date
) -> list[Day]:
    """Each day: what goes, what stays, what stays only for its minimum."""
    left, found = Counter(records), []
    for offset in range((last - first).days + 1):
        today = first + timedelta(days=offset)

        def over(began: date, months: int | None, today: date = today) -> bool:
            return months is not None and began + relativedelta(months=months) < today

        there = [began for began in left.elements() if began <= today]
        gone = [b for b in there if over(b, keep) and (least is None or over(b, least))]
        left -= Counter(gone)
        held = [b for b in there if over(b, keep) and not (least is None or over(b, least))]
        found.append(Day(today, len(gone), len(there) - len(gone), len(held)))
    return found


@settings(deadline=None, max_examples=40)
@given(
    records=st.lists(DAYS, max_size=40),
    keep=st.integers(1, 6),
    least=st.none() | st.integers(1, 9),
    length=st.integers(0, 200),
)
def test_a_play_over_counts_is_what_happens_to_each_record(
    records: list[date], keep: int, least: int | None, length: int
) -> None:
    last = FIRST + timedelta(days=length)

    def edges(day: date) -> tuple[date, date | None]:
        most = first_kept(Period(keep, "month"), today=day)
        kept = first_kept(Period(least, "month"), today=day) if least else most
        return min(most, kept), most if kept < most else None

    played = play(Counter(records), edges, first=FIRST, last=last)
    assert played == one_by_one(records, keep, least, FIRST, last)


def test_nothing_goes_where_all_stays() -> None:
    played = play({FIRST: 3}, lambda _: None, first=FIRST, last=FIRST + timedelta(days=1))
    assert [(day.deleted, day.there) for day in played] == [(0, 3), (0, 3)]


def test_pieces_hold_every_day_once_and_lose_no_record() -> None:
    for length, most in ((0, 1), (31, 32), (60, 11), (365, 13), (4000, 12)):
        days = [Day(FIRST + timedelta(days=n), n % 3, n, n % 2) for n in range(length + 1)]
        pieces = spans(days)
        assert len(pieces) <= most
        assert (pieces[0].first, pieces[-1].last) == (days[0].day, days[-1].day)
        assert sum(piece.deleted for piece in pieces) == sum(day.deleted for day in days)
        assert (pieces[-1].there, pieces[-1].minimum) == (days[-1].there, days[-1].minimum)
        for one, after in pairwise(pieces):
            assert one.last + timedelta(days=1) == after.first
