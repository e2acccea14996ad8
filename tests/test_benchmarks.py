"""Do the benchmarks still run, count only what was done right, and tell what they measured?"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import race, results
from benchmarks.goals import GOALS, Goal, summary
from benchmarks.noindex import paces
from benchmarks.outcome import Figure, Outcome
from benchmarks.sqlite import sqlite

ROWS = 1_500


@pytest.mark.slow
def test_a_race_measures_both_levels_on_data_made_anew(tmp_path: Path) -> None:
    with sqlite(ROWS) as event:
        outcome = race.run(event, rounds=1)
    assert [(f.row, f.what) for f in outcome.figures] == [
        ("sqlite", "counts"),
        ("sqlite", "sealed"),
    ]
    assert all(f.value > 0 for f in outcome.figures)
    line = results.Line(results.head("sqlite", size=ROWS, rounds=1), outcome)
    for _ in range(2):
        results.merge(tmp_path / "out", line)
    (again,) = results.read(tmp_path / "out")
    assert again.written() == line.written()


def test_who_leaves_the_wrong_rows_is_not_counted() -> None:
    with sqlite(ROWS) as event:
        event.contenders = [race.Contender(event.base, lambda: None)]
        with pytest.raises(SystemExit, match="wrong rows left"):
            race.run(event, rounds=1)


def test_a_run_tells_how_long_each_batch_took() -> None:
    tenths, waits = paces([(0.5, 100), (0.6, 200), (0.7, 300), (1.7, 400)])
    assert waits == pytest.approx([0.5, 0.1, 0.1, 1.0])
    assert (tenths[0], tenths[-1]) == pytest.approx((1000, 10_000))


@pytest.mark.parametrize(
    ("goal", "value", "told"),
    [
        (Goal("", 1.5, 1.25), 1.2, "stretch"),
        (Goal("", 1.5, 1.25), 1.5, "yes"),
        (Goal("", 1.5, 1.25), 1.51, "no"),
        (Goal("", 1.7, 2, floor=True), 2.1, "stretch"),
        (Goal("", 1.7, 2, floor=True), 1.7, "yes"),
        (Goal("", 1.7, 2, floor=True), 1.6, "no"),
    ],
)
def test_a_goal_is_reached_or_not(goal: Goal, value: float, told: str) -> None:
    assert goal.reached(value) == told


def test_the_summary_holds_every_figure_against_its_goal() -> None:
    figures = [Figure.of(name, "x", [9e9, 9e9]) for name in reversed(GOALS)]
    rows = summary(figures).rows
    assert [row[0] for row in rows] == [goal.work for goal in GOALS.values()]
    assert {row[-1] for row in rows} == {"no", "stretch"}


def test_the_page_shows_the_reference_run() -> None:
    text = results.PAGE.read_text(encoding="utf-8")
    assert results.page(text, results.read(results.FILE)) == text
    head = {"event": "x", "date": "d", "machine": "m", "size": 7, "rounds": 3, "load": 0}
    line = results.Line(head | {"commit": "c"}, Outcome([], [Figure("help", "", 99, 98, 120)]))
    assert "| **99** | 98 to 120 | yes |" in results.page(text, [line])
