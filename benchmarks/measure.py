"""Take times that can be compared on a noisy machine."""

from __future__ import annotations

import math
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

Command = Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was measured, what it is held against, and the goal."""

    what: str
    #: The median, in `unit`.
    ours: float
    #: What ours is held against, and its median in the same unit.
    other_name: str = ""
    other: float | None = None
    #: The goals: milliseconds not to exceed, and how many times faster than the other to be.
    at_most: float | None = None
    times_faster: float | None = None
    #: The goal where being slower is allowed: not to take more than so many times what the other takes.
    at_most_times: float | None = None
    #: Every single time behind the two medians.
    samples: Mapping[str, Sequence[float]] | None = None
    unit: str = "ms"

    @property
    def goal(self) -> str:
        """The goals as people read them."""
        at_most = [] if self.at_most is None else [f"< {self.at_most:g} {self.unit}"]
        faster = [] if self.times_faster is None else [f"{self.times_faster:g} x faster"]
        times = [] if self.at_most_times is None else [f"<= {self.at_most_times:g} x"]
        return ", ".join(at_most + faster + times)

    @property
    def met(self) -> bool | None:
        """Whether every goal was met; None where there is none."""
        checks = []
        if self.at_most is not None:
            checks.append(self.ours < self.at_most)
        if self.times_faster is not None and self.other is not None:
            checks.append(self.other / self.ours >= self.times_faster)
        if self.at_most_times is not None and self.other is not None:
            checks.append(self.ours <= self.at_most_times * self.other)
        return all(checks) if checks else None

    def as_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return {**asdict(self), "goal": self.goal, "met": self.met}


def wall(command: Command, *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> float:
    """Run a command and return the milliseconds it took; raise with its words if it fails."""
    begin = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=120)
    took = (time.perf_counter() - begin) * 1000
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return took


def interleaved(rounds: int, **measures: Callable[[], float]) -> dict[str, list[float]]:
    """Take each measure once a round, in turn, so that a busy moment of the machine falls on all alike."""
    times: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            times[name].append(measure())
    return times


def medians(times: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the median of each series."""
    return {name: statistics.median(series) for name, series in times.items()}


def percentile(series: Sequence[float], share: float) -> float:
    """Return the smallest time that at least `share` of the series do not exceed.

    >>> percentile([5.0, 1.0, 3.0, 2.0], 0.5)
    2.0
    """
    ordered = sorted(series)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]
