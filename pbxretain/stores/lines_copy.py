"""How is a log file copied without the lines that go, like the file in all else?"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass

from pbxretain.errors import StoreError
from pbxretain.records import BatchName
from pbxretain.stores.files import Folder, Root, is_own, short_name
from pbxretain.stores.line_reading import Format, LogFile, Sink, opened, records
from pbxretain.stores.line_selection import Filter
from pbxretain.stores.lines_batch import Copy

_SPARE_ROOM = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Copying:
    """Writes copies beside the log files below a root."""

    root: Root
    format: Format

    def copy(self, folder: Folder, file: LogFile, filter_: Filter, name: BatchName) -> Copy | None:
        """Writes the copy, synced, under the batch's name; None where the file is gone.

        Raises StoreError (NO_ROOM) where there is too little room for it, OSError."""
        found = folder.regular(file.name)
        if found is None:
            return None
        room = os.statvfs(folder.at(b"."))
        if room.f_bavail * room.f_frsize < found.st_size + _SPARE_ROOM:
            raise StoreError(
                "There is too little room to rewrite a log file.",
                hint="free as much room as the largest log file takes",
                code="NO_ROOM",
            )
        temporary = short_name(name, file.name)
        try:
            emptied = self._write(folder, file, filter_, temporary)
            if emptied and not self._others(file):
                self.root.mark()
            folder.sync()
        except BaseException:
            with suppress(OSError):
                os.unlink(folder.at(temporary))  # noqa: PTH108
            raise
        return Copy(
            folder=file.folder,
            segment=file.name,
            name=temporary,
            inode=found.st_ino,
            size=found.st_size,
            mtime_ns=found.st_mtime_ns,
            emptied=emptied,
        )

    def _others(self, file: LogFile) -> bool:
        """Whether any other file of the PBX will be left in the root."""
        return any(
            not is_own(name) and (folder.rel, name) != (file.folder, file.name)
            for folder, found in self.root.walk()
            for name in found.files
        )

    def _write(self, folder: Folder, file: LogFile, filter_: Filter, temporary: bytes) -> bool:
        """Writes the kept lines, synced, with the segment's mode, owner and time."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(folder.at(temporary), flags, 0o600)
        with os.fdopen(fd, "wb", buffering=1 << 20) as target, opened(folder, file) as source:
            kept = Sink(target, packed=file.packed)
            for line in records(source, self.format):
                if not filter_.takes(line, file.base):
                    kept.write(line.raw)
            kept.close()
            target.flush()
            like = os.lstat(folder.at(file.name))
            own = os.fstat(fd)
            if (own.st_uid, own.st_gid) != (like.st_uid, like.st_gid):
                os.fchown(fd, like.st_uid, like.st_gid)
            os.fchmod(fd, like.st_mode & 0o7777)
            os.utime(fd, ns=(like.st_atime_ns, like.st_mtime_ns))
            os.fsync(fd)
        return kept.empty
