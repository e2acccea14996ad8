"""Which rows of a table are a rule's, and which calls have a leg that another rule keeps?

Said in SQL, so that the delete itself obeys; ``told`` says the same of records read in Python. A
column without a value fits no rule that asks for it. Where this version of the product lacks the
column, nobody can tell: such rows go only when they are due under every rule.
"""
# ruff: noqa: S608  (identifiers are quoted by the dialect; values are never in the text)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from pbxretain.facets import TableFacet
from pbxretain.records import Facets, Selection
from pbxretain.stores.database import Row, Session
from pbxretain.stores.dialects import Sql, all_of, any_of, negated
from pbxretain.stores.rows import Layout, chunks
from pbxretain.stores.told import Told, meant, strands

if TYPE_CHECKING:
    from pbxretain.stores.table import TableStore


def claimed(store: TableStore, selection: Selection) -> Sql | None:
    """Rows that are the selection's own; None where all are. Never NULL."""
    if not selection.narrowed:
        return None
    if _lacks(store, selection.only):
        return Sql("1=0")
    unknown = [store.layout(start).time.undated() for start in selection.without]
    wanted = [_exactly(fitting(store, selection.only), store)] if selection.only else []
    return all_of(*wanted, *(_not_of(store, f, selection) for f in selection.but_not), *unknown)


def _exactly(condition: Sql, store: TableStore) -> Sql:
    """The condition with unknown taken as false."""
    return negated(negated(condition, store.dialect), store.dialect)


def _not_of(store: TableStore, facets: Facets, selection: Selection) -> Sql:
    """Rows that an earlier rule doesn't fit. Where it may fit: those due under every rule, and
    those without a time, which are only counted."""
    no = negated(fitting(store, facets), store.dialect)
    if not _lacks(store, facets):
        return no
    time = store.layout(selection.start).time
    sure = [time.certain(selection.lowest)] if selection.lowest else []
    return any_of([no, *sure, time.undated()])


def lacking(store: TableStore, selection: Selection) -> bool:
    """Whether an earlier rule goes by a column that this version lacks."""
    return any(_lacks(store, facets) for facets in selection.but_not)


def _lacks(store: TableStore, facets: Facets) -> bool:
    return any(not _present(store, name) for name in facets)


def _present(store: TableStore, name: str) -> bool:
    facet = store.manifest.facets.get(name)
    return facet is not None and all(map(store.shape.has, facet.all_columns))


def fitting(store: TableStore, facets: Facets) -> Sql:
    """Rows with all of these facets, as far as there are columns for them."""
    known = [name for name in sorted(facets) if _present(store, name)]
    return all_of(*(_has(store, store.manifest.facets[n], facets[n]) for n in known))


def _has(store: TableStore, facet: TableFacet, wanted: frozenset[str]) -> Sql:
    dialect = store.dialect
    stored = sorted(wanted)
    if facet.values:
        stored = [value for meaning in stored for value in facet.values.get(meaning, ())]
    found: list[Sql] = []
    for column in facet.all_columns:
        if stored:
            found.append(dialect.among(dialect.stored(column), [v.encode() for v in stored]))
        if facet.otherwise in wanted:
            found.append(_no_other(store, facet, column))
    return any_of(found)


def _no_other(store: TableStore, facet: TableFacet, column: str) -> Sql:
    """Rows with a value that no list names."""
    listed = [value.encode() for values in facet.values.values() for value in values]
    among = store.dialect.among(store.dialect.stored(column), listed)
    filled = Sql(f"{store.dialect.quote(column)} IS NOT NULL")
    return all_of(filled, negated(among, store.dialect))


# --- calls under several rules ----------------------------------------------------------------


def parted(store: TableStore, opened: Session, selection: Selection) -> Iterator[bytes]:
    """Call ids with a leg that is due here, and another that its own rule keeps, or of which
    nobody can tell whose it is."""
    layout = store.layout(selection.start)
    call = store.dialect.call(layout.call)
    ours = all_of(claimed(store, selection), layout.time.possible(selection.cutoff))
    late = [_late(store, other, cut) for other, cut in strands(selection)]
    ask = (
        f"SELECT {call} FROM {store.table} WHERE {call} IS NOT NULL GROUP BY 1 HAVING "
        + _some(ours)
        + " AND "
        + _some(any_of([*late, _nobodys(store, selection)]))
        + " AND COUNT(*) > 1"
    )
    calls = [found for (found,) in opened.rows(ask) if isinstance(found, bytes)]
    if _in_doubt(store, selection):
        return _read(store, opened, calls, selection)
    return iter(calls)


def _some(condition: Sql) -> Sql:
    return "MAX(CASE WHEN " + condition + " THEN 1 ELSE 0 END) = 1"


def _late(store: TableStore, selection: Selection, cutoff: datetime | None) -> Sql:
    """Legs of this rule that may have to stay."""
    if cutoff is None:
        return all_of(claimed(store, selection))
    time = store.layout(selection.start).time
    return all_of(claimed(store, selection), time.dated(), time.possibly_after(cutoff))


def _nobodys(store: TableStore, selection: Selection) -> Sql:
    """Dated legs that no rule claims."""
    mine = [all_of(claimed(store, other)) for other, _ in strands(selection)]
    time = store.layout(selection.start).time
    return all_of(time.dated(), negated(any_of(mine), store.dialect))


def _in_doubt(store: TableStore, selection: Selection) -> bool:
    """Whether some legs have two readings, on either side of a cut-off."""
    return any(
        cut is not None and store.layout(other.start).time.doubtful(cut) is not None
        for other, cut in strands(selection)
    )


def _read(
    store: TableStore, opened: Session, calls: Sequence[bytes], selection: Selection
) -> Iterator[bytes]:
    """Of these calls those that are parted when each leg is read by itself."""
    due: set[bytes] = set()
    late: set[bytes] = set()
    for group in chunks(calls, 1000):
        for number, (other, cut) in enumerate(strands(selection)):
            layout = store.layout(other.start)
            for row in _legs(store, opened, layout, group, all_of(claimed(store, other))):
                taken, call = layout.taken(row), layout.call_id(row) or b""
                if cut is None or (taken is not None and taken.when >= cut):
                    late.add(call)
                elif taken is not None and not number:
                    due.add(call)
        layout = store.layout(selection.start)
        for row in _legs(store, opened, layout, group, _nobodys(store, selection)):
            late.add(layout.call_id(row) or b"")
    return iter(due & late)


def _legs(
    store: TableStore, opened: Session, layout: Layout, calls: Sequence[bytes], where: Sql
) -> Sequence[Row]:
    among = store.dialect.among(store.dialect.call_or_empty(layout.call), calls)
    text = f"SELECT {layout.fetched} FROM {store.table} WHERE "
    return opened.rows(text + all_of(among, where))


# --- one row ----------------------------------------------------------------------------------


def told_by(store: TableStore, stored: Sequence[bytes | None], columns: Sequence[str]) -> Told:
    """What one row says of each declared facet, given these columns of it."""
    at = dict(zip(columns, stored, strict=True))
    found: dict[str, frozenset[str] | None] = {}
    for name, facet in store.manifest.facets.items():
        here = [at[column] for column in facet.all_columns if column in at]
        found[name] = meant(facet, here) if _present(store, name) else None
    return found
