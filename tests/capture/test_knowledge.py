"""The tables about libraries, held against the libraries that are installed."""

from __future__ import annotations

import contextlib
import importlib
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.notebooks.tracer.contents import contents
from jupyter_flows.capture.dataflow import connect
from jupyter_flows.capture.effects import Effect, effect, function_effect, method_effect
from jupyter_flows.capture.knowledge import functions, methods
from jupyter_flows.core.cell import Cell

#: Rows of names that only other versions of their library have.
OF_OTHER_VERSIONS = {
    "numpy.set_string_function", "numpy.NaN", "numpy.mat", "numpy.float128", "numpy.complex256", "numpy.matvec",
    "numpy.vecmat", "pandas.value_counts", "IPython.display.set_matplotlib_formats",
    "pandas.io.json.json_normalize", "seaborn.factorplot",
}  # fmt: skip
#: Bound by the kernel.
KERNELS = {"builtins.display", "builtins.__file__"}
ARRAY = "import numpy as np\na = np.zeros(3)"
FRAME = "import pandas as pd\ndf = pd.DataFrame({'a': [1]})"

#: What the case is about, the cells, the edges that must be implied (more are the analysis's affair).
# fmt: off
CASES: list[tuple[str, list[str], str]] = [
    ("a function of two arrays writes to a third", [ARRAY, "b = np.zeros(3)", "np.add(a, 1, b)", "print(b)"], "3-4"),
    ("a function of one array writes to a second", [ARRAY, "b = np.zeros(3)", "np.sin(a, b)", "print(b)"], "3-4"),
    ("a reduction writes to the array in its third place", [ARRAY, "np.cumsum(a, 0, None, a)", "print(a)"], "2-3"),
    ("a method writes to the array in its third place", [ARRAY, "b = np.zeros(3)", "a.cumsum(0, None, b)", "print(b)"], "3-4"),
    ("clipping writes to the array in its fourth place", [ARRAY, "np.clip(a, 0, 1, a)", "print(a)"], "2-3"),
    ("ufunc.at changes its array", [ARRAY, "np.add.at(a, 0, 1)", "print(a)"], "2-3"),
    ("einsum may give a view", [ARRAY, "b = np.einsum('i->i', a)", "b[0] = 5", "print(a)"], "3-4"),
    ("a matrix is the array", [ARRAY, "b = np.asmatrix(a)", "b[0] = 5", "print(a)"], "3-4"),
    ("the bins of a histogram are those given", [ARRAY, "n, e = np.histogram([1], a)", "e[0] = 5", "print(a)"], "3-4"),
    ("an array over a buffer is the buffer", ["import numpy as np\nb = bytearray(8)", "a = np.frombuffer(b)", "a[0] = 1", "print(b)"], "3-4"),
    ("a real array's conjugate is the array", [ARRAY, "b = a.conj()", "b[0] = 5", "print(a)"], "3-4"),
    ("a generator of a generator is the generator", ["import numpy as np\nr = np.random.default_rng(0)", "s = np.random.default_rng(r)", "s.random()", "r.random()"], "3-4"),
    ("validated data is the data", [ARRAY + "\nfrom sklearn.utils import check_array", "b = check_array(a)", "b[0] = 5", "print(a)"], "3-4"),
    ("a sparse matrix is its arrays", [ARRAY + "\nfrom scipy.sparse import csr_matrix", "m = csr_matrix((a, ([0, 1, 2], [0, 1, 2])))", "a[0] = 5", "print(m)"], "3-4"),
    ("a sort key reads names", [FRAME, "x = 1", "q = df.sort_values('a', key=lambda s: s * x)", "x = 2"], "2-3 3-4"),
    ("a condition reads names", [FRAME, "x = 1", "q = df.where(lambda d: d > x)", "x = 2"], "2-3 3-4"),
    ("a renaming reads names", [FRAME, "x = 1", "q = df.rename(columns=lambda d: d + str(x))", "x = 2"], "2-3 3-4"),
    ("a grouping reads names", [FRAME, "x = 1", "q = df.groupby(lambda d: d + x).sum()", "x = 2"], "2-3 3-4"),
    ("a pivot's function reads names", [FRAME, "x = 1", "q = df.pivot_table(index='a', aggfunc=lambda d: x)", "x = 2"], "2-3 3-4"),
    ("a replacement reads names", [FRAME, "x = 1", "q = df.a.str.replace('a', lambda m: x, regex=True)", "x = 2"], "2-3 3-4"),
    ("a formatter reads names", [FRAME, "x = 1", "q = df.to_string(float_format=lambda v: x)", "x = 2"], "2-3 3-4"),
    ("a frame's head may be a view of it", [FRAME, "h = df.head()", "h.iloc[0, 0] = 5", "print(df)"], "3-4"),
    ("a table is written through a connection", ["import sqlite3\nc = sqlite3.connect('a.db')", FRAME, "df.to_sql('t', c)", "pd.read_sql('select * from t', c)"], "1-3 3-4"),
    ("an operator's function changes its argument", ["import operator\nb = []", "operator.iadd(b, [1])", "print(b)"], "2-3"),
    ("an item is deleted by a function", ["import operator\nb = [1]", "operator.delitem(b, 0)", "print(b)"], "2-3"),
    ("insertion keeping order", ["import bisect\nb = [1]", "bisect.insort_left(b, 0)", "print(b)"], "2-3"),
    ("a chosen item is the item", ["import random\nr = random.Random(0)\nxs = [[1], [2]]", "x = r.choice(xs)", "x.append(3)", "print(xs)"], "2-3 3-4"),
    ("the decimal context decides", ["import decimal", "decimal.getcontext().prec = 3", "decimal.Decimal(1) / 3"], "2-3"),
    ("the first day of the week decides", ["import calendar", "calendar.setfirstweekday(6)", "print(calendar.month(2020, 1))"], "2-3"),
    ("a colour map is a setting", ["import matplotlib.pyplot as plt", "plt.gray()", "plt.imshow([[1]])"], "2-3"),
    ("settings go back to what they were", ["import matplotlib\nimport matplotlib.pyplot as plt", "matplotlib.rcdefaults()", "plt.plot([1])"], "2-3"),
    ("the path of imports is changed", ["import sys", "sys.path.remove('a')", "print(sys.path)"], "2-3"),
]
# fmt: on


@pytest.mark.parametrize(("cells", "edges"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_cases(cells, edges):
    """The rows give the edges that what the library does asks for."""
    found = connect([Cell(source, number) for number, source in enumerate(cells, 1)]).edges
    before: dict[int, set[int]] = {number: set() for number in range(1, len(cells) + 1)}
    for edge in sorted(found, key=lambda e: e.downstream):
        before[edge.downstream + 1] |= {edge.upstream + 1} | before[edge.upstream + 1]
    wanted = [tuple(map(int, edge.split("-"))) for edge in edges.split()]
    assert [f"{up}-{down}" for up, down in wanted if up not in before[down]] == []


# ---- names


def resolve(path: str) -> Any:
    """Return what an import path leads to; raises LookupError where it leads nowhere."""
    parts = path.split(".")
    for count in range(len(parts), 0, -1):
        with contextlib.suppress(ImportError):
            found: Any = importlib.import_module(".".join(parts[:count]))
            for part in parts[count:]:
                if not hasattr(found, part):
                    raise LookupError(path)
                found = getattr(found, part)
            return found
    raise LookupError(path)


def installed(path: str) -> bool:
    """Tell whether the library of an import path is there."""
    try:
        importlib.import_module(path.split(".", maxsplit=1)[0])
    except ImportError:
        return False
    return True


def stem(path: str) -> str:
    """Return a row's path without its wildcard."""
    return next((path.removesuffix(end) for end in (".A*", ".a*", ".*") if path.endswith(end)), path)


@pytest.mark.filterwarnings("ignore")
def test_every_function_exists():
    """Each row, constant and setting names something that its library has, or that other versions of it have."""
    paths = [*functions.TABLE, *functions.CONSTANTS, *functions.SETTINGS]
    gone = []
    for path in {stem(p) for p in paths if installed(p)} - OF_OTHER_VERSIONS - KERNELS:
        try:
            resolve(path)
        except LookupError:
            gone.append(path)
    assert sorted(gone) == []


def test_every_spec_can_be_read():
    """No row holds a word that the language of specs does not have."""
    specs = [*functions.TABLE.values(), *(s for table in methods.TABLE.values() for s in table.values())]
    assert all(isinstance(effect(spec), Effect) for spec in {*specs} - {""})


def out_places(function: Any) -> tuple[int, ...]:
    """Return where a function takes the array to write to by position."""
    if isinstance(function, np.ufunc):
        return tuple(range(function.nin, function.nin + function.nout))
    try:
        found = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return ()
    return tuple(n for n, p in enumerate(found) if p.name == "out" and p.kind is p.POSITIONAL_OR_KEYWORD)


@pytest.mark.parametrize("module", ["numpy", "numpy.linalg", "numpy.fft"])
def test_every_place_of_out_is_known(module):
    """What NumPy writes to by position is a changed argument, for every function that the tables take for pure."""
    missing = {}
    for name, function in inspect.getmembers(importlib.import_module(module)):
        known = function_effect(f"{module}.{name}")
        if not name.startswith("_") and known is not None and not set(out_places(function)) <= set(known.mutates):
            missing[name] = out_places(function)
    assert missing == {}


def test_every_ufunc_at_changes_its_array():
    """No `ufunc.at` is taken for pure."""
    ufuncs = [n for n, f in inspect.getmembers(np) if isinstance(f, np.ufunc) and not n.startswith("_")]
    known = {name: function_effect(f"numpy.{name}.at") for name in ufuncs}
    assert [name for name, found in known.items() if found is not None and found.mutates != (0,)] == []


# ---- what calls do


def fingerprint(value: Any) -> Any:
    """Return a value's content, followed into containers."""
    taken = contents(value)
    return taken.own, [fingerprint(inner) for inner in taken.inner if not callable(inner)]


def spoil(result: Any) -> None:
    """Change a result in place, as far as it lets itself be changed."""
    if isinstance(result, np.ndarray) and result.size and result.flags.writeable:
        result.flat[0] = result.flat[0] + 1 if result.dtype.kind in "fciu" else not result.flat[0]
    elif isinstance(result, pd.DataFrame) and result.size:
        result.isetitem(0, range(len(result)))
    elif isinstance(result, pd.Series) and len(result):
        result.iloc[0] = result.iloc[-1]
        result.name = "spoilt"
    elif isinstance(result, (tuple, list)):
        for item in result:
            spoil(item)
        if isinstance(result, list):
            result.append(1)
    elif isinstance(result, dict):
        result["spoilt"] = 1


def arrays() -> dict[str, Any]:
    """Return arguments for functions of arrays, by name."""
    square = np.arange(9.0).reshape(3, 3) + 1 + np.eye(3)
    return {
        "a": np.arange(6.0) + 1, "b": np.arange(6.0)[::-1].copy(), "i": np.array([2, 0, 1]), "l": [3.0, 1.0, 2.0],
        "m": square, "w": np.arange(6.0) > 3, "z": np.arange(3) + 1j,
    }  # fmt: skip


#: Arguments to try, by name where they are arrays.
TRIES: list[tuple[Any, ...]] = [
    ("a",), ("m",), ("i",), ("z",), ("l",), ("w",), ("a", "b"), ("m", "m"), ("a", 2), ("m", 0), ("a", "i"), (3,),
    ("w", "a", "b"), ("a", 2, 3), (("a", "b"),), ("m", 0, 1), ("a", (2, 3)), ("a", "w"), ("w", "a"), ("i", (3, 3)),
    ("i", "i"), ("a", "a", "b"),
]  # fmt: skip
#: They print, wait, read files, or ask the system.
NOT_CALLED = {"test", "info", "show_config", "show_runtime", "fromregex", "get_include", "mintypecode", "ones"}


def given(words: Any, values: dict[str, Any]) -> Any:
    """Put values in the place of their names."""
    if isinstance(words, tuple):
        return tuple(given(word, values) for word in words)
    return values.get(words, words) if isinstance(words, str) else words


def faults(call: Callable[..., Any], known: Effect, tries: list[tuple[Any, ...]]) -> tuple[int, list[str]]:
    """Call with all arguments that fit; return how many did, and what the row did not say."""
    worked, found = 0, []
    for words in tries:
        values = arrays()
        args = given(words, values)
        places = [n for n in known.mutates if n < len(args)]
        if places:
            continue
        before = fingerprint(values)
        try:
            result = call(*args)
        except Exception:  # noqa: BLE001 -- these arguments do not fit
            continue
        worked += 1
        if fingerprint(values) != before:
            found.append(f"changes {words}")
        with contextlib.suppress(Exception):
            spoil(result)
        if not found and known.result not in ("view", "hold", "element", "args") and fingerprint(values) != before:
            found.append(f"gives back {words}")
    return worked, found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("module", ["numpy", "numpy.linalg", "numpy.fft"])
def test_pure_functions_are_pure(module):
    """What the tables take for pure changes nothing, and shares nothing that the row does not say."""
    wrong, called, all_of_them = {}, 0, 0
    np.random.seed(0)  # noqa: NPY002
    for name, function in inspect.getmembers(importlib.import_module(module), callable):
        known = function_effect(f"{module}.{name}")
        if name.startswith("_") or known is None or known.file or name in NOT_CALLED or known.calls:
            continue
        tries = [words for words in TRIES if not set(range(len(words))) & set(known.mutates)]
        worked, found = faults(function, known, tries)
        called, all_of_them = called + bool(worked), all_of_them + 1
        if found:
            wrong[name] = found
    assert wrong == {}
    assert called > 0.75 * all_of_them


def test_the_check_of_purity_can_fail():
    """A function that changes or gives back its argument is found out."""
    pure = effect("fresh:ndarray")
    assert faults(lambda a: a.sort(), pure, [("b",)]) == (1, ["changes ('b',)"])
    assert faults(lambda a: a[1:], pure, [("a",)]) == (1, ["gives back ('a',)"])
    assert faults(lambda a: a[1:], effect("view:ndarray"), [("a",)]) == (1, [])


# ---- methods


def receivers() -> dict[str, list[Any]]:
    """Return objects of each kind that the tables know methods of."""
    frame = pd.DataFrame({"a": [3.0, 1.0, 2.0], "b": [1.0, 2.0, 2.0], "c": ["x", "y", "x"]})
    numbers, words = frame[["a", "b"]].copy(), pd.Series(["a", "bb", "c"])
    days = pd.date_range("2020", periods=3)
    dated = pd.Series([1.0, 2.0, 3.0], index=days)
    return {
        "pandas": [
            frame, numbers, frame["a"].copy(), words, words.str, pd.Series(days).dt, words.astype("category").cat, dated,
            pd.Index([3, 1, 2]), days, pd.MultiIndex.from_tuples([(1, "a"), (2, "b")]), numbers.rolling(2),
            dated.resample("D"), frame.groupby("c"), frame["a"].groupby([1, 1, 2]), days - days[0],
        ],
        "ndarray": [np.arange(6.0) + 1, np.arange(9.0).reshape(3, 3), np.arange(3) + 1j],
        "list": [[3, 1, 2]], "dict": [{"a": [1]}], "set": [{1, 2}], "tuple": [(1, 2)],
    }  # fmt: skip


METHOD_TRIES: list[tuple[Any, ...]] = [
    (), ("a",), (0,), (1,), ("c",), (["a"],), ("a", "b"), (0, 1), ("D",), ({"a": "z"},), ("sum",), ([0],), (5,),
    ([0, 1, 2],), ("%Y",), ("UTC",),
]  # fmt: skip
#: Methods of other kinds of objects that share the table, or of other versions.
OTHER_CLASSES = {
    "dict": {"most_common", "elements", "total", "subtract", "move_to_end"},
    "list": {"appendleft", "popleft", "extendleft", "rotate"},
    "tuple": {"_asdict", "_replace"},
    "ndarray": {"ptp", "itemset"},
    "pandas": {
        "append", "applymap", "qcut", "iteritems", "lookup", "mad", "sum_of", "swapaxes", "get_dummies", "map_locations", "cut",
        "crosstab", "bool", "normalize", "between_time", "at_time", "isocalendar",
    },
}  # fmt: skip


def test_every_method_exists():
    """Each row of a table of methods is a method of something that the table is for."""
    gone = {}
    for kind, objects in receivers().items():
        names = (
            {name for name in methods.TABLE[kind] if "." not in name} - OTHER_CLASSES[kind] if kind != "set" else {*()}
        )
        gone[kind] = sorted(name for name in names if not any(hasattr(o, name) for o in objects))
    assert {kind: names for kind, names in gone.items() if names} == {}


def data_of(value: Any) -> Any:
    """Return the fingerprint of the data behind a receiver; groupings and windows keep caches of their own."""
    for name in ("obj", "_parent", "_orig"):
        inner = getattr(value, name, None)
        if isinstance(inner, (pd.DataFrame, pd.Series)):
            return fingerprint(inner)
    return fingerprint(value)


def method_faults(receiver: Any, name: str, known: Effect) -> list[str]:
    """Call a method with the first arguments that fit; return what its row did not say."""
    for args in METHOD_TRIES:
        if set(range(len(args))) & set(known.mutates):
            continue
        before = data_of(receiver)
        try:
            result = getattr(receiver, name)(*args)
        except Exception:  # noqa: BLE001 -- these arguments do not fit
            continue
        call = f"{type(receiver).__name__}.{name}{args}"
        if data_of(receiver) != before:
            return [f"{call} changes it"]
        with contextlib.suppress(Exception):
            spoil(result)
        shared = known.result not in ("view", "hold", "element", "args", "self") and data_of(receiver) != before
        return [f"{call} gives part of it"] if shared else []
    return []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["pandas", "ndarray", "list", "dict", "set", "tuple"])
def test_pure_methods_are_pure(kind):
    """Methods that the tables take for pure change nothing, and share nothing that the row does not say."""
    wrong = []
    for name in methods.TABLE[kind]:
        known = method_effect(kind, name)
        assert known is not None
        if not (known.writes or known.draws or known.file or "." in name):
            wrong += [w for o in receivers()[kind] if hasattr(o, name) for w in method_faults(o, name, known)]
    assert wrong == []


def test_the_check_of_methods_can_fail():
    """A method that changes its receiver, or gives part of it, is found out."""
    assert method_faults([2, 1], "sort", effect("scalar")) == ["list.sort() changes it"]
    assert method_faults(np.arange(3.0), "ravel", effect("fresh:ndarray")) == ["ndarray.ravel() gives part of it"]
    assert method_faults(np.arange(3.0), "ravel", effect("view:ndarray")) == []
