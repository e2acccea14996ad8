"""How does a plan become deletions, such that a crash at any instant leaves no doubt?

One source per call: lock, settle a dead run and publish its report, plan, refuse or work through
the datasets batch by batch (take, seal, commit, finish, mark), look again afresh, publish the
report. Every run that holds the lock ends with a report, also one that was refused or failed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from pbxretain import (
    holdnotes,
    keeping,
    plan,
    planfile,
    planrun,
    purgers,
    report,
    runfacts,
    signing,
    sources,
)
from pbxretain.batches import GENTLE, Budget, Pace, Stop, Work
from pbxretain.connector import Connector
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
from pbxretain.evidence.commitments import RunKey
from pbxretain.evidence.sidecars import Kept
from pbxretain.evidence.statements import ReportPlace
from pbxretain.journal import Journal
from pbxretain.ledger import Entry, Ledger, source_lock
from pbxretain.outcomes import DatasetResult, judge, verdict
from pbxretain.passes import How, Passes
from pbxretain.plan import Item, Plan, Progress, Terms, silent
from pbxretain.planfile import OLDEST, PlanFile
from pbxretain.planned import Tally
from pbxretain.pseudonyms import Pseudonyms
from pbxretain.recovery import frozen, settle_dead
from pbxretain.report import Ending
from pbxretain.rolling import Chain
from pbxretain.settings import Source
from pbxretain.sources import Opened
from pbxretain.strands import Strand
from pbxretain.traces import Traces
from pbxretain.watching import Answer, Watch

log = logging.getLogger("pbxretain")

_NOWHERE = ReportPlace(seq=0, prev=None)


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
            passes = self._passes(decided, results, errors)
            passes.prepare(self._how(key), opened, journal, watch)
            passes.through()
            with suppress(RetainError):  # told already, or nobody waits for an answer
                watch.end(batch=journal.next_batch())
            tally = self._explained(passes.works, decided, opened, errors)
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
        return sources.opened(
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

    def _passes(
        self, decided: Plan, results: dict[str, DatasetResult], errors: list[RetainError]
    ) -> Passes:
        source, product = self.terms.source, self.terms.connector
        return Passes(
            terms=self.terms,
            decided=decided,
            results=results,
            errors=errors,
            now=self.now,
            progress=self.progress,
            stop=self.stop,
            afresh=lambda: self._open(source, product, exclusive=False),
        )

    def _how(self, key: RunKey) -> How:
        return How(
            key=key,
            mark=self.site.mark,
            budget=Budget(self.confirm_count),
            pace=self.pace,
            planned=lambda dataset: planrun.named(self.planned, self.tagger, dataset),
        )

    def _untouched(self, item: Item) -> DatasetResult:
        outcome = "kept" if item.selection is None else "nothing-due"
        if item.refusal:
            outcome = "refused" if isinstance(item.refusal, RefusedError) else "failed"
        elif item.selection is not None:
            outcome = "not-reached"
        return DatasetResult(item.dataset, outcome=outcome, before=item.census, after=item.census)

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
        return runfacts.facts(
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
