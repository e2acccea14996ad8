"""The call log of FreePBX or Asterisk: 75 % due, an index on the time.

The rows are made by the server itself and copied anew for each turn; what is left is counted and
compared with what must be left.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from support import freepbx
from support.servers import MariaDB, PostgreSQL

from benchmarks.race import Contender, Event, Measure
from pbxretain.period import Period, cutoff

CHUNK = 5000
Ours = Callable[..., dict[str, Any]]
DAYS, KEEP = 360, 90
NUMBERS = 100_000
"""From and to how many outside numbers the calls go."""

ZONE = ZoneInfo("Europe/Berlin")
COUNTS, SEALED = "pbxretain, counts", "pbxretain, sealed"


@dataclass
class Raced(Event):
    """An event with pbxretain's own run apart, for what is no race."""

    ours: Ours = field(kw_only=True)
    log: Log = field(kw_only=True)
    target: str = field(kw_only=True, default="")
    """Where a live writer connects to."""


def now() -> datetime:
    """The clock of a whole event, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def _local(moment: datetime) -> str:
    return moment.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")


def _columns(number: str, epoch: str, when: str, text: Callable[..., str]) -> dict[str, str]:
    """Column to SQL expression; ``text`` joins, ``number`` is the row's number from 1."""
    ext = f"(200 + {number} % 300)"
    outer = f"(1000000 + ({number} * 7919) % {NUMBERS} * 79)"
    return {
        "calldate": when,
        "start": when,
        "answer": when,
        "end": when,
        "clid": text("'\"Caller '", outer, "'\" <030'", outer, "'>'"),
        "src": text("'030'", outer),
        "dst": text(ext),
        "dcontext": "'from-internal'",
        "channel": text("'PJSIP/trunk-'", f"{number} % 65536"),
        "dstchannel": text("'PJSIP/'", ext, "'-'", f"{number} % 65536"),
        "lastapp": "'Dial'",
        "lastdata": text("'PJSIP/'", ext, "',30,HhTtr'"),
        "duration": f"({number} % 900)",
        "billsec": f"({number} % 880)",
        "disposition": f"CASE WHEN {number} % 5 = 0 THEN 'NO ANSWER' ELSE 'ANSWERED' END",
        "amaflags": "3",
        "accountcode": "''",
        "uniqueid": text(epoch, "'.'", number),
        "userfield": "''",
        "did": text("'49301234'", ext),
        "recordingfile": "''",
        "cnum": text("'030'", outer),
        "cnam": text("'Caller '", outer),
        "outbound_cnum": "''",
        "outbound_cnam": "''",
        "dst_cnam": text("'Ext '", ext),
        "linkedid": text(epoch, "'.'", number),
        "peeraccount": "''",
        "sequence": f"({number} % 2000000000)",
    }


def _offset(epoch: str, first: int) -> str:
    """SQL for the zone's distance from UTC, in seconds, at an instant of the span."""
    hours = [first + n * 3600 for n in range((DAYS + 1) * 24)]
    found = [(at, datetime.fromtimestamp(at, ZONE).utcoffset()) for at in hours]
    cases, last = "", found[-1][1]
    for (_, before), (at, after) in pairwise(found):
        if before != after and before is not None:
            cases += f" WHEN {epoch} < {at - at % 3600} THEN {before.seconds}"
    seconds = last.seconds if last else 0
    return f"(CASE{cases} ELSE {seconds} END)" if cases else str(seconds)


def wall(moment: datetime) -> datetime:
    return moment.astimezone(ZONE).replace(tzinfo=None)


class Log:
    """What the three databases share: the span, the edge, what must be left."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        moment = now()
        self.oldest = moment - timedelta(days=DAYS)
        self.edge = cutoff(Period(KEEP, "day"), now=moment, zone=ZONE)
        first, edge = int(self.oldest.timestamp()), int(self.edge.timestamp())
        self.left = sum(first + n * DAYS * 86400 // rows >= edge for n in range(1, rows + 1))
        self.cut = _local(self.edge)
        self.arrived = 0
        """How many rows a live writer has put in since the data was made anew."""

    @property
    def due(self) -> int:
        return self.rows - self.left

    def columns(
        self, number: str, *, div: str, form: Callable[[str], str], text: Callable[..., str]
    ) -> dict[str, str]:
        """The columns of the row with this number; ``form`` makes a local time out of the seconds
        since 1970 on the wall, ``div`` divides whole numbers."""
        first = int(self.oldest.timestamp())
        epoch = f"({first} + ({number} * {DAYS * 86400} {div} {self.rows}))"
        return _columns(number, epoch, form(f"({epoch} + {_offset(epoch, first)})"), text)

    def judge(self, total: int, old: int) -> None:
        """Raises SystemExit where not exactly the due rows are gone."""
        left = self.left + self.arrived
        if (total, old) != (left, 0):
            raise SystemExit(f"wrong rows left: {total} of {left}, due among them {old}")


def both(ours: Ours) -> list[Contender]:
    """pbxretain at its two levels."""
    return [Contender(COUNTS, ours), Contender(SEALED, partial(ours, sealed=True))]


def measures(row: str, base: str) -> list[Measure]:
    """Both levels against the bare limit."""
    return [Measure(row, name, base, name.partition(", ")[2]) for name in (COUNTS, SEALED)]


def quoted(name: str) -> str:
    return f'"{name}"'


def create(connector: str, dialect: str) -> str:
    """The vendor's own statement for the table cdr."""
    return next(s for s in freepbx.schema(connector, dialect) if re.match(r"CREATE TABLE cdr\b", s))


def user(server: MariaDB | PostgreSQL, database: str, grants: dict[str, str]) -> str:
    """Makes the login; returns the line of the settings that names its password."""
    password = "bench " + server.kind
    server.create_user("pbxretain", password=password, database=database, grants=grants)
    path = server.folder / "password"
    path.write_text(password)
    path.chmod(0o600)
    return f"password: {{file: {path}}}"
