"""Prefect 3: tasks called in order in a flow, states kept by a server of its own in a temporary folder."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable
from typing import Any

from benchmarks.shapes import FUNCTIONS, Graph

_HOME = tempfile.TemporaryDirectory(prefix="flows-bench-prefect-", ignore_cleanup_errors=True)
os.environ |= {
    "PREFECT_HOME": _HOME.name,
    "PREFECT_MEMO_STORE_PATH": f"{_HOME.name}/memo.toml",
    "PREFECT_LOGGING_LEVEL": "ERROR",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}


def build(graph: Graph) -> Callable[[], Any]:
    """Write a flow that calls the tasks."""
    from prefect import flow, task

    logging.disable(logging.WARNING)
    tasks = {name: task(fn) for name, fn in FUNCTIONS.items()}

    @flow
    def work() -> Any:
        results: list[Any] = []
        for name, constants, upstream in graph:
            values = [results[u] for u in upstream]
            results.append(tasks[name](values) if name == "total" else tasks[name](*constants, *values))
        return results[-1]

    return work


def run(work: Callable[[], Any]) -> None:
    """Run the flow."""
    work()
