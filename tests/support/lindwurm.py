"""A Lindwurm PBX 7, which doesn't exist: what the integrator's page takes as its example."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")
CALLS = 300
EVERY = {"recordings": 3, "missed-calls": 5, "notes": 6}
"""Every n-th call has one of these."""

_NAME = "%Y%m%d-%H%M%S"


def fill(folder: Path, vendor: str, *, now: datetime) -> None:
    """The vendor's tables in ``calls.db`` and a folder ``recordings``, over 200 days."""
    (folder / "recordings").mkdir(parents=True)
    with closing(sqlite3.connect(folder / "calls.db")) as pbx:
        pbx.executescript(vendor)
        pbx.execute("INSERT INTO system_settings VALUES ('language', 'de')")
        for number in range(CALLS):
            _call(pbx, folder / "recordings", number, at=now - timedelta(hours=2 + 16 * number))
        pbx.execute("INSERT INTO calls_stat SELECT * FROM calls")
        pbx.commit()


def _call(pbx: sqlite3.Connection, recordings: Path, number: int, *, at: datetime) -> None:
    local = at.astimezone(ZONE).replace(microsecond=0, tzinfo=None)
    voice = ""
    if number % EVERY["recordings"] == 0:
        voice = f"{local:{_NAME}}-{number}.wav"
        (recordings / voice).write_bytes(b"voice")
        os.utime(recordings / voice, (at.timestamp(), at.timestamp()))
    pbx.execute(
        "INSERT INTO calls VALUES (?, ?, ?, ?, '+49891234', 'Jürgen', '100', 'done', ?)",
        (number, f"ref-{number}", str(local), str(local + timedelta(seconds=90)), voice),
    )
    if number % EVERY["missed-calls"] == 0:
        row = (f"ref-{number}", int(at.timestamp()), "+49891234")
        pbx.execute("INSERT INTO missed_calls (call_ref, at, caller) VALUES (?, ?, ?)", row)
    if number % EVERY["notes"] == 0:
        pbx.execute("INSERT INTO call_notes VALUES (?, 'calls back')", (number,))


def count(folder: Path, before: datetime | None = None) -> dict[str, int]:
    """How many there are of each, or how many of them began before an instant."""
    local, edge, epoch = "9999", "9999", 2**40
    if before is not None:
        wall = before.astimezone(ZONE).replace(tzinfo=None)
        local, edge, epoch = str(wall), f"{wall:{_NAME}}", int(before.timestamp())
    files = [path.name for path in (folder / "recordings").glob("*.wav") if path.name < edge]
    with closing(sqlite3.connect(folder / "calls.db")) as pbx:

        def number(what: str, limit: str | int) -> int:
            (found,) = pbx.execute(f"SELECT COUNT(*) FROM {what}", (limit,)).fetchone()
            return int(found)

        notes = "call_notes n LEFT JOIN calls c ON c.id = n.call_id"
        return {
            "calls": number("calls WHERE started < ?", local),
            "copies": number("calls_stat WHERE started < ?", local),
            "recordings": len(files),
            "missed-calls": number("missed_calls WHERE at < ?", epoch),
            "notes": number(f"{notes} WHERE COALESCE(c.started, '') < ?", local),
        }
