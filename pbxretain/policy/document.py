"""How long may each kind of data stay, who decided that, and does the decision still stand?

The policy is the controller's document. It speaks of data classes only and knows no PBX. Its
approval covers everything but the approval itself, by a digest: a changed rule breaks it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

import rfc8785
from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from pbxretain import period
from pbxretain.documents import (
    YES_NO,
    DataClass,
    Day,
    Document,
    FacetName,
    Loaded,
    Text,
    load,
    mistakes,
    plain_text,
)
from pbxretain.errors import DocumentError
from pbxretain.period import Due, Period
from pbxretain.strictyaml import Place, printable

DEFAULT_SHARE = 20

_RESERVED = re.compile(r"^rule-[0-9]+$|(^|-)redact$")
"""Names that are made for rules without one and for their earlier stage."""

ApprovalState = Literal["approved", "missing", "broken"]

PolicyName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
_START_FORM = "[a-z][a-z0-9-]{0,62}"
StartName = Annotated[str, StringConstraints(pattern=f"^{_START_FORM}$")]
RuleName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]
BasisCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]


def _period(value: object) -> object:
    if isinstance(value, Period):
        return value
    return Period.parse(value if isinstance(value, str) else str(value))


def _keep(value: object) -> object:
    return value if value == "forever" else _period(value)


def _slack(value: object) -> object:
    found = _period(value)
    if isinstance(found, Period) and (found.year_end or found.unit not in ("day", "week")):
        raise ValueError("must be days or weeks, such as 7 days")
    return found


def _starts(value: object) -> object:
    """One start event where a list may stand. Mistakes are told here: of a list made out of one
    value no entry stands in the file."""
    names = tuple(value) if isinstance(value, list) else (value,)
    if any(not isinstance(name, str) for name in names):
        raise ValueError("must be text; put it in quotes")
    if any(not re.fullmatch(_START_FORM, str(name)) for name in names):
        raise ValueError("has characters or a form that is not allowed here")
    return names


def _facet_values(value: object) -> object:
    """One value where a list may stand; true and false as people write them."""
    values = value if isinstance(value, list) else [value]
    words = tuple(plain_text(str(v).lower() if isinstance(v, bool) else v) for v in values)
    if any(not isinstance(word, str) for word in words):
        raise ValueError("must be text; put it in quotes")
    if any(word != word.strip() for word in words if isinstance(word, str)):
        raise ValueError("must not begin or end with a blank")
    return words


def _bare(values: tuple[str, ...]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)


def _percent(value: object) -> object:
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdecimal():
        return int(value[:-1][:6])
    raise ValueError("must be a share such as 20%")


PERIOD_FORM = r"([1-9][0-9]* (day|week|month|year)s?|until end of year [+] [1-9][0-9]* years?)"
PeriodField = Annotated[
    Period,
    BeforeValidator(_period),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": f"^{PERIOD_FORM}$"}),
]
KeepField = Annotated[
    Period | Literal["forever"],
    BeforeValidator(_keep),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": f"^(forever|{PERIOD_FORM})$"}),
]
SlackField = Annotated[
    Period,
    BeforeValidator(_slack),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]* (day|week)s?$"}),
]
_START = {"type": "string", "pattern": f"^{_START_FORM}$"}
StartsField = Annotated[
    tuple[StartName, ...],
    BeforeValidator(_starts),
    Field(min_length=1),
    PlainSerializer(_bare),
    WithJsonSchema({"anyOf": [_START, {"type": "array", "items": _START, "minItems": 1}]}),
]
_FACET = {"type": ["string", "integer", "boolean"]}
FacetValues = Annotated[
    tuple[Text, ...],
    BeforeValidator(_facet_values),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [_FACET, {"type": "array", "items": _FACET, "minItems": 1}]}),
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


class Cut(Document):
    """Numbers keep all but their last ``cut`` digits."""

    cut: Annotated[int, Field(ge=1, le=15)]


class Redact(Document):
    """An earlier stage: names and free text are blanked, and numbers brought into this form.

    ``numbers``: emptied, replaced by a constant, by a keyed pseudonym, or cut by some digits.
    ``extensions``: numbers of at most so many digits are the house's own and stay; without it none
    does. ``key_for``: how long the key of pseudonyms lives; once it is destroyed, nobody can tell
    whose they were.
    """

    after: PeriodField
    numbers: Literal["blank", "constant", "pseudonym"] | Cut = Cut.model_construct(cut=3)
    extensions: Annotated[int, Field(ge=1, le=6)] | None = None
    key_for: PeriodField | None = None

    @model_validator(mode="after")
    def _keyed(self) -> Self:
        if (self.numbers == "pseudonym") != (self.key_for is not None):
            raise ValueError("key_for belongs to numbers: pseudonym, and that needs it")
        return self


class Override(Document):
    """Who decided, by function and on what ground, that a minimum goes before a shorter period."""

    by: Text
    ref: Text | None = None


class Rule(Document):
    """A data class, or with ``only`` a part of it: how long it stays at most (``keep``) and at
    least (``minimum``), counted from the first of ``starts`` (``from:`` in the file) that is known.

    Without ``starts`` the dataset's only start event counts. ``slack`` is how much earlier than
    ``keep`` says a record is due, so that a run is through before a legal maximum.
    """

    data: DataClass
    name: RuleName | None = None
    only: Annotated[dict[FacetName, FacetValues], Field(min_length=1)] | None = None
    keep: KeepField
    minimum: PeriodField | None = None
    slack: SlackField | None = None
    redact: Redact | None = None
    starts: StartsField | None = Field(default=None, alias="from")
    basis: Basis | Literal["undecided"]
    override: Override | None = None

    @property
    def forever(self) -> bool:
        return self.keep == "forever"

    @property
    def undecided(self) -> bool:
        return self.basis == "undecided"

    @property
    def fixed(self) -> bool:
        """Whether a record must stay for the whole period and go after it."""
        return self.minimum is not None and self.minimum == self.keep

    @property
    def start(self) -> str | None:
        """The first start event that counts; None for the dataset's only one."""
        return self.starts[0] if self.starts else None

    @property
    def fallback(self) -> tuple[str, ...]:
        """Start events that count where all before them are unknown."""
        return (self.starts or ())[1:]

    @property
    def facets(self) -> dict[str, frozenset[str]]:
        """What a record must have to fall under this rule; empty where it takes all the rest."""
        return {name: frozenset(values) for name, values in (self.only or {}).items()}

    def terms_at(self, *, now: datetime, zone: ZoneInfo) -> Due | None:
        """What is due for deletion at an aware ``now``; None where the class stays forever.

        The minimum wins over ``keep`` less ``slack``.
        """
        if not isinstance(self.keep, Period):
            return None
        return period.due(self.keep, now=now, zone=zone, slack=self.slack, minimum=self.minimum)

    def redacts_at(self, *, now: datetime, zone: ZoneInfo) -> Due | None:
        """What is due for the earlier stage; None where there is none. The minimum wins here too:
        it keeps records as they are."""
        if self.redact is None:
            return None
        return period.due(self.redact.after, now=now, zone=zone, minimum=self.minimum)

    def outlasts(self, other: Rule) -> bool:
        """Whether something under this rule can stay longer than what began on the same day under
        another."""
        if other.forever or self.forever:
            return not other.forever
        ends, theirs = self._ends(), other._ends()
        return any(all(end.exceeds(their) for their in theirs) for end in ends)

    def stays_beyond(self, age: Period) -> bool:
        """Whether something under this rule can be older than that."""
        return self.forever or any(end.exceeds(age) for end in self._ends())

    def _ends(self) -> list[Period]:
        found = [self.minimum] if self.minimum else []
        return [self.keep, *found] if isinstance(self.keep, Period) else found

    def mistakes(self) -> list[tuple[Place, str]]:
        """What can't hold together in this rule, each with its place."""
        found: list[tuple[Place, str]] = []
        minimum, keep, redact = self.minimum, self.keep, self.redact
        shorter = [
            (name, term)
            for name, term in (("redact.after", redact and redact.after), ("keep", keep))
            if minimum and isinstance(term, Period) and minimum.exceeds(term)
        ]
        if shorter and self.override is None:
            found.append(
                (
                    ("minimum",),
                    f"can end later than {shorter[-1][0]}, so both can't hold; shorten it, or "
                    "say who decided that it goes first: override: {by: FUNCTION}",
                )
            )
        elif shorter and self.undecided:
            found.append((("basis",), "must be decided where a minimum goes before keep"))
        elif self.override and not shorter:
            found.append((("override",), "says nothing: minimum doesn't end later than keep"))
        if self.slack and not isinstance(keep, Period):
            found.append((("slack",), "says nothing where keep is forever"))
        elif self.slack and isinstance(keep, Period) and not keep.always_exceeds(self.slack):
            found.append((("slack",), "must be shorter than keep"))
        if redact and isinstance(keep, Period) and not keep.always_exceeds(redact.after):
            found.append((("redact", "after"), "must end before keep does"))
        if self.starts and len(set(self.starts)) < len(self.starts):
            found.append((("from",), "names a start event twice"))
        found += [
            (("only", name), "must be true or false, in small letters")
            for name, values in self.facets.items()
            # Another word would match no record, and all would fall under the rules that follow.
            if name in YES_NO and not values <= {"true", "false"}
        ]
        return found


class Policy(Document):
    """A deletion policy."""

    policy: PolicyName
    version: Annotated[int, Field(ge=1)] = 1
    controller: Text | None = None
    approved: Approval | None = None
    decided_by: Text | None = None
    decided_on: Day | None = None
    review_by: Day | None = None
    limits: Limits = Limits.model_construct()
    rules: list[Rule] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        found: list[tuple[Place, str]] = []
        whole: set[str] = set()
        names: set[tuple[str, str]] = set()
        for index, rule in enumerate(self.rules):
            at = ("rules", index)
            if rule.only is None and rule.data in whole:
                found.append(((*at, "data"), "this data class has a rule already"))
            whole |= {rule.data} if rule.only is None else set()
            if rule.name and _RESERVED.search(rule.name):
                found.append(((*at, "name"), "must not be like rule-1 or end in redact"))
            elif rule.name and (rule.data, rule.name) in names:
                found.append(((*at, "name"), "another rule of this data class has this name"))
            names |= {(rule.data, rule.name)} if rule.name else set()
            found += [((*at, *place), reason) for place, reason in rule.mistakes()]
        if found:
            raise mistakes(found)
        return self

    def rules_for(self, data_class: str) -> tuple[Rule, ...]:
        """The rules of a data class in their order: the first that matches a record counts."""
        return tuple(rule for rule in self.rules if rule.data == data_class)

    def rule_for(self, data_class: str) -> Rule | None:
        """The rule for what no narrower rule of a data class takes; None when there is none, and
        such records stay forever."""
        return next((rule for rule in self.rules_for(data_class) if rule.only is None), None)

    def outlasts(self, data_class: str, other: str) -> bool:
        """Whether some record of one class can stay longer than one of another that began on the
        same day; False where one of them has no rule."""
        return any(
            mine.outlasts(theirs)
            for mine in self.rules_for(data_class)
            for theirs in self.rules_for(other)
        )

    def label(self, rule: Rule) -> str:
        """What a rule is called beside others of its class: its name, else ``rule-2`` by its
        place; empty for a nameless one that takes all the rest."""
        if rule.name or rule.only is None:
            return rule.name or ""
        same = self.rules_for(rule.data)
        return f"rule-{next(n for n, each in enumerate(same, start=1) if each is rule)}"

    def not_decided(self, offered: Sequence[str] = ()) -> list[str]:
        """Data classes with a rule whose basis is undecided, and those of which all or some
        records have no rule at all: offered ones, and those with narrow rules only."""
        undecided = [rule.data for rule in self.rules if rule.undecided]
        known = [*(rule.data for rule in self.rules), *offered]
        return list(
            dict.fromkeys(undecided + [data for data in known if self.rule_for(data) is None])
        )

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
