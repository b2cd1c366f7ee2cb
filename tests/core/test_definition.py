"""What tasks share is pickled once, and comes back to each, whatever was met first."""

import copy
import pickle

import cloudpickle
import pytest

from jupyter_flows.core.bundle import pack_flow, unpack_flow
from jupyter_flows.core.definition import definition_of
from jupyter_flows.core.flow import Flow
from jupyter_flows.core.parameter import Parameter
from jupyter_flows.core.task import FunctionTask, Task, task
from jupyter_flows.engine.flow_runner import FlowRunner


@task
def inc(n):
    return n + 1


class Own(FunctionTask):
    """A subclass with attributes in slots."""

    __slots__ = ("extra",)


def again(value):
    return pickle.loads(cloudpickle.dumps(value))


def test_copies_share_a_definition():
    """Tasks with the very same attributes share one; another name makes another."""
    assert definition_of(inc.copy()) is definition_of(inc.copy())
    assert definition_of(inc.copy(name="other")) is not definition_of(inc)


def test_a_task_comes_back_with_its_attributes():
    """Name, options and what `functools.wraps` copies."""
    told = again(inc.copy(name="more", max_retries=2))
    assert vars(told).keys() == vars(inc).keys()
    assert (told.name, told.max_retries, told.__name__, told.run(1)) == ("more", 2, "inc", 2)


def test_a_task_comes_back_from_other_picklers():
    """copy.deepcopy and pickle take the same way."""
    assert copy.deepcopy(inc).run(1) == 2
    assert copy.copy(inc).run(1) == 2


def test_a_subclass_is_taken_apart_as_any_object():
    """A definition is of plain function tasks alone."""
    own = Own(lambda n: n)
    own.extra = 3
    told = again(own)
    assert (type(told).__name__, told.extra, told.run(4)) == ("Own", 3, 4)
    assert own.copy().extra == 3


def test_functions_that_reach_tasks_of_their_own_definition():
    """Whichever of them the pickler meets first, each task is whole in the end."""
    made = []

    @task
    def names():
        return [t.name for t in made]

    with Flow("f") as flow:
        made += [names(), names()]
    told = again(flow)
    assert [t.fn() for t in told.tasks] == [["names", "names"]] * 2
    assert again(made[0]).fn() == ["names", "names"]
    inner = again(names.fn)
    assert inner() == ["names", "names"]


def test_what_a_packed_flow_shares_stays_shared():
    """A task that is a reference task, or that a function reaches, is the flow's own."""
    seen = []

    @task
    def is_there(n):
        return seen[0].name

    with Flow("f") as flow:
        seen.append(is_there(1))
        last = is_there(seen[0])
        flow.set_reference_tasks([last])
    told = unpack_flow(pack_flow(flow)).flow
    assert told.reference_tasks() == {told.tasks[1]}
    assert told.tasks[0].fn.__closure__[0].cell_contents[0] is told.tasks[0]


@pytest.fixture
def flow():
    with Flow("all kinds") as flow:
        one = inc(Parameter("n", 1))
        two = inc(one, upstream_tasks=[inc(5)])
        inc([two, {"a": one}][0])
        Task.set_upstream(two, one)
    return flow


def drawn(flow):
    place = {t: n for n, t in enumerate(flow.tasks)}
    return [(place[e.upstream], place[e.downstream], *e[2:]) for e in flow.edges]


def test_a_packed_flow_has_the_same_edges(flow):
    """In the same order, with the same arguments, seen from both ends."""
    told = unpack_flow(pack_flow(flow)).flow
    assert drawn(told) == drawn(flow)
    assert [len(told.edges_to(t)) for t in told.tasks] == [len(flow.edges_to(t)) for t in flow.tasks]
    assert [len(told.edges_from(t)) for t in told.tasks] == [len(flow.edges_from(t)) for t in flow.tasks]
    assert [told.slug(t) for t in told.tasks] == [flow.slug(t) for t in flow.tasks]
    assert FlowRunner(told).run({"n": 4}).is_successful()


def test_an_unpacked_flow_can_be_built_on(flow):
    """It knows which arguments are bound, and names its next task as the packed one would."""
    told = again(flow.plain())
    with told:
        new = inc(told.tasks[-1])
    assert told.slug(new) == flow.slug(flow.add_task(inc.copy()))
    with pytest.raises(Exception, match="bound already"):
        told.add_edge(told.tasks[0], new, "n")
