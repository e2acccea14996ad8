"""What isn't a race: memory at two sizes, growth, a clean table, evidence alone, the start."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks import cdr
from benchmarks.race import tell
from benchmarks.site import HERE


def growth(rows: int) -> str:
    """Peak memory and cost a record at a sixteenth of the rows and at all of them; then the plan,
    and a run and a plan over the table in which nothing is due any more."""
    lines = ["### One table, two sizes", ""]
    lines += ["| | rows | seconds | µs a record | peak MB |", "|---|---:|---:|---:|---:|"]
    kinds: dict[str, Callable[[int], AbstractContextManager[cdr.Raced]]] = {
        "MariaDB": cdr.mariadb,
        "PostgreSQL": cdr.postgresql,
        "SQLite": cdr.sqlite,
    }
    for name, kind in kinds.items():
        for size in (rows // 16, rows):
            with kind(size) as event:
                event.prepare()
                for what, plan in (("plan", True), ("run", False), ("clean plan", True)):
                    told = event.ours(only_plan=plan)
                    each = f"{told['seconds'] / event.unit * 1e6:.1f}" if what == "run" else ""
                    lines.append(
                        f"| {name}, {what} | {size:,} | {told['seconds']:.2f} | {each} "
                        f"| {told['peak_mb']:.0f} |"
                    )
                    tell(lines[-1])
                told = event.ours()
                lines.append(
                    f"| {name}, clean run | {size:,} | {told['seconds']:.2f} | "
                    f"| {told['peak_mb']:.0f} |"
                )
    return "\n".join(lines) + "\n"


def start(rounds: int) -> str:
    """How long ``--help`` takes, the least and the middle of some starts."""
    command = [sys.executable, "-m", "pbxretain", "--help"]
    taken = []
    for _ in range(max(5, rounds)):
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, cwd=HERE)
        taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    middle, least = taken[len(taken) // 2], taken[0]
    return f"### Start\n\n`pbxretain --help`: {middle:.0f} ms, least {least:.0f} ms\n"


def evidence(records: int) -> str:
    """Leaves, lookup and files of so many records on one core."""
    script = Path(__file__).with_name("evidence.py")
    done = subprocess.run(
        [sys.executable, str(script), "--records", str(records)],
        check=True,
        capture_output=True,
        text=True,
        cwd=HERE,
    )
    return f"### Evidence alone\n\n```\n{done.stdout.strip()}\n```\n"
