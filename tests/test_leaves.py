"""What a crash leaves of a batch is whole or nothing, and settling counts right."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.killing import killed_at

from pbxretain.errors import EvidenceError
from pbxretain.evidence.leaves import LeafFile, Pending, erase
from pbxretain.evidence.merkle import root
from pbxretain.records import Taken

HEADER = {"source": "hq", "dataset": "call-log", "encoding": "mysql/1"}
WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def some(count: int, mark: int = 1) -> bytes:
    return b"".join(bytes([mark, i]) * 16 for i in range(count))


def split(data: bytes) -> list[bytes]:
    return [data[i : i + 32] for i in range(0, len(data), 32)]


@pytest.fixture
def leaf_file(tmp_path: Path) -> LeafFile:
    return LeafFile.create(tmp_path / "leaves", HEADER)


def test_blocks_are_read_back_with_their_header(leaf_file: LeafFile) -> None:
    leaf_file.append(1, 0, some(3))
    leaf_file.append(2, 3, some(2, 2))
    again = LeafFile(leaf_file.path)
    assert again.header == HEADER
    assert [(b.batch, b.first, b.count, b.sound) for b in again.blocks()] == [
        (1, 0, 3, True),
        (2, 3, 2, True),
    ]
    assert again.items(again.blocks()[1]) == split(some(2, 2))
    assert again.next_index == 5
    assert stat.S_IMODE(leaf_file.path.stat().st_mode) == 0o600


def test_the_tree_takes_marked_batches_in_order_less_what_is_there(leaf_file: LeafFile) -> None:
    leaf_file.append(1, 0, some(3))
    leaf_file.append(2, 3, some(2, 2))
    leaf_file.append(3, 5, some(2, 3))
    tree = leaf_file.tree({3: [True, False], 1: None})
    assert tree.size == 4
    assert tree.root() == root([*split(some(3)), *split(some(2, 3))[:1]])
    assert leaf_file.tree({}).size == 0


def test_a_marked_batch_without_leaves_is_an_error_not_a_smaller_tree(
    leaf_file: LeafFile,
) -> None:
    leaf_file.append(1, 0, some(3))
    for marked in ({2: None}, {1: [True]}, {1: [True] * 4}):
        with pytest.raises(EvidenceError):
            leaf_file.tree(marked)


def test_a_batch_number_or_an_index_is_never_written_twice(leaf_file: LeafFile) -> None:
    leaf_file.append(1, 0, some(3))
    for batch, first in ((1, 3), (2, 0), (2, 2)):
        with pytest.raises(EvidenceError):
            leaf_file.append(batch, first, some(1))
    with pytest.raises(EvidenceError):
        leaf_file.append(2, 3, b"short")


def test_a_rolled_back_block_is_cut_off_when_last_and_blanked_otherwise(
    leaf_file: LeafFile,
) -> None:
    leaf_file.append(1, 0, some(2, 7))
    leaf_file.append(2, 2, some(2, 8))
    leaf_file.append(3, 4, some(2, 9))
    leaf_file.discard(3)
    leaf_file.discard(1)
    data = leaf_file.path.read_bytes()
    assert some(1, 7) not in data
    assert some(1, 9) not in data
    again = LeafFile(leaf_file.path)
    assert [(b.batch, b.sound) for b in again.blocks()] == [(1, False), (2, True)]
    with pytest.raises(EvidenceError):
        again.tree({1: None})
    assert again.tree({2: None}).root() == root(split(some(2, 8)))


def test_a_torn_tail_of_any_length_is_no_block_and_is_written_over(tmp_path: Path) -> None:
    first = LeafFile.create(tmp_path / "whole", HEADER)
    first.append(1, 0, some(2))
    keep = first.path.stat().st_size
    first.append(2, 2, some(2, 2))
    data = first.path.read_bytes()
    for end in range(keep, len(data)):
        path = tmp_path / "torn"
        path.write_bytes(data[:end])
        torn = LeafFile(path)
        assert [b.batch for b in torn.blocks()] == [1], end
        torn.append(2, 2, some(2, 3))
        assert LeafFile(path).tree({1: None, 2: None}).size == 4
        path.unlink()


def test_a_tail_whose_content_never_reached_the_disk_is_no_block(leaf_file: LeafFile) -> None:
    leaf_file.append(1, 0, some(2))
    keep = leaf_file.path.stat().st_size
    leaf_file.append(2, 2, some(2, 2))
    data = leaf_file.path.read_bytes()
    leaf_file.path.write_bytes(data[:-32] + bytes(32))
    assert [b.batch for b in LeafFile(leaf_file.path).blocks()] == [1]
    leaf_file.path.write_bytes(data[:keep] + bytes(len(data) - keep))
    assert [b.batch for b in LeafFile(leaf_file.path).blocks()] == [1]


def test_damage_in_the_middle_is_an_error(leaf_file: LeafFile) -> None:
    leaf_file.append(1, 0, some(2))
    leaf_file.append(2, 2, some(2, 2))
    data = bytearray(leaf_file.path.read_bytes())
    data[leaf_file.blocks()[0].end - 1] ^= 1
    leaf_file.path.write_bytes(data)
    again = LeafFile(leaf_file.path)
    assert [b.sound for b in again.blocks()] == [False, True]
    with pytest.raises(EvidenceError):
        again.tree({1: None, 2: None})


def test_a_damaged_header_is_an_error(leaf_file: LeafFile) -> None:
    data = leaf_file.path.read_bytes()
    for at in range(len(data)):
        leaf_file.path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(EvidenceError):
            LeafFile(leaf_file.path)


def test_killed_while_appending_a_batch_is_whole_or_absent(tmp_path: Path) -> None:
    for n in range(1, 20):
        path = tmp_path / str(n)
        file = LeafFile.create(path, HEADER)
        file.append(1, 0, some(2))
        killed = killed_at(n, lambda file=file: file.append(2, 2, some(2, 2)))  # type: ignore[misc]
        blocks = LeafFile(path).blocks()
        assert [b.batch for b in blocks] in ([1], [1, 2])
        assert all(b.sound for b in blocks)
        if not killed:
            assert len(blocks) == 2
            assert n > 2
            return
    pytest.fail("never ran to its end")


def record(name: bytes, locator: bytes = b"") -> Taken:
    return Taken(key=(name,), start=b"s", when=WHEN, call=(b"c",), locator=locator)


def present(*records: Taken) -> list[tuple[bytes, bytes]]:
    return [(r.identity, r.locator) for r in records]


def test_equal_records_are_compared_as_a_multiset(tmp_path: Path) -> None:
    a, b = record(b"a"), record(b"b")
    Pending.write(tmp_path / "p", 1, [a, a, b])
    pending = Pending.read(tmp_path / "p")
    assert (pending.batch, pending.count) == (1, 3)
    assert pending.compare([]) == [True, True, True]
    assert pending.compare(present(a)) == [False, True, True]
    assert pending.compare(present(a, a, a)) == [False, False, True]
    assert pending.compare(present(b, record(b"other"))) == [True, True, False]


def test_with_locators_the_twin_that_stayed_is_told_apart(tmp_path: Path) -> None:
    first, second = record(b"a", b"(0,1)"), record(b"a", b"(0,2)")
    Pending.write(tmp_path / "p", 1, [first, second])
    pending = Pending.read(tmp_path / "p")
    assert pending.compare(present(second)) == [True, False]
    assert pending.compare(present(record(b"a", b"(9,9)"))) == [True, True]


def test_without_locators_on_disk_a_locator_in_the_store_does_not_matter(tmp_path: Path) -> None:
    pending = Pending.write(tmp_path / "p", 1, [record(b"a"), record(b"b", b"x")])
    assert pending.compare(present(record(b"a", b"(0,7)"))) == [False, True]


@given(st.lists(st.sampled_from(b"abc"), max_size=8), st.lists(st.sampled_from(b"abcd")))
def test_as_many_stay_as_are_present_of_each_kind(batch: list[int], there: list[int]) -> None:
    pending = Pending(1, key=bytes(32), located=False, tags=())
    pending._tags = tuple(pending._tag(record(bytes([x])).identity, b"") for x in batch)
    bits = pending.compare(present(*(record(bytes([x])) for x in there)))
    for kind in set(batch):
        stayed = sum(1 for x, gone in zip(batch, bits, strict=True) if x == kind and not gone)
        assert stayed == min(batch.count(kind), there.count(kind))


def test_a_shadow_is_recognised_by_its_identity(tmp_path: Path) -> None:
    pending = Pending.write(tmp_path / "p", 1, [record(b"a", b"1")])
    assert pending.matches(record(b"a").identity)
    assert not pending.matches(record(b"b").identity)


def test_a_pending_file_names_nobody_and_two_batches_cannot_be_linked(tmp_path: Path) -> None:
    caller = record(b"+4930123456", b"(0,1)")
    Pending.write(tmp_path / "1", 1, [caller])
    Pending.write(tmp_path / "2", 1, [caller])
    one, two = (tmp_path / "1").read_bytes(), (tmp_path / "2").read_bytes()
    assert b"30123456" not in one
    assert one[-56:-32] != two[-56:-32]
    assert stat.S_IMODE((tmp_path / "1").stat().st_mode) == 0o600


def test_a_missing_or_damaged_pending_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError):
        Pending.read(tmp_path / "none")
    Pending.write(tmp_path / "p", 1, [record(b"a")])
    data = (tmp_path / "p").read_bytes()
    for bad in (data[:-1], data + b"\0", b"", data[:20] + b"x" + data[21:]):
        (tmp_path / "p").write_bytes(bad)
        with pytest.raises(EvidenceError):
            Pending.read(tmp_path / "p")


def test_an_empty_batch_settles_to_nothing(tmp_path: Path) -> None:
    Pending.write(tmp_path / "p", 1, [])
    assert Pending.read(tmp_path / "p").compare(present(record(b"a"))) == []


def test_erasing_overwrites_before_it_removes_and_is_repeatable(tmp_path: Path) -> None:
    path = tmp_path / "p"
    Pending.write(path, 1, [record(b"a")])
    os.link(path, tmp_path / "still-open")
    size = path.stat().st_size
    erase(path)
    erase(path)
    assert not path.exists()
    assert (tmp_path / "still-open").read_bytes() == bytes(size)
