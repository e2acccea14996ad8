"""Are the files that reports name, leaves, lookup index and sealed keys, there and as signed?

Their content says nothing without an escrow key; size and SHA-256 stand in the signed report. They
go at the end of their life, or earlier by order of the officer: then nothing is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from pbxretain.evidence.attestations import EvidenceShred
from pbxretain.evidence.statements import KeptFile
from pbxretain.ledger import SIDECARS
from pbxretain.verify.chain import number
from pbxretain.verify.findings import Find, Report, found
from pbxretain.verify.reading import Folder, digest_of, names_in
from pbxretain.verify.signers import Source


def sidecars(
    source: Source,
    folder: Folder,
    chain: Sequence[Report],
    beside: Sequence[Report],
    find: Find,
    *,
    now: datetime,
) -> None:
    """Holds each file beside the reports against what its report says of it.

    A bundle without any of them is a note: it may be made so. Where some are there, each that is
    missing needs a reason: its time is over, or the officer signed that it was destroyed.
    """
    there = frozenset(names_in(folder.path / SIDECARS, find)) if _any(folder) else frozenset()
    shredded = _shredded(source, beside)
    for report in chain:
        if report.deletion is None:
            continue
        evidence, missing = report.deletion.evidence, 0
        for file in evidence.files:
            if file.name in there:
                _compare(folder, file, find, seq=number(report))
            elif file.sha256 not in shredded and not _over(evidence.shred_after, now):
                missing += 1
        if missing and _any(folder):
            name = report.path.name
            find(found("MISSING_SIDECAR", file=name, seq=number(report), count=missing))
        elif missing:
            find(found("SIDECARS_ABSENT"))


def _any(folder: Folder) -> bool:
    return SIDECARS in folder.names


def _shredded(source: Source, beside: Sequence[Report]) -> frozenset[str]:
    signed = [report.statement.predicate for report in beside if report.signer]
    return frozenset(
        file
        for told in signed
        if isinstance(told, EvidenceShred) and (told.installation, told.source) == source
        for file in told.files
    )


def _over(last_day: str | None, now: datetime) -> bool:
    return last_day is not None and now.date() > date.fromisoformat(last_day)


def _compare(folder: Folder, file: KeptFile, find: Find, *, seq: int) -> None:
    path = folder.path / SIDECARS / file.name
    digest = digest_of(path, size=file.bytes)
    if digest is None:
        find(found("UNREADABLE", file=f"{SIDECARS}/{file.name}"))
    elif digest != file.sha256:
        find(found("SIDECAR", file=f"{SIDECARS}/{file.name}", seq=seq))
