"""How does a sheet become a PDF/A-3 file that carries its signed original along?

The page is for people; what counts is the attached envelope, bit for bit. The same sheet gives
the same bytes whenever it is printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from pbxretain.render.grid import draw, fitting
from pbxretain.render.paper import (
    BOTTOM,
    INK,
    LEFT,
    RIGHT,
    RULE,
    SOFT,
    STRONG,
    TINT,
    TOP,
    WIDTH,
    Colour,
    Line,
    Paper,
    Type,
)
from pbxretain.sheet import (
    Block,
    Chart,
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

MEDIA_TYPE = "application/vnd.dsse.envelope.v1+json"
BODY = Type()
SMALL = Type(8.5)
_LIGHTS: Mapping[str, Colour] = {
    "good": (44, 110, 73),
    "attention": (154, 103, 0),
    "bad": (164, 38, 44),
    "quiet": SOFT,
}
_LIMIT: Colour = (164, 38, 44)
_WHOLE = 75.0
"""Names and values that need no more than this aren't parted by a page's end."""


def as_pdf(sheet: Sheet, *, attached: Mapping[str, bytes] | None = None) -> bytes:
    """The sheet as PDF/A-3B, with files attached under their names.

    Raises DocumentError without fpdf2 (extra ``pdf``).
    """
    paper = _filled(sheet, total=_filled(sheet, total=0).pages)
    for name, data in (attached or {}).items():
        paper.pdf.embed_file(
            bytes=data,
            basename=name,
            mime_type=MEDIA_TYPE,
            associated_file_relationship="Data",
            creation_date=paper.made,
            modification_date=paper.made,
            compress=True,
        )
    return bytes(paper.pdf.output())


def _filled(sheet: Sheet, *, total: int) -> Paper:
    paper = Paper(sheet, total=total)
    paper.new_page()
    for number, block in enumerate(sheet.blocks):
        _block(paper, block, sheet.blocks[number + 1 : number + 4])
    return paper


def _block(paper: Paper, block: Block, following: Sequence[Block]) -> None:
    match block:
        case Heading(text, level):
            _heading(paper, text, level, keep=_least(paper, following))
        case Paragraph(text, "command"):
            _command(paper, text)
        case Paragraph(text, tone):
            kind = {"result": Type(11, bold=True), "note": Type(colour=SOFT)}.get(tone, BODY)
            paper.block(LEFT, paper.lines(text, kind, WIDTH), kind)
            paper.y += 1.8
        case Items(items):
            for item in items:
                _item(paper, item)
            paper.y += 1
        case KeyValue(pairs):
            _pairs(paper, pairs)
        case Table():
            _table(paper, block)
        case Verdict():
            _verdict(paper, block)
        case Chart():
            _chart(paper, block)
        case Form():
            _form(paper, block)
        case PageBreak():
            paper.need(BOTTOM)


def _least(paper: Paper, blocks: Sequence[Block]) -> float:
    """How much of what follows has to stand below a heading."""
    match blocks[0] if blocks else None:
        case KeyValue(pairs):
            high = sum(high for _, _, high in _pair_lines(paper, pairs)[1])
            return high if high <= _WHOLE else 30
        case Chart():
            return 68
        case Table() | Verdict():
            return 32
        case Heading():
            return 14 + _least(paper, blocks[1:])
        case _:
            return 16


def _heading(paper: Paper, text: str, level: int, *, keep: float) -> None:
    kind = Type({1: 18.0, 2: 12.5}.get(level, 10.5), bold=True, colour=STRONG)
    lines = paper.lines(text, kind, WIDTH)
    above = 0.0 if paper.y == TOP else {1: 8.0, 2: 6.0}.get(level, 3.5)
    paper.need(above + len(lines) * kind.line + 2 + keep)  # never alone at the foot of a page
    paper.y += above if paper.y > TOP else 0
    paper.bookmark(text, max(level - 1, 0))
    paper.block(LEFT, lines, kind)
    if level == 1:
        paper.rule(LEFT, paper.y + 1.2, RIGHT, colour=STRONG, thick=0.6)
        paper.y += 4.5
    paper.y += 1.2


def _command(paper: Paper, text: str) -> None:
    kind = Type(8.5, code=True)
    lines = [line for part in text.split("\n") for line in paper.lines(part, kind, WIDTH - 8)]
    high = len(lines) * kind.line + 3
    paper.need(min(high, BOTTOM - TOP))
    paper.fill(LEFT, paper.y, WIDTH, high, colour=TINT)
    paper.y += 1.5
    paper.block(LEFT + 4, lines, kind)
    paper.y += 3.3


def _item(paper: Paper, text: str) -> None:
    lines = paper.lines(text, BODY, WIDTH - 5)
    paper.need(BODY.line * min(len(lines), 3))
    paper.fill(LEFT + 1, paper.y + BODY.line * 0.42, 1, 1, colour=STRONG)
    paper.block(LEFT + 5, lines, BODY)
    paper.y += 0.9


def _pairs(paper: Paper, pairs: Sequence[tuple[str, str]]) -> None:
    side, rows = _pair_lines(paper, pairs)
    whole = sum(high for _, _, high in rows)
    if whole <= _WHOLE:
        paper.need(whole)
    for names, values, high in rows:
        paper.need(high)
        paper.rule(LEFT, paper.y, RIGHT)
        top = paper.y + 0.9
        _lines_at(paper, LEFT, top, names, SMALL)
        _lines_at(paper, LEFT + side, top, values, SMALL)
        paper.y += high
    paper.rule(LEFT, paper.y, RIGHT)
    paper.y += 2.5


def _pair_lines(
    paper: Paper, pairs: Sequence[tuple[str, str]]
) -> tuple[float, list[tuple[list[Line], list[Line], float]]]:
    """The width of the names' side; of each pair both sides' lines and its height."""
    soft = Type(SMALL.size, colour=SOFT)
    wish = max((paper.lines(name, soft, WIDTH)[0].width for name, _ in pairs), default=0)
    word = max((paper.longest(name, soft) for name, _ in pairs), default=0)
    side = min(max(min(wish, WIDTH * 0.33), word) + 5, WIDTH * 0.6)
    rows = []
    for name, value in pairs:
        names = paper.lines(name, soft, side - 3)
        values = paper.lines(value or "–", SMALL, WIDTH - side)
        rows.append((names, values, max(len(names), len(values)) * SMALL.line + 2 * 0.9))
    return side, rows


def _lines_at(paper: Paper, x: float, y: float, lines: Sequence[Line], kind: Type) -> None:
    for number, line in enumerate(lines):
        paper.write(x, y + number * kind.line, line)


# --- tables -----------------------------------------------------------------------------------


def _table(paper: Paper, table: Table) -> None:
    grid = fitting(paper, table)
    if grid is not None:
        draw(paper, grid, table)
        return
    for row in table.rows:  # too wide for the page: each row as a block of names and values
        titles = (column.title for column in table.columns)
        _pairs(paper, list(zip(titles, row, strict=True)))


# --- verdict, chart, form ---------------------------------------------------------------------


def _verdict(paper: Paper, verdict: Verdict) -> None:
    colour = _LIGHTS[verdict.light]
    word, sentence = Type(10, bold=True, colour=colour), Type(12, bold=True)
    status = paper.lines(verdict.status, word, WIDTH - 14)
    lines = paper.lines(verdict.sentence, sentence, WIDTH - 14)
    high = len(status) * word.line + len(lines) * sentence.line + 9
    paper.need(high)
    paper.fill(LEFT, paper.y, WIDTH, high, colour=TINT)
    paper.fill(LEFT, paper.y, 1.6, high, colour=colour)
    _lines_at(paper, LEFT + 7, paper.y + 4, status, word)
    _lines_at(paper, LEFT + 7, paper.y + 5 + len(status) * word.line, lines, sentence)
    paper.y += high + 4


def _chart(paper: Paper, chart: Chart) -> None:
    title = Type(9.5, bold=True)
    lines = paper.lines(chart.title, title, WIDTH)
    paper.need(len(lines) * title.line + (58 if chart.kind != "bars" else 24))
    paper.block(LEFT, lines, title)
    paper.y += 1.5
    if chart.kind == "bars":
        _bars(paper, chart)
    else:
        _drawn(paper, chart)
    if chart.limit is not None and chart.limit_title:
        kind = Type(8, colour=SOFT)
        middle = paper.y + kind.line * 0.5
        paper.stroke((LEFT, middle), (LEFT + 7, middle), colour=_LIMIT, thick=0.5)
        paper.block(LEFT + 9, paper.lines(chart.limit_title, kind, WIDTH - 9), kind)
    paper.y += 3


def _bars(paper: Paper, chart: Chart) -> None:
    side, room, gap = WIDTH * 0.27, WIDTH * 0.31, 4.0
    at = LEFT + side + gap
    for point in chart.points:
        label = paper.lines(point.label, SMALL, side)
        shown = paper.lines(point.shown, SMALL, WIDTH - side - room - 2 * gap)
        high = max(len(label), len(shown)) * SMALL.line + 2.2
        paper.need(high)
        _lines_at(paper, LEFT, paper.y + 1.1, label, SMALL)
        _lines_at(paper, at + room + gap, paper.y + 1.1, shown, SMALL)
        wide = point.value / chart.top * room
        if wide:
            paper.fill(at, paper.y + 1.4, max(wide, 0.3), SMALL.line - 0.8, colour=STRONG)
        paper.stroke((at, paper.y), (at, paper.y + high), colour=RULE, thick=0.2)
        if chart.limit is not None:
            x = at + chart.limit / chart.top * room
            paper.stroke((x, paper.y), (x, paper.y + high), colour=_LIMIT, thick=0.5)
        paper.y += high
    paper.y += 1.5


def _drawn(paper: Paper, chart: Chart) -> None:
    high, kind = 38.0, Type(7.5)
    base = paper.y + high + 6
    step = WIDTH / max(len(chart.points), 1)
    places = [
        (LEFT + step * (n + 0.5), base - p.value / chart.top * high, p)
        for n, p in enumerate(chart.points)
    ]
    every = -(-len(places) // 13)  # more labels than these would run into each other
    if chart.kind == "line":
        for (x, y, _), (to_x, to_y, _) in pairwise(places):
            paper.stroke((x, y), (to_x, to_y), colour=STRONG, thick=0.6)
    half = min(step * 0.36, 9)
    for number, (x, y, point) in enumerate(places):
        if chart.kind == "line":
            paper.fill(x - 0.8, y - 0.8, 1.6, 1.6, colour=STRONG)
        elif point.value:
            paper.fill(x - half, y, 2 * half, base - y, colour=STRONG)
        if number % every == 0:
            for words, top in ((point.shown, y - kind.line - 1), (point.label, base + 1)):
                line = paper.fitted(words, kind, step * every)
                paper.write(x - line.width / 2, top, line)
    paper.rule(LEFT, base, RIGHT, colour=INK)
    if chart.limit is not None:
        y = base - chart.limit / chart.top * high
        paper.rule(LEFT, y, RIGHT, colour=_LIMIT, thick=0.5)
    paper.y = base + kind.line + 3


def _form(paper: Paper, form: Form) -> None:
    inner = WIDTH - 12
    choices = [paper.lines(choice, BODY, inner - 7) for choice in form.choices]
    labels = [paper.lines(label, SMALL, inner * 0.45) for label in form.lines]
    high = 8 + sum(len(lines) * BODY.line + 1.6 for lines in choices)
    high += sum(len(lines) * SMALL.line + 7 for lines in labels)
    paper.need(high)
    paper.box(LEFT, paper.y, WIDTH, high, colour=SOFT)
    paper.y += 4
    for lines in choices:
        paper.box(LEFT + 6, paper.y + 0.8, 3.2, 3.2, colour=INK)
        paper.block(LEFT + 13, lines, BODY)
        paper.y += 1.6
    for lines in labels:
        paper.y += 7
        paper.block(LEFT + 6, lines, SMALL)
        words = max(line.width for line in lines)
        end = LEFT + 6 + (words + 3 if words else 0)
        paper.rule(end, paper.y - 0.6, RIGHT - 6, colour=SOFT)
    paper.y += 8
