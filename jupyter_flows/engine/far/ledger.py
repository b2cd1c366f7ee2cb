"""What home keeps of tasks that other processes call: what waits, what runs, what came of it."""

from __future__ import annotations

import heapq
import logging
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from jupyter_flows.core.state import StateName
from jupyter_flows.engine.context import current_number
from jupyter_flows.engine.far.desk import Account
from jupyter_flows.engine.task_runner import TaskRunner
from jupyter_flows.errors import RunError


class Ledger:
    """The state of one run's tasks; `fetch` brings a result home, for a task that runs there."""

    def __init__(self, work: TaskRunner, fetch: Callable[[int], Any]):
        self._work, self._fetch = work, fetch
        self._waiting = [len(set(up)) for up in work.upstream]
        self._rank = {number: rank for rank, number in enumerate(work.order)}
        self._order = list(work.order)
        self._here = [rank for rank, number in enumerate(self._order) if not self._waiting[number]]
        self._ready: list[int] = []
        self._away: set[int] = set()
        self.ended: set[int] = set()
        #: Results that are at home, for home called their tasks.
        self.at_home: set[int] = set()

    @property
    def left(self) -> int:
        """How many tasks have not ended."""
        return len(self._order) - len(self.ended)

    def settle(self) -> None:
        """Run what home runs, as far as it is ready: what is not free, and what must not be called."""
        work = self._work
        while self._here:
            number = self._order[heapq.heappop(self._here)]
            if number in self.ended:
                continue
            called = work.is_called(number)
            if called and number in work.free:
                heapq.heappush(self._ready, self._rank[number])
                continue
            if called:
                self._bring_home(number)
            work.run(number)
            if work.has_result(number):
                self.at_home.add(number)
            self.end(number)

    @property
    def has_ready(self) -> bool:
        """Whether a free task may be ready."""
        return bool(self._ready)

    def take_ready(self) -> int | None:
        """Return the first free task that is ready, and count it as away; None when there is none."""
        while self._ready:
            number = self._order[heapq.heappop(self._ready)]
            if number in self.ended:
                continue
            if not self._work.is_called(number):
                self._work.run(number)
                self.end(number)
                self.settle()
                continue
            self._away.add(number)
            return number
        return None

    def end(self, number: int) -> None:
        """Note that a task has ended, whatever came of it."""
        if number in self.ended:
            return
        self.ended.add(number)
        self._away.discard(number)
        for child in set(self._work.downstream[number]):
            self._waiting[child] -= 1
            if not self._waiting[child]:
                heapq.heappush(self._here, self._rank[child])

    def fail(self, number: int, message: str, state: StateName = StateName.FAILED) -> None:
        """Record that a task could not be called, or that its process died."""
        if number not in self.ended:
            at = self._work.now()
            start = self._work.away.get(number, (at, 0))[0]
            account = [("Running", start, ""), (state.value, at, message)]
            self._work.take_account(number, account, RunError(message))
            self.end(number)

    def give_up(self) -> None:
        """After a cancel, let what does not stop be."""
        for number in [*self._away, *(self._order[rank] for rank in self._ready)]:
            if number in self.ended:
                continue
            if number not in self._work.away:
                self._work.run(number)  # Nobody heard that it began: that it was cancelled is recorded.
                self.end(number)
            elif self._work.give_up(number):
                self.end(number)

    # -- what other processes report --------------------------------------------------------------------

    def hear(self, kind: str, number: int, *rest: Any) -> None:
        """Take a report of a `Desk`; one of a task that has ended is old, from a process that was lost."""
        if number not in self.ended:
            _HEARD[kind](self, number, *rest)

    def _running(self, number: int, since: float) -> None:
        self._work.away[number] = since, 0

    def _text(self, number: int, stream: str, text: str) -> None:
        with self._as(number):
            getattr(sys, stream).write(text)

    def _log(self, number: int, level: int, name: str, message: str) -> None:
        with self._as(number):
            logging.getLogger(name).log(level, "%s", message)

    def _end(self, number: int, account: Account, error: bytes, _: Any) -> None:
        result = pickle.loads(error) if error else None  # noqa: S301 - the run's own process wrote it
        if not error and account[-1][0] != "Success":
            result = RunError(account[-1][2])
        self._work.take_account(number, account, result)
        self.end(number)

    @contextmanager
    def _as(self, number: int) -> Iterator[None]:
        """Speak for a task."""
        token = current_number.set(number)
        try:
            yield
        finally:
            current_number.reset(token)

    def _bring_home(self, number: int) -> None:
        for place in self._work.plan.calls[number][1]:
            if place < self._work.plan.size and place not in self.at_home and self._work.has_result(place):
                self._work.results[place] = self._fetch(place)


_HEARD: dict[str, Callable[..., None]] = {
    "running": Ledger._running,  # noqa: SLF001 - a table of this class's own methods
    "text": Ledger._text,  # noqa: SLF001 - as above
    "log": Ledger._log,  # noqa: SLF001 - as above
    "end": Ledger._end,  # noqa: SLF001 - as above
}
