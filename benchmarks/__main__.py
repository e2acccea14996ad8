"""Everything side by side in one run: ``python -m benchmarks [EVENT…] --size N --rounds N``."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from benchmarks import costs, files, live, noindex, race, results
from benchmarks.goals import summary
from benchmarks.mariadb import mariadb
from benchmarks.outcome import Outcome
from benchmarks.postgresql import postgresql
from benchmarks.sqlite import sqlite
from benchmarks.threecx import threecx

Measured = Callable[[int, int], Outcome]
"""An event: of a size, in rounds."""


def raced(build: Callable[[int], AbstractContextManager[race.Event]]) -> Measured:
    def measured(size: int, rounds: int) -> Outcome:
        with build(size) as event:
            return race.run(event, rounds=rounds)

    return measured


EVENTS: dict[str, tuple[Measured, int]] = {
    "mariadb": (raced(mariadb), 2_000_000),
    "postgresql": (raced(postgresql), 2_000_000),
    "3cx": (raced(threecx), 200_000),
    "sqlite": (raced(sqlite), 2_000_000),
    "evidence": (costs.evidence, 1_000_000),
    "no-index": (noindex.unindexed, 2_000_000),
    "recordings": (raced(files.recordings), 200_000),
    "voicemail": (raced(files.voicemail), 20_000),
    "live": (live.live, 1_000_000),
    "growth-mariadb": (partial(costs.growth, "MariaDB"), 8_000_000),
    "growth-postgresql": (partial(costs.growth, "PostgreSQL"), 8_000_000),
    "growth-sqlite": (partial(costs.growth, "SQLite"), 8_000_000),
    "start": (costs.start, 15),
}
"""Each with the size of the reference run."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("events", nargs="*", help=f"of {', '.join(EVENTS)}; else all")
    parser.add_argument("--size", type=int, help="records, instead of the reference run's")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--out", type=Path, help="a file of JSON lines, one for each event; replaces older ones"
    )
    chosen = parser.parse_args()
    names = chosen.events or list(EVENTS)
    if unknown := sorted(set(names) - set(EVENTS)):
        parser.error(f"no event {', '.join(unknown)}")
    lines, failed = [], []
    for name in names:
        measured, size = EVENTS[name]
        size = chosen.size if chosen.size and name != "start" else size
        head = results.head(name, size=size, rounds=chosen.rounds)
        race.tell(f"{name}: {head['machine']}, load {head['load']}")
        try:
            outcome = measured(size, chosen.rounds)
        except (Exception, SystemExit):  # noqa: BLE001  (the other events go on)
            traceback.print_exc()
            failed.append(name)
            continue
        lines.append(results.Line(head, outcome))
        for table in outcome.tables:
            print(table, flush=True)
        if chosen.out:
            results.merge(chosen.out, lines[-1])
    print(summary(figure for line in lines for figure in line.outcome.figures))
    if lines:
        print(results.told(lines[-1].head))
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
