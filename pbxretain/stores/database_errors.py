"""What does a driver's error mean for a person, and what should he do?

Driver messages quote rows, so none gets out. What settings name (host, database, file) may be told
where a database can't be opened; a user or password never.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy
from sqlalchemy.engine import URL, Engine

from pbxretain.errors import UnavailableError

SENTENCES: Mapping[str, tuple[str, str]] = {
    "BUSY": ("Other writers kept the table locked for too long.", "the next run tries again"),
    "RIGHTS": ("The database refused a statement for lack of rights.", "run: pbxretain check"),
    "REFUSED": ("The database refused a statement.", "run: pbxretain check"),
}
"""Of an open connection, by ``kind``: a sentence and a hint."""

_MYSQL_KINDS = {1205: "BUSY", 1213: "BUSY", 1142: "RIGHTS", 1143: "RIGHTS", 1044: "RIGHTS"}
_MYSQL_LOST = frozenset({2006, 2013, 2014, 2055, 1053, 1927, 3024, 0})

_UNREACHABLE: Mapping[str, tuple[str, str]] = {
    "DATABASE_LOGIN": (
        "The database server refused the login.",
        "check the user in url and its password under this source in settings",
    ),
    "DATABASE_NOT_LET_IN": (
        "The database server lets nobody in under that name from this host.",
        "allow the user in url from here: in pg_hba.conf, or as user@host on MariaDB and MySQL",
    ),
    "DATABASE_MISSING": (
        "The database server knows no database of that name, or hides it from this user.",
        "check the name {database} at the end of url, or grant the user rights on it",
    ),
    "DATABASE_CLOSED": (
        "No database server answers at that address.",
        "see whether the server runs and listens on {server}, or correct host and port in url",
    ),
    "DATABASE_FULL": (
        "The database server takes no more connections.",
        "run again when fewer programs are connected to {server}",
    ),
    "DATABASE_NO_FILE": (
        "The SQLite file isn't there.",
        "check the path in url; an absolute one has four slashes: sqlite:///{database}",
    ),
    "DATABASE_FILE": (
        "The SQLite file can't be opened.",
        "give the user who runs pbxretain the right to read and write {database} and its folder",
    ),
    "DATABASE_NO_SQLITE": (
        "The file named as database is no SQLite file.",
        "check the path in url: {database}",
    ),
    "DATABASE_BUSY": (
        "Another program writes to the SQLite file and didn't let go in time.",
        "run again when it has ended; fuser {database} shows which it is",
    ),
    "UNAVAILABLE": (
        "The database can't be reached.",
        "see whether it runs, and check url under this source in settings: {server}",
    ),
}
"""Why a connection didn't come about, by code: a sentence and a hint."""

_MYSQL_REASONS = {
    **dict.fromkeys((1045, 1698, 1251, 2059), "DATABASE_LOGIN"),
    **dict.fromkeys((1130, 1129), "DATABASE_NOT_LET_IN"),
    **dict.fromkeys((1049, 1044), "DATABASE_MISSING"),
    **dict.fromkeys((2002, 2003, 2005), "DATABASE_CLOSED"),
    **dict.fromkeys((1040, 1203, 1226), "DATABASE_FULL"),
}
_POSTGRESQL_REASONS = {
    "DATABASE_NOT_LET_IN": r"pg_hba\.conf",
    "DATABASE_LOGIN": (
        r"authentication failed|no password supplied|Authentifizierung .*fehlgeschlagen"
        r"|(role|Rolle) .* (does not exist|existiert nicht)|not permitted to log in"
    ),
    "DATABASE_MISSING": (
        r"(database|Datenbank) .* (does not exist|existiert nicht)|permission denied for database"
        r"|keine Berechtigung für Datenbank"
    ),
    "DATABASE_FULL": r"too many (clients|connections)|remaining connection slots|zu viele Verb",
    "DATABASE_CLOSED": (
        r"refused|timed? ?out|timeout|could not translate host|failed to resolve|getaddrinfo"
        r"|Name or service|no route|unreachable|No such file|starting up|shutting down"
    ),
}
"""The driver gives no SQLSTATE for a connection that failed; the server's language is the one it
was set up in."""


def driver_errors(engine: Engine) -> tuple[type[Exception], ...]:
    """What a driver raises."""
    driver = engine.dialect.loaded_dbapi
    return (driver.Error, sqlalchemy.exc.SQLAlchemyError, OSError, RuntimeError)


def kind(error: BaseException) -> str:
    """LOST, BUSY, RIGHTS or REFUSED: what became of a statement."""
    module = type(error).__module__.partition(".")[0]
    if isinstance(error, OSError):
        return "LOST"
    if module == "pymysql":
        number = error.args[0] if error.args else 0
        if number in _MYSQL_LOST:
            return "LOST"
        return _MYSQL_KINDS.get(number, "REFUSED") if isinstance(number, int) else "LOST"
    if module == "psycopg":
        return _postgresql_kind(getattr(error, "sqlstate", None))
    return "BUSY" if _is_busy(error) else "REFUSED"


def _postgresql_kind(state: str | None) -> str:
    if state is None or state[:2] in ("08", "57"):
        return "LOST" if state != "57014" else "BUSY"
    if state in ("40P01", "40001", "55P03"):
        return "BUSY"
    return "RIGHTS" if state == "42501" else "REFUSED"


def _is_busy(error: BaseException) -> bool:
    return "locked" in str(error) or "busy" in str(error)


def unreachable(error: BaseException, url: URL, *, file: Path | None) -> UnavailableError:
    """The error to raise where a connection didn't come about; ``file`` is that of SQLite."""
    cause = getattr(error, "orig", None) or error
    if file is not None:
        code = _sqlite_reason(cause, file)
    elif type(cause).__module__.startswith("pymysql"):
        code = _MYSQL_REASONS.get(cause.args[0] if cause.args else 0, "UNAVAILABLE")
    else:
        found = (c for c, words in _POSTGRESQL_REASONS.items() if re.search(words, str(cause)))
        code = next(found, "UNAVAILABLE")
    sentence, hint = _UNREACHABLE[code]
    port = f":{url.port}" if url.port else ""
    named = {
        "database": str(file) if file else url.database or "-",
        "server": str(file) if file else f"{url.host or 'localhost'}{port}",
    }
    return UnavailableError(sentence, hint=hint.format_map(named), code=code)


def _sqlite_reason(error: BaseException, file: Path) -> str:
    if _is_busy(error):
        return "DATABASE_BUSY"
    if "not a database" in str(error):
        return "DATABASE_NO_SQLITE"
    try:
        there = file.is_file()
    except OSError:
        there = True
    return "DATABASE_FILE" if there else "DATABASE_NO_FILE"
