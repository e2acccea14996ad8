"""Kamailio on its own tables: whole calls go, nothing that the proxy still needs.

The traps bear their numbers from the notes on the product (A1 to A7).
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support import sipproxy as sip
from support.drift import refuses
from support.live import writing
from support.servers import MariaDB, PostgreSQL, Server
from support.sipproxy import Call
from support.vendor import CUTOFF, OLD, PASSWORD, YOUNG, Scene, local, scene

from pbxretain import connector as shelves
from pbxretain.errors import Exit

DIALOG = (
    "hash_entry", "hash_id", "callid", "from_uri", "from_tag", "to_uri", "to_tag", "state",
    "start_time", "req_uri",
)  # fmt: skip


@pytest.fixture(params=["mariadb", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    server: Server = request.getfixturevalue(request.param)
    return _made(server, tmp_path)


@pytest.fixture
def proxy(mariadb: MariaDB, tmp_path: Path) -> Scene:
    return _made(mariadb, tmp_path)


def _made(server: Server, folder: Path) -> Scene:
    made = scene("kamailio", server, folder)
    made.load("version", ("table_name", "table_version"), [("acc", 5), ("missed_calls", 4)])
    made.stays["version"] = "1=1"
    return made


def _two(pbx: Scene) -> list[Call]:
    """One call that is due, one that is not, and a missed one of each kind."""
    minute = timedelta(minutes=1)
    found = [Call(1, OLD, OLD + minute), Call(2, YOUNG, YOUNG + minute)]
    found += [Call(3, OLD, None), Call(4, YOUNG, None)]
    sip.fill(pbx, found)
    return found


def _dialog_cdrs(pbx: Scene, found: list[Call]) -> None:
    rows = [(local(call.at), local(call.end), 9.5) for call in found if call.end]
    pbx.load("acc_cdrs", ("start_time", "end_time", "duration"), rows)
    pbx.stays["acc_cdrs"] = "start_time >= {local}"


def _offline(pbx: Scene, found: list[Call]) -> None:
    pbx.load("silo", sip.SILO, sip.offline(found))
    pbx.stays["silo"] = "inc_time >= {epoch}"


def test_kamailio_loses_what_is_due_and_nothing_else(proxy: Scene) -> None:
    found = sip.calls()
    sip.fill(proxy, found)
    assert sip.build_cdrs(proxy) > 10_000
    _dialog_cdrs(proxy, found)
    _offline(proxy, found[::50])
    proxy.load("sip_trace", sip.TRACE, sip.trace(found[::10]))
    proxy.stays["sip_trace"] = sip.stay("sip_trace", time="time_stamp", newest=False)
    left = sip.recordings(proxy, [call.at for call in found[::400]])
    done = proxy.deletes_exactly_the_due(files=left)
    deleted = {result.dataset: result.deleted for result in done.results}
    assert deleted["calls"] > 15_000
    assert all(
        deleted[name] > n
        for name, n in {"missed-calls": 1000, "cdrs": 8000, "dialog-cdrs": 8000, "traces": 1000,
                        "offline-messages": 100, "recordings": 40}.items()
    )  # fmt: skip


def test_kamailio_on_postgresql_loses_what_is_due_and_nothing_else(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    pbx, found = _made(postgresql, tmp_path), sip.calls()
    sip.fill(pbx, found)
    _dialog_cdrs(pbx, found)
    _offline(pbx, found[::50])
    done = pbx.deletes_exactly_the_due()
    assert {r.dataset: r.deleted for r in done.results}["calls"] > 15_000


# --- the traps ---


def test_a1_a_cutoff_between_invite_and_bye_halves_no_call(either: Scene) -> None:
    minute = timedelta(minutes=1)
    over = Call(5, CUTOFF - minute, CUTOFF + minute)
    found = [over, Call(6, CUTOFF - 3 * minute, CUTOFF - minute), Call(7, YOUNG, YOUNG + minute)]
    sip.fill(either, [*found, Call(8, YOUNG, None)])
    either.deletes_exactly_the_due()
    assert sip.count(either, "acc", f"callid = '{over.callid}'") == 2
    assert sip.count(either, "acc") == 4


def test_a2_no_builder_makes_a_due_cdr_anew_out_of_rows_without_one(proxy: Scene) -> None:
    found = sip.calls(500)
    sip.fill(proxy, found)
    sip.build_cdrs(proxy)
    proxy.do(f"UPDATE acc SET cdr_id = 0 WHERE time < '{local(CUTOFF)}'")
    proxy.do(f"DELETE FROM cdrs WHERE call_start_time < '{local(OLD)}'")
    done = proxy.deletes_exactly_the_due()
    order = [result.dataset for result in done.results]
    assert order.index("calls") < order.index("cdrs")
    sip.build_cdrs(
        proxy
    )  # of calls that reach over the cut-off it makes some, all within its last hour
    assert sip.count(proxy, "cdrs", "call_start_time < {local} - INTERVAL 1 HOUR") == 0


def test_a2_the_trap_is_real_where_cdrs_alone_are_deleted(proxy: Scene) -> None:
    sip.fill(proxy, sip.calls(500))
    assert sip.build_cdrs(proxy) > 300
    proxy.do("DELETE FROM cdrs")
    proxy.do("UPDATE acc SET cdr_id = 0")
    assert sip.build_cdrs(proxy) > 300


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
    proxy.stays |= {
        table: f"time = (SELECT MAX(time) FROM {table})" for table in ("acc", "missed_calls")
    }
    proxy.deletes_exactly_the_due()
    for table in ("acc", "missed_calls"):
        assert sip.count(proxy, table) == 1


def test_a5_no_table_is_altered_and_the_versions_stay_as_kamailio_expects_them(
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


# --- tables and columns that a site chooses ---


def test_tables_for_each_month_go_row_by_row_and_nobody_takes_the_cdrs_for_one(
    either: Scene,
) -> None:
    _two(either)
    _dialog_cdrs(either, [Call(1, OLD, OLD), Call(2, YOUNG, YOUNG)])
    like = "LIKE acc" if isinstance(either.server, MariaDB) else "(LIKE acc INCLUDING DEFAULTS)"
    for at in (OLD, YOUNG):
        for kind, rows in (("acc", sip.accounting), ("missed_calls", sip.missed)):
            table = f"{kind}_{local(at, '%Y%m')}"
            either.do(f"CREATE TABLE {table} {like}")
            end = at + timedelta(minutes=1) if kind == "acc" else None
            either.load(table, sip.ROW, rows([Call(9, at, end)]))
            either.stays[table] = sip.stay(table, newest=False)
    done = either.deletes_exactly_the_due()
    months = {r.dataset: r.deleted for r in done.results if "-by-month-" in r.dataset}
    assert sorted(months.values()) == [0, 0, 1, 2]


def test_a_table_of_another_name_is_named_in_settings(proxy: Scene, mariadb: MariaDB) -> None:
    _two(proxy)
    proxy.do("ALTER TABLE missed_calls RENAME TO missed")
    proxy.extra = "tables: {missed-calls: missed}"
    rights = proxy.connector.manifest.grants("mysql", proxy.tables())
    rights["missed"] = rights.pop("missed_calls")
    there = {table: rights[table] for table in (*proxy.tables(), "*") if table in rights}
    mariadb.create_user("pbxretain", password=PASSWORD, database=proxy.database, grants=there)
    done = proxy.run()
    assert ([str(error) for error in done.errors], done.exit_code) == ([], Exit.OK)
    assert proxy.do("SELECT callid FROM missed") == [(Call(4, YOUNG, None).callid,)]


def test_legs_with_columns_of_the_site_go_with_their_call(either: Scene) -> None:
    for column in ("src_leg", "dst_leg"):
        either.do(f"ALTER TABLE acc ADD COLUMN {column} varchar(64) NOT NULL DEFAULT ''")
    _two(either)
    for at, number in ((OLD, 1), (YOUNG, 2)):
        call = Call(number, at, at)
        legs = [(*sip.row(call, "INVITE", at), "+49301", f"+4940{leg}") for leg in range(3)]
        either.load("acc", (*sip.ROW, "src_leg", "dst_leg"), [*legs, legs[0]])
    done = either.deletes_exactly_the_due()
    assert {r.dataset: r.deleted for r in done.results}["calls"] == 6


def test_a_site_names_its_own_columns_in_a_manifest_of_its_own(proxy: Scene) -> None:
    for table in ("acc", "missed_calls", "acc_cdrs"):
        proxy.do(f"ALTER TABLE {table} ADD COLUMN leg varchar(9)")
    text = proxy.connector.text.replace(b"connector: kamailio", b"connector: our-proxy")
    text = text.replace(b"called-number: dst_ouser}", b"called-number: leg}")
    proxy.connector = shelves.parse(text, "our-proxy/connector.yaml", "test")
    _two(proxy)
    proxy.do("UPDATE acc SET leg = '411'")
    proxy.deletes_exactly_the_due()


@pytest.mark.parametrize("kept", [(), ("src_ip", "dst_ouser")], ids=["none", "some"])
def test_a_proxy_without_the_columns_of_the_sample_is_covered(
    either: Scene, kept: tuple[str, ...]
) -> None:
    _two(either)
    for table in ("acc", "missed_calls"):
        for column in sip.ROW[7:]:
            if column not in kept:
                either.do(f"ALTER TABLE {table} DROP COLUMN {column}")
    either.deletes_exactly_the_due()


def test_further_times_in_columns_of_the_site_change_nothing(either: Scene) -> None:
    young, old = int(YOUNG.timestamp()), int(OLD.timestamp())
    either.do(f"ALTER TABLE acc ADD COLUMN time_attr int NOT NULL DEFAULT {young}")
    either.do("ALTER TABLE acc ADD COLUMN time_exten int NOT NULL DEFAULT 250000")
    _two(either)
    either.do(f"UPDATE acc SET time_attr = {old} WHERE callid LIKE '2-%'")
    either.deletes_exactly_the_due()


def test_dialogs_that_go_on_are_never_touched_however_old(proxy: Scene) -> None:
    _two(proxy)
    rows = [
        (n, n, f"{n}", "sip:a", "f", "sip:b", "t", 4, int(at.timestamp()), "sip:b")
        for n, at in enumerate((OLD, YOUNG))
    ]
    proxy.load("dialog", DIALOG, rows)
    proxy.stays["dialog"] = "1=1"
    proxy.deletes_exactly_the_due()


@pytest.mark.parametrize("table", ["sip_trace", "silo"])
def test_a_module_with_a_database_of_its_own_is_a_source(proxy: Scene, table: str) -> None:
    for other in ("acc", "missed_calls", "acc_cdrs", "cdrs", "dialog", "sip_trace", "silo"):
        if other != table:
            proxy.do(f"DROP TABLE {other}")
    found: list[datetime] = [OLD, YOUNG]
    calls = [Call(n, at, at) for n, at in enumerate(found)]
    if table == "silo":
        _offline(proxy, calls)
    else:
        proxy.load("sip_trace", sip.TRACE, sip.trace(calls))
        proxy.stays["sip_trace"] = "time_stamp >= {local}"
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
