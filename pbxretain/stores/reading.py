"""How is one table read: which columns, which reading of its time, and along what is it walked?

A time column without an index is never scanned batch by batch: then an ascending id or the
table's own blocks lead, and where nothing does there is no walk.
"""
# ruff: noqa: S608  (identifiers are quoted by the dialect; values are never in the text)

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from zoneinfo import ZoneInfo

from pbxretain.errors import DriftError
from pbxretain.manifest import TableDataset
from pbxretain.stores.database import Session
from pbxretain.stores.rows import Layout
from pbxretain.stores.schema import Shape
from pbxretain.stores.times import SAMPLE, TimeColumn, time_column
from pbxretain.stores.walks import SMALL, BlockWalk, IdWalk, TimeWalk, Walk


def needed_columns(dataset: TableDataset) -> list[str]:
    """The columns without which the manifest can't be followed, each once."""
    names = [*dataset.key, *dataset.call_id, *dataset.subjects.values()]
    names += [dataset.walk] if dataset.walk else []
    names += [*dataset.ready, *([dataset.end] if dataset.end else [])]
    names += [part.parent_column for part in dataset.parts]
    names += [column for facet in dataset.facets.values() for column in facet.all_columns]
    link = dataset.link
    names += [name for name in (link.column, link.folder) if name] if link else []
    names += [start.referee for start in dataset.starts.values() if start.referee]
    return list(dict.fromkeys([*names, *(child.parent_column for child in dataset.children)]))


def hands_back(opened: Session) -> bool:
    """Whether a delete of this server can return its rows (RETURNING)."""
    if opened.dialect.name == "sqlite":
        return sqlite3.sqlite_version_info >= (3, 35)
    if opened.dialect.name == "postgresql":
        return True
    version = opened.value("SELECT VERSION()") or b""
    return isinstance(version, bytes) and b"MariaDB" in version


def read_start(
    opened: Session,
    *,
    name: str,
    dataset: TableDataset,
    start: str,
    zone: ZoneInfo,
    shape: Shape,
    children: Collection[str],
) -> tuple[Layout, Walk | None]:
    """Columns and walk under one start event; no walk where nothing is cheap to go along.

    ``name`` is the dataset's, for errors; ``zone`` the source's; ``children`` are the tables below
    that this version has. Raises DriftError.
    """
    declared = dataset.starts[start]
    column = next((c for c in declared.columns if shape.has(c)), None)
    if column is None:
        raise DriftError(
            f"Dataset {name}: {shape.table} has no column {declared.columns[0]}.",
            hint="compare the connector manifest with the table",
        )
    dialect = opened.dialect
    quoted, filled = dialect.quote(column), dialect.filled(column)
    table = dialect.table(shape.table)
    sample = opened.rows(f"SELECT {quoted} FROM {table} WHERE {filled} LIMIT {SAMPLE}")
    time = time_column(
        dialect=dialect,
        column=column,
        declared=shape.columns[column],
        start=declared,
        zone=zone,
        dataset=name,
        sample=[row[0] for row in sample],
    )
    walk = _walk(opened, dataset, shape, time)
    return _layout(dataset, shape, time, walk, children=children), walk


def _walk(opened: Session, dataset: TableDataset, shape: Shape, time: TimeColumn) -> Walk | None:
    dialect = opened.dialect
    table = dialect.table(shape.table)
    if time.direct and shape.indexed(time.column):
        return TimeWalk(table)
    if dataset.walk and shape.has(dataset.walk):
        return IdWalk(table, dialect.quote(dataset.walk))
    if dialect.name == "sqlite" and shape.plain:
        return IdWalk(table, "rowid")
    if (
        dialect.name == "postgresql"
        and shape.plain
        and opened.number("SELECT current_setting('server_version_num')") >= 140_000
    ):
        return BlockWalk(table)
    return TimeWalk(table) if (shape.rows or 0) <= SMALL else None


def _layout(
    dataset: TableDataset,
    shape: Shape,
    time: TimeColumn,
    walk: Walk | None,
    *,
    children: Collection[str],
) -> Layout:
    here = list(shape.columns)
    key = tuple(c for c in dataset.key if c in here)
    call = tuple(c for c in dataset.call_id if c in here)
    subjects = tuple(c for c in dataset.subjects.values() if c in here)
    link = dataset.link
    below = [child for child in dataset.children if child.table in children]
    parents = tuple(child.parent_column for child in below)
    named = [link.column, link.folder] if link else []
    extra = [column for column in named if column and column in here]
    referee = [time.referee] if time.referee and time.referee in here else []
    columns = dict.fromkeys([*key, time.column, *call, *subjects, *referee, *extra, *parents])
    own = time.dialect.locator if shape.plain else None
    return Layout(
        dialect=time.dialect,
        key=key,
        call=call,
        subjects=subjects,
        link=link.column if link and link.column in here else None,
        parents=parents,
        locator=(walk.locator if walk else None) or own,
        keep_locator=walk is not None and walk.locator is not None,
        time=time,
        columns=tuple(columns),
    )
