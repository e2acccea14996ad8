"""What lies overdue in a telephone system, as somebody sees it who doesn't run it?

A census of its own with read-only credentials, by the engine's own sums. Patience is granted as
the roster says: what a punctual run has had no chance to delete yet isn't overdue.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from pbxretain import plan
from pbxretain.connector import Opened
from pbxretain.evidence.attestations import Observation, Observed
from pbxretain.evidence.fields import instant
from pbxretain.outcomes import still_due
from pbxretain.plan import Progress, Terms, silent
from pbxretain.records import Selection, Store


def observe(
    terms: Terms,
    opened: Opened,
    *,
    installation: str,
    patience: timedelta,
    now: datetime,
    progress: Progress = silent,
) -> Observation:
    """Counts every dataset under the policy's cut-offs as they were ``patience`` ago.

    ``now`` is aware UTC. DocumentError for a policy that doesn't fit the connector, StoreError when
    a dataset can't be read: half an observation would say nothing.
    """
    found: list[Observed] = []
    for store in opened.stores:
        progress("census", store.dataset, len(found), len(opened.stores))
        found.append(_observed(terms, opened, store, patience=patience, now=now))
    progress("census", "", len(found), len(opened.stores))
    return Observation(
        id=str(uuid4()),
        installation=installation,
        at=instant(now),
        source=terms.name,
        as_of=instant(now),
        timezone=terms.source.timezone,
        connector=terms.connector.digest,
        policy=terms.policy_digest,
        datasets=tuple(found),
    )


def _observed(
    terms: Terms, opened: Opened, store: Store, *, patience: timedelta, now: datetime
) -> Observed:
    selection = plan.select(terms, opened, store, now=now)
    if selection is None:
        return Observed(
            dataset=store.dataset,
            data_class=store.data_class,
            cutoff=None,
            total=None,
            overdue=0,
        )
    selection = _patient(terms, store, selection, then=now - patience)
    census = store.census(selection)
    oldest = census.oldest.astimezone(terms.zone).date().isoformat() if census.oldest else None
    return Observed(
        dataset=store.dataset,
        data_class=store.data_class,
        cutoff=instant(selection.cutoff),
        total=census.total,
        overdue=max(0, still_due(census)),
        undated=census.undated,
        future=census.future,
        oldest=oldest,
    )


def _patient(terms: Terms, store: Store, selection: Selection, *, then: datetime) -> Selection:
    due = terms.rule(store.data_class).terms_at(now=then, zone=terms.zone)
    if due is None:
        return selection
    earlier = replace(selection, cutoff=due.cutoff, maximum=due.maximum, excluded_calls=frozenset())
    return replace(earlier, excluded_calls=store.straddlers(earlier))
