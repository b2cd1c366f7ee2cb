"""What `%load_ext jupyter_flows` costs in a running kernel."""

from __future__ import annotations

from benchmarks.measure import Row, medians
from benchmarks.places import Desk

ROUNDS = 7
TIMED = """
import time
_begin = time.perf_counter()
get_ipython().run_line_magic("load_ext", {name!r})
print((time.perf_counter() - _begin) * 1000)
"""


def load_ext(name: str) -> float:
    """Start a kernel, load an extension in it, and return the milliseconds that the loading took."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel()
    printed: list[str] = []
    try:
        client.execute_interactive(
            TIMED.format(name=name),
            timeout=60,
            output_hook=lambda message: printed.append(message["content"].get("text", "")),
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return float("".join(printed))


def measure() -> list[Row]:
    """Return the row of this page; IPython's own small `autoreload` shows what any extension costs."""
    with Desk():
        times: dict[str, list[float]] = {"ours": [], "other": []}
        for _ in range(ROUNDS):
            times["ours"].append(load_ext("jupyter_flows"))
            times["other"].append(load_ext("autoreload"))
    middle = medians(times)
    row = Row(
        "%load_ext in a running kernel", middle["ours"], "autoreload", middle["other"], at_most=150, samples=times
    )
    return [row]
