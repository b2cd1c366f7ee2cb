"""Agents die and compete: no run is lost, none is had twice, and whoever looks sees what happened."""

from __future__ import annotations

import signal
from collections import Counter

import pytest

from jupyter_flows import Flow, task
from jupyter_flows.agent.local import LocalAgent
from jupyter_flows.core.state import StateName
from jupyter_flows.registry import open_registry
from tests.faults.workers import AGENT, CLAIMER, end, gone, start

S = StateName


@pytest.fixture
def registry():
    with open_registry() as registry:
        yield registry


def register(registry, function, name="flow"):
    flow = Flow(name)
    task(function, name="work").bind(flow=flow)
    flow.register("P")
    return registry.flows.get("P", name)


def until(registry, run, state):
    for seen, _ in registry.runs.follow(run.id):
        if seen.state is state:
            return seen
    raise AssertionError(f"{seen.state}: {seen.message}")


def test_a_killed_agents_run_is_noticed_at_once(registry, tmp_path):
    """After kill -9 of an agent its run ends with it, and is Failed for whoever looks, long before the lease ends."""
    note = str(tmp_path / "pid")

    def forever():
        import os
        import pathlib
        import time

        pathlib.Path(note + ".new").write_text(str(os.getpid()))
        pathlib.Path(note + ".new").rename(note)
        while True:
            time.sleep(0.01)

    run = registry.runs.create(register(registry, forever))
    agent = start(AGENT, "mine")
    try:
        until(registry, run, S.RUNNING)
        while not (tmp_path / "pid").exists():
            pass
        agent.send_signal(signal.SIGKILL)
        agent.wait(30)
    finally:
        end(agent)
    seen = registry.runs.get(run.id)
    assert seen.state is S.FAILED
    assert "Agent 'mine' was lost" in seen.message
    assert [t.state for t in registry.runs.tasks(run.id)] in ([S.FAILED], [S.CANCELLED])
    assert registry.agents.list() == []
    # The run's process lost its agent's pipe: it stops by itself and leaves no orphan.
    pid = int((tmp_path / "pid").read_text())
    while not gone(pid):
        pass
    with_the_same_name = LocalAgent(name="mine").start_in_thread()
    with_the_same_name.stop()


def test_a_claim_whose_agent_died_is_taken_by_another(registry):
    """A run that an agent had claimed, but not begun, when it died is run by the next one."""
    version = register(registry, lambda: 1)
    run = registry.runs.create(version)
    code = (
        "import os\n"
        "from jupyter_flows.registry import open_registry\n"
        "registry = open_registry()\n"
        "me = registry.agents.start('dying', 'local')\n"
        "assert registry.runs.claim(me.id, [], lease_seconds=60)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    dying = start(code)
    dying.wait(60)
    end(dying)
    LocalAgent(name="next").start(once=True)
    seen = registry.runs.get(run.id)
    assert (seen.state, seen.agent, seen.tries) == (S.SUCCESS, "next", 2)


def test_many_claimers_share_many_runs(registry):
    """200 runs and four processes: each run is had exactly once, and every history is Scheduled to Success."""
    version = register(registry, lambda: 1)
    asked = [registry.runs.create(version).id for _ in range(200)]
    claimers = [start(CLAIMER, f"agent{n}") for n in range(4)]
    try:
        for claimer in claimers:
            assert claimer.stdout.readline() == "ready\n"
        for claimer in claimers:
            claimer.stdin.write("go\n")
            claimer.stdin.flush()
        had = [list(map(int, claimer.communicate(timeout=100)[0].split())) for claimer in claimers]
    finally:
        for claimer in claimers:
            end(claimer)
    assert Counter(run for runs in had for run in runs) == Counter(asked)
    for run in asked:
        states = [h.state for h in registry.runs.history(run)]
        assert states == [S.SCHEDULED, S.SUBMITTED, S.RUNNING, S.SUCCESS]


@pytest.mark.parametrize("number", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_two_agents_run_everything_once(registry, tmp_path, number):
    """Two agents' processes run real runs, each once: every run leaves one mark, no more and no less."""
    folder = str(tmp_path)

    def leave_a_mark():
        import os
        import pathlib

        from jupyter_flows import context

        mark = pathlib.Path(folder, f"{context.run_id}-{os.getpid()}")
        mark.touch(exist_ok=False)

    version = register(registry, leave_a_mark)
    asked = [registry.runs.create(version).id for _ in range(number)]
    agents = [start(AGENT, f"agent{n}", "once") for n in range(2)]
    try:
        for agent in agents:
            agent.communicate(timeout=600)
    finally:
        for agent in agents:
            end(agent)
    assert {registry.runs.get(run).state for run in asked} == {S.SUCCESS}
    assert sorted(int(mark.name.partition("-")[0]) for mark in tmp_path.iterdir() if "-" in mark.name) == asked


@pytest.mark.slow
def test_agents_killed_again_and_again(registry):
    """With agents killed at random moments every run still ends, once, by allowed steps."""
    version = register(registry, lambda: __import__("time").sleep(0.05))
    asked = [registry.runs.create(version).id for _ in range(30)]
    for round_ in range(12):
        agent = start(AGENT, f"agent{round_}", "once")
        assert agent.stdout.readline()
        for _ in registry.runs.follow(asked[2 * round_]):
            break
        if any(registry.runs.get(run).state is S.RUNNING for run in asked):
            agent.send_signal(signal.SIGKILL)
        end(agent)
    last = start(AGENT, "last", "once")
    last.communicate(timeout=300)
    end(last)
    for run in asked:
        states = [h.state for h in registry.runs.history(run)]
        assert states[-1] in (S.SUCCESS, S.FAILED)
        assert sum(state in (S.SUCCESS, S.FAILED) for state in states) == 1
