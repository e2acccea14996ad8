"""Does a connector that only reads count what is due, say so, and never take a row?"""

from __future__ import annotations

from pbxretain.errors import Exit
from pbxretain.execute import RunResult
from support.vendor import Scene


def only_counts(scene: Scene, dataset: str, table: str, *, stays: str) -> RunResult:
    """Runs with the rights that the manifest names, then with all rights: no row goes, and what
    is due is a residue. ``stays``: the WHERE of what isn't due."""
    before = scene.rows(table)
    due = sum(before.values()) - sum(scene.rows(table, stays).values())
    assert due > 1_000
    scene.grant()
    done = scene.run()
    assert scene.server is not None
    scene.server.create_user(
        "pbxretain", password="least grants", database=scene.database, grants={"*": "ALL"}
    )
    for result in (done, scene.run()):
        assert [str(error) for error in result.errors] == []
        assert (result.outcome, result.exit_code) == ("incomplete", Exit.INCOMPLETE)
        (counted,) = [one for one in result.results if one.dataset == dataset]
        assert counted.deleted == 0
        assert counted.after is not None
        assert counted.after.due == due
        assert counted.after.findings["READS_ONLY"] == due
    assert scene.rows(table) == before
    return done
