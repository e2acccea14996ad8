"""How many records began on each day? Reads only; for a policy that is played, not run.

A table is asked for counts by the hour where each stored time has one reading; where a referee
decides, its two columns are read, so many rows at a time. Other stores list their records.
"""
# ruff: noqa: S608  (identifiers are quoted by the dialect; values are never in the text)

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pbxretain.records import FUTURE, Selection, Store
from pbxretain.stores.database import Session, session
from pbxretain.stores.dialects import all_of, plain
from pbxretain.stores.sparing import own_rows
from pbxretain.stores.table import TableStore
from pbxretain.stores.times import TimeColumn

if TYPE_CHECKING:
    from pbxretain.stores.rows import Layout

_ROWS = 250_000
"""So many rows, about, are read at a time: a few tens of megabytes."""
_QUARTER = 900
"""Seconds; every zone's offset is a multiple of it."""


def days(store: Store, selection: Selection, *, zone: ZoneInfo) -> Mapping[date, int]:
    """Records of a selection by the local day of their start event, whatever its cut-off and what
    it spares, redacted or not; none without a start event and none from the future.

    Raises StoreError.
    """
    wide = replace(
        selection,
        cutoff=selection.now + FUTURE,
        maximum=None,
        excluded_calls=frozenset(),
        held_calls=frozenset(),
        excluded_keys=frozenset(),
        wait_for_part=False,
        others=(),
        redact=None,
        since=None,
    )
    if not isinstance(store, TableStore):
        found = (record.when for record in store.scan(wide) if record.when is not None)
        return Counter(when.astimezone(zone).date() for when in found)
    with session(store.engine) as opened:
        counted = Counter[date]()
        for when, count in _counted(store, opened, wide, zone):
            if when < wide.cutoff:
                counted[when.astimezone(zone).date()] += count
        return counted


def _counted(
    store: TableStore, opened: Session, selection: Selection, zone: ZoneInfo
) -> Iterator[tuple[datetime, int]]:
    """Instants with how many rows began then or soon after on the same local day."""
    layout = store.layout(selection.start)
    mine = own_rows(store, selection)
    if layout.time.referee is not None:
        yield from _read(store, opened, layout, selection)
        return
    bucket = _bucket(layout.time, zone)
    where = all_of(layout.time.dated(), mine)
    ask = f"SELECT {bucket}, COUNT(*) FROM {store.table} WHERE " + where + " GROUP BY 1"
    for value, count in opened.rows(ask):
        when = _instant(layout.time, plain(value) or b"")
        if when is not None:
            yield when, int(count or 0)


def _bucket(time: TimeColumn, zone: ZoneInfo) -> str:
    """SQL that is the same for rows of the same hour; of the same quarter or minute where the
    column's own hours don't begin with those of the zone."""
    if time.form == "number":
        parts = f"{time.order} / {_QUARTER}"
        whole = f"CAST({parts} AS INTEGER)"
        return whole if time.dialect.name == "sqlite" else f"FLOOR({parts})"
    compact = time.text_form == "YYYYMMDDHHMMSS"
    own = getattr(time.moments.zone, "key", None) == zone.key
    size = (10 if own else 12) if compact else (13 if own else 16)
    if time.form == "text":
        return f"SUBSTR({time.order}, 1, {size})"
    kind = "CHAR" if time.dialect.name == "mysql" else "TEXT"
    return f"SUBSTR(CAST({time.order} AS {kind}), 1, {size})"


def _instant(time: TimeColumn, value: bytes) -> datetime | None:
    if time.form == "number":
        return datetime.fromtimestamp(int(float(value)) * _QUARTER, UTC)
    rest = {10: b"0000", 12: b"00", 13: b":00:00", 16: b":00"}
    return time.moments.read(value + rest.get(len(value), b""))


def _read(
    store: TableStore, opened: Session, layout: Layout, selection: Selection
) -> Iterator[tuple[datetime, int]]:
    """Each row by itself, in windows of about equally many."""
    time = layout.time
    first = opened.rows(
        f"SELECT {layout.fetched} FROM {store.table} WHERE "
        + time.dated()
        + f" ORDER BY {time.order_in(store.table)} LIMIT 1"
    )
    taken = layout.taken(first[0]) if first else None
    if taken is None:
        return
    mine = own_rows(store, selection)
    columns = ", ".join(store.dialect.fetched(c) for c in (time.column, time.referee or ""))
    # The very first row may have a second, earlier reading.
    begin = taken.when - timedelta(days=2)
    total = opened.number(f"SELECT COUNT(*) FROM {store.table} WHERE " + all_of(time.dated(), mine))
    span = (selection.cutoff - begin) / (1 + total // _ROWS)
    while begin < selection.cutoff:
        end = min(begin + span, selection.cutoff)
        window = all_of(time.dated(), time.possibly_after(begin), time.possible(end), mine)
        for raw, referee in opened.rows(f"SELECT {columns} FROM {store.table} WHERE " + window):
            when = time.read(raw, referee)
            if when is not None and begin <= when < end:
                yield when, 1
        begin = end
