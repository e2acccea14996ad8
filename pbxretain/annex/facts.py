"""What does a period report say to machines?"""

from __future__ import annotations

from datetime import timedelta

from pbxretain.annex.figures import Figures
from pbxretain.annex.remarks import answer, exit_code, remarks


def data(found: Figures) -> dict[str, object]:
    """The figures as JSON."""
    return {
        "source": found.source,
        "first": found.span.first.isoformat(),
        "last": found.span.last.isoformat(),
        "timezone": str(found.zone),
        "over": found.over,
        "answer": answer(found),
        "exit": int(exit_code(found)),
        "remarks": [{"name": r.name, "open": r.open, **r.params} for r in remarks(found)],
        "runs": len(found.runs) - found.erasures,
        "erasures": found.erasures,
        "scheduled": {
            "taken": found.kept.taken,
            "due": found.kept.due,
            "explained": found.kept.explained,
        },
        "level": found.level,
        "reviewed": list(found.reviewed),
        "longest_without_hours": _hours(found.kept.longest),
        "classes": [
            {
                "data_class": item.data_class,
                "deleted": item.deleted,
                "redacted": item.redacted,
                **item.left,
                "oldest_remaining": item.oldest,
            }
            for item in found.classes
        ],
        "largest_overdue_days": found.overdue.days if found.overdue else 0,
        "findings": [
            {"code": s.code, "where": s.where, "first": s.first, "last": s.last, "open": s.open}
            for s in found.findings
        ],
        "evidence": [
            {"code": f.code, "exit": int(f.exit), "params": dict(f.params)} for f in found.evidence
        ],
        "reports": [
            {"seq": run.ledger.seq, "digest": report.digest, "outcome": run.run.outcome}
            for report, run in found.told
        ],
    }


def _hours(length: timedelta | None) -> int | None:
    return None if length is None else round(length / timedelta(hours=1))
