"""How does an officer's own look at a telephone system go? The one command of the officer's side
that needs a database driver."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from pbxretain import keyring, signing, sources
from pbxretain import observe as observing
from pbxretain.bundle import exists, hand_over
from pbxretain.cli import context
from pbxretain.cli.officer import Desk
from pbxretain.cli.progress import bars
from pbxretain.errors import Exit, RefusedError
from pbxretain.evidence.attestations import Observation
from pbxretain.evidence.statements import statement
from pbxretain.evidence.trust import Roster
from pbxretain.explain.attestations import sheet
from pbxretain.signing import PrivateKey


def observe(desk: Desk, names: tuple[str, ...], *, key: Path | None, out: Path | None) -> int:
    """Observes each source, signs what was seen; 3 when anything is overdue."""
    app = context.load(desk.face)
    wanted = app.sources(names)
    if out is not None and len(wanted) > 1:
        raise click.UsageError("--out goes with one source; name it.")
    if out is not None and out.exists():
        raise exists(out)
    roster = desk.home.roster()
    signer = _signer(desk, key)
    seen = [_look(desk, app, name, roster) for name in wanted]
    told, sheets = [], []
    for found in seen:
        sealed = signing.seal(statement(found), signer)
        digest = signing.open_envelope(sealed).digest
        target = out or Path(f"{found.source}-observation-{digest[:12]}.dsse.json").absolute()
        hand_over(target, sealed)
        keyid = signing.key_id(signer.public_key())
        sheets.append(sheet(found, desk.face.lang, kind="observation", digest=digest, keyid=keyid))
        told.append(_data(found, target, digest=digest))
        if not desk.face.json:
            desk.face.note(desk.face.text("witness.hand-back", path=target, name=target.name))
    desk.face.give({"observations": told}, *sheets)
    overdue = any(each.overdue for found in seen for each in found.datasets)
    return int(Exit.INCOMPLETE if overdue else Exit.OK)


def _signer(desk: Desk, key: Path | None) -> PrivateKey:
    ring = desk.open() if key is None else keyring.open_container(key, desk.passphrase())
    return ring.signer("observer" if "observer" in ring.roles else "dpo")


def _look(desk: Desk, app: context.App, name: str, roster: Roster) -> Observation:
    expected = roster.trust.source(name)
    if expected is None:
        raise RefusedError(
            f"the roster here doesn't know source {name}",
            hint="in your settings, name the source as its reports do",
            code="ROSTER_SOURCE",
            params={"source": name},
        )
    terms, installation = app.terms(name), roster.trust.installation
    with (
        sources.opened(
            terms.source,
            terms.connector,
            name=name,
            installation=installation.replace("-", "")[:12],
            exclusive=False,
        ) as opened,
        bars(desk.face, name) as progress,
    ):
        return observing.observe(
            terms,
            opened,
            installation=installation,
            patience=timedelta(hours=expected.interval_h + expected.grace_h),
            now=desk.now,
            progress=progress,
        )


def _data(found: Observation, path: Path, *, digest: str) -> dict[str, object]:
    return {
        "source": found.source,
        "path": str(path),
        "digest": digest,
        "overdue": sum(each.overdue for each in found.datasets),
        "predicate": found.model_dump(mode="json", by_alias=True),
    }
