"""The runs of a mapped cell, as calls by index."""

from __future__ import annotations

from typing import Any

from jupyter_flows.core.task import CellTask
from jupyter_flows.engine.elements import Elements


class CellRuns:
    """Runs a cell for one of its elements when called with the element's index; `run_cell` is a `CellRunner`."""

    def __init__(self, run_cell: Any, task: CellTask):
        self._run_cell, self._task = run_cell, task
        self._elements: Elements = run_cell.elements(task)

    def __len__(self) -> int:
        return len(self._elements)

    def __call__(self, index: int) -> None:
        """Run the cell for one element; names are bound anew, so that another try begins like the first."""
        self._elements.run(index, self._run)

    def _run(self) -> None:
        self._run_cell(self._task)

    def finish(self) -> None:
        """Bind the names that the runs wrote to the lists of their values."""
        self._elements.finish()
