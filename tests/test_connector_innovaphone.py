"""innovaphone: whether the Reports app deleted its call records is seen, and nothing is taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import asterisk_family as family
from support.drift import refuses
from support.readonly import only_counts
from support.servers import PostgreSQL
from support.vendor import Scene, scene

from pbxretain.errors import Exit

NOT_DUE = "utc IS NULL OR utc >= {epoch} OR conf IN (SELECT conf FROM cdrs WHERE utc >= {epoch})"


@pytest.fixture
def reports(postgresql: PostgreSQL, tmp_path: Path) -> Scene:
    return scene("innovaphone", postgresql, tmp_path)


def _records(pbx: Scene, calls: int) -> None:
    legs = family.legs(calls, recorded=0)
    rows = [
        (n, leg.call, leg.dst, "Zoë Müßiggang", "from", int(leg.at.timestamp()))
        for n, leg in enumerate(legs, start=1)
    ]
    undated = (len(rows) + 1, "none", "411", "Zoë", "to", None)
    pbx.load("cdrs", ("id", "conf", "e164", "cn", "dir", "utc"), [*rows, undated])
    pbx.load("events", ("cdr_id", "msg", "e164"), [(n, "setup-from", "411") for n, *_ in rows[::9]])


def test_records_that_the_app_should_have_deleted_are_counted_and_stay(reports: Scene) -> None:
    _records(reports, 20_000)
    events = reports.rows("events")
    only_counts(reports, "calls", "cdrs", stays=NOT_DUE)
    assert reports.rows("events") == events


def test_a_run_after_the_apps_own_deletion_has_nothing_to_say(reports: Scene) -> None:
    _records(reports, 200)
    reports.do(reports.filled(f"DELETE FROM cdrs WHERE NOT ({NOT_DUE})"))
    reports.grant()
    done = reports.run()
    assert (done.outcome, done.exit_code) == ("nothing-due", Exit.OK)


def test_a_version_without_the_inferred_column_is_refused(reports: Scene) -> None:
    _records(reports, 50)
    refuses(reports, ["ALTER TABLE cdrs RENAME COLUMN utc TO started"], naming=["cdrs", "utc"])
