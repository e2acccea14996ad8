"""Which lines does a selection take, and what is known of each?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pbxretain.manifest import LinesDataset, LineStart
from pbxretain.records import UNDATED, Selection, Sought, Taken, is_call
from pbxretain.stores.dating import zone_of
from pbxretain.stores.line_reading import Line
from pbxretain.stores.moments import Moments
from pbxretain.stores.told import Told, claim, kept, meant

ARRIVALS = frozenset({b"ENTERQUEUE", b"ABANDON", b"DID", b"TRANSFER", b"BLINDTRANSFER"})
"""Events of Asterisk's queue log whose data are numbers; elsewhere they are seconds."""


@dataclass(frozen=True, slots=True, repr=False)
class ReadLine:
    """A line with what the selection needs of it."""

    taken: Taken
    when: datetime | None
    call: bytes
    told: Told = field(default_factory=dict)
    others: Mapping[str, datetime | None] = field(default_factory=dict)
    """When its other start events were."""

    whole: bool = True

    def at(self, start: str) -> datetime | None:
        """When one of its start events was."""
        return self.others.get(start, self.when)

    def settled(self, selection: Selection) -> str | None:
        """``due``, or ``minimum``; None for a line that is another rule's, or stays."""
        if any(map(self.at, selection.without)):
            return None
        mine = claim(self.told, selection)
        if self.when is None:
            return "due" if mine and self.whole and selection.timeless else None
        return mine.standing(self.when) if mine else None

    def keeps(self, selection: Selection) -> bool:
        """Whether its own rule keeps this line."""
        return kept(self.told, self.at, selection)


class LineReader:
    """Reads time, call id and subjects out of lines, for one start event."""

    def __init__(self, dataset: LinesDataset, start: str, source: ZoneInfo) -> None:
        self._dataset = dataset
        known = dataset.starts
        self._name = start if start in known else next(iter(known))
        self._start = known[self._name]
        self._moments = {name: _moments(each, source) for name, each in known.items()}

    def _when(self, line: Line, name: str) -> datetime | None:
        start = self._dataset.starts[name]
        referee = None if start.referee is None else line.field(start.referee)
        return self._moments[name].read(line.field(start.field), referee) if line.whole else None

    def _told(self, line: Line) -> Told:
        return {
            name: meant(facet, [line.field(at) or None for at in facet.all_fields])
            for name, facet in self._dataset.facets.items()
        }

    def read(self, line: Line, base: bytes) -> ReadLine:
        start, when = line.field(self._start.field), self._when(line, self._name)
        calls = tuple(line.field(index) for index in self._dataset.call_id)
        taken = Taken(
            key=(base, line.raw),
            start=start,
            when=when or UNDATED,
            call=calls,
            subjects=tuple(line.field(index) for index in self._dataset.subjects.values()),
        )
        others = {n: self._when(line, n) for n in self._moments if n != self._name}
        call = next(filter(is_call, calls), b"") or b""
        whole = line.whole and bool(line.fields)
        return ReadLine(taken, when, call, self._told(line), others, whole=whole)


def _moments(start: LineStart, source: ZoneInfo) -> Moments:
    zone = zone_of(start.zone, source)
    other = None
    if start.referee is not None:
        other = source if zone is UTC else UTC
    return Moments("epoch" if start.type == "epoch" else "wall", zone, other)


class Filter:
    """Decides line by line what a batch takes, and collects it."""

    def __init__(
        self, selection: Selection, skip: frozenset[bytes], reader: LineReader, cap: int
    ) -> None:
        self.selection = selection
        self.taken: list[Taken] = []
        self.full = False
        """Due lines are left over, as the batch is large enough."""
        self._skip = skip
        self._reader = reader
        self._cap = cap

    def due(self, line: Line, base: bytes) -> Taken | None:
        if not line.fields or not line.whole:
            return None
        read = self._reader.read(line, base)
        if standing(read, self.selection) != "due" or read.taken.identity in self._skip:
            return None
        return read.taken

    def takes(self, line: Line, base: bytes) -> bool:
        taken = self.due(line, base)
        if taken is None:
            return False
        if len(self.taken) >= self._cap:
            self.full = True
            return False
        self.taken.append(taken)
        return True


def standing(read: ReadLine, selection: Selection) -> str | None:
    """What becomes of a line before the cut-off; None for any other."""
    settled = read.settled(selection) if selection.means(read.taken.identity) else None
    if settled is None or _held(read, selection):
        return "held" if settled else None
    if settled == "due" and read.call and read.call in selection.excluded_calls:
        return "straddling"
    return settled


def _held(read: ReadLine, selection: Selection) -> bool:
    calls = selection.held_calls
    if calls and not calls.isdisjoint(call or b"" for call in read.taken.call):
        return True
    return read.taken.identity in selection.excluded_keys


def names(line: Line, sought: Sought, subjects: Collection[int], *, queue: bool) -> bool:
    """Whether a line names what is sought. In a queue log the data of most events are seconds."""
    squeezed = line.raw.lower().translate(None, b" -()./").replace(b"\xc2\xa0", b"")
    tails = [tail.lower().encode().translate(None, b" -()./") for tail in sought.tails]
    if tails and not any(tail in squeezed for tail in tails):
        return False
    if line.fields is None:
        return sought.matches(line.raw, bare=False)
    bare = queue and not ARRIVALS.isdisjoint(line.fields)
    return any(
        sought.matches(field, bare=bare or place in subjects)
        for place, field in enumerate(line.fields)
    )
