"""The registry: flows and their versions, runs and their states, agents and their leases.

`open_registry` opens the one that ``JUPYTER_FLOWS_REGISTRY`` or the settings name.
"""

from jupyter_flows.registry.location import registry_file
from jupyter_flows.registry.registry import Registry, open_registry
from jupyter_flows.registry.rows import Agent, Claim, Resume, Run, RunState, TaskRun, Version

__all__ = [
    "Agent",
    "Claim",
    "Registry",
    "Resume",
    "Run",
    "RunState",
    "TaskRun",
    "Version",
    "open_registry",
    "registry_file",
]
