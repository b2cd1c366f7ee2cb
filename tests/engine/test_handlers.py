"""State handlers and on_failure, of tasks and of flows."""

from __future__ import annotations

from itertools import pairwise

import pytest

from jupyter_flows import Flow, State, task
from jupyter_flows.core.bundle import Bundle, pack_flow, unpack_flow
from jupyter_flows.core.document import to_document
from jupyter_flows.core.flow import Flow as CoreFlow
from jupyter_flows.core.state import StateName
from jupyter_flows.engine.flow_runner import FlowRunner
from jupyter_flows.errors import DefinitionError
from tests.engine.runs import cell_task, flow_of_cells


class Diary:
    """A handler that remembers."""

    def __init__(self):
        self.lines = []

    def __call__(self, who, old, new):
        self.lines.append((who.name, old.name.value, new.name.value))


@task
def one():
    return 1


def test_a_handler_hears_every_state():
    """Of a task: its tries, its end."""
    diary = Diary()
    tries = []

    @task(max_retries=1, state_handlers=[diary])
    def flaky():
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("no")

    with Flow("f") as flow:
        flaky()
    assert flow.run().is_successful()
    states = ["Pending", "Running", "Retrying", "Running", "Success"]
    assert diary.lines == [("flaky", *pair) for pair in pairwise(states)]


def test_a_handler_hears_of_tasks_that_do_not_run():
    """A trigger that fails, a skip."""
    diary = Diary()

    @task
    def fail():
        raise ValueError

    @task(state_handlers=[diary])
    def after(x):
        return x

    with Flow("f") as flow:
        after(fail())
    flow.run()
    assert diary.lines == [("after", "Pending", "TriggerFailed")]


def test_a_handler_may_change_the_state():
    """What it returns is entered, result included; the next handler hears that."""
    diary = Diary()

    def replace(_task, _old, new):
        return State(StateName.SUCCESS, "replaced", 42) if new.is_failed() else None

    @task(state_handlers=[replace, diary])
    def fail():
        raise ValueError

    @task
    def same(x):
        return x

    with Flow("f") as flow:
        result = same(fail())
    state = flow.run()
    assert (state.is_successful(), state.result[result].result) == (True, 42)
    assert diary.lines[-1] == ("fail", "Running", "Success")


def test_a_handler_may_keep_a_task_from_running():
    """By another state in place of Running."""
    ran = []

    @task(state_handlers=lambda _t, _o, new: State(StateName.SKIPPED) if new.is_running() else None)
    def never():
        ran.append(1)

    with Flow("f") as flow:
        task_ = never()
    assert (flow.run().result[task_].name, ran) == (StateName.SKIPPED, [])


def _raise(*_):
    raise KeyError("slack")


def _text(*_):
    return "fine"


def _pending(*_):
    return State(StateName.SCHEDULED)


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (_raise, "state handler '_raise' raised KeyError 'slack'"),
        (_text, "state handler '_text' returned str: return a State or nothing"),
        (_pending, "state handler '_pending': a task or flow can't go from Pending to Scheduled"),
    ],
)
def test_a_handler_that_fails_fails_the_task(handler, message):
    """Whether it raises, returns what is no state, or a state that can't follow."""
    with Flow("f") as flow:
        task_ = one(task_args={"state_handlers": [handler]})
    state = flow.run()
    assert state.result[task_].name is StateName.FAILED
    assert message in state.result[task_].message
    assert message in state.message


def test_on_failure_is_called_with_the_failed_state():
    """For failures of any kind, and for nothing else."""
    seen = []

    @task(on_failure=lambda t, s: seen.append((t.name, s.name.value, str(s.result))))
    def divide(x):
        return 1 / x

    with Flow("f") as flow:
        divide(divide(0))
        divide(1)
    flow.run()
    assert seen == [("divide", "Failed", "division by zero"), ("divide", "TriggerFailed", "None")]


def test_an_on_failure_that_fails_is_told():
    """The first reason stays."""
    with Flow("f") as flow:
        task_ = one(task_args={"state_handlers": [_raise], "on_failure": _raise})
    expected = "state handler '_raise' raised KeyError 'slack'; then on_failure '_raise' raised KeyError 'slack'"
    assert flow.run().result[task_].message == expected


def test_a_flow_has_handlers_too():
    """They hear it begin and end; one that changes the end is believed."""
    diary, failures = Diary(), []

    def forbid(_flow, _old, new):
        return State(StateName.FAILED, "not today", new.result) if new.is_successful() else None

    with Flow(
        "f", state_handlers=[diary, forbid], on_failure=lambda f, s: failures.append((f.name, s.message))
    ) as flow:
        one()
    state = flow.run()
    assert (state.name, state.message, len(state.result)) == (StateName.FAILED, "not today", 1)
    assert diary.lines == [("f", "Pending", "Running"), ("f", "Running", "Success")]
    assert failures == [("f", "not today")]


def test_a_flow_may_be_kept_from_running():
    """No task runs then."""
    with Flow("f", state_handlers=[_raise]) as flow:
        task_ = one()
    state = flow.run()
    assert state.message == "state handler '_raise' raised KeyError 'slack'"
    assert state.result[task_].name is StateName.PENDING


def test_handlers_travel_with_a_flow():
    """A packed flow has its own and its tasks'; they are part of its meaning."""

    def loud(_who, _old, new):
        return State(StateName.FAILED, "loud", new.result) if new.is_successful() else None

    def build(**options):
        with Flow("f", **options) as flow:
            one()
        return flow

    flow = build(state_handlers=[loud])
    unpacked = unpack_flow(Bundle.unpack(pack_flow(flow).pack())).flow
    assert type(unpacked) is CoreFlow
    assert FlowRunner(unpacked).run().message == "loud"
    digests = [to_document(f)["digest"] for f in (build(), build(on_failure=loud), flow)]
    assert len(set(digests)) == 3
    with Flow("f") as other:
        one(task_args={"state_handlers": [loud]})
    assert to_document(other)["digest"] != digests[0]


def test_a_flow_of_cells_takes_its_handlers_along():
    """Its own; a cell has none, which packing says."""

    def quiet(_who, _old, _new):
        return None

    flow = flow_of_cells(["x = 1"])
    flow.state_handlers = (quiet,)
    assert unpack_flow(pack_flow(flow)).flow.state_handlers[0].__name__ == "quiet"
    heard = cell_task(1, "x = 1")
    heard.on_failure = quiet
    with pytest.raises(DefinitionError, match="Task 'cell_1' is a cell, which has no handlers: set them on the flow"):
        pack_flow(flow_of_cells([heard]))
