"""What does the officer's machine put its name to: a ledger that it saw, a report that it judged?

Witnessing compares a bundle's ledger with what was witnessed last, digest by digest, and cosigns
its checkpoint. A ledger that lost or changed anything it showed before is never cosigned, whatever
it says now. What is told of the records inside, nobody vouches for by that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, NoReturn, get_args
from uuid import uuid4

from pydantic import ValidationError

from pbxretain.errors import DocumentError, EvidenceError, Exit, RefusedError, UnavailableError
from pbxretain.evidence import notes
from pbxretain.evidence.attestations import Review
from pbxretain.evidence.fields import instant
from pbxretain.evidence.notes import Checkpoint
from pbxretain.evidence.statements import DeletionReport, statement
from pbxretain.officer import Home, checkpoint, digests, origin_of
from pbxretain.places import officer_home
from pbxretain.signing import PrivateKey, canonical, parse_canonical, seal
from pbxretain.verify import Report, Verdict

FORMAT = "pbxretain-seen/v1"
_MAX_SEEN = 64 * 1024 * 1024
_MENDED = ("UNWITNESSED",)
"""What a verdict complains of until this has been done."""

Outcome = Literal["accepted", "accepted-with-findings", "rejected"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
Looked = Literal["verified", "read", "observed", "asked"]
LOOKED: tuple[Looked, ...] = get_args(Looked)


@dataclass(frozen=True, slots=True)
class Seen:
    """A ledger as it was when it was witnessed last; empty when it never was."""

    origin: str
    digests: tuple[str, ...] = ()
    note: str = ""

    def data(self) -> bytes:
        """As it stands in the officer's home."""
        known = {"format": FORMAT, "origin": self.origin, "digests": list(self.digests)}
        return canonical({**known, "checkpoint": self.note}) + b"\n"


@dataclass(frozen=True, slots=True)
class Ready:
    """A bundle that may be cosigned: its checkpoint, its ledger up to there, and what was seen of
    it before."""

    source: str
    note: Checkpoint
    digests: tuple[str, ...]
    before: Seen
    findings: tuple[str, ...]
    """Codes of what the verifier found and the cosignature doesn't say away."""


def compare(home: Home, folder: Path, verdict: Verdict) -> Ready:
    """Compares a bundle with what was witnessed last.

    ``verdict`` is that of ``home.check``. EvidenceError (SHRUNK, FORKED) for a ledger that isn't
    what it was; RefusedError for one that the roster doesn't know, or when verify says it isn't
    genuine; UnavailableError when it couldn't look at everything.
    """
    if verdict.exit in (Exit.FORGED, Exit.UNTRUSTED):
        raise RefusedError("what isn't genuine is never cosigned", code="NOT_COSIGNED")
    unseen = [f for f in verdict.findings if f.exit is Exit.UNAVAILABLE]
    note, known = checkpoint(folder), digests(folder)
    if unseen or not note.size:
        raise UnavailableError(
            "not everything in the bundle could be checked", code="NOT_LOOKED_AT"
        )
    _, source = origin_of(note)
    expected = home.roster().trust.source(source)
    if expected is None or expected.origin != note.origin:
        raise RefusedError(
            f"the roster here doesn't know the ledger of source {source}",
            hint="pbxretain dpo init BUNDLE",
            code="UNKNOWN_SOURCE",
            params={"source": source},
        )
    before = last_seen(home, note.origin)
    _grew(before.digests, known[: note.size])
    found = {f.code for f in verdict.findings if f.exit is not Exit.OK} - set(_MENDED)
    return Ready(source, note, known[: note.size], before, tuple(sorted(found)))


def _grew(before: Sequence[str], now: Sequence[str]) -> None:
    for number, (old, new) in enumerate(zip(before, now, strict=False)):
        if old != new:
            raise EvidenceError(
                f"The ledger is not the one that was witnessed: from no. {number} on it tells "
                "another story.",
                hint="keep this bundle, and ask why",
                code="FORKED",
                params={"seq": number},
            )
    if len(now) < len(before):
        raise EvidenceError(
            f"The ledger has shrunk: {len(before)} entries were witnessed, {len(now)} are left.",
            hint="ask for a newer bundle; if there is none, ask where the rest is",
            code="SHRUNK",
            params={"before": len(before), "now": len(now)},
        )


def cosign(home: Home, ready: Ready, key: PrivateKey, *, now: datetime) -> bytes:
    """Cosigns the checkpoint and remembers the ledger up to there; the note for the host."""
    installation, _ = origin_of(ready.note)
    note = notes.cosign(ready.note, key, name=f"pbxretain/{installation}/dpo", now=now)
    seen = Seen(note.origin, ready.digests, note.text.decode())
    home.put(_seen_file(home, note.origin), seen.data())
    return note.text


def last_seen(home: Home, origin: str) -> Seen:
    """What was witnessed of a ledger; EvidenceError (SEEN) when the own note of it is damaged: then
    nothing may be cosigned as if for the first time."""
    path = _seen_file(home, origin)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Seen(origin)
    except OSError:
        raise UnavailableError(
            f"{path} can't be read", code="FILE_READ", params={"path": str(path)}
        ) from None
    try:
        value = parse_canonical(data.removesuffix(b"\n")) if len(data) <= _MAX_SEEN else {}
        seen = Seen(value["origin"], tuple(value["digests"]), value["checkpoint"])
        note = notes.parse(seen.note.encode())
        sound = (note.origin, note.size) == (origin, len(seen.digests))
        sound = sound and value["format"] == FORMAT and note.root == notes.ledger_root(seen.digests)
    except (EvidenceError, KeyError, TypeError, ValueError, AttributeError):
        sound = False
    if not sound:
        raise EvidenceError(
            f"The own record of what was witnessed is damaged: {path}",
            hint="bring it back from your backup",
            code="SEEN",
            params={"path": str(path)},
        )
    return seen


@dataclass(frozen=True, slots=True)
class Standpoint:
    """What an officer's machine knows before it looks: its roster, and what it saw last."""

    roster: Path
    kept: Sequence[Checkpoint]
    rotations: Path


def standpoint(home: Home | None = None) -> Standpoint | None:
    """That of this user's officer's folder; None on a machine that has none."""
    home = home or Home(officer_home())
    if not home.is_set_up:
        return None
    return Standpoint(home.roster_file, kept(home), home.rotations)


def kept(home: Home) -> list[Checkpoint]:
    """The checkpoints of all ledgers that were witnessed here, as ``verify`` takes them."""
    roster = home.roster()
    seen = [last_seen(home, source.origin) for source in roster.trust.sources]
    return [notes.parse(each.note.encode()) for each in seen if each.digests]


def _seen_file(home: Home, origin: str) -> Path:
    # By digest: names of sources may be those of devices on Windows.
    return home.seen / f"{hashlib.sha256(origin.encode()).hexdigest()[:16]}.json"


# --- review -------------------------------------------------------------------------------------


def chosen(verdict: Verdict, number: int | None) -> Report:
    """The deletion report that is reviewed: by its number, else the newest of what was read.

    DocumentError when there is none.
    """
    reports = [r for r in verdict.reports if r.deletion is not None]
    if number is not None:
        reports = [r for r in reports if _run(r).ledger.seq == number]
    if not reports:
        raise DocumentError("there is no such deletion report", code="NO_REPORT")
    return max(reports, key=lambda r: _run(r).ledger.seq)


def _run(report: Report) -> DeletionReport:
    found = report.deletion
    if found is None:
        raise DocumentError("there is no such deletion report", code="NO_REPORT")
    return found


def review(
    home: Home,
    verdict: Verdict,
    report: Report,
    key: PrivateKey,
    *,
    outcome: Outcome,
    looked: Sequence[Looked],
    remark: str,
    now: datetime,
) -> bytes:
    """The officer's signed verdict on one report, with what the verifier found.

    RefusedError (VERDICT_...) for a verdict that the findings don't bear: what isn't genuine can
    only be rejected, what has findings isn't accepted without them.
    """
    run, roster = _run(report), home.roster()
    if run.installation != roster.trust.installation:
        raise RefusedError("the report is of another installation", code="OTHER_INSTALLATION")
    serious = [f for f in verdict.findings if f.exit is not Exit.OK and f.code not in _MENDED]
    if outcome != "rejected" and (report.signer is None or _forged(verdict)):
        _unbearable("VERDICT_FORGED", "what isn't genuine can only be rejected")
    if outcome == "accepted" and serious:
        _unbearable("VERDICT_FINDINGS", "there are findings: accept with them, or reject")
    if outcome == "accepted-with-findings" and not (serious or remark):
        _unbearable("VERDICT_NONE", "there is no finding; say in --remark which one you have")
    try:
        made = Review(
            id=str(uuid4()),
            installation=run.installation,
            at=instant(now),
            source=run.source,
            report=report.digest,
            seq=run.ledger.seq,
            verdict=outcome,
            checks=tuple(dict.fromkeys(looked)),
            findings=tuple(sorted({f.code for f in serious})),
            remark=remark,
        )
    except ValidationError:
        raise DocumentError(
            "a remark is one line of at most 1000 characters", code="REMARK"
        ) from None
    return seal(statement(made), key)


def _forged(verdict: Verdict) -> bool:
    return verdict.exit in (Exit.FORGED, Exit.UNTRUSTED)


def _unbearable(code: str, why: str) -> NoReturn:
    raise RefusedError(f"this verdict doesn't fit: {why}", code=code)
