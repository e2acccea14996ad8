"""The functions in C and those in Python are the same functions."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from sysconfig import get_paths
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxretain import bulk
from pbxretain.evidence.merkle import Tree, node_hash
from pbxretain.records import pack

ROOT = Path(__file__).resolve().parents[1]
NEEDED = (Path("/usr/include/openssl/sha.h"), Path(get_paths()["include"], "Python.h"))
CAN = shutil.which("cc") and all(path.is_file() for path in NEEDED)

Ways = tuple[Callable[..., Any], ...]
PACKED, HASHED, PARENTS, CUT, SORTED = range(5)
IN_C: Ways = (bulk.packed, bulk.hashed, bulk.parents, bulk.cut, bulk.sorted_rows)

values = st.none() | st.binary(max_size=40) | st.binary(min_size=500, max_size=600)
bodies = st.lists(st.binary(max_size=200), max_size=20)


def both(place: int) -> list[Callable[..., Any]]:
    return [bulk.IN_PYTHON[place], IN_C[place]]


def told(way: Callable[..., Any], *given_: Any) -> Any:
    """The answer, or the kind of error."""
    try:
        return way(*given_)
    except (TypeError, ValueError) as error:
        return type(error)


@pytest.mark.skipif(not CAN, reason="no compiler, or no headers of OpenSSL or Python, here")
def test_the_functions_in_c_are_built_where_they_can_be() -> None:
    assert bulk.COMPILED


@given(st.integers(1, 6).flatmap(lambda n: st.lists(st.tuples(*[values] * n), max_size=8)))
def test_rows_are_packed_as_one_by_one(rows: list[tuple[bytes | None, ...]]) -> None:
    columns = list(zip(*rows, strict=True)) or [()]
    for way in both(PACKED):
        assert way(columns) == [pack(*row) for row in rows]


@given(bodies, st.binary(max_size=80), st.booleans(), st.binary(max_size=80))
def test_hashes_are_those_of_the_parts_joined(
    given_: list[bytes], lead: bytes, keyed: bool, middle: bytes
) -> None:
    keys = [bytes([n]) * 32 for n in range(len(given_))] if keyed else [b""] * len(given_)
    parts = zip(keys, given_, strict=True)
    wanted = [hashlib.sha256(lead + key + middle + body).digest() for key, body in parts]
    for way in both(HASHED):
        assert way(given_, lead, b"".join(keys), middle) == b"".join(wanted)


@given(st.lists(st.tuples(st.binary(max_size=90), st.binary(min_size=5, max_size=5)), max_size=9))
def test_each_hash_has_a_tail_of_its_own(pairs: list[tuple[bytes, bytes]]) -> None:
    wanted = [hashlib.sha256(b"\x00" + body + tail).digest() for body, tail in pairs]
    tails = b"".join(tail for _, tail in pairs)
    for way in both(HASHED):
        assert way([body for body, _ in pairs], b"\x00", b"", b"", tails) == b"".join(wanted)


@given(
    st.tuples(*[st.integers(0, 5)] * 3).flatmap(
        lambda wide: st.lists(
            st.tuples(*[st.binary(min_size=size, max_size=size) for size in wide]), max_size=12
        )
    )
)
def test_rows_are_put_side_by_side_and_sorted(rows: list[tuple[bytes, ...]]) -> None:
    parts = [b"".join(column) for column in zip(*rows, strict=True)]
    wanted = b"".join(sorted(map(b"".join, rows)))
    for way in both(SORTED):
        assert way(parts, len(rows)) == wanted


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=70))
def test_a_level_and_a_tree_are_those_of_the_nodes(nodes: list[bytes]) -> None:
    pairs = nodes[: len(nodes) // 2 * 2]
    wanted = [node_hash(*pairs[at : at + 2]) for at in range(0, len(pairs), 2)]
    for way in both(PARENTS):
        assert way(b"".join(pairs)) == b"".join(wanted)
    one_by_one, at_once = Tree(), Tree()
    for node in nodes:
        one_by_one.add(node)
    for begin, end in ((0, 3), (3, 20), (20, None)):
        at_once.extend(b"".join(nodes[begin:end]))
    assert at_once.root() == one_by_one.root()
    assert at_once.size == len(nodes)


def packet(number: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "little") + bytes([number % 256]) + payload


def column(value: bytes | None) -> bytes:
    if value is None:
        return b"\xfb"
    size = len(value)
    if size < 0xFB:
        return bytes([size]) + value
    wide = 2 if size < 1 << 16 else 3
    return bytes([0xFA + wide]) + size.to_bytes(wide, "little") + value


wide_values = st.none() | st.binary(max_size=300) | st.just(bytes(70_000))


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.tuples(*[wide_values] * n), max_size=4)))
def test_rows_off_the_wire_are_those_that_were_sent(rows: list[tuple[bytes | None, ...]]) -> None:
    width = len(rows[0]) if rows else 1
    sent = [packet(n, b"".join(map(column, row))) for n, row in enumerate(rows)]
    whole = b"".join(sent)
    torn = packet(9, b"\x03abc" * width)[:-1]
    end = packet(9, b"\xfe\x00\x00\x00\x00")
    for way in both(CUT):
        assert way(whole, width) == (rows, len(whole))
        assert way(whole + torn, width) == (rows, len(whole))
        assert way(whole + end, width) == (rows, len(whole))
        assert way(whole + packet(9, b"\xff\x00\x00"), width) == (rows, len(whole))
        assert way(b"\xff\xff\xff\x00" + whole, width) == ([], 0)


@given(st.binary(max_size=60), st.integers(0, 4))
def test_whatever_comes_over_the_wire_is_cut_alike(data: bytes, width: int) -> None:
    in_python, in_c = both(CUT)
    for sent in (data, packet(0, data), packet(0, data) + data):
        assert told(in_c, sent, width) == told(in_python, sent, width)


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (PACKED, ([[b"a"], []],)),
        (HASHED, ([b"a", b"b"], b"", bytes(32), b"")),
        (HASHED, ([b"a", b"b"], b"", b"", b"", b"123")),
        (HASHED, ([], b"", b"", b"", b"1")),
        (SORTED, ([b"aa", b"abc"], 2)),
        (SORTED, ([b"a"], 0)),
        (PARENTS, (bytes(33),)),
        (PARENTS, (bytes(32),)),
        (CUT, (packet(0, b"\x02a"), 1)),
        (CUT, (packet(0, b"\x01a\x01b"), 1)),
        (CUT, (packet(0, b"\x01a"), 2)),
        (CUT, (packet(0, b""), 1)),
        (CUT, (packet(0, b"\xfd\xff"), 1)),
        (CUT, (packet(0, b"\xfe" + b"\xff" * 8 + b"abc"), 1)),
    ],
)
def test_what_does_not_fit_is_refused_by_both(place: int, wrong: tuple[Any, ...]) -> None:
    for way in both(place):
        with pytest.raises(ValueError, match=r".+"):
            way(*wrong)


@pytest.mark.parametrize(
    ("place", "wrong"),
    [(PACKED, ([[1]],)), (HASHED, (["text"], b"", b"", b"")), (PACKED, (7,)), (PARENTS, (7,))],
)
def test_what_is_no_bytes_is_refused_by_both(place: int, wrong: tuple[Any, ...]) -> None:
    for way in both(place):
        with pytest.raises(TypeError):
            way(*wrong)


def test_the_package_works_without_the_functions_in_c(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['pbxretain._bulk'] = None\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "False True\n", done.stderr


WITHOUT = """
from pbxretain import bulk
from pbxretain.evidence.merkle import Tree
leaves = [bytes([n]) * 32 for n in range(37)]
tree = Tree()
tree.extend(b"".join(leaves))
print(bulk.COMPILED, tree.root() == Tree(leaves).root())
"""
