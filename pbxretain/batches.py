"""How does one batch go: take, seal, commit, finish, mark?

Works through one dataset. The order of the steps is the promise: evidence is on disk before
anything is final, and a batch is settled before the next one begins, whatever happened to it.
"""

from __future__ import annotations

import gc
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pbxretain.errors import (
    EvidenceError,
    Exit,
    OutcomeUnknown,
    RefusedError,
    RetainError,
    StoreError,
)
from pbxretain.evidence.commitments import Committer
from pbxretain.evidence.lookup import Lookup
from pbxretain.haul import span
from pbxretain.journal import DeadIntent, Journal, Mark
from pbxretain.lookahead import LookAhead
from pbxretain.outcomes import DatasetResult
from pbxretain.planned import Planned, Strangers
from pbxretain.records import Batch, BatchName, Bits, Cursor, Finish, Selection, Store
from pbxretain.watching import HoldsMovedError, Watch

log = logging.getLogger("pbxretain")


@dataclass(frozen=True, slots=True)
class Pace:
    """How large batches are and whether others get a turn in between."""

    goal: float
    """Seconds for which a batch should hold its locks."""
    longest: float
    """Seconds beyond which batches shrink. Between goal and this they stay as they are: what a
    small batch costs is mostly syncs, and making it smaller still would only make more of them."""
    smallest: int
    first: int
    largest: int
    rest: float
    """The most seconds to sleep after a batch, with nothing open, else as long as it held."""


GENTLE = Pace(goal=0.020, longest=0.050, smallest=500, first=500, largest=5000, rest=0.020)
"""While people telephone."""

FULL_SPEED = Pace(goal=0.250, longest=0.500, smallest=1000, first=5000, largest=7500, rest=0)
"""While nobody does: as fast as the server deletes."""

ATTEMPTS = 3
FAILED_AT_MOST = 100
"""Records of one dataset that a server refuses one by one before the dataset ends."""

Stop = Callable[[], int]
"""Number of the signal that asked to stop, 0 for none; asked between batches."""


class Unsettled(RetainError):  # noqa: N818  (a state of the source, not a mistake)
    """A batch is final or not, and the source can't be asked: the next run settles it."""

    exit_code = Exit.UNAVAILABLE
    code = "UNSETTLED"


class _Strangers(Exception):  # noqa: N818  (no mistake: the batch is put back and taken anew)
    """Records came in that the plan file doesn't name."""

    def __init__(self, strangers: Strangers) -> None:
        super().__init__()
        self.strangers = strangers


@dataclass(slots=True)
class Budget:
    """The confirmed count, enforced while executing: late arrivals can grow the set."""

    left: int | None

    def ask(self, records: int) -> None:
        """Raises RefusedError when so many more would exceed it."""
        if self.left is not None and records > self.left:
            raise RefusedError(
                "more records came due than were confirmed",
                hint="look at the plan again",
                code="CONFIRMED_COUNT",
            )

    def spend(self, records: int) -> None:
        """Counts what really went; a batch that was undone and is tried again costs nothing."""
        if self.left is not None:
            self.left -= records


@dataclass(slots=True)
class Work:
    """The batches of one dataset."""

    mark: str
    """The installation, as it stands in names on the PBX's disks."""

    journal: Journal
    store: Store
    committer: Committer
    source: str
    result: DatasetResult
    budget: Budget
    stop: Stop
    watch: Watch
    """Asks before each commit whether a hold came in between."""

    report: Callable[[], None]
    lookup: Lookup | None = None
    """Makes what a record is found by, at level sealed."""

    region: str = ""
    guard: Callable[[], None] = lambda: None
    """Raises LockedError when the source's lock is lost; table stores ask it themselves."""

    planned: Planned | None = None
    """The only records that may go, where a plan file names them."""

    selection: Selection | None = None
    """What the last pass worked with."""

    pace: Pace = GENTLE
    limit: int = 0
    skip: set[bytes] = field(default_factory=set)
    final_at: float = 0.0
    """When the batch in hand became final (monotonic); its locks are gone from then on."""

    _taker: LookAhead = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.limit = self.limit or self.pace.first
        self._taker = LookAhead(self.store)

    def through(self, selection: Selection) -> int:
        """One pass over the dataset; returns how many records went.

        Raises StoreError when it can't go on, Unsettled when a batch stays in doubt.
        """
        with _uncollected(), LookAhead(self.store, self._second(selection)) as self._taker:
            return self._through(selection)

    def _second(self, selection: Selection) -> Store | None:
        """The store once more, to take the next batch from while one is in hand: where nothing
        rests in between, and no plan file has to tell which record comes next. At level sealed
        Python has so much to do that two threads would only fight over it."""
        second = getattr(self.store, "second", None)
        if second is None or self.pace.rest or self.planned is not None or self.lookup is not None:
            return None
        found: Store | None = second(selection)
        return found

    def _through(self, selection: Selection) -> int:
        after: Cursor | None = None
        stuck = failures = went = 0
        self.result.skipped = Counter()
        spared = self.planned.look(self.store, selection) if self.planned else selection
        while not self.stop():
            number = self.journal.next_batch()
            try:
                batch = self._taker.take(
                    spared,
                    limit=self.limit,
                    after=after,
                    skip=frozenset(self.skip),
                    name=BatchName(self.mark, self.journal.token, number),
                )
                began = self.final_at = self._taker.began
                count = self._batch(number, batch)
                exhausted, cursor = batch.exhausted, batch.cursor
                del batch  # or its rows would stay while the next ones come
                gc.collect(0)
            except HoldsMovedError:
                self._taker.drop()  # nobody waits with a transaction open
                selection = self.watch.again(selection, self.store, batch=number + 1)
                self.selection = selection
                spared = self.planned.strangers.spared(selection) if self.planned else selection
                continue
            except _Strangers as found:
                known, spared = spared, found.strangers.spared(spared)
                if spared == known:
                    raise StoreError(
                        f"dataset {self.store.dataset}: the store takes what the plan spares"
                    ) from None
                continue
            except StoreError as error:
                failures += 1
                self._smaller(error, failures)
                continue
            failures = 0
            went += count
            self._pace(self.final_at - began)
            if exhausted:
                break
            stuck = stuck + 1 if not count and cursor == after else 0
            if stuck > 1:
                raise StoreError(f"dataset {self.store.dataset}: no progress, stopped")
            after = cursor
        if not self.stop():
            self.result.swept.update(self.store.sweep(selection))
        return went

    def _batch(self, number: int, batch: Batch) -> int:
        """Leaving the with block before the commit puts everything back. What is held can't change
        from the check to the mark."""
        with batch, self.watch.still(self.store, batch.taken):
            if self.planned is not None and not self.planned.claim(batch.taken):
                raise _Strangers(self.planned.strangers)
            self.result.absent += batch.absent
            self.result.skipped.update(batch.skipped)
            if not batch.taken:
                return 0
            self.budget.ask(len(batch.taken))
            self._seal(number, batch)
            mark = self._final(number, batch)
            self.journal.mark(mark)
        self.watch.gone(self.store, batch.taken, mark.gone)
        if self.planned is not None:
            self.planned.settled(mark.gone, failed=bool(mark.failed))
        self.budget.spend(mark.deleted)
        self.result.marks.append(mark)
        self.result.failed += mark.failed
        self.report()
        return mark.deleted

    def _seal(self, number: int, batch: Batch) -> None:
        first = self.committer.next_index
        leaves = self.committer.leaves(first, batch.taken)
        self.journal.leaf_file(
            self.store.dataset,
            {
                "source": self.source,
                "dataset": self.store.dataset,
                "data_class": self.store.data_class,
                "encoding": self.store.encoding,
                "region": self.region,
            },
        )
        rows = self.lookup.rows(first, batch.taken) if self.lookup else None
        self.journal.seal(number, self.store.dataset, batch, leaves=leaves, first=first, rows=rows)

    def _final(self, number: int, batch: Batch) -> Mark:
        try:
            if batch.final == "journal":
                self.guard()
                self.journal.committed(number)
            gone = batch.commit()
        except OutcomeUnknown:
            # The answer was lost: only the source knows, and nothing goes on before it is asked.
            return self._settled()
        except EvidenceError:
            raise
        except RetainError:
            # Also a lost lock: another host may take these records now, with evidence of its own.
            batch.rollback()
            self.journal.forget(number, self.store.dataset)
            if self.lookup:
                self.lookup.undo()
            raise
        self.final_at = time.monotonic()
        try:
            return self._mark(number, batch, gone, batch.finish())
        except RetainError:
            return self._settled()

    def _settled(self) -> Mark:
        self._taker.drop()  # nobody waits with a transaction open
        intent = self.journal.dead_intent()
        if intent is None:
            raise Unsettled(
                f"dataset {self.store.dataset}: the batch in flight isn't in the journal"
            )
        try:
            return settle(self.store, intent)
        except RetainError as error:
            raise Unsettled(
                f"dataset {self.store.dataset}: the last batch is in doubt, since {error.args[0]}",
                hint="the next run settles and reports it",
            ) from None

    def _mark(self, number: int, batch: Batch, gone: Bits | None, finish: Finish) -> Mark:
        if finish.kept:
            bits = list(gone) if gone is not None else [True] * len(batch.taken)
            for index in finish.kept:
                bits[index] = False
            gone = bits
        zone = self.journal.zone
        oldest, newest = (when.astimezone(zone).date() for when in span(batch.taken))
        return Mark(
            batch=number,
            dataset=self.store.dataset,
            gone=gone,
            count=len(batch.taken),
            also=finish.also,
            failed=finish.failed,
            absent=batch.absent,
            oldest=oldest,
            newest=newest,
        )

    def _smaller(self, error: StoreError, failures: int) -> None:
        """One failing record is retried smaller; what fails alone is skipped and counted, unless
        so many do that something else is wrong."""
        if error.identity is not None and len(self.skip) < FAILED_AT_MOST:
            log.warning("dataset %s, one record: %s", self.store.dataset, error)
            self.skip.add(error.identity)
            self.result.failed += 1
            self.limit = self.pace.first
        elif failures > ATTEMPTS and self.limit == 1:
            raise error
        else:
            self.limit = max(1, self.limit // 10)

    def _pace(self, held: float) -> None:
        """Batches shrink when the server slows; nobody sleeps with a transaction open."""
        pace = self.pace
        if not pace.goal <= held <= pace.longest:
            factor = pace.goal / max(held, 1e-6)
            wanted = int(self.limit * min(2.0, max(0.25, factor)))
            self.limit = min(pace.largest, max(pace.smallest, wanted))
        if pace.rest:
            time.sleep(min(held, pace.rest))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Python looks for cycles after so many new objects, and rows are many and have none: a fifth
    of a batch's time. Between batches there is little to look through."""
    was = gc.isenabled()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was:
            gc.enable()


def settle(store: Store, intent: DeadIntent) -> Mark:
    """Asks the store what became of a batch; completes what its finish left."""
    gone = store.settle(intent)
    return Mark(
        batch=intent.batch,
        dataset=intent.dataset,
        gone=gone,
        count=intent.count,
        absent=intent.absent,
        oldest=intent.oldest,
        newest=intent.newest,
    )
