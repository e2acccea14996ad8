"""What stays beside a sealed report: leaves, lookup index and sealed keys, each a file that is
named by its own SHA-256 and that the report names. A header says in codes what the file is; no
number, time or key of a record stands in any of them in a readable form.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

from pbxretain import posix
from pbxretain.errors import EvidenceError
from pbxretain.evidence.commitments import LEAF_SIZE
from pbxretain.evidence.leaves import erase
from pbxretain.signing import canonical, parse_canonical

Role = Literal["leaves", "index", "sealed-key"]

_MAGIC = b"pbxretain-sidecar/1\n"
_OPEN = ".unnamed"
_BUFFER = 1 << 18
_MAX_HEADER = 1 << 16
RUN = 16
"""Bytes of one run of positions behind the leaves: first position, count."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One file as the report names it."""

    role: Role
    dataset: str | None
    sha256: str
    size: int

    def facts(self) -> dict[str, Any]:
        """As it stands in the report."""
        return {
            "name": f"{self.sha256}.bin",
            "role": self.role,
            "dataset": self.dataset,
            "sha256": self.sha256,
            "bytes": self.size,
        }


class Folder:
    """The ``sidecars`` folder of one source's reports. Only the holder of the source's lock may
    call what writes. Raises EvidenceError when it can't be written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, header: Mapping[str, str | int | None], body: Iterable[bytes]) -> Kept:
        """Writes one file (0440, synced) under the name that its content gives it. The header
        has a ``role`` and may have a ``dataset``."""
        temporary = self.path / f".sidecar.{secrets.token_hex(4)}{posix.TEMPORARY}"
        text = canonical(dict(header))
        try:
            self._open()
            digest, size = _write(temporary, _MAGIC + len(text).to_bytes(4, "big") + text, body)
            # The same content under the same name may stand there from before a crash.
            os.replace(temporary, self.path / f"{digest}.bin")  # noqa: PTH105
            posix.fsync_dir(self.path)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            raise EvidenceError(
                "Sealed evidence could not be written.",
                hint=f"free disk space in {self.path.parent}, and let this user write there",
                code="REPORT_UNWRITTEN",
            ) from None
        role: Any = header["role"]
        dataset: Any = header.get("dataset")
        return Kept(role, dataset, digest, size)

    def _open(self) -> None:
        """Notes durably that files are about to lie here that no report names yet."""
        if not self.path.is_dir():
            self.path.mkdir(mode=0o750, exist_ok=True)
            posix.fsync_dir(self.path.parent)
        posix.append_synced(self.path / _OPEN, b"")

    @property
    def unnamed(self) -> bool:
        """Whether files may lie here that no report names: a crash came before it."""
        return (self.path / _OPEN).exists()

    def settled(self) -> None:
        """The report that names the new files is published."""
        with suppress(OSError):  # what stays is looked through once more, and that is all
            posix.remove_synced(self.path / _OPEN)

    def sweep(self, named: frozenset[str]) -> None:
        """Erases what no report names, after a crash whose run left no journal to finish from."""
        posix.sweep_temporary(self.path)
        for path in self.path.glob("*.bin"):
            if path.stem not in named:
                path.chmod(0o600)
                erase(path)
        self.settled()


def _write(path: Path, head: bytes, body: Iterable[bytes]) -> tuple[str, int]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    digest, size = hashlib.sha256(), 0
    fd = os.open(path, flags, 0o600)
    try:
        waiting = bytearray(head)
        for part in body:
            waiting += part
            if len(waiting) >= _BUFFER:
                digest.update(waiting)
                size += len(waiting)
                posix.write_all(fd, bytes(waiting))
                waiting.clear()
        digest.update(waiting)
        size += len(waiting)
        posix.write_all(fd, bytes(waiting))
        if hasattr(os, "fchmod"):
            os.fchmod(fd, 0o440)
        os.fsync(fd)
    finally:
        os.close(fd)
    return digest.hexdigest(), size


@dataclass(frozen=True, slots=True, repr=False)
class Sidecar:
    """A file that was read, its header and what follows it."""

    header: Mapping[str, Any]
    body: memoryview

    @property
    def role(self) -> object:
        return self.header.get("role")

    def text(self, name: str) -> str:
        """A field of the header; EvidenceError where it isn't text."""
        value = self.header.get(name)
        if not isinstance(value, str):
            _damaged()
        return value

    def count(self, name: str) -> int:
        """A count in the header; EvidenceError where it is none."""
        value = self.header.get(name)
        if type(value) is not int or value < 0:
            _damaged()
        return value


def read(data: bytes | memoryview) -> Sidecar:
    """Takes a file apart; EvidenceError (SIDECAR) when it isn't one. Compare its SHA-256 with
    the report's first."""
    view = memoryview(data)
    start = len(_MAGIC) + 4
    if bytes(view[: len(_MAGIC)]) != _MAGIC:
        _damaged()
    length = int.from_bytes(view[len(_MAGIC) : start], "big")
    if length > _MAX_HEADER:
        _damaged()
    try:
        header = parse_canonical(bytes(view[start : start + length]))
    except EvidenceError:
        _damaged()
    return Sidecar(header, view[start + length :])


def _damaged() -> NoReturn:
    raise EvidenceError("A file beside the report is damaged.", code="SIDECAR") from None


@dataclass(frozen=True, slots=True, repr=False)
class Leaves:
    """The leaf hashes of one tree in order, and which keystream position each was made at."""

    hashes: memoryview
    runs: tuple[tuple[int, int], ...]

    @property
    def size(self) -> int:
        return len(self.hashes) // LEAF_SIZE

    def __getitem__(self, index: int) -> bytes:
        return bytes(self.hashes[index * LEAF_SIZE : (index + 1) * LEAF_SIZE])

    def all(self) -> list[bytes]:
        """Every leaf hash."""
        return [self[index] for index in range(self.size)]

    def index_of(self, position: int) -> int | None:
        """The place in the tree of the record at a keystream position; None where none is."""
        behind = 0
        for first, count in self.runs:
            if first <= position < first + count:
                return behind + position - first
            behind += count
        return None


def read_leaves(sidecar: Sidecar) -> Leaves:
    """The leaves of a file; EvidenceError when it isn't one."""
    size = sidecar.count("size")
    body = sidecar.body
    behind = size * LEAF_SIZE
    rest = len(body) - behind
    if sidecar.role != "leaves" or rest < 0 or rest % RUN:
        _damaged()
    numbers = [int.from_bytes(body[at : at + 8], "big") for at in range(behind, len(body), 8)]
    runs = tuple(zip(numbers[::2], numbers[1::2], strict=True))
    if sum(count for _, count in runs) != size:
        _damaged()
    return Leaves(body[:behind], runs)
