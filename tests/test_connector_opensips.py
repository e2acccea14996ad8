"""OpenSIPS on its own tables: whole calls with all their legs go, nothing that it still needs.

The traps bear their numbers from the notes on the product (A1 to A7).
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from support import sipproxy as sip
from support.drift import refuses
from support.live import writing
from support.servers import MariaDB, PostgreSQL, Server
from support.sipproxy import Call
from support.vendor import CUTOFF, OLD, YOUNG, Scene, local, scene

from pbxretain.errors import Exit

TRACE = (*sip.TRACE, "from_proto", "from_port", "to_proto", "to_port")
QUEUE = ("caller", "received_timestamp", "flow_id", "agent_id")
MINUTE = timedelta(minutes=1)


@pytest.fixture(params=["mariadb", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    server: Server = request.getfixturevalue(request.param)
    return _made(server, tmp_path)


@pytest.fixture
def proxy(mariadb: MariaDB, tmp_path: Path) -> Scene:
    return _made(mariadb, tmp_path)


def _made(server: Server, folder: Path) -> Scene:
    made = scene("opensips", server, folder)
    made.load("version", ("table_name", "table_version"), [("acc", 7), ("missed_calls", 5)])
    made.stays["version"] = "1=1"
    return made


def _two(pbx: Scene) -> None:
    """One call that is due, one that is not, and a missed one of each kind."""
    found = [Call(1, OLD, OLD + MINUTE), Call(2, YOUNG, YOUNG + MINUTE)]
    sip.fill(pbx, [*found, Call(3, OLD, None), Call(4, YOUNG, None)])


def _queue(pbx: Scene, found: list[Call]) -> None:
    rows = [(call.who[0], local(call.at), "sales", "agent-7") for call in found]
    pbx.load("cc_cdrs", QUEUE, rows)
    pbx.stays["cc_cdrs"] = "received_timestamp >= {local}"


def _cdr_rows(pbx: Scene, found: list[Call]) -> None:
    """CDR mode: one row for each call, with its length, and when it began to ring."""
    rows = [
        (*sip.row(call, "INVITE", call.at), int((call.end - call.at).total_seconds()), 7,
         local(call.at - timedelta(seconds=7)))
        for call in found
        if call.end
    ]  # fmt: skip
    pbx.load("acc", (*sip.ROW, "duration", "setuptime", "created"), rows)
    pbx.stays["acc"] = sip.stay("acc")


def test_opensips_loses_what_is_due_and_nothing_else(proxy: Scene) -> None:
    found = sip.calls()
    sip.fill(proxy, found)
    assert sip.build_cdrs(proxy) > 10_000
    proxy.load("sip_trace", TRACE, [(*r, "udp", 5060, "udp", 5060) for r in sip.trace(found[::10])])
    proxy.stays["sip_trace"] = sip.stay("sip_trace", time="time_stamp", newest=False)
    proxy.load("silo", sip.SILO, sip.offline(found[::50]))
    proxy.stays["silo"] = "inc_time >= {epoch}"
    _queue(proxy, found[::20])
    left = sip.recordings(proxy, [call.at for call in found[::400]])
    done = proxy.deletes_exactly_the_due(files=left)
    deleted = {result.dataset: result.deleted for result in done.results}
    assert deleted["calls"] > 15_000
    least = {"missed-calls": 1000, "cdrs": 8000, "traces": 1000, "queue-calls": 300,
             "offline-messages": 100, "recordings": 40}  # fmt: skip
    assert all(deleted[name] > n for name, n in least.items())


def test_opensips_on_postgresql_loses_what_is_due_and_nothing_else(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    pbx, found = _made(postgresql, tmp_path), sip.calls()
    sip.fill(pbx, found)
    done = pbx.deletes_exactly_the_due()
    assert {r.dataset: r.deleted for r in done.results}["calls"] > 15_000


# --- the traps ---


def test_a1_a_cutoff_between_invite_and_bye_halves_no_call(either: Scene) -> None:
    over = Call(5, CUTOFF - MINUTE, CUTOFF + MINUTE)
    found = [over, Call(6, CUTOFF - 3 * MINUTE, CUTOFF - MINUTE), Call(7, YOUNG, YOUNG + MINUTE)]
    sip.fill(either, [*found, Call(8, YOUNG, None)])
    either.deletes_exactly_the_due()
    assert sip.count(either, "acc", f"callid = '{over.callid}'") == 2
    assert sip.count(either, "acc") == 4


def test_a2_no_builder_makes_a_due_cdr_anew_out_of_rows_without_one(proxy: Scene) -> None:
    sip.fill(proxy, sip.calls(500))
    sip.build_cdrs(proxy)
    proxy.do(f"UPDATE acc SET cdr_id = 0 WHERE time < '{local(CUTOFF)}'")
    proxy.do(f"DELETE FROM cdrs WHERE call_start_time < '{local(OLD)}'")
    order = [result.dataset for result in proxy.deletes_exactly_the_due().results]
    assert order.index("calls") < order.index("cdrs")
    sip.build_cdrs(proxy)  # of calls over the cut-off it makes some, all within its last hour
    assert sip.count(proxy, "cdrs", "call_start_time < {local} - INTERVAL 1 HOUR") == 0


def test_a3_the_proxy_writes_on_while_a_run_walks_a_table_without_an_index_on_time(
    proxy: Scene, mariadb: MariaDB
) -> None:
    sip.fill(proxy, sip.calls(6000))
    proxy.grant()
    young = {table: proxy.rows(table, "time >= {local}") for table in ("acc", "missed_calls")}
    login = {"unix_socket": str(mariadb.socket), "user": "root", "database": proxy.database}
    with writing("proxy", proxy.folder / "stop", json.dumps(login)) as live:
        done = proxy.run()
    assert (done.outcome, done.exit_code) == ("complete", Exit.OK)
    assert (live.failed, live.slowest < 0.9) == (0, True), live.slowest
    assert sip.count(proxy, "acc", "callid LIKE 'live-%'") == 2 * live.written
    for table, rows in young.items():
        assert not rows - proxy.rows(table)
        assert sip.count(proxy, table, f"NOT ({sip.stay(table)})") == 0


def test_a4_the_highest_id_stays_so_that_no_restart_gives_it_again(proxy: Scene) -> None:
    sip.fill(proxy, [call for call in sip.calls(300) if call.at < OLD and call.number != 1])
    tables = ("acc", "missed_calls")
    proxy.stays |= {table: f"time = (SELECT MAX(time) FROM {table})" for table in tables}
    proxy.deletes_exactly_the_due()
    assert [sip.count(proxy, table) for table in tables] == [1, 1]


def test_a4_ids_that_began_anew_at_the_end_of_their_sequence_hide_nothing(either: Scene) -> None:
    found = sip.calls(400)
    sip.fill(either, found)
    for table in ("acc", "missed_calls"):
        half = f"(SELECT m FROM (SELECT MAX(id) / 2 AS m FROM {table}) x)"
        either.do(f"UPDATE {table} SET id = id + 2147000000 WHERE id <= {half}")
    either.deletes_exactly_the_due()


def test_a5_no_table_is_altered_and_the_versions_stay_as_opensips_expects_them(
    proxy: Scene,
) -> None:
    _two(proxy)
    before = {table: proxy.do(f"SHOW CREATE TABLE {table}") for table in proxy.tables()}
    proxy.deletes_exactly_the_due()
    assert {table: proxy.do(f"SHOW CREATE TABLE {table}") for table in proxy.tables()} == before


def test_a6_recordings_of_rtpengine_go_by_their_own_date(proxy: Scene) -> None:
    _two(proxy)
    left = sip.recordings(proxy, [OLD, CUTOFF - timedelta(seconds=1), CUTOFF, YOUNG])
    proxy.deletes_exactly_the_due(files=left)
    assert len(left) == 7


def test_a7_each_report_says_that_the_system_log_and_traces_in_files_stay(proxy: Scene) -> None:
    texts = {copy.code: copy.text["en"] for copy in proxy.connector.manifest.out_of_reach}
    assert "sipdump" in texts["logs"]


# --- CDRs, legs, the call center ---


def test_rows_that_are_whole_cdrs_go_by_the_time_of_the_call(either: Scene) -> None:
    second = timedelta(seconds=1)
    ats = (OLD, CUTOFF - second, CUTOFF, YOUNG)
    _cdr_rows(either, [Call(n, at, at + MINUTE) for n, at in enumerate(ats)])
    either.deletes_exactly_the_due()
    assert sip.count(either, "acc") == 2


def test_all_legs_of_a_call_go_with_it_in_columns_that_the_site_chose(either: Scene) -> None:
    for column in ("leg_src", "leg_dst"):
        either.do(f"ALTER TABLE acc ADD COLUMN {column} varchar(64) NOT NULL DEFAULT ''")
    _two(either)
    over = Call(9, CUTOFF - MINUTE, CUTOFF + MINUTE)
    for call in (Call(1, OLD, OLD), Call(2, YOUNG, YOUNG), over):
        legs = [(*sip.row(call, "INVITE", call.at), "+49301", f"+4940{leg}") for leg in range(3)]
        either.load("acc", (*sip.ROW, "leg_src", "leg_dst"), [*legs, legs[0]])
    late = (*sip.row(over, "BYE", CUTOFF + MINUTE), "+49301", "+49402")
    either.load("acc", (*sip.ROW, "leg_src", "leg_dst"), [late])
    done = either.deletes_exactly_the_due()
    assert {r.dataset: r.deleted for r in done.results}["calls"] == 6
    assert sip.count(either, "acc", f"callid = '{over.callid}'") == 5


def test_older_tables_in_myisam_lose_the_same(proxy: Scene) -> None:
    for table in ("acc", "missed_calls", "cdrs"):
        proxy.do(f"ALTER TABLE {table} ENGINE = MyISAM")
    sip.fill(proxy, sip.calls(1000))
    sip.build_cdrs(proxy)
    proxy.deletes_exactly_the_due()


def test_waiting_calls_and_dialogs_are_never_touched_however_old(proxy: Scene) -> None:
    _two(proxy)
    _queue(proxy, [Call(1, OLD, OLD), Call(2, YOUNG, YOUNG)])
    old = int(OLD.timestamp())
    columns = ("state", "recv_time", "caller_dn", "caller_un")
    proxy.load("cc_calls", columns, [(1, old, "Zoë", "+493023125001")])
    dialog = ("dlg_id", "callid", "from_uri", "from_tag", "to_uri", "to_tag", "state", "start_time")
    rows = [(1, "1-call@192.0.2.5", "sip:a", "f", "sip:b", "t", 4, old, 0)]
    proxy.load("dialog", (*dialog, "timeout"), rows)
    proxy.stays |= {"cc_calls": "1=1", "dialog": "1=1"}
    proxy.deletes_exactly_the_due()


@pytest.mark.parametrize(
    ("changes", "naming"),
    [
        (["ALTER TABLE acc RENAME COLUMN callid TO call_id"], ["acc", "callid"]),
        (["ALTER TABLE missed_calls RENAME COLUMN time TO at"], ["missed_calls", "time"]),
        (["CREATE TABLE old_acc AS SELECT * FROM acc"], ["old_acc", "acc"]),
        (["ALTER TABLE acc RENAME TO accounting"], ["accounting", "acc"]),
        (
            [
                "CREATE TABLE rated (id int, acc_id {id}, FOREIGN KEY (acc_id) REFERENCES acc (id)"
                " ON DELETE CASCADE)"
            ],
            ["rated", "acc"],
        ),
    ],
    ids=["renamed", "time renamed", "copied", "table renamed", "cascade"],
)
def test_a_changed_database_is_refused(
    either: Scene, changes: list[str], naming: list[str]
) -> None:
    _two(either)
    kind = "int unsigned" if isinstance(either.server, MariaDB) else "int"
    refuses(either, [change.replace("{id}", kind) for change in changes], naming=naming)
