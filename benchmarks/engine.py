"""What a task costs, by shape: ours, the plain graph loop, and every engine that is installed beside us.

Microseconds a task. A round takes each measure once; engines that cost milliseconds a task get smaller graphs, and
ours is measured at that size, too, right before each of them.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

from benchmarks import flows
from benchmarks.flows import milliseconds
from benchmarks.measure import Row, interleaved, medians
from benchmarks.peers import loop
from benchmarks.peers.process import Peer, is_installed
from benchmarks.shapes import CALLED, SHAPES
from jupyter_flows.core.bundle import pack_flow
from jupyter_flows.engine.executors import Executor, LocalDaskExecutor, LocalExecutor

ROUNDS = 7
SIZES = {"chain": 1000, "fan": 10_001, "tree": 4999}


@dataclass(frozen=True, slots=True)
class Engine:
    """A peer: the module that it is, the sizes that it is asked for, and how often."""

    name: str
    module: str
    sizes: dict[str, int]
    rounds: int = 3
    #: How many times faster than its build and run ours is to be.
    times_faster: float | None = None
    #: What of ours is held against it.
    executor: Executor = field(default_factory=LocalExecutor)


ENGINES = (
    Engine("Hamilton", "hamilton", {"chain": 1000, "fan": 10_001, "tree": 4999}, 3, 10),
    Engine("Dask synchronous", "dask", {"chain": 1000, "fan": 1001, "tree": 999}, 3, 10),
    Engine("Dask threads", "dask", {"chain": 1000, "fan": 1001, "tree": 999}, 3, 10),
    Engine(
        "Dask processes",
        "dask",
        {"chain": 200, "fan": 201, "tree": 199},
        3,
        None,
        LocalDaskExecutor("processes", num_workers=loop.WORKERS),
    ),
    Engine("Luigi", "luigi", {"chain": 200, "fan": 201, "tree": 199}, 3, 10),
    Engine("Prefect 3", "prefect", {"chain": 50, "fan": 51, "tree": 51}, 3, 10),
    Engine("Dagster", "dagster", {"chain": 50, "fan": 51, "tree": 51}, 3, 10),
)


def measure() -> list[Row]:
    """Return the rows of this page."""
    rows = [row for shape in SIZES for row in against_plain_python(shape)]
    rows += [*building_and_packing(), *first_task()]
    for engine in ENGINES:
        if is_installed(engine.module):
            rows += against(engine)
    return rows


def each(size: int, run: Callable[[], object]) -> Callable[[], float]:
    """Return what measures the microseconds a task of a run."""

    def measured() -> float:
        gc.collect()
        return milliseconds(run) * 1000 / size

    return measured


def against_plain_python(shape: str) -> Iterator[Row]:
    """Hold one shape against calls, the loop and a pool of threads, in this process."""
    size = SIZES[shape]
    graph = SHAPES[shape](size)
    calls, flow = loop.build(graph), flows.build(graph)
    threads = LocalDaskExecutor("threads", num_workers=loop.WORKERS)
    times = interleaved(
        ROUNDS,
        bare=each(size, lambda: loop.bare(calls)),
        loop=each(size, lambda: loop.loop(calls)),
        again=each(size, lambda: flows.run(flow)),
        whole_loop=each(size, lambda: loop.loop(loop.build(graph))),
        whole=each(size, lambda: flows.run(flows.build(graph))),
        pool=each(size, lambda: loop.pool(calls)),
        threads=each(size, lambda: flows.run(flow, threads)),
    )
    middle = medians(times)
    what = f"{shape} of {size:,}"
    yield Row(f"{what}, run again", middle["again"], "bare calls", middle["bare"], unit="µs", samples=times)
    yield Row(f"{what}, run again", middle["again"], "plain graph loop", middle["loop"], at_most_times=5, unit="µs")
    yield Row(f"{what}, build + run", middle["whole"], "plain graph loop", middle["whole_loop"], unit="µs")
    yield Row(f"{what}, threads", middle["threads"], "ThreadPoolExecutor", middle["pool"], at_most_times=1.5, unit="µs")


def building_and_packing() -> Iterator[Row]:
    """Hold building and packing 10,000 tasks against the same graph as dicts, pickled."""
    import pickle

    graph = SHAPES["chain"](10_000)
    sizes: list[int] = []

    def ours() -> None:
        sizes.append(len(pack_flow(flows.build(graph)).pack()))

    def dicts() -> None:
        tasks = {f"x{n}": {"fn": name, "constants": c, "upstream": up} for n, (name, c, up) in enumerate(graph)}
        pickle.dumps(tasks)

    times = interleaved(
        ROUNDS,
        ours=lambda: each(1, ours)() / 1000,
        dicts=lambda: each(1, dicts)() / 1000,
        build=lambda: each(1, lambda: flows.build(graph))() / 1000,
    )
    middle = medians(times)
    against_dicts = ("plain dicts, pickled", middle["dicts"])
    yield Row("build + pack 10,000 tasks", middle["ours"], *against_dicts, at_most_times=10, samples=times)
    yield Row("of which build", middle["build"], *against_dicts)
    yield Row("bundle of 10,000 tasks", sizes[-1] / 1000, at_most=300, unit="kB")


def first_task() -> Iterator[Row]:
    """Tell how long it takes from `flow.run()` to the first task."""
    graphs = {"alone": SHAPES["one"](1), "of 10,000": SHAPES["one"](1) + SHAPES["fan"](9999)}

    def wait(name: str) -> float:
        flow = flows.build([(f, c, tuple(u + 1 for u in up) if name != "alone" else up) for f, c, up in graphs[name]])
        gc.collect()
        begin = milliseconds_now()
        flows.run(flow)
        return CALLED[0] * 1000 - begin

    times = interleaved(ROUNDS, alone=lambda: wait("alone"), many=lambda: wait("of 10,000"))
    middle = medians(times)
    yield Row("flow.run() to its first task, 1 task", middle["alone"], samples=times)
    yield Row("flow.run() to its first task, 10,000 tasks", middle["many"])


def milliseconds_now() -> float:
    """Return the time by the clock that the tasks use."""
    import time

    return time.perf_counter() * 1000


def against(engine: Engine) -> Iterator[Row]:
    """Hold ours against one engine, in an interpreter of its own."""
    with ExitStack() as stack:
        peer = stack.enter_context(Peer(engine.name))
        peer.ask("one", 1)  # Imports, servers, and whatever else only the first run costs.
        for shape, size in engine.sizes.items():
            yield compared(engine, peer, shape, size)
        if engine.name != "Dask processes":
            yield first_against(engine, peer)


def compared(engine: Engine, peer: Peer, shape: str, size: int) -> Row:
    """Compare build and run of one shape, a task."""
    graph = SHAPES[shape](size)
    runs: list[float] = []

    def theirs() -> float:
        found = peer.ask(shape, size)
        runs.append(found["run"] * 1000 / size)
        return (found["build"] + found["run"]) * 1000 / size

    times = interleaved(
        engine.rounds, ours=each(size, lambda: flows.run(flows.build(graph), engine.executor)), theirs=theirs
    )
    middle = medians({**times, "run": runs})
    return Row(
        f"{shape} of {size:,}, build + run{', processes' if engine.name == 'Dask processes' else ''}",
        middle["ours"],
        f"{engine.name} (run {middle['run']:.0f})",
        middle["theirs"],
        times_faster=engine.times_faster,
        samples={**times, "their run": runs},
        unit="µs",
    )


def first_against(engine: Engine, peer: Peer) -> Row:
    """Compare the time from run to the first task."""
    flow = flows.build(SHAPES["one"](1))

    def ours() -> float:
        begin = milliseconds_now()
        flows.run(flow)
        return CALLED[0] * 1000 - begin

    times = interleaved(engine.rounds, ours=ours, theirs=lambda: peer.ask("one", 1)["first"])
    middle = medians(times)
    return Row("run to its first task", middle["ours"], engine.name, middle["theirs"], samples=times)
