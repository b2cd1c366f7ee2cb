"""Place a graph's nodes in layers, so that edges point down and cross little.

Longest-path layers, dummy nodes where an edge passes a layer, and a few barycentre sweeps (Sugiyama's method in
its smallest form). Graphs here have tens of nodes; a thousand still take well under a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from jupyter_flows.core.graph import neighbours, topological_order

SWEEPS = 6
#: Graphs with more bends than this are drawn without dummy nodes.
MAX_DUMMIES = 4000


@dataclass(frozen=True, slots=True)
class Layout:
    """Where nodes go: a layer and a centre across, in the units of the widths given."""

    layer: Sequence[int]
    centre: Sequence[float]
    #: For each edge, in the order given, the centres it passes in the layers between its ends.
    bends: Sequence[Sequence[float]]
    width: float
    layers: int


def reduced(size: int, edges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the edges that no longer path implies, in the order given."""
    given = list(dict.fromkeys(edges))
    down, _ = neighbours(size, given)
    order, _ = topological_order(size, given)
    reach = [0] * size
    for node in reversed(order):
        for child in down[node]:
            reach[node] |= reach[child] | 1 << child
    return [(u, d) for u, d in given if not any(reach[c] >> d & 1 for c in down[u] if c != d)]


def layout(widths: Sequence[float], edges: Sequence[tuple[int, int]], *, gap: float) -> Layout:
    """Place nodes of these widths; `edges` are acyclic pairs of node numbers."""
    size = len(widths)
    layer = _layers(size, edges)
    wide = list(widths)
    chains: list[list[int]] = []
    segments: list[tuple[int, int]] = []
    spare = MAX_DUMMIES
    for u, d in edges:
        between = range(layer[u] + 1, layer[d]) if layer[d] - layer[u] - 1 <= spare else range(0)
        spare -= len(between)
        chain = list(range(len(wide), len(wide) + len(between)))
        wide += [gap / 2] * len(chain)
        layer += list(between)
        chains.append(chain)
        path = [u, *chain, d]
        segments += pairwise(path)
    rows = _ordered(layer, segments)
    centre = _centres(rows, wide, segments, gap)
    total = max((centre[n] + wide[n] / 2 for row in rows for n in row), default=0.0)
    return Layout(layer[:size], centre[:size], [[centre[n] for n in chain] for chain in chains], total, len(rows))


def _layers(size: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    down, up = neighbours(size, edges)
    order, _ = topological_order(size, edges)
    layer = [0] * size
    for node in order:
        for child in down[node]:
            layer[child] = max(layer[child], layer[node] + 1)
    # A node that nothing waits for it to follow sits right above the first that needs it.
    for node in reversed(order):
        if down[node] and not up[node]:
            layer[node] = min(layer[child] for child in down[node]) - 1
    return layer


def _ordered(layer: Sequence[int], segments: Sequence[tuple[int, int]]) -> list[list[int]]:
    rows: list[list[int]] = [[] for _ in range(max(layer, default=-1) + 1)]
    for node, number in enumerate(layer):
        rows[number].append(node)
    down, up = neighbours(len(layer), segments)
    place = [0.0] * len(layer)
    for row in rows:
        _number(row, place)
    for sweep in range(SWEEPS):
        beside = up if sweep % 2 == 0 else down
        for row in rows if sweep % 2 == 0 else reversed(rows):
            row.sort(key=lambda n: (_mean([place[m] for m in beside[n]], place[n]), place[n]))
            _number(row, place)
    return rows


def _number(row: Sequence[int], place: list[float]) -> None:
    for position, node in enumerate(row):
        place[node] = (position + 0.5) / len(row)


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _centres(
    rows: Sequence[Sequence[int]], wide: Sequence[float], segments: Sequence[tuple[int, int]], gap: float
) -> list[float]:
    down, up = neighbours(len(wide), segments)
    centre = [0.0] * len(wide)
    for row in rows:
        _pack(row, wide, centre, [0.0] * len(row), gap)
    for sweep in range(SWEEPS):
        beside = down if sweep % 2 == 0 else up
        for row in reversed(rows) if sweep % 2 == 0 else rows:
            wanted = [_mean([centre[m] for m in beside[n]], centre[n]) for n in row]
            _pack(row, wide, centre, wanted, gap)
    left = min((centre[n] - wide[n] / 2 for row in rows for n in row), default=0.0)
    return [c - left for c in centre]


def _pack(row: Sequence[int], wide: Sequence[float], centre: list[float], wanted: Sequence[float], gap: float) -> None:
    """Put a row's nodes as near to where they want to be as their widths and order allow."""
    blocks: list[tuple[float, list[int], list[float]]] = []
    for node, wish in zip(row, wanted, strict=True):
        block = (wish, [node], [0.0])
        while blocks and _start(block, wide) < _end(blocks[-1], wide) + gap:
            block = _merged(blocks.pop(), block, wide, gap)
        blocks.append(block)
    for at, nodes, offsets in blocks:
        for node, offset in zip(nodes, offsets, strict=True):
            centre[node] = at + offset


_Block = tuple[float, list[int], list[float]]


def _start(block: _Block, wide: Sequence[float]) -> float:
    return block[0] + block[2][0] - wide[block[1][0]] / 2


def _end(block: _Block, wide: Sequence[float]) -> float:
    return block[0] + block[2][-1] + wide[block[1][-1]] / 2


def _merged(left: _Block, right: _Block, wide: Sequence[float], gap: float) -> _Block:
    """Join two blocks that want to overlap; together they stand where they are least wrong on average."""
    shift = left[2][-1] + (wide[left[1][-1]] + wide[right[1][0]]) / 2 + gap - right[2][0]
    offsets = left[2] + [offset + shift for offset in right[2]]
    at = (left[0] * len(left[1]) + (right[0] - shift) * len(right[1])) / len(offsets)
    return at, left[1] + right[1], offsets
