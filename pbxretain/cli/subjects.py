"""How are requests of one person answered: asked for whom, searched, written to files?

Nothing of the person reaches terminal or log: what is found goes into files of mode 0600.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from pbxretain import sources, subject
from pbxretain.aliases import aliases
from pbxretain.bundle import exists
from pbxretain.cli import context, printed
from pbxretain.cli import subject_sheet as sheets
from pbxretain.cli.context import App
from pbxretain.cli.face import Face
from pbxretain.cli.subject import ASK
from pbxretain.cli.subject_sheet import Answer
from pbxretain.errors import DocumentError, Exit, RefusedError, RetainError, UnavailableError, worst
from pbxretain.journal import Journal
from pbxretain.settings import Source
from pbxretain.sources import Opened
from pbxretain.subject import Holding, Subject

DATA, SHEET, FILES = "subject.json", "subject.html", "files"


# --- whom -------------------------------------------------------------------------------------


def asked(
    face: Face,
    *,
    numbers: Sequence[str],
    extensions: Sequence[str],
    names: Sequence[str],
    file: Path | None,
) -> Subject:
    """Who is meant. A value on the command line is warned of: it stays in the shell's history.
    UsageError where nobody is named."""
    given = (*numbers, *extensions, *names)
    if any(value not in (ASK, "-") for value in given):
        face.note(face.text("subject.history"))
    read = subject.parse(_read(file)) if file else Subject()
    whom = Subject(
        (*read.numbers, *(_value(face, "number", value) for value in numbers)),
        (*read.extensions, *(_value(face, "extension", value) for value in extensions)),
        (*read.names, *(_value(face, "name", value) for value in names)),
    )
    if not whom:
        raise click.UsageError("Name --number, --extension or --name, or --from FILE.")
    return whom


def _read(file: Path) -> str:
    if str(file) == "-":
        return sys.stdin.read()
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError):
        raise DocumentError("the file that --from names can't be read", code="NO_SUBJECT") from None


def _value(face: Face, what: str, value: str) -> str:
    if value == "-":
        return sys.stdin.readline().strip()
    if value != ASK:
        return value
    typed: str = click.prompt(face.text(f"subject.ask.{what}"), err=True)
    return typed.strip()


# --- find -------------------------------------------------------------------------------------


def find(
    face: Face,
    names: Sequence[str],
    whom: Subject,
    *,
    out: Path,
    with_files: bool,
    now: datetime,
) -> int:
    """Searches each source, writes what it holds, tells how much; the exit code."""
    app = context.load(face)
    wanted = app.sources(names)
    for name in wanted:  # says what can't be looked for before anything is made
        whom.sought(app.source(name).region)
    _make(out)
    answers: list[Answer] = []
    exits = [Exit.OK]
    for name in wanted:
        try:
            answers.append(_answer(app, name, whom, files=out if with_files else None))
        except RetainError as error:
            face.complain(error)
            exits.append(error.exit_code)
    for name in wanted:
        if Journal.died(app.state / name):
            face.note(face.text("subject.unsettled", source=name))
            exits.append(Exit.INCOMPLETE)
    for answer in answers:
        for failed in answer.holding.failed.values():
            face.complain(failed)
            exits.append(Exit.INCOMPLETE)
    found = {"schema": 1, "made_at": now.isoformat(), "sources": list(map(sheets.data, answers))}
    data = json.dumps(found, ensure_ascii=False, indent=2) + "\n"
    printed.put(out / DATA, data.encode(), mode=0o600)
    made = sheets.sheet(answers, face.lang, now=now, whole=worst(exits) == Exit.OK)
    printed.put(out / SHEET, printed.as_bytes(made, "html"), mode=0o600)
    face.give(
        {"sources": sheets.counts(answers), "path": str(out)},
        sheets.told(answers, face.lang, path=str(out)),
    )
    return int(worst(exits))


def _make(out: Path) -> None:
    try:
        out.mkdir(mode=0o700)
    except FileExistsError:
        raise exists(out) from None
    except OSError:
        raise RefusedError(
            f"{out} can't be made", hint="name another folder", code="FILE_WRITE"
        ) from None


def _answer(app: App, name: str, whom: Subject, *, files: Path | None) -> Answer:
    source, product = app.source(name), app.connector(name)
    with sources.opened(
        source, product, name=name, installation=_mark(app), exclusive=False
    ) as opened:
        known = aliases(app.state / name, region=source.region)
        holding = subject.search(opened, whom.sought(source.region, known), source=name)
        copied = _copies(source, opened, holding, files) if files else {}
        return Answer(
            holding=holding,
            kinds=dict(opened.kinds),
            zone=source.zone,
            not_covered=sorted(opened.not_covered),
            out_of_reach=product.manifest.out_of_reach,
            copied=copied,
        )


def _mark(app: App) -> str:
    return app.installation().replace("-", "")[:12]


def _copies(source: Source, opened: Opened, holding: Holding, out: Path) -> dict[int, list[str]]:
    """Copies the files of each record; by the record's place in the list, where they went."""
    found: dict[int, list[str]] = {}
    for place, record in enumerate(holding.records):
        for path, below in subject.files(opened, source, record):
            target = out / FILES / holding.source / record.dataset / below
            for folder in reversed(target.relative_to(out).parents):
                (out / folder).mkdir(mode=0o700, exist_ok=True)
            try:
                descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with path.open("rb") as content, os.fdopen(descriptor, "wb") as copy:
                    shutil.copyfileobj(content, copy)
            except OSError:
                raise UnavailableError(
                    f"source {holding.source}: a file of dataset {record.dataset} can't be copied",
                    hint="look at the space left and at the rights of this user",
                    code="FILE_WRITE",
                ) from None
            found.setdefault(place, []).append(str(target.relative_to(out)))
    return found
