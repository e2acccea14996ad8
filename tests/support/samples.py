"""What did a running Asterisk write, and which of it is due?

Two halves. The first restores the sample of ``tests/data/asterisk`` into real stores. The second is
an expectation of its own: standard library only and nothing of pbxretain, so that a shared mistake
can't hide. It dates by true time wherever the data knows it: the epoch in a uniqueid, origtime,
queue_log's epoch, and the zone for wall clocks.
"""

from __future__ import annotations

import csv
import gzip
import os
import re
import shutil
import sqlite3
import subprocess
import tarfile
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar
from zoneinfo import ZoneInfo

from support.servers import MariaDB, PostgreSQL, find_program

DATA = Path(__file__).resolve().parents[1] / "data" / "asterisk"
ZONE = ZoneInfo("Europe/Vienna")
NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
"""The sample's reference instant."""
CUTOFF = datetime(2026, 8, 17, tzinfo=ZONE).astimezone(UTC)
"""Keep 90 days at NOW: first instant of the first local date that stays."""

K = TypeVar("K", bound=Hashable)
Tree = Literal["recordings", "voicemail", "logs"]
_ARCHIVES: Mapping[Tree, tuple[str, str]] = {
    "recordings": ("recordings.tar.gz", "monitor"),
    "voicemail": ("voicemail-spool.tar.gz", "voicemail"),
    "logs": ("flat-logs.tar.gz", "log"),
}


# --- restoring ---


def restore_sqlite(path: Path) -> Path:
    """Writes the SQLite call log to a file; returns it."""
    with gzip.open(DATA / "cdr.sqlite.gz") as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)
    return path


def restore_mariadb(server: MariaDB, database: str = "asteriskcdrdb") -> str:
    """Makes the database afresh with FreePBX's layout of the sample; returns its name."""
    server.create_database(database)
    client = find_program("mariadb")
    assert client is not None
    _feed(
        [str(client), "--no-defaults", "--user=root", f"--socket={server.socket}", database],
        "mariadb.sql.gz",
    )
    return database


def restore_postgresql(server: PostgreSQL, database: str = "asterisk") -> str:
    """Makes the database afresh with Asterisk's own layout of the sample; returns its name."""
    server.create_database(database)
    client = find_program("psql", "/usr/lib/postgresql/*/bin")
    assert client is not None
    address = [f"--host={server.folder}", f"--port={server.port}", "--username=postgres"]
    options = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={database}"]
    _feed([str(client), *address, *options], "pg.sql.gz")
    return database


def _feed(command: Sequence[str], dump: str) -> None:
    text = gzip.decompress((DATA / dump).read_bytes())
    done = subprocess.run(command, input=text, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace"))


def restore_tree(kind: Tree, folder: Path) -> Path:
    """Unpacks one tree below a folder, mtimes kept; returns the tree's root."""
    archive, root = _ARCHIVES[kind]
    with tarfile.open(DATA / archive) as tar:
        # Debian 12's Python is 3.11.2, which knows no filters; others keep to the safe one.
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        members = tar.getmembers()
        for member in members:
            member.uid, member.gid, member.uname, member.gname = os.geteuid(), os.getegid(), "", ""
        tar.extractall(folder, members)
    return folder / root


# --- the independent expectation ---


@dataclass(frozen=True)
class Expected(Generic[K]):
    """Which records go and which stay; ``straddling`` counts those that only their call keeps."""

    due: frozenset[K]
    stay: frozenset[K]
    straddling: int = 0


@dataclass(frozen=True)
class _Leg(Generic[K]):
    key: K
    when: datetime
    call: str


Call = tuple[str, int]
"""uniqueid and sequence: unique in the sample, though not in the wild."""

Line = tuple[str, int, str]
"""File below the log folder, number (0 is the first), text without its end."""

_UNIQUEID = re.compile(r"(\d{9,10})\.\d+$")


def true_time(uniqueid: str) -> datetime:
    """The instant in a uniqueid."""
    found = _UNIQUEID.search(uniqueid)
    assert found, "not a uniqueid"
    return datetime.fromtimestamp(int(found[1]), UTC)


def _sort_out(legs: Iterable[_Leg[K]], cutoff: datetime) -> Expected[K]:
    calls: dict[str, list[_Leg[K]]] = defaultdict(list)
    alone: list[list[_Leg[K]]] = []
    for leg in legs:
        if leg.call:
            calls[leg.call].append(leg)
        else:
            alone.append([leg])
    due: set[K] = set()
    stay: set[K] = set()
    straddling = 0
    for group in [*calls.values(), *alone]:
        old = [leg for leg in group if leg.when < cutoff]
        whole = len(old) == len(group)
        straddling += 0 if whole else len(old)
        (due if whole else stay).update(leg.key for leg in group)
    assert len(due) + len(stay) == sum(map(len, calls.values())) + len(alone), "keys repeat"
    return Expected(frozenset(due), frozenset(stay), straddling)


def _rows(connection: Any, statement: str) -> list[tuple[Any, ...]]:
    cursor = connection.cursor()
    try:
        cursor.execute(statement)
        return [tuple(row) for row in cursor.fetchall()]
    finally:
        cursor.close()


def calls(connection: Any, cutoff: datetime = CUTOFF) -> Expected[Call]:
    """Rows of ``cdr`` in any of the three databases; a DB-API connection."""
    rows = _rows(connection, "SELECT uniqueid, sequence, linkedid FROM cdr")
    legs = [_Leg((u, int(s)), true_time(u), linked or u) for u, s, linked in rows]
    return _sort_out(legs, cutoff)


def events(connection: Any, cutoff: datetime = CUTOFF) -> Expected[int]:
    """Rows of ``cel`` by their id; a DB-API connection."""
    lite = isinstance(connection, sqlite3.Connection)
    key = "AcctId" if lite else "id"
    rows = _rows(connection, f"SELECT {key}, eventtime, linkedid, uniqueid FROM cel")

    def instant(value: Any) -> datetime:
        if lite:
            return datetime.fromtimestamp(float(value), UTC)
        assert isinstance(value, datetime)
        return value.replace(tzinfo=ZONE).astimezone(UTC)

    return _sort_out([_Leg(k, instant(t), linked or u) for k, t, linked, u in rows], cutoff)


def queue_log(logs: Path, cutoff: datetime = CUTOFF) -> Expected[Line]:
    """Lines of ``queue_log``; the call id NONE is no call."""

    def leg(key: Line) -> _Leg[Line]:
        epoch, call = key[2].split("|")[:2]
        return _Leg(key, datetime.fromtimestamp(int(epoch), UTC), "" if call == "NONE" else call)

    return _sort_out(map(leg, _lines(logs, "queue_log")), cutoff)


def csv_calls(logs: Path, cutoff: datetime = CUTOFF) -> dict[str, Expected[Line]]:
    """Lines of Master.csv and of each account's CSV, every file a store of its own."""

    def leg(key: Line) -> _Leg[Line]:
        fields = next(csv.reader([key[2]]))
        return _Leg(key, true_time(fields[16]), fields[19] or fields[16])

    names = sorted(f"cdr-csv/{path.name}" for path in (logs / "cdr-csv").glob("*.csv"))
    return {name: _sort_out(map(leg, _lines(logs, name)), cutoff) for name in names}


def _lines(root: Path, name: str) -> list[Line]:
    text = (root / name).read_text(encoding="utf-8")
    assert text.endswith("\n")
    return [(name, n, line) for n, line in enumerate(text.split("\n")[:-1])]


def voicemail(root: Path, cutoff: datetime = CUTOFF) -> Expected[str]:
    """Every file of the spool, relative: a due message's files go, all else stays."""
    paths = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    due: set[str] = set()
    for name in paths:
        if re.search(r"/msg\d{4}\.txt$", name):
            found = re.search(r"^origtime=(\d+)", (root / name).read_text(), re.MULTILINE)
            if found and datetime.fromtimestamp(int(found[1]), UTC) < cutoff:
                due.update(p for p in paths if p.startswith(name.removesuffix("txt")))
    return Expected(frozenset(due), frozenset(paths - due))


def recordings(
    root: Path, connection: Any | None = None, cutoff: datetime = CUTOFF
) -> Expected[str]:
    """Every recording, relative. Dated by its call's newest leg where a row of ``cdr`` names it,
    else by the epoch in its own name; pass no connection where the rows name no files."""
    newest = _newest_legs(connection) if connection is not None else {}
    paths = {str(path.relative_to(root)): path.name for path in root.rglob("*") if path.is_file()}
    date: Callable[[str], datetime] = lambda name: newest.get(  # noqa: E731
        name, true_time(name.rpartition(".")[0])
    )
    due = frozenset(path for path, name in paths.items() if date(name) < cutoff)
    return Expected(due, frozenset(paths) - due)


def _newest_legs(connection: Any) -> dict[str, datetime]:
    rows = _rows(connection, "SELECT uniqueid, linkedid, recordingfile FROM cdr")
    by_call: dict[str, datetime] = {}
    for uniqueid, linked, _ in rows:
        call = linked or uniqueid
        by_call[call] = max(true_time(uniqueid), by_call.get(call, true_time(uniqueid)))
    newest: dict[str, datetime] = {}
    for uniqueid, linked, name in rows:
        when = by_call[linked or uniqueid]
        newest[name] = max(when, newest.get(name, when))
    return newest


def remaining(root: Path) -> frozenset[str]:
    """Every file now below a root, relative; locks of ours aside."""
    return frozenset(
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and path.name != ".pbxretain.lock"
    )
