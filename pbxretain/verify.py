"""Are these reports genuine, complete, and what do they themselves complain about?

Reads single reports and whole report folders, without database, network or settings. Order:
signature over the bytes as received, strict parse, the statement's own figures, then the chain
between statements, then the ledger file beside them. Nothing in a folder under examination is
trusted, least of all a key. Whatever a hostile file holds becomes a finding, never a crash.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from pbxretain.errors import DocumentError, EvidenceError, Exit, TrustError, UnavailableError, worst
from pbxretain.evidence.fields import moment
from pbxretain.evidence.statements import DeletionReport, Statement, parse_statement
from pbxretain.ledger import LEDGER, PREPARED, REPORT_NAME, Entry, read_ledger
from pbxretain.signing import (
    MAX_ENVELOPE,
    Envelope,
    PublicKey,
    fingerprint,
    load_public,
    merge_keys,
    open_envelope,
    public_keys,
    signed_by,
    verify_envelope,
)

_MAX_LEDGER = 256 * 1024 * 1024
_MAX_OFFERED = 100
_AHEAD = timedelta(days=1)

FINDINGS: Mapping[str, Exit] = {
    # not genuine
    "MALFORMED": Exit.FORGED,
    "NOT_CANONICAL": Exit.FORGED,
    "BAD_SIGNATURE": Exit.FORGED,
    "SCHEMA": Exit.FORGED,
    "BALANCE": Exit.FORGED,
    "SUBJECT": Exit.FORGED,
    "FORK": Exit.FORGED,
    "PREV": Exit.FORGED,
    "LEDGER": Exit.FORGED,
    "LEDGER_MISMATCH": Exit.FORGED,
    # sound, but by whom?
    "UNTRUSTED_KEY": Exit.UNTRUSTED,
    "UNKNOWN_KEY": Exit.UNTRUSTED,
    # genuine, but
    "GAP": Exit.INCOMPLETE,
    "MISSING_REPORT": Exit.INCOMPLETE,
    "MISSING_LEDGER": Exit.INCOMPLETE,
    "EXTRA_REPORT": Exit.INCOMPLETE,
    "CHANGED_FILE": Exit.INCOMPLETE,
    "UNPUBLISHED": Exit.INCOMPLETE,
    "CLOCK_BACK": Exit.INCOMPLETE,
    "CLOCK_AHEAD": Exit.INCOMPLETE,
    "NOT_DECIDED": Exit.INCOMPLETE,
    "NOT_APPROVED": Exit.INCOMPLETE,
    "RESIDUE": Exit.INCOMPLETE,
    "RECORDS_FAILED": Exit.INCOMPLETE,
    "RUN_INCOMPLETE": Exit.INCOMPLETE,
    "RUN_FAILED": Exit.INCOMPLETE,
    "RUN_REFUSED": Exit.INCOMPLETE,
    "RUN_INTERRUPTED": Exit.INCOMPLETE,
    # could not look
    "UNREADABLE": Exit.UNAVAILABLE,
    "UNKNOWN_TYPE": Exit.UNAVAILABLE,
    "NOTHING": Exit.UNAVAILABLE,
    # good to know
    "OWN_KEY": Exit.OK,
    "DRY_RUN": Exit.OK,
    "LEVEL_COUNTS": Exit.OK,
    "RUN_RECOVERED": Exit.OK,
}
"""Every code that a verdict can hold, with the exit code it leads to."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: ``code`` of FINDINGS, ``params`` for its sentence, ``file`` by name only.

    A complaint that a newer report of the same source supersedes keeps its code and has exit OK.
    """

    code: str
    exit: Exit
    file: str = ""
    params: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """One statement that could be read. ``signer`` is a trusted key id, None when untrusted."""

    path: Path
    digest: str
    sha256: str
    statement: Statement
    signer: str | None

    @property
    def deletion(self) -> DeletionReport | None:
        """The predicate of a real run's report."""
        predicate = self.statement.predicate
        return predicate if isinstance(predicate, DeletionReport) else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """All findings, all readable reports, the exit code, and the assurance level if any."""

    findings: tuple[Finding, ...]
    reports: tuple[Report, ...]

    @property
    def exit(self) -> Exit:
        """The most severe of the findings' exit codes."""
        return worst([finding.exit for finding in self.findings] or [Exit.OK])

    @property
    def level(self) -> str | None:
        """``L1`` when every report could be read, is signed by a trusted key, and nothing is
        forged."""
        unseen = any(finding.exit == Exit.UNAVAILABLE for finding in self.findings)
        sound = self.exit in (Exit.OK, Exit.INCOMPLETE) and self.reports and not unseen
        return "L1" if sound and all(report.signer for report in self.reports) else None


def verify_paths(
    paths: Sequence[Path],
    *,
    trust: Sequence[Path],
    keys: Sequence[Path],
    own_public: Path | None,
    now: datetime,
) -> Verdict:
    """Examines report files and report folders, each once however often it is named.

    ``trust`` and ``keys`` are PEM files of public keys that the caller trusts; without either
    ``own_public`` counts where it exists. ``now`` is aware UTC. Raises DocumentError or
    UnavailableError for those key files only; everything else ends in the verdict.
    """
    trusted, own = _trusted(trust, keys, own_public)
    look = _Look(trusted=trusted, own=own, now=now)
    once = {path.absolute(): path for path in paths}.values()
    files = [path for path in once if not _is_folder(path)]
    for path in once:
        if path not in files:
            look.folder(path)
    look.files(files)
    return look.verdict()


def _trusted(
    trust: Sequence[Path], keys: Sequence[Path], own_public: Path | None
) -> tuple[dict[str, PublicKey], bool]:
    if trust or keys:
        return merge_keys([*trust, *keys]), False
    if own_public is not None and _is_there(own_public):
        return load_public(own_public), True
    return {}, False


class _Look:
    """One examination; gathers findings."""

    def __init__(self, *, trusted: Mapping[str, PublicKey], own: bool, now: datetime) -> None:
        self._trusted = trusted
        self._own = own
        self._now = now
        self._findings: list[Finding] = []
        self._reports: list[Report] = []
        self._latest: dict[tuple[str, str], int] = {}
        self._offered: dict[Path, dict[str, PublicKey]] = {}

    def files(self, paths: Sequence[Path]) -> None:
        self._chain(list(self._files(paths)), whole=False)

    def folder(self, path: Path) -> None:
        inner = path / "reports"
        inside = not _is_there(path / LEDGER) and _is_folder(inner)
        self._folder(inner if inside else path)

    def verdict(self) -> Verdict:
        if not self._reports and not self._findings:
            self._find("NOTHING")
        self._forks()
        for report in self._reports:
            self._content(report)
        signers = {report.signer for report in self._reports if report.signer}
        if self._own and signers:
            self._find("OWN_KEY", fingerprint=fingerprint(min(signers)))
        return Verdict(tuple(_once(self._findings)), tuple(self._reports))

    def _find(self, code: str, *, file: str = "", **params: str | int) -> None:
        name = os.fsencode(file).decode("utf-8", "replace")
        self._findings.append(Finding(code, FINDINGS[code], name, params))

    def _forks(self) -> None:
        """One number, two reports: also when they come from different folders."""
        known: dict[tuple[str, str, int], str] = {}
        for report in self._reports:
            if (run := report.deletion) is not None:
                place = (run.installation, run.source, run.ledger.seq)
                if known.setdefault(place, report.digest) != report.digest:
                    self._find("FORK", file=report.path.name, seq=run.ledger.seq)

    # -- one file

    def _files(self, paths: Sequence[Path]) -> Iterator[Report]:
        seen = {report.path.absolute() for report in self._reports}
        for path in paths:
            report = self._file(path) if path.absolute() not in seen else None
            if report is not None:
                self._reports.append(report)
                yield report

    def _file(self, path: Path) -> Report | None:
        data = _read(path, MAX_ENVELOPE + 1)
        if data is None:
            self._find("UNREADABLE", file=path.name)
            return None
        try:
            envelope = open_envelope(data)
            signer = self._signer(envelope, path)
            statement = parse_statement(envelope.payload)
        except EvidenceError as error:
            self._find(error.code if error.code in FINDINGS else "MALFORMED", file=path.name)
            return None
        return Report(path, envelope.digest, hashlib.sha256(data).hexdigest(), statement, signer)

    def _signer(self, envelope: Envelope, path: Path) -> str | None:
        try:
            return verify_envelope(envelope, self._trusted)
        except TrustError:
            pass
        if path.parent not in self._offered:
            self._offered[path.parent] = _offered(path.parent)
        offered = self._offered[path.parent]
        signer = signed_by(envelope, offered)
        if signer is not None:
            self._find("UNTRUSTED_KEY", file=path.name, fingerprint=fingerprint(signer), key=signer)
        elif any(signature.keyid in offered for signature in envelope.signatures):
            raise EvidenceError("The signature is not genuine.", code="BAD_SIGNATURE")
        else:
            self._find("UNKNOWN_KEY", file=path.name)
        return None

    # -- a folder

    def _folder(self, folder: Path) -> None:
        try:
            names = sorted(os.listdir(folder))  # noqa: PTH208  (names, undecodable ones too)
        except OSError:
            self._find("UNREADABLE", file=folder.name)
            return
        files = [folder / name for name in names if name.endswith(".dsse.json")]
        reports = list(self._files([path for path in files if path.name[0] != "."]))
        if PREPARED in names:
            self._find("UNPUBLISHED")
        self._chain(reports, whole=True)
        if LEDGER in names:
            self._ledger(folder / LEDGER, reports, {path.name for path in files})
        elif any(report.deletion for report in reports):
            self._find("MISSING_LEDGER")

    def _chain(self, reports: Sequence[Report], *, whole: bool) -> None:
        sources: dict[tuple[str, str], list[tuple[DeletionReport, Report]]] = defaultdict(list)
        for report in reports:
            if (run := report.deletion) is not None:
                sources[run.installation, run.source].append((run, report))
        for source, chain in sources.items():
            chain.sort(key=lambda pair: pair[0].ledger.seq)
            self._latest[source] = max(self._latest.get(source, 0), chain[-1][0].ledger.seq)
            if whole and chain[0][0].ledger.seq > 0:
                self._find("GAP", first=0, last=chain[0][0].ledger.seq - 1)
            for (before, old), (after, new) in pairwise(chain):
                self._link(before, old, after=after, new=new, whole=whole)

    def _link(
        self,
        before: DeletionReport,
        old: Report,
        *,
        after: DeletionReport,
        new: Report,
        whole: bool,
    ) -> None:
        step = after.ledger.seq - before.ledger.seq
        if step > 1 and whole:
            self._find("GAP", first=before.ledger.seq + 1, last=after.ledger.seq - 1)
        elif step == 1 and after.ledger.prev != old.digest:
            self._find("PREV", file=new.path.name, seq=after.ledger.seq)
        if after.run.ended_at < before.run.ended_at:
            self._find("CLOCK_BACK", file=new.path.name, seq=after.ledger.seq)

    def _ledger(self, path: Path, reports: Sequence[Report], files: set[str]) -> None:
        data = _read(path, _MAX_LEDGER)
        try:
            if data is None:
                raise EvidenceError("unreadable")
            entries, torn = read_ledger(data)
        except EvidenceError:
            self._find("LEDGER", file=path.name)
            return
        if torn:
            self._find("UNPUBLISHED")
        by_name = {report.path.name: report for report in reports}
        for entry in entries:
            if entry.file not in files:
                self._find("MISSING_REPORT", file=entry.file, seq=entry.seq)
            elif entry.file in by_name:
                self._entry(entry, by_name[entry.file])
        known = {entry.file for entry in entries}
        for report in reports:
            if report.deletion and report.path.name not in known:
                self._find("EXTRA_REPORT", file=report.path.name)

    def _entry(self, entry: Entry, report: Report) -> None:
        run = report.deletion
        if run is None or (entry.digest, entry.seq, entry.type, entry.at, entry.run) != (
            report.digest,
            run.ledger.seq,
            report.statement.type,
            run.run.ended_at,
            run.run.recovers or run.run.id,
        ):
            self._find("LEDGER_MISMATCH", file=entry.file, seq=entry.seq)
        elif report.sha256 != entry.sha256:
            self._find("CHANGED_FILE", file=entry.file, seq=entry.seq)

    # -- what a report itself says

    def _content(self, report: Report) -> None:
        run = report.deletion
        if run is None:
            self._find("DRY_RUN", file=report.path.name)
            if REPORT_NAME.fullmatch(report.path.name):
                # A dry run under the name of a report: somebody may take it for one.
                self._find("EXTRA_REPORT", file=report.path.name)
            return
        newest = self._latest[run.installation, run.source] == run.ledger.seq
        for finding in _complaints(run, report.path.name):
            self._findings.append(finding if newest else replace(finding, exit=Exit.OK))
        if moment(run.run.ended_at) > self._now + _AHEAD:
            self._find("CLOCK_AHEAD", file=report.path.name)
        if newest and run.evidence.level == "counts":
            self._find("LEVEL_COUNTS", file=report.path.name)


def _complaints(report: DeletionReport, file: str) -> Iterator[Finding]:
    def found(code: str, **params: str | int) -> Finding:
        return Finding(code, FINDINGS[code], file, params)

    if report.policy.not_decided:
        yield found("NOT_DECIDED", data=", ".join(report.policy.not_decided))
    if not report.policy.approved and report.run.outcome != "refused":
        yield found("NOT_APPROVED")
    outcome = f"RUN_{report.run.outcome.upper()}"
    if outcome == "RUN_REFUSED":
        yield found(outcome, reason=report.run.refused_reason or "")
    elif outcome in FINDINGS:
        yield found(outcome)
    for dataset in report.datasets:
        if dataset.balances.residue:
            yield found("RESIDUE", dataset=dataset.dataset, count=dataset.balances.residue)
        if dataset.balances.failed:
            yield found("RECORDS_FAILED", dataset=dataset.dataset, count=dataset.balances.failed)


def _once(findings: Sequence[Finding]) -> Iterator[Finding]:
    seen: set[object] = set()
    for finding in findings:
        key = (finding.code, finding.file, tuple(sorted(finding.params.items())))
        if key not in seen:
            seen.add(key)
            yield finding


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _offered(folder: Path) -> dict[str, PublicKey]:
    """Keys lying beside a report: good for telling a sound signature from a forged one only."""
    keys: dict[str, PublicKey] = {}
    try:
        files = sorted(folder.glob("runner-*.pub.pem"))[:_MAX_OFFERED]
    except OSError:
        return keys
    for path in files:
        data = _read(path, 64 * 1024)
        try:
            keys |= public_keys(data or b"")
        except (DocumentError, UnavailableError):
            continue
    return keys


def _read(path: Path, limit: int) -> bytes | None:
    """At most ``limit`` bytes of a regular file; None for everything that can't be read as one."""
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return None
        with os.fdopen(fd, "rb", closefd=False) as file:
            return file.read(limit)
    except OSError:
        return None
    finally:
        os.close(fd)
