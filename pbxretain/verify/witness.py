"""Does the ledger still begin with what was seen of it, and when was that?

Checkpoints: the runner's own, those that the officer's machine cosigned, and the last one that the
reader himself has kept. A cosigned checkpoint brackets time: what it covers was there by then, and
a report that names it was made after it.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pbxretain.errors import EvidenceError
from pbxretain.evidence import notes
from pbxretain.evidence.fields import moment
from pbxretain.evidence.statements import made_at
from pbxretain.signing import PublicKey, fingerprint
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

    def __init__(
        self, source: Source, folder: Folder, find: Find, *, kept: Sequence[notes.Checkpoint]
    ) -> None:
        """``kept`` are checkpoints that the reader himself saw before."""
        self._source = source
        self._origin = notes.origin(*source)
        self._folder = folder
        self._digests = folder.digests
        self._find = find
        self._notes = {f"cosigned/{name}": _parsed(d) for name, d in folder.cosigned.items()}
        if folder.checkpoint is not None:
            self._notes["checkpoint"] = _parsed(folder.checkpoint)
        sizes = {note.size for note in (*self._notes.values(), *kept) if note is not None}
        self._roots = notes.ledger_roots(self._digests, sizes)
        self._kept = [note for note in kept if note.origin == self._origin]
        self._there = {hashlib.sha256(d).hexdigest(): n for n, d in folder.cosigned.items()}
        self._witnesses: dict[str, PublicKey] = {}
        self.sights: dict[str, Sight] = {}
        """By SHA-256 of the cosigned checkpoint, hex."""

    def own(self, signers: Signers, *, trusted: bool) -> None:
        """The runner's checkpoint: covers all that stands in the ledger. Its signature is asked
        for where those of the statements are ``trusted``."""
        if self._folder.checkpoint is None:
            self._find(found("MISSING_CHECKPOINT"))
            return
        note = self._read("checkpoint")
        if note is None:
            return
        keys = signers.counts(self._source, note.size - 1).values()
        if trusted and not any(notes.signed(note, key) for key in keys):
            ended = signers.ended(self._source, note.size - 1)
            by = next((keyid for keyid, key in ended.items() if notes.signed(note, key)), None)
            if by is None:
                self._find(found("CHECKPOINT", file="checkpoint"))
            else:  # genuine, but of a key that counts no more
                self._find(found("REVOKED_KEY", file="checkpoint", fingerprint=fingerprint(by)))
        elif note.size < len(self._digests):
            self._find(found("UNPUBLISHED"))

    def cosigned(self, anchors: Anchors, *, ahead: datetime) -> None:
        """The checkpoints that came back from the officer's machine. ``ahead``: no cosignature
        can be younger."""
        witnesses = self._witnesses = anchors.of("dpo")
        for name, data in self._folder.cosigned.items():
            file = f"cosigned/{name}"
            note = self._read(file)
            if note is None:
                continue
            times = [notes.cosigned_at(note, key) for key in witnesses.values()]
            known = [at for at in times if at is not None]
            if not known and anchors.roster is not None:
                named = any(notes.is_named(note, key) for key in witnesses.values())
                self._find(found("CHECKPOINT" if named else "OTHER_SIGNERS", file=file))
            elif known and max(known) > ahead:
                self._find(found("CLOCK_AHEAD", file=file))
            elif known:
                sight = Sight(note.size, max(known), file)
                self.sights[hashlib.sha256(data).hexdigest()] = sight

    def seen(self) -> None:
        """Of what the reader himself saw before nothing may be missing or changed."""
        for note in self._kept:
            if note.size > len(self._digests):
                self._find(found("TRUNCATED", first=len(self._digests), last=note.size - 1))
            elif note.root != self._roots[note.size]:
                self._find(found("FORK", last=note.size - 1))
            else:
                self._own_look(note)

    def _own_look(self, note: notes.Checkpoint) -> None:
        """What the reader cosigned himself needn't have come back yet."""
        times = [notes.cosigned_at(note, key) for key in self._witnesses.values()]
        known = [at for at in times if at is not None]
        if known:
            digest = hashlib.sha256(note.text).hexdigest()
            self.sights.setdefault(digest, Sight(note.size, max(known), "checkpoint"))

    def brackets(self, chain: Sequence[Report]) -> None:
        """Each report between the checkpoint that it names and the next that covers it."""
        by_size = sorted(self.sights.values(), key=lambda sight: sight.size)
        sizes = [sight.size for sight in by_size]
        for report in chain:
            at = moment(made_at(report.statement.predicate))
            self._after(report, at)
            place = bisect_right(sizes, number(report))
            if place < len(sizes) and at > by_size[place].at + CLOCKS:
                self._find(found("POSTDATED", file=report.path.name, seq=number(report)))

    def _after(self, report: Report, at: datetime) -> None:
        run = report.deletion
        named = run.ledger.last_witness if run else None
        if named is None:
            return
        sight = self.sights.get(named)
        if named not in self._there:
            self._find(found("MISSING_WITNESS", file=report.path.name, seq=number(report)))
        elif sight is not None and at < sight.at - CLOCKS:
            self._find(found("BACKDATED", file=report.path.name, seq=number(report)))

    def _read(self, file: str) -> notes.Checkpoint | None:
        note = self._notes[file]
        whole = self._folder.entries is not None
        if (
            note is None
            or note.origin != self._origin
            or (whole and note.root != self._roots.get(note.size))
        ):
            self._find(found("CHECKPOINT", file=file))
            return None
        return note


def _parsed(data: bytes) -> notes.Checkpoint | None:
    try:
        return notes.parse(data)
    except EvidenceError:
        return None
