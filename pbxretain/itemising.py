"""How are the records of a plan written down one by one, whatever their number?"""

from __future__ import annotations

import hashlib
import secrets
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from heapq import merge
from itertools import chain
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from pbxretain import posix
from pbxretain.errors import RefusedError
from pbxretain.evidence.fields import instant
from pbxretain.plan import Item, Plan, Progress, Terms
from pbxretain.planfile import (
    ENTRY,
    MAGIC,
    Document,
    Head,
    Section,
    Tags,
    blocks,
    settings_digest,
    signed,
)
from pbxretain.records import Store
from pbxretain.signing import PrivateKey, canonical, key_id
from pbxretain.sources import Opened

_READ = 4096
_AT_ONCE = 1 << 17
"""Entries sorted in memory at a time."""


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
    for block in chain([first], blocks(body, 0)):
        digest.update(block)
        yield block
    yield key.sign(signed(digest.digest()))
