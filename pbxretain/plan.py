"""What would a run delete now, and what speaks against it? Reads only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pbxretain.connector import Connector
from pbxretain.errors import (
    ApprovalError,
    ClockError,
    LimitError,
    RefusedError,
    StoreError,
    UnavailableError,
)
from pbxretain.evidence.sealing import Recipient
from pbxretain.holds import Folder
from pbxretain.manifest import Dataset, Manifest, TableDataset, TreeDataset
from pbxretain.period import Due, Period
from pbxretain.policy.document import Policy, Rule
from pbxretain.records import Census, Selection, Store
from pbxretain.resolving import Held, Scope
from pbxretain.settings import Source
from pbxretain.sources import Opened
from pbxretain.strands import Strand, demanded, known_starts, of_source, rules_of

CLOCK_TOLERANCE = timedelta(seconds=120)
IGNORED_BELOW = 100
"""The share limit says nothing about a small dataset: under 100 due it is not asked."""

FUTURE_SHARE, FUTURE_FEW = 0.01, 10
"""More than this share of records from the future refuses a dataset, but a few of them don't: a
telephone without a clock makes those."""

CLOCK_CODES = frozenset({"CLOCK_SKEW", "CLOCK_BACK"})
IDLE = timedelta(days=7)
"""No call for longer is a finding: a stopped PBX, a wrong database or clock."""

_FOR_A_PERSON = ("RIGHTS", "REFUSED", "UNREADABLE_TIMES")
"""Of what a store can't do, that which reading again would not change."""

_SETTLED = timedelta(days=2)
"""No late writer is later, unless the manifest knows one."""

ALWAYS_BUSY = ("call-detail-records", "call-events")

Progress = Callable[[str, str, int, int | None], None]
"""step, dataset, done, of how many: for a progress bar, never for a decision."""


def left_to_sweep(census: Census) -> int:
    """Shared rows that nobody names any more."""
    return census.findings.get("SHARED_LEFT", 0)


def silent(step: str, dataset: str, done: int, total: int | None) -> None:
    """The progress of somebody who doesn't look."""


@dataclass(frozen=True, slots=True)
class Item:
    """One dataset under one rule. ``selection`` is None where nothing of it ever goes."""

    dataset: str
    of: str
    """The dataset's own name: several rules may share one."""

    data_class: str
    kind: str
    title: str
    rule: Rule
    label: str
    """What the rule is called; empty for a nameless one that takes all the rest."""

    start: str
    fallback: Sequence[str]
    selection: Selection | None
    census: Census | None
    refusal: RefusedError | UnavailableError | None = None
    """This dataset alone is left out, on purpose or because it can't be read; the others go on."""

    reads_only: bool = False
    """Counted only; what is due there is left over after each run."""

    alone: bool = True
    """No other rule deletes from the dataset."""

    action: Literal["delete", "redact"] = "delete"
    keep: Period | Literal["forever"] = "forever"
    """Of the stage: how long what it takes stays as it is."""

    beside: int = 0
    """How many records a run may take from the same dataset under other rules."""

    @property
    def due(self) -> int:
        return self.census.due if self.census and not self.reads_only else 0

    @property
    def goes(self) -> int:
        """How much of that a run may take: nothing of what is left out."""
        return 0 if self.refusal else self.due

    def exceeds(self, share: int) -> bool:
        """Whether more than ``share`` percent of the dataset is due, under all its rules together;
        never for a small one."""
        total, due = self.census.total if self.census else None, self.goes + self.beside
        return bool(total) and due >= IGNORED_BELOW and due * 100 > share * (total or 0)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is due, by dataset in deletion order. ``refusals`` stop the whole run."""

    source: str
    as_of: datetime
    items: Sequence[Item]
    refusals: Sequence[RefusedError]
    not_covered: Mapping[str, str]
    not_decided: Sequence[str]
    clock_skew: timedelta | None = None
    notes: Mapping[str, int] = field(default_factory=dict)
    holds: Mapping[str, int | str | None] = field(default_factory=dict)
    """How many holds are in force here, how many of them restrictions, and the register's digest;
    empty where nobody asked."""

    @property
    def due(self) -> int:
        """How many records are due now, those of datasets that are left out among them."""
        return sum(item.due for item in self.items)

    @property
    def idle(self) -> bool:
        """Whether a run has nothing to do: no record is due, nothing waits for a sweep."""
        return not self.due and not any(i.census and left_to_sweep(i.census) for i in self.items)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many records of a dataset lay before ``until`` when a run had ended, by the start event
    that dates them."""

    until: datetime
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a source is run under: its documents, already loaded and frozen."""

    name: str
    source: Source
    connector: Connector
    policy: Policy
    policy_digest: str
    approved: bool
    holds: Folder | None = None
    """Where the holds lie; the one document that isn't frozen."""

    evidence: Literal["auto", "counts", "sealed"] = "auto"
    """Settings: ``sealed`` refuses where nobody is there to seal to."""

    recipients: Sequence[Recipient] = ()
    """To whom evidence can be sealed."""

    chosen: Mapping[tuple[str, str], frozenset[bytes]] | None = field(default=None, repr=False)
    """The only records that may go, by dataset and start event: a data subject demanded it."""

    signed_by: Sequence[str] = ()
    """Keys that signed the policy's very bytes, the controller's first."""

    consulted: bool | None = None
    """Whether the officer's is among them; None where nobody signed."""

    unsigned: RefusedError | None = None
    """What is missing of the signatures that settings demand."""

    settled: Mapping[str, Counted] | None = None
    """By dataset of the manifest: before which instant the run before counted what was there.
    None: this one doesn't count."""

    as_of: datetime | None = None
    """By which instant cut-offs are reckoned, where a plan file says one; else the run's clock."""

    def reckoned(self, now: datetime) -> datetime:
        """The instant by which cut-offs are reckoned, in a run whose clock says ``now``."""
        return self.as_of or now

    @property
    def sealed_to(self) -> Sequence[Recipient]:
        """To whom a run's evidence is sealed; empty at level counts."""
        return () if self.evidence == "counts" else self.recipients

    @property
    def zone(self) -> ZoneInfo:
        """The source's zone, in which its days begin."""
        return self.source.zone

    @property
    def scope(self) -> Scope:
        """Where holds of this source are looked for."""
        return Scope(self.holds, self.name, self.source, self.connector.manifest)

    def rules(self, data_class: str) -> Sequence[Rule]:
        """The rules of a data class; DocumentError when the policy forgot it, or the rest of it."""
        return rules_of(self.policy, self.connector.manifest, data_class)

    def strands(self, opened: Opened) -> list[Strand]:
        """The datasets of an opened source, each once for every rule that shares it."""
        strands = of_source(self.policy, self.connector.manifest, opened)
        if self.chosen is None:
            return strands
        theirs = {dataset for (dataset, _), keys in self.chosen.items() if keys}
        return [
            replace(strand, chosen=self.chosen.get((strand.of, strand.start), frozenset()))
            for strand in strands
            if strand.action == "delete" and not strand.early and strand.of in theirs
        ]

    def earliest(self, data_class: str, *, now: datetime) -> datetime | None:
        """Before when a record is due whatever rule of its class it falls under; None where one of
        them keeps for ever."""
        rules = self.rules(data_class)
        if self.chosen is not None:
            return min(demanded(rule, now=now, zone=self.zone).cutoff for rule in rules)
        due = [rule.terms_at(now=now, zone=self.zone) for rule in rules]
        return None if None in due else min(d.cutoff for d in due if d)


def make(
    terms: Terms,
    opened: Opened,
    *,
    now: datetime,
    last_entry: datetime | None = None,
    confirm_count: int | None = None,
    progress: Progress = silent,
    counts: Mapping[str, int] | None = None,
) -> Plan:
    """Takes the census of every dataset and lists all that speaks against a run.

    ``now`` is aware UTC; ``last_entry`` the time of the newest ledger entry. Raises DocumentError
    for a rule that doesn't fit the connector, RefusedError for holds that can't be read or told;
    other refusals are collected, not raised. ``counts``: how many records a plan file names by
    dataset; no more can go, so the limits are asked for those.
    """
    for data_class in terms.connector.manifest.offered():
        terms.rules(data_class)
    strands = terms.strands(opened)
    skew, clock_refusals = clock_guards(opened, now=now, last_entry=last_entry)
    items: list[Item] = []
    for strand in strands:
        progress("census", strand.dataset, len(items), len(strands))
        items.append(_item(terms, opened, strand, now=now))
    progress("census", "", len(items), len(strands))
    items = _beside(items)
    if terms.chosen is None:
        items = _with_gone(_with_idle(items, opened, now), terms)
    refusals: list[RefusedError] = list(clock_refusals)
    if not terms.approved:
        refusals.append(_not_approved(terms))
    if terms.unsigned:
        refusals.append(terms.unsigned)
    if untried := _untried(terms):
        refusals.append(untried)
    if terms.evidence == "sealed" and not terms.recipients:
        refusals.append(
            RefusedError(
                "settings demand sealed evidence, and there is no escrow key to seal it to",
                hint="pbxretain key add escrow.pub.pem, the officer's; or evidence: auto",
                code="ESCROW_MISSING",
            )
        )
    command = f"run {terms.name}" + (" --plan FILE" if counts is not None else "")
    refusals.extend(_limits(terms, _named(items, counts), confirm_count, command=command))
    return Plan(
        source=terms.name,
        as_of=terms.as_of or now,
        items=items,
        refusals=refusals,
        not_covered=opened.not_covered,
        not_decided=terms.policy.not_decided(terms.connector.manifest.offered()),
        clock_skew=skew,
        holds=held(terms, opened, now=now).facts(),
    )


def select(terms: Terms, opened: Opened, store: Store, *, now: datetime) -> Selection | None:
    """The resolved selection of one strand, or of the strand that bears a dataset's name: cut-off,
    holds and straddlers. RefusedError where a hold can't be read, or what it keeps can't be
    told."""
    strands = terms.strands(opened)
    strand = next(each for each in strands if each.dataset == store.dataset)
    beside = [each for each in strands if each.of == strand.of]
    selection = strand.selection(beside, now=terms.reckoned(now), zone=terms.zone)
    if selection is None:
        return None
    selection = replace(
        selection,
        now=now,
        wait_for_part=_waits(terms, opened, strand, now=now),
        marks=_marks(terms, opened.kinds[strand.of], strand.of, now=now),
    )
    selection = held(terms, opened, now=now).spare(selection, store.data_class)
    return replace(selection, excluded_calls=store.straddlers(selection))


def held(terms: Terms, opened: Opened, *, now: datetime) -> Held:
    """What holds keep, found once for all that is looked at together, and again where one was
    changed since."""
    known = opened.held
    if isinstance(known, Held) and known.register.stamp == terms.scope.stamp():
        return known
    opened.held = found = terms.scope.resolve(opened, now=now)
    return found


def counted(terms: Terms, opened: Opened, store: Store, selection: Selection) -> Census:
    """The census of one dataset, with what a restriction alone keeps told apart, and with the holds
    whose calls nothing in it tells."""
    census, known = store.census(selection), held(terms, opened, now=selection.now)
    of = store.of if isinstance(store, Strand) else store.dataset
    if census.total != 0 and (untied := known.untied(opened.kinds[of])):
        census = replace(census, findings={**census.findings, "HOLD_UNTIED": untied})
    if not (census.held and known.restricts):
        return census
    legal = store.census(known.spare(selection, store.data_class, legal_only=True)).held
    return replace(census, restricted=census.held - legal)


def _marks(terms: Terms, kind: Dataset, name: str, *, now: datetime) -> tuple[datetime, ...]:
    """Before when this run counts what is there, and before when the run before did. Whole
    seconds, as statements have them."""
    if terms.settled is None:
        return ()
    settle_in = max(timedelta(seconds=getattr(kind, "settle_in", 0)), _SETTLED)
    counted = terms.settled.get(name)
    last = counted.until if counted else None
    return (now.replace(microsecond=0) - settle_in, *([last] if last else []))


def _item(terms: Terms, opened: Opened, strand: Strand, *, now: datetime) -> Item:
    kind = opened.kinds[strand.of]
    item = Item(
        dataset=strand.dataset,
        of=strand.of,
        data_class=strand.data_class,
        kind=kind.kind,
        title=kind.title,
        rule=strand.rule,
        label=strand.label,
        start=strand.start,
        fallback=strand.fallback,
        selection=None,
        census=None,
        reads_only=isinstance(kind, TableDataset) and kind.reads_only,
        alone=strand.alone,
        action=strand.action,
        keep=strand.keep,
    )
    lost = strand.facet_lost(terms.rules(strand.data_class), kind)
    if refusal := _without_facet(terms, kind, strand) or lost:
        return replace(item, refusal=refusal)
    try:
        selection = select(terms, opened, strand, now=now)
        census = counted(terms, opened, strand, selection) if selection else None
        fed = _fed(terms, kind, strand, now=now) if strand.action == "delete" else None
        refused = (fed or _unfit(strand, census)) if census else None
    except StoreError as error:
        return replace(item, refusal=left_out(error))
    return replace(item, selection=selection, census=census, refusal=refused)


def _without_facet(terms: Terms, kind: Dataset, strand: Strand) -> RefusedError | None:
    """Why nobody can tell the records of a dataset apart as the rules of its class want it."""
    wanted = {facet for rule in terms.rules(strand.data_class) for facet in rule.facets}
    missing = sorted(wanted - set(getattr(kind, "facets", ())))
    if not missing:
        return None
    return RefusedError(
        f"dataset {strand.of}: a rule goes by {missing[0]}, which the connector doesn't know of it",
        hint=f"take {missing[0]} out of the rules for {strand.data_class}; "
        "pbxretain connector show tells which facets there are",
        code="FACET_UNKNOWN",
        params={"dataset": strand.of, "facet": missing[0], "data": strand.data_class},
    )


def _beside(items: Sequence[Item]) -> list[Item]:
    """What is due of one dataset is looked at as a whole, under however many rules."""
    due: dict[str, int] = {}
    for item in items:
        due[item.of] = due.get(item.of, 0) + item.goes
    return [replace(item, beside=due[item.of] - item.goes) for item in items]


def left_out(error: StoreError) -> RefusedError | UnavailableError:
    """Why one dataset is passed over that can't be looked at; no other waits for that."""
    kind = RefusedError if error.code in _FOR_A_PERSON else UnavailableError
    return kind(str(error.args[0]), hint=error.hint, code=error.code)


def without(decided: Plan, failed: Mapping[str, StoreError]) -> Plan:
    """The same plan, with these datasets left out."""
    items = [
        replace(item, refusal=item.refusal or left_out(failed[item.of]))
        if item.of in failed
        else item
        for item in decided.items
    ]
    return replace(decided, items=items)


def unknown_starts(manifest: Manifest, policy: Policy) -> list[tuple[str, str]]:
    """Pairs of data class and start event where no dataset of the class has any that a rule names;
    for ``policy check``."""
    found = []
    for data in manifest.offered():
        known = known_starts(manifest, data)
        named = (rule.starts for rule in policy.rules_for(data) if rule.starts)
        found += [(data, starts[0]) for starts in named if known.isdisjoint(starts)]
    return found


def waiting(manifest: Manifest, policy: Policy) -> list[str]:
    """Data classes whose records may have to wait for a part that must stay longer: a file that
    nothing but its row dates, rows that hang on it (``KEPT_FOR_PART``); for ``policy check``."""
    found = []
    for kind in manifest.datasets.values():
        for other in (_part(manifest, kind, policy), *_parts(manifest, kind)):
            if other and policy.outlasts(other.data, kind.data):
                found.append(kind.data)
    return list(dict.fromkeys(found))


def _parts(manifest: Manifest, kind: Dataset) -> list[Dataset]:
    """Datasets whose rows hang on records of this one."""
    return [manifest.datasets[part.dataset] for part in getattr(kind, "parts", ())]


def _part(manifest: Manifest, kind: Dataset, policy: Policy) -> TreeDataset | None:
    """The files that rows of this dataset name, where only those rows date them or tell under
    which rule they fall."""
    if not isinstance(kind, TableDataset) or kind.link is None:
        return None
    part = manifest.datasets[kind.link.dataset]
    if not isinstance(part, TreeDataset) or kind.link.on_part_gone == "leave":
        return None
    asked = {facet for rule in policy.rules_for(part.data) for facet in rule.facets}
    by_rows = any(part.facets[name].rows for name in asked if name in part.facets)
    return part if by_rows or not part.stands_alone else None


def _waits(terms: Terms, opened: Opened, strand: Strand, *, now: datetime) -> bool:
    """Whether rows must wait today for the files they name."""
    part = _part(terms.connector.manifest, opened.kinds[strand.of], terms.policy)
    mine = strand.due(now=terms.reckoned(now), zone=terms.zone)
    if mine is None or part is None:
        return False
    theirs = terms.earliest(part.data, now=terms.reckoned(now))
    return theirs is None or theirs < mine.cutoff


def fed_longer(manifest: Manifest, policy: Policy) -> list[tuple[str, str]]:
    """Pairs of data classes (made anew, out of which) where the second is kept longer than the
    first, so that the PBX would make deleted records again; for ``policy check``."""
    found = []
    for kind in manifest.datasets.values():
        for feed in _feeds(manifest, kind):
            if policy.outlasts(feed.data, kind.data):
                found.append((kind.data, feed.data))
    return list(dict.fromkeys(found))


def _feeds(manifest: Manifest, kind: Dataset) -> list[Dataset]:
    return [manifest.datasets[name] for name in getattr(kind, "fed_by", ())]


def _fed(terms: Terms, kind: Dataset, strand: Strand, *, now: datetime) -> RefusedError | None:
    """Why records would come back today: what they are made of has an earlier cut-off."""
    mine: Due | None = strand.due(now=terms.reckoned(now), zone=terms.zone)
    for feed in _feeds(terms.connector.manifest, kind):
        theirs = terms.earliest(feed.data, now=terms.reckoned(now))
        if mine and theirs and theirs >= mine.cutoff:
            continue
        return RefusedError(
            f"{feed.data} are kept longer than {kind.data}, which the PBX makes anew out of them",
            hint=f"give {feed.data} the same or a shorter period in the policy",
            code="FED_LONGER",
            params={"feed": feed.data, "data": kind.data},
        )
    return None


def clock_guards(
    opened: Opened, *, now: datetime, last_entry: datetime | None = None
) -> tuple[timedelta | None, list[RefusedError]]:
    """How far this host's clock is ahead of the database's, and why no time of it can be trusted.

    What is refused for these codes (``CLOCK_CODES``) must write no time into the ledger."""
    refusals: list[RefusedError] = []
    theirs = opened.clock()
    skew = now - theirs if theirs else None
    if skew is not None and abs(skew) > CLOCK_TOLERANCE:
        refusals.append(
            ClockError(
                f"the clock of this host and that of the database differ by "
                f"{int(abs(skew).total_seconds())} seconds",
                hint="set both by NTP, then run again",
                code="CLOCK_SKEW",
                params={"seconds": int(abs(skew).total_seconds())},
            )
        )
    if last_entry and now < last_entry:
        refusals.append(
            ClockError(
                f"the clock says {now:%Y-%m-%d %H:%M} UTC, before the last ledger entry "
                f"of {last_entry:%Y-%m-%d %H:%M} UTC",
                hint="set the clock by NTP, then run again",
                code="CLOCK_BACK",
                params={"now": f"{now:%Y-%m-%d %H:%M}", "last": f"{last_entry:%Y-%m-%d %H:%M}"},
            )
        )
    return skew, refusals


def _unfit(store: Store, census: Census) -> RefusedError | None:
    """Why this dataset alone is left out: a right or a fact is missing that a run would need
    in the middle of its work, or its clock is wrong."""
    for advice in store.check():
        if advice.severity == "error":
            told = dict(advice.params)
            return RefusedError(advice.text, hint=advice.command, code=advice.code, params=told)
    return _future(store.dataset, census)


def _with_idle(items: Sequence[Item], opened: Opened, now: datetime) -> list[Item]:
    """Tells where the PBX has fallen silent: of the tables of one dataset the busiest counts, for
    copies without their record and the months of last year are idle by nature."""
    busiest: dict[int, Item] = {}
    for item in items:
        kind = id(opened.kinds[item.of])
        if item.data_class in ALWAYS_BUSY and item.census and item.census.newest:
            known = busiest.setdefault(kind, item)
            if known.census and known.census.newest and known.census.newest < item.census.newest:
                busiest[kind] = item
    silent_since = {item.dataset: _quiet(item, now) for item in busiest.values()}
    return [_told_idle(item, silent_since.get(item.dataset, timedelta())) for item in items]


def _quiet(item: Item, now: datetime) -> timedelta:
    newest = item.census.newest if item.census else None
    return now - newest if newest else timedelta()


def _with_gone(items: Sequence[Item], terms: Terms) -> list[Item]:
    """Tells once a dataset how many records have gone since the run before, none of them by it."""
    told: set[str] = set()
    found = []
    for item in items:
        counted = (terms.settled or {}).get(item.of)
        census = item.census
        if counted and census and len(census.older) > 1 and item.of not in told:
            gone = counted.counts.get(item.start, 0) - census.older[1]
            told |= {item.of} if gone > 0 else set()
            more = {"GONE_BEFORE": gone} if gone > 0 else {}
            census = replace(census, findings={**census.findings, **more})
        found.append(replace(item, census=census))
    return found


def _told_idle(item: Item, quiet: timedelta) -> Item:
    if item.census is None or quiet <= IDLE:
        return item
    findings = {**item.census.findings, "IDLE": quiet.days}
    return replace(item, census=replace(item.census, findings=findings))


def _future(dataset: str, census: Census) -> RefusedError | None:
    dated = (census.total or 0) - census.undated
    if census.future > max(FUTURE_SHARE * dated, FUTURE_FEW):
        return ClockError(
            f"dataset {dataset}: records that lie in the future: {census.future}",
            hint="check the time zone in settings and the clock of the PBX",
            code="FUTURE_RECORDS",
            params={"dataset": dataset, "count": census.future},
        )
    return None


def _not_approved(terms: Terms) -> RefusedError:
    name = terms.policy.policy
    return ApprovalError(
        f"policy {name} is not approved in the form in which it stands there",
        hint=f"pbxretain policy approve {name} --by FUNCTION",
        params={"policy": name},
    )


def _untried(terms: Terms) -> RefusedError | None:
    connector = terms.connector
    if connector.manifest.was_tried or terms.source.accept_untried == connector.digest:
        return None
    return RefusedError(
        f"connector {connector.name} was never tried on its product",
        hint=f"after pbxretain check, add to the source: accept_untried: {connector.digest}",
        code="UNTRIED_CONNECTOR",
        params={"connector": connector.name, "digest": connector.digest},
    )


def _named(items: Sequence[Item], counts: Mapping[str, int] | None) -> Sequence[Item]:
    """The items with no more due than a plan file names."""
    if counts is None:
        return items
    return [
        replace(i, census=replace(i.census, due=min(i.census.due, counts.get(i.dataset, 0))))
        if i.census
        else i
        for i in items
    ]


def _limits(
    terms: Terms, items: Sequence[Item], confirm_count: int | None, *, command: str
) -> Sequence[RefusedError]:
    """Share per dataset and count per source; a confirmed count passes both."""
    due = sum(item.goes for item in items)
    if confirm_count is not None:
        if due <= confirm_count:
            return []
        return [
            LimitError(
                f"{due} records are due, more than the confirmed {confirm_count}",
                hint="look at the plan again",
                code="CONFIRMED_COUNT",
                params={"due": due, "confirmed": confirm_count},
            )
        ]
    command = f"pbxretain {command} --confirm-count {due}"
    hint = f"look at the plan, then: {command}"
    limits = terms.policy.limits
    found: list[RefusedError] = []
    told: set[str] = set()
    for item in items:
        over = item.exceeds(limits.share) and item.of not in told and not item.refusal
        if item.census and over:
            told.add(item.of)
            there = item.goes + item.beside
            found.append(
                LimitError(
                    f"dataset {item.of}: {there} of {item.census.total} records are due, "
                    f"more than {limits.share} %",
                    hint=hint,
                    code="SHARE_LIMIT",
                    params={
                        "dataset": item.of,
                        "due": there,
                        "total": item.census.total or 0,
                        "share": limits.share,
                        "command": command,
                    },
                )
            )
    if limits.count is not None and due > limits.count:
        found.append(
            LimitError(
                f"{due} records are due, more than the limit of {limits.count}",
                hint=hint,
                code="COUNT_LIMIT",
                params={"due": due, "limit": limits.count, "command": command},
            )
        )
    return found
