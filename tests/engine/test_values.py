"""Values that may be used on another thread: known ones, and all that they hold."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from jupyter_flows.engine.values import Unfit, all_fit

#: What stands in a notebook before the values are made.
NOTEBOOK = """
import abc, collections, dataclasses, datetime, decimal, enum, functools, io, itertools, math, pathlib, re, threading
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
def function(x=(1, 2), *, y=3): return x
def kept(x=[threading.Lock()]): return x
def closing(x): return lambda: x
def generator(): yield 1
@dataclasses.dataclass
class Point:
    x: object = 1
    def far(self): return self.x > 9
    @property
    def twice(self): return 2 * self.x
    @staticmethod
    def origin(): return Point(0)
class Slotted:
    __slots__ = ("a",)
    def __init__(self, a): self.a = a
class Held: lock = threading.Lock()
class Built(list): pass
class Colour(enum.Enum): RED = 1
class Wrong(Exception): pass
cycle = [1]
cycle.append(cycle)
split = pd.DataFrame({"a": [1, 2]})
split["b"] = [3, 4]
split["c"] = [5, 6]
"""

FIT = [
    "1", "1.5", "'text'", "b'x'", "None", "True", "range(3)", "datetime.datetime(2020, 1, 1)", "decimal.Decimal(1)",
    "pathlib.Path('x')", "re.compile('a')", "[1, [2, {'a': (3, {4})}]]", "cycle", "function", "closing([1])", "Point",
    "Point([1])", "Slotted(1)", "Wrong", "generator", "math", "np", "pd", "np.random", "math.sqrt", "len", "sum", "dict",
    "np.sum", "np.exp", "pd.read_csv", "LinearRegression", "itertools.chain", "str.upper",
    "np.arange(3)", "np.float64(1)", "np.dtype('f8')", "np.array(['a', 'b'])", "pd.Series([1, 2])", "pd.Timestamp('2020')",
    "pd.DataFrame({'a': [1, 2], 'b': ['x', None], 'c': [1.0, 2.0]})", "pd.DataFrame({'o': ['x', 1]}, dtype=object)",
    "pd.DataFrame({'c': pd.Categorical(['x', 'y']), 'i': pd.array([1, None], dtype='Int64')})",
    "pd.to_datetime(pd.Series(['2020', '2021'])).dt.tz_localize('UTC')", "pd.date_range('2020', periods=3)",
    "pd.Index([1, 2])", "pd.MultiIndex.from_tuples([(1, 'a')])",
]  # fmt: skip
UNFIT = [
    "threading.Lock()", "threading.local()", "iter([1])", "generator()", "io.StringIO()", "[1, [threading.Event()]]",
    "{1: iter([])}", "kept", "closing(threading.Lock())", "Point(threading.Lock())", "Slotted(io.StringIO())", "Held",
    "Held()", "Built()", "Colour.RED", "threading", "io", "threading.Thread", "functools.partial(len)",
    "functools.lru_cache(function)", "np.array([threading.Lock()])", "pd.Series([threading.Lock()])", "split",
    "pd.DataFrame({'a': [[threading.Lock()]]})", "LinearRegression()", "np.random.default_rng(0)", "[0.5] * 60_000",
    "collections.deque([1])", "np.ma.array([1])", "pd.DataFrame({'a': [1]}).groupby('a')", "print.__self__.open",
]  # fmt: skip


@pytest.fixture(scope="module")
def main():
    """Return a notebook's namespace; classes made in it belong to ``__main__``."""
    module = ModuleType("__main__")
    before = sys.modules["__main__"]
    sys.modules["__main__"] = module
    try:
        exec(NOTEBOOK, vars(module))
    finally:
        sys.modules["__main__"] = before
    return vars(module)


@pytest.mark.parametrize("expression", FIT)
def test_known_values_are_fit(main, expression):
    """Plain values, arrays, frames and the notebook's own functions, classes and instances may be shared."""
    assert all_fit([eval(expression, main)], main=main)


@pytest.mark.parametrize("expression", UNFIT)
def test_other_values_are_not(main, expression):
    """Locks, iterators, files, thread-locals, unknown types, and whatever holds one of them."""
    with pytest.raises(Unfit):
        all_fit([1, eval(expression, main)], main=main)


def test_settings_of_one_thread_keep_cells_home():
    """What scikit-learn was told by the main thread, another would not know."""
    code = (
        "import sklearn\nfrom jupyter_flows.engine.values import all_fit\nprint(all_fit([1], main={}))\n"
        "sklearn.set_config(assume_finite=True)\nprint(all_fit([1], main={}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "True\nFalse\n"


def test_looking_changes_nothing(main):
    """A frame's values, types and blocks are what they were."""
    frame = eval("pd.DataFrame({'a': [1, 2], 'b': ['x', 'y']}, index=['p', 'q'])", main)
    before = frame.copy(deep=True)
    assert all_fit([frame], main=main)
    assert (frame.equals(before), list(frame.dtypes), frame._mgr.nblocks) == (True, list(before.dtypes), 2)
