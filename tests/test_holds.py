"""What is held stays, wherever it lies and whatever it is called there; and nothing else does."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from support import aftermath
from support.held import KINDS, NOW, Call, World

from pbxretain import execute
from pbxretain.errors import DocumentError, Exit, RefusedError
from pbxretain.evidence.statements import DeletionReport
from pbxretain.holds import Folder, Match, asked, given, new_hold
from pbxretain.period import Period

HELD, OTHER, ALIKE = "+493012345678", "030 7654321", "+498912345678"
"""``ALIKE`` shares the last digits of ``HELD`` and is another number."""

CALLS = (
    Call(0, HELD, "201", 120),
    Call(1, "030/12345678", "202", 130),
    Call(2, OTHER, "201", 140),
    Call(3, ALIKE, "203", 150),
    Call(4, HELD, "204", 10),
)
YOUNG = {4}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, CALLS).build()


def report(world: World) -> DeletionReport:
    return list(aftermath.reports(world.site))[-1]


def expected(*calls: int) -> dict[str, list[int]]:
    """What is left when these are held: all their records, and the young ones."""
    stay = sorted({*calls, *YOUNG})
    return {kind: sorted(stay * 2) if kind == "rows" else stay for kind in KINDS}


@pytest.mark.parametrize(
    ("match", "kept"),
    [
        ({"numbers": [HELD]}, (0, 1)),
        ({"numbers": ["0049 30 12345678"]}, (0, 1)),
        ({"numbers": [OTHER, ALIKE]}, (2, 3)),
        ({"numbers": ["+49 30 99999999"]}, ()),
        ({"extensions": ["202"]}, (1,)),
        ({"since": "2026-07-05", "until": "2026-07-19"}, (0, 1)),
        ({"numbers": [HELD], "until": "2026-07-10"}, (1,)),
        ({"numbers": [HELD], "since": "2026-11-01"}, ()),
        ({"numbers": [HELD], "queues": ["q", "z"]}, (0, 1)),
    ],
)
def test_a_hold_keeps_every_record_of_its_calls_in_every_kind_of_store(
    world: World, match: dict[str, Any], kept: tuple[int, ...]
) -> None:
    world.hold(**match)
    done = world.run()
    assert done.exit_code == Exit.OK, done.errors
    assert world.left() == expected(*kept)
    held = {d.dataset: d.balances.held for d in report(world).datasets}
    assert held["calls"] == 2 * len(kept)
    assert held["recordings"] == held["queue-log"] == held["voicemail"] == len(kept)
    aftermath.assert_genuine(world.site, NOW + timedelta(hours=1))
    assert world.run(now=NOW + timedelta(days=1)).outcome == "nothing-due"


def test_a_queue_narrows_a_hold_as_far_as_anything_tells_of_it(tmp_path: Path) -> None:
    calls = [replace(call, queue="q" if call.n else "r") for call in CALLS]
    world = World(tmp_path, calls).build()
    world.hold(numbers=[HELD], queues=["q"])
    assert world.run().exit_code == Exit.OK
    # A voice message says nothing of a queue, and a line of the log nothing any more once the rows
    # went that tied it to one: they are held all the same.
    assert world.left() == expected(1) | {"mail": [0, 1, 4], "csv": [0, 1, 4]}


def test_a_queue_alone_keeps_its_calls(tmp_path: Path) -> None:
    calls = [replace(call, queue="q" if call.n < 2 else "r") for call in CALLS]
    world = World(tmp_path, calls).build()
    world.hold(queues=["q"])
    assert world.run().exit_code == Exit.OK
    assert world.left() == expected(0, 1) | {"mail": [4]}


@pytest.mark.parametrize("match", [{"queues": ["q"]}, {"queues": ["q"], "since": "2026-01-01"}])
def test_a_queue_of_which_nothing_tells_stops_the_run(
    tmp_path: Path, match: dict[str, Any]
) -> None:
    world = World(tmp_path, CALLS, kinds=("rows", "mail")).build()
    before = world.left()
    hold = world.hold(**match)
    done = world.run()
    assert [error.code for error in done.errors] == ["HOLDS_UNRESOLVED"]
    assert world.left() == before
    world.holds.put(hold.model_copy(update={"sources": ["elsewhere"]}))
    assert world.run().exit_code == Exit.OK


def test_a_queue_and_days_together_keep_its_calls_of_these_days(world: World) -> None:
    world.hold(queues=["q"], since="2026-07-05", until="2026-07-19")
    assert world.run().exit_code == Exit.OK
    assert world.left() == expected(0, 1) | {"mail": [4]}


def test_another_tenant_frees_what_says_that_it_is_another_tenants(world: World) -> None:
    world.hold(numbers=[HELD], tenants=["acme"])
    assert world.run().exit_code == Exit.OK
    assert world.left() == expected(0, 1) | {"mail": [4]}


def test_a_tenant_keeps_its_mailboxes(world: World) -> None:
    world.hold(tenants=["default"])
    assert world.run().exit_code == Exit.OK
    assert world.left() == expected() | {"mail": [0, 1, 2, 3, 4]}


def test_a_call_id_keeps_all_but_the_voice_message_which_bears_none(world: World) -> None:
    world.hold(calls=[CALLS[0].second])
    assert world.run().exit_code == Exit.OK
    assert world.left() == expected(0) | {"mail": [4]}
    found = {d.dataset: {f.code for f in d.findings} for d in report(world).datasets}
    assert "HOLD_UNTIED" in found["voicemail"]
    assert not any("HOLD_UNTIED" in codes for name, codes in found.items() if name != "voicemail")


def test_a_mailbox_keeps_its_messages(world: World) -> None:
    world.hold(mailboxes=["203@default"])
    assert world.run().exit_code == Exit.OK
    assert world.left()["mail"] == [3, 4]


def test_a_hold_on_recordings_keeps_the_rows_that_name_them_and_lets_the_rest_go(
    world: World,
) -> None:
    world.hold(numbers=[HELD], data=["call-recordings"])
    assert world.run().exit_code == Exit.OK
    left = world.left()
    assert left["files"] == [0, 1, 4]
    assert left["queue"] == left["mail"] == [4]
    assert world.run(now=NOW + timedelta(days=1)).exit_code == Exit.OK
    assert world.left()["files"] == [0, 1, 4]


def test_a_hold_on_log_lines_keeps_what_tells_whose_they_are_and_lets_the_rest_go(
    world: World,
) -> None:
    world.hold(numbers=[HELD], data=["queue-logs"])
    for days in (0, 1):
        assert world.run(now=NOW + timedelta(days=days)).exit_code == Exit.OK
        left = world.left()
        assert left["queue"] == left["csv"] == [0, 1, 4]
        assert left["rows"] == [0, 0, 1, 1, 4, 4]
        assert left["files"] == left["mail"] == [4]


def test_a_hold_on_messages_keeps_no_row_as_none_tells_whose_they_are(world: World) -> None:
    world.hold(numbers=[HELD], data=["voicemail-messages"])
    assert world.run().exit_code == Exit.OK
    assert world.left() == expected() | {"mail": [0, 1, 4]}


def test_a_hold_on_another_source_keeps_nothing(world: World) -> None:
    world.hold(numbers=[HELD], sources=["elsewhere"])
    assert world.run().exit_code == Exit.OK
    assert world.left() == expected()


def test_a_hold_also_keeps_what_comes_later(world: World) -> None:
    world.hold(numbers=[HELD])
    assert world.run(now=NOW + timedelta(days=200)).exit_code == Exit.OK
    assert world.left() == {
        kind: [0, 0, 1, 1, 4, 4] if kind == "rows" else [0, 1, 4] for kind in KINDS
    }


def test_a_restriction_is_told_apart_from_a_legal_hold(world: World) -> None:
    world.hold(numbers=[HELD])
    world.hold(kind="restriction", extensions=["202", "203"])
    assert world.run().exit_code == Exit.OK
    told = report(world)
    assert told.holds is not None
    assert (told.holds.active, told.holds.restrictions) == (2, 1)
    counts = {(e.code, e.dataset): e.count for e in told.exceptions}
    assert counts["HELD", "calls"] == 4
    assert counts["RESTRICTED", "calls"] == 2
    assert ("RESTRICTED", "voicemail") in counts


def test_a_released_hold_keeps_its_records_until_the_grace_is_over(world: World) -> None:
    hold = world.hold(numbers=[HELD])
    grace = given(hold, by="management", today=NOW.date(), grace=Period(30, "day"))
    assert grace.release is not None
    assert grace.release.ends == NOW.date() + timedelta(days=31)
    world.holds.put(grace)
    assert world.run().exit_code == Exit.OK
    assert world.left() == expected(0, 1)
    assert world.run(now=NOW + timedelta(days=30)).exit_code == Exit.OK
    assert world.left()["rows"] == [0, 0, 1, 1, 4, 4]
    assert world.run(now=NOW + timedelta(days=31)).exit_code == Exit.OK
    assert world.left()["rows"] == [4, 4]
    aftermath.assert_genuine(world.site, NOW + timedelta(days=32))


def test_a_release_that_somebody_only_asked_for_changes_nothing(world: World) -> None:
    hold = world.hold(numbers=[HELD])
    world.holds.put(asked(hold, by="management", today=date(2026, 1, 1)))
    assert world.run().exit_code == Exit.OK
    assert world.left() == expected(0, 1)


# --- what can't be read -------------------------------------------------------------------------

GOOD = """\
hold: 3e5dd4b7-9d80-4b43-a91c-0ce2b4d9a6e1
kind: legal-hold
nonce: 00112233445566778899aabbccddeeff
set_by: legal department
set_on: 2026-11-01
match: {numbers: ["+49 30 12345678"]}
"""
NAME = "3e5dd4b7-9d80-4b43-a91c-0ce2b4d9a6e1.yaml"


def write(folder: Folder, text: str, name: str = NAME) -> None:
    (folder.path / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder.path / name).write_text(text)


def test_a_hold_may_be_written_by_hand(world: World) -> None:
    write(world.holds, GOOD)
    assert world.run().exit_code == Exit.OK
    assert world.left() == expected(0, 1)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (GOOD.replace("kind: legal-hold", "kind: of some sort"), NAME),
        (GOOD.replace("nonce", "once"), NAME),
        (
            GOOD.replace('numbers: ["+49 30 12345678"]', "since: 2026-02-01, until: 2026-01-01"),
            NAME,
        ),
        (GOOD.replace('{numbers: ["+49 30 12345678"]}', "{}"), NAME),
        (GOOD.replace("+49 30 12345678", "a number of Mrs Canary"), NAME),
        (GOOD + "}", NAME),
        (GOOD, "mrs-canary.yaml"),
        (GOOD, NAME.replace("3e", "3f")),
        (GOOD, NAME.replace("yaml", "yml")),
        (GOOD, NAME.upper()),
        (GOOD, f"{NAME}.txt"),
        (GOOD, NAME.removesuffix(".yaml")),
        (GOOD, f"old/{NAME}"),
    ],
)
def test_a_hold_that_cant_be_read_stops_the_run_and_names_nobody(
    world: World, text: str, name: str
) -> None:
    before = world.left()
    write(world.holds, text, name)
    done = world.run()
    assert (done.outcome, done.exit_code) == ("refused", Exit.REFUSED)
    assert world.left() == before
    assert report(world).run.refused_reason == "HOLDS_UNREADABLE"
    said = " ".join(map(str, done.errors)).lower()
    assert "canary" not in said
    assert "12345678" not in said


def test_a_hold_that_becomes_unreadable_stops_before_the_next_batch(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pbxretain.journal import Journal

    world.hold(numbers=[HELD])
    before = Journal.mark

    def spoils(self: Journal, mark: object) -> None:
        before(self, mark)  # type: ignore[arg-type]
        write(world.holds, "broken: [")

    monkeypatch.setattr(Journal, "mark", spoils)
    done = world.run()
    assert done.exit_code == Exit.REFUSED
    assert {error.code for error in done.errors} == {"HOLDS_UNREADABLE"}
    assert sum(d.balances.deleted for d in report(world).datasets) == 2  # one batch of recordings
    (world.holds.path / NAME).unlink()
    monkeypatch.undo()
    assert world.run(now=NOW + timedelta(days=1)).exit_code == Exit.OK
    assert world.left() == expected(0, 1)


def test_a_hold_whose_file_vanished_without_a_release_stops_the_run(world: World) -> None:
    hold = world.hold(numbers=[HELD])
    assert world.run().exit_code == Exit.OK
    (world.holds.path / f"{hold.hold}.yaml").unlink()
    done = world.run(now=NOW + timedelta(days=1))
    assert done.exit_code == Exit.REFUSED
    assert [error.code for error in done.errors] == ["HOLD_MISSING"]
    assert world.left() == expected(0, 1)


@pytest.mark.parametrize("change", [{"numbers": [OTHER]}, {"until": date(2020, 1, 1)}])
def test_a_hold_that_was_changed_after_it_was_told_stops_the_run(
    world: World, change: dict[str, Any]
) -> None:
    hold = world.hold(numbers=[HELD])
    assert world.run().exit_code == Exit.OK
    changed = hold.model_copy(update={"match": hold.match.model_copy(update=change)})
    world.holds.put(changed)
    done = world.run(now=NOW + timedelta(days=1))
    assert [error.code for error in done.errors] == ["HOLD_CHANGED"]
    assert world.left() == expected(0, 1)
    world.holds.put(hold.model_copy(update={"reason": "told otherwise"}))
    assert world.run(now=NOW + timedelta(days=1)).exit_code == Exit.OK
    world.holds.put(given(changed, by="legal", today=NOW.date(), grace=Period.parse("1 day")))
    assert world.run(now=NOW + timedelta(days=9)).exit_code == Exit.OK
    assert world.left() == expected()


def test_a_hold_that_is_changed_in_mid_run_stops_before_the_next_batch(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pbxretain.journal import Journal

    hold = world.hold(numbers=[HELD])
    before = Journal.mark

    def narrows(self: Journal, mark: object) -> None:
        before(self, mark)  # type: ignore[arg-type]
        world.holds.put(hold.model_copy(update={"match": Match(extensions=["999"])}))

    monkeypatch.setattr(Journal, "mark", narrows)
    done = world.run()
    assert {error.code for error in done.errors} == {"HOLD_CHANGED"}
    assert all({0, 1} <= set(left) for left in world.left().values())


def test_nothing_of_whom_a_hold_is_about_shows() -> None:
    hold = new_hold(
        Match(numbers=[HELD]),
        kind="legal-hold",
        by="legal department",
        today=NOW.date(),
        reason="a lawsuit of Mrs Canary",
        person="Mrs Canary",
    )
    assert HELD not in repr(hold) + str(hold)
    assert "Canary" not in repr(hold) + str(hold)


def test_a_register_finds_a_hold_by_the_beginning_of_its_id(world: World) -> None:
    hold = world.hold(numbers=[HELD])
    assert world.holds.read().find(hold.hold[:8]) == hold
    with pytest.raises(DocumentError):
        world.holds.read().find("ffffffff-0000")
    with pytest.raises(DocumentError):
        world.holds.read().find("")


def test_what_an_editor_leaves_beside_a_hold_is_none(world: World) -> None:
    write(world.holds, GOOD)
    for name in (f"{NAME}~", f".{NAME}.swp", f"{NAME}.bak"):
        write(world.holds, "broken: [", name)
    assert len(world.holds.read().holds) == 1


@pytest.mark.parametrize("name", [NAME, "."])
def test_a_hold_or_folder_that_others_may_write_is_refused(world: World, name: str) -> None:
    write(world.holds, GOOD)
    (world.holds.path / name).chmod(0o777)
    with pytest.raises(RefusedError):
        world.holds.read()
    assert execute.run(world.terms(), world.site, now=NOW).exit_code == Exit.REFUSED
