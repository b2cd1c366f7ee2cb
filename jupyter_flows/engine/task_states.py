"""The states of a run's tasks, made when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, overload

from jupyter_flows.core.state import State, StateName
from jupyter_flows.core.task import Task
from jupyter_flows.engine.books import Row
from jupyter_flows.engine.task_runner import TaskRunner


class TaskStates(Mapping[Task, State]):
    """Maps each task of a finished run to its state; 10,000 tasks cost nothing until they are looked at."""

    def __init__(self, runner: TaskRunner):
        self._plan, self._rows, self._results = runner.plan, runner.rows, runner.results
        self._children = runner.children_of
        self._numbers: dict[Task, int] | None = None
        self._last: dict[int, Row] = {}

    def _index(self) -> dict[Task, int]:
        if self._numbers is None:
            self._numbers = {task: n for n, task in enumerate(self._plan.tasks)}
            self._last = {row[0]: row for row in self._rows}
        return self._numbers

    def __getitem__(self, task: Task) -> State:
        number = self._index()[task]
        state = self.of(number)
        if state.name is not StateName.MAPPED:
            return state
        children = _Children(self, self._children(number))
        return State(state.name, state.message, state.result, state.at, children)

    def of(self, number: int) -> State:
        """Return the state of a task or a child, by its number."""
        row = self._last.get(number)
        result = self._results[number]
        if row is None:
            return State(StateName.PENDING)
        if len(row) == 3:  # noqa: PLR2004 - the short row's length
            return State(StateName.SUCCESS, "", result, datetime.fromtimestamp(row[2], UTC))
        return State(row[1], row[3], result, datetime.fromtimestamp(row[2], UTC))

    def __iter__(self) -> Iterator[Task]:
        return iter(self._plan.tasks)

    def __len__(self) -> int:
        return self._plan.size

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{task!r}: {state!r}" for task, state in self.items()) + "}"


class _Children(Sequence[State]):
    """The states of a mapped task's children, in order, made when asked for."""

    def __init__(self, states: TaskStates, numbers: range):
        self._states, self._numbers = states, numbers

    @overload
    def __getitem__(self, index: int) -> State: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[State]: ...
    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return _Children(self._states, self._numbers[index])
        return self._states.of(self._numbers[index])

    def __len__(self) -> int:
        return len(self._numbers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment] # as of a list

    def __repr__(self) -> str:
        return repr(list(self)) if len(self) <= _SHOWN else f"<{len(self)} states>"


#: More children than this are counted, not listed.
_SHOWN = 20
