"""Where is the report that somebody asks for?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from pbxretain import signing
from pbxretain.cli import context, show
from pbxretain.cli.context import App
from pbxretain.cli.face import Face
from pbxretain.errors import DocumentError, EvidenceError, UnavailableError
from pbxretain.evidence.statements import Account, Predicate, parse_statement
from pbxretain.explain import Seal
from pbxretain.ledger import Entry, Ledger

_DIGITS = 16
"""More than any number of a report has."""


def rows(app: App, source: str) -> Iterator[show.Row]:
    """All reports of a source, oldest first; one that can't be read stays in the list."""
    for entry in entries(app, source):
        path = app.reports(source) / entry.file
        try:
            report = show.deletion(path)
        except (EvidenceError, UnavailableError):
            report = None
        yield show.Row(source, entry.seq, entry.ended, path, report)


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


def opened(face: Face, path: Path) -> tuple[Predicate, Seal, bool]:
    """What a report says, what its envelope claims, and whether this installation signed it."""
    envelope = show.read_envelope(path)
    predicate = parse_statement(envelope.payload).predicate
    own = context.own_public(face)
    try:
        keys = signing.load_public(own) if own else {}
    except (DocumentError, UnavailableError):
        keys = {}
    signer = signing.signed_by(envelope, keys)
    seal = Seal(digest=envelope.digest, keyid=signer or envelope.signatures[0].keyid)
    return predicate, seal, signer is not None


def account(face: Face, path: Path) -> tuple[Account, Seal, bool]:
    """As ``opened``, for what tells of records; EvidenceError for any other statement."""
    predicate, seal, signed = opened(face, path)
    if not isinstance(predicate, Account):
        raise EvidenceError(f"{path.name} is no deletion report", code="UNKNOWN_TYPE")
    return predicate, seal, signed


def own_key(app: App) -> str:
    """The id of this installation's key; UnavailableError without one."""
    if not context.is_there(app.public):
        raise UnavailableError(
            "this installation has no signing key yet", hint="pbxretain key new", code="KEY_MISSING"
        )
    return next(iter(signing.load_public(app.public)))
