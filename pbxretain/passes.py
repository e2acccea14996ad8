"""How are all datasets of a run worked through, and looked at again until nothing is left?

Dataset by dataset in the manifest's order, each with its batches; then a look over new connections
and scans. What is still due there gets another pass, a few times at the most.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime

from pbxretain import plan
from pbxretain.batches import Budget, Pace, Stop, Unsettled, Work
from pbxretain.errors import EvidenceError, LockedError, RetainError, StoreError
from pbxretain.evidence.commitments import Committer, RunKey
from pbxretain.evidence.lookup import Lookup
from pbxretain.journal import Journal
from pbxretain.outcomes import DatasetResult, judge, remaining
from pbxretain.plan import Item, Plan, Progress, Terms
from pbxretain.planned import NOT_PLANNED, Planned
from pbxretain.records import Store
from pbxretain.sources import Opened
from pbxretain.watching import Watch

log = logging.getLogger("pbxretain")

PASSES = 3
"""How often a dataset is worked through when records arrive behind the cursor meanwhile."""


@dataclass(frozen=True, slots=True)
class How:
    """What all batches of a run share. ``mark`` is the installation in names on the PBX's disks;
    ``planned`` tells the only records of a dataset that may go, under a plan file."""

    key: RunKey
    mark: str
    budget: Budget
    pace: Pace
    planned: Callable[[str], Planned | None]


@dataclass(slots=True)
class Passes:
    """One run's. ``results`` and ``errors`` are filled; ``afresh`` opens the source once more, for
    looking."""

    terms: Terms
    decided: Plan
    results: dict[str, DatasetResult]
    errors: list[RetainError]
    now: datetime
    progress: Progress
    stop: Stop
    afresh: Callable[[], AbstractContextManager[Opened]]
    works: dict[str, Work] = field(default_factory=dict)

    def prepare(self, how: How, opened: Opened, journal: Journal, watch: Watch) -> None:
        """Makes ready what each dataset's batches need."""
        strands = {strand.dataset: strand for strand in self.terms.strands(opened)}
        for item in self.decided.items:
            store = strands.get(item.dataset)
            if item.selection is None or item.refusal or item.reads_only or store is None:
                continue
            committer = Committer(
                how.key,
                source=self.terms.name,
                dataset=item.dataset,
                data_class=item.data_class,
                encoding=store.encoding,
            )
            self.works[item.dataset] = Work(
                mark=how.mark,
                journal=journal,
                planned=how.planned(item.dataset),
                store=store,
                committer=committer,
                lookup=self._lookup(how.key, item),
                region=self.terms.source.region or "",
                source=self.terms.name,
                result=self.results[item.dataset],
                budget=how.budget,
                stop=self.stop,
                watch=watch,
                pace=how.pace,
                report=self._reporter(item, self.results[item.dataset]),
                guard=opened.lock.verify if opened.lock else lambda: None,
            )

    def _lookup(self, key: RunKey, item: Item) -> Lookup | None:
        if not self.terms.sealed_to:
            return None
        region = self.terms.source.region
        return Lookup(key, source=self.terms.name, dataset=item.dataset, region=region)

    def _reporter(self, item: Item, result: DatasetResult) -> Callable[[], None]:
        return lambda: self.progress("delete", item.dataset, result.deleted, item.due)

    def through(self) -> None:
        """Works through all datasets and looks again. What arrived meanwhile gets another pass, and
        so does what lay where nobody looks first (a row far off its place in the ids) and what
        came due as others went (a file whose rows went has its own date)."""
        todo = dict(self.works)
        for number in range(PASSES):
            went = {
                item.dataset: self._pass(item, self.works[item.dataset])
                for item in self.decided.items
                if item.dataset in todo
            }
            self._look_again()
            todo = {
                name: work
                for name, work in self.works.items()
                if (not number or any(went.values()))
                and self.results[name].outcome == "complete"
                and remaining(self.results[name])
                and not self.results[name].skipped
                and (work.planned is None or work.planned.waiting)
            }
            if not todo or self.stop():
                break
        for name, work in self.works.items():
            if work.planned and (unnamed := work.planned.strangers.unnamed):
                self.results[name].skipped[NOT_PLANNED] = unnamed
        for result in self.results.values():
            judge(result)

    def _pass(self, item: Item, work: Work) -> int:
        result = work.result
        if self.stop() or item.selection is None:
            return 0
        try:
            # Holds and straddlers are looked for again: time went on since the plan was made.
            fresh = replace(item.selection, excluded_calls=frozenset())
            batch = work.journal.next_batch()
            fresh = work.watch.begin(fresh, work.store, batch=batch)
            work.selection = replace(fresh, excluded_calls=work.store.straddlers(fresh))
            went = work.through(work.selection)
        except (LockedError, EvidenceError, Unsettled):
            raise
        except RetainError as error:
            result.outcome = "incomplete" if result.deleted else "failed"
            log.error("source %s, dataset %s: %s", self.terms.name, item.dataset, error)
            self.errors.append(error)
            return 0
        if result.outcome == "not-reached" and not self.stop():
            result.outcome = "complete"
        return went

    def _look_again(self) -> None:
        """The residue, over new connections and scans: what counts is what is still there. Where
        nobody can look, no earlier census stands in for it."""
        for item in self.decided.items:
            if item.selection is not None and not item.refusal:
                self.results[item.dataset].after = None
        try:
            with self.afresh() as opened:
                strands = {strand.dataset: strand for strand in self.terms.strands(opened)}
                for item in self.decided.items:
                    store = strands.get(item.dataset)
                    self.progress("look", item.dataset, 0, None)
                    if store is not None and item.selection is not None and not item.refusal:
                        self._look_at(opened, store, self.results[item.dataset])
        except LockedError:
            raise
        except RetainError as error:
            self.errors.append(error)

    def _look_at(self, opened: Opened, store: Store, result: DatasetResult) -> None:
        try:
            selection = plan.select(self.terms, opened, store, now=self.now)
            counted = plan.counted(self.terms, opened, store, selection) if selection else None
            result.after = counted
        except StoreError as error:
            self.errors.append(error)
