"""Cells in a run's shell give what they give in a real kernel through nbclient, output by output."""

from __future__ import annotations

import itertools
import json
import os
import re

import nbformat
import pytest
from nbclient import NotebookClient

from jupyter_flows.capture.dataflow import connect
from jupyter_flows.capture.source import parse
from jupyter_flows.core.cell import Cell
from jupyter_flows.engine.executors import LocalExecutor
from jupyter_flows.engine.launcher import Launcher
from jupyter_flows.environments import LocalEnvironment
from jupyter_flows.errors import CellSyntaxError
from jupyter_flows.executed import executed_notebook
from tests.engine.runs import PATIENCE_SECONDS, Runner, cell_task, flow_of_cells

CELLS = {
    "nothing": "x = 1",
    "value": "x + 1",
    "long value": "list(range(200))",
    "dict": "{'b': 1, 'a': {'c': [1, 2, 3]}}",
    "set": "{3, 1, 2}",
    "string": "'it is\\n' + \"quoted\"",
    "none": "None",
    "quiet": "x + 1;",
    "quiet with a comment": "x + 1;  # not shown",
    "printed": "print('a'); print('b', end='')",
    "stderr": "import sys\nprint('out')\nprint('err', file=sys.stderr)\nprint('out again')",
    "written": "sys.stdout.write('text\\n')",
    "display": "from IPython.display import HTML, Markdown, display\ndisplay(HTML('<b>bold</b>'), Markdown('*x*'))",
    "html value": "HTML('<i>it</i>')",
    "two displays": "print('one'); display('two'); print('three')",
    "frame": "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2], 'b': ['x', 'y']})\ndf",
    "series": "df.a",
    "display frame": "display(df)",
    "own repr": "class Own:\n    def _repr_html_(self): return '<p>own</p>'\n    def __repr__(self): return 'Own'\nOwn()",
    "mime bundle": "class Bundle:\n    def _repr_mimebundle_(self, include=None, exclude=None): return {'text/plain': 'b', 'application/x-b+json': {'n': 1}}\nBundle()",
    "broken repr": "class Broken:\n    def __repr__(self): raise ValueError('no repr')\nBroken()",
    "figure": "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3]);",
    "figure and text": "print('before')\nfig, ax = plt.subplots()\nax.bar(['a'], [1])\nplt.show()\nprint('after')",
    "open figure": "fig, ax = plt.subplots()\nax.set_title('t')",
    "figure value": "fig",
    "matplotlib inline": "%matplotlib inline",
    "update": "h = display('first', display_id='shown')\nh.update('second')",
    "update from below": "h.update(HTML('<b>third</b>'))",
    "clear": "from IPython.display import clear_output\nprint('gone')\nclear_output()\nprint('stays')",
    "clear and wait": "for n in range(3):\n    clear_output(wait=True)\n    print('step', n)",
    "clear at the end": "print('stays too')\nclear_output(wait=True)",
    "error": "def f(n):\n    return 1 / n\n\nf(0)",
    "error in another cell's function": "y = 3\nf(0)",
    "own error": "class Odd(Exception): pass\nraise Odd('text')",
    "chained error": "try:\n    {}['a']\nexcept KeyError as e:\n    raise ValueError('b') from e",
    "error after output": "print('some')\ndisplay('more')\n[][1]",
    "syntax error": "a = (1,\nb = 2",
    "indentation error": "if x:\nprint(1)",
    "name error": "undefined_name",
    "exit": "sys.exit(3)",
    "command": "!echo one; echo two >&2",
    "command's output": "lines = !echo three; echo four\nlines",
    "command with a name": "word = 'five'\n!echo {word} $word",
    "failing command": "!false\n_exit_code",
    "bash": "%%bash\necho from bash\necho wrong >&2",
    "capture": "%%capture got\nprint('caught')",
    "captured": "got.stdout",
    "time": "%%time\nprint('timed')\n1 + 1",
    "timeit": "%timeit -n 2 -r 2 pass",
    "line magic": "%pwd",
    "magic's value": "here = %pwd\nhere",
    "magic without its sign": "pwd",
    "a kernel's magic": "%autosave 60",
    "all magics": "%lsmagic",
    "a formatter for a type not imported yet": "get_ipython().display_formatter.formatters['text/html'].for_type_by_name('fractions', 'Fraction', lambda f: '<b>half</b>')",
    "what it shows": "from fractions import Fraction\nFraction(1, 2)",
    "who": "q1 = 1\n%who_ls int",
    "help": "len?",
    "await": "import asyncio\nawait asyncio.sleep(0, 'waited')",
    "await in a function": "async def g():\n    print('in g')\n    return 5\nawait g()",
    "running loop": "asyncio.get_running_loop().is_running()",
    "asyncio.run": "waiting = g()\ntry:\n    asyncio.run(waiting)\nfinally:\n    waiting.close()",
    "task": "later = asyncio.create_task(asyncio.sleep(0, 'slept'))",
    "task's result": "await later",
    "context variable": "import contextvars\nkept = contextvars.ContextVar('kept', default=0)\nkept.set(1);",
    "context variable kept": "kept.get()",
    "context variable set while waiting": "await asyncio.sleep(0)\nkept.set(2);",
    "context variable after waiting": "kept.get()",
    "print options": "import numpy as np\nnp.set_printoptions(precision=2)",
    "print options kept": "np.array([1.2345])",
    "async error": "async def bad():\n    raise RuntimeError('async')\nawait bad()",
    "last value": "6 * 7",
    "underscore": "_ + 1",
    "In and Out": "len(In) == max(Out) + 1, In[1]",
    "get_ipython": "get_ipython().execution_count",
    "main": "import __main__\n__main__.x, __name__",
    "pickle": "import pickle\nclass P: pass\ntype(pickle.loads(pickle.dumps(P()))).__module__",
    "source": "import inspect\ninspect.getsource(f)",
    "thread": "import threading\nt = threading.Thread(target=print, args=('from a thread',)); t.start(); t.join()",
    "warning": "import warnings\nwarnings.warn('careful')",
    "logging": "import logging\nlogging.warning('logged')",
    "multiline string": "'''a\n%notmagic\n!notcommand'''",
    "javascript": "%%javascript\nconsole.log(1)",
    "latex": "%%latex\n$x$",
    "writefile": "%%writefile made_by_cell.py\nvalue = 7",
    "import written": "import made_by_cell; made_by_cell.value",
    "run": "%run made_by_cell.py",
    "autoreload": "%load_ext autoreload\n%autoreload 2",
    "env": "import os\nos.environ['TERM'], os.environ['MPLBACKEND']",
    "width": "import numpy as np\nnp.arange(30).reshape(2, 15)",
    "long line": "'x' * 300",
    "bytes": "b'\\x00abc'",
    "generator": "(i for i in range(3)).__class__",
    "future": "from __future__ import annotations\ndef ann(a: Unknown): return a",
    "future stays": "def ann2(a: Unknown2): return a\nann2.__annotations__",
    "walrus": "(w := 5)",
    "two expressions": "1\n2",
    "loop expression": "for i in range(2):\n    i",
    "semicolon inside": "'a;'",
    "progress": "from tqdm import tqdm\nfor i in tqdm(range(3), disable=False, ncols=40, bar_format='{n}/{total}'): pass",
    "kernel's shell": "get_ipython()",
    "wide categories": "pd.cut([20, 22, 25, 27, 21, 23, 37, 31, 61, 45, 41, 32], [18, 25, 35, 60, 100])",
    "backend of a page": "%matplotlib notebook",
    "inline again": "%matplotlib inline",
    "set_option": "pd.set_option('display.max_rows', 2)\npd.DataFrame({'a': range(5)})",
}

NAMES = list(CELLS)


def normal(output):
    """Return an output without what differs from one kernel to the next: addresses, times, process ids."""
    text = json.dumps(output, sort_keys=True, ensure_ascii=False)
    text = re.sub(r"0x[0-9a-f]+", "0xADDRESS", text)
    text = re.sub(
        r"(/tmp/ipykernel_\d+/)?\d+\.py|(/tmp/jupyter_flows_\d+/)?cell_\d+_\w+\.py|<ipython-input-\d+-[0-9a-f]+>",
        "CELL",
        text,
    )
    text = re.sub(r"The slowest run took [^.]+\.\d+ times[^.]+\.[^.]+\.\\n", "", text)  # %timeit, now and then
    text = re.sub(r"\d+(\.\d+)?\s(ns|[uµμ]s|ms|s)\b", "TIME", text)
    return re.sub(r"(user|sys|total): TIME", r"\1: TIME", text)


def merged(outputs):
    """Return outputs with the text between two displays put together, by stream: a kernel mixes up their order."""
    result = []
    for is_text, group in itertools.groupby(outputs, key=lambda output: output["output_type"] == "stream"):
        if not is_text:
            result.extend(group)
            continue
        texts = {"stdout": "", "stderr": ""}
        for output in group:
            texts[output["name"]] += output["text"]
        result.extend({"output_type": "stream", "name": n, "text": text} for n, text in texts.items() if text)
    return result


def notebook():
    """Make a notebook of all cells."""
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in CELLS.values()])


@pytest.fixture(scope="module")
def by_kernel(tmp_path_factory):
    """Run the cells in a kernel."""
    made = notebook()
    folder = str(tmp_path_factory.mktemp("kernel"))
    # Below pytest a kernel does not take what is written to file descriptors.
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    client = NotebookClient(made, allow_errors=True, timeout=PATIENCE_SECONDS, kernel_name="python3")
    client.resources = {"metadata": {"path": folder}}
    client.execute(env=env)
    return folder, {name: merged(cell.outputs) for name, cell in zip(NAMES, made.cells, strict=True)}


@pytest.fixture(scope="module")
def by_run(tmp_path_factory):
    """Run the cells as a flow, one after the other."""
    return outputs_of(flow_of_cells(CELLS.values(), chained=False, shell=True), tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def by_workers(tmp_path_factory):
    """Run the cells as a flow, as many at once as their edges and what is known of them allow."""
    flow = connect([Cell(analysable(code), n) for n, code in enumerate(CELLS.values(), 1)])
    assert len(flow.portable) > len(CELLS) / 5
    tasks = [
        cell_task(n + 1, code, shell=True, reads=refs.reads, writes=refs.writes, portable=n in flow.portable)
        for n, (code, refs) in enumerate(zip(CELLS.values(), flow.refs, strict=True))
    ]
    environment = LocalEnvironment(executor=LocalExecutor(workers=4))
    made = flow_of_cells(tasks, chained=False, shell=True, environment=environment)
    for edge in flow.edges:
        # Cells that fail here are meant to: what needs them runs all the same.
        made.add_edge(tasks[edge.upstream], tasks[edge.downstream])
    for task in tasks:
        task.cell = Cell(task.code, task.cell.ordinal, tags=frozenset({"raises-exception"}))
    return outputs_of(made, tmp_path_factory.mktemp("workers"))


def analysable(code):
    """Return a cell's code, or some that nobody can follow in place of what is no Python."""
    try:
        parse(code)
    except CellSyntaxError:
        return "exec(input())"
    return code


def outputs_of(flow, folder):
    """Run a flow of the cells; return its folder and each cell's outputs."""
    with Launcher(spares=False) as launcher:
        runner = Runner(folder, launcher)
        story = runner.run(flow)
    document = {
        "tasks": [{"slug": f"cell_{n}", "cell": {"ordinal": n, "parameters": False}} for n in range(1, len(CELLS) + 1)]
    }
    text = executed_notebook(nbformat.writes(notebook()), document, story.events, {"parameters": {}, "state": "Failed"})
    cells = nbformat.reads(text, as_version=4).cells
    return str(folder), {name: merged(cell.outputs) for name, cell in zip(NAMES, cells, strict=True)}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_a_kernels_on_workers_too(by_kernel, by_workers, name):
    """Cells that run beside each other show what they show one after the other."""
    assert_same(by_kernel, by_workers, name)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_a_kernels(by_kernel, by_run, name):
    """Types, data, order, text, numbers and tracebacks are the same."""
    assert_same(by_kernel, by_run, name)


def assert_same(by_kernel, by_flow, name):
    """Compare one cell's outputs."""
    (there, expected), (here, found) = by_kernel, by_flow
    wanted = [normal(output).replace(there, "FOLDER") for output in expected[name]]
    got = [normal(output).replace(here, "FOLDER") for output in found[name]]
    assert got == wanted
