"""How does a passphrase get in? Typed unseen on a terminal, from a file that only its owner can
read, or from an open descriptor. Never as an argument or a variable: others can read those."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pbxretain.cli.face import Face

if TYPE_CHECKING:
    from pbxretain.secret import Secret

_META = "pbxretain.passphrase-fd"


def _keep(ctx: click.Context, _: click.Parameter, value: int | None) -> None:
    ctx.meta[_META] = value


OPTION = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File that holds the passphrase, instead of being asked for it.",
)
DESCRIPTOR = click.option(
    "--passphrase-fd",
    type=click.IntRange(0, 1023),
    metavar="N",
    expose_value=False,
    callback=_keep,
    help="Read the passphrase from this open descriptor.",
)


def ask(face: Face, file: Path | None, *, new: bool = False) -> Secret:
    """The passphrase; a new one is asked for twice. UsageError where nobody can be asked."""
    from pbxretain.keyring import SHORTEST_PASSPHRASE
    from pbxretain.secret import passphrase_from_file, secret_from_descriptor

    if file is not None:
        return passphrase_from_file(file.absolute())
    descriptor = _descriptor()
    if descriptor is not None:
        return secret_from_descriptor(descriptor)
    if new:
        again = face.text("dpo.passphrase.again")
        return _prompt(face.text("dpo.passphrase.new", n=SHORTEST_PASSPHRASE), again)
    return typed(face, "dpo.passphrase")


def typed(face: Face, question: str) -> Secret:
    """A passphrase that only somebody at the terminal can give."""
    return _prompt(face.text(question), "")


def given(file: Path | None) -> bool:
    """Whether the command line says where the passphrase is to be had."""
    return file is not None or _descriptor() is not None


def _descriptor() -> int | None:
    value: int | None = click.get_current_context().meta.get(_META)
    return value


def _prompt(question: str, again: str) -> Secret:
    from pbxretain.secret import Secret

    if not sys.stdin.isatty():
        raise click.UsageError("Without a terminal, name the passphrase's file: --passphrase-file.")
    typed = click.prompt(question, hide_input=True, confirmation_prompt=again or False, err=True)
    return Secret(str(typed))
