"""What does another version of a policy change, in words, and for how many records?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pbxretain import explain, messages
from pbxretain import plan as planning
from pbxretain.bundle import handed
from pbxretain.cli import context, papers, ruletext
from pbxretain.cli.context import App, checked_name
from pbxretain.cli.face import Face
from pbxretain.documents import parse
from pbxretain.errors import DocumentError
from pbxretain.evidence.attestations import ApprovedPolicy
from pbxretain.evidence.statements import parse_statement
from pbxretain.messages import Lang, code, text
from pbxretain.period import Period
from pbxretain.plan import Plan
from pbxretain.policy import document as policies
from pbxretain.policy import editing
from pbxretain.policy.changes import Changed, Difference, Pair, RuleChange, compare
from pbxretain.policy.document import Policy, Rule
from pbxretain.sheet import Block, Heading, Items, KeyValue, Paragraph, Sheet
from pbxretain.signing import open_envelope


def versions(face: Face, name: str, other: str | None) -> tuple[Policy, Policy]:
    """The two policies to compare; with one name, the version that was approved last and the file
    as it stands. DocumentError."""
    if other is not None:
        return _named(face, name), _named(face, other)
    app = context.load(face)
    now = app.policy(name).value
    path = policies.policy_path(app.policies, checked_name(name))
    before = editing.approved_version(path)
    if before is None:
        raise DocumentError(
            f"no approved version of policy {name} was kept",
            hint=f"name the other one: pbxretain policy diff FILE.yaml {name}",
        )
    return before, now


def _named(face: Face, name: str) -> Policy:
    """A policy by name, by file, or as a controller signed it."""
    if name.endswith(".yaml"):
        return policies.load_policy(Path(name)).value
    if not name.endswith(".json"):
        return papers.find_policy(face, name)
    said = parse_statement(open_envelope(handed(Path(name))).payload).predicate
    if not isinstance(said, ApprovedPolicy):
        raise DocumentError(f"{name} is no signed policy")
    return parse(said.document.encode(), name, Policy).value


# --- counting --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Due:
    """How many records of a source a run would take now, under one version of the policy."""

    plan: Plan

    def under(self, rule: Rule | None) -> int:
        """By one rule of that very version; zero for none."""
        return sum(item.due for item in self.plan.items if item.rule is rule) if rule else 0

    def redacted(self, rule: Rule | None) -> int:
        """How many of these stay, in redacted form."""
        mine = [item for item in self.plan.items if rule is not None and item.rule is rule]
        return sum(item.due for item in mine if item.action == "redact")

    def of(self, data: str) -> int:
        """Of one data class, by all its rules."""
        return sum(item.due for item in self.plan.items if item.data_class == data)

    @property
    def uncounted(self) -> list[str]:
        """Datasets that can't be counted now."""
        return [item.dataset for item in self.plan.items if item.refusal and item.census is None]


def count(app: App, source: str, found: Difference) -> tuple[Due, Due]:
    """A real census under either version. Reads only. Raises what opening and planning raise."""
    terms, now = app.terms(source), context.now()
    with app.opened(terms) as opened:
        before, after = (
            Due(planning.make(replace(terms, policy=policy), opened, now=now))
            for policy in (found.before, found.after)
        )
    return before, after


# --- telling ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Comparison:
    """A difference, and where a source was asked, what either version makes due there."""

    found: Difference
    source: str | None = None
    due: tuple[Due, Due] | None = None

    def data(self) -> dict[str, Any]:
        """The comparison as JSON."""
        before, after = self.found.before, self.found.after
        told: dict[str, Any] = {
            "before": _identity(before),
            "after": _identity(after),
            "same": self.found.same,
            "changes": [self._change(change) for change in self.found.rules],
            "reordered": list(self.found.reordered),
            "fields": {
                name: [_plain(before, name), _plain(after, name)] for name in self.found.top
            },
        }
        if self.due:
            told["source"] = self.source
            told["due"] = {data: [each.of(data) for each in self.due] for data in self._classes()}
            told["uncounted"] = self._uncounted()
        return told

    def _change(self, change: RuleChange) -> dict[str, Any]:
        terms = change.terms if isinstance(change, Changed) else ()
        told: dict[str, Any] = {
            "kind": change.kind,
            "data": change.rule.data,
            "name": change.rule.name,
            "only": {name: list(values) for name, values in (change.rule.only or {}).items()},
            "terms": {
                "from" if name == "starts" else name: [_plain(rule, name) for rule in change.pair]
                for name in terms
            },
        }
        if self.due:
            told["due"] = self._counts(change.pair)
            told["redacted"] = self._redacted(change.pair)
        return told

    def _counts(self, pair: Pair) -> list[int]:
        return [due.under(rule) for due, rule in zip(self.due or (), pair, strict=True)]

    def _redacted(self, pair: Pair) -> list[int]:
        return [due.redacted(rule) for due, rule in zip(self.due or (), pair, strict=True)]

    def _classes(self) -> list[str]:
        changed = [change.rule.data for change in self.found.rules]
        return list(dict.fromkeys([*changed, *self.found.reordered]))

    def _uncounted(self) -> list[str]:
        return sorted({name for each in self.due or () for name in each.uncounted})

    def sheet(self, lang: Lang) -> Sheet:
        """The comparison in words."""
        found = self.found
        pairs = tuple(
            (text(key, lang), text("policy.title", lang, name=p.policy, version=p.version))
            for key, p in (("diff.before", found.before), ("diff.after", found.after))
        )
        blocks: list[Block] = [Heading(text("diff.title", lang), 1), KeyValue(pairs)]
        if found.same:
            return Sheet(lang, (*blocks, Paragraph(text("diff.same", lang), "result")))
        blocks.append(Items(tuple(self._sentences(lang))))
        if self.due:
            more = sum(self.due[1].of(d) - self.due[0].of(d) for d in self._classes())
            whole = text("diff.source", lang, source=self.source, more=_more(more, lang))
            blocks.append(Paragraph(whole, "result"))
            blocks += [
                Paragraph(text("diff.uncounted", lang, dataset=name), "note")
                for name in self._uncounted()
            ]
        return Sheet(lang, tuple(blocks))

    def _sentences(self, lang: Lang) -> Iterator[str]:
        for change in self.found.rules:
            yield self._told(change, lang)
        yield from self._beside(lang) if self.due else ()
        for data in self.found.reordered:
            yield text("diff.reordered", lang, data=explain.data_class(data, lang))
        for name in self.found.top:
            yield text(
                "diff.term",
                lang,
                what=text(f"diff.{name}", lang),
                before=_shown(self.found.before, name, lang),
                after=_shown(self.found.after, name, lang),
            )
        if self.due:
            for data in self._classes():
                if len(self.found.before.rules_for(data) + self.found.after.rules_for(data)) > 2:
                    more = self.due[1].of(data) - self.due[0].of(data)
                    yield text(
                        "diff.class",
                        lang,
                        data=explain.data_class(data, lang),
                        more=_more(more, lang),
                    )

    def _beside(self, lang: Lang) -> Iterator[str]:
        """Rules that say the same as before and take more or fewer, for others beside them."""
        for pair in self.found.kept:
            before, after = self._counts(pair)
            if before != after:
                said = text("diff.unchanged", lang, more=_more(after - before, lang))
                part = ruletext.part(pair[1], lang)
                yield text("report.exceptions.plain", lang, where=part, what=said)

    def _told(self, change: RuleChange, lang: Lang) -> str:
        part = ruletext.part(change.rule, lang)
        if isinstance(change, Changed):
            said = "; ".join(_terms(change, lang))
        else:
            said = text(f"diff.{change.kind}", lang, stages=ruletext.whole(change.rule, lang))
        if self.due:
            before, after = self._counts(change.pair)
            said = text("diff.counted", lang, said=said, more=_more(after - before, lang))
            redacted = self._redacted(change.pair)
            if any(redacted):
                more = text("diff.redacted", lang, before=redacted[0], after=redacted[1])
                said = text("diff.counted", lang, said=said, more=more)
        return text("report.exceptions.plain", lang, where=part, what=said)


def _more(count: int, lang: Lang) -> str:
    if count == 0:
        return text("diff.none", lang)
    kind = "more" if count > 0 else "fewer"
    many = "one" if abs(count) == 1 else "many"
    return text(f"diff.{kind}.{many}", lang, n=abs(count))


def _terms(change: Changed, lang: Lang) -> Iterator[str]:
    """Each term that changed, the period first and without its name."""
    before, after = change.before, change.rule
    order = sorted(change.terms, key=lambda name: name != "keep")
    for name in order:
        if name == "keep":
            yield _arrow(before.keep, after.keep, lang)
        else:
            yield text(
                "diff.term",
                lang,
                what=text(f"diff.{name}", lang),
                before=_term(before, name, lang),
                after=_term(after, name, lang),
            )


def _arrow(before: Period | str, after: Period | str, lang: Lang) -> str:
    """``90 → 30 days``; where the units differ, both in full."""
    said = [messages.period(str(keep), lang) for keep in (before, after)]
    if isinstance(before, Period) and isinstance(after, Period):
        alike = (before.unit, before.year_end, after.year_end) == (after.unit, False, False)
        said[0] = str(before.count) if alike else said[0]
    return " → ".join(said)


_NONE = ("slack", "starts", "override")
"""Terms whose absence has words of its own."""


def _term(rule: Rule, name: str, lang: Lang) -> str:
    none = text(f"diff.{name}.none" if name in _NONE else "rule.none", lang)
    match name:
        case "minimum":
            return messages.period(str(rule.minimum), lang) if rule.minimum else none
        case "slack":
            return messages.period(str(rule.slack), lang) if rule.slack else none
        case "redact":
            return ruletext.redaction(rule.redact, lang) if rule.redact else none
        case "starts":
            return ruletext.starts(rule, lang) or none
        case "override":
            return _joined(rule.override.by, rule.override.ref) if rule.override else none
        case "only":
            return ruletext.part(rule, lang)
        case _:
            basis = rule.basis if isinstance(rule.basis, str) else rule.basis.code
            words = None if isinstance(rule.basis, str) else rule.basis.text
            return _joined(code("basis", basis, lang), words)


def _joined(*words: str | None) -> str:
    return ", ".join(word for word in words if word)


def _shown(policy: Policy, name: str, lang: Lang) -> str:
    value = getattr(policy, name)
    if value is None:
        return text("not-stated", lang)
    if name == "limits":
        share = f"{value.share} %"
        most = messages.counted(value.count, lang) if value.count else ""
        return _joined(share, text("diff.limits.count", lang, most=most) if most else None)
    return messages.day(value, lang) if name in ("decided_on", "review_by") else str(value)


def _identity(policy: Policy) -> Mapping[str, object]:
    state = policies.approval_state(policy)
    return {
        "policy": policy.policy,
        "version": policy.version,
        "digest": policy.digest(),
        "approval": state,
    }


def _plain(of: Policy | Rule | None, name: str) -> object:
    """A value as it stands in the document."""
    if of is None:
        return None
    dumped = of.model_dump(mode="json", include={name})
    return dumped.get(name)


def compared(face: Face, name: str, other: str | None, *, source: str | None) -> Comparison:
    """Compares two versions, and where a source is named, counts there."""
    found = compare(*versions(face, name, other))
    if source is None:
        return Comparison(found)
    return Comparison(found, source, count(context.load(face), source, found))
