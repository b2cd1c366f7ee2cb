"""How much of a notebook its edges leave free: what is not free is either needed or not understood."""

from __future__ import annotations

from collections.abc import Sequence

Upstream = Sequence[Sequence[int]]


def critical_path(upstream: Upstream, weights: Sequence[float]) -> float:
    """Return the heaviest chain's share of all the weight; edges point from lower to higher numbers.

    >>> critical_path([[], [0], [0], [1, 2]], [1, 1, 1, 1])
    0.75
    """
    ends: list[float] = []
    for before, weight in zip(upstream, weights, strict=True):
        ends.append(max((ends[n] for n in before), default=0.0) + weight)
    total = sum(weights)
    return max(ends, default=0.0) / total if total else 1.0
