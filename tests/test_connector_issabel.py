"""Issabel on its own tables: all that is due goes, nothing else, and the marks are Issabel's."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support import asterisk_family as family
from support.asterisk_family import CDR_COLUMNS, CEL_COLUMNS, cdr_row, cel_rows
from support.drift import refuses
from support.servers import MariaDB
from support.vendor import CUTOFF, OLD, YOUNG, Scene, local, scene
from support.voicemail import SpoolMaker


@pytest.fixture
def issabel(mariadb: MariaDB, tmp_path: Path) -> Scene:
    return scene("issabel", mariadb, tmp_path)


def _fill(pbx: Scene, calls: int) -> set[str]:
    legs = family.legs(calls)
    pbx.load("cdr", CDR_COLUMNS, [cdr_row(leg) for leg in legs])
    pbx.load("cel", CEL_COLUMNS, [row for leg in legs for row in cel_rows(leg)])
    pbx.stays |= {
        "cdr": family.stay("cdr"),
        "cel": family.stay("cel", time="eventtime"),
    }
    return family.write_recordings(pbx, legs)


def test_issabel_loses_what_is_due_and_nothing_else(issabel: Scene) -> None:
    left = _fill(issabel, 20_000)
    undated = family.legs(1)[0]
    issabel.load("cdr", ("calldate", *CDR_COLUMNS[1:]), [("0000-00-00", *cdr_row(undated)[1:])])
    done = issabel.deletes_exactly_the_due(files=left)
    deleted = {result.dataset: result.deleted for result in done.results}
    assert deleted["calls"] > 10_000
    assert deleted["events"] > 15_000
    assert deleted["recordings"] > 50


def _recorded(pbx: Scene, at: datetime, name: str, *, named: str) -> None:
    leg = family.Leg(at, f"{int(at.timestamp())}.7", "", "+493023125001", "411", 1)
    pbx.load("cdr", CDR_COLUMNS, [cdr_row(leg, recording=named)])
    pbx.file("recordings", name, at=leg.at)


def test_deleted_is_written_where_a_recording_was(issabel: Scene) -> None:
    young, gone = YOUNG, CUTOFF + timedelta(days=10)
    kept = family.recording_of(young, f"{int(young.timestamp())}.7", "+493023125001", "411")
    _recorded(issabel, young, f"{local(young, '%Y/%m/%d')}/{kept}", named=kept)
    name = family.recording_of(gone, f"{int(gone.timestamp())}.7", "+493023125001", "411")
    path = f"{local(gone, '%Y/%m/%d')}/{name}"
    _recorded(issabel, gone, path, named=f"/var/spool/asterisk/monitor/{path}")
    issabel.load("cdr", CDR_COLUMNS, [cdr_row(leg) for leg in family.legs(3, recorded=0)])
    issabel.keep = {**dict.fromkeys(issabel.connector.manifest.offered(), "90 days")}
    issabel.keep["call-recordings"] = "70 days"
    issabel.stays["cdr"] = family.stay("cdr")
    issabel.blanked.add(("cdr", "recordingfile"))
    issabel.deletes_exactly_the_due(files={f"recordings/{local(young, '%Y/%m/%d')}/{kept}"})
    marks = issabel.do("SELECT recordingfile FROM cdr WHERE recordingfile <> '' ORDER BY 1")
    assert marks == [("deleted",), (kept,)]


def test_a_name_without_an_extension_or_with_a_path_means_its_file(issabel: Scene) -> None:
    for n, at in enumerate((OLD, OLD + timedelta(hours=1), YOUNG)):
        name = family.recording_of(at, f"{int(at.timestamp())}.{n}", "+493023125001", "411")
        path = f"{local(at, '%Y/%m/%d')}/{name}"
        named = (name.removesuffix(".wav"), f"/var/spool/asterisk/monitor/{path}", name)[n]
        _recorded(issabel, at, path, named=named)
    (left,) = [
        f"recordings/{p.relative_to(issabel.roots['recordings'])}"
        for p in issabel.roots["recordings"].rglob("*.wav")
        if local(YOUNG, "%Y/%m/%d") in str(p)
    ]
    issabel.stays["cdr"] = family.stay("cdr")
    issabel.deletes_exactly_the_due(files={left})


def test_a_dash_inside_a_number_does_not_move_the_date_of_a_recording(issabel: Scene) -> None:
    issabel.load("cdr", CDR_COLUMNS, [cdr_row(leg) for leg in family.legs(50, recorded=0)])
    for at in (OLD, YOUNG):
        stem = f"external-030-23125-001-{local(at, '%Y%m%d-%H%M%S')}-{int(at.timestamp())}.3"
        issabel.file("recordings", f"{local(at, '%Y/%m/%d')}/{stem}.wav", at=YOUNG)
    issabel.stays["cdr"] = family.stay("cdr")
    left = {f"recordings/{local(YOUNG, '%Y/%m/%d')}/{stem}.wav"}
    issabel.deletes_exactly_the_due(files=left)


def test_recordings_that_the_archive_script_moved_go_by_the_folder_of_their_day(
    issabel: Scene,
) -> None:
    issabel.load("cdr", CDR_COLUMNS, [cdr_row(leg) for leg in family.legs(50, recorded=0)])
    for at in (OLD, YOUNG):
        for extension in ("wav", "mp3"):
            path = f"{local(at, '%Y/%m/%d')}/411/in/OUT411.{extension}"
            issabel.file("recordings", path, at=YOUNG)
    issabel.stays["cdr"] = family.stay("cdr")
    folder = f"recordings/{local(YOUNG, '%Y/%m/%d')}/411/in"
    issabel.deletes_exactly_the_due(files={f"{folder}/OUT411.wav", f"{folder}/OUT411.mp3"})


def _with_gaps(pbx: Scene, version: str) -> None:
    pbx.load("cdr", CDR_COLUMNS, [cdr_row(leg) for leg in family.legs(50, recorded=0)])
    pbx.stays["cdr"] = family.stay("cdr")
    box = SpoolMaker(pbx.root("voicemail"))
    box.message(1, OLD)  # 0 and 2 were deleted by Issabel's page
    box.message(3, YOUNG, message_id="kept-3")
    pbx.extra = f"asterisk: {{version: {version!r}, config: {str(pbx.folder)!r}}}"


def test_gaps_that_the_voicemail_page_left_hurt_no_message(issabel: Scene) -> None:
    _with_gaps(issabel, "18.26.0")
    stem = "voicemail/default/411/INBOX/msg0003"
    issabel.deletes_exactly_the_due(files={f"{stem}{e}" for e in (".txt", ".wav", ".WAV")})
    assert "msg_id=kept-3" in (issabel.folder / "roots" / f"{stem}.txt").read_text("latin-1")


def test_voicemail_waits_where_a_gap_would_destroy_new_messages(issabel: Scene) -> None:
    _with_gaps(issabel, "16.30.0")
    issabel.grant()
    done = issabel.run()
    outcomes = {result.dataset: result.outcome for result in done.results}
    assert outcomes["voicemail"] == "refused"
    assert outcomes["calls"] == "complete"
    assert [error.code for error in done.errors] == ["NUMBERING"]
    assert len(issabel.left()) == 6


def test_the_queue_log_loses_its_due_lines(issabel: Scene) -> None:
    issabel.load("cdr", CDR_COLUMNS, [cdr_row(leg) for leg in family.legs(50, recorded=0)])
    issabel.stays["cdr"] = family.stay("cdr")
    legs = family.legs(2_000, recorded=0)
    issabel.file("logs", "queue_log-20260101.1", b"", at=OLD)
    issabel.file("logs", "queue_log.1", family.queue_log(legs), at=OLD)
    issabel.deletes_exactly_the_due()
    left = b"".join(p.read_bytes() for p in issabel.roots["logs"].glob("queue_log.1*"))
    young = [leg for leg in legs if leg.at >= CUTOFF]
    assert left.count(b"\n") == len(young) > 500
    assert all(leg.uniqueid.encode() in left for leg in young)


@pytest.mark.parametrize(
    ("changes", "naming"),
    [
        (["ALTER TABLE cdr RENAME COLUMN uniqueid TO unique_id"], ["cdr", "uniqueid"]),
        (["CREATE TABLE cdr_2025 LIKE cdr"], ["cdr_2025", "cdr"]),
        (
            [
                "CREATE TABLE notes (id INT, cel_id INT, FOREIGN KEY (cel_id) REFERENCES cel (id)"
                " ON DELETE CASCADE)"
            ],
            ["notes", "cel"],
        ),
    ],
    ids=["renamed", "copied", "cascade"],
)
def test_a_changed_database_is_refused(
    issabel: Scene, changes: list[str], naming: list[str]
) -> None:
    issabel.load("cdr", CDR_COLUMNS, [cdr_row(leg) for leg in family.legs(50, recorded=0)])
    refuses(issabel, changes, naming=naming)
