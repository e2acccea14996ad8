"""Where is the report that somebody asks for, and how does it become a file to hand on?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from pbxretain import explain, signing
from pbxretain.cli import context, show
from pbxretain.cli.context import App
from pbxretain.cli.face import Face
from pbxretain.cli.printed import Form, as_bytes
from pbxretain.errors import DocumentError, EvidenceError, RefusedError, UnavailableError
from pbxretain.evidence.attachment import attached, is_pdf
from pbxretain.evidence.fields import moment
from pbxretain.evidence.statements import Account, Predicate, file_type, made_at, parse_statement
from pbxretain.explain import Seal, attestations
from pbxretain.ledger import FILED, Entry, Ledger
from pbxretain.messages import Lang
from pbxretain.sheet import Sheet
from pbxretain.verify import verify_paths

SUFFIXES: Mapping[Form, str] = {"html": "html", "pdf": "pdf", "text": "txt"}
_DIGITS = 16
"""More than any number of a report has."""


def rows(app: App, source: str) -> Iterator[show.Row]:
    """All that stands in a source's ledger, oldest first; what can't be read stays in the list."""
    for entry in entries(app, source):
        path = app.reports(source) / entry.file
        try:
            report = show.deletion(path)
        except (EvidenceError, UnavailableError):
            report = None
        kind = file_type(entry.type)
        yield show.Row(source, entry.seq, entry.ended, path, report, kind)


def filed(app: App, source: str) -> list[show.FiledRow]:
    """What the officer's side handed back, oldest first. One that can't be read is left out here:
    ``verify`` tells of it."""
    found: list[show.FiledRow] = []
    folder = app.reports(source) / FILED
    for path in folder.glob("*.dsse.json") if context.is_there(folder) else ():
        try:
            statement = show.read_report(path)
        except (EvidenceError, UnavailableError):
            continue
        at = moment(made_at(statement.predicate))
        found.append(show.FiledRow(source, file_type(statement.type), at, path))
    return sorted(found, key=lambda row: (row.at, row.path.name))


def entries(app: App, source: str) -> tuple[Entry, ...]:
    """The ledger of a source; empty before its first run."""
    folder = app.reports(source)
    return Ledger(folder).entries() if context.is_there(folder) else ()


def zones(app: App) -> dict[str, ZoneInfo]:
    """Each source's zone."""
    return {name: source.zone for name, source in app.settings.sources.items()}


def find(face: Face, which: str, *, source: str | None) -> Path:
    """The file of a report, by number, path or ``latest``; DocumentError when there is none."""
    if which != "latest" and not (which.isdecimal() and len(which) < _DIGITS):
        return Path(which)
    app = context.load(face)
    names = app.sources([source] if source else [])
    if len(names) > 1:
        raise DocumentError("there are several sources", hint=f"--source {names[0]}")
    known = entries(app, names[0])
    wanted = [e for e in known if which == "latest" or e.seq == int(which)]
    if not wanted:
        raise DocumentError(f"source {names[0]} has no such report", hint="pbxretain report list")
    return app.reports(names[0]) / wanted[-1].file


@dataclass(frozen=True, slots=True)
class Opened:
    """A statement, its bytes, what its envelope claims, and whether this installation signed it."""

    path: Path
    data: bytes
    kind: str
    predicate: Predicate
    seal: Seal
    signed: bool
    zone: str = "UTC"
    """For a statement that names none."""


def opened(face: Face, path: Path) -> Opened:
    """Reads a statement, by itself or out of its PDF, without verifying it; UnavailableError,
    EvidenceError."""
    data = show.read_bytes(path)
    if is_pdf(data):
        data = attached(data)
    envelope = signing.open_envelope(data)
    statement = parse_statement(envelope.payload)
    signer = _own_signer(face, path)
    seal = Seal(digest=envelope.digest, keyid=signer or envelope.signatures[0].keyid)
    kind = file_type(statement.type)
    zone = _zone(face, statement.predicate)
    return Opened(path, data, kind, statement.predicate, seal, signer is not None, zone)


def _zone(face: Face, predicate: Predicate) -> str:
    """The zone of the source that a statement is about; of one about none, that of all sources."""
    try:
        sources = context.load(face).settings.sources
    except (DocumentError, RefusedError):
        return "UTC"
    own = sources.get(getattr(predicate, "source", ""))
    zones = {own.timezone} if own else {source.timezone for source in sources.values()}
    return zones.pop() if len(zones) == 1 else "UTC"


def _own_signer(face: Face, path: Path) -> str | None:
    """The key of this installation that signed a statement; None when none did."""
    own = context.Own(face)
    trust = [file for file in (own.roster,) if file]
    try:
        found = verify_paths(
            [path],
            trust=trust,
            own_public=own.public,
            now=context.now(),
            known=own.reports,
        )
    except (DocumentError, EvidenceError, UnavailableError):
        return None
    return found.reports[0].signer if found.reports else None


def sheet(found: Opened, lang: Lang) -> Sheet:
    """A statement of any kind in words."""
    if isinstance(found.predicate, Account):
        return explain.statement(found.predicate, lang, seal=found.seal)
    digest, keyid = found.seal.digest, found.seal.keyid
    told = attestations.sheet(
        found.predicate, lang, kind=found.kind, digest=digest, keyid=keyid, zone=found.zone
    )
    made = moment(made_at(found.predicate))
    return replace(told, made=made, mark=explain.mark(found.seal, lang))


def printed(found: Opened, lang: Lang, *, form: Form) -> bytes:
    """The statement as a file for people; DocumentError without what a PDF needs."""
    attached = {f"{_stem(found.path)}.dsse.json": found.data}
    return as_bytes(sheet(found, lang), form, attached=attached)


def beside(path: Path, lang: Lang, *, form: Form) -> Path:
    """Where a printed statement goes when nobody says: beside it, with its language."""
    return path.with_name(f"{_stem(path)}.{lang}.{SUFFIXES[form]}")


def _stem(path: Path) -> str:
    return path.name.removesuffix(".pdf").removesuffix(".json").removesuffix(".dsse")
