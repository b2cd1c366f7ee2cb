"""What is known of a run at one moment, folded from its events."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jupyter_flows.core.events import Event
from jupyter_flows.core.state import FINISHED, SUCCESSFUL, StateName
from jupyter_flows.widgets.log_tail import LogTail

#: Outputs kept of each task: the card shows where a run stands, the executed notebook shows everything.
OUTPUTS_PER_TASK = 4
#: Definition and parameters cells that take longer are listed: somebody waits for them (imports, most often).
QUIET_SECONDS = 0.5
_AS_EXPECTED = frozenset({StateName.PENDING, StateName.RUNNING, StateName.SUCCESS, StateName.CACHED})
_WORKING = frozenset({StateName.RUNNING, StateName.RETRYING, StateName.CANCELLING})


@dataclass(slots=True)
class TaskProgress:
    """One task of the run."""

    name: str
    #: The cell's position among code cells, as people count; None in functional flows.
    cell: int | None = None
    #: Definition and parameters cells: listed only when they take long or something is wrong with them.
    quiet: bool = False
    state: StateName = StateName.PENDING
    message: str = ""
    started_at: float | None = None
    finished_at: float | None = None
    #: States of mapped children, by index.
    children: dict[int, StateName] = field(default_factory=dict)

    def seconds(self, now: float) -> float | None:
        """Return how long it has been running or ran, None before it starts."""
        if self.started_at is None:
            return None
        return max(0.0, (self.finished_at if self.finished_at is not None else now) - self.started_at)

    def enter(self, state: StateName, at: float, message: str) -> None:
        """Take the state that follows."""
        self.state, self.message = state, message
        if state is StateName.RUNNING and self.started_at is None:
            self.started_at = at
        if state in FINISHED:
            self.finished_at = at

    def take_child(self, map_index: int, state: StateName, at: float) -> None:
        """Take a child's state; the task's own time is from its first child's start to its last one's end."""
        self.children[map_index] = state
        if state is StateName.RUNNING and self.started_at is None:
            self.started_at = at
        if state in FINISHED:
            self.finished_at = max(at, self.finished_at or at)

    def worth_showing(self, now: float) -> bool:
        """Tell whether a card lists it."""
        if not self.quiet or self.state not in _AS_EXPECTED:
            return True
        return (self.seconds(now) or 0.0) >= QUIET_SECONDS


@dataclass(frozen=True, slots=True)
class Shown:
    """One rich output of a task."""

    task: str | None
    #: MIME type to data, as in a notebook.
    data: Mapping[str, Any]
    display_id: str | None = None


class RunProgress:
    """Fold a run's events into task states, log lines, outputs and notices.

    Events may come twice (a batch sent again); each number counts once.
    """

    def __init__(
        self,
        flow: str,
        *,
        run_id: int | None = None,
        project: str | None = None,
        version: int | None = None,
        tasks: Iterable[TaskProgress] = (),
        clock: Callable[[], float] = time.time,
    ):
        self.flow, self.run_id, self.project, self.version = flow, run_id, project, version
        self._clock = clock
        self._tasks = {t.name: t for t in tasks}
        self._seen = 0
        self.state = StateName.SCHEDULED
        self.message = ""
        self.started_at: float | None = None
        self.finished_at: float | None = None
        self.notices: list[str] = []
        self.log = LogTail()
        self.outputs: list[Shown] = []
        self.traceback: tuple[str | None, str] | None = None

    # -- folding -------------------------------------------------------------------------------

    def fold(self, event: Event) -> bool:
        """Take an event in; say whether it was new."""
        if event.seq <= self._seen:
            return False
        self._seen = event.seq
        getattr(self, f"_fold_{event.kind}")(event)
        return True

    @property
    def last_seq(self) -> int:
        """The number of the last event taken in."""
        return self._seen

    def _fold_run(self, event: Event) -> None:
        state = StateName(event.body["state"])
        self.enter(state, event.body.get("message") or "", event.at)

    def enter(self, state: StateName, message: str = "", at: float | None = None) -> None:
        """Take the run's state, from an event or from the registry; a finished run stays as it is."""
        if self.state in FINISHED:
            return
        moment = self._clock() if at is None else at
        self.state, self.message = state, message
        if state is StateName.RUNNING and self.started_at is None:
            self.started_at = moment
        if state in FINISHED:
            self.finished_at = moment
            self._stop_tasks(moment)

    def _stop_tasks(self, at: float) -> None:
        for task in self._tasks.values():
            if task.state in _WORKING:
                ended = StateName.CANCELLED if self.state is StateName.CANCELLED else StateName.FAILED
                task.enter(ended, at, task.message)

    def _fold_tasks(self, event: Event) -> None:
        for name, map_index, state, at, message in event.body["rows"]:
            task = self._task(name)
            if map_index is None or map_index < 0:
                task.enter(StateName(state), at, message or "")
            else:
                task.take_child(map_index, StateName(state), at)

    def _task(self, name: str) -> TaskProgress:
        return self._tasks.setdefault(name, TaskProgress(name))

    def _fold_stream(self, event: Event) -> None:
        self.log.write(event.body.get("task"), event.body["name"], event.body["text"])

    def _fold_log(self, event: Event) -> None:
        self.log.log(event.body.get("task"), event.body["level"], event.body["message"])

    def _fold_notice(self, event: Event) -> None:
        self.notices.append(event.body["message"])

    def _fold_source(self, event: Event) -> None:
        """Nothing: the tasks' states say which cell runs."""

    def _fold_output(self, event: Event) -> None:
        task, output = event.body.get("task"), event.body["output"]
        kind = output.get("output_type")
        display_id = (output.get("transient") or {}).get("display_id")
        if kind == "clear_output":
            self.outputs = [o for o in self.outputs if o.task != task]
        elif kind == "error":
            self.traceback = (task, "\n".join(output.get("traceback") or [f"{output['ename']}: {output['evalue']}"]))
        elif kind == "update_display_data":
            self.outputs = [
                Shown(o.task, output["data"], display_id) if display_id and o.display_id == display_id else o
                for o in self.outputs
            ]
        else:
            self._show(Shown(task, output.get("data") or {}, display_id))

    def _show(self, shown: Shown) -> None:
        of_task = [o for o in self.outputs if o.task == shown.task]
        if len(of_task) >= OUTPUTS_PER_TASK:
            self.outputs.remove(of_task[0])
        self.outputs.append(shown)

    # -- reading -------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """The time, as durations count it."""
        return self._clock()

    @property
    def finished(self) -> bool:
        """Whether the run's state is final."""
        return self.state in FINISHED

    @property
    def successful(self) -> bool:
        """Whether the run ended well."""
        return self.state in SUCCESSFUL

    @property
    def tasks(self) -> Sequence[TaskProgress]:
        """All tasks, in the flow's order, quiet ones included."""
        return tuple(self._tasks.values())

    @property
    def shown_tasks(self) -> Sequence[TaskProgress]:
        """The tasks that a card lists."""
        now = self._clock()
        return tuple(t for t in self._tasks.values() if t.worth_showing(now))

    @property
    def seconds(self) -> float | None:
        """How long the run has been running or ran, None before it starts."""
        if self.started_at is None:
            return None
        return max(0.0, (self.finished_at if self.finished_at is not None else self._clock()) - self.started_at)

    def counts(self) -> Counter[StateName]:
        """Count the listed tasks by state."""
        return Counter(t.state for t in self.shown_tasks)

    @property
    def title(self) -> str:
        """Return what names the run: its number, flow and version."""
        name = f"{self.project}/{self.flow}" if self.project else self.flow
        version = f"v{self.version}" if self.version is not None else "not registered"
        return f"run {self.run_id} · {name} · {version}" if self.run_id is not None else f"{name} · {version}"


def tasks_of(document: Mapping[str, Any]) -> list[TaskProgress]:
    """Return the tasks of a flow.json, none of them started."""
    return [_task_of(data) for data in document["tasks"]]


def _task_of(data: Mapping[str, Any]) -> TaskProgress:
    cell = data.get("cell") or {}
    quiet = bool(cell.get("definition") or cell.get("parameters")) or data.get("kind") == "parameter"
    return TaskProgress(data["slug"], cell.get("ordinal"), quiet)
