"""Plan files with holds and redaction: what was held since stays, what was redacted, too."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from support.held import KINDS, NOW, Call, World
from support.planning import make_plan, run_plan, told
from support.site import everything, make_site, make_terms
from test_redaction_runs import NUMBER, STAGES, Office

from pbxretain import connector
from pbxretain.errors import Exit
from pbxretain.plan import Terms
from pbxretain.planned import Planned
from pbxretain.records import Selection, Store

HELD, OTHER = "+493012345678", "030 7654321"
CALLS = (Call(0, HELD, "201", 120), Call(1, OTHER, "202", 130), Call(2, OTHER, "203", 140))
LATER = NOW + timedelta(days=1)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, CALLS).build()


def planned(world: World) -> Path:
    path = world.folder / "plan"
    make_plan(world.terms(), world.site, path, now=NOW)
    return path


FIRST = {name: [0, 0] if name == "rows" else [0] for name in KINDS}
"""What is left when the first call is held."""


def test_what_was_held_since_stays_in_every_kind_of_store_and_is_counted(world: World) -> None:
    path = planned(world)
    world.hold(numbers=[HELD])
    done = run_plan(world.terms(), world.site, path, now=LATER)
    assert (done.exit_code, done.errors) == (Exit.OK, [])
    assert world.left() == FIRST
    for name, (count, gone, left) in told(done).items():
        kept = 2 if name == "calls" else 1 if count else 0
        assert (gone, left) == (count - kept, {"HELD": kept} if kept else {}), name


def test_what_was_held_when_the_plan_was_made_is_not_in_it(world: World) -> None:
    hold = world.hold(numbers=[HELD])
    path = planned(world)
    world.holds.path.joinpath(f"{hold.hold}.yaml").unlink()
    done = run_plan(world.terms(), world.site, path, now=LATER)
    assert world.left() == FIRST
    assert done.exit_code == Exit.INCOMPLETE
    assert not any(left for _, _, left in told(done).values())
    assert done.planned is not None
    assert done.planned.unnamed == 6


def test_a_hold_that_comes_in_mid_run_binds_under_a_plan_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, look = planned(world), Planned.look

    def then_hold(self: Planned, store: Store, selection: Selection) -> Selection:
        chosen = look(self, store, selection)
        if not list(world.holds.path.glob("*.yaml")):
            world.hold(numbers=[HELD])
        return chosen

    monkeypatch.setattr(Planned, "look", then_hold)
    done = run_plan(world.terms(), world.site, path, now=LATER)
    assert world.left() == FIRST
    assert sum(left.get("HELD", 0) for _, _, left in told(done).values()) == 6
    assert done.exit_code == Exit.OK


# --- redaction ----------------------------------------------------------------------------------


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def terms_of(office: Office) -> Terms:
    keep = everything(connector.find("asterisk").manifest, "90 days")
    return make_terms(
        "asterisk",
        url=f"sqlite:///{office.path}",
        keep=keep | {"call-detail-records": STAGES},
        extra="region: DE",
    )


def test_a_plan_of_two_stages_deletes_and_redacts_what_it_names(office: Office) -> None:
    terms, site, path = terms_of(office), make_site(office.folder / "state"), office.folder / "plan"
    head = make_plan(terms, site, path, now=NOW)
    assert {s.dataset: s.records for s in head.datasets} == {"calls": 1, "calls-redact": 2}
    done = run_plan(terms, site, path, now=LATER)
    assert told(done) == {"calls": (1, 1, {}), "calls-redact": (2, 2, {})}
    assert done.exit_code == Exit.OK
    assert [NUMBER in repr(row) for row in office.rows()] == [False, False, True]
    again = run_plan(terms, site, path, now=LATER + timedelta(hours=1))
    assert told(again)["calls"] == (1, 0, {"ALREADY_ABSENT": 1})
    assert sum(told(again)["calls-redact"][2].values()) == 2
    assert again.exit_code == Exit.OK


def test_what_was_redacted_since_is_not_redacted_again(office: Office) -> None:
    terms, site, path = terms_of(office), make_site(office.folder / "state"), office.folder / "plan"
    make_plan(terms, site, path, now=NOW)
    office.run()
    done = run_plan(terms, site, path, now=LATER)
    assert [gone for _, gone, _ in told(done).values()] == [0, 0]
    assert done.exit_code == Exit.OK
