"""How are thousands of rows made into evidence at the cost of a few calls?

The records of one batch of rows column by column. What is asked of each record is asked of whole
columns by functions that run in C, at a fraction of the price; as a sequence they are the records
of ``records.Taken``, one by one, for whoever needs only a few.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import overload

from pbxretain import bulk
from pbxretain.records import Field, Taken

Column = Sequence[Field]


class Haul(Sequence[Taken]):
    """The records of one batch of rows, column by column: what is asked of each of thousands is
    asked of whole columns, at a fraction of the cost. As a sequence it is the same records.

    ``seconds`` since 1970 are their start events. ``repr`` shows nothing of them.
    """

    __slots__ = ("_key", "_made", "_start", "calls", "locators", "seconds", "subjects")

    def __init__(
        self,
        *,
        key: Sequence[Column],
        start: Column,
        call: Sequence[Column] = (),
        subjects: Sequence[Column] = (),
        locators: Sequence[bytes] | None = None,
        seconds: Sequence[int],
    ) -> None:
        self._key, self._start = key, start
        self.calls, self.subjects = call, subjects
        self.locators = locators
        self.seconds = seconds
        self._made: tuple[list[bytes], list[bytes]] | None = None

    @classmethod
    def joined(cls, parts: Sequence[Haul]) -> Haul:
        """Hauls of one shape, one after the other, with what was made of them already."""
        if len(parts) == 1:
            return parts[0]

        def whole(columns: Iterable[Sequence[Column]]) -> list[Column]:
            return [list(chain.from_iterable(part)) for part in zip(*columns, strict=True)]

        haul = cls(
            key=whole(part._key for part in parts),
            start=list(chain.from_iterable(part._start for part in parts)),
            call=whole(part.calls for part in parts),
            subjects=whole(part.subjects for part in parts),
            locators=list(chain.from_iterable(part.locators or () for part in parts)) or None,
            seconds=list(chain.from_iterable(part.seconds for part in parts)),
        )
        haul._made = (
            list(chain.from_iterable(part.identities() for part in parts)),
            list(chain.from_iterable(part.bodies() for part in parts)),
        )
        return haul

    def __len__(self) -> int:
        return len(self.seconds)

    @overload
    def __getitem__(self, place: int) -> Taken: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Taken]: ...
    def __getitem__(self, place: int | slice) -> Taken | Sequence[Taken]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        return Taken(
            key=tuple([column[place] for column in self._key]),
            start=self._start[place],
            when=datetime.fromtimestamp(self.seconds[place], UTC),
            call=tuple([column[place] for column in self.calls]),
            subjects=tuple([column[place] for column in self.subjects]),
            locator=self.locators[place] if self.locators else b"",
        )

    @property
    def shape(self) -> tuple[int, int]:
        """How many columns key and subjects have."""
        return len(self._key), len(self.subjects)

    def identities(self) -> list[bytes]:
        """As ``Taken.identity``."""
        return self._packed()[0]

    def bodies(self) -> list[bytes]:
        """Key, start event and subjects, packed."""
        return self._packed()[1]

    def _packed(self) -> tuple[list[bytes], list[bytes]]:
        if self._made is None:
            self._made = self._pack()
        return self._made

    def _pack(self) -> tuple[list[bytes], list[bytes]]:
        own = [*self._key, self._start]
        return bulk.packed([*own, *self.calls]), bulk.packed([*own, *self.subjects])

    def __repr__(self) -> str:
        return f"<haul of {len(self)}>"


def identities(taken: Sequence[Taken]) -> list[bytes]:
    """The identity of each record."""
    return taken.identities() if isinstance(taken, Haul) else [each.identity for each in taken]


def locators(taken: Sequence[Taken]) -> Sequence[bytes]:
    """The locator of each record, empty where it has none."""
    if isinstance(taken, Haul):
        return taken.locators or [b""] * len(taken)
    return [each.locator for each in taken]


def span(taken: Sequence[Taken]) -> tuple[datetime, datetime]:
    """The oldest and the newest start event of records (aware UTC); ValueError for none."""
    if isinstance(taken, Haul):
        ends = min(taken.seconds), max(taken.seconds)
        return datetime.fromtimestamp(ends[0], UTC), datetime.fromtimestamp(ends[1], UTC)
    moments = [each.when for each in taken]
    return min(moments), max(moments)
