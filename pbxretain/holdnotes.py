"""Does a source's ledger say which holds were set and released?

Hold statements (``hold/v1``) tell when which hold came and went, by id and kind alone, under the
key that signs the source's reports. They follow the files: what was written by hand, or while a run
had the ledger, is told by the next one who holds the source's lock. A hold that the ledger knows
and whose file is gone without a release is a doubt, and doubt refuses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from uuid import uuid4

from pbxretain import posix
from pbxretain.errors import EvidenceError
from pbxretain.evidence import attestations
from pbxretain.evidence.attestations import LedgerPlace, Role
from pbxretain.evidence.fields import instant, moment
from pbxretain.evidence.statements import file_type, parse_statement, statement
from pbxretain.evidence.trust import Roster
from pbxretain.holds import Hold, Register, missing
from pbxretain.ledger import Entry, Ledger
from pbxretain.signing import Envelope, PrivateKey, open_envelope, seal, signed_by

Event = Literal["set", "released"]
_ANSWERS = "hold-answers"
SECOND: tuple[Role, ...] = ("dpo", "controller", "admin")
"""Whose key may agree to a release, beside the one that signs reports."""


@dataclass(frozen=True, slots=True)
class Told:
    """The newest statement on one hold."""

    said: attestations.Hold
    envelope: Envelope


def told(ledger: Ledger) -> Mapping[str, Told]:
    """By hold what the ledger says last. EvidenceError for a statement that can't be read."""
    found: dict[str, Told] = {}
    for entry in ledger.entries():
        if file_type(entry.type) == "hold":
            try:
                envelope = open_envelope((ledger.folder / entry.file).read_bytes())
            except OSError:
                raise EvidenceError(
                    "A hold statement of the ledger can't be read.", code="LEDGER"
                ) from None
            said = parse_statement(envelope.payload).predicate
            if isinstance(said, attestations.Hold):
                found[said.hold] = Told(said, envelope)
    return found


def in_force(ledger: Ledger) -> frozenset[str]:
    """The holds that were set and not released, by the ledger."""
    return frozenset(name for name, last in told(ledger).items() if last.said.event == "set")


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs for which source's ledger, and when (aware UTC)."""

    installation: str
    source: str
    key: PrivateKey
    now: datetime


def publish(
    ledger: Ledger, register: Register, signing: Signing, *, two_person: bool = False
) -> Sequence[Entry]:
    """Tells the ledger of every hold that was set or released since it was told last; under the
    source's lock. With ``two_person`` a release is told by ``agree`` alone. RefusedError
    (HOLD_MISSING) for a hold that is gone without a release."""
    known = told(ledger)
    mine = register.of(signing.source)
    here = {hold.hold for hold in mine}
    for name, last in known.items():
        if last.said.event == "set" and name not in here:
            raise missing(name)
    wanted = list(_untold(mine, known, two_person=two_person))
    return [tell(ledger, register, hold, event, signing) for hold, event in wanted]


def _untold(
    holds: Sequence[Hold], known: Mapping[str, Told], *, two_person: bool
) -> Iterator[tuple[Hold, Event]]:
    for hold in holds:
        last = known.get(hold.hold)
        if last is None or (last.said.event == "released" and not hold.given):
            yield hold, "set"
        if hold.given and not two_person and (last is None or last.said.event == "set"):
            yield hold, "released"


def tell(
    ledger: Ledger,
    register: Register,
    hold: Hold,
    event: Event,
    signing: Signing,
    *others: PrivateKey,
) -> Entry:
    """Publishes one statement at the end of the ledger; ``others`` sign beside."""
    return _put(
        ledger,
        signing,
        *others,
        hold=hold.hold,
        event=event,
        kind=hold.kind,
        data=tuple(hold.data),
        since=hold.match.since.isoformat() if hold.match.since else None,
        until=hold.match.until.isoformat() if hold.match.until else None,
        register=register.digest,
    )


def _put(ledger: Ledger, signing: Signing, *others: PrivateKey, **said: object) -> Entry:
    seq, prev = ledger.next()
    last = ledger.last()
    at = max(signing.now, last.ended) if last else signing.now
    note = attestations.Hold.model_validate(
        {
            "schema": 1,
            "id": str(uuid4()),
            "installation": signing.installation,
            "at": instant(at),
            "source": signing.source,
            "ledger": LedgerPlace(seq=seq, prev=prev),
            **said,
        }
    )
    sealed = seal(statement(note), signing.key, *others)
    return ledger.publish(sealed, public=signing.key.public_key())


# --- between a run and whoever sets a hold in its midst ------------------------------------------


def answer(state: Path, hold: str, *, batch: int, taken: int | None) -> None:
    """Leaves word for ``hold add``, which waits for it. What can't be written is no reason to stop:
    the hold binds all the same."""
    path = state / _ANSWERS / f"{hold}.json"
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        posix.write_synced(path, json.dumps({"batch": batch, "taken": taken}).encode())


def answered(state: Path, hold: str) -> tuple[int, int | None] | None:
    """Batch and count of a run's answer, which is read once; None while there is none."""
    path = state / _ANSWERS / f"{hold}.json"
    try:
        said = json.loads(path.read_bytes())
        path.unlink()
        return int(said["batch"]), None if said["taken"] is None else int(said["taken"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def sweep_answers(state: Path) -> None:
    """Removes answers that nobody came for, of an earlier run."""
    for path in (state / _ANSWERS).glob("*.json"):
        path.unlink(missing_ok=True)


# --- the end of a hold ---------------------------------------------------------------------------


def end_missing(
    ledger: Ledger, register: Register, name: str, signing: Signing, *others: PrivateKey
) -> Entry:
    """Tells that a hold whose file is gone is in force no more: a decision, not a guess."""
    last = told(ledger)[name].said
    known = {key: getattr(last, key) for key in ("hold", "kind", "data", "since", "until")}
    digest = register.digest or last.register_
    return _put(ledger, signing, *others, **known, event="released", register=digest)


def agreed(ledger: Ledger, roster: Roster | None, name: str) -> bool:
    """Whether somebody beside the installation signed a hold's release, with a key to which the
    roster gave a role at that time."""
    last = told(ledger).get(name)
    if last is None or last.said.event != "released" or roster is None:
        return False
    at = moment(last.said.at)
    keys = {k: key for role in SECOND for k, key in roster.valid(role, at).items()}
    return signed_by(last.envelope, keys) is not None
