"""Which tree do these leaves make, and is this leaf in it?

RFC 9162 section 2.1 over leaf hashes that are hashed already (``SHA-256(0x00 || data)``). Nodes
are ``SHA-256(0x01 || left || right)``, so no node passes for a leaf as long as whoever opens a
leaf computes its hash from the opened data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import islice

from pbxretain import bulk

EMPTY_ROOT = hashlib.sha256(b"").digest()

_WIDEST = 1 << 16
"""Leaves that are hashed level by level at once, at the most."""


def leaf_hash(data: bytes) -> bytes:
    """The leaf hash of leaf data."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an interior node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """Grows a root leaf by leaf; remembers one hash per bit of its size."""

    __slots__ = ("_peaks", "size")

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.size = 0
        self._peaks: list[bytes] = []
        rest = iter(leaves)
        while some := list(islice(rest, _WIDEST)):
            self.extend(b"".join(some))

    def add(self, leaf: bytes) -> None:
        """Appends one leaf hash."""
        self._push(leaf, self.size)
        self.size += 1

    def extend(self, leaves: bytes) -> None:
        """Appends leaf hashes, joined: in the largest steps that are whole subtrees."""
        while left := len(leaves) // bulk.DIGEST:
            step = min(self.size & -self.size or _WIDEST, 1 << left.bit_length() - 1)
            nodes, leaves = leaves[: step * bulk.DIGEST], leaves[step * bulk.DIGEST :]
            while len(nodes) > bulk.DIGEST:
                nodes = bulk.parents(nodes)
            self._push(nodes, self.size // step)
            self.size += step

    def _push(self, node: bytes, rest: int) -> None:
        """One full subtree behind ``rest`` of its size."""
        while rest & 1:
            node = node_hash(self._peaks.pop(), node)
            rest >>= 1
        self._peaks.append(node)

    def root(self) -> bytes:
        """The root so far; SHA-256 of nothing for an empty tree."""
        if not self._peaks:
            return EMPTY_ROOT
        *peaks, root = self._peaks
        for peak in reversed(peaks):
            root = node_hash(peak, root)
        return root


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes, in order."""
    return Tree(leaves).root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The sibling hashes from leaf ``index`` up to the root; IndexError outside the tree."""
    if not 0 <= index < len(leaves):
        raise IndexError("no such leaf")
    level, proof = list(leaves), []
    while len(level) > 1:
        if index ^ 1 < len(level):
            proof.append(level[index ^ 1])
        level = _next_level(level)
        index >>= 1
    return proof


def _next_level(level: list[bytes]) -> list[bytes]:
    # An odd last node moves up unchanged: the same tree as RFC 9162's split at powers of two.
    pairs = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return pairs + level[len(level) // 2 * 2 :]


def is_included(leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether ``proof`` shows the leaf hash at ``index`` of a tree of ``size`` with that root."""
    if not 0 <= index < size or any(len(node) != 32 for node in (leaf, *proof)):
        return False
    last = size - 1
    for sibling in proof:
        if last == 0:
            return False
        if index & 1 or index == last:
            leaf = node_hash(sibling, leaf)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            leaf = node_hash(leaf, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and leaf == root


def consistency_proof(leaves: Sequence[bytes], old: int) -> list[bytes]:
    """RFC 9162 section 2.1.4: that the tree over these leaf hashes begins with its first ``old``.

    Empty for the whole tree and for nothing; IndexError outside the tree.
    """
    if not 0 <= old <= len(leaves):
        raise IndexError("no such size")
    return _subproof(list(leaves), old, whole=True) if 0 < old < len(leaves) else []


def _subproof(leaves: list[bytes], old: int, *, whole: bool) -> list[bytes]:
    size = len(leaves)
    if old == size:
        return [] if whole else [root(leaves)]
    half = 1 << (size - 1).bit_length() - 1
    if old <= half:
        return [*_subproof(leaves[:half], old, whole=whole), root(leaves[half:])]
    return [*_subproof(leaves[half:], old - half, whole=False), root(leaves[:half])]


def is_consistent(
    *, old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether ``proof`` shows that the tree of size ``new`` begins with the one of size ``old``."""
    if not 0 <= old <= new or any(len(node) != 32 for node in (old_root, new_root, *proof)):
        return False
    if old == new:
        return old_root == new_root and not proof
    if old == 0:
        return old_root == EMPTY_ROOT and not proof
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, after = node_hash(node, before), node_hash(node, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, node)
        at, last = at >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root
