"""MikoPBX on its own tables while it goes on writing: what is due goes out of both tables."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support import asterisk_family as family
from support.asterisk_family import Leg
from support.drift import refuses
from support.live import writing
from support.vendor import CUTOFF, OLD, YOUNG, Scene, local, scene
from support.voicemail import SpoolMaker

MOUNTED = "/storage/usbdisk1/mikopbx/astspool/monitor"
"""Where MikoPBX itself sees its recordings; the tests mount them elsewhere."""

COLUMNS = (
    "start", "endtime", "answer", "src_chan", "src_num", "src_name", "dst_chan", "dst_num",
    "UNIQUEID", "linkedid", "did", "disposition", "recordingfile", "duration", "billsec",
    "work_completed", "dtmf_digits",
)  # fmt: skip
CALL = "COALESCE(NULLIF(linkedid, ''), UNIQUEID)"
LATE = 4.0
"""Seconds; MikoPBX itself waits five for the database."""


class MikoPBX(Scene):
    """A scene that leaves the calls of the writer beside it out of every comparison."""

    def tables(self) -> list[str]:
        return [name for name in super().tables() if name != "sqlite_sequence"]

    def rows(self, table: str, where: str = "1=1") -> Counter[str]:
        columns = {name for _, name, *_ in self.do(f'PRAGMA table_info("{table}")')}
        own = "UNIQUEID NOT LIKE 'live-%'" if "UNIQUEID" in columns else "1=1"
        return super().rows(table, f"({where}) AND {own}")


@pytest.fixture
def miko(tmp_path: Path) -> MikoPBX:
    made = scene("mikopbx", None, tmp_path)
    pbx = MikoPBX(made.connector, None, made.database, tmp_path)
    assert pbx.do("PRAGMA journal_mode = WAL") == [("wal",)]
    stay = family.stay("cdr_general", time="start", call=CALL)
    pbx.stays = {"cdr_general": stay, "cdr": family.stay("cdr", time="start", call=CALL)}
    return pbx


def _stamp(at: datetime) -> str:
    return local(at, "%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03d}"


def _row(leg: Leg, *, recording: str = "", ended: bool = True) -> tuple[object, ...]:
    end = _stamp(leg.at + timedelta(seconds=30)) if ended else ""
    return (
        _stamp(leg.at), end, end and _stamp(leg.at), f"PJSIP/{leg.src}-{leg.sequence:08x}",
        leg.src, "Zoë Müßiggang", f"PJSIP/{leg.dst}", leg.dst, f"mikopbx-{leg.uniqueid}_{leg.dst}",
        leg.linkedid and f"mikopbx-{leg.linkedid}", "493023125900", "ANSWERED", recording, 30, 25,
        "1" if ended else "", "t,t,3",
    )  # fmt: skip


def _leg(at: datetime, number: int = 7) -> Leg:
    uniqueid = f"{int(at.timestamp())}.{number}"
    return Leg(at, uniqueid, uniqueid, "+493023125001", "411", number)


def _calls(pbx: Scene, *ats: datetime, table: str = "cdr_general", ended: bool = True) -> None:
    pbx.load(table, COLUMNS, [_row(_leg(at, n), ended=ended) for n, at in enumerate(ats)])


def _path(at: datetime, name: str) -> str:
    return f"{local(at, '%Y/%m/%d/%H')}/{name}"


def _recorded(pbx: Scene, at: datetime, *extensions: str, named: str = "webm") -> set[str]:
    """A call whose row names a file, and what really lies there; returns the files."""
    leg = _leg(at, len(extensions))
    path = _path(at, f"mikopbx-{leg.uniqueid}_x")
    pbx.load("cdr_general", COLUMNS, [_row(leg, recording=f"{MOUNTED}/{path}.{named}")])
    for extension in extensions:
        pbx.file("recordings", f"{path}.{extension}", at=OLD)
    return {f"recordings/{path}.{extension}" for extension in extensions}


def _many(pbx: Scene, legs: Sequence[Leg]) -> set[str]:
    """Legs with their recordings; returns the files that must stay."""
    newest: dict[str, datetime] = {}
    named: dict[str, Leg] = {}
    rows = []
    for leg in legs:
        newest[leg.call] = max(leg.at, newest.get(leg.call, leg.at))
        first = named.setdefault(leg.recording, leg) if leg.recording else leg
        path = _path(first.at, f"mikopbx-{first.uniqueid}_x.webm")
        rows.append(_row(leg, recording=f"{MOUNTED}/{path}" if leg.recording else ""))
    pbx.load("cdr_general", COLUMNS, rows)
    left = set()
    for leg in named.values():
        path = _path(leg.at, f"mikopbx-{leg.uniqueid}_x.webm")
        pbx.file("recordings", path, at=leg.at)
        if newest[leg.call] >= CUTOFF:
            left.add(f"recordings/{path}")
    return left


def _live(pbx: Scene, table: str) -> int:
    ((count,),) = pbx.do(f"SELECT COUNT(*) FROM {table} WHERE UNIQUEID LIKE 'live-%'")
    return int(count)


def test_mikopbx_loses_what_is_due_and_nothing_else_while_it_goes_on_writing(
    miko: MikoPBX,
) -> None:
    legs = family.legs(20_000)
    left = _many(miko, legs)
    miko.load("cdr_general", ("start", "UNIQUEID", "src_num"), [("", "undated", "411")])
    miko.load("cdr", COLUMNS, [_row(leg) for leg in legs[::50]])
    _calls(miko, OLD, OLD - timedelta(days=9), YOUNG, table="cdr", ended=False)
    with writing("mikopbx", miko.folder / "stop", miko.database) as live:
        done = miko.deletes_exactly_the_due(files=left)
    assert (live.failed, live.slowest < LATE) == (0, True), live.slowest
    assert (_live(miko, "cdr"), _live(miko, "cdr_general")) == (0, live.written)
    deleted = {result.dataset: result.deleted for result in done.results}
    assert deleted["calls"] > 10_000
    assert deleted["recordings"] > 50
    assert live.written > 20


# --- the table cdr beside cdr_general ---


def test_calls_that_a_crash_left_in_cdr_go_where_the_builtin_purge_never_looks(
    miko: MikoPBX,
) -> None:
    _calls(miko, OLD, YOUNG)
    _calls(miko, OLD - timedelta(days=1), OLD - timedelta(days=2), YOUNG, table="cdr")
    done = miko.deletes_exactly_the_due()
    assert {r.dataset: r.deleted for r in done.results if r.deleted}["calls"] == 1
    assert miko.do("SELECT COUNT(*) FROM cdr") == [(1,)]


def test_a_call_that_stands_in_both_tables_goes_out_of_both(miko: MikoPBX) -> None:
    for table in ("cdr", "cdr_general"):
        _calls(miko, OLD, YOUNG, table=table)
    miko.do("UPDATE cdr SET id = id + 500")
    miko.deletes_exactly_the_due()
    for table in ("cdr", "cdr_general"):
        assert miko.do(f"SELECT COUNT(*) FROM {table}") == [(1,)]


def test_a_call_that_goes_on_waits_for_its_end(miko: MikoPBX) -> None:
    just = CUTOFF - timedelta(minutes=10)
    _calls(miko, just, CUTOFF - timedelta(days=3), table="cdr", ended=False)
    _calls(miko, just - timedelta(hours=1), table="cdr")
    _calls(miko, OLD)
    miko.stays["cdr"] = f"endtime = '' AND start >= '{_stamp(just)}'"
    miko.deletes_exactly_the_due()
    assert miko.do("SELECT COUNT(*) FROM cdr") == [(1,)]


def test_a_call_log_whose_table_cdr_general_is_lost_is_refused(miko: MikoPBX) -> None:
    _calls(miko, OLD, table="cdr")
    refuses(miko, ["DROP TABLE cdr_general"], naming=["calls", "cdr_general"])


# --- times and files ---


def test_local_text_with_milliseconds_is_due_up_to_the_last_one_before_midnight(
    miko: MikoPBX,
) -> None:
    last = CUTOFF - timedelta(milliseconds=1)
    _calls(miko, OLD, last, CUTOFF, CUTOFF + timedelta(milliseconds=1))
    miko.stays["cdr_general"] = f"start >= '{_stamp(CUTOFF)}'"
    miko.deletes_exactly_the_due()
    assert miko.do("SELECT COUNT(*) FROM cdr_general") == [(2,)]


@pytest.mark.parametrize(
    ("there", "named"),
    [(["wav"], "webm"), (["webm"], "webm"), (["webm", "wav"], "webm"), (["mp3"], "mp3")],
    ids=["not yet converted", "converted", "both", "older version"],
)
def test_a_row_names_its_recording_in_whatever_format_it_lies_there(
    miko: MikoPBX, there: list[str], named: str
) -> None:
    _recorded(miko, OLD, *there, named=named)
    left = _recorded(miko, YOUNG, *there, named=named)
    miko.deletes_exactly_the_due(files=left)


def test_the_two_halves_of_a_recording_go_by_the_folder_of_their_day(miko: MikoPBX) -> None:
    _calls(miko, OLD)
    left = set()
    for at in (OLD, YOUNG):
        for half in ("in", "out"):
            path = _path(at, f"mikopbx-1.1_x_{half}.wav")
            miko.file("recordings", path, at=OLD)
            left |= {f"recordings/{path}"} if at == YOUNG else set()
    miko.deletes_exactly_the_due(files=left)


def test_a_recording_that_was_converted_or_restored_lately_is_as_old_as_its_call(
    miko: MikoPBX,
) -> None:
    for path in _recorded(miko, OLD, "webm"):
        file = miko.folder / "roots" / path
        miko.file("recordings", str(file.relative_to(miko.roots["recordings"])), at=YOUNG)
    miko.deletes_exactly_the_due(files=set())


def test_a_call_whose_recording_a_full_disk_took_goes_all_the_same(miko: MikoPBX) -> None:
    _recorded(miko, OLD)
    left = _recorded(miko, YOUNG, "webm")
    done = miko.deletes_exactly_the_due(files=left)
    assert {r.dataset: r.deleted for r in done.results}["calls"] == 1


def test_a_row_names_no_recording_that_went_before_it(miko: MikoPBX) -> None:
    gone = CUTOFF + timedelta(days=10)
    _recorded(miko, gone, "webm")
    left = _recorded(miko, YOUNG, "webm")
    _calls(miko, OLD)
    miko.keep = dict.fromkeys(miko.connector.manifest.offered(), "90 days")
    miko.keep["call-recordings"] = "70 days"
    miko.blanked.add(("cdr_general", "recordingfile"))
    miko.deletes_exactly_the_due(files=left)
    named = miko.do("SELECT recordingfile FROM cdr_general ORDER BY start")
    assert [bool(name) for (name,) in named] == [False, True]


# --- voicemail ---


def _voicemail(pbx: Scene, ats: Iterable[datetime]) -> list[str]:
    """Calls that ended in voicemail, each with its copy below the recordings."""
    files = []
    for at in ats:
        leg = _leg(at, 3)
        path = f"{local(at, '%Y/%m/%d')}/INBOX/mikopbx-{leg.linkedid}.wav"
        pbx.file("recordings", path, at=OLD)
        pbx.load("cdr_general", COLUMNS, [_row(leg, recording=f"{MOUNTED}/{path}")])
        files.append(f"recordings/{path}")
    return files


def test_copies_of_voicemail_among_the_recordings_obey_the_rule_for_voicemail(
    miko: MikoPBX,
) -> None:
    gone = CUTOFF + timedelta(days=10)
    kept = _recorded(miko, gone, "webm")
    *_, young = _voicemail(miko, (OLD, gone, YOUNG))
    miko.keep = dict.fromkeys(miko.connector.manifest.offered(), "90 days")
    miko.keep["voicemail-messages"] = "70 days"
    miko.blanked.add(("cdr_general", "recordingfile"))
    done = miko.deletes_exactly_the_due(files=kept | {young})
    assert {r.dataset: r.deleted for r in done.results if r.deleted} == {"voicemail": 2, "calls": 1}
    for result in done.results:
        assert result.after is None or "MISSING_FILES" not in result.after.findings


def test_messages_that_wait_in_the_spool_go_too(miko: MikoPBX) -> None:
    _calls(miko, OLD)
    box = SpoolMaker(miko.root("voicemail"))
    for number, at in enumerate((OLD, YOUNG)):
        box.message(number, at, box="voicemailcontext/admin", extensions=(".wav",))
    miko.extra = f"asterisk: {{version: '22.10.1', config: {str(miko.folder)!r}}}"
    stem = "voicemail/voicemailcontext/admin/INBOX/msg0001"
    miko.deletes_exactly_the_due(files={f"{stem}.txt", f"{stem}.wav"})


# --- what else may lie there ---


def test_an_old_database_beside_the_present_one_is_a_source_of_its_own(miko: MikoPBX) -> None:
    _calls(miko, OLD, YOUNG)
    old = Path(miko.database).with_name("old-cdr.db")
    with sqlite3.connect(miko.database) as here, sqlite3.connect(old) as there:
        here.backup(there)
    miko.deletes_exactly_the_due()
    beside = MikoPBX(miko.connector, None, str(old), miko.folder, stays=miko.stays)
    beside.do("DROP TABLE cdr")
    del beside.stays["cdr"]
    beside.deletes_exactly_the_due()


@pytest.mark.parametrize(
    ("changes", "naming"),
    [
        (["ALTER TABLE cdr_general RENAME COLUMN linkedid TO linked_id"], ["calls", "linkedid"]),
        (["ALTER TABLE cdr RENAME COLUMN start TO began"], ["cdr", "start"]),
        (["CREATE TABLE cdr_2025 AS SELECT * FROM cdr_general"], ["cdr_2025", "cdr_general"]),
        (
            [
                "CREATE TABLE notes (id INTEGER, call INTEGER REFERENCES cdr_general (id)"
                " ON DELETE CASCADE)"
            ],
            ["notes", "cdr_general"],
        ),
        (
            [
                "CREATE TRIGGER kept AFTER DELETE ON cdr_general BEGIN"
                " INSERT INTO cdr (UNIQUEID, linkedid) VALUES (OLD.UNIQUEID, OLD.linkedid); END"
            ],
            ["kept", "cdr_general"],
        ),
    ],
    ids=["renamed", "renamed in cdr", "copied", "cascade", "trigger"],
)
def test_a_changed_database_is_refused(
    miko: MikoPBX, changes: list[str], naming: list[str]
) -> None:
    _calls(miko, OLD, YOUNG)
    refuses(miko, changes, naming=naming)
