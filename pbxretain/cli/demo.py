"""What does the whole path look like? A small fictitious PBX, and the real commands on it.

``python -m pbxretain.cli.demo --into demo`` makes a PBX of 200 days in a folder, then plans,
approves, runs and verifies as an admin would, and shows each command line with its output.
``build`` alone makes the PBX. Nobody in it exists: outside numbers come from the ranges that are
set aside for films.
"""

from __future__ import annotations

import json
import math
import os
import random
import shlex
import shutil
import sqlite3
import struct
import subprocess
import sys
import wave
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from pbxretain.cli.face import Face
from pbxretain.messages import LANGUAGES, Lang

ZONE = ZoneInfo("Europe/Berlin")
MARK = ".pbxretain-demo"
SOURCE = "demo"
ASTERISK = "22.10.1"
KEY = Path("state/keys/runner.pem.pub")

_NUMBERS = (
    "+49302312501", "+49302312544", "+49406696933", "+49699000955", "+49899999817",
    "+4922147101", "+491713920012", "+442079460123", "+15555550142", "+33199003112",
)  # fmt: skip
_NAMES = (
    "Jörg Weiß", "Zoë Müßiggang", "Bäckerei Groß & Söhne", "Łukasz Żółć", "Ελένη Παπαδοπούλου",
    "Işıl Demirtaş", "Ann O'Hara", "김서연", "Praxis Dr. Kühn", "Autohaus Öztürk",
)  # fmt: skip
_STAFF = {"411": "Käthe Lorenz", "412": "Sönke Brandt", "413": "Mia Ünal"}
_CDR = (
    "calldate", "clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp", "lastdata",
    "duration", "billsec", "disposition", "amaflags", "accountcode", "uniqueid", "linkedid",
    "sequence", "userfield", "recordingfile",
)  # fmt: skip
_CEL = (
    "eventtype", "eventtime", "cidname", "cidnum", "cidani", "cidrdnis", "ciddnid", "context",
    "exten", "channame", "appname", "appdata", "amaflags", "accountcode", "uniqueid", "linkedid",
    "userfield", "peer", "userdeftype", "eventextra",
)  # fmt: skip
_INDEXES = (
    ("cdr", "calldate"), ("cdr", "uniqueid"), ("cdr", "linkedid"), ("cdr", "recordingfile"),
    ("cel", "eventtime"), ("cel", "linkedid"), ("cel", "uniqueid"),
)  # fmt: skip


# --- the PBX ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pbx:
    """The folders of a PBX that ``build`` made."""

    folder: Path

    @property
    def database(self) -> Path:
        """Asterisk's call log and channel events, SQLite."""
        return self.folder / "log" / "master.db"

    @property
    def config(self) -> Path:
        """Asterisk's configuration folder."""
        return self.folder / "etc"

    @property
    def recordings(self) -> Path:
        return self.folder / "monitor"

    @property
    def voicemail(self) -> Path:
        return self.folder / "voicemail"


def build(folder: Path, *, now: datetime, seed: int = 90, calls: int = 320, days: int = 200) -> Pbx:
    """Makes a PBX in a folder that has none: the same for the same ``now`` (aware) and ``seed``.

    Calls lie on working days of the last ``days``. Some callers withhold their number, some
    recordings have no row and some rows no recording, as it happens on real systems.
    """
    pbx = Pbx(folder)
    pbx.database.parent.mkdir(parents=True)
    pbx.config.mkdir()
    (pbx.config / "asterisk.conf").write_text("[options]\nlockmode = lockfile\n", "ascii")
    office = _Office(pbx, random.Random(seed), now)  # noqa: S311
    for moment in sorted(office.moments(calls, days)):
        office.take_call(moment)
    office.greet(now - timedelta(days=days))
    office.leave_orphans(days)
    with closing(sqlite3.connect(pbx.database)) as connection:
        for table, columns, rows in (("cdr", _CDR, office.cdr), ("cel", _CEL, office.cel)):
            connection.execute(
                f"CREATE TABLE {table} (AcctId INTEGER PRIMARY KEY, {', '.join(columns)})"
            )
            marks = ", ".join("?" * len(columns))
            connection.executemany(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608
                rows,
            )
        for table, column in _INDEXES:
            connection.execute(f"CREATE INDEX {table}_{column} ON {table} ({column})")
        connection.commit()
    return pbx


@dataclass(slots=True)
class _Call:
    moment: datetime
    caller: str
    name: str
    dialled: str
    uniqueid: str
    recording: str = ""
    talk: int = 0


@dataclass(slots=True)
class _Office:
    pbx: Pbx
    random: random.Random
    now: datetime
    cdr: list[tuple[str, ...]] = field(default_factory=list)
    cel: list[tuple[str, ...]] = field(default_factory=list)
    boxes: dict[str, int] = field(default_factory=dict)
    channels: int = 0

    def moments(self, calls: int, days: int) -> Iterator[datetime]:
        """Instants in office hours, Monday to Friday."""
        last = self.now.astimezone(ZONE).date()
        while calls:
            day = last - timedelta(days=self.random.randrange(days))
            seconds = self.random.randrange(9 * 3600)
            local = datetime.combine(day, time(8), ZONE) + timedelta(seconds=seconds)
            moment = local.astimezone(UTC)
            if _works(day) and moment < self.now - timedelta(hours=1):
                calls -= 1
                yield moment

    def take_call(self, moment: datetime) -> None:
        choose = self.random
        withheld = choose.random() < 0.12
        caller = choose.choice(("", "anonymous")) if withheld else choose.choice(_NUMBERS)
        call = _Call(
            moment=moment,
            caller=caller,
            name="" if withheld else choose.choice(_NAMES),
            dialled=choose.choice(tuple(_STAFF)),
            uniqueid=self._channel(moment),
        )
        kind = choose.choices(("answered", "recorded", "voicemail", "missed"), (50, 18, 14, 18))[0]
        if kind == "recorded":
            call.recording = self._recording(call)
            if choose.random() < 0.9:
                self._write(call.recording, moment)
        if kind == "voicemail":
            self._leave_message(call)
        if kind != "missed":
            call.talk = int(choose.expovariate(1 / 90)) + 2
        self._log(call, answered=kind != "missed")

    def greet(self, moment: datetime) -> None:
        """Every mailbox has a greeting, older than all messages; it is no message."""
        for box in _STAFF:
            _sound(self.pbx.voicemail / "default" / box / "unavail.wav", 520, moment)

    def leave_orphans(self, days: int) -> None:
        """Recordings without a row: a call that was cut off, a test, a restored backup."""
        for age in (days - 10, 120, 30):
            moment = self.now - timedelta(days=age, hours=3)
            call = _Call(moment, "+49302312507", "", "412", self._channel(moment))
            self._write(self._recording(call), moment)

    def _channel(self, moment: datetime) -> str:
        self.channels += 1
        return f"{int(moment.timestamp())}.{self.channels}"

    def _recording(self, call: _Call) -> str:
        stamp = call.moment.astimezone(ZONE).strftime("%Y%m%d-%H%M%S")
        caller = call.caller or "unknown"
        return f"external-{call.dialled}-{caller}-{stamp}-{call.uniqueid}.wav"

    def _write(self, name: str, moment: datetime) -> None:
        folder = self.pbx.recordings / moment.astimezone(ZONE).strftime("%Y/%m/%d")
        _sound(folder / name, self.random.randrange(300, 700), moment)

    def _leave_message(self, call: _Call) -> None:
        number = self.boxes.get(call.dialled, 0)
        self.boxes[call.dialled] = number + 1
        stem = self.pbx.voicemail / "default" / call.dialled / "INBOX" / f"msg{number:04d}"
        moment = call.moment + timedelta(seconds=12)
        _sound(stem.with_suffix(".wav"), self.random.randrange(300, 700), moment)
        epoch = int(moment.timestamp())
        lines = (
            ";", "; Message Information file", ";", "[message]", f"origmailbox={call.dialled}",
            "context=app-vm", f"exten={call.dialled}", "rdnis=unknown", "priority=1",
            f"callerchan=PJSIP/trunk-{self.channels:08x}",
            f'callerid="{call.name}" <{call.caller}>',
            f"origdate={moment:%a %b %d %I:%M:%S %p UTC %Y}", f"origtime={epoch}", "category=",
            f"msg_id={epoch}-{self.channels:08x}", "flag=", "duration=4", "",
        )  # fmt: skip
        _put(stem.with_suffix(".txt"), "\n".join(lines).encode(), moment)

    def _log(self, call: _Call, *, answered: bool) -> None:
        channel = f"PJSIP/trunk-{self.channels:08x}"
        target = f"PJSIP/{call.dialled}-{self.channels:08x}"
        self.cdr.append((
            call.moment.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S"),
            f'"{call.name}" <{call.caller}>', call.caller, call.dialled, "from-trunk", channel,
            target, "Dial", f"PJSIP/{call.dialled},20", str(call.talk + 6), str(call.talk),
            "ANSWERED" if answered else "NO ANSWER", "DOCUMENTATION", "", call.uniqueid,
            call.uniqueid, str(self.channels), "", call.recording,
        ))  # fmt: skip
        steps = ("CHAN_START", "ANSWER", "HANGUP", "CHAN_END") if answered else ("CHAN_START",
            "HANGUP", "CHAN_END")  # fmt: skip
        for n, step in enumerate(steps):
            self.cel.append((
                step, f"{call.moment.timestamp() + n * (call.talk + 6) / 3:.6f}", call.name,
                call.caller, call.caller, "", call.dialled, "from-trunk", call.dialled, channel,
                "Dial" if n else "", "", "3", "", call.uniqueid, call.uniqueid, "", "", "", "",
            ))  # fmt: skip


def _works(day: date) -> bool:
    return day.weekday() < 5


def _sound(path: Path, pitch: int, moment: datetime) -> None:
    """A fifth of a second of a sine tone."""
    samples = (int(9000 * math.sin(2 * math.pi * pitch * n / 8000)) for n in range(1600))
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    os.utime(path, (moment.timestamp(), moment.timestamp()))


def _put(path: Path, data: bytes, moment: datetime) -> None:
    path.write_bytes(data)
    os.utime(path, (moment.timestamp(), moment.timestamp()))


# --- the way through --------------------------------------------------------------------------

_TEXT: dict[str, dict[Lang, str]] = {
    "pbx": {
        "de": "Eine Telefonanlage mit 200 Tagen Betrieb steht in {folder}: {calls} Gespräche, "
        "{messages} Sprachnachrichten, {recordings} Mitschnitte. Alles daran ist erfunden.",
        "en": "A telephone system with 200 days behind it stands in {folder}: {calls} calls, "
        "{messages} voicemail messages, {recordings} recordings. All of it is invented.",
    },
    "init": {
        "de": "1. Einrichten: Einstellungen, eine Kopie der Vorlage, ein Schlüssel. Gelöscht wird "
        "nichts; am Ende steht der Plan.",
        "en": "1. Set up: settings, a copy of the template, a key. Nothing is deleted; it ends "
        "with the plan.",
    },
    "edit": {
        "de": "2. Von Hand in die Einstellungen: welches Asterisk die Nachrichten schreibt.",
        "en": "2. By hand into the settings: which Asterisk writes the messages.",
    },
    "approve": {
        "de": "3. Die Fristen entscheidet der Verantwortliche, nicht das Programm.",
        "en": "3. The controller decides on the periods, not the program.",
    },
    "check": {
        "de": "4. Steht einem Lauf etwas im Weg?",
        "en": "4. Does anything stand in the way of a run?",
    },
    "run": {
        "de": "5. Löschen. Der erste Lauf überschreitet die Grenze von 20 %, darum wird die Zahl "
        "aus dem Plan einmal bestätigt.",
        "en": "5. Delete. A first run exceeds the limit of 20 %, so the number of the plan is "
        "confirmed once.",
    },
    "report": {"de": "6. Was steht im Löschprotokoll?", "en": "6. What does the report say?"},
    "again": {
        "de": "7. Ist noch etwas fällig?",
        "en": "7. Is anything still due?",
    },
    "verify": {
        "de": "8. Ist das Löschprotokoll echt? Das geht ohne Netz und ohne die Telefonanlage.",
        "en": "8. Is the report genuine? That needs neither network nor the telephone system.",
    },
    "openssl": {
        "de": "9. Dasselbe ohne pbxretain, nur mit OpenSSL.",
        "en": "9. The same without pbxretain, with OpenSSL alone.",
    },
    "end": {"de": "Das signierte Löschprotokoll: {path}", "en": "The signed report: {path}"},
    "failed": {
        "de": "Die Vorführung brach ab: der letzte Befehl endete mit {code}.",
        "en": "The demo stopped: the last command ended with {code}.",
    },
    "foreign": {
        "de": "{folder} ist nicht leer und keine frühere Vorführung; nichts wurde geändert.",
        "en": "{folder} is not empty and no earlier demo; nothing was changed.",
    },
}

_FUNCTION: dict[Lang, str] = {"de": "Geschäftsführung", "en": "management"}


class _Stopped(Exception):  # noqa: N818  (no error of the program)
    """A command ended otherwise than expected."""


@dataclass(frozen=True, slots=True)
class _Tour:
    folder: Path
    lang: Lang

    def say(self, key: str, **values: object) -> None:
        click.secho("\n" + _TEXT[key][self.lang].format(**values), bold=True)

    def command(self, *args: str) -> None:
        """Shows a command line and runs it with the same terminal."""
        words = ["pbxretain", *self._options(), *args]
        click.secho("\n$ " + shlex.join(words), fg="cyan")
        sys.stdout.flush()
        done = subprocess.run([sys.executable, "-m", *words], check=False)  # noqa: S603
        if done.returncode:
            raise _Stopped(str(done.returncode))

    def shell(self, *words: str) -> None:
        """Shows and runs another program; 2 says that it isn't of the right version."""
        click.secho("\n$ " + shlex.join(words), fg="cyan")
        sys.stdout.flush()
        done = subprocess.run(words, check=False)  # noqa: S603
        if done.returncode not in (0, 2):
            raise _Stopped(str(done.returncode))

    def ask(self, *args: str) -> dict[str, Any]:
        """The JSON document of a command, unseen."""
        line = [sys.executable, "-m", "pbxretain", *self._options(), "--json", *args]
        done = subprocess.run(line, check=False, capture_output=True)  # noqa: S603
        if done.returncode:
            raise _Stopped(str(done.returncode))
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def _options(self) -> Sequence[str]:
        return ("--config", _short(self.folder / "config.yaml"), "--lang", self.lang)


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def tour(folder: Path, lang: Lang, *, now: datetime) -> Path:
    """Builds the PBX and takes it through the whole path; returns the verified report."""
    shown = _Tour(folder, lang)
    pbx = build(folder / "pbx", now=now)
    with closing(sqlite3.connect(pbx.database)) as connection:
        (calls,) = connection.execute("SELECT count(*) FROM cdr").fetchone()
    messages, recordings = (
        sum(1 for _ in root.rglob(pattern))
        for root, pattern in ((pbx.voicemail, "msg*.txt"), (pbx.recordings, "*.wav"))
    )
    shown.say(
        "pbx", folder=_short(pbx.folder), calls=calls, messages=messages, recordings=recordings
    )
    _set_up(shown, pbx)
    shown.say("approve")
    shown.command("policy", "approve", f"{SOURCE}-policy", "--by", _FUNCTION[lang])
    shown.say("check")
    shown.command("check")
    shown.say("run")
    shown.command("run", "--confirm-count", str(_due(shown)))
    shown.say("report")
    shown.command("report", "show")
    shown.say("again")
    shown.command("plan")
    return _prove(shown)


def _set_up(shown: _Tour, pbx: Pbx) -> None:
    shown.say("init")
    shown.command(
        *("init", "--yes", "--source", SOURCE, "--connector", "asterisk"),
        *("--url", f"sqlite:///{pbx.database}"),
        *("--root", f"recordings={_short(pbx.recordings)}"),
        *("--root", f"voicemail={_short(pbx.voicemail)}"),
        *("--timezone", str(ZONE), "--policy", "eu-90-days", "--controller", "Muster GmbH"),
        *("--state-dir", _short(shown.folder / "state"), "--language", shown.lang),
    )
    shown.say("edit")
    line = f"    asterisk: {{version: {ASTERISK}, config: {json.dumps(str(pbx.config))}}}\n"
    click.secho(f"\n{line}", fg="cyan", nl=False)
    with (shown.folder / "config.yaml").open("a", encoding="utf-8") as settings:
        settings.write(line)


def _due(shown: _Tour) -> int:
    return int(shown.ask("plan")["sources"][0]["due"])


def _prove(shown: _Tour) -> Path:
    reports = shown.folder / "state" / SOURCE / "reports"
    shown.say("verify")
    shown.command("verify", _short(reports))
    report = max(reports.glob("*.json"))
    if shutil.which("openssl"):
        shown.say("openssl")
        script = max(reports.glob("*verify.sh"))
        shown.shell("sh", _short(script), _short(report), _short(shown.folder / KEY))
    return report


def prepare(folder: Path) -> bool:
    """Empties the folder of an earlier demo; False when something else is in it."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).is_file():
            return False
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
    return True


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), default=Path("demo"))
@click.option("--lang", type=click.Choice(LANGUAGES), help="Language (else the terminal's).")
def main(into: Path, lang: Lang | None) -> None:
    """Show plan, approval, run, report and verification on an embedded PBX."""
    lang = lang or Face().lang
    folder = into.absolute()
    if not prepare(folder):
        raise click.ClickException(_TEXT["foreign"][lang].format(folder=folder))
    try:
        report = tour(folder, lang, now=datetime.now(UTC))
    except _Stopped as stop:
        raise click.ClickException(_TEXT["failed"][lang].format(code=stop)) from None
    click.secho("\n" + _TEXT["end"][lang].format(path=_short(report)), bold=True)


if __name__ == "__main__":
    main()
