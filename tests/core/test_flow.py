"""Building flows."""

import pytest

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.parameter import Parameter
from jupyter_flows.core.task import task
from jupyter_flows.errors import CycleError, DefinitionError, FrozenFlowError


@task
def one():
    return 1


@task
def plus(x, y=0):
    return x + y


def _edges(flow):
    return [(flow.slug(e.upstream), flow.slug(e.downstream), e.key) for e in flow.edges]


def test_calls_draw_edges_and_copies_get_slugs():
    """Each call is a task of its own, with an edge for each argument that is a task."""
    with Flow("f") as flow:
        a = one()
        b = plus(a, 3)
        plus(b, y=a)
    assert _edges(flow) == [("one", "plus", "x"), ("plus", "plus-2", "x"), ("one", "plus-2", "y")]
    assert flow.constants(b) == {"y": 3}


def test_collections_of_tasks_are_gathered():
    """A list or dict that holds tasks becomes a task of its own."""
    with Flow("f") as flow:
        a = one()
        plus([a, 5], {"k": a})
    assert ("one", "list", "item_0") in _edges(flow)
    assert ("dict", "plus", "y") in _edges(flow)


def test_the_imperative_api_draws_the_same_edges():
    """`set_upstream` and `bind` with ``flow=`` work outside the with block."""
    flow = Flow("f")
    plus.set_upstream(one, flow=flow)
    plus.bind(x=one, flow=flow)
    assert _edges(flow) == [("one", "plus", None), ("one", "plus", "x")]
    flow.validate()


def test_indexing_a_result_is_a_task():
    """`result[key]` becomes a task that takes the item."""
    with Flow("f") as flow:
        one()["a"]
    assert [flow.slug(t) for t in flow.tasks] == ["one", "GetItem"]


def test_a_cycle_is_named():
    """The error shows the circle in the order that it runs."""
    flow = Flow("f")
    a, b, c = (one.copy(name=n) for n in "abc")
    flow.chain(a, b, c, a)
    with pytest.raises(CycleError, match=r"in a circle: (a -> b -> c -> a|b -> c -> a -> b|c -> a -> b -> c)"):
        flow.validate()
    with pytest.raises(CycleError):
        flow.add_edge(a, a)


def test_leaving_the_block_validates():
    """An argument that nobody bound is named when the flow is built."""
    with pytest.raises(DefinitionError, match=r"'plus' needs a value for \['x'\]"), Flow("f"):
        plus()


def test_a_parameter_declared_twice_is_refused():
    """Two parameters of one name would be one value with two meanings."""
    flow = Flow("f")
    flow.add_task(Parameter("x"))
    with pytest.raises(DefinitionError, match="Two tasks are named 'x'"):
        flow.add_task(Parameter("x"))


def test_a_frozen_flow_refuses_changes():
    """After registering the flow stays what was registered."""
    flow = Flow("f", tasks=[one])
    flow.freeze()
    with pytest.raises(FrozenFlowError, match="'f' is registered"):
        flow.add_task(plus)


def test_reference_tasks_are_the_terminal_ones_unless_chosen():
    """The flow's state comes from the last tasks by default."""
    with Flow("f") as flow:
        a = one()
        b = plus(a)
    assert flow.reference_tasks() == {b}
    flow.set_reference_tasks([a])
    assert flow.reference_tasks() == {a}
    with pytest.raises(DefinitionError, match="must be in the flow"):
        flow.set_reference_tasks([one])


def test_finding_tasks_by_name_slug_and_tag():
    """A name finds every copy, a slug finds one, tags narrow it."""
    with Flow("f") as flow:
        a, b = one(), one(task_args={"tags": frozenset({"t"})})
    assert flow.get_tasks("one") == [a, b]
    assert flow.get_tasks("one-2") == [b]
    assert flow.get_tasks(tags=["t"]) == [b]


@pytest.mark.parametrize("name", ["", "  ", None, 3])
def test_a_flow_needs_a_name(name):
    """Nothing can be registered under no name."""
    with pytest.raises(DefinitionError):
        Flow(name)


def test_what_is_no_task_is_refused():
    """A plain function in a flow is the classic slip; the error says what to write."""
    with pytest.raises(DefinitionError, match="decorate the function with @task"):
        Flow("f").add_task(len)
