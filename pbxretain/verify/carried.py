"""Which report came inside something else, a PDF or a proof?

A PDF carries the signed report along; its pages are never looked at. A proof carries the report
that bears the root, and opens one leaf under it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pbxretain.errors import EvidenceError, TrustError
from pbxretain.evidence.attachment import MAX_PDF, attached, is_pdf
from pbxretain.evidence.proofs import check_proof, is_proof, report_in, rotations_in
from pbxretain.signing import PublicKey
from pbxretain.verify.findings import FINDINGS, Find, Report, Unread, found
from pbxretain.verify.reading import read_bytes, read_data
from pbxretain.verify.signers import Anchors, Signers


@dataclass(frozen=True, slots=True, repr=False)
class Proof:
    """A proof whose report could be read."""

    data: bytes
    report: Report
    rotations: tuple[Report, ...]
    """The key-events that it carries along."""

    @property
    def file(self) -> str:
        return self.report.path.name

    def check(self, trusted: Mapping[str, PublicKey], find: Find) -> None:
        """Whether what it opens is among the records of its report, which one of these keys must
        have signed. Never says which record it is."""
        try:
            proved = check_proof(self.data, trusted)
        except TrustError:
            return  # said of its report already
        except EvidenceError as error:
            code = error.code if error.code in FINDINGS else "MALFORMED"
            find(found(code, file=self.file))
            return
        seq, name = proved.report.ledger.seq, proved.dataset.dataset
        find(found("PROVED", file=self.file, seq=seq, dataset=name))


def read_given(path: Path, find: Find) -> Report | Unread | Proof | None:
    """What somebody named: a signed statement by itself, or what carries one along."""
    data = read_bytes(path, MAX_PDF + 1)
    if data is None:
        find(found("UNREADABLE", file=path.name))
        return None
    if is_pdf(data):
        return _in_pdf(path, data, find)
    if is_proof(data):
        return _in_proof(path, data, find)
    return read_data(path, data, find)


def _in_pdf(path: Path, data: bytes, find: Find) -> Report | Unread | None:
    try:
        envelope = attached(data)
    except EvidenceError:
        find(found("ATTACHMENT", file=path.name))
        return None
    find(found("PDF_PAGES", file=path.name))
    return read_data(path, envelope, find)


def _in_proof(path: Path, data: bytes, find: Find) -> Report | Unread | Proof | None:
    try:
        envelope, carried = report_in(data), rotations_in(data)
    except EvidenceError:
        find(found("MALFORMED", file=path.name))
        return None
    read = read_data(path, envelope, find)
    if not isinstance(read, Report):
        return read
    events = [read_data(path, event, lambda _: None) for event in carried]
    return Proof(data, read, tuple(event for event in events if isinstance(event, Report)))


def keys_for(proof: Path, anchors: Anchors) -> dict[str, PublicKey]:
    """The keys by which the report of a proof may be signed, from what the reader trusts and the
    rotations that the proof carries along. Empty for what is no proof."""
    given = read_given(proof, lambda _: None)
    if not isinstance(given, Proof):
        return {}
    signers = Signers(anchors, lambda _: None)
    signers.learn([given.report, *given.rotations])
    return signers.counting(given.report)
