"""What lies overdue in a telephone system, as somebody sees it who doesn't run it?

A census of its own with read-only credentials, by the engine's own sums. Patience is granted as
the roster says: what a punctual run has had no chance to delete yet isn't overdue.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from pbxretain import plan
from pbxretain.evidence.attestations import Observation, Observed
from pbxretain.evidence.fields import instant
from pbxretain.outcomes import still_due
from pbxretain.plan import Progress, Terms, silent
from pbxretain.records import Store
from pbxretain.sources import Opened


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
    strands = terms.strands(opened)
    for strand in strands:
        progress("census", strand.dataset, len(found), len(strands))
        found.append(_observed(terms, opened, strand, patience=patience, now=now))
    progress("census", "", len(found), len(strands))
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
    selection = plan.select(terms, opened, store, now=now - patience)
    if selection is None:
        return Observed(
            dataset=store.dataset,
            data_class=store.data_class,
            cutoff=None,
            total=None,
            overdue=0,
        )
    selection = replace(selection, now=now)
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
