"""An invented data protection officer: keys, roster, cosignatures, and a ledger over a year."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from pbxretain.evidence import attestations as at
from pbxretain.evidence import notes
from pbxretain.evidence import statements as st
from pbxretain.evidence.fields import instant
from pbxretain.ledger import CHECKPOINT, COSIGNED, FILED, LEDGER, ROSTER, Ledger, entry_for
from pbxretain.signing import (
    PAYLOAD_TYPE,
    PrivateKey,
    canonical,
    key_id,
    pae,
    seal,
    statement_digest,
)
from support import reports
from support.reports import INSTALLATION, NOW, SOURCE


def der(public: Ed25519PublicKey | X25519PublicKey) -> str:
    """SubjectPublicKeyInfo in base64."""
    raw = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(raw).decode()


def private(seed: int) -> PrivateKey:
    """A key of its own for each number."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"%d" % seed).digest())


def sealed_by(predicate: st.Predicate, *keys: PrivateKey) -> bytes:
    """A statement signed by several people, as DSSE allows."""
    whole = json.loads(seal(st.statement(predicate), keys[0]))
    message = pae(PAYLOAD_TYPE, base64.b64decode(whole["payload"]))
    for key in keys[1:]:
        sig = base64.b64encode(key.sign(message)).decode()
        whole["signatures"].append({"keyid": key_id(key.public_key()), "sig": sig})
    return canonical(whole) + b"\n"


@dataclass
class Officer:
    """Keys of the officer's side."""

    authority: PrivateKey = field(default_factory=lambda: private(9001))
    dpo: PrivateKey = field(default_factory=lambda: private(9002))
    observer: PrivateKey = field(default_factory=lambda: private(9003))
    controller: PrivateKey = field(default_factory=lambda: private(9004))
    escrow: X25519PrivateKey = field(
        default_factory=lambda: X25519PrivateKey.from_private_bytes(bytes(range(32)))
    )

    def key(self, role: at.Role, key: Any, **change: Any) -> at.RosterKey:
        public = der(key.public_key())
        values: dict[str, Any] = {
            "id": at.key_digest(public),
            "role": role,
            "algorithm": "x25519" if role == "escrow" else "ed25519",
            "public": public,
            "valid_from": instant(NOW - timedelta(days=400)),
        }
        return at.RosterKey(**(values | change))

    def trust(self, runner: PrivateKey, **change: Any) -> at.Trust:
        """The roster with one source that runs daily."""
        keys = (
            self.key("authority", self.authority),
            self.key("runner", runner, source=SOURCE),
            self.key("dpo", self.dpo),
            self.key("observer", self.observer),
            self.key("controller", self.controller),
            self.key("escrow", self.escrow),
        )
        source = at.RosterSource(
            source=SOURCE, origin=notes.origin(INSTALLATION, SOURCE), interval_h=24, grace_h=12
        )
        values: dict[str, Any] = {
            "schema": 1,
            "id": str(uuid.uuid4()),
            "installation": INSTALLATION,
            "at": instant(NOW - timedelta(days=400)),
            "version": 1,
            "controller": "Acme GmbH",
            "keys": keys,
            "sources": (source,),
        }
        return at.Trust(**(values | change))

    def roster(self, path: Path, runner: PrivateKey, **change: Any) -> Path:
        """Writes the signed roster."""
        path.write_bytes(seal(st.statement(self.trust(runner, **change)), self.authority))
        return path


@dataclass
class Book:
    """A ledger that is written day by day."""

    folder: Path
    officer: Officer = field(default_factory=Officer)
    key: PrivateKey = field(default_factory=lambda: private(1))
    rotations: int = 0

    digests: list[str] = field(default_factory=list)
    last_witness: str | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.ledger = Ledger(self.folder)

    def run(self, when: datetime, **change: Any) -> str:
        """One run's report, at an instant."""
        seq, prev = self.next()
        place = st.ReportPlace(seq=seq, prev=prev, last_witness=self.last_witness)
        at_ = instant(when)
        change.setdefault("run", reports.run(started_at=at_, ended_at=at_, as_of=at_))
        change.setdefault("ledger", place)
        return self.publish(sealed_by(reports.report(seq, prev, **change), self.key))

    def rotate(self, when: datetime) -> PrivateKey:
        """The key is followed by another; returns the old one."""
        self.rotations += 1
        old, new = self.key, private(100 + self.rotations)
        seq, prev = self.next()
        event = at.KeyEvent(
            **self._head(when),
            ledger=at.LedgerPlace(seq=seq, prev=prev),
            event="rotate",
            key=key_id(new.public_key()),
            public=der(new.public_key()),
            previous=key_id(old.public_key()),
            previous_public=der(old.public_key()),
            reason="scheduled",
        )
        self.publish(sealed_by(event, old, new))
        self.key = new
        return old

    def note(self, when: datetime, since: datetime, until: datetime) -> None:
        """Explains why no run was made."""
        seq, prev = self.next()
        gap = at.GapNote(
            **self._head(when),
            ledger=at.LedgerPlace(seq=seq, prev=prev),
            since=instant(since),
            until=instant(until),
            reason="maintenance",
        )
        self.publish(sealed_by(gap, self.key))

    def sign(self) -> None:
        """Writes the checkpoint."""
        note = notes.checkpoint(notes.origin(INSTALLATION, SOURCE), self.digests)
        (self.folder / CHECKPOINT).write_bytes(notes.sign(note, self.key).text)

    def cosign(self, when: datetime, *, key: PrivateKey | None = None) -> notes.Checkpoint:
        """The officer's machine sees the ledger, and its checkpoint comes back."""
        self.sign()
        note = notes.parse((self.folder / "checkpoint").read_bytes())
        seen = notes.cosign(note, key or self.officer.dpo, name="acme/dpo", now=when)
        (self.folder / COSIGNED).mkdir(exist_ok=True)
        (self.folder / COSIGNED / f"{note.size:06d}.checkpoint").write_bytes(seen.text)
        self.last_witness = hashlib.sha256(seen.text).hexdigest()
        return seen

    def file(self, predicate: st.Predicate, *keys: PrivateKey) -> Path:
        """A statement that came back from the officer's side."""
        (self.folder / FILED).mkdir(exist_ok=True)
        digest = statement_digest(st.statement(predicate))
        path = self.folder / FILED / f"review-{digest[:12]}.dsse.json"
        path.write_bytes(sealed_by(predicate, *keys))
        return path

    def review(self, digest: str, seq: int, when: datetime, **change: Any) -> at.Review:
        values: dict[str, Any] = {
            "report": digest,
            "seq": seq,
            "verdict": "accepted",
            "checks": ("verified", "read"),
        }
        return at.Review(**self._head(when), **(values | change))

    def observation(self, when: datetime, *datasets: at.Observed) -> at.Observation:
        """An independent look."""
        return at.Observation(
            **self._head(when),
            as_of=instant(when),
            timezone="Europe/Berlin",
            connector=reports.DIGEST,
            policy=reports.DIGEST,
            datasets=datasets,
        )

    def ended(self, when: datetime, event: str, **change: Any) -> at.KeyEvent:
        """What only the authority may say of a key."""
        return at.KeyEvent(**self._head(when), ledger=None, event=event, **change)  # type: ignore[arg-type]

    def copy_roster(self, roster: Path) -> None:
        (self.folder / ROSTER).write_bytes(roster.read_bytes())

    def _head(self, when: datetime) -> dict[str, Any]:
        return {
            "schema": 1,
            "id": str(uuid.uuid4()),
            "installation": INSTALLATION,
            "at": instant(when),
            "source": SOURCE,
        }

    def next(self) -> tuple[int, str | None]:
        return len(self.digests), self.digests[-1] if self.digests else None

    def publish(self, sealed: bytes) -> str:
        """Writes it as ``Ledger.publish`` would, without its syncs and rereading; returns the
        statement's digest."""
        entry = entry_for(sealed)
        (self.folder / entry.file).write_bytes(sealed)
        with (self.folder / LEDGER).open("ab") as file:
            file.write(entry.line())
        self.digests.append(entry.digest)
        return entry.digest


def days(first: datetime, count: int) -> Iterable[datetime]:
    """So many days from one on, at the same time."""
    return (first + timedelta(days=day) for day in range(count))
