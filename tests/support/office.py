"""A source whose officer's side is set up: roster, rotations, cosigned checkpoints, reviews.

Builds the files of a bundle in memory, sound unless a test bends them.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pbxretain.evidence import attestations as at
from pbxretain.evidence import notes
from pbxretain.evidence import statements as st
from pbxretain.evidence.fields import instant
from pbxretain.keys import public_pem
from pbxretain.ledger import entry_for
from pbxretain.signing import PAYLOAD_TYPE, canonical, fingerprint, key_id, open_envelope, pae
from pbxretain.verify.reading import SUMS
from support import reports

Key = Ed25519PrivateKey
START = datetime.fromisoformat("2026-11-01T03:00:00+00:00")
DAY = timedelta(days=1)
ORIGIN = notes.origin(reports.INSTALLATION, reports.SOURCE)


def key(number: int) -> Key:
    """One of any number of keys."""
    return Key.from_private_bytes(bytes([number]) * 32)


AUTHORITY, RUNNER, NEXT, THIRD, DPO, CONTROLLER, OBSERVER, ADMIN, STRANGER = map(key, range(1, 10))


def der(of: Key) -> str:
    """The public half as a statement quotes it."""
    public = of.public_key()
    data = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(data).decode()


def ident(of: Key) -> str:
    """The key id."""
    return key_id(of.public_key())


def print_of(of: Key) -> str:
    """The fingerprint."""
    return fingerprint(ident(of))


def sealed(predicate: st.Predicate, *keys: Key) -> bytes:
    """The statement, signed by all these keys."""
    payload = canonical(st.statement(predicate))
    message = pae(PAYLOAD_TYPE, payload)
    outer = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [
            {"keyid": ident(k), "sig": base64.b64encode(k.sign(message)).decode()} for k in keys
        ],
    }
    return canonical(outer) + b"\n"


def common(when: datetime) -> dict[str, Any]:
    """What every attestation has."""
    return {"id": str(uuid.uuid4()), "installation": reports.INSTALLATION, "at": instant(when)}


def about(when: datetime) -> dict[str, Any]:
    """What every attestation of the source has."""
    return common(when) | {"source": reports.SOURCE}


def roster(**change: Any) -> at.Trust:
    """Who may say what."""
    roles: list[tuple[at.Role, Key]] = [
        ("authority", AUTHORITY),
        ("runner", RUNNER),
        ("dpo", DPO),
        ("controller", CONTROLLER),
        ("observer", OBSERVER),
        ("admin", ADMIN),
    ]
    values: dict[str, Any] = common(START - DAY) | {
        "version": 1,
        "controller": "Acme GmbH",
        "keys": tuple(
            at.RosterKey(
                id=ident(holder),
                role=role,
                algorithm="ed25519",
                public=der(holder),
                source=reports.SOURCE if role == "runner" else None,
                valid_from=instant(START - DAY),
            )
            for role, holder in roles
        ),
        "sources": (
            at.RosterSource(source=reports.SOURCE, origin=ORIGIN, interval_h=24, grace_h=6),
        ),
    }
    return at.Trust(**(values | change))


TRUST = sealed(roster(id=reports.INSTALLATION), AUTHORITY)


@dataclass
class Book:
    """A ledger that grows in memory; ``files`` are the bundle's, without list and ledger."""

    files: dict[str, bytes] = field(default_factory=dict)
    lines: list[bytes] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    now: datetime = START
    witness: str | None = None

    def place(self) -> dict[str, Any]:
        return {"seq": len(self.digests), "prev": self.digests[-1] if self.digests else None}

    def put(self, make: Callable[[dict[str, Any]], st.Predicate], *keys: Key) -> None:
        """Adds a statement that stands in the ledger."""
        data = sealed(make(self.place()), *keys)
        entry = entry_for(data)
        self.files[entry.file] = data
        self.lines.append(entry.line())
        self.digests.append(entry.digest)

    def run(self, by: Key = RUNNER, *, days: float = 1, **change: Any) -> None:
        """One run, and the time until the next."""
        moment = instant(self.now)
        change.setdefault("run", reports.run(started_at=moment, ended_at=moment, as_of=moment))

        def make(place: dict[str, Any]) -> st.Predicate:
            where = st.ReportPlace(**place, last_witness=self.witness)
            return reports.report(**({"ledger": where} | change))

        self.put(make, by)
        self.now += timedelta(days=days)

    def rotate(self, old: Key, new: Key, *keys: Key) -> None:
        """The runner's key is followed by another."""
        self.put(lambda place: rotation(self.now, place, old=old, new=new), *(keys or (old, new)))

    def checkpoint(self, by: Key) -> None:
        """The runner's checkpoint over all that is there."""
        note = notes.sign(notes.checkpoint(ORIGIN, self.digests), by)
        self.files["checkpoint"] = note.text

    def cosign(self, by: Key = DPO, *, runner: Key = RUNNER, at_: datetime | None = None) -> None:
        """The officer's machine saw it; the next reports say so."""
        note = notes.sign(notes.checkpoint(ORIGIN, self.digests), runner)
        seen = notes.cosign(note, by, name="dpo.example", now=at_ or self.now)
        self.files[f"cosigned/{note.size:06d}.checkpoint"] = seen.text
        self.witness = hashlib.sha256(seen.text).hexdigest()

    def file(self, name: str, predicate: st.Predicate, *keys: Key) -> None:
        """Hands back a statement of the officer's side."""
        self.files[f"filed/{name}.dsse.json"] = sealed(predicate, *keys)

    def bundle(self, *, keys: Iterable[Key] = (RUNNER,), sums: bool = True) -> dict[str, bytes]:
        """All files of the bundle."""
        files = self.files | {"ledger.jsonl": b"".join(self.lines), "trust.dsse.json": TRUST}
        files |= {f"runner-{ident(k)[:8]}.pub.pem": public_pem(k.public_key()) for k in keys}
        return with_sums(files) if sums else files


def with_sums(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files with the list of their digests."""
    rest = {name: data for name, data in files.items() if name != SUMS}
    lines = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(rest.items())]
    return rest | {SUMS: "".join(lines).encode()}


def rotation(when: datetime, place: dict[str, Any], *, old: Key, new: Key) -> at.KeyEvent:
    """A key that follows another."""
    return at.KeyEvent(
        **about(when),
        ledger=at.LedgerPlace(**place),
        event="rotate",
        key=ident(new),
        public=der(new),
        previous=ident(old),
        previous_public=der(old),
        reason="scheduled",
    )


def revocation(when: datetime, of: Key, *, last_good: int, reason: Any = "compromised") -> Any:
    """The end of a key."""
    return at.KeyEvent(
        **about(when),
        ledger=None,
        event="revoke",
        key=ident(of),
        last_good=last_good,
        reason=reason,
    )


def recovery(when: datetime, to: Key, *, last_good: int) -> at.KeyEvent:
    """A key that counts instead of all before."""
    return at.KeyEvent(
        **about(when),
        ledger=None,
        event="recover",
        key=ident(to),
        public=der(to),
        last_good=last_good,
        reason="lost",
    )


def review(book: Book, seq: int, **change: Any) -> at.Review:
    """The officer's verdict."""
    values: dict[str, Any] = about(book.now) | {
        "report": book.digests[seq],
        "seq": seq,
        "verdict": "accepted",
        "checks": ("verified",),
    }
    return at.Review(**(values | change))


def observation(when: datetime, *, overdue: int, cutoff: str | None = None) -> at.Observation:
    """An independent look."""
    return at.Observation(
        **about(when),
        as_of=instant(when),
        timezone="Europe/Berlin",
        connector=reports.DIGEST,
        policy=reports.DIGEST,
        datasets=(
            at.Observed(
                dataset="call-log",
                data_class="call-detail-records",
                cutoff=cutoff or "2026-08-24T22:00:00Z",
                total=10,
                overdue=overdue,
            ),
        ),
    )


def approved(when: datetime, document: str = "policy: acme-calls\n") -> at.ApprovedPolicy:
    """A policy decided on; its digest is its own."""
    digest = "sha256:" + hashlib.sha256(document.encode()).hexdigest()
    return at.ApprovedPolicy(
        **common(when), policy="acme-calls", version=3, digest=digest, document=document
    )


def gap_note(book: Book, place: dict[str, Any], *, since: datetime, until: datetime) -> at.GapNote:
    """Why no run was made."""
    return at.GapNote(
        **about(book.now),
        ledger=at.LedgerPlace(**place),
        since=instant(since),
        until=instant(until),
        reason="host-off",
    )


def hold(book: Book, place: dict[str, Any]) -> at.Hold:
    """A hold was set."""
    return at.Hold(
        **about(book.now),
        ledger=at.LedgerPlace(**place),
        event="set",
        hold=str(uuid.uuid4()),
        kind="legal-hold",
        register="ef" * 32,
    )


def digest_of(data: bytes) -> str:
    """The statement digest of an envelope."""
    return open_envelope(data).digest
