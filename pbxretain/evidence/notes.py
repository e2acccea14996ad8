"""How does a ledger say in three lines all that it holds, and who has seen it say so?

C2SP signed notes: a checkpoint is origin, size and RFC 9162 root of a ledger (tlog-checkpoint),
signed by the runner; a witness adds its cosignature with the time (tlog-cosignature). The public
format, so that any witness that speaks it can be added unchanged.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

from pbxretain.errors import EvidenceError
from pbxretain.evidence.merkle import Tree, leaf_hash
from pbxretain.signing import PrivateKey, PublicKey

MAX_NOTE = 64 * 1024
_MAX_LINES = 16
_NOTE, _COSIGNATURE = 1, 4
_LINE = re.compile("\N{EM DASH} ([^ \n+]{1,255}) ([A-Za-z0-9+/]+={0,2})")
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class Line:
    """One signature line: who is said to have signed, the four bytes of the key's hash, and what
    follows them."""

    name: str
    hint: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A ledger at one size: ``origin`` names it, ``root`` is the RFC 9162 root (32 bytes)."""

    origin: str
    size: int
    root: bytes
    lines: tuple[Line, ...] = field(default=(), repr=False)

    @property
    def body(self) -> bytes:
        """What is signed: three lines with their line feeds."""
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\n".encode()

    @property
    def text(self) -> bytes:
        """The whole note, with its signature lines."""
        shown = b"".join(_shown(line) for line in self.lines)
        return self.body + b"\n" + shown


def origin(installation: str, source: str) -> str:
    """The name of a source's ledger in its checkpoints."""
    return f"pbxretain/{installation}/{source}"


def ledger_root(digests: Iterable[str]) -> bytes:
    """The root over statement digests (hex, in order): leaf data is the 32 bytes of each."""
    return Tree(leaf_hash(bytes.fromhex(digest)) for digest in digests).root()


def ledger_roots(digests: Iterable[str], sizes: Collection[int]) -> dict[int, bytes]:
    """The roots that a ledger had at these sizes, in one pass; a size it never had has none."""
    wanted, tree = frozenset(sizes), Tree()
    roots = {0: tree.root()} if 0 in wanted else {}
    for digest in digests:
        tree.add(leaf_hash(bytes.fromhex(digest)))
        if tree.size in wanted:
            roots[tree.size] = tree.root()
    return roots


def checkpoint(name: str, digests: Iterable[str]) -> Checkpoint:
    """The unsigned checkpoint of a ledger with these statement digests."""
    known = list(digests)
    return Checkpoint(name, len(known), ledger_root(known))


def sign(note: Checkpoint, key: PrivateKey) -> Checkpoint:
    """The checkpoint with the runner's signature, and no other."""
    public = key.public_key()
    line = Line(note.origin, _hint(note.origin, public, _NOTE), key.sign(note.body))
    return Checkpoint(note.origin, note.size, note.root, (line,))


def cosign(note: Checkpoint, key: PrivateKey, *, name: str, now: datetime) -> Checkpoint:
    """The checkpoint with a witness's cosignature added: it saw it at ``now`` (aware)."""
    seconds = int(now.timestamp())
    signature = key.sign(_cosigned(note, seconds))
    data = seconds.to_bytes(8, "big") + signature
    line = Line(name, _hint(name, key.public_key(), _COSIGNATURE), data)
    return Checkpoint(note.origin, note.size, note.root, (*note.lines, line))


def signed(note: Checkpoint, public: PublicKey) -> bool:
    """Whether this key signed the checkpoint as its ledger's runner."""
    hint = _hint(note.origin, public, _NOTE)
    return any(
        line.name == note.origin and line.hint == hint and _is_signed(public, line.data, note.body)
        for line in note.lines
    )


def cosigned_at(note: Checkpoint, public: PublicKey) -> datetime | None:
    """When this witness saw the checkpoint (aware UTC), by its own clock; None if it didn't."""
    for line in note.lines:
        if line.hint != _hint(line.name, public, _COSIGNATURE) or len(line.data) != 8 + 64:
            continue
        seconds = int.from_bytes(line.data[:8], "big")
        if _is_signed(public, line.data[8:], _cosigned(note, seconds)):
            try:
                return datetime.fromtimestamp(seconds, UTC)
            except (OverflowError, ValueError, OSError):
                return None
    return None


def is_named(note: Checkpoint, public: PublicKey) -> bool:
    """Whether a line of the checkpoint claims to be this witness's cosignature, rightly or not."""
    return any(line.hint == _hint(line.name, public, _COSIGNATURE) for line in note.lines)


def parse(data: bytes) -> Checkpoint:
    """Reads a note strictly, trusting nothing in it. EvidenceError (code CHECKPOINT) for anything
    that isn't its own canonical form."""
    try:
        text = data.decode("utf-8") if len(data) <= MAX_NOTE else ""
    except UnicodeDecodeError:
        text = ""
    body, gap, rest = text.partition("\n\n")
    parts = body.split("\n")
    if not gap or len(parts) != 3 or not parts[0] or not _SIZE.fullmatch(parts[1]):
        raise _damaged()
    shown = rest.split("\n")
    if shown.pop() or not 1 <= len(shown) <= _MAX_LINES:
        raise _damaged()
    note = Checkpoint(parts[0], int(parts[1]), _decoded(parts[2], 32), tuple(map(_line, shown)))
    if note.text != data:
        raise _damaged()
    return note


def _line(text: str) -> Line:
    found = _LINE.fullmatch(text)
    if found is None:
        raise _damaged()
    data = _decoded(found[2], None)
    if len(data) <= 4:
        raise _damaged()
    return Line(found[1], data[:4], data[4:])


def _shown(line: Line) -> bytes:
    data = base64.b64encode(line.hint + line.data).decode()
    return f"\N{EM DASH} {line.name} {data}\n".encode()


def _decoded(text: str, size: int | None) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _damaged() from None
    if size is not None and len(data) != size:
        raise _damaged()
    return data


def _cosigned(note: Checkpoint, seconds: int) -> bytes:
    return b"cosignature/v1\ntime %d\n" % seconds + note.body


def _hint(name: str, public: PublicKey, kind: int) -> bytes:
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(name.encode() + b"\n" + bytes((kind,)) + raw).digest()[:4]


def _is_signed(public: PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        public.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _damaged() -> EvidenceError:
    return EvidenceError("A checkpoint is damaged.", code="CHECKPOINT")
