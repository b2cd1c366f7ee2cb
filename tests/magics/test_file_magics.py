"""Magics that compare, rewrite and export the notebook."""

from __future__ import annotations

import nbformat

SALES = ("%flow sales --project shop", "%%task load\nrows = [3, 1]", "%%task clean\nclean = sorted(rows)")


def test_diff_shows_what_changed(talk):
    """The notebook as it is now is compared with the latest version, or the one that is named."""
    talk(*SALES, "%flow_register", "%%task clean\nclean = sorted(rows)[1:]")
    shown = talk("%flow_diff")
    assert "shop/sales v1 -> the notebook" in shown
    assert "    - clean = sorted(rows)\n    + clean = sorted(rows)[1:]" in shown
    talk("%flow_register")
    assert "shop/sales: the notebook means the same as v2." in talk("%flow_diff")
    assert "shop/sales v1 -> the notebook" in talk("%flow_diff v1")


def test_diff_of_a_flow_that_was_never_registered(talk):
    """There is nothing to compare with, and this is said."""
    assert "shop/sales has no version to compare the notebook with: it is new." in talk(*SALES, "%flow_diff")


def test_diff_refuses_what_is_no_version(talk):
    """The mistake names the word."""
    assert "is a version such as v3, not 'latest'" in talk.refused("%flow_diff latest")
    talk(*SALES, "%flow_register")
    assert "has no version 9" in talk.refused("%flow_diff v9")


def saved(tmp_path, *sources):
    """Save these cells as a notebook and return its path."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nbformat.write(notebook, tmp_path / "sales.ipynb")
    return tmp_path / "sales.ipynb"


def sources(path):
    """Return what the cells of a saved notebook hold."""
    return [cell.source for cell in nbformat.read(path, as_version=4).cells]


def test_export_writes_a_script(talk, tmp_path):
    """The script holds a function for each task; a file that is there stays."""
    script = tmp_path / "flow.py"
    assert "python flow.py runs it" in talk(*SALES, f"%flow_export {script}")
    assert '@task(name="clean")\ndef clean_task(rows):' in script.read_text()
    assert "is there already" in talk.refused(f"%flow_export {script}")


def test_convert_rewrites_the_file_and_says_what_to_do(talk, tmp_path):
    """The saved notebook is rewritten; the front end has to read it again."""
    path = saved(tmp_path, *SALES)
    shown = talk(f"%flow sales --notebook {path}", "%flow_convert --to directive")
    assert "sales.ipynb: 2 marks spelt as directive" in shown
    assert "Reload Notebook from Disk" in shown
    assert sources(path) == [SALES[0], "#| task: load\nrows = [3, 1]", "#| task: clean\nclean = sorted(rows)"]
    assert "nothing to convert" in talk("%flow_convert --to directive")


def test_convert_refuses_a_notebook_that_is_newer_than_its_file(talk, tmp_path):
    """What is not saved would be lost when the front end reads the file again."""
    path = saved(tmp_path, *SALES)
    talk(f"%flow sales --notebook {path}", "%%task clean\nclean = sorted(rows, key=abs) if False else []")
    assert "Save the notebook first: sales.ipynb is what is rewritten." in talk.refused("%flow_convert --to tags")
    assert sources(path) == list(SALES)


def test_convert_needs_a_file(talk):
    """A notebook that is saved nowhere can't be rewritten."""
    talk(*SALES)
    assert "This notebook is saved nowhere" in talk.refused("%flow_convert --to tags")
