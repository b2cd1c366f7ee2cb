"""Who read and who changed each thing, in the order it happened, and the edges that follow."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

READ_AFTER_WRITE = "read-after-write"
WRITE_AFTER_READ = "write-after-read"
WRITE_AFTER_WRITE = "write-after-write"


@dataclass(slots=True)
class _Thing:
    writer: int | None = None
    readers: set[int] = field(default_factory=set)


class History:
    """Cells come in notebook order; `edges` says which must follow which, why, and for the sake of what."""

    def __init__(self) -> None:
        #: (upstream, downstream) -> {(kind, label)}
        self.edges: dict[tuple[int, int], set[tuple[str, str]]] = {}
        self._things: dict[Hashable, _Thing] = {}

    def read(self, thing: Hashable, cell: int, label: str) -> None:
        """Record that a cell depends on a thing."""
        found = self._things.setdefault(thing, _Thing())
        if found.writer is not None:
            self._edge(found.writer, cell, READ_AFTER_WRITE, label)
        found.readers.add(cell)

    def write(self, thing: Hashable, cell: int, label: str) -> None:
        """Record that a cell makes or changes a thing."""
        found = self._things.setdefault(thing, _Thing())
        for reader in found.readers:
            self._edge(reader, cell, WRITE_AFTER_READ, label)
        if found.writer is not None:
            self._edge(found.writer, cell, WRITE_AFTER_WRITE, label)
        found.writer, found.readers = cell, set()

    def renew(self, thing: Hashable, cell: int) -> None:
        """Record that a cell makes a thing anew, with no order among those who do."""
        self._things[thing] = _Thing(cell)

    def _edge(self, upstream: int, downstream: int, kind: str, label: str) -> None:
        if upstream != downstream:
            self.edges.setdefault((upstream, downstream), set()).add((kind, label))
