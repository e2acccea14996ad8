"""FreePBX's call log on MariaDB: bare chunks, one statement, pt-archiver, and pbxretain."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy
from support import freepbx
from support.servers import MariaDB

from benchmarks.calllog import CHUNK, SEALED, Log, Raced, both, create, measures, user, wall
from benchmarks.race import Contender, Measure
from benchmarks.site import child

BARE, ARCHIVER = "bare chunked DELETE", "pt-archiver --bulk-delete"


class Durable(MariaDB):
    """Syncs each commit, with a pool that holds the table."""

    def _command(self) -> list[str]:
        options = [
            o for o in super()._command() if "flush-method" not in o and "pool-size" not in o
        ]
        return [*options, "--innodb-buffer-pool-size=1G", "--innodb-log-file-size=1G"]


@contextmanager
def mariadb(rows: int) -> Iterator[Raced]:
    """FreePBX's cdr with all of its indexes and no primary key."""
    log, server = Log(rows), Durable()
    server.start()
    try:
        server.create_database("made")
        server.create_database("asteriskcdrdb")
        _make(server, log)
        _copy(server)
        password = user(server, "asteriskcdrdb", {"cdr": freepbx.GRANTS["cdr"], "*": "REFERENCES"})
        url = server.url("asteriskcdrdb", "pbxretain")
        ours = partial(child, "freepbx", url=url, extra=password)

        def prepare() -> None:
            log.arrived = 0
            _copy(server)

        yield Raced(
            ours=ours,
            log=log,
            target=json.dumps({"unix_socket": str(server.socket), "user": "root"}),
            title=f"MariaDB, FreePBX cdr, {rows:,} rows, {log.due:,} due",
            contenders=[
                Contender(BARE, lambda: _chunks(server, log.cut)),
                Contender("one big DELETE", lambda: _whole(server, log.cut)),
                Contender(ARCHIVER, lambda: _archiver(server, log.cut)),
                Contender("SQLAlchemy, a statement a table", lambda: _core(server, log.edge)),
                *both(ours),
            ],
            prepare=prepare,
            judge=lambda: log.judge(*_counted(server, log.cut)),
            base=BARE,
            unit=log.due,
            measures=[
                *measures("mariadb", BARE),
                Measure("pt-archiver", ARCHIVER, SEALED, "sealed"),
            ],
        )
    finally:
        server.stop()


def expressions(log: Log) -> dict[str, str]:
    """The columns of row ``s.seq`` of a sequence table."""
    return log.columns(
        "s.seq",
        div="DIV",
        form=lambda wall: f"TIMESTAMP '1970-01-01 00:00:00' + INTERVAL {wall} SECOND",
        text=lambda *parts: f"CONCAT({', '.join(parts)})",
    )


def _make(server: MariaDB, log: Log) -> None:
    with server.admin("made") as c, c.cursor() as q:
        q.execute(create("freepbx", "mysql"))
        made = expressions(log)
        q.execute("SELECT * FROM cdr")
        values = {c[0]: made[c[0]] for c in q.description}
        q.execute("SET unique_checks = 0")
        q.execute(
            f"INSERT INTO cdr ({', '.join(values)}) "
            f"SELECT {', '.join(values.values())} FROM seq_1_to_{log.rows} s"
        )


def _copy(server: MariaDB) -> None:
    with server.admin("asteriskcdrdb") as c, c.cursor() as q:
        q.execute("DROP TABLE IF EXISTS cdr")
        q.execute("CREATE TABLE cdr LIKE made.cdr")
        q.execute("INSERT INTO cdr SELECT * FROM made.cdr")
        q.execute("ANALYZE TABLE cdr")
        drain(q)


def drain(query: Any) -> None:
    """Until the server has purged what earlier turns left behind."""
    for _ in range(600):
        query.execute("SHOW ENGINE INNODB STATUS")
        found = re.search(r"History list length (\d+)", query.fetchone()[2])
        if not found or int(found[1]) < 50:
            return
        time.sleep(0.1)


def _chunks(server: MariaDB, cut: str) -> None:
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


def _whole(server: MariaDB, cut: str) -> None:
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
        c.execute(sqlalchemy.delete(cdr).where(cdr.c.calldate < wall(edge)))
    engine.dispose()


def _counted(server: MariaDB, cut: str) -> tuple[int, int]:
    with server.admin("asteriskcdrdb") as c, c.cursor() as q:
        q.execute("SELECT COUNT(*), COALESCE(SUM(calldate < %s), 0) FROM cdr", (cut,))
        total, old = q.fetchone()
    return int(total), int(old)
