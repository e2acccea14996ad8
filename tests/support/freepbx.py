"""How does a test get a large FreePBX or Asterisk, and what must be left of it?

``fill`` loads the calls of ``support.calls`` into the vendor's own tables and writes recordings.
``expect`` works out from the rows themselves, in plain Python and with nothing of pbxretain, what
is due; ``Dump`` holds tables byte for byte for a comparison before and after.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

import psycopg
import pymysql

from support import calls as made
from support.servers import MariaDB, PostgreSQL

CONNECTORS = Path(__file__).resolve().parents[2] / "connectors"
ZONE = ZoneInfo("Europe/Berlin")
DATABASE = "asteriskcdrdb"
GRANTS = {
    "cdr": "SELECT, DELETE, UPDATE (recordingfile), TRIGGER",
    "transient_cdr": "SELECT, DELETE, UPDATE (recordingfile), TRIGGER",
    "cel": "SELECT, DELETE, TRIGGER",
    "*": "REFERENCES",
}
"""The least rights on FreePBX's tables, as the how-to documents them."""

Connection = Any
"""A connection of pymysql, psycopg or sqlite3."""


def schema(connector: str, dialect: str) -> list[str]:
    """The statements of a connector's schema.sql for ``mysql``, ``postgresql`` or ``sqlite``."""
    text = (CONNECTORS / connector / "schema.sql").read_text(encoding="utf-8")
    _, *sections = re.split(r"^-- dialect: (\w+)\n", text, flags=re.MULTILINE)
    found = dict(zip(sections[::2], sections[1::2], strict=True))[dialect]
    lines = [line for line in found.splitlines() if not line.startswith("--")]
    return [s.strip() for s in re.split(r";$", "\n".join(lines), flags=re.MULTILINE) if s.strip()]


def dialect_of(connection: Connection) -> str:
    """The name of the connection's dialect."""
    if isinstance(connection, sqlite3.Connection):
        return "sqlite"
    return "postgresql" if isinstance(connection, psycopg.Connection) else "mysql"


def create_tables(connection: Connection, connector: str | None = None) -> None:
    """Makes the vendor's tables; by default FreePBX's on MariaDB, else Asterisk's."""
    dialect = dialect_of(connection)
    with closing(connection.cursor()) as cursor:
        for statement in schema(
            connector or ("freepbx" if dialect == "mysql" else "asterisk"), dialect
        ):
            cursor.execute(statement)
    connection.commit()


@dataclass(frozen=True)
class Filled:
    """How much was made."""

    rows: Mapping[str, int]
    files: int


def fill(
    connection: Connection,
    *,
    calls: int,
    days: int = 200,
    seed: int = 1,
    now: datetime | None = None,
    zone: tzinfo = ZONE,
    recordings_root: Path | None = None,
    recorded: float = 0.02,
    events: bool = True,
    utc_until: datetime | None = None,
) -> Filled:
    """Makes the tables and fills them; some 30,000 rows a second.

    Recordings go below ``recordings_root`` as YYYY/MM/DD/name, some rows name files that aren't
    there, some files have no row. On FreePBX's layout ``transient_cdr`` holds what the trigger puts
    there, but some calls lost their row and kept the copy, and some copies are gone.
    """
    settings = made.Settings(
        calls=calls,
        days=days,
        seed=seed,
        now=now or made.default_now(),
        zone=zone,
        recorded=recorded if recordings_root else 0.0,
        events=events,
        utc_until=utc_until,
    )
    create_tables(connection)
    loader = _Loader(connection)
    if loader.dialect == "mysql":
        _prepare_mysql(connection)
    named: dict[str, None] = {}
    for table, row in made.in_order(settings):
        loader.add(table, row)
        if name := row.get("recordingfile"):
            named[name] = None
    rows = loader.load()
    if loader.dialect == "mysql":
        _fill_shadow(connection)
        _disturb_shadow(connection)
    files = _write_recordings(recordings_root, list(named)) if recordings_root else 0
    return Filled(rows, files)


class _Loader:
    """Collects rows as text and hands them over in the database's fastest way."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.dialect = dialect_of(connection)
        self._columns = {table: self._columns_of(table) for table in ("cdr", "cel")}
        lite = {**_LITE, "eventtime": "epoch"} if self.dialect == "sqlite" else {}
        self._sources = {
            table: [lite.get(name, name) for name in names]
            for table, names in self._columns.items()
        }
        self._files: dict[str, IO[str]] = {
            table: tempfile.NamedTemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115
            for table in self._columns
        }
        self._counts: Counter[str] = Counter()

    def _columns_of(self, table: str) -> list[str]:
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(f"SELECT * FROM {table} WHERE 1 = 0")
            names = [column[0] for column in cursor.description]
        return [name for name in names if name not in ("id", "AcctId")]

    def add(self, table: str, row: Mapping[str, str]) -> None:
        line = "\t".join([row[name] for name in self._sources[table]])
        if "\\" in line:
            line = line.replace("\\", "\\\\")
        if table == "cdr" and self.dialect != "sqlite" and not (row["answer"] and row["start"]):
            line = self._with_gaps(row)
        self._files[table].write(line + "\n")
        self._counts[table] += 1

    def _with_gaps(self, row: Mapping[str, str]) -> str:
        """Zero dates where FreePBX has them, else NULL."""
        empty = {"calldate": "0000-00-00 00:00:00", "start": r"\N", "answer": r"\N", "end": r"\N"}
        values = ((name, row[name].replace("\\", "\\\\")) for name in self._sources["cdr"])
        return "\t".join(value or empty.get(name, "") for name, value in values)

    def load(self) -> dict[str, int]:
        for table, file in self._files.items():
            file.flush()
            file.seek(0)
            getattr(self, f"_load_{self.dialect}")(table, file)
            file.close()
        self._connection.commit()
        return dict(self._counts)

    def _load_mysql(self, table: str, file: IO[str]) -> None:
        names = ", ".join(f"`{name}`" for name in self._columns[table])
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(
                f"LOAD DATA LOCAL INFILE %s INTO TABLE {table} CHARACTER SET utf8mb4 ({names})",
                (file.name,),
            )

    def _load_postgresql(self, table: str, file: IO[str]) -> None:
        names = ", ".join(f'"{name}"' for name in self._columns[table])
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy,
        ):
            while block := file.read(1 << 20):
                copy.write(block)

    def _load_sqlite(self, table: str, file: IO[str]) -> None:
        names = self._columns[table]
        marks = ", ".join("?" * len(names))
        rows = (line.rstrip("\n").replace("\\\\", "\\").split("\t") for line in file)
        self._connection.executemany(
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows
        )


_LITE = {
    "cidname": "cid_name", "cidnum": "cid_num", "cidani": "cid_ani", "cidrdnis": "cid_rdnis",
    "ciddnid": "cid_dnid", "eventextra": "extra",
}  # fmt: skip


def _prepare_mysql(connection: Connection) -> None:
    """Loads quickly: what the trigger does row by row, ``_fill_shadow`` does at once."""
    with closing(connection.cursor()) as cursor:
        cursor.execute("SET unique_checks = 0")
        cursor.execute("DROP TRIGGER cdrTrigger")


def _fill_shadow(connection: Connection) -> None:
    trigger = next(s for s in schema("freepbx", "mysql") if s.startswith("CREATE TRIGGER"))
    with closing(connection.cursor()) as cursor:
        cursor.execute("ALTER TABLE transient_cdr DISABLE KEYS")
        cursor.execute("INSERT INTO transient_cdr SELECT * FROM cdr")
        cursor.execute("ALTER TABLE transient_cdr ENABLE KEYS")
        cursor.execute("SET unique_checks = 1")
        cursor.execute(trigger)


def _disturb_shadow(connection: Connection) -> None:
    """Calls whose row is gone but not its copy, and rows without a copy: whole calls each."""
    picked = (
        "SELECT uniqueid FROM cdr WHERE recordingfile = '' AND uniqueid NOT IN ('', 'click2dial')"
        " GROUP BY uniqueid HAVING count(*) = 1 AND max(linkedid = uniqueid) = 1"
        " AND CAST(uniqueid AS UNSIGNED) %% 500 = %s"
    )
    with closing(connection.cursor()) as cursor:
        for remainder, table in ((1, "cdr"), (2, "transient_cdr")):
            cursor.execute(picked, (remainder,))
            ids = [row[0] for row in cursor.fetchall()]
            for at in range(0, len(ids), 500):
                cursor.execute(f"DELETE FROM {table} WHERE linkedid IN %s", (ids[at : at + 500],))
    connection.commit()


def _write_recordings(root: Path, names: Sequence[str]) -> int:
    """Every name but each 25th gets its file; each 20th a second one that no row names."""
    count = 0
    for n, name in enumerate(names):
        stamp = re.search(r"-(\d{4})(\d{2})(\d{2})-\d{6}-", name)
        assert stamp
        folder = root.joinpath(*stamp.groups())
        folder.mkdir(parents=True, exist_ok=True)
        if n % 25 != 24:
            _write_old(folder / name, b"RIFF" + name.encode() * 4)
            count += 1
        if n % 20 == 19:
            orphan = name.replace("external-", "ondemand-", 1).replace(".wav", "9.wav")
            _write_old(folder / orphan, b"RIFF orphan")
            count += 1
    return count


def _write_old(path: Path, data: bytes) -> None:
    """As old as its name says: a file written just now would count as still being written."""
    path.write_bytes(data)
    moment = _named(path.name).timestamp()
    os.utime(path, (moment, moment))


# --- what must be left ---


@dataclass
class Dump:
    """Rows of a table, byte for byte and in order; twins count. ``repr`` shows counts only."""

    rows: Counter[bytes] = field(default_factory=Counter, repr=False)

    @property
    def count(self) -> int:
        return self.rows.total()

    @property
    def digest(self) -> str:
        """SHA-256 over the sorted rows."""
        sha = hashlib.sha256()
        for row in sorted(self.rows.elements()):
            sha.update(len(row).to_bytes(4, "big") + row)
        return sha.hexdigest()

    def difference(self, other: Dump) -> tuple[int, int]:
        """How many rows only this one has, and how many only the other."""
        return (self.rows - other.rows).total(), (other.rows - self.rows).total()


Raw = tuple[bytes | None, ...]


def raw_rows(
    server: MariaDB | PostgreSQL, database: str, table: str
) -> tuple[list[str], list[Raw]]:
    """Column names and all rows as the bytes that the server sends."""
    if isinstance(server, PostgreSQL):
        return _copied(server, database, table)
    conv: dict[Any, Any] = dict(pymysql.converters.encoders)
    with (
        closing(
            pymysql.connect(
                unix_socket=str(server.socket),
                user="root",
                database=database,
                charset="utf8mb4",
                use_unicode=False,
                conv=conv,
                cursorclass=pymysql.cursors.SSCursor,
            )
        ) as connection,
        closing(connection.cursor()) as cursor,
    ):
        cursor.execute(f"SELECT * FROM `{table}`")
        names = [column[0] for column in cursor.description]
        return names, [tuple(row) for row in cursor]


def _copied(server: PostgreSQL, database: str, table: str) -> tuple[list[str], list[Raw]]:
    with server.admin(database) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} WHERE false".encode())
        names = [column.name for column in cursor.description or ()]
        with cursor.copy(f"COPY {table} TO STDOUT".encode()) as copy:
            lines = b"".join(bytes(block) for block in copy).splitlines()
    return names, [tuple(None if f == rb"\N" else f for f in line.split(b"\t")) for line in lines]


def dump(server: MariaDB | PostgreSQL, database: str, table: str) -> Dump:
    """A whole table."""
    _, rows = raw_rows(server, database, table)
    return Dump(Counter(map(_flat, rows)))


def _flat(row: Raw) -> bytes:
    return b"".join(
        b"\xff\xff\xff\xff" if f is None else len(f).to_bytes(4, "big") + f for f in row
    )


@dataclass(frozen=True)
class Expectation:
    """What a table holds: how many rows are due, and what stays, to the byte."""

    due: int
    straddling: int
    undated: int
    stay: Dump


def expect(
    server: MariaDB | PostgreSQL,
    database: str,
    table: str,
    *,
    cutoff: datetime,
    zone: tzinfo = ZONE,
) -> Expectation:
    """Sorts a table's rows out: ``cdr``, ``transient_cdr`` or ``cel`` in either layout."""
    names, rows = raw_rows(server, database, table)
    dated = _dated_events if table == "cel" else _dated_calls
    call = [names.index("linkedid"), names.index("uniqueid")]
    ages = list(dated(names, rows, cutoff, zone))
    young = {_call(row, call) for old, row in zip(ages, rows, strict=True) if old is False}
    due = straddling = undated = 0
    stay: Counter[bytes] = Counter()
    for old, row in zip(ages, rows, strict=True):
        if old and _call(row, call) not in young:
            due += 1
            continue
        straddling += bool(old)
        undated += old is None
        stay[_flat(row)] += 1
    return Expectation(due, straddling, undated, Dump(stay))


def _dated_events(
    names: Sequence[str], rows: Sequence[Raw], cutoff: datetime, zone: tzinfo
) -> Iterator[bool | None]:
    """Whether each row is before the cut-off; a local midnight has one wall clock reading."""
    column = names.index("eventtime")
    wall = cutoff.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S").encode()
    return ((row[column] or b"") < wall for row in rows)


def _dated_calls(
    names: Sequence[str], rows: Sequence[Raw], cutoff: datetime, zone: tzinfo
) -> Iterator[bool | None]:
    for row in rows:
        when = _when(dict(zip(names, row, strict=True)), zone)
        yield None if when is None else when < cutoff


def _call(row: Raw, columns: Sequence[int]) -> bytes:
    return next((value for n in columns if (value := row[n])), b"")


def _when(row: Mapping[str, bytes | None], zone: tzinfo) -> datetime | None:
    """The true instant: of the readings of the wall clock the one nearest to the uniqueid's."""
    text = (row.get("calldate") or row.get("start") or b"").decode()
    if not text or text.startswith("0000"):
        return None
    wall = datetime.fromisoformat(text)
    readings = [wall.replace(tzinfo=zone, fold=1), wall.replace(tzinfo=zone)]
    epoch = re.match(rb"(\d{10})\.", row["uniqueid"] or b"")
    if epoch is None:
        return readings[0].astimezone(UTC)
    readings.append(wall.replace(tzinfo=UTC))
    true = datetime.fromtimestamp(int(epoch[1]), UTC)
    return min((r.astimezone(UTC) for r in readings), key=lambda r: abs(r - true))


def expect_recordings(
    server: MariaDB, database: str, root: Path, *, cutoff: datetime, zone: tzinfo = ZONE
) -> tuple[frozenset[str], frozenset[str]]:
    """Files below the root as (due, staying): dated by the newest leg of any call whose rows name
    them, else by the date in their own name."""
    names, rows = raw_rows(server, database, "cdr")
    call = [names.index("linkedid"), names.index("uniqueid")]
    newest: dict[bytes, datetime] = {}
    for row in rows:
        if when := _when(dict(zip(names, row, strict=True)), zone):
            key = _call(row, call)
            newest[key] = max(when, newest.get(key, when))
    dates: dict[str, datetime] = {}
    for row in rows:
        name = (row[names.index("recordingfile")] or b"").decode()
        when = newest.get(_call(row, call))
        if name and when:
            dates[name] = max(when, dates.get(name, when))
    files = {str(path.relative_to(root)): path.name for path in _files(root)}
    due = {path for path, name in files.items() if dates.get(name, _named(name)) < cutoff}
    return frozenset(due), frozenset(files) - due


def _files(root: Path) -> Iterator[Path]:
    found: Iterable[Path] = root.rglob("*")
    return (path for path in found if path.is_file() and path.name != ".pbxretain.lock")


def _named(name: str) -> datetime:
    epoch = re.search(r"-(\d{10})\.\d+\.\w+$", name)
    assert epoch, "a recording without an epoch"
    return datetime.fromtimestamp(int(epoch[1]), UTC)
