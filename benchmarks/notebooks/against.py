"""Hold the edges that the analysis finds against those that a traced execution shows to be needed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.notebooks.precision import critical_path
from benchmarks.notebooks.traced import TracedEdge
from jupyter_flows.capture.dataflow import connect
from jupyter_flows.capture.notebook import capture, read_notebook
from jupyter_flows.core.cell import Cell

#: What a cell does to these by importing a library or by starting to draw is not for a flow to order: every process
#: that runs the cell below imports the same, and before it.
_BY_IMPORTS = frozenset({"<warnings>", "<rcparams>", "<pandas.options>", "<logging>", "<environ>", "<sys.path>"})


@dataclass(frozen=True, slots=True)
class Static:
    """What the analysis says of a notebook; cells by ordinal."""

    #: The cells that take part.
    members: tuple[int, ...]
    edges: frozenset[tuple[int, int]]
    barriers: Mapping[int, str] = field(default_factory=dict)
    findings: Counter[str] = field(default_factory=Counter)
    #: Cells that do nothing but define and import.
    definitions: frozenset[int] = frozenset()
    #: How long reading the notebook into a flow takes, and the part of it that finds edges.
    capture_seconds: float = 0.0
    connect_seconds: float = 0.0


def analyse(path: Path) -> Static:
    """Capture a notebook file; raises what `capture` raises."""
    notebook = read_notebook(path)
    cells = [Cell(c.source, c.ordinal, tags=c.tags) for c in notebook.cells if c.source.strip()]
    began = time.perf_counter()
    connect(cells)
    connected = time.perf_counter()
    captured = capture(notebook, name="traced")
    ended = time.perf_counter()
    tasks = captured.flow.cell_tasks
    ordinal = {task.name: task.cell.ordinal for task in tasks}
    return Static(
        tuple(task.cell.ordinal for task in tasks),
        frozenset((ordinal[e.upstream.name], ordinal[e.downstream.name]) for e in captured.flow.edges),
        {f.cell: f.message for f in captured.findings if f.code in ("F003", "F013") and f.cell},
        Counter(f.code for f in captured.findings),
        frozenset(task.cell.ordinal for task in tasks if task.definition),
        ended - connected,
        connected - began,
    )


def misses(traced: Iterable[TracedEdge], static: Static) -> list[TracedEdge]:
    """Return the traced edges that no chain of static edges implies."""
    before = ancestors(static)
    return [e for e in traced if {e.upstream, e.downstream} <= before.keys() and e.upstream not in before[e.downstream]]


def ancestors(static: Static) -> dict[int, frozenset[int]]:
    """Return the cells that each cell follows, through any number of edges."""
    found: dict[int, frozenset[int]] = {}
    for cell, upstream in zip(static.members, by_position(static.members, static.edges), strict=True):
        direct = [static.members[n] for n in upstream]
        found[cell] = frozenset(direct).union(*(found[d] for d in direct))
    return found


def by_position(members: Sequence[int], pairs: Collection[tuple[int, int]]) -> list[list[int]]:
    """Return for each member the positions of those directly before it."""
    position = {cell: n for n, cell in enumerate(members)}
    upstream: list[list[int]] = [[] for _ in members]
    for first, second in pairs:
        if first in position and second in position:
            upstream[position[second]].append(position[first])
    return upstream


def explained(edge: TracedEdge, imports: Collection[int]) -> str:
    """Return why a miss is none, an empty text where it is one; `imports` are the cells that import."""
    if edge.label in _BY_IMPORTS and {edge.upstream, edge.downstream} & set(imports):
        return f"importing a library changes {edge.label}"
    return ""


@dataclass(frozen=True, slots=True)
class Paths:
    """The heaviest chain's share of the notebook's time, by either kind of edges."""

    static: float
    traced: float

    @property
    def ratio(self) -> float:
        """How much longer the analysis makes the critical path than it has to be."""
        return self.static / self.traced


def paths(traced: Iterable[TracedEdge], static: Static, seconds: Mapping[int, float]) -> Paths:
    """Measure both critical paths."""
    weights = [max(seconds.get(cell, 0.0), 0.0005) for cell in static.members]
    needed = {(e.upstream, e.downstream) for e in traced}
    return Paths(
        critical_path(by_position(static.members, static.edges), weights),
        critical_path(by_position(static.members, needed), weights),
    )
