"""Storages: where a flow is kept between registering and running."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_flows.core.artifact import Artifact
from jupyter_flows.environments.storage.base import Storage, check_options
from jupyter_flows.environments.storage.docker import Docker
from jupyter_flows.environments.storage.local import Local
from jupyter_flows.environments.storage.memory import Memory
from jupyter_flows.errors import UnknownStorageError

__all__ = ["Artifact", "Docker", "Local", "Memory", "Storage", "storage_from_json", "storage_named"]

_STORAGES: dict[str, type[Storage]] = {"docker": Docker, "local": Local, "memory": Memory}


def storage_named(name: str, options: Mapping[str, Any] | None = None) -> Storage:
    """Make a storage from its name, in any case, and its options.

    Raises `UnknownStorageError`, or `StorageOptionError` for an option that it does not take.
    """
    try:
        storage = _STORAGES[name.lower()]
    except KeyError:
        raise UnknownStorageError(name, _STORAGES) from None
    check_options(storage, options or {})
    return storage(**(options or {}))


def storage_names() -> tuple[str, ...]:
    """Return the names that `storage_named` takes, sorted."""
    return tuple(sorted(_STORAGES))


def storage_from_json(data: Mapping[str, Any]) -> Storage:
    """Make the storage that `Storage.to_json` described."""
    return storage_named(str(data["class"]).rpartition(".")[2], data["options"])
