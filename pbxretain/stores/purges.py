"""After how long does the product itself delete, where a database says so?

Its own deletion leaves no evidence. Where it is earlier than the policy, records are gone before
any report can name them.
"""
# ruff: noqa: S608  (identifiers are quoted by the dialect; values are never in the text)

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import Engine

from pbxretain.clues import StoredSetting
from pbxretain.errors import StoreError, UnavailableError
from pbxretain.stores.database import Session, connect, kind_of, session
from pbxretain.stores.dialects import all_of


@dataclass(frozen=True, slots=True)
class StoredValues:
    """What stands in one setting's rows, NULL left out; ``missing`` where the table isn't there,
    ``unseen`` where nobody lets us look."""

    values: tuple[str, ...] = ()
    missing: bool = False
    unseen: bool = False


UNSEEN = StoredValues(unseen=True)


def filed_values(path: Path, setting: StoredSetting) -> StoredValues:
    """What a setting in a SQLite file says."""
    if not path.is_file():
        return UNSEEN
    engine = connect(f"sqlite:///{path}")
    try:
        return stored_values(engine, setting)
    except UnavailableError:
        return UNSEEN
    finally:
        engine.dispose()


def stored_values(engine: Engine, setting: StoredSetting) -> StoredValues:
    """What a setting in a database says. Raises UnavailableError."""
    with session(engine) as opened:
        if kind_of(opened, setting.table) is None:
            return StoredValues(missing=True)
        try:
            return StoredValues(tuple(_values(opened, setting)))
        except StoreError:
            opened.rollback()
            return UNSEEN


def _values(opened: Session, setting: StoredSetting) -> list[str]:
    dialect = opened.dialect
    ask = f"SELECT {dialect.stored(setting.column)} FROM {dialect.table(setting.table)}"
    same = [
        dialect.same(dialect.stored(column), value.encode())
        for column, value in setting.where.items()
    ]
    found = [row[0] for row in opened.rows(ask + " WHERE " + all_of(*same))]
    return [v.decode(errors="replace").strip() for v in found if isinstance(v, bytes)]
