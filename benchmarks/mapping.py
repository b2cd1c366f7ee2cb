"""What a child of a mapped task costs: maps of 1,000, 10,000 and 100,000, and how much memory one takes."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.flows import milliseconds
from benchmarks.measure import Row, interleaved, medians
from benchmarks.shapes import inc, total
from jupyter_flows import Flow, task
from jupyter_flows.engine.executors import Executor, LocalDaskExecutor, LocalExecutor

inc_task, total_task = task(inc), task(total)
SIZES = (1_000, 10_000, 100_000)
ROUNDS = 5
FAR = 1_000
#: A child at the largest size may take so many times what one takes at the smallest.
GROWTH = 1.3
MOST_BYTES = 1024


def map_flow(size: int, levels: int = 1) -> Flow:
    """Return a flow that maps a no-op over so many elements, level after level."""
    with Flow("map") as flow:
        value: Any = range(size)
        for _ in range(levels):
            value = inc_task.map(value)
    return flow


def per_child(flow: Flow, size: int, executor: Executor) -> Callable[[], float]:
    """Return what measures a run, in milliseconds a thousand children."""

    def run() -> None:
        state = flow.run(executor=executor)
        if not state.is_successful():
            raise RuntimeError(state.message)

    return lambda: milliseconds(run) * 1000 / size


def builtin_map(size: int) -> float:
    """Return what Python's own map takes, in milliseconds a thousand elements."""
    return milliseconds(lambda: list(map(inc, range(size)))) * 1000 / size


def bytes_of_a_child(size: int) -> float:
    """Return how much memory a finished child takes, its result, row and element included."""
    flow = map_flow(size)
    tracemalloc.start()
    try:
        state = flow.run()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    if not state.is_successful():
        raise RuntimeError(state.message)
    return taken / size


def measure() -> list[Row]:
    """Return the rows of this page; times are of a thousand children."""
    local, threads = LocalExecutor(), LocalDaskExecutor("threads", num_workers=2)
    largest = SIZES[-1]
    measures = {f"local_{size}": per_child(map_flow(size), size, local) for size in SIZES}
    measures |= {
        "plain": lambda: builtin_map(largest),
        "lane": per_child(map_flow(largest // 4, 4), largest, local),
        "threads": per_child(map_flow(10 * FAR), 10 * FAR, threads),
        "reduced": per_child(_reduced(largest), largest, local),
    }
    times = interleaved(ROUNDS, **measures)
    middle = medians(times)
    smallest = middle[f"local_{SIZES[0]}"]
    rows = [
        Row(f"map of {size:,}, of 1,000 children", middle[f"local_{size}"], f"map of {SIZES[0]:,}", smallest,
            at_most_times=GROWTH, samples=times)
        for size in SIZES[1:]
    ]  # fmt: skip
    return [
        *rows,
        Row(f"map of {largest:,}, of 1,000 children", middle[f"local_{largest}"], "Python's map", middle["plain"]),
        Row(f"four maps of {largest // 4:,} in a lane", middle["lane"], f"map of {SIZES[0]:,}", smallest),
        Row(f"map of {largest:,}, then a reduce", middle["reduced"], f"map of {SIZES[0]:,}", smallest),
        Row(f"map of {10 * FAR:,}, threads", middle["threads"], "LocalExecutor", middle[f"local_{10 * FAR}"]),
        Row("bytes of a finished child", bytes_of_a_child(10 * FAR), "the goal", MOST_BYTES, at_most_times=1.0),
    ]


def _reduced(size: int) -> Flow:
    with Flow("reduced") as flow:
        total_task(inc_task.map(range(size)))
    return flow


def main(_: Sequence[str] = ()) -> None:
    """Print the rows."""
    for row in measure():
        print(f"{row.what:45} {row.ours:9.2f} {row.other_name:16} {row.other or 0:9.2f} {row.goal}")


if __name__ == "__main__":
    main()
