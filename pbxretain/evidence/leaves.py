"""What is on disk of a batch that may or may not become final?

The *leaf file* of one dataset of one run holds the leaves in blocks; a block that a crash tore off
at the end never existed. At level sealed a *row file* of the same form holds the lookup rows. The
*pending file* of one batch holds settle tags, by which a later run finds out which of its records
are gone; it is the one thing here that is pseudonymous, covers one batch, and is erased with the
batch's mark.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path
from typing import Self

from pbxretain import bulk, posix
from pbxretain.errors import EvidenceError
from pbxretain.evidence.commitments import LEAF_SIZE
from pbxretain.evidence.merkle import Tree
from pbxretain.haul import identities, locators
from pbxretain.records import Bits, Taken, pack
from pbxretain.signing import canonical, parse_canonical

_MAGIC = b"pbxretain-leaves/1\n"
_FRAME = struct.Struct(">QQI32s")  # batch, first index, count, SHA-256 of the leaves
_CHECK = struct.Struct(">I")
_FRAME_SIZE = _FRAME.size + _CHECK.size
_CHUNK = 1 << 20

Marked = Mapping[int, Bits | None]
"""Finished batches: one bit per record (True = gone), or None when all are gone."""


@dataclass(frozen=True, slots=True)
class Block:
    """One batch in the file: ``count`` items of ``width`` bytes. ``sound`` is False when they don't
    match the digest: blanked because the batch was rolled back, or damaged."""

    batch: int
    first: int
    count: int
    digest: str
    offset: int
    sound: bool
    width: int = LEAF_SIZE

    @property
    def begin(self) -> int:
        """Offset of the first item."""
        return self.offset + _FRAME_SIZE

    @property
    def end(self) -> int:
        """Offset behind the block."""
        return self.begin + self.count * self.width


class BlockFile:
    """Items of one size of one dataset of one run, appended batch by batch, each synced.

    All methods raise EvidenceError when the file can't be written or isn't what it should be.
    """

    WIDTH = LEAF_SIZE
    """Bytes of one item."""

    def __init__(self, path: Path) -> None:
        """Opens an existing file; a torn tail is ignored and cut off by the next append."""
        self.path = path
        self.header, self._start = _read_header(path)
        self._blocks = list(_scan(path, self._start, self.WIDTH))
        self._batches = {block.batch for block in self._blocks}

    @classmethod
    def create(cls, path: Path, header: Mapping[str, str]) -> Self:
        """Makes the file with its header: source, dataset, data class, encoding, column types and
        session settings, as names and codes. An existing file is never replaced."""
        text = canonical(dict(header))
        frame = _MAGIC + struct.pack(">I", len(text)) + text
        try:
            posix.write_synced(path, frame + _CHECK.pack(zlib.crc32(frame)), replace=False)
        except OSError:
            raise _unwritten() from None
        return cls(path)

    def append(self, batch: int, first: int, items: bytes) -> str:
        """Seals the items of one batch, synced; returns their SHA-256, hex."""
        count, rest = divmod(len(items), self.WIDTH)
        if rest or batch in self._batches or first < self.next_index:
            raise EvidenceError("The leaves of a batch were about to be written twice.")
        digest = hashlib.sha256(items).digest()
        frame = _FRAME.pack(batch, first, count, digest)
        self._write(self._end, frame + _CHECK.pack(zlib.crc32(frame)) + items)
        self._blocks.append(
            Block(batch, first, count, digest.hex(), self._end, sound=True, width=self.WIDTH)
        )
        self._batches.add(batch)
        return digest.hex()

    def discard(self, batch: int) -> None:
        """After a rollback: cuts the block off when it is the last, else blanks its items."""
        for place, block in enumerate(self._blocks):
            if block.batch != batch:
                continue
            if place == len(self._blocks) - 1:
                self._blocks.pop()
                self._batches.discard(batch)
                self._write(block.offset, b"")
            else:
                self._blocks[place] = replace(block, sound=False)
                self._write(block.begin, bytes(block.count * block.width), cut=False)
            return

    @property
    def next_index(self) -> int:
        """The first index behind all blocks in the file: they stand in the order of their
        indexes."""
        return self._blocks[-1].first + self._blocks[-1].count if self._blocks else 0

    @property
    def _end(self) -> int:
        return self._blocks[-1].end if self._blocks else self._start

    def blocks(self) -> Sequence[Block]:
        """The blocks in file order, without a torn tail."""
        return tuple(self._blocks)

    def items(self, block: Block) -> list[bytes]:
        """The items of one block; EvidenceError when they don't match its digest."""
        data, width = self.data(block), block.width
        return [data[at : at + width] for at in range(0, len(data), width)]

    def data(self, block: Block) -> bytes:
        """As ``items``, joined."""
        with self.path.open("rb") as file:
            file.seek(block.begin)
            data = file.read(block.count * block.width)
        if hashlib.sha256(data).hexdigest() != block.digest:
            raise EvidenceError("A block of evidence is damaged.", code="LEAVES_DAMAGED")
        return data

    def erase(self) -> None:
        """Removes the file, once the report is published and the level keeps no leaves."""
        erase(self.path)

    def _write(self, offset: int, data: bytes, *, cut: bool = True) -> None:
        try:
            fd = os.open(self.path, os.O_WRONLY | getattr(os, "O_CLOEXEC", 0))
            try:
                if cut:
                    os.ftruncate(fd, offset)
                os.lseek(fd, offset, os.SEEK_SET)
                posix.write_all(fd, data)
                os.fsync(fd)
            finally:
                os.close(fd)
        except OSError:
            raise _unwritten() from None


class LeafFile(BlockFile):
    """The leaf hashes of one dataset of one run."""

    def gone(self, marked: Marked) -> Iterator[tuple[Sequence[int], bytes]]:
        """Positions and hashes (joined) of the leaves that are gone, batch by batch: blocks of the
        marked batches in batch order, less what is there. That is the order of the tree.

        EvidenceError when a marked batch has no sound block or another number of leaves.
        """
        by_batch = {block.batch: block for block in self._blocks}
        for batch, bits in sorted(marked.items()):
            block = by_batch.get(batch)
            if block is None or (bits is not None and len(bits) != block.count):
                raise _missing()
            positions = range(block.first, block.first + block.count)
            if bits is None:
                yield positions, self.data(block)
            else:
                left = b"".join(compress(self.items(block), bits))
                yield list(compress(positions, bits)), left

    def tree(self, marked: Marked) -> Tree:
        """The dataset's tree, over ``gone``."""
        tree = Tree()
        for _, leaves in self.gone(marked):
            tree.extend(leaves)
        return tree


def _missing() -> EvidenceError:
    return EvidenceError("The leaves of a finished batch are missing.")


def _unwritten() -> EvidenceError:
    return EvidenceError("Evidence could not be written.", hint="free disk space")


def _read_header(path: Path) -> tuple[dict[str, str], int]:
    try:
        with path.open("rb") as file:
            frame = file.read(len(_MAGIC) + 4)
            length = min(int.from_bytes(frame[len(_MAGIC) :], "big"), 1 << 20)
            frame += file.read(length)
            check = file.read(_CHECK.size)
    except OSError:
        raise EvidenceError("A leaf file can't be read.", code="LEAVES_MISSING") from None
    if not frame.startswith(_MAGIC) or check != _CHECK.pack(zlib.crc32(frame)):
        raise EvidenceError("A leaf file is damaged.", code="LEAVES_DAMAGED")
    header = parse_canonical(frame[len(_MAGIC) + 4 :])
    return header, len(frame) + _CHECK.size


def _scan(path: Path, offset: int, width: int) -> Iterator[Block]:
    size = path.stat().st_size
    with path.open("rb") as file:
        while True:
            file.seek(offset)
            frame = file.read(_FRAME.size)
            if len(frame) < _FRAME.size or file.read(_CHECK.size) != _CHECK.pack(zlib.crc32(frame)):
                return
            batch, first, count, digest = _FRAME.unpack(frame)
            items = file.read(count * width) if count * width <= size else b""
            if len(items) < count * width:
                return
            sound = hashlib.sha256(items).digest() == digest
            block = Block(batch, first, count, digest.hex(), offset, sound, width)
            if not sound and block.end == size:
                return  # its length reached the disk and its content did not
            yield block
            offset = block.end


# --- settle tags --------------------------------------------------------------------------

_PENDING = b"pbxretain-pending/2\n"
_PENDING_HEAD = struct.Struct(">QI?32s")  # batch, count, with locators, settle key
_IDENTITY, _LOCATOR = 16, 8
_TAG = _IDENTITY + _LOCATOR
_NOWHERE = bytes(_LOCATOR)


class Pending:
    """Settle tags of one batch: keyed tags of identities under a key made for this batch."""

    __slots__ = ("_identities", "_key", "_keyed", "_located", "_tags", "batch")

    def __init__(self, batch: int, *, key: bytes, located: bool, tags: Sequence[bytes]) -> None:
        self.batch = batch
        self._key = key
        # A key of fixed size in front and half of the digest kept: nothing can be appended.
        self._keyed = pack(b"identity", key)
        self._located = located
        self._tags = tuple(tags)
        self._identities: frozenset[bytes] | None = None

    @classmethod
    def write(cls, path: Path, batch: int, taken: Sequence[Taken]) -> Self:
        """Writes the tags of a batch (0600, synced) under a fresh settle key kept beside them.

        Locators are tagged only when every record has one.
        """
        key = secrets.token_bytes(32)
        places = locators(taken)
        located = bool(taken) and all(places)
        pending = cls(batch, key=key, located=located, tags=())
        pending._tags = tuple(pending._tagged(identities(taken), places))
        data = _PENDING + _PENDING_HEAD.pack(batch, len(taken), located, key)
        data += b"".join(pending._tags)
        try:
            posix.write_synced(path, data + hashlib.sha256(data).digest())
        except OSError:
            raise _unwritten() from None
        return pending

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads a pending file; EvidenceError when it is missing or damaged."""
        try:
            data = path.read_bytes()
        except OSError:
            raise EvidenceError("The tags of a batch are missing.", code="PENDING") from None
        body, check = data[:-32], data[-32:]
        head = len(_PENDING) + _PENDING_HEAD.size
        if hashlib.sha256(body).digest() != check or not body.startswith(_PENDING):
            raise EvidenceError("The tags of a batch are damaged.", code="PENDING")
        batch, count, located, key = _PENDING_HEAD.unpack_from(body, len(_PENDING))
        tags = [body[at : at + _TAG] for at in range(head, len(body), _TAG)]
        if len(tags) != count or len(body) != head + count * _TAG:
            raise EvidenceError("The tags of a batch are damaged.", code="PENDING")
        return cls(batch, key=key, located=located, tags=tags)

    @property
    def count(self) -> int:
        """How many records the batch has."""
        return len(self._tags)

    def compare(self, present: Iterable[tuple[bytes, bytes]]) -> list[bool]:
        """One bit per record of the batch, True = gone, given all that is there now.

        Compares as a multiset: of two equal records one present counts for one. Where locators
        were written, identity and locator must both agree, else identity alone.
        """
        wanted = set(self._tags)
        there = Counter(
            tag for identity, locator in present if (tag := self._tag(identity, locator)) in wanted
        )
        gone = []
        for tag in self._tags:
            gone.append(there[tag] == 0)
            there[tag] -= there[tag] > 0
        return gone

    def matches(self, identity: bytes) -> bool:
        """Whether a record with this identity belongs to the batch."""
        if self._identities is None:
            self._identities = frozenset(tag[:_IDENTITY] for tag in self._tags)
        return self._identity(identity) in self._identities

    def _tagged(self, named: Sequence[bytes], places: Sequence[bytes]) -> Iterable[bytes]:
        """As ``_tag``, of each record."""
        if self._located:
            return map(self._tag, named, places)
        digests = bulk.hashed(named, self._keyed, b"", b"")
        starts = range(0, len(digests), bulk.DIGEST)
        return [digests[at : at + _IDENTITY] + _NOWHERE for at in starts]

    def _identity(self, identity: bytes) -> bytes:
        return hashlib.sha256(self._keyed + identity).digest()[:_IDENTITY]

    def _tag(self, identity: bytes, locator: bytes) -> bytes:
        if not self._located:
            return self._identity(identity) + _NOWHERE
        place = hashlib.blake2s(
            pack(identity, locator), key=self._key, digest_size=_LOCATOR, person=b"locator"
        ).digest()
        return self._identity(identity) + place

    def __repr__(self) -> str:
        return f"<pending {self.count}>"


def erase(path: Path) -> None:
    """Overwrites a file with zeros and removes it, durably; one already gone is no error.

    Overwriting is best effort: flash and copying file systems keep old blocks.
    """
    try:
        size = path.stat().st_size
        with path.open("r+b") as file:
            for at in range(0, size, _CHUNK):
                file.write(bytes(min(_CHUNK, size - at)))
            file.flush()
            os.fsync(file.fileno())
    except FileNotFoundError:
        return
    except OSError:
        raise _unwritten() from None
    posix.remove_synced(path)
