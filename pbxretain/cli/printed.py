"""Where does a document for people go: to the terminal, or into a file as text, HTML or PDF?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from pbxretain.cli.face import PLAIN_WIDTH, Face
from pbxretain.errors import DocumentError
from pbxretain.render import as_html, as_pdf, as_text
from pbxretain.sheet import Sheet

Form = Literal["text", "html", "pdf"]
F = TypeVar("F", bound=Callable[..., Any])


def options(function: F) -> F:
    """Adds --format and --out to a command that gives a document."""
    made = click.option(
        "--out",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Write it to this file; never over another.",
    )(function)
    return click.option(
        "--format",
        "form",
        type=click.Choice(["text", "html", "pdf"]),
        help="Else as FILE's name ends, else text.",
    )(made)


def give(
    face: Face, data: Mapping[str, object], sheet: Sheet, *, form: Form | None, out: Path | None
) -> None:
    """Prints the document, or writes it and says where. DocumentError for a PDF without a file,
    RefusedError when the file is there already or can't be written."""
    form = form or _form_of(out)
    if out is None:
        if form == "pdf":
            raise DocumentError("a PDF needs a file to go to", hint="--out FILE.pdf")
        if form == "html" and not face.json:
            click.echo(as_html(sheet), nl=False)
        else:
            face.give(data, sheet)
        return
    from pbxretain.cli import archive

    archive.put(out, _bytes(sheet, form))
    if face.json:
        face.give({**data, "path": str(out)})
    else:
        face.note(face.text("init.written", path=out))


def _form_of(out: Path | None) -> Form:
    ending = out.suffix.lower() if out else ""
    return "pdf" if ending == ".pdf" else "html" if ending in (".html", ".htm") else "text"


def _bytes(sheet: Sheet, form: Form) -> bytes:
    if form == "pdf":
        return as_pdf(sheet)
    return (as_html(sheet) if form == "html" else as_text(sheet, width=PLAIN_WIDTH)).encode()
