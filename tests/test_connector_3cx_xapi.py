"""Does 3CX forget through its API: by id where it can, by period only where nothing is spared?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support import aftermath, xapi_run, xapi_server
from support.crash import Outcome, When, Zygote, campaign
from support.pages import Sandbox
from support.xapi_run import NOW, OLD, YOUNG, stamp
from support.xapi_server import Threecx

from pbxretain import connector
from pbxretain.errors import Exit, StoreError
from pbxretain.records import BatchName, Selection
from pbxretain.secret import Secret
from pbxretain.stores import items, xapi
from pbxretain.stores.client import Access
from pbxretain.stores.items import ItemStore

CUTOFF = NOW - timedelta(days=90)
NAME = BatchName("inst1", "run1", 1)
SETS = ("Recordings", "CallHistoryView", "ChatMessagesHistoryView")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xapi.Recordings, "pause", 0.02)
    monkeypatch.setattr(xapi.Purged, "pause", 0.02)


@pytest.fixture
def pbx() -> Iterator[Threecx]:
    with xapi_server.serving(Threecx()) as product:
        yield product


@pytest.fixture
def once() -> Any:
    """What goes wrong with the n-th request of a kind, and with no other."""

    def plant(pbx: Threecx, what: str, wrong: str, at: int | None = None) -> None:
        def decide(kind: str, nth: int) -> str:
            return wrong if kind == what and at in (None, nth) else ""

        pbx.wrong = decide

    return plant


def store_of(pbx: Threecx, dataset: str) -> ItemStore:
    access = Access(pbx.url, xapi_server.CLIENT, Secret(xapi_server.SECRET), timeout=5)
    known = connector.find("3cx-xapi").manifest.datasets[dataset]
    client = xapi.client(dataset, access)
    return items.open_items(
        name=dataset,
        dataset=known,  # type: ignore[arg-type]
        client=client,
        zone=ZoneInfo("Europe/Berlin"),
    )


def select(**more: Any) -> Selection:
    return Selection(cutoff=CUTOFF, now=NOW, start="recorded", **more)


def left(pbx: Threecx) -> dict[str, list[int]]:
    return {name: sorted(pbx.sets[name]) for name in SETS}


def healed(pbx: Threecx, folder: Path, *, old: int, young: int) -> None:
    """Only the young are left, and all reports together cover the old, once each."""
    assert left(pbx) == {name: list(range(old + 1, old + young + 1)) for name in SETS}
    wanted = dict.fromkeys(("recordings", "calls", "chats"), old)
    assert aftermath.deleted(xapi_run.site(folder)) == wanted
    aftermath.assert_genuine(xapi_run.site(folder), NOW + timedelta(hours=2))


# --- all of it ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_twenty_thousand_recordings_and_calls_behind_pages(pbx: Threecx, tmp_path: Path) -> None:
    xapi_run.fill(pbx, old=16_000, young=4_000)
    done = xapi_run.run(tmp_path, pbx.url)
    assert (done.outcome, done.exit_code) == ("complete", Exit.OK), done.errors
    healed(pbx, tmp_path, old=16_000, young=4_000)
    assert pbx.tokens == 1
    (report,) = aftermath.reports(xapi_run.site(tmp_path))
    assert not report.tool.connector.contains_code  # pbxretain's own


def test_the_manifest_covers_what_the_page_says_and_is_called_untried() -> None:
    product = connector.find("3cx-xapi")
    assert not product.manifest.was_tried
    assert product.manifest.api == "xapi"
    assert {copy.code for copy in product.manifest.out_of_reach} >= {"fax", "voicemail"}


# --- the token ----------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["list", "delete", "purge"])
def test_a_token_that_is_taken_away_is_renewed_once(
    pbx: Threecx, tmp_path: Path, once: Any, what: str
) -> None:
    xapi_run.fill(pbx, old=300, young=5)
    once(pbx, what, "401", 1)
    assert xapi_run.run(tmp_path, pbx.url).exit_code == Exit.OK
    assert pbx.tokens == 2
    healed(pbx, tmp_path, old=300, young=5)


def test_another_program_with_the_same_client_id_costs_a_token_each_time(
    pbx: Threecx, tmp_path: Path
) -> None:
    xapi_run.fill(pbx, old=300, young=5)

    def steal(what: str, nth: int) -> str:
        if what == "list" and nth % 7 == 0:
            pbx.token = "somebody else's"
        return ""

    pbx.wrong = steal
    assert xapi_run.run(tmp_path, pbx.url).exit_code == Exit.OK
    healed(pbx, tmp_path, old=300, young=5)


@pytest.mark.parametrize("wrong", ["401", "403"])
def test_a_client_without_the_right_deletes_nothing_and_says_so(
    pbx: Threecx, tmp_path: Path, once: Any, wrong: str
) -> None:
    xapi_run.fill(pbx, old=30, young=5)
    once(pbx, "delete", wrong)
    done = xapi_run.run(tmp_path, pbx.url)
    assert done.exit_code == Exit.UNAVAILABLE
    assert len(pbx.sets["Recordings"]) == 35
    assert any("doesn't accept the login" in str(error) for error in done.errors)


def test_a_wrong_secret_is_unavailable_in_one_sentence(pbx: Threecx, tmp_path: Path) -> None:
    xapi_run.fill(pbx, old=3, young=5)
    done = xapi_run.run(tmp_path, pbx.url, user="901")
    assert done.exit_code == Exit.UNAVAILABLE
    assert xapi_server.SECRET not in " ".join(map(str, done.errors))
    assert pbx.tokens == 0


# --- what goes wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "wrong"),
    [("list", "500"), ("list", "garbage"), ("list", "slow"), ("delete", "500"), ("delete", "lose"),
     ("delete", "slow"), ("purge", "lose"), ("purge", "500"), ("purge", "slow"), ("token", "500")],
)  # fmt: skip
def test_one_request_that_goes_wrong_costs_no_record_and_no_evidence(
    pbx: Threecx, tmp_path: Path, once: Any, what: str, wrong: str
) -> None:
    xapi_run.fill(pbx, old=450, young=5)
    once(pbx, what, wrong, 1 if what in ("purge", "token") else 2)
    done = xapi_run.run(tmp_path, pbx.url, timeout=1)
    assert all(set(range(451, 456)) <= set(rows) for rows in left(pbx).values())
    if done.exit_code != Exit.OK:
        assert done.exit_code in (Exit.INCOMPLETE, Exit.UNAVAILABLE, Exit.REFUSED)
        pbx.wrong = lambda kind, nth: ""
        assert xapi_run.run(tmp_path, pbx.url).exit_code == Exit.OK
    healed(pbx, tmp_path, old=450, young=5)


@pytest.mark.parametrize("what", ["delete", "purge"])
def test_it_ran_and_deleted_nothing_ends_with_3(
    pbx: Threecx, tmp_path: Path, once: Any, what: str
) -> None:
    xapi_run.fill(pbx, old=50, young=5)
    once(pbx, what, "nothing")
    done = xapi_run.run(tmp_path, pbx.url)
    assert (done.outcome, done.exit_code) == ("incomplete", Exit.INCOMPLETE)
    kept = {"delete": ["recordings"], "purge": ["calls", "chats"]}[what]
    assert {result.dataset for result in done.results if result.failed} == set(kept)
    assert not set(kept) & set(aftermath.deleted(xapi_run.site(tmp_path)))


def test_a_list_that_ignores_its_filter_is_an_error_and_no_endless_loop(
    pbx: Threecx, monkeypatch: pytest.MonkeyPatch
) -> None:
    xapi_run.fill(pbx, old=5, young=0)
    monkeypatch.setattr(xapi_server, "_span", lambda keys, given: (0, len(keys)))
    with pytest.raises(StoreError, match="otherwise than its published description"):
        store_of(pbx, "recordings").census(select())


def test_no_error_holds_secret_token_number_or_text(
    pbx: Threecx, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    xapi_run.fill(pbx, old=5, young=0)
    told = ""
    for what, wrong in (("list", "garbage"), ("delete", "500"), ("purge", "403"), ("list", "500")):
        pbx.wrong = lambda kind, nth, what=what, wrong=wrong: wrong if kind == what else ""  # type: ignore[misc]
        told += " ".join(map(str, xapi_run.run(tmp_path, pbx.url).errors)) + caplog.text
    assert "3CX" in told
    for bad in (xapi_server.SECRET, pbx.token, "+4930", "confidence", "Traceback", "[x]"):
        assert bad not in told


def test_check_says_that_3cx_deletes_by_itself(pbx: Threecx) -> None:
    pbx.recording(1, stamp(OLD))
    assert [advice.code for advice in store_of(pbx, "recordings").check()] == ["OWN_PURGE"]


# --- by period ----------------------------------------------------------------------------------


def test_a_purge_ends_before_the_first_record_that_must_stay(pbx: Threecx, tmp_path: Path) -> None:
    xapi_run.fill(pbx, old=40, young=5)
    store = store_of(pbx, "calls")
    held = store.take(select(), limit=500, after=None, skip=frozenset(), name=NAME).taken[20]
    selection = select(excluded_keys=frozenset({held.identity}))
    with store.take(selection, limit=500, after=None, skip=frozenset(), name=NAME) as batch:
        assert (len(batch.taken), batch.skipped) == (20, {"PERIOD_NOT_CLEAR": 19})
        assert batch.exhausted
        assert batch.commit() is None
    assert sorted(pbx.sets["CallHistoryView"]) == list(range(21, 46))


def test_one_call_without_a_time_keeps_all_and_the_run_ends_with_3(
    pbx: Threecx, tmp_path: Path
) -> None:
    xapi_run.fill(pbx, old=40, young=5)
    pbx.call(7, "", "")
    done = xapi_run.run(tmp_path, pbx.url)
    assert done.exit_code == Exit.INCOMPLETE
    assert len(pbx.sets["CallHistoryView"]) == 45
    assert pbx.count("purge") == 1  # of the chats
    calls = next(r for r in done.results if r.dataset == "calls")
    assert calls.skipped["PERIOD_NOT_CLEAR"] == 39


def test_a_purge_never_cuts_through_a_running_call(pbx: Threecx) -> None:
    start = CUTOFF - timedelta(minutes=10)
    pbx.call(1, stamp(start), stamp(start + timedelta(seconds=20)))
    pbx.call(2, stamp(start + timedelta(minutes=5)), stamp(CUTOFF + timedelta(minutes=5)))
    pbx.call(3, stamp(CUTOFF + timedelta(minutes=4)), stamp(CUTOFF + timedelta(minutes=6)))
    store = store_of(pbx, "calls")
    batch = store.take(select(), limit=500, after=None, skip=frozenset(), name=NAME)
    assert [t.key for t in batch.taken] == [(b"1",)]
    assert batch.skipped == {"PERIOD_NOT_CLEAR": 1}


def test_what_comes_into_the_period_meanwhile_stops_the_purge(pbx: Threecx) -> None:
    xapi_run.fill(pbx, old=10, young=0)
    store = store_of(pbx, "chats")
    with store.take(select(), limit=500, after=None, skip=frozenset(), name=NAME) as batch:
        pbx.chat(99, stamp(OLD + timedelta(seconds=5)))
        with pytest.raises(StoreError) as told:
            batch.commit()
    assert told.value.code == "PERIOD_NOT_CLEAR"
    assert (pbx.count("purge"), len(pbx.sets["ChatMessagesHistoryView"])) == (0, 11)


def test_records_of_one_moment_go_in_one_batch(pbx: Threecx) -> None:
    for number in range(1, 9):
        pbx.chat(number, stamp(OLD))
    pbx.chat(9, stamp(OLD + timedelta(hours=1)))
    store = store_of(pbx, "chats")
    batch = store.take(select(), limit=1, after=None, skip=frozenset(), name=NAME)
    assert len(batch.taken) == 8


def test_batches_of_a_purge_end_at_a_quiet_moment_and_go_on_behind_it(pbx: Threecx) -> None:
    for number in range(1, 18):
        pbx.chat(number, stamp(OLD + timedelta(minutes=number // 2)))
    store, after, sizes = store_of(pbx, "chats"), None, []
    while True:
        with store.take(select(), limit=5, after=after, skip=frozenset(), name=NAME) as batch:
            assert batch.commit() is None
        sizes.append(len(batch.taken))
        assert not batch.skipped
        if batch.exhausted:
            break
        after = batch.cursor
    assert (sizes, pbx.sets["ChatMessagesHistoryView"]) == ([5, 4, 4, 4], {})


@pytest.mark.parametrize("window", [4, 6, 7])
def test_a_purge_of_more_than_a_window_ends_complete(
    pbx: Threecx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, window: int
) -> None:
    monkeypatch.setattr(items, "WINDOW", window)
    xapi_run.fill(pbx, old=20, young=2)
    assert xapi_run.run(tmp_path, pbx.url).exit_code == Exit.OK
    healed(pbx, tmp_path, old=20, young=2)


def test_a_purge_that_left_something_isnt_tried_again_in_the_same_pass(
    pbx: Threecx, once: Any
) -> None:
    xapi_run.fill(pbx, old=10, young=0)
    once(pbx, "purge", "nothing")
    store = store_of(pbx, "chats")
    with store.take(select(), limit=500, after=None, skip=frozenset(), name=NAME) as batch:
        batch.commit()
        assert batch.finish().failed == 10
    again = store.take(select(), limit=500, after=batch.cursor, skip=frozenset(), name=NAME)
    assert (len(again.taken), again.exhausted) == (0, True)


def test_a_purge_in_the_night_of_the_changed_clock_goes_by_instants(pbx: Threecx) -> None:
    cutoff = datetime.fromisoformat("2026-10-25T00:30:00+00:00")
    for number in range(1, 5):
        moment = cutoff - timedelta(minutes=90) + timedelta(minutes=30 * number)
        pbx.call(number, moment.isoformat(), moment.isoformat())
    store = store_of(pbx, "calls")
    selection = Selection(cutoff=cutoff, now=cutoff + timedelta(days=60), start="call-start")
    batch = store.take(selection, limit=500, after=None, skip=frozenset(), name=NAME)
    assert [t.key[0] for t in batch.taken] == [b"1", b"2"]


# --- the machine dies ---------------------------------------------------------------------------


def _requests(events: Any) -> list[int]:
    """Every purge and delete, every fourth of the other requests, every twelfth of the rest."""
    sends = [n for n, name in enumerate(events, 1) if "send" in name]
    others = [n for n, name in enumerate(events, 1) if "send" not in name]
    after_line = [n for n in sends if events[n - 2] == "os.fsync"]
    return sorted({*sends[::4], *others[::12], *after_line})


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_death_at_any_request_leaves_every_record_there_or_gone_with_evidence(
    tmp_path: Path,
) -> None:
    tried = 0
    programs = ("pbxretain.execute", "support.xapi_run")
    with xapi_server.serving(Threecx()) as pbx, Zygote(*programs) as zygote:

        def child(at: int | None, when: When) -> Outcome:
            nonlocal tried
            tried += 1
            xapi_run.site(tmp_path / str(tried))
            for rows in pbx.sets.values():
                rows.clear()
            xapi_run.fill(pbx, old=7, young=2)
            args = [str(tmp_path / str(tried)), pbx.url, "4"]
            return zygote.run("support.xapi_run:child", args, at=at, when=when)

        def inspect(outcome: Outcome) -> None:
            assert outcome.killed or outcome.code == 0, outcome.output
            folder = tmp_path / str(tried)
            again = zygote.run("support.xapi_run:child", [str(folder), pbx.url, "4"])
            assert again.code == 0, again.output
            healed(pbx, folder, old=7, young=2)

        assert campaign(child, inspect, choose=_requests, modes=("after",)) > 20


def test_young_records_never_go_whatever_a_test_forgets(pbx: Threecx, tmp_path: Path) -> None:
    xapi_run.fill(pbx, old=0, young=9)
    assert xapi_run.run(tmp_path, pbx.url).outcome == "nothing-due"
    assert all(len(rows) == 9 for rows in left(pbx).values())
    assert pbx.count("delete") == pbx.count("purge") == 0
    assert YOUNG > CUTOFF


# --- the command line ---------------------------------------------------------------------------


def test_from_init_to_a_report_by_the_command_line(pbx: Threecx, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    for number, days in enumerate((200, 199, 198, 3), 1):
        moment = stamp(now - timedelta(days=days))
        pbx.recording(number, moment)
        pbx.call(number, moment, moment)
        pbx.chat(number, moment)
    sandbox = Sandbox(tmp_path)
    digest = connector.find("3cx-xapi").digest
    secret = tmp_path / "key"
    secret.write_text(xapi_server.SECRET)
    secret.chmod(0o600)
    api = f"{{url: '{pbx.url}', user: '900', secret: {{file: {secret}}}}}"
    done = sandbox.run(
        "pbxretain init --yes --source pbx --connector 3cx-xapi --timezone Europe/Berlin"
        " --policy-name calls --controller 'Acme GmbH' || true\n"
        "grep -q 'api: {url: https' $PBXRETAIN_CONFIG\n"
        f'sed -i "s|^    # api: .*|    api: {api}|" $PBXRETAIN_CONFIG\n'
        f"sed -i 's|^    # accept_untried: .*|    accept_untried: {digest}|' $PBXRETAIN_CONFIG\n"
        "pbxretain policy approve calls --by management\n"
        "pbxretain check || true\n"
        "pbxretain plan\n"
        "pbxretain run --confirm-count 9\n"
        "pbxretain report show\n"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "without code of its own" in done.stdout
    assert "deleted by the product's own interface" in done.stdout
    assert "chat messages: nobody has decided" in done.stdout
    kept = [1, 2, 3, 4]
    assert left(pbx) == dict(zip(SETS, ([4], [4], kept), strict=True)), done.stdout
    assert xapi_server.SECRET not in done.stdout + done.stderr
