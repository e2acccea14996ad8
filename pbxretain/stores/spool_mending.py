"""How does a voicemail spool get right again what a dead or undone batch left in it?

What was committed goes for good, the rest gets its names back behind Asterisk's own lock, and no
lock or half-written name of ours stays.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass

from pbxretain.errors import UnavailableError
from pbxretain.records import BatchName, Intent
from pbxretain.stores import files, mailbox, numbering
from pbxretain.stores.asterisk import AsteriskFacts, Presence
from pbxretain.stores.folderlock import FolderBusyError, clear_dead, hold
from pbxretain.stores.mailbox import Place
from pbxretain.stores.spool_batch import told

_UNDO_WAIT = 10.0
"""Putting back may wait longer for a lock than taking: nothing else brings the message back."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Mender:
    """Works on one spool. ``folder`` opens a message folder, None when it went."""

    root: files.Root
    folder: Callable[[Place], AbstractContextManager[files.Folder | None]]
    facts: AsteriskFacts
    presence: Presence
    installation: str

    def settle(self, intent: Intent) -> set[tuple[bytes, bytes]]:
        """Ends a dead batch; context and mailbox of whatever went."""
        name = BatchName(self.installation, intent.run, intent.batch)
        touched = set()
        for place in mailbox.places(self.root):
            with self.folder(place) as folder, told():
                if folder is None or not _traces(folder):
                    continue
                clear_dead(folder, self.installation)
                if intent.committed:
                    for group in numbering.set_aside(folder, self.installation, name):
                        for one in group:
                            files.drop(folder, one.name)
                        touched.add((place.context, place.mailbox))
                    folder.sync()
                else:
                    self.put_back(folder, place, name)
        return touched

    def tidy(self, installation: str) -> int:
        """Puts back what was set aside without an intent, ends renumberings of a dead run, removes
        its locks and half-written names; how much there was."""
        done = 0
        with self.root.folder() as folder, told():
            done += clear_dead(folder, installation)
        for place in mailbox.places(self.root):
            with self.folder(place) as found, told():
                if found is None or not _traces(found):
                    continue
                done += clear_dead(found, installation)
                # A folder that another program keeps locked waits for the next run.
                with suppress(FolderBusyError):
                    done += self.put_back(found, place, None)
                for name in files.scraps(list(mailbox.names_of(found)), installation):
                    files.drop(found, name)
                    done += 1
                found.sync()
        return done

    def put_back(self, folder: files.Folder, place: Place, name: BatchName | None) -> int:
        """Gives messages of a batch (None: of any) their names again; how many came back.

        Raises FolderBusyError when somebody keeps the folder locked all the while.
        """
        back = 0
        if not numbering.noted(folder, self.installation) and not numbering.set_aside(
            folder, self.installation, name
        ):
            return back
        with self._locked(folder):
            back += numbering.finish_moves(folder, self.installation)
            for group in numbering.set_aside(folder, self.installation, name):
                back += numbering.restore(
                    folder, group, self.installation, gaps=self.facts.gaps_are_harmless
                )
            if back and not self.facts.gaps_are_harmless and self._empty(place):
                numbering.close_gaps(folder, self.installation)
            folder.sync()
        return back

    def _locked(self, folder: files.Folder) -> AbstractContextManager[None]:
        mode = self.facts.lockmode
        return hold(folder, mode=mode, installation=self.installation, wait=_UNDO_WAIT)

    def _empty(self, place: Place) -> bool:
        """Whether it is certain that nobody is in the mailbox."""
        try:
            return self.presence.asks and not self.presence.inside(
                place.context, place.mailbox, locked=True
            )
        except UnavailableError:
            return False


def _traces(folder: files.Folder) -> bool:
    """Whether anything of ours may lie in the folder."""
    return any(
        name in (b".lock", b"lock") or name.startswith((b".pbxretain-", b"..pbxretain-"))
        for name in mailbox.names_of(folder)
    )
