"""Who read and wrote what, and so which cell must wait for which."""

from __future__ import annotations

from collections.abc import Iterable

READ_AFTER_WRITE = "read-after-write"
WRITE_AFTER_READ = "write-after-read"
WRITE_AFTER_WRITE = "write-after-write"

#: (name, kind, is it about an object rather than a name)
Reason = tuple[str, str, bool]


class Track:
    """The last cells that wrote one thing, and those that read it since."""

    __slots__ = ("label", "readers", "seen", "writers")

    def __init__(self, label: str = "") -> None:
        #: The name that people know it by.
        self.label = label
        self.writers: set[int] = set()
        self.readers: set[int] = set()
        #: The cell whose reading is recorded in full.
        self.seen = -1

    def absorb(self, other: Track) -> None:
        """Take over the history of a thing that is no longer told apart from this one."""
        self.writers |= other.writers
        self.readers |= other.readers
        self.label = self.label or other.label
        self.seen = -1


class Ledger:
    """Record accesses in notebook order; keep an edge for each conflict."""

    def __init__(self, kinds: Iterable[str] = (READ_AFTER_WRITE, WRITE_AFTER_READ, WRITE_AFTER_WRITE)) -> None:
        self.cell = 0
        self.reasons: dict[tuple[int, int], set[Reason]] = {}
        #: cell -> the cells whose values it needs
        self.sources: dict[int, set[int]] = {}
        self._kinds = frozenset(kinds)

    def read(self, track: Track, *, is_object: bool = False) -> None:
        """Record that the current cell reads."""
        cell = self.cell
        if track.seen == cell:
            return
        track.seen = cell
        for writer in track.writers:
            if writer != cell:
                self.edge(writer, READ_AFTER_WRITE, track.label, is_object=is_object)
        track.readers.add(cell)

    def write(self, track: Track, *, is_object: bool = False) -> None:
        """Record that the current cell writes (what was there may live on: say `read` too, then)."""
        cell = self.cell
        if len(track.writers) == 1 and cell in track.writers and track.readers <= track.writers:
            return
        for reader in track.readers:
            if reader != cell:
                self.edge(reader, WRITE_AFTER_READ, track.label, is_object=is_object)
        for writer in track.writers:
            if writer != cell:
                self.edge(writer, WRITE_AFTER_WRITE, track.label, is_object=is_object)
        track.writers = {cell}
        track.readers = {cell} & track.readers

    def change(self, track: Track) -> None:
        """Record that the current cell changes an object in place."""
        self.read(track, is_object=True)
        self.write(track, is_object=True)

    def need(self, cells: Iterable[int]) -> None:
        """Record that the current cell needs what other cells made, with no edge of its own."""
        self.sources.setdefault(self.cell, set()).update(c for c in cells if c != self.cell)

    def edge(self, upstream: int, kind: str, name: str, *, is_object: bool) -> None:
        """Record why the current cell must follow another."""
        if kind not in self._kinds:
            return
        self.reasons.setdefault((upstream, self.cell), set()).add((name, kind, is_object))
        if kind == READ_AFTER_WRITE:
            self.sources.setdefault(self.cell, set()).add(upstream)
