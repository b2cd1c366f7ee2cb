"""What a failed task says of itself, in one line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from traceback import walk_tb
from types import CodeType, FrameType, TracebackType
from typing import Any

from jupyter_flows.core.task import CellTask, Task

LONGEST = 300

#: The names of cells' code, without a shell (`namespace.cell_file`) and in one (`shell.RunCompiler`).
_CELL_FILE = re.compile(r"^(?:Cell In\[(\d+)\]|.*/jupyter_flows_\d+/cell_(\d+)_[0-9a-f]+\.py)$")


def describe(error: BaseException, task: Task) -> str:
    """Return ``KeyError 'gross' (cell 6, line 2)``: type, text and place, in one line."""
    words, place = summary(error), _place(error, task)
    return f"{words} ({place})" if place else words


def summary(error: BaseException) -> str:
    """Return ``KeyError 'gross'``: type and text, in one line."""
    text = " ".join(_text(error).split())
    name = type(error).__name__
    words = f"{name} {text}" if text else name
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


def _text(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return error.msg
    return _str(error)


def _str(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as reason:  # noqa: BLE001 - an exception's own __str__ may raise anything
        return f"<its text can't be shown: {type(reason).__name__}>"


def _place(error: BaseException, task: Task) -> str:
    if isinstance(task, CellTask):
        line = cell_line(error, task.cell.ordinal)
        return f"cell {task.cell.ordinal}, line {line}" if line else f"cell {task.cell.ordinal}"
    code: CodeType | None = getattr(getattr(task, "fn", task.run), "__code__", None)
    if code is None or not Path(code.co_filename).is_file():
        return ""
    lines = [line for frame, line in _frames(error.__traceback__) if frame.f_code.co_filename == code.co_filename]
    return f"{Path(code.co_filename).name}, line {lines[-1]}" if lines else ""


def cell_line(error: BaseException, ordinal: int) -> int | None:
    """Return the line of the cell that an error passed through last, if it passed through it."""
    if isinstance(error, SyntaxError) and cell_of(error.filename or "") == ordinal:
        return error.lineno
    lines = [line for frame, line in _frames(error.__traceback__) if cell_of(frame.f_code.co_filename) == ordinal]
    return lines[-1] if lines else None


def cell_of(filename: str) -> int | None:
    """Return the ordinal of the cell that code of this file name comes from."""
    match = _CELL_FILE.match(filename)
    return int(match[1] or match[2]) if match else None


def _frames(traceback: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    return walk_tb(traceback)


def error_output(error: BaseException, traceback: list[str]) -> dict[str, Any]:
    """Return an error as notebooks keep it."""
    return {"output_type": "error", "ename": type(error).__name__, "evalue": _str(error), "traceback": traceback}
