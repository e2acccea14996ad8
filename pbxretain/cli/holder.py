"""What does somebody do who looks after keys: make, show, add, replace, export."""

from __future__ import annotations

from pathlib import Path

import click

from pbxretain.cli.face import command, common, face
from pbxretain.cli.passphrase import DESCRIPTOR
from pbxretain.cli.passphrase import OPTION as PASSPHRASE

FILE = click.Path(path_type=Path, dir_okay=False)
SOURCE = click.option("--source", metavar="NAME", help="A key for this source alone.")
FINGERPRINT = click.option(
    "--fingerprint", metavar="TEXT", help="The fingerprint as it was read to you."
)
ROLES = click.Choice(
    ("authority", "dpo", "escrow", "observer", "controller", "admin", "runner"),
)


@click.group()
@common
def key() -> None:
    """Make, look at, add and replace keys."""


@command(key, name="new")
@click.option("--role", "roles", multiple=True, type=ROLES, help="Whose key; repeatable.")
@click.option("--out", type=FILE, help="Write it to this file, not to the state folder.")
@click.option("--from", "origin", type=FILE, help="Take this key (PKCS#8, as OpenSSL makes it).")
@SOURCE
@PASSPHRASE
@DESCRIPTOR
def new(
    roles: tuple[str, ...],
    out: Path | None,
    origin: Path | None,
    source: str | None,
    passphrase_file: Path | None,
) -> None:
    """Make a key. Never overwrites one.

    Without options: the key that signs this installation's reports. With --out: keys of people,
    one or several roles in one file under one passphrase; the role runner alone makes an
    unattended key without one. With --source: a key that signs for this source once the
    authority has confirmed it (see "dpo recover").
    """
    from pbxretain.cli import keyring

    keyring.new(face(), keyring.Order(roles, out, origin, source, passphrase_file))


@command(key, name="show")
@click.argument("file", required=False, type=FILE)
@click.option("--source", metavar="NAME", help="The key that signs for this source now.")
@click.option("--out", type=FILE, help="Write the public half to this file, to be handed over.")
def show(file: Path | None, source: str | None, out: Path | None) -> None:
    """Show a key's id and fingerprint, to compare by a second way.

    Without FILE: this installation's key. Needs no passphrase.
    """
    from pbxretain.cli import keyring

    keyring.look(face(), file, source=source, out=out)


@command(key, name="add")
@click.argument("file", type=FILE)
@FINGERPRINT
def add(file: Path, fingerprint: str | None) -> None:
    """Install what the data protection officer handed over.

    A public escrow key, a roster (trust.dsse.json), or the authority's word on a key (revoke,
    recover). Shows the fingerprint and asks, where nothing here vouches for it yet.
    """
    from pbxretain.cli import keyring

    keyring.add(face(), file, given=fingerprint)


@command(key, name="rotate")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
def rotate(sources: tuple[str, ...]) -> None:
    """Replace the key that signs, now and not only at the month's end."""
    from pbxretain.cli import context, keyring

    keyring.rotate(face(), sources, now=context.now())


@command(key, name="export")
@click.argument("file", type=FILE)
@click.option("--role", type=ROLES, help="Which key of the file; needed when it holds several.")
@click.option("--pem", is_flag=True, default=True, help="As PEM, for other tools (the default).")
@click.option("--private", is_flag=True, help="The private half, unprotected. Needs --out.")
@click.option("--out", type=FILE, help="Write it to this file.")
@PASSPHRASE
@DESCRIPTOR
def export(
    file: Path,
    role: str | None,
    pem: bool,
    private: bool,
    out: Path | None,
    passphrase_file: Path | None,
) -> None:
    """Write a key of people out for other tools."""
    from pbxretain.cli import keyring

    keyring.export(
        face(), file, role=role, private=private, out=out, passphrase_file=passphrase_file
    )
