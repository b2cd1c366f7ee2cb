from __future__ import annotations

import json

import pytest

from jupyter_flows.capture.notebook import capture, from_sources, read_notebook
from jupyter_flows.capture.secrets import hide_secrets
from jupyter_flows.core.bundle import pack_flow
from jupyter_flows.core.cell import Cell
from jupyter_flows.core.document import to_document

READ = '__import__("jupyter_flows").secret("KEY")'


def captured(*cells, **options):
    cells = [c if isinstance(c, Cell) else Cell(c, n) for n, c in enumerate(cells, 1)]
    return capture(from_sources(cells), name="f", **options)


def tagged(source, *tags):
    return Cell(source, 1, tags=frozenset(tags or {"secret:KEY"}))


REPLACED = {
    "a literal": ('KEY = "abc"', f"KEY = {READ}"),
    "annotated": ('KEY: str = "abc"  # mine', f"KEY: str = {READ}  # mine"),
    "what a call gives": ("import os\nKEY = os.environ['K']\nn = 1", f"import os\nKEY = {READ}\nn = 1"),
    "one of two": ('user, KEY = "me", "abc"', f'user, KEY = "me", {READ}'),
    "with another target": ('a = KEY = "abc"', f"a = KEY = {READ}"),
    "in a branch": ("if True:\n    KEY = 'é'; n = 'é'", f"if True:\n    KEY = {READ}; n = 'é'"),
    "over lines": ('KEY = """a\nb\nc"""; n = 1', f"KEY = ({READ}\n\n); n = 1"),
    "in brackets over lines": ("KEY = (\n  'a'\n  'b'\n)\nn", f"KEY = (\n  ({READ}\n)\n)\nn"),
    "after other letters": ("é = 'ü'; KEY = 'ö'", f"é = 'ü'; KEY = {READ}"),
    "below a mark": ('%%task keys\nKEY = "abc"', f"%%task keys\nKEY = {READ}"),
    "not inside functions": ("KEY = 'a'\ndef f():\n    KEY = 'b'", f"KEY = {READ}\ndef f():\n    KEY = 'b'"),
}


@pytest.mark.parametrize(("source", "expected"), REPLACED.values(), ids=REPLACED.keys())
def test_the_assigned_value_is_replaced(source, expected):
    """Only the value goes; everything else of the cell stays where it is, on its line."""
    hidden = hide_secrets(from_sources([tagged(source)]))
    assert (hidden.notebook.cells[0].source, hidden.findings) == (expected, ())
    assert json.loads(hidden.notebook.text)["cells"][0]["source"] == expected


def test_a_directive_does_what_the_tag_does():
    """`#| secret: A, B` above the code names secrets where no tags can be set."""
    found = captured('#| secret: KEY, OTHER\nKEY, OTHER = "aaaa", "bbbb"')
    assert to_document(found.flow)["secrets"] == ["KEY", "OTHER"]
    assert found.findings == ()


def test_the_value_is_in_nothing_that_is_packed():
    """Neither the notebook nor the code nor flow.json has the value, and another value gives the same digest."""
    first, second = (captured(tagged(f'KEY = "{value}"'), "print(KEY)") for value in ("opensesame", "shut"))
    files = pack_flow(first.flow).files
    assert [name for name, data in files.items() if b"opensesame" in data] == []
    assert to_document(first.flow)["digest"] == to_document(second.flow)["digest"]


def test_a_secret_is_a_text_to_the_analysis():
    """A cell that gives a secret is a definition; who reads it waits for it, and nobody for anything else."""
    found = captured("import json", tagged('KEY = "abc"'), "rows = [1]", "print(KEY)")
    assert [t.definition for t in found.flow.cell_tasks] == [True, True, False, False]
    assert [(e.upstream.name, e.downstream.name) for e in found.flow.edges] == [("cell_2", "cell_4")]


REFUSED = {
    "no such assignment": ("OTHER = 1", "the cell is tagged secret:KEY and does not assign 'KEY'"),
    "a magic": ("%env KEY=abc\nKEY = 1", "the cell is tagged secret:KEY and is no plain Python"),
}


@pytest.mark.parametrize(("source", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_secret_cell_that_can_t_be_kept_secret_is_an_error(source, message):
    """Where the value can't be told from the rest, registering is refused."""
    (finding,) = [f for f in captured(tagged(source), "n = 1").findings if f.code == "F025"]
    assert (finding.level, finding.cell, finding.message) == ("error", 1, message)


def test_a_name_that_no_variable_has_is_an_error():
    """`secret:api-key` names nothing that a cell could assign."""
    (finding,) = captured(tagged("x = 1", "secret:api-key")).findings
    assert (finding.code, finding.level) == ("F025", "error")


def test_the_value_elsewhere_is_an_error(tmp_path):
    """A value that also stands in another cell or in a packed module would leave the notebook after all."""
    (tmp_path / "helper.py").write_text("KEY = 'opensesame'")
    found = captured(tagged('KEY = "opensesame"'), "import helper\nk = 'opensesame'", folder=tmp_path)
    assert [(f.code, f.level, f.message) for f in found.findings] == [
        ("F026", "error", "the value of secret 'KEY' also stands in cell 2, helper.py")
    ]
    assert "opensesame" not in str(found.findings)


def test_the_value_in_words_is_an_error():
    """Markdown travels with the flow too."""
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "the key is opensesame"},
        {"cell_type": "code", "metadata": {"tags": ["secret:KEY"]}, "source": "KEY = 'opensesame'", "outputs": []},
    ]
    text = json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells})
    found = capture(read_notebook(text), name="f")
    assert [f.message for f in found.findings] == [
        "the value of secret 'KEY' also stands in the notebook's other cells or metadata"
    ]


def test_without_secrets_the_notebook_is_the_same():
    """Nothing is touched where nothing is secret."""
    notebook = from_sources([Cell("KEY = 'opensesame'", 1)])
    assert hide_secrets(notebook).notebook is notebook
