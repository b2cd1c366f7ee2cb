"""Turn a run's events into what is stored: task rows, states, batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_flows.core.events import Event
from jupyter_flows.core.state import FINISHED, TRANSITIONS, StateName
from jupyter_flows.errors import RunError

#: `map_index` of a task that is not mapped, in the table's primary key.
NOT_MAPPED = -1

#: A longer message of a state is cut; the traceback in the run's outputs is not.
MAX_MESSAGE_CHARACTERS = 5_000

TaskKey = tuple[str, int]


@dataclass(slots=True)
class TaskChange:
    """What a batch of events makes of one task."""

    #: The first new state: what the stored one must lead to.
    first: StateName
    last: StateName
    message: str = ""
    started_at: float | None = None
    finished_at: float | None = None

    def follow(self, state: StateName, at: float, message: str) -> None:
        """Take in one more state; one that can't follow is dropped (a late row of a watcher)."""
        if state is self.last or state in TRANSITIONS[self.last]:
            self.enter(state, at, message)

    def enter(self, state: StateName, at: float, message: str) -> None:
        """Take in a state and its time."""
        self.last, self.message = state, message
        if state is StateName.RUNNING and self.started_at is None:
            self.started_at = at
        if state in FINISHED:
            self.finished_at = at


def task_changes(events: Iterable[Event]) -> dict[TaskKey, TaskChange]:
    """Fold the "tasks" events of a batch into one change a task."""
    changes: dict[TaskKey, TaskChange] = {}
    for event in events:
        if event.kind == "tasks":
            for row in event.body["rows"]:
                _fold(changes, row)
    return changes


def _fold(changes: dict[TaskKey, TaskChange], row: Sequence[Any]) -> None:
    try:
        task, map_index, name, at, message = row
        state = StateName(name)
        key = (str(task), NOT_MAPPED if map_index is None else int(map_index))
    except (ValueError, TypeError) as error:
        raise RunError(f"A run reported a task row that is none ({error}): {row!r:.80}.") from None
    if key in changes:
        changes[key].follow(state, float(at), message_of(message))
    else:
        changes[key] = TaskChange(state, state)
        changes[key].enter(state, float(at), message_of(message))


def run_state(event: Event) -> StateName | None:
    """Return the state that a "run" event announces; None for other events."""
    if event.kind != "run":
        return None
    try:
        return StateName(event.body["state"])
    except (KeyError, ValueError):
        raise RunError(f"A run reported a state that there is none: {dict(event.body)!r:.80}.") from None


def message_of(text: object) -> str:
    """Return a state's message such as can be stored and listed: not endless, and nothing that is no text."""
    message = str(text or "").encode("utf-8", "backslashreplace").decode()
    return message if len(message) <= MAX_MESSAGE_CHARACTERS else message[:MAX_MESSAGE_CHARACTERS] + " ..."


def lines(events: Iterable[Event]) -> str:
    """Write a batch as it is stored."""
    return "".join(event.to_line() for event in events)


def read_lines(text: str) -> list[Event]:
    """Read what `lines` wrote."""
    # Not splitlines(): a JSON text may hold U+2028 and the like as they are.
    return [Event.from_line(line) for line in text.split("\n") if line]


def cells_of(document: Mapping[str, Any]) -> dict[str, int | None]:
    """Return each task's cell ordinal, None for functions, in the flow's order."""
    return {task["slug"]: (task.get("cell") or {}).get("ordinal") for task in document["tasks"]}
