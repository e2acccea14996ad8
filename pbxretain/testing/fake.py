"""A PBX that doesn't exist, made from a manifest alone: its database, its folders, what they hold.

Whoever makes a record says what must become of it, so that nothing has to be worked out by asking
the code under test. Rows that stay are written first and read back: that is what must be left.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from pbxretain.connector import Connector
from pbxretain.facets import LineFacet, TableFacet
from pbxretain.manifest import SpoolDataset, Start
from pbxretain.testing.setting import Scene

MARK = "pbxkit"
"""Stands in every value that would be personal data, so that none can slip out unseen."""

_OURS = (".pbxretain.lock", ".pbxretain.root")
_OTHER, _NO_CALL = "README.pbxkit", b"no call data"
_LONG = timedelta(days=1000)
Value = str | int | bytes | None
Cells = tuple[tuple[str, object], ...]


def stored_values(facet: TableFacet | LineFacet) -> list[str]:
    """One stored value for each that a facet can have; none where values stand as they are."""
    found = [stored[0] for stored in facet.values.values() if stored]
    return [*found, f"{MARK}-other"] if found and facet.otherwise else found


@dataclass(slots=True, kw_only=True)
class Thing:
    """A record of the fake PBX, or a part of one. ``when`` is what dates it, None when nothing
    does; ``counted`` says that it is a record of its own dataset."""

    dataset: str
    what: str
    gone: bool
    when: datetime | None
    counted: bool = True
    look: str = "starts"
    """What of the manifest decides about it."""


@dataclass(slots=True, kw_only=True)
class Row(Thing):
    """A row; ``after`` is what a row that stays must hold once its file went."""

    table: str
    values: dict[str, Value]
    after: dict[str, Value] = field(default_factory=dict)
    place: int | None = None
    """Where it lies in its table, so that rows lie as they came in."""

    def cells(self, columns: Iterable[str]) -> Cells:
        """The row as the database gives it back, once a run is over."""
        values = self.values | self.after
        pairs = ((name, values.get(name)) for name in columns)
        return tuple((n, v.encode() if isinstance(v, str) else v) for n, v in pairs)


@dataclass(slots=True, kw_only=True)
class Piece(Thing):
    """A file below a root, or one line of a log file."""

    path: bytes
    content: bytes
    changed: float = 0.0


@dataclass(frozen=True, slots=True)
class View:
    """All that the PBX itself can see: rows by table, files and messages by name, lines by log."""

    rows: Mapping[str, Counter[Cells]]
    files: Mapping[str, bytes]
    lines: Mapping[str, Counter[bytes]]


@dataclass(frozen=True, slots=True)
class Found:
    """What speaks against a promise, and what of the manifest to look at."""

    text: str
    look: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """A table that is opened as a store: whose dataset it is, and what of it dates its rows."""

    dataset: str
    table: str
    start: Start
    column: str
    anchor: str | None = None


@dataclass(slots=True)
class Fake:
    """One fake PBX below ``folder``."""

    folder: Path
    product: Connector
    scene: Scene
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    """By table: its columns with what SQLite is told of their type."""
    rows: list[Row] = field(default_factory=list)
    files: list[Piece] = field(default_factory=list)
    lines: list[Piece] = field(default_factory=list)
    stores: dict[str, Stored] = field(default_factory=dict)
    """Table stores by name, copies too."""
    left: dict[str, Counter[Cells]] = field(default_factory=dict)
    """The rows that must be left after a run."""

    @property
    def database(self) -> Path:
        return self.folder / "pbx.db"

    @property
    def url(self) -> str | None:
        return f"sqlite:///{self.database}" if self.columns else None

    def root(self, name: str) -> Path:
        return self.folder / "roots" / name

    @property
    def roots(self) -> dict[str, Path]:
        return {name: self.root(name) for name in self.product.manifest.roots}

    def state(self) -> Iterator[Path]:
        """Every file that runs over this PBX left of themselves."""
        return (path for path in (self.folder / "state").rglob("*") if path.is_file())

    def things(self) -> Iterator[Thing]:
        yield from self.rows
        yield from self.files
        yield from self.lines

    # --- making ---

    def write(self) -> None:
        """Makes database and folders out of what was planned."""
        if self.columns:
            self._write_tables()
        for path in self.roots.values():
            path.mkdir(parents=True)
            (path / _OTHER).write_bytes(_NO_CALL)
        for piece in self.files:
            self._write_file(piece)
        for piece in self.lines:
            place = os.fsdecode(piece.path)
            Path(place).parent.mkdir(parents=True, exist_ok=True)
            with Path(place).open("ab") as log:
                log.write(piece.content)

    def _write_file(self, piece: Piece) -> None:
        os.makedirs(os.path.dirname(piece.path), exist_ok=True)  # noqa: PTH103, PTH120 (bytes)
        with open(piece.path, "wb") as file:  # noqa: PTH123
            file.write(piece.content)
        os.utime(piece.path, (piece.changed, piece.changed))

    def _write_tables(self) -> None:
        dated = sorted(self.rows, key=lambda row: row.when or self.scene.cutoff - _LONG)
        for place, row in enumerate(dated, start=1):
            row.place = place
        with closing(self._connect()) as connection:
            for table, columns in self.columns.items():
                named = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
                connection.execute(f'CREATE TABLE "{table}" ({named})')
            self._insert(connection, [row for row in self.rows if not row.gone], after=True)
            connection.commit()
        self.left = self.tables()
        with closing(self._connect()) as connection:
            for row in self.rows:
                if row.after:
                    self._change(connection, row)
            self._insert(connection, [row for row in self.rows if row.gone], after=False)
            connection.commit()

    def add(self, rows: Sequence[Row]) -> None:
        """Puts more rows into the database, behind the engine's back."""
        with closing(self._connect()) as connection:
            self._insert(connection, rows, after=False)
            connection.commit()

    def alter(self, statement: str) -> None:
        """Changes the database as an update of the product would."""
        with closing(self._connect()) as connection:
            connection.execute(statement)
            connection.commit()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.database)
        connection.text_factory = bytes
        return connection

    def _insert(self, connection: sqlite3.Connection, rows: Sequence[Row], *, after: bool) -> None:
        for row in rows:
            values = row.values | (row.after if after else {})
            if not any("KEY" in kind for kind in self.columns[row.table].values()):
                values |= {"rowid": row.place}
            names = ", ".join(f'"{name}"' for name in values)
            # Bytes stand for text in another encoding, which SQLite keeps as it is.
            marks = ", ".join(
                "CAST(? AS TEXT)" if isinstance(value, bytes) else "?" for value in values.values()
            )
            text = f'INSERT INTO "{row.table}" ({names}) VALUES ({marks})'  # noqa: S608
            connection.execute(text, list(values.values()))

    def _change(self, connection: sqlite3.Connection, row: Row) -> None:
        """Gives a row what it holds before the run."""
        known = {name: value for name, value in row.values.items() if name not in row.after}
        sets = ", ".join(f'"{name}" = ?' for name in row.after)
        where = " AND ".join(f'"{name}" IS ?' for name in known)
        text = f'UPDATE "{row.table}" SET {sets} WHERE {where}'  # noqa: S608
        values = [row.values[name] for name in row.after]
        connection.execute(text, [*values, *known.values()])

    # --- looking ---

    def tables(self) -> dict[str, Counter[Cells]]:
        """All rows by table, as the database gives them."""
        found: dict[str, Counter[Cells]] = {}
        if not self.columns:
            return found
        with closing(self._connect()) as connection:
            for table, columns in self.columns.items():
                rows = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608
                found[table] = Counter(tuple(zip(columns, row, strict=True)) for row in rows)
        return found

    def view(self) -> View:
        """Everything as it stands now."""
        logs = {os.fsdecode(piece.path) for piece in self.lines}
        whole: dict[str, bytes] = {}
        lines: dict[str, Counter[bytes]] = {log: Counter() for log in logs}
        for path in sorted(p for p in (self.folder / "roots").rglob("*") if p.is_file()):
            if path.name in _OURS:
                continue
            # Lines that stay may lie in a segment beside their log: none may be lost or doubled.
            if log := next((log for log in logs if str(path).startswith(log)), None):
                lines[log].update(path.read_bytes().splitlines(keepends=True))
            else:
                whole[str(path)] = path.read_bytes()
        return View(self.tables(), self._by_content(whole), lines)

    def must_be_left(self) -> View:
        """What a run must leave: not a byte more, not one less."""
        whole = {os.fsdecode(p.path): p.content for p in self.files if not p.gone}
        whole |= {str(root / _OTHER): _NO_CALL for root in self.roots.values()}
        lines: dict[str, Counter[bytes]] = {}
        for piece in self.lines:
            log = lines.setdefault(os.fsdecode(piece.path), Counter())
            log.update([] if piece.gone else [piece.content])
        return View(self.left, self._by_content(whole), lines)

    def _by_content(self, whole: Mapping[str, bytes]) -> dict[str, bytes]:
        """Messages of a spool go by what they hold: Asterisk numbers them anew when one goes."""
        datasets = self.product.manifest.datasets.values()
        spools = [self.root(d.root) for d in datasets if isinstance(d, SpoolDataset)]
        found: dict[str, bytes] = {}
        messages: dict[Path, list[tuple[str, bytes]]] = {}
        for name, content in whole.items():
            path = Path(name)
            if path.name.startswith("msg") and any(spool in path.parents for spool in spools):
                messages.setdefault(path.with_suffix(""), []).append((path.suffix, content))
            else:
                found[name] = content
        for stem, parts in messages.items():
            found[f"{stem.parent}/message {sorted(parts)!r}"] = b"".join(
                c for _, c in sorted(parts)
            )
        return found
