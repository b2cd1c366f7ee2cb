"""Which mapped tasks go hand in hand, and what executors see of them."""

from __future__ import annotations

import pytest

from jupyter_flows import Flow, Parameter, task, unmapped
from jupyter_flows.engine.context import RunInfo
from jupyter_flows.engine.lineup import Lineup
from jupyter_flows.engine.map_runner import MapRunner
from jupyter_flows.engine.plan import compile_plan


@task
def f(x, y=0):
    return x


def lanes(build):
    """Return the slugs of each lane."""
    with Flow("f") as flow:
        build()
    plan = compile_plan(flow)
    return [[plan.slugs[n] for n in members] for members in plan.lanes.members.values()]


def meeting():
    f.map(f.map([1]), f.map([2]))


def whole_and_each():
    one = f.map([1])
    f.map(one, unmapped(f(one)))


def way_round():
    one = f.map([1])
    f.map(one, unmapped(one))


def with_a_parameter():
    one = f.map([1])
    f.map(one, unmapped(Parameter("p", default=1)))


def late():
    one = f.map([1])
    two = f.map(f(one))
    f.map(one, two)


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda: f.map(f.map(f.map([1]))), [["f", "f-2", "f-3"]]),
        (meeting, [["f", "f-2", "f-3"]]),
        (whole_and_each, [["f"], ["f-3"]]),
        (way_round, [["f"], ["f-2"]]),
        (with_a_parameter, [["f", "f-2"]]),
        (late, [["f"], ["f-3", "f-4"]]),
        (lambda: (f.map([1]), f.map([2])), [["f"], ["f-2"]]),
    ],
)
def test_lanes(build, expected):
    """A task joins those it is mapped over, unless it also waits for the whole of one of them."""
    assert lanes(build) == expected


def test_a_flow_without_mapped_tasks_has_no_lanes():
    """Its plan is as it was."""
    with Flow("f") as flow:
        f(1)
    assert compile_plan(flow).lanes is None


def test_a_lane_is_one_task_to_executors():
    """Its first task waits for what any of its tasks waits for; the others wait for the first."""
    with Flow("f") as flow:
        one = f.map([1])
        y = f(2)
        two = f.map(one, unmapped(y))
        f(two)
    plan = compile_plan(flow)
    numbers = {slug: n for n, slug in enumerate(plan.slugs)}
    assert [plan.slugs[n] for n in plan.lanes.order] == ["f-2", "f", "f-3", "f-4"]
    up = {slug: sorted(plan.slugs[u] for u in plan.lanes.upstream[n]) for slug, n in numbers.items()}
    assert up == {"f": ["f-2"], "f-2": [], "f-3": ["f"], "f-4": ["f"]}


def test_a_child_waits_where_its_next_task_is_not_open():
    """Elements stop before a task that is yet to open, and go on from there when it does."""
    with Flow("f") as flow:
        one = f.map([1, 2])
        y = f(3)
        f.map(one, unmapped(y))
    work = MapRunner(compile_plan(flow), RunInfo("f"))
    lineup = Lineup(work)
    first = work.open(0)
    ready = list(lineup.opened(0, first))
    assert ready == list(first.numbers)
    work.run(ready[0])
    assert lineup.ended(ready[0]) == (None, None)
    work.run(1)
    second = work.open(2)
    assert list(lineup.opened(2, second)) == [second.base]
    work.run(ready[1])
    assert lineup.ended(ready[1]) == (second.base + 1, first)
