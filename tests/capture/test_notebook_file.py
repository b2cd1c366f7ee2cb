from __future__ import annotations

import json

import pytest

from jupyter_flows.capture.notebook_file import from_sources, read_notebook
from jupyter_flows.core.cell import Cell
from jupyter_flows.errors import NotebookFileError


def document(*cells, minor=5, **metadata):
    return {"nbformat": 4, "nbformat_minor": minor, "metadata": metadata, "cells": list(cells)}


def code(source, **fields):
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None, **fields}


def read(data):
    return read_notebook(json.dumps(data))


def test_code_cells_are_numbered_as_people_count_them():
    """Markdown does not count; sources may be lists of lines; ids, tags and metadata come along."""
    markdown = {"cell_type": "markdown", "metadata": {}, "source": ["# Title"]}
    cell = code(["x = 1\n", "y = 2"], id="b", metadata={"tags": ["task"], "jupyter_flows": {"task": {"name": "t"}}})
    assert read(document(markdown, code("a = 1", id="a"), cell)).cells == (
        Cell("a = 1", 1, "a"),
        Cell("x = 1\ny = 2", 2, "b", frozenset({"task"}), {"task": {"name": "t"}}),
    )


def test_nothing_of_a_run_is_kept():
    """Outputs, counts, widget state and times are gone from the text that travels; the rest stays."""
    cell = code(
        "x",
        id="a",
        outputs=[{"output_type": "stream", "name": "stdout", "text": "secret"}],
        execution_count=7,
        metadata={"execution": {"iopub.status.busy": "2026"}, "tags": ["t"], "papermill": {"status": "completed"}},
    )
    text = read(document(cell, widgets={"state": "secret"}, authors=["me"], papermill={"secret": 1})).text
    assert "secret" not in text
    kept = json.loads(text)
    assert kept["metadata"] == {"authors": ["me"]}
    assert kept["cells"] == [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": "a",
            "metadata": {"tags": ["t"]},
            "outputs": [],
            "source": "x",
        }
    ]


def test_the_text_is_the_same_however_the_file_was_written():
    """Order of keys, lists of lines and indentation make no difference to the text."""
    one = read_notebook(json.dumps(document(code(["a\n", "b"]), x=1, y=2), indent=4))
    two = read_notebook(json.dumps(document(code("a\nb"), y=2, x=1)))
    assert one.text == two.text


def test_old_formats_are_converted_and_no_id_is_invented():
    """Format 3 is read, format 4.4 has no ids; both read alike twice."""
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": "n"},
        "worksheets": [
            {
                "metadata": {},
                "cells": [
                    {"cell_type": "heading", "level": 1, "metadata": {}, "source": "T"},
                    {
                        "cell_type": "code",
                        "collapsed": False,
                        "input": "x = 1",
                        "language": "python",
                        "metadata": {},
                        "outputs": [],
                    },
                ],
            }
        ],
    }
    assert read(old).cells == (Cell("x = 1", 1),)
    assert read(old).text == read(old).text
    assert read(document(code("x = 1"), minor=4)).cells == (Cell("x = 1", 1),)


def test_a_copied_id_is_one_cells_only():
    """The second cell of one id has none: an execution can't be given to it."""
    assert [c.id for c in read(document(code("a", id="x"), code("b", id="x"))).cells] == ["x", None]


def test_windows_line_ends_are_line_ends():
    """A carriage return is no part of a cell."""
    assert read(document(code("a\r\nb"))).cells[0].source == "a\nb"


def test_what_the_notebook_chooses_is_shown():
    """Metadata under jupyter_flows choose; a `%flow` line names flow and project, in whatever cell it stands."""
    notebook = read(
        document(
            code("%flow sales"), code("x"), code("%flow --project p"), jupyter_flows={"storage": "docker", "name": "m"}
        )
    )
    assert notebook.chosen == {"storage": "docker", "name": "m"}
    assert (notebook.flow_name, notebook.project) == ("sales", "p")
    assert read(document(jupyter_flows={"name": "m"})).flow_name == "m"
    assert read(document()).flow_name is None


def test_a_file_tells_its_place_and_time(tmp_path):
    """A notebook read from a file knows folder, name and when it was saved; a byte order mark is no trouble."""
    path = tmp_path / "sales.ipynb"
    path.write_text("\ufeff" + json.dumps(document(code("x"))), encoding="utf-8")
    notebook = read_notebook(path)
    assert (notebook.path, notebook.folder, notebook.flow_name) == (path, tmp_path, "sales")
    assert notebook.saved_at.timestamp() == pytest.approx(path.stat().st_mtime)
    assert notebook.saved_at.tzinfo is not None


def test_texts_can_be_replaced():
    """`with_sources` changes cells and text alike, and nothing else."""
    notebook = read(document(code("a", id="x"), {"cell_type": "raw", "metadata": {}, "source": "r"}, code("b", id="y")))
    changed = notebook.with_sources({1: "c"})
    assert [c.source for c in changed.cells] == ["a", "c"]
    assert [c["source"] for c in json.loads(changed.text)["cells"]] == ["a", "r", "c"]
    assert notebook.with_sources({}) is notebook


def test_a_notebook_made_of_cells_reads_back():
    """What `from_sources` writes is a notebook."""
    made = from_sources([Cell("a", 9, "x"), Cell("b", 9)])
    assert made.cells == (Cell("a", 1, "x"), Cell("b", 2))
    assert read_notebook(made.text).cells == made.cells


BAD = {
    "no JSON": ("{x", "the notebook is not a notebook: it is not JSON (line 1)."),
    "JSON of something else": ('{"a": 1}', "the notebook is not a notebook: its JSON has no 'nbformat'."),
    "no cells": ('{"nbformat": 4}', "the notebook is not a notebook: it has no list of cells."),
    "a future format": ('{"nbformat": 5}', "the notebook has notebook format 5; this version reads up to 4: upgrade."),
    "an unknown cell": (
        json.dumps(document({"cell_type": "x"})),
        "the notebook is not a sound notebook: its 1. cell is none of code, markdown and raw.",
    ),
    "a cell without source": (
        json.dumps(document(code("x"), {"cell_type": "code"})),
        "the notebook is not a sound notebook: its 2. cell has no source.",
    ),
    "another language": (
        json.dumps(document(kernelspec={"language": "R", "name": "ir"})),
        "the notebook is written in R: only Python notebooks become flows.",
    ),
    "another language, told by the kernel": (
        json.dumps(document(language_info={"name": "julia"})),
        "the notebook is written in julia: only Python notebooks become flows.",
    ),
    "nested without end": ('{"a":' * 100_000, "the notebook is not a notebook: its JSON is nested too deeply."),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD.keys())
def test_what_is_no_notebook_is_refused_in_one_sentence(text, message):
    """Each reason has its sentence."""
    with pytest.raises(NotebookFileError) as error:
        read_notebook(text)
    assert str(error.value) == message


def test_a_file_that_can_not_be_read_is_named(tmp_path):
    """Missing, a folder, or no text: the path and the reason."""
    with pytest.raises(NotebookFileError, match=r"none\.ipynb can't be read \(No such file or directory\)"):
        read_notebook(tmp_path / "none.ipynb")
    with pytest.raises(NotebookFileError, match=r"can't be read \(Is a directory\)"):
        read_notebook(str(tmp_path))
    (tmp_path / "image.ipynb").write_bytes(b"\x89PNG\xff")
    with pytest.raises(NotebookFileError, match=r"image\.ipynb is not a notebook: it is no text\."):
        read_notebook(tmp_path / "image.ipynb")


@pytest.mark.parametrize(
    "metadata", [{}, {"kernelspec": {"name": "x"}}, {"kernelspec": None}, {"language_info": {"name": "ipython"}}]
)
def test_an_unnamed_language_is_python(metadata):
    """Most notebooks say it, some don't."""
    assert read(document(code("x"), **metadata)).cells
