"""What does a table's database lack for a run: rights, indexes, durability?

Asked without changing anything: each right by a statement that matches no row inside a transaction
that is undone. Every finding names the command that mends it.
"""
# ruff: noqa: S608  (identifiers are quoted by the dialect; values are never in the text)

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import sqlalchemy.types as kinds

from pbxretain.errors import RefusedError, StoreError
from pbxretain.manifest import all_children
from pbxretain.posix import user
from pbxretain.records import Advice, Redaction
from pbxretain.stores.database import Session, session, sqlite_path
from pbxretain.stores.dialects import Sql, negated
from pbxretain.stores.schema import Shape
from pbxretain.stores.sparing import not_ready
from pbxretain.stores.unindexed import unindexed

if TYPE_CHECKING:
    from pbxretain.stores.table import TableStore

_SELECT = "SELECT 1 FROM "


def advice(store: TableStore) -> Sequence[Advice]:
    """All findings for one table, and what its shadows lack so that copies could go along; for the
    rest each shadow answers for itself. Raises UnavailableError."""
    with session(store.engine) as opened:
        copies = [_rights(shadow, opened) for shadow in store.shadow_stores()]
        mine = [*_rights(store, opened), *(found for copy in copies for found in copy)]
        mine += _ready(store, opened)
        if store.manifest.reads_only:
            return mine
        keys = list(_keys(store, opened))
        named = {found.command for found in keys}
        slow = [found for found in _indexes(store) if found.command not in named]
        return [*mine, *keys, *slow, *_lax(opened)]


def redaction_advice(store: TableStore, redaction: Redaction) -> Sequence[Advice]:
    """The same for bringing records into redacted form: what the manifest must say, what the table
    must hold, and UPDATE on the columns, on copies too. Raises UnavailableError."""
    lacking = store.manifest.without_form
    if lacking or store.manifest.reads_only:
        what = ", ".join(lacking) or "any column"
        text = f"Dataset {store.dataset}: the manifest doesn't say how {what} is redacted."
        mend = "name a form under redact in the connector manifest, or delete instead"
        told = (("dataset", store.dataset), ("what", what))
        return [Advice("REDACTION_UNDECLARED", text, mend, severity="error", params=told)]
    found: list[Advice] = []
    with session(store.engine) as opened:
        for each in [store, *store.shadow_stores()]:
            found += _redacts(each, opened, redaction)
        found += _ready(store, opened)
        return [*found, *_leaves(store), *_indexes(store), *_lax(opened)]


def _redacts(store: TableStore, opened: Session, redaction: Redaction) -> Iterator[Advice]:
    how = store.redacting(redaction)
    tables = [(store.shape, how.forms), *((store.children[t], f) for t, f in how.below.items())]
    for shape, forms in tables:
        if forms.unfit:
            yield Advice(
                code="REDACTION_UNFIT",
                text=(
                    f"Dataset {store.dataset}: {', '.join(forms.unfit)} in {shape.table} can't hold"
                    " the redacted form."
                ),
                command="choose another form for numbers in the policy, such as blank",
                severity="error",
                params=(
                    ("dataset", store.dataset),
                    ("table", shape.table),
                    ("columns", ", ".join(forms.unfit)),
                ),
            )
        if any(event in ("update", "rule") for _, event in shape.triggers):
            yield Advice(
                code="REDACTION_TRIGGER",
                text=f"A trigger on {shape.table} answers updates; nobody knows what it copies.",
                command="delete these records instead, or drop the trigger",
                severity="error",
                params=(("table", shape.table),),
            )
        if store.dialect.name != "sqlite" and forms.columns:
            yield from _updates(store, opened, shape, forms.columns)
    if store.dialect.name == "sqlite":
        yield from _sqlite_rights(store)


def _updates(
    store: TableStore, opened: Session, shape: Shape, columns: Sequence[str]
) -> Iterator[Advice]:
    table = store.dialect.table(shape.table)
    names = list(dict.fromkeys([*columns, *shape.renewed]))
    same = ", ".join(f"{c} = {c}" for c in map(store.dialect.quote, names))
    for right, probe in (
        ("SELECT", _SELECT + table),
        (f"UPDATE ({', '.join(names)})", f"UPDATE {table} SET {same}"),
    ):
        yield from _missing(store, opened, right, f"{probe} WHERE 1=0", name=shape.table)


def _leaves(store: TableStore) -> Iterator[Advice]:
    """Columns of text that nobody declared: a product's own, or a site's with more in it."""
    manifest, layout = store.manifest, next(map(store.layout, store.walks()))
    known = {*manifest.redact, *layout.columns, *manifest.ready, manifest.end, manifest.walk}
    texts = [c for c, kind in store.shape.columns.items() if isinstance(kind, kinds.String)]
    if left := sorted(set(texts) - known):
        yield Advice(
            code="REDACTION_LEAVES",
            text=f"Redaction leaves these columns of {store.shape.table}: {', '.join(left)}.",
            severity="info",
            params=(("table", store.shape.table), ("columns", ", ".join(left))),
        )


def _ready(store: TableStore, opened: Session) -> Iterator[Advice]:
    """A state that no row has would keep every row for ever, and no run would say why."""
    waiting = not_ready(store)
    if waiting is None or not opened.rows(f"SELECT 1 FROM {store.table} LIMIT 1"):
        return
    done = negated(waiting, store.dialect)
    if not opened.rows(f"SELECT 1 FROM {store.table} WHERE " + done + " LIMIT 1"):
        columns = ", ".join(store.manifest.ready)
        yield Advice(
            code="READY_NEVER",
            text=(
                f"No row of {store.shape.table} has a value in {columns} that the manifest lists"
                " under ready, so nothing would ever go."
            ),
        )


def _rights(store: TableStore, opened: Session) -> Iterator[Advice]:
    if store.dialect.name == "sqlite":
        yield from _sqlite_rights(store)
        return
    going = [store.shape.table, *store.children, *(rows.table for rows in store.shared_rows)]
    for name in going:
        table = store.dialect.table(name)
        probes = {"SELECT": _SELECT + table, "DELETE": f"DELETE FROM {table}"}
        if store.manifest.reads_only:
            del probes["DELETE"]
        for right, probe in probes.items():
            yield from _missing(store, opened, right, f"{probe} WHERE 1=0", name=name)
    if store.manifest.reads_only:
        return
    yield from _link(store, opened)
    if store.dialect.name == "mysql" and not _sees_triggers(store, opened):
        yield Advice(
            code="TRIGGERS_HIDDEN",
            text=f"Triggers on {store.shape.table} can't be seen without the right TRIGGER.",
            command=_grant(store, opened, "TRIGGER"),
            severity="error",
        )
    if store.dialect.name == "mysql" and not _sees_tables(store, opened):
        yield Advice(
            code="TABLES_HIDDEN",
            text=(
                "Foreign keys of other tables, and copies of call data, can't be seen without the"
                " right REFERENCES on the database; it shows names and no content."
            ),
            command=_grant(store, opened, "REFERENCES", name="*"),
            severity="error",
        )


def refuse_unreadable(store: TableStore, opened: Session) -> None:
    """Raises RefusedError with the command where rows can't be read at all."""
    if store.dialect.name == "sqlite":
        return
    probe = _SELECT + f"{store.table} WHERE 1=0"
    for found in _missing(store, opened, "SELECT", probe):
        raise RefusedError(found.text, hint=found.command, code=found.code)


def link_advice(stores: Sequence[TableStore]) -> Sequence[Advice]:
    """What blanking the link column of a table and its shadows lacks."""
    found: list[Advice] = []
    for store in stores:
        if store.dialect.name == "sqlite":
            found += _sqlite_rights(store)
            continue
        with session(store.engine) as opened:
            found += _link(store, opened)
    return found


def _link(store: TableStore, opened: Session) -> Iterator[Advice]:
    link = store.manifest.link
    if link is not None and link.on_part_gone != "leave" and store.shape.has(link.column):
        columns = list(dict.fromkeys([link.column, *store.shape.renewed]))
        same = ", ".join(f"{c} = {c}" for c in map(store.dialect.quote, columns))
        update = f"UPDATE {store.table} SET {same} WHERE 1=0"
        yield from _missing(store, opened, f"UPDATE ({', '.join(columns)})", update)


def _missing(
    store: TableStore, opened: Session, right: str, probe: str, *, name: str = ""
) -> Iterator[Advice]:
    table = name or store.shape.table
    opened.begin()
    try:
        opened.run(probe)
    except StoreError:
        yield Advice(
            code="RIGHT_MISSING",
            text=f"Dataset {store.dataset} needs the right {right} on {table}.",
            command=_grant(store, opened, right, name=table),
            severity="error",
        )
    finally:
        opened.rollback()


def _grant(store: TableStore, opened: Session, right: str, *, name: str = "") -> str:
    """The command for an administrator of the server."""
    opened.rollback()
    table = name or store.shape.table
    quoted = store.dialect.table(table)
    if store.dialect.name == "mysql":
        user = _text(opened.value("SELECT CURRENT_USER()"))
        login, _, host = user.rpartition("@")
        place = quoted
        if table == "*":
            place = f"`{_schema(store, opened)}`.*"
        elif "." not in table:
            place = f"`{_text(opened.value('SELECT DATABASE()'))}`.{place}"
        return f"GRANT {right} ON {place} TO '{login}'@'{host}';"
    user = _text(opened.value("SELECT current_user::text"))
    return f'GRANT {right} ON {quoted} TO "{user}";'


def _schema(store: TableStore, opened: Session) -> str:
    return store.shape.table.rpartition(".")[0] or _text(opened.value("SELECT DATABASE()"))


def _sees_tables(store: TableStore, opened: Session) -> bool:
    """The server shows other tables' names, columns and keys to who has such a right on all."""
    return _has_on_schema(store, opened, "REFERENCES", "SELECT", "INSERT", "UPDATE")


def _has_on_schema(store: TableStore, opened: Session, *rights: str) -> bool:
    marks = Sql(" WHERE PRIVILEGE_TYPE IN (" + ", ".join(["%s"] * len(rights)) + ")", rights)
    if opened.rows("SELECT 1 FROM information_schema.USER_PRIVILEGES" + marks):
        return True
    # A grant on a schema may be a pattern with escaped underscores.
    patterns = opened.rows("SELECT TABLE_SCHEMA FROM information_schema.SCHEMA_PRIVILEGES" + marks)
    schema = _schema(store, opened)
    return any(_text(p).replace("\\", "") in (schema, "%") for (p,) in patterns)


def _sees_triggers(store: TableStore, opened: Session) -> bool:
    if _has_on_schema(store, opened, "TRIGGER"):
        return True
    schema, table = _schema(store, opened), store.shape.table.rpartition(".")[2]
    tables = opened.rows(
        "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLE_PRIVILEGES"
        " WHERE PRIVILEGE_TYPE = 'TRIGGER'"
    )
    return any((_text(s), _text(t)) == (schema, table) for s, t in tables)


def _sqlite_rights(store: TableStore) -> Iterator[Advice]:
    path = sqlite_path(store.engine)
    who = shlex.quote(user())
    for target in (path, path.parent):
        where = shlex.quote(str(target))
        if not os.access(target, os.W_OK):
            what = "file" if target is path else "folder"
            yield Advice(
                code="RIGHT_MISSING",
                text=f"Dataset {store.dataset}: the SQLite {what} can't be written.",
                command=f"setfacl -m u:{who}:rw{'x' if what == 'folder' else ''} {where}",
                severity="error",
            )


def _indexes(store: TableStore) -> Iterator[Advice]:
    for start, walk in store.walks().items():
        column = store.layout(start).time.column
        if walk is None:
            yield Advice(
                code="NO_INDEX",
                text=f"{store.shape.table} is large and has no index to delete along.",
                command=_create_index(store, column),
                severity="error",
            )
        elif not store.shape.indexed(column):
            yield _slow(store, column, "info")
    yield from _below(store)
    layout = next(iter(store.layout(start) for start in store.walks()))
    wanted = [layout.link] if layout.link else []
    for column in [*wanted, *(layout.call if layout.link else ())]:
        if not store.shape.indexed(column):
            yield _slow(store, column, "warning" if column == layout.link else "info")


def _keys(store: TableStore, opened: Session) -> Iterator[Advice]:
    """Foreign keys for which the server would read a whole table for every row that goes."""
    shared = [rows.shape for rows in store.shared_rows]
    for shape in [store.shape, *store.children.values(), *shared]:
        for key in unindexed(opened, shape):
            yield Advice(
                code="KEY_UNINDEXED",
                text=(
                    f"{key.table} has a foreign key onto {key.onto} without an index on"
                    f" {key.column}: the server reads all of {key.table} for each row that goes,"
                    " so a run may take days."
                ),
                command=_create_index(store, key.column, table=key.table),
            )


def _below(store: TableStore) -> Iterator[Advice]:
    """Each parent's rows below are looked for by these columns: without an index every batch reads
    the whole table."""
    for child in all_children(store.manifest.children):
        shape = store.children.get(child.table)
        if shape is not None and not shape.indexed(child.column):
            yield _slow(store, child.column, "warning", table=child.table)
    for shared in store.manifest.shared:
        for named in shared.named_by:
            shape = store.children.get(named.table, store.shape)
            if not shape.indexed(named.column):
                yield _slow(store, named.column, "warning", table=named.table)
    for part, other in store.parts:
        if not other.shape.indexed(part.column):
            yield _slow(other, part.column, "warning")


def _slow(store: TableStore, column: str, severity: str, *, table: str = "") -> Advice:
    return Advice(
        code="INDEX_MISSING",
        text=(
            f"{table or store.shape.table} has no index on {column}; runs read more than they need."
        ),
        command=_create_index(store, column, table=table),
        severity="warning" if severity == "warning" else "info",
    )


def _create_index(store: TableStore, column: str, *, table: str = "") -> str:
    table = table or store.shape.table
    name = f"{table.rpartition('.')[2]}_{column}"
    # PostgreSQL would keep the PBX from writing meanwhile; MariaDB builds beside it by itself.
    how = " CONCURRENTLY" if store.dialect.name == "postgresql" else ""
    place = f"{store.dialect.table(table)} ({store.dialect.quote(column)})"
    return f"CREATE INDEX{how} {name} ON {place};"


def _lax(opened: Session) -> Iterator[Advice]:
    if opened.dialect.name != "mysql":
        return
    setting = _text(opened.value("SELECT @@innodb_flush_log_at_trx_commit"))
    if setting != "1":
        yield Advice(
            code="LAX_DURABILITY",
            text=(
                "The server syncs its log only once a second: after a power cut deleted rows may"
                " be back and are then deleted again."
            ),
            command="SET GLOBAL innodb_flush_log_at_trx_commit = 1;",
            severity="info",
        )


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value or "")
