"""Portable cells: all that they do is known from the code."""

from __future__ import annotations

import pytest

from jupyter_flows.capture.dataflow import connect
from jupyter_flows.core.cell import Cell

PRELUDE = """\
import math, os, random, sys, time, warnings, threading
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
import unknown_library
from sklearn.linear_model import LinearRegression
from sklearn.ensemble import RandomForestClassifier
def double(n): return 2 * n
def noise(): return np.random.rand()
def fitted(X, y): return RandomForestClassifier(random_state=0, n_jobs=2).fit(X, y)
def lazy():
    import json
    return json.dumps({})
async def later(): return 1
"""
MADE = (
    "df = pd.DataFrame({'a': [1, 2], 'b': [3, 4]})\nX = np.arange(6.0).reshape(3, 2)\ny = np.arange(3.0)\nxs = [1, 2]"
)

PORTABLE = [
    "total = sum(xs)",
    "xs.append(3)",
    "total = double(2)\ntotal",
    "df['c'] = df['a'] + 1",
    "df.groupby('a')['b'].mean()",
    "df2 = df.merge(df, on='a')\ndf2.describe()",
    "u, s, v = np.linalg.svd(X)\nprint(s)",
    "rng = np.random.default_rng(0)\nnp.sort(rng.normal(size=5))",
    "model = LinearRegression().fit(X, y)\nmodel.score(X, y)",
    "frame = pd.read_csv('somewhere.csv')",
    "for x in xs:\n    if x > 1:\n        print(f'{x:.2f}')",
    "class Point:\n    def __init__(self, x):\n        self.x = x\np = Point(1)",
    "counts = {k: len(k) for k in ['a', 'bb']}",
    "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    print(e)",
    "display(df)",
]
AT_HOME = [
    "import json",
    "lazy()",
    "np.random.rand(3)",
    "noise()",
    "random.random()",
    "df.sample(1)",
    "plt.plot(xs)",
    "df.plot()",
    "df.hist()",
    "fig, ax = plt.subplots()",
    "unknown_library.run()",
    "unknown_library.run(df)",
    "f = unknown_library.Thing()",
    "os.chdir('/')",
    "os.environ['A'] = 'b'",
    "os.system('ls')",
    "warnings.simplefilter('ignore')",
    "pd.set_option('display.max_rows', 5)",
    "np.set_printoptions(precision=2)",
    "np.seterr(all='ignore')",
    "df.to_csv('out.csv')",
    "open('out.txt', 'w').write('x')",
    "name = input()",
    "x = await later()",
    "async def never(): pass",
    "!ls",
    "files = !ls",
    "%time sum(xs)",
    "%%time\nsum(xs)",
    "%matplotlib inline",
    "get_ipython().run_line_magic('who', '')",
    "exec('x = 1')",
    "globals()['x'] = 1",
    "_",
    "Out[1]",
    "threading.Thread(target=double, args=(1,)).start()",
    "sys.setrecursionlimit(5000)",
    "forest = RandomForestClassifier(random_state=0, n_jobs=2).fit(X, y)",
    "forest = RandomForestClassifier(random_state=0, verbose=1).fit(X, y)",
    "forest = RandomForestClassifier().fit(X, y)",
    "fitted(X, y)",
    "np.sum = max",
    "def gen():\n    yield 1",
]


def portable(source):
    """Tell whether a cell is portable below imports and values."""
    cells = [Cell(text, n) for n, text in enumerate([PRELUDE, MADE, source], 1)]
    return 2 in connect(cells).portable


@pytest.mark.parametrize("source", PORTABLE)
def test_cells_of_which_everything_is_known_are_portable(source):
    """Computing with known libraries and notebook functions leaves nothing to guess."""
    assert portable(source)


@pytest.mark.parametrize("source", AT_HOME)
def test_other_cells_stay_home(source):
    """Hidden state, unknown code, imports, magics and what needs the main thread keep a cell there."""
    assert not portable(source)


def test_definition_cells_are_not_portable():
    """Imports and definitions are replayed where they stand."""
    assert connect([Cell("import numpy as np", 1), Cell("def f(): return 1", 2)]).portable == frozenset()
