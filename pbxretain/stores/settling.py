"""Is the session of a dead run over, and is its last commit final?

A killed run's session may live on for hours and its COMMIT may still be on the wire. Looking
before it is over would call rows present that vanish a moment later. Own sessions may be ended
without further rights on MariaDB, MySQL and PostgreSQL.
"""

from __future__ import annotations

import time
from contextlib import suppress
from secrets import token_hex

from sqlalchemy.engine import Engine

from pbxretain.errors import StoreError
from pbxretain.records import Session as SessionId
from pbxretain.stores.database import Session, session
from pbxretain.stores.dialects import Sql

END_SECONDS = 60.0


def session_id(opened: Session) -> SessionId | None:
    """Names the session that deletes; asked inside its transaction. None for SQLite."""
    if opened.dialect.name == "sqlite":
        return None
    if not opened.known:
        opened.known.update(
            _mysql_known(opened) if opened.dialect.name == "mysql" else _postgresql_known(opened)
        )
    if opened.dialect.name == "mysql":
        return SessionId(dict(opened.known))
    return SessionId({**opened.known, "xid": opened.number("SELECT txid_current()")})


def _mysql_known(opened: Session) -> dict[str, int | str]:
    """A named lock of the session's own: held exactly as long as the session lives, whatever the
    server's clock, its restarts and the numbers of its connections do."""
    name = f"pbxretain:{token_hex(16)}"
    if opened.number(Sql("SELECT GET_LOCK(%s, 0)", (name,))) != 1:
        raise StoreError(
            "The database gives no named lock.",
            hint="connect to the server itself, not through a pool that shares connections",
            code="NO_LOCKS",
        )
    return {"lock": name}


def _postgresql_known(opened: Session) -> dict[str, int | str]:
    pid, start = opened.rows(
        "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()"
    )[0]
    return {"pid": int(pid or 0), "backend_start": _text(start)}


def end_session(engine: Engine, dead: SessionId | None) -> bool | None:
    """Makes sure that a session is over. True: its transaction was committed; False: undone;
    None: the server doesn't say, so the rows must be looked at.

    Raises StoreError when it can't be ended.
    """
    if dead is None or engine.dialect.name == "sqlite":
        return None  # opening the file undoes what a dead writer left
    with session(engine) as opened:
        if opened.dialect.name == "mysql":
            _end_mysql(opened, dead)
            return None
        return _end_postgresql(opened, dead)


def _end_mysql(opened: Session, dead: SessionId) -> None:
    holder = Sql("SELECT IS_USED_LOCK(%s)", (str(dead.values["lock"]),))
    deadline = time.monotonic() + END_SECONDS
    while number := opened.number(holder):
        with suppress(StoreError):  # gone between the two statements; the next look tells
            opened.run(Sql("KILL %s", (number,)))
        _pause(deadline)


def _end_postgresql(opened: Session, dead: SessionId) -> bool | None:
    xid = int(dead.values["xid"])
    deadline = time.monotonic() + END_SECONDS
    who = (int(dead.values["pid"]), str(dead.values["backend_start"]))
    alive = " FROM pg_stat_activity WHERE pid = %s AND backend_start::text = %s"
    while True:
        status = _status(opened, xid)
        if status in (b"committed", b"aborted"):
            return status == b"committed"
        if not opened.number(Sql(f"SELECT COUNT(*){alive}", who)):
            if status is None:
                return None
        else:
            opened.rows(Sql(f"SELECT pg_terminate_backend(pid){alive}", who))
        _pause(deadline)


def _status(opened: Session, xid: int) -> bytes | None:
    """None where the server has forgotten the transaction, or never knew it (a restored copy)."""
    try:
        found = opened.value(f"SELECT txid_status({xid})")
    except StoreError:
        return None
    return found if isinstance(found, bytes) else None


def _pause(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise StoreError(
            "The database session of an earlier run is still working.",
            hint="end it on the server, or wait, and run again",
            code="SESSION_ALIVE",
        )
    time.sleep(0.05)


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else ""
