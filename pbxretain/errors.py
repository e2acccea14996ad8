"""What can go wrong, grouped by what the operator does about it.

Each error is one sentence for a person, with an exit code and, where one exists, a hint that
says what to do. No error text ever holds a number, a name, a file name of a recording or a
record key: driver messages are replaced, never quoted.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the command line (docs/reference/exit-codes.md)."""

    OK = 0
    FAILED = 1
    USAGE = 2
    INCOMPLETE = 3
    LOCKED = 4
    REFUSED = 5
    UNAVAILABLE = 6
    FORGED = 7
    UNTRUSTED = 8
    DUE = 10
    INTERRUPTED = 130
    TERMINATED = 143


# Several sources in one command end with the most severe of their codes: a fixed order, never
# a maximum, because the numbers carry no rank.
SEVERITY = (
    Exit.FORGED,
    Exit.UNTRUSTED,
    Exit.FAILED,
    Exit.REFUSED,
    Exit.INCOMPLETE,
    Exit.USAGE,
    Exit.UNAVAILABLE,
    Exit.LOCKED,
    Exit.OK,
)


class RetainError(Exception):
    """Base of all errors that reach a person.

    ``code`` is a stable word for machines (report, ``--json``), ``hint`` the next thing to type,
    ``params`` what the sentence of another language needs (``wording.details``).
    """

    exit_code: Exit = Exit.FAILED
    code: str = "FAILED"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: str = "",
        params: Mapping[str, str | int] | None = None,
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.params = dict(params or {})
        if code:
            self.code = code

    def __str__(self) -> str:
        return f"{self.args[0]} ({self.hint})" if self.hint else str(self.args[0])


class DocumentError(RetainError):
    """Settings, policy, manifest or command line can't be used; nothing was touched."""

    exit_code = Exit.USAGE
    code = "DOCUMENT"


class LockedError(RetainError):
    """Another run works on this source."""

    exit_code = Exit.LOCKED
    code = "LOCKED"


class RefusedError(RetainError):
    """A safety check left a source, or one dataset of it, alone on purpose."""

    exit_code = Exit.REFUSED
    code = "REFUSED"


class DriftError(RefusedError):
    """The source doesn't look as the manifest says."""

    code = "DRIFT"


class LimitError(RefusedError):
    """More is due than the limits allow."""

    code = "LIMIT"


class ClockError(RefusedError):
    """The clocks of host, database and ledger don't agree."""

    code = "CLOCK"


class ApprovalError(RefusedError):
    """The policy isn't approved in the form in which it stands there."""

    code = "NOT_APPROVED"


class RootError(RefusedError):
    """A folder is missing, empty, unmounted or not what it should be."""

    code = "ROOT"


class UnavailableError(RetainError):
    """The source or a file could not be opened."""

    exit_code = Exit.UNAVAILABLE
    code = "UNAVAILABLE"


class EvidenceError(RetainError):
    """Evidence is not genuine, or could not be written."""

    exit_code = Exit.FORGED
    code = "EVIDENCE"


class TrustError(EvidenceError):
    """A signature is sound, but its key is not trusted."""

    exit_code = Exit.UNTRUSTED
    code = "UNTRUSTED"


class StoreError(RetainError):
    """A dataset could not be worked on; the next one goes on."""

    code = "STORE"
    identity: bytes | None = None
    """Of the one record that it was about, where that is certain: the others go without it."""


class OutcomeUnknown(StoreError):  # noqa: N818  (the contract's name for it)
    """A commit was sent and its answer lost: settle before anything else."""

    code = "OUTCOME_UNKNOWN"


def worst(codes: list[Exit]) -> Exit:
    """The most severe of several exit codes, by the fixed order; OK for none."""
    return next((code for code in SEVERITY if code in codes), Exit.FAILED if codes else Exit.OK)
