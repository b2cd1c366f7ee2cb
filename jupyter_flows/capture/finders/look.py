"""What finders look at: the cells that take part, and what the analysis says of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from jupyter_flows.capture.code import python_body
from jupyter_flows.capture.dataflow import Dataflow
from jupyter_flows.capture.markers import Marker
from jupyter_flows.core.cell import Cell


@dataclass(frozen=True, slots=True)
class Reading:
    """One cell as finders read it."""

    cell: Cell
    marker: Marker
    #: Position among the cells that take part.
    index: int

    @property
    def ordinal(self) -> int:
        """The cell's number, as people are told it."""
        return self.cell.ordinal

    @property
    def text(self) -> str:
        """What runs of the cell: marks gone, line numbers kept."""
        return self.marker.code

    def body(self) -> tuple[ast.Module, int]:
        """Return the cell's Python, that below a magic such as ``%%time`` too, and the number of lines above it."""
        return python_body(self.text, ordinal=self.ordinal)

    def nodes(self) -> Iterator[tuple[Any, int]]:
        """Yield each node of the cell's Python that has a place, with its line."""
        tree, above = self.body()
        for node in ast.walk(tree):
            line = getattr(node, "lineno", None)
            if line is not None:
                yield node, line + above


@dataclass(frozen=True)
class Look:
    """A notebook's cells that take part."""

    cells: Sequence[Cell]
    markers: Sequence[Marker]
    dataflow: Dataflow
    #: Where the notebook is saved; None for one that is not.
    folder: Path | None = None
    #: Names that a kernel has now; never their values.
    alive: frozenset[str] = field(default=frozenset())

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """The cells, one by one."""
        return tuple(Reading(c, m, n) for n, (c, m) in enumerate(zip(self.cells, self.markers, strict=True)))


def dotted(node: ast.AST) -> str:
    """Return a name with its attributes as it is written, "" for what is no such thing.

    >>> dotted(ast.parse("np.random.rand").body[0].value)
    'np.random.rand'
    """
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


_INDENTED = re.compile(r"^[ \t]+(?:import|from)\b|[:;][ \t]*(?:import|from)\b", re.MULTILINE)


class Imported:
    """The full names of what cells imported so far, by the names that they use."""

    def __init__(self, watched: tuple[str, ...] = ()) -> None:
        self._names: dict[str, str] = {}
        self._modules = watched
        #: The names that stand for something of the watched modules (written with a dot at their end).
        self.watched: set[str] = set()

    def take(self, reading: Reading) -> None:
        """Take in the imports of a cell."""
        if "import" not in reading.text:
            return
        tree, _ = reading.body()
        nodes: Iterable[ast.AST] = ast.walk(tree) if _INDENTED.search(reading.text) else tree.body
        for node in nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    self._add(alias.asname or top, alias.name if alias.asname else top)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    self._add(alias.asname or alias.name, f"{node.module}.{alias.name}")

    def _add(self, name: str, path: str) -> None:
        self._names[name] = path
        if path.startswith(self._modules):
            self.watched.add(name)

    def full(self, node: ast.AST) -> str:
        """Return the import path that an expression stands for, "" if it stands for none."""
        first, dot, rest = dotted(node).partition(".")
        return f"{self._names[first]}{dot}{rest}" if first in self._names else ""
