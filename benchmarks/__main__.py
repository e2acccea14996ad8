"""Everything side by side in one run: ``python -m benchmarks [EVENT…] --rows N --rounds N``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager

from benchmarks import cdr, costs, files, race

EVENTS: dict[str, tuple[Callable[[int], AbstractContextManager[race.Event]], int]] = {
    "mariadb": (cdr.mariadb, 2_000_000),
    "postgresql": (cdr.postgresql, 2_000_000),
    "sqlite": (cdr.sqlite, 2_000_000),
    "recordings": (files.recordings, 200_000),
    "voicemail": (files.voicemail, 20_000),
}
"""The races, with the size of the reference run."""

COSTS: dict[str, tuple[Callable[[int], str], int]] = {
    "growth": (costs.growth, 8_000_000),
    "evidence": (costs.evidence, 1_000_000),
    "start": (costs.start, 15),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("events", nargs="*", help=f"of {', '.join([*EVENTS, *COSTS])}; else all")
    parser.add_argument("--size", type=int, help="records, instead of the reference run's")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    print(race.machine(), end="\n\n")
    for name in chosen.events or [*EVENTS, *COSTS]:
        if name in COSTS:
            cost, size = COSTS[name]
            print(cost(chosen.size or size), flush=True)
            continue
        build, size = EVENTS[name]
        with build(chosen.size or size) as event:
            race.tell(event.title)
            print(race.table(race.run(event, rounds=chosen.rounds)), flush=True)


if __name__ == "__main__":
    main()
