"""What does the PBX notice? A writer of its own puts in 50 calls a second while rows go.

Each round measures an idle turn, the bare chunked DELETE without a pause, and a paced run, one
after the other over the same data; ratios are made within a round. ``python -m benchmarks.live
KIND STOP OUT TARGET`` is the writer.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.calllog import Raced
from benchmarks.mariadb import mariadb
from benchmarks.outcome import Figure, Outcome, Table
from benchmarks.postgresql import postgresql
from benchmarks.race import tell
from benchmarks.site import HERE

PERIOD = 0.02
"""Seconds between two calls."""

IDLE = 10.0
"""Seconds of the turn in which nothing goes."""

KINDS: dict[str, Callable[[int], AbstractContextManager[Raced]]] = {
    "MariaDB": mariadb,
    "PostgreSQL": postgresql,
}


@dataclass(frozen=True)
class Turn:
    """How long the inserts took, in milliseconds."""

    taken: Sequence[float]

    def share(self, part: float) -> float:
        """The time within which that part of the inserts was done."""
        listed = sorted(self.taken)
        return listed[max(0, math.ceil(len(listed) * part) - 1)]

    @property
    def p99(self) -> float:
        return self.share(0.99)


def live(rows: int, rounds: int) -> Outcome:
    """p99 of the INSERT, paced run and bare DELETE against idle."""
    tables, figures = [], []
    for name, kind in KINDS.items():
        with kind(rows) as event:
            tell(f"{event.title}, 50 inserts a second")
            bare = event.contenders[0]
            ways: dict[str, Callable[[], object]] = {
                "idle": lambda: time.sleep(IDLE),
                f"{bare.name}, no pause": bare.work,
                "pbxretain, paced": lambda: event.ours(gentle=True),
            }
            turns: dict[str, list[Turn]] = {way: [] for way in ways}
            for number in range(rounds):
                for way, work in ways.items():
                    event.prepare()
                    turn, event.log.arrived = _turn(name, event.target, work)
                    if way != "idle":
                        event.judge()
                    turns[way].append(turn)
                    told = f"p99 {turn.p99:7.2f} ms of {len(turn.taken)}"
                    tell(f"  round {number + 1}  {way:34} {told}")
        table, ratios = _table(event.title, turns)
        tables.append(table)
        figures.append(Figure.of("live", name, ratios))
    return Outcome(tables, figures)


def _table(title: str, turns: dict[str, list[Turn]]) -> tuple[Table, list[float]]:
    head = ["way", "p50 ms", "p99 ms", "worst ms", "× idle p99: median", "least", "most", "inserts"]
    rows, ratios = [], []
    for way, done in turns.items():
        ratios = [a.p99 / b.p99 for a, b in zip(done, turns["idle"], strict=True)]
        told = [
            statistics.median(turn.share(0.5) for turn in done),
            statistics.median(turn.p99 for turn in done),
            max(turn.share(1) for turn in done),
            statistics.median(ratios),
            min(ratios),
            max(ratios),
        ]
        inserts = sum(len(turn.taken) for turn in done)
        rows.append([way, *(f"{value:.2f}" for value in told), f"{inserts:,}"])
    return Table(f"{title}, 50 inserts a second", head, rows), ratios


def _turn(kind: str, target: str, work: Callable[[], object]) -> tuple[Turn, int]:
    """The inserts that fell into the work, and how many rows the writer put in altogether. Raises
    SystemExit where one failed: to a PBX that call is lost."""
    with tempfile.TemporaryDirectory(prefix="pbxretain-bench-") as folder:
        stop, out = Path(folder) / "stop", Path(folder) / "out"
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.live", kind, str(stop), str(out), target],
            cwd=HERE,
            env={**os.environ, "PYTHONPATH": f"{HERE}{os.pathsep}{HERE / 'tests'}"},
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stdout
            process.stdout.readline()
            time.sleep(0.5)
            began = time.monotonic()
            try:
                work()
                ended = time.monotonic()
            finally:
                stop.touch()
        told = json.loads(out.read_text())
    if told["failed"]:
        raise SystemExit(f"{told['failed']} calls could not be written")
    inside = [taken * 1000 for at, taken in told["inserts"] if began <= at <= ended]
    if not inside:
        raise SystemExit("the work was over before a call came in: take more rows")
    return Turn(inside), len(told["inserts"])


# --- the writer's process ---


def _writer(kind: str, target: str) -> Callable[[int], object]:
    if kind == "MariaDB":
        import pymysql

        address = json.loads(target)
        mine = pymysql.connect(**address, database="asteriskcdrdb", autocommit=True)
        cursor = mine.cursor()
        return lambda n: cursor.execute(_insert("calldate"), _row(n))
    import psycopg

    theirs = psycopg.connect(target, autocommit=True)
    return lambda n: theirs.execute(_insert('"start"'), _row(n))


def _insert(column: str) -> str:
    return (
        f"INSERT INTO cdr ({column}, src, dst, dstchannel, uniqueid, linkedid, sequence)"
        " VALUES (%s, '0301234567', '411', 'PJSIP/411-1', %s, %s, %s)"
    )


def _row(number: int) -> tuple[object, ...]:
    now = time.time()
    call = f"{int(now)}.{10_000_000 + number}"
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now)), call, call, number


def _main(kind: str, stop: str, out: str, target: str) -> None:
    write, end = _writer(kind, target), Path(stop)
    print("ready", flush=True)
    inserts: list[tuple[float, float]] = []
    failed, began = 0, time.monotonic()
    while not end.exists():
        at = time.monotonic()
        try:
            write(len(inserts) + failed)
            inserts.append((at, time.monotonic() - at))
        except Exception:  # noqa: BLE001  (whatever it is: to a PBX the call is lost)
            failed += 1
        due = began + (len(inserts) + failed) * PERIOD
        time.sleep(max(0.0, due - time.monotonic()))
    Path(out).write_text(json.dumps({"inserts": inserts, "failed": failed}))


if __name__ == "__main__":
    _main(*sys.argv[1:])
