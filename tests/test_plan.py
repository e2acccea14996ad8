"""What speaks against a run: limits, clocks, records from the future, missing approvals?"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.freepbx import create_tables
from support.site import everything, make_terms

from pbxretain import connector, plan, sources
from pbxretain.connector import Connector
from pbxretain.errors import DocumentError, Exit
from pbxretain.plan import Plan, Terms
from pbxretain.policy.document import Limits
from pbxretain.sources import Opened

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OLD, YOUNG, AHEAD = NOW - timedelta(days=200), NOW - timedelta(days=1), NOW + timedelta(days=30)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "cdr.db"
    with closing(sqlite3.connect(path)) as opened:
        create_tables(opened, "asterisk")
    return path


def fill(path: Path, *, old: int = 0, young: int = 0, ahead: int = 0) -> None:
    """Rows of calls of their own."""
    times = [OLD] * old + [YOUNG] * young + [AHEAD] * ahead
    with closing(sqlite3.connect(path)) as opened:
        for number, when in enumerate(times):
            unique = f"{int(when.timestamp())}.{number}"
            opened.execute(
                "INSERT INTO cdr (calldate, src, dst, uniqueid, linkedid)"
                " VALUES (?, '1', '2', ?, ?)",
                (f"{when:%Y-%m-%d %H:%M:%S}", unique, unique),
            )
        opened.commit()


def terms_for(path: Path, **changes: object) -> Terms:
    made = make_terms("asterisk", url=f"sqlite:///{path}", timezone="UTC", share=20)
    return replace(made, **changes)  # type: ignore[arg-type]


def decide(
    terms: Terms,
    *,
    confirm: int | None = None,
    last: datetime | None = None,
    clock: datetime | None = None,
    now: datetime = NOW,
) -> Plan:
    with sources.opened(
        terms.source, terms.connector, name=terms.name, installation="i", exclusive=False
    ) as opened:
        theirs: Opened = opened
        if clock:
            theirs.clock = lambda: clock
        return plan.make(terms, theirs, now=now, last_entry=last, confirm_count=confirm)


def codes(decided: Plan) -> list[str]:
    return [refusal.code for refusal in decided.refusals]


# --- limits ---


@pytest.mark.parametrize(
    ("old", "young", "expected"),
    [
        (99, 0, []),
        (100, 400, []),
        (101, 400, ["SHARE_LIMIT"]),
        (100, 0, ["SHARE_LIMIT"]),
        (0, 500, []),
    ],
)
def test_the_share_counts_from_a_hundred_due_and_only_above_the_limit(
    database: Path, old: int, young: int, expected: list[str]
) -> None:
    fill(database, old=old, young=young)
    decided = decide(terms_for(database))
    assert decided.due == old
    assert codes(decided) == expected


def test_a_confirmed_count_passes_share_and_count_when_it_is_large_enough(database: Path) -> None:
    fill(database, old=150)
    terms = terms_for(database)
    policy = terms.policy.model_copy(update={"limits": Limits(count=100)})
    terms = replace(terms, policy=policy)
    refused = decide(terms)
    assert codes(refused) == ["SHARE_LIMIT", "COUNT_LIMIT"]
    assert all("--confirm-count 150" in refusal.hint for refusal in refused.refusals)
    assert codes(decide(terms, confirm=150)) == []
    assert codes(decide(terms, confirm=1000)) == []
    assert codes(decide(terms, confirm=149)) == ["CONFIRMED_COUNT"]


def test_a_limit_of_records_counts_small_datasets_too(database: Path) -> None:
    fill(database, old=3)
    terms = terms_for(database)
    limited = terms.policy.model_copy(update={"limits": Limits(count=2)})
    assert codes(decide(replace(terms, policy=limited))) == ["COUNT_LIMIT"]


# --- clocks ---


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, []), (120, []), (-120, []), (121, ["CLOCK_SKEW"]), (-121, ["CLOCK_SKEW"])],
)
def test_two_minutes_between_host_and_database_are_too_many(
    database: Path, seconds: int, expected: list[str]
) -> None:
    decided = decide(terms_for(database), clock=NOW + timedelta(seconds=seconds))
    assert codes(decided) == expected
    assert decided.clock_skew == timedelta(seconds=-seconds)


def test_a_clock_before_the_last_entry_is_refused_and_one_on_it_is_not(database: Path) -> None:
    second = timedelta(seconds=1)
    assert codes(decide(terms_for(database), last=NOW)) == []
    assert codes(decide(terms_for(database), last=NOW + second)) == ["CLOCK_BACK"]


@pytest.mark.parametrize(("ahead", "refused"), [(1, False), (10, False), (11, True)])
def test_a_few_from_the_future_are_counted_and_more_than_a_hundredth_refuse_the_dataset_alone(
    database: Path, ahead: int, refused: bool
) -> None:
    fill(database, old=5, young=150 - 5 - ahead, ahead=ahead)
    decided = decide(terms_for(database))
    item = next(item for item in decided.items if item.dataset == "calls")
    assert item.census
    assert item.census.future == ahead
    assert (item.refusal is not None) == refused
    assert codes(decided) == []


# --- documents ---


def test_an_unapproved_policy_and_an_untried_connector_are_told_together(database: Path) -> None:
    fill(database, old=3)
    known = connector.find("asterisk")
    text = known.text.replace(b"written-by-product", b"documents")
    untried = connector.parse(text, "asterisk", "test")
    terms = terms_for(database, approved=False, connector=untried)
    refused = decide(terms)
    assert codes(refused) == ["NOT_APPROVED", "UNTRIED_CONNECTOR"]
    assert {refusal.exit_code for refusal in refused.refusals} == {Exit.REFUSED}
    accepted = terms.source.model_copy(update={"accept_untried": untried.digest})
    assert codes(decide(replace(terms, source=accepted))) == ["NOT_APPROVED"]
    other = terms.source.model_copy(update={"accept_untried": "sha256:" + "0" * 64})
    assert codes(decide(replace(terms, source=other))) == codes(refused)


def test_a_class_that_the_policy_forgot_is_named_before_anything_is_counted(database: Path) -> None:
    terms = terms_for(database)
    rules = [rule for rule in terms.policy.rules if rule.data != "call-events"]
    forgetful = terms.policy.model_copy(update={"rules": rules})
    with pytest.raises(DocumentError, match="no rule for call-events"):
        decide(replace(terms, policy=forgetful))


def test_what_is_kept_forever_is_neither_counted_nor_due(database: Path) -> None:
    fill(database, old=3)
    made = make_terms("asterisk", url=f"sqlite:///{database}", keep="forever")
    decided = decide(made)
    assert decided.due == 0
    assert [item.selection for item in decided.items] == [None] * len(decided.items)


# --- a part that can't stand alone ---


def _linked(*, alone: bool, gone: str = "blank") -> Connector:
    text = connector.find("asterisk").text
    if not alone:
        text = text.replace(b"    stands_alone: true\n", b"")
    text = text.replace(b"on_part_gone: blank", b"on_part_gone: " + gone.encode())
    return connector.parse(text, "asterisk", "test")


@pytest.mark.parametrize(
    ("calls", "recordings", "alone", "waits"),
    [
        ("90 days", "1 year", False, True),
        ("90 days", "forever", False, True),
        ("90 days", "90 days", False, False),
        ("1 year", "90 days", False, False),
        ("forever", "1 year", False, False),
        ("90 days", "1 year", True, False),
        ("90 days", "3 months", False, True),
    ],
)
def test_rows_wait_for_a_part_that_stays_longer_and_cannot_stand_alone(
    database: Path, tmp_path: Path, calls: str, recordings: str, alone: bool, waits: bool
) -> None:
    product = _linked(alone=alone)
    keep = everything(product.manifest, "90 days")
    keep |= {"call-detail-records": calls, "call-recordings": recordings}
    terms = make_terms(product, url=f"sqlite:///{database}", keep=keep)
    item = next(item for item in decide(terms).items if item.dataset == "calls")
    assert bool(item.selection and item.selection.wait_for_part) == waits


def test_a_pbx_that_fell_silent_is_told_by_its_busiest_table_and_never_by_old_copies(
    database: Path,
) -> None:
    text = connector.find("asterisk").text.replace(
        b"    link: {column: recordingfile",
        b"    shadows: [{table: copied}]\n    link: {column: recordingfile",
    )
    product = connector.parse(text, "asterisk", "test")
    with closing(sqlite3.connect(database)) as opened:
        opened.execute("CREATE TABLE copied AS SELECT * FROM cdr")
        opened.execute(
            "INSERT INTO copied (calldate, uniqueid) VALUES (?, '1.1')",
            (f"{OLD:%Y-%m-%d %H:%M:%S}",),
        )
        opened.commit()

    def idle() -> dict[str, int]:
        terms = make_terms(product, url=f"sqlite:///{database}", timezone="UTC")
        found = {i.dataset: i.census.findings for i in decide(terms).items if i.census}
        return {name: told["IDLE"] for name, told in found.items() if "IDLE" in told}

    fill(database, old=3)
    assert idle() == {"calls": 200}
    fill(database, young=3)
    assert idle() == {}


def test_a_plan_reads_only(database: Path) -> None:
    fill(database, old=150, young=3)
    before = database.read_bytes()
    decide(terms_for(database))
    assert database.read_bytes() == before
