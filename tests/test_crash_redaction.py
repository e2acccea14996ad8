"""A redaction that really dies, at every change to rows and at some writes of its own evidence.

After the next run each record is as it was, or redacted and covered by exactly one report; see
test_crash_servers.py, whose PBX this is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from support import aftermath, served
from support.crash import Outcome, When, Zygote, campaign
from support.served import Kind, Served
from support.tables import shipped

from pbxretain.errors import Exit

HOW = {
    "mariadb": "{after: 90 days, extensions: 2}",
    "postgresql": "{after: 90 days, numbers: pseudonym, key_for: 1 year}",
}


def _grants(kind: Kind) -> Mapping[str, str]:
    product = "freepbx" if kind == "mariadb" else "asterisk"
    right = "SELECT, UPDATE ({}), TRIGGER" if kind == "mariadb" else "SELECT, UPDATE ({})"
    found = {}
    for table, dataset in (("cdr", "calls"), ("transient_cdr", "calls"), ("cel", "events")):
        if table in served.TABLES[kind]:
            found[table] = right.format(", ".join(shipped(product, dataset).redact))
    return found | ({"*": "REFERENCES"} if kind == "mariadb" else {})


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    imports = ("support.served", "pbxretain.stores.table", "pbxretain.stores.tree")
    with Zygote(*imports, "pbxretain.stores.naming", "pbxretain.stores.redacting") as zygote:
        yield zygote


@pytest.mark.parametrize("kind", served.KINDS)
def test_death_at_any_step_leaves_each_record_as_it_was_or_redacted_with_evidence(
    kind: Kind, tmp_path: Path, zygote: Zygote, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue(kind)
    url = served.prepare(server, kind, f"crash_redaction_{kind}", _grants(kind))
    numbers = count()
    current: list[Served] = []
    with closing(server.admin(f"crash_redaction_{kind}")) as admin:

        def fresh() -> Served:
            folder = tmp_path / str(next(numbers))
            return served.build(folder, kind, url, admin, redact=HOW[kind])

        def run_child(at: int | None, when: When) -> Outcome:
            current[:] = [fresh()]
            told = [served.describe(current[0])]
            return zygote.run("support.served:run_child", told, at=at, when=when)

        def inspect(outcome: Outcome) -> None:
            assert outcome.killed or outcome.code == Exit.OK, outcome.output
            _inspect(current[0], admin, expected)

        expected = _undisturbed(fresh(), admin)
        assert campaign(run_child, inspect, modes=("after",), choose=_telling) > 5


def _telling(events: Sequence[str]) -> list[int]:
    changes = {"sql UPDATE", "sql COMMIT"}
    numbers = range(1, len(events) + 1)
    others = [n for n in numbers if events[n - 1] in ("os.write", "os.unlink", "os.ftruncate")]
    return sorted({n for n in numbers if events[n - 1] in changes} | set(others[::40]))


def _undisturbed(pbx: Served, admin: Any) -> dict[str, object]:
    done = pbx.run()
    assert (done.exit_code, [str(error) for error in done.errors]) == (Exit.OK, [])
    assert {r.dataset: r.deleted for r in done.results if r.deleted} == pbx.due
    return _seen(pbx, admin)


def _inspect(pbx: Served, admin: Any, expected: dict[str, object]) -> None:
    done = pbx.run()
    assert (done.exit_code, [str(error) for error in done.errors]) == (Exit.OK, [])
    assert _seen(pbx, admin) == expected
    assert aftermath.deleted(pbx.site()) == Counter(pbx.due), "covered by exactly one report"
    aftermath.assert_tidy(pbx.pbx)
    aftermath.assert_genuine(pbx.site(), datetime.now(UTC))


def _seen(pbx: Served, admin: Any) -> dict[str, object]:
    """What is there, whatever key made the pseudonyms."""
    found = served.snapshot(pbx, admin)
    for table in served.TABLES[pbx.kind]:
        rows = found[table]
        assert isinstance(rows, list)
        found[table] = sorted(re.sub("pn-[0-9a-f]{16}", "pn-", row) for row in rows)
    return found
