"""Does a connector refuse a database that isn't as its manifest says?"""

from __future__ import annotations

from collections.abc import Iterable

from pbxretain.errors import Exit
from support.servers import MariaDB
from support.vendor import Scene


def refuses(
    scene: Scene, changes: Iterable[str], *, naming: Iterable[str], shown: str | None = None
) -> None:
    """Makes the changes as the vendor would and runs: nothing goes, the reason names all of
    ``naming``. ``shown``: a new table that the login may read, as an admin's own tables often are.
    """
    scene.grant()
    for change in changes:
        scene.do(change)
    if shown and isinstance(scene.server, MariaDB):
        for host in ("localhost", "127.0.0.1"):
            scene.do(f"GRANT SELECT ON `{scene.database}`.`{shown}` TO 'pbxretain'@'{host}'")
    before = {table: scene.rows(table) for table in scene.tables()}
    done = scene.run()
    said = " ".join(str(error) for error in done.errors)
    assert done.exit_code == Exit.REFUSED, said
    assert all(word in said for word in naming), said
    assert {table: scene.rows(table) for table in scene.tables()} == before
