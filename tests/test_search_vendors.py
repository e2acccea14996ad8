"""Other products, other databases: a person is found through party rows, and leaves none."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support import small, threecx
from support.servers import PostgreSQL
from support.threecx import Filler, Pbx

from pbxretain import execute, sought, sources, subject
from pbxretain.errors import Exit
from pbxretain.execute import RunResult, Site
from pbxretain.plan import Terms
from pbxretain.records import Sought

NOW = datetime.now(UTC)
NUMBER = "+49301234567"
OLD, YOUNG = NOW - timedelta(days=150), NOW - timedelta(days=5)


def found(terms: Terms, whom: Sought) -> Mapping[str, int]:
    """How many records of each dataset."""
    with sources.opened(
        terms.source, terms.connector, name=terms.name, installation="i", exclusive=False
    ) as opened:
        return subject.search(opened, whom, source=terms.name).counts()


def erase(terms: Terms, site: Site, whom: Sought) -> RunResult:
    """By the engine, as ``subject erase`` does."""
    with sources.opened(
        terms.source, terms.connector, name=terms.name, installation="i", exclusive=False
    ) as opened:
        starts = [(strand.of, strand.start) for strand in terms.strands(opened)]
        chosen = subject.chosen(opened, whom, starts).keys
    terms = replace(terms, chosen=chosen)
    return execute.run(
        terms, site, now=datetime.now(UTC), trigger="erasure-request", confirm_count=1000
    )


@pytest.fixture
def pbx(postgresql: PostgreSQL, tmp_path: Path) -> Pbx:
    return threecx.build(postgresql, tmp_path)


def test_on_3cx_calls_are_found_by_party_rows_below_them_and_go_with_those(pbx: Pbx) -> None:
    fill = Filler(pbx)
    party = fill.party()
    hers = [fill.old_call(at, parties=[party]) for at in (OLD, YOUNG)]
    others = [fill.old_call(at) for at in (OLD, YOUNG)]
    fill.call(YOUNG, source_participant_phone_number="0049301234567")
    fill.call(OLD, destination_participant_phone_number="0891234567")
    fill.load()
    pbx.do("UPDATE cl_party_info SET caller_number = '030 1234567' WHERE id = %s", party)
    pbx.grant()
    pbx.extra = "region: DE"
    terms = pbx.terms()
    whom = sought.number(NUMBER, region="DE")
    assert found(terms, whom) == {"calls-v18": 2, "calls": 1}
    done = erase(terms, pbx.site(), whom)
    assert ([str(e) for e in done.errors], done.exit_code) == ([], Exit.OK)
    assert found(terms, whom) == {}
    assert {row[0] for row in pbx.do("SELECT id FROM cl_calls")} == set(others)
    assert not set(hers) & {row[0] for row in pbx.do("SELECT call_id FROM cl_participants")}
    numbers = [row[0] for row in pbx.do("SELECT caller_number FROM cl_party_info")]
    assert "030 1234567" not in numbers


def test_on_sqlite_a_column_without_a_type_is_searched_and_a_count_is_no_extension(
    tmp_path: Path,
) -> None:
    pbx = small.build(tmp_path, ("table",))
    with sqlite3.connect(pbx.pbx / "cdr.db") as database:
        database.execute("UPDATE cdr SET duration = 733, billsec = '733' WHERE sequence = '0'")
        database.execute("UPDATE cdr SET src = 733 WHERE sequence = '2'")
        database.execute("UPDATE cdr SET userfield = 'ask Jörg  MÜLLER' WHERE sequence = '3'")
    assert found(pbx.terms(), sought.extension("733")) == {"calls": 1}
    assert found(pbx.terms(), sought.name("Jörg Müller")) == {"calls": 1}
    assert found(pbx.terms(), sought.name("Jörg Mülle")) == {}
