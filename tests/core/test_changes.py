"""Differences between versions, in words."""

import pytest

from jupyter_flows import Flow, Parameter, task
from jupyter_flows.capture.notebook import capture, from_sources
from jupyter_flows.core.cell import Cell
from jupyter_flows.core.changes import changes
from jupyter_flows.core.code_diff import MAX_LINES, code_diff, code_of
from jupyter_flows.core.document import to_document
from jupyter_flows.environments import LocalEnvironment


@task
def load(n=1):
    return n


@task
def clean(x):
    return x


@task(name="clean")
def clean_otherwise(x):
    return x + 1


def _document(*, cleaning=clean, n=1, labels=(), retries=0, extra=False, top=3):
    with Flow("f", environment=LocalEnvironment(labels=labels)) as flow:
        loaded = load.copy(max_retries=retries).bind(n=n)
        cleaned = cleaning(loaded)
        clean(Parameter("top", default=top), task_args={"name": "cut"})
        if extra:
            load(cleaned, task_args={"name": "again"})
    return to_document(flow)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cleaning": clean_otherwise}, ["task 'clean': code"]),
        ({"n": 2}, ["task 'load': arguments"]),
        ({"retries": 2}, ["task 'load': options (max_retries 0 -> 2)"]),
        ({"extra": True}, ["task 'again': added (after clean)"]),
    ],
)
def test_each_change_is_said_once(change, said):
    """Code, arguments, options and edges are told apart, task by task."""
    assert [str(c) for c in changes(_document(), _document(**change))] == said


def test_a_removed_task_is_said():
    """A task that is gone is named."""
    assert [str(c) for c in changes(_document(extra=True), _document())] == ["task 'again': removed"]


def test_a_parameters_default_is_shown_old_and_new():
    """People see what a run will be given from now on."""
    assert "parameters (top: int 3 -> int 5)" in [str(c) for c in changes(_document(), _document(top=5))]


def test_labels_are_shown_old_and_new():
    """A change of who may run it is said."""
    assert [str(c) for c in changes(_document(), _document(labels=["dev"]))] == ["labels (+ dev)"]


def test_nothing_changed_is_nothing():
    """Building the same flow again is no change, and has the same digest."""
    assert changes(_document(), _document()) == []
    assert _document()["digest"] == _document()["digest"]


def test_no_version_before_is_a_new_flow():
    """The first registration says so."""
    assert str(changes(None, _document())[0]) == "new flow (4 tasks)"


def compared(old, new):
    """Return what differs between two notebooks, each a list of sources, or of sources with their ids."""
    flows = []
    for cells in (old, new):
        pairs = [cell if isinstance(cell, tuple) else (cell, None) for cell in cells]
        flows.append(capture(from_sources(Cell(source, 1, id_) for source, id_ in pairs), name="f").flow)
    code = [code_of(flow) for flow in flows]
    return changes(*map(to_document, flows), old_code=code[0], new_code=code[1])


LOAD, CLEAN, SHOW = "rows = [3, 1, 2]", "clean = sorted(rows)", "print(clean)"

CELLS = [
    ("formatting and comments", [LOAD, CLEAN], ["rows = [3,1,2]  # some", CLEAN], []),
    ("a cell above moves the numbers", [LOAD, CLEAN, SHOW], ["x = []", LOAD, CLEAN, SHOW], ["task 'cell_1': added"]),
    ("a cell is gone", ["x = []", LOAD, CLEAN], [LOAD, CLEAN], ["task 'cell_1': removed"]),
    ("code in its place", [LOAD, CLEAN, SHOW], [LOAD, "clean = sorted(rows)[1:]", SHOW], ["task 'cell_2': code"]),
    (
        "code in its place, under a new number",
        [LOAD, CLEAN, SHOW],
        ["x = []", LOAD, "clean = sorted(rows)[1:]", SHOW],
        ["task 'cell_1': added", "task 'cell_3': code"],
    ),
    (
        "all of the code, told by the cell's id",
        [(LOAD, "a"), (CLEAN, "b"), (SHOW, "c")],
        [(LOAD, "a"), ("import json\nclean = json.loads('[]')", "b"), (SHOW, "c")],
        ["task 'cell_2': code", "task 'cell_2': inputs (- cell_1 (rows))"],
    ),
    ("a new name", [f"%%task a\n{LOAD}", SHOW], [f"%%task b\n{LOAD}", SHOW], ["task 'b': renamed (was a)"]),
    ("a first name", [LOAD], [f"%%task b\n{LOAD}"], ["task 'b': renamed (was cell_1)"]),
    (
        "a new place",
        ["x = [1]", "y = [2]", "z = [3]"],
        ["y = [2]", "z = [3]", "x = [1]"],
        ["task 'cell_3': moved (now after cell_2)"],
    ),
    (
        "another input",
        ["a = [1]", "b = [2]", "print(a)"],
        ["a = [1]", "b = [2]", "print(b)"],
        ["task 'cell_3': code", "task 'cell_3': inputs (+ cell_2 (b), - cell_1 (a))"],
    ),
    (
        "a retry",
        [f"%%task a\n{LOAD}", "%%task b\nx = []"],
        [f"%%task a --retries 2\n{LOAD}", "%%task b --after a\nx = []"],
        ["task 'a': options (max_retries 0 -> 2)", "task 'b': options (after none -> a)", "task 'b': inputs (+ a)"],
    ),
    (
        "a parameter",
        ["%%parameters\nn = 1", "print(n)"],
        ["%%parameters\nn: int", "print(n)"],
        ["task 'parameters': code", "parameters (n: int 1 -> int required)"],
    ),
]


@pytest.mark.parametrize(("old", "new", "said"), [c[1:] for c in CELLS], ids=[c[0] for c in CELLS])
def test_cells_are_told_apart(old, new, said):
    """Each cell is compared with the one that it was, whatever its number is by now."""
    assert [str(c) for c in compared(old, new)] == said


def test_changed_code_is_shown_line_by_line():
    """People see the lines that differ, with a little around them."""
    found = compared(["%%task a\nx = [1]\ny = [2]"], ["%%task a\nx = [1]\ny = [3]"])
    assert [(c.what, c.lines) for c in found] == [("code", ("  x = [1]", "- y = [2]", "+ y = [3]"))]


def test_long_changes_are_shortened():
    """What a person would not read is counted."""
    shown = code_diff("", "\n".join(f"x{n} = {n}" for n in range(100)))
    assert len(shown) == MAX_LINES + 1
    assert shown[-1] == f"... {100 - MAX_LINES} more lines"


def test_requirements_say_both_versions():
    """A newer pin is one change; a new package another."""
    old = _document() | {"requirements": ["numpy==1.26", "pandas==2.1.0"], "digest": "other"}
    new = _document() | {"requirements": ["pandas==2.2.0", "scipy==1.11"]}
    assert [str(c) for c in changes(old, new)] == ["requirements (- numpy==1.26, pandas 2.1.0 -> 2.2.0, + scipy==1.11)"]
