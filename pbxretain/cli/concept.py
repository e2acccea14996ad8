"""What does the deletion concept say: who decides, what is kept how long, how is it deleted?

In the order of DIN 66398 and ISO/IEC 27555. It says what is meant to happen, never what happened.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from dateutil.relativedelta import relativedelta

from pbxretain import __version__
from pbxretain.annex.words import review
from pbxretain.cli import inventory, ruletext
from pbxretain.cli.concept_facts import System
from pbxretain.documents import Loaded
from pbxretain.manifest import Dataset, LinesDataset, SpoolDataset, TableDataset, all_children
from pbxretain.messages import Lang, code, counted, day, hours, period, text
from pbxretain.period import Period
from pbxretain.policy.document import Policy, Rule, approval_state
from pbxretain.settings import Settings
from pbxretain.sheet import (
    Block,
    Column,
    Heading,
    Items,
    KeyValue,
    PageBreak,
    Paragraph,
    Sheet,
    Table,
    Verdict,
)

REVIEW_AFTER = relativedelta(months=12)
_ROLES = ("controller", "dpo", "admin", "legal", "works-council")
_METHODS = {
    "table": "db_delete",
    "tree": "file_unlink",
    "spool": "file_unlink",
    "lines": "rewrite",
    "api": "product",
    "command": "product",
}


def sheet(found: Sequence[System], settings: Settings, lang: Lang, *, now: datetime) -> Sheet:
    """The whole document."""
    today = now.astimezone(found[0].source.zone).date()
    blocks = tuple(_Concept(found, settings, lang, today).blocks())
    return Sheet(lang, blocks, made=now, mark=text("concept.mark", lang, today=today))


@dataclass(frozen=True, slots=True)
class _Concept:
    found: Sequence[System]
    settings: Settings
    lang: Lang
    today: date

    def say(self, key: str, **params: object) -> str:
        return text(f"concept.{key}", self.lang, **params)

    def blocks(self) -> Iterator[Block]:
        yield Heading(self.say("title", controller=self._controllers()), 1)
        yield from self._answer()
        for number, (key, part) in enumerate(
            (
                ("purpose", self._purpose),
                ("roles", self._roles),
                ("systems", self._systems),
                ("data", self._data),
                ("rules", self._rules),
                ("classes", self._matrix),
                ("undecided", self._undecided),
                ("method", self._method),
                ("copies", self._copies),
                ("holds", self._holds),
                ("evidence", self._evidence),
                ("schedule", self._schedule),
                ("revision", self._revision),
            ),
            1,
        ):
            yield Heading(f"{number}. {self.say(key)}")
            yield from part()
        yield from review(self.lang)
        yield PageBreak()
        yield Heading(self.say("annex"))
        yield Paragraph(self.say("annex.intro"))
        for system in self.found:
            yield from self._implementation(system)

    def _policies(self) -> list[Loaded[Policy]]:
        return list({system.policy.digest: system.policy for system in self.found}.values())

    def _controllers(self) -> str:
        names = [policy.value.controller for policy in self._policies()]
        known = dict.fromkeys(name for name in names if name)
        return ", ".join(known) or text("not-stated", self.lang)

    def _answer(self) -> Iterator[Block]:
        undecided = {(system.policy.digest, n) for system in self.found for n in system.undecided}
        draft = [p for p in self._policies() if approval_state(p.value) != "approved"]
        classes = {d.data for system in self.found for d in system.datasets.values()}
        done = not undecided and not draft
        yield Verdict(
            self.say(
                "result.done" if done else "result.open",
                classes=len(classes),
                undecided=len(undecided),
                drafts=len(draft),
            ),
            self.say("status.done" if done else "status.open"),
            "good" if done else "attention",
        )

    def _purpose(self) -> Iterator[Block]:
        yield Paragraph(self.say("purpose.text", today=self.today, version=__version__))
        yield Paragraph(self.say("purpose.not"), "note")

    def _roles(self) -> Iterator[Block]:
        columns = self._columns("role", "function", "task")
        rows = []
        for role in _ROLES:
            name = self._controllers() if role == "controller" else self.say(f"role.{role}.who")
            rows.append((self.say(f"role.{role}"), name, self.say(f"role.{role}.task")))
        yield Table(columns, tuple(rows))
        yield Paragraph(self.say("roles.note"), "note")

    def _columns(self, *keys: str) -> tuple[Column, ...]:
        return tuple(Column(self.say(f"col.{key}")) for key in keys)

    # -- systems and data

    def _systems(self) -> Iterator[Block]:
        for system in self.found:
            yield Heading(system.name, 3)
            yield KeyValue(tuple(self._system(system)))
            left = [
                f"{name} ({code('data', dataset.data, self.lang)})"
                for name, dataset in system.connector.manifest.datasets.items()
                if name not in system.datasets
            ]
            if left:
                yield Paragraph(self.say("systems.left", names=", ".join(left)))

    def _system(self, system: System) -> Iterator[tuple[str, str]]:
        lang, source, connector = self.lang, system.source, system.connector
        none = text("not-stated", lang)
        trials = [
            f"{t.version} ({code('trial', t.how, lang)}, {day(t.on, lang)})"
            for t in connector.manifest.tried
        ]
        form = "code" if connector.contains_code else "plain"
        yield self.say("product"), connector.manifest.title
        yield text("report.activity", lang), source.processing_activity or none
        yield text("report.dpia", lang), source.dpia_ref or none
        yield text("report.zone", lang), source.timezone
        yield self.say("database"), code("dialect", system.dialect or "none", lang)
        yield (
            text("report.connector", lang),
            text(f"report.connector.{form}", lang, name=connector.name),
        )
        yield text("report.connector.digest", lang), connector.digest
        yield text("connector.trials", lang), "; ".join(trials) or text("connector.untried", lang)
        if not connector.manifest.was_tried:
            accepted = source.accept_untried == connector.digest
            yield self.say("untried"), self.say("untried.yes" if accepted else "untried.no")
        value = system.policy.value
        yield (
            text("report.policy", lang),
            text("report.policy.value", lang, name=value.policy, version=value.version),
        )

    def _data(self) -> Iterator[Block]:
        yield Paragraph(self.say("data.intro"))
        columns = self._columns("data", "place", "content", "personal", "subjects")
        rows = [
            (
                code("data", dataset.data, self.lang),
                f"{system.name}: {name}",
                dataset.title,
                self._personal(system, dataset),
                self._subjects(dataset),
            )
            for system in self.found
            for name, dataset in system.datasets.items()
        ]
        yield Table(columns, tuple(sorted(rows)))

    def _personal(self, system: System, dataset: Dataset) -> str:
        if isinstance(dataset, TableDataset):
            columns = dict.fromkeys((*dataset.personal, *dataset.subjects.values()))
            below = [child.table for child in all_children(dataset.children)]
            below += [shared.table for shared in dataset.shared]
            if not columns and below:
                return self.say("personal.below", tables=", ".join(dict.fromkeys(below)))
            return ", ".join(columns) or "-"
        told = dict(inventory.told(system.connector.manifest, dataset, self.lang))
        return told.get("inventory.personal") or self.say("personal.whole")

    def _subjects(self, dataset: Dataset) -> str:
        if isinstance(dataset, TableDataset | LinesDataset):
            return ", ".join(code("subject", name, self.lang) for name in dataset.subjects) or "-"
        if isinstance(dataset, SpoolDataset):
            return self.say("subjects.spool")
        names = getattr(dataset, "subjects", ())
        return ", ".join(code("subject", n, self.lang) for n in names) or self.say("subjects.call")

    # -- rules

    def _rules(self) -> Iterator[Block]:
        yield Paragraph(self.say("rules.intro"))
        for policy in self._policies():
            value, lang = policy.value, self.lang
            name = text("policy.title", lang, name=value.policy, version=value.version)
            yield Heading(name, 3)
            yield KeyValue(
                (
                    (text("report.approval", lang), self._approval(value)),
                    *self._decided(value),
                    (text("report.policy.digest", lang), policy.digest),
                    (self.say("applies"), ", ".join(self._users(policy))),
                )
            )
            keys = ("data", "keep", "minimum", "start", "basis")
            columns = tuple(Column(text(f"policy.col.{key}", lang)) for key in keys)
            yield Table(columns, tuple(self._rule(policy, rule) for rule in value.rules))
        yield Paragraph(self.say("rules.counting"), "note")
        yield Paragraph(self.say("rules.period"), "note")

    def _decided(self, policy: Policy) -> Iterator[tuple[str, str]]:
        """Who decided, by function, and what settings demand before a run."""
        if policy.decided_by:
            on = [day(policy.decided_on, self.lang)] if policy.decided_on else []
            yield text("policy.decided", self.lang), ", ".join([policy.decided_by, *on])
        mine = [s.source for s in self.found if s.policy.value.policy == policy.policy]
        signed = any(self.settings.approval_for(source) == "signed" for source in mine)
        both = any(self.settings.consulted_for(source) for source in mine)
        if signed:
            yield self.say("signature"), self.say("signature.both" if both else "signature.one")

    def _users(self, policy: Loaded[Policy]) -> list[str]:
        return [system.name for system in self.found if system.policy.digest == policy.digest]

    def _approval(self, policy: Policy) -> str:
        state, approved = approval_state(policy), policy.approved
        words = text(f"policy.state.{state}", self.lang)
        if state != "approved" or approved is None:
            return words
        told = self.say("approved", by=approved.by, on=approved.on)
        return f"{told}: {approved.ref}" if approved.ref else told

    def _rule(self, policy: Loaded[Policy], rule: Rule) -> tuple[str, ...]:
        lang = self.lang
        basis = rule.basis if isinstance(rule.basis, str) else rule.basis.code
        words = code("basis", basis, lang)
        if not isinstance(rule.basis, str) and rule.basis.text:
            words = f"{words}: {rule.basis.text}"
        return (
            ruletext.part(rule, lang),
            "; ".join(ruletext.stages(rule, lang)),
            ruletext.minimum(rule, lang),
            ruletext.starts(rule, lang) or ", ".join(self._starts(policy, rule)) or "-",
            words,
        )

    def _starts(self, policy: Loaded[Policy], rule: Rule) -> list[str]:
        """Start events in words: the rule's own, else the first of each dataset of the class."""
        if rule.starts:
            return [ruletext.starts(rule, self.lang)]
        names = dict.fromkeys(
            _first_start(dataset)
            for system in self.found
            if system.policy.digest == policy.digest
            for dataset in system.datasets.values()
            if dataset.data == rule.data
        )
        return [code("start", name, self.lang) for name in names]

    def _matrix(self) -> Iterator[Block]:
        """Standard periods crossed with starting points; each cell is a deletion class."""
        cells: dict[tuple[str, str], dict[str, None]] = {}
        for policy in self._policies():
            for rule in policy.value.rules:
                for start in self._starts(policy, rule) if not rule.forever else ():
                    name = ruletext.part(rule, self.lang)
                    cells.setdefault((str(rule.keep), start), {})[name] = None
        if not cells:
            yield Paragraph(self.say("classes.none"))
            return
        yield Paragraph(self.say("classes.intro"))
        starts = list(dict.fromkeys(start for _, start in cells))
        periods = sorted(dict.fromkeys(keep for keep, _ in cells), key=_length)
        columns = (Column(self.say("col.period")), *(Column(start) for start in starts))
        rows = tuple(
            (
                period(keep, self.lang),
                *(", ".join(cells.get((keep, start), {})) or "-" for start in starts),
            )
            for keep in periods
        )
        yield Table(columns, rows)

    def _undecided(self) -> Iterator[Block]:
        lines = [
            self.say("undecided.item", source=system.name, data=code("data", name, self.lang))
            for system in self.found
            for name in system.undecided
        ]
        if lines:
            yield Items(tuple(lines))
        else:
            yield Paragraph(self.say("undecided.none"))
        kept = {
            ruletext.part(rule, self.lang): None
            for policy in self._policies()
            for rule in policy.value.rules
            if rule.forever and not rule.undecided
        }
        if kept:
            yield Paragraph(self.say("undecided.kept", names=", ".join(kept)))

    # -- method, copies, holds

    def _method(self) -> Iterator[Block]:
        kinds = dict.fromkeys(
            _METHODS[dataset.kind] for system in self.found for dataset in system.datasets.values()
        )
        yield Items(tuple(self.say(f"method.{kind}") for kind in kinds))
        dialects = dict.fromkeys(system.dialect for system in self.found if system.dialect)
        if "db_delete" in kinds and dialects:
            yield Items(tuple(self.say(f"reclaim.{name}") for name in dialects))
        yield Paragraph(self.say("method.logical"))
        yield Paragraph(self.say("method.order"))

    def _copies(self) -> Iterator[Block]:
        yield Paragraph(self.say("copies.intro"))
        rows = []
        blank = self.say("copies.blank")
        for system in self.found:
            for copy in system.connector.manifest.out_of_reach:
                words = copy.text.get(self.lang) or next(iter(copy.text.values()), copy.code)
                rows.append((system.name, words, blank, blank))
            for table in system.source.uncovered_tables:
                rows.append((system.name, self.say("copies.table", table=table), blank, blank))
        if rows:
            yield Table(self._columns("system", "copy", "ages", "responsible"), tuple(rows))
        else:
            yield Paragraph(text("report.copies.none", self.lang))
        yield Paragraph(self.say("copies.restore"))

    def _holds(self) -> Iterator[Block]:
        kinds = ("precedence", "hold", "minimum", "undated", "straddling", "part")
        yield Items(tuple(self.say(f"holds.{kind}") for kind in kinds))
        for policy in self._policies():
            limits = policy.value.limits
            name = policy.value.policy
            yield Paragraph(self.say("holds.limit", name=name, share=limits.share))
        yield Paragraph(self.say("holds.refuse"))

    def _evidence(self) -> Iterator[Block]:
        yield Paragraph(self.say("evidence.text"))
        yield Paragraph(self.say(f"evidence.{self.settings.evidence}"))
        yield Paragraph(self.say("evidence.sidecars"))
        yield Paragraph(self.say("evidence.check"))

    def _schedule(self) -> Iterator[Block]:
        for system in self.found:
            known = system.interval is not None
            every = hours(system.interval or 0, self.lang)
            grace = counted(system.grace or 0, self.lang, thing="hour")
            key = "schedule.known" if known else "schedule.unknown"
            yield Paragraph(self.say(key, source=system.name, every=every, grace=grace))
        yield Paragraph(self.say("schedule.note"), "note")

    def _revision(self) -> Iterator[Block]:
        pairs = []
        for policy in self._policies():
            value, approved = policy.value, policy.value.approved
            by = self.say("revision.draft")
            if approved is not None and approval_state(value) == "approved":
                by = self.say("revision.by", on=value.review_by or approved.on + REVIEW_AFTER)
            name = text("report.policy.value", self.lang, name=value.policy, version=value.version)
            pairs.append((name, by))
        yield KeyValue(tuple(pairs))
        yield Paragraph(self.say("revision.when"))

    # -- implementation

    def _implementation(self, system: System) -> Iterator[Block]:
        manifest, lang = system.connector.manifest, self.lang
        yield Heading(self.say("annex.source", source=system.name, product=manifest.title), 3)
        for name, dataset in system.datasets.items():
            title = code("data", dataset.data, lang)
            yield Heading(text("inventory.dataset", lang, name=name, data=title), 4)
            yield KeyValue(tuple(self._dataset(system, name, dataset)))

    def _dataset(self, system: System, name: str, dataset: Dataset) -> Iterator[tuple[str, str]]:
        rules = [rule for rule in system.rules(dataset) if not rule.undecided]
        keep = "\n".join(self._term(rule) for rule in rules) or self.say("rule.none")
        yield text("policy.col.keep", self.lang), keep
        told = inventory.told(system.connector.manifest, dataset, self.lang)
        yield from ((text(label, self.lang), value) for label, value in told if value)
        if table := system.source.tables.get(name):
            yield self.say("table.named"), table
        never = isinstance(dataset, TableDataset) and dataset.reads_only
        if not never:
            how = ["db_update"] if any(rule.redact for rule in rules) else []
            methods = [code("method", name, self.lang) for name in (*how, _METHODS[dataset.kind])]
            yield self.say("how"), "\n".join(methods)

    def _term(self, rule: Rule) -> str:
        """How long a record stays, and of which records where not of all."""
        stages = "; ".join(ruletext.stages(rule, self.lang))
        return f"{ruletext.part(rule, self.lang)}: {stages}" if rule.only else stages


def _first_start(dataset: Dataset) -> str:
    starts = getattr(dataset, "starts", None)
    return next(iter(starts)) if starts else str(getattr(dataset, "start", ""))


_ANY_DAY = date(2026, 7, 1)


def _length(keep: str) -> tuple[int, str]:
    if keep == "forever":
        return 0, keep
    found = Period.parse(keep)
    return (found.after(_ANY_DAY) - _ANY_DAY).days, keep
