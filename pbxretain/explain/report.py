"""What did a run do, in the fourteen items that a data protection officer has to see?

In their order: result, controller and system, time, rules, result by data class, oldest record,
exceptions, method, copies, continuity, changes, evidence, privacy, review.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from pbxretain.evidence.fields import moment
from pbxretain.evidence.statements import Dataset, DeletionReport
from pbxretain.explain import parts
from pbxretain.explain.parts import Seal, column, data_class, day_or_none, key_value
from pbxretain.messages import Lang, code, counted, known, number, text
from pbxretain.messages import moment as shown_moment
from pbxretain.sheet import (
    Block,
    Chart,
    Form,
    Heading,
    Items,
    KeyValue,
    Light,
    Paragraph,
    Point,
    Table,
    Verdict,
)
from pbxretain.signing import fingerprint

_MAIN = ("due", "deleted", "redacted", "held", "minimum", "failed", "residue")
_ALWAYS = ("due", "deleted", "residue")
_ASIDE = ("arrived", "already_absent", "straddling", "kept_for_part", "undated", "future", "late")
_LIGHTS: dict[str, Light] = {
    "complete": "good",
    "findings": "attention",
    "incomplete": "bad",
    "failed": "bad",
    "refused": "bad",
}
_LONGEST = 200
"""Per cent of a period at which a bar ends: a record held for years would dwarf all others."""


def result(report: DeletionReport, lang: Lang) -> str:
    """A run's result in one sentence."""
    return _told(report, f"result.{report.run.outcome}", lang)


def status(report: DeletionReport, lang: Lang) -> str:
    """The status in one or two words."""
    outcome = report.run.outcome
    found = outcome == "complete" and _count_findings(report)
    return text("status.findings" if found else f"status.{outcome}", lang)


def reported(report: DeletionReport, lang: Lang, *, seal: Seal | None = None) -> Iterator[Block]:
    """The blocks of a deletion report; its fourteen headings are numbered."""
    item = 0
    for block in _Report(report, lang, seal).blocks():
        if isinstance(block, Heading) and block.level == 2 and item < 14:
            item += 1
            yield Heading(f"{item}. {block.text}")
        else:
            yield block


def _told(report: DeletionReport, key: str, lang: Lang) -> str:
    """A sentence on the outcome; ``key`` stands behind ``report.``, or behind ``report.erasure.``
    where a data subject demanded the deletion and there are words of its own for that."""
    reason = report.run.refused_reason
    erasure = report.is_erasure and known("report.erasure", key)
    return text(
        f"report.erasure.{key}" if erasure else f"report.{key}",
        lang,
        reason=code("code", reason, lang) if reason else "",
        deleted=gone(_sum(report, "deleted"), _sum(report, "redacted"), lang),
        residue=counted(_sum(report, "residue"), lang),
        left=counted(_left(report), lang),
        findings=counted(_count_listed(report), lang, thing="finding"),
    )


def gone(deleted: int, redacted: int, lang: Lang) -> str:
    """How many records were deleted, what was redacted with it; the word *deleted* follows."""
    words = (counted(redacted, lang), counted(deleted, lang))
    if not redacted:
        return words[1]
    return text("report.gone.both", lang, redacted=words[0], deleted=words[1])


def _sum(report: DeletionReport, name: str) -> int:
    return int(sum(getattr(d.balances, name) for d in report.datasets))


def _left(report: DeletionReport) -> int:
    return _sum(report, "residue") + _sum(report, "failed")


def _count_findings(report: DeletionReport) -> int:
    return len(report.policy.not_decided) + sum(len(d.findings) for d in report.datasets)


def _listed(report: DeletionReport) -> tuple[tuple[str, str, int], ...]:
    """What section 7 lists: dataset, code and count, each once."""
    found = [(e.dataset, e.code, e.count) for e in report.exceptions]
    found += [(d.dataset, f.code, f.count) for d in report.datasets for f in d.findings]
    return tuple(dict.fromkeys(found))


def _count_listed(report: DeletionReport) -> int:
    """How many items stand in section 7."""
    return len(_listed(report)) + len(report.policy.not_decided) + len(report.not_covered)


def _answer(report: DeletionReport, lang: Lang) -> Verdict:
    """Is everything in order? The sentence names what isn't, and where it stands."""
    key = f"answer.{report.run.outcome}"
    light: str = report.run.outcome
    if light == "recovered" and _left(report):
        key, light = f"{key}.residue", "incomplete"
    elif light in ("complete", "nothing-due", "recovered"):
        found = _count_findings(report)
        key, light = (f"{key}.findings", "findings") if found else (key, "complete")
    light = "failed" if light == "interrupted" else light
    return Verdict(_told(report, key, lang), text(f"report.light.{light}", lang), _LIGHTS[light])


@dataclass(frozen=True, slots=True)
class _Report:
    report: DeletionReport
    lang: Lang
    seal: Seal | None

    def blocks(self) -> Iterator[Block]:
        report, lang = self.report, self.lang
        key = "report.erasure.title" if report.is_erasure else "report.title"
        title = text(key, lang, seq=str(report.ledger.seq), source=report.source)
        yield Heading(title, 1)
        yield from self._summary()
        yield from parts.who(report, lang)
        yield from self._when()
        yield from parts.rules(report, report.datasets, lang, zone=report.run.timezone)
        yield from self._results()
        yield from self._oldest()
        yield from self._exceptions()
        yield from self._method()
        yield from parts.copies(report, lang)
        yield from self._continuity()
        yield Heading(text("report.changes", lang))
        yield Paragraph(text("report.changes.compare", lang))
        yield from self._evidence()
        yield from parts.privacy(report, lang)
        yield from _review(lang)
        yield from parts.glossary(report, lang)

    # --- 1 and 6: the result, and the oldest record -------------------------------------------

    def _summary(self) -> Iterator[Block]:
        run, lang = self.report.run, self.lang
        started = shown_moment(moment(run.started_at), parts.zone_of(run.timezone), lang)
        yield Heading(text("report.summary", lang))
        yield _answer(self.report, lang)
        yield Paragraph(
            text("report.scope", lang, source=self.report.source, moment=started), "note"
        )
        yield from self._demanded()
        if unseen := self.report.not_covered:
            key = _plural("report.unseen", len(unseen))
            yield Paragraph(text(key, lang, n=len(unseen), datasets=", ".join(unseen)))
        points = tuple(self._points())
        if points:
            title = text("report.oldest.chart", lang)
            yield Chart(title, points, limit=100, limit_title=text("report.oldest.limit", lang))
            yield Paragraph(text("report.oldest.beyond", lang), "note")
        yield Paragraph(text("report.terms", lang), "note")

    def _demanded(self) -> Iterator[Block]:
        if not self.report.is_erasure:
            return
        yield Paragraph(text("report.erasure.note", self.lang))
        kept = sum(_sum(self.report, name) for name in ("held", "minimum"))
        if kept:
            shown = counted(kept, self.lang)
            yield Paragraph(text("report.erasure.kept", self.lang, kept=shown))

    def _points(self) -> Iterator[Point]:
        """The oldest record of each data class under each rule, as a share of its period. What is
        only redacted may stay for long after."""
        oldest: dict[tuple[str, str, str], Dataset] = {}
        for item in self.report.datasets:
            deletes = item.rule.cutoff and item.rule.action == "delete"
            if deletes and item.range.oldest_remaining:
                key = (item.data_class, item.rule.keep, item.rule.name or "")
                known = oldest.setdefault(key, item)
                if item.range.oldest_remaining < (known.range.oldest_remaining or ""):
                    oldest[key] = item
        for item in oldest.values():
            whole = max((self._today() - self._cutoff(item)).days, 1)
            share = self._age(item) / whole * 100
            told = text(
                "report.oldest.point",
                self.lang,
                day=date.fromisoformat(item.range.oldest_remaining or ""),
                age=text(_plural("period.day", self._age(item)), self.lang, n=self._age(item)),
                keep=parts.bounds(item.rule, self.lang),
            )
            name = data_class(item.data_class, self.lang)
            if item.rule.name:
                name = text("report.share.rule", self.lang, dataset=name, rule=item.rule.name)
            yield Point(name, min(max(share, 0), _LONGEST), told)

    def _oldest(self) -> Iterator[Block]:
        lang = self.lang
        yield Heading(text("report.oldest", lang))
        if not self.report.datasets:
            yield Paragraph(text("report.results.uncounted", lang))
            return
        names = ("data", "dataset", "oldest-record", "age", "keep", "cutoff")
        sides = {"age": "right"}
        columns = tuple(column(name, lang, sides.get(name, "left")) for name in names)
        yield Table(columns, tuple(map(self._oldest_row, self.report.datasets)))
        yield Paragraph(text("report.oldest.note", lang))

    def _oldest_row(self, item: Dataset) -> tuple[str, ...]:
        lang = self.lang
        there = item.range.oldest_remaining
        gone = "report.oldest.none" if item.total_after.count == 0 else "report.oldest.unknown"
        age = self._age(item)
        return (
            data_class(item.data_class, lang),
            parts.dataset(item, lang),
            day_or_none(there, lang) if there else text(gone, lang),
            text(_plural("period.day", age), lang, n=age) if there else "-",
            parts.bounds(item.rule, lang),
            parts.cutoff(item.rule, lang, zone=self.report.run.timezone),
        )

    def _today(self) -> date:
        zone = parts.zone_of(self.report.run.timezone)
        return moment(self.report.run.as_of).astimezone(zone).date()

    def _cutoff(self, item: Dataset) -> date:
        zone = parts.zone_of(self.report.run.timezone)
        return moment(item.rule.cutoff or self.report.run.as_of).astimezone(zone).date()

    def _age(self, item: Dataset) -> int:
        there = item.range.oldest_remaining
        return max((self._today() - date.fromisoformat(there)).days, 0) if there else 0

    # --- 3 and 5: when, and with what result --------------------------------------------------

    def _when(self) -> Iterator[Block]:
        run, lang = self.report.run, self.lang
        zone = parts.zone_of(run.timezone)
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
            ("plan", run.plan or ""),
        ]
        yield Heading(text("report.when", lang))
        yield key_value(pairs, lang)

    def _results(self) -> Iterator[Block]:
        datasets, lang = self.report.datasets, self.lang
        yield Heading(text("report.results", lang))
        if not datasets:
            yield Paragraph(text("report.results.uncounted", lang))
            return
        seen = [n for n in _MAIN + _ASIDE if any(getattr(d.balances, n) for d in datasets)]
        names = [n for n in _MAIN if n in _ALWAYS or n in seen]
        columns = [
            column("where", lang),
            column("total", lang, "right"),
            *(column(name, lang, "right") for name in names),
            column("outcome", lang),
        ]
        yield Table(tuple(columns), tuple(self._row(d, names) for d in datasets))
        yield Paragraph(text("report.results.note", lang))
        if rows := tuple(self._aside()):
            yield Paragraph(text("report.results.aside", lang))
            sides = (("dataset", "left"), ("what", "left"), ("count", "right"), ("means", "left"))
            yield Table(tuple(column(name, lang, side) for name, side in sides), rows)
        unseen = [n for n in _MAIN + _ASIDE if n not in names and n not in seen]
        if not any(d.rule.action == "redact" for d in datasets):
            unseen.remove("redacted")
        if unseen:
            shown = ", ".join(text(f"report.col.{name}", lang) for name in unseen)
            yield Paragraph(text("report.results.zero", lang, columns=shown))
        if copies := tuple(self._copies_along()):
            yield Items(copies)

    def _aside(self) -> Iterator[tuple[str, ...]]:
        """What stands in few datasets only: each count with what it means."""
        for item in self.report.datasets:
            for name in _ASIDE:
                if count := getattr(item.balances, name):
                    words = (text(f"report.col.{name}", self.lang), number(count, self.lang))
                    yield (
                        parts.dataset(item, self.lang),
                        *words,
                        text(f"report.aside.{name}", self.lang),
                    )

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
            f"{data_class(item.data_class, self.lang)}\n{parts.dataset(item, self.lang)}",
            parts.total(item.total_before, self.lang),
            *(number(getattr(item.balances, name), self.lang) for name in names),
            code("dataset", item.outcome, self.lang),
        )

    # --- 7, 8, 10: exceptions, method, continuity ---------------------------------------------

    def _exceptions(self) -> Iterator[Block]:
        yield Heading(text("report.exceptions", self.lang))
        if holds := self.report.holds:
            counts = {"active": holds.active, "restrictions": holds.restrictions}
            pairs = [(f"holds.{key}", number(n, self.lang)) for key, n in counts.items()]
            yield key_value([*pairs, ("holds.register", holds.register_ or "")], self.lang)
        yield from parts.findings(_listed(self.report), self.report, self.lang)

    def _method(self) -> Iterator[Block]:
        lang = self.lang
        lines = []
        for item in self.report.datasets:
            if not item.merkle.size:
                continue
            also = ", ".join(f"{name}: {number(n, lang)}" for name, n in sorted(item.also.items()))
            key = "report.method.also" if also else "report.method.item"
            method = code("method", item.method, lang)
            name = parts.dataset(item, lang)
            lines.append(text(key, lang, dataset=name, method=method, also=also))
        yield Heading(text("report.method", lang))
        if lines:
            yield Items(tuple(lines))
        yield Paragraph(text("report.method.logical", lang))
        if _sum(self.report, "redacted"):
            yield Paragraph(text("report.method.redacted", lang))

    def _continuity(self) -> Iterator[Block]:
        seq, lang = self.report.ledger.seq, self.lang
        yield Heading(text("report.continuity", lang))
        if seq == 0:
            yield Paragraph(text("report.continuity.first", lang))
        else:
            yield Paragraph(text("report.continuity.prev", lang, seq=str(seq - 1)))
        pairs = [(n, number(_sum(self.report, n), lang)) for n in ("arrived", "already_absent")]
        if self.report.datasets:
            yield KeyValue(tuple((text(f"report.sum.{name}", lang), n) for name, n in pairs))
        yield Paragraph(text("report.continuity.gaps", lang))

    # --- 12 and 14: evidence, review ----------------------------------------------------------

    def _evidence(self) -> Iterator[Block]:
        report, lang = self.report, self.lang
        file = f"{report.ledger.seq:06}-deletion-report"
        place = [
            ("prev", report.ledger.prev or text("report.prev.none", lang)),
            ("witness", report.ledger.last_witness or text("report.witness.none", lang)),
            ("level", text(f"level.{report.evidence.level}", lang)),
            ("recipients", "\n".join(map(fingerprint, report.evidence.recipients))),
            ("files", number(len(report.evidence.files), lang) if report.evidence.files else ""),
            ("assurance", text("report.assurance.value", lang)),
            parts.program(report),
        ]
        yield Heading(text("report.evidence", lang))
        yield key_value(
            [("number", str(report.ledger.seq)), *parts.identity(report, self.seal), *place], lang
        )
        yield Paragraph(text("report.how-to-check", lang, file=f"{file}.dsse.json"))
        yield Paragraph(f"pbxretain verify {file}.dsse.json", "command")
        yield Paragraph(text("report.how-to-check.alone", lang))
        key = text("report.key-file", lang)
        yield Paragraph(f"sh {file}.verify.sh {file}.dsse.json {key}", "command")
        yield Paragraph(text("report.how-to-check.key", lang))
        roots = [
            (parts.dataset(d, lang), counted(d.merkle.size, lang), d.merkle.root)
            for d in report.datasets
            if d.merkle.size
        ]
        if roots:
            names = ("dataset", "deleted", "root")
            columns = tuple(
                column(name, lang, "right" if name == "deleted" else "left") for name in names
            )
            yield Heading(text("report.roots", lang), 3)
            yield Table(columns, tuple(roots))


def _review(lang: Lang) -> Iterator[Block]:
    yield Heading(text("report.review", lang))
    yield Paragraph(text("report.review.intro", lang))
    checks = ("verified", "read", "observed", "asked")
    yield Form(tuple(text(f"report.review.{name}", lang) for name in checks), ())
    yield Paragraph(text("report.review.verdict", lang))
    verdicts = ("accepted", "accepted-with-findings", "rejected")
    lines = ("remark", "", "date", "signature")
    yield Form(
        tuple(text(f"report.review.{name}", lang) for name in verdicts),
        tuple(text(f"report.review.{name}", lang) if name else "" for name in lines),
    )


def _plural(key: str, count: int) -> str:
    return f"{key}.{'one' if count == 1 else 'many'}"
