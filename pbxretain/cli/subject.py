"""What does the controller type when somebody asks for their data, or to be forgotten?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pbxretain.cli.face import command, common, face

F = TypeVar("F", bound=Callable[..., Any])
ASK = "?"
"""An option without a value: the value is asked for."""

NAMES = click.argument("sources", nargs=-1, metavar="[SOURCE]...")


def _whom(function: F) -> F:
    """Adds the options that say who is meant."""
    options = (
        ("numbers", "--number", "A telephone number, in any spelling."),
        ("extensions", "--extension", "An internal number, as it stands."),
        ("names", "--name", "A name, by whole words."),
    )
    for name, option, told in options:
        function = click.option(
            option,
            name,
            multiple=True,
            is_flag=False,
            flag_value=ASK,
            metavar="[TEXT]",
            help=f'{told} Without TEXT it is asked for; "-" reads it from stdin.',
        )(function)
    return click.option(
        "--from",
        "file",
        type=click.Path(path_type=Path, allow_dash=True, dir_okay=False),
        metavar="FILE",
        help='Read them from lines such as "number: +49 30 ..." ("-": stdin).',
    )(function)


@click.group()
@common
def subject() -> None:
    """Answer somebody who asks for their data (Art. 15 GDPR), or to be forgotten (Art. 17)."""


@command(subject, name="find")
@NAMES
@_whom
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="FOLDER",
    help="Make this folder and write subject.json and subject.html into it.",
)
@click.option("--with-files", is_flag=True, help="Copy recordings and voicemail there, too.")
def find(
    sources: tuple[str, ...],
    numbers: tuple[str, ...],
    extensions: tuple[str, ...],
    names: tuple[str, ...],
    file: Path | None,
    out: Path,
    with_files: bool,
) -> int:
    """Find everything that the sources (else all) hold about one person. Changes nothing.

    What is found goes into files that only you can read; the terminal shows counts. Ends with 3
    when a part could not be searched.
    """
    from pbxretain.cli import context, subjects

    whom = subjects.asked(face(), numbers=numbers, extensions=extensions, names=names, file=file)
    return subjects.find(face(), sources, whom, out=out, with_files=with_files, now=context.now())


@command(subject, name="erase")
@NAMES
@_whom
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--dry-run", is_flag=True, help="Only show what would go and what would stay.")
def erase(
    sources: tuple[str, ...],
    numbers: tuple[str, ...],
    extensions: tuple[str, ...],
    names: tuple[str, ...],
    file: Path | None,
    yes: bool,
    dry_run: bool,
) -> int:
    """Delete everything that the sources (else all) hold about one person, whatever its age.

    Shows first what goes and what stays: what a hold or a minimum keeps is refused, and the report
    says so. Each source ends with a signed report, which doesn't say who it was. Ends with 0 only
    when nothing is left that may go.
    """
    from pbxretain.cli import subject_erasure, subjects

    whom = subjects.asked(face(), numbers=numbers, extensions=extensions, names=names, file=file)
    return subject_erasure.erase(face(), sources, whom, yes=yes, dry_run=dry_run)
