"""What does the data protection officer do? Without database code, but for ``observe``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from pbxretain.cli.face import command, common, face
from pbxretain.cli.passphrase import DESCRIPTOR
from pbxretain.cli.passphrase import OPTION as PASSPHRASE

FILE = click.Path(path_type=Path, dir_okay=False)
BUNDLE = click.Path(path_type=Path)
HOME = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    help="The officer's folder (else $PBXRETAIN_DPO_HOME, or your own data folder).",
)
_HOURS = re.compile(r"([1-9][0-9]{0,3})([hdw])")
_UNITS = {"h": 1, "d": 24, "w": 7 * 24}


def _hours(_: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """``24h``, ``1d`` or ``1w`` as hours."""
    if value is None:
        return None
    found = _HOURS.fullmatch(value)
    hours = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 1 <= hours <= 24 * 366:
        raise click.BadParameter("write it as 24h, 1d or 1w", param=param)
    return hours


@click.group()
@common
def dpo() -> None:
    """For the data protection officer: keys, witness, review, a look of one's own."""


@command(dpo, name="init")
@click.argument("bundle", required=False, type=BUNDLE)
@click.option("--controller", metavar="NAME", default="", help="Who is responsible.")
@click.option("--interval", callback=_hours, metavar="24h|1d", help="A run at least this often.")
@click.option("--grace", callback=_hours, metavar="24h|1d", help="Patience with a late run.")
@click.option(
    "--witness-every", callback=_hours, metavar="35d", help="You cosign at least this often."
)
@click.option("--observer", type=FILE, metavar="FILE", help="Public key of an observer.")
@click.option(
    "--controller-key", type=FILE, metavar="FILE", help="Public key of who decides on policies."
)
@click.option("--fingerprint", metavar="TEXT", help="The fingerprint as it was read to you.")
@click.option("--out", type=FILE, help="Where the roster for the admin goes (else beside BUNDLE).")
@PASSPHRASE
@DESCRIPTOR
@HOME
def init(bundle: Path | None, home: Path | None, passphrase_file: Path | None, **given: Any) -> int:
    """Make the officer's keys; with a BUNDLE, enter its source in the roster.

    Repeat it with the bundle of another source, or with another --interval, to make the roster's
    next version.
    """
    from pbxretain.cli import context, officer

    desk = officer.Desk(face(), home, passphrase_file, now=context.now())
    return officer.init(desk, bundle, **given)


@command(dpo, name="witness")
@click.argument("bundle", type=BUNDLE)
@click.option("--out", type=FILE, help="Where the cosigned checkpoint goes (else beside BUNDLE).")
@PASSPHRASE
@DESCRIPTOR
@HOME
def witness(bundle: Path, out: Path | None, passphrase_file: Path | None, home: Path | None) -> int:
    """Check a bundle, compare it with what you saw last, and cosign its checkpoint."""
    from pbxretain.cli import context, officer

    desk = officer.Desk(face(), home, passphrase_file, now=context.now())
    return officer.witness(desk, bundle, out=out)


@command(dpo, name="review")
@click.argument("bundle", type=BUNDLE, metavar="BUNDLE|REPORT")
@click.option(
    "--verdict",
    "outcome",
    required=True,
    type=click.Choice(["accepted", "accepted-with-findings", "rejected"]),
    help="What you make of it.",
)
@click.option("--report", "number", type=click.IntRange(min=0), help="Its number, not the newest.")
@click.option("--remark", default="", metavar="TEXT", help="One line; no names of persons.")
@click.option(
    "--checked",
    multiple=True,
    type=click.Choice(["read", "observed", "asked"]),
    help="What you did besides verifying it; repeatable.",
)
@click.option("--out", type=FILE, help="Where the signed review goes (else beside BUNDLE).")
@PASSPHRASE
@DESCRIPTOR
@HOME
def review(bundle: Path, passphrase_file: Path | None, home: Path | None, **given: Any) -> int:
    """Sign your verdict on a report, with the findings that verify shows now."""
    from pbxretain.cli import context, officer

    desk = officer.Desk(face(), home, passphrase_file, now=context.now())
    return officer.review(desk, bundle, **given)


@command(dpo, name="consult")
@click.argument("file", type=FILE)
@click.option("--out", type=FILE, help="Where it goes, signed by both (else beside FILE).")
@click.option("--yes", is_flag=True, help="Don't ask: you have read the policy.")
@PASSPHRASE
@DESCRIPTOR
@HOME
def consult(
    file: Path, out: Path | None, yes: bool, passphrase_file: Path | None, home: Path | None
) -> int:
    """Read a policy that the controller signed, and sign that you were consulted.

    You don't decide on it (Art. 38(6) GDPR): the controller did.
    """
    from pbxretain.cli import approving, context, officer

    desk = officer.Desk(face(), home, passphrase_file, now=context.now())
    return approving.consult(desk, file, out=out, yes=yes)


REASON = click.option(
    "--reason",
    required=True,
    type=click.Choice(["compromised", "lost", "superseded"]),
    help="Why.",
)
LAST_GOOD = click.option(
    "--last-good",
    required=True,
    type=click.IntRange(min=-1, max=2**53 - 1),
    metavar="NUMBER",
    help="The last report that is good; -1 when none is.",
)
SOURCE = click.option("--source", metavar="NAME", help="Which ledger; needed with several.")


@command(dpo, name="revoke")
@click.argument("key", metavar="KEYID|FILE")
@LAST_GOOD
@REASON
@SOURCE
@click.option("--out", type=FILE, help="Where the statement for the admin goes.")
@PASSPHRASE
@DESCRIPTOR
@HOME
def revoke(key: str, passphrase_file: Path | None, home: Path | None, **given: Any) -> int:
    """Declare that a key which signs reports counts no more, above a number of its ledger."""
    from pbxretain.cli import context, endings, officer

    desk = officer.Desk(face(), home, passphrase_file, now=context.now())
    return endings.revoke(desk, key, endings.Ending(**given))


@command(dpo, name="recover")
@click.argument("public", type=FILE, metavar="FILE")
@LAST_GOOD
@REASON
@SOURCE
@click.option("--fingerprint", metavar="TEXT", help="The fingerprint as it was read to you.")
@click.option("--out", type=FILE, help="Where the statement for the admin goes.")
@PASSPHRASE
@DESCRIPTOR
@HOME
def recover(
    public: Path,
    fingerprint: str | None,
    passphrase_file: Path | None,
    home: Path | None,
    **given: Any,
) -> int:
    """Declare that the key in FILE counts from a number on, and none before it.

    FILE comes from "pbxretain key new --source NAME" on the host.
    """
    from pbxretain.cli import context, endings, officer

    desk = officer.Desk(face(), home, passphrase_file, now=context.now())
    return endings.recover(desk, public, endings.Ending(**given), given=fingerprint)


@command(dpo, name="observe")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--key", type=FILE, help="Key file of an observer (else the officer's own).")
@click.option("--out", type=FILE, help="Where the signed observation goes; for one source.")
@PASSPHRASE
@DESCRIPTOR
@HOME
def observe(
    sources: tuple[str, ...],
    key: Path | None,
    out: Path | None,
    passphrase_file: Path | None,
    home: Path | None,
) -> int:
    """Count what is overdue, read-only, with settings and login of your own. 3 when anything is."""
    from pbxretain.cli import context, looking, officer

    desk = officer.Desk(face(), home, passphrase_file, now=context.now())
    return looking.observe(desk, sources, key=key, out=out)
