"""What this host was doing when it died: the journal tells it without naming anybody."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pbxretain.errors import EvidenceError, RefusedError
from pbxretain.journal import Journal, Mark
from pbxretain.records import Bits, Finish, Taken

NUMBER = b"+493023125017"
FACTS = {"run": "5e0b2f9c-0000-4000-8000-000000000000", "timezone": "Europe/Berlin"}


class _Batch:
    """A batch that only carries records."""

    def __init__(self, taken: Sequence[Taken]) -> None:
        self.taken = taken
        self.cursor = None
        self.exhausted = True
        self.bounds: Mapping[str, int | str | None] = {"day": "2026-08-01"}
        self.session = None
        self.absent = 1
        self.skipped: Mapping[str, int] = {}
        self.final = "store"

    def __enter__(self) -> _Batch:
        return self

    def __exit__(self, *exc: object) -> None: ...
    def commit(self) -> Bits | None:
        return None

    def rollback(self) -> None: ...
    def finish(self) -> Finish:
        return Finish()


def _taken(count: int) -> list[Taken]:
    when = datetime(2026, 8, 1, 23, 30, tzinfo=UTC)
    return [Taken(key=(b"%d" % n, NUMBER), start=b"x", when=when) for n in range(count)]


def _journal(tmp_path: Path, *, sealed: int = 0) -> Journal:
    journal = Journal.create(tmp_path, FACTS, records=100)
    header = {"source": "office", "dataset": "calls", "data_class": "x-test", "encoding": "e"}
    journal.leaf_file("calls", header)
    for number in range(1, sealed + 1):
        taken = _taken(3)
        journal.seal(number, "calls", _Batch(taken), leaves=bytes(96), first=3 * number)  # type: ignore[arg-type]
    return journal


def test_a_sealed_batch_without_a_mark_is_the_dead_intent(tmp_path: Path) -> None:
    _journal(tmp_path, sealed=1)
    intent = Journal(tmp_path / "run").dead_intent()
    assert intent is not None
    assert (intent.batch, intent.dataset, intent.count, intent.committed) == (1, "calls", 3, False)
    assert intent.bounds == {"day": "2026-08-01"}
    present = [(t.identity, b"") for t in _taken(3)[:1]]
    assert list(intent.compare(present)) == [False, True, True]


def test_days_are_those_of_the_source_not_of_utc(tmp_path: Path) -> None:
    _journal(tmp_path, sealed=1)
    intent = Journal(tmp_path / "run").dead_intent()
    assert intent is not None
    assert intent.oldest == date(2026, 8, 2)


def test_a_mark_ends_the_batch_and_erases_its_tags(tmp_path: Path) -> None:
    journal = _journal(tmp_path, sealed=1)
    journal.mark(Mark(1, "calls", [True, False, True], 3, also={"shadow": 2}))
    again = Journal(tmp_path / "run")
    assert again.dead_intent() is None
    assert [(m.deleted, dict(m.also)) for m in again.marks()] == [(2, {"shadow": 2})]
    assert not list((tmp_path / "run").glob("pending-*"))


def test_a_forgotten_batch_leaves_no_intent_and_no_leaves(tmp_path: Path) -> None:
    journal = _journal(tmp_path, sealed=1)
    journal.forget(1, "calls")
    again = Journal(tmp_path / "run")
    assert again.dead_intent() is None
    assert not again.leaf_file("calls").blocks()


def test_a_committed_line_is_remembered(tmp_path: Path) -> None:
    journal = _journal(tmp_path, sealed=1)
    journal.committed(1)
    intent = Journal(tmp_path / "run").dead_intent()
    assert intent is not None
    assert intent.committed


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_torn_line_never_was_and_what_follows_can_be_read(tmp_path: Path, cut: int) -> None:
    journal = _journal(tmp_path, sealed=1)
    path = tmp_path / "run" / "journal.jsonl"
    journal.committed(1)
    whole = path.stat().st_size
    journal.mark(Mark(1, "calls", None, 3))
    os.truncate(path, path.stat().st_size - cut)
    assert path.stat().st_size > whole
    # The pending file went with the mark; what matters is that later lines can be read.
    again = Journal(tmp_path / "run")
    again.mark(Mark(1, "calls", None, 3))
    assert [m.deleted for m in Journal(tmp_path / "run").marks()] == [3]


def test_batch_numbers_are_never_used_twice(tmp_path: Path) -> None:
    journal = _journal(tmp_path, sealed=2)
    assert journal.next_batch() == 3
    assert journal.next_batch() == 4
    assert Journal(tmp_path / "run").next_batch() == 3


def test_nothing_in_the_run_folder_names_anybody(tmp_path: Path) -> None:
    _journal(tmp_path, sealed=2)
    for path in (tmp_path / "run").iterdir():
        data = path.read_bytes()
        assert NUMBER not in data
        assert NUMBER.hex().encode() not in data


def test_no_room_refuses_before_anything_is_deleted(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="no room"):
        Journal.create(tmp_path, FACTS, records=2**45)
    assert Journal.left_behind(tmp_path) is None


def test_a_damaged_run_folder_is_kept_and_stops_the_run(tmp_path: Path) -> None:
    _journal(tmp_path)
    (tmp_path / "run" / "run.json").write_bytes(b"{")
    with pytest.raises(EvidenceError, match="can't be read"):
        Journal.left_behind(tmp_path)


def test_what_a_removal_cut_short_left_is_no_journal_and_no_obstacle(tmp_path: Path) -> None:
    _journal(tmp_path, sealed=1)
    (tmp_path / "run" / "run.json").unlink()
    assert Journal.left_behind(tmp_path) is None
    journal = Journal.create(tmp_path, FACTS, records=1)
    assert not journal.marks()
    journal.remove()
    assert not (tmp_path / "run").exists()
