"""How are the files of many records hashed and set aside, folder by folder?

Each file lies under a hidden name in its own folder afterwards, and is still what was hashed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from pbxretain.records import BatchName, pack
from pbxretain.stores.abreast import CHUNK, abreast
from pbxretain.stores.files import Folder, Root, feed, hide, put_back
from pbxretain.stores.tree_parts import Entry, Shape

_LISTED = 8
"""A folder is listed where it holds at most so many files for each one that is taken; else each
name that may be there is asked for."""


@dataclass(slots=True, repr=False, eq=False)
class HeldRecord:
    """A record under hidden names; ``parts`` maps each file's name to its hidden one."""

    entry: Entry
    parts: Mapping[bytes, bytes]
    digest: bytes | None = None
    twins: Sequence[Entry] = ()
    """Records of the same stem in other folders: a bare name in a row may mean any of them."""
    state: Literal["hidden", "back", "gone"] = "hidden"


Outcome = HeldRecord | Literal["ABSENT", "STILL_WRITTEN", "NOT_RENAMED"]


def hold(
    folder: Folder,
    entry: Entry,
    *,
    shape: Shape,
    young: float,
    name: BatchName,
    there: Container[bytes] | None = None,
) -> Outcome:
    """Hides all parts of a record, or none. ``young`` is the mtime from which it may be written;
    ``there``, where it is known, what the folder holds now."""
    names = (part for part in shape.names(entry.stem) if there is None or part in there)
    stats = {part: found for part in names if (found := folder.regular(part))}
    if not stats:
        return "ABSENT"
    changed = max([found.st_mtime for found in stats.values()])
    if changed > young or changed != entry.changed:
        return "STILL_WRITTEN"
    digest = _digest(folder, entry.stem, stats)
    hidden: dict[bytes, bytes] = {}
    try:
        for part, before in stats.items():
            hidden[part] = hide(folder, part, name)
            if not _untouched(before, folder.regular(hidden[part])):
                unhide(folder, hidden)
                return "STILL_WRITTEN"
    except OSError as error:
        unhide(folder, hidden)
        vanished = isinstance(error, FileNotFoundError) and len(stats) == 1
        return "ABSENT" if vanished else "NOT_RENAMED"
    return HeldRecord(entry=entry, parts=hidden, digest=digest)


def _untouched(before: os.stat_result, after: os.stat_result | None) -> bool:
    if after is None:
        return False
    one = (before.st_ino, before.st_size, before.st_mtime_ns)
    return one == (after.st_ino, after.st_size, after.st_mtime_ns)


def unhide(folder: Folder, hidden: Mapping[bytes, bytes]) -> None:
    for part, name in hidden.items():
        with suppress(FileNotFoundError):
            put_back(folder, name, part)


def _digest(folder: Folder, stem: bytes, parts: Mapping[bytes, os.stat_result]) -> bytes | None:
    """SHA-256 over each part's extension and content; None when a part can't be read."""
    whole = hashlib.sha256()
    try:
        for part in sorted(parts):
            content = hashlib.sha256()
            feed(folder, part, content, expected=parts[part].st_size)
            whole.update(pack(part[len(stem) :], content.digest()))
    except OSError:
        return None
    return whole.digest()


@dataclass(frozen=True, slots=True, repr=False)
class Holding:
    """How one batch sets records aside. ``sizes``: how many files a folder held before."""

    root: Root
    shape: Shape
    young: float
    name: BatchName
    sizes: Mapping[bytes, int]

    def all(self, entries: Sequence[Entry], outcomes: list[Outcome]) -> None:
        """Fills in what became of each; what stays as it was in ``outcomes`` wasn't touched."""
        tasks = [
            (rel, indexes, there)
            for rel, mine in by_folder(entries)
            for there in [self._there(rel, len(mine))]
            for indexes in chunks(mine)
        ]

        def some(task: tuple[bytes, Sequence[int], Container[bytes] | None]) -> None:
            rel, indexes, there = task
            left = list(indexes)
            try:
                with self.root.folder(rel) as folder:
                    while left:
                        outcomes[left[0]] = self._one(folder, entries[left[0]], there)
                        del left[0]
            except OSError as error:
                code = _code(error)
                for index in left:
                    outcomes[index] = code

        abreast(some, tasks, steps=len(entries))

    def _one(self, folder: Folder, entry: Entry, there: Container[bytes] | None) -> Outcome:
        try:
            return hold(
                folder, entry, shape=self.shape, young=self.young, name=self.name, there=there
            )
        except OSError as error:
            return _code(error)

    def _there(self, rel: bytes, taken: int) -> Container[bytes] | None:
        if self.sizes.get(rel, 0) > taken * _LISTED:
            return None
        try:
            with self.root.folder(rel) as folder:
                return frozenset(folder.listing().files)
        except OSError:
            return None


def _code(error: OSError) -> Literal["ABSENT", "NOT_RENAMED"]:
    return "ABSENT" if isinstance(error, FileNotFoundError) else "NOT_RENAMED"


def by_folder(entries: Iterable[Entry]) -> Iterable[tuple[bytes, Sequence[int]]]:
    """Places in ``entries`` by the folder, folders in the order in which they come."""
    found: dict[bytes, list[int]] = {}
    for index, entry in enumerate(entries):
        found.setdefault(entry.folder, []).append(index)
    return found.items()


def chunks(indexes: Sequence[int]) -> Iterable[Sequence[int]]:
    """As much as one thread works on at a time."""
    return (indexes[at : at + CHUNK] for at in range(0, len(indexes), CHUNK))
