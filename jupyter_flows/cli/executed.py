"""The notebook that a run left behind, as a file."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from jupyter_flows.errors import FlowsError, NoSuchError

if TYPE_CHECKING:
    from jupyter_flows.registry import Registry, Run, Version

logger = logging.getLogger("jupyter_flows")


@dataclass(frozen=True, slots=True)
class Left:
    """A run's notebook, handed out."""

    run_id: int
    path: Path
    #: Whether Jupyter shows all of it: it is this user's own run.
    trusted: bool

    def to_json(self) -> dict[str, Any]:
        """Return what ``notebook --json`` prints."""
        return {"run_id": self.run_id, "path": str(self.path), "trusted": self.trusted}


def left_behind(run_id: int, output: Path | None = None, *, beside: Path | None = None) -> Left:
    """Write a run's notebook to `output`, or into the folder `beside`, or where it is kept; raise `NoSuchError`.

    The one that the agent wrote is taken where it is kept still, else it is made from what the registry has. It is
    signed as trusted if the run is this user's own.
    """
    from jupyter_flows.executed import executed_path, is_own, keep_executed
    from jupyter_flows.registry import open_registry
    from jupyter_flows.settings import load_settings

    with open_registry() as registry:
        run, version = registry.runs.get(run_id), registry.runs.version(run_id)
        kept = executed_path(run.project, run.flow, run.id)
        is_whole = run.finished and kept.is_file()
        text = kept.read_text(encoding="utf-8") if is_whole else _made(registry, run, version)
        own = is_own(version.place, registry.path)
    if output is not None:
        path = _written(output, text)
    elif beside is not None:
        path = _copied(beside, f"{run.flow}-run-{run.id}".replace("/", "_"), text)
    elif is_whole:
        path = kept
    else:
        path = keep_executed(run.project, run.flow, run.id, text, keep_notebooks=load_settings().keep_notebooks)
    return Left(run_id, path, own and _signed(text))


def _made(registry: Registry, run: Run, version: Version) -> str:
    from jupyter_flows.environments.storage import storage_from_json
    from jupyter_flows.executed import Kept, executed_notebook
    from jupyter_flows.settings import load_settings

    files = storage_from_json(version.document["storage"]).load(version.artifact).files
    if "notebook.ipynb" not in files:
        logs = f'"jupyter flows logs {run.id}" has what it printed'
        raise NoSuchError(f"Run {run.id} is of a flow that comes from no notebook: {logs}.")
    text, happened = files["notebook.ipynb"].decode(), registry.runs.events(run.id)
    keep = cast(Kept, load_settings().record_outputs)
    return executed_notebook(text, version.document, happened, run.to_json(), keep=keep)


def _signed(text: str) -> bool:
    """Sign a notebook; one that can't be is merely opened with its scripts off."""
    from jupyter_flows.executed import sign

    try:
        sign(text)
    except (OSError, ValueError, sqlite3.Error) as error:
        logger.warning("The notebook could not be signed: %s", error)
        return False
    return True


def _written(output: Path, text: str) -> Path:
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FlowsError(f"The notebook can't be written to {output} ({error.strerror}): name another file.") from None
    return output.absolute()


def _copied(folder: Path, stem: str, text: str) -> Path:
    """Write a copy, unless it is there already; a file that was changed since is somebody's work and stays."""
    for path in _names(folder, stem):
        try:
            if path.read_text(encoding="utf-8") == text:
                return path
        except FileNotFoundError:
            return _written(path, text)
        except (OSError, UnicodeDecodeError):
            continue
    raise AssertionError("the names never end")


def _names(folder: Path, stem: str) -> Iterator[Path]:
    yield folder / f"{stem}.ipynb"
    number = 2
    while True:
        yield folder / f"{stem}-{number}.ipynb"
        number += 1


def open_in_lab(path: Path) -> int:
    """Start JupyterLab on a notebook and stay until it ends; return its exit status."""
    lab = shutil.which("jupyter-lab") or shutil.which("jupyter-lab", path=str(Path(sys.executable).parent))
    if lab is None:
        raise FlowsError(f"JupyterLab is not on PATH: open {path} with what you have.")
    return subprocess.run([lab, str(path)], check=False).returncode
