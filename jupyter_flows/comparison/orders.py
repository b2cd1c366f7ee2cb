"""Executors that run a flow's tasks in any order its edges allow, to find the edges that are missing."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from jupyter_flows.engine.executors import Executor, Work

Upstream = Sequence[Sequence[int]]


class AnyOrder(Executor):
    """Run tasks on the calling thread: the latest that is ready first, or drawn with a seed."""

    def __init__(self, seed: int | None = None):
        self._seed = seed

    def execute(self, work: Work) -> None:
        """Run every task in the order that `order` gives."""
        for number in order(work.upstream, self._seed):
            work.run(number)


def order(upstream: Upstream, seed: int | None = None) -> list[int]:
    """Return a linear extension: without `seed` the one that runs the latest task possible first.

    >>> order([[], [], [0], [1, 2]])
    [1, 0, 2, 3]
    """
    choose: Callable[[list[int]], int] = max if seed is None else random.Random(seed).choice
    missing = [set(before) for before in upstream]
    waiting: list[list[int]] = [[] for _ in upstream]
    for number, before in enumerate(missing):
        for other in before:
            waiting[other].append(number)
    ready = [number for number, before in enumerate(missing) if not before]
    done: list[int] = []
    while ready:
        number = choose(sorted(ready))
        ready.remove(number)
        done.append(number)
        for other in waiting[number]:
            missing[other].discard(number)
            if not missing[other]:
                ready.append(other)
    return done
