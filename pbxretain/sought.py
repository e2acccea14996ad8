"""Does a text that a PBX stored name the person who is looked for?

A number is compared in international form, in whatever spelling it stands and whatever stands
around it: caller ids, channel names, addresses, arguments of the dialplan, file names. A number
that only shares its last digits is another one. An extension is compared literally, a name by
whole words. ``records.Sought`` is what stores ask.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pbxretain.errors import DocumentError

if TYPE_CHECKING:
    from pbxretain.records import Sought

SEPARATORS = " -()./\u00a0"
"""What may stand inside a written number."""

_TAIL = 6
_SHORTEST = 5
_LONGEST = 17
_AREA = 6
"""Digits with a leading 0 or + up to which a piece is a prefix rather than a number."""

_RUN = re.compile(
    r"(?<![0-9A-Za-z+])(?:\+?\(?|\(\+)[0-9](?:[ ()./\u00a0-]{0,3}[0-9])*(?![0-9A-Za-z])"
)
_DIGITS = re.compile(r"[^0-9]")
_UNIQUE = re.compile(r"(?<![0-9])[12][0-9]{9}\.[0-9]{1,9}(?![0-9])")
"""Asterisk's ``<epoch>.<counter>``, which is no number of anybody."""

_STAMP = re.compile(r"(?<![0-9])(?:19|20)[0-9]{6}[-_]?[0-9]{6}(?![0-9])")
_SUFFIX = re.compile(r"(?<=[^/\s])-[0-9a-f]{8}(?:;[0-9])?(?![0-9A-Za-z-])")
"""What Asterisk puts behind a channel's name."""

_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
"""As telephones without umlauts write them."""

_CHANNEL = re.compile(r"(?<![0-9A-Za-z._-])[A-Za-z][A-Za-z0-9]*/")
_FILE = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$|\.\w+\.\w+$")
_OUTSIDE = re.compile(r"[-_/]+")


def number(text: str, *, region: str | None) -> Sought:
    """A telephone number. ``region`` is the source's country (two letters), whose national numbers
    are meant. Raises DocumentError, without the number, for what can't be one."""
    found = international(text.strip(), region)
    if found is None or len(found) <= _SHORTEST:
        hint = "write it with its country: +49 30 ..." if region is None else ""
        raise DocumentError(
            "that is no telephone number that can be told", hint=hint, code="NO_NUMBER"
        )
    return _Number(found, region)


def extension(text: str) -> Sought:
    """An internal number, compared as it stands. DocumentError for what can't be one."""
    if not re.fullmatch(r"[0-9A-Za-z*#_.-]{1,40}", text.strip()):
        raise DocumentError("that is no extension", hint="such as 201", code="NO_NUMBER")
    return _Extension(text.strip())


def name(text: str) -> Sought:
    """A person's name: its words in this order, or the last one first. DocumentError for none."""
    words = _words(text)
    if sum(map(len, words)) < 2:
        raise DocumentError("that is no name", hint="name two letters or more", code="NO_NAME")
    return _Name(tuple(words))


def pseudonym(text: str) -> Sought:
    """What stands in a redacted column instead of a number."""
    return _Pseudonym(text)


def any_of(several: Iterable[Sought]) -> Sought:
    """What concerns one of several."""
    return _AnyOf(tuple(several))


def international(text: str, region: str | None) -> str | None:
    """As ``e164``; ``00`` counts as ``+`` in every country."""
    return e164(re.sub(r"^[\s(]*00", "+", text), region)


def e164(text: str, region: str | None) -> str | None:
    """A number in international form, such as +49301234567; None for what can't be one. Without a
    ``region`` only what begins with ``+``."""
    import phonenumbers  # not for those who never look for one

    if region is None and not text.lstrip(" (").startswith("+"):
        return None
    try:
        found = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(found):
        return None
    return str(phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164))


@dataclass(frozen=True, slots=True, repr=False)
class _Number:
    e164: str
    region: str | None

    def __repr__(self) -> str:
        return "<sought>"

    @property
    def tails(self) -> Sequence[str]:
        return (self.e164[-_TAIL:],)

    def matches(self, value: bytes | None, *, bare: bool = True) -> bool:
        """``bare`` says nothing here: no other count is as long as a number."""
        del bare
        if not value:
            return False
        return any(self._means(text) for text in _numbers(_text(value), self.e164[-_TAIL:]))

    def _means(self, text: str) -> bool:
        # Trunks often hand over the international form without its sign.
        if _DIGITS.sub("", text) == self.e164[1:] and not text.startswith("0"):
            return True
        return _remembered(text, self.region) == self.e164


_remembered = lru_cache(maxsize=4096)(international)


def _numbers(text: str, tail: str) -> Iterator[str]:
    """Everything in a text that may be a whole number with these last digits."""
    text = _UNIQUE.sub(" | ", re.sub("%2[bB]", "+", text))
    composed = bool(_CHANNEL.search(text) or _FILE.search(text) or _STAMP.search(text))
    if composed:
        text = _STAMP.sub("|", _SUFFIX.sub("|", text))
    for run in _RUN.findall(text):
        if tail not in _DIGITS.sub("", run):
            continue
        found = _in_fields(run) if composed else _written(run)
        yield from (one for one in found if _DIGITS.sub("", one).endswith(tail))


def _begins(piece: str) -> bool:
    """Whether a number surely begins here: with a sign or a trunk prefix."""
    return piece.lstrip("(").startswith(("+", "0"))


def _written(run: str) -> Iterator[str]:
    """Numbers that somebody wrote: what stands between them may also stand inside them, so one
    ends only where another surely begins."""
    begin = 0
    for found in re.finditer(r"[-/ ]+(?=\(?(?:\+|0)[0-9]{6})", run):
        if len(_DIGITS.sub("", run[begin : found.start()])) > 2:
            yield run[begin : found.start()]
            begin = found.end()
    yield run[begin:]


def _in_fields(run: str) -> Iterator[str]:
    """Numbers in a file's or channel's name, where a dash parts fields. A prefix that stands alone
    in a field belongs to what follows."""
    pieces = [piece for piece in _OUTSIDE.split(run) if piece]
    consumed = 0
    for at, piece in enumerate(pieces):
        if _begins(piece):
            joined = ""
            for following in pieces[at : at + 5]:
                joined += ("-" if joined else "") + following
                if len(_DIGITS.sub("", joined)) > _LONGEST:
                    break
                yield joined
                if len(_DIGITS.sub("", piece)) > _AREA:
                    break
                consumed = max(consumed, at + joined.count("-") + 1)
        elif at >= consumed:
            yield piece


@dataclass(frozen=True, slots=True, repr=False)
class _Extension:
    own: str

    def __repr__(self) -> str:
        return "<sought>"

    @property
    def tails(self) -> Sequence[str]:
        return (self.own,)

    def matches(self, value: bytes | None, *, bare: bool = True) -> bool:
        """``bare``: a text that is nothing but these digits may be an extension here, and not a
        count of seconds."""
        if not value:
            return False
        text = _text(value)
        if self.own not in text:
            return False
        if bare and text.strip() == self.own:
            return True
        return bool(_spoken(self.own).search(text)) or self.own in _fields_of_file(text)


@lru_cache(maxsize=64)
def _spoken(own: str) -> re.Pattern[str]:
    """Where a text says that these are an extension: in a channel, in an address, in brackets."""
    mine = re.escape(own)
    return re.compile(
        rf"(?<![0-9A-Za-z._-])[A-Za-z][A-Za-z0-9]*/{mine}(?:-[0-9a-f]{{4,8}}(?:;[0-9])?)?(?![0-9A-Za-z._-])"
        rf"|<(?:sips?:|tel:)?{mine}(?:@[^>]*)?>"
        rf"|(?<![A-Za-z])(?:sips?|tel):{mine}(?![0-9A-Za-z._-])"
        rf"|(?<![0-9A-Za-z.+/_-]){mine}@[A-Za-z0-9]"
    )


def _fields_of_file(text: str) -> Sequence[str]:
    """The fields of a recording's name before its time stamp."""
    base = text.rpartition("/")[2]
    stamp = _STAMP.search(base)
    if stamp is None and not (_FILE.search(base) and re.search("[A-Za-z]", base)):
        return ()
    whole = base[: stamp.start()] if stamp else re.split(r"[.](?=[^.]*$)", base)[0]
    return re.split(r"[-_()\[\]]+", _UNIQUE.sub("", whole))


@dataclass(frozen=True, slots=True, repr=False)
class _Name:
    words: tuple[str, ...]

    def __repr__(self) -> str:
        return "<sought>"

    @property
    def tails(self) -> Sequence[str]:
        # What no way of writing a word changes: letters without accents, no ss, which is ß, and
        # nothing that may stand for an umlaut.
        wanted = "[^a-z0-9]|ss+|[aou]e"
        plain = [part for word in self.words for part in re.split(wanted, word)]
        best = max(plain, key=len, default="")
        return (best,) if len(best) > 1 else ()

    def matches(self, value: bytes | None, *, bare: bool = True) -> bool:
        del bare
        if not value:
            return False
        text = f" {' '.join(_words(_text(value)))} "
        orders = {self.words, (self.words[-1], *self.words[:-1])}
        return any(f" {' '.join(order)} " in text for order in orders)


@dataclass(frozen=True, slots=True, repr=False)
class _Pseudonym:
    own: str

    def __repr__(self) -> str:
        return "<sought>"

    @property
    def tails(self) -> Sequence[str]:
        return (self.own.rpartition("-")[2],)

    def matches(self, value: bytes | None, *, bare: bool = True) -> bool:
        del bare
        return value is not None and _text(value) == self.own


@dataclass(frozen=True, slots=True, repr=False)
class _AnyOf:
    several: tuple[Sought, ...]

    def __repr__(self) -> str:
        return "<sought>"

    @property
    def tails(self) -> Sequence[str]:
        found = [one.tails for one in self.several]
        return tuple(dict.fromkeys(t for tails in found for t in tails)) if all(found) else ()

    def matches(self, value: bytes | None, *, bare: bool = True) -> bool:
        return any(one.matches(value, bare=bare) for one in self.several)


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_SPELT_OUT)
    return re.split(r"[\W_]+", f" {folded} ")[1:-1]


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
