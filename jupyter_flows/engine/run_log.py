"""Log lines of a run, as events."""

from __future__ import annotations

import logging
from collections.abc import Callable

from jupyter_flows.core.events import EventLog, of_child
from jupyter_flows.engine.context import current_index


class RunHandler(logging.Handler):
    """Sends what ``context.logger`` is told, under the running task."""

    def __init__(self, events: EventLog, task: Callable[[], str | None]):
        super().__init__()
        self._events, self._task = events, task

    def emit(self, record: logging.LogRecord) -> None:
        """Send one line."""
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - a log call's own arguments may not fit its text
            self.handleError(record)
            return
        if record.exc_info:
            message += "\n" + logging.Formatter().formatException(record.exc_info)
        who = {"task": self._task(), **of_child(current_index.get())}
        self._events.emit("log", **who, level=record.levelname, logger=record.name, message=message)


def install_log(events: EventLog, task: Callable[[], str | None]) -> None:
    """Send the log lines of ``jupyter_flows.run`` from INFO on, and only there."""
    logger = logging.getLogger("jupyter_flows.run")
    logger.addHandler(RunHandler(events, task))
    logger.setLevel(logging.INFO)
    logger.propagate = False


def take_the_rest(handler: logging.Handler) -> None:
    """Give a handler the lines that nobody has set a handler up for: warnings and worse, else plain text on stderr.

    For functions only: what cells leave in a notebook is what a kernel leaves.
    """
    handler.setLevel(logging.WARNING)
    logging.lastResort = handler
