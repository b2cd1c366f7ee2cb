"""Functional tasks whose results are kept, looked for and found."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from jupyter_flows import Flow, Parameter, task
from jupyter_flows.engine.cache_validators import (
    all_inputs,
    all_parameters,
    duration_only,
    never_use,
    partial_inputs_only,
    partial_parameters_only,
)
from jupyter_flows.engine.results import LocalResult
from jupyter_flows.errors import DefinitionError


@pytest.fixture
def place(tmp_path):
    """Give a place for results of the test's own."""
    return LocalResult(tmp_path / "results")


def ran(flow, **parameters):
    """Run a flow; return the states of its tasks but parameters, in order, and the last one's result."""
    state = flow.run(**parameters)
    states = [state.result[t] for t in flow.tasks if not isinstance(t, Parameter)]
    return [s.name.value for s in states], states[-1].result


def flow_with(place, **options):
    """Make a flow of one task of two parameters."""

    @task(result=place, **options)
    def add(x, y):
        return x + y

    with Flow("sums") as flow:
        add(Parameter("x", default=1), Parameter("y", default=2))
    return flow


def test_the_same_inputs_are_cached(place):
    """With cache_for, a second run with the same inputs is Cached; other inputs are not."""
    flow = flow_with(place, cache_for=timedelta(hours=1))
    assert [ran(flow), ran(flow), ran(flow, x=5)] == [(["Success"], 3), (["Cached"], 3), (["Success"], 7)]


def test_old_results_are_not_used(place):
    """A result older than cache_for is made anew."""
    flow = flow_with(place, cache_for=timedelta(0))
    assert (ran(flow), ran(flow)) == ((["Success"], 3), (["Success"], 3))


def test_other_code_is_not_cached(place):
    """A task of the same name whose code changed runs."""

    def version(number):
        @task(result=place, cache_for=60, name="same")
        def same():
            return number

        with Flow("versions") as flow:
            same()
        return flow

    assert (ran(version(1)), ran(version(2)), ran(version(1))) == ((["Success"], 1), (["Success"], 2), (["Cached"], 1))


@pytest.mark.parametrize(
    ("validator", "cached"),
    [
        (never_use, [False, False, False]),
        (duration_only, [True, True, True]),
        (all_inputs, [True, False, False]),
        (all_parameters, [True, False, False]),
        (partial_inputs_only(["x"]), [True, True, False]),
        (partial_parameters_only(["x"]), [True, True, False]),
    ],
    ids=lambda v: getattr(v, "__qualname__", ""),
)
def test_validators(place, validator, cached):
    """Each validator lets the runs be cached that it is for: the same, another y, another x."""
    found = []
    for given in ({}, {"y": 9}, {"x": 9}):
        flow = flow_with(LocalResult(f"{place.dir}-{len(found)}"), cache_validator=validator)
        ran(flow)
        found.append(ran(flow, **given)[0] == ["Cached"])
    assert found == cached


def test_tasks_share_a_cache_by_key(place):
    """Two tasks with one cache_key use each other's results."""

    @task(result=place, cache_key="numbers", cache_for=60)
    def one():
        return 1

    @task(result=place, cache_key="numbers", cache_for=60)
    def two():
        return 2

    with Flow("keys") as flow:
        one()
        two()
    assert ran(flow) == (["Success", "Cached"], 1)


def test_targets_are_filled_in(place):
    """A target names the file, from run, parameters and inputs; while it is there the task is Cached."""
    flow = flow_with(place, target="{flow_name}/{task_name}-{x}-{today}.pickle")
    assert (ran(flow), ran(flow), ran(flow, x=4)) == ((["Success"], 3), (["Cached"], 3), (["Success"], 6))
    assert place.read(f"sums/add-4-{datetime.now(UTC):%Y-%m-%d}.pickle") == 6


def test_a_target_that_can_not_be_filled_in(place):
    """An unknown name in a target fails the task, with the names that there are."""
    state = flow_with(place, target="{colour}").run()
    assert "DefinitionError" in state.message
    assert "can't be filled in" in state.message


def test_each_child_of_a_mapped_task_has_its_own_target(place):
    """The child's index is among a template's names."""

    @task(target="{task_name}-{map_index}", result=place)
    def double(x):
        return 2 * x

    with Flow("f") as flow:
        doubled = double.map([4, 5])
    states = [flow.run().result[doubled] for _ in range(2)]
    assert [s.result for s in states] == [[8, 10], [8, 10]]
    assert [[c.name.value for c in s.map_states] for s in states] == [["Success"] * 2, ["Cached"] * 2]
    assert [place.read(f"double-{index}") for index in range(2)] == [8, 10]


def test_a_target_may_be_a_function(place):
    """A function is given the same names."""
    flow = flow_with(place, target=lambda flow_name, x, **_: f"{flow_name}-{x}")
    ran(flow)
    assert place.read("sums-1") == 3


def test_the_flows_results_are_kept(tmp_path):
    """A flow's `result` keeps what each task returned, by run and task; checkpoint=False leaves one out."""

    @task
    def one():
        return np.arange(3)

    @task(checkpoint=False)
    def two(x):
        return x.sum()

    with Flow("kept", result=LocalResult(tmp_path)) as flow:
        two(one())
    assert flow.run().is_successful()
    (file,) = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert (file.parent.parent.name, file.name) == ("kept", "one")


def test_what_the_code_captures_counts(place):
    """A task that reads a list from around it runs again when the list has changed."""
    rates = [2]

    @task(result=place, cache_for=60)
    def scale():
        return rates[0]

    with Flow("rates") as flow:
        scale()
    before = ran(flow), ran(flow)
    rates[0] = 3
    assert (*before, ran(flow)) == ((["Success"], 2), (["Cached"], 2), (["Success"], 3))


def test_later_tasks_take_cached_results(place):
    """What comes after a cached task gets its result, and runs."""

    @task(result=place, cache_for=60)
    def table():
        return np.arange(4)

    @task
    def total(x):
        return int(x.sum())

    with Flow("totals") as flow:
        total(table())
    assert (ran(flow), ran(flow)) == ((["Success", "Success"], 6), (["Cached", "Success"], 6))


def test_arrays_are_mapped(place):
    """An array lies in a .npy file and is mapped when read; writing to it leaves the file alone."""
    place.write("a", np.arange(3))
    array = place.read("a")
    array[0] = 9
    assert type(array) is np.ndarray
    assert (array.tolist(), place.read("a").tolist()) == ([9, 1, 2], [0, 1, 2])


@pytest.mark.parametrize("location", ["/etc/x", "../x", ""])
def test_locations_stay_inside(place, location):
    """No location leads out of the folder."""
    with pytest.raises(DefinitionError, match="a path inside its folder"):
        place.exists(location)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"cache_for": "long"}, "cache_for"),
        ({"cache_validator": 3}, "cache_validator"),
        ({"cache_key": ""}, "cache_key"),
        ({"target": 5}, "target"),
        ({"checkpoint": "yes"}, "checkpoint"),
        ({"result": "folder"}, "LocalResult"),
    ],
)
def test_options_that_can_not_be(options, word):
    """A wrong option is named."""
    with pytest.raises(DefinitionError, match=word):
        task(**options)(lambda: None)


def test_a_process_that_a_task_forks_keeps_nothing(runner, tmp_path):
    """Nothing is where its result goes before the task itself has returned."""
    place = LocalResult(tmp_path / "results")

    @task(result=place, target="kept.pickle")
    def fork():
        pid = os.fork()
        if pid:
            os.waitpid(pid, 0)
            return place.exists("kept.pickle")
        return None

    with Flow("forks") as flow:
        fork()
    assert runner.run(flow).state == ("Success", "")
    assert place.read("kept.pickle") is False
