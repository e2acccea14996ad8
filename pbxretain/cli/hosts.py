"""``discover``: what of which telephone system stands on a host, and a settings file for it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pbxretain import documents, places, settings
from pbxretain.cli import context, papers
from pbxretain.cli.face import Face
from pbxretain.cli.scaffold import SourceText, settings_text
from pbxretain.connector import Connector
from pbxretain.discovery.found import FolderAt, LoginAt, Place, PurgeAt, Where
from pbxretain.discovery.products import Discovery, Draft, Product, discover
from pbxretain.errors import DocumentError, RefusedError, UnavailableError
from pbxretain.host.tree import HostTree
from pbxretain.messages import Lang, code, text
from pbxretain.posix import write_synced
from pbxretain.settings import Settings
from pbxretain.sheet import Block, Heading, Items, Paragraph, Sheet
from pbxretain.strictyaml import printable

_ENGINES = {"mysql": "MySQL", "postgresql": "PostgreSQL"}
_ASTERISK = "/etc/asterisk"


def look(face: Face, *, root: Path, out: Path | None, timezone: str | None) -> None:
    """Tells what stands below ``root``; writes settings to ``out`` and changes nothing else."""
    if not root.is_dir():
        raise DocumentError("the folder that --root names is not there")
    tree = HostTree(root.absolute())
    known = {item.name: item for item in papers.connectors(face)}
    found = discover({name: item.manifest for name, item in known.items()}, tree)
    zone = _checked_zone(timezone)
    if out:
        _write(face, out, sources(found, known, tree=tree, zone=zone, lang=face.lang))
    data = {"root": str(tree.root), **discovery_data(found), "settings": str(out) if out else None}
    below = "" if tree.root == Path("/") else str(tree.root)
    told = list(sheets(found, face.lang, zone=zone, below=below))
    if found.products and not out:
        told.append(_next(face, below))
    face.give(data, *told)
    if out and not face.json:
        face.note(face.text("init.written", path=out))


def _next(face: Face, below: str) -> Sheet:
    where = f" --root {shlex.quote(below)}" if below else ""
    command = f"{context.program(face)} discover{where} --out config.yaml"
    words = Paragraph(face.text("discover.next"))
    return Sheet(face.lang, (words, Paragraph(command, "command")))


def _checked_zone(name: str | None) -> str:
    if name and not settings.is_zone(name):
        raise DocumentError(
            "the time zone that --timezone names is not known", hint="--timezone Europe/Berlin"
        )
    return name or ""


# --- the settings file ------------------------------------------------------------------------


def _write(face: Face, out: Path, drafted: Sequence[SourceText]) -> None:
    if not drafted:
        raise DocumentError("no known telephone system was found here, so nothing was written")
    content = settings_text(drafted, face.lang).encode()
    documents.parse(content, str(out), Settings)  # what can't be loaded is never written
    try:
        write_synced(out, content, 0o644, replace=False)
    except FileExistsError:
        raise RefusedError(
            f"{printable(str(out))} is there already and is never overwritten", code="FILE_EXISTS"
        ) from None
    except OSError:
        raise UnavailableError(f"{printable(str(out))} can't be written") from None


def sources(
    found: Discovery, known: Mapping[str, Connector], *, tree: HostTree, zone: str, lang: Lang
) -> list[SourceText]:
    """Every draft as a source with a name of its own; DocumentError without a time zone."""
    drafted = []
    for product in found.products:
        timezone = zone or product.zone
        if not timezone:
            raise DocumentError(
                "the telephone system's time zone was not found, so no settings were written",
                hint="--timezone Europe/Berlin",
            )
        for number, draft in enumerate(product.drafts, start=1):
            name = product.manifest.connector + (f"-{number}" if number > 1 else "")
            elsewhere = tree.root != Path("/") and tree.holding(_ASTERISK) == "there"
            drafted.append(
                SourceText(
                    name=name,
                    product=known[product.manifest.connector],
                    timezone=timezone,
                    policy=f"{name}-policy",
                    url=draft.url,
                    url_notes=tuple(_url_notes(draft, lang)),
                    password=_password(draft, name),
                    needs_password=draft.needs_password,
                    roots=draft.roots,
                    has_folders=number == 1,
                    tables=draft.tables,
                    unknown_tables=draft.unknown_tables,
                    asterisk=tree.here(_ASTERISK) if elsewhere and draft.roots else "",
                    copies_policy=True,
                    notes=tuple(_notes(product, lang)) if number == 1 else (),
                )
            )
    return drafted


def _password(draft: Draft, name: str) -> dict[str, str]:
    """Where settings look for the password; the product's own is never copied there."""
    if not draft.needs_password:
        return {}
    return {"file": f"{places.SYSTEM_CONFIG}/{name}.password"}


def _url_notes(draft: Draft, lang: Lang) -> Iterator[str]:
    if draft.url and not draft.needs_password and not draft.url.startswith("sqlite"):
        yield text("comment.peer", lang)
    for login in draft.logins:
        yield text("comment.login", lang, login=_login(login, lang))


def _notes(product: Product, lang: Lang) -> Iterator[str]:
    for place in product.unmanaged:
        yield text("comment.unmanaged", lang, place=_unmanaged(place, lang))
    for place in product.off:
        yield text("comment.off", lang, place=_place(place, lang))
    for purge in product.purges:
        yield text("comment.purge", lang, purge=_purge(purge, lang))


# --- in words ---------------------------------------------------------------------------------


def sheets(found: Discovery, lang: Lang, *, zone: str = "", below: str = "") -> Iterator[Sheet]:
    """One sheet for each product, one for what was passed over; one line where nothing is."""
    for product in found.products:
        yield Sheet(lang, tuple(_product(product, lang, zone=zone)))
    blocks: list[Block] = []
    if not found.products:
        blocks.append(Paragraph(text("discover.none", lang), "result"))
    if found.notes:
        notes = (f"{printable(path)}: {code('code', why, lang)}" for why, path in found.notes)
        blocks += [Heading(text("discover.notes", lang)), Items(tuple(notes))]
    if below and found.products:
        blocks.append(Paragraph(text("discover.below", lang, root=printable(below))))
    if blocks:
        yield Sheet(lang, tuple(blocks))


def _product(product: Product, lang: Lang, *, zone: str) -> Iterator[Block]:
    manifest = product.manifest
    yield Heading(text("discover.title", lang, title=manifest.title), 1)
    total, managed = len(product.managed) + len(product.unmanaged), len(product.managed)
    yield Paragraph(
        text("discover.result", lang, all=total, managed=managed, connector=manifest.connector),
        "result",
    )
    if product.zone or zone:
        where = "--timezone" if zone else product.zone_where
        yield Paragraph(text("discover.zone", lang, zone=zone or product.zone, where=where))
    else:
        yield Paragraph(text("discover.zone.none", lang))
    lists = (
        ("managed", [_managed(place, lang) for place in product.managed]),
        ("unmanaged", [_unmanaged(place, lang) for place in product.unmanaged]),
        ("off", [_place(place, lang) for place in product.off]),
        ("folders", [_folder(product, folder, lang) for folder in product.folders]),
        ("logins", [_login(login, lang) for login in _logins(product)]),
        ("purges", [_purge(purge, lang) for purge in product.purges]),
    )
    for title, items in lists:
        if items:
            yield Heading(text(f"discover.{title}", lang))
            yield Items(tuple(items))


def _logins(product: Product) -> list[LoginAt]:
    """Every login once, those of the databases first."""
    own = (login for place in product.places for login in place.logins)
    return list(dict.fromkeys((*own, *product.logins)))


def _managed(place: Place, lang: Lang) -> str:
    return text(
        "discover.place.managed",
        lang,
        place=_place(place, lang),
        datasets=", ".join(place.datasets),
    )


def _unmanaged(place: Place, lang: Lang) -> str:
    return f"{_place(place, lang)}. {code('code', place.why, lang)}"


def _place(place: Place, lang: Lang) -> str:
    told = f"{code('data', place.data, lang)}: {_at(place, lang)}"
    if place.wheres:
        where = ", ".join(str(where) for where in place.wheres)
        told = text("discover.place.stated", lang, place=told, where=where)
    return told


def _at(place: Place, lang: Lang) -> str:
    if place.kind == "files":
        key = "discover.at.files.none"
        return place.path if place.holding == "there" else text(key, lang, path=place.path)
    if place.login is None:
        key = "remote" if place.kind == "remote" else "unknown"
        return text(f"discover.at.{key}", lang, name=place.name)
    database = _database(place, lang)
    if place.kind == "database":
        return database
    return text("discover.at.table", lang, table=place.table, database=database)


def _database(place: Place, lang: Lang) -> str:
    login = place.login
    if login is None or login.engine == "sqlite":
        return text("discover.database.file", lang, database=place.path)
    engine = _ENGINES.get(login.engine) or text("discover.engine.none", lang)
    return text(
        "discover.database",
        lang,
        engine=engine,
        database=login.database,
        host=login.place[1] or "localhost",
    )


def _folder(product: Product, folder: FolderAt, lang: Lang) -> str:
    datasets = ", ".join(product.datasets(folder.name)) or text("none", lang)
    return text(
        "discover.folder",
        lang,
        name=folder.name,
        path=folder.path,
        holding=text(f"holding.{folder.holding}", lang),
        datasets=datasets,
    )


def _login(login: LoginAt, lang: Lang) -> str:
    use = text(f"login.{login.use}", lang)
    if login.user:
        return text("discover.login", lang, use=use, user=login.user, where=login.where)
    return text("discover.login.plain", lang, use=use, where=login.where)


def _purge(purge: PurgeAt, lang: Lang) -> str:
    data, what = code("data", purge.purge.data, lang), purge.purge.text[lang]
    if purge.where:
        value = purge.value or text("discover.purge.hidden", lang)
        return text(
            "discover.purge.set", lang, data=data, what=what, value=value, where=purge.where
        )
    if not purge.purge.settings:
        return f"{data}: {what}"
    usual = purge.purge.usual
    kind = "usual" if usual else "unset"
    return text(f"discover.purge.{kind}", lang, data=data, what=what, **_value(usual))


def _value(usual: str | None) -> dict[str, str]:
    return {"value": usual} if usual else {}


# --- as data ----------------------------------------------------------------------------------


def discovery_data(found: Discovery) -> dict[str, Any]:
    """What was found, as JSON."""
    return {
        "products": [_product_data(product) for product in found.products],
        "notes": [{"code": why, "path": printable(path)} for why, path in found.notes],
    }


def _product_data(product: Product) -> dict[str, Any]:
    return {
        "connector": product.manifest.connector,
        "title": product.manifest.title,
        "timezone": {"name": product.zone or None, "stated": _where_data(product.zone_where)},
        "places": [_place_data(place) for place in product.places],
        "folders": [_folder_data(product, folder) for folder in product.folders],
        "logins": [_login_data(login) for login in _logins(product)],
        "purges": [
            {
                "data": purge.purge.data,
                "text": purge.purge.text,
                "value": purge.value or None,
                "usual": purge.purge.usual,
                "stated": _where_data(purge.where),
            }
            for purge in product.purges
        ],
        "sources": [
            {"url": draft.url or None, "tables": dict(draft.tables), "roots": dict(draft.roots)}
            for draft in product.drafts
        ],
    }


def _place_data(place: Place) -> dict[str, Any]:
    login = place.login
    return {
        "name": place.name,
        "data": place.data,
        "kind": place.kind,
        "on": place.on,
        "engine": (login.engine or None) if login else None,
        "host": (login.place[1] or "localhost") if login and login.engine != "sqlite" else None,
        "database": login.database if login else None,
        "table": place.table or None,
        "path": place.path or None,
        "holding": place.holding,
        "datasets": list(place.datasets),
        "why": place.why or None,
        "stated": [_where_data(where) for where in place.wheres],
    }


def _folder_data(product: Product, folder: FolderAt) -> dict[str, Any]:
    return {
        "name": folder.name,
        "path": folder.path,
        "holding": folder.holding,
        "datasets": product.datasets(folder.name),
        "stated": _where_data(folder.where),
    }


def _login_data(login: LoginAt) -> dict[str, Any]:
    return {
        "use": login.use,
        "user": login.user or None,
        "secret_stands_in": _where_data(login.where),
    }


def _where_data(where: Where | None) -> dict[str, str] | None:
    if where is None:
        return None
    return {"path": where.path, "section": where.section, "key": where.key}
