"""A flow run's process, watched: its events handed on, its death explained."""

from __future__ import annotations

import logging
import os
import select
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from jupyter_flows.core.events import Event
from jupyter_flows.engine.child import Child
from jupyter_flows.engine.deadline import OVERDUE_SECONDS
from jupyter_flows.engine.death import Death
from jupyter_flows.engine.memory import Memory
from jupyter_flows.engine.relay import Relay

log = logging.getLogger(__name__)

#: How long a cancelled run may take to end before it is killed.
GRACE_SECONDS = 10.0
#: How long a process may take to leave after its run's final state.
LEAVE_SECONDS = 5.0
_POLL_SECONDS = 0.5
_CHUNK_BYTES = 1 << 16


class Process:
    """One run's process; `Launcher.start` makes it. Its thread ends when the process does."""

    def __init__(
        self, child: Child, on_event: Callable[[Event], None], *, on_settled: Callable[[], None] = lambda: None
    ):
        self._child, self._on_settled = child, on_settled
        self._relay = Relay(on_event, name=f"run process {child.popen.pid}")
        self._done = threading.Event()
        self._cancelled = False
        self._kill_at: float | None = None
        self._overdue = False
        self._memory = Memory.look()
        self._thread = threading.Thread(target=self._watch, name=f"run-process-{self.pid}", daemon=True)

    @property
    def pid(self) -> int:
        """The process's id, and that of its session and group."""
        return self._child.popen.pid

    @property
    def finished(self) -> bool:
        """Whether the process is gone and its last event handed on."""
        return self._done.is_set()

    def start_watching(self) -> None:
        """Hand events on from now."""
        self._thread.start()

    def cancel(self, *, grace_seconds: float = GRACE_SECONDS) -> None:
        """Ask the run to end: its task is interrupted, `on_exit` called; after the grace it is killed."""
        self._cancelled = True
        self._kill_at = time.monotonic() + grace_seconds
        try:
            self._child.send('{"do":"cancel"}\n')
        except (OSError, ValueError):
            log.debug("run process %s was gone before its cancel", self.pid)

    def kill(self) -> None:
        """Kill the process and everything that it started in its group."""
        if not self._done.is_set():
            self._kill_group()

    def wait(self, timeout: float | None = None) -> int | None:
        """Return the exit code (negative for a signal) once the process is gone; None when `timeout` is first."""
        return self._child.popen.returncode if self._done.wait(timeout) else None

    # -- the watching thread ----------------------------------------------------------------------------

    def _watch(self) -> None:
        started = time.monotonic()
        settled = False
        try:
            while not self._step():
                if not settled and (self._relay.final or time.monotonic() - started > 2 * _POLL_SECONDS):
                    settled = True
                    self._on_settled()
                self._overdue = self._overdue or self._child.overdue(OVERDUE_SECONDS)
                if self._overdue or (self._kill_at is not None and time.monotonic() > self._kill_at):
                    self._kill_group()
            self._drain()
            self._child.popen.wait()
            self._kill_group()
            if not self._relay.final:
                self._explain_death()
        except Exception:
            log.exception("watching run process %s failed", self.pid)
            self._kill_group()
            self._child.popen.wait()
        finally:
            self._child.close()
            self._done.set()
            if not settled:
                self._on_settled()

    def _step(self) -> bool:
        """Take what has arrived; return whether the process is gone."""
        fd = self._child.events_fd
        ready, _, _ = select.select([fd], [], [], self._patience()) if fd < 1024 else _poll(fd, self._patience())  # noqa: PLR2004 - select's limit
        if ready:
            data = os.read(fd, _CHUNK_BYTES)
            if not data:
                self._child.popen.wait()
                return True
            self._take(data)
            return False
        return not self._child.alive

    def _patience(self) -> float:
        if self._kill_at is None:
            return _POLL_SECONDS
        return min(_POLL_SECONDS, max(0.0, self._kill_at - time.monotonic()))

    def _drain(self) -> None:
        """Take what a process that is gone left in the pipe, which its own children may hold open."""
        fd = self._child.events_fd
        os.set_blocking(fd, False)
        while True:
            try:
                data = os.read(fd, _CHUNK_BYTES)
            except BlockingIOError:
                return
            if not data:
                return
            self._take(data)

    def _take(self, data: bytes) -> None:
        self._relay.feed(data)
        if self._relay.final and self._kill_at is None:
            self._kill_at = time.monotonic() + LEAVE_SECONDS

    def _explain_death(self) -> None:
        """Give a run whose process died without a last word, and its tasks, their final states."""
        command, code = self._child.popen.args, self._child.popen.returncode
        death = Death(
            code=code,
            python=str(command[0] if isinstance(command, list) else command),
            words=self._child.last_words(),
            running=self._child.running_tasks(),
            slugs=self._child.all_tasks(),
            standing=self._relay.standing,
            cancelled=self._cancelled,
            overdue=self._overdue,
            exceeded=Memory.look().exceeded_since(self._memory) if code == -signal.SIGKILL else "",
        )
        for kind, body in death.events():
            self._relay.emit(kind, **body)

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def _poll(fd: int, seconds: float) -> tuple[list[int], None, None]:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return [f for f, _ in poll.poll(seconds * 1000)], None, None
