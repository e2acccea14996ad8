"""Several rules over one PBX of every kind: names, counts, reports, and a run that dies."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import small
from support.facet_promises import faceted
from support.small import NOW, Small
from support.tables import drain, table

from pbxretain import documents, execute, plan, signing, sources, strands
from pbxretain.documents import parse
from pbxretain.errors import DocumentError, Exit, RefusedError
from pbxretain.evidence.statements import DeletionReport, parse_statement
from pbxretain.execute import RunResult
from pbxretain.journal import Journal
from pbxretain.ledger import Entry
from pbxretain.manifest import Manifest, TableDataset
from pbxretain.plan import Plan, Terms
from pbxretain.policy.document import Policy
from pbxretain.sources import Opened
from pbxretain.stores.database import connect
from pbxretain.stores.table import open_table

OTHERS = ("call-detail-records", "call-events", "queue-logs", "call-recordings")


def under(pbx: Small, *rules: str, share: int = 100) -> Terms:
    """The PBX's terms under these rules; of any other class all stays."""
    terms = pbx.terms()
    named = {rule.partition("data: ")[2].partition(",")[0].rstrip("}") for rule in rules}
    rest = [data for data in terms.connector.manifest.offered() if data not in named]
    listed = [*rules, *(f"{{data: {d}, keep: forever, basis: {{code: x}}}}" for d in rest)]
    text = f"policy: test\nlimits: {{share: {share}%}}\nrules:\n"
    loaded = parse((text + "".join(f"  - {r}\n" for r in listed)).encode(), "policy", Policy)
    return replace(terms, policy=loaded.value, policy_digest=loaded.digest)


def rule(data: str, keep: str = "90 days", more: str = "") -> str:
    return f"{{data: {data}, keep: {keep}, basis: {{code: x}}{more}}}"


def run(pbx: Small, terms: Terms) -> RunResult:
    last = execute.ledger_of(pbx.site()).last()
    return execute.run(terms, pbx.site(), now=max(NOW, last.ended) if last else NOW)


def report(pbx: Small, entry: Entry | None) -> DeletionReport:
    assert entry
    data = (pbx.site().reports / entry.file).read_bytes()
    told = parse_statement(signing.open_envelope(data).payload).predicate
    assert isinstance(told, DeletionReport)
    return told


def counts(told: DeletionReport) -> dict[str, int]:
    return {d.dataset: d.balances.deleted for d in told.datasets if d.balances.deleted}


@contextmanager
def opened(terms: Terms) -> Iterator[Opened]:
    with sources.opened(
        terms.source, terms.connector, name="office", installation="t", exclusive=False
    ) as found:
        yield found


def planned(terms: Terms) -> Plan:
    with opened(terms) as found:
        return plan.make(terms, found, now=NOW)


def calls(pbx: Small) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(pbx.pbx / "cdr.db")) as database:
        return database.execute("SELECT uniqueid, disposition FROM cdr ORDER BY 1").fetchall()


def answer(pbx: Small, *, every: int) -> None:
    """Has some calls answered, the others not."""
    with closing(sqlite3.connect(pbx.pbx / "cdr.db")) as database:
        database.execute(
            "UPDATE cdr SET disposition = CASE WHEN AcctId % ? THEN 'BUSY' ELSE 'ANSWERED' END",
            (every,),
        )
        database.commit()


@pytest.fixture
def pbx(tmp_path: Path) -> Small:
    made = small.build(tmp_path, ["table"])
    answer(made, every=2)
    return made


ANSWERED = ", name: talked, only: {answered: true}"


def test_each_rule_is_a_dataset_of_its_own_in_the_report(pbx: Small) -> None:
    long = rule("call-detail-records", "5 years", ANSWERED)
    due = pbx.due["calls"]
    answered = [u for u, said in calls(pbx) if said == "ANSWERED"]
    done = run(pbx, under(pbx, long, rule("call-detail-records")))
    assert done.exit_code == Exit.OK
    told = report(pbx, done.entry)
    known = {d.dataset: d for d in told.datasets}
    assert (known["calls"].of, known["calls-talked"].of) == ("calls", "calls")
    assert known["calls-talked"].rule.name == "talked"
    assert known["calls-talked"].rule.only == ("answered",)
    assert known["calls-talked"].outcome == "nothing-due"
    assert 0 < known["calls"].balances.deleted < due
    assert {u for u, _ in calls(pbx)} >= set(answered)
    assert b"ANSWERED" not in (pbx.site().reports / done.entry.file).read_bytes()  # type: ignore[union-attr]


def test_under_one_plain_rule_nothing_has_another_name(pbx: Small) -> None:
    done = run(pbx, under(pbx, rule("call-detail-records")))
    told = report(pbx, done.entry)
    assert counts(told) == {"calls": pbx.due["calls"]}
    assert {(d.of, d.rule.name, d.rule.only) for d in told.datasets} == {(None, None, ())}


def test_two_rules_take_together_what_one_takes(pbx: Small) -> None:
    done = run(
        pbx,
        under(pbx, rule("call-detail-records", more=ANSWERED), rule("call-detail-records")),
    )
    found = counts(report(pbx, done.entry))
    assert set(found) == {"calls", "calls-talked"}
    assert sum(found.values()) == pbx.due["calls"]


def test_a_minimum_refuses_and_is_counted(pbx: Small) -> None:
    more = ", minimum: 5 years, override: {by: management}"
    done = run(pbx, under(pbx, rule("call-detail-records", more=more)))
    told = report(pbx, done.entry)
    (found,) = (d for d in told.datasets if d.dataset == "calls")
    assert found.balances.deleted == 0
    assert found.balances.minimum >= pbx.due["calls"]
    assert found.rule.minimum == "P5Y"
    assert ("MIN_RETENTION", "calls") in {(e.code, e.dataset) for e in told.exceptions}
    assert done.exit_code == Exit.OK


def test_the_share_limit_looks_at_the_dataset_and_not_at_each_rule(pbx: Small) -> None:
    with closing(sqlite3.connect(pbx.pbx / "cdr.db")) as database:
        database.executemany(
            "INSERT INTO cdr (calldate, uniqueid, disposition)"
            " VALUES ('2026-01-01 10:00:00', ?, ?)",
            [(f"x-{n}", "ANSWERED" if n % 2 else "BUSY") for n in range(120)],
        )
        database.commit()
    half = (rule("call-detail-records", more=ANSWERED), rule("call-detail-records"))
    refusals = planned(under(pbx, *half, share=70)).refusals
    assert [(r.code, r.params["dataset"]) for r in refusals] == [("SHARE_LIMIT", "calls")]


def test_a_class_of_which_some_records_have_no_rule_is_a_mistake(pbx: Small) -> None:
    with pytest.raises(DocumentError, match="the rest of call-detail-records"):
        planned(under(pbx, rule("call-detail-records", more=ANSWERED)))


def test_a_dataset_that_can_not_be_told_apart_is_refused_alone(tmp_path: Path) -> None:
    pbx = small.build(tmp_path, ["table", "lines"])
    narrow = rule("queue-logs", more=", name: dir, only: {direction: inbound}")
    terms = under(pbx, narrow, rule("queue-logs"), rule("call-detail-records"))
    done = run(pbx, terms)
    assert done.exit_code == Exit.REFUSED
    assert {e.code for e in done.errors} == {"FACET_UNKNOWN"}
    outcomes = {d.dataset: d.outcome for d in report(pbx, done.entry).datasets}
    assert (outcomes["queue-log"], outcomes["queue-log-dir"]) == ("refused", "refused")
    assert outcomes["calls"] == "complete"


def test_messages_go_by_whether_they_were_heard(tmp_path: Path) -> None:
    pbx = small.build(tmp_path, ["spool"])
    heard = rule("voicemail-messages", "30 days", ", name: heard, only: {heard: true}")
    done = run(pbx, under(pbx, heard, rule("voicemail-messages", "5 years")))
    assert done.exit_code == Exit.OK
    folder = pbx.pbx / "voicemail" / "default" / "411"
    assert len(list((folder / "INBOX").glob("msg*.txt"))) == 4
    assert len(list((folder / "Old").glob("msg*.txt"))) == 1
    assert counts(report(pbx, done.entry)) == {"voicemail-heard": 1}


def test_where_a_message_lies_in_a_folder_of_its_owner_nobody_can_tell(tmp_path: Path) -> None:
    pbx = small.build(tmp_path, ["spool"])
    place = pbx.pbx / "voicemail" / "default" / "411"
    (place / "Old").rename(place / "Work")
    unheard = rule("voicemail-messages", "5 years", ", name: new, only: {heard: false}")
    done = run(pbx, under(pbx, unheard, rule("voicemail-messages")))
    told = report(pbx, done.entry)
    assert counts(told) == {}
    (rest,) = (d for d in told.datasets if d.dataset == "voicemail")
    assert [(f.code, f.count) for f in rest.findings] == [("FACET_UNTOLD", 1)]


def test_lines_go_by_their_fields(tmp_path: Path) -> None:
    pbx = small.build(tmp_path, ["lines"])
    log = pbx.pbx / "logs" / "queue_log"
    before = log.read_text().splitlines()
    mixed = [line.replace("hotline", "bank") if n % 2 else line for n, line in enumerate(before)]
    log.write_text("\n".join(mixed) + "\n")
    bank = rule("queue-logs", "5 years", ", name: bank, only: {queue: bank}")
    done = run(pbx, under(pbx, bank, rule("queue-logs")))
    assert done.exit_code == Exit.OK
    text = "".join(path.read_text() for path in log.parent.glob("queue_log*"))
    assert text.count("|bank|") == sum("|bank|" in line for line in mixed)
    assert text.count("|hotline|") < sum("|hotline|" in line for line in mixed)


def test_files_go_by_the_row_that_names_them(tmp_path: Path) -> None:
    pbx = small.build(tmp_path, ["linked"])
    answer(pbx, every=2)
    talked = rule("call-recordings", "5 years", ANSWERED)
    terms = under(pbx, talked, rule("call-recordings"), rule("call-detail-records", "5 years"))
    with closing(sqlite3.connect(pbx.pbx / "cdr.db")) as database:
        named = dict(database.execute("SELECT recordingfile, disposition FROM cdr").fetchall())
    folder = pbx.pbx / "recordings"
    there = {path.stem for path in folder.rglob("*.[wW]*")}
    talks = {Path(n).stem for n, said in named.items() if n and said == "ANSWERED"} & there
    others = {Path(n).stem for n, said in named.items() if n and said != "ANSWERED"} & there
    assert run(pbx, terms).exit_code == Exit.OK
    left = {path.stem for path in folder.rglob("*.[wW]*")}
    assert talks
    assert talks <= left
    assert others - left


def test_a_row_waits_while_only_it_tells_under_which_rule_its_file_falls(tmp_path: Path) -> None:
    pbx = small.build(tmp_path, ["linked"])
    answer(pbx, every=1)  # all answered
    talked = rule("call-recordings", "5 years", ANSWERED)
    terms = under(pbx, talked, rule("call-recordings"), rule("call-detail-records"))
    done = run(pbx, terms)
    (found,) = (d for d in report(pbx, done.entry).datasets if d.dataset == "calls")
    assert found.balances.kept_for_part
    with closing(sqlite3.connect(pbx.pbx / "cdr.db")) as database:
        rows = "SELECT COUNT(*) FROM cdr WHERE recordingfile <> ''"
        assert database.execute(rows).fetchone()[0] >= found.balances.kept_for_part


# --- a run that dies --------------------------------------------------------------------------


@dataclass
class Dead:
    """A run that dies at a step of one strand's first batch."""

    pbx: Small
    terms: Terms

    def killed(self, strand: str, step: str) -> bool:
        pid = os.fork()
        if pid == 0:
            try:
                self._arm(strand, step)
                execute.run(self.terms, self.pbx.site(), now=NOW)
            finally:
                os._exit(0)
        _, status = os.waitpid(pid, 0)
        return os.WIFSIGNALED(status)

    def _arm(self, strand: str, step: str) -> None:
        seal, mark = Journal.seal, Journal.mark

        def die(name: str, at: str) -> None:
            if (name, at) == (strand, step):
                os.kill(os.getpid(), signal.SIGKILL)

        def sealing(journal: Journal, number: int, name: str, batch: Any, **more: Any) -> None:
            seal(journal, number, name, batch, **more)
            die(name, "sealed")

        def marking(journal: Journal, done: Any) -> None:
            die(done.dataset, "final")
            mark(journal, done)

        Journal.seal = sealing  # type: ignore[method-assign, assignment]
        Journal.mark = marking  # type: ignore[method-assign, assignment]


@pytest.mark.parametrize("step", ["sealed", "final"])
@pytest.mark.parametrize("strand", ["calls-talked", "calls", "voicemail-heard", "voicemail"])
def test_a_run_that_died_between_two_rules_is_settled_by_the_dataset_underneath(
    tmp_path: Path, strand: str, step: str
) -> None:
    pbx = small.build(tmp_path, ["table", "spool"])
    answer(pbx, every=2)
    heard = ", name: heard, only: {heard: true}"
    terms = under(
        pbx,
        rule("call-detail-records", more=ANSWERED),
        rule("call-detail-records"),
        rule("voicemail-messages", more=heard),
        rule("voicemail-messages"),
    )
    before = len(calls(pbx)), len(list(pbx.pbx.rglob("msg*.txt")))
    assert Dead(pbx, terms).killed(strand, step)
    done = run(pbx, terms)
    assert done.exit_code == Exit.OK
    assert done.recovered
    first, second = counts(report(pbx, done.recovered)), counts(report(pbx, done.entry))
    told = {
        name: sum(c for found in (first, second) for d, c in found.items() if d.startswith(name))
        for name in ("calls", "voicemail")
    }
    after = len(calls(pbx)), len(list(pbx.pbx.rglob("msg*.txt")))
    assert told == {"calls": before[0] - after[0], "voicemail": before[1] - after[1]}
    assert told == {name: pbx.due[name] for name in told}


def test_under_a_changed_policy_a_dead_run_is_settled_and_called_incomplete(pbx: Small) -> None:
    both = (rule("call-detail-records", more=ANSWERED), rule("call-detail-records"))
    dead = Dead(pbx, under(pbx, *both))
    before = len(calls(pbx))
    assert dead.killed("calls-talked", "final")
    gone = before - len(calls(pbx))
    done = run(pbx, under(pbx, rule("call-detail-records", "5 years")))
    told = report(pbx, done.recovered)
    assert counts(told) == {"calls-talked": gone}
    assert {d.outcome for d in told.datasets if d.dataset.startswith("calls")} == {"incomplete"}
    assert not isinstance(done.errors, RefusedError)


# --- names and start events -------------------------------------------------------------------


def opened_table(path: Path, dataset: TableDataset, name: str = "calls") -> tuple[Manifest, Opened]:
    """One table of an SQLite file as a whole source."""
    text = documents.dump(
        {
            "connector": "any",
            "title": "Any",
            "databases": ["sqlite"],
            "datasets": {name: dataset.model_dump(mode="json", exclude_defaults=True)},
        }
    )
    engine = connect(f"sqlite:///{path}")
    store = open_table(name=name, dataset=dataset, engine=engine, zone=small.ZONE)
    return parse(text.encode(), "manifest", Manifest).value, Opened([store], {name: dataset})


def test_a_start_event_that_stands_in_has_a_strand_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "vm.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE vm (id INTEGER PRIMARY KEY, received, heard)")
        database.executemany(
            "INSERT INTO vm VALUES (?, ?, ?)",
            [
                (1, "2026-01-01 10:00:00", "2026-11-14 10:00:00"),
                (2, "2026-01-01 10:00:00", "2026-02-01 10:00:00"),
                (3, "2026-01-01 10:00:00", None),
                (4, "2026-11-14 10:00:00", None),
                (5, None, None),
            ],
        )
        database.commit()
    starts = {"received": {"column": "received"}, "heard": {"column": "heard"}}
    dataset = table(
        data="voicemail-messages", table="vm", key=["id"], call_id=[], subjects={}, starts=starts
    )
    manifest, source = opened_table(path, dataset, "vm")
    text = rule("voicemail-messages", "30 days", ", from: [heard, received]")
    policy = parse(f"policy: test\nrules:\n  - {text}\n".encode(), "policy", Policy).value
    found = strands.of_source(policy, manifest, source)
    assert [(s.dataset, s.start, s.fallback) for s in found] == [
        ("vm", "heard", ("received",)),
        ("vm-received", "received", ()),
    ]
    undated = []
    for strand in found:
        chosen = strand.selection(found, now=NOW, zone=small.ZONE)
        assert chosen
        undated.append(strand.census(chosen).undated)
        drain(source.stores[0], chosen)  # type: ignore[arg-type]
    assert undated == [0, 1], "what has neither event is unknown once, and kept"
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT id FROM vm ORDER BY 1").fetchall() == [(1,), (4,), (5,)]
    source.stores[0].close()


def test_no_two_strands_have_one_name_however_long(tmp_path: Path) -> None:
    path = tmp_path / "cdr.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE cdr (start, uniqueid, linkedid, dir, disp, src, dst)")
    long = "calls-" + "x" * 57
    manifest, source = opened_table(path, faceted(), long)
    named = (
        rule("call-detail-records", more=f", name: {'n' * n}, only: {{extension: '{n}'}}")
        for n in (1, 2, 30)
    )
    listed = [*named, rule("call-detail-records")]
    text = "policy: test\nrules:\n" + "".join(f"  - {each}\n" for each in listed)
    policy = parse(text.encode(), "policy", Policy).value
    names = [strand.dataset for strand in strands.of_source(policy, manifest, source)]
    assert names[-1] == long
    assert len(names) == len(set(names)) == 4
    assert all(len(name) <= 63 for name in names)
    source.stores[0].close()


# --- any rules, any records -------------------------------------------------------------------

TODAY = date(2026, 11, 15)
DAYS = st.sampled_from([1, 30, 90, 365])
ONLY = st.sampled_from(
    [
        {"direction": "inbound"},
        {"answered": "true"},
        {"direction": "outbound", "answered": "false"},
        {"extension": "201"},
    ]
)
PART = st.fixed_dictionaries(
    {"keep": DAYS, "minimum": DAYS | st.none(), "slack": st.sampled_from([0, 7])}
)
LEG = st.tuples(
    st.sampled_from([0, 1, 2, 29, 30, 31, 84, 90, 91, 365, 366]),
    st.integers(0, 3),
    st.sampled_from(["in", "out", None]),
    st.sampled_from(["ANSWERED", "BUSY", None]),
    st.sampled_from(["201", "202"]),
)


def _text(only: Mapping[str, str], part: Mapping[str, Any]) -> str:
    keep, minimum, slack = part["keep"], part["minimum"], part["slack"]
    more = [f"only: {{{', '.join(f'{k}: {v!r}' for k, v in only.items())}}}"] if only else []
    more += [f"minimum: {minimum} days"] if minimum else []
    more += ["override: {by: management}"] if minimum and minimum > keep else []
    more += [f"slack: {slack} days"] if slack and keep > slack else []
    return rule("call-detail-records", f"{keep} days", "".join(f", {each}" for each in more))


def _policy(rules: Sequence[tuple[Mapping[str, str], Mapping[str, Any]]]) -> Policy:
    text = "policy: test\nrules:\n" + "".join(f"  - {_text(*each)}\n" for each in rules)
    return parse(text.encode(), "policy", Policy).value


def _goes(leg: Any, rules: Sequence[tuple[Mapping[str, str], Mapping[str, Any]]]) -> bool:
    """Whether the first rule that fits lets a leg go, by the words of the policy alone."""
    age, _, way, said, party = leg
    has = {
        "direction": {"in": "inbound", "out": "outbound"}.get(way or ""),
        "answered": None if said is None else str(said == "ANSWERED").lower(),
        "extension": party,
    }
    for only, part in rules:
        if all(has[name] == value for name, value in only.items()):
            keep = part["keep"] - (part["slack"] if part["keep"] > part["slack"] else 0)
            return bool(age > keep and age > (part["minimum"] or 0))
    raise AssertionError("some rule takes all the rest")


@given(
    narrow=st.lists(st.tuples(ONLY, PART), max_size=3, unique_by=lambda each: repr(each[0])),
    rest=PART,
    legs=st.lists(LEG, max_size=7),
)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_record_under_a_minimum_goes_and_each_fares_as_its_first_rule_says(
    tmp_path: Path, narrow: Any, rest: Any, legs: Any
) -> None:
    rules = [*narrow, ({}, rest)]
    path = tmp_path / "any.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE cdr (start, uniqueid, linkedid, dir, disp, src, dst)")
        database.execute("CREATE INDEX cdr_start ON cdr (start)")
        for number, (age, call, way, said, party) in enumerate(legs):
            start = f"{TODAY - timedelta(days=age)} 12:00:00"
            row = (start, f"{call}.{number}", str(call), way, said, party, "030")
            database.execute("INSERT INTO cdr VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        database.commit()
    dataset = faceted()
    manifest, source = opened_table(path, dataset)
    store = source.stores[0]
    found = strands.of_source(_policy(rules), manifest, source)
    for strand in found:
        beside = [each for each in found if each.of == strand.of]
        chosen = strand.selection(beside, now=NOW, zone=small.ZONE)
        assert chosen
        whole = replace(chosen, excluded_calls=store.straddlers(chosen))
        census = store.census(whole)
        assert len(drain(store, whole)) == census.due  # type: ignore[arg-type]
        assert census.before == census.due + census.straddling + census.minimum
    store.close()
    goes = [_goes(leg, rules) for leg in legs]
    kept = {leg[1] for leg, may in zip(legs, goes, strict=True) if not may}
    expected = sorted(f"{leg[1]}.{n}" for n, leg in enumerate(legs) if leg[1] in kept)
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT uniqueid FROM cdr ORDER BY uniqueid").fetchall()
    assert [row[0] for row in rows] == expected
