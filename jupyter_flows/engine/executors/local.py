"""The local executor: one task after the other, on the thread that runs the flow."""

from __future__ import annotations

from jupyter_flows.engine.executors.base import Executor, Work


class LocalExecutor(Executor):
    """Run tasks in order on the calling thread: what a notebook does, at the cost of a function call each."""

    def execute(self, work: Work) -> None:
        """Run every task in the plan's order."""
        run = work.run
        for number in work.order:
            run(number)
