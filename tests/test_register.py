"""Registering: policy, refusals, versions."""

import sys
from pathlib import Path

import pytest

from jupyter_flows import Flow, task
from jupyter_flows.capture.checks import Finding
from jupyter_flows.environments import LocalEnvironment
from jupyter_flows.environments.storage import Local, Memory
from jupyter_flows.errors import (
    DefinitionError,
    FlowsError,
    FrozenFlowError,
    RegisterRefused,
    StaleBuildError,
    StorageError,
)
from jupyter_flows.register import preview, register
from jupyter_flows.registry import open_registry


@task
def one():
    return 1


@task
def two():
    return 2


@task(name="one")
def one_otherwise():
    return 1 + 0


def _flow(*tasks, **options):
    return Flow("numbers", tasks=tasks or (one,), **options)


def _recorded():
    with open_registry() as registry:
        return [(v.project, v.flow, v.version) for v in registry.flows.list()]


def test_the_first_registration_is_version_one():
    """The result says what was recorded and where it is kept."""
    done = _flow().register("P")
    assert (done.project, done.flow, done.version, done.created) == ("P", "numbers", 1, True)
    assert Local().load(done.artifact).digest == done.digest
    assert [str(c) for c in done.changes] == ["new flow (1 tasks)"]


def test_the_same_flow_keeps_its_version():
    """Nothing changed: no new version, nothing said to have changed, the same artifact."""
    first, again = _flow().register("P"), _flow().register("P")
    assert (again.version, again.created, again.changes, again.artifact) == (1, False, (), first.artifact)


def test_a_changed_flow_is_the_next_version():
    """Code that differs in meaning is a new version, and the change is named."""
    _flow().register("P")
    done = _flow(one_otherwise).register("P")
    assert (done.version, done.created, [str(c) for c in done.changes]) == (2, True, ["task 'one': code"])


def test_labels_join_the_environments():
    """A run's labels are the environment's and register's together."""
    _flow(environment=LocalEnvironment(labels=["dev"])).register("P", labels=["gpu"])
    with open_registry() as registry:
        assert registry.flows.get("P", "numbers").labels == ("dev", "gpu")


def test_a_prebuilt_flow_can_be_given_labels():
    """Labels given at registration do not make the build stale."""
    flow = _flow(storage=Local())
    flow.storage.build()
    assert flow.register("P", build=False, labels=["gpu"]).created


def test_a_flow_that_changed_since_its_build_is_refused():
    """build=False says what changed, and records nothing."""
    flow = _flow(storage=Local())
    flow.storage.build()
    flow.add_task(two)
    with pytest.raises(StaleBuildError, match="changed since its storage was built: task 'two': added"):
        flow.register("P", build=False)
    assert _recorded() == []


def test_findings_of_level_error_refuse():
    """An error found by checking stops registering, with its place, and nothing is recorded."""
    finding = Finding("F001", "error", 3, 2, "`df` is defined by no cell", "define it above")
    with pytest.raises(RegisterRefused, match=r"(?s)cell 3, line 2.*Nothing was registered") as caught:
        register(_flow(storage=Local()), "P", findings=[finding])
    assert caught.value.findings == (finding,)
    assert _recorded() == []


def test_a_registered_flow_is_frozen():
    """What was registered can't be changed behind its version."""
    flow = _flow()
    flow.register("P")
    with pytest.raises(FrozenFlowError):
        flow.add_task(two)


def test_an_unknown_kwarg_is_a_type_error():
    """The message names the kwarg and what the storage takes, whether the storage is set or not."""
    for flow in (_flow(storage=Local()), _flow()):
        with pytest.raises(TypeError, match=r"Local storage takes no 'registry_url'; it takes 'directory'\."):
            flow.register("P", registry_url="localhost:5000")
    assert _recorded() == []


def test_memory_storage_cannot_be_registered():
    """A flow that ends with this process would never run."""
    with pytest.raises(StorageError, match="gone with this process"):
        _flow(storage=Memory()).register("P")


@pytest.mark.parametrize("project", ["", " ", None])
def test_a_project_needs_a_name(project):
    """Nothing is recorded under no project."""
    with pytest.raises(DefinitionError):
        _flow().register(project)


def test_an_idempotency_key_registers_once():
    """The same key again gives the version that it gave before."""
    first = _flow().register("P", idempotency_key="deploy-7")
    again = _flow(one_otherwise).register("P", idempotency_key="deploy-7")
    assert (first.version, again.version, again.created) == (1, 1, False)


def test_a_lost_artifact_is_built_anew():
    """Registering an unchanged flow repairs what was deleted on disk."""
    first = _flow().register("P")
    Path(first.artifact.uri.removeprefix("file://")).unlink()
    again = _flow().register("P")
    assert again.version == 1
    assert Local().load(again.artifact).digest == first.digest


def test_moving_to_another_folder_is_no_new_version(tmp_path):
    """Addresses are not meaning; the artifact recorded is the one in the new place."""
    _flow().register("P")
    moved = _flow(storage=Local(tmp_path / "elsewhere")).register("P")
    assert (moved.version, moved.created) == (1, False)
    with open_registry() as registry:
        assert registry.flows.get("P", "numbers").artifact == moved.artifact
    assert str(tmp_path) in moved.artifact.uri


def test_the_place_is_recorded():
    """A Local flow's runs use the interpreter and folder that registered it."""
    _flow().register("P")
    with open_registry() as registry:
        place = registry.flows.get("P", "numbers").place
    assert (place.python, place.folder) == (sys.executable, str(Path.cwd()))


def test_a_preview_records_nothing():
    """--dry-run says which version it would be and what changed."""
    first = preview(_flow(storage=Local()), "P")
    assert (first.version, first.created) == (1, True)
    assert _recorded() == []
    _flow().register("P")
    assert (preview(_flow(storage=Local()), "P").version, preview(_flow(storage=Local()), "P").changes) == (1, ())
    changed = preview(_flow(one_otherwise, storage=Local()), "P")
    assert (changed.version, [str(c) for c in changed.changes]) == (2, ["task 'one': code"])


def test_a_huge_captured_value_is_named():
    """A task that would carry hundreds of megabytes along is refused by name."""
    ballast = bytearray(70_000_000)

    @task
    def heavy():
        return len(ballast)

    with pytest.raises(FlowsError, match=r"'heavy'.*'ballast'.*MB"):
        _flow(heavy).register("P")
