"""How does a PBX forget that lets data be deleted only through its own interface?

An integrator writes a ``Client``: list, look, delete. All promises are kept here. Nothing can be
rolled back, so the order is *seal first, then act, then look*: taking only selects and reads again;
once the journal says ``committed`` the batch looks once more, deletes what is still the same, and
looks until two looks agree. What is gone counts, whatever the interface answered.

Memory stays flat where the client pages: the oldest ``WINDOW`` due items are held at a time, and
of all others only the call ids, where there are any.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from heapq import nsmallest
from zoneinfo import ZoneInfo

from pbxretain.documents import YES_NO
from pbxretain.errors import OutcomeUnknown, RetainError, StoreError, UnavailableError
from pbxretain.manifest import ApiDataset, CommandDataset
from pbxretain.records import (
    FUTURE,
    Advice,
    BatchName,
    Bits,
    Census,
    Cursor,
    Facets,
    Field,
    Found,
    Intent,
    Itemised,
    Marked,
    Record,
    Selection,
    Session,
    Sought,
    Taken,
    Ties,
)
from pbxretain.stores.client import Client, Item
from pbxretain.stores.dating import zone_of
from pbxretain.stores.items_batch import ItemBatch, ItemCursor, Listed, order
from pbxretain.stores.moments import Moments
from pbxretain.stores.told import claim, kept, sorted_out

ENCODING = "item/1"
WINDOW = 50_000
"""Due items held at a time; behind them the interface is asked again."""

_LOOKS = 100
_SAMPLE = 200
_SLACK = timedelta(days=2)


def open_items(
    *, name: str, dataset: ApiDataset | CommandDataset, client: Client, zone: ZoneInfo
) -> ItemStore:
    """A dataset behind a product's interface. ``zone`` is the source's."""
    from pbxretain.stores.periods import PeriodClient, PeriodStore

    where = zone_of(dataset.zone, zone)
    moments = Moments("epoch" if dataset.type == "epoch" else "wall", where)
    kind = PeriodStore if isinstance(client, PeriodClient) else ItemStore
    return kind(name=name, dataset=dataset, client=client, moments=moments)


class ItemStore:
    """Implements ``records.Store`` over a ``Client``; see the module."""

    encoding = ENCODING

    def __init__(
        self,
        *,
        name: str,
        dataset: ApiDataset | CommandDataset,
        client: Client,
        moments: Moments,
    ) -> None:
        self.dataset = name
        self.data_class = dataset.data
        self._client = client
        self._moments = moments
        self._facets = dataset.facets
        self._settle_in = timedelta(seconds=dataset.settle_in)
        self._subjects = list(dataset.subjects)
        self._window: list[Listed] = []
        self._more = False

    # Looking ------------------------------------------------------------------------------------

    def check(self) -> Sequence[Advice]:
        """What the client says, and whether the times can be read at all."""
        with self._asking():
            advice = list(self._client.check())
        seen = dated = 0
        for entry in self._listing(None):
            seen, dated = seen + 1, dated + (entry.when is not None)
            if seen == _SAMPLE:
                break
        if seen and not dated:
            text = f"{self.dataset}: none of the first {seen} records has a time that can be read."
            advice.append(Advice("UNREADABLE_TIMES", text, severity="error"))
        return advice

    def clock(self) -> datetime | None:
        with self._asking():
            told = self._client.clock()
        return told.astimezone(UTC) if told is not None and told.tzinfo else None

    def straddlers(self, selection: Selection) -> frozenset[bytes]:
        """Calls with an item that is due and one that its own rule keeps, not done with, or too
        young."""
        old: set[bytes] = set()
        young: set[bytes] = set()
        for entry in self._listing(None):
            if entry.call and entry.when is not None:
                settled = self._settled(entry, selection)
                if settled and _wanted(entry, selection) == "due":
                    old.add(entry.call)
                elif not settled or _stays(entry, selection):
                    young.add(entry.call)
        return frozenset(old & young)

    def census(self, selection: Selection) -> Census:
        tally: Counter[str] = Counter()
        marked = Marked(selection)
        oldest = newest = None
        for entry in self._listing(None):
            tally["total"] += 1
            marked.see(entry.when)
            mine = claim(entry.told, selection)
            if mine is None:
                continue
            meant = selection.means(entry.taken.identity)
            if entry.when is None:
                tally["undated"] += meant
                continue
            oldest = min(oldest or entry.when, entry.when)
            newest = max(newest or entry.when, entry.when)
            tally["future"] += selection.chosen is None and entry.when > selection.now + FUTURE
            tally["untold"] += mine.untold(entry.when)
            if standing := self._standing(entry, selection):
                tally["before"] += 1
                tally[standing] += 1
        return Census(
            before=tally["before"],
            due=tally["due"],
            undated=tally["undated"],
            future=tally["future"],
            straddling=tally["waiting"],
            held=tally["held"],
            minimum=tally["minimum"],
            total=tally["total"],
            older=marked.older,
            oldest=oldest,
            newest=newest,
            findings={"FACET_UNTOLD": tally["untold"]} if tally["untold"] else {},
        )

    def scan(self, selection: Selection) -> Iterator[Record]:
        """Oldest first, a window at a time."""
        after: ItemCursor | None = None
        while True:
            window, more = self._due(selection, after)
            for entry in window:
                label = entry.id.encode("utf-8", "backslashreplace").decode()
                yield Record(entry.when, label, entry.call or None)
            if not more:
                return
            after = ItemCursor(*order(window[-1]))

    def itemise(self, selection: Selection, *, everything: bool = False) -> Iterator[Itemised]:
        """See ``records.Store``: a window at a time, so that what a page repeats comes once."""
        chosen = selection.bare if everything else selection
        wanted = frozenset({"due", "waiting"} if everything else {"due"})
        after: ItemCursor | None = None
        while True:
            window, more = self._due(chosen, after, wanted)
            for entry in window:
                waits = self._standing(entry, chosen) == "waiting"
                yield Itemised.of(entry.taken, stays="STILL_WRITTEN" if waits else "")
            if not more:
                return
            after = ItemCursor(*order(window[-1]))

    def search(self, sought: Sought, *, start: str | None = None) -> Iterator[Found]:
        """By the parties that the client names, and by the id where that is a path."""
        del start
        for entry in self._listing(None):
            taken = entry.taken
            if any(map(sought.matches, taken.subjects)) or sought.matches(taken.key[0], bare=False):
                named = zip(self._subjects, taken.subjects, strict=False)
                fields: dict[str, Field] = {"id": taken.key[0], "start": taken.start, **dict(named)}
                yield Found(self.dataset, taken.identity, entry.call or None, entry.when, fields)

    def _standing(self, entry: Listed, selection: Selection) -> str | None:
        """What becomes of an item before the cut-off; None for any other."""
        standing = _wanted(entry, selection)
        if standing is None or not selection.means(entry.taken.identity):
            return None
        if entry.call in selection.held_calls or entry.taken.identity in selection.excluded_keys:
            return "held"
        if standing == "minimum":
            return standing
        if entry.call in selection.excluded_calls or not self._settled(entry, selection):
            return "waiting"
        return "due"

    def _settled(self, entry: Listed, selection: Selection) -> bool:
        return entry.ready and entry.taken.when <= selection.now - self._settle_in

    def _due(
        self,
        selection: Selection,
        after: ItemCursor | None,
        wanted: frozenset[str] = frozenset({"due"}),
    ) -> tuple[list[Listed], bool]:
        """The oldest items of such a standing behind a cursor, each once, and whether there are
        more."""
        found = (
            entry
            for entry in self._listing(selection.cutoff)
            if entry.when is not None
            and (after is None or order(entry) > (after.when, after.key))
            and self._standing(entry, selection) in wanted
        )
        window = nsmallest(WINDOW + 1, found, key=order)
        once = {entry.taken.identity: entry for entry in window[:WINDOW]}
        return list(once.values()), len(window) > WINDOW

    def _listing(self, before: datetime | None) -> Iterator[Listed]:
        with self._asking():
            for item in self._client.items(before=before):
                yield self._entry(item)

    def _entry(self, item: Item) -> Listed:
        if not isinstance(item.id, str) or not item.id:
            raise StoreError(f"dataset {self.dataset}: the product names a record without an id")
        start = _field(item.start)
        when = self._moments.read(start)
        taken = Taken(
            key=(_field(item.id),),
            start=start,
            when=when or datetime.fromtimestamp(0, UTC),
            call=(_field(item.call),),
            subjects=tuple(_field(subject) for subject in item.subjects),
        )
        end = None if item.end is None else self._moments.read(_field(item.end))
        told = {name: _told(name, item.facets.get(name)) for name in self._facets}
        return Listed(taken, when, item.ready, end, told)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """A client's own errors pass; any other becomes a sentence without its text."""
        try:
            yield
        except RetainError:
            raise
        except OSError:
            raise UnavailableError(
                f"dataset {self.dataset}: the product's interface can't be reached",
                hint="see whether it runs, and run: pbxretain check",
            ) from None
        except Exception as error:  # noqa: BLE001  (a client is foreign code)
            raise StoreError(
                f"dataset {self.dataset}: the connector's client failed ({type(error).__name__})",
                hint="ask who wrote the connector",
            ) from None

    def there(self, taken: Sequence[Taken]) -> Mapping[bytes, Listed]:
        """By id what is there now of these; of an id named twice the youngest."""
        ids = [(t.key[0] or b"").decode("utf-8", "surrogatepass") for t in taken]
        found: dict[bytes, Listed] = {}
        with self._asking():
            for entry in map(self._entry, self._client.look(ids) if ids else ()):
                key = entry.taken.key[0] or b""
                if key not in found or found[key].taken.when <= entry.taken.when:
                    found[key] = entry
        return found

    # Taking -------------------------------------------------------------------------------------

    def take(
        self,
        selection: Selection,
        *,
        limit: int,
        after: Cursor | None,
        skip: frozenset[bytes],
        name: BatchName,
    ) -> ItemBatch:
        """Selects and reads again; nothing is touched before ``commit``."""
        del name
        cursor = after if isinstance(after, ItemCursor) else None
        self._advance(selection, cursor)
        window = self._window[: max(1, min(limit, self._client.at_once))]
        wanted = [entry for entry in window if entry.taken.identity not in skip]
        there = self.there([entry.taken for entry in wanted])
        batch = ItemBatch(self, exhausted=len(window) == len(self._window) and not self._more)
        batch.cursor = ItemCursor(*order(window[-1])) if window else cursor
        for entry in wanted:
            found = there.get(entry.taken.key[0] or b"")
            if found is None or found.taken.identity != entry.taken.identity:
                batch.absent += 1
            elif not found.ready:
                batch.skipped["STILL_WRITTEN"] = batch.skipped.get("STILL_WRITTEN", 0) + 1
            else:
                batch.taken.append(found.taken)
        batch.seal_bounds()
        return batch

    def _advance(self, selection: Selection, cursor: ItemCursor | None) -> None:
        """Leaves in the window what lies behind the cursor; lists again where that is nothing."""
        if cursor is not None:
            at = bisect_right(self._window, (cursor.when, cursor.key), key=order)
            self._window = self._window[at:]
        if cursor is None or (not self._window and self._more):
            self._window, self._more = self._due(selection, cursor)

    def delete(self, taken: Sequence[Taken]) -> None:
        """Asks the product to delete these. Raises OutcomeUnknown where it may still be at work,
        StoreError and UnavailableError where it said no."""
        try:
            with self._acting():
                self._client.delete([_item(t) for t in taken])
        except StoreError as error:
            if len(taken) == 1 and not isinstance(error, OutcomeUnknown):
                error.identity = taken[0].identity
            raise

    @contextmanager
    def _acting(self) -> Iterator[None]:
        """As ``_asking``, for what can't be undone."""
        try:
            yield
        except (StoreError, UnavailableError):
            raise
        except Exception:  # noqa: BLE001  (a client is foreign code)
            raise OutcomeUnknown(
                f"dataset {self.dataset}: the product's interface stopped in the middle of a batch",
                hint="the run looks what became of it",
            ) from None

    def left(self, taken: Sequence[Taken]) -> list[bool]:
        """Which of them are gone, once two looks agree or nothing is left."""

        def look() -> list[bool]:
            there = self.there(taken)
            found = {key: entry.taken.identity for key, entry in there.items()}
            return [found.get(t.key[0] or b"") != t.identity for t in taken]

        return self._agreed(look)

    def _agreed(self, look: Callable[[], Bits]) -> list[bool]:
        bits = list(look())
        for _ in range(_LOOKS):
            if all(bits):
                return bits
            time.sleep(self._client.pause)
            again = list(look())
            if again == bits:
                return bits
            bits = again
        raise StoreError(
            f"dataset {self.dataset}: what is there keeps changing",
            hint="run again when the product is less busy",
        )

    def session(self) -> Session | None:
        """The helper that deletes, where there is one."""
        with self._asking():
            values = self._client.session()
        return Session(values) if values else None

    # After a crash ------------------------------------------------------------------------------

    def telling(self, facets: Facets) -> tuple[Ties, Ties]:
        """See ``records.Store``."""
        items = ((entry.told, _tie(entry)) for entry in self._listing(None))
        return sorted_out(items, facets)

    def ties(self, of: Ties) -> Ties:
        """An item bears one call id and nothing hangs on it."""
        del of
        return Ties()

    def sweep(self, selection: Selection) -> Mapping[str, int]:
        """Nothing here is shared by several records."""
        del selection
        return {}

    def settle(self, intent: Intent) -> Bits:
        """Without a ``committed`` line nothing was done. Else a fresh listing tells; a helper of
        the dead run is ended first, or it could delete behind the look."""
        if not intent.committed:
            return [False] * intent.count
        if intent.session is not None:
            with self._asking():
                self._client.end(intent.session.values)
        until = intent.bounds.get("to")
        before = _midnight(str(until)) + _SLACK if until else None
        self._window = []

        def look() -> Bits:
            listed = self._listing(before)
            return intent.compare((entry.taken.identity, b"") for entry in listed)

        return self._agreed(look)

    def tidy(self, installation: str) -> int:
        """Nothing is ever set aside."""
        del installation
        return 0

    def close(self) -> None:
        self._window = []
        self._client.close()


def _wanted(entry: Listed, selection: Selection) -> str | None:
    """Whether an item is this rule's and due, or refused for a minimum."""
    mine = claim(entry.told, selection)
    return mine.standing(entry.when) if mine and entry.when else None


def _stays(entry: Listed, selection: Selection) -> bool:
    return kept(entry.told, lambda _: entry.when, selection)


def _told(name: str, values: Sequence[str] | None) -> frozenset[str] | None:
    """What a client says of a facet; None where nobody can tell, or what it says can't be."""
    if values is None:
        return None
    found = frozenset([values] if isinstance(values, str) else values)
    return None if name in YES_NO and not found <= {"true", "false"} else found


def _field(value: object) -> Field:
    if value is None:
        return None
    return str(value).encode("utf-8", "surrogatepass")


def _text(value: Field) -> str | None:
    return None if value is None else value.decode("utf-8", "surrogatepass")


def _item(taken: Taken) -> Item:
    return Item(
        id=_text(taken.key[0]) or "",
        start=_text(taken.start),
        call=_text(taken.call[0]),
        subjects=[_text(subject) for subject in taken.subjects],
    )


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)


def _tie(entry: Listed) -> Ties:
    if entry.call:
        return Ties(calls=frozenset([entry.call]))
    return Ties(keys=frozenset([entry.taken.identity]))
