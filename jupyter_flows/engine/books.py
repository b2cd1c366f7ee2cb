"""The books of one run: what became of each task, what it gave, and what must not run any more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from itertools import compress
from random import random
from time import monotonic, time
from typing import Any

from jupyter_flows.core.parameter import Parameter
from jupyter_flows.core.rules import USUAL
from jupyter_flows.core.state import SUCCESSFUL, State, StateName
from jupyter_flows.core.task import CellTask, Task
from jupyter_flows.core.triggers import all_successful
from jupyter_flows.engine.admission import verdict
from jupyter_flows.engine.context import Place, RunInfo, current_number
from jupyter_flows.engine.deadline import OutOfTime
from jupyter_flows.engine.failure import describe
from jupyter_flows.engine.handlers import tell
from jupyter_flows.engine.plan import Plan
from jupyter_flows.engine.tries import seconds_until_next, state_after

#: ``(number, started_at, ended_at)`` of a task that succeeded, or ``(number, state, at, message)``.
Row = tuple[int, float, float] | tuple[int, StateName, float, str]

#: What a task may be before it runs: as it is, to be looked at first, or not to be run.
FREE, LOOK, CANCELLED = 0, 1, 2
_AT_WORK = frozenset({StateName.RUNNING, StateName.RETRYING})


class Books:
    """Rows, results and states of one run's tasks, by number; what a number stands for is asked here."""

    def __init__(
        self,
        plan: Plan,
        run: RunInfo,
        *,
        keep_results: bool = True,
        own_process: bool = False,
        clock: Callable[[], float] = time,
        chance: Callable[[], float] = random,
    ):
        self.plan = plan
        self.rows: list[Row] = []
        self.results: list[Any] = [None] * plan.size + list(plan.constants)
        self.messages: dict[int, str] = {}
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        self._stopped_at = 0.0
        self._calls = plan.calls
        #: What executors with threads of their own set as `current_place` there.
        self.place = Place(run, plan.slugs)
        self._own_process, self._clock, self._chance = own_process, clock, chance
        #: Tasks on worker threads that the run ends without.
        self._given_up: set[int] = set()
        #: How the tasks ended that did not end in Success.
        self.outcome: dict[int, StateName] = {}
        #: The states of tasks with handlers.
        self._states: dict[int, State] = {}
        self._settled: dict[int, State] = {}
        #: Whether what a failed task took is kept, for a run that goes on from this one.
        self.holds_inputs = False
        self._blocked = bytearray(plan.size)
        self._slow = bytearray(_need_care(plan.tasks))
        for n in compress(range(plan.size), self._slow) if 1 in self._slow else ():
            if plan.tasks[n].rules.trigger != all_successful:
                self._blocked[n] = LOOK
        self._pending = None if keep_results else _consumers(plan)

    def cancel(self) -> None:
        """Let no further task start; the one that runs is interrupted by whoever calls this."""
        self._stopped_at = self._stopped_at or monotonic()
        self.stopping.set()
        self._blocked[:] = bytes([CANCELLED]) * len(self._blocked)

    def set_parameters(self, values: dict[str, Any]) -> None:
        """Give Parameter tasks their values."""
        for name, value in values.items():
            if name in self.plan.parameters:
                self.results[self.plan.size + self.plan.parameters[name]] = value

    @cached_property
    def packed(self) -> AbstractSet[int]:
        """The tasks that are functions alone: they may be called wherever what they take can be had.

        None in a flow of cells, whose functions share the cells' values. Tasks with rules stay home, where the states
        of others and the handlers are; Parameters are values that home has.
        """
        tasks, calls = self.plan.tasks, self._calls
        if any(isinstance(task, CellTask) for task in tasks):
            return frozenset()
        usual = (n for n, t in enumerate(tasks) if t.rules is USUAL and not isinstance(t, Parameter))
        return frozenset(n for n in usual if not hasattr(calls[n][0], "stays_home"))

    @cached_property
    def free(self) -> AbstractSet[int]:
        """Those of the packed tasks that are called themselves, not for each element of something."""
        return self.packed

    def gather(self) -> None:
        """Take note that results have come home."""

    def is_free(self, number: int) -> bool:
        """Tell whether a task may be called elsewhere."""
        return number in self.free

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
        return not blocked or (blocked != CANCELLED and number not in self._settled and self._verdict(number) is None)

    def has_result(self, number: int) -> bool:
        """Tell whether a task that has ended has a result, and not just a reason for having none."""
        outcome = self.outcome.get(number, StateName.SUCCESS)
        return outcome in SUCCESSFUL and outcome is not StateName.SKIPPED

    # -- what a number stands for -------------------------------------------------------------------

    def task_of(self, number: int) -> Task:
        """Return the task that is called."""
        return self.plan.tasks[number]

    def identity(self, number: int) -> tuple[str, int | None]:
        """Return the task's slug, and of a mapped task's child its index."""
        return self.plan.slugs[number], None

    def whose(self, number: int) -> tuple[int, int | None]:
        """Return a task's own number, or a child's task and its index."""
        return number, None

    def is_result(self, place: int) -> bool:
        """Tell whether at a place there is what a task gives, and not what was known before."""
        return place < self.plan.size

    def name_of(self, number: int) -> str:
        """Return what messages call it: ``slug``, or ``slug[index]``."""
        slug, index = self.identity(number)
        return slug if index is None else f"{slug}[{index}]"

    @property
    def total(self) -> int:
        """How many tasks there are, children that are known by now among them."""
        return self.plan.size

    def with_children(self, numbers: Iterable[int]) -> Iterable[int]:
        """Yield tasks, each followed by its children."""
        return numbers

    def is_mapped(self, number: int) -> bool:  # noqa: ARG002 - a runner of mapped tasks looks at it
        """Tell whether a task is one that is opened, and not called."""
        return False

    def is_child(self, number: int) -> bool:  # noqa: ARG002 - as above
        """Tell whether a number is a mapped task's child."""
        return False

    def children_of(self, number: int) -> range:  # noqa: ARG002 - a runner of mapped tasks looks at it
        """Return the numbers of a mapped task's children."""
        return range(0)

    def places_of(self, number: int) -> Sequence[int]:
        """Return where a task's arguments lie, among results and constants."""
        return self._calls[number][1]

    def _call(self, number: int) -> tuple[Callable[..., Any], list[Any], tuple[str, ...] | None]:
        """Return the function, its arguments and their names, None when all go by position."""
        fn, places, names = self._calls[number]
        return fn, [self.results[p] for p in places], names

    def _speak_for(self, number: int) -> None:
        """Let what runs from now on be this task's."""
        current_number.set(number)

    def below(self, number: int) -> Sequence[int]:
        """Return the tasks that look at how this one ended."""
        return self.plan.downstream[number]

    def _states_above(self, number: int) -> dict[str, StateName]:
        """Return how those ended that a task waits for."""
        slug, outcome = self.plan.slugs, self.outcome
        return {slug[u]: outcome.get(u, StateName.SUCCESS) for u in self.plan.upstream[number]}

    # -- what came of it ------------------------------------------------------------------------------

    def _enter(self, number: int, state: State, *, at: float | None = None) -> State:
        """Let a task enter a state, or what its handlers make of it; record it, and return it."""
        task = self.task_of(number)
        rules = task.rules
        interrupted: KeyboardInterrupt | None = None
        if rules.are_heard and number not in self._given_up:
            self._speak_for(number)
            old = self._states.get(number) or State(StateName.PENDING)
            try:
                state = tell(task, rules.state_handlers, rules.on_failure, old, state)
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
            for child in self.below(number):
                self._blocked[child] = self._blocked[child] or LOOK

    def _takes_failures(self, number: int) -> bool:
        """Tell whether a task that takes this one's result may run after its failure."""
        return any(self.task_of(d).rules.trigger != all_successful for d in self.below(number))

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
        return state_after(self.task_of(number), attempt, error, self._words(number, error))

    def _delay(self, number: int, attempt: int, state: State) -> float:
        task = self.task_of(number)
        return seconds_until_next(task, attempt, state.result, now=self._clock(), chance=self._chance())

    def _words(self, number: int, error: BaseException) -> str:
        task = self.task_of(number)
        if isinstance(error, OutOfTime):
            where = f" (cell {task.cell.ordinal})" if isinstance(task, CellTask) else ""
            return f"{error}{where}"
        return describe(error, task)

    def _admit(self, number: int) -> bool:
        """Tell whether a task runs, from how those it waits for ended; record what it becomes if it does not."""
        if self._blocked[number] == CANCELLED or self.stopping.is_set():
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
        resumed = self.identity(number)[0] in self.place.run.resumed
        return verdict(self.task_of(number).rules, self._states_above(number), resumed=resumed)

    def settle(self, states: Mapping[int, State]) -> None:
        """Take the states and results of tasks from an earlier run: these do not run."""
        self._settled = dict(states)
        for number in states:
            self._blocked[number] = LOOK

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
            self._drop(number)
        size = self.plan.size
        if self.holds_inputs and self.outcome.get(number, StateName.SUCCESS) not in SUCCESSFUL:
            return
        for u in set(self._calls[number][1]):
            if u < size:
                pending[u] -= 1
                if not pending[u]:
                    self._drop(u)

    def _drop(self, number: int) -> None:
        self.results[number] = None

    def unfinished(self) -> Iterator[int]:
        """Yield the tasks that have no state yet, in order."""
        seen = {row[0] for row in self.rows}
        return (number for number in self.plan.order if number not in seen)


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
