"""How is a table cut into windows that are cheap, few rows wide, and never part twins?

By time where an index or a small table allows it; else along an ascending id, SQLite's rowid or
PostgreSQL's blocks. A naive limited delete without an index reads the same dead rows again and
again; a walk with a moving lower bound doesn't.
"""
# ruff: noqa: S608  (identifiers are quoted by the dialect; values are never in the text)

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pbxretain.records import Selection
from pbxretain.stores.database import Session
from pbxretain.stores.dialects import Sql, Value, all_of
from pbxretain.stores.times import TimeColumn

SMALL = 200_000
"""Rows up to which a table without a useful index is walked by time all the same."""


Passage = tuple[object, ...]
"""What one rule's walk is known by: each rule over a table begins with a short walk of its own."""


def passage(selection: Selection) -> Passage:
    """The walk of a selection, whatever the run's clock and exclusions."""
    facets = (selection.only, *selection.but_not)
    parts = tuple(frozenset((name, values) for name, values in each.items()) for each in facets)
    return (selection.start, selection.without, parts, selection.redact is not None)


@dataclass(frozen=True, slots=True, repr=False)
class Position:
    """Where the next window begins: a time, an id or a block; ``end`` where the walk stops."""

    at: Value
    end: int | None = None

    def __repr__(self) -> str:
        return "<position>"


@dataclass(frozen=True, slots=True, repr=False)
class Window:
    """Rows to look at; ``next`` is None where nothing lies behind. ``below``: a time before which
    all of them lie, where that is known."""

    where: Sql
    next: Position | None
    below: Value = None


@dataclass(frozen=True, slots=True, repr=False)
class Scope:
    """What a walk has to cross: all rows that may be due."""

    possible: Sql
    time: TimeColumn
    cutoff: datetime
    settle_in: int


class Walk(Protocol):
    """Cuts windows of about ``limit`` rows. ``locator``: a column whose value tells twins apart
    even after a crash, needed where a window may part them."""

    @property
    def locator(self) -> str | None: ...

    def window(
        self, session: Session, scope: Scope, *, after: Position | None, limit: int
    ) -> Window | None: ...

    def restart(self) -> None:
        """The next walk from the start goes to the very end."""
        ...


class TimeWalk:
    """Half-open windows of time. One instant above the limit is taken whole; rows of equal
    identity share their time, so no window parts them."""

    locator: str | None = None

    def __init__(self, table: str) -> None:
        self._table = table

    def restart(self) -> None:
        pass

    def window(
        self, session: Session, scope: Scope, *, after: Position | None, limit: int
    ) -> Window | None:
        order = scope.time.order
        # The narrower bound stands first: of two on one column, SQLite takes that for the index.
        start = None if after is None else Sql(f"{order} >= ") + scope.time.bound(after.at)
        rest = all_of(start, scope.possible)
        low = self._ask(session, order, rest, offset=0)
        if low is None:
            return None
        begin = Sql(f"{order} >= ") + scope.time.bound(low)
        high = self._ask(session, order, all_of(begin, scope.possible), offset=limit)
        if high == low:
            beyond = Sql(f"{order} > ") + scope.time.bound(low)
            high = self._ask(session, order, all_of(beyond, scope.possible), offset=0)
        if high is None:
            return Window(begin, None)
        where = all_of(begin, Sql(f"{order} < ") + scope.time.bound(high))
        return Window(where, Position(high), below=high)

    def _ask(self, session: Session, order: str, where: Sql, *, offset: int) -> Value:
        text = f"SELECT {order} FROM {self._table} WHERE "
        return session.value(text + where + f" ORDER BY {order} LIMIT 1 OFFSET {int(offset)}")


class IdWalk:
    """Ranges of a unique ascending id. Ids rise with time only roughly, so the first walk stops a
    settle-in time behind the cut-off's id; a later one goes to the end."""

    def __init__(self, table: str, column: str) -> None:
        self._table = table
        self._id = column
        self.locator: str | None = column
        self._to_the_end = False

    def restart(self) -> None:
        self._to_the_end = True

    def window(
        self, session: Session, scope: Scope, *, after: Position | None, limit: int
    ) -> Window | None:
        if after is None:
            after = Position(None, None if self._to_the_end else self._boundary(session, scope))
        floor = None if after.at is None else Sql(f"{self._id} >= %s", (after.at,))
        ceiling = None if after.end is None else Sql(f"{self._id} < %s", (after.end,))
        due = session.value(
            f"SELECT {self._id} FROM {self._table} WHERE "
            + all_of(floor, ceiling, scope.possible)
            + f" ORDER BY {self._id} LIMIT 1"
        )
        if due is None:
            return None
        first = int(due)
        begin = Sql(f"{self._id} >= %s", (first,))
        last = session.value(
            f"SELECT {self._id} FROM {self._table} WHERE "
            + all_of(begin, ceiling)
            + f" ORDER BY {self._id} LIMIT 1 OFFSET {int(limit)}"
        )
        if last is None:
            return Window(all_of(begin, ceiling), None)
        where = all_of(begin, Sql(f"{self._id} < %s", (int(last),)))
        return Window(where, Position(int(last), after.end))

    def _boundary(self, session: Session, scope: Scope) -> int | None:
        """The first id behind which all looks younger, by bisection; None without a guess."""
        ends = session.rows(f"SELECT MIN({self._id}), MAX({self._id}) FROM {self._table}")[0]
        if ends[0] is None or ends[1] is None:
            return None
        low, high = int(ends[0]), int(ends[1]) + 1
        slack = scope.cutoff + timedelta(seconds=scope.settle_in)
        while low < high:
            middle = (low + high) // 2
            if self._is_young(session, scope, middle, slack):
                high = middle
            else:
                low = middle + 1
        return low

    def _is_young(self, session: Session, scope: Scope, at: int, moment: datetime) -> bool:
        """Whether the first dated row at or behind an id is younger; NULL times step ahead."""
        young = scope.time.after(moment)
        where = all_of(Sql(f"{self._id} >= %s", (at,)), scope.time.dated())
        ask = Sql(f"SELECT CASE WHEN {young.text} THEN 1 ELSE 0 END", young.args)
        found = session.value(
            ask + f" FROM {self._table} WHERE " + where + f" ORDER BY {self._id} LIMIT 1"
        )
        return found is None or int(found) == 1


class BlockWalk:
    """Ranges of PostgreSQL's blocks, in physical order, without any index."""

    locator: str | None = "ctid"

    def __init__(self, table: str) -> None:
        self._table = table

    def restart(self) -> None:
        pass

    def window(
        self, session: Session, scope: Scope, *, after: Position | None, limit: int
    ) -> Window | None:
        start = int(after.at or 0) if after else 0
        name = Sql("%s", (self._table,))
        size = "SELECT pg_relation_size(CAST(" + name + " AS regclass))"
        blocks = session.number(size + " / current_setting('block_size')::int")
        # One question skips a stretch without due rows. The scan goes in physical order, as the
        # session switches synchronized scans off; a row it missed is found by the next pass.
        floor = Sql(f"ctid >= CAST('({start},0)' AS tid)")
        first = session.value(
            f"SELECT (CAST(CAST(ctid AS text) AS point))[0]::bigint FROM {self._table} WHERE "
            + all_of(floor, scope.possible)
            + " LIMIT 1"
        )
        if first is None:
            return None
        begin = int(first)
        end = begin + max(1, limit // self._density(session))
        where = Sql(f"ctid >= CAST('({begin},0)' AS tid) AND ctid < CAST('({end},0)' AS tid)")
        return Window(where, Position(end) if end < blocks else None)

    def _density(self, session: Session) -> int:
        """Rows in a block, as the server last counted; a guess for a table never analysed."""
        name = Sql("%s", (self._table,))
        ask = (
            "SELECT CAST(CASE WHEN relpages > 0 AND reltuples > 0 THEN reltuples / relpages"
            " ELSE 50 END AS bigint) FROM pg_class WHERE oid = CAST(" + name + " AS regclass)"
        )
        return max(1, session.number(ask))
