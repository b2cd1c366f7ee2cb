"""Threads of this process that call a run's functions beside each other."""

from __future__ import annotations

import heapq
import queue
import threading
from collections import deque
from contextvars import copy_context

from jupyter_flows.engine.context import on_worker, process_run
from jupyter_flows.engine.families import Family
from jupyter_flows.engine.interruption import interrupt_threads
from jupyter_flows.engine.lineup import Lineup
from jupyter_flows.engine.map_runner import MapRunner
from jupyter_flows.engine.task_runner import TaskRunner

#: How often home looks up, so that an interruption and a cancel are heard.
LOOK_UP_SECONDS = 0.1


class Threads:
    """Has free tasks called by at most `size` threads; home runs the others.

    A thread goes on with the first task that waited only for what it has just ended, so that chains are followed to
    their end before others begin, and no task of a chain waits for a thread to wake up.

    Home and threads may be interrupted at any instruction. So they wait in queues, whose `get` is one call into C, and
    hold one bare lock, which a ``with`` takes and enters in one step: a `threading.Condition` interrupted between both
    stays locked for ever. What an interruption leaves half noted is not looked at again: the run is over by then.
    """

    def __init__(self, work: TaskRunner, size: int):
        self._work, self._size = work, size
        self._order = list(work.order)
        self._rank = {number: rank for rank, number in enumerate(self._order)}
        self._waiting = [len(set(up)) for up in work.plan.upstream]
        self._lineup = Lineup(work) if isinstance(work, MapRunner) else None
        #: Children of mapped tasks that are ready: those for threads and those for home.
        self._children: deque[int] = deque()
        self._children_here: deque[int] = deque()
        self._lock = threading.Lock()
        #: Ranks of ready tasks, heaps: those for threads and those for home.
        self._ready: list[int] = []
        self._here: list[int] = []
        self._ended = 0
        self._threads: list[threading.Thread] = []
        #: Threads that wait, or are about to, for a ticket, which says no more than that there may be a task.
        self._idle = 0
        self._tickets: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._news: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._raised: BaseException | None = None
        #: Whether tasks were interrupted, and whether there will be no more.
        self._told = self._over = False

    def run(self) -> None:
        """Run every task that is called; raise what a task's call raised on any thread."""
        try:
            with self._lock:
                self._add([number for number, count in enumerate(self._waiting) if not count])
            self._lead()
        except BaseException:
            self._told = True
            self._work.cancel()
            interrupt_threads({thread for _, thread in list(self._work.away.values())})
            raise
        finally:
            self._wind_up()

    # -- at home ------------------------------------------------------------------------------------

    def _lead(self) -> None:
        """Run home's tasks until all have ended, the run is cancelled, or a thread raised."""
        while self._raised is None and not self._work.stopping.is_set() and self._ended < len(self._order):
            with self._lock:
                number = self._next_here()
            if number is None:
                self._wait_for_news()
            elif self._lineup is not None and self._work.is_mapped(number):
                family = self._lineup.work.open(number)
                with self._lock:
                    self._add(self._opened(self._lineup, number, family))
            else:
                self._work.run(number)
                with self._lock:
                    self._add(self._end(number))
        if self._raised is not None:
            raise self._raised

    def _next_here(self) -> int | None:
        if self._children_here:
            return self._children_here.popleft()
        return self._order[heapq.heappop(self._here)] if self._here else None

    def _wait_for_news(self) -> None:
        try:
            self._news.get(timeout=LOOK_UP_SECONDS)
        except queue.Empty:
            return

    def _wind_up(self) -> None:
        """Let the threads go, and wait for those whose task can be interrupted."""
        self._over = True
        for _ in self._threads:
            self._tickets.put(None)
        while any(thread.is_alive() for thread in self._threads):
            if not self._work.stopping.is_set():
                return  # All tasks have ended: the threads are on their way out.
            stuck = [number for number in list(self._work.away) if self._work.give_up(number)]
            if stuck and len(stuck) >= sum(thread.is_alive() for thread in self._threads):
                return
            self._wait_for_news()

    # -- with the lock held ---------------------------------------------------------------------------

    def _end(self, number: int) -> list[int]:
        """Note that a task has ended; return the tasks that are ready by that."""
        if self._lineup is not None and self._work.is_child(number):
            return self._end_child(self._lineup, number)
        self._ended += 1
        below = set(self._work.plan.downstream[number])
        if self._lineup is not None and self._work.is_mapped(number):
            below -= self._lineup.followers(number)
        ready = self._count_down(below)
        if self._ended == len(self._order):
            self._news.put(None)
        return ready

    def _count_down(self, below: set[int]) -> list[int]:
        ready = []
        for number in below:
            self._waiting[number] -= 1
            if not self._waiting[number]:
                ready.append(number)
        return ready

    def _opened(self, lineup: Lineup, number: int, family: Family | None) -> list[int]:
        """Note that a mapped task is open; return what is ready by that."""
        ready = [*lineup.opened(number, family), *self._count_down(lineup.followers(number))]
        if lineup.is_over(number):
            if family:
                lineup.work.close(family)
            ready += self._end(number)
        return ready

    def _end_child(self, lineup: Lineup, number: int) -> list[int]:
        following, family = lineup.ended(number)
        ready = [] if following is None else [following]
        if family:
            lineup.work.close(family)
            ready += self._end(family.parent)
        return ready

    def _add(self, numbers: list[int]) -> None:
        for number in numbers:
            if self._work.is_child(number):
                self._add_child(number)
            elif number in self._work.free:
                heapq.heappush(self._ready, self._rank[number])
                self._wake()
            else:
                heapq.heappush(self._here, self._rank[number])
                self._news.put(None)

    def _add_child(self, number: int) -> None:
        if not self._work.is_free(number):
            self._children_here.append(number)
            self._news.put(None)
            return
        self._children.append(number)
        if len(self._children) <= self._size:  # Who takes one goes on with the others.
            self._wake()

    def _wake(self) -> None:
        """See that a thread takes what was added: one that is idle, else one more."""
        if self._idle:
            self._idle -= 1
            self._tickets.put(None)
        elif len(self._threads) < self._size:
            thread = threading.Thread(target=copy_context().run, args=(self._work_on,), daemon=True)
            thread.name = f"worker-{len(self._threads)}"
            try:
                thread.start()
            except RuntimeError:  # The system gives no more threads.
                if not self._threads:
                    raise
                self._size = len(self._threads)
            else:
                self._threads.append(thread)

    # -- on worker threads ----------------------------------------------------------------------------

    def _work_on(self) -> None:
        on_worker.set(True)
        ended: int | None = None
        while True:
            try:
                number = self._next(ended)
                if number is None:
                    break
                ended = number
                self._work.run_free(number)
            except KeyboardInterrupt as error:
                ended = None
                # One that was sent to interrupt a task may come late; a task's own goes home, as from any call.
                if not self._told and self._work.place.run is not process_run():
                    self._raise(error)
            except BaseException as error:  # noqa: BLE001 - home raises it
                self._raise(error)
        self._news.put(None)

    def _raise(self, error: BaseException) -> None:
        self._raised = error
        self._news.put(None)

    def _next(self, ended: int | None) -> int | None:
        """Note what this thread has ended, and return the next task; None when there will be none."""
        with self._lock:
            if ended is not None:
                ready = self._end(ended)
                if len(ready) > 1:
                    ready.sort(key=lambda number: self._rank.get(number, -1))
                own = next((number for number in ready if self._work.is_free(number)), None)
                self._add([number for number in ready if number != own])
                if own is not None:
                    return own
        while not self._over and not self._work.stopping.is_set():
            with self._lock:
                if self._children:
                    return self._children.popleft()
                if self._ready:
                    return self._order[heapq.heappop(self._ready)]
                self._idle += 1
            self._tickets.get()
        return None
