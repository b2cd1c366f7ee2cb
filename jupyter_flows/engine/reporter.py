"""Turn a run's rows into events: in batches, ten times a second, from a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from time import time

from jupyter_flows.core.events import EventLog
from jupyter_flows.core.state import FINISHED, StateName
from jupyter_flows.core.task import CellTask
from jupyter_flows.engine.books import Row
from jupyter_flows.engine.context import on_worker
from jupyter_flows.engine.outputs import Outputs
from jupyter_flows.engine.task_runner import TaskRunner

TICK_SECONDS = 0.1
#: A task that has been running for longer is reported as running before it ends.
LONG_SECONDS = 0.1

EventRow = list[object]
#: States after which a task writes no more.
_FINAL = frozenset(name.value for name in FINISHED - {StateName.MAPPED})


class Reporter:
    """Watches one run; is told of cells one by one."""

    def __init__(self, events: EventLog, outputs: Outputs, *, clock: Callable[[], float] = time):
        self._events, self._outputs, self._clock = events, outputs, clock
        self._runner: TaskRunner | None = None
        self._seen = 0
        self._announced: set[int] = set()
        self._ended: set[str] = set()
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        #: The main thread's task from before it is called until its output is settled, a moment after it has returned.
        self._unsettled: int | None = None

    def watch(self, runner: TaskRunner) -> None:
        """Report on this runner from now on."""
        self._runner = runner
        self._outputs.running = self._running_slug
        self._thread = threading.Thread(target=self._watch, name="reporter", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Report what is left and watch no more."""
        self._over.set()
        if self._thread:
            self._thread.join()
        self.tick()
        self._outputs.running = lambda: None

    def before(self, number: int, attempt: int) -> None:
        """Report at once that a task starts, so that even its sudden death has a name."""
        runner = self._of()
        self._outputs.settle()
        self.tick()
        if not on_worker.get():
            self._unsettled = number
        task, (slug, index) = runner.task_of(number), runner.identity(number)
        if attempt > 1 and index is None:
            self._events.emit("output", task=slug, output={"output_type": "clear_output", "wait": False})
        if isinstance(task, CellTask):
            self._events.emit("source", task=slug, execution_count=task.cell.ordinal)

    def after(self, number: int) -> None:
        """Report what the task printed, before its last state."""
        self._outputs.settle()
        if self._unsettled == number:
            self._unsettled = None

    def tick(self) -> None:
        """Report what happened since the last time."""
        with self._lock:
            self._outputs.flush()
            rows = self._new_rows()
            if rows:
                self._events.emit("tasks", rows=rows)
                # Text that has not been sent yet may be theirs: what they wrote is let go of the next time.
                self._outputs.forget(self._ended)
                # A mapped task's children go on after it is Mapped, one after the other's end.
                self._ended = {str(slug) for slug, index, state, *_ in rows if index is None and state in _FINAL}

    def _watch(self) -> None:
        while not self._over.wait(TICK_SECONDS):
            self.tick()

    def _of(self) -> TaskRunner:
        if self._runner is None:
            raise RuntimeError("The reporter watches no run yet.")
        return self._runner

    def _running_slug(self) -> str | None:
        runner, unsettled = self._of(), self._unsettled
        if unsettled is not None:
            return runner.identity(unsettled)[0]
        running = runner.all_running()
        return runner.identity(running[0][0])[0] if running else None

    def _new_rows(self) -> list[EventRow]:
        runner = self._runner
        if runner is None:
            return []
        end = len(runner.rows)
        new = runner.rows[self._seen : end]
        self._seen = end
        rows = list(self._expand(new, runner))
        for number, since in runner.all_running():
            # Its row, if it has ended meanwhile, is not among those taken: Running still comes first.
            if number not in self._announced and self._clock() - since > LONG_SECONDS:
                self._announced.add(number)
                rows.append([*runner.identity(number), "Running", since, ""])
        return rows

    def _expand(self, new: Sequence[Row], runner: TaskRunner) -> Iterator[EventRow]:
        slugs = runner.plan.slugs
        for row in new:
            number, index = row[0], None
            if number < len(slugs):
                slug = slugs[number]
            else:
                slug, index = runner.identity(number)
            if len(row) == 3:  # noqa: PLR2004 - a success: start and end
                if number not in self._announced:
                    yield [slug, index, "Running", row[1], ""]
                yield [slug, index, "Success", row[2], ""]
            elif row[1] is StateName.RUNNING:
                if number not in self._announced:
                    self._announced.add(number)
                    yield [slug, index, "Running", row[2], ""]
            else:
                if row[1] is StateName.RETRYING:
                    self._announced.discard(number)
                yield [slug, index, row[1].value, row[2], row[3]]
