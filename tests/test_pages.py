"""HTML and PDF say what the text says, call nobody, and carry the signed report along."""

from __future__ import annotations

import html as entities
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

import pytest

from pbxretain.errors import DocumentError, Exit, RetainError
from pbxretain.evidence.attachment import attached
from pbxretain.evidence.statements import made_at
from pbxretain.render import as_html, as_pdf, as_text
from pbxretain.render.text import is_code
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
    Point,
    Sheet,
    Table,
    Verdict,
)

ENVELOPE = b'{"payload":"\xc3\xa4\x00\xff","signatures":[]}\n' * 40
MADE = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
POINTS = (Point("März", 12, "12 Stück"), Point("April", 100, "hundert Stück"))
EVIL = "<script>alert(1)</script>&\"'{nb}\x1b[2J\u202ehttps://evil.example/ {page} %s"


def blocks(word: str = "Wort") -> tuple[Block, ...]:
    return (
        Heading(f"Titel {word}", 1),
        Verdict(f"Alles in Ordnung, {word}.", f"vollständig {word}", "good"),
        Heading(f"Abschnitt {word}"),
        Paragraph(f"Ein Satz mit Größe und Straße: {word}."),
        Paragraph(f"Eine Notiz: {word}.", "note"),
        Paragraph(f"pbxretain verify {word}", "command"),
        Items((f"Erstens {word}", "Zweitens")),
        KeyValue((("Prüfsumme", "sha256:" + "ab" * 32), (f"Name {word}", word))),
        Table((Column("Datenart"), Column("Anzahl", "right")), ((f"Anrufe {word}", "1.204"),) * 2),
        *(Chart(f"Bild {kind} {word}", POINTS, kind, 90, "Frist") for kind in KINDS),
        PageBreak(),
        Form((f"anerkannt {word}",), (f"Datum {word}",)),
    )


KINDS: tuple[Literal["bars", "columns", "line"], ...] = ("bars", "columns", "line")


def sheet(word: str = "Wort") -> Sheet:
    return Sheet("de", blocks(word), made=MADE, mark="Prüfsumme 1234 5678")


def text_of(pdf: bytes, folder: Path) -> str:
    """The words of a PDF, as another program reads them."""
    path = folder / "x.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-raw", path, "-"], capture_output=True, check=True)
    return done.stdout.decode()


def flat(text: str) -> str:
    """Letters alone: line ends, rules and the bars of a text chart are not words."""
    return re.sub(r"[\W_]+", "", text)


def missing(program: str) -> bool:
    """Whether a program that CI must have isn't here; there its test fails instead."""
    return not shutil.which(program) and os.environ.get("CI") != "true"


needs_poppler = pytest.mark.skipif(missing("pdftotext"), reason="needs poppler-utils")


def words(block: Block) -> list[str]:
    """Everything that a block says."""
    match block:
        case Heading(text) | Paragraph(text):
            return [text]
        case Items(items):
            return list(items)
        case KeyValue(pairs):
            return [word for pair in pairs for word in pair]
        case Table(columns, rows):
            return [c.title for c in columns] + [cell for row in rows for cell in row]
        case Verdict(sentence, status):
            return [sentence, status]
        case Chart():
            told = [w for point in block.points for w in (point.label, point.shown)]
            return [block.title, block.limit_title, *told]
        case Form(choices, lines):
            return [*choices, *lines]
        case PageBreak():
            return []


class Page(HTMLParser):
    """What a browser would load, run and show."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.shown: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.shown.append(data)


@needs_poppler
def test_text_html_and_pdf_say_the_same(tmp_path: Path) -> None:
    printed = {
        "text": as_text(sheet(), width=200),
        "html": "".join(Page(as_html(sheet())).shown),
        "pdf": text_of(as_pdf(sheet()), tmp_path),
    }
    for block in blocks():
        for said in words(block):
            missing = [form for form, whole in printed.items() if flat(said) not in flat(whole)]
            assert missing == [], said


def test_html_holds_no_script_and_no_address() -> None:
    page = Page(as_html(sheet(EVIL)))
    assert not {"script", "link", "img", "iframe", "object", "a", "base"} & set(page.tags)
    names = {name for name, _ in page.attributes}
    assert not {n for n in names if n.startswith("on") or n in ("src", "href", "style")}
    style = "".join(page.shown)
    assert "url(" not in style
    assert "@import" not in style
    policy = next(value for name, value in page.attributes if value.startswith("default-src"))
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


def test_html_takes_nothing_for_markup() -> None:
    whole = as_html(sheet(EVIL))
    assert "<script>" not in whole
    assert "\x1b" not in whole
    assert "\u202e" not in whole
    shown = "".join(Page(whole).shown)
    assert "<script>alert(1)</script>" in shown


def test_html_tells_what_a_screen_reader_needs() -> None:
    whole = as_html(sheet())
    assert '<html lang="de">' in whole
    assert whole.count('scope="col"') == 2
    assert whole.count('scope="row"') == 2 + len(POINTS)
    assert "<title>Titel Wort</title>" in whole
    described = re.findall(r"<desc>([^<]*)</desc>", whole)
    assert [entities.unescape(d) for d in described] == ["März: 12 Stück; April: hundert Stück"] * 2


def test_a_pdf_is_pdf_a_3_with_its_fonts_and_says_what_it_is() -> None:
    pdf = as_pdf(sheet(), attached={"000041-deletion-report.dsse.json": ENVELOPE})
    assert pdf.startswith(b"%PDF-1.7")
    for mark in (
        b"<pdfaid:part>3</pdfaid:part>",
        b"<pdfaid:conformance>B</pdfaid:conformance>",
        b"Titel Wort</rdf:li>",
        b"2026-11-23T03:00:00+00:00</xmp:CreateDate>",
        b"/OutputIntents",
        b"/AFRelationship /Data",
        b"/Lang (de)",
    ):
        assert mark in pdf, mark
    fonts = set(re.findall(rb"/BaseFont /(\S+)", pdf))
    assert all(b"+NotoSans" in font for font in fonts)
    assert pdf.count(b"/FontFile2") == 3


def test_the_same_sheet_gives_the_same_bytes_at_any_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from freezegun import freeze_time

    printed = []
    for day, zone in (("2026-11-23", "UTC"), ("2031-02-03", "Asia/Tokyo")):
        monkeypatch.setenv("TZ", zone)
        with freeze_time(day):
            pdf = as_pdf(sheet(), attached={"a.dsse.json": ENVELOPE})
            printed.append((pdf, as_html(sheet())))
    assert printed[0] == printed[1]


@pytest.mark.skipif(missing("pdfdetach"), reason="needs poppler-utils")
def test_another_program_gets_the_signed_report_out_of_the_pdf(tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(as_pdf(sheet(), attached={"000041-deletion-report.dsse.json": ENVELOPE}))
    subprocess.run(["pdfdetach", "-saveall", path], cwd=tmp_path, check=True)
    assert (tmp_path / "000041-deletion-report.dsse.json").read_bytes() == ENVELOPE


@needs_poppler
def test_a_pdf_shows_what_its_font_lacks_as_a_mark_and_takes_nothing_for_an_order(
    tmp_path: Path,
) -> None:
    said = text_of(as_pdf(sheet(EVIL + " 電話 \N{TELEPHONE RECEIVER}")), tmp_path)
    assert "{nb}" in said
    assert "電" not in said
    assert "\N{REPLACEMENT CHARACTER}" in said


@needs_poppler
def test_a_long_table_repeats_its_head_and_pages_are_numbered(tmp_path: Path) -> None:
    rows = tuple((f"Zeile {n}", "wort " * (n % 30)) for n in range(150))
    whole = Sheet("de", (Heading("Lang", 1), Table((Column("Kopf"), Column("Inhalt")), rows)))
    pages = text_of(as_pdf(whole), tmp_path).rstrip("\f").split("\f")
    assert len(pages) > 3
    for number, page in enumerate(pages, 1):
        assert "Kopf Inhalt" in page
        assert f"Seite {number} von {len(pages)}" in page


@needs_poppler
def test_no_heading_stands_alone_at_the_foot_of_a_page(tmp_path: Path) -> None:
    pairs = KeyValue(tuple((f"Name {n}", "Wert") for n in range(6)))
    for lines in range(34, 52, 2):
        filling = Paragraph("\n".join(["Zeile"] * lines))
        below = (Heading("Oben"), Heading("Unten", 3), pairs)
        pages = text_of(as_pdf(Sheet("de", (filling, *below))), tmp_path).split("\f")
        page = next(page for page in pages if "Oben" in page)
        assert "Unten\nName 0" in page, lines


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("sha256:" + "ab" * 32, True),
        ("cd" * 32, True),
        ("6b0f2f0a-5b1e-4c57-9d0a-0c8f6b1d2e3f", True),
        ("000041-deletion-report.dsse.json,", True),
        ("/var/spool/asterisk/monitor", True),
        ("Datenschutzbeauftragten.", False),
        ("(Warteschlangenprotokolle).", False),
        ("Datenschutz-Folgenabschätzung", False),
        ("Datenschutzbeauftragte/r", False),
        ("pbxretain", False),
    ],
)
def test_codes_are_told_from_long_words(word: str, code: bool) -> None:
    assert is_code(word) is code


@needs_poppler
def test_words_are_cut_only_where_no_line_is_wide_enough(tmp_path: Path) -> None:
    long = "Telekommunikationsverkehrsdatenspeicherfrist"
    cells = (long, "7", f"{long} {long} {long}")
    table = Table((Column("Aufbewahrungspflichtig"), Column("N", "right"), Column("X")), (cells,))
    wide = Table(tuple(Column(f"Überschrift{n}") for n in range(30)), (("Wert",) * 30,))
    huge = "x9" * 500
    whole = Sheet("de", (table, wide, Paragraph(huge), KeyValue(((long, huge),))))
    said = text_of(as_pdf(whole), tmp_path).split()
    assert said.count(long) == 5
    assert "Überschrift29" in said
    assert huge * 2 == "".join(word for word in said if set(word) <= set("x9"))


@needs_poppler
def test_a_row_taller_than_a_page_goes_on_on_the_next(tmp_path: Path) -> None:
    row = ("kurz", " ".join(f"w{n}" for n in range(4000)))
    table = Table((Column("Kopf"), Column("Inhalt")), (row, ("danach", "x")))
    said = text_of(as_pdf(Sheet("de", (Heading("Lang", 1), table))), tmp_path)
    assert set(row[1].split()) <= set(said.split())
    assert "danach" in said


@pytest.mark.parametrize("kind", KINDS)
def test_charts_of_nothing_and_of_zero_are_drawn(
    kind: Literal["bars", "columns", "line"],
) -> None:
    for points in ((), (Point("a", 0, "0"),), POINTS * 40):
        whole = Sheet("en", (Chart("Title", points, kind),))
        assert "Title" in as_text(whole, width=40)
        assert "NaN" not in as_html(whole)
        assert as_pdf(whole)


def test_a_chart_refuses_what_has_no_length() -> None:
    for value in (-1.0, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="chart"):
            Chart("x", (Point("a", value, ""),))


def test_an_empty_sheet_is_a_page() -> None:
    assert as_pdf(Sheet("en", ()))
    assert "<main>" in as_html(Sheet("en", ()))


def test_without_fpdf2_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fpdf", None)
    with pytest.raises(DocumentError, match=r"pip install 'pbxretain\[pdf\]'") as caught:
        as_pdf(sheet())
    assert caught.value.exit_code == Exit.USAGE


def test_statements_of_every_kind_are_pages_that_bear_their_own_date() -> None:
    from pbxretain.cli import archive
    from pbxretain.cli.face import Face

    seen: dict[str, bytes] = {}
    for path in sorted((Path(__file__).parent / "vectors").rglob("*.dsse.json")):
        try:
            found = archive.opened(Face(), path)
        except RetainError:  # vectors of what must be refused
            continue
        if found.kind not in seen:
            seen[found.kind] = archive.printed(found, "de", form="pdf")
            made = made_at(found.predicate).replace("Z", "+00:00")
            assert f"<xmp:CreateDate>{made}</xmp:CreateDate>".encode() in seen[found.kind]
            assert attached(seen[found.kind]) == path.read_bytes()
    assert len(seen) >= 8
