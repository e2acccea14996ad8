"""How does an engine drive one store? The bare steps, with a journal of its own on disk.

For tests of a single store: take, seal, commit, finish, mark, and settling after a kill. What was
marked gone stands in ``evidence``, one identity a line; the same identity twice is a fault.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pbxretain import posix
from pbxretain.records import Batch, BatchName, Bits, Cursor, Selection, Session, Store

INSTALLATION = "inst1"


@dataclass
class Sealed:
    """Implements ``records.Intent`` with plain identities."""

    run: str
    batch: int
    bounds: Mapping[str, int | str | None]
    committed: bool
    identities: list[bytes]
    session: Session | None = None

    @property
    def count(self) -> int:
        return len(self.identities)

    def compare(self, present: Iterable[tuple[bytes, bytes]]) -> Bits:
        there = Counter(identity for identity, _ in present)
        bits = []
        for identity in self.identities:
            bits.append(not there[identity])
            there[identity] -= there[identity] > 0
        return bits

    def matches(self, identity: bytes) -> bool:
        return identity in self.identities


class MiniJournal:
    """One folder: ``intent``, ``committed``, ``evidence``."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder

    def seal(self, name: BatchName, batch: Batch) -> None:
        text: dict[str, Any] = {
            "run": name.run,
            "batch": name.batch,
            "bounds": dict(batch.bounds),
            "identities": [taken.identity.hex() for taken in batch.taken],
        }
        posix.write_synced(self.folder / "intent", json.dumps(text).encode())

    def committed(self, number: int) -> None:
        posix.append_synced(self.folder / "committed", b"%d\n" % number)

    def mark(self, number: int, gone: Sequence[bytes]) -> None:
        lines = "".join(f"{number} {identity.hex()}\n" for identity in gone)
        posix.write_synced(self.folder / f"evidence-{number}", lines.encode())
        posix.remove_synced(self.folder / "intent")

    def intent(self) -> Sealed | None:
        path = self.folder / "intent"
        if not path.exists():
            return None
        text = json.loads(path.read_bytes())
        if (self.folder / f"evidence-{text['batch']}").exists():
            path.unlink()
            return None
        marks = self.folder / "committed"
        final = marks.read_text().split() if marks.exists() else []
        return Sealed(
            run=text["run"],
            batch=text["batch"],
            bounds=text["bounds"],
            committed=str(text["batch"]) in final,
            identities=[bytes.fromhex(identity) for identity in text["identities"]],
        )

    def gone(self) -> list[bytes]:
        """Every identity with evidence, in any order."""
        found = []
        for path in self.folder.glob("evidence-*"):
            lines = path.read_text().splitlines()
            found += [bytes.fromhex(line.split()[1]) for line in lines]
        return found

    def next_number(self) -> int:
        numbers = [int(path.name.split("-")[1]) for path in self.folder.glob("evidence-*")]
        return max(numbers, default=0) + 1


def select(cutoff: datetime, now: datetime, **more: Any) -> Selection:
    return replace(Selection(cutoff=cutoff, now=now, start="recorded"), **more)


def recover(store: Store, journal: MiniJournal) -> None:
    """What a run does first: settles the dead one's batch, then tidies."""
    if intent := journal.intent():
        bits = store.settle(intent)
        assert len(bits) == intent.count
        gone = [i for i, bit in zip(intent.identities, bits, strict=True) if bit]
        journal.mark(intent.batch, gone)
    store.tidy(INSTALLATION)


def run(
    store: Store,
    selection: Selection,
    journal: MiniJournal,
    *,
    limit: int = 500,
    at: Callable[[str, Batch], None] = lambda step, batch: None,
) -> Counter[str]:
    """One pass; ``at`` is called with the step that was just done. Returns counts."""
    recover(store, journal)
    selection = replace(selection, excluded_calls=store.straddlers(selection))
    after: Cursor | None = None
    tally: Counter[str] = Counter()
    while True:
        name = BatchName(INSTALLATION, "run1", journal.next_number())
        with store.take(selection, limit=limit, after=after, skip=frozenset(), name=name) as batch:
            tally.update(batch.skipped)
            tally["absent"] += batch.absent
            at("take", batch)
            if batch.taken:
                journal.seal(name, batch)
                if batch.final == "journal":
                    journal.committed(name.batch)
                at("seal", batch)
                bits = batch.commit() or [True] * len(batch.taken)
                at("commit", batch)
        if batch.taken:
            finish = batch.finish()
            bits = [bit and i not in finish.kept for i, bit in enumerate(bits)]
            gone = [t.identity for t, bit in zip(batch.taken, bits, strict=True) if bit]
            journal.mark(name.batch, gone)
            tally["gone"] += len(gone)
            tally["kept"] += len(finish.kept)
            tally["failed"] += finish.failed
        if batch.exhausted:
            return tally
        assert batch.taken or batch.cursor != after, "no progress"
        after = batch.cursor
