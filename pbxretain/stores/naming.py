"""Which rows name a file, when was its call, and what stands there once the file is gone?

Answers a tree store (``records.Naming``) from the link column of one table and of its shadows.
"""
# ruff: noqa: S608  (identifiers are quoted by the dialect; values are never in the text)

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes, unquote_to_bytes

from pbxretain.manifest import Link
from pbxretain.records import Advice, Field, Sought, Ties
from pbxretain.stores.database import Row, Session, session
from pbxretain.stores.dialects import Sql, all_of, any_of, plain
from pbxretain.stores.facets import told_by
from pbxretain.stores.files import join
from pbxretain.stores.rights import link_advice
from pbxretain.stores.rows import Layout, chunks
from pbxretain.stores.sparing import GONE, not_ready
from pbxretain.stores.tied import matching
from pbxretain.stores.told import Told, together

if TYPE_CHECKING:
    from pbxretain.stores.table import TableStore

_GROUP = 500
_LEFT_PLAIN = ("/", "/()[]", "/()[]@:+,;=&$!*'", "")
"""What different products leave unencoded in an address."""

_Pair = tuple[bytes, bytes | None]
"""A link column's value, and that of its folder column."""

_GONE = {"blank": "''", "deleted": "'deleted'", "null": "NULL"}


class Spoken:
    """How a row's columns tell a file's name, and which values of the column may mean a name."""

    def __init__(self, link: Link) -> None:
        self._prefix = link.prefix.encode()
        self._url = link.form == "url"

    def name(self, value: bytes, folder: bytes | None) -> bytes:
        """The name that a row's link column, and its folder column if it has one, mean."""
        if self._url:
            value = unquote_to_bytes(value).replace(b"\\", b"/")
        value = self._prefix + value
        return join(folder.rstrip(b"/"), value) if folder else value

    def values(self, name: bytes) -> Iterator[bytes]:
        """Every value that may mean this name, whatever its folder."""
        base = name.rpartition(b"/")[2] if self._prefix else name
        if base.startswith(self._prefix):
            yield from self._forms(base[len(self._prefix) :])

    def _forms(self, value: bytes) -> Iterator[bytes]:
        yield value
        if self._url:
            for safe in _LEFT_PLAIN:
                yield quote_from_bytes(value, safe=safe).encode()
            if b"/" in value:
                back = value.replace(b"/", b"\\")
                yield back
                yield quote_from_bytes(back).encode()


class LinkNaming:
    """The link column of one table dataset. ``repr`` shows the dataset's name."""

    def __init__(self, store: TableStore, link: Link, layout: Layout) -> None:
        self._store = store
        self._link = link
        self._layout = layout
        self._spoken = Spoken(link)

    def __repr__(self) -> str:
        return f"<naming {self._store.dataset}>"

    def newest_leg(self, spellings: Sequence[bytes]) -> Mapping[bytes, datetime]:
        """For each spelling that a row names, the newest start event over all legs of its call.
        A row without any readable time dates nothing. Raises StoreError, UnavailableError."""
        wanted = frozenset(spellings)
        named: list[tuple[bytes, bytes | None, datetime | None]] = []
        for row in self._rows([self._link.column], self._asked(spellings)):
            spelling = self._name(row)
            if spelling in wanted:
                named.append((spelling, self._layout.call_id(row), self._when(row)))
        legs = self._newest_of_calls(sorted({call for _, call, _ in named if call}))
        newest: dict[bytes, datetime] = {}
        for spelling, call, when in named:
            for moment in (when, legs.get(call) if call else None):
                if moment is not None:
                    newest[spelling] = max(moment, newest.get(spelling, moment))
        return newest

    @property
    def data_class(self) -> str:
        """See ``records.Naming``."""
        return self._store.data_class

    def waiting(self, spellings: Sequence[bytes]) -> frozenset[bytes]:
        """See ``records.Naming``."""
        reason = not_ready(self._store)
        if reason is None:
            return frozenset()
        rows = self._rows([self._link.column], self._asked(spellings), also=reason)
        return frozenset(map(self._name, rows)) & frozenset(spellings)

    def facets(
        self, spellings: Sequence[bytes]
    ) -> Mapping[bytes, Mapping[str, frozenset[str] | None]]:
        """See ``records.Naming``."""
        wanted, store = frozenset(spellings), self._store
        columns = [self._link.column, *([self._link.folder] if self._link.folder else [])]
        told = [c for f in store.manifest.facets.values() for c in f.all_columns]
        more = [c for c in dict.fromkeys(told) if store.shape.has(c)]
        fetched = ", ".join(store.dialect.stored(column) for column in [*columns, *more])
        found: dict[bytes, list[Told]] = {}
        with session(store.engine) as opened:
            for group in chunks(self._asked(spellings), _GROUP):
                text = f"SELECT DISTINCT {fetched} FROM {store.table} WHERE "
                for row in opened.rows(text + store.among(self._link.column, group)):
                    value, *rest = map(plain, row)
                    folder = rest.pop(0) if self._link.folder else None
                    name = self._spoken.name(value or b"", folder)
                    if name in wanted:
                        found.setdefault(name, []).append(told_by(store, rest, more))
        return {name: together(all_told) for name, all_told in found.items()}

    def _asked(self, spellings: Sequence[bytes]) -> Sequence[bytes]:
        """The values of the link column to look for."""
        names = (spelling.rpartition(b"/")[2] for spelling in spellings)
        asked = names if self._link.folder else iter(spellings)
        return list(dict.fromkeys(value for name in asked for value in self._spoken.values(name)))

    def _name(self, row: Row) -> bytes:
        value = self._layout.at(row, self._link.column) or b""
        folder = self._layout.at(row, self._link.folder) if self._link.folder else None
        return self._spoken.name(value, folder)

    def _newest_of_calls(self, calls: Sequence[bytes]) -> Mapping[bytes, datetime]:
        newest: dict[bytes, datetime] = {}
        for row in self._rows(self._layout.call, calls):
            call, when = self._layout.call_id(row), self._when(row)
            if call is not None and when is not None:
                newest[call] = max(when, newest.get(call, when))
        return newest

    def _when(self, row: Row) -> datetime | None:
        taken = self._layout.taken(row)
        return taken.when if taken else None

    def _rows(
        self, columns: Sequence[str], values: Sequence[bytes], *, also: Sql | None = None
    ) -> Iterator[Row]:
        """Rows with one of the values in one of the columns, by index where there is one."""
        if not columns:
            return
        store = self._store
        with session(store.engine) as opened:
            for group in chunks(values, _GROUP):
                wanted = frozenset(group)
                where = all_of(any_of([store.among(c, group) for c in columns]), also)
                text = f"SELECT {self._layout.fetched} FROM {store.table} WHERE "
                for row in opened.rows(text + where):
                    if any(self._layout.at(row, column) in wanted for column in columns):
                        yield row

    def names(self, of: Ties) -> frozenset[bytes]:
        """See ``records.Naming``."""
        found: set[bytes] = set()
        for store in [self._store, *self._store.shadow_stores()]:
            if store.shape.has(self._link.column):
                found.update(self._named_by(store, of))
        return frozenset(found)

    def _named_by(self, store: TableStore, of: Ties) -> Iterator[bytes]:
        filled = Sql(store.dialect.filled(self._link.column))
        with session(store.engine) as opened:
            for where in matching(store, self._layout, of):
                for pair in self._pairs(store, opened, all_of(filled, where)):
                    yield self._spoken.name(*pair)

    def concerning(self, sought: Sought) -> Iterator[tuple[bytes, Field]]:
        """See ``records.Naming``; of a copy as of its record."""
        link = self._link
        for store in [self._store, *self._store.shadow_stores()]:
            for found in store.search(sought) if store.shape.has(link.column) else ():
                value = found.fields.get(link.column)
                if value and value != GONE:
                    folder = found.fields.get(link.folder) if link.folder else None
                    yield self._spoken.name(value, folder), found.call

    def blank(self, spellings: Sequence[bytes]) -> int:
        """Applies ``on_part_gone`` to all rows that name one of these, shadows too."""
        if self._link.on_part_gone == "leave" or not spellings:
            return 0
        stores = [self._store, *self._store.shadow_stores()]
        return sum(self._blank(store, spellings) for store in stores)

    def _blank(self, store: TableStore, spellings: Sequence[bytes]) -> int:
        if not store.shape.has(self._link.column):
            return 0
        quote = store.dialect.quote
        change = f"UPDATE {store.table} SET {quote(self._link.column)} = "
        change += _GONE[self._link.on_part_gone]
        # A row's date must not move because its file went.
        change += "".join(f", {quote(c)} = {quote(c)}" for c in store.shape.renewed) + " WHERE "
        count = 0
        with session(store.engine) as opened:
            for group in chunks(self._present(store, opened, spellings), _GROUP):
                opened.begin()
                count += opened.run(change + self._exactly(store, group))
                if store.guard is not None:
                    store.guard()
                opened.commit()
        return count

    def _exactly(self, store: TableStore, pairs: Sequence[_Pair]) -> Sql:
        """Rows with one of these pairs of value and folder."""
        link, dialect = self._link, store.dialect
        values = [value for value, _ in pairs]
        quick = store.among(link.column, values)
        if link.folder is None:
            return all_of(quick, dialect.among(dialect.stored(link.column), values))
        columns = dialect.stored(link.column), dialect.stored(link.folder)
        same = [all_of(*map(dialect.same, columns, pair)) for pair in pairs]
        return all_of(quick, any_of(same))

    def _present(
        self, store: TableStore, opened: Session, spellings: Sequence[bytes]
    ) -> Sequence[_Pair]:
        """What rows hold that means one of these. A file has some forty spellings; without an
        index each question about a few hundred of them would read the whole table again."""
        if store.shape.indexed(self._link.column) and self._link.folder is None:
            return [(value, None) for value in self._asked(spellings)]
        wanted = frozenset(spellings)
        return [pair for pair in self._pairs(store, opened) if self._spoken.name(*pair) in wanted]

    def _pairs(
        self, store: TableStore, opened: Session, where: Sql | None = None
    ) -> Iterator[_Pair]:
        columns = [self._link.column, *([self._link.folder] if self._link.folder else [])]
        values = ", ".join(store.dialect.stored(column) for column in columns)
        where = where or Sql(store.dialect.filled(self._link.column))
        rows = opened.rows(f"SELECT DISTINCT {values} FROM {store.table} WHERE " + where)
        for value, *folder in rows:
            if isinstance(value, bytes) and value != GONE:
                yield value, plain(folder[0]) if folder else None

    def check(self) -> Sequence[Advice]:
        """See ``records.Naming``."""
        return link_advice([self._store, *self._store.shadow_stores()])

    def named(self) -> Iterator[bytes]:
        """Every name that the link column means, once per table."""
        for store in [self._store, *self._store.shadow_stores()]:
            if store.shape.has(self._link.column):
                with session(store.engine) as opened:
                    for pair in self._pairs(store, opened):
                        yield self._spoken.name(*pair)
