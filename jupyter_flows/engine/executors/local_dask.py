"""The executor of this machine's threads and processes, under the name that the field knows."""

from __future__ import annotations

import os

from jupyter_flows.engine.executors.base import Executor, Work
from jupyter_flows.engine.executors.local import MOST_WORKERS, LocalExecutor
from jupyter_flows.engine.task_runner import TaskRunner
from jupyter_flows.errors import EnvironmentOptionError

SCHEDULERS = ("threads", "processes", "synchronous")


class LocalDaskExecutor(Executor):
    """Call functions beside each other on this machine, in threads or in processes, or one after the other.

    At most `num_workers` at once: None for the number of processors. Processes are for functions that take plain
    values and hold the interpreter; arguments and results are pickled. What `scheduler` and `num_workers` mean is
    Dask's; the schedule is our own, a task of Dask's local schedulers costs many times as much.

    Cells run as by `LocalExecutor(workers=num_workers)`: they share one module, which threads and processes of
    functions don't.

    >>> LocalDaskExecutor(scheduler="processes", num_workers=2)
    LocalDaskExecutor(scheduler='processes', num_workers=2)
    """

    def __init__(self, scheduler: str = "threads", num_workers: int | None = None):
        if scheduler not in SCHEDULERS:
            raise EnvironmentOptionError(f"LocalDaskExecutor's scheduler is one of {SCHEDULERS}, not {scheduler!r}.")
        wrong = num_workers is not None and (not isinstance(num_workers, int) or num_workers < 1)
        if wrong or isinstance(num_workers, bool):
            raise EnvironmentOptionError(
                f"LocalDaskExecutor's num_workers is a whole number from 1, or None, not {num_workers!r}."
            )
        self.scheduler, self.num_workers = scheduler, num_workers

    def execute(self, work: Work) -> None:
        """Run every task."""
        size = self.num_workers or os.cpu_count() or 1
        if self.scheduler == "synchronous":
            LocalExecutor(workers=1).execute(work)
        elif not isinstance(work, TaskRunner) or not work.packed:
            LocalExecutor(workers=self.num_workers or min(MOST_WORKERS, size)).execute(work)
        elif self.scheduler == "threads":
            from jupyter_flows.engine.executors.threads import Threads

            Threads(work, size).run()
        else:
            from jupyter_flows.engine.executors.processes import Processes

            Processes(work, size).run()
