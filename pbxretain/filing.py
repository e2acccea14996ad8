"""What does the host file in a source's folder that no run made: notes on gaps, and what the
officer's side handed back?

Nothing is filed unasked for whom: a cosigned checkpoint has to be of this very ledger, a statement
has to be signed by a key to which the installed roster gives that role.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args
from uuid import uuid4

from pydantic import ValidationError

from pbxretain import approval, posix, rolling
from pbxretain.bundle import handed
from pbxretain.errors import (
    ClockError,
    DocumentError,
    EvidenceError,
    RefusedError,
    TrustError,
    UnavailableError,
)
from pbxretain.evidence import notes
from pbxretain.evidence.attestations import (
    ApprovedPolicy,
    EvidenceAccess,
    EvidenceShred,
    GapNote,
    LedgerPlace,
    Observation,
    Review,
)
from pbxretain.evidence.fields import instant, moment
from pbxretain.evidence.statements import file_type, parse_statement, statement
from pbxretain.evidence.trust import Roster
from pbxretain.ledger import COSIGNED, FILED, Entry, Ledger, source_lock
from pbxretain.signing import (
    Envelope,
    PrivateKey,
    open_envelope,
    seal,
    signed_by,
)
from pbxretain.verify.signers import MAY_SIGN

Reason = Literal["host-off", "pbx-off", "maintenance", "disk-full", "mistake", "other"]
REASONS: tuple[Reason, ...] = get_args(Reason)


@dataclass(frozen=True, slots=True)
class Filed:
    """What was filed, for which source, and where; ``new`` is false when it lay there already."""

    source: str
    kind: str
    path: Path
    new: bool


@dataclass(frozen=True, slots=True)
class Cabinet:
    """This installation as far as filing goes: its id, its roster, its sources' ledgers."""

    installation: str
    roster: Roster
    ledger: Callable[[str], Ledger]
    """By source; DocumentError for one that settings don't know."""

    users: Callable[[str], Sequence[str]]
    """By a policy's name: the sources that it governs."""


def installed_roster(path: Path) -> Roster:
    """The roster of this installation; RefusedError (NO_ROSTER) before ``key add``."""
    roster = rolling.installed(path)
    if roster is None:
        raise RefusedError(
            "no roster is installed here, so nobody knows whose signature counts",
            hint="pbxretain key add trust.dsse.json, as the officer handed it over",
            code="NO_ROSTER",
        )
    return roster


def file_back(path: Path, cabinet: Cabinet) -> tuple[Filed, ...]:
    """Files one thing that the officer's side handed back: a cosigned checkpoint, or a statement.
    A policy goes to every source that it governs, all else to the one that it is about.

    UnavailableError when it can't be read, EvidenceError for one that is damaged or of another
    ledger, TrustError when the roster doesn't know who signed it.
    """
    data = handed(path)
    if data.lstrip()[:1] == b"{":
        return _statement(data, cabinet)
    return (_checkpoint(data, cabinet),)


def _checkpoint(data: bytes, cabinet: Cabinet) -> Filed:
    note = notes.parse(data)
    source = note.origin.rpartition("/")[2]
    if note.origin != notes.origin(cabinet.installation, source):
        raise EvidenceError("The checkpoint is of another installation.", code="OTHER_INSTALLATION")
    ledger = cabinet.ledger(source)
    digests = [entry.digest for entry in ledger.entries()]
    if not 0 < note.size <= len(digests):
        raise EvidenceError("The checkpoint is of another ledger.", code="OTHER_LEDGER")
    if note.root != notes.ledger_root(digests[: note.size]):
        raise EvidenceError("The checkpoint is of another ledger.", code="OTHER_LEDGER")
    if not any(notes.cosigned_at(note, key) for key in cabinet.roster.keys("dpo").values()):
        raise TrustError(
            "No officer of the installed roster has cosigned the checkpoint.", code="NOT_OFFICERS"
        )
    target = ledger.folder / COSIGNED / f"{note.size:06d}.checkpoint"
    return Filed(source, "checkpoint", target, _put(target, data, same=True))


def _statement(data: bytes, cabinet: Cabinet) -> tuple[Filed, ...]:
    envelope = open_envelope(data)
    found = parse_statement(envelope.payload)
    predicate, kind = found.predicate, file_type(found.type)
    if isinstance(predicate, ApprovedPolicy):
        return _policy(data, envelope, predicate, cabinet)
    if not isinstance(predicate, Review | Observation | EvidenceAccess | EvidenceShred):
        raise DocumentError(
            f"a statement of the kind {kind} is not filed here",
            hint="pbxretain key add FILE" if kind in ("trust", "key-event") else "",
            code="NOT_FILED",
            params={"kind": kind},
        )
    if predicate.installation != cabinet.installation:
        raise EvidenceError("The statement is of another installation.", code="OTHER_INSTALLATION")
    at = moment(predicate.at)
    keys = {
        k: key
        for role in MAY_SIGN[type(predicate)]
        for k, key in cabinet.roster.valid(role, at).items()
    }
    if signed_by(envelope, keys) is None:
        raise TrustError(
            "The statement isn't signed by a key of the roster with that role.", code="WRONG_SIGNER"
        )
    ledger = cabinet.ledger(predicate.source)
    if isinstance(predicate, Review):
        known = {entry.seq: entry.digest for entry in ledger.entries()}
        if known.get(predicate.seq) != predicate.report:
            raise EvidenceError("The review is of no report in this ledger.", code="REVIEW_STRAY")
    target = ledger.folder / FILED / f"{kind}-{envelope.digest[:12]}.dsse.json"
    return (Filed(predicate.source, kind, target, _put(target, data, same=False)),)


def _policy(
    data: bytes, envelope: Envelope, said: ApprovedPolicy, cabinet: Cabinet
) -> tuple[Filed, ...]:
    if said.installation != cabinet.installation:
        raise EvidenceError(
            "The policy was signed for another installation.", code="POLICY_STATEMENT"
        )
    approval.check_signers(envelope, said, cabinet.roster)
    sources = cabinet.users(said.policy)
    if not sources:
        raise DocumentError(
            f"no source here uses policy {said.policy}",
            hint=f"policy: {said.policy} in settings",
            code="POLICY_UNUSED",
            params={"policy": said.policy},
        )
    name = f"{approval.KIND}-{envelope.digest[:12]}.dsse.json"
    targets = {source: cabinet.ledger(source).folder / FILED / name for source in sources}
    for target in targets.values():
        _make_reports(target.parent.parent)
    # Signatures don't count into the name, and the officer's may follow: then that one stays.
    roster = cabinet.roster
    older = [t for t in targets.values() if _adds_officer(envelope, said, roster, over=t)]
    return tuple(
        Filed(source, approval.KIND, target, _put(target, data, same=True, over=target in older))
        for source, target in targets.items()
    )


def _adds_officer(envelope: Envelope, said: ApprovedPolicy, roster: Roster, *, over: Path) -> bool:
    """Whether the officer has signed what lies there without that."""
    try:
        before = open_envelope(over.read_bytes())
    except OSError:
        return False
    old, new = (approval.signers(each, said, roster) for each in (before, envelope))
    return bool(new and new.officers and not (old and old.officers))


def _make_reports(folder: Path) -> None:
    """The reports folder of a source that hasn't run yet."""
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o750, exist_ok=True)
    except OSError:
        raise UnavailableError(
            f"can't write in the state folder {folder.parent}",
            hint="run pbxretain as the user who owns it",
            code="STATE_WRITE",
            params={"folder": str(folder.parent)},
        ) from None


def _put(target: Path, data: bytes, *, same: bool, over: bool = False) -> bool:
    """Puts a file in its place; False when one lies there, unless it goes ``over`` that. A first
    cosignature stays (``same``): reports quote its digest."""
    try:
        target.parent.mkdir(mode=0o750, exist_ok=True)
        posix.write_synced(target, data, 0o440, replace=over)
    except FileExistsError:
        if not same and target.read_bytes() != data:
            raise EvidenceError(
                "Another statement is filed under this digest.", code="FORK"
            ) from None
        return False
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise EvidenceError(
            "Reports can't be written.",
            hint=f"free disk space in {target.parent}"
            if full
            else f"let this user write in {target.parent}",
            code="REPORT_UNWRITTEN",
        ) from None
    return True


# --- gap notes ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gap:
    """Why no run was made between two instants (aware)."""

    since: datetime
    until: datetime
    reason: Reason
    remark: str = ""


@contextmanager
def locked(name: str, state: Path) -> Iterator[Ledger]:
    """A source's ledger under the source's lock, with nothing half published in it.

    LockedError while a run works on the source, UnavailableError where this user can't write.
    """
    with source_lock(name, state):
        with suppress(OSError):  # what can't be made is told as what can't be written
            (state / "reports").mkdir(mode=0o750, exist_ok=True)
        ledger = Ledger(state / "reports")
        ledger.try_writing()
        ledger.resume()
        yield ledger


def note_gap(
    ledger: Ledger,
    gap: Gap,
    *,
    installation: str,
    source: str,
    key: PrivateKey,
    now: datetime,
) -> Entry:
    """Publishes a note on a gap at the end of the ledger. Call it under ``locked``.

    DocumentError for a gap that contradicts itself or the ledger, ClockError when the clock stands
    before the last entry.
    """
    last = ledger.last()
    if last is None:
        raise DocumentError(
            f"source {source} has no report yet, so nothing can be missing",
            code="NO_REPORT_YET",
            params={"source": source},
        )
    if now < last.ended:
        raise ClockError(
            f"the clock says {now:%Y-%m-%d %H:%M} UTC, before the last ledger entry "
            f"of {last.ended:%Y-%m-%d %H:%M} UTC",
            hint="set the clock by NTP, then try again",
            code="CLOCK_BACK",
            params={"now": f"{now:%Y-%m-%d %H:%M}", "last": f"{last.ended:%Y-%m-%d %H:%M}"},
        )
    seq, prev = ledger.next()
    try:
        note = GapNote(
            id=str(uuid4()),
            installation=installation,
            at=instant(now),
            source=source,
            ledger=LedgerPlace(seq=seq, prev=prev),
            since=instant(gap.since),
            until=instant(gap.until),
            reason=gap.reason,
            remark=gap.remark,
        )
    except ValidationError:
        raise DocumentError(
            "the gap has to begin before it ends, end by now, and its remark be one line of at "
            "most 1000 characters",
            code="GAP_NOTE",
        ) from None
    entry = ledger.publish(seal(statement(note), key), public=key.public_key())
    ledger.sign_checkpoint(key, notes.origin(installation, source))
    return entry
