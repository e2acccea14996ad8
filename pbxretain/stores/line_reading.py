"""Where does one record of a log file begin and end, byte for byte?

CSV is told apart by the csv module itself, which sees each byte as a character (Latin-1), so any
encoding and any broken one comes back unchanged. What it can't read stays as it is, line by line.
"""

from __future__ import annotations

import csv
import gzip
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, BinaryIO, Literal, cast

from pbxretain.stores.files import Folder, Root, is_own, join
from pbxretain.stores.writers import Renamed

Format = Literal["csv", "bar"]
UNREADABLE = (EOFError, zlib.error, gzip.BadGzipFile)
"""What reading a damaged compressed segment raises."""

_SIDE = b".pbxretain-"
_OTHER_COMPRESSION = (b".bz2", b".xz", b".zst", b".Z", b".lz4", b".zip")
_DATE = re.compile(
    rb"-(?:\d{8}(?:[-_T.]?\d{2,6})?|\d{4}-\d\d-\d\d(?:[-_T.]?\d\d[-_:]?\d*)?|\d{9,10})(?=\.|\Z)"
)
"""What logrotate's ``dateext`` puts behind a name, or before its extension: a day, with a time or
not, or an epoch."""
_MOST_LINES = 64
"""A quoted field with more line ends than this is a quote that nobody closed."""


@dataclass(frozen=True, slots=True, repr=False)
class Line:
    """One record: its bytes with the line end; ``fields`` is None where they can't be told, and
    empty for a blank line. ``whole`` is false for a last line without its end."""

    raw: bytes
    fields: Sequence[bytes] | None
    whole: bool

    def field(self, index: int) -> bytes | None:
        """A field, None where the line has fewer."""
        return self.fields[index] if self.fields and index < len(self.fields) else None


def records(file: BinaryIO, form: Format) -> Iterator[Line]:
    """Every record of a file in order; their bytes joined are the file's bytes."""
    return _csv(file) if form == "csv" else _bar(file)


def _bar(file: BinaryIO) -> Iterator[Line]:
    for raw in file:
        text = raw.rstrip(b"\r\n")
        yield Line(raw, text.split(b"|") if text else [], raw.endswith(b"\n"))


class _UnclosedError(Exception):
    """A record that doesn't end where it should."""


class _Tape:
    """Hands lines to a csv reader and remembers which it ate for the present record."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._again: list[bytes] = []
        self.eaten: list[bytes] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._file.readline()
        if not line and not self.eaten:
            raise StopIteration
        if not line or len(self.eaten) >= _MOST_LINES:
            if line:
                self._again.append(line)
            raise _UnclosedError
        self.eaten.append(line)
        return line.decode("latin-1")

    def give_back(self) -> bytes:
        """Returns the first eaten line and reads the others anew."""
        first, *others = self.eaten
        self._again += reversed(others)
        self.eaten = []
        return first

    def record(self) -> bytes:
        raw = b"".join(self.eaten)
        self.eaten = []
        return raw


def _csv(file: BinaryIO) -> Iterator[Line]:
    tape = _Tape(file)
    reader = csv.reader(tape)
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except (csv.Error, _UnclosedError):
            raw = tape.give_back()
            reader = csv.reader(tape)
            yield Line(raw, None, raw.endswith(b"\n"))
            continue
        raw = tape.record()
        yield Line(raw, [f.encode("latin-1") for f in fields], raw.endswith(b"\n"))


@contextmanager
def opened(folder: Folder, file: LogFile) -> Iterator[BinaryIO]:
    """A log file's bytes, unpacked where it is packed."""
    with os.fdopen(folder.open(file.name), "rb", buffering=1 << 20) as raw:
        if not file.packed:
            yield raw
            return
        with gzip.GzipFile(fileobj=raw, mode="rb") as unpacked:
            yield cast(BinaryIO, unpacked)


class Sink:
    """Takes the kept lines; packs them again where the segment was packed."""

    def __init__(self, target: IO[bytes], *, packed: bool) -> None:
        self._target = target
        self._packed = packed
        self._zip: gzip.GzipFile | None = None
        self.empty = True

    def write(self, raw: bytes) -> None:
        if self._packed and self._zip is None:
            self._zip = gzip.GzipFile(filename="", mode="wb", fileobj=self._target, mtime=0)
        self.empty = False
        (self._zip or self._target).write(raw)

    def close(self) -> None:
        if self._zip:
            self._zip.close()


# Finding them -----------------------------------------------------------------------------------


@dataclass(slots=True, repr=False)
class LogFile:
    """A live log file or a segment of one. ``base`` is the live file's path below the root;
    ``renamed`` is set on a live one that this very run set aside."""

    folder: bytes
    name: bytes
    base: bytes
    live: bool
    renamed: Renamed | None = None

    @property
    def packed(self) -> bool:
        return self.name.endswith(b".gz")


@dataclass(frozen=True, slots=True, repr=False)
class Logs:
    """Segments first, then live files, each by name. ``unknown`` files begin like a log and can't
    be told to be a part of it, or can't be unpacked; ``links`` are symlinks in a log's place."""

    files: list[LogFile]
    unknown: int
    links: int


class Patterns:
    """The files that a dataset declares, below one root."""

    def __init__(self, files: Sequence[str]) -> None:
        self._patterns = [self._compile(pattern) for pattern in files]

    @staticmethod
    def _compile(pattern: str) -> tuple[list[re.Pattern[bytes]], re.Pattern[bytes]]:
        parts = [part for part in pattern.split("/") if part]
        *folders, name = [
            re.compile(
                b"[^/]*".join(re.escape(text.encode()) for text in part.split("*")), re.DOTALL
            )
            for part in parts
        ]
        return folders, name

    def find(self, root: Root) -> Logs:
        """All parts of all logs there are."""
        found: dict[tuple[bytes, bytes], LogFile] = {}
        unknown: set[tuple[bytes, bytes]] = set()
        links: set[bytes] = set()
        for folders, pattern in self._patterns:
            for rel in _folders(root, folders, links):
                with root.folder(rel) as folder:
                    listing = folder.listing()
                links.update(join(rel, name) for name in listing.links if pattern.match(name))
                for name in listing.files:
                    if is_own(name):
                        continue
                    file = _match(rel, name, pattern)
                    if file and not name.endswith(_OTHER_COMPRESSION):
                        found.setdefault((rel, name), file)
                    elif file or pattern.match(name):
                        unknown.add((rel, name))
        files = sorted(found.values(), key=lambda f: (f.live, f.base, f.name))
        return Logs(files, len(unknown - found.keys()), len(links))

    def folders(self, root: Root) -> list[bytes]:
        """The folders in which such files may lie."""
        every = [rel for folders, _ in self._patterns for rel in _folders(root, folders, set())]
        return list(dict.fromkeys(every))


def _folders(root: Root, patterns: Sequence[re.Pattern[bytes]], links: set[bytes]) -> list[bytes]:
    """The folders of these names; notes in ``links`` those that are symlinks instead."""
    found = [b""]
    for pattern in patterns:
        below: list[bytes] = []
        for rel in found:
            with root.folder(rel) as folder:
                listing = folder.listing()
            links.update(join(rel, name) for name in listing.links if pattern.fullmatch(name))
            names = sorted(listing.folders)
            below += [join(rel, name) for name in names if pattern.fullmatch(name)]
        found = below
    return found


def _match(rel: bytes, name: bytes, pattern: re.Pattern[bytes]) -> LogFile | None:
    if name.startswith(b"."):
        return None
    aside = name.find(_SIDE)
    if aside > 0:
        base = name[:aside]
        matches = pattern.fullmatch(base)
        return LogFile(rel, name, join(rel, base), live=False) if matches else None
    if pattern.fullmatch(name) and not name.endswith((b".gz", *_OTHER_COMPRESSION)):
        return LogFile(rel, name, join(rel, name), live=True)
    undated = _DATE.sub(b"", name, count=1)
    if undated != name and pattern.fullmatch(undated):
        return LogFile(rel, name, join(rel, undated), live=False)
    at = len(undated)
    while (at := undated.rfind(b".", 0, at)) > 0:
        if pattern.fullmatch(undated[:at]):
            return LogFile(rel, name, join(rel, undated[:at]), live=False)
    return None


def aside_names(name: bytes, stamp: str) -> Iterator[bytes]:
    """Names under which a live file may be set aside, best first."""
    first = name + _SIDE + stamp.encode()
    yield first
    for number in range(1, 1000):
        yield first + b"-%d" % number


def is_aside(name: bytes) -> bool:
    """Whether a segment was set aside by pbxretain."""
    return name.find(_SIDE) > 0
