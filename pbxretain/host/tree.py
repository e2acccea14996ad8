"""What stands on a PBX's host, looked at from outside and without trust?

The host may be this machine or a folder that holds another one's files. Links are followed as the
host itself would follow them, so none leads out of it; nothing is written, nothing executed, and
no file is read that is no plain text of reasonable size.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Literal

MAX_BYTES = 1024 * 1024
"""Larger files of settings are passed over."""
MAX_ENTRIES = 20_000
"""So many names of one folder are looked through for a pattern."""
MAX_MATCHES = 200
_MAX_LINKS = 40

Holding = Literal["missing", "unreadable", "empty", "there"]


class PassedOver(Exception):  # noqa: N818  (an outcome that is noted, no failure of the command)
    """A file that is there and wasn't read. ``code`` says why; ``path`` is the host's path."""

    def __init__(self, code: str, path: str) -> None:
        super().__init__(code)
        self.code = code
        self.path = path


class HostTree:
    """The files of one host below ``root``. All paths are the host's own, absolute."""

    def __init__(self, root: Path = Path("/")) -> None:
        self.root = root

    def here(self, path: str) -> str:
        """The path by which this machine reaches one of the host's; of another host's files with
        all links followed, since this machine would follow them to its own."""
        if self.root == Path("/"):
            return path
        with suppress(PassedOver):
            if real := self._resolve(path):
                return str(real)
        return str(self.root / path.lstrip("/"))

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder. Raises PassedOver where nobody lets us look."""
        return self._resolve(path) is not None

    def read(self, path: str) -> str | None:
        """A file as text; None where there is none. Raises PassedOver for one that isn't read."""
        real = self._resolve(path)
        return None if real is None else _text(_bytes(real, path), path)

    def holding(self, path: str) -> Holding:
        """Whether a folder is there and holds anything."""
        try:
            real = self._resolve(path)
            if real is None or not real.is_dir():
                return "missing"
            with os.scandir(real) as entries:
                return "there" if next(entries, None) else "empty"
        except (PassedOver, OSError):
            return "unreadable"

    def link(self, path: str) -> str | None:
        """Where a link points, as it is written; None for anything else."""
        try:
            parent = self._resolve(str(PurePosixPath(path).parent))
            return None if parent is None else str((parent / PurePosixPath(path).name).readlink())
        except (PassedOver, OSError):
            return None

    def matches(self, pattern: str) -> Iterator[str]:
        """The host's paths that fit a pattern, in alphabetical order, at most MAX_MATCHES."""
        found = [""]
        for part in PurePosixPath(pattern).parts[1:]:
            found = [path for folder in found for path in self._below(folder, part)][:MAX_MATCHES]
        for path in found:
            with suppress(PassedOver):
                if self.exists(path):
                    yield path

    def _below(self, folder: str, part: str) -> list[str]:
        if "*" not in part:
            return [f"{folder}/{part}"]
        names: list[str] = []
        with suppress(PassedOver, OSError):
            real = self._resolve(folder or "/")
            if real is not None:
                with os.scandir(real) as entries:
                    for _, entry in zip(range(MAX_ENTRIES), entries, strict=False):
                        # A name with a line break in it could pass for a line of its own.
                        fits = fnmatchcase(entry.name, part.replace("[", "[[]"))
                        if fits and entry.name.isprintable():
                            names.append(entry.name)
        return [f"{folder}/{name}" for name in sorted(names)]

    def _resolve(self, path: str) -> Path | None:
        """The real path, links followed inside the host only; None where nothing is there."""
        waiting = deque(PurePosixPath(path).parts[1:])
        done: list[str] = []
        links = 0
        while waiting:
            part = waiting.popleft()
            if part == "..":
                del done[-1:]
                continue
            here = self.root.joinpath(*done, part)
            target = _target(here, path)
            if target is None:
                return None
            if not target:
                done.append(part)
                continue
            links += 1
            if links > _MAX_LINKS:
                raise PassedOver("LINK_LOOP", path)
            steps = PurePosixPath(target).parts
            if target.startswith("/"):
                done, steps = [], steps[1:]
            waiting.extendleft(reversed(steps))
        return self.root.joinpath(*done)


def _target(here: Path, path: str) -> str | None:
    """Where a link points; empty for what is no link, None for what isn't there."""
    try:
        status = here.lstat()
        return str(here.readlink()) if stat.S_ISLNK(status.st_mode) else ""
    except PermissionError:
        raise PassedOver("NO_ACCESS", path) from None
    except (OSError, ValueError):
        return None


def _bytes(real: Path, path: str) -> bytes:
    # Not blocking, so that a pipe in place of a file can't hold the command up.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        if not stat.S_ISREG(real.lstat().st_mode):  # opening a device may do something
            raise PassedOver("NOT_REGULAR", path)
        fd = os.open(real, flags | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0))
        with os.fdopen(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise PassedOver("NOT_REGULAR", path)
            return file.read(MAX_BYTES + 1)
    except OSError:
        raise PassedOver("NO_ACCESS", path) from None


def _text(data: bytes, path: str) -> str:
    if len(data) > MAX_BYTES:
        raise PassedOver("TOO_LARGE", path)
    if b"\0" in data:
        raise PassedOver("NOT_TEXT", path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")
