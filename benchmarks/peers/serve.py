"""A process that runs graphs by one engine whenever it is asked: ``python -m benchmarks.peers.serve ENGINE``.

It reads ``{"shape": ..., "size": ...}`` lines and prints ``{"build": ms, "run": ms, "first": ms}``; `first` is the time
from run to the call of the only task of `one`.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import sys
import time

from benchmarks.shapes import CALLED, SHAPES

#: Engine to module, and the function that runs what its `build` built.
ENGINES = {
    "loop": ("loop", "loop"),
    "Hamilton": ("hamilton", "run"),
    "Prefect 3": ("prefect3", "run"),
    "Dagster": ("dagster_job", "run"),
    "Luigi": ("luigi_tasks", "run"),
    "Dask synchronous": ("dask_local", "synchronous"),
    "Dask threads": ("dask_local", "threads"),
    "Dask processes": ("dask_local", "processes"),
}


def measure(engine: str, shape: str, size: int) -> dict[str, float]:
    """Return the milliseconds that an engine takes to build and to run a graph."""
    module, name = ENGINES[engine]
    peer = importlib.import_module(f"benchmarks.peers.{module}")
    graph = SHAPES[shape](size)
    gc.collect()
    begin = time.perf_counter()
    built = peer.build(graph)
    between = time.perf_counter()
    getattr(peer, name)(built)
    end = time.perf_counter()
    times = {"build": between - begin, "run": end - between, "first": CALLED[0] - between if shape == "one" else 0.0}
    return {what: seconds * 1000 for what, seconds in times.items()}


def main(engine: str) -> None:
    """Serve until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # What an engine prints is no answer.
    sys.setrecursionlimit(20_000)
    for line in sys.stdin:
        with contextlib.redirect_stdout(sys.stderr):
            found = measure(engine, **json.loads(line))
        print(json.dumps(found), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
