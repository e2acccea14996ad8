"""A small PBX whose calls differ by number, extension and age, to be held; with an oracle.

Each call has two legs, and only the first bears the number; a recording whose name doesn't; an
entry of the queue log under the second leg's id; a line of the CSV log; and a voice message. What
is left is told by call, for each kind of record.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pbxretain import connector, execute
from pbxretain.connector import Connector
from pbxretain.execute import RunResult, Site
from pbxretain.holds import Folder, Hold, Match, new_hold
from pbxretain.plan import Terms
from support.servers import Server
from support.site import make_site, make_terms

NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
PASSWORD = "a password of the tests"
VARIABLE = "PBXRETAIN_HELD_PASSWORD"
KINDS = ("rows", "files", "queue", "csv", "mail")
COLUMNS = (
    "calldate, src, dst, channel, dstchannel, uniqueid, linkedid, sequence, recordingfile, clid"
)


@dataclass(frozen=True)
class Call:
    """One call: ``n`` names it, ``days`` is its age."""

    n: int
    number: str
    extension: str
    days: int
    queue: str = "q"
    now: datetime = NOW
    """Of a server the real one: its clock can't be set."""

    @property
    def when(self) -> datetime:
        return self.now - timedelta(days=self.days) + timedelta(seconds=self.n)

    @property
    def first(self) -> str:
        return f"{int(self.when.timestamp())}.{self.n}"

    @property
    def second(self) -> str:
        return f"{int(self.when.timestamp())}.9{self.n}"

    @property
    def file(self) -> str:
        return f"rec-{self.when.astimezone(ZONE):%Y%m%d-%H%M%S}-{self.first}"


@dataclass
class World:
    """The PBX of some calls, below a folder."""

    folder: Path
    calls: Sequence[Call]
    url: str = ""
    kinds: tuple[str, ...] = KINDS
    extra: str = ""
    """YAML for the source in settings."""

    @property
    def pbx(self) -> Path:
        return self.folder / "pbx"

    @property
    def holds(self) -> Folder:
        return Folder(self.folder / "holds.d", self.folder / "state")

    @property
    def site(self) -> Site:
        return make_site(self.folder / "state")

    def terms(self, **how: object) -> Terms:
        roots = {"recordings": "files", "voicemail": "mail", "logs": "queue"}
        found = make_terms(
            product(),
            url=self.url or f"sqlite:///{self.pbx / 'cdr.db'}",
            roots={root: self.pbx / root for root, kind in roots.items() if kind in self.kinds},
            timezone="Europe/Berlin",
            extra=f'asterisk: {{version: "22.10.1"}}\nregion: DE\n{self.extra}',
            **how,  # type: ignore[arg-type]
        )
        return replace(found, holds=self.holds)

    def run(self, *, now: datetime = NOW, **how: object) -> RunResult:
        return execute.run(self.terms(**how), self.site, now=now)

    def hold(self, *, kind: str = "legal-hold", **match: object) -> Hold:
        """Sets a hold; ``data``, ``sources`` and what it matches."""
        about = {name: match.pop(name) for name in ("data", "sources") if name in match}
        hold = new_hold(
            Match.model_validate(match),
            kind=kind,  # type: ignore[arg-type]
            by="legal department",
            today=NOW.date(),
            **about,  # type: ignore[arg-type]
        )
        with self.holds.alone():
            self.holds.put(hold)
        return hold

    def build(self) -> World:
        """Writes it all."""
        self.pbx.mkdir(parents=True)
        with closing(sqlite3.connect(self.pbx / "cdr.db")) as database:
            database.execute(f"CREATE TABLE cdr (AcctId INTEGER PRIMARY KEY, {COLUMNS})")
            marks = ", ".join("?" * len(COLUMNS.split(",")))
            for row in rows(self.calls):
                database.execute(f"INSERT INTO cdr ({COLUMNS}) VALUES ({marks})", row)
            database.commit()
        if "files" in self.kinds:
            self._recordings()
        if "mail" in self.kinds:
            self._mail()
        if "queue" in self.kinds:
            self._logs()
        return self

    def _recordings(self) -> None:
        for call in self.calls:
            folder = self.pbx / "recordings" / f"{call.when.astimezone(ZONE):%Y/%m/%d}"
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{call.file}.wav"
            path.write_bytes(b"voice %d" % call.n)
            os.utime(path, (call.when.timestamp(), call.when.timestamp()))

    def _mail(self) -> None:
        (self.pbx / "voicemail" / "default" / "100" / "INBOX").mkdir(parents=True)
        for call in self.calls:
            place = self.pbx / "voicemail" / "default" / call.extension / "INBOX"
            place.mkdir(parents=True, exist_ok=True)
            number = len(list(place.glob("*.txt")))
            epoch = int(call.when.timestamp())
            (place / f"msg{number:04}.txt").write_text(
                f'[message]\ncallerid="X" <{call.number}>\norigtime={epoch}\n'
                f"msg_id={epoch}-0000000{call.n}\nduration=3\n"
            )
            (place / f"msg{number:04}.wav").write_bytes(b"mail %d" % call.n)
            for path in place.glob(f"msg{number:04}.*"):
                os.utime(path, (epoch, epoch))

    def _logs(self) -> None:
        (self.pbx / "logs" / "cdr-csv").mkdir(parents=True)
        queue, master = [], []
        for call in self.calls:
            queue.append(
                f"{int(call.when.timestamp())}|{call.second}|{call.queue}|Agent|CONNECT|{call.n}\n"
            )
            stamp = f"{call.when:%Y-%m-%d %H:%M:%S}"
            master.append(
                f'"","{call.number}","{call.extension}","ctx","","c","d","Dial","","{stamp}",,'
                f'"{stamp}",0,0,"ANSWERED","D","{call.first}","","","{call.first}",{call.n}\n'
            )
        (self.pbx / "logs" / "queue_log").write_text("".join(queue))
        (self.pbx / "logs" / "cdr-csv" / "Master.csv").write_text("".join(master))

    def left(self) -> dict[str, list[int]]:
        """By kind the calls of which something is left (rows: both legs count as two)."""
        found: dict[str, list[int]] = {kind: [] for kind in self.kinds}
        with closing(sqlite3.connect(self.pbx / "cdr.db")) as database:
            seen = database.execute("SELECT sequence FROM cdr ORDER BY 1").fetchall()
        found["rows"] = [int(number) for (number,) in seen]
        if "files" in self.kinds:
            names = (self.pbx / "recordings").rglob("*.wav")
            found["files"] = sorted(int(path.stem.rpartition(".")[2]) for path in names)
        if "mail" in self.kinds:
            texts = (self.pbx / "voicemail").rglob("msg*.txt")
            found["mail"] = sorted(int(t.read_text().partition("-0000000")[2][0]) for t in texts)
        if "queue" in self.kinds:
            lines = list(self._lines("queue_log*"))
            found["queue"] = sorted(int(line.rpartition("|")[2]) for line in lines)
            lines = list(self._lines("cdr-csv/Master.csv*"))
            found["csv"] = sorted(int(line.rpartition(",")[2]) for line in lines)
        return found

    def _lines(self, pattern: str) -> Iterator[str]:
        for path in (self.pbx / "logs").glob(pattern):
            yield from path.read_text().splitlines()


@dataclass
class Served:
    """The call log of a world on a database server, or in the world's own SQLite file."""

    world: World
    admin: Callable[[], Any]

    @classmethod
    def on(cls, world: World, server: Server) -> Served:
        """Filled, with a login of its own that may do no more than it needs."""
        name = server.create_database("held")
        found = cls(world, lambda: server.admin(name))
        found._fill("TIMESTAMP" if server.kind == "postgresql" else "DATETIME")
        grants = {"cdr": "SELECT, DELETE, UPDATE"}
        if server.kind == "mariadb":
            grants = {"cdr": "SELECT, DELETE, UPDATE, TRIGGER", "*": "REFERENCES"}
        server.create_user("held", password=PASSWORD, database=name, grants=grants)
        world.url = server.url(name, "held")
        world.extra = f"password: {{env: {VARIABLE}}}"
        return found

    def _fill(self, moment: str) -> None:
        columns = ", ".join(f"{c.strip()} VARCHAR(80)" for c in COLUMNS.split(","))
        columns = columns.replace("calldate VARCHAR(80)", f"calldate {moment} NULL")
        marks = ", ".join(["%s"] * len(COLUMNS.split(",")))
        with closing(self.admin()) as admin, closing(admin.cursor()) as cursor:
            cursor.execute(f"CREATE TABLE cdr ({columns})")
            cursor.execute("CREATE INDEX cdr_calldate ON cdr (calldate)")
            insert = f"INSERT INTO cdr ({COLUMNS}) VALUES ({marks})"
            cursor.executemany(insert, list(rows(self.world.calls)))

    def left(self, *, numbered: bool = False) -> list[int]:
        """The call of every row that is there; or of those alone that bear the number."""
        some = " WHERE src <> '999'" if numbered else ""
        with closing(self.admin()) as admin, closing(admin.cursor()) as cursor:
            cursor.execute(f"SELECT sequence FROM cdr{some}")
            return sorted(int(row[0]) for row in cursor.fetchall())


def rows(calls: Sequence[Call]) -> Iterator[tuple[str, ...]]:
    """The rows of the call log: each call's leg with the number, and one without it."""
    for call in calls:
        stamp = f"{call.when.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"
        channel = f"PJSIP/{call.extension}-0000001a"
        common = (stamp, call.number, call.extension, "PJSIP/trunk-0000001b", channel)
        yield (*common, call.first, call.first, str(call.n), f"{call.file}.wav", "")
        common = (stamp, "999", "998", "PJSIP/x-0000002b", "PJSIP/y-0000002c")
        yield (*common, call.second, call.first, str(call.n), "", "")


def product() -> Connector:
    """The shipped manifest, but no two seconds of patience with each log file's writer."""
    shipped = connector.find("asterisk")
    text = shipped.text.replace(b"    kind: lines\n", b"    kind: lines\n    quiet: 0\n")
    return connector.parse(text, "connector.yaml", "shipped")
