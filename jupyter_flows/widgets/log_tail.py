"""The last lines that a run printed and logged."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from jupyter_flows.widgets.words import plain

#: A line longer than this is cut: nobody reads it, and cards are sent ten times a second.
MAX_LINE = 500


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line, and who said it."""

    #: The task's name; None for the run itself, its ``on_start`` and ``on_exit`` included.
    task: str | None
    #: "stdout", "stderr", or a log level such as "WARNING".
    source: str
    text: str


class LogTail:
    """Keep the last lines; a carriage return overwrites its line, as in a terminal."""

    def __init__(self, *, size: int = 200):
        self._lines: deque[LogLine] = deque(maxlen=size)
        self._open: dict[tuple[str | None, str], str] = {}

    def write(self, task: str | None, source: str, text: str) -> None:
        """Take printed text, which may hold many lines or a part of one."""
        key = (task, source)
        *whole, rest = (self._open.pop(key, "") + plain(text)).split("\n")
        self._lines.extend(LogLine(task, source, _overwritten(line)) for line in whole[-200:])
        if rest:
            self._open[key] = rest if len(rest) < 20 * MAX_LINE else _overwritten(rest)

    def log(self, task: str | None, level: str, text: str) -> None:
        """Take a log record, one line for each of its lines."""
        self._lines.extend(LogLine(task, level, _overwritten(line)) for line in plain(text).split("\n")[-200:])

    def last(self, number: int, *, task: str | None = None, of_run: bool = False) -> list[LogLine]:
        """Return the last lines, oldest first: of all, of one task, or of the run itself."""
        chosen = [line for line in self if (line.task is None if of_run else task in (None, line.task))]
        return chosen[-number:]

    def __iter__(self) -> Iterator[LogLine]:
        yield from self._lines
        for (task, source), text in self._open.items():
            yield LogLine(task, source, _overwritten(text))


def _overwritten(line: str) -> str:
    parts = [part for part in line.rstrip("\r").split("\r") if part]
    return parts[-1][:MAX_LINE].rstrip() if parts else ""
