"""Running mapped tasks at home."""

from __future__ import annotations

import gc
import tracemalloc

import pytest

from jupyter_flows import Flow, case, context, signals, task, unmapped
from jupyter_flows.core.state import State, StateName
from jupyter_flows.engine.flow_runner import FlowRunner
from tests.engine.test_executors import Adversary


@task
def inc(x):
    return x + 1


@task
def total(xs, extra=0):
    return sum(xs) + extra


@task
def divide(x):
    return 12 // x


def names(states):
    return [s.name.value for s in states]


def test_children_have_states_and_an_index():
    """The mapped task is Mapped; its children know which they are, and the others that they are none."""

    @task
    def who(x):
        return x, context.map_index, context.task_name

    @task
    def after(_):
        return context.map_index

    with Flow("f") as flow:
        made = who.map(["a", "b"])
        last = after(made)
    state = flow.run()
    mapped = state.result[made]
    assert (mapped.name.value, names(mapped.map_states)) == ("Mapped", ["Success", "Success"])
    assert mapped.is_mapped()
    assert mapped.result == [("a", 0, "who"), ("b", 1, "who")]
    assert (mapped.map_states[1].result, state.result[last].result) == (("b", 1, "who"), None)


def test_a_lane_is_followed_child_by_child():
    """The second task runs for the first element before the first runs for the second."""
    calls = []

    @task
    def note(x, name):
        calls.append((name, x))
        return x

    with Flow("f") as flow:
        one = note.map([1, 2], unmapped("one"))
        later = inc(0)
        two = note.map(one, unmapped("two"), upstream_tasks=[unmapped(later)])
        note.map(two, unmapped("three"))
    assert flow.run().is_successful()
    assert calls == [(name, x) for x in (1, 2) for name in ("one", "two", "three")]


def test_a_failure_stays_with_its_element():
    """Children of other elements go on; the flow says which child failed, and the reduced task waits for all."""
    with Flow("f") as flow:
        one = divide.map([1, 0, 3])
        two = inc.map(one)
        end = total(two)
    state = flow.run()
    assert names(state.result[one].map_states) == ["Success", "Failed", "Success"]
    assert names(state.result[two].map_states) == ["Success", "TriggerFailed", "Success"]
    assert (state.result[two].result[0], state.result[two].result[2]) == (13, 5)
    assert state.result[end].message == "it waits for 'inc[1]', which did not succeed"
    assert state.message.startswith("divide[1]: ZeroDivisionError")


def test_a_trigger_is_asked_for_each_child():
    """A child whose upstream child failed may want just that, and gets the exception."""

    @task(trigger="all_finished")
    def kind(x):
        return type(x).__name__

    @task(trigger="any_failed")
    def count(xs):
        return sum(isinstance(x, Exception) for x in xs)

    with Flow("f") as flow:
        one = divide.map([1, 0, 3])
        made, bad = kind.map(one), count(one)
    result = flow.run().result
    assert (result[made].result, result[bad].result) == (["int", "ZeroDivisionError", "int"], 1)


def test_what_all_children_wait_for_decides_once():
    """A failed or skipped task that is given whole leaves the mapped task without children."""

    @task
    def skip():
        raise signals.SKIP("no")

    with Flow("f") as flow:
        failed = total.map([[1]], unmapped(divide(0)))
        skipped = total.map([[1]], unmapped(skip()))
        with case(inc(0), 2):
            branch = inc.map([1, 2])
    result = flow.run().result
    assert names([result[t] for t in (failed, skipped, branch)]) == ["TriggerFailed", "Skipped", "Skipped"]
    assert result[failed].map_states == ()


def test_skips_go_along_the_lane():
    """A skipped child skips its own followers only; a task that takes all is skipped too."""

    @task
    def odd(x):
        if x % 2 == 0:
            raise signals.SKIP("even")
        return x

    with Flow("f") as flow:
        one = odd.map([1, 2, 3])
        two = inc.map(one)
        end = total(two)
    result = flow.run().result
    assert names(result[two].map_states) == ["Success", "Skipped", "Success"]
    assert result[end].name is StateName.SKIPPED


def test_tries_limits_and_handlers_are_each_childs():
    """A child is tried again, stopped and told of by itself."""
    tries, heard = {}, []

    @task(max_retries=1)
    def flaky(x):
        tries[x] = tries.get(x, 0) + 1
        if tries[x] == x:
            raise ValueError(x)
        return x, context.retry_count

    @task(timeout=0.05)
    def slow(x):
        while x:
            pass

    def hear(_, old, new):
        heard.append((context.map_index, old.name.value, new.name.value))

    @task(state_handlers=[hear])
    def told(x):
        return x

    with Flow("f") as flow:
        one, two, three = flaky.map([0, 1]), slow.map([0, 1]), told.map([7])
    result = flow.run().result
    assert result[one].result == [(0, 0), (1, 1)]
    assert names(result[two].map_states) == ["Success", "TimedOut"]
    assert result[three].result == [7]
    assert heard == [(None, "Pending", "Mapped"), (0, "Pending", "Running"), (0, "Running", "Success")]


def test_a_handler_may_keep_a_task_from_being_mapped():
    """What it returns instead of Mapped is the task's state, and there are no children."""

    def refuse(_, __, new):
        return State(StateName.FAILED, "not today") if new.is_mapped() else None

    with Flow("f") as flow:
        made = inc.map([1], task_args={"state_handlers": [refuse]})
        end = total(made)
    result = flow.run().result
    assert (result[made].name.value, result[made].message, result[end].name.value) == (
        "Failed",
        "not today",
        "TriggerFailed",
    )


def test_what_can_not_be_mapped_over_is_said():
    """A value that turns out to have no elements fails the mapped task, naming argument and type."""
    with Flow("f") as flow:
        made = inc.map(inc(1))
        silent = inc.map([1], upstream_tasks=[inc(1)])
    result = flow.run().result
    assert result[made].message.startswith("TypeError can't map over 'x', of type int: give a list, or unmapped(x)")
    assert result[silent].name is StateName.FAILED


def test_an_empty_list_has_no_children():
    """A task that takes it gets an empty list."""
    with Flow("f") as flow:
        made = inc.map([])
        end = total(inc.map(made))
    result = flow.run().result
    assert (result[made].name.value, result[made].result, result[end].result) == ("Mapped", [], 0)


def test_silent_upstream_tasks_go_child_by_child():
    """A mapped task given as an upstream task is waited for element by element, and gives no argument."""
    with Flow("f") as flow:
        first = divide.map([1, 0, 2])
        made = inc.map([10, 20, 30], upstream_tasks=[first])
    assert names(flow.run().result[made].map_states) == ["Success", "TriggerFailed", "Success"]


def test_lanes_meet_and_part():
    """What waits for all of a lane begins another; lanes of one depth become one, whatever their lengths."""
    with Flow("f") as flow:
        one, two = inc.map([1, 2, 3]), inc.map([10, 20])
        both = total.map(_pairs.map(one, two))
        whole = total.map(_pairs.map(one, two), unmapped(total(both)))
        late = inc.map(one)
        mixed = total.map(_pairs.map(late, whole))
    result = flow.run().result
    assert [result[t].result for t in (both, whole, mixed)] == [[13, 24], [50, 61], [53, 65]]


@task
def _pairs(x, y):
    return [x, y]


@pytest.mark.parametrize("seed", range(5))
def test_any_order_that_the_edges_allow_is_right(seed):
    """An executor that knows nothing of mapped tasks runs a lane when all its tasks can run."""
    with Flow("f") as flow:
        one = inc.map([1, 2])
        start = inc(5)
        two = total.map(_pairs.map(one, unmapped(start)))
        end = total(two, total(inc.map(two)))
    assert FlowRunner(flow, executor=Adversary(seed)).run().result[end].result == 36


def test_a_child_that_waits_for_a_person_goes_on():
    """Resuming keeps the children that succeeded, with what they gave, and calls the others."""
    calls = []

    @task
    def ask(x):
        calls.append(x)
        if x == 2 and not context.resume:
            raise signals.PAUSE("well?")
        return x

    with Flow("f") as flow:
        one = ask.map([1, 2, 3])
        end = total(inc.map(one))
    state = flow.run()
    assert (state.name.value, state.message) == ("Paused", "waiting for a person: ask[1]")
    state = flow.run(resume=state)
    assert (state.result[end].result, calls) == (9, [1, 2, 3, 2])


def test_failed_children_run_again_when_resumed():
    """Those below them as well; the rest is taken over."""
    broken = [True]
    calls = []

    @task
    def work(x):
        calls.append(x)
        if x == 2 and broken:
            raise ValueError("broken")
        return x

    with Flow("f") as flow:
        end = total(inc.map(work.map([1, 2, 3])))
    state = flow.run()
    broken.clear()
    assert flow.run(resume=state).result[end].result == 9
    assert calls == [1, 2, 3, 2]


def test_an_interruption_leaves_every_child_with_a_state():
    """Those that had not begun are Cancelled."""

    @task
    def interrupt(x):
        if x == 1:
            raise KeyboardInterrupt
        return x

    with Flow("f") as flow:
        interrupt.map(range(3))
    runner = FlowRunner(flow)
    with pytest.raises(KeyboardInterrupt):
        runner.run()


def test_a_dropped_result_is_dropped_at_once():
    """Where results are not kept, what only the next task of the lane takes is gone when it has run."""

    class Thing:
        alive = 0

        def __init__(self):
            Thing.alive += 1
            self.most = Thing.alive

        def __del__(self):
            Thing.alive -= 1

    @task
    def make(_):
        return Thing()

    @task
    def look(thing):
        return thing.most

    with Flow("f") as flow:
        end = total(look.map(make.map(range(50))))
    state = FlowRunner(flow, keep_results=False).run()
    gc.collect()
    assert state.is_successful()
    assert Thing.alive == 0
    assert end in state.result


def test_memory_and_states_of_many_children():
    """A finished child costs less than a kilobyte, and its state is made when somebody asks."""
    count = 20_000
    with Flow("f") as flow:
        made = inc.map(range(count))
    tracemalloc.start()
    try:
        state = flow.run()
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size / count < 1024
    assert len(state.result[made].map_states) == count
    assert repr(state.result[made].map_states) == "<20000 states>"
    assert state.result[made].map_states[-1].result == count
