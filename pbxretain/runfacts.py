"""What is frozen of a run before it deletes, so that its report can be written even if it dies?"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from pbxretain import __version__
from pbxretain.evidence.fields import instant
from pbxretain.period import Period
from pbxretain.plan import Item, Plan, Terms
from pbxretain.records import Census


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
        "not_covered": sorted(map(named, plan.not_covered)) if plan else [],
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


def named(table: str) -> str:
    """A table's name as evidence accepts it."""
    return re.sub("[^a-z0-9_-]", "-", table.lower()).lstrip("_-")[:63] or "table"
