"""Everything side by side in one run: ``python -m benchmarks [EVENT…] --rows N --rounds N``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager

from benchmarks import cdr, race

EVENTS: dict[str, Callable[[int], AbstractContextManager[race.Event]]] = {
    "mariadb": cdr.mariadb,
    "postgresql": cdr.postgresql,
    "sqlite": cdr.sqlite,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("events", nargs="*", help=f"of {', '.join(EVENTS)}; all by default")
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    print(race.machine(), end="\n\n")
    for name in chosen.events or EVENTS:
        with EVENTS[name](chosen.rows) as event:
            race.tell(event.title)
            print(race.table(race.run(event, rounds=chosen.rounds)), flush=True)


if __name__ == "__main__":
    main()
