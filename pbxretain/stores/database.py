"""How is a PBX's database reached, locked, and spoken to so that its bytes stay its own?

SQLAlchemy makes the connection; the rows come from the driver as the server sent them. Each
session runs with fixed settings, because the bytes of a time or number depend on them. Every error
of a driver is replaced by a sentence: driver messages quote rows.
"""
# ruff: noqa: S608  (identifiers are quoted by the dialect; values are never in the text)

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote

import sqlalchemy
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.pool import NullPool

from pbxretain.errors import LockedError, OutcomeUnknown, StoreError, UnavailableError
from pbxretain.posix import lock_file
from pbxretain.stores.database_errors import SENTENCES, driver_errors, unreachable
from pbxretain.stores.database_errors import kind as kind_of_error
from pbxretain.stores.dialects import Dialect, Sql, Value, dialect_named

CONNECT_SECONDS = 10
STATEMENT_SECONDS = 900
LOCK_SECONDS = 5
BUSY_SECONDS = 15.0
"""How long SQLite may be busy before a batch or a look gives up; nothing is open meanwhile."""

Row = tuple[Value, ...]
Result = TypeVar("Result")

_DRIVERS = {
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "sqlite": "sqlite",
}
_SOCKETS = ("/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock")  # noqa: S108
_SETTINGS = {
    "mysql": [
        "SET NAMES utf8mb4",
        "SET character_set_results = NULL",
        "SET time_zone = '+00:00'",
        "SET sql_mode = ''",
        "SET wait_timeout = 28800",
        f"SET innodb_lock_wait_timeout = {LOCK_SECONDS}",
        f"SET lock_wait_timeout = {LOCK_SECONDS}",
    ],
    "postgresql": [
        "SET client_encoding = 'UTF8'",
        "SET DateStyle = 'ISO'",
        "SET IntervalStyle = 'postgres'",
        "SET TimeZone = 'UTC'",
        "SET extra_float_digits = 3",
        "SET bytea_output = 'hex'",
        "SET synchronous_commit = on",
        f"SET lock_timeout = '{LOCK_SECONDS}s'",
        f"SET statement_timeout = '{STATEMENT_SECONDS}s'",
        "SET idle_in_transaction_session_timeout = '120s'",
        "SET default_transaction_isolation = 'read committed'",
        "SET synchronize_seqscans = off",
        "SET row_security = off",
    ],
    "sqlite": [
        "PRAGMA synchronous = FULL",
        "PRAGMA secure_delete = ON",
        "PRAGMA foreign_keys = ON",
        # Last, as those before wait in the driver; nobody sleeps with a transaction open.
        "PRAGMA busy_timeout = 200",
    ],
}


def connect(url: str, password: str | None = None, *, unix: str | None = None) -> Engine:
    """An engine for a source's ``url`` (``mysql://``, ``postgresql://``, ``sqlite:///path``).

    Opens nothing yet. ``unix`` is the server's socket (its folder for PostgreSQL); for MySQL on
    ``localhost`` without a port the usual socket is taken where one exists. An SQLite file is never
    created. Raises UnavailableError for an address that can't be used or a missing driver.
    """
    try:
        parsed = make_url(url)
        driver = _DRIVERS[parsed.drivername.partition("+")[0]]
        address = parsed.set(drivername=driver, password=password)
        if driver == "sqlite":
            address = _sqlite_url(parsed.database or "")
        return sqlalchemy.create_engine(
            address,
            poolclass=NullPool,
            # Every connection is closed after use, which undoes what was open. Resetting it first
            # would fail on a dead one, and the pool would print a traceback with the driver's text.
            pool_reset_on_return=None,
            echo=False,
            hide_parameters=True,
            connect_args=_connect_args(address, unix),
        )
    except (sqlalchemy.exc.ArgumentError, KeyError, ValueError):
        raise UnavailableError(
            "The database address can't be used.",
            hint="write mysql://, postgresql:// or sqlite:/// and the path",
        ) from None
    except ImportError:
        raise UnavailableError(
            "The driver for this database is not installed.",
            hint="pip install 'pbxretain[mysql,postgresql]'",
        ) from None


def _sqlite_url(path: str) -> URL:
    address = f"file:{quote(str(Path(path).absolute()))}"
    return URL.create("sqlite", database=address, query={"mode": "rw", "uri": "true"})


def _connect_args(address: URL, unix: str | None) -> dict[str, Any]:
    kind = address.get_backend_name()
    if kind == "sqlite":
        return {"isolation_level": None, "timeout": BUSY_SECONDS, "check_same_thread": False}
    if kind == "mysql":
        named = "unix_socket" in address.query
        if not (unix or named) and address.host in (None, "localhost") and address.port is None:
            unix = next((path for path in _SOCKETS if Path(path).is_socket()), None)
        # Nothing leaves the machine: a TLS context for each connection would cost 20 ms.
        near = bool(unix or named) or address.host in (None, "localhost", "127.0.0.1", "::1")
        return {
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": STATEMENT_SECONDS,
            "write_timeout": 60,
            "charset": "utf8mb4",
            "local_infile": False,
            "autocommit": True,
            "ssl_disabled": near and "ssl_ca" not in address.query,
        } | ({"unix_socket": unix} if unix else {})
    return {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "pbxretain",
        "keepalives_idle": 60,
        "prepare_threshold": None,
        "autocommit": True,
    } | ({"host": unix} if unix else {})


def sqlite_path(engine: Engine) -> Path:
    """The file of an SQLite engine."""
    name = engine.url.database or ""
    return Path(unquote(name.removeprefix("file:").partition("?")[0]))


def _fits(pattern: str, value: bytes | None) -> bool | None:
    """SQLite's REGEXP, on stored bytes."""
    return None if value is None else re.fullmatch(pattern.encode(), value) is not None


_AT_ONCE = 500
"""Rows that a streamed query hands over at once."""


class Session:
    """One connection with fixed settings. Not safe for threads; ``repr`` shows no address."""

    def __init__(self, engine: Engine) -> None:
        self.dialect: Dialect = dialect_named(engine.dialect.name)
        self.engine = engine
        self.in_transaction = False
        self.known: dict[str, int | str] = {}
        """What stays the same as long as the connection lives."""
        self._errors = driver_errors(engine)
        try:
            self._holder = engine.raw_connection()
            self._driver: Any = self._holder.driver_connection
            self._prepare()
        except self._errors as error:
            file = sqlite_path(engine) if self.dialect.name == "sqlite" else None
            raise unreachable(error, engine.url, file=file) from None

    def __repr__(self) -> str:
        return f"<session {self.dialect.name}>"

    def _prepare(self) -> None:
        if self.dialect.name == "mysql":
            # Raw bytes: decoding a zero date or a broken character would lose it.
            self._driver.decoders = {}
            self._driver.use_unicode = False
        elif self.dialect.name == "sqlite":
            self._driver.text_factory = bytes
            self._driver.isolation_level = None
            self._driver.create_function("regexp", 2, _fits, deterministic=True)
        else:
            self._driver.rollback()
            self._driver.autocommit = True
        for setting in _SETTINGS[self.dialect.name]:
            self._execute(Sql(setting)).close()
        if self.dialect.name == "mysql":
            self._driver.autocommit(True)
            self._execute(Sql(f"SET SESSION TRANSACTION ISOLATION LEVEL {self._isolation()}"))

    def _isolation(self) -> str:
        """A statement-based binary log can't replicate READ COMMITTED."""
        names = "('log_bin', 'binlog_format')"
        rows = self._fetch(Sql(f"SHOW VARIABLES WHERE Variable_name IN {names}"))
        by_statement = {(b"log_bin", b"ON"), (b"binlog_format", b"STATEMENT")} <= set(rows)
        return "REPEATABLE READ" if by_statement else "READ COMMITTED"

    def _execute(self, sql: Sql) -> Any:
        cursor = self._driver.cursor()
        if self.dialect.name == "sqlite":
            cursor.execute(sql.text.replace("%s", "?"), sql.args)
        elif self.dialect.name == "postgresql":
            cursor.execute(sql.text, sql.args or None)
        else:
            cursor.execute(sql.text, sql.args or None)
        return cursor

    def _fetch(self, sql: Sql) -> list[Row]:
        cursor = self._execute(sql)
        try:
            if self.dialect.name == "postgresql":
                result = cursor.pgresult
                fields = range(result.nfields)
                return [
                    tuple(result.get_value(row, field) for field in fields)
                    for row in range(result.ntuples)
                ]
            return list(cursor.fetchall())
        finally:
            cursor.close()

    def rows(self, sql: Sql | str) -> list[Row]:
        """All rows of a query. Raises StoreError, UnavailableError."""
        query = sql if isinstance(sql, Sql) else Sql(sql)
        if self.in_transaction or self.dialect.name != "sqlite":
            with self._replaced():
                return self._fetch(query)
        return self._patiently(lambda: self._fetch(query))

    def texts(self, sql: Sql, arrived: Callable[[list[Row]], None]) -> list[Row]:
        """As ``rows``, for a statement in a transaction whose columns are all texts: as fast as
        the server sends them. ``arrived`` gets them bit by bit, in order, while more come."""
        with self._replaced():
            if self.dialect.name == "mysql":
                from pbxretain.stores import wire

                if wire.can(self._driver):
                    text = self._driver.cursor().mogrify(sql.text, sql.args or None)
                    return wire.query(self._driver, text, arrived)
            rows = self._texts(sql) if self.dialect.name == "postgresql" else self._fetch(sql)
        if rows:
            arrived(rows)
        return rows

    def _texts(self, sql: Sql) -> list[Row]:
        from psycopg.types.string import ByteaBinaryLoader

        with self._driver.cursor(binary=True) as cursor:
            cursor.adapters.register_loader("text", ByteaBinaryLoader)
            cursor.execute(sql.text, sql.args or None)
            return cursor.fetchall()  # type: ignore[no-any-return]

    def stream(self, sql: Sql) -> Iterator[Row]:
        """The rows of a query as the server hands them over, a few at a time. Nothing else may be
        asked of this session meanwhile. Raises StoreError, UnavailableError.

        SQLite would keep writers out all the while: there ask for windows."""
        rows = self._streamed(sql)
        while True:
            with self._replaced():
                row = next(rows, None)
            if row is None:
                return
            yield row

    def _streamed(self, sql: Sql) -> Iterator[Row]:
        if self.dialect.name == "postgresql":
            with self._driver.cursor() as cursor:
                for row in cursor.stream(sql.text, sql.args or None):
                    yield tuple(None if v is None else str(v).encode() for v in row)
            return
        if self.dialect.name == "sqlite":
            yield from self._fetch(sql)
            return
        from pymysql.cursors import SSCursor

        with self._driver.cursor(SSCursor) as cursor:
            cursor.execute(sql.text, sql.args or None)
            while rows := cursor.fetchmany(_AT_ONCE):
                yield from map(tuple, rows)

    def value(self, sql: Sql | str) -> Value:
        """The first column of the first row, None where there is no row."""
        found = self.rows(sql)
        return found[0][0] if found else None

    def number(self, sql: Sql | str) -> int:
        """As ``value``, as a whole number; 0 for NULL."""
        found = self.value(sql)
        return int(found) if found is not None else 0

    def run(self, sql: Sql | str) -> int:
        """Executes a statement; returns how many rows it changed."""
        with self._replaced():
            cursor = self._execute(sql if isinstance(sql, Sql) else Sql(sql))
            try:
                return int(cursor.rowcount)
            finally:
                cursor.close()

    def begin(self) -> None:
        """Opens a transaction; on SQLite waits its turn with nothing open."""
        self._patiently(lambda: self._execute(Sql(self.dialect.begin)).close())
        self.in_transaction = True

    def _patiently(self, action: Callable[[], Result]) -> Result:
        """Tries again while others write, with nothing open meanwhile."""
        deadline = time.monotonic() + BUSY_SECONDS
        pause = 0.005
        while True:
            try:
                with self._replaced():
                    return action()
            except StoreError as error:
                if error.code != "BUSY" or time.monotonic() > deadline:
                    raise
                time.sleep(pause)
                pause = min(pause * 2, 0.2)

    def commit(self) -> None:
        """Makes the transaction final. Raises OutcomeUnknown when the answer is lost."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._execute(Sql("COMMIT")).close()
            except self._errors as error:
                # A busy SQLite keeps the transaction open: asking again is right, undoing isn't.
                if kind_of_error(error) == "BUSY" and time.monotonic() < deadline:
                    time.sleep(0.02)
                    continue
                self.in_transaction = False
                self.close(broken=True)
                raise OutcomeUnknown(
                    "The database did not confirm a commit.", hint="the run looks what became of it"
                ) from None
            self.in_transaction = False
            return

    def rollback(self) -> None:
        """Undoes the open transaction; a broken connection counts as undone by its server."""
        if not self.in_transaction:
            return
        self.in_transaction = False
        try:
            self._execute(Sql("ROLLBACK")).close()
        except self._errors:
            self.close(broken=True)

    @property
    def closed(self) -> bool:
        return self._holder is None

    def close(self, *, broken: bool = False) -> None:
        """Ends the connection; an open transaction is undone."""
        holder, self._holder = self._holder, None  # type: ignore[assignment]
        if holder is None:
            return
        with suppress(Exception):
            if broken:
                holder.invalidate()
            else:
                holder.close()

    @contextmanager
    def _replaced(self) -> Iterator[None]:
        """No driver message gets out."""
        try:
            yield
        except self._errors as error:
            kind = kind_of_error(error)
            if kind == "LOST":
                self.close(broken=True)
                raise UnavailableError(
                    "The database connection was lost.", hint="see whether the server is up"
                ) from None
            raise StoreError(*SENTENCES[kind][:1], hint=SENTENCES[kind][1], code=kind) from None
        except UnicodeError:
            raise StoreError(
                "A value can't be written in the database's character set.", code="ENCODING"
            ) from None


@contextmanager
def session(engine: Engine) -> Iterator[Session]:
    """A session that is closed at the end of the block."""
    opened = Session(engine)
    try:
        yield opened
    finally:
        opened.rollback()
        opened.close()


def database_clock(engine: Engine) -> datetime | None:
    """The server's clock, aware UTC; None for SQLite, whose clock is the host's."""
    questions = {
        "mysql": "SELECT UNIX_TIMESTAMP(NOW(6))",
        "postgresql": "SELECT EXTRACT(EPOCH FROM clock_timestamp())::text",
    }
    with session(engine) as opened:
        if opened.dialect.name not in questions:
            return None
        raw = opened.value(questions[opened.dialect.name])
    return datetime.fromtimestamp(float(raw or 0), UTC)


def table_exists(engine: Engine, table: str) -> bool:
    """Whether a table or view of that name is there and visible. Raises UnavailableError.

    MySQL shows only what the login has any right on: without one a table looks absent.
    """
    with session(engine) as opened:
        return kind_of(opened, table) is not None


def kind_of(opened: Session, table: str) -> str | None:
    """``table`` or ``view``; None for a table that isn't there or can't be seen."""
    schema, _, name = table.rpartition(".")
    if opened.dialect.name == "sqlite":
        ask = Sql("SELECT type FROM sqlite_master WHERE lower(name) = lower(%s)", (name,))
        found = opened.value(ask + " AND type IN ('table', 'view')")
    elif opened.dialect.name == "postgresql":
        place = Sql("to_regclass(%s)", (opened.dialect.table(table),))
        found = opened.value(
            "SELECT CASE WHEN relkind IN ('r', 'p') THEN 'table' ELSE 'view' END"
            " FROM pg_class WHERE oid = " + place
        )
    else:
        place = Sql("COALESCE(NULLIF(%s, ''), DATABASE())", (schema,))
        found = opened.value(
            "SELECT IF(TABLE_TYPE = 'BASE TABLE', 'table', 'view') FROM information_schema.TABLES"
            " WHERE TABLE_SCHEMA = " + place + Sql(" AND TABLE_NAME = %s", (name,))
        )
    return found.decode() if isinstance(found, bytes) else None


class DatabaseLock:
    """One run at a time on a database, whatever the source is called on whichever machine: a lock
    that the database itself keeps.

    On a connection of its own; on SQLite a locked file beside the database file. Raises
    LockedError when another run holds it, and from ``verify`` when it was lost.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # MySQL's named locks are those of the whole server.
        digest = hashlib.sha256(f"pbxretain\0{engine.url.database}".encode()).digest()
        self._name = f"pbxretain:{digest.hex()[:32]}"
        self._number = int.from_bytes(digest[:8], "big", signed=True)
        self._session: Session | None = None
        self._release: Callable[[], object] | None = None

    def __repr__(self) -> str:
        return "<database lock>"

    def __enter__(self) -> DatabaseLock:
        self.acquire()
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()

    def acquire(self) -> None:
        """Takes the lock or raises LockedError at once."""
        if self._engine.dialect.name == "sqlite":
            path = sqlite_path(self._engine)
            holder = lock_file(path.with_name(f"{path.name}.pbxretain.lock"))
            try:
                holder.__enter__()
            except OSError:
                raise UnavailableError(
                    "The folder of the SQLite file can't be written.",
                    hint="give the user of pbxretain write access to file and folder",
                ) from None
            self._release = lambda: holder.__exit__(None, None, None)
            return
        self._session = Session(self._engine)
        if not self._ask():
            self.release()
            raise LockedError("Another run works on this database.", hint="wait until it has ended")

    def _ask(self) -> bool:
        if self._session is None:
            return False
        if self._session.dialect.name == "mysql":
            # A busy server lets go of a closed connection's lock a moment later.
            return self._session.value(Sql("SELECT GET_LOCK(%s, 2)", (self._name,))) == b"1"
        return self._session.value(f"SELECT pg_try_advisory_lock({self._number})") == b"t"

    def verify(self) -> None:
        """Asks the database whether the lock is still ours; LockedError if not, UnavailableError
        when there is no database any more."""
        if self._release is not None:
            return
        try:
            held = self._session is not None and self._session.value(self._question()) in (
                b"1",
                b"t",
            )
        except (StoreError, UnavailableError):
            held = False
            Session(self._engine).close()
        if not held:
            raise LockedError(
                "The lock on the database was lost.",
                hint="run again; nothing is half done",
                code="LOCK_LOST",
            )

    def _question(self) -> Sql:
        if self._engine.dialect.name in ("mysql", "mariadb"):
            return Sql("SELECT IS_USED_LOCK(%s) = CONNECTION_ID()", (self._name,))
        high, low = (self._number >> 32) & 0xFFFFFFFF, self._number & 0xFFFFFFFF
        return Sql(
            "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted"
            f" AND pid = pg_backend_pid() AND classid = {high} AND objid = {low}"
            " AND objsubid = 1)"
        )

    def release(self) -> None:
        """Gives the lock back; harmless when it isn't held."""
        if self._release is not None:
            self._release()
            self._release = None
        if self._session is not None:
            self._session.close()
            self._session = None
