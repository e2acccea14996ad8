"""A yes is asked for in the reader's language, and taken in either."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner, Result

from pbxretain.cli.face import Face
from pbxretain.messages import Lang


def _asked(lang: Lang, typed: str) -> Result:
    @click.command()
    def ask() -> None:
        click.echo(Face(chosen=lang).confirm("Sure?"))

    return CliRunner().invoke(ask, input=typed)


@pytest.mark.parametrize("typed", ["j", "J", "ja", "y", " yes "])
@pytest.mark.parametrize(("lang", "choice"), [("de", "[j/N]"), ("en", "[y/N]")])
def test_yes_in_either_language_is_a_yes(lang: Lang, choice: str, typed: str) -> None:
    told = _asked(lang, f"{typed}\n")
    assert told.stdout == "True\n"
    assert f"Sure? {choice}: " in told.stderr


@pytest.mark.parametrize("typed", ["", "n", "nein", "No"])
def test_nothing_typed_and_no_are_a_no(typed: str) -> None:
    assert _asked("de", f"{typed}\n").stdout == "False\n"


def test_what_is_neither_is_asked_for_again() -> None:
    told = _asked("de", "vielleicht\nj\n")
    assert told.stdout == "True\n"
    assert "Bitte mit j oder n antworten." in told.stderr
    assert told.stderr.count("[j/N]") == 2


def test_the_end_of_input_is_no_yes() -> None:
    assert _asked("de", "").exit_code == 1
