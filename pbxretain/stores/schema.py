"""Does a table look as the manifest says, and what does the server let us do with it?

Reads columns, indexes, engine, foreign keys and triggers once, when a dataset is opened. Drift
refuses: a table that looks otherwise than declared may tie its rows to things nobody thought of.
"""
# ruff: noqa: S608  (identifiers are quoted by the dialect; values are never in the text)

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy
from sqlalchemy.engine import Engine

from pbxretain.errors import DriftError, UnavailableError
from pbxretain.manifest import Child, Part, TableDataset, all_children
from pbxretain.stores.database import Session, kind_of
from pbxretain.stores.database_errors import driver_errors
from pbxretain.stores.dialects import Dialect, Sql, all_of

TRANSACTIONAL = frozenset({"innodb", "xtradb", "rocksdb", "tokudb"})


@dataclass(frozen=True, slots=True)
class Shape:
    """What the database tells of one table."""

    table: str
    columns: Mapping[str, object]
    indexes: Sequence[Sequence[str]]
    engine: str = ""
    transactional: bool = True
    plain: bool = True
    """No partitions and no heirs: a physical address names one row."""
    rows: int | None = None
    """The server's own estimate."""
    triggers: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    referring: frozenset[tuple[str, bool]] = field(default_factory=frozenset)
    """Tables with a foreign key onto this one, and whether it deletes by cascade."""
    renewed: Sequence[str] = ()
    """Columns that an update sets to now by itself, unless it names them."""
    collations: Mapping[str, str] = field(default_factory=dict)
    """Of MySQL's text columns."""
    filled: frozenset[str] = frozenset()
    """Columns that can't hold NULL."""

    def has(self, column: str) -> bool:
        return column in self.columns

    def among(self, dialect: Dialect, column: str, values: Sequence[bytes]) -> Sql:
        """Rows with one of these texts in the column, by index where there is one; may find more
        under a collation, never less."""
        return dialect.typed_among(column, values, dialect.kind(self.columns[column]))

    def exactly(self, dialect: Dialect, column: str, values: Sequence[bytes]) -> Sql:
        """As ``among``, and never more."""
        found = self.among(dialect, column, values)
        if dialect.is_exact(dialect.kind(self.columns[column]), values):
            return found
        return all_of(found, dialect.among(dialect.stored(column), values))

    def indexed(self, column: str) -> bool:
        """Whether an index begins with the column."""
        return any(index and index[0] == column for index in self.indexes)


def read_shape(engine: Engine, session: Session, table: str, dataset: str) -> Shape:
    """Reads one table. Raises DriftError when it is missing or a view."""
    schema, _, name = table.rpartition(".")
    kind = kind_of(session, table)
    if kind == "view":
        raise DriftError(
            f"Dataset {dataset}: {table} is a view, not a table.",
            hint="name the table behind it in the settings",
        )
    if kind is None:
        raise DriftError(
            f"Dataset {dataset}: there is no table {table}.",
            hint="name the right table in the settings, or grant SELECT on it",
        )
    try:
        with engine.connect() as connection:  # one for all four questions
            inspector = sqlalchemy.inspect(connection)
            found = inspector.get_columns(name, schema or None)
            indexes = [
                [str(column) for column in index["column_names"]]
                for index in inspector.get_indexes(name, schema or None)
            ]
            primary = inspector.get_pk_constraint(name, schema or None)["constrained_columns"]
    except driver_errors(engine):
        raise UnavailableError(
            f"Dataset {dataset}: the database did not describe {table}.",
            hint="run: pbxretain check",
        ) from None
    indexes += [list(primary)] if primary else []
    columns = {column["name"]: column["type"] for column in found}
    filled = frozenset(column["name"] for column in found if not column["nullable"])
    shape = _READERS[session.dialect.name](session, table, columns, indexes)
    return replace(shape, filled=filled)


def _read_mysql(
    session: Session, table: str, columns: Mapping[str, object], indexes: list[list[str]]
) -> Shape:
    schema, _, name = table.rpartition(".")
    place = Sql("COALESCE(NULLIF(%s, ''), DATABASE())", (schema,))
    named = Sql("%s", (name,))
    about = session.rows(
        "SELECT ENGINE, TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = "
        + place
        + " AND TABLE_NAME = "
        + named
    )
    engine, rows = about[0] if about else (b"", None)
    triggers = session.rows(
        "SELECT TRIGGER_NAME, LOWER(EVENT_MANIPULATION) FROM information_schema.TRIGGERS"
        " WHERE EVENT_OBJECT_SCHEMA = " + place + " AND EVENT_OBJECT_TABLE = " + named
    )
    referring = session.rows(
        "SELECT IF(CONSTRAINT_SCHEMA = UNIQUE_CONSTRAINT_SCHEMA, TABLE_NAME,"
        " CONCAT(CONSTRAINT_SCHEMA, '.', TABLE_NAME)), DELETE_RULE = 'CASCADE' FROM"
        " information_schema.REFERENTIAL_CONSTRAINTS WHERE UNIQUE_CONSTRAINT_SCHEMA = "
        + place
        + " AND REFERENCED_TABLE_NAME = "
        + named
    )
    extra = session.rows(
        "SELECT COLUMN_NAME, COLLATION_NAME, INSTR(LOWER(EXTRA), 'on update') > 0"
        " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = "
        + place
        + " AND TABLE_NAME = "
        + named
        + " ORDER BY 1"
    )
    kind = _text(engine)
    return Shape(
        table,
        columns,
        indexes,
        kind,
        kind.lower() in TRANSACTIONAL,
        True,
        int(rows) if rows is not None else None,
        frozenset((_text(t), _text(e)) for t, e in triggers),
        frozenset((_text(t), _text(c) == "1") for t, c in referring),
        [_text(column) for column, _, renewed in extra if _text(renewed) == "1"],
        {_text(column): _text(collation) for column, collation, _ in extra if collation},
    )


def _read_postgresql(
    session: Session, table: str, columns: Mapping[str, object], indexes: list[list[str]]
) -> Shape:
    place = Sql("CAST(%s AS regclass)", (session.dialect.table(table),))
    about = session.rows(
        "SELECT c.relkind, CAST(GREATEST(c.reltuples, 0) AS bigint), EXISTS (SELECT 1 FROM"
        " pg_inherits WHERE inhparent = c.oid) FROM pg_class c WHERE c.oid = " + place
    )[0]
    # Partitions and heirs have triggers, rules and keys of their own, and a delete reaches them.
    family = (
        "(WITH RECURSIVE heirs(oid) AS (SELECT CAST("
        + place
        + " AS oid) UNION SELECT inhrelid FROM pg_inherits JOIN heirs ON inhparent = heirs.oid)"
        " SELECT oid FROM heirs)"
    )
    triggers = session.rows(
        "SELECT tgname, tgtype FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
        " AND tgrelid IN " + family
    )
    rules = session.rows(
        "SELECT rulename FROM pg_rewrite WHERE rulename <> '_RETURN' AND ev_class IN " + family
    )
    referring = session.rows(
        "SELECT c.relname, k.confdeltype = 'c' FROM pg_constraint k JOIN pg_class c"
        " ON c.oid = k.conrelid WHERE k.contype = 'f' AND k.confrelid IN " + family
    )
    return Shape(
        table,
        columns,
        indexes,
        "heap",
        True,
        about[0] == b"r" and about[2] == b"f",
        int(about[1] or 0),
        frozenset(
            [(_text(n), event) for n, bits in triggers for event in _events(int(bits or 0))]
            + [(_text(name), "rule") for (name,) in rules]
        ),
        frozenset((_text(t), _text(c) == "t") for t, c in referring),
    )


def _events(bits: int) -> Iterator[str]:
    """pg_trigger.tgtype: 4 insert, 8 delete, 16 update (32, truncate, never concerns us)."""
    names = {4: "insert", 8: "delete", 16: "update"}
    return (name for bit, name in names.items() if bits & bit)


def _read_sqlite(
    session: Session, table: str, columns: Mapping[str, object], indexes: list[list[str]]
) -> Shape:
    objects = session.rows("SELECT type, name, tbl_name, sql FROM sqlite_master")
    triggers = {
        (_text(name), _sqlite_event(_text(text)))
        for kind, name, owner, text in objects
        if kind == b"trigger" and _text(owner).lower() == table.lower()
    }
    referring = set()
    for kind, name, _, _ in objects:
        if kind == b"table":
            keys = session.rows(f"PRAGMA foreign_key_list({session.dialect.quote(_text(name))})")
            referring |= {
                (_text(name), _text(key[6]).upper() == "CASCADE")
                for key in keys
                if _text(key[2]).lower() == table.lower()
            }
    own = next(
        (
            _text(text)
            for kind, name, _, text in objects
            if kind == b"table" and _text(name).lower() == table.lower()
        ),
        "",
    )
    plain = "WITHOUT ROWID" not in " ".join(own.upper().split())
    ids = f"SELECT MAX(rowid) - MIN(rowid) + 1 FROM {session.dialect.table(table)}"
    return Shape(
        table,
        columns,
        indexes,
        "sqlite",
        True,
        plain,
        session.number(ids) if plain else None,
        frozenset(triggers),
        frozenset(referring),
    )


def _sqlite_event(text: str) -> str:
    words = text.upper().partition(" ON ")[0].split()
    return next((word.lower() for word in words if word in ("INSERT", "UPDATE", "DELETE")), "")


_READERS = {"mysql": _read_mysql, "postgresql": _read_postgresql, "sqlite": _read_sqlite}


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value or "")


_UNKNOWN = "the connector manifest doesn't know this; see docs/reference/manifest.md"


def refuse_drift(
    shape: Shape,
    dataset: TableDataset,
    *,
    name: str,
    needed: Iterable[str],
    parts: Iterable[str] = (),
) -> None:
    """Compares a table with its manifest. Raises DriftError, naming tables and columns only.

    ``parts``: tables whose rows a record waits for, so that they may refer to it."""
    _refuse_lacking(shape, dataset, name=name, needed=needed)
    going = {child.table for child in all_children(dataset.children)} | set(dataset.cascades)
    refuse_keys(shape, going | set(parts), name=name)
    declared = {
        (t.name, t.event) for t in dataset.triggers if t.table in (dataset.table, shape.table)
    }
    refuse_triggers(shape, declared, name=name)


def refuse_child_drift(shape: Shape, child: Child, dataset: TableDataset, *, name: str) -> None:
    """The same for a table below, whose rows go in one transaction with their parents."""
    if not shape.transactional:
        raise DriftError(
            f"Dataset {name}: table {child.table} can't be rolled back.",
            hint="convert it to InnoDB: its rows go in one transaction with their parents",
        )
    needed = [child.column, *(grandchild.parent_column for grandchild in child.children)]
    _refuse_lacking(shape, dataset, name=name, needed=needed)
    below = {grandchild.table for grandchild in all_children(child.children)}
    siblings = {other.table for other in all_children(dataset.children)} - {child.table}
    refuse_keys(shape, below | siblings | set(dataset.cascades), name=name)
    declared = {(t.name, t.event) for t in dataset.triggers if t.table == child.table}
    refuse_triggers(shape, declared, name=name)


def refuse_unlike(anchor: Shape, copy: Shape, columns: Iterable[str], *, name: str) -> None:
    """A copy is found by its record's identity, so both have each of these columns or neither.
    Raises DriftError, naming the table that lacks one."""
    for column in columns:
        if anchor.has(column) != copy.has(column):
            lacking = copy if anchor.has(column) else anchor
            raise DriftError(
                f"Dataset {name}: {copy.table} is a copy of {anchor.table}, and {lacking.table} has"
                f" no column {column}.",
                hint="give both the same columns, or remove the copy",
            )


def refuse_part_drift(shape: Shape, part: Part, *, name: str) -> None:
    """The column by which rows of another dataset hang on records of this one."""
    if not shape.has(part.column):
        raise DriftError(
            f"Dataset {name}: {shape.table} has no column {part.column}.", hint=_UNKNOWN
        )


def _refuse_lacking(
    shape: Shape, dataset: TableDataset, *, name: str, needed: Iterable[str]
) -> None:
    for column in needed:
        if not shape.has(column) and column not in dataset.may_lack:
            raise DriftError(
                f"Dataset {name}: {shape.table} has no column {column}.", hint=_UNKNOWN
            )


def refuse_keys(shape: Shape, going: Collection[str], *, name: str) -> None:
    """Foreign keys may come only from tables whose rows go before, or are waited for."""
    for table, _ in sorted(shape.referring):
        if table not in going:
            raise DriftError(
                f"Dataset {name}: a foreign key of {table} onto {shape.table} isn't declared.",
                hint="declare it in the manifest, under children, parts or cascades",
            )


def refuse_triggers(shape: Shape, declared: Collection[tuple[str, str]], *, name: str) -> None:
    """Triggers that nobody declared may do anything when a row goes."""
    for trigger, event in sorted(shape.triggers - set(declared)):
        raise DriftError(
            f"Dataset {name}: trigger {trigger} ({event}) on {shape.table} isn't declared.",
            hint=_UNKNOWN,
        )
