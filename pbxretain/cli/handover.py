"""What does the admin hand to the officer and get back: bundle, what is filed, notes on gaps?"""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from pbxretain import bundle as packing
from pbxretain import filing, keys
from pbxretain.cli import context
from pbxretain.cli.context import App
from pbxretain.cli.face import Face
from pbxretain.errors import DocumentError, Exit
from pbxretain.evidence import notes
from pbxretain.execute import Site
from pbxretain.filing import Cabinet, Gap, Reason
from pbxretain.ledger import CHECKPOINT, ROSTER, Ledger
from pbxretain.sheet import Heading, Items, Paragraph, Sheet
from pbxretain.signing import key_id


def _one(app: App, name: str | None) -> str:
    names = app.sources([name] if name else [])
    if len(names) > 1:
        raise DocumentError("there are several sources", hint=f"name one: {', '.join(names)}")
    return names[0]


def roster_file(app: App) -> Path:
    """Where ``key add`` puts the roster."""
    return app.state / ROSTER


# --- bundle ---------------------------------------------------------------------------------------


def bundle(face: Face, name: str | None, *, out: Path, sidecars: bool) -> int:
    """Copies a source's evidence, under the source's lock."""
    app = context.load(face)
    source = _one(app, name)
    with filing.locked(source, app.state / source) as ledger:
        site = app.site(source).settled(ledger)
        ledger.sign_checkpoint(site.key, site.origin(source))
        added = _added(app, ledger, site, source)
        packed = packing.contents(ledger.folder, sidecars=sidecars, added=added)
        packing.write(packed, out)
    title = Heading(face.text("bundle.title"), 1)
    told = face.text("bundle.written", source=source, path=out, n=len(packed.names))
    sheet = Sheet(
        face.lang,
        (title, Paragraph(told, "result"), Paragraph(face.text("bundle.next"))),
    )
    face.give({"source": source, "path": str(out), "files": packed.names}, sheet)
    return int(Exit.OK)


def _added(app: App, ledger: Ledger, site: Site, source: str) -> dict[str, bytes]:
    """What doesn't lie in the reports folder: roster, page, a key that has signed no report yet,
    and for a source without any report an empty ledger's checkpoint, so that the officer can enter
    it before its first run."""
    public = site.key.public_key()
    found = {f"runner-{key_id(public)[:8]}.pub.pem": keys.public_pem(public)}
    if context.is_there(roster_file(app)):
        found[ROSTER] = roster_file(app).read_bytes()
    page = resources.files("pbxretain.evidence").joinpath(packing.PAGE)
    if page.is_file():
        found[packing.PAGE] = page.read_bytes()
    if ledger.last() is None:
        found[CHECKPOINT] = notes.sign(notes.checkpoint(site.origin(source), []), site.key).text
    return found


# --- add ------------------------------------------------------------------------------------------


def add(face: Face, files: tuple[Path, ...]) -> int:
    """Files what the officer's side handed back; the first that can't be filed stops it."""
    app = context.load(face)
    roster = filing.installed_roster(roster_file(app))

    def ledger(source: str) -> Ledger:
        app.source(source)
        return Ledger(app.reports(source))

    def users(policy: str) -> list[str]:
        known = app.settings.sources.items()
        return [name for name, source in known if source.policy == policy]

    cabinet = Cabinet(app.installation(), roster, ledger, users)
    done = [each for path in files for each in filing.file_back(path, cabinet)]
    lines = [
        face.text(
            "filed.new" if each.new else "filed.known",
            kind=face.text(f"statement.{each.kind}"),
            source=each.source,
        )
        for each in done
    ]
    data = [{"source": f.source, "kind": f.kind, "path": str(f.path), "new": f.new} for f in done]
    sheet = Sheet(face.lang, (Heading(face.text("filed.title"), 1), Items(tuple(lines))))
    face.give({"filed": data}, sheet)
    return int(Exit.OK)


# --- gap note -------------------------------------------------------------------------------------


def gap_note(face: Face, name: str | None, **given: Any) -> int:
    """Writes a note on a gap into the ledger."""
    app = context.load(face)
    source = _one(app, name)
    now, zone = context.now(), app.source(source).zone
    gap = _gap(zone=zone, now=now, **given)
    with filing.locked(source, app.state / source) as ledger:
        site = app.site(source).settled(ledger)
        entry = filing.note_gap(
            ledger, gap, installation=site.installation, source=source, key=site.key, now=now
        )
    told = face.text("gap.written", seq=entry.seq, source=source)
    sheet = Sheet(
        face.lang,
        (Heading(face.text("statement.gap-note"), 1), Paragraph(told, "result")),
    )
    path = app.reports(source) / entry.file
    face.give({"source": source, "seq": entry.seq, "path": str(path)}, sheet)
    return int(Exit.OK)


def _gap(
    *, since: str, until: str, reason: Reason, remark: str, zone: ZoneInfo, now: datetime
) -> Gap:
    begin, _ = _moment(since, zone)
    end, whole_day = _moment(until, zone)
    if whole_day:
        end = min(_next_midnight(end, zone), now)
    return Gap(since=begin, until=end, reason=reason, remark=remark)


def _moment(text: str, zone: ZoneInfo) -> tuple[datetime, bool]:
    """An instant in the source's zone, and whether only a day was named."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text[:40]!r} is no day or time; write 2026-11-20 or 2026-11-20T14:30"
        ) from None
    day_only = len(text) <= len("2026-11-20")
    return (found if found.tzinfo else found.replace(tzinfo=zone)), day_only


def _next_midnight(day: datetime, zone: ZoneInfo) -> datetime:
    return datetime.combine(day.date() + timedelta(days=1), datetime.min.time(), zone)
