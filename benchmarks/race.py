"""How are contenders compared? Each works on a copy of the same data, round by round in rotated
order, and is only counted when it left exactly what it should have."""

from __future__ import annotations

import gc
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.outcome import Figure, Outcome, Table


@dataclass(frozen=True)
class Contender:
    """One way to do the work. Its wall time counts, the start of a process included. ``work`` may
    return a mapping with ``seconds``: what the work took without that start, told beside it."""

    name: str
    work: Callable[[], object]


@dataclass(frozen=True)
class Measure:
    """A ratio of two contenders that a row of the goals is held against."""

    row: str
    of: str
    to: str
    what: str


@dataclass
class Event:
    """One kind of work. ``prepare`` makes the data anew, ``judge`` raises where the wrong records
    are left."""

    title: str
    contenders: Sequence[Contender]
    prepare: Callable[[], object]
    judge: Callable[[], object]
    base: str
    unit: int = 1
    """How many records go in one turn."""

    measures: Sequence[Measure] = ()


@dataclass
class Result:
    """Seconds of each turn, by contender."""

    event: Event
    seconds: dict[str, list[float]] = field(default_factory=dict)
    inside: dict[str, list[float]] = field(default_factory=dict)
    """The same without the start of a process."""

    def ratios(self, of: str, to: str) -> list[float]:
        """Round by round."""
        pairs = zip(self.seconds[of], self.seconds[to], strict=True)
        return [turn / other for turn, other in pairs]

    def outcome(self) -> Outcome:
        base, rows = self.event.base, []
        for name, turns in self.seconds.items():
            each = statistics.median(turns) / self.event.unit * 1e6
            ratios = self.ratios(name, base)
            alone = statistics.median(self.inside[name]) / statistics.median(self.seconds[base])
            told = (each, statistics.median(ratios), min(ratios), max(ratios), alone)
            rows.append([name, *(f"{value:.2f}" for value in told)])
        head = ["way", "µs a record", f"× {base}: median", "least", "most", "without the start"]
        figures = [
            Figure.of(each.row, each.what, self.ratios(each.of, each.to))
            for each in self.event.measures
        ]
        return Outcome([Table(self.event.title, head, rows)], figures)


def run(event: Event, *, rounds: int) -> Outcome:
    """Every contender once a round; the order moves on by one with each."""
    tell(event.title)
    names = [contender.name for contender in event.contenders]
    result = Result(event, {name: [] for name in names}, {name: [] for name in names})
    for number in range(rounds):
        turn = number % len(event.contenders)
        for contender in [*event.contenders[turn:], *event.contenders[:turn]]:
            event.prepare()
            gc.collect()
            os.sync()
            began = time.perf_counter()
            told = contender.work()
            taken = time.perf_counter() - began
            event.judge()
            inside = told.get("seconds", taken) if isinstance(told, dict) else taken
            result.inside[contender.name].append(inside)
            result.seconds[contender.name].append(taken)
            tell(f"  round {number + 1}  {contender.name:34} {taken:8.2f} s")
    return result.outcome()


def tell(line: str) -> None:
    """Progress, apart from the tables."""
    print(line, file=sys.stderr, flush=True)
