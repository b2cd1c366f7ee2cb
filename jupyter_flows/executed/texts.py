"""Where texts of runs are kept that are too long for events: for their user alone, of the newest runs of each flow."""

from __future__ import annotations

import shutil
from pathlib import Path

from jupyter_flows.places import outputs_folder, part_of_path


def texts_path(project: str, flow: str, run_id: int) -> Path:
    """Return the folder of a run's long texts, whether or not it is there."""
    return outputs_folder() / part_of_path(project) / part_of_path(flow) / str(run_id)


def drop_old_texts(project: str, flow: str, *, keep_runs: int) -> None:
    """Remove the long texts of all runs of a flow but the newest that left any."""
    folder = texts_path(project, flow, 0).parent
    if not folder.is_dir():
        return
    numbered = sorted((int(p.name), p) for p in folder.iterdir() if p.name.isdigit())
    for _, old in numbered[: max(0, len(numbered) - keep_runs)]:
        shutil.rmtree(old, ignore_errors=True)
