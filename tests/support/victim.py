"""What does the crash harness kill in its own test? A file, a rename, a row, a removal."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from pbxretain import posix


def main(args: list[str]) -> int:
    """Works in the folder that ``args`` names and ends with 3."""
    folder = Path(args[0])
    posix.write_synced(folder / "new", b"12345678", replace=False)
    with closing(sqlite3.connect(folder / "db")) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.execute("INSERT INTO t VALUES (1)")
        connection.commit()
    posix.remove_synced(folder / "new")
    return 3
