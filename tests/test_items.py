"""Does a PBX that is reachable by API only forget what is due, whatever its interface does?"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support import aftermath, items_run, numera
from support.batchrun import MiniJournal
from support.crash import Outcome, When, Zygote, campaign
from support.items_run import NOW, OLD, YOUNG, stamp
from support.numera import Numera
from support.site import make_terms

from pbxretain import connector, sources
from pbxretain.connector import Connector
from pbxretain.errors import (
    DocumentError,
    Exit,
    OutcomeUnknown,
    RetainError,
    StoreError,
    UnavailableError,
)
from pbxretain.manifest import ApiDataset
from pbxretain.records import BatchName, Selection, Taken
from pbxretain.secret import Secret
from pbxretain.settings import Api
from pbxretain.stores import installed, items, items_batch
from pbxretain.stores.client import Access, Client, Item
from pbxretain.stores.items import ItemStore, open_items

CUTOFF = NOW - timedelta(days=90)
NAME = BatchName("inst1", "run1", 1)


@pytest.fixture
def pbx() -> Iterator[Numera]:
    with numera.serving(Numera()) as product:
        yield product


@pytest.fixture
def product(tmp_path: Path) -> Connector:
    return items_run.product(tmp_path)


def store_of(product: Connector, pbx: Numera, **changed: Any) -> ItemStore:
    """The example's client before the server, as an opened store."""
    module = sys.modules["pbxretain_numera"]
    client: Client = module.client("calls", _access(pbx))
    for name, value in changed.items():
        setattr(client, name, value)
    return _opened(product, client)


def _access(pbx: Numera, timeout: float = 5) -> Access:
    return Access(url=pbx.url, secret=Secret(numera.TOKEN), timeout=timeout)


def _opened(product: Connector, client: Client) -> ItemStore:
    dataset = product.manifest.datasets["calls"]
    assert isinstance(dataset, ApiDataset)
    return open_items(name="calls", dataset=dataset, client=client, zone=ZoneInfo("Europe/Berlin"))


def select(store: ItemStore, **more: Any) -> Selection:
    selection = Selection(cutoff=CUTOFF, now=NOW, start="call-start", **more)
    return replace(selection, excluded_calls=store.straddlers(selection))


def take(store: ItemStore, limit: int = 500, **more: Any) -> items_batch.ItemBatch:
    return store.take(select(store, **more), limit=limit, after=None, skip=frozenset(), name=NAME)


# --- what goes and what stays -------------------------------------------------------------------


def test_twenty_thousand_calls_behind_pages_go_and_the_young_stay(
    pbx: Numera, product: Connector, tmp_path: Path
) -> None:
    items_run.fill(pbx, old=15_000, young=5_000)
    done = items_run.run(product, tmp_path, pbx.url)
    assert (done.outcome, done.exit_code) == ("complete", Exit.OK)
    assert sorted(pbx.calls) == list(range(15_001, 20_001))
    assert aftermath.deleted(items_run.site(tmp_path)) == {"calls": 15_000}
    aftermath.assert_genuine(items_run.site(tmp_path), NOW + timedelta(hours=1))
    (report,) = aftermath.reports(items_run.site(tmp_path))
    assert report.tool.connector.contains_code


def test_the_cut_off_itself_stays_and_one_second_before_goes(
    pbx: Numera, product: Connector
) -> None:
    pbx.add(1, stamp(CUTOFF - timedelta(seconds=1)))
    pbx.add(2, stamp(CUTOFF))
    batch = take(store_of(product, pbx))
    assert [t.key for t in batch.taken] == [(b"1",)]


def test_taking_touches_nothing(pbx: Numera, product: Connector) -> None:
    items_run.fill(pbx, old=5, young=1)
    with take(store_of(product, pbx)) as batch:
        assert len(batch.taken) == 5
    assert (len(pbx.calls), pbx.deletes) == (6, 0)


def test_whole_calls_wait_for_their_youngest_leg_and_for_one_that_goes_on(
    pbx: Numera, product: Connector
) -> None:
    pbx.add(1, stamp(OLD), call="a")
    pbx.add(2, stamp(YOUNG), call="a")
    pbx.add(3, stamp(OLD), call="b")
    pbx.add(4, stamp(OLD), call="b", state="talking")
    pbx.add(5, stamp(OLD), call="c")
    pbx.add(6, stamp(OLD), state="talking")
    store = store_of(product, pbx)
    census = store.census(select(store))
    assert (census.before, census.due, census.straddling) == (5, 1, 4)
    assert [t.key for t in take(store).taken] == [(b"5",)]


@pytest.mark.parametrize("begin", ["", "0000-00-00T00:00:00Z", "soon", "1970-01-01T00:00:00Z"])
def test_a_record_without_a_usable_time_is_counted_and_never_taken(
    pbx: Numera, product: Connector, begin: str
) -> None:
    pbx.add(1, begin)
    pbx.add(2, stamp(NOW + timedelta(days=900)))
    store = store_of(product, pbx)
    census = store.census(select(store))
    assert (census.undated, census.future, census.due, census.total) == (1, 1, 0, 2)
    assert not take(store).taken


def test_held_records_stay_and_are_counted(pbx: Numera, product: Connector) -> None:
    items_run.fill(pbx, old=3, young=0)
    store = store_of(product, pbx)
    held = take(store).taken[1].identity
    census = store.census(select(store, excluded_keys=frozenset({held})))
    assert (census.due, census.held) == (2, 1)
    assert [t.key[0] for t in take(store, excluded_keys=frozenset({held})).taken] == [b"1", b"3"]


def test_a_scan_lists_oldest_first_over_several_windows(
    pbx: Numera, product: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "WINDOW", 4)
    for number in (5, 9, 2, 7, 1, 8, 3, 6, 4):
        pbx.add(number, stamp(OLD + timedelta(hours=10 - number)))
    store = store_of(product, pbx)
    assert [r.label for r in store.scan(select(store))] == [str(n) for n in range(9, 0, -1)]


def test_a_run_goes_on_behind_its_window(
    pbx: Numera, product: Connector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "WINDOW", 7)
    items_run.fill(pbx, old=50, young=2)
    assert items_run.run(product, tmp_path, pbx.url).exit_code == Exit.OK
    assert sorted(pbx.calls) == [51, 52]


class _Endless(Client):
    """Makes its items as they are asked for."""

    def __init__(self, count: int) -> None:
        self.count = count

    def items(self, *, before: datetime | None) -> Iterable[Item]:
        for number in range(self.count):
            yield Item(str(number), stamp(OLD + timedelta(seconds=number % 9000)))

    def delete(self, items: Sequence[Item]) -> None:
        raise AssertionError


def test_memory_stays_flat_where_the_interface_pages(
    product: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "WINDOW", 500)
    peaks = []
    for count in (2_000, 30_000):
        store = _opened(product, _Endless(count))
        selection = select(store)
        tracemalloc.start()
        store.census(selection)
        window, more = store._due(selection, None)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert (len(window), more) == (500, True)
    assert peaks[1] < peaks[0] * 1.3, peaks


# --- somebody else is at work -------------------------------------------------------------------


def test_what_somebody_else_deleted_before_the_take_is_absent_and_no_evidence(
    pbx: Numera, product: Connector
) -> None:
    items_run.fill(pbx, old=4, young=0)
    store = store_of(product, pbx)
    selection = select(store)
    first = store.take(selection, limit=2, after=None, skip=frozenset(), name=NAME)
    del pbx.calls[3]
    second = store.take(selection, limit=2, after=first.cursor, skip=frozenset(), name=NAME)
    assert ([t.key[0] for t in second.taken], second.absent) == ([b"4"], 1)


@pytest.mark.parametrize("moment", ["listed", "taken"])
def test_an_id_that_came_back_younger_is_never_taken_along(
    pbx: Numera, product: Connector, moment: str
) -> None:
    items_run.fill(pbx, old=4, young=0)
    store = store_of(product, pbx)
    selection = select(store)
    store.take(selection, limit=1, after=None, skip=frozenset(), name=NAME)
    if moment == "listed":
        pbx.add(2, stamp(YOUNG))
    cursor = items_batch.ItemCursor(OLD, b"")
    with store.take(selection, limit=9, after=cursor, skip=frozenset(), name=NAME) as batch:
        if moment == "taken":
            pbx.add(2, stamp(YOUNG))
        batch.commit()
    assert list(pbx.calls) == [2]


# --- the interface fails ------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["lose", "slow", "garbage", "half", "broken", "refuse", "late"])
def test_one_answer_that_goes_wrong_costs_no_record_and_no_evidence(
    pbx: Numera, product: Connector, tmp_path: Path, fault: str
) -> None:
    items_run.fill(pbx, old=450, young=3)
    pbx.faults = {2: fault}
    sys.modules["pbxretain_numera"].Numera.pause = 0.5  # longer than what is late
    done = items_run.run(product, tmp_path, pbx.url, timeout=1)
    assert sorted(pbx.calls) != list(range(1, 454))
    if done.exit_code != Exit.OK:  # 5xx ends the dataset; the next run does the rest
        assert (fault, done.exit_code) == ("broken", Exit.INCOMPLETE)
        assert items_run.run(product, tmp_path, pbx.url).exit_code == Exit.OK
    assert sorted(pbx.calls) == [451, 452, 453]
    assert aftermath.deleted(items_run.site(tmp_path)) == {"calls": 450}
    aftermath.assert_genuine(items_run.site(tmp_path), NOW + timedelta(hours=1))


def test_an_interface_that_says_yes_and_deletes_nothing_ends_with_3(
    pbx: Numera, product: Connector, tmp_path: Path
) -> None:
    items_run.fill(pbx, old=30, young=3)
    pbx.every = "nothing"
    done = items_run.run(product, tmp_path, pbx.url)
    assert (done.outcome, done.exit_code) == ("incomplete", Exit.INCOMPLETE)
    assert not aftermath.deleted(items_run.site(tmp_path))
    assert done.results[0].failed == 30
    assert len(pbx.calls) == 33


def test_one_record_that_the_product_refuses_keeps_no_other_from_going(
    pbx: Numera, product: Connector, tmp_path: Path
) -> None:
    items_run.fill(pbx, old=120, young=1)
    pbx.poison = 77
    done = items_run.run(product, tmp_path, pbx.url)
    assert done.exit_code == Exit.INCOMPLETE
    assert sorted(pbx.calls) == [77, 121]
    assert aftermath.deleted(items_run.site(tmp_path)) == {"calls": 119}


@pytest.mark.parametrize("fault", ["broken", "garbage", "short", "away", "slow"])
@pytest.mark.parametrize("at", [1, 4, 7])
def test_a_listing_that_breaks_off_deletes_nothing_it_did_not_see(
    pbx: Numera, product: Connector, tmp_path: Path, fault: str, at: int
) -> None:
    items_run.fill(pbx, old=450, young=450)
    pbx.reads = {at: fault}
    done = items_run.run(product, tmp_path, pbx.url, timeout=1)
    assert done.exit_code in (Exit.INCOMPLETE, Exit.UNAVAILABLE, Exit.REFUSED), done.errors
    assert {n for n in pbx.calls if n > 450} == set(range(451, 901))
    gone = 450 - len([n for n in pbx.calls if n <= 450])
    assert aftermath.deleted(items_run.site(tmp_path))["calls"] == gone
    assert items_run.run(product, tmp_path, pbx.url).exit_code == Exit.OK
    assert len(pbx.calls) == 450
    assert aftermath.deleted(items_run.site(tmp_path)) == {"calls": 450}


def test_an_interface_that_is_away_is_unavailable(product: Connector, tmp_path: Path) -> None:
    done = items_run.run(product, tmp_path, "http://127.0.0.1:9")
    assert done.exit_code == Exit.UNAVAILABLE


def test_no_error_holds_a_secret_a_number_or_what_came_over_the_wire(
    pbx: Numera, product: Connector, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    items_run.fill(pbx, old=5, young=0)
    for reads, every in (({1: "garbage"}, ""), ({}, "refuse"), ({}, "broken"), ({2: "short"}, "")):
        pbx.reads, pbx.every, pbx.looked = reads, every, 0
        told = " ".join(map(str, items_run.run(product, tmp_path, pbx.url).errors)) + caplog.text
        caplog.clear()
        assert "interface" in told
        assert not any(bad in told for bad in (numera.TOKEN, "+49", "sign in", "Traceback"))


class _Failing(Client):
    """Foreign code that raises what it likes."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def items(self, *, before: datetime | None) -> Iterable[Item]:
        yield Item("1", stamp(OLD), subjects=["+4930123"])
        raise self.error

    def delete(self, items: Sequence[Item]) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ValueError("+4930123"), StoreError),
        (ConnectionResetError("+4930123"), UnavailableError),
        (TimeoutError("+4930123"), UnavailableError),
        (KeyError("+4930123"), StoreError),
    ],
)
def test_what_foreign_code_raises_becomes_a_sentence_without_its_text(
    product: Connector, error: Exception, kind: type[RetainError]
) -> None:
    store = _opened(product, _Failing(error))
    with pytest.raises(kind) as told:
        store.straddlers(Selection(cutoff=CUTOFF, now=NOW, start="call-start"))
    assert "+49" not in str(told.value)
    assert told.value.__cause__ is None
    with pytest.raises(OutcomeUnknown) as lost:
        store.delete([Taken(key=(b"1",), start=b"x", when=OLD, call=(None,))])
    assert "+49" not in str(lost.value)


def test_an_item_without_an_id_is_an_error_and_no_record(product: Connector) -> None:
    class Odd(_Endless):
        def items(self, *, before: datetime | None) -> Iterable[Item]:
            yield Item("", stamp(OLD))

    with pytest.raises(StoreError, match="without an id"):
        _opened(product, Odd(1)).census(Selection(cutoff=CUTOFF, now=NOW, start="call-start"))


# --- the machine dies ---------------------------------------------------------------------------


@pytest.mark.parametrize("committed", [True, False])
def test_settling_tells_what_is_still_there(
    pbx: Numera, product: Connector, tmp_path: Path, committed: bool
) -> None:
    items_run.fill(pbx, old=5, young=0)
    journal = MiniJournal(tmp_path / "journal")
    store = store_of(product, pbx, pause=0.01)
    with take(store) as batch:
        journal.seal(NAME, batch)
        if committed:
            journal.committed(NAME.batch)
            pbx.calls.pop(2)
            pbx.calls.pop(4)
    intent = journal.intent()
    assert intent is not None
    gone = [False, True, False, True, False] if committed else [False] * 5
    assert list(store.settle(intent)) == gone


def test_settling_waits_until_two_looks_agree(
    pbx: Numera, product: Connector, tmp_path: Path
) -> None:
    import threading

    items_run.fill(pbx, old=3, young=0)
    journal = MiniJournal(tmp_path / "journal")
    store = store_of(product, pbx, pause=0.4)
    with take(store) as batch:
        journal.seal(NAME, batch)
        journal.committed(NAME.batch)
    intent = journal.intent()
    assert intent is not None
    threading.Timer(0.2, pbx.calls.clear).start()
    began = time.monotonic()
    assert list(store.settle(intent)) == [True] * 3
    assert time.monotonic() - began > 0.3


def test_bounds_of_a_batch_name_no_more_than_a_day(pbx: Numera, product: Connector) -> None:
    items_run.fill(pbx, old=3, young=0)
    assert take(store_of(product, pbx)).bounds == {"to": OLD.date().isoformat()}


@pytest.mark.slow
def test_a_death_at_any_request_or_write_leaves_every_record_there_or_gone_with_evidence(
    tmp_path: Path,
) -> None:
    tried = 0
    with (
        numera.serving(Numera()) as pbx,
        Zygote("pbxretain.execute", "support.items_run") as zygote,
    ):

        def child(at: int | None, when: When) -> Outcome:
            nonlocal tried
            tried += 1
            folder = tmp_path / str(tried)
            items_run.site(folder)
            pbx.calls.clear()
            items_run.fill(pbx, old=7, young=2)
            args = [str(folder), pbx.url, "3"]
            return zygote.run("support.items_run:child", args, at=at, when=when)

        def inspect(outcome: Outcome) -> None:
            folder = tmp_path / str(tried)
            assert outcome.killed or outcome.code == 0, outcome.output
            again = zygote.run("support.items_run:child", [str(folder), pbx.url, "3"])
            assert again.code == 0, again.output
            assert sorted(pbx.calls) == [8, 9]
            assert aftermath.deleted(items_run.site(folder)) == {"calls": 7}
            aftermath.assert_genuine(items_run.site(folder), NOW + timedelta(hours=1))

        assert campaign(child, inspect, stride=3) > 20


# --- documents ----------------------------------------------------------------------------------


def test_a_manifest_in_the_sites_folder_brings_no_code(tmp_path: Path, product: Connector) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "numera.yaml").write_bytes(product.text)
    with pytest.raises(DocumentError, match="only an installed distribution"):
        connector.shelf(site)


def test_code_that_is_not_installed_is_named_in_one_sentence(
    product: Connector,
) -> None:
    assert replace(product, module=None).contains_code
    with pytest.raises(DocumentError, match="its code isn't here"):
        installed.of_api("calls", Api(url="https://pbx.example.com"), own=None, module=None)


def test_without_an_address_in_settings_the_dataset_is_not_covered(product: Connector) -> None:
    terms = make_terms(product)
    with (
        pytest.raises(RetainError, match="offers none of the datasets"),
        sources.opened(terms.source, product, name="x", installation="y", exclusive=False),
    ):
        pass
