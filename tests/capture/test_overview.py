"""Cells that are not followed: what is found by looking at them is never less than what following them finds."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_flows.capture.dataflow import Dataflow, connect
from jupyter_flows.capture.heap import Refused
from jupyter_flows.capture.interpreter import Interpreter
from jupyter_flows.core.cell import Cell
from tests.examples import examples

sys.path.insert(0, str(Path(__file__).parent))

from adversary import disagreement
from generator import notebook
from test_dataflow import CASES


class Unfollowed:
    """Let the analysis give up the cells of a chosen set, all of them by default."""

    def __init__(self, cells: set[int] | None = None) -> None:
        self.cells = cells
        self._follow = Interpreter.follow

    def __enter__(self) -> None:
        """Begin."""
        chosen, follow = self.cells, self._follow

        def refuse(machine, tree):
            if chosen is None or machine.cell in chosen:
                raise Refused
            follow(machine, tree)

        Interpreter.follow = refuse

    def __exit__(self, *_: object) -> None:
        """Follow again."""
        Interpreter.follow = self._follow


def closure(flow: Dataflow) -> set[tuple[int, int]]:
    """Return all ordered pairs of cells."""
    before: list[set[int]] = [set() for _ in flow.refs]
    for edge in sorted(flow.edges, key=lambda e: e.downstream):
        before[edge.downstream] |= {edge.upstream} | before[edge.upstream]
    return {(up, down) for down, ups in enumerate(before) for up in ups}


def cells_of(*sources: str) -> list[Cell]:
    """Return cells of sources."""
    return [Cell(source, n + 1) for n, source in enumerate(sources)]


@pytest.mark.parametrize("sources", [c[1] for c in CASES], ids=[c[0] for c in CASES])
def test_unfollowed_cells_keep_the_order_of_followed_ones(sources):
    """Every pair of cells that following orders is ordered when no cell is followed."""
    needed = closure(connect(cells_of(*sources)))
    with Unfollowed():
        assert closure(connect(cells_of(*sources))) >= needed


def check(seed: int, chosen: set[int] | None) -> str | None:
    """Return how an allowed order differs from top to bottom when chosen cells, or all, are not followed."""
    sources, _ = notebook(Random(seed))
    with Unfollowed(chosen):
        flow = connect(cells_of(*sources))
    return disagreement(sources, flow, Random(seed))


@pytest.mark.timeout(600)
@given(seed=st.integers(0, 2**32 - 1), chosen=st.sets(st.integers(0, 12)) | st.none())
@settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))
def test_any_allowed_order_equals_top_to_bottom_when_cells_are_not_followed(seed, chosen):
    """Results, outputs and aliases are those of the sequential run, whichever cells were not followed."""
    assert check(seed, chosen) is None


@pytest.mark.slow
@given(seed=st.integers(0, 2**32 - 1), chosen=st.sets(st.integers(0, 12)) | st.none())
@settings(max_examples=3000, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_allowed_order_equals_top_to_bottom_when_cells_are_not_followed_at_length(seed, chosen):
    """Thousands of generated notebooks equal their sequential run, whichever cells were not followed."""
    assert check(seed, chosen) is None


ROWS: list[tuple[str, list[str], str]] = [
    ("apart stays apart", ["a = []", "b = []", "a.append(1)", "b.append(1)"], "1-3 2-4"),
    ("code that is shared does not order", ["def f(v): v.append(1)", "a = []", "b = []", "f(a)", "f(b)"], "1-4 1-5 2-4 3-5"),
    ("what a called function reads", ["k = []", "def f(): return g()", "def g(): return k", "f()", "k.append(1)"], "1-4 2-4 3-4 4-5"),
    ("what a called function binds", ["def f():\n    global x\n    x = 1", "f()", "print(x)"], "1-2 2-3"),
    ("a function returned by a function", ["log = []", "def make():\n    return lambda: log.append(1)", "f = make()", "f()", "print(log)"], "1-3 2-3 3-4 4-5"),
    ("time it", ["xs = []", "%%time\nys = xs", "ys.append(1)", "print(xs)"], "1-2 2-3 3-4"),
    ("time a line", ["xs = []", "%time xs.append(1)", "print(xs)"], "1-2 2-3"),
    ("random numbers drawn in a function", ["import random", "def f(): return random.random()", "random.seed(1)", "f()", "f()"], "1-3 2-4 3-4 4-5"),
    ("a file written in a function", ["def f():\n    with open('a.txt', 'w') as h: h.write('1')", "f()", "open('a.txt').read()"], "1-2 2-3"),
    ("a figure drawn in a function", ["import matplotlib.pyplot as plt", "def f(): plt.plot([1])", "plt.figure(); f()", "f()"], "1-3 2-3 3-4"),
    ("lazy code runs late", ["log = []", "g = (log.append(i) for i in range(3))", "list(g)", "print(log)"], "1-2 2-3 3-4"),
    ("an instance shown", ["log = []", "class A:\n    def __repr__(self): return str(log.append(1))", "a = A()", "print(a)", "print(log)"], "1-3 2-3 3-4 4-5"),
    ("a property of what was made", ["log = []", "class A:\n    @property\n    def p(self): return log.append(1)", "a = [A()]", "a[0].p", "print(log)"], "1-3 2-3 3-4 4-5"),
    ("what a library keeps", ["import outside\nxs = []", "outside.keep(xs)", "outside.touch()", "print(xs)"], "1-2 2-3 3-4"),
    ("names bound by comprehensions are not the module's", ["x = 1", "y = [x for x in range(3)]", "x = 2"], "1-3"),
    ("an import in a function", ["def f():\n    import random as r\n    return r.random()", "import random", "random.seed(1)", "f()", "random.seed(2)"], "1-4 2-3 3-4 4-5"),
]  # fmt: skip


@pytest.mark.parametrize(("sources", "expected"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_edges_of_unfollowed_cells(sources, expected):
    """The order of cells that are not followed is by what they and the code they reach mention, no more."""
    with Unfollowed():
        flow = connect(cells_of(*sources))
    assert flow.barriers == {}
    assert " ".join(f"{e.upstream + 1}-{e.downstream + 1}" for e in flow.edges) == expected


def test_text_that_is_run_is_still_a_barrier():
    """What nobody can follow is ordered against everything, found in a function that a cell reaches too."""
    with Unfollowed():
        flow = connect(cells_of("a = 1", "def f(t): return eval(t)", "b = f('a')", "c = 2"))
    assert flow.barriers == {2: "reads or writes names by text"}


def test_setting_a_library_is_a_barrier():
    """A function that changes a library makes the cell that calls it a barrier."""
    with Unfollowed():
        flow = connect(cells_of("import math", "def f():\n    math.pi = 3", "f()"))
    assert set(flow.barriers.values()) == {"changes math.pi"}


def test_properties_run_when_a_cell_reads_them():
    """A cell that is followed runs the properties of what cells that are not followed have made."""
    cells = cells_of(
        "log = []",
        "class A:\n    @property\n    def p(self): return log.append(1)",
        "a = [A()]",
        "a[0].p",
        "print(log)",
    )
    with Unfollowed({2}):
        flow = connect(cells)
    assert (3, 4) in closure(flow)


def test_a_shallow_copy_of_anything_holds_what_it_is_a_copy_of():
    """What a cell that is not followed has made may be a container and its items at once; a copy shares the items."""
    cells = cells_of("import copy", "a = [1]\nn = [a]", "m = copy.copy(n)", "a.append(2)", "print(m)")
    with Unfollowed({1}):
        flow = connect(cells)
    assert (3, 4) in closure(flow)
