"""How many records that a new hold means has a run taken already?

A run forgets what it deleted, but somebody who sets a hold in mid-run has to hear what came too
late. So it keeps parties, calls and times of its records, encrypted under a key that never leaves
its memory, in a file without a name that ends with the process. Nobody else can read anything out
of it, and after the run nobody at all. Nothing is looked at before somebody asks.
"""

from __future__ import annotations

import re
import secrets
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from struct import Struct
from typing import IO, Protocol
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from pbxretain.evidence.lookup import parties_meant, party
from pbxretain.haul import Column, Haul
from pbxretain.records import Taken, is_call

_HEAD = Struct(">B4I")
"""Data class, and how many bytes of times, names, parties and calls follow."""

_DAYS = 100_000
_TAIL = 6
"""Digits at the end of a number by which a batch without it is told at a glance."""

_QUARTER = 900
"""Seconds within which no zone changes its day."""

_NO_DIGITS = bytes(set(range(256)) - set(b"0123456789*#\x00"))
"""Whatever stands between the digits of a number, so that its end is found in any spelling."""

_DIGITS = re.compile(rb"\+?[0-9]{3,17}")
_CALLS = re.compile(rb"\d{9,10}\.\d+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

Texts = tuple[bytes, ...]


class Wanted(Protocol):
    """What a hold looks for, as traces need it."""

    @property
    def numbers(self) -> Sequence[str]: ...
    @property
    def extensions(self) -> Sequence[str]: ...
    @property
    def calls(self) -> Sequence[str]: ...

    def means(self, data_class: str, day: date) -> bool:
        """Whether records of this class and day are meant."""
        ...


class Traces:
    """What one run took. ``repr`` shows nothing of it."""

    def __init__(self, folder: Path, *, region: str | None, zone: ZoneInfo) -> None:
        """``folder`` lends its disk; the file never has a name in it."""
        self._key = secrets.token_bytes(32)
        self._classes: list[str] = []
        self._blocks = 0
        self._region = region
        self._day = lru_cache(_DAYS)(lambda quarter: _day(quarter, zone))
        try:
            self._file: IO[bytes] | None = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        except OSError:
            self._file = None

    def __repr__(self) -> str:
        return "<traces>"

    def add(self, data_class: str, taken: Sequence[Taken], *, files: bool) -> None:
        """Notes records that are gone. Where the disk is full the traces end: then nobody knows."""
        if self._file is None or not taken:
            return
        if data_class not in self._classes:
            self._classes.append(data_class)
        block = _block(taken, files=files)
        head = _HEAD.pack(self._classes.index(data_class), *map(len, block))
        try:
            self._file.seek(0, 2)
            self._file.write(head + self._crypt(self._blocks, b"".join(block)))
        except OSError:
            self.close()
        self._blocks += 1

    def _crypt(self, block: int, data: bytes) -> bytes:
        """Both ways: AES-256-CTR, each block at counters of its own."""
        mode = modes.CTR((block << 64).to_bytes(16, "big"))
        cipher = Cipher(algorithms.AES(self._key), mode).encryptor()
        return cipher.update(data) + cipher.finalize()

    def count(self, wanted: Wanted, *, calls: Iterable[bytes] = ()) -> int | None:
        """How many records that are gone are meant, with the other records of their calls and of
        ``calls``, which are found in what is still there; None where nobody knows."""
        if self._file is None:
            return None
        people = {
            said
            for text, extension in _spelled(wanted)
            for said in parties_meant(
                text, region=self._region, stored=self._region is not None, extension=extension
            )
        }
        known = {*map(str.encode, wanted.calls), *calls}
        hits, before = 0, -1
        while hits != before:  # until no further leg is found by the calls of those found already
            hits, before = 0, hits
            for parties, own in self._rows(wanted, people, known):
                meant = any(party(each, self._region) in people for each in parties)
                if meant or not known.isdisjoint(own):
                    hits += 1
                    known.update(own)
        return hits

    def _rows(
        self, wanted: Wanted, people: set[str], known: set[bytes]
    ) -> Iterator[tuple[list[bytes], list[bytes]]]:
        """Parties and calls of the records that may be meant."""
        tails = [said.rpartition(":")[2].encode()[-_TAIL:] for said in people]
        for data_class, seconds, texts in self._read():
            digits = b"".join(texts[:2]).translate(None, _NO_DIGITS)
            rows = [_rows_of(text, len(seconds)) for text in texts]
            none_named = not any(tail in digits for tail in tails)
            if none_named and known.isdisjoint(c for row in rows[2] for c in row) and not texts[0]:
                continue
            for second, name, parties, calls in zip(seconds, *rows, strict=True):
                if wanted.means(data_class, self._day(second // _QUARTER)):
                    told = [found for each in name for found in _DIGITS.findall(each)]
                    ids = [found for each in name for found in _CALLS.findall(each)]
                    yield [*filter(None, parties), *told], [*filter(is_call, calls), *ids]

    def _read(self) -> Iterator[tuple[str, array[int], list[bytes]]]:
        """Data class, times, and names, parties, calls of each block."""
        assert self._file is not None  # noqa: S101  (asked by count)
        self._file.seek(0)
        for number in range(self._blocks):
            kind, *sizes = _HEAD.unpack(self._file.read(_HEAD.size))
            data, at, parts = self._crypt(number, self._file.read(sum(sizes))), 0, []
            for each in sizes:
                parts.append(data[at : at + each])
                at += each
            yield self._classes[kind], array("q", parts[0]), parts[1:]

    def close(self) -> None:
        """Forgets everything."""
        if self._file is not None:
            self._file.close()
        self._file, self._key = None, b""


def _block(taken: Sequence[Taken], *, files: bool) -> list[bytes]:
    """Times, names, parties, calls. No value of these has a zero byte that says anything."""
    if isinstance(taken, Haul):
        seconds, parties, calls = taken.seconds, taken.subjects, taken.calls
        names: Sequence[Column] = ()
    else:
        seconds = [int(record.when.timestamp()) for record in taken]
        parties = list(zip_longest(*(record.subjects for record in taken)))
        calls = list(zip_longest(*(record.call for record in taken)))
        names = list(zip_longest(*(record.key for record in taken))) if files else ()
    return [array("q", seconds).tobytes(), *map(_joined, (names, parties, calls))]


def _joined(columns: Sequence[Column]) -> bytes:
    """Columns one after the other, a zero byte behind each value."""
    parts = []
    for column in columns:
        values = [value or b"" for value in column] if None in column else column
        text = b"\x00".join(values) + b"\x00"  # type: ignore[arg-type]
        if text.count(b"\x00") != len(column):
            text = b"".join((value or b"").replace(b"\x00", b"") + b"\x00" for value in column)
        parts.append(text)
    return b"".join(parts)


def _rows_of(text: bytes, count: int) -> list[Texts]:
    """The rows of what ``_joined`` made; empty ones where there were no columns."""
    values = text.split(b"\x00")[:-1]
    columns = [values[at : at + count] for at in range(0, len(values), count)]
    return list(zip(*columns, strict=True)) if columns else [()] * count


def _day(quarter: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(quarter * _QUARTER, UTC).astimezone(zone).date()


def _spelled(wanted: Wanted) -> Iterator[tuple[str, bool]]:
    yield from ((text, False) for text in wanted.numbers)
    yield from ((text, True) for text in wanted.extensions)
