"""Plans: arguments found ahead of time, order kept."""

from __future__ import annotations

import pytest

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.parameter import Parameter
from jupyter_flows.core.task import task
from jupyter_flows.engine.plan import compile_plan
from jupyter_flows.errors import CycleError
from tests.engine.runs import flow_of_cells


@task
def f(a, b=0, *, c=0):
    return a, b, c


def call_of(flow, slug):
    plan = compile_plan(flow)
    number = plan.slugs.index(slug)
    fn, places, names = plan.calls[number]
    values = [plan.slugs[p] if p < plan.size else plan.constants[p - plan.size] for p in places]
    return fn, values, names


@pytest.mark.parametrize(
    ("bound", "values", "names"),
    [
        ({"a": 1}, [1], None),
        ({"a": 1, "b": 2}, [1, 2], None),
        ({"b": 2, "a": 1}, [1, 2], None),
        ({"a": 1, "c": 3}, [1, 3], ("a", "c")),
        ({"c": 3, "a": 1}, [3, 1], ("c", "a")),
    ],
)
def test_arguments_go_by_position_where_they_can(bound, values, names):
    """Names are only passed where positions do not say the same."""
    with Flow("f") as flow:
        flow.set_dependencies(f, keyword_tasks=bound)
    assert call_of(flow, "f") == (f.fn, values, names)


def test_a_function_without_arguments_is_just_called():
    """There is nothing to find."""

    @task
    def alone():
        return 1

    with Flow("f") as flow:
        alone()
    assert call_of(flow, "alone") == (alone.fn, [], None)


def test_results_and_constants_are_told_apart():
    """An argument is another task's result or a value of the flow."""
    with Flow("f") as flow:
        f(f(1), 2)
    assert call_of(flow, "f-2")[1] == ["f", 2]


def test_a_function_given_twice_is_bound_each_time():
    """Two tasks of one function have arguments of their own."""
    with Flow("f") as flow:
        f(1)
        f(2)
    assert [call_of(flow, slug)[1] for slug in ("f", "f-2")] == [[1], [2]]


def test_the_order_is_the_flows_where_it_can_be():
    """Cells run in notebook order; an edge that points back moves only what it must."""
    flow = flow_of_cells(["a", "b", "c", "d"], chained=False)
    assert list(compile_plan(flow, print).order) == [0, 1, 2, 3]
    flow.add_edge(flow.tasks[2], flow.tasks[0])
    assert list(compile_plan(flow, print).order) == [1, 2, 0, 3]


def test_a_circle_is_named():
    """It can't run, and the names say why."""
    flow = flow_of_cells(["a", "b"], chained=True)
    flow.add_edge(flow.tasks[1], flow.tasks[0])
    with pytest.raises(CycleError, match="cell_1"):
        compile_plan(flow, print)


def test_parameters_have_a_place_for_their_value():
    """A run sets it without compiling again."""
    with Flow("f") as flow:
        f(Parameter("n", default=3))
    plan = compile_plan(flow)
    assert plan.constants[plan.parameters["n"]] == 3
