"""What an executed notebook says of its cells in their metadata: for us, for JupyterLab and for papermill's users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from jupyter_flows.core.state import FAILED, FINISHED, SUCCESSFUL, StateName

JsonObject = dict[str, Any]
#: Where a notebook and its cells keep what is ours, and below it what a run left there.
KEY, RUN = "jupyter_flows", "run"


def mark_left_out(metadata: JsonObject) -> None:
    """Say of a cell that it takes no part in the flow."""
    metadata.setdefault(KEY, {})[RUN] = {"takes_part": False}


def mark_waiting(metadata: JsonObject, task: str) -> None:
    """Say of a cell that it has not run yet; if nothing else comes, it never did."""
    metadata.setdefault(KEY, {})[RUN] = {"task": task, "state": StateName.PENDING.value}
    metadata["papermill"] = {
        "duration": None,
        "end_time": None,
        "exception": None,
        "start_time": None,
        "status": "pending",
    }


def mark_state(metadata: JsonObject, state: str, at: float, message: str) -> None:
    """Say of a cell which state it is in by now, and when it began and ended."""
    ours, papermill = metadata[KEY][RUN], metadata["papermill"]
    ours["state"] = state
    ours.pop("message", None)
    if message:
        ours["message"] = message
    time = _iso(at)
    if state == StateName.RUNNING:
        ours.pop("finished_at", None)
        ours["started_at"] = time
        metadata["execution"] = {
            "iopub.status.busy": time,
            "iopub.execute_input": time,
            "shell.execute_reply.started": time,
        }
        papermill |= {"start_time": time, "status": "running"}
    elif state in FINISHED and "started_at" in ours:
        ours["finished_at"] = time
        metadata["execution"] |= {"shell.execute_reply": time, "iopub.status.idle": time}
        papermill |= {"end_time": time, "duration": _seconds(ours["started_at"], time)}
        papermill |= {"exception": state in FAILED, "status": "completed" if state in SUCCESSFUL else "failed"}


def state_of(cell: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is said of a cell: its task, state, message and times."""
    said: Mapping[str, Any] = cell.get("metadata", {}).get(KEY, {}).get(RUN, {})
    return said


def mark_notebook(
    metadata: JsonObject,
    run: Mapping[str, Any],
    *,
    parameters: Iterable[Mapping[str, Any]],
    notices: Iterable[str],
) -> None:
    """Say of the notebook which run this was, with which parameters, and how it ended."""
    said = list(notices)
    metadata.setdefault(KEY, {})[RUN] = {**run, **({"notices": said} if said else {})}
    start, end = run.get("started_at"), run.get("finished_at")
    metadata["papermill"] = {
        "default_parameters": {p["name"]: p["default"] for p in parameters if not p.get("computed")},
        "duration": _seconds(start, end) if start and end else None,
        "end_time": end,
        "environment_variables": {},
        # As papermill has it: true for a failure, else nothing.
        "exception": True if run["state"] in FAILED else None,
        "parameters": dict(run["parameters"]),
        "start_time": start,
    }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def _seconds(start: str, end: str) -> float:
    return round((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds(), 6)
