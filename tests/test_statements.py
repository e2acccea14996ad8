"""Only what is on the list is signed, and figures that contradict each other never are."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError
from support import reports

from pbxretain.errors import EvidenceError
from pbxretain.evidence import statements as st
from pbxretain.evidence.fields import instant, moment
from pbxretain.signing import canonical


def raw() -> dict[str, Any]:
    return copy.deepcopy(st.statement(reports.report()))


def refused(value: dict[str, Any]) -> str:
    with pytest.raises(EvidenceError) as caught:
        st.parse_statement(canonical(value))
    return caught.value.code


def test_what_is_written_is_read_back() -> None:
    for predicate, kind in (
        (reports.report(), st.DELETION_REPORT),
        (reports.plan(), st.PLAN),
        (reports.report(3, "ab" * 32, datasets=()), st.DELETION_REPORT),
    ):
        read = st.parse_statement(canonical(st.statement(predicate)))
        assert read == st.Statement(kind, predicate)


def test_the_subjects_are_the_policy_and_each_root() -> None:
    value = raw()
    assert [s["name"] for s in value["subject"]] == ["policy/acme-calls", "head-office/call-log"]
    root = value["predicate"]["datasets"][0]["merkle"]["root"]
    assert value["subject"][1]["digest"] == {"smdr2": root}
    value["subject"][1]["digest"]["smdr2"] = "00" * 32
    assert refused(value) == "SUBJECT"


def test_file_names_carry_the_type() -> None:
    assert st.file_type(st.DELETION_REPORT) == "deletion-report"
    assert st.file_type(st.PLAN) == "plan"


def test_a_dry_run_never_passes_for_a_run() -> None:
    value = st.statement(reports.plan())
    assert refused(value | {"predicateType": st.DELETION_REPORT}) == "SCHEMA"
    assert refused(raw() | {"predicateType": st.PLAN}) == "SCHEMA"


@pytest.mark.parametrize(
    "change",
    [
        {"_type": "https://in-toto.io/Statement/v0.1"},
        {"predicateType": "https://example.org/other/v1"},
        {"predicateType": None},
        {"predicateType": ["x"]},
        {"predicate": []},
        {"extra": 1},
        {"subject": []},
    ],
)
def test_a_bent_statement_is_refused(change: dict[str, Any]) -> None:
    refused(raw() | change)


def test_a_newer_schema_is_unknown_rather_than_forged() -> None:
    value = raw()
    value["predicate"]["schema"] = 2
    assert refused(value) == "UNKNOWN_TYPE"
    value["predicate"]["schema"] = True
    assert refused(value) == "SCHEMA"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((), {"number": "+4930123456"}),
        (("run",), {"user": "alice"}),
        (("datasets", 0), {"rows": []}),
        (("datasets", 0), {"dataset": "Anruf von 030"}),
        (("datasets", 0), {"also": {"+49 30": 1}}),
        (("datasets", 0), {"also": {"shadow": -1}}),
        (("datasets", 0), {"findings": [{"code": "file out-1.wav", "count": 1}]}),
        (("datasets", 0, "range"), {"oldest_deleted": "2026-01-01T10:00:00Z"}),
        (("datasets", 0, "range"), {"oldest_deleted": "2026-02-30"}),
        (("datasets", 0, "balances"), {"deleted": -1}),
        (("datasets", 0, "balances"), {"undated": "1"}),
        (("datasets", 0, "balances"), {"undated": True}),
        (("datasets", 0, "rule"), {"keep": "90 days"}),
        (("run",), {"as_of": "2026-01-01T00:00:60Z"}),
        (("run",), {"as_of": "2026-01-01 00:00:00"}),
        (("run",), {"id": "run-1"}),
        (("run",), {"timezone": "Europe/Berlin; DROP"}),
        (("tool",), {"name": "other"}),
        (("policy",), {"digest": "md5:00"}),
        (("policy",), {"name": "acme\n"}),
        ((), {"controller": "line\nbreak"}),
        ((), {"controller": "x" * 1001}),
        (("evidence",), {"level": "L2"}),
    ],
)
def test_there_is_no_field_for_anything_that_is_not_listed(
    place: tuple[str | int, ...], value: dict[str, Any]
) -> None:
    statement = raw()
    target = statement["predicate"]
    for step in place:
        target = target[step]
    target.update(value)
    assert refused(statement) == "SCHEMA"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("datasets", 0, "balances"), {"due": 4}),
        (("datasets", 0, "balances"), {"arrived": 1}),
        (("datasets", 0, "balances"), {"residue": 1, "due": 4}),
        (("datasets", 0, "balances"), {"failed": 1, "due": 4}),
        (("datasets", 0, "balances"), {"deleted": 2, "due": 2}),
        (("datasets", 0, "merkle"), {"size": 0}),
        (("datasets", 0), {"outcome": "nothing-due"}),
        (("datasets", 0), {"outcome": "failed"}),
        (("ledger",), {"prev": "ab" * 32}),
        (("ledger",), {"seq": 1}),
        (("run",), {"outcome": "refused"}),
        (("run",), {"refused_reason": "LIMIT"}),
        (("run",), {"outcome": "refused", "refused_reason": "LIMIT"}),
        (("run",), {"outcome": "nothing-due"}),
        (("run",), {"outcome": "recovered"}),
        (("run",), {"ended_at": "2020-01-01T00:00:00Z"}),
    ],
)
def test_figures_that_contradict_each_other_are_refused(
    place: tuple[str | int, ...], value: dict[str, Any]
) -> None:
    statement = raw()
    target = statement["predicate"]
    for step in place:
        target = target[step]
    target.update(value)
    assert refused(statement) == "BALANCE"


def test_two_datasets_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError):
        reports.report(datasets=(reports.dataset(), reports.dataset()))


def test_what_is_left_over_balances_as_incomplete() -> None:
    left = reports.dataset(deleted=2, residue=1, held=4, failed=1)
    assert left.outcome == "incomplete"
    report = reports.report(datasets=(left,), run=reports.run(outcome="incomplete", exit_code=3))
    assert st.parse_statement(canonical(st.statement(report))).predicate == report


def test_an_error_quotes_nothing_of_the_statement() -> None:
    statement = raw()
    statement["predicate"]["+4930123456"] = "+4930123456"
    with pytest.raises(EvidenceError) as caught:
        st.parse_statement(canonical(statement))
    assert "30123456" not in str(caught.value)
    assert caught.value.__cause__ is None
    with pytest.raises(ValidationError) as invalid:
        reports.report(controller="+4930123456\n")
    assert "30123456" not in str(invalid.value)


def test_times_are_written_in_utc_and_whole_seconds() -> None:
    east = datetime(2026, 1, 1, 1, 0, 0, 999, tzinfo=timezone(timedelta(hours=1)))
    assert instant(east) == "2026-01-01T00:00:00Z"
    assert moment("2026-01-01T00:00:00Z") == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("place", ["_type", "subject", "predicate", "run"])
def test_a_deeply_nested_statement_is_one_error(place: str) -> None:
    text = canonical(raw() | {"predicate": "HERE"} if place == "run" else raw() | {place: "HERE"})
    for depth in (10, 300, *range(900, 1000, 7), *range(1000, 40000, 3001)):
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
            deep = opening * depth + b"0" + closing * depth
            if place == "run":
                deep = b'{"run":' + deep + b"}"
            with pytest.raises(EvidenceError):
                st.parse_statement(text.replace(b'"HERE"', deep))
