"""After how long does the product itself delete, where its database says so?

Its own deletion leaves no evidence. Where it is earlier than the policy, records are gone before
any report can name them.
"""
# ruff: noqa: S608  (identifiers are quoted by the dialect; values are never in the text)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Engine

from pbxretain.clues import Purge, StoredSetting
from pbxretain.errors import StoreError
from pbxretain.period import Period
from pbxretain.stores.database import Session, kind_of, session
from pbxretain.stores.dialects import all_of

_NUMBER = 6
"""Digits of a period; anything longer means for ever."""


@dataclass(frozen=True, slots=True)
class OwnPeriod:
    """What the product deletes by itself; ``period`` None where it can't be read."""

    data: str
    table: str
    period: Period | None


def own_periods(engine: Engine, declared: Sequence[Purge]) -> list[OwnPeriod]:
    """Every declared setting that is there and switched on, or that this login may not read.

    Raises UnavailableError."""
    asked = [(purge, purge.stored) for purge in declared if purge.stored]
    if not asked:
        return []
    with session(engine) as opened:
        return [found for purge, stored in asked for found in _read(opened, purge, stored)]


def _read(opened: Session, purge: Purge, stored: StoredSetting) -> Iterator[OwnPeriod]:
    if kind_of(opened, stored.table) is None:
        return
    dialect = opened.dialect
    same = [
        dialect.same(dialect.stored(column), value.encode())
        for column, value in stored.where.items()
    ]
    ask = f"SELECT {dialect.stored(stored.column)} FROM {dialect.table(stored.table)} WHERE "
    try:
        rows = opened.rows(ask + all_of(*same))
    except StoreError:
        opened.rollback()
        yield OwnPeriod(purge.data, stored.table, None)
        return
    for (value,) in rows:
        text = value.decode(errors="replace").strip() if isinstance(value, bytes) else ""
        if text.isdecimal() and len(text) < _NUMBER and int(text):
            try:
                yield OwnPeriod(purge.data, stored.table, Period(int(text), stored.unit))
            except ValueError:
                continue  # more than a century is never
