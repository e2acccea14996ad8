"""What stands on a page, before anybody decides how it is printed?

A sheet is a neutral list of blocks. Whoever tells something (a report, a plan, a check) builds a
sheet; whoever prints it (text, HTML, PDF) knows nothing of its meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pbxretain.messages import Lang

Tone = Literal["plain", "result", "note", "command"]
"""How a paragraph is meant: ``command`` is typed as it stands and is never wrapped."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the sheet's own title."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text, or a command to type."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class KeyValue:
    """Names with values, one pair a line."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading; numbers stand at the right."""

    title: str
    align: Literal["left", "right"] = "left"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; every row has as many cells as there are columns."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("a row of the table has another number of cells than columns")


Light = Literal["good", "attention", "bad", "quiet"]
"""Only tints what the words say already."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to the question that a reader came with: one sentence, and the status in words."""

    sentence: str
    status: str
    light: Light = "quiet"


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a chart: its label, its size, and the words that tell it."""

    label: str
    value: float
    shown: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of few values of one unit, none below zero.

    ``bars`` lie one under the other, ``columns`` stand in order of time, ``line`` joins them.
    ``limit`` is drawn through the picture and explained by ``limit_title``.
    """

    title: str
    points: tuple[Point, ...]
    kind: Literal["bars", "columns", "line"] = "bars"
    limit: float | None = None
    limit_title: str = ""

    def __post_init__(self) -> None:
        if any(not 0 <= point.value < float("inf") for point in self.points):
            raise ValueError("a value of the chart is below zero or no number")

    @property
    def top(self) -> float:
        """The largest value that has to fit; above zero."""
        return max([point.value for point in self.points] + [self.limit or 0]) or 1.0


@dataclass(frozen=True, slots=True)
class PageBreak:
    """What follows begins a new page, where there are pages."""


@dataclass(frozen=True, slots=True)
class Form:
    """Boxes to tick and lines to fill in by hand, on paper; a line without words is one more."""

    choices: tuple[str, ...]
    lines: tuple[str, ...]


Block = Heading | Paragraph | KeyValue | Items | Table | Verdict | Chart | PageBreak | Form


@dataclass(frozen=True, slots=True)
class Sheet:
    """One document for a person; ``lang`` is the language that its words are in.

    ``made`` is the instant that the content speaks of, never the time of printing, so that the
    same content always gives the same file. ``mark`` is repeated at the foot of every page.
    """

    lang: Lang
    blocks: tuple[Block, ...]
    made: datetime | None = None
    mark: str = ""

    @property
    def title(self) -> str:
        """The first heading."""
        return next((b.text for b in self.blocks if isinstance(b, Heading)), "")
