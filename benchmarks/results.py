"""What is kept of a run: one JSON line for each event, with the machine, the date and the size.

``python -m benchmarks.results`` writes the tables of docs/performance.md anew out of
``results.jsonl``; ``make docs`` does it too.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.goals import summary
from benchmarks.outcome import Outcome

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "benchmarks" / "results.jsonl"
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- results -->", "<!-- end of results -->"


@dataclass(frozen=True)
class Line:
    """One event's results."""

    head: dict[str, Any]
    outcome: Outcome

    @property
    def event(self) -> str:
        return str(self.head["event"])

    def written(self) -> str:
        return json.dumps({**self.head, **self.outcome.told()}, ensure_ascii=False)

    @classmethod
    def read(cls, text: str) -> Line:
        told = json.loads(text)
        head = {key: told[key] for key in told if key not in ("tables", "figures")}
        return cls(head, Outcome.read(told))


def head(event: str, *, size: int, rounds: int) -> dict[str, Any]:
    """When, where and how an event is run."""
    return {
        "event": event,
        "size": size,
        "rounds": rounds,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": _commit(),
        "machine": _machine(),
        "load": round(os.getloadavg()[0], 1),
    }


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    return done.stdout.strip()


def _machine() -> str:
    names = (
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    memory = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    cpu = next(names, platform.machine())
    return f"{cpu}, {os.cpu_count()} cores, {memory} GB, Python {platform.python_version()}"


def told(head: dict[str, Any]) -> str:
    """The line below a table."""
    return (
        f"{head['date']} · {head['machine']} · {head['rounds']} rounds · load {head['load']} before"
        f" · {head['commit']}"
    )


def read(path: Path) -> list[Line]:
    """What a file holds; nothing where there is none."""
    if not path.exists():
        return []
    return [Line.read(text) for text in path.read_text(encoding="utf-8").splitlines() if text]


def merge(path: Path, line: Line) -> None:
    """Puts an event's line in, in place of an older one."""
    lines = {each.event: each for each in read(path)} | {line.event: line}
    text = "".join(f"{each.written()}\n" for each in lines.values())
    path.write_text(text, encoding="utf-8")


def section(lines: list[Line]) -> str:
    """The page's part about a run."""
    if not lines:
        return 'No reference run yet: `make bench BENCH_ARGS="--out benchmarks/results.jsonl"`.\n'
    parts = [str(summary(figure for line in lines for figure in line.outcome.figures))]
    for line in lines:
        parts += [str(table) for table in line.outcome.tables]
        parts.append(f"`{line.event}`: {line.head['size']:,} · {told(line.head)}\n")
    return "\n".join(parts)


def page(text: str, lines: list[Line]) -> str:
    """The page with its generated part made anew."""
    before, _, rest = text.partition(f"{BEGIN}\n")
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"{PAGE.name} has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{section(lines)}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), read(FILE)), encoding="utf-8")
