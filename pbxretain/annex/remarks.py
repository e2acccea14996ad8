"""Is everything in order with a period of deletion runs, and what has to be known first?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from pbxretain.annex.figures import EXEMPTIONS, Figures
from pbxretain.errors import Exit

Answer = Literal["good", "notes", "open", "none", "unseen", "untrusted", "forged"]
EXITS: dict[Answer, Exit] = {
    "good": Exit.OK,
    "notes": Exit.OK,
    "open": Exit.INCOMPLETE,
    "none": Exit.INCOMPLETE,
    "unseen": Exit.UNAVAILABLE,
    "untrusted": Exit.UNTRUSTED,
    "forged": Exit.FORGED,
}


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that the reader has to know first: a key of the catalogue and what fills it.

    ``open`` is what somebody still has to see to; anything else is over or for information.
    """

    name: str
    open: bool
    params: dict[str, object] = field(default_factory=dict)


def remarks(found: Figures) -> tuple[Remark, ...]:
    """Everything that keeps the answer from being a plain yes, the open things first."""
    return tuple(sorted(_remarks(found), key=lambda remark: not remark.open))


def answer(found: Figures) -> Answer:
    """Whether everything is in order, in one word."""
    exits = {finding.exit for finding in found.evidence}
    if Exit.FORGED in exits:
        return "forged"
    if Exit.UNTRUSTED in exits:
        return "untrusted"
    if not found.runs:
        return "none"
    if Exit.UNAVAILABLE in exits:
        return "unseen"
    known = remarks(found)
    return "open" if any(remark.open for remark in known) else "notes" if known else "good"


def exit_code(found: Figures) -> Exit:
    """0 when in order, 3 with open points, 6 unreadable, 7 forged, 8 signed by nobody known."""
    return EXITS[answer(found)]


def _remarks(found: Figures) -> Iterator[Remark]:
    serious = [f for f in found.evidence if f.exit is not Exit.OK]
    if serious:
        yield Remark("evidence", open=True, params={"n": len(serious)})
    if found.kept.due is not None:
        missed = found.kept.due - found.kept.taken - found.kept.explained
        if missed > 0:
            yield Remark("missed", open=True, params={"n": missed, "due": found.kept.due})
        if found.kept.explained:
            yield Remark("explained", open=False, params={"n": found.kept.explained})
    if not found.runs:
        yield Remark("no-run", open=True)
        return
    if residue := found.left("residue"):
        yield Remark("residue", open=True, params={"n": residue})
    if failed := found.left("failed"):
        yield Remark("failed", open=True, params={"n": failed})
    if found.unexplained:
        yield Remark("unexplained", open=True, params={"days": found.unexplained.days})
    lasting = [trouble for trouble in found.troubles if not trouble.made_good]
    if lasting and lasting[-1].outcome != "recovered":
        yield Remark("last-run", open=True, params={"outcome": lasting[-1].outcome})
    last = found.last
    if last is not None and last.policy.not_decided:
        yield Remark("not-decided", open=True, params={"n": len(last.policy.not_decided)})
    if last is not None and not last.policy.approved:
        yield Remark("not-approved", open=True)
    if over := sum(trouble.count for trouble in found.troubles if trouble.made_good):
        yield Remark("made-good", open=False, params={"n": over})
    if found.overdue and not residue:
        yield Remark("was-overdue", open=False, params={"days": found.overdue.days})
    if found.begins and found.begins > found.span.first:
        yield Remark("begins", open=False, params={"day": found.begins})
    own = {seen.code for seen in found.findings if seen.open}
    if others := own - {*EXEMPTIONS, "NOT_DECIDED"}:
        yield Remark("findings", open=False, params={"n": len(others)})
