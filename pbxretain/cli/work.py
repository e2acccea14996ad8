"""How do check, plan and run go over the sources, one after the other?

A source that fails doesn't stop the others; the command ends with the most severe code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import click

from pbxretain import execute, planfile, purgers, report, runfacts, signing
from pbxretain import plan as planning
from pbxretain.batches import FULL_SPEED, GENTLE
from pbxretain.cli import context, planfiles, printed, show
from pbxretain.cli.context import App
from pbxretain.cli.face import Face, error_data
from pbxretain.cli.progress import bars, stop_flag
from pbxretain.errors import SEVERITY, Exit, LimitError, RetainError, StoreError, worst
from pbxretain.evidence import statements
from pbxretain.ledger import Ledger
from pbxretain.plan import Plan, Terms
from pbxretain.records import Advice, Store
from pbxretain.render import clean
from pbxretain.sheet import Sheet
from pbxretain.sources import Opened

R = TypeVar("R")


@dataclass(slots=True)
class _Told:
    """What is gathered over the sources, for one document at the end."""

    data: list[dict[str, object]] = field(default_factory=list)
    sheets: list[Sheet] = field(default_factory=list)
    exits: list[Exit] = field(default_factory=list)

    def each(self, face: Face, names: Sequence[str], action: Callable[[str], Exit]) -> None:
        """Does it for each source; an error is told and the next one goes on."""
        for name in names:
            try:
                self.exits.append(action(name))
            except RetainError as error:
                face.complain(error)
                self.data.append({"source": name, "error": error_data(error)})
                self.exits.append(error.exit_code)
            except BrokenPipeError:
                raise
            except Exception as error:  # noqa: BLE001  (the next source goes on all the same)
                self.data.append({"source": name, "error": face.confess(error)})
                self.exits.append(Exit.FAILED)

    def give(self, face: Face, *, text: bool = True) -> int:
        code = int(worst([code for code in self.exits if code in SEVERITY]))
        if face.json or (text and self.sheets):
            face.give({"exit": code, "sources": self.data}, *self.sheets)
        return code


# --- plan -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """What ``plan`` was asked for."""

    sources: Sequence[str]
    confirm: int | None = None
    listing: bool = False
    report: Path | None = None
    out: Path | None = None
    exit_code: bool = False


@dataclass(frozen=True, slots=True)
class Running:
    """What ``run`` was asked for. ``age``: how many days old a plan file may be."""

    sources: Sequence[str]
    confirm: int | None = None
    planned: Path | None = None
    age: int | None = None
    full_speed: bool = False


def plan(face: Face, wanted: Wanted, *, now: datetime) -> int:
    """Shows the plan of each source; 0, or 10 when asked for and something is due."""
    app, told = context.load(face), _Told()
    names = app.sources(wanted.sources)
    _one_only(names, confirm=wanted.confirm, report=wanted.report, out=wanted.out)
    due = 0

    def one(name: str) -> Exit:
        nonlocal due
        terms = app.terms(name)
        with app.opened(terms) as opened:
            decided = make(face, app, terms, opened, confirm=wanted.confirm, now=now)
            due += decided.due
            listed = list(_listed(terms, decided, opened)) if wanted.listing else None
            head = _itemised(face, app, terms, decided, opened, wanted=wanted, now=now)
        _tell_plan(face, app, terms, decided, listed, wanted=wanted, told=told, now=now)
        if head is not None and wanted.out is not None:
            told.data[-1]["planfile"] = str(wanted.out)
            planfiles.told_of_file(face, wanted.out, head)
        return Exit.OK

    told.each(face, names, one)
    code = told.give(face)
    return int(Exit.DUE) if wanted.exit_code and due and code == Exit.OK else code


def make(
    face: Face, app: App, terms: Terms, opened: Opened, *, confirm: int | None, now: datetime
) -> Plan:
    """The plan of one source, with bars on a terminal."""
    folder = app.reports(terms.name)
    last = Ledger(folder).last() if context.is_there(folder) else None
    with bars(face, terms.name) as progress:
        return planning.make(
            terms,
            opened,
            now=now,
            last_entry=last.ended if last else None,
            confirm_count=confirm,
            progress=progress,
        )


def _itemised(
    face: Face,
    app: App,
    terms: Terms,
    decided: Plan,
    opened: Opened,
    *,
    wanted: Wanted,
    now: datetime,
) -> planfile.Head | None:
    if wanted.out is None:
        return None
    return planfiles.write(
        face,
        app,
        terms,
        decided,
        opened,
        path=wanted.out,
        confirmed=wanted.confirm,
        now=now,
    )


def _tell_plan(
    face: Face,
    app: App,
    terms: Terms,
    decided: Plan,
    listed: list[show.Listed] | None,
    *,
    wanted: Wanted,
    told: _Told,
    now: datetime,
) -> None:
    statement = _statement(app, terms, decided, confirm=wanted.confirm, now=now)
    program = context.program(face)
    steps = show.next_steps(decided, statement, face.lang, program=program, planned=wanted.out)
    data: dict[str, object] = show.plan_data(decided, statement, steps=steps)
    told.sheets.append(show.plan(decided, statement, face.lang, steps=steps))
    if listed is not None:
        face.note(face.text("plan.list.warning"))
        data["records"] = [dict(zip(("when", "dataset", "label"), r, strict=True)) for r in listed]
        told.sheets.append(show.listing(terms.name, listed, face.lang, zone=terms.zone))
    if wanted.report:
        data["report"] = str(wanted.report)
        _write_plan(app, terms, statement, wanted.report)
        face.note(face.text("plan.report-written", path=wanted.report))
    told.data.append(data)


def _statement(
    app: App, terms: Terms, decided: Plan, *, confirm: int | None, now: datetime
) -> statements.Plan:
    facts = runfacts.facts(
        terms,
        run=str(uuid4()),
        installation=app.installation(),
        trigger="manual",
        started_at=now,
        plan=decided,
        confirmed=confirm,
    )
    return report.plan_statement(facts, decided, report_id=str(uuid4()))


def _write_plan(app: App, terms: Terms, statement: statements.Plan, path: Path) -> None:
    sealed = signing.seal(statements.statement(statement), app.site(terms.name).key)
    printed.put(path, sealed)


def _listed(terms: Terms, decided: Plan, opened: Opened) -> Iterator[show.Listed]:
    strands = {strand.dataset: strand for strand in terms.strands(opened)}
    for item in decided.items:
        store = strands.get(item.dataset)
        if store is None or item.selection is None:
            continue
        for record in store.scan(item.selection):
            yield show.Listed(record.when, item.dataset, clean(record.label))


# --- check ------------------------------------------------------------------------------------


def check(face: Face, names: Sequence[str], *, now: datetime) -> int:
    """Lists everything that stands in the way of a run; 0, or the most severe."""
    app, told = context.load(face), _Told()

    def one(name: str) -> Exit:
        # Two datasets that share a table lack the same right: told once.
        found = list(dict.fromkeys(_findings(face, app, name, now=now)))
        told.data.append({"source": name, "findings": [show.problem_data(p) for p in found]})
        told.sheets.append(show.check(name, found, face.lang))
        return worst([problem.exit for problem in found])

    told.each(face, app.sources(names), one)
    return told.give(face)


def _findings(face: Face, app: App, name: str, *, now: datetime) -> Iterator[show.Problem]:
    """Each stage alone, so that one mistake doesn't hide the next."""
    if problem := _problem(lambda: app.site(name)):
        yield problem
    elif app.chain(name).stuck:
        yield show.Problem(
            "KEY_OUTSIDE",
            face.text("key.outside"),
            face.text("key.outside.hint"),
            "warning",
            Exit.OK,
        )
    terms: list[Terms] = []
    if problem := _problem(lambda: terms.append(app.terms(name))):
        yield problem
        return
    found: list[show.Problem] = []
    if problem := _problem(lambda: found.extend(_inside(face, app, terms[0], now=now))):
        yield problem
    yield from found
    if not terms[0].sealed_to:
        yield show.Problem("LEVEL_COUNTS", face.text("code.LEVEL_COUNTS"), "", "info", Exit.OK)


def _inside(face: Face, app: App, terms: Terms, *, now: datetime) -> Iterator[show.Problem]:
    with app.opened(terms) as opened:
        for advice in opened.advice:
            yield _advised(advice)
        for store in opened.stores:
            with suppress(StoreError):  # a dataset that can't be read is left out of the plan below
                for advice in _needed(terms, opened, store):
                    yield _advised(advice)
        for advice in purgers.own_purges(terms, opened):
            yield _advised(advice)
        decided = make(face, app, terms, opened, confirm=None, now=now)
    if decided.holds.get("active"):
        sentence = show.holds(decided, face.lang)
        yield show.Problem("HOLDS", sentence, "pbxretain hold list", "info", Exit.OK)
    if app.holds.exposed():
        mend = f"chmod go-rwx {app.holds.path} {app.holds.path}/*.yaml"
        sentence = face.text("code.HOLDS_EXPOSED")
        yield show.Problem("HOLDS_EXPOSED", sentence, mend, "warning", Exit.OK)
    refusals = [*decided.refusals, *(item.refusal for item in decided.items if item.refusal)]
    for refusal in refusals:
        # How much is due is the plan's matter, and passes.
        if not isinstance(refusal, LimitError):
            yield show.Problem.of(refusal)


def _needed(terms: Terms, opened: Opened, store: Store) -> Iterator[Advice]:
    """What a dataset lacks for what its rules do there; what is only redacted needs no DELETE."""
    stages = [strand for strand in terms.strands(opened) if strand.of == store.dataset]
    redacting = [strand for strand in stages if strand.action == "redact"]
    found: dict[Advice, None] = {}
    if not redacting or any(s.action == "delete" and not s.rule.forever for s in stages):
        found = dict.fromkeys(store.check())
    for strand in redacting:
        found |= dict.fromkeys(strand.check())
    yield from found


def _problem(action: Callable[[], Any]) -> show.Problem | None:
    try:
        action()
    except RetainError as error:
        return show.Problem.of(error)
    return None


_ADVISED = {"OWN_PURGE_MINIMUM": Exit.INCOMPLETE}
"""Errors that no run is refused for."""


def _advised(advice: Advice) -> show.Problem:
    code = _ADVISED.get(advice.code, Exit.REFUSED) if advice.severity == "error" else Exit.OK
    return show.Problem(
        advice.code, advice.text, advice.command, advice.severity, code, advice.params
    )


# --- run --------------------------------------------------------------------------------------


def run(face: Face, asked: Running, *, now: datetime) -> int:
    """Runs each source; prints nothing when all is well and nobody looks."""
    app, told, confirm = context.load(face), _Told(), asked.confirm
    named = planfiles.read(app, asked.planned, asked.sources) if asked.planned else None
    wanted = app.sources(asked.sources or ([named.head.source] if named else []))
    _one_only(wanted, confirm=confirm)
    somebody = confirm is not None or named is not None or _somebody_looks()
    with stop_flag(face) as stopped:

        def one(name: str) -> Exit:
            if stopped():
                return Exit(128 + stopped())
            with bars(face, name) as progress:
                result = execute.run(
                    app.terms(name),
                    app.site(name),
                    now=now,
                    trigger="manual" if somebody else "cron",
                    confirm_count=confirm,
                    progress=progress,
                    stop=stopped,
                    planned=named,
                    oldest=timedelta(days=asked.age) if asked.age else planfile.OLDEST,
                    pace=FULL_SPEED if asked.full_speed else GENTLE,
                )
            return _tell_run(face, app, result, told)

        told.each(face, wanted, one)
        signal = stopped()
    code = told.give(face, text=False)
    return 128 + signal if signal else code


def _tell_run(face: Face, app: App, result: execute.RunResult, told: _Told) -> Exit:
    for error in result.errors:
        face.complain(error)
    if result.plan and result.outcome == "refused":
        for refusal in result.plan.refusals:
            if refusal not in result.errors:
                face.complain(refusal)
    data: dict[str, object] = {
        "source": result.source,
        "outcome": result.outcome,
        "exit": int(result.exit_code),
        "errors": [error_data(error) for error in result.errors],
    }
    for key, entry in (("recovered", result.recovered), ("report", result.entry)):
        if entry is None:
            continue
        path = app.reports(result.source) / entry.file
        predicate = show.deletion(path)
        data[key] = show.report_data(path, predicate, digest=entry.digest)
        wanted = sys.stdout.isatty() or face.verbose or result.exit_code or key == "recovered"
        if not face.json and wanted:
            # On a terminal it is the result; else it goes to cron's mail, with the errors.
            from pbxretain import explain

            sentence = explain.result(predicate, face.lang)
            stderr = not sys.stdout.isatty()
            say = face.note if stderr else click.echo
            say(face.text("run.source", source=result.source, sentence=sentence))
            say(face.text("run.report", path=path))
    told.data.append({**data, **planfiles.told_of_run(face, result)})
    return result.exit_code


def _somebody_looks() -> bool:
    return any(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def _one_only(names: Sequence[str], **options: object) -> None:
    given = [name for name, value in options.items() if value is not None]
    if len(names) > 1 and given:
        option = {"confirm": "--confirm-count"}.get(given[0], f"--{given[0]}")
        raise click.UsageError(f"{option} goes with one source; name it.")
