"""Which records exactly was a person shown, so that a run takes those and no others?

A plan file says in one readable line what is to go, by dataset and day, and under which documents;
behind it stands one keyed tag for each record, sorted, so that no order says anything; at the end
the installation's signature over all of it. Neither number, name nor path stands in it. The tags'
key is derived from the installation's own key and isn't in the file: who has only the file can't
even try out whether a record is in it. It is read in parts, whatever its size; ``itemising`` writes
it.
"""

from __future__ import annotations

import hashlib
import json
import mmap
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isqrt
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import Field, ValidationError

from pbxretain.errors import EvidenceError, RefusedError
from pbxretain.evidence.fields import (
    Count,
    Day,
    DocumentDigest,
    Hex,
    Instant,
    Model,
    Name,
    Uuid,
    Zone,
    instant,
    moment,
)
from pbxretain.plan import Plan, Terms
from pbxretain.records import Field as Value
from pbxretain.records import Itemised, Taken, pack
from pbxretain.signing import PrivateKey, key_id

MAGIC = b"pbxretain-plan/1\n"
KEY, REST, STATE = 12, 6, 6
"""Bytes of a tag: of the record's key, of its start event and call, of what else may change."""

IDENTITY = KEY + REST
ENTRY = IDENTITY + STATE
OLDEST = timedelta(days=7)
"""Age from which a plan is too old to be run, unless another is asked for."""

_SIGNATURE = 64
_LONGEST_HEAD = 64 << 20
_BLOCK = 1 << 20


class Section(Model):
    """The records of one dataset, counted by local day."""

    dataset: Name
    data_class: Name
    cutoff: Instant
    start: Name
    records: Count
    days: dict[Day, Count]


class Document(Model):
    """A document that the plan was made under."""

    name: Name
    digest: DocumentDigest


class Head(Model):
    """What a person reads of a plan file: the second line, canonical JSON."""

    schema_: int = Field(default=1, ge=1, le=1, alias="schema")
    plan: Uuid
    installation: Uuid
    source: Name
    made_at: Instant
    as_of: Instant
    timezone: Zone
    policy: Document
    connector: Document
    settings: Hex
    key: Hex
    salt: Hex
    confirmed: Count | None = None
    datasets: tuple[Section, ...]

    @property
    def records(self) -> int:
        return sum(section.records for section in self.datasets)

    @property
    def when(self) -> datetime:
        """The instant by which cut-offs are reckoned, aware UTC."""
        return moment(self.as_of)


# --- tags ---------------------------------------------------------------------------------------


class Tags:
    """Makes the entries of one dataset. ``repr`` shows no key."""

    def __init__(self, head: Head, key: PrivateKey, dataset: str) -> None:
        info = pack(
            b"pbxretain/plan-tags/1", head.installation.encode(), head.source.encode(),
            dataset.encode(),
        )  # fmt: skip
        salt = bytes.fromhex(head.salt)
        secret = HKDF(SHA256(), 32, salt, info).derive(key.private_bytes_raw())
        self._key = hashlib.blake2s(key=secret, digest_size=KEY, person=b"key")
        self._rest = hashlib.blake2s(key=secret, digest_size=REST, person=b"rest")
        self._state = hashlib.blake2s(key=secret, digest_size=STATE, person=b"state")

    def identity(self, taken: Taken) -> bytes:
        """Equal for records of equal identity; begins with the tag of the key alone."""
        return self._named(taken.key, taken.identity)

    def entry(self, record: Itemised) -> bytes:
        """The whole entry: identity and state."""
        identity, state = record.taken.identity, self._state.copy()
        state.update(identity)
        state.update(record.state)
        return self._named(record.taken.key, identity) + state.digest()

    def _named(self, fields: tuple[Value, ...], identity: bytes) -> bytes:
        key, rest = self._key.copy(), self._rest.copy()
        key.update(pack(*fields))
        rest.update(identity)
        return key.digest() + rest.digest()

    def __repr__(self) -> str:
        return "<tags>"


class Entries(Sequence[bytes]):
    """The sorted entries of one dataset, as they lie in the file."""

    def __init__(self, data: mmap.mmap | bytes, first: int, count: int) -> None:
        self._data = data
        self._first = first
        self._count = count
        self._reach = 8 * isqrt(count) + 8

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: int) -> bytes:  # type: ignore[override]
        at = self._first + place * ENTRY
        return self._data[at : at + ENTRY]

    def places(self, tag: bytes) -> range:
        """Where the entries stand that begin with this tag."""
        first = last = self._place(tag)
        while last < self._count and self[last].startswith(tag):
            last += 1
        return range(first, last)

    def _place(self, tag: bytes) -> int:
        # Tags are spread evenly: near the guess is nearly always right.
        guess = int.from_bytes(tag[:8], "big") * self._count >> 64
        low, high = max(0, guess - self._reach), min(self._count, guess + self._reach)
        if low and self[low - 1] >= tag:
            low = 0
        if high < self._count and self[high] < tag:
            high = self._count
        return bisect_left(self, tag, low, high)


def blocks(file: BinaryIO, at: int, end: int | None = None) -> Iterator[bytes]:
    """The bytes from ``at`` on, a part at a time."""
    file.seek(at)
    left = end - at if end is not None else None
    while block := file.read(_BLOCK if left is None else min(_BLOCK, left)):
        left = None if left is None else left - len(block)
        yield block


def counts(head: Head) -> Mapping[str, int]:
    """How many records are planned, by dataset."""
    return {section.dataset: section.records for section in head.datasets}


def signed(digest: bytes) -> bytes:
    """What the signature is over; no other signed thing begins so."""
    return b"pbxretain/plan-file/1\x00" + digest


def settings_digest(terms: Terms) -> str:
    """Of all that settings say of the source; secrets are no part of it, only their places."""
    known = terms.source.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


# --- reading ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class PlanFile:
    """A plan file that is as it was written. ``digest`` is the SHA-256 of all its bytes."""

    head: Head
    digest: str
    data: mmap.mmap | bytes
    firsts: Mapping[str, int]

    def entries(self, dataset: str) -> Entries:
        """The entries of a dataset; none where the plan doesn't name it."""
        count = counts(self.head).get(dataset, 0)
        return Entries(self.data, self.firsts.get(dataset, 0), count)

    def __repr__(self) -> str:
        return "<plan file>"


def read(path: Path, key: PrivateKey) -> PlanFile:
    """Reads and checks a plan file of this installation.

    Raises EvidenceError (PLAN_NOT_GENUINE) for a file of which a single byte changed,
    RefusedError (PLAN_OUTDATED) for one that was signed with another key, or can't be read.
    """
    try:
        with path.open("rb") as file:
            head, begin = _head(file)
            end = begin + head.records * ENTRY
            size = file.seek(0, 2)
            if head.key != key_id(key.public_key()):
                raise outdated("key")
            if size != end + _SIGNATURE:
                raise _not_genuine()
            digest = hashlib.sha256()
            for block in blocks(file, 0, end):
                digest.update(block)
            _verify(file, digest.digest(), key)
            file.seek(end)
            digest.update(file.read())
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError:
        raise _unreadable(path) from None
    firsts, at = {}, begin
    for section in head.datasets:
        firsts[section.dataset] = at
        at += section.records * ENTRY
    return PlanFile(head, digest.hexdigest(), data, firsts)


def peek(path: Path) -> Head:
    """What a file says of itself, before anybody checked it; for the source's name only."""
    try:
        with path.open("rb") as file:
            return _head(file)[0]
    except OSError:
        raise _unreadable(path) from None


def _unreadable(path: Path) -> RefusedError:
    return RefusedError(f"{path} can't be read", code="FILE_READ", params={"path": str(path)})


def _head(file: BinaryIO) -> tuple[Head, int]:
    if file.read(len(MAGIC)) != MAGIC:
        raise _not_genuine()
    line = file.readline(_LONGEST_HEAD)
    try:
        head = Head.model_validate_json(line)
    except (ValidationError, RecursionError):
        raise _not_genuine() from None
    return head, len(MAGIC) + len(line)


def _verify(file: BinaryIO, digest: bytes, key: PrivateKey) -> None:
    signature = file.read(_SIGNATURE)
    with suppress(InvalidSignature):
        key.public_key().verify(signature, signed(digest))
        return
    raise _not_genuine()


def _not_genuine() -> EvidenceError:
    return EvidenceError(
        "the plan file isn't as this installation wrote it, so nothing of it is run",
        hint="make a new one: pbxretain plan --out FILE",
        code="PLAN_NOT_GENUINE",
    )


def outdated(*what: str) -> RefusedError:
    """What was changed since: policy, connector, settings, key, clock, cut-off."""
    changed = ", ".join(what)
    return RefusedError(
        f"the plan file is out of date: since it was made, this changed: {changed}",
        hint="make a new one: pbxretain plan --out FILE",
        code="PLAN_OUTDATED",
        params={"changed": changed},
    )


def other_source(theirs: str, ours: str) -> RefusedError:
    """A plan of another source, or of another installation's source of that name."""
    return RefusedError(
        f"the plan file was made for source {theirs}, not for {ours} here",
        hint=f"pbxretain run {theirs} --plan FILE, on the machine that made it",
        code="PLAN_OTHER_SOURCE",
        params={"theirs": theirs, "ours": ours},
    )


def refuse_misfit(
    head: Head,
    terms: Terms,
    *,
    installation: str,
    key: PrivateKey,
    now: datetime,
    oldest: timedelta,
) -> None:
    """Raises RefusedError where a plan is another source's, too old, or of other documents."""
    if (head.installation, head.source) != (installation, terms.name):
        raise other_source(head.source, terms.name)
    age = now - moment(head.made_at)
    if age < -timedelta(days=1):
        raise outdated("clock")
    if age > oldest:
        raise RefusedError(
            f"the plan file is {age.days} days old, and {oldest.days} are allowed",
            hint="make a new one, or allow more: --plan-age DAYS",
            code="PLAN_TOO_OLD",
            params={"days": age.days, "allowed": oldest.days},
        )
    same: Iterable[tuple[str, bool]] = (
        ("key", head.key == key_id(key.public_key())),
        ("policy", head.policy.digest == terms.policy_digest),
        ("connector", head.connector.digest == terms.connector.digest),
        ("settings", head.settings == settings_digest(terms)),
    )
    changed = [name for name, equal in same if not equal]
    if changed:
        raise outdated(*changed)


def refuse_other_cutoffs(head: Head, decided: Plan) -> None:
    """Raises RefusedError where the same documents give another cut-off or start event now, as
    after an update of time zone data."""
    now = {i.dataset: i.selection for i in decided.items if i.selection is not None}
    for section in head.datasets:
        chosen = now.get(section.dataset)
        if chosen and (instant(chosen.cutoff), chosen.start) != (section.cutoff, section.start):
            raise outdated("cut-off")
