"""How does a plan become deletions, such that a crash at any instant leaves no doubt?

One source per call: lock, settle a dead run and publish its report, plan, refuse or work through
the datasets batch by batch (take, seal, commit, finish, mark), look again afresh, publish the
report. Every run that holds the lock ends with a report, also one that was refused or failed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from pbxretain import (
    connector,
    holdnotes,
    keeping,
    plan,
    planfile,
    planrun,
    purgers,
    report,
    signing,
)
from pbxretain.batches import GENTLE, Budget, Pace, Stop, Unsettled, Work
from pbxretain.connector import Connector, Opened
from pbxretain.errors import (
    DocumentError,
    EvidenceError,
    Exit,
    LockedError,
    RefusedError,
    RetainError,
    StoreError,
)
from pbxretain.evidence import notes, sealing, statements
from pbxretain.evidence.commitments import Committer, RunKey
from pbxretain.evidence.lookup import Lookup
from pbxretain.evidence.sidecars import Kept
from pbxretain.evidence.statements import ReportPlace
from pbxretain.journal import Journal
from pbxretain.ledger import Entry, Ledger, source_lock
from pbxretain.outcomes import DatasetResult, judge, remaining, verdict
from pbxretain.plan import Item, Plan, Progress, Terms, silent
from pbxretain.planfile import OLDEST, PlanFile
from pbxretain.planned import NOT_PLANNED, Tally
from pbxretain.pseudonyms import Pseudonyms
from pbxretain.records import Store
from pbxretain.recovery import frozen, settle_dead
from pbxretain.report import Ending
from pbxretain.rolling import Chain
from pbxretain.settings import Source
from pbxretain.strands import Strand
from pbxretain.traces import Traces
from pbxretain.watching import Answer, Watch

log = logging.getLogger("pbxretain")

_NOWHERE = ReportPlace(seq=0, prev=None)
PASSES = 3
"""How often a dataset is worked through when records arrive behind the cursor meanwhile."""


@dataclass(frozen=True, slots=True)
class Site:
    """What a source's runs share: state folder, installation id and runner key, with the chain
    that it belongs to where keys take turns."""

    state: Path
    installation: str
    key: signing.PrivateKey
    chain: Chain | None = None

    def settled(self, ledger: Ledger) -> Site:
        """With the key that signs now, after whatever a crash left is finished."""
        return replace(self, key=self.chain.settle(ledger)) if self.chain else self

    def rolled(self, ledger: Ledger, *, now: datetime) -> Site:
        """With the next key, where its month has begun."""
        if self.chain is None or not self.chain.due(ledger, now):
            return self
        return replace(self, key=self.chain.rotate(ledger, now=now, reason="scheduled"))

    @property
    def reports(self) -> Path:
        return self.state / "reports"

    def origin(self, source: str) -> str:
        """The name of a source's ledger in its checkpoints."""
        return notes.origin(self.installation, source)

    @property
    def mark(self) -> str:
        """The installation in names on the PBX's disks: short, safe in a file name."""
        return self.installation.replace("-", "")[:12]


@dataclass(slots=True)
class RunResult:
    """How a run ended. ``errors`` are the sentences for the person who reads cron's mail."""

    source: str
    outcome: str
    exit_code: Exit
    entry: Entry | None = None
    recovered: Entry | None = None
    errors: list[RetainError] = field(default_factory=list)
    results: list[DatasetResult] = field(default_factory=list)
    plan: Plan | None = None
    planned: Tally | None = None
    """Under a plan file: what became of it."""


def run(
    terms: Terms,
    site: Site,
    *,
    now: datetime,
    trigger: str = "manual",
    confirm_count: int | None = None,
    progress: Progress = silent,
    stop: Stop = lambda: 0,
    planned: PlanFile | None = None,
    oldest: timedelta = OLDEST,
    pace: Pace = GENTLE,
) -> RunResult:
    """One run over one source. ``now`` is aware UTC and holds for the whole run. ``planned``: only
    what a plan file names, which must not be older than ``oldest``.

    Raises LockedError when another run works on the source, EvidenceError when the ledger isn't
    sound or a report can't be written, RefusedError when no key may sign; all else is in the
    result.
    """
    with _locked(terms, site) as (site, ledger):
        worker = _Run(
            terms=replace(terms, as_of=planned.head.when) if planned else terms,
            site=site,
            ledger=ledger,
            now=now,
            began=time.monotonic(),
            trigger=trigger,
            confirm_count=confirm_count,
            progress=progress,
            stop=stop,
            planned=planned,
            oldest=oldest,
            pace=pace,
        )
        return worker.go()


def settle(terms: Terms, site: Site, *, now: datetime) -> Entry | None:
    """Ends what a dead run left, before somebody searches: what it set aside can't be found. None
    where no run died. Raises what ``run`` raises, and RefusedError for a clock that is wrong."""
    if not Journal.died(site.state):
        return None
    with _locked(terms, site) as (site, ledger):
        worker = _Run(
            terms=terms,
            site=site,
            ledger=ledger,
            now=now,
            began=time.monotonic(),
            trigger="manual",
            confirm_count=None,
            progress=silent,
            stop=lambda: 0,
        )
        worker.recover()
        return worker.recovered


@contextmanager
def _locked(terms: Terms, site: Site) -> Iterator[tuple[Site, Ledger]]:
    with source_lock(terms.name, site.state):
        ledger = _ledger(site)
        site = site.settled(ledger)
        ledger.sign_checkpoint(site.key, site.origin(terms.name))  # a crash may have come before
        yield site, ledger


def ledger_of(site: Site) -> Ledger:
    """The source's ledger, for reading."""
    with suppress(OSError):  # who reads needs no folder; who writes is told below
        site.reports.mkdir(mode=0o750, parents=True, exist_ok=True)
    return Ledger(site.reports)


def _ledger(site: Site) -> Ledger:
    ledger = ledger_of(site)
    ledger.try_writing()
    ledger.resume()
    ledger.next()  # a ledger older than its reports is refused while nothing is deleted yet
    return ledger


@dataclass(slots=True)
class _Run:
    terms: Terms
    site: Site
    ledger: Ledger
    now: datetime
    began: float
    trigger: str
    confirm_count: int | None
    progress: Progress
    stop: Stop
    planned: PlanFile | None = None
    oldest: timedelta = OLDEST
    pace: Pace = GENTLE
    tagger: signing.PrivateKey | None = None
    """The key that signed the plan file; the run may sign with the next one."""

    id: str = field(default_factory=lambda: str(uuid4()))
    recovered: Entry | None = None

    # --- the whole ---------------------------------------------------------------------------

    def go(self) -> RunResult:
        last = self.ledger.last()  # settling a dead run adds an entry that is younger than ``now``
        holdnotes.sweep_answers(self.site.state)
        try:
            self.recover()
            self.terms = replace(self.terms, settled=report.settled_before(self.ledger))
            if self.planned:
                self._fits(self.planned)
            with self._open(self.terms.source, self.terms.connector) as opened:
                return self._planned(opened, last, self._tidy(opened))
        except (LockedError, EvidenceError):
            raise
        except RetainError as error:
            return self._without_plan(error)

    def _fits(self, planned: PlanFile) -> None:
        planfile.refuse_misfit(
            planned.head,
            self.terms,
            installation=self.site.installation,
            key=self.site.key,
            now=self.now,
            oldest=self.oldest,
        )
        self.tagger = self.site.key
        if self.confirm_count is None:
            self.confirm_count = planned.head.confirmed

    def _explained(
        self,
        works: Mapping[str, Work],
        decided: Plan,
        opened: Opened,
        errors: list[RetainError],
    ) -> Tally | None:
        """What became of the plan file, where there is one."""
        if self.planned is None or self.tagger is None:
            return None
        tally = planrun.explain(self.planned, self.tagger, works, decided, errors, stop=self.stop)
        if not self.stop():
            tally.since = planrun.came_due(self.terms, opened, works, now=self.now)
        return tally

    def _planned(
        self, opened: Opened, last: Entry | None, untidy: Mapping[str, StoreError]
    ) -> RunResult:
        decided = plan.make(
            self.terms,
            opened,
            now=self.now,
            last_entry=last.ended if last else None,
            confirm_count=self.confirm_count,
            progress=self.progress,
            counts=planfile.counts(self.planned.head) if self.planned else None,
        )
        with suppress(RetainError):  # only who deleted them stays open
            decided = purgers.explained(decided, self.terms, opened)
        decided = plan.without(decided, untidy)
        if self.planned:
            planfile.refuse_other_cutoffs(self.planned.head, decided)
        if not any(refusal.code in plan.CLOCK_CODES for refusal in decided.refusals):
            self.site = self.site.rolled(self.ledger, now=self._clock())
            self._tell_holds()
        known = self._facts(decided)
        if decided.refusals:
            return self._refused(known, decided)
        pseudonyms = self._pseudonyms()
        pseudonyms.retire(self.terms.policy, now=self.now, zone=self.terms.zone)
        if decided.idle and not self.planned:
            results_only = [self._untouched(item) for item in decided.items]
            for result in results_only:
                judge(result)
            return self._publish(known, results_only, decided, [])
        self._rehearse(known)
        decided = pseudonyms.given(decided, now=self.now)
        results = {item.dataset: self._untouched(item) for item in decided.items}
        errors: list[RetainError] = []
        key = RunKey()
        try:
            journal = Journal.create(
                self.site.state, known, records=decided.due, keys=self._sealed(key)
            )
            watch = self._watch(opened, journal)
            works = self._works(journal, key, decided, opened, results, watch)
            self._passes(works, decided, results, errors)
            with suppress(RetainError):  # told already, or nobody waits for an answer
                watch.end(batch=journal.next_batch())
            tally = self._explained(works, decided, opened, errors)
        finally:
            key.forget()
        journal.release_room()
        done = self._publish(known, list(results.values()), decided, errors, journal=journal)
        keeping.named(self.ledger)
        journal.remove()
        done.planned = tally
        with suppress(RetainError):  # else the next run says it, or why it can't be said
            self._tell_holds()
        return done

    def _pseudonyms(self) -> Pseudonyms:
        return Pseudonyms(self.site.state, region=self.terms.source.region)

    def _open(
        self, source: Source, product: Connector, *, exclusive: bool = True
    ) -> AbstractContextManager[Opened]:
        return connector.opened(
            source,
            product,
            name=self.terms.name,
            installation=self.site.mark,
            exclusive=exclusive,
        )

    def _tidy(self, opened: Opened) -> dict[str, StoreError]:
        """Puts right what a dead run left; the datasets in which that can't be done, and why."""
        failed: dict[str, StoreError] = {}
        for store in opened.stores:
            try:
                put_right = store.tidy(self.site.mark)
            except StoreError as error:
                failed[store.dataset] = error
                continue
            if put_right:
                log.warning(
                    "source %s, dataset %s: put %d leftovers of a dead run right",
                    self.terms.name,
                    store.dataset,
                    put_right,
                )
        return failed

    # --- the datasets ------------------------------------------------------------------------

    def _watch(self, opened: Opened, journal: Journal) -> Watch:
        """Only where holds are looked for at all something is kept for those who set one."""
        known = plan.held(self.terms, opened, now=self.now)
        region, zone = self.terms.source.region, self.terms.zone
        traces = Traces(journal.folder, region=region, zone=zone) if self.terms.holds else None
        return Watch(self.terms.scope, opened, self.now, known, traces, self._answer)

    def _answer(self, answer: Answer) -> None:
        log.warning(
            "source %s: hold %s binds from batch %d on", self.terms.name, answer.hold, answer.batch
        )
        holdnotes.answer(self.site.state, answer.hold, batch=answer.batch, taken=answer.taken)

    def _tell_holds(self) -> None:
        """The ledger says of every hold when it came and went. Raises RefusedError."""
        folder = self.terms.holds
        if folder is None:
            return
        signing_ = holdnotes.Signing(
            self.site.installation, self.terms.name, self.site.key, self._clock()
        )
        two_person, register = folder.agreed is not None, folder.read()
        entries = holdnotes.publish(self.ledger, register, signing_, two_person=two_person)
        folder.remember(register.of(self.terms.name))
        if entries:
            self.ledger.sign_checkpoint(self.site.key, self.site.origin(self.terms.name))

    def _sealed(self, key: RunKey) -> Mapping[str, bytes]:
        info = sealing.context(
            installation=self.site.installation, source=self.terms.name, run=self.id
        )
        return sealing.seal_key(key, self.terms.sealed_to, info=info)

    def _works(
        self,
        journal: Journal,
        key: RunKey,
        decided: Plan,
        opened: Opened,
        results: dict[str, DatasetResult],
        watch: Watch,
    ) -> dict[str, Work]:
        budget = Budget(self.confirm_count)
        works: dict[str, Work] = {}
        strands = {strand.dataset: strand for strand in self.terms.strands(opened)}
        for item in decided.items:
            store = strands.get(item.dataset)
            if item.selection is None or item.refusal or item.reads_only or store is None:
                continue
            committer = Committer(
                key,
                source=self.terms.name,
                dataset=item.dataset,
                data_class=item.data_class,
                encoding=store.encoding,
            )
            works[item.dataset] = Work(
                mark=self.site.mark,
                journal=journal,
                planned=planrun.named(self.planned, self.tagger, item.dataset),
                store=store,
                committer=committer,
                lookup=self._lookup(key, item),
                region=self.terms.source.region or "",
                source=self.terms.name,
                result=results[item.dataset],
                budget=budget,
                stop=self.stop,
                watch=watch,
                pace=self.pace,
                report=self._reporter(item, results[item.dataset]),
                guard=opened.lock.verify if opened.lock else lambda: None,
            )
        return works

    def _lookup(self, key: RunKey, item: Item) -> Lookup | None:
        if not self.terms.sealed_to:
            return None
        region = self.terms.source.region
        return Lookup(key, source=self.terms.name, dataset=item.dataset, region=region)

    def _reporter(self, item: Item, result: DatasetResult) -> Callable[[], None]:
        return lambda: self.progress("delete", item.dataset, result.deleted, item.due)

    def _passes(
        self,
        works: dict[str, Work],
        decided: Plan,
        results: dict[str, DatasetResult],
        errors: list[RetainError],
    ) -> None:
        """Works through all datasets and looks again. What arrived meanwhile gets another pass, and
        so does what lay where nobody looks first (a row far off its place in the ids) and what
        came due as others went (a file whose rows went has its own date)."""
        todo = dict(works)
        for number in range(PASSES):
            went = {
                item.dataset: self._pass(item, works[item.dataset], errors)
                for item in decided.items
                if item.dataset in todo
            }
            self._look_again(decided, results, errors)
            todo = {
                name: work
                for name, work in works.items()
                if (not number or any(went.values()))
                and results[name].outcome == "complete"
                and remaining(results[name])
                and not results[name].skipped
                and (work.planned is None or work.planned.waiting)
            }
            if not todo or self.stop():
                break
        for name, work in works.items():
            if work.planned and (unnamed := work.planned.strangers.unnamed):
                results[name].skipped[NOT_PLANNED] = unnamed
        for result in results.values():
            judge(result)

    def _pass(self, item: Item, work: Work, errors: list[RetainError]) -> int:
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
            errors.append(error)
            return 0
        if result.outcome == "not-reached" and not self.stop():
            result.outcome = "complete"
        return went

    def _untouched(self, item: Item) -> DatasetResult:
        outcome = "kept" if item.selection is None else "nothing-due"
        if item.refusal:
            outcome = "refused" if isinstance(item.refusal, RefusedError) else "failed"
        elif item.selection is not None:
            outcome = "not-reached"
        return DatasetResult(item.dataset, outcome=outcome, before=item.census, after=item.census)

    def _look_again(
        self, decided: Plan, results: dict[str, DatasetResult], errors: list[RetainError]
    ) -> None:
        """The residue, over new connections and scans: what counts is what is still there. Where
        nobody can look, no earlier census stands in for it."""
        for item in decided.items:
            if item.selection is not None and not item.refusal:
                results[item.dataset].after = None
        source, product = self.terms.source, self.terms.connector
        try:
            with self._open(source, product, exclusive=False) as opened:
                strands = {strand.dataset: strand for strand in self.terms.strands(opened)}
                for item in decided.items:
                    store = strands.get(item.dataset)
                    self.progress("look", item.dataset, 0, None)
                    if store is not None and item.selection is not None and not item.refusal:
                        self._look_at(opened, store, results[item.dataset], errors)
        except LockedError:
            raise
        except RetainError as error:
            errors.append(error)

    def _look_at(
        self, opened: Opened, store: Store, result: DatasetResult, errors: list[RetainError]
    ) -> None:
        try:
            selection = plan.select(self.terms, opened, store, now=self.now)
            counted = plan.counted(self.terms, opened, store, selection) if selection else None
            result.after = counted
        except StoreError as error:
            errors.append(error)

    # --- a dead run --------------------------------------------------------------------------

    def recover(self) -> None:
        """Settles what a dead run left and publishes its own report, before anything else."""
        dead = Journal.left_behind(self.site.state)
        if dead is None:
            keeping.sweep(self.ledger)
            return
        if self.ledger.published(dead.run) is None:
            log.warning("source %s: settling run %s, which died", self.terms.name, dead.run)
            self.recovered = self._settle(dead)
        keeping.sweep(self.ledger)
        dead.remove()

    def _settle(self, dead: Journal) -> Entry:
        source, product = frozen(dead, self.terms.source, self.terms.connector)
        with self._open(source, product) as opened:
            last = self.ledger.last()
            last_entry = last.ended if last else None
            _, refusals = plan.clock_guards(opened, now=self.now, last_entry=last_entry)
            if refusals:
                raise refusals[0]
            held = plan.held(self.terms, opened, now=self.now)
            then = datetime.fromisoformat(dead.facts["now"]).astimezone(UTC)
            results = settle_dead(
                dead,
                opened,
                tidy=lambda: self._tidy(opened),
                spare=held.spare,
                parts=self._parts(dead, opened),
                again=lambda part: plan.select(self.terms, opened, part, now=then),
            )
        ending = Ending(
            outcome="recovered",
            exit_code=int(Exit.INCOMPLETE),
            ended_at=self._clock(),
            recovers=dead.run,
        )
        dead.release_room()
        files = keeping.grow(dead, results, self.site.reports)
        return self._seal(dead.facts, results, ending, files)

    def _parts(self, dead: Journal, opened: Opened) -> Mapping[str, Strand]:
        """Which part of a dataset each of a dead run's rules took, by name. Only the policy says:
        its values may be numbers, so no run folder holds them. A changed policy can't tell."""
        if dead.facts["policy"]["digest"] == self.terms.policy_digest:
            with suppress(DocumentError):  # the connector changed since
                return {strand.dataset: strand for strand in self.terms.strands(opened)}
        return {}

    # --- the end -----------------------------------------------------------------------------

    def _clock(self) -> datetime:
        """The run's clock, moved on by a clock that nobody can set back."""
        return self.now + timedelta(seconds=time.monotonic() - self.began)

    def _facts(self, decided: Plan | None) -> dict[str, Any]:
        return report.facts(
            self.terms,
            run=self.id,
            installation=self.site.installation,
            trigger=self.trigger,
            started_at=self.now,
            plan=decided,
            confirmed=self.confirm_count,
            planfile=self.planned.digest if self.planned else None,
        )

    def _refused(self, known: dict[str, Any], decided: Plan) -> RunResult:
        reason = decided.refusals[0]
        results = []
        for item in decided.items:
            result = self._untouched(item)
            judge(result)
            if result.outcome == "not-reached":
                result.outcome = "refused"
            results.append(result)
        ending = Ending("refused", int(Exit.REFUSED), self._clock(), refused_reason=reason.code)
        # A clock that is wrong must not write the time it shows into the ledger.
        wrong = any(refusal.code in plan.CLOCK_CODES for refusal in decided.refusals)
        entry = None if wrong else self._seal(known, results, ending)
        return RunResult(
            self.terms.name,
            "refused",
            Exit.REFUSED,
            entry=entry,
            recovered=self.recovered,
            errors=list(decided.refusals),
            results=results,
            plan=decided,
        )

    def _without_plan(self, error: RetainError) -> RunResult:
        """The source couldn't even be opened or counted: that, too, is reported."""
        refused = isinstance(error, RefusedError)
        ending = Ending(
            "refused" if refused else "failed",
            int(error.exit_code),
            self._clock(),
            refused_reason=error.code if refused else None,
        )
        last = self.ledger.last()
        late = last is None or last.ended <= self._clock()
        unsettled = Journal.left_behind(self.site.state) is not None
        # With a dead run unsettled the ledger waits: its report has to come first.
        entry = self._seal(self._facts(None), [], ending) if late and not unsettled else None
        return RunResult(
            self.terms.name,
            ending.outcome,
            error.exit_code,
            entry=entry,
            recovered=self.recovered,
            errors=[error],
        )

    def _publish(
        self,
        known: dict[str, Any],
        results: list[DatasetResult],
        decided: Plan,
        errors: list[RetainError],
        *,
        journal: Journal | None = None,
    ) -> RunResult:
        files = keeping.grow(journal, results, self.site.reports) if journal else []
        errors.extend(item.refusal for item in decided.items if item.refusal)
        outcome, code = verdict(results, errors, signal=self.stop())
        pseudonyms = self._pseudonyms()
        if results and (destroyed := pseudonyms.destroyed()):
            made = {item.dataset for item in decided.items if item.action == "redact"}
            result = next((r for r in results if r.dataset in made), results[0])
            result.noted["PSEUDONYM_KEY_DESTROYED"] = destroyed
        entry = self._seal(known, results, Ending(outcome, int(code), self._clock()), files)
        pseudonyms.told()
        return RunResult(
            self.terms.name,
            outcome,
            code,
            entry=entry,
            recovered=self.recovered,
            errors=errors,
            results=results,
            plan=decided,
        )

    def _rehearse(self, known: dict[str, Any]) -> None:
        """Builds and signs a report of nothing out of the frozen facts: what it can't say must
        show while everything is still there. Raises EvidenceError."""
        ending = Ending("incomplete", int(Exit.INCOMPLETE), self.now)
        try:
            draft = report.deletion_report(known, [], ending, report_id=self.id, place=_NOWHERE)
            signing.seal(statements.statement(draft), self.site.key)
        except (ValueError, RetainError):
            raise EvidenceError(
                f"source {self.terms.name}: no report can be written of what its documents say",
                hint="run pbxretain check, and look for odd names in settings and manifest",
                code="REPORT_IMPOSSIBLE",
            ) from None

    def _seal(
        self,
        known: dict[str, Any],
        results: Sequence[DatasetResult],
        ending: Ending,
        files: Sequence[Kept] = (),
    ) -> Entry:
        seq, prev = self.ledger.next()
        place = ReportPlace(seq=seq, prev=prev, last_witness=self.ledger.last_witness())
        predicate = report.deletion_report(
            known, results, ending, report_id=str(uuid4()), place=place, files=files
        )
        sealed = signing.seal(statements.statement(predicate), self.site.key)
        entry = self.ledger.publish(sealed, public=self.site.key.public_key())
        try:
            self.ledger.sign_checkpoint(self.site.key, self.site.origin(self.terms.name))
        except EvidenceError as error:  # the report is out; the next run signs it
            log.warning("source %s: no checkpoint: %s", self.terms.name, error)
        return entry
