"""Whether a task costs the same among 100,000 as among 1,000."""

from __future__ import annotations

import gc
from collections.abc import Callable

from benchmarks import flows
from benchmarks.flows import milliseconds
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
    """Return the microseconds a task of every step, over as many rounds as make up the large graph."""
    sums: dict[str, float] = {}

    def timed(step: str, work: Callable[[], object]) -> None:
        gc.collect()
        sums[step] = sums.get(step, 0.0) + milliseconds(work) * 1000

    rounds = max(1, LARGE // len(graph) // 10)
    for _ in range(rounds):
        flow = flows.build(graph)
        bundle = pack_flow(flow)
        document = to_document(flow)
        timed("build", lambda: flows.build(graph))
        timed("order", flow.sorted_tasks)
        timed("compile", lambda: compile_plan(flow))
        timed("run", lambda: flows.run(flow))
        timed("pack", lambda: pack_flow(flow))
        timed("unpack", lambda: unpack_flow(bundle))
        timed("show", lambda: RunView.of(document))
    return {step: total / rounds / len(graph) for step, total in sums.items()}


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
