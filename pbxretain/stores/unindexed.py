"""Which foreign keys make the server read a whole table for every row that goes?

A server asks each referring table whether a row that goes is still named there. MySQL and MariaDB
index such columns by themselves; PostgreSQL and SQLite don't, and then each deleted row costs one
pass over the referring table (measured: 1,360 times as long).
"""
# ruff: noqa: S608  (identifiers are quoted by the dialect; values are never in the text)

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pbxretain.stores.database import Session
from pbxretain.stores.dialects import Sql
from pbxretain.stores.schema import Shape


@dataclass(frozen=True, slots=True, order=True)
class Referring:
    """A column with a foreign key onto a table whose rows go."""

    table: str
    column: str
    onto: str


def unindexed(opened: Session, shape: Shape) -> list[Referring]:
    """The foreign keys onto a table that no index of the referring table serves."""
    if not shape.referring:
        return []
    if opened.dialect.name == "postgresql":
        return sorted(_postgresql(opened, shape))
    if opened.dialect.name == "sqlite":
        return sorted(_sqlite(opened, shape))
    return []


def _postgresql(opened: Session, shape: Shape) -> Iterator[Referring]:
    """An index serves when it begins with a column of the key, and covers every row that has one;
    ``col IS NOT NULL`` leaves out only what never matches."""
    onto = Sql("CAST(%s AS regclass)", (opened.dialect.table(shape.table),))
    found = opened.rows(
        "SELECT CASE WHEN pg_table_is_visible(t.oid) THEN t.relname"
        " ELSE n.nspname || '.' || t.relname END, a.attname"
        " FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid"
        " JOIN pg_namespace n ON n.oid = t.relnamespace"
        " JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]"
        " WHERE k.contype = 'f' AND k.confrelid = " + onto + " AND NOT EXISTS ("
        "SELECT 1 FROM pg_index i JOIN pg_attribute f ON f.attrelid = i.indrelid"
        " AND f.attnum = i.indkey[0] WHERE i.indrelid = k.conrelid AND i.indisvalid"
        " AND i.indkey[0] = ANY(k.conkey) AND (i.indpred IS NULL OR"
        " pg_get_expr(i.indpred, i.indrelid) = format('(%%I IS NOT NULL)', f.attname)))"
    )
    for table, column in found:
        yield Referring(_text(table), _text(column), shape.table)


def _sqlite(opened: Session, shape: Shape) -> Iterator[Referring]:
    for table, _ in shape.referring:
        served = {column.lower() for column in _leading(opened, table)}
        for _, place, onto, column, *_ in _pragma(opened, "foreign_key_list", table):
            if _text(onto).lower() != shape.table.lower() or _text(place) != "0":
                continue
            if _text(column).lower() not in served:
                yield Referring(table, _text(column), shape.table)


def _leading(opened: Session, table: str) -> Iterator[str]:
    """The first column of each index of an SQLite table, its primary key included."""
    for row in _pragma(opened, "table_info", table):
        if _text(row[5]) == "1":
            yield _text(row[1])
    for row in _pragma(opened, "index_list", table):
        for place, _, column in _pragma(opened, "index_info", _text(row[1])):
            if _text(place) == "0" and column is not None:
                yield _text(column)


def _pragma(opened: Session, name: str, of: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in opened.rows(f"PRAGMA {name}({opened.dialect.quote(of)})")]


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
