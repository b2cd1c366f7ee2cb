"""Capture a notebook as registering would, and run its flow."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.notebooks.plain import ENVIRONMENT
from jupyter_flows.capture.notebook import Captured, capture, read_notebook
from jupyter_flows.comparison.asflow import run as run_captured
from jupyter_flows.comparison.orders import AnyOrder
from jupyter_flows.comparison.plain import Execution
from jupyter_flows.errors import FlowsError


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
    alone = (f for f in captured.findings if f.code == "F003" or (f.code == "F013" and f.level == "warning"))
    barriers = {f.cell: f.message for f in alone if f.cell}
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
    return run_captured(
        taken.captured.flow,
        root=root,
        folder=folder,
        executor=executor,
        timeout_seconds=timeout_seconds,
        env=ENVIRONMENT,
    )
