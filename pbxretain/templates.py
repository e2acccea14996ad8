"""What policy templates ship with pbxretain, and how does one become a policy of an installation?

A template is a policy that nobody approved. Its header says in German and English what it is for;
a copy keeps all of it, and leaves out what the PBX at hand can't tell apart or date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import yaml

from pbxretain.documents import parse, scalar
from pbxretain.errors import DocumentError
from pbxretain.manifest import Dataset, Manifest
from pbxretain.messages import Lang
from pbxretain.period import Period
from pbxretain.policy.document import Policy, Rule
from pbxretain.policy.editing import set_scalar
from pbxretain.posix import write_synced
from pbxretain.strands import offered_starts
from pbxretain.strictyaml import printable

_PURPOSE = {"de": "Zweck", "en": "Purpose"}


def names() -> list[str]:
    """The templates that ship with pbxretain; none of them is approved."""
    folder = resources.files("pbxretain.policies")
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    )


def template_text(name: str) -> str:
    """A template as it ships, with its comments. Raises DocumentError for an unknown name."""
    known = names()
    if name not in known:
        raise DocumentError(
            f"There is no policy template {printable(name, limit=64)}",
            hint=f"known: {', '.join(known)}",
        )
    return (resources.files("pbxretain.policies") / f"{name}.yaml").read_text("utf-8")


def purpose(text: str, lang: Lang) -> str:
    """What a template, or a policy copied from one, says it is for; empty where it says nothing."""
    found = re.search(rf"^#   {_PURPOSE[lang]}: +(.*(?:\n#  {{8,}}.*)*)", text, re.MULTILINE)
    return " ".join(line.lstrip("# ") for line in found[1].splitlines()) if found else ""


# --- copying ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Copied:
    """Data classes that were added undecided, and what the PBX lacks for a rule: pairs of data
    class and what the rule names."""

    added: tuple[str, ...]
    lost: tuple[tuple[str, str], ...] = ()


def copy(
    template: str,
    target: Path,
    *,
    offered: Sequence[str],
    controller: str = "",
    manifest: Manifest | None = None,
) -> Copied:
    """Writes a template as a policy of the target's name and tells what became of its rules.

    Offered data classes that have no rule for all their records stay forever, undecided, until
    somebody decides. With a manifest, rules that this PBX can't follow become comments that say
    why. Never overwrites. Raises DocumentError.
    """
    text = set_scalar(template_text(template), "policy", target.stem)
    if controller:
        text = set_scalar(text, "controller", scalar(controller))
    policy = parse(text.encode(), str(target), Policy).value
    lost = _lost(policy, manifest) if manifest else {}
    text = _commented(text, lost)
    kept = [rule for index, rule in enumerate(policy.rules) if index not in lost]
    whole = {rule.data for rule in kept if rule.only is None}
    named = [policy.rules[index].data for index in lost]
    added = tuple(data for data in dict.fromkeys([*offered, *named]) if data not in whole)
    text = text.rstrip("\n") + "\n" + "".join(_undecided_rule(data) for data in added)
    parse(text.encode(), str(target), Policy)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_synced(target, text.encode(), 0o644, replace=False)
    except FileExistsError:
        raise DocumentError(
            f"{printable(str(target))} is there already and is never overwritten"
        ) from None
    except OSError:
        raise DocumentError(f"{printable(str(target))} can't be written") from None
    return Copied(added, tuple((policy.rules[index].data, why) for index, why in lost.items()))


def _undecided_rule(data: str) -> str:
    return (
        "\n"
        "  # Offered by this PBX, not decided yet / bietet diese Anlage, noch nicht entschieden\n"
        f"  - data: {data}\n"
        "    keep: forever\n"
        "    basis: undecided\n"
    )


# --- what a PBX can't follow --------------------------------------------------------------------


def _lost(policy: Policy, manifest: Manifest) -> dict[int, str]:
    """Positions of rules that the PBX can't follow, and what it doesn't know.

    Where such a rule keeps longer than another of its class, or has a minimum, all rules of the
    class are lost: the rest would delete what it was to keep.
    """
    lost: dict[int, str] = {}
    for index, rule in enumerate(policy.rules):
        datasets = [d for d in manifest.datasets.values() if d.data == rule.data]
        if datasets and (unknown := _unknown(rule, datasets)):
            lost[index] = unknown
    for index, unknown in list(lost.items()):
        rule = policy.rules[index]
        others = {n: r for n, r in enumerate(policy.rules) if r.data == rule.data and n not in lost}
        if any(_keeps_longer(rule, other) for other in others.values()):
            lost.update(dict.fromkeys(others, unknown))
    return dict(sorted(lost.items()))


def _unknown(rule: Rule, datasets: Sequence[Dataset]) -> str:
    """What a rule names and not every dataset of its class has; empty where all is known."""
    for facet in rule.only or ():
        if any(facet not in getattr(dataset, "facets", ()) for dataset in datasets):
            return f"only: {facet}"
    offered = [set(offered_starts(dataset)) for dataset in datasets]
    wanted = set(rule.starts or ())
    # Datasets of one class may name their only start event differently.
    known = wanted & set().union(*offered)
    usable = all(wanted & starts or (known and len(starts) == 1) for starts in offered)
    return "" if not wanted or usable else f"from: {', '.join(rule.starts or ())}"


def _keeps_longer(rule: Rule, other: Rule) -> bool:
    if rule.minimum is not None or not isinstance(rule.keep, Period):
        return True
    return isinstance(other.keep, Period) and rule.keep.exceeds(other.keep)


def _commented(text: str, lost: dict[int, str]) -> str:
    """The document with these rules as comments."""
    lines = text.split("\n")
    for (first, last), unknown in zip(_rule_lines(text, lost), lost.values(), strict=True):
        lines[first] = (
            f"  # Diese Anlage kennt nicht / this PBX doesn't know: {unknown}\n" + lines[first]
        )
        body = lines[first : last + 1]
        lines[first : last + 1] = [_comment(line) for line in body]
    return "\n".join(lines)


def _comment(block: str) -> str:
    before, newline, line = block.rpartition("\n")
    return before + newline + ("  # " + line[2:] if line.strip() else line)


def _rule_lines(text: str, wanted: dict[int, str]) -> Iterator[tuple[int, int]]:
    """First and last line (from 0) of the rules at these positions."""
    document = yaml.compose(text, Loader=yaml.SafeLoader)
    if document is None:
        return
    rules = next(value for key, value in document.value if key.value == "rules").value
    for index in wanted:
        yield rules[index].start_mark.line, _last_line(rules[index])


def _last_line(node: yaml.Node) -> int:
    """Where the last thing in a node stands; a block's own end mark lies behind what follows."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style:
        return max(_last_line(value) for _, value in node.value)
    if isinstance(node, yaml.SequenceNode) and not node.flow_style:
        return max(_last_line(value) for value in node.value)
    return int(node.end_mark.line)
