"""How does somebody who knows a number and a time find the record, and nobody without the key?

Level sealed only. Each record has one entry for each party: a tag over party, UTC minute and a
running number for repeats, the masked position of the record, and a leaf of its own under a key
that exists for this entry only. Sorted by tag, the entries of a dataset are its index; their
leaves make a second tree, so that one entry can be opened and proves nothing about any other.
``docs/explanation/evidence.md`` has the scheme and its reasons.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from struct import Struct
from typing import BinaryIO

from pbxretain.errors import EvidenceError
from pbxretain.evidence.commitments import RunKey, keystream
from pbxretain.evidence.leaves import Block, BlockFile, Marked
from pbxretain.haul import Column, Haul
from pbxretain.records import Bits, Field, Taken, pack
from pbxretain.sought import e164

TAG, ROW = 16, 64
"""Bytes of a tag, and of one row of an index: tag, masked position and number, leaf."""

_KNOWN = 1 << 16
"""Numbers whose party is remembered, so that each is normalised once."""

_REMEMBERED = 1 << 17
"""Entries of which a repeat is recognised, at the least."""

_PORTION = 1 << 17
"""Rows that are sorted in memory at once."""

_LEAF = b"pbxretain/lookup/2"
_EIGHT = (8).to_bytes(4, "big")
_FIRST = pack((0).to_bytes(4, "big"))
_MOST = (1 << 16) - 1


# --- parties ------------------------------------------------------------------------------


_IN_BRACKETS = re.compile(r"<([^<>]*)>\s*$")
_SCHEME = re.compile(r"^\s*(?:sips?|tel):", re.IGNORECASE)
_ADDRESS = re.compile("[@;]")
_CHANNEL = re.compile(r"[A-Za-z][A-Za-z0-9]*/([^/-]+)")
_SEPARATORS = re.compile(r"[\s()./-]")
_CODE = re.compile(r"[0-9*#]*[*#][0-9*#]*")
_NUMBER = re.compile(r"\+?[0-9]+")


@lru_cache(maxsize=1 << 14)  # a few megabytes: whoever asks for many keeps what he needs
def party(value: bytes, region: str | None) -> str | None:
    """The one spelling of a number: ``+49301234567``, ``ext:411`` or ``raw:0301234``.

    ``region`` is the two-letter country whose national numbers are meant. Up to six digits
    without a trunk prefix are an extension. None for withheld numbers, names and addresses.
    """
    text = value.decode("utf-8", "replace")
    if not value.isdigit():
        if inner := _IN_BRACKETS.search(text):
            text = inner[1]
        text = _SCHEME.sub("", text)
        text = _ADDRESS.split(text, maxsplit=1)[0].strip()
        if channel := _CHANNEL.match(text):
            text = channel[1]
        text = _SEPARATORS.sub("", text)
        if _CODE.fullmatch(text):
            return f"ext:{text}"
        if not _NUMBER.fullmatch(text) or not text.isascii():
            return None
    if len(text) <= 6 and text[0] not in "+0":
        return f"ext:{text}"
    return _international(text, region) or f"raw:{text.lstrip('+')}"


def _international(text: str, region: str | None) -> str | None:
    return e164(re.sub("^00", "+", text) if region is None else text, region)


def parties_meant(
    number: str, *, region: str | None, stored: bool, extension: bool
) -> tuple[str, ...]:
    """Every spelling under which an index may hold a number that a person typed. ``stored``:
    the source had a region, so that national numbers are there in international form."""
    if extension:
        return (f"ext:{re.sub(r'[^0-9*#]', '', number)}",)
    meant = party(number.encode("utf-8", "replace"), region)
    if meant is None or not meant.startswith("+") or stored:
        return (meant,) if meant else ()
    import phonenumbers

    style = phonenumbers.PhoneNumberFormat.NATIONAL
    national = phonenumbers.format_number(phonenumbers.parse(meant), style)
    digits = (re.sub("[^0-9]", "", text) for text in (national, number))
    return tuple(dict.fromkeys([meant, *(f"raw:{text}" for text in digits)]))


class _Parties(dict[Field, bytes]):
    """Packed parties of values as the source has them; empty where there is none."""

    def __init__(self, region: str | None) -> None:
        super().__init__()
        self._region = region

    def __missing__(self, value: Field) -> bytes:
        if len(self) >= _KNOWN:
            self.clear()
        spelled = party(value, self._region) if value else None
        known = self[value] = pack(spelled.encode()) if spelled else b""
        return known


# --- making -------------------------------------------------------------------------------


class Lookup:
    """Makes the lookup rows of one dataset in one run; an entry's key serves that entry only."""

    __slots__ = ("_entry", "_keyed", "_last", "_look", "_next", "_older", "_parties", "_younger")

    def __init__(self, key: RunKey, *, source: str, dataset: str, region: str | None) -> None:
        self._look, self._entry = lookup_keys(key, source=source, dataset=dataset)
        self._keyed = hashlib.blake2s(key=self._look)
        self._parties = _Parties(region)
        self._next = 0
        self._younger: dict[bytes, int] = {}
        self._older: dict[bytes, int] = {}
        self._last: list[bytes] = []

    def rows(self, first: int, taken: Sequence[Taken]) -> tuple[int, bytes]:
        """The first entry's number and the rows of one batch, ``RowFile.WIDTH`` bytes each, by
        tag. ``first`` is the position of the batch's first record."""
        wanted = list(self._wanted(taken))
        number = self._next
        self._next += len(wanted)
        self._last = []
        stream = keystream(self._entry, number, len(wanted))
        look, repeats, sha256 = self._keyed.copy, self._repeat, hashlib.sha256
        number_of, packed = int.from_bytes, _ROW.pack
        rows = []
        for at, (place, named) in enumerate(wanted):
            state = look()
            state.update(named + _FIRST)
            found, running = state.digest(), _FIRST
            if repeat := repeats(found[:TAG]):
                found = tag_of(self._look, named, repeat)
                running = pack(repeat.to_bytes(4, "big"))
            position = first + place
            masked = number_of(found[TAG:], "big") ^ (position << 64 | number + at)
            key = stream[32 * at : 32 * at + 32]
            tail = running + _EIGHT + position.to_bytes(8, "big")
            leaf = sha256(b"".join((b"\x00", key, _PREFIX, named, tail))).digest()
            mask = masked.to_bytes(16, "big")
            rows.append(packed(found[:TAG], mask, leaf, place, min(repeat, _MOST)))
        rows.sort()
        return number, b"".join(rows)

    def _wanted(self, taken: Sequence[Taken]) -> Iterator[tuple[int, bytes]]:
        """Place in the batch, and party and minute packed, of each entry."""
        known = self._parties.__getitem__
        if isinstance(taken, Haul):
            columns: Sequence[Column] = taken.subjects
            minutes = [second // 60 for second in taken.seconds]
        else:
            columns = list(zip_longest(*(record.subjects for record in taken)))
            minutes = [minute(record) for record in taken]
        whens = {each: _EIGHT + each.to_bytes(8, "big", signed=True) for each in set(minutes)}
        parties = zip(*(list(map(known, column)) for column in columns), strict=True)
        for place, (when, names) in enumerate(zip(minutes, parties, strict=False)):
            for name in dict.fromkeys(names):
                if name:
                    yield place, name + whens[when]

    def undo(self) -> None:
        """The last batch was rolled back: its repeats never were. Its entry numbers stay used."""
        for tag in self._last:
            (self._younger if tag in self._younger else self._older)[tag] -= 1
        self._last = []

    def _repeat(self, tag: bytes) -> int:
        """How often this first tag came before, as far as that is remembered."""
        repeat = self._younger.get(tag)
        if repeat is None:
            repeat = self._older.get(tag, 0)
        self._younger[tag] = repeat + 1
        self._last.append(tag)
        if len(self._younger) >= _REMEMBERED:
            self._older, self._younger = self._younger, {}
        return repeat

    def __repr__(self) -> str:
        return "<lookup>"


_PREFIX = pack(_LEAF)
_ROW = Struct(f">{TAG}s16s32sIH")
"""As ``RowFile`` says: tag, masked position and number, leaf, place, running number."""


def lookup_keys(key: RunKey, *, source: str, dataset: str) -> tuple[bytes, bytes]:
    """K_look for tags and masks, and K_entry for the keystream of entry keys."""
    return (
        key.derived(b"pbxretain/look/2", source=source, dataset=dataset),
        key.derived(b"pbxretain/entry/2", source=source, dataset=dataset),
    )


def minute(record: Taken) -> int:
    """Whole minutes since 1970 (UTC) of a record's start event."""
    return int(record.when.timestamp() // 60)


def tag_of(look: bytes, named: bytes, repeat: int) -> bytes:
    """Tag and mask, 16 bytes each: keyed BLAKE2s over party, minute and running number."""
    return hashlib.blake2s(named + pack(repeat.to_bytes(4, "big")), key=look).digest()


def entry_leaf(key: bytes, *, party: str, minute: int, repeat: int, position: int) -> bytes:
    """The leaf hash of an opened entry; EvidenceError for fields that no entry can have."""
    try:
        fields = pack(
            _LEAF,
            party.encode(),
            minute.to_bytes(8, "big", signed=True),
            repeat.to_bytes(4, "big"),
            position.to_bytes(8, "big"),
        )
    except (OverflowError, UnicodeEncodeError):
        raise EvidenceError("An entry of the lookup can't be read.", code="MALFORMED") from None
    if len(key) != 32:
        raise EvidenceError("An entry key has exactly 32 bytes.", code="MALFORMED")
    return hashlib.sha256(b"\x00" + key + fields).digest()


# --- from batches to the index --------------------------------------------------------------


class RowFile(BlockFile):
    """The lookup rows of one dataset of one run, sorted within each batch. Behind the row of the
    index stand the record's place in its batch (4 bytes) and the running number (2)."""

    WIDTH = ROW + 6


@dataclass(frozen=True, slots=True)
class Rows:
    """What of a row file belongs into the index. ``probe`` is how many running numbers in a row
    a search may miss before it has seen all: more than 1 where records of a batch stayed."""

    file: RowFile
    blocks: Sequence[tuple[Block, Bits | None]]
    size: int
    probe: int

    def __iter__(self) -> Iterator[bytes]:
        """The index rows by tag, with at most some 20 MB in memory."""
        portions = max(1, -(-sum(block.count for block, _ in self.blocks) // _PORTION))
        with self.file.path.open("rb") as file:
            readers = [_Reader(file, *each, portions) for each in self.blocks]
            for portion in range(1, portions + 1):
                last = portion == portions
                bound = b"" if last else (portion * (1 << 32) // portions).to_bytes(4, "big")
                rows = [row for reader in readers for row in reader.below(bound)]
                rows.sort()
                yield from rows


def select_rows(file: RowFile, marked: Marked) -> Rows:
    """The rows of all records that are gone; EvidenceError when a marked batch has no sound
    block."""
    by_batch = {block.batch: block for block in file.blocks()}
    if not by_batch.keys() >= marked.keys():
        raise EvidenceError("The lookup rows of a finished batch are missing.")
    blocks = [(by_batch[batch], bits) for batch, bits in sorted(marked.items())]
    dropped, size, most = 0, 0, 0
    for block, bits in blocks:
        items = file.items(block)  # also checks the digest
        stayed = 0 if bits is None else sum(not bits[_place(item)] for item in items)
        dropped += stayed
        size += len(items) - stayed
        most = max(most, max((int.from_bytes(i[-2:], "big") for i in items), default=0))
    return Rows(file, blocks, size, probe=1 + min(dropped, most))


def _place(item: bytes) -> int:
    return int.from_bytes(item[ROW : ROW + 4], "big")


class _Reader:
    """Reads one sorted block portion by portion."""

    def __init__(self, file: BinaryIO, block: Block, bits: Bits | None, portions: int) -> None:
        self._file, self._block, self._bits = file, block, bits
        self._at = 0
        self._step = block.count // portions * 5 // 4 + 16

    def below(self, bound: bytes) -> Iterator[bytes]:
        """The next rows of records that are gone, up to a tag; all that is left for ``b""``."""
        block, width = self._block, self._block.width
        while self._at < block.count:
            self._file.seek(block.begin + self._at * width)
            data = self._file.read(min(self._step, block.count - self._at) * width)
            items = [data[at : at + width] for at in range(0, len(data), width)]
            cut = bisect_left(items, bound) if bound else len(items)
            for item in items[:cut]:
                if self._bits is None or self._bits[_place(item)]:
                    yield item[:ROW]
            self._at += cut
            if cut < len(items) or not items:
                return


# --- looking ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """One opened entry. ``row`` is its place in the index and in the tree, ``key`` opens it."""

    row: int
    party: str
    minute: int
    repeat: int
    position: int
    key: bytes

    def __repr__(self) -> str:
        return "<entry>"


class Search:
    """Finds entries in one dataset's index; needs the opened run key."""

    def __init__(self, key: RunKey, *, source: str, dataset: str) -> None:
        self._look, self._entry = lookup_keys(key, source=source, dataset=dataset)

    def entries(
        self, index: bytes | memoryview, *, party: str, minutes: range, probe: int
    ) -> Iterator[Entry]:
        """Every entry of a party in these UTC minutes. ``index`` holds whole rows, sorted.

        EvidenceError when a row is not what its tag says.
        """
        find = _finder(index)
        name, look = pack(party.encode()), self._look
        blake2s = hashlib.blake2s
        for when in minutes:
            named = name + b"\0\0\0\x08" + when.to_bytes(8, "big", signed=True)
            found = blake2s(named + _FIRST, key=look).digest()
            repeat = missed = 0
            while True:
                row = find(found[:TAG])
                if row is None:
                    missed += 1
                    if missed >= probe:
                        break
                else:
                    missed = 0
                    yield from self._opened(index, row, found, (party, when, repeat))
                repeat += 1
                found = tag_of(look, named, repeat)

    def _opened(
        self, index: bytes | memoryview, row: int, found: bytes, named: tuple[str, int, int]
    ) -> Iterator[Entry]:
        party, when, repeat = named
        mask = int.from_bytes(found[TAG:], "big")
        # Beyond what a run remembers, two entries may bear one tag.
        while bytes(index[row * ROW : row * ROW + TAG]) == found[:TAG]:
            data = bytes(index[row * ROW : row * ROW + ROW])
            plain = int.from_bytes(data[TAG:32], "big") ^ mask
            position, number = plain >> 64, plain & (1 << 64) - 1
            key = keystream(self._entry, number, 1) if number < 1 << 63 else b""
            entry = Entry(row, party, when, repeat, position, key)
            if not key or data[32:] != opened_leaf(entry):
                raise EvidenceError("A row of a lookup index is damaged.", code="SIDECAR")
            yield entry
            row += 1


def opened_leaf(entry: Entry) -> bytes:
    """The leaf hash that an entry must have."""
    return entry_leaf(
        entry.key,
        party=entry.party,
        minute=entry.minute,
        repeat=entry.repeat,
        position=entry.position,
    )


def _finder(index: bytes | memoryview) -> Callable[[bytes], int | None]:
    count = len(index) // ROW
    places = range(count)

    def find(tag: bytes) -> int | None:
        row = bisect_left(places, tag, key=lambda at: bytes(index[at * ROW : at * ROW + TAG]))
        return row if bytes(index[row * ROW : row * ROW + TAG]) == tag else None

    if count > _PORTION:
        return find
    # For a few rows a table is quicker than a search; of equal tags the first row stays.
    table = {bytes(index[at * ROW : at * ROW + TAG]): at for at in reversed(places)}
    return table.get
