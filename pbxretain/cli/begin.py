"""How does an installation begin? ``init`` asks three things, writes, and shows the plan.

Nothing is ever overwritten: a policy or key that is there already is used as it stands.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from pbxretain import connector as shelves
from pbxretain import documents, places, strictyaml, templates
from pbxretain.cli import context, work
from pbxretain.cli.face import Face
from pbxretain.cli.scaffold import SourceText, settings_text
from pbxretain.connector import Connector
from pbxretain.discovery.products import Draft, discover, host_zone, revealed
from pbxretain.errors import DocumentError, RefusedError, UnavailableError
from pbxretain.host.tree import HostTree
from pbxretain.messages import Lang
from pbxretain.policy import document as policies
from pbxretain.posix import write_synced
from pbxretain.settings import Settings

DEFAULT_TEMPLATE = "eu-90-days"


@dataclass(frozen=True, slots=True)
class Answers:
    """All that ``init`` needs to know."""

    source: str
    product: Connector
    url: str
    offered_url: str
    """An address that was found and needs a password that nobody named."""
    password: Mapping[str, str]
    roots: Mapping[str, str]
    timezone: str
    template: str
    policy_name: str
    controller: str
    config: Path
    state: Path | None
    language: Lang


def init(face: Face, **options: Any) -> int:
    """Writes settings, policy and key; returns the exit code of the plan that it ends with."""
    config = _config(face, options)
    if config.exists():
        raise RefusedError(
            f"{config} is there already and is never overwritten", code="FILE_EXISTS"
        )
    language = options["language"] or face.lang
    face.settled = language
    answers = _answers(face, config, language, options)
    text = _text(answers)
    checked = documents.parse(text.encode(), str(config), Settings).value
    app = context.App(config=config, settings=checked, state=places.state_folder(checked))
    written = _write(app, answers, text)
    if not face.json:
        for path in written:
            face.note(face.text("init.written", path=path))
        face.note(face.text("init.next"))
    face.config = config
    return work.plan(face, work.Wanted(()), now=context.now())


def _config(face: Face, options: Mapping[str, Any]) -> Path:
    if folder := options["config_dir"]:
        return Path(folder).absolute() / places.CONFIG_NAME
    return face.config.absolute() if face.config else places.default_config()


# --- asking -----------------------------------------------------------------------------------


def _answers(face: Face, config: Path, language: Lang, options: Mapping[str, Any]) -> Answers:
    ask = not options["yes"]
    site = config.parent / "connectors"
    product = _product(face, options["connector"], site, ask=ask)
    found = _draft(product, shelves.shelf(site))
    url = options["url"] or ""
    if not url and ask and product.manifest.databases:
        asked, known = face.text("init.ask.url"), found.url
        url = click.prompt(asked, default=known, show_default=bool(known), err=True)
    source = context.checked_name(options["source"])
    password = _password(face, options, ask=ask and bool(url) and "sqlite" not in url)
    if not url and not ask and (password or not found.needs_password):
        url = found.url
    return Answers(
        source=source,
        product=product,
        url=url,
        offered_url=found.url,
        password=password,
        roots=_roots(options["root"], found.roots),
        timezone=options["timezone"] or _timezone(),
        template=_template(face, options["template"], ask=ask),
        policy_name=context.checked_name(options["policy_name"] or f"{source}-policy"),
        controller=options["controller"] or "",
        config=config,
        state=Path(options["state_dir"]).absolute() if options["state_dir"] else None,
        language=language,
    )


def _product(face: Face, name: str | None, site: Path, *, ask: bool) -> Connector:
    known = shelves.shelf(site)
    if name:
        return shelves.find(name, site)
    found = revealed({name: item.manifest for name, item in known.items()}, HostTree())
    if ask:
        chosen = click.prompt(
            face.text("init.ask.connector"),
            type=click.Choice(sorted(known)),
            default=found[0] if found else None,
            err=True,
        )
        return known[chosen]
    if len(found) != 1:
        what = "no known telephone system was" if not found else "several telephone systems were"
        names = " or ".join(found or sorted(known))
        raise DocumentError(f"{what} found on this machine", hint=f"--connector {names}")
    return known[found[0]]


def _draft(product: Connector, known: Mapping[str, Connector]) -> Draft:
    """What this machine says about a source of this product; empty where it isn't here."""
    manifests = {name: item.manifest for name, item in known.items()}
    for found in discover(manifests, HostTree()).products:
        if found.manifest.connector == product.name:
            return found.drafts[0]
    return Draft(roots=_usual_roots(product))


def _password(face: Face, options: Mapping[str, Any], *, ask: bool) -> dict[str, str]:
    kinds = {"file": "password_file", "env": "password_env", "credential": "password_credential"}
    given = {kind: str(options[name]) for kind, name in kinds.items() if options[name]}
    if len(given) > 1:
        raise click.UsageError("Name one place for the password only.")
    if not given and ask:
        path = click.prompt(
            face.text("init.ask.password"), default="", show_default=False, err=True
        )
        given = {"file": path} if path else {}
    if "file" in given:
        given["file"] = str(Path(given["file"]).absolute())
    return given


def _roots(given: Sequence[str], found: Mapping[str, str]) -> Mapping[str, str]:
    """Folders as given, else those that were found."""
    if not given:
        return found
    pairs = [item.partition("=") for item in given]
    if any(not name or not path for name, _, path in pairs):
        raise click.UsageError("--root takes NAME=PATH.")
    return {name: str(Path(path).absolute()) for name, _, path in pairs}


def _usual_roots(product: Connector) -> dict[str, str]:
    """Folders that stand at their usual place and hold something."""
    tree = HostTree()
    return {
        name: root.usual
        for name, root in product.manifest.roots.items()
        if root.required or tree.holding(root.usual) == "there"
    }


def _timezone() -> str:
    """The zone of this machine, written down once; afterwards only settings count."""
    found = host_zone(HostTree())
    for name in (os.environ.get("TZ", "").lstrip(":"), found[0] if found else ""):
        if "/" in name and not name.startswith(("/", "Etc/")):
            return name
    raise DocumentError(
        "the telephone system's time zone is not known", hint="--timezone Europe/Berlin"
    )


def _template(face: Face, name: str | None, *, ask: bool) -> str:
    if name or not ask:
        return name or DEFAULT_TEMPLATE
    choice = click.Choice(templates.names())
    answer = click.prompt(
        face.text("init.ask.policy"), type=choice, default=DEFAULT_TEMPLATE, err=True
    )
    return str(answer)


# --- writing ----------------------------------------------------------------------------------


def _text(answers: Answers) -> str:
    """``config.yaml`` with comments, ready to be edited."""
    source = SourceText(
        name=answers.source,
        product=answers.product,
        timezone=answers.timezone,
        policy=answers.policy_name,
        url=answers.url,
        offered_url=answers.offered_url,
        password=answers.password,
        roots=answers.roots,
    )
    state = str(answers.state) if answers.state else ""
    return settings_text([source], answers.language, state=state)


def _write(app: context.App, answers: Answers, text: str) -> list[Path]:
    written: list[Path] = []
    path = policies.policy_path(app.policies, answers.policy_name)
    if not path.exists():
        manifest = answers.product.manifest
        templates.copy(
            answers.template,
            path,
            offered=manifest.offered(),
            controller=answers.controller,
            manifest=manifest,
        )
        written.append(path)
    if not context.is_there(app.key):
        app.new_key()
        written.append(app.key)
    try:
        # Settings come last: until they are there, init can be repeated.
        app.config.parent.mkdir(parents=True, exist_ok=True)
        write_synced(app.config, text.encode(), 0o644, replace=False)
    except OSError:
        raise UnavailableError(
            f"{strictyaml.printable(str(app.config))} can't be written"
        ) from None
    return [*written, app.config]
