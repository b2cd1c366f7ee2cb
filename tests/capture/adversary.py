"""Run a notebook in the orders that its edges allow and hope for the worst."""

from __future__ import annotations

import contextlib
import io
import itertools
import random
import sys
import types
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

from jupyter_flows.capture.dataflow import Dataflow

#: A library that the analysis does not know: it keeps, calls, links and changes what it is given.
OUTSIDE = """
kept = []
def keep(x):
    kept.append(x)
def touch():
    for x in kept:
        x.append(len(kept))
def call(f):
    return f()
def swap(rows, row):
    rows.append(row)
    return rows[0]
def same(x):
    return x
class Holder:
    def __init__(self, x):
        self.x = x
    def grow(self):
        self.x.append(8)
        return len(self.x)
"""


@dataclass
class Trace:
    """What a run showed and left behind."""

    outputs: dict[int, str]
    state: str
    error: str = ""


def run(codes: Sequence[CodeType], order: Iterable[int]) -> Trace:
    """Run cells in an order, on one thread, in a fresh module."""
    module = types.ModuleType("__main__")
    outside = types.ModuleType("outside")
    exec(compile(OUTSIDE, "outside", "exec"), outside.__dict__)
    outputs: dict[int, str] = {}
    saved, state = sys.modules.get("outside"), random.getstate()
    sys.modules["outside"] = outside
    random.seed(12345)
    try:
        for index in order:
            stream = io.StringIO()
            with contextlib.redirect_stdout(stream):
                exec(codes[index], module.__dict__)
            outputs[index] = stream.getvalue()
        stream = io.StringIO()
        with contextlib.redirect_stdout(stream):
            text = canonical(module.__dict__)
        return Trace(outputs, text)
    except Exception as error:  # noqa: BLE001 -- whatever a cell raises is the run's result
        return Trace(outputs, "", f"{type(error).__name__}: {error}")
    finally:
        random.setstate(state)
        if saved is None:
            del sys.modules["outside"]
        else:
            sys.modules["outside"] = saved


def canonical(names: dict[str, Any]) -> str:  # noqa: C901 -- one branch a type
    """Write the values of all names, aliases between them included."""
    seen: dict[int, int] = {}
    keep: list[Any] = []

    def write(value: Any) -> str:  # noqa: PLR0911 -- one return a type
        if isinstance(value, (int, str, float, type(None))):
            return repr(value)
        if id(value) in seen:
            return f"#{seen[id(value)]}"
        if isinstance(value, (list, tuple, dict)) or hasattr(value, "items"):
            seen[id(value)] = len(seen)
            keep.append(value)
        if isinstance(value, (list, tuple)):
            return "[" + ", ".join(map(write, value)) + "]"
        if isinstance(value, (dict, defaultdict)):
            return "{" + ", ".join(f"{k!r}: {write(v)}" for k, v in sorted(value.items())) + "}"
        if isinstance(value, type):
            return "class " + write(vars(value).get("seen"))
        if hasattr(value, "tolist"):
            return f"array {value.tolist()}"
        if hasattr(value, "__next__"):
            seen[id(value)] = len(seen)
            keep.append(value)
            return "iterator " + repr(list(itertools.islice(value, 8)))
        if hasattr(value, "v") and hasattr(value, "items"):
            return f"{type(value).__name__}({value.v}, {write(value.items)})"
        return type(value).__name__

    public = sorted(name for name in names if not name.startswith("__"))
    iterators = [n for n in public if n[0] == "g"]
    return "\n".join(
        f"{name} = {write(names[name])}" for name in [*(n for n in public if n not in iterators), *iterators]
    )


def orders(count: int, flow: Dataflow, chooser: random.Random, samples: int) -> Iterable[list[int]]:
    """Give the order that runs the latest cell possible first, then random ones that the edges allow."""
    upstream: list[set[int]] = [set() for _ in range(count)]
    for edge in flow.edges:
        upstream[edge.downstream].add(edge.upstream)
    yield _linear(upstream, max)
    for _ in range(samples):
        yield _linear(upstream, chooser.choice)


def _linear(upstream: list[set[int]], choose: Any) -> list[int]:
    done: list[int] = []
    left = set(range(len(upstream)))
    while left:
        ready = sorted(i for i in left if upstream[i] <= set(done))
        done.append(choose(ready))
        left.discard(done[-1])
    return done


def disagreement(sources: Sequence[str], flow: Dataflow, chooser: random.Random, samples: int = 4) -> str | None:
    """Return how some allowed order differs from top to bottom, None if none was found."""
    codes = [compile(source, f"cell {i + 1}", "exec") for i, source in enumerate(sources)]
    expected = run(codes, range(len(codes)))
    if expected.error:
        return None
    for order in orders(len(codes), flow, chooser, samples):
        got = run(codes, order)
        if got != expected:
            return _report(order, expected, got)
    return None


def _report(order: list[int], expected: Trace, got: Trace) -> str:
    lines = [f"order {[i + 1 for i in order]} {got.error}"]
    lines += [
        f"cell {i + 1} showed {got.outputs.get(i)!r}, not {text!r}"
        for i, text in sorted(expected.outputs.items())
        if got.outputs.get(i) != text
    ]
    for old, new in zip(expected.state.split("\n"), got.state.split("\n"), strict=False):
        if old != new:
            lines.append(f"left {new}, not {old}")
    return "\n".join(lines)
