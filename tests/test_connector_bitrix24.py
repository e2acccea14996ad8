"""Bitrix24 on its module's tables: calls go with every copy of their text, or wait as a whole."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from support import asterisk_family as family
from support.drift import refuses
from support.servers import MariaDB
from support.vendor import CUTOFF, OLD, Scene, local, scene

from pbxretain.errors import Exit

STATISTIC = "b_voximplant_statistic"
COLUMNS = (
    "ID", "PORTAL_USER_ID", "PHONE_NUMBER", "CALL_ID", "CALL_START_DATE", "CALL_RECORD_ID",
    "CALL_WEBDAV_ID", "CALL_RECORD_URL", "TRANSCRIPT_ID", "COMMENT",
)  # fmt: skip
STAYS = (
    "CALL_START_DATE >= {local} OR CALL_ID IN (SELECT CALL_ID FROM b_voximplant_statistic"
    " WHERE CALL_START_DATE >= {local} OR CALL_RECORD_ID > 0 OR CALL_WEBDAV_ID > 0)"
)
STAYING = f"SELECT ID FROM b_voximplant_statistic WHERE {STAYS}"
TRANSCRIPT_STAYS = (
    f"CALL_ID IN (SELECT CALL_ID FROM b_voximplant_statistic WHERE {STAYS})"
    f" OR ID IN (SELECT TRANSCRIPT_ID FROM b_voximplant_statistic WHERE ID IN ({STAYING}))"
    " OR (CALL_ID NOT IN (SELECT CALL_ID FROM b_voximplant_statistic))"
)
LINE_STAYS = f"TRANSCRIPT_ID IN (SELECT ID FROM b_voximplant_transcript WHERE {TRANSCRIPT_STAYS})"


def _gone(table: str, column: str, other: str, key: str) -> str:
    return (
        f"SELECT COUNT(*) FROM {table} a WHERE a.{column} IS NOT NULL AND NOT EXISTS"
        f" (SELECT 1 FROM {other} b WHERE b.{key} = a.{column})"
    )


@pytest.fixture
def bitrix(mariadb: MariaDB, tmp_path: Path) -> Scene:
    made = scene("bitrix24", mariadb, tmp_path)
    made.stays |= {
        STATISTIC: STAYS,
        f"{STATISTIC}_index": f"STATISTIC_ID IN ({STAYING})",
        f"{STATISTIC}_missed": "CALL_START_DATE >= {local}",
        "b_voximplant_transcript": TRANSCRIPT_STAYS,
        "b_voximplant_transcript_line": LINE_STAYS,
        "b_voximplant_call": "1=1",
    }
    made.dangling |= {
        "index": _gone(f"{STATISTIC}_index", "STATISTIC_ID", STATISTIC, "ID"),
        "callback": _gone(f"{STATISTIC}_missed", "CALLBACK_ID", STATISTIC, "ID"),
        "transcript": _gone(STATISTIC, "TRANSCRIPT_ID", "b_voximplant_transcript", "ID"),
        "line": _gone(
            "b_voximplant_transcript_line", "TRANSCRIPT_ID", "b_voximplant_transcript", "ID"
        ),
    }
    return made


def _fill(pbx: Scene, calls: int, *, recorded: int = 5) -> None:
    """Every n-th call recorded (by file or on disk), others missed, transcribed or rung back."""
    legs = sorted(family.legs(calls, recorded=0), key=lambda leg: leg.at)
    rows, transcripts, lines, missed = [], [], [], []
    for n, leg in enumerate(legs, start=1):
        number = int(leg.call.split(".")[1])
        file = n if number % recorded == 0 else (None, 0)[n % 2]
        disk = n if number % recorded == 1 and leg.sequence % 3 else None
        transcript = n if n % 10 == 0 else None
        rows.append(
            (n, 1, leg.src[:20], leg.call, local(leg.at), file, disk, "https://192.0.2.1/r" if file
             else None, transcript, "wants a call back")
        )  # fmt: skip
        if transcript:
            transcripts.append((n, leg.call if n % 20 else None, "Zoë Müßiggang said so"))
            lines += [(n, "user", 0, 5, "Zoë"), (n, "client", 5, 9, "Müßiggang")]
        if n % 11 == 0 and n + 7 <= len(legs):
            missed.append((n, local(leg.at), leg.src[:20], n + 7))
    pbx.load(STATISTIC, COLUMNS, rows)
    pbx.load("b_voximplant_transcript", ("ID", "CALL_ID", "CONTENT"), transcripts)
    pbx.load(
        "b_voximplant_transcript_line",
        ("TRANSCRIPT_ID", "SIDE", "START_TIME", "STOP_TIME", "MESSAGE"),
        lines,
    )
    pbx.load(
        f"{STATISTIC}_missed", ("ID", "CALL_START_DATE", "PHONE_NUMBER", "CALLBACK_ID"), missed
    )
    pbx.load(
        f"{STATISTIC}_index",
        ("STATISTIC_ID", "CONTENT"),
        [(row[0], f"{row[2]} Zoë wants a call back") for row in rows],
    )


def test_bitrix24_loses_calls_with_every_copy_of_their_text_and_nothing_else(
    bitrix: Scene,
) -> None:
    _fill(bitrix, 20_000)
    bitrix.load("b_voximplant_call", ("CALL_ID", "CALLER_ID", "DATE_CREATE"), [("x", "1", None)])
    done = bitrix.deletes_exactly_the_due()
    deleted = {result.dataset: result.deleted for result in done.results}
    assert deleted["calls"] > 5_000
    assert deleted["missed-calls"] > 500


def test_a_call_waits_for_its_recording_and_goes_once_bitrix24_has_deleted_it(
    bitrix: Scene,
) -> None:
    _fill(bitrix, 300, recorded=1)
    bitrix.do(f"UPDATE {STATISTIC} SET CALL_RECORD_ID = ID")
    bitrix.grant()
    done = bitrix.run()
    (calls,) = [result for result in done.results if result.dataset == "calls"]
    assert (calls.deleted, calls.outcome) == (0, "nothing-due")
    assert calls.after is not None
    assert calls.after.straddling > 100
    bitrix.do(f"UPDATE {STATISTIC} SET CALL_RECORD_ID = NULL, CALL_WEBDAV_ID = NULL")
    bitrix.deletes_exactly_the_due()


def test_all_rows_of_a_call_wait_while_one_has_a_recording(bitrix: Scene) -> None:
    before = local(OLD)
    rows = [
        (1, 1, "030", "call-a", before, None, None, None, None, ""),
        (2, 1, "030", "call-a", before, None, 77, None, None, ""),
        (3, 1, "030", "call-b", before, 0, None, "https://192.0.2.1/r", None, ""),
    ]
    bitrix.load(STATISTIC, COLUMNS, rows)
    bitrix.deletes_exactly_the_due()
    assert bitrix.do(f"SELECT ID FROM {STATISTIC} ORDER BY ID") == [(1,), (2,)]


def test_no_missed_call_names_a_callback_that_is_gone(bitrix: Scene) -> None:
    late = local(CUTOFF - timedelta(hours=1))
    rows = [
        (1, 1, "030", "missed", local(OLD), 9, None, None, None, ""),  # its message was recorded
        (2, 1, "030", "back", late, None, None, None, None, ""),
    ]
    bitrix.load(STATISTIC, COLUMNS, rows)
    columns = ("ID", "CALL_START_DATE", "PHONE_NUMBER", "CALLBACK_ID", "CALLBACK_CALL_START_DATE")
    bitrix.load(f"{STATISTIC}_missed", columns, [(1, local(OLD), "030", 2, late)])
    done = bitrix.deletes_exactly_the_due()
    order = [result.dataset for result in done.results]
    assert order.index("missed-calls") < order.index("calls")
    assert bitrix.do(f"SELECT ID FROM {STATISTIC}") == [(1,)]


def test_a_transcript_without_a_call_has_no_date_and_stays(bitrix: Scene) -> None:
    bitrix.load(STATISTIC, COLUMNS, [(1, 1, "030", "a", local(OLD), *[None] * 4, "")])
    transcripts = [(1, "a", "goes"), (2, "long gone", "stays")]
    bitrix.load("b_voximplant_transcript", ("ID", "CALL_ID", "CONTENT"), transcripts)
    bitrix.deletes_exactly_the_due()
    assert bitrix.do("SELECT ID FROM b_voximplant_transcript") == [(2,)]


def test_nothing_of_a_deleted_call_is_found_by_search(bitrix: Scene) -> None:
    bitrix.load(STATISTIC, COLUMNS, [(1, 1, "030", "a", local(OLD), *[None] * 4, "Müßiggang")])
    content = [(1, "+493023125001 Müßiggang")]
    bitrix.load(f"{STATISTIC}_index", ("STATISTIC_ID", "CONTENT"), content)
    ask = (
        f"SELECT COUNT(*) FROM {STATISTIC}_index"
        " WHERE MATCH (CONTENT) AGAINST ('Müßiggang' IN BOOLEAN MODE)"
    )
    assert bitrix.do(ask) == [(1,)]
    bitrix.grant()
    assert bitrix.run().exit_code == Exit.OK
    assert bitrix.do(ask) == [(0,)]


@pytest.mark.parametrize(
    ("changes", "naming"),
    [
        ([f"ALTER TABLE {STATISTIC} RENAME COLUMN CALL_WEBDAV_ID TO CALL_DISK_ID"],
         [STATISTIC, "CALL_WEBDAV_ID"]),
        ([f"CREATE TABLE statistic_2025 LIKE {STATISTIC}"], ["statistic_2025", STATISTIC]),
        (
            [
                f"CREATE TABLE notes (id INT, call_no INT, FOREIGN KEY (call_no)"
                f" REFERENCES {STATISTIC} (ID) ON DELETE CASCADE)"
            ],
            ["notes", STATISTIC],
        ),
    ],
    ids=["renamed", "copied", "cascade"],
)  # fmt: skip
def test_a_changed_database_is_refused(
    bitrix: Scene, changes: list[str], naming: list[str]
) -> None:
    _fill(bitrix, 50)
    refuses(bitrix, changes, naming=naming)
