"""Run a flow in a process of its own, from code that waits for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_flows.core.events import Event
from jupyter_flows.core.flow import Flow
from jupyter_flows.core.parameter import resolve
from jupyter_flows.core.state import State, StateName
from jupyter_flows.core.task import Task
from jupyter_flows.engine.job import Job
from jupyter_flows.engine.launcher import Launcher
from jupyter_flows.environments.storage.local import Local


def run_apart(
    flow: Flow,
    parameters: Mapping[str, Any] | None = None,
    *,
    folder: str | None = None,
    on_event: Callable[[Event], None] = lambda _: None,
) -> State:
    """Run a flow in a fresh process and return its state; ``result`` maps each task to its state, without values.

    The process works in `folder`, else the notebook's own, else the current one.
    """
    import tempfile
    import uuid

    from jupyter_flows.places import UNRECORDED, outputs_folder

    values = resolve(flow.parameters(), parameters or {})
    given = {name: values[name] for name in parameters or {}}
    story = _Story(flow, on_event)
    with tempfile.TemporaryDirectory(prefix="jupyter_flows-apart-") as place, Launcher(spares=False) as launcher:
        storage = Local(place)
        storage.bind(flow)
        job = Job(
            run_id=0,
            flow_name=flow.name,
            storage=storage.to_json(),
            artifact=storage.build(),
            parameters=given,
            folder=folder or _folder_of(flow),
            needs_shell=any(t.needs_shell for t in flow.cell_tasks),
            output_folder=str(outputs_folder() / f"{UNRECORDED}{uuid.uuid4().hex[:8]}"),
        )
        process = launcher.start(job, story.hear)
        try:
            process.wait()
        except KeyboardInterrupt:
            process.cancel()
            process.wait()
            raise
    return story.state()


def _folder_of(flow: Flow) -> str:
    if flow.origin and flow.origin.path:
        return str(Path(flow.origin.path).absolute().parent)
    return str(Path.cwd())


class _Story:
    """Remembers each task's last state and the run's."""

    def __init__(self, flow: Flow, on_event: Callable[[Event], None]):
        self._flow, self._on_event = flow, on_event
        self._tasks: dict[str, State] = {}
        self._children: dict[str, dict[int, State]] = {}
        self._run = State(StateName.PENDING)

    def hear(self, event: Event) -> None:
        if event.kind == "tasks":
            for slug, index, state, _, message in event.body["rows"]:
                told = State(StateName(state), message)
                if index is None:
                    self._tasks[slug] = told
                else:
                    self._children.setdefault(slug, {})[index] = told
        elif event.kind == "run":
            self._run = State(StateName(event.body["state"]), event.body["message"])
        self._on_event(event)

    def state(self) -> State:
        result: dict[Task, State] = {t: self._of(self._flow.slug(t)) for t in self._flow.tasks}
        return State(self._run.name, self._run.message, result)

    def _of(self, slug: str) -> State:
        state = self._tasks.get(slug) or State(StateName.PENDING)
        children = self._children.get(slug, {})
        return replace(state, map_states=[children[index] for index in sorted(children)]) if children else state
