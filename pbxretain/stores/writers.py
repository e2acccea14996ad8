"""Has the PBX let go of a log file that was renamed under its hands?

A program that keeps a log file open goes on writing into it after a rename, until it is told to
open its log anew. Whoever can look into every process knows; whoever can't relies on the reload
and on silence.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PATIENCE = 5.0
"""Seconds that a writer gets to close a file after it was told."""
_POLL = 0.05
_REMOTE = ("nfs", "cifs", "smb", "fuse", "9p", "virtiofs", "ceph", "gluster", "afs", "lustre")


@dataclass(frozen=True, slots=True)
class Sight:
    """Who has a file open for writing, as far as can be seen. ``blind``: not everybody can be."""

    held: bool
    blind: bool


def look(found: os.stat_result, *, program: str = "", proc: Path = Path("/proc")) -> Sight:
    """Looks through the open files of all processes for one that writes to a file.

    With ``program`` a process that can't be looked into matters only when it bears that name.
    """
    blind = _is_remote(found.st_dev, proc)
    try:
        processes = [int(name) for name in os.listdir(proc) if name.isdecimal()]  # noqa: PTH208
    except OSError:
        return Sight(held=False, blind=True)
    if not processes:
        return Sight(held=False, blind=True)
    for process in processes:
        if process == os.getpid():
            continue
        try:
            if any(_writes(proc / str(process), fd, found) for fd in _open(proc / str(process))):
                return Sight(held=True, blind=blind)
        except (FileNotFoundError, ProcessLookupError):
            continue
        except OSError:
            blind = blind or not program or _name(proc / str(process)) in ("", program)
    return Sight(held=False, blind=blind)


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text(errors="replace").strip()
    except OSError:
        return ""


def _open(process: Path) -> Iterator[str]:
    return iter(os.listdir(process / "fd"))  # noqa: PTH208


def _writes(process: Path, fd: str, found: os.stat_result) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        seen = os.stat(process / "fd" / fd)  # noqa: PTH116
        if (seen.st_dev, seen.st_ino) != (found.st_dev, found.st_ino):
            return False
        info = (process / "fdinfo" / fd).read_text()
        flags = next(line.split()[1] for line in info.splitlines() if line.startswith("flags:"))
        return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY
    return False


def _is_remote(device: int, proc: Path) -> bool:
    """Whether the file lies on another machine's disk, where others may write unseen."""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = (proc / "self/mountinfo").read_text(errors="replace").splitlines()
    except OSError:
        return True
    for line in lines:
        fields = line.split()
        if len(fields) > 2 and fields[2] == wanted and " - " in line:
            return line.rpartition(" - ")[2].startswith(_REMOTE)
    return False


@dataclass(frozen=True, slots=True)
class Renamed:
    """When a file lost its live name (monotonic seconds) and how large it was then."""

    at: float
    size: int


class Writers:
    """Makes sure that a segment has no writer any more.

    ``program`` names the one that keeps its file open until it is told, empty where each line is
    written with an open of its own. ``reopen`` tells it and returns whether that was confirmed.
    """

    def __init__(self, *, program: str, reopen: Callable[[], bool] | None, quiet: float) -> None:
        self._program = program
        self._reopen = reopen
        self._quiet = quiet
        self._reopened: bool | None = None
        self._sure: dict[tuple[int, int], tuple[int, int]] = {}

    def let_go(self, path: bytes, renamed: Renamed | None = None) -> bool:
        """Whether nobody writes to a file any more; may wait some seconds. ``renamed`` for one
        that bore the live name until just now."""
        found = os.lstat(path)
        key, state = (found.st_dev, found.st_ino), (found.st_size, found.st_mtime_ns)
        if self._sure.get(key) == state:
            return True
        if renamed:
            self._reopened = None
        sight = look(found, program=self._program)
        if self._program and not self._tell(sight):
            return False
        if sight.held and not self._closes(path):
            return False
        if sight.blind and not self._silent(path, renamed):
            return False
        if renamed and not sight.blind and not self._closes(path):
            return False
        found = os.lstat(path)
        self._sure[key] = (found.st_size, found.st_mtime_ns)
        return True

    def _tell(self, sight: Sight) -> bool:
        """True when the writer was told, or when there is certainly none."""
        if self._reopen is not None and self._reopened is None:
            self._reopened = self._reopen()
        return bool(self._reopened) or not (sight.held or sight.blind)

    def _closes(self, path: bytes) -> bool:
        end = time.monotonic() + _PATIENCE + self._quiet
        while time.monotonic() < end:
            time.sleep(_POLL)
            if not look(os.lstat(path), program=self._program).held:
                return True
        return False

    def _silent(self, path: bytes, renamed: Renamed | None) -> bool:
        """Whether the file doesn't grow for the dataset's quiet time."""
        found = os.lstat(path)
        if renamed is None and time.time() - found.st_mtime > self._quiet + 1:
            return True
        now = time.monotonic()
        size, since = (renamed.size, renamed.at) if renamed else (found.st_size, now)
        end = now + _PATIENCE + 3 * self._quiet
        while time.monotonic() < end:
            now_size = os.lstat(path).st_size
            if now_size != size:
                size, since = now_size, time.monotonic()
            if time.monotonic() - since >= self._quiet:
                return True
            time.sleep(min(_POLL, self._quiet))
        return False
