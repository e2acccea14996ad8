"""FreeSWITCH: does all that is due go out of its tables and folders, and nothing else?

The traps of mod_voicemail bear their numbers from the notes on the product (V1 to V8). V4 has no
test, for nothing is done about it: the README says what becomes of the lamp.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.freeswitch import (
    CALL,
    GREETING,
    NUMBER,
    as_text,
    audio,
    audio_path,
    call_rows,
    fill_calls,
    fill_csv,
    fill_dumps,
    fill_recordings,
    fill_voicemail,
    message,
    never_touched,
    uuid,
)
from support.servers import MariaDB, PostgreSQL, Server
from support.vendor import NOW, OLD, YOUNG, Scene, local, scene

from pbxretain import sources
from pbxretain.errors import DriftError, Exit


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
    return sources.opened(
        terms.source, pbx.connector, name="office", installation="test", exclusive=False
    )
