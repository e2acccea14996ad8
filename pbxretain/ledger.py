"""Which reports has a source made, in which order, and what did a crash leave half published?

One folder per source holds its reports and ``ledger.jsonl``, one canonical JSON line per report,
each naming the statement digest of the one before. Publishing goes in an order in which a crash
at any point leads to the same bytes: prepared file, ledger line, report by rename. Only the
holder of the source's lock may call what writes.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import NoReturn

from pbxretain import posix
from pbxretain.errors import EvidenceError, LockedError, UnavailableError
from pbxretain.evidence import notes
from pbxretain.evidence.fields import instant, moment
from pbxretain.evidence.statements import (
    BASE,
    DeletionReport,
    Plan,
    Predicate,
    Statement,
    file_type,
    made_at,
    parse_statement,
    place,
)
from pbxretain.keys import public_pem
from pbxretain.signing import (
    PrivateKey,
    PublicKey,
    canonical,
    key_id,
    open_envelope,
    parse_canonical,
    signed_by,
)

LEDGER = "ledger.jsonl"
PREPARED = ".prepared"
CHECKPOINT = "checkpoint"
ROSTER = "trust.dsse.json"
"""Copy of the roster; nobody trusts it from here."""

COSIGNED = "cosigned"
"""Folder with the checkpoints that the officer's machine cosigned, by size."""

FILED = "filed"
"""Folder with statements from the officer's side that were handed back."""

SIDECARS = "sidecars"
COSIGNED_NAME = re.compile(r"\d{6,16}\.checkpoint")
_TRIAL = 64 * 1024
"""Bytes that must find room before anything is deleted; a report is smaller."""
REPORT_NAME = re.compile(r"\d{6,}-[a-z-]+\.dsse\.json")
_HEX = re.compile(r"[0-9a-f]{64}")
_TYPE = re.compile(re.escape(BASE) + r"[a-z-]+/v\d+")
_RUN = re.compile(r"[0-9a-f-]{36}")


@contextmanager
def source_lock(name: str, state: Path) -> Iterator[None]:
    """Holds a source, whose state folder is made where there is none. LockedError while another
    process works on it, UnavailableError where this user can't write."""
    with ExitStack() as stack:
        try:
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
            stack.enter_context(posix.lock_file(state / "lock"))
        except OSError:
            raise UnavailableError(
                f"can't write in the state folder {state}",
                hint="run pbxretain as the user who owns it",
            ) from None
        except LockedError:
            raise LockedError(
                f"another run works on source {name}", hint="wait until it has ended"
            ) from None
        yield


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: ``digest`` and ``prev`` are statement digests, ``sha256`` is the report file's,
    ``at`` when the run ended (UTC text), ``run`` the run that the report speaks for."""

    seq: int
    prev: str | None
    digest: str
    type: str
    file: str
    at: str
    sha256: str
    run: str

    @property
    def ended(self) -> datetime:
        """When the run ended, aware UTC."""
        return moment(self.at)

    def line(self) -> bytes:
        """The entry as it stands in the ledger, with its newline."""
        return canonical(asdict(self)) + b"\n"


class Ledger:
    """The ledger of one source. Raises EvidenceError for anything that doesn't hold together."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is the source's reports folder; it must exist."""
        self.folder = folder
        self._file = folder / LEDGER
        self._parsed: tuple[bytes, tuple[tuple[Entry, ...], bytes]] = (b"", ((), b""))
        """The lines as read last, and what they say: a run asks a dozen times."""
        self._prepared = folder / PREPARED

    def entries(self) -> tuple[Entry, ...]:
        """All entries, checked for order and links; a torn last line is not one."""
        return self._read()[0]

    def last(self) -> Entry | None:
        """The newest entry; None for a source without reports."""
        entries = self.entries()
        return entries[-1] if entries else None

    def published(self, run: str) -> Entry | None:
        """The entry that speaks for a run: its own report, or the one that recovered it."""
        return next((entry for entry in self.entries() if entry.run == run), None)

    def next(self) -> tuple[int, str | None]:
        """Sequence number and previous statement digest for the next report.

        EvidenceError while a report is half published: ``resume`` first.
        """
        if self._prepared.exists():
            raise EvidenceError("A report is not fully published yet.", code="UNPUBLISHED")
        entries, torn = self._read()
        if torn:
            _torn()
        seq = len(entries)
        if any(self.folder.glob(f"{seq:06d}-*.dsse.json")):
            raise EvidenceError(
                "A report exists that the ledger doesn't know; the state folder may be older "
                "than its reports.",
                code="FORK",
            )
        return seq, entries[-1].digest if entries else None

    def publish(self, sealed: bytes, *, public: PublicKey) -> Entry:
        """Publishes exactly these signed bytes, and beside them the check script and public key.

        EvidenceError when they aren't signed by ``public`` or don't stand at ``next()``, or when
        the disk fails; then ``resume`` continues as soon as it can.
        """
        envelope = open_envelope(sealed)
        if signed_by(envelope, {key_id(public): public}) is None:
            raise EvidenceError("The report isn't signed by this source's key.")
        entry = entry_for(sealed)
        if (entry.seq, entry.prev) != self.next():
            raise EvidenceError("The report doesn't stand at the end of the ledger.", code="FORK")
        with self._written():
            self._write_companions(entry, public)
            posix.write_synced(self._prepared, sealed, 0o440, replace=False)
        self._finish(sealed, entry)
        with suppress(OSError):  # last of all: a large page must keep no report from a full disk
            page = resources.files("pbxretain.evidence").joinpath("verify.html").read_bytes()
            self._write_once("verify.html", page)
        return entry

    def sign_checkpoint(self, key: PrivateKey, name: str) -> None:
        """Writes the checkpoint of all that is published, signed; nothing where it stands there
        already. ``name`` is its origin. Call it under the source's lock; repeatable."""
        digests = [entry.digest for entry in self.entries()]
        if not digests:
            return
        note = notes.sign(notes.checkpoint(name, digests), key)
        path = self.folder / CHECKPOINT
        if path.is_file() and path.read_bytes() == note.text:
            return
        with self._written():
            posix.write_synced(path, note.text, 0o644)

    def last_witness(self) -> str | None:
        """SHA-256 (hex) of the newest cosigned checkpoint that this ledger grew from; None without
        one. Who cosigned it, the verifier asks."""
        digests = [entry.digest for entry in self.entries()]
        for path in sorted((self.folder / COSIGNED).glob("*.checkpoint"), reverse=True):
            try:
                data = path.read_bytes()
                note = notes.parse(data)
            except (OSError, EvidenceError):
                continue
            grew = note.size <= len(digests)
            if grew and note.root == notes.ledger_root(digests[: note.size]):
                return hashlib.sha256(data).hexdigest()
        return None

    def try_writing(self) -> None:
        """Whether a report could be written here: asked while everything is still there. Leaves
        nothing behind, also in a crash. EvidenceError when not."""
        with self._written():
            with tempfile.TemporaryFile(dir=self.folder) as file:
                file.write(bytes(_TRIAL))
                file.flush()
            if self._file.exists():
                os.close(os.open(self._file, os.O_WRONLY | os.O_APPEND))

    @contextmanager
    def _written(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            right = f"let this user write in {self.folder}, and see that its disk isn't read-only"
            raise EvidenceError(
                "Reports can't be written.",
                hint=f"free disk space in {self.folder}" if full else right,
                code="REPORT_UNWRITTEN",
            ) from None

    def resume(self) -> Entry | None:
        """Finishes what a crash left half published, with the same bytes; None when nothing.

        Call it under the source's lock before anything else. Repeatable.
        """
        with self._written():
            posix.sweep_temporary(self.folder)
        try:
            sealed = self._prepared.read_bytes()
        except FileNotFoundError:
            if self._read()[1]:
                _torn()
            return None
        except OSError:
            _unreadable()
        entry = entry_for(sealed)
        self._finish(sealed, entry)
        return entry

    def _finish(self, sealed: bytes, entry: Entry) -> None:
        with self._written():
            self._append(entry)
            self._put(sealed, entry)

    def _append(self, entry: Entry) -> None:
        data = self._bytes()
        entries, torn = read_ledger(data)
        if entries and entries[-1] == entry and not torn:
            return
        if (entry.seq, entry.prev) != (len(entries), entries[-1].digest if entries else None):
            raise EvidenceError("The prepared report doesn't fit the ledger.", code="FORK")
        if not entry.line().startswith(torn.rstrip(b"\0")):
            _torn()
        if torn:
            os.truncate(self._file, len(data) - len(torn))
        posix.append_synced(self._file, entry.line(), 0o640)

    def _put(self, sealed: bytes, entry: Entry) -> None:
        target = self.folder / entry.file
        try:
            posix.rename_noreplace(self._prepared, target)
        except FileExistsError:
            if target.read_bytes() != sealed:
                raise EvidenceError("Another report has this number.", code="FORK") from None
            posix.remove_synced(self._prepared)
        posix.fsync_dir(self.folder)

    def _write_companions(self, entry: Entry, public: PublicKey) -> None:
        shipped = resources.files("pbxretain.evidence")
        script = shipped.joinpath("verify.sh").read_bytes()
        stem = entry.file.removesuffix(".dsse.json")
        posix.write_synced(self.folder / f"{stem}.verify.sh", script, 0o755)
        self._write_once(f"runner-{key_id(public)[:8]}.pub.pem", public_pem(public))

    def _write_once(self, name: str, data: bytes) -> None:
        path = self.folder / name
        if not path.exists() or path.read_bytes() != data:
            posix.write_synced(path, data, 0o644)

    def _read(self) -> tuple[tuple[Entry, ...], bytes]:
        data = self._bytes()
        if data != self._parsed[0]:
            self._parsed = data, read_ledger(data)
        return self._parsed[1]

    def _bytes(self) -> bytes:
        try:
            return self._file.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return b""
        except OSError:
            _unreadable()


def entry_for(sealed: bytes) -> Entry:
    """The ledger line that belongs to a sealed statement; EvidenceError for types that have no
    place in a ledger."""
    envelope = open_envelope(sealed)
    statement = parse_statement(envelope.payload)
    entry = entry_of(statement, digest=envelope.digest, sha256=hashlib.sha256(sealed).hexdigest())
    if entry is None:
        raise EvidenceError("This kind of statement doesn't stand in the ledger.")
    return entry


def entry_of(statement: Statement, *, digest: str, sha256: str) -> Entry | None:
    """The ledger line of a statement; None for one that stands beside the ledger."""
    where = place(statement.predicate)
    if where is None:
        return None
    return Entry(
        seq=where.seq,
        prev=where.prev,
        digest=digest,
        type=statement.type,
        file=f"{where.seq:06d}-{file_type(statement.type)}.dsse.json",
        at=made_at(statement.predicate),
        sha256=sha256,
        run=_speaks_for(statement.predicate),
    )


def _speaks_for(predicate: Predicate) -> str:
    """The run that a report tells of; any other statement tells of itself only."""
    if isinstance(predicate, DeletionReport):
        return predicate.run.recovers or predicate.run.id
    return predicate.report_id if isinstance(predicate, Plan) else predicate.id


def read_ledger(data: bytes) -> tuple[tuple[Entry, ...], bytes]:
    """Entries and the torn rest of a last line without end; EvidenceError for a broken chain."""
    *lines, torn = data.split(b"\n")
    entries: list[Entry] = []
    for line in lines:
        entry = _entry(line)
        if entry.seq != len(entries) or entry.prev != (entries[-1].digest if entries else None):
            raise EvidenceError("The ledger's lines don't follow each other.", code="LEDGER")
        entries.append(entry)
    return tuple(entries), torn


def _entry(line: bytes) -> Entry:
    try:
        value = parse_canonical(line)
    except EvidenceError:
        _damaged()
    if value.keys() != Entry.__dataclass_fields__.keys() or type(value["seq"]) is not int:
        _damaged()
    checks: Sequence[tuple[str, re.Pattern[str]]] = (
        ("digest", _HEX),
        ("sha256", _HEX),
        ("type", _TYPE),
        ("file", REPORT_NAME),
        ("run", _RUN),
    )
    for name, pattern in checks:
        if not isinstance(value[name], str) or not pattern.fullmatch(value[name]):
            _damaged()
    if value["prev"] is not None and not isinstance(value["prev"], str):
        _damaged()
    try:
        exact = instant(moment(value["at"])) == value["at"]
    except (ValueError, TypeError):
        exact = False
    return Entry(**value) if exact else _damaged()


def _damaged() -> NoReturn:
    raise EvidenceError("A line of the ledger is damaged.", code="LEDGER") from None


def _torn() -> NoReturn:
    raise EvidenceError(
        "The ledger ends in the middle of a line that no prepared report explains.", code="LEDGER"
    )


def _unreadable() -> NoReturn:
    raise EvidenceError("The ledger can't be read.", code="LEDGER") from None
