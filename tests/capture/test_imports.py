from __future__ import annotations

import pytest

from jupyter_flows.capture.dataflow import connect
from jupyter_flows.capture.imports import Reach, cell_imports
from jupyter_flows.core.cell import Cell

IMPORTS = {
    "modules": ("import a, b.c as d", [("a", 1, True, False), ("b.c", 1, True, False)]),
    "from one": ("x = 1\nfrom a.b import c, d", [("a.b", 2, True, False)]),
    "relative": ("from . import a\nfrom .b import c", []),
    "in a branch": ("if x:\n    import a", [("a", 2, False, False)]),
    "in a function": ("def f():\n    import a", [("a", 2, False, False)]),
    "tried": ("try:\n    import a\nexcept ImportError:\n    import b", [("a", 2, False, True), ("b", 4, False, True)]),
    "tried for another reason": ("try:\n    import a\nexcept OSError:\n    pass", [("a", 2, False, False)]),
    "tried for any": ("try:\n    import a\nexcept:\n    pass", [("a", 2, False, True)]),
    "tried, then more": (
        "try:\n    import a\nexcept (ImportError, OSError):\n    pass\nelse:\n    import b",
        [("a", 2, False, True), ("b", 6, False, False)],
    ),
    "for type checkers": ("import typing\nif typing.TYPE_CHECKING:\n    import a\nelse:\n    import b", [("typing", 1, True, False), ("b", 5, False, False)]),
    "below a magic": ("%%time\nimport a", [("a", 2, True, False)]),
    "beside a magic": ("%matplotlib inline\nimport a", [("a", 2, True, False)]),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), IMPORTS.values(), ids=IMPORTS.keys())
def test_imports_of_a_cell(code, expected):
    """Module, line, whether the cell always imports it, and whether it goes on without."""
    assert [(i.module, i.line, i.sure, i.optional) for i in cell_imports(code)] == expected


def test_names_may_be_modules():
    """What is imported from a module may be a module of another distribution."""
    (found,) = cell_imports("from google.cloud import storage, tasks as t")
    assert found.deepest == {"google.cloud.storage", "google.cloud.tasks"}
    assert cell_imports("from a import *")[0].deepest == {"a"}


def reached(*sources):
    cells = [Cell(source, n) for n, source in enumerate(sources, 1)]
    imports = [cell_imports(source) for source in sources]
    reach = Reach(connect(cells), imports)
    return [sorted(reach.of(n)) for n in range(len(cells))]


ALL = "import pandas as pd\nimport sklearn.svm as svm, matplotlib.pyplot\nfrom scipy import stats"

REACHED = {
    "its own": (["import numpy\nnumpy.ones(1)"], ["numpy"]),
    "names from a cell of imports": ([ALL, "pd.DataFrame()"], ["pandas"]),
    "nothing": ([ALL, "n = 1"], []),
    "a submodule": ([ALL, "matplotlib.use('agg')"], ["matplotlib.pyplot"]),
    "a member": ([ALL, "stats.norm"], ["scipy.stats"]),
    "through a function": ([ALL, "def f():\n    return pd\ndef g():\n    return svm", "f()"], ["pandas"]),
    "through a function's function": ([ALL, "def f():\n    return svm.SVC()", "def g():\n    return f()", "x = g()"], ["sklearn.svm"]),
    "through a class": ([ALL, "class K:\n    def m(self):\n        return svm", "K().m()"], ["sklearn.svm"]),
    "a value's": ([ALL, "df = pd.read_csv('x')", "top = df.head()", "print(len(top))"], ["pandas"]),
    "not a neighbour's": ([ALL, "df = pd.read_csv('x')", "m = svm.SVC()", "m.fit([])"], ["sklearn.svm"]),
    "all that a star may bring": (["from numpy import *", "ones(1)"], ["numpy"]),
    "anything, by a cell that can't be read": ([ALL, "exec('x = 1')"], ["matplotlib.pyplot", "pandas", "scipy.stats", "sklearn.svm"]),
    "a name imported again": (["import numpy as xp", "xp.ones(1)", "import cupy as xp"], ["cupy"]),
}  # fmt: skip


@pytest.mark.parametrize(("sources", "last"), REACHED.values(), ids=REACHED.keys())
def test_what_a_task_reaches(sources, last):
    """The modules that the last cell's code may need: by name, through functions, and for the values it gets."""
    assert reached(*sources)[-1] == last
