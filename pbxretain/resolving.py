"""Which records do the holds of a source keep, over all its datasets, and who comes in meanwhile?

A hold speaks of people, a delete of calls and keys. Before each dataset every dataset is searched
and what is found is followed along its ties, so that a number in one leg keeps the call's other
legs, events, recordings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pbxretain import sought
from pbxretain.aliases import Aliases, aliases, nobody
from pbxretain.errors import DocumentError, EvidenceError, RefusedError, StoreError
from pbxretain.holds import LEGAL, RESTRICTION, Folder, Hold, Match, Register, Stamp
from pbxretain.manifest import (
    Dataset,
    LinesDataset,
    Manifest,
    SpoolDataset,
    TableDataset,
    TreeDataset,
)
from pbxretain.records import Facets, Found, Selection, Sought, Store, Ties, is_call
from pbxretain.sources import Opened
from pbxretain.subject import legs_of

if TYPE_CHECKING:
    from pbxretain.settings import Source


class Everything:
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
    def of(
        cls, hold: Hold, source: Source, manifest: Manifest, aliases: Aliases = nobody
    ) -> Holder:
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
        boxes = [text.partition("@")[0] for text in match.mailboxes]
        called = (*match.numbers, *match.extensions, *boxes)
        several += [sought.pseudonym(one) for text in called for one in aliases(text)]
        whom = sought.any_of(several) if several else None
        if not match.whom and (match.since or match.until):
            whom = Everything()
        named = frozenset(hold.data) if hold.data else None
        return cls(hold, whom, source.zone, named)

    @property
    def facets(self) -> Sequence[Facets]:
        """What narrows it, beside the days."""
        match = self.hold.match
        given = (("queue", match.queues), ("tenant", match.tenants))
        return [{name: frozenset(values)} for name, values in given if values]

    def covers(self, data_class: str) -> bool:
        return self.classes is None or data_class in self.classes

    def at(self, when: datetime | None) -> bool:
        """Whether a record of this moment is meant; one without a date always is."""
        match = self.hold.match
        if when is None or (match.since is None and match.until is None):
            return True
        day = when.astimezone(self.zone).date()
        return (match.since or day) <= day <= (match.until or day)

    # --- as traces ask (``traces.Wanted``) ---

    @property
    def numbers(self) -> Sequence[str]:
        return self.hold.match.numbers

    @property
    def extensions(self) -> Sequence[str]:
        match = self.hold.match
        return [*match.extensions, *(box.partition("@")[0] for box in match.mailboxes)]

    @property
    def calls(self) -> Sequence[str]:
        return self.hold.match.calls

    def means(self, data_class: str, day: date) -> bool:
        """Whether records of this class and day are meant."""
        match = self.hold.match
        within = (match.since or day) <= day <= (match.until or day)
        return within and self.covers(data_class)

    def __repr__(self) -> str:
        return f"<holder of {self.hold.hold}>"


def _untied(kind: Dataset, match: Match) -> bool:
    if not match.whom:
        return False
    if isinstance(kind, SpoolDataset):
        return not (match.numbers or match.extensions or match.mailboxes)
    if isinstance(kind, TreeDataset):
        return kind.named_by is None and not _named_by_call(kind)
    return isinstance(kind, TableDataset | LinesDataset) and not kind.call_id


def _named_by_call(kind: TreeDataset) -> bool:
    """Whether a file's name, and no row, tells the id of its call."""
    return kind.named_by is None and any(
        "{uniqueid}" in (step.name or "") for step in kind.dated_by
    )


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """What the holds in force keep in one source."""

    register: Register = field(default_factory=Register)
    holders: tuple[Holder, ...] = ()
    ties: Mapping[str, Ties] = field(default_factory=dict)
    """By hold what it keeps."""
    needed: Mapping[str, Mapping[str, Ties]] = field(default_factory=dict)
    """By hold and data class that it doesn't name: what tells which call something held is of.
    Without it the hold would find nothing the next time."""
    passed: Mapping[str, Ties] = field(default_factory=dict)
    """By hold what is of another queue or tenant than it means."""

    def kept(self, data_class: str, *, legal_only: bool = False) -> Ties:
        """Calls and records of a data class that no run may take."""
        found = Ties()
        for holder in self.holders:
            name = holder.hold.hold
            if legal_only and holder.hold.kind != LEGAL:
                continue
            if holder.covers(data_class):
                found |= self.ties.get(name, Ties())
            else:
                found |= self.needed.get(name, {}).get(data_class, Ties())
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

    def untied(self, kind: Dataset) -> int:
        """How many of these holds mean calls, and nothing in a dataset says which call a record
        is of: there only what itself names the person stays."""
        mine = [holder for holder in self.holders if holder.covers(kind.data)]
        return sum(_untied(kind, holder.hold.match) for holder in mine)

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

    def read(self) -> Register:
        """As ``Folder.known``."""
        return self.folder.known(self.name) if self.folder else Register()

    def resolve(self, opened: Opened, *, now: datetime) -> Held:
        """Reads the holds and looks for what they keep in every dataset. RefusedError for a hold
        that can't be read and for a dataset that can't be searched while one is in force."""
        register = self.read()
        holders = self.holders(register, now=now)
        found = {holder.hold.hold: _ties(holder, opened) for holder in holders}
        kept = {name: each[0] for name, each in found.items()}
        passed = {name: each[1] for name, each in found.items()}
        needed = {
            holder.hold.hold: _needed(holder, kept[holder.hold.hold], opened) for holder in holders
        }
        return Held(register, holders, kept, needed, passed)

    def holders(self, register: Register, *, now: datetime) -> tuple[Holder, ...]:
        """The holds that keep something of this source today."""
        today = now.astimezone(self.source.zone).date()
        mine = [hold for hold in register.of(self.name) if not self._over(hold, today)]
        known: Aliases = nobody
        if self.folder is not None and mine:
            known = self._aliases(self.folder.state / self.name)
        return tuple(Holder.of(hold, self.source, self.manifest, known) for hold in mine)

    def _aliases(self, state: Path) -> Aliases:
        try:
            return aliases(state, region=self.source.region)
        except EvidenceError as error:
            raise RefusedError(
                "nobody can tell which pseudonyms a hold means",
                hint=error.hint,
                code="HOLDS_UNRESOLVED",
            ) from None

    def _over(self, hold: Hold, today: date) -> bool:
        """What a file says of a release counts only as far as the ledger bears it out."""
        agreed = self.folder.agreed if self.folder else None
        return hold.over(today) and (agreed is None or agreed(self.name, hold.hold))


def _ties(holder: Holder, opened: Opened) -> tuple[Ties, Ties]:
    """What a hold keeps, and what it would keep if its queue or tenant were another."""
    stores = opened.stores
    _refuse_untold(holder, opened)
    with _resolved():
        known = Ties(_named(holder, stores))
        if holder.whom is not None:
            for store in stores:
                found = (each for each in store.search(holder.whom) if holder.at(each.when))
                known |= _tied(found)
        found_ = _followed(known, stores)
        kept = _narrowed(holder, found_, stores)
        return kept, found_ - kept


def _refuse_untold(holder: Holder, opened: Opened) -> None:
    """A hold on a queue or tenant, whoever called, in a source that tells of none."""
    if holder.hold.match.whom:
        return
    told = {name for kind in opened.kinds.values() for name in getattr(kind, "facets", ())}
    for facet in (name for facets in holder.facets for name in facets if name not in told):
        raise RefusedError(
            f"hold {holder.hold.hold} goes by {facet}, and nothing that is covered here tells which"
            " record is of which",
            hint="name numbers, extensions or days instead, or name its sources; or cover what"
            " tells it: roots in settings",
            code="HOLDS_UNRESOLVED",
        )


@contextmanager
def _resolved() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise RefusedError(
            f"a dataset can't be searched for what is held: {error.args[0]}",
            hint=error.hint or "run pbxretain check",
            code="HOLDS_UNRESOLVED",
        ) from None


def _needed(holder: Holder, kept: Ties, opened: Opened) -> dict[str, Ties]:
    """By data class that a hold doesn't name what it must keep all the same: rows and lines of a
    call of which something is held, and the rows that name a held file."""
    if holder.classes is None or not kept:
        return {}
    named = [store for store in opened.stores if holder.covers(store.data_class)]
    kinds = [opened.kinds[store.dataset] for store in named]
    calls = Ties(kept.calls)
    if not any(isinstance(kind, TreeDataset) and _named_by_call(kind) for kind in kinds):
        with _resolved():
            legs = (found for store in named for found in legs_of(store, kept.calls))
            calls = _followed(Ties(_tied(legs).calls), opened.stores) & kept
    needed: dict[str, Ties] = {}
    for kind in opened.kinds.values():
        link = kind.link if isinstance(kind, TableDataset) else None
        if link and holder.covers(opened.kinds[link.dataset].data):
            needed[kind.data] = kept
        elif isinstance(kind, TableDataset | LinesDataset) and kind.call_id:
            needed[kind.data] = needed.get(kind.data, Ties()) | calls
    return needed


def _named(holder: Holder, stores: Sequence[Store]) -> frozenset[bytes]:
    """The calls that a hold names, less those of which all that can be dated lies outside its days.
    One of which nothing is dated may be meant: its files may be all that is left."""
    match = holder.hold.match
    calls = frozenset(call.encode() for call in match.calls)
    if not calls or (match.since is None and match.until is None):
        return calls
    inside: dict[bytes, bool] = {}
    for found in (found for store in stores for found in legs_of(store, calls)):
        if found.call is not None:
            inside[found.call] = inside.get(found.call, False) or holder.at(found.when)
    return frozenset(call for call in calls if inside.get(call, True))


def _narrowed(holder: Holder, known: Ties, stores: Sequence[Store]) -> Ties:
    """What is found, less what is known to be of another queue or tenant; of nobody in particular
    what is known to be of these. A call counts by all that any dataset says of it."""
    match = holder.hold.match
    anybody = holder.whom is None and not match.calls
    for facets in holder.facets:
        pairs = [store.telling(facets) for store in stores]
        mine = _followed(_all(fits for fits, _ in pairs), stores)
        if match.whom:
            known -= _followed(_all(other for _, other in pairs), stores) - mine
        else:
            known = mine if anybody else known & mine
        anybody = False
    return known


def _all(several: Iterable[Ties]) -> Ties:
    found = list(several)
    calls = frozenset[bytes]().union(*(ties.calls for ties in found))
    return Ties(calls, frozenset[bytes]().union(*(ties.keys for ties in found)))


def _followed(known: Ties, stores: Sequence[Store]) -> Ties:
    """With everything that is tied to it, over all datasets."""
    fresh = known
    while fresh:
        grown = Ties()
        for store in stores:
            grown |= store.ties(fresh)
        fresh = grown - known
        known |= fresh
    return known


def _tied(found: Iterable[Found]) -> Ties:
    """By call, where there is one: it names all legs."""
    calls: set[bytes] = set()
    keys: set[bytes] = set()
    for each in found:
        if each.call is not None and is_call(each.call):
            calls.add(each.call)
        else:
            keys.add(each.identity)
    return Ties(frozenset(calls), frozenset(keys))
