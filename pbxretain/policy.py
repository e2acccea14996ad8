"""How long may each kind of data stay, who decided that, and does the decision still stand?

The policy is the controller's document. It speaks of data classes only and knows no PBX. Its
approval covers everything but the approval itself, by a digest: a changed rule breaks it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import rfc8785
import yaml
from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from pbxretain.documents import (
    DataClass,
    Day,
    Document,
    Loaded,
    Text,
    load,
    mistakes,
    parse,
    scalar,
)
from pbxretain.errors import DocumentError
from pbxretain.period import Period
from pbxretain.posix import write_synced
from pbxretain.strictyaml import Place, printable

DEFAULT_SHARE = 20

ApprovalState = Literal["approved", "missing", "broken"]

PolicyName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
StartName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
BasisCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]


def _period(value: object) -> object:
    if isinstance(value, Period):
        return value
    return Period.parse(value if isinstance(value, str) else str(value))


def _keep(value: object) -> object:
    return value if value == "forever" else _period(value)


def _percent(value: object) -> object:
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdecimal():
        return int(value[:-1][:6])
    raise ValueError("must be a share such as 20%")


_PERIOD_FORM = r"[1-9][0-9]* (day|week|month|year)s?"
PeriodField = Annotated[
    Period,
    BeforeValidator(_period),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": f"^{_PERIOD_FORM}$"}),
]
KeepField = Annotated[
    Period | Literal["forever"],
    BeforeValidator(_keep),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": f"^(forever|{_PERIOD_FORM})$"}),
]
ShareField = Annotated[
    int,
    BeforeValidator(_percent),
    Field(ge=1, le=100),
    PlainSerializer(lambda percent: f"{percent}%"),
    WithJsonSchema({"type": "string", "pattern": "^([1-9][0-9]?|100)%$"}),
]


class Approval(Document):
    """Who approved the policy, by function, when, on what ground, and what exactly."""

    by: Text
    on: Day
    ref: Text | None = None
    digest: Digest


class Limits(Document):
    """How much one run may delete before a person has to look.

    ``share`` is in percent of a dataset, 1 to 100; ``count`` a number of records, none by default.
    """

    share: ShareField = Field(default_factory=lambda: DEFAULT_SHARE)
    count: Annotated[int, Field(ge=1)] | None = None

    @property
    def fraction(self) -> Fraction:
        """The share as an exact fraction of one."""
        return Fraction(self.share, 100)


class Basis(Document):
    """Why the period is what it is: a code of the catalogue, and words of the controller."""

    code: BasisCode
    text: Text | None = None


class Rule(Document):
    """One data class: how long it stays at most (``keep``) and at least (``minimum``).

    ``start`` (``from:`` in the file) names the start event; without one the dataset's first.
    """

    data: DataClass
    keep: KeepField
    minimum: PeriodField | None = None
    start: StartName | None = Field(default=None, alias="from")
    basis: Basis | Literal["undecided"]
    only: dict[StartName, list[Text]] | None = None

    @property
    def forever(self) -> bool:
        return self.keep == "forever"

    @property
    def undecided(self) -> bool:
        return self.basis == "undecided"


class Policy(Document):
    """A deletion policy."""

    policy: PolicyName
    version: Annotated[int, Field(ge=1)] = 1
    controller: Text | None = None
    approved: Approval | None = None
    limits: Limits = Limits()
    rules: list[Rule] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        found: list[tuple[Place, str]] = []
        seen: dict[str, int] = {}
        for index, rule in enumerate(self.rules):
            at = ("rules", index)
            if rule.only is not None:
                found.append(((*at, "only"), "rules for a part of a data class: not supported yet"))
            elif rule.data in seen:
                found.append(((*at, "data"), "this data class has a rule already"))
            seen.setdefault(rule.data, index)
            if rule.minimum and isinstance(rule.keep, Period) and rule.minimum.exceeds(rule.keep):
                found.append(((*at, "minimum"), "can end later than keep, so both can't hold"))
        if found:
            raise mistakes(found)
        return self

    def rule_for(self, data_class: str) -> Rule | None:
        """The rule of a data class; None when the policy says nothing about it."""
        return next((rule for rule in self.rules if rule.data == data_class), None)

    def not_decided(self, offered: Sequence[str] = ()) -> list[str]:
        """Data classes whose basis is undecided, and those offered that have no rule at all."""
        undecided = [rule.data for rule in self.rules if rule.undecided]
        return undecided + [data for data in offered if self.rule_for(data) is None]

    def digest(self) -> str:
        """SHA-256 over RFC 8785 JSON of all that was decided: everything but ``approved``."""
        decided: dict[str, Any] = self.model_dump(
            mode="json", by_alias=True, exclude_unset=True, exclude={"approved"}
        )
        return "sha256:" + hashlib.sha256(rfc8785.dumps(decided)).hexdigest()


def approval_state(policy: Policy) -> ApprovalState:
    """Whether the policy is approved in the form in which it stands there."""
    if policy.approved is None:
        return "missing"
    return "approved" if policy.approved.digest == policy.digest() else "broken"


# --- where policies are -----------------------------------------------------------------------


def policy_path(folder: Path, name: str) -> Path:
    """The file of a policy; ``name`` comes from checked settings or is checked by the caller."""
    return folder / f"{name}.yaml"


def load_policy(path: Path) -> Loaded[Policy]:
    """Reads a policy. Raises DocumentError, also when its name isn't that of its file."""
    loaded = load(path, Policy)
    if loaded.value.policy != path.stem:
        raise DocumentError(
            f"{printable(str(path))} holds a policy of another name",
            hint=f"policy: {printable(path.stem)}",
        )
    return loaded


# --- changing a policy file, comments kept ----------------------------------------------------


def approve(path: Path, *, by: str, ref: str | None, today: date) -> Policy:
    """Writes ``approved`` with the digest of the rules into a policy file and returns the policy.

    Only that line changes: comments, mode and owner stay, and the file is replaced atomically.
    ``by`` is a function (management, works council), never a person's name. Raises DocumentError.
    """
    before = load_policy(path)
    file = path.resolve()
    try:
        text = file.read_bytes().decode("utf-8")
        status = file.stat()
    except (OSError, UnicodeDecodeError):
        raise DocumentError(f"{printable(str(path))} can't be read") from None
    parts = [f"by: {_quoted(by)}", f"on: {today.isoformat()}"]
    parts += [f"ref: {_quoted(ref)}"] if ref else []
    parts += [f'digest: "{before.value.digest()}"']
    changed = set_scalar(text, "approved", "{" + ", ".join(parts) + "}")
    after = parse(changed.encode(), str(path), Policy).value
    told = after.approved and (after.approved.by, after.approved.ref, after.approved.on)
    if approval_state(after) != "approved" or told != (by, ref or None, today):
        raise DocumentError(f"{printable(str(path))} has a form in which approval can't be written")
    try:
        write_synced(file, changed.encode(), status.st_mode & 0o7777)
        if os.name == "posix" and (status.st_uid, status.st_gid) != _owner(file):
            with suppress(PermissionError):
                os.chown(file, status.st_uid, status.st_gid)
    except OSError:
        raise DocumentError(f"{printable(str(path))} can't be written") from None
    return after


def _owner(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_uid, status.st_gid


def _quoted(text: str) -> str:
    """A scalar that is safe inside braces as well."""
    shown = scalar(text)
    return shown if shown.startswith('"') or not set(shown) & set(",[]{}:#") else f'"{shown}"'


# Names at the top of a policy in the order in which people write them.
_ORDER = ("policy", "version", "controller", "approved", "limits", "rules")


def set_scalar(text: str, key: str, value: str) -> str:
    """Replaces the value of a name at the top of a document, or adds it at its usual place."""
    places = _top_level(text)
    if key in places:
        _, start, end = places[key]
        before = text[:start]
        # A comment behind the name keeps its line, and the value stays below it.
        if "#" not in before.rstrip().rpartition("\n")[2]:
            before = before.rstrip()
        space = "" if before[-1:] in (" ", "\t") else " "
        return before + space + value + text[end:]
    earlier = [name for name in _ORDER[: _ORDER.index(key)] if name in places]
    if not earlier:
        raise DocumentError("The document has no policy name")
    column, _, end = places[earlier[-1]]
    line_end = end if text[end - 1 : end] == "\n" else text.find("\n", end)
    newline = "\r\n" if "\r\n" in text else "\n"
    if line_end < 0:
        return text + newline + " " * column + f"{key}: {value}" + newline
    cut = line_end if text[end - 1 : end] == "\n" else line_end + 1
    return text[:cut] + " " * column + f"{key}: {value}" + newline + text[cut:]


def _top_level(text: str) -> dict[str, tuple[int, int, int]]:
    """For each name at the top of a document: its column, and where its value begins and ends.

    A block's own end mark lies behind the comments that follow it, so the end of the last thing
    inside counts instead.
    """
    places: dict[str, tuple[int, int, int]] = {}
    depth = 0
    key: str | None = None
    column = start = end = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        first, last = event.start_mark, event.end_mark
        if first is None or last is None:
            continue
        if isinstance(event, yaml.MappingStartEvent) and depth == 0 and event.flow_style:
            raise DocumentError(
                "The document must have one name on each line, without outer braces"
            )
        closing = isinstance(event, yaml.CollectionEndEvent)
        if depth == 1 and key is None and isinstance(event, yaml.ScalarEvent):
            key, column, start = event.value, first.column, -1
            continue
        depth -= closing
        if key is not None:
            start = first.index if start < 0 else start
            if not closing or last.index > first.index:
                end = last.index
            if depth == 1 and not isinstance(event, yaml.CollectionStartEvent):
                places[key], key = (column, start, end), None
        depth += isinstance(event, yaml.CollectionStartEvent)
    return places
