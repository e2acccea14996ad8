"""What does another version of a policy change?

Rules are paired by what they take: the same class and part, or the same name. What a changed rule
does to records that are there now is counted elsewhere, by a census under either version.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pbxretain.policy.document import Policy, Rule

Pair = tuple[Rule | None, Rule | None]
TERMS = ("only", "keep", "minimum", "slack", "redact", "starts", "override", "basis")
TOP = ("controller", "decided_by", "decided_on", "review_by", "limits")


@dataclass(frozen=True, slots=True)
class Added:
    """A rule that wasn't there before."""

    rule: Rule
    kind: Literal["added"] = "added"

    @property
    def pair(self) -> Pair:
        """Before and after."""
        return None, self.rule


@dataclass(frozen=True, slots=True)
class Removed:
    """A rule that is gone."""

    rule: Rule
    kind: Literal["removed"] = "removed"

    @property
    def pair(self) -> Pair:
        """Before and after."""
        return self.rule, None


@dataclass(frozen=True, slots=True)
class Changed:
    """A rule of which ``terms`` are others than in ``before``."""

    before: Rule
    rule: Rule
    terms: tuple[str, ...]
    kind: Literal["changed"] = "changed"

    @property
    def pair(self) -> Pair:
        """Before and after."""
        return self.before, self.rule


RuleChange = Added | Removed | Changed


@dataclass(frozen=True, slots=True)
class Difference:
    """All that two policies decide differently. ``reordered`` are data classes whose rules stand in
    another order, ``top`` fields outside the rules, ``kept`` rules with the same terms in both."""

    before: Policy
    after: Policy
    rules: Sequence[RuleChange]
    kept: Sequence[tuple[Rule, Rule]]
    reordered: Sequence[str]
    top: Sequence[str]

    @property
    def same(self) -> bool:
        """Whether both decide the same; their names and versions may differ."""
        return not (self.rules or self.reordered or self.top)


def compare(before: Policy, after: Policy) -> Difference:
    """What ``after`` decides otherwise than ``before``."""
    classes = dict.fromkeys(rule.data for rule in (*before.rules, *after.rules))
    changes: list[RuleChange] = []
    kept: list[tuple[Rule, Rule]] = []
    reordered: list[str] = []
    for data in classes:
        pairs = _paired(before.rules_for(data), after.rules_for(data))
        changes += [change for pair in pairs if (change := _change(*pair))]
        both = [(old, new) for old, new in pairs if old and new]
        kept += [pair for pair in both if _change(*pair) is None]
        if _moved(before, after, both):
            reordered.append(data)
    top = [name for name in TOP if getattr(before, name) != getattr(after, name)]
    return Difference(before, after, changes, kept, reordered, top)


def _paired(before: Sequence[Rule], after: Sequence[Rule]) -> list[Pair]:
    """Each rule with what it was, in the new order; rules that are gone come last."""
    left = list(before)
    found: list[Pair] = []
    for new in after:
        old = next(_alike(left, new), None)
        found.append((old, new))
        left = [rule for rule in left if rule is not old]
    return [*found, *((rule, None) for rule in left)]


def _alike(rules: Sequence[Rule], new: Rule) -> Iterator[Rule]:
    """Rules that are the same one: first by the part that they take, then by name."""
    yield from (rule for rule in rules if rule.facets == new.facets)
    yield from (rule for rule in rules if rule.name and rule.name == new.name)


def _change(before: Rule | None, after: Rule | None) -> RuleChange | None:
    if before is None or after is None:
        return Added(after) if after else Removed(before) if before else None
    terms = tuple(name for name in TERMS if _term(before, name) != _term(after, name))
    return Changed(before, after, terms) if terms else None


def _term(rule: Rule, name: str) -> object:
    # The order in which values of a facet are written decides nothing.
    return rule.facets if name == "only" else getattr(rule, name)


def _moved(before: Policy, after: Policy, pairs: Sequence[tuple[Rule, Rule]]) -> bool:
    def places(policy: Policy, rules: Sequence[Rule]) -> list[int]:
        return [next(n for n, each in enumerate(policy.rules) if each is rule) for rule in rules]

    old = places(before, [rule for rule, _ in pairs])
    new = places(after, [rule for _, rule in pairs])
    by_new = sorted(range(len(pairs)), key=lambda n: new[n])
    return [old[n] for n in by_new] != sorted(old)
