"""Every combination of what may keep a record or let it go, through the engine on SQLite."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support import aftermath
from support.precedence import PAGE, REST, RULES, Case, Facet, Rule, cases, decides, page
from support.site import make_site, make_terms

from pbxretain import connector, execute
from pbxretain.documents import parse
from pbxretain.errors import Exit
from pbxretain.evidence.statements import DeletionReport
from pbxretain.holds import Folder, Match, new_hold
from pbxretain.policy.document import Policy

NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
NUMBER, CUT = "+493012345678", "+493012345***"
MANIFEST = """
connector: precedence
title: A call log with everything that a rule may go by
tried: [{version: "1", on: 2026-11-29, how: written-by-product}]
databases: [sqlite]
datasets:
  calls:
    data: call-detail-records
    title: calls
    kind: table
    table: calls
    key: [id]
    call_id: [call]
    starts:
      ended: {column: ended, type: epoch}
      started: {column: started, type: epoch}
    personal: [number, note]
    redact: {number: number, note: text}
    subjects: {caller: number}
    facets: {queue: {column: queue}}
    may_lack: [queue]
    walk: id
"""


class Log:
    """A call log with one call for each case, numbered in order."""

    def __init__(self, folder: Path, found: Iterable[Case], *, queues: bool = True) -> None:
        self.folder, self.cases = folder, list(found)
        self.path = folder / "calls.db"
        queue = ", queue" if queues else ""
        with closing(sqlite3.connect(self.path)) as made:
            made.execute(
                "CREATE TABLE calls (id INTEGER PRIMARY KEY, call TEXT, started INTEGER, "
                f"ended INTEGER, number TEXT, note TEXT{queue})"
            )
            for place, case in enumerate(self.cases):
                row = (place, f"c-{place}", *_times(case), *_form(case))
                values = (*row, _queue(case)) if queues else row
                marks = ", ".join("?" * len(values))
                made.execute(f"INSERT INTO calls VALUES ({marks})", values)
            made.commit()

    def hold(self) -> Folder:
        """Holds and restrictions by call id."""
        folder = Folder(self.folder / "holds.d", self.folder / "state")
        for kind, wanted in (
            ("legal-hold", ("hold", "both")),
            ("restriction", ("restriction", "both")),
        ):
            calls = [f"c-{n}" for n, case in enumerate(self.cases) if case.hold in wanted]
            if calls:
                hold = new_hold(
                    Match.model_validate({"calls": calls}),
                    kind=kind,  # type: ignore[arg-type]
                    by="legal department",
                    today=NOW.date(),
                )
                with folder.alone():
                    folder.put(hold)
        return folder

    def run(self, rules: Iterable[str]) -> DeletionReport:
        lines = "".join(f"  - {rule}\n" for rule in rules)
        policy = parse(
            f"policy: test\nlimits: {{share: 100%}}\nrules:\n{lines}".encode(), "p", Policy
        )
        product = connector.parse(MANIFEST.encode(), "connector.yaml", "site")
        terms = make_terms(product, url=f"sqlite:///{self.path}", extra="region: DE")
        terms = replace(terms, policy=policy.value, policy_digest=policy.digest, holds=self.hold())
        done = execute.run(terms, make_site(self.folder / "state"), now=NOW)
        assert (done.exit_code, [str(error) for error in done.errors]) == (Exit.OK, [])
        return list(aftermath.reports(make_site(self.folder / "state")))[-1]

    def fates(self) -> dict[int, str]:
        """What became of each call: deleted, redacted, or it stays as it was."""
        with closing(sqlite3.connect(self.path)) as opened:
            left = {n: (number, note) for n, number, note in opened.execute(
                "SELECT id, number, note FROM calls")}  # fmt: skip
        found = {}
        for place, case in enumerate(self.cases):
            form = left.get(place)
            same = form == _form(case)
            found[place] = "deleted" if form is None else "stays" if same else "redacted"
            assert form in (None, (NUMBER, "a note"), (CUT, ""))
        return found


def _times(case: Case) -> tuple[int | None, int | None]:
    at = int((NOW - timedelta(days=case.age)).timestamp())
    return (at if case.start == "fallback" else None), (at if case.start == "known" else None)


def _form(case: Case) -> tuple[str, str]:
    return (CUT, "") if case.redacted else (NUMBER, "a note")


def _queue(case: Case) -> str | None:
    return {"own": case.rule.name, "other": "nobody-asks", "empty": None}[case.facet]


GROUPS = [RULES[at : at + 4] for at in range(0, len(RULES), 4)]
"""Rules that share keep and minimum, each with a rule for the rest behind it."""

REST_YAML = REST.yaml.replace(f"name: {REST.name}, only: {{queue: {REST.name}}}, ", "")


@pytest.mark.parametrize("rules", GROUPS, ids=lambda rules: rules[0].name)
def test_every_combination_ends_as_the_table_says(tmp_path: Path, rules: tuple[Rule, ...]) -> None:
    log = Log(tmp_path, (case for case in cases() if case.rule in rules))
    report = log.run([*(rule.yaml for rule in rules), REST_YAML])
    fates = log.fates()
    wrong = [
        (case, fates[place], decides(case).outcome)
        for place, case in enumerate(log.cases)
        if fates[place] != decides(case).outcome
    ]
    assert not wrong, wrong[:5]
    assert _codes(report) == _expected(log.cases)


def _expected(found: Iterable[Case]) -> Mapping[str, Counter[str]]:
    """By rule how many records have which code."""
    codes: dict[str, Counter[str]] = defaultdict(Counter)
    for case in found:
        row = decides(case)
        if row.code:
            codes[case.applies.name if case.facet == "own" else "rest"][row.code] += 1
    return codes


def _codes(report: DeletionReport) -> Mapping[str, Counter[str]]:
    """The same out of a report, over a rule's start events and stages in sum; but of a record
    without a date both stages tell."""
    stages: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    rules = {d.dataset: d.rule for d in report.datasets}
    for told in report.exceptions:
        rule = rules[told.dataset]
        stages[rule.name or "rest", rule.action][told.code] += told.count
    codes: dict[str, Counter[str]] = defaultdict(Counter)
    for (name, _), found in stages.items():
        unknown = max(codes[name]["START_UNKNOWN"], found["START_UNKNOWN"])
        codes[name] = +(codes[name] + found)
        codes[name]["START_UNKNOWN"] = unknown
    return codes


@pytest.mark.parametrize("rule", [RULES[0], RULES[6], RULES[-1]], ids=lambda rule: rule.name)
def test_where_nobody_can_tell_the_facet_a_record_goes_only_when_every_rule_lets_it(
    tmp_path: Path, rule: Rule
) -> None:
    mine = [case for case in cases() if case.rule == rule and case.facet != "empty"]
    log = Log(tmp_path, mine, queues=False)
    log.run([mine[0].rule.yaml, REST_YAML])
    fates = log.fates()
    for place, case in enumerate(mine):
        facets: tuple[Facet, ...] = ("own", "other")
        ends = {decides(replace(case, facet=facet)).outcome for facet in facets}
        assert fates[place] == ("deleted" if ends == {"deleted"} else "stays"), case


def test_the_page_is_made_from_the_table() -> None:
    assert PAGE.read_text("utf-8") == page()
