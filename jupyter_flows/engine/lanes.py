"""Lanes: mapped tasks whose children go hand in hand, the n-th of one after the n-th of another.

A lane is followed child by child: all its tasks for the first element, then all for the second. A mapped task joins
the lane of those it is mapped over, unless it waits for the whole of one of them by another way: then it begins a lane
of its own. To executors that know nothing of this, a lane's first task is the whole lane, and the others wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.graph import topological_order
from jupyter_flows.core.task import CellTask

if TYPE_CHECKING:
    from jupyter_flows.core.task import Task

#: How a task is called: a function, where its arguments lie among results and constants, and their
#: names, None when all go by position. A plain tuple, for there is one a task.
Call = tuple[Callable[..., Any], tuple[int, ...], tuple[str, ...] | None]
Edges = Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class MapSpec:
    """How one task is mapped."""

    number: int
    #: The task's arguments as its call has them: their names, and whether a child takes one element.
    keys: tuple[str, ...]
    over: tuple[bool, ...]
    #: The mapped tasks of which a child waits for one child, and the other tasks it waits for, whole.
    aligned: tuple[int, ...]
    whole: tuple[int, ...]
    #: Tasks that are mapped over without being an argument: a child waits for one element, or child.
    silent: tuple[int, ...]
    #: The first task of the lane.
    leader: int


@dataclass(frozen=True, slots=True)
class Lanes:
    """All that a plan knows of mapped tasks, by number."""

    specs: Mapping[int, MapSpec]
    #: The tasks of each lane by its first, in an order in which they can be called.
    members: Mapping[int, tuple[int, ...]]
    #: The graph as it is when each lane is one task, its first.
    order: Sequence[int]
    upstream: Edges
    downstream: Edges


def find_lanes(flow: Flow, number: Mapping[Task, int], order: Sequence[int], calls: Sequence[Call]) -> Lanes | None:
    """Return the lanes of a flow, None where nothing is mapped."""
    if not flow.has_mapped:
        return None
    tasks = flow.tasks
    leaders = _leaders(flow, number, order)
    members: dict[int, list[int]] = {}
    for n in order:
        if n in leaders:
            members.setdefault(leaders[n], []).append(n)
    first = {lane[0]: tuple(lane) for lane in members.values()}
    leader = {n: lane[0] for lane in first.values() for n in lane}
    specs = {n: _spec(flow, tasks[n], number, calls[n], leader[n]) for n in leader}
    up, down = _contracted(flow, number, leader)
    whole_order, _ = topological_order(len(tasks), [(u, d) for d, ups in enumerate(up) for u in ups])
    return Lanes(specs, first, tuple(whole_order), up, down)


def _leaders(flow: Flow, number: Mapping[Task, int], order: Sequence[int]) -> dict[int, int]:
    """Return for each mapped task one task that stands for its lane.

    `depth` counts, along the way to a task, the places where it must wait for the whole of a mapped one. All tasks of
    a lane have one depth, and every way out of a lane adds to it; so no lane waits for itself.
    """
    tasks = flow.tasks
    depth: dict[int, int] = {}
    lane: dict[int, int] = {}
    for n in order:
        edges = [(number[e.upstream], e.mapped) for e in flow.edges_to(tasks[n])]
        along = {u for u, over in edges if over and u in lane}
        level = max((depth[u] for u in along), default=0)
        meeting = {_root(lane, u) for u in along if depth[u] == level}
        outside = [depth[u] + (u in lane) for u, over in edges if not (over and u in lane)]
        if meeting and max(outside, default=0) <= level:
            depth[n] = level
            lane[n] = min(meeting)
            for root in meeting:
                lane[root] = lane[n]
            continue
        depth[n] = max([*outside, *(depth[u] + 1 for u in along)], default=0)
        if flow.is_mapped(tasks[n]):
            lane[n] = n
    return {n: _root(lane, n) for n in lane}


def _root(lane: dict[int, int], number: int) -> int:
    while lane[number] != number:
        number = lane[number]
    return number


def _spec(flow: Flow, task: Task, number: Mapping[Task, int], call: Call, leader: int) -> MapSpec:
    fn, places, names = call
    #: By position go the first parameters of a plain function, in their order.
    if isinstance(task, CellTask):
        #: A cell takes the index of its run; the element it finds under its name.
        names = ("index",)
    keys = names or (fn.__code__.co_varnames[: len(places)] if places else ())
    edges = flow.edges_to(task)
    over = (
        {e.key for e in edges if e.mapped}
        | flow.mapped_constants(task)
        | ({*keys} if isinstance(task, CellTask) else set())
    )
    aligned = {number[e.upstream] for e in edges if e.mapped and flow.is_mapped(e.upstream)}
    whole = {number[e.upstream] for e in edges if not (e.mapped and flow.is_mapped(e.upstream))}
    silent = {number[e.upstream] for e in edges if e.mapped and e.key is None}
    return MapSpec(
        number=number[task],
        keys=tuple(keys),
        over=tuple(key in over for key in keys),
        aligned=tuple(sorted(aligned)),
        whole=tuple(sorted(whole)),
        silent=tuple(sorted(silent)),
        leader=leader,
    )


def _contracted(flow: Flow, number: Mapping[Task, int], leader: Mapping[int, int]) -> tuple[Edges, Edges]:
    """Return who waits for whom when a lane is one task: its first waits for all, the others for the first."""
    up: list[dict[int, None]] = [{} for _ in number]
    down: list[dict[int, None]] = [{} for _ in number]
    pairs = [(number[e.upstream], number[e.downstream]) for e in flow.edges]
    outer = [(leader.get(u, u), leader.get(d, d)) for u, d in pairs]
    for u, d in [*outer, *((first, n) for n, first in leader.items())]:
        if u != d:
            up[d][u] = None
            down[u][d] = None
    return [list(ups) for ups in up], [list(downs) for downs in down]
