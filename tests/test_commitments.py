"""A leaf commits to one record, says nothing without its key, and opens nothing else."""

from __future__ import annotations

import copy
import hashlib
import hmac
import pickle
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from pbxretain.errors import EvidenceError
from pbxretain.evidence import commitments
from pbxretain.evidence.commitments import Committer, RunKey
from pbxretain.records import Field, Taken, pack

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
KEY = bytes(range(32))

fields = st.none() | st.binary(max_size=6)
sections = st.tuples(
    st.lists(fields, max_size=3).map(tuple),
    fields,
    st.lists(fields, max_size=3).map(tuple),
    st.none() | st.binary(min_size=32, max_size=32),
)


def taken(
    key: tuple[Field, ...] = (b"1",),
    start: Field = b"2026",
    subjects: tuple[Field, ...] = (),
    digest: Field = None,
) -> Taken:
    return Taken(key=key, start=start, when=WHEN, subjects=subjects, digest=digest)


def committer(**change: str) -> Committer:
    names = {"source": "hq", "dataset": "call-log", "data_class": "c", "encoding": "mysql/1"}
    names |= change
    return Committer(
        RunKey(KEY),
        source=names["source"],
        dataset=names["dataset"],
        data_class=names["data_class"],
        encoding=names["encoding"],
    )


def test_the_tree_key_is_hkdf_as_written_down() -> None:
    info = pack(b"pbxretain/leaf/2", b"hq", b"call-log")
    extracted = hmac.digest(bytes(32), KEY, "sha256")
    expected = hmac.digest(extracted, info + b"\x01", "sha256")
    assert RunKey(KEY).tree_key(source="hq", dataset="call-log") == expected


def test_the_leaf_is_as_written_down() -> None:
    record = taken(key=(b"a", None), start=b"2026", subjects=(b"100", b""), digest=b"d" * 32)
    tree_key = RunKey(KEY).tree_key(source="hq", dataset="call-log")
    cipher = Cipher(algorithms.AES(tree_key), modes.CTR(bytes(16))).encryptor()
    keys = cipher.update(bytes(32 * 3))
    r = pack(b"pbxretain/rec/2", b"mysql/1", b"c", b"call-log", b"\x02\x02\x01")
    r += pack(b"a", None, b"2026", b"100", b"", b"d" * 32)
    expected = hashlib.sha256(b"\x00" + keys[64:] + r).digest()
    assert committer().leaves(2, [record]) == expected


def test_the_published_vector_comes_out() -> None:
    records = [taken((b"1767225600.1",), b"2026-01-01 00:00:00", (b"+4930123456", b"101"))] * 2
    assert committer().leaves(0, records).hex() == VECTOR


VECTOR = (
    "8e6debcc120b04baf37d2290487cb28e4cdb7052b7d75a0630e457ef718ebb13"
    "e6b7dc76db802e2d645a0a968bad95ebaec4ffaefca4f0c34a951ed4058ef181"
)


def test_batches_cut_differently_make_the_same_leaves() -> None:
    records = [taken((bytes([i]),)) for i in range(10)]
    whole = committer().leaves(0, records)
    parts = committer()
    assert parts.leaves(0, records[:3]) + parts.leaves(3, records[3:]) == whole


def test_equal_records_have_different_leaves() -> None:
    leaves = committer().leaves(0, [taken(), taken()])
    assert leaves[:32] != leaves[32:]


def test_a_position_is_never_used_twice() -> None:
    one = committer()
    one.leaves(0, [taken()] * 5)
    assert one.next_index == 5
    for first in (0, 4):
        with pytest.raises(EvidenceError):
            one.leaves(first, [taken()])
    assert len(one.leaves(5, [taken()])) == 32


@pytest.mark.parametrize("name", ["source", "dataset", "data_class", "encoding"])
def test_every_part_of_the_header_is_committed_to(name: str) -> None:
    assert committer().leaves(0, [taken()]) != committer(**{name: "x"}).leaves(0, [taken()])


def test_another_run_key_makes_other_leaves() -> None:
    fresh = Committer(RunKey(), source="a", dataset="b", data_class="c", encoding="d")
    again = Committer(RunKey(), source="a", dataset="b", data_class="c", encoding="d")
    assert fresh.leaves(0, [taken()]) != again.leaves(0, [taken()])


@given(sections, sections)
def test_no_two_records_share_an_encoding(
    one: tuple[tuple[Field, ...], Field, tuple[Field, ...], Field],
    two: tuple[tuple[Field, ...], Field, tuple[Field, ...], Field],
) -> None:
    a, b = taken(*one), taken(*two)
    same = commitments.record_body(a) == commitments.record_body(b)
    assert same == (one == two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (taken((b"a", b"b"), b"s"), taken((b"a",), b"b", (b"s",))),
        (taken((b"a",), b"s", (b"d" * 32,)), taken((b"a",), b"s", (), b"d" * 32)),
        (taken((None,)), taken((b"",))),
        (taken((b"ab",)), taken((b"a", b"b"))),
        (taken((b"\xff\xff\xff\xff",)), taken((None,))),
    ],
)
def test_no_value_passes_from_one_section_to_the_next(one: Taken, two: Taken) -> None:
    assert commitments.record_body(one) != commitments.record_body(two)


def test_an_opened_leaf_is_recomputed_from_its_own_key_alone() -> None:
    tree_key = RunKey(KEY).tree_key(source="hq", dataset="call-log")
    leaf_key = commitments.keystream(tree_key, 7, 1)
    prefix = commitments.record_prefix(encoding="mysql/1", data_class="c", dataset="call-log")
    body = commitments.record_body(taken())
    assert commitments.leaf(leaf_key, prefix=prefix, body=body) == committer().leaves(7, [taken()])
    for wrong in (leaf_key[:-1], leaf_key + b"\0"):
        with pytest.raises(EvidenceError):
            commitments.leaf(wrong, prefix=prefix, body=body)


def test_a_forgotten_run_key_makes_nothing_more() -> None:
    key = RunKey()
    key.forget()
    with pytest.raises(EvidenceError):
        key.tree_key(source="a", dataset="b")


def test_a_run_key_is_never_shown_or_written() -> None:
    key = RunKey(KEY)
    assert KEY.hex() not in repr(key)
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            attempt(key)


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_a_run_key_has_exactly_32_bytes(size: int) -> None:
    with pytest.raises(EvidenceError):
        RunKey(bytes(size))
