"""No engine at all: bare calls, and the plain graph loop that is the practical limit of one."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.shapes import FUNCTIONS, Graph

WORKERS = 2
Calls = list[tuple[Callable[..., Any], tuple[Any, ...], tuple[int, ...]]]


def build(graph: Graph) -> Calls:
    """Look the functions up."""
    return [((_total if name == "total" else FUNCTIONS[name]), constants, up) for name, constants, up in graph]


def _total(*numbers: int) -> int:
    return sum(numbers)


def bare(calls: Calls) -> None:
    """Call as many functions, and nothing else."""
    inc = FUNCTIONS["inc"]
    for _ in calls:
        inc(1)


def loop(calls: Calls) -> None:
    """Call each with its arguments: two clocks and a state byte a task."""
    results: list[Any] = [None] * len(calls)
    states, times = bytearray(len(calls)), [0.0] * (2 * len(calls))
    for number, (fn, constants, upstream) in enumerate(calls):
        times[2 * number] = time.time()
        results[number] = fn(*constants, *[results[u] for u in upstream])
        times[2 * number + 1] = time.time()
        states[number] = 1


def pool(calls: Calls) -> None:
    """Hand each call to a pool of threads as soon as what it takes is there."""
    results: list[Any] = [None] * len(calls)
    with ThreadPoolExecutor(WORKERS) as threads:
        for number, (fn, constants, upstream) in enumerate(calls):
            results[number] = threads.submit(fn, *constants, *[results[u].result() for u in upstream])
        results[-1].result()
