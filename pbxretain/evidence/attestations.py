"""What is signed besides deletion reports and dry runs?

Statements by which people and machines vouch for something of their own: who holds which key
(trust), a key that follows another (key-event), a missed run (gap-note), a hold, an approved
policy, the officer's verdict (review), an independent look (observation), and the use and the end
of sealed evidence. People appear by function, never by name. Types and signers after
``docs/explanation/evidence.md``.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic.types import StringConstraints

from pbxretain.evidence.fields import (
    Code,
    Count,
    Day,
    DocumentDigest,
    Hex,
    Instant,
    Model,
    Name,
    Text,
    Uuid,
    Zone,
    require,
)
from pbxretain.signing import canonical

Role = Literal["authority", "runner", "dpo", "escrow", "observer", "controller", "admin"]
ROLES: tuple[Role, ...] = (
    "authority",
    "runner",
    "dpo",
    "escrow",
    "observer",
    "controller",
    "admin",
)
Hours = Annotated[int, Field(ge=1, le=24 * 366)]
DocumentText = Annotated[str, StringConstraints(max_length=256 * 1024)]
"""A whole document; the only text with line feeds."""


def _real_base64(text: str) -> str:
    if base64.b64encode(base64.b64decode(text, validate=True)).decode() != text:
        raise ValueError("not base64")
    return text


Base64 = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9+/]{4,400}={0,2}\z"),
    AfterValidator(_real_base64),
]


class LedgerPlace(Model):
    """Where a statement stands in its source's ledger; ``prev`` is null for the first."""

    seq: Count
    prev: Hex | None

    @model_validator(mode="after")
    def _first_has_none(self) -> Self:
        return require(self, (self.seq == 0) == (self.prev is None))


class _Attestation(Model):
    schema_: int = Field(default=1, ge=1, le=1, alias="schema")
    id: Uuid
    installation: Uuid
    at: Instant

    def subjects(self) -> list[dict[str, object]]:
        """What the statement is about, by digest."""
        raise NotImplementedError


def _subject(name: str, digest: str) -> dict[str, object]:
    return {"name": name, "digest": {"sha256": digest}}


def key_digest(public: str) -> str:
    """The key id of a public key in base64 of its DER form."""
    return hashlib.sha256(base64.b64decode(public)).hexdigest()


# --- trust ------------------------------------------------------------------------------------


class RosterKey(Model):
    """One key: its id (SHA-256 of the SPKI), what it may say, who holds it by function, since
    when. ``source`` for runners only: the first key of that source's ledger."""

    id: Hex
    role: Role
    algorithm: Literal["ed25519", "x25519"]
    public: Base64
    post: Text = ""
    source: Name | None = None
    valid_from: Instant
    valid_until: Instant | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        return require(
            self,
            self.id == key_digest(self.public),
            (self.role == "escrow") == (self.algorithm == "x25519"),
            (self.role == "runner") == (self.source is not None),
            self.valid_until is None or self.valid_from <= self.valid_until,
        )


class RosterSource(Model):
    """What the authority expects of one source: a run at least every ``interval_h`` hours, with
    ``grace_h`` hours of patience, and a look by the officer's machine at least every ``witness_h``
    hours. An admin can't relax it quietly."""

    source: Name
    origin: Text
    interval_h: Hours
    grace_h: Hours
    witness_h: Hours = 24 * 35


class Trust(_Attestation):
    """The roster: who may say what. ``previous`` is the digest of the version before."""

    version: Annotated[int, Field(ge=1, lt=2**31)]
    previous: Hex | None = None
    controller: Text
    keys: tuple[RosterKey, ...]
    sources: tuple[RosterSource, ...]

    def subjects(self) -> list[dict[str, object]]:
        digest = hashlib.sha256(self.installation.encode()).hexdigest()
        return [_subject("installation", digest)]

    def of(self, role: Role) -> tuple[RosterKey, ...]:
        """The keys of a role."""
        return tuple(key for key in self.keys if key.role == role)

    def source(self, name: str) -> RosterSource | None:
        """What is expected of a source; None for one that the roster doesn't know."""
        return next((source for source in self.sources if source.source == name), None)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        ids = Counter((key.id, key.source) for key in self.keys)
        # One key never serves two roles: whoever writes reports must not review them.
        roles = {key.id: key.role for key in self.keys}
        names = Counter(source.source for source in self.sources)
        return require(
            self,
            (self.version == 1) == (self.previous is None),
            max(ids.values(), default=0) <= 1,
            all(roles[key.id] == key.role for key in self.keys),
            max(names.values(), default=0) <= 1,
            bool(self.of("authority")),
            {key.source for key in self.of("runner")} <= set(names),
        )


# --- in the ledger -----------------------------------------------------------------------------


class KeyEvent(_Attestation):
    """A key of a source's runner begins or ends.

    ``rotate`` stands in the ledger, signed by the old and the new key: from the next number on
    only the new one counts. ``revoke`` and ``recover`` stand beside it, signed by the authority:
    statements above ``last_good`` under ``key`` (revoke) or under any earlier key (recover) count
    no more; ``recover`` names the key that counts instead.
    """

    source: Name
    ledger: LedgerPlace | None
    event: Literal["rotate", "revoke", "recover"]
    key: Hex
    public: Base64 | None = None
    previous: Hex | None = None
    previous_public: Base64 | None = None
    last_good: Annotated[int, Field(ge=-1, lt=2**53)] | None = None
    """-1: none is good."""
    reason: Literal["scheduled", "requested", "compromised", "lost", "superseded"]

    def subjects(self) -> list[dict[str, object]]:
        return [_subject(f"key/{self.key[:8]}", self.key)]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        rotates, revokes = self.event == "rotate", self.event == "revoke"
        return require(
            self,
            rotates == (self.ledger is not None),
            rotates == (self.previous is not None) == (self.previous_public is not None),
            rotates == (self.last_good is None),
            revokes == (self.public is None),
            self.public is None or key_digest(self.public) == self.key,
            self.previous_public is None or key_digest(self.previous_public) == self.previous,
            self.previous != self.key,
        )


class GapNote(_Attestation):
    """Why no run was made between two instants. Explains a gap, never takes it away."""

    source: Name
    ledger: LedgerPlace
    since: Instant
    until: Instant
    reason: Literal["host-off", "pbx-off", "maintenance", "disk-full", "mistake", "other"]
    remark: Text = ""

    def subjects(self) -> list[dict[str, object]]:
        return [_subject("previous", self.ledger.prev or "")]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        return require(self, self.ledger.seq > 0, self.since < self.until, self.until <= self.at)


class Hold(_Attestation):
    """A hold was set or released. Never says whom it is about: an opaque id, data classes and a
    window; ``register`` is the digest of the hold register, which carries a random nonce."""

    source: Name
    ledger: LedgerPlace
    event: Literal["set", "released"]
    hold: Uuid
    kind: Literal["legal-hold", "restriction"]
    data: tuple[Name, ...] = ()
    since: Day | None = None
    until: Day | None = None
    register_: Hex = Field(alias="register")

    def subjects(self) -> list[dict[str, object]]:
        return [_subject("hold-register", self.register_)]


# --- beside it ---------------------------------------------------------------------------------


class ApprovedPolicy(_Attestation):
    """A policy that the controller decided on (signs as controller) and on which the officer was
    consulted (signs as dpo; Art. 38(6) GDPR). ``document`` is the file, byte for byte."""

    policy: Name
    version: Count
    digest: DocumentDigest
    document: DocumentText

    def subjects(self) -> list[dict[str, object]]:
        return [_subject(f"policy/{self.policy}", self.digest.removeprefix("sha256:"))]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        found = hashlib.sha256(self.document.encode()).hexdigest()
        return require(self, self.digest == f"sha256:{found}")


class Review(_Attestation):
    """The officer's verdict on one report. ``checks`` says what was looked at, ``findings`` what
    the verifier found then."""

    source: Name
    report: Hex
    seq: Count
    verdict: Literal["accepted", "accepted-with-findings", "rejected"]
    checks: tuple[Literal["verified", "read", "observed", "asked"], ...]
    findings: tuple[Code, ...] = ()
    remark: Text = ""

    def subjects(self) -> list[dict[str, object]]:
        return [_subject(f"{self.source}/{self.seq}", self.report)]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        return require(
            self,
            len(self.checks) > 0,
            self.verdict != "accepted-with-findings" or bool(self.findings or self.remark),
        )


class Observed(Model):
    """What an independent look found in one dataset, under the cut-off of the policy given."""

    dataset: Name
    data_class: Name
    cutoff: Instant | None
    total: Count | None
    overdue: Count
    undated: Count = 0
    future: Count = 0
    oldest: Day | None = None


class Observation(_Attestation):
    """A read-only census with own credentials, on the officer's side of the house."""

    source: Name
    as_of: Instant
    timezone: Zone
    connector: DocumentDigest
    policy: DocumentDigest
    datasets: tuple[Observed, ...]

    def subjects(self) -> list[dict[str, object]]:
        found = canonical({"datasets": [each.model_dump(mode="json") for each in self.datasets]})
        return [_subject(f"{self.source}/observed", hashlib.sha256(found).hexdigest())]


Purpose = Literal["data-subject", "court", "authority", "restore", "audit"]


class EvidenceAccess(_Attestation):
    """Sealed evidence was opened: for which purpose, which sealed keys, how many matches. Never
    for whom."""

    source: Name
    purpose: Purpose
    files: tuple[Hex, ...]
    matches: Count

    def subjects(self) -> list[dict[str, object]]:
        return [_subject("sealed-key", file) for file in self.files]


class EvidenceShred(_Attestation):
    """Sealed evidence was destroyed at the end of its life, or earlier by order."""

    source: Name
    reason: Literal["end-of-life", "ordered"]
    files: tuple[Hex, ...]

    def subjects(self) -> list[dict[str, object]]:
        return [_subject("sidecar", file) for file in self.files]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        return require(self, len(self.files) > 0)


Attestation = (
    Trust
    | KeyEvent
    | GapNote
    | Hold
    | ApprovedPolicy
    | Review
    | Observation
    | EvidenceAccess
    | EvidenceShred
)
