"""What does the DPIA's annex say about a month, a quarter or a year of deletion runs?

Builds the sheet of the period report out of its ``figures``. The first sentence answers
whether everything is in order; what is open stands right below it. Nothing is added that the
reports don't say, and what could not be read is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from pbxretain.annex.figures import EXEMPTIONS, Age, Figures, InForce, Trouble
from pbxretain.annex.remarks import Answer, Remark, answer, remarks
from pbxretain.evidence.attestations import GapNote
from pbxretain.evidence.fields import moment
from pbxretain.explain import dataset_name, gone
from pbxretain.ledger import LEDGER, REPORT_NAME
from pbxretain.messages import Lang, code, counted, day, hours, number, text
from pbxretain.period import first_instant
from pbxretain.sheet import (
    Block,
    Chart,
    Column,
    Form,
    Heading,
    Items,
    KeyValue,
    Light,
    PageBreak,
    Paragraph,
    Point,
    Sheet,
    Table,
    Verdict,
)
from pbxretain.signing import fingerprint
from pbxretain.spans import Span
from pbxretain.verify import Finding

_LIGHTS: dict[Answer, Light] = {"good": "good", "notes": "good", "open": "attention"}
_LEFT = ("held", "minimum", "straddling", "kept_for_part", "failed", "residue", "undated", "future")
_ALWAYS = ("held", "minimum", "failed", "residue")


def sheet(found: Figures, lang: Lang) -> Sheet:
    """The whole document."""
    end = min(first_instant(found.span.after, found.zone), found.now)
    mark = text("annex.mark", lang, span=span(found.span, lang), source=found.source)
    return Sheet(lang, tuple(_Annex(found, lang).blocks()), made=end, mark=mark)


def span(value: Span, lang: Lang) -> str:
    """A period in words: ``October 2026``, ``Q4 2026``, ``2026``; days as the language has them."""
    year = str(value.first.year)
    if value.kind == "day":
        one = value.after - value.first == timedelta(days=1)
        return day(value.first, lang) if one else _from_to(value.first, value.last, lang)
    if value.kind == "month":
        name = text(f"month.{value.first.month}", lang)
        return text("annex.span.month", lang, month=name, year=year)
    if value.kind == "quarter":
        quarter = str((value.first.month + 2) // 3)
        return text("annex.span.quarter", lang, quarter=quarter, year=year)
    return year


@dataclass(frozen=True, slots=True)
class _Annex:
    found: Figures
    lang: Lang

    def say(self, key: str, **params: object) -> str:
        return text(f"annex.{key}", self.lang, **params)

    def blocks(self) -> Iterator[Block]:
        found = self.found
        title = self.say("title", span=span(found.span, self.lang), source=found.source)
        yield Heading(title, 1)
        yield from self._answer()
        yield from self._who()
        yield from self._schedule()
        yield from self._classes()
        yield from self._course()
        yield from self._findings()
        yield from self._troubles()
        yield from self._documents()
        yield from self._copies()
        yield from self._evidence()
        yield Heading(text("report.privacy", self.lang))
        yield Paragraph(text("report.privacy.content", self.lang))
        yield Paragraph(self.say("privacy.dates"), "note")
        yield from review(self.lang)
        yield from self._reports()

    # -- the answer

    def _answer(self) -> Iterator[Block]:
        found, lang = self.found, self.lang
        result = answer(found)
        known = remarks(found)
        params = {
            "runs": counted(len(found.runs) - found.erasures, lang, thing="run"),
            "deleted": gone(found.deleted, found.redacted, lang),
            "n": counted(sum(r.open for r in known), lang, thing="point"),
        }
        sentence = self.say(f"result.{result}", **params)
        yield Verdict(sentence, self.say(f"status.{result}"), _LIGHTS.get(result, "bad"))
        for key, wanted in (("open", True), ("known", False)):
            told = tuple(self._remark(r) for r in known if r.open is wanted)
            if told:
                yield Heading(self.say(key), 3)
                yield Items(told)
        if not found.over:
            yield Paragraph(self.say("provisional", day=found.now.astimezone(found.zone).date()))

    def _remark(self, remark: Remark) -> str:
        params = dict(remark.params)
        if "outcome" in params:
            params["outcome"] = text(f"status.{params['outcome']}", self.lang)
        if "days" in params:
            params["days"] = self._days(int(str(params["days"])))
        return self.say(f"remark.{remark.name}", **params)

    def _days(self, days: int) -> str:
        return text(f"period.day.{'one' if days == 1 else 'many'}", self.lang, n=days)

    # -- who, when

    def _who(self) -> Iterator[Block]:
        found, lang, last = self.found, self.lang, self.found.last
        none = text("not-stated", lang)
        pairs = [
            ("report.controller", (last.controller if last else "") or none),
            ("report.source", found.source),
            ("report.activity", (last.processing_activity if last else "") or none),
            ("report.dpia", (last.dpia_ref if last else "") or none),
            ("annex.period", _from_to(found.span.first, found.span.last, lang)),
            ("report.zone", str(found.zone)),
        ]
        yield Heading(text("report.who", lang))
        yield KeyValue(tuple((text(key, lang), value) for key, value in pairs))
        yield Paragraph(self.say("period.rule"), "note")

    def _schedule(self) -> Iterator[Block]:
        kept, zone = self.found.kept, self.found.zone
        yield Heading(self.say("schedule"))
        pairs = [(self.say("runs"), number(len(self.found.runs), self.lang))]
        if erasures := self.found.erasures:
            pairs.append((self.say("erasures"), number(erasures, self.lang)))
        if kept.due is not None:
            value = self.say("schedule.value", taken=kept.taken, due=kept.due)
            pairs.append((self.say("schedule.kept"), value))
        if kept.longest is not None and kept.since is not None:
            since = day(kept.since.astimezone(zone).date(), self.lang)
            value = self.say("longest.value", time=self._time(kept.longest), since=since)
            pairs.append((self.say("longest"), value))
        yield KeyValue(tuple(pairs))
        yield Paragraph(self._schedule_note(), "note")
        if self.found.gaps:
            yield Heading(self.say("gaps"), 3)
            yield Table(
                self._columns("since", "until", "reason", "remark"),
                tuple(self._gap(note) for note in self.found.gaps),
            )

    def _schedule_note(self) -> str:
        schedule = self.found.schedule
        if schedule is None:
            return self.say("schedule.unknown")
        every = hours(schedule.interval, self.lang)
        grace = counted(schedule.grace, self.lang, thing="hour")
        key = "schedule.binding" if schedule.binding else "schedule.given"
        rule = self.say("schedule.rule")
        return f"{self.say(key, every=every, grace=grace)} {rule}"

    def _gap(self, note: GapNote) -> tuple[str, ...]:
        since, until = (
            day(moment(at).astimezone(self.found.zone).date(), self.lang)
            for at in (note.since, note.until)
        )
        return since, until, self.say(f"gap.{note.reason}"), note.remark or "-"

    def _time(self, length: timedelta) -> str:
        if length >= timedelta(days=2):
            return self._days(length.days)
        return counted(round(length / timedelta(hours=1)), self.lang, thing="hour")

    # -- figures

    def _classes(self) -> Iterator[Block]:
        found, lang = self.found, self.lang
        yield Heading(text("report.results", lang))
        if not found.classes:
            yield Paragraph(self.say("classes.none"))
            return
        names = [n for n in _LEFT if n in _ALWAYS or found.left(n)]
        columns = (
            Column(text("report.col.data", lang)),
            Column(self.say("col.deleted"), "right"),
            *([Column(self.say("col.redacted"), "right")] if found.redacted else ()),
            *(Column(text(f"report.col.{name}", lang), "right") for name in names),
            Column(text("report.col.oldest", lang)),
        )
        rows = tuple(
            (
                code("data", item.data_class, lang),
                number(item.deleted, lang),
                *([number(item.redacted, lang)] if found.redacted else ()),
                *(number(item.left[name], lang) if item.seen else "-" for name in names),
                day(item.oldest, lang) if item.oldest else "-",
            )
            for item in found.classes
        )
        yield Table(columns, rows)
        yield Paragraph(self.say("classes.note"), "note")
        yield KeyValue(
            (
                (self.say("overdue"), self._age(found.overdue)),
                (self.say("excepted"), self._age(found.excepted)),
            )
        )

    def _age(self, age: Age | None) -> str:
        if age is None:
            return self.say("age.none")
        where = code("data", age.data_class, self.lang)
        return self.say(
            "age.value",
            days=self._days(age.days),
            where=where,
            dataset=self._dataset(age.dataset),
            on=age.on,
            seq=str(age.seq),
        )

    def _course(self) -> Iterator[Block]:
        found, lang = self.found, self.lang
        if not found.runs:
            return
        yield Heading(self.say("course"))
        points = [
            Point(self._short(part.span), part.deleted, number(part.deleted, lang))
            for part in found.course
        ]
        per = "day" if found.span.kind == "month" else "month"
        yield Chart(self.say(f"chart.deleted.{per}"), tuple(points), "columns")
        for item in found.ageing:
            name = code("data", item.data_class, lang)
            ages = [Point(self._short(part), age, self._days(age)) for part, age in item.days]
            title = self.say("chart.age", data=name)
            limit = "" if item.limit is None else self.say("limit", days=self._days(item.limit))
            yield Chart(title, tuple(ages), "line", limit=item.limit, limit_title=limit)
        yield Paragraph(self.say("chart.note"), "note")

    def _short(self, part: Span) -> str:
        """A label that fits under a chart."""
        if part.kind == "month":
            return text(f"month.{part.first.month}", self.lang)[:3]
        last = "" if part.last == part.first else f"-{part.last.day}"
        return f"{part.first.day}{last}"

    # -- what was found

    def _findings(self) -> Iterator[Block]:
        found, lang = self.found, self.lang
        yield Heading(text("report.exceptions", lang))
        if not found.findings:
            yield Paragraph(self.say("findings.none"))
            return
        keys = ("what", "where", "first", "last", "count", "open")
        columns = tuple(
            Column(self.say(f"col.{key}"), "right" if key == "count" else "left") for key in keys
        )
        rows = tuple(
            (
                code("code", seen.code, lang),
                self._place(seen.code, seen.where),
                day(seen.first, lang),
                day(seen.last, lang),
                number(seen.count, lang) if seen.count is not None else "-",
                text("yes" if seen.open else "no", lang),
            )
            for seen in sorted(found.findings, key=lambda s: (not s.open, s.code in EXEMPTIONS))
        )
        yield Table(columns, rows)

    def _place(self, name: str, where: str) -> str:
        return code("data", where, self.lang) if name == "NOT_DECIDED" else self._dataset(where)

    def _dataset(self, name: str) -> str:
        """A dataset as reports call it, with its rule where several share it."""
        item = self.found.dataset(name)
        return dataset_name(item, self.lang) if item else name

    def _troubles(self) -> Iterator[Block]:
        yield Heading(self.say("troubles"))
        if not self.found.troubles:
            yield Paragraph(self.say("troubles.none"))
            return
        keys = ("when", "runs", "outcome", "reason", "good")
        columns = tuple(
            Column(self.say(f"col.{key}"), "right" if key == "runs" else "left") for key in keys
        )
        yield Table(columns, tuple(self._trouble(trouble) for trouble in self.found.troubles))

    def _trouble(self, trouble: Trouble) -> tuple[str, ...]:
        lang = self.lang
        reason = code("code", trouble.reason, lang) if trouble.reason else ""
        if not reason and trouble.datasets:
            names = ", ".join(map(self._dataset, trouble.datasets))
            reason = self.say("troubles.datasets", names=names)
        if not reason:
            reason = self.say(f"troubles.{trouble.outcome}")
        good = text("yes" if trouble.made_good else "no", lang)
        if trouble.outcome == "recovered":
            good = "-"
        return (
            _from_to(trouble.first, trouble.last, lang),
            number(trouble.count, lang),
            text(f"status.{trouble.outcome}", lang),
            reason,
            good,
        )

    # -- documents

    def _documents(self) -> Iterator[Block]:
        found = self.found
        yield Heading(self.say("documents"))
        if not found.runs:
            yield Paragraph(self.say("classes.none"))
            return
        yield Table(
            self._columns("policy", "digest", "days", "approved"),
            tuple(
                (
                    text(
                        "report.policy.value",
                        self.lang,
                        name=item.report.policy.name,
                        version=item.report.policy.version,
                    ),
                    item.report.policy.digest,
                    self._during(item),
                    text("yes" if item.report.policy.approved else "no", self.lang),
                )
                for item in found.policies
            ),
        )
        yield Table(
            self._columns("program", "digest", "days", "tried"),
            tuple(
                (
                    self.say(
                        "program.value",
                        version=item.report.tool.version,
                        name=item.report.tool.connector.name,
                    ),
                    item.report.tool.connector.digest,
                    self._during(item),
                    text("yes" if item.report.tool.connector.tried else "no", self.lang),
                )
                for item in found.programs
            ),
        )
        yield Heading(self.say("changes"), 3)
        if not found.changes:
            yield Paragraph(self.say("changes.none"))
            return
        yield Table(
            self._columns("day", "seq", "change", "old", "new"),
            tuple(
                (
                    day(change.on, self.lang),
                    str(change.seq),
                    self.say(f"change.{change.what}"),
                    self._value(change.what, change.old),
                    self._value(change.what, change.new),
                )
                for change in found.changes
            ),
        )

    def _columns(self, *keys: str) -> tuple[Column, ...]:
        return tuple(Column(self.say(f"col.{key}")) for key in keys)

    def _during(self, item: InForce) -> str:
        runs = counted(item.runs, self.lang, thing="run")
        days = _from_to(item.first, item.last, self.lang)
        return self.say("during", days=days, runs=runs)

    def _value(self, what: str, value: str) -> str:
        if what == "approved":
            return text(value, self.lang)
        if what == "key":
            return fingerprint(value) if value else self.say("unconfirmed")
        if what == "signed":
            return ", ".join(map(fingerprint, value.split(", "))) if value else self.say("nobody")
        return value or text("none", self.lang)

    def _copies(self) -> Iterator[Block]:
        lang, last = self.lang, self.found.last
        yield Heading(text("report.copies", lang))
        copies = last.copies_out_of_reach if last else ()
        if not copies:
            yield Paragraph(text("report.copies.none", lang))
            return
        yield Paragraph(text("report.copies.intro", lang))
        yield Items(tuple(c.text.get(lang) or next(iter(c.text.values()), c.code) for c in copies))

    # -- evidence

    def _evidence(self) -> Iterator[Block]:
        found, lang = self.found, self.lang
        yield Heading(text("report.evidence", lang))
        yield Paragraph(self.say("evidence.checked"))
        runs = found.told
        pairs = [(self.say("evidence.count"), number(len(runs), lang))]
        for key, (report, run) in (("first", runs[0]), ("last", runs[-1])) if runs else ():
            value = self.say("evidence.place", seq=str(run.ledger.seq), digest=report.digest)
            pairs.append((self.say(f"evidence.{key}"), value))
        signers = list(dict.fromkeys(report.signer or "" for report, _ in runs))
        shown = [fingerprint(name) if name else self.say("unconfirmed") for name in signers]
        pairs += [(text("report.fingerprint", lang), name) for name in shown]
        known = f"verify.level.{found.level or 'none'}"
        pairs.append((text("verify.level", lang), text(known, lang)))
        pairs.append((self.say("evidence.reviewed"), number(len(found.reviewed), lang)))
        if runs:
            level = runs[-1][1].evidence.level
            pairs += [(text("report.level", lang), text(f"level.{level}", lang))]
            pairs += [(text("report.installation", lang), runs[-1][1].installation)]
        yield KeyValue(tuple(pairs))
        told = Counter(self._finding(finding) for finding in found.evidence)
        lines = [
            self.say("evidence.times", what=what, n=n) if n > 1 else what
            for what, n in told.items()
        ]
        yield Items(tuple(lines)) if lines else Paragraph(self.say("evidence.none"))
        if found.earlier:
            yield Paragraph(self.say("evidence.earlier", n=found.earlier), "note")
        yield Heading(self.say("how-to-check"), 3)
        yield Paragraph(self.say("how-to-check.text"))

    def _finding(self, finding: Finding) -> str:
        sentence = code("code", finding.code, self.lang)
        known = finding.params
        if "first" in known:
            place = self.say("evidence.from-to", first=str(known["first"]), last=str(known["last"]))
        elif "seq" in known:
            place = self.say("evidence.number", seq=str(known["seq"]))
        elif "fingerprint" in known:
            place = str(known["fingerprint"])
        else:
            place = ""
        name = finding.file
        if name and name != LEDGER and not REPORT_NAME.fullmatch(name):
            name = self.say("evidence.foreign")  # the name of such a file could be anything
        told = ", ".join(part for part in (name, place) if part)
        return self.say("evidence.finding", told=told, what=sentence) if told else sentence

    def _reports(self) -> Iterator[Block]:
        runs = self.found.told
        if not runs:
            return
        yield PageBreak()
        yield Heading(self.say("list"))
        rows = []
        for report, run in runs:
            ended = moment(run.run.ended_at).astimezone(self.found.zone).date()
            state = text(f"status.{run.run.outcome}", self.lang)
            if run.is_erasure:
                state = self.say("erasure", state=state)
            rows.append((str(run.ledger.seq), day(ended, self.lang), state, report.digest))
        yield Table(self._columns("seq", "day", "outcome", "digest"), tuple(rows))


def review(lang: Lang) -> Iterator[Block]:
    """The empty block that the data protection officer fills in on paper."""
    yield Heading(text("review.title", lang))
    yield Paragraph(text("review.intro", lang))
    choices = ("order", "findings", "refused")
    lines = ("findings", "function", "place", "signature")
    yield Form(
        tuple(text(f"review.choice.{name}", lang) for name in choices),
        tuple(text(f"review.line.{name}", lang) for name in lines),
    )


def _from_to(first: date, last: date, lang: Lang) -> str:
    if first == last:
        return day(first, lang)
    return text("annex.from-to", lang, first=first, last=last)
