"""Run one task after the other: call it, record what came of it, and little else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from random import random
from time import monotonic, time
from typing import Any, Protocol

from jupyter_flows.core.signals import Signal
from jupyter_flows.core.state import State, StateName
from jupyter_flows.core.task import CellTask, Task
from jupyter_flows.engine.board import IDLE, SEATS, Board
from jupyter_flows.engine.books import Books
from jupyter_flows.engine.context import RunInfo, current_number, current_place, current_try, on_worker
from jupyter_flows.engine.deadline import OutOfTime, deadline
from jupyter_flows.engine.plan import Plan

#: How long a task on a worker thread may go on after a cancel before the run ends without it.
GIVE_UP_SECONDS = 3.0


class Witness(Protocol):
    """Told about the tasks that are worth telling about one by one: cells, and tasks with options."""

    def before(self, number: int, attempt: int) -> None:
        """Hear that a task is about to be called, for the `attempt`-th time from 1."""

    def after(self, number: int) -> None:
        """Hear that it ended, whatever its state."""


class TaskRunner(Books):
    """The `Work` of one run: calls tasks by number, and keeps its books."""

    def __init__(
        self,
        plan: Plan,
        run: RunInfo,
        *,
        board: Board | None = None,
        witness: Witness | None = None,
        keep_results: bool = True,
        own_process: bool = False,
        may_leave: Callable[[CellTask], bool] | None = None,
        clock: Callable[[], float] = time,
        chance: Callable[[], float] = random,
    ):
        super().__init__(plan, run, keep_results=keep_results, own_process=own_process, clock=clock, chance=chance)
        self.order, self.upstream, self.downstream = plan.order, plan.upstream, plan.downstream
        #: When the main thread's task was called; for who watches from another thread.
        self.since = 0.0
        #: The tasks on worker threads: number to when it was called, and on which thread.
        self.away: dict[int, tuple[float, int]] = {}
        #: Tasks that may run on worker threads, as far as is known before the run.
        self.portable = frozenset(_portable(plan.tasks)) if may_leave else frozenset()
        #: ``[0]`` is the number of the main thread's task; shared memory in a run process.
        self._board = board or Board()
        self._cell = self._board.cell
        self._witness = witness
        self._may_leave = may_leave
        self._seats = list(range(SEATS - 1, 0, -1))

    @property
    def running(self) -> int:
        """The number of the main thread's task, or `IDLE`."""
        return self._cell[0]

    def all_running(self) -> list[tuple[int, float]]:
        """Return the numbers of all running tasks and when each was called, the main thread's first."""
        number, since = self._cell[0], self.since
        home = [(number, since)] if number >= 0 else []
        return home + sorted((n, start) for n, (start, _) in list(self.away.items()))

    # -- for executors with worker threads ----------------------------------------------------------

    def may_leave(self, number: int) -> bool:
        """Tell whether a ready task may run on a worker thread; called from any thread."""
        task = self.plan.tasks[number]
        return (
            self._may_leave is not None
            and isinstance(task, CellTask)
            and not self._blocked[number]
            and bool(self._seats)
            and self._may_leave(task)
        )

    def give_up(self, number: int) -> bool:
        """Stop waiting for a task on a worker thread if the run was cancelled a while ago; tell whether that is so."""
        if not self.stopping.is_set() or monotonic() - self._stopped_at < GIVE_UP_SECONDS:
            return False
        if number in self.away and number not in self._given_up:
            self._record(number, StateName.CANCELLED, "it could not be interrupted; the run ended without it")
            self._given_up.add(number)
        return True

    # -- for executors that call functions elsewhere --------------------------------------------------

    def run_free(self, number: int) -> None:
        """Run one free task on this worker thread, and record it, as `run` does at home."""
        if self._blocked[number] and not self._admit(number):
            return
        if self._slow[number]:
            self._run_with_care(number)
            return
        fn, values, names = self._call(number)
        self._speak_for(number)
        start = self._clock()
        seat = self._sit_down(number, start)
        try:
            self._show(seat, number)
            self.results[number] = fn(*values) if names is None else fn(**dict(zip(names, values, strict=True)))
        except BaseException as error:  # noqa: BLE001 - a task may raise anything
            self._leave(number, seat)
            self._record(number, StateName.RUNNING, "", at=start)
            state = self._fall(number, 1, error)
            if state.name is StateName.RETRYING:
                self._run_with_care(number, state)
                return
        else:
            self._leave(number, seat)
            if number not in self._given_up:
                self.rows.append((number, start, self._clock()))
        self._let_go(number)

    def take_account(self, number: int, account: Sequence[Sequence[Any]], result: Any) -> None:
        """Record a task that was called elsewhere: its states in order, each with time and message; and its result.

        The result of a task that failed is its error.
        """
        self.away.pop(number, None)
        last = StateName(account[-1][0])
        if last is StateName.SUCCESS and len(account) == 2 and not self._slow[number]:  # noqa: PLR2004 - Running, Success
            self.results[number] = result
            self.rows.append((number, account[0][1], account[1][1]))
        else:
            for name, at, message in account[:-1]:
                self._record(number, StateName(name), message, at=at)
            stopped = self.stopping.is_set() and last is not StateName.SUCCESS
            state, message = (StateName.CANCELLED, "interrupted") if stopped else (last, account[-1][2])
            self._note(number, State(state, message, result))
            self._record(number, state, message, at=account[-1][1])
        self._let_go(number)

    # -- one task -----------------------------------------------------------------------------------

    def run(self, number: int) -> None:
        """Run one task to its end and record it. This path is what a task without options costs."""
        if self._blocked[number] and not self._admit(number):
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
            state = self._fall(number, 1, error)
            if state.name is StateName.RETRYING:
                self._run_with_care(number, state)
                return
        else:
            self._cell[0] = IDLE
            self.rows.append((number, start, clock()))
        if self._pending is not None:
            self._let_go(number)

    def _run_with_care(self, number: int, state: State | None = None) -> None:
        """Run a task that has options, or is a cell: retries, time limits, handlers, and a witness.

        `state` is the one that its first try, made already, led to.
        """
        attempt = 0 if state is None else 1
        while state is None or state.name is StateName.RETRYING:
            if state is not None and self.stopping.wait(self._delay(number, attempt, state)):
                self._enter(number, State(StateName.CANCELLED, "cancelled while it waited for its next try"))
                break
            attempt += 1
            state = self._attempt(number, attempt)
        current_try.set(1)
        self._let_go(number)

    def _attempt(self, number: int, attempt: int) -> State:
        task = self.task_of(number)
        fn, values, names = self._call(number)
        self._speak_for(number)
        current_try.set(attempt)
        start = self._clock()
        entered = self._enter(number, State(StateName.RUNNING), at=start)
        if entered.name is not StateName.RUNNING:
            return entered
        seat = self._sit_down(number, start)
        failure: BaseException | None = None
        done: Any = None
        try:
            if self._witness:
                self._witness.before(number, attempt)
            if task.timeout_seconds is not None:
                self._board.limit[0] = monotonic() + task.timeout_seconds
            with deadline(task.timeout_seconds):
                self._show(seat, number)
                done = fn(*values) if names is None else fn(**dict(zip(names, values, strict=True)))
                self._cell[seat] = IDLE
        except BaseException as error:  # noqa: BLE001 - a task may raise anything
            failure = None if self._is_shown_only(task, error) else error
        self._leave(number, seat)
        if self._witness:
            self._witness.after(number)
        if failure is not None:
            return self._fall(number, attempt, failure)
        return self._enter(number, State(StateName.SUCCESS, result=done))

    def _show(self, seat: int, number: int) -> None:
        """Say on the board that a task is called."""
        self._cell[seat] = number

    def _sit_down(self, number: int, start: float) -> int:
        """Take a seat at the board: the main thread's, or a worker's."""
        if not on_worker.get():
            self.since = start
            return 0
        self.away[number] = (start, threading.get_ident())
        return self._seats.pop()

    def _leave(self, number: int, seat: int) -> None:
        """Give the seat back."""
        self._cell[seat] = IDLE
        if seat:
            self.away.pop(number, None)
            self._seats.append(seat)
        else:
            self._board.limit[0] = 0

    def _is_shown_only(self, task: Task, error: BaseException) -> bool:
        """Tell an error that its cell is allowed to have from one that ends it."""
        may_fail = isinstance(task, CellTask) and task.may_fail
        return may_fail and not isinstance(error, OutOfTime | Signal) and not self.stopping.is_set()


def _portable(tasks: Sequence[Task]) -> Iterator[int]:
    """Yield the tasks whose code may run on a worker thread; what is retried or has a limit stays on the main one."""
    for number, task in enumerate(tasks):
        if isinstance(task, CellTask) and task.portable and not task.max_retries and task.timeout_seconds is None:
            yield number


def run_all(work: TaskRunner, execute: Callable[[Any], None]) -> None:
    """Let an executor work; an interruption or a cancel leaves every task with a state."""
    number, place, attempt = current_number.set(-1), current_place.set(work.place), current_try.set(1)
    try:
        execute(work)
    except BaseException:
        work.cancel()
        raise
    finally:
        if work.stopping.is_set():
            _finish(work)
        current_number.reset(number)
        current_place.reset(place)
        current_try.reset(attempt)


def _finish(work: TaskRunner) -> None:
    for number in work.unfinished():
        work.run(number)
