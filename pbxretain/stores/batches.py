"""How do rows of one window go: not final, then final, then their copies elsewhere?

On a transactional engine the delete stands in an open transaction and hands back what it deleted.
Where rows must be chosen one by one (readings in doubt, children, a failed record) they are read,
chosen, and deleted by their address; any difference between chosen and deleted rolls back. On an
engine without transactions the delete itself is the commit, and a second look tells what went.
"""
# ruff: noqa: S608  (identifiers are quoted by the dialect; values are never in the text)

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, Self

from pbxretain.errors import OutcomeUnknown, StoreError, UnavailableError
from pbxretain.haul import locators, span
from pbxretain.manifest import Child
from pbxretain.records import Bits, Bounds, Field, Finish, Taken
from pbxretain.records import Session as SessionId
from pbxretain.stores.database import Row, Session
from pbxretain.stores.dialects import Sql, all_of, any_of, untyped
from pbxretain.stores.rows import CHUNK, Gathering, Layout, chunks
from pbxretain.stores.schema import Shape
from pbxretain.stores.walks import Position

ID_BLOCK = 10_000
COPIES = 100
"""Copies named in one delete: each row found is compared with all of them."""

MANY_IDENTITIES = 200
"""Identities named in one delete; beyond, rows are chosen one by one."""


@dataclass(frozen=True, slots=True, repr=False)
class Wanted:
    """What of a window may go: ``certain`` rows as a set, ``doubtful`` ones after reading."""

    window: Sql
    certain: Sql
    doubtful: Sql | None
    spare: Sql
    cutoff: datetime
    forbidden: frozenset[bytes]

    def takes(self, taken: Taken | None) -> bool:
        if taken is None or taken.when >= self.cutoff:
            return False
        return not self.forbidden or taken.identity not in self.forbidden


class Deleter:
    """Deletes rows of one table inside the session's open transaction."""

    def __init__(
        self,
        *,
        session: Session,
        table: str,
        layout: Layout,
        shape: Shape,
        children: Sequence[Child],
        shapes: Mapping[str, Shape],
        returning: bool,
    ) -> None:
        self._session = session
        self._table = table
        self._layout = layout
        self._shape = shape
        self._children = children
        self._shapes = shapes
        self._returning = returning
        self.also: Counter[str] = Counter()

    def take(self, wanted: Wanted) -> Sequence[Taken]:
        """Deletes what is wanted, returns it. Raises StoreError after a rollback is due."""
        if self._children or len(wanted.forbidden) > MANY_IDENTITIES:
            both = [wanted.certain, *([wanted.doubtful] if wanted.doubtful else [])]
            return self._one_by_one(wanted, any_of(both))
        taken = self._as_a_set(wanted)
        if taken is None:
            self._session.rollback()
            self._session.begin()
            taken = self._one_by_one(wanted, wanted.certain)
        if wanted.doubtful is not None and (rest := self._one_by_one(wanted, wanted.doubtful)):
            return [*taken, *rest]
        return taken

    def look(self, wanted: Wanted) -> list[Taken]:
        """What would go, without touching it."""
        parts = [wanted.certain, *([wanted.doubtful] if wanted.doubtful else [])]
        rows = self._select(all_of(wanted.window, any_of(parts), wanted.spare), lock=False)
        return [t for t in map(self._layout.taken, rows) if t is not None and wanted.takes(t)]

    def refused(self, wanted: Wanted) -> bytes | None:
        """The first record whose delete the server refuses while it lets all others go; each is
        tried alone and undone."""
        found = {taken.identity for taken in self.look(wanted)}
        for identity in sorted(found):
            self._session.begin()
            try:
                self.take(replace(wanted, forbidden=wanted.forbidden | (found - {identity})))
            except StoreError as error:
                if error.code == "REFUSED":
                    return identity
                raise
            finally:
                self._session.rollback()
        return None

    def _as_a_set(self, wanted: Wanted) -> Sequence[Taken] | None:
        """None where a row came back that must not go: the caller undoes and reads singly."""
        spared = self._layout.match_any(sorted(wanted.forbidden))
        unless = Sql(f"NOT ({spared.text})", spared.args) if wanted.forbidden else None
        where = all_of(wanted.window, wanted.certain, wanted.spare, unless)
        gathering = Gathering(self._layout, wanted.cutoff)
        if self._returning:
            text = f"DELETE FROM {self._table} WHERE "
            rows = self._session.texts(
                text + where + f" RETURNING {self._layout.returned}", gathering.add
            )
        else:
            rows = self._select(where, lock=True)
            # The rows are locked, so they can't have gone: an equal count is the same rows.
            if rows and self._session.run(f"DELETE FROM {self._table} WHERE " + where) != len(rows):
                return None
            if rows:
                gathering.add(rows)
        haul = gathering.whole()
        if haul is not None and wanted.forbidden.isdisjoint(haul.identities()):
            return haul
        records = [self._layout.taken(row) for row in rows]
        good = [t for t in records if t is not None and wanted.takes(t)]
        return good if len(good) == len(rows) else None

    def _select(self, where: Sql, *, lock: bool) -> list[Row]:
        text = f"SELECT {self._layout.fetched} FROM {self._table} WHERE "
        tail = self._session.dialect.for_update if lock else ""
        return self._session.rows(text + where + tail)

    def _one_by_one(self, wanted: Wanted, candidates: Sql) -> list[Taken]:
        rows = self._select(all_of(wanted.window, candidates, wanted.spare), lock=True)
        pairs = [(row, self._layout.taken(row)) for row in rows]
        chosen = [(row, t) for row, t in pairs if t is not None and wanted.takes(t)]
        self._remove_children(self._children, [row for row, _ in chosen])
        # Without an address equal rows are named once and go together: they were chosen together.
        counted = Counter(row for row, _ in chosen)
        at_once = self._layout.dialect.addressed if self._layout.locator else CHUNK
        for group in chunks(list(counted), at_once):
            self._remove(group, sum(counted[row] for row in group))
        return [t for _, t in chosen]

    def _remove(self, rows: Sequence[Row], count: int) -> None:
        text = f"DELETE FROM {self._table} WHERE "
        if self._session.run(text + self._address(rows)) != count:
            raise StoreError(
                "Other rows were deleted than chosen; all of it was undone.", code="MOVED"
            )

    def _address(self, rows: Sequence[Row]) -> Sql:
        """The rows by their address, and still as they were read."""
        layout = self._layout
        if layout.locator is not None:
            return layout.dialect.unchanged(layout.locator, layout.columns, rows)
        exact = layout.dialect.equal(layout.columns, rows)
        # The exact comparison can use no index; without the days each group of rows would
        # read the whole table.
        dated = [t for t in map(layout.taken, rows) if t is not None]
        return all_of(near(layout, dated), by_key(layout, dated), exact)

    def _remove_children(self, children: Sequence[Child], rows: Sequence[Row]) -> None:
        for child in children:
            going = Counter(self._layout.at(row, child.parent_column) for row in rows)
            del going[None]
            self._remove_child(child, list(self._unheld(child.parent_column, going)))

    def _unheld(self, column: str, going: Mapping[Field, int]) -> Iterator[bytes]:
        """Of the values of rows that go, those that no row holds that stays: a key that repeats
        after the cut-off keeps what is below it."""
        dialect = self._session.dialect
        stored = dialect.stored(column)
        for group in chunks(sorted(value for value in going if value is not None), 1000):
            same = self._shape.exactly(dialect, column, group)
            text = f"SELECT {stored}, COUNT(*) FROM {self._table} WHERE "
            for value, count in self._session.rows(text + same + " GROUP BY 1"):
                if isinstance(value, bytes) and int(count or 0) <= going.get(value, 0):
                    yield value

    def _remove_child(self, child: Child, parents: Sequence[bytes]) -> None:
        dialect = self._session.dialect
        table = dialect.table(child.table)
        for group in chunks(parents, 1000):
            where = self._shapes[child.table].exactly(dialect, child.column, group)
            self._remove_grandchildren(child, where)
            self.also[child.table] += self._session.run(f"DELETE FROM {table} WHERE " + where)

    def _remove_grandchildren(self, child: Child, where: Sql) -> None:
        """What hangs on rows below, before them."""
        dialect = self._session.dialect
        table = dialect.table(child.table)
        for grandchild in child.children:
            if grandchild.table in self._shapes:
                column = dialect.stored(grandchild.parent_column)
                values = self._session.rows(f"SELECT DISTINCT {column} FROM {table} WHERE " + where)
                known = sorted(v for (v,) in values if isinstance(v, bytes))
                self._remove_child(grandchild, known)


@dataclass(slots=True, repr=False)
class TableBatch:
    """Rows deleted in an open transaction (``records.Batch``). Rolls back unless committed."""

    taken: Sequence[Taken]
    cursor: Position | None
    exhausted: bool
    bounds: Bounds
    session: SessionId | None
    database: Session
    guard: Callable[[], None] | None = None
    shadows: Callable[[Sequence[Taken]], Mapping[str, int]] | None = None
    removal: Callable[[Sequence[Taken]], Bits] | None = None
    """Deletes and looks, on an engine without transactions."""
    also: Mapping[str, int] = field(default_factory=dict)
    absent: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    final: Literal["store", "journal"] = "store"
    _gone: Sequence[Taken] = ()

    def __repr__(self) -> str:
        return f"<batch of {len(self.taken)}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.rollback()

    def commit(self) -> Bits | None:
        """Final. Raises OutcomeUnknown when the answer was lost, and what the guard raises."""
        if self.guard is not None:
            self.guard()
        if self.removal is not None:
            bits = self._removed(self.removal)
            self._gone = [t for t, gone in zip(self.taken, bits, strict=True) if gone]
            return None if all(bits) else bits
        if self.database.in_transaction:
            self.database.commit()
        elif self.taken:
            raise StoreError("The batch is no longer open.", code="CLOSED")
        self._gone = self.taken
        return None

    def _removed(self, removal: Callable[[Sequence[Taken]], Bits]) -> Bits:
        """Some rows may be gone for good when this fails: only a look tells which."""
        try:
            return removal(self.taken)
        except (StoreError, UnavailableError):
            raise OutcomeUnknown(
                "The database stopped in the middle of a batch.",
                hint="the run looks what became of it",
            ) from None

    def rollback(self) -> None:
        """All rows are there again."""
        self.database.rollback()

    def finish(self) -> Finish:
        """Shadow copies of what went; may be called again."""
        also = Counter(self.also)
        if self.shadows is not None and self._gone:
            also.update(self.shadows(self._gone))
        return Finish(also=dict(also))


def remove_and_look(
    session: Session, table: str, layout: Layout, taken: Sequence[Taken], *, spare: Sql
) -> list[bool]:
    """Deletes by exact identity where nothing can be rolled back; says which are gone. A twin
    that is spared stays, and is none of them."""
    remove_copies(session, table, layout, taken, spare=spare)
    left: Counter[bytes] = Counter()
    for group in chunks(taken):
        same = {t.identity: t for t in group}
        exact = any_of([layout.match(t) for t in same.values()])
        where = all_of(near(layout, group), exact, spare)
        rows = session.rows(f"SELECT {layout.fetched} FROM {table} WHERE " + where)
        present = Counter(t.identity for t in map(layout.taken, rows) if t is not None)
        for identity in same:
            left[identity] = present[identity]
    bits = []
    for record in taken:
        bits.append(left[record.identity] <= 0)
        left[record.identity] -= 1
    return bits


def remove_copies(
    session: Session,
    table: str,
    layout: Layout,
    taken: Iterable[Taken],
    *,
    spare: Sql | None = None,
) -> int:
    """Deletes every row with one of these identities, each statement final by itself."""
    gone = 0
    ordered = sorted(taken, key=lambda t: t.when)
    for group in chunks(ordered, COPIES):
        same = {t.identity: t for t in group}
        exact = any_of([layout.match(t) for t in same.values()])
        where = all_of(near(layout, group), by_key(layout, group), exact, spare)
        gone += session.run(f"DELETE FROM {table} WHERE " + where)
    return gone


def by_key(layout: Layout, taken: Sequence[Taken]) -> Sql | None:
    """The plain first key column, so that an index on it serves; exactness comes beside it."""
    values = {untyped(t.key[0]) for t in taken} if layout.key else {None}
    known = sorted(value for value in values if value is not None)
    if layout.dialect.name != "mysql" or len(known) < len(values):
        return None
    return layout.dialect.plain_among(layout.key[0], known)


def near(layout: Layout, taken: Sequence[Taken]) -> Sql:
    """The days around the records, so that an index on the time narrows the search."""
    first, last = day_span(taken)
    return layout.time.days(first, last)


def day_span(taken: Sequence[Taken]) -> tuple[str, str]:
    """First and last ISO date, wide enough for any zone."""
    margin = timedelta(days=2)
    oldest, newest = span(taken)
    return str((oldest - margin).date()), str((newest + margin).date())


def bounds_of(taken: Sequence[Taken], *, start: str, by_id: bool) -> Bounds:
    """Where settle looks again, no finer than days or blocks of ids."""
    if not taken:
        return {"start": start}
    first, last = day_span(taken)
    days: dict[str, int | str | None] = {"start": start, "from": first, "to": last}
    if not by_id:
        return days
    ids = list(map(int, locators(taken)))
    low = min(ids) // ID_BLOCK * ID_BLOCK
    return {"start": start, "id_from": low, "id_to": (max(ids) // ID_BLOCK + 1) * ID_BLOCK}
