"""Which columns do the tables of a fake PBX have, and what does any row hold in them?

Keys and ids are unlike in all tables, so that nothing belongs together by chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pbxretain.manifest import Child, Manifest, Start, TableDataset, all_children
from pbxretain.testing.fake import MARK, Fake, Value, stored_values
from pbxretain.testing.folders import Folders

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
_FIRST = timedelta(days=700)


@dataclass(slots=True)
class Tables:
    """The tables of a fake PBX; ``scenes`` fills them."""

    fake: Fake
    folders: Folders
    serial: int = 0
    walks: set[tuple[str, str]] = field(default_factory=set)
    """Columns that hold whole numbers which rise with time: (table, column)."""
    starts: dict[str, dict[str, Start]] = field(default_factory=dict)
    """By table: the columns that some dataset reads as a time."""
    stored: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """By table: what stands in the columns that tell a facet."""
    shared: set[tuple[str, Value]] = field(default_factory=set)
    """Rows that several name: (table, key)."""

    @property
    def manifest(self) -> Manifest:
        return self.fake.product.manifest

    @property
    def cutoff(self) -> datetime:
        return self.fake.scene.cutoff

    def declare(self) -> dict[str, TableDataset]:
        """Gives every table its columns, and returns the datasets as this version has them."""
        known = {
            name: self._lean(dataset)
            for name, dataset in self.manifest.datasets.items()
            if isinstance(dataset, TableDataset)
        }
        for dataset in known.values():
            for table in tables_of(dataset):
                self._declare(dataset, table)
        return known

    def _lean(self, dataset: TableDataset) -> TableDataset:
        """The dataset as this version of the product has it."""
        if not self.fake.scene.lean:
            return dataset
        own = {
            table
            for other in self.manifest.datasets.values()
            if isinstance(other, TableDataset)
            for table in tables_of(other)
        }
        lacks = set(dataset.may_lack) - own

        def children(found: Sequence[Child]) -> list[Child]:
            return [
                child.model_copy(update={"children": children(child.children)})
                for child in found
                if child.table not in lacks
            ]

        link = dataset.link if dataset.link and dataset.link.column not in lacks else None
        return dataset.model_copy(
            update={
                "key": [c for c in dataset.key if c not in lacks] or dataset.key,
                "call_id": [c for c in dataset.call_id if c not in lacks],
                "personal": [c for c in dataset.personal if c not in lacks],
                "subjects": {n: c for n, c in dataset.subjects.items() if c not in lacks},
                "facets": {
                    n: f for n, f in dataset.facets.items() if not {*f.all_columns} & {*lacks}
                },
                "ready": {c: v for c, v in dataset.ready.items() if c not in lacks},
                "walk": None if dataset.walk in lacks else dataset.walk,
                "end": None if dataset.end in lacks else dataset.end,
                "link": link,
                "children": children(dataset.children),
                "shadows": [s for s in dataset.shadows if not s.optional],
            }
        )

    # --- columns ---

    def _declare(self, dataset: TableDataset, table: str) -> None:
        starts = {self.start_column(s): s for s in dataset.starts.values()}
        self.starts.setdefault(table, {}).update(starts)
        link = dataset.link
        names = [*dataset.key, *dataset.call_id, *dataset.personal, *dataset.subjects.values()]
        names += [*dataset.ready, dataset.end or "", dataset.walk or ""]
        names += [link.column, link.folder or ""] if link else []
        names += [start.referee or "" for start in dataset.starts.values()]
        names += [child.parent_column for child in dataset.children]
        names += [part.parent_column for part in dataset.parts]
        names += [column for facet in dataset.facets.values() for column in facet.all_columns]
        self._columns(table, {name: "" for name in names if name})
        for facet in dataset.facets.values():
            if facet.values:
                stored = dict.fromkeys(facet.all_columns, stored_values(facet))
                self.stored.setdefault(table, {}).update(stored)
        self._columns(table, {c: "INTEGER" if is_epoch(s) else "TEXT" for c, s in starts.items()})
        if dataset.walk:
            self._number(table, dataset.walk, "INTEGER PRIMARY KEY")
        for child in all_children(dataset.children):
            below = [grandchild.parent_column for grandchild in child.children]
            self._columns(child.table, dict.fromkeys((child.column, *below), ""))
        for part in dataset.parts:
            other = self.manifest.datasets[part.dataset]
            assert isinstance(other, TableDataset)  # noqa: S101  (the manifest was checked)
            for their in tables_of(other):
                self._columns(their, {part.column: ""})
        for shared in dataset.shared:
            self._number(shared.table, shared.key, "INTEGER PRIMARY KEY")
            for named in shared.named_by:
                self._number(named.table, named.column, "INTEGER")

    def declare_copies(self, dataset: TableDataset, table: str) -> None:
        """Copies have every column of their table, also those that other datasets speak of."""
        for shadow in dataset.shadows:
            here = self.fake.columns[table]
            plain = {n: "INTEGER" if "KEY" in kind else kind for n, kind in here.items()}
            self._columns(shadow.table, plain)
            self.starts[shadow.table] = self.starts[table]
            self.stored[shadow.table] = self.stored.get(table, {})
            self.walks |= {(shadow.table, column) for name, column in self.walks if name == table}

    def _columns(self, table: str, names: Mapping[str, str]) -> None:
        known = self.fake.columns.setdefault(table, {})
        for name, kind in names.items():
            known[name] = kind or known.get(name, "")

    def _number(self, table: str, column: str, kind: str) -> None:
        self._columns(table, {column: kind})
        self.walks.add((table, column))

    def start_column(self, start: Start) -> str:
        """Of several names the first; the lean version has the last."""
        return start.columns[-1 if self.fake.scene.lean else 0]

    # --- values ---

    def number(self, when: datetime | None) -> int:
        """An id that no other row has and that rises with time."""
        self.serial += 1
        hours = (when - self.cutoff + _FIRST) // HOUR if when else 0
        return max(hours, 0) * 65536 + self.serial

    def row(
        self,
        table: str,
        when: datetime | None,
        given: Mapping[str, Value],
        *,
        undated: Value = None,
    ) -> dict[str, Value]:
        """One row with something in every column; ``undated`` stands where no time does."""
        own = self.number(when)
        values: dict[str, Value] = {}
        for column in self.fake.columns[table]:
            values[column] = f"{MARK}-{own}-{column}"
            if (table, column) in self.walks:
                values[column] = own
        for column, stored in self.stored.get(table, {}).items():
            values[column] = stored[own % len(stored)]
        for column, start in self.starts.get(table, {}).items():
            if start.referee and when:
                values[start.referee] = f"{int(when.timestamp())}.{own}"
            if column in values:
                zone = self.fake.scene.zone
                values[column] = undated if when is None else written(when, start, zone)
        return {**values, **given}


def tables_of(dataset: TableDataset) -> list[str]:
    """The tables of a dataset; two where a star stands for many."""
    prefix = dataset.table.removesuffix("*")
    return [f"{prefix}2025", f"{prefix}2026"] if prefix != dataset.table else [prefix]


def is_epoch(start: Start) -> bool:
    """Whether the column holds seconds, no text."""
    return start.type == "epoch"


def written(when: datetime, start: Start, zone: ZoneInfo) -> Value:
    """An instant as the product would write it into the column."""
    if is_epoch(start):
        return int(when.timestamp())
    zones = {"source": zone, "utc": ZoneInfo("UTC")}
    wall = when.astimezone(zones.get(start.zone) or ZoneInfo(start.zone))
    form = start.forms[0]
    if form == "YYYYMMDDHHMMSS":
        return f"{wall:%Y%m%d%H%M%S}"
    return f"{wall:%Y-%m-%d}{'T' if 'T' in form else ' '}{wall:%H:%M:%S}"


def understood(when: datetime, start: Start, zone: ZoneInfo) -> datetime:
    """What a written instant may be taken for at the latest: the wall clock shows an hour twice
    each autumn, and only a referee knows which."""
    if is_epoch(start) or start.zone == "utc" or start.referee:
        return when
    local = when.astimezone(zone if start.zone == "source" else ZoneInfo(start.zone))
    return max(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
