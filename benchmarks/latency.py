"""From asked-for to finished: an idle agent, against papermill on the same machine."""

from __future__ import annotations

import subprocess
import time
from datetime import datetime
from pathlib import Path

from benchmarks.measure import Row, interleaved, medians, percentile
from benchmarks.places import Desk

PEERS = Path(__file__).resolve().parent.parent / ".venv-peers/bin/python"
ROUNDS = 15
#: A process that runs a notebook by papermill's API whenever it reads a line, and prints what it took.
PAPERMILL = """
import sys, time, papermill
print("ready", flush=True)
for line in sys.stdin:
    begin = time.perf_counter()
    papermill.execute_notebook(line.strip(), "by-papermill.ipynb", progress_bar=False)
    print((time.perf_counter() - begin) * 1000, flush=True)
"""


class Papermill:
    """papermill with its imports done, so that only its runs are timed."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [PEERS, "-c", PAPERMILL],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._read() == "ready"

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def run(self, path: Path) -> float:
        """Run a notebook and return the milliseconds it took."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()
        return float(self._read())

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)


def milliseconds(begin: str, end: str) -> float:
    """Return the time between two of the registry's times."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds() * 1000


def run(desk: Desk, flow: str) -> dict[str, float]:
    """Ask for a run, wait, and return what the registry says of it."""
    run_id = desk.ask("run", flow, "--project", "bench", "--wait")["run_id"]
    [row] = [row for row in desk.ask("runs", "--project", "bench", "--flow", flow) if row["run_id"] == run_id]
    assert row["state"] == "Success", row
    return {
        "started": milliseconds(row["created_at"], row["started_at"]),
        "finished": milliseconds(row["created_at"], row["finished_at"]),
    }


def measure() -> list[Row]:
    """Return the rows of this page."""
    with Desk() as desk:
        one = desk.notebook("one.ipynb", "print('done')")
        twenty = desk.notebook("twenty.ipynb", "x = 0", *(f"x = x + {n}\nprint(x)" for n in range(19)))
        for path in (one, twenty):
            desk.ask("register", path.name, "--project", "bench")
        papermill = Papermill(desk.path)
        started: list[float] = []

        def ours(flow: str) -> float:
            times = run(desk, flow)
            if flow == "one":
                started.append(times["started"])
            return times["finished"]

        try:
            with desk.agent():
                ours("one")
                started.clear()
                time.sleep(2)  # The agent is idle and its spare process warm: what is measured is that state.
                times = interleaved(
                    ROUNDS,
                    one=lambda: ours("one"),
                    papermill_one=lambda: papermill.run(one),
                    twenty=lambda: ours("twenty"),
                    papermill_twenty=lambda: papermill.run(twenty),
                )
        finally:
            papermill.close()
    middle = medians(times)
    first, last = medians({"started": started})["started"], percentile(started, 0.99)
    against_one = ("papermill's API", middle["papermill_one"])
    against_twenty = ("papermill's API", middle["papermill_twenty"])
    return [
        Row("asked for -> started, idle agent, median", first, at_most=20, samples={"started": started}),
        Row("asked for -> started, idle agent, worst", last, at_most=60),
        Row("asked for -> finished, 1 cell", middle["one"], *against_one, at_most=50, samples=times),
        Row("asked for -> finished, 20 cells", middle["twenty"], *against_twenty, times_faster=4),
    ]
