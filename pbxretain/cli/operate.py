"""What does the admin do: set up, check, plan, run."""

from __future__ import annotations

from pathlib import Path

import click

from pbxretain.cli.face import command, face

NAMES = click.argument("sources", nargs=-1, metavar="[SOURCE]...")
CONFIRM = click.option(
    "--confirm-count",
    type=click.IntRange(min=0, max=999_999_999),
    metavar="N",
    help="Pass the limits once for one source, as long as at most N records are due.",
)


@command()
@click.option("--yes", is_flag=True, help="Ask nothing; take what is given and what is found.")
@click.option("--source", default="main", show_default=True, metavar="NAME", help="Its name.")
@click.option("--connector", metavar="NAME", help="Which product it is.")
@click.option("--url", metavar="URL", help="Database address, without a password.")
@click.option("--password-file", metavar="FILE", help="File that holds the database password.")
@click.option("--password-env", metavar="NAME", help="Environment variable that holds it.")
@click.option("--password-credential", metavar="NAME", help="systemd credential that holds it.")
@click.option("--root", multiple=True, metavar="NAME=PATH", help="A folder of the PBX; repeatable.")
@click.option("--timezone", metavar="ZONE", help="The PBX's time zone, such as Europe/Berlin.")
@click.option("--policy", "template", metavar="TEMPLATE", help="Policy template to copy.")
@click.option("--policy-name", metavar="NAME", help="Name of the copy (else SOURCE-policy).")
@click.option("--controller", metavar="TEXT", help="Who is responsible, as reports say it.")
@click.option("--config-dir", type=click.Path(path_type=Path), help="Where settings are written.")
@click.option("--state-dir", type=click.Path(path_type=Path), help="Where evidence is kept.")
@click.option("--language", type=click.Choice(["de", "en"]), help="Language of the reports.")
def init(**answers: object) -> int:
    """Write settings, a copied policy and a key, then show the plan. Overwrites nothing."""
    from pbxretain.cli import begin

    return begin.init(face(), **answers)


@command()
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    default=Path("/"),
    help="Look below this folder instead: another host's files, mounted here.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a commented settings file; never over another.",
)
@click.option("--timezone", metavar="ZONE", help="The PBX's time zone, where it can't be found.")
def discover(root: Path, out: Path | None, timezone: str | None) -> None:
    """Find the telephone systems on a host and all their call data. Only reads, as text."""
    from pbxretain.cli import hosts

    hosts.look(face(), root=root, out=out, timezone=timezone)


@command()
@NAMES
def check(sources: tuple[str, ...]) -> int:
    """Look for everything that stands in the way of a run, with the command that mends it."""
    from pbxretain.cli import context, work

    return work.check(face(), sources, now=context.now())


@command()
@NAMES
@CONFIRM
@click.option("--list", "listing", is_flag=True, help="List the due records (personal data!).")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a signed dry-run report to this file; for one source.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write an itemised plan for run --plan, without personal data; for one source.",
)
@click.option(
    "--show",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Check a plan file and show what it holds; asks no telephone system.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 10 when something is due.")
def plan(
    sources: tuple[str, ...],
    confirm_count: int | None,
    listing: bool,
    report: Path | None,
    out: Path | None,
    show: Path | None,
    exit_code: bool,
) -> int:
    """Show what a run would delete now. Deletes nothing."""
    from pbxretain.cli import context, planfiles, work

    if show is not None:
        if sources:
            raise click.UsageError("--show takes no source: the file names its own.")
        return planfiles.show(face(), context.load(face()), show)
    wanted = work.Wanted(
        sources,
        confirm=confirm_count,
        listing=listing,
        report=report,
        out=out,
        exit_code=exit_code,
    )
    return work.plan(face(), wanted, now=context.now())


@command()
@NAMES
@CONFIRM
@click.option(
    "--plan",
    "planned",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Delete exactly what this file of plan --out names, by its cut-off dates.",
)
@click.option(
    "--plan-age",
    type=click.IntRange(min=1, max=366),
    metavar="DAYS",
    help="How old a plan file may be (else 7 days).",
)
@click.option(
    "--full-speed",
    is_flag=True,
    help="Larger batches and no pauses, for hours in which nobody telephones.",
)
def run(
    sources: tuple[str, ...],
    confirm_count: int | None,
    planned: Path | None,
    plan_age: int | None,
    *,
    full_speed: bool,
) -> int:
    """Delete what is due and write a signed report for each source."""
    from pbxretain.cli import context, work

    if plan_age is not None and planned is None:
        raise click.UsageError("--plan-age goes with --plan.")
    wanted = work.Running(
        sources, confirm=confirm_count, planned=planned, age=plan_age, full_speed=full_speed
    )
    return work.run(face(), wanted, now=context.now())
