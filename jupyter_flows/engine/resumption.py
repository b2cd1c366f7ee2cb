"""What a run takes over from an earlier run of the same flow, in one process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.parameter import Parameter
from jupyter_flows.core.state import State, StateName
from jupyter_flows.core.task import Task
from jupyter_flows.errors import RunError


@dataclass(frozen=True, slots=True)
class Resumption:
    """An earlier run, as far as it counts for the next."""

    #: Tasks that do not run again, with all they depend on.
    settled: Mapping[Task, State]
    #: The slugs of tasks that were paused and go on.
    resumed: frozenset[str]
    #: The values that the earlier run had.
    parameters: Mapping[str, Any]


def resumption(flow: Flow, earlier: State, parameters: Mapping[str, Any] | None) -> Resumption:
    """Read an earlier run's state; raise `RunError` for one that is not this flow's, or with new parameters."""
    states = earlier.result
    if not isinstance(states, Mapping) or set(states) != set(flow.tasks):
        raise RunError(f"resume takes the state that an earlier run of flow {flow.name!r} returned, not {earlier!r}.")
    if parameters:
        raise RunError(f"A resumed run has the parameters of the earlier one: {', '.join(parameters)} can't be given.")
    values = {t.name: states[t].result for t in flow.tasks if isinstance(t, Parameter) and states[t].is_successful()}
    settled: dict[Task, State] = {}
    for task in flow.sorted_tasks():
        if states[task].is_successful() and all(u in settled for u in flow.upstream_tasks(task)):
            settled[task] = states[task]
    paused = frozenset(flow.slug(t) for t in flow.tasks if states[t].name is StateName.PAUSED)
    return Resumption(settled, paused, values)
