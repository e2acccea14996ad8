"""How does a product forget that deletes only all records of a period?

Such a call can spare nothing, so it is made only where nothing is to be spared: everything that is
listed before its end is due, and no record of another call runs at that moment. What was listed is
the batch, sealed as any other; the listing is read once more just before the call, and read again
after it. Where something stands in the way, what is due behind it stays and is counted
(PERIOD_NOT_CLEAR).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from heapq import nsmallest
from itertools import accumulate

from pbxretain.errors import StoreError
from pbxretain.records import BatchName, Cursor, Selection, Taken
from pbxretain.stores import items
from pbxretain.stores.client import Client, Item
from pbxretain.stores.items import ItemStore
from pbxretain.stores.items_batch import ItemBatch, ItemCursor, Listed, order

FEWEST = 5000
"""Records of one batch, where there are so many: each costs whole listings."""

QUIET = timedelta(seconds=3)
"""Between the end of all that goes and the start of what stays; a call's parts follow closer."""

_STEP = timedelta(seconds=1)


class PeriodClient(Client):
    """A client whose product deletes by period only."""

    @abstractmethod
    def purge(self, before: datetime) -> None:
        """Deletes everything that starts before; errors as ``Client.delete``."""

    def delete(self, items: Sequence[Item]) -> None:
        raise StoreError("this product deletes whole periods only")


class PeriodStore(ItemStore):
    """An item store whose batches are the oldest records up to a quiet moment."""

    _client: PeriodClient
    _stop: datetime | None = None

    def take(
        self,
        selection: Selection,
        *,
        limit: int,
        after: Cursor | None,
        skip: frozenset[bytes],
        name: BatchName,
    ) -> ItemBatch:
        """See ``records.Store``. A small ``limit`` means that something failed before."""
        del name
        cursor = after if isinstance(after, ItemCursor) else None
        seen = {"undated": 0, "due": 0}
        oldest = nsmallest(items.WINDOW + 1, self._dated(selection, seen), key=order)
        free = self._free(oldest, selection, skip)
        if seen["undated"] or (cursor and oldest and order(oldest[0]) <= (cursor.when, cursor.key)):
            free = []
        ends = list(accumulate((entry.end or entry.taken.when for entry in free), max))
        cuts = list(_quiet(free, ends, oldest, selection.cutoff))
        wanted = max(limit, FEWEST if limit >= 100 else 1)
        cut = max((c for c in cuts if c <= wanted), default=min(cuts, default=0))
        last = not cuts or (cut == cuts[-1] and len(free) < items.WINDOW)
        batch = ItemBatch(self, exhausted=last)
        batch.cursor, batch.taken = cursor, [entry.taken for entry in free[:cut]]
        if cut:
            self._stop = ends[cut - 1] + _STEP
            batch.cursor = ItemCursor(*order(free[cut - 1]))
        if batch.exhausted and seen["due"] > cut:
            batch.skipped["PERIOD_NOT_CLEAR"] = seen["due"] - cut
        batch.seal_bounds()
        return batch

    def _dated(self, selection: Selection, seen: dict[str, int]) -> Iterator[Listed]:
        for entry in self._listing(None):
            if entry.when is None:
                seen["undated"] += 1
                continue
            seen["due"] += self._standing(entry, selection) == "due"
            yield entry

    def _free(
        self, oldest: Sequence[Listed], selection: Selection, skip: frozenset[bytes]
    ) -> list[Listed]:
        """The oldest records up to the first that must stay."""
        found = []
        for entry in oldest[: items.WINDOW]:
            if entry.taken.identity in skip or self._standing(entry, selection) != "due":
                break
            found.append(entry)
        return found

    def delete(self, taken: Sequence[Taken]) -> None:
        """Purges up to the quiet moment, unless something else lies before it now."""
        stop = self._stop
        known = {t.identity for t in taken}
        for entry in self._listing(None):
            before = entry.when is None or (stop is not None and entry.when <= stop)
            if stop is None or (before and entry.taken.identity not in known):
                raise StoreError(
                    f"dataset {self.dataset}: something to spare came into the period",
                    hint="run again",
                    code="PERIOD_NOT_CLEAR",
                )
        assert stop is not None  # noqa: S101  (a batch has a moment)
        with self._acting():
            self._client.purge(stop)


def _quiet(
    free: Sequence[Listed],
    ends: Sequence[datetime],
    oldest: Sequence[Listed],
    cutoff: datetime,
) -> Iterator[int]:
    """How many records may go together: those behind which nothing runs for a while."""
    for count in range(1, len(free) + 1):
        following = oldest[count].taken.when if count < len(oldest) else cutoff
        if ends[count - 1] + QUIET <= min(following, cutoff):
            yield count
