"""A PBX small enough to die at every single write, with one of everything that goes wrong."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from pbxretain import connector, execute, posix
from pbxretain.connector import Connector
from pbxretain.evidence.sealing import Recipient, load_recipients
from pbxretain.execute import RunResult, Site
from pbxretain.plan import Terms
from support.site import make_site, make_terms

NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Vienna")
OLD, YOUNG = NOW - timedelta(days=120), NOW - timedelta(days=10)
KINDS = ("tree", "spool", "lines", "table", "linked")


@dataclass
class Small:
    """One small PBX. ``stay`` and ``gone`` count what must be left and what reports must say."""

    folder: Path
    kinds: tuple[str, ...]
    due: dict[str, int] = field(default_factory=dict)

    @property
    def pbx(self) -> Path:
        return self.folder / "pbx"

    def terms(self) -> Terms:
        roots = {}
        for root, kinds in {
            "recordings": ("tree", "linked"),
            "voicemail": ("spool",),
            "logs": ("lines",),
        }.items():
            if set(kinds) & set(self.kinds):
                roots[root] = self.pbx / root
        has_table = {"table", "linked"} & set(self.kinds)
        return make_terms(
            _impatient(),
            url=f"sqlite:///{self.pbx / 'cdr.db'}" if has_table else None,
            roots=roots,
            timezone="Europe/Vienna",
            extra='asterisk: {version: "22.10.1"}\nregion: AT',
            recipients=self.recipients(),
        )

    def recipients(self) -> tuple[Recipient, ...]:
        """Those whose escrow keys lie beside the runner key; nobody before ``seal``."""
        return load_recipients(sorted((self.folder / "state" / "keys").glob("escrow-*.pub.pem")))

    def seal(self) -> Path:
        """From now on evidence is sealed to a new escrow key; gives its private half's file."""
        key = X25519PrivateKey.generate()
        private = self.folder / "dpo" / "escrow.pem"
        private.parent.mkdir(mode=0o700)
        posix.write_synced(
            private,
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            0o400,
        )
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (self.folder / "state" / "keys" / "escrow-2026.pub.pem").write_bytes(public)
        return private

    def site(self) -> Site:
        return make_site(self.folder / "state")

    def run(self, now: datetime | None = None) -> RunResult:
        """One run at ``now``; by default at NOW, or when the run before ended if that is later:
        a slow machine takes more than the second that entries are told apart by."""
        site = self.site()
        if now is None:
            last = execute.ledger_of(site).last()
            now = max(NOW, last.ended) if last else NOW
        return execute.run(self.terms(), site, now=now)

    def snapshot(self) -> dict[str, object]:
        """Everything that the PBX itself can see, without our locks."""
        seen: dict[str, object] = {}
        for path in sorted(self.pbx.rglob("*")):
            name = str(path.relative_to(self.pbx))
            if path.is_file() and path.name != ".pbxretain.lock" and not name.startswith("cdr.db"):
                seen[name] = path.read_bytes()
        for log in ("queue_log", "cdr-csv/Master.csv"):
            # Kept lines may lie in a segment; what counts is that none is lost or doubled.
            parts = [name for name in seen if name.startswith(f"logs/{log}")]
            lines = [line for name in parts for line in bytes(seen.pop(name)).splitlines()]  # type: ignore[call-overload]
            if lines:
                seen[f"lines of {log}"] = sorted(lines)
        if (self.pbx / "cdr.db").exists():
            with sqlite3.connect(self.pbx / "cdr.db") as connection:
                seen["cdr"] = sorted(map(repr, connection.execute("SELECT * FROM cdr")))
        return seen


def _impatient() -> Connector:
    """The shipped manifest, but no two seconds of patience with each log file's writer."""
    shipped = connector.find("asterisk")
    text = shipped.text.replace(b"    kind: lines\n", b"    kind: lines\n    quiet: 0\n")
    return connector.parse(text, "connector.yaml", "shipped")


def build(folder: Path, kinds: Sequence[str]) -> Small:
    """Makes a fresh small PBX below ``folder``."""
    small = Small(folder, tuple(kinds))
    (small.pbx).mkdir(parents=True)
    for kind in kinds:
        _BUILDERS[kind](small)
    small.site()
    return small


def _when(n: int, *, old: bool) -> datetime:
    return (OLD if old else YOUNG) + timedelta(minutes=7 * n)


def _recording(small: Small, n: int, *, old: bool) -> str:
    when = _when(n, old=old)
    local = when.astimezone(ZONE)
    name = f"out-0301234{n}-411-{local:%Y%m%d-%H%M%S}-{int(when.timestamp())}.{n}"
    folder = small.pbx / "recordings" / f"{local:%Y/%m/%d}"
    folder.mkdir(parents=True, exist_ok=True)
    for extension in ("wav", "WAV")[: 1 + n % 2]:
        path = folder / f"{name}.{extension}"
        path.write_bytes(b"voice %d" % n)
        os.utime(path, (when.timestamp(), when.timestamp()))
    return f"{name}.wav"


def _tree(small: Small) -> None:
    for n in range(3):
        _recording(small, n, old=True)
    _recording(small, 3, old=False)
    small.due["recordings"] = 3


def _spool(small: Small) -> None:
    for folder, ages in {"INBOX": "oyoo", "Old": "oy"}.items():
        place = small.pbx / "voicemail" / "default" / "411" / folder
        place.mkdir(parents=True)
        for number, age in enumerate(ages):
            when = _when(number, old=age == "o")
            text = (
                '[message]\norigmailbox=411\ncallerid="A" <0301234>\n'
                f"origtime={int(when.timestamp())}\n"
                f"msg_id={int(when.timestamp())}-0000000{number}\nduration=3\n"
            )
            (place / f"msg{number:04}.txt").write_text(text)
            for extension in ("wav", "WAV"):
                path = place / f"msg{number:04}.{extension}"
                path.write_bytes(f"{folder} {number} {extension}".encode())
                os.utime(path, (when.timestamp(), when.timestamp()))
    (small.pbx / "voicemail" / "default" / "411" / "unavail.wav").write_bytes(b"greeting")
    small.due["voicemail"] = 4


def _lines(small: Small) -> None:
    (small.pbx / "logs" / "cdr-csv").mkdir(parents=True)
    queue, master = [], []
    for n, old in enumerate([True, True, False, True, False]):
        when = _when(n, old=old)
        epoch = int(when.timestamp())
        queue.append(f"{epoch}|{epoch}.{n}|hotline|Agent|CONNECT|{n}\n")
        stamp = f"{when:%Y-%m-%d %H:%M:%S}"
        master.append(
            f'"","030","411","ctx","""X"" <030>","c","d","Dial","","{stamp}",,"{stamp}",0,0,'
            f'"ANSWERED","D","{epoch}.{n}","","","{epoch}.{n}",{n}\n'
        )
    queue[1:1] = [queue[1]]  # two identical lines
    (small.pbx / "logs" / "queue_log").write_text("".join(queue))
    (small.pbx / "logs" / "cdr-csv" / "Master.csv").write_text("".join(master))
    small.due.update({"queue-log": 4, "call-log-files": 3})


def _table(small: Small, *, linked: bool = False) -> None:
    with sqlite3.connect(small.pbx / "cdr.db") as connection:
        connection.execute(
            "CREATE TABLE cdr (AcctId INTEGER PRIMARY KEY, calldate, src, dst, dstchannel, clid,"
            " dcontext, channel, lastapp, lastdata, duration, billsec, disposition, amaflags,"
            " accountcode, uniqueid, linkedid, sequence, userfield, recordingfile)"
        )
        ages = "ooyoy"
        for n, age in enumerate(ages):
            when = _when(n, old=age == "o")
            file = _recording(small, n, old=age == "o") if linked else ""
            _row(connection, when=when, number=n, file=file)
            if n == 1:
                _row(connection, when=when, number=n, file=file)  # two identical rows
        # One call with a leg on either side of the cut-off: both stay.
        first = f"{int(_when(50, old=True).timestamp())}.50"
        for when in (_when(50, old=True), _when(50, old=False)):
            _row(connection, when=when, number=50, file="", linked=first)
        _row(connection, when=None, number=60, file="")
    small.due["calls"] = 4
    if linked:
        small.due["recordings"] = 3


def _row(
    connection: sqlite3.Connection,
    *,
    when: datetime | None,
    number: int,
    file: str,
    linked: str | None = None,
) -> None:
    stamp = f"{when.astimezone(ZONE):%Y-%m-%d %H:%M:%S}" if when else "0000-00-00 00:00:00"
    own = f"{int(when.timestamp())}.{number}" if when else f"assigned-{number}"
    connection.execute(
        "INSERT INTO cdr (calldate, src, dst, dstchannel, uniqueid, linkedid, sequence,"
        " recordingfile) VALUES (?, '030', '411', 'c', ?, ?, ?, ?)",
        (stamp, own, linked or own, str(number), file),
    )


def _linked(small: Small) -> None:
    _table(small, linked=True)


_BUILDERS = {"tree": _tree, "spool": _spool, "lines": _lines, "table": _table, "linked": _linked}


def run_child(arguments: list[str]) -> int:
    """What the crash harness runs: one run over the small PBX in a folder."""
    folder, kinds = Path(arguments[0]), json.loads(arguments[1])
    return int(Small(folder, tuple(kinds)).run().exit_code)
