"""How does a passphrase get in? Typed unseen on a terminal, or from a file that only its owner can
read. Never as an argument or a variable: other users and programs can read those."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pbxretain.cli.face import Face
from pbxretain.keys import SHORTEST_PASSPHRASE
from pbxretain.settings import Secret, passphrase_from_file

OPTION = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File that holds the passphrase, instead of being asked for it.",
)


def ask(face: Face, file: Path | None, *, new: bool = False) -> Secret:
    """The passphrase; a new one is asked for twice. UsageError where nobody can be asked."""
    if file is not None:
        return passphrase_from_file(file.absolute())
    if not sys.stdin.isatty():
        raise click.UsageError("Without a terminal, name the passphrase's file: --passphrase-file.")
    question = face.text("dpo.passphrase")
    if new:
        question = face.text("dpo.passphrase.new", n=SHORTEST_PASSPHRASE)
    again = face.text("dpo.passphrase.again") if new else False
    return Secret(str(click.prompt(question, hide_input=True, confirmation_prompt=again, err=True)))
