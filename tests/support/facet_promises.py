"""What does the table store promise on every database when several rules share a table?

As ``table_promises``: each promise is a test over a ``bench``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pbxretain.manifest import TableDataset
from pbxretain.records import Facets, Rival, Selection
from pbxretain.stores.table import TableStore
from pbxretain.stores.told import fits
from support.table_promises import CUTOFF, NOW, OLD, YOUNG, ZONE, Bench
from support.tables import NAME, Sealed, drain, table

LONG = datetime(2021, 11, 16, tzinfo=ZONE).astimezone(UTC)
ANCIENT = "2021-11-15 23:59:59"
FACETS: dict[str, Any] = {
    "direction": {"column": "dir", "values": {"inbound": ["in", "IN"], "outbound": ["out"]}},
    "answered": {"column": "disp", "values": {"true": ["ANSWERED"]}, "otherwise": "false"},
    "extension": {"columns": ["src", "dst"]},
}
Leg = tuple[str, str, str | None, str | None, str | None, str | None]
"""start, uniqueid, dir, disp, src, dst; all legs of one call share the first letters."""


def faceted(**changes: Any) -> TableDataset:
    return table(key=["uniqueid"], call_id=["linkedid"], subjects={}, facets=FACETS, **changes)


def legs(bench: Bench, rows: Sequence[Leg], *, without: str = "") -> None:
    columns = ["dir", "disp", "src", "dst"]
    there = [column for column in columns if column != without]
    declared = ", ".join(f"{column} varchar(20)" for column in there)
    bench.run(
        f"CREATE TABLE cdr (start {bench.time}, uniqueid varchar(80), linkedid varchar(80),"
        f" {declared})"
    )
    bench.run("CREATE INDEX cdr_start ON cdr (start)")
    for start, uniqueid, *facets in rows:
        values = [v for column, v in zip(columns, facets, strict=True) if column != without]
        marks = ", ".join(["%s"] * (3 + len(values)))
        linked = uniqueid.partition(".")[0]
        bench.run(f"INSERT INTO cdr VALUES ({marks})", (start, uniqueid, linked, *values))


def under(
    rules: Sequence[tuple[Facets, datetime | None]], *, start: str = "call-start"
) -> list[Selection]:
    """A selection for each rule that ever lets something go, as the engine makes them."""
    facets = [only for only, _ in rules]
    found = []
    for at, (only, cutoff) in enumerate(rules):
        if cutoff is None:
            continue
        others = [
            Rival(theirs, tuple(facets[:place]), cut, start)
            for place, (theirs, cut) in enumerate(rules)
            if place != at
        ]
        found.append(
            Selection(
                cutoff=cutoff,
                now=NOW,
                start=start,
                only=only,
                but_not=tuple(facets[:at]),
                others=tuple(others),
            )
        )
    return found


def through(store: TableStore, selections: Sequence[Selection]) -> None:
    for selection in selections:
        whole = replace(selection, excluded_calls=store.straddlers(selection))
        due = store.census(whole).due
        assert len(drain(store, whole, limit=3)) == due
        assert store.census(whole).due == 0


def only(**facets: str) -> Facets:
    return {name: frozenset({value}) for name, value in facets.items()}


def test_each_rule_takes_its_own_and_the_first_that_fits_counts(bench: Bench) -> None:
    legs(
        bench,
        [
            (OLD, "a.1", "in", "ANSWERED", "201", "030"),
            (ANCIENT, "b.1", "IN", "ANSWERED", "201", "030"),
            (OLD, "c.1", "out", "BUSY", "201", "030"),
            (YOUNG, "d.1", "out", "BUSY", "202", "030"),
            (OLD, "e.1", None, None, None, None),
            (OLD, "f.1", "elsewhere", "ANSWERED", "in", "out"),
        ],
    )
    store = bench.open(faceted())
    long, short = under([(only(direction="inbound"), LONG), ({}, CUTOFF)])
    assert (store.census(long).due, store.census(long).before) == (1, 1)
    assert (store.census(short).due, store.census(short).before) == (3, 3)
    through(store, [long, short])
    assert bench.left() == ["a.1", "d.1"]


def test_either_party_may_be_the_extension(bench: Bench) -> None:
    rows: list[Leg] = [
        (OLD, "a.1", None, None, "201", "030"),
        (OLD, "b.1", None, None, "030", "201"),
        (OLD, "c.1", None, None, "2011", " 201"),
    ]
    legs(bench, rows)
    store = bench.open(faceted())
    through(store, under([(only(extension="201"), CUTOFF), ({}, None)]))
    assert bench.left() == ["c.1"]


def test_otherwise_means_any_other_value_but_none(bench: Bench) -> None:
    rows: list[Leg] = [
        (OLD, "a.1", None, "NO ANSWER", None, None),
        (OLD, "b.1", None, "answered", None, None),
        (OLD, "c.1", None, None, None, None),
        (OLD, "d.1", None, "ANSWERED", None, None),
    ]
    legs(bench, rows)
    store = bench.open(faceted())
    through(store, under([(only(answered="false"), CUTOFF), ({}, None)]))
    assert bench.left() == ["c.1", "d.1"]


def test_a_call_under_several_rules_goes_only_when_every_leg_may(bench: Bench) -> None:
    rows: list[Leg] = [
        (OLD, "a.1", "in", None, None, None),
        (OLD, "a.2", "out", None, None, None),
        (ANCIENT, "b.1", "in", None, None, None),
        (ANCIENT, "b.2", "out", None, None, None),
        (OLD, "c.1", "out", None, None, None),
        (OLD, "c.2", "out", None, None, None),
    ]
    legs(bench, rows)
    store = bench.open(faceted())
    both = under([(only(direction="inbound"), LONG), ({}, CUTOFF)])
    assert store.straddlers(both[1]) == {b"a"}
    assert store.straddlers(both[0]) == frozenset()
    assert store.census(replace(both[1], excluded_calls=frozenset({b"a"}))).straddling == 1
    through(store, both)
    assert bench.left() == ["a.1", "a.2"]


def test_a_leg_that_is_kept_for_ever_keeps_its_call(bench: Bench) -> None:
    legs(bench, [(ANCIENT, "a.1", "in", None, None, None), (ANCIENT, "a.2", "out") + (None,) * 3])
    store = bench.open(faceted())
    through(store, under([(only(direction="inbound"), None), ({}, CUTOFF)]))
    assert bench.left() == ["a.1", "a.2"]


def test_where_the_column_is_missing_only_what_every_rule_lets_go_goes(bench: Bench) -> None:
    rows: list[Leg] = [
        (ANCIENT, "a.1", None, "x", "201", "1"),
        (OLD, "b.1", None, "x", "201", "1"),
        (OLD, "c.1", None, "x", "202", "1"),
    ]
    legs(bench, rows, without="dir")
    store = bench.open(faceted(may_lack=["dir", "linkedid"]))
    first = {"direction": frozenset({"inbound"}), "extension": frozenset({"201"})}
    through(store, under([(first, LONG), ({}, CUTOFF)]))
    assert bench.left() == ["b.1"], "b may be the first rule's; c surely isn't"
    through(store, under([(first, None), ({}, CUTOFF)]))
    assert bench.left() == ["b.1"]


def test_what_a_minimum_keeps_is_counted_and_stays(bench: Bench) -> None:
    middle = "2023-01-01 00:00:00"
    rows: list[Leg] = [
        (when, f"{name}.1", "in", None, None, None)
        for name, when in (("a", ANCIENT), ("b", middle), ("c", OLD), ("d", YOUNG))
    ]
    legs(bench, rows)
    store = bench.open(faceted())
    selection = Selection(cutoff=LONG, maximum=CUTOFF, now=NOW, start="call-start")
    census = store.census(selection)
    assert (census.before, census.due, census.minimum) == (3, 1, 2)
    late = replace(selection, cutoff=CUTOFF, maximum=None)
    with store.take(late, limit=9, after=None, skip=frozenset(), name=NAME) as batch:
        held = next(t.identity for t in batch.taken if t.key[0] == b"b.1")
    census = store.census(replace(selection, excluded_keys=frozenset({held})))
    assert (census.before, census.minimum, census.held) == (3, 1, 1)
    drain(store, selection)
    assert bench.left() == ["b.1", "c.1", "d.1"]


def test_a_fallback_takes_only_what_has_no_earlier_start_event(bench: Bench) -> None:
    bench.run(
        f"CREATE TABLE cdr (start {bench.time}, heard {bench.time}, uniqueid varchar(80),"
        " linkedid varchar(80))"
    )
    for row in (
        (OLD, OLD, "a.1"),
        (OLD, YOUNG, "b.1"),
        (OLD, None, "c.1"),
        (YOUNG, None, "d.1"),
        (None, None, "e.1"),
    ):
        bench.run("INSERT INTO cdr VALUES (%s, %s, %s, NULL)", row)
    starts = {"heard": {"column": "heard"}, "received": {"column": "start"}}
    store = bench.open(table(key=["uniqueid"], starts=starts, subjects={}))
    first = Selection(cutoff=CUTOFF, now=NOW, start="heard")
    second = replace(first, start="received", without=("heard",))
    assert store.census(first).due == 1
    census = store.census(second)
    assert (census.due, census.undated) == (1, 1)
    drain(store, first)
    drain(store, second)
    assert bench.left() == ["b.1", "d.1", "e.1"]


def test_a_second_rule_over_a_table_begins_with_a_short_walk(bench: Bench) -> None:
    rows: list[Leg] = [(OLD, f"{n:02}.1", "in" if n % 2 else "out", *(None,) * 3) for n in range(9)]
    legs(bench, rows)
    bench.run("DROP INDEX cdr_start ON cdr" if bench.kind == "mysql" else "DROP INDEX cdr_start")
    store = bench.open(faceted())
    restarted = []
    walk = store.walks()["call-start"]
    assert walk is not None
    walk.restart = lambda: restarted.append(1)  # type: ignore[method-assign]
    rules = under([(only(direction="inbound"), CUTOFF), ({}, CUTOFF)])
    for selection in rules:
        drain(store, selection)
    assert bench.left() == []
    assert not restarted
    drain(store, rules[0])
    assert restarted, "who walks a second time looks everywhere"


MEANT = {"in": "inbound", "out": "outbound"}


def test_an_equal_row_of_another_rule_is_not_taken_for_one_that_stayed(bench: Bench) -> None:
    """Legs of one call that nothing but a facet tells apart, and a run that dies on them."""
    rows: list[Leg] = [(ANCIENT, "a.1", way, None, None, None) for way in ("in", "out")]
    legs(bench, rows)
    store = bench.open(faceted())
    selections = under([(only(direction="inbound"), LONG), ({}, LONG)])
    with store.take(selections[0], limit=9, after=None, skip=frozenset(), name=NAME) as batch:
        taken, bounds = list(batch.taken), batch.bounds
        batch.commit()
    assert len(taken) == 1
    part = replace(selections[0], cutoff=NOW, others=())
    assert list(store.settle_part(Sealed(taken, bounds, None), part)) == [True]
    whole = Sealed(taken, bounds, None)
    assert list(store.settle(whole)) == [False], "nothing but the facet tells them apart"


WHEN = {"old": OLD, "young": YOUNG, "ancient": ANCIENT}
VALUES = st.sampled_from(["in", "out", "other", None])
RULES = st.lists(
    st.tuples(
        st.sampled_from(
            [
                only(direction="inbound"),
                only(direction="outbound"),
                only(answered="true"),
                only(answered="false"),
                only(extension="in"),
                {"direction": frozenset({"inbound"}), "answered": frozenset({"false"})},
                {"direction": frozenset({"inbound", "outbound"})},
            ]
        ),
        st.sampled_from([CUTOFF, LONG, None]),
    ),
    max_size=3,
)
LEGS = st.lists(
    st.tuples(
        st.sampled_from(sorted(WHEN)),
        st.integers(0, 2),
        VALUES,
        st.sampled_from(["ANSWERED", "BUSY", None]),
        VALUES,
        VALUES,
    ),
    max_size=6,
)


def _expected(
    rows: Sequence[Leg], rules: Sequence[tuple[Facets, datetime | None]]
) -> dict[str, bool]:
    """Whether each leg goes, by the words of the policy alone."""
    may: dict[str, bool] = {}
    for start, uniqueid, direction, disp, src, dst in rows:
        told = {
            "direction": frozenset(
                {{"in": "inbound", "out": "outbound"}.get(direction or "", "-")}
            ),
            "answered": frozenset({str(disp == "ANSWERED").lower()} if disp else {}),
            "extension": frozenset({party for party in (src, dst) if party}),
        }
        cutoff = next(cut for facets, cut in rules if fits(told, facets))
        when = datetime.fromisoformat(start).replace(tzinfo=ZONE).astimezone(UTC)
        may[uniqueid] = cutoff is not None and when < cutoff
    calls = {u.partition(".")[0] for u in may}
    whole = {c: all(go for u, go in may.items() if u.partition(".")[0] == c) for c in calls}
    return {u: whole[u.partition(".")[0]] for u in may}


@given(drawn=LEGS, rules=RULES, last=st.sampled_from([CUTOFF, LONG, None]))
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_record_fares_as_the_first_rule_that_fits_it_says(
    bench: Bench, drawn: Any, rules: Any, last: datetime | None
) -> None:
    bench.run("DROP TABLE IF EXISTS cdr")
    rows: list[Leg] = [
        (WHEN[when], f"{call}.{number}", *facets)
        for number, (when, call, *facets) in enumerate(drawn)
    ]
    legs(bench, rows)
    store = bench.open(faceted())
    whole = [*rules, ({}, last)]
    through(store, under(whole))
    stay = sorted(uniqueid for uniqueid, goes in _expected(rows, whole).items() if not goes)
    assert bench.left() == stay
    store.close()
