"""LocaPhone on the tables of its base: nothing due stays, and no import brings it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support import asterisk_family as family
from support.asterisk_family import Leg
from support.drift import refuses
from support.servers import MariaDB
from support.vendor import CUTOFF, OLD, YOUNG, Scene, local, scene
from support.voicemail import SpoolMaker

from pbxretain.errors import Exit

CDR = ("_id", "calldate", "uniqueid", "clid", "src", "dst", "channel", "dstchannel", "duration")
BILL = (
    "start", "dur", "is_out", "ext", "remote", "tariff_zone", "units", "charge", "cur", "vat",
    "cdr_id",
)  # fmt: skip
QUEUE = ("queue_id", "timestamp", "event", "ast_call_id", "user_id", "caller")
LISTS = ("user_id", "type", "timestamp", "number", "remote_name")
INDEX = (
    "host_id", "mbox", "user_id", "orig_mbox", "folder", "file", "orig_time", "dur", "callerchan",
    "cidnum", "cidname",
)  # fmt: skip
DANGLING = (
    "SELECT COUNT(*) FROM itemized_bill b WHERE b.cdr_id IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM ast_cdr c WHERE c._id = b.cdr_id)"
)
NEWEST = "timestamp = (SELECT MAX(timestamp) FROM queue_log)"


@pytest.fixture
def locaphone(mariadb: MariaDB, tmp_path: Path) -> Scene:
    made = scene("locaphone", mariadb, tmp_path)
    made.do("INSERT INTO hosts (id, host) VALUES (1, '192.0.2.7')")
    made.do("INSERT INTO users (id) VALUES (23), (24)")
    made.stays |= {"hosts": "1=1", "users": "1=1"}
    made.dangling["bills"] = DANGLING
    return made


def _calls(pbx: Scene, legs: Sequence[Leg]) -> None:
    """Legs of a call share their uniqueid here: there is no linkedid."""
    rows = [
        (n, local(leg.at), leg.call, f'"Zoë" <{leg.src}>', leg.src, leg.dst, f"SIP/{leg.src}",
         f"SIP/{leg.dst}", 30)
        for n, leg in enumerate(legs, start=1)
    ]  # fmt: skip
    pbx.load("ast_cdr", CDR, rows)
    pbx.stays["ast_cdr"] = family.stay("ast_cdr", call="uniqueid")


def _bills(pbx: Scene, legs: Sequence[Leg], *, every: int) -> None:
    rows = [
        (local(leg.at), 30, 1, leg.dst, f"{n}", "CITY", 1, 0.03, "EUR", 19, n)
        for n, leg in enumerate(legs, start=1)
        if n % every == 0
    ]
    pbx.load("itemized_bill", BILL, rows)
    pbx.stays["itemized_bill"] = family.stay("", time="start", call=None)


def _queue(pbx: Scene, legs: Sequence[Leg]) -> None:
    rows = [(5, int(leg.at.timestamp()), "_ENTER", leg.uniqueid, None, leg.src) for leg in legs]
    pbx.load("queue_log", QUEUE, rows)
    pbx.stays["queue_log"] = (
        family.stay("queue_log", time="timestamp", call="ast_call_id", mark="{epoch}")
        + f" OR {NEWEST}"
    )


def _import(pbx: Scene) -> int:
    """What the product's job does each minute, in our words; returns how many rows it made."""
    ((newest,),) = pbx.do("SELECT COALESCE(MAX(timestamp), 0) FROM queue_log")
    rows = []
    for file in sorted(pbx.root("logs").glob("queue_log.*")):
        for line in file.read_text().splitlines():
            stamp, call, _, _, event, _, caller, _ = line.split("|")
            if int(stamp) >= newest:
                rows.append((5, int(stamp), event, call, None, caller))
    return pbx.load("queue_log", QUEUE, rows)


def _due_in_queue_log(pbx: Scene) -> int:
    ((count,),) = pbx.do(
        pbx.filled(f"SELECT COUNT(*) FROM queue_log WHERE timestamp < {{epoch}} AND NOT ({NEWEST})")
    )
    return int(count)


def test_locaphone_loses_what_is_due_and_nothing_else(locaphone: Scene) -> None:
    legs = family.legs(20_000, recorded=0)
    _calls(locaphone, legs)
    locaphone.load("ast_cdr", ("_id", "uniqueid", "src"), [(90_000, "undated", "411")])
    _bills(locaphone, [leg for leg in legs if abs(leg.at - CUTOFF) > timedelta(days=1)], every=9)
    locaphone.do("UPDATE itemized_bill b JOIN ast_cdr c ON c.calldate = b.start SET cdr_id = c._id")
    _queue(locaphone, legs[::4])
    lists = [
        (23 + n % 2, ("in", "out", "missed")[n % 3], int(leg.at.timestamp()), leg.src, "Zoë")
        for n, leg in enumerate(legs[::10])
    ]
    locaphone.load("dial_log", LISTS, lists)
    locaphone.stays["dial_log"] = "timestamp >= {epoch}"
    messages = [
        (1, "411", 23, "411", "INBOX", f"msg{n:04d}", int(leg.at.timestamp()), 9, "SIP/1", leg.src,
         "Zoë Müßiggang")
        for n, leg in enumerate(legs[::40])
    ]  # fmt: skip
    locaphone.load("vm_msgs", INDEX, messages)
    locaphone.stays["vm_msgs"] = "orig_time >= {epoch}"
    done = locaphone.deletes_exactly_the_due()
    deleted = {result.dataset: result.deleted for result in done.results}
    assert deleted["calls"] > 10_000
    assert all(deleted[name] > 100 for name in ("bills", "queue-log", "call-lists"))


def test_recordings_go_by_the_local_time_in_their_names(locaphone: Scene) -> None:
    _calls(locaphone, family.legs(20, recorded=0))
    left = {"recordings/announcement.wav"}
    locaphone.file("recordings", "announcement.wav", at=OLD)
    for at in (OLD, CUTOFF - timedelta(seconds=1), CUTOFF, YOUNG):
        stamp = local(at, "%Y%m%d%H%M%S")
        for name in (f"rec_in_{stamp}_03023125001-411.wav", f"rec_{stamp}_411-03023125-1.wav"):
            locaphone.file("recordings", name, at=OLD)
            if at >= CUTOFF:
                left.add(f"recordings/{name}")
    locaphone.deletes_exactly_the_due(files=left)


def test_the_import_job_brings_nothing_back(locaphone: Scene) -> None:
    legs = sorted(family.legs(2_000, recorded=0), key=lambda leg: leg.at)
    _calls(locaphone, legs)
    _queue(locaphone, legs)
    half = len(legs) // 2
    for name, part in (("queue_log.2", legs[:half]), ("queue_log.1", legs[half:])):
        locaphone.file("logs", name, family.queue_log(part), at=OLD)
    locaphone.deletes_exactly_the_due()
    assert _import(locaphone) == 1  # the newest line once more, as on every minute before
    assert _due_in_queue_log(locaphone) == 0


def _all_old(pbx: Scene) -> datetime:
    legs = [leg for leg in family.legs(300, recorded=0) if leg.at < OLD]
    _calls(pbx, legs)
    _queue(pbx, legs)
    pbx.file("logs", "queue_log.1", family.queue_log(legs), at=OLD)
    return max(leg.at for leg in legs)


def test_max_timestamp_survives_so_that_no_old_file_is_imported_again(locaphone: Scene) -> None:
    newest = int(_all_old(locaphone).timestamp())
    locaphone.grant()
    done = locaphone.run()
    assert (done.outcome, done.exit_code) == ("complete", Exit.OK)
    assert {at for (at,) in locaphone.do("SELECT timestamp FROM queue_log")} == {newest}
    assert _import(locaphone) == 0


def test_the_trap_is_real_in_a_table_that_somebody_emptied(locaphone: Scene) -> None:
    _all_old(locaphone)
    locaphone.do("DELETE FROM queue_log")
    assert _import(locaphone) > 100


def test_lines_in_files_go_before_the_rows_that_are_made_of_them(locaphone: Scene) -> None:
    _all_old(locaphone)
    locaphone.grant()
    order = [result.dataset for result in locaphone.run().results]
    assert order.index("queue-log-files") < order.index("queue-log")


def test_a_call_waits_for_a_bill_that_must_be_kept_longer(locaphone: Scene) -> None:
    legs = family.legs(500, recorded=0)
    _calls(locaphone, legs)
    _bills(locaphone, legs, every=5)
    locaphone.keep = dict.fromkeys(locaphone.connector.manifest.offered(), "90 days")
    locaphone.keep["x-itemised-bills"] = "8 years"
    billed = "_id IN (SELECT cdr_id FROM itemized_bill)"
    locaphone.stays["ast_cdr"] += f" OR {billed}"
    locaphone.stays["itemized_bill"] = "1=1"
    done = locaphone.deletes_exactly_the_due()
    (calls,) = [result for result in done.results if result.dataset == "calls"]
    assert calls.after is not None
    assert calls.after.kept_for_part > 20


def test_voicemail_goes_before_its_index(locaphone: Scene) -> None:
    _calls(locaphone, family.legs(20, recorded=0))
    box = SpoolMaker(locaphone.root("voicemail"))
    for n, at in enumerate((OLD, YOUNG)):
        box.message(n, at, extensions=(".alaw",))
        row = (1, "411", 23, "411", "INBOX", f"msg{n:04d}", int(at.timestamp()), 9, "SIP/1", "", "")
        locaphone.load("vm_msgs", INDEX, [row])
    locaphone.stays["vm_msgs"] = "orig_time >= {epoch}"
    locaphone.extra = f"asterisk: {{version: '22.10.1', config: {str(locaphone.folder)!r}}}"
    stem = "voicemail/default/411/INBOX/msg0001"
    done = locaphone.deletes_exactly_the_due(files={f"{stem}.txt", f"{stem}.alaw"})
    order = [result.dataset for result in done.results]
    assert order.index("voicemail") < order.index("voicemail-index")


@pytest.mark.parametrize(
    ("changes", "naming"),
    [
        (["ALTER TABLE ast_cdr RENAME COLUMN calldate TO started"], ["ast_cdr", "calldate"]),
        (["CREATE TABLE ast_cdr_old LIKE ast_cdr"], ["ast_cdr_old", "ast_cdr"]),
        (
            [
                "CREATE TABLE vm_tags (id INT, msg INT UNSIGNED, FOREIGN KEY (msg)"
                " REFERENCES vm_msgs (id) ON DELETE CASCADE)"
            ],
            ["vm_tags", "vm_msgs"],
        ),
    ],
    ids=["renamed", "copied", "cascade"],
)
def test_a_changed_database_is_refused(
    locaphone: Scene, changes: list[str], naming: list[str]
) -> None:
    _calls(locaphone, family.legs(50, recorded=0))
    refuses(locaphone, changes, naming=naming)
