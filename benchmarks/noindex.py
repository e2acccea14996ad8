"""Does a run keep its pace where no index serves the time? The last batches against the first.

MariaDB: FreePBX's own table of channel events, which has a primary key and no index on the time.
PostgreSQL and SQLite: Asterisk's call log without any index.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import pairwise
from typing import Any

from support import freepbx
from support.servers import MariaDB

from benchmarks.calllog import Log, Raced, user
from benchmarks.mariadb import Durable, drain, expressions
from benchmarks.outcome import Figure, Outcome, Table
from benchmarks.postgresql import postgresql
from benchmarks.race import tell
from benchmarks.site import child
from benchmarks.sqlite import sqlite

TENTHS = 10


@contextmanager
def events(rows: int) -> Iterator[Raced]:
    """FreePBX's cel on MariaDB."""
    log, server = Log(rows), Durable()
    server.start()
    try:
        server.create_database("asteriskcdrdb")
        with server.admin("asteriskcdrdb") as c, c.cursor() as q:
            for statement in freepbx.schema("freepbx", "mysql"):
                if statement.startswith(("CREATE TABLE cdr ", "CREATE TABLE cel ")):
                    q.execute(statement)
        grants = {name: freepbx.GRANTS[name] for name in ("cdr", "cel")} | {"*": "REFERENCES"}
        password = user(server, "asteriskcdrdb", grants)
        url = server.url("asteriskcdrdb", "pbxretain")
        yield Raced(
            ours=partial(child, "freepbx", url=url, extra=password),
            log=log,
            title=f"MariaDB, FreePBX cel, {rows:,} rows",
            contenders=[],
            prepare=lambda: _fill(server, log),
            judge=lambda: log.judge(*_counted(server, log.cut)),
            base="",
            unit=log.due,
        )
    finally:
        server.stop()


def _fill(server: MariaDB, log: Log) -> None:
    made = expressions(log)
    outer = f"CONCAT({made['src']})"
    values = {
        "eventtype": "'CHAN_START'", "eventtime": made["calldate"], "cid_name": made["cnam"],
        "cid_num": outer, "cid_ani": outer, "cid_rdnis": "''", "cid_dnid": made["did"],
        "exten": made["dst"], "context": "'from-internal'", "channame": made["channel"],
        "appname": "'Dial'", "appdata": made["lastdata"], "amaflags": "3", "accountcode": "''",
        "uniqueid": made["uniqueid"], "linkedid": made["linkedid"], "peer": "''",
        "userdeftype": "''", "extra": "''",
    }  # fmt: skip
    with server.admin("asteriskcdrdb") as c, c.cursor() as q:
        q.execute("TRUNCATE cel")
        q.execute(
            f"INSERT INTO cel ({', '.join(values)}) SELECT {', '.join(values.values())}"
            f" FROM seq_1_to_{log.rows} s"
        )
        q.execute("ANALYZE TABLE cel")
        drain(q)


def _counted(server: MariaDB, cut: str) -> tuple[int, int]:
    with server.admin("asteriskcdrdb") as c, c.cursor() as q:
        q.execute("SELECT COUNT(*), COALESCE(SUM(eventtime < %s), 0) FROM cel", (cut,))
        total, old = q.fetchone()
    return int(total), int(old)


KINDS: dict[str, Callable[[int], AbstractContextManager[Raced]]] = {
    "MariaDB": events,
    "PostgreSQL": partial(postgresql, indexed=False),
    "SQLite": partial(sqlite, indexed=False),
}


def unindexed(rows: int, rounds: int) -> Outcome:
    """Microseconds a record in each tenth of a run. The figure compares the last tenth with the
    second: in the first the batches still find their size."""
    head = ["table", "seconds", "first batch s", "longest wait s"]
    head += [f"µs, tenth {n}" for n in (1, 2, 5, 10)]
    table, figures = Table(f"No index on the time, {rows:,} rows", head, []), []
    for name, kind in KINDS.items():
        ratios = []
        with kind(rows) as event:
            tell(event.title + " without an index on the time")
            for _ in range(rounds):
                event.prepare()
                told = event.ours(watch=True)
                event.judge()
                tenths, waits = paces(told["steps"])
                ratios.append(tenths[-1] / tenths[1])
                shown = [told["seconds"], waits[0], max(waits[1:], default=0.0)]
                line = [f"{name}", *(f"{value:.2f}" for value in shown)]
                table.rows.append([*line, *(f"{tenths[n]:.1f}" for n in (0, 1, 4, 9))])
                tell("  " + " | ".join(table.rows[-1]))
        figures.append(Figure.of("no-index", name, ratios))
    return Outcome([table], figures)


def paces(steps: list[tuple[float, int]]) -> tuple[list[float], list[float]]:
    """Microseconds a record in each tenth of the batches (median), and how long each batch took,
    the way to the first one included."""
    waits = [steps[0][0]]
    costs = []
    for (before, had), (after, has) in pairwise(steps):
        waits.append(after - before)
        costs.append((after - before) / max(1, has - had) * 1e6)
    costs = costs or [waits[0] / max(1, steps[0][1]) * 1e6]
    size = len(costs)
    parts: list[list[Any]] = [
        costs[size * n // TENTHS : max(size * n // TENTHS + 1, size * (n + 1) // TENTHS)]
        for n in range(TENTHS)
    ]
    return [statistics.median(part) for part in parts], waits
