"""How many records that a new hold means has a run taken already?

A run forgets what it deleted, but somebody who sets a hold in mid-run has to hear what came too
late. So it keeps a short tag for each party and call of a record, under a key that never leaves
its memory, in a file without a name that ends with the process. Nobody else can read anything out
of it, and after the run nobody at all.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import IO, Protocol
from zoneinfo import ZoneInfo

from pbxretain.evidence.lookup import parties_meant, party
from pbxretain.records import Taken, is_call

_TAG = 8
_MOST = 31
"""Tags of one sort in a record; no row has so many."""

_KNOWN = 200_000
_DIGITS = re.compile(rb"\+?[0-9]{3,17}")
_CALLS = re.compile(rb"\d{9,10}\.\d+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


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
    """The tags of one run. ``repr`` shows nothing of them."""

    def __init__(self, folder: Path, *, region: str | None, zone: ZoneInfo) -> None:
        """``folder`` lends its disk; the file never has a name in it."""
        self._key = secrets.token_bytes(32)
        self._region = region
        self._zone = zone
        self._classes: list[str] = []
        self._known: dict[tuple[bytes, bytes], bytes] = {}
        try:
            self._file: IO[bytes] | None = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        except OSError:
            self._file = None

    def __repr__(self) -> str:
        return "<traces>"

    def add(self, data_class: str, taken: Sequence[Taken], *, files: bool) -> None:
        """Notes records that are gone. Where the disk is full the traces end: then nobody knows."""
        if self._file is None:
            return
        if data_class not in self._classes:
            self._classes.append(data_class)
        head = bytes([self._classes.index(data_class)])
        try:
            self._file.seek(0, 2)
            self._file.write(b"".join(head + self._row(record, files=files) for record in taken))
        except OSError:
            self.close()

    def _row(self, record: Taken, *, files: bool) -> bytes:
        names = [value for value in record.key if value] if files else []
        parties = [value for value in record.subjects if value]
        parties += [found for name in names for found in _DIGITS.findall(name)]
        calls = [value for value in record.call if value is not None and is_call(value)]
        calls += [found for name in names for found in _CALLS.findall(name)]
        tags = [self._tag(b"p", value) for value in parties[:_MOST]]
        tags += [self._tag(b"c", value) for value in calls[:_MOST]]
        day = record.when.astimezone(self._zone).date().toordinal()
        sizes = bytes([min(len(parties), _MOST), min(len(calls), _MOST)])
        return day.to_bytes(3, "big") + sizes + b"".join(tags)

    def _tag(self, sort: bytes, value: bytes) -> bytes:
        known = self._known.get((sort, value))
        if known is None:
            said = value
            if sort == b"p":
                said = (party(value, self._region) or "").encode()
            known = self._hashed(sort, said)
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[sort, value] = known
        return known

    def _hashed(self, sort: bytes, said: bytes) -> bytes:
        return hashlib.blake2s(sort + said, digest_size=_TAG, key=self._key).digest()

    def count(self, wanted: Wanted, *, calls: Iterable[bytes] = ()) -> int | None:
        """How many records that are gone are meant, with the other records of their calls and of
        ``calls``, which are found in what is still there; None where nobody knows."""
        if self._file is None:
            return None
        people = {
            self._hashed(b"p", said.encode())
            for text, extension in _spelled(wanted)
            for said in parties_meant(
                text, region=self._region, stored=self._region is not None, extension=extension
            )
        }
        known = {self._hashed(b"c", call) for call in (*map(str.encode, wanted.calls), *calls)}
        hits, before = 0, -1
        while hits != before:  # until no further leg is found by the calls of those found already
            hits, before = 0, hits
            for parties, own in self._rows(wanted):
                if not (people.isdisjoint(parties) and known.isdisjoint(own)):
                    hits += 1
                    known.update(own)
        return hits

    def _rows(self, wanted: Wanted) -> Iterator[tuple[list[bytes], list[bytes]]]:
        assert self._file is not None  # noqa: S101  (asked by count)
        self._file.seek(0)
        while head := self._file.read(6):
            parties, calls = (
                [self._file.read(_TAG) for _ in range(number)] for number in (head[4], head[5])
            )
            day = date.fromordinal(int.from_bytes(head[1:4], "big"))
            if wanted.means(self._classes[head[0]], day):
                yield parties, calls

    def close(self) -> None:
        """Forgets everything."""
        if self._file is not None:
            self._file.close()
        self._file, self._key, self._known = None, b"", {}


def _spelled(wanted: Wanted) -> Iterator[tuple[str, bool]]:
    yield from ((text, False) for text in wanted.numbers)
    yield from ((text, True) for text in wanted.extensions)
