"""Which rules share a dataset, and under what name does each of them delete there?

A dataset under one plain rule is one strand and bears the dataset's name. Under several rules, or
with start events that stand in for each other, each is a strand with a name of its own: journal,
evidence and report know it as a dataset of its own, and the store sees a narrower selection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from pbxretain.errors import DocumentError, RefusedError
from pbxretain.manifest import Dataset, Manifest, TableDataset
from pbxretain.period import Due, Period, cutoff
from pbxretain.policy.document import Cut, Policy, Redact, Rule
from pbxretain.records import (
    WHENEVER,
    Advice,
    Batch,
    BatchName,
    Bits,
    Census,
    Cursor,
    Facets,
    Found,
    Intent,
    Itemised,
    Record,
    Redaction,
    Rival,
    Selection,
    Sought,
    Store,
    Ties,
)
from pbxretain.sources import Opened

_LONGEST = 63
"""Of a name in evidence."""


@dataclass(frozen=True, slots=True)
class Strand:
    """An opened dataset under one rule and one start event; implements ``records.Store``."""

    dataset: str
    store: Store
    rule: Rule
    label: str
    """What the rule is called; empty for a nameless one that takes all the rest."""

    start: str
    fallback: tuple[str, ...] = ()
    """Start events whose own strands take what has none of this one."""

    only: Facets = field(default_factory=dict, repr=False)
    but_not: tuple[Facets, ...] = field(default=(), repr=False)
    without: tuple[str, ...] = ()
    action: Literal["delete", "redact"] = "delete"
    early: bool = False
    """Files that go when the rows which name them are redacted."""

    alone: bool = True
    """The only strand that deletes from its dataset."""

    chosen: frozenset[bytes] | None = field(default=None, repr=False)
    """The only records that are meant, by identity, whatever their age: a data subject demanded
    it. A minimum keeps them all the same."""

    @property
    def of(self) -> str:
        """The dataset's own name."""
        return self.store.dataset

    @property
    def data_class(self) -> str:
        return self.store.data_class

    @property
    def encoding(self) -> str:
        return self.store.encoding

    @property
    def keep(self) -> Period | Literal["forever"]:
        """How long what it takes stays as it is."""
        earlier = self.rule.redact if self.action == "redact" or self.early else None
        return earlier.after if earlier else self.rule.keep

    def due(self, *, now: datetime, zone: ZoneInfo) -> Due | None:
        """What its rule lets go at ``now``; None for nothing ever."""
        if self.chosen is not None:
            return demanded(self.rule, now=now, zone=zone)
        if self.action == "redact" or self.early:
            return self.rule.redacts_at(now=now, zone=zone)
        return self.rule.terms_at(now=now, zone=zone)

    def selection(
        self, beside: Sequence[Strand], *, now: datetime, zone: ZoneInfo
    ) -> Selection | None:
        """What it wants of its dataset, nothing resolved yet; None where all stays. ``beside`` are
        the strands of the same dataset."""
        due = self.due(now=now, zone=zone)
        if due is None:
            return None
        selection = Selection(
            cutoff=due.cutoff,
            maximum=due.maximum,
            now=now,
            start=self.start,
            only=self.only,
            but_not=self.but_not,
            without=self.without,
            chosen=self.chosen,
            others=[other.rival(now=now, zone=zone) for other in self._rivals(beside)],
        )
        if self.action == "delete" or self.rule.redact is None:
            return selection
        later = self.rule.terms_at(now=now, zone=zone)  # what deletion takes needs no redaction
        # ... and what a minimum keeps from it is told there.
        since = (later.maximum or later.cutoff) if later else None
        return replace(selection, redact=redaction_of(self.rule.redact), since=since)

    def _rivals(self, beside: Sequence[Strand]) -> Iterator[Strand]:
        """The other rules and start events of the dataset, each at the stage that counts here: a
        call is redacted once every leg may be, and deleted once every leg may go."""
        staged = {other.part for other in beside if other.action == self.action}
        for other in beside:
            stands_in = other.action == "delete" and other.part not in staged
            if other.part != self.part and (other.action == self.action or stands_in):
                yield other

    @property
    def part(self) -> tuple[str, str]:
        """Rule and start event, whatever the stage."""
        return self.label, self.start

    def rival(self, *, now: datetime, zone: ZoneInfo) -> Rival:
        """How others of the same dataset see it."""
        due = self.due(now=now, zone=zone)
        return Rival(self.only, self.but_not, due.cutoff if due else None, self.start, self.without)

    def facet_lost(self, rules: Sequence[Rule], kind: Dataset) -> RefusedError | None:
        """Why redaction would bring records under another rule of their class: it changes what
        one of the rules goes by. ``kind`` declares the dataset."""
        if self.action == "delete" or not isinstance(kind, TableDataset):
            return None
        for rule in rules:
            for name, values in rule.facets.items():
                facet = kind.facets.get(name)
                if facet and self._changed(kind, values) & set(facet.all_columns):
                    return RefusedError(
                        f"dataset {self.of}: a rule goes by {name}, which redaction changes",
                        hint=f"take {name} out of the rules for {self.data_class}, or let short"
                        " numbers stay: extensions",
                        code="REDACTION_FACET",
                        params={"dataset": self.of, "facet": name, "data": self.data_class},
                    )
        return None

    def _changed(self, kind: TableDataset, values: frozenset[str]) -> set[str]:
        """The columns in which redaction changes one of these values."""
        keep = self.rule.redact.extensions if self.rule.redact else None
        stay = keep is not None and all(
            v.isdecimal() and v[0] != "0" and len(v) <= keep for v in values
        )
        kept = {"keep", "number"} if stay else {"keep"}
        return {column for column, form in kind.redact.items() if form not in kept}

    # --- the store underneath ---

    def check(self) -> Sequence[Advice]:
        if self.action == "delete" or self.rule.redact is None:
            return self.store.check()
        table = getattr(self.store, "check_redaction", None)
        if table is None:
            text = f"Dataset {self.of} can't be redacted: only database tables can."
            mend = "give its data class a rule without redact, or delete it"
            told = (("dataset", self.of),)
            return [Advice("REDACTION_KIND", text, mend, severity="error", params=told)]
        found: Sequence[Advice] = table(redaction_of(self.rule.redact))
        return found

    def clock(self) -> datetime | None:
        return self.store.clock()

    def straddlers(self, selection: Selection) -> frozenset[bytes]:
        return self.store.straddlers(selection)

    def census(self, selection: Selection) -> Census:
        """Records without this start event are counted by the strand that stands in for it."""
        census = self.store.census(selection)
        return replace(census, undated=0) if self.fallback else census

    def scan(self, selection: Selection) -> Iterator[Record]:
        return self.store.scan(selection)

    def itemise(self, selection: Selection, *, everything: bool = False) -> Iterator[Itemised]:
        return self.store.itemise(selection, everything=everything)

    def search(self, sought: Sought, *, start: str | None = None) -> Iterator[Found]:
        """Over the whole dataset, whichever rule a record falls under."""
        return self.store.search(sought, start=start)

    def take(
        self,
        selection: Selection,
        *,
        limit: int,
        after: Cursor | None,
        skip: frozenset[bytes],
        name: BatchName,
    ) -> Batch:
        return self.store.take(selection, limit=limit, after=after, skip=skip, name=name)

    def second(self, selection: Selection) -> Store | None:
        """See ``records.Store.take``."""
        second = getattr(self.store, "second", None)
        found: Store | None = second(selection) if second else None
        return found

    def telling(self, facets: Facets) -> tuple[Ties, Ties]:
        """Over the whole dataset, as ``search``."""
        return self.store.telling(facets)

    def ties(self, of: Ties) -> Ties:
        """Over the whole dataset, as ``search``."""
        return self.store.ties(of)

    def sweep(self, selection: Selection) -> Mapping[str, int]:
        return self.store.sweep(selection)

    def settle(self, intent: Intent) -> Bits:
        """An equal record that is another rule's isn't taken for one that stayed."""
        part = Selection(
            cutoff=WHENEVER,
            now=WHENEVER,
            start=self.start,
            only=self.only,
            but_not=self.but_not,
            without=self.without,
        )
        settle = getattr(self.store, "settle_part", None)
        if settle is None or not part.narrowed:
            return self.store.settle(intent)
        found: Bits = settle(intent, part)
        return found

    def tidy(self, installation: str) -> int:
        return self.store.tidy(installation)

    def close(self) -> None:
        self.store.close()


def demanded(rule: Rule, *, now: datetime, zone: ZoneInfo) -> Due:
    """What a rule lets go when a data subject demands it: all that no minimum keeps."""
    if rule.minimum is None:
        return Due(WHENEVER)
    return Due(min(WHENEVER, cutoff(rule.minimum, now=now, zone=zone)), maximum=WHENEVER)


def of_source(policy: Policy, manifest: Manifest, opened: Opened) -> list[Strand]:
    """All strands of a source, datasets in deletion order, in each the rules in theirs.

    Raises DocumentError for a rule that doesn't fit the connector, and for a data class of which
    some records have no rule.
    """
    names = {store.dataset for store in opened.stores}
    found: list[Strand] = []
    for store in opened.stores:
        made = list(_of_store(policy, manifest, store, opened.kinds[store.dataset]))
        deleting = sum(strand.action == "delete" for strand in made)
        for strand in made:
            alone = deleting == 1 and strand.action == "delete"
            name = strand.dataset
            if name != store.dataset:
                name = _unused(name, names)
                names.add(name)
            found.append(replace(strand, dataset=name, alone=alone))
    return found


def rules_of(policy: Policy, manifest: Manifest, data_class: str) -> Sequence[Rule]:
    """The rules of a data class up to the one that takes all the rest. Raises DocumentError where
    there is none: what nobody decided on may not be passed over in silence."""
    found: list[Rule] = []
    for rule in policy.rules_for(data_class):
        found.append(rule)
        if rule.only is None:
            return found
    rest = "the rest of " if found else ""
    raise DocumentError(
        f"policy {policy.policy} has no rule for {rest}{data_class}, "
        f"which connector {manifest.connector} offers",
        hint="add a rule, or keep: forever",
    )


def _of_store(policy: Policy, manifest: Manifest, store: Store, kind: Dataset) -> Iterator[Strand]:
    rules = rules_of(policy, manifest, store.data_class)
    facets: list[Facets] = [rule.facets for rule in rules]
    for place, rule in enumerate(rules):
        label = policy.label(rule)
        base = store.dataset if rule.only is None else f"{store.dataset}-{label}"
        starts = _starts_of(policy, manifest, store, kind, rule)
        for number, start in enumerate(starts):
            strand = Strand(
                dataset=f"{base}-{start}" if number else base,
                store=store,
                rule=rule,
                label=label,
                start=start,
                fallback=tuple(starts[number + 1 :]),
                only=facets[place],
                but_not=tuple(facets[:place]),
                without=tuple(starts[:number]),
            )
            if rule.redact and manifest.goes_with_rows(kind):
                yield replace(strand, early=True)
                continue
            yield strand
            if rule.redact:
                yield replace(strand, dataset=f"{strand.dataset}-redact", action="redact")


def redaction_of(rule: Redact) -> Redaction:
    """A rule's form of numbers as stores take it, without any key."""
    keep = rule.extensions or 0
    if isinstance(rule.numbers, Cut):
        return Redaction("cut", cut=rule.numbers.cut, keep=keep)
    return Redaction(rule.numbers, keep=keep)


def _unused(name: str, names: set[str]) -> str:
    """The name, cut to what evidence accepts, with a number where it is taken."""
    wanted, number = name[:_LONGEST].rstrip("-"), 1
    while wanted in names:
        number += 1
        wanted = f"{name[: _LONGEST - 4].rstrip('-')}-{number}"
    return wanted


# --- start events -----------------------------------------------------------------------------


def offered_starts(kind: Dataset) -> list[str]:
    """The start events of a dataset, in the manifest's order."""
    return list(getattr(kind, "starts", None) or [kind.start])  # type: ignore[union-attr]


def known_starts(manifest: Manifest, data: str) -> set[str]:
    """The start events of all datasets of a data class."""
    kinds = (kind for kind in manifest.datasets.values() if kind.data == data)
    return {start for kind in kinds for start in offered_starts(kind)}


def _starts_of(
    policy: Policy, manifest: Manifest, store: Store, kind: Dataset, rule: Rule
) -> Sequence[str]:
    """The start events that count in a dataset: the rule's, or the only one that there is."""
    offered = offered_starts(kind)
    if wanted := [start for start in rule.starts or () if start in offered]:
        return wanted
    if rule.starts is None and len(offered) == 1:
        return offered
    # Datasets of one class may name their only start event differently (a file is recorded, a
    # row of the same class is called); what is refused is a choice that nobody made.
    known = known_starts(manifest, store.data_class)
    if len(offered) == 1 and not known.isdisjoint(rule.starts or ()):
        return offered
    raise DocumentError(
        f"policy {policy.policy}: from {', '.join(rule.starts or ()) or 'nothing'} for "
        f"{store.data_class}, but dataset {store.dataset} offers {', '.join(offered)}"
    )
