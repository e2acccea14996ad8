"""What does the program say, in German and in English?

One catalogue for everything a person reads: terminal, report, check. Every sentence has both
languages with the same placeholders, which a test holds. Codes (outcomes, findings, reasons)
are words for machines; their sentences stand here, so that wording can be corrected without
touching a signed report.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from string import Formatter
from typing import TYPE_CHECKING, Final, Literal, TypeGuard

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


Lang = Literal["de", "en"]
LANGUAGES: Final[tuple[Lang, ...]] = ("de", "en")


@cache
def _sentences() -> Mapping[str, tuple[str, str]]:
    # Help, and a run that says nothing, need not one of two thousand.
    from pbxretain.wording import CATALOGUE

    return CATALOGUE


def is_lang(value: object) -> TypeGuard[Lang]:
    """Whether this is a language that the catalogue speaks."""
    return value in LANGUAGES


def text(key: str, lang: Lang, **params: object) -> str:
    """The sentence behind a key; whole numbers are grouped as the language does it.

    Raises KeyError for a key or a placeholder that isn't there: a mistake of the program.
    """
    pattern = _sentences()[key][LANGUAGES.index(lang)]
    shown = {name: _shown(value, lang) for name, value in params.items()}
    return pattern.format_map(shown)


def code(kind: str, name: str, lang: Lang) -> str:
    """The sentence for a code, or the bare code where the catalogue doesn't know it.

    Reports outlive versions: a code of a later one is shown as it stands, never hidden.
    """
    key = f"{kind}.{name}"
    return text(key, lang) if key in _sentences() else name


def detail(name: str, lang: Lang, params: Mapping[str, object]) -> str | None:
    """The whole sentence of an error with this code (``CODE.hint``: what to do); None where the
    catalogue has none, or needs more than ``params``."""
    from pbxretain.wording.details import WHOLE

    if name in WHOLE:
        return text(f"code.{name}", lang).removesuffix(".")
    key = f"detail.{name}"
    if key not in _sentences():
        return None
    if isinstance(changed := params.get("changed"), str):  # words of the program, by commas
        things = [code("thing", name, lang) for name in changed.split(", ")]
        params = {**params, "changed": ", ".join(things)}
    needed = {field for _, field, _, _ in Formatter().parse(_sentences()[key][0]) if field}
    return text(key, lang, **params) if needed <= params.keys() else None


def known(kind: str, name: str) -> bool:
    """Whether the catalogue has a sentence for this code."""
    return f"{kind}.{name}" in _sentences()


def counted(count: int, lang: Lang, *, thing: str = "record") -> str:
    """A number with its noun: ``1 record``, ``1,204 records``."""
    return text(f"count.{thing}.{'one' if count == 1 else 'many'}", lang, n=count)


def hours(count: int, lang: Lang) -> str:
    """A span in hours, told in days from two on where it is whole ones."""
    days, rest = divmod(count, 24)
    if days > 1 and not rest:
        return text("period.day.many", lang, n=days)
    return counted(count, lang, thing="hour")


def number(value: int, lang: Lang) -> str:
    """A whole number, grouped by thousands."""
    grouped = f"{value:,}"
    return grouped.replace(",", ".") if lang == "de" else grouped


def day(value: date, lang: Lang) -> str:
    """A calendar day as the language writes it; English takes ISO 8601, which nobody misreads."""
    return f"{value:%d.%m.%Y}" if lang == "de" else value.isoformat()


def moment(value: datetime, zone: ZoneInfo, lang: Lang) -> str:
    """An instant in the source's zone, to the minute, with the zone's offset."""
    local = value.astimezone(zone)
    return f"{day(local.date(), lang)} {local:%H:%M} ({local:%Z})"


def period(value: str, lang: Lang) -> str:
    """``90 days`` or ``until end of year + 8 years`` in words of the language; ``forever`` and
    anything unknown as it is known."""
    plain = value.removeprefix("until end of year + ")
    if plain != value:
        return text("report.keep.end-of-year", lang, keep=period(plain, lang))
    count, _, unit = value.partition(" ")
    key = f"period.{unit.rstrip('s')}.{'one' if count == '1' else 'many'}"
    if count.isdigit() and key in _sentences():
        return text(key, lang, n=int(count))
    return code("period", value, lang)


def _shown(value: object, lang: Lang) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return number(value, lang)
    if isinstance(value, date) and not isinstance(value, datetime):
        return day(value, lang)
    return value
