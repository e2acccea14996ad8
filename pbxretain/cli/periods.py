"""Which reports does a period report count, and by whose clock and schedule?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pbxretain import aggregate
from pbxretain.aggregate import Figures
from pbxretain.cli import context
from pbxretain.cli.face import Face
from pbxretain.errors import DocumentError, UnavailableError
from pbxretain.spans import Kind, Schedule, Span
from pbxretain.verify import Verdict, verify_paths
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
    source, folder, zone = _place(face, wanted)
    own = None if wanted.trust or wanted.keys else context.own_public(face)
    verdict = Verdict((), (), None)
    if folder is not None:
        verdict = verify_paths(
            [folder], trust=[*wanted.trust, *wanted.keys], own_public=own, now=now
        )
    name, reports = aggregate.chain(verdict, source)
    schedule = Schedule.every(wanted.interval) if wanted.interval else _schedule(wanted, name)
    return aggregate.figures(
        reports, verdict, span, source=name, now=now, zone=zone, schedule=schedule
    )


def _place(face: Face, wanted: Wanted) -> tuple[str | None, Path | None, ZoneInfo | None]:
    """Source, folder of reports (None before the first run) and zone."""
    if wanted.folder is not None:
        if not context.is_there(wanted.folder):
            raise UnavailableError(f"{wanted.folder} isn't there")
        return wanted.source, wanted.folder, None
    app = context.load(face)
    names = app.sources([wanted.source] if wanted.source else [])
    if len(names) > 1:
        raise DocumentError("there are several sources", hint=f"name one: {names[0]}")
    folder = app.reports(names[0])
    known = folder if context.is_there(folder) else None
    return names[0], known, app.source(names[0]).zone


def _schedule(wanted: Wanted, source: str) -> Schedule | None:
    """What the roster says that the reader trusts; None without one."""
    roster = Anchors.load([*wanted.trust, *wanted.keys], own_public=None).roster
    expected = roster.trust.source(source) if roster else None
    if expected is None:
        return None
    return Schedule(expected.interval_h, expected.grace_h, binding=True)
