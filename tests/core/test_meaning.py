from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading

import pytest

from jupyter_flows.core.cell import Cell
from jupyter_flows.core.flow import Flow
from jupyter_flows.core.meaning import function_meaning, task_meaning, value_meaning
from jupyter_flows.core.parameter import Parameter
from jupyter_flows.core.task import CellTask, Task, task


@pytest.fixture
def made(tmp_path):
    """Write source to a file of its own, run it, and return what the name `it` then is."""

    def make(source, **given):
        path = tmp_path / f"module_{len(list(tmp_path.iterdir()))}.py"
        path.write_text(textwrap.dedent(source))
        names = {"__name__": "__main__", **given}
        exec(compile(path.read_text(), str(path), "exec"), names)
        return names["it"]

    return make


def alike(one, other):
    return function_meaning(one).text == function_meaning(other).text


SAME = [
    ("def it(x): return x + 1", "# moved down\n\ndef it( x ):\n    # said\n    return (x+1)"),
    ("it = lambda x: x + 1", "it = (  # said\n  lambda x: x+1)"),
    ("a = 1\ndef it(): return a", "b = 2\na = 1\ndef it(): return a"),
    ("def g(): return 1\ndef it(): return g()", "z = 0\ndef g():\n    return 1\ndef it(): return g()"),
    ("s = {'a', 'b', 'c'}\ndef it(): return s", "s = {'c', 'b', 'a'}\ndef it(): return s"),
    ("def it(o): return o.value", "value = 7\ndef it(o): return o.value"),
    (
        "from jupyter_flows.core.task import task\n@task\ndef f(): return 1\nit = f.fn",
        "from jupyter_flows.core.task import task as t\n@t(max_retries=3)\ndef f(): return 1\nit = f.fn",
    ),
    ("a = (1, 2)\nb = (1, 2)\ndef it(): return a, b", "a = b = (1, 2)\ndef it(): return a, b"),
]

DIFFERENT = {
    "code": ("def it(x): return x + 1", "def it(x): return x + 2"),
    "name": ("def it(x): return x", "def it_(x): return x\nit = it_"),
    "decorator": ("def d(f): return f\n@d\ndef it(): pass", "def d(f): return f\ndef it(): pass"),
    "default by value": ("n = 1\ndef it(x=n): return x", "n = 2\ndef it(x=n): return x"),
    "keyword default": ("n = 1\ndef it(*, x=n): return x", "n = 2\ndef it(*, x=n): return x"),
    "closure": (
        "def make(n):\n    def f(): return n\n    return f\nit = make(1)",
        "def make(n):\n    def f(): return n\n    return f\nit = make(2)",
    ),
    "global value": ("n = 1\ndef it(): return n", "n = 2\ndef it(): return n"),
    "order of a list": ("n = [1, 2]\ndef it(): return n", "n = [2, 1]\ndef it(): return n"),
    "type of a number": ("n = 1\ndef it(): return n", "n = True\ndef it(): return n"),
    "nested value": ("n = {'a': [{1: b'x'}]}\ndef it(): return n", "n = {'a': [{1: b'y'}]}\ndef it(): return n"),
    "called function": ("def g(): return 1\ndef it(): return g()", "def g(): return 2\ndef it(): return g()"),
    "function called by that": (
        "def h(): return 1\ndef g(): return h()\ndef it(): return g()",
        "def h(): return 2\ndef g(): return h()\ndef it(): return g()",
    ),
    "function in a container": (
        "t = {'k': lambda x: x}\ndef it(): return t['k'](1)",
        "t = {'k': lambda x: -x}\ndef it(): return t['k'](1)",
    ),
    "global of an inner function": (
        "n = 1\ndef it():\n    def g(): return n\n    return g",
        "n = 2\ndef it():\n    def g(): return n\n    return g",
    ),
    "which lambda of a line": ("f, g = lambda x: x, lambda x: -x\nit = f", "f, g = lambda x: x, lambda x: -x\nit = g"),
    "method": (
        "class C:\n    def m(self): return 1\ndef it(): return C().m()",
        "class C:\n    def m(self): return 2\ndef it(): return C().m()",
    ),
    "global of a method": (
        "n = 1\nclass C:\n    def m(self): return n\ndef it(): return C().m()",
        "n = 2\nclass C:\n    def m(self): return n\ndef it(): return C().m()",
    ),
    "property": (
        "class C:\n    @property\n    def p(self): return 1\ndef it(): return C().p",
        "class C:\n    @property\n    def p(self): return 2\ndef it(): return C().p",
    ),
    "static method": (
        "class C:\n    @staticmethod\n    def p(): return 1\ndef it(): return C.p",
        "class C:\n    @staticmethod\n    def p(): return 2\ndef it(): return C.p",
    ),
    "class attribute": ("class C:\n    a = 1\ndef it(): return C", "class C:\n    a = 2\ndef it(): return C"),
    "base class": (
        "class B:\n    def m(self): return 1\nclass C(B): pass\ndef it(): return C",
        "class B:\n    def m(self): return 2\nclass C(B): pass\ndef it(): return C",
    ),
    "dataclass field": (
        "from dataclasses import dataclass\n@dataclass\nclass C:\n    a: int = 1\ndef it(): return C()",
        "from dataclasses import dataclass\n@dataclass\nclass C:\n    a: int = 2\ndef it(): return C()",
    ),
    "dataclass factory": (
        "from dataclasses import dataclass, field\n@dataclass\nclass C:\n    a: list = field(default_factory=list)\ndef it(): return C",
        "from dataclasses import dataclass, field\n@dataclass\nclass C:\n    a: list = field(default_factory=dict)\ndef it(): return C",
    ),
    "enum member": (
        "from enum import Enum\nclass E(Enum):\n    A = 1\n    B = 2\nm = E.A\ndef it(): return m",
        "from enum import Enum\nclass E(Enum):\n    A = 1\n    B = 2\nm = E.B\ndef it(): return m",
    ),
    "enum property": (
        "from enum import Enum\nclass E(Enum):\n    A = 1\n    @property\n    def p(self): return 1\ndef it(): return E",
        "from enum import Enum\nclass E(Enum):\n    A = 1\n    @property\n    def p(self): return 2\ndef it(): return E",
    ),
    "enum method": (
        "from enum import Enum\nclass E(Enum):\n    A = 1\n    def p(self): return 1\ndef it(): return E",
        "from enum import Enum\nclass E(Enum):\n    A = 1\n    def p(self): return 2\ndef it(): return E",
    ),
    "class method": (
        "class C:\n    @classmethod\n    def p(cls): return 1\ndef it(): return C.p",
        "class C:\n    @classmethod\n    def p(cls): return 2\ndef it(): return C.p",
    ),
    "named tuple default": (
        "from typing import NamedTuple\nclass C(NamedTuple):\n    a: int = 1\ndef it(): return C",
        "from typing import NamedTuple\nclass C(NamedTuple):\n    a: int = 2\ndef it(): return C",
    ),
    "named tuple field": (
        "from collections import namedtuple\nC = namedtuple('C', 'a')\ndef it(): return C",
        "from collections import namedtuple\nC = namedtuple('C', 'b')\ndef it(): return C",
    ),
    "generator": ("def it():\n    yield 1", "def it():\n    yield 2"),
    "cached property": (
        "from functools import cached_property\nclass C:\n    @cached_property\n    def p(self): return 1\ndef it(): return C",
        "from functools import cached_property\nclass C:\n    @cached_property\n    def p(self): return 2\ndef it(): return C",
    ),
    "slots": (
        "class C:\n    __slots__ = ('a',)\nc = C()\nc.a = 1\ndef it(): return c",
        "class C:\n    __slots__ = ('a',)\nc = C()\nc.a = 2\ndef it(): return c",
    ),
    "default dict": (
        "from collections import defaultdict\nd = defaultdict(list, a=1)\ndef it(): return d",
        "from collections import defaultdict\nd = defaultdict(set, a=1)\ndef it(): return d",
    ),
    "metaclass": (
        "class M(type):\n    def m(cls): return 1\nclass C(metaclass=M): pass\ndef it(): return C",
        "class M(type):\n    def m(cls): return 2\nclass C(metaclass=M): pass\ndef it(): return C",
    ),
    "instance state": (
        "class C: pass\nc = C()\nc.x = 1\ndef it(): return c",
        "class C: pass\nc = C()\nc.x = 2\ndef it(): return c",
    ),
    "partial": (
        "from functools import partial\ndef f(x): return x\np = partial(f, 1)\ndef it(): return p()",
        "from functools import partial\ndef f(x): return x\np = partial(f, 2)\ndef it(): return p()",
    ),
    "cached function": (
        "from functools import lru_cache\n@lru_cache\ndef f(): return 1\ndef it(): return f()",
        "from functools import lru_cache\n@lru_cache\ndef f(): return 2\ndef it(): return f()",
    ),
    "wrapped function": (
        "import functools\ndef d(f):\n    @functools.wraps(f)\n    def w(): return f()\n    return w\n@d\ndef it(): return 1",
        "import functools\ndef d(f):\n    @functools.wraps(f)\n    def w(): return f()\n    return w\n@d\ndef it(): return 2",
    ),
    "bound method": (
        "class C:\n    def __init__(self, n): self.n = n\n    def m(self): return self.n\nm = C(1).m\ndef it(): return m()",
        "class C:\n    def __init__(self, n): self.n = n\n    def m(self): return self.n\nm = C(2).m\ndef it(): return m()",
    ),
    "path": (
        "from pathlib import Path\np = Path('a')\ndef it(): return p",
        "from pathlib import Path\np = Path('b')\ndef it(): return p",
    ),
    "date": (
        "from datetime import date\nd = date(2026, 1, 1)\ndef it(): return d",
        "from datetime import date\nd = date(2026, 1, 2)\ndef it(): return d",
    ),
    "pattern": (
        "import re\np = re.compile('a')\ndef it(): return p",
        "import re\np = re.compile('a', re.I)\ndef it(): return p",
    ),
    "which builtin": ("f = len\ndef it(): return f", "f = max\ndef it(): return f"),
    "which module": ("import json as m\ndef it(): return m", "import csv as m\ndef it(): return m"),
    "aliasing": ("a = []\nb = a\ndef it(): return a, b", "a = []\nb = []\ndef it(): return a, b"),
}


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_does_the_same_means_the_same(made, one, other):
    """Formatting, place, neighbours, set order and the task's options change nothing."""
    assert alike(made(one), made(other))


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_every_change_is_seen(made, one, other):
    """A change of the code, or of anything that it reaches, changes the meaning; nothing is left unsaid."""
    assert not alike(made(one), made(other))
    assert function_meaning(made(one)).findings == ()


def test_equal_bytecode_is_not_equal_source(made):
    """Two functions whose code objects are equal keep their own sources: digests don't depend on who came first."""
    one = made("def it(x: int): return x")
    other = made("def it(x: str): return x")
    assert one.__code__ == other.__code__
    assert not alike(one, other)


def test_cycles_end(made):
    """Functions and values that reach themselves have a meaning."""
    source = """
        xs = [{}]
        xs[0]['me'] = xs
        def even(n): return n == 0 or it(n - 1)
        def it(n): return n != 0 and even(n - 1) and xs
        it.friend = it
    """
    assert alike(made(source), made(source))


def test_deep_values_are_no_trouble():
    """A list in a list, a hundred thousand deep, is walked without recursion."""
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert len(value_meaning(deep).text) == 64
    while deep:
        deep = deep.pop()


def test_a_function_without_source_is_found_out(made):
    """What was made by `exec` has no source: its name stands for it, and that is said."""
    names: dict[str, object] = {"__name__": "__main__"}
    exec("def lost(): return 1", names)
    meaning = function_meaning(made("def it(): return lost()", lost=names["lost"]))
    assert meaning.findings == (
        (
            "The source of function 'it'.lost can't be found, so a change of its code is not seen: "
            "define it in a cell or a file."
        ),
    )


def test_a_file_that_changed_since_gives_no_source(made, tmp_path):
    """The source of other code at the same line is not taken for the function's."""
    it = made("def it(): return 12345678")
    (path,) = tmp_path.iterdir()
    path.write_text("def it(): 1\n")
    assert len(function_meaning(it).findings) == 1


def test_a_live_object_that_can_not_be_told_is_found_out(made):
    """A lock has no content: it is named with the way to it."""
    meaning = function_meaning(made("def it(): return things['lock']", things={"lock": threading.Lock()}))
    assert meaning.findings == (
        (
            "function 'it'.things['lock'] is a lock, whose content can't be told "
            "(cannot pickle '_thread.lock' object): make it inside the task."
        ),
    )


def test_large_captures_are_weighed(made):
    """A function that drags a hundred megabytes along says so."""
    meaning = function_meaning(made("def it(): return len(data)", data=bytes(100_000_000)))
    assert meaning.size_bytes == 100_000_000
    assert meaning.findings == (
        "function 'it' captures 100 MB: load these data inside the task, or pass them in as an argument.",
    )


def test_arrays_and_frames_are_told_apart_by_content():
    """NumPy arrays and pandas frames mean their values and types."""
    np, pd = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    assert value_meaning(frame).text == value_meaning(frame.copy()).text
    assert value_meaning(frame).text != value_meaning(frame.assign(a=[1, 3])).text
    assert value_meaning(frame).text != value_meaning(frame.rename(columns={"a": "c"})).text
    assert value_meaning(np.arange(3)).text == value_meaning(np.array([0, 1, 2])).text
    assert value_meaning(np.arange(3)).text != value_meaning(np.arange(3, dtype="int32")).text
    assert value_meaning(frame).findings == ()


def test_libraries_mean_their_name_and_version(monkeypatch):
    """Code of an installed package is told by its version, not followed."""
    from jupyter_flows.core import meaning

    pytest.importorskip("numpy")
    before = function_meaning(sys.modules["numpy"].mean).text
    monkeypatch.setattr(meaning, "_installed_version", lambda _: "numpy-99")
    assert function_meaning(sys.modules["numpy"].mean).text != before


def test_local_modules_mean_their_source(made, tmp_path, monkeypatch):
    """A module next to the flow is part of the flow."""
    monkeypatch.syspath_prepend(tmp_path)
    found = []
    for body in ("x = 1", "x = 2", "x  =  2  # formatted"):
        (tmp_path / "flows_helper.py").write_text(body)
        sys.modules.pop("flows_helper", None)
        found.append(function_meaning(made("import flows_helper\ndef it(): return flows_helper.x")).text)
    sys.modules.pop("flows_helper")
    assert found[0] != found[1] == found[2]


class Scale(Task):
    """Multiply."""

    def __init__(self, factor, **options):
        super().__init__(**options)
        self.factor = factor

    def run(self, x):
        """Multiply by the factor."""
        return self.factor * x


def test_a_task_means_its_class_and_what_it_was_made_with():
    """Two tasks of a class differ by their attributes; name, retries and tags are told elsewhere."""
    assert task_meaning(Scale(2)).text == task_meaning(Scale(2, name="other", max_retries=3, tags={"x"})).text
    assert task_meaning(Scale(2)).text != task_meaning(Scale(3)).text


def test_a_function_task_means_its_function(made):
    """Options of @task are no part of the work; the function is."""
    one = made("def it(): return 1")
    assert task_meaning(task(one)).text == task_meaning(task(one, name="n", max_retries=2)).text
    assert task_meaning(task(one)).text != task_meaning(task(made("def it(): return 2"))).text


def test_parameters_and_cells_mean_what_they_declare():
    """A parameter means its name, type and default; a cell has its meaning already."""
    assert task_meaning(Parameter("n", 1)).text != task_meaning(Parameter("n", 2)).text
    assert task_meaning(CellTask("c", Cell("x", 1), code="x", meaning="abc")).text == "abc"


def test_gathering_tasks_differ_by_shape():
    """A list and a tuple of results are two things."""

    @task
    def total(xs):
        return xs

    def gathered(shape):
        with Flow("f") as flow:
            total(shape([total(1), total(2)]))
        return {task_meaning(t).text for t in flow.tasks if t.name == shape.__name__}

    assert gathered(list) == gathered(list) != gathered(tuple)


PROGRAM = """
from dataclasses import dataclass
from jupyter_flows.core.meaning import function_meaning

WORDS = {"delta", "alpha", "gamma", "beta", frozenset({"x", "y", ("z", 1)})}

@dataclass
class Point:
    x: int = 0
    tags: frozenset = frozenset({"a", "b", "c"})

def helper(x, seen={"q", "w", "e"}):
    return other(x) if x in WORDS else Point(1)

def other(x):
    return helper(x), OPTIONS

OPTIONS = {"words": WORDS, "f": lambda v: v + 1, "o": object}
print(function_meaning(helper).text)
"""


def test_fresh_interpreters_agree(tmp_path):
    """Hash seed, folder, file name and time zone are no part of a meaning."""
    found = set()
    for number, zone in enumerate(["UTC", "Asia/Tokyo", "America/Lima"]):
        folder = tmp_path / f"folder{number}"
        folder.mkdir()
        script = folder / f"program_{number}.py"
        script.write_text("\n" * number + PROGRAM)
        env = {**os.environ, "PYTHONHASHSEED": str(number), "TZ": zone}
        done = subprocess.run(
            [sys.executable, script.name], cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.stderr == ""
        found.add(done.stdout)
    assert len(found) == 1
