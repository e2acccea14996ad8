"""For any policy, holds and records: nothing that is held is ever gone, all else that is due is.

Real runs over a real call log, recordings, voice messages and log files. What is held is worked
out here from what was generated, never by asking pbxretain.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import aftermath
from support.held import NOW, PASSWORD, VARIABLE, Call, Served, World, product
from support.servers import Server

from pbxretain import holds
from pbxretain.errors import Exit
from pbxretain.period import Period

MANY = int(os.environ.get("PBXRETAIN_HOLD_EXAMPLES", "12"))
FEW = max(2, MANY // 6)
CLASSES = {
    "rows": "call-detail-records",
    "csv": "call-detail-records",
    "files": "call-recordings",
    "queue": "queue-logs",
    "mail": "voicemail-messages",
}
PEOPLE = {
    "+493012345678": ("+49 30 12345678", "004930 12345678", "030/1234 5678", "+49 (0)30 12345678"),
    "+498912345678": ("+498912345678", "089 12345678"),
    "+4366012345678": ("+43 660 12345678", "0043 66012345678"),
}
"""Numbers that end alike, each in some of its spellings."""

EXTENSIONS = ("201", "202", "1201")
AGES = (10, 60, 120, 400)
KEEPS = {"30 days": 30, "90 days": 90, "300 days": 300, "forever": 100_000}


@dataclass(frozen=True)
class Wanted:
    """One generated hold."""

    numbers: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    calls: tuple[int, ...] = ()
    since: int | None = None
    until: int | None = None
    """Ages in days: from so long ago on, up to so long ago."""
    data: tuple[str, ...] = ()
    over: bool = False
    """Released, and the grace has passed."""

    @property
    def whom(self) -> bool:
        return bool(self.numbers or self.extensions or self.calls)

    def holds(self, case: Case, call: Call, kind: str) -> bool:
        """Whether the promise is that it keeps this call's records of a kind."""
        if self.over or not self.within(call):
            return False
        if self.data and CLASSES[kind] not in self.data:
            return False
        number = next(e164 for e164, spelled in PEOPLE.items() if call.number in spelled)
        meant = number in self.numbers or call.extension in self.extensions
        if kind != "mail":  # a voice message bears no call id
            meant = meant or any(case.calls[n % len(case.calls)] == call for n in self.calls)
        return meant or not self.whom

    def within(self, call: Call) -> bool:
        return (self.until or 0) <= call.days <= (self.since or 100_000)

    def match(self, case: Case) -> dict[str, Any]:
        def day(age: int | None) -> str | None:
            return None if age is None else f"{case.now - timedelta(days=age):%Y-%m-%d}"

        given: dict[str, Any] = {
            "numbers": list(self.numbers),
            "extensions": list(self.extensions),
            "calls": [case.calls[n % len(case.calls)].second for n in self.calls],
            "since": day(self.since),
            "until": day(self.until),
        }
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True)
class Case:
    """All that a run depends on."""

    calls: Sequence[Call]
    holds: Sequence[Wanted]
    keeps: Mapping[str, str] = field(default_factory=dict)
    now: datetime = NOW

    def expected(self, kind: str) -> tuple[set[int], set[int]]:
        """Calls whose records of a kind are held, and those that are due and held by nobody."""
        limit = KEEPS[self.keeps[CLASSES[kind]]]
        held = {call.n for call in self.calls if any(h.holds(self, call, kind) for h in self.holds)}
        due = {call.n for call in self.calls if call.days > limit}
        return held, due - held


def _calls(drawn: Sequence[tuple[str, str, int]]) -> list[Call]:
    return [Call(n, number, extension, days) for n, (number, extension, days) in enumerate(drawn)]


SPELLED = [spelled for known in PEOPLE.values() for spelled in known]
CALLS = st.lists(
    st.tuples(st.sampled_from(SPELLED), st.sampled_from(EXTENSIONS), st.sampled_from(AGES)),
    min_size=1,
    max_size=8,
).map(_calls)
AGE = st.sampled_from([None, None, 30, 90, 200])
HOLDS = st.lists(
    st.builds(
        Wanted,
        numbers=st.lists(st.sampled_from(list(PEOPLE)), max_size=2, unique=True).map(tuple),
        extensions=st.lists(st.sampled_from(EXTENSIONS), max_size=1).map(tuple),
        calls=st.lists(st.integers(0, 7), max_size=1).map(tuple),
        since=AGE,
        until=AGE,
        data=st.lists(st.sampled_from(sorted(set(CLASSES.values()))), max_size=1).map(tuple),
        over=st.sampled_from([False, False, False, True]),
    ).filter(
        lambda h: (
            (h.whom or h.since or h.until)
            and (h.since is None or h.until is None or h.since >= h.until)
        )
    ),
    max_size=3,
)
RULES = st.fixed_dictionaries(
    {name: st.sampled_from(list(KEEPS)) for name in sorted(set(CLASSES.values()))}
)
CASES = st.builds(Case, calls=CALLS, holds=HOLDS, keeps=RULES)


def _set(world: World, case: Case) -> None:
    for wanted in case.holds:
        hold = world.hold(data=list(wanted.data), **wanted.match(case))
        if wanted.over:
            long_ago = (case.now - timedelta(days=40)).date()
            done = holds.given(hold, by="management", today=long_ago, grace=Period(30, "day"))
            world.holds.put(done)


def _keep(case: Case) -> dict[str, str]:
    return dict.fromkeys(product().manifest.offered(), "forever") | dict(case.keeps)


def _check(case: Case, left: Mapping[str, Sequence[int]]) -> None:
    narrowed = any(hold.data for hold in case.holds)
    for kind, there in left.items():
        held, free = case.expected(kind)
        legs = 2 if kind == "rows" else 1
        for n in held:
            assert there.count(n) == legs, f"{kind}: a held record is gone"
        if not narrowed:  # rows that name a held file stay with it, and others of their class
            assert free.isdisjoint(there), f"{kind}: what nobody holds stayed"


@settings(
    max_examples=MANY,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(case=CASES)
def test_no_held_record_is_ever_gone(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), case.calls).build()
        _set(world, case)
        done = world.run(keep=_keep(case))
        assert done.exit_code == Exit.OK, done.errors
        _check(case, world.left())
        aftermath.assert_genuine(world.site, NOW + timedelta(hours=1))
        again = world.run(now=NOW + timedelta(hours=2), keep=_keep(case))
        assert again.outcome == "nothing-due"


@pytest.mark.parametrize("kind", ["mariadb", "postgresql"])
def test_no_held_row_is_ever_gone_on_a_server(
    kind: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server: Server = request.getfixturevalue(kind)
    monkeypatch.setenv(VARIABLE, PASSWORD)
    numbers = count()

    @settings(max_examples=FEW, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=CASES)
    def check(case: Case) -> None:
        now = datetime.now(UTC)
        case = replace(case, calls=[replace(call, now=now) for call in case.calls], now=now)
        folder = tmp_path / str(next(numbers))
        served = Served.on(World(folder, case.calls, kinds=("rows",)), server)
        _set(served.world, case)
        done = served.world.run(now=now, keep=_keep(case))
        assert done.exit_code == Exit.OK, done.errors
        _check(case, {"rows": served.left()})

    check()
