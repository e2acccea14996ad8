"""What lies in a file or folder under examination? Nothing of it is trusted, least of all a key."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pbxretain.errors import DocumentError, EvidenceError, UnavailableError
from pbxretain.evidence.statements import parse_statement
from pbxretain.keys import public_keys
from pbxretain.ledger import (
    CHECKPOINT,
    COSIGNED,
    COSIGNED_NAME,
    FILED,
    LEDGER,
    PREPARED,
    ROSTER,
    Entry,
    read_ledger,
)
from pbxretain.signing import MAX_ENVELOPE, PublicKey, open_envelope
from pbxretain.verify.findings import FINDINGS, Find, Report, Unread, found

_MAX_LEDGER = 256 * 1024 * 1024
_MAX_OFFERED = 1000
_MAX_NOTE = 64 * 1024
SUMS = "SHA256SUMS"
"""In a bundle: digest and name of every other file, as ``sha256sum`` writes and checks them."""


@dataclass(slots=True)
class Folder:
    """One folder of reports, as read."""

    path: Path
    reports: list[Report] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    names: frozenset[str] = frozenset()
    entries: tuple[Entry, ...] | None = None
    checkpoint: bytes | None = None
    cosigned: Mapping[str, bytes] = field(default_factory=dict)
    """Notes by file name."""

    @property
    def digests(self) -> list[str]:
        """The statement digests of the ledger, in order."""
        return [entry.digest for entry in self.entries or ()]


def read_file(path: Path, find: Find) -> Report | Unread | None:
    """One statement, parsed strictly; a file that is no envelope becomes a finding."""
    data = read_bytes(path, MAX_ENVELOPE + 1)
    if data is None:
        find(found("UNREADABLE", file=path.name))
        return None
    return read_data(path, data, find)


def read_data(path: Path, data: bytes, find: Find) -> Report | Unread | None:
    """The statement in an envelope's bytes, which came out of the file ``path``."""
    try:
        envelope = open_envelope(data)
    except EvidenceError:
        find(found("MALFORMED", file=path.name))
        return None
    try:
        statement = parse_statement(envelope.payload)
    except EvidenceError as error:
        return Unread(path, envelope, error.code if error.code in FINDINGS else "MALFORMED")
    return Report(path, envelope.digest, hashlib.sha256(data).hexdigest(), statement, envelope)


def read_folder(path: Path, find: Find) -> Folder:
    """All statements of a folder of reports, its ledger and its checkpoints."""
    folder = Folder(path)
    names = names_in(path, find)
    folder.names = frozenset(names)
    files = [path / n for n in names if n.endswith(".dsse.json") and n[0] != "." and n != ROSTER]
    if FILED in names:
        files += [path / FILED / name for name in names_in(path / FILED, find)]
    if ROSTER in names:
        files.append(path / ROSTER)
    read = [read_file(file, find) for file in files]
    folder.reports = [each for each in read if isinstance(each, Report)]
    folder.unread = [each for each in read if isinstance(each, Unread)]
    if PREPARED in names:
        find(found("UNPUBLISHED"))
    if LEDGER in names:
        folder.entries = _ledger(path / LEDGER, find)
    if CHECKPOINT in names:
        folder.checkpoint = read_bytes(path / CHECKPOINT, _MAX_NOTE + 1) or b""
    if COSIGNED in names:
        folder.cosigned = dict(_cosigned(path / COSIGNED, find))
    if SUMS in names:
        _sums(path, find)
    return folder


def rotations_in(folders: Iterable[Path]) -> Iterator[Report]:
    """The key-events in these folders: who has a single report in hand needs them to know whose
    key followed whose. They prove themselves: both keys signed each."""
    for folder in set(folders):
        try:
            files = sorted(folder.glob("*-key-event.dsse.json"))[:_MAX_OFFERED]
        except OSError:
            continue
        for file in files:
            report = read_file(file, lambda _: None)
            if isinstance(report, Report):
                yield report


def names_in(path: Path, find: Find) -> list[str]:
    """What a folder holds, by name, in order; empty (and a finding) when it can't be read."""
    try:
        return sorted(os.listdir(path))  # noqa: PTH208  (names, undecodable ones too)
    except OSError:
        find(found("UNREADABLE", file=path.name))
        return []


def _ledger(path: Path, find: Find) -> tuple[Entry, ...] | None:
    data = read_bytes(path, _MAX_LEDGER)
    try:
        if data is None:
            raise EvidenceError("unreadable")
        entries, torn = read_ledger(data)
    except EvidenceError:
        find(found("LEDGER", file=path.name))
        return None
    if torn:
        find(found("UNPUBLISHED"))
    return entries


def _cosigned(path: Path, find: Find) -> Iterator[tuple[str, bytes]]:
    for name in names_in(path, find):
        if COSIGNED_NAME.fullmatch(name):
            yield name, read_bytes(path / name, _MAX_NOTE + 1) or b""
        else:
            find(found("BUNDLE_CHANGED", file=name))


def _sums(path: Path, find: Find) -> None:
    """Whether the files of a bundle are those that were put into it. Nobody signs the list: it
    tells a damaged copy, and what no signature covers, from an untouched one. It has each name
    once, in order."""
    listed: dict[str, str] = {}
    data = read_bytes(path / SUMS, _MAX_LEDGER) or b""
    for line in data.splitlines():
        digest, _, name = os.fsdecode(line).partition("  ")
        listed[name] = digest
    if data != b"".join(os.fsencode(f"{listed[name]}  {name}\n") for name in sorted(listed)):
        find(found("BUNDLE_CHANGED", file=SUMS))
    there = set(_inside(path, path)) - {SUMS}
    for name in sorted(there | listed.keys()):
        if name not in there or _digest(path / name) != listed.get(name):
            find(found("BUNDLE_CHANGED", file=name))


def _inside(top: Path, folder: Path) -> Iterator[str]:
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from _inside(top, Path(entry.path))
        else:
            yield Path(entry.path).relative_to(top).as_posix()


def _digest(path: Path) -> str:
    fd = _opened(path)
    if fd is None:
        return ""
    try:
        with os.fdopen(fd, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def digest_of(path: Path, *, size: int) -> str | None:
    """SHA-256 (hex) of a regular file of this size; empty for another size, None for what can't be
    read."""
    fd = _opened(path)
    if fd is None:
        return None
    try:
        with os.fdopen(fd, "rb") as file:
            if os.fstat(file.fileno()).st_size != size:
                return ""
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def offered(folder: Path) -> dict[str, PublicKey]:
    """Keys lying beside a report: good for telling a sound signature from a forged one only."""
    keys: dict[str, PublicKey] = {}
    try:
        files = sorted(folder.glob("runner-*.pub.pem"))[:_MAX_OFFERED]
    except OSError:
        return keys
    for path in files:
        data = read_bytes(path, _MAX_NOTE)
        try:
            keys |= public_keys(data or b"")
        except (DocumentError, UnavailableError):
            continue
    return keys


def read_bytes(path: Path, limit: int) -> bytes | None:
    """At most ``limit`` bytes of a regular file; None for everything that can't be read as one."""
    fd = _opened(path)
    if fd is None:
        return None
    try:
        with os.fdopen(fd, "rb") as file:
            return file.read(limit)
    except OSError:
        return None


def _opened(path: Path) -> int | None:
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError):
        return None
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    return None


def is_folder(path: Path) -> bool:
    """Whether it is a folder, as far as anybody can tell."""
    try:
        return path.is_dir()
    except OSError:
        return False


def is_there(path: Path) -> bool:
    """Whether it exists, as far as anybody can tell."""
    try:
        return path.exists()
    except OSError:
        return False
