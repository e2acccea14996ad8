"""How does one source, a PBX at one site, become opened stores?

What settings lead to is opened in deletion order, under the locks that keep other runs out; what
isn't there as the manifest says refuses, what settings don't name is told as not covered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pbxretain.connector import Connector
from pbxretain.errors import (
    DocumentError,
    DriftError,
    LockedError,
    RetainError,
    StoreError,
    UnavailableError,
)
from pbxretain.manifest import (
    ApiDataset,
    CommandDataset,
    Dataset,
    LinesDataset,
    Manifest,
    SpoolDataset,
    TableDataset,
    TreeDataset,
    all_children,
)
from pbxretain.posix import lock_file
from pbxretain.records import Advice, Naming, Store
from pbxretain.secret import resolve_secret
from pbxretain.settings import SecretRef, Source

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from pbxretain.clues import StoredSetting
    from pbxretain.stores.ami import AmiSettings
    from pbxretain.stores.database import Session
    from pbxretain.stores.purges import StoredValues
    from pbxretain.stores.table import TableStore

ROOT_LOCK = ".pbxretain.lock"


class Lock(Protocol):
    """A lock at the source that may be lost in mid-run."""

    def verify(self) -> None:
        """Raises LockedError when it is lost."""
        ...


@dataclass(slots=True)
class Opened:
    """A source with its stores in deletion order."""

    stores: list[Store] = field(default_factory=list)
    kinds: dict[str, Dataset] = field(default_factory=dict)
    """The manifest's entry of each store, by store name (a shadow has its anchor's)."""
    not_covered: dict[str, str] = field(default_factory=dict)
    """Datasets that the manifest knows and this source lacks: name to code."""
    advice: list[Advice] = field(default_factory=list)
    clock: Callable[[], datetime | None] = lambda: None
    stored: Callable[[StoredSetting], StoredValues] | None = None
    """What a setting in the source's database says; None without a database."""
    lock: Lock | None = None
    held: object = None
    """What ``plan`` knows of holds: found once for all datasets that are looked at together."""

    def store(self, name: str) -> Store | None:
        return next((store for store in self.stores if store.dataset == name), None)


@contextmanager
def opened(
    source: Source,
    connector: Connector,
    *,
    name: str,
    installation: str,
    exclusive: bool,
) -> Iterator[Opened]:
    """Opens all datasets of a source; ``exclusive`` takes the locks that keep other runs out.

    Raises DriftError where the source isn't as the manifest says, RootError for folders,
    UnavailableError when it can't be reached, LockedError when another host works on it.
    """
    with ExitStack() as stack:
        yield _Opener(
            source=source,
            connector=connector,
            name=name,
            installation=installation,
            exclusive=exclusive,
            stack=stack,
        ).open()


@dataclass(slots=True)
class _Opener:
    source: Source
    connector: Connector
    name: str
    installation: str
    exclusive: bool
    stack: ExitStack
    result: Opened = field(default_factory=Opened)
    locked: set[Path] = field(default_factory=set)

    @property
    def manifest(self) -> Manifest:
        return self.connector.manifest

    def open(self) -> Opened:
        self._reject_unknown_names()
        tables = self._tables()
        for name, dataset in self.manifest.datasets.items():
            if name in tables:
                self._add(name, dataset, tables[name])
            elif isinstance(dataset, ApiDataset | CommandDataset):
                self._items(name, dataset)
            elif not isinstance(dataset, TableDataset):
                self._folder(name, dataset, tables)
        if not self.result.stores:
            raise DriftError(
                f"source {self.name} offers none of the datasets of {self.manifest.connector}",
                hint="name the database url, the roots, api or command in settings",
            )
        return self.result

    def _reject_unknown_names(self) -> None:
        for given, declared, where in (
            (set(self.source.roots), set(self.manifest.roots), "roots"),
            (set(self.source.tables), set(self.manifest.datasets), "tables"),
        ):
            if unknown := sorted(given - declared):
                raise DocumentError(
                    f"sources.{self.name}.{where}: connector {self.manifest.connector} "
                    f"has no {unknown[0]!r}",
                    hint=f"known: {', '.join(sorted(declared)) or 'none'}",
                )
        for root, entry in self.manifest.roots.items():
            if entry.required and root not in self.source.roots:
                raise DocumentError(
                    f"sources.{self.name}.roots: {root} is missing",
                    hint=f"usually {root}: {entry.usual}",
                )

    def _add(self, name: str, dataset: Dataset, stores: Sequence[Store]) -> None:
        for store in stores:
            self.result.stores.append(store)
            self.result.kinds[store.dataset] = dataset
            self.stack.callback(store.close)

    def _tables(self) -> Mapping[str, Sequence[Store]]:
        declared = {n: d for n, d in self.manifest.datasets.items() if isinstance(d, TableDataset)}
        if not self.source.url:
            self.result.not_covered.update(dict.fromkeys(declared, "NO_DATABASE_CONFIGURED"))
            return {}
        if not declared:
            raise DocumentError(f"sources.{self.name}.url: {self.manifest.connector} has no tables")
        from pbxretain.stores import database, dialects, purges, table

        engine = self._engine()
        dialect = dialects.dialect_named(engine.dialect.name).name
        if dialect not in self.manifest.databases:
            raise DocumentError(
                f"sources.{self.name}.url: {self.manifest.connector} isn't known on {dialect}",
                hint=f"known: {', '.join(self.manifest.databases)}",
            )
        guard = self._database_lock(engine)
        self.result.clock = lambda: database.database_clock(engine)
        self.result.stored = lambda setting: purges.stored_values(engine, setting)
        here = {n: d for n, d in declared.items() if not d.databases or dialect in d.databases}
        with database.session(engine) as opened:
            names = {name: self._names(opened, name, dataset) for name, dataset in here.items()}
            self._refuse_copies(opened, here, [t for found in names.values() for t in found])
        stores: dict[str, list[TableStore]] = {}
        for name, dataset in here.items():
            for actual in names[name]:
                store = table.open_table(
                    name=table.store_name(name, actual) if dataset.table.endswith("*") else name,
                    dataset=dataset,
                    engine=engine,
                    zone=self.source.zone,
                    table=actual,
                    guard=guard,
                    parts=[(p, stores[p.dataset][0]) for p in dataset.parts if p.dataset in stores],
                )
                stores.setdefault(name, []).extend([store, *store.shadow_stores()])
            if not names[name]:
                self.result.not_covered[name] = "NO_SUCH_TABLE"
        if not stores:
            raise DriftError(
                f"source {self.name}: the database has none of the tables of "
                f"{self.manifest.connector}",
                hint="see whether url names the right database, and run: pbxretain check",
            )
        return dict(stores)

    def _names(self, opened: Session, name: str, dataset: TableDataset) -> list[str]:
        """The tables of one dataset: none where an optional one is missing."""
        from pbxretain.stores import copies, database

        actual = self.source.tables.get(name, dataset.table)
        optional = dataset.optional and name not in self.source.tables
        if not actual.endswith("*"):
            return [] if optional and database.kind_of(opened, actual) is None else [actual]
        prefix = actual.removesuffix("*")
        found = sorted(table for table in copies.columns_of(opened) if table.startswith(prefix))
        if not found and not optional:
            raise DriftError(
                f"Dataset {name}: there is no table whose name begins with {prefix}.",
                hint="name the right table in the settings, or grant SELECT on it",
            )
        return found

    def _refuse_copies(
        self, opened: Session, datasets: Mapping[str, TableDataset], names: Sequence[str]
    ) -> None:
        from pbxretain.stores.copies import refuse_copies

        stay = self.source.uncovered_tables
        self.result.not_covered.update(dict.fromkeys(stay, "COPY_LEFT"))
        known = [*names, *stay]
        for dataset in datasets.values():
            known += [dataset.table, *(child.table for child in all_children(dataset.children))]
            known += [shadow.table for shadow in dataset.shadows]
            known += [shared.table for shared in dataset.shared]
        refuse_copies(opened, list(datasets.values()), known, source=self.name)

    def _engine(self) -> Engine:
        from pbxretain.stores import database

        password = _revealed(self.source.password)
        engine = database.connect(self.source.url or "", password)
        self.stack.callback(engine.dispose)
        return engine

    def _database_lock(self, engine: Engine) -> Callable[[], None] | None:
        if not self.exclusive:
            return None
        from pbxretain.stores import database

        lock = self.stack.enter_context(database.DatabaseLock(engine))
        self.result.lock = lock
        return lock.verify

    def _folder(
        self,
        name: str,
        dataset: TreeDataset | SpoolDataset | LinesDataset,
        tables: Mapping[str, Sequence[Store]],
    ) -> None:
        path = self.source.roots.get(dataset.root)
        if path is None:
            self.result.not_covered[name] = "NO_ROOT_CONFIGURED"
            return
        root = Path(path)
        if isinstance(dataset, TreeDataset):
            store = self._tree(name, dataset, root, tables)
        elif isinstance(dataset, SpoolDataset):
            store = self._spool(name, dataset, root)
        else:
            store = self._lines(name, dataset, root)
        # After opening: a missing or unmounted root is refused before a lock file makes it look
        # alive.
        if self.exclusive and (real := root.resolve()) not in self.locked:
            self.locked.add(real)
            self.stack.enter_context(_root_lock(real))
        self._add(name, dataset, [store])

    def _tree(
        self,
        name: str,
        dataset: TreeDataset,
        root: Path,
        tables: Mapping[str, Sequence[Store]],
    ) -> Store:
        from pbxretain.stores.tree import open_tree

        naming: Naming | None = None
        if dataset.named_by and (anchors := tables.get(dataset.named_by.dataset)):
            naming = _naming(anchors[0])
        return open_tree(
            name=name,
            dataset=dataset,
            root=root,
            zone=self.source.zone,
            naming=naming,
            installation=self.installation,
        )

    def _spool(self, name: str, dataset: SpoolDataset, root: Path) -> Store:
        from pbxretain.stores.asterisk import read_asterisk_facts
        from pbxretain.stores.spool import open_spool

        ami = self._ami()
        asterisk = self.source.asterisk
        facts = read_asterisk_facts(
            Path(asterisk.config) if asterisk and asterisk.config else None,
            asterisk.version if asterisk else None,
            ami,
        )
        return open_spool(
            name=name,
            dataset=dataset,
            root=root,
            zone=self.source.zone,
            asterisk=facts,
            ami=ami,
            installation=self.installation,
        )

    def _items(self, name: str, dataset: ApiDataset | CommandDataset) -> None:
        from pbxretain.stores import installed, items

        if isinstance(dataset, ApiDataset):
            if self.source.api is None:
                self.result.not_covered[name] = "NO_API_CONFIGURED"
                return
            client = installed.of_api(
                name,
                self.source.api,
                own=self.manifest.api,
                module=self.connector.module,
            )
        else:
            if self.source.command is None:
                self.result.not_covered[name] = "NO_COMMAND_CONFIGURED"
                return
            client = installed.of_command(
                name,
                self.source.command,
                program=self.manifest.program,
                module=self.connector.module,
            )
        store = items.open_items(name=name, dataset=dataset, client=client, zone=self.source.zone)
        self._add(name, dataset, [store])
        if not self.source.url and len(self.result.stores) == 1:
            self.result.clock = store.clock

    def _lines(self, name: str, dataset: LinesDataset, root: Path) -> Store:
        from pbxretain.stores.lines import open_lines

        return open_lines(
            name=name,
            dataset=dataset,
            root=root,
            zone=self.source.zone,
            reopen=self._reopen() if dataset.reopen == "asterisk-logger" else None,
            installation=self.installation,
        )

    def _ami(self) -> AmiSettings | None:
        if not self.source.ami:
            return None
        from pbxretain.stores.ami import AmiSettings

        ami = self.source.ami
        return AmiSettings(
            host=ami.host, port=ami.port, user=ami.user, secret=resolve_secret(ami.secret).reveal()
        )

    def _reopen(self) -> Callable[[], bool] | None:
        """How to have Asterisk open its logs anew: by its manager, else by its own program."""
        from pbxretain.stores.asterisk import has_program, reload_logger

        settings = self._ami()
        if settings is None:
            return reload_logger if has_program() else None
        from pbxretain.stores.ami import Ami

        def reopen() -> bool:
            try:
                with Ami(settings) as ami:
                    ami.command("logger reload")
            except RetainError:
                return False
            return True

        return reopen


def _naming(anchor: Store) -> Naming | None:
    """The rows that name files; None where this table has no such column (``may_lack``)."""
    try:
        naming: Naming = anchor.naming()  # type: ignore[attr-defined]
    except StoreError as error:
        if error.code != "NO_LINK":
            raise
        return None
    return naming


def _revealed(reference: SecretRef | None) -> str | None:
    return resolve_secret(reference).reveal() if reference else None


@contextmanager
def _root_lock(root: Path) -> Iterator[None]:
    """The lock file in a root: keeps another host with the same mount out."""
    with ExitStack() as stack:
        try:
            stack.enter_context(lock_file(root / ROOT_LOCK))
        except LockedError:
            raise LockedError(
                f"another run works in folder {root}", hint="wait until it has ended"
            ) from None
        except OSError:
            raise UnavailableError(
                f"can't write in folder {root}",
                hint="run pbxretain as the user who owns it",
            ) from None
        yield
