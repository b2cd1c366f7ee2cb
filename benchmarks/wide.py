"""A wide notebook: branches that meet in a last cell, as a flow, by papermill and by `jupyter execute`.

The critical path is the longest way through the edges by what each cell took when nothing ran beside it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.latency import Papermill, milliseconds
from benchmarks.measure import Row, interleaved, medians, wall
from benchmarks.places import BIN, Desk

ROUNDS = 5
BRANCHES = 8
IMPORTS = "import time\nimport numpy as np"
JOIN = "print(round(sum([{}]), 3))".format(", ".join(f"result_{n}" for n in range(BRANCHES)))
#: Branches that wait, as for another machine; and branches of NumPy work, which lets other threads run.
WAITING = [f"time.sleep(0.5)\nresult_{n} = {n}.0" for n in range(BRANCHES)]
WORKING = [
    f"rng_{n} = np.random.default_rng({n})\nmatrix_{n} = rng_{n}.normal(size=(450, 450))\n"
    f"result_{n} = float(np.linalg.svd(matrix_{n} @ matrix_{n}.T)[1][0])"
    for n in range(BRANCHES)
]


def write(desk: Desk, name: str, branches: Sequence[str], workers: int) -> Path:
    """Write a notebook whose runs have so many workers."""
    path = desk.notebook(f"{name}.ipynb", IMPORTS, *branches, JOIN)
    notebook = json.loads(path.read_text())
    executor = {"executor": "jupyter_flows.engine.executors.LocalExecutor", "executor_kwargs": {"workers": workers}}
    environment = {"class": "jupyter_flows.environments.RemoteEnvironment", "options": executor}
    notebook["metadata"]["jupyter_flows"] = {"environment": environment}
    path.write_text(json.dumps(notebook))
    desk.ask("register", path.name, "--project", "bench")
    return path


def run(desk: Desk, flow: str) -> tuple[float, int]:
    """Run a flow; return the milliseconds from asked for to finished, and the run."""
    run_id = desk.ask("run", flow, "--project", "bench", "--wait")["run_id"]
    [row] = [row for row in desk.ask("runs", "--project", "bench", "--flow", flow) if row["run_id"] == run_id]
    assert row["state"] == "Success", row
    return milliseconds(row["created_at"], row["finished_at"]), run_id


def critical_path(desk: Desk, notebook: Path, run_id: int) -> float:
    """Return the length in milliseconds of the longest way through a run's cells."""
    took = {row["task"]: _seconds(row) * 1000 for row in desk.ask("tasks", str(run_id))}
    upstream: dict[str, list[str]] = {task: [] for task in took}
    shown: dict[str, Any] = desk.ask("show", notebook.name)
    for edge in shown["edges"]:
        upstream[edge["downstream"]].append(edge["upstream"])
    ends: dict[str, float] = {}
    for task in (entry["name"] for entry in shown["tasks"]):
        ends[task] = took[task] + max((ends[above] for above in upstream[task]), default=0.0)
    return max(ends.values())


def _seconds(row: dict[str, Any]) -> float:
    return (datetime.fromisoformat(row["finished_at"]) - datetime.fromisoformat(row["started_at"])).total_seconds()


def rows(desk: Desk, papermill: Papermill, name: str, branches: Sequence[str], workers: int) -> list[Row]:
    """Measure one notebook every way."""
    alone = write(desk, f"{name}-alone", branches, 1)
    wide = write(desk, f"{name}-wide", branches, workers)
    critical = critical_path(desk, alone, run(desk, alone.stem)[1])
    times = interleaved(
        ROUNDS,
        flow=lambda: run(desk, wide.stem)[0],
        alone=lambda: run(desk, alone.stem)[0],
        papermill=lambda: papermill.run(wide),
        execute=lambda: wall([BIN / "jupyter", "execute", wide.name, "--output", "by-execute"], cwd=desk.path),
    )
    middle = medians(times)
    what = f"{BRANCHES} {name} branches, {workers} workers"
    return [
        Row(what, middle["flow"], "critical path", critical, samples=times),
        Row(what, middle["flow"], "one worker", middle["alone"]),
        Row(what, middle["flow"], "papermill's API", middle["papermill"]),
        Row(what, middle["flow"], "jupyter execute", middle["execute"]),
    ]


def measure() -> list[Row]:
    """Return the rows of this page."""
    with Desk() as desk:
        # One thread for each of NumPy's calls: what is measured is cells beside each other.
        os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        papermill = Papermill(desk.path)
        try:
            with desk.agent():
                return [
                    *rows(desk, papermill, "waiting", WAITING, BRANCHES),
                    *rows(desk, papermill, "working", WORKING, max(2, os.cpu_count() or 2)),
                ]
        finally:
            papermill.close()
