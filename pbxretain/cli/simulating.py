"""What would a policy have deleted at a source, day by day? Told as a table and as a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from pbxretain import messages
from pbxretain.cli import context, papers, progress, ruletext
from pbxretain.cli.context import App
from pbxretain.cli.face import Face
from pbxretain.errors import DocumentError, StoreError
from pbxretain.messages import Lang, number, text
from pbxretain.period import Period, first_instant
from pbxretain.plan import Terms
from pbxretain.policy import simulation
from pbxretain.policy.document import Policy, Rule
from pbxretain.policy.simulation import Day, Span
from pbxretain.records import Selection
from pbxretain.sheet import Block, Chart, Column, Heading, Items, KeyValue, Point, Sheet, Table
from pbxretain.stores import histogram
from pbxretain.strands import Strand

MOST = 100 * 366
"""Days that are played at most."""


@dataclass(frozen=True, slots=True)
class Course:
    """One dataset under one rule, day by day. Empty ``days`` with ``uncounted`` where it can't be
    read now."""

    dataset: str
    rule: Rule
    action: Literal["delete", "redact"]
    early: bool = False
    """Files that are deleted when the rows that name them are redacted."""

    days: Sequence[Day] = field(default=(), repr=False)
    uncounted: bool = False

    @property
    def keep(self) -> Period | Literal["forever"]:
        """How long what it takes stays as it is."""
        redact = self.rule.redact if self.early or self.action == "redact" else None
        return redact.after if redact else self.rule.keep

    @property
    def touched(self) -> int:
        """How many records were deleted or redacted in all."""
        return sum(day.deleted for day in self.days)

    def data(self) -> dict[str, Any]:
        """As JSON: the days on which something was deleted, and the last one."""
        shown = [day for day in self.days if day.deleted or day is self.days[-1]]
        return {
            "dataset": self.dataset,
            "data": self.rule.data,
            "name": self.rule.name,
            "action": self.action,
            "keep": str(self.keep),
            "total": self.touched,
            "uncounted": self.uncounted,
            "days": [
                {
                    "day": day.day.isoformat(),
                    "count": day.deleted,
                    "there": day.there,
                    "minimum": day.minimum,
                }
                for day in shown
            ],
        }


@dataclass(frozen=True, slots=True)
class Play:
    """A policy played at one source from one day to another."""

    policy: Policy
    source: str
    zone: ZoneInfo
    first: date
    last: date
    courses: Sequence[Course]

    def data(self) -> dict[str, Any]:
        """The play as JSON."""
        return {
            "policy": self.policy.policy,
            "version": self.policy.version,
            "digest": self.policy.digest(),
            "source": self.source,
            "zone": self.zone.key,
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "courses": [course.data() for course in self.courses],
        }

    def sheet(self, lang: Lang, *, drawn: bool) -> Sheet:
        """The play for people: as tables, or ``drawn`` where pictures can be seen."""
        title = text("simulate.title", lang, name=self.policy.policy, version=self.policy.version)
        days = [messages.day(day, lang) for day in (self.first, self.last)]
        pairs = (
            (text("simulate.source", lang), self.source),
            (text("simulate.span", lang), text("simulate.days", lang, first=days[0], last=days[1])),
        )
        blocks: list[Block] = [Heading(title, 1), KeyValue(pairs), self._summary(lang)]
        for course in self.courses:
            if course.touched or any(day.minimum for day in course.days):
                blocks += _course(course, lang, drawn=drawn)
        notes = [text(f"simulate.note.{name}", lang) for name in ("there", "spared")]
        notes += [
            text("diff.uncounted", lang, dataset=course.dataset)
            for course in self.courses
            if course.uncounted
        ]
        return Sheet(lang, (*blocks, Items(tuple(notes))))

    def _summary(self, lang: Lang) -> Table:
        least = any(day.minimum for course in self.courses for day in course.days)
        keys = ("data", "keep", "first", "later", "there", *(("minimum",) if least else ()))
        columns = tuple(_column(key, lang, left=key in ("data", "keep")) for key in keys)
        rows = tuple(
            (
                ruletext.part(course.rule, lang),
                _stage(course, lang),
                *_totals(course, lang)[: len(keys) - 2],
            )
            for course in self.courses
        )
        return Table(columns, rows)


def _totals(course: Course, lang: Lang) -> tuple[str, ...]:
    if not course.days:
        return ("?" if course.uncounted else "-",) * 4
    first, last = course.days[0], course.days[-1]
    counts = (first.deleted, course.touched - first.deleted, last.there, last.minimum)
    told = [number(count, lang) for count in counts]
    # Redacted records stay: how many there are is told with their deletion.
    return tuple(told if course.action == "delete" else [*told[:2], "-", told[3]])


def _column(key: str, lang: Lang, *, left: bool = False) -> Column:
    return Column(text(f"simulate.col.{key}", lang), "left" if left else "right")


def _stage(course: Course, lang: Lang) -> str:
    if course.action == "redact" and course.rule.redact:
        return ruletext.redaction(course.rule.redact, lang)
    if course.early:
        return messages.period(str(course.keep), lang)
    return ruletext.bounds(course.rule, lang)


def _course(course: Course, lang: Lang, *, drawn: bool) -> Iterator[Block]:
    """One dataset in detail. The first run, which meets all that has piled up, stands apart."""
    part, stage = ruletext.part(course.rule, lang), _stage(course, lang)
    yield Heading(text("simulate.course", lang, dataset=course.dataset, part=part, stage=stage))
    pieces = simulation.spans(course.days)
    if drawn:
        yield _chart(pieces, _done(course), lang)
        yield _chart(pieces, _left(course), lang)
    least = any(day.minimum for day in course.days)
    keys = ("span", _done(course), _left(course), *(("minimum",) if least else ()))
    columns = tuple(_column(key, lang, left=key == "span") for key in keys)
    rows = tuple(
        (_name(piece, lang), *(number(n, lang) for n in _numbers(piece)[: len(keys) - 1]))
        for piece in pieces
    )
    yield Table(columns, rows)


def _done(course: Course) -> str:
    return "deleted" if course.action == "delete" else "redacted"


def _left(course: Course) -> str:
    return "there" if course.action == "delete" else "unredacted"


def _numbers(piece: Span) -> tuple[int, int, int]:
    return piece.deleted, piece.there, piece.minimum


def _chart(pieces: Sequence[Span], kind: str, lang: Lang) -> Chart:
    longest = max((piece.last - piece.first).days + 1 for piece in pieces)
    line = kind in ("there", "unredacted")
    values = [piece.there if line else piece.deleted for piece in pieces]
    points = tuple(
        Point(_label(piece, longest, lang), value, number(value, lang))
        for piece, value in zip(pieces, values, strict=True)
    )
    return Chart(text(f"simulate.chart.{kind}", lang), points, "line" if line else "columns")


def _label(piece: Span, longest: int, lang: Lang) -> str:
    """Short enough to stand under a column; ``longest`` counts the days of the longest piece."""
    if longest > 31:
        return f"{piece.first:%Y}"
    if longest > 7:
        return f"{piece.first:%m/%y}"
    return f"{piece.first:%d.%m.}" if lang == "de" else f"{piece.first:%m-%d}"


def _name(piece: Span, lang: Lang) -> str:
    first, last = messages.day(piece.first, lang), messages.day(piece.last, lang)
    return first if first == last else text("simulate.days", lang, first=first, last=last)


# --- playing ---------------------------------------------------------------------------------


def play(face: Face, name: str, *, source: str, first: date | None, last: date | None) -> Play:
    """Plays a policy at a source: a run a day over the records that are there now.

    Without days, the year up to today. Raises DocumentError for days in the wrong order and for a
    policy that doesn't fit; what opening raises.
    """
    app, now = context.load(face), context.now()
    terms = replace(app.terms(source), policy=papers.find_policy(face, name))
    last = last or now.astimezone(terms.zone).date()
    first = first or last - relativedelta(years=1)
    if not 0 <= (last - first).days < MOST:
        raise DocumentError(
            "the last day lies before the first, or a century after it",
            hint="--from 2026-01-01 --to 2026-12-31",
        )
    courses = list(_courses(face, app, terms, first=first, last=last, now=now))
    return Play(terms.policy, source, terms.zone, first, last, courses)


def _courses(
    face: Face, app: App, terms: Terms, *, first: date, last: date, now: datetime
) -> Iterator[Course]:
    with app.opened(terms) as opened, progress.bars(face, terms.name) as step:
        strands = terms.strands(opened)
        for done, strand in enumerate(strands):
            step("census", strand.dataset, done, len(strands))
            beside = [each for each in strands if each.of == strand.of]
            selection = strand.selection(beside, now=now, zone=terms.zone)
            course = Course(strand.dataset, strand.rule, strand.action, strand.early)
            if selection:
                course = _played(course, strand, selection, zone=terms.zone, span=(first, last))
            yield course


def _played(
    course: Course, strand: Strand, selection: Selection, *, zone: ZoneInfo, span: tuple[date, date]
) -> Course:
    try:
        counts = histogram.days(strand.store, selection, zone=zone)
    except StoreError:
        return replace(course, uncounted=True)

    def edges(day: date) -> tuple[date, date | None] | None:
        due = strand.due(now=first_instant(day, zone), zone=zone)
        if due is None:
            return None
        cutoff = due.cutoff.astimezone(zone).date()
        return cutoff, due.maximum.astimezone(zone).date() if due.maximum else None

    # What is old enough to be deleted by the first run isn't redacted before.
    later = strand.rule.terms_at(now=first_instant(span[0], zone), zone=zone)
    redacts = strand.action == "redact" and later is not None
    without = later.cutoff.astimezone(zone).date() if later and redacts else None
    days = simulation.play(counts, edges, first=span[0], last=span[1], without=without)
    return replace(course, days=days)
