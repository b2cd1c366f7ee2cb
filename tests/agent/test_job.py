"""What a local agent starts for a claim, or why it can't."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from jupyter_flows.agent.job import local_job
from jupyter_flows.core.artifact import Artifact
from jupyter_flows.core.place import Place
from jupyter_flows.errors import AgentError
from jupyter_flows.executed.texts import texts_path
from jupyter_flows.places import outputs_folder
from jupyter_flows.registry import open_registry
from tests.contracts.registry import ARTIFACT, document, mark

LOCAL = {"class": "jupyter_flows.environments.storage.Local", "options": {}, "meaning": {}}


@pytest.fixture
def claim(tmp_path):
    place = Place(sys.executable, str(tmp_path), None, "ada", "lab")
    flow = document() | {"storage": LOCAL, "shell": True, "requirements": ["pandas==3.1"]}
    with open_registry(tmp_path / "registry.sqlite") as registry:
        version, _ = registry.flows.record("P", flow, ARTIFACT, place=place)
        registry.runs.create(version)
        agent = registry.agents.start("one", "local", mark=mark(1))
        yield registry.runs.claim(agent.id, [], lease_seconds=60)


def changed(claim, *, place=None, **document):
    version = claim.version
    kept = place or version.place
    return replace(claim, version=replace(version, document=version.document | document, place=kept))


def test_the_recorded_place_is_used(claim, tmp_path):
    """A run gets the interpreter and folder that its flow was registered with, and what it needs to know."""
    job = local_job(claim)
    assert (job.python, job.folder) == (sys.executable, str(tmp_path))
    assert (job.run_id, job.flow_name, job.artifact) == (claim.run.id, "etl", ARTIFACT)
    assert (job.needs_shell, list(job.pins), job.storage) == (True, ["pandas==3.1"], LOCAL)


def test_an_image_of_an_engine_s_own(claim):
    """A flow in an image that was never pushed is for an agent with that engine."""
    storage = {"class": "jupyter_flows.environments.storage.Docker", "options": {}}
    version = replace(changed(claim, storage=storage).version, artifact=Artifact("docker-daemon:etl:1", "", 0))
    with pytest.raises(AgentError, match="start a docker agent, or register the flow with a registry_url"):
        local_job(replace(claim, version=version))


def test_a_missing_interpreter(claim):
    """An interpreter that is gone is named, with the host it was on, and what to do."""
    place = replace(claim.version.place, python="/gone/bin/python")
    with pytest.raises(AgentError, match=r"/gone/bin/python.*on lab.*register it again"):
        local_job(changed(claim, place=place))


def test_a_missing_folder(claim):
    """A notebook's folder that was moved is named, and what to do."""
    place = replace(claim.version.place, folder="/gone/work")
    with pytest.raises(AgentError, match=r"/gone/work.*is not here"):
        local_job(changed(claim, place=place))


@pytest.mark.parametrize(
    ("storage", "word"),
    [
        ({"class": "somebody.storage.Tape", "options": {}}, "Tape"),
        ({"class": "os.system", "options": {}}, "system"),
        ({"class": "jupyter_flows.environments.storage.Memory", "options": {}}, "gone with the process"),
        (None, "no storage"),
    ],
)
def test_storages_that_a_process_here_cannot_load(claim, storage, word):
    """A flow kept where a local process can't get it is refused by name; no class is imported to find out."""
    with pytest.raises(AgentError, match=word):
        local_job(changed(claim, storage=storage))


def test_long_texts_have_a_folder_of_their_run(claim):
    """They lie with what else jupyter_flows keeps, under the flow's name."""
    folder = texts_path(claim.version.project, claim.version.flow, claim.run.id)
    assert local_job(claim).output_folder == str(folder)
    assert folder.is_relative_to(outputs_folder())
