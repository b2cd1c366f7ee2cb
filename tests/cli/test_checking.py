from __future__ import annotations

import json

import nbformat
import pytest

from jupyter_flows.cli.app import run

STAR = "from math import *"


def check(capsys, *words):
    """Run a check and return its exit status, its findings and what it said on standard error."""
    status = run(["check", *map(str, words), "--json"])
    done = capsys.readouterr()
    return status, [(f["level"], f["code"], f["cell"]) for f in json.loads(done.out)], done.err


def test_infos_and_warnings_are_no_failure(write_notebook, capsys):
    """Only errors make the exit status 1."""
    path = write_notebook(STAR, "print(sin(0), open('/home/nobody/x'))")
    assert check(capsys, path)[:2] == (0, [("warning", "F014", 2), ("info", "F013", 1)])
    assert check(capsys, write_notebook("print(nowhere)"))[:2] == (1, [("error", "F001", 1)])


def test_people_are_told_repeats_once(write_notebook, capsys):
    """One line names the first place and the other cells; the last line counts lines."""
    path = write_notebook("open('/home/nobody/x')", "y = 1", "open('/home/nobody/x')")
    assert run(["check", str(path)]) == 0
    found, counts = capsys.readouterr().out.splitlines()
    assert found.startswith("warning: cell 1, line 1: the path '/home/nobody/x' leads out of the notebook's folder")
    assert found.endswith(": put the file next to the notebook, or make the path a parameter (F014, and in cell 3)")
    assert counts == "1 warning."


def test_fix_changes_the_file_and_says_what_is_left(write_notebook, capsys):
    """What was done is on standard error; the findings are those of the changed file."""
    path = write_notebook(STAR, "print(f(sin(0)))", "def f(v): return v", "!pip install nothing-such")
    path.chmod(0o640)
    status, found, said = check(capsys, path, "--fix")
    assert (status, found) == (0, [("warning", "F017", 4)])
    assert said.splitlines() == [
        "fixed: cell 1, line 1: `from math import *` is `from math import sin` now",
        "fixed: cell 3, which defines `f`, stands above cell 2 now, which uses it",
        "not fixed: cell 4, line 1: '!pip install nothing-such' stays: nothing-such is not installed here",
    ]
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells]
    assert cells == ["from math import sin", "def f(v): return v", "print(f(sin(0)))", "!pip install nothing-such"]
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_sound_file_is_not_written(write_notebook, capsys):
    """Nothing to fix: the file's time stays, and it is said so."""
    path = write_notebook("x = 1")
    before = path.stat().st_mtime_ns
    status, found, said = check(capsys, path, "--fix")
    assert (status, found, path.stat().st_mtime_ns) == (0, [], before)
    assert said == f"{path} is unchanged: there is nothing that can be fixed safely.\n"


def test_only_notebooks_are_fixed(tmp_path, capsys):
    """A script is read but not changed."""
    path = tmp_path / "flow.py"
    path.write_text("# %%\nfrom math import *\n")
    assert run(["check", str(path), "--fix"]) == 3
    assert "--fix changes .ipynb files" in capsys.readouterr().err
    assert path.read_text() == "# %%\nfrom math import *\n"


@pytest.mark.parametrize("words", [["--fix", "--deep"], ["--deep"]])
def test_what_can_not_be_read_is_one_finding_with_any_option(write_notebook, capsys, words):
    """A cell that can't be parsed is neither fixed nor run."""
    assert check(capsys, write_notebook("x = ("), *words)[:2] == (1, [("error", "CellSyntaxError", 1)])


def test_deep_says_how_it_goes(write_notebook, capsys):
    """Progress and the outcome are on standard error; a cell that fails makes the status 1."""
    path = write_notebook("x = [1]\nprint(x)", "x.append(2)\nx")
    status, found, said = check(capsys, path, "--deep")
    assert (status, found) == (0, [])
    assert said.splitlines() == [
        "running it top to bottom ...",
        "running it as a flow ...",
        "2 cells and 1 value are equal top to bottom and as a flow.",
    ]
    status, found, _ = check(capsys, write_notebook("1 / 0"), "--deep")
    assert (status, found) == (1, [("error", "F031", 1)])


def test_deep_does_not_run_what_is_refused(write_notebook, capsys):
    """Errors come first."""
    path = write_notebook("open('ran', 'w').close()", "print(nowhere)")
    status, found, said = check(capsys, path, "--deep")
    assert (status, found) == (1, [("error", "F001", 2)])
    assert said == "Not run: first correct the errors, which would refuse the flow.\n"


def test_registering_counts_what_is_only_worth_knowing(write_notebook, capsys):
    """Warnings are said in words, infos by their number."""
    path = write_notebook(STAR, "print(sin(0), open('/home/nobody/x'))", name="sound.ipynb")
    assert run(["register", str(path), "--project", "p"]) == 0
    warning, info = capsys.readouterr().err.splitlines()
    assert warning.startswith("warning: cell 2, line 1: the path '/home/nobody/x'")
    assert info == f"info: 1 thing worth knowing: jupyter flows check {path} lists them"
