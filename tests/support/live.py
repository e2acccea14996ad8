"""A PBX that goes on working: a process of its own that writes until it is told to stop.

``python -m support.live KIND STOP TARGET`` says "ready", writes some 50 records a second until the
file STOP exists, then prints one JSON line of how many were written, failed, and the slowest.
Nothing of pbxretain is imported.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAUSE = 0.02
NUMBER = 1_000_000
"""Sequence of the first live call; no other has so high a one."""


@dataclass
class Live:
    """A writer at work; after the block its tally."""

    process: subprocess.Popen[str]
    written: int = 0
    failed: int = 0
    slowest: float = 0.0


@contextmanager
def writing(kind: str, stop: Path, target: str) -> Iterator[Live]:
    """A writer runs within the block, and a quarter of a second before and after it."""
    tests = Path(__file__).resolve().parents[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "support.live", kind, str(stop), target],
        env={**os.environ, "PYTHONPATH": str(tests)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    with process:
        live = Live(process)
        try:
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.25)
            yield live
            time.sleep(0.25)
        finally:
            stop.touch()
        told = json.loads(process.stdout.readline())
        live.written, live.failed, live.slowest = told["written"], told["failed"], told["slowest"]


# --- the process ---


def _stamp() -> tuple[str, str]:
    now = time.time()
    wall = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now))
    return wall, f"{int(now)}"


def _sqlite(path: str) -> Callable[[int], None]:
    # cdr_sqlite3_custom waits a second for a lock, then the call is lost.
    connection = sqlite3.connect(path, timeout=1.0, isolation_level=None)
    return lambda n: _insert(connection, "calldate", "?", n)


def _mysql(target: str) -> Callable[[int], None]:
    import pymysql

    connection = pymysql.connect(**json.loads(target), autocommit=True, read_timeout=2)
    return lambda n: _insert(connection, "calldate", "%s", n)


def _proxy(target: str) -> Callable[[int], None]:
    """A SIP proxy that gives up after a second: two rows for each call, one for a missed one."""
    import pymysql

    connection = pymysql.connect(**json.loads(target), autocommit=True, read_timeout=2)
    cursor = connection.cursor()
    cursor.execute("SET innodb_lock_wait_timeout = 1")

    def call(n: int) -> None:
        wall, _ = _stamp()
        for table, method in (("acc", "INVITE"), ("acc", "BYE"), ("missed_calls", "INVITE")):
            cursor.execute(
                f"INSERT INTO {table} (method, callid, time) VALUES (%s, %s, %s)",
                (method, f"live-{n}", wall),
            )

    return call


def _postgresql(target: str) -> Callable[[int], None]:
    import psycopg

    connection = psycopg.connect(target, autocommit=True)
    return lambda n: _insert(connection, '"start"', "%s", n)


def _mikopbx(path: str) -> Callable[[int], None]:
    """MikoPBX's workers: a running call in ``cdr``, at its end a copy in ``cdr_general``, the first
    deleted; each a transaction of its own, in WAL mode."""
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    copied = "start, endtime, src_num, dst_num, UNIQUEID, linkedid, work_completed"

    def call(n: int) -> None:
        wall, _ = _stamp()
        row = (f"{wall}.123", "030", "411", f"live-{n}", f"live-{n}")
        connection.execute(
            "INSERT INTO cdr (start, src_num, dst_num, UNIQUEID, linkedid) VALUES (?, ?, ?, ?, ?)",
            row,
        )
        connection.execute(
            "UPDATE cdr SET endtime = start, work_completed = '1' WHERE UNIQUEID = ?", row[3:4]
        )
        connection.execute(
            f"INSERT INTO cdr_general ({copied}) SELECT {copied} FROM cdr WHERE UNIQUEID = ?",
            row[3:4],
        )
        connection.execute("DELETE FROM cdr WHERE UNIQUEID = ?", row[3:4])

    return call


def _insert(connection: Any, column: str, mark: str, n: int) -> None:
    wall, epoch = _stamp()
    cursor = connection.cursor()
    cursor.execute(
        f"INSERT INTO cdr ({column}, src, dst, dstchannel, uniqueid, linkedid, sequence)"
        f" VALUES ({mark}, '030', '411', 'c', {mark}, {mark}, {mark})",
        (wall, f"{epoch}.{n}", f"{epoch}.{n}", n),
    )
    cursor.close()


def _voicemail(target: str) -> Callable[[int], None]:
    """Asterisk's ``lockfile`` protocol: a file of its own, linked to ``.lock``, for five seconds;
    a message that finds no lock is thrown away."""
    folder = Path(target)

    def leave(n: int) -> None:
        own = folder / f".lock-{n:08x}"
        own.touch()
        deadline = time.monotonic() + 5
        while True:
            try:
                os.link(own, folder / ".lock")
            except FileExistsError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.001)
            else:
                break
        own.unlink()
        try:
            numbers = [int(path.name[3:7]) for path in folder.glob("msg[0-9]*.txt")]
            stem = folder / f"msg{max(numbers, default=-1) + 1:04}"
            for extension in ("wav", "WAV"):
                stem.with_suffix(f".{extension}").write_text(f"{n} {extension}")
            _, epoch = _stamp()
            text = f"[message]\norigtime={epoch}\nmsg_id={epoch}-{n:08x}\nduration=2\n"
            stem.with_suffix(".txt").write_text(text)
        finally:
            (folder / ".lock").unlink()

    return leave


def _csv(target: str) -> Callable[[int], None]:
    """cdr_csv opens its file for each line."""

    def append(n: int) -> None:
        wall, epoch = _stamp()
        with Path(target).open("a") as file:
            file.write(
                f'"","030","411","ctx","""X"" <030>","c","d","Dial","","{wall}",,"{wall}",0,0,'
                f'"ANSWERED","D","{epoch}.{n}","","","{epoch}.{n}",{n}\n'
            )

    return append


def _logger(target: str) -> Callable[[int], None]:
    """The logger holds queue_log open until it is told to reload."""
    files = [Path(target).open("ab", buffering=0)]  # noqa: SIM115

    def reload(*_: object) -> None:
        files.pop().close()
        files.append(Path(target).open("ab", buffering=0))  # noqa: SIM115

    signal.signal(signal.SIGHUP, reload)

    def append(n: int) -> None:
        _, epoch = _stamp()
        files[0].write(f"{epoch}|{epoch}.{n}|hotline|NONE|ENTERQUEUE||{n}\n".encode())

    return append


_KINDS: dict[str, Callable[[str], Callable[[int], None]]] = {
    "sqlite": _sqlite,
    "mikopbx": _mikopbx,
    "mariadb": _mysql,
    "proxy": _proxy,
    "postgresql": _postgresql,
    "voicemail": _voicemail,
    "csv": _csv,
    "logger": _logger,
}


def _main(kind: str, stop: str, target: str) -> None:
    write = _KINDS[kind](target)
    _say("ready")
    written = failed = 0
    slowest = 0.0
    while not os.path.exists(stop):  # noqa: PTH110
        began = time.monotonic()
        try:
            write(NUMBER + written)
            written += 1
        except Exception:  # noqa: BLE001  (whatever it is: to a PBX the call is lost)
            failed += 1
        slowest = max(slowest, time.monotonic() - began)
        with suppress(ValueError):
            time.sleep(PAUSE - (time.monotonic() - began))
    _say(json.dumps({"written": written, "failed": failed, "slowest": slowest}))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _main(*sys.argv[1:])
