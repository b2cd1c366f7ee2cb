"""Run one task after the other: call it, record what came of it, and little else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from itertools import compress
from random import random
from time import monotonic, time
from typing import Any, Protocol

from jupyter_flows.core.parameter import Parameter
from jupyter_flows.core.rules import USUAL
from jupyter_flows.core.signals import Signal
from jupyter_flows.core.state import SUCCESSFUL, State, StateName
from jupyter_flows.core.task import CellTask, Task
from jupyter_flows.core.triggers import all_successful
from jupyter_flows.engine.admission import verdict
from jupyter_flows.engine.board import IDLE, SEATS, Board
from jupyter_flows.engine.context import Place, RunInfo, current_number, current_place, current_try, on_worker
from jupyter_flows.engine.deadline import OutOfTime, deadline
from jupyter_flows.engine.failure import describe
from jupyter_flows.engine.handlers import tell
from jupyter_flows.engine.plan import Plan
from jupyter_flows.engine.tries import seconds_until_next, state_after

#: ``(number, started_at, ended_at)`` of a task that succeeded, or ``(number, state, at, message)``.
Row = tuple[int, float, float] | tuple[int, StateName, float, str]

#: What a task may be before it runs: as it is, to be looked at first, or not to be run.
_FREE, _LOOK, _CANCELLED = 0, 1, 2
_AT_WORK = frozenset({StateName.RUNNING, StateName.RETRYING})
#: How long a task on a worker thread may go on after a cancel before the run ends without it.
GIVE_UP_SECONDS = 3.0


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
        may_leave: Callable[[CellTask], bool] | None = None,
        clock: Callable[[], float] = time,
        chance: Callable[[], float] = random,
    ):
        self.plan, self.order, self.upstream, self.downstream = plan, plan.order, plan.upstream, plan.downstream
        self.rows: list[Row] = []
        self.results: list[Any] = [None] * plan.size + list(plan.constants)
        self.messages: dict[int, str] = {}
        #: When the main thread's task was called; for who watches from another thread.
        self.since = 0.0
        #: The tasks on worker threads: number to when it was called, and on which thread.
        self.away: dict[int, tuple[float, int]] = {}
        #: Tasks that may run on worker threads, as far as is known before the run.
        self.portable = frozenset(_portable(plan.tasks)) if may_leave else frozenset()
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        #: ``[0]`` is the number of the main thread's task; shared memory in a run process.
        self._board = board or Board()
        self._cell = self._board.cell
        self._calls = plan.calls
        #: What executors with threads of their own set as `current_place` there.
        self.place = Place(run, plan.slugs)
        self._witness = witness
        self._own_process, self._clock, self._may_leave = own_process, clock, may_leave
        self._seats = list(range(SEATS - 1, 0, -1))
        self._stopped_at = 0.0
        self._given_up: set[int] = set()
        #: How the tasks ended that did not end in Success.
        self.outcome: dict[int, StateName] = {}
        #: The states of tasks with handlers.
        self._states: dict[int, State] = {}
        self._settled: dict[int, State] = {}
        self._chance = chance
        #: Whether what a failed task took is kept, for a run that goes on from this one.
        self.holds_inputs = False
        self._blocked = bytearray(plan.size)
        self._slow = bytearray(_need_care(plan.tasks))
        for n in compress(range(plan.size), self._slow) if 1 in self._slow else ():
            if plan.tasks[n].rules.trigger != all_successful:
                self._blocked[n] = _LOOK
        self._pending = None if keep_results else _consumers(plan)

    @property
    def running(self) -> int:
        """The number of the main thread's task, or `IDLE`."""
        return self._cell[0]

    def all_running(self) -> list[tuple[int, float]]:
        """Return the numbers of all running tasks and when each was called, the main thread's first."""
        number, since = self._cell[0], self.since
        home = [(number, since)] if number >= 0 else []
        return home + sorted((n, start) for n, (start, _) in list(self.away.items()))

    def set_parameters(self, values: dict[str, Any]) -> None:
        """Give Parameter tasks their values."""
        for name, value in values.items():
            if name in self.plan.parameters:
                self.results[self.plan.size + self.plan.parameters[name]] = value

    def cancel(self) -> None:
        """Let no further task start; the one that runs is interrupted by whoever calls this."""
        self._stopped_at = self._stopped_at or monotonic()
        self.stopping.set()
        self._blocked[:] = bytes([_CANCELLED]) * len(self._blocked)

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

    @cached_property
    def free(self) -> AbstractSet[int]:
        """The tasks that are functions alone: they may be called wherever what they take can be had.

        None in a flow of cells, whose functions share the cells' values. Tasks with rules stay home, where the states
        of others and the handlers are; Parameters are values that home has.
        """
        tasks, calls = self.plan.tasks, self._calls
        if any(isinstance(task, CellTask) for task in tasks):
            return frozenset()
        usual = (n for n, t in enumerate(tasks) if t.rules is USUAL and not isinstance(t, Parameter))
        return frozenset(n for n in usual if not hasattr(calls[n][0], "stays_home"))

    @property
    def keeps_results(self) -> bool:
        """Whether every result is wanted at the end."""
        return self._pending is None

    def now(self) -> float:
        """Return the time, by the run's clock."""
        return self._clock()

    def is_called(self, number: int) -> bool:
        """Tell whether a task, all before it having ended, is called; if not, `run` only records why."""
        blocked = self._blocked[number]
        return not blocked or (blocked != _CANCELLED and number not in self._settled and self._verdict(number) is None)

    def has_result(self, number: int) -> bool:
        """Tell whether a task that has ended has a result, and not just a reason for having none."""
        outcome = self.outcome.get(number, StateName.SUCCESS)
        return outcome in SUCCESSFUL and outcome is not StateName.SKIPPED

    def run_free(self, number: int) -> None:
        """Run one free task on this worker thread, and record it, as `run` does at home."""
        if self._blocked[number] and not self._admit(number):
            return
        if self._slow[number]:
            self._run_with_care(number)
            return
        fn, places, names = self._calls[number]
        current_number.set(number)
        start = self._clock()
        seat = self._sit_down(number, start)
        try:
            self._cell[seat] = number
            values = [self.results[p] for p in places]
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
        task = self.plan.tasks[number]
        fn, places, names = self._calls[number]
        values = [self.results[p] for p in places]
        current_number.set(number)
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
                self._cell[seat] = number
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

    # -- what came of it ------------------------------------------------------------------------------

    def _enter(self, number: int, state: State, *, at: float | None = None) -> State:
        """Let a task enter a state, or what its handlers make of it; record it, and return it."""
        rules = self.plan.tasks[number].rules
        interrupted: KeyboardInterrupt | None = None
        if rules.are_heard and number not in self._given_up:
            current_number.set(number)
            old = self._states.get(number) or State(StateName.PENDING)
            try:
                state = tell(self.plan.tasks[number], rules.state_handlers, rules.on_failure, old, state)
            except KeyboardInterrupt as error:
                state, interrupted = State(StateName.CANCELLED, "interrupted"), error
            self._states[number] = state
        self._note(number, state)
        self._record(number, state.name, state.message, at=at)
        if interrupted is not None and not self._own_process:
            self.cancel()
            raise interrupted
        return state

    def _note(self, number: int, state: State) -> None:
        """Keep what the tasks that wait for this one must know."""
        if state.name is StateName.SUCCESS:
            self.results[number] = state.result
        elif state.name not in _AT_WORK:
            kept = self._pending is None or not state.is_failed() or self._takes_failures(number)
            self.results[number] = state.result if kept else None
            self.outcome[number] = state.name
            for child in self.downstream[number]:
                self._blocked[child] = self._blocked[child] or _LOOK

    def _takes_failures(self, number: int) -> bool:
        """Tell whether a task that takes this one's result may run after its failure."""
        return any(self.plan.tasks[d].rules.trigger != all_successful for d in self.downstream[number])

    def _record(self, number: int, state: StateName, message: str, *, at: float | None = None) -> None:
        if number in self._given_up:
            return
        if message or number in self.outcome:
            self.messages[number] = message
        self.rows.append((number, state, self._clock() if at is None else at, message))

    def _fall(self, number: int, attempt: int, error: BaseException) -> State:
        """Enter the state that an exception of a task leads to."""
        state = self._enter(number, self._state_after(number, attempt, error))
        if isinstance(error, KeyboardInterrupt) and not self._own_process:
            self.cancel()
            raise error
        return state

    def _state_after(self, number: int, attempt: int, error: BaseException) -> State:
        if self.stopping.is_set() or (isinstance(error, KeyboardInterrupt) and not self._own_process):
            return State(StateName.CANCELLED, "interrupted")
        return state_after(self.plan.tasks[number], attempt, error, self._words(number, error))

    def _delay(self, number: int, attempt: int, state: State) -> float:
        task = self.plan.tasks[number]
        return seconds_until_next(task, attempt, state.result, now=self._clock(), chance=self._chance())

    def _words(self, number: int, error: BaseException) -> str:
        task = self.plan.tasks[number]
        if isinstance(error, OutOfTime):
            where = f" (cell {task.cell.ordinal})" if isinstance(task, CellTask) else ""
            return f"{error}{where}"
        return describe(error, task)

    def _admit(self, number: int) -> bool:
        """Tell whether a task runs, from how those it waits for ended; record what it becomes if it does not."""
        if self._blocked[number] == _CANCELLED or self.stopping.is_set():
            self._enter(number, State(StateName.CANCELLED, "the run was cancelled before it started"))
            return False
        state = self._settled.get(number)
        if state is None and (state := self._verdict(number)) is None:
            return True
        if state.name is StateName.PENDING:
            self._note(number, state)
        elif number in self._settled:
            self._note(number, state)
            self._record(number, state.name, state.message, at=state.at.timestamp())
        else:
            self._enter(number, state)
        self._let_go(number)
        return False

    def _verdict(self, number: int) -> State | None:
        """Return the state that a task enters without being called, by how those it waits for ended."""
        slug, outcome = self.plan.slugs, self.outcome
        upstream = {slug[u]: outcome.get(u, StateName.SUCCESS) for u in self.upstream[number]}
        resumed = slug[number] in self.place.run.resumed
        return verdict(self.plan.tasks[number].rules, upstream, resumed=resumed)

    def settle(self, states: Mapping[int, State]) -> None:
        """Take the states and results of tasks from an earlier run: these do not run."""
        self._settled = dict(states)
        for number in states:
            self._blocked[number] = _LOOK

    def held(self) -> dict[int, Any]:
        """Return the results that tasks still wait for, by number."""
        seen = {row[0] for row in self.rows}
        waiting = (n for n, count in enumerate(self._pending or ()) if count and n in seen)
        return {n: self.results[n] for n in waiting if self.has_result(n)}

    def _let_go(self, number: int) -> None:
        if self._pending is not None:
            with self._lock:
                self._release(number)

    def _release(self, number: int) -> None:
        """Drop the results that nothing waits for any more."""
        pending = self._pending or []
        if pending[number] == 0:
            self.results[number] = None
        size = self.plan.size
        if self.holds_inputs and self.outcome.get(number, StateName.SUCCESS) not in SUCCESSFUL:
            return
        for u in set(self._calls[number][1]):
            if u < size:
                pending[u] -= 1
                if not pending[u]:
                    self.results[u] = None


def _portable(tasks: Sequence[Task]) -> Iterator[int]:
    """Yield the tasks whose code may run on a worker thread; what is retried or has a limit stays on the main one."""
    for number, task in enumerate(tasks):
        if isinstance(task, CellTask) and task.portable and not task.max_retries and task.timeout_seconds is None:
            yield number


def _need_care(tasks: Sequence[Task]) -> list[bool]:
    """Tell of each task whether the short way is not enough for it; in one expression, for there may be many."""
    return [
        t.max_retries > 0 or t.timeout_seconds is not None or t.rules is not USUAL or isinstance(t, CellTask)
        for t in tasks
    ]


def _consumers(plan: Plan) -> list[int]:
    counts = [0] * plan.size
    for _, places, _ in plan.calls:
        for u in set(places):
            if u < plan.size:
                counts[u] += 1
    return counts


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
    seen = {row[0] for row in work.rows}
    for number in work.order:
        if number not in seen:
            work.run(number)
