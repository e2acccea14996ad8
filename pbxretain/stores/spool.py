"""How does an expired voicemail message leave Asterisk's spool while people phone?

Content is hashed without a lock. Then, folder by folder, Asterisk's own lock is held for
milliseconds: nobody in the mailbox, the very same files as before, all of them renamed. Seal and
unlink go without the lock. Greetings, ``tmp/``, PINs and whatever isn't a message stay as they are.
"""

from __future__ import annotations

import errno
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path

from pbxretain.errors import RootError, StoreError
from pbxretain.manifest import SpoolDataset
from pbxretain.records import (
    FUTURE,
    Advice,
    BatchName,
    Bits,
    Census,
    Cursor,
    Facets,
    Field,
    Found,
    Intent,
    Itemised,
    Marked,
    Record,
    Selection,
    Sought,
    Taken,
    Ties,
    pack,
)
from pbxretain.stores import (
    files,
    mailbox,
    spool_advice,
    spool_order,
    spool_survey,
)
from pbxretain.stores.ami import AmiSettings
from pbxretain.stores.asterisk import AsteriskFacts, Presence
from pbxretain.stores.folder_advice import left_alone
from pbxretain.stores.folderlock import (
    lock_age,
    probe,
)
from pbxretain.stores.mailbox import Item, Place
from pbxretain.stores.spool_batch import SpoolBatch, dated, told
from pbxretain.stores.spool_mending import Mender
from pbxretain.stores.spool_order import Due, Position, at, of_one_sort, with_twins
from pbxretain.stores.spool_taking import HOLD_MESSAGES, Queue, Taking
from pbxretain.stores.told import Told, sorted_out

_STALE = 60.0
_NUMBERS = (b"origmailbox", b"callerid", b"exten", b"rdnis")
_SAYS = (*_NUMBERS, b"callerchan")
"""Keys of a message's text file that may name somebody, and those that hold a number alone."""

_HEALED_AT_LOGIN = (b"INBOX", b"Urgent", b"Old")


def open_spool(
    *,
    name: str,
    dataset: SpoolDataset,
    root: Path,
    zone: tzinfo,
    asterisk: AsteriskFacts,
    ami: AmiSettings | None,
    installation: str,
) -> SpoolStore:
    """Opens a voicemail spool; changes nothing.

    Raises RootError for a root that is missing, unmounted, empty or no spool. ``zone`` isn't
    needed: a message carries its epoch.
    """
    del zone
    opened = files.check_root(root, folders_suffice=True)
    if not mailbox.has_contexts(opened):
        raise RootError(
            "The voicemail spool holds no mailboxes, as if its disk weren't mounted.",
            hint=f"check {root}",
        )
    spool_survey.refuse_other_folder(opened, name=dataset.root)
    return SpoolStore(
        name=name,
        dataset=dataset,
        root=opened,
        facts=asterisk,
        ami=ami,
        installation=installation,
    )


class SpoolStore:
    """An opened spool (``records.Store``). The state on disk is all there is: nothing is cached."""

    encoding = "asterisk-spool/1"

    def __init__(
        self,
        *,
        name: str,
        dataset: SpoolDataset,
        root: files.Root,
        facts: AsteriskFacts,
        ami: AmiSettings | None,
        installation: str,
    ) -> None:
        self.dataset = name
        self.data_class = dataset.data
        self.facts = facts
        self.root = root
        self.presence = Presence(ami)
        self._facets = dataset.facets
        self._installation = installation
        self._mender = Mender(
            root=root,
            folder=self.folder,
            facts=facts,
            presence=self.presence,
            installation=installation,
        )
        self._lamps_failed = 0
        self._locks_work = False

    def __repr__(self) -> str:
        return f"<spool {self.dataset}>"

    def check(self) -> Sequence[Advice]:
        """What stands in the way of deleting here, each with the way out."""
        shut = stale = seen = 0
        for place in mailbox.places(self.root):
            with self.folder(place) as folder:
                if folder is not None:
                    seen += 1
                    shut += not folder.writable()
                    stale += self._locked_long(folder)
        root = Path(os.fsdecode(self.root.path))
        return [
            *spool_advice.on_asterisk(self.facts, self.presence),
            *spool_advice.on_folders(shut, seen, stale, root),
            *left_alone(self.dataset, spool_survey.strangers(self.root)),
        ]

    def clock(self) -> datetime | None:
        """None: the spool has the host's clock."""
        return None

    def straddlers(self, selection: Selection) -> frozenset[bytes]:
        """None: a message belongs to no call."""
        del selection
        return frozenset()

    def census(self, selection: Selection) -> Census:
        """Counts every record of every folder afresh; takes no lock, writes nothing."""
        found: Counter[str] = Counter()
        findings = spool_survey.strangers(self.root)
        dates: list[datetime] = []
        marked = Marked(selection)
        for place in mailbox.places(self.root):
            with self.folder(place) as folder:
                if folder is None:
                    continue
                contents = mailbox.read_folder(folder, place, installation=self._installation)
                findings.update(contents.findings)
                found["aside"] += contents.aside
                findings["GAP_AT_LIMIT"] += self._full(place, contents)
                findings["FOREIGN_LOCK"] += (
                    lock_age(folder, self._installation, time.time()) > _STALE
                )
                mine = spool_order.of_place(place, selection, self._facets)
                cutoff = (mine or selection).cutoff
                for item in mailbox.records(contents, cutoff):
                    found["total"] += 1
                    marked.see(item.when)
                    if mine is None:
                        continue
                    found.update(_kinds(folder, item, mine))
                    if item.when is not None and spool_order.untold(selection, mine, item.when):
                        findings["FACET_UNTOLD"] += 1
                    if item.when is not None:
                        dates = [min([*dates[:1], item.when]), max([*dates[1:], item.when])]
        findings["LAMP_NOT_REFRESHED"] += self._lamps_failed
        return Census(
            before=found["before"],
            due=found["before"] - found["held"] - found["minimum"],
            undated=found["undated"],
            future=found["future"],
            held=found["held"],
            minimum=found["minimum"],
            total=found["total"],
            # What a run of ours couldn't put back yet are records that no count sees.
            older=() if found["aside"] else marked.older,
            oldest=dates[0] if dates else None,
            newest=dates[-1] if dates else None,
            findings={code: count for code, count in sorted(findings.items()) if count},
        )

    def scan(self, selection: Selection) -> Iterator[Record]:
        """Every due record, oldest first."""
        due: list[tuple[datetime, bytes, Record]] = []
        for place in mailbox.places(self.root):
            with self.folder(place) as folder:
                for identity, item in self._due(folder, place, selection) if folder else ():
                    where = b" ".join((place.mailbox + b"@" + place.context, place.folder))
                    label = os.fsdecode(b" ".join((where, item.caller or b"-")))
                    due.append((dated(item), identity, Record(when=item.when, label=label)))
        for _, _, record in sorted(due, key=lambda one: one[:2]):
            yield record

    def itemise(self, selection: Selection, *, everything: bool = False) -> Iterator[Itemised]:
        """See ``records.Store``; the state is size and last change of each file, under whichever
        number the message lies."""
        chosen = selection.bare if everything else selection
        for place in mailbox.places(self.root):
            with self.folder(place) as folder:
                for _, item in self._due(folder, place, chosen) if folder else ():
                    yield _itemised(item)

    def search(self, sought: Sought, *, start: str | None = None) -> Iterator[Found]:
        """By mailbox and by what the message's text file says of its caller."""
        del start
        for place in mailbox.places(self.root):
            with self.folder(place) as folder:
                if folder is None:
                    continue
                contents = mailbox.read_folder(folder, place, installation=self._installation)
                own = sought.matches(place.mailbox)
                for item in (each for one in contents.items for each in (one, *one.leftovers)):
                    told = mailbox.told(folder, item)
                    named = own or any(
                        sought.matches(told.get(key), bare=key in _NUMBERS) for key in _SAYS
                    )
                    known = _named(folder, item) if named else None
                    if known is not None:
                        yield self._found(folder, known, told)

    def _found(self, folder: files.Folder, item: Item, told: Mapping[bytes, bytes]) -> Found:
        place = item.place
        fields: dict[str, Field] = {os.fsdecode(key): value for key, value in told.items()}
        fields |= {"mailbox": place.mailbox + b"@" + place.context, "folder": place.folder}
        fields["file"] = files.join(place.rel, mailbox.stem(item.number))
        return Found(self.dataset, mailbox.identity(folder, item), None, item.when, fields)

    def take(
        self,
        selection: Selection,
        *,
        limit: int,
        after: Cursor | None,
        skip: frozenset[bytes],
        name: BatchName,
    ) -> SpoolBatch:
        """Sets about ``limit`` due records aside, each whole, behind Asterisk's own lock.

        Raises RootError where locks don't work, RefusedError where deleting would endanger new
        messages, UnavailableError where the manager doesn't say who listens, StoreError else;
        then all is back where it was.
        """
        self._need_locks()
        batch = SpoolBatch(self, name)
        try:
            with told():
                self._fill(batch, selection, limit=limit, after=_position(after), skip=skip)
        except BaseException:
            batch.rollback()
            raise
        return batch

    def telling(self, facets: Facets) -> tuple[Ties, Ties]:
        """See ``records.Store``."""
        return sorted_out(self._told(), facets)

    def _told(self) -> Iterator[tuple[Told, Ties]]:
        for place in mailbox.places(self.root):
            with self.folder(place) as folder:
                if folder is None:
                    continue
                contents = mailbox.read_folder(folder, place, installation=self._installation)
                for item in contents.items:
                    if named := _named(folder, item):
                        key = mailbox.identity(folder, named)
                        told = spool_order.told_of(place, self._facets)
                        yield told, Ties(keys=frozenset([key]))

    def ties(self, of: Ties) -> Ties:
        """A voice message bears no call id and nothing hangs on it."""
        del of
        return Ties()

    def sweep(self, selection: Selection) -> Mapping[str, int]:
        """Nothing here is shared by several records."""
        del selection
        return {}

    def settle(self, intent: Intent) -> Bits:
        """Ends a dead batch: removes what was committed, puts back what wasn't."""
        self.refresh_lamps(self._mender.settle(intent))
        return [intent.committed] * intent.count

    def tidy(self, installation: str) -> int:
        """Puts back what was set aside without an intent; settle first. Ends renumberings of a
        dead run, removes its locks and half-written names."""
        return self._mender.tidy(installation)

    def close(self) -> None:
        """Ends the session with the manager."""
        self.presence.close()

    @contextmanager
    def folder(self, place: Place) -> Iterator[files.Folder | None]:
        """An opened folder; None when it went meanwhile or became a symlink."""
        with ExitStack() as stack:
            folder = None
            try:
                folder = stack.enter_context(self.root.folder(place.rel))
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                    raise StoreError(
                        "A voicemail folder can't be opened.", hint="run pbxretain check"
                    ) from None
            yield folder

    def put_back(self, folder: files.Folder, place: Place, name: BatchName) -> None:
        """Gives messages of a batch their names again. Raises FolderBusyError when somebody keeps
        the folder locked all the while."""
        self._mender.put_back(folder, place, name)

    def refresh_lamps(self, touched: set[tuple[bytes, bytes]]) -> None:
        """Sets the lamps of mailboxes; what fails is counted for the next census."""
        self._lamps_failed += sum(not self.presence.refresh(*box) for box in sorted(touched))

    # Taking -----------------------------------------------------------------------------------

    def _fill(
        self,
        batch: SpoolBatch,
        selection: Selection,
        *,
        limit: int,
        after: Position | None,
        skip: frozenset[bytes],
    ) -> None:
        batch.cursor = after
        taking = Taking(batch, self.folder, self.facts, self.presence, self._installation)
        queues: list[Queue] = []
        room = limit
        for place in mailbox.places(self.root, after.place if after else None):
            with self.folder(place) as folder:
                if folder is None:
                    continue
                due = self._due(folder, place, selection)
                due = [one for one in due if after is None or at(one) > after]
                due = [one for one in due if one[0] not in skip]
                if not due:
                    continue
                if room <= 0:
                    batch.exhausted = False
                    break
                if not folder.writable():
                    batch.skip("READ_ONLY_FOLDER", len(due))
                    batch.cursor = at(due[-1])
                    continue
                chosen = with_twins(due, self._per_folder(room))
                if not self.facts.gaps_are_harmless:
                    chosen = of_one_sort(chosen)
                items = [item for _, item in chosen]
                if taking.may(folder, place, items):
                    queues.append(Queue(place, items))
                    room -= len(items)
                batch.cursor = at(chosen[-1])
                if len(chosen) < len(due):
                    batch.exhausted = False
                    break
        taking.all(queues)

    def _per_folder(self, room: int) -> int:
        """Where gaps do harm, a folder has one hold a batch: numbers change between holds. And
        what may only go from the end goes as a whole."""
        if self.facts.gaps_are_harmless:
            return room
        return min(room, HOLD_MESSAGES) if self.presence.asks else mailbox.HIGHEST

    def _due(self, folder: files.Folder, place: Place, selection: Selection) -> list[Due]:
        mine = spool_order.of_place(place, selection, self._facets)
        if mine is None:
            return []
        contents = mailbox.read_folder(folder, place, installation=self._installation)
        due = []
        for found in mailbox.records(contents, mine.cutoff):
            if found.when is None or found.when >= mine.cutoff or found.hidden:
                continue
            item = _named(folder, found)
            if item is None:
                continue
            identity = mailbox.identity(folder, item)
            if selection.means(identity) and not _excluded(folder, item, selection.excluded_keys):
                due.append((identity, item))
        return sorted(due, key=at)

    def _need_locks(self) -> None:
        if self._locks_work:
            return
        for rel in (b"", *(place.rel for place in mailbox.places(self.root))):
            with told(), self.root.folder(rel) as folder:
                if folder.writable():
                    self._locks_work = probe(folder, self._installation)
                    break
        if not self._locks_work:
            raise RootError(
                "Asterisk's folder locks don't work on the voicemail spool's file system.",
                hint="run pbxretain on the machine that holds the spool, as Asterisk's user",
            )

    # Looking ----------------------------------------------------------------------------------

    def _locked_long(self, folder: files.Folder) -> bool:
        return lock_age(folder, self._installation, time.time()) > _STALE

    def _full(self, place: Place, contents: mailbox.Contents) -> bool:
        """A gap that makes Asterisk call a folder full that isn't, until somebody opens it."""
        limit = self.facts.limit(place.context, place.mailbox)
        if limit is None or place.folder in _HEALED_AT_LOGIN:
            return False
        return contents.count < limit <= contents.highest + 1


def _kinds(folder: files.Folder, item: Item, selection: Selection) -> Iterator[str]:
    if not _meant(folder, item, selection):
        return
    if item.when is None:
        yield "undated"
    elif item.when > selection.now + FUTURE and selection.chosen is None:
        yield "future"
    elif item.when < max(selection.cutoff, selection.maximum or selection.cutoff):
        yield "before"
        if _excluded(folder, item, selection.excluded_keys):
            yield "held"
        elif item.when >= selection.cutoff:
            yield "minimum"


def _meant(folder: files.Folder, item: Item, selection: Selection) -> bool:
    """Whether it is one of the records singled out; where none is, no sound need be read."""
    if selection.chosen is None:
        return True
    known = _named(folder, item)
    return known is not None and selection.means(mailbox.identity(folder, known))


def _excluded(folder: files.Folder, item: Item, keys: frozenset[bytes]) -> bool:
    """Whether the record, or a voice under its number, must be spared."""
    if not keys:
        return False
    named = [_named(folder, one) for one in (item, *item.leftovers)]
    return any(one is not None and mailbox.identity(folder, one) in keys for one in named)


def _itemised(item: Item) -> Itemised:
    """A record that is known by its name."""
    place, parts = item.place, sorted(item.parts, key=lambda part: part.suffix)
    taken = Taken(
        key=(place.context, place.mailbox, place.folder, item.message_id),
        start=item.start,
        when=dated(item),
    )
    state = [f"{part.size} {part.changed}".encode() for part in parts]
    return Itemised(taken, pack(*(part.suffix for part in parts), *state))


def _named(folder: files.Folder, item: Item) -> Item | None:
    """The record with what it is known by for good; None when it went meanwhile."""
    if item.message_id:
        return item
    try:
        return replace(item, message_id=mailbox.key(folder, item)[-1])
    except FileNotFoundError:
        return None
    except OSError:
        raise StoreError(
            "A sound file of the voicemail spool can't be read.", hint="run pbxretain check"
        ) from None


def _position(cursor: Cursor | None) -> Position | None:
    if cursor is None or isinstance(cursor, Position):
        return cursor
    raise StoreError("A cursor of another dataset was given to the voicemail spool.")
