"""A registered flow of functions goes on from where it failed, in real processes."""

from __future__ import annotations

import pytest

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.parameter import Parameter
from jupyter_flows.core.task import task


def made(broken, *, factor=2):
    """Make a flow: two sources, a product of which one task may fail, and what comes after."""

    @task
    def left(n):
        print("left")
        return [n] * factor

    @task
    def right():
        print("right")
        return 10

    @task
    def product(x, y):
        if broken:
            raise ValueError("broken")
        return sum(x) * y

    @task
    def show(value):
        print("is", value)

    with Flow("products") as flow:
        show(product(left(Parameter("n", default=1)), right()))
    return flow


@pytest.fixture
def failed(runner, tmp_path):
    """Run the broken flow; return where its results are."""
    story = runner.run(made(broken=True), results=str(tmp_path / "one"), parameters={"n": 3})
    assert story.state[0] == "Failed"
    return str(tmp_path / "one")


def cached(story):
    return {name for name, states in story.tasks().items() if states == ["Cached"]}


def test_a_mended_task_gets_what_it_took(runner, failed):
    """Only the mended task and what comes after it run, with the results of the others."""
    story = runner.run(made(broken=False), resume=failed, parameters={"n": 3})
    assert (story.state[0], cached(story), story.text("show")) == ("Success", {"left", "right"}, "is 60\n")
    assert story.notices()[0] == "resumed from an earlier run: 2 of 5 tasks keep their results"


def test_changed_code_runs_again(runner, failed):
    """A task whose code means something else by now runs."""
    story = runner.run(made(broken=False, factor=3), resume=failed, parameters={"n": 3})
    assert (cached(story), story.text("show")) == ({"right"}, "is 90\n")


def mapped(broken):
    """Make a flow of which a mapped task's children end well, and a task after them may fail."""

    @task
    def numbers():
        print("numbers")
        return [1, 2, 3]

    @task
    def inc(n):
        print("inc")
        return n + 1

    @task
    def total(found):
        if broken:
            raise ValueError("broken")
        print("is", sum(found))

    with Flow("mapped") as flow:
        total(inc.map(numbers()))
    return flow


def test_mapped_tasks_run_again(runner, tmp_path):
    """With what they are mapped over; a failed run that has them says why it failed."""
    failed = runner.run(mapped(broken=True), results=str(tmp_path / "one"))
    assert failed.state == ("Failed", f"total: {failed.message('total')}")
    story = runner.run(mapped(broken=False), resume=str(tmp_path / "one"))
    assert (story.state[0], cached(story), story.text("total")) == ("Success", set(), "is 9\n")


def test_a_task_that_is_asked_for_runs_again(runner, failed):
    """With --task it runs, though it need not."""
    story = runner.run(made(broken=False), resume=failed, parameters={"n": 3}, again=["right"])
    assert (cached(story), story.text("right")) == ({"left"}, "right\n")


def test_other_parameters_keep_nothing(runner, failed):
    """Results of other parameters are not used."""
    story = runner.run(made(broken=False), resume=failed, parameters={"n": 4})
    assert (cached(story), story.text("show")) == (set(), "is 80\n")


def test_it_may_fail_twice(runner, failed, tmp_path):
    """A resumed run that fails leaves as much to the next."""
    runner.run(made(broken=True), resume=failed, results=str(tmp_path / "two"), parameters={"n": 3})
    story = runner.run(made(broken=False), resume=str(tmp_path / "two"), parameters={"n": 3})
    assert (cached(story), story.text("show")) == ({"left", "right"}, "is 60\n")
