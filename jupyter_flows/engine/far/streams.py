"""What functions write far from home, on its way there."""

from __future__ import annotations

import io
import logging
import socket
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from itertools import groupby
from operator import itemgetter
from typing import Any, TextIO

from jupyter_flows.engine.threads_of_tasks import follow_threads
from jupyter_flows.engine.whole_text import WholeTexts

#: More text of one task stays on the machine where it was written, if the way home is narrow.
LIMIT_CHARACTERS = 8 << 20
#: More text than this is sent at once.
_GATHER_CHARACTERS = 1 << 16


class Speech:
    """Gathers what one task writes, and sends it in pieces: ``send("text", number, stream, text)``.

    With `whole` only so much is sent as events carry.
    """

    def __init__(self, number: int, send: Callable[..., None], whole: WholeTexts | None = None):
        self._number, self._send, self._whole = number, send, whole
        self._lock = threading.RLock()
        self._pending: list[tuple[str, str]] = []
        self._waiting = 0
        #: How much was written to each stream.
        self._written: dict[str, int] = {}

    def write(self, name: str, text: str) -> None:
        """Take text of the stream `name`."""
        with self._lock:
            if self._whole is not None:
                text = self._bounded(name, text, self._whole)
            if not text:
                return
            self._pending.append((name, text))
            self._waiting += len(text)
            if self._waiting > _GATHER_CHARACTERS:
                self.flush()

    def close(self) -> None:
        """Send what is left: the task has ended."""
        with self._lock:
            self.flush()
            if self._whole is not None:
                self._whole.forget(lambda _: True)

    def _bounded(self, name: str, text: str, whole: WholeTexts) -> str:
        """Return what of a text is sent; all of it is kept on this machine."""
        place = str(self._number), None, name
        whole.add(place, text)
        left = LIMIT_CHARACTERS - self._written.get(name, 0)
        self._written[name] = LIMIT_CHARACTERS - left + len(text)
        if len(text) <= left:
            return text
        path, size = whole.keep(place), f"{LIMIT_CHARACTERS:,} characters"
        notice = f"\n[more than {size}: all of it is in {path} on {socket.gethostname()}]\n"
        return text[:left] + notice if left >= 0 else ""

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
    """Takes the log lines of tasks; those of others go to `under`."""

    def __init__(self, under: logging.Handler | None = None, level: int = logging.NOTSET):
        super().__init__(level)
        self._under = under

    def emit(self, record: logging.LogRecord) -> None:
        """Send one line, if a task says it."""
        voice = speech.get()
        if voice is None:
            if self._under is not None:
                self._under.handle(record)
            return
        try:
            voice.log(record)
        except Exception:  # noqa: BLE001 - a log call's own arguments may not fit its text
            self.handleError(record)


def route_streams() -> None:
    """Put routed streams in place of Python's, once a process; what threads of a task write is the task's too."""
    follow_threads(speech)
    if not isinstance(sys.stdout, RoutedStream):
        sys.stdout = RoutedStream("stdout", sys.stdout)
        sys.stderr = RoutedStream("stderr", sys.stderr)
        logger = logging.getLogger("jupyter_flows.run")
        logger.addHandler(RoutedLog())
        logger.setLevel(logging.INFO)
        logger.propagate = False
        logging.lastResort = RoutedLog(logging.lastResort, logging.WARNING)
