"""Which tables of a database look like call data, judged by the names of their columns alone?

For somebody who begins a connector: a proposal to be checked, never a fact. No row is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import sqlalchemy
import sqlalchemy.types as kinds
from sqlalchemy.engine import Engine, Inspector

from pbxretain.errors import UnavailableError
from pbxretain.manifest import Child

ENOUGH = 2
"""Columns that a table of calls has at least beside a time: for people, or for the call."""

_START = (
    "calldate",
    "start",
    "began",
    "begin",
    "datetime",
    "timestamp",
    "time",
    "date",
    "created",
    "at",
)
_END = ("end", "ended", "hangup", "stop", "stopped")
_CALLER = ("caller", "src", "source", "from", "ani", "clid", "cid")
_CALLED = ("callee", "called", "dst", "destination", "dest", "to", "dialed", "dialled", "dnis")
_OTHERS = ("phone", "number", "extension", "exten", "agent", "name", "user", "peer", "party")
_NUMBER = ("number", "num", "no", "exten", "extension", "phone")
"""Of several columns for one person, the one with the number."""
_CALL = ("linkedid", "callid", "callref", "calluuid", "callguid", "sessionid", "uniqueid", "uuid")
"""Whole names only: a column for a tenant would tie all of its calls together."""
_CALLS = ("cdr", "cdrs", "call", "calls", "acc")
"""Names of tables with calls."""
_CLASSES = {
    "queue-logs": ("queue",),
    "voicemail-messages": ("voicemail", "vm", "mailbox"),
    "call-events": ("cel", "event", "events"),
    "chat-messages": ("chat", "sms", "message", "messages"),
    "fax-documents": ("fax", "faxes"),
}
"""Other data classes by words in a table's name."""
_STATE = ("state", "status", "disposition")
_FILE = ("recording", "recordingfile", "recordfile", "filename", "file", "voicefile")
_STEM = 4
"""Letters from which on a word may go on: ``start`` in ``started``."""
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What each column of a table may be for; empty where none offers itself."""

    table: str
    columns: Sequence[str]
    key: Sequence[str] = ()
    call_id: Sequence[str] = ()
    start: str = ""
    kind: str = "datetime"
    end: str = ""
    state: str = ""
    caller: str = ""
    called: str = ""
    personal: Sequence[str] = ()
    """Further columns that name somebody."""
    link: str = ""
    children: Sequence[Child] = ()
    """Tables that point here by a foreign key."""

    @property
    def people(self) -> int:
        return sum(map(bool, (self.caller, self.called, *self.personal)))

    @property
    def data(self) -> str:
        """The data class that the table's name sounds like."""
        words = (name for name, known in _CLASSES.items() if _fits(self.table, known))
        return next(words, "call-detail-records")

    @property
    def likely(self) -> bool:
        """Whether the table looks like call data."""
        return bool(self.start) and self.people + len(self.call_id) >= ENOUGH and self.people > 0


def guesses(engine: Engine) -> Sequence[Guess]:
    """All tables of the database, the likeliest first. Raises UnavailableError."""
    try:
        inspector = sqlalchemy.inspect(engine)
        names = inspector.get_table_names()
        below = _Below(inspector, names)
        found = [_guess(inspector, name, below) for name in names]
    except (sqlalchemy.exc.SQLAlchemyError, OSError):
        raise UnavailableError(
            "The database can't be read.", hint="check the address, the login and the password"
        ) from None
    return sorted(found, key=_rank)


def _rank(guess: Guess) -> tuple[bool, bool, bool, int, str]:
    calls = guess.data == "call-detail-records"
    named = _fits(guess.table, _CALLS)
    return not guess.likely, not calls, not named, -guess.people, guess.table


@dataclass(slots=True)
class _Below:
    """Which tables point to which, by foreign keys of one column."""

    inspector: Inspector
    names: Sequence[str]
    pairs: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.names:
            for key in self.inspector.get_foreign_keys(name):
                here, there = key["constrained_columns"], key["referred_columns"]
                if len(here) == 1 and len(there) == 1:
                    pair = (name, here[0], there[0])
                    self.pairs.setdefault(key["referred_table"], []).append(pair)

    def children(self, table: str, above: Sequence[str] = ()) -> Iterator[Child]:
        seen = (*above, table)
        for name, column, parent_column in dict.fromkeys(self.pairs.get(table, ())):
            if name not in seen:
                yield Child(
                    table=name,
                    column=column,
                    parent_column=parent_column,
                    children=list(self.children(name, seen)),
                )


def _guess(inspector: Inspector, table: str, below: _Below) -> Guess:
    columns = inspector.get_columns(table)
    types = {column["name"]: column["type"] for column in columns}
    free = dict.fromkeys(types)
    primary = [c for c in inspector.get_pk_constraint(table)["constrained_columns"] if c in free]

    def take(words: Sequence[str], *allowed: type, whole: bool = False) -> str:
        fitting = [c for c in free if not allowed or isinstance(types[c], allowed)]
        found = _best(fitting, words, whole=whole)
        if found:
            del free[found]
        return found

    clock = (kinds.DateTime, kinds.Date, kinds.Integer, kinds.Numeric, kinds.String)
    for name in primary:
        del free[name]
    end = take(_END, *clock)
    start = take(_START, kinds.DateTime, kinds.Date) or take(_START, *clock)
    link = take(_FILE)
    state = take(_STATE)
    call = take(_CALL, whole=True)
    caller, called = take(_CALLER), take(_CALLED)
    key = primary or ([call] if call else list(types)[:1])
    return Guess(
        table=table,
        columns=tuple(types),
        key=tuple(key),
        call_id=(call,) if call else (),
        start=start,
        kind=_kind(types[start]) if start else "datetime",
        end=end,
        state=state,
        caller=caller,
        called=called,
        personal=tuple(c for c in free if _fits(c, (*_OTHERS, *_CALLER, *_CALLED))),
        link=link,
        children=tuple(below.children(table)),
    )


def _best(columns: Sequence[str], words: Sequence[str], *, whole: bool) -> str:
    """The column that one of the words names best; the words stand in order of weight."""
    for word in words:
        if found := next((c for c in columns if _plain(c) == word), None):
            return found
    fuzzy = [] if whole else [c for word in words for c in columns if _fits(c, (word,))]
    return min(fuzzy, key=lambda column: not _fits(column, _NUMBER), default="")


def _fits(column: str, words: Sequence[str]) -> bool:
    """Whether one of the column's words is, or begins like, one of these: ``started_at``."""
    own = _words(column) | {_plain(column)}
    return any(o == w or (len(w) >= _STEM and o.startswith(w)) for o in own for w in words)


def _plain(column: str) -> str:
    return column.replace("_", "").lower()


def _words(column: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(column)}


def _kind(declared: object) -> str:
    if isinstance(declared, kinds.Integer | kinds.Numeric):
        return "epoch"
    return "text" if isinstance(declared, kinds.String) else "datetime"
