"""Which rows must a run leave alone, said so that the delete itself obeys?

Excluded calls, rows that the product isn't done with, rows that wait for their file or for what
hangs on them, the newest that must stay, and for a shadow every row whose anchor is still there.
"""

# ruff: noqa: S608  (identifiers are quoted by the dialect; values are never in the text)

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from pbxretain.manifest import Part
from pbxretain.records import Redaction, Selection
from pbxretain.stores.database import Session
from pbxretain.stores.dialects import Sql, all_of, any_of, negated, untyped
from pbxretain.stores.facets import claimed
from pbxretain.stores.rows import Layout, chunks, unpack

if TYPE_CHECKING:
    from pbxretain.stores.table import TableStore

GONE = b"deleted"
"""What some products write where a file was (``on_part_gone: deleted``)."""

MANY_CALLS = 5000
"""Call ids named in one statement; beyond, only those with a leg in the window."""


def spared(
    store: TableStore, opened: Session, selection: Selection, window: Sql | None = None
) -> Sql:
    """True for rows that nothing spares, keys aside: those are compared one by one."""
    layout = store.layout(selection.start)
    reasons = [unready(store, selection), kept_for_part(store, selection)]
    return all_of(
        unless_excluded(store, opened, selection, window),
        *(negated(reason, store.dialect) for reason in reasons if reason),
        newest_stay(store, opened, layout),
        own_rows(store, selection),
    )


def unready(store: TableStore, selection: Selection) -> Sql | None:
    """Rows that the product isn't done with, or whose call goes on; None where none can be."""
    waiting = not_ready(store)
    reasons = [waiting] if waiting else []
    end = store.manifest.end
    if end and store.shape.has(end):
        latest = min(selection.cutoff, selection.now)
        slack = latest - timedelta(seconds=store.manifest.settle_in)
        began = store.layout(selection.start).time.possibly_after(slack)
        reasons.append(all_of(_without(store, end), began))
    return any_of(reasons) if reasons else None


def _without(store: TableStore, column: str) -> Sql:
    """Rows with nothing in the column: a table without types holds an empty text there."""
    nothing = f"NOT ({store.dialect.filled(column)})"
    return any_of([Sql(f"{store.dialect.quote(column)} IS NULL"), Sql(nothing)])


def not_ready(store: TableStore) -> Sql | None:
    """Rows whose columns say that the product isn't done with them; None where none can be."""
    dialect, has = store.dialect, store.shape.has
    reasons: list[Sql] = []
    for column, values in store.manifest.ready.items():
        if has(column):
            given = [value.encode() for value in values if value is not None]
            done = [dialect.among(dialect.stored(column), given)] if given else []
            done += [Sql(f"{dialect.quote(column)} IS NULL")] if None in values else []
            reasons.append(negated(any_of(done), dialect))
    return any_of(reasons) if reasons else None


def kept_for_part(store: TableStore, selection: Selection) -> Sql | None:
    """Rows that wait: for the file they name, or for rows of another data class that hang on
    them. None where none can be."""
    layout = store.layout(selection.start)
    reasons = [_has_part(store, part, other) for part, other in store.parts]
    if selection.wait_for_part and layout.link is not None:
        reasons.append(names_a_file(store, layout))
    return any_of(reasons) if reasons else None


def _has_part(store: TableStore, part: Part, other: TableStore) -> Sql:
    quote = store.dialect.quote
    return Sql(
        f"EXISTS (SELECT 1 FROM {other.table} part"
        f" WHERE part.{quote(part.column)} = {store.table}.{quote(part.parent_column)})"
    )


def names_a_file(store: TableStore, layout: Layout) -> Sql:
    """Rows whose link column names a file; a mark that it went names none."""
    if layout.link is None:
        return Sql("1=0")
    filled = Sql(store.dialect.filled(layout.link))
    gone = store.dialect.same(store.dialect.stored(layout.link), GONE)
    return all_of(filled, Sql(f"NOT ({gone.text})", gone.args))


def own_rows(store: TableStore, selection: Selection) -> Sql | None:
    """Rows that the selection is about: its rule's, under a redaction those not redacted yet; None
    where it is about all."""
    redact = selection.redact
    missing = store.redacting(redact).missing() if redact else None
    found = [
        _orphans(store, redact),
        claimed(store, selection),
        _stage(store, selection),
        _chosen(store, selection),
        missing,
    ]
    parts = [part for part in found if part]
    return all_of(*parts) if parts else None


def _stage(store: TableStore, selection: Selection) -> Sql | None:
    """Rows that an earlier stage of the rule doesn't take anyway."""
    if selection.since is None:
        return None
    time = store.layout(selection.start).time
    return negated(time.certain(selection.since), store.dialect)


def _chosen(store: TableStore, selection: Selection) -> Sql | None:
    """Rows that are singled out."""
    if selection.chosen is None:
        return None
    return by_identity(store, store.layout(selection.start), sorted(selection.chosen))


def by_identity(store: TableStore, layout: Layout, identities: Sequence[bytes]) -> Sql:
    """Rows of these identities; the plain first key column lets an index on it serve."""
    keys = {next(iter(unpack(one)), None) if layout.key else None for one in identities}
    known = [untyped(key) or b"" for key in keys if key is not None]
    quick = store.among(layout.key[0], known) if known and len(known) == len(keys) else None
    return all_of(quick, layout.match_any(identities))


def _orphans(store: TableStore, redact: Redaction | None) -> Sql | None:
    """For a shadow: only rows whose anchor is gone are records of their own, or whose anchor is
    redacted, when they aren't: nobody else looks at those."""
    if store.anchor is None:
        return None
    counts = store.anchor.redacting(redact).forms.missing() if redact else None
    indexed = next((c for c in store.identity_columns if store.anchor.shape.indexed(c)), None)
    pairs = (_same_column(store, c, plain=indexed in (c, None)) for c in store.identity_columns)
    same = Sql(" AND ".join(pairs))
    there = f"NOT EXISTS (SELECT 1 FROM {store.anchor.table} anchor WHERE "
    return there + all_of(same, counts) + ")"


def _same_column(store: TableStore, column: str, *, plain: bool) -> str:
    """On MySQL an expression but for one column: with stale statistics, as after an import, the
    server may else choose the index on the time and compare every pair of rows of a second. What
    a copy holds in another character set is compared in the anchor's."""
    dialect, anchor = store.dialect, store.anchor
    here = f"{store.table}.{dialect.quote(column)}"
    there = f"anchor.{dialect.quote(column)}"
    if dialect.name == "mysql":
        wanted = anchor.shape.collations.get(column) if anchor else None
        own = store.shape.collations.get(column)
        if wanted and own and wanted != own:
            here = f"CONVERT({here} USING {wanted.partition('_')[0]}) COLLATE {wanted}"
        if not plain:
            here, there = f"CAST({here} AS BINARY)", f"CAST({there} AS BINARY)"
    return dialect.same_columns(there, here)


def unless_excluded(
    store: TableStore, opened: Session, selection: Selection, window: Sql | None
) -> Sql | None:
    """Rows of no excluded call. A row without a call id stands alone."""
    layout = store.layout(selection.start)
    calls = selection.spared_calls - {b""}
    if not calls or not layout.call:
        return None
    call = store.dialect.call_or_empty(layout.call)
    if len(calls) > MANY_CALLS:
        where = all_of(window, layout.time.possible(selection.cutoff))
        here = opened.rows(f"SELECT DISTINCT {call} FROM {store.table} WHERE " + where)
        calls &= {found for (found,) in here if isinstance(found, bytes)}
    groups = [store.dialect.among(call, group) for group in chunks(sorted(calls), MANY_CALLS)]
    return all_of(*(Sql(f"NOT ({group.text})", group.args) for group in groups))


def newest_stay(store: TableStore, opened: Session, layout: Layout) -> Sql | None:
    """All but the newest rows that the manifest keeps for ever; with them their equals in time."""
    keep = store.manifest.keep_newest
    if not keep:
        return None
    order = layout.time.order
    edge = opened.value(
        f"SELECT {order} FROM {store.table} WHERE "
        + layout.time.dated()
        + f" ORDER BY {order} DESC LIMIT 1 OFFSET {int(keep) - 1}"
    )
    return Sql("1=0") if edge is None else Sql(f"{order} < ") + layout.time.bound(edge)
