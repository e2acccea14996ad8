"""On data that a running Asterisk wrote: exactly what an independent script expects goes.

The same calls in SQLite, PostgreSQL, MariaDB, CSV, and the trees beside them, each with its own
time zone habits. Expectations come from ``support.samples``, which knows nothing of pbxretain.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support import samples
from support.servers import MariaDB, PostgreSQL
from support.site import make_site, make_terms

from pbxretain import execute, keys, plan, sources, verify
from pbxretain.errors import Exit
from pbxretain.execute import RunResult, Site
from pbxretain.plan import Plan, Terms

PASSWORD = "correct horse"
EXTRA = 'asterisk: {version: "22.10.1"}'


@dataclass(frozen=True)
class Pbx:
    """One restored sample with its trees, ready to run on."""

    terms: Terms
    site: Site
    trees: dict[str, Path]
    database: Callable[[], Any]
    now: datetime

    def plan(self) -> Plan:
        with sources.opened(
            self.terms.source,
            self.terms.connector,
            name="office",
            installation=self.site.mark,
            exclusive=False,
        ) as opened:
            return plan.make(self.terms, opened, now=self.now)

    def run(self) -> RunResult:
        return execute.run(self.terms, self.site, now=max(self.now, datetime.now(UTC)))

    @contextmanager
    def connection(self) -> Iterator[Any]:
        connection = self.database()
        try:
            yield connection
        finally:
            connection.close()


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def pbx(request: pytest.FixtureRequest, tmp_path: Path) -> Pbx:
    secret = tmp_path / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    kinds: list[samples.Tree] = ["recordings", "voicemail", "logs"]
    database: Callable[[], Any]
    trees: dict[str, Path] = {k: samples.restore_tree(k, tmp_path / "pbx") for k in kinds}
    product = "freepbx" if request.param == "mariadb" else "asterisk"
    if request.param == "sqlite":
        path = samples.restore_sqlite(tmp_path / "cdr.sqlite")
        url, database = f"sqlite:///{path}", lambda: sqlite3.connect(path)
    elif request.param == "postgresql":
        postgresql: PostgreSQL = request.getfixturevalue("postgresql")
        name = samples.restore_postgresql(postgresql)
        _user(postgresql, name, {"cdr": "SELECT, DELETE", "cel": "SELECT, DELETE"})
        url, database = postgresql.url(name, "pbxretain"), lambda: postgresql.admin(name)
    else:
        mariadb: MariaDB = request.getfixturevalue("mariadb")
        name = samples.restore_mariadb(mariadb)
        rights = "SELECT, DELETE, TRIGGER"
        grants = {"cdr": f"{rights}, UPDATE (recordingfile)", "cel": rights, "*": "REFERENCES"}
        _user(mariadb, name, grants)
        url, database = mariadb.url(name, "pbxretain"), lambda: mariadb.admin(name)
    # A real server's clock is today's, so the sample's cut-off is reached by a longer period.
    now = datetime.now(UTC)
    days = (
        now.astimezone(samples.ZONE).date() - samples.CUTOFF.astimezone(samples.ZONE).date()
    ).days
    terms = make_terms(
        product,
        url=url,
        roots=trees,
        timezone="Europe/Vienna",
        keep=f"{days} days",
        extra=EXTRA if request.param == "sqlite" else f"{EXTRA}\npassword: {{file: {secret}}}",
    )
    return Pbx(terms, make_site(tmp_path / "state"), trees, database, now)


def _user(server: MariaDB | PostgreSQL, database: str, grants: dict[str, str]) -> None:
    """The login with the documented grants and no others."""
    server.create_user("pbxretain", password=PASSWORD, database=database, grants=grants)


def _columns(connection: Any) -> set[str]:
    cursor = connection.cursor()
    cursor.execute("SELECT * FROM cdr WHERE 1 = 0")
    return {str(column[0]) for column in cursor.description}


def test_exactly_the_expected_goes_in_every_store_and_a_second_run_finds_nothing(pbx: Pbx) -> None:
    with pbx.connection() as connection:
        calls, events = samples.calls(connection), samples.events(connection)
        named = "recordingfile" in _columns(connection)
        recordings = samples.recordings(pbx.trees["recordings"], connection if named else None)
    voicemail = samples.voicemail(pbx.trees["voicemail"])
    logs = pbx.trees.get("logs")
    queue = samples.queue_log(logs) if logs else None
    files = samples.csv_calls(logs) if logs else {}

    decided = pbx.plan()
    due = {item.dataset: item.due for item in decided.items}
    assert due["calls"] == len(calls.due)
    assert due.get("events", due.get("events-sqlite")) == len(events.due)
    assert due["voicemail"] == sum(name.endswith(".txt") for name in voicemail.due)

    done = pbx.run()
    assert [str(error) for error in done.errors] == []
    assert (done.outcome, done.exit_code) == ("complete", Exit.OK)
    with pbx.connection() as connection:
        left, kept = samples.calls(connection), samples.events(connection)
        assert left.due | left.stay == calls.stay
        assert kept.due | kept.stay == events.stay
    assert samples.remaining(pbx.trees["recordings"]) == recordings.stay
    assert samples.remaining(pbx.trees["voicemail"]) == voicemail.stay
    if logs and queue:
        assert _lines(logs, "queue_log") == Counter(line[2] for line in queue.stay)
        for name, expected in files.items():
            assert _lines(logs, name) == Counter(line[2] for line in expected.stay)

    by_name = {result.dataset: result for result in done.results}
    assert by_name["calls"].deleted == len(calls.due)
    assert by_name["voicemail"].deleted == due["voicemail"]

    again = pbx.run()
    assert (again.outcome, again.exit_code) == ("nothing-due", Exit.OK)
    assert sum(result.deleted for result in again.results) == 0

    own = keys.write_public(pbx.site.state / "own.pem", pbx.site.key.public_key())
    verdict = verify.verify_paths(
        [pbx.site.reports], trust=[own], own_public=None, now=datetime.now(UTC)
    )
    assert verdict.exit == Exit.OK


def _lines(root: Path, name: str) -> Counter[str]:
    """All lines of a log and of its segments."""
    folder = (root / name).parent
    found: Counter[str] = Counter()
    for path in folder.glob(f"{Path(name).name}*"):
        found.update(path.read_text(encoding="utf-8").splitlines())
    return found
