"""How do the hold commands talk? What they decide stands in ``holds`` and ``holdnotes``.

Whom a hold is about is said by ``show`` alone: everything else knows it by its id.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import click
from pydantic import ValidationError

from pbxretain import filing, holdnotes, holds, keyring, rolling
from pbxretain.cli import context, passphrase
from pbxretain.cli.context import App
from pbxretain.cli.face import Face
from pbxretain.documents import DATA_CLASSES
from pbxretain.errors import DocumentError, Exit, LockedError, RefusedError, RetainError
from pbxretain.evidence.trust import Roster
from pbxretain.holdnotes import SECOND, Signing
from pbxretain.holds import Hold, Match, Register
from pbxretain.ledger import ROSTER, Ledger
from pbxretain.messages import code, day
from pbxretain.period import Period
from pbxretain.resolving import Holder
from pbxretain.sheet import Block, Column, Heading, Items, KeyValue, Paragraph, Sheet, Table
from pbxretain.signing import PrivateKey, key_id

PATIENCE = 30.0
"""Seconds in which a run that is going on has to answer: it does so before its next commit."""

_PAUSE = 0.02
_LISTS = ("numbers", "extensions", "mailboxes", "calls", "queues", "tenants")


# --- add ------------------------------------------------------------------------------------------


def add(face: Face, given: Mapping[str, Any], *, now: datetime) -> int:
    """Writes a hold between two batches, then asks each source that it concerns."""
    app = context.load(face)
    hold = _hold(app, given, today=_today(now))
    folder = app.holds
    with folder.alone():
        path = folder.put(hold)
    told = [_told(face, app, source, hold, now=now) for source in app.sources(hold.sources)]
    blocks: list[Block] = [
        Heading(face.text("holds.add.title"), 1),
        Paragraph(face.text("holds.added", hold=hold.hold, path=path), "result"),
        Items(tuple(_sentence(face, each) for each in told)),
    ]
    data = {"hold": hold.hold, "path": str(path), "sources": [each.data() for each in told]}
    face.give(data, Sheet(face.lang, tuple(blocks)))
    return int(Exit.OK)


def _hold(app: App, given: Mapping[str, Any], *, today: date) -> Hold:
    app.sources(given["source"])  # says which one is unknown
    if given["since"] and given["until"] and given["until"] < given["since"]:
        raise DocumentError("the last day lies before the first", hint="--since DAY --until DAY")
    for data in given["data"]:
        if data not in DATA_CLASSES and not data.startswith("x-"):
            raise DocumentError(
                "there is no such data class", hint=f"known: {', '.join(DATA_CLASSES)}"
            )
    try:
        match = Match(
            numbers=list(given["number"]),
            extensions=list(given["extension"]),
            mailboxes=list(given["mailbox"]),
            calls=list(given["call"]),
            queues=list(given["queue"]),
            tenants=list(given["tenant"]),
            since=given["since"],
            until=given["until"],
        )
        kind: Literal["legal-hold", "restriction"]
        kind = "restriction" if given["restriction"] else "legal-hold"
        hold = holds.new_hold(
            match,
            kind=kind,
            by=_function(given["by"]),
            today=today,
            sources=given["source"],
            data=given["data"],
            reason=given["reason"],
            person=given["person"],
        )
    except ValidationError:
        raise DocumentError(
            "a hold names at least one number, extension, mailbox, call, queue, tenant or day, "
            "and its texts are one line of at most 1000 characters",
            hint="pbxretain hold add --help",
            code="HOLD_INVALID",
        ) from None
    for source in app.sources(hold.sources):
        try:
            Holder.of(hold, app.source(source), app.connector(source).manifest)
        except RefusedError as error:
            raise DocumentError(
                "a number or extension can't be told", hint=error.hint, code="NO_NUMBER"
            ) from None
    return hold


def _function(by: str) -> str:
    if "@" in by:
        raise RefusedError(
            "name a function, not a person", hint='--by "legal department"', code="PERSON"
        )
    return by


@dataclass(frozen=True, slots=True)
class _Word:
    """What a source said: ``idle`` (no run), ``running`` with batch and count, ``silent`` (a run
    that has not answered), ``untold`` (its ledger can't be written now)."""

    source: str
    state: str
    batch: int | None = None
    taken: int | None = None

    def data(self) -> dict[str, object]:
        known: dict[str, object] = {"source": self.source, "state": self.state}
        if self.batch is not None:
            known |= {"batch": self.batch, "taken": self.taken}
        return known


def _told(face: Face, app: App, source: str, hold: Hold, *, now: datetime) -> _Word:
    """Tells the source's ledger, or waits for the run that has it."""
    state, until = app.state / source, time.monotonic() + PATIENCE
    while True:
        answer = holdnotes.answered(state, hold.hold)
        try:
            _publish(app, source, now=now)
        except LockedError:
            if answer is None and time.monotonic() < until:
                time.sleep(_PAUSE)
                continue
            word = _Word(source, "silent")
        except RetainError as error:
            face.complain(error)
            word = _Word(source, "untold")
        else:
            answer = answer or holdnotes.answered(state, hold.hold)
            word = _Word(source, "idle")
        return word if answer is None else _Word(source, "running", *answer)


def _publish(app: App, source: str, *, now: datetime) -> None:
    with filing.locked(source, app.state / source) as ledger:
        signing = _signing(app, source, ledger, now=now)
        two_person = app.settings.hold.release == "two-person"
        folder, register = app.holds, app.holds.read()
        told = holdnotes.publish(ledger, register, signing, two_person=two_person)
        folder.remember(register.of(source))
        if told:
            ledger.sign_checkpoint(signing.key, app.site(source).origin(source))


def _signing(app: App, source: str, ledger: Ledger, *, now: datetime) -> Signing:
    site = app.site(source).settled(ledger)
    return Signing(site.installation, source, site.key, now)


def _sentence(face: Face, word: _Word) -> str:
    if word.state != "running":
        return face.text(f"holds.source.{word.state}", source=word.source)
    key = "holds.source.running" if word.taken is not None else "holds.source.running.unknown"
    params: dict[str, object] = {"source": word.source, "batch": word.batch}
    if word.taken is not None:
        params["taken"] = word.taken
    return face.text(key, **params)


# --- looking --------------------------------------------------------------------------------------


def _state(hold: Hold, today: date) -> str:
    if hold.over(today):
        return "over"
    if hold.given:
        return "grace"
    return "asked" if hold.release else "in-force"


def _in_words(face: Face, hold: Hold, today: date) -> str:
    ends = hold.release.ends if hold.release else None
    params = {"day": day(ends, face.lang)} if ends else {}
    return face.text(f"holds.state.{_state(hold, today)}", **params)


def _data(hold: Hold, today: date) -> dict[str, object]:
    ends = hold.release.ends if hold.release else None
    return {
        "hold": hold.hold,
        "kind": hold.kind,
        "set_on": hold.set_on,
        "set_by": hold.set_by,
        "sources": hold.sources,
        "data": hold.data,
        "state": _state(hold, today),
        "ends": ends,
    }


def _borne_out(app: App, hold: Hold) -> Hold:
    """The hold as runs see it: a release that its file alone tells of is only asked for."""
    agreed = app.holds.agreed
    if agreed is None or hold.release is None or not hold.given:
        return hold
    if all(agreed(source, hold.hold) for source in app.sources(hold.sources)):
        return hold
    asked = hold.release.model_copy(update={"given_by": None, "given_on": None, "ends": None})
    return hold.model_copy(update={"release": asked})


def listing(face: Face, *, everything: bool, now: datetime) -> int:
    """The holds as a table; nothing in it says whom they are about."""
    app, today = context.load(face), _today(now)
    known = [_borne_out(app, hold) for hold in app.holds.read().holds]
    found = [hold for hold in known if everything or not hold.over(today)]
    title = Heading(face.text("holds.list.title"), 1)
    if not found:
        face.give({"holds": []}, Sheet(face.lang, (title, Paragraph(face.text("holds.none")))))
        return int(Exit.OK)
    names = ("hold", "kind", "set-on", "set-by", "sources", "data", "state")
    columns = tuple(Column(face.text(f"holds.col.{name}")) for name in names)
    rows = tuple(
        (
            hold.hold[:8],
            face.text(f"hold.kind.{hold.kind}"),
            day(hold.set_on, face.lang),
            hold.set_by,
            ", ".join(hold.sources) or face.text("holds.all"),
            ", ".join(code("data", name, face.lang) for name in hold.data)
            or face.text("holds.all"),
            _in_words(face, hold, today),
        )
        for hold in found
    )
    data = {"holds": [_data(hold, today) for hold in found]}
    face.give(data, Sheet(face.lang, (title, Table(columns, rows))))
    return int(Exit.OK)


def show(face: Face, name: str, *, now: datetime) -> int:
    """One hold with everything in its file; the one place where whom it is about is said."""
    app, today = context.load(face), _today(now)
    written = app.holds.read().find(name)
    hold = _borne_out(app, written)
    face.note(face.text("holds.show.warning"))
    match = hold.match
    pairs = [
        (face.text("holds.col.hold"), hold.hold),
        (face.text("holds.col.kind"), face.text(f"hold.kind.{hold.kind}")),
        (face.text("holds.col.state"), _in_words(face, hold, today)),
        *((face.text(f"holds.match.{key}"), ", ".join(getattr(match, key))) for key in _LISTS),
        (face.text("holds.match.since"), day(match.since, face.lang) if match.since else ""),
        (face.text("holds.match.until"), day(match.until, face.lang) if match.until else ""),
        (face.text("holds.col.set-on"), day(hold.set_on, face.lang)),
        (face.text("holds.col.set-by"), hold.set_by),
        (face.text("holds.reason"), hold.reason or ""),
        (face.text("holds.person"), hold.person or ""),
    ]
    shown = KeyValue(tuple(pair for pair in pairs if pair[1]))
    title = Heading(face.text("holds.show.title", hold=hold.hold[:8]), 1)
    file = written.model_dump(mode="json", exclude_none=True)
    face.give({**_data(hold, today), "file": file}, Sheet(face.lang, (title, shown)))
    return int(Exit.OK)


# --- release --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Release:
    """What ``hold release`` was asked for."""

    name: str
    by: str
    agree: bool = False
    key: Path | None = None
    passphrase_file: Path | None = None


def release(face: Face, wanted: Release, *, now: datetime) -> int:
    """Ends a hold, asks for its end, or agrees to it."""
    app = context.load(face)
    _function(wanted.by)
    two_person = app.settings.hold.release == "two-person"
    if wanted.agree != (wanted.key is not None):
        raise click.UsageError("--agree and --key go together.")
    register = app.holds.read()
    gone = None if _knows(register, wanted.name) else _gone(app, wanted.name)
    if wanted.agree:
        return _agreed(face, app, wanted, gone=gone, now=now)
    if gone is not None:
        if two_person:
            raise RefusedError(
                "the file of that hold is gone, and its end takes a second person",
                hint="put the file back, or: --agree --key FILE",
                code="HOLD_SECOND",
            )
        return _ended(face, app, gone, [], now=now)
    hold = register.find(wanted.name)
    if hold.given:
        raise RefusedError("that hold is released already", code="HOLD_RELEASED")
    today, grace = _today(now), Period.parse(app.settings.hold.grace)
    if two_person:
        return _put(face, app, holds.asked(hold, by=wanted.by, today=today), now=now)
    return _put(face, app, holds.given(hold, by=wanted.by, today=today, grace=grace), now=now)


def _put(face: Face, app: App, hold: Hold, *, now: datetime) -> int:
    folder = app.holds
    with folder.alone():
        folder.put(hold)
    words = [_told(face, app, source, hold, now=now) for source in app.sources(hold.sources)]
    del words  # a release binds nobody to anything now
    told = Paragraph(_in_words(face, hold, _today(now)), "result")
    title = Heading(face.text("holds.release.title", hold=hold.hold[:8]), 1)
    more = [Paragraph(face.text("holds.release.second"))] if not hold.given else []
    face.give(_data(hold, _today(now)), Sheet(face.lang, (title, told, *more)))
    return int(Exit.OK)


def _knows(register: Register, name: str) -> bool:
    return any(hold.hold.startswith(name.lower()) for hold in register.holds)


def _gone(app: App, name: str) -> str | None:
    """The id of a hold that a ledger knows and whose file is gone."""
    for source in app.sources():
        reports = app.reports(source)
        for hold, last in holdnotes.told(Ledger(reports)).items() if reports.is_dir() else ():
            if len(name) >= 8 and hold.startswith(name.lower()) and last.said.event == "set":
                return hold
    raise DocumentError("there is no such hold", hint="pbxretain hold list", code="NO_HOLD")


def _agreed(face: Face, app: App, wanted: Release, *, gone: str | None, now: datetime) -> int:
    """The second person signs the statements themselves, beside the installation."""
    register, today = app.holds.read(), _today(now)
    hold = None if gone else register.find(wanted.name)
    if hold is not None and (hold.release is None or hold.given):
        raise RefusedError(
            "nobody has asked for the release of that hold"
            if not hold.given
            else "that hold is released already",
            hint=f"pbxretain hold release {hold.hold[:8]} --by FUNCTION",
            code="HOLD_NOT_ASKED",
        )
    if hold is not None and hold.release and hold.release.asked_by == wanted.by:
        raise RefusedError(
            "the release was asked for by this very function; another one has to agree",
            hint="--by ANOTHER",
            code="HOLD_SECOND",
        )
    other = _second(face, app, wanted, now=now)
    if hold is None:
        return _ended(face, app, gone or "", [other], now=now)
    grace = Period.parse(app.settings.hold.grace)
    done = holds.given(hold, by=wanted.by, today=today, grace=grace)
    with ExitStack() as stack:
        names = app.sources(hold.sources)
        ledgers = {n: stack.enter_context(filing.locked(n, app.state / n)) for n in names}
        for source, ledger in ledgers.items():
            signing = _signing(app, source, ledger, now=now)
            holdnotes.publish(ledger, register, signing, two_person=True)
            if not holdnotes.agreed(ledger, _roster(app), hold.hold):
                holdnotes.tell(ledger, register, hold, "released", signing, other)
            ledger.sign_checkpoint(signing.key, app.site(source).origin(source))
        with app.holds.alone():
            app.holds.put(done)
    told = Paragraph(_in_words(face, done, today), "result")
    title = Heading(face.text("holds.release.title", hold=done.hold[:8]), 1)
    face.give(_data(done, today), Sheet(face.lang, (title, told)))
    return int(Exit.OK)


def _second(face: Face, app: App, wanted: Release, *, now: datetime) -> PrivateKey:
    """The key of somebody to whom the roster gives a say; RefusedError for any other."""
    roster = filing.installed_roster(app.state / ROSTER)
    assert wanted.key is not None  # noqa: S101  (goes with --agree)
    ring = keyring.open_container(wanted.key, passphrase.ask(face, wanted.passphrase_file))
    for role in SECOND:
        if role in ring.roles:
            key = ring.signer(role)
            if key_id(key.public_key()) in roster.valid(role, now):
                return key
    raise RefusedError(
        "the roster gives no key of that file a say in releases",
        hint="that of the officer, the controller or an admin",
        code="HOLD_SECOND",
    )


def _roster(app: App) -> Roster | None:
    return rolling.installed(app.state / ROSTER)


def _ended(face: Face, app: App, name: str, others: Sequence[PrivateKey], *, now: datetime) -> int:
    """Tells every ledger that a hold without a file is over."""
    for source in app.sources():
        with filing.locked(source, app.state / source) as ledger:
            last = holdnotes.told(ledger).get(name)
            if last is not None and last.said.event == "set":
                signing = _signing(app, source, ledger, now=now)
                holdnotes.end_missing(ledger, app.holds.read(), name, signing, *others)
                ledger.sign_checkpoint(signing.key, app.site(source).origin(source))
    title = Heading(face.text("holds.release.title", hold=name[:8]), 1)
    told = Paragraph(face.text("holds.ended"), "result")
    face.give({"hold": name, "state": "over"}, Sheet(face.lang, (title, told)))
    return int(Exit.OK)


def _today(now: datetime) -> date:
    return now.astimezone().date()
