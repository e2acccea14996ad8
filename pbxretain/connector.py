"""Which PBX products are known?

Three shelves, one name space: manifests shipped with pbxretain, those of the site folder, and
those of installed distributions (entry points ``pbxretain.connectors``; an entry names a module
with its ``connector.yaml`` beside it). The same name twice is an error; nothing shadows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import metadata, resources
from pathlib import Path

from pbxretain import documents
from pbxretain.errors import DocumentError
from pbxretain.manifest import Manifest
from pbxretain.settings import refuse_writable

GROUP = "pbxretain.connectors"
_SHIPPED = "shipped"


@dataclass(frozen=True, slots=True)
class Connector:
    """A manifest and where it came from. ``digest`` is what ``accept_untried`` must quote."""

    manifest: Manifest
    digest: str
    shelf: str
    text: bytes
    module: str | None = None
    """Of an installed distribution: the module that its entry point names, with its code."""

    @property
    def name(self) -> str:
        return self.manifest.connector

    @property
    def contains_code(self) -> bool:
        """Whether more than a manifest works here; pbxretain's own code doesn't count."""
        return self.manifest.needs_code


def shelf(site: Path | None = None) -> Mapping[str, Connector]:
    """All connectors by name. Raises DocumentError for a bad manifest or a name twice."""
    return _collected(_texts(site))


def find(name: str, site: Path | None = None) -> Connector:
    """One connector by name; of those that ship only this one is read. Raises as ``shelf`` does."""
    texts = list(_texts(site))
    shipped = {file.partition("/")[0] for origin, file, _, _ in texts if origin == _SHIPPED}
    wanted = [t for t in texts if t[0] != _SHIPPED or t[1] == f"{name}/connector.yaml"]
    found = _collected(wanted, taken=shipped - {name})
    if name not in found:
        known = ", ".join(sorted(shipped | set(found)))
        raise DocumentError(f"no connector {name!r}", hint=f"known: {known}")
    return found[name]


def _collected(texts: Iterable[_Text], *, taken: Iterable[str] = ()) -> dict[str, Connector]:
    """The connectors by name; ``taken`` are names of shipped ones that nobody has to read."""
    found: dict[str, Connector] = {}
    shelves = dict.fromkeys(taken, _SHIPPED)
    for origin, name, text, module in texts:
        connector = replace(parse(text, name, origin), module=module)
        if connector.contains_code and module is None:
            raise DocumentError(
                f"{name}: kinds api and command need code, which only an installed distribution "
                f"may bring",
                hint="see docs/how-to/python-store.md",
            )
        if other := shelves.get(connector.name):
            raise DocumentError(
                f"connector {connector.name} stands on two shelves, {other} and {origin}",
                hint="rename one of them",
            )
        shelves[connector.name] = origin
        found[connector.name] = connector
    return found


def load(path: Path) -> Connector:
    """The manifest in a file, wherever it lies. Raises DocumentError."""
    try:
        text = path.read_bytes()
    except OSError:
        raise DocumentError(f"{path} can't be read", hint="look at its name and mode") from None
    return parse(text, str(path), "file")


@lru_cache(maxsize=64)
def parse(text: bytes, name: str, origin: str) -> Connector:
    """A connector from the bytes of its manifest."""
    loaded = documents.parse(text, name, Manifest, shipped=origin == _SHIPPED)
    return Connector(manifest=loaded.value, digest=loaded.digest, shelf=origin, text=text)


_Text = tuple[str, str, bytes, str | None]
"""Shelf, name for messages, manifest, and the module of a distribution."""


def _texts(site: Path | None) -> Iterator[_Text]:
    shipped = resources.files("pbxretain.connectors")
    for folder in sorted(shipped.iterdir(), key=lambda entry: entry.name):
        manifest = folder / "connector.yaml"
        if folder.is_dir() and manifest.is_file():
            yield _SHIPPED, f"{folder.name}/connector.yaml", manifest.read_bytes(), None
    if site and site.is_dir():
        for path in sorted([*site.glob("*/connector.yaml"), *site.glob("*.yaml")]):
            refuse_writable(path)
            yield f"site ({site})", str(path), path.read_bytes(), None
    for entry in metadata.entry_points(group=GROUP):
        beside = resources.files(entry.value) / "connector.yaml"
        origin = f"distribution {entry.dist.name if entry.dist else entry.value}"
        yield origin, f"{entry.value}/connector.yaml", beside.read_bytes(), entry.value
