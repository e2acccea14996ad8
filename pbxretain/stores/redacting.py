"""How do rows of one window come into redacted form: not final, then final, then their copies?

As with a delete (``batches``), but each row stays: under another identity where a column of its
key is redacted, under the same one where none is. So what a batch has to do, and after a crash
what it did, is never told by identity alone: a row counts as still there while it has this
identity *and* isn't in redacted form. The form can be seen without any key, so settling needs
none. Rows are updated by their address and as they were read, in all columns that matter; any
difference in number rolls back. Evidence holds the record as it was.
"""
# ruff: noqa: S608  (identifiers are quoted by the dialect; values are never in the text)

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pbxretain.errors import StoreError
from pbxretain.manifest import Child, all_children
from pbxretain.records import Field, Intent, Redaction, Taken
from pbxretain.stores.batches import COPIES, MANY_IDENTITIES, Deleter, Wanted, by_key, near
from pbxretain.stores.database import Row, Session
from pbxretain.stores.dialects import Sql, all_of, any_of, plain
from pbxretain.stores.redacted import Forms, needed_for
from pbxretain.stores.rows import Layout, chunks

if TYPE_CHECKING:
    from pbxretain.stores.table import TableStore


class Redacting:
    """One table, and what lies below it, under one redaction."""

    def __init__(self, store: TableStore, redaction: Redaction) -> None:
        self.redaction = redaction
        self.forms = Forms(store.manifest.redact, store.shape, store.dialect, redaction)
        self.below = {
            child.table: Forms(child.redact, store.children[child.table], store.dialect, redaction)
            for child in all_children(store.manifest.children)
            if child.redact and child.table in store.children
        }
        self._store = store

    def __repr__(self) -> str:
        return f"<redacting {self._store.dataset}>"

    def missing(self) -> Sql:
        """Rows that aren't in redacted form yet, themselves or in what lies below them."""
        under = self._store.manifest.children
        return any_of([self.forms.missing(), *self._below(under, self._store.table)])

    def _below(self, children: Sequence[Child], parent: str) -> Iterator[Sql]:
        dialect = self._store.dialect
        for child in children:
            table = dialect.table(child.table)
            forms = self.below.get(child.table)
            own = [forms.missing()] if forms else []
            reasons = [*own, *self._below(child.children, table)]
            if child.table in self._store.children and reasons:
                column = f"{table}.{dialect.quote(child.column)}"
                ties = f"{column} = {parent}.{dialect.quote(child.parent_column)}"
                inner = all_of(Sql(ties), any_of(reasons))
                yield Sql(f"EXISTS (SELECT 1 FROM {table} WHERE ") + inner + ")"

    def layout(self, start: str) -> Layout:
        """A record's columns and, behind them, all that is compared before a row changes."""
        plain_layout = self._store.layout(start)
        here = [c for c in needed_for(self._store.manifest) if self._store.shape.has(c)]
        return replace(plain_layout, columns=tuple(dict.fromkeys([*plain_layout.columns, *here])))

    def redactor(self, opened: Session, start: str) -> Redactor:
        store = self._store
        return Redactor(
            forms=self.forms,
            below=self.below,
            session=opened,
            table=store.table,
            layout=self.layout(start),
            shape=store.shape,
            children=[c for c in store.manifest.children if c.table in store.children],
            shapes=store.children,
            returning=False,
        )

    # --- what no transaction covers ---

    def redact_copies(
        self, opened: Session, start: str, taken: Sequence[Taken], *, spare: Sql | None = None
    ) -> int:
        """Redacts every row with one of these identities, each statement final by itself."""
        layout = self.layout(start)
        redactor = self.redactor(opened, start)
        done = 0
        for group in chunks(sorted(taken, key=lambda t: t.when), COPIES):
            where = all_of(self._same(layout, group), spare)
            rows = opened.rows(f"SELECT {layout.fetched} FROM {self._store.table} WHERE " + where)
            done += redactor.redact(rows, where)
        return done

    def redact_and_look(
        self, opened: Session, start: str, taken: Sequence[Taken], *, spare: Sql
    ) -> list[bool]:
        """Redacts where nothing can be rolled back; says of which records nothing is left. A twin
        that is spared stays, and is none of them."""
        self.redact_copies(opened, start, taken, spare=spare)
        layout = self.layout(start)
        left: Counter[bytes] = Counter()
        for group in chunks(taken):
            where = all_of(self._same(layout, group), spare)
            rows = opened.rows(f"SELECT {layout.fetched} FROM {self._store.table} WHERE " + where)
            left.update(t.identity for t in map(layout.taken, rows) if t is not None)
        bits = []
        for record in taken:
            bits.append(left[record.identity] <= 0)
            left[record.identity] -= 1
        return bits

    def redact_matching(self, opened: Session, intent: Intent, still: frozenset[bytes]) -> None:
        """A shadow's rows that belong to a settled batch and whose anchor is redacted. Pseudonyms
        need a key that settling hasn't: those copies go as records of their own."""
        if self.redaction.numbers == "pseudonym":
            return
        start = str(intent.bounds["start"])
        bounds = {k: v for k, v in intent.bounds.items() if not k.startswith("id_")}
        layout = self.layout(start)
        where = all_of(self._store.within(layout, bounds), self.forms.missing())
        rows = opened.rows(f"SELECT {layout.fetched} FROM {self._store.table} WHERE " + where)
        records = [t for t in map(layout.taken, rows) if t is not None]
        mine = [t for t in records if t.identity not in still and intent.matches(t.identity)]
        self.redact_copies(opened, start, mine)

    def _same(self, layout: Layout, taken: Sequence[Taken]) -> Sql:
        exact = any_of([layout.match(t) for t in {t.identity: t for t in taken}.values()])
        return all_of(near(layout, taken), by_key(layout, taken), exact, self.forms.missing())


class Redactor(Deleter):
    """Redacts rows of one table inside the session's open transaction."""

    def __init__(self, *, forms: Forms, below: Mapping[str, Forms], **how: Any) -> None:
        super().__init__(**how)
        self._forms = forms
        self._below = below

    def take(self, wanted: Wanted) -> list[Taken]:
        """Redacts what is wanted; returns it as it was. StoreError after a rollback is due."""
        if not self._children and len(wanted.forbidden) <= MANY_IDENTITIES:
            taken = self._redact_window(wanted)
            if taken is not None:
                rest = wanted.doubtful
                return taken + (self._one_by_one(wanted, rest) if rest is not None else [])
            self._session.rollback()
            self._session.begin()
        both = [wanted.certain, *([wanted.doubtful] if wanted.doubtful else [])]
        return self._one_by_one(wanted, any_of(both))

    def _redact_window(self, wanted: Wanted) -> list[Taken] | None:
        """All that certainly may go, in one statement; None where that caught anything else."""
        spared = self._layout.match_any(sorted(wanted.forbidden))
        unless = Sql(f"NOT ({spared.text})", spared.args) if wanted.forbidden else None
        where = all_of(wanted.window, wanted.certain, wanted.spare, unless)
        rows = self._select(where, lock=True)
        good = [t for t in map(self._layout.taken, rows) if t is not None and wanted.takes(t)]
        if len(good) < len(rows):
            return None
        # The rows are locked, so they can't have gone: an equal count is the same rows.
        return good if self.redact(rows, where) == len(rows) else None

    def redact(self, rows: Sequence[Row], where: Sql) -> int:
        """Updates what ``where`` finds, which held the values of these rows; returns how many."""
        values = {c: [self._layout.at(row, c) for row in rows] for c in self._forms.columns}
        change = self._forms.assignments(values, self._shape.renewed)
        if change is None:
            return 0
        return self._session.run(f"UPDATE {self._table} SET " + change + " WHERE " + where)

    def _remove(self, rows: Sequence[Row], count: int) -> None:
        mine = [row for row in rows if self._changes(row)]
        if not mine:  # only what lies below wasn't redacted yet
            return
        least = count if len(mine) == len(rows) else len(mine)
        if not least <= self.redact(mine, self._address(mine)) <= count:
            raise StoreError(
                "Other rows were redacted than chosen; all of it was undone.", code="MOVED"
            )

    def _changes(self, row: Row) -> bool:
        return self._forms.changes({c: self._layout.at(row, c) for c in self._forms.columns})

    def _remove_child(self, child: Child, parents: Sequence[bytes]) -> None:
        dialect = self._session.dialect
        for group in chunks(parents, 1000):
            where = self._shapes[child.table].exactly(dialect, child.column, group)
            self._remove_grandchildren(child, where)
            if (forms := self._below.get(child.table)) is not None:
                self.also[child.table] += self._redact_below(child, forms, where)

    def _redact_below(self, child: Child, forms: Forms, where: Sql) -> int:
        dialect = self._session.dialect
        table = dialect.table(child.table)
        renewed = self._shapes[child.table].renewed
        missing = all_of(where, forms.missing())
        if not forms.keyed and (change := forms.assignments(None, renewed)) is not None:
            return self._session.run(f"UPDATE {table} SET " + change + " WHERE " + missing)
        names = ", ".join(map(dialect.fetched, forms.columns))
        count = 0
        rows = self._session.rows(f"SELECT DISTINCT {names} FROM {table} WHERE " + missing)
        for group in chunks(rows):
            values: dict[str, list[Field]] = {
                column: [plain(row[place]) for row in group]
                for place, column in enumerate(forms.columns)
            }
            exact = [
                all_of(*(dialect.same(dialect.stored(c), v[n]) for c, v in values.items()))
                for n in range(len(group))
            ]
            change = forms.assignments(values, renewed)
            if change is not None:
                change = f"UPDATE {table} SET " + change + " WHERE "
                count += self._session.run(change + all_of(missing, any_of(exact)))
        return count
