"""How does the signed report get out of the PDF that carries it along?

Reads no pages and follows no references but the one to a length: an embedded file is a stream
object under a dictionary that is always in plain sight, whoever saved the file last. What comes
out is as untrusted as any file; whoever changed the PDF can at most break this, and then the
envelope is asked for by itself.
"""

from __future__ import annotations

import re
import zlib
from itertools import islice

from pbxretain.errors import EvidenceError
from pbxretain.signing import MAX_ENVELOPE

MAX_PDF = 64 * 1024 * 1024
_REACH = 4096
"""No dictionary of an embedded file is longer than this."""
_MENTIONS = 100
"""Text may speak of embedded files too, but hardly more often."""

_HEAD = b"%PDF-"
_EMBEDDED = re.compile(rb"/Type\s*/EmbeddedFile(?![A-Za-z0-9#_.-])")
_BEGIN = re.compile(rb"\d+\s+\d+\s+obj\b")
_STREAM = re.compile(rb">>\s*stream(?:\r\n|\n)")
_LENGTH = re.compile(rb"/Length\s+(\d{1,12})(?:\s+(\d{1,5})\s+R\b)?")
_FILTER = re.compile(rb"/Filter\s*(?:/(\w+)|\[\s*/(\w+)\s*\])")


def is_pdf(data: bytes) -> bool:
    """Whether a file begins as a PDF does."""
    return data.startswith(_HEAD)


def attached(pdf: bytes) -> bytes:
    """The one file attached to a PDF, no longer than an envelope may be.

    Raises EvidenceError (ATTACHMENT) where there isn't exactly one, or it can't be read.
    """
    if not is_pdf(pdf) or len(pdf) > MAX_PDF:
        raise _unreadable()
    mentions = [match.start() for match in islice(_EMBEDDED.finditer(pdf), _MENTIONS + 1)]
    found = [place for at in mentions if (place := _object(pdf, at))]
    if len(found) != 1 or len(mentions) > _MENTIONS:
        raise _unreadable()
    head, start = found[0]
    data = pdf[start : start + _length(pdf, head)]
    plain = _inflated(data) if _filter(head) else data
    if not 0 < len(plain) <= MAX_ENVELOPE:
        raise _unreadable()
    return plain


def _object(pdf: bytes, at: int) -> tuple[bytes, int] | None:
    """The dictionary around ``at`` and where its stream begins; None for mere text."""
    begins = [m.end() for m in _BEGIN.finditer(pdf, max(at - _REACH, 0), at)]
    stream = _STREAM.search(pdf, at, at + _REACH)
    if not begins or stream is None or b"endobj" in pdf[begins[-1] : stream.start()]:
        return None
    return pdf[begins[-1] : stream.start()], stream.end()


def _length(pdf: bytes, head: bytes) -> int:
    match = _LENGTH.search(head)
    if match is None:
        raise _unreadable()
    if match[2] is None:
        return int(match[1])
    # Other programs put the length into an object of its own; the last one counts.
    number = rb"(?<!\d)" + match[1] + rb"\s+" + match[2] + rb"\s+obj\s+(\d{1,12})\s+endobj"
    lengths = re.findall(number, pdf)
    if not lengths:
        raise _unreadable()
    return int(lengths[-1])


def _filter(head: bytes) -> bool:
    """Whether the stream is deflated; EvidenceError for any other packing."""
    if b"/Filter" not in head:
        return False
    match = _FILTER.search(head)
    if match is None or (match[1] or match[2]) != b"FlateDecode" or b"/DecodeParms" in head:
        raise _unreadable()
    return True


def _inflated(data: bytes) -> bytes:
    # Stops one byte past the limit, however much more would come.
    unpacking = zlib.decompressobj()
    try:
        plain = unpacking.decompress(data, MAX_ENVELOPE + 1)
    except zlib.error:
        raise _unreadable() from None
    if not unpacking.eof:
        raise _unreadable()
    return plain


def _unreadable() -> EvidenceError:
    return EvidenceError("The PDF doesn't carry exactly one signed report.", code="ATTACHMENT")
