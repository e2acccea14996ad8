"""How are contenders compared? Each works on a copy of the same data, round by round in rotated
order, and is only counted when it left exactly what it should have."""

from __future__ import annotations

import gc
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Contender:
    """One way to do the work. ``work`` returns nothing; its wall time counts."""

    name: str
    work: Callable[[], object]


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


@dataclass
class Result:
    """Seconds of each turn, by contender."""

    event: Event
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def rows(self) -> list[tuple[str, float, float, float, float]]:
        """Name, microseconds a record, and the ratio to the base: median, least, most."""
        base = self.seconds[self.event.base]
        told = []
        for name, turns in self.seconds.items():
            ratios = [turn / other for turn, other in zip(turns, base, strict=True)]
            median = statistics.median(turns) / self.event.unit * 1e6
            told.append((name, median, statistics.median(ratios), min(ratios), max(ratios)))
        return told


def run(event: Event, *, rounds: int) -> Result:
    """Every contender once a round; the order moves on by one with each."""
    result = Result(event, {contender.name: [] for contender in event.contenders})
    for number in range(rounds):
        turn = number % len(event.contenders)
        for contender in [*event.contenders[turn:], *event.contenders[:turn]]:
            event.prepare()
            gc.collect()
            os.sync()
            began = time.perf_counter()
            contender.work()
            taken = time.perf_counter() - began
            event.judge()
            result.seconds[contender.name].append(taken)
            tell(f"  round {number + 1}  {contender.name:34} {taken:8.2f} s")
    return result


def table(result: Result) -> str:
    """The result as a table that Markdown and people read."""
    lines = [
        f"### {result.event.title}",
        "",
        f"| way | µs a record | × {result.event.base}: median | least | most |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {name} | {each:.2f} | {median:.2f} | {least:.2f} | {most:.2f} |"
        for name, each, median, least, most in result.rows()
    ]
    return "\n".join(lines) + "\n"


def machine() -> str:
    """What it ran on."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return (
        f"{datetime.now(UTC):%Y-%m-%d} · {cpu} · {os.cpu_count()} cores · {memory} GB · "
        f"Python {platform.python_version()} · load {os.getloadavg()[0]:.1f} before · {commit}"
    )


def tell(line: str) -> None:
    """Progress, apart from the tables."""
    print(line, file=sys.stderr, flush=True)
