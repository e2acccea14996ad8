"""How does a file that somebody wrote become a value that can be trusted?

Settings, policies, holds and manifests are strict YAML (``strictyaml``), validated by a model. All
mistakes of one file are reported at once as ``file:line: path: reason``, in plain words and never
with a value, which could be a secret.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails, PydanticCustomError

from pbxretain.errors import DocumentError
from pbxretain.strictyaml import (
    MAX_BYTES,
    DocumentMistakes,
    Place,
    Problem,
    Tree,
    dotted,
    printable,
    read,
)

ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

DATA_CLASSES = (
    "call-detail-records",
    "call-events",
    "queue-logs",
    "call-recordings",
    "voicemail-messages",
    "voicemail-greetings",
    "fax-documents",
    "chat-messages",
    "transcripts",
    "call-quality",
    "audit-logs",
    "system-logs",
)
"""The closed list that policies and manifests share; other names begin with ``x-``."""


FACETS = (
    *("direction", "answered", "extension", "queue", "tenant", "department", "mailbox"),
    *("heard", "recorded"),
)
"""By what a rule may take a part of a data class; other names begin with ``x-``."""

YES_NO = frozenset({"answered", "heard", "recorded"})
"""Those of FACETS that are true or false, and nothing else."""


class Document(BaseModel):
    """Base of every model read from a file: frozen, strict, no unknown fields. Each is made ready
    when it is first read: a command meets few of them."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        hide_input_in_errors=True,
        defer_build=True,
    )


T = TypeVar("T", bound=Document)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[T]):
    """A validated document, with the digest of the very bytes that were read."""

    value: T
    digest: str
    path: Path


# --- field types that several documents share -------------------------------------------------


LONGEST_TEXT = 1000
"""Characters; what documents say goes into reports, which accept no more."""


def _text(value: object) -> object:
    # Lossless: only an integer that is written exactly as Python prints it was read as one.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def plain_text(value: object) -> object:
    """A value as one line of text. Raises ValueError for text that is none; what is no text at
    all comes back as it is."""
    value = _text(value)
    if isinstance(value, str) and not value.strip():
        raise ValueError("must not be empty")
    if isinstance(value, str) and not value.isprintable():
        raise ValueError("must be one line of printable text")
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise ValueError(f"must not be longer than {LONGEST_TEXT} characters")
    return value


def _day(value: object) -> object:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not ISO_DATE.fullmatch(value):
        raise ValueError("must be a date such as 2026-11-01")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("is not a day of the calendar") from None


_X_NAME = r"x-[a-z0-9][a-z0-9-]{0,58}"


def _data_class(value: object) -> object:
    if isinstance(value, str) and (value in DATA_CLASSES or re.fullmatch(_X_NAME, value)):
        return value
    raise ValueError(f"must be one of {', '.join(DATA_CLASSES)}, or a name that begins with x-")


def _facet(value: object) -> object:
    if isinstance(value, str) and (value in FACETS or re.fullmatch(_X_NAME, value)):
        return value
    raise ValueError(f"must be one of {', '.join(FACETS)}, or a name that begins with x-")


def _number(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"-?(0|[1-9][0-9]{0,14})\.[0-9]{1,15}", value):
        return float(value)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


_TEXT_SCHEMA = WithJsonSchema({"type": ["string", "integer"]})
Text = Annotated[str, BeforeValidator(plain_text), _TEXT_SCHEMA]
"""One line of text, not empty; ``800`` needs no quotes."""
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A calendar day, written 2026-11-01."""
Number = Annotated[float, BeforeValidator(_number), WithJsonSchema({"type": "number"})]
"""A number with an optional decimal point; the only place where one is read."""
DataClass = Annotated[
    str,
    BeforeValidator(_data_class),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": list(DATA_CLASSES)},
                {"type": "string", "pattern": f"^{_X_NAME}$"},
            ]
        }
    ),
]
"""A data class (DESIGN section 1)."""
FacetName = Annotated[
    str,
    BeforeValidator(_facet),
    WithJsonSchema(
        {"anyOf": [{"enum": list(FACETS)}, {"type": "string", "pattern": f"^{_X_NAME}$"}]}
    ),
]
"""A facet of a data class."""


def mistakes(found: Sequence[tuple[Place, str]]) -> PydanticCustomError:
    """What a model's own check raises to name several places at once, relative to the model."""
    return PydanticCustomError(
        "mistakes",
        "{summary}",
        {"summary": "; ".join(reason for _, reason in found), "found": list(found)},
    )


# --- reading ----------------------------------------------------------------------------------


def load(path: Path, model: type[T]) -> Loaded[T]:
    """Reads and validates one file.

    Raises DocumentError: the file is missing or can't be read, or (DocumentMistakes) has mistakes.
    """
    try:
        with path.open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise DocumentError(f"{printable(str(path))} is not a file")
            text = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise DocumentError(f"{printable(str(path))} does not exist") from None
    except IsADirectoryError:
        raise DocumentError(f"{printable(str(path))} is a folder, not a file") from None
    except PermissionError:
        raise DocumentError(f"{printable(str(path))} may not be read by this user") from None
    except (OSError, ValueError):
        raise DocumentError(f"{printable(str(path))} can't be read") from None
    return parse(text, str(path), model)


def parse(text: bytes, name: str, model: type[T], *, shipped: bool = False) -> Loaded[T]:
    """Validates a document in memory; ``name`` stands for the file in messages, ``shipped`` says
    that it came with pbxretain.

    Raises DocumentMistakes with every mistake found.
    """
    tree = read(text, name, shipped=shipped)
    problems = list(tree.problems)
    value: T | None = None
    try:
        # JSON mode, because there strictness still takes a list for a tuple and text for a path.
        value = model.model_validate_json(json.dumps(tree.value))
    except ValidationError as error:
        bad = tree.broken
        problems += [
            problem
            for path, problem in _explain(error.errors(include_url=False), tree)
            if not any(path[: len(b)] == b for b in bad)
        ]
    if problems or value is None:
        raise DocumentMistakes(name, sorted(set(problems))) from None
    return Loaded(value, "sha256:" + hashlib.sha256(text).hexdigest(), Path(name))


# --- explaining -------------------------------------------------------------------------------

_WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is not a known field",
    "string_type": "must be text; put it in quotes",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "set_type": "must be a list",
    "frozen_set_type": "must be a list",
    "dict_type": "must hold names with values (name: value)",
    "mapping_type": "must hold names with values (name: value)",
    "model_type": "must hold names with values (name: value)",
    "model_attributes_type": "must hold names with values (name: value)",
    "dataclass_type": "must hold names with values (name: value)",
    "none_required": "must be empty",
    "path_type": "must be a path",
    "date_type": "must be a date such as 2026-11-01",
    "date_from_datetime_parsing": "must be a date such as 2026-11-01",
    "date_parsing": "must be a date such as 2026-11-01",
    "string_too_short": "is too short",
    "string_too_long": "is too long",
    "too_short": "has too few entries",
    "too_long": "has too many entries",
    "string_pattern_mismatch": "has characters or a form that is not allowed here",
    "union_tag_not_found": "is missing the field that says what kind it is",
}
_SHAPE = frozenset(
    word
    for word in (*_WORDS, "literal_error", "enum", "is_instance_of")
    if word.endswith("_type") or word in ("none_required", "literal_error", "enum")
)


def _explain(errors: Sequence[ErrorDetails], tree: Tree) -> Iterator[tuple[Place, Problem]]:
    for path, reason in _merge_branches([_place(e, tree) for e in errors]):
        known = path
        while known not in tree.lines:
            known = known[:-1]
        yield path, Problem(tree.lines[known], dotted(path), reason)


@dataclass(frozen=True, slots=True)
class _Placed:
    path: Place
    fork: Place | None
    branch: str
    shape: bool
    reasons: tuple[tuple[Place, str], ...]


def _place(error: ErrorDetails, tree: Tree) -> _Placed:
    path, skipped = _align(error["loc"], (), tree, missing=error["type"] == "missing")
    fork, branch = skipped or (None, "")
    kind = error["type"]
    found = error.get("ctx", {}).get("found") if kind == "mistakes" else None
    reasons = (
        tuple((path + tuple(at), reason) for at, reason in found)
        if found
        else ((path, _reason(error)),)
    )
    return _Placed(path, fork, branch, kind in _SHAPE and path == fork, reasons)


_Skip = tuple[Place, str]


def _align(loc: Place, path: Place, tree: Tree, *, missing: bool) -> tuple[Place, _Skip | None]:
    """Maps pydantic's location, which also names branches of a union, to one in the file.

    Returns the place and the first branch that was skipped. A branch can have the name of a field
    (kind and field ``table``), so that both readings are tried and the likelier one wins.
    """
    if not loc:
        return path, None
    step, rest = loc[0], loc[1:]
    here = (*path, step)
    if missing and not rest and isinstance(tree.at(path), dict) and here not in tree.lines:
        return here, None
    taken = _align(rest, here, tree, missing=missing) if here in tree.lines else None
    if taken and taken[1] is None:
        return taken
    over, later = _align(rest, path, tree, missing=missing)
    skipped = (over, later if step == "[key]" else (path, str(step)))
    if taken is None:
        return skipped

    def likely(found: tuple[Place, _Skip | None]) -> tuple[bool, bool, int]:
        # What is missing stands nowhere in the file; what is wrong is named last.
        place = found[0]
        return missing and place not in tree.lines, place[-1:] == loc[-1:], len(place)

    return max(taken, skipped, key=likely)


def _merge_branches(placed: Sequence[_Placed]) -> Iterator[tuple[Place, str]]:
    """Of a union's branches only those are told whose shape the author evidently meant."""
    forks: dict[Place, list[_Placed]] = {}
    for item in placed:
        if item.fork is None:
            yield from item.reasons
        else:
            forks.setdefault(item.fork, []).append(item)
    for fork, items in forks.items():
        meant = {i.branch for i in items if not i.shape}
        if not meant:
            either = dict.fromkeys(reason for i in items for _, reason in i.reasons)
            first, *others = either
            yield fork, " or ".join([first, *(o.removeprefix("must be ") for o in others)])
        for item in items:
            if item.branch in meant and not item.shape:
                yield from item.reasons


def _reason(error: ErrorDetails) -> str:
    kind = error["type"]
    context = error.get("ctx", {})
    if kind == "value_error":
        return error["msg"].removeprefix("Value error, ")
    if kind in ("literal_error", "enum"):
        return "must be " + str(context.get("expected", "one of the allowed values")).replace(
            "'", ""
        )
    if kind == "union_tag_invalid":
        return "must be one of " + str(context.get("expected_tags", "")).replace("'", "")
    bounds = {
        "greater_than": ("gt", "must be more than"),
        "greater_than_equal": ("ge", "must be at least"),
        "less_than": ("lt", "must be less than"),
        "less_than_equal": ("le", "must be at most"),
    }
    if kind in bounds:
        key, words = bounds[kind]
        return f"{words} {context.get(key)}"
    if kind in _WORDS:
        return _WORDS[kind]
    return error["msg"] if kind not in ("assertion_error",) else "is not allowed"


# --- writing ----------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def dump(value: Mapping[str, object], *, header: str = "") -> str:
    """Plain values as YAML text that ``parse`` reads back as the same; ``header`` as comments."""
    body = yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=96,
    )
    comment = "".join(f"# {line}".rstrip() + "\n" for line in header.splitlines())
    return comment + body


def scalar(text: str) -> str:
    """One text as a YAML scalar that reads back as the same text, on one line."""
    plain = re.fullmatch(r"[A-Za-zÄÖÜäöüß][\w .()/-]*", text) and text == text.strip()
    if plain and text not in ("true", "false", "null"):
        return text
    return '"' + "".join(_escaped(c) for c in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else f"\\U{ord(character):08x}"


def json_schema(model: type[Document], *, title: str) -> dict[str, Any]:
    """The JSON Schema of a document, for editors and for the committed copy under docs."""
    schema = model.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": title,
    }
