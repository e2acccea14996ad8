"""How does a sheet become text for a terminal or a plain file?

What is printed comes partly out of files that somebody else wrote, so nothing that a terminal
would act upon gets through.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from string import hexdigits

from pbxretain.sheet import (
    Block,
    Chart,
    Column,
    Form,
    Heading,
    Items,
    KeyValue,
    PageBreak,
    Paragraph,
    Sheet,
    Table,
    Verdict,
)

GAP = 2
WIDEST_BAR = 50
SHORTEST_BLANK = 16
CODE_LENGTH = 24
_AROUND = "()[]<>.,:;!?\"'"
_IN_CODE = re.compile(r"[0-9_.=]|/.*/")
NARROWEST = 40
"""No page is laid out for fewer columns than this."""


def as_text(sheet: Sheet, *, width: int = 80) -> str:
    """The sheet as plain text, wrapped at ``width`` columns; ends with a line feed."""
    width = max(width, NARROWEST)
    parts = ["\n".join(_block(block, width)) for block in sheet.blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def clean(text: str) -> str:
    """Text without control and format characters (escapes, overrides of writing direction)."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def is_code(word: str) -> bool:
    """Whether a word is a digest, a path or the like: set in type of even width, broken anywhere
    where no line is wide enough."""
    bare = word.strip(_AROUND)
    if len(bare) < CODE_LENGTH or not bare.isascii():
        return False
    return bool(_IN_CODE.search(bare)) or set(bare) <= set(hexdigits)


def _block(block: Block, width: int) -> list[str]:
    match block:
        case Heading(text, level):
            return _heading(clean(text), level=level, width=width)
        case Paragraph(text, "command"):
            return [f"    {line}" for line in clean(text).splitlines()]
        case Paragraph(text, tone):
            indent = "  " if tone == "note" else ""
            return _wrap(text, width=width, first=indent, rest=indent)
        case Items(items):
            return [
                line for item in items for line in _wrap(item, width=width, first="- ", rest="  ")
            ]
        case KeyValue(pairs):
            return _pairs(pairs, width)
        case Table():
            return _table(block, width)
        case Verdict(sentence, status):
            return [*_wrap(sentence, width=width), *_wrap(f"[{status}]", width=width)]
        case Chart():
            return _chart(block, width)
        case Form(choices, lines):
            boxes = [
                line
                for choice in choices
                for line in _wrap(choice, width=width, first="[ ] ", rest="    ")
            ]
            return boxes + [line for label in lines for line in ("", *_blank(label, width))]
        case PageBreak():
            return []


def _heading(text: str, *, level: int, width: int) -> list[str]:
    lines = textwrap.wrap(text, width) or [""]
    return [*lines, ("=" if level == 1 else "-") * max(map(_columns, lines))]


def _wrap(text: str, *, width: int, first: str = "", rest: str = "") -> list[str]:
    text = clean(text)
    if len(text) + len(first) <= width and text.isprintable():
        return [first + text]  # most cells of most tables: wrapping costs a hundred times more
    return [
        line
        for number, paragraph in enumerate(text.split("\n"))
        for line in textwrap.wrap(
            paragraph,
            width,
            initial_indent=rest if number else first,
            subsequent_indent=rest,
            break_on_hyphens=False,
        )
    ]


def _pairs(pairs: tuple[tuple[str, str], ...], width: int) -> list[str]:
    if not pairs:
        return []
    side = min(max(_columns(clean(name)) for name, _ in pairs), width // 3) + 1
    room = width - side - GAP
    lines: list[str] = []
    for name, value in pairs:
        if any(_columns(word) > room for word in clean(value).split()):
            # A digest that would be cut in two stands whole on a line of its own.
            lines += _wrap(f"{name}:", width=width) + _wrap(
                value, width=width, first="  ", rest="  "
            )
            continue
        names, values = _wrap(f"{name}:", width=side), _wrap(value or "-", width=room)
        lines += _beside([names, values], [side, room], _LEFT * 2)
    return lines


_LEFT: tuple[Column, ...] = (Column(""),)


def _table(table: Table, width: int) -> list[str]:
    rows = [tuple(clean(cell) for cell in row) for row in table.rows]
    titles = tuple(clean(column.title) for column in table.columns)
    widths = _fit([titles, *rows], width)
    if widths is None:
        return _as_cards(titles, rows, width)
    head = _row(titles, widths, table.columns)
    rule = "  ".join("-" * wide for wide in widths)
    body = [line for row in rows for line in _row(row, widths, table.columns)]
    return [*head, rule, *body]


def _fit(rows: list[tuple[str, ...]], width: int) -> list[int] | None:
    """Widths under which no word is cut, the widest columns shrunk first; None: no room."""
    columns = list(zip(*rows, strict=True))
    wish = [
        max(_columns(line) for cell in column for line in cell.split("\n")) for column in columns
    ]
    least = [max((_columns(w) for c in column for w in c.split()), default=1) for column in columns]
    room = width - GAP * (len(columns) - 1)
    if sum(least) > room:
        return None
    while sum(wish) > room:
        shrinkable = [n for n in range(len(wish)) if wish[n] > least[n]]
        wish[max(shrinkable, key=lambda n: wish[n])] -= 1
    return wish


def _row(cells: tuple[str, ...], widths: list[int], columns: tuple[Column, ...]) -> list[str]:
    wrapped = [_wrap(cell, width=wide) for cell, wide in zip(cells, widths, strict=True)]
    return _beside(wrapped, widths, columns)


def _beside(cells: list[list[str]], widths: list[int], columns: tuple[Column, ...]) -> list[str]:
    height = max(len(cell) for cell in cells)
    lines = []
    for number in range(height):
        parts = [
            _pad(cell[number] if number < len(cell) else "", wide, column)
            for cell, wide, column in zip(cells, widths, columns, strict=True)
        ]
        lines.append((" " * GAP).join(parts).rstrip())
    return lines


def _as_cards(titles: tuple[str, ...], rows: list[tuple[str, ...]], width: int) -> list[str]:
    """A table too wide for the page: each row as a block of names and values."""
    lines: list[str] = []
    for row in rows:
        lines += ["", *_pairs(tuple(zip(titles, row, strict=True)), width)]
    return lines[1:]


def _chart(chart: Chart, width: int) -> list[str]:
    """Bars of number signs, whatever the kind; a bar stands where the limit is."""
    head = _wrap(chart.title, width=width)
    points = [(clean(p.label), p.value, clean(p.shown)) for p in chart.points]
    if chart.limit is not None and chart.limit_title:
        head += _wrap(f"| = {chart.limit_title}", width=width)
    if not points:
        return head
    side = min(max(_columns(label) for label, _, _ in points), width // 3)
    told = min(max(_columns(shown) for _, _, shown in points), width * 2 // 5)
    room = min(width - side - told - 2 * GAP, WIDEST_BAR)
    lines = []
    for label, value, shown in points:
        bar = _bar(value, chart.top, room, limit=chart.limit)
        cells = [_wrap(label, width=side), [bar], _wrap(shown, width=told)]
        lines += _beside(cells, [side, room, told], _LEFT * 3)
    return head + lines


def _bar(value: float, top: float, room: int, *, limit: float | None) -> str:
    signs = "#" * max(round(value / top * room), 1 if value else 0)
    if limit is None:
        return signs
    at = min(round(limit / top * room), room - 1)
    return f"{signs[:at]:{at}}|{signs[at + 1 :]}"


def _blank(label: str, width: int) -> list[str]:
    lines = _wrap(f"{label}:", width=width) if label else [""]
    rest = width - _columns(lines[-1]) - 1
    if label and rest >= SHORTEST_BLANK:
        return [*lines[:-1], f"{lines[-1]} {'_' * min(rest, WIDEST_BAR)}"]
    return [*filter(None, lines), "_" * min(width, WIDEST_BAR)]


def _pad(text: str, width: int, column: Column) -> str:
    space = " " * max(width - _columns(text), 0)
    return space + text if column.align == "right" else text + space


def _columns(text: str) -> int:
    """Terminal columns: wide signs take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
