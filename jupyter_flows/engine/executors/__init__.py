"""Executors: in which order, and where, the tasks of a run are called."""

from __future__ import annotations

from typing import Any

from jupyter_flows.engine.executors.base import Executor, Work, executor_from, executor_from_json
from jupyter_flows.engine.executors.local import LocalExecutor

__all__ = ["Executor", "LocalExecutor", "Work", "executor_from", "executor_from_json"]

_LATER = ("LocalDaskExecutor", "DaskExecutor")


def __getattr__(name: str) -> Any:
    if name in _LATER:
        raise ImportError(f"{name} is not in this version of jupyter_flows; there is LocalExecutor.")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
