"""UCware: external calls that wait for their bill are counted and never deleted."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import asterisk_family as family
from support.drift import refuses
from support.readonly import only_counts
from support.servers import MariaDB, PostgreSQL, Server
from support.vendor import Scene, local, scene

COLUMNS = ("uniqueid", "extension", "originator", "dialedNumber", "timestamp", "duration")
TABLE = "services_billing"


@pytest.fixture(params=["mariadb", "postgresql"])
def ucware(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    server: Server = request.getfixturevalue(request.param)
    return scene("ucware", server, tmp_path)


def _bills(pbx: Scene, calls: int) -> str:
    """Fills the table; returns the WHERE of what isn't due."""
    native = isinstance(pbx.server, MariaDB)
    rows = [
        (leg.uniqueid, leg.dst, leg.dst, "+493023125001",
         local(leg.at) if native else f"{leg.at:%Y-%m-%d %H:%M:%S%z}", 30)
        for leg in family.legs(calls, recorded=0)
    ]  # fmt: skip
    pbx.load(TABLE, COLUMNS, rows)
    return "timestamp >= {local}" if native else '"timestamp" >= {cutoff}'


def test_calls_that_wait_for_their_bill_are_counted_and_never_deleted(ucware: Scene) -> None:
    only_counts(ucware, "billing", TABLE, stays=_bills(ucware, 20_000))


def test_a_login_that_may_only_read_is_enough(postgresql: PostgreSQL, tmp_path: Path) -> None:
    manifest = scene("ucware", postgresql, tmp_path).connector.manifest
    assert manifest.grants("postgresql") == {TABLE: "SELECT"}


def test_a_changed_table_is_refused(ucware: Scene) -> None:
    _bills(ucware, 50)
    quote = "`" if isinstance(ucware.server, MariaDB) else '"'
    change = f"ALTER TABLE {TABLE} RENAME COLUMN {quote}dialedNumber{quote} TO number"
    refuses(ucware, [change], naming=[TABLE, "dialedNumber"])
