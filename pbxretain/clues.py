"""What reveals a PBX product on its own host, and where do its own settings say what it keeps?

This is the ``discover:`` part of a connector manifest. Every file that it names is read as text,
nothing of it is ever executed, and of a secret only the place is told. Like the rest of the
manifest it is a closed list of fields: no expressions, no patterns but ``*``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from pbxretain.documents import DataClass, Document

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_$.]{0,127}$")]
"""A table or column as the product names it."""

ClueName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


def _path(value: str) -> str:
    if not value.isprintable() or ".." in value.split("/"):
        raise ValueError("must be a path without ..")
    return value


HostPath = Annotated[str, StringConstraints(pattern=r"^/", max_length=300), AfterValidator(_path)]
"""An absolute path on the PBX's host; ``*`` stands for part of a name."""
BelowPath = Annotated[
    str, StringConstraints(pattern=r"^([^/]|$)", max_length=300), AfterValidator(_path)
]
"""A path below a folder; ``*`` stands for part of a name."""
Key = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Section = Annotated[str, StringConstraints(max_length=200)]
PurgeUnit = Literal["day", "week", "month", "year"]
Role = Literal["engine", "host", "port", "socket", "database", "table", "user"]

TextFormat = Literal[
    "ini", "asterisk-conf", "key-value", "php", "xml-param", "yaml", "json", "sip-config"
]
"""How a file of settings is written. ``php`` reads assigned literals, ``define`` and arrays."""


class Keys(Document):
    """Which keys of a section say where a database is. Of several the first that is set counts."""

    address: list[Key] = []
    """A whole connection text: a URL, a libpq or ODBC string, ``dsn:user:password``."""
    engine: list[Key] = []
    host: list[Key] = []
    port: list[Key] = []
    socket: list[Key] = []
    database: list[Key] = []
    table: list[Key] = []
    user: list[Key] = []
    password: list[Key] = []
    """Only where it stands is ever told."""


class Through(Document):
    """A key whose value is the name of a section in another text; what is missing stands there."""

    key: Key
    text: ClueName


class HostText(Document):
    """A text file of the product's own settings.

    Of ``paths`` all that are there are read; a value counts in the first file that has it, within
    one file the last time it stands there.
    """

    paths: list[HostPath] = Field(min_length=1)
    format: TextFormat
    keys: Keys = Keys.model_construct()
    through: Through | None = None
    variables: ClueName | None = None
    """The text that says what ``$${name}`` stands for."""


class Setting(Document):
    """One value in the product's own settings."""

    text: ClueName
    section: Section = ""
    key: Key
    below: BelowPath = ""
    """For a folder: what is added to the value."""


class FolderClue(Document):
    """Where a folder is: the first setting that is set, else the first usual one that is there.

    A folder with the name of one of the manifest's roots locates that root. Without either, the
    products inside this one are asked, then the root's own usual place counts.
    """

    settings: list[Setting] = []
    usual: list[HostPath] = []


class Active(Document):
    """A switch: on where the setting has one of these values, without it as ``unset`` says."""

    text: ClueName
    section: Section = ""
    key: Key
    values: list[str] = ["yes", "true", "on", "y", "t", "1"]
    unset: bool = False


class SqliteFile(Document):
    """A SQLite file: its folder and name, in which ``{section}`` and ``{database}`` are filled in.

    A section or database that is an absolute path is the file itself.
    """

    folder: ClueName
    name: BelowPath


class FilesAt(Document):
    """Files below a folder, or below the folder that ``key`` of the copy's section names.

    ``{section}`` in the pattern is filled in; a section that is an absolute path is the file.
    """

    folder: ClueName
    sub: BelowPath = ""
    """A folder in it."""
    pattern: BelowPath
    key: Key | None = None
    below: BelowPath = ""
    """A folder in that of ``key``; ``sub`` doesn't count there."""


class Credential(Document):
    """Where a login of the product stands, and what it is good for."""

    text: ClueName
    section: Section = ""
    """``*``: every section that has the password; its name is the user's."""
    user: list[Key] = []
    password: list[Key] = Field(min_length=1)
    use: Literal["database", "reading", "manager", "api"] = "database"


class CopyClue(Document):
    """One place where the product keeps call data, as its own settings tell it.

    ``section`` ``*`` means each section, each a copy of its own. Without ``text`` the copy is
    there when its files are, or its sign.
    """

    data: DataClass
    text: ClueName | None = None
    sign: HostPath | None = None
    """A file or folder that is there where the copy is, also when no text says so."""
    section: Section = ""
    not_sections: list[Section] = []
    needs: list[Key] = []
    """Keys of which one must be set for the product to use this section."""
    module: Key | None = None
    """The product's module that writes it; where it isn't loaded, the copy is switched off."""
    active: Active | None = None
    keys: Keys = Keys.model_construct()
    through: Through | None = None
    parts: Key | None = None
    """A key whose value is engine, section of ``through``'s text, and table, with commas."""
    tables: Setting | None = None
    """A setting of which every value is a table of this place."""
    usual: dict[Role, str] = {}
    """What the product takes where nothing is set."""
    whole: bool = False
    """Without a table: all tables that the connector knows are in this database."""
    sqlite: SqliteFile | None = None
    files: FilesAt | None = None
    credentials: list[Credential] = []
    """Logins that stand elsewhere than the address."""
    peer: str | None = None
    """An account of the operating system that the database lets in without a password."""
    leaves: bool = False
    """The product sends it to another system."""


class StoredSetting(Document):
    """A setting in the product's database: the value of ``column`` in each row where columns have
    these values; without ``where`` in every row. A number of units.

    An empty value or 0 means that nothing is deleted (0: see ``zero``); NULL says nothing.
    """

    file: HostPath | None = None
    """The SQLite file that has the table, on the PBX's host; else the source's own database."""
    table: Identifier
    column: Identifier
    where: dict[Identifier, str] = {}
    unit: PurgeUnit = "day"
    factory: str | None = None
    """The value that the product put there itself: where it still stands, ``settings`` count."""


class Purge(Document):
    """One setting by which the product itself forgets. Without ``settings`` and ``stored`` it can't
    be read, and the text says where it stands."""

    data: DataClass
    text: dict[Literal["de", "en"], str]
    settings: list[Setting] = []
    """In files: the first that is set counts, where nothing is stored."""
    stored: list[StoredSetting] = []
    """In a database; every value counts, since each may be one tenant's."""
    usual: str | None = None
    """What applies where nothing is set."""
    unit: PurgeUnit | None = None
    """Of ``settings`` and ``usual``. Without one they are no period and compared with nothing."""
    at_least: Annotated[int, Field(ge=1)] | None = None
    """The product deletes nothing where the number is smaller."""
    zero: Literal["never", "all"] = "never"
    """What 0 means: nothing is deleted, or everything."""
    clears: Literal["records", "copies"] = "records"
    """Records of the data class, or copies of them, which must go no later than the policy says."""
    dataset: ClueName | None = None
    """The dataset that holds these copies: where a source has it, the policy reaches them."""


class Discover(Document):
    """What reveals the product on its own machine, and what it says about itself there."""

    files: list[HostPath] = []
    """Files or folders that are all there."""
    any_files: list[HostPath] = []
    """Files or folders of which at least one is there."""
    contains: list[ClueName] = []
    """Connectors of products inside this one: not told apart, their clues are followed too."""
    texts: dict[ClueName, HostText] = {}
    modules: ClueName | None = None
    """The text that says which modules are loaded."""
    folders: dict[ClueName, FolderClue] = {}
    copies: dict[ClueName, CopyClue] = {}
    credentials: list[Credential] = []
    purges: list[Purge] = []
    timezone: list[Setting] = []

    @model_validator(mode="after")
    def _references(self) -> Self:
        for where, name in self._texts_named():
            if name not in self.texts:
                raise ValueError(f"{where}: no text {name!r} under texts")
        for name, copy in self.copies.items():
            if not (copy.text or copy.sign or copy.files or copy.sqlite):
                raise ValueError(f"copies.{name}: name a text, a sign, files or sqlite")
            if (copy.section or copy.needs or copy.parts) and not copy.text:
                raise ValueError(f"copies.{name}: a section needs a text")
        return self

    @property
    def reveals(self) -> bool:
        """Whether anything is named by which the product is recognised."""
        return bool(self.files or self.any_files)

    def _texts_named(self) -> Iterator[tuple[str, str]]:
        if self.modules:
            yield "modules", self.modules
        for name, text in self.texts.items():
            if text.through:
                yield f"texts.{name}.through", text.through.text
            if text.variables:
                yield f"texts.{name}.variables", text.variables
        for name, folder in self.folders.items():
            yield from ((f"folders.{name}", setting.text) for setting in folder.settings)
        for name, copy in self.copies.items():
            yield from ((f"copies.{name}", text) for text in _texts_of(copy))
        yield from (("credentials", credential.text) for credential in self.credentials)
        yield from (("purges", setting.text) for p in self.purges for setting in p.settings)
        yield from (("timezone", setting.text) for setting in self.timezone)


def _texts_of(copy: CopyClue) -> Iterator[str]:
    if copy.text:
        yield copy.text
    for part in (copy.active, copy.through, copy.tables, *copy.credentials):
        if part:
            yield part.text
