"""Executions top to bottom, kept from one comparison to the next."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nbformat

from jupyter_flows.comparison.plain import DIED, STEADY, Execution, Ran, code_cells, execute

#: What every process that runs cells finds in its environment: this checkout, too.
ENVIRONMENT = {**STEADY, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}


class Kept:
    """Executions kept in a folder, by what was executed, so that only the flow is run again."""

    def __init__(self, folder: Path | None):
        self._folder = folder

    def execute(self, path: Path, *, root: Path, timeout_seconds: float, times: int) -> Execution:
        """Return the kept execution of a notebook file for the `times`-th time, or execute it."""
        place = self.place(path, root, times)
        if place and place.exists():
            return from_json(json.loads(place.read_text()))
        execution = execute(path, root=root, timeout_seconds=timeout_seconds, env=ENVIRONMENT)
        if execution.trouble == DIED:  # Once may be the machine's fault.
            execution = execute(path, root=root, timeout_seconds=timeout_seconds, env=ENVIRONMENT)
        if place and not execution.trouble:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(json.dumps(asdict(execution)))
        return execution

    def place(self, path: Path, root: Path, kind: int | str) -> Path | None:
        """Return the file that an execution of some kind is kept in, None if none is."""
        if self._folder is None:
            return None
        cells = [cell.source for cell in code_cells(nbformat.read(path, as_version=4))]
        what = json.dumps([root.name, str(path.relative_to(root)), sys.executable, cells, kind])
        return self._folder / f"{hashlib.sha256(what.encode()).hexdigest()[:32]}.json"


def from_json(data: Mapping[str, Any]) -> Execution:
    """Read what `asdict` made of an execution."""
    return Execution([Ran(**cell) for cell in data["cells"]], data["root"], data["trouble"])
