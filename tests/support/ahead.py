"""A call log on PostgreSQL without recordings, to be deleted at full speed in many small batches.

Seventeen due rows, among them more equal ones at one instant than a batch takes; a call on either
side of the cut-off, young ones and one without a date stay. Times hang on the real clock.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import wait
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pbxretain import execute
from pbxretain.batches import Pace
from pbxretain.evidence.sealing import Recipient
from pbxretain.execute import RunResult, Site
from pbxretain.holds import Folder, Match, new_hold
from pbxretain.lookahead import LookAhead
from pbxretain.plan import Terms
from support import freepbx
from support.servers import PostgreSQL
from support.site import make_site, make_terms

ZONE = ZoneInfo("Europe/Vienna")
PASSWORD = "a password of the tests"
SMALL = Pace(goal=60.0, longest=60.0, smallest=1, first=3, largest=3, rest=0)
"""Three records a batch, and no rest."""

DUE, STAY = 17, 5
DISTINCT = 13
"""Identities of due rows."""

HELD = "+43 1 5550123"


@dataclass
class Log:
    """One call log; ``admin`` connects with all rights."""

    folder: Path
    url: str

    @property
    def holds(self) -> Folder:
        return Folder(self.folder / "holds.d", self.folder / "state")

    def site(self) -> Site:
        return make_site(self.folder / "state")

    def terms(self, **how: Any) -> Terms:
        (self.folder / "password").write_text(PASSWORD)
        (self.folder / "password").chmod(0o600)
        secret = f"password: {{file: {str(self.folder / 'password')!r}}}\nregion: AT"
        made = make_terms("asterisk", url=self.url, timezone="Europe/Vienna", extra=secret, **how)
        return replace(made, holds=self.holds)

    def run(
        self, *, pace: Pace = SMALL, recipients: Sequence[Recipient] = (), **how: Any
    ) -> RunResult:
        terms = self.terms(recipients=recipients)
        return execute.run(terms, self.site(), now=datetime.now(UTC), pace=pace, **how)

    def hold(self) -> None:
        """Somebody keeps what bears the number ``HELD``."""
        today = datetime.now(UTC).date()
        with self.holds.alone():
            self.holds.put(
                new_hold(Match(numbers=[HELD]), kind="legal-hold", by="legal", today=today)
            )


@dataclass
class Bench:
    """A log, its server, and what an administrator sees there."""

    log: Log
    server: PostgreSQL
    admin: Any
    login: str = "ahead"

    def left(self) -> Counter[str]:
        """The calling numbers of the rows that are there."""
        with closing(self.admin.execute("SELECT src FROM cdr")) as cursor:
            return Counter(src for (src,) in cursor.fetchall())

    def ours(self, condition: str = "true") -> list[tuple[int, str]]:
        """The sessions of the run for which something is true: pid and state."""
        found = self.admin.execute(
            f"SELECT pid, state FROM pg_stat_activity WHERE usename = %s AND {condition}"
            " ORDER BY backend_start",
            (self.login,),
        )
        return [(int(pid), str(state)) for pid, state in found.fetchall()]

    def open(self) -> list[int]:
        """Those with an open transaction that has changed something."""
        return [pid for pid, _ in self.ours("backend_xid IS NOT NULL")]

    def end(self, pid: int) -> None:
        """Ends a session, and returns when it is gone."""
        self.admin.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))

    def late(self, number: int, *, src: str = "030") -> None:
        """One more due row, behind all others."""
        _row(self.admin, _old(number), number, src=src)


def benched(server: PostgreSQL, folder: Path) -> Iterator[Bench]:
    """For a fixture: a schema of its own with the least rights, and a folder."""
    with server.admin() as admin:
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = 'ahead'").fetchone():
            server.create_database("ahead")
    with closing(server.admin("ahead")) as admin:
        admin.execute("DROP SCHEMA public CASCADE")
        admin.execute("CREATE SCHEMA public")
        admin.execute("GRANT USAGE ON SCHEMA public TO public")
        freepbx.create_tables(admin, "asterisk")
        admin.execute('CREATE INDEX cdr_start ON cdr ("start")')
        admin.execute("DROP TABLE cel, queue_log")
        grants = {"cdr": "SELECT, DELETE"}
        server.create_user("ahead", password=PASSWORD, database="ahead", grants=grants)
        yield Bench(fill(folder, server.url("ahead", "ahead"), admin), server, admin)


def fill(folder: Path, url: str, admin: Any) -> Log:
    """Empties the table and fills it anew."""
    folder.mkdir(parents=True, exist_ok=True)
    admin.execute("DELETE FROM cdr")
    for number in range(12):
        _row(admin, _old(number), number, src=HELD if number in (4, 10) else "030")
    for _ in range(5):
        _row(admin, _old(20), 20, src="twin")
    _row(admin, _old(21), 21, src="straddler", linked="one call")
    _row(admin, _young(21), 22, src="straddler", linked="one call")
    for number in (30, 31):
        _row(admin, _young(number), number, src="young")
    _row(admin, None, 40, src="undated")
    log = Log(folder, url)
    log.site()
    return log


def _old(number: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=120) + timedelta(minutes=number)


def _young(number: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=10) + timedelta(minutes=number)


def _row(admin: Any, at: datetime | None, number: int, *, src: str, linked: str = "") -> None:
    own = f"{int(at.timestamp())}.{number}" if at else f"call-{number}"
    stamp = f"{at.astimezone(ZONE):%Y-%m-%d %H:%M:00}" if at else None
    own = f"call-{number}" if src == "twin" else own
    admin.execute(
        'INSERT INTO cdr ("start", src, dst, dstchannel, uniqueid, linkedid, sequence)'
        " VALUES (%s, %s, '411', 'c', %s, %s, %s)",
        (stamp, src, own, linked or own, number),
    )


# --- the child of a crash campaign ---


def run_child(arguments: list[str]) -> int:
    """One run over the log that ``describe`` told. ``ready``: each next batch is taken before the
    one in hand goes on, so that every death finds it open."""
    told = json.loads(arguments[0])
    log = Log(Path(told["folder"]), told["url"])
    if told["ready"]:
        waits(pytest.MonkeyPatch())
    return int(log.run().exit_code)


def describe(log: Log, *, ready: bool) -> str:
    """An argument for ``run_child``."""
    return json.dumps({"folder": str(log.folder), "url": log.url, "ready": ready})


def waits(patch: pytest.MonkeyPatch) -> None:
    """From now on a batch is handed out once the next one is taken."""
    original: Any = LookAhead.take

    def take(self: Any, *args: Any, **how: Any) -> Any:
        batch = original(self, *args, **how)
        if self._ahead is not None:
            wait([self._ahead[1]])
        return batch

    patch.setattr(LookAhead, "take", take)
