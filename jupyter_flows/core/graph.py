"""Directed graphs over integers, in linear time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush


def neighbours(size: int, edges: Iterable[tuple[int, int]]) -> tuple[list[list[int]], list[list[int]]]:
    """Return for each of `size` nodes its downstream nodes, and its upstream nodes."""
    down: list[list[int]] = [[] for _ in range(size)]
    up: list[list[int]] = [[] for _ in range(size)]
    for u, d in edges:
        down[u].append(d)
        up[d].append(u)
    return down, up


def topological_order(size: int, edges: Iterable[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """Return an order that respects every edge, lowest number first, and the nodes left in cycles."""
    edges = list(edges)
    if all(u < d for u, d in edges):
        return list(range(size)), []
    down, up = neighbours(size, edges)
    waiting = [len(u) for u in up]
    ready = [n for n in range(size) if not waiting[n]]
    heapify(ready)
    order: list[int] = []
    while ready:
        node = heappop(ready)
        order.append(node)
        for child in down[node]:
            waiting[child] -= 1
            if not waiting[child]:
                heappush(ready, child)
    return order, ([n for n in range(size) if waiting[n] > 0] if len(order) < size else [])


def find_cycle(nodes: Sequence[int], edges: Iterable[tuple[int, int]]) -> list[int]:
    """Return one cycle among `nodes`, each of which waits on another of them, in edge order."""
    inside = set(nodes)
    upstream = {d: u for u, d in edges if u in inside and d in inside}
    seen: dict[int, int] = {}
    path: list[int] = []
    node = next(n for n in nodes if n in upstream)
    while node not in seen:
        seen[node] = len(path)
        path.append(node)
        node = upstream[node]
    return path[seen[node] :][::-1]
