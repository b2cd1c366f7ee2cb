"""Plans that are kept: the same for a flow that has not changed, new for one that has."""

import gc
import pickle
import weakref

import cloudpickle
import pytest

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.parameter import Parameter
from jupyter_flows.core.task import Task, task
from jupyter_flows.engine.flow_runner import FlowRunner
from jupyter_flows.engine.plan import compile_plan
from jupyter_flows.engine.plans import plan_of
from jupyter_flows.engine.results import LocalResult
from jupyter_flows.engine.results.stored_call import StoredCall


@task
def minus(a, b=1):
    return a - b


class Count(Task):
    def run(self, a):
        return a + 1


@pytest.fixture
def flow():
    with Flow("f") as flow:
        Count()(minus(Parameter("n", 5)))
    return flow


def result(flow, slug):
    states = FlowRunner(flow).run().result
    return next(states[t].result for t in flow.tasks if flow.slug(t) == slug)


def test_an_unchanged_flow_is_compiled_once(flow):
    """Looking at a flow, and running it, change nothing."""
    plan = plan_of(flow)
    assert FlowRunner(flow).run({"n": 7}).is_successful()
    flow.validate()
    assert plan_of(flow) is plan


CHANGES = {
    "another task": lambda flow: flow.add_task(minus.copy()),
    "another edge": lambda flow: flow.add_edge(*flow.get_tasks("Count"), minus.copy()),
    "another constant": lambda flow: flow.set_dependencies(flow.get_tasks("minus")[0], keyword_tasks={"b": 3}),
    "other reference tasks": lambda flow: flow.set_reference_tasks(flow.get_tasks("minus")),
    "another name": lambda flow: setattr(flow, "name", "g"),
    "another function": lambda flow: setattr(flow.get_tasks("minus")[0], "fn", lambda a: -a),
    "another method": lambda flow: setattr(flow.get_tasks("Count")[0], "run", lambda a: -a),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_flow_is_compiled_anew(flow, change):
    """The plan is that of the flow as it is."""
    plan = plan_of(flow)
    CHANGES[change](flow)
    assert plan_of(flow) is not plan
    assert plan_of(flow) == compile_plan(flow)


@pytest.mark.parametrize("whose", ["flow", "task"])
def test_results_are_kept_from_when_they_are_asked_for(flow, whose, tmp_path):
    """A plan made before knows nothing of where results go."""
    plan_of(flow)
    (flow if whose == "flow" else flow.get_tasks("minus")[0]).result = LocalResult(str(tmp_path))
    assert type(plan_of(flow).calls[0][0]) is StoredCall
    FlowRunner(flow).run()
    assert any(tmp_path.iterdir())


def test_a_reloaded_function_gets_its_arguments_by_name():
    """Code with its arguments in another order is not called by the positions of the old."""

    @task
    def apart(a, b):
        return a - b

    with Flow("f") as flow:
        apart(3, 1)
    assert result(flow, "apart") == 2
    apart.fn.__code__ = (lambda b, a: 10 * (a - b)).__code__
    assert result(flow, "apart") == 20


def test_a_plan_is_not_packed(flow):
    """What a flow remembers stays where it is."""
    plan_of(flow)
    assert pickle.loads(cloudpickle.dumps(flow)).memory == {}


def test_a_flow_that_shares_its_tasks_shares_their_changes(flow):
    """What is added to one of two flows of the same tasks is run in the other."""
    other = flow.plain()
    plan = plan_of(other)
    flow.add_task(minus.copy())
    assert plan_of(other) is not plan


def test_a_plan_goes_with_its_flow():
    """A kept plan keeps no flow alive, not even one that its functions reach."""

    def planned():
        flow = Flow("short", tasks=[Count()])
        flow.add_task(task(lambda: flow.name))
        plan_of(flow)
        return weakref.ref(flow)

    gone = planned()
    gc.collect()
    assert gone() is None


def test_results_are_not_kept_with_the_plan(flow):
    """Parameters of one run are not those of the next."""
    assert FlowRunner(flow).run({"n": 7}).is_successful()
    assert result(flow, "minus") == 4
