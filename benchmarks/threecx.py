"""3CX's call log of v16/v18 on PostgreSQL: calls, segments, participants, parties, tied by foreign
keys that each have an index."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from support import freepbx
from support.servers import PostgreSQL

from benchmarks.calllog import DAYS, Log, both, measures, user
from benchmarks.postgresql import Durable
from benchmarks.race import Contender, Event
from benchmarks.site import child
from pbxretain import connector

CHUNK = 1000
"""Calls for which the bare way sends its four statements."""

BARE = "bare deletes, four tables"
TABLES = {"cl_calls": 1, "cl_segments": 2, "cl_participants": 3, "cl_party_info": 3}
"""Rows of a call in each table."""


@contextmanager
def threecx(calls: int) -> Iterator[Event]:
    """A call is one row with two segments and three participants, each with a party of its own."""
    log, server = Log(calls), Durable()
    server.start()
    try:
        server.create_database("made")
        _make(server, log)
        manifest = connector.find("3cx").manifest
        grants = manifest.grants("postgresql", list(TABLES)).items()
        mine = {table: rights for table, rights in grants if table in (*TABLES, "*")}
        password = user(server, "made", mine)
        url = server.url("calls", "pbxretain")
        ours = partial(child, "3cx", url=url, untried=True, extra=password)
        yield Event(
            title=f"PostgreSQL, 3CX's four tables, {calls:,} calls, {log.due:,} due",
            contenders=[Contender(BARE, lambda: _bare(server, log)), *both(ours)],
            prepare=lambda: _copy(server),
            judge=lambda: _judge(server, log),
            base=BARE,
            unit=log.due,
            measures=measures("3cx", BARE),
        )
    finally:
        server.stop()


def _make(server: PostgreSQL, log: Log) -> None:
    first = int(log.oldest.timestamp())
    epoch = f"({first} + n * {DAYS * 86400} / {log.rows})"
    ended = f"to_timestamp({epoch})"
    calls = f"generate_series(1::bigint, {log.rows}) n"
    legs = f"{calls}, generate_series(1, 3) leg"
    with server.admin("made") as c:
        for statement in freepbx.schema("3cx", "postgresql"):
            c.execute(statement)
        for (name,) in c.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall():
            if name not in TABLES:
                c.execute(f"DROP TABLE {name} CASCADE")
        c.execute(
            "INSERT INTO cl_calls (id, start_time, end_time, is_answered, ringing_dur, talking_dur,"
            f" call_history_id) SELECT n, {ended} - interval '90 s', {ended}, n % 5 > 0,"
            f" interval '9 s', interval '81 s', md5(n::text)::uuid FROM {calls}"
        )
        c.execute(
            "INSERT INTO cl_party_info (id, dn_type, dn, caller_number, display_name)"
            " SELECT n * 3 + leg + 7, leg, (200 + n % 300)::text, '030' || (1000000 + n * 7919"
            f" % 8999999)::text, 'Caller ' || n FROM {legs}"
        )
        c.execute(
            "INSERT INTO cl_participants (id, call_id, info_id, role, start_time, end_time)"
            f" SELECT n * 3 + leg, n, n * 3 + leg + 7, leg, {ended} - interval '90 s', {ended}"
            f" FROM {legs}"
        )
        c.execute(
            "INSERT INTO cl_segments (id, call_id, seq_order, seq_group, src_part_id, dst_part_id,"
            " start_time, end_time, type, action_id, call_history_id)"
            f" SELECT n * 2 + leg, n, leg, 1, n * 3 + leg, n * 3 + leg + 1, {ended} - interval"
            f" '90 s', {ended}, 2, 1, md5(n::text)::uuid FROM {calls}, generate_series(1, 2) leg"
        )
        for table in TABLES:
            c.execute(f"VACUUM ANALYZE {table}")


def _copy(server: PostgreSQL) -> None:
    with server.admin() as c:
        c.execute("DROP DATABASE IF EXISTS calls WITH (FORCE)")
        c.execute("CREATE DATABASE calls TEMPLATE made STRATEGY FILE_COPY")
        c.execute("CHECKPOINT")


def _bare(server: PostgreSQL, log: Log) -> None:
    """Four statements a thousand calls; the ids go through the client."""
    with server.admin("calls") as c:
        low = "-infinity"
        while True:
            found = c.execute(
                "SELECT id, end_time FROM cl_calls WHERE end_time >= %s AND end_time < %s"
                f" ORDER BY end_time LIMIT {CHUNK}",
                (low, log.edge),
            ).fetchall()
            if not found:
                return
            ids = [number for number, _ in found]
            low = found[-1][1]
            with c.transaction():
                c.execute("DELETE FROM cl_segments WHERE call_id = ANY(%s)", (ids,))
                parties = c.execute(
                    "DELETE FROM cl_participants WHERE call_id = ANY(%s) RETURNING info_id", (ids,)
                ).fetchall()
                c.execute("DELETE FROM cl_calls WHERE id = ANY(%s)", (ids,))
                named = [party for (party,) in parties]
                c.execute("DELETE FROM cl_party_info WHERE id = ANY(%s)", (named,))


def _judge(server: PostgreSQL, log: Log) -> None:
    with server.admin("calls") as c:
        old = c.execute("SELECT COUNT(*) FROM cl_calls WHERE end_time < %s", (log.edge,)).fetchone()
        for table, rows in TABLES.items():
            found = c.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
            assert found
            assert old
            if (found[0], old[0]) != (log.left * rows, 0):
                raise SystemExit(
                    f"wrong rows left in {table}: {found[0]} of {log.left * rows}, due {old[0]}"
                )
