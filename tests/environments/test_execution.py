"""Execution environments: each keeps the contract, and what is not there yet says so."""

import pytest

import jupyter_flows.environments
from jupyter_flows.engine.executors import Executor, LocalExecutor
from jupyter_flows.environments import (
    Environment,
    LocalEnvironment,
    RemoteDaskEnvironment,
    RemoteEnvironment,
    environment_from_json,
)
from jupyter_flows.errors import EnvironmentOptionError
from tests.contracts.environment import EnvironmentContract


class TestLocalEnvironment(EnvironmentContract):
    @pytest.fixture
    def cls(self):
        return LocalEnvironment


class TestRemoteEnvironment(EnvironmentContract):
    @pytest.fixture
    def cls(self):
        return RemoteEnvironment


def test_a_dask_environment_is_a_cluster_by_its_address():
    """Address and further options go to the executor, and survive the way through JSON."""
    made = RemoteDaskEnvironment("tcp://x:1", {"client_kwargs": {"timeout": 3}}, labels=["a"])
    again = environment_from_json(made.to_json())
    assert repr(again.executor) == "DaskExecutor(address='tcp://x:1', client_kwargs={'timeout': 3})"
    assert again.to_json() == made.to_json()


def test_a_dask_environment_needs_an_address():
    """The message shows one."""
    with pytest.raises(EnvironmentOptionError, match=r"address is a scheduler's, .*, not ''"):
        RemoteDaskEnvironment("")


class Prepared(Environment):
    """An environment of one's own, with something to set up."""

    def setup(self, flow):
        self.prepared_for = flow.name


class TestOwnEnvironment(EnvironmentContract):
    @pytest.fixture
    def cls(self):
        return Prepared

    def test_its_path_is_the_public_one(self, cls):
        """A class of another package is named by its module."""
        assert cls().to_json()["class"] == f"{__name__}.Prepared"


def test_the_default_executor_is_the_local_one():
    """Nothing need be chosen."""
    assert isinstance(RemoteEnvironment().executor, LocalExecutor)


def test_an_executor_object_is_kept():
    """What was made is used."""
    executor = LocalExecutor()
    assert LocalEnvironment(executor=executor).executor is executor


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("LocalExecutor", "is no import path: write it like 'jupyter_flows.engine.executors.LocalExecutor'"),
        ("no.such.module.Executor", "can't be imported: No module named 'no'"),
        ("jupyter_flows.engine.executors.Fast", "module 'jupyter_flows.engine.executors' has no 'Fast'"),
        ("os.path.join", "executor is an Executor"),
    ],
)
def test_a_wrong_executor_path_says_what_is_wrong(path, message):
    """Each slip has its own message, naming the path."""
    with pytest.raises(EnvironmentOptionError, match=message) as raised:
        RemoteEnvironment(executor=path)
    assert path in str(raised.value)


def test_options_that_an_executor_does_not_take_are_named():
    """The executor's own name and the option's are in the message."""
    with pytest.raises(EnvironmentOptionError, match=r"LocalExecutor: .*'threads'"):
        RemoteEnvironment(executor="jupyter_flows.engine.executors.LocalExecutor", executor_kwargs={"threads": 3})


def test_options_beside_an_executor_object_are_refused():
    """An object has its options already."""
    with pytest.raises(EnvironmentOptionError, match="is made already"):
        LocalEnvironment(executor=LocalExecutor(), executor_kwargs={"workers": 3})


def test_an_executor_from_the_notebook_is_refused_when_registered():
    """Another process could not import it."""

    class Mine(Executor):
        def execute(self, work):
            pass

    with pytest.raises(EnvironmentOptionError, match="Executor 'Mine' is defined in the notebook"):
        LocalEnvironment(executor=Mine()).to_json()


def test_metadata_must_be_json():
    """What flow.json can't hold is refused when it is given."""
    with pytest.raises(EnvironmentOptionError, match="metadata is a dict of JSON values"):
        LocalEnvironment(metadata={"when": object()})


def test_an_environment_of_a_later_version_is_named():
    """The import says what there is instead."""
    with pytest.raises(ImportError, match="DaskKubernetesEnvironment is not in this version"):
        from jupyter_flows.environments import DaskKubernetesEnvironment  # noqa: F401
    assert not hasattr(jupyter_flows.environments, "NoSuchEnvironment")


def test_a_class_that_is_no_environment_is_refused():
    """flow.json of another making does not start anything."""
    with pytest.raises(EnvironmentOptionError, match=r"'os\.getcwd' is no environment"):
        environment_from_json({"class": "os.getcwd", "options": {}})


def test_an_option_that_flow_json_should_not_have_is_named():
    """The message has the options that there are."""
    data = {"class": "jupyter_flows.environments.LocalEnvironment", "options": {"colour": "red"}}
    with pytest.raises(EnvironmentOptionError, match="LocalEnvironment takes no 'colour'; it takes 'executor', "):
        environment_from_json(data)
