"""How does a plan go into a file, how is such a file read, and what is told of its run?"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from pbxretain import execute, itemising, messages, planfile
from pbxretain.cli.context import App
from pbxretain.cli.face import Face
from pbxretain.cli.progress import bars
from pbxretain.cli.show import LIMITS
from pbxretain.errors import DocumentError, Exit, RefusedError
from pbxretain.evidence.fields import moment
from pbxretain.messages import Lang, number, text
from pbxretain.plan import Plan, Terms
from pbxretain.planfile import Head, PlanFile
from pbxretain.planned import Tally
from pbxretain.sheet import Block, Column, Heading, Paragraph, Sheet, Table
from pbxretain.sources import Opened


def write(
    face: Face,
    app: App,
    terms: Terms,
    decided: Plan,
    opened: Opened,
    *,
    path: Path,
    confirmed: int | None,
    now: datetime,
) -> Head:
    """Writes the plan into a new file. RefusedError where something but its size speaks against
    running it: approving a policy or accepting a connector changes what a plan rests on."""
    for refusal in decided.refusals:
        if refusal.code not in LIMITS:
            raise RefusedError(
                "a plan that could not be run is not written to a file",
                hint=refusal.hint,
                code="PLAN_UNFIT",
            )
    site = app.site(terms.name)
    with bars(face, terms.name) as progress:
        return itemising.write(
            path,
            terms=terms,
            decided=decided,
            opened=opened,
            installation=site.installation,
            key=site.key,
            now=now,
            confirmed=confirmed,
            progress=progress,
        )


def told_of_file(face: Face, path: Path, head: Head) -> None:
    """One line for who made it."""
    size = -(-path.stat().st_size // 1000)
    lang, days = face.lang, planfile.OLDEST.days
    face.note(
        face.text(
            "plan.out-written",
            n=number(head.records, lang),
            size=number(size, lang),
            days=days,
            path=path,
        )
    )


def read(app: App, path: Path, names: Sequence[str]) -> PlanFile:
    """A plan file for its source, or for the one that was named. Errors as ``planfile.read``."""
    source = planfile.peek(path).source
    if len(names) > 1:
        raise click.UsageError("--plan goes with one source.")
    ours = next(iter(names), source)
    try:
        key = app.site(ours).key
    except DocumentError:
        raise planfile.other_source(source, ours) from None
    return planfile.read(path, key)


# --- what is in a file --------------------------------------------------------------------------


def show(face: Face, app: App, path: Path) -> int:
    """The file's content for the eye: which dataset, which days, how many, under which documents.
    Errors as ``planfile.read``."""
    found = read(app, path, ())
    data = {**found.head.model_dump(mode="json", by_alias=True), "sha256": found.digest}
    blocks = (*_result(found.head, face.lang), *_about(found, face.lang))
    face.give(data, Sheet(face.lang, blocks))
    return int(Exit.OK)


def _result(head: Head, lang: Lang) -> Sequence[Block]:
    counted = {"n": number(head.records, lang), "as_of": _moment(head.as_of, head, lang)}
    first = (
        Heading(text("planfile.title", lang, source=head.source), 1),
        Paragraph(text("planfile.result", lang, **counted), "result"),
    )
    columns = (
        Column(text("report.col.dataset", lang)),
        Column(text("report.col.cutoff", lang)),
        Column(text("planfile.col.records", lang), "right"),
        Column(text("planfile.col.first", lang)),
        Column(text("planfile.col.last", lang)),
    )
    rows = tuple(
        (
            section.dataset,
            _moment(section.cutoff, head, lang),
            number(section.records, lang),
            _day(min(section.days, default=""), lang),
            _day(max(section.days, default=""), lang),
        )
        for section in head.datasets
    )
    return (*first, Table(columns, rows), *_days(head, lang))


def _days(head: Head, lang: Lang) -> Sequence[Block]:
    rows = tuple(
        (section.dataset, _day(day, lang), number(count, lang))
        for section in head.datasets
        for day, count in sorted(section.days.items())
    )
    columns = (
        Column(text("report.col.dataset", lang)),
        Column(text("planfile.col.day", lang)),
        Column(text("planfile.col.records", lang), "right"),
    )
    return (Heading(text("planfile.days", lang)), Table(columns, rows)) if rows else ()


def _about(found: PlanFile, lang: Lang) -> Sequence[Block]:
    head = found.head
    pairs = (
        (text("planfile.made", lang), _moment(head.made_at, head, lang)),
        (text("planfile.policy", lang), f"{head.policy.name} {head.policy.digest}"),
        (text("planfile.connector", lang), f"{head.connector.name} {head.connector.digest}"),
        (
            text("planfile.confirmed", lang),
            "-" if head.confirmed is None else number(head.confirmed, lang),
        ),
        (text("planfile.digest", lang), found.digest),
    )
    return (
        Heading(text("planfile.about", lang)),
        *(Paragraph(f"{name}: {value}") for name, value in pairs),
    )


def _moment(instant: str, head: Head, lang: Lang) -> str:
    return messages.moment(moment(instant), ZoneInfo(head.timezone), lang)


def _day(day: str, lang: Lang) -> str:
    return messages.day(date.fromisoformat(day), lang) if day else "-"


# --- what became of one -------------------------------------------------------------------------


def told_of_run(face: Face, result: execute.RunResult) -> Mapping[str, object]:
    """The end of a run by plan: planned, deleted, and each difference by code. As text where
    somebody looks or something differs; always as data."""
    tally = result.planned
    if tally is None:
        return {}
    differs = bool(tally.left or tally.unnamed or tally.since)
    wanted = sys.stdout.isatty() or face.verbose or result.exit_code or differs
    if not face.json and wanted:
        say = click.echo if sys.stdout.isatty() else face.note
        for line in _lines(result.source, tally, face.lang):
            say(line)
    return {
        "plan": {
            "sha256": tally.digest,
            "planned": tally.planned,
            "deleted": tally.deleted,
            "left": dict(sorted(tally.left.items())),
            "not_planned": tally.unnamed,
            "due_since": tally.since,
            "datasets": [
                {"dataset": name, "planned": n, "deleted": gone, "left": dict(sorted(left.items()))}
                for name, (n, gone, left) in tally.datasets.items()
            ],
        }
    }


def _lines(source: str, tally: Tally, lang: Lang) -> Sequence[str]:
    figures = {"planned": number(tally.planned, lang), "deleted": number(tally.deleted, lang)}
    lines = [text("run.plan", lang, source=source, **figures)]
    for code, count in sorted(tally.left.items()):
        # As the code of a command it has another sentence.
        why = text("left.FAILED", lang) if code == "FAILED" else messages.code("code", code, lang)
        lines.append(text("run.plan.left", lang, n=number(count, lang), code=code, why=why))
    for name, count in (("unnamed", tally.unnamed), ("since", tally.since)):
        if count:
            lines.append(text(f"run.plan.{name}", lang, n=number(count, lang)))
    return lines
