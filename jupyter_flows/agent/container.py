"""One run's container, from its image to its end: events come up its output, commands go down its input."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from jupyter_flows.agent.attached import STDERR, STDOUT, Attached
from jupyter_flows.core.events import Event, of_child
from jupyter_flows.engine.child import TAIL_BYTES
from jupyter_flows.engine.memory import size
from jupyter_flows.engine.process import GRACE_SECONDS, LEAVE_SECONDS
from jupyter_flows.engine.relay import Relay
from jupyter_flows.errors import FlowsError

if TYPE_CHECKING:
    from docker.models.containers import Container as Made

log = logging.getLogger("jupyter_flows.agent")

#: How long a container may take after it was told to stop by its engine, before that kills it.
STOP_SECONDS = 5
#: What the watcher inside may need beyond the run's own grace.
_SLACK_SECONDS = 5.0
_SIGNALLED = 128


class _Stopped(Exception):
    """The run was cancelled before its container started."""


class Container:
    """One run's container; it keeps what a watch asks of a process (`agent.watch.Process`).

    A thread of its own fetches the image by `fetch`, makes the container by `make`, sends `job` and hands events
    on; `made` is called with the container before it starts. The container is removed when it has ended.
    """

    def __init__(
        self,
        job: str,
        on_event: Callable[[Event], None],
        *,
        name: str,
        fetch: Callable[[Callable[[str], None]], str],
        make: Callable[[str], Made],
        made: Callable[[Made], None] = lambda _: None,
        grace_seconds: float = GRACE_SECONDS,
    ):
        self._job, self._fetch, self._make, self._made, self._name = job, fetch, make, made, name
        self._grace_seconds = grace_seconds
        self._relay = Relay(on_event, name=name)
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._done = threading.Event()
        self._container: Made | None = None
        self._attached: Attached | None = None
        self._timers: list[threading.Timer] = []
        self._code: int | None = None
        self._words = b""
        self._thread = threading.Thread(target=self._live, name=name, daemon=True)

    def start(self) -> None:
        """Begin, without waiting for anything."""
        self._thread.start()

    # -- what a watch asks -----------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """Whether the container is gone and its last event handed on."""
        return self._done.is_set()

    def cancel(self) -> None:
        """Ask the run to end; a container that does not is stopped, then killed, by its engine."""
        with self._lock:
            self._cancelled.set()
            if self._attached is not None:
                self._tell_to_cancel(self._attached)

    def kill(self) -> None:
        """Kill the container, or let it not start."""
        self._cancelled.set()
        if self._container is not None and not self._done.is_set():
            self._ask("kill", self._container.kill)

    def wait(self, timeout: float | None = None) -> int | None:
        """Return the exit code once the container is gone; None when `timeout` is first or it never started."""
        return self._code if self._done.wait(timeout) else None

    # -- its own thread --------------------------------------------------------------------------

    def _live(self) -> None:
        try:
            self._work(self._fetch(self._say))
        except _Stopped:
            self._relay.emit("run", state="Cancelled", message="cancelled before its container started")
        except Exception as error:
            if not isinstance(error, FlowsError):
                log.exception("%s failed", self._name)
            if not self._relay.final:
                self._relay.emit("run", state="Failed", message=_reason(error))
        finally:
            for timer in self._timers:
                timer.cancel()
            if self._container is not None:
                self._ask("remove", partial(self._container.remove, force=True, v=True))
            self._done.set()

    def _say(self, text: str) -> None:
        if self._cancelled.is_set():
            raise _Stopped
        if text:
            self._relay.emit("log", task=None, level="INFO", logger="jupyter_flows.agent", message=text)

    def _work(self, image: str) -> None:
        self._say("")
        self._container = container = self._make(image)
        self._made(container)
        api = container.client.api
        streams = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        attached = Attached(api.attach_socket(container.id, params=streams))
        try:
            self._say("")
            container.start()
            with suppress(OSError), self._lock:
                # First the job, then commands.
                attached.send(self._job)
                self._attached = attached
                if self._cancelled.is_set():
                    self._tell_to_cancel(attached)
            self._listen(attached)
            self._end(container)
        finally:
            with self._lock:
                self._attached = None
            attached.close()

    def _listen(self, attached: Attached) -> None:
        leaving = False
        for stream, data in attached.frames():
            if stream == STDOUT:
                self._relay.feed(data)
                if self._relay.final and not leaving:
                    leaving = True
                    self._later(LEAVE_SECONDS + _SLACK_SECONDS)
            elif stream == STDERR:
                self._words = (self._words + data)[-TAIL_BYTES:]

    def _end(self, container: Made) -> None:
        """Learn how the container ended, and say it if the run did not."""
        from docker.errors import DockerException

        state: Mapping[str, Any] = {"Running": True}
        with suppress(DockerException, OSError):
            # The connection ends a little before the container does, or long before when it broke.
            container.wait(timeout=LEAVE_SECONDS)
        with suppress(DockerException, OSError):
            container.reload()
            state = container.attrs["State"]
        running = bool(state.get("Running"))
        self._code = None if running else int(state["ExitCode"])
        if not self._relay.final:
            self._explain(state, int(container.attrs["HostConfig"].get("Memory") or 0), lost=running)

    def _explain(self, state: Mapping[str, Any], limit_bytes: int, *, lost: bool) -> None:
        relay, words = self._relay, self._words.decode(errors="replace").strip()
        task = next(iter(relay.running), None)
        if words:
            slug, index = task or (None, None)
            relay.emit("stream", task=slug, name="stderr", text=words + "\n", **of_child(index))
        at_work = relay.standing.unfinished
        if self._cancelled.is_set():
            relay.close_tasks(at_work, "Cancelled", "its container did not stop in time and was killed")
            message = "cancelled; its container did not stop in time and was killed"
            relay.emit("run", state="Cancelled", message=message)
            return
        how = "lost its connection to the engine" if lost else _how(state, limit_bytes)
        last = f": {words.splitlines()[-1]}" if words and not task else ""
        where = (
            f"{', '.join(map(str, relay.running))}: its container {how}" if task else f"the run's container {how}{last}"
        )
        relay.close_tasks(at_work, "Failed", f"its container {how}")
        relay.emit("run", state="Failed", message=where)

    # -- stopping --------------------------------------------------------------------------------

    def _tell_to_cancel(self, attached: Attached) -> None:
        with suppress(OSError):
            attached.send('{"do":"cancel"}\n')
        self._later(self._grace_seconds + _SLACK_SECONDS)

    def _later(self, seconds: float) -> None:
        """Have the engine stop the container unless it has ended by then."""
        timer = threading.Timer(seconds, self._stop)
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def _stop(self) -> None:
        if self._container is not None and not self._done.is_set():
            self._ask("stop", partial(self._container.stop, timeout=STOP_SECONDS))

    def _ask(self, what: str, do: Callable[[], None]) -> None:
        from docker.errors import DockerException, NotFound

        try:
            do()
        except NotFound:
            pass
        except (DockerException, OSError) as error:
            # "is not running" is what was wanted; anything else the next agent clears up.
            log.debug("could not %s the container of %s: %s", what, self._name, error)


def _how(state: Mapping[str, Any], limit_bytes: int) -> str:
    """Say how a container ended, from what its engine says."""
    code = int(state["ExitCode"])
    if state.get("OOMKilled"):
        limit = f" (the limit is {size(limit_bytes)})" if limit_bytes else ""
        return f"was killed for lack of memory{limit}. Let it hold less at once, or give it more"
    if state.get("Error"):
        return f"ended: {state['Error']}"
    if code > _SIGNALLED:
        with suppress(ValueError):
            return f"was killed by {signal.Signals(code - _SIGNALLED).name}"
    return f"ended early, with exit code {code}"


def _reason(error: Exception) -> str:
    from docker.errors import APIError

    if isinstance(error, FlowsError):
        return str(error)
    explained = error.explanation if isinstance(error, APIError) else None
    said = explained or f"{type(error).__name__}: {error}"
    return f"The run's container could not be started: {said}"
