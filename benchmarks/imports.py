"""What `import jupyter_flows` costs over a bare interpreter, and what a run's process imports."""

from __future__ import annotations

import re
import subprocess
import sys

from benchmarks.measure import Row, interleaved, medians, wall

ROUNDS = 15
#: What a run's process must have imported before it reads its flow.
RUNTIME = "import jupyter_flows.engine.flow_runner, jupyter_flows.environments.storage"


def python(code: str) -> float:
    """Return the milliseconds that a fresh interpreter takes for one line of code."""
    return wall([sys.executable, "-c", code])


def importtime(module: str) -> float:
    """Return the milliseconds that `-X importtime` ascribes to a module and all that it imports."""
    command = [sys.executable, "-X", "importtime", "-c", f"import {module}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    found = re.search(rf"\|\s+(\d+) \|\s*{re.escape(module)}$", done.stderr, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"-X importtime does not tell of {module}:\n{done.stderr[-500:]}")
    return int(found[1]) / 1000


def measure() -> list[Row]:
    """Return the rows of this page."""
    times = interleaved(
        ROUNDS,
        bare=lambda: python("pass"),
        ours=lambda: python("import jupyter_flows"),
        runtime=lambda: python(RUNTIME),
        flow=lambda: python("from jupyter_flows import Flow"),
        importtime=lambda: importtime("jupyter_flows"),
    )
    middle = medians(times)
    bare = middle["bare"]
    return [
        Row("import jupyter_flows, over bare", middle["ours"] - bare, "bare", bare, at_most=60, samples=times),
        Row("import jupyter_flows, -X importtime", middle["importtime"], at_most=60),
        Row("runtime of a run process, over bare", middle["runtime"] - bare, "bare", bare, at_most=40),
        Row("from jupyter_flows import Flow, over bare", middle["flow"] - bare, "bare", bare),
    ]
