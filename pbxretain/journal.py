"""What was this host doing when it died?

One run folder in the source's state folder: ``run.json`` with the frozen facts of the run (its
documents, cut-offs and first census; no secrets), ``journal.jsonl`` with an intent for each sealed
batch and a mark for each finished one, the leaf files, and the pending file of the batch in
flight; at level sealed also the run key, sealed to those who may open it, and the lookup rows. No
key, number, name or file name of a record stands in any of them. The folder lives as long as the
run and is removed once the report is published.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pbxretain import posix
from pbxretain.errors import EvidenceError, RefusedError, UnavailableError
from pbxretain.evidence.leaves import LeafFile, Pending, erase
from pbxretain.evidence.lookup import ROW, RowFile
from pbxretain.haul import span
from pbxretain.records import Batch, Bits, Bounds, Session

FOLDER = "run"
_FACTS = "run.json"
_LINES = "journal.jsonl"
_ROOM = "room"
_BYTES_PER_RECORD = 32 + 24 + 16
"""Leaf, settle tag, and the frames around them."""

_BYTES_SEALED, _BYTES_KEPT = 3 * RowFile.WIDTH, 32 + 3 * ROW
"""What level sealed adds for three parties: lookup rows, and the copies that stay."""

_BYTES_PER_RUN = 1 << 20
_STEP = _BYTES_PER_RUN // 2
"""Room that is given back ahead, so that not every small batch has to."""

_KEY = "key-"


@dataclass(slots=True)
class Mark:
    """A finished batch: which of its leaves are gone, and what went with them."""

    batch: int
    dataset: str
    gone: Bits | None
    count: int
    also: Mapping[str, int] = field(default_factory=dict)
    failed: int = 0
    absent: int = 0
    oldest: date | None = None
    newest: date | None = None

    @property
    def deleted(self) -> int:
        """How many records are gone with evidence."""
        return self.count if self.gone is None else sum(self.gone)


@dataclass(slots=True)
class DeadIntent:
    """A sealed batch without a mark; implements records.Intent."""

    run: str
    batch: int
    dataset: str
    count: int
    bounds: Bounds
    session: Session | None
    committed: bool
    absent: int
    oldest: date | None
    newest: date | None
    pending: Pending

    def compare(self, present: Iterable[tuple[bytes, bytes]]) -> Bits:
        """Which leaves are gone, as a multiset over all that is there."""
        return self.pending.compare(present)

    def matches(self, identity: bytes) -> bool:
        """Whether a record with this identity belongs to the batch."""
        return self.pending.matches(identity)


class Journal:
    """The run folder of one source. Every method that returns has reached the disk.

    Raises EvidenceError when it can't be written: the run then stops and rolls back.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.facts: dict[str, Any] = json.loads((folder / _FACTS).read_bytes())
        self.zone = ZoneInfo(self.facts["timezone"])
        self.sealed: bool = self.facts.get("evidence", {}).get("level") == "sealed"
        self._leaves: dict[str, LeafFile] = {}
        self._rows: dict[str, RowFile] = {}
        self._batch = 0
        self._room = self._reserved = _size(folder / _ROOM)
        self._mend_tail()

    @classmethod
    def create(
        cls,
        state: Path,
        facts: Mapping[str, Any],
        *,
        records: int,
        keys: Mapping[str, bytes] | None = None,
    ) -> Journal:
        """Makes the run folder and reserves room for ``records`` records plus 10 %. ``keys`` is
        the run key, sealed, by recipient: on disk before there is anything that it opens.

        Raises RefusedError when the disk hasn't the room, UnavailableError when it can't be
        written.
        """
        folder = state / FOLDER
        making = state / f"{FOLDER}.new"
        shutil.rmtree(making, ignore_errors=True)
        if not (folder / _FACTS).exists():
            _sweep(folder)
        try:
            making.mkdir(mode=0o700, parents=True)
            posix.write_synced(making / _FACTS, json.dumps(facts).encode())
            posix.write_synced(making / _LINES, b"")
            for keyid, sealed in (keys or {}).items():
                posix.write_synced(making / f"{_KEY}{keyid}", sealed)
            each = _BYTES_PER_RECORD + (_BYTES_SEALED + _BYTES_KEPT if keys else 0)
            _reserve(making / _ROOM, _BYTES_PER_RUN + records * each * 11 // 10)
            making.rename(folder)
            posix.fsync_dir(state)
        except OSError as error:
            shutil.rmtree(making, ignore_errors=True)
            if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise UnavailableError(
                    f"can't write in the state folder {state}",
                    hint="run pbxretain as the user who owns it",
                ) from None
            raise RefusedError(
                "the state folder has no room for the evidence of this run",
                hint=f"free disk space in {state}",
                code="NO_ROOM",
            ) from None
        return cls(folder)

    @staticmethod
    def died(state: Path) -> bool:
        """Whether a run died and nobody has settled it yet; or one is at work. Changes nothing."""
        return (state / FOLDER / _FACTS).is_file()

    @classmethod
    def left_behind(cls, state: Path) -> Journal | None:
        """The journal of a dead run, if there is one."""
        folder = state / FOLDER
        if not (folder / _FACTS).is_file():
            _sweep(folder)
            return None
        try:
            return cls(folder)
        except (OSError, ValueError, KeyError, TypeError):
            raise EvidenceError(
                "the journal of the last run can't be read",
                hint=f"keep {folder} and ask for help; nothing is deleted until it is settled",
                code="JOURNAL_DAMAGED",
            ) from None

    @property
    def run(self) -> str:
        return str(self.facts["run"])

    @property
    def token(self) -> str:
        """The run in names on the PBX's disks: short, safe in a file name."""
        return self.run.replace("-", "")[:8]

    # --- while running -----------------------------------------------------------------------

    def leaf_file(self, dataset: str, header: Mapping[str, str] | None = None) -> LeafFile:
        """The dataset's leaf file; made with ``header`` when it isn't there yet."""
        if dataset not in self._leaves:
            path = self.folder / f"leaves-{dataset}"
            known = path.is_file() or header is None
            self._leaves[dataset] = LeafFile(path) if known else LeafFile.create(path, header or {})
        return self._leaves[dataset]

    def row_file(self, dataset: str) -> RowFile:
        """The dataset's lookup rows, at level sealed; made when the file isn't there yet."""
        if dataset not in self._rows:
            path = self.folder / f"rows-{dataset}"
            made = RowFile(path) if path.is_file() else RowFile.create(path, {"dataset": dataset})
            self._rows[dataset] = made
        return self._rows[dataset]

    def sealed_keys(self) -> dict[str, bytes]:
        """The sealed run key, by recipient."""
        found = sorted(self.folder.glob(f"{_KEY}*"))
        return {path.name.removeprefix(_KEY): path.read_bytes() for path in found}

    def seal(
        self,
        number: int,
        dataset: str,
        batch: Batch,
        *,
        leaves: bytes,
        first: int,
        rows: tuple[int, bytes] | None = None,
    ) -> None:
        """Leaves, lookup rows (with the first entry's number), settle tags and intent of a batch,
        each synced, before it may become final."""
        self._give_room(len(batch.taken))
        self.leaf_file(dataset).append(number, first, leaves)
        if rows is not None:
            self.row_file(dataset).append(number, *rows)
        Pending.write(self._pending(number), number, batch.taken)
        oldest, newest = span(batch.taken)
        self._write(
            {
                "intent": number,
                "dataset": dataset,
                "count": len(batch.taken),
                "bounds": dict(batch.bounds),
                "session": dict(batch.session.values) if batch.session else None,
                "absent": batch.absent,
                "oldest": oldest.astimezone(self.zone).date().isoformat(),
                "newest": newest.astimezone(self.zone).date().isoformat(),
            }
        )

    def committed(self, number: int) -> None:
        """The line that makes a batch of files final."""
        self._write({"committed": number})

    def mark(self, mark: Mark) -> None:
        """The batch is over: its bits are kept, its settle tags erased."""
        gone = None if mark.gone is None else "".join("1" if bit else "0" for bit in mark.gone)
        self._write(
            {
                "mark": mark.batch,
                "dataset": mark.dataset,
                "gone": gone,
                "count": mark.count,
                "also": dict(mark.also),
                "failed": mark.failed,
                "absent": mark.absent,
                "oldest": mark.oldest.isoformat() if mark.oldest else None,
                "newest": mark.newest.isoformat() if mark.newest else None,
            }
        )
        erase(self._pending(mark.batch))

    def forget(self, number: int, dataset: str) -> None:
        """A sealed batch that was rolled back: its leaves and tags are worth nothing."""
        self._write({"forgotten": number})
        self.leaf_file(dataset).discard(number)
        if self.sealed:
            self.row_file(dataset).discard(number)
        erase(self._pending(number))

    def dead_intent(self) -> DeadIntent | None:
        """The sealed batch without a mark, if there is one; there is never more than one."""
        open_: dict[str, Any] | None = None
        committed = False
        for line in self._lines():
            if "intent" in line:
                open_, committed = line, False
            elif "committed" in line:
                committed = True
            elif "mark" in line or "forgotten" in line:
                open_ = None
        if open_ is None:
            return None
        session = open_["session"]
        return DeadIntent(
            run=self.token,
            batch=open_["intent"],
            dataset=open_["dataset"],
            count=open_["count"],
            bounds=open_["bounds"],
            session=Session(session) if session is not None else None,
            committed=committed,
            absent=open_["absent"],
            oldest=_day(open_["oldest"]),
            newest=_day(open_["newest"]),
            pending=Pending.read(self._pending(open_["intent"])),
        )

    def marks(self) -> Sequence[Mark]:
        """All finished batches, in order."""
        return [
            Mark(
                batch=line["mark"],
                dataset=line["dataset"],
                gone=None if line["gone"] is None else [bit == "1" for bit in line["gone"]],
                count=line["count"],
                also=line["also"],
                failed=line["failed"],
                absent=line["absent"],
                oldest=_day(line["oldest"]),
                newest=_day(line["newest"]),
            )
            for line in self._lines()
            if "mark" in line
        ]

    def next_batch(self) -> int:
        """A batch number that this run has not used."""
        if not self._batch:
            self._batch = max((line.get("intent", 0) for line in self._lines()), default=0)
        self._batch += 1
        return self._batch

    # --- the end -------------------------------------------------------------------------------

    def release_room(self) -> None:
        """Gives the reserved room back, for the report."""
        (self.folder / _ROOM).unlink(missing_ok=True)

    def remove(self) -> None:
        """Erases leaves and folder, after the report is published. Safe to repeat."""
        # The facts go first: without them the folder is no journal, however far this gets.
        posix.remove_synced(self.folder / _FACTS)
        _sweep(self.folder)

    # --- inside ----------------------------------------------------------------------------------

    def _pending(self, number: int) -> Path:
        return self.folder / f"pending-{number}"

    def _write(self, line: Mapping[str, Any]) -> None:
        text = json.dumps(line, separators=(",", ":"))
        frame = f"{zlib.crc32(text.encode()):08x} {text}\n".encode()
        path = self.folder / _LINES
        size = _size(path)
        try:
            posix.append_synced(path, frame)
        except OSError:
            # The line may stand there all the same, and would be believed.
            with suppress(OSError):
                os.truncate(path, size)
            raise EvidenceError(
                "the journal can't be written", hint="free disk space", code="JOURNAL_UNWRITTEN"
            ) from None

    def _lines(self) -> Iterator[dict[str, Any]]:
        for frame in _whole_lines((self.folder / _LINES).read_bytes()):
            yield json.loads(frame.partition(b" ")[2])

    def _mend_tail(self) -> None:
        """Cuts a torn line off, or what is appended behind it could not be read."""
        path = self.folder / _LINES
        data = path.read_bytes()
        whole = sum(map(len, _whole_lines(data)))
        if whole < len(data):
            with path.open("r+b") as file:
                file.truncate(whole)
                os.fsync(file.fileno())

    def _give_room(self, records: int) -> None:
        each = _BYTES_PER_RECORD + (_BYTES_SEALED if self.sealed else 0)
        self._room = max(0, self._room - records * each - 512)
        if self._reserved <= self._room:
            return
        self._reserved = max(0, self._room - _STEP)
        with (self.folder / _ROOM).open("r+b") as file:
            file.truncate(self._reserved)


def _sweep(folder: Path) -> None:
    """Erases a run folder whose report is published, or what a crash left of one."""
    if not folder.is_dir():
        return
    for kind in ("leaves-*", "pending-*", "rows-*", f"{_KEY}*"):
        for path in sorted(folder.glob(kind)):
            erase(path)
    shutil.rmtree(folder)
    posix.fsync_dir(folder.parent)


def _whole_lines(data: bytes) -> Iterator[bytes]:
    for frame in data.splitlines(keepends=True):
        check, _, text = frame.rstrip(b"\n").partition(b" ")
        if not frame.endswith(b"\n") or check != b"%08x" % zlib.crc32(text):
            return  # a torn tail was never a line
        yield frame


def _reserve(path: Path, size: int) -> None:
    with path.open("xb") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
