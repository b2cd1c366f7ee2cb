"""Signals: exceptions by which a task says what state it ends in."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from jupyter_flows.core.state import StateName
from jupyter_flows.errors import DefinitionError


class Signal(Exception):
    """Root of all signals; `result` is what downstream tasks are given."""

    #: What the raising task becomes.
    state: ClassVar[StateName]

    def __init__(self, message: str = "", *, result: Any = None):
        super().__init__(message)
        self.result = result


class SUCCESS(Signal):
    """End the task here, as Success."""

    state = StateName.SUCCESS


class FAIL(Signal):
    """End the task as Failed; retries follow as after an exception."""

    state = StateName.FAILED


class TRIGGERFAIL(FAIL):
    """End the task as TriggerFailed: what it needs is not there. Nothing is tried again."""

    state = StateName.TRIGGER_FAILED


class SKIP(Signal):
    """End the task as Skipped, and with it what waits for it, unless that has ``skip_on_upstream_skip=False``."""

    state = StateName.SKIPPED


class RETRY(Signal):
    """Run the task again, however often it has run: at `start_time`, else after the task's delay."""

    state = StateName.RETRYING

    def __init__(self, message: str = "", *, result: Any = None, start_time: datetime | None = None):
        super().__init__(message, result=result)
        if start_time is not None and (not isinstance(start_time, datetime) or start_time.tzinfo is None):
            raise DefinitionError(
                f"RETRY's start_time is an aware datetime such as datetime.now(UTC), not {start_time!r}."
            )
        self.start_time = start_time


class PAUSE(Signal):
    """Stop here as Paused; a run with ``resume=`` runs the task again, with ``context.resume`` True."""

    state = StateName.PAUSED
