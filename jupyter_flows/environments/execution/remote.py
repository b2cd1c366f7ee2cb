"""The remote environment: the run's own process leads, an executor chosen by its path does the work."""

from __future__ import annotations

from jupyter_flows.environments.execution.base import Environment


class RemoteEnvironment(Environment):
    """Run the flow by an executor that may work elsewhere, named by its import path: what a flow has by default.

    >>> RemoteEnvironment(executor="jupyter_flows.engine.executors.LocalExecutor").executor
    LocalExecutor()
    """
