"""Which lines does a selection take, and what is known of each?"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pbxretain.manifest import LinesDataset
from pbxretain.records import Selection, Sought, Taken, is_call
from pbxretain.stores.dating import zone_of
from pbxretain.stores.line_reading import Line
from pbxretain.stores.moments import Moments

ARRIVALS = frozenset({b"ENTERQUEUE", b"ABANDON", b"DID", b"TRANSFER", b"BLINDTRANSFER"})
"""Events of Asterisk's queue log whose data are numbers; elsewhere they are seconds."""


@dataclass(frozen=True, slots=True, repr=False)
class ReadLine:
    """A line with what the selection needs of it."""

    taken: Taken
    when: datetime | None
    call: bytes


class LineReader:
    """Reads time, call id and subjects out of lines, for one start event."""

    def __init__(self, dataset: LinesDataset, start: str, source: ZoneInfo) -> None:
        self._dataset = dataset
        known = dataset.starts
        self._start = known[start] if start in known else next(iter(known.values()))
        zone = zone_of(self._start.zone, source)
        other = None
        if self._start.referee is not None:
            other = source if zone is UTC else UTC
        kind = "epoch" if self._start.type == "epoch" else "wall"
        self._moments = Moments(kind, zone, other)  # type: ignore[arg-type]

    def read(self, line: Line, base: bytes) -> ReadLine:
        start = line.field(self._start.field)
        referee = None if self._start.referee is None else line.field(self._start.referee)
        when = self._moments.read(start, referee) if line.whole else None
        calls = tuple(line.field(index) for index in self._dataset.call_id)
        taken = Taken(
            key=(base, line.raw),
            start=start,
            when=when or datetime.fromtimestamp(0, UTC),
            call=calls,
            subjects=tuple(line.field(index) for index in self._dataset.subjects.values()),
        )
        return ReadLine(taken, when, next(filter(is_call, calls), b"") or b"")


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
        if read.when is None or read.when >= self.selection.cutoff:
            return None
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


def standing(read: ReadLine, selection: Selection) -> str:
    """What becomes of a line before the cut-off."""
    held = selection.held_calls
    if (
        held and not held.isdisjoint(call or b"" for call in read.taken.call)
    ) or read.taken.identity in selection.excluded_keys:
        return "held"
    return "straddling" if read.call and read.call in selection.excluded_calls else "due"


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
