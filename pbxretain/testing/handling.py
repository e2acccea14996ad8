"""How must a store handle records while a batch is open? Checks for the promises about that.

Here the kit asks the store itself, without the engine: it takes, gives up, writes in between, and
looks at what is there afterwards.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from pbxretain.errors import RetainError
from pbxretain.manifest import Dataset
from pbxretain.records import (
    Batch,
    BatchName,
    Facets,
    Record,
    Rival,
    Selection,
    Store,
    Taken,
)
from pbxretain.testing.fake import MARK, Fake, Found
from pbxretain.testing.trial import Trial

_MOST_BATCHES = 5000
_MANY = 1000
_YEARS = timedelta(days=2000)
_NUMBER = "030123"
"""Stands in every number that the kit makes up."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A store under test and what is due in it."""

    store: Store
    chosen: Selection

    def take(
        self, limit: int, *, chosen: Selection | None = None, skip: frozenset[bytes] = frozenset()
    ) -> Batch:
        name = BatchName(MARK, "kit", 1)
        return self.store.take(chosen or self.chosen, limit=limit, after=None, skip=skip, name=name)


@contextmanager
def _held(trial: Trial, fake: Fake, dataset: str) -> Iterator[_Held | None]:
    """None for a dataset of which nothing is ever taken."""
    with trial.opened(fake) as opened:
        store = opened.store(dataset)
        if store is None or trial.only_reads(dataset):
            yield None
        else:
            yield _Held(store, trial.selection(fake, opened, store))


def together(trial: Trial, dataset: str) -> Iterator[Found]:
    """Batch by batch, each as small as can be and final. What is parted must bear a mark by which
    a crash can tell it from its twin."""
    fake, name = trial.dying(f"twins-{dataset}"), BatchName(MARK, MARK, 1)
    seen: Counter[tuple[bytes, bytes]] = Counter()
    with trial.opened(fake) as opened:
        store = opened.store(dataset)
        if store is None or trial.only_reads(dataset):
            return
        chosen, after = trial.selection(fake, opened, store), None
        for _ in range(_MOST_BATCHES):
            with store.take(chosen, limit=1, after=after, skip=frozenset(), name=name) as batch:
                seen.update({(taken.identity, taken.locator) for taken in batch.taken})
                exhausted, after = batch.exhausted, batch.cursor
                batch.commit()
                batch.finish()
            if exhausted:
                break
        else:
            yield Found("small batches never came to an end")
    unmarked = {identity for identity, locator in seen if not locator}
    parted = Counter(identity for identity, _ in seen)
    if any(times > 1 for times in seen.values()) or any(parted[one] > 1 for one in unmarked):
        yield Found("records that nothing tells apart were taken in two batches")


def puts_back(trial: Trial, dataset: str) -> Iterator[Found]:
    before, name = trial.looked.view(), BatchName(MARK, MARK, 1)
    for limit in (1, 1000):
        with trial.opened(trial.looked) as opened:
            store = opened.store(dataset)
            if store is None or trial.only_reads(dataset):
                return
            chosen = trial.selection(trial.looked, opened, store)
            with store.take(chosen, limit=limit, after=None, skip=frozenset(), name=name):
                pass
        after = trial.looked.view()
        if after.rows != before.rows:
            yield Found("a batch that was given up left rows changed or gone")
        if (after.files, after.lines) != (before.files, before.lines):
            yield Found("a batch that was given up left files changed, renamed or gone")


def spares(trial: Trial, dataset: str) -> Iterator[Found]:
    """A record that a hold names, or that failed alone before, stays while all others go."""
    with _held(trial, trial.looked, dataset) as held:
        if held is None:
            return
        with held.take(_MANY) as batch:
            due = Counter(taken.identity for taken in batch.taken)
        if not due:
            return
        one = frozenset({min(due)})
        spared = replace(held.chosen, excluded_keys=one)
        for what, chosen, skip in (
            ("a hold names", spared, frozenset[bytes]()),
            ("failed before", held.chosen, one),
        ):
            with held.take(_MANY, chosen=chosen, skip=skip) as batch:
                went = Counter(taken.identity for taken in batch.taken)
            if one & set(went):
                yield Found(f"a record that {what} is taken all the same", "key")
            if went - due or sum((due - went).values()) != due[min(due)]:
                yield Found(f"beside a record that {what} not the same others go", "key")
        census = held.store.census(spared)
        if census.held != due[min(due)]:
            yield Found(f"the census says held: {census.held}, and {due[min(due)]} is true", "key")


def shared(trial: Trial, dataset: str) -> Iterator[Found]:
    """For each facet: a rule for one value, and one for all the rest."""
    stored = trial.fake.stores.get(dataset)
    kind = trial.product.manifest.datasets[stored.dataset if stored else dataset]
    with _held(trial, trial.looked, dataset) as held:
        if held is None:
            return
        whole = Counter(held.store.scan(held.chosen))
        with held.take(_MANY) as batch:
            words = list(dict.fromkeys(w for t in batch.taken[:1] for w in _words(t) if w))
        for name, facet in _facets(kind):
            values = [*getattr(facet, "values", ()), "true", "false", *words]
            if rules := _told_apart(held, name, values, whole):
                yield from _apart(held, rules, whole, name)
            nobody, _ = _parted(held.chosen, {name: frozenset({f"{MARK} nobody"})})
            if any(held.store.scan(nobody)):
                yield Found(f"a rule for a {name} that no record has takes records")


def _told_apart(
    held: _Held, facet: str, values: Sequence[str], whole: Counter[Record]
) -> Sequence[Selection]:
    """Two rules of which each has records, where there is such a value; empty where no value is."""
    found: Sequence[Selection] = ()
    for value in values:
        rules = _parted(held.chosen, {facet: frozenset({value})})
        mine = Counter(held.store.scan(rules[0]))
        found = rules if mine else found
        if mine and mine != whole:
            break
    return found


def _facets(kind: Dataset) -> Sequence[tuple[str, object]]:
    facets = getattr(kind, "facets", {})
    return list(facets.items()) if isinstance(facets, Mapping) else []


def _words(taken: Taken) -> Iterator[str]:
    """Whatever a record's facet may be compared with."""
    for part in (*taken.key, *taken.subjects):
        text = (part or b"").decode(errors="surrogateescape")
        yield from (text, *re.split(r"[|,/\n-]", text.replace('"', "")))


def _parted(chosen: Selection, facets: Facets) -> tuple[Selection, Selection]:
    cutoff, start = chosen.cutoff, chosen.start
    first = replace(chosen, only=facets, others=(Rival({}, (facets,), cutoff, start),))
    rest = replace(chosen, but_not=(facets,), others=(Rival(facets, (), cutoff, start),))
    return first, rest


def _apart(
    held: _Held, rules: Sequence[Selection], whole: Counter[Record], facet: str
) -> Iterator[Found]:
    listed = [Counter(held.store.scan(rule)) for rule in rules]
    if listed[0] + listed[1] != whole:
        yield Found(f"two rules that go by {facet} don't list together what one lists")
    counted = [held.store.census(rule).due for rule in rules]
    if counted != [part.total() for part in listed]:
        yield Found(f"two rules that go by {facet} list other records than they count")
    taken: list[set[bytes]] = []
    for rule in rules:
        with held.take(_MANY, chosen=rule) as batch:
            taken.append({t.identity for t in batch.taken})
    if any(bool(part) != bool(went) for part, went in zip(listed, taken, strict=True)):
        yield Found(f"of two rules that go by {facet} one takes nothing")
    if not taken[0].isdisjoint(taken[1]):
        yield Found(f"two rules that go by {facet} take the same record")


def newest(trial: Trial, dataset: str) -> Iterator[Found]:
    """Long after, when all is due: those stay that the manifest keeps for ever."""
    stored = trial.fake.stores[dataset]
    declared = trial.product.manifest.datasets.get(stored.dataset)
    keep = getattr(declared, "keep_newest", 0)
    rows = [row for row in trial.looked.rows if row.table == stored.table and row.when]
    whens = sorted((row.when for row in rows if row.when), reverse=True)
    with _held(trial, trial.looked, dataset) as held:
        if held is None or len(whens) <= keep:
            return
        late = whens[0] + _YEARS
        chosen = replace(held.chosen, cutoff=late, now=late, excluded_calls=frozenset())
        with held.take(_MANY, chosen=chosen) as batch:
            if any(taken.when >= whens[keep - 1] for taken in batch.taken):
                yield Found(f"of the newest {keep}, which are to be kept, one is taken")
            if not batch.taken:
                yield Found(f"beside the newest {keep} nothing is taken, though all is due")


def newer(trial: Trial, dataset: str) -> Iterator[Found]:
    """The PBX writes on while a batch is open: under the very names that the batch took."""
    fake = trial.dying(f"newer-{dataset}")
    logs = {os.fsdecode(p.path) for p in fake.lines if p.dataset == dataset}
    write = _lines_written if logs else _names_given_again
    for end in ("rollback", "commit"):
        with _held(trial, fake, dataset) as held:
            if held is None:
                return
            before = _pieces(fake, dataset)
            with held.take(_MANY) as batch:
                written = write(fake, dataset, end)
                if end == "commit":
                    batch.commit()
                    batch.finish()
        kept = before if end == "rollback" or logs else ()
        there = _whole(fake)
        if any(content not in there for content in written):
            yield Found(f"what the PBX wrote in the middle of a batch is gone after {end}")
        if any(content not in there for content in kept):
            yield Found(f"what was there before a batch is gone after its {end}")


def _pieces(fake: Fake, dataset: str) -> list[bytes]:
    found = _whole(fake)
    pieces = [p.content for p in (*fake.files, *fake.lines) if p.dataset == dataset]
    return [content for content in pieces if content in found]


def _whole(fake: Fake) -> bytes:
    roots = (fake.folder / "roots").rglob("*")
    return b"\0".join(path.read_bytes() for path in sorted(roots) if path.is_file())


def _names_given_again(fake: Fake, dataset: str, end: str) -> list[bytes]:
    """A new file under each name that the batch has set aside."""
    written = []
    for number, piece in enumerate(p for p in fake.files if p.dataset == dataset):
        path = Path(os.fsdecode(piece.path))
        if piece.gone and not path.exists() and path.parent.exists():
            written.append(f"{MARK} newer {end} {number}.".encode())
            path.write_bytes(written[-1])
    return written


def _lines_written(fake: Fake, dataset: str, end: str) -> list[bytes]:
    """One more line at the end of each log and of what was set aside of it."""
    logs = {os.fsdecode(p.path) for p in fake.lines if p.dataset == dataset}
    written: list[bytes] = []
    for path in sorted((fake.folder / "roots").rglob("*")):
        if any(str(path).startswith(log) for log in logs):
            written.append(f"{MARK} newer {end} {len(written)}.\n".encode())
            with path.open("ab") as log:
                log.write(written[-1])
    return written


def silent(trial: Trial, dataset: str) -> Iterator[Found]:
    """Neither what a debugger prints, nor what stays on disk, nor what goes wrong shows it."""
    shown: list[str] = []
    with trial.opened(trial.looked) as opened:
        store = opened.store(dataset)
        if store is None:
            return
        chosen = trial.selection(trial.looked, opened, store)
        shown += [repr(thing) for thing in (opened, store, chosen, list(store.scan(chosen)))]
    with _held(trial, trial.looked, dataset) as held:
        if held:
            with held.take(9) as batch:
                shown += map(repr, (batch, batch.taken, batch.cursor, batch.bounds, batch.session))
    if _tells(shown):
        yield Found("repr of a store, selection, batch or record shows what a record holds")
    _ = trial.first
    if any(MARK.encode() in path.read_bytes() for path in trial.fake.state()):
        yield Found("what a run leaves in the state folder holds personal data")
    if _tells(_complaints(trial, dataset)):
        yield Found("an error repeats what a record holds, or where a file lies")


def _tells(shown: Sequence[str]) -> bool:
    return any(MARK in text or _NUMBER in text for text in shown)


def _complaints(trial: Trial, dataset: str) -> Sequence[str]:
    """What a store says when a delete is refused, or its folder is gone under its hands."""
    told: list[str] = []
    fake = trial.drifting
    with _held(trial, fake, dataset) as held:
        if held is None:
            return told
        with _trouble(fake, dataset):
            for act in (lambda: held.take(_MANY).rollback(), lambda: _whole_census(held)):
                told += _complaint(act)
    return told


def _whole_census(held: _Held) -> None:
    held.store.census(held.chosen)
    list(held.store.scan(held.chosen))


def _complaint(act: Callable[[], None]) -> Sequence[str]:
    try:
        act()
    except RetainError as error:
        chain: list[str] = []
        seen: BaseException | None = error
        while seen is not None:
            chain += [str(seen), repr(seen), str(getattr(seen, "hint", ""))]
            seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
        return chain
    return ()


def _trouble(fake: Fake, dataset: str) -> AbstractContextManager[None]:
    stored = fake.stores.get(dataset)
    if stored:
        return _refusing(fake, stored.table)
    found = fake.product.manifest.datasets.get(dataset)
    return _away(fake.root(getattr(found, "root", ""))) if found else nullcontext()


@contextmanager
def _refusing(fake: Fake, table: str) -> Iterator[None]:
    """Whoever deletes is told so by the database, with a value in its words."""
    fake.alter(
        f'CREATE TRIGGER pbxkit_refuses BEFORE DELETE ON "{table}" BEGIN'
        f" SELECT RAISE(ABORT, '{MARK} {_NUMBER}'); END"
    )
    try:
        yield
    finally:
        fake.alter("DROP TRIGGER pbxkit_refuses")


@contextmanager
def _away(root: Path) -> Iterator[None]:
    aside = root.with_name(f"{root.name}-away")
    root.rename(aside)
    try:
        yield
    finally:
        with suppress(OSError):
            aside.rename(root)


def listed(trial: Trial, dataset: str) -> Iterator[Found]:
    before = trial.looked.view()
    with trial.opened(trial.looked) as opened:
        store = opened.store(dataset)
        if store is None:
            return
        chosen = trial.selection(trial.looked, opened, store)
        whens = [record.when for record in store.scan(chosen)]
    dated = [when for when in whens if when is not None]
    if dated != sorted(dated):
        yield Found("the listing isn't in the order of time")
    if len(dated) != len(whens) or any(when >= chosen.cutoff for when in dated):
        yield Found("the listing shows records that are not due")
    if trial.looked.view() != before:
        yield Found("listing changed the source")
