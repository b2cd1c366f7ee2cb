"""Flows of cells, and real runs of them, for the engine's tests."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_flows.core.cell import Cell
from jupyter_flows.core.events import Event
from jupyter_flows.core.flow import Flow, Origin
from jupyter_flows.core.parameter import ParameterSpec
from jupyter_flows.core.task import CellTask, TaskOptions
from jupyter_flows.engine.launcher import Job, Launcher, Process
from jupyter_flows.environments.storage import Local

#: No run of a test takes longer, however loaded the machine is.
PATIENCE_SECONDS = 90


def cell_task(ordinal: int, code: str, *, shell: bool = False, **options: Any) -> CellTask:
    """Make a task of one cell; options are CellTask's and, by the names of `TaskOptions`, the marker's."""
    name = options.pop("name", None) or f"cell_{ordinal}"
    of_marker = {n: options.pop(n) for n in list(options) if n in TaskOptions.__dataclass_fields__}
    return CellTask(
        name,
        Cell(code, ordinal),
        code=code,
        meaning=str(ordinal),
        options=TaskOptions(**of_marker),
        needs_shell=shell,
        **options,
    )


def flow_of_cells(
    tasks: Iterable[CellTask | str],
    *,
    chained: bool = True,
    shell: bool = False,
    environment: Any = None,
    modules: Mapping[str, bytes] | None = None,
    parameters: Iterable[ParameterSpec] = (),
) -> Flow:
    """Make a flow of cells, each waiting for the one above it unless ``chained=False``."""
    origin = Origin("{}", modules=modules or {}, parameters=tuple(parameters))
    flow = Flow("cells", origin=origin, environment=environment)
    made = [cell_task(n, t, shell=shell) if isinstance(t, str) else t for n, t in enumerate(tasks, 1)]
    for task in made:
        flow.add_task(task)
    if chained:
        flow.chain(*made)
    return flow


@dataclass
class Story:
    """What a run reported, and how its process ended."""

    events: list[Event] = field(default_factory=list)
    code: int | None = None

    @property
    def state(self) -> tuple[str, str]:
        """The run's last state and message."""
        body = [e.body for e in self.events if e.kind == "run"][-1]
        return body["state"], body["message"]

    def tasks(self) -> dict[str, list[str]]:
        """Each task's states, in order."""
        states: dict[str, list[str]] = {}
        for task, _, state, _, _ in self.rows():
            states.setdefault(task, []).append(state)
        return states

    def rows(self) -> list[list[Any]]:
        """All rows of all "tasks" events."""
        return [row for e in self.events if e.kind == "tasks" for row in e.body["rows"]]

    def message(self, task: str) -> str:
        """Return the message of a task's last state."""
        return next(row[4] for row in reversed(self.rows()) if row[0] == task)

    def text(self, task: str | None = None, name: str = "stdout") -> str:
        """All text of one task's stream."""
        return "".join(
            e.body["text"]
            for e in self.events
            if e.kind == "stream" and (e.body["task"], e.body["name"]) == (task, name)
        )

    def outputs(self, task: str) -> list[dict[str, Any]]:
        """Return the displays of one task."""
        return [e.body["output"] for e in self.events if e.kind == "output" and e.body["task"] == task]

    def notices(self) -> list[str]:
        """Return what a person should know of the run."""
        return [e.body["message"] for e in self.events if e.kind == "notice"]


class Runner:
    """Runs flows in real processes and waits for them."""

    def __init__(self, folder: Path, launcher: Launcher):
        self.folder, self.launcher = folder, launcher
        self.processes: list[Process] = []

    def job(self, flow: Flow, **changes: Any) -> Job:
        """Store a flow and describe its run."""
        storage = Local(str(self.folder / "store"))
        storage.bind(flow)
        given = {
            "run_id": 1,
            "artifact": storage.build(),
            "folder": str(self.folder),
            "needs_shell": any(t.needs_shell for t in flow.cell_tasks),
        }
        return Job(flow_name=flow.name, storage=storage.to_json(), **{**given, **changes})

    def run(self, flow: Flow, *, when: Any = None, **changes: Any) -> Story:
        """Run a flow to its end; `when(event, process)` sees each event as it comes."""
        story = Story()
        started = threading.Event()

        def hear(event: Event) -> None:
            story.events.append(event)
            if when:
                started.wait(PATIENCE_SECONDS)
                when(event, self.processes[-1])

        self.processes.append(self.launcher.start(self.job(flow, **changes), hear))
        started.set()
        story.code = self.processes[-1].wait(PATIENCE_SECONDS)
        assert self.processes[-1].finished
        return story
