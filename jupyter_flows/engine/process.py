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
from jupyter_flows.engine.board import Seated
from jupyter_flows.engine.child import Child
from jupyter_flows.engine.memory import Memory
from jupyter_flows.engine.relay import Relay

log = logging.getLogger(__name__)

#: How long a cancelled run may take to end before it is killed.
GRACE_SECONDS = 10.0
#: How long a process may take to leave after its run's final state.
LEAVE_SECONDS = 5.0
#: How long a task may be past its limit, inside code that can't be interrupted, before its process is killed.
OVERDUE_SECONDS = 5.0
_POLL_SECONDS = 0.5
_CHUNK_BYTES = 1 << 16
_MORE_MEMORY = ". Let it hold less at once, or give it more."


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
        """Give a run whose process died without a last word its final state."""
        tasks, words = self._child.running_tasks(), self._child.last_words()
        task, relay = (tasks[0] if tasks else None), self._relay
        if words:
            relay.emit("stream", task=task and task.slug, name="stderr", text=words + "\n")
        if self._cancelled:
            relay.close_tasks(tasks, "Cancelled", "it did not stop when interrupted, and was killed")
            message = "cancelled; its process did not stop in time and was killed"
            relay.emit("run", state="Cancelled", message=message)
        elif self._overdue and task:
            message = "it took longer than its limit, could not be interrupted, and was killed"
            # Only the main thread's tasks have limits; what ran beside it goes down with it.
            relay.close_tasks(tasks[:1], "TimedOut", message)
            relay.close_tasks(tasks[1:], "Failed", f"its process was killed, for {task} took too long")
            relay.emit("run", state="Failed", message=f"{task}: {message}")
        else:
            self._explain_failure(tasks, words)

    def _explain_failure(self, tasks: list[Seated], words: str) -> None:
        code = self._child.popen.returncode
        exceeded = Memory.look().exceeded_since(self._memory) if code == -signal.SIGKILL else ""
        how = f"{_how(code)} {exceeded}".rstrip()
        self._relay.close_tasks(tasks, "Failed", f"its process {how}")
        last = f": {words.splitlines()[-1]}" if words and not tasks else ""
        where = f"{', '.join(map(str, tasks))}: its process {how}" if tasks else f"the run's process {how}{last}"
        advice = _MORE_MEMORY if exceeded else _advice(code, words, self._child.popen.args)
        self._relay.emit("run", state="Failed", message=where + advice)

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def _poll(fd: int, seconds: float) -> tuple[list[int], None, None]:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return [f for f, _ in poll.poll(seconds * 1000)], None, None


def _how(code: int | None) -> str:
    if code is None or code >= 0:
        return f"ended early, with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def _advice(code: int | None, words: str, command: object) -> str:
    if code == -signal.SIGKILL:
        return ". Something killed it: often the system, for lack of memory."
    python = command[0] if isinstance(command, list) else command
    if "No module named" in words and "jupyter_flows" in words.splitlines()[-1]:
        return f". Install jupyter_flows for {python}, or register the flow from an environment that has it."
    return ""
