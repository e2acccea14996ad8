"""FreeSWITCH: does all that is due go out of its tables and folders, and nothing else?

The traps of mod_voicemail bear their numbers from the notes on the product (V1 to V8). V4 has no
test, for nothing is done about it: the README says what becomes of the lamp.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from support.servers import MariaDB, PostgreSQL, Server
from support.vendor import CUTOFF, NOW, OLD, YOUNG, Scene, local, scene, spread

from pbxretain import connector
from pbxretain.errors import DriftError, Exit

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


# --- a FreeSWITCH ---


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
            f"start_stamp = '' OR {LEG} IN"
            f" (SELECT {LEG} FROM cdr WHERE start_stamp >= {{local}})"
        )
    else:
        pbx.load("cdr", [*CALL, "local_ip_v4", "ani"], [[*row, "192.0.2.1", row[1]] for row in rows])
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


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> Server | None:
    if request.param == "sqlite":
        return None
    found: PostgreSQL = request.getfixturevalue("postgresql")
    return found


@pytest.fixture
def small(tmp_path: Path) -> Scene:
    """A FreeSWITCH on SQLite with nothing in its mailboxes but one greeting."""
    made = scene("freeswitch", None, tmp_path)
    made.file("voicemail", GREETING, at=OLD)
    return made


def messages_left(pbx: Scene) -> set[str]:
    """The files in mailboxes beside the greeting, which must be there."""
    left = pbx.left()
    assert f"voicemail/{GREETING}" in left
    return left - {f"voicemail/{GREETING}"}


def went(pbx: Scene) -> dict[str, int]:
    """One run, which must end well; how much went, by dataset."""
    pbx.grant()
    done = pbx.run()
    assert [str(error) for error in done.errors] == []
    assert done.exit_code == Exit.OK
    return {result.dataset: result.deleted for result in done.results if result.deleted}


def finding(pbx: Scene, dataset: str, code: str) -> int:
    """What a run's last look found."""
    results = {result.dataset: result for result in pbx.run().results}
    after = results[dataset].after
    return after.findings.get(code, 0) if after else 0


# --- the whole ---


def test_of_twenty_thousand_calls_and_their_copies_exactly_the_due_go(
    server: Server | None, tmp_path: Path
) -> None:
    pbx = scene("freeswitch", server, tmp_path)
    fill_calls(pbx)
    left = fill_voicemail(pbx) | fill_recordings(pbx) | fill_dumps(pbx)
    lines = fill_csv(pbx)
    live = (pbx.root("logs") / "cdr-csv/Master.csv").stat()
    done = pbx.deletes_exactly_the_due()
    assert {n for n in pbx.left() if not n.startswith("logs/cdr-csv/")} == left
    for path, content in lines.items():
        found = list(pbx.root("logs").glob(f"{path}*"))
        held = [f.read_bytes() for f in found if path in (f"cdr-csv/{f.name}", path_of(f))]
        assert b"".join(held) == content, path
    still = (pbx.root("logs") / "cdr-csv/Master.csv").stat()
    assert (still.st_ino, still.st_mtime_ns) == (live.st_ino, live.st_mtime_ns)
    assert {r.dataset for r in done.results if r.deleted} == {
        "recordings", "voicemail-files", "voicemail", "call-dumps", "call-log-files", "calls",
    }  # fmt: skip


def path_of(segment: Path) -> str:
    """The rotated file that a segment with our mark was."""
    return f"cdr-csv/{segment.name.partition('.pbxretain-')[0]}"


def test_voicemail_on_mariadb_goes_with_its_files(mariadb: MariaDB, tmp_path: Path) -> None:
    pbx = scene("freeswitch", mariadb, tmp_path)
    left = fill_voicemail(pbx)
    pbx.deletes_exactly_the_due(files=left)


def test_a_database_with_voicemail_alone_is_a_source(tmp_path: Path) -> None:
    pbx = scene("freeswitch", None, tmp_path)
    pbx.do("DROP TABLE cdr")
    message(pbx, 1, OLD)
    assert went(pbx) == {"voicemail": 1}


def test_a_database_with_calls_alone_is_a_source(tmp_path: Path) -> None:
    pbx = scene("freeswitch", None, tmp_path)
    pbx.do("DROP TABLE voicemail_msgs")
    pbx.load("cdr", [*CALL, "account_code"], [[*as_text(r), ""] for r in call_rows(1, OLD)])
    assert went(pbx) == {"calls": 1}


def test_columns_that_an_admin_left_out_of_the_sample_schema_are_not_missed(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    pbx = scene("freeswitch", postgresql, tmp_path)
    for column in ("id", "local_ip_v4", "bleg_uuid", "accountcode", "ani"):
        pbx.do(f"ALTER TABLE cdr DROP COLUMN {column}")
    for number, at in enumerate((OLD, YOUNG)):
        row = next(call_rows(number, at))
        pbx.load("cdr", CALL[:-1], [row[:-1]])
    assert went(pbx) == {"calls": 1}


def test_a_number_in_a_recordings_name_stands_in_no_report_and_no_journal(tmp_path: Path) -> None:
    pbx = scene("freeswitch", None, tmp_path)
    fill_recordings(pbx, recordings=40)
    never_touched(pbx)
    message(pbx, 1, OLD)
    audio(pbx, 1, OLD)
    went(pbx)
    state = tmp_path / "state"
    texts = [path.read_bytes() for path in state.rglob("*") if path.is_file()]
    assert len(texts) > 2
    assert not any(NUMBER.encode() in text for text in texts)
    assert not any(NUMBER in path.name for path in state.rglob("*"))


def test_a_recording_without_a_date_in_its_name_stays_and_is_counted(tmp_path: Path) -> None:
    pbx = scene("freeswitch", None, tmp_path)
    pbx.file("recordings", f"{uuid(2, 1)}.wav", at=OLD)
    pbx.file("recordings", f"{NUMBER}1.{local(OLD, '%Y-%m-%d-%H-%M-%S')}.wav", at=OLD)
    assert went(pbx) == {"recordings": 1}
    results = {result.dataset: result for result in pbx.run().results}
    after = results["recordings"].after
    assert after is not None
    assert after.undated == 1


# --- the traps ---


def test_v1_a_row_whose_file_the_switch_has_already_removed_goes(small: Scene) -> None:
    message(small, 1, OLD)
    message(small, 2, YOUNG)
    assert went(small) == {"voicemail": 1}
    assert small.do("SELECT uuid FROM voicemail_msgs") == [(uuid(1, 2),)]


def test_v2_a_forwarded_copy_lives_by_its_own_date(small: Scene) -> None:
    """Nothing but the sound ties it to the original; the README says so."""
    message(small, 1, OLD)
    audio(small, 1, OLD)
    message(small, 2, YOUNG, forwarded_by="1001")
    copy = audio(small, 2, YOUNG)
    went(small)
    assert messages_left(small) == {copy}
    assert small.do("SELECT forwarded_by FROM voicemail_msgs") == [("1001",)]


def test_v2_a_broadcast_copy_goes_when_its_own_row_is_due(small: Scene) -> None:
    name = "msg_{}_broadcast_welcome"
    message(small, 1, OLD, path=f"/var/lib/freeswitch/{audio_path(1, name=name)}")
    audio(small, 1, OLD, name=name)
    went(small)
    assert messages_left(small) == set()


def test_v3_a_path_that_points_out_of_the_root_leads_to_no_deletion_there(
    small: Scene, tmp_path: Path
) -> None:
    outside = tmp_path / "elsewhere" / f"msg_{uuid(1, 1)}.wav"
    outside.parent.mkdir()
    outside.write_bytes(b"somebody else's")
    message(small, 1, OLD, path=str(outside))
    message(small, 2, OLD, path=str(small.root("voicemail") / "../../elsewhere" / outside.name))
    assert went(small) == {"voicemail": 2}
    assert outside.read_bytes() == b"somebody else's"


def test_v3_a_path_to_a_greeting_leads_to_no_deletion_of_it(small: Scene) -> None:
    others = never_touched(small)
    for number, name in enumerate(sorted(others)):
        message(small, number, OLD, path=str(small.folder / "roots" / name))
    assert went(small) == {"voicemail": len(others)}
    assert small.left() == others


def test_v3_a_symbolic_link_is_not_followed(small: Scene, tmp_path: Path) -> None:
    outside = tmp_path / "outside.wav"
    outside.write_bytes(b"somebody else's")
    link = small.root("voicemail") / audio_path(1)
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)
    message(small, 1, OLD)
    went(small)
    assert outside.read_bytes() == b"somebody else's"
    assert link.is_symlink()


def test_v3_a_store_that_was_moved_keeps_its_rows_and_files_together(small: Scene) -> None:
    """The file is younger than its row by its mtime; the row decides."""
    message(small, 1, OLD, path=f"/usr/local/freeswitch/storage/voicemail/{audio_path(1)}")
    audio(small, 1, YOUNG)
    message(small, 2, YOUNG, path=f"/usr/local/freeswitch/storage/voicemail/{audio_path(2)}")
    kept = audio(small, 2, OLD)
    went(small)
    assert messages_left(small) == {kept}


def test_v5_the_switch_goes_on_writing_while_a_run_deletes(tmp_path: Path) -> None:
    pbx = scene("freeswitch", None, tmp_path)
    fill_calls(pbx)
    before = Path(pbx.database).stat()
    stop = threading.Event()
    written: list[float] = []
    writer = threading.Thread(target=write_calls, args=(pbx.database, stop, written))
    writer.start()
    try:
        went(pbx)
    finally:
        stop.set()
        writer.join()
    assert len(written) > 5
    assert max(written) < 1.0
    rows = pbx.do("SELECT COUNT(*) FROM cdr WHERE caller_id_name = 'live'")
    assert rows == [(len(written),)]
    after = Path(pbx.database).stat()
    assert (after.st_ino, after.st_size >= before.st_size) == (before.st_ino, True)  # no VACUUM


def write_calls(database: str, stop: threading.Event, written: list[float]) -> None:
    """Writes a call every few milliseconds and notes how long each had to wait."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=5)) as connection:
        while not stop.is_set():
            began = time.monotonic()
            connection.execute(
                "INSERT INTO cdr (caller_id_name, start_stamp, uuid) VALUES ('live', ?, ?)",
                (local(NOW), uuid(8, len(written))),
            )
            written.append(time.monotonic() - began)
            stop.wait(0.01)


def test_v6_the_table_is_never_altered_and_the_rest_is_counted(small: Scene) -> None:
    """The switch drops and remakes a table that fails its test query."""
    for number in range(10):
        message(small, number, OLD if number % 2 else YOUNG)
    made = "SELECT type, name, sql FROM sqlite_master ORDER BY 2"
    before = small.do(made)
    assert went(small) == {"voicemail": 5}
    assert small.do(made) == before
    assert small.do("SELECT COUNT(*) FROM voicemail_msgs") == [(5,)]


def test_v7_a_message_marked_as_deleted_is_still_there_and_goes(small: Scene) -> None:
    for number, at in enumerate((OLD, YOUNG)):
        message(small, number, at, flags="delete")
    files = [audio(small, number, at) for number, at in enumerate((OLD, YOUNG))]
    assert went(small) == {"voicemail-files": 1, "voicemail": 1}
    assert messages_left(small) == {files[1]}


def test_v8_a_file_without_a_row_goes_by_the_day_it_was_written(small: Scene) -> None:
    message(small, 3, YOUNG)
    audio(small, 1, OLD)
    young = audio(small, 2, YOUNG)
    assert went(small) == {"voicemail-files": 1}
    assert messages_left(small) == {young}
    assert finding(small, "voicemail-files", "ORPHAN_FILES") == 1


# --- drift ---


def test_a_renamed_column_refuses(small: Scene) -> None:
    message(small, 1, OLD)
    small.do("ALTER TABLE voicemail_msgs RENAME COLUMN created_epoch TO created")
    with pytest.raises(DriftError, match="created_epoch"), opened(small):
        pass


def test_a_trigger_that_nobody_declared_refuses(small: Scene) -> None:
    small.do("CREATE TRIGGER keep AFTER DELETE ON cdr BEGIN SELECT 1; END")
    with pytest.raises(DriftError, match="trigger keep"), opened(small):
        pass


def test_a_table_that_looks_like_a_copy_of_the_calls_refuses(small: Scene) -> None:
    small.do("CREATE TABLE cdr_2024 AS SELECT * FROM cdr")
    with pytest.raises(DriftError, match="cdr_2024"), opened(small):
        pass


def opened(pbx: Scene) -> Any:
    """The source, opened for reading."""
    terms = pbx.terms()
    return connector.opened(
        terms.source, pbx.connector, name="office", installation="test", exclusive=False
    )

