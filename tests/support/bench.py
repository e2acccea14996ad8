"""A small PBX on a server between two runs: what is left, what happens to it, what covers it?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pbxretain.errors import Exit
from support import aftermath, served
from support.served import Kind, Served
from support.servers import Server

STAY = [7, 8, 8, 9]
"""The calls that no run takes: young, straddling, undated."""


@dataclass
class Bench:
    """A small PBX on a server, with the administrator's connection."""

    pbx: Served
    server: Server
    admin: Any

    def left(self, table: str = "cdr") -> list[int]:
        """The numbers of the calls that are still there, with their legs."""
        self.admin.rollback()
        with closing(self.admin.cursor()) as cursor:
            cursor.execute(f"SELECT sequence FROM {table}")
            return sorted(number for (number,) in cursor.fetchall())

    def do(self, statement: str, *args: object) -> Any:
        with closing(self.admin.cursor()) as cursor:
            cursor.execute(statement, args or None)
            return cursor.fetchall() if cursor.description else None

    def insert(self, at: datetime, number: int, **more: str) -> None:
        served.row(self.admin, at, number, **more)
        self.admin.commit()

    def heals(self, **more: int) -> None:
        """The next run ends well; nothing due is left; every record is covered exactly once."""
        done = self.pbx.run()
        assert (done.exit_code, [str(error) for error in done.errors]) == (Exit.OK, [])
        assert self.left() == STAY
        if self.pbx.kind == "mariadb":
            assert self.left("transient_cdr") == STAY
        due = {name: count + more.get(name, 0) for name, count in self.pbx.due.items()}
        self.covered(due)

    def covered(self, due: dict[str, int]) -> None:
        assert dict(aftermath.deleted(self.pbx.site())) == due
        aftermath.assert_tidy(self.pbx.pbx)
        aftermath.assert_genuine(self.pbx.site(), datetime.now(UTC))

    def covers(self, report: int) -> int:
        """How many calls a report covers; 0 is the first one."""
        found = list(aftermath.reports(self.pbx.site()))[report].datasets
        return next(each.balances.deleted for each in found if each.dataset == "calls")


def benched(server: Server, kind: Kind, folder: Path) -> Iterator[Bench]:
    """For a fixture: a fresh database and folder."""
    url = served.prepare(server, kind, f"bench_{kind}")
    with closing(server.admin(f"bench_{kind}")) as admin:
        yield Bench(served.build(folder / "office", kind, url, admin), server, admin)
