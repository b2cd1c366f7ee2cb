"""The states of a run's tasks, made when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from jupyter_flows.core.state import State, StateName
from jupyter_flows.core.task import Task
from jupyter_flows.engine.plan import Plan
from jupyter_flows.engine.task_runner import Row


class TaskStates(Mapping[Task, State]):
    """Maps each task of a finished run to its state; 10,000 tasks cost nothing until they are looked at."""

    def __init__(self, plan: Plan, rows: Sequence[Row], results: Sequence[Any]):
        self._plan, self._rows, self._results = plan, rows, results
        self._numbers: dict[Task, int] | None = None
        self._last: dict[int, Row] = {}

    def _index(self) -> dict[Task, int]:
        if self._numbers is None:
            self._numbers = {task: n for n, task in enumerate(self._plan.tasks)}
            self._last = {row[0]: row for row in self._rows}
        return self._numbers

    def __getitem__(self, task: Task) -> State:
        number = self._index()[task]
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
