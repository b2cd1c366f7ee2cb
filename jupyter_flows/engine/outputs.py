"""What a run writes, as events: text routed to the task that wrote it, gathered, bounded; displays in between."""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import groupby
from operator import itemgetter
from typing import Any, BinaryIO

from jupyter_flows.core.events import EventLog, of_child
from jupyter_flows.engine.context import current_index, current_place, current_task, on_worker, process_run
from jupyter_flows.engine.masking import Masker
from jupyter_flows.engine.whole_text import HEAD_CHARACTERS, Place, WholeTexts

#: Text waiting to be sent is sent at once when there is more.
GATHER_CHARACTERS = 1 << 16
#: More text of one task and stream goes to a file alone, which has all of it.
LIMIT_CHARACTERS = 8 << 20
#: Once a run has sent so much, each task and stream may send `HEAD_CHARACTERS`.
RUN_CHARACTERS = 64 << 20

_speaker: ContextVar[str | None] = ContextVar("jupyter_flows.speaker", default=None)


class Outputs:
    """Collects what tasks and callbacks write; every thread may write."""

    def __init__(
        self,
        events: EventLog,
        *,
        folder: str | None = None,
        limit: int = LIMIT_CHARACTERS,
        most: int = RUN_CHARACTERS,
        masker: Masker | None = None,
    ):
        self._events, self._limit, self._most = events, limit, most
        self._masker = masker or Masker()
        self._lock = threading.RLock()
        #: Who wrote, for which child of a mapped task, and what.
        self._pending: list[tuple[Place, int | None, str]] = []
        self._waiting = 0
        self._sent: dict[Place, int] = {}
        self._total = 0
        self._whole = WholeTexts(folder)
        #: Places whose text went on in a file.
        self._cut: set[Place] = set()
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
        if on_worker.get() or threading.current_thread() is not threading.main_thread():
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

    def forget(self, tasks: AbstractSet[str]) -> None:
        """Let go of what is kept of tasks that have ended."""
        with self._lock:
            self._whole.forget(lambda place: place[0] in tasks)

    def close(self) -> None:
        """Send everything, and let go of what is kept: the run has ended."""
        self.settle(whole=True)
        with self._lock:
            self._whole.forget(lambda _: True)

    def become_helper(self) -> None:
        """In a forked child: send nothing, and wait for no thread, for there is none."""
        self._lock = threading.RLock()
        self._pending, self._waiting = [], 0
        self._events = EventLog(lambda _: None)
        self.drain = lambda: None

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
        self._whole.add(place, text)
        sent = self._sent.get(place, 0)
        limit = self._limit if self._total < self._most else min(self._limit, HEAD_CHARACTERS)
        self._sent[place] = sent + len(text)
        if sent + len(text) > limit:
            text = text[: max(0, limit - sent)]
            if place not in self._cut:
                self._cut.add(place)
                text += f"\n[more than {limit:,} characters: all of it is in {self._whole.keep(place)}]\n"
        if text:
            self._total += len(text)
            task, speaker, name = place
            who = {"source": speaker} if speaker else {}
            self._events.emit("stream", task=task, name=name, text=text, **who, **of_child(index))


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
