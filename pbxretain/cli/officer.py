"""How do the officer's commands talk? What they decide stands in ``officer`` and ``witness``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from pbxretain import keys, officer, signing
from pbxretain import witness as witnessing
from pbxretain.bundle import exists, hand_over, opened_bundle
from pbxretain.cli import passphrase, verdict
from pbxretain.cli.face import Face
from pbxretain.cli.fingerprints import compare
from pbxretain.errors import Exit, RefusedError
from pbxretain.keyring import Keyring
from pbxretain.messages import code, counted
from pbxretain.officer import Claim, Home
from pbxretain.places import officer_home
from pbxretain.secret import Secret
from pbxretain.sheet import Block, Heading, Items, KeyValue, Paragraph, Sheet
from pbxretain.verify import Verdict
from pbxretain.witness import LOOKED, Looked, Outcome


@dataclass(slots=True)
class Desk:
    """Where an officer's command works: face, home, clock, and how the passphrase comes in."""

    face: Face
    given: Path | None
    passphrase_file: Path | None
    now: datetime

    @property
    def home(self) -> Home:
        return Home(officer_home(self.given))

    def passphrase(self, *, new: bool = False) -> Secret:
        return passphrase.ask(self.face, self.passphrase_file, new=new)

    def open(self) -> Keyring:
        """The officer's keys, by the passphrase."""
        self.home.must_have_keys()
        return self.home.open(self.passphrase())

    def sheet(self, title: str, *blocks: Block) -> Sheet:
        return Sheet(self.face.lang, (Heading(self.face.text(title), 1), *blocks))


# --- init -----------------------------------------------------------------------------------------


def init(desk: Desk, bundle: Path | None, **given: Any) -> int:
    """Makes the keys where there are none, and enters a bundle's source in the roster."""
    with desk.home.locked():
        if bundle is None:
            return _keys_only(desk)
        with opened_bundle(bundle) as folder:
            return _enter(desk, bundle, folder, given)


def _keys_only(desk: Desk) -> int:
    if desk.home.has_keys:
        raise RefusedError(
            f"there are keys in {desk.home.folder} already, and a key is never overwritten",
            hint="pbxretain dpo init BUNDLE",
            code="KEY_EXISTS",
        )
    ring = desk.home.new_keys(desk.passphrase(new=True), now=desk.now)
    data = {**_ring_data(desk, ring), "escrow": str(desk.home.escrow_file)}
    desk.face.give(data, desk.sheet("dpo.init.title", *_about_keys(desk, ring, escrow=True)))
    return int(Exit.OK)


def _enter(desk: Desk, bundle: Path, folder: Path, given: dict[str, Any]) -> int:
    told = officer.named(officer.claim(folder), folder, given["fingerprint"])
    _compare(desk, told, given["fingerprint"])
    told, found = officer.confirmed(told, folder, now=desk.now)
    if found is not None and found.exit in (Exit.FORGED, Exit.UNTRUSTED):
        return _refused(desk, found)
    people = {name: _public(given[name]) for name in ("observer", "controller_key")}
    fresh = not desk.home.has_keys
    if fresh and not given["controller"]:
        raise click.UsageError("Say who is responsible: --controller NAME.")
    ring = desk.home.new_keys(desk.passphrase(new=True), now=desk.now) if fresh else desk.open()
    wanted = officer.Wanted(
        told,
        interval_h=given["interval"],
        grace_h=given["grace"],
        witness_h=given["witness_every"],
        controller=given["controller"],
        **people,
    )
    roster = officer.next_roster(desk.home, ring, wanted, now=desk.now)
    blocks = _about_keys(desk, ring, escrow=False) if fresh else []
    data: dict[str, object] = {**_ring_data(desk, ring), "source": told.source}
    if roster is None:
        blocks.append(Paragraph(desk.face.text("dpo.init.same"), "result"))
    else:
        name = f"trust-{roster.trust.version:06d}.dsse.json"
        out = given["out"] or bundle.absolute().parent / name
        hand_over(out, desk.home.roster_file.read_bytes())
        data |= {"roster": str(out), "version": roster.trust.version, "digest": roster.digest}
        blocks += _about_roster(desk, told, out, version=roster.trust.version)
        blocks += _about_people(desk, wanted)
    desk.face.give(data, desk.sheet("dpo.init.title", *blocks))
    return int(Exit.OK)


def _compare(desk: Desk, told: Claim, given: str | None) -> None:
    """Goes on only when the fingerprint is the one that came by another way."""
    if given is None and sys.stdin.isatty():
        face = desk.face
        face.note(face.text("dpo.init.claim", source=told.source, installation=told.installation))
    compare(desk.face, told.keyid, given)


def _public(file: Path | None) -> signing.PublicKey | None:
    if file is None:
        return None
    (public, *more) = keys.load_public(file).values()
    if more:
        raise click.UsageError(f"{file} holds several keys; name a file with one.")
    return public


def _ring_data(desk: Desk, ring: Keyring) -> dict[str, object]:
    ids = {role: signing.key_id(ring.key(role).public_key()) for role in ring.roles}
    return {"home": str(desk.home.folder), "keys": ids}


def _about_keys(desk: Desk, ring: Keyring, *, escrow: bool) -> list[Block]:
    face, home = desk.face, desk.home
    authority = signing.fingerprint(signing.key_id(ring.key("authority").public_key()))
    told: list[Block] = [Paragraph(face.text("dpo.init.keys", path=home.keys), "result")]
    if escrow:
        name = home.escrow_file.name
        told.append(Paragraph(face.text("dpo.init.escrow", path=home.escrow_file, name=name)))
    told.append(KeyValue(((face.text("dpo.init.own-fingerprint"), authority),)))
    return told


def _about_roster(desk: Desk, told: Claim, out: Path, *, version: int) -> list[Block]:
    sentence = desk.face.text(
        "dpo.init.roster", source=told.source, version=version, path=out, name=out.name
    )
    return [Paragraph(sentence)]


def _about_people(desk: Desk, wanted: officer.Wanted) -> list[Block]:
    """The fingerprints of others that were entered, to be compared with them."""
    pairs = tuple(
        (desk.face.text(f"role.{role}"), signing.fingerprint(signing.key_id(public)))
        for role, public in wanted.people()
    )
    return [Paragraph(desk.face.text("dpo.init.people")), KeyValue(pairs)] if pairs else []


# --- witness --------------------------------------------------------------------------------------


def witness(desk: Desk, bundle: Path, *, out: Path | None) -> int:
    """Cosigns a bundle's checkpoint; 3 when the verifier has findings, 7 or 8 when it isn't
    genuine, and then nothing is signed."""
    desk.home.must_have_keys()
    with desk.home.locked(), opened_bundle(bundle) as folder:
        found = desk.home.check([folder], now=desk.now)
        if found.exit in (Exit.FORGED, Exit.UNTRUSTED):
            return _refused(desk, found)
        ready = witnessing.compare(desk.home, folder, found)
        name = f"{ready.source}-{ready.note.size:06d}.checkpoint"
        target = out or bundle.absolute().parent / name
        if target.exists():
            raise exists(target)
        ring = desk.open()
        signed = witnessing.cosign(desk.home, ready, ring.signer("dpo"), now=desk.now)
        hand_over(target, signed)
        desk.home.keep_rotations(folder)
    return _witnessed(desk, ready, target)


def _witnessed(desk: Desk, ready: witnessing.Ready, target: Path) -> int:
    face, size, before = desk.face, ready.note.size, len(ready.before.digests)
    done = face.text(
        "witness.done" if before else "witness.done.first",
        source=ready.source,
        last=str(size - 1),
        new=counted(size - before, face.lang, thing="entry"),
    )
    told: list[Block] = [Paragraph(done, "result")]
    if ready.findings:
        told.append(Paragraph(face.text("witness.findings")))
        told.append(Items(tuple(code("code", name, face.lang) for name in ready.findings)))
    told.append(Paragraph(face.text("witness.hand-back", path=target, name=target.name)))
    data = {
        "source": ready.source,
        "size": size,
        "before": before,
        "findings": list(ready.findings),
        "path": str(target),
    }
    face.give(data, desk.sheet("witness.title", *told))
    return int(Exit.INCOMPLETE if ready.findings else Exit.OK)


def _refused(desk: Desk, found: Verdict) -> int:
    """What isn't genuine is shown as ``verify`` shows it, and nothing is signed."""
    desk.face.give(verdict.data(found), verdict.sheet(found, desk.face.lang))
    desk.face.note(desk.face.text("dpo.refused"))
    return int(found.exit)


# --- review ---------------------------------------------------------------------------------------


def review(
    desk: Desk,
    bundle: Path,
    *,
    outcome: Outcome,
    number: int | None,
    remark: str,
    checked: tuple[Looked, ...],
    out: Path | None,
) -> int:
    """Signs the officer's verdict on one report."""
    desk.home.must_have_keys()
    with desk.home.locked():
        if bundle.name.endswith(".json"):
            found = desk.home.check([bundle], now=desk.now)
        else:
            with opened_bundle(bundle) as folder:
                seen = witnessing.kept(desk.home)
                found = desk.home.check([folder], now=desk.now, seen=seen)
        report = witnessing.chosen(found, number)
        ring = desk.open()
        sealed = witnessing.review(
            desk.home,
            found,
            report,
            ring.signer("dpo"),
            outcome=outcome,
            looked=(LOOKED[0], *checked),
            remark=remark,
            now=desk.now,
        )
        return _handed(desk, bundle, sealed, kind="review", out=out)


def _handed(desk: Desk, bundle: Path, sealed: bytes, *, kind: str, out: Path | None) -> int:
    digest = signing.open_envelope(sealed).digest
    target = out or bundle.absolute().parent / f"{kind}-{digest[:12]}.dsse.json"
    hand_over(target, sealed)
    face = desk.face
    hand_back = face.text("witness.hand-back", path=target, name=target.name)
    data = {"kind": kind, "digest": digest, "path": str(target)}
    face.give(data, desk.sheet(f"statement.{kind}", Paragraph(hand_back)))
    return int(Exit.OK)
