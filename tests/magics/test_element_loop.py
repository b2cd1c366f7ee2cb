"""Mapped cells in the kernel."""

from __future__ import annotations

import pytest

from jupyter_flows.magics import unload


@pytest.mark.parametrize("mark", ["%%task s --map m", "#| task: s --map m", "#| map: m"])
def test_the_kernel_runs_the_cell_for_each_element(talk, mark):
    """What the cell writes is a list afterwards, and the value's name is what it was."""
    talk("m = [1, 2]", f"{mark}\nimport math\ny = m * 10\nprint(m)")
    assert talk("print(m, y, math.pi > 3)").strip() == "[1, 2] [10, 20] True"


def test_nothing_is_left_in_the_namespace(talk, shell):
    """The loop's own names are gone."""
    before = set(shell.user_ns)
    talk("m = [1]", "%%task s --map m\ny = m")
    assert {n for n in set(shell.user_ns) - before if not n.startswith("_i")} == {"m", "y"}


def test_the_last_value_is_shown_in_each_run(talk):
    """As a cell's last line is, unless it ends in a semicolon."""
    assert talk("m = [1, 2]", "%%task s --map m\nm + 1").count("Out[") == 2
    assert talk("%%task s --map m\nm + 1;") == ""


def test_await_works(talk, shell):
    """At the top of a mapped cell too."""
    talk("m = [1, 2]", "%%task s --map m\nimport asyncio\nawait asyncio.sleep(0)\ny = m")
    assert shell.user_ns["y"] == [1, 2]


def test_an_error_ends_the_loop_at_its_line(shell):
    """The traceback has the cell's own line; the value's name is what it was, so that the cell can run again."""
    shell.run_cell("m = [1, 0]")
    result = shell.run_cell("%%task s --map m\n\ny = 1 / m")
    assert type(result.error_in_exec) is ZeroDivisionError
    assert result.error_in_exec.__traceback__.tb_next.tb_lineno in {1, 3}
    assert shell.user_ns["m"] == [1, 0]


@pytest.mark.parametrize(("value", "error"), [("5", TypeError), (None, NameError)])
def test_a_value_without_elements(shell, value, error):
    """The error names it."""
    if value:
        shell.run_cell(f"m = {value}")
    result = shell.run_cell("%%task s --map m\ny = m")
    assert type(result.error_in_exec) is error
    assert "m" in str(result.error_in_exec)


def test_without_the_package_the_cell_runs_once(talk, shell):
    """A directive is a comment to other kernels."""
    unload(shell)
    shell.run_cell("m = [1, 2]")
    shell.run_cell("#| task: s --map m\ny = m")
    assert shell.user_ns["y"] == [1, 2]
