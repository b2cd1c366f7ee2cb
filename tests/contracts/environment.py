"""What every environment keeps to."""

import pytest

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.task import task
from jupyter_flows.environments import environment_from_json
from jupyter_flows.errors import DefinitionError, EnvironmentOptionError


@task
def one():
    return 1


@task
def broken():
    raise ValueError("no")


def flow_of(*tasks):
    flow = Flow("numbers")
    for t in tasks:
        flow.add_task(t)
    return flow


class EnvironmentContract:
    """Inherited by the tests of each environment; `cls` is its class."""

    @pytest.fixture
    def cls(self):
        raise NotImplementedError

    def test_it_runs_a_flow(self, cls):
        """setup, then execute, gives the flow's state."""
        environment, flow = cls(), flow_of(one)
        environment.setup(flow)
        state = environment.execute(flow)
        assert (state.is_successful(), state.result[one].result) == (True, 1)

    def test_callbacks_surround_the_run(self, cls):
        """on_start is called before the first task, on_exit after the last."""
        calls = []

        @task
        def work():
            calls.append("task")

        cls(on_start=lambda: calls.append("start"), on_exit=lambda: calls.append("exit")).execute(flow_of(work))
        assert calls == ["start", "task", "exit"]

    def test_on_exit_follows_a_failure(self, cls):
        """A failed flow does not skip it."""
        calls = []
        state = cls(on_exit=lambda: calls.append("exit")).execute(flow_of(broken))
        assert (state.name.value, state.message.partition(" (")[0]) == ("Failed", "broken: ValueError no")
        assert calls == ["exit"]

    def test_on_exit_follows_a_failing_on_start(self, cls):
        """No task runs then, and the state says why."""
        calls = []

        def start():
            raise RuntimeError("nothing there")

        state = cls(on_start=start, on_exit=lambda: calls.append("exit")).execute(flow_of(one))
        assert (state.name.value, state.message) == ("Failed", "on_start: RuntimeError nothing there")
        assert calls == ["exit"]

    def test_a_failing_on_exit_is_told(self, cls):
        """A run that can't clean up is no success."""

        def leave():
            raise OSError("locked")

        state = cls(on_exit=leave).execute(flow_of(one))
        assert state.message == "every task succeeded, then on_exit: OSError locked"

    def test_labels_are_unique_and_sorted(self, cls):
        """The order in which labels were written means nothing."""
        assert cls(labels=["gpu", " dev", "gpu"]).labels == ("dev", "gpu")

    def test_one_label_as_text_is_refused(self, cls):
        """A text is not taken for a list of letters."""
        with pytest.raises(DefinitionError, match=r"write \['dev'\]"):
            cls(labels="dev")

    def test_it_survives_the_way_through_json(self, cls):
        """A run process makes the environment from flow.json, its callbacks travel apart."""

        def leave():
            pass

        made = cls(
            executor="jupyter_flows.engine.executors.LocalExecutor", labels=["a"], metadata={"n": 1}, on_exit=leave
        )
        again = environment_from_json(made.to_json(), made.callbacks())
        assert (type(again), again.labels, again.metadata, again.on_exit) == (cls, ("a",), {"n": 1}, leave)
        assert again.to_json() == made.to_json()

    def test_its_path_is_the_public_one(self, cls):
        """flow.json names the class as people import it."""
        assert cls().to_json()["class"] == f"jupyter_flows.environments.{cls.__name__}"

    def test_an_executor_that_is_none_is_refused(self, cls):
        """The message shows what an executor is."""
        with pytest.raises(
            EnvironmentOptionError, match=r"executor is an Executor such as LocalExecutor\(\) or its path, not 3"
        ):
            cls(executor=3)

    def test_a_callback_that_is_none_is_refused(self, cls):
        """Calling a function instead of giving it is a common slip."""
        with pytest.raises(EnvironmentOptionError, match="on_start is a function without arguments, not 'hello'"):
            cls(on_start="hello")

    def test_an_unknown_option_is_a_type_error(self, cls):
        """Nothing is dropped in silence."""
        with pytest.raises(TypeError, match="colour"):
            cls(colour="red")
