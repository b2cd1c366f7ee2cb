"""One cell alone: what it reads, binds, changes and defines."""

from __future__ import annotations

import pytest

from jupyter_flows.capture.refs import Import, cell_refs

#: source, reads, writes, mutates
CASES: list[tuple[str, str, str, str]] = [
    ("x = 1", "", "x", ""),
    ("df = df.dropna()", "df", "df", "df"),
    ("x = 1; y = x", "", "x y", ""),
    ("x += 1", "x", "x", "x"),
    ("xs.append(1)", "xs", "", "xs"),
    ("print(a, b)", "a b", "", ""),
    ("for i in range(n):\n    total = i", "n", "i total", ""),
    ("[k * v for k in rows]", "rows v", "", "rows"),
    ("def f(a): return a + g", "", "f", ""),
    ("def f(a): return a + g\nf(1)", "g", "f", ""),
    ("del x", "", "x", ""),
    ("import numpy as np, os.path", "", "np os", ""),
    ("from a.b import c as d", "", "d", ""),
    ("with open('f') as h:\n    t = h.read()", "", "h t", ""),
    ("f'{a} {b:>{w}}'", "a b w", "", ""),
    ("(n := 3)", "", "n", ""),
    ("try:\n    x = 1\nexcept ValueError as e:\n    x = 2", "", "e x", ""),
    ("d['k'] = v", "d v", "", "d"),
    ("o.x = v", "o v", "", "o"),
    ("lambda q: q + w", "", "", ""),
    ("class A(B):\n    y = z", "B z", "A", ""),
    ("%time y = x", "x", "y", ""),
    ("%%time\ny = x", "x", "y", ""),
    ("%%capture out\nprint(x)", "x", "out", ""),
    ("files = !ls {folder}", "", "files", ""),
    ("%%task load --retries 2\ndf = read(p)", "p read", "df", "p read"),
]


@pytest.mark.parametrize(("source", "reads", "writes", "mutates"), CASES, ids=[c[0].split("\n")[0] for c in CASES])
def test_names(source, reads, writes, mutates):
    """Each cell has exactly its names."""
    refs = cell_refs(source)
    assert (refs.reads, refs.writes) == (frozenset(reads.split()), frozenset(writes.split()))
    assert refs.mutates == frozenset(mutates.split())


def test_imports_are_told_apart():
    """Imports carry module, name, bound name, level and line."""
    refs = cell_refs("import numpy as np\nfrom .near import a as b")
    assert refs.imports == (Import("numpy", None, "np", 0, 1), Import("near", "a", "b", 1, 2))


def test_definitions_and_what_they_defer():
    """Functions and classes are defined; what they read is read when they are called."""
    refs = cell_refs("def f():\n    return limit\nclass A: pass")
    assert (refs.defines, refs.defers, refs.reads) == (frozenset({"f", "A"}), frozenset({"limit"}), frozenset())


def test_resources_are_named():
    """Hidden state that a cell uses has a name."""
    assert cell_refs("import random\nrandom.seed(1)").resources == frozenset({"<random>"})
    assert cell_refs("import pandas as pd\nd = pd.read_csv('data/a.csv')").resources == frozenset({"<file:a.csv>"})


def test_barrier_has_a_reason():
    """What nobody can follow says why."""
    assert cell_refs("exec(code)").barrier == "reads or writes names by text"
    assert cell_refs("x = 1").barrier is None


def test_deletes():
    """A deleted name is a write that leaves nothing."""
    refs = cell_refs("x = 1\ndel x")
    assert (refs.deletes, refs.writes) == (frozenset({"x"}), frozenset({"x"}))
