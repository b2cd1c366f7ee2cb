"""Whether a task costs the same among 100,000 as among 1,000: processor time, for neighbours must not make it grow."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

from benchmarks import flows
from benchmarks.measure import Row, medians
from benchmarks.shapes import SHAPES, Graph
from jupyter_flows.core.bundle import pack_flow, unpack_flow
from jupyter_flows.core.document import to_document
from jupyter_flows.engine.plan import compile_plan
from jupyter_flows.widgets.run_card import RunView

SMALL, LARGE = 1000, 100_000
ROUNDS = 3
#: Beyond it a cost would be called growing; caches of the processor alone make some.
AT_MOST = 1.3


def costs(graph: Graph) -> dict[str, float]:
    """Return the microseconds a task of every step, over some rounds where the graph is small."""
    rounds = max(1, LARGE // len(graph) // 10)
    taken = [steps(graph) for _ in range(rounds)]
    return {step: sum(times[step] for times in taken) / rounds / len(graph) for step in taken[0]}


def steps(graph: Graph) -> dict[str, float]:
    """Return the microseconds of every step."""
    flow = flows.build(graph)
    bundle = pack_flow(flow)
    document = to_document(flow)
    work: dict[str, Callable[[], object]] = {
        "build": lambda: flows.build(graph),
        "order": flow.sorted_tasks,
        "compile": lambda: compile_plan(flow),
        "run": lambda: flows.run(flow),
        "pack": lambda: pack_flow(flow),
        "unpack": lambda: unpack_flow(bundle),
        "show": lambda: RunView.of(document),
    }
    return {step: processor_time(call) for step, call in work.items()}


def processor_time(work: Callable[[], object]) -> float:
    """Return the microseconds that a call keeps the processor busy."""
    gc.collect()
    begin = time.process_time()
    work()
    return (time.process_time() - begin) * 1e6


def measure() -> list[Row]:
    """Return the rows of this page."""
    rows = []
    for shape in ("chain", "fan", "tree"):
        small, large = SHAPES[shape](SMALL - 1), SHAPES[shape](LARGE - 1)
        samples: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            for name, graph in (("small", small), ("large", large)):
                for step, cost in costs(graph).items():
                    samples.setdefault(f"{name} {step}", []).append(cost)
        middle = medians(samples)
        rows += [
            Row(
                f"{shape} of {LARGE:,}: {step}, a task",
                middle[f"large {step}"],
                f"of {SMALL:,}",
                middle[f"small {step}"],
                at_most_times=AT_MOST,
                unit="µs",
            )
            for step in ("build", "order", "compile", "run", "pack", "unpack", "show")
        ]
    return rows
