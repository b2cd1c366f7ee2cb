from __future__ import annotations

from jupyter_flows.magics.where import notebook_file


def test_nothing_known(tmp_path):
    """Without any hint there is no file."""
    assert notebook_file({}, folder=tmp_path, environ={}) is None


def test_jupyter_server_tells_the_path(tmp_path):
    """The session's name is the notebook's path."""
    path = tmp_path / "sales.ipynb"
    path.write_text("{}")
    assert notebook_file({}, folder=tmp_path, environ={"JPY_SESSION_NAME": str(path)}) == path


def test_a_path_below_the_server_is_found_in_the_kernel_s_folder(tmp_path):
    """A relative session name is of the server's root: the kernel starts in the notebook's own folder."""
    path = tmp_path / "sales.ipynb"
    path.write_text("{}")
    assert notebook_file({}, folder=tmp_path, environ={"JPY_SESSION_NAME": "work/sales.ipynb"}) == path


def test_a_renamed_notebook_or_a_console_is_none(tmp_path):
    """A file that is gone, or a session that is no notebook, gives none."""
    (tmp_path / "console-1").write_text("")
    for name in (str(tmp_path / "gone.ipynb"), str(tmp_path / "console-1"), ""):
        assert notebook_file({}, folder=tmp_path, environ={"JPY_SESSION_NAME": name}) is None


def test_vs_code_goes_before_the_environment(tmp_path):
    """VS Code names the file in the namespace, and one that is not saved yet does not count."""
    ours, other = tmp_path / "a.ipynb", tmp_path / "b.ipynb"
    for path in (ours, other):
        path.write_text("{}")
    told = {"JPY_SESSION_NAME": str(other)}
    assert notebook_file({"__vsc_ipynb_file__": str(ours)}, folder=tmp_path, environ=told) == ours
    assert notebook_file({"__vsc_ipynb_file__": "Untitled-1.ipynb"}, folder=tmp_path, environ=told) == other


def test_what_is_given_goes_first(tmp_path):
    """`%flow --notebook` is relative to the kernel's folder and need not exist yet."""
    told = {"JPY_SESSION_NAME": str(tmp_path / "b.ipynb")}
    assert notebook_file({}, folder=tmp_path, given="sub/a.ipynb", environ=told) == tmp_path / "sub" / "a.ipynb"


def test_a_text_notebook_is_found_and_a_script_is_none(tmp_path):
    """A `.py` of cells is a notebook; the console of an ordinary script has none."""
    cells, script = tmp_path / "cells.py", tmp_path / "script.py"
    cells.write_text("# %%\nx = 1\n")
    script.write_text("x = 1\n")
    assert notebook_file({}, folder=tmp_path, environ={"JPY_SESSION_NAME": str(cells)}) == cells
    assert notebook_file({}, folder=tmp_path, environ={"JPY_SESSION_NAME": str(script)}) is None
