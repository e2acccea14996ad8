"""How does a table get onto pages: how wide are its columns, and where is its head repeated?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pbxretain.render.paper import BOTTOM, LEFT, RIGHT, STRONG, TINT, TOP, WIDTH, Line, Paper, Type
from pbxretain.sheet import Table

_SIZES = ((8.5, 1.8), (8.0, 1.8), (7.5, 1.5), (7.0, 1.3), (6.5, 1.2))
"""Sizes of type to try, in points, each with the space beside a cell's words in millimetres."""
_ABOVE = 1.1
_NARROWEST, _WIDEST = 6.0, WIDTH * 0.6

Cells = Sequence[Sequence[Line]]


@dataclass(frozen=True, slots=True)
class Grid:
    """Widths of columns under which no word is cut, together the page's."""

    widths: tuple[float, ...]
    rights: tuple[bool, ...]
    body: Type
    head: Type
    pad: float

    def lines(self, paper: Paper, cells: Sequence[str], kind: Type) -> Cells:
        """Each cell broken into the lines of its column."""
        return [
            paper.lines(cell, kind, wide - 2 * self.pad)
            for cell, wide in zip(cells, self.widths, strict=True)
        ]


def fitting(paper: Paper, table: Table) -> Grid | None:
    """The grid in the largest type that has room; None where none has."""
    rights = tuple(column.align == "right" for column in table.columns)
    for size, pad in _SIZES:
        body, head = Type(size), Type(size, bold=True, colour=STRONG)
        widths = _widths(paper, table, body, head, pad)
        if widths is not None:
            return Grid(tuple(widths), rights, body, head, pad)
    return None


def _widths(paper: Paper, table: Table, body: Type, head: Type, pad: float) -> list[float] | None:
    least, wish = [], []
    for number, column in enumerate(table.columns):
        cells = [row[number] for row in table.rows]
        words = [paper.longest(cell, body) for cell in cells] + [paper.longest(column.title, head)]
        whole = [line.width for cell in cells for line in paper.lines(cell, body, 10_000)]
        beside = 2 * pad + 0.2
        least.append(max(*words, _NARROWEST) + beside)
        wish.append(max(least[-1], min(max(whole, default=0) + beside, _WIDEST)))
    spare = WIDTH - sum(least)
    if spare < 0:
        return None
    wanted = sum(wish) - sum(least)
    if wanted > spare:
        return [a + (b - a) * spare / wanted for a, b in zip(least, wish, strict=True)]
    rest = (WIDTH - sum(wish)) / max(len(wish), 1)
    return [wide + rest for wide in wish]


def draw(paper: Paper, grid: Grid, table: Table) -> None:
    """The table from here on, its head again at the top of every further page."""
    titles = grid.lines(paper, [column.title for column in table.columns], grid.head)
    rows = [grid.lines(paper, row, grid.body) for row in table.rows]
    paper.need(_height(titles, grid.head) + sum(_height(row, grid.body) for row in rows[:1]))
    _head(paper, grid, titles)
    for row in rows:
        room = BOTTOM - TOP - _height(titles, grid.head)
        for part in _slices(row, int((room - 2 * _ABOVE) / grid.body.line)):
            if paper.y + _height(part, grid.body) > BOTTOM:
                paper.new_page()
                _head(paper, grid, titles)
            _row(paper, grid, part, grid.body)
            paper.y += _height(part, grid.body)
        paper.rule(LEFT, paper.y, RIGHT)
    paper.y += 3


def _slices(row: Cells, most: int) -> list[Cells]:
    """A row taller than a page in parts that are not."""
    high = max((len(lines) for lines in row), default=1)
    return [[lines[at : at + most] for lines in row] for at in range(0, max(high, 1), most)]


def _height(cells: Cells, kind: Type) -> float:
    return max((len(lines) for lines in cells), default=1) * kind.line + 2 * _ABOVE


def _head(paper: Paper, grid: Grid, titles: Cells) -> None:
    high = _height(titles, grid.head)
    paper.fill(LEFT, paper.y, WIDTH, high, colour=TINT)
    _row(paper, grid, titles, grid.head, foot=high)
    paper.y += high
    paper.rule(LEFT, paper.y, RIGHT, colour=STRONG, thick=0.35)


def _row(paper: Paper, grid: Grid, cells: Cells, kind: Type, *, foot: float = 0) -> None:
    x = LEFT
    for right, lines, wide in zip(grid.rights, cells, grid.widths, strict=True):
        # Titles stand on the head's lower edge, cells hang from the row's upper one.
        top = paper.y + (foot - _ABOVE - len(lines) * kind.line if foot else _ABOVE)
        for number, line in enumerate(lines):
            at = x + wide - grid.pad - line.width if right else x + grid.pad
            paper.write(at, top + number * kind.line, line)
        x += wide
