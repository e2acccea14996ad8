"""Whose record is this, as far as its facets tell?

Facets of one record as read in Python; ``facets`` says the same in SQL. A facet may have several
values (either party of a call), none (then no rule that asks for it fits), or not be told at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from pbxretain.records import Facets, Field, Selection, Ties

Told = Mapping[str, frozenset[str] | None]
"""By facet what a record says; None where nobody can tell."""


class Meaning(Protocol):
    """What stored values mean (``manifest``)."""

    def means(self, stored: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Claim:
    """A record that is a rule's: due before ``cutoff``, never where that is None."""

    cutoff: datetime | None
    maximum: datetime | None = None
    own: datetime | None = None
    """The rule's own maximum, where nobody can tell whether an earlier rule fits."""

    def untold(self, when: datetime) -> bool:
        """Whether a record stays only because nobody can tell whose it is."""
        return self.own is not None and when < self.own and self.standing(when) is None

    def standing(self, when: datetime) -> str | None:
        """``due``, or ``minimum`` for what is past its maximum and refused all the same; None for
        what stays anyway."""
        if self.cutoff is not None and when < self.cutoff:
            return "due"
        return "minimum" if self.maximum is not None and when < self.maximum else None


def claim(told: Told, selection: Selection) -> Claim | None:
    """What a selection wants of a record; None where another rule decides. Where it can't be told
    whether an earlier rule fits, the record is due only when it is under every rule."""
    if not selection.narrowed:
        return Claim(selection.cutoff, selection.maximum)
    mine = whose(told, selection)
    if mine is False:
        return None
    if mine is None:
        return Claim(selection.lowest, own=selection.past)
    return Claim(selection.cutoff, selection.maximum)


def whose(told: Told, selection: Selection) -> bool | None:
    """Whether a record is the selection's; None where it is unless an earlier rule fits, and
    nobody can tell."""
    if fits(told, selection.only) is not True:
        return False
    earlier = [fits(told, facets) for facets in selection.but_not]
    if True in earlier:
        return False
    return None if None in earlier else True


def kept(told: Told, when: Callable[[str], datetime | None], selection: Selection) -> bool:
    """Whether its own rule keeps a record, be it the selection's or a rival's; ``when`` tells its
    start events. One without a time keeps nothing back."""
    for strand, cutoff in strands(selection):
        mine = whose(told, strand)
        if mine is False or any(when(start) for start in strand.without):
            continue
        limit, moment = selection.lowest if mine is None else cutoff, when(strand.start)
        if limit is None:
            return True
        if moment is not None:
            return moment >= limit
    return when(selection.start) is not None


def strands(selection: Selection) -> Sequence[tuple[Selection, datetime | None]]:
    """The selection and its rivals, each as a selection with its own cut-off."""
    found: list[tuple[Selection, datetime | None]] = [(selection, selection.cutoff)]
    for rival in selection.others:
        other = replace(
            selection,
            start=rival.start,
            only=rival.only,
            but_not=rival.but_not,
            without=rival.without,
        )
        found.append((other, rival.cutoff))
    return found


def fits(told: Told, wanted: Facets) -> bool | None:
    """Whether a record has all facets that a rule asks for; None where that can't be told."""
    doubt = False
    for facet, values in wanted.items():
        known = told.get(facet)
        if known is None:
            doubt = True
        elif known.isdisjoint(values):
            return False
    return None if doubt else True


def sorted_out(all_told: Iterable[tuple[Told, Ties]], facets: Facets) -> tuple[Ties, Ties]:
    """``records.Store.telling``, of records as read in Python."""
    found = {True: Ties(), False: Ties()}
    for told, ties in all_told:
        known = fits(told, facets)
        if known is not None and all(told.get(name) is not None for name in facets):
            found[known] |= ties
    return found[True], found[False]


def meant(meaning: Meaning, stored: Iterable[Field]) -> frozenset[str]:
    """What several stored values mean; nothing for none."""
    texts = (value.decode("utf-8", "surrogateescape") for value in stored if value is not None)
    return frozenset(m for m in map(meaning.means, texts) if m is not None)


def together(all_told: Sequence[Told]) -> Told:
    """What several rows say of one record."""
    found: dict[str, frozenset[str] | None] = {}
    for facet in {name for told in all_told for name in told}:
        values = [told.get(facet) for told in all_told]
        known = [value for value in values if value is not None]
        found[facet] = frozenset().union(*known) if len(known) == len(values) else None
    return found
