"""How much memory a run of large values takes, beyond what was taken before: as many times the data.

Each measure is a process of its own, that says how far its peak rose.
"""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks.measure import Row, interleaved, medians

ROUNDS = 3
MEGABYTES = 200
#: What every engine is given: an array, handed on by all; or a new one made of it by each.
COMMON = f"""
import resource, numpy as np
SIZE = {MEGABYTES} * 2**20 // 8
def make(): return np.ones(SIZE)
def look(a): assert a[-1] == 1; return a
def change(a): return a * 1.0
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
"""
OURS = """
from jupyter_flows import Flow, task
from jupyter_flows.engine.flow_runner import FlowRunner
with Flow("large") as flow:
    value = task(make)()
    for _ in range(4):
        value = task({fn})(value)
def run(): assert FlowRunner(flow, keep_results={keep}).run().is_successful()
"""
DASK = """
from dask.threaded import get
graph = {{"x0": (make,)}} | {{f"x{{n}}": ({fn}, f"x{{n - 1}}") for n in range(1, 5)}} | {{"end": (len, "x4")}}
def run(): get(graph, "end", num_workers=1)
"""
LOOP = """
def run():
    value = make()
    for _ in range(4): value = {fn}(value)
"""
FINISH = """
before = peak()
run()
print((peak() - before) / {megabytes})
"""


def rise(engine: str, fn: str, *, keep: bool = False) -> float:
    """Return by how many times the data the peak of a fresh process rises."""
    code = COMMON + engine.format(fn=fn, keep=keep) + FINISH.format(megabytes=MEGABYTES)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    found: float = json.loads(done.stdout)
    return found


def measure() -> list[Row]:
    """Return the rows of this page."""
    times = interleaved(
        ROUNDS,
        ours=lambda: rise(OURS, "look", keep=True),
        loop=lambda: rise(LOOP, "look"),
        dask=lambda: rise(DASK, "look"),
        ours_new=lambda: rise(OURS, "change"),
        loop_new=lambda: rise(LOOP, "change"),
        dask_new=lambda: rise(DASK, "change"),
    )
    middle = medians(times)
    handed, new = f"peak, {MEGABYTES} MB through 5 tasks", f"peak, {MEGABYTES} MB made anew by 5 tasks, released"
    unit = "x the data"
    return [
        Row(handed, middle["ours"], "plain loop", middle["loop"], at_most=1.2, samples=times, unit=unit),
        Row(handed, middle["ours"], "Dask threads", middle["dask"], unit=unit),
        Row(new, middle["ours_new"], "plain loop", middle["loop_new"], at_most_times=1.1, unit=unit),
        Row(new, middle["ours_new"], "Dask threads", middle["dask_new"], unit=unit),
    ]
