"""What functions write far from home, on its way there."""

from __future__ import annotations

import io
import logging
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from itertools import groupby
from operator import itemgetter
from typing import Any, TextIO

#: More text of one task stays where it was written.
LIMIT_CHARACTERS = 8 << 20
#: More text than this is sent at once.
_GATHER_CHARACTERS = 1 << 16


class Speech:
    """Gathers what one task writes, and sends it in pieces: ``send("text", number, stream, text)``."""

    def __init__(self, number: int, send: Callable[..., None]):
        self._number, self._send = number, send
        self._lock = threading.RLock()
        self._pending: list[tuple[str, str]] = []
        self._waiting = 0
        self._left = LIMIT_CHARACTERS

    def write(self, name: str, text: str) -> None:
        """Take text of the stream `name`."""
        with self._lock:
            if self._left <= 0:
                return
            self._left -= len(text)
            if self._left <= 0:
                text = (
                    f"{text[: self._left or None]}\n[more than {LIMIT_CHARACTERS:,} characters: the rest is not kept]\n"
                )
            self._pending.append((name, text))
            self._waiting += len(text)
            if self._waiting > _GATHER_CHARACTERS:
                self.flush()

    def log(self, record: logging.LogRecord) -> None:
        """Send a log line, after the text before it."""
        self.flush()
        message = record.getMessage()
        if record.exc_info:
            message += "\n" + logging.Formatter().formatException(record.exc_info)
        self._send("log", self._number, record.levelno, record.name, message)

    def flush(self) -> None:
        """Send what is gathered, what follows on each other in one piece."""
        with self._lock:
            pending, self._pending, self._waiting = self._pending, [], 0
            for stream, run in groupby(pending, itemgetter(0)):
                self._send("text", self._number, stream, "".join(text for _, text in run))


#: Whose text the calling code writes.
speech: ContextVar[Speech | None] = ContextVar("jupyter_flows.speech", default=None)


class RoutedStream(io.TextIOBase):
    """``sys.stdout`` or ``sys.stderr`` of a process that calls functions for a run; other text goes on as before."""

    def __init__(self, name: str, under: TextIO):
        super().__init__()
        self.name, self._under = name, under

    def write(self, text: str) -> int:
        """Take text for the task that writes it."""
        voice = speech.get()
        if voice is None:
            return self._under.write(text)
        voice.write(self.name, text)
        return len(text)

    def flush(self) -> None:
        """Flush the stream below."""
        self._under.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._under, name)


class RoutedLog(logging.Handler):
    """Takes what ``context.logger`` is told."""

    def emit(self, record: logging.LogRecord) -> None:
        """Send one line, if a task says it."""
        voice = speech.get()
        if voice is None:
            return
        try:
            voice.log(record)
        except Exception:  # noqa: BLE001 - a log call's own arguments may not fit its text
            self.handleError(record)


def route_streams() -> None:
    """Put routed streams in place of Python's, once a process."""
    if not isinstance(sys.stdout, RoutedStream):
        sys.stdout = RoutedStream("stdout", sys.stdout)
        sys.stderr = RoutedStream("stderr", sys.stderr)
        logger = logging.getLogger("jupyter_flows.run")
        logger.addHandler(RoutedLog())
        logger.setLevel(logging.INFO)
        logger.propagate = False
