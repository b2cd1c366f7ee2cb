"""The board: a few bytes of shared memory that say which task runs, and until when; readable after a sudden death."""

from __future__ import annotations

import mmap
import os
import tempfile

#: No task runs.
IDLE = -1
_HEADER = 16


class Board:
    """Which task runs now; one store a task, seen at once by whoever holds the same file descriptor."""

    def __init__(self, fd: int | None = None, *, slugs: tuple[str, ...] = ()):
        names = "\n".join(slugs).encode()
        if fd is None:
            self._map = mmap.mmap(-1, _HEADER)
        else:
            os.ftruncate(fd, _HEADER + len(names))
            os.pwrite(fd, names, _HEADER)
            self._map = mmap.mmap(fd, _HEADER)
        #: ``cell[0]`` is the number of the running task, or `IDLE`.
        self.cell = memoryview(self._map).cast("i")
        self.cell[0] = IDLE
        #: ``limit[0]`` is when, by the monotonic clock, the running task must have ended; 0 for never.
        self.limit = memoryview(self._map)[8:].cast("d")


def board_file() -> int:
    """Return a file descriptor for a `Board` that two processes share."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("jupyter_flows-board")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def running_task(fd: int) -> str | None:
    """Return the slug of the task that the board in `fd` says is running, if one is."""
    data = os.pread(fd, os.fstat(fd).st_size, 0)
    if len(data) <= _HEADER:
        return None
    number = memoryview(data)[:4].cast("i")[0]
    slugs = data[_HEADER:].decode().split("\n")
    return slugs[number] if 0 <= number < len(slugs) else None


def limit_of(fd: int) -> float:
    """Return the limit that the board in `fd` has; 0 for none."""
    data = os.pread(fd, _HEADER, 0)
    return float(memoryview(data)[8:].cast("d")[0]) if len(data) == _HEADER else 0.0
