"""Nothing grows faster than the work: counted in instructions and bytes, for clocks lie."""

import sys
from functools import partial

import pytest

from jupyter_flows.core.bundle import pack_flow, unpack_flow
from jupyter_flows.core.document import to_document
from jupyter_flows.core.flow import Flow
from jupyter_flows.core.task import task
from jupyter_flows.engine.flow_runner import FlowRunner
from jupyter_flows.engine.plan import compile_plan
from jupyter_flows.widgets.run_card import RunView


@task
def inc(n):
    return n + 1


@task
def total(numbers):
    return sum(numbers)


def chain(size):
    with Flow("chain") as flow:
        value = inc(0)
        for _ in range(size - 1):
            value = inc(value)
    return flow


def fan(size):
    with Flow("fan") as flow:
        total([inc(n) for n in range(size)])
    return flow


def waiting(size):
    """Return a flow whose tasks all wait for one, and one that waits for them all."""
    with Flow("waiting") as flow:
        first = inc(0)
        middle = [inc(n, upstream_tasks=[first]) for n in range(size)]
        inc(0, upstream_tasks=middle)
    return flow


def instructions(work):
    """Return how many instructions of Python a call takes."""
    # A traced frame's first instructions are lost on 3.13 now and then, sometimes all of them.
    return _monitored(work) if hasattr(sys, "monitoring") else _traced(work)


def _monitored(work):
    count, tool, kind = 0, 4, sys.monitoring.events.INSTRUCTION

    def step(*_):
        nonlocal count
        count += 1

    sys.monitoring.use_tool_id(tool, "growth")
    sys.monitoring.register_callback(tool, kind, step)
    sys.monitoring.set_events(tool, kind)
    try:
        work()
    finally:
        sys.monitoring.set_events(tool, 0)
        sys.monitoring.free_tool_id(tool)
    return count


def _traced(work):
    count = 0

    def trace(frame, event, _):
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


STEPS = {
    "order": lambda flow: flow.sorted_tasks,
    "validate": lambda flow: flow.validate,
    "compile": lambda flow: lambda: compile_plan(flow),
    "run": lambda flow: FlowRunner(flow).run,
    "describe": lambda flow: lambda: to_document(flow),
    "pack": lambda flow: lambda: pack_flow(flow),
    "unpack": lambda flow: partial(unpack_flow, pack_flow(flow)),
    "show": lambda flow: partial(RunView.of, to_document(flow)),
}


def test_the_counter_tells_squares_from_lines():
    """Twice the work counts twice, and twice the work in each of twice as many steps four times."""

    def line(n):
        return [x + 1 for x in range(n)]

    def square(n):
        return [[x + y for x in range(n)] for y in range(n)]

    assert instructions(lambda: line(200)) < 2.1 * instructions(lambda: line(100))
    assert instructions(lambda: square(200)) > 3.5 * instructions(lambda: square(100))


@pytest.mark.parametrize("shape", [chain, fan, waiting])
def test_building_takes_twice_as_much_for_twice_as_many(shape):
    """The n-th task or argument is added without a look at those before."""
    shape(10)
    assert instructions(lambda: shape(200)) < 2.1 * instructions(lambda: shape(100))


@pytest.mark.parametrize("shape", [chain, fan, waiting])
@pytest.mark.parametrize("step", STEPS)
def test_each_step_takes_twice_as_much_for_twice_as_many(step, shape):
    """What is done with a flow is done once for each task and edge."""
    small, large = shape(100), shape(200)
    for flow in (small, large):  # What only the first time costs is another step's.
        STEPS[step](flow)()
    assert instructions(STEPS[step](large)) < 2.1 * instructions(STEPS[step](small))


def test_a_task_more_is_a_few_bytes_more():
    """Functions are packed once, edges as numbers: 10,000 tasks are a bundle of under 300 kB."""
    sizes = [len(pack_flow(chain(n)).files["flow.cloudpickle"]) for n in (100, 200)]
    assert sizes[1] - sizes[0] < 100 * 60
    assert len(pack_flow(chain(10_000)).pack()) < 300_000
