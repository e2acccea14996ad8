"""Who decided on a policy, and who was asked?

The controller decides and signs first, by a key to which the roster gives that role: then a policy
counts as signed. The data protection officer was consulted and signs the same sentence in the same
envelope (Art. 38(6) GDPR: the officer never decides). Settings can demand either before a run.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from pydantic import ValidationError

from pbxretain.documents import parse
from pbxretain.errors import (
    ClockError,
    DocumentError,
    EvidenceError,
    RefusedError,
    TrustError,
    UnavailableError,
)
from pbxretain.evidence.attestations import ApprovedPolicy, Role
from pbxretain.evidence.fields import instant, moment
from pbxretain.evidence.statements import file_type, parse_statement, statement
from pbxretain.evidence.trust import Roster
from pbxretain.policy.document import Policy, approval_state, load_policy
from pbxretain.signing import (
    Envelope,
    PrivateKey,
    countersign,
    key_id,
    open_envelope,
    seal,
    signed_by,
)

KIND = "policy"
ROLES_OF_POLICY: tuple[Role, ...] = ("controller", "dpo")
_AHEAD = timedelta(days=1)
"""A date so far ahead of the reader's clock is wrong."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A policy file as it stands, approved in it: the bytes that are going to be signed."""

    policy: Policy
    document: str = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the file, as reports name it."""
        return "sha256:" + hashlib.sha256(self.document.encode()).hexdigest()


def draft(path: Path) -> Draft:
    """The policy in a file; DocumentError for mistakes, RefusedError (NOT_APPROVED) where the file
    doesn't say that it is approved as it stands."""
    loaded = load_policy(path)
    try:
        data = path.read_bytes()
    except OSError:
        raise UnavailableError(
            f"{path} can't be read", code="FILE_READ", params={"path": str(path)}
        ) from None
    again = parse(data, str(path), Policy)
    if again.digest != loaded.digest:
        raise DocumentError(f"{path} was changed meanwhile", hint="try again")
    _approved(again.value)
    return Draft(again.value, data.decode("utf-8"))


def _approved(policy: Policy) -> None:
    if approval_state(policy) != "approved":
        raise RefusedError(
            f"policy {policy.policy} isn't approved as it stands",
            hint=f"pbxretain policy approve {policy.policy} --by FUNCTION",
            code="NOT_APPROVED",
            params={"policy": policy.policy},
        )


def sign(decided: Draft, installation: str, key: PrivateKey, *, now: datetime) -> bytes:
    """The controller's statement on a policy, for the officer to sign as well."""
    policy = decided.policy
    try:
        said = ApprovedPolicy(
            id=str(uuid4()),
            installation=installation,
            at=instant(now),
            policy=policy.policy,
            version=policy.version,
            digest=decided.digest,
            document=decided.document,
        )
    except ValidationError:
        raise RefusedError(
            f"policy {policy.policy} is too long to be signed",
            hint="at most 256 KiB",
            code="POLICY_STATEMENT",
        ) from None
    return seal(statement(said), key)


@dataclass(frozen=True, slots=True)
class Decided:
    """A policy of which a controller of the roster says that it is decided on."""

    said: ApprovedPolicy
    policy: Policy
    envelope: Envelope = field(repr=False)
    controller: str
    """The key id of the controller who signed."""


def decided(data: bytes, roster: Roster, *, now: datetime) -> Decided:
    """What a controller hands to the officer.

    EvidenceError for anything malformed or of another installation, TrustError when no controller
    of the roster signed it, DocumentError or RefusedError for a policy that wouldn't be run.
    """
    envelope = open_envelope(data)
    found = parse_statement(envelope.payload)
    said = found.predicate
    if not isinstance(said, ApprovedPolicy):
        raise DocumentError(f"a statement of the kind {file_type(found.type)} is no policy")
    if said.installation != roster.trust.installation:
        raise EvidenceError(
            "The policy was signed for another installation.", code="POLICY_STATEMENT"
        )
    controller = signer(envelope, roster, "controller", at=said.at)
    if controller is None:
        raise TrustError(
            "No controller of the roster has signed the policy.",
            hint="pbxretain dpo init BUNDLE --controller-key FILE, then have it signed anew",
            code="WRONG_ROLE",
        )
    if moment(said.at) > now + _AHEAD:
        raise ClockError(
            f"the policy was signed in the future, at {said.at}",
            hint="set the clock on the machine where it was signed, and have it signed anew",
            code="CLOCK_AHEAD",
        )
    policy = parse(said.document.encode(), KIND, Policy).value
    if (policy.policy, policy.version) != (said.policy, said.version):
        raise EvidenceError(
            "The statement names another policy than its document.", code="POLICY_STATEMENT"
        )
    _approved(policy)
    return Decided(said, policy, envelope, controller)


def consulted(decided: Decided, key: PrivateKey, roster: Roster) -> bytes:
    """The same statement with the officer's signature added: he was consulted.

    RefusedError when he signed it already, TrustError for a key that isn't the officer's in the
    roster."""
    if key_id(key.public_key()) not in roster.keys("dpo"):
        raise TrustError("The roster doesn't know this key as an officer's.", code="WRONG_ROLE")
    if signed_by(decided.envelope, {key_id(key.public_key()): key.public_key()}) is not None:
        raise RefusedError(
            "the officer has signed this policy already",
            hint="hand this very file to the admin",
            code="POLICY_STATEMENT",
        )
    return countersign(decided.envelope, key)


def signer(envelope: Envelope, roster: Roster, role: Role, *, at: str) -> str | None:
    """The key of a role, valid at an instant, that signed; None when none did."""
    return signed_by(envelope, roster.valid(role, moment(at)))


def check_signers(envelope: Envelope, said: ApprovedPolicy, roster: Roster) -> None:
    """TrustError unless a controller of the roster has signed: the officer alone decides nothing.
    A key has one role there."""
    if signer(envelope, roster, "controller", at=said.at) is None:
        raise TrustError(
            "The policy isn't signed by a controller of the roster.",
            hint="pbxretain policy sign NAME --key FILE",
            code="WRONG_ROLE",
        )


# --- before a run -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Signed:
    """Whose signatures a policy bears, by the roster: key ids."""

    controllers: tuple[str, ...]
    officers: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """All of them, the controller's first."""
        return self.controllers + self.officers


def signers(envelope: Envelope, said: ApprovedPolicy, roster: Roster) -> Signed | None:
    """Who signed a statement, each by a key that was valid then; None without a controller."""
    found: dict[Role, tuple[str, ...]] = {}
    for role in ROLES_OF_POLICY:
        keys = roster.valid(role, moment(said.at)).items()
        found[role] = tuple(k for k, key in keys if signed_by(envelope, {k: key}) is not None)
    return Signed(found["controller"], found["dpo"]) if found["controller"] else None


def filed(folder: Path, digest: str, roster: Roster) -> Signed | None:
    """Who signed these very bytes, by the statements that are filed with a source. Of several the
    one that the officer signed as well; None where no controller signed any. What is damaged is
    passed over: it vouches for nothing."""
    known = [
        found
        for path in sorted(folder.glob(f"{KIND}-*.dsse.json"))
        if (found := _signed(path, digest, roster))
    ]
    return max(known, key=lambda each: bool(each.officers), default=None)


def _signed(path: Path, digest: str, roster: Roster) -> Signed | None:
    try:
        envelope = open_envelope(path.read_bytes())
        said = parse_statement(envelope.payload).predicate
    except (OSError, EvidenceError):
        return None
    if not isinstance(said, ApprovedPolicy) or said.digest != digest:
        return None
    if said.installation != roster.trust.installation:
        return None
    return signers(envelope, said, roster)


def unsigned(
    policy: str, signed: Signed | None, roster: Roster | None, *, consulted: bool
) -> RefusedError | None:
    """What is missing where settings demand a signed policy (``consulted``: the officer's
    signature too), with what to type; None where nothing is."""
    if roster is None:
        return RefusedError(
            "no roster is installed here, so nobody knows whose signature counts",
            hint="pbxretain key add trust.dsse.json, as the officer handed it over",
            code="NO_ROSTER",
        )
    if not roster.trust.of("controller"):
        return RefusedError(
            "settings demand a signed policy, and the roster knows no controller",
            hint="pbxretain dpo init BUNDLE --controller-key FILE on the officer's machine, then "
            "pbxretain key add trust.dsse.json",
            code="NO_CONTROLLER",
        )
    if signed is None:
        return RefusedError(
            f"policy {policy} isn't signed by the controller in the form in which it stands there",
            hint=f"pbxretain policy sign {policy} --key FILE --out {policy}.dsse.json, then "
            f"pbxretain report add {policy}.dsse.json",
            code="NOT_SIGNED",
            params={"policy": policy},
        )
    if consulted and not signed.officers:
        return RefusedError(
            f"the officer hasn't signed that they were consulted on policy {policy}",
            hint=f"pbxretain dpo consult {policy}.dsse.json --out {policy}-both.dsse.json on the "
            f"officer's machine, then pbxretain report add {policy}-both.dsse.json",
            code="NOT_CONSULTED",
            params={"policy": policy},
        )
    return None
