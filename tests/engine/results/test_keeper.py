"""Which cells a change is put down to, where several ran between two looks."""

from __future__ import annotations

import pytest

from jupyter_flows.core.cell import Cell
from jupyter_flows.core.task import CellTask
from jupyter_flows.engine.results.keeper import makers


def cell(name, *, reads="", writes="", changes=False, hidden=()):
    """Make a cell; one letter a name."""
    return CellTask(name, Cell("", 1), code="", meaning="", reads=reads, writes=writes, changes=changes, hidden=hidden)


TABLE = {
    "who binds the name": ([cell("A", writes="x"), cell("B", writes="y")], "x", "A"),
    "who only reads it did not change it": ([cell("A", writes="x"), cell("B", reads="x", writes="y")], "x", "A"),
    "who may change it": ([cell("A", writes="x"), cell("B", reads="x", changes=True)], "x", "AB"),
    "who may change what was tied to it": (
        [cell("A", reads="x", writes="t"), cell("B", reads="t", changes=True)],
        "x",
        "B",
    ),
    "whom nobody can follow": (
        [cell("A", writes="x"), cell("B", changes=True, hidden=["use <everything>"])],
        "x",
        "AB",
    ),
    "all, where nobody says so": ([cell("A"), cell("B")], "x", "AB"),
}


@pytest.mark.parametrize("case", TABLE.values(), ids=TABLE)
def test_makers(case):
    """A change is put down to those that may have made it, and to no others."""
    cells, names, expected = case
    assert "".join(sorted(makers(cells, names))) == expected
