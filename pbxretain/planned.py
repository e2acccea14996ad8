"""What of a reviewed plan is still as it was, and why did the rest not go?

One dataset of a plan file while a run works on it. Before the batches the due records are read
once: what the plan doesn't name, or names otherwise, is spared by identity and by call, so that no
call is torn apart. Each batch is compared again, for what came in between. At the end each planned
record has gone, or has a code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from pbxretain.planfile import IDENTITY, KEY, Entries, PlanFile, Tags
from pbxretain.records import FUTURE, Bits, Itemised, Selection, Store, Taken

ABSENT, CHANGED, FAILED, STILL_DUE = "ALREADY_ABSENT", "CHANGED", "FAILED", "STILL_DUE"
NOT_PLANNED = "NOT_PLANNED"

_UNSEEN, _DUE, _CLAIMED, _GONE, _FIRST_CODE = range(5)
_UNCLAIMED = bytes([_UNSEEN, _DUE, _DUE, *range(_GONE, 256)])
_UNLOOKED = bytes([_UNSEEN, _UNSEEN, _UNSEEN, *range(_GONE, 256)])


@dataclass(slots=True, repr=False)
class Strangers:
    """Due records that must stay, as the plan doesn't name them as they are: their identities and
    calls. ``unnamed`` counts those of which the plan knows nothing at all."""

    keys: set[bytes] = field(default_factory=set)
    calls: set[bytes] = field(default_factory=set)
    unnamed: int = 0

    def __bool__(self) -> bool:
        return bool(self.keys)

    def spared(self, selection: Selection) -> Selection:
        """The selection without them."""
        return replace(
            selection,
            excluded_keys=selection.excluded_keys | self.keys,
            excluded_calls=selection.excluded_calls | self.calls,
        )


class Planned:
    """The records of one dataset that a run may take, and what became of each."""

    def __init__(self, tags: Tags, entries: Entries) -> None:
        self._tags = tags
        self._entries = entries
        self._status = bytearray(len(entries))
        self._codes: list[str] = []
        self._claimed: list[int] = []
        self._explained = False
        self.strangers = Strangers()

    def __repr__(self) -> str:
        return f"<planned {len(self._entries)}>"

    # --- before and while records go ------------------------------------------------------------

    def look(self, store: Store, selection: Selection) -> Selection:
        """Compares what is due with the plan; the selection without strangers."""
        self._status = self._status.translate(_UNLOOKED)
        self.strangers = Strangers()
        for record in store.itemise(selection):
            if not record.stays:
                self._compare(record)
        return self.strangers.spared(selection)

    def _compare(self, record: Itemised) -> None:
        entry = self._tags.entry(record)
        places = self._entries.places(entry[:IDENTITY])
        for place in places:
            if self._status[place] == _UNSEEN and self._entries[place] == entry:
                self._status[place] = _DUE
                return
        self._strange(record, places, named=bool(self._entries.places(entry[:KEY])))

    def _strange(self, record: Itemised, places: range, *, named: bool) -> None:
        # Twins go together or not at all, so one that isn't planned keeps the others.
        for place in places:
            if self._status[place] in (_UNSEEN, _DUE, _CLAIMED):
                self._status[place] = self._code(CHANGED)
        self.strangers.keys.add(record.taken.identity)
        self.strangers.unnamed += not named
        if record.call:
            self.strangers.calls.add(record.call)

    def claim(self, taken: Sequence[Taken]) -> bool:
        """Whether a batch holds planned records only; the strangers in it are noted."""
        self._status = self._status.translate(_UNCLAIMED)
        self._claimed = []
        for record in taken:
            places = self._entries.places(self._tags.identity(record))
            place = next((p for p in places if self._status[p] == _DUE), None)
            if place is None:
                self._strange(Itemised(record), places, named=bool(places))
            else:
                self._status[place] = _CLAIMED
                self._claimed.append(place)
        return len(self._claimed) == len(taken)

    def settled(self, gone: Bits | None, *, failed: bool) -> None:
        """The claimed batch is final: which of its records went."""
        kept = self._code(FAILED) if failed else _DUE
        for index, place in enumerate(self._claimed):
            self._status[place] = _GONE if gone is None or gone[index] else kept
        self._claimed = []

    @property
    def waiting(self) -> int:
        """Planned records that are due and haven't gone yet."""
        return self._status.count(_DUE)

    # --- at the end -----------------------------------------------------------------------------

    def tally(self) -> tuple[int, int, Counter[str]]:
        """How many were planned, how many went, and how many stayed or were gone, by code."""
        found = Counter(self._status)
        stayed = Counter({code: found[_FIRST_CODE + n] for n, code in enumerate(self._codes)})
        stayed[ABSENT if self._explained else STILL_DUE] += found[_UNSEEN]
        stayed[STILL_DUE] += found[_DUE] + found[_CLAIMED]
        return len(self._entries), found[_GONE], +stayed

    def explain(
        self, store: Store, selection: Selection, *, failed: Iterable[bytes], waits: bool
    ) -> None:
        """Finds out why planned records are still there, as far as any is.

        ``selection`` is what the run worked with, holds and straddlers resolved, without
        strangers; ``failed`` holds the identities that failed alone; ``waits``: rows of the
        dataset wait for their parts.
        """
        if self._status.count(_UNSEEN) + self._status.count(_DUE):
            reasons = _Reasons(selection, self.strangers, frozenset(failed), waits)
            self._find(store.itemise(selection, everything=True), reasons)
            self._status = self._status.translate(_UNLOOKED)
        if self._status.count(_UNSEEN):
            # What isn't before the cut-off any more may have been dated anew.
            later = replace(selection, cutoff=selection.now + FUTURE)
            self._find(store.itemise(later, everything=True), None)
        self._explained = True

    def refused(self, code: str) -> None:
        """The whole dataset was left out."""
        self._status = bytearray([self._code(code)]) * len(self._entries)

    def _find(self, records: Iterator[Itemised], reasons: _Reasons | None) -> None:
        for record in records:
            entry = self._tags.entry(record)
            places = self._entries.places(entry[:IDENTITY])
            open_ = [p for p in places if self._status[p] in (_UNSEEN, _DUE)]
            if not open_:
                if not places:
                    self._renamed(entry)
                continue
            same = next((p for p in open_ if self._entries[p] == entry), None)
            if same is None or reasons is None:
                self._status[open_[0]] = self._code(CHANGED)
            else:
                due = self._status[same] == _DUE
                self._status[same] = self._code(reasons.code(record, due=due))

    def _renamed(self, entry: bytes) -> None:
        """A record that the plan doesn't know, under the key of one that is missing."""
        for place in self._entries.places(entry[:KEY]):
            if self._status[place] == _UNSEEN:
                self._status[place] = self._code(CHANGED)
                return

    def _code(self, code: str) -> int:
        if code not in self._codes:
            self._codes.append(code)
        return _FIRST_CODE + self._codes.index(code)


@dataclass(slots=True)
class Tally:
    """What became of a whole plan file; ``datasets``: planned, gone, the rest by code. ``unnamed``
    are due records that it doesn't name, ``since`` those that came due by the clock alone."""

    digest: str
    datasets: dict[str, tuple[int, int, Counter[str]]]
    unnamed: int = 0
    since: int = 0

    @classmethod
    def of(cls, planned: PlanFile) -> Tally:
        """Before anything is known: as if no dataset were there."""
        missing = {s.dataset: s.records for s in planned.head.datasets}
        return cls(planned.digest, {d: (n, 0, +Counter(NOT_COVERED=n)) for d, n in missing.items()})

    def add(self, dataset: str, named: Planned) -> None:
        """One dataset that is there; told where the plan names it or should have."""
        self.unnamed += named.strangers.unnamed
        if dataset in self.datasets:
            self.datasets[dataset] = named.tally()

    @property
    def planned(self) -> int:
        return sum(planned for planned, _, _ in self.datasets.values())

    @property
    def deleted(self) -> int:
        return sum(gone for _, gone, _ in self.datasets.values())

    @property
    def left(self) -> Counter[str]:
        return sum((left for _, _, left in self.datasets.values()), Counter[str]())


@dataclass(frozen=True, slots=True, repr=False)
class _Reasons:
    """Why a run left a planned record that is there as it was."""

    selection: Selection
    strangers: Strangers
    failed: frozenset[bytes]
    waits: bool

    def code(self, record: Itemised, *, due: bool) -> str:
        chosen, identity, call = self.selection, record.taken.identity, record.call
        if identity in self.failed:
            return FAILED
        if identity in chosen.excluded_keys or call in chosen.held_calls:
            return "HELD"
        if call and (call in chosen.excluded_calls or call in self.strangers.calls):
            return "STRADDLING"
        if record.stays:
            return record.stays
        # Not due any more, and neither held nor with its call: other rows or files keep it, or
        # something changed by which its rule knows it.
        return STILL_DUE if due else "KEPT_FOR_PART" if self.waits else CHANGED
