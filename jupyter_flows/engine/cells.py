"""Run cells of plain Python, without IPython, with the outputs that a kernel gives for such cells."""

from __future__ import annotations
import __future__

import ast
import inspect
import io
import sys
import tokenize
import traceback
from collections.abc import Callable
from contextvars import copy_context
from types import CodeType
from typing import Any

from jupyter_flows.core.signals import Signal
from jupyter_flows.core.task import CellTask
from jupyter_flows.engine.carried import carry_over
from jupyter_flows.engine.context import on_worker
from jupyter_flows.engine.failure import cell_of, error_output
from jupyter_flows.engine.namespace import Namespace, remember_source
from jupyter_flows.engine.warned import without_hook

Publish = Callable[[dict[str, Any]], None]

_FUTURES = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)

#: The methods by which objects show themselves, and what they give.
_SHOWN_BY = {
    "_repr_html_": "text/html",
    "_repr_markdown_": "text/markdown",
    "_repr_svg_": "image/svg+xml",
    "_repr_latex_": "text/latex",
    "_repr_json_": "application/json",
}


class PlainCells:
    """Runs cells in a namespace, on the thread that calls; calling it runs one."""

    def __init__(self, namespace: Namespace, publish: Publish):
        self._namespace, self._publish = namespace, publish
        self._flags = 0
        self._loop: Any = None
        #: The ordinal of the cell whose value ``_`` is.
        self._shown = 0

    def __call__(self, task: CellTask) -> None:
        """Run a cell and publish its value; publish and raise its error."""
        ordinal = task.cell.ordinal
        try:
            self._execute(task.code, ordinal)
        except Signal:
            raise  # Not an error to be shown: the task's state says it.
        except BaseException as error:
            self._publish(error_output(error, _traceback(error)))
            raise

    def _execute(self, source: str, ordinal: int) -> None:
        name = remember_source(ordinal, source)
        if not on_worker.get():
            # A kernel forgets at each cell which warnings the notebook's own code has shown.
            self._namespace.names.pop("__warningregistry__", None)
        flags = self._flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        tree = compile(source, name, "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        code = compile(tree, name, "exec", flags, dont_inherit=True)
        self._flags |= code.co_flags & _FUTURES
        self._run(code)
        if isinstance(last, ast.Expr):
            value = self._run(compile(ast.Expression(last.value), name, "eval", flags, dont_inherit=True))
            if value is not None and not _quiet(source):
                self._show(value, ordinal)

    def _run(self, code: CodeType) -> Any:
        names = self._namespace.names
        waits = bool(code.co_flags & inspect.CO_COROUTINE)
        if not waits and ("asyncio" not in sys.modules or on_worker.get()):
            return eval(code, names)  # noqa: S307 - the author's own cell is what we are here to run
        import asyncio

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)

        async def cell() -> Any:
            value = eval(code, names)  # noqa: S307 - as above; inside a loop, as in a kernel
            return await value if waits else value

        context = copy_context()
        value = self._loop.run_until_complete(self._loop.create_task(cell(), context=context))
        if not waits:
            carry_over(context)
        return value

    def _show(self, value: Any, ordinal: int) -> None:
        if ordinal >= self._shown:
            self._shown, self._namespace.names["_"] = ordinal, value
        data, metadata = mime_bundle(value)
        self._publish({"output_type": "execute_result", "execution_count": ordinal, "data": data, "metadata": metadata})


def mime_bundle(value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return how an object shows itself, by mime type."""
    data: dict[str, Any] = {"text/plain": repr(value)}
    metadata: dict[str, Any] = {}
    if isinstance(value, type):
        return data, metadata
    for method, mime in _SHOWN_BY.items():
        shown = getattr(value, method, lambda: None)()
        if isinstance(shown, tuple):
            shown, metadata[mime] = shown
        if shown is not None:
            data[mime] = shown
    return data, metadata


def _quiet(source: str) -> bool:
    """Tell whether a cell ends in a semicolon, comments aside."""
    skip = {tokenize.NEWLINE, tokenize.NL, tokenize.COMMENT, tokenize.ENDMARKER}
    tokens = [t for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type not in skip]
    return bool(tokens) and tokens[-1].exact_type == tokenize.SEMI


def _traceback(error: BaseException) -> list[str]:
    """Format an error from the first frame that is a cell's."""
    without_hook(error)
    start = error.__traceback__
    while start and cell_of(start.tb_frame.f_code.co_filename) is None:
        start = start.tb_next
    return "".join(traceback.format_exception(type(error), error, start)).rstrip("\n").split("\n")
