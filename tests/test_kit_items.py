"""Does the conformance kit catch a client that doesn't do what it should?"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from support import worked

from pbxretain import connector
from pbxretain.connector import Connector
from pbxretain.errors import StoreError
from pbxretain.stores.client import Client, Item
from pbxretain.testing.suite import suite


@pytest.fixture
def product(tmp_path: Path) -> Connector:
    return worked.product(tmp_path)


def broken(product: Connector, kind: type[Client], monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The promises that this client breaks."""
    module: Any = ModuleType("planted")
    module.fake = lambda dataset, items: kind(list(items))  # type: ignore[call-arg]
    monkeypatch.setitem(sys.modules, "planted", module)
    cases = suite(replace(product, module="planted"))
    return {str(case).partition("/")[0] for case in cases if case.findings()}


class Sound(Client):
    """Keeps its items in a list."""

    def __init__(self, items: list[Item]) -> None:
        self.held = items

    def items(self, *, before: datetime | None) -> Iterable[Item]:
        return list(self.held)

    def delete(self, items: Sequence[Item]) -> None:
        gone = {item.id for item in items}
        self.held = [item for item in self.held if item.id not in gone]


class FirstPageOnly(Sound):
    def items(self, *, before: datetime | None) -> Iterable[Item]:
        return islice(self.held, 100)


class EveryPageTwice(Sound):
    def items(self, *, before: datetime | None) -> Iterable[Item]:
        return [*self.held, *self.held[:1]]


class ForgetsTheCall(Sound):
    def items(self, *, before: datetime | None) -> Iterable[Item]:
        return [replace(item, call=None) for item in self.held]


class LooksIntoACache(Sound):
    def __init__(self, items: list[Item]) -> None:
        super().__init__(items)
        self.cache = {item.id: item for item in items}

    def look(self, ids: Sequence[str]) -> Iterable[Item]:
        return [self.cache[id] for id in ids if id in self.cache]


class LeavesOutOldOnes(Sound):
    def items(self, *, before: datetime | None) -> Iterable[Item]:
        return [item for item in self.held if before is None or int(item.id) > 50]


class DeletesOneMore(Sound):
    def delete(self, items: Sequence[Item]) -> None:
        last = int(items[-1].id)
        super().delete([*items, Item(str(last + 1), None)])


class DeletesNothing(Sound):
    def delete(self, items: Sequence[Item]) -> None:
        pass


class DeletesByPosition(Sound):
    def delete(self, items: Sequence[Item]) -> None:
        del self.held[: len(items)]


class Refuses(Sound):
    def delete(self, items: Sequence[Item]) -> None:
        raise StoreError("no")


RUN = "comes-through-a-run"


@pytest.mark.parametrize(
    ("kind", "caught"),
    [
        (Sound, set()),
        (FirstPageOnly, {"lists-all", "leaves-nothing-out", "finds-by-id", RUN}),
        (EveryPageTwice, {"lists-all", "finds-by-id"}),
        (ForgetsTheCall, {"lists-all", "finds-by-id"}),
        (LooksIntoACache, {"deletes-exactly", RUN}),
        (LeavesOutOldOnes, {"leaves-nothing-out", RUN}),
        (DeletesOneMore, {"deletes-exactly", RUN}),
        (DeletesNothing, {"deletes-exactly", RUN}),
        (DeletesByPosition, {"deletes-exactly"}),
        (Refuses, {"deletes-exactly", RUN}),
    ],
)
def test_a_client_that_breaks_a_promise_is_caught(
    product: Connector, kind: type[Client], caught: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert broken(product, kind, monkeypatch) >= caught
    if not caught:
        assert not broken(product, kind, monkeypatch)


def test_a_distribution_without_a_fake_fails_and_says_so(
    product: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "planted", ModuleType("planted"))
    cases = suite(replace(product, module="planted"))
    assert len(cases) == 5
    assert "no function fake" in cases[0].sentence(cases[0].findings())


def test_the_worked_example_keeps_all_promises(product: Connector) -> None:
    for case in suite(product):
        case.check()


def test_tables_beside_an_interface_are_tried_as_ever(tmp_path: Path, product: Connector) -> None:
    text = product.text.decode().replace(
        "datasets:\n",
        "databases: [sqlite]\ndatasets:\n  rows:\n    kind: table\n    data: queue-logs\n"
        "    title: t\n    table: log\n    key: [id]\n"
        "    starts: {event: {column: at, type: text}}\n",
    )
    mixed = replace(connector.parse(text.encode(), "x", "x"), module=product.module)
    names = {str(case) for case in suite(mixed)}
    assert "lists-all/calls/client" in names
    assert any(name.startswith("nothing-due") or "/rows/" in name for name in names)
