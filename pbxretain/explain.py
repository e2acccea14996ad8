"""What does a signed statement say, in words for somebody who is no programmer?

Builds the sheet of a deletion report or of a dry run from its checked content. The first sentence
is the result; every code is explained. Nothing is added that the statement doesn't say, and
nothing is promised: deletion here is logical, and the sheet says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from zoneinfo import ZoneInfo

from pbxretain.evidence.fields import moment
from pbxretain.evidence.statements import (
    Account,
    Dataset,
    DeletionReport,
    Plan,
    PlannedDataset,
    Rule,
    Total,
)
from pbxretain.messages import Lang, code, counted, day, known, number, period, text
from pbxretain.messages import moment as shown_moment
from pbxretain.period import Period
from pbxretain.sheet import Block, Column, Heading, Items, KeyValue, Paragraph, Sheet, Table
from pbxretain.signing import fingerprint

_BALANCES = (
    "due",
    "arrived",
    "deleted",
    "already_absent",
    "held",
    "minimum",
    "straddling",
    "kept_for_part",
    "failed",
    "residue",
    "undated",
    "future",
    "late",
)
_ALWAYS = ("due", "deleted", "residue")
_PLANNED = ("due", "held", "minimum", "straddling", "kept_for_part", "undated", "future")


@dataclass(frozen=True, slots=True)
class Seal:
    """What is known of a statement's envelope: its digest and the key that signed it."""

    digest: str
    keyid: str


def statement(predicate: Account, lang: Lang, *, seal: Seal | None = None) -> Sheet:
    """The sheet of a deletion report or a dry run; items in the order of evidence.md 5.5."""
    if isinstance(predicate, Plan):
        return Sheet(lang, tuple(planned(predicate, lang, seal=seal)))
    return Sheet(lang, tuple(_Report(predicate, lang, seal).blocks()))


def result(report: DeletionReport, lang: Lang) -> str:
    """A run's result in one sentence."""
    run, reason = report.run, report.run.refused_reason
    totals = {
        name: counted(sum(getattr(d.balances, name) for d in report.datasets), lang)
        for name in ("deleted", "residue")
    }
    return text(
        f"report.result.{run.outcome}",
        lang,
        reason=code("code", reason, lang) if reason else "",
        **totals,
    )


def status(report: DeletionReport, lang: Lang) -> str:
    """The status in one or two words, as a traffic light would show it."""
    outcome = report.run.outcome
    if outcome == "complete" and (report.exceptions or any(d.findings for d in report.datasets)):
        outcome_key = "findings"
    else:
        outcome_key = outcome
    return text(f"status.{outcome_key}", lang)


def data_class(name: str, lang: Lang) -> str:
    """The name of a data class in words; an ``x-`` class as it stands."""
    return code("data", name, lang)


@dataclass(frozen=True, slots=True)
class _Report:
    report: DeletionReport
    lang: Lang
    seal: Seal | None

    def blocks(self) -> Iterator[Block]:
        report, lang = self.report, self.lang
        yield Heading(
            text("report.title", lang, seq=str(report.ledger.seq), source=report.source), 1
        )
        yield Paragraph(result(report, lang), "result")
        yield Paragraph(text("report.status", lang, status=status(report, lang)))
        yield from _who(report, lang)
        yield from self._when()
        yield from _rules(report, report.datasets, lang, zone=report.run.timezone)
        yield from self._results()
        yield from self._exceptions()
        yield from self._method()
        yield from _copies(report, lang)
        yield from self._continuity()
        yield from self._evidence()
        yield from _privacy(report, lang)

    def _when(self) -> Iterator[Block]:
        run, lang = self.report.run, self.lang
        zone = _zone(run.timezone)
        skew = self.report.clock.database_skew_s
        failed = [code("code", c.code, lang) for c in self.report.clock.checks if not c.passed]
        pairs = [
            ("started", shown_moment(moment(run.started_at), zone, lang)),
            ("ended", shown_moment(moment(run.ended_at), zone, lang)),
            ("as-of", shown_moment(moment(run.as_of), zone, lang)),
            ("zone", run.timezone),
            ("trigger", code("trigger", run.trigger, lang)),
            (
                "clock",
                text("report.clock.alone", lang)
                if skew is None
                else text("report.clock.value", lang, skew=skew),
            ),
            ("clock.failed", " ".join(failed)),
            ("run", run.id),
            ("recovers", run.recovers or ""),
        ]
        yield Heading(text("report.when", lang))
        yield _key_value(pairs, lang)

    def _results(self) -> Iterator[Block]:
        datasets, lang = self.report.datasets, self.lang
        yield Heading(text("report.results", lang))
        if not datasets:
            yield Paragraph(text("report.results.uncounted", lang))
            return
        seen = [n for n in _BALANCES if any(getattr(d.balances, n) for d in datasets)]
        names = [n for n in _BALANCES if n in _ALWAYS or n in seen]
        columns = [
            _column("data", lang),
            _column("dataset", lang),
            _column("total", lang, "right"),
            *(_column(name, lang, "right") for name in names),
            _column("oldest", lang),
            _column("outcome", lang),
        ]
        yield Table(tuple(columns), tuple(self._row(d, names) for d in datasets))
        unseen = [text(f"report.col.{n}", lang) for n in _BALANCES if n not in names]
        if unseen:
            yield Paragraph(text("report.results.zero", lang, columns=", ".join(unseen)))
        yield Paragraph(text("report.results.note", lang))
        if copies := tuple(self._copies_along()):
            yield Items(copies)

    def _copies_along(self) -> Iterator[str]:
        """Of datasets that are copies: how many went with their record, under its own count."""
        names = {item.dataset for item in self.report.datasets}
        for item in self.report.datasets:
            for table, n in sorted(item.also.items()):
                copy = f"{item.dataset}-{table.replace('_', '-')}"[:63].rstrip("-")
                if copy in names:
                    yield text("report.results.copies", self.lang, dataset=copy, n=n)

    def _row(self, item: Dataset, names: Sequence[str]) -> tuple[str, ...]:
        return (
            data_class(item.data_class, self.lang),
            item.dataset,
            _total(item.total_before, self.lang),
            *(number(getattr(item.balances, name), self.lang) for name in names),
            _day(item.range.oldest_remaining, self.lang),
            code("dataset", item.outcome, self.lang),
        )

    def _exceptions(self) -> Iterator[Block]:
        report, lang = self.report, self.lang
        found = [(e.dataset, e.code, e.count) for e in report.exceptions]
        found += [(d.dataset, f.code, f.count) for d in report.datasets for f in d.findings]
        yield from _findings(dict.fromkeys(found), report, lang)

    def _method(self) -> Iterator[Block]:
        lang = self.lang
        lines = []
        for item in self.report.datasets:
            if not item.balances.deleted:
                continue
            also = ", ".join(f"{name}: {number(n, lang)}" for name, n in sorted(item.also.items()))
            key = "report.method.also" if also else "report.method.item"
            method = code("method", item.method, lang)
            lines.append(text(key, lang, dataset=item.dataset, method=method, also=also))
        yield Heading(text("report.method", lang))
        if lines:
            yield Items(tuple(lines))
        yield Paragraph(text("report.method.logical", lang))

    def _continuity(self) -> Iterator[Block]:
        seq, lang = self.report.ledger.seq, self.lang
        yield Heading(text("report.continuity", lang))
        if seq == 0:
            yield Paragraph(text("report.continuity.first", lang))
            return
        yield Paragraph(text("report.continuity.prev", lang, seq=str(seq - 1)))
        yield Paragraph(text("report.continuity.changes", lang))

    def _evidence(self) -> Iterator[Block]:
        report, lang = self.report, self.lang
        yield Heading(text("report.evidence", lang))
        place = [
            ("number", str(report.ledger.seq)),
            ("prev", report.ledger.prev or text("report.prev.none", lang)),
            ("level", text(f"level.{report.evidence.level}", lang)),
        ]
        yield _key_value([*_seal(report, self.seal), *place], lang)
        roots = [
            (text("report.root", lang, dataset=d.dataset), _root(d, lang))
            for d in report.datasets
            if d.merkle.size
        ]
        if roots:
            yield KeyValue(tuple(roots))
        yield Paragraph(text("report.how-to-check", lang))


def planned(plan: Plan, lang: Lang, *, seal: Seal | None = None) -> Iterator[Block]:
    """The blocks of a dry run."""
    due = sum(item.due for item in plan.datasets)
    yield Heading(text("plan.title", lang, source=plan.source), 1)
    key = "plan.result.due" if due else "plan.result.none"
    yield Paragraph(text(key, lang, due=counted(due, lang)), "result")
    yield planned_table(plan.datasets, lang, zone=plan.timezone)
    yield from _who(plan, lang)
    yield from _rules(plan, plan.datasets, lang, zone=plan.timezone)
    found = [(d.dataset, f.code, f.count) for d in plan.datasets for f in d.findings]
    found += [(d.dataset, "SHARE_LIMIT", d.due) for d in plan.datasets if d.over_limit]
    yield from _findings(dict.fromkeys(found), plan, lang)
    yield from _copies(plan, lang)
    if seal is not None:
        yield Heading(text("report.evidence", lang))
        yield _key_value(_seal(plan, seal), lang)
        yield Paragraph(text("report.how-to-check", lang))
    yield from _privacy(plan, lang)


def planned_table(datasets: Sequence[PlannedDataset], lang: Lang, *, zone: str) -> Table:
    """One row a dataset: rule, cut-off date, counts, oldest."""
    names = [n for n in _PLANNED if n == "due" or any(getattr(d, n) for d in datasets)]
    columns = (
        _column("data", lang),
        _column("dataset", lang),
        _column("keep", lang),
        _column("cutoff", lang),
        _column("total", lang, "right"),
        *(_column(name, lang, "right") for name in names),
        _column("oldest", lang),
    )
    rows = tuple(
        (
            data_class(item.data_class, lang),
            item.dataset,
            keep(item.rule.keep, lang),
            _cutoff(item.rule, lang, zone=zone),
            _total(item.total, lang),
            *(number(getattr(item, name), lang) for name in names),
            _day(item.oldest, lang),
        )
        for item in datasets
    )
    return Table(columns, rows)


def keep(iso: str, lang: Lang) -> str:
    """``P90D`` as ``90 days``."""
    units = {"D": "day", "W": "week", "M": "month", "Y": "year"}
    if iso.startswith("P") and iso[1:-1].isdigit() and iso[-1:] in units:
        return period(str(Period(int(iso[1:-1]), units[iso[-1]])), lang)  # type: ignore[arg-type]
    return period(iso, lang)


# --- what reports and dry runs share ----------------------------------------------------------


def _who(what: Account, lang: Lang) -> Iterator[Block]:
    connector = what.tool.connector
    form = "code" if connector.contains_code else "plain"
    yield Heading(text("report.who", lang))
    yield _key_value(
        [
            ("controller", what.controller or text("not-stated", lang)),
            ("source", what.source),
            ("activity", what.processing_activity or text("not-stated", lang)),
            ("dpia", what.dpia_ref or text("not-stated", lang)),
            ("connector", text(f"report.connector.{form}", lang, name=connector.name)),
            ("connector.digest", connector.digest),
        ],
        lang,
    )
    if not connector.tried:
        key = "report.untried" if connector.accept_untried else "report.untried.refused"
        yield Paragraph(text(key, lang))


def _rules(
    what: Account, datasets: Sequence[Dataset | PlannedDataset], lang: Lang, *, zone: str
) -> Iterator[Block]:
    policy, limits = what.policy, what.limits
    share = limits.share
    pairs = [
        ("policy", text("report.policy.value", lang, name=policy.name, version=policy.version)),
        ("policy.digest", policy.digest),
        ("approval", text("report.approved" if policy.approved else "report.approved.not", lang)),
        ("limit.share", text("report.limit.share.value", lang, share=share) if share else ""),
        ("limit.count", number(limits.count, lang) if limits.count else ""),
        ("limit.confirmed", number(limits.confirmed, lang) if limits.confirmed else ""),
    ]
    yield Heading(text("report.rules", lang))
    yield _key_value(pairs, lang)
    rows = dict.fromkeys(_rule(d, lang, zone=zone) for d in datasets)
    if rows:
        columns = ["data", "class", "keep", "start", "cutoff", "basis"]
        yield _without_empty(Table(tuple(_column(c, lang) for c in columns), tuple(rows)))


def _rule(item: Dataset | PlannedDataset, lang: Lang, *, zone: str) -> tuple[str, ...]:
    rule = item.rule
    start = code("start", rule.start_event or "", lang)
    return (
        data_class(item.data_class, lang),
        f"{start} + {keep(rule.keep, lang)}" if rule.cutoff else "",
        keep(rule.keep, lang),
        start,
        _cutoff(rule, lang, zone=zone),
        code("basis", rule.basis, lang),
    )


def _findings(found: Iterable[tuple[str, str, int]], what: Account, lang: Lang) -> Iterator[Block]:
    lines = [
        text("report.exceptions.item", lang, where=where, what=_sentence(name, lang), n=n)
        for where, name, n in found
    ]
    lines += [
        text(
            "report.exceptions.plain",
            lang,
            where=data_class(name, lang),
            what=text("code.NOT_DECIDED", lang),
        )
        for name in what.policy.not_decided
    ]
    lines += [text("report.not-covered", lang, dataset=name) for name in what.not_covered]
    yield Heading(text("report.exceptions", lang))
    none = "report.exceptions.none" if what.datasets else "report.results.uncounted"
    yield Items(tuple(lines)) if lines else Paragraph(text(none, lang))


def _sentence(name: str, lang: Lang) -> str:
    # The code stays visible where there are no words for it, and only there.
    return text(f"code.{name}", lang) if known("code", name) else f"{name}."


def _copies(what: Account, lang: Lang) -> Iterator[Block]:
    yield Heading(text("report.copies", lang))
    if not what.copies_out_of_reach:
        yield Paragraph(text("report.copies.none", lang))
        return
    yield Paragraph(text("report.copies.intro", lang))
    copies = what.copies_out_of_reach
    yield Items(tuple(c.text.get(lang) or next(iter(c.text.values()), c.code) for c in copies))


def _seal(what: Account, seal: Seal | None) -> list[tuple[str, str]]:
    pairs = [("id", what.report_id)]
    if seal is not None:
        pairs += [("digest", seal.digest), ("fingerprint", fingerprint(seal.keyid))]
    tool = what.tool
    pairs += [("installation", what.installation)]
    return [*pairs, ("tool", f"{tool.name} {tool.version}, Python {tool.python}")]


def _privacy(what: Account, lang: Lang) -> Iterator[Block]:
    yield Heading(text("report.privacy", lang))
    yield Paragraph(text("report.privacy.content", lang))
    if isinstance(what, DeletionReport) and what.evidence.level == "counts":
        yield Paragraph(text("report.privacy.counts", lang))


# --- small pieces -----------------------------------------------------------------------------


def _column(name: str, lang: Lang, align: str = "left") -> Column:
    return Column(text(f"report.col.{name}", lang), "right" if align == "right" else "left")


def _key_value(pairs: Iterable[tuple[str, str]], lang: Lang) -> KeyValue:
    """Names with values; what isn't stated at all is left out."""
    return KeyValue(tuple((text(f"report.{key}", lang), value) for key, value in pairs if value))


def _without_empty(table: Table) -> Table:
    keep_columns = [n for n in range(len(table.columns)) if any(row[n] for row in table.rows)]
    return Table(
        tuple(table.columns[n] for n in keep_columns),
        tuple(tuple(row[n] for n in keep_columns) for row in table.rows),
    )


def _root(item: Dataset, lang: Lang) -> str:
    records = counted(item.merkle.size, lang)
    return text("report.root.value", lang, root=item.merkle.root, records=records)


def _total(total: Total, lang: Lang) -> str:
    if total.count is None:
        return "-"
    exact = number(total.count, lang)
    return exact if total.exact else text("report.about", lang, n=total.count)


def _day(value: str | None, lang: Lang) -> str:
    return day(date.fromisoformat(value), lang) if value else "-"


def _cutoff(rule: Rule, lang: Lang, *, zone: str) -> str:
    """The cut-off is the first instant of a day in the source's zone: the day says it all."""
    if rule.cutoff is None:
        return "-"
    return day(moment(rule.cutoff).astimezone(_zone(zone)).date(), lang)


def _zone(name: str) -> ZoneInfo:
    # A report may come from a machine that knows more zones than this one.
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo(UTC.tzname(None) or "UTC")
