"""Notebooks of folders, taken through several processes."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from fnmatch import fnmatch
from pathlib import Path
from typing import TypeVar

from benchmarks.notebooks.verdict import Task

Made = TypeVar("Made")


def tasks(
    folders: Sequence[Path],
    globs: Sequence[str] | None,
    *,
    timeout_seconds: float,
    orders: int = 0,
    kept: Path | None = None,
) -> list[Task]:
    """Return the notebooks below folders, those whose path matches one of `globs` if any are given."""
    found = []
    for folder in folders:
        origin = folder.resolve()
        for path in sorted(origin.rglob("*.ipynb")):
            relative = path.relative_to(origin)
            if ".ipynb_checkpoints" not in relative.parts and _wanted(origin.name, str(relative), globs or ["*"]):
                found.append(Task(origin, relative, timeout_seconds, orders, kept))
    return found


def _wanted(origin: str, relative: str, globs: Sequence[str]) -> bool:
    return any(fnmatch(relative, glob) or fnmatch(f"{origin}/{relative}", glob) for glob in globs)


def worked(work: Callable[[Task, Path], Made], found: Sequence[Task], jobs: int) -> Iterator[Made]:
    """Do work for all, several at a time, each process with a folder of its own; give results as they come."""
    context = multiprocessing.get_context("spawn")
    # Leaving by a signal ends the workers and what they run, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with (
        tempfile.TemporaryDirectory(prefix="compare-", ignore_cleanup_errors=True) as folder,
        ProcessPoolExecutor(jobs, mp_context=context) as pool,
    ):
        waiting = [pool.submit(work, task, Path(folder)) for task in found]
        try:
            for future in as_completed(waiting):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in multiprocessing.active_children():
                worker.kill()  # nbclient takes the gentler signal for itself; kernels and runs end with their parent.
            raise
