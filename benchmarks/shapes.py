"""The graphs that every engine is given: what each task calls, with which constants, and after which tasks.

Standard library only: the peers' own interpreters import it, too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

#: A function by its name below, its constants, and the numbers of the tasks whose results it takes.
Node = tuple[str, tuple[Any, ...], tuple[int, ...]]
Graph = list[Node]

#: When the only task of `one` was called.
CALLED = [0.0]


def inc(n: int) -> int:
    """Add one."""
    return n + 1


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def total(numbers: Sequence[int]) -> int:
    """Add all numbers: the only function that takes its upstream results as one list."""
    return sum(numbers)


def note() -> int:
    """Note when it was called."""
    CALLED[0] = time.perf_counter()
    return 0


FUNCTIONS: dict[str, Callable[..., Any]] = {"inc": inc, "add": add, "total": total, "note": note}


def chain(size: int) -> Graph:
    """Return tasks of which each waits for the one before it."""
    return [("inc", (0,), ()), *(("inc", (), (n,)) for n in range(size - 1))]


def fan(size: int) -> Graph:
    """Return tasks that wait for nothing, and a last one that takes what all give."""
    return [*(("inc", (n,), ()) for n in range(size - 1)), ("total", (), tuple(range(size - 1)))]


def tree(size: int) -> Graph:
    """Return leaves, and tasks that each add up two results, to the last."""
    leaves = (size + 1) // 2
    return [*(("inc", (n,), ()) for n in range(leaves)), *(("add", (), (2 * n, 2 * n + 1)) for n in range(leaves - 1))]


def one(size: int) -> Graph:
    """Return a single task, whatever the size, that notes when it is called."""
    assert size
    return [("note", (), ())]


SHAPES: dict[str, Callable[[int], Graph]] = {"chain": chain, "fan": fan, "tree": tree, "one": one}
