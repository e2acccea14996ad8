"""Which rules of a policy get in each other's way? For ``policy check``.

The first rule that matches a record counts. So a rule that stands before a narrower one takes all
of it, and where two rules overlap, their order decides. Two orders of the same rules of which
nothing is told here treat every record alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from pbxretain.manifest import Dataset, Manifest, TableDataset
from pbxretain.policy.document import Policy, Rule

Facets = Mapping[str, frozenset[str]]

_SEVERAL = frozenset({"extension", "department"})
"""Facets of which one record can have several values: a call has two ends."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One rule, by its index in the policy, and an earlier one that gets in its way.

    RULE_UNREACHABLE: the earlier takes all. RULE_OVERLAP: it takes some, and treats them
    differently. RULE_FACET: no dataset of the class (``facet`` names it) knows the facet.
    RULE_REDACT: the rule redacts, and a dataset of the class (``dataset`` names it) can't be.
    REDACTED_BEFORE_FILE: the rule blanks what ties longer-lived files (``dataset``) to a person.
    """

    code: Literal[
        "RULE_UNREACHABLE", "RULE_OVERLAP", "RULE_FACET", "RULE_REDACT", "REDACTED_BEFORE_FILE"
    ]
    data: str
    index: int
    earlier: int | None = None
    facet: str = ""
    dataset: str = ""


def remarks(policy: Policy, *, several: Collection[str] | None = None) -> Iterator[Remark]:
    """Unreachable rules, and overlaps of which the order decides.

    ``several`` names the facets of which one record can have more than one value; without it, an
    extension, a department and what a site names itself.
    """
    for (earlier, one), (index, other) in combinations(enumerate(policy.rules), 2):
        if one.data != other.data:
            continue
        if _within(other.facets, one.facets):
            yield Remark("RULE_UNREACHABLE", other.data, index, earlier)
        elif _treatment(one) != _treatment(other) and _partly(one.facets, other.facets, several):
            yield Remark("RULE_OVERLAP", other.data, index, earlier)


def several_values(manifest: Manifest) -> frozenset[str]:
    """The facets of which a record can have several values, as the datasets declare them: told by
    several columns, or by all rows that name a file."""
    return frozenset(
        name
        for kind in manifest.datasets.values()
        for name, declared in _declared(kind).items()
        if _told_more_than_once(name, declared)
    )


def _told_more_than_once(name: str, declared: object) -> bool:
    if declared is None:  # a client hands it over, and may hand over several
        return _can_be_several(name, None)
    return bool(getattr(declared, "rows", False)) or len(getattr(declared, "columns", ())) > 1


def unknown_facets(manifest: Manifest, policy: Policy) -> Iterator[Remark]:
    """Facets of a rule that no dataset of its class declares, of the classes that are offered."""
    for index, rule in enumerate(policy.rules):
        kinds = [kind for kind in manifest.datasets.values() if kind.data == rule.data]
        known = {name for kind in kinds for name in _declared(kind)}
        for name in rule.facets if kinds else ():
            if name not in known:
                yield Remark("RULE_FACET", rule.data, index, facet=name)


def unredactable(manifest: Manifest, policy: Policy) -> Iterator[Remark]:
    """Datasets that a rule would redact and that only can be deleted."""
    for index, rule in enumerate(policy.rules):
        for name, kind in manifest.datasets.items():
            if rule.redact and kind.data == rule.data and not _redactable(manifest, kind):
                yield Remark("RULE_REDACT", rule.data, index, dataset=name)


def untied_files(manifest: Manifest, policy: Policy) -> Iterator[Remark]:
    """Files that stay after the rows which name them were redacted: no hold and no demand finds
    them by a number any more, unless their names tell it."""
    for index, rule in enumerate(policy.rules):
        if rule.redact is None:
            continue
        for kind in manifest.datasets.values():
            if not isinstance(kind, TableDataset) or kind.data != rule.data or kind.link is None:
                continue
            part, after = kind.link.dataset, rule.redact.after
            theirs = manifest.datasets[part].data
            beyond = any(other.stays_beyond(after) for other in policy.rules_for(theirs))
            if kind.link.column in kind.redact and theirs != rule.data and beyond:
                yield Remark("REDACTED_BEFORE_FILE", rule.data, index, dataset=part)


def _redactable(manifest: Manifest, kind: Dataset) -> bool:
    if isinstance(kind, TableDataset):
        return not kind.without_form and not kind.reads_only
    return manifest.goes_with_rows(kind)


def _declared(kind: object) -> Mapping[str, object]:
    declared = getattr(kind, "facets", {})
    return declared if isinstance(declared, Mapping) else dict.fromkeys(declared)


def _within(narrow: Facets, wide: Facets) -> bool:
    """Whether whatever matches ``narrow`` matches ``wide`` as well."""
    return all(name in narrow and narrow[name] <= values for name, values in wide.items())


def _partly(one: Facets, other: Facets, several: Collection[str] | None) -> bool:
    """Whether some record matches both, and neither holds the other."""
    if _within(one, other) or _within(other, one):
        return False
    return all(
        one[name] & other[name] or _can_be_several(name, several)
        for name in one.keys() & other.keys()
    )


def _can_be_several(name: str, several: Collection[str] | None) -> bool:
    if several is None:
        return name in _SEVERAL or name.startswith("x-")
    return name in several


def _treatment(rule: Rule) -> object:
    return rule.keep, rule.minimum, rule.slack, rule.starts, rule.redact
