"""Branches in functional flows."""

from __future__ import annotations

import pytest

from jupyter_flows import Flow, Parameter, case, merge, switch, task
from jupyter_flows.core.document import to_document
from jupyter_flows.errors import DefinitionError


@task
def give(value):
    return value


@task
def double(x):
    return None if x is None else 2 * x


@task
def fail(x):
    raise ValueError(x)


def told(flow, **parameters):
    state = flow.run(**parameters)
    return state, {flow.slug(t): s.name.value for t, s in state.result.items()}


@pytest.mark.parametrize(("chosen", "expected"), [("a", 2), ("b", 20), ("c", None)])
def test_the_branch_of_the_value_runs(chosen, expected):
    """The others are skipped, and what merges them gives the result of the one that ran."""
    with Flow("f") as flow:
        which = Parameter("which", default="a")
        with case(which, "a"):
            one = double(give(1))
        with case(which, "b"):
            two = double(give(10))
        result = merge(one, two)
        last = double(result)
    state, names = told(flow, which=chosen)
    ran = {"a": ("Success", "Skipped"), "b": ("Skipped", "Success"), "c": ("Skipped", "Skipped")}[chosen]
    merged = "Skipped" if chosen == "c" else "Success"
    assert (names["double"], names["double-2"], names["merge"], names["double-3"]) == (*ran, merged, merged)
    assert state.is_successful()
    assert state.result[result].result == expected
    assert state.result[last].result == (expected and 2 * expected)


def test_a_failed_branch_is_not_taken_for_a_skipped_one():
    """What merges branches needs them to succeed or be skipped."""
    with Flow("f") as flow:
        with case(give(1), 1):
            bad = fail(1)
        merge(bad, give(2))
    state, names = told(flow)
    assert (state.name.value, names["merge"]) == ("Failed", "TriggerFailed")


def test_cases_nest():
    """The inner comparison belongs to the outer case; its tasks need both."""
    with Flow("f") as flow:
        with case(give(1), 1):
            inner = give(2)
            with case(inner, 3):
                deep = give("deep")
        with case(give(1), 2), case(give(3), 3):
            never = give("never")
    state, _ = told(flow)
    assert [state.result[t].name.value for t in (inner, deep, never)] == ["Success", "Skipped", "Skipped"]


def test_only_the_first_tasks_of_a_case_wait_for_the_comparison():
    """The others wait for these; parameters are the flow's, whatever stands around them."""
    with Flow("f") as flow, case(give(1), 1) as branch:
        first = give(Parameter("p", default=1))
        second = double(first)
    assert isinstance(branch, case)
    upstream = {flow.slug(t): {flow.slug(u) for u in flow.upstream_tasks(t)} for t in (first, second)}
    assert upstream == {"give-2": {"p", "case(1)"}, "double": {"give-2"}}
    assert flow.upstream_tasks(flow.get_tasks("p")[0]) == set()


def test_a_switch_runs_the_task_of_the_value():
    """One task for each value."""
    with Flow("f") as flow:
        tasks = {name: give(name) for name in ("x", "y")}
        switch(give("y"), tasks)
        result = merge(*tasks.values())
    assert flow.run().result[result].result == "y"


def test_a_mistake_in_the_block_is_the_mistake():
    """Leaving a case by an exception adds nothing that hides it."""
    with Flow("f") as flow, pytest.raises(ZeroDivisionError), case(give(1), 1):
        give(1 / 0)
    assert len(flow.edges) == 1


@pytest.mark.parametrize(
    "make", [lambda: case(1, 1), lambda: case(give, give), merge, lambda: case(give, 1).__enter__()]
)
def test_mistakes_are_said(make):
    """A task first, a plain value second, something to merge, an open flow."""
    with pytest.raises(DefinitionError):
        make()


def test_the_value_of_a_case_is_meaning():
    """Another value is another version."""

    def digest(value):
        with Flow("f") as flow:
            chosen = give(1)
            with case(chosen, value):
                give(2)
        return to_document(flow)["digest"]

    assert digest(1) == digest(1) != digest(2)
