"""What stands on a page, before anybody decides how it is printed?

A sheet is a neutral list of blocks. Whoever tells something (a report, a plan, a check) builds a
sheet; whoever prints it (text now; HTML and PDF have their place) knows nothing of its meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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


Block = Heading | Paragraph | KeyValue | Items | Table


@dataclass(frozen=True, slots=True)
class Sheet:
    """One document for a person; ``lang`` is the language that its words are in."""

    lang: str
    blocks: tuple[Block, ...]
