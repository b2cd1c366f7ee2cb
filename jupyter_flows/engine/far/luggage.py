"""What another process must have to call a run's functions: code, constants, modules, and what `context` tells."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import cloudpickle

from jupyter_flows.core.task import FunctionTask, Task
from jupyter_flows.core.unpicklable import failing_path, pickled_size
from jupyter_flows.engine.context import RunInfo, process_run
from jupyter_flows.engine.packed_modules import PackedModules
from jupyter_flows.engine.task_runner import TaskRunner
from jupyter_flows.errors import RunError


class Trip(NamedTuple):
    """One task that may be called far from home."""

    task: Task
    slug: str
    #: The arguments' names, None when all go by position.
    names: tuple[str, ...] | None
    #: One for each argument: ``(value,)`` where it is known before, None where it is a result still to come.
    known: tuple[tuple[Any] | None, ...]

    def call(self, results: Sequence[Any]) -> Any:
        """Call the task's function; `results` are the arguments that were not known before, in order."""
        coming = iter(results)
        values = [next(coming) if known is None else known[0] for known in self.known]
        fn = self.task.fn if type(self.task) is FunctionTask else self.task.run
        return fn(*values) if self.names is None else fn(**dict(zip(self.names, values, strict=True)))


@dataclass(frozen=True, slots=True)
class Luggage:
    """One run's free tasks, packed for other processes."""

    run: RunInfo
    trips: Mapping[int, Trip]
    #: Whether this is the process that packed: it has all modules, and the run's own streams.
    at_home: bool
    finders: Sequence[PackedModules] = ()

    def clean(self) -> None:
        """Find its modules no longer."""
        for finder in self.finders:
            sys.meta_path.remove(finder)
            finder.clean()


def arguments_to_come(work: TaskRunner, number: int, at_home: set[int]) -> list[int]:
    """Return where what a free task is sent lies, in the order of its arguments: results, and elements for a child."""
    known = work.plan.size + len(work.plan.constants)
    return [p for p in work.places_of(number) if p >= known or (p < work.plan.size and p not in at_home)]


def pack(work: TaskRunner, at_home: set[int]) -> bytes:
    """Pack the free tasks; results `at_home` travel as constants. Raise `RunError` naming what can't be sent."""
    trips = {number: _trip(work, number, at_home) for number in work.packed}
    finders = [finder for finder in sys.meta_path if isinstance(finder, PackedModules)]
    try:
        inner = cloudpickle.dumps((replace(work.place.run, events=None), trips))
    except Exception as error:
        raise RunError(_unpacked(trips, error)) from error
    return bytes(cloudpickle.dumps((os.getpid(), socket.gethostname(), [f.contents for f in finders], inner)))


def unpack(data: bytes) -> Luggage:
    """Bring back what `pack` packed, its modules found from now on; runs the pickle's code."""
    home, host, modules, inner = cloudpickle.loads(data)
    at_home = (home, host) == (os.getpid(), socket.gethostname())
    finders = [] if at_home else [PackedModules(*contents) for contents in modules]
    for finder in finders:
        finder.install()
    run, trips = cloudpickle.loads(inner)
    return Luggage(process_run() or run if at_home else run, trips, at_home, finders)


def _trip(work: TaskRunner, number: int, at_home: set[int]) -> Trip:
    plan, size = work.plan, work.plan.size
    _, places, names = plan.calls[number]
    each = plan.lanes.specs[number].over if plan.lanes and number in plan.lanes.specs else (False,) * len(places)
    known = tuple(
        (work.results[p],) if (p >= size or p in at_home) and not one else None
        for p, one in zip(places, each, strict=True)
    )
    return Trip(plan.tasks[number], plan.slugs[number], names, known)


def _unpacked(trips: Mapping[int, Trip], error: Exception) -> str:
    for trip in trips.values():
        code = trip.task.fn if isinstance(trip.task, FunctionTask) else trip.task
        parts = [(trip.task.name, code), *((f"argument of {trip.slug}", known[0]) for known in trip.known if known)]
        for name, part in parts:
            if pickled_size(part)[1]:
                path, kind = failing_path(part, name)
                return f"Task {trip.slug!r} can't be sent to another process: {path} is a {kind}. Make it in the task."
    return f"The flow's functions can't be sent to another process: {error}."
