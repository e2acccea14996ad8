"""What does one PBX product store, where, and when does each record's clock start?

A connector manifest is data: a closed list of fields, no expressions, no SQL text, no regular
expressions. Datasets stand in deletion order. A policy never sees this; it speaks of data classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema, model_validator

from pbxretain.clues import Discover, Identifier
from pbxretain.documents import DataClass, Document, FacetName, Text, mistakes
from pbxretain.facets import LineFacet, TableFacet, TreeFacet, told_in_words
from pbxretain.forms import TEXT_FORMS, PartPattern
from pbxretain.strictyaml import Place

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Tables = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_$.]{0,126}[A-Za-z0-9_$*]$|^[A-Za-z_]$")
]
"""A table, or with a star at its end all tables that begin so (one for each month or tenant)."""
_ZONE = r"^(source|utc|[A-Za-z]+(/[A-Za-z0-9_+-]+)+)$"


def _zone(value: str) -> str:
    if not re.match(_ZONE, value):
        raise ValueError("must be source (the zone in settings), utc, or one such as Europe/Berlin")
    return value


def _usual(value: str) -> str:
    if not re.match(r"/|[A-Za-z]:\\\\", value):
        raise ValueError("must be a whole path, from the top")
    return value


Zone = Annotated[str, AfterValidator(_zone), WithJsonSchema({"type": "string", "pattern": _ZONE})]
Dialect = Literal["mysql", "postgresql", "sqlite"]
"""``mysql`` stands for MySQL and MariaDB."""


class Trial(Document):
    """How and when a version was tried; ``live`` and ``written-by-product`` allow deletion."""

    version: str
    on: date
    how: Literal["live", "written-by-product", "vendor-schema", "documents"]
    note: str = ""


class Root(Document):
    """A folder of the PBX that settings name under ``roots``."""

    usual: Annotated[str, AfterValidator(_usual)]
    required: bool = False
    title: str = ""


class Start(Document):
    """A start event: which column starts the clock and how to read it.

    ``column`` may be a list: the first that the table has counts. ``type`` ``detect`` goes by the
    column's declared type, for typeless columns by a sample. ``referee`` names a column that holds
    Asterisk's ``<epoch>.<counter>``: its epoch decides between readings in doubt (doubled hour,
    a switch between local time and UTC inside one table).
    """

    column: Identifier | list[Identifier]
    type: Literal["datetime", "epoch", "text", "detect"] = "detect"
    zone: Zone = "source"
    forms: list[str] = ["YYYY-MM-DD HH:MM:SS"]
    referee: Identifier | None = None

    @model_validator(mode="after")
    def _known_forms(self) -> Self:
        if unknown := [form for form in self.forms if form not in TEXT_FORMS]:
            raise ValueError(f"unknown text form {unknown[0]!r}; known: {', '.join(TEXT_FORMS)}")
        return self

    @property
    def columns(self) -> list[str]:
        return [self.column] if isinstance(self.column, str) else list(self.column)


RedactedForm = Literal["number", "text", "channel", "blank", "null", "constant", "keep"]
"""What becomes of a column: ``number`` as the policy says; ``text`` (free text, names) is emptied;
of a ``channel`` only the technology stays; ``keep`` is for technical ids that name nobody."""

RedactedColumns = dict[Identifier, RedactedForm]


class Child(Document):
    """Rows of another table that belong to a record and go with it, before it."""

    table: Identifier
    column: Identifier
    parent_column: Identifier
    children: list[Child] = []
    redact: RedactedColumns | None = None
    """Its columns and their redacted forms; empty: it holds nothing about a person. Without it
    records of the dataset can't be redacted."""


class Trigger(Document):
    """A trigger that may stand on a declared table; any other is drift."""

    table: Identifier
    name: Identifier
    event: Literal["insert", "update", "delete"]


class Shadow(Document):
    """A table with copies of the records, same columns; its rows go with their record."""

    table: Identifier
    optional: bool = True


class Reference(Document):
    """A column of another table."""

    table: Identifier
    column: Identifier


class Shared(Document):
    """Rows that several records name, of the records' own data class; each goes once no row names
    it any more and it is older than the parties of every call that stays."""

    table: Identifier
    key: Identifier
    named_by: list[Reference] = Field(min_length=1)


class Part(Document):
    """Rows of another table dataset, of another data class, that hang on a record of this one: it
    waits while one of them is there (KEPT_FOR_PART)."""

    dataset: Name
    column: Identifier
    parent_column: Identifier


class Link(Document):
    """A column that names a file of another dataset.

    ``folder``: a second column that holds the file's folder. ``prefix``: what stands before the
    column's value in the file's name. ``form`` ``url``: the value may be percent-encoded and may
    use backslashes. ``on_part_gone`` says what stands in the column once the file is gone.
    """

    column: Identifier
    dataset: Name
    folder: Identifier | None = None
    prefix: str = ""
    form: Literal["plain", "url"] = "plain"
    on_part_gone: Literal["blank", "deleted", "null", "leave"] = "leave"


class _Dataset(Document):
    data: DataClass
    title: str
    optional: bool = False
    """Absence is reported as not covered, not refused."""
    settle_in: int = Field(default=48 * 3600, ge=0)
    """Seconds; a record younger than this, or without an end, may still be written."""


class TableDataset(_Dataset):
    """Rows of a database table."""

    kind: Literal["table"]
    table: Tables
    databases: list[Dialect] = []
    key: list[Identifier] = Field(min_length=1)
    call_id: list[Identifier] = []
    starts: dict[Name, Start] = Field(min_length=1)
    personal: list[Identifier] = []
    subjects: dict[Name, Identifier] = {}
    redact: RedactedColumns = {}
    """Columns and their redacted forms. Without one for every personal column a rule that redacts
    is refused for this dataset."""
    facets: Annotated[dict[FacetName, TableFacet], AfterValidator(told_in_words)] = {}
    may_lack: list[Identifier] = []
    """Declared columns that some versions don't have; any other missing one is drift."""
    walk: Identifier | None = None
    """A unique ascending id to walk along when the time column has no index."""
    reads_only: bool = False
    """Counted and reported, never deleted: nobody knows what the product makes of lost rows."""
    ready: dict[Identifier, list[str | None]] = {}
    """Column and the values in rows that the product is done with (null: no value at all); others
    wait with their call."""
    end: Identifier | None = None
    """The column with a call's end. While it is NULL or empty and the start lies less than
    ``settle_in`` before the cut-off, the call goes on and waits."""
    link: Link | None = None
    shadows: list[Shadow] = []
    children: list[Child] = []
    shared: list[Shared] = []
    parts: list[Part] = []
    fed_by: list[Name] = []
    """Datasets out of which the product makes these records anew: they go first."""
    not_copies: list[Identifier] = []
    """Tables that look like copies of this one and are none."""
    triggers: list[Trigger] = []
    cascades: list[Identifier] = []
    keep_newest: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _one_table(self) -> Self:
        below = {child.table for child in self.children}
        for shared in self.shared:
            for named in shared.named_by:
                if named.table not in (*below, self.table):
                    raise ValueError(f"shared: {named.table} is neither the table nor its child")
        if self.reads_only and (self.children or self.shared or self.link):
            raise ValueError("a dataset that is only read has no link, children or shared rows")
        if stays := sorted(self._ties() & {c for c, form in self.redact.items() if form != "keep"}):
            raise ValueError(f"redact: {stays[0]} dates or ties records, so its form must be keep")
        if self.table.endswith("*") and (self.link or self.shared or self.parts or self.shadows):
            raise ValueError("a table with a star has no link, shared, parts or shadows")
        return self

    @property
    def without_form(self) -> list[str]:
        """What holds personal data and has no redacted form: columns, and tables below or shared.
        With any of it no record of the dataset is redacted."""
        named = dict.fromkeys([*self.personal, *self.subjects.values()])
        named |= dict.fromkeys([self.link.column] if self.link else [])
        below = [child.table for child in all_children(self.children) if child.redact is None]
        found = [column for column in named if column not in self.redact]
        return list(dict.fromkeys([*found, *below, *(shared.table for shared in self.shared)]))

    def _ties(self) -> set[str]:
        """Columns without which a redacted record would lose its date, its call or its parts."""
        found = {*self.call_id, *self.ready, *filter(None, (self.end, self.walk))}
        for start in self.starts.values():
            found |= {*start.columns, *filter(None, [start.referee])}
        found |= {child.parent_column for child in self.children}
        return found | {part.parent_column for part in self.parts}


class Sidecar(Document):
    """A JSON file of the same stem that dates a recording."""

    extension: str
    field: str
    type: Literal["epoch", "text"] = "epoch"


class DateSource(Document):
    """One way to date a file; exactly one of the four."""

    path: PartPattern | None = None
    name: PartPattern | None = None
    sidecar: Sidecar | None = None
    mtime: bool = False

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum((bool(self.path), bool(self.name), bool(self.sidecar), self.mtime)) != 1:
            raise ValueError("name exactly one of path, name, sidecar, mtime")
        return self


class NamedBy(Document):
    """The table dataset whose link column names this tree's files."""

    dataset: Name


class TreeDataset(_Dataset):
    """Files below a root; a record is all files of one folder with one stem.

    ``dated_by`` is tried in order, the first that gives a date counts; while a row names the
    file, the newest leg of its call counts instead. Start events: one, named by ``start``.
    """

    kind: Literal["tree"]
    root: Name
    extensions: list[str] = Field(min_length=1)
    paths: list[PartPattern] = []
    """Where given, only files whose path below the root, less the extension, matches one of these
    are records; all others (announcements, greetings) are never touched."""
    sidecars: list[str] = []
    start: Name = "recorded"
    dated_by: list[DateSource] = Field(min_length=1)
    zone: Zone = "source"
    named_by: NamedBy | None = None
    facets: Annotated[dict[FacetName, TreeFacet], AfterValidator(told_in_words)] = {}
    stands_alone: bool = False
    """The files' own names date them and tie them to a call, so their rows may go first."""
    settle_in: int = Field(default=3600, ge=0)


class SpoolDataset(_Dataset):
    """Asterisk's voicemail spool (file storage)."""

    kind: Literal["spool"]
    root: Name
    start: Name = "received"
    facets: dict[FacetName, Literal["mailbox", "context", "folder"]] = {}
    """Which part of a message's place tells it: ``folder`` says true of ``Old``, false of
    ``INBOX`` and ``Urgent``, and of the others, which owners fill as they like, nothing."""


class LineStart(Document):
    """The field of a line (0 is the first) that starts the clock."""

    field: int = Field(ge=0)
    type: Literal["epoch", "text"]
    zone: Zone = "source"
    forms: list[str] = ["YYYY-MM-DD HH:MM:SS"]
    referee: int | None = None


class LinesDataset(_Dataset):
    """Lines of log files. ``files`` are paths below the root, ``*`` stands for part of a name.

    Segments are the same names with a suffix that begins with a dot, or with a day behind the name
    or before its extension, as logrotate's ``dateext`` writes it (rotated or set aside).
    """

    kind: Literal["lines"]
    root: Name
    files: list[str] = Field(min_length=1)
    format: Literal["csv", "bar"]
    starts: dict[Name, LineStart] = Field(min_length=1)
    call_id: list[int] = []
    subjects: dict[Name, int] = {}
    facets: Annotated[dict[FacetName, LineFacet], AfterValidator(told_in_words)] = {}
    reopen: Literal["none", "asterisk-logger"] = "none"
    quiet: int = Field(default=2, ge=0)
    """Seconds without growth before a file that was renamed counts as let go by its writer."""


class _ItemDataset(_Dataset):
    """Records that only the product's own interface lists and deletes, one by one."""

    start: Name
    type: Literal["text", "epoch"] = "text"
    """Text in ISO form, with an offset or without one."""
    zone: Zone = "source"
    subjects: list[Name] = []
    facets: list[FacetName] = []
    """Those that the client tells of each record."""


class ApiDataset(_ItemDataset):
    """Records behind an API. The client is Python code of an installed distribution, or the one
    that the manifest names under ``api``."""

    kind: Literal["api"]


class CommandDataset(_ItemDataset):
    """Records behind a program of the distribution, which speaks JSON lines."""

    kind: Literal["command"]


class Program(Document):
    """A program in the distribution's folder, and what runs it. Never goes through a shell."""

    file: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
    interpreter: list[Text] = []


Dataset = Annotated[
    TableDataset | TreeDataset | SpoolDataset | LinesDataset | ApiDataset | CommandDataset,
    Field(discriminator="kind"),
]


class OutOfReach(Document):
    """A further copy that this connector can't delete; every report repeats it."""

    code: Name
    text: dict[Literal["de", "en"], Text]


class Manifest(Document):
    """One PBX product."""

    connector: Name
    title: str
    tried: list[Trial] = []
    databases: list[Dialect] = []
    roots: dict[Name, Root] = {}
    api: Literal["xapi"] | None = None
    """A client that pbxretain itself brings, for datasets of kind ``api``."""
    program: Program | None = None
    datasets: dict[Name, Dataset] = Field(min_length=1)
    out_of_reach: list[OutOfReach] = []
    discover: Discover = Discover.model_construct()

    @model_validator(mode="after")
    def _references(self) -> Self:
        if found := [*self._unknown(), *self._disorder()]:
            raise mistakes(found)
        return self

    def _unknown(self) -> Iterator[tuple[Place, str]]:
        """What a dataset refers to and nobody declares."""
        for name, dataset in self.datasets.items():
            place: Place = ("datasets", name)
            if (root := root_of(dataset)) is not None and root not in self.roots:
                yield (*place, "root"), f"there is no root {root!r} under roots"
            if isinstance(dataset, CommandDataset) and self.program is None:
                yield place, "a command needs a program"
            if isinstance(dataset, TableDataset) and not self.databases:
                yield place, "a table needs databases"
            for other in _referred(dataset):
                if other not in self.datasets:
                    yield place, f"there is no dataset {other!r}"

    def _disorder(self) -> Iterator[tuple[Place, str]]:
        order = list(self.datasets)
        for name, dataset in self.datasets.items():
            for first in _first(dataset):
                if first in order and order.index(first) >= order.index(name):
                    yield ("datasets", name), f"{first} must stand before it"

    @property
    def needs_code(self) -> bool:
        """Whether datasets need code of the distribution that brings this manifest."""
        kinds = {dataset.kind for dataset in self.datasets.values()}
        return "command" in kinds or ("api" in kinds and self.api is None)

    @property
    def was_tried(self) -> bool:
        """Tried live, or on data that the running product wrote (DESIGN section 5)."""
        return any(trial.how in ("live", "written-by-product") for trial in self.tried)

    def grants(self, dialect: Dialect, tables: Sequence[str] = ()) -> dict[str, str]:
        """The least rights on each table, as a GRANT names them; ``tables`` are those that are
        there, for names that end with a star. SQLite knows no rights."""
        found: dict[str, str] = {}
        for dataset in self.datasets.values():
            if isinstance(dataset, TableDataset) and dialect in (dataset.databases or [dialect]):
                for table in _matching(dataset.table, tables):
                    found |= _grants(dataset, table, dialect)
        return found | ({"*": "REFERENCES"} if dialect == "mysql" else {})

    def goes_with_rows(self, kind: Dataset) -> bool:
        """Whether these are files of rows of their own data class: a file can't be redacted, so it
        is deleted when its rows are."""
        named_by = kind.named_by if isinstance(kind, TreeDataset) else None
        return named_by is not None and self.datasets[named_by.dataset].data == kind.data

    def offered(self) -> list[str]:
        """The data classes, each once, in deletion order."""
        return list(dict.fromkeys(dataset.data for dataset in self.datasets.values()))


def root_of(dataset: Dataset) -> str | None:
    """The root below which a dataset's files lie; None for all that isn't files."""
    return getattr(dataset, "root", None)


def _referred(dataset: object) -> Iterator[str]:
    if isinstance(dataset, TableDataset):
        yield from _first(dataset)
        if dataset.link:
            yield dataset.link.dataset
    if isinstance(dataset, TreeDataset) and dataset.named_by:
        yield dataset.named_by.dataset


def _first(dataset: object) -> Iterator[str]:
    """What is deleted before this dataset: its feeds, and what hangs on its records."""
    if isinstance(dataset, TableDataset):
        yield from dataset.fed_by
        yield from (part.dataset for part in dataset.parts)


def _matching(table: str, tables: Sequence[str]) -> list[str]:
    prefix = table.removesuffix("*")
    return [name for name in tables if name.startswith(prefix)] if prefix != table else [table]


def _grants(dataset: TableDataset, table: str, dialect: Dialect) -> dict[str, str]:
    if dataset.reads_only:
        return {table: "SELECT"}
    link = dataset.link
    blanks = link is not None and link.on_part_gone != "leave"
    rights = "SELECT, DELETE" + (f", UPDATE ({link.column})" if link and blanks else "")
    rights += ", TRIGGER" if dialect == "mysql" else ""
    plain = "SELECT, DELETE" + (", TRIGGER" if dialect == "mysql" else "")
    found = dict.fromkeys([table, *(shadow.table for shadow in dataset.shadows)], rights)
    found |= dict.fromkeys((child.table for child in all_children(dataset.children)), plain)
    found |= dict.fromkeys((shared.table for shared in dataset.shared), plain)
    for reference in (other for shared in dataset.shared for other in shared.named_by):
        found.setdefault(reference.table, "SELECT")
    return found


def all_children(children: Sequence[Child]) -> Iterator[Child]:
    """All tables below, parents first."""
    for child in children:
        yield child
        yield from all_children(child.children)
