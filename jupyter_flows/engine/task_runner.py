"""Run one task after the other: call it, record what came of it, and little else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic, time
from typing import Any, Protocol

from jupyter_flows.core.state import StateName
from jupyter_flows.core.task import CellTask, Task
from jupyter_flows.engine.board import IDLE, Board
from jupyter_flows.engine.context import Place, RunInfo, current_number, current_place
from jupyter_flows.engine.deadline import OutOfTime, deadline
from jupyter_flows.engine.failure import describe
from jupyter_flows.engine.plan import Plan

#: ``(number, started_at, ended_at)`` of a task that succeeded, or ``(number, state, at, message)``.
Row = tuple[int, float, float] | tuple[int, StateName, float, str]

_FREE, _TRIGGER_FAILED, _CANCELLED = 0, 1, 2


class Witness(Protocol):
    """Told about the tasks that are worth telling about one by one: cells, and tasks with options."""

    def before(self, number: int, attempt: int) -> None:
        """Hear that a task is about to be called, for the `attempt`-th time from 1."""

    def after(self, number: int) -> None:
        """Hear that it ended, whatever its state."""


class TaskRunner:
    """The `Work` of one run: calls tasks by number and keeps rows, results and what must not run any more."""

    def __init__(
        self,
        plan: Plan,
        run: RunInfo,
        *,
        board: Board | None = None,
        witness: Witness | None = None,
        keep_results: bool = True,
        own_process: bool = False,
        clock: Callable[[], float] = time,
    ):
        self.plan, self.order, self.upstream, self.downstream = plan, plan.order, plan.upstream, plan.downstream
        self.rows: list[Row] = []
        self.results: list[Any] = [None] * plan.size + list(plan.constants)
        self.messages: dict[int, str] = {}
        #: When the running task was called; for who watches from another thread.
        self.since = 0.0
        self.stopping = threading.Event()
        #: ``[0]`` is the number of the running task; shared memory in a run process.
        self._board = board or Board()
        self._cell = self._board.cell
        self._calls = plan.calls
        #: What executors with threads of their own set as `current_place` there.
        self.place = Place(run, plan.slugs)
        self._witness = witness
        self._own_process, self._clock = own_process, clock
        self._blocked = bytearray(plan.size)
        self._slow = bytearray(map(_needs_care, plan.tasks))
        self._pending = None if keep_results else _consumers(plan)

    @property
    def running(self) -> int:
        """The number of the running task, or `IDLE`."""
        return self._cell[0]

    def set_parameters(self, values: dict[str, Any]) -> None:
        """Give Parameter tasks their values."""
        for name, value in values.items():
            if name in self.plan.parameters:
                self.results[self.plan.size + self.plan.parameters[name]] = value

    def cancel(self) -> None:
        """Let no further task start; the one that runs is interrupted by whoever calls this."""
        self.stopping.set()
        self._blocked[:] = bytes([_CANCELLED]) * len(self._blocked)

    # -- one task -----------------------------------------------------------------------------------

    def run(self, number: int) -> None:
        """Run one task to its end and record it. This path is what a task without options costs."""
        if self._blocked[number]:
            self._not_run(number)
            return
        if self._slow[number]:
            self._run_with_care(number)
            return
        clock, results = self._clock, self.results
        fn, places, names = self._calls[number]
        current_number.set(number)
        self.since = start = clock()
        try:
            self._cell[0] = number
            if names is None:
                results[number] = fn(*[results[p] for p in places])
            else:
                results[number] = fn(**{name: results[p] for name, p in zip(names, places, strict=True)})
        except BaseException as error:  # noqa: BLE001 - a task may raise anything
            self._cell[0] = IDLE
            self.rows.append((number, StateName.RUNNING, start, ""))
            self._ended_by(number, error)
        else:
            self._cell[0] = IDLE
            self.rows.append((number, start, clock()))
        if self._pending is not None:
            self._release(number)

    def _run_with_care(self, number: int) -> None:
        """Run a task that has options, or is a cell: retries, time limits, and a witness."""
        task = self.plan.tasks[number]
        for attempt in range(1, task.max_retries + 2):
            error = self._attempt(number, attempt)
            if error is None:
                break
            if attempt > task.max_retries or self.stopping.is_set() or isinstance(error, KeyboardInterrupt):
                self._ended_by(number, error)
                break
            self._retry(number, attempt, error)
            if self.stopping.wait(task.retry_delay_seconds):
                self._record(number, StateName.CANCELLED, "cancelled while it waited for its next try")
                break
        if self._pending is not None:
            self._release(number)

    def _attempt(self, number: int, attempt: int) -> BaseException | None:
        task = self.plan.tasks[number]
        fn, places, names = self._calls[number]
        values = [self.results[p] for p in places]
        current_number.set(number)
        self.since = start = self._clock()
        self._record(number, StateName.RUNNING, "", at=start)
        failure: BaseException | None = None
        try:
            if self._witness:
                self._witness.before(number, attempt)
            if task.timeout_seconds is not None:
                self._board.limit[0] = monotonic() + task.timeout_seconds
            with deadline(task.timeout_seconds):
                self._cell[0] = number
                done = fn(*values) if names is None else fn(**dict(zip(names, values, strict=True)))
                self._cell[0] = IDLE
            self.results[number] = done
        except BaseException as error:  # noqa: BLE001 - a task may raise anything
            failure = error
        self._cell[0] = IDLE
        self._board.limit[0] = 0
        if self._witness:
            self._witness.after(number)
        if failure is None:
            self._record(number, StateName.SUCCESS, "")
        return failure

    # -- what came of it ------------------------------------------------------------------------------

    def _record(self, number: int, state: StateName, message: str, *, at: float | None = None) -> None:
        if message:
            self.messages[number] = message
        self.rows.append((number, state, self._clock() if at is None else at, message))

    def _retry(self, number: int, attempt: int, error: BaseException) -> None:
        task = self.plan.tasks[number]
        what = self._words(number, error)
        self._record(number, StateName.RETRYING, f"{what}; try {attempt + 1} of {task.max_retries + 1} comes next")

    def _ended_by(self, number: int, error: BaseException) -> None:
        message = self._words(number, error)
        if isinstance(error, KeyboardInterrupt) and not self._own_process:
            self._record(number, StateName.CANCELLED, "interrupted")
            self.cancel()
            raise error
        if self.stopping.is_set():
            self._record(number, StateName.CANCELLED, "interrupted")
            return
        state = StateName.TIMED_OUT if isinstance(error, OutOfTime) else StateName.FAILED
        self._record(number, state, message)
        self.results[number] = error if self._pending is None else None
        self._block_downstream(number)

    def _words(self, number: int, error: BaseException) -> str:
        task = self.plan.tasks[number]
        if isinstance(error, OutOfTime):
            where = f" (cell {task.cell.ordinal})" if isinstance(task, CellTask) else ""
            return f"{error}{where}"
        return describe(error, task)

    def _block_downstream(self, number: int) -> None:
        todo = list(self.downstream[number])
        while todo:
            child = todo.pop()
            if not self._blocked[child]:
                self._blocked[child] = _TRIGGER_FAILED
                todo.extend(self.downstream[child])

    def _not_run(self, number: int) -> None:
        if self._blocked[number] == _CANCELLED:
            self._record(number, StateName.CANCELLED, "the run was cancelled before it started")
            return
        names = [self.plan.slugs[u] for u in self.upstream[number] if u in self.messages]
        self._record(
            number, StateName.TRIGGER_FAILED, f"it waits for {', '.join(map(repr, names))}, which did not succeed"
        )

    def _release(self, number: int) -> None:
        """Drop the results that nothing waits for any more."""
        pending = self._pending or []
        if pending[number] == 0:
            self.results[number] = None
        size = self.plan.size
        for u in set(self._calls[number][1]):
            if u < size:
                pending[u] -= 1
                if not pending[u]:
                    self.results[u] = None


def _needs_care(task: Task) -> bool:
    return task.max_retries > 0 or task.timeout_seconds is not None or isinstance(task, CellTask)


def _consumers(plan: Plan) -> list[int]:
    counts = [0] * plan.size
    for _, places, _ in plan.calls:
        for u in set(places):
            if u < plan.size:
                counts[u] += 1
    return counts


def run_all(work: TaskRunner, execute: Callable[[Any], None]) -> None:
    """Let an executor work; a keyboard interrupt leaves every task with a state, then goes on."""
    number, place = current_number.set(-1), current_place.set(work.place)
    try:
        execute(work)
    except BaseException:
        work.cancel()
        _finish(work)
        raise
    finally:
        current_number.reset(number)
        current_place.reset(place)


def _finish(work: TaskRunner) -> None:
    seen = {row[0] for row in work.rows}
    for number in work.order:
        if number not in seen:
            work.run(number)
