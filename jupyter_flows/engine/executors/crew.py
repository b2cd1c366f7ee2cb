"""The crew of one run: the main thread, called home, and worker threads that take what may leave it.

Home starts tasks strictly in order: none before every task above it has started. Workers take tasks that may leave
as soon as these are ready, wherever they stand. So the uppermost task that has not ended is always running, or can be
started at once: whoever waits for its turn (`Crew.wait_turn`) gets it.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from contextvars import copy_context
from functools import partial

from jupyter_flows.engine.context import current_turn, on_worker
from jupyter_flows.engine.executors.base import Work

#: How often who waits looks up, so that an interruption is heard.
LOOK_UP_SECONDS = 0.2


class Crew:
    """Runs all tasks of one work, at most `size` at once, those that wait for their turn not counted."""

    def __init__(self, work: Work, size: int):
        self._work, self._size = work, size
        self._order = list(work.order)
        self._waiting = [len(set(up)) for up in work.upstream]
        self._rank = {number: rank for rank, number in enumerate(self._order)}
        self._change = threading.Condition()
        self._ready: set[int] = set()
        #: Ranks of ready tasks that a worker may be asked to take, a heap.
        self._offered: list[int] = []
        self._started: set[int] = set()
        self._ended: set[int] = set()
        self._stays: dict[int, bool] = {}
        #: Tasks that wait for their turn.
        self._in_line: set[int] = set()
        #: Ranks of the first task that has not started, and of the first that has not ended.
        self._next = self._first = 0
        self._context = copy_context()
        self._raised: BaseException | None = None
        for number, count in enumerate(self._waiting):
            if not count:
                self._make_ready(number)

    def run(self) -> None:
        """Run every task; raise what a task's `run` raised on any thread."""
        try:
            while (number := self._take()) is not None:
                token = current_turn.set(partial(self.wait_turn, number))
                try:
                    self._work.run(number)
                finally:
                    current_turn.reset(token)
                    self._end(number)
        finally:
            self._size = 0  # Nothing starts any more, even if an interruption left tasks undone.

    def wait_turn(self, number: int) -> None:
        """Wait, inside a task, until all tasks above it have ended."""
        with self._change:
            if self._has_turn(number):
                return
            self._in_line.add(number)
            self._hand_out()
            self._change.notify_all()
            try:
                while not self._has_turn(number):
                    self._change.wait(LOOK_UP_SECONDS)
            finally:
                self._in_line.discard(number)

    def _has_turn(self, number: int) -> bool:
        return self._first >= self._rank[number]

    # -- at home ------------------------------------------------------------------------------------

    def _take(self) -> int | None:
        """Wait for the next task to be run at home, and start it; None when all have ended."""
        with self._change:
            self._context = copy_context()
            while self._raised is None and self._first < len(self._order):
                self._hand_out()
                number = self._next_at_home()
                if number is not None:
                    self._start(number)
                    return number
                self._change.wait(LOOK_UP_SECONDS)
                self._give_up()
            if self._raised is not None:
                raise self._raised
            return None

    def _next_at_home(self) -> int | None:
        if self._next == len(self._order):
            return None
        number = self._order[self._next]
        if number not in self._ready:
            return None
        alone = len(self._ready) == 1 and not self._at_work()
        # What has its turn and finds no worker free runs at home rather than wait for those that wait for it.
        return number if alone or not self._leaves(number) or self._next == self._first else None

    def _give_up(self) -> None:
        for number in self._started - self._ended:
            if self._work.give_up(number):
                self._note_end(number)

    # -- starting and ending --------------------------------------------------------------------------

    def _hand_out(self) -> None:
        """Start what may leave on workers, while there are any."""
        if len(self._ready) + self._at_work() < 2:  # noqa: PLR2004 - nothing to run beside it
            return
        while self._offered and self._at_work() < self._size:
            number = self._order[heapq.heappop(self._offered)]
            if number in self._ready and self._leaves(number):
                self._send_away(number)

    def _send_away(self, number: int) -> None:
        run = partial(self._context.copy().run, self._run_away, number)
        try:
            threading.Thread(target=run, name=f"worker-{number}", daemon=True).start()
        except RuntimeError:  # The system gives no more threads.
            self._stays[number] = True
        else:
            self._start(number)

    def _at_work(self) -> int:
        return len(self._started) - len(self._ended) - len(self._in_line)

    def _leaves(self, number: int) -> bool:
        """Ask once whether a ready task may leave: what it reads changes no more before it runs."""
        if number not in self._work.portable:
            return False
        if number not in self._stays:
            self._stays[number] = not self._work.may_leave(number)
        return not self._stays[number]

    def _start(self, number: int) -> None:
        self._ready.discard(number)
        self._started.add(number)
        while self._next < len(self._order) and self._order[self._next] in self._started:
            self._next += 1

    def _run_away(self, number: int) -> None:
        """Run a task on this worker thread."""
        on_worker.set(True)
        current_turn.set(partial(self.wait_turn, number))
        try:
            self._work.run(number)
        except BaseException as error:  # noqa: BLE001 - home raises it
            self._raised = error
        _surely(partial(self._end, number))

    def _end(self, number: int) -> None:
        with self._change:
            self._note_end(number)
            self._hand_out()
            self._change.notify_all()

    def _note_end(self, number: int) -> None:
        if number in self._ended:
            return
        self._ended.add(number)
        while self._first < len(self._order) and self._order[self._first] in self._ended:
            self._first += 1
        for child in set(self._work.downstream[number]):
            self._waiting[child] -= 1
            if not self._waiting[child]:
                self._make_ready(child)

    def _make_ready(self, number: int) -> None:
        self._ready.add(number)
        if number in self._work.portable:
            heapq.heappush(self._offered, self._rank[number])


def _surely(step: Callable[[], None]) -> None:
    """Take a step, also when an interruption that was meant for the task comes late."""
    while True:
        try:
            step()
        except KeyboardInterrupt:
            continue
        return
