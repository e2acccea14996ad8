"""Which reports does a period report count, and by whose clock and schedule?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pbxretain.annex import counting
from pbxretain.annex.figures import Figures
from pbxretain.bundle import opened_paths
from pbxretain.cli import context
from pbxretain.cli.face import Face
from pbxretain.errors import DocumentError, UnavailableError
from pbxretain.evidence.trust import Roster
from pbxretain.spans import Kind, Schedule, Span
from pbxretain.verify import Verdict, refuse_carried, verify_paths
from pbxretain.verify.signers import Anchors


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for: exactly one of the three periods, and where the reports are."""

    source: str | None
    month: str | None = None
    quarter: str | None = None
    year: str | None = None
    folder: Path | None = None
    interval: int | None = None
    trust: tuple[Path, ...] = ()
    keys: tuple[Path, ...] = ()

    def span(self) -> Span:
        """DocumentError for none or several, or one that is written otherwise."""
        asked: tuple[tuple[Kind, str | None], ...] = (
            ("month", self.month),
            ("quarter", self.quarter),
            ("year", self.year),
        )
        given = [Span.parse(kind, value) for kind, value in asked if value is not None]
        if len(given) != 1:
            raise DocumentError("name one month, one quarter or one year", hint="--month 2026-10")
        return given[0]


def period(face: Face, wanted: Wanted, *, now: datetime) -> Figures:
    """Reads, verifies and counts. Needs no settings where a folder is named."""
    span = wanted.span()
    place = _place(face, wanted)
    known, seen = [*wanted.trust, *wanted.keys], context.standpoint()
    own = context.Own(face)
    refuse_carried(known, [place.reports] if place.reports is not None else [])
    if not known:
        roster_file = seen.roster if seen else own.roster
        known = [roster_file] if roster_file else []
    public = None if known else own.public
    verdict = Verdict((), (), None)
    if place.reports is not None:
        with opened_paths([place.reports]) as opened:
            verdict = verify_paths(
                opened, trust=known, own_public=public, now=now, seen=seen.kept if seen else ()
            )
    name, reports = counting.chain(verdict, place.source)
    roster = Anchors.load(known, own_public=None).roster
    return counting.figures(
        reports,
        verdict,
        span,
        source=name,
        now=now,
        zone=place.zone,
        schedule=_schedule(wanted, roster, name),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the reports are (None before the first run), and what is known of their source."""

    source: str | None
    reports: Path | None
    zone: ZoneInfo | None = None


def _place(face: Face, wanted: Wanted) -> _Place:
    if wanted.folder is not None:
        if not context.is_there(wanted.folder):
            raise UnavailableError(f"{wanted.folder} isn't there")
        return _Place(wanted.source, wanted.folder)
    app = context.load(face)
    names = app.sources([wanted.source] if wanted.source else [])
    if len(names) > 1:
        raise DocumentError("there are several sources", hint=f"name one: {names[0]}")
    folder = app.reports(names[0])
    known = folder if context.is_there(folder) else None
    return _Place(names[0], known, app.source(names[0]).zone)


def _schedule(wanted: Wanted, roster: Roster | None, source: str) -> Schedule | None:
    """As it was asked for, else what the roster says; None without either."""
    if wanted.interval:
        return Schedule.every(wanted.interval)
    expected = roster.trust.source(source) if roster else None
    if expected is None:
        return None
    return Schedule(expected.interval_h, expected.grace_h, binding=True)
