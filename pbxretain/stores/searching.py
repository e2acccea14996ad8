"""Which rows of a table name somebody, due or not?

The database sorts out roughly what may (a few digits, or letters, in any text column), Python
decides exactly. Rows are read as a stream, on SQLite window by window, so that nobody waits.
"""
# ruff: noqa: S608  (identifiers are quoted by the dialect; values are never in the text)

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import sqlalchemy.types as kinds

from pbxretain.manifest import Child
from pbxretain.records import Field, Found, Sought
from pbxretain.stores.database import Row, Session, session
from pbxretain.stores.dialects import Sql, all_of, any_of, plain
from pbxretain.stores.line_selection import ARRIVALS
from pbxretain.stores.rows import Layout, chunks
from pbxretain.stores.schema import Shape
from pbxretain.stores.sparing import by_identity

if TYPE_CHECKING:
    from pbxretain.stores.table import TableStore

_WINDOW = 5000
_MEMBERS = 500
_NO_TEXT = (
    kinds.Integer,
    kinds.Numeric,
    kinds.Float,
    kinds.DateTime,
    kinds.Date,
    kinds.Time,
    kinds.Interval,
    kinds.Boolean,
    kinds.Uuid,
    kinds.LargeBinary,
)


def search_table(store: TableStore, sought: Sought, *, start: str | None) -> Iterator[Found]:
    """See ``records.Store.search``. A copy is found like its record, and a record also by the rows
    that belong to it: children and what it shares with others."""
    reading = _Reading(store, store.layout(start or next(iter(store.manifest.starts))))
    with session(store.engine) as opened:
        wanted = store.dialect.holding(searched(store), sought.tails)
        for row in _rows(opened, store.shape, store.table, reading.ask, wanted):
            fields = reading.fields(row)
            if concerns(store, sought, fields):
                yield reading.found(row, fields)
        if store.children or store.shared_rows:
            yield from _by_members(reading, opened, sought)


def table_of_calls(store: TableStore, calls: frozenset[bytes]) -> Iterator[Found]:
    """Every record of these calls, by index where there is one."""
    layout = store.layout(next(iter(store.manifest.starts)))
    reading = _Reading(store, layout)
    if not layout.call:
        return
    with session(store.engine) as opened:
        for group in chunks(sorted(calls), _MEMBERS):
            wanted = any_of([store.among(column, group) for column in layout.call])
            for row in opened.rows(reading.ask + wanted):
                found = reading.found(row, {})
                if found.call in calls:
                    yield found


def count_alike(store: TableStore, identities: Iterable[bytes], *, start: str) -> Counter[bytes]:
    """Rows by identity, whatever else stands in them."""
    layout = store.layout(start)
    found: Counter[bytes] = Counter()
    with session(store.engine) as opened:
        for group in chunks(sorted(identities)):
            ask = f"SELECT {layout.fetched} FROM {store.table} WHERE "
            found.update(map(layout.identity, opened.rows(ask + by_identity(store, layout, group))))
    return found


class _Reading:
    """The columns of a record, those of its evidence first."""

    def __init__(self, store: TableStore, layout: Layout) -> None:
        self.store, self._layout = store, layout
        shown = store.shape.columns.items()
        others = [
            column
            for column, kind in shown
            if column not in layout.columns and not isinstance(kind, kinds.LargeBinary)
        ]
        self._columns = [*layout.columns, *others]
        fetched = ", ".join([layout.fetched, *map(store.dialect.fetched, others)])
        self.ask = f"SELECT {fetched} FROM {store.table} WHERE "

    def fields(self, row: Row) -> dict[str, Field]:
        return dict(zip(self._columns, map(plain, row[1:]), strict=True))

    def found(self, row: Row, fields: Mapping[str, Field]) -> Found:
        taken = self._layout.taken(row)
        return Found(
            dataset=self.store.dataset,
            identity=self._layout.identity(row),
            call=self._layout.call_id(row),
            when=taken.when if taken else None,
            fields=fields,
        )


def _by_members(reading: _Reading, opened: Session, sought: Sought) -> Iterator[Found]:
    """Records whose own row names nobody, but rows that belong to them do."""
    store = reading.store
    members = _Members(store, opened, sought)
    seen: set[bytes] = set()
    for column, named in members.anchors():
        for values in chunks(list(named), _MEMBERS):
            wanted = store.among(column, values)
            for row in opened.rows(reading.ask + wanted):
                fields = reading.fields(row)
                more = named.get(fields[column] or b"")
                if more is None or concerns(store, sought, fields):
                    continue
                found = reading.found(row, fields | dict(more))
                if found.identity not in seen:
                    seen.add(found.identity)
                    yield found


_Named = Mapping[bytes, Mapping[str, Field]]
"""Values of a column, and what stands in the rows below that led there."""


class _Members:
    """Which records the rows of children and shared tables lead to."""

    def __init__(self, store: TableStore, opened: Session, sought: Sought) -> None:
        self._store, self._opened, self._sought = store, opened, sought
        shared = store.manifest.shared
        self._shared = [
            (each.named_by, self._naming(rows.table, rows.shape, each.key))
            for each, rows in zip(shared, store.shared_rows, strict=True)
        ]

    def anchors(self) -> Iterator[tuple[str, _Named]]:
        """Columns of the record's own table, with the values that are meant."""
        for child in self._store.manifest.children:
            if child.table in self._store.children:
                yield child.parent_column, self._through(child)
        for named_by, keys in self._shared:
            for named in named_by:
                if named.table == self._store.manifest.table:
                    yield named.column, keys

    def _through(self, child: Child) -> _Named:
        """The parents of all rows of a child that name somebody, or that rows below do."""
        shape = self._store.children[child.table]
        found = dict(self._naming(child.table, shape, child.column))
        below = [
            (grandchild.parent_column, self._through(grandchild))
            for grandchild in child.children
            if grandchild.table in self._store.children
        ]
        below += [
            (named.column, keys)
            for named_by, keys in self._shared
            for named in named_by
            if named.table == child.table
        ]
        for column, values in below:
            found |= self._leading(child, shape, column, values)
        return found

    def _naming(self, table: str, shape: Shape, column: str) -> _Named:
        """The column's values in all rows that name somebody."""
        texts = [name for name, kind in shape.columns.items() if not isinstance(kind, _NO_TEXT)]
        dialect, found = self._store.dialect, {}
        wanted = dialect.holding(texts, self._sought.tails)
        columns = list(dict.fromkeys([column, *texts]))
        ask = (
            f"SELECT {', '.join(map(dialect.fetched, columns))} FROM {dialect.table(table)} WHERE "
        )
        for row in _rows(self._opened, shape, dialect.table(table), ask, wanted):
            values = dict(zip(columns, map(plain, row), strict=True))
            if any(self._sought.matches(values[name]) for name in texts):
                found[values[column] or b""] = {f"{table}.{n}": v for n, v in values.items()}
        return found

    def _leading(self, child: Child, shape: Shape, column: str, values: _Named) -> _Named:
        """From the values of one column of a child to its parents."""
        dialect, found = self._store.dialect, {}
        names = ", ".join(map(dialect.fetched, (column, child.column)))
        ask = f"SELECT {names} FROM {dialect.table(child.table)} WHERE "
        for group in chunks(list(values), _MEMBERS):
            for here, parent in self._opened.rows(ask + shape.among(dialect, column, group)):
                if (more := values.get(plain(here) or b"")) is not None:
                    found[plain(parent) or b""] = more
        return found


def searched(store: TableStore) -> list[str]:
    """The columns in which somebody may be named: the declared ones, and every other text."""
    mine = _declared(store)
    apart = {
        *store.manifest.call_id,
        *(c for s in store.manifest.starts.values() for c in s.columns),
    }
    return [
        column
        for column, kind in store.shape.columns.items()
        if column in mine or (column not in apart and not isinstance(kind, _NO_TEXT))
    ]


def concerns(store: TableStore, sought: Sought, fields: Mapping[str, Field]) -> bool:
    """Whether a row names what is sought."""
    subjects = set(store.manifest.subjects.values())
    numbers = _declared(store)
    if store.data_class == "queue-logs" and ARRIVALS.isdisjoint(fields.values()):
        numbers = subjects
    return any(sought.matches(fields.get(c), bare=c in numbers) for c in searched(store))


def _declared(store: TableStore) -> set[str]:
    named = [store.manifest.link.column] if store.manifest.link else []
    return {*store.manifest.personal, *store.manifest.subjects.values(), *named}


def _rows(opened: Session, shape: Shape, table: str, ask: str, wanted: Sql) -> Iterator[Row]:
    if opened.dialect.name != "sqlite" or not shape.plain:
        yield from opened.stream(ask + wanted)
        return
    for window in _windows(opened, table):
        yield from opened.rows(ask + all_of(window, wanted))


def _windows(opened: Session, table: str) -> Iterator[Sql]:
    """Ranges of row ids with about as many rows each."""
    after = None
    while True:
        behind = Sql("1=1") if after is None else Sql("rowid > %s", (after,))
        edge = opened.value(
            f"SELECT MAX(rowid) FROM (SELECT rowid FROM {table} WHERE "
            + behind
            + f" ORDER BY rowid LIMIT {_WINDOW})"
        )
        if edge is None:
            return
        yield all_of(behind, Sql("rowid <= %s", (edge,)))
        after = edge
