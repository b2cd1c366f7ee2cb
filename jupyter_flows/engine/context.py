"""What a task can know of the run it is part of: ``from jupyter_flows import context``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from jupyter_flows.core.events import EventLog


@dataclass(frozen=True, slots=True, eq=False)
class RunInfo:
    """One flow run, as its tasks may know it."""

    flow_name: str
    #: The registry's number of the run, None for a run that no registry knows.
    run_id: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    #: Where the run's events go; the engine's own, not for tasks.
    events: EventLog | None = None
    #: When the run was due, or began where nobody had planned it.
    scheduled_start_time: datetime | None = None
    #: The paused tasks that this run goes on with.
    resumed: AbstractSet[str] = frozenset()


class Place(NamedTuple):
    """Where code runs: in a run whose tasks have these names."""

    run: RunInfo
    slugs: Sequence[str]


current_place: ContextVar[Place | None] = ContextVar("jupyter_flows.current_place", default=None)
#: The running task's number in the place; negative for none. Apart, because it changes with every task.
current_number: ContextVar[int] = ContextVar("jupyter_flows.current_number", default=-1)


#: Which child of a mapped task runs, None for a task that is not mapped.
current_index: ContextVar[int | None] = ContextVar("jupyter_flows.current_index", default=None)
#: Which try of the running task this is, from 1; apart for the same reason.
current_try: ContextVar[int] = ContextVar("jupyter_flows.current_try", default=1)
#: Whether this is a worker thread's context: what runs in it has no claim on what belongs to the main thread.
on_worker: ContextVar[bool] = ContextVar("jupyter_flows.on_worker", default=False)
#: Waits until all tasks above the running one have ended; None where nothing runs beside it.
current_turn: ContextVar[Callable[[], None] | None] = ContextVar("jupyter_flows.current_turn", default=None)


def current_task() -> str | None:
    """Return the slug of the task that the calling code belongs to, if it says."""
    place, number = current_place.get(), current_number.get()
    return place.slugs[number] if place and number >= 0 else None


#: The run that this process was started for; what threads without a context of their own belong to.
_process_run: list[RunInfo] = []


def own_process(run: RunInfo) -> None:
    """Say that this whole process is `run`'s."""
    _process_run[:] = [run]


def process_run() -> RunInfo | None:
    """Return the run that this process was started for, if it was."""
    return _process_run[0] if _process_run else None


class Context:
    """The run and the task that the calling code is part of; outside of a run everything is None or empty."""

    @property
    def run_id(self) -> int | None:
        """The run's number in the registry."""
        run = self._run
        return run.run_id if run else None

    @property
    def flow_name(self) -> str | None:
        """The flow's name."""
        run = self._run
        return run.flow_name if run else None

    @property
    def task_name(self) -> str | None:
        """The running task's name."""
        return current_task()

    @property
    def map_index(self) -> int | None:
        """Which child of a mapped task runs, from 0; None in a task that is not mapped."""
        return current_index.get()

    @property
    def retry_count(self) -> int:
        """How many times the running task was tried before."""
        return current_try.get() - 1

    @property
    def resume(self) -> bool:
        """Whether the running task was paused, and this run goes on with it."""
        run, task = self._run, current_task()
        return run is not None and task in run.resumed

    @property
    def scheduled_start_time(self) -> datetime | None:
        """When the run was due (aware, UTC); of a run that nobody planned, when it began."""
        run = self._run
        return run.scheduled_start_time if run else None

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The run's parameters: those given, and the defaults of the others where they are known."""
        run = self._run
        return run.parameters if run else {}

    @property
    def logger(self) -> logging.Logger:
        """A logger whose lines are shown with the run, under the running task."""
        return logging.getLogger("jupyter_flows.run")

    @property
    def _run(self) -> RunInfo | None:
        place = current_place.get()
        return place.run if place else process_run()

    def __repr__(self) -> str:
        return f"<context: flow {self.flow_name!r}, run {self.run_id}, task {self.task_name!r}>"


context = Context()
