"""The benchmark's own arithmetic."""

from __future__ import annotations

import sys

import pytest

from benchmarks.measure import Row, interleaved, medians, percentile, wall
from benchmarks.run import table


def test_measures_take_turns():
    """One time of each measure is taken before the next of any."""
    order: list[str] = []

    def measure(name: str) -> float:
        order.append(name)
        return float(len(order))

    times = interleaved(2, one=lambda: measure("one"), other=lambda: measure("other"))
    assert order == ["one", "other", "one", "other"]
    assert times == {"one": [1.0, 3.0], "other": [2.0, 4.0]}
    assert medians(times) == {"one": 2.0, "other": 3.0}


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1.0), (0.5, 2.0), (0.75, 3.0), (0.99, 4.0), (1.0, 4.0)])
def test_percentiles(share, expected):
    """A percentile is one of the times taken, not a value in between."""
    assert percentile([4.0, 1.0, 3.0, 2.0], share) == expected


@pytest.mark.parametrize(
    ("row", "goal", "met"),
    [
        (Row("a", 10.0), "", None),
        (Row("a", 10.0, at_most=20), "< 20 ms", True),
        (Row("a", 30.0, at_most=20), "< 20 ms", False),
        (Row("a", 10.0, "b", 40.0, times_faster=4), "4 x faster", True),
        (Row("a", 10.0, "b", 39.0, times_faster=4), "4 x faster", False),
        (Row("a", 10.0, "b", 39.0, at_most=20, times_faster=4), "< 20 ms, 4 x faster", False),
    ],
)
def test_goals(row, goal, met):
    """A row's goals are met only if all are."""
    assert (row.goal, row.met) == (goal, met)


def test_the_table_lines_up():
    """Figures stand to the right of their column, words to the left."""
    assert table([Row("import", 9.5, "bare", 12.25, at_most=60), Row("run", 120.0)]) == (
        "what     ours  held against    ms  ratio  goal\n"
        "import    9.5  bare          12.2   0.78  < 60 ms  met\n"
        "run     120.0"
    )


def test_a_command_that_fails_is_not_a_time():
    """The failing command's own words are in the error."""
    with pytest.raises(RuntimeError, match="no such luck"):
        wall([sys.executable, "-c", "raise SystemExit('no such luck')"])
