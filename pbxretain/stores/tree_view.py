"""What lies in a folder tree now, how old is it, and which rows name it?

One look walks the whole root once, folder by folder, and keeps a few hundred bytes of each record.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from pbxretain.records import FUTURE, UNDATED, Marked, Naming, Selection, Ties
from pbxretain.stores.dating import Dater
from pbxretain.stores.files import Folder, Listing, Root, counts, hidden_in, is_own
from pbxretain.stores.folder_advice import LEFT
from pbxretain.stores.told import claim, together
from pbxretain.stores.tree_batch import waiting_names
from pbxretain.stores.tree_parts import Entry, NameFacets, Shape, Spelling, call_ids

_ASKED_AT_ONCE = 500
_JUST_NOW = 60.0
"""Seconds for which what was seen is as good as a new look."""


@dataclass(slots=True, repr=False)
class View:
    """One look at the whole tree."""

    entries: list[Entry] = field(default_factory=list)
    """The records that are kept in mind."""

    count: int = 0
    """How many records there are."""

    by_stem: dict[bytes, list[Entry]] = field(default_factory=dict)
    """Only where rows name files: by nothing else is a record looked for by its stem."""

    ages: dict[bytes, float] = field(default_factory=dict)
    sizes: dict[bytes, int] = field(default_factory=dict)
    """How many files each folder holds."""

    findings: Mapping[str, int] = field(default_factory=dict)
    others: int = 0
    """Files of no record: they keep the root from ever being empty."""

    aside: bool = False
    """Files lie there that a run of ours set aside and couldn't put back yet: they are records
    that no count sees."""

    _due: tuple[Selection, list[Entry]] | None = None

    def before(self, selection: Selection) -> list[Entry]:
        """The selection's records before the cut-off in deletion order."""
        if self._due is None or self._due[0] is not selection:
            found = [entry for entry in self.entries if under(entry, selection) == "due"]
            self._due = selection, sorted(found, key=in_order)
        return self._due[1]


class Seen:
    """A look that remembers what is due under a selection."""

    def __init__(self, view: View, selection: Selection) -> None:
        self._view = view
        self._of = _bare(selection)
        self._at = time.monotonic()

    def just_now(self, selection: Selection) -> View | None:
        """The view, where it is of the same selection and as good as a new one."""
        fresh = time.monotonic() - self._at <= _JUST_NOW
        return self._view if fresh and _bare(selection) == self._of else None


def _bare(selection: Selection) -> Selection:
    """Without what is spared: that is looked up for each batch."""
    nobody: frozenset[bytes] = frozenset()
    return replace(selection, excluded_calls=nobody, excluded_keys=nobody, held_calls=nobody)


class HeldFiles:
    """Which records some ties hold: by their own key, by a row that names them, by a call id in
    their name."""

    def __init__(self, ties: Ties, naming: Naming | None) -> None:
        self._any = bool(ties)
        self._keys = ties.keys
        self._names = naming.names(ties) if naming and ties else frozenset()
        self._calls = ties.calls.union(*map(call_ids, ties.calls))

    def __contains__(self, entry: Entry) -> bool:
        return self._any and (
            entry.identity in self._keys
            or not self._names.isdisjoint(entry.values)
            or not self._calls.isdisjoint(call_ids(entry.stem))
        )


class Counted:
    """What one look counts under a selection."""

    def __init__(self, selection: Selection, *, standing: Callable[[Entry], str | None]) -> None:
        self.tally: Counter[str] = Counter()
        self.marked = Marked(selection)
        self.oldest: datetime | None = None
        self.newest: datetime | None = None
        self._selection = selection
        self._standing = standing

    def see(self, entry: Entry) -> bool:
        """One record more; whether it is due under the rule."""
        selection, tally, when = self._selection, self.tally, entry.when
        self.marked.see(when)
        mine = claim(entry.told, selection)
        if mine is None:
            return False
        if when is None:
            meant = selection.chosen is None or selection.means(entry.identity)
            tally["undated"] += meant and not selection.timeless
        else:
            self.oldest = when if self.oldest is None else min(self.oldest, when)
            self.newest = when if self.newest is None else max(self.newest, when)
            tally["future"] += selection.chosen is None and when > selection.now + FUTURE
            tally["untold"] += mine.untold(when)
        if standing := self._standing(entry):
            tally["before"] += 1
            tally[standing] += 1
        return standing not in (None, "minimum")


def under(entry: Entry, selection: Selection) -> str | None:
    """Whether a dated record is this rule's and due, or refused for a minimum."""
    mine = claim(entry.told, selection)
    if entry.when is None:
        return "due" if mine and selection.timeless else None
    return mine.standing(entry.when) if mine else None


def in_order(entry: Entry) -> tuple[datetime, bytes]:
    return entry.when or UNDATED, entry.key


class Viewer:
    """Looks at one dataset's root; ``naming`` tells what rows say of its files."""

    def __init__(
        self,
        *,
        data_class: str,
        root: Root,
        shape: Shape,
        facets: NameFacets,
        dater: Dater,
        naming: Naming | None,
        installation: str,
    ) -> None:
        self._data_class = data_class
        self._root = root
        self._shape = shape
        self._facets = facets
        self._dater = dater
        self._naming = naming
        self._installation = installation

    def look(
        self, *, findings: bool = False, keep: Callable[[Entry], bool] = lambda _: True
    ) -> View:
        """Every record of the root for which ``keep``, asked once for each, says so. Where no row
        names files nothing is remembered of the others, however many there are.

        Raises StoreError for a folder that can't be listed.
        """
        view = View()
        tally: Counter[str] = Counter()
        entries = self._walked(view, tally)
        if self._naming is None:
            view.entries = [entry for entry in entries if keep(entry)]
        else:
            view.entries = list(entries)
            for entry in view.entries:
                view.by_stem.setdefault(entry.stem, []).append(entry)
            tally["MISSING_FILES"] = self.named(view)
            self._date(view.entries)
            tally["ORPHAN_FILES"] = sum(not entry.values for entry in view.entries)
            view.entries = [entry for entry in view.entries if keep(entry)]
        view.others = sum(tally[code] for code in LEFT)
        view.findings = counts(**tally) if findings else {}
        return view

    def _walked(self, view: View, tally: Counter[str]) -> Iterator[Entry]:
        for folder, found in self._root.walk():
            view.ages[folder.rel] = folder.changed()
            view.sizes[folder.rel] = len(found.files)
            tally["SYMLINKS"] += len(found.links)
            view.aside |= self.leftover(folder, found, tally)
            for entry in self._entries(folder, found, tally):
                view.count += 1
                yield entry

    def leftover(self, folder: Folder, found: Listing, tally: Counter[str]) -> bool:
        """Counts what was set aside and no run of ours puts back or removes; says whether one of
        ours set anything aside."""
        ours = False
        for hidden in hidden_in(folder, found.files):
            ours |= hidden.of(self._installation)
            if not hidden.of(self._installation):
                tally["FOREIGN_LEFTOVER"] += 1
            elif hidden.original is None:
                tally["NAMELESS_LEFTOVER"] += 1
        return ours

    def stems(
        self, folder: Folder, found: Listing, tally: Counter[str]
    ) -> Mapping[bytes, Sequence[bytes]]:
        stems: dict[bytes, list[bytes]] = {}
        for name in found.files:
            if is_own(name):
                continue
            stem = self._shape.stem(name)
            if stem is not None and self._shape.covers(folder.rel, stem):
                stems.setdefault(stem, []).append(name)
            else:
                tally["UNKNOWN_FILES"] += 1
        return stems

    def _entries(self, folder: Folder, found: Listing, tally: Counter[str]) -> Iterator[Entry]:
        for stem, names in self.stems(folder, found, tally).items():
            stats = [s for name in names if (s := folder.regular(name))]
            if stats:
                own = self._dater.own_date(folder, stem=stem, parts={name: name for name in names})
                yield Entry(
                    folder=folder.rel,
                    stem=stem,
                    own=own,
                    when=own,
                    changed=max([s.st_mtime for s in stats]),
                    size=sum([s.st_size for s in stats]),
                    told=self._facets.told(stem),
                )

    def named(self, view: View) -> int:
        """Notes on each entry which values of the link column name it; counts the others."""
        if self._naming is None:
            return 0
        missing: set[bytes] = set()
        for value in self._naming.named():
            spelling = Spelling(value)
            hits = [
                entry
                for stem in self._shape.stems(spelling.base)
                for entry in view.by_stem.get(stem, ())
                if spelling.may_mean(entry.folder)
            ]
            for entry in hits:
                if value not in entry.values:
                    entry.values += (value,)
            if not hits and value != b"deleted" and self._shape.may_hold(value):
                missing.add(value)
        return len(missing)

    def _date(self, entries: Sequence[Entry]) -> None:
        if self._naming is None:
            return
        named = [entry for entry in entries if entry.values]
        for at in range(0, len(named), _ASKED_AT_ONCE):
            chunk = named[at : at + _ASKED_AT_ONCE]
            values = sorted({value for entry in chunk for value in entry.values})
            newest = self._naming.newest_leg(values)
            waiting = waiting_names(self._naming, self._data_class, values)
            rows = self._naming.facets(values) if self._facets.by_rows else {}
            for entry in chunk:
                if told := [rows[value] for value in entry.values if value in rows]:
                    row = together(told)
                    entry.told = {**entry.told, **{n: row.get(n) for n in self._facets.by_rows}}
                entry.when = self._latest(entry, newest)
                entry.waits = not waiting.isdisjoint(entry.values)

    def _latest(self, entry: Entry, newest: Mapping[bytes, datetime]) -> datetime | None:
        """The newest leg of the calls that name a file. Names are used again: where no row says
        the file's very folder, another file may be meant, and the later date counts, be it the
        file's own or, where its name tells none, its content's."""
        legs = [newest[value] for value in entry.values if value in newest]
        if not legs:
            return entry.own
        root = self._root.path
        if not any(Spelling(value).says(entry.folder, root) for value in entry.values):
            legs.append(entry.own or datetime.fromtimestamp(entry.changed, UTC))
        return max(legs)
