from __future__ import annotations

import nbformat

CELLS = ["%flow sales --project shop", "%%task load\nrows = [1, 2]", "%%task report\nprint(sum(rows))"]


def test_the_last_run_s_notebook_is_put_beside_this_one(talk, tmp_path):
    """%flow_open writes the executed notebook into the notebook's folder and prints where, without a kernel."""
    talk(*CELLS, "%flow_register", "%flow_run --wait")
    assert talk("%flow_open").strip() == str(tmp_path / "sales-run-1.ipynb")
    left = nbformat.read(tmp_path / "sales-run-1.ipynb", as_version=4)
    assert [o.text for cell in left.cells for o in cell.outputs] == ["3\n"]


def test_a_file_can_be_named(talk, tmp_path):
    """%flow_open RUN -o FILE writes that file."""
    talk(*CELLS, "%flow_register", "%flow_run --wait", "%flow_open 1 -o left.ipynb")
    assert (tmp_path / "left.ipynb").is_file()


def test_an_unknown_run_is_refused(talk):
    """A number that no run has is answered in one line."""
    assert "9" in talk.refused("%flow_open 9")


def test_a_kernel_shows_a_link(kernel, tmp_path):
    """In a notebook the answer is a link, relative to the notebook, that JupyterLab opens."""
    for cell in ("%load_ext jupyter_flows", *CELLS, "%flow_register", "%flow_run --wait"):
        answer = kernel.run(cell)
        assert not answer.errors
    answer = kernel.run("%flow_open")
    assert answer.html == ['<a href="sales-run-1.ipynb">sales-run-1.ipynb</a>']
    assert (tmp_path / "sales-run-1.ipynb").is_file()
