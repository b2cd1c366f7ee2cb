"""The judge of the analysis: notices a planted fault, measures paths, and works from the command line."""

from __future__ import annotations

import json
from collections import Counter

import nbformat
import pytest

from benchmarks.notebooks import trace
from benchmarks.notebooks.account import Account
from benchmarks.notebooks.against import Static, analyse, explained, misses, paths
from benchmarks.notebooks.traced import TracedEdge
from benchmarks.notebooks.traced import trace as trace_notebook
from benchmarks.notebooks.tracereport import details, one_line, summary

pytestmark = pytest.mark.timeout(240)

CELLS = [
    "import numpy as np",
    "a = np.zeros(5)",
    "b = a[1:]",
    "b[0] = 7",
    "a.sum()",
    "np.random.seed(0)",
    "np.random.rand()",
    "n = open('u.txt', 'w').write('a')",
    "open('u.txt').read()",
    "%timeit -n1 -r1 a.sum()",
]


def write(path, *sources):
    """Write a notebook of code cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nbformat.write(notebook, path)
    return path


@pytest.fixture
def notebook(tmp_path):
    """Return a function that writes a notebook into a folder of its own."""
    (tmp_path / "some").mkdir()
    return lambda *sources: write(tmp_path / "some" / "a.ipynb", *sources)


def edge(upstream, downstream, label="x"):
    """Return a traced edge."""
    return TracedEdge(upstream, downstream, "read-after-write", label)


def static(*pairs, members=(1, 2, 3)):
    """Return an analysis that found these edges."""
    return Static(members, frozenset(pairs))


def test_a_chain_of_static_edges_implies_a_traced_one():
    """What follows from two edges is no miss."""
    assert misses([edge(1, 3)], static((1, 2), (2, 3))) == []


def test_a_planted_fault_is_noticed(notebook):
    """Without one edge of a sound analysis, the traced edges that needed it are missed."""
    path = notebook(*CELLS)
    found = trace_notebook(path, root=path.parent, timeout_seconds=60)
    sound = analyse(path)
    assert misses(found.edges, sound) == []
    planted = Static(sound.members, sound.edges - {(4, 5)})
    missed = misses(found.edges, planted)
    assert ("a", 4, 5) in {(e.label, e.upstream, e.downstream) for e in missed}
    for label, pair in (("<numpy.random>", (6, 7)), ("<file:u.txt>", (8, 9)), ("a", (4, 10))):
        without = Static(sound.members, frozenset(p for p in sound.edges if p[1] != pair[1]))
        assert label in {e.label for e in misses(found.edges, without) if (e.upstream, e.downstream) == pair}


def test_cells_that_take_no_part_are_not_missed():
    """An edge of a control cell is none of the flow's."""
    assert misses([edge(1, 9)], static()) == []


def test_what_imports_change_is_explained():
    """Settings that importing a library changes are told apart from those that a cell sets."""
    assert explained(edge(1, 2, "<warnings>"), imports={1}) == "importing a library changes <warnings>"
    assert explained(edge(1, 2, "<warnings>"), imports=set()) == ""
    assert explained(edge(1, 2, "df"), imports={1}) == ""


def test_critical_paths():
    """The ratio tells how much longer the analysis makes the critical path than it has to be."""
    found = paths([edge(1, 2)], static((1, 2), (2, 3)), {1: 1.0, 2: 1.0, 3: 2.0})
    assert found.static == 1.0
    assert found.traced == 0.5
    assert found.ratio == 2.0


def test_tracing_does_not_change_what_cells_show(notebook):
    """Outputs, errors and their lines are those of a plain kernel."""
    path = notebook(*CELLS, "def f(k):\n    return 1 / k", "f(0)", "%%time\nf(1)")
    found = trace_notebook(path, root=path.parent, timeout_seconds=60)
    shown = found.execution.cells
    assert found.failing == [12]
    assert shown[4].outputs[0]["data"]["text/plain"] in ("7.0", "np.float64(7.0)")
    trace_text = "".join(shown[11].outputs[0]["traceback"])
    assert "return" in trace_text
    assert "__traced" not in trace_text


def test_command_line(notebook, tmp_path, capsys):
    """The command traces folders, takes failing cells out, writes JSON, and ends with 0 where nothing is missed."""
    notebook("x = [1]", "1 / 0", "x.append(2)", "print(x)")
    to = tmp_path / "accounts.json"
    assert trace.main([str(tmp_path / "some"), "--json", str(to), "--keep", str(tmp_path / "kept")]) == 0
    account = json.loads(to.read_text())[0]
    assert (account["notebook"], account["failing"], account["misses"]) == ("some/a.ipynb", [2], [])
    assert account["traced_pairs"] == 3
    assert account["paths"]["static"] == account["paths"]["traced"]
    assert "traced edges: 3 pairs of cells, missed 0" in capsys.readouterr().out
    assert trace.main([str(tmp_path / "some"), "--only", "none*"]) == 2


def test_a_kept_trace_is_not_made_again(notebook, tmp_path):
    """The second time, what the tracer told is read."""
    from benchmarks.notebooks.plain import Kept

    path = notebook("x = 1", "y = x")
    kept = Kept(tmp_path / "kept")
    first = trace_notebook(path, root=path.parent, timeout_seconds=60, kept=kept)
    assert [(e.upstream, e.downstream) for e in first.edges] == [(1, 2)]
    again = trace_notebook(path, root=path.parent, timeout_seconds=0.0, kept=kept)
    assert again.edges == first.edges


def test_report():
    """A miss is shown with its cells; figures of all are medians and quartiles."""
    account = Account("a.ipynb", cells=2, traced_pairs=1, misses=[edge(1, 2)], sources={1: "x = 1", 2: "y = x"})
    account.barriers = {2: "cannot be followed"}
    account.findings = dict(Counter(F003=1))
    assert one_line(account) == "a.ipynb: 2 cells, 1 barriers, MISSES 1-2 x"
    assert details(account).splitlines()[:4] == [
        "a.ipynb", "  cell 2 after 1: read-after-write x", "  --- cell 1", "    x = 1",
    ]  # fmt: skip
    text = summary([account])
    assert "missed 1, in 1 notebooks" in text
    assert "barriers: 1 of 2 cells, 50.0 %" in text
