"""What happens to recordings between take and mark?

Every part of a record lies under a hidden name in its own folder. Rolling back gives the names
back. Finishing asks the rows once more, blanks their links, unlinks, and prunes empty folders.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Self

from pbxretain.errors import StoreError
from pbxretain.records import BatchName, Bits, Bounds, Finish, Naming, Session, Taken, Ties, pack
from pbxretain.stores.files import Folder, Root, drop, hide, put_back
from pbxretain.stores.tree_parts import Entry, Shape

_CHUNK = 1 << 20
_PRUNE_AGE = timedelta(days=1)


@dataclass(frozen=True, slots=True, repr=False)
class TreeCursor:
    """The last record that a take came to."""

    when: datetime
    key: bytes

    def __repr__(self) -> str:
        return "<cursor>"


@dataclass(slots=True, repr=False, eq=False)
class HeldRecord:
    """A record under hidden names; ``parts`` maps each file's name to its hidden one."""

    entry: Entry
    parts: Mapping[bytes, bytes]
    digest: bytes | None = None
    size: int = 0
    twins: Sequence[Entry] = ()
    """Records of the same stem in other folders: a bare name in a row may mean any of them."""
    state: Literal["hidden", "back", "gone"] = "hidden"


def hold(
    folder: Folder, entry: Entry, *, shape: Shape, young: float, name: BatchName
) -> HeldRecord | Literal["ABSENT", "STILL_WRITTEN", "NOT_RENAMED"]:
    """Hides all parts of a record, or none. ``young`` is the mtime from which it may be written."""
    stats = {part: found for part in shape.names(entry.stem) if (found := folder.regular(part))}
    if not stats:
        return "ABSENT"
    changed = max(found.st_mtime for found in stats.values())
    if changed > young or changed != entry.changed:
        return "STILL_WRITTEN"
    digest = _digest(folder, entry.stem, sorted(stats))
    hidden: dict[bytes, bytes] = {}
    try:
        for part, before in stats.items():
            hidden[part] = hide(folder, part, name)
            if not _untouched(before, folder.regular(hidden[part])):
                _unhide(folder, hidden)
                return "STILL_WRITTEN"
    except OSError as error:
        _unhide(folder, hidden)
        vanished = isinstance(error, FileNotFoundError) and len(stats) == 1
        return "ABSENT" if vanished else "NOT_RENAMED"
    size = sum(found.st_size for found in stats.values())
    return HeldRecord(entry=entry, parts=hidden, digest=digest, size=size)


def _untouched(before: os.stat_result, after: os.stat_result | None) -> bool:
    if after is None:
        return False
    one = (before.st_ino, before.st_size, before.st_mtime_ns)
    return one == (after.st_ino, after.st_size, after.st_mtime_ns)


def _unhide(folder: Folder, hidden: Mapping[bytes, bytes]) -> None:
    for part, name in hidden.items():
        with suppress(FileNotFoundError):
            put_back(folder, name, part)


def _digest(folder: Folder, stem: bytes, parts: Iterable[bytes]) -> bytes | None:
    """SHA-256 over each part's extension and content; None when a part can't be read."""
    whole = hashlib.sha256()
    try:
        for part in parts:
            content = hashlib.sha256()
            with os.fdopen(folder.open(part), "rb", buffering=0) as file:
                while block := file.read(_CHUNK):
                    content.update(block)
            whole.update(pack(part[len(stem) :], content.digest()))
    except OSError:
        return None
    return whole.digest()


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
        for rel in self._folders():
            with suppress(FileNotFoundError), self._root.folder(rel) as folder:
                folder.sync()

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
        going = [i for i in waiting if i not in late and self._can_go(i)]
        self._blank(going)
        for i in going:
            self._drop(i)
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
                _unhide(folder, record.parts)
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

    def _can_go(self, index: int) -> bool:
        record = self.held[index]
        try:
            with self._root.folder(record.entry.folder) as folder:
                if folder.writable():
                    return True
        except FileNotFoundError:
            record.state = "gone"
            return False
        except OSError:
            pass
        self._give_up(index)
        return False

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

    def _drop(self, index: int) -> None:
        record = self.held[index]
        try:
            with self._root.folder(record.entry.folder) as folder:
                for name in record.parts.values():
                    drop(folder, name)
        except FileNotFoundError:
            pass
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
