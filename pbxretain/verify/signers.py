"""Whose signature does each statement need, and has it got it?

What stands in a ledger is signed by the key that counts at its number; what comes from the
officer's side, by a key to which the roster gives that role. A key is never taken for another
role, and a key that lies beside a report is never trusted: it only tells a sound signature of a
stranger from a forged one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pbxretain.errors import EvidenceError, TrustError
from pbxretain.evidence.attestations import (
    ApprovedPolicy,
    EvidenceAccess,
    EvidenceShred,
    KeyEvent,
    Observation,
    Review,
    Role,
    Trust,
)
from pbxretain.evidence.fields import moment
from pbxretain.evidence.statements import Plan, Predicate, made_at
from pbxretain.evidence.trust import Epochs, Roster, Span, read_roster
from pbxretain.keys import load_public, public_keys
from pbxretain.signing import (
    PublicKey,
    fingerprint,
    key_id,
    signed_by,
    verify_envelope,
)
from pbxretain.verify.findings import Find, Finding, Report, Unread, found
from pbxretain.verify.reading import is_there, offered, read_bytes

Source = tuple[str, str]
"""Installation and source."""

MAY_SIGN: Mapping[type[Predicate], tuple[Role, ...]] = {
    Trust: ("authority",),
    KeyEvent: ("authority",),  # revoke and recover; a rotation stands in the ledger
    ApprovedPolicy: ("controller", "dpo"),
    Review: ("dpo",),
    Observation: ("observer", "dpo"),
    EvidenceAccess: ("dpo",),
    EvidenceShred: ("dpo",),
}
"""Whose keys may sign what stands beside the ledger; a policy needs its controller's."""

_MAX_TRUST = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Anchors:
    """What the reader trusts: keys by name, or a roster. ``own`` is this machine's own key, which
    nobody else has confirmed."""

    keys: Mapping[str, PublicKey] = field(default_factory=dict)
    roster: Roster | None = None
    own: bool = False

    @classmethod
    def load(cls, files: Sequence[Path], *, own_public: Path | None) -> Anchors:
        """Reads PEM files and at most one roster; without any, ``own_public`` where it exists.

        Raises DocumentError, UnavailableError or EvidenceError for these files only.
        """
        keys: dict[str, PublicKey] = {}
        roster: Roster | None = None
        for path in files:
            data = read_bytes(path, _MAX_TRUST)
            if data is not None and _is_roster(data):
                roster = read_roster(data)
            else:
                keys |= load_public(path) if data is None else public_keys(data)
        if files:
            return cls(keys, roster)
        if own_public is not None and is_there(own_public):
            return cls(load_public(own_public), None, own=True)
        return cls()

    def of(self, role: Role) -> dict[str, PublicKey]:
        """The keys of a role, as the roster gives it."""
        return self.roster.keys(role) if self.roster else {}


def is_roster(path: Path) -> bool:
    """Whether a file that somebody trusts is taken for a roster, not for public keys."""
    data = read_bytes(path, _MAX_TRUST)
    return data is not None and _is_roster(data)


def _is_roster(data: bytes) -> bool:
    return data.lstrip()[:1] == b"{"


class Signers:
    """Says who signed each statement; learns from the statements themselves which key followed
    which."""

    def __init__(self, anchors: Anchors, find: Find) -> None:
        self._anchors = anchors
        self._find = find
        self._spans: dict[Source, list[Span]] = {}
        self._former: dict[Source, list[Span]] = {}
        """As if the authority had ended no key."""
        self.disowned: list[tuple[Report, Finding]] = []
        """Statements under keys that the authority has ended; how serious each is, the rest of its
        ledger says."""
        self._offered: dict[Path, dict[str, PublicKey]] = {}

    def learn(self, reports: Iterable[Report]) -> None:
        """Takes the rotations, revocations and recoveries out of all that was read."""
        epochs: dict[Source, Epochs] = {}
        events = [r for r in reports if isinstance(r.statement.predicate, KeyEvent)]
        for report in reports:
            if (name := _source(report.statement.predicate)) is not None:
                epochs.setdefault(name, self._epochs(name))
        for report in events:
            event = report.statement.predicate
            assert isinstance(event, KeyEvent)  # noqa: S101  (chosen above)
            known = epochs[event.installation, event.source]
            if event.ledger is not None:
                known.rotate(event, report.envelope)
            elif signed_by(report.envelope, self._anchors.of("authority")) is not None:
                known.end(event)
        self._spans = {name: known.spans() for name, known in epochs.items()}
        self._former = {name: known.spans(ended=False) for name, known in epochs.items()}

    def _epochs(self, name: Source) -> Epochs:
        roster = self._anchors.roster
        if roster is None or roster.trust.installation != name[0]:
            return Epochs(self._anchors.keys, forward=False)
        return Epochs({**self._anchors.keys, **roster.runners(name[1])}, forward=True)

    def counts(self, name: Source, seq: int) -> dict[str, PublicKey]:
        """The runner's keys that count at a number of a source's ledger."""
        return {s.keyid: s.key for s in self._spans.get(name, ()) if s.holds(seq)}

    def ended(self, name: Source, seq: int) -> dict[str, PublicKey]:
        """The keys that would count there if the authority had not ended them."""
        counting = self.counts(name, seq)
        former = {s.keyid: s.key for s in self._former.get(name, ()) if s.holds(seq)}
        return {keyid: key for keyid, key in former.items() if keyid not in counting}

    def counting(self, report: Report) -> dict[str, PublicKey]:
        """The runner's keys that count where this statement stands."""
        name, where = _source(report.statement.predicate), report.place
        return self.counts(name, where.seq) if name and where else {}

    def signer(self, report: Report) -> str | None:
        """The id of the trusted key that signed, None when there is none (a finding then).

        Raises EvidenceError for a signature that is not genuine.
        """
        predicate, where = report.statement.predicate, report.place
        name = _source(predicate)
        if where is not None and name is not None:
            return self._runner(report, name, self.counts(name, where.seq))
        if isinstance(predicate, Plan) and name is not None:
            counting = {span.keyid: span.key for span in self._spans.get(name, ())}
            return self._runner(report, name, counting)
        return self._beside(report)

    def _any(self, name: Source) -> dict[str, PublicKey]:
        spans = [*self._former.get(name, ()), *self._spans.get(name, ())]
        return {span.keyid: span.key for span in spans}

    def _runner(
        self, report: Report, name: Source, counting: Mapping[str, PublicKey]
    ) -> str | None:
        try:
            return verify_envelope(report.envelope, counting)
        except TrustError:
            pass
        former = signed_by(report.envelope, self._any(name))
        if former is None:
            self._stranger(report)
            return None
        told = {"file": report.path.name, "fingerprint": fingerprint(former)}
        seq = report.place.seq if report.place else 0
        if former in self.ended(name, seq):
            self.disowned.append((report, found("REVOKED_KEY", **told)))
        else:
            self._find(found("RETIRED_KEY", **told))
        return None

    def unread(self, unread: Unread) -> Finding:
        """What is wrong with an envelope whose content couldn't be read: it was changed, or was
        signed as it is."""
        keys = {**self._beside_it(unread.path), **self._everyone()}
        envelope = unread.envelope
        named = any(signature.keyid in keys for signature in envelope.signatures)
        changed = named and signed_by(envelope, keys) is None
        return found("BAD_SIGNATURE" if changed else unread.code, file=unread.path.name)

    def _beside_it(self, path: Path) -> dict[str, PublicKey]:
        if path.parent not in self._offered:
            self._offered[path.parent] = offered(path.parent)
        return self._offered[path.parent]

    def _stranger(self, report: Report) -> None:
        path, envelope = report.path, report.envelope
        beside = self._beside_it(path)
        signer = signed_by(envelope, beside)
        if signer is not None:
            print_ = fingerprint(signer)
            self._find(found("UNTRUSTED_KEY", file=path.name, fingerprint=print_, key=signer))
        elif any(signature.keyid in beside for signature in envelope.signatures):
            raise EvidenceError("The signature is not genuine.", code="BAD_SIGNATURE")
        else:
            self._find(found("UNKNOWN_KEY", file=path.name))

    def _beside(self, report: Report) -> str | None:
        """A statement of the officer's side: only a roster says who may sign it."""
        roles = MAY_SIGN[type(report.statement.predicate)]
        by_role = {role: self._anchors.of(role) for role in roles}
        wanted = {keyid: key for keys in by_role.values() for keyid, key in keys.items()}
        at = moment(made_at(report.statement.predicate))
        if self._anchors.roster and isinstance(report.statement.predicate, ApprovedPolicy):
            valid_ = (self._anchors.roster.valid(role, at) for role in roles)
            controller, officer = (signed_by(report.envelope, keys) for keys in valid_)
            if controller or officer:
                return self._policy(report, controller, officer)
        if self._anchors.roster is None:
            signer = signed_by(report.envelope, self._anchors.keys)
            if signer is None:
                self._find(found("OTHER_SIGNERS", file=report.path.name))
                return None
            return self._other_role(report, signer)
        try:
            signer = verify_envelope(report.envelope, wanted)
        except TrustError:
            return self._other_role(report, signed_by(report.envelope, self._everyone()))
        valid = {k for role in roles for k in self._anchors.roster.valid(role, at)}
        if signer in valid and not isinstance(report.statement.predicate, ApprovedPolicy):
            return signer
        self._find(found("RETIRED_KEY", file=report.path.name, fingerprint=fingerprint(signer)))
        return None

    def _policy(self, report: Report, controller: str | None, officer: str | None) -> str | None:
        """The controller decides; the officer, who was only consulted, doesn't."""
        if controller is None:
            self._find(found("UNDECIDED_POLICY", file=report.path.name))
        elif officer is None:
            self._find(found("NOT_CONSULTED", file=report.path.name))
        return controller

    def _other_role(self, report: Report, signer: str | None) -> str | None:
        """Signed by a key that is known for something else: nobody vouches for his own work."""
        if signer is None:  # such as a former officer's: it counts for nothing, and harms nothing
            self._find(found("OTHER_SIGNERS", file=report.path.name))
            return None
        runs = {span.keyid for spans in self._spans.values() for span in spans}
        if self._anchors.roster is not None or signer in runs:
            self._find(found("WRONG_ROLE", file=report.path.name, fingerprint=fingerprint(signer)))
            return None
        return signer

    def _everyone(self) -> dict[str, PublicKey]:
        keys = dict(self._anchors.keys)
        for spans in self._spans.values():
            keys |= {key_id(span.key): span.key for span in spans}
        roster = self._anchors.roster
        roles: tuple[Role, ...] = ("authority", "runner", "dpo", "observer", "controller", "admin")
        for role in roles if roster else ():
            keys |= self._anchors.of(role)
        return keys


def _source(predicate: Predicate) -> Source | None:
    source = getattr(predicate, "source", None)
    return (predicate.installation, source) if isinstance(source, str) else None
