"""Remove what nothing needs any more, or everything."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_flows.cli.holdings import Holding, registry_holding, registry_parts, registry_path, size_of
from jupyter_flows.errors import ClashError
from jupyter_flows.places import UNRECORDED

if TYPE_CHECKING:
    from jupyter_flows.registry import Registry

#: A stored flow younger than this may be on its way into the registry.
YOUNG_SECONDS = 3600.0
#: What makes images, and for how long it may lie unused.
_MADE_AGAIN = frozenset({"wheels", "layers", "scratch", "archives", "compiled"})
UNUSED_SECONDS = 30 * 86400.0
#: An agent that was last heard of so long ago is forgotten.
LONG_GONE_SECONDS = 7 * 86400.0


@dataclass(frozen=True, slots=True)
class Waste:
    """A file or folder that nothing needs."""

    path: Path
    size_bytes: int
    why: str

    def to_json(self) -> dict[str, Any]:
        """Return the file as JSON values."""
        return {"path": str(self.path), "size_bytes": self.size_bytes, "why": self.why}


@dataclass(frozen=True, slots=True)
class AllWaste:
    """What `gc` removes, and what it says besides."""

    files: tuple[Waste, ...]
    note: str = ""


def unneeded(*, now: float | None = None) -> AllWaste:
    """Find the stored flows that no version refers to, and the executed notebooks that are too many or of no run."""
    from jupyter_flows.places import data_folder
    from jupyter_flows.registry import open_registry

    with open_registry() as registry:
        if registry_path().parent != data_folder():
            # Files of another registry may lie there too, and this one can't know which.
            return AllWaste((), f"{registry_path()} lies outside {data_folder()}, whose files are left alone.")
        moment = time.time() if now is None else now
        found = [*_artifacts(registry, moment), *_notebooks(registry), *_results(registry)]
        found += [*_texts(registry, moment), *_unused(moment)]
    return AllWaste(tuple(found))


def clean(waste: AllWaste, *, now: float | None = None) -> None:
    """Remove it, the drafts that no run refers to, and the memory of agents gone for long."""
    from jupyter_flows.registry import open_registry

    with open_registry() as registry:
        registry.flows.forget_drafts()
        registry.agents.prune(before=(time.time() if now is None else now) - LONG_GONE_SECONDS)
    for file in waste.files:
        if file.path.is_dir():
            shutil.rmtree(file.path, ignore_errors=True)
        else:
            file.path.unlink(missing_ok=True)


def _artifacts(registry: Registry, now: float) -> Iterator[Waste]:
    from jupyter_flows.places import artifacts_folder

    needed = {artifact.uri for artifact in registry.flows.artifacts()}
    for path in sorted(artifacts_folder().iterdir()):
        status = path.lstat()
        if path.as_uri() not in needed and now - status.st_mtime > YOUNG_SECONDS:
            yield Waste(path, status.st_size, "no version refers to it")


def _unused(now: float) -> Iterator[Waste]:
    """Find wheels, layers and venvs that no image was made of for long; they are made again when they are needed."""
    from jupyter_flows.places import images_folder

    for path in sorted(images_folder().glob("*/*")):
        status = path.lstat()
        if path.parent.name in _MADE_AGAIN and now - status.st_mtime > UNUSED_SECONDS:
            yield Waste(path, size_of(path), "unused for a month")


def _notebooks(registry: Registry) -> Iterator[Waste]:
    from jupyter_flows.places import notebooks_folder
    from jupyter_flows.settings import load_settings

    keep = load_settings().keep_notebooks
    known = {run.id for run in registry.runs.list(limit=None)}
    by_flow: dict[Path, list[Path]] = {}
    for path in notebooks_folder().rglob("*.ipynb"):
        by_flow.setdefault(path.parent, []).append(path)
    for paths in by_flow.values():
        whole = sorted((p for p in paths if _run_number(p) in known), key=_run_number, reverse=True)
        for path in paths:
            if path not in whole:
                yield Waste(path, path.stat().st_size, "its run was deleted")
        for path in whole[keep:]:
            yield Waste(path, path.stat().st_size, f"more than {keep} of this flow")


def _results(registry: Registry) -> Iterator[Waste]:
    from jupyter_flows.agent.results import KEEP_RUNS, old_results
    from jupyter_flows.places import results_folder

    runs = {run.id: run for run in registry.runs.list(limit=None)}
    for folder in sorted(results_folder().glob("*/*")):
        old = set(old_results(folder))
        for path in sorted(folder.iterdir()):
            run = runs.get(_run_number(path))
            if run is None:
                yield Waste(path, size_of(path), "its run was deleted")
            elif path in old and run.finished:
                yield Waste(path, size_of(path), f"more than {KEEP_RUNS} of this flow")


def _texts(registry: Registry, now: float) -> Iterator[Waste]:
    """Find folders of long texts whose run was deleted, or which no run in the registry wrote and that are old."""
    from jupyter_flows.places import outputs_folder

    known = {str(run.id) for run in registry.runs.list(limit=None)}
    folder = outputs_folder()
    for path in (p for p in folder.glob("*/*/*") if p.is_dir() and p.name not in known):
        yield Waste(path, size_of(path), "its run was deleted")
    for path in (p for p in folder.glob(f"{UNRECORDED}*") if now - p.stat().st_mtime > LONG_GONE_SECONDS):
        yield Waste(path, size_of(path), "a flow run by itself wrote it a week ago, or longer")


def _run_number(path: Path) -> int:
    return int(path.stem) if path.stem.isdigit() else -1


def everything() -> list[Holding]:
    """Return all that `reset` removes and that exists; raise `ClashError` while an agent is at work."""
    from jupyter_flows.places import (
        artifacts_folder,
        cache_folder,
        images_folder,
        notebooks_folder,
        outputs_folder,
        results_folder,
        secrets_folder,
    )
    from jupyter_flows.registry import open_registry

    if registry_path().exists():
        with open_registry() as registry:  # Refuses a file that is not ours.
            alive = registry.agents.list()
        if alive:
            raise ClashError(
                f"Agent {alive[0].name!r} (pid {alive[0].pid} on {alive[0].host}) is at work: stop it first."
            )
    kept = (artifacts_folder, images_folder, notebooks_folder, results_folder, outputs_folder, cache_folder)
    folders = [Holding(p.name, p, size_of(p), exists=True) for p in (folder() for folder in (*kept, secrets_folder))]
    return [h for h in (registry_holding(), *folders) if h.exists and h.size_bytes]


def remove_all(holdings: list[Holding]) -> None:
    """Remove these files and folders, a registry with what belongs to it."""
    for holding in holdings:
        if holding.path.is_dir():
            shutil.rmtree(holding.path)
            continue
        for part in registry_parts(holding.path):
            if part.is_dir():
                shutil.rmtree(part)
            else:
                part.unlink(missing_ok=True)
