"""Exported scripts print and give what their notebooks do from top to bottom."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from jupyter_flows.errors import ExportRefused

sys.path.insert(0, str(Path(__file__).parent))

from generator import notebook
from scripts import as_script, script_of, top_to_bottom

CASES = {
    "values along edges": ["x = 2", "y = x + 1\nprint(y)", "x + y"],
    "mutation": ["rows = []", "rows.append(1)", "print(rows)", "rows.append(2)", "rows"],
    "mutation through an alias": ["a = [1]", "b = a", "b.append(2)", "print(a)"],
    "rebinding": ["x = [1]", "x = x + [2]", "x = [0, *x]", "x"],
    "a function that reads what is rebound later": ["k = [1]", "def f():\n    return k", "print(f())", "k = [2]", "f()"],
    "a function that writes a global": ["n = [0]\nm = 0", "def f():\n    global m\n    m += 1", "f(); f()", "m"],
    "a lambda that outlives its cell": ["fs = []", "for i in range(3):\n    fs.append(lambda: i)", "i = 9", "fs[0]()"],
    "a generator that outlives its cell": ["k = [1]", "g = (x + k[0] for x in [1, 2])", "k = [10]", "list(g)"],
    "a generator that is used up": ["k = [1]", "sum(x + k[0] for x in [1, 2])"],
    "a comprehension": ["k = [1]\nxs = [1, 2]", "[x + k[0] for x in xs if x in xs]"],
    "a class whose name is shown": ["import json\nxs = [json.dumps(1)]\nclass A:\n    pass", "A, A.__qualname__"],
    "a class body that reads a name of the same name": ["v = [1]", "class A:\n    v = v\nprint(A.v)"],
    "a name bound on one way only": ["a = [1]", "if len(a) > 3:\n    b = 1\nelse:\n    c = 2", "c"],
    "a name rebound on one way only": ["a = [1]", "if len(a) > 3:\n    a = 1", "a"],
    "a name bound in a loop": ["last = [None]", "for last in range(3):\n    pass", "last"],
    "a name bound in a try": ["try:\n    x = [1]\nexcept ValueError:\n    x = None", "x"],
    "a name of an except clause": ["try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    s = [str(e)]", "s"],
    "a name that a manager may leave unbound": [
        "import contextlib", "with contextlib.suppress(ValueError):\n    x = int('a')", "try:\n    x\nexcept NameError:\n    print('none')"
    ],
    "del": ["x = [1]\ny = [2]", "del x", "try:\n    print(x)\nexcept NameError:\n    print('gone')"],
    "a builtin read, then rebound": ["print(max([1, 2]))", "max = min", "max([1, 2])"],
    "a builtin read and rebound in one cell": ["print(sum([1, 2])); sum = [3]", "sum"],
    "augmented": ["t = 1.5\nxs = [t]", "t += 1", "t *= 2", "t"],
    "star unpacking": ["a, *b = [1, 2, 3]", "b.append(a)", "a, b"],
    "walrus": ["if (n := len([1, 2])) > 1:\n    print(n)", "n"],
    "match": ["p = {'k': [1]}", "match p:\n    case {'k': [x]}:\n        print(x)", "x"],
    "exec": ["x = [1]", "exec('x.append(2); y = 3')", "x, y"],
    "eval": ["x = [1]", "eval('x + [2]')"],
    "globals": ["globals()['z'] = 5", "z", "'z' in locals(), 'z' in vars()"],
    "an annotated name": ["x: int = 5\nxs: list[int] = [x]", "def f():\n    return x", "x: int = 6", "f(), xs"],
    "an annotated class body": ["import dataclasses\nv = [1]", "@dataclasses.dataclass\nclass A:\n    x: int = 3\nx: int = 4\nprint(A())", "def f():\n    return x\nf()"],
    "a text of several lines": ["s = '''one\n  two\n'''\nxs = [s]", "print(s)\nt = f'''{s}\n   three'''", "t"],
    "a docstring": ["def f():\n    '''One\n    two.'''\n    return f.__doc__", "f()"],
    "tuples and brackets at the end": ["x = [1]", "x,", "x, 2", "(x), 2", "(x,\n 2)", "(x\n + [3])", "*x, 4"],
    "a generator at the end": ["x = [1]", "type((a for a in x)).__name__"],
    "a long value, broken into lines": ["x = {f'key {n}': list(range(n)) for n in range(9)}", "x"],
    "a semicolon at the end": ["x = [1]", "x;", "x  # shown"],
    "None at the end": ["x = [1]", "x.append(2)", "x"],
    "comments alone": ["x = [1]", "# only this", "x"],
    "imports in the middle": ["xs = [1]", "import math\ny = [math.pi]", "def f():\n    return math.e", "f(), y"],
    "an import that a cell prepares": ["import sys\nsys.path.insert(0, 'nowhere')", "import colorsys", "sys.path.pop(0)", "colorsys.__name__"],
    "a definition below work": ["xs = [3, 1]", "def first(v):\n    return v[0]", "first(xs)"],
    "a constant that is rebound": ["LIMIT = 1", "print(LIMIT)", "LIMIT = 2", "print(LIMIT)"],
    "an import that takes a name over": ["x = [1]", "pi = [3]\nprint(pi)", "from math import pi\nx.append(pi)\nprint(x)", "pi"],
    "a star import at the top": ["from math import *\nfrom os.path import join", "xs = [floor(pi)]", "pi = [3]", "pi, xs, e > 2"],
    "words of the script itself": ["task = [1]\nflow = 2", "Flow, main, show, given = task, 2, 3, [4]", "build_flow = [show]", "task, flow, main, given, build_flow"],
    "arguments that a task's call takes": ["self, flow = [1], [2]", "upstream_tasks = [self]", "self, flow, upstream_tasks"],
    "a name in a query": ["import pandas as pd\nlimit = [1]\ndf = pd.DataFrame({'a': [1, 2]})", "limit = limit[0]", "df.query('a > @limit')"],
    "random numbers": ["import random\nrandom.seed(3)", "a = [random.random()]", "b = [random.random()]", "a, b"],
    "a __future__ import": ["from __future__ import annotations\ndef f(x: Nowhere):\n    return x", "f([1])"],
    "a decorator and a default": ["import functools\nk = [1]", "@functools.lru_cache\ndef f(x=len(k)):\n    return x", "k.append(2)", "f()"],
    "tabs": ["xs = []\nfor i in range(2):\n\txs.append(i)", "xs"],
    "async functions that nobody awaits": ["async def f():\n    return 1", "import asyncio\nasyncio.run(f())"],
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_script_prints_what_its_notebook_shows(name):
    """Values, texts and their order are those of the notebook."""
    expected, _ = top_to_bottom(CASES[name])
    assert expected
    assert as_script(script_of(CASES[name])) == expected


READABLE = '''"""The flow made, written as a script from a notebook.

Run it: python THIS_FILE [--rate RATE]
"""

from jupyter_flows import Flow, Parameter, task
from jupyter_flows.script import main, show

import json

LIMIT = 3  # at most


@task(name="rows")
def rows_task(rate):
    # Twice.
    rows = [rate, 2 * rate]
    total = sum(rows)
    return rows, total


@task(max_retries=2)
def more(rows):
    show(rows.append( LIMIT ))
    return rows


@task
def cell_5(rows, total):
    print(json.dumps(rows))
    show(total)


def build_flow():
    """Connect the tasks."""
    with Flow("made") as flow:
        rate = Parameter("rate", default=2)
        rows_task_done = rows_task(rate)
        rows, total = rows_task_done[0], rows_task_done[1]
        rows = more(rows)
        cell_5(rows, total)
    return flow


if __name__ == "__main__":
    main(build_flow())
'''


def test_a_script_reads_as_if_written_by_hand():
    """Names, formatting and comments are the author's; arguments and results are the edges."""
    cells = [
        "rate = 2",
        "import json\n\nLIMIT = 3  # at most",
        "# Twice.\nrows = [rate, 2 * rate]\ntotal = sum(rows)",
        "#| task: more --retries 2\nrows.append( LIMIT )",
        "print(json.dumps(rows))\ntotal",
    ]
    tags = [("parameters",), (), ("task",), (), ("task",)]
    assert script_of(cells, *tags) == READABLE


PARAMETERS = {
    "mere values": (["n = 3\nname = 'x'", "print(n, name)", "n"], {"n": 5}, "5 x\n5\n"),
    "read by a function": (["n = 3", "def f():\n    return n", "f()"], {"n": 5}, "5\n"),
    "computed": (["n = 3\nm = n * 2", "print(n, m)"], {"n": 5}, "5 6\n"),
    "computed, and given": (["n = 3\nm = n * 2", "print(n, m)"], {"m": 1}, "3 1\n"),
    "required": (["n: int", "n + 1"], {"n": 5}, "6\n"),
    "not given": (["n = 3", "n"], {}, "3\n"),
    "of a name that a cell above has": (["n = 3", "n"], {}, "3\n"),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_the_flows(name):
    """A run of the script takes them as a run of the notebook's flow does."""
    cells, given_, expected = PARAMETERS[name]
    assert as_script(script_of(cells, ("parameters",)), given_) == expected


def test_a_parameter_whose_name_is_bound_above():
    """The cells stand in their order, whatever a parameter is called."""
    script = script_of(["n = [7]\nprint(n)", "n = 3", "print(n)"], (), ("parameters",))
    assert as_script(script, {"n": 4}) == "[7]\n4\n"


MAGICS = {
    "%matplotlib inline\nx = [1]\nx": "[1]\n",
    "%%time\nx = [1]\nx": "[1]\n",
    "%time x = [1]\nx": "[1]\n",
    "x = !echo one\nprint(x)": "['one']\n",
    "if True:\n    %config Nothing.here = 1\nprint(2)": "2\n",
    "sum?\nprint(1)": "1\n",
    "%pip install nothing\nprint(1)": "1\n",
    "display([1], 'a')": "[1]\n'a'\n",
}


@pytest.mark.parametrize("cell", MAGICS)
def test_magics_are_translated(cell):
    """What only arranges, measures or installs becomes a comment; commands become calls."""
    assert as_script(script_of([cell])) == MAGICS[cell]


REFUSED = {
    "%%bash\nls": "cell 1: the cell magic %%bash has no place in a script",
    "x = 1\n%run other.py": "cell 1, line 2: the magic %run has no place in a script",
    "!ls {folder}": "cell 1, line 1: the command `ls {folder}` may name variables by `$` or braces",
    "print(_)": "cell 1, line 1: `_` is IPython's and not there in a script",
    "import asyncio\nawait asyncio.sleep(0)": "cell 1, line 2: `await` outside of a function has no place in a script",
    "dir()": "cell 1, line 1: `dir()` would list the script's own names too",
    "print(1)\nfrom math import *": "cell 1: `from math import *` can't stand in a function: name what it takes",
}


@pytest.mark.parametrize("cell", REFUSED)
def test_what_can_not_be_exported_is_refused(cell):
    """The refusal names the cell and the reason, and nothing is written."""
    with pytest.raises(ExportRefused) as refused:
        script_of([cell])
    assert str(refused.value).split("\n")[0] == REFUSED[cell]


def test_a_notebook_of_which_nothing_takes_part_is_refused():
    """There is nothing to write."""
    with pytest.raises(ExportRefused, match="the notebook: none of its cells takes part in the flow"):
        script_of(["%load_ext jupyter_flows", ""])


def test_a_cell_that_may_fail_goes_on():
    """Under `raises-exception` what was bound before the error stays, and the cells below run."""
    script = script_of(["x = [1]\n1 / 0", "print(x)"], ("raises-exception",))
    assert as_script(script) == "[1]\n"


def test_cells_without_a_value_between_them_keep_their_order():
    """What the analysis orders and no argument shows is an edge of the script's flow."""
    script = script_of(["import random\nrandom.seed(1)", "print(random.random())", "print(random.random())"])
    assert "cell_3(upstream_tasks=[cell_2_done])" in script


def reported(sources):
    """Add a cell that shows every name the notebook leaves behind; None for a notebook that fails."""
    try:
        _, names = top_to_bottom(sources)
    except Exception:  # noqa: BLE001 - generated code may raise anything
        return None
    hidden = {"REPORT", "defaultdict"}
    left = [n for n in sorted(names) if n[0] != "_" and n not in hidden and not isinstance(names[n], types.ModuleType)]
    return [*sources, f"print(REPORT(dict({', '.join(f'{n}={n}' for n in left)})))"]


def check(seed):
    sources, _ = notebook(Random(seed))
    shown = reported(sources)
    for cells in (sources, shown) if shown else ():
        assert as_script(script_of(cells)) == top_to_bottom(cells)[0]


@pytest.mark.timeout(600)
@given(seed=st.integers(0, 2**32 - 1))
@example(seed=2**32 - 1)  # an item of a comprehension is set
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_generated_notebooks_give_the_same_as_scripts(seed):
    """Aliases, stored code, late binding and worse print and leave behind what they do in a notebook."""
    check(seed)


@pytest.mark.slow
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
def test_generated_notebooks_give_the_same_as_scripts_at_length(seed):
    """So do many."""
    check(seed)
