"""A failure in one line: type, text, place."""

from __future__ import annotations

import pytest

from jupyter_flows.core.task import task
from jupyter_flows.engine.failure import LONGEST, cell_of, describe, error_output
from tests.engine.runs import cell_task


def error_of(code, name):
    """Run code under a file name and return its error."""
    try:
        exec(compile(code, name, "exec"), {})
    except BaseException as error:  # noqa: BLE001 - whatever the code raises
        return error
    raise AssertionError("It raised nothing.")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("{}['gross']", "KeyError 'gross' (cell 6, line 1)"),
        ("\n\n1 / 0", "ZeroDivisionError division by zero (cell 6, line 3)"),
        ("def f():\n  raise OSError\nf()", "OSError (cell 6, line 2)"),
        ("raise ValueError('a\\n  b')", "ValueError a b (cell 6, line 1)"),
        ("\nx = (1", "SyntaxError '(' was never closed (cell 6, line 2)"),
        (
            "class E(Exception):\n  def __str__(self): return 1 / 0\nraise E",
            "E <its text can't be shown: ZeroDivisionError> (cell 6, line 3)",
        ),
    ],
)
@pytest.mark.parametrize("name", ["Cell In[6]", "/tmp/jupyter_flows_17/cell_6_0a1b2c3d.py"])
def test_an_error_in_a_cell(code, text, name):
    """The line is the cell's last that the error passed through."""
    assert describe(error_of(code, name), cell_task(6, code)) == text


def test_an_error_below_the_cell_names_the_cells_line():
    """The line of a library's file would help nobody who looks at cell 6."""
    code = "import json\n\njson.loads('{')"
    assert describe(error_of(code, "Cell In[6]"), cell_task(6, code)).endswith("(cell 6, line 3)")


def test_an_error_that_never_met_the_cell_names_the_cell():
    """Where the line can't be told, the cell still is."""
    assert describe(KeyError("a"), cell_task(6, "")) == "KeyError 'a' (cell 6)"


def test_a_long_text_is_cut():
    """A run's message is one line that people read."""
    text = describe(ValueError("x" * 1000), cell_task(6, ""))
    assert len(text) == LONGEST + len(" (cell 6)")
    assert text.endswith("x… (cell 6)")


def test_a_function_names_its_file():
    """Where its file is there, the line in it is named."""

    @task
    def fails():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no") as raised:
        fails.run()
    line = fails.fn.__code__.co_firstlineno + 2
    assert describe(raised.value, fails) == f"ValueError no (test_failure.py, line {line})"


def test_names_that_are_no_cells():
    """Files that only look alike are not taken for cells."""
    assert [cell_of(n) for n in ("cell_6.py", "/home/u/cell_6_ab.py", "<stdin>", "")] == [None] * 4


def test_an_error_output_is_the_notebook_formats():
    """As nbformat has it, with the exception's own text."""
    assert error_output(KeyError("a"), ["t"]) == {
        "output_type": "error",
        "ename": "KeyError",
        "evalue": "'a'",
        "traceback": ["t"],
    }
