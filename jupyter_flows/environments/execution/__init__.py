"""Execution environments: set infrastructure up, call the callbacks, run the flow."""

from __future__ import annotations

from jupyter_flows.environments.execution.base import Environment, environment_from_json
from jupyter_flows.environments.execution.dask import RemoteDaskEnvironment
from jupyter_flows.environments.execution.local import LocalEnvironment
from jupyter_flows.environments.execution.remote import RemoteEnvironment

__all__ = ["Environment", "LocalEnvironment", "RemoteDaskEnvironment", "RemoteEnvironment", "environment_from_json"]
