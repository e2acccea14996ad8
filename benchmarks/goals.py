"""What must each kind of work reach, and was it reached? The rows of issue 6."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.outcome import Figure, Table


@dataclass(frozen=True)
class Goal:
    """One row. ``floor``: the value must not be below the goal; else not above it."""

    work: str
    goal: float
    stretch: float | None = None
    unit: str = "×"
    floor: bool = False

    def met(self, value: float) -> bool:
        return value >= self.goal if self.floor else value <= self.goal

    def reached(self, value: float) -> str:
        """``stretch``, ``yes`` or ``no``."""
        if self.stretch is not None:
            beyond = value >= self.stretch if self.floor else value <= self.stretch
            if beyond:
                return "stretch"
        return "yes" if self.met(value) else "no"

    def bound(self, value: float) -> str:
        return f"{'≥' if self.floor else '≤'} {number(value)} {self.unit}"


GOALS: dict[str, Goal] = {
    "mariadb": Goal("MariaDB: delete with evidence, against bare chunked DELETE", 1.25, 1.1),
    "pt-archiver": Goal("MariaDB: as fast as `pt-archiver --bulk-delete`", 1.7, 2, floor=True),
    "postgresql": Goal("PostgreSQL: against bare windowed DELETE", 2.3, 1.8),
    "3cx": Goal("PostgreSQL, 3CX's four linked tables: against bare deletes", 1.5, 1.25),
    "sqlite": Goal("SQLite: against bare chunked DELETE", 2.5, 2),
    "evidence": Goal("evidence alone, one core", 250_000, 500_000, "records/s", floor=True),
    "no-index": Goal("no index on time: last batches against first", 1.5),
    "recordings": Goal("recordings: against `find -delete`", 1.5, 1.25),
    "voicemail": Goal("voicemail: against a plain unlink", 3, 2),
    "memory": Goal("peak memory at the larger size", 100, 70, "MB"),
    "memory-growth": Goal("peak memory, larger size against a sixteenth", 1.1),
    "live": Goal("live writer: p99 of INSERT during a paced run, against idle", 2.5, 2),
    "growth": Goal("cost per record, larger size against a sixteenth", 1.5),
    "plan": Goal("`plan` with an index on time", 2, unit="s"),
    "clean": Goal("nothing due on a clean table", 2, unit="s"),
    "help": Goal("`pbxretain --help`", 150, unit="ms"),
    "verify": Goal("`verify` of one report", 300, unit="ms"),
}


def number(value: float) -> str:
    """Three digits that say something."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def summary(figures: Iterable[Figure]) -> Table:
    """Each row's goal beside what was measured, in the issue's order."""
    listed = list(figures)
    rows = [
        [
            goal.work,
            figure.what,
            goal.bound(goal.goal),
            goal.bound(goal.stretch) if goal.stretch is not None else "",
            f"**{number(figure.value)}**",
            f"{number(figure.least)} to {number(figure.most)}",
            goal.reached(figure.value),
        ]
        for name, goal in GOALS.items()
        for figure in listed
        if figure.row == name
    ]
    head = ["work", "measured on", "goal", "stretch", "median", "least to most", "met"]
    return Table("Goals", head, rows)
