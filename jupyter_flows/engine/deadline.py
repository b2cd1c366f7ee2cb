"""Deadlines: stop a task that takes too long."""

from __future__ import annotations

import ctypes
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: Code that swallows the first interruption meets another after this long.
AGAIN_SECONDS = 1.0
#: How long a task may be past its limit, inside code that can't be interrupted, before its process is killed.
OVERDUE_SECONDS = 5.0
OVERDUE = "it took longer than its limit, could not be interrupted, and was killed"
#: Zero would set no alarm at all.
_SHORTEST = 1e-6


class OutOfTime(BaseException):
    """A task's time is over. Not an `Exception`, so that ``except Exception`` in a task lets it pass."""

    seconds = 0.0

    def __str__(self) -> str:
        return f"the task took longer than {self.seconds:g} s"


@contextmanager
def deadline(seconds: float | None) -> Iterator[None]:
    """Raise `OutOfTime` in this thread once `seconds` have passed; None sets no limit.

    On the main thread a signal interrupts whatever waits (sleep, reads, locks). On others the
    exception arrives when the thread next runs Python code: a task that sits in a C function is
    not stopped before it returns.
    """
    if seconds is None:
        yield
    elif threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer"):
        with _by_signal(seconds):
            yield
    else:
        with _by_exception(seconds, threading.get_ident()):
            yield


def _out_of(seconds: float) -> type[OutOfTime]:
    """Return the exception's class for one limit: other threads can only be sent a class."""
    return type("OutOfTime", (OutOfTime,), {"seconds": seconds})


@contextmanager
def _by_signal(seconds: float) -> Iterator[None]:
    def ring(_: int, __: FrameType | None) -> None:
        raise _out_of(seconds)

    before = signal.signal(signal.SIGALRM, ring)
    started = time.monotonic()
    left, interval = signal.setitimer(signal.ITIMER_REAL, max(seconds, _SHORTEST), AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:  # Somebody else's alarm was set: it goes on.
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - started), _SHORTEST), interval)


@contextmanager
def _by_exception(seconds: float, thread: int) -> Iterator[None]:
    over = threading.Event()

    def watch() -> None:
        wait = seconds
        while not over.wait(wait):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(_out_of(seconds)))
            wait = AGAIN_SECONDS

    watcher = threading.Thread(target=watch, name="deadline", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
