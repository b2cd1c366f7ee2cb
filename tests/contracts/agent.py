"""What every agent promises, wherever it runs flows: its tests inherit `AgentContract`."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from jupyter_flows import Flow, task
from jupyter_flows.core.state import StateName
from jupyter_flows.environments.storage import Storage
from jupyter_flows.errors import AgentError
from jupyter_flows.registry import Registry, Run, Version

S = StateName


def flow_of(function: Callable[..., Any], name: str = "one") -> Flow:
    """Build a flow of one task."""
    flow = Flow(name)
    task(function).bind(flow=flow)
    return flow


class AgentContract:
    """Inherit, and give a fixture `agent`: called with labels and options, an agent at work inside a ``with``."""

    #: Of the fixture: ``agent(labels, **options)``.
    Start = Callable[..., AbstractContextManager[Any]]

    def storage(self) -> Storage | None:
        """Make a storage that this agent's flows are kept in; None for the default one."""
        return None

    def register(self, registry: Registry, function: Callable[..., Any], *, labels=(), name: str = "one") -> Version:
        return self.registered(registry, flow_of(function, name), labels=labels)

    def registered(self, registry: Registry, flow: Flow, *, labels=()) -> Version:
        flow.storage = self.storage() or flow.storage
        flow.register("P", labels=list(labels))
        return registry.flows.get("P", flow.name)

    def finished(self, registry: Registry, run: Run) -> Run:
        for seen, _ in registry.runs.follow(run.id):
            run = seen
        return run

    def wait_for(self, registry: Registry, run: Run, state: StateName) -> None:
        for seen, _ in registry.runs.follow(run.id):
            if seen.state is state:
                return
        raise AssertionError(f"{seen.state}: {seen.message}")

    def test_it_runs_what_it_takes(self, registry, agent):
        """A run whose labels are among the agent's is run, and its states, tasks and output are recorded."""

        def work():
            print("at work")
            return 1

        version = self.register(registry, work, labels=["dev"])
        with agent(["dev", "gpu"]) as one:
            run = self.finished(registry, registry.runs.create(version))
        assert (run.state, run.agent) == (S.SUCCESS, one.name)
        assert [(t.task, t.state) for t in registry.runs.tasks(run.id)] == [("work", S.SUCCESS)]
        (text,) = [e.body["text"] for e in registry.runs.events(run.id, kinds=["stream"])]
        assert text == "at work\n"

    def test_it_leaves_what_it_does_not_take(self, registry, agent):
        """A run without labels, or with another, stays for another agent."""
        plain = registry.runs.create(self.register(registry, lambda: 1, name="plain"))
        gpu = registry.runs.create(self.register(registry, lambda: 1, name="gpu", labels=["gpu"]))
        dev = registry.runs.create(self.register(registry, lambda: 1, name="dev", labels=["dev"]))
        with agent(["dev"]):
            assert self.finished(registry, dev).state is S.SUCCESS
        assert [registry.runs.get(run.id).state for run in (plain, gpu)] == [S.SCHEDULED, S.SCHEDULED]

    def test_a_failing_flow(self, registry, agent):
        """A run whose task fails is Failed, and says where and why; the agent goes on."""

        def broken():
            raise KeyError("gross")

        version = self.register(registry, broken)
        with agent():
            runs = [self.finished(registry, registry.runs.create(version)) for _ in range(2)]
        assert [run.state for run in runs] == [S.FAILED, S.FAILED]
        assert "gross" in runs[0].message

    def test_user_code_is_unpickled_elsewhere(self, registry, agent, tmp_path):
        """What a flow carries comes to life in a process of its own, never in the agent's."""
        note = tmp_path / "pid"
        code = f"__import__('pathlib').Path({str(note)!r}).write_text(str(__import__('os').getpid()))"

        class Trap:
            def __reduce__(self):
                return eval, (code,)

        flow = Flow("trap")
        task(lambda x: x, name="work").bind(Trap(), flow=flow)
        version = self.registered(registry, flow)
        assert not note.exists()
        with agent():
            self.finished(registry, registry.runs.create(version))
        assert int(note.read_text()) != os.getpid()

    def test_cancel(self, registry, agent, tmp_path):
        """A run that is cancelled while it works is stopped, and ends as Cancelled."""
        begun = str(tmp_path / "begun")

        def forever():
            import pathlib
            import time

            pathlib.Path(begun).touch()
            while True:
                time.sleep(0.01)

        version = self.register(registry, forever)
        with agent():
            run = registry.runs.create(version)
            self.wait_for(registry, run, S.RUNNING)
            registry.runs.cancel(run.id)
            assert self.finished(registry, run).state is S.CANCELLED

    def test_several_at_once(self, registry, agent, tmp_path):
        """Up to `max_runs` go on at the same time: each of these waits for the other."""
        folder = str(tmp_path)

        def meet():
            import pathlib
            import time
            import uuid

            pathlib.Path(folder, f"here-{uuid.uuid4()}").touch()
            while len(list(pathlib.Path(folder).glob("here-*"))) < 2:
                time.sleep(0.01)

        version = self.register(registry, meet)
        runs = [registry.runs.create(version) for _ in range(2)]
        with agent(max_runs=2):
            assert [self.finished(registry, run).state for run in runs] == [S.SUCCESS, S.SUCCESS]

    def test_stopping_lets_runs_finish(self, registry, agent, tmp_path):
        """A stopped agent takes no more, and the run at work ends as if nothing had been said."""
        go = str(tmp_path / "go")

        def wait():
            import pathlib
            import time

            while not pathlib.Path(go).exists():
                time.sleep(0.01)

        version = self.register(registry, wait)
        first, second = registry.runs.create(version), registry.runs.create(version)
        with agent(max_runs=1) as one:
            self.wait_for(registry, first, S.RUNNING)
            one.stop(timeout=0)
            Path(go).touch()
        assert registry.runs.get(first.id).state is S.SUCCESS
        assert registry.runs.get(second.id).state is S.SCHEDULED
        assert registry.agents.list() == []

    def test_started_twice(self, registry, agent):
        """A second agent of one name is refused, and told where the first one is."""
        with agent(name="mine"), pytest.raises(AgentError, match=f"process {os.getpid()}"), agent(name="mine"):
            pass
        with agent(name="mine"):
            assert [a.name for a in registry.agents.list()] == ["mine"]
