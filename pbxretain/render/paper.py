"""Where on an A4 page does a line of text go, and when does a new page begin?

A thin layer over fpdf2 that breaks lines between words and never inside one that would fit on a
line. Sizes are points for type and millimetres for everything else.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from pbxretain.errors import DocumentError
from pbxretain.messages import Lang, text
from pbxretain.render.text import clean, is_code
from pbxretain.sheet import Sheet

if TYPE_CHECKING:
    from fpdf import FPDF

LEFT, RIGHT, TOP, BOTTOM = 22.0, 188.0, 22.0, 272.0
WIDTH = RIGHT - LEFT
_CODE_SIZE = 0.8
_COMPOUND = 20
_POINT = 25.4 / 72
_FONTS = (("sans", "", "NotoSans-Regular"), ("sans", "B", "NotoSans-Bold"))
_CODE_FONT = ("mono", "", "NotoSansMono-Regular")
_UNDATED = datetime(2000, 1, 1, tzinfo=UTC)

Colour = tuple[int, int, int]
INK: Colour = (29, 36, 48)
SOFT: Colour = (85, 96, 110)
STRONG: Colour = (28, 61, 90)
RULE: Colour = (205, 211, 218)
TINT: Colour = (242, 245, 248)


@dataclass(frozen=True, slots=True)
class Type:
    """How letters look: size in points."""

    size: float = 9.5
    bold: bool = False
    colour: Colour = INK
    code: bool = False

    @property
    def line(self) -> float:
        """From one line to the next, millimetres."""
        return self.size * _POINT * 1.45


@dataclass(frozen=True, slots=True)
class Line:
    """One line of runs of the same type each, how wide it is, and where it stands below its top."""

    runs: tuple[tuple[str, Type], ...]
    width: float
    base: float


class Paper:
    """Pages that fill from top to bottom; ``y`` is where the next thing goes.

    ``total`` pages are announced at the foot of each; who doesn't know it yet counts first.
    """

    def __init__(self, sheet: Sheet, *, total: int) -> None:
        self.lang, self.title, self.mark = sheet.lang, sheet.title, sheet.mark
        self.made = sheet.made or _UNDATED
        self.pages, self.total = 0, total
        self.y = BOTTOM
        self.pdf = _new_pdf()
        self._glyphs = _glyphs(self.pdf)
        self._widths: dict[tuple[str, Type], float] = {}
        self._describe()

    # --- pages --------------------------------------------------------------------------------

    def new_page(self) -> None:
        self.pdf.add_page()
        self.pages += 1
        self.y = TOP
        small = Type(7.5, colour=SOFT)
        if self.pages > 1:
            self.write(LEFT, TOP - 9, self.fitted(self.title, small, WIDTH))
            self.rule(LEFT, TOP - 4.2, RIGHT)
        self._foot()

    def need(self, height: float) -> None:
        """Begins a new page when less than ``height`` is left, unless nothing is on it yet."""
        if self.pages == 0 or (self.y + height > BOTTOM and self.y > TOP):
            self.new_page()

    def _foot(self) -> None:
        small = Type(7.5, colour=SOFT)
        words = text("render.page", self.lang, page=self.pages, pages=self.total)
        number = self.lines(words, small, WIDTH)[0]
        self.rule(LEFT, BOTTOM + 6, RIGHT)
        self.write(RIGHT - number.width, BOTTOM + 7.5, number)
        if self.mark:
            room = WIDTH - number.width - 6
            self.write(LEFT, BOTTOM + 7.5, self.fitted(self.mark, small, room))

    def bookmark(self, name: str, level: int) -> None:
        self.pdf.set_xy(LEFT, max(self.y - 2, 0))
        self.pdf.start_section(self.printable(name, "sans"), level, strict=False)

    # --- lines --------------------------------------------------------------------------------

    def lines(self, words: str, kind: Type, width: float) -> list[Line]:
        """The text broken into lines no wider than ``width``; at least one."""
        found: list[Line] = []
        for paragraph in clean(words).split("\n"):
            found += self._wrapped(paragraph.split(), kind, width)
        return found

    def fitted(self, words: str, kind: Type, width: float) -> Line:
        """One line; what has no room is cut off with an ellipsis."""
        line = self.lines(words, kind, 10_000)[0]
        text = " ".join(run for run, _ in line.runs)
        while line.width > width and len(text) > 1:
            text = text[:-2].rstrip() + "…"
            line = self.lines(text, kind, 10_000)[0]
        return line

    def longest(self, words: str, kind: Type) -> float:
        """Width of the widest word that must not be broken."""
        plain = [self._typed(part, kind) for word in clean(words).split() for part in _parts(word)]
        return max((self.width(w, t) for w, t in plain if not t.code), default=0.0)

    def width(self, words: str, kind: Type) -> float:
        key = (words, kind)
        if key not in self._widths:
            self._use(kind)
            self._widths[key] = self.pdf.get_string_width(words)
        return self._widths[key]

    def write(self, x: float, y: float, line: Line) -> None:
        """A line whose upper edge is at ``y``."""
        for words, kind in line.runs:
            self._use(kind)
            self.pdf.set_text_color(*kind.colour)
            self.pdf.text(x, y + line.base, words)
            x += self.width(words, kind)

    def block(self, x: float, lines: Sequence[Line], kind: Type) -> None:
        """Lines one under the other from ``y`` on; no first or last line stands alone."""
        for number, line in enumerate(lines):
            first, last_but_one = number == 0, number == len(lines) - 2
            self.need(kind.line * (2 if last_but_one or (first and len(lines) > 1) else 1))
            self.write(x, self.y, line)
            self.y += kind.line

    # --- shapes -------------------------------------------------------------------------------

    def rule(
        self, x: float, y: float, to: float, *, colour: Colour = RULE, thick: float = 0.2
    ) -> None:
        self.stroke((x, y), (to, y), colour=colour, thick=thick)

    def stroke(
        self, start: tuple[float, float], end: tuple[float, float], *, colour: Colour, thick: float
    ) -> None:
        self.pdf.set_draw_color(*colour)
        self.pdf.set_line_width(thick)
        self.pdf.line(*start, *end)

    def fill(self, x: float, y: float, wide: float, high: float, *, colour: Colour) -> None:
        self.pdf.set_fill_color(*colour)
        self.pdf.rect(x, y, wide, high, style="F")

    def box(self, x: float, y: float, wide: float, high: float, *, colour: Colour) -> None:
        self.pdf.set_draw_color(*colour)
        self.pdf.set_line_width(0.25)
        self.pdf.rect(x, y, wide, high, style="D")

    # --- inside -------------------------------------------------------------------------------

    def printable(self, words: str, family: str) -> str:
        """The text in signs that the font has; PDF/A allows no other."""
        composed = unicodedata.normalize("NFC", words)
        known = self._glyphs[family]
        return "".join(c if ord(c) in known else "\N{REPLACEMENT CHARACTER}" for c in composed)

    def _typed(self, word: str, kind: Type) -> tuple[str, Type]:
        if kind.code or is_code(word):
            shown = self.printable(word, "mono")
            return shown, Type(kind.size * _CODE_SIZE, colour=kind.colour, code=True)
        return self.printable(word, "sans"), kind

    def _wrapped(self, words: Sequence[str], kind: Type, width: float) -> Iterator[Line]:
        space, base = self.width(" ", kind), kind.line * 0.74
        runs: list[tuple[str, Type]] = []
        used = 0.0
        for word in words:
            piece, shape = self._typed(word, kind)
            gap = space if runs else 0.0
            if runs and used + gap + self.width(piece, shape) > width:
                yield Line(tuple(runs), used, base)
                runs, used, gap = [], 0.0, 0.0
            while self.width(piece, shape) > width and len(piece) > 1:
                fits = self._fitting(piece, shape, width)
                yield Line(((piece[:fits], shape),), self.width(piece[:fits], shape), base)
                piece = piece[fits:]
            if runs and runs[-1][1] == shape == kind:
                runs[-1] = (f"{runs[-1][0]} {piece}", kind)
            else:
                if gap:
                    runs[-1:] = (
                        [(f"{runs[-1][0]} ", runs[-1][1])]
                        if runs[-1][1] == kind
                        else [
                            runs[-1],
                            (" ", kind),
                        ]
                    )
                runs.append((piece, shape))
            used += gap + self.width(piece, shape)
        yield Line(tuple(runs), used, base)

    def _fitting(self, word: str, kind: Type, width: float) -> int:
        """How much of a word too long for any line goes on this one; after a sign if it can."""
        count = 1
        while count < len(word) and self.width(word[: count + 1], kind) <= width:
            count += 1
        signs = [n for n in range(count, 0, -1) if word[n - 1] in "-_/.:,;"]
        return signs[0] if signs else count

    def _use(self, kind: Type) -> None:
        style = "B" if kind.bold and not kind.code else ""
        self.pdf.set_font("mono" if kind.code else "sans", style, kind.size)

    def _describe(self) -> None:
        pdf, title = self.pdf, clean(self.title)
        pdf.set_title(title)
        pdf.set_lang(self.lang)
        pdf.set_creator("pbxretain")
        pdf.set_producer("pbxretain, fpdf2")
        pdf.set_creation_date(self.made)
        # fpdf2's own would hold the time of printing, and two printings would differ.
        pdf.set_xmp_metadata(_xmp(title, lang=self.lang, made=self.made))


def _parts(word: str) -> list[str]:
    """A long compound may be parted after its hyphens."""
    if len(word) < _COMPOUND:
        return [word]
    return [f"{part}-" for part in word.split("-")[:-1]] + word.split("-")[-1:]


def _new_pdf() -> FPDF:
    try:
        from fpdf import FPDF, ViewerPreferences
    except ImportError:
        raise DocumentError(
            "a PDF needs the package fpdf2",
            hint="pip install 'pbxretain[pdf]'",
            code="PDF_MISSING",
        ) from None
    options: dict[str, Any] = {"unit": "mm", "format": "A4"}
    pdf = FPDF(**options, enforce_compliance="PDF/A-3B")
    pdf.set_auto_page_break(False)
    pdf.alias_nb_pages("")
    pdf.viewer_preferences = ViewerPreferences(display_doc_title=True)
    for family, style, name in (*_FONTS, _CODE_FONT):
        with as_file(files("pbxretain.render").joinpath("fonts", f"{name}.ttf")) as path:
            pdf.add_font(family, style, path)
    return pdf


def _glyphs(pdf: FPDF) -> dict[str, set[int]]:
    from fpdf.fonts import TTFFont

    fonts = {name: font for name, font in pdf.fonts.items() if isinstance(font, TTFFont)}
    # The bold face was cut from the same signs as the regular one.
    return {name: set(fonts[name].cmap) for name in ("sans", "mono")}


def _xmp(title: str, *, lang: Lang, made: datetime) -> str:
    when = made.astimezone(UTC).isoformat(timespec="seconds")
    return f"""<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
    xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
   <pdfaid:part>3</pdfaid:part>
   <pdfaid:conformance>B</pdfaid:conformance>
   <dc:format>application/pdf</dc:format>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt></dc:title>
   <dc:language><rdf:Bag><rdf:li>{lang}</rdf:li></rdf:Bag></dc:language>
   <xmp:CreatorTool>pbxretain</xmp:CreatorTool>
   <xmp:CreateDate>{when}</xmp:CreateDate>
   <xmp:ModifyDate>{when}</xmp:ModifyDate>
   <xmp:MetadataDate>{when}</xmp:MetadataDate>
   <pdf:Producer>pbxretain, fpdf2</pdf:Producer>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>"""
