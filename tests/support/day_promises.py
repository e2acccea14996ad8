"""What does the table store promise on every database about counts by day?

As ``table_promises``: each promise is a test over a ``bench``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pbxretain.period import first_instant
from pbxretain.records import Selection
from pbxretain.stores import histogram
from support.facet_promises import faceted, legs, only
from support.table_promises import NOW, REFEREE, ZONE, Bench
from support.tables import table

# Around midnight, in either time change, in the doubled and the skipped hour, at a year's end.
WALLS = [
    *("2026-08-16 23:59:59", "2026-08-17 00:00:00", "2026-08-17 00:14:59", "2026-08-17 12:00:00"),
    *("2026-03-28 23:59:59", "2026-03-29 01:59:59", "2026-03-29 02:30:00", "2026-03-30 00:00:00"),
    *("2025-10-25 23:59:59", "2025-10-26 02:30:00", "2025-10-26 23:59:59", "2025-12-31 23:59:59"),
    *("2026-01-01 00:00:00", "2026-11-15 12:00:00", "2026-11-16 02:00:00", "2026-12-24 18:00:00"),
]
NEPAL = ZoneInfo("Asia/Kathmandu")
WAYS: dict[str, tuple[dict[str, Any], ZoneInfo]] = {
    "own zone": ({"column": "start", "type": "detect", "zone": "source"}, ZONE),
    "utc": ({"column": "start", "type": "detect", "zone": "utc"}, ZONE),
    "utc, hours apart by quarters": ({"column": "start", "type": "detect", "zone": "utc"}, NEPAL),
    "referee": (REFEREE["call-start"], ZONE),
}


@pytest.mark.parametrize("way", WAYS)
def test_counts_by_day_add_up_to_the_census_at_each_midnight(bench: Bench, way: str) -> None:
    start, zone = WAYS[way]
    bench.calls([(wall, f"{_epoch(wall)}.{n}", n) for n, wall in enumerate(WALLS)])
    store = bench.open(table(starts={"call-start": start}))
    selection = Selection(cutoff=NOW, now=NOW, start="call-start")
    counts = histogram.days(store, selection, zone=zone)
    assert sum(counts.values()) == len(WALLS) - 1  # one lies in the future
    for day in sorted({day + timedelta(days=n) for day in counts for n in (0, 1)}):
        edge = first_instant(day, zone)
        census = store.census(replace(selection, cutoff=edge))
        assert sum(n for began, n in counts.items() if began < day) == census.before


def _epoch(wall: str) -> int:
    """Of a channel made when the call began, by the source's clock."""
    return int(datetime.fromisoformat(wall).replace(tzinfo=ZONE).timestamp())


def test_epochs_are_counted_by_the_sources_day(bench: Bench) -> None:
    moments = [datetime(2026, 8, 16, 21, 59, 59, tzinfo=UTC), datetime(2026, 8, 16, 22, tzinfo=UTC)]
    bench.calls([(int(m.timestamp()), f"{n}", n) for n, m in enumerate(moments)], time="bigint")
    store = bench.open(starts={"call-start": {"column": "start", "type": "epoch"}})
    found = histogram.days(store, Selection(NOW, NOW, "call-start"), zone=ZONE)
    assert found == {date(2026, 8, 16): 1, date(2026, 8, 17): 1}


def test_counts_by_day_are_those_of_the_part_that_a_rule_takes(bench: Bench) -> None:
    rows = [
        ("2026-08-16 12:00:00", "a.1", "in", "ANSWERED", "201", "030"),
        ("2026-08-16 13:00:00", "b.1", "out", "ANSWERED", "201", "030"),
        ("2026-08-17 12:00:00", "c.1", "in", "BUSY", "202", "030"),
    ]
    legs(bench, rows)
    store = bench.open(faceted())
    inbound = only(direction="inbound")
    mine = Selection(NOW, NOW, "call-start", only=inbound)
    rest = Selection(NOW, NOW, "call-start", but_not=(inbound,))
    days = [histogram.days(store, each, zone=ZONE) for each in (mine, rest)]
    first, second = date(2026, 8, 16), date(2026, 8, 17)
    assert days == [Counter({first: 1, second: 1}), Counter({first: 1})]
