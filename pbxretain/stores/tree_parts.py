"""Which files make one record, and how may a row spell its name?"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pbxretain.facets import TreeFacet
from pbxretain.manifest import TreeDataset
from pbxretain.records import pack
from pbxretain.stores.dating import compile_pattern
from pbxretain.stores.files import join
from pbxretain.stores.told import Told, meant

_CALL_IDS = re.compile(rb"\d{9,10}\.\d+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(slots=True, repr=False, eq=False)
class Entry:
    """One record on disk: folder below the root, stem, its own date, its parts' last change.

    ``when`` is what counts for the period: the newest leg of a call that names it, else ``own``.
    """

    folder: bytes
    stem: bytes
    own: datetime | None = None
    changed: float = 0.0
    size: int = 0
    """Bytes of all parts together, when they were looked at."""

    when: datetime | None = None
    values: tuple[bytes, ...] = ()
    """What rows hold in their link column that means this record."""
    waits: bool = False
    """A row of the same data class names it, and the product isn't done with that row."""
    told: Told = field(default_factory=dict)
    """Its facets, by its name or by the rows that name it."""

    @property
    def key(self) -> bytes:
        return join(self.folder, self.stem)

    @property
    def start(self) -> bytes | None:
        return self.own.isoformat().encode() if self.own else None

    @property
    def identity(self) -> bytes:
        """As ``Taken.identity``."""
        return pack(self.key, self.start)


def call_ids(text: bytes) -> list[bytes]:
    """What in a file's stem may be a call id: all of it, Asterisk's unique ids, UUIDs."""
    return [text, *_CALL_IDS.findall(text)]


class Shape:
    """The extensions of a dataset: what belongs to a stem; and which paths are records at all."""

    def __init__(self, extensions: Sequence[str], paths: Sequence[re.Pattern[bytes]] = ()) -> None:
        tails = [b"." + os.fsencode(extension.removeprefix(".")) for extension in extensions]
        self._tails = sorted(dict.fromkeys(tails), key=lambda tail: (-len(tail), tail))
        self._by_end: dict[bytes, list[bytes]] = {}
        for tail in self._tails:
            self._by_end.setdefault(tail.rpartition(b".")[2], []).append(tail)
        self._paths = paths

    @classmethod
    def of(cls, dataset: TreeDataset) -> Shape:
        """Raises DocumentError for a pattern that can't be used."""
        dated = [step.sidecar.extension for step in dataset.dated_by if step.sidecar]
        paths = [compile_pattern(text) for text in dataset.paths]
        return cls([*dataset.extensions, *dataset.sidecars, *dated], paths)

    def covers(self, folder: bytes, stem: bytes) -> bool:
        """Whether files of this stem there are records of the dataset."""
        if not self._paths:
            return True
        path = join(folder, stem)
        return any(pattern.fullmatch(path) for pattern in self._paths)

    def may_hold(self, value: bytes) -> bool:
        """Whether the path in a link column, wherever its root was, may be that of a record here;
        a column may also name files of another dataset."""
        parts = value.split(b"/")
        return len(parts) == 1 or any(
            self.covers(b"/".join(parts[at:-1]), stem)
            for at in range(len(parts))
            for stem in self.stems(parts[-1])
        )

    def stem(self, name: bytes) -> bytes | None:
        """The name less one listed extension; None when it bears none. Nothing else is cut."""
        for tail in self._by_end.get(name.rpartition(b".")[2], ()):
            if name.endswith(tail) and len(name) > len(tail):
                return name[: -len(tail)]
        return None

    def stems(self, base: bytes) -> Iterator[bytes]:
        """What a row that holds this name may mean: the name as it stands, or less an extension."""
        yield base
        if (stem := self.stem(base)) is not None:
            yield stem

    def names(self, stem: bytes) -> Iterator[bytes]:
        """Every name that would belong to the record, in a fixed order."""
        return (stem + tail for tail in self._tails)

    def spellings(self, entry: Entry, *, root: bytes, parts: Sequence[bytes]) -> list[bytes]:
        """Every value that a link column may hold for a record."""
        found = dict.fromkeys([entry.stem, *self.names(entry.stem), *entry.values])
        for name in (entry.stem, *parts):
            rel = join(entry.folder, name)
            found |= dict.fromkeys([rel, join(root, rel)])
        return list(found)


class NameFacets:
    """What a dataset's file names tell of its records. Raises DocumentError for a pattern that
    can't be used."""

    def __init__(self, facets: Mapping[str, TreeFacet]) -> None:
        self._facets = {
            name: (facet, [compile_pattern(text) for text in facet.names])
            for name, facet in facets.items()
            if facet.names
        }
        self.by_rows = [name for name, facet in facets.items() if facet.rows]
        """Facets that only the rows tell that name a file."""
        self._known: dict[tuple[frozenset[str] | None, ...], Told] = {}

    def told(self, stem: bytes) -> Told:
        """A name that no pattern fits tells nothing, and no name tells those by rows. Files that
        tell the same share one answer."""
        found: dict[str, frozenset[str] | None] = dict.fromkeys(self.by_rows)
        for name, (facet, patterns) in self._facets.items():
            fitting = (pattern.fullmatch(stem) for pattern in patterns)
            hit = next((match for match in fitting if match), None)
            found[name] = meant(facet, [hit["facet"]]) if hit else None
        return self._known.setdefault(tuple(found.values()), found)


class Spelling:
    """A value of a link column: a bare name, or a path that may begin elsewhere."""

    def __init__(self, value: bytes) -> None:
        self.folder, _, self.base = value.rpartition(b"/")

    def may_mean(self, folder: bytes) -> bool:
        """Whether a file of this name in ``folder`` may be meant; a root mounted elsewhere has
        another absolute path, so the ends of the two paths are compared."""
        if not self.folder or self.folder == folder:
            return True
        if not folder:
            return self.folder.startswith(b"/")
        ends = self.folder.endswith(b"/" + folder)
        return ends or folder.endswith(b"/" + self.folder.lstrip(b"/"))

    def says(self, folder: bytes, root: bytes) -> bool:
        """Whether it names ``folder`` itself, wherever the root was mounted when it was written; a
        bare name says no folder, and only the root's own path says the root."""
        if not folder:
            return self.folder == root
        return self.folder == folder or self.folder.endswith(b"/" + folder)
