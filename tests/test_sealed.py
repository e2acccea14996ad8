"""Sealed evidence: opened with the escrow key, useless without it, whole after a crash."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from support import small
from support.crash import Outcome, When, Zygote, campaign
from support.sealed import assert_sealed, watched
from support.small import NOW, Small

from pbxretain import execute, signing
from pbxretain.errors import EvidenceError, Exit, OutcomeUnknown, StoreError
from pbxretain.evidence import sidecars
from pbxretain.evidence.statements import DeletionReport, parse_statement
from pbxretain.ledger import Ledger
from pbxretain.records import Bits, Finish
from pbxretain.stores.batches import TableBatch

LATER = NOW + timedelta(hours=1)


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    modules = ("support.small", "pbxretain.stores.table", "pbxretain.stores.spool", "phonenumbers")
    with Zygote(*modules) as zygote:
        yield zygote


def _reports(pbx: Small) -> list[DeletionReport]:
    found = []
    for entry in Ledger(pbx.site().reports).entries():
        data = (pbx.site().reports / entry.file).read_bytes()
        predicate = parse_statement(signing.open_envelope(data).payload).predicate
        assert isinstance(predicate, DeletionReport)
        found.append(predicate)
    return found


@pytest.mark.parametrize("kind", small.KINDS)
def test_every_record_of_a_run_opens_by_leaf_and_by_lookup(kind: str, tmp_path: Path) -> None:
    pbx = small.build(tmp_path, [kind])
    escrow = pbx.seal()
    with watched() as gone:
        assert pbx.run().exit_code == Exit.OK
    assert {name: len(records) for name, records in gone.items()} == pbx.due
    assert_sealed(pbx.site().reports, escrow, gone)
    (report,) = _reports(pbx)
    assert report.evidence.level == "sealed"
    assert report.evidence.shred_after == "2029-12-31"
    assert [who.id for who in pbx.recipients()] == list(report.evidence.recipients)


def test_counts_keeps_nothing_even_where_an_escrow_key_is_there(tmp_path: Path) -> None:
    pbx = small.build(tmp_path, ["table"])
    pbx.seal()
    done = execute.run(replace(pbx.terms(), evidence="counts"), pbx.site(), now=NOW)
    assert done.exit_code == Exit.OK
    (report,) = _reports(pbx)
    assert report.evidence.level == "counts"
    assert not report.evidence.files
    assert {dataset.lookup for dataset in report.datasets} == {None}
    assert not (pbx.site().reports / "sidecars").exists()


def test_sealed_without_an_escrow_key_is_refused_before_anything_is_deleted(
    tmp_path: Path,
) -> None:
    pbx = small.build(tmp_path, ["table"])
    before = pbx.snapshot()
    done = execute.run(replace(pbx.terms(), evidence="sealed"), pbx.site(), now=NOW)
    assert (done.exit_code, [e.code for e in done.errors]) == (Exit.REFUSED, ["ESCROW_MISSING"])
    assert pbx.snapshot() == before


def test_a_run_with_nothing_due_is_sealed_without_files(tmp_path: Path) -> None:
    pbx = small.build(tmp_path, ["table"])
    pbx.seal()
    pbx.run()
    pbx.run()
    evidence = _reports(pbx)[1].evidence
    assert (evidence.level, evidence.files, len(evidence.recipients)) == ("sealed", (), 1)


def _bent(monkeypatch: pytest.MonkeyPatch, bend: str) -> None:
    """Makes the first batch go wrong after it was sealed."""
    commit, finish = TableBatch.commit, TableBatch.finish
    left = [1]

    def bent_commit(self: TableBatch) -> Bits | None:
        if not left or bend == "kept":
            return commit(self)
        left.pop()
        if bend == "rolled back":
            raise StoreError("deadlock")
        done = commit(self)
        if bend == "lost answer":
            raise OutcomeUnknown("gone away")
        raise RuntimeError(done)

    def bent_finish(self: TableBatch) -> Finish:
        done = finish(self)
        if bend == "kept" and left:
            left.pop()
            return Finish(kept=(0, 2), also=done.also)
        return done

    monkeypatch.setattr(TableBatch, "commit", bent_commit)
    monkeypatch.setattr(TableBatch, "finish", bent_finish)


@pytest.mark.parametrize("bend", ["rolled back", "lost answer"])
def test_a_batch_that_was_undone_or_in_doubt_is_covered_once(
    bend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = small.build(tmp_path / "expected", ["table"])
    with watched() as gone:
        first.run()
    pbx = small.build(tmp_path / "bent", ["table"])
    escrow = pbx.seal()
    _bent(monkeypatch, bend)
    assert pbx.run().exit_code == Exit.OK
    assert_sealed(pbx.site().reports, escrow, gone)


def test_records_that_were_put_back_have_no_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pbx = small.build(tmp_path, ["table"])
    escrow = pbx.seal()
    _bent(monkeypatch, "kept")
    with watched() as seen:
        pbx.run()
    stayed = [record for n, record in enumerate(seen["calls"]) if n not in (0, 2)]
    assert len(stayed) == pbx.due["calls"] - 2
    assert_sealed(pbx.site().reports, escrow, {"calls": stayed})


def test_files_of_a_report_that_never_came_are_swept_by_the_next_run(tmp_path: Path) -> None:
    pbx = small.build(tmp_path, ["table"])
    escrow = pbx.seal()
    with watched() as gone:
        pbx.run()
    folder = sidecars.Folder(pbx.site().reports / "sidecars")
    stray = folder.write({"role": "leaves", "dataset": "calls"}, [b"x"])
    assert folder.unnamed
    assert pbx.run().exit_code == Exit.OK
    assert not folder.unnamed
    assert not (folder.path / f"{stray.sha256}.bin").exists()
    assert_sealed(pbx.site().reports, escrow, gone)


def test_a_full_disk_at_the_end_loses_no_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pbx = small.build(tmp_path, ["table"])
    escrow = pbx.seal()

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    with watched() as gone, monkeypatch.context() as patch:
        patch.setattr(sidecars, "_write", full)
        with pytest.raises(EvidenceError) as error:
            pbx.run()
        assert error.value.code == "REPORT_UNWRITTEN"
    done = pbx.run(LATER)
    assert done.recovered is not None
    assert_sealed(pbx.site().reports, escrow, gone)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("kind", "first_event", "stride"),
    [("table", 1, 3), ("table", 2, 3), ("table", 3, 3), ("spool", 5, 8), ("lines", 7, 8)],
)
def test_after_a_death_at_any_step_the_sealed_evidence_is_that_of_the_records_that_are_gone(
    kind: str, first_event: int, stride: int, tmp_path: Path, zygote: Zygote
) -> None:
    numbers = count()
    first = small.build(tmp_path / "expected", [kind])
    first.seal()
    with watched() as gone:
        assert first.run().exit_code == Exit.OK
    current: list[tuple[Small, Path]] = []

    def run_child(at: int | None, when: When) -> Outcome:
        pbx = small.build(tmp_path / str(next(numbers)), [kind])
        current[:] = [(pbx, pbx.seal())]
        arguments = [str(pbx.folder), json.dumps([kind])]
        return zygote.run("support.small:run_child", arguments, at=at, when=when)

    def inspect(outcome: Outcome) -> None:
        assert outcome.killed or outcome.code == Exit.OK, outcome.output
        ((pbx, escrow),) = current
        done = pbx.run(LATER)
        assert (done.exit_code, [str(error) for error in done.errors]) == (Exit.OK, [])
        assert_sealed(pbx.site().reports, escrow, gone)
        assert not (pbx.site().state / "run").exists()

    campaign(run_child, inspect, modes=("after",), first=first_event, stride=stride)
