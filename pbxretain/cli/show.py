"""Which sheet and which JSON belong to what a command found?

Nothing is decided here: facts of the engine come in, a neutral sheet and plain data go out.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from pbxretain import explain, messages
from pbxretain.cli.face import error_data
from pbxretain.errors import EvidenceError, Exit, RetainError, UnavailableError
from pbxretain.evidence.statements import DeletionReport, Predicate, Statement, parse_statement
from pbxretain.evidence.statements import Plan as PlanStatement
from pbxretain.explain.parts import dataset_names
from pbxretain.messages import Lang, code, counted, number, text
from pbxretain.plan import Plan
from pbxretain.sheet import Block, Column, Heading, Items, Paragraph, Sheet, Table
from pbxretain.signing import MAX_ENVELOPE, Envelope, open_envelope

# --- plan -------------------------------------------------------------------------------------

LIMITS = ("SHARE_LIMIT", "COUNT_LIMIT", "CONFIRMED_COUNT")
_PLAIN = (*LIMITS, "NOT_APPROVED", "UNTRIED_CONNECTOR")
"""Codes whose sentence says it all: the figures and names stand beside it."""


class Listed(NamedTuple):
    """One due record, for this terminal only."""

    when: datetime | None
    dataset: str
    label: str


def plan(decided: Plan, statement: PlanStatement, lang: Lang, *, steps: Mapping[str, str]) -> Sheet:
    """The plan of one source: what is due, what stands in the way, what to type next."""
    blocks = [*_plan(decided, statement, lang), *_left_open(decided, lang), *_next(steps, lang)]
    return Sheet(lang, tuple(blocks))


def _plan(decided: Plan, statement: PlanStatement, lang: Lang) -> Iterator[Block]:
    result = "refused" if decided.refusals else "due" if decided.due else "none"
    due = counted(decided.due, lang)
    yield Heading(text("plan.title", lang, source=decided.source), 1)
    yield Paragraph(text(f"plan.result.{result}", lang, due=due), "result")
    yield explain.planned_table(statement.datasets, lang, zone=statement.timezone)
    if decided.holds.get("active"):
        yield Paragraph(holds(decided, lang))
    refusals = [_sentence(refusal, lang) for refusal in decided.refusals]
    refusals += [
        f"{item.dataset}: {_sentence(item.refusal, lang)}" for item in decided.items if item.refusal
    ]
    if refusals:
        yield Heading(text("plan.refusals", lang))
        yield Items(tuple(dict.fromkeys(refusals)))
    called = dataset_names(statement.datasets, lang)
    findings = [
        text(
            "report.exceptions.item",
            lang,
            where=called[d.dataset],
            what=code("code", f.code, lang),
            n=f.count,
        )
        for d in statement.datasets
        for f in d.findings
    ]
    if findings:
        yield Heading(text("report.exceptions", lang))
        yield Items(tuple(findings))


def holds(decided: Plan, lang: Lang) -> str:
    """How many holds are in force here; never which or about whom."""
    counts = {name: decided.holds.get(name) or 0 for name in ("active", "restrictions")}
    return text("holds.plan", lang, **counts)


def _left_open(decided: Plan, lang: Lang) -> Iterator[Block]:
    if decided.not_decided:
        yield Heading(text("plan.not-decided", lang))
        yield Items(
            tuple(
                text("plan.not-decided.item", lang, data=explain.data_class(name, lang))
                for name in decided.not_decided
            )
        )
    if decided.not_covered:
        yield Heading(text("plan.not-covered", lang))
        yield Items(
            tuple(
                text("plan.not-covered.item", lang, dataset=name, why=code("code", why, lang))
                for name, why in decided.not_covered.items()
            )
        )


def _next(steps: Mapping[str, str], lang: Lang) -> Iterator[Block]:
    """The exact commands, in the order in which they are needed."""
    if steps:
        yield Heading(text("plan.next", lang))
    for key, command in steps.items():
        yield Paragraph(text(f"next.{key}", lang))
        yield Paragraph(command, "command")


def next_steps(
    decided: Plan,
    statement: PlanStatement,
    lang: Lang,
    *,
    program: str,
    planned: Path | None = None,
) -> dict[str, str]:
    """What has to be typed before and for a run, by kind; for a run of a plan file where one was
    written."""
    what = decided.source if planned is None else f"--plan {shlex.quote(str(planned))}"
    codes = {refusal.code for refusal in decided.refusals}
    steps: dict[str, str] = {}
    if "NOT_APPROVED" in codes:
        steps["approve"] = f"{program} policy approve {statement.policy.name} --by FUNCTION"
    if "UNTRIED_CONNECTOR" in codes:
        steps["untried"] = f"accept_untried: {statement.tool.connector.digest}"
    other = [
        _hint(r.code, r.hint, lang, r.params)
        for r in decided.refusals
        if r.code not in _PLAIN and r.hint
    ]
    if other:
        steps["mend"] = "\n".join(other)
    if codes & set(LIMITS):
        steps["confirm"] = f"{program} run {what} --confirm-count {decided.due}"
    elif decided.due:
        steps["run"] = f"{program} run {what}"
    return steps


def plan_data(
    decided: Plan, statement: PlanStatement, *, steps: Mapping[str, str]
) -> dict[str, Any]:
    """The plan as JSON."""
    refused = [error_data(refusal) for refusal in decided.refusals]
    left_out = {item.dataset: error_data(item.refusal) for item in decided.items if item.refusal}
    return {
        "source": decided.source,
        "due": decided.due,
        "refusals": refused,
        "left_out": left_out,
        "next": dict(steps),
        "not_covered": dict(decided.not_covered),
        "holds": {name: decided.holds.get(name, 0) for name in ("active", "restrictions")},
        "plan": statement.model_dump(mode="json", by_alias=True),
    }


def listing(source: str, records: Sequence[Listed], lang: Lang, *, zone: ZoneInfo) -> Sheet:
    """The due records, one a line. Personal data: for the terminal only."""
    rows = tuple(
        (r.when.astimezone(zone).isoformat(" ") if r.when else "-", r.dataset, r.label)
        for r in records
    )
    columns = (_column("plan.col.when", lang), _column("report.col.dataset", lang))
    table = Table((*columns, _column("plan.col.label", lang)), rows)
    return Sheet(lang, (Heading(text("plan.list.title", lang, source=source), 1), table))


# --- check ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that ``check`` found, and the command that mends it."""

    code: str
    text: str
    command: str
    severity: str
    exit: Exit
    params: tuple[tuple[str, str | int], ...] = ()

    @classmethod
    def of(cls, error: RetainError) -> Problem:
        """An error as a finding."""
        params = tuple(error.params.items())
        return cls(error.code, str(error.args[0]), error.hint, "error", error.exit_code, params)


def check(source: str, found: Sequence[Problem], lang: Lang) -> Sheet:
    """All findings of one source, the gravest first."""
    order = ("error", "warning", "info")
    real = [problem for problem in found if problem.severity != "info"]
    blocks: list[Block] = [Heading(text("check.title", lang, source=source), 1)]
    key = "check.ok" if not real else "check.problem" if len(real) == 1 else "check.problems"
    blocks.append(Paragraph(_counted(key, lang, n=len(real)), "result"))
    for problem in sorted(found, key=lambda problem: order.index(problem.severity)):
        severity = text(f"check.severity.{problem.severity}", lang)
        params = {name: _worded(name, value, lang) for name, value in problem.params}
        sentence = _in_words(problem.code, problem.text, lang, params)
        blocks.append(Paragraph(text("check.item", lang, severity=severity, text=sentence)))
        if command := _hint(problem.code, problem.command, lang, params):
            blocks.append(Paragraph(command, "command"))
    return Sheet(lang, tuple(blocks))


def _worded(name: str, value: str | int, lang: Lang) -> str | int:
    """Data classes and periods in words; anything else as it stands."""
    if name in ("data", "feed") and isinstance(value, str):
        return ", ".join(explain.data_class(each, lang) for each in value.split(", "))
    if name in ("own", "keep") and isinstance(value, str):
        return messages.period(value, lang)
    return value


def problem_data(problem: Problem) -> dict[str, object]:
    """A finding of ``check`` as JSON."""
    return {
        "code": problem.code,
        "severity": problem.severity,
        "message": problem.text,
        "command": problem.command,
        "exit": int(problem.exit),
    }


# --- reports ----------------------------------------------------------------------------------


def read_bytes(path: Path) -> bytes:
    """A file no longer than an envelope may be, and one byte more; UnavailableError."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_ENVELOPE + 1)
    except (OSError, ValueError):
        raise UnavailableError(f"{path} can't be read") from None


def read_envelope(path: Path) -> Envelope:
    """An envelope from a file; UnavailableError, EvidenceError."""
    return open_envelope(read_bytes(path))


def read_report(path: Path) -> Statement:
    """A statement from a file, its signature not looked at; UnavailableError, EvidenceError."""
    return parse_statement(read_envelope(path).payload)


def deletion(path: Path) -> DeletionReport:
    """The predicate of a deletion report; EvidenceError for anything else."""
    predicate = read_report(path).predicate
    if not isinstance(predicate, DeletionReport):
        raise EvidenceError(f"{path.name} is no deletion report", code="UNKNOWN_TYPE")
    return predicate


def written(path: Path, lang: Lang) -> Sheet:
    """Where a file went."""
    return Sheet(lang, (Paragraph(text("report.written", lang)), Paragraph(str(path), "command")))


def report_data(path: Path, predicate: Predicate, *, digest: str) -> dict[str, object]:
    """A report as JSON: where it is, its digest, and what it says."""
    return {
        "path": str(path),
        "digest": digest,
        "predicate": predicate.model_dump(mode="json", by_alias=True),
    }


@dataclass(frozen=True, slots=True)
class Row:
    """One statement of a ledger in a list; ``report`` is None for one that is no deletion report,
    or can't be read."""

    source: str
    seq: int
    ended: datetime
    path: Path
    report: DeletionReport | None
    kind: str = "deletion-report"


@dataclass(frozen=True, slots=True)
class FiledRow:
    """One statement that the officer's side handed back."""

    source: str
    kind: str
    at: datetime
    path: Path


def reports(rows: Sequence[Row], lang: Lang, *, zones: Mapping[str, ZoneInfo]) -> Sheet:
    """All reports with outcome and counts."""
    title = Heading(text("list.reports", lang), 1)
    if not rows:
        return Sheet(lang, (title, Paragraph(text("list.reports.none", lang))))
    left = ("col.source", "col.seq", "col.time", "col.state")
    right = ("report.col.deleted", "report.col.residue")
    columns = [_column(key, lang) for key in left] + [_column(key, lang, "right") for key in right]
    cells = tuple(_report_cells(row, lang, zones) for row in rows)
    return Sheet(lang, (title, Table((*columns, _column("col.file", lang)), cells)))


def _report_cells(row: Row, lang: Lang, zones: Mapping[str, ZoneInfo]) -> tuple[str, ...]:
    ended = messages.moment(row.ended, zones.get(row.source, ZoneInfo("UTC")), lang)
    head = (row.source, str(row.seq), ended)
    if row.report is None:
        known = row.kind != "deletion-report"
        state = code("statement", row.kind, lang) if known else text("status.unknown", lang)
        return (*head, state, "-", "-", row.path.name)
    counts = (total(row.report, name) for name in ("deleted", "residue"))
    shown = ("-" if count is None else number(count, lang) for count in counts)
    return (*head, explain.status(row.report, lang), *shown, row.path.name)


def filed(rows: Sequence[FiledRow], lang: Lang, *, zones: Mapping[str, ZoneInfo]) -> Sheet:
    """What the officer's side handed back, by kind."""
    keys = ("col.source", "filed.col.kind", "col.time", "col.file")
    cells = tuple(
        (
            row.source,
            code("statement", row.kind, lang),
            messages.moment(row.at, zones.get(row.source, ZoneInfo("UTC")), lang),
            row.path.name,
        )
        for row in rows
    )
    table = Table(tuple(_column(key, lang) for key in keys), cells)
    return Sheet(lang, (Heading(text("filed.list", lang), 1), table))


def filed_data(row: FiledRow) -> dict[str, object]:
    """What was handed back as JSON."""
    return {
        "source": row.source,
        "kind": row.kind,
        "at": row.at.isoformat(),
        "path": str(row.path),
    }


def total(report: DeletionReport, name: str) -> int | None:
    """One figure over all datasets of a report; None for what is left where nobody could count."""
    if name == "residue" and not report.datasets:
        return None
    return int(sum(getattr(dataset.balances, name) for dataset in report.datasets))


def row_data(row: Row) -> dict[str, object]:
    """One report of a list as JSON."""
    report = row.report
    return {
        "source": row.source,
        "kind": row.kind,
        "seq": row.seq,
        "ended_at": row.ended.isoformat(),
        "path": str(row.path),
        "outcome": report.run.outcome if report else None,
        "deleted": total(report, "deleted") if report else None,
        "residue": total(report, "residue") if report else None,
    }


# --- small pieces -----------------------------------------------------------------------------


def _column(key: str, lang: Lang, align: str = "left") -> Column:
    return Column(text(key, lang), "right" if align == "right" else "left")


def _sentence(error: RetainError, lang: Lang) -> str:
    return _in_words(error.code, str(error.args[0]), lang, error.params)


def _hint(name: str, hint: str, lang: Lang, params: Mapping[str, str | int]) -> str:
    return (lang != "en" and messages.detail(f"{name}.hint", lang, params)) or hint


def _in_words(name: str, detail: str, lang: Lang, params: Mapping[str, str | int]) -> str:
    """Where the catalogue lacks the whole sentence, that of the code with the English detail."""
    if lang == "en" or not messages.known("code", name):
        return detail
    if name not in _PLAIN and (whole := messages.detail(name, lang, params)):
        return f"{whole[0].upper()}{whole[1:]}."
    sentence = text(f"code.{name}", lang)
    return sentence if detail == sentence or name in _PLAIN else f"{sentence} [{detail}]"


def _counted(key: str, lang: Lang, *, n: int) -> str:
    return text(key, lang, n=n) if key == "check.problems" else text(key, lang)
