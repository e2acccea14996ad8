"""What isn't a race: memory at two sizes, growth, a clean table, evidence alone, the start."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from support import reports
from support.officer import Book, private
from support.reports import NOW

from benchmarks.calllog import Raced
from benchmarks.mariadb import mariadb
from benchmarks.outcome import Figure, Outcome, Table
from benchmarks.postgresql import postgresql
from benchmarks.race import tell
from benchmarks.site import HERE, as_installed
from benchmarks.sqlite import sqlite

SMALLER = 16
"""How much smaller the other table is."""

KINDS: dict[str, Callable[[int], AbstractContextManager[Raced]]] = {
    "MariaDB": mariadb,
    "PostgreSQL": postgresql,
    "SQLite": sqlite,
}

STEPS = (("plan", True), ("run", False), ("clean plan", True), ("clean run", False))


def growth(name: str, rows: int, rounds: int) -> Outcome:
    """One database at a sixteenth of the rows and at all of them: the plan, the run, then both over
    the table in which nothing is due any more. Seconds with the start of the process."""
    head = ["step", "rows", "seconds", "of it the start", "µs a record", "peak MB"]
    table = Table(f"{name}, one table in two sizes", head, [])
    costs: dict[int, list[float]] = {}
    peaks: dict[int, list[float]] = {}
    walls: dict[str, list[float]] = {step: [] for step, _ in STEPS}
    for size in (rows // SMALLER, rows):
        with KINDS[name](size) as event:
            for _ in range(rounds):
                event.prepare()
                for step, plan in STEPS:
                    told = event.ours(only_plan=plan)
                    each = told["seconds"] / event.unit * 1e6
                    if step == "run":
                        costs.setdefault(size, []).append(each)
                        peaks.setdefault(size, []).append(told["peak_mb"])
                        event.judge()
                    if size == rows:
                        walls[step].append(told["wall"])
                    start = told["wall"] - told["seconds"]
                    cells = [f"{told['wall']:.2f}", f"{start:.2f}"]
                    cells += [f"{each:.1f}" if step == "run" else "", f"{told['peak_mb']:.0f}"]
                    table.rows.append([step, f"{size:,}", *cells])
                    tell(f"  {name} {' | '.join(table.rows[-1])}")
    small, large = costs
    grown = [a / b for a, b in zip(costs[large], costs[small], strict=True)]
    heavier = [a / b for a, b in zip(peaks[large], peaks[small], strict=True)]
    figures = [
        Figure.of("memory", name, peaks[large]),
        Figure.of("memory-growth", name, heavier),
        Figure.of("growth", name, grown),
        Figure.of("plan", name, walls["plan"]),
        Figure.of("clean", f"{name}, plan", walls["clean plan"]),
        Figure.of("clean", f"{name}, run", walls["clean run"]),
    ]
    return Outcome([table], figures)


def start(starts: int, rounds: int) -> Outcome:
    """``--help``, and ``verify`` of one report with a roster, in processes of their own."""
    with tempfile.TemporaryDirectory(prefix="pbxretain-bench-") as made:
        book = Book(Path(made) / "reports")
        book.run(NOW, datasets=(reports.dataset("calls"),))
        roster = book.officer.roster(Path(made) / "trust.dsse.json", private(1))
        report = min((Path(made) / "reports").glob("*.dsse.json"))
        verify = ["verify", str(report), "--trust", str(roster)]
        taken = {
            "help": _starts(["--help"], max(starts, rounds)),
            "verify": _starts(verify, max(starts, rounds)),
        }
    rows = [
        [name, f"{statistics.median(each):.0f}", f"{min(each):.0f}", f"{max(each):.0f}"]
        for name, each in taken.items()
    ]
    table = Table("Start", ["command", "median ms", "least", "most"], rows)
    return Outcome([table], [Figure.of(name, "", each) for name, each in taken.items()])


def _starts(arguments: list[str], count: int) -> list[float]:
    """Milliseconds of each start. Raises SystemExit where the command fails; 3 is a finding."""
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "pbxretain", *arguments],
            capture_output=True,
            cwd=HERE,
            env=as_installed(),
            text=True,
            check=False,
        )
        taken.append((time.perf_counter() - began) * 1000)
        if done.returncode not in (0, 3):
            raise SystemExit(f"{arguments[0]} failed: {done.returncode}\n{done.stderr[-1000:]}")
    return taken


def evidence(records: int, rounds: int) -> Outcome:
    """Leaves, lookup and files of so many records on one core; CPU seconds."""
    script = str(Path(__file__).with_name("evidence.py"))
    costs: dict[str, list[float]] = {"counts": [], "sealed": []}
    for level, each in costs.items():
        for _ in range(rounds):
            done = subprocess.run(
                [sys.executable, script, "--records", str(records), "--only", level],
                check=True,
                capture_output=True,
                text=True,
                cwd=HERE,
            )
            tell(done.stdout.rstrip())
            each.append(json.loads(done.stdout.splitlines()[-1])["us"])
    rows = [
        [level, f"{statistics.median(each):.2f}", f"{min(each):.2f}", f"{max(each):.2f}"]
        for level, each in costs.items()
    ]
    title = f"Evidence alone, {records:,} records with two parties each"
    table = Table(title, ["level", "µs CPU a record: median", "least", "most"], rows)
    return Outcome(
        [table],
        [Figure.of("evidence", level, [1e6 / us for us in each]) for level, each in costs.items()],
    )
