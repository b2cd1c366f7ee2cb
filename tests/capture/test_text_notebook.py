"""Notebooks kept as text are read as what they stand for."""

from __future__ import annotations

import json

import pytest

from jupyter_flows.capture.notebook import capture, read_notebook
from jupyter_flows.core.document import to_document
from jupyter_flows.errors import NotebookFileError

PERCENT = """# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Sales

# %% tags=["parameters"]
rate = 2

# %%
# %matplotlib inline
#| task: double
doubled = rate * 2

# %% tags=["skip"]
1 / 0
"""


def written(folder, text, name="sales.py"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_cells_tags_and_magics_are_kept(tmp_path):
    """Cells, tags and commented magics are those of the notebook; there are no ids, which text has none of."""
    cells = read_notebook(written(tmp_path, PERCENT)).cells
    assert [(c.source, sorted(c.tags), c.id) for c in cells] == [
        ("rate = 2", ["parameters"], None),
        ("%matplotlib inline\n#| task: double\ndoubled = rate * 2", [], None),
        ("1 / 0", ["skip"], None),
    ]


def test_the_bundles_notebook_names_no_pair(tmp_path):
    """The notebook that is packed in would else be written over its pair by the front end that opens it."""
    document = json.loads(read_notebook(written(tmp_path, PERCENT)).text)
    assert "jupytext" not in document["metadata"]
    assert document["metadata"]["kernelspec"]["name"] == "python3"


def test_text_and_json_give_one_digest(tmp_path):
    """The same notebook as `.py` and as `.ipynb` is the same version."""
    text = written(tmp_path, PERCENT)
    cells = [
        {"cell_type": "code", "metadata": {"tags": sorted(c.tags)}, "source": c.source, "outputs": [], "id": f"c{n}"}
        for n, c in enumerate(read_notebook(text).cells)
    ]
    saved = written(
        tmp_path, json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}), "sales.ipynb"
    )
    one, other = (to_document(capture(read_notebook(path)).flow)["digest"] for path in (text, saved))
    assert one == other


def test_reading_twice_is_the_same(tmp_path):
    """Nothing random comes with the text."""
    path = written(tmp_path, PERCENT)
    assert read_notebook(path).text == read_notebook(path).text


def test_cell_marks_alone_make_a_notebook(tmp_path):
    """A script with `# %%` needs no header, as editors know it."""
    cells = read_notebook(written(tmp_path, "# %%\nx = 1\n\n# %%\nprint(x)\n")).cells
    assert [c.source for c in cells] == ["x = 1", "print(x)"]


def test_markdown_notebooks_are_read_too(tmp_path):
    """Jupytext's Markdown has its code cells in fences."""
    cells = read_notebook(written(tmp_path, "# Title\n\n```python\nx = 1\n```\n", "sales.md")).cells
    assert [c.source for c in cells] == ["x = 1"]


def test_a_script_without_cells_is_refused(tmp_path):
    """An ordinary module is no notebook; the message says what would make it one."""
    with pytest.raises(NotebookFileError, match=r"sales\.py is a script without cells: write `# %%` above each cell"):
        read_notebook(written(tmp_path, "import sys\nprint(sys.argv)\n"))
