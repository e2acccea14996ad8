"""What does the person read who asked for their data, and what the one who looked it up?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from pbxretain.manifest import Dataset, OutOfReach
from pbxretain.messages import Lang, code, counted, moment, text
from pbxretain.records import Found
from pbxretain.render import clean
from pbxretain.sheet import Block, Column, Heading, Items, Paragraph, Sheet, Table
from pbxretain.subject import Holding


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """One source's answer; ``copied`` says by a record's place where its files went."""

    holding: Holding
    kinds: Mapping[str, Dataset]
    zone: ZoneInfo
    not_covered: Sequence[str]
    out_of_reach: Sequence[OutOfReach]
    copied: Mapping[int, Sequence[str]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<answer of {self.holding.source}>"

    @property
    def gaps(self) -> Sequence[str]:
        """Datasets that could not be searched."""
        return sorted(self.holding.failed)


# --- as JSON ----------------------------------------------------------------------------------


def data(answer: Answer) -> dict[str, object]:
    """Everything, for a machine or another controller (Art. 20)."""
    holding = answer.holding
    records = [
        {
            **_head(answer, found),
            "title": answer.kinds[found.dataset].title,
            "fields": {name: shown(v) for name, v in found.fields.items() if v},
            "copies": list(answer.copied.get(place, ())),
        }
        for place, found in enumerate(holding.records)
    ]
    return {
        "source": holding.source,
        "records": records,
        "related": [_head(answer, found) for found in holding.related],
        "not_searched": list(answer.gaps),
        "not_covered": list(answer.not_covered),
        "out_of_reach": [dict(copy.text) for copy in answer.out_of_reach],
    }


def _head(answer: Answer, found: Found) -> dict[str, object]:
    return {
        "dataset": found.dataset,
        "data_class": answer.kinds[found.dataset].data,
        "when": found.when.isoformat() if found.when else None,
        "call": shown(found.call),
    }


def shown(value: bytes | None) -> str | None:
    """Bytes of a source as text, whatever its character set."""
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


# --- for people -------------------------------------------------------------------------------


def sheet(answers: Sequence[Answer], lang: Lang, *, now: datetime, whole: bool) -> Sheet:
    """The sheet that goes to the person."""
    return Sheet(lang, tuple(_blocks(answers, lang, whole=whole)), made=now)


def _blocks(answers: Sequence[Answer], lang: Lang, *, whole: bool) -> Iterator[Block]:
    yield Heading(text("subject.sheet.title", lang), 1)
    yield Paragraph(text("subject.sheet.about", lang))
    if not whole:
        yield Paragraph(text("subject.sheet.gaps", lang), "note")
    for answer in answers:
        yield Heading(text("subject.sheet.source", lang, source=answer.holding.source))
        yield from _source(answer, lang)


def _source(answer: Answer, lang: Lang) -> Iterator[Block]:
    records = answer.holding.records
    if not records:
        yield Paragraph(text("subject.none", lang))
    by_dataset: dict[str, list[int]] = {}
    for place, found in enumerate(records):
        by_dataset.setdefault(found.dataset, []).append(place)
    for name, places in by_dataset.items():
        kind = code("data", answer.kinds[name].data, lang)
        count = counted(len(places), lang)
        yield Heading(text("subject.sheet.dataset", lang, kind=kind, dataset=name, count=count), 3)
        rows = [_row(answer, place, lang) for place in sorted(places, key=_by_time(records))]
        yield Table((_column("when", lang), _column("stored", lang)), tuple(rows))
    if answer.holding.related:
        yield from _related(answer, lang)
    if answer.gaps:
        names = ", ".join(answer.gaps)
        yield Paragraph(text("subject.sheet.not-searched", lang, names=names), "note")
    if answer.not_covered:
        names = ", ".join(answer.not_covered)
        yield Paragraph(text("subject.sheet.not-covered", lang, names=names))
    if answer.out_of_reach:
        yield Paragraph(text("subject.sheet.out-of-reach", lang))
        yield Items(tuple(copy.text[lang] for copy in answer.out_of_reach))


def _by_time(records: Sequence[Found]) -> Callable[[int], tuple[bool, float, int]]:
    def key(place: int) -> tuple[bool, float, int]:
        when = records[place].when
        return when is None, when.timestamp() if when else 0.0, place

    return key


def _row(answer: Answer, place: int, lang: Lang) -> tuple[str, str]:
    found = answer.holding.records[place]
    lines = [f"{name}: {clean(shown(v) or '')}" for name, v in found.fields.items() if v]
    lines += [text("subject.sheet.copy", lang, path=path) for path in answer.copied.get(place, ())]
    return _moment(found, answer, lang), "\n".join(lines)


def _moment(found: Found, answer: Answer, lang: Lang) -> str:
    if found.when is None:
        return text("subject.undated", lang)
    return moment(found.when, answer.zone, lang)


def _related(answer: Answer, lang: Lang) -> Iterator[Block]:
    counts = Counter(found.dataset for found in answer.holding.related)
    yield Heading(text("subject.sheet.related", lang), 3)
    yield Paragraph(text("subject.sheet.related.note", lang))
    rows = tuple((name, str(count)) for name, count in sorted(counts.items()))
    yield Table((_column("dataset", lang), _column("related", lang, right=True)), rows)


def _column(name: str, lang: Lang, *, right: bool = False) -> Column:
    return Column(text(f"subject.col.{name}", lang), "right" if right else "left")


# --- for the one who looks it up ------------------------------------------------------------


def counts(answers: Sequence[Answer]) -> list[dict[str, object]]:
    """How much was found, and nothing of what."""
    return [
        {
            "source": answer.holding.source,
            "records": _count(answer.holding.records),
            "related": _count(answer.holding.related),
            "not_searched": list(answer.gaps),
        }
        for answer in answers
    ]


def _count(found: Sequence[Found]) -> dict[str, int]:
    return dict(sorted(Counter(record.dataset for record in found).items()))


def uncovered(names: Mapping[str, Sequence[str]], lang: Lang) -> list[Block]:
    """By source which datasets nobody looked through."""
    return [
        Paragraph(text("subject.uncovered", lang, source=source, names=", ".join(missing)))
        for source, missing in names.items()
        if missing
    ]


def told(answers: Sequence[Answer], lang: Lang, *, path: str) -> Sheet:
    """The same for people."""
    rows = []
    for answer in answers:
        mine, others = _count(answer.holding.records), _count(answer.holding.related)
        for name in sorted({**mine, **others}):
            count = str(mine.get(name, 0)), str(others.get(name, 0))
            rows.append((answer.holding.source, name, *count))
    columns = (
        _column("source", lang),
        _column("dataset", lang),
        _column("records", lang, right=True),
        _column("related", lang, right=True),
    )
    blocks: list[Block] = [Heading(text("subject.find.title", lang), 1)]
    blocks.append(Table(columns, tuple(rows)) if rows else Paragraph(text("subject.none", lang)))
    blocks += uncovered({each.holding.source: each.not_covered for each in answers}, lang)
    blocks.append(Paragraph(text("subject.written", lang, path=path), "result"))
    blocks.append(Paragraph(text("subject.written.note", lang), "note"))
    return Sheet(lang, tuple(blocks))
