"""What the registry gives back: frozen rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jupyter_flows.core.artifact import Artifact
from jupyter_flows.core.place import Place
from jupyter_flows.core.state import FINISHED, StateName


@dataclass(frozen=True, slots=True)
class Version:
    """One registered version of a flow, or a draft."""

    id: int
    project: str
    flow: str
    #: 1, 2, ... within the flow; None for a draft (a run of what one sees, never registered).
    version: int | None
    #: The digest of the flow's meaning, ``v1:...``.
    digest: str
    #: flow.json, parsed.
    document: dict[str, Any]
    artifact: Artifact
    labels: tuple[str, ...]
    place: Place
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Resume:
    """From which earlier run a run goes on, and what it runs again although that need not be."""

    run_id: int
    #: Names of tasks.
    again: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """One flow run."""

    id: int
    project: str
    flow: str
    version: int | None
    state: StateName
    #: What the state says of itself, e.g. ``KeyError 'gross' (cell 6, line 2)``.
    message: str
    labels: tuple[str, ...]
    #: The values that were asked for; the flow's defaults fill the rest.
    parameters: dict[str, Any]
    #: Name of the agent that has it, or had it last.
    agent: str | None
    created_at: datetime
    #: Agents leave it alone before that.
    scheduled_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    #: How many times an agent has claimed it.
    tries: int
    #: The run that it goes on from, if it does.
    resume: Resume | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing follows any more."""
        return self.state in FINISHED

    def to_json(self) -> dict[str, Any]:
        """Return the run as JSON values, under the command line's keys."""
        return {
            "run_id": self.id,
            "project": self.project,
            "flow": self.flow,
            "version": self.version,
            "state": self.state.value,
            "message": self.message,
            "labels": list(self.labels),
            "parameters": self.parameters,
            "agent": self.agent,
            "created_at": iso(self.created_at),
            "scheduled_at": iso(self.scheduled_at),
            "started_at": iso(self.started_at),
            "finished_at": iso(self.finished_at),
            "resumed_from": self.resume.run_id if self.resume else None,
        }


@dataclass(frozen=True, slots=True)
class TaskRun:
    """One task of a flow run."""

    #: The task's slug.
    task: str
    #: Which element of a mapped task; None for a task that is not mapped.
    map_index: int | None
    #: The cell's ordinal; None for a function.
    cell: int | None
    state: StateName
    message: str
    started_at: datetime | None
    finished_at: datetime | None

    def to_json(self) -> dict[str, Any]:
        """Return the task run as JSON values, under the command line's keys."""
        return {
            "task": self.task,
            "map_index": self.map_index,
            "cell": self.cell,
            "state": self.state.value,
            "message": self.message,
            "started_at": iso(self.started_at),
            "finished_at": iso(self.finished_at),
        }


@dataclass(frozen=True, slots=True)
class RunState:
    """One entry of a run's state history, which only grows."""

    state: StateName
    message: str
    at: datetime
    #: Name of the agent whose report it was, if any.
    agent: str | None


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that an agent has taken, for as long as it renews the lease."""

    run: Run
    version: Version
    #: Proves that the lease is still ours: every report carries it, and each claim makes a larger one.
    token: int
    lease_seconds: float


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent that has announced itself."""

    id: int
    name: str
    #: "local", "docker", ...
    kind: str
    labels: tuple[str, ...]
    host: str
    user: str
    pid: int
    #: How many runs it takes at once.
    max_runs: int
    #: How many it runs now.
    load: int
    #: The version of jupyter_flows that it runs.
    version: str
    started_at: datetime
    beat_at: datetime
    stopped_at: datetime | None
    #: Whether it is there: not stopped, heard of lately, its process not known to be dead.
    alive: bool

    def to_json(self) -> dict[str, Any]:
        """Return the agent as JSON values."""
        return {
            "agent": self.name,
            "kind": self.kind,
            "labels": list(self.labels),
            "host": self.host,
            "user": self.user,
            "pid": self.pid,
            "max_runs": self.max_runs,
            "load": self.load,
            "version": self.version,
            "alive": self.alive,
            "started_at": iso(self.started_at),
            "beat_at": iso(self.beat_at),
            "stopped_at": iso(self.stopped_at),
        }


def iso(at: datetime | None) -> str | None:
    """Write a time as ISO 8601 in UTC."""
    return at.isoformat() if at else None
