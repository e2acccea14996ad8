"""NethVoice on its installer's tables: no copy and no nightly report keeps what is due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from support import asterisk_family as family
from support.asterisk_family import CDR_COLUMNS, CEL_COLUMNS, Leg, cdr_row, cel_rows
from support.drift import refuses
from support.servers import MariaDB
from support.vendor import CUTOFF, OLD, YOUNG, Scene, local, scene

from pbxretain.errors import Exit

QUEUE = ("id", "time", "callid", "queuename", "agent", "event", "data1", "data2", "data3")
REPORT = ("id", "timestamp_out", "timestamp_in", "qname", "action", "agent", "cid", "qdescr")
AGENTS = ("id", "timestamp_out", "timestamp_in", "qname", "action", "agent", "qdescr")
CALLERS = ("id", "timestamp_out", "timestamp_in", "qname", "cid", "action", "qdescr")
SESSIONS = ("qname", "agent", "action", "timestamp_in", "reason", "timestamp_out", "qdescr")
FAILED = ("cid", "name", "company", "action", "time", "direction", "qname", "event")
EPOCH = {"mark": "{epoch}"}
NEWEST = "timestamp_out = (SELECT MAX(timestamp_out) FROM report_queue)"

BACKWARDS = """
INSERT INTO report_queue (id, timestamp_out, timestamp_in, qname, action, agent, cid, qdescr)
SELECT id, UNIX_TIMESTAMP(time), callid, queuename, 'ANSWER', agent, NULL, '800'
FROM queue_log_history
WHERE event = 'COMPLETEAGENT' AND UNIX_TIMESTAMP(time) <
  (SELECT MIN(timestamp_out) FROM report_queue)
"""
"""What the nightly job does for history that is older than the oldest report, in our words."""


@pytest.fixture
def nethvoice(mariadb: MariaDB, tmp_path: Path) -> Scene:
    return scene("nethvoice", mariadb, tmp_path)


def _queue_rows(legs: Sequence[Leg]) -> Iterator[tuple[object, ...]]:
    for n, leg in enumerate(legs):
        done = leg.at + timedelta(seconds=40)
        enter = ("800", "NONE", "ENTERQUEUE", "", leg.src, "1")
        yield 2 * n + 1, local(leg.at, "%Y-%m-%d %H:%M:%S.250000"), leg.uniqueid, *enter
        end = ("800", "Zoë Müßiggang", "COMPLETEAGENT", "12", "30", "1")
        yield 2 * n + 2, local(done, "%Y-%m-%d %H:%M:%S.250000"), leg.uniqueid, *end


def _reports(pbx: Scene, legs: Sequence[Leg]) -> None:
    stamps = [(2 * n + 2, int(leg.at.timestamp()), leg) for n, leg in enumerate(legs)]
    answered = ("800", "ANSWER", "Zoë Müßiggang")
    pbx.load(
        "report_queue",
        REPORT,
        [(n, at, leg.uniqueid, *answered, leg.src, "800") for n, at, leg in stamps],
    )
    pbx.load(
        "report_queue_agents",
        AGENTS,
        [(n, at, leg.uniqueid, *answered, "800") for n, at, leg in stamps],
    )
    pbx.load(
        "report_queue_callers",
        CALLERS,
        [(n - 1, at, leg.uniqueid, "800", leg.src, "ENTERQUEUE", "800") for n, at, leg in stamps],
    )
    few = stamps[::20]
    pbx.load(
        "agentsessions",
        SESSIONS,
        [("800", "Zoë Müßiggang", "pause", at, "lunch", at + 60, "800") for _, at, _ in few],
    )
    pbx.load(
        "queue_failed",
        FAILED,
        [(leg.src, "Zoë", "", "TIMEOUT", at, "IN", "800", "ABANDON") for _, at, leg in few],
    )


def _queues(pbx: Scene, legs: Sequence[Leg]) -> None:
    """The queue log of some calls: today's still in queue_log, all else moved and reported."""
    rows = list(_queue_rows(legs))
    pbx.load("queue_log_history", QUEUE, rows[: -len(rows) // 10])
    pbx.load("queue_log", QUEUE, [*rows[:4], *rows[-len(rows) // 10 :]])
    _reports(pbx, legs)
    pbx.load(
        "queue_log_processed",
        ("origid", "callid", "queuename", "agentdev", "data1", "data2", "data3", "datetime"),
        [(n, leg.uniqueid, "800", "411", "1", "2", "3", local(leg.at))
         for n, leg in enumerate(legs[::10])],
    )  # fmt: skip
    text = {"time": "time", "call": "callid"}
    one = {"time": "timestamp_out", "call": "timestamp_in", **EPOCH}
    pbx.stays |= {
        "queue_log": family.stay("queue_log", **text),
        "queue_log_history": family.stay("queue_log_history", **text),
        "queue_log_processed": family.stay("queue_log_processed", time="datetime", call="callid"),
        "report_queue": family.stay("report_queue", **one) + f" OR {NEWEST}",
        "report_queue_agents": family.stay("report_queue_agents", **one),
        "report_queue_callers": family.stay("report_queue_callers", **one),
        "agentsessions": family.stay("", time="timestamp_in", call=None, **EPOCH),
        "queue_failed": family.stay("", time="time", call=None, **EPOCH),
    }


def _calls(pbx: Scene, legs: Sequence[Leg]) -> None:
    pbx.load("cdr", CDR_COLUMNS, [cdr_row(leg) for leg in legs])
    pbx.stays["cdr"] = family.stay("cdr")


def _copies(pbx: Scene, table: str, legs: Sequence[Leg]) -> None:
    """``legs`` must hold whole calls only."""
    pbx.load(table, CDR_COLUMNS, [cdr_row(leg) for leg in legs])
    pbx.stays[table] = family.stay(table)


def _menus(pbx: Scene, legs: Sequence[Leg]) -> None:
    rows = [
        (leg.uniqueid, int(leg.at.timestamp()), "Zoë", leg.src, "ivr-1", "main", "3")
        for leg in legs
    ]
    columns = ("uniqueid", "timestamp_in", "cid_name", "cid_num", "ivr_id", "ivr_name", "choice")
    pbx.load("ivr_choice", columns, rows)
    pbx.stays["ivr_choice"] = family.stay(
        "ivr_choice", time="CAST(timestamp_in AS UNSIGNED)", call="uniqueid", **EPOCH
    )


def test_nethvoice_loses_what_is_due_in_every_copy_and_nothing_else(nethvoice: Scene) -> None:
    legs = family.legs(20_000)
    _calls(nethvoice, legs)
    nethvoice.load("cdr", ("uniqueid", "src"), [("undated", "+493023125001")])
    nethvoice.load("cel", CEL_COLUMNS, [row for leg in legs for row in cel_rows(leg)])
    nethvoice.stays["cel"] = family.stay("cel", time="eventtime")
    _copies(nethvoice, "daily_cdr", [leg for leg in legs if int(leg.call.split(".")[1]) % 5 == 0])
    _copies(nethvoice, "tmp_cdr", [leg for leg in legs if leg.at >= YOUNG])
    some = [leg for leg in legs if leg.sequence % 40 == 0]
    _menus(nethvoice, some)
    _queues(nethvoice, some)
    nethvoice.load(
        "call_status",
        ("callId", "callerId", "status", "timestamp", "queue", "agent"),
        [(leg.uniqueid, leg.src, "done", f"{leg.at.astimezone(UTC):%F %T}", "800", "411")
         for leg in {leg.uniqueid: leg for leg in some}.values()],
    )  # fmt: skip
    nethvoice.stays["call_status"] = "timestamp >= {cutoff}"
    left = family.write_recordings(nethvoice, legs)
    done = nethvoice.deletes_exactly_the_due(files=left)
    deleted = {result.dataset: result.deleted for result in done.results}
    assert all(deleted[name] for name in ("events", "menu-choices", "queue-failed"))
    assert deleted["calls"] > 10_000


def test_a_daily_copy_that_was_never_cleaned_after_a_migration_is_emptied_of_what_is_due(
    nethvoice: Scene,
) -> None:
    legs = family.legs(3_000, recorded=0)
    _calls(nethvoice, [leg for leg in legs if leg.at >= CUTOFF])
    _copies(nethvoice, "daily_cdr", legs)
    done = nethvoice.deletes_exactly_the_due()
    deleted = {result.dataset: result.deleted for result in done.results}
    assert deleted["calls-daily-cdr"] > 1_000


def test_a_copy_in_utc_by_a_leaked_usegmtime_is_read_by_the_epoch_in_its_id(
    nethvoice: Scene,
) -> None:
    young = CUTOFF + timedelta(minutes=20)  # in UTC its wall clock shows the day before
    columns, rows = ("calldate", *CDR_COLUMNS[1:]), []
    for n, at in enumerate((OLD, young)):
        leg = Leg(at, f"{int(at.timestamp())}.{n}", "", "+493023125001", "411", n)
        nethvoice.load("cdr", CDR_COLUMNS, [cdr_row(leg)])
        rows.append((f"{at.astimezone(UTC):%F %T}", *cdr_row(leg)[1:]))
    nethvoice.load("daily_cdr", columns, rows)
    epoch = "CAST(uniqueid AS UNSIGNED) >= {epoch}"
    nethvoice.stays |= {"cdr": epoch, "daily_cdr": epoch}
    nethvoice.deletes_exactly_the_due()


def test_the_nightly_job_makes_no_report_of_a_deleted_call_again(nethvoice: Scene) -> None:
    legs = family.legs(1_000, recorded=0)
    _calls(nethvoice, legs)
    _queues(nethvoice, legs)
    nethvoice.do("DELETE FROM report_queue WHERE timestamp_out < UNIX_TIMESTAMP() - 40 * 86400")
    nethvoice.deletes_exactly_the_due()
    nethvoice.do(BACKWARDS)
    ((due, all_rows),) = nethvoice.do(
        nethvoice.filled("SELECT SUM(timestamp_out < {epoch}), COUNT(*) FROM report_queue")
    )
    assert all_rows > 300
    assert due == 0
    assert nethvoice.run().outcome == "nothing-due"


def test_history_goes_before_the_reports_that_are_made_of_it(nethvoice: Scene) -> None:
    legs = family.legs(100, recorded=0)
    _calls(nethvoice, legs)
    _queues(nethvoice, legs)
    done = nethvoice.deletes_exactly_the_due()
    order = [result.dataset for result in done.results]
    made = ("queue-report", "queue-report-agents", "queue-report-callers", "agent-sessions")
    assert order.index("queue-log-table") < order.index("queue-history")
    assert all(order.index("queue-history") < order.index(name) for name in made)


def test_the_newest_report_stays_so_that_last_week_is_not_made_twice(nethvoice: Scene) -> None:
    legs = [leg for leg in family.legs(200, recorded=0) if leg.at < OLD]
    _calls(nethvoice, legs)
    _reports(nethvoice, legs)
    nethvoice.grant()
    assert nethvoice.run().exit_code == Exit.OK
    newest = int(max(leg.at for leg in legs).timestamp())
    assert {at for (at,) in nethvoice.do("SELECT timestamp_out FROM report_queue")} == {newest}
    assert nethvoice.do("SELECT COUNT(*) FROM report_queue_agents") == [(0,)]


@pytest.mark.parametrize(
    ("changes", "naming"),
    [
        (["ALTER TABLE queue_log_history RENAME COLUMN callid TO call_id"],
         ["queue_log_history", "callid"]),
        (["CREATE TABLE monthly_cdr LIKE daily_cdr"], ["monthly_cdr", "cdr"]),
        (["CREATE TABLE queue_log_2025 LIKE queue_log"], ["queue_log_2025", "queue_log"]),
        (["CREATE TRIGGER keep AFTER DELETE ON cdr FOR EACH ROW SET @kept = OLD.src"],
         ["keep", "cdr"]),
    ],
    ids=["renamed", "copied", "queue-copied", "trigger"],
)  # fmt: skip
def test_a_changed_database_is_refused(
    nethvoice: Scene, changes: list[str], naming: list[str]
) -> None:
    _calls(nethvoice, family.legs(50, recorded=0))
    refuses(nethvoice, changes, naming=naming)
