"""Makes a plan file as ``plan --out`` does, and runs it as ``run --plan`` does."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from pbxretain import execute, itemising, plan, planfile, sources
from pbxretain.execute import RunResult, Site
from pbxretain.plan import Terms


def make_plan(
    terms: Terms, site: Site, path: Path, *, now: datetime, confirmed: int | None = None
) -> planfile.Head:
    """A new plan file of all that is due at ``now``."""
    with sources.opened(
        terms.source, terms.connector, name=terms.name, installation=site.mark, exclusive=False
    ) as opened:
        decided = plan.make(terms, opened, now=now, confirm_count=confirmed)
        return itemising.write(
            path,
            terms=terms,
            decided=decided,
            opened=opened,
            installation=site.installation,
            key=site.key,
            now=now,
            confirmed=confirmed,
            progress=plan.silent,
        )


def run_plan(
    terms: Terms, site: Site, path: Path, *, now: datetime, oldest: timedelta = planfile.OLDEST
) -> RunResult:
    """One run of what the file names."""
    return execute.run(terms, site, now=now, planned=planfile.read(path, site.key), oldest=oldest)


def told(done: RunResult) -> dict[str, tuple[int, int, dict[str, int]]]:
    """Planned, deleted and the rest by code, for each dataset that the plan names."""
    assert done.planned is not None
    return {
        name: (planned, gone, dict(left))
        for name, (planned, gone, left) in done.planned.datasets.items()
    }
