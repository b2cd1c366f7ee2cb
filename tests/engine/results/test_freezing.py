"""What names hold comes back with all that it shares."""

from __future__ import annotations

import random
import sys
import types

import numpy as np
import pandas as pd
import pytest

from jupyter_flows.engine.results.freezing import freeze, thaw
from jupyter_flows.engine.results.references import References, Unfaithful


@pytest.fixture
def module(monkeypatch):
    """Be in a module that is ``__main__``, as in a run."""
    made = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", made)
    return made


def back(module, code, *names):
    """Run code, freeze and forget the names that it bound, and thaw them into the module."""
    exec(code, module.__dict__)
    references = References(module.__dict__)
    references.refresh()
    wanted = {n: v for n, v in module.__dict__.items() if (n in names if names else n[:2] != "__")}
    data = freeze(wanted, references, seconds=60).data
    for name in wanted:
        del module.__dict__[name]
    module.__dict__.update(thaw(data, references))
    return module


def test_aliases_stay_aliases(module):
    """A list that two names and an instance hold is one list afterwards."""
    m = back(module, "class C: pass\nl = [1]\nn = [l, l]\no = C()\no.l = l")
    m.l.append(2)
    assert m.n == [[1, 2], [1, 2]]
    assert m.o.l is m.l
    assert type(m.o) is m.C


def test_functions_find_their_globals_in_the_notebook(module):
    """A function that came back reads a name that is bound anew, and its closure is its own."""
    m = back(
        module,
        "x = 1\ndef f(): return x\ndef make():\n    k = [0]\n    return lambda: k.append(x) or list(k)\ng = make()",
    )
    m.x = 5
    assert (m.f(), m.g(), m.g()) == (5, [0, 5], [0, 5, 5])
    assert m.f.__globals__ is m.__dict__


def test_views_stay_views(module):
    """An array and its views share memory again, and the owner owns it."""
    m = back(
        module, "import numpy as np\na = np.arange(6).reshape(2, 3)\nb = a[1, ::2]\nc = np.asfortranarray(a * 1.0)"
    )
    m.b[0] = 99
    assert m.a.tolist() == [[0, 1, 2], [99, 4, 5]]
    assert (m.c.flags.f_contiguous, m.c.flags.owndata) == (True, True)
    assert m.c.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]


@pytest.mark.parametrize(
    "array",
    [
        np.array(3.5), np.empty((0, 3)), np.array(["a", "bc"]), np.array([1, "x", [2]], dtype=object),
        np.array(["2020-01-01"], dtype="M8[D]"), np.zeros(3, dtype=[("a", "i4"), ("b", "f8")]),
    ],
    ids=lambda a: f"{a.dtype.kind}{a.ndim}",
)  # fmt: skip
def test_arrays_of_all_kinds(module, array):
    """Arrays come back with type, shape and content."""
    module.array = array
    m = back(module, "", "array")
    assert (m.array.dtype, m.array.shape, m.array.tolist()) == (array.dtype, array.shape, array.tolist())


def test_frames(module):
    """A frame comes back equal: types, index and missing values."""
    module.df = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.Categorical(["u", "v"])}, index=[5, 3])
    expected = module.df.copy()
    pd.testing.assert_frame_equal(back(module, "", "df").df, expected)


def test_what_libraries_keep_is_stored_by_name(module):
    """The generator behind ``random.random`` is the library's own afterwards, not a copy."""
    m = back(module, "import random\nr = random.random\nstate = random._inst")
    assert m.r.__self__ is random._inst
    assert m.state is random._inst


def test_definitions_are_stored_by_name(module):
    """What a definition cell made is not stored: instances find the class that its replay makes."""
    exec("class C: pass\no = C()", module.__dict__)
    references = References(module.__dict__)
    references.define("key", {"C": module.C})
    data = freeze({"o": module.o}, references, seconds=60).data
    again = References(module.__dict__)
    exec("class C: pass", module.__dict__)
    again.define("key", {"C": module.C})
    assert type(thaw(data, again)["o"]) is module.C


def test_changed_definitions_are_refused(module):
    """A function that got an attribute since its definition can't be stored by its name."""
    exec("def f(): pass", module.__dict__)
    references = References(module.__dict__)
    references.define("key", {"f": module.f})
    module.f.calls = 1
    with pytest.raises(Unfaithful, match="f was changed after its definition"):
        freeze({"f": module.f}, references, seconds=60)


@pytest.mark.parametrize(
    "code",
    ["i = iter({1: 2})", "import itertools\ni = itertools.cycle([1])", "import numpy as np\ni = np.ma.array([1])"],
)
def test_what_would_come_back_as_a_copy_is_refused(module, code):
    """Iterators over dicts, itertools and masked arrays lose what they are tied to in a pickle."""
    exec(code, module.__dict__)
    references = References(module.__dict__)
    with pytest.raises(Unfaithful):
        freeze({"i": module.i}, references, seconds=60)


def test_arrays_that_share_with_frames_are_refused(module):
    """A frame that is changed in place would no longer show in the array."""
    df = pd.DataFrame({"a": [1.0, 2.0]})
    with pytest.raises(Unfaithful, match="share memory"):
        freeze({"df": df, "a": df["a"].to_numpy()}, References(module.__dict__), seconds=60)


def test_storing_has_a_limit(module):
    """A value that takes longer than allowed is not stored."""
    with pytest.raises(Unfaithful, match="too long"):
        freeze({"x": [[n] for n in range(1000)]}, References(module.__dict__), seconds=-1)


@pytest.mark.parametrize(
    "value", [np.zeros(1000), pd.DataFrame({"a": np.zeros(1000)}), list(range(200_000))], ids=["array", "frame", "list"]
)
def test_large_values_are_refused_before_they_are_copied(module, monkeypatch, value):
    """What is larger than may be stored is not stored, whatever it is made of."""
    monkeypatch.setattr("jupyter_flows.engine.results.freezing.MOST_BYTES", 700)
    with pytest.raises(Unfaithful, match="too large"):
        freeze({"x": value}, References(module.__dict__), seconds=60)
