"""Where executed notebooks are kept: for their user alone, the newest of each flow."""

from __future__ import annotations

from pathlib import Path

from jupyter_flows.places import notebooks_folder, part_of_path, private_folder, write_private


def executed_path(project: str, flow: str, run_id: int) -> Path:
    """Return where a run's executed notebook is kept, whether or not it is there."""
    return notebooks_folder() / part_of_path(project) / part_of_path(flow) / f"{run_id}.ipynb"


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
