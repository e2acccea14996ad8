"""How does a run end: outcome and exit code, what a signal stops, what arrives meanwhile?"""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support import aftermath, small
from support.small import NOW, Small

from pbxretain import connector, execute, runfacts, signing
from pbxretain.batches import Budget
from pbxretain.errors import (
    DocumentError,
    DriftError,
    EvidenceError,
    Exit,
    RefusedError,
    RetainError,
    StoreError,
    UnavailableError,
)
from pbxretain.evidence.statements import DeletionReport, parse_statement
from pbxretain.execute import RunResult
from pbxretain.journal import Journal
from pbxretain.ledger import Ledger
from pbxretain.outcomes import DatasetResult, verdict
from pbxretain.records import Census
from pbxretain.stores.spool import SpoolStore


@pytest.fixture
def pbx(tmp_path: Path) -> Small:
    return small.build(tmp_path, ["table"])


def _report(pbx: Small, done: RunResult) -> DeletionReport:
    assert done.entry
    data = (pbx.site().reports / done.entry.file).read_bytes()
    predicate = parse_statement(signing.open_envelope(data).payload).predicate
    assert isinstance(predicate, DeletionReport)
    return predicate


def _insert(pbx: Small, *, old: int) -> None:
    with closing(sqlite3.connect(pbx.pbx / "cdr.db")) as database:
        for number in range(old):
            database.execute(
                "INSERT INTO cdr (calldate, src, dst, dstchannel, uniqueid, linkedid, sequence)"
                " VALUES ('2026-01-01 10:00:00', '1', '2', 'c', ?, ?, '0')",
                (f"late-{number}", f"late-{number}"),
            )
        database.commit()


@pytest.mark.parametrize(
    ("outcomes", "errors", "number", "expected"),
    [
        (["nothing-due", "kept"], [], 0, ("nothing-due", Exit.OK)),
        (["complete", "kept", "nothing-due"], [], 0, ("complete", Exit.OK)),
        (["complete", "incomplete"], [], 0, ("incomplete", Exit.INCOMPLETE)),
        (["complete", "failed"], [StoreError("x")], 0, ("incomplete", Exit.INCOMPLETE)),
        (["complete", "refused"], [], 0, ("incomplete", Exit.REFUSED)),
        (["complete"], [UnavailableError("x")], 0, ("incomplete", Exit.INCOMPLETE)),
        (["complete", "failed"], [UnavailableError("x")], 0, ("incomplete", Exit.UNAVAILABLE)),
        (["incomplete", "failed"], [UnavailableError("x")], 0, ("incomplete", Exit.INCOMPLETE)),
        (["refused", "failed"], [UnavailableError("x")], 0, ("incomplete", Exit.REFUSED)),
        (["complete"], [RefusedError("x")], 0, ("incomplete", Exit.REFUSED)),
        (["complete"], [], signal.SIGTERM, ("interrupted", Exit.TERMINATED)),
        (["incomplete"], [], signal.SIGINT, ("interrupted", Exit.INTERRUPTED)),
    ],
)
def test_the_exit_code_follows_from_outcomes_errors_and_signals(
    outcomes: list[str], errors: list[RetainError], number: int, expected: tuple[str, Exit]
) -> None:
    results = [DatasetResult(str(n), outcome=outcome) for n, outcome in enumerate(outcomes)]
    assert verdict(results, errors, signal=number) == expected


def test_a_run_deletes_reports_and_leaves_no_run_folder(pbx: Small) -> None:
    done = pbx.run()
    assert (done.outcome, done.exit_code) == ("complete", Exit.OK)
    told = _report(pbx, done)
    assert told.run.exit_code == 0
    assert {d.dataset: d.balances.deleted for d in told.datasets} == {"calls": 4}
    assert not (pbx.site().state / "run").exists()


def test_a_refused_run_is_reported_and_deletes_nothing(pbx: Small) -> None:
    before = pbx.snapshot()
    done = execute.run(replace(pbx.terms(), approved=False), pbx.site(), now=NOW)
    assert (done.outcome, done.exit_code) == ("refused", Exit.REFUSED)
    assert pbx.snapshot() == before
    told = _report(pbx, done)
    assert told.run.refused_reason == "NOT_APPROVED"
    assert sum(d.balances.deleted for d in told.datasets) == 0


@pytest.mark.parametrize("days", [-300, 300])
def test_a_clock_that_is_wrong_writes_no_time_and_blocks_no_later_run(
    pbx: Small, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    monkeypatch.setattr("pbxretain.stores.database.database_clock", lambda engine: NOW)
    assert pbx.run().exit_code == Exit.OK
    for approved in (True, False):
        terms = replace(pbx.terms(), approved=approved)
        done = execute.run(terms, pbx.site(), now=NOW + timedelta(days=days))
        assert (done.exit_code, done.entry) == (Exit.REFUSED, None)
        assert "CLOCK_SKEW" in [error.code for error in done.errors]
    right = execute.run(pbx.terms(), pbx.site(), now=NOW + timedelta(seconds=90))
    assert right.exit_code == Exit.OK
    aftermath.assert_genuine(pbx.site(), NOW + timedelta(hours=2))


def test_a_dead_run_is_settled_only_when_the_clock_is_right(
    pbx: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = [NOW]
    monkeypatch.setattr("pbxretain.stores.database.database_clock", lambda engine: theirs[0])
    monkeypatch.setattr(Journal, "mark", _dies)
    with pytest.raises(KeyboardInterrupt):
        pbx.run()
    monkeypatch.undo()
    monkeypatch.setattr("pbxretain.stores.database.database_clock", lambda engine: theirs[0])
    ahead = execute.run(pbx.terms(), pbx.site(), now=NOW + timedelta(days=300))
    assert (ahead.exit_code, ahead.entry, ahead.recovered) == (Exit.REFUSED, None, None)
    right = execute.run(pbx.terms(), pbx.site(), now=NOW + timedelta(seconds=60))
    assert right.exit_code == Exit.OK
    assert right.recovered is not None
    aftermath.assert_genuine(pbx.site(), NOW + timedelta(hours=2))


def test_a_dead_run_is_not_settled_under_a_date_before_the_last_report(
    pbx: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = execute.run(replace(pbx.terms(), approved=False), pbx.site(), now=NOW)
    assert first.entry is not None
    with monkeypatch.context() as patched:
        patched.setattr(Journal, "mark", _dies)
        with pytest.raises(KeyboardInterrupt):
            execute.run(pbx.terms(), pbx.site(), now=NOW + timedelta(hours=1))
    back = execute.run(pbx.terms(), pbx.site(), now=NOW - timedelta(days=1))
    assert [error.code for error in back.errors] == ["CLOCK_BACK"]
    assert (back.entry, back.recovered) == (None, None)
    right = execute.run(pbx.terms(), pbx.site(), now=NOW + timedelta(hours=2))
    assert right.exit_code == Exit.OK
    assert right.recovered is not None
    aftermath.assert_genuine(pbx.site(), NOW + timedelta(hours=3))


def _dies(*args: object) -> None:
    raise KeyboardInterrupt


def test_a_start_event_that_nothing_has_is_a_mistake_and_never_replaced(pbx: Small) -> None:
    terms = pbx.terms()
    rules = [rule.model_copy(update={"starts": ("moonrise",)}) for rule in terms.policy.rules]
    policy = terms.policy.model_copy(update={"rules": rules})
    before = pbx.snapshot()
    done = execute.run(replace(terms, policy=policy), pbx.site(), now=NOW)
    assert done.exit_code == Exit.USAGE
    assert "moonrise" in str(done.errors[0])
    assert pbx.snapshot() == before


def test_a_ledger_begins_anew_where_its_reports_were_moved_aside(pbx: Small) -> None:
    """As docs/how-to/recover.md says, for a ledger that bears a date from the future."""
    late = execute.run(pbx.terms(), pbx.site(), now=NOW + timedelta(days=300))
    assert late.entry is not None
    refused = execute.run(pbx.terms(), pbx.site(), now=NOW)
    assert [error.code for error in refused.errors] == ["CLOCK_BACK"]
    pbx.site().reports.rename(pbx.site().state / "reports-2027")
    assert execute.run(pbx.terms(), pbx.site(), now=NOW).exit_code == Exit.OK
    aftermath.assert_genuine(pbx.site(), NOW + timedelta(hours=2))


@pytest.mark.parametrize(
    ("statement", "kind", "code"),
    [
        ("ALTER TABLE cdr RENAME COLUMN dst TO other", DriftError, Exit.REFUSED),
        ("CREATE TRIGGER t AFTER DELETE ON cdr BEGIN SELECT 1; END", DriftError, Exit.REFUSED),
    ],
)
def test_drift_is_reported_as_a_refusal(
    pbx: Small, statement: str, kind: type[RetainError], code: Exit
) -> None:
    with closing(sqlite3.connect(pbx.pbx / "cdr.db")) as database:
        database.execute(statement)
    before = pbx.snapshot()
    done = pbx.run()
    assert [type(error) for error in done.errors] == [kind]
    assert done.exit_code == code
    assert _report(pbx, done).run.outcome == "refused"
    assert pbx.snapshot() == before


def test_one_record_that_cant_be_deleted_keeps_no_other_and_is_counted(pbx: Small) -> None:
    with closing(sqlite3.connect(pbx.pbx / "cdr.db")) as database:
        (kept,) = database.execute("SELECT min(rowid) FROM cdr").fetchone()
        database.execute(
            f"CREATE TRIGGER kept BEFORE DELETE ON cdr WHEN OLD.rowid = {kept}"
            " BEGIN SELECT RAISE(ABORT, 'kept'); END"
        )
    terms = pbx.terms()
    text = terms.connector.text.replace(
        b"    table: cdr\n",
        b"    table: cdr\n    triggers: [{table: cdr, name: kept, event: delete}]\n",
    )
    declared = connector.parse(text, "connector.yaml", "shipped")
    done = execute.run(replace(terms, connector=declared), pbx.site(), now=NOW)
    assert (done.outcome, done.exit_code, done.errors) == ("incomplete", Exit.INCOMPLETE, [])
    balances = _report(pbx, done).datasets[0].balances
    assert (balances.deleted, balances.failed) == (3, 1)


def test_a_signal_before_the_first_batch_leaves_everything(pbx: Small) -> None:
    before = pbx.snapshot()
    done = execute.run(pbx.terms(), pbx.site(), now=NOW, stop=lambda: signal.SIGTERM)
    assert (done.outcome, done.exit_code) == ("interrupted", Exit.TERMINATED)
    assert pbx.snapshot() == before
    assert _report(pbx, done).run.outcome == "interrupted"
    assert pbx.run().exit_code == Exit.OK


def test_a_signal_between_batches_leaves_the_rest_for_the_next_run(pbx: Small) -> None:
    _insert(pbx, old=3000)
    seen: list[int] = []

    def progress(step: str, dataset: str, done: int, total: int | None) -> None:
        if step == "delete":
            seen.append(done)

    done = execute.run(
        pbx.terms(), pbx.site(), now=NOW, progress=progress, stop=lambda: 15 if seen else 0
    )
    assert (done.outcome, done.exit_code) == ("interrupted", Exit.TERMINATED)
    first = _report(pbx, done).datasets[0].balances
    assert first.deleted == seen[-1]
    assert first.residue == 3004 - first.deleted > 0
    again = pbx.run()
    assert (again.outcome, again.exit_code) == ("complete", Exit.OK)
    assert _report(pbx, again).datasets[0].balances.deleted == first.residue


def test_what_comes_due_while_a_run_goes_on_goes_too(pbx: Small) -> None:
    arrived = False

    def progress(step: str, dataset: str, done: int, total: int | None) -> None:
        nonlocal arrived
        if step == "look" and not arrived:
            arrived = True
            _insert(pbx, old=7)

    done = execute.run(pbx.terms(), pbx.site(), now=NOW, progress=progress)
    balances = _report(pbx, done).datasets[0].balances
    assert (done.exit_code, balances.deleted, balances.arrived, balances.residue) == (0, 11, 7, 0)


def test_more_than_was_confirmed_is_not_deleted_however_late_it_comes(pbx: Small) -> None:
    def progress(step: str, dataset: str, done: int, total: int | None) -> None:
        if step == "census" and not dataset:
            _insert(pbx, old=300)

    done = execute.run(pbx.terms(), pbx.site(), now=NOW, confirm_count=10, progress=progress)
    assert done.exit_code == Exit.REFUSED
    assert _report(pbx, done).datasets[0].balances.deleted <= 10


def test_a_budget_is_spent_once() -> None:
    budget = Budget(5)
    budget.ask(5)  # undone and tried again: nothing is spent
    budget.spend(3)
    budget.ask(2)
    budget.spend(2)
    with pytest.raises(RefusedError):
        budget.ask(1)
    Budget(None).ask(10**9)


def test_every_run_stands_in_the_ledger_also_those_that_fail(pbx: Small) -> None:
    pbx.run()
    (pbx.pbx / "cdr.db").rename(pbx.pbx / "away.db")
    failed = execute.run(pbx.terms(), pbx.site(), now=NOW + timedelta(hours=1))
    assert failed.exit_code == Exit.UNAVAILABLE
    (pbx.pbx / "away.db").rename(pbx.pbx / "cdr.db")
    last = execute.run(pbx.terms(), pbx.site(), now=NOW + timedelta(hours=2))
    assert last.outcome == "nothing-due"
    outcomes = [entry.run for entry in Ledger(pbx.site().reports).entries()]
    assert len(outcomes) == len(set(outcomes)) == 3


def test_a_mistake_in_settings_is_no_refusal(pbx: Small) -> None:
    terms = pbx.terms()
    source = terms.source.model_copy(update={"roots": {"tapes": "/tmp"}})
    done = execute.run(replace(terms, source=source), pbx.site(), now=NOW)
    assert [type(error) for error in done.errors] == [DocumentError]
    assert done.exit_code == Exit.USAGE


def test_what_no_report_could_say_stops_a_run_before_anything_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pbx = small.build(tmp_path, ["table", "tree"])
    before = pbx.snapshot()
    facts = runfacts.facts

    def odd(*args: Any, **how: Any) -> dict[str, Any]:
        return facts(*args, **how) | {"dpia_ref": "x" * 1001}

    monkeypatch.setattr(runfacts, "facts", odd)
    with pytest.raises(EvidenceError) as refused:
        pbx.run()
    assert (refused.value.code, refused.value.exit_code) == ("REPORT_IMPOSSIBLE", Exit.FORGED)
    assert pbx.snapshot() == before
    monkeypatch.undo()
    assert pbx.run().exit_code == Exit.OK
    assert dict(aftermath.deleted(pbx.site())) == pbx.due


def test_a_dataset_that_cant_be_counted_keeps_no_other_from_its_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pbx = small.build(tmp_path, ["spool", "tree"])

    def unreadable(*_: object) -> Census:
        raise StoreError("dataset voicemail: a folder can't be read", code="UNREADABLE_FOLDER")

    with monkeypatch.context() as patch:
        patch.setattr(SpoolStore, "census", unreadable)
        done = pbx.run()
    assert done.exit_code == Exit.UNAVAILABLE
    assert [error.code for error in done.errors] == ["UNREADABLE_FOLDER"]
    deleted = {result.dataset: result.deleted for result in done.results}
    assert deleted == {**dict.fromkeys(deleted, 0), "recordings": pbx.due["recordings"]}
    assert pbx.run().exit_code == Exit.OK
