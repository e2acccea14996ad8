"""How are a batch's messages hashed without a lock, and then set aside in a few short holds?

Folders take turns: while one has been let go, the next is held, so that whoever waits for a
mailbox's lock gets it between two holds and the batch loses no time.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from pbxretain.errors import RefusedError, UnavailableError
from pbxretain.stores import files, mailbox, numbering
from pbxretain.stores.abreast import abreast
from pbxretain.stores.asterisk import AsteriskFacts, Presence
from pbxretain.stores.folderlock import WAIT, FolderBusyError, hold
from pbxretain.stores.mailbox import Item, Place, Present
from pbxretain.stores.spool_advice import NUMBERING, NUMBERING_HINT
from pbxretain.stores.spool_batch import SpoolBatch

HOLD_MESSAGES = 20
"""Messages per hold of a folder's lock."""
HOLD_SECONDS = 0.02
"""After this long in one hold the rest waits for the next one."""

_BETWEEN_HOLDS = 0.005
"""For so long at least a folder stays free between two holds."""


@dataclass(slots=True, repr=False)
class Queue:
    """What a batch wants of one folder and hasn't taken yet."""

    place: Place
    items: Sequence[Item]
    hashed: list[tuple[Item, bytes]] = field(default_factory=list)
    free_until: float = 0.0
    absent: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class Taking:
    """Takes what was chosen for one batch. ``folder`` opens a message folder, None when it went."""

    batch: SpoolBatch
    folder: Callable[[Place], AbstractContextManager[files.Folder | None]]
    facts: AsteriskFacts
    presence: Presence
    installation: str

    def may(self, folder: files.Folder, place: Place, items: Sequence[Item]) -> bool:
        """Whether messages may be taken here now; counts them where somebody is in the mailbox.
        Raises RefusedError where deleting them would endanger new messages."""
        if self.presence.inside(place.context, place.mailbox):
            self.batch.skip("SESSION_OPEN", len(items))
            return False
        if self._endangers(folder, items):
            raise RefusedError(NUMBERING, hint=NUMBERING_HINT, code="NUMBERING")
        return True

    def all(self, queues: Sequence[Queue]) -> None:
        """Hashes, sets aside and makes that durable. What can't be taken is counted."""
        abreast(self._hash, queues, steps=sum(len(queue.items) for queue in queues))
        for queue in queues:
            self.batch.absent += queue.absent
            if queue.unreadable:
                self.batch.skip("UNREADABLE", queue.unreadable)
        waiting = deque(queue for queue in queues if queue.hashed)
        while waiting:
            queue = waiting.popleft()
            if (pause := queue.free_until - time.monotonic()) > 0:
                time.sleep(pause)
            queue.hashed = self._some(queue)
            if queue.hashed:
                queue.free_until = time.monotonic() + _BETWEEN_HOLDS
                waiting.append(queue)
        self.batch.sync()

    def _hash(self, queue: Queue) -> None:
        with self.folder(queue.place) as folder:
            if folder is None:
                queue.absent = len(queue.items)
            else:
                hashed_content(folder, queue)

    def _some(self, queue: Queue) -> list[tuple[Item, bytes]]:
        """One hold; hands back what is left for another."""
        with self.folder(queue.place) as folder:
            if folder is None:
                self.batch.absent += len(queue.hashed)
                return []
            mode = self.facts.lockmode
            try:
                with hold(folder, mode=mode, installation=self.installation, wait=WAIT):
                    return self._one_hold(folder, queue)
            except FolderBusyError:
                self.batch.skip("FOREIGN_LOCK", len(queue.hashed))
                return []
            except FileNotFoundError:
                if os.lstat(folder.at(b".")).st_nlink:
                    raise
                self.batch.absent += len(queue.hashed)  # the whole folder was removed
                return []

    def _one_hold(self, folder: files.Folder, queue: Queue) -> list[tuple[Item, bytes]]:
        """Takes the first few, at least one."""
        place, waiting = queue.place, queue.hashed
        try:
            if self.presence.inside(place.context, place.mailbox, locked=True):
                self.batch.skip("SESSION_OPEN", len(waiting))
                return []
        except UnavailableError:
            self.batch.skip("SESSION_UNKNOWN", len(waiting))
            return []
        gaps = self.facts.gaps_are_harmless
        if not gaps:
            numbering.finish_moves(folder, self.installation)
        if self._endangers(folder, [item for item, _ in waiting]):
            self.batch.skip("NUMBERING", len(waiting))
            return []
        present = Present.of(folder)
        until = time.monotonic() + HOLD_SECONDS
        done = 0
        for item, content in waiting:
            if gaps and done and (done == HOLD_MESSAGES or time.monotonic() > until):
                break
            try:
                self.batch.take(folder, item, content, present)
            except PermissionError:
                # Elsewhere a message that stays may leave a harmful gap: there nothing goes.
                if not gaps:
                    raise
                self.batch.skip("NOT_RENAMED")
            done += 1
        if not gaps and self.presence.asks:
            numbering.close_gaps(folder, self.installation)
        return waiting[done:]

    def _endangers(self, folder: files.Folder, items: Sequence[Item]) -> bool:
        """Whether a harmful gap would stay that must not be closed: somebody may be inside."""
        if self.facts.gaps_are_harmless or self.presence.asks:
            return False
        return numbering.gap_without(folder, items)


def hashed_content(folder: files.Folder, queue: Queue) -> None:
    """Notes each record with the SHA-256 of its files; what can't be hashed is counted instead."""
    for item in queue.items:
        try:
            queue.hashed.append((item, mailbox.digest(folder, item)))
        except FileNotFoundError:
            queue.absent += 1
        except OSError:
            queue.unreadable += 1
