"""Do the figures of a report add up, whatever a run saw?"""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from pbxretain import report
from pbxretain.evidence.statements import Balances
from pbxretain.journal import Mark
from pbxretain.outcomes import DatasetResult, still_due
from pbxretain.records import Census

COUNT = st.integers(0, 50)


@st.composite
def censuses(draw: st.DrawFn) -> Census:
    """A census as stores give it: what is before the cut-off falls into disjoint parts."""
    due, held, straddling, kept, left_alone = (draw(COUNT) for _ in range(5))
    return Census(
        before=due + held + straddling + kept + left_alone,
        due=due,
        held=held,
        straddling=straddling,
        kept_for_part=kept,
        undated=draw(COUNT),
        future=draw(COUNT),
    )


@st.composite
def results(draw: st.DrawFn) -> DatasetResult:
    gone = draw(st.lists(st.booleans(), max_size=20))
    today = date(2026, 1, 1)
    mark = Mark(
        batch=1, dataset="d", gone=gone, count=len(gone), oldest=today, newest=today
    )  # fmt: skip
    return DatasetResult(
        "d",
        outcome="incomplete",
        marks=[mark] if gone else [],
        after=draw(st.none() | censuses()),
        failed=draw(COUNT),
        late=draw(COUNT),
        absent=draw(COUNT),
    )


@given(before=st.none() | censuses(), result=results())
def test_figures_always_add_up_and_are_never_negative(
    before: Census | None, result: DatasetResult
) -> None:
    figures = report.balances(before, result)
    assert all(value >= 0 for value in figures.values()), figures
    balances = Balances.model_validate(figures)  # raises where they contradict each other
    assert balances.deleted == result.deleted
    assert balances.due == (before.before if before else 0)


@given(census=censuses(), deleted=st.integers(0, 50))
def test_without_other_hands_nothing_has_arrived_and_nothing_was_absent(
    census: Census, deleted: int
) -> None:
    """What went is missing from the last census, and nothing else changed."""
    deleted = min(deleted, census.due)
    after = Census(
        before=census.before - deleted,
        due=census.due - deleted,
        held=census.held,
        straddling=census.straddling,
        kept_for_part=census.kept_for_part,
    )
    day = date(2026, 1, 1)
    marks = [Mark(batch=1, dataset="d", gone=None, count=deleted, oldest=day, newest=day)]
    figures = report.balances(census, DatasetResult("d", marks=marks, after=after))
    assert figures["arrived"] == figures["already_absent"] == 0
    assert figures["residue"] == still_due(after)


def test_what_somebody_else_deleted_is_absent_and_what_came_late_arrived() -> None:
    day = date(2026, 1, 1)
    marks = [Mark(batch=1, dataset="d", gone=None, count=7, oldest=day, newest=day)]
    other = report.balances(
        Census(before=10, due=10), DatasetResult("d", marks=marks, after=Census(before=0, due=0))
    )
    assert (other["already_absent"], other["arrived"], other["residue"]) == (3, 0, 0)
    late = report.balances(
        Census(before=5, due=5), DatasetResult("d", marks=marks, after=Census(before=0, due=0))
    )
    assert (late["already_absent"], late["arrived"], late["residue"]) == (0, 2, 0)


def test_without_a_last_look_all_that_was_not_seen_to_go_is_residue() -> None:
    figures = report.balances(Census(before=9, due=9), DatasetResult("d", failed=2))
    assert (figures["residue"], figures["failed"], figures["deleted"]) == (7, 2, 0)
