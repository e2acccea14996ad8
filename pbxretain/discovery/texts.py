"""What do the texts say in which a product keeps its settings?

Reads what a manifest's ``discover:`` names and answers for single values, with the place where
each stands. What can't be read, or isn't plain, becomes a note and never an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from pbxretain.clues import CopyClue, HostText, Setting
from pbxretain.discovery.found import Notes, Where
from pbxretain.host import formats
from pbxretain.host.entries import Entry, Reading, Unreadable
from pbxretain.host.logins import PLAIN
from pbxretain.host.tree import HostTree, PassedOver

SECTION = re.compile(r"[A-Za-z_][\w .-]{0,63}")
"""Names of sections as they may be shown."""
MAX_SECTIONS = 500
"""So many sections of one text are looked at."""
_VARIABLE = re.compile(r"\$\$\{([\w.-]+)\}")


class Texts:
    """The texts of one product on one host."""

    def __init__(self, known: Mapping[str, HostText], tree: HostTree, notes: Notes) -> None:
        self._known = known
        self._tree = tree
        self._notes = notes
        self._read: dict[str, list[list[Entry]]] = {}
        self._index: dict[str, list[dict[tuple[str, str], Entry]]] = {}

    def find(self, text: str, section: str, key: str) -> Entry | None:
        """The entry that counts: of the first file that has it, the last."""
        entry = self._plain(text, section, key)
        variables = self._known[text].variables
        return self._filled(entry, variables) if entry and variables else entry

    def _plain(self, text: str, section: str, key: str) -> Entry | None:
        self.files(text)
        wanted = (section.casefold(), key.casefold())
        return next((file[wanted] for file in self._index[text] if wanted in file), None)

    def value(self, setting: Setting) -> tuple[str, Where] | None:
        """A setting's value and where it stands; None where it isn't set or is computed."""
        entry = self.find(setting.text, setting.section, setting.key)
        if entry is None:
            return None
        if entry.value is None:
            self.not_plain(entry)
            return None
        return entry.value, self.where(entry)

    def values(self, setting: Setting) -> list[Entry]:
        """All entries of one name, in the order in which they stand."""
        wanted = (setting.section.casefold(), setting.key.casefold())
        return [
            entry
            for file in self.files(setting.text)
            for entry in file
            if (entry.section.casefold(), entry.name.casefold()) == wanted
        ]

    def where(self, entry: Entry) -> Where:
        """Where an entry stands, fit to be shown."""
        section = entry.section if SECTION.fullmatch(entry.section) else ""
        key = entry.name if PLAIN.fullmatch(entry.name) else ""
        return Where(entry.path, section, key)

    def not_plain(self, entry: Entry) -> None:
        """Notes a value that the product computes."""
        if entry.kind == "computed":
            self._notes.add("COMPUTED", entry.path)

    def _filled(self, entry: Entry, variables: str) -> Entry:
        """The entry with the product's own variables filled in."""
        if not entry.value or "$${" not in entry.value:
            return entry

        def fill(found: re.Match[str]) -> str:
            other = self._plain(variables, "", found[1])
            if other and other.kind == "secret":
                return "secret"  # part of a connection text, of which no password is kept
            return other.value if other and other.value is not None else found[0]

        value = _VARIABLE.sub(fill, entry.value)
        if "$${" in value:
            return Entry(entry.section, entry.name, None, entry.path, "computed")
        return Entry(entry.section, entry.name, value, entry.path)

    def files(self, name: str) -> list[list[Entry]]:
        """The entries of a text, file by file in order of precedence."""
        if name not in self._read:
            self._read[name] = list(self._load(self._known[name]))
            self._index[name] = [
                {(e.section.casefold(), e.name.casefold()): e for e in file if e.value != ""}
                for file in self._read[name]
            ]
        return self._read[name]

    def _load(self, text: HostText) -> Iterator[list[Entry]]:
        for pattern in text.paths:
            for path in self._tree.matches(pattern) if "*" in pattern else [pattern]:
                if reading := self._reading(path, text.format):
                    for code, where in reading.notes:
                        self._notes.add(code, where)
                    yield reading.entries

    def _reading(self, path: str, form: str) -> Reading | None:
        try:
            content = self._tree.read(path)
            if content is None:
                return None
            return formats.read(content, form, path, lambda name: self._included(path, name))
        except PassedOver as passed:
            self._notes.add(passed.code, path)
        except Unreadable:
            self._notes.add("BAD_FORMAT", path)
        return None

    def _included(self, path: str, name: str) -> Iterator[tuple[str, str]]:
        """The files that an include line of ``path`` means."""
        wanted = name if name.startswith("/") else str(PurePosixPath(path).parent / name)
        for other in self._tree.matches(wanted):
            try:
                content = self._tree.read(other)
            except PassedOver as passed:
                self._notes.add(passed.code, other)
                continue
            if content is not None:
                yield other, content

    def sections_of(self, copy: CopyClue) -> list[str]:
        """The sections that are copies, each once."""
        if not copy.text:
            return [""]
        there = self.sections(copy.text)
        if copy.section != "*":
            folded = copy.section.casefold()
            found = [section for section in there if section.casefold() == folded][:1]
            return found or ([copy.section] if copy.sign else [])
        left_out = {section.casefold() for section in copy.not_sections}
        return [section for section in there if section and section.casefold() not in left_out]

    def sections(self, name: str) -> list[str]:
        """The sections of a text, each once."""
        found = list(dict.fromkeys(e.section for file in self.files(name) for e in file))
        if len(found) > MAX_SECTIONS:
            self._notes.add("TOO_MANY_SECTIONS", self.path(name))
        return found[:MAX_SECTIONS]

    def plain(self, text: str, section: str, keys: list[str]) -> str:
        """The first value that is plainly a name; empty where none is."""
        for key in keys:
            entry = self.find(text, section, key)
            if entry and entry.value and PLAIN.fullmatch(entry.value):
                return entry.value
        return ""

    def stands(self, text: str, section: str) -> Where | None:
        """Where a section stands; None where it doesn't."""
        shown = section if SECTION.fullmatch(section) else ""
        entries = (entry for file in self.files(text) for entry in file)
        paths = (entry.path for entry in entries if entry.section == section)
        return next((Where(path, shown) for path in paths), None)

    def path(self, text: str) -> str:
        """The first file of a text that says anything, or would."""
        there = (entry.path for file in self.files(text) for entry in file)
        return next(there, self._known[text].paths[0])

    def not_clear(self, entry: Entry) -> None:
        """Notes a value of which nothing can be told safely."""
        self._notes.add("NAME_UNCLEAR", entry.path)
