"""The commands ``report period`` and ``concept``: what they read, write, refuse and say."""

from __future__ import annotations

import json
import os
import re
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.diary import Diary, at, days

from pbxretain.cli import concept, concept_facts, context, main
from pbxretain.connector import shelf
from pbxretain.documents import parse
from pbxretain.errors import Exit
from pbxretain.manifest import TableDataset, all_children
from pbxretain.messages import LANGUAGES, Lang, known, period
from pbxretain.policy.document import Policy, Rule
from pbxretain.render import as_html, as_text
from pbxretain.report import _METHODS
from pbxretain.settings import Settings
from pbxretain.wording import CATALOGUE

NOW = datetime(2027, 2, 1, tzinfo=UTC)
SETTINGS = """\
language: en
state: {state}
policies: {folder}/policies
sources:
  head-office:
    connector: freepbx
    url: mysql://pbxretain@nowhere.invalid/asteriskcdrdb
    timezone: Europe/Berlin
    roots: {{recordings: /nowhere/monitor}}
    policy: acme-calls
    processing_activity: RoPA 17
    dpia_ref: DPIA 2026-03
"""
POLICY = """\
policy: acme-calls
version: 7
controller: Acme GmbH
rules:
  - {data: call-recordings, keep: 30 days, basis: {code: consent, text: training}}
  - {data: call-events, keep: 90 days, basis: {code: necessity}}
  - {data: call-detail-records, keep: 6 months, minimum: 90 days, basis: {code: necessity}}
  - {data: queue-logs, keep: forever, basis: undecided}
"""


class Place:
    """Settings, a policy, and the reports of a diary as this installation's own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.config = folder, folder / "config.yaml"
        self.state = folder / "state"
        self.diary = Diary(self.state / "head-office")
        (self.state / "keys").mkdir()
        (self.state / "keys/runner.pem.pub").write_bytes(self.diary.public.read_bytes())
        (folder / "policies").mkdir()
        self.policy.write_text(POLICY)
        self.config.write_text(SETTINGS.format(state=self.state, folder=folder))

    @property
    def policy(self) -> Path:
        return self.folder / "policies/acme-calls.yaml"

    def run(self, *args: str, settings: bool = True) -> Result:
        given = ["--config", str(self.config)] if settings else []
        return CliRunner().invoke(main, [*given, *args])

    def json(self, *args: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.run(*args, "--json").stdout)
        return document


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(context, "now", lambda: NOW)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "no-state"))
    monkeypatch.setenv("PBXRETAIN_DPO_HOME", str(tmp_path / "no-officer"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no-settings"))
    return Place(tmp_path)


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


# --- report period ----------------------------------------------------------------------------


def _november(place: Place) -> None:
    for day in days("2026-11-01", 30):
        place.diary.run(at(day), deleted={"calls": 2})


def test_the_own_ledger_and_a_copy_of_it_give_the_same_document(place: Place) -> None:
    _november(place)
    asked = ("report", "period", "--month", "2026-11", "--interval", "24")
    here = place.run(*asked)
    assert here.exit_code == Exit.OK, here.output
    there = place.run(
        *asked,
        f"--from={place.diary.reports}",
        f"--key={place.diary.public}",
        settings=False,
    )
    assert there.exit_code == Exit.OK, there.output
    # Only what vouches for the key differs.
    own = CATALOGUE["code.OWN_KEY"][1]
    assert own in flat(here.stdout)
    parts = [flat(text).partition("0000001 ") for text in (here.stdout, there.stdout)]
    assert parts[0][0] == parts[1][0]
    assert parts[0][2].partition("How to check")[2] == parts[1][2].partition("How to check")[2]
    assert "60 records deleted" in there.stdout
    assert "30 of 30" in there.stdout


def test_a_bundle_in_one_file_does_too(place: Place, tmp_path: Path) -> None:
    _november(place)
    bundle = Path(shutil.make_archive(str(tmp_path / "bundle"), "zip", place.diary.reports))
    asked = ("report", "period", "--month=2026-11", f"--from={bundle}")
    done = place.run(*asked, f"--key={place.diary.public}", settings=False)
    assert done.exit_code == Exit.OK, done.output
    assert "60 records deleted" in done.stdout


def test_the_document_goes_into_a_file_and_never_over_another(place: Place, tmp_path: Path) -> None:
    _november(place)
    asked = ("report", "period", "--month", "2026-11")
    for name, start in (("a.txt", b"Deletion"), ("a.html", b"<!"), ("a.pdf", b"%PDF-")):
        out = tmp_path / name
        assert place.run(*asked, f"--out={out}").exit_code == Exit.OK
        data = out.read_bytes()
        assert data.startswith(start)
        assert place.run(*asked, f"--out={out}").exit_code == Exit.REFUSED
        assert out.read_bytes() == data
    assert place.run(*asked, "--format=html").stdout.startswith("<!")
    refused = place.run(*asked, "--format=pdf")
    assert refused.exit_code == Exit.USAGE
    assert "needs a file" in refused.output


def test_the_figures_come_as_json_too(place: Place) -> None:
    _november(place)
    found = place.json("report", "period", "--year", "2026", "--interval", "24")
    assert found["answer"] == "open"  # no run in December
    assert found["exit"] == Exit.INCOMPLETE
    assert found["scheduled"] == {"taken": 30, "due": 61, "explained": 0}
    assert {c["data_class"]: c["deleted"] for c in found["classes"]} == {
        "call-detail-records": 60,
        "call-recordings": 0,
    }
    assert len(found["reports"]) == 30


def test_the_schedule_of_a_trusted_roster_counts(place: Place) -> None:
    for day in days("2026-11-02", 28):
        if day.isoweekday() == 1 and day.day != 16:
            place.diary.run(at(day))
    roster = place.diary.roster(interval=168, grace=24)
    asked = ("report", "period", "--month=2026-11", f"--from={place.diary.reports}")
    found = place.json(*asked, f"--trust={roster}")
    assert found["scheduled"] == {"taken": 3, "due": 4, "explained": 0}
    assert [r["name"] for r in found["remarks"]] == [
        "evidence",  # nobody witnessed
        "missed",
        "begins",
    ]
    (place.state / "trust.dsse.json").write_bytes(roster.read_bytes())
    own = place.json("report", "period", "--month=2026-11")
    assert own["scheduled"] == found["scheduled"]
    assert "head-office: a run at least every 7 days" in flat(place.run("concept").stdout)
    text = flat(place.run(*asked, f"--trust={roster}").stdout)
    assert "The roster asks for a run every 7 days, with 24 hours of grace." in text
    assert place.json(*asked, f"--trust={roster}", "--interval=24")["scheduled"]["due"] == 29


@pytest.mark.parametrize("options", [(), ("--month=2026-11", "--year=2026"), ("--month=11",)])
def test_exactly_one_period_is_wanted(place: Place, options: tuple[str, ...]) -> None:
    assert place.run("report", "period", *options).exit_code == Exit.USAGE


def test_a_source_before_its_first_run_is_told_as_such(place: Place) -> None:
    place.diary.reports.rmdir()
    done = place.run("report", "period", "--month", "2026-11")
    assert done.exit_code == Exit.INCOMPLETE
    assert "no report of any run" in done.stdout


def test_a_folder_that_is_not_there_is_an_error_and_an_unknown_source_too(place: Place) -> None:
    asked = ("report", "period", "--month", "2026-11")
    assert place.run(*asked, "--from=/nowhere").exit_code == Exit.UNAVAILABLE
    assert place.run(*asked, "elsewhere").exit_code == Exit.USAGE


def test_reports_of_several_sources_want_a_name(place: Place) -> None:
    _november(place)
    other = Diary(place.folder / "other")
    other.run(at("2026-11-01"), source="branch", deleted={"calls": 7})
    (report,) = other.reports.glob("*.dsse.json")
    both = place.folder / "both"
    both.mkdir()
    for path in (*place.diary.reports.glob("*.dsse.json"), report):
        (both / f"{path.parents[1].name[0]}-{path.name}").write_bytes(path.read_bytes())
    keys = [f"--key={public}" for public in (place.diary.public, other.public)]
    asked = ("report", "period", "--month=2026-11", f"--from={both}", *keys)
    assert place.run(*asked).exit_code == Exit.USAGE
    assert place.json(*asked, "branch")["classes"][0]["deleted"] == 7


# --- concept ----------------------------------------------------------------------------------


def test_the_concept_opens_no_source_and_changes_nothing(place: Place) -> None:
    before = sorted(os.walk(place.folder))
    done = place.run("concept")
    assert done.exit_code == Exit.OK, done.output
    assert sorted(os.walk(place.folder)) == before
    assert "nowhere" not in done.stdout


def test_the_rules_are_those_of_the_policy(place: Place) -> None:
    text = flat(place.run("concept").stdout)
    for rule in parse(POLICY.encode(), "policy", Policy).value.rules:
        if not rule.undecided:
            assert period(str(rule.keep), "en") in text
    for words in (
        "Acme GmbH",
        "RoPA 17",
        "DPIA 2026-03",
        "acme-calls, version 7",
        "6 months",
        "consent (Art. 6(1)(a) GDPR): training",
        "head-office, queue logs: there is no decision",
        "not approved",
        "data classes without a decision: 1; policies without a valid approval: 1",
        "Not connected and so not covered by this concept: playback",
    ):
        assert words in text, words


def test_a_policy_of_several_rules_is_told_rule_by_rule(place: Place) -> None:
    several = """\
decided_by: management
decided_on: 2026-11-02
review_by: 2028-01-31
rules:
  - data: call-recordings
    name: advice
    only: {queue: "800"}
    keep: 5 years
    minimum: 5 years
    from: recorded
    basis: {code: DE-WPHG-83-8}
  - data: call-recordings
    keep: until end of year + 8 years
    redact: {after: 30 days}
    basis: {code: contract}
"""
    place.policy.write_text(
        POLICY.replace("rules:\n", several, 1).replace(
            "  - {data: call-recordings, keep: 30 days, basis: {code: consent, text: training}}\n",
            "",
        )
    )
    place.config.write_text(f"approval: signed\n{place.config.read_text()}")
    assert place.run("policy", "approve", "acme-calls", "--by=management").exit_code == Exit.OK
    told = flat(place.run("concept").stdout)
    for words in (
        "Decided by: management, 2026-11-02",
        "The controller must have signed this version",
        "call recordings, queue: 800: 5 years",
        "redacted after 30 days",
        "by 2028-01-31",
    ):
        assert words in told, words
    (source,) = place.json("concept")["sources"]
    (rules,) = [d["rules"] for d in source["datasets"] if d["dataset"] == "recordings"]
    assert [rule["keep"] for rule in rules] == ["5 years", "until end of year + 8 years"]


def test_an_approved_policy_has_its_date_of_revision(place: Place) -> None:
    text = POLICY.replace(
        "keep: forever, basis: undecided", "keep: 1 year, basis: {code: contract}"
    )
    place.policy.write_text(text)
    assert place.run("policy", "approve", "acme-calls", "--by=management").exit_code == Exit.OK
    today = NOW.astimezone().date()
    said = flat(place.run("concept").stdout)
    assert "A period is decided for every data class" in said
    assert f"approved by management on {today}" in said
    assert f"by {today.replace(year=today.year + 1)}" in said


def test_the_matrix_crosses_periods_with_starting_points(place: Place) -> None:
    lines = place.run("concept").stdout.split("6. Deletion classes")[1].splitlines()
    rows = [line for line in lines if re.match(r"(30 days|90 days|6 months) ", line)]
    assert [re.split(r"  +", row)[0] for row in rows] == ["30 days", "90 days", "6 months"]
    assert "call recordings" in rows[0]
    assert "call events" in rows[1]


def test_parts_of_a_class_stand_in_the_concept_with_their_own_terms(place: Place) -> None:
    years = "until end of year + 8 years"
    part = "{data: call-recordings, only: {queue: 800}, basis: {code: contract}, "
    rule = f"  - {part}keep: {years}, minimum: {years}, from: recorded}}\n"
    place.policy.write_text(POLICY.replace("rules:\n", f"review_by: 2028-03-01\nrules:\n{rule}"))
    assert place.run("policy", "approve", "acme-calls", "--by=management").exit_code == Exit.OK
    said = flat(place.run("concept").stdout)
    assert f"call recordings, queue: 800: {years} 30 days" in said
    assert "by 2028-03-01" in said
    german = flat(place.run("concept", "--lang=de").stdout)
    assert "Warteschlange: 800: bis Jahresende + 8 Jahre" in german
    (system,) = json.loads(place.run("concept", "--json").stdout)["sources"]
    told = {e["data_class"]: [rule["keep"] for rule in e["rules"]] for e in system["datasets"]}
    assert told["call-recordings"] == [years, "30 days"]


def test_a_mistake_in_a_policy_is_told_with_its_line(place: Place) -> None:
    place.policy.write_text(POLICY.replace("keep: 30 days", "keep: 30 dogs"))
    done = place.run("concept")
    assert done.exit_code == Exit.USAGE
    assert "acme-calls.yaml:5" in done.output


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", sorted(shelf()))
def test_every_shipped_connector_is_told_in_both_languages(name: str, lang: Lang) -> None:
    product = shelf()[name]
    manifest = product.manifest
    addresses = {"sqlite": "sqlite:////x.db"}
    url = next((addresses.get(d, f"{d}://u@h/db") for d in manifest.databases), None)
    lines = [f"connector: {name}", "timezone: Europe/Berlin", "policy: p"]
    lines += [f"url: {url!r}"] if url else []
    roots = ", ".join(f"{root}: /r/{root}" for root in manifest.roots)
    lines += [f"roots: {{{roots}}}"] if roots else []
    text = "sources:\n  office:\n" + "".join(f"    {line}\n" for line in lines)
    settings = parse(text.encode(), "settings", Settings).value
    rules = "".join(
        f"  - {{data: {data}, keep: 90 days, basis: {{code: necessity}}}}\n"
        for data in manifest.offered()
    )
    policy = parse(f"policy: p\nrules:\n{rules}".encode(), "policy", Policy)
    system = concept_facts.System("office", settings.sources["office"], product, policy)
    said = flat(as_text(concept.sheet([system], settings, lang, now=NOW), width=400))
    assert "{" not in said
    assert not re.search("compliant|konform|unrecoverable|unwiederbringlich", said, re.I)
    for dataset_name, dataset in manifest.datasets.items():
        assert dataset_name in said
        if isinstance(dataset, TableDataset):
            tables = [child.table for child in all_children(dataset.children)]
            for column in (*dataset.personal, *dataset.subjects.values(), *tables):
                assert column in said, column
        for subject in getattr(dataset, "subjects", ()):
            assert known("subject", subject), subject
    for copy in manifest.out_of_reach:
        assert flat(copy.text[lang]) in said


def test_every_kind_of_dataset_is_deleted_as_reports_say_it_is() -> None:
    for kind, method in concept._METHODS.items():
        assert method == _METHODS.get(kind, "file_unlink")


def test_the_concept_says_what_holds_do(place: Place) -> None:
    said = flat(place.run("concept").stdout)
    assert "what stands under a hold stays until it is released" in said


def test_hostile_text_in_a_policy_stays_text(place: Place) -> None:
    evil = "<img src=x onerror=alert(1)>"
    place.policy.write_text(POLICY.replace("Acme GmbH", evil).replace("training", f"'{evil}'"))
    html = place.run("concept", "--format=html").stdout
    assert html.startswith("<!")
    assert "<img" not in html
    assert "&lt;img" in html


def test_the_concept_as_json_names_every_dataset_with_its_period(place: Place) -> None:
    (source,) = place.json("concept")["sources"]
    keeps = {d["dataset"]: d["keep"] for d in source["datasets"]}
    assert keeps["recordings"] == "30 days"
    assert keeps["calls"] == "6 months"
    assert source["undecided"] == ["queue-logs"]
    assert not {d["dataset"] for d in source["datasets"] if d["connected"]} & {"voicemail"}


def test_a_class_without_a_rule_is_undecided() -> None:
    rule = parse(b"policy: p\nrules: [{data: x-a, keep: 1 day, basis: undecided}]", "p", Policy)
    assert isinstance(rule.value.rules[0], Rule)
    assert rule.value.not_decided(["x-a", "x-b"]) == ["x-a", "x-b"]


def test_a_concept_of_today_bears_todays_date(place: Place) -> None:
    assert date(2027, 2, 1).isoformat() in place.run("concept").stdout
    assert as_html(
        concept.sheet(concept_facts.systems(_app(place), []), _app(place).settings, "de", now=NOW)
    ).count("01.02.2027")


def _app(place: Place) -> context.App:
    from pbxretain.cli.face import Face

    return context.load(Face(config=place.config))
