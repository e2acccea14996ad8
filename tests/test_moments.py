"""Reading a PBX's own time stamps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxretain.stores.moments import Moments, uniqueid_epoch

VIENNA = ZoneInfo("Europe/Vienna")
UTC_ZONE = ZoneInfo("UTC")
LOCAL = Moments("wall", VIENNA)
REFERRED = Moments("wall", VIENNA, UTC_ZONE)


def _utc(*fields: int) -> datetime:
    return datetime(*fields, tzinfo=UTC)  # type: ignore[misc,arg-type]


def _uniqueid(moment: datetime, prefix: str = "") -> bytes:
    return f"{prefix}{int(moment.timestamp())}.42".encode()


def test_local_wall_clock_is_read_in_its_zone() -> None:
    assert LOCAL.read(b"2026-08-17 00:00:00") == _utc(2026, 8, 16, 22)
    assert LOCAL.read(b"2026-01-17T12:00:00.25") == _utc(2026, 1, 17, 11, 0, 0, 250_000)
    assert LOCAL.read(b"20260117120000.5") == _utc(2026, 1, 17, 11, 0, 0, 500_000)


def test_a_written_offset_counts_more_than_the_zone() -> None:
    assert LOCAL.read(b"2026-08-17 00:00:00+00") == _utc(2026, 8, 17)
    assert LOCAL.read(b"2026-08-17T00:00:00-05:00") == _utc(2026, 8, 17, 5)


@pytest.mark.parametrize(
    "raw",
    [None, b"", b"0000-00-00 00:00:00", b"1970-01-01 00:00:00", b"2026-02-30 10:00:00",
     b"2026-00-10 10:00:00", b"yesterday", b"\xff\xfe", b"infinity"],
)  # fmt: skip
def test_what_is_no_time_is_none(raw: bytes | None) -> None:
    assert LOCAL.read(raw) is None
    assert REFERRED.read(raw, b"1783342981.1") is None


@pytest.mark.parametrize("raw", [b"-1", b"0", b"1e9", b"99999999999999999", b"x", b"1.2.3"])
def test_what_is_no_epoch_is_none(raw: bytes) -> None:
    assert Moments("epoch", UTC).read(raw) is None


def test_epochs_keep_their_fraction() -> None:
    assert Moments("epoch", UTC).read(b"1783342981.000005") == _utc(2026, 7, 6, 13, 3, 1, 5)


def test_a_doubled_hour_is_the_later_one_without_a_referee() -> None:
    assert LOCAL.read(b"2026-10-25 02:30:00") == _utc(2026, 10, 25, 1, 30)


def test_an_hour_that_was_skipped_is_the_later_one() -> None:
    assert LOCAL.read(b"2026-03-29 02:30:00") == _utc(2026, 3, 29, 1, 30)


@pytest.mark.parametrize("prefix", ["", "pbx-1-"])
@pytest.mark.parametrize("hour", [0, 1])
def test_the_referee_tells_the_two_passes_of_the_doubled_hour_apart(hour: int, prefix: str) -> None:
    true = _utc(2026, 10, 25, hour, 30)
    assert REFERRED.read(b"2026-10-25 02:30:00", _uniqueid(true, prefix)) == true


def test_the_referee_finds_rows_that_were_written_in_utc() -> None:
    true = _utc(2026, 8, 17, 10)
    assert REFERRED.read(b"2026-08-17 10:00:00", _uniqueid(true)) == true
    assert REFERRED.read(b"2026-08-17 12:00:00", _uniqueid(true)) == true


def test_a_leg_long_after_its_channel_keeps_the_declared_zone() -> None:
    channel = _utc(2026, 8, 17, 9, 30)
    assert REFERRED.read(b"2026-08-17 12:00:00", _uniqueid(channel)) == _utc(2026, 8, 17, 10)


def test_a_uniqueid_without_an_epoch_decides_nothing() -> None:
    assert REFERRED.read(b"2026-10-25 02:30:00", b"click-to-dial") == _utc(2026, 10, 25, 1, 30)
    assert REFERRED.read(b"2026-10-25 02:30:00", None) == _utc(2026, 10, 25, 1, 30)


@pytest.mark.parametrize("text", [b"", b"1783342981", b"name-1783.1", b"12345678901.1", b"1.1"])
def test_no_epoch_in_what_is_no_uniqueid(text: bytes) -> None:
    assert uniqueid_epoch(text) is None


def test_the_second_half_of_a_local_channel_has_the_epoch_too() -> None:
    assert uniqueid_epoch(b"box-1783342981.7;2") == _utc(2026, 7, 6, 13, 3, 1)


ZONES: list[tzinfo] = [
    ZoneInfo(name)
    for name in ("Europe/Vienna", "America/Santiago", "Asia/Beirut", "Australia/Lord_Howe",
                 "America/New_York", "Antarctica/Troll", "UTC")
]  # fmt: skip


@given(
    zone=st.sampled_from(ZONES),
    other=st.sampled_from([None, UTC_ZONE, VIENNA]),
    cutoff=st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001
    near=st.timedeltas(timedelta(hours=-30), timedelta(hours=30)),
    referee=st.none() | st.timedeltas(timedelta(hours=-30), timedelta(hours=30)),
)
def test_outside_the_bounds_no_reading_disagrees(
    zone: tzinfo,
    other: tzinfo | None,
    cutoff: datetime,
    near: timedelta,
    referee: timedelta | None,
) -> None:
    moment = cutoff.replace(tzinfo=UTC)
    moments = Moments("wall", zone, other)
    low, high = moments.doubt(moment)
    stamp = moment.astimezone(zone).replace(tzinfo=None) + near
    uniqueid = None if referee is None else _uniqueid(moment + referee)
    read = moments.read(stamp.isoformat(" ").encode(), uniqueid)
    assert read is not None
    if stamp < low:
        assert read < moment
    if stamp >= high:
        assert read >= moment


def test_there_is_no_doubt_far_from_a_clock_change() -> None:
    low, high = LOCAL.doubt(_utc(2026, 8, 16, 22))
    assert low == high == datetime(2026, 8, 17)  # noqa: DTZ001


ODD_ZONES = [
    ZoneInfo(name) for name in ("Europe/Vienna", "Australia/Lord_Howe", "America/Sao_Paulo")
]


@given(
    stamp=st.datetimes(datetime(1971, 1, 2), datetime(2037, 12, 31)),  # noqa: DTZ001
    zone=st.sampled_from(ODD_ZONES),
    lag=st.none() | st.integers(-8_000, 8_000),
    mark=st.sampled_from([" ", "T"]),
)
def test_the_quick_reading_says_what_the_careful_one_says(
    stamp: datetime, zone: ZoneInfo, lag: int | None, mark: str
) -> None:
    raw = stamp.isoformat(mark, "seconds").encode()
    near = stamp.replace(tzinfo=zone) + timedelta(seconds=lag or 0)
    referee = None if lag is None else _uniqueid(near)
    for moments in (Moments("wall", zone), Moments("wall", zone, UTC_ZONE)):
        assert moments._usual(raw, referee) in (None, moments._read(raw, referee))


@pytest.mark.parametrize(
    "raw",
    [
        b"2026-01-01 10:60:00",
        b"2026-01-01 10:00:61",
        b"2026-01-01 10:0 :01",
        b"2026-1-01 101:00:01",
    ],
)
def test_the_quick_reading_takes_no_odd_form(raw: bytes) -> None:
    assert LOCAL._usual(raw, None) is None
