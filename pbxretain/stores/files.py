"""How does a store work on a PBX's folder without leaving it, losing or overwriting anything?

Folders are opened component by component, symlinks refused, and files are reached through the
opened folder: a folder that somebody swaps for a symlink afterwards leads nowhere else. Names are
bytes throughout; a PBX writes what it likes.

A file that is taken is renamed within its own folder to a name that alone is enough to put it
back. Where that name would be too long, a small synced file beside it holds the original name.
OSErrors leave this module as they are: their texts hold paths, so callers replace them.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from pbxretain import posix
from pbxretain.errors import RootError, StoreError
from pbxretain.records import BatchName

LOCK_NAME = b".pbxretain.lock"
MARKER_NAME = b".pbxretain.root"
"""Says that a root may be empty: put there before its last files are taken."""

NAME_LIMIT = 255
_OWN = b".pbxretain"
_HIDDEN = re.compile(rb"\.pbxretain-([^-]+)-([^-]+)-(\d+)-(.+)", re.DOTALL)
_SHORT = b"~"
_NOTE = b".name"
_NOTE_HEAD = b"pbxretain/name/1\n"
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_READ = os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_PATH_ONLY = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | _NO_FOLLOW
_BY_FD = os.name == "posix" and Path("/proc/self/fd").is_dir()


class Digest(Protocol):
    """What ``hashlib`` makes."""

    def update(self, data: bytes, /) -> None: ...


@dataclass(slots=True)
class Folder:
    """An opened folder below a root; ``at`` gives paths that lead into this very folder."""

    rel: bytes
    path: bytes
    fd: int = -1

    def at(self, name: bytes) -> bytes:
        base = b"/proc/self/fd/%d" % self.fd if self.fd >= 0 else self.path
        return join(base, name)

    def stat(self, name: bytes) -> os.stat_result | None:
        """What stands there, symlinks not followed; None when nothing does."""
        try:
            if self.fd >= 0:
                return os.stat(name, dir_fd=self.fd, follow_symlinks=False)
            return os.lstat(self.at(name))
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
                return None
            raise

    def regular(self, name: bytes) -> os.stat_result | None:
        """As ``stat``, but only for regular files."""
        found = self.stat(name)
        return found if found and stat.S_ISREG(found.st_mode) else None

    def open(self, name: bytes) -> int:
        """Opens a regular file for reading, never through a symlink, never waiting on a pipe."""
        if self.fd >= 0:
            return os.open(name, _READ, dir_fd=self.fd)
        return os.open(self.at(name), _READ)

    def rename(self, name: bytes, to: bytes) -> None:
        """Renames within the folder, over whatever stands there."""
        if self.fd >= 0:
            os.rename(name, to, src_dir_fd=self.fd, dst_dir_fd=self.fd)
        else:
            os.rename(self.at(name), self.at(to))  # noqa: PTH104

    def unlink(self, name: bytes) -> None:
        if self.fd >= 0:
            os.unlink(name, dir_fd=self.fd)
        else:
            os.unlink(self.at(name))  # noqa: PTH108

    def listing(self) -> Listing:
        found = Listing(self.rel)
        # By a path of bytes: names that come by the descriptor are text first. Without a "." behind
        # it, as that takes the right to search.
        at = b"/proc/self/fd/%d" % self.fd if self.fd >= 0 else self.path
        with os.scandir(at) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    found.files.append(entry.name)
                elif entry.is_symlink():
                    found.links.append(entry.name)
                elif entry.is_dir(follow_symlinks=False):
                    found.folders.append(entry.name)
        return found

    def sync(self) -> None:
        if self.fd >= 0:
            os.fsync(self.fd)
        else:
            posix.fsync_dir(self.path)

    def changed(self) -> float:
        return (os.fstat(self.fd) if self.fd >= 0 else os.stat(self.path)).st_mtime  # noqa: PTH116

    def writable(self) -> bool:
        return os.access(self.at(b"."), os.W_OK | os.X_OK)


@dataclass(slots=True)
class Listing:
    """The names in one folder: regular files, folders, and the symlinks that were passed by."""

    rel: bytes
    files: list[bytes] = field(default_factory=list)
    folders: list[bytes] = field(default_factory=list)
    links: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Root:
    """A root that was checked when it was opened, and is checked again at each use."""

    path: bytes
    identity: tuple[int, int]

    @contextmanager
    def folder(self, rel: bytes = b"") -> Iterator[Folder]:
        """Opens a folder below the root.

        Raises RootError when the root is no longer the one that was checked, OSError when the
        folder is gone, a symlink or not readable.
        """
        path = join(self.path, rel) if rel else self.path
        if not _BY_FD:
            yield Folder(rel, self._walked(path, rel))
            return
        fd = self._open(rel.split(b"/") if rel else [])
        try:
            yield Folder(rel, path, fd)
        finally:
            os.close(fd)

    def walk(self) -> Iterator[tuple[Folder, Listing]]:
        """Every folder below the root with its names, the root first; symlinks aren't followed.

        A folder that vanishes meanwhile is passed by. Raises StoreError for one that can't be
        listed: what can't be seen can't be counted.
        """
        waiting = [b""]
        while waiting:
            rel = waiting.pop()
            try:
                with self.folder(rel) as folder:
                    found = folder.listing()
                    yield folder, found
            except OSError as error:
                if rel and error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                    continue
                if rel == b"lost+found":
                    continue
                raise _unreadable(rel) from None
            waiting += [join(rel, name) for name in sorted(found.folders, reverse=True)]

    def mark(self) -> None:
        """Leaves the sign that this root may be empty from now on."""
        with self.folder() as folder:
            if folder.stat(MARKER_NAME) is None:
                with suppress(FileExistsError):
                    posix.write_synced(folder.at(MARKER_NAME), b"", 0o644, replace=False)

    def _open(self, parts: list[bytes]) -> int:
        fd = os.open(self.path, _PATH_ONLY if parts else os.O_RDONLY | os.O_DIRECTORY | _NO_FOLLOW)
        try:
            self._same(os.fstat(fd))
            for i, part in enumerate(parts):
                if part in (b"", b".", b".."):
                    raise OSError(errno.EINVAL, "not a folder name")
                last = i == len(parts) - 1
                flags = os.O_RDONLY | os.O_DIRECTORY | _NO_FOLLOW if last else _PATH_ONLY
                below = os.open(part, flags, dir_fd=fd)
                os.close(fd)
                fd = below
        except BaseException:
            os.close(fd)
            raise
        return fd

    def _walked(self, path: bytes, rel: bytes) -> bytes:
        self._same(os.lstat(self.path))
        at = self.path
        for part in rel.split(b"/") if rel else []:
            at = join(at, part)
            if part in (b"", b".", b"..") or not stat.S_ISDIR(os.lstat(at).st_mode):
                raise OSError(errno.ELOOP, "not a folder")
        return path

    def _same(self, found: os.stat_result) -> None:
        if (found.st_dev, found.st_ino) != self.identity:
            raise RootError("The folder was replaced or unmounted while it was worked on.")


def feed(folder: Folder, name: bytes, digest: Digest, *, expected: int) -> None:
    """Reads a file to its end into a digest; ``expected`` is how long it was last."""
    fd = folder.open(name)
    try:
        # A buffer of the usual megabyte costs more than reading a small file.
        while block := os.read(fd, min(max(expected + 1, 1 << 12), 1 << 20)):
            digest.update(block)
    finally:
        os.close(fd)


def join(rel: bytes, name: bytes) -> bytes:
    return rel + b"/" + name if rel else name


def check_root(
    path: Path, *, fstab: Path = Path("/etc/fstab"), folders_suffice: bool = False
) -> Root:
    """Opens a root, or raises RootError: missing, a symlink, not a folder, unmounted, empty.

    An empty root looks just like one whose disk isn't mounted. It is accepted when it holds the
    marker that ``Root.mark`` leaves, or, where ``folders_suffice``, any folder. Call it before
    anything is put into the root.
    """
    raw = os.fsencode(path.absolute())
    try:
        found = os.lstat(raw)
    except OSError:
        raise RootError("A folder of the PBX isn't there.", hint=f"check {path}") from None
    if stat.S_ISLNK(found.st_mode):
        raise RootError(
            "A folder of the PBX is a symbolic link.",
            hint=f"name the folder that {path} leads to under roots",
        )
    if not stat.S_ISDIR(found.st_mode):
        raise RootError("A folder of the PBX isn't a folder.", hint=f"check {path}")
    if unmounted := _unmounted(path.absolute(), fstab):
        raise RootError("A folder of the PBX isn't mounted.", hint=f"mount {unmounted}")
    root = Root(raw, (found.st_dev, found.st_ino))
    if _empty(root, folders_suffice):
        raise RootError(
            "A folder of the PBX is empty, as if its disk weren't mounted.",
            hint=f"if that is right: touch {path / os.fsdecode(MARKER_NAME)}",
        )
    return root


def _empty(root: Root, folders_suffice: bool) -> bool:
    for _, found in root.walk():
        if any(name != LOCK_NAME for name in found.files) or found.links:
            return False
        if folders_suffice and any(name != b"lost+found" for name in found.folders):
            return False
    return True


def _unmounted(path: Path, fstab: Path) -> str:
    """A mount point at or above ``path`` that fstab promises and that isn't mounted."""
    try:
        lines = fstab.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        fields = line.split()
        if len(fields) < 4 or line.lstrip().startswith("#") or "noauto" in fields[3].split(","):
            continue
        point = Path(fields[1].replace("\\040", " "))
        inside = point == path or point in path.parents
        if point.is_absolute() and inside and point != Path("/") and not os.path.ismount(point):
            return str(point)
    return ""


def _unreadable(rel: bytes) -> Exception:
    if not rel:
        return RootError("A folder of the PBX can't be read.", hint="run pbxretain check")
    return StoreError(
        "A folder below the root can't be read, so its records can't be counted.",
        hint="run pbxretain check",
        code="UNREADABLE_FOLDER",
    )


# Names of what was taken ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class Hidden:
    """A name that a run gave to a file it took. ``original`` is None when it can't be told."""

    name: bytes
    installation: str
    run: str
    batch: int
    original: bytes | None

    def belongs(self, batch: BatchName) -> bool:
        """Whether this very batch took it."""
        wanted = (_token(batch.installation), _token(batch.run), batch.batch)
        return (self.installation, self.run, self.batch) == wanted

    def of(self, installation: str) -> bool:
        return self.installation == _token(installation)


@lru_cache(maxsize=8)
def prefix(batch: BatchName) -> bytes:
    """What the name of everything begins with that a batch puts beside the PBX's own files."""
    tokens = f".pbxretain-{_token(batch.installation)}-{_token(batch.run)}-{batch.batch:d}-"
    return tokens.encode()


def is_own(name: bytes) -> bool:
    """Whether a name is pbxretain's own: lock, marker, taken or half-written file."""
    return name.startswith((_OWN, b"." + _OWN))


def hidden_name(batch: BatchName, original: bytes) -> bytes:
    """The name under which a batch keeps a file; begins with ``~`` behind the prefix if short."""
    name = prefix(batch) + original
    if len(name) > NAME_LIMIT or original.startswith(_SHORT):
        return short_name(batch, original)
    return name


def short_name(batch: BatchName, original: bytes) -> bytes:
    return prefix(batch) + _SHORT + hashlib.sha256(original).hexdigest()[:32].encode()


def hide(folder: Folder, original: bytes, batch: BatchName) -> bytes:
    """Renames a file to a name of its batch and returns that name. The folder isn't synced."""
    name = hidden_name(batch, original)
    if name == prefix(batch) + original:
        try:
            rename_to_own(folder, original, name)
            return name
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
        name = short_name(batch, original)
    posix.write_synced(folder.at(name + _NOTE), _NOTE_HEAD + original)
    try:
        rename_to_own(folder, original, name)
    except OSError:
        _forget_note(folder, name)
        raise
    return name


def rename_to_own(folder: Folder, name: bytes, own: bytes) -> None:
    """Renames a file to a name that only this run gives; FileExistsError if it is there.

    One step on every file system: a rename that spares its target isn't one everywhere.
    """
    if folder.stat(own) is not None:
        raise FileExistsError(errno.EEXIST, "name in use")
    folder.rename(name, own)


def put_back(folder: Folder, name: bytes, original: bytes) -> bytes:
    """Gives a taken file its name again, never over another file; returns the name it got.

    Where the name was given to a new file meanwhile, the old one gets a free name beside it.
    """
    for target in _free_names(original):
        try:
            posix.rename_noreplace(folder.at(name), folder.at(target))
        except FileExistsError:
            if not _one_file(folder, name, target):
                continue
            # A kill between link and unlink left both names on one file.
            folder.unlink(name)
        _forget_note(folder, name)
        return target
    raise FileExistsError(errno.EEXIST, "no free name")


def drop(folder: Folder, name: bytes) -> None:
    """Removes a taken file for good; one that is already gone is no error."""
    with suppress(FileNotFoundError):
        folder.unlink(name)
    _forget_note(folder, name)


def hidden_in(folder: Folder, names: list[bytes]) -> list[Hidden]:
    """The taken files among the names of a folder; notes without a file belong to none."""
    own = [name for name in names if name.startswith(_OWN)]
    there = set(own)
    found = []
    for name in own:
        split = _split(name)
        if split is None or _is_note(split[3]):
            continue
        original: bytes | None = split[3]
        if split[3].startswith(_SHORT):
            original = _read_note(folder, name) if name + _NOTE in there else None
        found.append(Hidden(name, split[0], split[1], split[2], original))
    return found


def scraps(names: list[bytes], installation: str) -> list[bytes]:
    """Own names that hold nothing: notes whose file is gone, half-written notes."""
    own = [name for name in names if is_own(name)]
    there = set(own)
    mine = _token(installation).encode()
    found = []
    for name in own:
        split = _split(name)
        if split and _is_note(split[3]) and split[0].encode() == mine:
            if name[: -len(_NOTE)] not in there:
                found.append(name)
        elif name.startswith(b"..pbxretain-" + mine + b"-") and name.endswith(b".tmp~"):
            found.append(name)
    return found


def _token(text: str) -> str:
    return text.replace("-", "_").replace("/", "_")


def _split(name: bytes) -> tuple[str, str, int, bytes] | None:
    found = _HIDDEN.fullmatch(name)
    if not found:
        return None
    run = (os.fsdecode(found[1]), os.fsdecode(found[2]), int(found[3]))
    return (*run, found[4])


def _is_note(rest: bytes) -> bool:
    return rest.startswith(_SHORT) and rest.endswith(_NOTE)


def _read_note(folder: Folder, name: bytes) -> bytes | None:
    try:
        fd = folder.open(name + _NOTE)
    except OSError:
        return None
    try:
        text = os.read(fd, 4096)
    finally:
        os.close(fd)
    original = text.removeprefix(_NOTE_HEAD)
    sound = text.startswith(_NOTE_HEAD) and original and b"/" not in original
    return original if sound else None


def _forget_note(folder: Folder, name: bytes) -> None:
    split = _split(name) if b"-" + _SHORT in name else None
    if split and split[3].startswith(_SHORT):
        with suppress(FileNotFoundError):
            folder.unlink(name + _NOTE)


def _one_file(folder: Folder, one: bytes, other: bytes) -> bool:
    a, b = folder.stat(one), folder.stat(other)
    return bool(a and b and (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino))


def _free_names(original: bytes) -> Iterator[bytes]:
    yield original
    stem, dot, extension = original.rpartition(b".")
    if not stem:
        stem, dot, extension = original, b"", b""
    for number in range(1, 1000):
        tail = b"~%d" % number + dot + extension
        yield stem[: NAME_LIMIT - len(tail)] + tail


@contextmanager
def without_paths() -> Iterator[None]:
    """Turns an OSError into a StoreError: its own text holds the names of recordings."""
    try:
        yield
    except OSError as error:
        code = errno.errorcode.get(error.errno or 0, "EIO")
        raise StoreError(
            f"A folder of the PBX could not be worked on ({code}).", hint="run pbxretain check"
        ) from None


def counts(**found: int) -> Mapping[str, int]:
    """Findings without those that found nothing."""
    return {code.upper(): number for code, number in found.items() if number}
