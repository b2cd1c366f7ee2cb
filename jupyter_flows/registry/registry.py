"""The registry: the one place that knows flows, runs and agents."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from jupyter_flows.registry.agents import Agents
from jupyter_flows.registry.database import Database
from jupyter_flows.registry.filesystem import filesystem_type
from jupyter_flows.registry.flows import Flows
from jupyter_flows.registry.location import registry_file
from jupyter_flows.registry.runs import Runs
from jupyter_flows.registry.wakeup import Wakeups


class Registry:
    """Flows, runs and agents, kept in a database on this machine; safe to use from several threads."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time):
        self._database = database
        self.wakeups = Wakeups(database.path)
        self.flows = Flows(database, clock=clock)
        self.runs = Runs(database, clock=clock, wakeups=self.wakeups)
        self.agents = Agents(database, clock=clock)

    @property
    def path(self) -> Path:
        """The registry's file."""
        return self._database.path

    @property
    def name(self) -> str:
        """What the registry is called in messages."""
        return self._database.name

    @property
    def url(self) -> str:
        """The address that opens this registry again."""
        return f"sqlite:///{self._database.path}"

    @property
    def advice(self) -> str | None:
        """One line that a person should know of this registry (a network filesystem), or None."""
        return self._database.advice

    def close(self) -> None:
        """Close the connections to the database."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_registry(
    url: str | Path | None = None,
    *,
    clock: Callable[[], float] = time.time,
    filesystem: Callable[[Path], str] = filesystem_type,
) -> Registry:
    """Open the registry at a URL or file path, made where absent; by default the one that the settings name.

    Raises `NotOurRegistryError` or `NewerSchemaError` for a file that is not for us, before anything is written.
    """
    path = registry_file(None if url is None else str(url))
    return Registry(Database(path, filesystem=filesystem), clock=clock)
