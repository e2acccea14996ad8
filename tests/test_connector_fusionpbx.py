"""FusionPBX: do calls go with all they left in side tables, folders, queues and files, and no more?

The traps bear their numbers from the notes on the product (F1 to F10). F7 (space until VACUUM) and
F9 (its own settings twice) have no test, for nothing is done about them; the README says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.fusionpbx import (
    DANGLING,
    DOMAINS,
    NUMBER,
    SIDE_TABLES,
    STAYS,
    SWITCH,
    Fusion,
    archive,
    cdr_files,
    epoch,
    messages,
    odd_calls,
    recorded,
    usual_calls,
    uuid,
)
from support.servers import PostgreSQL
from support.vendor import NOW, OLD, YOUNG, Scene, scene

from pbxretain import sources
from pbxretain.errors import DriftError, Exit, LockedError
from pbxretain.execute import RunResult


@pytest.fixture
def made(postgresql: PostgreSQL, tmp_path: Path) -> Fusion:
    """A FusionPBX with settings, announcements and greetings, and nothing else yet."""
    fusion = Fusion(scene("fusionpbx", postgresql, tmp_path))
    fusion.settings()
    return fusion


def ran(made: Fusion) -> RunResult:
    """Loads what was added and runs once; the run must end well."""
    made.load()
    made.pbx.only_what_is_used(keep=["v_xml_cdr_transcripts"])  # the product's view needs it
    made.pbx.grant()
    done = made.pbx.run()
    assert [str(error) for error in done.errors] == []
    assert done.exit_code == Exit.OK
    return done


def went(made: Fusion) -> dict[str, int]:
    """How much one run took, by dataset."""
    return {result.dataset: result.deleted for result in ran(made).results if result.deleted}


def ids(made: Fusion, table: str) -> set[str]:
    """The keys that are left of a table, first column that is one."""
    key = {"v_xml_cdr": "xml_cdr_uuid", "v_voicemail_messages": "voicemail_message_uuid"}[table]
    return {str(found) for (found,) in made.pbx.do(f"SELECT {key} FROM {table}")}


# --- the whole ---


def test_of_twenty_thousand_calls_and_all_they_left_exactly_the_due_goes(made: Fusion) -> None:
    usual_calls(made)
    odd_calls(made)
    messages(made)
    cdr_files(made)
    made.load()
    made.pbx.stays = STAYS
    made.pbx.dangling = DANGLING
    done = made.pbx.deletes_exactly_the_due(files=made.left)
    quiet = {r.dataset for r in done.results if not r.deleted}
    assert quiet == {
        "loose-flow", "loose-json", "loose-logs", "loose-extensions", "loose-attachments",
        "loose-media",
    }  # fmt: skip


def test_no_number_and_no_file_name_stands_in_a_report_or_a_journal(
    made: Fusion, tmp_path: Path
) -> None:
    name = f"{NUMBER}-{uuid(2, 1)}"
    made.call(1, OLD, named=recorded(1, OLD, f"{name}.wav"))
    made.file("recordings", f"{archive(1, OLD)}/{name}.wav", at=OLD, stays=False)
    made.administration(OLD)
    ran(made)
    texts = [path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert len(texts) > 2
    assert not any(mark.encode() in text for text in texts for mark in (NUMBER, uuid(2, 1)))


# --- the traps ---


def test_f1_rows_whose_call_is_gone_go_by_their_own_date(made: Fusion) -> None:
    for number, at in enumerate((OLD, YOUNG, None)):
        made.side_rows(uuid(77, number), at)
    alive = made.call(1, YOUNG)
    made.side_rows(alive, OLD)
    assert went(made) == {
        "loose-flow": 1, "loose-json": 1, "loose-logs": 1, "loose-extensions": 1,
    }  # fmt: skip
    for table in SIDE_TABLES:
        left = {str(k) for (k,) in made.pbx.do(f"SELECT xml_cdr_uuid FROM {table}")}
        assert left == {alive, uuid(77, 1), uuid(77, 2)}, table


def test_f1_attachments_and_pictures_without_their_message_go_too(made: Fusion) -> None:
    """The vendor's script deletes mails and leaves the sound in their attachments."""
    for number, at in enumerate((OLD, YOUNG)):
        made.mail(number, at)
        made.text(number, at)
    made.load()
    made.pbx.do("DELETE FROM v_email_queue")
    made.pbx.do("DELETE FROM v_messages")
    assert went(made) == {"loose-attachments": 2, "loose-media": 1, "message-queue": 1}
    assert made.pbx.do("SELECT COUNT(*) FROM v_email_queue_attachments") == [(2,)]
    assert made.pbx.do("SELECT COUNT(*) FROM v_message_media") == [(1,)]


def test_f2_a_second_import_makes_no_call_young_and_none_old(made: Fusion) -> None:
    made.side_rows(made.call(1, OLD, insert_date=NOW), NOW)
    young = made.call(2, YOUNG, insert_date=OLD)
    made.side_rows(young, OLD)
    assert went(made) == {"calls": 1}
    assert ids(made, "v_xml_cdr") == {young}
    for table in SIDE_TABLES:
        assert made.pbx.do(f"SELECT COUNT(*) FROM {table}") == [(1,)]


def test_f3_a_recording_is_as_old_as_its_call_else_as_its_folder_whatever_its_mtime(
    made: Fusion,
) -> None:
    converted = NOW - timedelta(hours=3)
    made.call(1, OLD, named=recorded(1, OLD, "called.mp3"))
    made.file("recordings", f"{archive(1, OLD)}/called.mp3", at=converted, stays=False)
    made.file("recordings", f"{archive(1, OLD)}/nobody.mp3", at=converted, stays=False)
    made.file("recordings", f"{archive(1, YOUNG)}/restored.mp3", at=OLD, stays=True)
    # Its folder is old, but the call that names it is not.
    made.call(2, YOUNG, named=recorded(2, OLD, "held.mp3"))
    made.file("recordings", f"{archive(2, OLD)}/held.mp3", at=OLD, stays=True)
    assert went(made) == {"recordings": 2, "calls": 1}
    assert made.pbx.left() == made.left


def test_an_announcement_stays_even_where_a_call_names_it(made: Fusion) -> None:
    for number, path in enumerate(("welcome.wav", "archive/2020/welcome.wav")):
        folder, _, name = f"{SWITCH}/recordings/acme.example.org/{path}".rpartition("/")
        made.call(number, OLD, record_path=folder, record_name=name)
    assert went(made) == {"calls": 2}
    assert made.pbx.left() == made.left


def test_f4_a_file_that_two_calls_name_goes_with_the_last_of_them(made: Fusion) -> None:
    shared = recorded(0, OLD, "shared.wav")
    made.call(0, OLD, named=shared)
    young = made.call(2, YOUNG, named=shared)
    made.file("recordings", f"{archive(0, OLD)}/shared.wav", at=OLD, stays=True)
    made.call(4, OLD, named=recorded(0, OLD, "both.wav"))
    made.call(6, OLD - timedelta(days=1), named=recorded(0, OLD, "both.wav"))
    made.file("recordings", f"{archive(0, OLD)}/both.wav", at=OLD, stays=False)
    assert went(made) == {"recordings": 1, "calls": 3}
    assert made.pbx.left() == made.left
    assert made.pbx.do("SELECT xml_cdr_uuid::text, record_name FROM v_xml_cdr") == [
        (young, "shared.wav")
    ]


def test_f4_the_same_name_in_the_folders_of_two_days_means_two_files(made: Fusion) -> None:
    for number, at in ((0, OLD), (2, YOUNG)):
        made.call(number, at, named=recorded(number, at, "conference.wav"))
        path = f"{archive(number, at)}/conference.wav"
        made.file("recordings", path, at=at, stays=at == YOUNG)
    assert went(made) == {"recordings": 1, "calls": 1}
    assert made.pbx.left() == made.left


def test_a_call_that_outlives_its_recording_no_longer_names_it(made: Fusion) -> None:
    made.pbx.keep = {**everything(made), "call-detail-records": "2 years"}
    key = made.call(1, OLD, named=recorded(1, OLD, "gone.mp3"))
    made.file("recordings", f"{archive(1, OLD)}/gone.mp3", at=OLD, stays=False)
    assert went(made) == {"recordings": 1}
    assert made.pbx.do("SELECT xml_cdr_uuid::text, record_name FROM v_xml_cdr") == [(key, None)]
    assert made.pbx.do("SELECT COUNT(*) FROM view_call_recordings") == [(0,)]


def test_a_recording_that_outlives_its_call_makes_the_call_wait(made: Fusion) -> None:
    made.pbx.keep = {**everything(made), "call-recordings": "2 years"}
    key = made.call(1, OLD, named=recorded(1, OLD, "kept.mp3"))
    made.call(2, OLD)
    made.file("recordings", f"{archive(1, OLD)}/kept.mp3", at=OLD, stays=True)
    assert went(made) == {"calls": 1}
    assert ids(made, "v_xml_cdr") == {key}
    assert made.pbx.left() == made.left


def everything(made: Fusion) -> dict[str, str]:
    return dict.fromkeys(made.pbx.connector.manifest.offered(), "90 days")


def test_a_transcript_that_may_stay_longer_makes_its_call_wait(made: Fusion) -> None:
    made.pbx.keep = {**everything(made), "transcripts": "forever"}
    key = made.call(1, OLD)
    made.side_rows(key, OLD)
    made.transcript(key, OLD)
    made.call(2, OLD)
    assert went(made) == {"calls": 1}
    assert ids(made, "v_xml_cdr") == {key}
    assert made.pbx.do("SELECT COUNT(*) FROM v_xml_cdr_json") == [(1,)]


def test_f5_whether_the_sound_is_in_the_row_or_in_a_file_is_found_row_by_row(made: Fusion) -> None:
    box = "default/acme.example.org/101"
    made.voicemail(1, OLD, message_base64="UklGRg==", message_intro_base64="UklGRg==")
    filed = made.voicemail(2, OLD)
    made.file("voicemail", f"{box}/msg_{filed}.wav", at=OLD, stays=False)
    made.file("voicemail", f"{box}/intro_msg_{filed}.wav", at=OLD, stays=False)
    both = made.voicemail(3, OLD, message_base64="UklGRg==")
    made.file("voicemail", f"{box}/msg_{both}.mp3", at=OLD, stays=False)
    made.voicemail(4, OLD)
    young = made.voicemail(5, YOUNG)
    made.file("voicemail", f"{box}/msg_{young}.wav", at=OLD, stays=True)
    went(made)
    assert ids(made, "v_voicemail_messages") == {young}
    assert made.pbx.left() == made.left


def test_f6_the_copy_that_a_deletion_in_the_web_pages_leaves_goes_too(made: Fusion) -> None:
    made.administration(OLD)
    made.administration(YOUNG)
    ran(made)
    assert made.pbx.do("SELECT COUNT(*) FROM v_database_transactions") == [(1,)]


def test_f6_a_run_writes_no_copy_of_what_it_deletes(made: Fusion) -> None:
    made.administration(YOUNG)
    made.side_rows(made.call(1, OLD), OLD)
    assert went(made) == {"calls": 1}
    assert made.pbx.do("SELECT COUNT(*) FROM v_database_transactions") == [(1,)]


def test_f8_a_message_that_waits_to_be_emptied_out_is_still_there_and_goes(made: Fusion) -> None:
    made.voicemail(1, OLD, message_status="deleted")
    young = made.voicemail(2, YOUNG, message_status="deleted")
    assert went(made) == {"voicemail": 1}
    assert ids(made, "v_voicemail_messages") == {young}


def test_f10_of_two_nodes_only_one_runs(made: Fusion, tmp_path: Path) -> None:
    made.call(1, OLD)
    made.load()
    made.pbx.grant()
    first, second = opened(made.pbx, exclusive=True), opened(made.pbx, exclusive=True)
    with first, pytest.raises(LockedError), second:
        pass
    assert ids(made, "v_xml_cdr") == {uuid(2, 1)}


def test_a_tenant_that_is_switched_off_is_no_exception(made: Fusion) -> None:
    disabled = list(DOMAINS).index("gone.example.org")
    made.call(disabled, OLD)
    assert went(made) == {"calls": 1}


def test_a_call_record_that_waits_for_its_import_does_not_bring_the_call_back(
    made: Fusion,
) -> None:
    """The import is a service: it reads what lies in the folder at any moment."""
    for number, at in ((1, OLD), (2, YOUNG)):
        made.call(number, at)
        made.file("logs", f"xml_cdr/a_{uuid(2, number)}.cdr.xml", at=at, stays=at == YOUNG)
    done = ran(made)
    order = [result.dataset for result in done.results]
    assert order.index("cdr-files") < order.index("calls")
    assert set(imported(made.pbx)) == {uuid(2, 2)} == ids(made, "v_xml_cdr")


def imported(pbx: Scene) -> Iterator[str]:
    """What an import would make rows of."""
    for path in (pbx.root("logs") / "xml_cdr").glob("*.cdr.xml"):
        yield path.name.removeprefix("a_").removesuffix(".cdr.xml")


def test_what_is_not_sent_yet_waits_with_all_that_belongs_to_it(made: Fusion) -> None:
    made.mail(1, OLD, status="trying")
    made.fax(1, OLD, status="waiting")
    assert went(made) == {"fax-files": 1}
    for table, count in (("v_email_queue_attachments", 2), ("v_fax_logs", 1), ("v_fax_queue", 1)):
        assert made.pbx.do(f"SELECT COUNT(*) FROM {table}") == [(count,)]


def test_what_an_older_version_lacks_is_not_missed(made: Fusion) -> None:
    made.pbx.do("DROP TABLE v_xml_cdr_transcripts, v_xml_cdr_logs CASCADE")
    made.pbx.do("ALTER TABLE v_xml_cdr DROP COLUMN originating_leg_uuid CASCADE")
    key = uuid(2, 1)
    made.add("v_xml_cdr", xml_cdr_uuid=key, start_epoch=epoch(OLD), caller_id_number=NUMBER)
    made.add("v_xml_cdr_json", xml_cdr_json_uuid=made.id(), xml_cdr_uuid=key, insert_date=OLD)
    assert went(made) == {"calls": 1}
    assert made.pbx.do("SELECT COUNT(*) FROM v_xml_cdr_json") == [(0,)]


# --- drift ---


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("ALTER TABLE v_xml_cdr RENAME COLUMN start_epoch TO began", "start_epoch"),
        ("ALTER TABLE v_xml_cdr_json RENAME COLUMN xml_cdr_uuid TO call", "xml_cdr_uuid"),
        ("CREATE TABLE notes (call uuid REFERENCES v_xml_cdr ON DELETE CASCADE)", "notes"),
        ("CREATE TABLE v_xml_cdr_2024 (LIKE v_xml_cdr)", "v_xml_cdr_2024"),
        (
            "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';"
            "CREATE TRIGGER keeper AFTER DELETE ON v_xml_cdr_flow"
            " FOR EACH ROW EXECUTE FUNCTION keep()",
            "keeper",
        ),
    ],
    ids=["column", "side table's column", "cascade", "copy", "trigger"],
)
def test_a_schema_that_has_changed_refuses_and_is_named(
    made: Fusion, change: str, named: str
) -> None:
    made.load()
    made.pbx.grant()
    made.pbx.do(change)
    with pytest.raises(DriftError, match=named), opened(made.pbx):
        pass


def opened(pbx: Scene, *, exclusive: bool = False) -> Any:
    """The source, opened; ``exclusive`` as a run does."""
    terms = pbx.terms()
    return sources.opened(
        terms.source, pbx.connector, name="office", installation="test", exclusive=exclusive
    )
