"""`jupyter flows convert`, `export` and text notebooks on the command line."""

from __future__ import annotations

import difflib
import json
import subprocess
import sys

import pytest

from .test_notebooks import answer, told

PERCENT = """# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Sales

# %% tags=["parameters"]
factor = 2

# %%
#| task: load --retries 2
# %matplotlib inline
rows = [1, 2, 3]

# %%
print(factor * len(rows))
"""


@pytest.mark.parametrize("to", ["magic", "tags", "directive"])
def test_a_converted_notebook_is_the_same_version(sales, capsys, to):
    """The digest is the same before and after, and the file's other lines are, too."""
    answer(capsys, "register", sales)
    before = sales.read_text()
    done = answer(capsys, "convert", sales, "--to", to)
    assert done["kept"] == []
    assert answer(capsys, "register", sales)["created"] is False
    changed = [line for line in difflib.ndiff(before.split("\n"), sales.read_text().split("\n")) if line[0] in "-+"]
    about = ("task", "parameters", "tags", "jupyter_flows", "metadata", "name", "retries", "{", "}", "]", "source")
    assert changed
    assert not [line for line in changed if not any(word in line for word in about)]


def test_there_and_back_is_the_same_file(sales, capsys):
    """Converted to tags and back, no byte differs, once all marks are of one kind."""
    answer(capsys, "convert", sales, "--to", "magic")
    before = sales.read_bytes()
    assert answer(capsys, "convert", sales, "--to", "directive")["converted"] == [2, 3, 5, 6]
    assert sales.read_bytes() != before
    answer(capsys, "convert", sales, "--to", "magic")
    assert sales.read_bytes() == before


def test_nothing_to_convert_writes_nothing(sales, capsys):
    """A file without marks of another kind keeps its time."""
    answer(capsys, "convert", sales, "--to", "magic")
    at = sales.stat().st_mtime_ns
    assert told(capsys, "convert", sales, "--to", "magic") == f"{sales}: nothing to convert\n"
    assert sales.stat().st_mtime_ns == at


def test_text_notebooks_are_taken_everywhere(tmp_path, capsys):
    """A `.py` of cells is registered, shown, checked, compared, run, converted and exported like a notebook."""
    path = tmp_path / "sales.py"
    path.write_text(PERCENT)
    assert [t["name"] for t in answer(capsys, "show", path)["tasks"]] == ["parameters", "load"]
    assert [f for f in answer(capsys, "check", path) if f["level"] == "error"] == []
    registered = answer(capsys, "register", path, "--project", "p")
    assert answer(capsys, "diff", path, "--project", "p")["changes"] == []
    assert answer(capsys, "convert", path, "--to", "tags")["converted"] == [2]
    assert path.read_text() == PERCENT.replace(
        "# %%\n#| task: load --retries 2\n# %matplotlib inline\n",
        '# %% tags=["task"] jupyter_flows={"task": {"name": "load", "retries": 2}}\n# %matplotlib inline\n',
    )
    assert answer(capsys, "register", path, "--project", "p")["digest"] == registered["digest"]
    answer(capsys, "convert", path, "--to", "directive")
    assert "def load" in answer(capsys, "export", path)["script"]


def test_an_exported_script_runs_by_itself(sales, tmp_path, capsys):
    """In a fresh process it prints what the notebook does, takes parameters, and fails as scripts do."""
    script = tmp_path / "flow.py"
    assert told(capsys, "export", sales, "-o", script) == f"{script}: python {script} runs it\n"

    def run(*words):
        return subprocess.run([sys.executable, script, *words], capture_output=True, text=True, check=False)

    assert (run().stdout, run("--factor", "3").stdout) == ("12\n", "18\n")
    wrong = run("--factor", "x")
    assert (wrong.returncode, wrong.stderr.split("\n")[-2]) == (
        2,
        "flow.py: error: Parameter 'factor' takes int, not 'x' (str).",
    )


def test_a_failing_script_says_where(write_notebook, tmp_path, capsys):
    """The traceback points into the script; the exit status is 1."""
    script = tmp_path / "flow.py"
    answer(capsys, "export", write_notebook("rows = [1]", "rows[3]"), "-o", script)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "IndexError: list index out of range\nTask 'cell_2' failed." in done.stderr
    assert "show(rows[3])" in done.stderr
    assert "task_runner" not in done.stderr


def test_a_file_that_is_there_is_not_written_over(sales, tmp_path, capsys):
    """--force does it."""
    script = tmp_path / "flow.py"
    script.write_text("mine")
    error = answer(capsys, "export", sales, "-o", script, status=3)["error"]["message"]
    assert error == f"{script} is there already: --force writes over it, or take another name."
    assert script.read_text() == "mine"
    answer(capsys, "export", sales, "-o", script, "--force")
    assert script.read_text() != "mine"


def test_what_can_not_be_exported_is_refused(write_notebook, capsys):
    """Each cell and its reason is named, all at once."""
    path = write_notebook("%%bash\nls", "x = 1", "%run other.py")
    message = answer(capsys, "export", path, status=3)["error"]["message"]
    assert message.split("\n") == [
        "cell 1: the cell magic %%bash has no place in a script",
        "cell 3, line 1: the magic %run has no place in a script",
        "Nothing was written: change these cells, or tag them `skip`.",
    ]


def test_the_json_of_a_notebook_keeps_its_form(tmp_path, capsys):
    """Indentation, key order and lists of lines are those of the file."""
    path = tmp_path / "odd.ipynb"
    cells = [
        {
            "source": ["%%task load\n", "x = 1"],
            "cell_type": "code",
            "outputs": [],
            "metadata": {"b": 1, "a": 2},
            "execution_count": 7,
        }
    ]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "cells": cells, "metadata": {}}, indent=3))
    before = path.read_text()
    answer(capsys, "convert", path, "--to", "directive")
    assert path.read_text() == before.replace("%%task load", "#| task: load")


def test_lambdas_are_called_as_in_cells(write_notebook, tmp_path, capsys):
    """What a task makes tells nothing of the function that it was written as."""
    script = tmp_path / "flow.py"
    answer(capsys, "export", write_notebook("xs = [1]", "f = lambda: xs\nprint(f.__qualname__, f())"), "-o", script)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert done.stdout == "<lambda> [1]\n"
