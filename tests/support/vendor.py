"""How does a test show that a connector deletes what is due on its vendor's tables, and no more?

A ``Scene`` is one PBX in a real database made from ``connectors/<pbx>/schema.sql``: the test fills
it and says with SQL of its own, per table, which rows must stay. The scene runs pbxretain under the
least grants, compares every table row by row with what the SQL selected before, and runs again.
"""

from __future__ import annotations

import os
import random
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pbxretain import connector as shelves
from pbxretain import execute
from pbxretain.connector import Connector
from pbxretain.errors import Exit
from pbxretain.execute import RunResult, Site
from pbxretain.manifest import Dialect, TableDataset
from pbxretain.plan import Terms
from support import freepbx
from support.calls import first_due_date
from support.servers import MariaDB, PostgreSQL, Server
from support.site import make_site, make_terms

PASSWORD = "least grants"
ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime.now(UTC).replace(microsecond=0)
"""A server's clock can't be set, so all times hang on the real one."""

DAYS = 90
CUTOFF = first_due_date(NOW, DAYS, ZONE)
"""The first instant that stays under 90 days, worked out without pbxretain (aware UTC)."""

OLD, YOUNG = CUTOFF - timedelta(days=30), CUTOFF + timedelta(days=30)
"""Two instants far from the cut-off."""


def spread(calls: int, *, days: int = 200, seed: int = 1) -> list[datetime]:
    """Start times of that many calls over the last days, oldest first, busier by day, aware UTC."""
    dice = random.Random(seed)
    hours = dice.choices(range(24), weights=[1] * 7 + [9] * 11 + [3] * 6, k=calls)
    found = []
    for hour in hours:
        day = (NOW.astimezone(ZONE) - timedelta(days=1 + dice.random() * days)).date()
        local = datetime(day.year, day.month, day.day, hour, tzinfo=ZONE)
        found.append((local + timedelta(seconds=dice.randrange(3600))).astimezone(UTC))
    return sorted(found)


def local(at: datetime, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """An instant as the PBX's wall clock shows it."""
    return at.astimezone(ZONE).strftime(form)


def _told(value: Any) -> str:
    """A value in a file for LOAD DATA."""
    if value is None:
        return "\\N"
    text = str(int(value)) if isinstance(value, bool) else str(value)
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


@dataclass
class Scene:
    """One PBX; ``stays`` maps a table to the WHERE of the rows that must be left of it.

    In it ``{cutoff}`` stands for the cut-off as a quoted UTC time, ``{local}`` for the same in the
    PBX's zone, ``{epoch}`` for its seconds. ``dangling`` maps a name to a query that counts broken
    references. ``blanked`` names (table, column) pairs that a run may change.
    """

    connector: Connector
    server: Server | None
    database: str
    folder: Path
    roots: dict[str, Path] = field(default_factory=dict)
    stays: dict[str, str] = field(default_factory=dict)
    dangling: dict[str, str] = field(default_factory=dict)
    blanked: set[tuple[str, str]] = field(default_factory=set)
    keep: str | dict[str, str] = "90 days"
    extra: str = ""

    # --- building ---

    def admin(self) -> Any:
        """A connection with all rights; close it."""
        if self.server is None:
            return sqlite3.connect(self.database, isolation_level=None)
        return self.server.admin(self.database)

    def do(self, statement: str, *args: Any) -> list[tuple[Any, ...]]:
        """One statement with ``%s`` marks; returns rows if it has any."""
        with closing(self.admin()) as connection, closing(connection.cursor()) as cursor:
            mark = statement if self.server else statement.replace("%s", "?")
            cursor.execute(mark, args) if args else cursor.execute(mark)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Many rows at once, the fastest way each server has; returns how many."""
        listed = [tuple(row) for row in rows]
        with closing(self.admin()) as connection, closing(connection.cursor()) as cursor:
            if isinstance(self.server, PostgreSQL):
                names = ", ".join(f'"{c}"' for c in columns)
                with cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
                    for row in listed:
                        copy.write_row(row)
            elif self.server:
                self._infile(cursor, table, columns, listed)
            else:
                names = ", ".join(f'"{c}"' for c in columns)
                marks = ", ".join("?" * len(columns))
                cursor.execute("BEGIN")
                cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', listed)
                cursor.execute("COMMIT")
        return len(listed)

    def _infile(
        self, cursor: Any, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        path = self.folder / "load.tsv"
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines("\t".join(map(_told, row)) + "\n" for row in rows)
        names = ", ".join(f"`{c}`" for c in columns)
        cursor.execute("SET sql_mode = ''")
        cursor.execute(
            f"LOAD DATA LOCAL INFILE %s INTO TABLE `{table}` CHARACTER SET utf8mb4 ({names})",
            (str(path),),
        )
        cursor.execute("COMMIT")
        path.unlink()

    def root(self, name: str) -> Path:
        """A root of the manifest, made and set in the settings."""
        path = self.folder / "roots" / name
        path.mkdir(parents=True, exist_ok=True)
        self.roots[name] = path
        return path

    def file(self, root: str, path: str, content: bytes = b"voice", *, at: datetime) -> Path:
        """A file below a root with that mtime."""
        target = self.root(root) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        os.utime(target, (at.timestamp(), at.timestamp()))
        return target

    # --- running ---

    @property
    def url(self) -> str:
        if self.server is None:
            return f"sqlite:///{self.database}"
        return self.server.url(self.database, "pbxretain")

    def grant(self, *, seeing: Collection[str] = ()) -> None:
        """The login with the least rights that the manifest says, and the right to read the tables
        ``seeing``."""
        if self.server is None:
            return
        dialect: Dialect = "postgresql" if isinstance(self.server, PostgreSQL) else "mysql"
        there = self.tables()
        grants = {
            table: rights
            for table, rights in self.connector.manifest.grants(dialect, there).items()
            if table in (*there, "*")
        }
        grants |= dict.fromkeys(set(seeing) - set(grants), "SELECT")
        self.server.create_user(
            "pbxretain", password=PASSWORD, database=self.database, grants=grants
        )

    def tables(self) -> list[str]:
        """All base tables of the database."""
        if self.server is None:
            ask = "SELECT name FROM sqlite_master WHERE type = 'table'"
        elif isinstance(self.server, PostgreSQL):
            ask = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        else:
            ask = (
                "SELECT table_name FROM information_schema.tables"
                " WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'"
            )
        return sorted(str(name) for (name,) in self.do(ask))

    def only_what_is_used(self, *, keep: Collection[str] = ()) -> None:
        """Drops tables without rows that an installation may lack, for opening each takes a while;
        not those that others hang on (``keep``)."""
        datasets = self.connector.manifest.datasets.values()
        lacking = {d.table for d in datasets if isinstance(d, TableDataset) and d.optional}
        for table in (lacking & set(self.tables())) - set(keep):
            if self.do(f"SELECT COUNT(*) FROM {table}") == [(0,)]:
                self.do(f"DROP TABLE {table}")

    def terms(self) -> Terms:
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        lines = [f"accept_untried: {self.connector.digest}", self.extra]
        if self.server is not None:
            lines.append(f"password: {{file: {str(secret)!r}}}")
        has_tables = bool(self.connector.manifest.databases)
        return make_terms(
            self.connector,
            url=self.url if has_tables else None,
            roots=self.roots or None,
            timezone=ZONE.key,
            keep=self.keep,
            extra="\n".join(line for line in lines if line),
        )

    def site(self) -> Site:
        return make_site(self.folder / "state")

    def run(self) -> RunResult:
        return execute.run(self.terms(), self.site(), now=datetime.now(UTC))

    # --- looking, without pbxretain ---

    def rows(self, table: str, where: str = "1=1") -> Counter[str]:
        """Every row of a table as text, less the columns that a run may blank."""
        quote = "`" if isinstance(self.server, MariaDB) else '"'
        rest = f"FROM {quote}{table}{quote} WHERE "
        with closing(self.admin()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(f"SELECT * {rest} 1=0")
            names = [column[0] for column in cursor.description]
            kept = [name for name in names if (table, name) not in self.blanked]
            if isinstance(self.server, MariaDB):  # the driver is slow with many columns
                told = ", ',', ".join(f"QUOTE(`{name}`)" for name in kept)
                cursor.execute(f"SELECT SHA2(CONCAT({told}), 256) {rest}{self.filled(where)}")
                return Counter(row[0] for row in cursor.fetchall())
            listed = ", ".join(f'"{name}"' for name in kept)
            cursor.execute(f"SELECT {listed} {rest}{self.filled(where)}")
            return Counter(map(repr, cursor.fetchall()))

    def filled(self, where: str) -> str:
        """A WHERE with its times put in; other braces stay."""
        utc = f"{CUTOFF:%Y-%m-%d %H:%M:%S}"
        if isinstance(self.server, PostgreSQL):
            utc += "+00"
        values = {
            "{cutoff}": f"'{utc}'",
            "{local}": f"'{local(CUTOFF)}'",
            "{epoch}": str(int(CUTOFF.timestamp())),
        }
        for mark, value in values.items():
            where = where.replace(mark, value)
        return where

    def left(self) -> set[str]:
        """All files below the roots, without our locks, as root/path."""
        return {
            f"{name}/{path.relative_to(root)}"
            for name, root in self.roots.items()
            for path in root.rglob("*")
            if path.is_file() and not path.name.startswith(".pbxretain")
        }

    def deletes_exactly_the_due(self, *, files: Iterable[str] | None = None) -> RunResult:
        """Runs twice and compares everything; ``files`` are those that must be left.

        Every table with rows must have a WHERE under ``stays``: '1=1' where nothing may go.
        """
        before = {table: self.rows(table) for table in self.tables()}
        unsaid = {table for table, rows in before.items() if rows} - set(self.stays)
        assert not unsaid, f"no word on {sorted(unsaid)}"
        expected = {table: self.rows(table, where) for table, where in self.stays.items()}
        assert any(sum(expected[t].values()) < sum(before[t].values()) for t in self.stays)
        self.grant()
        self.intact()
        done = self.run()
        assert [str(error) for error in done.errors] == []
        assert (done.outcome, done.exit_code) == ("complete", Exit.OK)
        for table in before:
            now, due = self.rows(table), expected.get(table, Counter())
            assert not (now - due), f"{table}: {sum((now - due).values())} rows too many"
            assert not (due - now), f"{table}: {sum((due - now).values())} rows missing"
        self.intact()
        if files is not None:
            assert self.left() == set(files)
        again = self.run()
        assert [str(error) for error in again.errors] == []
        assert (again.outcome, again.exit_code) == ("nothing-due", Exit.OK)
        return done

    def forgets_exactly_the_due(self, *, files: Iterable[str]) -> RunResult:
        """As ``deletes_exactly_the_due``, for a product of which only folders can be reached."""
        wanted = set(files)
        assert wanted < self.left()
        done = self.run()
        assert [str(error) for error in done.errors] == []
        assert (done.outcome, done.exit_code) == ("complete", Exit.OK)
        assert self.left() == wanted
        again = self.run()
        assert (again.outcome, again.exit_code) == ("nothing-due", Exit.OK)
        return done

    def intact(self) -> None:
        """No reference leads nowhere."""
        for name, ask in self.dangling.items():
            ((count,),) = self.do(self.filled(ask))
            assert count == 0, f"{name}: {count} dangling"


def scene(product: str, server: Server | None, folder: Path) -> Scene:
    """An empty PBX of a shipped connector on the server, or in an SQLite file."""
    known = shelves.find(product)
    if server is None:
        database = str(folder / "pbx.sqlite")
    else:
        database = server.create_database(f"pbx_{product.replace('-', '_')}")
    made = Scene(known, server, database, folder)
    if not known.manifest.databases:
        return made
    kinds: dict[type[Server], str] = {MariaDB: "mysql", PostgreSQL: "postgresql"}
    kind = kinds[type(server)] if server else "sqlite"
    with closing(made.admin()) as connection, closing(connection.cursor()) as cursor:
        for statement in freepbx.schema(product, kind):
            cursor.execute(statement)
    return made
