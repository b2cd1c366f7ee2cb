"""Run a captured notebook as a flow, in a process of its own, and read what each cell showed."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_flows.comparison.plain import STEADY, USAGE, Execution, Ran
from jupyter_flows.core.events import Event
from jupyter_flows.core.flow import Flow as CoreFlow
from jupyter_flows.engine.executors import Executor
from jupyter_flows.engine.launcher import Job, Launcher
from jupyter_flows.environments import LocalEnvironment
from jupyter_flows.environments.storage import Local
from jupyter_flows.executed import executed_notebook
from jupyter_flows.flow import Flow


def run(
    captured: CoreFlow,
    *,
    root: Path,
    folder: Path,
    timeout_seconds: float,
    executor: Executor | None = None,
    env: Mapping[str, str] = STEADY,
) -> Execution:
    """Run a flow in `folder`, below `root`; return what its executed notebook shows, cell by cell."""
    events: list[Event] = []
    with tempfile.TemporaryDirectory(prefix="jupyter-flows-compare-") as place, Launcher(spares=False) as launcher:
        storage = Local(place)
        flow = Flow.of(captured, storage=storage)
        artifact = storage.build()
        document = storage.load(artifact).document
        job = Job(
            run_id=1,
            flow_name=flow.name,
            storage=storage.to_json(),
            artifact=artifact,
            environment=LocalEnvironment(executor=executor).to_json() if executor else None,
            folder=str(folder),
            needs_shell=bool(document["shell"]),
            env={**env, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])},
        )
        process = launcher.start(job, events.append)
        ended = process.wait(timeout_seconds) is not None
        if not ended:
            process.kill()
            process.wait()
    trouble = "" if ended else f"the run takes longer than {timeout_seconds:g} s"
    notebook = flow.origin.notebook if flow.origin else "{}"
    return Execution(_cells(notebook, document, events), str(root), trouble or _death(events))


def _cells(notebook: str, document: Mapping[str, Any], events: Sequence[Event]) -> list[Ran]:
    last = next((e.body["state"] for e in reversed(events) if e.kind == "run"), "Failed")
    text = executed_notebook(notebook, document, events, {"parameters": {}, "state": last})
    return [Ran(_as_shown(cell["outputs"])) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]


def _as_shown(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what the executed notebook adds for people where a cell failed without a traceback."""
    usage = any(o["output_type"] == "stream" and "".join(o["text"]).startswith(USAGE) for o in outputs)
    return outputs[:-1] if usage and outputs[-1].get("ename") == "Failed" else outputs


def _death(events: Sequence[Event]) -> str:
    """Return how a run ended that was not ended by a cell: its process died, or could not start."""
    last = next((e for e in reversed(events) if e.kind == "run"), None)
    if last is None:
        return "the run said nothing"
    if last.body["state"] == "Success" or any(map(_is_error, events)):
        return ""
    return f"the run ended as {last.body['state']}: {last.body['message']}"


def _is_error(event: Event) -> bool:
    if event.kind == "stream":
        return str(event.body["text"]).startswith(USAGE)
    return event.kind == "output" and event.body["output"].get("output_type") == "error"
