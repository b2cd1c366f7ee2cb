"""Writers take turns: the kernel wakes the next in line, where SQLite would let each try again at its own pace.

Eight agents claiming at once, measured: even shares, twice the claims a second, a fifth of the longest waits.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path


class Turns:
    """A line of writers, across threads and processes, at a lock file next to the registry.

    Only a courtesy: whoever can't stand in line (no lock file, a holder that is stopped) goes on after
    `patience_seconds`, and SQLite's own lock decides.
    """

    def __init__(self, registry: Path, *, patience_seconds: float):
        self.path = registry.with_name(registry.name + ".lock")
        self._patience_seconds = patience_seconds

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the turn inside the ``with`` block."""
        waiter = self._take()
        try:
            yield
        finally:
            if waiter is not None:
                waiter.leave()

    def _take(self) -> _Place | None:
        try:
            place = _Place(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        except OSError:
            return None
        place.wait(self._patience_seconds)
        return place


class _Place:
    """One writer's place in line; its descriptor is closed once, by whoever is last to need it."""

    def __init__(self, descriptor: int):
        self._descriptor = descriptor
        self._had = threading.Event()
        self._left = False
        self._lock = threading.Lock()

    def wait(self, seconds: float) -> None:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._had.set()
            return
        # flock() takes no timeout: a thread waits in our place, and is left behind when it takes too long.
        threading.Thread(target=self._stand, name="flows-registry-turn", daemon=True).start()
        self._had.wait(seconds)

    def _stand(self) -> None:
        with contextlib.suppress(OSError):
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        with self._lock:
            self._had.set()
            if self._left:
                os.close(self._descriptor)

    def leave(self) -> None:
        with self._lock:
            self._left = True
            if self._had.is_set():
                os.close(self._descriptor)
