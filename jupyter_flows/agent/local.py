"""The local agent: it runs flows on this machine, each in a process of its own."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping, Sequence

from jupyter_flows.agent.base import LEASE_SECONDS, POLL_SECONDS, BaseAgent
from jupyter_flows.agent.job import local_job, local_storage
from jupyter_flows.agent.notebooks import write_executed
from jupyter_flows.agent.results import settle_results
from jupyter_flows.core.events import Event
from jupyter_flows.core.place import user_name
from jupyter_flows.core.state import StateName
from jupyter_flows.engine.launcher import Launcher, Process
from jupyter_flows.registry import Claim, Registry
from jupyter_flows.settings import load_settings


class LocalAgent(BaseAgent):
    """Run what it takes as processes on this machine.

    With `strict`, a run fails where installed versions differ from those registered, instead of saying so.
    Its runs see `env_vars`.
    """

    kind = "local"

    def __init__(
        self,
        labels: Iterable[str] | None = None,
        name: str | None = None,
        *,
        max_runs: int | None = None,
        strict: bool = False,
        env_vars: Mapping[str, str] | None = None,
        registry: Registry | None = None,
        lease_seconds: float = LEASE_SECONDS,
        poll_seconds: float = POLL_SECONDS,
        say: Callable[[str], None] = print,
    ):
        super().__init__(
            labels,
            name,
            max_runs=max_runs,
            registry=registry,
            lease_seconds=lease_seconds,
            poll_seconds=poll_seconds,
            say=say,
        )
        self._strict, self._env_vars = strict, dict(env_vars or {})

    def runner(self, registry: Registry, *, lasting: bool = True) -> _Processes:  # noqa: ARG002 - the contract's
        """Make a launcher; one for a single run keeps no spare process."""
        launcher = Launcher(idle_seconds=load_settings().idle_seconds) if lasting else Launcher(spares=False)
        return _Processes(launcher, self._env_vars, strict=self._strict)

    def where(self) -> str:
        """Name the user and the machine."""
        return f"as user {user_name()} on {socket.gethostname()}"


class _Processes:
    """Runs as processes of a launcher."""

    def __init__(self, launcher: Launcher, env: Mapping[str, str], *, strict: bool):
        self._launcher, self._env, self._strict = launcher, env, strict

    def start(self, claim: Claim, take: Callable[[Event], None]) -> Process:
        return self._launcher.start(local_job(claim, env=self._env, strict=self._strict), take)

    def before_end(self, registry: Registry, claim: Claim, last: Sequence[Event]) -> None:
        write_executed(registry, claim, last, lambda: local_storage(claim.version).load(claim.version.artifact))
        settle_results(claim.run, StateName(last[-1].body["state"]))

    def close(self) -> None:
        self._launcher.close()
