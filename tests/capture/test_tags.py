"""Tags of kale, papermill and nbclient mean what their users know."""

from __future__ import annotations

import pytest

from jupyter_flows.capture.notebook import capture, from_sources
from jupyter_flows.core.cell import Cell
from jupyter_flows.errors import MarkerError


def captured(*cells):
    return capture(from_sources(Cell(source, 1, None, frozenset(tags)) for source, *tags in cells), name="f")


def ordinals(found):
    return [t.cell.ordinal for t in found.flow.cell_tasks]


@pytest.mark.parametrize("tag", ["skip", "skip-execution"])
def test_a_skipped_cell_takes_no_part(tag):
    """A cell that nbclient would not run is not run by a flow."""
    assert ordinals(captured(("x = 1",), ("1 / 0", tag), ("print(x)",))) == [1, 3]


@pytest.mark.parametrize("tag", ["imports", "functions"])
def test_a_shared_cell_takes_part_though_no_task_needs_it(tag):
    """Where cells are marked, kale's tags bring a cell in that nothing names; an untagged one stays out."""
    found = captured(("import math", tag), ("import json",), ("x = 1", "task"))
    assert ordinals(found) == [1, 3]
    assert found.flow.cell_tasks[0].definition


def test_a_tag_does_not_change_what_a_cell_means():
    """A cell tagged `functions` that does more stays a task in its place, and this is said."""
    found = captured(("xs = []",), ("def f():\n    return 1\nxs.append(f())", "functions"), ("print(xs)",))
    assert [t.definition for t in found.flow.cell_tasks] == [False, False, False]
    assert [(f.code, f.level, f.cell) for f in found.findings] == [("F030", "info", 2)]


def test_injected_values_are_the_defaults():
    """What an earlier papermill run injected wins over the parameters cell, with the types declared there."""
    found = captured(
        ("n = 3\nrate: float = 0.5", "parameters"), ("n = 7\nrate = 2", "injected-parameters"), ("print(n)",)
    )
    assert [(p.name, p.type, p.default) for p in found.flow.parameters()] == [("n", "int", 7), ("rate", "float", 2.0)]
    # A run sets its values after both, as papermill writes the injected cell anew.
    assert [t.parameters for t in found.flow.cell_tasks] == [True, True, False]


def test_injected_values_may_come_alone():
    """A notebook without a parameters cell gets papermill's cell at its top: it declares."""
    found = captured(("n = 7", "injected-parameters"), ("print(n)",))
    assert [(p.name, p.default) for p in found.flow.parameters()] == [("n", 7)]


def test_two_parameter_cells_are_refused():
    """Of each kind there is one."""
    with pytest.raises(MarkerError, match="Cells 1 and 2 both declare parameters"):
        captured(("n = 7", "injected-parameters"), ("m = 7", "injected-parameters"))


def test_a_required_parameter_comes_before_who_reads_it():
    """A name that only the run sets is written by the parameters cell all the same."""
    found = captured(("n: int", "parameters"), ("print(n)",))
    assert [(e.upstream.name, e.downstream.name, sorted(e.names)) for e in found.flow.edges] == [
        ("parameters", "cell_2", ["n"])
    ]
    assert found.findings == ()
