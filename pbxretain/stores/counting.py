"""How many rows of a table are due, spared, undated, from the future?

Counted by predicates that an index serves; rows with two readings are read. Each row before the
cut-off is counted once, in this order: held (a call or a key), straddling (an excluded call), kept
for its file, due.
"""
# ruff: noqa: S608  (identifiers are quoted by the dialect; values are never in the text)

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pbxretain.records import FUTURE, Census, Selection, is_call
from pbxretain.stores.database import Row, Session
from pbxretain.stores.dialects import Sql, all_of, any_of, negated
from pbxretain.stores.facets import claimed, lacking, parted
from pbxretain.stores.rows import Layout, chunks
from pbxretain.stores.sparing import (
    kept_for_part,
    newest_stay,
    not_ready,
    own_rows,
    unless_excluded,
    unready,
)
from pbxretain.stores.walks import SMALL

_SERVED = 5_000_000
"""Rows that an index on the time counts in a second or two."""

REACH = timedelta(days=3)
"""How far from the cut-off two legs of one call are looked for. A call rests for hours, on a line
that is never hung up for days; to compare all legs of all years would cost more than to delete."""

if TYPE_CHECKING:
    from pbxretain.stores.table import TableStore


def count_table(store: TableStore, opened: Session, selection: Selection) -> Census:
    """One census of one table under one selection; reads only."""
    if selection.chosen is not None:
        return _count_chosen(store, opened, selection)
    layout = store.layout(selection.start)
    time = layout.time
    tally = _tally(store, opened, selection)
    own = own_rows(store, selection)
    total, exact = _total(store, opened)
    ends = [_end(store, opened, selection, direction) for direction in ("", " DESC")]
    return Census(
        before=tally.total(),
        due=tally["due"],
        minimum=tally["minimum"],
        undated=_count(store, opened, time.undated(), own),
        future=_count(store, opened, time.after(selection.now + FUTURE), own),
        straddling=tally["straddling"],
        held=tally["held"],
        kept_for_part=tally["kept"],
        total=total,
        total_exact=exact,
        older=tuple(_older(store, opened, selection)),
        oldest=ends[0],
        newest=ends[1],
        findings=_shared_left(store, opened, selection)
        | _reads_only(store, tally["due"])
        | _never_ready(store, opened, selection)
        | _untold(store, opened, selection),
    )


def _tally(store: TableStore, opened: Session, selection: Selection) -> Counter[str]:
    """Records before the cut-off, or refused for a minimum, by what becomes of them."""
    layout = store.layout(selection.start)
    tally = _certain(store, opened, layout, selection) + _doubtful(store, opened, layout, selection)
    return tally + _below_minimum(store, opened, layout, selection)


def _count_chosen(store: TableStore, opened: Session, selection: Selection) -> Census:
    """The census of records that are singled out; of the whole table only what a reader compares
    with the runs before and after."""
    total, exact = _total(store, opened)
    whole = replace(selection, chosen=None)
    ends = [_end(store, opened, whole, direction) for direction in ("", " DESC")]
    tally: Counter[str] = Counter()
    undated = store.layout(selection.start).time.undated()
    for part in portions(store.reached(selection)):
        tally += _tally(store, opened, part)
        if not selection.timeless:
            tally["undated"] += _count(store, opened, undated, own_rows(store, part))
    stays = tally.pop("undated", 0)
    return Census(
        before=tally.total(),
        due=tally["due"],
        minimum=tally["minimum"],
        undated=stays,
        straddling=tally["straddling"],
        held=tally["held"],
        kept_for_part=tally["kept"],
        total=total,
        total_exact=exact,
        oldest=ends[0],
        newest=ends[1],
        findings=_reads_only(store, tally["due"]),
    )


def portions(selection: Selection) -> Iterator[Selection]:
    """The selection cut so that each part fits into one statement."""
    for group in chunks(sorted(selection.chosen or ())):
        yield replace(selection, chosen=frozenset(group))


def _untold(store: TableStore, opened: Session, selection: Selection) -> dict[str, int]:
    """Rows that stay only because nobody can tell whose they are."""
    if not lacking(store, selection):
        return {}
    known = replace(selection, others=())
    before = store.layout(selection.start).time.certain(selection.past)
    wide, sure = (_count(store, opened, before, own_rows(store, s)) for s in (known, selection))
    return {"FACET_UNTOLD": wide - sure} if wide > sure else {}


def _never_ready(store: TableStore, opened: Session, selection: Selection) -> dict[str, int]:
    """Legs that have waited for longer than a call can go on: a crash of the PBX left them so."""
    waiting = not_ready(store)
    if waiting is None:
        return {}
    over = selection.cutoff - timedelta(seconds=store.manifest.settle_in)
    possible = store.layout(selection.start).time.certain(over)
    count = _count(store, opened, waiting, possible, own_rows(store, selection))
    return {"NEVER_READY": count} if count else {}


def _reads_only(store: TableStore, due: int) -> dict[str, int]:
    """Due records that no run of this connector may take."""
    return {"READS_ONLY": due} if due and store.manifest.reads_only else {}


def _shared_left(store: TableStore, opened: Session, selection: Selection) -> dict[str, int]:
    """Shared rows that nobody names any more: work for a sweep."""
    left = sum(rows.left(opened, selection) for rows in store.shared_rows)
    return {"SHARED_LEFT": left} if left else {}


def find_straddlers(store: TableStore, opened: Session, selection: Selection) -> frozenset[bytes]:
    """Call ids with a dated leg on either side of the cut-off, in this table alone, or with a leg
    before it, or without a time, that the product isn't done with. A word that names no call ties
    no rows together. In a large table legs are looked for within ``REACH`` of the cut-off."""
    layout = store.layout(selection.start)
    if not layout.call:
        return frozenset()
    if selection.others or selection.narrowed:
        calls = list(parted(store, opened, selection))
        return frozenset(filter(is_call, [*calls, *_with_unready_legs(store, opened, selection)]))
    time = layout.time
    call = store.dialect.call(layout.call)
    low, high = time.low(selection.cutoff), time.high(selection.cutoff)
    ask = (
        f"SELECT {call} FROM {store.table} WHERE {call} IS NOT NULL AND "
        + all_of(*_near(store, selection), time.dated())
        + f" GROUP BY 1 HAVING MIN({time.order}) < "
        + high
        + f" AND MAX({time.order}) >= "
        + low
        + " AND COUNT(*) > 1"
    )
    calls = [found for (found,) in opened.rows(ask) if isinstance(found, bytes)]
    if low.args != high.args:
        calls = list(_on_both_sides(store, opened, calls, selection))
    return frozenset(filter(is_call, [*calls, *_with_unready_legs(store, opened, selection)]))


def _near(store: TableStore, selection: Selection) -> list[Sql]:
    """What keeps the search for straddlers to an index on the time, where the table is large."""
    time = store.layout(selection.start).time
    served = time.direct and store.shape.indexed(time.column)
    if not served or (store.shape.rows or 0) <= SMALL:
        return []
    first, last = selection.cutoff - REACH, selection.cutoff + REACH
    # In front of wider bounds: of two on one column, SQLite takes the first for the index.
    return [Sql(f"{time.order} >= ") + time.low(first), Sql(f"{time.order} < ") + time.high(last)]


def _with_unready_legs(store: TableStore, opened: Session, selection: Selection) -> Iterator[bytes]:
    layout = store.layout(selection.start)
    waiting = unready(store, selection)
    if waiting is None:
        return
    call = store.dialect.call(layout.call)
    # A leg that goes on has no end yet, and where the end starts the clock no time at all.
    latest = max([selection.cutoff, *(r.cutoff for r in selection.others if r.cutoff)])
    mine = any_of([layout.time.possible(latest), layout.time.undated()])
    where = all_of(mine, waiting, Sql(f"{call} IS NOT NULL"))
    for (found,) in opened.rows(f"SELECT DISTINCT {call} FROM {store.table} WHERE " + where):
        if isinstance(found, bytes):
            yield found


def _on_both_sides(
    store: TableStore, opened: Session, calls: Sequence[bytes], selection: Selection
) -> Iterator[bytes]:
    """Of calls near the cut-off those that straddle it when each leg is read by itself."""
    layout = store.layout(selection.start)
    sides: dict[bytes, set[bool]] = {}
    for group in chunks(calls, 1000):
        among = store.dialect.among(store.dialect.call_or_empty(layout.call), group)
        where = all_of(*_near(store, selection), layout.time.dated(), among)
        for row in opened.rows(f"SELECT {layout.fetched} FROM {store.table} WHERE " + where):
            taken = layout.taken(row)
            if taken is not None:
                call = layout.call_id(row) or b""
                sides.setdefault(call, set()).add(taken.when < selection.cutoff)
    return (call for call, found in sides.items() if len(found) == 2)


def _count(store: TableStore, opened: Session, *parts: Sql | None) -> int:
    return opened.number(f"SELECT COUNT(*) FROM {store.table} WHERE " + all_of(*parts))


def _certain(
    store: TableStore, opened: Session, layout: Layout, selection: Selection
) -> Counter[str]:
    certain = all_of(layout.time.certain(selection.cutoff), own_rows(store, selection))
    tally = Counter(before=_count(store, opened, certain))
    call = store.dialect.call_or_empty(layout.call)
    calls = {
        "held": selection.held_calls,
        "straddling": selection.excluded_calls - selection.held_calls,
    }
    newest = newest_stay(store, opened, layout)
    keys = [key for key in sorted(selection.excluded_keys) if layout.fits(key)]
    by_key = [layout.match_any(names) for names in chunks(keys, 200)]
    for standing, ids in calls.items() if layout.call else ():
        for group in chunks(sorted(ids - {b""}), 5000):
            among = store.dialect.among(call, group)
            tally[standing] += _count(store, opened, certain, among)
            if standing == "straddling":  # a hold by key counts first
                held = sum(_count(store, opened, certain, newest, among, each) for each in by_key)
                tally["held"] += held
                tally["straddling"] -= held
    free = all_of(certain, unless_excluded(store, opened, selection, None))
    tally["held"] += sum(_count(store, opened, free, newest, each) for each in by_key)
    if (waiting := unready(store, selection)) is not None:
        tally["straddling"] += _count(store, opened, free, waiting)
        for each in by_key:
            tally["straddling"] -= _count(store, opened, free, newest, waiting, each)
        free = all_of(free, negated(waiting, store.dialect))
    open_to_all = all_of(free, newest)
    spared = 0
    if newest is not None:
        spared = _count(store, opened, free) - _count(store, opened, open_to_all)
    if (kept := kept_for_part(store, selection)) is not None:
        tally["kept"] = _count(store, opened, open_to_all, kept)
        tally["kept"] -= sum(_count(store, opened, open_to_all, kept, each) for each in by_key)
    before = tally.pop("before") - spared
    tally["due"] = before - tally["straddling"] - tally["held"] - tally["kept"]
    return tally


def _doubtful(
    store: TableStore, opened: Session, layout: Layout, selection: Selection
) -> Counter[str]:
    tally: Counter[str] = Counter()
    doubtful = layout.time.doubtful(selection.cutoff)
    if doubtful is None:
        return tally
    rest: Sql | None = None
    standings = (
        ("straddling", unready(store, selection)),
        ("kept", kept_for_part(store, selection)),
    )
    mine = (own_rows(store, selection), newest_stay(store, opened, layout))
    for standing, reason in (*standings, ("due", Sql("1=1"))):
        if reason is None:
            continue
        where = all_of(doubtful, *mine, rest, reason)
        rows = opened.rows(f"SELECT {layout.fetched} FROM {store.table} WHERE " + where)
        for row in rows:
            tally.update(_standing(layout, row, selection, standing))
        rest = all_of(rest, negated(reason, store.dialect))
    return tally


def _below_minimum(
    store: TableStore, opened: Session, layout: Layout, selection: Selection
) -> Counter[str]:
    """Rows past their maximum that a minimum keeps; of those the held ones are held."""
    if selection.maximum is None or selection.maximum <= selection.cutoff:
        return Counter()
    edges = (selection.cutoff, selection.maximum)

    def between(*also: Sql | None) -> int:
        below = [_before(store, opened, selection, edge, *also) for edge in edges]
        return below[1] - below[0]

    kept = between()
    keys = [key for key in sorted(selection.excluded_keys) if layout.fits(key)]
    held = sum(between(layout.match_any(names)) for names in chunks(keys, 200))
    calls = sorted(selection.held_calls - {b""}) if layout.call else []
    call = store.dialect.call_or_empty(layout.call)
    held += sum(between(store.dialect.among(call, group)) for group in chunks(calls, 5000))
    return Counter(minimum=kept - held, held=held)


def _before(
    store: TableStore,
    opened: Session,
    selection: Selection,
    edge: datetime,
    *also: Sql | None,
    newest: bool = False,
) -> int:
    """Rows of the selection before an instant, each read where it has two readings; ``newest``:
    also those that always stay."""
    layout = store.layout(selection.start)
    stay = None if newest else newest_stay(store, opened, layout)
    mine = (own_rows(store, selection), stay, *also)
    count = _count(store, opened, layout.time.certain(edge), *mine)
    doubtful = layout.time.doubtful(edge)
    if doubtful is None:
        return count
    text = f"SELECT {layout.fetched} FROM {store.table} WHERE "
    read = map(layout.taken, opened.rows(text + all_of(doubtful, *mine)))
    return count + sum(taken is not None and taken.when < edge for taken in read)


def _standing(layout: Layout, row: Row, selection: Selection, otherwise: str) -> Iterator[str]:
    """What becomes of one row with two readings; nothing for one that isn't before the cut-off."""
    taken = layout.taken(row)
    if taken is None or taken.when >= selection.cutoff:
        return
    call = layout.call_id(row) or b""
    if call in selection.held_calls or taken.identity in selection.excluded_keys:
        yield "held"
    elif call in selection.excluded_calls or otherwise == "straddling":
        yield "straddling"
    else:
        yield otherwise


def _total(store: TableStore, opened: Session) -> tuple[int, bool]:
    """Exact where counting is cheap, else the server's estimate. Of copies all: what a reader asks
    is what is still there."""
    estimate = store.shape.rows
    # SQLite counts quickly, and its estimate is no more than the span of the ids.
    if estimate is None or estimate <= SMALL or store.dialect.name == "sqlite":
        return _count(store, opened), True
    return estimate, False


def _older(store: TableStore, opened: Session, selection: Selection) -> Iterator[int]:
    """Before each mark, where that is cheap. Copies go along with their records, so they say
    nothing by themselves."""
    time, estimate = store.layout(selection.start).time, store.shape.rows or 0
    served = time.direct and store.shape.indexed(time.column)
    if store.anchor is None and estimate <= (_SERVED if served else SMALL):
        everything = Selection(selection.cutoff, selection.now, selection.start)
        for mark in selection.marks:
            yield _before(store, opened, everything, mark, newest=True)


def _end(
    store: TableStore, opened: Session, selection: Selection, direction: str
) -> datetime | None:
    layout = store.layout(selection.start)
    order = layout.time.order_in(store.table)
    rows = opened.rows(
        f"SELECT {layout.fetched} FROM {store.table} WHERE "
        + all_of(layout.time.dated(), claimed(store, selection))
        + f" ORDER BY {order}{direction} LIMIT 1"
    )
    taken = layout.taken(rows[0]) if rows else None
    return taken.when if taken else None
