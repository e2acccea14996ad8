"""How does an installation begin? ``init`` asks three things, writes, and shows the plan.

Nothing is ever overwritten: a policy or key that is there already is used as it stands.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from pbxretain import connector as shelves
from pbxretain import documents, settings, strictyaml
from pbxretain import policy as policies
from pbxretain.cli import context, work
from pbxretain.cli.face import Face
from pbxretain.connector import Connector
from pbxretain.errors import DocumentError, RefusedError, UnavailableError
from pbxretain.messages import Lang
from pbxretain.posix import write_synced
from pbxretain.settings import Settings

DEFAULT_TEMPLATE = "eu-90-days"
_LOCALTIME = Path("/etc/localtime")
_TIMEZONE = Path("/etc/timezone")


@dataclass(frozen=True, slots=True)
class Answers:
    """All that ``init`` needs to know."""

    source: str
    product: Connector
    url: str
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
    text = settings_text(answers)
    checked = documents.parse(text.encode(), str(config), Settings).value
    app = context.App(config=config, settings=checked, state=settings.state_folder(checked))
    written = _write(app, answers, text)
    if not face.json:
        for path in written:
            face.note(face.text("init.written", path=path))
        face.note(face.text("init.next"))
    face.config = config
    return work.plan(face, work.Wanted(()), now=context.now())


def _config(face: Face, options: Mapping[str, Any]) -> Path:
    if folder := options["config_dir"]:
        return Path(folder).absolute() / settings.CONFIG_NAME
    return face.config.absolute() if face.config else settings.default_config()


# --- asking -----------------------------------------------------------------------------------


def _answers(face: Face, config: Path, language: Lang, options: Mapping[str, Any]) -> Answers:
    ask = not options["yes"]
    product = _product(face, options["connector"], config.parent / "connectors", ask=ask)
    url = options["url"] or ""
    if not url and ask and product.manifest.databases:
        url = click.prompt(face.text("init.ask.url"), default="", show_default=False, err=True)
    source = context.checked_name(options["source"])
    return Answers(
        source=source,
        product=product,
        url=url,
        password=_password(face, options, ask=ask and bool(url) and "sqlite" not in url),
        roots=_roots(product, options["root"]),
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
    found = discovered(known)
    if ask:
        chosen = click.prompt(
            face.text("init.ask.connector"),
            type=click.Choice(sorted(known)),
            default=found,
            err=True,
        )
        return known[chosen]
    if found is None:
        raise DocumentError(
            "no known telephone system was found on this machine",
            hint=f"--connector {' or '.join(sorted(known))}",
        )
    return known[found]


def discovered(known: Mapping[str, Connector], root: Path = Path("/")) -> str | None:
    """The connector whose files are all there; of several the one that names most."""
    found = {
        name: len(item.manifest.discover.files)
        for name, item in known.items()
        if item.manifest.discover.files
        and all((root / file.lstrip("/")).exists() for file in item.manifest.discover.files)
    }
    return max(sorted(found), key=found.__getitem__, default=None)


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


def _roots(product: Connector, given: Sequence[str]) -> dict[str, str]:
    """Folders as given, else those that stand at their usual place and hold something."""
    if not given:
        return {
            name: root.usual
            for name, root in product.manifest.roots.items()
            if root.required or _holds_something(Path(root.usual))
        }
    pairs = [item.partition("=") for item in given]
    if any(not name or not path for name, _, path in pairs):
        raise click.UsageError("--root takes NAME=PATH.")
    return {name: str(Path(path).absolute()) for name, _, path in pairs}


def _holds_something(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except OSError:
        return False


def _timezone() -> str:
    """The zone of this machine, written down once; afterwards only settings count."""
    candidates = [os.environ.get("TZ", "").lstrip(":")]
    target = str(_LOCALTIME.resolve()) if _LOCALTIME.is_symlink() else ""
    candidates.append(target.partition("zoneinfo/")[2])
    with suppress(OSError, ValueError):
        candidates.append(_TIMEZONE.read_text("ascii").strip())
    for name in candidates:
        if "/" in name and not name.startswith(("/", "Etc/")):
            return name
    raise DocumentError(
        "the telephone system's time zone is not known", hint="--timezone Europe/Berlin"
    )


def _template(face: Face, name: str | None, *, ask: bool) -> str:
    if name or not ask:
        return name or DEFAULT_TEMPLATE
    choice = click.Choice(policies.template_names())
    answer = click.prompt(
        face.text("init.ask.policy"), type=choice, default=DEFAULT_TEMPLATE, err=True
    )
    return str(answer)


# --- writing ----------------------------------------------------------------------------------


def settings_text(answers: Answers) -> str:
    """``config.yaml`` with comments, ready to be edited."""
    product, quoted = answers.product, documents.scalar
    lines = [
        "# Settings of pbxretain. Retention periods don't stand here but in the policy.",
        f"language: {answers.language}",
        "evidence: auto                 # counts, until a data protection officer's key is there",
    ]
    if answers.state:
        lines.append(f"state: {quoted(str(answers.state))}")
    lines += ["sources:", f"  {answers.source}:", f"    connector: {product.name}"]
    if answers.url:
        lines.append(f"    url: {quoted(answers.url)}")
    else:
        lines.append("    # url: mysql://pbxretain@localhost/asteriskcdrdb   # never a password")
    for kind, value in answers.password.items():
        lines.append(f"    password: {{{kind}: {quoted(value)}}}")
    if not answers.password:
        lines.append("    # password: {file: /etc/pbxretain/password}   # or env:, credential:")
    lines.append(f"    timezone: {answers.timezone}      # the telephone system's, not this host's")
    if product.manifest.roots:
        lines.append("    roots:" if answers.roots else "    # roots:")
    for name, root in product.manifest.roots.items():
        known = answers.roots.get(name)
        lines.append(f"      {name}: {quoted(known)}" if known else f"    #   {name}: {root.usual}")
    lines.append(f"    policy: {answers.policy_name}")
    if not product.manifest.was_tried:
        lines += [
            "    # This connector was never tried on its product. A run needs the next line,",
            "    # once you have looked at the plan:",
            f"    # accept_untried: {product.digest}",
        ]
    return "\n".join(lines) + "\n"


def _write(app: context.App, answers: Answers, text: str) -> list[Path]:
    written: list[Path] = []
    path = policies.policy_path(app.policies, answers.policy_name)
    if not path.exists():
        offered = answers.product.manifest.offered()
        policies.copy_template(
            answers.template, path, offered=offered, controller=answers.controller
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
