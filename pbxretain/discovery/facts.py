"""What do the clues of one product come to on one host?

Follows a manifest's ``discover:`` through the product's own settings: which places hold call data,
where its folders and logins are, what it forgets by itself. Of any value only that is shown which
is plainly a name, a path or a small number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from pbxretain.clues import Active, CopyClue, Credential, Discover, FilesAt, Purge, SqliteFile
from pbxretain.discovery.found import FolderAt, Kind, LoginAt, Notes, Place, PurgeAt, Where
from pbxretain.discovery.texts import SECTION, Texts
from pbxretain.discovery.trail import Trail
from pbxretain.host.logins import PLAIN, Login, clean_login, engine_of
from pbxretain.host.tree import HostTree

_SMALL = re.compile(r"\d{1,6}|(?i:yes|no|true|false|on|off|enabled|disabled)")
"""Values of purge settings that are shown."""
_FOLDER = re.compile(r"/[^\x00-\x1f\x7f]{0,300}")
_UNLOADED = ("noload",)
_YES = ("yes", "true", "on", "y", "t", "1")
_LOADED = ("load", "preload", "require", "loadmodule")


class HostFacts:
    """The clues of one product, followed on one host."""

    def __init__(self, clues: Discover, tree: HostTree, notes: Notes) -> None:
        self.clues = clues
        self._tree = tree
        self._notes = notes
        self._texts = Texts(clues.texts, tree, notes)

    # --- folders, purges, logins, zone --------------------------------------------------------

    def set_folder(self, name: str) -> FolderAt | None:
        """The folder as the product's settings name it."""
        clue = self.clues.folders.get(name)
        for setting in clue.settings if clue else ():
            found = self._texts.value(setting)
            if found is None:
                continue
            path = str(PurePosixPath(found[0]) / setting.below)
            if _FOLDER.fullmatch(path) and ".." not in PurePosixPath(path).parts:
                return FolderAt(name, path, self._tree.holding(path), found[1])
            self._notes.add("NAME_UNCLEAR", found[1].path)
        return None

    def usual_folders(self, name: str) -> list[str]:
        clue = self.clues.folders.get(name)
        return list(clue.usual) if clue else []

    def purges(self) -> Iterator[PurgeAt]:
        """What the product forgets by itself."""
        return (self.purge(purge) for purge in self.clues.purges)

    def purge(self, purge: Purge) -> PurgeAt:
        """What one setting says: the first name of it that is set."""
        values = (self._texts.value(setting) for setting in purge.settings)
        for value, where in filter(None, values):
            return PurgeAt(purge, value if _SMALL.fullmatch(value) else "", where)
        return PurgeAt(purge)

    def credentials(self) -> Iterator[LoginAt]:
        """Logins of the product that belong to no database place."""
        for credential in self.clues.credentials:
            yield from self._credential(credential)

    def zones(self) -> Iterator[tuple[str, Where]]:
        """Time zones that the product's settings name."""
        for setting in self.clues.timezone:
            if found := self._texts.value(setting):
                yield found

    def _credential(self, credential: Credential) -> Iterator[LoginAt]:
        sections = [credential.section]
        if credential.section == "*":
            sections = self._texts.sections(credential.text)
        for section in sections:
            user = self._texts.plain(credential.text, section, credential.user)
            if credential.section == "*":
                user = section if SECTION.fullmatch(section) else ""
            for key in credential.password:
                if entry := self._texts.find(credential.text, section, key):
                    yield LoginAt(credential.use, user, self._texts.where(entry))
                    break

    # --- places -------------------------------------------------------------------------------

    def places(self, folders: Mapping[str, FolderAt]) -> Iterator[Place]:
        """Every place with call data that the clues lead to; ``folders`` by name."""
        for name, copy in self.clues.copies.items():
            for section in self._texts.sections_of(copy):
                spot = _Spot(name, copy, section=section, folders=folders)
                if self._is_used(spot):
                    yield from self._places(spot)

    def _is_used(self, spot: _Spot) -> bool:
        """Whether the section says what it must say to be of any use to the product."""
        copy, text = spot.copy, spot.copy.text or ""
        if copy.sign and not self._any(copy.sign):
            return False
        if copy.parts and not self._texts.find(text, spot.section, copy.parts):
            return False
        needed = [self._texts.find(text, spot.section, key) for key in copy.needs]
        return not needed or any(needed)

    def _places(self, spot: _Spot) -> Iterator[Place]:
        copy = spot.copy
        on = self._loaded(copy.module) and self._active(copy.active)
        stands = self._texts.stands(copy.text, spot.section) if copy.text else None
        where = (stands,) if stands else ()
        place = Place(spot.name, copy.data, "unknown", on=on, wheres=where, peer=copy.peer or "")
        if copy.leaves:
            # What was never sent left nothing behind here.
            yield from [replace(place, kind="remote")] if on else []
        elif copy.files:
            yield from self._files_place(place, spot, files=copy.files)
        else:
            yield from self._database_places(place, spot)

    def _loaded(self, module: str | None) -> bool:
        """Whether the product loads a module; as good as yes where nobody says."""
        if module is None or self.clues.modules is None:
            return True
        entries = [e for file in self._texts.files(self.clues.modules) for e in file]
        if not entries:
            return True
        wanted = _module(module)
        named = {e.name.casefold() for e in entries if _module(e.value) == wanted}
        if named & set(_UNLOADED):
            return False
        alone = [e.value or "" for e in entries if e.name.casefold() == "autoload"]
        on_its_own = any(value.casefold() in _YES for value in alone)
        return on_its_own or bool(named & set(_LOADED))

    def _active(self, active: Active | None) -> bool:
        if active is None:
            return True
        entry = self._texts.find(active.text, active.section, active.key)
        if entry is None or entry.value is None:
            return active.unset
        return entry.value.casefold() in active.values

    def _files_place(self, place: Place, spot: _Spot, *, files: FilesAt) -> Iterator[Place]:
        folder = spot.folders.get(files.folder)
        base = str(PurePosixPath(folder.path) / files.sub) if folder else ""
        if spot.copy.text and files.key:
            entry = self._texts.find(spot.copy.text, spot.section, files.key)
            if entry and entry.value and _FOLDER.fullmatch(entry.value):
                base = str(PurePosixPath(entry.value) / files.below)
        path = f"{base.rstrip('/')}/{spot.pattern(files)}"
        if "{section}" in files.pattern and _FOLDER.fullmatch(spot.section):
            path = spot.section
        there = bool(base) and self._any(path)
        if base and (there or spot.copy.text):
            yield replace(place, kind="files", path=path, holding="there" if there else "empty")

    def _database_places(self, place: Place, spot: _Spot) -> Iterator[Place]:
        copy, text = spot.copy, spot.copy.text or ""
        trail = Trail(self._texts, self.clues.texts)
        if copy.parts and (entry := self._texts.find(text, spot.section, copy.parts)):
            trail.take_parts(entry, copy.through)
        elif text:
            trail.follow(text, spot.section, keys=copy.keys, through=copy.through)
        for role, usual in copy.usual.items():
            trail.roles.setdefault(role, usual)
        login = self._login(trail.roles, spot)
        elsewhere = [login for c in copy.credentials for login in self._credential(c)]
        place = replace(place, login=login, logins=(*elsewhere, *trail.logins), whole=copy.whole)
        if login and login.engine == "sqlite":
            there = self._any(login.database)
            if not there and not text:
                return
            place = replace(place, path=login.database, holding="there" if there else "missing")
        for table in self._tables(copy, trail.roles.get("table", "")):
            kind: Kind = "unknown" if login is None else "table" if table else "database"
            yield replace(place, kind=kind, table=table)

    def _any(self, pattern: str) -> bool:
        return any(True for _ in self._tree.matches(pattern))

    def _login(self, roles: Mapping[str, str], spot: _Spot) -> Login | None:
        engine = engine_of(roles.get("engine", ""))
        database = roles.get("database", "")
        if spot.copy.sqlite and engine in ("", "sqlite"):
            engine, database = "sqlite", spot.sqlite(spot.copy.sqlite, database)
        if not database:
            return None
        return clean_login(
            Login(
                engine=engine,
                host=roles.get("host", ""),
                port=roles.get("port", ""),
                socket=roles.get("socket", ""),
                database=database,
                user=roles.get("user", ""),
            )
        )

    def _tables(self, copy: CopyClue, table: str) -> Iterator[str]:
        found = [table]
        if wanted := copy.tables:
            named = self._texts.values(wanted)
            found = [entry.value or "" for entry in named] or found
        for name in dict.fromkeys(found):
            if copy.text and name and not PLAIN.fullmatch(name):
                self._notes.add("NAME_UNCLEAR", self._texts.path(copy.text))
            yield name if PLAIN.fullmatch(name) else ""


@dataclass(frozen=True, slots=True)
class _Spot:
    """One section that is a copy, and the folders that its files may lie in."""

    name: str
    copy: CopyClue
    section: str
    folders: Mapping[str, FolderAt]

    def pattern(self, files: FilesAt) -> str:
        """The files' names; a section that is no plain name stands for any."""
        section = self.section if PLAIN.fullmatch(self.section) else "*"
        return files.pattern.replace("{section}", section)

    def sqlite(self, file: SqliteFile, database: str) -> str:
        """The path of a SQLite file; empty where no safe one comes out."""
        named = database if "{database}" in file.name else self.section
        if named.startswith("/"):
            return named
        folder = self.folders.get(file.folder)
        if folder is None or (named and not PLAIN.fullmatch(named)):
            return ""
        name = file.name.replace("{section}", self.section).replace("{database}", database)
        return f"{folder.path.rstrip('/')}/{name}"


def _module(name: str | None) -> str:
    """A module's name without folder and ending."""
    return (name or "").rpartition("/")[2].removesuffix(".so").casefold()
