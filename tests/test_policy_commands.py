"""``policy check``, ``diff`` and ``simulate``: what is told about a policy, and on what ground."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from test_cli import Place, calls

from pbxretain.errors import Exit

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """12 calls of half a year ago and 100 of yesterday; installed, nothing decided yet."""
    folder = tmp_path_factory.mktemp("office")
    calls(folder / "cdr.sqlite", old=12, young=100)
    place = Place(folder)
    assert place.init().exit_code == 0
    return place


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
    assert [note["dataset"] for note in told] == ["call-log-files", "custom-call-log"]


@pytest.mark.parametrize(("keep", "told"), [("10 days", ["recordings"]), ("9 days", [])])
def test_files_that_outlive_the_numbers_of_their_rows_are_told(
    office: Place, keep: str, told: list[str]
) -> None:
    path = write(office, "office-policy", "keep: 500 days, redact: {after: 9 days}")
    text = path.read_text().replace("recordings, keep: forever", f"recordings, keep: {keep}")
    path.write_text(text)
    notes = office.json("policy", "check", "office-policy")["notes"]
    found = [note["dataset"] for note in notes if note["code"] == "REDACTED_BEFORE_FILE"]
    assert found == told


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


def test_a_diff_says_what_counts_where_a_term_is_left_out(office: Place) -> None:
    own = "keep: 9 days, slack: 2 days, from: call-start, minimum: 10 days, override: {by: board}"
    write(office, "own", own, lines="limits: {share: 20%, count: 1000}\n")
    write(office, "none", "keep: 9 days", lines="limits: {share: 20%}\n")
    said = " ".join(office.run("policy", "diff", "own", "none").stdout.split())
    assert "start event: start of the call → the dataset's only one" in said
    assert "precedence decided by: board → nobody" in said
    assert "limits of a run: 20 %, at most 1,000 records → 20 %" in said
    german = " ".join(office.run("policy", "diff", "own", "none", lang="de").stdout.split())
    assert "Startzeitpunkt: Beginn des Anrufs → der einzige des Datenbestands" in german
    assert "Vorlauf: 2 Tage → keiner" in german
    assert "Vorrang entschieden von: board → niemandem" in german


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


# --- playing ------------------------------------------------------------------------------------


def test_a_play_tells_what_would_have_been_deleted_when(office: Place) -> None:
    write(office, "played", "keep: 90 days")
    told = office.json("policy", "simulate", "played", "--source", "office")
    calls_, *others = [c for c in told["courses"] if c["data"] == "call-detail-records"]
    assert (calls_["total"], others) == (12, [])
    began = datetime.now(UTC).astimezone(BERLIN).date() - timedelta(days=180)
    gone = {day["day"]: day["count"] for day in calls_["days"] if day["count"]}
    # The twelve calls lie seconds apart, so on two days at the most.
    assert sum(gone.values()) == 12
    assert set(gone) <= {(began + timedelta(days=91 + n)).isoformat() for n in (0, 1)}
    assert calls_["days"][-1]["there"] == 100
    said = office.run("policy", "simulate", "played", "--source", "office", lang="de").stdout
    assert "Durchgespielt: Regelwerk played, Version 2" in said
    assert office.left() == 112


def test_a_play_shows_what_a_minimum_alone_keeps(office: Place) -> None:
    write(office, "least", "keep: 30 days, minimum: 1 year, override: {by: management}")
    told = office.json("policy", "simulate", "least", "--source", "office")
    (course,) = [c for c in told["courses"] if c["data"] == "call-detail-records"]
    assert (course["total"], course["days"][-1]["minimum"]) == (0, 12)
    said = office.run("policy", "simulate", "least", "--source", "office").stdout
    assert "Of these by minimum alone" in said


def test_a_play_is_drawn_into_a_file_with_counts_only(office: Place, tmp_path: Path) -> None:
    write(office, "drawn", "keep: 90 days")
    out = tmp_path / "play.html"
    made = office.run("policy", "simulate", "drawn", "--source", "office", "--out", str(out))
    assert (made.exit_code, made.stdout) == (0, "")
    page = out.read_text("utf-8")
    assert page.count('<svg class="chart"') == 2
    assert "Records deleted" in page
    for personal in ("Müßiggang", "493023125411", "PJSIP"):
        assert personal not in page


@pytest.mark.parametrize(
    "days", [("--from", "2026-02-01", "--to", "2026-01-31"), ("--from", "1066-10-14")]
)
def test_a_play_over_no_days_or_a_century_is_refused(office: Place, days: tuple[str, ...]) -> None:
    write(office, "played", "keep: 90 days")
    refused = office.run("policy", "simulate", "played", "--source", "office", *days)
    assert refused.exit_code == Exit.USAGE
    assert "--from 2026-01-01" in refused.stderr


def test_two_rules_of_a_class_are_counted_and_played_apart(tmp_path: Path) -> None:
    calls(tmp_path / "cdr.sqlite", old=12, young=100)
    place = Place(tmp_path)
    assert place.init().exit_code == 0
    with sqlite3.connect(tmp_path / "cdr.sqlite") as database:
        database.execute("UPDATE cdr SET disposition = 'BUSY' WHERE AcctId <= 5 OR AcctId > 92")
    missed = "name: missed, only: {answered: false}"
    write(place, "old", "keep: 1 year")
    write(place, "new", f"keep: 90 days, {missed}", "keep: 1 year")
    write(place, "newer", f"keep: 30 days, {missed}", "keep: 90 days")
    one = place.json("policy", "diff", "old", "new", "--source", "office")
    assert [(c["kind"], c["name"], c["due"]) for c in one["changes"]] == [
        ("added", "missed", [0, 5])
    ]
    write(place, "all", "keep: 90 days")
    aside = place.run("policy", "diff", "all", "new", "--source", "office").stdout
    assert "answered: no: new rule: 90 days; 5 more records due at the next run" in aside
    assert "- call detail records: 90 days → 1 year; 12 fewer records due" in aside
    write(place, "rest", f"keep: 1 year, {missed}", "keep: 90 days")
    aside = place.run("policy", "diff", "all", "rest", "--source", "office").stdout
    assert "- call detail records: unchanged; 5 fewer records due at the next run" in aside
    two = place.json("policy", "diff", "new", "newer", "--source", "office")
    assert [(c["name"], c["due"]) for c in two["changes"]] == [("missed", [5, 5]), (None, [0, 7])]
    assert two["due"] == {"call-detail-records": [5, 12]}
    said = place.run("policy", "diff", "new", "newer", "--source", "office").stdout
    assert "answered: no: 90 → 30 days; as many records due at the next run as before" in said
    assert "all rules together: 7 more records due at the next run" in said
    played = place.json("policy", "simulate", "newer", "--source", "office")
    told = {
        course["dataset"]: (course["total"], course["days"][-1]["there"])
        for course in played["courses"]
        if course["data"] == "call-detail-records"
    }
    assert told == {"calls-missed": (5, 20), "calls": (7, 80)}


def test_an_earlier_stage_is_counted_and_played_as_what_it_is(office: Place) -> None:
    write(office, "old", "keep: 1 year")
    write(office, "stages", "keep: 200 days, redact: {after: 30 days}")
    told = office.json("policy", "diff", "old", "stages", "--source", "office")
    assert [(c["due"], c["redacted"]) for c in told["changes"]] == [([0, 12], [0, 12])]
    said = office.run("policy", "diff", "old", "stages", "--source", "office").stdout
    assert "redacted after 30 days (numbers: without their last 3 digits)" in " ".join(said.split())
    assert "of these to be redacted: 0 → 12" in " ".join(said.split())
    write(office, "later", "keep: 100 days, redact: {after: 30 days}")
    for name, first, wanted in (
        ("stages", 200, {"delete": (0, 112), "redact": (12, 100)}),
        # What the first run deletes, it doesn't redact before.
        ("later", 1, {"delete": (12, 100), "redact": (0, 100)}),
    ):
        day = datetime.now(UTC).astimezone(BERLIN).date() - timedelta(days=first)
        told = office.json("policy", "simulate", name, "--source", "office", "--from", str(day))
        assert {
            course["action"]: (course["total"], course["days"][-1]["there"])
            for course in told["courses"]
            if course["data"] == "call-detail-records"
        } == wanted


def test_plan_and_report_say_a_minimum_and_a_facet_in_words(tmp_path: Path) -> None:
    calls(tmp_path / "cdr.sqlite", old=12, young=100)
    place = Place(tmp_path)
    assert place.init().exit_code == 0
    longer = "keep: 90 days, minimum: 1 year, override: {by: management}"
    write(place, "office-policy", f"{longer}, only: {{answered: true}}", "keep: 90 days")
    assert place.approve().exit_code == 0
    assert "least 1 year" in place.run("plan").stdout
    assert place.run("run").exit_code == 0
    said = " ".join(place.run("report", "show", lang="de").stdout.split())
    assert "Nur für bestimmte: angenommen" in said
    assert "Tage, mindestens 1 Jahr)" in said


def test_a_plan_calls_a_rules_share_as_the_report_does(tmp_path: Path) -> None:
    calls(tmp_path / "cdr.sqlite", old=12, young=100)
    place = Place(tmp_path)
    orphan = tmp_path / "monitor" / "2026" / "01" / "02" / "out-1-20260102-100000-1.1.wav"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"RIFF")
    assert place.init(f"--root=recordings={tmp_path / 'monitor'}").exit_code == 0
    path = write(place, "office-policy", "keep: 90 days")
    rest = "  - {data: call-recordings, keep: forever, basis: undecided}\n"
    narrow = rest.replace("keep", "name: talked, only: {answered: true}, keep")
    both = (narrow + rest).replace("forever", "90 days")
    path.write_text(path.read_text("utf-8").replace(rest, both), "utf-8")
    said = place.run("plan").stdout
    assert "- recordings (all the rest): " in said
    assert "- recordings-" not in said
