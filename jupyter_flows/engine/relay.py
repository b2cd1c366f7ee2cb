"""Hand a run's events on as they arrive from where it runs, and know what was under way when they stop."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from jupyter_flows.core.events import Event
from jupyter_flows.core.state import FINISHED
from jupyter_flows.engine.board import Seated
from jupyter_flows.engine.standing import Standing
from jupyter_flows.errors import RunError

log = logging.getLogger(__name__)

_FINAL = frozenset(name.value for name in FINISHED)


class Relay:
    """Takes the bytes that a run writes and what its watcher has to add; numbers both in one row.

    `name` says in logs whose events they are. One thread at a time may use it.
    """

    def __init__(self, on_event: Callable[[Event], None], *, name: str):
        self._on_event, self._name = on_event, name
        self._seq = 0
        self._rest = b""
        #: How far its tasks are.
        self.standing = Standing()
        #: Whether the run's final state was among what was handed on.
        self.final = False

    @property
    def running(self) -> list[Seated]:
        """The tasks and children reported as running and not yet as ended, in the order in which they began."""
        return self.standing.running

    def feed(self, data: bytes) -> None:
        """Take what was read; whole lines are handed on at once."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            try:
                event = Event.from_line(line)
            except RunError:
                log.warning("%s wrote a line that is no event: %r", self._name, line[:200])
                continue
            self._hand_on(event)

    def emit(self, kind: str, **body: object) -> None:
        """Hand on an event of the watcher's own."""
        self._hand_on(Event(self._seq + 1, time.time(), kind, body))

    def close_tasks(self, tasks: Iterable[Seated], state: str, message: str) -> None:
        """Report that tasks ended so, because their process did."""
        now = time.time()
        for task in tasks:
            started = [] if task in self.standing.open else [[*task, "Running", now, ""]]
            self.emit("tasks", rows=[*started, [*task, state, now, message]])

    def _hand_on(self, event: Event) -> None:
        self._seq += 1
        if event.kind == "tasks":
            self.standing.note(event)
        elif event.kind == "run" and event.body["state"] in _FINAL:
            self.final = True
        try:
            self._on_event(event if event.seq == self._seq else replace(event, seq=self._seq))
        except Exception:
            log.exception("handing on event %s of %s failed", self._seq, self._name)
