"""Decide what an exception of a task leads to: another try, a failure, or what a signal says."""

from __future__ import annotations

from typing import Any

from jupyter_flows.core.rules import delay_before
from jupyter_flows.core.signals import FAIL, RETRY, TRIGGERFAIL, Signal
from jupyter_flows.core.state import State, StateName
from jupyter_flows.core.task import Task
from jupyter_flows.engine.deadline import OutOfTime


def state_after(task: Task, attempt: int, error: BaseException, words: str) -> State:
    """Return the state that follows when the `attempt`-th try, from 1, raised; `words` tell of the error."""
    if isinstance(error, Signal) and not isinstance(error, FAIL | RETRY):
        return State(error.state, str(error), error.result)
    if _is_tried_again(task, attempt, error):
        most = task.max_retries + 1
        which = f"try {attempt + 1} of {most}" if attempt < most else f"try {attempt + 1}"
        return State(StateName.RETRYING, f"{words}; {which} comes next", error)
    if isinstance(error, Signal):
        return State(error.state, words, error if error.result is None else error.result)
    return State(StateName.TIMED_OUT if isinstance(error, OutOfTime) else StateName.FAILED, words, error)


def _is_tried_again(task: Task, attempt: int, error: BaseException) -> bool:
    if isinstance(error, RETRY | TRIGGERFAIL | KeyboardInterrupt):
        return isinstance(error, RETRY)
    # A person who writes retry_on=TimeoutError means the task's own limit too.
    known = TimeoutError() if isinstance(error, OutOfTime) else error
    return attempt <= task.max_retries and task.rules.allow_retry(known)


def seconds_until_next(task: Task, attempt: int, error: Any, *, now: float, chance: float) -> float:
    """Return how long to wait after the `attempt`-th try, which raised `error`; `chance` is from 0 to 1."""
    if isinstance(error, RETRY) and error.start_time is not None:
        return max(0.0, error.start_time.timestamp() - now)
    return delay_before(task.retry_delay_seconds, attempt) * (1 + task.rules.retry_jitter_factor * chance)
