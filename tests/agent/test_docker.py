"""The Docker agent keeps the contract on a real engine, and knows what can happen to containers."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict

import nbformat
import pytest
from docker.errors import NotFound

from jupyter_flows.agent.docker import DockerAgent
from jupyter_flows.agent.orphans import OWNER, REGISTRY, RUN, labels_of, reap
from jupyter_flows.cli.captured import read
from jupyter_flows.core.state import StateName
from jupyter_flows.environments.storage import Docker
from jupyter_flows.errors import AgentError, EngineError
from jupyter_flows.executed import executed_path
from jupyter_flows.registry import open_registry
from jupyter_flows.registry.process_mark import ProcessMark
from tests.contracts.agent import AgentContract, flow_of
from tests.images.engine import BASE

S = StateName
#: No container of a test takes longer, however loaded the machine is.
PATIENCE_SECONDS = 120
pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


@pytest.fixture
def registry():
    with open_registry() as registry:
        yield registry


class TestDockerAgent(AgentContract):
    def storage(self):
        return Docker(builder="docker", base_image=BASE, local_image=True, healthcheck=False)

    @pytest.fixture
    def agent(self, engine, tmp_path):
        # The run's user in the container is another one than the tests'.
        tmp_path.chmod(0o777)

        @contextmanager
        def start(labels=None, **options):
            agent = DockerAgent(labels, volumes=[f"{tmp_path}:{tmp_path}"], **options).start_in_thread()
            try:
                yield agent
            finally:
                agent.stop()

        return start

    def of_cells(self, folder, cells):
        """Capture a notebook of these cells."""
        path = folder / "work.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells]), path)
        return read(path).flow

    def test_it_leaves_no_container(self, registry, agent, engine):
        """A container is removed when its run has ended."""
        version = self.register(registry, lambda: 1)
        with agent():
            self.finished(registry, registry.runs.create(version))
        assert engine.ours() == []

    def test_what_runs_see(self, registry, agent, monkeypatch):
        """Runs see the agent's variables and none else of its environment; no network is needed to report."""
        monkeypatch.setenv("OF_THE_AGENT", "1")

        def show():
            import os
            from pathlib import Path

            interfaces = sorted(path.name for path in Path("/sys/class/net").iterdir())
            print(os.environ["GIVEN"], "OF_THE_AGENT" in os.environ, os.getuid(), Path.cwd(), interfaces)

        version = self.register(registry, show)
        with agent(env_vars={"GIVEN": "7"}, networks=["none"]):
            run = self.finished(registry, registry.runs.create(version))
        (text,) = [e.body["text"] for e in registry.runs.events(run.id, kinds=["stream"])]
        assert text == "7 False 1000 /home/flow ['lo']\n"

    def test_a_secret_is_not_in_the_containers_settings(self, registry, agent, engine, monkeypatch, tmp_path):
        """Secrets that cells name reach the run down its input, and whoever asks the engine does not see them."""
        monkeypatch.setenv("JUPYTER_FLOWS_SECRET_KEY", "opensesame")
        go = tmp_path / "go"
        wait = f"import pathlib, time\nwhile not pathlib.Path({str(go)!r}).exists(): time.sleep(0.01)"
        flow = self.of_cells(tmp_path, ["#| secret: KEY\nKEY = 'mine'", f"{wait}\nprint(len(KEY), KEY)\nshown = True"])
        version = self.registered(registry, flow)
        with agent(), closing(engine.client()) as client:
            run = registry.runs.create(version)
            self.wait_for(registry, run, S.RUNNING)
            (name,) = engine.ours()
            assert "opensesame" not in json.dumps(client.containers.get(name).attrs)
            go.touch()
            self.finished(registry, run)
        assert [e.body["text"] for e in registry.runs.events(run.id, kinds=["stream"])] == ["10 ***\n"]

    def test_lack_of_memory(self, registry, agent):
        """A task that outgrows the run's limit fails by that name, with the limit."""

        def hoard():
            return len(bytearray(400 << 20))

        version = self.register(registry, hoard)
        with agent(mem_limit="100m", container_options={"memswap_limit": "100m"}):
            run = self.finished(registry, registry.runs.create(version))
        assert run.state is S.FAILED
        assert run.message.startswith("hoard: its process was killed by SIGKILL for lack of memory")
        assert "(the limit is 100 MB)" in run.message

    def test_an_exit_in_the_middle(self, registry, agent):
        """A task that ends its process fails with the exit code."""

        def leave():
            import os

            os._exit(3)

        version = self.register(registry, leave)
        with agent():
            run = self.finished(registry, registry.runs.create(version))
        assert (run.state, run.message) == (S.FAILED, "leave: its process ended early, with exit code 3")

    def test_the_executed_notebook(self, registry, agent, tmp_path):
        """A run of cells leaves its executed notebook with the agent; no image registry is asked for its cells."""
        flow = self.of_cells(tmp_path, ["#| parameters\nn = 1", "#| task: show\nprint(n)\nshown = True"])
        version = self.registered(registry, flow)
        with agent():
            run = self.finished(registry, registry.runs.create(version, parameters={"n": 5}))
        executed = nbformat.read(executed_path("P", version.flow, run.id), as_version=4)
        assert executed.cells[2].outputs[0].text == "5\n"

    def test_a_flow_in_no_image(self, registry, agent):
        """A flow kept as a file fails here, and is told what would run it."""
        flow_of(lambda: 1).register("P")
        with agent():
            run = self.finished(registry, registry.runs.create(registry.flows.get("P", "one")))
        assert run.state is S.FAILED
        assert "kept in Local storage: register it with storage 'docker'" in run.message

    def test_an_image_from_elsewhere(self, registry, agent, engine):
        """An agent with a list of image registries runs nothing else, whatever the engine has."""
        version = self.register(registry, lambda: 1)
        with agent(registry_allow_list=["registry.example/team"]):
            run = self.finished(registry, registry.runs.create(version))
        assert run.state is S.FAILED
        assert "is from no image registry" in run.message

    def test_an_image_that_is_gone(self, registry, agent, engine):
        """An image that was never pushed and is not here any more is named, with what to do."""
        version = self.register(registry, lambda: "a flow of its own")
        with closing(engine.client()) as client:
            client.images.remove(version.artifact.digest, force=True)
        with agent():
            run = self.finished(registry, registry.runs.create(version))
        assert run.state is S.FAILED
        assert "is not in this agent's engine" in run.message

    def test_an_agent_that_crashes(self, registry, agent, engine, tmp_path):
        """Its run is Failed, its container ends by itself, and the next agent of the engine removes it."""

        def forever():
            import time

            while True:
                time.sleep(0.01)

        version = self.register(registry, forever)
        run = registry.runs.create(version)
        crashed = subprocess.Popen([sys.executable, "-c", START])
        try:
            self.wait_for(registry, run, S.RUNNING)
        finally:
            crashed.kill()
            crashed.wait()
        (left,) = engine.ours()
        with closing(engine.client()) as client:
            assert client.containers.get(left).wait(timeout=PATIENCE_SECONDS)["StatusCode"] == 0
        assert self.finished(registry, run).message.startswith("Agent 'crashing' was lost")
        with agent():
            assert engine.ours() == []


START = "from jupyter_flows.agent.docker import DockerAgent\nDockerAgent(name='crashing').start()\n"


def test_only_orphans_are_reaped(engine, registry):
    """A container is removed if its agent's process is gone or its run is over; those of others are left alone."""
    version = AgentContract().register(registry, lambda: 1)
    over, waiting = registry.runs.create(version), registry.runs.create(version)
    registry.runs.cancel(over.id)
    mine = labels_of(registry, "mine")
    dead = json.dumps(asdict(ProcessMark(json.loads(mine[OWNER])["machine"], 2**22 + 1, 1)))
    elsewhere = json.dumps(asdict(ProcessMark("another machine", 1, 1)))
    cases = {
        "of-a-dead-agent": mine | {OWNER: dead, RUN: str(waiting.id)},
        "of-a-run-that-is-over": mine | {RUN: str(over.id)},
        "of-no-run": mine | {RUN: "12345"},
        "at-work": mine | {RUN: str(waiting.id)},
        "of-another-registry": mine | {OWNER: elsewhere, REGISTRY: "other", RUN: str(over.id)},
        "of-nobody": {OWNER: "what is this"},
    }
    with closing(engine.client()) as client:
        made = [client.containers.create(BASE, ["true"], name=name, labels=labels) for name, labels in cases.items()]
        try:
            assert sorted(reap(client, registry)) == ["of-a-dead-agent", "of-a-run-that-is-over", "of-no-run"]
            assert sorted(engine.ours()) == ["at-work", "of-another-registry", "of-nobody"]
        finally:
            for container in made:
                with suppress(NotFound):
                    container.remove(force=True)


def test_no_engine(tmp_path, registry):
    """Without an engine an agent does not start, and says where it looked."""
    with pytest.raises(EngineError, match=f"No container engine answers at unix://{tmp_path}/none.sock"):
        DockerAgent(base_url=f"unix://{tmp_path}/none.sock").start()
    assert registry.agents.list() == []


@pytest.mark.parametrize("wrong", ["2x", "much"])
def test_a_limit_that_is_none(wrong):
    """A size that can't be read is refused when the agent is made."""
    with pytest.raises(AgentError, match=f"not '{wrong}'"):
        DockerAgent(mem_limit=wrong)
