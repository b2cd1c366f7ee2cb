"""Executors: in which order, and where, the tasks of a run are called."""

from __future__ import annotations

from jupyter_flows.engine.executors.base import Executor, Work, executor_from, executor_from_json
from jupyter_flows.engine.executors.dask_cluster import DaskExecutor
from jupyter_flows.engine.executors.local import LocalExecutor
from jupyter_flows.engine.executors.local_dask import LocalDaskExecutor

__all__ = [
    "DaskExecutor",
    "Executor",
    "LocalDaskExecutor",
    "LocalExecutor",
    "Work",
    "executor_from",
    "executor_from_json",
]
