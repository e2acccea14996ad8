"""Who comes in while a run goes on: a new hold, a call that one keeps?

A run's eye on the holds of its source. From the check to the mark of a batch nobody can write a
hold; a batch that took what one keeps is put back and taken again without it. Nobody waits for a
lock with a batch in hand: whoever finds it taken puts the batch back first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from pbxretain.errors import LockedError, RetainError
from pbxretain.records import Bits, Selection, Store, Taken, Ties, is_call
from pbxretain.resolving import Everything, Held, Holder, Scope
from pbxretain.sources import Opened
from pbxretain.strands import Strand
from pbxretain.traces import Traces

_FILES = ("tree", "spool")
_REMEMBERED = 200_000
"""Values whose answer is remembered, so that each distinct number is compared once."""


class HoldsMovedError(RetainError):
    """A hold, or a call that one keeps, came in between: the batch is put back and repeated."""

    code = "HOLDS_MOVED"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a run says to a hold that was set in its midst: from which batch on it is kept, and how
    many records that it means were gone by then (None: nobody knows)."""

    hold: str
    batch: int
    taken: int | None


@dataclass(slots=True, repr=False)
class Watch:
    """One run's; one thread. ``known`` is what was held when the run was planned; ``tell`` hands on
    answers. ``repr`` shows nothing of the holds."""

    scope: Scope
    opened: Opened
    now: datetime
    known: Held
    traces: Traces | None = None
    tell: Callable[[Answer], None] = lambda answer: None
    _held: Held = field(default_factory=Held)
    _arrived: dict[str, Ties] = field(default_factory=dict)
    """Calls that came in for a hold meanwhile, by hold."""
    _answers: dict[str, dict[bytes, bool]] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._told = {holder.hold.hold for holder in self.known.holders}

    def __repr__(self) -> str:
        return "<watch>"

    def begin(self, selection: Selection, store: Store, *, batch: int) -> Selection:
        """The selection of a dataset with what is held now; holds are resolved afresh. ``batch`` is
        the number of the next one. Raises RefusedError."""
        self._arrived = {}
        self._resolve(batch)
        return self._spare(selection, store)

    def again(self, selection: Selection, store: Store, *, batch: int) -> Selection:
        """As ``begin``, after ``HoldsMovedError``; waits for whoever writes a hold."""
        folder = self.scope.folder
        if folder is not None:
            folder.wait()
            if folder.stamp() != self._held.register.stamp:
                self._resolve(batch)
        return self._spare(selection, store)

    @contextmanager
    def still(self, store: Store, taken: Sequence[Taken]) -> Iterator[None]:
        """For the time from the check to the mark of a batch. Raises HoldsMovedError when the batch
        must be put back, RefusedError when a hold can't be read."""
        folder = self.scope.folder
        if folder is None or not taken:
            yield
            return
        with ExitStack() as stack:
            try:
                stack.enter_context(folder.shared())
            except LockedError:
                raise HoldsMovedError("a hold is being written") from None
            if folder.stamp() != self._held.register.stamp:
                raise HoldsMovedError("a hold was written")
            if self._caught(store, taken):
                raise HoldsMovedError("a call came in that is held")
            yield

    def gone(self, store: Store, taken: Sequence[Taken], bits: Bits | None) -> None:
        """Notes what a batch took, for those who ask later."""
        if self.traces is not None:
            if bits is not None:
                taken = [record for record, bit in zip(taken, bits, strict=True) if bit]
            name = store.of if isinstance(store, Strand) else store.dataset
            files = self.opened.kinds[name].kind in _FILES
            self.traces.add(store.data_class, taken, files=files)

    def end(self, *, batch: int) -> None:
        """Answers those who set a hold after the last batch; forgets what went."""
        if self.scope.stamp() != self._held.register.stamp:
            register = self.scope.read()
            self._answer(self.scope.holders(register, now=self.now), batch)
        if self.traces is not None:
            self.traces.close()

    def _resolve(self, batch: int) -> None:
        self._held = self.scope.resolve(self.opened, now=self.now)
        self._answers = {}
        self._answer(self._held.holders, batch)

    def _answer(self, holders: Sequence[Holder], batch: int) -> None:
        for holder in holders:
            if holder.hold.hold not in self._told:
                self._told.add(holder.hold.hold)
                match = holder.hold.match
                told = match.whom and not (match.queues or match.tenants)
                known = self._held.ties.get(holder.hold.hold, Ties()).calls
                taken = self.traces.count(holder, calls=known) if self.traces and told else None
                self.tell(Answer(holder.hold.hold, batch, taken))

    def _spare(self, selection: Selection, store: Store) -> Selection:
        ties = dict(self._held.ties)
        for name, arrived in self._arrived.items():
            ties[name] = ties.get(name, Ties()) | arrived
        return replace(self._held, ties=ties).spare(selection, store.data_class)

    def _caught(self, store: Store, taken: Sequence[Taken]) -> bool:
        """Notes records of a batch that a hold keeps and that nobody saw when it was resolved."""
        caught, records = False, list(taken) if self._held.holders else []
        for holder in self._held.holders:
            if holder.covers(store.data_class):
                known = self._held.ties.get(holder.hold.hold, Ties())
                for record in records:
                    if self._keeps(holder, known, record):
                        caught = True
                        self._note(holder, record)
        return caught

    def _keeps(self, holder: Holder, known: Ties, record: Taken) -> bool:
        calls = [call for call in record.call if call is not None]
        if not known.calls.isdisjoint(calls):
            return True
        passed = self._held.passed.get(holder.hold.hold, Ties())
        if not passed.calls.isdisjoint(calls) or record.identity in passed.keys:
            return False
        if holder.whom is None or not holder.at(record.when):
            return False
        if isinstance(holder.whom, Everything):
            return True
        answers = self._answers.setdefault(holder.hold.hold, {})
        if len(answers) > _REMEMBERED:
            answers.clear()
        for value in record.subjects:
            if value:
                if value not in answers:
                    answers[value] = holder.whom.matches(value)
                if answers[value]:
                    return True
        return False

    def _note(self, holder: Holder, record: Taken) -> None:
        calls = frozenset(call for call in record.call if call is not None and is_call(call))
        keys = frozenset() if calls else frozenset([record.identity])
        name = holder.hold.hold
        self._arrived[name] = self._arrived.get(name, Ties()) | Ties(calls, keys)
