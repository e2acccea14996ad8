"""Does a connector refuse a database that isn't as its manifest says?"""

from __future__ import annotations

from collections.abc import Iterable

from pbxretain.errors import Exit
from support.vendor import Scene


def refuses(scene: Scene, changes: Iterable[str], *, naming: Iterable[str]) -> None:
    """Makes the changes as a vendor or an admin would and runs: nothing goes, the reason names
    all of ``naming``."""
    for change in changes:
        scene.do(change)
    scene.grant()
    before = {table: scene.rows(table) for table in scene.tables()}
    done = scene.run()
    said = " ".join(str(error) for error in done.errors)
    assert done.exit_code == Exit.REFUSED, said
    assert all(word in said for word in naming), said
    assert {table: scene.rows(table) for table in scene.tables()} == before
