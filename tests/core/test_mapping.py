"""Mapped tasks as they are written."""

from __future__ import annotations

import pytest

from jupyter_flows import FilterTask, Flow, Parameter, apply_map, case, flatten, mapped, merge, task, unmapped
from jupyter_flows.core.changes import changes
from jupyter_flows.core.document import to_document
from jupyter_flows.errors import DefinitionError


@task
def add(x, y=1):
    return x + y


@task
def numbers(n):
    return list(range(n))


def result(flow, of):
    state = flow.run()
    assert state.is_successful(), state.message
    return state.result[of].result


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: add.map([1, 2, 3]), [2, 3, 4]),
        (lambda: add.map(x=[1, 2, 3], y=[10, 20]), [11, 22]),
        (lambda: add.map([1, 2], unmapped(10)), [11, 12]),
        (lambda: add.map([[1], [2]], unmapped([3])), [[1, 3], [2, 3]]),
        (lambda: add.map(numbers(3), y=unmapped(add(4))), [5, 6, 7]),
        (lambda: add.map(range(3)), [1, 2, 3]),
        (lambda: add.map(n for n in (1, 2)), [2, 3]),
        (lambda: add.map({3: "a"}), [4]),
        (lambda: add.map([add(1), add(2)]), [3, 4]),
        (lambda: add.map(flatten([[1], [2, 3]])), [2, 3, 4]),
        (lambda: add.map(flatten(numbers.map([0, 1, 2]))), [1, 1, 2]),
        (lambda: add(flatten([[1], [2]]), flatten(numbers.map([1, 2]))), [1, 2, 0, 0, 1]),
        (lambda: add(mapped([1, 2]), 10), [11, 12]),
        (lambda: add(mapped(unmapped([1, 2])), 10), [11, 12]),
        (lambda: add.map(mapped([1, 2]), unmapped(mapped(5))), [6, 7]),
        (lambda: add.map([]), []),
        (lambda: add.map(add.map([1, 2]), add.map([10, 20])), [13, 24]),
        (lambda: add.map(Parameter("p", default=[1, 2])), [2, 3]),
    ],
)
def test_what_a_mapped_task_gives(make, expected):
    """One result for each element of the shortest argument, in order, whatever the elements come from."""
    with Flow("f") as flow:
        made = make()
    assert result(flow, made) == expected


def test_options_of_the_copy():
    """`task_args` changes the copy that is mapped, and the task stays as it was."""
    with Flow("f") as flow:
        made = add.map([1], task_args={"name": "plus", "max_retries": 2})
    assert (made.name, made.max_retries, add.max_retries, flow.is_mapped(made)) == ("plus", 2, 0, True)


def test_a_flow_can_be_given():
    """Outside of a ``with`` block the flow is named."""
    flow = Flow("f")
    made = add.map([1, 2], flow=flow)
    assert result(flow, made) == [2, 3]


def test_a_generator_is_read_once_and_kept():
    """A flow with a mapped generator runs more than once."""
    with Flow("f") as flow:
        made = add.map(iter([1, 2]))
    assert [result(flow, made), result(flow, made)] == [[2, 3], [2, 3]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: add.map(5), r"can't be mapped over 5, argument 'x': give a list, or unmapped\(x\)"),
        (lambda: add.map(unmapped([1])), "nothing to map over"),
        (numbers.map, "nothing to map over"),
        (lambda: add.map([1], z=2), "can't be called so"),
        (lambda: add.map(flatten([1])), "element 0 is no list but 1"),
        (lambda: apply_map(add, unmapped(1)), "apply_map has nothing to map over"),
        (lambda: apply_map(add.map, [1]), "mapped inside apply_map"),
    ],
)
def test_mistakes_are_said(make, message):
    """Where the flow is written, with the value and what to write instead."""
    with pytest.raises(DefinitionError, match=message), Flow("f"):
        make()


@task
def is_even(x):
    return x % 2 == 0


def test_a_pipeline_with_branches_for_each_element():
    """Every task that the function makes is mapped, comparisons and merges included."""

    def change(x):
        with case(is_even(x), True):
            one = add(x, 100)
        with case(is_even(x), False):
            two = add(x, 200)
        return merge(one, two)

    with Flow("f") as flow:
        made = apply_map(change, range(4))
    assert result(flow, made) == [100, 201, 102, 203]
    assert all(flow.is_mapped(t) for t in flow.get_tasks("add"))


def test_a_pipeline_takes_whole_values_tasks_and_flows():
    """`unmapped` goes through, tasks of the flow are mapped over, and a given flow is handed on."""

    def change(x, y, flow):
        return add(add(x, y, flow=flow), 1, flow=flow)

    flow = Flow("f")
    start = numbers(3, flow=flow)
    made = apply_map(change, start, unmapped(10), flow=flow)
    assert result(flow, made) == [11, 12, 13]


def test_results_are_filtered():
    """Exceptions and None go by themselves, or what a function says."""

    @task
    def unstable(x):
        if x == 1:
            raise ValueError(x)
        return None if x == 2 else x

    with Flow("f") as flow:
        raw = unstable.map([0, 1, 2, 3])
        kept = add.map(FilterTask()(raw))
        large = FilterTask(lambda x: isinstance(x, int) and x > 2)(raw)
    state = flow.run()
    assert [state.result[t].result for t in (kept, large)] == [[1, 4], [3]]


def test_what_is_mapped_is_meaning():
    """Mapping over an argument or taking it whole are two versions, and told apart; plain tasks have no such key."""

    def document(**arguments):
        with Flow("f") as flow:
            add.map(x=[[1]], **arguments)
        return to_document(flow)

    one, other = document(y=[[1]]), document(y=unmapped([[1]]))
    assert one["digest"] != other["digest"]
    assert [d["tasks"][0]["mapped"] for d in (one, other)] == [["x", "y"], ["x"]]
    assert changes(one, other)[0].detail == "mapped x, y -> x"
    with Flow("f") as flow:
        add(1, upstream_tasks=[mapped(numbers(1))])
    assert [t.get("mapped") for t in to_document(flow)["tasks"]] == [None, ["upstream_tasks: numbers"]]
