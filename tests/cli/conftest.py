"""Notebooks to try commands on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest


@pytest.fixture
def write_notebook(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that saves a notebook of these code cells and returns its path."""

    def write(*cells: str, name: str = "sales.ipynb", **metadata: Any) -> Path:
        notebook = nbformat.v4.new_notebook(metadata=metadata)
        notebook.cells = [nbformat.v4.new_code_cell(source) for source in cells]
        for number, cell in enumerate(notebook.cells):
            cell.id = f"cell-{number}"
        path = tmp_path / name
        nbformat.write(notebook, path)
        return path

    return write


SALES = (
    "%load_ext jupyter_flows\n%flow sales-nightly --project sales",
    "%%parameters\nfactor = 2",
    "%%task load\nrows = [1, 2, 3]",
    "len(rows)",
    "#| task: clean --retries 2\nclean = [row * factor for row in rows]",
    "%%task report\nprint(sum(clean))",
)


@pytest.fixture
def sales(write_notebook: Callable[..., Path]) -> Path:
    """Save a notebook of three tasks in a row, with a parameter and a cell that nothing needs."""
    return write_notebook(*SALES)
