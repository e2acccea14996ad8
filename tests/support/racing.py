"""A run of many small batches in a process of its own, while somebody sets holds.

``python -m support.racing FOLDER URL SIZE``: one run over the call log alone, ``SIZE`` records a
batch; prints the outcome.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pbxretain import batches
from pbxretain.records import Selection
from support.held import PASSWORD, VARIABLE, World

TESTS = Path(__file__).resolve().parents[1]


def small(size: int) -> None:
    """From now on each batch takes at most so many records."""
    through = batches.Work.through

    def limited(self: batches.Work, selection: Selection) -> int:
        self.limit = size
        return through(self, selection)

    def at_once(self: batches.Work, held: float) -> None:
        """Without a pause between batches: a hold has to find its way in all the same."""

    batches.Work.through = limited  # type: ignore[method-assign]
    batches.Work._pace = at_once  # type: ignore[method-assign]


def start(world: World, *, size: int) -> subprocess.Popen[str]:
    """The run in a process of its own."""
    command = [sys.executable, "-m", "support.racing", str(world.folder), world.url, str(size)]
    environment = {**os.environ, VARIABLE: PASSWORD}
    return subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, text=True, env=environment)


def main(args: Sequence[str]) -> None:
    folder, url, size = args
    small(int(size))
    world = World(Path(folder), (), url=url, kinds=("rows",))
    if not url.startswith("sqlite"):
        world.extra = f"password: {{env: {VARIABLE}}}"
    done = world.run(now=datetime.now(UTC))  # a server's clock is compared with it
    deleted = sum(result.deleted for result in done.results)
    said = (done.outcome, int(done.exit_code), deleted, *(str(error) for error in done.errors))
    sys.stdout.write(" ".join(map(str, said)))


if __name__ == "__main__":
    main(sys.argv[1:])
