"""Random flows of mapped tasks give what list comprehensions give."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_flows import Flow, flatten, task, unmapped
from jupyter_flows.engine.executors import LocalDaskExecutor, LocalExecutor
from jupyter_flows.engine.flow_runner import FlowRunner
from tests.engine.test_executors import Adversary


@task
def join(x, y):
    return f"({x} {y})"


@task
def gather(xs):
    return "+".join(map(str, xs))


@task
def pair(x):
    return [x, x]


#: A step: what it does, and which earlier values it takes.
STEPS = st.lists(
    st.tuples(st.sampled_from(["list", "map", "map_whole", "reduce", "flat"]), st.integers(0, 50), st.integers(0, 50)),
    min_size=1,
    max_size=12,
)


def build(steps):
    """Return a flow, and for each of its tasks what it is to give."""
    made, expected = [], []
    lists = []

    def add(t, value):
        made.append(t)
        expected.append(value)
        if isinstance(value, list):
            lists.append(len(made) - 1)

    with Flow("random") as flow:
        add(join.map([1, 2, 3], unmapped(0)), [f"({n} 0)" for n in (1, 2, 3)])
        for kind, a, b in steps:
            one = lists[a % len(lists)]
            other = b % len(made)
            xs, y = expected[one], expected[other]
            if kind == "list":
                items = list(range(a % 4))
                add(join.map(items, unmapped(made[other])), [f"({i} {y})" for i in items])
            elif kind == "map":
                two = lists[b % len(lists)]
                values = [f"({i} {j})" for i, j in zip(xs, expected[two], strict=False)]
                add(join.map(made[one], made[two]), values)
            elif kind == "map_whole":
                add(join.map(made[one], unmapped(made[other])), [f"({i} {y})" for i in xs])
            elif kind == "reduce":
                add(gather(made[one]), "+".join(map(str, xs)))
            elif len(xs) < 20:
                pairs = pair.map(made[one])
                add(join.map(flatten(pairs), unmapped(1)), [f"({i} 1)" for i in xs for _ in range(2)])
    return flow, made, expected


@pytest.mark.parametrize(
    "executor", [LocalExecutor(), Adversary(1), LocalDaskExecutor("threads", num_workers=3)], ids=repr
)
@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_random_maps(executor, steps):
    """Whatever waits for whatever: lanes that meet, part and begin anew."""
    flow, made, expected = build(steps)
    state = FlowRunner(flow, executor=executor).run()
    assert state.is_successful(), state.message
    assert [state.result[t].result for t in made] == expected


@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_random_maps_where_nothing_is_kept(steps):
    """What is dropped is never what somebody still takes."""
    flow, made, expected = build(steps)
    heard = []

    @task(state_handlers=[lambda _, __, new: heard.append(new.result)])
    def last(*, values):
        return values

    last(flow=flow, values=list(made))
    assert FlowRunner(flow, keep_results=False).run().is_successful()
    assert heard[-1] == expected
