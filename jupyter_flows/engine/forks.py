"""Processes that a task forks: helpers of the task, and never a second run."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any, NoReturn

from jupyter_flows.engine.board import Board
from jupyter_flows.engine.books import Row
from jupyter_flows.engine.outputs import Outputs
from jupyter_flows.engine.task_runner import TaskRunner


def end_with_their_task(runner: TaskRunner, outputs: Outputs) -> None:
    """See that forked children end where the code of the task that forked them does, as a script's end does it.

    Without that a child that returns from the task, or raises, would go on with the tasks that follow.
    """
    os.register_at_fork(after_in_child=lambda: _become_helper(runner, outputs))


def leave(error: BaseException | None) -> NoReturn:
    """End a forked child as Python ends a script: with the error said, and its exit code."""
    code = 0 if error is None else 1
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        error = error if isinstance(error.code, str) else None
    if error is not None:
        traceback.print_exception(error)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(code)


class _LastRow(list[Row]):
    """Stands for a runner's rows: the row of a task that has succeeded is the last thing that happens."""

    def append(self, row: Row) -> None:
        if len(row) == 3:  # noqa: PLR2004 - the short row's length: the task returned
            leave(None)


def _become_helper(runner: TaskRunner, outputs: Outputs) -> None:
    outputs.become_helper()

    def fall(_number: int, _attempt: int, error: BaseException) -> NoReturn:
        leave(error)

    def enter(_number: int, _state: Any, **_: Any) -> NoReturn:
        leave(None)

    # The board is shared with who watches: it goes on showing what the parent does, here as there.
    board, shared = Board(), vars(runner)["_board"]
    board.cell[:], board.index[:] = shared.cell, shared.index
    # What the runner does next, whichever way the task is called: each way comes by one of these.
    vars(runner).update(rows=_LastRow(), _fall=fall, _enter=enter, _witness=None, _board=board, _cell=board.cell)
