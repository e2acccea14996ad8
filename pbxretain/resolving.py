"""Which records do the holds of a source keep, over all its datasets, and who comes in meanwhile?

A hold speaks of people, a delete of calls and keys. Before each dataset every dataset is searched
and what is found is followed along its ties, so that a number in one leg keeps the call's other
legs, events, recordings. ``Watch`` is a run's eye on it: between the check and the commit nobody
can add a hold, and a batch that took what one keeps is put back and taken again without it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pbxretain import sought
from pbxretain.connector import Opened
from pbxretain.errors import DocumentError, LockedError, RefusedError, RetainError, StoreError
from pbxretain.holds import LEGAL, RESTRICTION, Folder, Hold, Register, Stamp
from pbxretain.manifest import Manifest, TableDataset
from pbxretain.records import Found, Selection, Sought, Store, Taken, Ties, is_call

if TYPE_CHECKING:
    from pbxretain.settings import Source

log = logging.getLogger("pbxretain")

_FILES = ("tree", "spool")
_REMEMBERED = 200_000
"""Values whose answer is remembered, so that each distinct number is compared once."""


class HoldsMovedError(RetainError):
    """A hold, or a call that one keeps, came in between: the batch is put back and repeated."""

    code = "HOLDS_MOVED"


class _Everything:
    """Looks at every record: for a queue, a tenant or a period alone."""

    tails: Sequence[str] = ()

    def matches(self, value: bytes | None, *, bare: bool = True) -> bool:
        del value, bare
        return True

    def __repr__(self) -> str:
        return "<sought>"


@dataclass(frozen=True, slots=True, repr=False)
class Holder:
    """One hold as a source's records are compared with it."""

    hold: Hold
    whom: Sought | None
    zone: ZoneInfo
    classes: frozenset[str] | None
    """The data classes that it keeps; None for all."""

    @classmethod
    def of(cls, hold: Hold, source: Source, manifest: Manifest) -> Holder:
        """RefusedError for a number that can't be told: a hold that means nobody knows whom."""
        match = hold.match
        try:
            several = [sought.number(text, region=source.region) for text in match.numbers]
            several += [sought.extension(text) for text in match.extensions]
            several += [sought.extension(text.partition("@")[0]) for text in match.mailboxes]
        except DocumentError:
            raise RefusedError(
                f"hold {hold.hold} names a number or extension that can't be told",
                hint="write numbers with their country, as in +49 30 ...",
                code="HOLDS_UNREADABLE",
            ) from None
        whom = sought.any_of(several) if several else None
        if whom is None and not match.calls:
            whom = _Everything()
        return cls(hold, whom, source.zone, _kept_classes(hold, manifest))

    def covers(self, data_class: str) -> bool:
        return self.classes is None or data_class in self.classes

    def at(self, when: datetime | None) -> bool:
        """Whether a record of this moment is meant; one without a date always is."""
        match = self.hold.match
        if when is None or (match.since is None and match.until is None):
            return True
        day = when.astimezone(self.zone).date()
        return (match.since or day) <= day <= (match.until or day)

    def __repr__(self) -> str:
        return f"<holder of {self.hold.hold}>"


def _kept_classes(hold: Hold, manifest: Manifest) -> frozenset[str] | None:
    """Beside the data classes named those whose rows tie a held file to its call: a row that went
    would take the link with it, and the hold would find the file no more."""
    if not hold.data:
        return None
    named = set(hold.data)
    for dataset in manifest.datasets.values():
        link = dataset.link if isinstance(dataset, TableDataset) else None
        if link and manifest.datasets[link.dataset].data in hold.data:
            named.add(dataset.data)
    return frozenset(named)


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """What the holds in force keep in one source."""

    register: Register = field(default_factory=Register)
    holders: tuple[Holder, ...] = ()
    ties: Mapping[str, Ties] = field(default_factory=dict)
    """By hold."""

    def kept(self, data_class: str, *, legal_only: bool = False) -> Ties:
        """Calls and records of a data class that no run may take."""
        found = Ties()
        for holder in self.holders:
            wanted = not legal_only or holder.hold.kind == LEGAL
            if wanted and holder.covers(data_class):
                found |= self.ties.get(holder.hold.hold, Ties())
        return found

    def spare(
        self, selection: Selection, data_class: str, *, legal_only: bool = False
    ) -> Selection:
        """The selection with what is held."""
        kept = self.kept(data_class, legal_only=legal_only)
        return replace(selection, held_calls=kept.calls, excluded_keys=kept.keys)

    @property
    def restricts(self) -> bool:
        """Whether a restriction of processing is among them."""
        return any(holder.hold.kind == RESTRICTION for holder in self.holders)

    def facts(self) -> dict[str, int | str | None]:
        """What a report says of holds: how many are in force, and the register's digest."""
        return {
            "active": len(self.holders),
            "restrictions": sum(holder.hold.kind == RESTRICTION for holder in self.holders),
            "register": self.register.digest,
        }

    def __repr__(self) -> str:
        return f"<{len(self.holders)} holds>"


@dataclass(frozen=True, slots=True)
class Scope:
    """Where holds are looked for: the folder, and the source with its documents."""

    folder: Folder | None
    name: str
    source: Source
    manifest: Manifest

    def stamp(self) -> Stamp:
        """As ``Folder.stamp``."""
        return self.folder.stamp() if self.folder else ()

    def resolve(self, opened: Opened, *, now: datetime) -> Held:
        """Reads the holds and looks for what they keep in every dataset. RefusedError for a hold
        that can't be read and for a dataset that can't be searched while one is in force."""
        register = self.folder.read() if self.folder else Register()
        holders = self.holders(register, now=now)
        found = {holder.hold.hold: _ties(holder, opened) for holder in holders}
        return Held(register, holders, found)

    def holders(self, register: Register, *, now: datetime) -> tuple[Holder, ...]:
        """The holds that keep something of this source today."""
        today = now.astimezone(self.source.zone).date()
        mine = [hold for hold in register.of(self.name) if not self._over(hold, today)]
        return tuple(Holder.of(hold, self.source, self.manifest) for hold in mine)

    def _over(self, hold: Hold, today: object) -> bool:
        return hold.over(today)  # type: ignore[arg-type]


def _ties(holder: Holder, opened: Opened) -> Ties:
    stores = opened.stores
    known = Ties(frozenset(call.encode() for call in holder.hold.match.calls))
    try:
        if holder.whom is not None:
            for store in stores:
                found = (each for each in store.search(holder.whom) if holder.at(each.when))
                known |= _tied(found, files=opened.kinds[store.dataset].kind in _FILES)
        fresh = known
        while fresh:
            grown = Ties()
            for store in stores:
                grown |= store.ties(fresh)
            fresh = grown - known
            known |= fresh
    except StoreError as error:
        raise RefusedError(
            f"a dataset can't be searched for what is held: {error.args[0]}",
            hint=error.hint or "run pbxretain check",
            code="HOLDS_UNRESOLVED",
        ) from None
    return known


def _tied(found: Iterable[Found], *, files: bool) -> Ties:
    """By call, where there is one: it names all legs. A file's name says it beside the call's."""
    calls: set[bytes] = set()
    keys: set[bytes] = set()
    for each in found:
        if each.call is not None and is_call(each.call):
            calls.add(each.call)
        if files or each.call is None or not is_call(each.call):
            keys.add(each.identity)
    return Ties(frozenset(calls), frozenset(keys))


# --- while a run goes on ------------------------------------------------------------------------


class Watch:
    """A run's eye on the holds of its source; one thread. ``repr`` shows nothing of them."""

    def __init__(self, scope: Scope, opened: Opened, *, now: datetime) -> None:
        self._scope = scope
        self._opened = opened
        self._now = now
        self._held = Held()
        self._arrived: dict[str, Ties] = {}
        """Calls that came in for a hold meanwhile, by hold."""
        self._answers: dict[str, dict[bytes, bool]] = {}

    def __repr__(self) -> str:
        return "<watch>"

    def begin(self, selection: Selection, store: Store) -> Selection:
        """The selection of a dataset with what is held now; holds are resolved afresh. Raises
        RefusedError."""
        self._arrived = {}
        self._resolve()
        return self._spare(selection, store)

    def again(self, selection: Selection, store: Store) -> Selection:
        """As ``begin``, after ``HoldsMovedError``; waits for whoever writes a hold, nothing open."""
        folder = self._scope.folder
        if folder is not None:
            folder.wait()
            if folder.stamp() != self._held.register.stamp:
                self._resolve()
        return self._spare(selection, store)

    @contextmanager
    def still(self, store: Store, taken: Sequence[Taken]) -> Iterator[None]:
        """For the time from the check to the commit of a batch. Raises HoldsMovedError when the
        batch must be put back, RefusedError when a hold can't be read."""
        folder = self._scope.folder
        if folder is None:
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

    def _resolve(self) -> None:
        self._held = self._scope.resolve(self._opened, now=self._now)
        self._answers = {}

    def _spare(self, selection: Selection, store: Store) -> Selection:
        ties = dict(self._held.ties)
        for name, arrived in self._arrived.items():
            ties[name] = ties.get(name, Ties()) | arrived
        return replace(self._held, ties=ties).spare(selection, store.data_class)

    def _caught(self, store: Store, taken: Sequence[Taken]) -> bool:
        """Notes records of a batch that a hold keeps, which nobody saw when it was resolved."""
        caught = False
        for holder in self._held.holders:
            if holder.covers(store.data_class):
                known = self._held.ties.get(holder.hold.hold, Ties())
                for record in taken:
                    if self._keeps(holder, known, record):
                        caught = True
                        self._note(holder, record)
        return caught

    def _keeps(self, holder: Holder, known: Ties, record: Taken) -> bool:
        if any(call in known.calls for call in record.call if call is not None):
            return True
        if holder.whom is None or not holder.at(record.when):
            return False
        if isinstance(holder.whom, _Everything):
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
