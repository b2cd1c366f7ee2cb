"""Reports gathered for a moment, so that a thousand short tasks cost a few messages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

#: How long a report may wait for others.
GATHER_SECONDS = 0.02


class Mailbox:
    """Hands reports to `post` in batches, in order, from a thread of its own."""

    def __init__(self, post: Callable[[list[tuple[Any, ...]]], None]):
        self._post = post
        self._lock = threading.Lock()
        self._letters: list[tuple[Any, ...]] = []
        self._waiting, self._over = threading.Event(), threading.Event()
        threading.Thread(target=self._carry, name="mailbox", daemon=True).start()

    def send(self, *letter: Any) -> None:
        """Take a report."""
        with self._lock:
            self._letters.append(letter)
        self._waiting.set()

    def close(self) -> None:
        """Hand on what is left, and nothing more."""
        self._over.set()
        self._waiting.set()

    def _carry(self) -> None:
        over = False
        while not over:
            self._waiting.wait()
            over = self._over.wait(GATHER_SECONDS)
            self._waiting.clear()
            with self._lock:
                letters, self._letters = self._letters, []
            if letters:
                self._post(letters)
