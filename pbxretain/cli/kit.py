"""What does somebody do who writes a connector: test it, begin a new one?"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pbxretain.cli import context
from pbxretain.cli.face import Face
from pbxretain.cli.papers import find_connector
from pbxretain.cli.progress import bars
from pbxretain.connector import Connector, load
from pbxretain.errors import DocumentError
from pbxretain.messages import Lang, text
from pbxretain.settings import SecretRef
from pbxretain.sheet import Block, Heading, Items, Paragraph, Sheet

if TYPE_CHECKING:
    from pbxretain.testing.items import ItemCase
    from pbxretain.testing.suite import Case


@dataclass(frozen=True, slots=True)
class Tested:
    """What the conformance kit found: how many promises are kept, and a sentence for each that
    isn't."""

    connector: str
    digest: str
    kept: int
    broken: list[str]

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "connector": self.connector,
            "digest": self.digest,
            "kept": self.kept,
            "broken": self.broken,
        }

    def sheet(self, lang: Lang) -> Sheet:
        """In words; the sentences themselves are in English, like all details of errors."""
        key = "connector.test.broken" if self.broken else "connector.test.kept"
        total = self.kept + len(self.broken)
        said = text(key, lang, broken=len(self.broken), total=total)
        blocks: list[Block] = [
            Heading(text("connector.title", lang, name=self.connector), 1),
            Paragraph(said, "result"),
        ]
        if self.broken:
            blocks.append(Items(tuple(self.broken)))
        return Sheet(lang, tuple(blocks))


@dataclass(frozen=True, slots=True)
class Server:
    """A database with the vendor's own tables, as settings name one."""

    url: str
    timezone: str
    password_file: str | None
    password_env: str | None


def conform(face: Face, path: Path, server: Server | None = None) -> Tested:
    """Runs the kit over a manifest's file, or over a connector by its name: on an invented PBX, or
    on the tables of a ``server``. Raises DocumentError for one with mistakes, DriftError where a
    server's tables are otherwise."""
    from pbxretain.testing.suite import suite

    product = _product(face, path)
    # The engine warns of each dead run that it settles, and the kit kills many.
    logging.getLogger("pbxretain").setLevel(logging.CRITICAL)
    kept, broken = 0, list[str]()
    undated: set[str] = set()
    cases = suite(product) if server is None else _on(server, product)
    if not cases:
        raise DocumentError(
            f"connector {product.name} has nothing that the kit could invent",
            hint="pbxretain's own tests try its client on a server of their own",
        )
    with bars(face, product.name) as progress:
        for number, case in enumerate(cases):
            progress("test", case.dataset, number, len(cases))
            if case.dataset in undated:
                continue  # without files that its dates can be read from, all else only repeats it
            if found := case.findings():
                broken.append(case.sentence(found))
                undated |= {case.dataset} if str(case).startswith("dates-reached/") else set()
            else:
                kept += 1
    return Tested(product.name, product.digest, kept, list(dict.fromkeys(broken)))


def _on(server: Server, product: Connector) -> list[Case | ItemCase]:
    from pbxretain.testing.server import server_suite

    file, env = server.password_file, server.password_env
    return [
        *server_suite(
            product,
            server.url,
            password=SecretRef(file=file, env=None if file else env) if file or env else None,
            timezone=server.timezone,
            now=context.now(),
        )
    ]


def _product(face: Face, path: Path) -> Connector:
    """Code lies beside an installed connector only, which is known by its name."""
    if path.is_file():
        return load(path)
    if path.suffix or len(path.parts) > 1:
        raise DocumentError(f"{path} isn't there", hint="name a manifest's file, or a connector")
    return find_connector(face, str(path))
