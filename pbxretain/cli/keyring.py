"""How do the key commands talk? What they decide stands in ``keys``, ``runner`` and ``rolling``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from pbxretain import filing, keyring, keys, posix, rolling, signing
from pbxretain.bundle import exists, hand_over, handed
from pbxretain.cli import context, passphrase
from pbxretain.cli.context import App
from pbxretain.cli.face import Face
from pbxretain.cli.fingerprints import compare
from pbxretain.errors import (
    DocumentError,
    EvidenceError,
    RefusedError,
    TrustError,
    UnavailableError,
)
from pbxretain.evidence.attestations import KeyEvent, Role, RosterKey
from pbxretain.evidence.statements import parse_statement
from pbxretain.evidence.trust import Roster, read_roster
from pbxretain.keyring import AnyPrivate
from pbxretain.ledger import FILED, ROSTER, Ledger
from pbxretain.sheet import Block, Heading, Items, KeyValue, Paragraph, Sheet
from pbxretain.signing import fingerprint, key_id, open_envelope, signed_by

# --- new --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Order:
    """What ``key new`` was asked for."""

    roles: tuple[str, ...] = ()
    out: Path | None = None
    origin: Path | None = None
    source: str | None = None
    passphrase_file: Path | None = None


def new(face: Face, order: Order) -> None:
    """Makes the key that was asked for, and shows its fingerprint."""
    if order.source:
        _recovery(face, order.source, order.out)
    elif order.out:
        _elsewhere(face, order, order.out)
    elif order.origin or set(order.roles) - {"runner"}:
        raise click.UsageError("Keys of people go into a file of their own: --out FILE.")
    elif passphrase.given(order.passphrase_file):
        raise click.UsageError("Its passphrase is named in settings: signing_key: {passphrase: …}.")
    else:
        app = context.load(face)
        keyid = app.new_key()
        _tell_public(face, app.public, keyid)


def _elsewhere(face: Face, order: Order, out: Path) -> None:
    roles = cast("tuple[Role, ...]", tuple(dict.fromkeys(order.roles)) or ("runner",))
    if order.origin and len(roles) > 1:
        raise click.UsageError("--from gives one key, so name one --role.")
    if out.exists():
        raise RefusedError(
            "There is a key already, and a key is never overwritten.", code="KEY_EXISTS"
        )
    unattended = roles == ("runner",) and not passphrase.given(order.passphrase_file)
    made: dict[Role, AnyPrivate] = {
        role: _import(face, order.origin) if order.origin else keyring.generate(role)
        for role in roles
    }
    if unattended:
        key = made["runner"]
        if not isinstance(key, Ed25519PrivateKey):
            raise RefusedError("The signing key is not an Ed25519 key.", code="KEY_KIND")
        keys.store_key(out, key)
        keys.write_public(out, key.public_key())
        face.note(face.text("key.unprotected", path=out))
    else:
        secret = passphrase.ask(face, order.passphrase_file, new=True)
        keyring.write_container(out, made, secret, created=context.now())
    ids = {role: key_id(key.public_key()) for role, key in made.items()}
    _tell_ring(face, out, ids)


def _import(face: Face, path: Path) -> AnyPrivate:
    """Without a passphrase where the file needs none."""
    try:
        return keyring.import_key(path)
    except RefusedError as error:
        if error.code != "PASSPHRASE":
            raise
    return keyring.import_key(path, passphrase.typed(face, "key.import.passphrase"))


def _recovery(face: Face, source: str, out: Path | None) -> None:
    app = context.load(face)
    app.source(source)
    if out and out.exists():
        raise exists(out)
    with filing.locked(source, app.state / source):
        key = app.chain(source).make_recovery(now=context.now())
    keyid = key_id(key.public_key())
    target = out or Path(f"runner-{keyid[:8]}.pub.pem")
    hand_over(target, keys.public_pem(key.public_key()))
    _tell_public(face, target, keyid, Paragraph(face.text("key.recovery", source=source)))


# --- show -------------------------------------------------------------------------------------


def look(face: Face, file: Path | None, *, source: str | None, out: Path | None) -> None:
    """Shows a key, or writes its public half to a file."""
    if file is not None:
        _look_at(face, file, out)
        return
    app = context.load(face)
    public = _public(app, source)
    keyid = key_id(public)
    if out:
        hand_over(out, keys.public_pem(public))
    # A destroyed first key still begins each ledger; what the officer compares is today's.
    today = {} if source else _today(app, keyid)
    more: list[Block] = []
    if today:
        lines = Items(tuple(f"{name}: {fingerprint(each)}" for name, each in today.items()))
        more = [Paragraph(face.text("key.today")), lines]
    _tell_public(face, out or app.public, keyid, *more, sources=today)


def _today(app: App, first: str) -> dict[str, str]:
    """The key that signs for each source, where that isn't the installation's."""
    found: dict[str, str] = {}
    for name in app.sources():
        keyid = key_id(_public(app, name))
        if keyid != first:
            found[name] = keyid
    return found


def _public(app: App, source: str | None) -> signing.PublicKey:
    """Of the key that signs: the installation's, or a source's of today."""
    if source is not None:
        app.source(source)
        return app.chain(source).current_public(Ledger(app.reports(source)))
    if not context.is_there(app.public):
        raise UnavailableError(
            "this installation has no signing key yet", hint="pbxretain key new", code="KEY_MISSING"
        )
    return next(iter(keys.load_public(app.public).values()))


def _look_at(face: Face, file: Path, out: Path | None) -> None:
    if out:
        raise click.UsageError("Use key export for the public halves of a key file.")
    if keyring.is_container(file):
        _tell_ring(face, file, {each.role: each.id for each in keyring.listed(file)})
        return
    found = keys.load_any_public(file)
    _tell_public(face, file, key_id(found))


# --- add --------------------------------------------------------------------------------------


def add(face: Face, file: Path, *, given: str | None) -> None:
    """Installs an escrow key, a roster, or the authority's word on a key."""
    app = context.load(face)
    data = handed(file)
    if data.lstrip().startswith(b"{"):
        envelope = open_envelope(data)
        predicate = parse_statement(envelope.payload).predicate
        if isinstance(predicate, KeyEvent):
            _add_event(face, app, data)
            return
        _add_roster(face, app, data, given=given)
        return
    public = keys.load_any_public(file)
    if not isinstance(public, X25519PublicKey):
        raise DocumentError(
            "the file is no escrow key (X25519), so evidence can't be sealed to it",
            code="KEY_KIND",
        )
    keyid = key_id(public)
    compare(face, keyid, given)
    path = _put_escrow(app, keyid, keys.public_pem(public))
    blocks = [Paragraph(face.text("key.escrow.added", path=path), "result")]
    face.give({"key": keyid, "path": str(path)}, _sheet(face, "key.add.title", *blocks))


def _put_escrow(app: App, keyid: str, pem: bytes) -> Path:
    path = app.runner.folder / f"escrow-{keyid[:8]}.pub.pem"
    _write(app.runner.folder, path, pem)
    return path


def _write(folder: Path, path: Path, data: bytes) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        posix.write_synced(path, data, 0o644)
    except OSError:
        raise UnavailableError(
            f"can't write in the state folder {folder}",
            hint="run pbxretain as the user who owns it",
            code="STATE_WRITE",
            params={"folder": str(folder)},
        ) from None


def _add_roster(face: Face, app: App, data: bytes, *, given: str | None) -> None:
    path = app.state / ROSTER
    context.is_there(path)
    before = rolling.installed(path)
    roster = read_roster(data, after=before)
    if roster.trust.installation != app.installation():
        raise TrustError("The roster is another installation's.", code="OTHER_INSTALLATION")
    if before is None:
        signer = signed_by(roster.envelope, roster.authority)
        compare(face, signer or "", given)
    _warn_of_strangers(face, app, roster)
    _write(app.state, path, data)
    for escrow in roster.trust.of("escrow"):
        _put_escrow(app, escrow.id, rolling.pem(escrow.public))
    told = face.text("key.roster.added", version=roster.trust.version)
    lines = Items(tuple(_roster_line(face, key) for key in roster.trust.keys))
    sheet = _sheet(face, "key.add.title", Paragraph(told, "result"), lines)
    face.give({"roster": roster.digest, "version": roster.trust.version}, sheet)


def _roster_line(face: Face, key: RosterKey) -> str:
    role = face.text(f"role.{key.role}") + (f" ({key.source})" if key.source else "")
    return f"{role}: {fingerprint(key.id)}"


def _warn_of_strangers(face: Face, app: App, roster: Roster) -> None:
    """Reports of a source count for nobody whose roster names another first key."""
    own = set(keys.load_public(app.public)) if context.is_there(app.public) else set()
    for expected in roster.trust.sources:
        named = set(roster.runners(expected.source))
        if expected.source in app.settings.sources and own and not named & own:
            face.note(face.text("key.roster.stranger", source=expected.source))


def _add_event(face: Face, app: App, data: bytes) -> None:
    roster = filing.installed_roster(app.state / ROSTER)
    event, signer = rolling.read_event(data, roster.authority)
    if event.event == "rotate":
        raise DocumentError("a hand-over stands in its ledger already and is not added")
    if signer is None:
        raise TrustError(
            "The authority of the installed roster has not signed this.", code="NOT_AUTHORITY"
        )
    if event.installation != app.installation():
        raise EvidenceError("The statement is of another installation.", code="OTHER_INSTALLATION")
    app.source(event.source)
    with filing.locked(event.source, app.state / event.source) as ledger:
        name = f"key-event-{open_envelope(data).digest[:12]}.dsse.json"
        _write(ledger.folder / FILED, ledger.folder / FILED / name, data)
        waiting = event.event == "recover" and not app.chain(event.source).holds(event.key)
    told = [Paragraph(face.text(f"key.{event.event}.added", source=event.source), "result")]
    if waiting:
        told.append(Paragraph(face.text("key.recover.missing", id=event.key[:8])))
    elif event.event == "revoke":
        told.append(Paragraph(face.text("key.revoke.next", source=event.source)))
    shown = {"event": event.event, "key": event.key, "source": event.source}
    face.give(dict(shown), _sheet(face, "key.add.title", *told))


# --- rotate, export ---------------------------------------------------------------------------


def rotate(face: Face, names: Sequence[str], *, now: datetime) -> None:
    """Hands over to a new key in each source's ledger."""
    app = context.load(face)
    done: dict[str, str] = {}
    for name in app.sources(names):
        with filing.locked(name, app.state / name) as ledger:
            chain = app.chain(name)
            chain.settle(ledger)
            last = ledger.last()
            at = max(now, last.ended) if last else now
            key = chain.rotate(ledger, now=at, reason="requested")
        done[name] = key_id(key.public_key())
    lines = Items(tuple(f"{name}: {fingerprint(keyid)}" for name, keyid in done.items()))
    face.give({"keys": done}, _sheet(face, "key.rotate.title", lines))


def export(
    face: Face,
    file: Path,
    *,
    role: str | None,
    private: bool,
    out: Path | None,
    passphrase_file: Path | None,
) -> None:
    """Writes one key of a container out: its public half, or the private one on request."""
    if private and out is None:
        raise click.UsageError("A private key goes into a file, never on the screen: --out FILE.")
    known = [each.role for each in keyring.listed(file)]
    if role is None and len(known) > 1:
        raise click.UsageError(f"Name one of its keys: --role {' or '.join(known)}.")
    ring = keyring.open_container(file, passphrase.ask(face, passphrase_file))
    key = ring.key(cast("Role", role or known[0]))
    if private and out:
        keyring.write_private(out, keys.private_pem(key))
        face.note(face.text("key.unprotected", path=out))
        _tell_public(face, out, key_id(key.public_key()))
        return
    pem = keys.public_pem(key.public_key())
    if out:
        hand_over(out, pem)
        _tell_public(face, out, key_id(key.public_key()))
    elif face.json:
        face.give({"key": key_id(key.public_key()), "pem": pem.decode()})
    else:
        click.echo(pem.decode(), nl=False)


# --- small pieces -----------------------------------------------------------------------------


def _tell_public(
    face: Face, path: Path, keyid: str, *more: Block, sources: Mapping[str, str] | None = None
) -> None:
    pairs = (("file", str(path)), ("id", keyid), ("fingerprint", fingerprint(keyid)))
    named = tuple((face.text(f"key.{name}"), value) for name, value in pairs)
    data: dict[str, object] = {"key": keyid, "path": str(path)}
    if sources:
        data["sources"] = dict(sources)
    face.give(data, _sheet(face, "key.title", KeyValue(named), *more))


def _tell_ring(face: Face, path: Path, ids: Mapping[Role, str]) -> None:
    pairs = [(face.text("key.container"), str(path))]
    pairs += [(face.text(f"role.{role}"), fingerprint(keyid)) for role, keyid in ids.items()]
    data = {"path": str(path), "keys": dict(ids)}
    face.give(data, _sheet(face, "key.ring.title", KeyValue(tuple(pairs))))


def _sheet(face: Face, title: str, *blocks: Block) -> Sheet:
    return Sheet(face.lang, (Heading(face.text(title), 1), *blocks))
