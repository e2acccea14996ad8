"""Asterisk's call log in an SQLite file, synced: bare chunks, and pbxretain."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.calllog import CHUNK, Log, Raced, both, create, measures, quoted
from benchmarks.race import Contender
from benchmarks.site import child

BARE = "bare chunked DELETE"


@contextmanager
def sqlite(rows: int, *, indexed: bool = True) -> Iterator[Raced]:
    """Asterisk's cdr in WAL mode, with an index on the time or without."""
    log = Log(rows)
    with tempfile.TemporaryDirectory(prefix="pbxretain-bench-") as folder:
        made, used = Path(folder) / "made.db", Path(folder) / "master.db"
        _make(made, log, indexed=indexed)
        ours = partial(child, "asterisk", url=f"sqlite:///{used}")

        def prepare() -> None:
            log.arrived = 0
            _copy(made, used)

        yield Raced(
            ours=ours,
            log=log,
            target=str(used),
            title=f"SQLite, Asterisk cdr, {rows:,} rows, {log.due:,} due",
            contenders=[Contender(BARE, lambda: _chunks(used, log.cut)), *both(ours)],
            prepare=prepare,
            judge=lambda: log.judge(*_counted(used, log.cut)),
            base=BARE,
            unit=log.due,
            measures=measures("sqlite", BARE),
        )


def _open(path: Path) -> sqlite3.Connection:
    """With the settings that pbxretain's own connections have."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _make(path: Path, log: Log, *, indexed: bool) -> None:
    c = _open(path)
    c.execute(create("asterisk", "sqlite"))
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
        f"INSERT INTO cdr ({', '.join(map(quoted, values))}) "
        f"SELECT {', '.join(values.values())} FROM s"
    )
    c.execute("COMMIT")
    if indexed:
        c.execute("CREATE INDEX bench_time ON cdr (calldate)")
    c.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    c.close()


def _copy(made: Path, used: Path) -> None:
    for path in (used, used.with_name(used.name + "-wal"), used.with_name(used.name + "-shm")):
        path.unlink(missing_ok=True)
    with made.open("rb") as source, used.open("wb") as target:
        while part := source.read(1 << 20):
            target.write(part)


def _chunks(path: Path, cut: str) -> None:
    c = _open(path)
    while c.execute(
        f"DELETE FROM cdr WHERE rowid IN (SELECT rowid FROM cdr WHERE calldate < ? LIMIT {CHUNK})",
        (cut,),
    ).rowcount:
        pass
    c.close()


def _counted(path: Path, cut: str) -> tuple[int, int]:
    c = _open(path)
    total, old = c.execute(
        "SELECT COUNT(*), COALESCE(SUM(calldate < ?), 0) FROM cdr", (cut,)
    ).fetchone()
    c.close()
    return int(total), int(old)
