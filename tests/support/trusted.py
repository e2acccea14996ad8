"""An authority and its roster, for installations of tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pbxretain import execute, signing
from pbxretain.evidence import notes
from pbxretain.evidence.attestations import KeyEvent, Role, RosterKey, RosterSource, Trust
from pbxretain.evidence.fields import instant
from pbxretain.evidence.statements import parse_statement, statement
from pbxretain.evidence.trust import Epochs, Roster, key_text, read_roster
from pbxretain.execute import Site
from pbxretain.keys import AnyPublic
from pbxretain.ledger import FILED, Ledger
from pbxretain.rolling import KEY_EVENT
from pbxretain.signing import PrivateKey, PublicKey, key_id, open_envelope, signed_by

AUTHORITY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(range(2, 34)))


def roster(
    installation: str,
    runners: Mapping[str, PublicKey],
    *,
    now: datetime,
    authority: PrivateKey = AUTHORITY,
    after: Roster | None = None,
    signers: tuple[PrivateKey, ...] = (),
    others: Mapping[Role, AnyPublic] | None = None,
) -> bytes:
    """A roster with the first key of each source, signed by its authority (or ``signers``)."""

    def listed(role: Role, public: AnyPublic, source: str | None = None) -> RosterKey:
        return RosterKey(
            id=key_id(public),
            role=role,
            algorithm="x25519" if role == "escrow" else "ed25519",
            public=key_text(public),
            source=source,
            valid_from=instant(now),
        )

    trust = Trust(
        id=str(uuid4()),
        installation=installation,
        at=instant(now),
        version=after.trust.version + 1 if after else 1,
        previous=after.digest if after else None,
        controller="Acme GmbH",
        keys=(
            listed("authority", authority.public_key()),
            *(listed(role, public) for role, public in (others or {}).items()),
            *(listed("runner", public, source) for source, public in runners.items()),
        ),
        sources=tuple(
            RosterSource(
                source=source, origin=notes.origin(installation, source), interval_h=24, grace_h=12
            )
            for source in runners
        ),
    )
    return signing.seal(statement(trust), *(signers or (authority,)))


def ended(
    site: Site,
    source: str,
    event: str,
    key: PublicKey,
    *,
    last_good: int,
    now: datetime,
    by: PrivateKey = AUTHORITY,
) -> bytes:
    """The authority's word on a key of a source: ``revoke`` or ``recover``."""
    told = KeyEvent(
        id=str(uuid4()),
        installation=site.installation,
        at=instant(now),
        source=source,
        ledger=None,
        event="revoke" if event == "revoke" else "recover",
        key=key_id(key),
        public=key_text(key) if event == "recover" else None,
        last_good=last_good,
        reason="compromised",
    )
    return signing.seal(statement(told), by)


def file_event(reports: Path, sealed: bytes) -> Path:
    """Puts the authority's word where it is kept."""
    (reports / FILED).mkdir(exist_ok=True)
    path = reports / FILED / f"key-event-{open_envelope(sealed).digest[:12]}.dsse.json"
    path.write_bytes(sealed)
    return path


def assert_each_signed_in_its_epoch(site: Site, roster_: Roster, source: str) -> int:
    """Each statement of the ledger is signed by the one key that counts at its place, starting
    from the roster; returns how many keys there were."""
    epochs = Epochs(roster_.runners(source), forward=True)
    ledger: Ledger = execute.ledger_of(site)
    envelopes = [
        (entry, open_envelope((ledger.folder / entry.file).read_bytes()))
        for entry in ledger.entries()
    ]
    for entry, envelope in envelopes:
        if entry.type == KEY_EVENT:
            event = parse_statement(envelope.payload).predicate
            assert isinstance(event, KeyEvent)
            epochs.rotate(event, envelope)
    spans = epochs.spans()
    for entry, envelope in envelopes:
        counting = {span.keyid: span.key for span in spans if span.holds(entry.seq)}
        assert signed_by(envelope, counting), entry.file
    return len(spans)


def read(data: bytes) -> Roster:
    """A roster that holds together."""
    return read_roster(data)
