"""What do genuine statements complain about, themselves or one about the other?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pbxretain.errors import Exit
from pbxretain.evidence.attestations import ApprovedPolicy, Observation, Review, Role
from pbxretain.evidence.fields import moment
from pbxretain.evidence.statements import Balances, DeletionReport, Plan
from pbxretain.evidence.trust import Roster
from pbxretain.ledger import REPORT_NAME
from pbxretain.signing import Envelope, signed_by
from pbxretain.verify.chain import Chains, number
from pbxretain.verify.findings import FINDINGS, Find, Finding, Report, found

CLOCKS = timedelta(minutes=10)
"""How far the clocks of two machines may differ."""
AHEAD = timedelta(days=1)
"""A date so far ahead of the reader's clock is wrong."""


def runs(known: Chains, find: Find, *, now: datetime) -> None:
    """What reports say of themselves. What the newest of its kind doesn't repeat is settled."""
    for chain in known.values():
        reports = [report for report in chain if report.deletion is not None]
        # A run settles nothing that a data subject demanded, and the other way round.
        last = {_is_erasure(report): number(report) for report in reports}
        for report in reports:
            run = report.deletion
            assert run is not None  # noqa: S101  (chosen above)
            newest = number(report) == last[run.is_erasure]
            for finding in _complaints(run, report.path.name):
                find(finding if newest else replace(finding, exit=Exit.OK))
            if moment(run.run.ended_at) > now + AHEAD:
                find(found("CLOCK_AHEAD", file=report.path.name))
            if number(report) == number(reports[-1]) and run.evidence.level == "counts":
                find(found("LEVEL_COUNTS", file=report.path.name))


def _is_erasure(report: Report) -> bool:
    return report.deletion is not None and report.deletion.is_erasure


def plans(reports: Sequence[Report], find: Find) -> None:
    """A dry run is named as one; under the name of a report somebody may take it for one."""
    for report in reports:
        if isinstance(report.statement.predicate, Plan):
            find(found("DRY_RUN", file=report.path.name))
            if REPORT_NAME.fullmatch(report.path.name):
                find(found("EXTRA_REPORT", file=report.path.name))


def _complaints(report: DeletionReport, file: str) -> Iterator[Finding]:
    if report.policy.not_decided:
        yield found("NOT_DECIDED", file=file, data=", ".join(report.policy.not_decided))
    if not report.policy.approved and report.run.outcome != "refused":
        yield found("NOT_APPROVED", file=file)
    outcome = f"RUN_{report.run.outcome.upper()}"
    if outcome == "RUN_REFUSED":
        yield found(outcome, file=file, reason=report.run.refused_reason or "")
    elif outcome in FINDINGS:
        yield found(outcome, file=file)
    for dataset in report.datasets:
        name, balances = dataset.dataset, dataset.balances
        if balances.residue:
            yield found("RESIDUE", file=file, dataset=name, count=balances.residue)
        if balances.failed:
            yield found("RECORDS_FAILED", file=file, dataset=name, count=balances.failed)


def policies(chain: Sequence[Report], beside: Sequence[Report], find: Find) -> None:
    """From the oldest signed policy on, each run must be under one of them. What ran before it
    was signed is told by nothing here: nobody had put a policy before the officer yet."""
    own = {report.statement.predicate.installation for report in chain}
    signed = [
        r.statement.predicate
        for r in beside
        if isinstance(r.statement.predicate, ApprovedPolicy)
        and r.signer
        and r.statement.predicate.installation in own
    ]
    digests = {each.digest for each in signed}
    first = min((moment(each.at) for each in signed), default=None)
    for report in chain if first else ():
        run = report.deletion
        if run is None or run.run.outcome == "refused" or run.policy.digest in digests:
            continue
        if first and moment(run.run.started_at) >= first:
            find(found("UNAPPROVED_POLICY", file=report.path.name, seq=number(report)))


def approvals(
    chain: Sequence[Report], beside: Sequence[Report], roster: Roster, find: Find
) -> None:
    """Whether those whom a report names have signed its policy, before the run."""
    signed = [
        (r.statement.predicate, r.envelope)
        for r in beside
        if isinstance(r.statement.predicate, ApprovedPolicy)
        and r.statement.predicate.installation == roster.trust.installation
    ]
    for report in chain:
        run = report.deletion
        if run is None or not run.policy.signed_by:
            continue
        there = [(s, e) for s, e in signed if s.digest == run.policy.digest]
        name, seq = report.path.name, number(report)
        if not there:
            find(found("APPROVAL_ABSENT", file=name, seq=seq))
        elif not any(_vouches(said, envelope, run, roster) for said, envelope in there):
            find(found("FALSE_APPROVAL", file=name, seq=seq))


def _vouches(said: ApprovedPolicy, envelope: Envelope, run: DeletionReport, roster: Roster) -> bool:
    at, policy = moment(said.at), run.policy

    def signers(role: Role) -> set[str]:
        valid = {k: key for k, key in roster.valid(role, at).items() if k in policy.signed_by}
        return {k for k, key in valid.items() if signed_by(envelope, {k: key}) is not None}

    controllers, officers = signers("controller"), signers("dpo")
    whole = controllers | officers == set(policy.signed_by)
    asked = policy.consulted is None or policy.consulted == bool(officers)
    return whole and asked and bool(controllers) and at <= moment(run.run.ended_at) + CLOCKS


def reviews(chain: Sequence[Report], beside: Sequence[Report], find: Find) -> None:
    """What the officer said of which report."""
    digests = {report.digest: report for report in chain}
    for report in beside:
        review = report.statement.predicate
        if not isinstance(review, Review) or not report.signer:
            continue
        about = digests.get(review.report)
        if about is None or number(about) != review.seq:
            find(found("REVIEW_STRAY", file=report.path.name, seq=review.seq))
        else:
            code = "REVIEW_REJECTED" if review.verdict == "rejected" else "REVIEWED"
            find(found(code, file=report.path.name, seq=review.seq))


def observations(chain: Sequence[Report], beside: Sequence[Report], find: Find) -> None:
    """An independent look found more overdue than the last report before it had told."""
    for report in beside:
        seen = report.statement.predicate
        if not isinstance(seen, Observation) or not report.signer:
            continue
        runs_ = [r.deletion for r in chain if r.deletion and not r.deletion.is_erasure]
        before = [run for run in runs_ if run.run.ended_at <= seen.as_of]
        told = {d.dataset: d for d in before[-1].datasets} if before else {}
        for each in seen.datasets:
            dataset = told.get(each.dataset)
            cleared = dataset.rule.cutoff if dataset else None
            # The look grants the run its patience: an earlier cut-off is within the report's.
            if dataset is None or not cleared or not each.cutoff or each.cutoff > cleared:
                continue
            if each.overdue > _left(dataset.balances):
                file, name, count = report.path.name, each.dataset, each.overdue
                find(found("OBSERVED_OVERDUE", file=file, dataset=name, count=count))


def _left(balances: Balances) -> int:
    """Records before the cut-off of which the report said that they are still there."""
    kept = balances.held + balances.minimum + balances.straddling + balances.kept_for_part
    return kept + balances.failed + balances.residue + balances.late
