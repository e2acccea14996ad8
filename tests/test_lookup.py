"""A number and a minute find their record with the key; rows say nothing without it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pbxretain.errors import EvidenceError
from pbxretain.evidence import lookup
from pbxretain.evidence.commitments import RunKey, keystream
from pbxretain.evidence.lookup import ROW, Lookup, RowFile, Search, party, select_rows
from pbxretain.records import Taken, pack

KEY = RunKey(bytes(range(32)))
BEGIN = datetime(2026, 8, 24, 12, tzinfo=UTC)
NAMES = {"source": "hq", "dataset": "calls"}


def taken(second: int, *subjects: bytes | None) -> Taken:
    when = BEGIN + timedelta(seconds=second)
    return Taken(key=(b"%d" % second,), start=b"x", when=when, subjects=subjects)


def maker() -> Lookup:
    return Lookup(KEY, **NAMES, region="DE")


def rows_of(data: bytes) -> list[bytes]:
    return [data[at : at + RowFile.WIDTH] for at in range(0, len(data), RowFile.WIDTH)]


def file_of(path: Path, batches: Sequence[Sequence[Taken]]) -> RowFile:
    file, made, first = RowFile.create(path, {}), maker(), 0
    for number, batch in enumerate(batches, 1):
        file.append(number, *made.rows(first, batch))
        first += len(batch)
    return file


def found(index: bytes, name: str, *, probe: int = 1) -> Counter[int]:
    begin = lookup.minute(taken(0))
    search = Search(KEY, **NAMES)
    entries = search.entries(index, party=name, minutes=range(begin, begin + 90), probe=probe)
    return Counter(entry.position for entry in entries)


@pytest.mark.parametrize(
    ("value", "with_region", "without"),
    [
        (b"0301234567", "+49301234567", "raw:0301234567"),
        (b"+49 (30) 123-4567", "+49301234567", "+49301234567"),
        (b"0049301234567", "+49301234567", "+49301234567"),
        (b'"A" <0301234567>', "+49301234567", "raw:0301234567"),
        (b"sip:0301234567@10.0.0.1", "+49301234567", "raw:0301234567"),
        (b"411", "ext:411", "ext:411"),
        (b"SIP/411-0000000a", "ext:411", "ext:411"),
        (b"Local/411@from-queue-0001;1", "ext:411", "ext:411"),
        (b"*97", "ext:*97", "ext:*97"),
        (b"12345678901234567890", "raw:12345678901234567890", "raw:12345678901234567890"),
        *((value, None, None) for value in (b"", b"s", b"anonymous", b"\xff\xfe", b"a@b.example")),
        ("٠٣٠١٢٣٤٥٦٧".encode(), None, None),
    ],
)
def test_a_number_has_one_spelling(
    value: bytes, with_region: str | None, without: str | None
) -> None:
    assert (party(value, "DE"), party(value, None)) == (with_region, without)


@given(st.binary(max_size=40), st.sampled_from(["DE", "AT", "US", None]))
def test_any_bytes_have_a_party_or_none(value: bytes, region: str | None) -> None:
    spelled = party(value, region)
    assert spelled is None or spelled.startswith(("+", "ext:", "raw:"))
    assert spelled is None or spelled.isascii()


def test_a_row_is_as_written_down() -> None:
    number, data = maker().rows(7, [taken(61, b"411")])
    (row,) = rows_of(data)
    fields = pack(b"ext:411", (lookup.minute(taken(0)) + 1).to_bytes(8, "big"))
    look = KEY.derived(b"pbxretain/look/2", **NAMES)
    hashed = hashlib.blake2s(fields + pack(bytes(4)), key=look).digest()
    masked = bytes(a ^ b for a, b in zip(hashed[16:], bytes(7) + b"\x07" + bytes(8), strict=True))
    key = keystream(KEY.derived(b"pbxretain/entry/2", **NAMES), number, 1)
    opened = fields + pack(bytes(4), (7).to_bytes(8, "big"))
    leaf = hashlib.sha256(b"\x00" + key + pack(b"pbxretain/lookup/2") + opened).digest()
    assert row[:ROW] == hashed[:16] + masked + leaf


def test_both_parties_and_every_repeat_are_found_once(tmp_path: Path) -> None:
    batches = [
        [taken(0, b"411", b"0301234567"), taken(5, b"411", b"411"), taken(50, b"412", None)],
        [taken(59, b"411", b"anonymous"), taken(60, b"411", b"+49301234567")],
    ]
    file = file_of(tmp_path / "rows", batches)
    rows = select_rows(file, {1: None, 2: None})
    index = b"".join(rows)
    assert rows.size == len(index) // ROW == 7
    assert found(index, "ext:411") == Counter([0, 1, 3, 4])
    assert found(index, "+49301234567") == Counter([0, 4])
    assert found(index, "ext:412") == Counter([2])
    assert found(index, "ext:413") == Counter()
    tags = [index[at : at + 16] for at in range(0, len(index), ROW)]
    assert len(set(tags)) == len(tags), "repeats don't show"


def test_what_is_still_there_leaves_no_row_and_hides_no_other(tmp_path: Path) -> None:
    batch = [taken(n, b"411") for n in range(6)]
    file = file_of(tmp_path / "rows", [batch])
    rows = select_rows(file, {1: [False, True, False, False, True, True]})
    index = b"".join(rows)
    assert rows.size == len(index) // ROW == 3
    assert found(index, "ext:411", probe=rows.probe) == Counter([1, 4, 5])


def test_a_batch_that_was_rolled_back_leaves_nothing(tmp_path: Path) -> None:
    file, made = RowFile.create(tmp_path / "rows", {}), maker()
    batch = [taken(0, b"411"), taken(1, b"411")]
    file.append(1, *made.rows(0, batch))
    file.discard(1)
    made.undo()
    file.append(2, *made.rows(2, batch))
    rows = select_rows(file, {2: None})
    assert (rows.size, rows.probe) == (2, 1)
    assert found(b"".join(rows), "ext:411") == Counter([2, 3])
    with pytest.raises(EvidenceError):
        select_rows(file, {1: None})


subjects = st.sampled_from([b"411", b"412", b"0301234567", b"", None])
batches_of_records = st.lists(
    st.lists(st.tuples(st.integers(0, 5000), subjects, subjects), max_size=12), max_size=6
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(batches_of_records, st.data())
def test_the_merged_index_is_the_sorted_rows_of_what_is_gone(
    tmp_path: Path, made: list[list[tuple[int, bytes | None, bytes | None]]], data: st.DataObject
) -> None:
    batches = [[taken(*each) for each in batch] for batch in made]
    path = tmp_path / "rows"
    path.unlink(missing_ok=True)
    file_of(path, batches)
    bits = [
        data.draw(st.none() | st.lists(st.booleans(), min_size=len(b), max_size=len(b)))
        for b in batches
    ]
    marked = dict(enumerate(bits, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookup, "_PORTION", data.draw(st.integers(1, 40)))
        rows = select_rows(RowFile(path), marked)
        index = b"".join(rows)
    expected = []
    first = maker()
    at = 0
    for batch, gone in zip(batches, bits, strict=True):
        for row in rows_of(first.rows(at, batch)[1]):
            if gone is None or gone[int.from_bytes(row[64:68], "big")]:
                expected.append(row[:ROW])
        at += len(batch)
    assert index == b"".join(sorted(expected))
    assert rows.size == len(expected)
    for name in ("ext:411", "ext:412", "+49301234567"):
        wanted: Counter[int] = Counter()
        place = 0
        for batch, gone in zip(batches, bits, strict=True):
            for n, record in enumerate(batch):
                if gone is None or gone[n]:
                    names = {party(s, "DE") for s in record.subjects if s}
                    wanted[place] += name in names
                place += 1
        assert found(index, name, probe=rows.probe) == +wanted


def test_a_row_that_was_changed_is_told(tmp_path: Path) -> None:
    file = file_of(tmp_path / "rows", [[taken(0, b"411")]])
    index = b"".join(select_rows(file, {1: None}))
    for at in range(16, ROW, 3):
        bad = index[:at] + bytes([index[at] ^ 1]) + index[at + 1 :]
        with pytest.raises(EvidenceError) as error:
            found(bad, "ext:411")
        assert error.value.code == "SIDECAR"


def test_without_the_key_no_known_number_and_second_is_confirmed(tmp_path: Path) -> None:
    """Everything that somebody without a key can compute from number and minute hits nothing."""
    record = taken(0, b"411")
    index = b"".join(select_rows(file_of(tmp_path / "rows", [[record]]), {1: None}))
    when = lookup.minute(record)
    named = pack(b"ext:411", when.to_bytes(8, "big"), bytes(4))
    guesses = [hashlib.blake2s(named).digest(), hashlib.sha256(b"\x00" + named).digest()]
    guesses += [hashlib.blake2s(named, key=bytes([n]) * 32).digest() for n in range(256)]
    assert not any(guess[:16] in index or guess in index for guess in guesses)
    stranger = Search(RunKey(), **NAMES)
    assert not list(
        stranger.entries(index, party="ext:411", minutes=range(when - 50, when + 50), probe=3)
    )


def test_an_opened_entry_does_not_open_the_next(tmp_path: Path) -> None:
    file = file_of(tmp_path / "rows", [[taken(0, b"411", b"412"), taken(1, b"411", b"412")]])
    index = b"".join(select_rows(file, {1: None}))
    when = lookup.minute(taken(0))
    search = Search(KEY, **NAMES)
    (first, second) = search.entries(index, party="ext:411", minutes=range(when, when + 1), probe=1)
    assert first.key != second.key
    leaves = {index[at + 32 : at + ROW] for at in range(0, len(index), ROW)}
    assert lookup.opened_leaf(first) in leaves
    for name in ("ext:411", "ext:412"):
        for repeat in range(3):
            for position in range(3):
                guess = lookup.entry_leaf(
                    first.key, party=name, minute=when, repeat=repeat, position=position
                )
                known = (name, repeat, position) == ("ext:411", first.repeat, first.position)
                assert (guess in leaves) == known


def test_nothing_shows_a_number() -> None:
    made = maker()
    made.rows(0, [taken(0, b"0301234567")])
    shown = repr(made) + repr(lookup.Entry(0, "+49301234567", 1, 0, 0, b""))
    assert "1234567" not in shown
