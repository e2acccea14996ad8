"""Templates: what their headers say is what their rules do, and none runs unapproved."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.site import make_site, make_terms

from pbxretain import connector, execute, templates
from pbxretain.cli import papers
from pbxretain.documents import parse
from pbxretain.errors import DocumentError, Exit
from pbxretain.manifest import Manifest
from pbxretain.messages import LANGUAGES, Lang, known, text
from pbxretain.plan import unknown_starts
from pbxretain.policy.document import Policy, Rule, approval_state, load_policy
from pbxretain.policy.editing import approve

NAMES = templates.names()
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
COLUMNS = ["data", "only", "keep", "minimum", "from", "confidence", "read", "source"]
LABELS = (
    *("Zweck", "Rechtsraum", "Gilt für", "Gilt NICHT für", "Was zu tun ist", "Abstimmen"),
    *("Überprüfen bis", "Purpose", "Jurisdiction", "Who it is for", "Who it is NOT for"),
    *("What to do", "Agree it", "Review by"),
)
SHELF = connector.shelf()


def template(name: str) -> Policy:
    return parse(templates.template_text(name).encode(), name, Policy).value


def header(name: str) -> str:
    return templates.template_text(name).partition("\npolicy:")[0]


def table(name: str) -> list[list[str]]:
    """The list of periods in a template's header, cell by cell."""
    lines = [line for line in header(name).split("\n") if line.count(" | ") == len(COLUMNS) - 1]
    return [[cell.strip() for cell in line.lstrip("# ").split(" | ")] for line in lines]


def told(rule: Rule) -> list[str]:
    """A rule as the list of periods says it."""
    only = ", ".join(f"{facet}={'/'.join(values)}" for facet, values in (rule.only or {}).items())
    keep = f"{rule.keep} less {rule.slack}" if rule.slack else str(rule.keep)
    least = str(rule.minimum) if rule.minimum else "-"
    return [rule.data, only or "-", keep, least, ", ".join(rule.starts or ()) or "-"]


# --- what they say ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_header_lists_exactly_the_rules_that_follow(name: str) -> None:
    columns, *rows = table(name)
    assert columns == COLUMNS
    assert [row[:5] for row in rows] == [told(rule) for rule in template(name).rules]


@pytest.mark.parametrize("name", NAMES)
def test_each_period_has_a_source_a_day_of_reading_and_a_confidence(name: str) -> None:
    for data, _, keep, minimum, _, confidence, read, source in table(name)[1:]:
        assert re.fullmatch(r"20\d\d-\d\d", read)
        assert source
        grades = set(re.findall(r"\b[HML]\b|house rule|design default|undecided", confidence))
        assert grades, data
        assert "L" not in grades, "what rests on memory is no default"
        if "undecided" in grades:
            assert (keep, minimum) == ("forever", "-")


@pytest.mark.parametrize("name", NAMES)
def test_a_header_says_in_both_languages_for_whom_it_is_and_for_whom_not(name: str) -> None:
    written = header(name)
    assert "# KEINE RECHTSBERATUNG." in written
    assert "# NOT LEGAL ADVICE." in written
    for label in LABELS:
        assert re.search(rf"^#   {label}: +\S", written, re.MULTILINE), label
    assert not re.search(r"complian|konform", templates.template_text(name), re.IGNORECASE)


@pytest.mark.parametrize("name", NAMES)
def test_who_decided_is_left_to_fill_in(name: str) -> None:
    document = templates.template_text(name)
    found = template(name)
    assert approval_state(found) == "missing"
    assert (found.decided_by, found.decided_on, found.review_by) == (None, None, None)
    for key, value in (
        ("decided_by", "management"),
        ("decided_on", "2026-11-23"),
        ("review_by", "2027-11-23"),
    ):
        filled, count = re.subn(rf"^# {key}: .*$", f"{key}: {value}", document, flags=re.MULTILINE)
        assert count == 1
        assert str(getattr(parse(filled.encode(), name, Policy).value, key)) == value


@pytest.mark.parametrize("name", NAMES)
def test_each_reason_and_start_event_has_words_in_both_languages(name: str) -> None:
    for rule in template(name).rules:
        basis = rule.basis if isinstance(rule.basis, str) else rule.basis.code
        assert known("basis", basis), basis
        for start in rule.starts or ():
            assert known("start", start), start


def test_every_template_tells_its_purpose_in_both_languages_and_the_readme_lists_it() -> None:
    readme = (Path(__file__).parents[1] / "policies" / "README.md").read_text("utf-8")
    purposes = [
        templates.purpose(templates.template_text(n), lang) for n in NAMES for lang in LANGUAGES
    ]
    assert all(len(purpose) > 30 and "#" not in purpose for purpose in purposes)
    assert len(set(purposes)) == len(purposes)
    assert re.findall(r"^\| `(.*?)` \|", readme, re.MULTILINE) == sorted(NAMES, key=readme.index)
    assert templates.purpose("policy: x\n", "de") == ""


def test_an_unknown_template_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="eu-90-days"):
        templates.copy("../eu-90-days", tmp_path / "a.yaml", offered=[])


# --- copies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("product", sorted(SHELF))
def test_a_copy_can_be_used_with_any_product(tmp_path: Path, name: str, product: str) -> None:
    manifest = SHELF[product].manifest
    target = tmp_path / "acme-calls.yaml"
    templates.copy(name, target, offered=manifest.offered(), manifest=manifest)
    copied = load_policy(target).value
    assert [data for data in manifest.offered() if copied.rule_for(data) is None] == []
    assert unknown_starts(manifest, copied) == []
    for rule in copied.rules:
        for dataset in manifest.datasets.values():
            if dataset.data == rule.data:
                assert set(rule.only or ()) <= set(getattr(dataset, "facets", ()))


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_has_a_rule_for_every_offered_class(tmp_path: Path, name: str) -> None:
    target = tmp_path / "policies.d" / "acme-calls.yaml"
    offered = ["fax-documents", "x-door-logs", "fax-documents"]
    done = templates.copy(name, target, offered=offered, controller='Müller & "Söhne": GmbH')
    copied = load_policy(target).value
    assert done.added == (
        "fax-documents",
        "x-door-logs",
    )
    assert copied.controller == 'Müller & "Söhne": GmbH'
    for data in done.added:
        rule = copied.rule_for(data)
        assert rule is not None
        assert rule.forever
    comments = re.findall(r"#.*", templates.template_text(name))
    assert [c for c in comments if c not in target.read_text("utf-8")] == []
    assert (
        approval_state(approve(target, by="management", ref=None, today=NOW.date())) == "approved"
    )


def test_a_copy_never_overwrites(tmp_path: Path) -> None:
    file = tmp_path / "acme-calls.yaml"
    file.write_text("mine")
    with pytest.raises(DocumentError, match="never overwritten"):
        templates.copy("eu-90-days", file, offered=[])
    assert file.read_text("utf-8") == "mine"


BARE = """\
connector: bare
title: knows only when a call began
tried: [{version: "1", on: 2026-11-01, how: live}]
databases: [sqlite]
datasets:
  calls:
    title: calls
    data: call-detail-records
    kind: table
    table: calls
    key: [id]
    starts: {call-start: {column: begun, type: datetime, zone: source}}
    personal: [number]
  voicemail:
    title: voicemail
    data: voicemail-messages
    kind: table
    table: voicemail
    key: [id]
    starts: {received: {column: came, type: datetime, zone: source}}
    personal: [number]
  bills:
    title: bills
    data: x-itemised-bills
    kind: table
    table: bills
    key: [id]
    starts: {call-start: {column: begun, type: datetime, zone: source}}
    personal: [number]
"""


def bare() -> Manifest:
    return parse(BARE.encode(), "connector.yaml", Manifest).value


def test_rules_that_the_product_cant_follow_become_comments_that_say_why(tmp_path: Path) -> None:
    target, manifest = tmp_path / "acme-calls.yaml", bare()
    done = templates.copy(
        "de-employer-calllog", target, offered=manifest.offered(), manifest=manifest
    )
    copied = load_policy(target).value
    assert done.added == ("x-itemised-bills",)
    assert [str(rule.keep) for rule in copied.rules_for("call-detail-records")] == ["90 days"]
    assert [str(rule.keep) for rule in copied.rules_for("voicemail-messages")] == ["90 days"]
    document = target.read_text("utf-8")
    assert "# Diese Anlage kennt nicht / this PBX doesn't know: only: answered" in document
    assert "  # - data: voicemail-messages\n  #   name: heard\n" in document


def test_an_unknown_start_event_leaves_the_class_undecided(tmp_path: Path) -> None:
    target, manifest = tmp_path / "acme-calls.yaml", bare()
    done = templates.copy(
        "de-provider-traffic", target, offered=manifest.offered(), manifest=manifest
    )
    copied = load_policy(target).value
    assert ("x-itemised-bills", "from: invoice-sent") in done.lost
    assert done.added == ("x-itemised-bills",)
    bills = copied.rule_for("x-itemised-bills")
    assert bills is not None
    assert bills.undecided
    assert "this PBX doesn't know: from: invoice-sent" in target.read_text("utf-8")


def test_where_the_longer_rule_is_lost_the_shorter_one_is_lost_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = (
        "policy: longer\nrules:\n"
        "  - data: call-detail-records\n    name: advice\n    only: {queue: 800}\n"
        "    keep: 5 years\n    minimum: 5 years\n    basis: {code: DE-WPHG-83-8}\n\n"
        "  - {data: call-detail-records, keep: 30 days, basis: {code: necessity}}\n"
    )
    monkeypatch.setattr(templates, "template_text", lambda name: document)
    target, manifest = tmp_path / "acme-calls.yaml", bare()
    done = templates.copy("longer", target, offered=["call-detail-records"], manifest=manifest)
    copied = load_policy(target).value
    assert done.added == ("call-detail-records",)
    assert [rule.keep for rule in copied.rules] == ["forever"]
    assert target.read_text("utf-8").count("  # ") >= 7


# --- running --------------------------------------------------------------------------------------


def call_log(folder: Path) -> Path:
    """A call log with one call of 11 years ago."""
    path = folder / "cdr.sqlite"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "CREATE TABLE cdr (AcctId INTEGER PRIMARY KEY, calldate TEXT, clid TEXT, src TEXT,"
            " dst TEXT, dcontext TEXT, channel TEXT, dstchannel TEXT, lastapp TEXT, lastdata TEXT,"
            " duration INT, billsec INT, disposition TEXT, amaflags INT, accountcode TEXT,"
            " uniqueid TEXT, userfield TEXT, peeraccount TEXT, linkedid TEXT, sequence INT)"
        )
        begun = NOW - timedelta(days=11 * 365)
        database.execute(
            "INSERT INTO cdr (calldate, src, dst, duration, disposition, uniqueid, linkedid)"
            " VALUES (?, '201', '202', 3, 'ANSWERED', ?, ?)",
            [f"{begun:%Y-%m-%d %H:%M:%S}", *[f"{begun.timestamp():.6f}"] * 2],
        )
    return path


def copies(folder: Path, name: str) -> Iterator[tuple[Policy, bool]]:
    """The policy as copied, then as approved."""
    manifest = SHELF["asterisk"].manifest
    path = folder / "acme-calls.yaml"
    templates.copy(name, path, offered=manifest.offered(), manifest=manifest)
    yield load_policy(path).value, False
    yield approve(path, by="management", ref=None, today=NOW.date()), True


@pytest.mark.parametrize("name", NAMES)
def test_no_template_runs_before_somebody_approved_it(tmp_path: Path, name: str) -> None:
    log = call_log(tmp_path)
    terms = make_terms("asterisk", url=f"sqlite:///{log}")
    site = make_site(tmp_path)
    outcomes: list[tuple[Exit, str, list[str], int]] = []
    for policy, approved in copies(tmp_path, name):
        assert (approval_state(policy) == "approved") == approved
        now = NOW + timedelta(days=len(outcomes))
        done = execute.run(replace(terms, policy=policy, approved=approved), site, now=now)
        with closing(sqlite3.connect(log)) as database:
            ((left,),) = database.execute("SELECT count(*) FROM cdr").fetchall()
        outcomes.append((done.exit_code, done.outcome, [e.code for e in done.errors], left))
    rule = template(name).rule_for("call-detail-records")
    deletes = rule is not None and not rule.forever
    assert outcomes == [
        (Exit.REFUSED, "refused", ["NOT_APPROVED"], 1),
        (Exit.OK, "complete" if deletes else "nothing-due", [], 0 if deletes else 1),
    ]


# --- told ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_list_and_show_tell_the_purpose(lang: Lang) -> None:
    name = "de-recording-wphg"
    about = templates.purpose(templates.template_text(name), lang)
    row = papers.PolicyRow(name, 1, "template", "", {lang: about})
    listed = repr(papers.policy_list([row], lang))
    shown = repr(papers.policy_sheet(template(name), lang, purpose=about))
    assert about in listed
    assert about in shown
    assert text("col.purpose", lang) in shown
