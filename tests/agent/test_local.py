"""The local agent keeps the contract, in a thread and as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from jupyter_flows.agent.local import LocalAgent
from jupyter_flows.core.state import StateName
from jupyter_flows.errors import AgentError, NoSuchError
from jupyter_flows.executed import executed_path
from jupyter_flows.registry import open_registry
from tests.contracts.agent import AgentContract

S = StateName

START = "import sys\nfrom jupyter_flows.agent.local import LocalAgent\nLocalAgent(name=sys.argv[1]).start()\n"


@pytest.fixture
def registry():
    with open_registry() as registry:
        yield registry


class TestLocalAgent(AgentContract):
    @pytest.fixture
    def agent(self):
        @contextmanager
        def start(labels=None, **options):
            agent = LocalAgent(labels, **options).start_in_thread()
            try:
                yield agent
            finally:
                agent.stop()

        return start

    def test_one_given_run(self, registry):
        """One run can be run here whatever its labels, by an agent that takes nothing else."""
        version = self.register(registry, lambda: 1, labels=["nobody-has-this"])
        first, second = registry.runs.create(version), registry.runs.create(version)
        assert LocalAgent().run_one(first.id).state is S.SUCCESS
        assert registry.runs.get(second.id).state is S.SCHEDULED
        assert registry.agents.list() == []

    def test_one_run_that_is_not_to_be_had(self, registry):
        """A run that is over is returned as it is, one that is not there is an error."""
        run = registry.runs.create(self.register(registry, lambda: 1))
        registry.runs.cancel(run.id)
        assert LocalAgent().run_one(run.id).state is S.CANCELLED
        with pytest.raises(NoSuchError):
            LocalAgent().run_one(run.id + 1)

    def test_what_cannot_be_launched(self, registry):
        """A flow whose interpreter, or whose image, is gone fails with what to do."""
        version = self.register(registry, lambda: 1)
        gone = replace(version.place, python="/gone/bin/python")
        registry.flows.record("P", version.document, version.artifact, place=gone)
        run = LocalAgent().run_one(registry.runs.create(version).id)
        assert run.state is S.FAILED
        assert "/gone/bin/python" in run.message

        image = {"class": "jupyter_flows.environments.storage.Docker", "options": {}, "meaning": {}}
        document = version.document | {"storage": image, "digest": "v1:image"}
        kept = replace(version.artifact, uri=f"oci-layout:/gone/images@{version.artifact.digest}")
        registry.flows.record("P", document, kept, place=version.place)
        run = LocalAgent().run_one(registry.runs.create(registry.flows.get("P", "one")).id)
        assert (run.state, "/gone/images" in run.message, "register it again" in run.message) == (S.FAILED, True, True)

    def test_a_damaged_artifact(self, registry):
        """What is stored is run only if it is what was registered."""
        from jupyter_flows.places import artifacts_folder

        version = self.register(registry, lambda: 1)
        (stored,) = artifacts_folder().iterdir()
        stored.write_bytes(stored.read_bytes()[:-1] + b"x")
        run = LocalAgent().run_one(registry.runs.create(version).id)
        assert (run.state, "not what was registered" in run.message) == (S.FAILED, True)

    def test_it_leaves_the_executed_notebook(self, registry, tmp_path):
        """A run of cells leaves its notebook with outputs, parameters and the traceback; the run tells the same."""
        cells = ["#| parameters\nn = 1", "#| task: show\nprint(n)", "#| task: fail\n1 / 0"]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        path = tmp_path / "work.ipynb"
        nbformat.write(notebook, path)
        done = subprocess.run(
            [sys.executable, "-m", "jupyter_flows", "register", str(path), "--project", "P", "--json"],
            capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        version = registry.flows.get("P", json.loads(done.stdout)["flow"])
        run = LocalAgent().run_one(registry.runs.create(version, parameters={"n": 5}).id)
        executed = nbformat.read(executed_path("P", version.flow, run.id), as_version=4)
        nbformat.validate(executed)
        assert run.state is S.FAILED
        assert [c.source for c in executed.cells] == [cells[0], "# Parameters\nn = 5", *cells[1:]]
        assert executed.cells[2].outputs[0].text == "5\n"
        assert executed.cells[3].outputs[0].ename == "ZeroDivisionError"
        assert executed.metadata.jupyter_flows.run.state == "Failed"
        assert executed.metadata.jupyter_flows.run.message == run.message

    def test_once(self, registry, capsys):
        """With `once` it runs all that waits for it, and leaves."""
        version = self.register(registry, lambda: 1)
        runs = [registry.runs.create(version) for _ in range(3)]
        LocalAgent(max_runs=1).start(once=True)
        assert {registry.runs.get(run.id).state for run in runs} == {S.SUCCESS}
        assert "takes runs without labels" in capsys.readouterr().out

    def test_environment_variables(self, registry, agent, monkeypatch):
        """Runs see the agent's environment with its `env_vars` over it."""
        monkeypatch.setenv("INHERITED", "yes")

        def show():
            import os

            print(os.environ["GIVEN"], os.environ["INHERITED"])

        version = self.register(registry, show)
        with agent(env_vars={"GIVEN": "7"}):
            run = self.finished(registry, registry.runs.create(version))
        assert [e.body["text"] for e in registry.runs.events(run.id, kinds=["stream"])] == ["7 yes\n"]

    def test_the_same_thread_twice(self, registry, agent):
        """An agent that runs is not started again."""
        with agent() as one, pytest.raises(AgentError, match="runs already"):
            one.start_in_thread()

    def test_it_can_be_started_again(self, registry):
        """An agent that has stopped can be started once more."""
        one, version = LocalAgent(), self.register(registry, lambda: 1)
        for _ in range(2):
            one.start_in_thread()
            assert self.finished(registry, registry.runs.create(version)).state is S.SUCCESS
            one.stop()

    @pytest.mark.parametrize("wrong", [0, -1, 1.5])
    def test_max_runs_is_a_number_from_one(self, wrong):
        """An agent that could take nothing is refused."""
        with pytest.raises(AgentError, match="at least one run"):
            LocalAgent(max_runs=wrong)

    def test_a_signal_lets_the_run_finish(self, registry, tmp_path):
        """SIGTERM makes an agent's process finish its run, leave, and say what it does; it exits with 0."""
        go = str(tmp_path / "go")

        def wait():
            import pathlib
            import time

            while not pathlib.Path(go).exists():
                time.sleep(0.01)

        run = registry.runs.create(self.register(registry, wait))
        process = subprocess.Popen([sys.executable, "-c", START, "mine"], stdout=subprocess.PIPE, text=True)
        try:
            self.wait_for(registry, run, S.RUNNING)
            process.send_signal(signal.SIGTERM)
            said = process.stdout.readline() + process.stdout.readline() + process.stdout.readline()
            assert f"Finishing run {run.id}" in said
            Path(go).touch()
            assert process.wait(60) == 0
        finally:
            process.kill()
            process.communicate()
        assert registry.runs.get(run.id).state is S.SUCCESS
        assert registry.agents.list() == []

    def test_a_second_signal_cancels(self, registry):
        """A second Ctrl-C cancels the runs at work instead of waiting for them."""

        def forever():
            import time

            while True:
                time.sleep(0.01)

        run = registry.runs.create(self.register(registry, forever))
        process = subprocess.Popen([sys.executable, "-c", START, "mine"], stdout=subprocess.PIPE, text=True)
        try:
            self.wait_for(registry, run, S.RUNNING)
            process.send_signal(signal.SIGINT)
            for line in process.stdout:
                if "Finishing" in line:
                    break
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()
            process.communicate()
        assert registry.runs.get(run.id).state is S.CANCELLED

    def test_another_process_of_the_same_name(self, registry, agent):
        """An agent of a name that runs in another process is refused with that process's number."""
        with agent(name="mine"):
            done = subprocess.run(
                [sys.executable, "-c", START, "mine"], capture_output=True, text=True, timeout=60, check=False
            )
        assert done.returncode != 0
        assert f"process {os.getpid()}" in done.stderr
