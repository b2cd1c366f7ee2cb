"""Containers whose agent is gone: known by their labels, and removed by the next agent of the engine.

They are not adopted: the registry fails a run, or lets it wait again, as soon as its agent is known to be gone, and a
container ends its run itself when its agent's end of its input closes. What is left is to be removed.
"""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from typing import TYPE_CHECKING

from jupyter_flows.core.state import FINISHED
from jupyter_flows.errors import NoSuchError
from jupyter_flows.registry import Registry
from jupyter_flows.registry.process_mark import ProcessMark

if TYPE_CHECKING:
    from docker import DockerClient

logger = logging.getLogger("jupyter_flows.agent")

PREFIX = "io.github.jupyter-flows."
AGENT, OWNER, REGISTRY, RUN = (PREFIX + name for name in ("agent", "owner", "registry", "run"))


def labels_of(registry: Registry, agent: str) -> dict[str, str]:
    """Return the labels by which an agent's containers are known: whose they are, and which registry's run they run."""
    return {AGENT: agent, OWNER: json.dumps(asdict(ProcessMark.current())), REGISTRY: _mark_of(registry)}


def reap(engine: DockerClient, registry: Registry) -> list[str]:
    """Remove the containers that no agent watches any more; return their names."""
    from docker.errors import DockerException

    gone = []
    for container in engine.containers.list(all=True, filters={"label": OWNER}, ignore_removed=True):
        if _orphaned(container.labels, registry):
            with suppress(DockerException):  # Another agent was quicker.
                container.remove(force=True, v=True)
                gone.append(str(container.name))
    if gone:
        logger.warning("Removed containers whose agent is gone: %s", ", ".join(gone))
    return gone


def _orphaned(labels: Mapping[str, str], registry: Registry) -> bool:
    """Tell for certain: its agent's process is gone, or its run is over or unknown in the registry that we share."""
    try:
        if ProcessMark(**json.loads(labels[OWNER])).dead():
            return True
        if labels.get(REGISTRY) != _mark_of(registry):
            return False
        return registry.runs.get(int(labels[RUN])).state in FINISHED
    except NoSuchError:
        return True
    except (KeyError, TypeError, ValueError):
        return False


def _mark_of(registry: Registry) -> str:
    """Name a registry as seen from here, without its address, which may hold a password."""
    return sha256(f"{socket.gethostname()} {registry.name}".encode()).hexdigest()[:16]
