"""Does any personal value get out of the PBX, into a log, report, journal, ledger or message?

``build`` makes a PBX in which every personal field bears a mark: text says CANARY, numbers and ids
hold the digits 77077077. ``scan`` looks for marks in files, file names and texts: plain, in base64,
hex and JSON escapes, and as digests of whole values.
"""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
import os
import sqlite3
import wave
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from support.freepbx import create_tables

WORD = "CANARY"
DIGITS = "77077077"
ZONE = ZoneInfo("Europe/Berlin")
_AGES = (10, 40, 100, 150, 190)
"""Days; three of five are due with 90 days."""


@dataclass
class Canary:
    """A marked PBX. ``values`` are whole personal values, for their digests."""

    folder: Path
    values: set[str] = field(default_factory=set)

    @property
    def database(self) -> Path:
        return self.folder / "master.db"

    @property
    def roots(self) -> dict[str, Path]:
        return {name: self.folder / name for name in ("recordings", "voicemail", "logs")}

    @property
    def source(self) -> dict[str, object]:
        """The source as settings name it (connector asterisk), without its policy."""
        return {
            "connector": "asterisk",
            "url": f"sqlite:///{self.database}",
            "timezone": str(ZONE),
            "roots": {name: str(path) for name, path in self.roots.items()},
        }

    def mark(self, value: str) -> str:
        """Notes a personal value and returns it."""
        self.values.add(value)
        return value

    def text(self, label: str, n: int) -> str:
        return self.mark(f"{WORD}-{label}-{n}-Müßig")

    def number(self, n: int) -> str:
        return self.mark(f"+4930{DIGITS}{n:02d}")

    def scan(self, *places: Path | str | bytes) -> list[str]:
        """Where marks stand and in which form; empty when nothing got out.

        Paths are searched as files or folders, texts and bytes as they are."""
        needles = list(self._needles())
        return [hit for place in places for hit in _search(place, needles)]

    def _needles(self) -> Iterator[tuple[str, bytes]]:
        for core in (WORD, DIGITS):
            yield "plain", core.lower().encode()
            yield "hex", core.encode().hex().encode()
            yield "reversed", core[::-1].lower().encode()
            yield "utf-16", core.lower().encode("utf-16-le")
            for shift in range(3):
                whole = base64.b64encode(b"\0" * shift + core.encode())
                yield "base64", whole[(0, 2, 3)[shift] : -4 if (shift + len(core)) % 3 else None]
        for value in self.values:
            for form in {value, value.removeprefix("+"), value.strip()}:
                for name in ("sha256", "sha1", "md5"):
                    digest = hashlib.new(name, form.encode()).digest()
                    yield name, digest
                    yield f"{name} hex", digest.hex().encode()
                    yield f"{name} base64", base64.b64encode(digest)[:-2]


def _search(place: Path | str | bytes, needles: list[tuple[str, bytes]]) -> Iterator[str]:
    if isinstance(place, Path):
        paths = [place, *place.rglob("*")] if place.is_dir() else [place]
        for path in paths:
            name = os.fsencode(path.relative_to(place) if path != place else path.name)
            yield from (f"{hit} in a name" for hit in _find(name, needles))
            if path.is_file() and not path.is_symlink():
                yield from (f"{hit} in {path}" for hit in _find(path.read_bytes(), needles))
    else:
        data = place.encode() if isinstance(place, str) else place
        yield from (f"{hit} in a text" for hit in _find(data, needles))


def _find(data: bytes, needles: list[tuple[str, bytes]]) -> Iterator[str]:
    if data.startswith(b"\x1f\x8b"):
        yield from _find(gzip.decompress(data), needles)
    lower = data.lower()
    for form, needle in needles:
        # base64 and raw digests are found as they are, all else whatever the case.
        if needle in (data if "base64" in form else lower) or needle in data:
            yield form


def build(folder: Path, *, now: datetime, broken: bool = False) -> Canary:
    """Makes the PBX below a folder: call log and events in SQLite, recordings, voicemail, logs.

    With ``broken`` there are also things that provoke errors: a message file that is garbage, a
    file name that isn't UTF-8, a date that is none, a line of too few fields.
    """
    canary = Canary(folder)
    folder.mkdir(parents=True, exist_ok=True)
    calls = [_call(canary, n, now - timedelta(days=age)) for n, age in enumerate(_AGES)]
    with closing(sqlite3.connect(canary.database)) as connection:
        create_tables(connection, "asterisk")
        for call in calls:
            _insert(connection, "cdr", call.cdr)
            _insert(connection, "cel", call.cel)
        if broken:
            _insert(connection, "cdr", dict(calls[0].cdr) | {"calldate": canary.text("date", 0)})
        connection.commit()
    for call in calls:
        _record(canary, call)
        _leave_message(canary, call)
    _write_logs(canary, calls, broken=broken)
    if broken:
        _break(canary)
    return canary


@dataclass(frozen=True)
class _Call:
    n: int
    when: datetime
    cdr: Mapping[str, str]
    cel: Mapping[str, str]


def _call(canary: Canary, n: int, when: datetime) -> _Call:
    epoch = int(when.timestamp())
    uniqueid = canary.mark(f"{epoch}.{DIGITS}{n}")
    local = when.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")
    caller, callee = canary.number(2 * n), canary.number(2 * n + 1)
    stamp = when.astimezone(ZONE).strftime("%Y%m%d-%H%M%S")
    channel = canary.text("channel", n)
    cdr = {
        "calldate": local,
        "clid": canary.mark(f'"{canary.text("name", n)}" <{caller}>'),
        "src": caller,
        "dst": callee,
        "dcontext": canary.text("context", n),
        "channel": channel,
        "dstchannel": canary.text("dstchannel", n),
        "lastapp": "Dial",
        "lastdata": canary.text("lastdata", n),
        "duration": "9",
        "billsec": "7",
        "disposition": "ANSWERED",
        "amaflags": "3",
        "accountcode": canary.text("account", n),
        "uniqueid": uniqueid,
        "linkedid": uniqueid,
        "sequence": str(n),
        "userfield": canary.text("userfield", n),
        "recordingfile": canary.mark(f"external-{callee}-{caller}-{stamp}-{uniqueid}.wav"),
    }
    columns = ("cidname", "cidrdnis", "ciddnid", "context", "exten", "appdata", "accountcode")
    rest = ("userfield", "peer", "userdeftype", "eventextra")
    cel = {name: canary.text(name, n) for name in (*columns, *rest)} | {
        "eventtype": "CHAN_START",
        "eventtime": f"{epoch}.000001",
        "cidnum": caller,
        "cidani": caller,
        "channame": channel,
        "appname": "Dial",
        "amaflags": "3",
        "uniqueid": uniqueid,
        "linkedid": uniqueid,
    }
    return _Call(n, when, cdr, cel)


def _insert(connection: sqlite3.Connection, table: str, row: Mapping[str, str]) -> None:
    marks = ", ".join("?" * len(row))
    connection.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values())
    )


def _record(canary: Canary, call: _Call) -> None:
    folder = canary.roots["recordings"] / call.when.astimezone(ZONE).strftime("%Y/%m/%d")
    _put(folder / call.cdr["recordingfile"], _sound(call), call.when)
    orphan = call.cdr["recordingfile"].replace("external-", "ondemand-")
    if call.n % 2:
        _put(
            folder / canary.mark(orphan.replace(f"{DIGITS}{call.n}", f"{DIGITS}9")), b"", call.when
        )


def _sound(call: _Call) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(f"{WORD}-voice-{call.n} ".encode() * 20)
    return buffer.getvalue()


def _put(path: Path, data: bytes, when: datetime) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (when.timestamp(), when.timestamp()))


def _leave_message(canary: Canary, call: _Call) -> None:
    box = canary.roots["voicemail"] / canary.text("vmcontext", 0) / canary.mark(DIGITS)
    epoch = int(call.when.timestamp())
    text = "\n".join(
        (
            ";", "; Message Information file", ";", "[message]",
            f"origmailbox={DIGITS}", "context=app-vm", f"exten={call.cdr['dst']}",
            f"callerchan={call.cdr['channel']}", f"callerid={call.cdr['clid']}",
            f"origdate={call.when.astimezone(UTC):%a %b %d %I:%M:%S %p UTC %Y}",
            f"origtime={epoch}", "category=", f"msg_id={canary.mark(f'{epoch}-{DIGITS}')}",
            "flag=", "duration=3", "",
        )
    )  # fmt: skip
    stem = box / "INBOX" / f"msg{call.n:04d}"
    _put(stem.with_suffix(".txt"), text.encode(), call.when)
    _put(stem.with_suffix(".wav"), _sound(call), call.when)
    _put(box / "unavail.wav", _sound(call), call.when)


def _write_logs(canary: Canary, calls: list[_Call], *, broken: bool) -> None:
    folder = canary.roots["logs"]
    (folder / "cdr-csv").mkdir(parents=True)
    rows, events = io.StringIO(), io.StringIO()
    for call in reversed(calls):
        row, at = call.cdr, call.when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        first = [row[k] for k in ("accountcode", "src", "dst", "dcontext", "clid", "channel")]
        then = [row[k] for k in ("dstchannel", "lastapp", "lastdata")]
        last = [row["uniqueid"], row["userfield"], "", row["linkedid"], row["sequence"]]
        times = [at, at, at, "9", "7", "ANSWERED", "DOCUMENTATION"]
        csv.writer(rows, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(
            first + then + times + last
        )
        agent, queue = canary.text("agent", call.n), canary.text("queue", 0)
        begin = f"{int(call.when.timestamp())}|{row['uniqueid']}|{queue}"
        events.write(f"{begin}|NONE|ENTERQUEUE||{row['src']}|1|{row['clid']}\n")
        events.write(f"{begin}|{agent}|CONNECT|3|{row['uniqueid']}|2\n")
    if broken:
        rows.write(f'"{canary.text("short", 0)}",1\n')
        events.write(f"{canary.text('line', 0)}\n")
    for name in ("Master.csv", f"{canary.text('account', 0)}.csv"):
        (folder / "cdr-csv" / name).write_text(rows.getvalue(), encoding="utf-8")
    (folder / "queue_log").write_text(events.getvalue(), encoding="utf-8")


def _break(canary: Canary) -> None:
    box = canary.roots["voicemail"] / canary.text("vmcontext", 0) / DIGITS / "INBOX"
    (box / "msg0010.txt").write_bytes(b"\xff\xfe" + canary.text("garbage", 0).encode())
    (box / "msg0011.wav").write_bytes(WORD.encode())
    odd = os.fsencode(canary.roots["recordings"]) + b"/" + WORD.encode() + b"-\xff\xfe-odd.wav"
    Path(os.fsdecode(odd)).write_bytes(WORD.encode())
