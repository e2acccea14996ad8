"""Whose is a record, as far as its facets tell?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from support.tables import NAME

from pbxretain.documents import parse
from pbxretain.errors import DocumentError
from pbxretain.facets import TreeFacet
from pbxretain.manifest import ApiDataset, Manifest
from pbxretain.records import Rival, Selection
from pbxretain.stores.client import Client, Item
from pbxretain.stores.items import open_items
from pbxretain.stores.told import claim, fits, kept, meant, together
from pbxretain.stores.tree_parts import NameFacets

NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
SHORT, LONG = datetime(2026, 8, 17, tzinfo=UTC), datetime(2021, 11, 15, tzinfo=UTC)
IN = {"direction": frozenset({"inbound"})}
FIRST = Selection(cutoff=LONG, now=NOW, start="s", only=IN, others=(Rival({}, (IN,), SHORT, "s"),))
REST = Selection(
    cutoff=SHORT, now=NOW, start="s", but_not=(IN,), others=(Rival(IN, (), LONG, "s"),)
)
INBOUND, OUTBOUND = ({"direction": frozenset({d})} for d in ("inbound", "outbound"))


def test_the_first_rule_that_fits_takes_a_record_and_no_other_does() -> None:
    for told, mine in ((INBOUND, True), (OUTBOUND, False), ({"direction": frozenset()}, False)):
        assert (claim(told, FIRST) is not None) is mine
        assert (claim(told, REST) is None) is mine


def test_what_nobody_can_tell_goes_only_when_every_rule_lets_it() -> None:
    assert claim({"direction": None}, FIRST) is None
    found = claim({}, REST)
    assert found is not None
    assert found.standing(LONG.replace(year=2020)) == "due"
    middle = SHORT.replace(year=2024)
    assert found.standing(middle) is None
    assert found.untold(middle)
    assert not found.untold(NOW)


def test_what_a_minimum_keeps_of_untold_ones_is_told_as_untold() -> None:
    """Past the maximum of every rule, under the minimum of one: it stays, and not in silence."""
    later = SHORT.replace(year=2024)
    found = claim({}, replace(REST, cutoff=LONG, maximum=SHORT))
    assert found is not None
    assert found.standing(later) is None
    assert found.untold(later)


def test_one_facet_that_surely_differs_decides_whatever_the_others_are() -> None:
    both = {**IN, "queue": frozenset({"800"})}
    assert fits({"direction": None, "queue": frozenset({"900"})}, both) is False
    assert fits({"direction": None, "queue": frozenset({"800"})}, both) is None
    assert fits({"direction": frozenset({"inbound"}), "queue": frozenset({"800"})}, both)


def test_a_leg_is_kept_by_its_own_rule() -> None:
    middle = SHORT.replace(year=2024)
    assert kept(INBOUND, lambda _: middle, REST)
    assert not kept(OUTBOUND, lambda _: middle, REST)
    assert kept({}, lambda _: middle, REST)
    assert not kept(INBOUND, lambda _: None, REST)


def test_several_rows_say_all_that_each_says_and_nothing_where_one_is_silent() -> None:
    assert together([INBOUND, OUTBOUND]) == {"direction": frozenset({"inbound", "outbound"})}
    assert together([INBOUND, {"direction": None}]) == {"direction": None}


def test_a_name_tells_its_facet_or_nothing() -> None:
    facet = TreeFacet.model_validate(
        {"names": ["{facet}-{any}"], "values": {"inbound": ["in"], "outbound": ["out"]}}
    )
    names = NameFacets({"direction": facet, "queue": TreeFacet(names=["q-{facet}-{any}"])})
    assert names.told(b"in-201-030") == {"direction": frozenset({"inbound"}), "queue": None}
    assert names.told(b"q-800-x") == {"direction": frozenset(), "queue": frozenset({"800"})}
    assert meant(facet, [None]) == frozenset()


def _manifest(facets: str, kind: str = "tree") -> str:
    more = {
        "tree": "extensions: [wav], dated_by: [{mtime: true}]",
        "lines": "files: [log], format: bar, starts: {event: {field: 0, type: epoch}}",
    }[kind]
    return (
        "connector: x\ntitle: X\nroots: {r: {usual: /r}}\ndatasets:\n"
        f"  d: {{title: D, data: call-recordings, kind: {kind}, root: r, {more},\n"
        f"      facets: {facets}}}\n"
    )


@pytest.mark.parametrize(
    ("facets", "kind"),
    [
        ("{colour: {rows: true}}", "tree"),
        ("{queue: {}}", "tree"),
        ("{queue: {rows: true, names: ['{facet}']}}", "tree"),
        ("{queue: {names: ['q-{any}']}}", "tree"),
        ("{queue: {names: ['{facet}-{facet}']}}", "lines"),
        ("{queue: {field: 1, fields: [2]}}", "lines"),
        ("{queue: {field: 1, otherwise: x}}", "lines"),
        ("{queue: {field: 1, values: {a: [x], b: [x]}}}", "lines"),
        ("{heard: {field: 1}}", "lines"),
        ("{answered: {field: 1, values: {'yes': [x]}, otherwise: 'false'}}", "lines"),
        ("{answered: {field: 1, values: {'true': [x]}, otherwise: 'no'}}", "lines"),
        ("{recorded: {names: ['{facet}-{any}']}}", "tree"),
    ],
)
def test_a_facet_that_can_not_be_told_as_declared_is_a_mistake(facets: str, kind: str) -> None:
    with pytest.raises(DocumentError):
        parse(_manifest(facets, kind).encode(), "m", Manifest)


def test_facets_of_every_kind_are_accepted() -> None:
    parse(
        _manifest("{queue: {rows: true}, x-own: {names: ['{facet}-{any}']}}").encode(),
        "m",
        Manifest,
    )
    parse(
        _manifest(
            "{queue: {field: 2}, extension: {fields: [1, 2]}, "
            "answered: {field: 3, values: {'true': [x]}}}",
            "lines",
        ).encode(),
        "m",
        Manifest,
    )


class _Phone(Client):
    """Three old calls, one answered in a word that means nothing here."""

    def items(self, *, before: datetime | None) -> list[Item]:
        del before
        old = "2026-01-01T10:00:00Z"
        words = (["true"], ["false"], ["yes"])
        return [Item(str(n), old, facets={"answered": word}) for n, word in enumerate(words)]

    def delete(self, items: Sequence[Item]) -> None:
        raise AssertionError("nothing is deleted here")


def test_a_client_that_says_yes_for_true_has_told_nothing() -> None:
    dataset = ApiDataset.model_validate(
        {"data": "call-detail-records", "title": "t", "kind": "api", "start": "s"}
        | {"facets": ["answered"]}
    )
    store = open_items(name="calls", dataset=dataset, client=_Phone(), zone=ZoneInfo("UTC"))
    talked = {"answered": frozenset({"true"})}
    rest = replace(REST, but_not=(talked,), others=(Rival(talked, (), LONG, "s"),))
    found = store.census(rest)
    assert (found.due, dict(found.findings)) == (1, {"FACET_UNTOLD": 1})


class _Product(Client):
    """Four old calls, of which the interface tells the direction of three."""

    def items(self, *, before: datetime | None) -> list[Item]:
        del before
        told: list[dict[str, list[str] | None]] = [
            {"direction": ["inbound"]},
            {"direction": ["outbound"]},
            {"direction": []},
            {},
        ]
        old = "2026-01-01T10:00:00Z"
        return [Item(str(n), old, facets=facets) for n, facets in enumerate(told)]

    def delete(self, items: Sequence[Item]) -> None:
        raise AssertionError("nothing is deleted here")


def test_items_go_by_what_the_interface_tells() -> None:
    dataset = ApiDataset.model_validate(
        {"data": "call-detail-records", "title": "t", "kind": "api", "start": "s"}
        | {"facets": ["direction"]}
    )
    store = open_items(name="calls", dataset=dataset, client=_Product(), zone=ZoneInfo("UTC"))
    first, rest = store.census(replace(FIRST, cutoff=SHORT)), store.census(REST)
    assert first.due == 1
    assert rest.due == 2, "of the one that isn't told the longer rule decides"
    assert dict(rest.findings) == {"FACET_UNTOLD": 1}
    with store.take(REST, limit=9, after=None, skip=frozenset(), name=NAME) as batch:
        assert [taken.key for taken in batch.taken] == [(b"1",), (b"2",)]
