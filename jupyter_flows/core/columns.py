"""A flow's edges as columns of numbers: a tenth of the bytes and of the time that so many objects take to pickle."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple


class Columns(NamedTuple):
    """Pairs of nodes, and what is said of each, by number."""

    upstream: array[int]
    downstream: array[int]
    #: The number of what is said of each pair among `labels`, which hold it once.
    label: array[int]
    labels: tuple[tuple[Any, ...], ...]

    @classmethod
    def of(cls, edges: Iterable[tuple[Any, ...]], number: Mapping[Any, int]) -> Columns:
        """Write edges, which are tuples of two nodes and hashable labels, as columns."""
        known: dict[tuple[Any, ...], int] = {}
        up, down, label = array("I"), array("I"), array("I")
        for edge in edges:
            up.append(number[edge[0]])
            down.append(number[edge[1]])
            label.append(known.setdefault(edge[2:], len(known)))
        return cls(up, down, label, tuple(known))

    def rows(self, nodes: Sequence[Any]) -> Iterable[tuple[Any, ...]]:
        """Return the edges between these nodes, in their order."""
        for up, down, label in zip(self.upstream, self.downstream, self.label, strict=True):
            yield nodes[up], nodes[down], *self.labels[label]
