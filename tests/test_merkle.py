"""The tree is RFC 9162's, and no proof shows what isn't there."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxretain.evidence import merkle

# The inputs of the published Certificate Transparency test data.
CT = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]


def naive(data: list[bytes]) -> bytes:
    """RFC 9162 2.1.1, word for word."""
    if not data:
        return hashlib.sha256(b"").digest()
    if len(data) == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    k = 1
    while k * 2 < len(data):
        k *= 2
    return hashlib.sha256(b"\x01" + naive(data[:k]) + naive(data[k:])).digest()


def hashes(data: list[bytes]) -> list[bytes]:
    return [merkle.leaf_hash(item) for item in data]


@pytest.mark.parametrize(
    ("size", "root"),
    [
        (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ],
)
def test_published_roots_come_out(size: int, root: str) -> None:
    assert merkle.root(hashes(CT[:size])).hex() == root


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_root_is_the_naive_definition_at_every_size(data: list[bytes]) -> None:
    assert merkle.root(iter(hashes(data))) == naive(data)


def test_growing_shows_every_root_on_the_way_and_keeps_few_hashes() -> None:
    data = [bytes([i]) for i in range(130)]
    tree = merkle.Tree()
    for count, leaf in enumerate(hashes(data), 1):
        tree.add(leaf)
        assert tree.root() == naive(data[:count])
        assert len(tree._peaks) == count.bit_count()


def test_every_leaf_of_every_small_tree_is_proved_and_nothing_else() -> None:
    for size in range(1, 20):
        leaves = hashes([bytes([i]) for i in range(size)])
        root = merkle.root(leaves)
        for index in range(size):
            proof = merkle.inclusion_proof(leaves, index)

            def shown(
                leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes = root
            ) -> bool:
                return merkle.is_included(leaf, index=index, size=size, proof=proof, root=root)

            assert shown(leaves[index], index, size, proof)
            assert not shown(merkle.leaf_hash(b"other"), index, size, proof)
            assert not shown(leaves[index], index, size, [*proof, bytes(32)])
            assert not shown(leaves[index], index, size, proof, bytes(32))
            assert not shown(leaves[index], size, size, proof)
            assert not shown(leaves[index], -1, size, proof)
            if proof:
                assert not shown(leaves[index], index, size, proof[:-1])
                assert not shown(leaves[index], index ^ 1, size, proof)
                assert not shown(leaves[index], index, size, [bytes(31), *proof[1:]])


def test_a_leaf_outside_the_tree_has_no_proof() -> None:
    for index in (-1, 2, 3):
        with pytest.raises(IndexError):
            merkle.inclusion_proof(hashes([b"a", b"b"]), index)


def test_an_interior_node_is_no_leaf_of_its_own_data() -> None:
    left, right = hashes([b"a", b"b"])
    assert merkle.leaf_hash(left + right) != merkle.node_hash(left, right)
