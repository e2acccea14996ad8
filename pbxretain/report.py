"""What did one run do, in figures that add up?

Builds the predicate of the deletion report and of the plan statement out of the run's frozen
facts (``runfacts``), its marks and the last census. The same code serves a run that ended and one
that died.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pbxretain.errors import EvidenceError
from pbxretain.evidence import statements
from pbxretain.evidence.fields import instant, moment
from pbxretain.evidence.sidecars import Kept
from pbxretain.evidence.statements import parse_statement
from pbxretain.ledger import Ledger
from pbxretain.outcomes import DatasetResult, still_due
from pbxretain.plan import Counted, Item, Plan
from pbxretain.records import Census
from pbxretain.runfacts import census_of, named, rule_facts
from pbxretain.signing import open_envelope

_LOOKED_BACK = 60
"""Reports: two months of daily runs that all were refused."""

_TOLD_BEFORE = ("IDLE", "GONE_BEFORE", "GONE_OWN_PURGE")
_METHODS = {"table": "db_delete", "lines": "rewrite", "api": "product", "command": "product"}


@dataclass(frozen=True, slots=True)
class Ending:
    """How the run as a whole ended."""

    outcome: str
    exit_code: int
    ended_at: datetime
    refused_reason: str | None = None
    recovers: str | None = None


def deletion_report(
    known: Mapping[str, Any],
    results: Sequence[DatasetResult],
    ending: Ending,
    *,
    report_id: str,
    place: statements.ReportPlace,
    files: Sequence[Kept] = (),
) -> statements.DeletionReport:
    """The report of one run; ``files`` stay beside it. Raises a validation error when the figures
    contradict each other."""
    by_name = {result.dataset: result for result in results}
    zone = ZoneInfo(known["timezone"])
    evidence = known.get("evidence", {"level": "counts"})
    datasets = [
        _dataset(entry, by_name.get(entry["dataset"], DatasetResult(entry["dataset"])), zone)
        for entry in known["datasets"]
    ]
    if evidence["level"] == "sealed":
        for entry in datasets:
            tree = by_name.get(entry["dataset"], DatasetResult(entry["dataset"])).lookup
            entry["lookup"] = {"size": tree.size, "root": tree.root().hex()}
    return statements.DeletionReport.model_validate(
        _tuples(
            {
                **_common(known, report_id),
                "ledger": place.model_dump(),
                "run": {
                    "id": report_id if ending.recovers else known["run"],
                    "trigger": known["trigger"],
                    "started_at": known["started_at"],
                    "ended_at": instant(ending.ended_at),
                    "as_of": known["as_of"],
                    "timezone": known["timezone"],
                    "outcome": ending.outcome,
                    "refused_reason": ending.refused_reason,
                    "exit_code": ending.exit_code,
                    "recovers": ending.recovers,
                    "plan": known.get("plan"),
                },
                "clock": known["clock"],
                "holds": known.get("holds"),
                "datasets": datasets,
                "exceptions": _exemptions(datasets, _restricted(known, by_name)),
                "evidence": {**evidence, "files": [file.facts() for file in files]},
            }
        )
    )


def plan_statement(known: Mapping[str, Any], plan: Plan, *, report_id: str) -> statements.Plan:
    """The dry run as a statement of its own type; it can't pass for a deletion."""
    zone = ZoneInfo(known["timezone"])
    return statements.Plan.model_validate(
        _tuples(
            {
                **_common(known, report_id),
                "made_at": known["started_at"],
                "as_of": known["as_of"],
                "timezone": known["timezone"],
                "datasets": [
                    _planned(item, zone, share=known["limits"]["share"]) for item in plan.items
                ],
            }
        )
    )


def _common(known: Mapping[str, Any], report_id: str) -> dict[str, Any]:
    return {
        "schema": 1,
        "report_id": report_id,
        **{
            name: known[name]
            for name in (
                "installation",
                "source",
                "controller",
                "processing_activity",
                "dpia_ref",
                "tool",
                "policy",
                "not_covered",
                "limits",
            )
        },
        "copies_out_of_reach": known["out_of_reach"],
    }


def _dataset(entry: Mapping[str, Any], result: DatasetResult, zone: ZoneInfo) -> dict[str, Any]:
    before = census_of(entry["before"])
    after = result.after or before
    # Of one person's records not even the days are told.
    told = not entry.get("singled_out")
    gone = [mark for mark in result.marks if mark.deleted and told]
    redacts = entry["rule"].get("action") == "redact"
    figures = balances(before, result)
    if redacts:
        figures["redacted"] = figures.pop("deleted")
    method = "db_update" if redacts else _METHODS.get(entry["kind"], "file_unlink")
    return {
        "dataset": entry["dataset"],
        "of": None if entry.get("alone", True) else entry["of"],
        "data_class": entry["data_class"],
        "kind": entry["kind"],
        "rule": entry["rule"],
        "balances": figures,
        "total_before": _total(before),
        "total_after": _total(result.after),
        "range": {
            "oldest_deleted": _iso(min((m.oldest for m in gone if m.oldest), default=None)),
            "newest_deleted": _iso(max((m.newest for m in gone if m.newest), default=None)),
            "oldest_remaining": _day(after.oldest if after else None, zone),
        },
        "also": _members(result),
        "method": method,
        "findings": _findings(result, before),
        "outcome": result.outcome,
        "merkle": {"size": result.deleted, "root": result.tree.root().hex()},
        "settled": _settled(entry.get("marks", ()), before, result.after),
    }


def _settled(
    marks: Sequence[str], before: Census | None, after: Census | None
) -> dict[str, Any] | None:
    """What lay out of late writers' reach when the run had ended, and again what had done so when
    the run before had."""
    count = after.older[0] if marks and after and after.older else None
    again = before.older[1] if len(marks) > 1 and before and len(before.older) > 1 else None
    if count is None and again is None:
        return None
    until, last = (marks[0] if count is not None else None), (None if again is None else marks[1])
    return {"until": until, "count": count, "last": last, "again": again}


def settled_before(ledger: Ledger) -> dict[str, Counted]:
    """By dataset of the manifest: before which instant how much was counted last. Nothing where a
    later report took records and didn't count."""
    known: dict[str, Counted | None] = {}
    for entry in [*ledger.entries()][: -_LOOKED_BACK - 1 : -1]:
        told = _told(ledger.folder / entry.file)
        seen = set(known)
        for dataset in told.datasets if told else ():
            name = dataset.of or dataset.dataset
            until, count = None, None
            if dataset.settled:
                until, count = dataset.settled.until, dataset.settled.count
            if name in seen or not (until or dataset.merkle.size):
                continue
            if until is None or count is None:
                known.setdefault(name, None)
                continue
            counts = {**_counts(known.get(name)), dataset.rule.start_event or "": count}
            known[name] = Counted(moment(until), counts)
        if told and told.datasets and all((d.of or d.dataset) in known for d in told.datasets):
            break
    return {name: settled for name, settled in known.items() if settled}


def _counts(settled: Counted | None) -> Mapping[str, int]:
    return settled.counts if settled else {}


def _told(path: Path) -> statements.DeletionReport | None:
    try:
        found = parse_statement(open_envelope(path.read_bytes()).payload).predicate
    except (OSError, EvidenceError):
        return None
    return found if isinstance(found, statements.DeletionReport) else None


def _members(result: DatasetResult) -> dict[str, int]:
    """What went with the records, by names that evidence accepts."""
    members: Counter[str] = Counter()
    for went in (*(mark.also for mark in result.marks), result.swept):
        for name, count in went.items():
            members[named(name)] += count
    return dict(members)


def balances(before: Census | None, result: DatasetResult) -> dict[str, int]:
    """Due and arrived against all that became of it; what nobody explains is told, not hidden.

    ``arrived`` is what the last census shows beyond the first: late writers. Where it would be
    negative, somebody else deleted, and the difference counts as already absent.
    """
    after = result.after
    due = before.before if before else 0
    if after is None:
        # Nobody could look again: all that was not seen to go counts as residue.
        absent = min(result.absent, max(0, due - result.deleted))
        known = result.deleted + absent + result.failed
        residue = max(0, due - known)
        rest = dict.fromkeys(("held", "minimum", "straddling", "kept_for_part"), 0)
    else:
        absent = result.absent
        residue = max(0, still_due(after) - result.failed - result.late)
        rest = {
            "held": after.held,
            "minimum": after.minimum,
            "straddling": after.straddling,
            "kept_for_part": after.kept_for_part,
        }
    became = result.deleted + absent + result.failed + residue + sum(rest.values())
    arrived = became - due
    if arrived < 0:
        absent, arrived = absent - arrived, 0
    looked = after or before
    return {
        "due": due,
        "arrived": arrived,
        "deleted": result.deleted,
        "already_absent": absent,
        **rest,
        "failed": result.failed,
        "residue": residue,
        "undated": looked.undated if looked else 0,
        "future": looked.future if looked else 0,
        "late": result.late,
    }


def _findings(result: DatasetResult, before: Census | None) -> list[dict[str, Any]]:
    """As last seen; only what the dataset lacked from the beginning was told before anything was
    deleted."""
    told = before.findings if before else {}
    early = {code: told[code] for code in _TOLD_BEFORE if code in told}
    seen = result.after or before
    # What was left alone is still there when the run looks again: one thing, seen twice.
    known = Counter({**(seen.findings if seen else {}), **early}) | result.skipped
    known.update(result.noted)
    return [{"code": code, "count": count} for code, count in sorted(known.items()) if count]


def _restricted(known: Mapping[str, Any], results: Mapping[str, DatasetResult]) -> dict[str, int]:
    """By dataset how many records only a restriction of processing keeps."""
    found = {}
    for entry in known["datasets"]:
        result = results.get(entry["dataset"])
        census = (result.after if result else None) or census_of(entry["before"])
        found[entry["dataset"]] = census.restricted if census else 0
    return found


def _exemptions(
    datasets: Sequence[Mapping[str, Any]], restricted: Mapping[str, int]
) -> list[dict[str, Any]]:
    codes = {
        "held": "HELD",
        "minimum": "MIN_RETENTION",
        "straddling": "STRADDLING",
        "kept_for_part": "KEPT_FOR_PART",
        "undated": "START_UNKNOWN",
    }
    found = []
    for entry in datasets:
        counts = {code: entry["balances"][name] for name, code in codes.items()}
        counts["RESTRICTED"] = min(counts["HELD"], restricted[entry["dataset"]])
        counts["HELD"] -= counts["RESTRICTED"]
        found += [
            {"code": code, "dataset": entry["dataset"], "count": count}
            for code, count in counts.items()
            if count
        ]
    return found


def _planned(item: Item, zone: ZoneInfo, *, share: int) -> dict[str, Any]:
    census = item.census or Census(before=0, due=0)
    counts = ("due", "held", "minimum", "straddling", "kept_for_part", "undated", "future")
    return {
        "dataset": item.dataset,
        "of": None if item.alone else item.of,
        "data_class": item.data_class,
        "kind": item.kind,
        "rule": rule_facts(item),
        **{name: getattr(census, name) for name in counts},
        "total": _total(item.census),
        "oldest": _day(census.oldest, zone),
        "newest": _day(census.newest, zone),
        "over_limit": item.exceeds(share),
        "findings": [{"code": c, "count": n} for c, n in sorted(census.findings.items()) if n],
    }


def _total(census: Census | None) -> dict[str, Any]:
    if census is None:
        return {"count": None, "exact": True}
    return {"count": census.total, "exact": census.total_exact}


def _day(moment: datetime | None, zone: ZoneInfo) -> str | None:
    return moment.astimezone(zone).date().isoformat() if moment else None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _tuples(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value
