"""On a large PBX in real servers, with the documented grants only: all that is due goes, no more.

The same calls in FreePBX's own tables on MariaDB (call log, its transient copy, events, recordings)
and in Asterisk's on PostgreSQL. What is due and what stays comes from ``support.freepbx``, which
reads the rows itself and knows nothing of pbxretain; survivors are compared byte for byte.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support import freepbx
from support.calls import first_due_date
from support.freepbx import Expectation
from support.servers import MariaDB, PostgreSQL
from support.site import make_site, make_terms

from pbxretain import execute
from pbxretain.errors import Exit
from pbxretain.execute import RunResult, Site
from pbxretain.plan import Terms

PASSWORD = "least grants"
LOG = "calls"
GRANTS = {"cdr": "SELECT, DELETE", "cel": "SELECT, DELETE"}
"""The least rights on Asterisk's own tables in PostgreSQL."""

LARGE = pytest.mark.skipif("PBXRETAIN_LARGE" not in os.environ, reason="takes minutes: make large")
SIZES = [
    pytest.param(4_000, id="4000"),
    pytest.param(200_000, id="200000", marks=[LARGE, pytest.mark.slow, pytest.mark.timeout(900)]),
]


@dataclass
class Pbx:
    """A filled PBX, and what an independent look says about it."""

    server: MariaDB | PostgreSQL
    database: str
    terms: Terms
    site: Site
    cutoff: datetime
    tables: Mapping[str, Expectation]
    root: Path
    files: tuple[frozenset[str], frozenset[str]]
    """Recordings that are due, and those that stay."""

    contents: Mapping[str, bytes]

    def run(self) -> RunResult:
        return execute.run(self.terms, self.site, now=datetime.now(UTC))

    def look(self) -> dict[str, Expectation]:
        return {
            table: freepbx.expect(self.server, self.database, table, cutoff=self.cutoff)
            for table in self.tables
        }


def _secret(folder: Path) -> str:
    path = folder / "password"
    path.write_text(PASSWORD)
    path.chmod(0o600)
    return f"password: {{file: {path}}}"


def _build(
    server: MariaDB | PostgreSQL, folder: Path, *, calls: int, grants: Mapping[str, str]
) -> Pbx:
    now = datetime.now(UTC)
    large = isinstance(server, MariaDB)
    root = folder / "monitor"
    root.mkdir()
    name = server.create_database("asteriskcdrdb")
    with server.admin(name) as connection:
        freepbx.fill(connection, calls=calls, now=now, recordings_root=root if large else None)
    server.create_user("pbxretain", password=PASSWORD, database=name, grants=grants)
    cutoff = first_due_date(now, 90, freepbx.ZONE)
    terms = make_terms(
        "freepbx" if large else "asterisk",
        url=server.url(name, "pbxretain"),
        roots={"recordings": root} if large else None,
        keep="90 days",
        extra=_secret(folder),
    )
    files = (frozenset[str](), frozenset[str]())
    if isinstance(server, MariaDB):
        files = freepbx.expect_recordings(server, name, root, cutoff=cutoff)
    pbx = Pbx(
        server=server,
        database=name,
        terms=terms,
        site=make_site(folder / "state"),
        cutoff=cutoff,
        tables=dict.fromkeys(t for t in grants if t != "*"),  # type: ignore[arg-type]
        root=root,
        files=files,
        contents={path: (root / path).read_bytes() for path in files[1]},
    )
    pbx.tables = pbx.look()
    return pbx


def _deletes_exactly_the_due(pbx: Pbx) -> None:
    assert all(expected.due > 1000 for expected in pbx.tables.values())
    began = time.monotonic()
    done = pbx.run()
    took = time.monotonic() - began
    assert [str(error) for error in done.errors] == []
    assert (done.outcome, done.exit_code) == ("complete", Exit.OK)

    after = pbx.look()
    for table, expected in pbx.tables.items():
        assert after[table].due == 0, table
        assert expected.stay.difference(after[table].stay) == (0, 0), table
        assert after[table].stay.digest == expected.stay.digest, table
    left = {str(path.relative_to(pbx.root)) for path in freepbx._files(pbx.root)}
    assert left == pbx.files[1]
    assert {path: (pbx.root / path).read_bytes() for path in left} == pbx.contents

    deleted = {result.dataset: result.deleted for result in done.results}
    assert deleted[LOG] == pbx.tables["cdr"].due
    assert deleted["events"] == pbx.tables["cel"].due
    assert deleted.get("recordings", 0) == len(pbx.files[0])

    again = pbx.run()
    assert (again.outcome, again.exit_code) == ("nothing-due", Exit.OK)
    # Generous: shared machines stall. What it keeps out is a search that grows with its square.
    assert took < 30 + 0.002 * sum(expected.due for expected in pbx.tables.values())


@pytest.mark.parametrize("calls", SIZES)
def test_freepbx_on_mariadb_loses_what_is_due_and_nothing_else_changes_by_a_byte(
    mariadb: MariaDB, tmp_path: Path, calls: int
) -> None:
    pbx = _build(mariadb, tmp_path, calls=calls, grants=freepbx.GRANTS)
    assert pbx.files[0]
    assert pbx.files[1]
    _deletes_exactly_the_due(pbx)


@pytest.mark.parametrize("calls", SIZES)
def test_asterisk_on_postgresql_loses_what_is_due_and_nothing_else_changes_by_a_byte(
    postgresql: PostgreSQL, tmp_path: Path, calls: int
) -> None:
    _deletes_exactly_the_due(_build(postgresql, tmp_path, calls=calls, grants=GRANTS))
