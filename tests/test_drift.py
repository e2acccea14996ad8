"""Does every shipped connector refuse its vendor's tables once the vendor, an admin or an add-on
changed them: a renamed column, a foreign key that cascades, a copy that nobody declared?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from support import vendor
from support.servers import MariaDB, Server
from support.vendor import Scene

from pbxretain import connector as shelves
from pbxretain import sources
from pbxretain.errors import DriftError
from pbxretain.manifest import TableDataset
from pbxretain.stores.copies import MANY_PERSONAL

PLACES = [
    (name, dialect)
    for name, known in sorted(shelves.shelf().items())
    for dialect in known.manifest.databases
]
FIXTURES = {"mysql": "mariadb", "postgresql": "postgresql", "sqlite": None}
LEAVES_TRACES = ("call-detail-records", "call-events", "queue-logs")
"""Data classes of which a copy must be known by its columns alone."""


@pytest.fixture(params=PLACES, ids=["-".join(place) for place in PLACES])
def pbx(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    """The vendor's empty tables on a server that the product uses; its roots are there."""
    name, dialect = request.param
    fixture = FIXTURES[dialect]
    server: Server | None = request.getfixturevalue(fixture) if fixture else None
    made = vendor.scene(name, server, tmp_path)
    if name == "asterisk" and server is not None:  # as sites with recordings add it
        made.do("ALTER TABLE cdr ADD COLUMN recordingfile varchar(255)")
    for root, entry in made.connector.manifest.roots.items():
        if entry.required:
            (made.root(root) / "here").touch()
    return made


def tables(pbx: Scene) -> Iterator[TableDataset]:
    """Every declared table that the vendor's script makes here, once."""
    there, seen = set(pbx.tables()), set[str]()
    for dataset in pbx.connector.manifest.datasets.values():
        if isinstance(dataset, TableDataset) and dataset.table in there - seen:
            seen.add(dataset.table)
            yield dataset


def quoted(pbx: Scene, name: str) -> str:
    return f"`{name}`" if isinstance(pbx.server, MariaDB) else f'"{name}"'


def columns(pbx: Scene, table: str) -> list[str]:
    with closing(pbx.admin()) as connection, closing(connection.cursor()) as cursor:
        cursor.execute(f"SELECT * FROM {table} WHERE 1=0")
        return [column[0] for column in cursor.description]


def may_be_referred_to(pbx: Scene, table: str) -> bool:
    """MyISAM knows no foreign keys."""
    if not isinstance(pbx.server, MariaDB):
        return True
    ask = (
        "SELECT engine FROM information_schema.tables"
        " WHERE table_schema = DATABASE() AND table_name = %s"
    )
    return pbx.do(ask, table) == [("InnoDB",)]


def refusal(pbx: Scene) -> str:
    """What the connector says; empty where it opens all the same."""
    terms = pbx.terms()
    try:
        with sources.opened(
            terms.source, terms.connector, name="pbx", installation="drift", exclusive=False
        ):
            return ""
    except DriftError as error:
        return str(error)


@contextmanager
def planted(pbx: Scene, change: list[str], undo: list[str]) -> Iterator[str]:
    """What the connector says while the change is there."""
    for statement in change:
        pbx.do(statement)
    pbx.grant(seeing=[table for table in pbx.tables() if table.startswith("planted")])
    yield refusal(pbx)
    for statement in undo:
        pbx.do(statement)


def each(pbx: Scene, plant: Callable[[TableDataset, str], Any], *, naming: str = "") -> None:
    """Plants one change after the other; every one refuses and is named."""
    pbx.grant()
    assert refusal(pbx) == ""
    missed = []
    for dataset in tables(pbx):
        change, undo = plant(dataset, quoted(pbx, dataset.table))
        if not change:
            continue
        with planted(pbx, change, undo) as said:
            if (naming or dataset.table) not in said:
                missed.append(f"{dataset.table}: {said or 'opened'}")
    assert not missed


def test_a_renamed_start_column_refuses_and_names_the_table(pbx: Scene) -> None:
    def rename(dataset: TableDataset, table: str) -> tuple[list[str], list[str]]:
        start = next(iter(dataset.starts.values()))
        here = set(columns(pbx, table)) & set(start.columns)
        pairs = [(quoted(pbx, name), quoted(pbx, f"{name}_was")) for name in sorted(here)]
        return (
            [f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}" for old, new in pairs],
            [f"ALTER TABLE {table} RENAME COLUMN {new} TO {old}" for old, new in pairs],
        )

    each(pbx, rename)


def test_a_foreign_key_that_cascades_refuses_and_is_named(pbx: Scene) -> None:
    def refer(dataset: TableDataset, table: str) -> tuple[list[str], list[str]]:
        if not may_be_referred_to(pbx, dataset.table):
            return [], []
        of = f" ON {table}" if isinstance(pbx.server, MariaDB) else ""
        return (
            [
                f"ALTER TABLE {table} ADD COLUMN planted_id INT",
                f"CREATE UNIQUE INDEX planted_index ON {table} (planted_id)",
                f"CREATE TABLE planted_notes (id INT, FOREIGN KEY (id) REFERENCES {table}"
                " (planted_id) ON DELETE CASCADE)",
            ],
            [
                "DROP TABLE planted_notes",
                f"DROP INDEX planted_index{of}",
                f"ALTER TABLE {table} DROP COLUMN planted_id",
            ],
        )

    each(pbx, refer, naming="planted_notes")


def test_a_copy_that_nobody_declared_refuses_and_is_named(pbx: Scene) -> None:
    def copy(dataset: TableDataset, table: str) -> tuple[list[str], list[str]]:
        personal = set(columns(pbx, table)) & {*dataset.personal, *dataset.call_id}
        if dataset.data not in LEAVES_TRACES or len(personal) < MANY_PERSONAL:
            return [], []
        return (
            [f"CREATE TABLE planted_archive AS SELECT * FROM {table}"],
            ["DROP TABLE planted_archive"],
        )

    each(pbx, copy, naming="planted_archive")
