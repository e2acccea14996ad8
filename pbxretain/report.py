"""What did one run do, in figures that add up?

Builds the predicate of the deletion report and of the plan statement out of the run's frozen
facts, its marks and the last census. The same code serves a run that ended and one that died.
"""

from __future__ import annotations

import platform
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pbxretain import __version__
from pbxretain.errors import EvidenceError
from pbxretain.evidence import statements
from pbxretain.evidence.fields import instant, moment
from pbxretain.evidence.sidecars import Kept
from pbxretain.evidence.statements import parse_statement
from pbxretain.ledger import Ledger
from pbxretain.outcomes import DatasetResult, still_due
from pbxretain.period import Period
from pbxretain.plan import Counted, Item, Plan, Terms
from pbxretain.records import Census
from pbxretain.signing import open_envelope

_LOOKED_BACK = 60
_TOLD_BEFORE = ("IDLE", "GONE_BEFORE", "GONE_OWN_PURGE")
"""Reports: two months of daily runs that all were refused."""

_METHODS = {"table": "db_delete", "lines": "rewrite", "api": "product", "command": "product"}


@dataclass(frozen=True, slots=True)
class Ending:
    """How the run as a whole ended."""

    outcome: str
    exit_code: int
    ended_at: datetime
    refused_reason: str | None = None
    recovers: str | None = None


def facts(
    terms: Terms,
    *,
    run: str,
    installation: str,
    trigger: str,
    started_at: datetime,
    plan: Plan | None,
    confirmed: int | None,
    planfile: str | None = None,
) -> dict[str, Any]:
    """The frozen facts of a run: plain JSON, enough to settle it and to write its report."""
    source, policy, connector = terms.source, terms.policy, terms.connector
    offered = connector.manifest.offered()
    return {
        "run": run,
        "installation": installation,
        "source": terms.name,
        "trigger": trigger,
        "started_at": instant(started_at),
        "as_of": instant(plan.as_of if plan else started_at),
        "now": started_at.isoformat(),
        "timezone": source.timezone,
        "plan": planfile,
        "controller": policy.controller or "",
        "processing_activity": source.processing_activity or "",
        "dpia_ref": source.dpia_ref or "",
        "tool": {
            "version": __version__,
            "python": platform.python_version(),
            "os_family": sys.platform,
            "connector": {
                "name": connector.name,
                "digest": connector.digest,
                "contains_code": connector.contains_code,
                "tried": connector.manifest.was_tried,
                "accept_untried": source.accept_untried == connector.digest,
            },
        },
        "policy": {
            "name": policy.policy,
            "version": policy.version,
            "digest": terms.policy_digest,
            "approved": terms.approved,
            "not_decided": list(policy.not_decided(offered)),
            "signed_by": list(terms.signed_by),
            "consulted": terms.consulted,
            **_approval(terms),
        },
        "limits": {
            "share": policy.limits.share,
            "count": policy.limits.count,
            "confirmed": confirmed,
        },
        "clock": _clock(plan),
        "holds": dict(plan.holds) if plan and plan.holds else None,
        "evidence": _evidence_facts(terms, started_at),
        "not_covered": sorted(map(_named, plan.not_covered)) if plan else [],
        "out_of_reach": [
            {"code": copy.code, "text": dict(copy.text)} for copy in connector.manifest.out_of_reach
        ],
        "manifest": connector.text.decode(),
        "settings": source.model_dump(mode="json", exclude_none=True, exclude_defaults=True),
        "datasets": [_dataset_facts(item) for item in plan.items] if plan else [],
    }


def _approval(terms: Terms) -> dict[str, str]:
    """Who approved the policy as it stands, by function, and when."""
    said = terms.policy.approved
    if not terms.approved or said is None:
        return {}
    return {"approved_by": said.by, "approved_on": said.on.isoformat()}


def _evidence_facts(terms: Terms, started_at: datetime) -> dict[str, Any]:
    if not terms.sealed_to:
        return {"level": "counts"}
    # Claims of this year fall under the statute of limitations at the end of the third after it.
    year = started_at.astimezone(terms.zone).year + 3
    return {
        "level": "sealed",
        "note": "SINGLE_RECORDS_PROVABLE",
        "recipients": sorted(who.id for who in terms.sealed_to),
        "shred_after": date(year, 12, 31).isoformat(),
    }


def _clock(plan: Plan | None) -> dict[str, Any]:
    if plan is None:
        return {}
    failed = {refusal.code for refusal in plan.refusals}
    skew = plan.clock_skew
    return {
        "database_skew_s": None if skew is None else -round(skew.total_seconds()),
        "checks": [
            {"code": code, "passed": code not in failed} for code in ("CLOCK_SKEW", "CLOCK_BACK")
        ],
    }


def _dataset_facts(item: Item) -> dict[str, Any]:
    selection = item.selection
    return {
        "dataset": item.dataset,
        "of": item.of,
        "alone": item.alone,
        "data_class": item.data_class,
        "kind": item.kind,
        "rule": rule_facts(item),
        "cutoff": selection.cutoff.isoformat() if selection else None,
        "maximum": selection.maximum.isoformat() if selection and selection.maximum else None,
        "narrowed": bool(
            selection and (selection.narrowed or selection.others or selection.redact)
        ),
        "singled_out": bool(selection and selection.chosen is not None),
        "start": item.start,
        "wait_for_part": bool(selection and selection.wait_for_part),
        "marks": [instant(mark) for mark in selection.marks] if selection else [],
        "before": _census_facts(item.census) if item.census else None,
        "refusal": item.refusal.code if item.refusal else None,
    }


def rule_facts(item: Item) -> dict[str, Any]:
    """The rule as the report states it."""
    rule, selection = item.rule, item.selection
    cutoff = selection.cutoff if selection else None
    on_demand = selection is not None and selection.chosen is not None
    keep = item.keep.iso() if isinstance(item.keep, Period) else "forever"
    return {
        "name": item.label or None,
        "action": item.action,
        "only": sorted(rule.only or ()),
        "keep": keep,
        "minimum": rule.minimum.iso() if rule.minimum else None,
        "fallback": list(item.fallback),
        "start_event": item.start,
        "cutoff": instant(cutoff) if cutoff and not on_demand else None,
        "basis": rule.basis if isinstance(rule.basis, str) else rule.basis.code,
        "deletion_class": f"{item.start} + {item.keep}" if cutoff else "",
    }


def _census_facts(census: Census) -> dict[str, Any]:
    known = asdict(census)
    for name in ("oldest", "newest"):
        known[name] = known[name].isoformat() if known[name] else None
    return known


def census_of(known: Mapping[str, Any] | None) -> Census | None:
    """A census out of the frozen facts."""
    if known is None:
        return None
    times = {
        name: datetime.fromisoformat(known[name]).astimezone(UTC) if known[name] else None
        for name in ("oldest", "newest")
    }
    return Census(**{**known, **times, "older": tuple(known.get("older", ()))})


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
            members[_named(name)] += count
    return dict(members)


def _named(table: str) -> str:
    """A table's name as evidence accepts it."""
    return re.sub("[^a-z0-9_-]", "-", table.lower()).lstrip("_-")[:63] or "table"


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
