"""By what does a dataset's manifest tell a record's facets, which rules of a policy go by?"""

from __future__ import annotations

from typing import Annotated, Self, TypeVar

from pydantic import Field, model_validator

from pbxretain.clues import Identifier
from pbxretain.documents import YES_NO, Document, Text
from pbxretain.forms import PartPattern


class Values(Document):
    """What the stored values mean. Without ``values`` they are compared as they stand."""

    values: dict[Text, list[str]] = {}
    otherwise: Text | None = None
    """What any other stored value means. No value at all means nothing."""

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        stored = [value for values in self.values.values() for value in values]
        if len(stored) != len(set(stored)):
            raise ValueError("a stored value can mean one thing only")
        if self.otherwise is not None and not self.values:
            raise ValueError("otherwise needs values")
        return self

    def means(self, stored: str) -> str | None:
        """What a stored value means; None where it means nothing."""
        if not self.values:
            return stored
        return next((m for m, known in self.values.items() if stored in known), self.otherwise)


_Told = TypeVar("_Told", bound=Values)


def told_in_words(facets: dict[str, _Told]) -> dict[str, _Told]:
    """A facet that is true or false has to say so: a rule asks for nothing else."""
    for name in sorted(YES_NO & facets.keys()):
        facet = facets[name]
        words = {*facet.values, *([facet.otherwise] if facet.otherwise is not None else [])}
        if not getattr(facet, "rows", False) and not (words and words <= {"true", "false"}):
            raise ValueError(f"{name}: values must say which stored ones mean true, which false")
    return facets


class TableFacet(Values):
    """A facet that columns tell: of several, each may."""

    column: Identifier | None = None
    columns: list[Identifier] = []

    @model_validator(mode="after")
    def _some(self) -> Self:
        if bool(self.column) == bool(self.columns):
            raise ValueError("name either column or columns")
        return self

    @property
    def all_columns(self) -> list[str]:
        return [self.column] if self.column else list(self.columns)


class TreeFacet(Values):
    """A facet that a file's name tells, less its extension, by the group ``facet`` of the first
    pattern that fits, or with ``rows`` the row that names the file; else nobody can tell it."""

    names: list[PartPattern] = []
    rows: bool = False

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.names) == self.rows:
            raise ValueError("name either names or rows")
        if self.rows and self.values:
            raise ValueError("what values mean is said where the rows are declared")
        if any("{facet}" not in name for name in self.names):
            raise ValueError("each name needs the group {facet}")
        return self


class LineFacet(Values):
    """A facet that fields of a line tell (0 is the first)."""

    field: int | None = Field(default=None, ge=0)
    fields: list[Annotated[int, Field(ge=0)]] = []

    @model_validator(mode="after")
    def _some(self) -> Self:
        if (self.field is None) == (not self.fields):
            raise ValueError("name either field or fields")
        return self

    @property
    def all_fields(self) -> list[int]:
        return list(self.fields) if self.field is None else [self.field]
