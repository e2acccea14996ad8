"""Which key signs for a source now, and how does the next one take over?

With a roster installed, each source has a chain of its own: the installation's key comes first,
the first run of a calendar month (UTC) makes the next one. A ``rotate`` event in the ledger,
signed by both, hands over; then the old private key is destroyed. The new key is on disk first,
the event second, destruction comes last, so that a crash at any point leaves one key that signs:
the one that the ledger names. Only the holder of the source's lock may call what writes.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from uuid import uuid4

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pbxretain import keys, posix
from pbxretain.errors import EvidenceError, RefusedError, RetainError, UnavailableError
from pbxretain.evidence import notes
from pbxretain.evidence.attestations import KeyEvent, LedgerPlace
from pbxretain.evidence.fields import instant, moment
from pbxretain.evidence.statements import BASE, parse_statement, statement
from pbxretain.evidence.trust import Roster, der_key, key_text, read_roster
from pbxretain.ledger import FILED, Ledger
from pbxretain.runner import ENCRYPTED, PLAIN, RunnerKey
from pbxretain.signing import PrivateKey, PublicKey, key_id, open_envelope, seal, signed_by

KEY_EVENT = f"{BASE}key-event/v1"
RECOVERY = "recovery-"
"""Before the name of a key that waits for the authority's word."""

_NAME = re.compile(rf"({RECOVERY})?([0-9a-f]{{64}})({PLAIN}|{ENCRYPTED})".replace(".", r"\."))
Reason = Literal["scheduled", "requested"]
EndReason = Literal["compromised", "lost", "superseded"]
Rotations = list[tuple[int, KeyEvent]]
"""The ledger's hand-overs, with their numbers, oldest first."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The keys of one source. ``folder`` is ``<state>/<source>/keys``, ``others`` the reports
    folders of the installation's other sources, which share the first key."""

    source: str
    installation: str
    folder: Path
    first: RunnerKey
    roster: Roster | None = None
    others: tuple[Path, ...] = ()

    @property
    def rolls(self) -> bool:
        """Whether keys take turns: an authority watches the source, and old ones can go."""
        return self.first.ours and bool(self._expected())

    @property
    def stuck(self) -> bool:
        """Whether keys would take turns, but the old one lies where it can't be destroyed."""
        return not self.first.ours and bool(self._expected())

    def _expected(self) -> object:
        return self.roster and self.roster.trust.source(self.source)

    # --- which key ---------------------------------------------------------------------------

    def current(self, ledger: Ledger) -> PrivateKey:
        """The key that signs now, by the ledger and the authority's word.

        RefusedError: KEY_MISSING when its private half isn't here, KEY_REVOKED when the authority
        has ended it, and as ``RunnerKey.load``.
        """
        return self._current(ledger, _rotations(ledger))

    def _current(self, ledger: Ledger, rotations: Rotations) -> PrivateKey:
        told = list(self._filed(ledger))
        keyid = _current_id(rotations, told)
        if keyid is None:
            key = self.first.load()
            keyid = key_id(key.public_key())
        else:
            key = self._load(keyid)
        if any(event.event == "revoke" and event.key == keyid for event in told):
            raise RefusedError(
                f"The signing key of source {self.source} was revoked.",
                hint=f"pbxretain key new --source {self.source}, and have it confirmed",
                code="KEY_REVOKED",
                params={"source": self.source},
            )
        return key

    def current_public(self, ledger: Ledger) -> PublicKey:
        """The public half of the key that signs now, for those who may not read the private one.
        UnavailableError without one."""
        rotations, told = _rotations(ledger), list(self._filed(ledger))
        keyid = _current_id(rotations, told)
        for event in (*told, *(event for _, event in rotations)):
            if event.key == keyid and (public := der_key(event.public)) is not None:
                return public
        return next(iter(keys.load_public(self.first.public).values()))

    def holds(self, keyid: str) -> bool:
        """Whether a key's private half lies here."""
        return any(name == keyid for _, name in self._files()) or keyid == self._first_id()

    def _load(self, keyid: str) -> PrivateKey:
        for path, name in self._files():
            if name == keyid:
                return keys.load_key(path, self.first.passphrase())
        if self.first.ours and keyid == self._first_id():
            return self.first.load()
        raise RefusedError(
            f"The key that signs for source {self.source} is missing.",
            hint=f"put it back from the backup of {self.folder}, or have another one confirmed: "
            f"pbxretain key new --source {self.source}",
            code="KEY_MISSING",
        )

    def _files(self, *, waiting: bool = True) -> Iterator[tuple[Path, str]]:
        """The private keys of the folder, with their ids; those that wait only when asked."""
        try:
            found = sorted(self.folder.iterdir()) if self.folder.is_dir() else []
        except OSError:
            raise UnavailableError("The folder of the keys can't be read.") from None
        for path in found:
            match = _NAME.fullmatch(path.name)
            if match and (waiting or not match[1]):
                yield path, match[2]

    def _filed(self, ledger: Ledger) -> Iterator[KeyEvent]:
        """What the authority has said of this source's keys."""
        if self.roster is None:
            return
        for path in sorted((ledger.folder / FILED).glob("key-event-*.dsse.json")):
            try:
                data = path.read_bytes()
            except OSError:
                raise UnavailableError(
                    "What the authority said of a key can't be read.",
                    hint=f"let this user read {path.parent}",
                ) from None
            event, signer = read_event(data, self.roster.authority)
            if signer is not None and event.source == self.source:
                yield event

    # --- the next one ------------------------------------------------------------------------

    def due(self, ledger: Ledger, now: datetime) -> bool:
        """Whether the next key takes over at ``now``: a new month has begun, the installation's
        key still signs, or a crash came in between. Never before the ledger's last entry: then
        the clock is wrong."""
        last = ledger.last()
        if not self.rolls or (last is not None and last.ended > now):
            return False
        rotations = _rotations(ledger)
        events = [event for _, event in rotations]
        events += [event for event in self._filed(ledger) if event.event == "recover"]
        if not events or self._pending(rotations):
            return True
        began = moment(max(event.at for event in events))
        return (began.year, began.month) < (now.year, now.month)

    def rotate(self, ledger: Ledger, *, now: datetime, reason: Reason) -> PrivateKey:
        """Hands over to a new key; returns it. RefusedError where no key can be destroyed or no
        roster knows the source, EvidenceError when the ledger can't be written."""
        if not self.rolls:
            raise RefusedError(
                f"The key of source {self.source} is not replaced.",
                hint="that begins with a roster (pbxretain key add FILE), and only for keys in "
                "the state folder",
                code="KEY_FIXED",
                params={"source": self.source},
            )
        rotations = _rotations(ledger)
        old = self._current(ledger, rotations)
        new = self._next(rotations, now)
        seq, prev = ledger.next()
        event = KeyEvent(
            id=str(uuid4()),
            installation=self.installation,
            at=instant(now),
            source=self.source,
            ledger=LedgerPlace(seq=seq, prev=prev),
            event="rotate",
            key=key_id(new.public_key()),
            public=key_text(new.public_key()),
            previous=key_id(old.public_key()),
            previous_public=key_text(old.public_key()),
            reason=reason,
        )
        ledger.publish(seal(statement(event), old, new), public=old.public_key())
        return self.settle(ledger)

    def settle(self, ledger: Ledger) -> PrivateKey:
        """Finishes what a crash left, and returns the key that signs. Repeatable."""
        rotations = _rotations(ledger)
        key = self._current(ledger, rotations)
        keyid = key_id(key.public_key())
        over = {each for _, e in rotations for each in (e.key, e.previous)} - {keyid}
        if not over:
            return key
        try:
            posix.sweep_temporary(self.folder)
            for path, name in list(self._files()):
                if name in over:
                    posix.destroy(path)
            if self.first.ours and self._first_id() in over and self._all_rolled():
                posix.destroy(self.first.path)
        except OSError:
            raise UnavailableError(
                "A key that signs no more can't be destroyed.",
                hint=f"let this user write in {self.folder} and {self.first.folder}",
                code="KEY_LEFT",
            ) from None
        ledger.sign_checkpoint(key, notes.origin(self.installation, self.source))
        return key

    def _next(self, rotations: Rotations, now: datetime) -> PrivateKey:
        """The key that a crash left made but not yet named, or a new one, on disk."""
        passphrase = self.first.passphrase()
        for path in self._pending(rotations):
            try:
                return keys.load_key(path, passphrase)
            except RefusedError:  # under another passphrase, say: nothing was signed with it
                posix.destroy(path)
        return self._make("", now)

    def _pending(self, rotations: Rotations) -> list[Path]:
        known = {event.key for _, event in rotations}
        return [path for path, name in self._files(waiting=False) if name not in known]

    def make_recovery(self, *, now: datetime) -> PrivateKey:
        """Makes a key that signs nothing before the authority names it (``recover``)."""
        return self._make(RECOVERY, now)

    def _make(self, prefix: str, now: datetime) -> PrivateKey:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            raise UnavailableError("The key could not be written.", code="KEY_WRITE") from None
        key = Ed25519PrivateKey.generate()
        path = self.folder / f"{prefix}{key_id(key.public_key())}{self.first.ending}"
        keys.store_key(path, key, self.first.passphrase(), created=now)
        return key

    def _first_id(self) -> str | None:
        """Of the installation's key; its public half comes first in the file that keeps all."""
        try:
            return next(iter(keys.load_public(self.first.public)), None)
        except RetainError:
            return None

    def _all_rolled(self) -> bool:
        """Whether no other source needs the installation's key any more."""
        try:
            return all(
                folder.is_dir() and bool(_rotations(Ledger(folder))) for folder in self.others
            )
        except EvidenceError:
            return False


def installed(path: Path) -> Roster | None:
    """The roster of an installation; None without one, EvidenceError for one that isn't sound."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError:
        raise UnavailableError("The roster can't be read.", code="ROSTER_READ") from None
    return read_roster(data)


def read_event(data: bytes, signers: dict[str, PublicKey]) -> tuple[KeyEvent, str | None]:
    """A key event and which of these keys signed it; EvidenceError for anything else."""
    envelope = open_envelope(data)
    event = parse_statement(envelope.payload).predicate
    if not isinstance(event, KeyEvent):
        raise EvidenceError("The file is no key event.", code="UNKNOWN_TYPE")
    return event, signed_by(envelope, signers)


def ended(
    roster: Roster,
    source: str,
    keyid: str,
    *,
    public: PublicKey | None,
    last_good: int,
    reason: EndReason,
    now: datetime,
    key: PrivateKey,
) -> bytes:
    """The authority's word on a key of a source, signed with ``key``: ``revoke``, or with a
    ``public`` half ``recover``."""
    event = KeyEvent(
        id=str(uuid4()),
        installation=roster.trust.installation,
        at=instant(now),
        source=source,
        ledger=None,
        event="revoke" if public is None else "recover",
        key=keyid,
        public=key_text(public) if public is not None else None,
        last_good=last_good,
        reason=reason,
    )
    return seal(statement(event), key)


def pem(public: str) -> bytes:
    """A public key as statements carry it, in PEM."""
    key = serialization.load_der_public_key(base64.b64decode(public))
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _current_id(rotations: Rotations, told: list[KeyEvent]) -> str | None:
    """The key that signs by the ledger's rotations and the authority's newest ``recover``; None
    while the installation's key does."""
    recovered = max((e for e in told if e.event == "recover"), key=lambda e: e.at, default=None)
    current = recovered.key if recovered else None
    good = -1 if recovered is None or recovered.last_good is None else recovered.last_good
    for seq, event in rotations:
        if (current is None or event.previous == current) and (recovered is None or seq > good):
            current = event.key
    return current


def _rotations(ledger: Ledger) -> Rotations:
    found: Rotations = []
    for entry in ledger.entries():
        if entry.type != KEY_EVENT:
            continue
        try:
            data = (ledger.folder / entry.file).read_bytes()
        except OSError:
            raise EvidenceError("A statement of the ledger is missing.", code="LEDGER") from None
        found.append((entry.seq, read_event(data, {})[0]))
    return found
