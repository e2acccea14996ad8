"""Asterisk's call log on PostgreSQL: bare windows, one statement, and pbxretain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from support.servers import PostgreSQL

from benchmarks.calllog import CHUNK, Log, Raced, both, create, measures, quoted, user
from benchmarks.race import Contender
from benchmarks.site import child

BARE = "bare windowed DELETE"


class Durable(PostgreSQL):
    """Syncs each commit."""

    def _command(self) -> list[str]:
        more = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "512MB"}
        return [*super()._command(), *(x for k, v in more.items() for x in ("-c", f"{k}={v}"))]


@contextmanager
def postgresql(rows: int, *, indexed: bool = True) -> Iterator[Raced]:
    """Asterisk's cdr, with an index on the time or without any."""
    log, server = Log(rows), Durable()
    server.start()
    try:
        server.create_database("calls")
        _make(server, log)
        _copy(server, indexed=indexed)
        password = user(server, "calls", {"cdr": "SELECT, DELETE"})
        url = server.url("calls", "pbxretain")
        ours = partial(child, "asterisk", url=url, extra=password)

        def prepare() -> None:
            log.arrived = 0
            _copy(server, indexed=indexed)

        yield Raced(
            ours=ours,
            log=log,
            target=f"host={server.folder} port={server.port} user=postgres dbname=calls",
            title=f"PostgreSQL, Asterisk cdr, {rows:,} rows, {log.due:,} due",
            contenders=[
                Contender(BARE, lambda: _windows(server, log.cut)),
                Contender("one big DELETE", lambda: _whole(server, log.cut)),
                *both(ours),
            ],
            prepare=prepare,
            judge=lambda: log.judge(*_counted(server, log.cut)),
            base=BARE,
            unit=log.due,
            measures=measures("postgresql", BARE),
        )
    finally:
        server.stop()


def _make(server: PostgreSQL, log: Log) -> None:
    with server.admin("calls") as c:
        c.execute("CREATE SCHEMA made")
        c.execute(create("asterisk", "postgresql").replace("cdr", "made.cdr", 1))
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
            f"INSERT INTO made.cdr ({', '.join(map(quoted, columns))}) "
            f"SELECT {', '.join(made[name] for name in columns)}"
            f" FROM generate_series(1::bigint, {log.rows}) n"
        )


def _copy(server: PostgreSQL, *, indexed: bool) -> None:
    with server.admin("calls") as c:
        c.execute("DROP TABLE IF EXISTS public.cdr")
        c.execute("CREATE TABLE public.cdr (LIKE made.cdr INCLUDING DEFAULTS)")
        c.execute("INSERT INTO public.cdr SELECT * FROM made.cdr")
        if indexed:
            c.execute('CREATE INDEX ON public.cdr ("start")')
            c.execute("CREATE INDEX ON public.cdr (uniqueid)")
        c.execute("VACUUM ANALYZE public.cdr")
        if c.execute("SELECT 1 FROM pg_roles WHERE rolname = 'pbxretain'").fetchone():
            c.execute("GRANT SELECT, DELETE ON public.cdr TO pbxretain")
        c.execute("CHECKPOINT")


def _windows(server: PostgreSQL, cut: str) -> None:
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


def _whole(server: PostgreSQL, cut: str) -> None:
    with server.admin("calls") as c:
        c.execute('DELETE FROM cdr WHERE "start" < %s', (cut,))


def _counted(server: PostgreSQL, cut: str) -> tuple[int, int]:
    with server.admin("calls") as c:
        found = c.execute(
            'SELECT COUNT(*), COUNT(*) FILTER (WHERE "start" < %s) FROM cdr', (cut,)
        ).fetchone()
    assert found
    return int(found[0]), int(found[1])
