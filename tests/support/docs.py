"""Reference pages that are made from the program itself, so that they can't go stale.

``python tests/support/docs.py`` writes them; a test compares.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from pbxretain.cli import main
from pbxretain.errors import SEVERITY, Exit

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
WIDTH = 96

MEANING = {
    Exit.OK: (
        "all that was seen to be due is gone, and counted again ([what that leaves]"
        "(#what-0-promises)); holds and findings are listed",
        "read the findings of a first report",
    ),
    Exit.FAILED: ("anything that has no number of its own", "read the sentence on stderr"),
    Exit.USAGE: (
        "the command line, settings, a policy or a manifest can't be used; nothing was touched",
        "mend the file; the message names line and field",
    ),
    Exit.INCOMPLETE: (
        "`run`: something due is left, the report says why; `verify`: genuine, with findings; "
        "`dpo witness`: cosigned, with findings; `dpo observe`: something is overdue",
        "read the report; the next run may heal it",
    ),
    Exit.LOCKED: ("another run works on the source", "wait; look into it when it happens again"),
    Exit.REFUSED: (
        "at least one dataset, or the whole source, was left alone on purpose; the report says "
        "which, and what went elsewhere",
        "a person decides",
    ),
    Exit.UNAVAILABLE: (
        "a source, a dataset or a file could not be opened or read; other datasets were worked on",
        "repair it, run again",
    ),
    Exit.FORGED: (
        "a report is not genuine, or evidence could not be written",
        "take it seriously: compare with a copy kept elsewhere",
    ),
    Exit.UNTRUSTED: (
        "a signature is sound, but nobody here vouches for its key",
        "confirm the fingerprint, then name the key by `--key`",
    ),
    Exit.DUE: ("only `plan --exit-code`: something is due", "run"),
    Exit.INTERRUPTED: ("SIGINT; the batch was finished and the report written", "run again"),
    Exit.TERMINATED: ("SIGTERM; the batch was finished and the report written", "run again"),
}

ZERO = (
    "## What 0 promises\n"
    "\n"
    "After a `run`: each record that the connector recognises, that bears a usable date "
    "before the cut-off, and that no hold, minimum or straddling call keeps, is gone. A fresh"
    " look counted that none is left. 0 doesn't say that nothing older lies below the roots. "
    "What a run never takes doesn't change its code:\n"
    "\n"
    "| Left alone | For example | Told as |\n"
    "|---|---|---|\n"
    "| without a usable date | a recording `2026/5/2/x.wav`, where the manifest dates by two "
    "digits | column *Undated* |\n"
    "| dated in the future | a row that a PBX with a wrong clock wrote | column *From the "
    "future* |\n"
    "| not named like the dataset's files | an ending of a recording that isn't listed in "
    "that very spelling (`x.Wav`, `x.m4a`), a message in `501/Custom` | finding "
    "`UNKNOWN_FILES` |\n"
    "| behind a symbolic link | a mailbox that leads to another disk | finding `SYMLINKS` |\n"
    "| not connected | a root or database that settings don't name | listed as not covered |\n"
    "| kept on purpose | held, minimum not reached, straddling, waiting for a file | columns "
    "*Held*, *Minimum not reached*, *Straddling*, *Waits for a file* |\n"
    "| out of reach | mails, backups, the database's own logs | the method section |\n"
    "\n"
    "Findings stand in plan and report under *Exceptions and findings*, columns in their "
    "table, where they count anything. `pbxretain check` warns of unknown files and links "
    "before the first run. *0 findings* of `verify` speaks of the evidence alone. Endings are"
    " compared exactly: on a disk that doesn't tell `x.wav` from `x.WAV`, anything else could"
    " put a file back under another name.\n"
)
"""What the first row leaves open."""


def exit_codes() -> str:
    """docs/reference/exit-codes.md."""
    rows = [f"| {int(e)} | {e.name.lower()} | {' | '.join(MEANING[e])} |" for e in Exit]
    order = ", ".join(str(int(code)) for code in SEVERITY)
    return "\n".join(
        [
            "# Exit codes",
            "",
            "One table for every command. Scripts may rely on the numbers; treat an unknown one as "
            "failure.",
            "",
            "| Code | Name | When | What to do |",
            "|---|---|---|---|",
            *rows,
            "",
            "Several sources in one command, and several datasets of one, end with the most severe "
            f"of their codes. The order is fixed and not that of the numbers: {order}.",
            "",
            "With `--json` the document on stdout repeats the code as `exit`, and an error as "
            "`error` with `code`, `message` and `hint`. On stderr an error is one sentence; a "
            "document with mistakes gets one line for each.",
            "",
            ZERO,
        ]
    )


def cli() -> str:
    """docs/reference/cli.md."""
    parts = [
        "# Command line",
        "",
        "Made from `pbxretain --help` and its kin. The options `--config`, `--lang`, `--json`, "
        "`-v` and `--debug` work with every command and may stand before or after it; they are "
        "shown once.",
        "",
    ]
    for path, text in pages():
        parts += [f"## {path}", "", "```text", text, "```", ""]
    return "\n".join(parts)


def pages() -> Iterator[tuple[str, str]]:
    """Each command with its help, the group first."""
    context = click.Context(
        main, info_name="pbxretain", terminal_width=WIDTH, **main.context_settings
    )
    yield "pbxretain", main.get_help(context).rstrip()
    yield from _below(main, context)


def _below(group: click.Group, parent: click.Context) -> Iterator[tuple[str, str]]:
    for name in group.list_commands(parent):
        command = group.get_command(parent, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=parent)
        yield context.command_path, _without_common(command.get_help(context).rstrip())
        if isinstance(command, click.Group):
            yield from _below(command, context)


def _without_common(text: str) -> str:
    """The help without the five options that every command takes."""
    head, _, options = text.partition("Options:\n")
    shown: list[str] = []
    skip = False
    for line in options.split("\n"):
        if line.startswith("  -") or not line.startswith("   "):
            skip = line.lstrip().startswith(("--config ", "--lang ", "--json ", "-v, ", "--debug "))
        if not skip:
            shown.append(line)
    return f"{head}Options:\n" + "\n".join(shown)


PAGES = {"exit-codes.md": exit_codes, "cli.md": cli}


if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), "utf-8")
