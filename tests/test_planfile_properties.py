"""Whatever happens between plan and run: what goes is planned, still due, and as it was.

Real runs over a real SQLite call log. What must go is worked out here from what was generated.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.planning import make_plan, run_plan
from support.site import make_site, make_terms

from pbxretain import connector
from pbxretain.errors import Exit

NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
CUTOFF = "2026-10-16 00:00:00"
OLD = ("2026-01-01 10:00:00", "2026-03-01 10:00:00", "2026-10-15 23:59:59")
YOUNG = ("2026-10-16 00:00:00", "2026-11-01 10:00:00")


@dataclass(frozen=True)
class Row:
    """One generated row; its place in a list is its id."""

    when: str
    call: str
    own: str
    caller: str

    @property
    def identity(self) -> tuple[str, ...]:
        return self.when, self.call, self.own


ROWS = st.builds(
    Row,
    when=st.sampled_from([*OLD, *OLD, *YOUNG]),
    call=st.sampled_from("abcdef"),
    own=st.sampled_from("123"),
    caller=st.sampled_from(["030", "040"]),
)
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["insert", "twin", "delete", "caller", "when", "young"]),
        st.integers(0, 11),
        ROWS,
    ),
    max_size=4,
)
Rows = dict[int, Row]


def _changed(rows: Rows, changes: Sequence[tuple[str, int, Row]]) -> Rows:
    now = dict(rows)
    for kind, place, new in changes:
        old = now.get(place)
        if kind == "insert":
            now[len(rows) + len(now) + place + 1] = new
        elif old is None:
            continue
        elif kind == "twin":
            now[len(rows) + len(now) + place + 1] = old
        elif kind == "delete":
            del now[place]
        elif kind == "caller":
            now[place] = replace(old, caller=new.caller)
        else:
            now[place] = replace(old, when=new.when if kind == "when" else YOUNG[1])
    return now


def _due(rows: Rows) -> Rows:
    going_on = {row.call for row in rows.values() if row.when >= CUTOFF}
    return {id_: row for id_, row in rows.items() if row.call not in going_on}


def _goes(planned: Rows, now: Rows) -> set[int]:
    """Of what is due now: planned as it stands, with all its equals and with its whole call."""
    due = _due(now)
    named, here = Counter(planned.values()), Counter(due.values())
    strange = {row.identity for row in due.values() if here[row] > named[row]}
    torn = {row.call for row in due.values() if row.identity in strange}
    return {id_ for id_, row in due.items() if row.call not in torn}


def _write(database: Path, rows: Rows) -> None:
    with closing(sqlite3.connect(database)) as opened:
        opened.execute(
            "CREATE TABLE IF NOT EXISTS cdr (AcctId INTEGER PRIMARY KEY, calldate, src, dst,"
            " dstchannel, clid, dcontext, channel, lastapp, lastdata, duration, billsec,"
            " disposition, amaflags, accountcode, uniqueid, linkedid, sequence, userfield)"
        )
        opened.execute("DELETE FROM cdr")
        opened.executemany(
            "INSERT INTO cdr (AcctId, calldate, src, dst, dstchannel, uniqueid, linkedid, sequence)"
            " VALUES (?, ?, ?, '411', 'c', ?, ?, '1')",
            [(id_, r.when, r.caller, f"{r.call}-{r.own}", r.call) for id_, r in rows.items()],
        )
        opened.commit()


def _left(database: Path) -> set[int]:
    with closing(sqlite3.connect(database)) as opened:
        return {id_ for (id_,) in opened.execute("SELECT AcctId FROM cdr")}


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(ROWS, max_size=12), changes=CHANGES)
def test_what_goes_is_what_was_planned_and_is_still_due_and_unchanged(
    rows: list[Row], changes: list[tuple[str, int, Row]]
) -> None:
    before: Rows = dict(enumerate(rows))
    now = _changed(before, changes)
    with tempfile.TemporaryDirectory() as folder:
        database, path = Path(folder) / "cdr.db", Path(folder) / "plan"
        _write(database, before)
        product = connector.find("asterisk")
        terms = make_terms(product, url=f"sqlite:///{database}", timezone="UTC", keep="30 days")
        site = make_site(Path(folder) / "state")
        head = make_plan(terms, site, path, now=NOW)
        assert head.records == len(_due(before))
        _write(database, now)
        done = run_plan(terms, site, path, now=NOW + timedelta(days=1))
        gone = set(now) - _left(database)
    assert gone == _goes(_due(before), now)
    tally = done.planned
    assert tally is not None
    assert (tally.planned, tally.deleted) == (head.records, len(gone))
    assert tally.planned == tally.deleted + tally.left.total()
    residue = len(_due(now)) - len(gone)
    assert (done.exit_code == Exit.OK) == (not residue)
    assert set(tally.left) <= {"ALREADY_ABSENT", "CHANGED", "STRADDLING"}
    # At least those of whose key nothing is left, at most those that don't lie there as they were.
    planned = _due(before).values()
    keys = Counter((r.call, r.own) for r in planned) - Counter(
        (r.call, r.own) for r in now.values()
    )
    exact = Counter(planned) - Counter(now.values())
    assert keys.total() <= tally.left["ALREADY_ABSENT"] <= exact.total()
