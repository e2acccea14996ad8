"""Which rows does a fake PBX hold? Calls either side of the cut-off, and each way to go wrong.

Every table of a dataset gets the same scenes as far as the manifest gives cause for them: two legs
only where there is a call id, a row that isn't ready only where ``ready`` is declared.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import quote

from pbxretain.manifest import Child, TableDataset, TreeDataset, all_children
from pbxretain.stores.table import store_name
from pbxretain.testing.fake import MARK, Row, Stored, Value
from pbxretain.testing.setting import AUTUMN, SPRING
from pbxretain.testing.tables import DAY, HOUR, SECOND, Tables, is_epoch, tables_of, written

_ODD = (MARK + " Zoë").encode("latin-1") + b"\xff"


def plan(tables: Tables) -> None:
    """All rows of all tables."""
    known = tables.declare()
    for dataset in known.values():
        tables.declare_copies(dataset, dataset.table)
    for made in _datasets(tables, known):
        made.plan(known)


def plan_future(tables: Tables) -> None:
    """One more record for each dataset, long after the run's time, into a fake that stands."""
    fake, known = tables.fake, tables.declare()
    at = len(fake.rows)
    for made in _datasets(tables, known):
        made.call("from the future", [fake.scene.now + 400 * DAY])
    fake.add(fake.rows[at:])


def _datasets(tables: Tables, known: Mapping[str, TableDataset]) -> Iterator[Dataset]:
    for name, dataset in known.items():
        for table in tables_of(dataset):
            star = dataset.table.endswith("*")
            yield Dataset(tables, store_name(name, table) if star else name, dataset, table)


@dataclass(slots=True)
class Dataset:
    """Plans the rows of one table of one dataset."""

    tables: Tables
    name: str
    manifest: TableDataset
    table: str

    def plan(self, known: Mapping[str, TableDataset]) -> None:
        """Every scene for which the manifest gives cause."""
        start = next(iter(self.manifest.starts.values()))
        stored = Stored(self.name, self.table, start, self.tables.start_column(start))
        self.tables.fake.stores[self.name] = stored
        self._sides()
        self._without_a_date()
        self._odd()
        self._twins()
        self._repeating_key()
        self._calls()
        self._not_done()
        self._copies()
        self._shared()
        self._parts(known)
        self._linked()

    # --- what every table gets ---

    def _sides(self) -> None:
        cutoff = self.tables.cutoff
        scenes = {
            "more than a year old": cutoff - 400 * DAY,
            "two days before the cut-off": cutoff - 2 * DAY,
            "a second before the cut-off": cutoff - SECOND,
            "at the cut-off itself": cutoff,
            "a second after the cut-off": cutoff + SECOND,
            "a day after the cut-off": cutoff + DAY,
            "in the night when the clock was set back, before": AUTUMN,
            "in the night when the clock was set back, after": AUTUMN + HOUR,
            "in the night when the clock was put forward": SPRING,
            "of last week": self.tables.fake.scene.now - 7 * DAY,
        }
        for what, when in scenes.items():
            if when < self.tables.fake.scene.now:
                self.call(what, [when])

    def _without_a_date(self) -> None:
        start = next(iter(self.manifest.starts.values()))
        zero: Sequence[Value] = (0, None)
        if not is_epoch(start):
            zero = ("0000-00-00 00:00:00", "", None)
        for value in zero:
            self.call(f"without a date ({value!r})", [None], undated=value)

    def _odd(self) -> None:
        """Text of another encoding in what callers can choose."""
        fixed = {*self.manifest.key, *self.manifest.call_id, *self._tied()}
        chosen = [*self.manifest.personal, *self.manifest.subjects.values()]
        odd: dict[str, Value] = {column: _ODD for column in chosen if column not in fixed}
        if odd:
            self.call("with text of another encoding", [self.tables.cutoff - DAY], given=odd)
            self.call("with such text, to be kept", [self.tables.cutoff + DAY], given=odd)

    def _twins(self) -> None:
        """Rows that nothing tells apart go in one batch, and each counts."""
        if self.manifest.walk not in self.manifest.key:
            when = self.tables.cutoff - 3 * DAY
            given = self._identity(self.tables.row(self.table, when, self._done(when)))
            self.call("twice the same", [when, when], given=given, look="key")

    def _identity(self, row: Mapping[str, Value]) -> dict[str, Value]:
        walk = self.manifest.walk
        return {name: value for name, value in row.items() if name != walk}

    def _repeating_key(self) -> None:
        """A key that comes again after the cut-off never takes the younger row along, nor what
        hangs on both."""
        key, call = self.manifest.key, self.manifest.call_id
        own_call = not call or call[0] not in key
        below = {child.parent_column for child in self.manifest.children}
        hangs = {*(self._tied() - below), *self.tables.starts[self.table], self.manifest.walk}
        hangs |= {part.parent_column for part in self.manifest.parts}
        if not own_call or hangs & set(key) or self.manifest.shared:
            return
        row = self.tables.row(self.table, self.tables.cutoff - 5 * DAY, {})
        same = {name: row[name] for name in key}
        for days, what in ((-5, "whose key comes again"), (5, "with the key of an older one")):
            at = self.tables.cutoff + days * DAY
            self.call(what, [at], given=same, keeps=frozenset(same), look="key")

    def _tied(self) -> set[str]:
        """Columns by which other rows or files belong to this one."""
        tied = {child.parent_column for child in self.manifest.children}
        tied |= {part.parent_column for part in self.manifest.parts}
        link = self.manifest.link
        tied |= {name for name in (link.column, link.folder) if name} if link else set()
        return tied | set(self.manifest.ready) | {self.manifest.end or ""} - {""}

    def _calls(self) -> None:
        if not self.manifest.call_id:
            return
        cutoff, column = self.tables.cutoff, self.manifest.call_id[0]
        if column != self.manifest.walk:
            given = [{column: f"{MARK}-{self.tables.number(None)}-call"} for _ in range(2)]
            self.call("with a leg on either side of the cut-off", [cutoff - DAY, cutoff + DAY],
                      given=given[0], gone=False, look="call_id")  # fmt: skip
            self.call("with two legs, both due", [cutoff - 4 * DAY, cutoff - 3 * DAY],
                      given=given[1], look="call_id")  # fmt: skip
        fixed = {*self.manifest.key, *self._tied(), self.manifest.walk}
        if not fixed & set(self.manifest.call_id) and not self._referees():
            none: dict[str, Value] = dict.fromkeys(self.manifest.call_id)
            self.call("without a call id", [cutoff - DAY], given=none, look="call_id")
            self.call("without a call id, to be kept", [cutoff + DAY], given=none, look="call_id")

    def _referees(self) -> bool:
        starts = self.manifest.starts.values()
        return any(start.referee in self.manifest.call_id for start in starts)

    def _not_done(self) -> None:
        cutoff = self.tables.cutoff
        for column in self.manifest.ready:
            given: dict[str, Value] = {column: f"{MARK}-not-done"}
            self.call(f"whose {column} says that it isn't done", [cutoff - 9 * DAY],
                      given=given, gone=False, look="ready")  # fmt: skip
        end, settle_in = self.manifest.end, timedelta(seconds=self.manifest.settle_in)
        if end and end not in self.tables.starts[self.table] and settle_in > SECOND:
            still: dict[str, Value] = {end: None}
            young = cutoff - settle_in / 2
            self.call("that may still go on", [young], given=still, gone=False, look="end")
            self.call("that never ended", [cutoff - settle_in - DAY], given=still, look="end")

    # --- what hangs on rows ---

    def _copies(self) -> None:
        """Copies of records that are gone are records of their own."""
        for shadow in self.manifest.shadows:
            name = store_name(self.name, shadow.table)
            mine = self.tables.fake.stores[self.name]
            self.tables.fake.stores[name] = replace(mine, table=shadow.table, anchor=self.table)
            for when in (self.tables.cutoff - 6 * DAY, self.tables.cutoff + 6 * DAY):
                values = self.tables.row(shadow.table, when, self._done(when))
                self.tables.fake.rows.append(
                    Row(
                        dataset=name,
                        what=f"a copy in {shadow.table} of a record that is gone",
                        gone=when < self.tables.cutoff and not self.manifest.reads_only,
                        when=when,
                        look="shadows",
                        table=shadow.table,
                        values=values,
                    )
                )

    def _shared(self) -> None:
        """A row that an old and a young call name stays; it is named by the row's own columns."""
        for shared in self.manifest.shared:
            key = self.tables.number(self.tables.cutoff - 10 * DAY)
            named = {reference.column: key for reference in shared.named_by}
            for days in (-10, 10):
                self.call(
                    "that names a shared row", [self.tables.cutoff + days * DAY], shared=named
                )
            self._share(shared.table, shared.key, key, self.tables.cutoff - 10 * DAY, gone=False)

    def _share(
        self, table: str, column: str, key: Value, when: datetime | None, *, gone: bool
    ) -> None:
        self.tables.shared.add((table, key))
        self.tables.fake.rows.append(
            Row(
                dataset=self.name,
                what=f"a shared row of {table}",
                gone=gone,
                when=when,
                counted=False,
                look="shared",
                table=table,
                values=self.tables.row(table, when, {column: key}),
            )
        )

    def _parts(self, known: Mapping[str, TableDataset]) -> None:
        cutoff = self.tables.cutoff
        for part in self.manifest.parts:
            other = Dataset(self.tables, part.dataset, known[part.dataset],
                            tables_of(known[part.dataset])[0])  # fmt: skip
            # Rows that are children there go with what they hang on, not by themselves.
            child = self.table in {c.table for c in all_children(other.manifest.children)}
            kept = not self._deletes() or not other._deletes()
            for days in (-8, 8):
                mine = self.call(
                    f"on which rows of {part.dataset} hang",
                    [cutoff - 8 * DAY],
                    gone=days < 0 and not kept,
                    counted=not child,
                    look="parts",
                )
                given = {part.column: mine.values[part.parent_column]}
                other.call(f"that hangs on {self.name}", [cutoff + days * DAY], given=given)

    def _linked(self) -> None:
        """Rows that name files: the newest leg dates the file, whatever the file says."""
        link = self.manifest.link
        tree = self.tables.manifest.datasets[link.dataset] if link else None
        if not isinstance(tree, TreeDataset) or link is None or not self._deletes():
            return
        if tree.named_by is None or tree.named_by.dataset != self.name:
            return
        cutoff = self.tables.cutoff
        scenes: list[tuple[str, datetime | None, timedelta]] = [
            ("with its file", cutoff - 12 * DAY, -12 * DAY),
            ("with its file, to be kept", cutoff + 12 * DAY, 12 * DAY),
            ("that names an older file", cutoff + 13 * DAY, -13 * DAY),
            ("without a date that names an old file", None, -14 * DAY),
        ]
        for what, when, age in scenes:
            gone = (when or cutoff + age) < cutoff
            file = self.tables.folders.file(
                link.dataset, cutoff + age, what=f"a file of a row {what}", row=when
            )
            if file is None:
                continue
            given = self._naming(file)
            after: dict[str, Value] = {}
            marks: dict[str, Value] = {"blank": "", "deleted": "deleted", "null": None}
            if gone and when is None and link.on_part_gone != "leave":
                after = {link.column: marks[link.on_part_gone]}
            self.call(what, [when], given=given, after=after, look="link")
        lost = self.tables.fake.root(tree.root) / f"{MARK}-lost.{tree.extensions[0]}"
        self.call("that names a file that isn't there", [cutoff - 11 * DAY],
                  given=self._naming(os.fsencode(lost)), look="link")  # fmt: skip

    def _naming(self, file: bytes) -> dict[str, Value]:
        """What a row holds that names a file."""
        link = self.manifest.link
        assert link is not None  # noqa: S101  (asked before)
        folder, _, base = file.decode().rpartition("/")
        if link.prefix:
            base = base.removeprefix(link.prefix).partition(".")[0]
        value = quote(base) if link.form == "url" else base
        named: dict[str, Value] = {link.column: value}
        return named | ({link.folder: folder} if link.folder else {})

    # --- one call ---

    def _deletes(self) -> bool:
        return not self.manifest.reads_only

    def _done(self, when: datetime | None) -> dict[str, Value]:
        """Columns that say that nothing more comes."""
        done: dict[str, Value] = {
            column: next((v for v in values if v is not None), None)
            for column, values in self.manifest.ready.items()
        }
        link = self.manifest.link
        if link:
            done |= {link.column: ""} if link.column not in self.manifest.key else {}
            done |= {link.folder: ""} if link.folder else {}
        end = self.manifest.end
        if end and end not in self.tables.starts[self.table] and when:
            start = next(iter(self.manifest.starts.values()))
            done[end] = written(when + SECOND, start, self.tables.fake.scene.zone)
        return done

    def call(
        self,
        what: str,
        legs: Sequence[datetime | None],
        *,
        given: Mapping[str, Value] | None = None,
        gone: bool | None = None,
        undated: Value = None,
        after: Mapping[str, Value] | None = None,
        shared: Mapping[str, Value] | None = None,
        counted: bool = True,
        keeps: Set[str] = frozenset(),
        look: str = "starts",
    ) -> Row:
        """One call of one or more legs with all that belongs to them; returns the first leg's row.
        Without ``gone`` it goes when every leg lies before the cut-off; rows below that hang on a
        column in ``keeps`` stay all the same."""
        due = all(when is not None and when < self.tables.cutoff for when in legs)
        goes = (due if gone is None else gone) and self._deletes()
        made: list[Row] = []
        for when in legs:
            filled = self._done(when) | dict(given or {}) | self._own_shared(shared)
            row = Row(
                dataset=self.name,
                what=what,
                gone=goes,
                when=when,
                counted=counted,
                look=look,
                table=self.table,
                values=self.tables.row(self.table, when, filled, undated=undated),
                after=dict(after or {}),
            )
            leg = [row, *self._children(row, self.manifest.children, shared, keeps)]
            made += [*leg, *self._shadows(row)]
            if shared is None:
                self._name_shared(leg)
        self.tables.fake.rows += made
        return made[0]

    def _own_shared(self, shared: Mapping[str, Value] | None) -> dict[str, Value]:
        named = [n for s in self.manifest.shared for n in s.named_by if n.table == self.table]
        return {n.column: shared[n.column] for n in named if shared and n.column in shared}

    def _children(
        self,
        parent: Row,
        children: Sequence[Child],
        shared: Mapping[str, Value] | None,
        keeps: Set[str] = frozenset(),
    ) -> Iterator[Row]:
        """Two rows below for each declared table, and two below each of these."""
        for child in children:
            for _ in range(2):
                given = {child.column: parent.values[child.parent_column]}
                given |= {k: v for k, v in (shared or {}).items() if self._names(child.table, k)}
                row = Row(
                    dataset=self.name,
                    what=f"a row of {child.table} below one {self._plainly(parent.what)}",
                    gone=parent.gone and child.parent_column not in keeps,
                    when=parent.when,
                    counted=False,
                    look="children",
                    table=child.table,
                    values=self.tables.row(child.table, parent.when, given),
                )
                yield row
                yield from self._children(row, child.children, shared)

    @staticmethod
    def _plainly(what: str) -> str:
        return what.partition(" below one ")[2] or what

    def _names(self, table: str, column: str) -> bool:
        named = [n for s in self.manifest.shared for n in s.named_by]
        return any((n.table, n.column) == (table, column) for n in named)

    def _shadows(self, row: Row) -> Iterator[Row]:
        for shadow in self.manifest.shadows:
            yield Row(
                dataset=self.name,
                what=f"the copy in {shadow.table} of one {row.what}",
                gone=row.gone,
                when=row.when,
                counted=False,
                look="shadows",
                table=shadow.table,
                values=dict(row.values),
                after=dict(row.after),
            )

    def _name_shared(self, leg: Sequence[Row]) -> None:
        """A shared row of its own for each row that names one."""
        for entry in self.manifest.shared:
            for named in entry.named_by:
                for row in leg:
                    if row.table == named.table:
                        key = row.values[named.column]
                        if (entry.table, key) not in self.tables.shared:  # twins name one
                            self._share(entry.table, entry.key, key, row.when, gone=row.gone)
