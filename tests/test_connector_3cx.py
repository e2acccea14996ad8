"""3CX: whole calls go from every copy, nobody else's party row, recording or message does.

On the tables of ``connectors/3cx/schema.sql`` in PostgreSQL with all foreign keys in place. What
must stay is said by SQL of the tests alone; each trap that is known of 3CX has a test.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.servers import PostgreSQL
from support.threecx import (
    YOUNG_LEGS,
    Filler,
    Pbx,
    after,
    build,
    classes,
    downgrade,
    result,
    utc,
)
from support.vendor import CUTOFF, OLD, YOUNG, spread

from pbxretain import connector as shelves
from pbxretain import execute, purgers, sources
from pbxretain.errors import DriftError, Exit

CALLS = 10_000
"""In each of the two call logs."""


@pytest.fixture
def pbx(postgresql: PostgreSQL, tmp_path: Path) -> Pbx:
    return build(postgresql, tmp_path)


@pytest.fixture
def fill(pbx: Pbx) -> Filler:
    return Filler(pbx)


# --- the whole of it ---


def _fill_much(fill: Filler, *, calls: int = CALLS) -> set[str]:
    """So many calls in each log and a few of all else; returns the files that must be left."""
    for at in spread(calls):
        history = fill.id() if fill.v20 and fill.dice.random() < 0.2 else None
        fill.old_call(at, legs=fill.dice.choice((2, 2, 3)), history=history)
        if history:
            fill.old_call(at + timedelta(minutes=9), history=history)
    if fill.v20:
        fill.add("chat_conversation", id=1, public_name="sales", party="411:412")
        for at in spread(calls, seed=2):
            fill.call(at, legs=fill.dice.choice((1, 1, 2, 4)), chained=fill.dice.random() < 0.3)
    for at in spread(1_000, seed=3):
        fill.copies(at)
    left = set()
    for at in spread(200, seed=4):
        path = fill.recording(at)
        left |= {f"recordings/{path}"} if at >= CUTOFF else set()
        if fill.v20:
            heard = fill.dice.choice(("1", "1", "1", "0", "", None))
            path = fill.voicemail(at, heard=heard)
            left |= {f"voicemail/{path}"} if at >= CUTOFF or heard != "1" else set()
    fill.load()
    return left


def test_of_more_than_20_000_calls_in_both_logs_all_that_is_due_goes_from_every_copy(
    pbx: Pbx,
) -> None:
    left = _fill_much(Filler(pbx, whole=True))
    done = pbx.deletes_exactly_the_due(files=left)
    assert {r.dataset for r in done.results if r.deleted} >= {
        "recording-files", "recording-rows", "voicemail-files", "voicemail-rows", "calls-v18",
        "calls", "own-history", "legacy-calls", "queue-attempts", "queue-calls", "quality", "chat",
        "audit",
    }  # fmt: skip


def test_a_v18_host_lacks_the_v20_tables_and_columns_and_loses_all_that_is_due(
    pbx: Pbx,
) -> None:
    downgrade(pbx)
    young = "SELECT id FROM cl_calls WHERE end_time >= {cutoff}"
    pbx.stays |= {"cl_calls": f"id IN ({young})"}
    pbx.stays |= dict.fromkeys(("cl_segments", "cl_participants"), f"call_id IN ({young})")
    pbx.stays["cl_party_info"] = (
        f"id IN (SELECT info_id FROM cl_participants WHERE call_id IN ({young}))"
    )
    left = _fill_much(Filler(pbx, v20=False, whole=True), calls=4_000)
    pbx.deletes_exactly_the_due(files=left)


# --- traps of the log of v16 and v18 ---


def test_swapped_cl_participants_and_cl_party_info_refuse(pbx: Pbx, fill: Filler) -> None:
    """A widely found document describes each as the other; so would a manifest after it."""
    fill.old_call(OLD)
    fill.load()
    text = pbx.connector.text.decode()
    for old, new in (("participants", "#"), ("party_info", "participants"), ("#", "party_info")):
        text = text.replace(f"cl_{old}", f"cl_{new}")
    pbx.connector = shelves.parse(text.encode(), "3cx", "shipped")
    _refuses(pbx, "foreign key", "cl_participants")


def test_a_host_with_both_swapped_refuses(pbx: Pbx, fill: Filler) -> None:
    fill.old_call(OLD)
    fill.load()
    pbx.do("ALTER TABLE cl_participants RENAME TO aside")
    pbx.do("ALTER TABLE cl_party_info RENAME TO cl_participants")
    pbx.do("ALTER TABLE aside RENAME TO cl_party_info")
    _refuses(pbx, "cl_party_info")


def test_a_party_row_shared_by_a_young_call_stays(pbx: Pbx, fill: Filler) -> None:
    shared = fill.party()
    for _ in range(3):
        fill.old_call(OLD, parties=(None, shared))
    fill.old_call(YOUNG, parties=(None, shared))
    fill.load()
    done = pbx.deletes_exactly_the_due()
    assert result(done, "calls-v18").swept == {"cl_party_info": 3}


def test_a_call_of_which_another_part_is_young_stays_whole(pbx: Pbx, fill: Filler) -> None:
    history = fill.id()
    fill.old_call(CUTOFF - timedelta(minutes=5))
    fill.old_call(CUTOFF - timedelta(minutes=5), history=history)
    fill.old_call(CUTOFF + timedelta(minutes=5), history=history)
    fill.load()
    pbx.deletes_exactly_the_due()
    assert pbx.do("SELECT COUNT(*) FROM cl_calls") == [(2,)]


def test_times_of_the_legacy_log_are_read_as_utc(pbx: Pbx, fill: Filler) -> None:
    fill.legacy_call(CUTOFF - timedelta(minutes=1))
    fill.legacy_call(CUTOFF + timedelta(minutes=1))
    fill.load()
    pbx.deletes_exactly_the_due()


# --- traps of the log of v20 ---


def test_call_chains_share_main_call_history_id_and_go_whole(pbx: Pbx, fill: Filler) -> None:
    hour = timedelta(hours=1)
    fill.call(CUTOFF - 3 * hour, legs=4, step=hour, chained=True)
    fill.call(CUTOFF - 2 * hour, legs=4, step=hour, chained=True)
    fill.call(CUTOFF - 4 * hour, legs=4, step=hour, chained=True)
    fill.load()
    done = pbx.deletes_exactly_the_due()
    assert pbx.do("SELECT COUNT(*) FROM cdroutput") == [(8,)]
    assert after(done, "calls").straddling == 5


def test_an_unprocessed_leg_keeps_its_call(pbx: Pbx, fill: Filler) -> None:
    fill.call(OLD, legs=3, processed=False)
    fill.call(OLD, legs=3, processed=None, chained=True)
    fill.call(OLD, legs=2, processed=False, cdr_ended_at=None)
    fill.call(OLD, legs=3)
    fill.load()
    pbx.deletes_exactly_the_due()
    assert pbx.do("SELECT COUNT(*) FROM cdroutput") == [(8,)]


def test_a_call_without_a_main_id_goes_by_its_own(pbx: Pbx, fill: Filler) -> None:
    fill.call(OLD, legs=2, main_call_history_id=None)
    fill.call(CUTOFF - timedelta(minutes=1), legs=2)
    fill.load()
    pbx.do("UPDATE cdroutput SET main_call_history_id = NULL")
    pbx.deletes_exactly_the_due()
    assert pbx.do("SELECT COUNT(*) FROM cdroutput") == [(2,)]


CDRRECORDINGS = {
    "with addresses": "(cdr_id uuid, cdr_participant_id uuid, recording_url varchar)",
    "with numbers": "(cdr_id uuid, recording_id integer)",
}


@pytest.mark.parametrize("columns", CDRRECORDINGS)
def test_cdrrecordings_may_be_a_table_and_then_goes_with_its_leg(
    pbx: Pbx, fill: Filler, columns: str
) -> None:
    (old,), (young,) = fill.call(OLD), fill.call(YOUNG)
    fill.load()
    pbx.do("DROP VIEW IF EXISTS cdrrecordings")
    pbx.do(f"CREATE TABLE cdrrecordings {CDRRECORDINGS[columns]}")
    pbx.load("cdrrecordings", ["cdr_id"], [(old,), (young,)])
    pbx.stays["cdrrecordings"] = f"cdr_id IN ({YOUNG_LEGS})"
    pbx.deletes_exactly_the_due()


def test_a_view_where_the_call_log_should_be_refuses(pbx: Pbx, fill: Filler) -> None:
    fill.call(OLD)
    fill.load()
    pbx.do("ALTER TABLE cdroutput RENAME TO cdr_base")
    pbx.do("DROP VIEW IF EXISTS cdrrecordings")
    pbx.do("CREATE VIEW cdroutput AS SELECT * FROM cdr_base")
    _refuses(pbx, "cdroutput", "cdr_base")


# --- the further copies ---


def test_the_audit_log_is_a_class_of_its_own(pbx: Pbx, fill: Filler) -> None:
    fill.add("audit_log", id=1, time_stamp=utc(OLD), user_name="admin")
    fill.call(OLD)
    fill.load()
    pbx.keep = dict(classes(pbx, audit_logs="1 year"))
    pbx.stays["audit_log"] = "1=1"
    pbx.deletes_exactly_the_due()


def test_a_conversation_stays_when_its_messages_go(pbx: Pbx, fill: Filler) -> None:
    fill.add("chat_conversation", id=1, public_name="sales", party="411:412")
    for number, at in enumerate((OLD, YOUNG)):
        fill.add("chat_message", id_message=number, fkid_chat_conversation=1, time_sent=utc(at))
    fill.load()
    pbx.deletes_exactly_the_due()


def test_an_owners_entry_stands_alone_though_call_numbers_repeat(pbx: Pbx, fill: Filler) -> None:
    for number, at in enumerate((OLD, YOUNG)):
        fill.add("myphone_callhistory_v14", idmpch14=number, call_id=7, end_time=utc(at))
    fill.load()
    pbx.deletes_exactly_the_due()


def test_recording_participant_is_left_and_every_report_says_so(pbx: Pbx, fill: Filler) -> None:
    """Nobody showed its columns."""
    fill.recording(OLD, file=False)
    fill.load()
    pbx.do("CREATE TABLE recording_participant (id integer PRIMARY KEY, recording integer)")
    pbx.do("INSERT INTO recording_participant VALUES (1, 1)")
    pbx.stays["recording_participant"] = "1=1"
    pbx.deletes_exactly_the_due()
    codes = {left.code for left in pbx.connector.manifest.out_of_reach}
    assert {"recording-participants", "backups", "data-connector", "archive"} <= codes


# --- drift ---

DRIFTS = {
    "a new foreign key with cascade onto the call log of v20": (
        "CREATE TABLE cdrnotes (id integer, leg uuid REFERENCES cdroutput ON DELETE CASCADE)",
        "cdrnotes",
    ),
    "a new foreign key with cascade onto the call log of v18": (
        "CREATE TABLE cl_notes (id integer, call integer REFERENCES cl_calls ON DELETE CASCADE)",
        "cl_notes",
    ),
    "a new foreign key onto legs": (
        "ALTER TABLE recordings ADD FOREIGN KEY (cl_participants_id) REFERENCES cl_participants",
        "recordings",
    ),
    "a new foreign key onto party rows": (
        "CREATE TABLE contact (id integer, info integer REFERENCES cl_party_info)",
        "contact",
    ),
    "recording_participant tied to recordings": (
        "CREATE TABLE recording_participant (id integer, r integer REFERENCES recordings)",
        "recording_participant",
    ),
    "a renamed column of a chain": (
        "ALTER TABLE cdroutput RENAME COLUMN main_call_history_id TO chain_id",
        "main_call_history_id",
    ),
    "a renamed mark of processed legs": (
        "ALTER TABLE cdroutput RENAME COLUMN processed TO is_processed",
        "processed",
    ),
    "a renamed end of calls": ("ALTER TABLE cl_calls RENAME COLUMN end_time TO ended", "end_time"),
    "a renamed link to the call": (
        "ALTER TABLE cl_segments RENAME COLUMN call_id TO callid",
        "call_id",
    ),
    "a renamed link to the party": (
        "ALTER TABLE cl_participants RENAME COLUMN info_id TO party_id",
        "info_id",
    ),
    "a renamed link to the recording": (
        "ALTER TABLE recordings RENAME COLUMN recording_url TO file_url",
        "recording_url",
    ),
    "a renamed mark of heard messages": (
        "ALTER TABLE s_voicemail RENAME COLUMN heard TO seen",
        "heard",
    ),
    "a new copy of the call log": (
        "CREATE TABLE cdroutput_2024 AS TABLE cdroutput",
        "cdroutput_2024",
    ),
    "a new copy of the own history": (
        "CREATE TABLE myphone_callhistory_v20 AS TABLE myphone_callhistory_v14",
        "myphone_callhistory_v20",
    ),
    "staging tables of the data connector in the same database": (
        "CREATE TABLE temptable_pbx_cdroutput AS TABLE cdroutput",
        "temptable_pbx_cdroutput",
    ),
    "an unknown trigger": (
        "CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
        "CREATE TRIGGER tells AFTER DELETE ON s_voicemail FOR EACH ROW EXECUTE FUNCTION told()",
        "tells",
    ),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_drift_refuses_and_names_it(pbx: Pbx, fill: Filler, drift: str) -> None:
    fill.old_call(OLD)
    fill.call(OLD)
    fill.recording(OLD, file=False)
    fill.voicemail(OLD, file=False)
    fill.copies(OLD)
    fill.add("chat_conversation", id=1)
    fill.load()
    *statements, name = DRIFTS[drift]
    for statement in statements:
        pbx.do(statement)
    _refuses(pbx, name)


def _refuses(pbx: Pbx, *names: str) -> None:
    """The source doesn't open, names what it saw, and nothing is deleted."""
    pbx.grant()
    before = {table: pbx.rows(table) for table in pbx.tables()}
    done = pbx.run()
    assert done.exit_code == Exit.REFUSED
    assert isinstance(done.errors[0], DriftError)
    assert all(name in str(done.errors[0]) for name in names), done.errors[0]
    assert before == {table: pbx.rows(table) for table in pbx.tables()}


def test_it_deletes_only_where_settings_accept_that_it_was_never_tried(
    pbx: Pbx, fill: Filler
) -> None:
    fill.call(OLD)
    fill.load()
    pbx.grant()
    terms = pbx.terms()
    plain = terms.source.model_copy(update={"accept_untried": None})
    done = execute.run(replace(terms, source=plain), pbx.site(), now=datetime.now(UTC))
    assert done.exit_code == Exit.REFUSED
    assert [error.code for error in done.errors] == ["UNTRIED_CONNECTOR"]
    assert pbx.do("SELECT COUNT(*) FROM cdroutput") == [(1,)]


# --- 3CX's own deletion -------------------------------------------------------------------------


def test_check_tells_where_3cx_deletes_before_the_policy_does(pbx: Pbx) -> None:
    def told() -> list[tuple[str, str]]:
        terms = pbx.terms()
        with sources.opened(
            terms.source, terms.connector, name="office", installation="x", exclusive=False
        ) as opened:
            return [(found.code, found.text) for found in purgers.own_purges(terms, opened)]

    pbx.grant()
    assert told() == []
    pbx.do(
        "CREATE TABLE parameter (idparameter serial PRIMARY KEY, name varchar(250),"
        " value varchar(1000), description text, parametertype integer)"
    )
    pbx.load(
        "parameter",
        ["name", "value"],
        [("DELETE_RECS_OLDER_THEN", "30"), ("DELETE_VM_OLDER_THEN", "365"), ("X", "1")],
    )
    pbx.grant()
    assert [code for code, _ in told()] == ["OWN_PURGE_UNSEEN"]
    pbx.grant(seeing=["parameter"])
    assert told() == [
        (
            "OWN_PURGE_EARLIER",
            "The product itself deletes call-recordings after 30 days, before the policy does"
            " (90 days): those go without evidence.",
        )
    ]
    pbx.do("UPDATE parameter SET value = '0'")
    assert told() == []
