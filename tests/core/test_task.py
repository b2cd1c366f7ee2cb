"""Tasks and their options."""

from datetime import timedelta

import pytest

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.task import FunctionTask, Task, task
from jupyter_flows.errors import DefinitionError


@task
def add(x, y=1):
    """Add two numbers."""
    return x + y


def test_a_decorated_function_is_a_task_of_its_name():
    """The task keeps the function's name and documentation and can still be run."""
    assert isinstance(add, FunctionTask)
    assert (add.name, add.__doc__, add.run(2)) == ("add", "Add two numbers.", 3)


def test_options_are_the_documented_ones():
    """Delays and timeouts may be numbers or timedeltas."""

    @task(name="fetch", max_retries=3, retry_delay=timedelta(seconds=2), timeout=5, tags=["io"])
    def get():
        return 1

    assert (get.name, get.max_retries, get.retry_delay_seconds, get.timeout_seconds) == ("fetch", 3, 2.0, 5.0)
    assert get.tags == {"io"}


@pytest.mark.parametrize(
    "options", [{"max_retries": -1}, {"max_retries": "3"}, {"timeout": -1}, {"retry_delay": "1s"}, {"timeout": True}]
)
def test_an_option_of_the_wrong_kind_is_refused(options):
    """A mistake shows where it is written, not in the night's run."""
    with pytest.raises(DefinitionError):
        task(**options)(lambda: 1)


def test_calling_a_task_outside_a_flow_says_what_to_do():
    """The error tells how to open a flow."""
    with pytest.raises(DefinitionError, match=r"with Flow\(...\) as flow:"):
        add(1)


def test_a_wrong_call_is_a_definition_error():
    """An argument that the function does not take is named at once."""
    with Flow("f"), pytest.raises(DefinitionError, match="unexpected keyword argument 'z'"):
        add(1, z=3)


def test_positional_rest_arguments_are_refused():
    """Edges need names to bind to."""

    @task
    def total(*xs):
        return sum(xs)

    with Flow("f"), pytest.raises(DefinitionError, match=r"\*args"):
        total(1, 2)


def test_a_subclass_writes_run():
    """A class with `run` is a task of the class's name."""

    class Double(Task):
        def run(self, x):
            return 2 * x

    with Flow("f") as flow:
        Double()(x=4)
    assert [t.name for t in flow.tasks] == ["Double"]


def test_looping_over_a_result_is_refused_not_endless():
    """`for x in a_task` can't work before the run; the error says where it can."""
    with pytest.raises(DefinitionError, match="loop over it inside a task"):
        list(add)
