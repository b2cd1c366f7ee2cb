"""Tell whether a refusal is right: running the notebook top to bottom fails in the way that it foretells."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.notebooks.asflow import Refusal
from jupyter_flows.comparison.plain import Execution

#: Errors that a refusal foretells, by its code.
_FORETOLD = {
    "F001": {"NameError", "UnboundLocalError"},
    "F002": {"NameError", "UnboundLocalError"},
    "F004": {"ModuleNotFoundError", "ImportError"},
    "CellSyntaxError": {"SyntaxError", "IndentationError", "TabError"},
}


def is_right(refusals: Sequence[Refusal], plain: Execution) -> bool:
    """Tell whether each refusal foretells an error that running top to bottom meets in that cell, or says why not."""
    return all(_is_right(refusal, plain) for refusal in refusals)


def _is_right(refusal: Refusal, plain: Execution) -> bool:
    if refusal.code not in _FORETOLD:
        return False
    if refusal.cell is None or not 0 < refusal.cell <= len(plain.cells):
        return False
    # A cell's error hides those of the lines below it, and a function's shows where it is called.
    error = plain.cells[refusal.cell - 1].error
    later = {cell.error for cell in plain.cells[refusal.cell - 1 :]}
    return error is not None or bool(later & _FORETOLD[refusal.code])
