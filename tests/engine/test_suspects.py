"""Who is tried alone after a worker's death, and with what."""

from __future__ import annotations

import pytest

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.task import task
from jupyter_flows.engine.context import RunInfo
from jupyter_flows.engine.executors.suspects import Suspects
from jupyter_flows.engine.map_runner import MapRunner
from jupyter_flows.engine.plan import compile_plan
from jupyter_flows.engine.task_runner import TaskRunner


@pytest.fixture
def suspects():
    """Give the suspects of a chain of four tasks, 0 to 3, and one beside it, 4."""

    @task
    def step(_=None):
        return 1

    with Flow("chain") as flow:
        step(step(step(step())))
        step()
    return Suspects(TaskRunner(compile_plan(flow, None), RunInfo("chain")))


def test_all_that_waits_for_a_suspect_is_void(suspects):
    """Each by its number; their next submission has other names."""
    assert suspects.add(1) == {1, 2, 3}
    assert suspects.times == {1: 1, 2: 1, 3: 1}


def test_suspects_are_tried_one_after_the_other(suspects):
    """In the order of their deaths, but for what has ended meanwhile; then there is none."""
    assert not suspects
    for number in (1, 4, 2, 4):
        suspects.add(number)
    assert [suspects.next({2}), suspects.alone, suspects.next({2})] == [1, 1, 4]
    assert suspects
    assert (suspects.next({2}), bool(suspects)) == (None, False)


def test_what_dask_has_dropped_is_made_again(suspects):
    """Up to what is still there; the suspect is to blame for a death while that is done."""
    suspects.add(3)
    suspects.next(set())
    assert suspects.missing(3, {0}) == [1, 2]
    assert [suspects.blamed(n) for n in (1, 2, 3, 4)] == [3, 3, 3, 4]


def test_children_of_mapped_tasks_are_suspects_too():
    """Each by itself; what it takes is made again child by child, in an order in which they can be called."""

    @task
    def step(x):
        return x

    with Flow("mapped") as flow:
        first = step.map([10, 20])
        second = step.map(first)
        whole = step(second)
    plan = compile_plan(flow, None)
    work = MapRunner(plan, RunInfo("mapped"))
    m1, m2, reduce = (plan.slugs.index(flow.slug(t)) for t in (first, second, whole))
    above, below = work.open(m1), work.open(m2)
    suspects = Suspects(work)
    child = above.numbers[1]
    assert suspects.add(child) == {child, below.numbers[1], reduce}
    suspects.add(below.numbers[1])
    assert [suspects.next(set()), suspects.next(set())] == [child, below.numbers[1]]
    assert suspects.missing(below.numbers[1], set()) == [child]
    assert suspects.blamed(child) == below.numbers[1]
