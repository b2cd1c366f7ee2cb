"""Environments: how and where a flow runs; ``environments.storage``: where it is kept."""

from __future__ import annotations

from typing import Any

from jupyter_flows.environments.execution import (
    Environment,
    LocalEnvironment,
    RemoteDaskEnvironment,
    RemoteEnvironment,
    environment_from_json,
)

__all__ = ["Environment", "LocalEnvironment", "RemoteDaskEnvironment", "RemoteEnvironment", "environment_from_json"]

_LATER = ("DaskKubernetesEnvironment", "KubernetesJobEnvironment", "FargateTaskEnvironment")


def __getattr__(name: str) -> Any:
    if name in _LATER:
        raise ImportError(
            f"{name} is not in this version of jupyter_flows; there are LocalEnvironment, RemoteEnvironment and "
            "RemoteDaskEnvironment."
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
