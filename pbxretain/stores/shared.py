"""Which rows does no record name any more, and when may they go?

A party row belongs to every call leg that names it, so it goes with none of them: after a dataset's
batches, what nobody names any more is removed. A running PBX may write such a row before the leg
that will name it, so only keys count below those of every call that stays, or up to the newest that
a settled call names, and never one that appeared after the store was opened. A young call that
names an old row again keeps that row and no other. All of it is read from the tables, so a run that
died before its sweep leaves nothing that the next one doesn't find.
"""
# ruff: noqa: S608  (identifiers are quoted by the dialect; values are never in the text)

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy.types as kinds

from pbxretain.errors import DriftError
from pbxretain.manifest import Reference, Shared
from pbxretain.records import Selection
from pbxretain.stores.database import Session
from pbxretain.stores.dialects import Sql, all_of, any_of
from pbxretain.stores.schema import read_shape, refuse_keys, refuse_triggers

if TYPE_CHECKING:
    from pbxretain.stores.table import TableStore

_WINDOW = 5000
"""Keys looked at in one statement."""


class SharedRows:
    """The rows of one shared table. ``repr`` shows the table's name only."""

    def __init__(self, store: TableStore, shared: Shared, opened: Session) -> None:
        self._store = store
        self._shared = shared
        dialect = store.dialect
        self.shape = shape = read_shape(store.engine, opened, shared.table, store.dataset)
        if not isinstance(shape.columns.get(shared.key), kinds.Integer):
            raise _drift(store, f"{shared.table} has no whole number {shared.key}")
        for named in shared.named_by:
            owner = store.children.get(named.table, store.shape)
            if not owner.has(named.column):
                raise _drift(store, f"{named.table} has no column {named.column}")
        named_by = [named.table for named in shared.named_by]
        refuse_keys(shape, named_by, name=store.dataset)
        refuse_triggers(shape, (), name=store.dataset)
        self._table = dialect.table(shared.table)
        self._key = dialect.quote(shared.key)
        self._newest = self._end(opened)

    def __repr__(self) -> str:
        return f"<shared rows {self._shared.table}>"

    @property
    def table(self) -> str:
        return self._shared.table

    def _end(self, opened: Session) -> int | None:
        newest = opened.value(f"SELECT MAX({self._key}) FROM {self._table}")
        return None if newest is None else int(newest)

    def _settled(self, opened: Session, selection: Selection) -> Sql:
        """Rows surely written before any leg that may still come, by their ascending key."""
        return all_of(Sql(f"{self._key} <= %s", (self._newest,)), self._bound(opened, selection))

    def _bound(self, opened: Session, selection: Selection) -> Sql | None:
        """Below the oldest key that a call at or after the cut-off names, and up to the newest
        that a settled one does; None without a call at or after the cut-off."""
        time = self._store.layout(selection.start).time
        moment = selection.now - timedelta(seconds=self._store.manifest.settle_in)
        edge = selection.cutoff if selection.chosen is None else min(selection.cutoff, moment)
        first = self._named_key(opened, time.possibly_after(edge), min)
        if first is None:
            return None
        last = self._named_key(opened, time.certain(moment), max)
        older = Sql(f"{self._key} < %s", (first,))
        return older if last is None else any_of([older, Sql(f"{self._key} <= %s", (last,))])

    def _named_key(
        self, opened: Session, calls: Sql, edge: Callable[[Iterable[int]], int]
    ) -> int | None:
        """The smallest or largest key that these calls name."""
        named_by = self._shared.named_by
        found = [self._named_by(opened, named, calls, edge.__name__) for named in named_by]
        known = [key for key in found if key is not None]
        return edge(known) if known else None

    def _named_by(self, opened: Session, named: Reference, calls: Sql, edge: str) -> int | None:
        store, quote = self._store, self._store.dialect.quote
        column = quote(named.column)
        if named.table == store.manifest.table:
            found = opened.value(f"SELECT {edge}({column}) FROM {store.table} WHERE " + calls)
        else:
            child = next(c for c in store.manifest.children if c.table == named.table)
            parents = f"(SELECT {quote(child.parent_column)} AS parent FROM {store.table} WHERE "
            found = opened.value(
                f"SELECT {edge}(c.{column}) FROM {store.dialect.table(child.table)} c JOIN "
                + (parents + calls + f") a ON c.{quote(child.column)} = a.parent")
            )
        return None if found is None else int(found)

    def _unnamed(self) -> Sql:
        """Rows that nobody names."""
        quote = self._store.dialect.quote
        parts = [
            f"NOT EXISTS (SELECT 1 FROM {self._store.dialect.table(named.table)} n"
            f" WHERE n.{quote(named.column)} = {self._table}.{self._key})"
            for named in self._shared.named_by
        ]
        return Sql(" AND ".join(parts))

    def left(self, opened: Session, selection: Selection) -> int:
        """How many rows a sweep would remove now."""
        if self._newest is None:
            return 0
        where = all_of(self._settled(opened, selection), self._unnamed())
        return opened.number(f"SELECT COUNT(*) FROM {self._table} WHERE " + where)

    def sweep(self, opened: Session, selection: Selection) -> int:
        """Removes them, window by window; returns how many. What it names is asked again by each
        delete. Raises what the store's guard raises."""
        if self._newest is None:
            return 0
        settled = self._settled(opened, selection)
        gone, after = 0, None
        while True:
            behind = None if after is None else Sql(f"{self._key} > %s", (after,))
            where = all_of(settled, behind, self._unnamed())
            text = f"SELECT {self._key} FROM {self._table} WHERE "
            rows = opened.rows(text + where + f" ORDER BY {self._key} LIMIT {_WINDOW}")
            if not rows:
                return gone
            first, after = int(rows[0][0] or 0), int(rows[-1][0] or 0)
            window = Sql(f"{self._key} >= %s AND {self._key} <= %s", (first, after))
            opened.begin()
            delete = f"DELETE FROM {self._table} WHERE "
            gone += opened.run(delete + all_of(settled, window, self._unnamed()))
            if self._store.guard is not None:
                self._store.guard()
            opened.commit()


def _drift(store: TableStore, what: str) -> DriftError:
    return DriftError(
        f"Dataset {store.dataset}: {what}.",
        hint="the connector manifest doesn't know this; see docs/reference/manifest.md",
    )


def open_shared(store: TableStore, opened: Session) -> list[SharedRows]:
    """The shared tables of a dataset. Raises DriftError."""
    return [SharedRows(store, shared, opened) for shared in store.manifest.shared]
