"""What does redaction promise on every database? Imported as ``support.table_promises`` is."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from pbxretain.records import Redaction, Selection
from pbxretain.stores.table import TableStore
from support.table_promises import CUTOFF, NOW, OLD, YOUNG, Bench
from support.tables import NAME, Sealed, drain, selecting, table

_NUMBER, _OTHER = "+493012345678", "004930987654"
_FORMS = {
    "src": "number", "dst": "number", "clid": "text", "channel": "channel", "note": "null",
    "userfield": "constant", "recordingfile": "blank",
}  # fmt: skip


def _pseudonym(value: bytes) -> bytes:
    return b"pn-" + hashlib.blake2s(value, key=b"k").hexdigest()[:16].encode()


_CUT = Redaction("cut", cut=3)
_HOW = {
    "cut": _CUT,
    "cut-keep": Redaction("cut", cut=3, keep=4),
    "blank": Redaction("blank"),
    "constant": Redaction("constant"),
    "pseudonym": Redaction("pseudonym", pseudonym=_pseudonym),
}
_COLUMNS = ("start", "uniqueid", "linkedid", "dst", "src", "clid", "channel", "note", "userfield",
           "recordingfile", "billsec")  # fmt: skip


def _calls(bench: Bench, rows: list[tuple[Any, ...]], name: str = "cdr", also: str = "") -> None:
    """(start, uniqueid, linkedid, dst) and what else is personal, for each row."""
    bench.run(
        f"CREATE TABLE {name} (start {bench.time}, uniqueid varchar(80), linkedid varchar(80),"
        " dst varchar(80), src varchar(80), clid varchar(80) NOT NULL DEFAULT '', channel"
        " varchar(80), note varchar(80), userfield varchar(255), recordingfile varchar(255),"
        f" billsec integer{also})"
    )
    bench.run(f"CREATE INDEX {name}_start ON {name} (start)")
    _add(bench, rows, name)


def _add(bench: Bench, rows: list[tuple[Any, ...]], name: str = "cdr") -> None:
    for row in rows:
        dst = row[3]
        personal = (_NUMBER, f'"Ann" <{_NUMBER}>', "PJSIP/201-0000001a", f"to {dst}", dst,
                    f"out-{dst}.wav", 7)  # fmt: skip
        bench.run(
            f"INSERT INTO {name} ({', '.join(_COLUMNS)}) VALUES ({', '.join(['%s'] * 11)})",
            (*row, *personal),
        )


def _opened(bench: Bench, **fields: Any) -> TableStore:
    usual = {"key": ["uniqueid", "dst"], "personal": list(_FORMS), "redact": _FORMS}
    return bench.open(table(**(usual | fields)))


def _redacting(store: TableStore, how: Redaction = _CUT, **more: Any) -> Selection:
    return selecting(store, CUTOFF, NOW, redact=how, **more)


def _dump(bench: Bench, name: str = "cdr") -> str:
    return repr(bench.ask(f"SELECT * FROM {name}"))


_ROWS = [
    (OLD, "a.1", "a.1", _NUMBER), (OLD, "a.2", "a.1", _OTHER), (OLD, "b.1", "b.1", "201"),
    (OLD, "c.1", "c.1", ""), (OLD, "d.1", "d.1", "alice@example.org"),
]  # fmt: skip


@pytest.mark.parametrize("how", _HOW)
def test_what_is_redacted_names_nobody_and_is_due_no_more(bench: Bench, how: str) -> None:
    _calls(bench, [*_ROWS, (YOUNG, "y.1", "y.1", "49309")])
    young = bench.ask("SELECT * FROM cdr WHERE uniqueid = 'y.1'")
    store = _opened(bench)
    selection = _redacting(store, _HOW[how])
    assert store.census(selection).due == len(_ROWS)
    assert len(drain(store, selection, limit=2)) == len(_ROWS)
    census = store.census(selection)
    assert (census.due, census.before, census.total) == (0, 0, len(_ROWS) + 1)
    assert bench.ask("SELECT * FROM cdr WHERE uniqueid = 'y.1'") == young
    bench.run("DELETE FROM cdr WHERE uniqueid = 'y.1'")
    for told in (_NUMBER, _NUMBER[1:], _OTHER, "Ann", "alice", "PJSIP/201", "wav"):
        assert told not in _dump(bench)
    assert ("'201'" in _dump(bench)) == (how == "cut-keep")
    kept = bench.ask("SELECT uniqueid, linkedid, billsec FROM cdr ORDER BY 1")
    assert kept == [(row[1], row[2], 7) for row in _ROWS]
    before = _dump(bench)
    assert drain(store, selection) == []
    assert _dump(bench) == before


def test_each_form_leaves_what_it_says(bench: Bench) -> None:
    _calls(bench, _ROWS)
    store = _opened(bench)
    drain(store, _redacting(store))
    rows = bench.ask("SELECT dst, src, clid, channel, note, userfield, recordingfile FROM cdr"
                     " ORDER BY uniqueid")  # fmt: skip
    same = ("+493012345***", "", "PJSIP", None)
    assert rows == [
        ("+493012345***", *same, "redacted", ""), ("004930987***", *same, "redacted", ""),
        ("***", *same, "redacted", ""), ("", *same, "", ""), ("", *same, "redacted", ""),
    ]  # fmt: skip


def test_one_number_has_one_pseudonym_wherever_it_stands(bench: Bench) -> None:
    _calls(bench, _ROWS)
    store = _opened(bench)
    drain(store, _redacting(store, _HOW["pseudonym"]))
    rows = bench.ask("SELECT dst, src FROM cdr WHERE uniqueid = 'a.1'")
    assert rows == [(_pseudonym(_NUMBER.encode()).decode(),) * 2]


def test_evidence_holds_the_record_as_it_was(bench: Bench) -> None:
    _calls(bench, _ROWS[:1])
    store = _opened(bench)
    (taken,) = drain(store, _redacting(store))
    assert taken.key == (b"a.1", _NUMBER.encode())
    assert taken.subjects == (_NUMBER.encode(),)


def test_straddling_and_held_records_are_not_redacted(bench: Bench) -> None:
    rows = [*_ROWS, (OLD, "s.1", "s.1", _NUMBER), (YOUNG, "s.2", "s.1", _NUMBER)]
    _calls(bench, rows)
    store = _opened(bench)
    bare = _redacting(store)
    with store.take(bare, limit=50, after=None, skip=frozenset(), name=NAME) as batch:
        key = next(t.identity for t in batch.taken if t.key[0] == b"b.1")
    selection = replace(bare, held_calls=frozenset({b"a.1"}), excluded_keys=frozenset({key}))
    census = store.census(selection)
    assert (census.due, census.before) == (2, 6)
    before = Counter(bench.ask("SELECT * FROM cdr"))
    assert len(drain(store, selection)) == 2
    stay = before & Counter(bench.ask("SELECT * FROM cdr"))
    assert sorted(row[1] for row in stay) == ["a.1", "a.2", "b.1", "s.1", "s.2"]
    assert store.census(selection).due == 0


def test_a_row_that_dates_a_file_which_stays_is_not_redacted(bench: Bench) -> None:
    _calls(bench, _ROWS[:2])
    bench.run("UPDATE cdr SET recordingfile = '' WHERE uniqueid = 'a.1'")
    link = {"column": "recordingfile", "dataset": "recordings", "on_part_gone": "blank"}
    store = _opened(bench, link=link)
    selection = _redacting(store, wait_for_part=True)
    census = store.census(selection)
    assert (census.due, census.kept_for_part) == (1, 1)
    assert [t.key[0] for t in drain(store, selection)] == [b"a.1"]
    assert _OTHER in _dump(bench)


def test_equal_rows_without_a_key_are_redacted_together(bench: Bench) -> None:
    _calls(bench, _ROWS[:1] * 3)
    store = _opened(bench)
    assert len(drain(store, _redacting(store), limit=1)) == 3
    assert _NUMBER not in _dump(bench)


def test_a_batch_that_is_left_changes_nothing(bench: Bench) -> None:
    _calls(bench, _ROWS)
    before = _dump(bench)
    store = _opened(bench)
    with store.take(_redacting(store), limit=50, after=None, skip=frozenset(), name=NAME) as batch:
        assert len(batch.taken) == len(_ROWS)
    assert _dump(bench) == before


@pytest.mark.parametrize("how", ["cut", "pseudonym", "cut-keep"])
def test_settle_tells_a_committed_redaction_from_one_undone(bench: Bench, how: str) -> None:
    _calls(bench, [*_ROWS, (OLD, "e.1", "e.1", "s"), (OLD, "f.1", "f.1", "12"), _ROWS[0]])
    store = _opened(bench)
    selection = _redacting(store, _HOW[how])
    with store.take(selection, limit=50, after=None, skip=frozenset(), name=NAME) as batch:
        sealed = Sealed(batch.taken, batch.bounds, batch.session)
    number = len(sealed.taken)
    assert store.settle(sealed) == [False] * number
    with store.take(selection, limit=50, after=None, skip=frozenset(), name=NAME) as batch:
        sealed = Sealed(batch.taken, batch.bounds, batch.session)
        batch.commit()
    assert store.settle(sealed) == [True] * number
    again = replace(sealed, session=None)
    assert store.settle(again) == [True] * number
    assert _NUMBER not in repr(sealed.bounds)


def test_a_date_that_updates_renew_stays_under_redaction(bench: Bench) -> None:
    renewed = "timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"
    also = f", changed {renewed}" if bench.kind == "mysql" else ", changed varchar(40)"
    _calls(bench, _ROWS, also=also)
    bench.run("UPDATE cdr SET changed = '2026-01-01 10:00:00'")
    store = _opened(bench)
    drain(store, _redacting(store))
    changed = bench.ask("SELECT DISTINCT changed FROM cdr")
    assert [str(row[0]) for row in changed] == ["2026-01-01 10:00:00"]


def test_copies_are_redacted_with_their_record_and_alone_when_it_was_before(bench: Bench) -> None:
    _calls(bench, [*_ROWS, (YOUNG, "y.1", "y.1", _OTHER)])
    _calls(bench, [*_ROWS[:2], (YOUNG, "y.1", "y.1", _OTHER)], name="copy")
    store = _opened(bench, shadows=[{"table": "copy"}])
    (shadow,) = store.shadow_stores()
    selection = _redacting(store, _HOW["cut-keep"])
    assert shadow.census(_redacting(shadow, _HOW["cut-keep"])).due == 0
    drain(store, selection)
    bench.run("DELETE FROM copy WHERE uniqueid = 'y.1'")
    assert _NUMBER not in _dump(bench, "copy")
    # Copies that came late: one whose record has another identity by now, one with the same.
    _add(bench, [_ROWS[0], _ROWS[2]], name="copy")
    late = _redacting(shadow, _HOW["cut-keep"])
    assert shadow.census(late).due == 2
    assert len(drain(shadow, late)) == 2
    assert _NUMBER not in _dump(bench, "copy")
    assert shadow.census(late).due == 0


@pytest.mark.parametrize("how", ["cut", "pseudonym"])
def test_what_lies_below_a_record_is_redacted_with_it(bench: Bench, how: str) -> None:
    _calls(bench, _ROWS[:2])
    bench.run("CREATE TABLE leg (id integer, call_id varchar(80), party varchar(80))")
    bench.run("CREATE TABLE tag (leg_id integer, name varchar(80))")
    for n, (call, party) in enumerate([("a.1", _NUMBER), ("a.1", "12"), ("a.2", _OTHER)]):
        bench.run("INSERT INTO leg VALUES (%s, %s, %s)", (n, call, party))
        bench.run("INSERT INTO tag VALUES (%s, %s)", (n, f"Ann {n}"))
    tag = {"table": "tag", "column": "leg_id", "parent_column": "id", "redact": {"name": "text"}}
    leg = {"table": "leg", "column": "call_id", "parent_column": "uniqueid", "children": [tag],
           "redact": {"party": "number"}}  # fmt: skip
    store = _opened(bench, children=[leg])
    selection = _redacting(store, _HOW[how])
    assert len(drain(store, selection)) == 2
    parties = [party for _, party in sorted(bench.ask("SELECT id, party FROM leg"))]
    if how == "cut":
        assert parties == ["+493012345***", "***", "004930987***"]
    else:
        assert parties == [_pseudonym(n.encode()).decode() for n in (_NUMBER, "12", _OTHER)]
    assert {row[0] for row in bench.ask("SELECT name FROM tag")} == {""}
    assert store.census(selection).due == 0
    bench.run("INSERT INTO tag VALUES (2, 'Ann late')")
    assert [t.key[0] for t in drain(store, selection)] == [b"a.2"]
    assert {row[0] for row in bench.ask("SELECT name FROM tag")} == {""}
