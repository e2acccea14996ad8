"""How does a test drive a table store to the end, as the engine would?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pbxretain.documents import load
from pbxretain.manifest import Manifest, TableDataset
from pbxretain.records import BatchName, Bits, Bounds, Selection, Session, Taken
from pbxretain.stores.table import TableStore

CONNECTORS = Path(__file__).resolve().parents[2] / "connectors"
NAME = BatchName("test", "run", 1)


def shipped(connector: str, dataset: str, **changes: Any) -> TableDataset:
    """A table dataset of a shipped connector."""

    found = load(CONNECTORS / connector / "connector.yaml", Manifest).value.datasets[dataset]
    assert isinstance(found, TableDataset)
    return found.model_copy(update=changes)


def table(**fields: Any) -> TableDataset:
    """A small dataset of our own."""
    start = {"column": "start", "type": "detect", "zone": "source"}
    usual: dict[str, Any] = {
        "data": "call-detail-records",
        "title": "calls",
        "kind": "table",
        "table": "cdr",
        "key": ["uniqueid", "sequence"],
        "call_id": ["linkedid", "uniqueid"],
        "starts": {"call-start": start},
        "subjects": {"caller": "src"},
        "may_lack": ["linkedid"],
    }
    return TableDataset.model_validate(usual | fields)


def selecting(store: TableStore, cutoff: datetime, now: datetime, **more: Any) -> Selection:
    """A selection with its straddlers found, as the engine makes it."""
    bare = Selection(cutoff=cutoff, now=now, start=next(iter(store.manifest.starts)), **more)
    return replace(bare, excluded_calls=bare.excluded_calls | store.straddlers(bare))


def drain(
    store: TableStore, selection: Selection, *, limit: int = 50, skip: Iterable[bytes] = ()
) -> list[Taken]:
    """Takes and commits until nothing is left; every twin must come in its first batch."""
    taken: list[Taken] = []
    seen: set[tuple[bytes, bytes]] = set()
    cursor = None
    for _ in range(10_000):
        with store.take(
            selection, limit=limit, after=cursor, skip=frozenset(skip), name=NAME
        ) as batch:
            mine = {(t.identity, t.locator) for t in batch.taken}
            assert not mine & seen, "twins were parted"
            seen |= mine
            taken += batch.taken
            assert batch.commit() is None
            batch.finish()
            if batch.exhausted:
                return taken
            assert batch.cursor != cursor, "no progress"
            cursor = batch.cursor
    raise AssertionError("no end")


@dataclass
class Sealed:
    """An intent in clear, for settle (``records.Intent``)."""

    taken: Sequence[Taken]
    bounds: Bounds
    session: Session | None = None
    run: str = "run"
    batch: int = 1
    committed: bool = False

    @property
    def count(self) -> int:
        return len(self.taken)

    def compare(self, present: Iterable[tuple[bytes, bytes]]) -> Bits:
        left = Counter(present)
        bits = []
        for record in self.taken:
            left[record.identity, record.locator] -= 1
            bits.append(left[record.identity, record.locator] < 0)
        return bits

    def matches(self, identity: bytes) -> bool:
        return any(identity == record.identity for record in self.taken)


def contents(connection: Any, *tables: str) -> Mapping[str, Counter[tuple[Any, ...]]]:
    """Every row of some tables as a multiset."""
    found = {}
    for name in tables:
        cursor = connection.cursor()
        cursor.execute(f"SELECT * FROM {name}")
        found[name] = Counter(tuple(row) for row in cursor.fetchall())
        cursor.close()
    return found


def numbered(taken: Iterable[Taken]) -> Iterator[tuple[str, int]]:
    """uniqueid and sequence of records of the sample, whatever the driver made of them."""
    for record in taken:
        sequence = (record.key[1] or b"0").removeprefix(b"\x00i:")
        yield (record.key[0] or b"").decode(), int(sequence)
