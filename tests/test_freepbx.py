"""A FreePBX with least rights loses what is due, and nothing else changes by a byte.

``PBXRETAIN_CALLS=200000`` makes it a large one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support import calls, freepbx
from support.servers import MariaDB

REPOSITORY = Path(__file__).resolve().parents[1]
CALLS = int(os.environ.get("PBXRETAIN_CALLS", "4000"))
TABLES = ("cdr", "transient_cdr", "cel")


@dataclass(frozen=True)
class Admin:
    """Types commands as an admin does."""

    config: Path

    def types(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        line = [sys.executable, "-m", "pbxretain", "--config", str(self.config), *words]
        environment = {**os.environ, "PBX_PASSWORD": "secret"}
        return subprocess.run(
            line, cwd=REPOSITORY, env=environment, capture_output=True, check=False
        )


def set_up(admin: Admin, url: str, recordings: Path) -> None:
    """init, approve."""
    words: Sequence[str] = (
        *("init", "--yes", "--source", "pbx", "--connector", "freepbx", "--url", url),
        *("--password-env", "PBX_PASSWORD", "--root", f"recordings={recordings}"),
        *("--timezone", str(freepbx.ZONE), "--state-dir", str(admin.config.parent / "state")),
    )
    for command in (words, ("policy", "approve", "pbx-policy", "--by", "management")):
        done = admin.types(*command)
        assert done.returncode == 0, done.stderr


@pytest.mark.timeout(3600 if CALLS > 20_000 else 300)
def test_what_is_due_goes_and_nothing_else_changes_by_a_byte(
    mariadb: MariaDB, tmp_path: Path
) -> None:
    name, now = mariadb.create_database("freepbx_whole"), datetime.now(UTC)
    monitor, admin = tmp_path / "monitor", Admin(tmp_path / "etc" / "config.yaml")
    switched = now - timedelta(days=150)
    with closing(mariadb.admin(name)) as connection:
        freepbx.fill(connection, calls=CALLS, now=now, recordings_root=monitor, utc_until=switched)
    mariadb.create_user("retain", password="secret", database=name, grants=freepbx.GRANTS)
    cutoff = calls.first_due_date(now, 90, freepbx.ZONE)
    expected = {table: freepbx.expect(mariadb, name, table, cutoff=cutoff) for table in TABLES}
    due, stay = freepbx.expect_recordings(mariadb, name, monitor, cutoff=cutoff)
    assert due
    assert expected["cdr"].straddling
    assert expected["cdr"].undated

    set_up(admin, mariadb.url(name, "retain"), monitor)
    count = json.loads(admin.types("plan", "--json").stdout)["sources"][0]["due"]
    done = admin.types("run", "--confirm-count", str(count))
    assert done.returncode == 0, done.stderr

    for table in TABLES:
        found = freepbx.dump(mariadb, name, table)
        assert expected[table].stay.difference(found) == (0, 0), table
    left = {str(p.relative_to(monitor)) for p in monitor.rglob("*") if p.is_file()}
    assert left - {".pbxretain.lock"} == stay
    again = json.loads(admin.types("plan", "--json").stdout)
    assert again["sources"][0]["due"] == 0
    verified = admin.types("verify", str(tmp_path / "etc" / "state" / "pbx" / "reports"))
    assert verified.returncode == 0, verified.stdout
