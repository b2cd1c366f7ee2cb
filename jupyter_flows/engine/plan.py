"""Plans: a flow compiled to numbers, so that running a task costs little more than calling it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.graph import find_cycle, topological_order
from jupyter_flows.core.parameter import Parameter
from jupyter_flows.core.rules import USUAL
from jupyter_flows.core.task import CellTask, Collect, FunctionTask, GetItem, Task
from jupyter_flows.engine.lanes import Call, Lanes, find_lanes
from jupyter_flows.errors import CycleError


@dataclass(frozen=True, slots=True)
class Plan:
    """A flow's tasks by number (their order in the flow), and how they hang together."""

    name: str
    tasks: tuple[Task, ...]
    slugs: tuple[str, ...]
    #: Numbers such that each comes after all it waits for, lowest first: notebook order for cells.
    order: Sequence[int]
    upstream: Sequence[Sequence[int]]
    downstream: Sequence[Sequence[int]]
    calls: tuple[Call, ...]
    #: Values that stand behind the results: argument ``len(tasks) + n`` is ``constants[n]``.
    constants: tuple[Any, ...]
    #: Parameter name to the number of its constant.
    parameters: Mapping[str, int]
    #: The tasks that the flow's state comes from.
    reference: tuple[int, ...]
    #: What there is to know of mapped tasks, if there are any.
    lanes: Lanes | None = None

    @property
    def size(self) -> int:
        """How many tasks there are."""
        return len(self.tasks)


def compile_plan(flow: Flow, run_cell: Callable[[CellTask], None] | None = None) -> Plan:
    """Compile a flow; cells run by `run_cell`. Raise `CycleError` where tasks wait for each other."""
    tasks = flow.tasks
    number = {t: n for n, t in enumerate(tasks)}
    slugs = tuple(map(flow.slug, tasks))
    up: list[list[int]] = [[] for _ in tasks]
    down: list[list[int]] = [[] for _ in tasks]
    keyed: list[dict[str, int] | None] = [None] * len(tasks)
    forward = True
    for upstream, downstream, key, *_ in flow.edges:
        u, d = number[upstream], number[downstream]
        up[d].append(u)
        down[u].append(d)
        forward = forward and u < d
        if key is not None:
            bound = keyed[d]
            if bound is None:
                keyed[d] = {key: u}
            else:
                bound[key] = u
    binder = _Binder(flow, run_cell)
    calls = tuple(map(binder.call, tasks, keyed))
    order = range(len(tasks)) if forward else _order(slugs, up)
    return Plan(
        name=flow.name,
        tasks=tasks,
        slugs=slugs,
        order=order,
        upstream=up,
        downstream=down,
        calls=calls,
        constants=tuple(binder.constants),
        parameters=binder.parameters,
        reference=tuple(sorted(number[t] for t in flow.reference_tasks())),
        lanes=find_lanes(flow, number, order, calls),
    )


def _order(slugs: Sequence[str], up: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Order the tasks, lowest number first; where each edge points forward this would be their own order."""
    pairs = [(u, d) for d, us in enumerate(up) for u in us]
    order, stuck = topological_order(len(up), pairs)
    if stuck:
        raise CycleError([slugs[n] for n in find_cycle(stuck, pairs)])
    return tuple(order)


class _Binder:
    """Finds each task's arguments among results and constants."""

    def __init__(self, flow: Flow, run_cell: Callable[[CellTask], None] | None):
        self.flow, self.run_cell = flow, run_cell or _no_cells
        self.constants: list[Any] = []
        self.parameters: dict[str, int] = {}
        self.size = len(flow.tasks)
        self.keeps = flow.result is not None

    def constant(self, value: Any) -> int:
        self.constants.append(value)
        return self.size + len(self.constants) - 1

    def call(self, task: Task, keyed: dict[str, int] | None) -> Call:
        """Return how `task` is called, whose arguments from other tasks are `keyed`."""
        if self.keeps or (task.rules is not USUAL and task.rules.is_stored):
            stored = self.stored(task, keyed)
            if stored is not None:
                return stored
        if type(task) is FunctionTask:
            return _positional(task.fn, self.bound(task, keyed))
        if isinstance(task, CellTask):
            return self.run_cell, (self.constant(task),), None
        if isinstance(task, Parameter):
            place = self.constant(task.default)
            self.parameters[task.name] = place - self.size
            return _same, (place,), None
        bound = self.bound(task, keyed)
        return task.run, tuple(bound.values()), tuple(bound)

    def stored(self, task: Task, keyed: dict[str, int] | None) -> Call | None:
        """Return how a task is called whose result is kept; None for those that compute nothing."""
        if isinstance(task, CellTask | Parameter | Collect | GetItem):
            return None
        from jupyter_flows.engine.results.stored_call import StoredCall

        bound = self.bound(task, keyed)
        return StoredCall(task, self.flow.result), tuple(bound.values()), tuple(bound)

    def bound(self, task: Task, keyed: dict[str, int] | None) -> dict[str, int]:
        constants = self.flow.constants(task)
        if not constants:
            return keyed or {}
        return {k: self.constant(v) for k, v in constants.items()} | (keyed or {})


def _positional(fn: Callable[..., Any], bound: dict[str, int]) -> Call:
    """Pass arguments by position where the function's first parameters are exactly those bound."""
    if not bound:
        return fn, (), None
    names = tuple(bound)
    if type(fn) is FunctionType:
        code = fn.__code__
        first = code.co_varnames[: min(code.co_argcount, len(bound))]
        if first == names:
            return fn, tuple(bound.values()), None
        if len(first) == len(names) and set(first) == bound.keys():
            return fn, tuple(map(bound.__getitem__, first)), None
    return fn, tuple(bound.values()), names


def _same(value: Any) -> Any:
    return value


def _no_cells(task: CellTask) -> None:
    raise TypeError(f"Cell {task.cell.ordinal} needs a namespace to run in: give FlowRunner cells=.")
