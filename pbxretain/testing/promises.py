"""What a dataset must keep of the store contract, each promise a check over one trial.

A check yields sentences about what it found; none means that the promise is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from pbxretain import signing
from pbxretain.errors import DriftError, RetainError
from pbxretain.evidence.statements import DeletionReport, parse_statement
from pbxretain.manifest import Child, TableDataset, TreeDataset
from pbxretain.records import Census
from pbxretain.testing import handling
from pbxretain.testing.fake import MARK, Cells, Fake, Found, Piece, Row, Stored, Thing, View
from pbxretain.testing.setting import AUTUMN, SPRING, site_of
from pbxretain.testing.tables import understood
from pbxretain.testing.trial import Trial

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)

Check = Callable[[Trial, str], Iterator[Found]]


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise: its name, what it says, what of a manifest bears on it, and its check."""

    name: str
    says: str
    look: str
    check: Check


# --- after a run ------------------------------------------------------------------------------


def _ends(trial: Trial, dataset: str) -> Iterator[Found]:
    for error in trial.first.errors:
        yield Found(f"the run says: {error}")
    result = next((r for r in trial.first.results if r.dataset == dataset), None)
    if result is None:
        yield Found("the run doesn't know the dataset")
    elif not trial.only_reads(dataset) and result.outcome not in ("complete", "nothing-due"):
        yield Found(f"it ended {result.outcome}")


def _goes(trial: Trial, dataset: str) -> Iterator[Found]:
    return _remains(trial.fake, trial.after, dataset)


def _remains(fake: Fake, view: View, dataset: str) -> Iterator[Found]:
    """What should have gone and is still there."""
    wanted = fake.must_be_left()
    rows = {t: view.rows[t] - left for t, left in wanted.rows.items()}
    for row in _rows(fake, dataset, gone=True):
        cells = row.cells(fake.columns[row.table])
        if rows[row.table][cells]:
            rows[row.table][cells] -= 1
            yield _still(row, row.table)
    for piece in _pieces(fake.files, dataset, gone=True):
        if any(piece.content in content for content in view.files.values()):
            yield _still(piece, "its folder")
    for piece in _pieces(fake.lines, dataset, gone=True):
        if view.lines[piece.path.decode()][piece.content]:
            yield _still(piece, "its log file")


def _still(thing: Thing, where: str) -> Found:
    return Found(f"what is {_called(thing)} is still in {where}", thing.look)


def _called(thing: Thing) -> str:
    return thing.what if not isinstance(thing, Row) else f"a row {thing.what}"


def _stays(trial: Trial, dataset: str) -> Iterator[Found]:
    return _missing(trial.fake, trial.after, dataset)


def _missing(fake: Fake, view: View, dataset: str) -> Iterator[Found]:
    """What should have stayed as it was."""
    wanted = fake.must_be_left()
    rows = {t: left - view.rows[t] for t, left in wanted.rows.items()}
    for row in _rows(fake, dataset, gone=False):
        cells = row.cells(fake.columns[row.table])
        if rows[row.table][cells]:
            rows[row.table][cells] -= 1
            yield Found(f"{_called(row)} went from {row.table} or was changed", row.look)
    there = set(view.files.values())
    for piece in _pieces(fake.files, dataset, gone=False):
        if not any(piece.content in content for content in there):
            yield Found(f"{piece.what} went or was changed", piece.look)
    for piece in _pieces(fake.lines, dataset, gone=False):
        log = piece.path.decode()
        if view.lines[log][piece.content] != wanted.lines[log][piece.content]:
            yield Found(f"{piece.what} went, or stands there more than once", piece.look)
    found = fake.product.manifest.datasets.get(dataset)
    root = fake.root(getattr(found, "root", "none"))
    for name in set(view.files) ^ set(wanted.files):
        if root in Path(name).parents and not _known(fake, name):
            yield Found("a file that stays has another name, or one was left that nobody made")


def _known(fake: Fake, name: str) -> bool:
    """Whether a file that is too much or missing is one that the other checks tell of."""
    return any(piece.path.decode(errors="surrogateescape") == name for piece in fake.files)


def _rows(fake: Fake, dataset: str, *, gone: bool) -> Iterator[Row]:
    return (row for row in fake.rows if row.dataset == dataset and row.gone is gone)


def _pieces(pieces: Sequence[Piece], dataset: str, *, gone: bool) -> Iterator[Piece]:
    return (piece for piece in pieces if piece.dataset == dataset and piece.gone is gone)


def _again(trial: Trial, dataset: str) -> Iterator[Found]:
    result, view = trial.second
    for found in result.results:
        if found.dataset == dataset and found.deleted:
            yield Found(f"a second run took {found.deleted} more")
    if view != trial.after:
        yield Found("a second run changed what the first had left")


def _reported(trial: Trial, dataset: str) -> Iterator[Found]:
    said = sum(result.deleted for result in trial.first.results if result.dataset == dataset)
    went = _gone(trial.fake, dataset)
    if said != went:
        yield Found(f"{went} records went, and the report says {said}")


def _gone(fake: Fake, dataset: str) -> int:
    return sum(t.dataset == dataset and t.gone and t.counted for t in fake.things())


def _dangles(trial: Trial, dataset: str) -> Iterator[Found]:
    stored = trial.fake.stores.get(dataset)
    found = trial.product.manifest.datasets.get(stored.dataset) if stored else None
    if not stored or stored.anchor or not isinstance(found, TableDataset):
        return
    for what in _hanging(trial, stored.table, found.children):
        yield Found(what, "children")
    for shared in found.shared:
        have = _values(trial.after.rows[shared.table], shared.key)
        for named in shared.named_by:
            if _values(trial.after.rows[named.table], named.column) - have:
                yield Found(f"{named.table} names rows of {shared.table} that are gone", "shared")


def _hanging(trial: Trial, table: str, children: Sequence[Child]) -> Iterator[str]:
    for child in children:
        if child.table not in trial.fake.columns:
            continue
        before, after = (
            _values(rows[child.table], child.column) - _values(rows[table], child.parent_column)
            for rows in (trial.before.rows, trial.after.rows)
        )
        if after - before:
            yield f"rows of {child.table} point to rows of {table} that are gone"
        yield from _hanging(trial, child.table, child.children)


def _values(rows: Counter[Cells], column: str) -> set[object]:
    return {dict(row).get(column) for row in rows}


# --- counting ---------------------------------------------------------------------------------


def _counts(trial: Trial, dataset: str) -> Iterator[Found]:
    """Against a count of what was made, at every cut-off at which a wrong one would show."""
    fake = trial.counted
    truths = _truths(fake, dataset)
    cuts = [fake.scene.cutoff, *(AUTUMN + n * HOUR / 2 for n in range(4)), SPRING, SPRING + HOUR]
    cuts += [cut + SECOND for cut in cuts] + [fake.scene.cutoff - SECOND]
    with trial.opened(fake) as opened:
        store = opened.store(dataset)
        if store is None:
            yield Found("there is no such store")
            return
        chosen = trial.selection(fake, opened, store)
        for cut in (cut for cut in cuts if cut < fake.scene.now):
            fresh = replace(chosen, cutoff=cut, excluded_calls=frozenset())
            resolved = replace(fresh, excluded_calls=store.straddlers(fresh))
            before = sum(when is not None and when < cut for when in truths)
            yield from _compared("before", store.census(resolved).before, before, cut)
        marks = tuple(cut for cut in cuts if cut < fake.scene.now)
        census = store.census(replace(chosen, marks=marks))
    there = _truths(fake, dataset, copies=True)
    for mark, older in zip(marks, census.older, strict=False):  # empty where that costs too much
        known = sum(when is not None and when < mark for when in there)
        yield from _compared("older", older, known, mark)
    yield from _totals(fake, census, truths, there)
    yield from _due(trial, fake, dataset, census)


def _compared(
    what: str, said: object, true: object, cut: datetime | None = None
) -> Iterator[Found]:
    if said != true:
        at = f" with a cut-off at {cut:%Y-%m-%d %H:%M:%S} UTC" if cut else ""
        yield Found(f"the census says {what}: {said}{at}, and {true} is true")


def _totals(
    fake: Fake,
    census: Census,
    truths: Sequence[datetime | None],
    there: Sequence[datetime | None],
) -> Iterator[Found]:
    """Of copies all that are ``there`` count in what a reader asks of a table: how many, and how
    old."""
    dated = [when for when in truths if when is not None]
    ahead = fake.scene.now + timedelta(days=1)
    yield from _compared("undated", census.undated, len(truths) - len(dated))
    yield from _compared("future", census.future, sum(when > ahead for when in dated))
    if census.total_exact and census.total is not None:
        yield from _compared("total", census.total, len(there))
    known = [when for when in there if when is not None]
    yield from _compared("oldest", census.oldest, min(known, default=None))
    yield from _compared("newest", census.newest, max(known, default=None))


def _due(trial: Trial, fake: Fake, dataset: str, census: Census) -> Iterator[Found]:
    parted = census.straddling + census.held + census.kept_for_part + census.due
    yield from _compared("due and what waits, together", parted, census.before)
    found = trial.product.manifest.datasets.get(dataset)
    if isinstance(found, TableDataset) and not found.parts and not found.reads_only:
        table = fake.stores[dataset].table
        due = sum(row.gone for row in fake.rows if row.table == table)
        yield from _compared("due", census.due, due)
    elif isinstance(found, TreeDataset):
        yield from _compared("due", census.due, _gone(fake, dataset))


def _truths(fake: Fake, dataset: str, *, copies: bool = False) -> list[datetime | None]:
    """When each record of a dataset happened, None for those that nothing dates; with ``copies``
    also those rows of a copy's table that go with their record."""
    stored = fake.stores.get(dataset)
    if stored is None:
        return [t.when for t in fake.things() if t.dataset == dataset and t.counted]
    rows = [row for row in fake.rows if row.table == stored.table]
    if stored.anchor and not copies:
        rows = [row for row in rows if row.dataset == dataset]
    return [_when(row, stored, fake) for row in rows]


def _when(row: Row, stored: Stored, fake: Fake) -> datetime | None:
    return understood(row.when, stored.start, fake.scene.zone) if row.when else None


# --- a kill -----------------------------------------------------------------------------------


def killed(step: str) -> Check:
    """The promise about runs that die at a step of each dataset's first batch."""

    def check(trial: Trial, dataset: str) -> Iterator[Found]:
        if step not in trial.deaths:
            trial.deaths[step] = trial.dying(step), {}
            trial.deaths[step][1].update(_deaths(trial, *trial.deaths[step], step))
        fake, found = trial.deaths[step]
        yield from found.get(dataset, ())
        view = fake.view()
        yield from _remains(fake, view, dataset)
        yield from _missing(fake, view, dataset)

    return check


def _deaths(
    trial: Trial, fake: Fake, found: dict[str, list[Found]], step: str
) -> dict[str, list[Found]]:
    """Run after run over one PBX, each killed one dataset further; what is settled each time."""
    for dataset in trial.names:
        if not trial.only_reads(dataset):
            found[dataset] = list(_death(trial, fake, dataset, step))
    trial.run(fake)
    said, went = _all_reports(fake), sum(_gone(fake, name) for name in trial.names)
    if said != went:
        sentence = f"{went} records went, and the reports of all runs together say {said}"
        for told in found.values():
            told.append(Found(sentence))
    return found


def _death(trial: Trial, fake: Fake, dataset: str, step: str) -> Iterator[Found]:
    if not trial.killed(fake, dataset, step):
        # A batch of rows has no line that commits; what goes along with others has no batch.
        if step != "final" and _gone(fake, dataset) and not _taken_along(trial, dataset):
            yield Found("a run never came to the batch in which it was to die")
        return
    if any(MARK.encode() in path.read_bytes() for path in fake.state()):
        yield Found("what a dead run leaves in the state folder holds personal data")
    yield from _settled(trial, fake, dataset, gone=step != "sealed")


def _taken_along(trial: Trial, dataset: str) -> bool:
    """Whether an earlier dataset takes everything of this one along."""
    return dataset in trial.fake.stores and not trial.planned[dataset].due


def _settled(trial: Trial, fake: Fake, dataset: str, *, gone: bool) -> Iterator[Found]:
    """Asks the store itself, before the next run does."""
    dead = trial.dead(fake)
    intent = dead.dead_intent() if dead else None
    if intent is None:
        yield Found("the dead run left no batch to settle")
        return
    with trial.opened(fake) as opened:
        store = opened.store(dataset)
        bits: list[bool] = list(store.settle(intent)) if store else []
    if bits != [gone] * intent.count:
        wrong = intent.count - bits.count(gone)
        told = "still there" if gone else "gone"
        yield Found(f"settle says of {wrong} records out of {intent.count} that they are {told}")


def _all_reports(fake: Fake) -> int:
    total = 0
    for path in site_of(fake.folder / "state").reports.glob("*.dsse.json"):
        told = parse_statement(signing.open_envelope(path.read_bytes()).payload).predicate
        if isinstance(told, DeletionReport):
            counts = [entry.balances.deleted for entry in told.datasets if entry.balances]
            total += sum(counts)
    return total


# --- opening ----------------------------------------------------------------------------------


def _drifts(trial: Trial, dataset: str) -> Iterator[Found]:
    stored = trial.fake.stores.get(dataset)
    found = trial.product.manifest.datasets.get(stored.dataset) if stored else None
    if not stored or stored.anchor or not isinstance(found, TableDataset):
        return
    for column in dict.fromkeys([found.key[0], stored.column, *found.call_id[:1], *found.ready]):
        if column not in found.may_lack:
            yield from _unnoticed(
                trial,
                f'ALTER TABLE "{stored.table}" RENAME COLUMN "{column}" TO "{column}_renamed"',
                f'ALTER TABLE "{stored.table}" RENAME COLUMN "{column}_renamed" TO "{column}"',
                f"column {column} of {stored.table} is gone, and nothing refuses",
            )
    yield from _unnoticed(
        trial,
        f'CREATE TABLE pbxkit_new (x REFERENCES "{stored.table}" ("{found.key[0]}")'
        " ON DELETE CASCADE)",
        "DROP TABLE pbxkit_new",
        f"an unknown table hangs on {stored.table} by a cascade, and nothing refuses",
    )


def _unnoticed(trial: Trial, change: str, back: str, sentence: str) -> Iterator[Found]:
    trial.drifting.alter(change)
    refused = False
    with suppress(RetainError):
        try:
            with trial.opened(trial.drifting):
                pass
        except DriftError:
            refused = True
    trial.drifting.alter(back)
    if not refused:
        yield Found(sentence)


def _reached(trial: Trial, dataset: str) -> Iterator[Found]:
    _ = trial.fake
    for name, number in trial.unreachable:
        if name == dataset:
            yield Found(f"no file can come to entry {number + 1} of dated_by: an earlier one or"
                        " paths stands before it")  # fmt: skip


PROMISES = (
    Promise("dates-reached", "every way of dating a file can be reached", "dated_by and paths",
            _reached),
    Promise("run-ends", "a run over the fake PBX ends without a failure", "every field", _ends),
    Promise("due-goes", "nothing that is due remains, nor what belongs to it", "", _goes),
    Promise("rest-stays", "nothing else changes by a byte", "", _stays),
    Promise("second-run", "a second run finds nothing", "starts, ready and keep_newest", _again),
    Promise("report-true", "the report says how many records went", "key", _reported),
    Promise("no-dangling", "nothing points to what is gone", "children and shared", _dangles),
    Promise("census-true", "the census equals an independent count", "starts, zone and call_id",
            _counts),
    Promise("twins-together", "records that nothing tells apart go in one batch", "key",
            handling.together),
    Promise("put-back", "a batch that is given up puts everything back", "children and link",
            handling.puts_back),
    Promise("spares", "a record that is to be spared stays, and no other", "key",
            handling.spares),
    Promise("rules-share", "two rules take together what one takes, each its own", "facets",
            handling.shared),
    Promise("newest-stays", "as many of the newest as declared are kept for ever", "keep_newest",
            handling.newest),
    Promise("newer-stays", "what the PBX writes while a batch is open is never lost", "files",
            handling.newer),
    Promise("in-order", "a listing is in the order of time and changes nothing", "starts",
            handling.listed),
    Promise("silent", "no repr, no error and no file of state shows personal data",
            "key and subjects", handling.silent),
    Promise("drift-refuses", "a table that looks otherwise than declared refuses", "may_lack",
            _drifts),
    Promise("killed-sealed", "a run killed before its commit leaves every record there",
            "key and walk", killed("sealed")),
    Promise("killed-final", "a run killed after its commit leaves no record there", "dated_by",
            killed("final")),
    Promise("killed-finished", "a run killed before it notes the end leaves no record there",
            "key and walk", killed("finished")),
)  # fmt: skip
