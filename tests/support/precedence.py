"""Which rule of precedence decides what becomes of a record? One table for test and page.

``ROWS`` is the table that people read, ``outcome`` applies it from top to bottom; the test asks the
engine for every combination of what the conditions speak of. ``make docs`` writes the page.
"""

# ruff: noqa: E501  (prose: a paragraph is one line)
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal, NamedTuple

PAGE = Path(__file__).resolve().parents[2] / "docs/explanation/precedence.md"

REDACT, SHORT, KEEP, LONG = 30, 90, 180, 365
"""Days: of the redaction stage, of a minimum before keep, of keep, of a minimum behind it."""

AGES = (10, 60, 120, 200, 400)
"""One on each side of each of those."""

Hold = Literal["none", "hold", "restriction", "both"]
Start = Literal["known", "fallback", "unknown"]
Facet = Literal["own", "other", "empty"]
HOLDS: tuple[Hold, ...] = ("none", "hold", "restriction", "both")
STARTS: tuple[Start, ...] = ("known", "fallback", "unknown")
FACETS: tuple[Facet, ...] = ("own", "other", "empty")


@dataclass(frozen=True, order=True)
class Rule:
    """What a rule of the policy says; ``minimum`` 0 for none."""

    forever: bool
    minimum: int
    redacts: bool
    falls_back: bool

    @property
    def name(self) -> str:
        words = ["forever" if self.forever else "keep"]
        words += [f"min{self.minimum}"] if self.minimum else []
        words += ["stage"] if self.redacts else []
        return "-".join([*words, *(["or"] if self.falls_back else [])])

    @property
    def yaml(self) -> str:
        """The rule in a policy; by its own queue."""
        keep = "forever" if self.forever else f"{KEEP} days"
        starts = "[ended, started]" if self.falls_back else "ended"
        parts = [f"name: {self.name}", f"only: {{queue: {self.name}}}", f"keep: {keep}"]
        parts += [f"from: {starts}", "basis: {code: necessity}"]
        if self.minimum:
            parts.append(f"minimum: {self.minimum} days")
        if self.redacts:
            parts.append(f"redact: {{after: {REDACT} days}}")
        if self.minimum and (self.redacts or (self.minimum > KEEP and not self.forever)):
            parts.append("override: {by: management}")
        return f"{{data: call-detail-records, {', '.join(parts)}}}"


RULES = tuple(
    Rule(*what) for what in product((False, True), (0, SHORT, LONG), (False, True), (False, True))
)
REST = Rule(forever=False, minimum=0, redacts=False, falls_back=False)
"""For whatever no rule before it wants: the last rule, without ``only``."""


@dataclass(frozen=True)
class Case:
    """One record: the rule that its queue names, and what is true of it."""

    rule: Rule
    hold: Hold
    age: int
    start: Start
    redacted: bool
    facet: Facet

    @property
    def applies(self) -> Rule:
        """First matching rule in order; an empty field matches none that asks for a value."""
        return self.rule if self.facet == "own" else REST

    @property
    def unknown(self) -> bool:
        """No start event that the rule names is known."""
        return self.start == "unknown" or (self.start == "fallback" and not self.applies.falls_back)

    @property
    def maximum_reached(self) -> bool:
        return not self.applies.forever and self.age > KEEP

    @property
    def redaction_reached(self) -> bool:
        return self.applies.redacts and self.age > REDACT and not self.redacted

    @property
    def minimum_reached(self) -> bool:
        return self.age > self.applies.minimum


class Row(NamedTuple):
    """One row of the table: the first whose condition holds decides."""

    says: str
    holds: Callable[[Case], bool]
    outcome: Literal["stays", "deleted", "redacted"]
    code: str


ROWS = (
    Row(
        "the rule says `keep: forever`, and has no redaction stage or the record is in redacted form already",
        lambda c: c.applies.forever and (c.redacted or not c.applies.redacts),
        "stays",
        "",
    ),
    Row(
        "no start event that the rule names is known, fallbacks included",
        lambda c: c.unknown,
        "stays",
        "START_UNKNOWN",
    ),
    Row(
        "neither `keep` nor the redaction stage is over, or the record is in redacted form already "
        "and only that stage is over",
        lambda c: not c.maximum_reached and not c.redaction_reached,
        "stays",
        "",
    ),
    Row(
        "a legal hold keeps it, with or without a restriction beside it",
        lambda c: c.hold in ("hold", "both"),
        "stays",
        "HELD",
    ),
    Row(
        "a restriction (Art. 18 GDPR) alone keeps it",
        lambda c: c.hold == "restriction",
        "stays",
        "RESTRICTED",
    ),
    Row(
        "`minimum` isn't over, whatever `keep` and the redaction stage say",
        lambda c: not c.minimum_reached,
        "stays",
        "MIN_RETENTION",
    ),
    Row("`keep` is over", lambda c: c.maximum_reached, "deleted", ""),
    Row("the redaction stage is over", lambda c: c.redaction_reached, "redacted", ""),
)


def decides(case: Case) -> Row:
    """The first row that holds."""
    return next(row for row in ROWS if row.holds(case))


def cases() -> Iterator[Case]:
    """Every combination."""
    for what in product(RULES, HOLDS, AGES, STARTS, (False, True), FACETS):
        yield Case(*what)


# --- the page -----------------------------------------------------------------------------------

_HEAD = """# What goes first: hold, minimum, maximum

This page is for you if you want to know why a record stayed or went. It is made from the table that the tests play through the engine: every combination of hold, restriction, minimum, maximum, start event, redaction stage and facet, {count} in all.

## Which rule a record falls under

The first rule in the policy's order whose `only` fits decides alone; later ones and their periods say nothing about the record. A field without a value fits no rule that asks for one. The rule without `only` takes the rest. Where a version of the product lacks the column that a rule goes by, nobody can tell: such a record goes only when it is due under every rule of its class.

## What becomes of it

The first line that is true decides.

| | If | it | Code |
|---|---|---|---|
"""

_MATRIX = """
## The same, by age

Rules with `keep: {keep} days` or `forever`, with or without a minimum and a redaction stage after {redact} days; records with a known start event, in their original form, that no hold keeps.

"""


def page() -> str:
    """docs/explanation/precedence.md."""
    text = _HEAD.format(count=f"{sum(1 for _ in cases()):,}")
    for number, row in enumerate(ROWS, start=1):
        text += (
            f"| {number} | {row.says} | {_said(row)} | {f'`{row.code}`' if row.code else '-'} |\n"
        )
    text += _MATRIX.format(keep=KEEP, redact=REDACT)
    text += _matrix("none")
    text += "\nThe same records under a legal hold (under a restriction alone: `RESTRICTED`):\n\n"
    return text + _matrix("hold") + _TAIL


_TAIL = """
A call goes whole or not at all: where one leg stays by any of these lines, or by the rule of another leg, the whole call stays (`STRADDLING`). How the lines are counted in a report stands in [the reference](../reference/report.md); each code has its sentence [there](../reference/codes.md).
"""


def _said(row: Row) -> str:
    return {"stays": "stays", "deleted": "is deleted", "redacted": "is redacted"}[row.outcome]


def _matrix(hold: Hold) -> str:
    lines = ["| Rule | " + " | ".join(f"{age} days old" for age in AGES) + " |"]
    lines.append("|---|" + "---|" * len(AGES))
    for rule in RULES:
        if rule.falls_back:
            continue
        cells = []
        for age in AGES:
            row = decides(Case(rule, hold, age, "known", redacted=False, facet="own"))
            cells.append(f"`{row.code}`" if row.code else row.outcome)
        lines.append(f"| {_told(rule)} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _told(rule: Rule) -> str:
    parts = ["`keep: forever`" if rule.forever else f"`keep: {KEEP} days`"]
    parts += [f"`minimum: {rule.minimum} days`"] if rule.minimum else []
    parts += [f"`redact: {{after: {REDACT} days}}`"] if rule.redacts else []
    return ", ".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
