"""Which database does a connection text mean?

URLs, libpq and ODBC keyword strings, and FreeSWITCH's ``dsn:user:password``. The password is read
over and never kept. What is left is made of plain names only: a text that doesn't split cleanly
means nothing, because a part of a password could come out as something else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, unquote, urlsplit

PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.$-]{0,127}")
"""Hosts, databases, users, tables as they may be shown."""
_PATH = re.compile(r"/[A-Za-z0-9_][\w .@+/-]{0,250}")
_KEYWORD = re.compile(
    r"([A-Za-z][\w ]*?)\s*=\s*('(?:\\.|[^'])*'|\{[^}]*\}|\"[^\"]*\"|[^;\s]*)[;\s]*"
)

_LONGEST = 2000

_ENGINES = (
    ("mysql", ("mysql", "maria", "myodbc", "maodbc")),
    ("postgresql", ("postgres", "psql", "pgsql")),
    ("sqlite", ("sqlite",)),
)
_WORDS = {
    "engine": ("driver",),
    "host": ("host", "hostaddr", "server", "servername"),
    "port": ("port",),
    "socket": ("socket", "unix_socket"),
    "database": ("dbname", "database", "db"),
    "user": ("user", "uid", "username"),
    "dsn": ("dsn",),
}
_SECRETS = ("password", "pwd", "pass")
USUAL_PORTS = {"mysql": "3306", "postgresql": "5432"}


@dataclass(frozen=True, slots=True)
class Login:
    """Where a database is, and as whom the product goes there. Empty: not said."""

    engine: str = ""
    host: str = ""
    port: str = ""
    socket: str = ""
    database: str = ""
    """For SQLite the path of its file."""
    user: str = ""
    dsn: str = ""
    secret: bool = False
    """Whether the text held a password."""

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What makes two logins lead to the same database."""
        local = self.host in ("", "localhost", "127.0.0.1", "::1") or self.host.startswith("/")
        port = self.port if self.port != USUAL_PORTS.get(self.engine) else ""
        return self.engine, "" if local else self.host.lower(), port, self.database


def engine_of(text: str) -> str:
    """``mysql``, ``postgresql`` or ``sqlite`` from a scheme or a driver's name; else empty."""
    low = text.lower()
    return next((name for name, marks in _ENGINES if any(mark in low for mark in marks)), "")


def parse_login(text: str) -> Login | None:
    """A connection text taken apart; None where it isn't clear what it means."""
    if len(text) > _LONGEST:
        return None
    scheme, found, rest = text.partition("://")
    if not found:
        return _dsn(text) or _keywords(text, "")
    engine = engine_of(scheme)
    if engine == "sqlite":
        return clean_login(Login(engine=engine, database="/" + rest.lstrip("/")))
    if "=" in rest.partition("?")[0]:
        return _keywords(rest, engine)
    if scheme == "odbc":
        return _dsn(rest)
    return _url(text, engine)


def clean_login(login: Login) -> Login | None:
    """The same, made of plain names only; None where host or database isn't one."""
    where = login.database
    sound = bool(_PATH.fullmatch(where)) if login.engine == "sqlite" else _plain(where) == where
    if not sound or ".." in where:
        return None
    host, _, rest = login.host.partition(":")
    if rest and rest.isdigit():
        login = replace(login, host=host, port=login.port or rest)
    elif host == "localhost" and rest.startswith("/"):
        login = replace(login, host=host, socket=login.socket or rest)
    elif host.startswith("/"):
        login = replace(login, host="", socket=login.socket or login.host)
    if _plain(login.host) != login.host and login.host != "::1":
        return None
    return replace(
        login,
        user=_plain(login.user),
        dsn=_plain(login.dsn),
        port=login.port if re.fullmatch(r"\d{1,5}", login.port) else "",
        socket=login.socket if _PATH.fullmatch(login.socket) else "",
    )


def _plain(text: str) -> str:
    return text if PLAIN.fullmatch(text) else ""


def _url(text: str, engine: str) -> Login | None:
    try:
        parts = urlsplit(text)
        port = str(parts.port or "")
        options = dict(parse_qsl(parts.query))
    except ValueError:
        return None
    name = parts.path.removeprefix("/")
    if "@" in name + parts.query or "/" in name or parts.fragment:
        return None  # a password with a slash, a hash or a question mark in it
    return clean_login(
        Login(
            engine=engine,
            host=parts.hostname or options.get("host", ""),
            port=port,
            socket=options.get("unix_socket", ""),
            database=unquote(name),
            user=unquote(parts.username or ""),
            secret=parts.password is not None,
        )
    )


def _keywords(text: str, engine: str) -> Login | None:
    """``host=.. dbname=..`` or ``Server=..;Database=..``."""
    given: dict[str, str] = {}
    for found in _KEYWORD.finditer(text):
        given.setdefault(found[1].strip().lower(), found[2].strip("'\"{}"))
    values = {role: _first(given, words) for role, words in _WORDS.items()}
    if not (values["database"] or values["dsn"]):
        return None
    values["engine"] = engine_of(values["engine"]) or engine
    return clean_login(Login(**values, secret=any(given.get(word) for word in _SECRETS)))


def _dsn(text: str) -> Login | None:
    """``name:user:password``, or a name alone."""
    if "=" in text.partition(":")[0]:
        return None
    name, *rest = text.split(":", 2)
    if not PLAIN.fullmatch(name):
        return None
    user, secret = (rest[0] if rest else ""), len(rest) > 1
    return clean_login(Login(dsn=name, user=user, secret=secret))


def _first(given: Mapping[str, str], words: tuple[str, ...]) -> str:
    return next((given[word] for word in words if given.get(word)), "")
