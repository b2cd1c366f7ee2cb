from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import nbformat
import pytest

from jupyter_flows.capture.checks import Finding
from jupyter_flows.capture.fixing.draft import Draft
from jupyter_flows.capture.fixing.installs import fix_installs
from jupyter_flows.capture.fixing.order import fix_order
from jupyter_flows.capture.fixing.paths import fix_paths
from jupyter_flows.capture.fixing.stars import exported_names, fix_stars
from jupyter_flows.capture.notebook import capture
from jupyter_flows.errors import CheckError


def document(*sources):
    """Return a notebook's JSON value, each source kept as a list of lines."""
    cells = [{**nbformat.v4.new_code_cell(s), "id": f"c{n}"} for n, s in enumerate(sources)]
    for cell in cells:
        cell["source"] = cell["source"].splitlines(keepends=True)
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def draft(*sources):
    """Return a notebook to be fixed."""
    return Draft(json.dumps(document(*sources), indent=1, ensure_ascii=False) + "\n")


def sources(draft):
    """Return the texts of a notebook's cells."""
    return [cell.source for cell in draft.notebook.cells]


def printed(cells):
    """Run cells from top to bottom, as far as they go, and return what they print."""
    shown, names = io.StringIO(), {"__name__": "__main__"}
    with contextlib.redirect_stdout(shown), contextlib.suppress(NameError):
        for cell in cells:
            exec(compile(cell, "<cell>", "exec"), names)
    return shown.getvalue()


STARS = {
    "the names that are used": (
        ["from math import *", "print(sin(pi))"],
        ["from math import pi, sin", "print(sin(pi))"],
    ),
    "used above and below": (
        ["def f(): return cos(0)", "from math import *\nprint(f())"],
        ["def f(): return cos(0)", "from math import cos\nprint(f())"],
    ),
    "a builtin and a later one of the same name": (
        ["from math import *\nfrom cmath import *", "print(pow(2, 3), sqrt(-1))"],
        ["from math import pow, sqrt\nfrom cmath import sqrt", "print(pow(2, 3), sqrt(-1))"],
    ),
    "in a branch, with a comment": (
        ["if True:\n    from math import *  # all", "print(floor(2.5))"],
        ["if True:\n    from math import floor  # all", "print(floor(2.5))"],
    ),
    "a name that a query uses": (
        ["from math import *\nlimit = 1", "print('x < @e'.replace('@e', str(e)))"],
        ["from math import e\nlimit = 1", "print('x < @e'.replace('@e', str(e)))"],
    ),
    "below a mark": (
        ["#| task: one\nfrom math import *\nprint(tau)"],
        ["#| task: one\nfrom math import tau\nprint(tau)"],
    ),
}


@pytest.mark.parametrize(("before", "after"), STARS.values(), ids=STARS)
def test_import_of_all_names_is_written_out(before, after):
    """Each star becomes the names that cells use, in the same place; what the cells print stays."""
    fixed = draft(*before)
    fix_stars(fixed)
    assert sources(fixed) == after
    assert printed(after) == printed(before) != ""
    assert "F013" not in {f.code for f in capture(fixed.notebook, name="n").findings}


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (
            ["from math import *\nprint(eval('sin(0)'))"],
            "cell 1, line 1: `import *` stays, because `eval` may use any name",
        ),
        (["from nothing_such import *"], "cell 1, line 1: 'nothing_such' can't be asked here for its names"),
        (["from math import *\nprint(1)"], "cell 1, line 1: `import *` stays, none of its names is seen in use"),
    ],
)
def test_import_of_all_names_that_stays(cells, said):
    """Where a name may be used unseen, or the module can't be asked, the cell stays and it is said why."""
    kept = draft(*cells)
    fix_stars(kept)
    assert sources(kept) == cells
    assert kept.changes.left == [said]
    assert kept.changes.fixed == []


def test_many_names_are_wrapped():
    """A long import is one in parentheses."""
    names = [
        "acos",
        "acosh",
        "asin",
        "asinh",
        "atan",
        "atan2",
        "atanh",
        "ceil",
        "copysign",
        "cosh",
        "degrees",
        "factorial",
    ]
    fixed = draft(f"from math import *\nprint({', '.join(names)})")
    fix_stars(fixed)
    first, second, third, *_ = sources(fixed)[0].split("\n")
    assert first == "from math import ("
    assert second == "    acos, acosh, asin, asinh, atan, atan2, atanh, ceil, copysign, cosh, degrees, factorial,"
    assert third == ")"


def test_only_installed_modules_are_asked(tmp_path, monkeypatch):
    """The user's own module is not run to learn its names."""
    (tmp_path / "mine.py").write_text("open('ran', 'w')\nx = 1\n")
    monkeypatch.chdir(tmp_path)
    assert exported_names("mine") == []
    assert "sin" in exported_names("math")
    assert not (tmp_path / "ran").exists()


def test_paths_into_the_folder_are_shortened():
    """Each literal keeps its quotes; other paths, f-strings and docstrings stay."""
    folder = Path("/home/ann/work")
    before = [
        "a = open('/home/ann/work/x.csv'); b = open(\"/home/ann/work/deep/y.csv\")",
        "c = '/home/ann/other/x.csv'\nd = '/home/ann/work'\nn = f'/home/ann/work/{d}.csv'\n'''/home/ann/work/z.csv'''",
    ]
    fixed = draft(*before)
    fix_paths(fixed, folder)
    assert sources(fixed) == [
        "a = open('x.csv'); b = open(\"deep/y.csv\")",
        "c = '/home/ann/other/x.csv'\nd = '.'\nn = f'/home/ann/work/{d}.csv'\n'''/home/ann/work/z.csv'''",
    ]
    assert fixed.changes.fixed == [
        'cell 1, line 1: "/home/ann/work/deep/y.csv" is "deep/y.csv" now',
        "cell 1, line 1: '/home/ann/work/x.csv' is 'x.csv' now",
        "cell 2, line 2: '/home/ann/work' is '.' now",
    ]


def test_a_shortened_path_opens_the_same_file(tmp_path, monkeypatch):
    """What cells print is the same when they run in the notebook's folder."""
    (tmp_path / "x.txt").write_text("this one")
    monkeypatch.chdir(tmp_path)
    path = str(tmp_path / "x.txt")
    fixed = draft(f"import pathlib; print(pathlib.Path({path!r}).read_text())")
    before = printed(sources(fixed))
    fix_paths(fixed, tmp_path)
    assert sources(fixed) == ["import pathlib; print(pathlib.Path('x.txt').read_text())"]
    assert printed(sources(fixed)) == before == "this one\n"


def test_paths_stay_where_the_working_folder_changes():
    """A relative path would mean another file below `os.chdir`."""
    kept = draft("import os\nos.chdir('deep')", "open('/home/ann/work/x.csv')")
    fix_paths(kept, Path("/home/ann/work"))
    assert sources(kept)[1] == "open('/home/ann/work/x.csv')"
    assert kept.changes.left == [
        "cell 2, line 1: '/home/ann/work/x.csv' stays, because a cell changes the working folder"
    ]


INSTALLS = {
    "of what is imported": (["!pip install -q packaging\nimport packaging"], ["import packaging"]),
    "alone in its cell": (
        ["%pip install packaging", "import packaging"],
        ["# installed with the flow", "import packaging"],
    ),
    "by this Python": (["!{sys.executable} -m pip install packaging\nimport packaging"], ["import packaging"]),
    "of what no cell imports": (
        ["!pip install packaging>=20\nx = 1"],
        ['# /// script\n# dependencies = ["packaging>=20"]\n# ///\nx = 1'],
    ),
    "of what is not installed": (["!pip install nothing-such\nx = 1"], None),
    "of another version": (["!pip install packaging==0.1\nimport packaging"], None),
    "of the newest": (["!pip install -U packaging\nimport packaging"], None),
    "from a file": (["!pip install -r requirements.txt"], None),
    "with more": (["!pip install packaging && ls"], None),
    "in a branch": (["if True:\n    !pip install packaging\nimport packaging"], None),
    "by another tool": (["!conda install packaging\nimport packaging"], None),
}


@pytest.mark.parametrize(("before", "after"), INSTALLS.values(), ids=INSTALLS)
def test_installations_are_taken_out(before, after):
    """A line that installs what is installed goes, and what no import tells of is declared; other lines stay."""
    fixed = draft(*before)
    fix_installs(fixed)
    assert sources(fixed) == (after or before)
    assert bool(fixed.changes.fixed) == (after is not None)


ORDERS = {
    "a function below its use": (["print(f(1))", "def f(v): return v + 1"], [1, 0]),
    "an import below its use": (["x = 1", "print(json.dumps(x))", "import json"], [0, 2, 1]),
    "a function and what it uses": (
        ["print(f(1))", "def f(v): return g(v)", "x = 2", "def g(v): return v + K", "K = 3"],
        [1, 3, 4, 0, 2],
    ),
    "a value that is computed": (["print(x)", "x = len('abc')"], None),
    "a name that is written twice": (["print(f(1))", "def f(v): return 1", "def f(v): return 2"], None),
    "a function whose default is computed": (["print(f())", "y = len('abc')", "def f(v=y): return v"], None),
}


@pytest.mark.parametrize(("cells", "order"), ORDERS.values(), ids=ORDERS)
def test_definitions_are_moved_above_their_use(cells, order):
    """Cells that only define move; a cell that computes stays, and with it the finding."""
    fixed = draft(*cells)
    fix_order(fixed)
    after = sources(fixed)
    assert after == ([cells[n] for n in order] if order else cells)
    errors = [f for f in capture(fixed.notebook, name="n").findings if f.level == "error"]
    assert bool(errors) == (order is None)
    assert bool(printed(after)) == (order is not None)


@pytest.mark.parametrize(
    ("indent", "escaped", "end"), [(1, False, "\n"), (2, True, ""), (None, False, "\n"), ("\t", False, "\n")]
)
def test_what_is_not_fixed_is_written_as_it_was(indent, escaped, end):
    """Indentation, escapes, the end of the file, the order of keys, ids, metadata and outputs stay."""
    whole = document("from math import *\nprint(sin(0), 'ü')", "x = 1")
    whole["metadata"] = {"z": 1, "a": {"ü": [1.0, 1e-7]}}
    whole["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["0.0 ü\n"]}]
    whole["cells"][1]["source"] = "x = 1"
    whole["cells"].insert(1, {"cell_type": "markdown", "id": "m", "metadata": {}, "source": ["# ü"]})
    text = json.dumps(whole, indent=indent, ensure_ascii=escaped) + end
    fixed = Draft(text)
    assert fixed.text == text
    fix_stars(fixed)
    assert fixed.text == text.replace("from math import *", "from math import sin")


def test_old_formats_are_refused():
    """Format 3 is converted by Jupyter, not by a fix."""
    with pytest.raises(CheckError, match="old format"):
        Draft(json.dumps({"nbformat": 3, "worksheets": []}))


def test_a_fixed_notebook_is_a_sound_one():
    """Fixing twice changes nothing more."""
    fixed = draft("from math import *", "print(f(sin(0)))", "def f(v): return v")
    for _ in range(2):
        fix_stars(fixed)
        fix_order(fixed)
    assert sources(fixed) == ["from math import sin", "def f(v): return v", "print(f(sin(0)))"]
    assert len(fixed.changes.fixed) == 2
    found: tuple[Finding, ...] = capture(fixed.notebook, name="n").findings
    assert found == ()
