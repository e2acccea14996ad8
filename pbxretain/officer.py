"""What does the data protection officer's machine keep, and whom does it trust?

The officer's home: one key file that one passphrase opens (authority, review and witness, escrow),
the roster that the authority signed, and what was witnessed last. Nothing here is trusted on first
use: a runner's key goes into the roster after somebody compared its fingerprint by another way.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from pydantic import ValidationError

from pbxretain import keyring, keys, posix
from pbxretain.errors import (
    DocumentError,
    EvidenceError,
    Exit,
    LockedError,
    RefusedError,
    TrustError,
    UnavailableError,
)
from pbxretain.evidence import notes
from pbxretain.evidence.attestations import Role, RosterKey, RosterSource, Trust
from pbxretain.evidence.fields import instant
from pbxretain.evidence.notes import Checkpoint
from pbxretain.evidence.statements import place, statement
from pbxretain.evidence.trust import Roster, key_text, read_roster
from pbxretain.keyring import Keyring
from pbxretain.keys import AnyPublic
from pbxretain.ledger import CHECKPOINT, LEDGER, read_ledger
from pbxretain.secret import Secret
from pbxretain.signing import PublicKey, key_id, seal
from pbxretain.verify import Verdict, verify_paths
from pbxretain.verify.reading import offered, read_bytes

OWN_ROLES: tuple[Role, ...] = ("authority", "dpo", "escrow")
"""What ``init`` makes: never held by whoever runs the telephone system."""

_ORIGIN = re.compile(
    r"pbxretain/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/([a-z0-9][a-z0-9_-]{0,62})"
)
_MAX_ROSTER = 8 * 1024 * 1024
_MAX_LEDGER = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Home:
    """The officer's folder and what lies where in it."""

    folder: Path

    @property
    def keys(self) -> Path:
        return self.folder / "dpo-keys.json"

    @property
    def roster_file(self) -> Path:
        return self.folder / "trust.dsse.json"

    @property
    def escrow_file(self) -> Path:
        """The public key to which runs seal; for the admin."""
        return self.folder / "escrow.pub.pem"

    @property
    def seen(self) -> Path:
        """One file for each ledger: the digests up to what was witnessed last."""
        return self.folder / "seen"

    @property
    def rotations(self) -> Path:
        """The key-events of all ledgers that were witnessed: whose key followed whose."""
        return self.folder / "rotations"

    def keep_rotations(self, bundle: Path) -> None:
        """Keeps the key-events of a bundle that was verified."""
        for path in sorted(bundle.glob("*-key-event.dsse.json")):
            data = _read(path, _MAX_ROSTER)
            name = f"{hashlib.sha256(data).hexdigest()[:16]}-key-event.dsse.json"
            if not _there(self.rotations / name):
                self.put(self.rotations / name, data)

    @property
    def has_keys(self) -> bool:
        return _there(self.keys)

    @property
    def is_set_up(self) -> bool:
        """Whether there are keys and a roster, as far as this user can tell."""
        try:
            return self.keys.exists() and self.roster_file.exists()
        except OSError:
            return False

    def make(self) -> None:
        """Makes the folder for its owner alone; RefusedError when others may look into it."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.seen.mkdir(mode=0o700, exist_ok=True)
            self.rotations.mkdir(mode=0o700, exist_ok=True)
            status = self.folder.stat()
        except OSError:
            raise UnavailableError(
                f"the officer's folder {self.folder} can't be made",
                code="DPO_HOME",
                params={"folder": str(self.folder)},
            ) from None
        if os.name == "posix" and status.st_mode & 0o077:
            raise RefusedError(
                f"others may look into the officer's folder {self.folder}",
                hint=f"chmod 700 {self.folder}",
                code="DPO_HOME_OPEN",
                params={"folder": str(self.folder)},
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the home for one command at a time; LockedError when another works in it."""
        self.make()
        with ExitStack() as stack:
            try:
                stack.enter_context(posix.lock_file(self.folder / "lock"))
                posix.sweep_temporary(self.folder)
                posix.sweep_temporary(self.seen)
            except LockedError:
                raise LockedError(
                    "another command works in the officer's folder",
                    hint="wait until it has ended",
                    code="DPO_LOCKED",
                ) from None
            except OSError:
                raise self._unwritable() from None
            yield

    def must_have_keys(self) -> None:
        """RefusedError before ``dpo init``, before anybody is asked for a passphrase."""
        if not self.has_keys:
            raise RefusedError(
                f"there are no keys of an officer in {self.folder}",
                hint="pbxretain dpo init",
                code="NO_OFFICER_KEYS",
                params={"folder": str(self.folder)},
            )

    def open(self, passphrase: Secret) -> Keyring:
        """The officer's private keys; RefusedError (PASSPHRASE) for a wrong passphrase."""
        self.must_have_keys()
        return keyring.open_container(self.keys, passphrase)

    def new_keys(self, passphrase: Secret, *, now: datetime) -> Keyring:
        """Makes authority, review and escrow key under one passphrase, and writes the escrow key's
        public half. Never over other keys (RefusedError)."""
        made = {role: keyring.generate(role) for role in OWN_ROLES}
        keyring.write_container(self.keys, made, passphrase, created=now)
        ring = self.open(passphrase)
        self.put(self.escrow_file, keys.public_pem(ring.key("escrow").public_key()))
        return ring

    def roster(self) -> Roster:
        """The roster, signed by the authority whose key lies here. RefusedError before ``dpo init``
        with a bundle; TrustError for a roster of another authority."""
        if not _there(self.roster_file):
            raise RefusedError(
                "no telephone system is entered here yet",
                hint="pbxretain dpo init BUNDLE",
                code="NO_SYSTEM",
            )
        roster = read_roster(_read(self.roster_file, _MAX_ROSTER))
        own = keyring.listed(self.keys) if self.has_keys else ()
        if own and not {each.id for each in own} & set(roster.authority):
            raise TrustError(
                "the roster in the officer's folder is signed by another authority",
                code="ROSTER_AUTHORITY",
            )
        return roster

    def put(self, path: Path, data: bytes) -> None:
        """Writes a file of the home, over an older one too; UnavailableError when the disk won't
        have it."""
        try:
            # Never read-only: Windows would not replace such a file.
            posix.write_synced(path, data, 0o600)
        except OSError:
            raise self._unwritable() from None

    def _unwritable(self) -> UnavailableError:
        return UnavailableError(
            f"can't write in the officer's folder {self.folder}",
            code="DPO_HOME",
            params={"folder": str(self.folder)},
        )

    def check(
        self, paths: Sequence[Path], *, now: datetime, seen: Sequence[Checkpoint] = ()
    ) -> Verdict:
        """What ``verify`` says of reports under this home's roster; ``seen``: checkpoints from
        which they must have grown."""
        self.roster()
        trust, known = (self.roster_file,), (self.rotations,)
        return verify_paths(paths, trust=trust, own_public=None, now=now, seen=seen, known=known)


# --- what a bundle says of itself -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose ledger a bundle claims to hold, and which key it claims for it. Nobody vouches for
    that until the fingerprint of ``key`` was compared."""

    installation: str
    source: str
    note: Checkpoint
    key: PublicKey
    """The key that signed the checkpoint: the runner's of today."""

    first: PublicKey
    """The key with which the ledger began."""

    @property
    def keyid(self) -> str:
        return key_id(self.key)


def origin_of(note: Checkpoint) -> tuple[str, str]:
    """Installation and source out of a checkpoint's first line; EvidenceError (CHECKPOINT)."""
    found = _ORIGIN.fullmatch(note.origin)
    if found is None:
        raise EvidenceError("The checkpoint is of no ledger of pbxretain's.", code="CHECKPOINT")
    return found[1], found[2]


def digests(folder: Path) -> tuple[str, ...]:
    """The statement digests of a bundle's ledger, in order; EvidenceError for a broken one."""
    path = folder / LEDGER
    if not _there(path):
        return ()
    return tuple(entry.digest for entry in read_ledger(_read(path, _MAX_LEDGER))[0])


def checkpoint(folder: Path) -> Checkpoint:
    """A bundle's checkpoint, which must be of its own ledger; EvidenceError (CHECKPOINT)."""
    path = folder / CHECKPOINT
    if not _there(path):
        raise EvidenceError(
            "The bundle holds no checkpoint.",
            hint="ask for it again, as pbxretain report bundle makes it",
            code="CHECKPOINT",
        )
    note, known = notes.parse(_read(path, notes.MAX_NOTE + 1)), digests(folder)
    if note.size > len(known) or note.root != notes.ledger_root(known[: note.size]):
        raise EvidenceError("The checkpoint isn't of the ledger beside it.", code="CHECKPOINT")
    return note


def claim(folder: Path) -> Claim:
    """What a bundle claims; EvidenceError when it can't even say that."""
    note = checkpoint(folder)
    installation, source = origin_of(note)
    signers = [key for key in offered(folder).values() if notes.signed(note, key)]
    if not signers:
        raise EvidenceError("No key in the bundle has signed its checkpoint.", code="CHECKPOINT")
    return Claim(installation, source, note, key=signers[0], first=signers[0])


def named(told: Claim, folder: Path, given: str | None) -> Claim:
    """The claim by the key whose fingerprint was read out, where that is not today's: a key that
    was followed by others vouches for them, and ``confirmed`` asks whether it does. A ledger
    without entries names no successor: there only the key that signed its checkpoint counts."""
    if told.note.size == 0:
        return told
    plain = re.sub("[^0-9a-f]", "", (given or "").lower())
    same = [key for keyid, key in offered(folder).items() if plain and keyid.startswith(plain)]
    return replace(told, key=same[0]) if len(same) == 1 else told


def confirmed(told: Claim, folder: Path, *, now: datetime) -> tuple[Claim, Verdict | None]:
    """The claim with the ledger's first key, and what ``verify`` says of the bundle under the key
    whose fingerprint was compared; None for a source that has no report yet.

    EvidenceError when a statement is of another installation or source than the checkpoint.
    """
    if told.note.size == 0:
        return told, None
    with tempfile.TemporaryDirectory(prefix="pbxretain-") as made:
        pem = Path(made) / "key.pem"
        pem.write_bytes(keys.public_pem(told.key))
        verdict = verify_paths([folder], trust=(pem,), own_public=None, now=now)
    if verdict.exit in (Exit.FORGED, Exit.UNTRUSTED):
        return told, verdict
    first: str | None = None
    for report in verdict.reports:
        predicate, where = report.statement.predicate, place(report.statement.predicate)
        if where is None:
            continue
        if (predicate.installation, getattr(predicate, "source", "")) != (
            told.installation,
            told.source,
        ):
            raise EvidenceError("The bundle mixes the ledgers of two sources.", code="CHECKPOINT")
        first = report.signer if where.seq == 0 else first
    known = offered(folder)
    return replace(told, first=known.get(first or "", told.key)), verdict


# --- the roster -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """What ``dpo init`` is to enter: a source that was confirmed, its schedule, who is
    responsible, and the public key of an observer where there is one."""

    claim: Claim
    interval_h: int | None
    grace_h: int | None
    witness_h: int | None
    controller: str
    observer: PublicKey | None = None
    controller_key: PublicKey | None = None
    """Of whoever decides on policies."""

    def people(self) -> Iterator[tuple[Role, PublicKey]]:
        """Further keys by role."""
        if self.observer:
            yield "observer", self.observer
        if self.controller_key:
            yield "controller", self.controller_key


_DEFAULT = RosterSource(source="x", origin="", interval_h=24, grace_h=24)


def next_roster(home: Home, ring: Keyring, wanted: Wanted, *, now: datetime) -> Roster | None:
    """Writes the roster's next version with this source in it; None when it says all that already.

    RefusedError: ROSTER when the source stands there under another key or the roster is of another
    installation.
    """
    old = home.roster() if _there(home.roster_file) else None
    trust = _first(ring, wanted, now=now) if old is None else old.trust
    _fits(trust, wanted.claim)
    changed = _with_source(_with_keys(trust, wanted, now=now), wanted)
    if old is not None:
        if changed == trust:
            return None
        following = {
            "version": old.trust.version + 1,
            "previous": old.digest,
            "id": str(uuid4()),
            "at": instant(now),
        }
        changed = changed.model_copy(update=following)
    sealed = seal(statement(_checked(changed)), ring.signer("authority"))
    roster = read_roster(sealed, after=old)
    home.put(home.folder / f"trust-{roster.trust.version:06d}.dsse.json", sealed)
    home.put(home.roster_file, sealed)
    return roster


def _checked(trust: Trust) -> Trust:
    return Trust.model_validate_json(trust.model_dump_json(by_alias=True))


def _first(ring: Keyring, wanted: Wanted, *, now: datetime) -> Trust:
    if not wanted.controller:
        raise DocumentError(
            "the roster has to say who is responsible",
            hint="--controller NAME",
            code="ROSTER_CONTROLLER",
        )
    own = [roster_key(role, ring.key(role).public_key(), now=now) for role in OWN_ROLES]
    try:
        return Trust(
            id=str(uuid4()),
            installation=wanted.claim.installation,
            at=instant(now),
            version=1,
            controller=wanted.controller,
            keys=tuple(own),
            sources=(),
        )
    except ValidationError:
        raise DocumentError(
            "the name of the controller is one line of at most 1000 characters",
            code="CONTROLLER_NAME",
        ) from None


def roster_key(
    role: Role, public: AnyPublic, *, now: datetime, source: str | None = None
) -> RosterKey:
    """A key as the roster writes it, valid from now on."""
    return RosterKey(
        id=key_id(public),
        role=role,
        algorithm="x25519" if role == "escrow" else "ed25519",
        public=key_text(public),
        source=source,
        valid_from=instant(now),
    )


def _fits(trust: Trust, told: Claim) -> None:
    if trust.installation != told.installation:
        raise RefusedError(
            "the roster here is of another installation; each has an officer's folder of its own",
            hint="--home FOLDER",
            code="OTHER_ROSTER",
        )
    pinned = [key.id for key in trust.of("runner") if key.source == told.source]
    if pinned and key_id(told.first) not in pinned:
        raise RefusedError(
            f"source {told.source} is known here under another key",
            hint="ask why its ledger begins anew before you trust it",
            code="OTHER_FIRST_KEY",
            params={"source": told.source},
        )


def _with_keys(trust: Trust, wanted: Wanted, *, now: datetime) -> Trust:
    told, entries = wanted.claim, list(trust.keys)
    if not any(key.source == told.source for key in trust.of("runner")):
        entries.append(roster_key("runner", told.first, now=now, source=told.source))
    for role, public in wanted.people():
        known = {key.id: key.role for key in entries}
        # Nobody vouches for his own work: a key that has a role never gets another.
        if known.get(key_id(public), role) != role:
            raise RefusedError(
                f"the key of the {role} has another role in the roster",
                hint="make one of its own: pbxretain key new --role ROLE --out FILE",
                code="ROSTER_ROLE",
                params={"role": role},
            )
        if key_id(public) not in known:
            entries.append(roster_key(role, public, now=now))
    update: dict[str, object] = {"keys": tuple(entries)}
    if wanted.controller:
        update["controller"] = wanted.controller
    return trust.model_copy(update=update)


def _with_source(trust: Trust, wanted: Wanted) -> Trust:
    told, known = wanted.claim, trust.source(wanted.claim.source)
    before = known or _DEFAULT
    entry = RosterSource(
        source=told.source,
        origin=told.note.origin,
        interval_h=wanted.interval_h or before.interval_h,
        grace_h=wanted.grace_h or before.grace_h,
        witness_h=wanted.witness_h or before.witness_h,
    )
    others = [source for source in trust.sources if source.source != told.source]
    ordered = [entry if s.source == told.source else s for s in trust.sources]
    return trust.model_copy(update={"sources": tuple(ordered if known else [*others, entry])})


# --- small pieces ---------------------------------------------------------------------------------


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        raise UnavailableError(f"this user can't look into {path.parent}") from None


def _read(path: Path, limit: int) -> bytes:
    """At most ``limit`` bytes of a regular file; UnavailableError for anything else."""
    data = read_bytes(path, limit + 1)
    if data is None or len(data) > limit:
        raise UnavailableError(f"{path.name} can't be read")
    return data
