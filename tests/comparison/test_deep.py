from __future__ import annotations

from dataclasses import replace

import nbformat
import pytest

from jupyter_flows.capture import notebook as capturing
from jupyter_flows.capture.dataflow import connect
from jupyter_flows.capture.notebook import read_notebook
from jupyter_flows.comparison.deep import prove
from jupyter_flows.errors import CheckError


@pytest.fixture
def proof(tmp_path):
    """Return a function that runs a notebook of some cells both ways."""

    def run(*cells, name="n.ipynb", timeout=60.0, **metadata):
        notebook = nbformat.v4.new_notebook()
        notebook.cells = [nbformat.v4.new_code_cell(source, metadata=metadata) for source in cells]
        folder = tmp_path / "work"
        folder.mkdir(exist_ok=True)
        nbformat.write(notebook, folder / name)
        return prove(read_notebook(folder / name), timeout_seconds=timeout, say=lambda _: None)

    return run


def places(found):
    """Return level, code and cell of findings."""
    return [f"{f.level} {f.code} {f.cell}" for f in found.findings]


def without_edges(dataflow):
    """Return what the analysis would say if it saw no edge."""
    return replace(dataflow, edges=())


def test_a_sound_notebook_is_equal(proof):
    """Cells, values at the end, and another order of the cells that need not wait are compared."""
    found = proof("x = [1]", "y = [2]", "x.append(3)\nprint(x)", "y.append(4)\ny", "def f(): return 1")
    assert places(found) == []
    assert (found.cells, found.values, found.orders, found.trouble) == (5, 2, 1, "")
    assert (
        found.summary
        == "5 cells and 2 values are equal top to bottom and as a flow, also when cells that need not wait for others run first."
    )


def test_a_missing_edge_is_found(proof, monkeypatch):
    """A flow whose cells may run in a wrong order shows something else in another order."""
    monkeypatch.setattr(capturing, "connect", lambda cells: without_edges(connect(cells)))
    found = proof("x = [1]", "x.append(2)", "print(x)")
    assert ("error F019 3") in places(found)
    [finding] = [f for f in found.findings if f.cell == 3]
    assert finding.message.endswith("and '[stdout] [1, 2]' top to bottom")
    assert "when cells that need not wait for others run first" in finding.message


def test_a_value_that_nobody_shows_is_compared(proof, monkeypatch):
    """What differs at the end is a finding of the cell that wrote it."""

    def unordered(cells):
        dataflow = connect(cells)
        kept = [replace(e, upstream=0) for e in dataflow.edges]
        return replace(dataflow, edges=tuple(kept))

    monkeypatch.setattr(capturing, "connect", unordered)
    found = proof("x = [1]", "x.append(2)", "x.append(3)")
    # Once or twice: cells that nothing orders may end up in either order, and in another one each time.
    assert set(places(found)) == {"error F019 1"}
    assert found.findings[0].message.startswith("`x` has another value at the end of the flow")


def test_chance_is_no_difference(proof):
    """A cell that shows something else each time is unsteady, which is worth knowing; the rest is compared."""
    found = proof("import uuid", "print(uuid.uuid4().int)", "y = [uuid.uuid4().int]", "print(1)")
    assert places(found) == ["info F018 2"]
    assert (found.cells, found.trouble) == (3, "")


def test_a_cell_that_fails_ends_the_comparison(proof):
    """The first cell that fails is an error; those above are equal."""
    found = proof("print(1)", "1 / 0", "print(2)")
    assert places(found) == ["error F031 2"]
    assert (
        found.findings[0].message == "fails when the notebook runs top to bottom: ZeroDivisionError: division by zero"
    )
    assert found.cells == 2


def test_a_cell_that_is_meant_to_fail_does_not(proof):
    """The tag raises-exception says that an error belongs to the notebook."""
    assert places(proof("1 / 0", tags=["raises-exception"])) == []


def test_values_that_cells_share_are_looked_at(proof):
    """What another cell uses is to be picklable and not large; what nobody uses may be anything."""
    found = proof(
        "import threading",
        "class Model: pass",
        "model = Model(); model.parts = [1, threading.Lock()]; own = threading.Lock()",
        "print(len(model.parts))",
        "text = str('x' * 60_000_000)",
        "print(len(text))",
    )
    assert places(found) == ["info F011 3", "info F012 5"]
    unpicklable, large = (f.message for f in found.findings)
    assert unpicklable == "`model` can't be pickled: `model.parts[1]` is a _thread.lock"
    assert large == "`text`, which other cells use, has 60 MB"


def test_the_notebooks_folder_stays_as_it_is(proof, tmp_path):
    """Cells find the folder's files, and what they write they write to a copy."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "in.txt").write_text("1")
    found = proof("n = open('in.txt').read()\nprint(n)", "open('in.txt', 'a').write('2')\nopen('out.txt', 'w').close()")
    assert places(found) == []
    assert (tmp_path / "work" / "in.txt").read_text() == "1"
    assert sorted(p.name for p in (tmp_path / "work").iterdir()) == ["in.txt", "n.ipynb"]


def test_marked_notebooks_are_compared_by_their_tasks(proof):
    """A cell that takes no part is not looked for in the flow."""
    found = proof(
        "%%task load\nrows = [1]\nprint(rows)", "print('not of the flow')", "#| task: report\nprint(sum(rows))"
    )
    assert places(found) == []
    assert (found.cells, found.values) == (2, 1)


def test_a_notebook_that_takes_too_long_is_said_so(proof):
    """Nothing is compared then, and the finding says how to give it longer."""
    found = proof("import time\ntime.sleep(60)", timeout=3.0)
    assert places(found) == ["error F031 None"]
    assert found.findings[0].fix == "give it longer by --timeout"
    assert found.summary == "Not all could be compared."


def test_an_unsaved_notebook_can_not_be_run():
    """There is no folder to copy."""
    unsaved = capturing.from_sources([])
    with pytest.raises(CheckError, match="saved notebook"):
        prove(unsaved, timeout_seconds=1.0, say=lambda _: None)
