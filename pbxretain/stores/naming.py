"""Which rows name a file, when was its call, and what stands there once the file is gone?

Answers a tree store (``records.Naming``) from the link column of one table and of its shadows.
"""
# ruff: noqa: S608  (identifiers are quoted by the dialect; values are never in the text)

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from pbxretain.manifest import Link
from pbxretain.records import Advice
from pbxretain.stores.database import Row, Session, session
from pbxretain.stores.dialects import Sql, all_of, any_of
from pbxretain.stores.rights import link_advice
from pbxretain.stores.rows import Layout, chunks
from pbxretain.stores.sparing import GONE

if TYPE_CHECKING:
    from pbxretain.stores.table import TableStore

_GROUP = 500
_GONE = {"blank": "''", "deleted": "'deleted'", "null": "NULL"}


class LinkNaming:
    """The link column of one table dataset. ``repr`` shows the dataset's name."""

    def __init__(self, store: TableStore, link: Link, layout: Layout) -> None:
        self._store = store
        self._link = link
        self._layout = layout

    def __repr__(self) -> str:
        return f"<naming {self._store.dataset}>"

    def newest_leg(self, spellings: Sequence[bytes]) -> Mapping[bytes, datetime]:
        """For each spelling that a row names, the newest start event over all legs of its call.
        A row without any readable time dates nothing. Raises StoreError, UnavailableError."""
        named: list[tuple[bytes, bytes | None, datetime | None]] = []
        for row in self._rows(self._store, [self._link.column], spellings):
            spelling = self._layout.at(row, self._link.column) or b""
            named.append((spelling, self._layout.call_id(row), self._when(row)))
        legs = self._newest_of_calls(sorted({call for _, call, _ in named if call}))
        newest: dict[bytes, datetime] = {}
        for spelling, call, when in named:
            for moment in (when, legs.get(call) if call else None):
                if moment is not None:
                    newest[spelling] = max(moment, newest.get(spelling, moment))
        return newest

    def _newest_of_calls(self, calls: Sequence[bytes]) -> Mapping[bytes, datetime]:
        newest: dict[bytes, datetime] = {}
        for row in self._rows(self._store, self._layout.call, calls):
            call, when = self._layout.call_id(row), self._when(row)
            if call is not None and when is not None:
                newest[call] = max(when, newest.get(call, when))
        return newest

    def _when(self, row: Row) -> datetime | None:
        taken = self._layout.taken(row)
        return taken.when if taken else None

    def _rows(
        self, store: TableStore, columns: Sequence[str], values: Sequence[bytes]
    ) -> Iterator[Row]:
        """Rows with one of the values in one of the columns, by index where there is one."""
        if not columns:
            return
        with session(store.engine) as opened:
            for group in chunks(values, _GROUP):
                wanted = frozenset(group)
                where = any_of([store.dialect.plain_among(c, group) for c in columns])
                text = f"SELECT {self._layout.fetched} FROM {store.table} WHERE "
                for row in opened.rows(text + where):
                    if any(self._layout.at(row, column) in wanted for column in columns):
                        yield row

    def blank(self, spellings: Sequence[bytes]) -> int:
        """Applies ``on_part_gone`` to all rows that name one of these, shadows too."""
        if self._link.on_part_gone == "leave" or not spellings:
            return 0
        stores = [self._store, *self._store.shadow_stores()]
        return sum(self._blank(store, spellings) for store in stores)

    def _blank(self, store: TableStore, spellings: Sequence[bytes]) -> int:
        column = self._link.column
        if not store.shape.has(column):
            return 0
        dialect = store.dialect
        change = f"UPDATE {store.table} SET {dialect.quote(column)} = "
        change += f"{_GONE[self._link.on_part_gone]} WHERE "
        count = 0
        with session(store.engine) as opened:
            for group in chunks(self._present(store, opened, spellings), _GROUP):
                exact = dialect.among(dialect.stored(column), group)
                opened.begin()
                count += opened.run(change + all_of(dialect.plain_among(column, group), exact))
                if store.guard is not None:
                    store.guard()
                opened.commit()
        return count

    def _present(
        self, store: TableStore, opened: Session, spellings: Sequence[bytes]
    ) -> Sequence[bytes]:
        """Those spellings that rows may hold. A file has some forty; without an index each
        question about a few hundred of them would read the whole table again."""
        if store.shape.indexed(self._link.column):
            return spellings
        there = set(self._values(store, opened))
        return [spelling for spelling in spellings if spelling in there]

    def _values(self, store: TableStore, opened: Session) -> Iterator[bytes]:
        value = store.dialect.stored(self._link.column)
        filled = Sql(store.dialect.filled(self._link.column))
        rows = opened.rows(f"SELECT DISTINCT {value} FROM {store.table} WHERE " + filled)
        return (v for (v,) in rows if isinstance(v, bytes) and v != GONE)

    def check(self) -> Sequence[Advice]:
        """See ``records.Naming``."""
        return link_advice([self._store, *self._store.shadow_stores()])

    def named(self) -> Iterator[bytes]:
        """Every value of the link column that is not empty, once per table."""
        for store in [self._store, *self._store.shadow_stores()]:
            if store.shape.has(self._link.column):
                with session(store.engine) as opened:
                    yield from self._values(store, opened)
