"""A captured flow in one line."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from jupyter_flows.widgets.words import counted, joined

if TYPE_CHECKING:
    from jupyter_flows.cli.captured import Reading

#: More names than this are counted instead.
MAX_NAMES = 12


def outline(reading: Reading) -> str:
    """Write what takes part: ``load -> clean -> report · left out: cell 5 (nothing needs it)``."""
    flow, captured = reading.flow, reading.captured
    tasks = [t for t in flow.cell_tasks if not t.definition and not t.parameters]
    names = [flow.slug(t) for t in tasks]
    in_line = all(u in flow.upstream_tasks(d) for u, d in itertools.pairwise(tasks))
    shown = (" -> " if in_line else ", ").join(names) if len(names) <= MAX_NAMES else counted(len(names), "task")
    left_out = f"left out: {_cells(captured.left_out)} (nothing needs it)" if captured.left_out else ""
    came = f"joined: {_cells(captured.joined)} (a task needs it)" if captured.joined else ""
    return joined([shown, came, left_out])


def _cells(ordinals: tuple[int, ...]) -> str:
    return ("cell " if len(ordinals) == 1 else "cells ") + ", ".join(map(str, ordinals))
