"""Are these reports genuine, complete, and what do they themselves complain about?

Reads single reports, by themselves, in a PDF or in a proof, and report folders and bundles, without
database, network or settings. Order: strict parse with the statement's own figures, keys and their
succession, signatures over the bytes as received, the chain and the ledger, checkpoints and
cosignatures, what one report says against the next, what people said of them, the files that
sealed reports name, the schedule, proofs. Nothing under examination is trusted, least of all a key.
Whatever a hostile file holds becomes a finding, never a crash.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from pbxretain.errors import DocumentError, EvidenceError, Exit
from pbxretain.evidence import notes
from pbxretain.ledger import LEDGER
from pbxretain.signing import fingerprint
from pbxretain.verify import chain, content, history
from pbxretain.verify.carried import Proof, read_given
from pbxretain.verify.findings import FINDINGS, Finding, Report, Unread, Verdict, Whole, found
from pbxretain.verify.reading import Folder, is_folder, is_there, read_folder, rotations_in
from pbxretain.verify.sidecars import sidecars
from pbxretain.verify.signers import Anchors, Signers, is_roster
from pbxretain.verify.witness import Sight, Witness

__all__ = ["FINDINGS", "Finding", "Report", "Verdict", "Whole", "refuse_carried", "verify_paths"]


def refuse_carried(trust: Sequence[Path], paths: Sequence[Path]) -> None:
    """Raises DocumentError for a roster that lies in what is under examination: a delivery can't
    vouch for itself."""
    places = [path.resolve() for path in paths]
    for file in trust:
        inside = any(file.resolve().is_relative_to(place) for place in places)
        if inside and is_roster(file):
            raise DocumentError(
                "the roster comes from the very delivery that is to be checked; use your own copy",
                code="CARRIED_ROSTER",
            )


def verify_paths(
    paths: Sequence[Path],
    *,
    trust: Sequence[Path],
    own_public: Path | None,
    now: datetime,
    seen: Sequence[notes.Checkpoint] = (),
    known: Sequence[Path] = (),
) -> Verdict:
    """Examines report files and report folders, each once however often it is named.

    ``trust`` are files that the caller trusts: PEM files of public keys, or one roster; without
    any ``own_public`` counts where it exists. ``seen`` are checkpoints that the caller has kept,
    ``known`` folders in which he keeps key-events: a report that comes alone needs them after a
    rotation.
    ``now`` is aware UTC. Raises DocumentError, UnavailableError or EvidenceError for the files of
    ``trust`` only; everything else ends in the verdict.
    """
    anchors = Anchors.load(trust, own_public=own_public)
    look = _Look(anchors, now=now, seen=seen, known=known)
    once = {path.absolute(): path for path in paths}.values()
    files = [path for path in once if not is_folder(path)]
    folders = [_with_ledger(path) for path in once if path not in files]
    return look.at(folders, files)


def _with_ledger(path: Path) -> Path:
    inner = path / "reports"
    inside = not is_there(path / LEDGER) and is_folder(inner)
    return inner if inside else path


class _Look:
    """One examination; gathers findings."""

    def __init__(
        self,
        anchors: Anchors,
        *,
        now: datetime,
        seen: Sequence[notes.Checkpoint],
        known: Sequence[Path],
    ) -> None:
        self._anchors = anchors
        self._now = now
        self._seen = seen
        self._known = known
        self._findings: list[Finding] = []
        self._signers = Signers(anchors, self._findings.append)
        self._sights: list[Sight] = []
        self._whole: list[Whole] = []

    def at(self, folders: Sequence[Path], files: Sequence[Path]) -> Verdict:
        find = self._findings.append
        read = [read_folder(path, find) for path in folders]
        inside = {report.path.absolute() for folder in read for report in folder.reports}
        inside |= {unread.path.absolute() for folder in read for unread in folder.unread}
        alone = [read_given(path, find) for path in files if path.absolute() not in inside]
        proofs = [each for each in alone if isinstance(each, Proof)]
        single = [each for each in alone if isinstance(each, Report)]
        single += [proof.report for proof in proofs]
        unread = [each for folder in read for each in folder.unread]
        unread += [each for each in alone if isinstance(each, Unread)]
        beside = list(rotations_in([*self._known, *(report.path.parent for report in single)]))
        beside += [event for proof in proofs for event in proof.rotations]
        self._signers.learn([r for folder in read for r in folder.reports] + single + beside)
        self._findings += map(self._signers.unread, unread)
        for folder in read:
            folder.reports = list(self._genuine(folder.reports))
        single = list(self._genuine(single))
        reports = [report for folder in read for report in folder.reports] + single
        if not reports and not self._findings:
            find(found("NOTHING"))
        for folder in read:
            self._folder(folder)
        for proof in proofs:
            proof.check(self._signers.counting(proof.report), find)
        chain.links(chain.chains(single), find, whole=False)
        known = chain.chains(reports)
        chain.forks(known, find)
        content.runs(known, find, now=self._now)
        content.plans(reports, find)
        self._own(reports)
        return self._verdict(reports, self._disowned(known))

    def _disowned(self, known: chain.Chains) -> frozenset[Path]:
        """Tells of statements under ended keys. Where the ledger has gone on under a key that
        counts, they are a finding and count for nothing, but what came after stands."""
        last: dict[Path, int] = {}
        for placed in known.values():
            highest = max((chain.number(r) for r in placed if r.signer), default=-1)
            last |= dict.fromkeys((report.path for report in placed), highest)
        settled: set[Path] = set()
        for report, finding in self._signers.disowned:
            goes_on = chain.number(report) < last.get(report.path, -1)
            settled |= {report.path} if goes_on else set()
            self._findings.append(replace(finding, exit=Exit.INCOMPLETE) if goes_on else finding)
        return frozenset(settled)

    def _genuine(self, reports: Sequence[Report]) -> Iterator[Report]:
        for report in reports:
            try:
                signer = self._signers.signer(report)
            except EvidenceError as error:
                self._findings.append(found(error.code, file=report.path.name))
                continue
            yield replace(report, signer=signer)

    def _folder(self, folder: Folder) -> None:
        find, roster = self._findings.append, self._anchors.roster
        known = chain.chains(folder.reports)
        chain.links(known, find, whole=True)
        chain.ledger(folder, find)
        beside = [report for report in folder.reports if report.place is None]
        for source, placed in known.items():
            witness = Witness(source, folder, find, kept=self._seen)
            witness.own(self._signers, trusted=any(report.signer for report in placed))
            witness.cosigned(self._anchors, ahead=self._now + content.AHEAD)
            witness.seen()
            witness.brackets(placed)
            self._sights += witness.sights.values()
            history.continuity(placed, find)
            content.policies(placed, beside, find)
            if roster is not None:
                content.approvals(placed, beside, roster, find)
            content.reviews(placed, beside, find)
            content.observations(placed, beside, find)
            sidecars(source, folder, placed, beside, find, now=self._now)
            expected = roster.trust.source(source[1]) if roster else None
            late: list[Finding] = []
            if expected is not None:
                history.schedule(placed, expected, late.append, now=self._now)
                self._findings += late
                self._witnessed(witness, timedelta(hours=expected.witness_h))
            if chain.is_whole(folder, placed):
                ran = any(report.deletion for report in placed)
                kept = not late if expected is not None and ran else None
                self._whole.append(Whole(source[1], chain.number(placed[-1]), kept))

    def _witnessed(self, witness: Witness, within: timedelta) -> None:
        if not any(self._now - sight.at <= within for sight in witness.sights.values()):
            self._findings.append(found("UNWITNESSED"))

    def _own(self, reports: Sequence[Report]) -> None:
        signers = {report.signer for report in reports if report.signer}
        if self._anchors.own and signers:
            self._findings.append(found("OWN_KEY", fingerprint=fingerprint(min(signers))))

    def _verdict(self, reports: Sequence[Report], disowned: frozenset[Path]) -> Verdict:
        findings = tuple(_once(self._findings))
        verdict = Verdict(findings, tuple(reports), None)
        unseen = any(finding.exit == Exit.UNAVAILABLE for finding in findings)
        sound = verdict.exit in (Exit.OK, Exit.INCOMPLETE) and reports and not unseen
        placed = [r for r in reports if r.place is not None and r.path not in disowned]
        if sound and not any(finding.code in chain.LACKING for finding in findings):
            verdict = replace(verdict, whole=tuple(self._whole))
        if not sound or not all(r.signer for r in placed or reports):
            return verdict
        codes = {finding.code for finding in findings if finding.exit is not Exit.OK}
        shaky = codes & {"UNWITNESSED", "TRUNCATED", "NOT_APPROVED", "UNAPPROVED_POLICY"}
        witnessed = self._anchors.roster is not None and self._sights and not shaky
        return replace(verdict, level="L2" if witnessed else "L1")


def _once(findings: Sequence[Finding]) -> Iterator[Finding]:
    seen: set[object] = set()
    for finding in findings:
        key = (finding.code, finding.file, tuple(sorted(finding.params.items())))
        if key not in seen:
            seen.add(key)
            yield finding
