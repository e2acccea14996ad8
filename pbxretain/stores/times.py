"""Which rows of a table are due, as the database can say it and as Python reads it?

A time column may be a native time, a number or text, with or without a declared type. One object
says the same thing twice: as predicates in SQL for whole windows, and row by row in Python. Where
both could differ (doubled hours, a referee), the rows lie between two bounds and are read singly.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

import sqlalchemy.types as kinds

from pbxretain.errors import DriftError
from pbxretain.manifest import Start
from pbxretain.records import UNDATED, WHENEVER
from pbxretain.stores.dialects import (
    Dialect,
    Sql,
    Value,
    all_of,
    any_of,
    form_pattern,
    negated,
    plain,
)
from pbxretain.stores.moments import Moments

SAMPLE = 200
_EARLIEST = datetime(1971, 1, 2)  # noqa: DTZ001  (wall clock, safely past EARLIEST in any zone)
_EARLIEST_EPOCH = 31_622_400
_LATEST_EPOCH = 10_000_000_000
"""Beyond lie milliseconds, which no form here means."""
_NUMBER = re.compile(rb"^\d+(\.\d*)?$")


@dataclass(frozen=True, slots=True, repr=False)
class TimeColumn:
    """One start event of one table. ``order`` is SQL that sorts as time does. ``readable`` tells
    what holds a time; ``likely`` tells it cheaply and lets some rubbish through.

    ``direct``: ``order`` is the plain column, so an index on it serves.
    """

    dialect: Dialect
    column: str
    order: str
    readable: Sql | None
    form: Literal["native", "number", "text"]
    text_form: str
    zoned: bool
    moments: Moments
    referee: str | None
    direct: bool
    likely: Sql | None = None

    @property
    def cheaply(self) -> Self:
        """The same for statements whose rows are read one by one afterwards."""
        return replace(self, readable=self.likely)

    def order_in(self, table: str) -> str:
        """``order`` where the column is fetched as well: PostgreSQL would take a bare name for the
        text that is fetched, and sort the whole table by it."""
        return f"{table}.{self.order}" if self.direct else self.order

    def read(self, raw: Value, referee: Value = None) -> datetime | None:
        """The instant of one row, aware UTC, or None."""
        value = plain(raw)
        if value is None:
            return None
        if self.form == "text" and not _in_form(self.text_form).match(value):
            return None
        if self.form == "number" and not _NUMBER.match(value):
            return None
        return self.moments.read(value, plain(referee))

    def seconds(self, raws: Sequence[bytes], referees: Sequence[bytes | None]) -> list[int] | None:
        """As ``Moments.seconds``; what SQL let through is of the form already."""
        known = self.form != "text" or self.text_form == "YYYY-MM-DD HH:MM:SS"
        return self.moments.seconds(raws, referees) if known else None

    def bound(self, raw: Value) -> Sql:
        """A value of ``order`` as the database gave it, to compare with."""
        if self.form == "number":
            number = raw if isinstance(raw, int | float) else Decimal((raw or b"0").decode())
            return Sql("%s", (number,))
        text = (plain(raw) or b"").decode()
        return (
            self.dialect.moment(text, zoned=self.zoned)
            if self.form == "native"
            else Sql("%s", (text,))
        )

    def dated(self) -> Sql:
        """Rows with a usable time."""
        return all_of(self.readable, Sql(f"{self.order} >= ") + self._earliest())

    def undated(self) -> Sql:
        """Rows without one."""
        if self.form == "native" and self.readable is None:  # so that an index serves
            return any_of(
                [Sql(f"{self.order} IS NULL"), Sql(f"{self.order} < ") + self._earliest()]
            )
        return negated(self.dated(), self.dialect)

    def certain(self, cutoff: datetime) -> Sql:
        """Rows before the cut-off under any reading."""
        low, _ = self._bounds(cutoff)
        return all_of(self.dated(), Sql(f"{self.order} < ") + low)

    def doubtful(self, cutoff: datetime) -> Sql | None:
        """Rows that must be read singly; None where there can be none."""
        low, high = self._bounds(cutoff)
        if low.args == high.args:
            return None
        return all_of(self.readable, Sql(f"{self.order} >= ") + low, Sql(f"{self.order} < ") + high)

    def all_certain(self, below: Value, cutoff: datetime) -> bool:
        """Whether what lies before a stored value of ``order`` is before the cut-off under any
        reading."""
        low, _ = self._bounds(cutoff)
        text = plain(below)
        return self.form != "number" and text is not None and text.decode() <= str(low.args[0])

    def possible(self, cutoff: datetime) -> Sql:
        """Certain and doubtful rows together."""
        _, high = self._bounds(cutoff)
        return all_of(self.dated(), Sql(f"{self.order} < ") + high)

    def low(self, cutoff: datetime) -> Sql:
        return self._bounds(cutoff)[0]

    def high(self, cutoff: datetime) -> Sql:
        return self._bounds(cutoff)[1]

    def after(self, moment: datetime) -> Sql:
        """Rows surely after an instant."""
        _, high = self._bounds(moment)
        return all_of(self.readable, Sql(f"{self.order} >= ") + high)

    def possibly_after(self, moment: datetime) -> Sql:
        """Rows at or after an instant under any reading."""
        low, _ = self._bounds(moment)
        return all_of(self.readable, Sql(f"{self.order} >= ") + low)

    def days(self, first: str, last: str) -> Sql:
        """Rows whose stored time lies from one ISO date to another, both included."""
        start = datetime.fromisoformat(first)  # wall clock on purpose
        end = datetime.fromisoformat(last) + timedelta(days=1)
        return all_of(
            self.readable,
            Sql(f"{self.order} >= ") + self._wall(start),
            Sql(f"{self.order} < ") + self._wall(end),
        )

    def _bounds(self, cutoff: datetime) -> tuple[Sql, Sql]:
        if self.form == "number" or self.moments.kind == "epoch":
            both = self._number(cutoff)
            return both, both
        low, high = self.moments.doubt(cutoff)
        return self._wall(low), self._wall(high)

    def _number(self, moment: datetime) -> Sql:
        seconds = Decimal(int(moment.timestamp())) + Decimal(moment.microsecond) / 1_000_000
        whole = seconds == int(seconds)
        if self.dialect.name == "sqlite":
            return Sql("%s", (int(seconds) if whole else float(seconds),))
        return Sql("%s", (int(seconds) if whole else seconds,))

    def _wall(self, naive: datetime) -> Sql:
        if self.form == "number":
            return self._number(naive.replace(tzinfo=UTC))
        if self.form == "native":
            return self.dialect.moment(_native(naive, zoned=self.zoned), zoned=self.zoned)
        return Sql("%s", (_formed(naive, self.text_form),))

    def _earliest(self) -> Sql:
        if self.form == "number":
            return Sql("%s", (_EARLIEST_EPOCH,))
        return self._wall(_EARLIEST)


class Timeless(TimeColumn):
    """The same column where a record goes whatever its time, and without one. Bounded questions
    are answered as ever."""

    __slots__ = ()

    @classmethod
    def of(cls, time: TimeColumn) -> Timeless:
        return cls(**{field.name: getattr(time, field.name) for field in fields(time)})

    def read(self, raw: Value, referee: Value = None) -> datetime | None:
        return TimeColumn.read(self, raw, referee) or UNDATED

    def seconds(self, raws: Sequence[bytes], referees: Sequence[bytes | None]) -> list[int] | None:
        return None

    def certain(self, cutoff: datetime) -> Sql:
        return Sql("1=1") if cutoff >= WHENEVER else TimeColumn.certain(self, cutoff)

    def doubtful(self, cutoff: datetime) -> Sql | None:
        return None if cutoff >= WHENEVER else TimeColumn.doubtful(self, cutoff)

    def possible(self, cutoff: datetime) -> Sql:
        return Sql("1=1") if cutoff >= WHENEVER else TimeColumn.possible(self, cutoff)

    def days(self, first: str, last: str) -> Sql:
        del first, last
        return Sql("1=1")


def _native(naive: datetime, *, zoned: bool) -> str:
    text = naive.isoformat(" ", "microseconds" if naive.microsecond else "seconds")
    return f"{text}+00" if zoned else text


def _formed(naive: datetime, form: str) -> str:
    fraction = f".{naive.microsecond:06d}" if naive.microsecond else ""
    if form == "YYYYMMDDHHMMSS":
        return naive.strftime("%Y%m%d%H%M%S") + fraction
    return naive.strftime(f"%Y-%m-%d{'T' if 'T' in form else ' '}%H:%M:%S") + fraction


def time_column(
    *,
    dialect: Dialect,
    column: str,
    declared: object,
    start: Start,
    zone: ZoneInfo,
    dataset: str,
    sample: Sequence[Value],
) -> TimeColumn:
    """Decides how a column holds its times. ``declared`` is the reflected type, ``sample`` up to
    ``SAMPLE`` filled values, ``zone`` the source's. Raises DriftError, naming the column only."""
    build = _Builder(dialect, column, start, zone, dataset)
    if dialect.name != "sqlite":
        if isinstance(declared, kinds.DateTime):
            build.allow("datetime")
            return build.native(declared)
        if isinstance(declared, kinds.Numeric | kinds.Integer):
            build.allow("epoch")
            return build.number(sample, stored_as_number=True)
        if not isinstance(declared, kinds.String):
            raise build.drift("has a type that holds no time")
    return build.sampled(sample, declared)


@dataclass(frozen=True, slots=True, repr=False)
class _Builder:
    dialect: Dialect
    column: str
    start: Start
    source_zone: ZoneInfo
    dataset: str

    def drift(self, what: str) -> DriftError:
        return DriftError(
            f"Dataset {self.dataset}: column {self.column} {what}.",
            hint="compare the connector manifest with the table",
        )

    def allow(self, *types: str) -> None:
        if self.start.type not in (*types, "detect"):
            raise self.drift(f"isn't of the declared type {self.start.type}")

    def native(self, declared: Any) -> TimeColumn:
        # MySQL's TIMESTAMP and PostgreSQL's timestamptz are instants, shown in the session's UTC.
        instant = bool(getattr(declared, "timezone", False)) or (
            self.dialect.name == "mysql" and isinstance(declared, kinds.TIMESTAMP)
        )
        moments = Moments("wall", UTC) if instant else self._wall_moments()
        day = self.dialect.real_day(self.column)
        zoned = instant and self.dialect.name == "postgresql"
        readable = Sql(day) if day else None
        return self._made("native", moments, readable=readable, zoned=zoned, likely=None)

    def number(self, sample: Sequence[Value], *, stored_as_number: bool) -> TimeColumn:
        if any(_as_number(value) > _LATEST_EPOCH for value in sample):
            raise self.drift("holds numbers that are no seconds since 1970")
        moments = Moments("epoch", UTC)
        order = self.dialect.quote(self.column)
        readable = Sql(f"{order} < {_LATEST_EPOCH}")
        if self.dialect.name == "sqlite":
            readable = Sql(f"typeof({order}) IN ('integer', 'real')")
        if not stored_as_number:
            digits = self.dialect.digits(self.column)
            order = f"CASE WHEN {digits} THEN {self.dialect.number(self.column)} END"
            readable = Sql(digits)
        return self._made("number", moments, readable=readable, order=order, likely=readable)

    def sampled(self, sample: Sequence[Value], declared: object) -> TimeColumn:
        texts = [text for text in map(plain, sample) if text]
        zero = [text for text in texts if text.startswith(b"0000")]
        seen = {_kind(text, self.start.forms) for text in texts if text not in zero}
        found = seen - {None}
        if found == {_EPOCH} and not all(map(_NUMBER.match, zero)):
            found.add("zero dates")  # they say nothing by themselves, but are no numbers
        if len(found) > 1 or (seen and not found):
            raise self.drift("holds times of more than one form, or of a form not declared")
        usual = _EPOCH if self.start.type == "epoch" else self.start.forms[0]
        form = next(iter(found), None) or usual
        if form == _EPOCH:
            self.allow("epoch")
            whole = all(isinstance(value, int | float) for value in sample)
            affinity = isinstance(declared, kinds.Numeric | kinds.Integer)
            return self.number(sample, stored_as_number=whole and affinity)
        self.allow("text", "datetime" if self.dialect.name == "sqlite" else "text")
        readable = Sql(self.dialect.in_form(self.column, form))
        order = self.dialect.ordered_text(self.column)
        long_enough = Sql(
            f"LENGTH({self.dialect.quote(self.column)}) >= {len(_formed(_EARLIEST, form))}"
        )
        return self._made(
            "text",
            self._wall_moments(),
            readable=readable,
            order=order,
            text_form=form,
            likely=long_enough,
        )

    def _made(
        self,
        form: Literal["native", "number", "text"],
        moments: Moments,
        *,
        readable: Sql | None,
        likely: Sql | None,
        order: str = "",
        text_form: str = "",
        zoned: bool = False,
    ) -> TimeColumn:
        quoted = self.dialect.quote(self.column)
        return TimeColumn(
            dialect=self.dialect,
            column=self.column,
            order=order or quoted,
            readable=readable,
            likely=likely,
            form=form,
            text_form=text_form,
            zoned=zoned,
            moments=moments,
            referee=self.start.referee if moments.other is not None else None,
            direct=not order or order == quoted,
        )

    def _wall_moments(self) -> Moments:
        zone = self._zone()
        if self.start.referee is None:
            return Moments("wall", zone)
        own = zone.key == self.source_zone.key
        return Moments("wall", zone, ZoneInfo("UTC") if own else self.source_zone)

    def _zone(self) -> ZoneInfo:
        named = {"source": self.source_zone, "utc": ZoneInfo("UTC")}
        return named.get(self.start.zone) or ZoneInfo(self.start.zone)


_EPOCH = "epoch"


def _kind(text: bytes, forms: Sequence[str]) -> str | None:
    """What one stored value is; None for rubbish, which counts as undated."""
    if _NUMBER.match(text) and len(text.partition(b".")[0]) < 12:
        return _EPOCH
    return next((f for f in forms if _in_form(f).match(text)), None)


@cache
def _in_form(form: str) -> re.Pattern[bytes]:
    return re.compile(form_pattern(form).encode())


def _as_number(value: Value) -> Decimal:
    text = plain(value) or b"0"
    return Decimal(text.decode()) if _NUMBER.match(text) else Decimal(0)
