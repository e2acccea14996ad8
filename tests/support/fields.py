"""What does docs/connectors.md say of each product? Made from the shipped manifests.

Writes the page between its marks::

    PYTHONPATH=tests .venv/bin/python -m support.fields
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pbxretain.clues import Purge
from pbxretain.connector import Connector, shelf
from pbxretain.manifest import Manifest, TableDataset

PAGE = Path(__file__).resolve().parents[2] / "docs" / "connectors.md"
_MARK = re.compile(r"(<!-- generated -->\n).*?(<!-- end -->)", re.DOTALL)
_HOW = {
    "live": "the running product",
    "written-by-product": "data that the running product wrote",
    "vendor-schema": "the vendor's tables",
    "documents": "documents only",
}


def page(text: str) -> str:
    """The page with its generated part made anew."""
    return _MARK.sub(lambda found: f"{found[1]}\n{_block()}\n{found[2]}", text)


def _block() -> str:
    shipped = [c for c in shelf().values() if c.shelf == "shipped"]
    listed = sorted(shipped, key=lambda c: c.manifest.title.lower())
    head = "| Connector | Deletes | Only counts | Deletes without `accept_untried` |\n"
    head += "|---|---|---|---|\n"
    rows = "".join(_row(connector) for connector in listed)
    return head + rows + "\n" + "\n".join(_section(connector) for connector in listed)


def _row(connector: Connector) -> str:
    manifest = connector.manifest
    reads = {d.data for d in manifest.datasets.values() if _only_read(d)}
    deletes = [data for data in manifest.offered() if data not in reads]
    link = f"[{manifest.title}](../connectors/{connector.name}/README.md)"
    tried = "yes" if manifest.was_tried else "no"
    return (
        f"| {link} | {', '.join(deletes) or '–'} | {', '.join(sorted(reads)) or '–'} | {tried} |\n"
    )


def _only_read(dataset: object) -> bool:
    return isinstance(dataset, TableDataset) and dataset.reads_only


def _section(connector: Connector) -> str:
    return "\n".join(_lines(connector)) + "\n"


def _lines(connector: Connector) -> Iterator[str]:
    manifest = connector.manifest
    yield f"## {manifest.title}\n"
    yield f"`connector: {manifest.connector}`\n"
    if not manifest.tried:
        yield "Never tried."
    for trial in manifest.tried:
        note = f": {trial.note.strip()}" if trial.note else ""
        yield f"- Tried {trial.on} with {trial.version}, on {_HOW[trial.how]}{note}"
    if manifest.out_of_reach:
        yield "\nNot reached:\n"
        yield from (f"- {copy.text['en']}" for copy in manifest.out_of_reach)
    if manifest.discover.purges:
        yield "\nDeletes by itself:\n"
        yield from (_purge(purge, manifest) for purge in manifest.discover.purges)


def _purge(purge: Purge, manifest: Manifest) -> str:
    """What the product deletes, and where ``check`` reads after how long."""
    places = [f"`{stored.file or stored.table}`" for stored in purge.stored]
    if purge.unit:
        texts = dict.fromkeys(setting.text for setting in purge.settings)
        places += [f"`{manifest.discover.texts[text].paths[-1]}`" for text in texts]
    told = "`check` reads " + ", ".join(places) if places else "`check` doesn't read it"
    return f"- {purge.data}: {purge.text['en']}; {told}."


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
