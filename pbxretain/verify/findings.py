"""What can be found, how serious is it, and what was read?"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pbxretain.errors import Exit, worst
from pbxretain.evidence.attestations import LedgerPlace
from pbxretain.evidence.statements import DeletionReport, Statement, place
from pbxretain.signing import Envelope

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
    "CHECKPOINT": Exit.FORGED,
    "RETIRED_KEY": Exit.FORGED,
    "WRONG_ROLE": Exit.FORGED,
    "SIDECAR": Exit.FORGED,
    "PROOF_BAD": Exit.FORGED,
    # sound, but by whom?
    "UNTRUSTED_KEY": Exit.UNTRUSTED,
    "UNKNOWN_KEY": Exit.UNTRUSTED,
    "REVOKED_KEY": Exit.UNTRUSTED,
    # genuine, but
    "GAP": Exit.INCOMPLETE,
    "TRUNCATED": Exit.INCOMPLETE,
    "MISSED_RUNS": Exit.INCOMPLETE,
    "OVERDUE": Exit.INCOMPLETE,
    "BACKDATED": Exit.INCOMPLETE,
    "POSTDATED": Exit.INCOMPLETE,
    "UNEXPLAINED_ROWS": Exit.INCOMPLETE,
    "RETURNED": Exit.INCOMPLETE,
    "WATERMARK": Exit.INCOMPLETE,
    "UNWITNESSED": Exit.INCOMPLETE,
    "MISSING_WITNESS": Exit.INCOMPLETE,
    "MISSING_CHECKPOINT": Exit.INCOMPLETE,
    "UNAPPROVED_POLICY": Exit.INCOMPLETE,
    "UNDECIDED_POLICY": Exit.INCOMPLETE,
    "FALSE_APPROVAL": Exit.INCOMPLETE,
    "REVIEW_REJECTED": Exit.INCOMPLETE,
    "REVIEW_STRAY": Exit.INCOMPLETE,
    "OBSERVED_OVERDUE": Exit.INCOMPLETE,
    "BUNDLE_CHANGED": Exit.INCOMPLETE,
    "MISSING_SIDECAR": Exit.INCOMPLETE,
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
    "ATTACHMENT": Exit.UNAVAILABLE,
    # good to know
    "OWN_KEY": Exit.OK,
    "OTHER_SIGNERS": Exit.OK,
    "DRY_RUN": Exit.OK,
    "LEVEL_COUNTS": Exit.OK,
    "RUN_RECOVERED": Exit.OK,
    "GAP_EXPLAINED": Exit.OK,
    "POLICY_CHANGED": Exit.OK,
    "NOT_CONSULTED": Exit.OK,
    "APPROVAL_ABSENT": Exit.OK,
    "REVIEWED": Exit.OK,
    "SIDECARS_ABSENT": Exit.OK,
    "PDF_PAGES": Exit.OK,
    "PROVED": Exit.OK,
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


def found(code: str, *, file: str = "", **params: str | int) -> Finding:
    """A finding with the exit code that belongs to it."""
    return Finding(code, FINDINGS[code], os.fsencode(file).decode("utf-8", "replace"), params)


Find = Callable[[Finding], None]


@dataclass(frozen=True, slots=True)
class Report:
    """One statement that could be read. ``signer`` is a trusted key id, None when untrusted."""

    path: Path
    digest: str
    sha256: str
    statement: Statement
    envelope: Envelope
    signer: str | None = None

    @property
    def deletion(self) -> DeletionReport | None:
        """The predicate of a real run's report."""
        predicate = self.statement.predicate
        return predicate if isinstance(predicate, DeletionReport) else None

    @property
    def place(self) -> LedgerPlace | None:
        """Where it stands in a ledger, by its own word."""
        return place(self.statement.predicate)


@dataclass(frozen=True, slots=True)
class Unread:
    """An envelope whose content isn't a statement of ours; ``code`` says why, unless the signature
    shows that it was changed."""

    path: Path
    envelope: Envelope
    code: str


@dataclass(frozen=True, slots=True)
class Whole:
    """A source whose numbers 0 to ``last`` are all there. ``kept``: whether the schedule that the
    roster agrees was kept, None where no roster says one."""

    source: str
    last: int
    kept: bool | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """All findings, all readable statements, and how much may be built on them: ``level`` is None,
    L1 (the runner's signatures and the chain) or L2 (the officer's side has seen them). ``whole``
    are the sources of which a whole folder was examined and nothing is missing."""

    findings: tuple[Finding, ...]
    reports: tuple[Report, ...]
    level: str | None
    whole: tuple[Whole, ...] = ()

    @property
    def exit(self) -> Exit:
        """The most severe of the findings' exit codes."""
        return worst([finding.exit for finding in self.findings] or [Exit.OK])
