"""Lines of text out of a run's events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from jupyter_flows.core.events import Event
from jupyter_flows.widgets.words import plain


@dataclass(frozen=True, slots=True)
class Said:
    """One line that a run printed or logged."""

    #: Seconds since the epoch, UTC.
    at: float
    #: The task that said it; None for the run itself.
    task: str | None
    #: "stdout", "stderr", "notice", "error" (a traceback), or a log level such as "WARNING".
    source: str
    text: str

    def to_json(self) -> dict[str, Any]:
        """Return the line as JSON values."""
        return asdict(self)


class LogLines:
    """Put printed text together to lines: what a task prints may come in pieces."""

    def __init__(self) -> None:
        self._open: dict[tuple[str | None, str], Said] = {}

    def take(self, event: Event) -> Iterator[Said]:
        """Yield the lines that an event completes."""
        body, task = event.body, event.body.get("task")
        if event.kind == "stream":
            yield from self._stream(event.at, task, body["name"], body["text"])
        elif event.kind == "log":
            yield from self._split(event.at, task, body["level"], body["message"])
        elif event.kind == "notice":
            yield from self._split(event.at, task, "notice", body["message"])
        elif event.kind == "output" and body["output"].get("output_type") == "error":
            yield from self._split(event.at, task, "error", "\n".join(body["output"].get("traceback") or []))

    def rest(self) -> Iterator[Said]:
        """Yield what was printed without a line end."""
        yield from self._open.values()
        self._open.clear()

    def _stream(self, at: float, task: str | None, name: str, text: str) -> Iterator[Said]:
        before = self._open.pop((task, name), None)
        *whole, rest = ((before.text if before else "") + text).split("\n")
        for line in whole:
            yield Said(at, task, name, _last(line))
        if rest:
            self._open[task, name] = Said(at, task, name, rest)

    def _split(self, at: float, task: str | None, source: str, text: str) -> Iterator[Said]:
        for line in text.split("\n"):
            yield Said(at, task, source, plain(line))


def _last(line: str) -> str:
    """Return what a terminal would show of a line: a carriage return writes over what was there."""
    parts = [part for part in plain(line.replace("\r", "\n")).split("\n") if part]
    return parts[-1] if parts else ""
