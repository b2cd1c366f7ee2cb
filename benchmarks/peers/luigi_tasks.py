"""Luigi: tasks with parameters, results in memory, the local scheduler."""

from __future__ import annotations

import logging
from typing import Any

import luigi

from benchmarks.shapes import FUNCTIONS, Graph

_GRAPHS: dict[int, Graph] = {}
_RESULTS: dict[tuple[int, int], Any] = {}


class Node(luigi.Task):  # type: ignore[misc]
    """One task of a graph."""

    graph = luigi.IntParameter()
    number = luigi.IntParameter()

    def requires(self) -> list[Node]:
        """Return the tasks whose results it takes."""
        return [Node(self.graph, u) for u in _GRAPHS[self.graph][self.number][2]]

    def complete(self) -> bool:
        """Tell whether it has run."""
        return (self.graph, self.number) in _RESULTS

    def run(self) -> None:
        """Call the function."""
        name, constants, upstream = _GRAPHS[self.graph][self.number]
        values = [_RESULTS[self.graph, u] for u in upstream]
        fn = FUNCTIONS[name]
        _RESULTS[self.graph, self.number] = fn(values) if name == "total" else fn(*constants, *values)


def build(graph: Graph) -> Node:
    """Return the last task, which asks for the others."""
    logging.disable(logging.CRITICAL)
    _GRAPHS[len(_GRAPHS)] = graph
    return Node(len(_GRAPHS) - 1, len(graph) - 1)


def run(last: Node) -> None:
    """Build it, as Luigi says."""
    assert luigi.build([last], local_scheduler=True, workers=1, log_level="ERROR")
