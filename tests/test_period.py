"""Periods and cut-offs: calendar sums in the source's zone, checked against their definition."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import example, given
from hypothesis import strategies as st

from pbxretain.period import Due, Period, cutoff, due, first_instant, first_kept

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(
    [
        "Europe/Berlin",
        "America/St_Johns",
        "America/Sao_Paulo",
        "America/Havana",
        "Asia/Beirut",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Pacific/Chatham",
        "Africa/Casablanca",
        "UTC",
    ]
).map(ZoneInfo)
PERIODS = st.one_of(
    st.builds(Period, st.integers(1, 4000), st.just("day")),
    st.builds(Period, st.integers(1, 600), st.just("week")),
    st.builds(Period, st.integers(1, 140), st.just("month")),
    st.builds(Period, st.integers(1, 12), st.just("year")),
    st.builds(Period, st.integers(1, 12), st.just("year"), st.just(value=True)),
)
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2045, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
DAYS = st.dates(date(1985, 1, 1), date(2060, 12, 31))


def local_midnight(day: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("90 days", "P90D"),
        ("1 day", "P1D"),
        ("2 weeks", "P2W"),
        ("6 months", "P6M"),
        ("5 years", "P5Y"),
        ("until end of year + 8 years", "end-of-year+P8Y"),
        ("until end of year + 1 year", "end-of-year+P1Y"),
    ],
)
def test_a_period_reads_as_people_write_it(text: str, iso: str) -> None:
    period = Period.parse(text)
    assert (str(period), period.iso()) == (text, iso)


@pytest.mark.parametrize(
    "text",
    [
        *("0 days", "-1 days", "1.5 years", "90", "90days", "090 days", "P90D", "1 decade", ""),
        *("101 years", "1201 months", "5218 weeks", "36525 days", "9" * 5000 + " days"),
        *("1 day\n", "٣ days", "ninety days"),
        *("until end of year", "until end of year + 0 years", "until end of year + 101 years"),
        *("until end of year + 8 days", "until end of year+8 years", "until end of year + "),
    ],
)
def test_no_other_form_is_read_as_a_period(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(a period|must be a period)"):
        Period.parse(text)


@given(st.text())
def test_any_text_is_a_period_or_a_value_error(text: str) -> None:
    try:
        period = Period.parse(text)
    except ValueError:
        return
    assert Period.parse(str(period)) == period


def test_ninety_days_on_23_november_keep_from_25_august() -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert cutoff(Period.parse("90 days"), now=now, zone=BERLIN) == local_midnight(
        "2026-08-25", BERLIN
    )


@pytest.mark.parametrize(
    ("today", "period", "kept_from"),
    [
        ("2024-02-29", "1 year", "2023-03-01"),
        ("2024-03-01", "1 year", "2023-03-01"),
        ("2025-02-28", "1 year", "2024-02-28"),
        ("2025-03-01", "1 year", "2024-03-01"),
        ("2028-02-29", "4 years", "2024-02-29"),
        ("2026-02-28", "1 month", "2026-01-28"),
        ("2026-03-01", "1 month", "2026-02-01"),
        ("2026-03-31", "1 month", "2026-03-01"),
        ("2026-05-31", "3 months", "2026-03-01"),
        ("2026-04-30", "1 month", "2026-03-30"),
    ],
)
def test_months_and_years_are_clamped_to_the_months_end(
    today: str, period: str, kept_from: str
) -> None:
    day = first_kept(Period.parse(period), today=date.fromisoformat(today))
    assert day == date.fromisoformat(kept_from)


@given(period=PERIODS, today=DAYS)
@example(period=Period(1, "month"), today=date(2024, 2, 29))
@example(period=Period(12, "month"), today=date(2025, 2, 28))
def test_the_first_kept_date_is_the_first_whose_sum_reaches_today(
    period: Period, today: date
) -> None:
    first = first_kept(period, today=today)
    # By the definition, with no inverse: walk over every date around it.
    around = [first + timedelta(days=n) for n in range(-40, 41)]
    reaching = [day for day in around if _last_day(period, day) >= today]
    assert reaching == [day for day in around if day >= first]


@given(period=PERIODS, today=DAYS)
def test_a_longer_period_never_deletes_more(period: Period, today: date) -> None:
    longer = Period(period.count + 1, period.unit, period.year_end)
    assert first_kept(longer, today=today) <= first_kept(period, today=today)
    assert first_kept(period, today=today) <= first_kept(period, today=today + timedelta(days=1))


def _last_day(period: Period, day: date) -> date:
    """By dateutil alone: the last day on which something that began on ``day`` may stay."""
    begin = day + relativedelta(month=12, day=31) if period.year_end else day
    return begin + relativedelta(**{f"{period.unit}s": period.count})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("today", "period", "kept_from"),
    [
        ("2026-12-31", "until end of year + 8 years", "2018-01-01"),
        ("2027-01-01", "until end of year + 8 years", "2019-01-01"),
        ("2024-02-29", "until end of year + 1 year", "2023-01-01"),
    ],
)
def test_years_after_a_years_end_begin_on_31_december(
    today: str, period: str, kept_from: str
) -> None:
    day = first_kept(Period.parse(period), today=date.fromisoformat(today))
    assert day == date.fromisoformat(kept_from)


@given(period=PERIODS, begin=INSTANTS, later=st.integers(-40, 40), zone=ZONES)
@example(
    period=Period(1, "month"), begin=datetime(2024, 1, 31, 23, tzinfo=UTC), later=1, zone=BERLIN
)
@example(
    period=Period(8, "year", year_end=True),
    begin=datetime(2019, 12, 31, 23, 30, tzinfo=UTC),  # 2020 in Berlin
    later=0,
    zone=BERLIN,
)
@example(
    period=Period(1, "day"),
    begin=datetime(2011, 12, 29, 12, tzinfo=UTC),  # the next day never came
    later=1,
    zone=ZoneInfo("Pacific/Apia"),
)
@example(
    period=Period(1, "month"),
    begin=datetime(2018, 10, 4, 12, tzinfo=UTC),  # 4 November had no midnight
    later=0,
    zone=ZoneInfo("America/Sao_Paulo"),
)
def test_a_record_is_due_from_the_day_after_its_last_day_in_its_zone(
    period: Period, begin: datetime, later: int, zone: ZoneInfo
) -> None:
    last = _last_day(period, begin.astimezone(zone).date())
    # Any instant of a day near the last one, the last itself included.
    today = datetime(last.year, last.month, last.day, 12, tzinfo=zone) + timedelta(days=later)
    now = today.astimezone(UTC)
    is_due = begin < cutoff(period, now=now, zone=zone)
    assert is_due == (now.astimezone(zone).date() > last)


@given(keep=PERIODS, slack=st.none() | st.integers(1, 30), least=st.none() | PERIODS, now=INSTANTS)
def test_slack_takes_earlier_and_never_what_the_minimum_keeps(
    keep: Period, slack: int | None, least: Period | None, now: datetime
) -> None:
    early = Period(slack, "day") if slack else None
    found = due(keep, now=now, zone=BERLIN, slack=early, minimum=least)
    allowed = cutoff(keep, now=now, zone=BERLIN)
    assert allowed <= cutoff(keep, now=now, zone=BERLIN, slack=early)
    kept = cutoff(least, now=now, zone=BERLIN) if least else None
    wanted = first_instant(first_kept(keep, today=_local(now, slack or 0)), BERLIN)
    assert found.cutoff == min(wanted, kept or wanted)
    assert found.maximum == (allowed if kept and kept < allowed else None)


def _local(now: datetime, days: int) -> date:
    return now.astimezone(BERLIN).date() + timedelta(days=days)


def test_a_fixed_period_refuses_nothing_that_is_past_it() -> None:
    keep = Period.parse("5 years")
    now = datetime(2026, 11, 29, tzinfo=UTC)
    found = due(keep, now=now, zone=BERLIN, minimum=keep, slack=Period(7, "day"))
    assert found == Due(local_midnight("2021-11-29", BERLIN))


@given(day=DAYS, zone=ZONES)
@example(day=date(2011, 12, 30), zone=ZoneInfo("Pacific/Apia"))
@example(day=date(2018, 11, 4), zone=ZoneInfo("America/Sao_Paulo"))
@example(day=date(2018, 2, 18), zone=ZoneInfo("America/Sao_Paulo"))
@example(day=date(1919, 3, 31), zone=ZoneInfo("America/Toronto"))
@example(day=date(1988, 10, 30), zone=ZoneInfo("America/St_Johns"))
@example(day=date(2022, 11, 6), zone=ZoneInfo("America/Havana"))
@example(day=date(2026, 3, 29), zone=BERLIN)
@example(day=date(2026, 10, 25), zone=BERLIN)
def test_a_date_begins_at_its_very_first_minute(day: date, zone: ZoneInfo) -> None:
    begin = first_instant(day, zone)
    assert begin.tzinfo is UTC
    assert begin.astimezone(zone).date() >= day
    assert (begin - timedelta(seconds=1)).astimezone(zone).date() < day
    # Brute force: no minute of the two days before it shows that date.
    minutes = (begin - timedelta(minutes=n) for n in range(1, 2 * 24 * 60, 7))
    assert all(minute.astimezone(zone).date() < day for minute in minutes)


@pytest.mark.parametrize(
    ("day", "zone", "begin"),
    [
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00+00:00"),  # never was
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00+00:00"),  # begins at 01:00
        ("1919-03-31", "America/Toronto", "1919-03-31T04:30:00+00:00"),  # begins at 00:30
        ("2022-11-06", "America/Havana", "2022-11-06T04:00:00+00:00"),  # midnight comes twice
    ],
)
def test_missing_and_doubled_midnights_have_one_answer(day: str, zone: str, begin: str) -> None:
    assert first_instant(date.fromisoformat(day), ZoneInfo(zone)).isoformat() == begin


@pytest.mark.parametrize("hour", range(48))
def test_both_daylight_saving_nights_shift_no_cutoff(hour: int) -> None:
    for night in ("2026-03-29", "2026-10-25"):
        now = local_midnight(night, BERLIN).astimezone(UTC) + timedelta(hours=hour)
        today = now.astimezone(BERLIN).date()
        expected = local_midnight((today - timedelta(days=90)).isoformat(), BERLIN)
        assert cutoff(Period.parse("90 days"), now=now, zone=BERLIN) == expected


def test_the_zone_of_the_source_decides_which_day_it_is() -> None:
    now = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    one = Period.parse("1 day")
    assert cutoff(one, now=now, zone=BERLIN) == local_midnight("2026-11-23", BERLIN)
    assert cutoff(one, now=now, zone=ZoneInfo("UTC")) == local_midnight(
        "2026-11-22", ZoneInfo("UTC")
    )


def test_a_clock_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        cutoff(Period(1, "day"), now=datetime(2026, 11, 23), zone=BERLIN)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("one", "other", "exceeds"),
    [
        ("91 days", "90 days", True),
        ("90 days", "90 days", False),
        ("3 months", "90 days", True),
        ("3 months", "92 days", False),
        ("89 days", "3 months", False),
        ("90 days", "3 months", True),
        ("1 year", "365 days", True),
        ("1 year", "366 days", False),
        ("12 months", "1 year", False),
        ("1 year", "12 months", False),
        ("2 weeks", "14 days", False),
    ],
)
def test_units_compare_on_the_calendar_not_by_an_average(
    one: str, other: str, exceeds: bool
) -> None:
    assert Period.parse(one).exceeds(Period.parse(other)) is exceeds
