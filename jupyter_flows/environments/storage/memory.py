"""Flows kept in this process only."""

from __future__ import annotations

from typing import ClassVar

from jupyter_flows.core.artifact import sha256
from jupyter_flows.environments.storage.base import Storage
from jupyter_flows.errors import ArtifactError


class Memory(Storage):
    """Keep flows in memory, to build and load them without leaving a trace; agents can't load them."""

    lasting = False
    _kept: ClassVar[dict[str, bytes]] = {}

    def __init__(self) -> None:
        """Take no options."""

    def write(self, data: bytes, name: str) -> str:  # noqa: ARG002 - the contract's argument
        """Keep the bytes until the process ends."""
        uri = f"memory:{sha256(data)}"
        self._kept[uri] = data
        return uri

    def read(self, uri: str) -> bytes:
        """Return the bytes that this process kept."""
        try:
            return self._kept[uri]
        except KeyError:
            raise ArtifactError(f"This process keeps no flow at {uri!r}: build it here first.") from None
