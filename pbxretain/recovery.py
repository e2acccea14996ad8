"""What became of the records that a dead run had in hand?

Works from the run folder alone: frozen manifest and settings (with today's secrets), marks, leaves
and the one batch in flight.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pbxretain import connector, documents
from pbxretain.batches import settle
from pbxretain.connector import Connector, Opened
from pbxretain.errors import StoreError, UnavailableError
from pbxretain.journal import DeadIntent, Journal, Mark
from pbxretain.outcomes import DatasetResult, still_due
from pbxretain.records import Selection
from pbxretain.settings import Source


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


def settle_dead(
    dead: Journal,
    opened: Opened,
    *,
    tidy: Callable[[], object],
    spare: Callable[[Selection, str], Selection],
) -> Sequence[DatasetResult]:
    """Settles the batch in flight, then tells for each dataset what is gone with evidence.

    ``tidy`` puts back what was renamed without an intent; it must not run before the settling.
    ``spare`` adds what is held now to the selection of a data class.
    """
    if intent := dead.dead_intent():
        dead.mark(_settled(opened, intent))
    tidy()
    return [_result(dead, opened, entry, spare) for entry in dead.facts["datasets"]]


def _settled(opened: Opened, intent: DeadIntent) -> Mark:
    store = opened.store(intent.dataset)
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


def _result(
    dead: Journal,
    opened: Opened,
    entry: Mapping[str, Any],
    spare: Callable[[Selection, str], Selection],
) -> DatasetResult:
    result = DatasetResult(entry["dataset"])
    result.marks = [mark for mark in dead.marks() if mark.dataset == entry["dataset"]]
    result.absent = sum(mark.absent for mark in result.marks)
    store = opened.store(entry["dataset"])
    if store is not None and entry["cutoff"] and not entry["refusal"]:
        with suppress(StoreError):  # unread, it counts as incomplete
            selection = spare(_selection(dead.facts, entry), store.data_class)
            straddlers = store.straddlers(selection)
            result.after = store.census(replace(selection, excluded_calls=straddlers))
    result.outcome = _outcome(entry, result)
    return result


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
    )
