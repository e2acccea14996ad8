"""A sheet becomes text that fits the page, and the text of a report says what it must."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbxretain import explain
from pbxretain.cli import show
from pbxretain.evidence.fields import instant
from pbxretain.evidence.statements import (
    Balances,
    Clock,
    Connector,
    Copy,
    Dataset,
    DeletionReport,
    Evidence,
    Exemption,
    Finding,
    Limits,
    Merkle,
    Plan,
    PlannedDataset,
    Policy,
    Range,
    ReportPlace,
    Rule,
    Run,
    RunOutcome,
    Tool,
    Total,
)
from pbxretain.messages import LANGUAGES, Lang
from pbxretain.render import as_text
from pbxretain.sheet import (
    Block,
    Chart,
    Column,
    Heading,
    Items,
    KeyValue,
    Paragraph,
    Sheet,
    Table,
    Verdict,
)

DIGEST = "sha256:" + "ab" * 32
UUID = "6b0f2f0a-5b1e-4c57-9d0a-0c8f6b1d2e3f"
STARTED = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
CUTOFF = datetime(2026, 8, 24, 22, 0, tzinfo=UTC)  # midnight in Berlin
RULE = Rule(keep="P90D", start_event="call-start", cutoff=instant(CUTOFF), basis="necessity")
TOOL = Tool(
    version="0.1.0",
    python="3.11.2",
    os_family="linux",
    connector=Connector(
        name="freepbx", digest=DIGEST, contains_code=False, tried=True, accept_untried=False
    ),
)
POLICY = Policy(
    name="acme-calls",
    version=3,
    digest=DIGEST,
    approved=True,
    not_decided=("fax-documents",),
)
COPY = Copy(code="backups", text={"de": "Sicherungen altern für sich.", "en": "Backups age."})


def calls(**balances: int) -> Dataset:
    counts = Balances(**(balances or {"due": 1204, "deleted": 1200, "held": 4}))
    return Dataset(
        dataset="calls",
        data_class="call-detail-records",
        kind="table",
        rule=RULE,
        balances=counts,
        total_before=Total(count=20_000, exact=False),
        range=Range(oldest_remaining="2026-08-25"),
        also={"transient_cdr": 1200},
        method="db_delete",
        findings=(Finding(code="ORPHAN_FILES", count=7),),
        outcome="complete" if not counts.residue else "incomplete",
        merkle=Merkle(size=counts.deleted, root="cd" * 32) if counts.deleted else Merkle(),
    )


def report(outcome: RunOutcome = "complete", *datasets: Dataset) -> DeletionReport:
    return DeletionReport(
        report_id=UUID,
        installation=UUID,
        source="head-office",
        controller="Acme GmbH",
        tool=TOOL,
        policy=POLICY,
        not_covered=("events",),
        copies_out_of_reach=(COPY,),
        limits=Limits(share=20, confirmed=1300),
        ledger=ReportPlace(seq=41, prev="ef" * 32),
        run=Run(
            id=UUID,
            trigger="cron",
            started_at=instant(STARTED),
            ended_at=instant(STARTED),
            as_of=instant(STARTED),
            timezone="Europe/Berlin",
            outcome=outcome,
            exit_code=0,
            refused_reason="SHARE_LIMIT" if outcome == "refused" else None,
            recovers=UUID if outcome == "recovered" else None,
        ),
        clock=Clock(database_skew_s=1),
        datasets=datasets,
        exceptions=(Exemption(code="HELD", dataset="calls", count=4),),
        evidence=Evidence(level="counts"),
    )


def plan() -> Plan:
    return Plan(
        report_id=UUID,
        installation=UUID,
        source="head-office",
        controller="Acme GmbH",
        tool=TOOL,
        policy=POLICY,
        made_at=instant(STARTED),
        as_of=instant(STARTED),
        timezone="Europe/Berlin",
        datasets=(
            PlannedDataset(
                dataset="calls",
                data_class="call-detail-records",
                kind="table",
                rule=RULE,
                due=1204,
                undated=3,
                total=Total(count=20_000),
                oldest="2026-05-01",
                over_limit=True,
            ),
        ),
    )


def told(what: DeletionReport | Plan, lang: Lang, *, width: int = 100) -> str:
    seal = explain.Seal(digest="12" * 32, keyid="34" * 32)
    return as_text(explain.statement(what, lang, seal=seal), width=width)


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


# --- text -------------------------------------------------------------------------------------


@given(
    st.lists(st.lists(st.text(max_size=40), min_size=3, max_size=3), max_size=5),
    st.integers(min_value=40, max_value=120),
)
def test_no_line_is_longer_than_the_page(cells: list[list[str]], width: int) -> None:
    words = [[re.sub(r"[^\x20-\x7e]", "x", cell) for cell in row] for row in cells]
    columns = (Column("One"), Column("Two", "right"), Column("Three"))
    blocks: tuple[Block, ...] = (
        Table(columns, tuple(map(tuple, words))),
        KeyValue(tuple((row[0], row[1]) for row in words)),
        Items(tuple(row[2] for row in words)),
        *(Paragraph(row[0]) for row in words),
    )
    assert all(len(line) <= width for line in as_text(Sheet("en", blocks), width=width).split("\n"))


def test_numbers_stand_at_the_right() -> None:
    table = Table((Column("A"), Column("N", "right")), (("x", "7"), ("y", "12345")))
    assert as_text(Sheet("en", (table,))).splitlines() == [
        "A      N",
        "-  -----",
        "x      7",
        "y  12345",
    ]


def test_a_table_that_does_not_fit_becomes_blocks_of_names_and_values() -> None:
    table = Table(tuple(Column(f"column{n}") for n in range(9)), (("value",) * 9,))
    text = as_text(Sheet("en", (table,)), width=40)
    assert re.search(r"^column8: +value$", text, re.M)


def test_a_command_is_never_wrapped() -> None:
    command = "pbxretain run " + "x" * 200
    text = as_text(Sheet("en", (Paragraph(command, "command"),)), width=40)
    assert command in text.splitlines()[0]


def test_nothing_that_a_terminal_acts_upon_gets_through() -> None:
    evil = "a\x1b[2Jb\x9bc\u202ed\re"
    blocks = (
        Heading(evil),
        Paragraph(evil),
        Paragraph(evil, "command"),
        Items((evil,)),
        KeyValue(((evil, evil),)),
        Table((Column(evil),), ((evil,),)),
    )
    text = as_text(Sheet("en", blocks))
    assert not re.search("[\x1b\x9b\u202e\r]", text)


def test_a_row_with_a_missing_cell_is_refused() -> None:
    with pytest.raises(ValueError, match="cells"):
        Table((Column("a"), Column("b")), (("only one",),))


# --- the report -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "first"),
    [
        ("de", "Ja, mit Feststellungen: 1.200 Datensätze gelöscht, und eine neue Zählung"),
        ("en", "Yes, with findings: 1,200 records deleted, and a fresh count"),
    ],
)
def test_the_first_sentence_is_the_result(lang: Lang, first: str) -> None:
    sheet = explain.statement(report("complete", calls()), lang)
    assert isinstance(sheet.blocks[0], Heading)
    assert isinstance(sheet.blocks[2], Verdict)
    assert sheet.blocks[2].sentence.startswith(first)


def test_the_german_report_tells_what_a_data_protection_officer_must_see() -> None:
    text = flat(told(report("complete", calls()), "de", width=200))
    for words in (
        "1. Ist alles in Ordnung?",  # 1 status in words
        "[mit Feststellungen]",
        "Abschnitt 7 nennt 4 Feststellungen.",
        "1 Datenbestand wurde nicht angesehen, dort können ältere Daten liegen: events.",
        "25.08.2026, 90 Tage alt (Frist: 90 Tage)",
        "Acme GmbH",  # 2 controller
        "nicht angegeben",
        "Auslöser: Zeitplan",  # 3 trigger, clock
        "23.11.2026 03:00 (CET)",
        "Abweichung der Datenbank: 1 s",
        "Regellöschfrist",  # 4 rules
        "90 Tage",
        "Beginn des Anrufs",
        "25.08.2026",
        "Erforderlichkeit",
        "etwa 20.000",  # 5 result per data class
        "Unter Löschsperre",
        "In keinem Datenbestand kam vor: Aufzubewahren, Fehlgeschlagen, Nachgekommen,",
        "6. Ältester verbleibender Datensatz",  # 6
        "25.08.2026 90 Tage 90 Tage 25.08.2026",
        "calls: Datensätze unter Löschsperre bleiben bis zu deren Aufhebung. (Anzahl: 4)",  # 7
        "Faxdokumente: Für diese Datenart wurde noch nicht entschieden",
        "Dateien, die kein Datensatz nennt",
        "events: Dieser Datenbestand wurde nicht erfasst.",
        "logisch gelöscht",  # 8
        "transient_cdr: 1.200",
        "Sicherungen altern für sich.",  # 9
        "Nachlöschung",
        "Nr. 40",  # 10, 11
        "3434 3434 3434 3434 3434 3434 3434 3434",  # 12
        "ef" * 32,
        "12" * 32,
        "cd" * 32,
        "einzelne Datensätze lassen sich nicht belegen",
        "verify.sh",
        "keine Rufnummern, Namen, Dateinamen",  # 13
        "14. Prüfvermerk des Datenschutzbeauftragten",  # 14
        "[ ] nicht anerkannt",
        "Funktion und Unterschrift: ___",
        "Stichtag: Der erste Tag, dessen Daten noch bleiben",
    ):
        assert words in text, words


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("width", [40, 80, 200])
def test_report_and_plan_are_told_at_any_width(lang: Lang, width: int) -> None:
    for what in (report("complete", calls()), report("nothing-due"), plan()):
        text = told(what, lang, width=width)
        assert "{" not in text
        assert text.endswith("\n")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_report_promises_nothing_about_law_or_storage_blocks(lang: Lang) -> None:
    text = told(report("complete", calls()), lang)
    promises = "compliant|konform|unrecoverable|unwiederbringlich|valid|gültig|rechtssicher"
    assert not re.search(promises, text, re.I)


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("de", ("5656 5656 5656 5656 5656 5656 5656 5656", "nach dem 31.12.2029 vernichtet")),
        ("en", ("5656 5656 5656 5656 5656 5656 5656 5656", "destroyed after 2029-12-31")),
    ],
)
def test_a_sealed_report_says_for_whom_and_until_when(lang: Lang, said: tuple[str, ...]) -> None:
    sealed = Evidence(
        level="sealed", note="PROVABLE", recipients=("56" * 32,), shred_after="2029-12-31"
    )
    what = report("nothing-due").model_copy(update={"evidence": sealed})
    text = flat(told(what, lang))
    assert all(words in text for words in said)
    assert "Zwischenwerte" not in text


def test_the_oldest_record_is_measured_against_its_period() -> None:
    changes = {"dataset": "calls-old", "range": Range(oldest_remaining="2026-05-27")}
    old = calls().model_copy(update=changes)
    sheet = explain.statement(report("complete", calls(), old), "de")
    (chart,) = (block for block in sheet.blocks if isinstance(block, Chart))
    assert chart.limit == 100
    assert [(p.label, p.value, p.shown) for p in chart.points] == [
        ("Gesprächsdatensätze (Anrufliste)", 200, "27.05.2026, 180 Tage alt (Frist: 90 Tage)")
    ]


@pytest.mark.parametrize(
    ("outcome", "item", "word", "begin"),
    [
        ("complete", calls(due=1, deleted=1), "mit Feststellungen", "Ja, mit Feststellungen:"),
        ("incomplete", calls(due=9, residue=9), "unvollständig", "Nein: 0 Datensätze gelöscht"),
        ("refused", None, "verweigert", "Nein: Der Löschlauf wurde verweigert"),
        ("failed", None, "abgebrochen", "Nein: Der Löschlauf wurde abgebrochen"),
        ("interrupted", calls(due=2, residue=2), "abgebrochen", "Nein: Der Löschlauf wurde unter"),
        ("recovered", calls(due=2, residue=2), "unvollständig", "Nein: Ein unterbrochener"),
    ],
)
def test_the_first_answer_is_yes_or_no_with_a_word_like_a_traffic_light(
    outcome: RunOutcome, item: Dataset | None, word: str, begin: str
) -> None:
    sheet = explain.statement(report(outcome, *([item] if item else [])), "de")
    (verdict,) = (block for block in sheet.blocks if isinstance(block, Verdict))
    assert verdict.status == word
    assert verdict.sentence.startswith(begin)


def test_all_in_order_is_said_only_without_findings() -> None:
    clean = calls(due=1, deleted=1).model_copy(update={"findings": ()})
    policy = POLICY.model_copy(update={"not_decided": ()})
    for update, word in (({"policy": policy}, "complete"), ({}, "with findings")):
        what = report("complete", clean).model_copy(update=update)
        sheet = explain.statement(what, "en")
        (verdict,) = (block for block in sheet.blocks if isinstance(block, Verdict))
        assert verdict.status == word


def test_what_is_still_due_is_said_in_the_first_sentence() -> None:
    item = calls(due=10, deleted=7, residue=3)
    assert explain.result(report("incomplete", item), "en") == (
        "The deletion run is incomplete: 7 records deleted, 3 records still due."
    )


def test_the_first_section_counts_what_the_seventh_lists() -> None:
    sheet = explain.statement(report("complete", calls()), "en")
    at = next(
        n
        for n, block in enumerate(sheet.blocks)
        if isinstance(block, Heading) and block.text.startswith("7. ")
    )
    listed = sheet.blocks[at + 1]
    assert isinstance(listed, Items)
    assert f"section 7 names {len(listed.items)} findings" in flat(
        told(report("complete", calls()), "en")
    )


def test_terms_that_do_not_occur_are_not_explained() -> None:
    run = flat(told(report("complete", calls()), "en", width=200))
    assert "Dry run: " not in run
    assert "Finding: Something that was noticed" in run
    assert "As of: The instant" in run


def test_a_refused_run_says_why() -> None:
    assert "größerer Anteil" in explain.result(report("refused"), "de")


def test_a_dry_run_cannot_be_mistaken_for_a_report() -> None:
    text = told(plan(), "de")
    assert text.startswith("Probelauf: head-office\n")
    assert "es wurde nichts gelöscht" in flat(text)
    assert "Löschprotokoll Nr." not in text


def test_no_code_is_shown_where_there_are_words() -> None:
    for lang in LANGUAGES:
        for what in (report("complete", calls()), plan()):
            assert re.findall(r"\b[A-Z]{2,}_[A-Z_]+\b", told(what, lang)) == []


def test_a_code_of_a_later_version_is_shown_as_it_stands() -> None:
    item = calls().model_copy(update={"findings": (Finding(code="BRAND_NEW", count=2),)})
    assert "calls: BRAND_NEW. (count: 2)" in flat(told(report("complete", item), "en"))


def test_copies_that_went_with_their_record_are_counted_beside_the_table() -> None:
    copies = Dataset(
        dataset="calls-transient-cdr",
        data_class="call-detail-records",
        kind="table",
        rule=RULE,
        balances=Balances(),
        total_before=Total(count=451_160),
        range=Range(oldest_remaining="2026-08-31"),
        method="db_delete",
        outcome="nothing-due",
        merkle=Merkle(),
    )
    said = flat(told(report("complete", calls(), copies), "en"))
    assert "copies that were left without their record; 1,200 more went with theirs." in said
    assert "copies that were left" not in flat(told(report("complete", calls()), "en"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_run_that_could_count_nothing_says_nothing_about_what_is_there(lang: Lang) -> None:
    said = flat(told(report("failed"), lang))
    assert "keine Ausnahmen" not in said
    assert "no exceptions" not in said
    row = show.Row("head-office", 3, STARTED, Path("x.json"), report("failed"))
    (cells,) = (b.rows for b in show.reports([row], lang, zones={}).blocks if isinstance(b, Table))
    assert cells[0][4:6] == ("0", "-")
    assert show.row_data(row)["residue"] is None
