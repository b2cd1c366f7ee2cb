"""Run a notebook as a flow: capture it, pack it, and start its run in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.notebooks.orders import AnyOrder
from benchmarks.notebooks.plain import STEADY, USAGE, Execution, Ran
from jupyter_flows.capture.notebook import Captured, capture, read_notebook
from jupyter_flows.core.events import Event
from jupyter_flows.engine.launcher import Job, Launcher
from jupyter_flows.environments import LocalEnvironment
from jupyter_flows.environments.storage import Local
from jupyter_flows.errors import FlowsError
from jupyter_flows.executed import executed_notebook
from jupyter_flows.flow import Flow


@dataclass(frozen=True, slots=True)
class Refusal:
    """A notebook that can't be registered, and what was said."""

    code: str
    message: str
    #: The cell that is to blame, None for the notebook.
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A notebook that became a flow."""

    captured: Captured
    #: What each task waits for, by number.
    upstream: Sequence[Sequence[int]] = ()
    barriers: Mapping[int, str] = field(default_factory=dict)


#: How long capturing one notebook may take.
CAPTURE_SECONDS = 30


def take(path: Path) -> Taken | list[Refusal]:
    """Capture a notebook file; return why not where registering would refuse it. Only for the main thread."""
    try:
        with _alarm(CAPTURE_SECONDS):
            captured = capture(read_notebook(path), name="compared")
    except TimeoutError:
        return [Refusal("slow", f"capturing takes longer than {CAPTURE_SECONDS} s")]
    except FlowsError as error:
        return [Refusal(type(error).__name__, str(error), getattr(error, "ordinal", None))]
    errors = [f for f in captured.findings if f.level == "error"]
    if errors:
        return [Refusal(f.code, str(f), f.cell) for f in errors]
    flow = captured.flow
    number = {task: n for n, task in enumerate(flow.tasks)}
    upstream: list[list[int]] = [[] for _ in flow.tasks]
    for edge in flow.edges:
        upstream[number[edge.downstream]].append(number[edge.upstream])
    barriers = {f.cell: f.message for f in captured.findings if f.code == "F003" and f.cell}
    return Taken(captured, upstream, barriers)


@contextmanager
def _alarm(seconds: int) -> Iterator[None]:
    """Raise `TimeoutError` where the main thread is after some time."""

    def ring(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run(taken: Taken, *, root: Path, folder: Path, executor: AnyOrder | None, timeout_seconds: float) -> Execution:
    """Run a flow in `folder`, below `root`; return what its executed notebook shows, cell by cell."""
    events: list[Event] = []
    with tempfile.TemporaryDirectory(prefix="compare-storage-") as place, Launcher(spares=False) as launcher:
        storage = Local(place)
        flow = Flow.of(taken.captured.flow, storage=storage)
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
            env={**STEADY, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])},
        )
        process = launcher.start(job, events.append)
        ended = process.wait(timeout_seconds) is not None
        if not ended:
            process.kill()
            process.wait()
    trouble = "" if ended else f"the run takes longer than {timeout_seconds:g} s"
    assert flow.origin is not None
    return Execution(_cells(flow.origin.notebook, document, events), str(root), trouble or _death(events))


def _cells(notebook: str, document: Mapping[str, Any], events: Sequence[Event]) -> list[Ran]:
    text = executed_notebook(notebook, document, events, {"parameters": {}})
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
