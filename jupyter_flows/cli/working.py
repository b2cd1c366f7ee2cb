"""An agent at work in a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from jupyter_flows.cli.console import Console


@dataclass(frozen=True, slots=True)
class Work:
    """What an agent did, once it has stopped."""

    agent: str
    labels: tuple[str, ...]
    max_runs: int

    def to_json(self) -> dict[str, Any]:
        """Return what `agent start --json` prints."""
        return asdict(self)


def work(
    console: Console, *, labels: Iterable[str], max_runs: int | None, name: str | None, once: bool, strict: bool
) -> Work:
    """Run an agent in this process until it is told to stop, or with `once` until nothing waits for it."""
    from jupyter_flows.agent.local import LocalAgent

    agent = LocalAgent(labels, name, max_runs=max_runs, strict=strict, say=console.say)
    agent.start(once=once)
    return Work(agent.name, agent.labels, agent.max_runs)
