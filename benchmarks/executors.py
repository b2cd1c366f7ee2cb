"""What a task costs on a Dask cluster of two processes, against plain futures of the same graph."""

from __future__ import annotations

from typing import Any

from benchmarks import flows
from benchmarks.flows import milliseconds
from benchmarks.measure import Row, interleaved, medians
from benchmarks.shapes import SHAPES, add, inc, total
from jupyter_flows.engine.executors import DaskExecutor

SIZE = 1000
ROUNDS = 7
WORKERS = 2


def futures_chain(client: Any) -> None:
    """Submit the chain as futures, and gather the last."""
    future = client.submit(inc, 0, pure=False)
    for _ in range(SIZE - 1):
        future = client.submit(inc, future, pure=False)
    future.result()


def futures_fan(client: Any) -> None:
    """Submit the fan as futures, and gather the reduced."""
    client.submit(total, client.map(inc, range(SIZE - 1), pure=False), pure=False).result()


def futures_tree(client: Any) -> None:
    """Submit the tree as futures, and gather the last."""
    results = client.map(inc, range((SIZE + 1) // 2), pure=False)
    for n in range((SIZE + 1) // 2 - 1):
        results.append(client.submit(add, results[2 * n], results[2 * n + 1], pure=False))
    results[-1].result()


PLAIN = {"chain": futures_chain, "fan": futures_fan, "tree": futures_tree}


def measure() -> list[Row]:
    """Return the rows of this page."""
    from distributed import Client, LocalCluster

    kwargs = {"n_workers": WORKERS, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "silence_logs": 50}
    rows = []
    with LocalCluster(**kwargs) as cluster, Client(cluster, set_as_default=False) as client:
        executor = DaskExecutor(cluster.scheduler_address)
        for shape, plain in PLAIN.items():
            flow = flows.build(SHAPES[shape](SIZE))
            flows.run(flow, executor)
            plain(client)
            times = interleaved(
                ROUNDS,
                ours=lambda flow=flow: milliseconds(lambda: flows.run(flow, executor)),  # type: ignore[misc]
                plain=lambda plain=plain: milliseconds(lambda: plain(client)),  # type: ignore[misc]
            )
            middle = medians(times)
            what = f"{shape} of {SIZE:,}, DaskExecutor"
            rows.append(Row(what, middle["ours"], "futures", middle["plain"], at_most_times=1.1, samples=times))
    return rows
