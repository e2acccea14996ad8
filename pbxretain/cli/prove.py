"""What does somebody do who wants proof: verify, look at reports, look at keys."""

from __future__ import annotations

from pathlib import Path

import click

from pbxretain.cli.face import command, common, face

FILES = click.Path(path_type=Path)


@command()
@click.argument("paths", nargs=-1, required=True, type=FILES, metavar="PATH...")
@click.option("--trust", multiple=True, type=FILES, help="Public keys that you trust (PEM).")
@click.option("--key", "keys", multiple=True, type=FILES, help="One public key that you trust.")
def verify(paths: tuple[Path, ...], trust: tuple[Path, ...], keys: tuple[Path, ...]) -> int:
    """Check reports, or whole report folders, offline.

    A report is genuine when a key that you trust signed it. Without --trust or --key this
    installation's own public key counts, where there is one.
    """
    from pbxretain import verify as verifying
    from pbxretain.cli import context, verdict

    own = None if trust or keys else context.own_public(face())
    found = verifying.verify_paths(paths, trust=[*trust, *keys], own_public=own, now=context.now())
    face().give(verdict.data(found), verdict.sheet(found, face().lang))
    return int(found.exit)


@click.group()
@common
def report() -> None:
    """Look at deletion reports."""


@command(report, name="list")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
def report_list(sources: tuple[str, ...]) -> None:
    """List the reports of the sources, with outcome and counts."""
    from pbxretain.cli import archive, context, show

    app = context.load(face())
    rows = [row for name in app.sources(sources) for row in archive.rows(app, name)]
    sheet = show.reports(rows, face().lang, zones=archive.zones(app))
    face().give({"reports": [show.row_data(row) for row in rows]}, sheet)


@command(report, name="show")
@click.argument("which", default="latest", metavar="[NUMBER|FILE|latest]")
@click.option("--source", metavar="NAME", help="Whose report; needed when there are several.")
def report_show(which: str, source: str | None) -> None:
    """Show one report, or a signed dry run, in words. Doesn't verify: see "verify"."""
    from pbxretain import explain
    from pbxretain.cli import archive, show

    path = archive.find(face(), which, source=source)
    predicate, seal, signed = archive.account(face(), path)
    if not signed:
        face().note(face().text("report.unchecked", path=path))
    sheet = explain.statement(predicate, face().lang, seal=seal)
    face().give(show.report_data(path, predicate, digest=seal.digest), sheet)


@click.group()
@common
def key() -> None:
    """Make or look at this installation's signing key."""


@command(key, name="new")
def key_new() -> None:
    """Make the key that signs reports. Never overwrites one."""
    from pbxretain.cli import context, show

    app = context.load(face())
    keyid = app.new_key()
    face().give({"key": keyid, "path": str(app.public)}, show.key(app.public, keyid, face().lang))


@command(key, name="show")
def key_show() -> None:
    """Show the public key's id and fingerprint, to compare by a second way."""
    from pbxretain.cli import archive, context, show

    app = context.load(face())
    keyid = archive.own_key(app)
    face().give({"key": keyid, "path": str(app.public)}, show.key(app.public, keyid, face().lang))
