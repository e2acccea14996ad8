"""The contract between the engine and a store: what one record is and how a batch goes.

The engine owns cut-offs, holds, limits, batches and evidence. A store only looks (``census``,
``scan``, ``straddlers``), takes, finishes and settles. The order of a batch is fixed::

    take    gone, but not final (open transaction, renamed file, filtered copy)
    seal    the engine writes leaves, settle tags and intent, synced
    commit  final
    finish  what no transaction covers (other engines, files, links); repeatable
    mark    the engine notes that the batch is over

A crash at any instant leaves each record either there, or gone with evidence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple, Protocol, Self

from pbxretain.bulk import HEADS, NULL

Field = bytes | None
"""One column as the source returned it; None is NULL and never the same as empty."""

Facets = Mapping[str, frozenset[str]]
"""A part of a data class: each facet named has one of the values. Empty: all of it."""

WHENEVER = datetime(2199, 12, 31, tzinfo=UTC)
"""Later than any record: what goes on demand goes at any age, also with a date ahead of time."""

UNDATED = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for the time of a record that has none, where somebody singled it out."""

FUTURE = timedelta(days=1)
"""Clocks differ a little; a start event so far ahead of the run's clock is from the future."""


def pack(*fields: Field) -> bytes:
    """Length-prefixed concatenation, injective: 4 bytes big-endian, then the bytes; NULL apart."""
    # Asked several times for every record: a table of lengths halves what it costs.
    parts = []
    for field_ in fields:
        if field_ is None:
            parts.append(NULL)
        else:
            size = len(field_)
            parts.append(HEADS[size] if size < 512 else size.to_bytes(4, "big"))
            parts.append(field_)
    return b"".join(parts)


_NO_CALL = frozenset({b"", b"NONE", b"MANAGER", b"REALTIME"})


def is_call(value: bytes | None) -> bool:
    """Whether a call id names a call: Asterisk's queue log has a word where none is meant."""
    return value is not None and value not in _NO_CALL


@dataclass(frozen=True, slots=True, repr=False)
class Ties:
    """What belongs together: call ids, in whichever column they stand, and packed identities of
    records that bear none. ``repr`` shows nothing of it."""

    calls: frozenset[bytes] = frozenset()
    keys: frozenset[bytes] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.calls or self.keys)

    def __or__(self, other: Ties) -> Ties:
        return Ties(self.calls | other.calls, self.keys | other.keys)

    def __and__(self, other: Ties) -> Ties:
        return Ties(self.calls & other.calls, self.keys & other.keys)

    def __sub__(self, other: Ties) -> Ties:
        return Ties(self.calls - other.calls, self.keys - other.keys)

    def __repr__(self) -> str:
        return "<ties>"


class Rival(NamedTuple):
    """Another rule, or start event, that takes records of the same dataset; ``cutoff`` is None
    where nothing of it ever goes."""

    only: Facets
    but_not: Sequence[Facets]
    cutoff: datetime | None
    start: str
    without: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "<rival>"


@dataclass(frozen=True, slots=True)
class Redaction:
    """How numbers are brought into redacted form; free text and names are always blanked.

    ``cut``: how many digits at the end fall. ``keep``: numbers of at most so many digits, the
    house's own extensions, stay as they are; 0 keeps none. ``pseudonym`` makes one out of a number
    and shows nothing of its key; without it a store can only tell what is redacted already.
    """

    numbers: Literal["blank", "constant", "cut", "pseudonym"]
    cut: int = 3
    keep: int = 0
    pseudonym: Callable[[bytes], bytes] | None = field(default=None, repr=False, compare=False)

    @property
    def code(self) -> str:
        """The form without its key, as it stands in a batch's bounds."""
        return f"{self.numbers} {self.cut} {self.keep}"

    @classmethod
    def read(cls, code: str) -> Redaction:
        """The form that ``code`` names; ValueError for any other text."""
        found = re.fullmatch(r"(blank|constant|cut|pseudonym) (\d{1,2}) (\d{1,2})", code)
        if found is None:
            raise ValueError(code)
        return cls(found[1], int(found[2]), int(found[3]))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Selection:
    """One rule on one dataset, with all that a store must spare.

    ``cutoff`` is aware UTC: due means start event strictly before it. ``now`` is the run's clock,
    read once (aware UTC). ``start`` names the manifest's start event. No batch may take records of
    ``excluded_calls`` (straddlers) and ``held_calls`` (holds): call ids, first non-empty call-id
    column, bytes; nor those with an identity in ``excluded_keys`` (holds): packed.
    """

    cutoff: datetime
    now: datetime
    start: str
    excluded_calls: frozenset[bytes] = field(default=frozenset(), repr=False)
    excluded_keys: frozenset[bytes] = field(default=frozenset(), repr=False)
    held_calls: frozenset[bytes] = field(default=frozenset(), repr=False)
    wait_for_part: bool = False
    """Rows that name a file of another data class wait until the file is gone (KEPT_FOR_PART)."""

    maximum: datetime | None = None
    """The cut-off of ``keep`` where a minimum keeps longer: what lies from ``cutoff`` to here is
    counted as ``minimum``, never taken."""

    only: Facets = field(default_factory=dict, repr=False)
    but_not: Sequence[Facets] = field(default=(), repr=False)
    """Rules before this one: what they match is theirs."""

    others: Sequence[Rival] = field(default=(), repr=False)
    """The other rules of the class: a call with a leg that one of them keeps straddles, and a
    record whose facets can't be told goes only when all of them let it."""

    marks: tuple[datetime, ...] = ()
    """Instants before which a census counts all records, for the next run to count again."""

    without: tuple[str, ...] = ()
    """Start events that must be unknown: this one is their fallback."""

    since: datetime | None = None
    """Records surely before it are none of this selection: another stage of the rule takes them."""

    redact: Redaction | None = None
    """Due records are brought into redacted form and stay; what is in that form already is no
    record of this selection: neither due nor before the cut-off."""

    chosen: frozenset[bytes] | None = field(default=None, repr=False)
    """The only records that are meant, by identity: somebody asked to be forgotten. All counts but
    those of the whole dataset (total, oldest, newest) are of these. None: no record is singled
    out."""

    @property
    def held(self) -> Ties:
        """What no batch may take because of a hold."""
        return Ties(self.held_calls, self.excluded_keys)

    @property
    def timeless(self) -> bool:
        """Whether records go that tell no time: where no minimum may still keep them."""
        return self.chosen is not None and self.maximum is None

    def means(self, identity: bytes) -> bool:
        """Whether a record may be one that is meant."""
        return self.chosen is None or identity in self.chosen

    @property
    def narrowed(self) -> bool:
        """Whether not every record of the dataset is this rule's."""
        return bool(self.only or self.but_not or self.without)

    @property
    def lowest(self) -> datetime | None:
        """The cut-off of records of which nobody knows whose they are: the earliest of all rules;
        None where one of them keeps for ever."""
        cuts = [self.cutoff, *(rival.cutoff for rival in self.others)]
        known = [cut for cut in cuts if cut is not None]
        return min(known) if len(known) == len(cuts) else None

    @property
    def past(self) -> datetime:
        """Before it, records are past the rule's own maximum, whatever a minimum says."""
        return self.maximum or self.cutoff

    @property
    def bare(self) -> Selection:
        """The same cut-off and start event, and nothing that spares a record before it."""
        return Selection(cutoff=self.cutoff, now=self.now, start=self.start)

    @property
    def spared_calls(self) -> frozenset[bytes]:
        """Calls of which no record may be taken, whatever the reason."""
        return self.excluded_calls | self.held_calls if self.held_calls else self.excluded_calls


class Marked:
    """Counts what lies before each mark of a selection, one record after the other."""

    def __init__(self, selection: Selection) -> None:
        self._marks = selection.marks
        self._counts = [0] * len(self._marks)

    def see(self, when: datetime | None) -> None:
        """One record, whatever rule it falls under."""
        for place, mark in enumerate(self._marks):
            self._counts[place] += when is not None and when < mark

    @property
    def older(self) -> tuple[int, ...]:
        """As a census tells it."""
        return tuple(self._counts)


@dataclass(frozen=True, slots=True)
class Census:
    """What a dataset holds under one selection; read only, counted afresh.

    ``before`` counts records before the cut-off, whatever becomes of them; ``due`` those of them
    that a run may take now. ``undated`` records are never taken. ``oldest`` and ``newest`` are
    start events of any dated record (aware UTC).
    """

    before: int
    due: int
    undated: int = 0
    future: int = 0
    straddling: int = 0
    held: int = 0
    restricted: int = 0
    """Of ``held`` those that only a restriction of processing keeps."""
    kept_for_part: int = 0
    minimum: int = 0
    total: int | None = None
    total_exact: bool = True
    oldest: datetime | None = None
    newest: datetime | None = None
    older: tuple[int, ...] = ()
    """How many records of the whole dataset, under whatever rule, lie before each of the marks;
    empty where counting would cost a full scan for nothing else."""
    findings: Mapping[str, int] = field(default_factory=dict)
    """Codes with counts, for the report: ORPHAN_FILES, MISSING_FILES, FOREIGN_LOCK, ..."""


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """One record for a local listing (``plan --list``); ``label`` is personal data."""

    when: datetime | None
    label: str
    call: Field = None

    def __repr__(self) -> str:
        return "<record>"


class Sought(Protocol):
    """One person or call that is looked for; made by ``pbxretain.sought``, never shown."""

    @property
    def tails(self) -> Sequence[str]:
        """Digits of which every spelling of a number ends with one, or literal texts: a wide
        filter that may let too much through and never too little. Empty: look at everything."""
        ...

    def matches(self, value: Field, *, bare: bool = True) -> bool:
        """Whether one column's text, as the source returned it, names what is sought. ``bare``: a
        text of a few digits alone may be an extension here, and is no count of anything."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """A record that concerns somebody, due or not. ``fields`` are the person's own data by column
    name, for the sheet that goes to that person; ``repr`` shows nothing of it."""

    dataset: str
    identity: bytes
    call: Field
    when: datetime | None
    fields: Mapping[str, Field] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "<found>"


class Taken(NamedTuple):
    """One record out of a batch, as evidence needs it. ``repr`` shows nothing of it.

    ``key``, ``start``, ``call`` and ``subjects`` are the source's own bytes, in manifest order.
    ``digest`` is the SHA-256 of the content, or None where there is none. ``locator`` tells two
    otherwise equal records apart while a batch is open (ctid, rowid); it is no part of evidence.
    """

    key: tuple[Field, ...]
    start: Field
    when: datetime
    call: tuple[Field, ...] = ()
    subjects: tuple[Field, ...] = ()
    digest: Field = None
    locator: bytes = b""

    @property
    def identity(self) -> bytes:
        """Key, start event and call id packed: equal for twins, which go in one batch."""
        return pack(*self.key, self.start, *self.call)

    def __repr__(self) -> str:
        return "<taken>"


@dataclass(frozen=True, slots=True, repr=False)
class Itemised:
    """One record as a plan file knows it; personal data, ``repr`` shows nothing of it.

    ``state`` tells that a record changed although its identity didn't (its parties, a file's last
    change). ``stays`` is the code why a run would leave it at this moment, empty for none."""

    taken: Taken
    state: bytes = b""
    stays: str = ""

    @classmethod
    def of(cls, taken: Taken, *, stays: str = "") -> Itemised:
        """A record whose parties are its state."""
        return cls(taken, pack(*taken.subjects), stays)

    @property
    def call(self) -> bytes:
        """The call id, empty where there is none."""
        return next(filter(is_call, self.taken.call), b"") or b""

    def __repr__(self) -> str:
        return "<itemised>"


Bits = Sequence[bool]
"""One per leaf, in the batch's order: True = gone, False = still there."""

Bounds = Mapping[str, int | str | None]
"""Where settle must look again; JSON, no finer than a day or a block of ids, no personal data."""


@dataclass(frozen=True, slots=True)
class Session:
    """The database session that deletes, so that a dead one can be ended before settling."""

    values: Mapping[str, int | str]


@dataclass(frozen=True, slots=True)
class Finish:
    """What ``finish`` did after the commit.

    ``kept`` are indexes of records that were put back (named again by a record that stays) or
    could not be removed: their leaves are marked still there. ``also`` counts removed members by
    member name (shadow table, extra file kind), for the report.
    """

    kept: Sequence[int] = ()
    also: Mapping[str, int] = field(default_factory=dict)
    failed: int = 0
    """How many of ``kept`` stayed because of an error rather than a rule."""


class Intent(Protocol):
    """A sealed batch of a dead run, as its journal tells it."""

    @property
    def run(self) -> str: ...
    @property
    def batch(self) -> int: ...
    @property
    def bounds(self) -> Bounds: ...
    @property
    def session(self) -> Session | None: ...
    @property
    def committed(self) -> bool: ...
    @property
    def count(self) -> int: ...

    def compare(self, present: Iterable[tuple[bytes, bytes]]) -> Bits:
        """Which leaves are gone, given (identity, locator) of all that is there: as a multiset."""
        ...

    def matches(self, identity: bytes) -> bool:
        """Whether a record with this identity belongs to the batch (for its shadow copies)."""
        ...


@dataclass(frozen=True, slots=True)
class BatchName:
    """Names a batch on disk: installation, run and number, each safe in a file name."""

    installation: str
    run: str
    batch: int


class Cursor(Protocol):
    """Where the next take starts; opaque to the engine, compared for progress."""

    def __eq__(self, other: object) -> bool: ...


class Batch(Protocol):
    """Records that are taken but not final. Rolls back on exit unless committed."""

    @property
    def taken(self) -> Sequence[Taken]: ...
    @property
    def cursor(self) -> Cursor | None: ...
    @property
    def exhausted(self) -> bool:
        """Nothing is left behind this batch's cursor."""
        ...

    @property
    def bounds(self) -> Bounds: ...
    @property
    def session(self) -> Session | None: ...
    @property
    def absent(self) -> int:
        """Records that were due in the scan and gone when the batch came to them."""
        ...

    @property
    def skipped(self) -> Mapping[str, int]:
        """Records left alone now, by code: SESSION_OPEN, STILL_WRITTEN, FOREIGN_LOCK, ..."""
        ...

    @property
    def final(self) -> Literal["store", "journal"]:
        """Who tells after a crash whether the batch was committed: the store itself
        (transaction, look), or a synced ``committed`` line of the journal (files)."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...

    def commit(self) -> Bits | None:
        """Makes it final. Bits where the store looked and some stayed, None when all went.

        Raises OutcomeUnknown when the answer was lost; the engine then settles.
        """
        ...

    def rollback(self) -> None:
        """Puts all of it back, never over something newer."""
        ...

    def finish(self) -> Finish:
        """After the commit, before the mark; may be called again after a crash."""
        ...


class Store(Protocol):
    """An opened dataset. All times in and out are aware UTC. Raises StoreError, UnavailableError.

    ``dataset`` and ``data_class`` are the manifest's names; ``encoding`` states how the bytes of
    keys were fetched and stands in the leaf header.
    """

    @property
    def dataset(self) -> str: ...
    @property
    def data_class(self) -> str: ...
    @property
    def encoding(self) -> str: ...

    def check(self) -> Sequence[Advice]:
        """Missing rights, indexes, lax settings: each with the command that mends it."""
        ...

    def clock(self) -> datetime | None:
        """The source's own clock, aware UTC; None where it has none."""
        ...

    def straddlers(self, selection: Selection) -> frozenset[bytes]:
        """Call ids with a leg on either side of the cut-off, found once per dataset and run."""
        ...

    def census(self, selection: Selection) -> Census:
        """Counts under a selection whose exclusions are already resolved. Looks afresh: through a
        new connection or a new scan, never through the one that deleted."""
        ...

    def scan(self, selection: Selection) -> Iterator[Record]:
        """Every due record, oldest first; changes nothing."""
        ...

    def itemise(self, selection: Selection, *, everything: bool = False) -> Iterator[Itemised]:
        """Every due record once, in any order, and never all in memory where the source can be
        read in parts; for plan files. ``everything``: each record before the cut-off, whatever
        the selection spares."""
        ...

    def search(self, sought: Sought, *, start: str | None = None) -> Iterator[Found]:
        """Every record that names what is sought, due or not, dated or not, in any order; reads
        only. ``start`` names the start event that identities are made with (else the first)."""
        ...

    def take(
        self,
        selection: Selection,
        *,
        limit: int,
        after: Cursor | None,
        skip: frozenset[bytes],
        name: BatchName,
    ) -> Batch:
        """Takes at most about ``limit`` records behind ``after``; twins are never parted.

        ``skip`` holds packed identities that failed alone before. A store may also have
        ``second(selection)``: itself over a connection of its own, to take the next batch from
        while one is in hand, or None where that could get in its way."""
        ...

    def telling(self, facets: Facets) -> tuple[Ties, Ties]:
        """Records of which it is known that they have all these facets, and those of which it is
        known that they don't; due or not. For holds; reads only."""
        ...

    def ties(self, of: Ties) -> Ties:
        """What the dataset ties to these calls and records: other ids of their legs, rows that
        hang on them, rows that they hang on. For holds, which travel; reads only."""
        ...

    def sweep(self, selection: Selection) -> Mapping[str, int]:
        """After the dataset's batches: removes rows that several records shared and that none
        names any more; table to count. Repeatable; empty for stores that share nothing."""
        ...

    def settle(self, intent: Intent) -> Bits:
        """After a crash: ends the dead session, looks, completes what finish left."""
        ...

    def tidy(self, installation: str) -> int:
        """Puts back what a dead run of this installation left renamed without an intent, and
        removes its locks; returns how many things it put right. Foreign leftovers stay."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Advice:
    """Something ``check`` found: a code, one sentence, and what to type (may be empty).

    ``severity``: "error" refuses the dataset, "warning" is reported, "info" is good to know."""

    code: str
    text: str
    command: str = ""
    severity: Literal["error", "warning", "info"] = "warning"
    params: tuple[tuple[str, str | int], ...] = ()
    """Pairs that fill the sentence of another language."""


class Naming(Protocol):
    """The rows that name files: asked by a tree store, answered by the table store that owns them.

    A spelling is a value that the link column may hold for a file (bare name, path below the
    root, absolute path, stem with another extension); bytes as stored.
    """

    @property
    def data_class(self) -> str:
        """The data class of the rows; a file of the same class waits with them."""
        ...

    def waiting(self, spellings: Sequence[bytes]) -> frozenset[bytes]:
        """Those of the spellings that a row names which the product isn't done with."""
        ...

    def newest_leg(self, spellings: Sequence[bytes]) -> Mapping[bytes, datetime]:
        """For each spelling that a row names: the newest start event over all legs of its call."""
        ...

    def concerning(self, sought: Sought) -> Iterator[tuple[bytes, Field]]:
        """The spelling and call id of every row that names a file and what is sought."""
        ...

    def facets(
        self, spellings: Sequence[bytes]
    ) -> Mapping[bytes, Mapping[str, frozenset[str] | None]]:
        """For each spelling that a row names: by declared facet the values that any such row has;
        None where nobody can tell."""
        ...

    def blank(self, spellings: Sequence[bytes]) -> int:
        """Applies ``on_part_gone`` to all rows that name one of these; returns how many."""
        ...

    def check(self) -> Sequence[Advice]:
        """Rights without which ``blank`` would fail in the middle of a batch."""
        ...

    def names(self, of: Ties) -> frozenset[bytes]:
        """The files that rows of these calls, and these rows, name; shadows too."""
        ...

    def named(self) -> Iterator[bytes]:
        """Every non-empty value of the link column, once or more; for MISSING_FILES."""
        ...
