"""Where executed notebooks are kept: for their user alone, the newest of each flow."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from jupyter_flows.places import notebooks_folder, private_folder, write_private


def executed_path(project: str, flow: str, run_id: int) -> Path:
    """Return where a run's executed notebook is kept, whether or not it is there."""
    return notebooks_folder() / plain(project) / plain(flow) / f"{run_id}.ipynb"


def keep_executed(project: str, flow: str, run_id: int, text: str, *, keep_notebooks: int) -> Path:
    """Write an executed notebook for its user alone and return its path; the flow's oldest beyond the number go."""
    path = executed_path(project, flow, run_id)
    private_folder(path.parent.parent)
    private_folder(path.parent)
    write_private(path, text.encode())
    numbered = sorted((int(p.stem), p) for p in path.parent.glob("*.ipynb") if p.stem.isdigit())
    for _, old in numbered[: max(0, len(numbered) - keep_notebooks)]:
        old.unlink(missing_ok=True)
    return path


def plain(name: str) -> str:
    """Make a name one part of a path: nothing climbs out of the folder, names stay readable and different."""
    part = quote(name, safe=" @+,=()[]")
    return part.replace(".", "%2E") if part.strip(".") == "" or part.startswith(".") else part
