"""An agent at work in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from jupyter_flows.cli.console import Console

if TYPE_CHECKING:
    from jupyter_flows.agent.base import BaseAgent


@dataclass(frozen=True, slots=True)
class Work:
    """What an agent did, once it has stopped."""

    agent: str
    labels: tuple[str, ...]
    max_runs: int

    def to_json(self) -> dict[str, Any]:
        """Return what `agent start --json` prints."""
        return asdict(self)


def work(console: Console, kind: str, *, once: bool, **options: Any) -> Work:
    """Run an agent in this process until it is told to stop, or with `once` until nothing waits for it."""
    agent = _agent(kind, options, console)
    agent.start(once=once)
    return Work(agent.name, agent.labels, agent.max_runs)


def _agent(kind: str, options: Mapping[str, Any], console: Console) -> BaseAgent:
    if kind == "docker":
        from jupyter_flows.agent.docker import DockerAgent

        return DockerAgent(**options, say=console.say)
    from jupyter_flows.agent.local import LocalAgent

    return LocalAgent(**options, say=console.say)
