"""Start run processes: by `subprocess` with the flow's own interpreter, a spare one ready; nothing forks."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

from jupyter_flows.core.events import Event
from jupyter_flows.engine.child import Child, start_child
from jupyter_flows.engine.job import Job
from jupyter_flows.engine.process import Process
from jupyter_flows.errors import RunError

__all__ = ["Job", "Launcher", "Process"]

#: Variables that count only when a process starts: a run that sets one gets no spare.
_AT_START = ("PYTHON", "LD_", "DYLD_", "MALLOC_", "LANG", "LC_")
_LEAVE_SECONDS = 5.0

Kind = tuple[str, bool]


class Launcher:
    """Starts one process a run, and keeps one spare of each kind (interpreter, with a shell or not) ready.

    A spare has imported what every run needs and waits for its job; it is used once, and ends when
    nothing used it for `idle_seconds`. Leaving the launcher as a context manager ends the spares and
    kills the runs that are left.
    """

    def __init__(self, *, idle_seconds: float = 300.0, spares: bool = True):
        self._idle_seconds, self._keep = idle_seconds, spares
        self._spares: dict[Kind, tuple[Child, threading.Timer]] = {}
        self._processes: set[Process] = set()
        self._lock = threading.Lock()
        self._closed = False

    def start(self, job: Job, on_event: Callable[[Event], None]) -> Process:
        """Start a run; `on_event` gets its events from a thread, the last of kind "run" with a final state.

        Raises `RunError` when the interpreter can't be started or the job can't be sent.
        """
        kind = (job.python, job.needs_shell)
        child = self._give(
            job, self._spare_for(job) or start_child(job.python, needs_shell=job.needs_shell, env=job.env)
        )
        process = Process(child, on_event, on_settled=lambda: self._settled(kind))
        with self._lock:
            self._processes = {p for p in self._processes if not p.finished} | {process}
        process.start_watching()
        return process

    def warm(self, python: str = sys.executable, needs_shell: bool = False) -> None:  # noqa: FBT001, FBT002 - the contract's
        """Have a spare of this kind ready."""
        kind = (python, needs_shell)
        with self._lock:
            if self._closed or not self._keep or (kind in self._spares and self._spares[kind][0].alive):
                return
            old = self._spares.pop(kind, None)
            child = start_child(python, needs_shell=needs_shell)
            timer = threading.Timer(self._idle_seconds, self._drop, [kind, child])
            timer.daemon = True
            self._spares[kind] = (child, timer)
            timer.start()
        if old:
            _end(*old)

    def close(self) -> None:
        """End the spares, kill what still runs, and wait for it."""
        with self._lock:
            self._closed = True
            spares, self._spares = list(self._spares.values()), {}
            processes = [p for p in self._processes if not p.finished]
        for spare in spares:
            _end(*spare)
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # -- spares -------------------------------------------------------------------------------------------

    def _spare_for(self, job: Job) -> Child | None:
        """Take the spare of the job's kind, if it is ready and started as the job's own process would be now."""
        if any(name.startswith(_AT_START) for name in job.env):
            return None
        with self._lock:
            spare = self._spares.pop((job.python, job.needs_shell), None)
        if spare is None:
            return None
        child, _ = spare
        changed = [name for name in child.environ.keys() | os.environ.keys() if _changed(child, name)]
        if child.alive and not any(name.startswith(_AT_START) for name in changed):
            spare[1].cancel()
            return child
        _end(*spare)
        return None

    def _give(self, job: Job, child: Child) -> Child:
        now = {name: value for name, value in os.environ.items() if _changed(child, name) and name not in job.env}
        gone = [name for name in child.environ.keys() - os.environ.keys() if name not in job.env]
        try:
            child.send(replace(job, env={**now, **job.env}, unset=gone).to_line())
        except OSError:
            child.popen.wait()
            words = child.last_words()
            if not words:
                child.close()
                raise RunError(f"The run's process ended before it took its job ({job.python}).") from None
        return child

    def _settled(self, kind: Kind) -> None:
        """Make the next spare once a run is on its way, so that it does not take that run's processor."""
        with suppress(RunError):  # The next run of this kind says it better.
            self.warm(*kind)

    def _drop(self, kind: Kind, child: Child) -> None:
        with self._lock:
            if kind not in self._spares or self._spares[kind][0] is not child:
                return
            _, timer = self._spares.pop(kind)
        _end(child, timer)


def _changed(child: Child, name: str) -> bool:
    """Tell whether an environment variable is another by now than when the child was started."""
    return child.environ.get(name) != os.environ.get(name)


def _end(child: Child, timer: threading.Timer) -> None:
    """End a spare: its standard input closes, so it leaves."""
    timer.cancel()
    child.close()
    try:
        child.popen.wait(_LEAVE_SECONDS)
    except subprocess.TimeoutExpired:
        child.popen.kill()
        child.popen.wait()
