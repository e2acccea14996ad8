"""How does one keep Asterisk out of a voicemail folder for a few milliseconds?

By Asterisk's own lock, in the mode that asterisk.conf names (main/app.c): ``lockfile`` links a
file to ``.lock``; ``flock`` locks a file ``lock`` and removes it afterwards. Asterisk breaks no
lock, however old: whoever leaves one behind makes the next caller's message be thrown away. So
our own carries a proof of its owner, and one whose owner is dead is removed; another's never is.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from pbxretain.errors import StoreError
from pbxretain.posix import rename_noreplace, write_all
from pbxretain.stores.files import Folder, drop

LockMode = Literal["lockfile", "flock"]

WAIT = 1.0
"""Seconds to wait for somebody else's lock; Asterisk itself gives up after five."""

_PAUSE = 0.002
_LINKED = b".lock"
_FLOCKED = b"lock"
_MARK = b"pbxretain lock "
_FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class FolderBusyError(StoreError):
    """Somebody else holds the folder's lock; it was left alone."""

    code = "FOREIGN_LOCK"

    def __init__(self) -> None:
        super().__init__(
            "A voicemail folder is locked by another program.",
            hint="a .lock file that stays for minutes is a leftover; remove it by hand",
        )


@contextmanager
def hold(
    folder: Folder, *, mode: LockMode | None, installation: str, wait: float = WAIT
) -> Iterator[None]:
    """Holds Asterisk's lock on a folder; in both modes where the mode is unknown.

    Raises FolderBusyError after ``wait`` seconds, OSError where the folder can't be written.
    """
    deadline = time.monotonic() + wait
    linked = mode in (None, "lockfile")
    if linked:
        _link(folder, installation, deadline)
    try:
        fd = _flock(folder, installation, deadline) if mode in (None, "flock") else None
        try:
            yield
        finally:
            if fd is not None:
                drop(folder, _FLOCKED)
                os.close(fd)
    finally:
        if linked:
            drop(folder, _LINKED)


def clear_dead(folder: Folder, installation: str) -> int:
    """Removes this installation's locks whose process is dead; returns how many files went.

    Only while no other run of this installation can be at work on the source.
    """
    gone = 0
    ours = temporary_prefix(installation)
    for name in folder.listing().files:
        if name.startswith(ours):
            # A temporary that was killed before its content stood there proves itself by its name.
            dead = not _lives(_owner(folder, name, installation) or ())
        elif name in (_LINKED, _FLOCKED):
            owner = _owner(folder, name, installation)
            dead = owner is not None and not _lives(owner)
        else:
            continue
        if dead:
            gone += _drop_flocked(folder) if name == _FLOCKED else _drop(folder, name)
    return gone


def lock_age(folder: Folder, installation: str, now: float) -> float:
    """Age in seconds of another's ``.lock`` that stands in the folder now; 0 without one."""
    found = folder.stat(_LINKED)
    if found is None or _owner(folder, _LINKED, installation) is not None:
        return 0.0
    return max(0.0, now - found.st_mtime)


def _drop(folder: Folder, name: bytes) -> int:
    drop(folder, name)
    return 1


def _drop_flocked(folder: Folder) -> int:
    """Removed as its holder would, lest somebody just waits for it."""
    with suppress(FileNotFoundError):
        fd = _old_flocked(folder)
        if fd is not None:
            drop(folder, _FLOCKED)
            os.close(fd)
            return 1
    return 0


def probe(folder: Folder, installation: str) -> bool:
    """Whether links and file locks work here: tried on files of our own that go at once."""
    first, second = (_temporary(installation) for _ in range(2))
    fds: list[int] = []
    try:
        fds.append(os.open(folder.at(first), _FLAGS | os.O_CREAT | os.O_EXCL, 0o600))
        os.link(folder.at(first), folder.at(second))
        if os.lstat(folder.at(second)).st_nlink != 2:
            return False
        with suppress(FileExistsError):
            os.link(folder.at(first), folder.at(second))
            return False
        fds.append(os.open(folder.at(second), _FLAGS))
        fcntl.flock(fds[0], fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(fds[1], fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False
    except OSError:
        return False
    finally:
        for fd in fds:
            os.close(fd)
        for name in (first, second):
            with suppress(OSError):
                drop(folder, name)


def temporary_prefix(installation: str) -> bytes:
    """How the names of this installation's own lock files begin; never the name of a message."""
    return b".pbxretain-%s-lock-" % os.fsencode(installation.replace("-", "_"))


def _link(folder: Folder, installation: str, deadline: float) -> None:
    temporary = _temporary(installation)
    source, target = folder.at(temporary), folder.at(_LINKED)
    fd = os.open(source, _FLAGS | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        write_all(fd, _proof(installation))
        os.close(fd)
        while True:
            try:
                os.link(source, target)
                return
            except FileExistsError:
                if os.lstat(source).st_nlink == 2:  # a network file system that answered twice
                    return
                _pause(deadline)
    finally:
        drop(folder, temporary)


def _flock(folder: Folder, installation: str, deadline: float) -> int:
    while True:
        with suppress(FileExistsError, FileNotFoundError):
            return _new_flocked(folder, installation)
        with suppress(FileNotFoundError):
            held = _old_flocked(folder)
            if held is not None:
                return held
        _pause(deadline)


def _new_flocked(folder: Folder, installation: str) -> int:
    """A file that is locked, and belongs to the folder's owner, before it has its name.

    Asterisk takes a ``lock`` that it may not open for no lock at all.
    """
    if os.path.lexists(folder.at(_FLOCKED)):
        raise FileExistsError
    temporary = _temporary(installation)
    fd = os.open(folder.at(temporary), _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        if os.geteuid() == 0:
            owner = os.lstat(folder.at(b"."))
            os.fchown(fd, owner.st_uid, owner.st_gid)
        write_all(fd, _proof(installation))
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        rename_noreplace(folder.at(temporary), folder.at(_FLOCKED))
    except BaseException:
        os.close(fd)
        with suppress(OSError):
            drop(folder, temporary)
        raise
    return fd


def _old_flocked(folder: Folder) -> int | None:
    path = folder.at(_FLOCKED)
    try:
        fd = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise FolderBusyError from None
        raise
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        mine, named = os.fstat(fd), os.lstat(path)
        if (mine.st_dev, mine.st_ino) == (named.st_dev, named.st_ino) and named.st_nlink == 1:
            return fd
    except BlockingIOError:
        pass
    except BaseException:
        os.close(fd)
        raise
    os.close(fd)
    return None


def _pause(deadline: float) -> None:
    if time.monotonic() >= deadline:
        raise FolderBusyError
    time.sleep(_PAUSE)


def _temporary(installation: str) -> bytes:
    return temporary_prefix(installation) + secrets.token_hex(4).encode()


def _proof(installation: str) -> bytes:
    fields = (os.fsencode(installation), _boot(), b"%d" % os.getpid(), _started(os.getpid()))
    return _MARK + b" ".join(fields) + b"\n"


def _owner(folder: Folder, name: bytes, installation: str) -> tuple[bytes, ...] | None:
    """(boot, process, its start) out of a lock of ours; None for any other file."""
    try:
        fd = folder.open(name)
    except OSError:
        return None
    with os.fdopen(fd, "rb") as file:
        content = file.read(400)
    mine = _MARK + os.fsencode(installation) + b" "
    if not content.startswith(mine) or not content.endswith(b"\n"):
        return None
    return tuple(content[len(mine) :].split())


def _lives(owner: tuple[bytes, ...]) -> bool:
    if len(owner) != 3 or not owner[1].isdigit():
        return False
    boot, pid, started = owner
    return boot == _boot() and _started(int(pid)) == started != b"-"


def _boot() -> bytes:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
    except OSError:
        return b"-"


def _started(pid: int) -> bytes:
    """The start of a process in clock ticks since boot; ``-`` when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return b"-"
    return stat.rpartition(b")")[2].split()[19]
