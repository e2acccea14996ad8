"""Which rows belong to a call, whatever the column says it in, and what hangs on them?

A hold travels along these ties: one leg is found by a number, the others by their ids. What is
tied too widely only stays; a tie that is missed would let a held record go.
"""
# ruff: noqa: S608  (identifiers are quoted by the dialect; values are never in the text)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pbxretain.records import Facets, Ties, is_call
from pbxretain.stores.database import Row, Session, session
from pbxretain.stores.dialects import Sql, all_of, any_of, negated, untyped
from pbxretain.stores.facets import fitting
from pbxretain.stores.rows import Layout, chunks, unpack

if TYPE_CHECKING:
    from pbxretain.stores.table import TableStore

_GROUP = 500


def ties(store: TableStore, of: Ties) -> Ties:
    """See ``records.Store``: ids of legs, and rows joined by ``parts`` in either direction."""
    found = Ties()
    with session(store.engine) as opened:
        for layout in store.layouts():
            for where in matching(store, layout, of):
                found |= _read(store, opened, layout, where)
                for part, other in store.parts:
                    values = _values(store, opened, part.parent_column, where)
                    found |= _joined(other, opened, part.column, values)
        for part, other in store.parts:
            for layout in other.layouts():
                for where in matching(other, layout, of):
                    values = _values(other, opened, part.column, where)
                    found |= _joined(store, opened, part.parent_column, values)
    return found


def telling(store: TableStore, facets: Facets) -> tuple[Ties, Ties]:
    """See ``records.Store``; a column without a value tells nothing."""
    declared = [store.manifest.facets.get(name) for name in facets]
    known = [facet for facet in declared if facet is not None]
    columns = [column for facet in known for column in facet.all_columns]
    if not known or len(known) < len(declared) or not all(map(store.shape.has, columns)):
        return Ties(), Ties()
    fits = fitting(store, facets)
    filled = [Sql(store.dialect.filled(column)) for column in columns]
    other = all_of(negated(fits, store.dialect), any_of(filled))
    found = [Ties(), Ties()]
    with session(store.engine) as opened:
        for layout in store.layouts():
            for place, where in enumerate((fits, other)):
                found[place] |= _read(store, opened, layout, where)
    return found[0], found[1]


def matching(store: TableStore, layout: Layout, of: Ties) -> Iterator[Sql]:
    """Conditions, each of a bearable size, that together match all rows of these calls and
    records. A record without a call id is known by its key alone: its start may be read from
    another column."""
    stored, among = store.dialect.stored, store.dialect.among
    for group in chunks(sorted(of.calls) if layout.call else [], _GROUP):
        yield any_of([all_of(store.among(c, group), among(stored(c), group)) for c in layout.call])
    for names in chunks([key for key in sorted(of.keys) if layout.fits(key)]):
        yield any_of([_by_key(store, layout, key) for key in names])


def _by_key(store: TableStore, layout: Layout, key: bytes) -> Sql:
    dialect = store.dialect
    pairs = zip(layout.key, unpack(key), strict=False)
    return all_of(*(dialect.same(dialect.stored(c), untyped(value)) for c, value in pairs))


def _read(store: TableStore, opened: Session, layout: Layout, where: Sql) -> Ties:
    calls: set[bytes] = set()
    keys: set[bytes] = set()
    text = f"SELECT {layout.fetched} FROM {store.table} WHERE "
    for row in opened.rows(text + where):
        own = _calls(layout, row)
        calls.update(own)
        taken = None if own else layout.taken(row)
        if taken is not None:
            keys.add(taken.identity)
    return Ties(frozenset(calls), frozenset(keys))


def _calls(layout: Layout, row: Row) -> list[bytes]:
    found = (layout.at(row, column) for column in layout.call)
    return [value for value in found if value is not None and is_call(value)]


def _values(store: TableStore, opened: Session, column: str, where: Sql) -> list[bytes]:
    text = f"SELECT DISTINCT {store.dialect.stored(column)} FROM {store.table} WHERE "
    return sorted(v for (v,) in opened.rows(text + where) if isinstance(v, bytes) and v)


def _joined(store: TableStore, opened: Session, column: str, values: Sequence[bytes]) -> Ties:
    found = Ties()
    stored = store.dialect.stored(column)
    for group in chunks(values, _GROUP):
        where = all_of(store.among(column, group), store.dialect.among(stored, group))
        for layout in store.layouts():
            found |= _read(store, opened, layout, where)
    return found
