"""How does a folder of recordings forget? A record is all files of one folder with one stem.

While a row names a file, the newest leg of its call dates it; else the file's own date does (see
``dating``), else it is undated and stays. Taking is renaming within the folder, finishing is a
last look at the rows, blanking their links, then the unlink. A kill at any instant leaves names
that tell ``settle`` and ``tidy`` all they need.

A record's identity is its path below the root and its own date, never a row's: a dead run's batch
must be recognised from the disk alone.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from pbxretain.errors import StoreError
from pbxretain.manifest import TreeDataset
from pbxretain.records import (
    FUTURE,
    UNDATED,
    Advice,
    BatchName,
    Bits,
    Census,
    Cursor,
    Facets,
    Field,
    Found,
    Intent,
    Itemised,
    Marked,
    Naming,
    Record,
    Selection,
    Sought,
    Taken,
    Ties,
)
from pbxretain.stores.dating import PLAUSIBLE, Dater
from pbxretain.stores.files import (
    Folder,
    Hidden,
    Listing,
    Root,
    check_root,
    counts,
    hidden_in,
    is_own,
    put_back,
    scraps,
    without_paths,
)
from pbxretain.stores.folder_advice import LEFT, left_alone, no_right
from pbxretain.stores.told import claim, sorted_out, together
from pbxretain.stores.tree_batch import HeldRecord, TreeBatch, TreeCursor, hold, waiting_names
from pbxretain.stores.tree_parts import Entry, NameFacets, Shape, Spelling, call_ids

ENCODING = "tree-path/1"
_BATCH_BYTES = 256 << 20
_ASKED_AT_ONCE = 500
_STAYS = {"due": "", "waiting": "STRADDLING", "writing": "STILL_WRITTEN"}
"""Of the standings those of a record that may go, with what keeps it for the moment."""

_LARGEST_TEXT = 1 << 20
_AS_FILE = b".wav"
"""Behind a stem, so that it is read as a file's name."""


def open_tree(
    *,
    name: str,
    dataset: TreeDataset,
    root: Path,
    zone: ZoneInfo,
    naming: Naming | None,
    installation: str,
) -> TreeStore:
    """Opens a folder tree. Raises RootError (missing, unmounted, empty, a symlink) and
    DocumentError (a pattern that can't be used)."""
    return TreeStore(
        name=name,
        dataset=dataset,
        root=check_root(root),
        dater=Dater(dataset, zone),
        naming=naming,
        installation=installation,
    )


@dataclass(slots=True, repr=False)
class _View:
    """One look at the whole tree."""

    entries: list[Entry] = field(default_factory=list)
    by_stem: dict[bytes, list[Entry]] = field(default_factory=dict)
    ages: dict[bytes, float] = field(default_factory=dict)
    findings: Mapping[str, int] = field(default_factory=dict)
    others: int = 0
    """Files of no record: they keep the root from ever being empty."""
    aside: bool = False
    """Files lie there that a run of ours set aside and couldn't put back yet: they are records
    that no count sees."""
    _due: tuple[Selection, list[Entry]] | None = None
    _held: tuple[Ties, frozenset[bytes]] | None = None

    def held(self, ties: Ties, naming: Naming | None) -> frozenset[bytes]:
        """Identities of the records that these ties hold: by their own key, by a row that names
        them, by a call id in their name."""
        if self._held is None or self._held[0] != ties:
            names = naming.names(ties) if naming and ties else frozenset()
            calls = ties.calls.union(*map(call_ids, ties.calls))
            found = [
                entry.identity
                for entry in (self.entries if ties else ())
                if not names.isdisjoint(entry.values) or not calls.isdisjoint(call_ids(entry.stem))
            ]
            self._held = ties, ties.keys | frozenset(found)
        return self._held[1]

    def before(self, selection: Selection) -> list[Entry]:
        """The selection's records before the cut-off in deletion order."""
        if self._due is None or self._due[0] is not selection:
            found = [entry for entry in self.entries if _standing(entry, selection) == "due"]
            self._due = selection, sorted(found, key=_order)
        return self._due[1]


def _standing(entry: Entry, selection: Selection) -> str | None:
    """Whether a dated record is this rule's and due, or refused for a minimum."""
    mine = claim(entry.told, selection)
    if entry.when is None:
        return "due" if mine and selection.timeless else None
    return mine.standing(entry.when) if mine else None


def _order(entry: Entry) -> tuple[datetime, bytes]:
    return entry.when or UNDATED, entry.key


class TreeStore:
    """Implements ``records.Store`` for files; see the module."""

    encoding = ENCODING

    def __init__(
        self,
        *,
        name: str,
        dataset: TreeDataset,
        root: Root,
        dater: Dater,
        naming: Naming | None,
        installation: str,
    ) -> None:
        self.dataset = name
        self.data_class = dataset.data
        self._root = root
        self._shape = Shape.of(dataset)
        self._facets = NameFacets(dataset.facets)
        self._dater = dater
        self._naming = naming
        self._installation = installation
        self._settle_in = timedelta(seconds=dataset.settle_in)
        self._view: _View | None = None
        dated = [step.sidecar.extension for step in dataset.dated_by if step.sidecar]
        tails = (b"." + os.fsencode(e.removeprefix(".")) for e in (*dataset.sidecars, *dated))
        self._texts = list(dict.fromkeys(tails))

    # Looking ------------------------------------------------------------------------------------

    def check(self) -> Sequence[Advice]:
        """Folders in which nothing can be renamed, files of another installation or of no known
        name, what this dataset doesn't cover, rows whose link couldn't be blanked."""
        advice, locked = list(self._naming.check() if self._naming else ()), 0
        left: Counter[str] = Counter()
        try:
            for folder, found in self._root.walk():
                locked += not folder.writable()
                left["SYMLINKS"] += len(found.links)
                self._leftover(folder, found, left)
                self._stems(folder, found, left)
        except StoreError:
            advice.append(self._rights("UNREADABLE_FOLDER", "can't be read"))
        if locked:
            advice.append(self._rights("READ_ONLY_FOLDER", "can't be written to"))
        return [*advice, *left_alone(self.dataset, left)]

    def _rights(self, code: str, what: str) -> Advice:
        text = f"{self.dataset}: some folders below the root {what}."
        return no_right(code, text, self._root.path, below=True)

    def clock(self) -> datetime | None:
        return None

    def straddlers(self, selection: Selection) -> frozenset[bytes]:
        """None: a file is dated by the newest leg already."""
        return frozenset()

    def census(self, selection: Selection) -> Census:
        view = self._look(findings=True)
        tally: Counter[str] = Counter()
        dates = []
        marked = Marked(selection)
        for entry in view.entries:
            marked.see(entry.when)
            mine = claim(entry.told, selection)
            if mine is None:
                continue
            meant = selection.means(entry.identity)
            if entry.when is None:
                tally["undated"] += meant and not selection.timeless
            else:
                dates.append(entry.when)
                ahead = entry.when > selection.now + FUTURE
                tally["future"] += selection.chosen is None and ahead
                tally["untold"] += mine.untold(entry.when)
            if standing := self._standing(view, entry, selection):
                tally["before"] += 1
                tally[standing] += 1
        findings = dict(view.findings)
        if tally["writing"]:
            findings["STILL_WRITTEN"] = tally["writing"]
        if tally["untold"]:
            findings["FACET_UNTOLD"] = tally["untold"]
        return Census(
            before=tally["before"],
            due=tally["due"],
            undated=tally["undated"],
            future=tally["future"],
            straddling=tally["waiting"],
            held=tally["held"],
            minimum=tally["minimum"],
            total=len(view.entries),
            older=() if view.aside else marked.older,
            oldest=min(dates, default=None),
            newest=max(dates, default=None),
            findings=findings,
        )

    def scan(self, selection: Selection) -> Iterator[Record]:
        view = self._look()
        for entry in view.before(selection):
            if self._standing(view, entry, selection) == "due":
                label = entry.key.decode("utf-8", "backslashreplace")
                yield Record(entry.when, label)

    def telling(self, facets: Facets) -> tuple[Ties, Ties]:
        """See ``records.Store``."""
        entries = self._look().entries
        return sorted_out(((e.told, Ties(keys=frozenset([e.identity]))) for e in entries), facets)

    def ties(self, of: Ties) -> Ties:
        """Files bear no further ids of a call, and nothing hangs on them."""
        del of
        return Ties()

    def itemise(self, selection: Selection, *, everything: bool = False) -> Iterator[Itemised]:
        """See ``records.Store``; the state is the files' last change."""
        chosen = selection.bare if everything else selection
        view = self._look()
        for entry in view.before(chosen):
            standing = self._standing(view, entry, chosen)
            if entry.when and standing in _STAYS:
                taken = Taken(key=(entry.key,), start=entry.start, when=entry.when)
                # Which call a file is of only the rows know, so a hold is told here.
                held = everything and self._standing(view, entry, selection) == "held"
                stays = "HELD" if held else _STAYS[standing]
                yield Itemised(taken, repr(entry.changed).encode(), stays)

    def search(self, sought: Sought, *, start: str | None = None) -> Iterator[Found]:
        """By name, by what a sidecar says, and by the rows that name a file."""
        del start
        view = self._look()
        calls: dict[bytes, Field] = {}
        if self._naming:
            calls = dict(self._naming.concerning(sought))
        for entry in view.entries:
            naming = next((value for value in entry.values if value in calls), None)
            if naming is not None or self._names(entry, sought):
                yield Found(
                    dataset=self.dataset,
                    identity=entry.identity,
                    call=calls.get(naming) if naming else None,
                    when=entry.when,
                    fields={"file": entry.key, **self._parts(entry)},
                )

    def _names(self, entry: Entry, sought: Sought) -> bool:
        """Whether a file's own path or its sidecars name somebody."""
        if sought.matches(entry.stem + _AS_FILE, bare=False):
            return True
        # A folder of one's own, such as an extension's, is a field by itself.
        if any(sought.matches(part, bare=True) for part in entry.folder.split(b"/")):
            return True
        return any(
            sought.matches(value, bare=False) for value in self._parts(entry).values() if value
        )

    def _parts(self, entry: Entry) -> Mapping[str, Field]:
        """What stands in the text files of a record, by their extension."""
        found: dict[str, Field] = {}
        try:
            with self._root.folder(entry.folder) as folder:
                for tail in self._texts:
                    name = entry.stem + tail
                    with suppress(FileNotFoundError), os.fdopen(folder.open(name), "rb") as file:
                        found[os.fsdecode(tail)] = file.read(_LARGEST_TEXT)
        except OSError:
            return found  # went meanwhile
        return found

    def _standing(self, view: _View, entry: Entry, selection: Selection) -> str | None:
        """What becomes of a record before the cut-off; None for one that isn't."""
        standing = _standing(entry, selection)
        if standing is None or not selection.means(entry.identity):
            return None
        if entry.identity in view.held(selection.held, self._naming):
            return "held"
        if standing == "minimum":
            return standing
        young = (selection.now - self._settle_in).timestamp()
        if entry.waits:
            return "waiting"
        return "writing" if entry.changed > young else "due"

    def _look(self, *, findings: bool = False) -> _View:
        with without_paths():
            return self._looked(findings=findings)

    def _looked(self, *, findings: bool) -> _View:
        view = _View()
        tally: Counter[str] = Counter()
        for folder, found in self._root.walk():
            view.ages[folder.rel] = folder.changed()
            tally["SYMLINKS"] += len(found.links)
            view.aside |= self._leftover(folder, found, tally)
            view.entries += self._entries(folder, found, tally)
        for entry in view.entries:
            view.by_stem.setdefault(entry.stem, []).append(entry)
        view.others = sum(tally[code] for code in LEFT)
        missing = self._named(view)
        self._date(view.entries)
        if findings:
            if self._naming:
                tally["ORPHAN_FILES"] = sum(not entry.values for entry in view.entries)
                tally["MISSING_FILES"] = missing
            view.findings = counts(**tally)
        return view

    def _leftover(self, folder: Folder, found: Listing, tally: Counter[str]) -> bool:
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

    def _stems(
        self, folder: Folder, found: Listing, tally: Counter[str]
    ) -> Mapping[bytes, Sequence[bytes]]:
        stems: dict[bytes, list[bytes]] = {}
        for name in found.files:
            stem = None if is_own(name) else self._shape.stem(name)
            if stem is not None and self._shape.covers(folder.rel, stem):
                stems.setdefault(stem, []).append(name)
            elif not is_own(name):
                tally["UNKNOWN_FILES"] += 1
        return stems

    def _entries(self, folder: Folder, found: Listing, tally: Counter[str]) -> Iterator[Entry]:
        for stem, names in self._stems(folder, found, tally).items():
            stats = [s for name in names if (s := folder.regular(name))]
            if stats:
                own = self._dater.own_date(folder, stem=stem, parts={name: name for name in names})
                changed = max(s.st_mtime for s in stats)
                told = self._facets.told(stem)
                yield Entry(folder=folder.rel, stem=stem, own=own, changed=changed, told=told)

    def _named(self, view: _View) -> int:
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
        for entry in entries:
            entry.when = entry.own
        if self._naming is None:
            return
        named = [entry for entry in entries if entry.values]
        for at in range(0, len(named), _ASKED_AT_ONCE):
            chunk = named[at : at + _ASKED_AT_ONCE]
            values = sorted({value for entry in chunk for value in entry.values})
            newest = self._naming.newest_leg(values)
            waiting = waiting_names(self._naming, self.data_class, values)
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

    # Taking -------------------------------------------------------------------------------------

    def take(
        self,
        selection: Selection,
        *,
        limit: int,
        after: Cursor | None,
        skip: frozenset[bytes],
        name: BatchName,
    ) -> TreeBatch:
        """See ``records.Store``. A batch ends early when its files are large: each is hashed."""
        if after is None or self._view is None:
            self._view = self._look()
        view = self._view
        due = view.before(selection)
        if isinstance(after, TreeCursor):
            at = bisect_right(due, (after.when, after.key), key=_order)
        else:
            at = 0
        batch = self._batch(selection.cutoff, now=selection.now, ages=view.ages)
        batch.held_by = selection.held
        with without_paths():
            if due and len(due) == len(view.entries) and not view.others:
                self._root.mark()
            try:
                waiting = islice(due, at, None)
                self._fill(batch, waiting, selection=selection, limit=limit, skip=skip, name=name)
            except BaseException:
                batch.rollback()
                raise
        return batch

    def _batch(self, cutoff: datetime, *, now: datetime, ages: Mapping[bytes, float]) -> TreeBatch:
        return TreeBatch(
            root=self._root,
            shape=self._shape,
            naming=self._naming,
            data_class=self.data_class,
            cutoff=cutoff,
            now=now,
            ages=ages,
        )

    def _fill(
        self,
        batch: TreeBatch,
        waiting: Iterable[Entry],
        *,
        selection: Selection,
        limit: int,
        skip: frozenset[bytes],
        name: BatchName,
    ) -> None:
        size = 0
        spared = skip | (self._view.held(selection.held, self._naming) if self._view else set())
        for entry in waiting:
            if len(batch.held) >= limit or size >= _BATCH_BYTES:
                batch.exhausted = False
                break
            batch.cursor = TreeCursor(*_order(entry))
            meant = selection.means(entry.identity)
            if entry.waits or entry.identity in spared or not meant:
                continue
            outcome = self._take_one(entry, selection, name)
            if isinstance(outcome, HeldRecord):
                size += outcome.size
                outcome.twins = self._twins(entry)
                batch.add(outcome)
            elif outcome == "ABSENT":
                batch.absent += 1
            else:
                batch.skipped[outcome] = batch.skipped.get(outcome, 0) + 1
        batch.sync()

    def _twins(self, entry: Entry) -> list[Entry]:
        stems = self._view.by_stem if self._view else {}
        return [other for other in stems.get(entry.stem, ()) if other is not entry]

    def _take_one(self, entry: Entry, selection: Selection, name: BatchName) -> HeldRecord | str:
        young = (selection.now - self._settle_in).timestamp()
        try:
            with self._root.folder(entry.folder) as folder:
                return hold(folder, entry, shape=self._shape, young=young, name=name)
        except FileNotFoundError:
            return "ABSENT"
        except OSError:
            return "NOT_RENAMED"

    # After a crash ------------------------------------------------------------------------------

    def sweep(self, selection: Selection) -> Mapping[str, int]:
        """Nothing here is shared by several records."""
        del selection
        return {}

    def settle(self, intent: Intent) -> Bits:
        """Completes a committed batch from the names on disk, or puts an open one back.

        The cut-off for the last look at the rows comes out of the intent's bounds.
        """
        with without_paths():
            batch = self._leftovers(intent)
            if not intent.committed:
                batch.rollback()
                return [False] * intent.count
            batch.finish()
            self._view = None
            there = self._look().entries
        return intent.compare((entry.identity, b"") for entry in there)

    def _leftovers(self, intent: Intent) -> TreeBatch:
        bound = intent.bounds.get("cutoff")
        # Without a bound the last look spares every file that a row names at all.
        cutoff = datetime.fromisoformat(str(bound)) if bound else PLAUSIBLE
        batch = self._batch(cutoff, now=PLAUSIBLE, ages={})
        name = BatchName(self._installation, intent.run, intent.batch)
        stems: dict[bytes, list[Entry]] = {}
        for folder, found in self._root.walk():
            for stem in {stem for n in found.files if (stem := self._shape.stem(n)) is not None}:
                stems.setdefault(stem, []).append(Entry(folder=folder.rel, stem=stem))
            mine = [hidden for hidden in hidden_in(folder, found.files) if hidden.belongs(name)]
            for held in self._regroup(folder, mine):
                batch.add(held)
        # What rows call a file can be a path of another mount: only the rows themselves tell.
        again = _View(entries=[held.entry for held in batch.held])
        for held in batch.held:
            again.by_stem.setdefault(held.entry.stem, []).append(held.entry)
        self._named(again)
        for held in batch.held:
            held.twins = stems.get(held.entry.stem, ())
        return batch

    def _regroup(self, folder: Folder, mine: Sequence[Hidden]) -> Iterator[HeldRecord]:
        stems: dict[bytes, dict[bytes, bytes]] = {}
        for hidden in mine:
            if hidden.original is not None:
                stem = self._shape.stem(hidden.original)
                stem = hidden.original if stem is None else stem
                stems.setdefault(stem, {})[hidden.original] = hidden.name
        for stem, parts in stems.items():
            own = self._dater.own_date(folder, stem=stem, parts=parts)
            entry = Entry(folder=folder.rel, stem=stem, own=own, when=own)
            yield HeldRecord(entry=entry, parts=parts)

    def tidy(self, installation: str) -> int:
        """See ``records.Store``; also removes notes that belong to no file."""
        righted = 0
        with without_paths():
            for folder, found in self._root.walk():
                here = _tidy(folder, found.files, installation)
                if here:
                    folder.sync()
                righted += here
        return righted

    def close(self) -> None:
        self._view = None


def _tidy(folder: Folder, names: list[bytes], installation: str) -> int:
    righted = 0
    for hidden in hidden_in(folder, names):
        if hidden.of(installation) and hidden.original is not None:
            put_back(folder, hidden.name, hidden.original)
            righted += 1
    for name in scraps(names, installation):
        with suppress(FileNotFoundError):
            os.unlink(folder.at(name))  # noqa: PTH108
        righted += 1
    return righted
