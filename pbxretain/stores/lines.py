"""How do log files forget single lines while a PBX appends to them?

A live file with a due line is renamed in place, the writer is told to open its log anew, and only
a file that nobody writes to any more is filtered: due lines are left out of a copy, which replaces
it by one rename. Kept lines stay an archive segment; nothing is ever written into a live file.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pbxretain.manifest import LinesDataset
from pbxretain.records import (
    FUTURE,
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
    Record,
    Selection,
    Sought,
    Taken,
    Ties,
    is_call,
)
from pbxretain.stores.files import (
    Folder,
    Root,
    check_root,
    counts,
    hidden_in,
    join,
    scraps,
    without_paths,
)
from pbxretain.stores.folder_advice import left_alone, no_right
from pbxretain.stores.line_reading import (
    UNREADABLE,
    Line,
    LogFile,
    Logs,
    Patterns,
    is_aside,
    opened,
    records,
)
from pbxretain.stores.line_selection import Filter, LineReader, ReadLine, names, standing
from pbxretain.stores.lines_aside import Segments
from pbxretain.stores.lines_batch import Copy, LineCursor, LinesBatch, remove_empty
from pbxretain.stores.lines_copy import Copying
from pbxretain.stores.told import claim, sorted_out
from pbxretain.stores.writers import Writers

ENCODING = "line-bytes/1"
FEWEST = 50_000
"""Lines a batch takes at least: each batch rewrites its segment, so small ones would be slow."""
_ALONE = 20
"""Below this the engine looks for one failing record, and its limit is kept exactly."""
_KEEPS_OPEN = {"asterisk-logger": "asterisk"}
"""Which program has to be told, by the manifest's ``reopen``."""


def open_lines(
    *,
    name: str,
    dataset: LinesDataset,
    root: Path,
    zone: ZoneInfo,
    reopen: Callable[[], bool] | None,
    installation: str,
) -> LinesStore:
    """Opens the log files below a root. Raises RootError.

    ``reopen`` tells the PBX to open its logs anew and returns whether it confirmed; None where
    that isn't possible: then a file that somebody keeps open is left alone.
    """
    return LinesStore(
        name=name,
        dataset=dataset,
        root=check_root(root),
        zone=zone,
        reopen=reopen,
        installation=installation,
    )


class LinesStore:
    """Implements ``records.Store`` for log files; see the module."""

    encoding = ENCODING

    def __init__(
        self,
        *,
        name: str,
        dataset: LinesDataset,
        root: Root,
        zone: ZoneInfo,
        reopen: Callable[[], bool] | None,
        installation: str,
    ) -> None:
        self.dataset = name
        self.data_class = dataset.data
        self._manifest = dataset
        self._root = root
        self._zone = zone
        self._reopen = reopen
        self._installation = installation
        self._patterns = Patterns(dataset.files)
        self._told = dataset.reopen != "none"
        program = _KEEPS_OPEN.get(dataset.reopen, "")
        self._segments = Segments(
            root=root,
            patterns=self._patterns,
            format=dataset.format,
            writers=Writers(program=program, reopen=reopen, quiet=dataset.quiet),
        )
        self._copying = Copying(root=root, format=dataset.format)
        self._work: list[LogFile] = []
        self._stale: list[Copy] = []

    # Looking ------------------------------------------------------------------------------------

    def check(self) -> Sequence[Advice]:
        """Folders without the right to rename, a logger that nobody can tell to reopen, and what
        lies beside the logs and stays."""
        with without_paths():
            found = self._patterns.find(self._root)
            folders = self._patterns.folders(self._root)
            locked = 0
            for rel in folders:
                with self._root.folder(rel) as folder:
                    locked += not folder.writable()
        advice = left_alone(self.dataset, _beside(found))
        if locked:
            text = f"{self.dataset}: the folder of the log files can't be written to."
            advice.append(no_right("READ_ONLY_FOLDER", text, self._root.path, below=False))
        if self._told and self._reopen is None and any(file.live for file in found.files):
            text = (
                f"{self.dataset}: nobody can tell Asterisk to open its log anew, so the file is "
                "left alone while it is in use."
            )
            advice.append(Advice("NO_LOGGER_RELOAD", text, "name ami under the source in settings"))
        return advice

    def clock(self) -> datetime | None:
        return None

    def straddlers(self, selection: Selection) -> frozenset[bytes]:
        """Call ids with a line on either side of the cut-off, over all files and segments."""
        young = {read.call for read in self._all(selection) if read.call and read.keeps(selection)}
        if not young:
            return frozenset()
        return frozenset(
            read.call
            for read in self._all(selection)
            if read.call in young and read.settled(selection) == "due"
        )

    def census(self, selection: Selection) -> Census:
        tally: Counter[str] = Counter()
        marked = Marked(selection)
        oldest = newest = None
        for read in self._all(selection, tally):
            tally["total"] += 1
            marked.see(read.when)
            mine = claim(read.told, selection)
            if mine is None or any(map(read.at, selection.without)):
                continue
            if read.when is None:
                meant = selection.means(read.taken.identity)
                tally["undated"] += meant and not (selection.timeless and read.whole)
            else:
                oldest = min(oldest or read.when, read.when)
                newest = max(newest or read.when, read.when)
                ahead = read.when > selection.now + FUTURE
                tally["future"] += selection.chosen is None and ahead
                tally["facet_untold"] += mine.untold(read.when)
            if found := standing(read, selection):
                tally["before"] += 1
                tally[found] += 1
        return Census(
            before=tally["before"],
            due=tally["due"],
            undated=tally["undated"],
            future=tally["future"],
            straddling=tally["straddling"],
            held=tally["held"],
            minimum=tally["minimum"],
            total=tally["total"],
            older=() if tally["unreadable_segment"] else marked.older,
            oldest=oldest,
            newest=newest,
            findings=counts(
                unknown_files=tally["UNKNOWN_FILES"],
                symlinks=tally["SYMLINKS"],
                unreadable_segment=tally["unreadable_segment"],
                partial_lines=tally["partial_lines"],
                foreign_leftover=self._foreign(),
                facet_untold=tally["facet_untold"],
            ),
        )

    def telling(self, facets: Facets) -> tuple[Ties, Ties]:
        """See ``records.Store``."""
        reader = LineReader(self._manifest, next(iter(self._manifest.starts)), self._zone)
        lines = self._read_all(reader, Counter())
        return sorted_out(((read.told, _tie(read.call, read.taken)) for read in lines), facets)

    def ties(self, of: Ties) -> Ties:
        """See ``records.Store``: a line may name its call by several ids."""
        reader = LineReader(self._manifest, next(iter(self._manifest.starts)), self._zone)
        found: set[bytes] = set()
        if of.calls and len(self._manifest.call_id) > 1:
            for read in self._read_all(reader, Counter()):
                own = [call for call in read.taken.call if call is not None and is_call(call)]
                found.update(own if not of.calls.isdisjoint(own) else ())
        return Ties(frozenset(found))

    def scan(self, selection: Selection) -> Iterator[Record]:
        due = [read for read in self._all(selection) if standing(read, selection) == "due"]
        for read in sorted(due, key=lambda read: (read.taken.when, read.taken.key[1] or b"")):
            label = (read.taken.key[1] or b"").rstrip(b"\r\n").decode("utf-8", "backslashreplace")
            yield Record(read.when, label, read.call or None)

    def itemise(self, selection: Selection, *, everything: bool = False) -> Iterator[Itemised]:
        """See ``records.Store``; a line that changed is another line."""
        chosen = selection.bare if everything else selection
        for read in self._all(chosen):
            if standing(read, chosen) == "due":
                yield Itemised(read.taken)

    def search(self, sought: Sought, *, start: str | None = None) -> Iterator[Found]:
        """Every field of every line."""
        reader = LineReader(self._manifest, start or next(iter(self._manifest.starts)), self._zone)
        subjects = set(self._manifest.subjects.values())
        with without_paths():
            for file in self._segments.doubles(self._patterns.find(self._root).files)[0]:
                with suppress(FileNotFoundError, *UNREADABLE):
                    for line in self._lines(file):
                        if names(line, sought, subjects, queue=self.data_class == "queue-logs"):
                            yield self._found(reader.read(line, file.base), line, file)

    def of_calls(self, calls: frozenset[bytes]) -> Iterator[Found]:
        """Every line of these calls."""
        reader = LineReader(self._manifest, next(iter(self._manifest.starts)), self._zone)
        with without_paths():
            for file in self._segments.doubles(self._patterns.find(self._root).files)[0]:
                with suppress(FileNotFoundError, *UNREADABLE):
                    for line in self._lines(file):
                        read = reader.read(line, file.base)
                        if read.call in calls:
                            yield self._found(read, line, file)

    def _lines(self, file: LogFile) -> Iterator[Line]:
        with self._root.folder(file.folder) as folder, opened(folder, file) as stream:
            yield from records(stream, self._manifest.format)

    def _found(self, read: ReadLine, line: Line, file: LogFile) -> Found:
        names = {place: name for name, place in self._manifest.subjects.items()}
        values = enumerate(line.fields or [line.raw])
        fields: dict[str, Field] = {names.get(at, str(at)): value for at, value in values}
        fields["file"] = join(file.folder, file.name)
        return Found(self.dataset, read.taken.identity, read.call or None, read.when, fields)

    def _all(self, selection: Selection, tally: Counter[str] | None = None) -> Iterator[ReadLine]:
        """Every record of every file, blank lines left out."""
        return self._read_all(self._reader(selection), Counter() if tally is None else tally)

    def _read_all(self, reader: LineReader, tally: Counter[str]) -> Iterator[ReadLine]:
        with without_paths():
            found = self._patterns.find(self._root)
            tally.update(_beside(found))
            for file in self._segments.doubles(found.files)[0]:
                try:
                    yield from self._one(file, reader, tally)
                except FileNotFoundError:
                    continue  # rotated away between listing and reading; the next look sees it
                except UNREADABLE:
                    tally["unreadable_segment"] += 1

    def _one(self, file: LogFile, reader: LineReader, tally: Counter[str]) -> Iterator[ReadLine]:
        with self._root.folder(file.folder) as folder, opened(folder, file) as stream:
            for line in records(stream, self._manifest.format):
                if line.fields == []:
                    continue
                tally["partial_lines"] += not line.whole
                yield reader.read(line, file.base)

    def _reader(self, selection: Selection) -> LineReader:
        return LineReader(self._manifest, selection.start, self._zone)

    def _foreign(self) -> int:
        found = 0
        for rel in self._patterns.folders(self._root):
            with self._root.folder(rel) as folder:
                hidden = hidden_in(folder, folder.listing().files)
                found += sum(not one.of(self._installation) for one in hidden)
        return found

    # Taking -------------------------------------------------------------------------------------

    def take(
        self,
        selection: Selection,
        *,
        limit: int,
        after: Cursor | None,
        skip: frozenset[bytes],
        name: BatchName,
    ) -> LinesBatch:
        """See ``records.Store``: the due lines of one segment, in the file's order.

        May wait seconds for a writer to let go; holds nothing open meanwhile.
        """
        skipped: Counter[str] = Counter()
        cap = limit if limit < _ALONE else max(limit, FEWEST)
        with without_paths():
            self._sweep()
            if not isinstance(after, LineCursor) or not self._work:
                self._work = self._segments.mended()
                self._segments.set_aside(
                    self._work, Filter(selection, skip, self._reader(selection), cap)
                )
                after = LineCursor(0, 0)
            for position in range(after.position, len(self._work)):
                passes = after.passes if position == after.position else 0
                filter_ = Filter(selection, skip, self._reader(selection), cap)
                copy = self._filtered(self._work[position], filter_, name, skipped)
                if copy is None:
                    continue
                more = filter_.full
                cursor = LineCursor(position + (not more), passes + 1 if more else 0)
                return self._batch(copy, filter_.taken, cursor, skipped)
        return self._batch(None, [], LineCursor(len(self._work), 0), skipped)

    def _batch(
        self, copy: Copy | None, taken: list[Taken], cursor: LineCursor, skipped: Counter[str]
    ) -> LinesBatch:
        return LinesBatch(
            root=self._root,
            copy=copy,
            taken=taken,
            cursor=cursor,
            skipped=dict(skipped),
            on_stale=self._stale.append,
        )

    def _filtered(
        self, file: LogFile, filter_: Filter, name: BatchName, skipped: Counter[str]
    ) -> Copy | None:
        """The copy of a file without its due lines; None when it has none or can't be worked on."""
        try:
            with self._root.folder(file.folder) as folder:
                due = self._count_due(folder, file, filter_)
                if not due:
                    return None
                if not self._segments.quiet(folder, file):
                    skipped["STILL_WRITTEN"] += due
                    return None
                return self._copying.copy(folder, file, filter_, name)
        except FileNotFoundError:
            return None
        except PermissionError:
            skipped["NO_RIGHT"] += 1
        except UNREADABLE:
            skipped["UNREADABLE_SEGMENT"] += 1
        return None

    def _count_due(self, folder: Folder, file: LogFile, filter_: Filter) -> int:
        with opened(folder, file) as stream:
            lines = records(stream, self._manifest.format)
            return sum(filter_.due(line, file.base) is not None for line in lines)

    def _sweep(self) -> None:
        """Removes copies of batches that came to nothing."""
        while self._stale:
            copy = self._stale.pop()
            with suppress(OSError), self._root.folder(copy.folder) as folder:
                os.unlink(folder.at(copy.name))  # noqa: PTH108

    # After a crash ------------------------------------------------------------------------------

    def sweep(self, selection: Selection) -> Mapping[str, int]:
        """Nothing here is shared by several records."""
        del selection
        return {}

    def settle(self, intent: Intent) -> Bits:
        """A copy that is still there was never put in place; one that is gone was. It stays,
        emptied, until ``tidy``: who dies before the answer is noted must get the same one again."""
        name = BatchName(self._installation, intent.run, intent.batch)
        there = 0
        with without_paths():
            for rel in self._patterns.folders(self._root):
                with self._root.folder(rel) as folder:
                    names = folder.listing().files
                    for hidden in hidden_in(folder, names):
                        if hidden.belongs(name):
                            os.truncate(folder.at(hidden.name), 0)
                            there += 1
            if not there:
                self._remove_emptied()
        return [not there] * intent.count

    def _remove_emptied(self) -> None:
        for file in self._patterns.find(self._root).files:
            if not file.live and is_aside(file.name):
                with self._root.folder(file.folder) as folder:
                    remove_empty(folder, file.name)

    def tidy(self, installation: str) -> int:
        """Removes copies that no batch put in place; segments stay where they are."""
        righted = 0
        with without_paths():
            self._stale.clear()
            self._segments.mended()
            for rel in self._patterns.folders(self._root):
                with self._root.folder(rel) as folder:
                    names = folder.listing().files
                    mine = [h.name for h in hidden_in(folder, names) if h.of(installation)]
                    for left in [*mine, *scraps(names, installation)]:
                        os.unlink(folder.at(left))  # noqa: PTH108
                        righted += 1
                    if mine:
                        folder.sync()
        return righted

    def close(self) -> None:
        self._sweep()


def _beside(found: Logs) -> Mapping[str, int]:
    """What lies beside the logs and stays, by code."""
    return {"UNKNOWN_FILES": found.unknown, "SYMLINKS": found.links}


def _tie(call: bytes, taken: Taken) -> Ties:
    return Ties(calls=frozenset([call])) if call else Ties(keys=frozenset([taken.identity]))
