"""Executors: each keeps the contract."""

import random

import pytest

from jupyter_flows.engine.executors import Executor, LocalExecutor
from jupyter_flows.errors import EnvironmentOptionError
from tests.contracts.executor import ExecutorContract, Recorder


class TestLocalExecutor(ExecutorContract):
    @pytest.fixture
    def executor(self):
        return LocalExecutor()

    def test_tasks_run_in_order(self, executor):
        """The plan's order is kept: notebook order."""
        work = Recorder([[], [], [0]])
        executor.execute(work)
        assert work.calls == [0, 1, 2]


class Adversary(Executor):
    """Runs tasks in a random order that the edges allow."""

    def __init__(self, seed=0):
        self.seed = seed

    def execute(self, work):
        choose = random.Random(self.seed)
        waiting = [len(set(up)) for up in work.upstream]
        ready = [n for n, count in enumerate(waiting) if not count]
        while ready:
            number = ready.pop(choose.randrange(len(ready)))
            work.run(number)
            for child in set(work.downstream[number]):
                waiting[child] -= 1
                if not waiting[child]:
                    ready.append(child)


class TestAdversary(ExecutorContract):
    @pytest.fixture(params=[1, 2, 3])
    def executor(self, request):
        return Adversary(seed=request.param)


def test_options_by_position_are_named():
    """JSON holds them under their names."""
    assert Adversary(7).to_json() == {"class": f"{__name__}.Adversary", "options": {"seed": 7}}


def test_a_wrong_option_is_an_option_error():
    """It is a TypeError of the package, naming class and option."""
    with pytest.raises(EnvironmentOptionError, match="Adversary: got an unexpected keyword argument 'colour'"):
        Adversary(colour="red")


def test_an_executor_without_execute_says_so():
    """Subclassing is not enough."""
    with pytest.raises(NotImplementedError, match=r"has no execute\(work\)"):
        Executor().execute(Recorder([]))
