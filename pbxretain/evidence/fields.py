"""Of what kinds of values is a signed statement made?

The allow list's alphabet: codes, counts, dates, digests, names from documents. There is no kind
into which text from a telephone system would fit; free text comes from settings, policy, manifest
and the person who signs.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.types import StringConstraints
from pydantic_core import PydanticCustomError

T = TypeVar("T")
_INSTANT = "%Y-%m-%dT%H:%M:%SZ"


def instant(moment: datetime) -> str:
    """An aware time as a statement writes it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime(_INSTANT)


def moment(text: str) -> datetime:
    """The aware UTC time of an ``Instant``."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _real_instant(text: str) -> str:
    if instant(moment(text)) != text:
        raise ValueError("not an instant")
    return text


def _real_day(text: str) -> str:
    if date.fromisoformat(text).isoformat() != text:
        raise ValueError("not a day")
    return text


def _matching(pattern: str, *, longest: int | None = None) -> StringConstraints:
    return StringConstraints(pattern=rf"^{pattern}\z", max_length=longest)


Count = Annotated[int, Field(ge=0, lt=2**53)]
Name = Annotated[str, _matching(r"[a-z0-9][a-z0-9_-]{0,62}")]
Code = Annotated[str, _matching(r"[A-Z][A-Z0-9_]{1,63}")]
Basis = Annotated[str, _matching(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")]
Text = Annotated[str, _matching(r"[^\x00-\x1f\x7f\u2028\u2029]*", longest=1000)]
Instant = Annotated[
    str, _matching(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), AfterValidator(_real_instant)
]
Day = Annotated[str, _matching(r"\d{4}-\d\d-\d\d"), AfterValidator(_real_day)]
Hex = Annotated[str, _matching(r"[0-9a-f]{64}")]
DocumentDigest = Annotated[str, _matching(r"sha256:[0-9a-f]{64}")]
Uuid = Annotated[str, _matching(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
FileName = Annotated[str, _matching(r"[0-9a-f]{64}\.bin")]
Keep = Annotated[str, _matching(r"(forever|(end-of-year\+)?P\d{1,5}[DWMY])")]
Version = Annotated[str, _matching(r"[0-9A-Za-z][0-9A-Za-z.+-]{0,63}")]
Zone = Annotated[str, _matching(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,3}")]


class Model(BaseModel):
    """Base of every statement and its parts. Each is made ready when it is first read or written:
    a command meets few of them. Defaults are constructed: validating one would be a use."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, defer_build=True
    )


def require(model: T, *conditions: bool) -> T:
    if not all(conditions):
        raise PydanticCustomError("contradiction", "the figures contradict each other")
    return model
