from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version

import pytest

from jupyter_flows.capture.notebook import capture, from_sources, read_notebook
from jupyter_flows.core.cell import Cell
from jupyter_flows.core.document import to_document
from jupyter_flows.core.parameter import ParameterSpec
from jupyter_flows.errors import (
    CellSyntaxError,
    CycleError,
    DefinitionError,
    DuplicateTaskError,
    MarkerError,
)

IPYTHON = f"ipython=={version('ipython')}"


def captured(*sources, name="f", **kwargs):
    cells = [s if isinstance(s, Cell) else Cell(s, 1) for s in sources]
    return capture(from_sources(cells), name=name, **kwargs)


def digest(*sources):
    return to_document(captured(*sources).flow)["digest"]


def names(result):
    return [t.name for t in result.flow.cell_tasks]


def edges(result):
    return [(e.upstream.name, e.downstream.name) for e in result.flow.edges]


def task_of(result, name):
    (task,) = result.flow.get_tasks(name)
    return task


# Rule 9: who takes part.

MEMBERSHIP = {
    "no marks: every cell": (["a = [1]", "a", "print(a)"], ["cell_1", "cell_2", "cell_3"], (), ()),
    "control and empty cells never": (
        ["%load_ext jupyter_flows", "", "# note", "a = 1", "%flow_register"],
        ["cell_4"],
        (),
        (),
    ),
    "an unmarked cell joins that a task needs": (["a = [1]", "%%task t\nprint(a)"], ["cell_1", "t"], (1,), ()),
    "through another unmarked cell": (
        ["a = [1]", "b = a", "%%task t\nprint(b)"],
        ["cell_1", "cell_2", "t"],
        (1, 2),
        (),
    ),
    "because it mutates": (["a = [1]", "a.append(2)", "%%task t\nprint(a)"], ["cell_1", "cell_2", "t"], (1, 2), ()),
    "a look at data does not": (["a = [1]", "a", "%%task t\nprint(a)"], ["cell_1", "t"], (1,), (2,)),
    "nor what comes after": (["%%task t\na = 1", "a", "b = a"], ["t"], (), (2, 3)),
    "nor what nothing needs": (["z = 3", "%%task t\na = 1"], ["t"], (), (1,)),
    "hidden state is needed": (
        ["import random", "random.seed(1)", "%%task t\nprint(random.random())"],
        ["cell_1", "cell_2", "t"],
        (1, 2),
        (),
    ),
    "--reads makes need": (["a = [1]", "%%task t --reads a\npass"], ["cell_1", "t"], (1,), ()),
    "parameters always": (["%%parameters\nn = 1", "z = 2", "%%task t\na = 1"], ["parameters", "t"], (), (2,)),
    "parameters alone mark nothing": (["%%parameters\nn = 1", "z = n"], ["parameters", "cell_2"], (), ()),
}


@pytest.mark.parametrize(("sources", "members", "joined", "left_out"), MEMBERSHIP.values(), ids=MEMBERSHIP.keys())
def test_who_takes_part(sources, members, joined, left_out):
    """Marked cells, the unmarked ones that they need, or all where none is marked."""
    result = captured(*sources)
    assert (names(result), result.joined, result.left_out) == (members, joined, left_out)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def f():\n    a = 1\n    return a", "no cell defines `a`: define it in a cell above"),
        (
            "a = 1\ndel a",
            (
                "`a` is gone or not there yet: cell 1 may define it, but it is deleted since, "
                "or the function that defines it is never called: define it in a cell above"
            ),
        ),
    ],
)
def test_a_name_that_is_not_bound_is_told_from_one_of_a_cell_left_out(source, why):
    """A function's own variable is no definition, and a name deleted above is said to be."""
    assert [str(f) for f in captured(source, "print(a)").findings] == [f"cell 2, line 1: {why} (F001)"]


def test_a_skipped_cell_takes_no_part():
    """The tag `skip` leaves a cell out, marked notebook or not; what misses it is found."""
    result = captured(Cell("a = 1", 1, tags=frozenset({"skip"})), "print(a)")
    assert names(result) == ["cell_2"]
    assert [str(f) for f in result.findings] == [
        "cell 2, line 1: `a` is defined in cell 1, which takes no part: remove its `skip`, or correct it (F001)"
    ]


# Names, options, code.


def test_a_task_without_a_name_takes_the_first_name_written():
    """Imports and loop variables are passed over; given names go first; without any it is the cell's number."""
    result = captured(
        "%%task\nimport json\nfor i in 'ab':\n    total = i", "%%task\nprint(1)", "%%task x\ny = 1", "%%task\nx = 2"
    )
    assert names(result) == ["total", "cell_2", "x", "x_2"]


def test_options_reach_the_task():
    """Retries, delays, limits and requirements are the task's."""
    result = captured("%%task t --retries 2 --retry-delay 1.5 --timeout 60 --requires 'attrs>=1'\nx = 1")
    task = task_of(result, "t")
    assert (task.max_retries, task.retry_delay_seconds, task.timeout_seconds) == (2, 1.5, 60.0)
    assert result.flow.origin.requirements == ("attrs>=1",)


def test_reads_and_writes_that_code_does_not_show():
    """`--writes` makes the task a writer of the name, `--reads` a reader: both give edges."""
    result = captured("%%task a --writes c\npass", "%%task b --reads c\npass", "%%task d\npass")
    assert edges(result) == [("a", "b")]
    assert (task_of(result, "a").writes, task_of(result, "b").reads) == ({"c"}, {"c"})
    assert result.findings == ()


def test_after_draws_an_edge():
    """`--after` makes a task wait for another that it shares nothing with."""
    result = captured("%%task a\nx = 1", "%%task b\ny = 1", "%%task c --after a,b\nz = 1")
    assert edges(result) == [("a", "c"), ("b", "c")]
    assert [e.why for e in result.flow.edges] == ["--after a", "--after b"]


def test_edges_say_why():
    """An edge found by reading carries the names and the reason."""
    (edge,) = captured("%%task a\nx = [1]", "%%task b\nprint(x)").flow.edges
    assert (edge.names, edge.why) == ({"x"}, "reads `x` from cell 1")


def test_code_keeps_its_lines_and_loses_its_marks():
    """What runs is the cell's text; marks and control lines are comments in it."""
    result = captured("%%task t\n%load_ext jupyter_flows\nx = 1")
    assert task_of(result, "t").code == "#\n#\nx = 1"
    assert task_of(result, "t").cell.source == "%%task t\n%load_ext jupyter_flows\nx = 1"


def test_definitions_are_told_from_tasks():
    """Imports and functions are definitions; what is marked is a task whatever it holds."""
    result = captured("import json", "def f():\n    return 1", "x = f()", "%%task g\nimport csv")
    assert [t.definition for t in captured("import json", "def f():\n    return 1", "x = f()").flow.cell_tasks] == [
        True,
        True,
        False,
    ]
    assert not task_of(result, "g").definition


SHELL = {
    "x = 1": False,
    "print(1)": True,
    "x = 1\nx": True,
    "def f():\n    1": False,
    "x = print": False,
    "%matplotlib inline": True,
    "x = !ls": True,
    "%%time\nx = 1": True,
    "display(1) if 0 else 1": True,
    "def f():\n    display(1)": True,
    "x = In[0]": True,
    "x = _": True,
    "x = _12": True,
    "for _ in 'ab': pass": False,
    "async with a as b: pass": True,
    "x = await y": True,
    "async def f():\n    await y": False,
    "x = [i async for i in y]": True,
    "import pandas": True,
    "import json": False,
}


@pytest.mark.parametrize(("source", "expected"), SHELL.items())
def test_which_cells_need_a_shell(source, expected):
    """IPython's syntax and names, top-level await, a value to show, and imports from outside need one."""
    (task,) = captured(source).flow.cell_tasks
    assert task.needs_shell is expected


# Parameters.


def test_parameters_are_typed():
    """Annotations give types, else defaults do; no value means required; a computed one is the cell's own."""
    result = captured(
        "%%parameters\nregion = 'EU'\nlimit: float = 3\nnames: list[str] = []\nwhen: str | None = None\n"
        "day: str\nsize = 60 * 60\na = b = True\n# comment"
    )
    assert result.flow.parameters() == (
        ParameterSpec("region", "str", "EU"),
        ParameterSpec("limit", "float", 3.0),
        ParameterSpec("names", "list", []),
        ParameterSpec("when", "str", None),
        ParameterSpec("day", "str", None, required=True),
        ParameterSpec("size", "any", None, computed=True),
        ParameterSpec("a", "bool", True),
        ParameterSpec("b", "bool", True),
    )
    assert task_of(result, "parameters").parameters


@pytest.mark.parametrize(
    "cell",
    [Cell("n = 1", 1, tags=frozenset({"parameters"})), Cell("#| parameters\nn = 1", 1), Cell("%%parameters\nn = 1", 1)],
)
def test_three_ways_to_mark_parameters_mean_one_thing(cell):
    """The tag that papermill's users know, the directive and the magic give one digest.

    A run may give a list for the number, so a task that adds to it comes before one that reads it.
    """
    result = captured(cell, "%%task a\nm = n\nm += m", "%%task b\nprint(n)")
    assert ("a", "b") in edges(result)
    assert digest(cell, "%%task t\nprint(n)") == digest("%%parameters\nn = 1", "%%task t\nprint(n)")


def test_what_depends_on_a_parameter_waits_for_it():
    """A cell that reads a parameter comes after the cell that declares it."""
    result = captured("%%parameters\nn = 1", "%%task t\nprint(n)")
    assert edges(result) == [("parameters", "t")]


# What the flow is called.


def test_the_flow_is_named_by_option_line_metadata_or_file(tmp_path):
    """An option goes before the `%flow` line, this before the metadata, these before the file's name."""
    path = tmp_path / "sales.ipynb"

    def named(cells, own=None, **kwargs):
        data = json.loads(from_sources([Cell(c, 1) for c in cells]).text)
        data["metadata"]["jupyter_flows"] = own or {}
        path.write_text(json.dumps(data))
        result = capture(read_notebook(path), **kwargs)
        return result.flow.name, result.project

    assert named(["x = 1"]) == ("sales", None)
    assert named(["x = 1"], {"name": "m", "project": "q"}) == ("m", "q")
    assert named(["%flow line --project p", "x = 1"], {"name": "m", "project": "q"}) == ("line", "p")
    assert named(["%flow line", "x = 1"], name="option") == ("option", None)


def test_a_flow_without_any_name_is_refused():
    """A notebook that is not saved and names no flow is told what to write."""
    with pytest.raises(DefinitionError, match="write %flow NAME in the notebook's first cell"):
        captured("x = 1", name=None)


# Bad input: one error each, with the place.

BAD = {
    "syntax": (["x = 1", "y = (\n"], CellSyntaxError, "Cell 2, line 1: '(' was never closed"),
    "nested too deeply": (
        ["x = " + "-" * 9999 + "1"],
        CellSyntaxError,
        "Cell 1, line 1: the code is nested too deeply",
    ),
    "syntax of a marked cell": (["%%task t\nx = 1\ny = = 2"], CellSyntaxError, "Cell 1, line 3: invalid syntax"),
    "mark": (["%%task t --retries x\ny = 1"], MarkerError, "Cell 1, line 1: --retries takes a whole number"),
    "duplicate name": (
        ["%%task t\nx = 1", "y = 2", "#| task: t\nz = 3"],
        DuplicateTaskError,
        "Two tasks are named 't' (cell 1 and cell 3): give one of them another name.",
    ),
    "unknown --after": (
        ["%%task load\nx = 1", "%%task t --after laod\ny = 1"],
        DefinitionError,
        "Cell 2: --after names the task 'laod', which this flow has not: did you mean 'load'?",
    ),
    "cycle": (
        ["%%task a --after b\nx = 1", "%%task b\nprint(x)"],
        CycleError,
        "These tasks wait for each other in a circle",
    ),
    "--after itself": (["%%task a --after a\nx = 1"], CycleError, "circle: a -> a"),
    "two parameters cells": (
        ["%%parameters\nx = 1", "%%parameters\ny = 1"],
        MarkerError,
        "Cells 1 and 2 both declare parameters: put them into one cell.",
    ),
}


@pytest.mark.parametrize(("sources", "error", "message"), BAD.values(), ids=BAD.keys())
def test_a_flow_that_can_not_be_is_refused(sources, error, message):
    """Each mistake is one error that names the cell and what to do."""
    with pytest.raises(error) as raised:
        captured(*sources)
    assert message in str(raised.value)


FINDINGS = {
    "undefined": (["print(gross)"], ["error F001 1:1"]),
    "defined below": (["print(a)", "a = 1"], ["error F002 1:1"]),
    "imported below": (["print(json.dumps(1))", "import json"], ["error F002 1:1"]),
    "in a function that is called": (["def f():\n    return gross", "x = f()"], ["error F001 1:2"]),
    "in a function that is not": (["def f():\n    return gross"], []),
    "after exec": (["exec(open('x').read())", "print(gross)"], ["info F003 1:None"]),
    "caught": (["try:\n    gross\nexcept NameError:\n    gross = 1"], ["warning F001 1:2"]),
    "caught by another name": (["try:\n    gross\nexcept KeyError:\n    gross = 1"], ["error F001 1:2"]),
    "of IPython": (["display(_); get_ipython(); Out[3]; In; _i3; __"], []),
    "builtin": (["print(len('a'), __name__)"], []),
    "missing import": (["import nothing_such"], ["error F004 1:1"]),
    "missing import in a branch": (
        ["if input:\n    import nothing_such"],
        ["warning F004 1:2"],
    ),
    "missing import that the code can do without": (
        ["try:\n    import nothing_such\nexcept ImportError:\n    pass"],
        [],
    ),
    "import of a module that a cell writes": (
        ["%%writefile nothing_such.py\nx = 1", "import nothing_such"],
        ["warning F004 2:1"],
    ),
    "import of what a command installs": (
        ["!pip install -q nothing-such", "import nothing_such"],
        ["warning F017 1:1", "warning F004 2:1"],
    ),
    "import above its installation": (
        ["import nothing_such", "%pip install nothing-such"],
        ["error F004 1:1", "warning F017 2:1"],
    ),
    "nothing to run": (["# nothing"], ["error F006 None:None"]),
    "unmarked rubbish": (["%%task t\nx = 1", "y = ("], ["warning F008 2:1"]),
}


@pytest.mark.parametrize(("sources", "expected"), FINDINGS.values(), ids=FINDINGS.keys())
def test_what_is_found(sources, expected):
    """Findings carry a code, a level and their place, errors first."""
    assert [f"{f.level} {f.code} {f.cell}:{f.line}" for f in captured(*sources).findings] == expected


# Requirements and local modules.


def test_requirements_are_pinned_and_modules_packed(tmp_path):
    """Imports of cells and of local modules become pins; the modules' sources travel along."""
    (tmp_path / "helper.py").write_text("import click\nfrom deeper import x\n")
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "__init__.py").write_text("from .inner import x\n")
    (tmp_path / "deeper" / "inner.py").write_text("import json\nx = 1\n")
    path = tmp_path / "n.ipynb"
    path.write_text(from_sources([Cell("import helper, json\nfrom packaging import version", 1)]).text)
    origin = capture(read_notebook(path)).flow.origin
    assert list(origin.modules) == ["deeper/__init__.py", "deeper/inner.py", "helper.py"]
    assert origin.requirements == (
        f"click=={version('click')}",
        IPYTHON,
        f"packaging=={version('packaging')}",
    )


# The digest.

BASE = ["%flow f", "import json", "%%task a\nx = [1]", "x", "%%task b --retries 2\nprint(x)"]

SAME = {
    "formatting": ["%flow f", "import json", "%%task a\nx  =  [1]  # one", "x", "%%task b --retries 2\n\nprint( x )"],
    "spelling": ["%flow f", "import json", "#| task: a\nx = [1]", "x", "#| task: b --retries=2\nprint(x)"],
    "a cell that nothing needs": ["%flow f", "import json", "%%task a\nx = [1]", "%%task b --retries 2\nprint(x)", "x"],
    "control cells": ["%load_ext jupyter_flows\n%flow f", *BASE[1:], "%flow_register --label x", "%flow_run"],
    "control lines": [*BASE[:2], "%%task a\n%flow_show\nx = [1]", *BASE[3:]],
    "an empty cell": ["", *BASE],
    "an empty cell between": [*BASE[:3], "# said", *BASE[3:]],
}

CHANGED = {
    "code": [*BASE[:2], "%%task a\nx = [2]", *BASE[3:]],
    "a name": [*BASE[:2], "%%task c\nx = [1]", *BASE[3:]],
    "an option": [*BASE[:4], "%%task b --retries 3\nprint(x)"],
    "a magic": [*BASE[:2], "%%task a\n%time x = [1]", *BASE[3:]],
    "what is shown": [*BASE[:4], "%%task b --retries 2\nx;"],
    "an order that matters": [*BASE[:2], "%%task b --retries 2\nprint('y')", BASE[2]],
    "an --after": [*BASE[:2], BASE[2], "%%task c\ny = 1", "%%task b --retries 2 --after c\nprint(x)"],
}


@pytest.mark.parametrize("sources", SAME.values(), ids=SAME.keys())
def test_what_does_not_matter_keeps_the_digest(sources):
    """Formatting, spelling, control cells and cells that take no part are no meaning."""
    assert digest(*sources) == digest(*BASE)


@pytest.mark.parametrize("sources", CHANGED.values(), ids=CHANGED.keys())
def test_what_matters_changes_the_digest(sources):
    """Code, names, options, magics and order are meaning."""
    assert digest(*sources) != digest(*BASE)


def test_a_semicolon_is_meaning():
    """A value that is kept from being shown is another output."""
    assert digest("x = 1\nx") != digest("x = 1\nx;") == digest("x = 1\nx ; # quiet")


def test_formatting_inside_timed_cells_is_no_meaning():
    """The body of `%%time` is Python; that of another magic is text."""
    assert digest("%%time\nx = 1") == digest("%%time\nx  = 1 # said")
    assert digest("%%time\nx = 1") != digest("x = 1")
    assert digest("%%bash\nls") != digest("%%bash\nls ")


def test_a_cell_moved_by_unrelated_cells_keeps_its_meaning():
    """An unmarked cell's number is in its name; that is not meaning."""
    assert digest("a = [1]", "%%task t\nprint(a)") == digest("%flow f", "z = 3", "a = [1]", "%%task t\nprint(a)")


PROGRAM = """
import sys
from jupyter_flows.capture.notebook import capture, read_notebook
from jupyter_flows.core.document import to_document
print(to_document(capture(read_notebook(sys.argv[1])).flow)["digest"])
"""


def test_fresh_interpreters_agree(tmp_path):
    """Hash seed, working folder and time zone, and a copy of the notebook elsewhere, give one digest."""
    cells = [
        "import pandas as pd, numpy as np",
        "%%parameters\nwords = ['b', 'a']\nrate: float = 1",
        "def f(a, b, *, c=3):\n    return {a, b, c} | {'x', 'y'}",
        "%%task load --reads e,d,c,b,a --after parameters\ndf = pd.DataFrame({'a': [1, 2]}); a = b = c = d = e = f(1, 2)",
        "%%task fit --requires 'click>=8'\nz = np.random.rand(3)\ndf['b'] = z[:2]",
        "%matplotlib inline\ndf",
    ]
    found = set()
    for number, zone in enumerate(["UTC", "Asia/Tokyo", "America/Lima", "UTC", "Europe/Paris"]):
        folder = tmp_path / str(number)
        folder.mkdir()
        text = from_sources([Cell(c, 1, f"id{number}-{n}") for n, c in enumerate(cells)]).text
        (folder / "notebook.ipynb").write_text(text)
        env = {**os.environ, "PYTHONHASHSEED": str(number), "TZ": zone}
        command = [sys.executable, "-c", PROGRAM, folder / "notebook.ipynb"]
        cwd = folder if number % 2 else tmp_path
        done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert done.stderr == ""
        found.add(done.stdout)
    assert len(found) == 1


def pins(*names):
    return tuple(sorted(f"{name}=={version(name)}" for name in names))


def test_each_task_has_the_requirements_that_it_reaches(tmp_path):
    """The flow has all, a task those of its own code, of functions and values that it uses, and of local modules."""
    (tmp_path / "helper.py").write_text("import rich")
    result = captured(
        "import click, pandas as pd\nimport helper",
        "def echo(x):\n    click.echo(x)",
        "df = pd.DataFrame()",
        "echo(1)",
        "n = len(df)",
        "m = helper.x",
        "k = 1",
        folder=tmp_path,
    )
    of_task = {t.name: t.requirements for t in result.flow.cell_tasks}
    assert result.flow.origin.requirements == pins("click", "ipython", "pandas", "rich")
    assert of_task["cell_3"] == of_task["cell_5"] == pins("pandas")
    assert of_task["cell_4"] == pins("click", "ipython")
    assert of_task["cell_6"] == pins("rich")
    assert of_task["cell_7"] == ()


def test_the_script_block_joins_the_requirements():
    """PEP 723's dependencies are pinned with the flow, though the cell that declares them takes no part."""
    block = "# /// script\n# dependencies = ['click>=1', 'nothing-such>=2']\n# ///"
    result = captured(block, "n = 1")
    assert result.flow.origin.requirements == (*pins("click"), "nothing-such>=2")
    assert [t.name for t in result.flow.cell_tasks] == ["cell_2"]
    assert [f.code for f in result.findings] == ["F022"]


def test_requirements_of_tasks_are_in_the_document():
    """What captures find is what whoever runs one task alone can read."""
    result = captured("import click\nclick.echo(1)", "k = 1")
    document = to_document(result.flow)
    assert [t["cell"]["requirements"] for t in document["tasks"]] == [list(pins("click", "ipython")), []]
