"""Which telephone products stand on a host, and what of their call data can be managed?

Reads, and changes nothing. Every place with call data that the product's settings name is found;
each is matched with the datasets of the product's connector, and what none of them covers is told
with the reason. From what is covered come drafts of sources for a settings file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from pbxretain.discovery.facts import HostFacts
from pbxretain.discovery.found import FolderAt, LoginAt, Notes, Place, PurgeAt, Where
from pbxretain.host.logins import USUAL_PORTS
from pbxretain.host.tree import HostTree, PassedOver
from pbxretain.manifest import (
    Dataset,
    LinesDataset,
    Manifest,
    TableDataset,
    TreeDataset,
    all_children,
    root_of,
)
from pbxretain.settings import is_zone

OWN_USER = "pbxretain"
"""The database user with least rights that a settings file names; never the product's own."""
_LOCALTIME = "/etc/localtime"
_TIMEZONE = "/etc/timezone"


@dataclass(frozen=True, slots=True)
class Draft:
    """A source as a settings file could name it. Without ``url``: folders only."""

    url: str = ""
    tables: Mapping[str, str] = field(default_factory=dict)
    unknown_tables: tuple[str, ...] = ()
    """Tables of the same database that no dataset manages."""
    roots: Mapping[str, str] = field(default_factory=dict)
    logins: tuple[LoginAt, ...] = ()
    needs_password: bool = False


@dataclass(frozen=True, slots=True)
class Product:
    """One product on the host."""

    manifest: Manifest
    zone: str
    zone_where: Where | None
    places: tuple[Place, ...]
    folders: tuple[FolderAt, ...]
    purges: tuple[PurgeAt, ...]
    logins: tuple[LoginAt, ...]
    drafts: tuple[Draft, ...]

    @property
    def managed(self) -> list[Place]:
        return [place for place in self.places if place.on and place.datasets]

    @property
    def unmanaged(self) -> list[Place]:
        return [place for place in self.places if place.on and not place.datasets]

    @property
    def off(self) -> list[Place]:
        """Places that are named but not used now; old data may still be there."""
        return [place for place in self.places if not place.on]

    def datasets(self, root: str) -> list[str]:
        """The datasets that lie in one of the product's folders."""
        return [
            name for name, dataset in self.manifest.datasets.items() if root_of(dataset) == root
        ]


@dataclass(frozen=True, slots=True)
class Discovery:
    """All that was found on one host, and what was passed over (code, path)."""

    products: tuple[Product, ...]
    notes: tuple[tuple[str, str], ...]


def discover(known: Mapping[str, Manifest], tree: HostTree) -> Discovery:
    """Looks for all known products on a host. Reads text files and folder names only."""
    notes = Notes()
    names = revealed(known, tree, notes)
    products = tuple(_product(known, name, tree=tree, notes=notes) for name in names)
    return Discovery(products, tuple(notes.found))


def revealed(
    known: Mapping[str, Manifest], tree: HostTree, notes: Notes | None = None
) -> list[str]:
    """The connectors whose product stands on the host, those inside another one left out."""
    notes = notes or Notes()
    found = [name for name, item in sorted(known.items()) if is_there(item, tree, notes)]
    inside = {other for name in found for other in _chain(known, name)[1:]}
    return [name for name in found if name not in inside]


def host_zone(tree: HostTree) -> tuple[str, Where] | None:
    """The host's own time zone, as a name; None where it can't be told."""
    target = tree.link(_LOCALTIME) or ""
    zone = target.partition("zoneinfo/")[2].removeprefix("posix/")
    if is_zone(zone):
        return zone, Where(_LOCALTIME)
    with suppress(PassedOver):
        zone = (tree.read(_TIMEZONE) or "").strip()
        if is_zone(zone):
            return zone, Where(_TIMEZONE)
    return None


def is_there(manifest: Manifest, tree: HostTree, notes: Notes) -> bool:
    """Whether the product stands on the host."""
    clues = manifest.discover

    def there(path: str) -> bool:
        try:
            return any(True for _ in tree.matches(path)) if "*" in path else tree.exists(path)
        except PassedOver as passed:
            notes.add(passed.code, path)
            return False

    some = not clues.any_files or any(there(path) for path in clues.any_files)
    return clues.reveals and some and all(there(path) for path in clues.files)


def _chain(known: Mapping[str, Manifest], name: str) -> list[str]:
    """The connector itself, then those of the products inside it, nearest first."""
    chain = [name]
    for link in chain:
        inside = known[link].discover.contains
        chain += [other for other in inside if other in known and other not in chain]
    return chain


def _product(known: Mapping[str, Manifest], name: str, *, tree: HostTree, notes: Notes) -> Product:
    manifest = known[name]
    chain = [known[other] for other in _chain(known, name)]
    facts = [HostFacts(item.discover, tree, notes) for item in chain]
    folders = _folders(chain, facts, tree=tree)
    zone, where = _zone(facts, tree)
    places = _merged(place for one in facts for place in one.places(folders))
    places, groups = _matched(manifest, places, folders=folders)
    return Product(
        manifest=manifest,
        zone=zone,
        zone_where=where,
        places=tuple(places),
        folders=tuple(folders[root] for root in manifest.roots),
        purges=tuple(purge for one in facts for purge in one.purges()),
        logins=tuple(login for one in facts for login in one.credentials()),
        drafts=tuple(_drafts(manifest, groups, folders=folders, tree=tree)),
    )


def _zone(facts: Sequence[HostFacts], tree: HostTree) -> tuple[str, Where | None]:
    named = (found for one in facts for found in one.zones())
    own = next((found for found in named if is_zone(found[0])), None)
    return own or host_zone(tree) or ("", None)


def _folders(
    chain: Sequence[Manifest], facts: Sequence[HostFacts], *, tree: HostTree
) -> dict[str, FolderAt]:
    """Every folder that any of the manifests names: as set, else at a usual place."""
    names = [name for item in chain for name in (*item.discover.folders, *item.roots)]
    found = ((name, _folder(name, chain, facts=facts, tree=tree)) for name in dict.fromkeys(names))
    return {name: folder for name, folder in found if folder}


def _folder(
    name: str, chain: Sequence[Manifest], *, facts: Sequence[HostFacts], tree: HostTree
) -> FolderAt | None:
    for one in facts:
        if folder := one.set_folder(name):
            return folder
        if usual := one.usual_folders(name):
            break
    else:
        usual = [item.roots[name].usual for item in chain if name in item.roots]
    if not usual:
        return None
    path = next((path for path in usual if tree.holding(path) != "missing"), usual[0])
    return FolderAt(name, path, tree.holding(path))


def _merged(places: Iterator[Place]) -> list[Place]:
    """Each place once, with everything that leads to it."""
    found: dict[tuple[object, ...], Place] = {}
    for place in places:
        other = found.get(place.identity)
        if other is None:
            found[place.identity] = place
            continue
        first, second = (other, place) if other.on or not place.on else (place, other)
        found[place.identity] = replace(
            first,
            wheres=tuple(dict.fromkeys((*first.wheres, *second.wheres))),
            logins=tuple(dict.fromkeys((*first.logins, *second.logins))),
            peer=first.peer or second.peer,
        )
    return list(found.values())


# --- what the connector manages ---------------------------------------------------------------

Groups = list[tuple[list[Place], dict[str, str]]]
"""Places of one database that become one source, with the datasets that have other tables."""


def _matched(
    manifest: Manifest, places: Sequence[Place], *, folders: Mapping[str, FolderAt]
) -> tuple[list[Place], Groups]:
    """The places with the datasets that manage them, and the databases that become sources."""
    answers: dict[int, Place] = {}
    groups: dict[tuple[object, ...], list[int]] = {}
    for number, place in enumerate(places):
        if not place.on:
            answers[number] = place
        elif place.kind in ("table", "database"):
            groups.setdefault(place.login.place if place.login else (), []).append(number)
        else:
            answers[number] = _of_files(manifest, place, folders)
    kept: Groups = []
    for numbers in groups.values():
        answered, tables = _database(manifest, [places[number] for number in numbers])
        answers |= dict(zip(numbers, answered, strict=True))
        if any(place.datasets for place in answered):
            kept.append((answered, tables))
    return [answers[number] for number in range(len(places))], kept


def _of_files(manifest: Manifest, place: Place, folders: Mapping[str, FolderAt]) -> Place:
    if place.kind != "files":
        return replace(place, why="LEAVES_HOST" if place.kind == "remote" else "NO_ADDRESS")
    found = tuple(name for name, item in manifest.datasets.items() if _covers(item, place, folders))
    return replace(place, datasets=found, why="" if found else "NO_DATASET")


def _covers(dataset: Dataset, place: Place, folders: Mapping[str, FolderAt]) -> bool:
    """Whether a dataset of files lies where this place is."""
    at = root_of(dataset)
    if at is None or at not in folders:
        return False
    root = folders[at].path.rstrip("/")
    if isinstance(dataset, LinesDataset):  # segments that were rotated count too
        names = [f"{root}/{pattern}" for pattern in dataset.files]
        return any(place.path in (name, f"{name}*", f"{name}.*") for name in names)
    inside = place.path.startswith(f"{root}/") and dataset.data == place.data
    return inside and isinstance(dataset, TreeDataset) and not dataset.paths


def _database(manifest: Manifest, places: Sequence[Place]) -> tuple[list[Place], dict[str, str]]:
    """The places of one database with their datasets; none where the connector can't open it."""
    engine = places[0].login.engine if places[0].login else ""
    if reason := _unopenable(manifest, places[0], engine):
        return [replace(place, why=reason) for place in places], {}
    fitting = {
        name: item
        for name, item in manifest.datasets.items()
        if isinstance(item, TableDataset) and engine in (item.databases or manifest.databases)
    }
    tables: dict[str, str] = {}
    matched: list[Place] = []
    named = {place.table for place in places}
    for place in places:
        found = [name for name, item in fitting.items() if _holds(place, item)]
        if place.table and not found:
            free = {name: item for name, item in fitting.items() if name not in tables}
            found = _renamed(free, place, named)[:1]
            tables |= dict.fromkeys(found, place.table)
        matched.append(replace(place, datasets=tuple(found), why="" if found else "NO_DATASET"))
    covered = {name for place in matched for name in place.datasets}
    if any(not item.optional and name not in covered for name, item in fitting.items()):
        reason = "LACKS_TABLE" if covered else "NO_DATASET"
        return [replace(place, datasets=(), why=reason) for place in matched], {}
    return matched, tables


def _unopenable(manifest: Manifest, place: Place, engine: str) -> str:
    if engine not in manifest.databases:
        return "OTHER_ENGINE" if engine else "NO_ADDRESS"
    return "FILE_MISSING" if place.holding == "missing" else ""


def _holds(place: Place, dataset: TableDataset) -> bool:
    """Whether a place is this dataset's table, or one that goes with it."""
    table = place.table
    if not table:
        return place.whole
    if dataset.table.endswith("*"):
        return table.startswith(dataset.table.removesuffix("*"))
    others = [shadow.table for shadow in dataset.shadows]
    others += [shared.table for shared in dataset.shared]
    others += [child.table for child in all_children(dataset.children)]
    return table in (dataset.table, *others)


def _renamed(fitting: Mapping[str, TableDataset], place: Place, taken: set[str]) -> list[str]:
    """Datasets whose table has another name here: same data class, own table nowhere named."""
    return [
        name
        for name, item in fitting.items()
        if item.data == place.data and item.table not in taken and not item.table.endswith("*")
    ]


# --- drafts -----------------------------------------------------------------------------------


def _drafts(
    manifest: Manifest, groups: Groups, *, folders: Mapping[str, FolderAt], tree: HostTree
) -> Iterator[Draft]:
    """One source for each database; the folders belong to the first."""
    roots = {
        name: tree.here(folders[name].path)
        for name, root in manifest.roots.items()
        if root.required or folders[name].holding == "there"
    }
    for places, tables in groups:
        used = [place for place in places if place.datasets]
        logins = dict.fromkeys(login for place in used for login in place.logins)
        url, password = _url(used[0], tree)
        unknown = (place.table for place in places if not place.datasets)
        yield Draft(
            url,
            tables,
            unknown_tables=tuple(table for table in unknown if table),
            roots=roots,
            logins=tuple(logins),
            needs_password=password,
        )
        roots = {}
    if not groups:
        yield Draft(roots=roots)


def _url(place: Place, tree: HostTree) -> tuple[str, bool]:
    """The address for settings, and whether it needs a password."""
    login = place.login
    if login is None:
        return "", False
    if login.engine == "sqlite":
        return f"sqlite:///{tree.here(login.database)}", False
    local = not login.place[1]
    # Nobody from another machine gets in by an account of the PBX's operating system.
    peer = place.peer if local and tree.root == Path("/") else ""
    host = login.host if not local else "" if peer else "localhost"
    port = f":{login.port}" if login.port not in ("", USUAL_PORTS[login.engine]) else ""
    socket = login.socket
    if login.engine == "postgresql":
        socket = socket or ("/var/run/postgresql" if peer else "")
        host, option = ("", "host") if socket else (host, "")
    else:
        option = "unix_socket"
    query = f"?{option}={socket}" if socket else ""
    return f"{login.engine}://{peer or OWN_USER}@{host}{port}/{login.database}{query}", not peer
