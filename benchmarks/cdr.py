"""FreePBX's or Asterisk's call log: 75 % due, no primary key, an index on the time.

The rows are made by the server itself and copied anew for each turn; what is left is counted and
compared with what must be left.
"""

from __future__ import annotations

import re
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pymysql
import sqlalchemy
from support import freepbx
from support.servers import MariaDB, PostgreSQL

from benchmarks.race import Contender, Event
from benchmarks.site import child
from pbxretain.period import Period, cutoff

CHUNK = 5000
Ours = Callable[..., dict[str, Any]]
DAYS, KEEP = 360, 90
ZONE = ZoneInfo("Europe/Berlin")


@dataclass
class Raced(Event):
    """An event with pbxretain's own run apart, for what is no race."""

    ours: Ours = field(kw_only=True)


class DurableMariaDB(MariaDB):
    """Syncs each commit, with a pool that holds the table."""

    def _command(self) -> list[str]:
        options = [
            o for o in super()._command() if "flush-method" not in o and "pool-size" not in o
        ]
        return [*options, "--innodb-buffer-pool-size=1G", "--innodb-log-file-size=1G"]


class DurablePostgreSQL(PostgreSQL):
    """Syncs each commit."""

    def _command(self) -> list[str]:
        more = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "512MB"}
        return [*super()._command(), *(x for k, v in more.items() for x in ("-c", f"{k}={v}"))]


def now() -> datetime:
    """The clock of a whole event, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def _local(moment: datetime) -> str:
    return moment.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")


def _columns(number: str, epoch: str, when: str, text: Callable[..., str]) -> dict[str, str]:
    """Column to SQL expression; ``text`` joins, ``number`` is the row's number from 1."""
    ext, outer = f"(200 + {number} % 300)", f"(1000000 + ({number} * 7919) % 8999999)"
    return {
        "calldate": when,
        "start": when,
        "answer": when,
        "end": when,
        "clid": text("'\"Caller '", outer, "'\" <030'", outer, "'>'"),
        "src": text("'030'", outer),
        "dst": text(ext),
        "dcontext": "'from-internal'",
        "channel": text("'PJSIP/trunk-'", f"{number} % 65536"),
        "dstchannel": text("'PJSIP/'", ext, "'-'", f"{number} % 65536"),
        "lastapp": "'Dial'",
        "lastdata": text("'PJSIP/'", ext, "',30,HhTtr'"),
        "duration": f"({number} % 900)",
        "billsec": f"({number} % 880)",
        "disposition": f"CASE WHEN {number} % 5 = 0 THEN 'NO ANSWER' ELSE 'ANSWERED' END",
        "amaflags": "3",
        "accountcode": "''",
        "uniqueid": text(epoch, "'.'", number),
        "userfield": "''",
        "did": text("'49301234'", ext),
        "recordingfile": "''",
        "cnum": text("'030'", outer),
        "cnam": text("'Caller '", outer),
        "outbound_cnum": "''",
        "outbound_cnam": "''",
        "dst_cnam": text("'Ext '", ext),
        "linkedid": text(epoch, "'.'", number),
        "peeraccount": "''",
        "sequence": f"({number} % 2000000000)",
    }


def _offset(epoch: str, first: int) -> str:
    """SQL for the zone's distance from UTC, in seconds, at an instant of the span."""
    hours = [first + n * 3600 for n in range((DAYS + 1) * 24)]
    found = [(at, datetime.fromtimestamp(at, ZONE).utcoffset()) for at in hours]
    cases, last = "", found[-1][1]
    for (_, before), (at, after) in pairwise(found):
        if before != after and before is not None:
            cases += f" WHEN {epoch} < {at - at % 3600} THEN {before.seconds}"
    seconds = last.seconds if last else 0
    return f"(CASE{cases} ELSE {seconds} END)" if cases else str(seconds)


def _wall(moment: datetime) -> datetime:
    return moment.astimezone(ZONE).replace(tzinfo=None)


class Log:
    """What the three databases share: the span, the edge, what must be left."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.now = now()
        self.oldest = self.now - timedelta(days=DAYS)
        self.edge = cutoff(Period(KEEP, "day"), now=self.now, zone=ZONE)
        first, edge = int(self.oldest.timestamp()), int(self.edge.timestamp())
        self.left = sum(first + n * DAYS * 86400 // rows >= edge for n in range(1, rows + 1))
        self.cut = _local(self.edge)

    @property
    def due(self) -> int:
        return self.rows - self.left

    def columns(
        self, number: str, *, div: str, form: Callable[[str], str], text: Callable[..., str]
    ) -> dict[str, str]:
        """The columns of the row with this number; ``form`` makes a local time out of the seconds
        since 1970 on the wall, ``div`` divides whole numbers."""
        first = int(self.oldest.timestamp())
        epoch = f"({first} + ({number} * {DAYS * 86400} {div} {self.rows}))"
        return _columns(number, epoch, form(f"({epoch} + {_offset(epoch, first)})"), text)

    def judge(self, total: int, old: int) -> None:
        """Raises SystemExit where not exactly the due rows are gone."""
        if (total, old) != (self.left, 0):
            raise SystemExit(f"wrong rows left: {total} of {self.left}, due among them {old}")


@contextmanager
def mariadb(rows: int) -> Iterator[Raced]:
    """FreePBX's cdr on MariaDB."""
    log, server = Log(rows), DurableMariaDB()
    server.start()
    try:
        server.create_database("made")
        server.create_database("asteriskcdrdb")
        with server.admin("made") as c, c.cursor() as q:
            q.execute(_create("freepbx", "mysql"))
            made = log.columns(
                "s.seq",
                div="DIV",
                form=lambda wall: f"TIMESTAMP '1970-01-01 00:00:00' + INTERVAL {wall} SECOND",
                text=lambda *parts: f"CONCAT({', '.join(parts)})",
            )
            q.execute("SELECT * FROM cdr")
            values = {c[0]: made[c[0]] for c in q.description}
            q.execute("SET unique_checks = 0")
            q.execute(
                f"INSERT INTO cdr ({', '.join(values)}) "
                f"SELECT {', '.join(values.values())} FROM seq_1_to_{rows} s"
            )
        _copy_mariadb(server)
        password = _user(server, "asteriskcdrdb", {"cdr": freepbx.GRANTS["cdr"], "*": "REFERENCES"})
        url = server.url("asteriskcdrdb", "pbxretain")
        ours = partial(child, "freepbx", url=url, now=log.now, extra=password)
        yield Raced(
            ours=ours,
            title=f"MariaDB, FreePBX cdr, {rows:,} rows, {log.due:,} due",
            contenders=_mariadb_ways(server, log, ours),
            prepare=lambda: _copy_mariadb(server),
            judge=lambda: log.judge(*_counted(server.admin("asteriskcdrdb"), log.cut)),
            base="bare chunked DELETE",
            unit=log.due,
        )
    finally:
        server.stop()


def _mariadb_ways(server: MariaDB, log: Log, ours: Ours) -> list[Contender]:
    return [
        Contender("bare chunked DELETE", lambda: _chunks_mariadb(server, log.cut)),
        Contender("one big DELETE", lambda: _whole_mariadb(server, log.cut)),
        Contender("pt-archiver --bulk-delete", lambda: _archiver(server, log.cut)),
        Contender("SQLAlchemy, a statement a table", lambda: _core(server, log.edge)),
        *_both(ours),
    ]


def _both(ours: Ours) -> list[Contender]:
    return [
        Contender("pbxretain, counts", ours),
        Contender("pbxretain, sealed", partial(ours, sealed=True)),
    ]


def _quoted(name: str) -> str:
    return f'"{name}"'


def _create(connector: str, dialect: str) -> str:
    return next(s for s in freepbx.schema(connector, dialect) if re.match(r"CREATE TABLE cdr\b", s))


def _user(server: MariaDB | PostgreSQL, database: str, grants: dict[str, str]) -> str:
    password = "bench " + server.kind
    server.create_user("pbxretain", password=password, database=database, grants=grants)
    path = server.folder / "password"
    path.write_text(password)
    path.chmod(0o600)
    return f"password: {{file: {path}}}"


def _copy_mariadb(server: MariaDB) -> None:
    with server.admin("asteriskcdrdb") as c, c.cursor() as q:
        q.execute("DROP TABLE IF EXISTS cdr")
        q.execute("CREATE TABLE cdr LIKE made.cdr")
        q.execute("INSERT INTO cdr SELECT * FROM made.cdr")
        _drain(q)


def _drain(query: Any) -> None:
    """Until the server has purged what earlier turns left behind."""
    import time

    for _ in range(600):
        query.execute("SHOW ENGINE INNODB STATUS")
        found = re.search(r"History list length (\d+)", query.fetchone()[2])
        if not found or int(found[1]) < 50:
            return
        time.sleep(0.1)


def _chunks_mariadb(server: MariaDB, cut: str) -> None:
    with server.admin("asteriskcdrdb") as c, c.cursor() as q:
        low = "0000-00-00 00:00:00"
        while True:
            edge = q.execute(
                "SELECT calldate FROM cdr WHERE calldate >= %s AND calldate < %s"
                f" ORDER BY calldate LIMIT 1 OFFSET {CHUNK}",
                (low, cut),
            )
            high = q.fetchone()[0] if edge else cut
            q.execute("DELETE FROM cdr WHERE calldate >= %s AND calldate < %s", (low, high))
            if high == cut:
                return
            low = high


def _whole_mariadb(server: MariaDB, cut: str) -> None:
    with server.admin("asteriskcdrdb") as c, c.cursor() as q:
        q.execute("DELETE FROM cdr WHERE calldate < %s", (cut,))


def _archiver(server: MariaDB, cut: str) -> None:
    subprocess.run(
        [
            "pt-archiver",
            "--source",
            f"S={server.socket},u=root,D=asteriskcdrdb,t=cdr,A=utf8mb4,i=calldate",
            "--where",
            f"calldate < '{cut}'",
            "--purge", "--bulk-delete", "--commit-each", "--limit", "1000", "--no-check-charset",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip


def _core(server: MariaDB, edge: datetime) -> None:
    """As wazo-purge-db does it: one statement for each table, by the library."""
    engine = sqlalchemy.create_engine(
        f"mysql+pymysql://root@localhost/asteriskcdrdb?unix_socket={server.socket}"
    )
    cdr = sqlalchemy.Table(
        "cdr", sqlalchemy.MetaData(), sqlalchemy.Column("calldate", sqlalchemy.DateTime)
    )
    with engine.begin() as c:
        c.execute(sqlalchemy.delete(cdr).where(cdr.c.calldate < _wall(edge)))
    engine.dispose()


def _counted(connection: Any, cut: str) -> tuple[int, int]:
    with connection as c, c.cursor() as q:
        q.execute(
            "SELECT COUNT(*), COALESCE(SUM(calldate < %s), 0) FROM cdr"
            if isinstance(connection, pymysql.connections.Connection)
            else 'SELECT COUNT(*), COUNT(*) FILTER (WHERE "start" < %s) FROM cdr',
            (cut,),
        )
        total, old = q.fetchone()
    return int(total), int(old)


@contextmanager
def postgresql(rows: int) -> Iterator[Raced]:
    """Asterisk's cdr on PostgreSQL."""
    log, server = Log(rows), DurablePostgreSQL()
    server.start()
    try:
        server.create_database("calls")
        with server.admin("calls") as c:
            c.execute("CREATE SCHEMA made")
            c.execute(_create("asterisk", "postgresql").replace("cdr", "made.cdr", 1))
            columns = [
                row[0]
                for row in c.execute(
                    "SELECT column_name FROM information_schema.columns"
                    " WHERE table_schema = 'made' AND table_name = 'cdr'"
                )
            ]
            made = log.columns(
                "n",
                div="/",
                form=lambda wall: f"TIMESTAMP '1970-01-01' + {wall} * INTERVAL '1 second'",
                text=lambda *parts: f"CONCAT({', '.join(parts)})",
            )
            c.execute(
                f"INSERT INTO made.cdr ({', '.join(map(_quoted, columns))}) "
                f"SELECT {', '.join(made[name] for name in columns)}"
                f" FROM generate_series(1::bigint, {rows}) n"
            )
        _copy_postgresql(server)
        password = _user(server, "calls", {"cdr": "SELECT, DELETE"})
        url = server.url("calls", "pbxretain")
        names = "made", "bare windowed DELETE", "one big DELETE"
        ours = partial(child, "asterisk", url=url, now=log.now, extra=password)
        yield Raced(
            ours=ours,
            title=f"PostgreSQL, Asterisk cdr, {rows:,} rows, {log.due:,} due",
            contenders=[
                Contender(names[1], lambda: _windows_postgresql(server, log.cut)),
                Contender(names[2], lambda: _whole_postgresql(server, log.cut)),
                *_both(ours),
            ],
            prepare=lambda: _copy_postgresql(server),
            judge=lambda: log.judge(*_counted(server.admin("calls"), log.cut)),
            base=names[1],
            unit=log.due,
        )
    finally:
        server.stop()


def _copy_postgresql(server: PostgreSQL) -> None:
    with server.admin("calls") as c:
        c.execute("DROP TABLE IF EXISTS public.cdr")
        c.execute("CREATE TABLE public.cdr (LIKE made.cdr INCLUDING DEFAULTS)")
        c.execute("INSERT INTO public.cdr SELECT * FROM made.cdr")
        c.execute('CREATE INDEX ON public.cdr ("start")')
        c.execute("CREATE INDEX ON public.cdr (uniqueid)")
        c.execute("VACUUM ANALYZE public.cdr")
        if c.execute("SELECT 1 FROM pg_roles WHERE rolname = 'pbxretain'").fetchone():
            c.execute("GRANT SELECT, DELETE ON public.cdr TO pbxretain")
        c.execute("CHECKPOINT")


def _windows_postgresql(server: PostgreSQL, cut: str) -> None:
    with server.admin("calls") as c:
        low = "-infinity"
        while True:
            found = c.execute(
                'SELECT "start" FROM cdr WHERE "start" >= %s AND "start" < %s'
                f' ORDER BY "start" OFFSET {CHUNK} LIMIT 1',
                (low, cut),
            ).fetchone()
            high = found[0] if found else cut
            c.execute('DELETE FROM cdr WHERE "start" >= %s AND "start" < %s', (low, high))
            if high == cut:
                return
            low = high


def _whole_postgresql(server: PostgreSQL, cut: str) -> None:
    with server.admin("calls") as c:
        c.execute('DELETE FROM cdr WHERE "start" < %s', (cut,))


@contextmanager
def sqlite(rows: int) -> Iterator[Raced]:
    """Asterisk's cdr in an SQLite file, WAL, synced."""
    log = Log(rows)
    with tempfile.TemporaryDirectory(prefix="pbxretain-bench-") as folder:
        made, used = Path(folder) / "made.db", Path(folder) / "master.db"
        _make_sqlite(made, log)
        url = f"sqlite:///{used}"
        ours = partial(child, "asterisk", url=url, now=log.now)
        yield Raced(
            ours=ours,
            title=f"SQLite, Asterisk cdr, {rows:,} rows, {log.due:,} due",
            contenders=[
                Contender("bare chunked DELETE", lambda: _chunks_sqlite(used, log.cut)),
                *_both(ours),
            ],
            prepare=lambda: _copy_sqlite(made, used),
            judge=lambda: log.judge(*_counted_sqlite(used, log.cut)),
            base="bare chunked DELETE",
            unit=log.due,
        )


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _make_sqlite(path: Path, log: Log) -> None:
    c = _open(path)
    c.execute(_create("asterisk", "sqlite"))
    columns = [row[1] for row in c.execute("PRAGMA table_info(cdr)")]
    made = log.columns(
        "n",
        div="/",
        form=lambda wall: f"strftime('%Y-%m-%d %H:%M:%S', {wall}, 'unixepoch')",
        text=lambda *parts: "(" + " || ".join(parts) + ")",
    )
    values = {name: made[name] for name in columns if name in made}
    c.execute("BEGIN")
    c.execute(
        f"WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {log.rows}) "
        f"INSERT INTO cdr ({', '.join(map(_quoted, values))}) "
        f"SELECT {', '.join(values.values())} FROM s"
    )
    c.execute("COMMIT")
    c.execute("CREATE INDEX bench_time ON cdr (calldate)")
    c.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    c.close()


def _copy_sqlite(made: Path, used: Path) -> None:
    for path in (used, used.with_name(used.name + "-wal"), used.with_name(used.name + "-shm")):
        path.unlink(missing_ok=True)
    used.write_bytes(made.read_bytes())


def _chunks_sqlite(path: Path, cut: str) -> None:
    c = _open(path)
    while c.execute(
        f"DELETE FROM cdr WHERE rowid IN (SELECT rowid FROM cdr WHERE calldate < ? LIMIT {CHUNK})",
        (cut,),
    ).rowcount:
        pass
    c.close()


def _counted_sqlite(path: Path, cut: str) -> tuple[int, int]:
    c = _open(path)
    total, old = c.execute(
        "SELECT COUNT(*), COALESCE(SUM(calldate < ?), 0) FROM cdr", (cut,)
    ).fetchone()
    c.close()
    return int(total), int(old)
