"""How does each database spell what the table store asks of it?

Three spellings behind one set of words; nothing here opens a connection or knows a manifest.
Comparisons of identities and call ids are made on the stored bytes, never under a collation: a
case-insensitive or space-blind match would take the wrong row along.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy.types as kinds

from pbxretain.sought import SEPARATORS

Value = bytes | int | float | None
"""A column as the driver hands it over; numbers only from SQLite."""


@dataclass(frozen=True, slots=True, repr=False)
class Sql:
    """A piece of SQL with ``%s`` for each value; values may be personal data, so no repr."""

    text: str
    args: tuple[Any, ...] = ()

    def __add__(self, other: Sql | str) -> Sql:
        more = other if isinstance(other, Sql) else Sql(other)
        return Sql(self.text + more.text, self.args + more.args)

    def __radd__(self, other: str) -> Sql:
        return Sql(other + self.text, self.args)

    def __repr__(self) -> str:
        return "<sql>"


def joined(parts: Iterable[Sql], between: str) -> Sql:
    """The pieces one after the other."""
    listed = list(parts)
    args = tuple(value for part in listed for value in part.args)
    return Sql(between.join(part.text for part in listed), args)


def all_of(*parts: Sql | None) -> Sql:
    """AND over the pieces that are there; true for none."""
    present = [part for part in parts if part is not None]
    return joined((Sql(f"({p.text})", p.args) for p in present), " AND ") if present else Sql("1=1")


def any_of(parts: Sequence[Sql]) -> Sql:
    """OR over the pieces; false for none."""
    return joined((Sql(f"({p.text})", p.args) for p in parts), " OR ") if parts else Sql("1=0")


class Dialect:
    """The words; each database overrides what it says otherwise."""

    name: str
    encoding: str
    locator: str | None = None
    """A pseudo column that names one row while a transaction is open."""
    for_update = ""
    addressed = 100
    """Rows named by their address in one statement."""
    begin = "BEGIN"
    mark = '"'

    def quote(self, identifier: str) -> str:
        """One identifier, quoted."""
        return f"{self.mark}{identifier}{self.mark}"

    def table(self, name: str) -> str:
        """A table, with its schema where the name has a dot."""
        return ".".join(self.quote(part) for part in name.split("."))

    def stored(self, column: str) -> str:
        """The column's stored bytes, fit for exact comparison."""
        raise NotImplementedError

    def fetched(self, column: str) -> str:
        """The column in a select list, so that its bytes equal ``stored``."""
        return self.quote(column)

    def as_text(self, locator: str) -> str:
        """A locator in a select list."""
        return locator

    def given(self, value: bytes) -> Any:
        """A value for comparison with ``stored``."""
        return value

    def comparable(self, value: bytes) -> bool:
        """Whether a value may be compared with the plain column, so that an index may serve."""
        return _is_text(value)

    def filled(self, column: str) -> str:
        """Whether a column is neither NULL nor empty."""
        return f"LENGTH({self.stored(column)}) > 0"

    def same(self, expression: str, value: bytes | None) -> Sql:
        """NULL-safe equality with a value."""
        raise NotImplementedError

    def same_columns(self, left: str, right: str) -> str:
        """NULL-safe equality of two columns; an index on either may serve."""
        raise NotImplementedError

    def among(self, expression: str, values: Sequence[bytes]) -> Sql:
        """Whether an expression (never NULL) is one of the values."""
        marks = ", ".join(["%s"] * len(values))
        return Sql(f"{expression} IN ({marks})", tuple(self.given(v) for v in values))

    def unchanged(
        self, locator: str, columns: Sequence[str], rows: Sequence[tuple[Value, ...]]
    ) -> Sql:
        """Rows by their address (what ``locator`` was for each, then ``columns``), as far as they
        still are as they were read in this transaction."""
        # No address is proved to be one row's alone: a walk's column only is said to be, and
        # SQLite lets any column be called rowid.
        marks = ", ".join(["%s"] * len(rows))
        given = tuple(v.decode() if isinstance(v, bytes) else v for v in (row[0] for row in rows))
        return all_of(Sql(f"{locator} IN ({marks})", given), self.equal(columns, rows))

    def equal(self, columns: Sequence[str], rows: Sequence[tuple[Value, ...]]) -> Sql:
        """Rows that equal one of these in every column; the first value of each is its address."""
        stored = list(map(self.stored, columns))
        return any_of(
            [
                all_of(*(self.same(c, plain(v)) for c, v in zip(stored, row[1:], strict=True)))
                for row in rows
            ]
        )

    def plain_among(self, column: str, values: Sequence[bytes]) -> Sql:
        """As ``among`` on the plain column: may find more under a collation, never less.

        A file name may hold any bytes; what the column's character set might not is compared
        by its stored bytes."""
        texts = tuple(value.decode() for value in values if self.comparable(value))
        odd = [value for value in values if not self.comparable(value)]
        marks = ", ".join(["%s"] * len(texts))
        found = [Sql(f"{self.quote(column)} IN ({marks})", texts)] if texts else []
        return any_of([*found, *([self.among(self.stored(column), odd)] if odd else [])])

    def kind(self, declared: object) -> str:
        """The type to which texts must be cast to meet a column of that reflected type, so that
        its index serves; empty where the server converts by itself."""
        del declared
        return ""

    def is_exact(self, kind: str, values: Sequence[bytes]) -> bool:
        """Whether a column of that type equals one of these just where the texts are equal."""
        del kind, values
        return False

    def typed_among(self, column: str, values: Sequence[bytes], kind: str) -> Sql:
        """As ``plain_among``, for a column of a ``kind``."""
        del kind
        return self.plain_among(column, values)

    def call(self, columns: Sequence[str]) -> str:
        """The call id: the first column that is filled, else NULL."""
        if not columns:
            return "NULL"
        cases = " ".join(f"WHEN {self.filled(c)} THEN {self.stored(c)}" for c in columns)
        return f"CASE {cases} END"

    def call_or_empty(self, columns: Sequence[str]) -> str:
        """The call id, empty instead of NULL: safe under NOT IN."""
        return f"COALESCE({self.call(columns)}, {self.empty})"

    empty = "''"

    def fits(self, column: str, pattern: str) -> str:
        """Whether the whole text matches an expression that all databases read alike."""
        return f"{self.quote(column)} REGEXP '^({pattern})$'"

    def ending(self, column: str, count: int, mark: str) -> str:
        """The text with its last characters replaced; ``mark`` is plain ASCII."""
        c = self.quote(column)
        return f"SUBSTR({c}, 1, LENGTH({c}) - {count}) || '{mark}'"

    def digits(self, column: str) -> str:
        """Whether text holds a whole or decimal number."""
        raise NotImplementedError

    def number(self, column: str) -> str:
        """Text as a number; only asked where ``digits`` says yes."""
        raise NotImplementedError

    def in_form(self, column: str, form: str) -> str:
        """Whether text is a time of this form, with or without a fraction, without an offset."""
        raise NotImplementedError

    def ordered_text(self, column: str) -> str:
        """The column so that it compares byte by byte."""
        return self.quote(column)

    def holding(self, columns: Sequence[str], tails: Sequence[str]) -> Sql:
        """Rows whose texts hold one of these once what may stand inside a number is left out and
        letters are small; may find more, never less. True for no tails, false for no columns."""
        if not columns:
            return Sql("1=0")
        # As one text: a database is quicker with that than with each column by itself.
        text = f"LOWER({self.together([self.searched(column) for column in columns])})"
        for separator in SEPARATORS if any(map(_has_digits, tails)) else "":
            text = f"REPLACE({text}, '{separator}', '')"
        # No percent sign here: the drivers would take it for a mark.
        wanted = [tail.translate(_WITHOUT).lower() for tail in tails]
        parts = [Sql(f"{text} LIKE %s ESCAPE '!'", (f"%{_literal(one)}%",)) for one in wanted]
        return any_of(parts) if parts else Sql("1=1")

    def searched(self, column: str) -> str:
        """The column as text, fit for a search."""
        return self.stored(column)

    def together(self, texts: Sequence[str]) -> str:
        """Several texts as one, with a bar between; NULL counts as nothing."""
        return f"CONCAT_WS('|', {', '.join(texts)})"

    def moment(self, text: str, *, zoned: bool) -> Sql:
        """A native time value."""
        del zoned
        return Sql("%s", (text,))

    def real_day(self, column: str) -> str | None:
        """What keeps a native time with a zero month or day apart."""
        del column
        return None


_WITHOUT = {ord(separator): None for separator in SEPARATORS}


def _has_digits(text: str) -> bool:
    return any(map(str.isdecimal, text))


def _literal(text: str) -> str:
    """A text that LIKE compares as it stands."""
    return re.sub("([!%_])", r"!\1", text)


def negated(condition: Sql, dialect: Dialect) -> Sql:
    """NOT, with unknown taken as false: the rows that the condition doesn't hold for."""
    false = "FALSE" if dialect.name == "postgresql" else "0"
    return Sql(f"NOT COALESCE({condition.text}, {false})", condition.args)


_FORMS = {
    "YYYY-MM-DD HH:MM:SS": ("-", " ", ":"),
    "YYYY-MM-DDTHH:MM:SS": ("-", "T", ":"),
    "YYYYMMDDHHMMSS": ("", "", ""),
}
"""What stands between the parts of a day, between day and time, between the parts of a time."""


def form_pattern(form: str) -> str:
    """A regular expression for one text form of the Gregorian calendar, days that exist only; a
    fraction may follow."""
    day, middle, clock = _FORMS[form]
    year = "[0-9]{4}"
    leap = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)"
    dates = (
        f"{year}{day}(0[1-9]|1[0-2]){day}(0[1-9]|1[0-9]|2[0-8])",
        f"{year}{day}(0[13-9]|1[0-2]){day}(29|30)",
        f"{year}{day}(0[13578]|1[02]){day}31",
        f"{leap}{day}02{day}29",
    )
    time = f"([01][0-9]|2[0-3]){clock}[0-5][0-9]{clock}[0-5][0-9]([.][0-9]+)?"
    return f"^({'|'.join(dates)}){middle}{time}$"


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


class MySQL(Dialect):
    """MySQL and MariaDB over PyMySQL."""

    name = "mysql"
    encoding = "mysql-text/1"
    for_update = " FOR UPDATE"
    begin = "START TRANSACTION"
    mark = "`"
    empty = "CAST('' AS BINARY)"

    def stored(self, column: str) -> str:
        return f"CAST({self.quote(column)} AS BINARY)"

    def searched(self, column: str) -> str:
        # Broken characters become others and stay one text; LOWER leaves bytes as they are.
        return f"CONVERT({self.quote(column)} USING utf8mb4)"

    def comparable(self, value: bytes) -> bool:
        # The server converts a text to the column's character set. That fails for what latin1
        # or utf8mb3 doesn't have, and misses UTF-8 that was stored in a latin1 column.
        return value.isascii()

    def same(self, expression: str, value: bytes | None) -> Sql:
        return Sql(f"{expression} <=> %s", (value,))

    def same_columns(self, left: str, right: str) -> str:
        return f"{left} <=> {right}"

    def ending(self, column: str, count: int, mark: str) -> str:
        c = self.quote(column)
        return f"CONCAT(LEFT({c}, CHAR_LENGTH({c}) - {count}), '{mark}')"

    def digits(self, column: str) -> str:
        return f"{self.quote(column)} REGEXP '^[0-9]+([.][0-9]*)?$'"

    def number(self, column: str) -> str:
        return f"CAST({self.quote(column)} AS DECIMAL(24,6))"

    def in_form(self, column: str, form: str) -> str:
        return f"{self.quote(column)} REGEXP '{form_pattern(form)}'"

    def real_day(self, column: str) -> str | None:
        return f"MONTH({self.quote(column)}) > 0 AND DAYOFMONTH({self.quote(column)}) > 0"


_CASTS = {
    "bigint": re.compile(rb"-?[0-9]{1,18}"),
    "uuid": re.compile(rb"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
}
"""What a text must look like to be cast: no value of the column looks otherwise."""

_AS_WRITTEN = {
    "bigint": re.compile(rb"0|-?[1-9][0-9]{0,17}"),
    "uuid": re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
}
"""How the server itself writes such a value."""

_GAP = " || ' ' || "


def _decoded(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


class PostgreSQL(Dialect):
    """PostgreSQL over psycopg."""

    name = "postgresql"
    encoding = "pg-text/1"
    locator = "ctid"
    addressed = 900

    def stored(self, column: str) -> str:
        return f"CAST({self.quote(column)} AS text)"

    def fetched(self, column: str) -> str:
        return self.stored(column)

    def as_text(self, locator: str) -> str:
        return f"CAST({locator} AS text)"

    def given(self, value: bytes) -> Any:
        return value.decode()

    def same(self, expression: str, value: bytes | None) -> Sql:
        given = None if value is None else value.decode()
        return Sql(f"{expression} IS NOT DISTINCT FROM CAST(%s AS text)", (given,))

    def same_columns(self, left: str, right: str) -> str:
        return f"{left} IS NOT DISTINCT FROM {right}"

    def unchanged(
        self, locator: str, columns: Sequence[str], rows: Sequence[tuple[Value, ...]]
    ) -> Sql:
        # Not locked, as that takes the right to UPDATE: an address may be another row's by now.
        # Both sides are put together by the server, each once.
        there = [self.as_text(locator), *(f"quote_nullable({self.stored(c)})" for c in columns)]
        given = ["w.a0", *(f"quote_nullable(w.a{at})" for at in range(1, len(there)))]
        names = ", ".join(f"a{at}" for at in range(len(given)))
        lists = ", ".join(["CAST(%s AS text[])"] * len(given))
        read = [list(map(_decoded, map(plain, column))) for column in zip(*rows, strict=True)]
        same = f"{_GAP.join(there)} IN (SELECT {_GAP.join(given)} FROM unnest({lists}) w({names}))"  # noqa: S608
        kind = "tid" if locator == self.locator else "bigint"
        here = Sql(f"{locator} = ANY(CAST(%s AS {kind}[]))", (read[0],))
        return all_of(here, Sql(same, tuple(read)))

    def among(self, expression: str, values: Sequence[bytes]) -> Sql:
        # No text here holds other bytes than UTF-8; a file name may.
        return Sql(f"{expression} = ANY(%s)", ([self.given(v) for v in values if _is_text(v)],))

    def plain_among(self, column: str, values: Sequence[bytes]) -> Sql:
        return self.among(self.quote(column), values)

    def kind(self, declared: object) -> str:
        if isinstance(declared, kinds.Integer):
            return "bigint"
        if isinstance(declared, kinds.Uuid):
            return "uuid"
        plain_text = isinstance(declared, kinds.String) and not isinstance(declared, kinds.Enum)
        return "" if plain_text else "text"

    def is_exact(self, kind: str, values: Sequence[bytes]) -> bool:
        form = _AS_WRITTEN.get(kind)
        return form is not None and all(map(form.fullmatch, values))

    def typed_among(self, column: str, values: Sequence[bytes], kind: str) -> Sql:
        if kind == "text":
            return self.among(self.stored(column), values)
        if kind:
            form = _CASTS[kind]
            values = [value for value in values if form.fullmatch(value)]
        texts = [self.given(v) for v in values if _is_text(v)]
        cast = f"CAST(%s AS {kind}[])" if kind else "%s"
        return Sql(f"{self.quote(column)} = ANY({cast})", (texts,))

    def fits(self, column: str, pattern: str) -> str:
        return f"{self.quote(column)} ~ '^({pattern})$'"

    def digits(self, column: str) -> str:
        return f"{self.quote(column)} ~ '^[0-9]+([.][0-9]*)?$'"

    def number(self, column: str) -> str:
        return f"CAST({self.quote(column)} AS numeric)"

    def in_form(self, column: str, form: str) -> str:
        return f"{self.quote(column)} ~ '{form_pattern(form)}'"

    def ordered_text(self, column: str) -> str:
        return f'({self.quote(column)} COLLATE "C")'

    def moment(self, text: str, *, zoned: bool) -> Sql:
        kind = "timestamptz" if zoned else "timestamp"
        return Sql(f"CAST(%s AS {kind})", (text,))


class SQLite(Dialect):
    """SQLite over Python's own driver."""

    name = "sqlite"
    encoding = "sqlite-typed/1"
    locator = "rowid"
    begin = "BEGIN IMMEDIATE"
    empty = "CAST('' AS BLOB)"

    def stored(self, column: str) -> str:
        return f"CAST({self.quote(column)} AS BLOB)"

    def searched(self, column: str) -> str:
        return f"CAST({self.quote(column)} AS TEXT)"

    def together(self, texts: Sequence[str]) -> str:
        return " || '|' || ".join(f"COALESCE({text}, '')" for text in texts)

    def kind(self, declared: object) -> str:
        # Without an affinity the text 12 never meets the number 12.
        return "" if isinstance(declared, kinds.Integer | kinds.String) else "typeless"

    def typed_among(self, column: str, values: Sequence[bytes], kind: str) -> Sql:
        if kind:
            return self.among(self.stored(column), values)
        return self.plain_among(column, values)

    def same(self, expression: str, value: bytes | None) -> Sql:
        return Sql(f"{expression} IS %s", (value,))

    def same_columns(self, left: str, right: str) -> str:
        return f"{left} IS {right}"

    def fits(self, column: str, pattern: str) -> str:
        # The session brings the function.
        return f"{self.stored(column)} REGEXP '^({pattern})$'"

    def digits(self, column: str) -> str:
        c = self.quote(column)
        return (
            f"(typeof({c}) IN ('integer', 'real') OR (typeof({c}) = 'text'"
            f" AND {c} GLOB '[0-9]*' AND {c} NOT GLOB '*[^0-9.]*' AND {c} NOT GLOB '*.*.*'))"
        )

    def number(self, column: str) -> str:
        return f"CAST({self.quote(column)} AS REAL)"

    def in_form(self, column: str, form: str) -> str:
        c = self.quote(column)
        day, middle, clock = _FORMS[form]
        length = 14 + 2 * len(day) + len(middle) + 2 * len(clock)
        text = f"substr({c}, 1, {length})"
        again = f"datetime({text}, '+0 days')"
        if (day, middle, clock) != ("-", " ", ":"):
            shown = f"%Y{day}%m{day}%d{middle}%H{clock}%M{clock}%S"
            again = f"strftime('{shown}', {self._iso(c, form)}, '+0 days')"
        tail = f"substr({c}, {length + 2})"
        # A date that doesn't exist comes back as another one.
        fits = (
            f"typeof({c}) = 'text' AND {again} IS {text}"
            f" AND (length({c}) = {length} OR (substr({c}, {length + 1}, 1) = '.'"
            f" AND length({tail}) > 0 AND {tail} NOT GLOB '*[^0-9]*'))"
        )
        if (day, middle, clock) != ("-", " ", ":"):
            return fits
        # Nearly all are exactly what comes back, and telling so costs a quarter of the rest.
        usual = f"datetime({c}, '+0 days') COLLATE BINARY IS {c} AND length({c}) = {length}"
        return f"CASE WHEN {usual} THEN typeof({c}) = 'text' ELSE {fits} END"

    @staticmethod
    def _iso(column: str, form: str) -> str:
        """A time of another form as SQLite reads it."""
        day, middle, clock = _FORMS[form]
        parts, at = [], 1
        for size, gap in ((4, day), (2, day), (2, middle), (2, clock), (2, clock), (2, "")):
            parts.append(f"substr({column}, {at}, {size})")
            at += size + len(gap)
        year, month, date, hour, minute, second = parts
        return f"{year}||'-'||{month}||'-'||{date}||' '||{hour}||':'||{minute}||':'||{second}"


def dialect_named(name: str) -> Dialect:
    """The dialect of an SQLAlchemy engine's ``dialect.name``."""
    return {"mysql": MySQL, "mariadb": MySQL, "postgresql": PostgreSQL, "sqlite": SQLite}[name]()


def plain(value: Value) -> bytes | None:
    """A value as text bytes: what call ids, times and subjects are compared by."""
    if value is None or isinstance(value, bytes):
        return value
    return repr(value).encode() if isinstance(value, float) else str(value).encode()


def typed(value: Value) -> bytes | None:
    """A value so that the text 12 and the number 12 stay apart (SQLite's typeless columns)."""
    if value is None or isinstance(value, bytes):
        return b"\x00t:" + value if value and value[0] == 0 else value
    if isinstance(value, float):
        return b"\x00f:" + repr(value).encode()
    return b"\x00i:" + str(value).encode()


def untyped(value: bytes | None) -> bytes | None:
    """The text bytes of a ``typed`` value, as ``stored`` shows them."""
    return value[3:] if value is not None and value.startswith(b"\x00") else value
