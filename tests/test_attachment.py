"""The signed report comes out of a PDF as it went in; a hostile PDF is one sentence."""

from __future__ import annotations

import time
import zlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbxretain.errors import EvidenceError
from pbxretain.evidence.attachment import MAX_PDF, attached, is_pdf
from pbxretain.render import as_pdf
from pbxretain.sheet import Heading, Paragraph, Sheet
from pbxretain.signing import MAX_ENVELOPE

ENVELOPE = b'{"payload":"' + bytes(range(256)) * 30 + b'"}\n'
SHEET = Sheet("de", (Heading("Löschprotokoll", 1), Paragraph("1 0 obj << /Type /EmbeddedFile >>")))
PDF = as_pdf(SHEET, attached={"000001-deletion-report.dsse.json": ENVELOPE})


def pdf(*objects: bytes) -> bytes:
    bodies = [b"%d 0 obj\n%s\nendobj\n" % (n, body) for n, body in enumerate(objects, 1)]
    return b"%PDF-1.7\n" + b"".join(bodies) + b"trailer\n%%EOF\n"


def embedded(data: bytes, head: bytes = b"") -> bytes:
    head = head or b"/Length %d" % len(data)
    return b"<< /Type /EmbeddedFile %s >>\nstream\n%s\nendstream" % (head, data)


def refused(data: bytes) -> None:
    with pytest.raises(EvidenceError, match="exactly one") as caught:
        attached(data)
    assert caught.value.code == "ATTACHMENT"


def test_the_report_comes_out_bit_for_bit() -> None:
    assert is_pdf(PDF)
    assert attached(PDF) == ENVELOPE


def test_what_another_program_saved_again_still_gives_the_report() -> None:
    packed = zlib.compress(ENVELOPE)
    by_reference = b"/Length 2 0 R /Filter [ /FlateDecode ]"
    assert attached(pdf(embedded(packed, by_reference), b"%d" % len(packed))) == ENVELOPE
    assert attached(pdf(embedded(ENVELOPE))) == ENVELOPE
    assert attached(PDF + b"\n9999 0 obj\n<< /Type /Sig >>\nendobj\n%%EOF\n") == ENVELOPE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"%PDF-1.7",
        pdf(),
        pdf(embedded(b"{}"), embedded(b"{}")),
        pdf(embedded(b"")),
        pdf(embedded(b"{}", b"/Size 2")),
        pdf(embedded(b"{}", b"/Length 7 0 R")),
        pdf(embedded(b"{}", b"/Length 2 /Filter /FlateDecode")),
        pdf(embedded(b"{}", b"/Length 2 /Filter /ASCIIHexDecode")),
        pdf(embedded(b"{}", b"/Length 2 /Filter [ /FlateDecode /FlateDecode ]")),
        pdf(embedded(zlib.compress(ENVELOPE)[:-9], b"/Length 9999999 /Filter /FlateDecode")),
        pdf(b"<< /Type /EmbeddedFile /Length 2 >>"),
        as_pdf(SHEET),
        as_pdf(SHEET, attached={"a": b"{}", "b": b"{}"}),
    ],
)
def test_a_pdf_without_exactly_one_report_is_refused(data: bytes) -> None:
    refused(data)


def test_neither_bombs_nor_endless_files_are_unpacked() -> None:
    bomb = zlib.compress(bytes(200 * MAX_ENVELOPE), 9)
    start = time.monotonic()
    refused(pdf(embedded(bomb, b"/Length %d /Filter /FlateDecode" % len(bomb))))
    refused(pdf(embedded(b"x" * (MAX_ENVELOPE + 1))))
    refused(b"%PDF-1.7\n" + bytes(MAX_PDF))
    refused(b"%PDF-1.7\n" + b"1 0 obj /Type /EmbeddedFile " * 100_000)
    assert time.monotonic() - start < 20


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_pdf_gives_bytes_or_one_sentence(data: st.DataObject) -> None:
    start = PDF.index(b"/Type /EmbeddedFile")
    broken = bytearray(PDF)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(max(start - 300, 0), min(start + 600, len(broken) - 1)))
        broken[at : at + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5))
    with suppress(EvidenceError):
        attached(bytes(broken))
