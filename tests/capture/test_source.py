"""From a cell's text to Python."""

from __future__ import annotations

import subprocess
import sys

import pytest

from jupyter_flows.capture.source import parse, transform
from jupyter_flows.errors import CellSyntaxError


def test_python_comes_back_as_it_is():
    """Plain Python is not touched."""
    assert transform("x = 1\n\nprint(x % 2)") == "x = 1\n\nprint(x % 2)"


def test_marker_lines_are_blanked():
    """Lines keep their numbers below a marker."""
    assert transform("%%task load --retries 2\nx = 1") == "\nx = 1"
    assert transform("\n%%parameters\nx = 1") == "\n\nx = 1"


def test_magics_become_calls_on_their_lines():
    """A magic is a call of IPython's at the line where it stood."""
    assert (
        transform("x = 1\n%matplotlib inline\ny = 2").split("\n")[1]
        == "get_ipython().run_line_magic('matplotlib', 'inline')"
    )


@pytest.mark.parametrize(
    ("source", "call"),
    [
        ("ls *.csv", "('ls', '*.csv')"),
        ("\n\npip install lib", "('pip', 'install lib')"),
        ("timeit f(x)", "('timeit', 'f(x)')"),
        ("cd ..", "('cd', '..')"),
    ],
)
def test_a_line_alone_may_leave_the_percent_sign_out(source, call):
    """What is no Python, and a cell's only line, is a magic if it begins with the name of one."""
    assert transform(source).strip() == f"get_ipython().run_line_magic{call}"


@pytest.mark.parametrize("source", ["ls *.csv\nx = 1", "# data\nls *.csv", "nothing *.csv", "ls = = 1"])
def test_other_lines_are_no_magics(source):
    """Among other lines, and with other names, such text is an error, as in a kernel."""
    with pytest.raises(CellSyntaxError):
        parse(source)


def test_cell_magic_below_a_marker():
    """A cell magic below a marker is still a cell magic, one line down."""
    assert transform("%%task t\n%%time\nx = 1").startswith("\nget_ipython().run_cell_magic('time', ''")


@pytest.mark.parametrize(("source", "line"), [("x = (", 1), ("x = 1\ny = = 2", 2), ("%%task t\nx = 1\nfor", 3)])
def test_syntax_errors_name_cell_and_line(source, line):
    """A cell that does not parse is one error with its number and line."""
    with pytest.raises(CellSyntaxError) as caught:
        parse(source, ordinal=7)
    assert (caught.value.ordinal, caught.value.line) == (7, line)


def test_plain_python_never_imports_ipython():
    """Analysing a notebook without magics costs no import of IPython."""
    code = (
        "import sys; from jupyter_flows.capture.dataflow import connect; from jupyter_flows.core.cell import Cell;"
        "connect([Cell('x = 1', 1)]); assert 'IPython' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
