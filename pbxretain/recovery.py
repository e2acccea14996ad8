"""What became of the records that a dead run had in hand?

Works from the run folder alone: frozen manifest and settings (with today's secrets), marks, leaves
and the one batch in flight.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pbxretain import connector, documents
from pbxretain.batches import settle
from pbxretain.connector import Connector
from pbxretain.errors import StoreError, UnavailableError
from pbxretain.journal import DeadIntent, Journal, Mark
from pbxretain.outcomes import DatasetResult, still_due
from pbxretain.records import Census, Selection, Store
from pbxretain.settings import Source
from pbxretain.sources import Opened
from pbxretain.strands import Strand


def frozen(dead: Journal, today: Source, installed: Connector) -> tuple[Source, Connector]:
    """The source and the connector as the dead run knew them, with today's secrets and code:
    documents may have changed since, and a password that was rolled must not leave the run
    unsettled."""
    product = connector.parse(dead.facts["manifest"].encode(), "run.json", "frozen")
    product = replace(product, module=installed.module)
    text = documents.dump(dead.facts["settings"]).encode()
    source = documents.parse(text, "run.json", Source).value
    secrets = {"password": today.password, "ami": today.ami, "api": today.api}
    return source.model_copy(update=secrets), product


Spare = Callable[[Selection, str], Selection]
"""Adds to a selection what is held of a data class."""

Again = Callable[[Strand], Selection | None]
"""A strand's selection as the dead run had it."""


def settle_dead(
    dead: Journal,
    opened: Opened,
    *,
    tidy: Callable[[], object],
    spare: Spare,
    parts: Mapping[str, Strand],
    again: Again,
) -> Sequence[DatasetResult]:
    """Settles the batch in flight, then tells for each dataset what is gone with evidence.

    ``tidy`` puts back what was renamed without an intent; it must not run before the settling.
    ``spare`` adds what is held now to the selection of a data class. ``parts`` and ``again`` tell
    where a rule took only a part of a dataset; by name, none where nobody can tell.
    """
    known = {entry["dataset"]: entry for entry in dead.facts["datasets"]}
    if intent := dead.dead_intent():
        of = _of(known.get(intent.dataset, {}), intent.dataset)
        dead.mark(_settled(intent, _part(opened, parts, intent.dataset, of=of)))
    tidy()
    look = _Look(dead, opened, spare, parts, again)
    return [look.result(entry) for entry in known.values()]


def _of(entry: Mapping[str, Any], name: str) -> str:
    """The opened dataset that a strand is of."""
    return str(entry.get("of") or name)


def _part(opened: Opened, parts: Mapping[str, Strand], name: str, *, of: str) -> Store | None:
    """The strand by its name, else the dataset that it was of."""
    part = parts.get(name)
    return part if part is not None and part.of == of else opened.store(of)


def _settled(intent: DeadIntent, store: Store | None) -> Mark:
    if store is None:
        raise UnavailableError(
            f"dataset {intent.dataset} is gone, and a run died while it deleted there",
            hint="bring the table or folder back; nothing is deleted until that is settled",
        )
    try:
        return settle(store, intent)
    except StoreError as error:
        raise UnavailableError(
            str(error.args[0]), hint=error.hint or "run pbxretain check", code=error.code
        ) from None


@dataclass(frozen=True, slots=True)
class _Look:
    """What is there now of what a dead run had."""

    dead: Journal
    opened: Opened
    spare: Spare
    parts: Mapping[str, Strand]
    again: Again

    def result(self, entry: Mapping[str, Any]) -> DatasetResult:
        name = entry["dataset"]
        result = DatasetResult(name)
        result.marks = [mark for mark in self.dead.marks() if mark.dataset == name]
        result.absent = sum(mark.absent for mark in result.marks)
        store = self.opened.store(_of(entry, name))
        if store is not None and entry["cutoff"] and not entry["refusal"]:
            with suppress(StoreError):  # unread, it counts as incomplete
                result.after = self._census(entry, store)
        result.outcome = _outcome(entry, result)
        return result

    def _census(self, entry: Mapping[str, Any], store: Store) -> Census | None:
        if entry.get("singled_out"):
            return None  # who was meant is written down nowhere
        if entry.get("narrowed"):
            part = self.parts.get(entry["dataset"])
            known = self.again(part) if part else None
            return part.census(known) if part and known else None
        selection = self.spare(_selection(self.dead.facts, entry), store.data_class)
        straddlers = store.straddlers(selection)
        return store.census(replace(selection, excluded_calls=straddlers))


def _outcome(entry: Mapping[str, Any], result: DatasetResult) -> str:
    if entry["cutoff"] is None:
        return "kept"
    if entry["refusal"]:
        return "refused"
    return "complete" if result.after and not still_due(result.after) else "incomplete"


def _selection(known: Mapping[str, Any], entry: Mapping[str, Any]) -> Selection:
    return Selection(
        cutoff=datetime.fromisoformat(entry["cutoff"]).astimezone(UTC),
        now=datetime.fromisoformat(known["now"]).astimezone(UTC),
        start=entry["start"],
        wait_for_part=entry["wait_for_part"],
        maximum=_instant(entry.get("maximum")),
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
