"""What does a source hold about one person, and which legs of the same calls aren't theirs?

For access (Art. 15 GDPR) and erasure (Art. 17). Every data class is searched, due or not. What
another leg of the same call holds of other people is counted and dated, and not handed out.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pbxretain import sought
from pbxretain.aliases import Aliases, nobody
from pbxretain.errors import DocumentError, StoreError
from pbxretain.manifest import SpoolDataset, TreeDataset
from pbxretain.records import Found, Sought, Store, is_call
from pbxretain.settings import Source
from pbxretain.sources import Opened

_VALUES = ("number", "extension", "name")


@dataclass(frozen=True, slots=True, repr=False)
class Subject:
    """Who is meant: numbers, extensions and names as somebody typed them."""

    numbers: Sequence[str] = ()
    extensions: Sequence[str] = ()
    names: Sequence[str] = ()

    def __repr__(self) -> str:
        return "<subject>"

    def __bool__(self) -> bool:
        return bool(self.numbers or self.extensions or self.names)

    def sought(self, region: str | None, aliases: Aliases = nobody) -> Sought:
        """What to look for in a source of this country, pseudonyms that still can be told among
        it. Raises DocumentError without a value."""
        each = [sought.number(text, region=region) for text in self.numbers]
        each += [sought.extension(text) for text in self.extensions]
        each += [sought.name(text) for text in self.names]
        called = (one for text in (*self.numbers, *self.extensions) for one in aliases(text))
        each += [sought.pseudonym(one) for one in called]
        return sought.any_of(each)


def parse(text: str) -> Subject:
    """A subject out of lines such as ``number: +49 30 ...``; DocumentError names the line only."""
    found: dict[str, list[str]] = {name: [] for name in _VALUES}
    for place, line in enumerate(text.splitlines(), start=1):
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not colon or name not in found or not value:
            raise DocumentError(
                f"line {place} says neither number:, extension: nor name:",
                hint="a line each, such as number: +49 30 ...",
                code="NO_SUBJECT",
            )
        found[name].append(value)
    return Subject(*(tuple(found[name]) for name in _VALUES))


@dataclass(slots=True, repr=False)
class Holding:
    """What one source holds. ``failed`` datasets couldn't be searched: the answer has a gap."""

    source: str
    records: list[Found] = field(default_factory=list)
    related: list[Found] = field(default_factory=list)
    """Legs and events of the same calls that don't name the person; without their fields."""

    failed: dict[str, StoreError] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<holding {self.source}>"

    def keys(self) -> dict[str, frozenset[bytes]]:
        """Identities by dataset."""
        found: dict[str, set[bytes]] = {}
        for record in self.records:
            found.setdefault(record.dataset, set()).add(record.identity)
        return {name: frozenset(keys) for name, keys in found.items()}

    def counts(self) -> dict[str, int]:
        """How many records of each dataset."""
        return dict(Counter(record.dataset for record in self.records))


def search(opened: Opened, whom: Sought, *, source: str, related: bool = True) -> Holding:
    """Looks through every dataset of an opened source. Raises UnavailableError."""
    holding = Holding(source)
    for store in opened.stores:
        try:
            holding.records += store.search(whom)
        except StoreError as error:
            holding.failed[store.dataset] = error
    if related:
        calls = {found.call for found in holding.records if found.call and is_call(found.call)}
        keys = holding.keys()
        for store in opened.stores:
            if calls and store.dataset not in holding.failed:
                hers = keys.get(store.dataset, frozenset())
                holding.related += _related(store, frozenset(calls), hers)
    return holding


@dataclass(frozen=True, slots=True, repr=False)
class Chosen:
    """What a demand for erasure singles out: ``keys`` are identities by dataset and start event
    (another start event makes another identity), ``found`` counts records by dataset. ``shared``
    are those of them that no key tells from somebody else's: they stay."""

    keys: Mapping[tuple[str, str], frozenset[bytes]]
    found: Mapping[str, int]
    shared: Mapping[str, int]

    def __repr__(self) -> str:
        return "<chosen>"


def chosen(opened: Opened, whom: Sought, starts: Iterable[tuple[str, str]]) -> Chosen:
    """Searches every dataset once for each start event. Raises StoreError, UnavailableError."""
    keys: dict[tuple[str, str], frozenset[bytes]] = {}
    found: dict[str, int] = {}
    shared: dict[str, int] = {}
    for dataset, start in dict.fromkeys(starts):
        store = opened.store(dataset)
        if store is None:
            continue
        records = Counter(record.identity for record in store.search(whom, start=start))
        mixed = _mixed(store, records, start)
        keys[dataset, start] = frozenset(records.keys() - mixed)
        found[dataset] = max(records.total(), found.get(dataset, 0))
        shared[dataset] = max(sum(records[key] for key in mixed), shared.get(dataset, 0))
    named = {name: count for name, count in found.items() if count}
    return Chosen(keys, named, {name: count for name, count in shared.items() if count})


def _mixed(store: Store, found: Counter[bytes], start: str) -> set[bytes]:
    """Identities that records of others have as well."""
    alike = getattr(store, "alike", None)
    if alike is None or not found:
        return set()
    there: Counter[bytes] = alike(found, start=start)
    return {key for key, count in found.items() if there[key] > count}


def legs_of(store: Store, calls: frozenset[bytes]) -> Iterator[Found]:
    """Every record of these calls, where records of a store bear a call id. Raises StoreError."""
    legs = getattr(store, "of_calls", None)
    yield from legs(calls) if legs else ()


def _related(store: Store, calls: frozenset[bytes], hers: frozenset[bytes]) -> Iterator[Found]:
    for found in legs_of(store, calls):
        if found.identity not in hers:
            yield Found(found.dataset, found.identity, found.call, found.when)


def files(opened: Opened, source: Source, found: Found) -> Iterator[tuple[Path, str]]:
    """The files of a record of a folder: where each lies, and its path below the root."""
    kind = opened.kinds[found.dataset]
    rel = found.fields.get("file")
    if not isinstance(kind, TreeDataset | SpoolDataset) or rel is None:
        return
    root = os.fsencode(source.roots[kind.root])
    folder, _, stem = rel.rpartition(b"/")
    try:
        names = sorted(os.listdir(os.path.join(root, folder)))  # noqa: PTH118, PTH208  (bytes)
    except OSError:
        return  # went meanwhile
    for name in names:
        if _belongs(kind, name, stem):
            path = Path(os.fsdecode(b"/".join(part for part in (root, folder, name) if part)))
            if path.is_file() and not path.is_symlink():
                yield path, os.fsdecode(b"/".join(part for part in (folder, name) if part))


def _belongs(kind: TreeDataset | SpoolDataset, name: bytes, stem: bytes) -> bool:
    if isinstance(kind, SpoolDataset):
        return name.startswith((stem + b".", stem + b"_", stem + b"intro."))
    from pbxretain.stores.tree_parts import Shape

    return name in set(Shape.of(kind).names(stem))
