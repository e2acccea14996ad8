"""Both languages say everything, with the same placeholders, and no code stays unexplained."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from string import Formatter
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

import pbxretain
from pbxretain import messages
from pbxretain.documents import DATA_CLASSES
from pbxretain.errors import RetainError
from pbxretain.evidence import statements
from pbxretain.manifest import TableDataset, TreeDataset
from pbxretain.messages import LANGUAGES, Lang, text
from pbxretain.verify import FINDINGS
from pbxretain.wording import CATALOGUE, PARTS
from pbxretain.wording.codes import CODES
from pbxretain.wording.details import DETAILS, WHOLE
from pbxretain.wording.faults import FAULTS
from pbxretain.wording.stores import STORES
from pbxretain.wording.verify import VERIFY

PACKAGE = Path(pbxretain.__file__).parent
CODE = re.compile(r"[A-Z][A-Z0-9]+(_[A-Z0-9]+)*")


def placeholders(pattern: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(pattern) if name is not None}


NO_CODES = {"CONFIGURATION_DIRECTORY", "CREDENTIALS_DIRECTORY", "PBXRETAIN_CONFIG"} | {
    "STATE_DIRECTORY",
    "PBXRETAIN_DPO_HOME",
}
"""Names of environment variables look like codes."""


def codes_in_source() -> Iterator[tuple[str, str]]:
    """Every constant below the command line that is a code by its looks or by its use."""
    for path in PACKAGE.rglob("*.py"):
        if path.parent.name == "wording":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for value in _handed_on(node, face="cli" in path.parts):
                yield value, path.name


def _handed_on(node: ast.AST, *, face: bool) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and not face:
        by_its_looks = "_" in node.value and CODE.fullmatch(node.value)
        if by_its_looks and node.value not in NO_CODES:
            yield node.value
    if isinstance(node, ast.Call):
        handed = [k.value for k in node.keywords if k.arg == "code"]
        handed += node.args[:1] if getattr(node.func, "id", "") == "Advice" else []
        if getattr(node.func, "id", "") == "counts":  # files.counts makes codes of its keywords
            yield from (k.arg.upper() for k in node.keywords if k.arg)
        for value in handed:
            if isinstance(value, ast.Constant) and CODE.fullmatch(str(value.value)):
                yield str(value.value)


def error_classes(base: type[RetainError] = RetainError) -> Iterator[type[RetainError]]:
    yield base
    for kind in base.__subclasses__():
        yield from error_classes(kind)


def test_no_key_stands_in_two_parts_of_the_catalogue() -> None:
    assert sum(map(len, PARTS)) == len(CATALOGUE)


@pytest.mark.parametrize("key", CATALOGUE)
def test_both_languages_have_words_and_equal_placeholders(key: str) -> None:
    german, english = CATALOGUE[key]
    assert german.strip()
    assert english.strip()
    assert placeholders(german) == placeholders(english)


@pytest.mark.parametrize("key", [k for k in CATALOGUE if k.startswith("code.")])
def test_a_code_is_explained_by_a_whole_sentence(key: str) -> None:
    assert all(sentence.endswith(".") for sentence in CATALOGUE[key])


def test_nothing_is_promised_that_cannot_be_kept() -> None:
    forbidden = re.compile(
        r"compliant|unrecoverable|irrecoverable|konform|unwiederbringlich|rechtssicher", re.I
    )
    assert not [key for key, words in CATALOGUE.items() if any(map(forbidden.search, words))]


def test_every_data_class_has_a_name() -> None:
    assert all(messages.known("data", name) for name in DATA_CLASSES)


def test_every_outcome_of_a_run_and_of_a_dataset_has_words() -> None:
    for outcome in get_args(statements.RunOutcome):
        assert messages.known("status", outcome)
        assert f"report.result.{outcome}" in CATALOGUE
    assert all(messages.known("dataset", o) for o in get_args(statements.DatasetOutcome))


def test_every_error_class_has_a_sentence() -> None:
    assert [c.code for c in error_classes() if not messages.known("code", c.code)] == []


def test_every_code_in_the_source_has_a_sentence() -> None:
    unexplained = {c: where for c, where in codes_in_source() if not messages.known("code", c)}
    assert unexplained == {}


def test_every_detail_is_of_a_code_and_its_hint_needs_no_more_than_it() -> None:
    for key, (words, _) in DETAILS.items():
        name = key.removeprefix("detail.").removesuffix(".hint")
        assert messages.known("code", name), key
        if not key.endswith(".hint"):
            assert not words.endswith("."), key


def test_a_sentence_that_says_all_stands_alone_and_has_no_detail_beside_it() -> None:
    assert [c for c in sorted(WHOLE) if not messages.known("code", c)] == []
    assert [c for c in sorted(WHOLE) if messages.known("detail", c)] == []
    told = messages.detail("NOT_COMPARED", "de", {})
    assert told is not None
    assert told.endswith("es wurde nichts geschrieben")


@pytest.mark.parametrize(
    ("count", "german"),
    [(1, "1 Stunde"), (24, "24 Stunden"), (36, "36 Stunden"), (840, "35 Tage")],
)
def test_whole_days_of_hours_are_told_as_days(count: int, german: str) -> None:
    assert messages.hours(count, "de") == german


def test_every_code_that_verify_can_find_has_a_sentence() -> None:
    assert [code for code in FINDINGS if not messages.known("code", code)] == []


def test_every_start_event_of_the_shipped_connectors_has_words() -> None:
    from pbxretain.connector import shelf

    for connector in shelf().values():
        for dataset in connector.manifest.datasets.values():
            names = (
                [dataset.start]
                if isinstance(dataset, TreeDataset) or not hasattr(dataset, "starts")
                else list(dataset.starts)
            )
            assert isinstance(dataset, TableDataset) or names
            assert all(messages.known("start", name) for name in names)


def test_the_catalogue_holds_nothing_that_nobody_says() -> None:
    source = "\n".join(
        p.read_text("utf-8") for p in PACKAGE.rglob("*.py") if p.parent.name != "wording"
    )
    page = "\n".join(p.read_text("utf-8") for p in PACKAGE.rglob("page/*.js"))
    whole = set(re.findall(r'"([a-z][\w.-]*)"', source + page))
    # Keys are also built: text(f"next.{step}"), code("trial", how).
    prefixes = set(re.findall(r'f"([a-z][\w.-]*\.)\{', source))
    prefixes.add("page.")  # verify.html says these, and test_page.py asks for each
    prefixes |= set(re.findall(r"`([a-z][\w.-]*\.)\$\{", page))
    prefixes |= {f"{kind}." for kind in re.findall(r"""code\(\s*['"]([a-z]+)""", source)}
    unsaid = [
        key
        for part in PARTS
        if part not in (CODES, DETAILS, FAULTS, STORES, VERIFY)
        for key in part
        if key not in whole and not key.startswith(tuple(prefixes))
    ]
    assert unsaid == []


def test_numbers_and_days_look_as_the_language_writes_them() -> None:
    assert messages.number(1234567, "de") == "1.234.567"
    assert messages.number(1234567, "en") == "1,234,567"
    assert messages.day(date(2026, 8, 25), "de") == "25.08.2026"
    assert messages.day(date(2026, 8, 25), "en") == "2026-08-25"
    assert messages.counted(1, "de") == "1 Datensatz"
    assert messages.counted(2345, "en") == "2,345 records"


def test_a_moment_is_told_in_the_zone_of_the_source() -> None:
    at = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert messages.moment(at, ZoneInfo("Europe/Berlin"), "de") == "29.03.2026 03:30 (CEST)"


@pytest.mark.parametrize(
    ("period", "lang", "words"),
    [
        ("90 days", "de", "90 Tage"),
        ("1 year", "de", "1 Jahr"),
        ("6 months", "en", "6 months"),
        ("forever", "de", "unbefristet"),
        ("something else", "de", "something else"),
    ],
)
def test_periods_are_told_in_words(period: str, lang: Lang, words: str) -> None:
    assert messages.period(period, lang) == words


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_unknown_code_is_shown_as_it_stands(lang: Lang) -> None:
    assert messages.code("code", "FROM_A_LATER_VERSION", lang) == "FROM_A_LATER_VERSION"


def test_a_missing_placeholder_is_a_mistake_of_the_program() -> None:
    with pytest.raises(KeyError):
        text("count.record.many", "de")
