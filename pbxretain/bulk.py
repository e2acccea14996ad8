"""How are thousands of small byte strings packed, hashed and cut in one call each?

What a batch asks of each of its records, asked of all at once. Written out here in Python, which
defines it; where the package was built with a C compiler and OpenSSL's headers at hand, the same
functions in C (``_bulk.c``) take their place and cost a fifth. Nothing else differs: leaves, tags
and trees are the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import repeat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pbxretain.records import Field

try:
    from pbxretain import _bulk
except ImportError:
    _bulk = None  # type: ignore[assignment]

DIGEST = 32
"""Bytes of a SHA-256."""

NULL = b"\xff\xff\xff\xff"
"""What is packed where a field is NULL: no length is as large."""

HEADS = [size.to_bytes(4, "big") for size in range(512)]
"""What is packed in front of a text of so many bytes."""

COMPILED = _bulk is not None
"""Whether the functions here are those in C."""

WHOLE = 0xFFFFFF
"""The size of a packet that goes on in the next one."""

_NULL, _ERROR = 0xFB, 0xFF
_WIDE = {0xFC: 2, 0xFD: 3, 0xFE: 8}
"""How many bytes tell a length, by what stands before them."""

_digest = type(hashlib.sha256()).digest
"""Of a SHA-256 state, for ``map``: thousands of hashes without a line of Python each."""


def packed(columns: Sequence[Sequence[Field]]) -> list[bytes]:
    """Each row of the columns as one length-prefixed concatenation, injective: for each field its
    length in 4 bytes, big-endian, and its bytes; NULL apart. As ``records.pack`` of each row.

    ValueError for columns of different lengths, TypeError for what is neither bytes nor None.
    """
    pieces = [piece for column in columns for piece in _headed(column)]
    return list(map(b"".join, zip(*pieces, strict=True)))


def hashed(
    bodies: Sequence[bytes], lead: bytes, keys: bytes, middle: bytes, tails: bytes = b""
) -> bytes:
    """The SHA-256 of ``lead || key || middle || body || tail`` for each body, joined. ``keys`` are
    32 bytes for each body, joined, or none at all; ``tails`` as many bytes for each, or none.

    ValueError for another number of keys than of bodies, or tails that can't be shared out.
    """
    if keys and len(keys) != DIGEST * len(bodies):
        raise ValueError("each body needs one key")
    own, ends = (_shared_out(data, len(bodies)) or repeat(b"") for data in (keys, tails))
    parts = zip(repeat(lead), own, repeat(middle), bodies, ends, strict=False)
    return b"".join(map(_digest, map(hashlib.sha256, map(b"".join, parts))))


def sorted_rows(parts: Sequence[bytes], count: int) -> bytes:
    """Rows made of parts side by side, in ascending order, joined. Each part is the column of
    ``count`` rows, joined, of one width.

    ValueError for a part that can't be shared out.
    """
    columns = [_shared_out(part, count) for part in parts]
    return b"".join(sorted(map(b"".join, zip(*filter(None, columns), strict=True))))


def _shared_out(data: bytes, count: int) -> list[bytes]:
    """In ``count`` pieces of one size; none for nothing."""
    size, rest = divmod(len(data), count or 1)
    if rest or (data and not count):
        raise ValueError("a column has one piece for each row")
    return [data[at : at + size] for at in range(0, len(data), size or 1)]


def parents(nodes: bytes) -> bytes:
    """The next level of an RFC 9162 tree: ``SHA-256(0x01 || left || right)`` of each pair, joined.

    ValueError for half a pair.
    """
    if len(nodes) % (2 * DIGEST):
        raise ValueError("nodes come in pairs")
    sha256, step = hashlib.sha256, 2 * DIGEST
    return b"".join(
        [sha256(b"\x01" + nodes[at : at + step]).digest() for at in range(0, len(nodes), step)]
    )


def _headed(column: Sequence[Field]) -> tuple[Sequence[bytes], Sequence[bytes]]:
    """What ``packed`` writes for each value of a column: the head, and the bytes."""
    try:
        return list(map(HEADS.__getitem__, map(len, column))), column  # type: ignore[arg-type, return-value]
    except (TypeError, IndexError):  # NULL, or a long text
        heads = [NULL if value is None else len(value).to_bytes(4, "big") for value in column]
        return heads, [value or b"" for value in column]


def cut(data: bytes, columns: int) -> tuple[list[tuple[Field, ...]], int]:
    """The rows at the front of what MariaDB sends, and where they end: at the first packet that
    isn't all there or isn't one row (a row of several packets, an end, an error).

    Source: MariaDB's client/server protocol, result sets of the text protocol. ValueError for a
    row of another length than its columns.
    """
    rows: list[tuple[Field, ...]] = []
    at, end = 0, len(data)
    while end - at >= 4:
        size = data[at] | data[at + 1] << 8 | data[at + 2] << 16
        begin, stop = at + 4, at + 4 + size
        if stop > end or size == WHOLE:
            break
        if size and (data[begin] == 0xFF or (data[begin] == 0xFE and size < 9)):
            break
        rows.append(fields(data, begin, stop, columns))
        at = stop
    return rows, at


def fields(data: bytes, at: int, stop: int, columns: int) -> tuple[Field, ...]:
    """One row of ``cut``, without the head of its packet."""
    row: list[Field] = []
    for _ in range(columns):
        size = data[at] if at < stop else _ERROR
        at += 1
        if size == _NULL:
            row.append(None)
            continue
        if size > _NULL:
            wide = _WIDE.get(size, stop)
            size = int.from_bytes(data[at : at + wide], "little")
            at += wide
        row.append(data[at : at + size])
        at += size
        if at > stop:
            break
    if at != stop or len(row) != columns:
        raise ValueError("a row has another length than its columns")
    return tuple(row)


IN_PYTHON = (packed, hashed, parents, cut, sorted_rows)
"""What the functions in C are held against."""

if COMPILED:
    packed = _bulk.packed  # type: ignore[assignment]
    hashed = _bulk.hashed  # type: ignore[assignment]
    parents = _bulk.parents  # type: ignore[assignment]
    sorted_rows = _bulk.sorted_rows  # type: ignore[assignment]
    cut = _bulk.cut  # type: ignore[assignment]
