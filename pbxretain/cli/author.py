"""What does somebody do who writes documents: policies, connectors, schemas."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click

from pbxretain.cli import printed
from pbxretain.cli.face import command, common, face
from pbxretain.cli.passphrase import DESCRIPTOR
from pbxretain.cli.passphrase import OPTION as PASSPHRASE
from pbxretain.errors import Exit

FOR = click.option("--for", "source", metavar="SOURCE", help="Add the classes that it offers.")


@click.group()
@common
def policy() -> None:
    """Write, check and approve policies."""


@command(policy, name="list")
def policy_list() -> None:
    """List this installation's policies and the templates that ship with pbxretain."""
    from pbxretain.cli import papers

    rows = list(papers.policies(face()))
    face().give({"policies": [row.data() for row in rows]}, papers.policy_list(rows, face().lang))


@command(policy, name="show")
@click.argument("name")
def policy_show(name: str) -> None:
    """Show a policy, or a template, in words."""
    from pbxretain.cli import papers

    found = papers.find_policy(face(), name)
    about = papers.purpose(face(), name)
    data = found.model_dump(mode="json", by_alias=True, exclude_none=True)
    sheet = papers.policy_sheet(found, face().lang, purpose=about.get(face().lang, ""))
    face().give({"policy": data, "purpose": about}, sheet)


@command(policy, name="copy")
@click.argument("template")
@click.argument("name")
@FOR
@click.option("--controller", default="", metavar="TEXT", help="Who is responsible.")
def policy_copy(template: str, name: str, source: str | None, controller: str) -> None:
    """Copy a template to a policy of this installation. Overwrites nothing, approves nothing."""
    from pbxretain.cli import papers

    path, done = papers.copy(face(), template, name, source=source, controller=controller)
    left_out = [{"data": data, "unknown": unknown} for data, unknown in done.lost]
    told = {"path": str(path), "added": list(done.added), "left_out": left_out}
    face().give(told, papers.copied(path, done, face().lang))


@command(policy, name="check")
@click.argument("name")
def policy_check(name: str) -> None:
    """Check a policy (or a file) for mistakes, and against the sources that use it."""
    from pbxretain.cli import papers

    path, notes = papers.check(face(), name)
    data = {"path": str(path), "notes": [note.as_json() for note in notes]}
    face().give(data, papers.checked(path, notes, face().lang))


@command(policy, name="approve")
@click.argument("name")
@click.option("--by", required=True, metavar="FUNCTION", help="Who approves: a function, no name.")
@click.option("--ref", metavar="DOCUMENT", help="On what ground, such as a works agreement.")
def policy_approve(name: str, by: str, ref: str | None) -> None:
    """Write the approval into a policy. Any later change of a rule voids it."""
    from pbxretain.cli import papers

    approved = papers.approve(face(), name, by=by, ref=ref)
    data = {"policy": approved.policy, "digest": approved.digest()}
    face().give(data, papers.approved(approved, face().lang))


@command(policy, name="diff")
@click.argument("name", metavar="NAME|FILE")
@click.argument("other", required=False, metavar="[OTHER|FILE]")
@click.option("--source", metavar="SOURCE", help="Count there how many records become due.")
def policy_diff(name: str, other: str | None, source: str | None) -> None:
    """Say in plain words what another policy changes.

    Each may be a policy of this installation, a template, a FILE.yaml, or a policy as its
    controller signed it (FILE.json). With one name: the version that was approved last against the
    file as it stands. Reads only.
    """
    from pbxretain.cli import comparing

    found = comparing.compared(face(), name, other, source=source)
    face().give(found.data(), found.sheet(face().lang))


_DAY = click.DateTime(formats=["%Y-%m-%d"])


@command(policy, name="simulate")
@click.argument("name", metavar="NAME")
@click.option("--source", required=True, metavar="SOURCE", help="Whose records are counted.")
@click.option("--from", "first", type=_DAY, metavar="DATE", help="The first day (else a year ago).")
@click.option("--to", "last", type=_DAY, metavar="DATE", help="The last day (else today).")
@printed.options
def policy_simulate(
    name: str,
    source: str,
    first: datetime | None,
    last: datetime | None,
    form: printed.Form | None,
    out: Path | None,
) -> None:
    """Play a policy over the records of a source: what would have been deleted when.

    As if a run had been made on each day. A FILE.html or FILE.pdf shows it as a picture. Counts
    only: nothing is deleted, and nothing personal is shown.
    """
    from pbxretain.cli import simulating

    begin, end = (day.date() if day else None for day in (first, last))
    found = simulating.play(face(), name, source=source, first=begin, last=end)
    drawn = (form or printed.form_of(out, default="text")) != "text"
    sheet = found.sheet(face().lang, drawn=drawn)
    printed.give(face(), found.data(), sheet, form=form, out=out)


@command(policy, name="sign")
@click.argument("name", metavar="NAME|FILE.yaml")
@click.option(
    "--key",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Key file of the controller.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the signed policy goes (else here).",
)
@click.option(
    "--installation", type=click.UUID, metavar="ID", help="For a FILE: where it is to govern."
)
@PASSPHRASE
@DESCRIPTOR
def policy_sign(
    name: str,
    key: Path,
    out: Path | None,
    installation: UUID | None,
    passphrase_file: Path | None,
) -> int:
    """Sign a policy as its controller, for the data protection officer to read.

    What is signed is the file as it stands, byte for byte. The officer answers with "pbxretain dpo
    consult". On a machine without settings, name the file, and the installation as reports do.
    """
    from pbxretain.cli import approving

    found = approving.chosen(face(), name, installation=installation)
    return approving.sign(face(), found, key=key, out=out, passphrase_file=passphrase_file)


@click.group()
@common
def connector() -> None:
    """Look at the PBX products that are known."""


@command(connector, name="list")
def connector_list() -> None:
    """List the known connectors."""
    from pbxretain.cli import papers

    known = papers.connectors(face())
    data = [papers.connector_data(item) for item in known]
    face().give({"connectors": data}, papers.connector_list(known, face().lang))


@command(connector, name="show")
@click.argument("name")
def connector_show(name: str) -> None:
    """Show what a connector (or a manifest's file) covers, where it was tried, and its digest.

    For a data protection officer: which tables, columns and folders hold what, and what starts the
    period.
    """
    from pbxretain.cli import inventory, papers

    found = papers.find_connector(face(), name)
    data = papers.connector_data(found)
    data["manifest"] = found.manifest.model_dump(mode="json", exclude_defaults=True)
    face().give(data, inventory.inventory(found, face().lang))


@command(connector, name="test")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--server", metavar="URL", help="Try it on the vendor's own tables there instead.")
@click.option("--timezone", default="UTC", metavar="ZONE", help="Zone of that system.")
@click.option("--password-file", metavar="FILE", help="File that holds the database password.")
@click.option("--password-env", metavar="NAME", help="Environment variable that holds it.")
def connector_test(
    path: Path,
    server: str | None,
    timezone: str,
    password_file: str | None,
    password_env: str | None,
) -> int:
    """Test a manifest on an invented PBX that is made from it alone; by its name, one that an
    installed distribution brings. Touches nothing real.

    With --server, on a copy of a real system's database: nothing there is changed for good, for
    every batch is given up.
    """
    from pbxretain.cli import kit

    there = kit.Server(server, timezone, password_file, password_env) if server else None
    found = kit.conform(face(), path, there)
    face().give(found.data(), found.sheet(face().lang))
    return int(Exit.FAILED if found.broken else Exit.OK)


@command(connector, name="new")
@click.argument("name")
@click.option("--title", metavar="TEXT", help="What the product is called.")
@click.option("--database", metavar="KINDS", help="mysql, postgresql, sqlite; - for files only.")
@click.option("--data", metavar="CLASS", help="Which data class the table or folder holds.")
@click.option("--table", metavar="TABLE", help="The table with the calls.")
@click.option("--key", metavar="COLUMNS", help="Columns that tell rows apart.")
@click.option("--call-id", metavar="COLUMNS", help="Columns that are the same in all legs.")
@click.option("--start", metavar="COLUMN", help="The column that starts the period.")
@click.option("--kind", metavar="KIND", help="Its kind: datetime, epoch or text.")
@click.option("--form", metavar="FORM", help="How a text writes it: YYYY-MM-DD HH:MM:SS ...")
@click.option("--zone", metavar="ZONE", help="Whose clock: source, utc or a zone's name.")
@click.option("--end", metavar="COLUMN", help="The column with the call's end.")
@click.option("--caller", metavar="COLUMN", help="Who calls.")
@click.option("--called", metavar="COLUMN", help="Who is called.")
@click.option("--personal", metavar="COLUMNS", help="Further columns that name somebody.")
@click.option("--done", metavar="COLUMN=VALUES", help="What a row says once the call is over.")
@click.option("--recordings", metavar="FOLDER", help="Where recordings usually lie.")
@click.option("--extensions", metavar="LIST", help="Their files' endings, such as wav,mp3.")
@click.option("--pattern", metavar="PATTERN", help="How a file's name tells its time.")
@click.option("--link", metavar="COLUMN", help="The column that names a call's file.")
@click.option("--from-database", metavar="URL", help="Read columns there and propose answers.")
@click.option("--password-file", metavar="FILE", help="File that holds the database password.")
@click.option("--password-env", metavar="NAME", help="Environment variable that holds it.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write to (else ./NAME).")
@click.option("--yes", is_flag=True, help="Ask nothing; take what is given and proposed.")
def connector_new(
    name: str,
    from_database: str | None,
    password_file: str | None,
    password_env: str | None,
    out: Path | None,
    *,
    yes: bool,
    **given: str | None,
) -> None:
    """Begin a connector: asks a few questions, writes a manifest and a page beside it.

    The manifest passes "connector test" as it stands. Nothing is ever overwritten; of a database
    only names and types of columns are read.
    """
    from pbxretain.cli import begin_connector

    options = {key.replace("_", "-"): value for key, value in given.items()}
    secret = {"password_file": password_file, "password_env": password_env}
    begun = begin_connector.new(
        face(), name, out=out, options=options, url=from_database, secret=secret, yes=yes
    )
    face().give(begun.data(), begun.sheet(face().lang))


@command()
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@printed.options
def concept(sources: tuple[str, ...], form: printed.Form | None, out: Path | None) -> None:
    """Write the deletion concept (DIN 66398) out of settings, policies and connectors.

    Opens no database and reads no report. What only people know is left blank to fill in.
    """
    from pbxretain.cli import concept as writing
    from pbxretain.cli import concept_facts, context

    app, now = context.load(face()), context.now()
    found = concept_facts.systems(app, sources)
    sheet = writing.sheet(found, app.settings, face().lang, now=now)
    printed.give(face(), concept_facts.data(found, now=now), sheet, form=form, out=out)


@command()
@click.argument("name", type=click.Choice(["settings", "policy", "manifest"]))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file.")
def schema(name: str, out: Path | None) -> None:
    """Print the JSON Schema of a document, for editors."""
    from pbxretain import schemas

    text = json.dumps(schemas.schema(name), indent=2, ensure_ascii=False) + "\n"
    if out:
        out.write_text(text, "utf-8")
    else:
        click.echo(text, nl=False)
