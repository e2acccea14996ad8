"""What does somebody do who has to keep records: set a hold, look at it, release it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from pbxretain.cli.face import command, common, face
from pbxretain.cli.passphrase import DESCRIPTOR
from pbxretain.cli.passphrase import OPTION as PASSPHRASE

BY = click.option(
    "--by", required=True, metavar="FUNCTION", help='A function, such as "legal department".'
)
F = TypeVar("F", bound=Callable[..., Any])
ID = click.argument("hold", metavar="ID")


def _day(_: click.Context, param: click.Parameter, value: str | None) -> date | None:
    try:
        return None if value is None else datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007
    except ValueError:
        raise click.BadParameter("write it as 2026-11-01", param=param) from None


def _many(name: str, what: str, meta: str) -> Callable[[F], F]:
    return click.option(name, multiple=True, metavar=meta, help=what)


@click.group()
@common
def hold() -> None:
    """Keep records that a run must not delete: a legal hold, a restriction (Art. 18 GDPR)."""


@command(hold, name="add")
@_many("--number", "A telephone number, in any spelling; repeatable.", "NUMBER")
@_many("--extension", "An internal number; repeatable.", "EXT")
@_many("--mailbox", "A voicemail box; repeatable.", "BOX")
@_many("--call", "A call by its id; repeatable.", "ID")
@_many("--queue", "Only calls of this queue; repeatable.", "QUEUE")
@_many("--tenant", "Only calls of this tenant; repeatable.", "TENANT")
@click.option("--since", callback=_day, metavar="DAY", help="Only records from this day on.")
@click.option("--until", callback=_day, metavar="DAY", help="Only records up to this day.")
@_many("--source", "Only in this source; repeatable.", "SOURCE")
@_many("--data", "Only this data class; repeatable.", "CLASS")
@click.option("--restriction", is_flag=True, help="A restriction of processing (Art. 18 GDPR).")
@BY
@click.option("--reason", metavar="TEXT", help="Why. Stays in the hold's file.")
@click.option("--person", metavar="TEXT", help="Who it is about. Stays in the hold's file.")
def add(**given: Any) -> int:
    """Set a hold, also for calls that are still to come.

    Any number, extension, mailbox or call suffices; queue, tenant and days narrow it. In mid-run it
    waits for the batch in flight, then says from which batch on it binds and how many records it
    came too late for.
    """
    from pbxretain.cli import context, holding

    return holding.add(face(), given, now=context.now())


@command(hold, name="list")
@click.option("--all", "everything", is_flag=True, help="Also those that are over.")
def listing(everything: bool) -> int:
    """List the holds by id, without whom they are about."""
    from pbxretain.cli import context, holding

    return holding.listing(face(), everything=everything, now=context.now())


@command(hold, name="show")
@ID
def show(hold: str) -> int:
    """Show one hold with all that stands in its file (personal data!)."""
    from pbxretain.cli import context, holding

    return holding.show(face(), hold, now=context.now())


@command(hold, name="release")
@ID
@BY
@click.option("--agree", is_flag=True, help="Agree to what somebody else asked for.")
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Your key file, with --agree: of the officer, the controller or an admin.",
)
@PASSPHRASE
@DESCRIPTOR
def release(hold: str, by: str, agree: bool, key: Path | None, passphrase_file: Path | None) -> int:
    """Release a hold. Its records stay for a grace period (settings: hold).

    Where settings ask for two persons, the first call only asks for the release, and another
    function agrees by --agree with a key of the roster.
    """
    from pbxretain.cli import context, holding

    wanted = holding.Release(hold, by, agree, key, passphrase_file)
    return holding.release(face(), wanted, now=context.now())
