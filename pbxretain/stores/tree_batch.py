"""What happens to recordings between take and mark?

Every part of a record lies under a hidden name in its own folder. Rolling back gives the names
back. Finishing asks the rows once more, blanks their links, unlinks, and prunes empty folders.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Self

from pbxretain.errors import StoreError
from pbxretain.records import Bits, Bounds, Finish, Naming, Session, Taken, Ties
from pbxretain.stores.abreast import abreast
from pbxretain.stores.files import Folder, Root, drop
from pbxretain.stores.tree_hold import HeldRecord, by_folder, chunks, unhide
from pbxretain.stores.tree_parts import Entry, Shape

_SYNC = 16
"""Making a folder durable waits for as long as so many other steps."""

_PRUNE_AGE = timedelta(days=1)


@dataclass(frozen=True, slots=True, repr=False)
class TreeCursor:
    """The last record that a take came to."""

    when: datetime
    key: bytes

    def __repr__(self) -> str:
        return "<cursor>"


def waiting_names(naming: Naming, data_class: str, names: Sequence[bytes]) -> frozenset[bytes]:
    """Names of files that wait with a row: one of their own data class that isn't done with."""
    return naming.waiting(names) if naming.data_class == data_class else frozenset()


class TreeBatch:
    """Implements ``records.Batch``; final once the journal says so."""

    final: Literal["store", "journal"] = "journal"
    session: Session | None = None

    def __init__(
        self,
        *,
        root: Root,
        shape: Shape,
        naming: Naming | None,
        data_class: str,
        cutoff: datetime,
        now: datetime,
        ages: Mapping[bytes, float],
    ) -> None:
        self.taken: list[Taken] = []
        self.held: list[HeldRecord] = []
        self.cursor: TreeCursor | None = None
        self.exhausted = True
        self.bounds: Bounds = {"cutoff": cutoff.isoformat()}
        self.absent = 0
        self.skipped: dict[str, int] = {}
        self.held_by = Ties()
        """Calls and rows whose files stay, asked again just before the unlink."""
        self._root = root
        self._shape = shape
        self._naming = naming
        self._data_class = data_class
        self._cutoff = cutoff
        self._now = now
        self._ages = ages
        self._committed = False
        self._failed: set[int] = set()

    def __repr__(self) -> str:
        return f"<batch of {len(self.held)}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if not self._committed:
            self.rollback()

    def add(self, record: HeldRecord) -> None:
        """Notes a record that was just hidden, or found hidden after a crash."""
        self.held.append(record)
        entry = record.entry
        when = entry.when or self._cutoff
        self.taken.append(
            Taken(key=(entry.key,), start=entry.start, when=when, digest=record.digest)
        )

    def sync(self) -> None:
        """Makes the renames durable; the intent may be written only after it."""

        def one(rel: bytes) -> None:
            with suppress(FileNotFoundError), self._root.folder(rel) as folder:
                folder.sync()

        folders = self._folders()
        abreast(one, folders, steps=len(folders) * _SYNC)

    def commit(self) -> Bits | None:
        self._committed = True
        return None

    def rollback(self) -> None:
        """Gives every file its name back, beside a newer one of that name. Raises StoreError
        when a name could not be given back; the others were."""
        stuck = 0
        for record in self.held:
            if record.state == "hidden":
                stuck += not self._restore(record)
        try:
            self.sync()
        except OSError:
            stuck += 1
        if stuck:
            raise StoreError(
                "Files that were set aside could not be put back.",
                hint="check that the folder can be written to; the next run tries again",
                code="NOT_PUT_BACK",
            )

    def finish(self) -> Finish:
        """See ``records.Batch``: late rows keep their file, links go before the file does."""
        self._committed = True
        waiting = [i for i, record in enumerate(self.held) if record.state == "hidden"]
        late = self._named_again(waiting)
        for i in late:
            self._restore(self.held[i])
        going = self._that_can_go([i for i in waiting if i not in late])
        self._blank(going)
        self._drop(going)
        try:
            self.sync()
        except OSError:
            raise StoreError("A folder could not be synced.", code="NOT_SYNCED") from None
        self._prune()
        kept = [i for i, record in enumerate(self.held) if record.state != "gone"]
        failed = self._failed.intersection(kept)
        return Finish(kept=kept, failed=len(failed))

    def _folders(self) -> list[bytes]:
        return list(dict.fromkeys(record.entry.folder for record in self.held))

    def _restore(self, record: HeldRecord) -> bool:
        try:
            with self._root.folder(record.entry.folder) as folder:
                unhide(folder, record.parts)
        except FileNotFoundError:
            pass  # the whole folder is gone, and not by us
        except OSError:
            return False
        record.state = "back"
        return True

    def _spellings(self, record: HeldRecord) -> list[bytes]:
        parts = list(record.parts)
        return self._shape.spellings(record.entry, root=self._root.path, parts=parts)

    def _named_again(self, waiting: Sequence[int]) -> set[int]:
        if self._naming is None or not waiting:
            return set()
        spelled = {i: self._spellings(self.held[i]) for i in waiting}
        names = list({s for found in spelled.values() for s in found})
        newest = self._naming.newest_leg(names)
        stay = waiting_names(self._naming, self._data_class, names)
        stay |= self._naming.names(self.held_by) if self.held_by else frozenset()
        return {
            i
            for i, found in spelled.items()
            if any(newest[s] >= self._cutoff for s in found if s in newest)
            or not stay.isdisjoint(found)
        }

    def _that_can_go(self, indexes: Sequence[int]) -> list[int]:
        """Those in a folder where something can be removed."""
        going: list[int] = []
        for rel, mine in self._by_folder(indexes):
            try:
                with self._root.folder(rel) as folder:
                    shut = not folder.writable()
            except FileNotFoundError:
                for index in mine:
                    self.held[index].state = "gone"
                continue
            except OSError:
                shut = True
            if not shut:
                going += mine
                continue
            for index in mine:
                self._give_up(index)
        return sorted(going)

    def _by_folder(self, indexes: Sequence[int]) -> Iterator[tuple[bytes, Sequence[int]]]:
        for rel, places in by_folder(self.held[index].entry for index in indexes):
            yield rel, [indexes[place] for place in places]

    def _give_up(self, index: int) -> None:
        self._failed.add(index)
        self._restore(self.held[index])

    def _blank(self, going: Sequence[int]) -> None:
        if self._naming is None:
            return
        values: dict[bytes, None] = {}
        for i in going:
            record = self.held[i]
            found = self._spellings(record)
            if any(self._there(twin) for twin in record.twins):
                found = [value for value in found if b"/" in value]
            values |= dict.fromkeys(found)
        if values:
            self._naming.blank(list(values))

    def _there(self, twin: Entry) -> bool:
        try:
            with self._root.folder(twin.folder) as folder:
                return any(folder.regular(name) for name in self._shape.names(twin.stem))
        except OSError:
            return False

    def _drop(self, indexes: Sequence[int]) -> None:
        def some(task: tuple[bytes, Sequence[int]]) -> None:
            try:
                with self._root.folder(task[0]) as folder:
                    for index in task[1]:
                        self._drop_one(folder, index)
            except FileNotFoundError:
                for index in task[1]:
                    self.held[index].state = "gone"
            except OSError:
                for index in task[1]:
                    self._give_up(index)

        tasks = [(rel, some) for rel, mine in self._by_folder(indexes) for some in chunks(mine)]
        abreast(some, tasks, steps=len(indexes))

    def _drop_one(self, folder: Folder, index: int) -> None:
        record = self.held[index]
        try:
            for name in record.parts.values():
                drop(folder, name)
        except OSError:
            self._give_up(index)
            return
        record.state = "gone"

    def _prune(self) -> None:
        """Removes folders that stood empty and unused for a day; never the root."""
        old = (self._now - _PRUNE_AGE).timestamp()
        for rel in sorted(self._folders(), key=len, reverse=True):
            at = rel
            while at and self._ages.get(at, old) < old:
                parent, _, name = at.rpartition(b"/")
                try:
                    with self._root.folder(parent) as folder:
                        os.rmdir(folder.at(name))  # noqa: PTH106
                        folder.sync()
                except OSError:
                    break
                at = parent
