"""verify.html, in a real browser: the same verdicts and the same words as the command."""

from __future__ import annotations

import os
import re
from random import Random

import pytest
from support import page as parts
from support import reports, verdicts
from support.browser import Browser, Page, encoded
from support.verdicts import Case

from pbxretain.evidence import statements
from pbxretain.evidence.statements import statement
from pbxretain.messages import LANGUAGES, Lang
from pbxretain.signing import canonical, key_id

CASES = verdicts.all_cases()
PEM = encoded(verdicts.PEM)
KEYID = key_id(verdicts.KEY.public_key())


@pytest.fixture(scope="module")
def page(browser: Browser) -> Page:
    return browser.open(parts.PAGE)


@pytest.fixture(scope="module")
def said(page: Page) -> dict[str, object]:
    """What the page says of every case."""
    return dict(zip(CASES, verdicts.by_page(page, list(CASES.values())), strict=True))


def test_the_page_is_up_to_date() -> None:
    assert parts.PAGE.read_text("utf-8") == parts.page(), "make docs"


@pytest.mark.parametrize("name", CASES)
def test_the_page_and_the_command_say_the_same(name: str, said: dict[str, object]) -> None:
    assert said[name] == verdicts.by_python(CASES[name])


# --- statements -------------------------------------------------------------------------------


def test_every_type_of_statement_is_known() -> None:
    known = {statements.file_type(name) for name in statements.TYPES}
    assert set(verdicts.one_of_each()) == known


@pytest.mark.parametrize("kind", verdicts.one_of_each())
def test_any_changed_field_is_refused_for_the_same_reason(page: Page, kind: str) -> None:
    sound = statement(verdicts.one_of_each()[kind])
    payloads = [canonical(value).decode() for value in (sound, *verdicts.changed(sound))]
    expected = [verdicts.parsed_by_python(payload.encode()) for payload in payloads]
    said = page.call(verdicts.PARSE, payloads)
    assert [row for row in zip(payloads, said, expected, strict=True) if row[1] != row[2]] == []
    assert expected[0] == f"{statements.BASE}{kind}/v1"
    assert {"SCHEMA", "MALFORMED", "UNKNOWN_TYPE"} <= set(expected)


# --- any changed byte -------------------------------------------------------------------------


def _changed(data: bytes, chance: Random) -> bytes:
    """Bytes with something flipped, dropped, doubled, put in or cut off."""
    at = chance.randrange(len(data))
    match chance.choice(("flip", "flip", "flip", "drop", "double", "cut", "insert")):
        case "flip":
            return data[:at] + bytes([data[at] ^ chance.randrange(1, 256)]) + data[at + 1 :]
        case "drop":
            return data[:at] + data[at + chance.randrange(1, 9) :]
        case "double":
            return data[: at + chance.randrange(1, 99)] + data[at:]
        case "insert":
            return data[:at] + bytes([chance.choice(b' \t\n"{}[],:\\0-')]) + data[at:]
        case _:
            return data[:at]


def _bent(chance: Random) -> Case:
    """An envelope, a soundly signed payload or a file of a folder, changed somewhere."""
    keys = chance.choice(((verdicts.PEM,), (verdicts.PEM,), ()))
    match chance.choice(("envelope", "payload", "ledger", "folder")):
        case "envelope":
            return verdicts.single(_changed(verdicts.GOOD, chance), keys=keys)
        case "payload":
            payload = _changed(verdicts.GOOD_PAYLOAD, chance)
            return verdicts.single(verdicts.signed(payload), keys=keys)
        case "ledger":
            ledger = _changed(FOLDER["ledger.jsonl"], chance)
            return Case(FOLDER | {"ledger.jsonl": ledger}, keys=keys)
        case _:
            name = chance.choice(sorted(FOLDER))
            return Case(FOLDER | {name: _changed(FOLDER[name], chance)}, keys=keys)


FOLDER = verdicts.folder()
MANY = int(os.environ.get("PBXRETAIN_PAGE_CASES", "500"))


def test_the_page_and_the_command_agree_on_any_changed_byte(page: Page) -> None:
    chance = Random(4)
    cases = [_bent(chance) for _ in range(MANY)]
    exits = set()
    for case, own in zip(cases, verdicts.by_page(page, cases), strict=True):
        assert own == verdicts.by_python(case)
        exits.add(own["exit"])
    assert exits >= {0, 3, 7, 8}


# --- words ------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_tells_a_report_in_the_words_of_the_command(page: Page, lang: Lang) -> None:
    sealed = [
        data
        for case in (verdicts.complaints() | verdicts.told()).values()
        for data in case.files.values()
    ]
    told = page.call(verdicts.SHEETS, [[encoded(each), lang] for each in sealed], PEM)
    compared = 0
    for data, own in zip(sealed, told, strict=True):
        if own is not None:
            assert own == verdicts.sheet_by_python(data, lang, keyid=KEYID)
            compared += 1
    assert compared >= 14


def test_every_word_that_the_page_asks_for_is_in_it() -> None:
    source = "".join(path.read_text("utf-8") for path in parts.scripts())
    asked = set(re.findall(r"""\b(?:text|say)\(\s*"([a-z][\w.-]+)\"""", source))
    asked |= set(re.findall(r"""\bchooser\("([\w.-]+)\"""", source))
    assert len(asked) > 60
    assert asked <= parts.words().keys()
