"""The shapes as flows of ours."""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.shapes import FUNCTIONS, Graph
from jupyter_flows import Flow, task
from jupyter_flows.engine.executors import Executor, LocalExecutor

TASKS = {name: task(fn) for name, fn in FUNCTIONS.items()}


def build(graph: Graph) -> Flow:
    """Call the tasks inside a flow."""
    results: list[object] = []
    with Flow("work") as flow:
        for name, constants, upstream in graph:
            values = [results[u] for u in upstream]
            results.append(TASKS[name](values) if name == "total" else TASKS[name](*constants, *values))
    return flow


def run(flow: Flow, executor: Executor | None = None) -> None:
    """Run a flow; raise if it fails."""
    state = flow.run(executor=executor or LocalExecutor())
    if not state.is_successful():
        raise RuntimeError(state.message)


def milliseconds(work: Callable[[], object]) -> float:
    """Return how long a call takes."""
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000
