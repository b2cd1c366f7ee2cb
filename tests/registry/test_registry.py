"""The embedded registry keeps the contract."""

from __future__ import annotations

import pytest

from jupyter_flows.core.state import StateName
from jupyter_flows.registry import open_registry
from jupyter_flows.registry.process_mark import ProcessMark
from tests.contracts.registry import Clock, Events, RegistryContract


class TestEmbeddedRegistry(RegistryContract):
    @pytest.fixture
    def registry(self, tmp_path, clock: Clock):
        with open_registry(tmp_path / "registry.sqlite", clock=clock) as registry:
            yield registry

    def test_a_dead_process_is_noticed_at_once(self, registry, version, clock):
        """A run whose agent's process died on this machine is not waited for until its lease runs out."""
        here = ProcessMark.current()
        dead = ProcessMark(here.machine, here.pid, here.started + 1)
        agent = registry.agents.start("gone", "local", ["dev"], mark=dead)
        registry.runs.create(version)
        claim = self.claimed(registry, agent)
        # An agent that lives may have claimed meanwhile: what had begun is failed.
        assert registry.agents.list() == []
        assert registry.runs.get(claim.run.id).state is StateName.SCHEDULED

    def test_a_living_process_is_believed(self, registry, version, clock):
        """A run of a process that lives here is left to it."""
        agent = registry.agents.start("here", "local", ["dev"])
        registry.runs.create(version)
        claim = self.claimed(registry, agent)
        registry.runs.report(claim.run.id, claim.token, [Events(clock).state("Running")])
        assert registry.runs.expire() == []

    def test_another_process_sees_the_same(self, registry, version):
        """What one connection wrote, one opened later reads."""
        with open_registry(registry.url) as other:
            assert other.flows.get("P", "etl") == version
