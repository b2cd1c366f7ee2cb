"""What a task costs on each executor: a chain of 1,000, and 1,000 beside each other that one reduces."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.measure import Row, interleaved, medians
from jupyter_flows import Flow, task
from jupyter_flows.engine.executors import DaskExecutor, Executor, LocalDaskExecutor, LocalExecutor

SIZE = 1000
ROUNDS, CLUSTER_ROUNDS = 5, 3
WORKERS = 2


def inc(n: int) -> int:
    """Add one."""
    return n + 1


def total(numbers: Sequence[int]) -> int:
    """Add all."""
    return sum(numbers)


inc_task, total_task = task(inc), task(total)


def chain_flow() -> Flow:
    """Return a flow of which each task waits for the one before it."""
    with Flow("chain") as flow:
        value = inc_task(0)
        for _ in range(SIZE - 1):
            value = inc_task(value)
    return flow


def fan_flow() -> Flow:
    """Return a flow of tasks that wait for nothing, and one that takes what all give."""
    with Flow("fan") as flow:
        total_task([inc_task(n) for n in range(SIZE)])
    return flow


def milliseconds(run: Callable[[], Any]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1000


def ours(flow: Flow, executor: Executor) -> Callable[[], float]:
    """Return what measures a run of a flow, compiling included; a run that fails raises."""

    def run() -> None:
        state = flow.run(executor=executor)
        if not state.is_successful():
            raise RuntimeError(state.message)

    return lambda: milliseconds(run)


# -- what others do for the same shapes ---------------------------------------------------------------


def loop_chain() -> None:
    """Call the chain from the plain graph loop: two clocks and a state byte a task."""
    _loop([(inc, (0,), ())] + [(inc, (), (n,)) for n in range(SIZE - 1)])


def loop_fan() -> None:
    """Call the fan from the plain graph loop."""
    _loop([(inc, (n,), ()) for n in range(SIZE)] + [(lambda *xs: total(xs), (), tuple(range(SIZE)))])


def _loop(graph: Sequence[tuple[Callable[..., Any], tuple[Any, ...], tuple[int, ...]]]) -> None:
    results: list[Any] = [None] * len(graph)
    states, times = bytearray(len(graph)), [0.0] * (2 * len(graph))
    for number, (fn, constants, upstream) in enumerate(graph):
        times[2 * number] = time.time()
        results[number] = fn(*constants, *[results[u] for u in upstream])
        times[2 * number + 1] = time.time()
        states[number] = 1


def pool_chain() -> None:
    """Hand the chain to a pool of threads, each call waited for."""
    with ThreadPoolExecutor(WORKERS) as pool:
        value = 0
        for _ in range(SIZE):
            value = pool.submit(inc, value).result()


def pool_fan() -> None:
    """Hand the fan to a pool of threads."""
    with ThreadPoolExecutor(WORKERS) as pool:
        pool.submit(total, [f.result() for f in [pool.submit(inc, n) for n in range(SIZE)]]).result()


def graph_chain() -> tuple[dict[str, Any], str]:
    """Return the chain as Dask writes graphs."""
    return {"x0": (inc, 0)} | {f"x{n}": (inc, f"x{n - 1}") for n in range(1, SIZE)}, f"x{SIZE - 1}"


def graph_fan() -> tuple[dict[str, Any], str]:
    """Return the fan as Dask writes graphs."""
    leaves: dict[str, Any] = {f"x{n}": (inc, n) for n in range(SIZE)}
    return leaves | {"end": (total, list(leaves))}, "end"


def dask_threads(graph: tuple[dict[str, Any], str]) -> None:
    """Run a graph on Dask's own threads."""
    from dask.threaded import get

    get(*graph, num_workers=WORKERS)


def futures_chain(client: Any) -> None:
    """Submit the chain as futures, and gather the last."""
    future = client.submit(inc, 0, pure=False)
    for _ in range(SIZE - 1):
        future = client.submit(inc, future, pure=False)
    future.result()


def futures_fan(client: Any) -> None:
    """Submit the fan as futures, and gather the reduced."""
    client.submit(total, client.map(inc, range(SIZE), pure=False), pure=False).result()


# -- the page -------------------------------------------------------------------------------------------


def measure() -> list[Row]:
    """Return the rows of this page."""
    chain, fan = chain_flow(), fan_flow()
    threads = LocalDaskExecutor("threads", num_workers=WORKERS)
    times = interleaved(
        ROUNDS,
        local_chain=ours(chain, LocalExecutor()),
        loop_chain=lambda: milliseconds(loop_chain),
        threads_chain=ours(chain, threads),
        pool_chain=lambda: milliseconds(pool_chain),
        dask_chain=lambda: milliseconds(lambda: dask_threads(graph_chain())),
        local_fan=ours(fan, LocalExecutor()),
        loop_fan=lambda: milliseconds(loop_fan),
        threads_fan=ours(fan, threads),
        pool_fan=lambda: milliseconds(pool_fan),
        dask_fan=lambda: milliseconds(lambda: dask_threads(graph_fan())),
    )
    middle = medians(times)
    rows = []
    for shape in ("chain", "fan"):
        local, on_threads = middle[f"local_{shape}"], middle[f"threads_{shape}"]
        rows += [
            Row(f"{shape} of {SIZE:,}, LocalExecutor", local, "plain graph loop", middle[f"loop_{shape}"]),
            Row(
                f"{shape} of {SIZE:,}, threads", on_threads, "ThreadPoolExecutor", middle[f"pool_{shape}"],
                at_most_times=1.5, samples=times,
            ),
            Row(f"{shape} of {SIZE:,}, threads", on_threads, "dask threads", middle[f"dask_{shape}"]),
        ]  # fmt: skip
    return rows + on_a_cluster(chain, fan)


def on_a_cluster(chain: Flow, fan: Flow) -> list[Row]:
    """Return the rows of a Dask cluster of two processes."""
    from distributed import Client, LocalCluster

    kwargs = {"n_workers": WORKERS, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "silence_logs": 50}
    with LocalCluster(**kwargs) as cluster, Client(cluster, set_as_default=False) as client:
        executor = DaskExecutor(cluster.scheduler_address)
        for warm in (lambda: futures_fan(client), ours(fan, executor)):
            warm()
        times = interleaved(
            CLUSTER_ROUNDS,
            ours_chain=ours(chain, executor),
            plain_chain=lambda: milliseconds(lambda: futures_chain(client)),
            ours_fan=ours(fan, executor),
            plain_fan=lambda: milliseconds(lambda: futures_fan(client)),
        )
    middle = medians(times)
    return [
        Row(
            f"{shape} of {SIZE:,}, DaskExecutor", middle[f"ours_{shape}"], "futures", middle[f"plain_{shape}"],
            at_most_times=1.1, samples=times,
        )
        for shape in ("chain", "fan")
    ]  # fmt: skip
