"""Threads of this process that call a run's functions beside each other."""

from __future__ import annotations

import heapq
import threading
from contextvars import copy_context

from jupyter_flows.engine.context import on_worker, process_run
from jupyter_flows.engine.interruption import interrupt_threads
from jupyter_flows.engine.task_runner import TaskRunner

#: How often home looks up, so that an interruption and a cancel are heard.
LOOK_UP_SECONDS = 0.1


class Threads:
    """Has free tasks called by at most `size` threads; home runs the others.

    A thread goes on with the first task that waited only for what it has just ended, so that chains are followed to
    their end before others begin, and no task of a chain waits for a thread to wake up.
    """

    def __init__(self, work: TaskRunner, size: int):
        self._work, self._size = work, size
        self._order = list(work.order)
        self._rank = {number: rank for rank, number in enumerate(self._order)}
        self._waiting = [len(set(up)) for up in work.upstream]
        lock = threading.Lock()
        self._for_workers, self._for_home = threading.Condition(lock), threading.Condition(lock)
        #: Ranks of ready tasks, heaps: those for threads and those for home.
        self._ready: list[int] = []
        self._here: list[int] = []
        self._ended: set[int] = set()
        self._threads = self._idle = 0
        self._raised: BaseException | None = None
        #: Whether tasks were interrupted, and whether there will be no more.
        self._told = self._over = False

    def run(self) -> None:
        """Run every task; raise what a task's call raised on any thread."""
        try:
            with self._for_home:
                self._add([number for number, count in enumerate(self._waiting) if not count])
            self._lead()
        except BaseException:
            self._told = True
            self._work.cancel()
            interrupt_threads({thread for _, thread in list(self._work.away.values())})
            self._raised = None
            self._lead()
            raise
        finally:
            with self._for_workers:
                self._over = True
                self._for_workers.notify_all()

    # -- at home ------------------------------------------------------------------------------------

    def _lead(self) -> None:
        while (number := self._next_here()) is not None:
            self._work.run(number)
            with self._for_home:
                self._add(self._end(number))
        if self._raised is not None:
            raise self._raised

    def _next_here(self) -> int | None:
        """Wait for a task that home runs; None when all have ended, or a thread raised."""
        with self._for_home:
            while self._raised is None and len(self._ended) < len(self._order):
                if self._here:
                    return self._order[heapq.heappop(self._here)]
                self._for_home.wait(LOOK_UP_SECONDS)
                for number in list(self._work.away):
                    if number not in self._ended and self._work.give_up(number):
                        self._add(self._end(number))
        return None

    # -- with the lock held ---------------------------------------------------------------------------

    def _end(self, number: int) -> list[int]:
        """Note that a task has ended; return the tasks that are ready by that."""
        if number in self._ended:
            return []
        self._ended.add(number)
        ready = []
        for child in set(self._work.downstream[number]):
            self._waiting[child] -= 1
            if not self._waiting[child]:
                ready.append(child)
        if len(self._ended) == len(self._order):
            self._for_home.notify()
        return ready

    def _add(self, numbers: list[int]) -> None:
        for number in numbers:
            if number in self._work.free:
                heapq.heappush(self._ready, self._rank[number])
                self._wake()
            else:
                heapq.heappush(self._here, self._rank[number])
                self._for_home.notify()

    def _wake(self) -> None:
        """See that a thread takes what was added: one that is idle, else one more."""
        if self._idle:
            self._for_workers.notify()
        elif self._threads < self._size:
            thread = threading.Thread(target=copy_context().run, args=(self._work_on,), daemon=True)
            thread.name = f"worker-{self._threads}"
            try:
                thread.start()
            except RuntimeError:  # The system gives no more threads.
                if not self._threads:
                    raise
                self._size = self._threads
            else:
                self._threads += 1

    # -- on worker threads ----------------------------------------------------------------------------

    def _work_on(self) -> None:
        on_worker.set(True)
        ended: int | None = None
        while True:
            try:
                number = self._next(ended)
                if number is None:
                    return
                ended = number
                self._work.run_free(number)
            except KeyboardInterrupt as error:
                # One that was sent to interrupt a task may come late; a task's own goes home, as from any call.
                if not self._told and self._work.place.run is not process_run():
                    self._raise(error)
            except BaseException as error:  # noqa: BLE001 - home raises it
                self._raise(error)

    def _raise(self, error: BaseException) -> None:
        with self._for_home:
            self._raised = error
            self._for_home.notify()

    def _next(self, ended: int | None) -> int | None:
        """Note what this thread has ended, and return the next task; None when there will be none."""
        with self._for_workers:
            if ended is not None:
                ready = sorted(self._end(ended), key=self._rank.__getitem__)
                own = next((number for number in ready if number in self._work.free), None)
                self._add([number for number in ready if number != own])
                if own is not None:
                    return own
            while not self._ready:
                if self._over:
                    return None
                self._idle += 1
                self._for_workers.wait()
                self._idle -= 1
            return self._order[heapq.heappop(self._ready)]
