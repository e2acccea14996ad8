"""What does somebody do who wants proof: verify, look at reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from pbxretain.cli import printed
from pbxretain.cli.face import command, common, face

FILES = click.Path(path_type=Path)


@command()
@click.argument("paths", nargs=-1, required=True, type=FILES, metavar="PATH...")
@click.option("--trust", multiple=True, type=FILES, help="Public keys that you trust (PEM).")
@click.option("--key", "keys", multiple=True, type=FILES, help="One public key that you trust.")
def verify(paths: tuple[Path, ...], trust: tuple[Path, ...], keys: tuple[Path, ...]) -> int:
    """Check reports, whole report folders, or bundles (.zip), offline.

    A report may come by itself, in a PDF, or in a proof.

    A report is genuine when a key that you trust signed it. Without --trust or --key the roster in
    the officer's folder counts where there is one, else the roster that is installed here, else
    this installation's own public key. A roster that lies in what is checked is refused.
    """
    from pbxretain import verify as verifying
    from pbxretain.bundle import opened_paths
    from pbxretain.cli import context, verdict

    known, seen, own = [*trust, *keys], context.standpoint(), context.Own(face())
    verifying.refuse_carried(known, paths)
    if not known:
        roster = seen.roster if seen else own.roster
        known = [roster] if roster else []
    with opened_paths(paths) as opened:
        found = verifying.verify_paths(
            opened,
            trust=known,
            own_public=None if known else own.public,
            now=context.now(),
            seen=seen.kept if seen else (),
            known=[seen.rotations] if seen else own.reports,
        )
    face().give(verdict.data(found), verdict.sheet(found, face().lang))
    return int(found.exit)


@click.group()
@common
def report() -> None:
    """Look at deletion reports."""


@command(report, name="list")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
def report_list(sources: tuple[str, ...]) -> None:
    """List the reports of the sources, with outcome and counts, and what was handed back."""
    from pbxretain.cli import archive, context, show

    app = context.load(face())
    names, zones = app.sources(sources), archive.zones(app)
    rows = [row for name in names for row in archive.rows(app, name)]
    back = [row for name in names for row in archive.filed(app, name)]
    sheets = [show.reports(rows, face().lang, zones=zones)]
    sheets += [show.filed(back, face().lang, zones=zones)] if back else []
    data = {
        "reports": [show.row_data(row) for row in rows],
        "filed": [show.filed_data(row) for row in back],
    }
    face().give(data, *sheets)


@command(report, name="show")
@click.argument("which", default="latest", metavar="[NUMBER|FILE|latest]")
@click.option("--source", metavar="NAME", help="Whose report; needed when there are several.")
def report_show(which: str, source: str | None) -> None:
    """Show one report, or any other signed statement, in words. Doesn't verify: see "verify"."""
    from pbxretain.cli import archive, show

    found = archive.opened(face(), archive.find(face(), which, source=source))
    if not found.signed:
        face().note(face().text("report.unchecked", path=found.path))
    data = show.report_data(found.path, found.predicate, digest=found.seal.digest)
    face().give(data, archive.sheet(found, face().lang))


@command(report, name="render")
@click.argument("which", default="latest", metavar="[NUMBER|FILE|latest]")
@click.option("--source", metavar="NAME", help="Whose report; needed when there are several.")
@click.option("--format", "form", type=click.Choice(["html", "pdf", "text"]), help="Default: html.")
@click.option("--out", type=FILES, metavar="FILE", help="Where to; else beside the report.")
def report_render(
    which: str, source: str | None, form: Literal["html", "pdf", "text"] | None, out: Path | None
) -> None:
    """Write one report, or any other signed statement, as a document to read, print and hand on.

    A PDF (PDF/A-3) carries the signed report along. Nothing is verified, and no file is
    overwritten.
    """
    from pbxretain.cli import archive, show

    found = archive.opened(face(), archive.find(face(), which, source=source))
    if not found.signed:
        face().note(face().text("report.unchecked", path=found.path))
    chosen = form or printed.form_of(out, default="html")
    target = out or archive.beside(found.path, face().lang, form=chosen)
    printed.put(target, archive.printed(found, face().lang, form=chosen))
    data = {"path": str(target), "format": chosen, "digest": found.seal.digest}
    face().give(data, show.written(target, face().lang))


@command(report, name="period")
@click.argument("source", required=False, metavar="[SOURCE]")
@click.option("--month", metavar="YYYY-MM", help="One month, such as 2026-10.")
@click.option("--quarter", metavar="YYYY-QN", help="One quarter, such as 2026-Q4.")
@click.option("--year", metavar="YYYY", help="One year.")
@click.option("--from", "folder", type=FILES, metavar="BUNDLE", help="A folder or .zip of reports.")
@click.option("--interval", type=click.IntRange(1, 8784), metavar="HOURS", help="Runs are due so.")
@click.option("--trust", multiple=True, type=FILES, help="Public keys that you trust (PEM).")
@click.option("--key", "keys", multiple=True, type=FILES, help="One public key that you trust.")
@printed.options
def report_period(form: printed.Form | None, out: Path | None, **asked: Any) -> int:
    """Sum up the runs of a month, quarter or year, as the DPIA's annex.

    Checks signatures and ledger first, as "verify" does, and ends with its codes. With --from it
    needs no settings.
    """
    from pbxretain.annex import facts, remarks, words
    from pbxretain.cli import context, periods

    found = periods.period(face(), periods.Wanted(**asked), now=context.now())
    printed.give(face(), facts.data(found), words.sheet(found, face().lang), form=form, out=out)
    return int(remarks.exit_code(found))


@command(report, name="bundle")
@click.argument("source", required=False)
@click.option("--out", required=True, type=FILES, help="A new folder, or a new file named *.zip.")
@click.option("--without-sidecars", is_flag=True, help="Leave out leaves and sealed keys.")
def report_bundle(source: str | None, out: Path, without_sidecars: bool) -> int:
    """Copy a source's evidence for the data protection officer. Overwrites nothing."""
    from pbxretain.cli import handover

    return handover.bundle(face(), source, out=out, sidecars=not without_sidecars)


@command(report, name="add")
@click.argument("files", nargs=-1, required=True, type=FILES, metavar="FILE...")
def report_add(files: tuple[Path, ...]) -> int:
    """File what the data protection officer handed back, after checking who signed it."""
    from pbxretain.cli import handover

    return handover.add(face(), files)


@command(report, name="gap-note")
@click.argument("source", required=False)
@click.option("--since", required=True, metavar="TIME", help="First day or time without a run.")
@click.option("--until", required=True, metavar="TIME", help="Last day or time without a run.")
@click.option(
    "--reason",
    required=True,
    type=click.Choice(["host-off", "pbx-off", "maintenance", "disk-full", "mistake", "other"]),
    help="Why there was none.",
)
@click.option("--remark", default="", metavar="TEXT", help="One line; no names of persons.")
def report_gap_note(source: str | None, since: str, until: str, reason: str, remark: str) -> int:
    """Write into the ledger why there was no run. Explains a gap, never takes it away."""
    from pbxretain.cli import handover

    return handover.gap_note(face(), source, since=since, until=until, reason=reason, remark=remark)
