"""How does a file get onto the disk so that a crash leaves it whole or absent?

Everything that differs between POSIX and other systems stands here and nowhere else; the module
imports everywhere. Errors are plain OSError: their texts hold paths, so callers that show errors
to people must replace the text, never quote it.
"""

from __future__ import annotations

import ctypes
import errno
import getpass
import os
import secrets
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from pbxretain.errors import LockedError

AnyPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]

_RENAME_NOREPLACE = 1
_AT_FDCWD = -100
TEMPORARY = ".tmp~"


def user() -> str:
    """The name of the user who runs this, or its number where it has none."""
    if sys.platform == "win32":
        return getpass.getuser()
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def fsync_dir(path: AnyPath) -> None:
    """Makes creations, renames and removals in a folder durable. Nothing to do off POSIX."""
    if os.name != "posix":
        return
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_all(fd: int, data: bytes) -> None:
    """Writes every byte to an open file; a full disk raises, a short write goes on."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def write_synced(
    path: AnyPath, data: bytes | Iterable[bytes], mode: int = 0o600, *, replace: bool = True
) -> None:
    """Puts a whole file in place: temporary file, sync, rename, sync of the folder. What is too
    large for memory comes in parts.

    At any instant ``path`` holds the old bytes, the new bytes, or nothing. ``mode`` holds whatever
    the umask. With ``replace=False`` an existing file is left alone and FileExistsError raised.
    What a kill leaves behind is named ``.*.tmp~`` and swept by ``sweep_temporary``.
    """
    target = Path(os.fsdecode(path))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        _write_new(temporary, data, mode)
        if replace:
            os.replace(temporary, target)  # noqa: PTH105  (one call to count in crash tests)
        else:
            rename_noreplace(temporary, target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    fsync_dir(target.parent)


def _write_new(path: Path, data: bytes | Iterable[bytes], mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    fd = os.open(path, flags, 0o600)
    try:
        for part in (data,) if isinstance(data, bytes) else data:
            write_all(fd, part)
        if hasattr(os, "fchmod"):
            with suppress(PermissionError):  # FAT and its like know no such modes
                os.fchmod(fd, mode)
        os.fsync(fd)
    finally:
        os.close(fd)


def append_synced(path: AnyPath, data: bytes, mode: int = 0o600) -> None:
    """Appends to a file and syncs it, and its folder when the file is new.

    A crash may leave the data in part: readers need frames or line ends to see that.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    fresh = not os.path.lexists(path)
    fd = os.open(path, flags, mode)
    try:
        write_all(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)
    if fresh:
        fsync_dir(Path(os.fsdecode(path)).parent)


def remove_synced(path: AnyPath) -> None:
    """Removes a file durably; one that is already gone is no error."""
    target = Path(os.fsdecode(path))
    target.unlink(missing_ok=True)
    if target.parent.is_dir():
        fsync_dir(target.parent)


def destroy(path: AnyPath) -> None:
    """Overwrites a file once, syncs, and removes it durably; one that is gone is no error.

    Flash media, snapshots and backups may keep the old bytes all the same.
    """
    target = Path(os.fsdecode(path))
    with suppress(FileNotFoundError):
        target.chmod(0o600)
        flags = os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        fd = os.open(target, flags | getattr(os, "O_CLOEXEC", 0))
        try:
            write_all(fd, secrets.token_bytes(os.fstat(fd).st_size))
            os.fsync(fd)
        finally:
            os.close(fd)
        remove_synced(target)


def sweep_temporary(folder: AnyPath) -> int:
    """Removes what a killed ``write_synced`` left in a folder; only under that folder's lock."""
    left = [p for p in Path(os.fsdecode(folder)).glob(f".*{TEMPORARY}") if not p.is_dir()]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def rename_noreplace(src: AnyPath, dst: AnyPath) -> None:
    """Renames a file in one step and never over another: FileExistsError when ``dst`` is there.

    Where the file system knows no such rename, a hard link and an unlink do the same; a crash
    between the two leaves both names on one file. Both on one file system, else OSError (EXDEV).
    The folders are not synced: see ``fsync_dir``.
    """
    if os.name == "nt":
        os.rename(src, dst)  # noqa: PTH104  (never replaces there)
        return
    code = _renameat2(os.fsencode(src), os.fsencode(dst))
    if code == 0:
        return
    if code not in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        raise OSError(code, os.strerror(code), os.fsdecode(src), None, os.fsdecode(dst))
    os.link(src, dst, follow_symlinks=False)
    os.unlink(src)  # noqa: PTH108  (bytes paths)


def _renameat2(src: bytes, dst: bytes) -> int:
    call = _libc_renameat2()
    if call is None:
        return errno.ENOSYS
    if call(_AT_FDCWD, src, _AT_FDCWD, dst, _RENAME_NOREPLACE) == 0:
        return 0
    return ctypes.get_errno()


@cache
def _libc_renameat2() -> Any | None:
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError, TypeError):
        return None
    call.argtypes = (
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_uint,
    )
    call.restype = ctypes.c_int
    return call


@contextmanager
def lock_file(path: AnyPath, *, shared: bool = False, wait: bool = False) -> Iterator[int]:
    """Holds an advisory lock (flock) on a file for the length of the block; yields its fd.

    The file is made (0600) when missing and never removed: removing would let two processes lock
    two different files of one name. Released by the kernel however the process ends. Raises
    LockedError when another process holds it and ``wait`` is false.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    fd = os.open(path, flags, 0o600)
    try:
        _lock(fd, shared=shared, wait=wait)
        yield fd
    finally:
        os.close(fd)


def _lock(fd: int, *, shared: bool, wait: bool) -> None:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(fd, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            fcntl.flock(fd, kind if wait else kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK):
            raise LockedError("Another process holds the lock.", hint="try again later") from None
        raise
