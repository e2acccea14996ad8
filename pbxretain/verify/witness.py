"""Does the ledger still begin with what was seen of it, and when was that?

Checkpoints: the runner's own, those that the officer's machine cosigned, and the last one that the
reader himself has kept. A cosigned checkpoint brackets time: what it covers was there by then, and
a report that names it was made after it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pbxretain.errors import EvidenceError
from pbxretain.evidence import notes
from pbxretain.evidence.fields import moment
from pbxretain.evidence.statements import made_at
from pbxretain.verify.chain import number
from pbxretain.verify.findings import Find, Report, found
from pbxretain.verify.reading import Folder
from pbxretain.verify.signers import Anchors, Signers, Source

CLOCKS = timedelta(minutes=10)
"""Two machines' clocks may be so far apart before a date is called wrong."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A checkpoint that a trusted witness saw: how much, when (aware UTC), under which name."""

    size: int
    at: datetime
    file: str


class Witness:
    """The checkpoints of one source's ledger, held against the ledger itself."""

    def __init__(self, source: Source, folder: Folder, find: Find) -> None:
        self._source = source
        self._origin = notes.origin(*source)
        self._folder = folder
        self._digests = folder.digests
        self._find = find
        self.sights: dict[str, Sight] = {}
        """By SHA-256 of the cosigned checkpoint, hex."""

    def own(self, signers: Signers, *, trusted: bool) -> None:
        """The runner's checkpoint: covers all that stands in the ledger. Its signature is asked
        for where those of the statements are ``trusted``."""
        data = self._folder.checkpoint
        if data is None:
            self._find(found("MISSING_CHECKPOINT"))
            return
        note = self._read(data, "checkpoint")
        if note is None:
            return
        keys = signers.counts(self._source, note.size - 1).values()
        if trusted and not any(notes.signed(note, key) for key in keys):
            self._find(found("CHECKPOINT", file="checkpoint"))
        elif note.size < len(self._digests):
            self._find(found("UNPUBLISHED"))

    def cosigned(self, anchors: Anchors, *, ahead: datetime) -> None:
        """The checkpoints that came back from the officer's machine. ``ahead``: no cosignature
        can be younger."""
        witnesses = anchors.of("dpo")
        for name, data in self._folder.cosigned.items():
            file = f"cosigned/{name}"
            note = self._read(data, file)
            if note is None:
                continue
            times = [notes.cosigned_at(note, key) for key in witnesses.values()]
            known = [at for at in times if at is not None]
            if not known and anchors.roster is not None:
                self._find(found("CHECKPOINT", file=file))
            elif known and max(known) > ahead:
                self._find(found("CLOCK_AHEAD", file=file))
            elif known:
                sight = Sight(note.size, max(known), file)
                self.sights[hashlib.sha256(data).hexdigest()] = sight

    def seen(self, kept: Sequence[notes.Checkpoint]) -> None:
        """What the reader himself saw before: nothing of it may be missing or changed."""
        for note in kept:
            if note.origin != self._origin:
                continue
            if note.size > len(self._digests):
                self._find(found("TRUNCATED", first=len(self._digests), last=note.size - 1))
            elif note.root != notes.ledger_root(self._digests[: note.size]):
                self._find(found("FORK", last=note.size - 1))

    def brackets(self, chain: Sequence[Report]) -> None:
        """Each report between the checkpoint that it names and the next that covers it."""
        by_size = sorted(self.sights.values(), key=lambda sight: sight.size)
        for report in chain:
            at = moment(made_at(report.statement.predicate))
            self._after(report, at)
            first = next((s for s in by_size if s.size > number(report)), None)
            if first is not None and at > first.at + CLOCKS:
                self._find(found("POSTDATED", file=report.path.name, seq=number(report)))

    def _after(self, report: Report, at: datetime) -> None:
        run = report.deletion
        named = run.ledger.last_witness if run else None
        if named is None:
            return
        sight = self.sights.get(named)
        if named not in self._names:
            self._find(found("MISSING_WITNESS", file=report.path.name, seq=number(report)))
        elif sight is not None and at < sight.at - CLOCKS:
            self._find(found("BACKDATED", file=report.path.name, seq=number(report)))

    @property
    def _names(self) -> Mapping[str, str]:
        cosigned = self._folder.cosigned
        return {hashlib.sha256(data).hexdigest(): name for name, data in cosigned.items()}

    def _read(self, data: bytes, file: str) -> notes.Checkpoint | None:
        try:
            note = notes.parse(data)
        except EvidenceError:
            note = None
        whole = self._folder.entries is not None
        if (
            note is None
            or note.origin != self._origin
            or (whole and note.size > len(self._digests))
            or (whole and note.root != notes.ledger_root(self._digests[: note.size]))
        ):
            self._find(found("CHECKPOINT", file=file))
            return None
        return note
