"""What does the data protection officer type to find, prove and destroy sealed evidence? Works
on a copy of the reports, on any machine, without a database."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pbxretain.cli.dpo import HOME
from pbxretain.cli.face import command, common, face
from pbxretain.cli.passphrase import DESCRIPTOR
from pbxretain.cli.passphrase import OPTION as PASSPHRASE

if TYPE_CHECKING:
    from pbxretain.evidence.opening import Found, Match, Wanted

FILE = click.Path(path_type=Path)
_DAY = click.DateTime(formats=["%Y-%m-%d"])
_DAYS_BEFORE, _DAYS_AFTER = datetime(1970, 1, 1), datetime(2199, 12, 31)  # noqa: DTZ001

BUNDLE = click.argument("bundle", type=FILE)
KEY = click.option(
    "--key",
    "escrow",
    type=FILE,
    metavar="FILE",
    help="The escrow key's file, of the officer alone (else the keys in the officer's home).",
)
TRUST = click.option(
    "--trust",
    multiple=True,
    type=FILE,
    help="Public keys or a roster that you trust (else the roster in the officer's home).",
)
PROOF_TRUST = click.option(
    "--trust", multiple=True, type=FILE, help="Public keys or a roster that you trust."
)
NUMBER = click.option(
    "--number", metavar="N", help='Telephone number or extension; "-" reads it from stdin.'
)
REGION = click.option(
    "--region", metavar="CC", help="Country of a national number, such as DE (else the source's)."
)
EXTENSION = click.option("--extension", is_flag=True, help="The number is an extension.")
SIGN = click.option(
    "--sign",
    "signer",
    type=FILE,
    metavar="FILE",
    help="The officer's key that signs the note of this (else the one beside the escrow key).",
)


@click.group()
@common
def evidence() -> None:
    """Find, prove or destroy single deletions in sealed evidence."""


@command(evidence, name="find")
@BUNDLE
@KEY
@NUMBER
@REGION
@EXTENSION
@click.option("--from", "first", type=_DAY, default=_DAYS_BEFORE, metavar="DATE", help="First day.")
@click.option("--to", "last", type=_DAY, default=_DAYS_AFTER, metavar="DATE", help="Last day.")
@TRUST
@click.option(
    "--purpose",
    type=click.Choice(["data-subject", "court", "authority", "restore", "audit"]),
    help="Why: leaves a signed note beside the reports, which doesn't say for whom.",
)
@SIGN
@PASSPHRASE
@DESCRIPTOR
@HOME
def find(
    bundle: Path,
    escrow: Path | None,
    number: str | None,
    region: str | None,
    extension: bool,
    first: datetime,
    last: datetime,
    trust: tuple[Path, ...],
    purpose: str | None,
    signer: Path | None,
    passphrase_file: Path | None,
    home: Path | None,
) -> int:
    """Find the deleted records of a number in reports of level sealed.

    BUNDLE is a folder of reports or one ZIP file of it. Days are those on which the calls began.
    Ends with 3 when evidence for some of the days can't be searched.
    """
    from pbxretain.bundle import opened_bundle
    from pbxretain.cli import unsealed
    from pbxretain.errors import Exit
    from pbxretain.evidence import opening
    from pbxretain.evidence.bundle import Bundle
    from pbxretain.verify import refuse_carried

    if signer and not purpose:
        raise click.UsageError("--sign goes with --purpose.")
    if last < first:
        raise click.UsageError("--to lies before --from.")
    refuse_carried(trust, [bundle])
    holder = unsealed.Holder(face(), escrow, home, passphrase_file)
    wanted = _wanted(number, region, extension=extension)
    with opened_bundle(bundle) as folder:
        opened = Bundle(folder)
        checked = unsealed.checked(opened, holder.trust(trust), seen=holder.seen(trust))
        vouched = unsealed.signed_in(checked)
        found = opening.find(
            opened,
            holder.opener(),
            wanted,
            first=first.date(),
            last=last.date(),
            vouched=vouched,
        )
        if purpose:
            beside = folder / "filed" if bundle.is_dir() else bundle.parent
            key = holder.signer(signer)
            note = unsealed.record_access(opened, found, beside, purpose=purpose, key=key)
            if note is not None:
                face().note(face().text("evidence.find.noted", path=note))
    missing = unsealed.missing(checked)
    data = unsealed.found_data(found) | {"gaps": missing}
    face().give(data, unsealed.found_sheet(found, face().lang, gaps=missing))
    _doubts(found, checked=vouched is not None)
    whole = found.searched and not (found.destroyed or found.foreign or found.counts or missing)
    return int(Exit.OK if whole else Exit.INCOMPLETE)


@command(evidence, name="prove")
@BUNDLE
@KEY
@NUMBER
@REGION
@EXTENSION
@click.option("--at", "at", metavar="TIME", help="Minute of the call: 2026-08-24T14:05.")
@click.option(
    "--record", type=FILE, metavar="FILE", help="The record itself (JSON), from one who holds it."
)
@click.option("--report", "number_of", type=click.IntRange(min=0), metavar="N", help="Its report.")
@click.option("--dataset", metavar="NAME", help="Its dataset.")
@TRUST
@click.option("--out", type=FILE, required=True, metavar="FILE", help="Write the proof here.")
@PASSPHRASE
@DESCRIPTOR
@HOME
def prove(
    bundle: Path,
    escrow: Path | None,
    number: str | None,
    region: str | None,
    extension: bool,
    at: str | None,
    record: Path | None,
    number_of: int | None,
    dataset: str | None,
    trust: tuple[Path, ...],
    out: Path,
    passphrase_file: Path | None,
    home: Path | None,
) -> None:
    """Write a proof that one record was deleted, for a court or the person concerned.

    Either --number and --at, or --record with --report and --dataset. The proof opens this one
    record, for everybody who reads it, and no other.
    """
    from pbxretain.bundle import opened_bundle
    from pbxretain.cli import unsealed
    from pbxretain.evidence import opening
    from pbxretain.evidence.bundle import Bundle
    from pbxretain.verify import refuse_carried

    refuse_carried(trust, [bundle])
    holder = unsealed.Holder(face(), escrow, home, passphrase_file)
    with opened_bundle(bundle) as folder:
        opened = Bundle(folder)
        checked = unsealed.checked(opened, holder.trust(trust), seen=holder.seen(trust))
        vouched = unsealed.signed_in(checked)
        if record is not None:
            if number is not None or number_of is None or dataset is None:
                raise click.UsageError(
                    "--record goes with --report and --dataset, without --number."
                )
            proof = opening.prove_record(
                opened,
                holder.opener(),
                unsealed.read_record(record),
                number=number_of,
                dataset=dataset,
                vouched=vouched,
            )
        else:
            if at is None:
                raise click.UsageError("Name --number and --at, or --record.")
            minute = unsealed.minute(at)
            wanted = _wanted(number, region, extension=extension)
            found = opening.find(
                opened, holder.opener(), wanted, first=minute, last=minute, vouched=vouched
            )
            proof = opening.prove_entry(_one(found, number_of, dataset))
    unsealed.write_proof(out, proof)
    face().note(face().text("evidence.proof-written", path=out))


@command(evidence, name="check")
@click.argument("proof", type=FILE)
@PROOF_TRUST
def check(proof: Path, trust: tuple[Path, ...]) -> None:
    """Check a proof, offline and without any key of the data protection officer."""
    from pbxretain.cli import unsealed
    from pbxretain.evidence import proofs

    proved = proofs.check_proof(unsealed.read_proof(proof), unsealed.trusted(face(), proof, trust))
    face().give(unsealed.proved_data(proved), unsealed.proved_sheet(proved, face().lang))


@command(evidence, name="shred")
@click.argument("bundle", type=click.Path(path_type=Path, file_okay=False))
@click.option("--before", type=_DAY, metavar="DATE", help="As if today were this day.")
@click.option("--now", "at_once", is_flag=True, help="All of it, whatever its date.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@KEY
@SIGN
@PASSPHRASE
@DESCRIPTOR
@HOME
def shred(
    bundle: Path,
    before: datetime | None,
    at_once: bool,
    yes: bool,
    escrow: Path | None,
    signer: Path | None,
    passphrase_file: Path | None,
    home: Path | None,
) -> None:
    """Destroy sealed evidence at the end of its life. The reports stay, and stay genuine."""
    from pbxretain.bundle import opened_bundle
    from pbxretain.cli import context, unsealed
    from pbxretain.evidence.bundle import Bundle

    if before and at_once:
        raise click.UsageError("--before and --now exclude each other.")
    today = before.date() if before else context.now().date()
    with opened_bundle(bundle) as folder:
        opened, path = Bundle(folder), None
        due = unsealed.due_for_shredding(opened, None if at_once else today)
        if due:
            if not yes:
                face().must_confirm(face().text("evidence.shred.ask", n=len(due)))
            key = unsealed.Holder(face(), escrow, home, passphrase_file).signer(signer)
            path = unsealed.shred(opened, due, signer=key, ordered=at_once, now=context.now())
    face().give(unsealed.shred_data(due, path), unsealed.shred_sheet(due, path, face().lang))


def _wanted(number: str | None, region: str | None, *, extension: bool) -> Wanted:
    from pbxretain.evidence.opening import Wanted

    if number == "-":
        number = sys.stdin.readline().strip()
    if not number:
        raise click.UsageError("Name --number.")
    if not any(char.isdecimal() for char in number):
        raise click.BadParameter("a telephone number or extension", param_hint="--number")
    if region is not None and not (len(region) == 2 and region.isascii() and region.isalpha()):
        raise click.BadParameter("two letters, such as DE", param_hint="--region")
    return Wanted(number, region.upper() if region else None, extension)


def _one(found: Found, number: int | None, dataset: str | None) -> Match:
    """The match that is meant; of several of one minute and dataset the first."""
    from pbxretain.errors import DocumentError

    matches = [
        match
        for match in found.matches
        if number in (None, match.told.report.ledger.seq)
        and dataset in (None, match.dataset.dataset)
    ]
    places = {(m.told.report.ledger.seq, m.dataset.dataset) for m in matches}
    if not matches:
        raise DocumentError(
            "no record of this number and minute is covered by these reports",
            code="NO_SUCH_CALL",
        )
    if len(places) > 1:
        named = "; ".join(f"--report {seq} --dataset {name}" for seq, name in sorted(places))
        raise DocumentError("there are several such records", hint=named, code="SEVERAL_RECORDS")
    return matches[0]


def _doubts(found: Found, *, checked: bool) -> None:
    from pbxretain.cli.unsealed import UNSEARCHED

    for name in UNSEARCHED:
        if numbers := getattr(found, name):
            shown = ", ".join(map(str, numbers))
            face().note(face().text(f"evidence.find.{name}", numbers=shown))
    if not checked:
        face().note(face().text("evidence.find.unchecked"))
