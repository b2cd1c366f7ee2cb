"""The flow whose ``with`` block is open, which tasks called in it join."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Protocol

from jupyter_flows.errors import DefinitionError


class Graph(Protocol):
    """What a task needs of a flow to join it."""

    name: str

    def add_task(self, task: Any) -> Any:
        """Take the task in."""

    def set_dependencies(
        self,
        task: Any,
        *,
        upstream_tasks: Any = None,
        downstream_tasks: Any = None,
        keyword_tasks: Any = None,
        mapped: bool = False,
    ) -> None:
        """Draw the task's edges."""


open_flow: ContextVar[Graph | None] = ContextVar("jupyter_flows.open_flow", default=None)


def current_flow(given: Graph | None = None) -> Graph:
    """Return `given`, else the flow whose ``with`` block is open, else raise `DefinitionError`."""
    flow = given or open_flow.get()
    if flow is None:
        raise DefinitionError("No flow is open here: call tasks inside `with Flow(...) as flow:` or pass flow=.")
    return flow
