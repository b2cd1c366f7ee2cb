"""Notebook cells as flows that run every night.

Everything public is here by name and imported when first used, so that ``import jupyter_flows`` and
``%load_ext jupyter_flows`` cost next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from jupyter_flows import signals, triggers
    from jupyter_flows.core.annotations import flatten, mapped, unmapped
    from jupyter_flows.core.control_flow import case, merge, switch
    from jupyter_flows.core.mapping import FilterTask, apply_map
    from jupyter_flows.core.parameter import Parameter
    from jupyter_flows.core.state import State
    from jupyter_flows.core.task import Task, task
    from jupyter_flows.engine.context import context
    from jupyter_flows.engine.secrets import secret
    from jupyter_flows.flow import Flow

__all__ = [
    "FilterTask",
    "Flow",
    "Parameter",
    "State",
    "Task",
    "apply_map",
    "case",
    "context",
    "flatten",
    "mapped",
    "merge",
    "secret",
    "signals",
    "switch",
    "task",
    "triggers",
    "unmapped",
]

_HOMES = {
    "FilterTask": "jupyter_flows.core.mapping",
    "Flow": "jupyter_flows.flow",
    "Parameter": "jupyter_flows.core.parameter",
    "State": "jupyter_flows.core.state",
    "Task": "jupyter_flows.core.task",
    "apply_map": "jupyter_flows.core.mapping",
    "case": "jupyter_flows.core.control_flow",
    "context": "jupyter_flows.engine.context",
    "flatten": "jupyter_flows.core.annotations",
    "mapped": "jupyter_flows.core.annotations",
    "merge": "jupyter_flows.core.control_flow",
    "secret": "jupyter_flows.engine.secrets",
    "switch": "jupyter_flows.core.control_flow",
    "task": "jupyter_flows.core.task",
    "unmapped": "jupyter_flows.core.annotations",
}
#: Public names that are modules.
_MODULES = ("signals", "triggers")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"jupyter_flows.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'jupyter_flows' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES, *_MODULES])


def load_ipython_extension(shell: Any) -> None:
    """Make the magics known to a notebook: ``%load_ext jupyter_flows``."""
    from jupyter_flows.magics import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics back: ``%unload_ext jupyter_flows``."""
    from jupyter_flows.magics import unload

    unload(shell)
