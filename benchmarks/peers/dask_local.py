"""Dask's own schedulers of one machine."""

from __future__ import annotations

from typing import Any

from benchmarks.shapes import FUNCTIONS, Graph

WORKERS = 2
DaskGraph = tuple[dict[str, Any], str]


def build(graph: Graph) -> DaskGraph:
    """Write a graph as Dask writes them."""
    tasks: dict[str, Any] = {}
    for number, (name, constants, upstream) in enumerate(graph):
        keys = [f"x{u}" for u in upstream]
        tasks[f"x{number}"] = (FUNCTIONS[name], *constants, *([keys] if name == "total" else keys))
    return tasks, f"x{len(graph) - 1}"


def threads(graph: DaskGraph) -> None:
    """Run on threads."""
    from dask.threaded import get

    get(*graph, num_workers=WORKERS)


def synchronous(graph: DaskGraph) -> None:
    """Run one after the other, on this thread."""
    from dask.local import get_sync

    get_sync(*graph)


def processes(graph: DaskGraph) -> None:
    """Run in processes."""
    from dask.multiprocessing import get

    get(*graph, num_workers=WORKERS)
