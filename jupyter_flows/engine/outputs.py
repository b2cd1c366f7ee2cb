"""What a run writes, as events: text routed to the task that wrote it, gathered, bounded; displays in between."""

from __future__ import annotations

import io
import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO

from jupyter_flows.core.events import EventLog, of_child
from jupyter_flows.engine.context import current_index, current_place, current_task, on_worker, process_run
from jupyter_flows.engine.masking import Masker

#: Text waiting to be sent is sent at once when there is more.
GATHER_CHARACTERS = 1 << 16
#: More text of one task and stream goes to a file; more than that in the file, nowhere.
LIMIT_CHARACTERS = 8 << 20
FILE_BYTES = 1 << 30

_speaker: ContextVar[str | None] = ContextVar("jupyter_flows.speaker", default=None)

Place = tuple[str | None, str | None, str]
"""Who wrote: task, callback, stream."""


class Outputs:
    """Collects what tasks and callbacks write; every thread may write."""

    def __init__(
        self,
        events: EventLog,
        *,
        folder: str | None = None,
        limit: int = LIMIT_CHARACTERS,
        masker: Masker | None = None,
    ):
        self._events, self._folder, self._limit = events, folder, limit
        self._masker = masker or Masker()
        self._lock = threading.RLock()
        #: Who wrote, for which child of a mapped task, and what.
        self._pending: list[tuple[Place, int | None, str]] = []
        self._waiting = 0
        self._sent: dict[Place, int] = {}
        self._rest: dict[Place, _Rest] = {}
        #: The running task, for text whose thread does not say.
        self.running: Callable[[], str | None] = lambda: None
        #: Take text elsewhere: into a widget that the writing code has entered.
        self.divert: Callable[[str, str], bool] = lambda _name, _text: False
        #: Bring in what was written past Python, to file descriptors 1 and 2.
        self.drain: Callable[[], None] = lambda: None
        #: Whether what is written goes nowhere.
        self.muted = False

    def task(self) -> str | None:
        """Return the slug of the task that the calling code belongs to."""
        place = current_place.get()
        named = current_task() if place and place.run is process_run() else None
        return named or self.running()

    def write(self, name: str, text: str) -> None:
        """Take text written to the stream `name`."""
        if self.divert(name, text):
            return
        self.drain()
        self.take(name, text)

    def take_past_python(self, name: str, text: str) -> None:
        """Take text that was written past Python: by what the main thread runs, whichever thread brings it."""
        if on_worker.get():
            self._put((self.running(), None, name), text)
        else:
            self.take(name, text)

    def take(self, name: str, text: str) -> None:
        """Take text, whose place among what went to the file descriptors does not matter."""
        speaker = _speaker.get()
        self._put((None if speaker else self.task(), speaker, name), text, index=current_index.get())

    def _put(self, place: Place, text: str, *, index: int | None = None) -> None:
        if not text or self.muted:
            return
        with self._lock:
            self._pending.append((place, index, text))
            self._waiting += len(text)
            if self._waiting > GATHER_CHARACTERS:
                self.flush()

    def flush(self) -> None:
        """Send all text taken so far, what follows on each other in one event."""
        with self._lock:
            pending, self._pending, self._waiting = self._pending, [], 0
            for (place, index), run in groupby(pending, itemgetter(0, 1)):
                text = "".join(text for _, _, text in run)
                self._deliver(place, self._masker.stream(place, text), index=index)

    def settle(self, *, whole: bool = False) -> None:
        """Send everything that was written until now, by whichever way; `whole` says that nothing more comes."""
        self.drain()
        with self._lock:
            self.flush()
            task = None if whole else self.task()
            for place, text in self._masker.release(lambda place: whole or place[0] in (None, task)):
                self._deliver(place, text)

    def publish(self, output: dict[str, Any]) -> None:
        """Send a display, after the text before it."""
        self.settle()
        if self.muted:
            return
        with self._lock:
            self._events.emit("output", task=self.task(), output=output, **of_child(current_index.get()))

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """Let what is written and displayed meanwhile go nowhere."""
        self.settle()
        self.muted = True
        try:
            yield
        finally:
            self.settle()
            self.muted = False

    @contextmanager
    def speaking(self, name: str) -> Iterator[None]:
        """Report what the calling code writes under a callback's name instead of a task's."""
        self.settle()
        token = _speaker.set(name)
        try:
            yield
        finally:
            self.settle()
            _speaker.reset(token)

    def _deliver(self, place: Place, text: str, *, index: int | None = None) -> None:
        sent = self._sent.get(place, 0)
        if sent + len(text) > self._limit:
            cut = max(0, self._limit - sent)
            text = text[:cut] + self._keep(place, text[cut:])
        self._sent[place] = sent + len(text)
        if text:
            task, speaker, name = place
            who = {"source": speaker} if speaker else {}
            self._events.emit("stream", task=task, name=name, text=text, **who, **of_child(index))

    def _keep(self, place: Place, text: str) -> str:
        """Put the rest of a text into a file, and return what to say of it the first time."""
        known = place in self._rest
        if not known:
            self._rest[place] = _Rest(self._folder, place)
        rest = self._rest[place]
        rest.write(text)
        return "" if known else f"\n[more than {self._limit:,} characters: the rest is in {rest.path}]\n"


class _Rest:
    """The file that takes what a task writes past the limit."""

    def __init__(self, folder: str | None, place: Place):
        where = Path(folder or tempfile.mkdtemp(prefix="jupyter_flows-output-"))
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        word = re.sub(r"[^0-9A-Za-z_-]+", "_", place[0] or place[1] or "run")[:40]
        self.path = where / f"{word}.{place[2]}.txt"
        self._left = FILE_BYTES

    def write(self, text: str) -> None:
        data = text.encode("utf-8", "replace")[: self._left]
        self._left -= len(data)
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "ab") as file:
            file.write(data)


class RunStream(io.TextIOBase):
    """``sys.stdout`` or ``sys.stderr`` of a run."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, outputs: Outputs, name: str, fd: int):
        super().__init__()
        self._outputs, self.name, self._fd = outputs, name, fd
        self._bytes: BinaryIO | None = None

    @property
    def buffer(self) -> BinaryIO:
        """The file descriptor below, for who writes bytes."""
        if self._bytes is None:
            self._bytes = open(self._fd, "wb", buffering=0, closefd=False)  # noqa: SIM115 - lives as long as the stream
        return self._bytes

    def write(self, text: str) -> int:
        """Take text for the running task."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._outputs.write(self.name, text)
        return len(text)

    def writable(self) -> bool:
        """Say yes."""
        return True

    def fileno(self) -> int:
        """Return the file descriptor, whose text is taken too."""
        return self._fd

    def isatty(self) -> bool:
        """Say no, as a kernel's streams do."""
        return False

    def flush(self) -> None:
        """Do nothing: text is sent ten times a second, and at the end of each task."""

    def close(self) -> None:
        """Do nothing: a run's streams stay open."""


def install_streams(outputs: Outputs) -> None:
    """Put a run's streams in place of Python's, for the whole process."""
    sys.stdout = RunStream(outputs, "stdout", 1)
    sys.stderr = RunStream(outputs, "stderr", 2)
    os.register_at_fork(after_in_child=_plain_streams)


def _plain_streams() -> None:
    """Let a forked child write to the file descriptors, whose text its parent takes."""
    sys.stdout = open(1, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)  # noqa: SIM115
