"""What does an event tell? Tables for people, and figures that a goal is held against."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured value for a row of the goals; ``least`` and ``most`` over the rounds."""

    row: str
    what: str
    value: float
    least: float
    most: float

    @classmethod
    def of(cls, row: str, what: str, values: Sequence[float]) -> Figure:
        """The median of some rounds."""
        return cls(row, what, statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Table:
    """Cells are text already; the first column stands left, the others right."""

    title: str
    head: list[str]
    rows: list[list[str]]

    def __str__(self) -> str:
        """As Markdown and people read it."""
        lines = [f"### {self.title}", "", _line(self.head)]
        lines.append(_line(["---", *["---:"] * (len(self.head) - 1)]))
        return "\n".join([*lines, *map(_line, self.rows), ""])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


@dataclass
class Outcome:
    """What one event gave."""

    tables: list[Table] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "tables": [asdict(table) for table in self.tables],
            "figures": [
                {
                    key: round(value, 4) if isinstance(value, float) else value
                    for key, value in asdict(figure).items()
                }
                for figure in self.figures
            ],
        }

    @classmethod
    def read(cls, told: dict[str, Any]) -> Outcome:
        """The inverse of ``told``."""
        return cls(
            [Table(**table) for table in told["tables"]],
            [Figure(**figure) for figure in told["figures"]],
        )
