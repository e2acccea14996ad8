"""Which records exactly was a person shown, so that a run takes those and no others?

A plan file says in one readable line what is to go, by dataset and day, and under which documents;
behind it stands one keyed tag for each record, sorted, so that no order says anything; at the end
the installation's signature over all of it. Neither number, name nor path stands in it. The tags'
key is derived from the installation's own key and isn't in the file: who has only the file can't
even try out whether a record is in it. What is read and written goes in parts, whatever the size.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import secrets
import tempfile
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from heapq import merge
from itertools import chain
from math import isqrt
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import Field, ValidationError

from pbxretain import posix
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
from pbxretain.plan import Item, Plan, Progress, Terms
from pbxretain.records import Field as Value
from pbxretain.records import Itemised, Store, Taken, pack
from pbxretain.signing import PrivateKey, canonical, key_id
from pbxretain.sources import Opened

MAGIC = b"pbxretain-plan/1\n"
KEY, REST, STATE = 12, 6, 6
"""Bytes of a tag: of the record's key, of its start event and call, of what else may change."""

IDENTITY = KEY + REST
ENTRY = IDENTITY + STATE
OLDEST = timedelta(days=7)
"""Age from which a plan is too old to be run, unless another is asked for."""

_SIGNATURE = 64
_LONGEST_HEAD = 64 << 20
_AT_ONCE = 1 << 17
"""Entries sorted in memory at a time."""

_READ = 4096
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


class _Sorted:
    """Entries that come in any order and go out sorted, a part of them in memory at a time."""

    def __init__(self, spill: BinaryIO) -> None:
        self._spill = spill
        self._held: list[bytes] = []
        self._parts: list[tuple[int, int]] = []

    def add(self, entry: bytes) -> None:
        self._held.append(entry)
        if len(self._held) == _AT_ONCE:
            self._put()

    def _put(self) -> None:
        self._held.sort()
        first = self._spill.seek(0, 2)
        self._spill.write(b"".join(self._held))
        self._parts.append((first, self._spill.tell()))
        self._held = []

    def __iter__(self) -> Iterator[bytes]:
        self._held.sort()
        return merge(self._held, *(self._part(*part) for part in self._parts))

    def _part(self, at: int, end: int) -> Iterator[bytes]:
        while at < end:
            self._spill.seek(at)
            data = self._spill.read(min(_READ * ENTRY, end - at))
            at += len(data)
            yield from (data[i : i + ENTRY] for i in range(0, len(data), ENTRY))


# --- writing ------------------------------------------------------------------------------------


def itemised(item: Item) -> bool:
    """Whether a dataset's records belong into a plan file."""
    return item.selection is not None and not item.refusal and not item.reads_only


def write(
    path: Path,
    *,
    terms: Terms,
    decided: Plan,
    opened: Opened,
    installation: str,
    key: PrivateKey,
    now: datetime,
    confirmed: int | None,
    progress: Progress,
) -> Head:
    """Itemises a plan into a new file, mode 0600; never over another.

    Raises RefusedError where one is there or can't be written, StoreError and UnavailableError of
    the stores.
    """
    head = Head(
        plan=str(uuid4()),
        installation=installation,
        source=terms.name,
        made_at=instant(now),
        as_of=instant(decided.as_of),
        timezone=str(terms.zone),
        policy=Document(name=terms.policy.policy, digest=terms.policy_digest),
        connector=Document(name=terms.connector.name, digest=terms.connector.digest),
        settings=settings_digest(terms),
        key=key_id(key.public_key()),
        salt=secrets.token_hex(32),
        confirmed=confirmed,
        datasets=(),
    )
    strands = {strand.dataset: strand for strand in terms.strands(opened)}
    try:
        with tempfile.TemporaryFile(dir=path.parent) as body:
            sections = [
                _section(
                    head,
                    item,
                    body,
                    store=strands[item.dataset],
                    key=key,
                    progress=progress,
                    terms=terms,
                    folder=path.parent,
                )
                for item in decided.items
                if itemised(item) and item.dataset in strands
            ]
            head = head.model_copy(update={"datasets": tuple(sections)})
            posix.write_synced(path, _whole(head, body, key), 0o600, replace=False)
    except FileExistsError:
        raise RefusedError(
            f"{path} is there already, and nothing is written over", code="FILE_EXISTS",
            params={"path": str(path)},
        ) from None  # fmt: skip
    except OSError:
        raise RefusedError(
            f"{path} can't be written", code="FILE_WRITE", params={"path": str(path)}
        ) from None
    return head


def _section(
    head: Head,
    item: Item,
    body: BinaryIO,
    *,
    store: Store,
    key: PrivateKey,
    progress: Progress,
    terms: Terms,
    folder: Path,
) -> Section:
    selection = item.selection
    assert selection is not None  # noqa: S101  (asked before)
    tags, days = Tags(head, key, item.dataset), Counter[date]()
    with tempfile.TemporaryFile(dir=folder) as spill:
        entries = _Sorted(spill)
        for count, record in enumerate(store.itemise(selection)):
            if record.stays:
                continue
            days[record.taken.when.astimezone(terms.zone).date()] += 1
            entries.add(tags.entry(record))
            if not count % _READ:
                progress("itemise", item.dataset, count, item.due)
        body.seek(0, 2)
        for entry in entries:
            body.write(entry)
    return Section(
        dataset=item.dataset,
        data_class=item.data_class,
        cutoff=instant(selection.cutoff),
        start=selection.start,
        records=days.total(),
        days={day.isoformat(): count for day, count in sorted(days.items())},
    )


def _whole(head: Head, body: BinaryIO, key: PrivateKey) -> Iterator[bytes]:
    first = MAGIC + canonical(head.model_dump(mode="json", by_alias=True)) + b"\n"
    digest = hashlib.sha256()
    for block in chain([first], _blocks(body, 0)):
        digest.update(block)
        yield block
    yield key.sign(_signed(digest.digest()))


def _blocks(file: BinaryIO, at: int, end: int | None = None) -> Iterator[bytes]:
    file.seek(at)
    left = end - at if end is not None else None
    while block := file.read(_BLOCK if left is None else min(_BLOCK, left)):
        left = None if left is None else left - len(block)
        yield block


def counts(head: Head) -> Mapping[str, int]:
    """How many records are planned, by dataset."""
    return {section.dataset: section.records for section in head.datasets}


def _signed(digest: bytes) -> bytes:
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
            for block in _blocks(file, 0, end):
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
        key.public_key().verify(signature, _signed(digest))
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
