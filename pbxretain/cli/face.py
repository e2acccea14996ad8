"""How does one invocation talk: which language, text or JSON, what on stderr, which exit code?

Data goes to stdout, all else to stderr. An error is one sentence and an exit code. Tracebacks are
never shown: the values in them may be personal data.
"""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import shutil
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from pbxretain import messages
from pbxretain.errors import Exit, RetainError
from pbxretain.messages import LANGUAGES, Lang

if TYPE_CHECKING:
    from pbxretain.sheet import Sheet

SCHEMA = 1
"""Version of every JSON document on stdout; it only grows when a field changes its meaning."""

WIDEST = 120
PLAIN_WIDTH = 100
_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3}
_ANSWERS = (("y", "yes", "j", "ja"), ("n", "no", "nein"))
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(slots=True)
class Face:
    """The options that every command takes, and what follows from them."""

    config: Path | None = None
    chosen: Lang | None = None
    settled: Lang | None = None
    """The language that settings name, once they are read."""
    json: bool = False
    verbose: int = 0
    said: bool = False
    """Whether a JSON document is on stdout already."""

    @property
    def lang(self) -> Lang:
        return self.chosen or self.settled or _language_of_the_terminal()

    def text(self, key: str, **params: object) -> str:
        return messages.text(key, self.lang, **params)

    def give(self, data: Mapping[str, object], *sheets: Sheet) -> None:
        """The command's result on stdout: the data as JSON, or else the sheets as text."""
        if self.json:
            self.said = True
            document = {"schema": SCHEMA, **data}
            click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))
            return
        from pbxretain.render import as_text

        click.echo("\n".join(as_text(sheet, width=width()) for sheet in sheets), nl=False)

    def note(self, sentence: str, *, level: int = logging.INFO) -> None:
        """A remark on stderr; it never says anything about single records."""
        mark = f"<{_PRIORITY[level]}>" if _to_journal() else ""
        lines = [f"{mark}{line}" for line in _clean(sentence).split("\n")]
        click.echo("\n".join(lines), err=True)

    def confirm(self, question: str) -> bool:
        """Whether the person says yes; asked on stderr, again until the answer is one. Nothing
        typed is no."""
        yes, no = _ANSWERS
        choice = self.text("answer.choice")
        asked = f"{question} [{choice}]"
        while True:
            typed = click.prompt(asked, default="", show_default=False, err=True)
            if (answer := typed.strip().lower()) in (*yes, *no, ""):
                return answer in yes
            self.note(self.text("answer.unclear"))

    def must_confirm(self, question: str) -> None:
        """Goes on only where the person says yes; click.Abort otherwise."""
        if not self.confirm(question):
            raise click.Abort

    def complain(self, error: RetainError) -> None:
        """An error in one sentence on stderr."""
        sentence = self.text("error.line", message=self._sentence(error))
        self.note(sentence, level=logging.ERROR)

    def confess(self, error: Exception) -> dict[str, object]:
        """A mistake of the program: its kind and place on stderr, never its text or values."""
        kind, where = type(error).__name__, place(error)
        sentence = self.text("error.internal", kind=kind, place=where)
        self.note(self.text("error.line", message=sentence), level=logging.ERROR)
        return {"code": "INTERNAL", "message": f"{kind} at {where}", "hint": "", "exit": 1}

    def _sentence(self, error: RetainError) -> str:
        if self.lang == "en" or not messages.known("code", error.code):
            return str(error)
        if whole := messages.detail(error.code, self.lang, error.params):
            hint = messages.detail(f"{error.code}.hint", self.lang, error.params) or error.hint
            return f"{whole} ({hint})" if hint else whole
        # Other details are in English; the sentence of the code stands before them.
        sentence = messages.code("code", error.code, self.lang)
        return self.text("error.detail", sentence=sentence, message=error)


def _clean(text: str) -> str:
    # Where nothing is said, such as for --help, nothing has to be printable.
    from pbxretain.render import clean

    return clean(text)


def face() -> Face:
    """The face of the running command."""
    return click.get_current_context().ensure_object(Face)


def width() -> int:
    """Columns to lay text out for: the terminal's, or a fixed number for files and pipes."""
    if not sys.stdout.isatty():
        return PLAIN_WIDTH
    return min(shutil.get_terminal_size((80, 24)).columns, WIDEST)


def error_data(error: RetainError) -> dict[str, object]:
    """An error as JSON."""
    return {
        "code": error.code,
        "message": str(error.args[0]),
        "hint": error.hint,
        "exit": int(error.exit_code),
    }


# --- options that every command takes ---------------------------------------------------------


def common(function: F) -> F:
    """Adds --config, --lang, --json, -v and --debug; they may stand before or after the command."""
    options = (
        click.option(
            "--config",
            type=click.Path(path_type=Path, dir_okay=False),
            help="Settings file (else $PBXRETAIN_CONFIG, /etc/pbxretain/config.yaml).",
            **_set("config"),
        ),
        click.option(
            "--lang",
            type=click.Choice(LANGUAGES),
            help="Language of the output (else as settings say).",
            **_set("chosen"),
        ),
        click.option("--json", is_flag=True, help="Print one JSON document.", **_set("json")),
        click.option("-v", "--verbose", count=True, help="Say what is done.", **_set("verbose")),
        click.option("--debug", is_flag=True, help="Say more than that.", **_set("debug")),
    )
    for option in reversed(options):
        function = option(function)
    return function


def _set(name: str) -> dict[str, Any]:
    def keep(ctx: click.Context, _: click.Parameter, value: Any) -> None:
        chosen = ctx.ensure_object(Face)
        if value and name == "debug":
            chosen.verbose = 2
        elif value:
            setattr(chosen, name, value)

    return {"expose_value": False, "is_eager": True, "callback": keep}


def command(group: click.Group | None = None, **kwargs: Any) -> Callable[[F], click.Command]:
    """A command with the common options, logging set up before it starts."""

    def make(function: F) -> click.Command:
        def started(*args: Any, **values: Any) -> Any:
            _log(face())
            return function(*args, **values)

        started.__name__, started.__doc__ = function.__name__, function.__doc__
        started.__dict__.update(function.__dict__)
        maker = click.command if group is None else group.command
        return cast(click.Command, maker(**kwargs)(common(started)))

    return make


# --- what goes wrong --------------------------------------------------------------------------


def guarded(action: Callable[[], Any], shown: Face) -> int:
    """The exit code of a command; every error ends here, in one sentence."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows no umlauts gets question marks, not a broken command.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        result = action()
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        if shown.json and not shown.said:
            told = {"code": "USAGE", "message": _clean(error.format_message()), "hint": ""}
            shown.give({"error": {**told, "exit": int(Exit.USAGE)}})
        return int(Exit.USAGE)
    except click.Abort:
        shown.note(shown.text("error.stopped"))
        return int(Exit.INTERRUPTED)
    except RetainError as error:
        shown.complain(error)
        if shown.json and not shown.said:
            shown.give({"error": error_data(error)})
        return int(error.exit_code)
    except Exception as error:  # noqa: BLE001  (the last line before the person)
        return _unexpected(error, shown)
    return result if isinstance(result, int) else int(Exit.OK)


def _unexpected(error: Exception, shown: Face) -> int:
    if isinstance(error, OSError) and error.errno == errno.EPIPE:
        # Whoever read us has gone; Python would complain once more while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.FAILED)
    detail = shown.confess(error)
    if shown.json and not shown.said:
        shown.give({"error": detail})
    return int(Exit.FAILED)


def place(error: BaseException) -> str:
    """File and line where an exception arose: ours where there is one; no text, no values."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "pbxretain" in Path(f.filename).parts] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"


# --- logging ----------------------------------------------------------------------------------


class Plain(logging.Formatter):
    """One plain line; with the priority that the journal reads where stderr goes there."""

    def __init__(self, *, journal: bool) -> None:
        super().__init__("pbxretain: %(message)s")
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        # Nobody's traceback: exc_info is dropped, the message has what may be said.
        line = _clean(f"pbxretain: {record.getMessage()}").replace("\n", " ")
        return f"<{_PRIORITY.get(record.levelno, 5)}>{line}" if self._journal else line


def _log(shown: Face) -> None:
    logger = logging.getLogger("pbxretain")
    handler = logging.StreamHandler()
    handler.setFormatter(Plain(journal=_to_journal()))
    if not shown.verbose:
        # Commands tell errors themselves, once; the log would say them a second time.
        handler.addFilter(lambda record: record.levelno < logging.ERROR)
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel((logging.WARNING, logging.INFO, logging.DEBUG)[min(shown.verbose, 2)])
    # Drivers put values of rows into their warnings, libraries into the tracebacks that they log.
    warnings.simplefilter("ignore")
    logging.lastResort = logging.NullHandler()


def _to_journal() -> bool:
    """Whether stderr is the journal's stream, not merely inherited its name."""
    named = os.environ.get("JOURNAL_STREAM")
    if not named:
        return False
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return named == f"{status.st_dev}:{status.st_ino}"


def _language_of_the_terminal() -> Lang:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "de" if value.startswith("de") else "en"
    return "en"
