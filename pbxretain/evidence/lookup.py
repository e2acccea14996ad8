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
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, compress, repeat, zip_longest
from operator import add, and_, ne
from struct import Struct
from typing import BinaryIO, TypeVar

from pbxretain import bulk
from pbxretain.errors import EvidenceError
from pbxretain.evidence.commitments import RunKey, keystream
from pbxretain.evidence.leaves import Block, BlockFile, Marked
from pbxretain.haul import Column, Haul
from pbxretain.records import Bits, Field, Taken, pack
from pbxretain.sought import e164

T = TypeVar("T")

TAG, ROW = 16, 64
"""Bytes of a tag, and of one row of an index: tag, masked position and number, leaf."""

_KNOWN = 1 << 16
"""Numbers whose party is remembered at the least, at the most twice as many: to normalise one
costs as much as all else of ten entries."""

_REMEMBERED = 1 << 15
"""Entries of which a repeat is recognised, at the least."""

_PORTION = 1 << 17
"""Rows that are sorted in memory at once."""

_AT_ONCE = 1 << 12
"""Rows that go on at once."""

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
        self._older: dict[Field, bytes] = {}

    def __missing__(self, value: Field) -> bytes:
        if len(self) >= _KNOWN:
            self._older = dict(self)
            self.clear()
        known = self._older.get(value)
        if known is None:
            spelled = party(value, self._region) if value else None
            known = pack(spelled.encode()) if spelled else b""
        self[value] = known
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
        places, named = self._wanted(taken)
        number, count = self._next, len(named)
        self._next += count
        found = self._tags(named)
        repeats = self._repeats([each[:TAG] for each in found])
        for at in filter(repeats.__getitem__, range(count)):
            found[at] = tag_of(self._look, named[at], repeats[at])
        positions = [first + place for place in places]
        numbers = range(number, number + count)
        heads = _masked(b"".join(found), _struct("16xQQ", positions, numbers))
        tails = _struct("IIIQ", repeat(4), repeats, repeat(8), positions)
        stream = keystream(self._entry, number, count)
        leaves = bulk.hashed(named, b"\x00", stream, _PREFIX, tails)
        ends = _struct("IH", places, [min(each, _MOST) for each in repeats])
        return number, bulk.sorted_rows([heads, leaves, ends], count)

    def _wanted(self, taken: Sequence[Taken]) -> tuple[list[int], list[bytes]]:
        """For each entry its record's place in the batch, and party and minute packed. A party
        that stands twice in a record has one entry."""
        if isinstance(taken, Haul):
            columns: Sequence[Column] = taken.subjects
            minutes = [second // 60 for second in taken.seconds]
        else:
            columns = list(zip_longest(*(record.subjects for record in taken)))
            minutes = [minute(record) for record in taken]
        packed = {each: _EIGHT + each.to_bytes(8, "big", signed=True) for each in set(minutes)}
        whens = [packed[each] for each in minutes]
        parties = [list(map(self._parties.__getitem__, column)) for column in columns]
        named = [map(add, names, whens) for names in parties]
        wanted = list(_row_by_row([_new(parties[:at], names) for at, names in enumerate(parties)]))
        places = chain.from_iterable(map(repeat, range(len(whens)), repeat(len(columns))))
        return list(compress(places, wanted)), list(compress(_row_by_row(named), wanted))

    def _tags(self, named: Sequence[bytes]) -> list[bytes]:
        """As ``tag_of``, of each entry as if it were the first."""
        states = [self._keyed.copy() for _ in named]
        update, digest = type(self._keyed).update, type(self._keyed).digest
        deque(map(update, states, map(add, named, repeat(_FIRST))), maxlen=0)
        return list(map(digest, states))

    def undo(self) -> None:
        """The last batch was rolled back: its repeats never were. Its entry numbers stay used."""
        for tag in self._last:
            (self._younger if tag in self._younger else self._older)[tag] -= 1
        self._last = []

    def _repeats(self, tags: Sequence[bytes]) -> list[int]:
        """How often each first tag came before, as far as that is remembered."""
        younger, older, repeats = self._younger, self._older.get, []
        for tag in tags:
            known = younger.get(tag)
            came = older(tag, 0) if known is None else known
            younger[tag] = came + 1
            repeats.append(came)
        self._last = list(tags)
        if len(younger) >= _REMEMBERED:
            self._older, self._younger = younger, {}
        return repeats

    def __repr__(self) -> str:
        return "<lookup>"


def _row_by_row(columns: Sequence[Iterable[T]]) -> Iterator[T]:
    return chain.from_iterable(zip(*columns, strict=True))


def _new(earlier: Sequence[Sequence[bytes]], names: Sequence[bytes]) -> list[bool]:
    """Which records have a party here, and one that no earlier column has."""
    new = list(map(bool, names))
    for column in earlier:
        new = list(map(and_, new, map(ne, names, column)))
    return new


def _struct(form: str, *columns: Iterable[int]) -> bytes:
    """Numbers row by row, big-endian; only the shortest column tells how many rows."""
    values = list(chain.from_iterable(zip(*columns, strict=False)))
    return Struct(">" + form * (len(values) // len(columns))).pack(*values)


def _masked(found: bytes, plain: bytes) -> bytes:
    """What is found by, and under its mask what is told: all rows in one sum."""
    masked = int.from_bytes(found, "big") ^ int.from_bytes(plain, "big")
    return masked.to_bytes(len(plain), "big")


_PREFIX = pack(_LEAF)


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
        """The index rows by tag, many joined, with at most some 20 MB in memory."""
        count = max(1, -(-sum(block.count for block, _ in self.blocks) // _PORTION))
        with self.file.path.open("rb") as file:
            readers = [_Reader(file, *each, count) for each in self.blocks]
            for portion in range(1, count + 1):
                last = portion == count
                bound = b"" if last else (portion * (1 << 32) // count).to_bytes(4, "big")
                rows = sorted(row for reader in readers for row in reader.below(bound))
                for at in range(0, len(rows), _AT_ONCE):
                    yield b"".join(rows[at : at + _AT_ONCE])


def select_rows(file: RowFile, marked: Marked) -> Rows:
    """The rows of all records that are gone; EvidenceError when a marked batch has no sound
    block."""
    by_batch = {block.batch: block for block in file.blocks()}
    if not by_batch.keys() >= marked.keys():
        raise EvidenceError("The lookup rows of a finished batch are missing.")
    blocks = [(by_batch[batch], bits) for batch, bits in sorted(marked.items())]
    dropped, size, most = 0, 0, 0
    for block, bits in blocks:
        data = file.data(block)  # also checks the digest
        stayed = 0
        if bits is not None:
            stayed = sum(not bits[_place(item)] for item in file.items(block))
        dropped += stayed
        size += block.count - stayed
        most = max(most, _most(data))
    return Rows(file, blocks, size, probe=1 + min(dropped, most))


def _most(data: bytes) -> int:
    """The highest running number of a block: the last two bytes of each row."""
    high, low = (data[at :: RowFile.WIDTH] for at in (RowFile.WIDTH - 2, RowFile.WIDTH - 1))
    top = max(high, default=0)
    if not top:
        return max(low, default=0)
    return top << 8 | max(compress(low, map(top.__eq__, high)))


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
            if self._bits is None:
                yield from [item[:ROW] for item in items[:cut]]
            else:
                yield from [item[:ROW] for item in items[:cut] if self._bits[_place(item)]]
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
