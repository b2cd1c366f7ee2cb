"""A captured flow, and the place that it was registered from, in one line each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_flows.widgets.words import counted, joined

if TYPE_CHECKING:
    from jupyter_flows.cli.captured import Reading
    from jupyter_flows.core.flow import Flow
    from jupyter_flows.core.place import Place

#: More names than this are counted instead.
MAX_NAMES = 12


def outline(reading: Reading) -> str:
    """Write what takes part: ``load -> clean -> report · left out: cell 5 (nothing needs it)``."""
    captured = reading.captured
    left_out = f"left out: {_cells(captured.left_out)} (nothing needs it)" if captured.left_out else ""
    came = f"joined: {_cells(captured.joined)} (a task needs it)" if captured.joined else ""
    return joined([steps(reading.flow), came, left_out])


def steps(flow: Flow) -> str:
    """Write the tasks in steps: ``load -> clean -> report, plot`` where the last two wait for one another not."""
    depth: dict[str, int] = {}
    for task in flow.cell_tasks:
        if not task.definition and not task.parameters:
            above = (depth.get(flow.slug(t), -1) for t in flow.upstream_tasks(task))
            depth[flow.slug(task)] = 1 + max(above, default=-1)
    if len(depth) > MAX_NAMES:
        return f"{counted(len(depth), 'task')} in {counted(1 + max(depth.values()), 'step')}"
    levels = range(1 + max(depth.values(), default=-1))
    return " -> ".join(", ".join(name for name, at in depth.items() if at == level) for level in levels)


def _cells(ordinals: tuple[int, ...]) -> str:
    return ("cell " if len(ordinals) == 1 else "cells ") + ", ".join(map(str, ordinals))


def origin(place: Place) -> str:
    """Write where runs run: ``.venv/bin/python in work/sales``, as seen from the folder or from home."""
    folder = Path(place.folder)
    return f"{_short(Path(place.python), folder)} in {_short(folder, None)}"


def _short(path: Path, base: Path | None) -> str:
    for start, word in ((base, ""), (Path.home(), "~")):
        if start is not None and path.is_relative_to(start):
            return str(Path(word, path.relative_to(start)))
    return str(path)
