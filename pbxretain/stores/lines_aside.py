"""How is a log file taken out of its writer's hands, and given back where that was in vain?

A live file with due lines gets a name of its own; the writer begins a new one. What was renamed is
a segment, rewritten only once nobody writes to it any more.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from pbxretain import posix
from pbxretain.errors import StoreError
from pbxretain.stores.files import Folder, Root, rename_to_own
from pbxretain.stores.line_reading import (
    Format,
    LogFile,
    Patterns,
    aside_names,
    is_aside,
    opened,
    records,
)
from pbxretain.stores.line_selection import Filter
from pbxretain.stores.writers import Renamed, Writers


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Segments:
    """The files of one dataset and who writes to them."""

    root: Root
    patterns: Patterns
    format: Format
    writers: Writers

    def doubles(self, files: Sequence[LogFile]) -> tuple[list[LogFile], list[LogFile]]:
        """Files, and second names of live ones: a kill leaves such where giving a name back takes
        a link and an unlink."""
        inodes: dict[bytes, tuple[int, int]] = {}
        once: list[LogFile] = []
        doubles: list[LogFile] = []
        for file in sorted(files, key=lambda file: not file.live):
            with self.root.folder(file.folder) as folder:
                found = folder.regular(file.name)
            if found is None:
                continue
            inode = found.st_dev, found.st_ino
            if file.live:
                inodes[file.base] = inode
            double = is_aside(file.name) and inodes.get(file.base) == inode
            (doubles if double else once).append(file)
        return sorted(once, key=lambda file: file.live), doubles

    def mended(self) -> list[LogFile]:
        """All files, each once, segments before live ones; second names are removed."""
        files, doubles = self.doubles(self.patterns.find(self.root).files)
        for double in doubles:
            with self.root.folder(double.folder) as folder:
                os.unlink(folder.at(double.name))  # noqa: PTH108
                folder.sync()
        return files

    def set_aside(self, files: Sequence[LogFile], filter_: Filter) -> None:
        """Renames every live file with a due line: so the wait for silence is one for all."""
        for file in files:
            if not file.live:
                continue
            with suppress(FileNotFoundError), self.root.folder(file.folder) as folder:
                with opened(folder, file) as stream:
                    lines = records(stream, self.format)
                    if not any(filter_.due(line, file.base) for line in lines):
                        continue
                with suppress(PermissionError):
                    self._aside(folder, file, filter_.selection.now)

    def _aside(self, folder: Folder, file: LogFile, now: datetime) -> None:
        for aside in aside_names(file.name, now.astimezone(UTC).strftime("%Y%m%dT%H%M%S")):
            with suppress(FileExistsError):
                rename_to_own(folder, file.name, aside)
                size = os.lstat(folder.at(aside)).st_size
                file.name, file.live = aside, False
                file.renamed = Renamed(time.monotonic(), size)
                folder.sync()
                return
        raise StoreError("A log file could not be set aside: no free name.")

    def quiet(self, folder: Folder, file: LogFile) -> bool:
        """Whether nobody writes to the segment any more; one set aside in vain, now or by a run
        that died, gets its name back, unless a new live file bears it."""
        if file.live:
            return False
        if self.writers.let_go(folder.at(file.name), file.renamed):
            file.renamed = None
            return True
        file.renamed = None
        if is_aside(file.name):
            live = file.base.rpartition(b"/")[2]
            with suppress(FileExistsError):
                posix.rename_noreplace(folder.at(file.name), folder.at(live))
                file.name, file.live = live, True
                folder.sync()
        return False
