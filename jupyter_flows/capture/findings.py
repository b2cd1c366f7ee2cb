"""What can be found wrong with a captured flow by reading its cells."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence

from jupyter_flows.capture import code, source
from jupyter_flows.capture.checks import Finding
from jupyter_flows.capture.code import SHELL_NAMES
from jupyter_flows.capture.dataflow import Dataflow
from jupyter_flows.capture.markers import strip_marker
from jupyter_flows.capture.modules import Modules
from jupyter_flows.capture.notebook_file import Notebook
from jupyter_flows.capture.requirements import Requirements
from jupyter_flows.core.cell import Cell
from jupyter_flows.errors import CellSyntaxError


def no_tasks(notebook: Notebook) -> Finding:
    """Say that there is nothing to run."""
    what = "none of its cells takes part" if notebook.cells else "it has no code cells"
    return Finding("F006", "error", None, None, f"the notebook gives no task ({what})", "write %%task above a cell")


def undefined_findings(
    cells: Sequence[Cell], members: Sequence[Cell], dataflow: Dataflow, *, ignored: Collection[str]
) -> Iterator[Finding]:
    """Find names that a cell reads and nothing above it defines.

    After a cell that may define any name (``import *``, ``exec``, ``%run``) they are warnings.
    """
    unsure_from = min(dataflow.barriers, default=len(members))
    for index, name, line in dataflow.undefined:
        if name in ignored or SHELL_NAMES.fullmatch(name):
            continue
        level = "warning" if unsure_from <= index else "error"
        reader = members[index]
        below = next((c for c in cells if c.ordinal > reader.ordinal and name in _written(c)), None)
        if below is None:
            yield Finding("F001", level, reader.ordinal, line, f"no cell defines `{name}`", "define it in a cell above")
        else:
            message = f"`{name}` is defined only below, in cell {below.ordinal}"
            yield Finding("F002", level, reader.ordinal, line, message, "move that cell up")


def _written(cell: Cell) -> set[str]:
    """Return the names that a cell binds at its top level; nothing if it can't be parsed."""
    try:
        tree = source.parse(strip_marker(cell.source), ordinal=cell.ordinal)
    except CellSyntaxError:
        return set()
    bound = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return bound | {n.name for n in tree.body if isinstance(n, defined)}


def barrier_findings(members: Sequence[Cell], dataflow: Dataflow) -> Iterator[Finding]:
    """Say which cells wait for everything above them and hold up everything below."""
    for index, reason in sorted(dataflow.barriers.items()):
        message = f"what this cell does can't be told from its code ({reason}), so it runs alone"
        yield Finding("F003", "info", members[index].ordinal, None, message)


def import_findings(
    members: Sequence[Cell], codes: Sequence[str], modules: Modules, requirements: Requirements
) -> Iterator[Finding]:
    """Find imports that fail here, and requirements that can't be installed elsewhere."""
    missing = set(requirements.missing)
    for cell, text in zip(members, codes, strict=True):
        for name, line, sure in code.cell_imports(text, ordinal=cell.ordinal):
            if name in missing:
                level = "error" if sure else "warning"
                fix = "install it here, or correct the name"
                yield Finding("F004", level, cell.ordinal, line, f"there is no module {name!r} here", fix)
    for name, file in modules.through.items():
        if name in missing:
            yield Finding("F004", "warning", None, None, f"{file} imports {name!r}, which is not installed here")
    for name, reason in (requirements.unpublished or {}).items():
        message = f"{name!r} can't be installed anywhere else: {reason}"
        yield Finding("F005", "warning", None, None, message, "publish it, or put its source next to the notebook")
