"""``policy check``, ``diff`` and ``simulate``: what is told about a policy, and on what ground."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_cli import Place, calls

from pbxretain.errors import Exit


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """12 calls of half a year ago and 100 of yesterday; installed, nothing decided yet."""
    folder = tmp_path_factory.mktemp("office")
    calls(folder / "cdr.sqlite", old=12, young=100)
    place = Place(folder)
    assert place.init().exit_code == 0
    return place


CALLS = "  - data: call-detail-records\n"
EVENTS = """\
policy: {name}
version: 2
rules:
  - {{data: call-events, keep: forever, basis: undecided}}
  - {{data: queue-logs, keep: forever, basis: undecided}}
  - {{data: call-recordings, keep: forever, basis: undecided}}
  - {{data: voicemail-messages, keep: forever, basis: undecided, from: received}}
  - {{data: voicemail-greetings, keep: forever, basis: undecided}}
"""


def write(place: Place, name: str, *rules: str, lines: str = "") -> Path:
    """A policy of this installation with these rules for calls, before all others."""
    text = EVENTS.format(name=name).replace(
        "rules:\n",
        lines
        + "rules:\n"
        + "".join(
            f"  - {{data: call-detail-records, basis: {{code: necessity}}, {rule}}}\n"
            for rule in rules
        ),
    )
    path = place.config.parent / "policies.d" / f"{name}.yaml"
    path.write_text(text, "utf-8")
    path.chmod(0o644)
    return path


def test_rules_in_each_others_way_are_told_at_their_lines(office: Place) -> None:
    path = write(
        office,
        "ways",
        "keep: 9 days, only: {queue: 800}",
        "keep: 8 days, only: {answered: true}",
        "keep: 7 days, only: {queue: 800, direction: inbound}",
        "keep: 6 days",
        lines="review_by: 2020-01-01\n",
    )
    assert {"code": "REVIEW_DUE", "data": ""} in office.json("policy", "check", "ways")["notes"]
    notes = [n for n in office.json("policy", "check", "ways")["notes"] if "line" in n]
    data = "call-detail-records"
    assert notes == [
        {"code": "RULE_OVERLAP", "data": data, "line": 6, "earlier_line": 5},
        {"code": "RULE_UNREACHABLE", "data": data, "line": 7, "earlier_line": 5},
        {"code": "RULE_OVERLAP", "data": data, "line": 7, "earlier_line": 6},
    ]
    said = office.run("policy", "check", "ways", lang="de").stdout
    assert f"{path}:7: Gesprächsdatensätze" in said.replace("\n  ", " ")
    assert "(frühere Regel: Zeile 5)" in said.replace("\n  ", " ")


def test_a_policy_of_one_rule_a_class_has_nothing_in_its_way(office: Place) -> None:
    write(office, "plain", "keep: 90 days")
    notes = office.json("policy", "check", "plain")["notes"]
    assert {note["code"] for note in notes} == {"NOT_DECIDED", "NOT_APPROVED"}


def test_a_facet_that_nobody_declares_is_told(office: Place) -> None:
    write(office, "office-policy", "keep: 9 days, only: {x-colour: red}", "keep: 90 days")
    notes = office.json("policy", "check", "office-policy")["notes"]
    assert {
        "code": "RULE_FACET",
        "data": "call-detail-records",
        "line": 4,
        "facet": "x-colour",
    } in notes


def test_a_dataset_that_cant_be_redacted_is_told(office: Place) -> None:
    write(office, "office-policy", "keep: 90 days, redact: {after: 9 days}")
    notes = office.json("policy", "check", "office-policy")["notes"]
    told = [note for note in notes if note["code"] == "RULE_REDACT"]
    assert [note["facet"] for note in told] == ["call-log-files", "custom-call-log"]


def test_a_diff_says_in_words_what_changes(office: Place) -> None:
    write(office, "old", "keep: 90 days, only: {queue: 800}, minimum: 1 week", "keep: 1 year")
    write(
        office,
        "new",
        "keep: 30 days, only: {queue: 800}, slack: 7 days",
        "keep: 3 months, only: {queue: 801}",
        lines="limits: {share: 30%}\n",
    )
    assert office.run("policy", "diff", "old", "new").stdout.splitlines()[6:] == [
        "- call detail records, queue: 800: 90 → 30 days; minimum: 1 week → none; "
        "slack: none → 7 days",
        "- call detail records, queue: 801: new rule: 3 months",
        "- call detail records: rule removed (was 1 year)",
        "- limits of a run: 20 % → 30 %",
    ]
    german = office.run("policy", "diff", "new", "old", lang="de").stdout
    assert "Gesprächsdatensätze (Anrufliste), Warteschlange: 800: 30 → 90 Tage" in german
    assert "Regel entfällt (bisher 3 Monate)" in german


def test_a_diff_counts_what_the_next_run_would_take(office: Place) -> None:
    write(office, "old", "keep: 1 year")
    write(office, "new", "keep: 90 days")
    told = office.json("policy", "diff", "old", "new", "--source", "office")
    assert told["due"] == {"call-detail-records": [0, 12]}
    assert [change["due"] for change in told["changes"]] == [[0, 12]]
    said = office.run("policy", "diff", "old", "new", "--source", "office").stdout
    assert "call detail records: 1 year → 90 days; 12 more records due at the next run" in said
    back = office.run("policy", "diff", "new", "old", "--source", "office", lang="de").stdout
    assert "90 Tage → 1 Jahr; beim nächsten Löschlauf 12 Datensätze weniger" in back
    assert office.left() == 112


def test_a_diff_with_one_name_is_against_the_version_that_was_approved(office: Place) -> None:
    path = write(office, "kept", "keep: 90 days")
    assert office.run("policy", "diff", "kept").exit_code == Exit.USAGE
    assert office.run("policy", "approve", "kept", "--by", "management").exit_code == 0
    assert office.json("policy", "diff", "kept")["same"]
    path.write_text(path.read_text("utf-8").replace("90 days", "30 days"), "utf-8")
    told = office.json("policy", "diff", "kept")
    assert told["changes"][0]["terms"] == {"keep": ["90 days", "30 days"]}
    assert (told["before"]["approval"], told["after"]["approval"]) == ("approved", "broken")
    # A copy that isn't the version whose digest stands in the file proves nothing.
    kept = path.parent / "approved" / path.name
    kept.write_text(kept.read_text("utf-8").replace("90 days", "91 days"), "utf-8")
    assert office.run("policy", "diff", "kept").exit_code == Exit.USAGE


def test_policies_that_decide_the_same_have_no_difference(office: Place) -> None:
    write(office, "old", "keep: 90 days, only: {queue: [800, 801]}", "keep: 1 year, name: rest")
    write(office, "new", "keep: 90 days, only: {queue: [801, 800]}", "keep: 1 year")
    assert office.json("policy", "diff", "old", "new")["same"]
    assert "Both decide the same." in office.run("policy", "diff", "old", "new").stdout


def test_another_order_of_the_same_rules_is_told(office: Place) -> None:
    parts = ["keep: 9 days, only: {queue: 800}", "keep: 8 days, only: {answered: true}"]
    write(office, "old", *parts)
    write(office, "new", *reversed(parts))
    told = office.json("policy", "diff", "old", "new")
    assert (told["changes"], told["reordered"]) == ([], ["call-detail-records"])
