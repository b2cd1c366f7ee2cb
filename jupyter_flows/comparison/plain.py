"""Run a notebook top to bottom in a kernel: the truth that a flow is held against."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from jupyter_core.utils import ensure_async
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

#: What a kernel writes, as text and no more, where a cell ends because a magic does not exist or can't be used so.
USAGE = "UsageError:"
DIED = "its kernel dies"
#: For every process that runs cells, so that sets show in one order.
STEADY: Mapping[str, str] = {"PYTHONHASHSEED": "0"}


@dataclass(frozen=True, slots=True)
class Ran:
    """One code cell, run."""

    outputs: list[dict[str, Any]]
    seconds: float = 0.0

    @property
    def error(self) -> str | None:
        """The name of the error that ended the cell."""
        for output in self.outputs:
            if output["output_type"] == "error":
                return str(output["ename"])
            if output["output_type"] == "stream" and "".join(output["text"]).startswith(USAGE):
                return "UsageError"
        return None


@dataclass(frozen=True, slots=True)
class Execution:
    """All code cells of a notebook, run in order, past those that failed."""

    cells: list[Ran]
    #: The folder that it ran in.
    root: str = ""
    #: Why there is no more of it: it took too long, or its kernel died.
    trouble: str = ""
    #: What was answered between cells, by the ordinal of the cell before.
    answers: dict[int, str] = field(default_factory=dict)

    @property
    def failing(self) -> list[int]:
        """The ordinals, from 1, of cells that ended with an error."""
        return [n for n, cell in enumerate(self.cells, 1) if cell.error]


def execute(
    path: Path,
    *,
    root: Path,
    timeout_seconds: float,
    env: Mapping[str, str] = STEADY,
    questions: Mapping[int, str] | None = None,
) -> Execution:
    """Execute a notebook file in a fresh kernel of this interpreter; a cell that fails stops nothing.

    `root` is the folder whose name the outputs may hold, `env` what the kernel finds in its environment, and
    `questions` are expressions to be evaluated after cells, by ordinal, each to a text.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        allow_errors=True,
        record_timing=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    asked = Questions(client, questions or {})
    client.on_cell_executed = asked.ask_after
    client.on_notebook_start = _leave_interrupts
    trouble, begin = "", time.monotonic()
    try:
        asyncio.run(_in_time(client, env, timeout_seconds))
    except (TimeoutError, CellTimeoutError):
        trouble = f"it takes longer than {timeout_seconds:g} s"
    except DeadKernelError:  # Also what nbclient makes of being cancelled.
        in_time = time.monotonic() < begin + timeout_seconds
        trouble = DIED if in_time else f"it takes longer than {timeout_seconds:g} s"
    except RuntimeError as error:
        trouble = f"its kernel does not start: {error}"
    return Execution([_ran(cell) for cell in code_cells(notebook)], str(root), trouble, asked.answers)


async def _in_time(client: NotebookClient, env: Mapping[str, str], timeout_seconds: float) -> None:
    """Execute a client's notebook; what nbclient's own watchers say of being cancelled is no news."""
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    await asyncio.wait_for(client.async_execute(env=_environment(env), stderr=subprocess.DEVNULL), timeout_seconds)


def _leave_interrupts(**_: Any) -> None:
    """Take Ctrl-C from nbclient, which would answer it by a kernel that died."""
    if threading.current_thread() is threading.main_thread():
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)


class Questions:
    """Expressions that a kernel evaluates between cells, without a trace in its history or its outputs."""

    def __init__(self, client: NotebookClient, questions: Mapping[int, str]):
        self.answers: dict[int, str] = {}
        self._client, self._questions = client, questions

    async def ask_after(self, *, cell_index: int, **_: Any) -> None:
        """Ask what is to be asked after a cell; a question that fails has no answer."""
        ordinal = sum(c.cell_type == "code" for c in self._client.nb.cells[: cell_index + 1])
        if ordinal not in self._questions:
            return
        kernel: Any = self._client.kc
        asked = kernel.execute("", silent=True, user_expressions={"answer": self._questions[ordinal]})
        while True:
            reply = await ensure_async(kernel.get_shell_msg(timeout=None))
            if reply["parent_header"].get("msg_id") == asked:
                break
        answer = reply["content"].get("user_expressions", {}).get("answer", {})
        if answer.get("status") == "ok":
            self.answers[ordinal] = ast.literal_eval(answer["data"]["text/plain"])


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return a notebook's code cells."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _environment(env: Mapping[str, str]) -> dict[str, str]:
    # Commands that cells start are to be this environment's.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {**os.environ, **env, "PATH": path}


def _ran(cell: NotebookNode) -> Ran:
    times = cell.metadata.get("execution", {})
    moments = [times.get("iopub.execute_input"), times.get("shell.execute_reply")]
    begin, end = (datetime.fromisoformat(m) if m else None for m in moments)
    seconds = (end - begin).total_seconds() if begin and end else 0.0
    return Ran(json.loads(json.dumps(cell.outputs)), seconds)
