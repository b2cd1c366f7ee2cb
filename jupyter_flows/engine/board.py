"""The board: a little shared memory that says which tasks run, and until when; readable after a sudden death."""

from __future__ import annotations

import mmap
import os
import tempfile
from typing import NamedTuple

#: No task runs.
IDLE = -1
#: How many tasks can run at once: the first seat is the main thread's.
SEATS = 128
_LIMIT_BYTES = 8
_INDEXES = _LIMIT_BYTES + 4 * SEATS
_HEADER = _INDEXES + 4 * SEATS


class Seated(NamedTuple):
    """A task that is called, and of a mapped task which child."""

    slug: str
    map_index: int | None = None

    def __str__(self) -> str:
        return self.slug if self.map_index is None else f"{self.slug}[{self.map_index}]"


class Board:
    """Which tasks run now; one store a task, seen at once by whoever holds the same file descriptor."""

    def __init__(self, fd: int | None = None, *, slugs: tuple[str, ...] = ()):
        names = "\n".join(slugs).encode()
        if fd is None:
            self._map = mmap.mmap(-1, _HEADER)
        else:
            os.ftruncate(fd, _HEADER + len(names))
            os.pwrite(fd, names, _HEADER)
            self._map = mmap.mmap(fd, _HEADER)
        #: ``limit[0]`` is when, by the monotonic clock, the main thread's task must have ended; 0 for never.
        self.limit = memoryview(self._map)[:_LIMIT_BYTES].cast("d")
        #: The number of the task in each seat, or `IDLE`; ``cell[0]`` is the main thread's.
        self.cell = memoryview(self._map)[_LIMIT_BYTES:_INDEXES].cast("i")
        #: Which child of a mapped task it is; `IDLE` for a task that is not mapped.
        self.index = memoryview(self._map)[_INDEXES:_HEADER].cast("i")
        for seat in range(SEATS):
            self.cell[seat] = self.index[seat] = IDLE


def board_file() -> int:
    """Return a file descriptor for a `Board` that two processes share."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("jupyter_flows-board")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def running_tasks(fd: int) -> list[Seated]:
    """Return the tasks that the board in `fd` says are running, the main thread's first."""
    slugs = all_tasks(fd)
    if not slugs:
        return []
    data = os.pread(fd, _HEADER, 0)
    numbers = memoryview(data)[_LIMIT_BYTES:_INDEXES].cast("i")
    indexes = memoryview(data)[_INDEXES:].cast("i")
    return [
        Seated(slugs[number], index if index >= 0 else None)
        for number, index in zip(numbers, indexes, strict=True)
        if 0 <= number < len(slugs)
    ]


def all_tasks(fd: int) -> list[str]:
    """Return the slugs of all tasks of the run that the board in `fd` belongs to; none before it has begun."""
    size = os.fstat(fd).st_size
    return os.pread(fd, size - _HEADER, _HEADER).decode().split("\n") if size > _HEADER else []


def limit_of(fd: int) -> float:
    """Return the limit that the board in `fd` has; 0 for none."""
    data = os.pread(fd, _LIMIT_BYTES, 0)
    return float(memoryview(data).cast("d")[0]) if len(data) == _LIMIT_BYTES else 0.0
