"""A small PBX whose call log stands on a database server, with one of everything that goes wrong.

FreePBX on MariaDB (transient copy on MyISAM with its trigger, linked recordings) or Asterisk on
PostgreSQL. Times hang on the real clock, because a server's clock can't be set.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pymysql

from pbxretain import connector, execute
from pbxretain.execute import RunResult, Site
from pbxretain.plan import Terms
from support import freepbx
from support.servers import MariaDB, PostgreSQL, Server
from support.site import everything, make_site, make_terms

# pymysql reads the system's certificates anew for each connection, most of a small run's time.
_tls: Any = vars(pymysql.connections)["ssl"]
_tls.create_default_context = functools.cache(_tls.create_default_context)

Kind = Literal["mariadb", "postgresql"]
KINDS: tuple[Kind, ...] = ("mariadb", "postgresql")
PASSWORD = "a password of the tests"
ZONE = ZoneInfo("Europe/Vienna")
NOW = datetime.now(UTC).replace(microsecond=0)
OLD, YOUNG = NOW - timedelta(days=120), NOW - timedelta(days=10)
TABLES = {"mariadb": ("cdr", "transient_cdr", "cel"), "postgresql": ("cdr", "cel")}
GRANTS: Mapping[Kind, Mapping[str, str]] = {
    "mariadb": freepbx.GRANTS,
    "postgresql": {"cdr": "SELECT, DELETE, UPDATE (recordingfile)", "cel": "SELECT, DELETE"},
}


@dataclass
class Served:
    """One small PBX. ``due`` is what reports must say in sum, by dataset."""

    folder: Path
    kind: Kind
    url: str
    due: dict[str, int] = field(default_factory=dict)
    redact: str = ""
    """How rows are redacted instead of deleted, as a policy says it; empty: they are deleted."""

    @property
    def pbx(self) -> Path:
        return self.folder / "pbx"

    @property
    def recordings(self) -> Path:
        return self.pbx / "recordings"

    def terms(self) -> Terms:
        product = "freepbx" if self.kind == "mariadb" else "asterisk"
        keep = everything(connector.find(product).manifest, "90 days")
        if self.redact:
            rows = ("call-detail-records", "call-events")
            keep |= dict.fromkeys(rows, f"forever, redact: {self.redact}")
        return make_terms(
            product,
            url=self.url,
            keep=keep,
            roots={"recordings": self.recordings},
            timezone="Europe/Vienna",
            extra=f"password: {{file: {str(self.folder / 'password')!r}}}",
        )

    def site(self, name: str = "state") -> Site:
        return make_site(self.folder / name)

    def run(self, site: Site | None = None) -> RunResult:
        return execute.run(self.terms(), site or self.site(), now=datetime.now(UTC))

    def files(self) -> dict[str, bytes]:
        """Everything below the recordings root, without our locks."""
        paths = sorted(p for p in self.recordings.rglob("*") if p.is_file())
        return {
            str(path.relative_to(self.recordings)): path.read_bytes()
            for path in paths
            if path.name != ".pbxretain.lock"
        }


def prepare(
    server: Server, kind: Kind, database: str, grants: Mapping[str, str] | None = None
) -> str:
    """An empty database with the vendor's tables and a login with the documented rights, or with
    ``grants``; its url.

    PostgreSQL's table gets a column for recordings and an index on the time."""
    server.create_database(database)
    with closing(server.admin(database)) as connection:
        freepbx.create_tables(connection)
        if kind == "postgresql":
            cursor = connection.cursor()
            cursor.execute("ALTER TABLE cdr ADD COLUMN recordingfile varchar(255)")
            cursor.execute('CREATE INDEX cdr_start ON cdr ("start")')
    server.create_user(
        "pbxretain", password=PASSWORD, database=database, grants=grants or GRANTS[kind]
    )
    return server.url(database, "pbxretain")


def build(folder: Path, kind: Kind, url: str, connection: Any, *, redact: str = "") -> Served:
    """Empties the tables and fills them anew; makes the recordings below ``folder``."""
    pbx = Served(folder, kind, url, redact=redact)
    pbx.recordings.mkdir(parents=True)
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o600)
    cursor = connection.cursor()
    for table in TABLES[kind]:
        cursor.execute(f"DELETE FROM {table}")
    _calls(pbx, connection)
    _events(connection, kind)
    pbx.due.update({"calls": 6, "events": 3, "recordings": 3})
    if kind == "mariadb":
        # A copy whose call is gone, and a call without a copy.
        cursor.execute("DELETE FROM cdr WHERE src = 'lone'")
        cursor.execute("DELETE FROM transient_cdr WHERE src = 'bare'")
        pbx.due |= {"calls": 5, "calls-transient-cdr": 1}
    if redact:
        pbx.due = {f"{n}-redact" * (n != "recordings") or n: c for n, c in pbx.due.items()}
    connection.commit()
    pbx.site()
    return pbx


def _calls(pbx: Served, connection: Any) -> None:
    shared = recording(pbx, 1, old=True)
    row(connection, when(1, old=True), 1, file=shared)
    row(connection, when(2, old=True), 2, file=shared)
    for _ in range(2):
        row(connection, when(3, old=True), 3)
    row(connection, when(4, old=True), 4, src="bare", file=recording(pbx, 4, old=True))
    row(connection, when(5, old=True), 5, src="lone")
    recording(pbx, 6, old=True)  # no row names it
    row(connection, when(7, old=False), 7, file=recording(pbx, 7, old=False))
    # One call with a leg on either side of the cut-off, and its recording: all of it stays.
    first = f"{int(when(8, old=True).timestamp())}.8"
    row(connection, when(8, old=True), 8, linked=first, file=recording(pbx, 8, old=True))
    row(connection, when(8, old=False), 8, linked=first)
    row(connection, None, 9)


def when(n: int, *, old: bool) -> datetime:
    """The moment of call ``n``: some 120 or 10 days ago."""
    return (OLD if old else YOUNG) + timedelta(minutes=7 * n)


def recording(pbx: Served, n: int, *, old: bool) -> str:
    """Writes a recording into its day's folder; the name for ``recordingfile``."""
    at = when(n, old=old)
    local = at.astimezone(ZONE)
    name = f"external-411-0301234{n}-{local:%Y%m%d-%H%M%S}-{int(at.timestamp())}.{n}.wav"
    path = pbx.recordings / f"{local:%Y/%m/%d}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"voice %d" % n)
    os.utime(path, (at.timestamp(), at.timestamp()))
    return name


def row(
    connection: Any,
    at: datetime | None,
    number: int,
    *,
    file: str = "",
    src: str = "030",
    linked: str | None = None,
) -> None:
    """One leg; None is a zero date on MariaDB, NULL on PostgreSQL."""
    dialect = freepbx.dialect_of(connection)
    column = "calldate" if dialect == "mysql" else '"start"'
    empty = "0000-00-00 00:00:00" if dialect == "mysql" else None
    stamp = f"{at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}" if at else empty
    own = f"{int(at.timestamp())}.{number}" if at else f"assigned-{number}"
    with closing(connection.cursor()) as cursor:
        if dialect == "mysql":
            cursor.execute("SET SESSION sql_mode = ''")
        cursor.execute(
            f"INSERT INTO cdr ({column}, src, dst, dstchannel, uniqueid, linkedid, sequence,"
            " recordingfile) VALUES (%s, %s, '411', 'c', %s, %s, %s, %s)",
            (stamp, src, own, linked or own, number, file),
        )


def _events(connection: Any, kind: Kind) -> None:
    names, values = (", peeraccount, userfield", ", '', ''") if kind == "postgresql" else ("", "")
    with closing(connection.cursor()) as cursor:
        for n, age in enumerate("oooyy"):
            at = when(n, old=age == "o")
            call = f"{int(at.timestamp())}.{n}"
            cursor.execute(
                "INSERT INTO cel (eventtype, eventtime, userdeftype, cid_name, cid_num, cid_ani,"
                " cid_rdnis, cid_dnid, exten, context, channame, appname, appdata, amaflags,"
                f" accountcode, uniqueid, linkedid, peer, extra{names}) VALUES ('HANGUP', %s, '',"
                f" '', '030', '', '', '', '', '', '', '', '', 3, '', %s, %s, '', ''"
                f"{values})",
                (f"{at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}", call, call),
            )


def rows(connection: Any, *tables: str) -> dict[str, list[str]]:
    """Every row of some tables as text, sorted; twins count."""
    connection.rollback()
    found = {}
    for name in tables:
        with closing(connection.cursor()) as cursor:
            cursor.execute(f"SELECT * FROM {name}")
            found[name] = sorted(repr(tuple(each)[name == "cel" :]) for each in cursor.fetchall())
    return found


def snapshot(pbx: Served, connection: Any) -> dict[str, object]:
    """What the PBX itself can see: every row and every file."""
    return {**rows(connection, *TABLES[pbx.kind]), "files": pbx.files()}


def run_child(arguments: list[str]) -> int:
    """What the crash harness runs: one run over the PBX that ``describe`` told."""
    told = json.loads(arguments[0])
    pbx = Served(Path(told["folder"]), told["kind"], told["url"], redact=told["redact"])
    return int(pbx.run().exit_code)


def describe(pbx: Served) -> str:
    """An argument for ``run_child``."""
    told = {"folder": str(pbx.folder), "kind": pbx.kind, "url": pbx.url, "redact": pbx.redact}
    return json.dumps(told)


def server_of(kind: Kind) -> Server:
    """A server of the test's own, to kill and start again."""
    return MariaDB() if kind == "mariadb" else PostgreSQL()
