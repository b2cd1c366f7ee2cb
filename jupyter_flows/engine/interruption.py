"""Interrupt the main thread's task, and those on worker threads, from another thread, and nothing but the tasks."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from jupyter_flows.engine.board import IDLE
from jupyter_flows.engine.task_runner import TaskRunner

#: How long until the next try, where the last met the engine's own code, and where the task went on.
SOON_SECONDS, AGAIN_SECONDS = 0.02, 1.0
#: How long a signal may go unheard before the interruption comes another way.
DEAF_SECONDS = 0.3
#: Modules of ours that hold locks or half-written lines: an interruption waits until they are left.
_UNSAFE = frozenset(f"jupyter_flows.engine.{m}" for m in ("outputs", "descriptors", "reporter", "warned")) | {
    "jupyter_flows.core.events"
}
_DEPTH = 12


class Interruption:
    """Raises `KeyboardInterrupt` in the running task or callback, as a kernel's interrupt does."""

    def __init__(self) -> None:
        self.requested = threading.Event()
        self._runner: TaskRunner | None = None
        #: Which callback runs, counted from 1; 0 for none.
        self._allowed = self._serial = 0
        self._raised = 0
        self._raised_at = 0.0

    def install(self) -> None:
        """Take SIGINT over; on the main thread only."""
        signal.signal(signal.SIGINT, self._on_signal)

    def attach(self, runner: TaskRunner) -> None:
        """Cancel this runner when asked to; at once if it was asked already."""
        self._runner = runner
        if self.requested.is_set():
            runner.cancel()

    def detach(self) -> None:
        """Forget the runner: its run is over."""
        self._runner = None

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Let the code inside, which is no task, be interrupted too, by a cancel that comes while it runs."""
        self._serial += 1
        self._allowed = self._serial
        try:
            yield
        finally:
            self._allowed = 0

    def cancel(self) -> None:
        """Cancel the run and interrupt what runs; from any thread but the main one, returns at once."""
        if self.requested.is_set():
            return
        self.requested.set()
        runner, callback = self._runner, self._allowed
        if runner:
            runner.cancel()
        if runner or callback:
            threading.Thread(target=self._insist, args=(runner, callback), name="interruption", daemon=True).start()

    def _insist(self, runner: TaskRunner | None, callback: int) -> None:
        """Interrupt until the tasks, or the callback, that ran when the cancel came have ended."""
        main = threading.main_thread().ident
        workers = _Workers()
        pause = threading.Event()
        told_group = False
        deaf_at = time.monotonic() + DEAF_SECONDS
        while main is not None and (self._runner is runner if runner else self._allowed == callback):
            before = self._raised
            if self._interruptible():
                if not told_group:
                    # A kernel's interrupt reaches the processes that a cell started, too.
                    told_group = True
                    os.killpg(os.getpgrp(), signal.SIGINT)
                signal.pthread_kill(main, signal.SIGINT)
            if runner:
                workers.interrupt({thread for _, thread in list(runner.away.values())} - {0})
            pause.wait(SOON_SECONDS)
            if self._raised == before and time.monotonic() > deaf_at:
                self._interrupt_deaf(main)
            if self._raised > before:
                pause.wait(AGAIN_SECONDS)

    def _interrupt_deaf(self, main: int) -> None:
        """Interrupt code that blocks or ignores the signal, or has a handler of its own, as on other threads."""
        if self._interruptible() and not _in_engine(sys._current_frames().get(main)):  # noqa: SLF001 - documented
            self._raised += 1
            self._raised_at = time.monotonic()
            interrupt_threads({main})

    def _interruptible(self) -> bool:
        runner = self._runner
        return runner.running != IDLE if runner else self._allowed > 0

    def _on_signal(self, _: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._interruptible() and not _in_engine(frame) and now - self._raised_at > AGAIN_SECONDS / 2:
            self._raised += 1
            self._raised_at = now
            # Not twice: `_interrupt_deaf` may have been before, while the code sat in C.
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(threading.get_ident()), None)
            raise KeyboardInterrupt


class _Workers:
    """Raises `KeyboardInterrupt` on worker threads.

    A thread meets it when it next runs Python code: one that sits in a C function goes on until that returns.
    """

    def __init__(self) -> None:
        self._told: dict[int, float] = {}

    def interrupt(self, threads: set[int]) -> None:
        """Interrupt the threads that were not interrupted a moment ago and are not in the engine's own code."""
        now = time.monotonic()
        frames = sys._current_frames()  # noqa: SLF001 - documented, in spite of its name
        for thread in threads:
            if now - self._told.get(thread, 0.0) > AGAIN_SECONDS and not _in_engine(frames.get(thread)):
                self._told[thread] = now
                interrupt_threads({thread})


def interrupt_threads(threads: set[int]) -> None:
    """Raise `KeyboardInterrupt` on threads, each when it next runs Python code; 0 is no thread of this process."""
    for thread in threads - {0}:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(KeyboardInterrupt))


def _in_engine(frame: FrameType | None) -> bool:
    for _ in range(_DEPTH):
        if frame is None:
            return False
        if frame.f_globals.get("__name__") in _UNSAFE:
            return True
        frame = frame.f_back
    return False
