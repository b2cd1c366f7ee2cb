"""What exported scripts use: show values as cells do, run commands, and run the flow from the command line."""

from __future__ import annotations

import argparse
import subprocess
import sys
import traceback
from collections.abc import Sequence
from types import CodeType, TracebackType
from typing import Any

from jupyter_flows.core.parameter import ParameterSpec
from jupyter_flows.core.state import StateName
from jupyter_flows.core.task import FunctionTask
from jupyter_flows.errors import FlowsError
from jupyter_flows.flow import Flow

__all__ = ["display", "end_figures", "main", "output_of", "sh", "show", "show_error"]


#: The packages whose frames stand above a task's own.
_RUNNERS = frozenset({"jupyter_flows.engine", "jupyter_flows.core"})
#: What pandas shows in a notebook.
_COLUMNS = 20
#: Libraries that were told once; what the author tells them later stays.
_arranged: set[str] = set()


def show(value: Any) -> None:
    """Print a value as a notebook shows the last one of a cell; None is not shown."""
    if value is not None:
        print(_as_text(value))  # noqa: T201 - printing is what it is for


def display(*values: Any) -> None:
    """Print values as a notebook shows them."""
    for value in values:
        print(_as_text(value))  # noqa: T201 - as above


def _as_text(value: Any) -> str:
    """Write a value as IPython does, which breaks long containers into lines; without IPython as Python does."""
    _as_in_a_notebook()
    try:
        from IPython.lib.pretty import pretty
    except ImportError:
        return repr(value)
    return str(pretty(value))


def _as_in_a_notebook() -> None:
    """Let pandas show as many columns as in a notebook, not as many as it thinks a terminal has."""
    pandas = sys.modules.get("pandas")
    if pandas is not None and pandas.__name__ not in _arranged:
        _arranged.add(pandas.__name__)
        if pandas.get_option("display.max_columns") == 0:
            pandas.set_option("display.max_columns", _COLUMNS)


def sh(command: str) -> None:
    """Run a shell command, as ``!command`` does."""
    sys.stdout.flush()
    subprocess.run(command, shell=True, check=False)  # noqa: S602 - the author's own command


def output_of(command: str) -> list[str]:
    """Run a shell command and return the lines that it wrote, as ``x = !command`` does."""
    done = subprocess.run(command, shell=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # noqa: S602
    return done.stdout.decode(errors="replace").splitlines()


def show_error() -> None:
    """Print the error of a cell that may fail, and go on."""
    traceback.print_exc()


def end_figures() -> None:
    """Show and close the figures of a cell, so that the next one begins its own, as in a notebook."""
    plt = sys.modules.get("matplotlib.pyplot")
    if plt is not None:
        if plt.get_backend().lower() != "agg":
            plt.show()
        plt.close("all")


def main(flow: Flow, arguments: Sequence[str] | None = None) -> None:
    """Run a flow with the parameters of the command line; leave with 1 when it failed, its traceback printed."""
    parser = argparse.ArgumentParser(description=f"Run the flow {flow.name}.")
    for spec in flow.parameters():
        parser.add_argument(f"--{spec.name}", metavar=spec.type.upper(), help=_help(spec), required=spec.required)
    given = {name: text for name, text in vars(parser.parse_args(arguments)).items() if text is not None}
    try:
        values = {spec.name: spec.parse(given[spec.name]) for spec in flow.parameters() if spec.name in given}
        _as_in_a_notebook()
        _name_as_in_cells(flow)
        state = flow.run(values)
    except FlowsError as error:
        parser.error(str(error))
    if not state.is_successful():
        for task, its in state.result.items():
            if its.name is StateName.FAILED and isinstance(its.result, BaseException):
                traceback.print_exception(type(its.result), its.result, _own_frames(its.result.__traceback__))
                sys.stderr.write(f"Task {task.name!r} failed.\n")
        sys.exit(1)


def _name_as_in_cells(flow: Flow) -> None:
    """Let lambdas and generators that a task makes be called as in a cell, not after the task's function."""
    for function in {task.fn for task in flow.tasks if isinstance(task, FunctionTask)}:
        code = getattr(function, "__code__", None)
        if isinstance(code, CodeType):
            function.__code__ = _without_prefix(code, f"{code.co_qualname}.<locals>.")


def _without_prefix(code: CodeType, prefix: str) -> CodeType:
    inner = (_without_prefix(c, prefix) if isinstance(c, CodeType) else c for c in code.co_consts)
    return code.replace(co_consts=tuple(inner), co_qualname=code.co_qualname.removeprefix(prefix))


def _own_frames(trace: TracebackType | None) -> TracebackType | None:
    """Drop the frames of what runs the flow, above the script's own."""
    while trace is not None and trace.tb_next is not None and trace.tb_frame.f_globals.get("__package__") in _RUNNERS:
        trace = trace.tb_next
    return trace


def _help(spec: ParameterSpec) -> str:
    return "must be given" if spec.required else f"{spec.default!r} if not given".replace("%", "%%")
