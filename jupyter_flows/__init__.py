"""Notebook cells as flows that run every night.

Everything public is here by name and imported when first used, so that ``import jupyter_flows`` and
``%load_ext jupyter_flows`` cost next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from jupyter_flows.core.parameter import Parameter
    from jupyter_flows.core.state import State
    from jupyter_flows.core.task import Task, task
    from jupyter_flows.engine.context import context
    from jupyter_flows.engine.secrets import secret
    from jupyter_flows.flow import Flow

__all__ = ["Flow", "Parameter", "State", "Task", "context", "secret", "task"]

_HOMES = {
    "Flow": "jupyter_flows.flow",
    "Parameter": "jupyter_flows.core.parameter",
    "State": "jupyter_flows.core.state",
    "Task": "jupyter_flows.core.task",
    "context": "jupyter_flows.engine.context",
    "secret": "jupyter_flows.engine.secrets",
    "task": "jupyter_flows.core.task",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'jupyter_flows' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])


def load_ipython_extension(shell: Any) -> None:
    """Make the magics known to a notebook: ``%load_ext jupyter_flows``."""
    from jupyter_flows.magics import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics back: ``%unload_ext jupyter_flows``."""
    from jupyter_flows.magics import unload

    unload(shell)
