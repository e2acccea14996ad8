"""Rows that name files, in a real SQLite table; what a table store answers to a tree store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pbxretain.records import Advice, Field, Sought, Ties


class Rows:
    """Implements ``records.Naming`` on a table cdr(call, epoch, recordingfile)."""

    def __init__(self, path: Path | str = ":memory:") -> None:
        self.db = sqlite3.connect(path)
        self.db.execute("CREATE TABLE IF NOT EXISTS cdr (call, epoch, recordingfile BLOB)")
        self.db.commit()

    def add(self, call: str, when: datetime, value: bytes) -> None:
        row = (call, when.timestamp(), value)
        self.db.execute("INSERT INTO cdr VALUES (?, ?, ?)", row)
        self.db.commit()

    @property
    def data_class(self) -> str:
        return "call-detail-records"

    def waiting(self, spellings: Sequence[bytes]) -> frozenset[bytes]:
        del spellings
        return frozenset()

    def newest_leg(self, spellings: Sequence[bytes]) -> Mapping[bytes, datetime]:
        found = {}
        for value in spellings:
            query = (
                "SELECT max(epoch) FROM cdr WHERE call IN"
                " (SELECT call FROM cdr WHERE recordingfile = ?)"
            )
            newest = self.db.execute(query, (value,)).fetchone()[0]
            if newest is not None:
                found[value] = datetime.fromtimestamp(newest, UTC)
        return found

    def concerning(self, sought: Sought) -> Iterator[tuple[bytes, Field]]:
        for call, value in self.db.execute("SELECT call, recordingfile FROM cdr").fetchall():
            if sought.matches(value):
                yield value, call.encode()

    def facets(
        self, spellings: Sequence[bytes]
    ) -> Mapping[bytes, Mapping[str, frozenset[str] | None]]:
        """Tells the call as queue."""
        found: dict[bytes, Mapping[str, frozenset[str] | None]] = {}
        for value in spellings:
            query = "SELECT DISTINCT call FROM cdr WHERE recordingfile = ?"
            if calls := self.db.execute(query, (value,)).fetchall():
                found[value] = {"queue": frozenset(call for (call,) in calls)}
        return found

    def check(self) -> Sequence[Advice]:
        return ()

    def blank(self, spellings: Sequence[bytes]) -> int:
        done = 0
        for value in spellings:
            query = "UPDATE cdr SET recordingfile = x'' WHERE recordingfile = ?"
            done += self.db.execute(query, (value,)).rowcount
        self.db.commit()
        return done

    def names(self, of: Ties) -> frozenset[bytes]:
        rows = self.db.execute("SELECT call, recordingfile FROM cdr").fetchall()
        return frozenset(value for call, value in rows if value and call.encode() in of.calls)

    def named(self) -> Iterator[bytes]:
        query = "SELECT recordingfile FROM cdr WHERE length(recordingfile) > 0"
        for (value,) in self.db.execute(query).fetchall():
            yield value

    def links(self) -> list[bytes]:
        return [value for (value,) in self.db.execute("SELECT recordingfile FROM cdr").fetchall()]
