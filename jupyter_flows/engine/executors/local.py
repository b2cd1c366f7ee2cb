"""The local executor: the thread that runs the flow, and a few beside it for cells that can't tell the difference."""

from __future__ import annotations

import os

from jupyter_flows.engine.executors.base import Executor, Work
from jupyter_flows.errors import EnvironmentOptionError

#: More threads than this gain nothing for one notebook's cells, which share one interpreter.
MOST_WORKERS = 4


class LocalExecutor(Executor):
    """Run tasks in order on the calling thread, as a notebook does, and portable cells beside each other.

    At most `workers` run at once: None for the number of processors, at most four; 1 for one after the other. Only
    cells run beside each other, and only those of which the analysis knows all that they do; functions run in order,
    at the cost of a call each.

    >>> LocalExecutor(workers=1)
    LocalExecutor(workers=1)
    """

    def __init__(self, workers: int | None = None):
        if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
            raise EnvironmentOptionError(f"LocalExecutor's workers is a whole number from 1, or None, not {workers!r}.")
        self.workers = workers or min(MOST_WORKERS, os.cpu_count() or 1)

    def execute(self, work: Work) -> None:
        """Run every task, in the plan's order where it runs on this thread."""
        if self.workers > 1 and len(work.portable) > 0:
            from jupyter_flows.engine.executors.crew import Crew

            Crew(work, self.workers).run()
            return
        run = work.run
        for number in work.order:
            run(number)
