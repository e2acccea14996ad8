"""How does the authority end a runner's key, or have another one count instead?

On the officer's machine; what comes out is a file for the admin, who installs it (``key add``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import click

from pbxretain import keys, rolling
from pbxretain.bundle import hand_over
from pbxretain.cli.fingerprints import compare
from pbxretain.cli.officer import Desk
from pbxretain.errors import Exit, RefusedError
from pbxretain.evidence.trust import Roster
from pbxretain.rolling import EndReason
from pbxretain.sheet import KeyValue, Paragraph
from pbxretain.signing import PublicKey, fingerprint, key_id, open_envelope

_KEY_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Ending:
    """Of which source's key, up to which statement all is good (-1: none), and why."""

    last_good: int
    reason: EndReason
    source: str | None = None
    out: Path | None = None


def revoke(desk: Desk, key: str, ending: Ending) -> int:
    """Signs that a key counts no more above a number."""
    roster = desk.home.roster()
    keyid = _key_id(key)
    return _sign(desk, roster, ending, keyid, None)


def recover(desk: Desk, file: Path, ending: Ending, *, given: str | None) -> int:
    """Signs that from a number on this key counts, and no earlier one."""
    roster = desk.home.roster()
    (public, *more) = keys.load_public(file).values()
    if more:
        raise click.UsageError(f"{file} holds several keys; name a file with the new one alone.")
    compare(desk.face, key_id(public), given)
    return _sign(desk, roster, ending, key_id(public), public)


def _sign(desk: Desk, roster: Roster, ending: Ending, keyid: str, public: PublicKey | None) -> int:
    source = _source(roster, ending.source)
    with desk.home.locked():
        signer = desk.open().signer("authority")
        sealed = rolling.ended(
            roster,
            source,
            keyid,
            public=public,
            last_good=ending.last_good,
            reason=ending.reason,
            now=desk.now,
            key=signer,
        )
    name = f"key-event-{open_envelope(sealed).digest[:12]}.dsse.json"
    out = ending.out or Path(name)
    hand_over(out, sealed)
    face, event = desk.face, "revoke" if public is None else "recover"
    pairs = (
        (face.text("key.source"), source),
        (face.text("key.fingerprint"), fingerprint(keyid)),
        (face.text("key.last-good"), str(ending.last_good)),
    )
    told = Paragraph(face.text(f"dpo.{event}.written", path=out), "result")
    hint = Paragraph(face.text("dpo.ended.next", name=out.name))
    data = {"event": event, "key": keyid, "source": source, "path": str(out)}
    face.give(dict(data), desk.sheet(f"dpo.{event}.title", KeyValue(pairs), told, hint))
    return int(Exit.OK)


def _key_id(text: str) -> str:
    """A key by its id, or by the file of its public half."""
    plain = "".join(text.lower().split())
    if _KEY_ID.fullmatch(plain):
        return plain
    path = Path(text)
    if not path.is_file():
        raise click.BadParameter("must be a key id of 64 digits, or the file of a public key")
    (public, *more) = keys.load_public(path).values()
    if more:
        raise click.UsageError(f"{path} holds several keys; name one by its id.")
    return key_id(public)


def _source(roster: Roster, named: str | None) -> str:
    known = [source.source for source in roster.trust.sources]
    if named is not None and named not in known:
        raise RefusedError(
            f"the roster knows no source {named}",
            hint=f"known: {', '.join(known)}",
            code="ROSTER_SOURCE",
            params={"source": named},
        )
    if named is None and len(known) != 1:
        raise click.UsageError(f"Name the source: --source {' or '.join(known)}.")
    return named or known[0]
