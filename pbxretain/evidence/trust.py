"""Whose signature counts, on what, and in which part of a ledger?

Either plain public keys that the reader trusts, or a roster that the authority signed. From there
on the ledger itself carries trust: a ``rotate`` event signed by both keys hands over from one to
the next, at a position and not at a time, so that no clock decides.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from pbxretain.errors import EvidenceError, TrustError
from pbxretain.evidence.attestations import KeyEvent, Role, RosterKey, Trust
from pbxretain.evidence.fields import moment
from pbxretain.evidence.statements import TRUST, parse_statement
from pbxretain.signing import Envelope, PublicKey, key_id, open_envelope, signed_by, spki


@dataclass(frozen=True, slots=True)
class Roster:
    """A roster that holds together, with its envelope's digest."""

    trust: Trust
    digest: str
    envelope: Envelope = field(repr=False)

    def keys(self, role: Role) -> dict[str, PublicKey]:
        """The signing keys of a role, by key id."""
        return {key.id: public_key(key) for key in self.trust.of(role)}

    def valid(self, role: Role, at: datetime) -> dict[str, PublicKey]:
        """Those of a role that were valid at an instant (aware)."""
        return {
            key.id: public_key(key)
            for key in self.trust.of(role)
            if moment(key.valid_from) <= at
            and (key.valid_until is None or at <= moment(key.valid_until))
        }

    def runners(self, source: str) -> dict[str, PublicKey]:
        """The first key of a source's ledger."""
        return {k.id: public_key(k) for k in self.trust.of("runner") if k.source == source}

    @property
    def authority(self) -> dict[str, PublicKey]:
        return self.keys("authority")


def read_roster(data: bytes, *, after: Roster | None = None) -> Roster:
    """Reads a roster strictly and checks that its own authority signed it.

    With ``after`` it must be that very roster or follow it: the next version, naming its digest,
    signed by the old authority too. Whether its authority is to be trusted, the caller knows: the
    roster in hand says nothing of that. EvidenceError for anything malformed, TrustError for one
    that doesn't follow.
    """
    envelope = open_envelope(data)
    statement = parse_statement(envelope.payload)
    if statement.type != TRUST or not isinstance(statement.predicate, Trust):
        raise EvidenceError("The file is no trust roster.", code="UNKNOWN_TYPE")
    roster = Roster(statement.predicate, envelope.digest, envelope)
    for key in roster.trust.keys:
        if key.algorithm == "ed25519":
            public_key(key)
    if signed_by(envelope, roster.authority) is None:
        raise EvidenceError("The roster isn't signed by its own authority.", code="BAD_SIGNATURE")
    if after is not None and roster.digest != after.digest:
        _follows(roster, after)
    return roster


def _follows(roster: Roster, after: Roster) -> None:
    old, new = after.trust, roster.trust
    if new.installation != old.installation:
        _no("The roster is another installation's.")
    if new.version != old.version + 1 or new.previous != after.digest:
        _no("The roster doesn't follow the one that is there.")
    if signed_by(roster.envelope, after.authority) is None:
        _no("The roster isn't signed by the authority before it.")


def _no(sentence: str) -> NoReturn:
    raise TrustError(sentence, code="ROSTER")


def public_key(key: RosterKey) -> PublicKey:
    """The signing key of a roster entry; EvidenceError where it is none."""
    found = der_key(key.public)
    if found is None:
        raise EvidenceError("A key of the roster is not an Ed25519 key.", code="SCHEMA")
    return found


def key_text(public: PublicKey | X25519PublicKey) -> str:
    """A key as statements carry it: base64 of its DER form."""
    return base64.b64encode(spki(public)).decode()


def der_key(public: str | None) -> PublicKey | None:
    """The Ed25519 key in base64 of its DER form; None where it is none."""
    if public is None:
        return None
    try:
        found = serialization.load_der_public_key(base64.b64decode(public))
    except ValueError:
        return None
    return found if isinstance(found, Ed25519PublicKey) else None


@dataclass(frozen=True, slots=True)
class Span:
    """One key, from one number of the ledger to another (None: open)."""

    key: PublicKey
    first: int = 0
    last: int | None = None

    @property
    def keyid(self) -> str:
        return key_id(self.key)

    def holds(self, seq: int) -> bool:
        """Whether the key counts at this number."""
        return self.first <= seq and (self.last is None or seq <= self.last)

    def until(self, last: int) -> Span:
        """The same, ending there at the latest."""
        return Span(self.key, self.first, last if self.last is None else min(self.last, last))


@dataclass(slots=True)
class Epochs:
    """Which keys count at which place of one source's ledger.

    ``pinned`` are keys that the reader trusts by name. Where a roster pins the first key
    (``forward``), trust goes forward from there only; else a pinned key vouches for those before
    it as well, for its statements carry the digests of all that came before.
    """

    pinned: Mapping[str, PublicKey]
    forward: bool
    _rotations: list[tuple[int, KeyEvent, Envelope]] = field(default_factory=list)
    _ended: list[KeyEvent] = field(default_factory=list)

    def rotate(self, event: KeyEvent, envelope: Envelope) -> None:
        """Adds a rotation that stands in the ledger, whoever signed it."""
        if event.ledger is not None:
            self._rotations.append((event.ledger.seq, event, envelope))
            self._rotations.sort(key=lambda rotation: rotation[0])

    def end(self, event: KeyEvent) -> None:
        """Adds a revocation or recovery; the caller has seen that the authority signed it."""
        self._ended.append(event)

    def spans(self, *, ended: bool = True) -> list[Span]:
        """Every key that counts, with the numbers at which it does; without ``ended`` as if no key
        had been revoked or replaced by the authority."""
        spans = self._onward([Span(key) for key in self.pinned.values()])
        if not self.forward:
            spans = self._back(spans)
        for event in self._ended if ended else ():
            last = -1 if event.last_good is None else event.last_good
            touched = event.event == "recover"
            spans = [s.until(last) if touched or s.keyid == event.key else s for s in spans]
            if touched and (key := der_key(event.public)) is not None:
                spans += self._onward([Span(key, first=last + 1)])
        return [span for span in spans if span.last is None or span.last >= span.first]

    def _onward(self, spans: list[Span]) -> list[Span]:
        for seq, event, envelope in self._rotations:
            new = der_key(event.public)
            old = next((s for s in spans if s.keyid == event.previous and s.holds(seq)), None)
            if new is None or old is None or not _both_signed(envelope, old.key, new):
                continue
            spans = [span.until(seq) if span is old else span for span in spans]
            spans.append(Span(new, first=seq))
        return spans

    def _back(self, spans: list[Span]) -> list[Span]:
        for seq, event, envelope in reversed(self._rotations):
            old = der_key(event.previous_public)
            new = next((s for s in spans if s.keyid == event.key and s.holds(seq)), None)
            if new is None or old is None or any(s.keyid == key_id(old) for s in spans):
                continue
            if _both_signed(envelope, old, new.key):
                from_there = Span(new.key, first=seq, last=new.last)
                spans = [from_there if span is new else span for span in spans]
                spans.append(Span(old, last=seq))
        return spans


def _both_signed(envelope: Envelope, old: PublicKey, new: PublicKey) -> bool:
    return all(signed_by(envelope, {key_id(key): key}) is not None for key in (old, new))
