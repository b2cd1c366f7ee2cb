"""Flows of generated notebooks, edited in one cell, for tests of resuming."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from random import Random

from jupyter_flows.capture.notebook import capture, from_sources
from jupyter_flows.core.cell import Cell

sys.path.insert(0, str(Path(__file__).parents[2] / "capture"))

import adversary
from generator import notebook

#: The library that nobody knows; it also makes chance repeatable.
OUTSIDE = f"{adversary.OUTSIDE}\nimport random\nrandom.seed(12345)\n"
#: Writes the values of all names, and who shares what with whom.
STATE = f"""\
import itertools as _itertools
_tools = dict(defaultdict=defaultdict, itertools=_itertools)
exec({"from typing import Any" + chr(10) + inspect.getsource(adversary.canonical)!r}, _tools)
print(_tools['canonical']({{k: v for k, v in globals().items() if k[0] not in '_I' and k != 'Out'}}))
"""


def sources_of(seed: int, *, state: bool = True) -> list[str]:
    """Return the cells of a seed's notebook, with one at the end that looks at everything if asked for."""
    return [*notebook(Random(seed))[0], *([STATE] if state else [])]


def flow_of(sources: list[str], folder: Path):
    """Capture a flow in a folder that has the unknown library."""
    (folder / "outside.py").write_text(OUTSIDE)
    return capture(from_sources(Cell(s, 1) for s in sources), name="made", folder=folder).flow


def told(story, flow):
    """Return the run's state and what each cell printed and displayed."""
    return story.state[0], {
        t.name: (story.text(t.name), story.text(t.name, "stderr"), story.outputs(t.name)) for t in flow.cell_tasks
    }
