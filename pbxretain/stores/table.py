"""Which rows of a database table are due, and how do they go without harming any other?

One opened dataset of kind ``table`` (``records.Store``). The time is part of a record's key: a key
that repeats after the cut-off never takes the younger row along. SQL decides what it can decide
with certainty; rows whose time has two readings are read one by one.
"""
# ruff: noqa: S608  (identifiers are quoted by the dialect; values are never in the text)

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Engine

from pbxretain.errors import StoreError, UnavailableError
from pbxretain.manifest import Link, Part, TableDataset, all_children
from pbxretain.records import (
    Advice,
    BatchName,
    Bits,
    Bounds,
    Census,
    Cursor,
    Facets,
    Found,
    Intent,
    Itemised,
    Record,
    Redaction,
    Selection,
    Sought,
    Taken,
    Ties,
)
from pbxretain.records import Session as SessionId
from pbxretain.stores.batches import (
    Deleter,
    TableBatch,
    Wanted,
    bounds_of,
    remove_and_look,
    remove_copies,
)
from pbxretain.stores.database import (
    Row,
    Session,
    database_clock,
    kind_of,
    session,
    table_exists,
)
from pbxretain.stores.dialects import Dialect, Sql, all_of, dialect_named
from pbxretain.stores.facets import claimed
from pbxretain.stores.reading import hands_back, needed_columns, read_start
from pbxretain.stores.redacting import Redacting
from pbxretain.stores.rights import advice, redaction_advice, refuse_unreadable
from pbxretain.stores.rows import CHUNK, Layout
from pbxretain.stores.schema import (
    Shape,
    read_shape,
    refuse_child_drift,
    refuse_drift,
    refuse_part_drift,
    refuse_unlike,
)
from pbxretain.stores.settling import end_session, session_id
from pbxretain.stores.shared import SharedRows, open_shared
from pbxretain.stores.sparing import own_rows, spared
from pbxretain.stores.times import Timeless
from pbxretain.stores.walks import Passage, Position, Scope, Walk, Window, passage

_TIMELESS = "~"
"""Behind a start event's name: records without a time are reached, too."""

if TYPE_CHECKING:
    from pbxretain.stores.naming import LinkNaming


ITEMISED = 5000
"""Rows read at a time for a plan file."""


def open_table(
    *,
    name: str,
    dataset: TableDataset,
    engine: Engine,
    zone: ZoneInfo,
    table: str | None = None,
    returning: bool | None = None,
    guard: Callable[[], None] | None = None,
    parts: Sequence[tuple[Part, TableStore]] = (),
) -> TableStore:
    """Opens one table dataset. ``zone`` is the source's; ``table`` overrides the manifest's name;
    ``parts`` are the opened datasets whose rows hang on this one's records.

    ``returning``: whether deletes hand back their rows; asked of the server by default. ``guard``
    is called before each commit and raises to stop it. Raises DriftError, UnavailableError.
    """
    actual = table or dataset.table
    with session(engine) as opened:
        shape = read_shape(engine, opened, actual, name)
        hanging = [other.shape.table for _, other in parts]
        refuse_drift(shape, dataset, name=name, needed=needed_columns(dataset), parts=hanging)
        for part, other in parts:
            refuse_part_drift(other.shape, part, name=name)
        able = hands_back(opened) if returning is None else returning
        store = TableStore(name, dataset, engine, zone, shape, returning=able)
        store.children = _open_children(store, opened)
        refuse_unreadable(store, opened)
        for start in dataset.starts:
            store.open_start(opened, start)
        store.shared_rows = open_shared(store, opened)
    store.guard = guard
    store.parts = parts
    return store


def store_name(dataset: str, table: str) -> str:
    """A name for one of several tables of a dataset, as evidence accepts it."""
    return f"{dataset}-{re.sub('[^a-z0-9]+', '-', table.lower())}"[:63].rstrip("-")


def _open_children(store: TableStore, opened: Session) -> dict[str, Shape]:
    """The tables below, by name. Raises DriftError; children that this version lacks, or has as a
    view that holds nothing of its own, are passed by where the manifest says so (``may_lack``)."""
    found: dict[str, Shape] = {}
    for child in all_children(store.manifest.children):
        if child.table in store.manifest.may_lack and kind_of(opened, child.table) != "table":
            continue
        shape = read_shape(store.engine, opened, child.table, store.dataset)
        refuse_child_drift(shape, child, store.manifest, name=store.dataset)
        found[child.table] = shape
    return found


class TableStore:
    """One table of one source. One thread; ``repr`` shows the dataset's name."""

    def __init__(
        self,
        name: str,
        dataset: TableDataset,
        engine: Engine,
        zone: ZoneInfo,
        shape: Shape,
        *,
        returning: bool,
        anchor: TableStore | None = None,
    ) -> None:
        self.dataset = name
        self.data_class: str = dataset.data
        self.dialect: Dialect = dialect_named(engine.dialect.name)
        self.encoding = self.dialect.encoding
        self.guard: Callable[[], None] | None = None
        self.manifest = dataset
        self.engine = engine
        self.shape = shape
        self.zone = zone
        self.table = self.dialect.table(shape.table)
        self.anchor = anchor
        self._returning = returning
        self._layouts: dict[str, Layout] = {}
        self._walks: dict[str, Walk | None] = {}
        self._writer: Session | None = None
        self._shadows: list[TableStore] | None = None
        self._redacting: Redacting | None = None
        self._walked: set[Passage] = set()
        self.children: Mapping[str, Shape] = {}
        self.shared_rows: Sequence[SharedRows] = ()
        self.parts: Sequence[tuple[Part, TableStore]] = ()

    def __repr__(self) -> str:
        return f"<table store {self.dataset}>"

    # --- opening ---

    def open_start(self, opened: Session, name: str) -> None:
        """Decides for one start event how its column is read and how the table is walked."""
        self._layouts[name], self._walks[name] = read_start(
            opened,
            name=self.dataset,
            dataset=self.manifest,
            start=name,
            zone=self.zone,
            shape=self.shape,
            children=self.children,
        )

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The key columns that this table has, in manifest order."""
        return next(iter(self._layouts.values())).key

    @property
    def identity_columns(self) -> tuple[str, ...]:
        """Key, start event and call id: what an anchor and its copy have in common."""
        layouts = self._layouts.values()
        first = next(iter(layouts))
        times = (each.time.column for each in layouts)
        return tuple(dict.fromkeys((*first.key, *times, *first.call)))

    def among(self, column: str, values: Sequence[bytes]) -> Sql:
        """Rows with one of these texts in the column, by index where there is one."""
        return self.shape.among(self.dialect, column, values)

    def layout(self, start: str) -> Layout:
        """The columns under one start event, or (``timeless``) under whatever time."""
        if start.endswith(_TIMELESS):
            layout = self._layouts[start.removesuffix(_TIMELESS)]
            return replace(layout, time=Timeless.of(layout.time))
        return self._layouts[start]

    def reached(self, selection: Selection) -> Selection:
        """The selection as it is read here: one that reaches records without a time names a start
        event that says so, also to whoever settles a batch of it."""
        if not selection.timeless:
            return selection
        return replace(selection, start=f"{selection.start}{_TIMELESS}")

    def layouts(self) -> Sequence[Layout]:
        """The columns under each start event, in manifest order."""
        return list(self._layouts.values())

    def redacting(self, redaction: Redaction) -> Redacting:
        """How rows of this table are brought into redacted form."""
        if self._redacting is None or self._redacting.redaction is not redaction:
            self._redacting = Redacting(self, redaction)
        return self._redacting

    def close(self) -> None:
        self._drop()
        for shadow in self._shadows or []:
            shadow.close()

    def _drop(self) -> None:
        if self._writer is not None:
            self._writer.rollback()
            self._writer.close()
            self._writer = None

    def _session(self) -> Session:
        if self._writer is None or self._writer.closed:
            self._writer = Session(self.engine)
        return self._writer

    # --- looking ---

    def check(self) -> Sequence[Advice]:
        return advice(self)

    def check_redaction(self, redaction: Redaction) -> Sequence[Advice]:
        """As ``check``, for bringing records into redacted form."""
        return redaction_advice(self, redaction)

    def clock(self) -> datetime | None:
        return database_clock(self.engine)

    def walks(self) -> Mapping[str, Walk | None]:
        """How each start event is walked; None where there is no cheap way."""
        return self._walks

    def straddlers(self, selection: Selection) -> frozenset[bytes]:
        from pbxretain.stores.counting import find_straddlers

        with session(self.engine) as opened:
            found = find_straddlers(self, opened, selection)
        return found | self.anchor.straddlers(selection) if self.anchor else found

    def _fetch(self, opened: Session, layout: Layout, where: Sql) -> list[Row]:
        return opened.rows(f"SELECT {layout.fetched} FROM {self.table} WHERE " + where)

    def census(self, selection: Selection) -> Census:
        from pbxretain.stores.counting import count_table

        with session(self.engine) as opened:
            census = count_table(self, opened, selection)
        walk = self._walks[selection.start]
        if census.due and walk is not None and passage(selection) in self._walked:
            walk.restart()  # something lies behind the boundary: the next walk looks everywhere
        return census

    def scan(self, selection: Selection) -> Iterator[Record]:
        layout = self._layouts[selection.start]
        with session(self.engine) as opened:
            where = all_of(layout.time.possible(selection.cutoff), spared(self, opened, selection))
            rows = self._fetch(opened, layout, where)
        pairs = [(layout.taken(row), row) for row in rows]
        due = [
            (t, row)
            for t, row in pairs
            if t is not None
            and t.when < selection.cutoff
            and t.identity not in selection.excluded_keys
        ]
        for taken, row in sorted(due, key=lambda pair: (pair[0].when, pair[0].identity)):
            label = " → ".join((s or b"").decode(errors="replace") for s in taken.subjects)
            yield Record(when=taken.when, label=label, call=layout.call_id(row))

    def itemise(self, selection: Selection, *, everything: bool = False) -> Iterator[Itemised]:
        """See ``records.Store``: window by window, along a walk of its own to the very end."""
        chosen = selection.bare if everything else selection
        walk = copy(self._walk(chosen.start))
        walk.restart()
        scope = self._scope(chosen)
        with session(self.engine) as opened:
            deleter = self._deleter(opened, chosen)
            window = walk.window(opened, scope, after=None, limit=ITEMISED)
            while window is not None:
                wanted = self._wanted(opened, chosen, window, frozenset())
                if everything:
                    wanted = replace(wanted, spare=own_rows(self, chosen) or Sql("1=1"))
                yield from map(Itemised.of, deleter.look(wanted))
                if window.next is None:
                    return
                window = walk.window(opened, scope, after=window.next, limit=ITEMISED)

    def search(self, sought: Sought, *, start: str | None = None) -> Iterator[Found]:
        from pbxretain.stores.searching import search_table

        return search_table(self, sought, start=start)

    def of_calls(self, calls: frozenset[bytes]) -> Iterator[Found]:
        """Every record of these calls, due or not."""
        from pbxretain.stores.searching import table_of_calls

        return table_of_calls(self, calls)

    def alike(self, identities: Iterable[bytes], *, start: str) -> Counter[bytes]:
        """How many rows have each of these identities."""
        from pbxretain.stores.searching import count_alike

        return count_alike(self, identities, start=start)

    # --- taking ---

    def take(
        self,
        selection: Selection,
        *,
        limit: int,
        after: Cursor | None,
        skip: frozenset[bytes],
        name: BatchName,
    ) -> TableBatch:
        del name  # rows need no names on disk
        opened = self._session()
        opened.rollback()
        if selection.chosen is not None:
            reached = self.reached(selection)
            return self._take_chosen(opened, reached, skip, limit=limit, after=after)
        walk = self._walk(selection.start)
        scope = self._scope(selection)
        position = after if isinstance(after, Position) else None
        path = passage(selection)
        if position is None and path in self._walked:
            walk.restart()  # whoever walks again found something behind the boundary
        while True:
            window = walk.window(opened, scope, after=position, limit=limit)
            position = window.next if window else None
            batch = self._batch(opened, selection, window, position, skip, alone=limit == 1)
            if batch.taken or position is None:
                if position is None:
                    self._walked.add(path)
                return batch
            batch.rollback()

    def second(self, selection: Selection) -> TableStore | None:
        """The same dataset over a connection of its own, which takes the next batch while one is in
        hand. None where a batch is more than its own rows or the server gains nothing by it, and
        where no connection is to be had: then one does it."""
        if not self._row_by_row(selection):
            return None
        self._session()  # before the other: where only one is to be had it must be this
        second = copy(self)
        second._writer = None
        try:
            second._session()
        except UnavailableError:
            return None
        return second

    def _row_by_row(self, selection: Selection) -> bool:
        """Whether a batch deletes its rows and touches nothing else: then two can't get in each
        other's way. MariaDB would let two transactions fight over pages and gaps."""
        beyond = (self.children, self.shared_rows, self.parts, self.shape.triggers)
        linked = any(layout.link for layout in self.layouts())
        bound = (self.shape.referring, linked, self.anchor, selection.redact)
        return (
            self.dialect.name == "postgresql"
            and self.shape.transactional
            and selection.chosen is None
            and not any((*beyond, *bound))
            and not self.shadow_stores()
        )

    def _take_chosen(
        self,
        opened: Session,
        selection: Selection,
        skip: frozenset[bytes],
        *,
        limit: int,
        after: Cursor | None,
    ) -> TableBatch:
        """Records that are singled out go by their keys; no walk is needed."""
        keys = sorted(selection.chosen or ())
        begin = int(after.at or 0) if isinstance(after, Position) else 0
        while True:
            end = begin + min(limit, CHUNK)
            part = replace(selection, chosen=frozenset(keys[begin:end]))
            following = Position(end) if end < len(keys) else None
            window = Window(Sql("1=1"), following) if part.chosen else None
            batch = self._batch(opened, part, window, following, skip, alone=limit == 1)
            if batch.taken or following is None:
                return batch
            batch.rollback()
            begin = end

    def _scope(self, selection: Selection) -> Scope:
        time = self._layouts[selection.start].time.cheaply
        return Scope(
            possible=all_of(time.possible(selection.cutoff), own_rows(self, selection)),
            time=time,
            cutoff=selection.cutoff,
            settle_in=self.manifest.settle_in,
        )

    def _walk(self, start: str) -> Walk:
        walk = self._walks[start]
        if walk is None:
            column = self._layouts[start].time.column
            raise StoreError(
                f"Dataset {self.dataset}: {self.shape.table} has no index to delete along.",
                hint=f"CREATE INDEX pbxretain_{column} ON {self.table} ({column})",
                code="NO_INDEX",
            )
        return walk

    def _batch(
        self,
        opened: Session,
        selection: Selection,
        window: Window | None,
        position: Position | None,
        skip: frozenset[bytes],
        *,
        alone: bool,
    ) -> TableBatch:
        deleter = self._deleter(opened, selection)
        taken: Sequence[Taken] = []
        identity = removal = None
        if window is not None:
            wanted = self._wanted(opened, selection, window, skip)
            if not self.shape.transactional:
                taken = deleter.look(wanted)
                removal = self._remover(selection, wanted.spare)
            else:
                taken, identity = self._delete(opened, deleter, wanted, alone=alone)
        return TableBatch(
            taken=taken,
            cursor=position,
            exhausted=position is None,
            bounds=self._bounds(selection, taken),
            session=identity or (session_id(opened) if taken else None),
            database=opened,
            guard=self.guard,
            shadows=lambda gone: self._sweep(selection, gone),
            removal=removal,
            also=deleter.also,
        )

    def _deleter(self, opened: Session, selection: Selection) -> Deleter:
        if selection.redact is not None:
            return self.redacting(selection.redact).redactor(opened, selection.start)
        return Deleter(
            session=opened,
            table=self.table,
            layout=self.layout(selection.start),
            shape=self.shape,
            children=[c for c in self.manifest.children if c.table in self.children],
            shapes=self.children,
            returning=self._returning,
        )

    def _delete(
        self, opened: Session, deleter: Deleter, wanted: Wanted, *, alone: bool
    ) -> tuple[Sequence[Taken], SessionId | None]:
        """``alone``: the smallest batch; what the server refuses there is named to the run."""
        opened.begin()
        try:
            taken = deleter.take(wanted)
            return taken, session_id(opened) if taken else None
        except StoreError as error:
            opened.rollback()
            if alone and error.code == "REFUSED":
                error.identity = deleter.refused(wanted)
            raise
        except BaseException:
            opened.rollback()
            raise

    def _wanted(
        self, opened: Session, selection: Selection, window: Window, skip: frozenset[bytes]
    ) -> Wanted:
        layout = self.layout(selection.start)
        time = layout.time.cheaply
        sure = time.all_certain(window.below, selection.cutoff)
        return Wanted(
            window=window.where,
            certain=time.certain(selection.cutoff),
            doubtful=None if sure else time.doubtful(selection.cutoff),
            spare=spared(self, opened, selection, window.where),
            cutoff=selection.cutoff,
            forbidden=skip | {key for key in selection.excluded_keys if layout.fits(key)},
        )

    def _bounds(self, selection: Selection, taken: Sequence[Taken]) -> Bounds:
        layout = self.layout(selection.start)
        by_id = layout.keep_locator and layout.locator != "ctid"
        bounds = bounds_of(taken, start=selection.start, by_id=by_id)
        return {**bounds, "redact": selection.redact.code} if selection.redact else bounds

    def _remover(self, selection: Selection, spare: Sql) -> Callable[[Sequence[Taken]], Bits]:
        start = selection.start
        if selection.redact is not None:
            redacting = self.redacting(selection.redact)
            return lambda taken: redacting.redact_and_look(
                self._session(), start, taken, spare=spare
            )
        layout = self.layout(start)
        return lambda taken: remove_and_look(
            self._session(), self.table, layout, taken, spare=spare
        )

    # --- holds ---

    def telling(self, facets: Facets) -> tuple[Ties, Ties]:
        """See ``records.Store``."""
        from pbxretain.stores.tied import telling

        return telling(self, facets)

    def ties(self, of: Ties) -> Ties:
        """See ``records.Store``."""
        from pbxretain.stores.tied import ties

        return ties(self, of)

    # --- shared rows ---

    def sweep(self, selection: Selection) -> Mapping[str, int]:
        """See ``records.Store``."""
        if not self.shared_rows:
            return {}
        with session(self.engine) as opened:
            return {rows.table: rows.sweep(opened, selection) for rows in self.shared_rows}

    # --- shadows ---

    def shadow_stores(self) -> Sequence[TableStore]:
        """The shadow tables that exist, each a dataset of its own for rows without an anchor."""
        if self._shadows is None:
            self._shadows = [
                self._open_shadow(shadow.table)
                for shadow in self.manifest.shadows
                if table_exists(self.engine, shadow.table) or not shadow.optional
            ]
        for shadow in self._shadows:
            shadow.guard = self.guard
        return self._shadows

    def _open_shadow(self, table: str) -> TableStore:
        triggers = [t for t in self.manifest.triggers if t.table == table]
        here = set(self.shape.columns)
        manifest = self.manifest.model_copy(
            update={
                "table": table,
                "shadows": [],
                "children": [],
                "shared": [],
                "parts": [],
                "triggers": triggers,
                "keep_newest": 0,
                "cascades": [],
                "may_lack": [c for c in self.manifest.may_lack if c not in here],
            }
        )
        name = store_name(self.dataset, table)
        with session(self.engine) as opened:
            shape = read_shape(self.engine, opened, table, name)
            refuse_drift(shape, manifest, name=name, needed=needed_columns(manifest))
            refuse_unlike(self.shape, shape, [*manifest.key, *manifest.call_id], name=name)
            store = TableStore(
                name,
                manifest,
                self.engine,
                self.zone,
                shape,
                returning=self._returning,
                anchor=self,
            )
            refuse_unreadable(store, opened)
            for start in manifest.starts:
                store.open_start(opened, start)
        return store

    def _sweep(self, selection: Selection, gone: Sequence[Taken]) -> Mapping[str, int]:
        """Copies of rows that went, deleted or redacted by exact identity."""
        swept: Counter[str] = Counter()
        start, opened = selection.start, self._session()
        for shadow in self.shadow_stores():
            if selection.redact is not None:
                count = shadow.redacting(selection.redact).redact_copies(opened, start, gone)
            else:
                count = remove_copies(opened, shadow.table, shadow.layout(start), gone)
            swept[shadow.shape.table] += count
        return swept

    # --- settling ---

    def settle(self, intent: Intent) -> Bits:
        return self.settle_part(intent, None)

    def settle_part(self, intent: Intent, part: Selection | None) -> Bits:
        """As ``settle``, for a batch that took only rows which ``part`` claims."""
        self._drop()
        verdict = end_session(self.engine, intent.session)
        code = intent.bounds.get("redact")
        redaction = Redaction.read(str(code)) if code else None
        with session(self.engine) as opened:
            present = list(self._present(opened, intent.bounds, redaction))
            mine = list(self._present(opened, intent.bounds, redaction, part)) if part else present
            bits: Bits = intent.compare(mine) if verdict is None else [verdict] * intent.count
            if any(bits):
                still = frozenset(identity for identity, _ in present)
                for shadow in self.shadow_stores():
                    if redaction is not None:
                        shadow.redacting(redaction).redact_matching(opened, intent, still)
                    else:
                        shadow.remove_matching(opened, intent, still)
        return bits

    def _present(
        self,
        opened: Session,
        bounds: Bounds,
        redaction: Redaction | None,
        part: Selection | None = None,
    ) -> Iterator[tuple[bytes, bytes]]:
        """What a dead batch may have left as it was: rows, under a redaction those not redacted."""
        layout = self.layout(str(bounds["start"]))
        where = self.within(layout, bounds)
        if redaction is not None:
            where = all_of(where, self.redacting(redaction).missing())
        if part is not None:
            where = all_of(where, claimed(self, part))
        for row in self._fetch(opened, layout, where):
            taken = layout.taken(row)
            if taken is not None:
                yield taken.identity, taken.locator

    def within(self, layout: Layout, bounds: Bounds) -> Sql:
        """Rows near a dead batch's."""
        if bounds.get("id_from") is not None and layout.keep_locator:
            edges = (bounds["id_from"], bounds["id_to"])
            return Sql(f"{layout.locator} >= %s AND {layout.locator} < %s", edges)
        if bounds.get("from") is None:
            return Sql("1=1")
        return layout.time.days(str(bounds["from"]), str(bounds["to"]))

    def remove_matching(self, opened: Session, intent: Intent, still: frozenset[bytes]) -> None:
        """A shadow's rows that belong to a settled batch and whose anchor is gone."""
        bounds = {k: v for k, v in intent.bounds.items() if not k.startswith("id_")}
        layout = self.layout(str(bounds["start"]))
        rows = self._fetch(opened, layout, self.within(layout, bounds))
        records = [t for t in map(layout.taken, rows) if t is not None]
        mine = [t for t in records if t.identity not in still and intent.matches(t.identity)]
        remove_copies(opened, self.table, layout, mine)

    def tidy(self, installation: str) -> int:
        """Nothing of a table is ever renamed."""
        del installation
        return 0

    # --- rows that name files ---

    def naming(self) -> LinkNaming:
        """The link column, for the tree store whose files it names. StoreError without one."""
        from pbxretain.stores.naming import LinkNaming

        link: Link | None = self.manifest.link
        layout = next(iter(self._layouts.values()))
        if link is None or layout.link is None:
            raise StoreError(f"Dataset {self.dataset} names no files.", code="NO_LINK")
        return LinkNaming(self, link, layout)
