"""How does a test get a large FreeSWITCH, and what must be left of it?

Each ``fill_`` writes one kind of data into a scene, says what must stay of its tables, and returns
the files that must be left.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from support.vendor import CUTOFF, NOW, OLD, Scene, local, spread

CALLS = 20_000
NUMBER = "+4930770770"
"""The beginning of every caller's number, to be looked for where it must not stand."""

GREETING = "default/pbx.example.org/1000/greeting_1.wav"
EDGE = timedelta(seconds=2)
LEG = "COALESCE(NULLIF(CAST(bleg_uuid AS char(36)), ''), CAST(uuid AS char(36)))"
"""What the two legs of a call have in common."""

MESSAGE = [
    "created_epoch", "read_epoch", "username", "domain", "uuid", "cid_name", "cid_number",
    "in_folder", "file_path", "message_len", "flags", "read_flags", "forwarded_by",
]  # fmt: skip
CALL = [
    "caller_id_name", "caller_id_number", "destination_number", "context", "start_stamp",
    "answer_stamp", "end_stamp", "duration", "billsec", "hangup_cause", "uuid", "bleg_uuid",
]  # fmt: skip


def uuid(kind: int, number: int) -> str:
    """A different id for each pair."""
    return str(UUID(int=(kind << 64) + number))


def is_old(at: datetime) -> bool:
    return at < CUTOFF


def message(
    pbx: Scene, number: int, at: datetime, *, path: str | None = None, **more: object
) -> str:
    """A row of voicemail_msgs; returns the path of its audio, which may not be there."""
    user = str(1000 + number % 20)
    audio = path or f"/var/lib/freeswitch/storage/voicemail/{audio_path(number)}"
    row: dict[str, object] = {
        "created_epoch": int(at.timestamp()),
        "read_epoch": 0,
        "username": user,
        "domain": "pbx.example.org",
        "uuid": uuid(1, number),
        "cid_name": "Erika Mustermann",
        "cid_number": f"{NUMBER}{number:05}",
        "in_folder": "inbox",
        "file_path": audio,
        "message_len": 12,
        "flags": ("", "save", "delete")[number % 3],
        "read_flags": "B_NORMAL",
        "forwarded_by": "",
        **more,
    }
    pbx.load("voicemail_msgs", MESSAGE, [[row[name] for name in MESSAGE]])
    return audio


def audio_path(number: int, *, name: str = "msg_{}") -> str:
    """Where a message's audio lies below the voicemail root, by default rules."""
    return f"default/pbx.example.org/{1000 + number % 20}/{name.format(uuid(1, number))}.wav"


def audio(pbx: Scene, number: int, at: datetime, *, name: str = "msg_{}") -> str:
    """The audio of a message; returns it as ``Scene.left`` lists it."""
    path = audio_path(number, name=name)
    pbx.file("voicemail", path, at=at)
    return f"voicemail/{path}"


def call_rows(number: int, at: datetime, *, legs: int = 1) -> Iterator[list[object]]:
    """The rows of one call: the caller's leg, and the called one's three seconds later."""
    for leg in range(legs):
        began = at + timedelta(seconds=3 * leg)
        stamps = [began, began + timedelta(seconds=4), began + timedelta(seconds=90)]
        other = uuid(3, number) if legs > 1 and leg == 0 else None
        yield [
            "Erika Mustermann", f"{NUMBER}{number:05}", "2000", "default",
            *stamps, 90, 86, "NORMAL_CLEARING", uuid(2 + leg, number), other,
        ]  # fmt: skip


def calls() -> Iterator[list[object]]:
    for number, at in enumerate(spread(CALLS)):
        yield from call_rows(number, at, legs=2 if number % 4 == 0 else 1)
    yield from call_rows(CALLS, CUTOFF - EDGE)
    yield from call_rows(CALLS + 1, CUTOFF)
    # One call, a leg on either side of the cut-off: both stay.
    yield from call_rows(CALLS + 2, CUTOFF - EDGE, legs=2)


def as_text(row: list[object]) -> list[object]:
    """As mod_cdr_sqlite writes it: wall clock, and empty instead of NULL."""
    return [local(v) if isinstance(v, datetime) else ("" if v is None else v) for v in row]


def fill_calls(pbx: Scene) -> None:
    rows = calls()
    if pbx.server is None:
        loaded = [[*as_text(row), "acc"] for row in rows]
        loaded.append(["", "x", "2000", "default", *[""] * 3, 0, 0, "", uuid(9, 1), "", "acc"])
        pbx.load("cdr", [*CALL, "account_code"], loaded)
        pbx.stays["cdr"] = (
            f"start_stamp = '' OR {LEG} IN (SELECT {LEG} FROM cdr WHERE start_stamp >= {{local}})"
        )
    else:
        more = ["local_ip_v4", "ani"]
        pbx.load("cdr", [*CALL, *more], [[*row, "192.0.2.1", row[1]] for row in rows])
        pbx.stays["cdr"] = f"{LEG} IN (SELECT {LEG} FROM cdr WHERE start_stamp >= {{cutoff}})"


def fill_voicemail(pbx: Scene, *, messages: int = 1_200, files: int = 300) -> set[str]:
    """Messages of all kinds; returns the files that must be left."""
    left: set[str] = set()
    rows: list[list[object]] = []
    root = pbx.root("voicemail")
    for number, at in enumerate(spread(messages, seed=2)):
        path = audio_path(number)
        rows.append([
            int(at.timestamp()), 0, str(1000 + number % 20), "pbx.example.org", uuid(1, number),
            "Erika Mustermann", f"{NUMBER}{number:05}", "inbox", str(root / path), 12,
            ("", "save", "delete")[number % 3], "B_NORMAL", "",
        ])  # fmt: skip
        if number % (messages // files) == 0:
            found = audio(pbx, number, at)
            left |= set() if is_old(at) else {found}
    pbx.load("voicemail_msgs", MESSAGE, rows)
    pbx.load(
        "voicemail_prefs",
        ["username", "domain", "greeting_path", "password"],
        [["1000", "pbx.example.org", str(root / "default/greeting_1.wav"), "1234"]],
    )
    pbx.stays |= {"voicemail_msgs": "created_epoch >= {epoch}", "voicemail_prefs": "1=1"}
    return left | never_touched(pbx)


def never_touched(pbx: Scene) -> set[str]:
    """What lies beside the messages and is no message."""
    folder = "default/pbx.example.org/1000"
    names = ["greeting_1.wav", "recorded_name.wav", "msg_of_the_day.wav", f"{uuid(1, 1)}.wav"]
    for name in names:
        pbx.file("voicemail", f"{folder}/{name}", at=OLD)
    return {f"voicemail/{folder}/{name}" for name in names}


def fill_recordings(pbx: Scene, *, recordings: int = 200) -> set[str]:
    """As the dialplan shipped with FreeSWITCH names them: the caller's number, the local time."""
    left = set()
    for number, at in enumerate(spread(recordings, seed=3)):
        name = f"{NUMBER}{number:05}.{local(at, '%Y-%m-%d-%H-%M-%S')}.wav"
        pbx.file("recordings", name, at=at)
        left |= set() if is_old(at) else {f"recordings/{name}"}
    pbx.file("recordings", "announcement.wav", at=OLD)
    return {*left, "recordings/announcement.wav"}


def csv_line(number: int, at: datetime) -> bytes:
    """A line of the shipped template."""
    fields = [
        "Erika, Mustermann", f"{NUMBER}{number:05}", "2000", "default", local(at), local(at),
        local(at + timedelta(seconds=90)), "90", "86", "NORMAL_CLEARING", uuid(2, number), "",
        "acc", "PCMA", "PCMA",
    ]  # fmt: skip
    return ",".join(f'"{field}"' for field in fields).encode() + b"\n"


def fill_csv(pbx: Scene) -> dict[str, bytes]:
    """Master and account file, both rotated once, and the live ones; returns what must be left of
    each, by path."""
    lines = [csv_line(number, at) for number, at in enumerate(spread(400, seed=4))]
    young = [csv_line(n, at) for n, at in enumerate(spread(400, seed=4)) if not is_old(at)]
    expected = {}
    for name in ("Master.csv", "acc.csv"):
        rotated = f"cdr-csv/{name}.{local(NOW, '%Y-%m-%d-%H-%M-%S')}"
        pbx.file("logs", rotated, b"".join(lines), at=NOW - timedelta(hours=2))
        pbx.file("logs", f"cdr-csv/{name}", b"".join(lines[:5]), at=NOW - timedelta(hours=1))
        expected[rotated] = b"".join(young)
        expected[f"cdr-csv/{name}"] = b"".join(lines[:5])
    return expected


def fill_dumps(pbx: Scene) -> set[str]:
    """One file for each call, written when it ended; returns those that must be left."""
    left = set()
    for number, at in enumerate(spread(120, seed=5)):
        kind, leg = ("json", "xml")[number % 2], ("", "a_")[number % 4 // 2]
        day = f"{local(at, '%Y-%m-%d-%H-%M-%S')}/" if number % 3 == 0 else ""
        path = f"{kind}_cdr/{day}{leg}{uuid(2, number)}.cdr.{kind}"
        pbx.file("logs", path, b"{}", at=at)
        left |= set() if is_old(at) else {f"logs/{path}"}
    pbx.file("logs", "format_cdr/old.xml", at=OLD)
    pbx.file("logs", "freeswitch.log", b"log", at=OLD)
    return {*left, "logs/freeswitch.log"}
