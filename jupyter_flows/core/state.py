"""States of flow runs and task runs, and which may follow which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

from jupyter_flows.errors import TransitionError


class StateName(StrEnum):
    """The names of all states, as people and JSON see them."""

    SCHEDULED = "Scheduled"
    PENDING = "Pending"
    SUBMITTED = "Submitted"
    QUEUED = "Queued"
    RUNNING = "Running"
    RETRYING = "Retrying"
    PAUSED = "Paused"
    SUCCESS = "Success"
    FAILED = "Failed"
    TIMED_OUT = "TimedOut"
    TRIGGER_FAILED = "TriggerFailed"
    SKIPPED = "Skipped"
    CACHED = "Cached"
    MAPPED = "Mapped"
    CANCELLING = "Cancelling"
    CANCELLED = "Cancelled"


_S = StateName

SUCCESSFUL: frozenset[StateName] = frozenset({_S.SUCCESS, _S.SKIPPED, _S.CACHED, _S.MAPPED})
FAILED: frozenset[StateName] = frozenset({_S.FAILED, _S.TIMED_OUT, _S.TRIGGER_FAILED})
FINISHED: frozenset[StateName] = SUCCESSFUL | FAILED | {_S.CANCELLED}
WAITING: frozenset[StateName] = frozenset({_S.SCHEDULED, _S.PENDING, _S.SUBMITTED, _S.QUEUED, _S.RETRYING, _S.PAUSED})

_ENDS = frozenset({_S.CANCELLING, _S.CANCELLED})

#: From a state, the states that may follow. A finished state is followed by none.
TRANSITIONS: dict[StateName, frozenset[StateName]] = {
    _S.SCHEDULED: frozenset({_S.PENDING, _S.SUBMITTED, _S.QUEUED, _S.RUNNING, _S.PAUSED, _S.FAILED}) | _ENDS,
    _S.PENDING: frozenset(_S) - {_S.PENDING, _S.SCHEDULED},
    _S.SUBMITTED: frozenset({_S.SCHEDULED, _S.PENDING, _S.QUEUED, _S.RUNNING, _S.FAILED}) | _ENDS,
    _S.QUEUED: frozenset({_S.SCHEDULED, _S.SUBMITTED, _S.RUNNING, _S.FAILED}) | _ENDS,
    _S.RUNNING: frozenset({_S.RETRYING, _S.PAUSED, _S.SCHEDULED}) | SUCCESSFUL | FAILED | _ENDS,
    _S.RETRYING: frozenset({_S.RUNNING, _S.FAILED, _S.TIMED_OUT}) | _ENDS,
    _S.PAUSED: frozenset({_S.SCHEDULED, _S.PENDING, _S.RUNNING, _S.FAILED}) | _ENDS,
    _S.CANCELLING: frozenset({_S.CANCELLED, _S.SUCCESS, _S.FAILED, _S.TIMED_OUT, _S.TRIGGER_FAILED}),
    **{name: frozenset() for name in FINISHED},
}


def check_transition(what: str, old: StateName, new: StateName) -> None:
    """Raise `TransitionError` unless `new` may follow `old`; `what` names the run or task."""
    if new not in TRANSITIONS[old]:
        raise TransitionError(what, old.value, new.value, (s.value for s in TRANSITIONS[old]))


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class State:
    """What a flow run or a task run is at one moment, and what it gave.

    A flow run's `result` maps each `Task` to that task's `State`; a task run's is what the task
    returned, or the exception it raised.
    """

    name: StateName
    message: str = ""
    result: Any = None
    at: datetime = field(default_factory=_now)
    #: Of a mapped task the states of its children, in order; its `result` is the list of theirs.
    map_states: Sequence[State] = ()

    def is_waiting(self) -> bool:
        """Tell whether it has yet to run."""
        return self.name in WAITING

    def is_running(self) -> bool:
        """Tell whether it is at work, being cancelled included."""
        return self.name in (_S.RUNNING, _S.CANCELLING)

    def is_finished(self) -> bool:
        """Tell whether nothing follows any more."""
        return self.name in FINISHED

    def is_successful(self) -> bool:
        """Tell whether downstream tasks may use it."""
        return self.name in SUCCESSFUL

    def is_failed(self) -> bool:
        """Tell whether it failed, timed out or was never triggered."""
        return self.name in FAILED

    def is_mapped(self) -> bool:
        """Tell whether it is a mapped task's, whose children have states of their own."""
        return self.name is _S.MAPPED

    def is_skipped(self) -> bool:
        """Tell whether it was skipped."""
        return self.name is _S.SKIPPED

    def to(self, name: StateName, *, message: str = "", result: Any = None) -> Self:
        """Return the state that follows, or raise `TransitionError`."""
        check_transition("This state", self.name, name)
        return type(self)(name, message, result)

    def __repr__(self) -> str:
        return f"<{self.name}: {self.message}>" if self.message else f"<{self.name}>"
