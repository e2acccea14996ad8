"""How are one source's reports of a month, a quarter or a year counted?

Takes the reports that ``verify`` could read, with its findings, and counts. Flows (deleted) are
summed over the runs; what is only there (held, failed, still due) is taken as the last run saw
it, because every run meets it again. Reads no file, knows no clock but ``now``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from pbxretain.annex.figures import (
    STOCK,
    Age,
    Ageing,
    Change,
    ClassTotal,
    Figures,
    InForce,
    Part,
    Seen,
    Trouble,
    day_of,
    deletion,
    ended,
)
from pbxretain.errors import DocumentError, Exit
from pbxretain.evidence.attestations import GapNote
from pbxretain.evidence.fields import moment
from pbxretain.evidence.statements import Dataset, DeletionReport
from pbxretain.period import first_instant
from pbxretain.spans import Schedule, Span, punctuality
from pbxretain.verify import Finding, Report, Verdict

_UNSEEN = ("failed", "refused", "not-reached")
_OWN = ("NOT_DECIDED", "NOT_APPROVED", "RESIDUE", "RECORDS_FAILED", "DRY_RUN", "REVIEWED")
"""Codes of ``verify`` about what a report itself says: told here from the reports instead."""
_MISSED = ("MISSED_RUNS", "OVERDUE", "GAP_EXPLAINED")
"""The same of the schedule, where it is known."""


def chain(verdict: Verdict, source: str | None) -> tuple[str, tuple[Report, ...]]:
    """The deletion reports of one source, by number, and its name.

    DocumentError where there are several sources and none is named, or several installations.
    """
    runs = [(report, run) for report in verdict.reports if (run := report.deletion) is not None]
    names = sorted({run.source for _, run in runs})
    if source is None and len(names) > 1:
        raise DocumentError("these are reports of several sources", hint=f"name one: {names[0]}")
    name = source or (names[0] if names else "")
    mine = [(report, run) for report, run in runs if run.source == name]
    if len({run.installation for _, run in mine}) > 1:
        raise DocumentError("these are reports of several installations; take one folder for each")
    by_number: dict[int, Report] = {}
    for report, run in mine:
        by_number.setdefault(run.ledger.seq, report)
    return name, tuple(by_number[seq] for seq in sorted(by_number))


def figures(
    reports: Sequence[Report],
    verdict: Verdict,
    span: Span,
    *,
    source: str,
    now: datetime,
    zone: ZoneInfo | None = None,
    schedule: Schedule | None = None,
) -> Figures:
    """Counts one period. ``reports`` are a source's by number; ``zone`` counts where there are
    none (UTC without). A run belongs to the day, in the source's zone, on which it ended.

    DocumentError when the period hasn't begun.
    """
    zone = _zone(reports, span) or zone or ZoneInfo("UTC")
    start, end = first_instant(span.first, zone), first_instant(span.after, zone)
    if now < start:
        raise DocumentError("this period hasn't begun yet")
    runs = tuple(report for report in reports if start <= ended(report) < end)
    earlier = [report for report in reports if ended(report) < start]
    before = earlier[-1] if earlier else None
    told = [(day_of(report, zone), deletion(report)) for report in runs]
    ages = list(_ages(told))
    touching, outside = _touching(verdict.findings, runs, scheduled=schedule is not None)
    gaps = tuple(note for note in _gaps(verdict, source) if _overlaps(note, start, end))
    # A report that settles a dead run is written by the next run, so it is no run of its own.
    # What a data subject demanded keeps no schedule either.
    ends = [
        ended(report)
        for report in reports
        if deletion(report).run.outcome != "recovered" and not deletion(report).is_erasure
    ]
    numbers = {deletion(report).ledger.seq for report in runs}
    return Figures(
        source=source,
        span=span,
        zone=zone,
        now=now,
        runs=runs,
        before=before,
        kept=punctuality(ends, schedule, gaps, start=start, end=min(end, now)),
        classes=tuple(_classes(told)),
        overdue=_oldest(ages, "residue"),
        excepted=_oldest(ages, "excepted"),
        unexplained=_oldest(ages, "unexplained"),
        findings=tuple(_findings(told)),
        troubles=tuple(_troubles(told)),
        policies=tuple(_in_force(told, _policy)),
        programs=tuple(_in_force(told, _program)),
        changes=tuple(_changes([*([before] if before else []), *runs], zone)),
        course=tuple(_course(told, span)),
        ageing=tuple(_ageing(told, span)),
        schedule=schedule,
        gaps=gaps,
        reviewed=tuple(sorted(numbers & set(_reviewed(verdict)))),
        level=verdict.level,
        evidence=touching,
        earlier=outside,
    )


def _zone(reports: Sequence[Report], span: Span) -> ZoneInfo | None:
    """The zone of the newest report that ended by the period's last day; the oldest's otherwise."""
    until = datetime.combine(span.after, datetime.min.time(), UTC) + timedelta(days=1)
    known = [report for report in reports if ended(report) < until] or list(reports[:1])
    if not known:
        return None
    try:
        return ZoneInfo(deletion(known[-1]).run.timezone)
    except (KeyError, ValueError, OSError):
        return None


Told = Sequence[tuple[date, DeletionReport]]


# --- data classes -----------------------------------------------------------------------------


def _counted(item: Dataset) -> bool:
    """Whether the run could look at the dataset at all."""
    looked = item.outcome not in _UNSEEN or item.total_before.count is not None
    return looked or item.balances.due > 0


def _classes(told: Told) -> Iterator[ClassTotal]:
    last: dict[str, tuple[date, Dataset]] = {}
    deleted: dict[str, int] = defaultdict(int)
    redacted: dict[str, int] = defaultdict(int)
    for day, run in told:
        for item in run.datasets:
            deleted[item.data_class] += item.balances.deleted
            redacted[item.data_class] += item.balances.redacted
            # What a data subject demanded tells of that person's records only.
            if _counted(item) and not run.is_erasure:
                last[item.dataset] = (day, item)
    for name, count in deleted.items():
        mine = [(day, item) for day, item in last.values() if item.data_class == name]
        oldest = [o for _, item in mine if (o := _oldest_of(item))]
        yield ClassTotal(
            data_class=name,
            deleted=count,
            redacted=redacted[name],
            left={
                key: sum(getattr(item.balances, key) for _, item in mine)
                for key in (*STOCK, "undated", "future")
            },
            oldest=min(oldest, default=None),
            seen=min((day for day, _ in mine), default=None),
        )


def _oldest_of(item: Dataset) -> date | None:
    oldest = item.range.oldest_remaining
    return date.fromisoformat(oldest) if oldest else None


def _ages(told: Told) -> Iterator[tuple[str, Age]]:
    for day, run in told:
        if run.run.outcome == "recovered" or run.is_erasure:
            continue  # the run that settled it looks again and tells
        for item in run.datasets:
            oldest, cutoff = _oldest_of(item), item.rule.cutoff
            if item.rule.action == "redact":
                continue  # what is only redacted may stay for long after
            if oldest is None or cutoff is None or not _counted(item):
                continue
            before = (_local(cutoff, run) - oldest).days
            if before > 0:
                yield (
                    _why(item),
                    Age(before, item.dataset, item.data_class, day, run.ledger.seq),
                )


def _local(cutoff: str, run: DeletionReport) -> date:
    try:
        zone = ZoneInfo(run.run.timezone)
    except (KeyError, ValueError, OSError):
        zone = ZoneInfo("UTC")
    return moment(cutoff).astimezone(zone).date()


def _why(item: Dataset) -> str:
    known = item.balances
    if known.residue or known.failed:
        return "residue"
    reasons = known.held + known.minimum + known.straddling + known.kept_for_part + known.late
    return "excepted" if reasons else "unexplained"


def _oldest(ages: Sequence[tuple[str, Age]], why: str) -> Age | None:
    return max((age for kind, age in ages if kind == why), key=lambda a: a.days, default=None)


# --- findings and runs ------------------------------------------------------------------------


def _findings(told: Told) -> Iterator[Seen]:
    seen: dict[tuple[str, str], list[tuple[date, int | None, DeletionReport]]] = defaultdict(list)
    for day, run in told:
        for code, where, count in _found(run):
            seen[code, where].append((day, count, run))
    looked = [run for _, run in told if run.datasets and not run.is_erasure]
    newest = looked[-1] if looked else told[-1][1] if told else None
    for (code, where), times in seen.items():
        (first, _, _), (last, count, run) = times[0], times[-1]
        yield Seen(code, where, first, last, count, open=run is newest or run is told[-1][1])


def _found(run: DeletionReport) -> Iterator[tuple[str, str, int | None]]:
    yield from dict.fromkeys(
        [(e.code, e.dataset, e.count) for e in run.exceptions]
        + [(f.code, d.dataset, f.count) for d in run.datasets for f in d.findings]
    )
    yield from (("NOT_DECIDED", name, None) for name in run.policy.not_decided)
    yield from (("NOT_COVERED", name, None) for name in run.not_covered)


def _troubles(told: Told) -> Iterator[Trouble]:
    """Runs that ended badly; those in a row with the same reason together."""
    bad = ("incomplete", "failed", "refused", "interrupted", "recovered")
    good = [n for n, (_, run) in enumerate(told) if run.run.outcome in ("complete", "nothing-due")]
    groups: list[list[int]] = []
    for number, (_, run) in enumerate(told):
        if run.run.outcome not in bad:
            continue
        follows = groups and groups[-1][-1] == number - 1
        if follows and _ending(told[number - 1][1]) == _ending(run):
            groups[-1].append(number)
        else:
            groups.append([number])
    for group in groups:
        (first, run), (last, _) = told[group[0]], told[group[-1]]
        outcome, reason, datasets = _ending(run)
        made_good = bool(good) and good[-1] > group[-1]
        yield Trouble(outcome, reason, datasets, first, last, len(group), made_good)


def _ending(run: DeletionReport) -> tuple[str, str | None, tuple[str, ...]]:
    fine = ("complete", "nothing-due", "kept")
    datasets = tuple(d.dataset for d in run.datasets if d.outcome not in fine)
    return run.run.outcome, run.run.refused_reason, datasets


# --- documents and changes --------------------------------------------------------------------


def _policy(run: DeletionReport) -> object:
    return run.policy.name, run.policy.version, run.policy.digest, run.policy.approved


def _program(run: DeletionReport) -> object:
    return run.tool.version, run.tool.connector


def _in_force(told: Told, key: object) -> Iterator[InForce]:
    found: dict[object, list[tuple[date, DeletionReport]]] = defaultdict(list)
    for day, run in told:
        found[key(run)].append((day, run))  # type: ignore[operator]
    for days in found.values():
        yield InForce(days[-1][1], days[0][0], days[-1][0], len(days))


def _changes(reports: Sequence[Report], zone: ZoneInfo) -> Iterator[Change]:
    for old, new in pairwise(reports):
        was, now = _facts(old), _facts(new)
        for what in now:
            if was[what] != now[what]:
                seq = deletion(new).ledger.seq
                yield Change(day_of(new, zone), seq, what, was[what], now[what])


def _facts(report: Report) -> dict[str, str]:
    run = deletion(report)
    connector, policy, limits = run.tool.connector, run.policy, run.limits
    return {
        "policy": f"{policy.name} {policy.version} ({_short(policy.digest)})",
        "approved": "yes" if policy.approved else "no",
        "signed": ", ".join(key[:32] for key in policy.signed_by),
        "connector": f"{connector.name} ({_short(connector.digest)})",
        "program": run.tool.version,
        "key": (report.signer or "")[:32],
        "zone": run.run.timezone,
        "controller": run.controller,
        "level": run.evidence.level,
        "limits": f"{limits.share or '-'} % / {limits.count or '-'}",
        "not-covered": ", ".join(run.not_covered),
    }


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]


# --- course and chain -------------------------------------------------------------------------


def _course(told: Told, span: Span) -> Iterator[Part]:
    for part in span.parts():
        mine = [run for day, run in told if part.holds(day)]
        deleted = sum(item.balances.deleted for run in mine for item in run.datasets)
        yield Part(part, len(mine), deleted)


def _ageing(told: Told, span: Span) -> Iterator[Ageing]:
    limits: dict[str, int | None] = {}
    ages: dict[str, dict[Span, int]] = defaultdict(dict)
    stretches = list(span.parts(days=7))
    for day, run in told:
        stretch = next(part for part in stretches if part.holds(day))
        tells = run.run.outcome != "recovered" and not run.is_erasure
        for item in run.datasets if tells else ():
            oldest, cutoff = _oldest_of(item), item.rule.cutoff
            if oldest is None or not _counted(item) or item.rule.action == "redact":
                continue
            known, age = ages[item.data_class], max((day - oldest).days, 0)
            known[stretch] = max(age, known.get(stretch, 0))
            limit = (day - _local(cutoff, run)).days if cutoff else None
            limits[item.data_class] = limit
    for name, found in ages.items():
        yield Ageing(name, limits[name], tuple(found.items()))


def _touching(
    findings: Sequence[Finding], runs: Sequence[Report], *, scheduled: bool
) -> tuple[tuple[Finding, ...], int]:
    """Findings of the chain without those that a report has about itself; and how many more lie
    wholly before the period and are no forgeries."""
    first = deletion(runs[0]).ledger.seq if runs else None
    touching: list[Finding] = []
    outside = 0
    own = (*_OWN, *_MISSED) if scheduled else _OWN
    for finding in findings:
        if finding.code in own or finding.code.startswith(("RUN_", "LEVEL_")):
            continue
        last = finding.params.get("last", finding.params.get("seq"))
        before = first is not None and isinstance(last, int) and last < first - 1
        if before and finding.exit not in (Exit.FORGED, Exit.UNTRUSTED):
            outside += 1
        else:
            touching.append(finding)
    return tuple(touching), outside


def _reviewed(verdict: Verdict) -> Iterator[int]:
    for finding in verdict.findings:
        if finding.code == "REVIEWED" and isinstance(seq := finding.params.get("seq"), int):
            yield seq


def _gaps(verdict: Verdict, source: str) -> Iterator[GapNote]:
    for report in verdict.reports:
        note = report.statement.predicate
        if isinstance(note, GapNote) and note.source == source and report.signer:
            yield note


def _overlaps(note: GapNote, start: datetime, end: datetime) -> bool:
    return moment(note.since) < end and start <= moment(note.until)
