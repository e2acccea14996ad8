"""Which rows of a table name somebody, due or not?

The database sorts out roughly what may (a few digits, or letters, in any text column), Python
decides exactly. Rows are read as a stream, on SQLite window by window, so that nobody waits.
"""
# ruff: noqa: S608  (identifiers are quoted by the dialect; values are never in the text)

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import sqlalchemy.types as kinds

from pbxretain.records import Field, Found, Sought
from pbxretain.stores.database import Row, Session, session
from pbxretain.stores.dialects import Sql, all_of, any_of, plain
from pbxretain.stores.line_selection import ARRIVALS
from pbxretain.stores.schema import Shape

if TYPE_CHECKING:
    from pbxretain.stores.table import TableStore

_WINDOW = 5000
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
    """See ``records.Store.search``. A copy is found like its record."""
    layout = store.layout(start or next(iter(store.manifest.starts)))
    others = [c for c in store.shape.columns if c not in layout.columns and _shown(store.shape, c)]
    columns = [*layout.columns, *others]
    fetched = ", ".join([layout.fetched, *map(store.dialect.fetched, others)])
    wanted = any_of([store.dialect.holding(c, sought.tails) for c in searched(store)])
    with session(store.engine) as opened:
        ask = f"SELECT {fetched} FROM {store.table} WHERE "
        for row in _rows(opened, store.shape, store.table, ask, wanted):
            fields = dict(zip(columns, map(plain, row[1:]), strict=True))
            if concerns(store, sought, fields):
                taken = layout.taken(row)
                yield Found(
                    dataset=store.dataset,
                    identity=layout.identity(row),
                    call=layout.call_id(row),
                    when=taken.when if taken else None,
                    fields=fields,
                )


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


def _shown(shape: Shape, column: str) -> bool:
    return not isinstance(shape.columns[column], kinds.LargeBinary)


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
