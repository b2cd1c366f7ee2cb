"""The notebook that a run left behind, as a file."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, cast

from jupyter_flows.errors import FlowsError, NoSuchError

if TYPE_CHECKING:
    from jupyter_flows.registry import Registry, Run


def executed_path(run_id: int, output: Path | None) -> Path:
    """Return the path of a run's notebook, written to `output` if that is given; raise `NoSuchError`.

    The one that the agent wrote is taken where it is kept still, else it is made from what the registry has.
    """
    from jupyter_flows.executed import executed_path as kept_path
    from jupyter_flows.executed import keep_executed
    from jupyter_flows.registry import open_registry
    from jupyter_flows.settings import load_settings

    with open_registry() as registry:
        run = registry.runs.get(run_id)
        kept = kept_path(run.project, run.flow, run.id)
        is_whole = run.finished and kept.is_file()
        text = kept.read_text(encoding="utf-8") if is_whole else _made(registry, run)
    if output is not None:
        return _written(output, text)
    if is_whole:
        return kept
    return keep_executed(run.project, run.flow, run.id, text, keep_notebooks=load_settings().keep_notebooks)


def _made(registry: Registry, run: Run) -> str:
    from jupyter_flows.environments.storage import storage_from_json
    from jupyter_flows.executed import Kept, executed_notebook
    from jupyter_flows.settings import load_settings

    version = registry.runs.version(run.id)
    files = storage_from_json(version.document["storage"]).load(version.artifact).files
    if "notebook.ipynb" not in files:
        logs = f'"jupyter flows logs {run.id}" has what it printed'
        raise NoSuchError(f"Run {run.id} is of a flow that comes from no notebook: {logs}.")
    text, happened = files["notebook.ipynb"].decode(), registry.runs.events(run.id)
    keep = cast(Kept, load_settings().record_outputs)
    return executed_notebook(text, version.document, happened, run.to_json(), keep=keep)


def _written(output: Path, text: str) -> Path:
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FlowsError(f"The notebook can't be written to {output} ({error.strerror}): name another file.") from None
    return output.absolute()


def open_in_lab(path: Path) -> int:
    """Start JupyterLab on a notebook and stay until it ends; return its exit status."""
    lab = shutil.which("jupyter-lab")
    if lab is None:
        raise FlowsError(f"JupyterLab is not on PATH: open {path} with what you have.")
    return subprocess.run([lab, str(path)], check=False).returncode
