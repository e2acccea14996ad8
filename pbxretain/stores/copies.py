"""Does a database hold a table that looks like a copy of call data and that nobody declared?

Admins copy a call log before they change something, add-ons keep one of their own: such a table
would outlive every run. It refuses the source until somebody says what it is. Only names of tables
and columns are read. MySQL and MariaDB show a login no table on which it has no right at all, so
with the least rights a copy there goes unseen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from pbxretain.errors import DriftError
from pbxretain.manifest import TableDataset
from pbxretain.stores.database import Session

MANY_PERSONAL = 2
"""A key and a date alone are common; with so many personal columns beside them it's a copy."""

_COLUMNS = {
    "mysql": (
        "SELECT t.TABLE_NAME, c.COLUMN_NAME FROM information_schema.TABLES t"
        " JOIN information_schema.COLUMNS c ON c.TABLE_SCHEMA = t.TABLE_SCHEMA"
        " AND c.TABLE_NAME = t.TABLE_NAME"
        " WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'BASE TABLE'"
    ),
    "postgresql": (
        "SELECT CAST(c.relname AS text), CAST(a.attname AS text) FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'"
        " AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
    ),
    "sqlite": (
        "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c"
        " WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite!_%' ESCAPE '!'"
    ),
}


def columns_of(opened: Session) -> Mapping[str, frozenset[str]]:
    """The columns of every table that the login may see, by table."""
    found: dict[str, set[str]] = {}
    for table, column in opened.rows(_COLUMNS[opened.dialect.name]):
        found.setdefault(_text(table), set()).add(_text(column).lower())
    return {table: frozenset(columns) for table, columns in found.items()}


def lookalikes(
    tables: Mapping[str, frozenset[str]], datasets: Sequence[TableDataset], known: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Tables that nobody knows and that have what makes a dataset: its key, its start event and
    half of what else is personal. Yields (table, the table that it looks like)."""
    names = {name.rpartition(".")[2].lower() for name in known}
    for table, columns in sorted(tables.items()):
        if table.lower() in names:
            continue
        for dataset in datasets:
            if table not in dataset.not_copies and _looks_like(columns, dataset):
                yield table, dataset.table
                break


def _looks_like(columns: frozenset[str], dataset: TableDataset) -> bool:
    lacking = {name.lower() for name in dataset.may_lack}
    needed = {name.lower() for name in dataset.key} - lacking
    started = any(c.lower() in columns for s in dataset.starts.values() for c in s.columns)
    named = (*dataset.personal, *dataset.subjects.values(), *dataset.call_id)
    personal = {name.lower() for name in named}
    rest = personal - {name.lower() for name in dataset.key}
    enough = len(personal & columns) >= MANY_PERSONAL and len(rest & columns) * 2 >= len(
        rest - lacking
    )
    return started and needed <= columns and enough


def refuse_copies(
    opened: Session, datasets: Sequence[TableDataset], known: Collection[str], *, source: str
) -> None:
    """Raises DriftError for the first table that looks like an undeclared copy."""
    for table, like in lookalikes(columns_of(opened), datasets, known):
        raise DriftError(
            f"source {source}: table {table} looks like a copy of {like}, and nobody declared it",
            hint="remove the copy, or say under uncovered_tables in settings that it stays;"
            " in a connector of your own declare it under shadows or not_copies",
            code="COPY_UNDECLARED",
        )


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value or "")
