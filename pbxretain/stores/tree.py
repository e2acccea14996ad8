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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from pbxretain.errors import StoreError
from pbxretain.manifest import TreeDataset
from pbxretain.records import (
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
    Root,
    check_root,
    hidden_in,
    put_back,
    scraps,
    without_paths,
)
from pbxretain.stores.folder_advice import left_alone, no_right
from pbxretain.stores.told import sorted_out
from pbxretain.stores.tree_batch import TreeBatch, TreeCursor
from pbxretain.stores.tree_hold import HeldRecord, Holding, Outcome
from pbxretain.stores.tree_parts import Entry, NameFacets, Shape
from pbxretain.stores.tree_view import Counted, HeldFiles, Seen, View, Viewer, in_order, under

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
        self._dater = dater
        self._naming = naming
        self._installation = installation
        self._viewer = Viewer(
            data_class=dataset.data,
            root=root,
            shape=self._shape,
            facets=NameFacets(dataset.facets),
            dater=dater,
            naming=naming,
            installation=installation,
        )
        self._settle_in = timedelta(seconds=dataset.settle_in)
        self._view: View | None = None
        self._held: tuple[Ties, HeldFiles] | None = None
        self._seen: Seen | None = None
        """What the plan's census came by, for the first take: each file is looked at again then.
        Not where rows date files: those may say something else by then."""
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
                self._viewer.leftover(folder, found, left)
                self._viewer.stems(folder, found, left)
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
        counted = Counted(selection, standing=self._standing_in(selection))
        view = self._look(findings=True, keep=counted.see)
        self._seen = None if self._naming else Seen(view, selection)
        tally = counted.tally
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
            total=view.count,
            older=() if view.aside else counted.marked.older,
            oldest=counted.oldest,
            newest=counted.newest,
            findings=findings,
        )

    def scan(self, selection: Selection) -> Iterator[Record]:
        standing = self._standing_in(selection)
        for entry in self._due(selection).before(selection):
            if standing(entry) == "due":
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
        standing_in, bare = self._standing_in(selection), self._standing_in(chosen)
        for entry in self._due(chosen).before(chosen):
            standing = bare(entry)
            if entry.when and standing in _STAYS:
                taken = Taken(key=(entry.key,), start=entry.start, when=entry.when)
                # Which call a file is of only the rows know, so a hold is told here.
                held = everything and standing_in(entry) == "held"
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

    def _standing_in(self, selection: Selection) -> Callable[[Entry], str | None]:
        """Tells what becomes of a record before the cut-off; None for one that isn't."""
        held = self._held_files(selection.held)
        young = (selection.now - self._settle_in).timestamp()

        def of(entry: Entry) -> str | None:
            standing = under(entry, selection)
            if standing is None:
                return None
            if selection.chosen is not None and not selection.means(entry.identity):
                return None
            if entry in held:
                return "held"
            if standing == "minimum":
                return standing
            if entry.waits:
                return "waiting"
            return "writing" if entry.changed > young else "due"

        return of

    def _held_files(self, ties: Ties) -> HeldFiles:
        """Rows are asked once for each look and each change of the holds, not for each batch."""
        if self._held is None or self._held[0] != ties:
            self._held = ties, HeldFiles(ties, self._naming)
        return self._held[1]

    def _look(
        self, *, findings: bool = False, keep: Callable[[Entry], bool] = lambda _: True
    ) -> View:
        self._held = None
        with without_paths():
            return self._viewer.look(findings=findings, keep=keep)

    def _due(self, selection: Selection) -> View:
        """A look that remembers only what is due under a rule."""
        return self._look(keep=lambda entry: under(entry, selection) == "due")

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
            seen, self._seen = self._seen, None
            self._view = (seen and seen.just_now(selection)) or self._due(selection)
        view = self._view
        due = view.before(selection)
        if isinstance(after, TreeCursor):
            at = bisect_right(due, (after.when, after.key), key=in_order)
        else:
            at = 0
        batch = self._batch(selection.cutoff, now=selection.now, ages=view.ages)
        batch.held_by = selection.held
        with without_paths():
            if due and len(due) == view.count and not view.others:
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
        chosen = self._chosen(batch, waiting, selection=selection, limit=limit, skip=skip)
        holding = Holding(
            root=self._root,
            shape=self._shape,
            young=(selection.now - self._settle_in).timestamp(),
            name=name,
            sizes=self._view.sizes if self._view else {},
        )
        outcomes: list[Outcome] = ["NOT_RENAMED"] * len(chosen)
        try:
            holding.all(chosen, outcomes)
        finally:
            for entry, outcome in zip(chosen, outcomes, strict=True):
                if isinstance(outcome, HeldRecord):
                    outcome.twins = self._twins(entry)
                    batch.add(outcome)
                elif outcome == "ABSENT":
                    batch.absent += 1
                else:
                    batch.skipped[outcome] = batch.skipped.get(outcome, 0) + 1
        batch.sync()

    def _chosen(
        self,
        batch: TreeBatch,
        waiting: Iterable[Entry],
        *,
        selection: Selection,
        limit: int,
        skip: frozenset[bytes],
    ) -> list[Entry]:
        """The first of those that wait and are spared by nothing."""
        size = 0
        chosen: list[Entry] = []
        held = self._held_files(selection.held)
        singled = selection.chosen is not None or bool(skip)
        last = None
        for entry in waiting:
            if len(chosen) >= limit or size >= _BATCH_BYTES:
                batch.exhausted = False
                break
            last = entry
            identity = entry.identity if singled else b""
            spared = entry.waits or identity in skip or not selection.means(identity)
            if not spared and entry not in held:
                size += entry.size
                chosen.append(entry)
        if last is not None:
            batch.cursor = TreeCursor(*in_order(last))
        return chosen

    def _twins(self, entry: Entry) -> Sequence[Entry]:
        same = self._view.by_stem.get(entry.stem, ()) if self._view else ()
        return [other for other in same if other is not entry]

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
        again = View(entries=[held.entry for held in batch.held])
        for held in batch.held:
            again.by_stem.setdefault(held.entry.stem, []).append(held.entry)
        self._viewer.named(again)
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
        self._view = self._seen = None


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
