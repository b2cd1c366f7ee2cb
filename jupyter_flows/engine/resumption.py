"""What a run takes over from an earlier run of the same flow, in one process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_flows.core.flow import Edge, Flow
from jupyter_flows.core.parameter import Parameter
from jupyter_flows.core.state import State, StateName
from jupyter_flows.core.task import Task
from jupyter_flows.errors import RunError


@dataclass(frozen=True, slots=True)
class Resumption:
    """An earlier run, as far as it counts for the next."""

    #: Tasks that do not run again, with all they depend on; of mapped ones, the children that succeeded don't.
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
        if states[task].is_successful() and all(_lasts(edge, settled) for edge in flow.edges_to(task)):
            settled[task] = states[task]
    paused = frozenset(flow.slug(t) for t in flow.tasks if _has_paused(states[t]))
    return Resumption(settled, paused, values)


def _lasts(edge: Edge, settled: Mapping[Task, State]) -> bool:
    """Tell whether what a task got along an edge is what it would get again, at least for some of its children."""
    state = settled.get(edge.upstream)
    return state is not None and (edge.mapped or all(child.is_successful() for child in state.map_states))


def _has_paused(state: State) -> bool:
    return state.name is StateName.PAUSED or any(child.name is StateName.PAUSED for child in state.map_states)
