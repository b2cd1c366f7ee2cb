"""The local environment: the run's own process does everything."""

from __future__ import annotations

from jupyter_flows.environments.execution.base import Environment


class LocalEnvironment(Environment):
    """Run the flow in the run's own process, by an executor of this machine.

    >>> LocalEnvironment(labels=["dev"]).labels
    ('dev',)
    """
