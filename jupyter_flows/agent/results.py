"""Where runs keep their cells' results, and for how long."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from jupyter_flows.core.state import StateName
from jupyter_flows.errors import RunError
from jupyter_flows.places import part_of_path, private_folder, results_folder
from jupyter_flows.registry import Run
from jupyter_flows.settings import load_settings

logger = logging.getLogger("jupyter_flows.agent")

#: Of each flow the results of so many runs stay, the newest.
KEEP_RUNS = 3


def results_path(project: str, flow: str, run_id: int) -> Path:
    """Return where a run's results are, whether or not there are any."""
    return results_folder() / part_of_path(project) / part_of_path(flow) / str(run_id)


def prepare_results(run: Run) -> Path:
    """Make the folder of a run that begins."""
    path = results_path(run.project, run.flow, run.id)
    for folder in (path.parent.parent, path.parent, path):
        private_folder(folder)
    return path


def require_results(run: Run) -> None:
    """Raise `RunError`, saying what to do, for a run that no other can go on from."""
    if not run.finished:
        raise RunError(f"Run {run.id} is {run.state.value}: it can be resumed when it has ended.")
    if not (results_path(run.project, run.flow, run.id) / "run.json").is_file():
        raise RunError(
            f"Run {run.id} left no results to go on from: run the flow anew. Results stay of failed runs (the newest "
            f"{KEEP_RUNS} of a flow), and of all with Flows.keep_results = 'all'."
        )


def settle_results(run: Run, state: StateName) -> None:
    """Remove what a run that has ended need not keep, and the flow's oldest; a failure to remove fails no run."""
    path = results_path(run.project, run.flow, run.id)
    if not path.is_dir():
        return
    try:
        if state is StateName.SUCCESS and load_settings().keep_results != "all":
            shutil.rmtree(path)
        for old in old_results(path.parent):
            if old != path:
                shutil.rmtree(old)
    except OSError as error:
        logger.warning("The results of run %d are not cleared away: %s", run.id, error)


def old_results(folder: Path) -> list[Path]:
    """Return the folders of runs beyond the newest few of a flow."""
    runs = sorted((p for p in folder.iterdir() if p.name.isdigit()), key=lambda p: int(p.name))
    return runs[: max(0, len(runs) - KEEP_RUNS)]
