"""A reviewed plan is executed exactly: nothing that it doesn't name goes, and all else is told."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support import aftermath, served, small
from support.bench import STAY, Bench, benched
from support.planning import make_plan, run_plan, told
from support.small import NOW, Small

from pbxretain import execute, messages, planfile, signing
from pbxretain.documents import parse
from pbxretain.errors import EvidenceError, Exit, RefusedError
from pbxretain.evidence.statements import DeletionReport, parse_statement
from pbxretain.execute import RunResult
from pbxretain.journal import Journal, Mark
from pbxretain.planned import Planned, Strangers
from pbxretain.policy.document import Policy
from pbxretain.records import Advice, Selection, Store
from pbxretain.stores.files import Folder, drop
from pbxretain.stores.table import TableStore

LATER = NOW + timedelta(days=2)
EVERY = ("tree", "spool", "lines", "table")


def _report(pbx: Small, done: RunResult) -> DeletionReport:
    assert done.entry
    data = (pbx.site().reports / done.entry.file).read_bytes()
    predicate = parse_statement(signing.open_envelope(data).payload).predicate
    assert isinstance(predicate, DeletionReport)
    return predicate


def _sql(pbx: Small, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(pbx.pbx / "cdr.db")) as database:
        database.execute(statement, values)
        database.commit()


def _count(pbx: Small, own: str) -> int:
    with closing(sqlite3.connect(pbx.pbx / "cdr.db")) as database:
        (count,) = database.execute(
            "SELECT count(*) FROM cdr WHERE uniqueid = ?", (own,)
        ).fetchone()
    return int(count)


def _insert(pbx: Small, call: str, *, own: str | None = None, sequence: str = "0") -> None:
    _sql(
        pbx,
        "INSERT INTO cdr (calldate, src, dst, dstchannel, uniqueid, linkedid, sequence)"
        " VALUES ('2026-01-01 10:00:00', '1', '2', 'c', ?, ?, ?)",
        own or call,
        call,
        sequence,
    )


@pytest.mark.parametrize("kinds", [*[(kind,) for kind in EVERY], EVERY, ("linked",)])
def test_what_is_planned_goes_days_later_with_the_cut_off_of_the_plan(
    tmp_path: Path, kinds: tuple[str, ...]
) -> None:
    pbx = small.build(tmp_path / "pbx", kinds)
    path = tmp_path / "plan"
    head = make_plan(pbx.terms(), pbx.site(), path, now=NOW)
    assert {s.dataset: s.records for s in head.datasets if s.records} == pbx.due
    assert all(sum(s.days.values()) == s.records for s in head.datasets)
    done = run_plan(pbx.terms(), pbx.site(), path, now=LATER)
    assert (done.outcome, done.exit_code, done.errors) == ("complete", Exit.OK, [])
    assert {name: (n, n, {}) for name, n in pbx.due.items()} == {
        name: what for name, what in told(done).items() if what[0]
    }
    report = _report(pbx, done)
    assert report.run.plan == planfile.read(path, pbx.site().key).digest
    assert report.run.as_of == head.as_of
    assert {d.dataset: d.rule.cutoff for d in report.datasets if d.rule.cutoff} == {
        s.dataset: s.cutoff for s in head.datasets
    }
    aftermath.assert_genuine(pbx.site(), LATER + timedelta(hours=2))


def test_a_plan_leaves_what_a_run_without_one_would_leave(tmp_path: Path) -> None:
    with_plan = small.build(tmp_path / "a", EVERY)
    without = small.build(tmp_path / "b", EVERY)
    make_plan(with_plan.terms(), with_plan.site(), tmp_path / "plan", now=NOW)
    run_plan(with_plan.terms(), with_plan.site(), tmp_path / "plan", now=NOW)
    without.run()
    assert with_plan.snapshot() == without.snapshot()


def test_what_came_since_is_not_touched_and_counted(tmp_path: Path) -> None:
    pbx = small.build(tmp_path / "pbx", ["table"])
    make_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=NOW)
    for call in ("late-1", "late-2"):
        _insert(pbx, call)
    done = run_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=LATER)
    assert told(done) == {"calls": (4, 4, {})}
    assert (done.outcome, done.exit_code) == ("incomplete", Exit.INCOMPLETE)
    (calls,) = _report(pbx, done).datasets
    assert (calls.balances.residue, calls.balances.deleted) == (2, 4)
    assert {f.code: f.count for f in calls.findings}["NOT_PLANNED"] == 2


def test_what_came_due_by_the_clock_since_is_not_touched_and_counted(tmp_path: Path) -> None:
    pbx = small.build(tmp_path / "pbx", ["table"])
    _insert(pbx, "soon")
    _sql(pbx, "UPDATE cdr SET calldate = '2026-08-18 10:00:00' WHERE uniqueid = 'soon'")
    make_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=NOW)
    done = run_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=LATER)
    assert told(done) == {"calls": (4, 4, {})}
    assert done.planned is not None
    assert (done.planned.unnamed, done.planned.since) == (0, 1)
    assert (_count(pbx, "soon"), done.exit_code) == (1, Exit.OK)


def test_a_late_leg_keeps_its_whole_call(tmp_path: Path) -> None:
    pbx = small.build(tmp_path / "pbx", ["table"])
    _insert(pbx, "call", own="leg-1")
    _insert(pbx, "call", own="leg-2")
    make_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=NOW)
    _insert(pbx, "call", own="leg-3")
    done = run_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=LATER)
    assert told(done) == {"calls": (6, 4, {"STRADDLING": 2})}


def test_a_twin_that_came_since_keeps_its_twins(tmp_path: Path) -> None:
    pbx = small.build(tmp_path / "pbx", ["table"])
    for _ in range(2):
        _insert(pbx, "", own="twin")
    make_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=NOW)
    _insert(pbx, "", own="twin")
    done = run_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=LATER)
    assert told(done) == {"calls": (6, 4, {"CHANGED": 2})}


def test_of_twins_of_which_one_is_gone_the_other_goes(tmp_path: Path) -> None:
    pbx = small.build(tmp_path / "pbx", ["table"])
    for _ in range(2):
        _insert(pbx, "", own="twin")
    make_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=NOW)
    _sql(pbx, "DELETE FROM cdr WHERE AcctId = (SELECT MAX(AcctId) FROM cdr)")
    done = run_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=LATER)
    assert told(done) == {"calls": (6, 5, {"ALREADY_ABSENT": 1})}
    assert done.exit_code == Exit.OK


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE cdr SET calldate = '2026-11-14 10:00:00' WHERE uniqueid = 'x'", "CHANGED"),
        ("UPDATE cdr SET calldate = '2026-01-02 10:00:00' WHERE uniqueid = 'x'", "CHANGED"),
        ("UPDATE cdr SET linkedid = 'other' WHERE uniqueid = 'x'", "CHANGED"),
        ("UPDATE cdr SET src = '030999' WHERE uniqueid = 'x'", "CHANGED"),
        ("DELETE FROM cdr WHERE uniqueid = 'x'", "ALREADY_ABSENT"),
        (
            "INSERT INTO cdr (calldate, src, dst, uniqueid, linkedid, sequence) VALUES"
            " ('2026-11-14 10:00:00', '1', '2', 'y', 'x', '1')",
            "STRADDLING",
        ),
    ],
)
def test_each_reason_why_a_planned_record_stays_has_its_code(
    tmp_path: Path, change: str, code: str
) -> None:
    pbx = small.build(tmp_path / "pbx", ["table"])
    _insert(pbx, "x")
    make_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=NOW)
    _sql(pbx, change)
    done = run_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=LATER)
    assert told(done) == {"calls": (5, 4, {code: 1})}


def test_a_file_that_was_written_since_stays(tmp_path: Path) -> None:
    pbx = small.build(tmp_path / "pbx", ["tree"])
    make_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=NOW)
    first = min((pbx.pbx / "recordings").rglob("*.wav"))
    first.write_bytes(b"another voice")
    os.utime(first, (NOW.timestamp() - 86400 * 30,) * 2)
    done = run_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=LATER)
    assert told(done) == {"recordings": (3, 2, {"CHANGED": 1})}
    assert first.exists()
    assert done.exit_code == Exit.INCOMPLETE


def test_a_second_run_of_a_plan_says_that_all_is_gone(tmp_path: Path) -> None:
    pbx = small.build(tmp_path / "pbx", EVERY)
    make_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=NOW)
    run_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=LATER)
    done = run_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=LATER + timedelta(hours=1))
    assert {n: w for n, w in told(done).items() if w[0]} == {
        name: (n, 0, {"ALREADY_ABSENT": n}) for name, n in pbx.due.items()
    }
    assert done.exit_code == Exit.OK


# --- the file -----------------------------------------------------------------------------------


def test_the_file_holds_no_personal_data_and_is_for_its_owner_only(tmp_path: Path) -> None:
    pbx = small.build(tmp_path / "pbx", [*EVERY, "linked"][:4])
    path = tmp_path / "plan"
    make_plan(pbx.terms(), pbx.site(), path, now=NOW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    data = path.read_bytes()
    for secret in (b"0301234", b"hotline", b"default", b"INBOX", b".wav", str(pbx.pbx).encode()):
        assert secret not in data
    assert [p.name for p in tmp_path.iterdir() if p.name != "pbx"] == ["plan"]


def test_a_plan_is_never_written_over_another_file(tmp_path: Path) -> None:
    pbx = small.build(tmp_path / "pbx", ["table"])
    (tmp_path / "plan").write_text("mine")
    with pytest.raises(RefusedError):
        make_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=NOW)
    assert (tmp_path / "plan").read_text() == "mine"


def test_a_plan_of_which_any_byte_changed_is_refused(tmp_path: Path) -> None:
    pbx = small.build(tmp_path / "pbx", ["table"])
    path, key = tmp_path / "plan", pbx.site().key
    make_plan(pbx.terms(), pbx.site(), path, now=NOW)
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises((EvidenceError, RefusedError)) as caught:
            planfile.read(path, key)
        assert caught.value.code in ("PLAN_NOT_GENUINE", "PLAN_OUTDATED")
    for other in (whole[:-1], whole + b"\0", whole[: len(whole) // 2], b"", whole + whole):
        path.write_bytes(other)
        with pytest.raises(EvidenceError) as caught:
            planfile.read(path, key)
        assert caught.value.exit_code == Exit.FORGED


def test_a_plan_of_another_key_or_source_or_of_other_documents_is_refused(tmp_path: Path) -> None:
    pbx, other = small.build(tmp_path / "a", ["table"]), small.build(tmp_path / "b", ["table"])
    path, terms, site = tmp_path / "plan", pbx.terms(), pbx.site()
    make_plan(terms, site, path, now=NOW)
    before = pbx.snapshot()
    with pytest.raises(RefusedError, match="key"):
        planfile.read(path, other.site().key)
    source = terms.source.model_copy(update={"processing_activity": "x"})
    connector = replace(terms.connector, digest="sha256:" + "1" * 64)
    cases = (
        ("PLAN_OTHER_SOURCE", replace(terms, name="branch"), "für branch hier"),
        ("PLAN_OUTDATED", replace(terms, policy_digest="sha256:" + "1" * 64), "das Regelwerk"),
        ("PLAN_OUTDATED", replace(terms, source=source), "die Einstellungen der Quelle"),
        ("PLAN_OUTDATED", replace(terms, connector=connector), "der Konnektor"),
    )
    for code, other_terms, german in cases:
        done = run_plan(other_terms, pbx.site(), path, now=NOW)
        assert ([e.code for e in done.errors], done.exit_code) == ([code], Exit.REFUSED)
        sentence = messages.detail(code, "de", done.errors[0].params)
        assert str(sentence).endswith(german)
        assert pbx.snapshot() == before


def test_a_plan_that_is_too_old_is_refused_unless_more_is_allowed(tmp_path: Path) -> None:
    pbx = small.build(tmp_path / "pbx", ["table"])
    path = tmp_path / "plan"
    make_plan(pbx.terms(), pbx.site(), path, now=NOW)
    late = NOW + timedelta(days=8)
    done = run_plan(pbx.terms(), pbx.site(), path, now=late)
    assert [error.code for error in done.errors] == ["PLAN_TOO_OLD"]
    assert _report(pbx, done).run.refused_reason == "PLAN_TOO_OLD"
    late += timedelta(hours=1)
    done = run_plan(pbx.terms(), pbx.site(), path, now=late, oldest=timedelta(days=9))
    assert told(done) == {"calls": (4, 4, {})}


# --- on servers, and under several rules --------------------------------------------------------


@pytest.fixture(params=served.KINDS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    yield from benched(request.getfixturevalue(request.param), request.param, tmp_path)


def test_a_plan_is_executed_exactly_on_a_server(bench: Bench, tmp_path: Path) -> None:
    pbx, now = bench.pbx, datetime.now(UTC)
    head = make_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=now)
    assert {s.dataset: s.records for s in head.datasets if s.records} == pbx.due
    bench.insert(now - timedelta(days=200), 77)
    left = bench.left()
    done = run_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=datetime.now(UTC))
    assert {n: w for n, w in told(done).items() if w[0]} == {
        name: (n, n, {}) for name, n in pbx.due.items()
    }
    assert bench.left() == sorted([*STAY, 77])
    assert 77 in left
    assert done.exit_code == Exit.INCOMPLETE
    assert done.planned is not None
    assert done.planned.unnamed == 1


RULES = """
policy: test
version: 1
controller: Test GmbH
limits: {share: 100%}
rules:
  - {data: call-detail-records, name: missed, only: {answered: false}, keep: 30 days,
     basis: {code: necessity}}
  - {data: call-detail-records, keep: 90 days, basis: {code: necessity}}
"""


def test_a_record_that_came_under_another_rule_since_has_changed(tmp_path: Path) -> None:
    pbx = small.build(tmp_path / "pbx", ["table"])
    for number, answer in enumerate(["NO ANSWER", "NO ANSWER", "ANSWERED"]):
        _insert(pbx, f"x-{number}")
        _sql(pbx, "UPDATE cdr SET disposition = ? WHERE uniqueid = ?", answer, f"x-{number}")
    policy = parse(RULES.encode(), "policy", Policy)
    other = pbx.terms()
    offered = other.connector.manifest.offered()
    assert "call-detail-records" in offered
    rest = [r for r in other.policy.rules if r.data != "call-detail-records"]
    both = policy.value.model_copy(update={"rules": [*policy.value.rules, *rest]})
    terms = replace(other, policy=both, policy_digest=policy.digest)
    head = make_plan(terms, pbx.site(), tmp_path / "plan", now=NOW)
    counts = {s.dataset: s.records for s in head.datasets if s.records}
    missed, answered = counts["calls-missed"], counts["calls"]
    _sql(pbx, "UPDATE cdr SET disposition = 'ANSWERED' WHERE uniqueid = 'x-0'")
    done = run_plan(terms, pbx.site(), tmp_path / "plan", now=LATER)
    assert {n: w for n, w in told(done).items() if w[0]} == {
        "calls-missed": (missed, missed - 1, {"CHANGED": 1}),
        "calls": (answered, answered, {}),
    }
    assert _count(pbx, "x-0") == 1
    assert done.exit_code == Exit.INCOMPLETE


# --- while a run goes on ------------------------------------------------------------------------


def test_what_comes_in_between_look_and_batch_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pbx = small.build(tmp_path / "pbx", ["table"])
    _sql(pbx, "CREATE INDEX by_time ON cdr (calldate)")  # walked by time, to the very end
    _insert(pbx, "call", own="leg-1")
    make_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=NOW)
    look = Planned.look

    def then_insert(self: Planned, store: Store, selection: Selection) -> Selection:
        chosen = look(self, store, selection)
        if not _count(pbx, "leg-2"):
            _insert(pbx, "call", own="leg-2")
            _insert(pbx, "stranger")
        return chosen

    monkeypatch.setattr(Planned, "look", then_insert)
    done = run_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=LATER)
    assert told(done) == {"calls": (5, 4, {"STRADDLING": 1})}
    assert (_count(pbx, "leg-1"), _count(pbx, "stranger")) == (1, 1)
    assert done.planned is not None
    assert done.planned.unnamed == 2


def test_a_store_that_takes_what_the_plan_spares_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pbx = small.build(tmp_path / "pbx", ["table"])
    make_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=NOW)
    _sql(pbx, "UPDATE cdr SET src = '030999' WHERE AcctId = 1")
    monkeypatch.setattr(Strangers, "spared", lambda self, selection: selection)
    before = pbx.snapshot()
    done = run_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=LATER)
    assert done.exit_code == Exit.INCOMPLETE
    assert pbx.snapshot() == before
    assert told(done) == {"calls": (4, 0, {"CHANGED": 1, "STILL_DUE": 3})}


def test_a_run_by_plan_that_died_is_settled_and_the_next_does_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pbx = small.build(tmp_path / "pbx", EVERY)
    make_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=NOW)
    marks, mark = [0], Journal.mark

    def dies(self: Journal, what: Mark) -> None:
        marks[0] += 1
        if marks[0] == 2:
            raise KeyboardInterrupt
        mark(self, what)

    monkeypatch.setattr(Journal, "mark", dies)
    with pytest.raises(KeyboardInterrupt):
        run_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=LATER)
    monkeypatch.undo()
    done = run_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=LATER + timedelta(minutes=1))
    assert done.recovered is not None
    digest = planfile.read(tmp_path / "plan", pbx.site().key).digest
    data = (pbx.site().reports / done.recovered.file).read_bytes()
    dead = parse_statement(signing.open_envelope(data).payload).predicate
    assert isinstance(dead, DeletionReport)
    assert dead.run.plan == digest
    went = {d.dataset: d.balances.deleted for d in dead.datasets if d.balances.deleted}
    assert went
    for name, n in pbx.due.items():
        gone = went.get(name, 0)
        assert told(done)[name] == (n, n - gone, {"ALREADY_ABSENT": gone} if gone else {})
    assert done.exit_code == Exit.OK


def test_a_run_that_is_stopped_says_what_is_still_due(tmp_path: Path) -> None:
    pbx = small.build(tmp_path / "pbx", ["table"])
    path = tmp_path / "plan"
    make_plan(pbx.terms(), pbx.site(), path, now=NOW)
    planned = planfile.read(path, pbx.site().key)
    done = execute.run(pbx.terms(), pbx.site(), now=LATER, planned=planned, stop=lambda: 15)
    assert done.exit_code == Exit.TERMINATED
    assert told(done) == {"calls": (4, 0, {"STILL_DUE": 4})}


def test_records_of_a_dataset_that_is_left_out_bear_the_code_of_the_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pbx = small.build(tmp_path / "pbx", ["table", "tree"])
    make_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=NOW)
    advice = Advice("RIGHTS", "no right to delete", severity="error")
    monkeypatch.setattr(TableStore, "check", lambda self: [advice])
    done = run_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=LATER)
    assert told(done) == {"calls": (4, 0, {"RIGHTS": 4}), "recordings": (3, 3, {})}
    assert done.exit_code == Exit.REFUSED


def test_a_record_that_can_not_be_deleted_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pbx = small.build(tmp_path / "pbx", ["tree"])
    make_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=NOW)

    def stuck(folder: Folder, name: bytes) -> None:
        if b"03012341" in name:
            raise PermissionError
        drop(folder, name)

    monkeypatch.setattr("pbxretain.stores.tree_batch.drop", stuck)
    done = run_plan(pbx.terms(), pbx.site(), tmp_path / "plan", now=LATER)
    assert told(done) == {"recordings": (3, 2, {"FAILED": 1})}
    assert done.exit_code == Exit.INCOMPLETE
