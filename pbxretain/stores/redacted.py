"""What does a column look like once it is redacted, and how does the database tell?

One form per column, said twice: as a value made in Python, and as a predicate in SQL that is true
for exactly the values which the form leaves as they are. So whatever is redacted is due no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy.types as kinds

from pbxretain.manifest import Child, TableDataset, all_children
from pbxretain.records import Field, Redaction
from pbxretain.stores.dialects import Dialect, Sql, all_of, any_of, joined, negated
from pbxretain.stores.schema import Shape

CONSTANT = b"redacted"
"""What stands in a column of the form ``constant``, in any language."""

PSEUDONYM = re.compile(rb"pn-[0-9a-f]{16}")
_PSEUDONYM = "pn-[0-9a-f]{16}"
_PSEUDONYM_LENGTH = 19
_NUMBER = re.compile(rb"[+]?[0-9]+")
_EXTENSION = re.compile(rb"[1-9][0-9]*")

TECHNOLOGIES = (
    b"PJSIP", b"SIP", b"IAX2", b"DAHDI", b"Local", b"Console", b"AudioSocket", b"UnicastRTP",
    b"MulticastRTP", b"WebSocket", b"Motif", b"SCCP", b"Skinny", b"Khomp", b"dongle", b"quectel",
    b"sofia", b"loopback", b"verto", b"freetdm", b"rtc",
)  # fmt: skip
"""What may stay of a channel's name: a closed list, so that no user's name passes for one."""


@dataclass(frozen=True, slots=True, repr=False)
class Form:
    """The redacted form of one column. ``empty`` is what stands where nothing may."""

    column: str
    kind: str
    empty: Field
    redaction: Redaction

    def made(self, value: Field) -> Field:
        """The value in redacted form; one that is in it already comes back as it is."""
        if value is None or (value == b"" and self.kind != "null"):
            return value
        if self.kind == "channel":
            technology = value.partition(b"/")[0]
            return technology if technology in TECHNOLOGIES else self.empty
        if self.kind == "constant":
            return CONSTANT
        if self.kind == "number":
            return self._number(value)
        return None if self.kind == "null" else self.empty

    def _number(self, value: bytes) -> Field:
        how = self.redaction
        if how.keep and _EXTENSION.fullmatch(value) and len(value) <= how.keep:
            return value
        if how.numbers == "cut":
            if re.fullmatch(f"[+]?[0-9]*[*]{{{how.cut}}}".encode(), value):
                return value
            if not _NUMBER.fullmatch(value):
                return self.empty  # an address or a name: what of it says who can't be told
            left = value[: -how.cut] if len(value.lstrip(b"+")) > how.cut else b""
            return left + b"*" * how.cut
        if how.numbers == "constant":
            return CONSTANT
        if how.numbers == "blank":
            return self.empty
        if PSEUDONYM.fullmatch(value):
            return value
        if how.pseudonym is None:
            raise ValueError("a pseudonym needs its key")
        return how.pseudonym(value)

    def done(self, dialect: Dialect) -> Sql:
        """Whether the column is in this form; never NULL."""
        nothing = f"{dialect.quote(self.column)} IS NULL"
        if self.kind == "null" or self.empty is None:
            return Sql(nothing)
        nothing += f" OR NOT {dialect.filled(self.column)}"
        return any_of([Sql(nothing), *self._also(dialect)])

    def _also(self, dialect: Dialect) -> Iterator[Sql]:
        stored = dialect.stored(self.column)
        how = self.redaction
        if self.kind == "channel":
            yield dialect.among(stored, TECHNOLOGIES)
        if self.kind == "constant" or (self.kind == "number" and how.numbers == "constant"):
            yield dialect.same(stored, CONSTANT)
        if self.kind == "number":
            if how.numbers == "cut":
                yield Sql(dialect.fits(self.column, f"[+]?[0-9]*[*]{{{how.cut}}}"))
            if how.numbers == "pseudonym":
                yield Sql(dialect.fits(self.column, _PSEUDONYM))
            if how.keep:
                yield Sql(dialect.fits(self.column, f"[1-9][0-9]{{0,{how.keep - 1}}}"))

    @property
    def keyed(self) -> bool:
        """Whether what comes out can't be said without each value."""
        return self.kind == "number" and self.redaction.numbers == "pseudonym"

    def set_to(self, dialect: Dialect, values: Iterable[Field] | None) -> Sql | None:
        """The right side of an assignment for rows that hold these values, or any (None); None
        where none of them changes."""
        known = values or ()
        changed = {v: made for v in known if (made := self.made(v)) != v and v is not None}
        if values is not None and not changed:
            return None
        quoted = dialect.quote(self.column)
        if self.kind == "null":
            return Sql("NULL")
        if self.keyed:
            found = Sql(f"CASE {dialect.stored(self.column)}")
            for value, made in sorted(changed.items()):
                found += Sql(" WHEN %s THEN %s", (dialect.given(value), (made or b"").decode()))
            return found + f" ELSE {quoted} END"
        head = "CASE WHEN " + self.done(dialect) + f" THEN {quoted}"
        return joined([head, *self._cases(dialect)], " ") + f" ELSE '{self._rest.decode()}' END"

    @property
    def _rest(self) -> bytes:
        """What comes out of anything that has no case of its own."""
        words = (self.kind, self.redaction.numbers)
        return CONSTANT if words == ("number", "constant") or self.kind == "constant" else b""

    def _cases(self, dialect: Dialect) -> Iterator[Sql]:
        if self.kind == "channel":
            head = f"WHEN SUBSTR({dialect.stored(self.column)}, 1, "
            for technology in TECHNOLOGIES:
                start = dialect.given(technology + b"/")
                yield Sql(f"{head}{len(start)}) = %s THEN '{technology.decode()}'", (start,))
        if self.kind == "number" and self.redaction.numbers == "cut":
            cut = self.redaction.cut
            longer = dialect.fits(self.column, f"[+]?[0-9]{{{cut + 1},}}")
            yield Sql(f"WHEN {longer} THEN {dialect.ending(self.column, cut, '*' * cut)}")
            yield Sql(f"WHEN {dialect.fits(self.column, '[+]?[0-9]+')} THEN '{'*' * cut}'")


class Forms:
    """The redacted forms of the columns that one table has. ``repr`` shows names only."""

    def __init__(
        self, declared: Mapping[str, str], shape: Shape, dialect: Dialect, redaction: Redaction
    ) -> None:
        self.dialect = dialect
        self.unfit: list[str] = []
        """Columns that can't hold their form."""
        self._forms: dict[str, Form] = {}
        for column, kind in declared.items():
            if kind != "keep" and shape.has(column):
                self._forms[column] = self._form(column, kind, shape, redaction)

    def __repr__(self) -> str:
        return f"<forms of {', '.join(self._forms)}>"

    def _form(self, column: str, kind: str, shape: Shape, redaction: Redaction) -> Form:
        holds = _text_length(shape.columns[column], self.dialect)
        needed = _longest(kind, redaction)
        if holds == 0 and kind != "null":
            kind, needed = "null", 0  # no text fits in: nothing stands there afterwards
        if (kind == "null" and column in shape.filled) or (holds is not None and holds < needed):
            self.unfit.append(column)
        return Form(column, kind, None if kind == "null" else b"", redaction)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self._forms)

    def done(self) -> Sql:
        """Rows of which every column is in its form; never NULL."""
        return all_of(*(form.done(self.dialect) for form in self._forms.values()))

    def missing(self) -> Sql:
        """Rows of which a column isn't."""
        return negated(self.done(), self.dialect)

    def changes(self, values: Mapping[str, Field]) -> bool:
        """Whether a row with these values would change."""
        return any(form.made(values[c]) != values[c] for c, form in self._forms.items())

    @property
    def keyed(self) -> bool:
        """Whether a statement must name the values that it changes."""
        return any(form.keyed for form in self._forms.values())

    def assignments(
        self, values: Mapping[str, Iterable[Field]] | None, renewed: Sequence[str] = ()
    ) -> Sql | None:
        """What stands behind SET for rows with these values by column, or any (None, unless
        ``keyed``); None where nothing changes. ``renewed``: columns that the server would move by
        itself."""
        quote = self.dialect.quote
        parts: list[Sql] = []
        for column, form in self._forms.items():
            there = None if values is None else dict.fromkeys(values[column])
            target = form.set_to(self.dialect, there)
            if target is not None:
                parts.append(Sql(f"{quote(column)} = ") + target)
        if not parts:
            return None
        parts += [Sql(f"{quote(c)} = {quote(c)}") for c in renewed if c not in self._forms]
        text = ", ".join(part.text for part in parts)
        return Sql(text, tuple(value for part in parts for value in part.args))


def _text_length(declared: object, dialect: Dialect) -> int | None:
    """How many characters a column holds: 0 for none at all, None for any number."""
    if dialect.name == "sqlite":
        return None
    if not isinstance(declared, kinds.String) or isinstance(declared, kinds.Enum):
        return 0
    return declared.length


def _longest(kind: str, redaction: Redaction) -> int:
    """The characters that a form needs beside what was there already."""
    if kind == "constant" or (kind == "number" and redaction.numbers == "constant"):
        return len(CONSTANT)
    if kind == "number":
        return {"cut": redaction.cut, "pseudonym": _PSEUDONYM_LENGTH}.get(redaction.numbers, 0)
    return 0


def needed_for(dataset: TableDataset) -> list[str]:
    """Columns to read beside a record's own, so that rows which differ aren't taken for one."""
    names = [*dataset.redact, *dataset.ready, *([dataset.end] if dataset.end else [])]
    return list(dict.fromkeys([*names, *(part.parent_column for part in dataset.parts)]))


def below(children: Sequence[Child]) -> Iterator[Child]:
    """Tables below that hold something to redact, at any depth."""
    return (child for child in all_children(children) if child.redact)
