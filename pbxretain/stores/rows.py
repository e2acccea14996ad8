"""Which columns of a row are evidence, and how does a row become a record?

One layout for a table and its shadows: the columns to fetch, each once, and where in a fetched row
key, start, call id and subjects stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from pbxretain.haul import Haul
from pbxretain.records import Field, Taken, pack
from pbxretain.stores.database import Row
from pbxretain.stores.dialects import Dialect, Sql, Value, all_of, any_of, plain, typed, untyped
from pbxretain.stores.times import TimeColumn

T = TypeVar("T")

CHUNK = 100
"""Rows named one by one in a single statement."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where in a fetched row each role stands; looked up once, asked for every row."""

    key: list[int]
    start: int
    call: list[int]
    subjects: list[int]
    referee: int | None

    def all(self) -> list[int]:
        """Each place of which a record is made."""
        referee = [] if self.referee is None else [self.referee]
        return [*self.key, self.start, *self.call, *self.subjects, *referee]

    @staticmethod
    def of(layout: Layout) -> Places:
        at = {column: place for place, column in enumerate(layout.columns, start=1)}
        return Places(
            key=[at[column] for column in layout.key],
            start=at[layout.time.column],
            call=[at[column] for column in layout.call],
            subjects=[at[column] for column in layout.subjects],
            referee=at.get(layout.time.referee) if layout.time.referee else None,
        )


@dataclass(frozen=True, slots=True, repr=False)
class Layout:
    """Column names by role; ``locator`` is SQL that names one row within a transaction."""

    dialect: Dialect
    key: tuple[str, ...]
    call: tuple[str, ...]
    subjects: tuple[str, ...]
    link: str | None
    parents: tuple[str, ...]
    locator: str | None
    keep_locator: bool
    """The locator outlives a transaction and tells twins apart (a walk may part them)."""
    time: TimeColumn
    columns: tuple[str, ...]
    places: Places = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", Places.of(self))

    @property
    def fetched(self) -> str:
        """The select list; the locator comes first."""
        return self._select(self.locator, self.columns)

    @property
    def returned(self) -> str:
        """As ``fetched``, for rows that are gone: only what a record is made of, and a locator
        where it outlives them."""
        last = max([0, *self.places.all()])
        return self._select(self.locator if self.keep_locator else None, self.columns[:last])

    def _select(self, locator: str | None, columns: Sequence[str]) -> str:
        first = "NULL" if locator is None else self.dialect.as_text(locator)
        return ", ".join([first, *map(self.dialect.fetched, columns)])

    def at(self, row: Row, column: str) -> Field:
        """One column of a row as text bytes."""
        return plain(row[1 + self.columns.index(column)])

    def taken(self, row: Row) -> Taken | None:
        """The record, or None where its time can't be read."""
        places = self.places
        start = plain(row[places.start])
        referee = row[places.referee] if places.referee else None
        when = self.time.read(start, referee)
        if when is None:
            return None
        return Taken(
            key=tuple([typed(row[place]) for place in places.key]),
            start=start,
            when=when,
            call=tuple([plain(row[place]) for place in places.call]),
            subjects=tuple([plain(row[place]) for place in places.subjects]),
            locator=(plain(row[0]) or b"") if self.keep_locator else b"",
        )

    def haul(self, rows: Sequence[Row], cutoff: datetime) -> Haul | None:
        """The records of rows that are all due; None where one isn't, or isn't as usual: then each
        has to be read by itself."""
        places = self.places
        columns = list(zip(*rows, strict=True))
        texts = {at: _texts(columns[at]) for at in (places.start, *places.call, *places.subjects)}
        start = texts[places.start]
        referee = _texts(columns[places.referee]) if places.referee else ()
        if None in start:
            return None
        seconds = self.time.seconds(start, referee)  # type: ignore[arg-type]
        if seconds is None or max(seconds) >= cutoff.timestamp():
            return None
        return Haul(
            key=[_typed(columns[at]) for at in places.key],
            start=start,
            call=[texts[at] for at in places.call],
            subjects=[texts[at] for at in places.subjects],
            locators=[plain(at) or b"" for at in columns[0]] if self.keep_locator else None,
            seconds=seconds,
        )

    def identity(self, row: Row) -> bytes:
        """As ``Taken.identity``, also where the time can't be read."""
        places = self.places
        call = [plain(row[place]) for place in places.call]
        return pack(*(typed(row[at]) for at in places.key), plain(row[places.start]), *call)

    def call_id(self, row: Row) -> bytes | None:
        """The first call id column that is filled."""
        return next((v for v in (self.at(row, c) for c in self.call) if v), None)

    def match(self, taken: Taken) -> Sql:
        """Rows of exactly this identity. Never NULL, so it may stand under NOT."""
        return self._same((*taken.key, taken.start, *taken.call))

    def match_identity(self, identity: bytes) -> Sql:
        """As ``match``, for a packed identity; false where it isn't one of this layout."""
        fields = list(unpack(identity))
        if len(fields) != len(self.key) + 1 + len(self.call):
            return Sql("1=0")
        return self._same(fields)

    def _same(self, fields: Sequence[Field]) -> Sql:
        columns = (*self.key, self.time.column, *self.call)
        stored = self.dialect.stored
        pairs = zip(columns, fields, strict=True)
        return all_of(*(self.dialect.same(stored(c), untyped(value)) for c, value in pairs))

    def fits(self, identity: bytes) -> bool:
        """Whether a packed identity has as many fields as one of this layout."""
        return sum(1 for _ in unpack(identity)) == len(self.key) + 1 + len(self.call)

    def match_any(self, identities: Iterable[bytes]) -> Sql:
        return any_of([self.match_identity(identity) for identity in identities])


class Gathering:
    """Makes a haul of rows while more of them come: what can be done meanwhile costs no time."""

    def __init__(self, layout: Layout, cutoff: datetime) -> None:
        self._layout, self._cutoff = layout, cutoff
        self._parts: list[Haul] | None = []

    def add(self, rows: Sequence[Row]) -> None:
        """The next rows, in their order."""
        haul = self._layout.haul(rows, self._cutoff) if self._parts is not None else None
        if haul is None or self._parts is None:
            self._parts = None
        else:
            haul.bodies()
            self._parts.append(haul)

    def whole(self) -> Haul | None:
        """All of them; None where one has to be read by itself, or none came."""
        return Haul.joined(self._parts) if self._parts else None


def _texts(column: Sequence[Value]) -> Sequence[Field]:
    """As ``plain``, of each value."""
    kinds = set(map(type, column))
    if kinds <= {bytes, type(None)}:
        return column  # type: ignore[return-value]
    if kinds == {int}:
        return [b"%d" % value for value in column]  # type: ignore[str-format]
    return list(map(plain, column))


def _typed(column: Sequence[Value]) -> Sequence[Field]:
    """As ``typed``, of each value."""
    kinds = set(map(type, column))
    if kinds <= {bytes, type(None)} and b"\x00" not in b"".join(filter(None, column)):  # type: ignore[arg-type]
        return column  # type: ignore[return-value]
    if kinds == {int}:
        return [b"\x00i:%d" % value for value in column]  # type: ignore[str-format]
    return list(map(typed, column))


def unpack(packed: bytes) -> Iterator[Field]:
    """The fields of ``records.pack``."""
    place = 0
    while place < len(packed):
        head = packed[place : place + 4]
        place += 4
        if head == b"\xff\xff\xff\xff":
            yield None
            continue
        size = int.from_bytes(head, "big")
        yield packed[place : place + size]
        place += size


def chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The values in groups of at most ``size``."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
