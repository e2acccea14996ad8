"""What do reports and dry runs have in common, in words?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from zoneinfo import ZoneInfo

from pbxretain.evidence.fields import moment
from pbxretain.evidence.statements import (
    Account,
    Dataset,
    DeletionReport,
    PlannedDataset,
    Policy,
    Rule,
    Total,
)
from pbxretain.messages import Lang, code, day, known, number, period, text
from pbxretain.period import Period
from pbxretain.sheet import Block, Column, Heading, Items, KeyValue, Paragraph, Table
from pbxretain.signing import fingerprint

_YEAR_END = "end-of-year+"


@dataclass(frozen=True, slots=True)
class Seal:
    """What is known of a statement's envelope: its digest and the key that signed it."""

    digest: str
    keyid: str


def data_class(name: str, lang: Lang) -> str:
    """The name of a data class in words; an ``x-`` class as it stands."""
    return code("data", name, lang)


def dataset(item: Dataset | PlannedDataset, lang: Lang) -> str:
    """A dataset by its name; where several rules share it, with the rule whose share it is."""
    if item.of is None:
        return item.dataset
    rule, redacts = item.rule.name, item.rule.action == "redact"
    form = "both" if rule and redacts else "rule" if rule else "redact" if redacts else "rest"
    return text(f"report.share.{form}", lang, dataset=item.of, rule=rule)


def dataset_names(datasets: Iterable[Dataset | PlannedDataset], lang: Lang) -> dict[str, str]:
    """How to call each of them, by the name that it has in the statement."""
    return {item.dataset: dataset(item, lang) for item in datasets}


def keep(iso: str, lang: Lang) -> str:
    """``P90D`` as ``90 days``."""
    if iso.startswith(_YEAR_END):
        return text("report.keep.end-of-year", lang, keep=keep(iso.removeprefix(_YEAR_END), lang))
    units = {"D": "day", "W": "week", "M": "month", "Y": "year"}
    if iso.startswith("P") and iso[1:-1].isdigit() and iso[-1:] in units:
        return period(str(Period(int(iso[1:-1]), units[iso[-1]])), lang)  # type: ignore[arg-type]
    return period(iso, lang)


def bounds(rule: Rule, lang: Lang) -> str:
    """How long a record stays at most, and where there is a minimum, at least."""
    most, least = keep(rule.keep, lang), rule.minimum
    if least is None:
        return most
    if least == rule.keep:
        return text("report.keep.fixed", lang, keep=most)
    return text("report.keep.least", lang, keep=most, least=keep(least, lang))


# --- what reports and dry runs share ----------------------------------------------------------


def who(what: Account, lang: Lang) -> Iterator[Block]:
    connector = what.tool.connector
    form = "code" if connector.contains_code else "plain"
    yield Heading(text("report.who", lang))
    yield key_value(
        [
            ("controller", what.controller or text("not-stated", lang)),
            ("source", what.source),
            ("activity", what.processing_activity or text("not-stated", lang)),
            ("dpia", what.dpia_ref or text("not-stated", lang)),
            ("connector", text(f"report.connector.{form}", lang, name=connector.name)),
            ("connector.digest", connector.digest),
        ],
        lang,
    )
    if not connector.tried:
        key = "report.untried" if connector.accept_untried else "report.untried.refused"
        yield Paragraph(text(key, lang))


def rules(
    what: Account, datasets: Sequence[Dataset | PlannedDataset], lang: Lang, *, zone: str
) -> Iterator[Block]:
    policy, limits = what.policy, what.limits
    share = limits.share
    pairs = [
        ("policy", text("report.policy.value", lang, name=policy.name, version=policy.version)),
        ("policy.digest", policy.digest),
        ("approval", _approval(policy, lang)),
        ("signed", "\n".join(map(fingerprint, policy.signed_by))),
        ("consulted", _consulted(policy, lang)),
        ("limit.share", text("report.limit.share.value", lang, share=share) if share else ""),
        ("limit.count", number(limits.count, lang) if limits.count else ""),
        ("limit.confirmed", number(limits.confirmed, lang) if limits.confirmed else ""),
    ]
    yield Heading(text("report.rules", lang))
    yield key_value(pairs, lang)
    rows = dict.fromkeys(_rule(d, lang, zone=zone) for d in datasets)
    if rows:
        columns = tuple(column(name, lang) for name in _RULE)
        yield _without_empty(Table(columns, tuple(rows)))
    if any(d.rule.only for d in datasets):
        yield Paragraph(text("report.rules.only", lang), "note")


_RULE = (*("data", "rule", "only", "action", "class", "keep", "least", "start", "cutoff", "basis"),)


def _approval(policy: Policy, lang: Lang) -> str:
    if not policy.approved:
        return text("report.approved.not", lang)
    if policy.approved_by is None or policy.approved_on is None:
        return text("report.approved", lang)
    on = day(date.fromisoformat(policy.approved_on), lang)
    return text("report.approved.by", lang, by=policy.approved_by, on=on)


def _consulted(policy: Policy, lang: Lang) -> str:
    known = {True: "report.consulted.yes", False: "report.consulted.no"}
    return text(known[policy.consulted], lang) if policy.consulted is not None else ""


def _rule(item: Dataset | PlannedDataset, lang: Lang, *, zone: str) -> tuple[str, ...]:
    rule = item.rule
    start = code("start", rule.start_event or "", lang)
    for other in rule.fallback:
        then = code("start", other, lang)
        start = text("report.start.fallback", lang, first=start, then=then)
    return (
        data_class(item.data_class, lang),
        rule.name or "",
        ", ".join(code("facet", name, lang) for name in rule.only),
        text("report.action.redact", lang) if rule.action == "redact" else "",
        f"{start} + {keep(rule.keep, lang)}" if rule.cutoff else "",
        keep(rule.keep, lang),
        keep(rule.minimum, lang) if rule.minimum else "",
        start,
        cutoff(rule, lang, zone=zone),
        code("basis", rule.basis, lang),
    )


def findings(found: Iterable[tuple[str, str, int]], what: Account, lang: Lang) -> Iterator[Block]:
    """What was found, in sentences, undecided classes and uncovered datasets with it."""
    called = dataset_names(what.datasets, lang)
    lines = [
        text(
            "report.exceptions.item",
            lang,
            where=called.get(where, where),
            what=_sentence(name, lang),
            n=n,
        )
        for where, name, n in found
    ]
    lines += [
        text(
            "report.exceptions.plain",
            lang,
            where=data_class(name, lang),
            what=text("code.NOT_DECIDED", lang),
        )
        for name in what.policy.not_decided
    ]
    lines += [text("report.not-covered", lang, dataset=name) for name in what.not_covered]
    none = "report.exceptions.none" if what.datasets else "report.results.uncounted"
    yield Items(tuple(lines)) if lines else Paragraph(text(none, lang))


def _sentence(name: str, lang: Lang) -> str:
    # The code stays visible where there are no words for it, and only there.
    return text(f"code.{name}", lang) if known("code", name) else f"{name}."


def copies(what: Account, lang: Lang) -> Iterator[Block]:
    yield Heading(text("report.copies", lang))
    if not what.copies_out_of_reach:
        yield Paragraph(text("report.copies.none", lang))
        return
    yield Paragraph(text("report.copies.intro", lang))
    copies = what.copies_out_of_reach
    yield Items(tuple(c.text.get(lang) or next(iter(c.text.values()), c.code) for c in copies))


def identity(what: Account, seal: Seal | None) -> list[tuple[str, str]]:
    """What tells this statement from any other."""
    pairs = [("id", what.report_id)]
    if seal is not None:
        pairs += [("digest", seal.digest), ("fingerprint", fingerprint(seal.keyid))]
    return [*pairs, ("installation", what.installation)]


def program(what: Account) -> tuple[str, str]:
    """Which program it was."""
    return ("tool", f"{what.tool.name} {what.tool.version}, Python {what.tool.python}")


def mark(seal: Seal | None, lang: Lang) -> str:
    """What stands at the foot of each page, so that pages and file can be told to belong."""
    return text("report.mark", lang, digest=fingerprint(seal.digest)) if seal else ""


def privacy(what: Account, lang: Lang) -> Iterator[Block]:
    """What the document doesn't hold, and when the rest is destroyed."""
    yield Heading(text("report.privacy", lang))
    yield Paragraph(text("report.privacy.content", lang))
    if not isinstance(what, DeletionReport):
        return
    until = what.evidence.shred_after
    if until is None:
        yield Paragraph(text("report.privacy.counts", lang))
    else:
        yield Paragraph(text("report.privacy.sealed", lang, day=date.fromisoformat(until)))


GLOSSARY = (
    "run",
    "policy",
    "keep",
    "start",
    "as-of",
    "cutoff",
    "class",
    "dataset",
    "record",
    "hold",
    "minimum",
    "redacted",
    "straddling",
    "finding",
    "limit",
    "confirmed",
    "connector",
    "dry-run",
    "ledger",
    "digest",
    "fingerprint",
    "root",
    "checkpoint",
    "logical",
    "level",
    "sealed",
    "assurance",
)
_REPORT_ONLY = frozenset(
    {"as-of", "ledger", "root", "checkpoint", "logical", "level", "sealed", "assurance"}
)


def _terms(what: Account) -> Iterator[str]:
    """The terms that occur in this document."""
    is_report, limits = isinstance(what, DeletionReport), what.limits
    absent = {"dry-run"} if is_report else set(_REPORT_ONLY)
    if isinstance(what, DeletionReport) and what.evidence.level != "sealed":
        absent.add("sealed")
    if not (limits.share or limits.count):
        absent.add("limit")
    if not limits.confirmed:
        absent.add("confirmed")
    if not any(item.rule.action == "redact" for item in what.datasets):
        absent.add("redacted")
    return (name for name in GLOSSARY if name not in absent)


def glossary(what: Account, lang: Lang) -> Iterator[Block]:
    """Every term that isn't common, in one sentence each."""
    yield Heading(text("report.glossary", lang))
    yield KeyValue(
        tuple((text(f"term.{name}", lang), text(f"means.{name}", lang)) for name in _terms(what))
    )


# --- small pieces -----------------------------------------------------------------------------


def column(name: str, lang: Lang, align: str = "left") -> Column:
    return Column(text(f"report.col.{name}", lang), "right" if align == "right" else "left")


def key_value(pairs: Iterable[tuple[str, str]], lang: Lang) -> KeyValue:
    """Names with values; what isn't stated at all is left out."""
    return KeyValue(tuple((text(f"report.{key}", lang), value) for key, value in pairs if value))


def _without_empty(table: Table) -> Table:
    keep_columns = [n for n in range(len(table.columns)) if any(row[n] for row in table.rows)]
    return Table(
        tuple(table.columns[n] for n in keep_columns),
        tuple(tuple(row[n] for n in keep_columns) for row in table.rows),
    )


def total(total: Total, lang: Lang) -> str:
    if total.count is None:
        return "-"
    exact = number(total.count, lang)
    return exact if total.exact else text("report.about", lang, n=total.count)


def day_or_none(value: str | None, lang: Lang) -> str:
    return day(date.fromisoformat(value), lang) if value else "-"


def cutoff(rule: Rule, lang: Lang, *, zone: str) -> str:
    """The cut-off is the first instant of a day in the source's zone: the day says it all."""
    if rule.cutoff is None:
        return "-"
    return day(moment(rule.cutoff).astimezone(zone_of(zone)).date(), lang)


def zone_of(name: str) -> ZoneInfo:
    # A report may come from a machine that knows more zones than this one.
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo(UTC.tzname(None) or "UTC")
