"""Does a manifest fit the vendor's own tables on a real server?

For a copy of a real system's database, or a test host's: the promises that can be tried without
changing anything for good. Batches are taken and given up; nothing is ever committed.
"""
# ruff: noqa: S608  (identifiers are quoted by the dialect)

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from pbxretain import sources
from pbxretain.connector import Connector
from pbxretain.errors import DocumentError
from pbxretain.plan import Terms
from pbxretain.records import BatchName, Selection, Store
from pbxretain.settings import SecretRef
from pbxretain.sources import Opened
from pbxretain.stores.database import session
from pbxretain.stores.table import TableStore
from pbxretain.testing.fake import MARK, Fake, Found
from pbxretain.testing.promises import Promise
from pbxretain.testing.setting import KEEP, Scene, terms_of
from pbxretain.testing.suite import Case
from pbxretain.testing.trial import Trial

_BATCH = 1000
_LONG = 5
"""Shorter ones, such as extensions, may be any number."""


@dataclass
class OnServer(Trial):
    """A connector over a database that is there already; ``url`` as in settings."""

    url: str = ""
    password: SecretRef | None = field(default=None, repr=False)

    def terms(self, fake: Fake | None = None) -> Terms:
        found = terms_of(self.product, self.scene, url=self.url, roots=self.roots)
        source = found.source.model_copy(update={"password": self.password})
        return replace(found, source=source)

    @cached_property
    def roots(self) -> dict[str, Path]:
        """Folders without a record, for those that must be there: only tables are looked at."""
        wanted = [name for name, root in self.product.manifest.roots.items() if root.required]
        found = {name: self.folder / "roots" / name for name in wanted}
        for path in found.values():
            path.mkdir(parents=True)
            (path / "README").write_text("not the system's own folder")
        return found

    def opened(self, fake: Fake | None = None) -> AbstractContextManager[Opened]:
        terms = self.terms()
        return sources.opened(
            terms.source, terms.connector, name=terms.name, installation=MARK, exclusive=False
        )

    @cached_property
    def names(self) -> list[str]:
        with self.opened() as opened:
            return [s.dataset for s in opened.stores if isinstance(s, TableStore)]

    def chosen(self, opened: Opened, store: Store) -> Selection:
        """What is due there, as a policy of 90 days would have it."""
        return self.selection(None, opened, store)  # type: ignore[arg-type]


def server_suite(
    product: Connector, url: str, *, password: SecretRef | None, timezone: str, now: datetime
) -> list[Case]:
    """The cases over a database at ``url``. ``now`` is aware UTC.

    Raises DriftError where the tables aren't as declared, UnavailableError, DocumentError.
    """
    try:
        zone = ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        raise DocumentError(f"there is no time zone {timezone!r}", hint="Europe/Berlin") from None
    day = now.astimezone(zone).date() - KEEP
    cutoff = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    trial = OnServer(
        product, Scene("server", timezone, cutoff, lean=False), url=url, password=password
    )
    return [Case(promise, name, trial) for name in trial.names for promise in PROMISES]


def _allowed(trial: Trial, dataset: str) -> Iterator[Found]:
    for _, store, _ in _at(trial, dataset):
        for advice in store.check():
            if advice.severity == "error" or advice.code == "READY_NEVER":
                yield Found(f"{advice.text} {advice.command}".strip(), "ready")


def _adds_up(trial: Trial, dataset: str) -> Iterator[Found]:
    for _, store, chosen in _at(trial, dataset):
        census = store.census(chosen)
        waits = census.straddling + census.held + census.kept_for_part
        if census.before != census.due + waits:
            yield Found(f"of {census.before} records {census.due} are due and {waits} wait")
        if census.undated and census.undated == census.total:
            yield Found("no record has a time that can be read", "starts")
        if census.newest and census.newest > trial.scene.now + timedelta(days=2):
            yield Found("the newest record lies in the future", "starts and its zone")
        listed = sum(1 for _ in store.scan(chosen))
        if listed != census.due:
            yield Found(f"the listing shows {listed} records, and the census says {census.due}")


def _puts_back(trial: Trial, dataset: str) -> Iterator[Found]:
    name = BatchName(MARK, "kit", 1)
    for _, store, chosen in _at(trial, dataset):
        if store.manifest.reads_only:
            return
        before = _content(store)
        for limit in (1, _BATCH):
            with store.take(chosen, limit=limit, after=None, skip=frozenset(), name=name):
                pass
        if _content(store) != before:
            yield Found("a batch that was given up left rows changed or gone", "children and link")


def _silent(trial: Trial, dataset: str) -> Iterator[Found]:
    name = BatchName(MARK, "kit", 1)
    for _, store, chosen in _at(trial, dataset):
        if store.manifest.reads_only:
            return
        with store.take(chosen, limit=9, after=None, skip=frozenset(), name=name) as batch:
            shown = repr((batch, batch.taken, batch.bounds))
            told = [s for taken in batch.taken for s in taken.subjects if s and len(s) > _LONG]
        if any(s.decode(errors="replace") in shown for s in told):
            yield Found("repr of a batch shows who called")


def _at(trial: Trial, dataset: str) -> Iterator[tuple[Opened, TableStore, Selection]]:
    assert isinstance(trial, OnServer)  # noqa: S101  (made by server_suite)
    with trial.opened() as opened:
        store = opened.store(dataset)
        if isinstance(store, TableStore):
            yield opened, store, trial.chosen(opened, store)


def _content(store: TableStore) -> Mapping[str, tuple[int, int]]:
    """What a batch may touch: each table as a count and a sum over its rows' digests."""
    return {table: _sum(store, table) for table in (store.shape.table, *store.children)}


def _sum(store: TableStore, table: str) -> tuple[int, int]:
    with session(store.engine) as read:
        rows: Sequence[object] = read.rows(f"SELECT * FROM {store.dialect.table(table)}")
    digests = Counter(hashlib.sha256(repr(row).encode()).digest()[:8] for row in rows)
    return len(rows), sum(int.from_bytes(d, "big") * n for d, n in digests.items())


PROMISES = (
    Promise("allowed", "the login may do all that a run does, and rows reach their states",
            "ready", _allowed),
    Promise("adds-up", "census and listing agree, and times are plausible", "starts", _adds_up),
    Promise("put-back", "a batch that is given up puts everything back", "children and link",
            _puts_back),
    Promise("silent", "repr shows nothing of what a record holds", "key and subjects", _silent),
)  # fmt: skip
