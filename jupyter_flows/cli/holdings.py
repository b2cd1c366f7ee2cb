"""What jupyter_flows keeps, where, and how large it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Holding:
    """One file or folder of ours."""

    name: str
    path: Path
    #: All files of a folder together; for the registry, with its write-ahead log.
    size_bytes: int
    exists: bool


@dataclass(frozen=True, slots=True)
class Holdings:
    """All of them, and the settings that say so."""

    places: tuple[Holding, ...]
    settings_files: tuple[Path, ...]
    settings: Mapping[str, Mapping[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """Return what `where --json` prints: each place by name, and its size under ``size_bytes``."""
        return {
            **{p.name: str(p.path) for p in self.places},
            "size_bytes": {p.name: p.size_bytes for p in self.places},
            "settings_files": [str(path) for path in self.settings_files],
            "settings": self.settings,
        }


def holdings() -> Holdings:
    """Look at everything, making nothing but the folders."""
    from jupyter_flows.places import (
        artifacts_folder,
        cache_folder,
        data_folder,
        images_folder,
        notebooks_folder,
        outputs_folder,
        results_folder,
        secrets_folder,
    )
    from jupyter_flows.settings import load_settings, settings_files

    places = (
        _holding("data", data_folder()),
        registry_holding(),
        _holding("artifacts", artifacts_folder()),
        _holding("images", images_folder()),
        _holding("notebooks", notebooks_folder()),
        _holding("results", results_folder()),
        _holding("outputs", outputs_folder()),
        _holding("cache", cache_folder()),
        _holding("secrets", secrets_folder()),
    )
    return Holdings(places, tuple(settings_files()), load_settings().to_json())


def registry_holding() -> Holding:
    """Return the registry's file, its write-ahead log and sockets counted with it."""
    path = registry_path()
    sizes = [size_of(part) for part in registry_parts(path)]
    return Holding("registry", path, sum(sizes), path.exists())


def registry_path() -> Path:
    """Return the path of the registry's file, which may not be there yet."""
    from jupyter_flows.registry.location import registry_file

    return registry_file()


def registry_parts(path: Path) -> list[Path]:
    """Return the files that belong to a registry, those that exist."""
    return [
        p
        for p in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", ".wake", ".lock")))
        if p.exists()
    ]


def _holding(name: str, path: Path) -> Holding:
    return Holding(name, path, size_of(path), path.exists())


def size_of(path: Path) -> int:
    """Return the size of a file, or of all files below a folder."""
    if not path.is_dir():
        return path.stat().st_size if path.exists() else 0
    return sum(p.lstat().st_size for p in path.rglob("*") if p.is_file())
