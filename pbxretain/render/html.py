"""How does a sheet become one HTML file that needs nothing else?

No script, no address, no file beside it: the policy in the file's head forbids them, so that a
report opened anywhere neither calls home nor does anything. Charts are SVG with their values as
text; the print style is for A4.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files

from pbxretain.render.text import clean, is_code
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

_WIDE, _HIGH, _BASE, _TOP = 640, 230, 190, 34


def as_html(sheet: Sheet) -> str:
    """The sheet as one self-contained HTML file."""
    style = files("pbxretain.render").joinpath("page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    foot = f"<footer>{_inline(sheet.mark)}</footer>\n" if sheet.mark else ""
    body = "\n".join(part for block in sheet.blocks for part in _block(block))
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(sheet.lang)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{_plain(sheet.title)}</title>\n<style>{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n{foot}</body>\n</html>\n"
    )


def _plain(text: str) -> str:
    return escape(clean(text))


def _inline(text: str) -> str:
    """Running text: long codes in type of even width, line feeds kept."""
    lines = []
    for line in clean(text).split("\n"):
        words = [
            f"<code>{escape(word)}</code>" if is_code(word) else escape(word)
            for word in line.split(" ")
        ]
        lines.append(" ".join(words))
    return "<br>".join(lines)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading(text, level):
            tag = f"h{min(max(level, 1), 6)}"
            yield f"<{tag}>{_inline(text)}</{tag}>"
        case Paragraph(text, "command"):
            yield f"<pre><code>{_plain(text)}</code></pre>"
        case Paragraph(text, tone):
            yield (
                f"<p>{_inline(text)}</p>"
                if tone == "plain"
                else (f'<p class="{tone}">{_inline(text)}</p>')
            )
        case Items(items):
            yield f"<ul>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</ul>"
        case KeyValue(pairs):
            rows = (
                f"<div><dt>{_inline(name)}</dt><dd>{_inline(value) or '–'}</dd></div>"
                for name, value in pairs
            )
            yield f"<dl>{''.join(rows)}</dl>"
        case Table(columns, rows):
            yield from _table(columns, rows)
        case Verdict(sentence, status, light):
            yield f'<div class="verdict {light}"><p class="status">{_inline(status)}</p>'
            yield f"<p>{_inline(sentence)}</p></div>"
        case Chart():
            yield from _bars(block) if block.kind == "bars" else _drawn(block)
        case Form(choices, lines):
            yield '<div class="form">'
            if choices:
                boxes = "".join(f"<li>{_inline(choice)}</li>" for choice in choices)
                yield f'<ul class="choices">{boxes}</ul>'
            yield from (f'<p class="blank"><span>{_inline(line)}</span></p>' for line in lines)
            yield "</div>"
        case PageBreak():
            yield '<div class="break"></div>'


def _table(columns: tuple[Column, ...], rows: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    # The first cell names its row, so a screen reader says it before each figure.
    name = ", ".join(_plain(column.title) for column in columns)
    yield f'<div class="wide" tabindex="0" role="region" aria-label="{name}"><table><thead><tr>'
    yield "".join(
        f'<th scope="col"{_align(column)}>{_inline(column.title)}</th>' for column in columns
    )
    yield "</tr></thead><tbody>"
    for row in rows:
        cells = zip(row, columns, strict=True)
        yield "<tr>" + "".join(_cells(cells)) + "</tr>"
    yield "</tbody></table></div>"


def _cells(cells: Iterable[tuple[str, Column]]) -> Iterator[str]:
    for number, (cell, column) in enumerate(cells):
        tag = "td" if number else 'th scope="row"'
        yield f"<{tag}{_align(column)}>{_inline(cell)}</{tag[:2]}>"


def _align(column: Column) -> str:
    return ' class="number"' if column.align == "right" else ""


# --- charts -----------------------------------------------------------------------------------


def _bars(chart: Chart) -> Iterator[str]:
    """A table of label, bar and words: wraps as text does, and reads without the bars."""
    yield f'<figure><figcaption>{_inline(chart.title)}</figcaption><table class="bars"><tbody>'
    for point in chart.points:
        wide = f"{point.value / chart.top * 200:.1f}"
        bar = f'<rect class="bar" y="3" width="{wide}" height="12" rx="1"/>'
        if chart.limit is not None:
            at = f"{chart.limit / chart.top * 200:.1f}"
            bar += f'<path class="limit" d="M{at} 0V18"/>'
        yield (
            f'<tr><th scope="row">{_inline(point.label)}</th>'
            f'<td class="drawn"><svg viewBox="-1 0 203 18" aria-hidden="true">{bar}</svg></td>'
            f"<td>{_inline(point.shown)}</td></tr>"
        )
    yield f"</tbody></table>{_legend(chart)}</figure>"


def _drawn(chart: Chart) -> Iterator[str]:
    """Columns or a line over time; the values are in the picture's description too."""
    told = "; ".join(f"{_plain(p.label)}: {_plain(p.shown)}" for p in chart.points)
    yield f"<figure><figcaption>{_inline(chart.title)}</figcaption>"
    yield (
        f'<svg class="chart" role="img" viewBox="0 0 {_WIDE} {_HIGH}">'
        f"<title>{_plain(chart.title)}</title><desc>{told}</desc>"
        f'<path class="axis" d="M0 {_BASE}H{_WIDE}"/>'
    )
    step = _WIDE / max(len(chart.points), 1)
    places = [
        (step * (n + 0.5), _BASE - p.value / chart.top * (_BASE - _TOP), p)
        for n, p in enumerate(chart.points)
    ]
    if chart.kind == "line":
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in places)
        yield f'<polyline class="line" points="{path}"/>'
    half = min(step * 0.36, 34)
    every = -(-len(places) // 13)  # more labels than these would run into each other
    for number, (x, y, point) in enumerate(places):
        if chart.kind == "line":
            yield f'<circle class="bar" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
        else:
            box = f'x="{x - half:.1f}" y="{y:.1f}" width="{2 * half:.1f}"'
            yield f'<rect class="bar" {box} height="{_BASE - y:.1f}"/>'
        if number % every == 0:
            yield f'<text x="{x:.1f}" y="{y - 8:.1f}">{_plain(point.shown)}</text>'
            yield f'<text x="{x:.1f}" y="{_BASE + 20}">{_plain(point.label)}</text>'
    if chart.limit is not None:
        y = _BASE - chart.limit / chart.top * (_BASE - _TOP)
        yield f'<path class="limit" d="M0 {y:.1f}H{_WIDE}"/>'
    yield f"</svg>{_legend(chart)}</figure>"


def _legend(chart: Chart) -> str:
    if chart.limit is None or not chart.limit_title:
        return ""
    mark = '<svg viewBox="0 0 24 10" aria-hidden="true"><path class="limit" d="M0 5H24"/></svg>'
    return f'<p class="legend">{mark} {_inline(chart.limit_title)}</p>'
