"""Have the image of a flow at hand: which one it is, whether it may run, and the pull."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from jupyter_flows.errors import AgentError
from jupyter_flows.images.plan import Say
from jupyter_flows.images.reference import Place, Reference
from jupyter_flows.images.shipping import size_text
from jupyter_flows.images.transfer import pull
from jupyter_flows.registry import Version

if TYPE_CHECKING:
    from docker import DockerClient


def place_of(version: Version) -> Place:
    """Return where a version's image is kept, with its digest; raise `AgentError` for one kept in no image."""
    storage: Mapping[str, Any] = version.document["storage"] or {}
    kind = str(storage.get("class", "no")).rpartition(".")[2]
    if kind != "Docker":
        raise AgentError(
            f"A Docker agent runs flows that are kept in images, and this one is kept in {kind} storage: "
            "register it with storage 'docker', or start a local agent."
        )
    place = Place.parse(version.artifact.uri)
    if place.digest is None:
        raise AgentError(
            f"The flow's image {version.artifact.uri} is registered without its digest: register it again."
        )
    return place


class Images:
    """The images that an engine has or can get, as far as its agent allows."""

    def __init__(self, engine: DockerClient, *, no_pull: bool = False, allowed: Iterable[str] | None = None):
        self._engine, self._no_pull = engine, no_pull
        self._allowed = None if allowed is None else tuple(prefix.rstrip("/") for prefix in allowed)

    def fetch(self, version: Version, say: Say) -> str:
        """Return what the engine calls a version's image, pulled by its digest if it is not there.

        What `say` raises ends the pull. Raises `AgentError` for an image that may not or can't be had, `EngineError`
        for one that can't be pulled.
        """
        place = place_of(version)
        if place.transport == "docker-daemon":
            return self._kept(place)
        if place.transport != "docker":
            raise AgentError(
                f"The flow's image is kept as {place.transport} ({place}), which no engine pulls: register the flow "
                "with registry_url=HOST/GROUP of an image registry."
            )
        reference = place.reference
        self._allow(reference)
        name = f"{reference.host}/{reference.name}@{reference.digest}"
        if not self._has(name):
            self._pull(name, say)
        return name

    def _allow(self, reference: Reference) -> None:
        name = f"{reference.host}/{reference.name}"
        if self._allowed is None or any(name == p or name.startswith(f"{p}/") for p in self._allowed):
            return
        listed = ", ".join(self._allowed) or "none"
        raise AgentError(f"The flow's image {name} is not from where this agent may take images ({listed}).")

    def _kept(self, place: Place) -> str:
        if self._allowed is not None:
            raise AgentError(
                f"The flow's image {place} is from no image registry, and this agent is told which to use."
            )
        if place.digest and self._has(place.digest):
            return place.digest
        raise AgentError(
            f"The flow's image {place} is not in this agent's engine, and can't be pulled since it was never pushed: "
            "register the flow with a registry_url, or start the agent where it was built."
        )

    def _has(self, name: str) -> bool:
        from docker.errors import ImageNotFound

        try:
            self._engine.images.get(name)
        except ImageNotFound:
            return False
        return True

    def _pull(self, name: str, say: Say) -> None:
        if self._no_pull:
            raise AgentError(f"The flow's image {name} is not here, and this agent pulls none: docker pull {name}")
        started = time.monotonic()
        done = pull(self._engine, name, say)
        say(f"pulled {size_text(done.total_bytes)} in {time.monotonic() - started:.1f} s")
