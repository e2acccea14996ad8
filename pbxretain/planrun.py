"""What did a run make of its plan file?"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from pbxretain import plan
from pbxretain.batches import Stop, Work
from pbxretain.errors import RetainError
from pbxretain.plan import Plan, Terms
from pbxretain.planfile import PlanFile, Tags
from pbxretain.planned import Planned, Tally
from pbxretain.signing import PrivateKey
from pbxretain.sources import Opened


def named(planned: PlanFile | None, key: PrivateKey | None, dataset: str) -> Planned | None:
    """The records of a dataset that may go; None where no plan file says which."""
    if planned is None or key is None:
        return None
    return Planned(Tags(planned.head, key, dataset), planned.entries(dataset))


def explain(
    planned: PlanFile,
    key: PrivateKey,
    works: Mapping[str, Work],
    decided: Plan,
    errors: list[RetainError],
    *,
    stop: Stop,
) -> Tally:
    """What became of each record that the plan file names. Whoever asked to stop gets no look at
    what is left: it counts as still due."""
    tally = Tally.of(planned)
    for item in decided.items:
        work = works.get(item.dataset)
        if work is not None and work.planned is not None:
            try:
                if work.selection is not None and not stop():
                    _explained(work.planned, work)
            except RetainError as error:
                errors.append(error)
            tally.add(item.dataset, work.planned)
        elif (left := named(planned, key, item.dataset)) is not None:
            if item.refusal:
                left.refused(item.refusal.code)
            tally.add(item.dataset, left)
    return tally


def _explained(records: Planned, work: Work) -> None:
    after, selection = work.result.after, work.selection
    assert selection is not None  # noqa: S101  (asked before)
    waits = bool(after and after.kept_for_part)
    records.explain(work.store, selection, failed=work.skip, waits=waits)


def came_due(terms: Terms, opened: Opened, works: Mapping[str, Work], *, now: datetime) -> int:
    """How many records are before their cut-off by the run's own clock that weren't by the plan's;
    those of datasets that can't be looked at aren't in it."""
    today, count = replace(terms, as_of=None), 0
    for store in terms.strands(opened):
        work = works.get(store.dataset)
        after = work.result.after if work else None
        with suppress(RetainError):
            selection = plan.select(today, opened, store, now=now) if after else None
            if after is not None and selection is not None:
                count += max(0, store.census(selection).before - after.before)
    return count
