"""A copy of a folder in which notebooks may do as they like, made good again before each execution."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

#: What tools keep in a folder and no cell reads.
_SKIPPED = frozenset({".git", ".ipynb_checkpoints", "__pycache__", ".venv", "venv", "node_modules", ".mypy_cache"})


class Scratch:
    """A copy of `origin` below `folder`; `reset` brings back what an execution changed, and nothing else."""

    def __init__(self, origin: Path, folder: Path):
        self.origin = origin
        self.root = folder / origin.name
        self._kept: dict[Path, tuple[int, int]] = {}
        for path in files(origin):
            self._copy(path)

    def reset(self) -> None:
        """Make the copy what it was."""
        found = {path: _mark(self.root / path) for path in files(self.root)}
        for path in found.keys() - self._kept.keys():
            (self.root / path).unlink()
        for path, mark in self._kept.items():
            if found.get(path) != mark:
                self._copy(path)
        for folder in sorted((p for p in self.root.rglob("*") if p.is_dir() and not p.is_symlink()), reverse=True):
            if not (self.origin / folder.relative_to(self.root)).is_dir():
                shutil.rmtree(folder)

    def _copy(self, path: Path) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink() or target.exists():
            target.unlink()
        shutil.copy2(self.origin / path, target)
        self._kept[path] = _mark(target)


def files(folder: Path) -> Iterator[Path]:
    """Give every file below a folder, relative to it."""
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if not _SKIPPED.intersection(relative.parts) and (path.is_file() or path.is_symlink()) and _there(path):
            yield relative


def _there(path: Path) -> bool:
    """Tell whether a link leads anywhere."""
    return path.exists()


def _mark(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns
