"""Running functional flows in this process."""

from __future__ import annotations

import threading

import pytest

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.parameter import Parameter
from jupyter_flows.core.state import StateName
from jupyter_flows.core.task import Task, task
from jupyter_flows.engine.context import RunInfo, context
from jupyter_flows.engine.executors import Executor
from jupyter_flows.engine.flow_runner import FlowRunner, flow_state
from jupyter_flows.engine.plan import compile_plan
from jupyter_flows.engine.task_runner import TaskRunner
from jupyter_flows.errors import ParameterError, RunError
from tests.engine.runs import cell_task, flow_of_cells


@task
def one():
    return 1


@task
def add(x, y=10):
    return x + y


@task
def divide(x):
    return 1 / x


def states(flow, **options):
    state = FlowRunner(flow, **options).run()
    return state, {flow.slug(t): s.name.value for t, s in state.result.items()}


def test_arguments_reach_their_names():
    """Results, constants and defaults, by position and by name, in any order of binding."""

    @task
    def all_of(a, b, *, c, d=4, **rest):
        return a, b, c, d, rest

    with Flow("f") as flow:
        result = all_of(b=one(), a=add(one()), c=3, e=one())
    assert FlowRunner(flow).run().result[result].result == (11, 1, 3, 4, {"e": 1})


def test_a_task_class_runs_its_run():
    """Subclasses of Task are called like functions."""

    class Times(Task):
        def __init__(self, factor):
            super().__init__()
            self.factor = factor

        def run(self, x):
            return self.factor * x

    with Flow("f") as flow:
        result = Times(6)(x=7)
    assert FlowRunner(flow).run().result[result].result == 42


def test_parameters_have_their_values():
    """Given ones, and the defaults of the others."""
    with Flow("f") as flow:
        result = add(Parameter("x"), Parameter("y", default=5))
    assert FlowRunner(flow).run({"x": 1}).result[result].result == 6
    with pytest.raises(ParameterError, match="'x' needs a value"):
        FlowRunner(flow).run()


def test_a_plan_can_run_twice():
    """Nothing of one run is left in the next."""
    with Flow("f") as flow:
        result = add(Parameter("x", default=1))
    runner = FlowRunner(flow)
    assert [runner.run(p).result[result].result for p in ({"x": 5}, {}, {"x": 7})] == [15, 11, 17]


def test_the_state_comes_from_the_reference_tasks():
    """A failure that no reference task depends on does not fail the flow."""
    with Flow("f") as flow:
        good, bad = one(), divide(0)
        flow.set_reference_tasks([good])
    state, names = states(flow)
    assert (state.name, names) == (StateName.SUCCESS, {"one": "Success", "divide": "Failed"})
    flow.set_reference_tasks([bad])
    assert states(flow)[0].message.startswith("divide: ZeroDivisionError division by zero (test_flow_runner.py, line ")


def test_the_first_failure_is_the_message():
    """Later failures don't hide what went wrong first."""
    with Flow("f") as flow:
        add(divide(0))
        divide("x")
    state, names = states(flow)
    assert state.message.startswith("divide: ZeroDivisionError")
    assert names == {"divide": "Failed", "add": "TriggerFailed", "divide-2": "Failed"}


def test_a_failed_tasks_result_is_its_error():
    """So that a person can look at it."""
    with Flow("f") as flow:
        bad = divide(0)
    assert isinstance(FlowRunner(flow).run().result[bad].result, ZeroDivisionError)


def test_leaving_python_fails_the_task_only():
    """SystemExit in a task does not end the program."""

    @task
    def leave():
        raise SystemExit(3)

    with Flow("f") as flow:
        leave()
    assert states(flow)[1] == {"leave": "Failed"}


def test_a_keyboard_interrupt_is_the_persons():
    """It goes on to who ran the flow; what had not run is Cancelled, not lost."""
    ran = []

    @task
    def interrupted():
        raise KeyboardInterrupt

    @task
    def after(x):
        ran.append(x)

    with Flow("f") as flow:
        after(interrupted())
    with pytest.raises(KeyboardInterrupt):
        FlowRunner(flow).run()
    assert ran == []
    assert context.task_name is None


def test_tries_are_counted():
    """A task succeeds at its last try, and every try is a call."""
    calls = []

    @task(max_retries=2)
    def flaky():
        calls.append(1)
        if len(calls) < 3:
            raise ValueError("not yet")
        return "done"

    with Flow("f") as flow:
        result = flaky()
    assert FlowRunner(flow).run().result[result].result == "done"
    assert len(calls) == 3


@pytest.mark.parametrize("on_thread", [False, True])
def test_a_task_out_of_time_is_stopped(on_thread):
    """On the main thread and on others; what waits for it does not run."""

    @task(timeout=0.05)
    def endless():
        while True:
            pass

    with Flow("f") as flow:
        add(endless())
    found = {}
    if on_thread:
        thread = threading.Thread(target=lambda: found.update(states(flow)[1]))
        thread.start()
        thread.join()
    else:
        found = states(flow)[1]
    assert found == {"endless": "TimedOut", "add": "TriggerFailed"}


def test_a_quick_task_is_not_bothered_by_its_limit():
    """The alarm is off when the task is done."""

    @task(timeout=60)
    def quick():
        return 1

    with Flow("f") as flow:
        quick()
    assert states(flow)[1] == {"quick": "Success"}


def test_tasks_know_their_names():
    """Context tells flow and task, also in a flow that a task runs, and none afterwards."""

    @task
    def who():
        return context.flow_name, context.task_name

    @task
    def outer():
        with Flow("inner") as flow:
            inner = who()
        told = FlowRunner(flow).run().result[inner].result
        return told, context.flow_name, context.task_name

    with Flow("outer flow") as flow:
        result = outer()
    assert FlowRunner(flow).run().result[result].result == (("inner", "who"), "outer flow", "outer")
    assert (context.flow_name, context.task_name, dict(context.parameters)) == (None, None, {})


def test_results_go_when_nothing_takes_them():
    """Without keep_results, what was consumed is released while the run goes on."""
    alive = []

    class Big:
        def __init__(self):
            alive.append(self)

    import weakref

    refs = []

    @task
    def make():
        big = Big()
        alive.clear()
        refs.append(weakref.ref(big))
        return big

    @task
    def take(big):
        return "taken"

    @task
    def look(x):
        return refs[0]() is None

    seen = []

    @task
    def note(x):
        seen.append(x)

    with Flow("f") as flow:
        note(look(take(make())))
    FlowRunner(flow, keep_results=False).run()
    assert seen == [True]


def test_results_are_not_copied():
    """Downstream gets the very object."""
    thing = object()

    @task
    def give():
        return thing

    @task
    def same(x):
        return x is thing

    with Flow("f") as flow:
        result = same(give())
    assert FlowRunner(flow).run().result[result].result is True


def test_an_executor_that_leaves_tasks_undone_is_told():
    """The flow is not taken for a success."""

    class Lazy(Executor):
        def execute(self, work):
            work.run(0)

    with Flow("f") as flow:
        add(one())
    assert FlowRunner(flow, executor=Lazy()).run().message == "the executor left tasks undone: add"


def test_cells_need_a_process_of_their_own():
    """A flow of cells is refused here, with what to do."""
    with pytest.raises(RunError, match=r"which run in a process of their own: use flow\.run\(\)"):
        FlowRunner(flow_of_cells(["1"])).run()


def test_cells_can_be_given_a_namespace():
    """Tools that run cells in their own way give the function that runs one."""
    seen = []
    state = FlowRunner(flow_of_cells([cell_task(1, "a"), cell_task(2, "b")]), cells=lambda t: seen.append(t.code)).run()
    assert (state.is_successful(), seen) == (True, ["a", "b"])


def test_the_flow_names_the_first_failure_by_order():
    """Of two tasks that failed at once, the one that stands first says why the flow failed."""
    with Flow("two") as flow:
        flow.add_task(Task("upper"))
        flow.add_task(Task("lower"))
    runner = TaskRunner(compile_plan(flow), RunInfo("two"))
    runner.rows = [(1, StateName.FAILED, 1.0, "second"), (0, StateName.FAILED, 2.0, "first")]
    runner.messages = {0: "first", 1: "second"}
    state = flow_state(runner)
    assert state == (StateName.FAILED, "upper: first")
