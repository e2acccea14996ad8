"""Where does a document for people go: to the terminal, or into a file as text, HTML or PDF?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from pbxretain.cli.face import PLAIN_WIDTH, Face
from pbxretain.errors import DocumentError, RefusedError

if TYPE_CHECKING:
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
    form = form or form_of(out, default="text")
    if out is None:
        if form == "pdf":
            raise DocumentError("a PDF needs a file to go to", hint="--out FILE.pdf")
        if form == "html" and not face.json:
            click.echo(as_bytes(sheet, "html"), nl=False)
        else:
            face.give(data, sheet)
        return
    put(out, as_bytes(sheet, form))
    if face.json:
        face.give({**data, "path": str(out)})
    else:
        face.note(face.text("init.written", path=out))


def form_of(out: Path | None, *, default: Form) -> Form:
    """The form that a file's name asks for; ``default`` where it asks for none."""
    endings: Mapping[str, Form] = {".pdf": "pdf", ".html": "html", ".htm": "html", ".txt": "text"}
    return endings.get(out.suffix.lower(), default) if out else default


def as_bytes(sheet: Sheet, form: Form, *, attached: Mapping[str, bytes] | None = None) -> bytes:
    """The document as a file; only a PDF carries files along. DocumentError without what it
    needs."""
    from pbxretain.render import as_html, as_pdf, as_text

    if form == "pdf":
        return as_pdf(sheet, attached=attached or {})
    return (as_html(sheet) if form == "html" else as_text(sheet, width=PLAIN_WIDTH)).encode()


def put(out: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Writes a new file for people, whole or not at all; RefusedError where there is one."""
    from pbxretain.bundle import exists
    from pbxretain.posix import write_synced

    try:
        write_synced(out, data, mode, replace=False)
    except FileExistsError:
        raise exists(out) from None
    except (OSError, ValueError):
        raise RefusedError(
            f"{out} can't be written", code="FILE_WRITE", params={"path": str(out)}
        ) from None
