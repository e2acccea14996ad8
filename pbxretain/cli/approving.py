"""How do controller and officer put their names under a policy? What counts stands in
``approval``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import click

from pbxretain import approval, keyring
from pbxretain.bundle import exists, hand_over, handed
from pbxretain.cli import context, papers, passphrase
from pbxretain.cli.context import checked_name
from pbxretain.cli.face import Face, width
from pbxretain.cli.officer import Desk
from pbxretain.errors import Exit
from pbxretain.policy import document as policies
from pbxretain.policy.document import Policy
from pbxretain.render import as_text
from pbxretain.settings import refuse_writable
from pbxretain.sheet import Heading, KeyValue, Paragraph, Sheet
from pbxretain.signing import fingerprint, key_id, open_envelope


def chosen(face: Face, name: str, *, installation: UUID | None) -> tuple[Path, str]:
    """The file of a policy, and the installation that it governs: by name this one, by file the
    one that is named."""
    if name.endswith(".yaml"):
        if installation is None:
            raise click.UsageError("With a file, name the installation: --installation ID.")
        return Path(name), str(installation)
    if installation is not None:
        raise click.UsageError("--installation goes with a policy's file, FILE.yaml.")
    app = context.load(face)
    path = policies.policy_path(app.policies, checked_name(name))
    refuse_writable(path)
    return path, app.installation()


def sign(
    face: Face,
    found: tuple[Path, str],
    *,
    key: Path,
    out: Path | None,
    passphrase_file: Path | None,
) -> int:
    """Signs a policy as its controller, after showing it in words."""
    path, installation = found
    draft = approval.draft(path)
    if out is not None and out.exists():
        raise exists(out)
    _show(face, draft.policy, draft.digest)
    signer = keyring.open_container(key, passphrase.ask(face, passphrase_file)).signer("controller")
    sealed = approval.sign(draft, installation, signer, now=context.now())
    told = _Told(draft.policy, draft.digest, key_id(signer.public_key()), "approval.signed")
    return _handed(face, sealed, told, out or Path(f"{_name(sealed)}.dsse.json"))


def consult(desk: Desk, file: Path, *, out: Path | None, yes: bool) -> int:
    """Adds the officer's signature to a policy that a controller of the roster signed."""
    desk.home.must_have_keys()
    with desk.home.locked():
        roster = desk.home.roster()
        found = approval.decided(handed(file), roster, now=desk.now)
        if out is not None and out.exists():
            raise exists(out)
        face, digest = desk.face, found.said.digest
        _show(face, found.policy, digest)
        face.note(face.text("approval.read"))
        if not yes:
            if not sys.stdin.isatty():
                raise click.UsageError("Without a terminal, say that you have read it: --yes.")
            face.must_confirm(face.text("approval.ask"))
        sealed = approval.consulted(found, desk.open().signer("dpo"), roster)
        told = _Told(found.policy, digest, found.controller, "witness.hand-back")
        beside = file.absolute().with_name(f"{_name(sealed)}-consulted.dsse.json")
        return _handed(face, sealed, told, out or beside)


def _show(face: Face, policy: Policy, digest: str) -> None:
    """The policy in words before anybody signs it; beside the result where that is JSON."""
    told = papers.policy_sheet(policy, face.lang)
    file = KeyValue(((face.text("approval.digest"), digest),))
    whole = Sheet(face.lang, (*told.blocks, file))
    if face.json:
        face.note(as_text(whole, width=width()))
    else:
        face.give({}, whole)


def _name(sealed: bytes) -> str:
    return f"{approval.KIND}-{open_envelope(sealed).digest[:12]}"


@dataclass(frozen=True, slots=True)
class _Told:
    """What is told of a signature: on which file, by which controller, and what comes next."""

    policy: Policy
    digest: str
    controller: str
    sentence: str


def _handed(face: Face, sealed: bytes, told: _Told, target: Path) -> int:
    hand_over(target, sealed)
    policy, controller = told.policy, told.controller
    pairs = KeyValue(((face.text("approval.controller-key"), fingerprint(controller)),))
    next_ = Paragraph(face.text(told.sentence, path=target, name=target.name), "result")
    data = {
        "kind": approval.KIND,
        "policy": policy.policy,
        "version": policy.version,
        "policy_digest": told.digest,
        "controller": controller,
        "digest": open_envelope(sealed).digest,
        "path": str(target),
    }
    title = Heading(face.text("statement.policy"), 1)
    face.give(data, Sheet(face.lang, (title, pairs, next_)))
    return int(Exit.OK)
