"""Wazo Platform: do calls go with all they left in events, lists, queues and files, and never back?

The traps bear their numbers from the notes on the product (W1 to W12).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from support import hosts
from support.drift import refuses
from support.hosts import HOSTS
from support.servers import PostgreSQL
from support.site import everything
from support.vendor import CUTOFF, NOW, OLD, YOUNG, scene
from support.voicemail import SpoolMaker
from support.wazo import (
    DANGLING,
    EDGE,
    NUMBER,
    SOUNDS,
    STAYS,
    Wazo,
    linkedid,
    messages,
    monitor,
    odd_calls,
    rebuilt,
    tenant,
    usual_calls,
    uuid,
)

from pbxretain.connector import shelf
from pbxretain.discovery.products import discover
from pbxretain.errors import Exit
from pbxretain.execute import RunResult
from pbxretain.host.tree import HostTree

SPOOL = "asterisk: {version: 22.10.1}"
DAY = timedelta(days=1)


@pytest.fixture
def made(postgresql: PostgreSQL, tmp_path: Path) -> Wazo:
    """A Wazo with settings and announcements, and nothing else yet."""
    wazo = Wazo(scene("wazo", postgresql, tmp_path))
    wazo.pbx.stays, wazo.pbx.dangling = STAYS, DANGLING
    wazo.pbx.extra = SPOOL
    wazo.settings()
    return wazo


def keep(made: Wazo, **longer: str) -> None:
    """90 days for all, and something else for some: ``call_events="2 years"``."""
    ours = {name.replace("_", "-"): period for name, period in longer.items()}
    made.pbx.keep = {**everything(made.pbx.connector.manifest, "90 days"), **ours}


def run(made: Wazo) -> RunResult:
    made.load()
    made.pbx.only_what_is_used(keep=["chatd_room_message"])
    made.pbx.grant()
    return made.pbx.run()


def went(made: Wazo) -> dict[str, int]:
    """How much one run took, by dataset; the run must end well."""
    done = run(made)
    assert [str(error) for error in done.errors] == []
    assert done.exit_code == Exit.OK
    return {result.dataset: result.deleted for result in done.results if result.deleted}


def logs(made: Wazo) -> set[int]:
    """The ids of the call logs that are left."""
    return {int(found) for (found,) in made.pbx.do("SELECT id FROM call_logd_call_log")}


def count(made: Wazo, table: str) -> int:
    ((found,),) = made.pbx.do(f"SELECT COUNT(*) FROM {table}")
    return int(found)


# --- the whole ---


def test_of_twenty_thousand_calls_and_all_they_left_exactly_the_due_goes(made: Wazo) -> None:
    usual_calls(made)
    odd_calls(made)
    messages(made)
    made.load()
    done = made.pbx.deletes_exactly_the_due(files=made.left)
    assert {r.dataset for r in done.results if r.deleted} == set(
        made.pbx.connector.manifest.datasets
    )
    young = made.pbx.rows("cel", "call_log_id IS NULL AND " + STAYS["cel"])
    assert len(rebuilt(made.pbx)) > 100
    assert made.pbx.rows("cel", "call_log_id IS NULL") == young


def test_no_number_and_no_name_of_a_file_stands_in_a_report_or_a_journal(
    made: Wazo, tmp_path: Path
) -> None:
    call = made.call(1, OLD)
    made.recording(1, OLD, stays=False)
    made.queue_call(call, OLD)
    made.message(1, OLD)
    made.webhook(1, OLD)
    went(made)
    texts = [path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert len(texts) > 2
    marks = [mark.encode() for mark in (NUMBER, uuid(2, 1), tenant(1), call)]
    assert not any(mark in text for text in texts for mark in marks)


# --- the traps ---


def test_w1_no_file_goes_whose_path_couldnt_be_emptied(made: Wazo) -> None:
    made.call(1, OLD)
    made.recording(1, OLD, stays=True)
    made.load()
    made.pbx.grant()
    made.pbx.do("REVOKE UPDATE (path) ON call_logd_recording FROM pbxretain")
    done = made.pbx.run()
    assert done.exit_code == Exit.REFUSED
    assert "UPDATE (path) on call_logd_recording" in str(done.errors[0])
    assert made.pbx.left() == made.left
    assert made.pbx.do("SELECT path FROM call_logd_recording") == [(f"{SOUNDS}/{monitor(1)}",)]
    assert logs(made) == {1}


@contextmanager
def immovable(path: Path) -> Iterator[None]:
    """Makes a file one that not even root deletes."""
    if subprocess.run(["chattr", "+i", str(path)], capture_output=True, check=False).returncode:
        pytest.skip("files can't be made immutable here")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", str(path)], check=True)


def test_w2_a_file_that_cant_be_deleted_keeps_nothing_else_is_told_and_goes_the_next_time(
    made: Wazo,
) -> None:
    """Its row is gone by then; the file's own time still dates it."""
    for number in (1, 2, 3):
        made.queue_call(made.call(number, OLD), OLD)
        made.recording(number, OLD, stays=number == 2)
    file = made.pbx.root("recordings") / monitor(2)
    with immovable(file):
        done = run(made)
    assert (done.outcome, done.exit_code) == ("incomplete", Exit.INCOMPLETE)
    assert made.pbx.left() == made.left
    assert (logs(made), count(made, "cel"), count(made, "queue_log")) == (set(), 0, 0)
    assert went(made) == {"recordings": 1}
    assert not file.exists()


def test_w3_no_event_is_left_of_which_a_deleted_call_log_would_be_made_anew(made: Wazo) -> None:
    for number, (at, processed) in enumerate(
        [(OLD, True), (OLD, False), (YOUNG, True), (YOUNG, False)], start=1
    ):
        made.call(number, at, processed=processed)
    made.event(linkedid(5, OLD), OLD)
    assert went(made) == {"events": 9, "calls": 2}
    assert logs(made) == {3, 4}
    assert rebuilt(made.pbx) == {linkedid(4, YOUNG)}


def test_w3_events_go_before_the_call_logs_that_are_made_of_them(made: Wazo) -> None:
    made.call(1, OLD)
    order = [result.dataset for result in run(made).results]
    assert order.index("events") < order.index("recording-rows") < order.index("calls")


@pytest.mark.parametrize("processed", [True, False])
def test_w3_a_call_log_waits_while_an_event_of_its_call_does(made: Wazo, processed: bool) -> None:
    """The call began before the cut-off and ended after it."""
    made.call(1, CUTOFF - EDGE, events=(CUTOFF - EDGE, CUTOFF + EDGE), processed=processed)
    made.call(2, CUTOFF - EDGE, events=(CUTOFF - EDGE,), processed=processed)
    assert went(made) == {"events": 1, "calls": 1}
    assert logs(made) == {1}
    assert count(made, "cel") == 2
    assert count(made, "call_logd_call_log_participant") == 2


def test_w3_where_events_stay_longer_call_logs_are_left_alone_and_the_run_says_so(
    made: Wazo,
) -> None:
    keep(made, call_events="2 years")
    made.queue_call(made.call(1, OLD, processed=False), OLD)
    done = run(made)
    assert [error.code for error in done.errors] == ["FED_LONGER"]
    assert "call-events" in str(done.errors[0])
    assert (logs(made), count(made, "cel"), count(made, "queue_log")) == ({1}, 4, 0)
    assert rebuilt(made.pbx) == {linkedid(1, OLD)}


def test_w3_a_run_has_no_right_to_change_an_event(made: Wazo) -> None:
    """An event whose call log's id were emptied would count as unprocessed."""
    grants = made.pbx.connector.manifest.grants("postgresql")
    assert grants["cel"] == "SELECT, DELETE"
    changed = {table for table, rights in grants.items() if "UPDATE" in rights}
    assert changed == {"call_logd_recording", "call_logd_export"}


def test_w4_the_oldest_days_go_and_no_program_of_wazo_is_called(
    made: Wazo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = tmp_path / "called"
    for name in ("wazo-call-logs", "wazo-purge-db", "wazo-stat"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\ntouch {called}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert shutil.which("wazo-call-logs") == str(tmp_path / "bin" / "wazo-call-logs")
    made.call(1, OLD)
    made.call(2, NOW - DAY)
    assert went(made) == {"events": 4, "calls": 1}
    assert logs(made) == {2}
    assert not called.exists()


def test_w5_wazos_own_days_change_nothing_for_a_run(made: Wazo) -> None:
    """One tenant has 1 and 0 days, the other none of its own; the default is 30."""
    for number in (0, 1):
        for offset, at in ((10, OLD), (20, NOW - 45 * DAY), (30, YOUNG)):
            made.call(offset + number, at)
    assert went(made) == {"events": 8, "calls": 2}
    assert logs(made) == {20, 21, 30, 31}
    assert made.pbx.do("SELECT cdr_days, recording_days FROM call_logd_retention") == [(1, 0)]


def test_w5_discovery_tells_the_days_of_the_file_that_counts_and_where_the_others_stand(
    tmp_path: Path,
) -> None:
    extra = {
        "/etc/wazo-purge-db/conf.d/20.yml": (
            "days_to_keep: 30\ndays_to_keep_per_plugin: {cel: 31, webhookd-logs: 7}\n"
        )
    }
    root = hosts.make(tmp_path, {**HOSTS["wazo"].files, **extra})
    manifests = {name: known.manifest for name, known in shelf().items()}
    (product,) = discover(manifests, HostTree(root)).products
    told = [(at.purge.data, at.value, at.purge.text["en"]) for at in product.purges]
    days = {data: value for data, value, _ in told}
    assert days["call-detail-records"] == days["call-recordings"] == "90"
    assert (days["call-events"], days["system-logs"]) == ("31", "7")
    for data, _, text in told:
        if data in ("call-detail-records", "call-recordings"):
            assert "tenant" in text
            assert "call_logd_config" in text


def test_w6_a_recording_kept_longer_makes_its_list_and_its_call_log_wait(made: Wazo) -> None:
    keep(made, call_recordings="2 years")
    made.call(1, OLD)
    made.recording(1, OLD, stays=True)
    made.call(2, OLD)
    made.recording(2, OLD, stays=None)
    assert went(made) == {"events": 8, "recording-rows": 1, "calls": 1}
    assert made.pbx.left() == made.left
    assert logs(made) == {1}
    assert count(made, "call_logd_call_log_participant") == 2


def test_w6_a_call_log_kept_longer_shows_its_recording_as_deleted(made: Wazo) -> None:
    keep(made, call_detail_records="2 years", call_events="2 years")
    made.call(1, OLD)
    made.recording(1, OLD, stays=False)
    made.recording(1, OLD, stays=False, count=1)
    assert went(made) == {"recordings": 2}
    assert made.pbx.left() == made.left
    assert made.pbx.do("SELECT call_log_id, path FROM call_logd_recording") == [(1, None)] * 2


def test_w7_no_file_outlives_the_row_that_names_it(made: Wazo) -> None:
    """Whatever time the file bears: a copy that was put back, or one that was converted."""
    for number, at in ((1, OLD), (2, YOUNG)):
        made.call(number, at)
        made.recording(number, at, stays=at == YOUNG, written=NOW - DAY)
        made.call(number + 10, at)
        made.recording(number + 10, at, stays=at == YOUNG, written=OLD)
    assert went(made) == {"recordings": 2, "events": 8, "recording-rows": 2, "calls": 2}
    assert made.pbx.left() == made.left


def test_w7_files_that_no_row_names_go_by_their_own_time_and_announcements_never(
    made: Wazo,
) -> None:
    for number, at in ((1, OLD), (2, YOUNG)):
        made.file("recordings", monitor(number), at=at, stays=at == YOUNG)
        leg = monitor(number).replace(".wav", "-a.wav")
        made.file("recordings", leg, at=at, stays=at == YOUNG)
        made.file("old-recordings", f"user-1001-{number}.wav", at=at, stays=at == YOUNG)
    assert went(made) == {"recordings": 2, "old-recordings": 1}
    assert made.pbx.left() == made.left


def test_w7_recordings_of_one_call_over_the_cut_off_stay_together(made: Wazo) -> None:
    made.call(1, CUTOFF - EDGE, events=())
    made.recording(1, CUTOFF - EDGE, stays=True)
    made.recording(1, CUTOFF, stays=True, count=1)
    assert went(made) == {}
    assert made.pbx.left() == made.left
    assert logs(made) == {1}


def test_w8_where_the_folder_of_recordings_isnt_named_no_run_begins(made: Wazo) -> None:
    made.call(1, OLD)
    made.recording(1, OLD, stays=True)
    made.load()
    made.pbx.grant()
    del made.pbx.roots["recordings"]
    done = made.pbx.run()
    assert "roots: recordings is missing" in str(done.errors[0])
    assert (logs(made), count(made, "cel"), count(made, "call_logd_recording")) == ({1}, 4, 1)


def test_w8_where_the_folder_of_recordings_isnt_mounted_no_run_begins(made: Wazo) -> None:
    made.call(1, OLD)
    made.load()
    made.pbx.grant()
    shutil.rmtree(made.pbx.root("recordings"))
    done = made.pbx.run()
    assert done.exit_code == Exit.REFUSED
    assert (logs(made), count(made, "cel")) == ({1}, 4)


def test_w9_call_logs_made_anew_go_whatever_their_id_says(made: Wazo) -> None:
    """Ids are the only index, and those of call logs made anew are higher than young ones."""
    for number in range(1, 300):
        made.call(number, NOW - (200 - number / 2) * DAY, events=())
    for number in range(1_000, 1_040):
        made.call(number, OLD - number * DAY / 100, events=())
    assert made.pbx.do("SELECT indexdef FROM pg_indexes WHERE indexdef LIKE '%(date)%'") == []
    went(made)
    ((oldest,),) = made.pbx.do("SELECT MIN(date) FROM call_logd_call_log")
    assert oldest >= CUTOFF
    assert max(logs(made)) == 299


def test_w10_a_transcript_goes_by_its_own_date_whether_its_message_is_there_or_not(
    made: Wazo,
) -> None:
    spool = SpoolMaker(made.pbx.root("voicemail"))
    for place, at in enumerate((OLD, YOUNG)):
        made.transcript(spool.message(place, at, extensions=(".wav",)), at + EDGE)
        made.transcript(f"gone-{place}", at + EDGE)
    assert went(made) == {"transcripts": 2, "voicemail": 1}
    left = made.pbx.do("SELECT message_id FROM call_logd_voicemail_transcription")
    assert len(left) == 2
    assert ("gone-1",) in left


def test_w11_a_tenant_that_has_no_calls_left_stays_with_its_settings(made: Wazo) -> None:
    for number in (1, 2):
        made.call(number, OLD)
        made.export(number, OLD, stays=False)
        made.transcript(f"m{number}", OLD)
    tables = ("call_logd_tenant", "call_logd_retention", "call_logd_config", "chatd_room")
    before = {table: made.pbx.rows(table) for table in tables}
    went(made)
    assert logs(made) == set()
    assert {table: made.pbx.rows(table) for table in tables} == before


def test_w12_packed_recordings_go_with_their_request_those_without_one_by_their_own_time(
    made: Wazo,
) -> None:
    made.export(1, OLD, stays=False, written=NOW - DAY)
    made.export(2, YOUNG, stays=True, written=OLD)
    made.export(3, OLD, stays=None, status="deleted")
    made.export(4, OLD, stays=None, status="error")
    made.file("exports", f"{uuid(10, 5)}.zip", at=OLD, stays=False)
    made.file("exports", f"{uuid(10, 6)}.zip", at=YOUNG, stays=True)
    assert went(made) == {"export-files": 2, "exports": 3}
    assert made.pbx.left() == made.left
    assert made.pbx.do("SELECT uuid::text FROM call_logd_export") == [(uuid(10, 2),)]


@pytest.mark.parametrize("status", ["pending", "processing"])
def test_w12_a_package_that_is_being_made_waits_with_its_request(made: Wazo, status: str) -> None:
    made.export(1, OLD, stays=True, status=status)
    assert went(made) == {}
    assert made.pbx.left() == made.left
    assert count(made, "call_logd_export") == 1


# --- what the notes don't number ---


def test_what_agents_do_apart_from_calls_goes_by_its_own_time(made: Wazo) -> None:
    """All these rows bear NONE instead of a call id, and are no call together."""
    for at in (OLD, YOUNG, None):
        made.queue_event("NONE", at, event="ADDMEMBER")
    for at in (CUTOFF - EDGE, CUTOFF + EDGE):
        made.queue_event(linkedid(1, CUTOFF), at, event="CONNECT")
    assert went(made) == {"queue-log": 1}
    assert count(made, "queue_log") == 4


def test_no_statistics_come_back_out_of_the_queue_log(made: Wazo) -> None:
    """wazo-stat counts anew from its newest hour on, and without one from the log's first row."""
    made.queue_call(linkedid(1, OLD), OLD)
    made.hour(OLD)
    made.queue_call(linkedid(2, YOUNG), YOUNG)
    assert went(made) == {
        "queue-log": 2, "queue-calls": 1, "queue-agents": 1, "queue-hours": 1, "switchboard": 1,
    }  # fmt: skip
    ((first,),) = made.pbx.do("SELECT MIN(time) FROM queue_log")
    assert first >= CUTOFF


def test_a_switchboards_time_is_the_wall_clock_of_the_pbx(made: Wazo) -> None:
    for at in (CUTOFF - EDGE, CUTOFF):
        made.hour(at)
    assert went(made)["switchboard"] == 1
    assert count(made, "stat_switchboard_queue") == 1


def test_what_an_older_version_lacks_is_not_missed(made: Wazo) -> None:
    made.load()
    made.pbx.do("DROP TABLE chatd_delivery_record, chatd_message_delivery, chatd_message_meta")
    made.pbx.do("DROP TABLE call_logd_voicemail_transcription, webhookd_subscription_log")
    made.pbx.do("ALTER TABLE call_logd_call_log DROP COLUMN source_internal_name")
    made.pbx.do("ALTER TABLE call_logd_call_log DROP COLUMN blocked")
    made.call(1, OLD)
    made.add(
        "chatd_room_message", uuid=uuid(26, 1), room_uuid=uuid(22, 1), user_uuid=uuid(21, 1),
        tenant_uuid=tenant(0), wazo_uuid=uuid(23, 1), created_at=OLD,
    )  # fmt: skip
    assert went(made) == {"events": 4, "calls": 1, "messages": 1}


@pytest.mark.parametrize(
    ("change", "naming"),
    [
        ("ALTER TABLE call_logd_call_log RENAME COLUMN date TO began", ["date"]),
        (
            "ALTER TABLE call_logd_call_log_participant RENAME COLUMN call_log_id TO call",
            ["call_logd_call_log_participant", "call_log_id"],
        ),
        ("ALTER TABLE cel RENAME COLUMN linkedid TO conversation", ["cel", "linkedid"]),
        (
            "CREATE TABLE notes (call int REFERENCES call_logd_call_log ON DELETE CASCADE)",
            ["notes", "call_logd_call_log"],
        ),
        (
            "CREATE TABLE marks (take uuid REFERENCES call_logd_recording ON DELETE CASCADE)",
            ["marks", "call_logd_recording"],
        ),
        ("CREATE TABLE call_log (LIKE call_logd_call_log)", ["call_log", "copy"]),
        ("CREATE TABLE cel_2025 (LIKE cel)", ["cel_2025", "copy"]),
        ("CREATE TABLE queue_log_old (LIKE queue_log)", ["queue_log_old", "copy"]),
        (
            "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';"
            "CREATE TRIGGER keeper AFTER DELETE ON call_logd_call_log_destination"
            " FOR EACH ROW EXECUTE FUNCTION keep()",
            ["keeper", "call_logd_call_log_destination"],
        ),
    ],
    ids=[
        "column", "child's column", "event's column", "cascade from a call",
        "cascade from a recording", "old call logs", "copy of events", "copy of the queue log",
        "trigger",
    ],
)  # fmt: skip
def test_a_schema_that_has_changed_refuses_and_is_named(
    made: Wazo, change: str, naming: list[str]
) -> None:
    made.call(1, OLD)
    made.load()
    refuses(made.pbx, [change], naming=naming)
