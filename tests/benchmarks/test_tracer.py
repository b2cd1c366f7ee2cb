"""The tracer: cells, and the edges that running them shows to be needed; a false or a missing one becomes a row."""

from __future__ import annotations

import ast
import builtins
import json
import sys
import sysconfig
from pathlib import Path
from random import Random
from types import ModuleType, SimpleNamespace

import pytest

from benchmarks.notebooks.tracer.files import Files
from benchmarks.notebooks.tracer.kernel import Tracer
from benchmarks.notebooks.tracer.observer import HOOKS
from jupyter_flows.capture.dataflow import connect
from jupyter_flows.core.cell import Cell

sys.path.insert(0, str(Path(__file__).parents[1] / "capture"))

from adversary import OUTSIDE
from generator import notebook

NUMPY = "import numpy as np"
PANDAS = "import pandas as pd"
CLASS = "class C:\n    def __init__(self): self.v = []\n    def add(self, k): self.v.append(k)"

#: What the case is about, the cells, the edges as "upstream-downstream label", all of them, in order.
# fmt: off
CASES: list[tuple[str, list[str], str]] = [
    ("a name is read", ["x = 1", "y = x"], "1-2 x"),
    ("a name is bound again", ["x = 1", "x = 2"], "1-2 x"),
    ("a name is bound after it was read", ["x = 1", "y = x", "x = 2"], "1-2 x, 1-3 x, 2-3 x"),
    ("a name that the cell itself binds first", ["x = 1", "x = 2; y = x", "z = y"], "1-2 x, 2-3 y"),
    ("names have nothing in common", ["x = 1", "y = 2"], ""),
    ("the branch that is not taken reads nothing", ["x = 1", "if 0:\n    y = x"], ""),
    ("a deleted name", ["x = 1", "del x"], "1-2 x"),
    ("a module imported again stays what it is", ["import math", "import math", "math.pi"], "1-3 math"),
    ("a name read in a function, when it is called", ["x = 1", "def f(): return x", "y = f()"], "1-3 x, 2-3 f"),
    ("a function's own name is not the module's", ["x = 1", "def f(x): return x + 1", "y = f(2)"], "2-3 f"),
    ("a comprehension's own name is not the module's", ["x = 1", "y = [x for x in range(3)]"], ""),
    ("a class's own name is not the module's", ["x = 1", "class A:\n    x = 2\n    y = x"], ""),
    ("a method reads the module's name, not the class's", ["x = 1", "class A:\n    x = 2\n    def f(self): return x", "a = A()", "y = a.f()"], "1-4 x, 2-3 A, 2-4 A, 3-4 a"),
    ("a name bound by global", ["def f():\n    global x\n    x = 1", "f()", "y = x"], "1-2 f, 2-3 x"),
    ("a loop's name", ["x = 1", "for x in range(2): pass", "y = x"], "1-2 x, 2-3 x"),
    ("augmented assignment", ["x = 1", "x += 1", "y = x"], "1-2 x, 2-3 x"),
    ("a list is changed", ["a = []", "a.append(1)", "len(a)"], "1-2 a, 1-3 a, 2-3 a"),
    ("a list is changed through another name", ["a = []", "b = a", "b.append(1)", "len(a)"], "1-2 a, 1-3 a, 1-4 a, 2-3 b, 3-4 a"),
    ("handing an object on reads nothing of it", ["a = [1]", "d = {'k': a}", "a.append(2)", "e = d['k']"], "1-2 a, 1-3 a, 2-4 d"),
    ("an object that becomes an item is not looked into", ["a, d = [], {}", "a.append(1)", "d['k'] = d['l'] = a"], "1-2 a, 1-3 a, 1-3 d"),
    ("an object that becomes an attribute is not looked into", [CLASS, "c, a = C(), []", "a.append(1)", "c.w = a"], "1-2 C, 2-3 a, 2-4 a, 2-4 c"),
    ("an array looks into what becomes its items", ["import numpy as np\na, d = [0], np.zeros(1)", "a[0] = 1", "d[:] = a", "d.sum()"], "1-2 a, 1-3 a, 1-3 d, 1-4 d, 2-3 a, 3-4 d"),
    ("a chain looks at nothing before it is gone through", ["import itertools\na = [1]", "a.append(2)", "c = itertools.chain(a)", "x = list(c)"], "1-2 a, 1-3 a, 1-3 itertools, 2-4 a, 3-4 c"),
    ("the other item of a dict", ["d = {'a': [], 'b': []}", "d['a'].append(1)", "len(d['b'])"], "1-2 d, 1-3 d"),
    ("what is printed is read with all it holds", ["a = []", "d = {'a': a}", "a.append(1)", "s = str(d)"], "1-2 a, 1-3 a, 2-4 d, 3-4 a"),
    ("what is displayed is read with all it holds", ["a = []", "d = [a]", "a.append(1)", "d"], "1-2 a, 1-3 a, 2-4 d, 3-4 a"),
    ("a change comes after a reading", ["a = [1]", "n = len(a)", "a.append(n)"], "1-2 a, 1-3 a, 2-3 a, 2-3 n"),
    ("sorting an ordered list changes nothing", ["a = [1, 2]", "a.sort()", "len(a)"], "1-2 a, 1-3 a"),
    ("an instance is changed by a method", [CLASS, "c = C()", "c.add(1)", "n = c.v"], "1-2 C, 1-3 C, 1-4 C, 2-3 c, 2-4 c"),
    ("what an instance holds is read", [CLASS, "c = C()", "c.add(1)", "n = len(c.v)"], "1-2 C, 1-3 C, 1-4 C, 2-3 c, 2-4 c, 3-4 c"),
    ("a closure counts", ["def m():\n    n = 0\n    def s():\n        nonlocal n\n        n += 1\n        return n\n    return s", "c = m()", "c()", "c()"], "1-2 m, 2-3 c, 2-4 c, 3-4 c"),
    ("a mutable default is changed", ["def f(k=[]):\n    k.append(1)\n    return len(k)", "f()", "f()"], "1-2 f, 1-3 f, 2-3 f"),
    ("an iterator moves on", ["i = iter([1, 2])", "next(i)", "next(i)"], "1-2 i, 1-3 i, 2-3 i"),
    ("an iterator that is used up stays so", ["z = zip([1], {2: 3})", "len(list(z))", "x = 1", "len(list(z))"], "1-2 z, 1-4 z, 2-4 z"),
    ("a generator moves on", ["g = (k for k in [1, 2])", "next(g)", "next(g)"], "1-2 g, 1-3 g, 2-3 g"),
    ("a generator reads when it is moved on", ["x = [1]", "g = (len(x) for k in [1])", "x.append(2)", "next(g)"], "1-3 x, 1-4 x, 2-4 g, 3-4 x"),
    ("a cached function remembers, and stays what it is", ["import functools\n@functools.cache\ndef f(k): return k", "f(1)", "f(1)"], "1-2 f, 1-3 f"),
    ("a library's function reads what it is given, and all that holds", ["import json", "a = [1]", "d = [a]", "a.append(2)", "json.dumps(d)"], "1-5 json, 2-3 a, 2-4 a, 3-5 d, 4-5 a"),
    ("a notebook's function reads what it looks at", ["a = []", "def f(p, q): return q", "a.append(1)", "f(a, 1)"], "1-3 a, 1-4 a, 2-4 f"),
    ("an array's view is the array", [NUMPY, "a = np.zeros(3)", "b = a[1:]", "b[0] = 1", "s = a.sum()"], "1-2 np, 2-3 a, 2-4 a, 2-5 a, 3-4 a, 3-4 b, 4-5 a"),
    ("an array's copy is its own", [NUMPY, "a = np.zeros(3)", "b = a[1:].copy()", "b[0] = 1", "s = a.sum()"], "1-2 np, 2-3 a, 2-5 a, 3-4 b"),
    ("writing the same into an array changes nothing", [NUMPY, "a = np.zeros(3)", "a[0] = 0", "s = a.sum()"], "1-2 np, 2-3 a, 2-4 a"),
    ("a tuple of numbers has no state", ["a = [(1, 2), [3]]", "for t in a: pass", "x = [len(t) for t in a]"], "1-2 a, 1-3 a"),
    ("a list of tuples is changed", ["a = [(1, 2), [3]]", "a[0] = (1, 4)", "len(a)"], "1-2 a, 1-3 a, 2-3 a"),
    ("a class of a library has no state", ["from collections import defaultdict", "d = defaultdict(list)", "x = list(range(3))"], "1-2 defaultdict"),
    ("a frame gets a column", [PANDAS, "d = pd.DataFrame({'a': [1]})", "d['b'] = 2", "s = d.sum()"], "1-2 pd, 2-3 d, 2-4 d, 3-4 d"),
    ("a series is changed", [PANDAS, "s = pd.Series([1, 2, 3])", "s[1] = 5", "s.sum()"], "1-2 pd, 2-3 s, 2-4 s, 3-4 s"),
    ("dates in a frame are changed", [PANDAS, "d = pd.DataFrame({'a': pd.to_datetime(['2020', '2021'])})", "d.loc[0, 'a'] = pd.NaT", "d.count()"], "1-2 pd, 1-3 pd, 2-3 d, 2-4 d, 3-4 d"),
    ("categories and missing values are changed", [PANDAS, "d = pd.DataFrame({'a': pd.Categorical(['x', 'y']), 'b': pd.array([1, None])})", "d.loc[0, 'b'] = 3", "d.count()"], "1-2 pd, 2-3 d, 2-4 d, 3-4 d"),
    ("text in a frame is changed", [PANDAS, "d = pd.DataFrame({'a': ['x', 'y'], 'b': [1, 2]})", "d.loc[0, 'a'] = 'z'", "d.count()"], "1-2 pd, 2-3 d, 2-4 d, 3-4 d"),
    ("what is missing is no object", [PANDAS, "s = pd.Series(['a', None], dtype='string')", "d = pd.Series(['b', None], dtype='string')", "n = s.count() + d.count()"], "1-2 pd, 1-3 pd, 2-4 s, 3-4 d"),
    ("a frame's hidden caches are not its content", [PANDAS, "d = pd.DataFrame({'a': [1]}, index=['x'])", "d.loc['x']", "d.index.is_unique", "d.groupby('a').sum()"], "1-2 pd, 2-3 d, 2-4 d, 2-5 d"),
    ("a frame's index is given a name", [PANDAS, "d = pd.DataFrame({'a': [1]})", "d.index.name = 'n'", "d.head()"], "1-2 pd, 2-3 d, 2-4 d, 3-4 d"),
    ("a random generator is drawn from", [NUMPY, "r = np.random.default_rng(0)", "x = r.random()", "y = r.random()"], "1-2 np, 2-3 r, 2-4 r, 3-4 r"),
    ("matching binds names", ["p = {'a': [1]}", "match p:\n    case {'a': q}: q.append(1)", "len(q)"], "1-2 p, 2-3 p, 2-3 q"),
    ("with binds names", ["import io", "f = io.StringIO('a')", "with f as g: t = g.read()", "s = t"], "1-2 io, 2-3 f, 3-4 t"),
    ("except binds names", ["e = 1", "try:\n    1 / 0\nexcept ZeroDivisionError as e: pass", "x = 1"], "1-2 e"),
    ("assignment in an expression", ["print((n := 3), end='')", "m = n"], "1-2 n"),
    ("unpacking", ["a, (b, *c) = 1, (2, 3)", "d = b", "e = c"], "1-2 b, 1-3 c"),
    ("a decorator", ["n = []", "def d(f):\n    n.append(1)\n    return f", "@d\ndef g(): return 1", "len(n)"], "1-3 n, 1-4 n, 2-3 d, 3-4 n"),
    ("a failing cell has done what it has done", ["a = []", "a.append(1)\n1 / 0\na.append(2)", "len(a)"], "1-2 a, 1-3 a, 2-3 a"),
    ("super without arguments works as before", ["class A:\n    def f(self): return 1", "class B(A):\n    def f(self): return super().f()", "b = B()", "y = b.f()"], "1-2 A, 2-3 B, 2-4 B, 3-4 b"),
    ("private names of a class work as before", ["class A:\n    def __init__(self): self.__v = [1]\n    def f(self): return len(self.__v)", "a = A()", "y = a.f()"], "1-2 A, 1-3 A, 2-3 a"),
    ("a warning binds no name of the notebook", ["import warnings\nwarnings.simplefilter('ignore')\nwarnings.warn('a')", "x: int = 1", "y: int = 2"], ""),
    ("future imports stay first", ["from __future__ import annotations\nfrom __future__ import division\nx = 1", "y = x"], "1-2 x"),
]
# fmt: on


class Shell:
    """Runs cells as IPython does, as far as the tracer sees."""

    def __init__(self):
        self.user_ns = {"__name__": "__main__", "__builtins__": builtins}
        self.ast_transformers = []
        self.events = self
        self._callbacks = {}

    def register(self, event, callback):
        self._callbacks[event] = callback

    def run(self, source):
        """Run one cell; an error ends it."""
        self._callbacks["pre_run_cell"](None)
        error = None
        tree = ast.parse(source)
        for transformer in self.ast_transformers:
            tree = transformer.visit(tree)
        try:
            exec(compile(tree, "<cell>", "exec"), self.user_ns)
        except Exception as raised:  # noqa: BLE001
            error = raised
        self._callbacks["post_run_cell"](SimpleNamespace(error_before_exec=None, error_in_exec=error))


@pytest.fixture
def traced(tmp_path, monkeypatch):
    """Return a function that traces cells and gives a line of facts for each."""
    for hook in HOOKS.values():
        monkeypatch.setattr(builtins, hook, None, raising=False)

    def run(*cells):
        shell, to = Shell(), tmp_path / "trace.jsonl"
        Tracer(shell, to, Files(tmp_path))
        for cell in cells:
            shell.run(cell)
        return [json.loads(line) for line in to.read_text().splitlines()]

    return run


def words(lines):
    """Write edges as the cases do."""
    found = sorted({(up, line["cell"], label) for line in lines for up, _, label in line["edges"]})
    return ", ".join(f"{up}-{cell} {label}" for up, cell, label in found)


@pytest.mark.parametrize(("cells", "edges"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_edges(traced, cells, edges):
    """Running the cells shows exactly these edges, and no trouble."""
    lines = traced(*cells)
    assert not [line["trouble"] for line in lines if "trouble" in line]
    assert words(lines) == edges


@pytest.mark.parametrize("seed", range(20))
def test_generated_notebooks(traced, seed, monkeypatch):
    """Whatever random notebooks show to be needed is implied by what the analysis finds."""
    outside = ModuleType("outside")
    outside.__file__ = f"{sysconfig.get_path('purelib')}/outside.py"  # Not the notebook's own.
    exec(OUTSIDE, outside.__dict__)
    monkeypatch.setitem(sys.modules, "outside", outside)
    cells, _ = notebook(Random(seed))
    before: list[set[int]] = [set() for _ in cells]
    for edge in sorted(connect([Cell(c, n) for n, c in enumerate(cells, 1)]).edges, key=lambda e: e.downstream):
        before[edge.downstream] |= {edge.upstream} | before[edge.upstream]
    needed = [(up, line["cell"], label) for line in traced(*cells) for up, _, label in line["edges"]]
    assert needed
    assert [e for e in needed if e[0] - 1 not in before[e[1] - 1]] == []


def test_kinds_of_edges(traced):
    """Each edge says what kind of order it is."""
    lines = traced("a = []", "n = len(a)", "a.append(1)", "len(a)")
    kinds = {(up, line["cell"]): kind for line in lines for up, kind, label in line["edges"] if label == "a"}
    assert kinds[2, 3] == "write-after-read"
    assert kinds[3, 4] == "read-after-write"


def test_hidden_state(traced):
    """Changed state that has no name is told, and whether a generator was seeded before it was drawn from."""
    lines = traced(
        "import random", "random.seed(1)", "x = random.random()", "import decimal\ndecimal.getcontext().prec = 5"
    )
    assert [line["hidden"] for line in lines] == [[], ["<random>"], ["<random>"], ["<precision>"]]
    assert [line["renewed"] for line in lines] == [[], ["<random>"], [], []]


def test_files(traced, tmp_path):
    """Files below the folder are told by their names, read or written."""
    lines = traced(
        f"with open({str(tmp_path / 'a.txt')!r}, 'w') as f: f.write('x')",
        f"with open({str(tmp_path / 'a.txt')!r}) as f: t = f.read()",
    )
    assert [line["files_written"] for line in lines] == [["a.txt"], []]
    assert [line["files_read"] for line in lines] == [[], ["a.txt"]]


def test_objects_without_a_fingerprint_are_counted(traced):
    """What can't be fingerprinted is counted, by its type."""
    lines = traced("import threading", "lock = threading.Lock()\nxs = [1]")
    assert lines[1]["opaque"] == {"_thread.lock": 1}
    assert (lines[1]["objects"], lines[1]["opaque_count"]) == (2, 1)
