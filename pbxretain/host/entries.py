"""What is kept of a product's settings once they are read as text?

Names with values, and where they stand. Values under names that mean a secret are dropped while
reading, so nothing above this module can tell them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["plain", "secret", "computed"]
Include = Callable[[str], Iterator[tuple[str, str]]]
"""From a name in an include line to (path, text) of the files that it means."""

SECRET = re.compile(
    r"pass|pwd|secret|token|cred|api_?key|private|(^|[^a-z])(pin|auth)([^a-z]|$)|r[ow]pw$|pw$",
    re.IGNORECASE,
)
"""Names whose value is never kept."""

MAX_DEPTH = 24
MAX_INCLUDED = 200
MAX_CHARACTERS = 8 * 1024 * 1024
"""So many files, and so much text, may one file include, all levels counted."""


class Unreadable(Exception):  # noqa: N818  (becomes a note about the file)
    """A text that isn't what its format says."""


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """One name with its value, the section it stands in and the file that says so.

    ``value`` is None where it is a secret (which was set) or computed by the product.
    """

    section: str
    name: str
    value: str | None
    path: str
    kind: Kind = "plain"


@dataclass(slots=True)
class Reading:
    """What one file says, in order, with the codes of what in it wasn't followed."""

    entries: list[Entry] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    """Code and path."""

    def add(self, section: str, name: str, value: str | None, path: str) -> None:
        """Keeps an entry; of a secret only that it is set."""
        if value == "" and SECRET.search(name):
            return
        if SECRET.search(name):
            self.entries.append(Entry(section, name, None, path, "secret"))
        else:
            kind: Kind = "computed" if value is None else "plain"
            self.entries.append(Entry(section, name, value, path, kind))

    def note(self, code: str, path: str) -> None:
        if (code, path) not in self.notes:
            self.notes.append((code, path))


Line = tuple[str, str]
"""The path of a file and one of its lines."""


def included(
    text: str,
    path: str,
    reading: Reading,
    *,
    include: Include,
    pattern: re.Pattern[str],
    split: Callable[[str], list[str]] = str.splitlines,
) -> Iterator[Line]:
    """A file's lines, those of the files that it includes in their place."""
    waiting = [(path, line) for line in reversed(split(text))]
    files = characters = 0
    while waiting:
        where, line = waiting.pop()
        found = pattern.match(line.strip())
        if not found:
            yield where, line
            continue
        for other, more in include(found[1].strip()):
            files, characters = files + 1, characters + len(more)
            if files > MAX_INCLUDED or characters > MAX_CHARACTERS:  # a file may include itself
                reading.note("TOO_MANY_FILES", path)
                return
            waiting += [(other, line) for line in reversed(split(more))]


def unquoted(value: str) -> str:
    """A value without the quotes around it."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value
