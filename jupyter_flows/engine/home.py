"""The home of a run: what a process that was started for one run gives the engine."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_flows.core.flow import Flow
from jupyter_flows.core.state import State
from jupyter_flows.core.task import CellTask
from jupyter_flows.engine.board import Board
from jupyter_flows.engine.context import RunInfo
from jupyter_flows.engine.forks import end_with_their_task, leave
from jupyter_flows.engine.interruption import Interruption
from jupyter_flows.engine.map_runner import task_runner
from jupyter_flows.engine.outputs import Outputs
from jupyter_flows.engine.plan import Plan
from jupyter_flows.engine.reporter import Reporter
from jupyter_flows.engine.task_runner import TaskRunner


class Home:
    """One run's reporter, outputs, board and namespace, in the process that is this run's alone."""

    def __init__(
        self,
        flow: Flow,
        run: RunInfo,
        *,
        outputs: Outputs,
        reporter: Reporter,
        interruption: Interruption,
        run_cell: Callable[[CellTask], None],
        board_fd: int | None = None,
        settled: Mapping[str, State] | None = None,
        holds_inputs: bool = False,
    ):
        self.flow, self.run, self.run_cell = flow, run, run_cell
        self._outputs, self._reporter, self._board_fd = outputs, reporter, board_fd
        self._interruption = interruption
        #: The tasks that do not run, by slug.
        self._settled = settled or {}
        self._holds_inputs = holds_inputs
        #: The run's task runner, once there is one.
        self.made: TaskRunner | None = None

    def runner(self, plan: Plan) -> TaskRunner:
        """Make the run's task runner, watched from now on."""
        board = Board(self._board_fd, slugs=plan.slugs)
        runner = task_runner(
            plan,
            self.run,
            board=board,
            witness=self._reporter,
            keep_results=False,
            own_process=True,
            may_leave=leave_of(self.run_cell),
        )
        self.made, runner.holds_inputs = runner, self._holds_inputs
        runner.settle({n: self._settled[slug] for n, slug in enumerate(plan.slugs) if slug in self._settled})
        self._reporter.watch(runner)
        self._interruption.attach(runner)
        end_with_their_task(runner, self._outputs)
        return runner

    def finish(self) -> None:
        """Report everything that has happened."""
        self._interruption.detach()
        self._reporter.stop()

    def call(self, name: str, callback: Callable[[], Any]) -> None:
        """Call an environment's callback; what it prints is reported under its name."""
        with self._outputs.speaking(name), self._interruption.allowed():
            if name == "on_start" and self._interruption.requested.is_set():
                raise KeyboardInterrupt("cancelled before it was called")
            pid = os.getpid()
            try:
                callback()
            except BaseException as error:
                if os.getpid() != pid:
                    leave(error)
                raise
            if os.getpid() != pid:
                leave(None)


def leave_of(run_cell: Callable[[CellTask], None] | None) -> Callable[[CellTask], bool] | None:
    """Return what tells whether a cell may run on a worker thread; None where who runs cells knows of no workers."""
    return getattr(run_cell, "may_leave", None)


_home: list[Home] = []


def settle(home: Home) -> None:
    """Make `home` the home of this process's run."""
    _home[:] = [home]


def current_home() -> Home | None:
    """Return the home of this process's run, if the process has one."""
    return _home[0] if _home else None


def home_of(flow: Flow) -> Home | None:
    """Return the home of exactly this flow's run; a flow run inside a task has none."""
    home = current_home()
    return home if home and home.flow is flow else None
