"""What the tasks of cells are called, and which must follow which by name."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from jupyter_flows.capture.code import first_written
from jupyter_flows.capture.markers import Marker
from jupyter_flows.core.cell import Cell
from jupyter_flows.core.flow import Flow
from jupyter_flows.core.task import CellTask
from jupyter_flows.errors import DefinitionError, DuplicateTaskError, listed


def names_of(cells: Sequence[Cell], markers: Sequence[Marker]) -> list[str]:
    """Return a name for each cell: the one given, for unnamed tasks the first name written, else ``cell_N``.

    Raises `DuplicateTaskError` when one name is given twice; other names make way for given ones.
    """
    given: dict[str, Cell] = {}
    for cell, marker in zip(cells, markers, strict=True):
        name = marker.options.name
        if name in given:
            raise DuplicateTaskError(name, [f"cell {given[name].ordinal}", f"cell {cell.ordinal}"])
        if name:
            given[name] = cell
    taken = set(given)
    return [marker.options.name or _free(_own_name(c, marker), taken) for c, marker in zip(cells, markers, strict=True)]


def _own_name(cell: Cell, marker: Marker) -> str:
    written = first_written(marker.code, ordinal=cell.ordinal) if marker.kind == "task" else None
    return written or ("parameters" if marker.kind == "parameters" else f"cell_{cell.ordinal}")


def _free(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free)
    return free


def connect_after(flow: Flow) -> None:
    """Draw the edges that ``--after`` asks for; raise `DefinitionError` for a task that is not there."""
    by_name = {t.name: t for t in flow.cell_tasks}
    for task in flow.cell_tasks:
        for name in task.options.after:
            if name not in by_name:
                raise DefinitionError(_unknown(task, name, sorted(by_name)))
            flow.add_edge(by_name[name], task, why=f"--after {name}")


def _unknown(task: CellTask, name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {listed(set(known) - {task.name})}."
    return f"Cell {task.cell.ordinal}: --after names the task {name!r}, which this flow has not: {hint}"
