"""What happens in a run, as JSON lines: one format over a pipe, HTTP or in process.

========= ===================================================================================
kind      body
========= ===================================================================================
``run``     ``state``, ``message``: the flow run's state
``tasks``   ``rows``: ``[task, map_index, state, at, message]`` each, task by its slug, in order
``stream``  ``task`` (slug or None), ``name`` ("stdout" or "stderr"), ``text``
``output``  ``task``, ``output``: an nbformat output (display_data, execute_result or error), or one
          whose ``output_type`` is "update_display_data" or "clear_output"
``log``     ``task``, ``level``, ``logger``, ``message``
``notice``  ``message``: what a person should know first of this run
``source``  ``task``, ``execution_count``: a cell starts, with the number a kernel would show
========= ===================================================================================

What a child of a mapped task writes, shows or logs has its ``map_index`` too.

Events of a run are numbered from 1 by whoever runs it; a reader may meet one twice (a batch sent
again) and drops what it has.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from jupyter_flows.errors import RunError

KINDS = frozenset({"run", "tasks", "stream", "output", "log", "notice", "source"})


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in a run."""

    seq: int
    #: Seconds since the epoch, UTC.
    at: float
    kind: str
    body: Mapping[str, Any]

    def to_line(self) -> str:
        """Write the event as one JSON line, newline included."""
        return (
            json.dumps({"seq": self.seq, "at": self.at, "kind": self.kind, **self.body}, separators=(",", ":")) + "\n"
        )

    @classmethod
    def from_line(cls, line: str | bytes) -> Event:
        """Read what `to_line` wrote; raise `RunError` for anything else."""
        try:
            data = json.loads(line)
            seq, at, kind = data.pop("seq"), data.pop("at"), data.pop("kind")
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise RunError(f"A run reported a line that is no event ({error}): {line[:80]!r}.") from None
        if not isinstance(seq, int) or not isinstance(at, int | float) or kind not in KINDS:
            raise RunError(f"A run reported a line that is no event: {line[:80]!r}.")
        return cls(seq, float(at), kind, data)


def of_child(map_index: int | None) -> dict[str, int]:
    """Return what an event's body says of the mapped task's child that it comes from: nothing where there is none."""
    return {} if map_index is None else {"map_index": map_index}


class EventLog:
    """Number events and hand each to `send`; safe to use from several threads."""

    def __init__(self, send: Callable[[Event], None], *, clock: Callable[[], float] = time.time):
        self._send, self._clock = send, clock
        self._seq = 0
        self._lock = Lock()

    def emit(self, kind: str, **body: Any) -> Event:
        """Send one event and return it."""
        with self._lock:
            self._seq += 1
            event = Event(self._seq, self._clock(), kind, body)
            self._send(event)
        return event
