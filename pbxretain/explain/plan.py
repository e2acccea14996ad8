"""What would a run delete, in words?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pbxretain.evidence.statements import Plan, PlannedDataset
from pbxretain.explain import parts
from pbxretain.explain.parts import Seal, column, data_class, day_or_none
from pbxretain.messages import Lang, counted, number, text
from pbxretain.sheet import Block, Heading, Paragraph, Table, Verdict

_PLANNED = ("due", "held", "minimum", "straddling", "kept_for_part", "undated", "future")


def planned(plan: Plan, lang: Lang, *, seal: Seal | None = None) -> Iterator[Block]:
    """The blocks of a dry run."""
    due = sum(item.due for item in plan.datasets)
    redacted = sum(item.due for item in plan.datasets if item.rule.action == "redact")
    key = f"plan.result.{'both' if redacted else 'due' if due else 'none'}"
    yield Heading(text("plan.title", lang, source=plan.source), 1)
    counts = {
        "due": counted(due, lang),
        "deleted": counted(due - redacted, lang),
        "redacted": counted(redacted, lang),
    }
    yield Verdict(text(key, lang, **counts), text("plan.kind", lang))
    yield Paragraph(text("report.terms", lang))
    yield Heading(text("plan.datasets", lang))
    yield planned_table(plan.datasets, lang, zone=plan.timezone)
    yield from parts.who(plan, lang)
    yield from parts.rules(plan, plan.datasets, lang, zone=plan.timezone)
    found = [(d.dataset, f.code, f.count) for d in plan.datasets for f in d.findings]
    found += [(d.dataset, "SHARE_LIMIT", d.due) for d in plan.datasets if d.over_limit]
    yield Heading(text("report.exceptions", lang))
    yield from parts.findings(dict.fromkeys(found), plan, lang)
    yield from parts.copies(plan, lang)
    if seal is not None:
        yield Heading(text("report.evidence", lang))
        yield parts.key_value([*parts.identity(plan, seal), parts.program(plan)], lang)
        yield Paragraph(text("plan.how-to-check", lang))
    yield from parts.privacy(plan, lang)
    yield from parts.glossary(plan, lang)


def planned_table(datasets: Sequence[PlannedDataset], lang: Lang, *, zone: str) -> Table:
    """One row a dataset: rule, cut-off date, counts, oldest."""
    names = [n for n in _PLANNED if n == "due" or any(getattr(d, n) for d in datasets)]
    columns = (
        column("data", lang),
        column("dataset", lang),
        column("keep", lang),
        column("cutoff", lang),
        column("total", lang, "right"),
        *(column(name, lang, "right") for name in names),
        column("oldest", lang),
    )
    rows = tuple(
        (
            data_class(item.data_class, lang),
            parts.dataset(item, lang),
            parts.bounds(item.rule, lang),
            parts.cutoff(item.rule, lang, zone=zone),
            parts.total(item.total, lang),
            *(number(getattr(item, name), lang) for name in names),
            day_or_none(item.oldest, lang),
        )
        for item in datasets
    )
    return Table(columns, rows)
