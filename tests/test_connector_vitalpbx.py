"""VitalPBX on a table with its known columns: what is due goes, tenants and doubtful files stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import asterisk_family as family
from support.asterisk_family import Leg
from support.drift import refuses
from support.servers import MariaDB
from support.vendor import OLD, YOUNG, Scene, local, scene

from pbxretain.errors import Exit

COLUMNS = (
    "calldate", "clid", "source", "src", "dst", "destination", "dcontext", "channel", "dstchannel",
    "lastapp", "lastdata", "duration", "billsec", "disposition", "uniqueid", "linkedid",
    "sequence", "calltype",
)  # fmt: skip


def _row(leg: Leg) -> tuple[object, ...]:
    return (
        local(leg.at), f'"Zoë Müßiggang" <{leg.src}>', leg.src, leg.src, leg.dst, leg.dst,
        "cos-all", f"PJSIP/{leg.src}", f"PJSIP/{leg.dst}", "Dial", leg.dst, 30, 25, "ANSWERED",
        leg.uniqueid, leg.linkedid, leg.sequence, "inbound",
    )  # fmt: skip


@pytest.fixture
def vitalpbx(mariadb: MariaDB, tmp_path: Path) -> Scene:
    return scene("vitalpbx", mariadb, tmp_path)


def _few(pbx: Scene) -> None:
    pbx.load("cdr", COLUMNS, [_row(leg) for leg in family.legs(50, recorded=0)])
    pbx.stays["cdr"] = family.stay("cdr")


def test_vitalpbx_loses_what_is_due_and_nothing_else(vitalpbx: Scene) -> None:
    legs = family.legs(20_000, recorded=200)
    vitalpbx.load("cdr", COLUMNS, [_row(leg) for leg in legs])
    undated = [("0000-00-00", *_row(legs[0])[1:])]
    vitalpbx.load("cdr", COLUMNS, undated)
    vitalpbx.stays["cdr"] = family.stay("cdr")
    left = family.write_recordings(vitalpbx, legs, named=False)
    done = vitalpbx.deletes_exactly_the_due(files=left)
    deleted = {result.dataset: result.deleted for result in done.results}
    assert deleted["calls"] > 10_000
    assert deleted["recordings"] > 25


def test_recordings_of_tenants_go_by_their_own_names(vitalpbx: Scene) -> None:
    _few(vitalpbx)
    left = set()
    for at in (OLD, YOUNG):
        uniqueid = f"{int(at.timestamp())}.42"
        day = local(at, "%Y/%m/%d")
        paths = {
            f"{uniqueid}.wav",
            f"acme/q-800-{uniqueid}.wav",
            f"acme/{day}/{family.recording_of(at, uniqueid, '411', '412')}",
            f"acme/{day}/spoken note.mp3",
            f"{day}/spoken note.mp3",
        }
        for path in paths:
            vitalpbx.file("recordings", path, at=OLD)
        left = {f"recordings/{path}" for path in paths}
    vitalpbx.deletes_exactly_the_due(files=left)


def test_a_recording_whose_age_nobody_can_tell_is_counted_and_stays(vitalpbx: Scene) -> None:
    _few(vitalpbx)
    vitalpbx.file("recordings", "acme/meeting.wav", at=OLD)
    vitalpbx.file("recordings", f"{int(OLD.timestamp())}.1.wav", at=OLD)
    done = vitalpbx.deletes_exactly_the_due(files={"recordings/acme/meeting.wav"})
    (files,) = [result for result in done.results if result.dataset == "recordings"]
    assert files.after is not None
    assert files.after.undated == 1


def test_a_file_that_replication_brought_back_goes_in_the_next_run(vitalpbx: Scene) -> None:
    _few(vitalpbx)
    path = f"{int(OLD.timestamp())}.1.wav"
    kept = vitalpbx.file("recordings", f"{int(YOUNG.timestamp())}.2.wav", at=YOUNG)
    vitalpbx.file("recordings", path, at=OLD)
    vitalpbx.deletes_exactly_the_due(files={f"recordings/{kept.name}"})
    vitalpbx.file("recordings", path, at=OLD)
    again = vitalpbx.run()
    assert again.exit_code == Exit.OK
    assert vitalpbx.left() == {f"recordings/{kept.name}"}


@pytest.mark.parametrize(
    ("changes", "naming"),
    [
        (["ALTER TABLE cdr RENAME COLUMN linkedid TO call_group"], ["cdr", "linkedid"]),
        (["CREATE TABLE cdr_archive LIKE cdr"], ["cdr_archive", "cdr"]),
        (
            [
                "CREATE TABLE tags (id INT, cdr_id BIGINT UNSIGNED, FOREIGN KEY (cdr_id)"
                " REFERENCES cdr (cdr_id) ON DELETE CASCADE)"
            ],
            ["tags", "cdr"],
        ),
    ],
    ids=["renamed", "copied", "cascade"],
)
def test_a_changed_database_is_refused(
    vitalpbx: Scene, changes: list[str], naming: list[str]
) -> None:
    _few(vitalpbx)
    refuses(vitalpbx, changes, naming=naming)
