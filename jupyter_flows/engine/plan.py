"""Plans: a flow compiled to numbers, so that running a task costs little more than calling it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.graph import find_cycle, topological_order
from jupyter_flows.core.parameter import Parameter
from jupyter_flows.core.task import CellTask, FunctionTask, Task
from jupyter_flows.errors import CycleError


@dataclass(slots=True)
class Call:
    """How a task is called: a function and where its arguments lie among results and constants."""

    fn: Callable[..., Any]
    places: tuple[int, ...]
    #: Argument names, None when all go by position.
    names: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A flow's tasks by number (their order in the flow), and how they hang together."""

    name: str
    tasks: tuple[Task, ...]
    slugs: tuple[str, ...]
    #: Numbers such that each comes after all it waits for, lowest first: notebook order for cells.
    order: tuple[int, ...]
    upstream: tuple[tuple[int, ...], ...]
    downstream: tuple[tuple[int, ...], ...]
    calls: tuple[Call, ...]
    #: The tasks whose results each task takes (a subset of `upstream`).
    takes: tuple[tuple[int, ...], ...]
    #: Values that stand behind the results: argument ``len(tasks) + n`` is ``constants[n]``.
    constants: tuple[Any, ...]
    #: Parameter name to the number of its constant.
    parameters: Mapping[str, int]
    #: The tasks that the flow's state comes from.
    reference: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many tasks there are."""
        return len(self.tasks)


def compile_plan(flow: Flow, run_cell: Callable[[CellTask], None] | None = None) -> Plan:
    """Compile a flow; cells run by `run_cell`. Raise `CycleError` where tasks wait for each other."""
    tasks = flow.tasks
    number = {t: n for n, t in enumerate(tasks)}
    edges = [(number[e.upstream], number[e.downstream], e.key) for e in flow.edges]
    pairs = [(u, d) for u, d, _ in edges]
    order, stuck = topological_order(len(tasks), pairs)
    if stuck:
        raise CycleError([flow.slug(tasks[n]) for n in find_cycle(stuck, pairs)])
    upstream, downstream = _neighbours(len(tasks), pairs)
    binder = _Binder(flow, edges, run_cell)
    calls = tuple(binder.call(n, task) for n, task in enumerate(tasks))
    return Plan(
        name=flow.name,
        tasks=tasks,
        slugs=tuple(flow.slug(t) for t in tasks),
        order=tuple(order),
        upstream=upstream,
        downstream=downstream,
        calls=calls,
        takes=tuple(tuple({p for p in c.places if p < len(tasks)}) if c.places else () for c in calls),
        constants=tuple(binder.constants),
        parameters=binder.parameters,
        reference=tuple(sorted(number[t] for t in flow.reference_tasks())),
    )


_Neighbours = tuple[tuple[int, ...], ...]


def _neighbours(size: int, pairs: Iterable[tuple[int, int]]) -> tuple[_Neighbours, _Neighbours]:
    up: list[list[int]] = [[] for _ in range(size)]
    down: list[list[int]] = [[] for _ in range(size)]
    for u, d in pairs:
        up[d].append(u)
        down[u].append(d)
    return tuple(map(tuple, up)), tuple(map(tuple, down))


class _Binder:
    """Finds each task's arguments among results and constants."""

    def __init__(self, flow: Flow, edges: Iterable[tuple[int, int, str | None]], run_cell: Any):
        self.flow, self.run_cell = flow, run_cell
        self.constants: list[Any] = []
        self.parameters: dict[str, int] = {}
        self.size = len(flow.tasks)
        self.keyed: dict[int, dict[str, int]] = {}
        for u, d, key in edges:
            if key is not None:
                self.keyed.setdefault(d, {})[key] = u

    def constant(self, value: Any) -> int:
        self.constants.append(value)
        return self.size + len(self.constants) - 1

    def call(self, n: int, task: Task) -> Call:
        if isinstance(task, CellTask):
            return Call(self.run_cell or _no_cells, (self.constant(task),), None)
        if isinstance(task, Parameter):
            place = self.constant(task.default)
            self.parameters[task.name] = place - self.size
            return Call(_same, (place,), None)
        bound = {k: self.constant(v) for k, v in self.flow.constants(task).items()}
        bound.update(self.keyed.get(n, {}))
        if type(task) is FunctionTask:
            return _positional(task.fn, bound)
        return Call(task.run, tuple(bound.values()), tuple(bound))


def _positional(fn: Callable[..., Any], bound: dict[str, int]) -> Call:
    """Pass arguments by position where the function's first parameters are exactly those bound."""
    if not bound:
        return Call(fn, (), None)
    if isinstance(fn, FunctionType):
        code = fn.__code__
        first = code.co_varnames[: min(code.co_argcount, len(bound))]
        if len(first) == len(bound) and all(name in bound for name in first):
            return Call(fn, tuple(bound[name] for name in first), None)
    return Call(fn, tuple(bound.values()), tuple(bound))


def _same(value: Any) -> Any:
    return value


def _no_cells(task: CellTask) -> None:
    raise TypeError(f"Cell {task.cell.ordinal} needs a namespace to run in: give FlowRunner cells=.")
