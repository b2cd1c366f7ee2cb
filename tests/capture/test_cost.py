"""What the analysis may cost, whatever the notebook."""

import pytest

from jupyter_flows.capture import heap
from jupyter_flows.capture.dataflow import connect
from jupyter_flows.core.cell import Cell

SHOWS_ITSELF = """
class show(object):
    def __init__(self, *args):
        self.args = args
    def _repr_html_(self):
        return '\\n'.join(eval(a)._repr_html_() for a in self.args)
    def __repr__(self):
        return '\\n'.join(a + '\\n' + repr(eval(a)) for a in self.args)
"""


def _connect(*sources):
    return connect([Cell(source, n + 1) for n, source in enumerate(sources)])


def test_a_cell_that_costs_too_much_is_looked_at_only(monkeypatch):
    """Where the analysis stops following, a cell is ordered by all that it mentions, and no more than that."""
    monkeypatch.setattr(heap, "CELL_WORK", 3)
    monkeypatch.setattr(heap, "LEAST_WORK", 3)
    sources = ["ys = [[], []]", "import lib\nlib.change(ys)\nlib.change(ys)\nzs = [[]]", "z = 2", "zs.append(ys)"]
    flow = _connect(*sources)
    assert flow.barriers == {}
    assert [(e.upstream, e.downstream) for e in flow.edges] == [(0, 1), (1, 3)]


def test_a_notebook_has_a_budget_of_its_own(monkeypatch):
    """Many cells that each cost much use up what the notebook may cost; simple cells are still followed."""
    monkeypatch.setattr(heap, "NOTEBOOK_WORK", 0)
    monkeypatch.setattr(heap, "LEAST_WORK", 20)
    flow = _connect("x = []", "y = []", "x.append(1)", "y.append(2)")
    assert flow.barriers == {}
    assert [(e.upstream, e.downstream) for e in flow.edges] == [(0, 2), (1, 3)]


@pytest.mark.timeout(60)
def test_objects_that_evaluate_names_when_shown_do_not_explode():
    """A class found in tutorials: showing an instance may show every other; thirty such cells end all the same."""
    cells = ["import pandas as pd", SHOWS_ITSELF, *(f"d{n} = pd.DataFrame()\nshow('d{n}')" for n in range(30))]
    assert len(_connect(*cells).refs) == 32
