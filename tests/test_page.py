"""verify.html, in a real browser: the same verdicts and the same words as the command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import page as parts
from support import reports, verdicts
from support.browser import Browser, Page, encoded
from support.verdicts import Case

from pbxretain.evidence.statements import statement
from pbxretain.messages import LANGUAGES, Lang
from pbxretain.signing import canonical, key_id

CASES = verdicts.all_cases()
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


# --- any changed byte -------------------------------------------------------------------------


@st.composite
def changed(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes with something flipped, dropped, doubled or cut off."""
    at = draw(st.integers(0, len(data) - 1))
    match draw(st.sampled_from(("flip", "flip", "flip", "drop", "double", "cut", "insert"))):
        case "flip":
            return data[:at] + bytes([data[at] ^ draw(st.integers(1, 255))]) + data[at + 1 :]
        case "drop":
            return data[:at] + data[at + draw(st.integers(1, 9)) :]
        case "double":
            return data[: at + draw(st.integers(1, 99))] + data[at:]
        case "insert":
            return data[:at] + draw(st.sampled_from(list(b' \t\n"{}[],:\\0-'))).to_bytes() + data[at:]
        case _:
            return data[:at]


@st.composite
def bent(draw: st.DrawFn) -> Case:
    """An envelope, a soundly signed payload or a file of a folder, changed somewhere."""
    match draw(st.sampled_from(("envelope", "payload", "ledger", "folder"))):
        case "envelope":
            return verdicts.single(draw(changed(verdicts.GOOD)))
        case "payload":
            return verdicts.single(verdicts.signed(draw(changed(verdicts.GOOD_PAYLOAD))))
        case "ledger":
            ledger = draw(changed(FOLDER["ledger.jsonl"]))
            return Case(FOLDER | {"ledger.jsonl": ledger})
        case _:
            name = draw(st.sampled_from(sorted(FOLDER)))
            return Case(FOLDER | {name: draw(changed(FOLDER[name]))})


FOLDER = verdicts.folder()


@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.large_base_example,
                           HealthCheck.data_too_large, HealthCheck.too_slow],
)
@given(st.lists(bent(), min_size=100, max_size=100))
def test_the_page_and_the_command_agree_on_any_changed_byte(page: Page, cases: list[Case]) -> None:
    for case, own in zip(cases, verdicts.by_page(page, cases), strict=True):
        assert own == verdicts.by_python(case)
