"""Sealed evidence: opened with the escrow key, useless without it, whole after a crash."""

from __future__ import annotations

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
from pbxretain.errors import Exit
from pbxretain.evidence.statements import DeletionReport, parse_statement
from pbxretain.ledger import Ledger

LATER = NOW + timedelta(hours=1)


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote("support.small", "pbxretain.stores.table", "phonenumbers") as zygote:
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


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("first_event", [1, 2, 3])
def test_after_a_death_at_any_step_the_sealed_evidence_is_that_of_the_records_that_are_gone(
    first_event: int, tmp_path: Path, zygote: Zygote
) -> None:
    numbers = count()
    kind = "table"
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

    campaign(run_child, inspect, modes=("after",), first=first_event, stride=3)
