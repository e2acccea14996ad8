"""How do lines leave a log file? The kept ones are written beside it, one rename makes it so.

The filtered copy bears the batch's name. While it is there, nothing happened; once the rename took
it away, all of the batch is gone. A batch that was rolled back therefore leaves its copy, emptied,
until the journal knows; the store sweeps it up later.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Self

from pbxretain.errors import OutcomeUnknown
from pbxretain.records import Bits, Bounds, Finish, Session, Taken
from pbxretain.stores.files import Folder, Root


@dataclass(frozen=True, slots=True)
class LineCursor:
    """Which file of the work list comes next, and how often it was gone through already."""

    position: int
    passes: int


@dataclass(frozen=True, slots=True, repr=False)
class Copy:
    """A filtered copy of one segment and the segment's state when it was read."""

    folder: bytes
    segment: bytes
    name: bytes
    inode: int
    size: int
    mtime_ns: int
    emptied: bool

    def unchanged(self, folder: Folder) -> bool:
        """Whether the segment still is what was read."""
        now = folder.regular(self.segment)
        return now is not None and (now.st_ino, now.st_size, now.st_mtime_ns) == (
            self.inode,
            self.size,
            self.mtime_ns,
        )


class LinesBatch:
    """Implements ``records.Batch``; the rename tells whether it was committed."""

    final: Literal["store", "journal"] = "store"
    session: Session | None = None
    absent = 0

    def __init__(
        self,
        *,
        root: Root,
        copy: Copy | None,
        taken: list[Taken],
        cursor: LineCursor | None,
        skipped: dict[str, int],
        on_stale: Callable[[Copy], None],
    ) -> None:
        self.taken = taken
        self.cursor = cursor
        self.exhausted = copy is None
        self.bounds: Bounds = {}
        self.skipped = skipped
        self.grew = False
        """The segment changed after it was read, so nothing was committed."""
        self._root = root
        self._copy = copy
        self._on_stale = on_stale
        self._over = copy is None

    def __repr__(self) -> str:
        return f"<batch of {len(self.taken)}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.rollback()

    def commit(self) -> Bits | None:
        """Puts the copy in the segment's place. All stays when the segment grew meanwhile.

        Raises OutcomeUnknown when the rename can't be told."""
        if self._copy is None or self._over:
            return None
        copy = self._copy
        try:
            with self._root.folder(copy.folder) as folder:
                if copy.unchanged(folder):
                    os.replace(folder.at(copy.name), folder.at(copy.segment))  # noqa: PTH105
                    self._over = True
                    folder.sync()
                    return None
        except OSError:
            if self._over:
                raise OutcomeUnknown("A log file's rename could not be synced.") from None
        self.grew = True
        self.rollback()
        return [False] * len(self.taken)

    def rollback(self) -> None:
        """The segment was never touched; the copy is emptied and swept up later."""
        if self._copy is None or self._over:
            return
        self._over = True
        with suppress(OSError), self._root.folder(self._copy.folder) as folder:
            os.truncate(folder.at(self._copy.name), 0)
        self._on_stale(self._copy)

    def finish(self) -> Finish:
        """Removes the segment when nothing of it was kept."""
        if self._copy and self._copy.emptied and not self.grew:
            with suppress(OSError), self._root.folder(self._copy.folder) as folder:
                remove_empty(folder, self._copy.segment)
        return Finish()


def remove_empty(folder: Folder, name: bytes) -> None:
    """Removes a segment that holds nothing any more."""
    found = folder.regular(name)
    if found and found.st_size == 0:
        os.unlink(folder.at(name))  # noqa: PTH108
        folder.sync()
