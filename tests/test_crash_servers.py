"""The crash campaign where a database server keeps the call log: MariaDB and PostgreSQL.

Rows are deleted in a transaction that outlives its client; copies on MyISAM, files and links lie
outside it. See test_crash.py for what must hold after each death.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from support import aftermath, served
from support.crash import Outcome, When, Zygote, campaign
from support.served import Kind, Served

from pbxretain.errors import Exit


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    imports = ("support.served", "pbxretain.stores.table", "pbxretain.stores.tree")
    with Zygote(*imports, "pbxretain.stores.naming", "pbxretain.stores.sparing") as zygote:
        yield zygote


@pytest.mark.parametrize("kind", served.KINDS)
def test_death_at_any_step_leaves_each_record_there_or_gone_with_evidence(
    kind: Kind, tmp_path: Path, zygote: Zygote, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue(kind)
    url = served.prepare(server, kind, f"crash_{kind}")
    numbers = count()
    current: list[Served] = []
    with closing(server.admin(f"crash_{kind}")) as admin:

        def fresh() -> Served:
            return served.build(tmp_path / str(next(numbers)), kind, url, admin)

        def run_child(at: int | None, when: When) -> Outcome:
            current[:] = [fresh()]
            told = [served.describe(current[0])]
            return zygote.run("support.served:run_child", told, at=at, when=when)

        def inspect(outcome: Outcome) -> None:
            assert outcome.killed or outcome.code == Exit.OK, outcome.output
            _inspect(current[0], admin, expected)

        expected = _undisturbed(fresh(), admin)
        assert campaign(run_child, inspect, modes=("after",), choose=_telling) > 10


def _telling(events: Sequence[str]) -> list[int]:
    """Every change to rows and names of the PBX, and some of those to the state folder.

    A sync changes nothing that a killed process leaves; test_crash.py dies at all the others.
    """
    changes = {"sql DELETE", "sql UPDATE", "sql COMMIT", "renameat2"}
    numbers = range(1, len(events) + 1)
    others = [n for n in numbers if events[n - 1] in ("os.write", "os.unlink", "os.ftruncate")]
    return sorted({n for n in numbers if events[n - 1] in changes} | set(others[::7]))


def _undisturbed(pbx: Served, admin: Any) -> dict[str, object]:
    done = pbx.run()
    assert (done.exit_code, [str(error) for error in done.errors]) == (Exit.OK, [])
    assert {r.dataset: r.deleted for r in done.results if r.deleted} == pbx.due
    return served.snapshot(pbx, admin)


def _inspect(pbx: Served, admin: Any, expected: dict[str, object]) -> None:
    done = pbx.run()
    assert (done.exit_code, [str(error) for error in done.errors]) == (Exit.OK, [])
    assert served.snapshot(pbx, admin) == expected
    assert aftermath.deleted(pbx.site()) == Counter(pbx.due), "covered by exactly one report"
    aftermath.assert_tidy(pbx.pbx)
    aftermath.assert_genuine(pbx.site(), datetime.now(UTC))
