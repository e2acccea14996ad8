"""What has a batch of voicemail messages set aside, and how does each get home or go for good?

Files are set aside under their batch's name, in their own folder, so the disk alone is enough to
put them back or to remove them; what is kept in memory only says which record a file was of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Literal, Protocol, Self

from pbxretain.errors import StoreError
from pbxretain.records import BatchName, Bits, Bounds, Cursor, Finish, Session, Taken
from pbxretain.stores import files, mailbox
from pbxretain.stores.abreast import abreast
from pbxretain.stores.mailbox import Item, Place, Present

_ALSO = {b"_": "player-copies", b"i": "intros"}
_SYNC = 16
"""Making a folder durable waits for as long as so many other steps."""


class Spool(Protocol):
    """What a batch needs of the spool that it came out of."""

    def folder(self, place: Place) -> AbstractContextManager[files.Folder | None]:
        """An opened message folder; None when it is gone."""
        ...

    def put_back(self, folder: files.Folder, place: Place, name: BatchName) -> None:
        """Gives the messages of a batch their names again."""
        ...

    def refresh_lamps(self, touched: set[tuple[bytes, bytes]]) -> None:
        """Sets the lamps of mailboxes."""
        ...


class SpoolBatch:
    """Messages set aside under their batch's name (``records.Batch``); the journal commits it."""

    final: Literal["store", "journal"] = "journal"

    def __init__(self, store: Spool, name: BatchName) -> None:
        self.taken: list[Taken] = []
        self.cursor: Cursor | None = None
        self.exhausted = True
        self.bounds: Bounds = {}
        self.session: Session | None = None
        self.absent = 0
        self._skipped: Counter[str] = Counter()
        self._store = store
        self._name = name
        self._asides: list[tuple[Place, list[tuple[bytes, bytes]]]] = []
        self._touched: set[Place] = set()
        self._open = True

    @property
    def skipped(self) -> Mapping[str, int]:
        """Records left alone now, by code."""
        return dict(self._skipped)

    def __repr__(self) -> str:
        return f"<batch of {len(self.taken)}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._open:
            self.rollback()

    def skip(self, code: str, count: int = 1) -> None:
        """Counts records that are left alone."""
        self._skipped[code] += count

    def take(
        self,
        folder: files.Folder,
        item: Item,
        content: bytes,
        present: Present,
    ) -> None:
        """Sets one record aside, if it still is what was hashed. Only under the folder's lock.

        ``present`` is what the folder holds; it is kept current. Raises OSError where a file can't
        be renamed; then all of the record stands where it stood.
        """
        found = _found_again(folder, item, present)
        if found is None:
            self.absent += 1
            return
        if not found.whole or not _unchanged(found, item):
            self.skip("CHANGED" if found.whole else "NOT_A_FILE")
            return
        self._touched.add(item.place)
        asides: list[tuple[bytes, bytes]] = []
        for part in found.parts:
            try:
                asides.append((files.hide(folder, part.name, self._name), part.suffix))
            except FileExistsError:
                if asides:
                    raise
                # Numbers moved between two holds, and this one was taken in the first.
                self.skip("CHANGED")
                return
            except OSError:
                for (aside, _), moved in zip(asides, found.parts, strict=False):
                    files.put_back(folder, aside, moved.name)
                raise
        present.forget(part.name for part in found.parts)
        self._asides.append((item.place, asides))
        # Keyed by what was hashed: under the lock no sound is read again.
        self.taken.append(_taken(item, content, asides[0][0]))

    def commit(self) -> Bits | None:
        """Nothing to do here: the journal's line commits."""
        self._open = False
        return None

    def rollback(self) -> None:
        """Puts everything back. Raises StoreError when a folder stays locked or can't be written;
        what is still aside then is put back by the next run."""
        self._open = False
        failed: StoreError | None = None
        for place in sorted(self._touched):
            try:
                with self._store.folder(place) as folder, told():
                    if folder is not None:
                        self._store.put_back(folder, place, self._name)
            except StoreError as error:
                failed = error
        self._asides.clear()
        if failed:
            raise failed

    def sync(self) -> None:
        """Makes the renames durable; the intent may be written only after it."""

        def one(place: Place) -> None:
            with told(), self._store.folder(place) as folder:
                if folder is not None:
                    folder.sync()

        abreast(one, sorted(self._touched), steps=len(self._touched) * _SYNC)

    def finish(self) -> Finish:
        """Unlinks what was set aside, syncs, sets the lamps. May be called again."""
        kept: list[int] = []
        suffixes: list[bytes] = []
        mine: dict[Place, list[int]] = {place: [] for place in sorted(self._touched)}
        for index, (place, _) in enumerate(self._asides):
            mine[place].append(index)

        def one(place: Place) -> None:
            with told(), self._store.folder(place) as folder:
                if folder is not None:
                    for index in mine[place]:
                        suffixes.extend(self._drop(folder, index, kept))
                    folder.sync()

        abreast(one, list(mine), steps=len(self._asides) + len(mine) * _SYNC)
        self._store.refresh_lamps({(place.context, place.mailbox) for place in self._touched})
        also = Counter(name for end in suffixes if (name := _ALSO.get(end[:1])))
        return Finish(kept=sorted(kept), also=also, failed=len(kept))

    def _drop(self, folder: files.Folder, index: int, kept: list[int]) -> list[bytes]:
        """The ends of the names that went; text last: what can't be removed can then still be
        dated."""
        gone: list[bytes] = []
        try:
            for name, suffix in reversed(self._asides[index][1]):
                files.drop(folder, name)
                gone.append(suffix)
        except OSError:
            kept.append(index)
        return gone


@contextmanager
def told() -> Iterator[None]:
    """Replaces the system's own words, which hold paths. Raises StoreError for OSError."""
    try:
        yield
    except OSError:
        raise StoreError(
            "A voicemail folder can't be changed.", hint="run pbxretain check"
        ) from None


def dated(item: Item) -> datetime:
    """The start event of a record that is due, so has one."""
    if item.when is None:
        raise StoreError("An undated message was about to be taken.")
    return item.when


def _found_again(folder: files.Folder, item: Item, present: Present) -> Item | None:
    """The record as it lies there now, also under another number; None when it is gone."""
    anchor = item.parts[0]
    here = present.of_number(item.number)
    if item.kind == "message" and item.whole and mailbox.lies_as(folder, item, here):
        return item  # its text can't say anything else now: no lock waits for reading it
    moved = present.numbers(anchor.inode) if item.kind == "message" else ()
    for number in dict.fromkeys((item.number, *moved)):
        found = mailbox.read_stem(folder, item.place, number, present.of_number(number))
        if found is None:
            continue
        if item.kind == "leftover":
            return next((one for one in found.leftovers if one.parts[0].same(anchor)), None)
        if found.parts[0].inode == anchor.inode and _same_record(found, item):
            return found
    return None


def _same_record(found: Item, item: Item) -> bool:
    same_id = item.kind == "orphan" or found.message_id == item.message_id
    return found.kind == item.kind and found.start == item.start and same_id


def _unchanged(present: Item, item: Item) -> bool:
    return len(present.parts) == len(item.parts) and all(
        one.same(other) for one, other in zip(present.parts, item.parts, strict=True)
    )


def _taken(item: Item, content: bytes, locator: bytes) -> Taken:
    place = item.place
    return Taken(
        key=(place.context, place.mailbox, place.folder, item.message_id),
        start=item.start,
        when=dated(item),
        subjects=(item.caller, place.mailbox),
        digest=content,
        locator=locator,
    )
