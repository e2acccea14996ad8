"""Rules of a policy: parts of a class, minimum and maximum, and which of them get in the way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pbxretain.connector import find
from pbxretain.documents import parse
from pbxretain.errors import DocumentError
from pbxretain.period import Period
from pbxretain.policy.checks import remarks, several_values, unknown_facets
from pbxretain.policy.document import Cut, Policy, Rule

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 29, 10, tzinfo=UTC)
HEAD = "policy: acme\nrules:\n"


def policy(*rules: str) -> Policy:
    text = HEAD + "".join(f"  - {{{rule}}}\n" for rule in rules)
    return parse(text.encode(), "acme.yaml", Policy).value


def rule(text: str, *, basis: str = "{code: necessity}", data: str = "call-recordings") -> Rule:
    return policy(f"data: {data}, basis: {basis}, {text}").rules[0]


def mistake(text: str, *, basis: str = "{code: necessity}") -> str:
    with pytest.raises(DocumentError) as caught:
        rule(text, basis=basis)
    return str(caught.value)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def test_facets_are_read_as_people_write_them() -> None:
    found = rule('keep: 1 day, only: {queue: 800, answered: true, extension: ["201", 202], x-a: b}')
    assert found.facets == {
        "queue": {"800"},
        "answered": {"true"},
        "extension": {"201", "202"},
        "x-a": {"b"},
    }


def test_one_start_event_reads_as_before_and_several_fall_back_in_order() -> None:
    one, two = rule("keep: 1 day, from: heard"), rule("keep: 1 day, from: [heard, received]")
    assert (one.start, one.fallback) == ("heard", ())
    assert (two.start, two.fallback) == ("heard", ("received",))
    assert rule("keep: 1 day").start is None


def test_one_value_and_a_list_of_one_are_the_same_decision() -> None:
    one = policy("data: call-events, basis: undecided, keep: 1 day, from: event")
    same = policy("data: call-events, basis: undecided, keep: 1 day, from: [event]")
    assert one.digest() == same.digest()


@pytest.mark.parametrize(
    "term",
    [
        "name: advice",
        "only: {queue: 800}",
        "minimum: 10 days",
        "slack: 7 days",
        "redact: {after: 30 days}",
        "redact: {after: 30 days, numbers: blank}",
        "redact: {after: 30 days, numbers: {cut: 4}}",
        "from: [heard, received]",
        "minimum: 1 year, override: {by: management}",
        "minimum: 1 year, override: {by: management, ref: paper 3}",
    ],
)
def test_the_approval_covers_every_term(term: str) -> None:
    plain = "data: call-recordings, basis: {code: necessity}, keep: 90 days"
    assert policy(plain).digest() != policy(f"{plain}, {term}").digest()


def test_the_approval_covers_who_decided_and_until_when() -> None:
    body = HEAD + "  - {data: call-events, keep: forever, basis: undecided}\n"
    texts = ["", "decided_by: management\n", "decided_on: 2026-11-01\n", "review_by: 2027-11-01\n"]
    digests = {parse((t + body).encode(), "acme.yaml", Policy).value.digest() for t in texts}
    assert len(digests) == len(texts)


def test_redaction_cuts_three_digits_unless_said() -> None:
    found = rule("keep: 180 days, redact: {after: 30 days}")
    assert found.redact is not None
    assert (found.redact.after, found.redact.numbers) == (Period(30, "day"), Cut(cut=3))
    stage = found.redacts_at(now=NOW, zone=BERLIN)
    whole = found.terms_at(now=NOW, zone=BERLIN)
    assert stage is not None
    assert whole is not None
    assert (stage.cutoff, whole.cutoff) == (day("2026-10-30"), day("2026-06-02"))


@pytest.mark.parametrize(
    ("terms", "cutoff", "maximum"),
    [
        ("keep: 30 days", "2026-10-30", None),
        ("keep: 30 days, slack: 7 days", "2026-11-06", None),
        ("keep: 30 days, minimum: 10 days", "2026-10-30", None),
        ("keep: 30 days, slack: 7 days, minimum: 30 days", "2026-10-30", None),
        ("keep: 30 days, slack: 7 days, minimum: 25 days", "2026-11-04", None),
        ("keep: until end of year + 8 years", "2018-01-01", None),
        ("keep: 10 years, minimum: until end of year + 8 years", "2016-11-29", None),
        (
            "keep: 30 days, minimum: 90 days, override: {by: management}",
            "2026-08-31",
            "2026-10-30",
        ),
        ("keep: forever, minimum: 90 days", None, None),
    ],
)
def test_the_minimum_goes_before_keep_and_slack(
    terms: str, cutoff: str | None, maximum: str | None
) -> None:
    found = rule(terms).terms_at(now=NOW, zone=BERLIN)
    told = found and (found.cutoff, found.maximum)
    wanted = (day(cutoff), day(maximum) if maximum else None) if cutoff else None
    assert told == wanted


@pytest.mark.parametrize(
    ("terms", "basis", "said"),
    [
        (
            "keep: 30 days, minimum: 90 days",
            "{code: necessity}",
            "minimum: can end later than keep",
        ),
        (
            "keep: 9 years, minimum: 1 year, redact: {after: 30 days}",
            "{code: necessity}",
            "minimum: can end later than redact.after",
        ),
        (
            "keep: 30 days, minimum: 90 days, override: {by: management}",
            "undecided",
            "basis: must be decided",
        ),
        (
            "keep: 90 days, minimum: 30 days, override: {by: management}",
            "{code: necessity}",
            "override: says nothing",
        ),
        ("keep: forever, slack: 1 day", "undecided", "slack: says nothing"),
        ("keep: 1 month, redact: {after: 31 days}", "undecided", "redact.after: must end before"),
        ("keep: 1 month, redact: {after: 28 days}", "undecided", "redact.after: must end before"),
    ],
)
def test_terms_that_cant_hold_together_are_refused_at_their_line(
    terms: str, basis: str, said: str
) -> None:
    assert mistake(terms, basis=basis).startswith("acme.yaml:3: rules[0].")
    assert said in mistake(terms, basis=basis)


def test_a_rule_that_keeps_and_then_deletes_is_fixed() -> None:
    assert rule("keep: 5 years, minimum: 5 years").fixed
    assert not rule("keep: 5 years, minimum: 4 years").fixed
    assert not rule("keep: 5 years").fixed


def test_the_rest_of_a_class_without_a_rule_is_not_decided() -> None:
    part = "data: call-recordings, basis: {code: necessity}, keep: 1 day, only: {queue: 800}"
    assert policy(part).not_decided(["call-recordings"]) == ["call-recordings"]
    rest = "data: call-recordings, basis: {code: necessity}, keep: 9 days"
    both = policy(part, rest)
    assert both.not_decided(["call-recordings"]) == []
    assert both.rule_for("call-recordings") == both.rules[1]
    assert both.rules_for("call-recordings") == (both.rules[0], both.rules[1])


def test_a_rule_without_a_name_is_called_by_its_place() -> None:
    part = "data: call-recordings, basis: undecided, keep: 1 day, only: {queue: 8}"
    found = policy(
        "data: call-events, basis: undecided, keep: 1 day",
        f"{part}, name: advice",
        part,
        "data: call-recordings, basis: undecided, keep: 1 day",
    )
    assert [found.label(each) for each in found.rules] == ["", "advice", "rule-2", ""]


@pytest.mark.parametrize("name", ["rule-1", "redact", "long-redact", "Advice", "a b", "x" * 40])
def test_a_name_that_reports_make_themselves_is_refused(name: str) -> None:
    assert "rules[0].name: " in mistake(f"keep: 1 day, name: {name}")


def test_two_rules_of_a_class_never_share_a_name() -> None:
    part = "data: call-recordings, basis: undecided, keep: 1 day, name: advice"
    with pytest.raises(DocumentError, match=r"acme.yaml:4: rules\[1\].name: another rule"):
        policy(f"{part}, only: {{queue: 1}}", f"{part}, only: {{queue: 2}}")


# --- which rules get in each other's way --------------------------------------------------------

REST = ""
SHORT, LONG = "keep: 1 day", "keep: 9 days"


def told(*parts: tuple[str, str]) -> list[tuple[str, int, int | None]]:
    made = [
        f"data: call-recordings, basis: undecided, {terms}{f', only: {{{only}}}' if only else ''}"
        for only, terms in parts
    ]
    return [(each.code, each.index, each.earlier) for each in remarks(policy(*made))]


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ("queue: 800", REST, None),
        ("queue: 800", "queue: 801", None),
        ("queue: [800, 801]", "queue: 800", "RULE_UNREACHABLE"),
        (REST, "queue: 800", "RULE_UNREACHABLE"),
        ("queue: 800", "queue: 800", "RULE_UNREACHABLE"),
        ("queue: 800", "queue: 800, answered: true", "RULE_UNREACHABLE"),
        ("queue: 800, answered: true", "queue: 800", None),
        ("queue: 800", "answered: true", "RULE_OVERLAP"),
        ("queue: [800, 801]", "queue: [801, 802]", "RULE_OVERLAP"),
        ("extension: 201", "extension: 202", "RULE_OVERLAP"),
        ("direction: inbound, queue: 800", "direction: outbound, answered: true", None),
    ],
)
def test_rules_that_touch_are_told(first: str, second: str, code: str | None) -> None:
    assert told((first, SHORT), (second, LONG)) == ([(code, 1, 0)] if code else [])


def test_a_connector_tells_of_which_facets_a_record_has_several_values() -> None:
    asterisk = find("asterisk").manifest
    several = several_values(asterisk)
    assert "extension" in several  # who calls, and who is called
    assert not several & {"mailbox", "heard", "tenant"}
    parts = ("mailbox: 1", "mailbox: 2"), ("extension: 1", "extension: 2")
    for (first, second), count in zip(parts, (0, 1), strict=True):
        found = policy(
            *(
                f"data: voicemail-messages, basis: undecided, {terms}, only: {{{only}}}"
                for only, terms in ((first, SHORT), (second, LONG))
            )
        )
        assert len(list(remarks(found, several=several))) == count
    assert list(unknown_facets(asterisk, found)) == []


def test_an_overlap_that_changes_nothing_is_not_told() -> None:
    assert told(("queue: 800", SHORT), ("answered: true", SHORT)) == []


def test_rules_of_two_classes_never_touch() -> None:
    found = policy(
        "data: call-recordings, basis: undecided, keep: 1 day",
        "data: call-events, basis: undecided, keep: 9 days, only: {queue: 800}",
    )
    assert list(remarks(found)) == []


# Few values, so that rules touch often. An extension can have several at once.
VALUES = {"queue": ("8", "9"), "answered": ("true", "false"), "extension": ("1", "2")}
PARTS = st.fixed_dictionaries(
    {},
    optional={
        name: st.lists(st.sampled_from(values), min_size=1, unique=True)
        for name, values in VALUES.items()
    },
)
RECORDS = st.fixed_dictionaries(
    {
        "queue": st.sampled_from([set(), {"8"}, {"9"}]),
        "answered": st.sampled_from([{"true"}, {"false"}]),
        "extension": st.sets(st.sampled_from(["1", "2"])),
    }
)
RULES = st.lists(st.tuples(PARTS, st.integers(1, 3)), min_size=1, max_size=4)


def ordered(rules: tuple[tuple[Mapping[str, list[str]], int], ...]) -> Policy | None:
    made = [
        {"data": "call-events", "basis": "undecided", "keep": f"{days} days"}
        | ({"only": part} if part else {})
        for part, days in rules
    ]
    try:
        return Policy.model_validate({"policy": "acme", "rules": made}, strict=False)
    except ValueError:  # two rules for the rest
        return None


def outcome(found: Policy, record: Mapping[str, set[str]]) -> str | None:
    for each in found.rules_for("call-events"):
        if all(record[name] & values for name, values in each.facets.items()):
            return str(each.keep)
    return None


@settings(deadline=None)
@given(rules=RULES, records=st.lists(RECORDS, min_size=1, max_size=12))
@example(
    rules=[({"queue": ["8"]}, 1), ({"answered": ["true"]}, 2)],
    records=[
        {"queue": {"8"}, "answered": {"true"}, "extension": set()},
    ],
)
def test_no_order_changes_an_outcome_unless_one_is_reported(
    rules: list[tuple[Mapping[str, list[str]], int]], records: list[Mapping[str, set[str]]]
) -> None:
    orders = [found for order in permutations(rules) if (found := ordered(order))]
    quiet = [found for found in orders if not list(remarks(found))]
    for record in records:
        assert len({outcome(found, record) for found in quiet}) <= 1


def test_an_order_in_which_nothing_is_told_is_found_where_parts_are_apart() -> None:
    # Else the property above would hold for want of anything to compare.
    parts: list[Mapping[str, list[str]]] = [{"queue": ["8"]}, {"queue": ["9"]}, {}]
    rules = [(part, days) for days, part in enumerate(parts, start=1)]
    quiet = [f for order in permutations(rules) if (f := ordered(order)) and not list(remarks(f))]
    assert len(quiet) == 2


def test_a_review_date_is_a_day() -> None:
    body = HEAD + "  - {data: call-events, keep: forever, basis: undecided}\n"
    found = parse(("review_by: 2027-11-01\n" + body).encode(), "acme.yaml", Policy).value
    assert found.review_by == date(2027, 11, 1)
